/* voids.h - events that were taken back.
 *
 * A void is an event, type voided, which names another one of the learner. It
 * is appended like any other; nothing is deleted. From then on the learner's
 * state is the fold of the events that are left: neither the one that was
 * voided nor the void itself says anything of the learner. Both keep their
 * place in the order and are counted by n_events, so that a state still names
 * the events that it was made from: the first so many by seq, less those that
 * are voided among them (past.h).
 *
 * Beside the void, in its commit, goes a marker, which tells every fold in
 * advance what it is to pass over:
 *
 *     learner   "voided"   the voided event's id   its seq
 *
 * or 0, where the two came together and nothing ever counted the one. The state
 * is made anew from the last snapshot before the voided event, as for a late
 * event, and the snapshots behind are dropped. So a void costs what an event
 * costs that comes as late, at most one fold of all events that the learner
 * has.
 *
 * Nothing trims a learner's events, so there is always a log to fold from;
 * where the snapshot is of another model or version, it is folded from nothing.
 *
 * Voiding again changes nothing: it is a duplicate, whatever its own id. An id
 * that the learner has no event of is PIQ_EINVAL; a void, or an event that the
 * engine wrote itself, PIQ_ECONFLICT. A learner who has paused profiling
 * can have events voided: it teaches nothing.
 *
 * What had been learned from the event by then stays: calibrations of items,
 * learned weights, trained models, the predictions stored with later answers.
 * What is learned later does without it. What became of a recommendation is
 * what the feedback that is left says.
 */
#ifndef PIQ_ENGINE_VOIDS_H
#define PIQ_ENGINE_VOIDS_H

#include "engine/engine.h"

#define PIQ_RECORD_VOIDED PIQ_STR("voided")

typedef struct piq_voided {
    piq_user_id user;
    piq_str event_id;
    int64_t seq; /* 0: see above */
} piq_voided;

typedef struct piq_voids {
    piq_voided *list; /* by user, then id; or by seq */
    size_t n;
} piq_voids;

/* Of one learner (PIQ_ANY_USER: of all), those that were voided at `since_us`
 * or later (INT64_MIN: all); in `a`. */
PIQ_MUST_USE piq_status piq_voids_read(piq_engine *e, piq_arena *a,
                                       piq_user_id user, int64_t since_us,
                                       piq_voids *out, piq_err *err);
bool piq_voids_has(const piq_voids *v, piq_user_id user, piq_str event_id);
/* By seq from now on. */
void piq_voids_order_by_seq(piq_voids *v);
bool piq_voids_has_seq(const piq_voids *v, int64_t seq);

#endif
