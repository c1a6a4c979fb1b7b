/* policy.h - what recommendations are made by: weights for each type of
 * content, and how much is left to chance.
 *
 * A policy is learned from outcomes by the regression of bayes.h, with a
 * type of content for each of its types, the terms (terms.h) as features and
 * rewards (reward.h) as targets. It starts from the weights set by hand. The
 * learning gain keeps at least the share of the ranking weights that it has by
 * hand: what learners like to be shown may be weighed anew, but never crowds
 * out what they learn. What variety
 * takes off and what rules add are decisions, and are not learned.
 *
 * Pure; any thread.
 */
#ifndef PIQ_RECOMMEND_POLICY_H
#define PIQ_RECOMMEND_POLICY_H

#include "domain/recommendation.h"
#include "recommend/bayes.h"
#include "recommend/explore.h"

typedef struct piq_recommend_policy {
    uint32_t version; /* of the stored weights; 0: set by hand */
    double weight[PIQ_N_CONTENT_TYPES][PIQ_N_TERMS];
    bool explores;            /* the last place of a slate is drawn by chance */
    piq_explore_rule explore; /* how, where it does */
} piq_recommend_policy;

/* Weights set by hand, no exploration. */
void piq_recommend_by_hand(piq_recommend_policy *out);

/* What the regression starts from. */
void piq_recommend_prior(piq_bayes_prior *out);
/* A feature vector from logged or computed terms; x[PIQ_N_TERMS]. */
void piq_recommend_features(const float terms[PIQ_N_TERMS],
                            double x[PIQ_N_TERMS]);
/* The policy that a settled regression stands for; explores nothing. */
void piq_recommend_policy_of(const piq_bayes *m, uint32_t version,
                             piq_recommend_policy *out);

#endif
