/* facts.h - what is known of a learner beside their wishes, as a number.
 * Private to engine/.
 *
 * A wish that is given and taken back leaves no trace in it, nor does an event
 * that is voided: it tells whether a plan that was left is still a plan for
 * this learner, and chance is drawn by it, so that what is offered after both
 * is what was offered before.
 */
#ifndef PIQ_ENGINE_FACTS_H
#define PIQ_ENGINE_FACTS_H

#include "learner/learner.h"

/* A digest of the stored form without controls and without what only counts
 * events or names a model. Other values may come with another version of the
 * form: what is kept for long tells its seed. PIQ_ENOMEM. */
PIQ_MUST_USE piq_status piq_facts_of(const piq_learner *l, uint64_t *out);

/* From a few counters and instants, for chance, where a slate has no time for
 * all of it: another number after nearly every event that is no wish. */
uint64_t piq_facts_chance(const piq_learner *l);

#endif
