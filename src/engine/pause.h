/* pause.h - a learner who wants nothing more to be learned of them.
 *
 * PIQ_OP_PAUSE and PIQ_OP_RESUME write or drop the learner's record
 * PIQ_RECORD_PAUSED, and the state anew under the next version, its bytes as
 * they were, in one commit. So every process finds it out the way it finds out
 * any change: by the feed, and at the latest when it commits from the version
 * before (PIQ_ESTALE). The answer is kept with the learner in the cache; an
 * event costs nothing.
 *
 * While it is paused:
 *   - new events are PIQ_EDENIED, whoever posts them (one that was stored
 * before is a repeat still); memory's parameters are not fitted to the learner;
 *   - the profile, predictions, the path and recommendations are answered from
 *     the state as it stood. The order that nothing is known for would not do:
 *     it would offer what was done long ago;
 *   - a slate is logged, for rules that count what was shown, but marked: no
 *     experiment counts it, nothing is left to chance, and no policy learns
 *     from it.
 *
 * What was learned before stays, also in models; erasing is another thing.
 * PIQ_ENOTFOUND: a learner who was never heard of. Pausing twice, or resuming
 * what is not paused, changes nothing.
 */
#ifndef PIQ_ENGINE_PAUSE_H
#define PIQ_ENGINE_PAUSE_H

#include "engine/engine.h"

#define PIQ_RECORD_PAUSED    PIQ_STR("paused")
#define PIQ_RECORD_PROFILING PIQ_STR("profiling") /* its key */

/* In the request of a slate that was made meanwhile. */
#define PIQ_SLATE_PAUSED PIQ_STR("\"paused\":true")

#endif
