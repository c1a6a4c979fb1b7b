/* learner.h - everything kept of one learner: the fold of their events.
 *
 * Only events change it, in (at, event_id) order: fold(online) ==
 * rebuild(batch), to the bit. A published piq_learner is immutable; a writer
 * works on a copy.
 */
#ifndef PIQ_LEARNER_LEARNER_H
#define PIQ_LEARNER_LEARNER_H

#include "domain/event.h"
#include "domain/goal.h"
#include "domain/history.h"
#include "learner/behaviour.h"
#include "learner/calibration_book.h"
#include "learner/controls.h"
#include "learner/tracing.h"
#include "memory/memory.h"
#include "track/track.h"

typedef struct piq_learner {
    piq_user_id user;
    int64_t version; /* of the stored state; +1 a commit */
    /* Its place in the events: so many so far, the newest of them. Those that
     * were voided, and what voids, are counted here and count nowhere else. */
    uint32_t n_events;
    int64_t first_us; /* of the first that counts; INT64_MAX: none does */
    int64_t last_us;  /* of the newest event folded; INT64_MIN none */
    char last_event_id[PIQ_MAX_EVENT_ID_BYTES + 1];
    uint32_t catalogue_version; /* the arrays' sizes are of this one */
    piq_track track;
    piq_memory memory;
    piq_behaviour behaviour;
    piq_content_history *history; /* [n_contents] */
    size_t n_contents;
    piq_goal goal;
    int64_t goal_us; /* when it was set */
    piq_stated stated;
    piq_controls controls; /* of the path */
    /* Under a trained model; NULL where there was none, or where the stored
     * one is of another name than what it was read under. */
    piq_kt_state *trace;
    uint32_t trace_model; /* versions; 0, 0: none */
    uint32_t trace_catalogue;
    uint64_t trace_digest; /* of the model's bytes */
} piq_learner;

/* A learner without events. PIQ_ENOMEM leaves *out untouched. */
PIQ_MUST_USE piq_status piq_learner_new(piq_user_id user,
                                        const piq_catalogue *c,
                                        piq_learner **out);
void piq_learner_free(piq_learner *l);
PIQ_MUST_USE piq_status piq_learner_copy(const piq_learner *from,
                                         piq_learner **out);
/* Makes room for what a newer catalogue added. */
PIQ_MUST_USE piq_status piq_learner_grow(piq_learner *l,
                                         const piq_catalogue *c);

/* Makes room for what `e` may leave, so that the fold cannot fail. PIQ_ENOMEM.
 */
PIQ_MUST_USE piq_status piq_learner_reserve(piq_learner *l, const piq_event *e);

/* Whether the learner has exactly the room that `c` asks for: the stored form
 * depends on it. */
bool piq_learner_fits(const piq_learner *l, const piq_catalogue *c);

/* Whether anything is known: some event of theirs counts. */
bool piq_learner_has_begun(const piq_learner *l);

/* Whether `e` belongs before something that was folded already. */
bool piq_learner_is_late(const piq_learner *l, const piq_event *e);

/* A learner without answers begins to be traced; NULL: ends. PIQ_ENOMEM. */
PIQ_MUST_USE piq_status piq_learner_trace(piq_learner *l, const piq_tracing *t);
/* Whether the trace is the one that `t` (NULL: no model) asks for. Only such a
 * learner may be folded into or stored. */
bool piq_learner_is_traced(const piq_learner *l, const piq_tracing *t);

/* The stored form: compact, versioned, with a checksum. */
void piq_learner_encode(const piq_learner *l, piq_buf *out);
/* `t`: the model in force, or NULL; ask piq_learner_is_traced afterwards.
 * PIQ_ECORRUPT, PIQ_ENOMEM. */
PIQ_MUST_USE piq_status piq_learner_decode(piq_str bytes, piq_user_id user,
                                           const piq_catalogue *c,
                                           const piq_tracing *t,
                                           piq_learner **out, piq_err *err);
/* The catalogue version that stored bytes were written under; 0 when they are
 * not ours. */
uint32_t piq_learner_stored_catalogue(piq_str bytes);

/* The learner's own day and offset. */
int32_t piq_learner_offset_min(const piq_learner *l);
/* Recall wanted when a review is due: the goal's, else what was stated, else
 * .9. */
double piq_learner_retention(const piq_learner *l);

/* What the learner asks of the calendar, for memory/schedule.h. */
typedef struct piq_learner_calendar {
    piq_review_calendar ask;            /* points into the learner and this */
    int32_t days_off[PIQ_MAX_DAYS_OFF]; /* where a control replaces them */
} piq_learner_calendar;
void piq_learner_calendar_of(const piq_learner *l, int64_t at_us,
                             piq_learner_calendar *out);

/* Who judges; both may be NULL, and so may the judge: the bare belief. */
typedef struct piq_judge {
    const piq_tracing *tracing; /* the trained model in force */
    piq_calibration_book *book; /* item difficulties, for the online belief */
} piq_judge;

/* All concepts as they are judged at an instant, for whatever is shown or
 * decided. By the trained model where the learner is traced under it and it is
 * bound to `c` (piq_kt_mastery). Else by the online belief, put on the scale of
 * the curriculum: answers tell ability less difficulty, so where everybody's
 * answers calibrate the items both may wander off together, and mastery is
 * ability less the difficulty that the concept's items were found to have.
 * out[c->n_concepts]. PIQ_ENOMEM. */
PIQ_MUST_USE piq_status piq_learner_judged(const piq_learner *l,
                                           const piq_judge *by,
                                           const piq_catalogue *c,
                                           int64_t at_us, piq_belief *out);
/* The same of one concept. */
PIQ_MUST_USE piq_status piq_learner_judged_concept(
    const piq_learner *l, const piq_judge *by, const piq_catalogue *c,
    piq_concept_ix concept, int64_t at_us, piq_belief *out);

/* All concepts' online beliefs at an instant; out[c->n_concepts]. */
void piq_learner_beliefs(const piq_learner *l, const piq_catalogue *c,
                         int64_t at_us, piq_belief *out);

#endif
