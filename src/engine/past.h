/* past.h - a learner as they were, from the event log: the state that a plan or
 * a slate was made from, and who judged then. Private to engine/.
 *
 * A learner's events get their seq in the order of their commits, so a state of
 * n events is the first so many by seq, folded in their own order, without what
 * one of them voids of the others. Not thread safe.
 */
#ifndef PIQ_ENGINE_PAST_H
#define PIQ_ENGINE_PAST_H

#include "engine/engine_internal.h"

/* Which moment, and who judged at it. */
typedef struct piq_moment {
    uint32_t n_events;
    uint32_t catalogue_version;
    uint32_t calibration, model; /* 0: none */
} piq_moment;

typedef struct piq_past {
    piq_engine *engine;
    piq_user_id user;
    piq_arena arena;     /* the caller may keep there what lives as long */
    piq_event_row *rows; /* all events, in fold order */
    int64_t *voided_by;  /* [n_rows] seq of what voids it; INT64_MAX: nothing */
    int64_t *seqs;       /* ascending */
    size_t n_rows;
    /* The state at the moment asked for last, to go on from. */
    piq_learner *learner;
    piq_model_hold *model;
    size_t n_folded;
    piq_calibration_book *book; /* as of calibration `book_number` */
    uint32_t book_number;
} piq_past;

/* To be released in any case. */
void piq_past_init(piq_past *p, piq_engine *e, piq_user_id user);
void piq_past_release(piq_past *p);
/* All events; before any moment is asked for. PIQ_ENOMEM, and what the store
 * says. */
PIQ_MUST_USE piq_status piq_past_read(piq_past *p, piq_err *err);

/* p->learner, p->model and p->book become those of the moment, *catalogue the
 * one in force then. Moments in order of time are cheapest. PIQ_ECORRUPT:
 * events are missing; PIQ_ENOTFOUND: the model was dropped since. */
PIQ_MUST_USE piq_status piq_past_restore(piq_past *p, const piq_moment *at,
                                         const piq_catalogue **catalogue,
                                         piq_err *err);
/* After it; as long as the past. */
piq_judge piq_past_judge(const piq_past *p);

#endif
