/* policy_overrides.h - what an arm of an experiment changes in a policy.
 *
 * The struct is domain/experiment.h's, as it is part of a stored document. A
 * slate that is made under an arm takes its parameters through these; NULL
 * changes nothing. Pure; any thread.
 */
#ifndef PIQ_RECOMMEND_POLICY_OVERRIDES_H
#define PIQ_RECOMMEND_POLICY_OVERRIDES_H

#include "domain/experiment.h"
#include "recommend/explore.h"

/* Gamma, delta and floor that the arm names take the place of *rule's. */
void piq_policy_overrides_explore(const piq_policy_overrides *o,
                                  piq_explore_rule *rule);
/* The arm's weight of variety, else `usual`. */
double piq_policy_overrides_diversity(const piq_policy_overrides *o,
                                      double usual);
/* The arm's version of the weights, else `usual`. */
uint32_t piq_policy_overrides_policy(const piq_policy_overrides *o,
                                     uint32_t usual);

#endif
