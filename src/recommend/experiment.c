#include "recommend/experiment.h"

#include <math.h>

/* ---- buckets ------------------------------------------------------------- */

double piq_experiment_place(piq_str experiment, int64_t user)
{
    uint64_t name = piq_hash_bytes(experiment.ptr, experiment.len);
    uint64_t h = piq_hash_u64(piq_hash_u64((uint64_t)user) ^ name);
    return (double)(h >> 11) * 0x1p-53;
}

bool piq_experiment_treated(piq_str experiment, int64_t user,
                            double treated_share)
{
    return piq_experiment_place(experiment, user) < treated_share;
}

/* ---- one outcome --------------------------------------------------------- */

/* Bets are at most so much of what there is: the paper's c. */
static const double MOST_BET = .5;
/* Before anything is seen: mean .5 and variance 1/4 count as one outcome. */
static const double FIRST_MEAN = .5, FIRST_VARIANCE = .25;

piq_status piq_effect_init(piq_effect *e, double share, double alpha)
{
    if (!(share > 0 && share < 1) || !(alpha > 0 && alpha < 1))
        return PIQ_EINVAL;
    *e = (piq_effect){.share = share, .alpha = alpha, .low = -1, .high = 1};
    return PIQ_OK;
}

/* z is within [-widest, widest]: |y - m| <= 1. */
static double widest(const piq_effect *e)
{
    return 1 / fmin(e->share, 1 - e->share);
}

/* (-ln(1 - l) - l) / 4 */
static double psi(double l)
{
    return (-log1p(-l) - l) / 4;
}

piq_status piq_effect_add(piq_effect *e, bool treated, double y)
{
    if (!(y >= 0 && y <= 1))
        return PIQ_EINVAL;
    double n = (double)(e->n[0] + e->n[1]);
    double usual = (FIRST_MEAN + e->sum[0] + e->sum[1]) / (n + 1);
    double sign = treated ? 1 / e->share : -1 / (1 - e->share);
    /* In [0,1]; no effect is .5. */
    double z = .5 + (y - usual) * sign / (2 * widest(e));
    /* Everything below was known before this outcome. */
    double mean = (FIRST_MEAN + e->sum_z) / (n + 1);
    double variance = (FIRST_VARIANCE + e->squares) / (n + 1);
    double wanted =
        sqrt(2 * log(2 / e->alpha) / (variance * (n + 1) * log1p(n + 1)));
    double bet = fmin(MOST_BET, wanted);
    double surprise = (z - mean) * (z - mean);
    e->weight += bet;
    e->weighted += bet * z;
    e->charge += 4 * surprise * psi(bet);
    e->sum_z += z;
    double now = (FIRST_MEAN + e->sum_z) / (n + 2);
    e->squares += (z - now) * (z - now);
    e->n[treated]++;
    e->sum[treated] += y;
    double centre = e->weighted / e->weight;
    double radius = (log(2 / e->alpha) + e->charge) / e->weight;
    double scale = 2 * widest(e);
    e->low = fmax(e->low, (centre - radius - .5) * scale);
    e->high = fmin(e->high, (centre + radius - .5) * scale);
    return PIQ_OK;
}

double piq_effect_estimate(const piq_effect *e)
{
    if (!e->n[0] || !e->n[1])
        return 0;
    return e->sum[1] / (double)e->n[1] - e->sum[0] / (double)e->n[0];
}

/* ---- an experiment ------------------------------------------------------- */

const char *piq_experiment_verdict_name(piq_experiment_verdict v)
{
    switch (v) {
    case PIQ_EXPERIMENT_CONTINUE:
        return "continue";
    case PIQ_EXPERIMENT_BETTER:
        return "stop-better";
    case PIQ_EXPERIMENT_WORSE:
        return "stop-worse";
    case PIQ_EXPERIMENT_GUARD_RAIL:
        return "guard-rail";
    }
    return "";
}

const piq_experiment_rule *piq_experiment_defaults(void)
{
    static const piq_experiment_rule defaults = {
        .share = .5, .alpha = .05, .dismissal_margin = 0, .gain_margin = .01};
    return &defaults;
}

piq_status piq_experiment_init(piq_experiment *x,
                               const piq_experiment_rule *rule)
{
    piq_experiment made = {.rule = *rule};
    if (!(rule->dismissal_margin >= 0) || !(rule->gain_margin >= 0) ||
        piq_effect_init(&made.reward, rule->share, rule->alpha) ||
        piq_effect_init(&made.dismissal, rule->share, rule->alpha) ||
        piq_effect_init(&made.gain, rule->share, rule->alpha))
        return PIQ_EINVAL;
    *x = made;
    return PIQ_OK;
}

piq_status piq_experiment_add(piq_experiment *x, bool treated,
                              const piq_experiment_outcome *o)
{
    piq_experiment after = *x;
    if (piq_effect_add(&after.reward, treated, o->reward) ||
        piq_effect_add(&after.dismissal, treated, o->dismissed) ||
        piq_effect_add(&after.gain, treated, o->gain))
        return PIQ_EINVAL;
    *x = after;
    return PIQ_OK;
}

piq_experiment_verdict piq_experiment_judge(const piq_experiment *x)
{
    if (x->dismissal.low > x->rule.dismissal_margin ||
        x->gain.high < -x->rule.gain_margin)
        return PIQ_EXPERIMENT_GUARD_RAIL;
    if (x->reward.low > 0)
        return PIQ_EXPERIMENT_BETTER;
    return x->reward.high < 0 ? PIQ_EXPERIMENT_WORSE : PIQ_EXPERIMENT_CONTINUE;
}
