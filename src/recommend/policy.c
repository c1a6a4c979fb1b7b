#include "recommend/policy.h"

#include "recommend/terms.h"

#include <math.h>

/* A reward of 0 to 1 that features explain a part of: .15 is what is left of
 * its variance for most shares of completion. */
#define REWARD_NOISE 0.15
/* Of a weight's prior sd, how far one type's may lie from the others'. */
#define TYPE_SPREAD  0.5
/* Half of what was learned is forgotten after 693 days. */
#define KEEP_PER_DAY 0.999
/* Where a weight is not learned, the feature is 0 and any precision will do. */
#define NO_SD        1.0

/* Near-equals only, and mostly the best of them: with the weights set by hand
 * and 157 contents it keeps .86 of the chance (bench_recommend). */
static const piq_explore_rule EXPLORE = {
    .delta = 0.08, .gamma = 1000, .floor = 0.01};

void piq_recommend_by_hand(piq_recommend_policy *out)
{
    *out = (piq_recommend_policy){.explore = EXPLORE};
    for (size_t k = 0; k < PIQ_N_CONTENT_TYPES; k++)
        for (int t = 0; t < PIQ_N_TERMS; t++)
            out->weight[k][t] = piq_recommend_term_spec((piq_term)t)->weight;
}

void piq_recommend_prior(piq_bayes_prior *out)
{
    *out = (piq_bayes_prior){
        .width = PIQ_N_TERMS,
        .n_types = PIQ_N_CONTENT_TYPES,
        .noise_variance = REWARD_NOISE,
        .keep_per_day = KEEP_PER_DAY,
        .floored = PIQ_TERM_LEARNING_GAIN,
        .floor = piq_recommend_term_spec(PIQ_TERM_LEARNING_GAIN)->weight};
    for (int t = 0; t < PIQ_N_TERMS; t++) {
        const piq_term_spec *k = piq_recommend_term_spec((piq_term)t);
        double sd = k->sd > 0 ? k->sd : NO_SD;
        double type_sd = TYPE_SPREAD * sd;
        out->mean[t] = k->weight;
        out->precision[t] = 1 / (sd * sd);
        out->type_precision[t] = 1 / (type_sd * type_sd);
    }
}

void piq_recommend_features(const float terms[PIQ_N_TERMS],
                            double x[PIQ_N_TERMS])
{
    for (int t = 0; t < PIQ_N_TERMS; t++)
        x[t] =
            piq_recommend_term_spec((piq_term)t)->sd > 0 ? (double)terms[t] : 0;
}

/* Alike for all candidates of a slate: they move levels, not ranks. */
static bool ranks(piq_term t)
{
    return piq_recommend_term_spec(t)->sd > 0 && t != PIQ_TERM_TYPE &&
           t != PIQ_TERM_FRESHNESS;
}

/* A floor on the weight alone does not hold: where liking and learning
 * disagree, all other weights grow past it. So learning gain keeps the share of
 * the weights that it has by hand. */
static void keep_learning_share(double weight[PIQ_N_TERMS])
{
    double by_hand = 0, now = 0;
    for (int t = 0; t < PIQ_N_TERMS; t++) {
        if (t == PIQ_TERM_LEARNING_GAIN || !ranks((piq_term)t))
            continue;
        by_hand += piq_recommend_term_spec((piq_term)t)->weight;
        now += fabs(weight[t]);
    }
    double gain = piq_recommend_term_spec(PIQ_TERM_LEARNING_GAIN)->weight;
    weight[PIQ_TERM_LEARNING_GAIN] =
        fmax(weight[PIQ_TERM_LEARNING_GAIN], gain * now / by_hand);
}

void piq_recommend_policy_of(const piq_bayes *m, uint32_t version,
                             piq_recommend_policy *out)
{
    piq_recommend_by_hand(out);
    out->version = version;
    for (size_t k = 0; k < PIQ_N_CONTENT_TYPES; k++) {
        const double *theta = piq_bayes_weights(m, k);
        for (int t = 0; t < PIQ_N_TERMS; t++)
            if (piq_recommend_term_spec((piq_term)t)->sd > 0)
                out->weight[k][t] = theta[t];
        keep_learning_share(out->weight[k]);
    }
}
