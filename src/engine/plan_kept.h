/* plan_kept.h - the plans that a learner's wishes were answered from. Private
 * to engine/.
 *
 * A search that goes on from a plan finds its way back to nothing: what a wish
 * had put out of it stays out where that is worth little, and the rest stays
 * where the wish had moved it. So the plan that was left for a wish is kept
 * beside the one that was made, and when the wishes are again what they were:
 *
 *     nothing else happened          it is the plan again, to the byte
 *     something else did             the next plan goes on from it, as it would
 *                                    have, had the wish never been
 *
 * Whether they are is told by digests, not by the kind of event: an undo, a
 * release and a void all come down to the same wishes. A stack of at most
 * PIQ_MAX_KEPT_PLANS, no older than PIQ_KEPT_PLAN_DAYS, of one curriculum;
 * deeper, or later, the path goes on from where it is.
 *
 * What they were made of stands in the newest entry of adaptation_history, is
 * written with the path and read by the engine alone, oldest first:
 *
 *     "kept": [{"facts": "..", "wishes": ".."},                of this plan
 *              {"facts": "..", "wishes": "..", "as_of": ".."}, ..]
 *
 * The plans themselves are records of the learner, in the commit of the path
 * that left them: up to hundreds of kilobytes each, which no read of a path is
 * to carry (within the entry they made it a hundred times as slow).
 *
 *     learner   "plan"   the wishes' digest   its path_config
 */
#ifndef PIQ_ENGINE_PLAN_KEPT_H
#define PIQ_ENGINE_PLAN_KEPT_H

#include "base/arena.h"
#include "base/json_writer.h"
#include "learner/learner.h"

enum {
    PIQ_MAX_KEPT_PLANS = 3,
    PIQ_KEPT_PLAN_DAYS = 7,
    PIQ_KEPT_KEY_BYTES = 20
};
#define PIQ_RECORD_PLAN PIQ_STR("plan")

/* What a plan was made of. */
typedef struct piq_plan_mark {
    uint64_t facts;  /* facts.h, of a day and a curriculum */
    uint64_t wishes; /* the controls in force */
} piq_plan_mark;

typedef struct piq_kept_plan {
    piq_plan_mark mark;
    int64_t as_of_us; /* of its beliefs */
} piq_kept_plan;

typedef struct piq_kept_plans {
    bool marked; /* own is told; entries of 0.1 do not */
    piq_plan_mark own;
    piq_kept_plan list[PIQ_MAX_KEPT_PLANS]; /* oldest first */
    size_t n;
} piq_kept_plans;

/* Of a plan made now, on `day`. PIQ_ENOMEM. */
PIQ_MUST_USE piq_status piq_plan_mark_of(piq_arena *a, const piq_learner *l,
                                         const piq_catalogue *c, int32_t day,
                                         piq_plan_mark *out);

/* From the text of an entry; what cannot be read was not kept. */
void piq_kept_plans_read(piq_str entry, piq_kept_plans *out);
/* The value of "kept". */
void piq_kept_plans_write(const piq_kept_plans *k, piq_json_writer *w);

/* The newest under these wishes; NULL: none. */
const piq_kept_plan *piq_kept_plans_find(const piq_kept_plans *k,
                                         uint64_t wishes);
/* The path has come back to `to`: it and those after it are kept no longer. */
void piq_kept_plans_return(piq_kept_plans *k, const piq_kept_plan *to);
/* The key of its record. */
void piq_kept_plan_key(const piq_kept_plan *x, char key[PIQ_KEPT_KEY_BYTES]);
/* Whether it is one of them. */
bool piq_kept_plans_has(const piq_kept_plans *k, const piq_kept_plan *x);
/* The path has left `x`, which is the newest then, and the only one under its
 * wishes; the oldest goes where there are too many. */
void piq_kept_plans_leave(piq_kept_plans *k, const piq_kept_plan *x);
/* Those of an instant before are forgotten. */
void piq_kept_plans_forget(piq_kept_plans *k, int64_t before_us);

#endif
