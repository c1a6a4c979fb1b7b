/* erase.h - forgetting a learner.
 *
 * PIQ_OP_ERASE, on the learner's owner thread: store->erase() drops every row
 * in one transaction; then the cache, served slates and what was due are
 * dropped here, and by every other process as soon as its feed sees the change
 * (engine.h). No process can bring the state back: a commit from it is
 * PIQ_ESTALE, and what was stale then is never there (store.h, erase()). An
 * event that comes later makes a new learner from nothing, whose versions begin
 * above what was erased; one that was being folded meanwhile is such an event.
 *
 * What was learned from the learner together with others:
 *   - item calibrations are worked out anew, by the leader, from the answers
 *     that are left (maintain.c), and published as the next calibration. The
 *     numbers before stay, as other learners' events name them;
 *   - the policy is learned anew from the log that is left, by the leader
 *     (policy_learn.c);
 *   - the taste model, the model of knowledge and memory's parameters read the
 *     store's events when they are next fitted, without the learner's. What was
 *     fitted before stays in force until then;
 *   - models that were left stay in the registry, for explaining what other
 *     learners were shown: weights and counts over all, nobody's rows.
 *
 * A tombstone is left, a record of nobody: when, of which tenant, how many
 * rows; nothing that tells who. A crash between the erasure and it leaves none;
 * the version of the record PIQ_RECORD_ERASED, PIQ_RECORD_FLOOR, written with
 * the erasure, counts them all.
 */
#ifndef PIQ_ENGINE_ERASE_H
#define PIQ_ENGINE_ERASE_H

#include "engine/engine.h"

#define PIQ_RECORD_TOMBSTONE PIQ_STR("tombstone")

/* What has been learned anew since an erasure: PIQ_RECORD_ERASED and this key;
 * the document is the number of erasures that it knows of. */
#define PIQ_ERASED_CALIBRATION PIQ_STR("calibration")
#define PIQ_ERASED_POLICY      PIQ_STR("policy")

/* Erasures so far, by all processes, as this one knows. */
int64_t piq_engine_erasures(piq_engine *e);
/* How many `key` knows of; 0: none. */
PIQ_MUST_USE piq_status piq_erased_known(piq_engine *e, piq_str key, int64_t *n,
                                         piq_err *err);
PIQ_MUST_USE piq_status piq_erased_note(piq_engine *e, piq_str key, int64_t n,
                                        piq_err *err);

#endif
