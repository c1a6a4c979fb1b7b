/* planning.h - one path planned from one state. Private to engine/.
 *
 * Everything a plan depends on is an argument here, and the newest entry of
 * adaptation_history tells all of it that the learner's events do not. So a
 * path can be planned anew from the log, to the byte.
 *
 *     plan.c          the operation: does the stored path hold? row and reply
 *     planning.c      state and stored path -> the next path
 *     plan_kept.c     the plans that wishes were answered from
 *     plan_history.c  one entry of the history: written, and read back
 *     entry_text.c    its members, found in its text
 *     plan_why.c      its sentence
 *     plan_replay.c   the chain of plans, from the log
 */
#ifndef PIQ_ENGINE_PLANNING_H
#define PIQ_ENGINE_PLANNING_H

#include "base/arena.h"
#include "base/buf.h"
#include "domain/plan.h"
#include "engine/plan_kept.h"
#include "learner/learner.h"
#include "path/path.h"
#include "store/store.h"

#include <jansson.h>

enum { PIQ_MAX_ADAPTATIONS = 50, PIQ_MAX_MOVED_CONCEPTS = 3 };

/* What an entry tells of the state that was planned from. */
typedef struct piq_planned_from {
    int64_t at_us;              /* INT64_MAX: cannot be read */
    int64_t as_of_us;           /* of the beliefs; once that was at_us */
    uint32_t catalogue_version; /* 0: not told */
    bool told;                  /* what follows; those of 0.1 have not */
    bool first;                 /* there was no plan before */
    int64_t version;
    uint32_t n_events;           /* in the state: its first so many by seq */
    uint32_t n_answers;          /* of these, answers and reviews */
    uint32_t n_controls;         /* changes of the controls ever */
    uint32_t calibration, model; /* that judged; 0: none */
    uint32_t seed, iterations;   /* of the search */
    const char *reason;          /* borrowed from the entry; "": none */
    const json_t *believed;      /* borrowed: mastery by concept, or NULL */
} piq_planned_from;

piq_planned_from piq_planned_from_entry(const json_t *entry);

/* The entries of a stored history, oldest first; how many. On the text, which
 * is ours: all of it is tens of kilobytes, and only the newest is looked at. */
size_t piq_history_find(piq_str history, piq_str entries[PIQ_MAX_ADAPTATIONS]);
/* The newest, parsed; the caller json_decref()s. Without "kept", which *kept
 * (may be NULL) tells. PIQ_ECORRUPT: there is none, or it cannot be read.
 * PIQ_ENOMEM. */
PIQ_MUST_USE piq_status piq_history_newest(piq_str history, json_t **out,
                                           piq_kept_plans *kept, piq_err *err);
/* Appends an entry without what is for the next one to be made from. */
void piq_history_show(piq_str entry, piq_buf *out);
/* Whether both say the same but for marks, which another version of the stored
 * state may make otherwise. */
bool piq_history_same(piq_str a, piq_str b);

typedef struct piq_planning {
    const piq_catalogue *catalogue;
    const piq_learner *learner;
    piq_judge by;
    int64_t version; /* of the learner's state */
    int64_t now_us;
    piq_str reason;             /* of the caller; may be empty */
    const piq_path_row *stored; /* id 0: there is none */
    /* The path_config of a kept plan, as long as the planning. PIQ_ENOTFOUND:
     * it is not there, and is gone on without. */
    piq_status (*kept)(void *ctx, const piq_kept_plan *x, piq_str *config,
                       piq_err *err);
    void *kept_ctx;
    /* A replay: seed and iterations are those told; NULL: they are chosen. */
    const piq_planned_from *again;
} piq_planning;

/* What becomes of the records of kept plans. */
typedef struct piq_kept_change {
    bool leaves; /* p->stored's path_config is to be kept, as `left` */
    piq_kept_plan left;
    piq_kept_plan drop[PIQ_MAX_KEPT_PLANS]; /* no longer kept */
    size_t n_drop;
} piq_kept_change;

/* The row that follows p->stored: its id, 0 for a first one. Rows live in
 * `keep`, `a` is for the way there. PIQ_EINVAL: no weekday has a minute;
 * PIQ_ECORRUPT, PIQ_ENOMEM. */
PIQ_MUST_USE piq_status piq_planning_run(piq_arena *a, piq_arena *keep,
                                         const piq_planning *p,
                                         piq_path_row *out,
                                         piq_kept_change *change, piq_err *err);

/* The learner's own day at an instant. */
int32_t piq_planning_day(const piq_learner *l, int64_t at_us);

/* ---- the history --------------------------------------------------------- */

typedef struct piq_moved_concept {
    piq_concept_ix concept;
    double before, after; /* mastery */
} piq_moved_concept;

/* One entry in the making. */
typedef struct piq_adaptation {
    const piq_planning *p;
    const piq_plan *before;    /* NULL: the first */
    const piq_plan *after;     /* what is done at its head */
    const piq_belief *beliefs; /* planned from */
    piq_planned_from from;     /* the entry before */
    piq_path_change change;
    size_t n_done; /* steps done since */
    uint32_t calibration, seed, iterations;
    int64_t as_of_us;
    const piq_kept_plans *kept; /* from now on */
    /* Since the entry before. */
    uint32_t n_events, n_answers, n_controls;
    bool new_catalogue, new_day;
    piq_kept_control *controls; /* the newest of them */
    size_t n_listed;
    piq_moved_concept moved[PIQ_MAX_MOVED_CONCEPTS]; /* most first */
    size_t n_moved;
} piq_adaptation;

/* Fills in what has happened since x->from. PIQ_ENOMEM. */
PIQ_MUST_USE piq_status piq_adaptation_since(piq_arena *a, piq_adaptation *x);
/* The entries of `old` (empty: none), the oldest left out where there are too
 * many, then this one: a JSON array. `newest` is the last of `old`, which loses
 * what was believed then, and what was kept. */
void piq_history_write(piq_str old, json_t *newest, const piq_adaptation *x,
                       piq_buf *out);
/* "the learner's wish: pin of ..; 1 step done; 2 added, 1 removed". */
void piq_adaptation_explain(const piq_adaptation *x, piq_buf *out);

#endif
