/* estimate.c - when it will be done, and how sure that is.
 *
 * The minutes of study until the last target are taken as lognormal around the
 * minutes of the plan. Under the law of practice (track/gain.h) the minutes a
 * concept needs are proportional to ln((1-m)/(1-aim)), whose derivative by the
 * ability logit is -m. So with concept standard deviations sd_k:
 *
 *     need_k = ln((1 - m_k) / (1 - aim_k)),  s_k = m_k sd_k
 *     cv^2   = ((1-rho) sum s_k^2 + rho (sum s_k)^2) / (sum need_k)^2
 *              + (pace_sd / pace)^2 + CV_REST^2
 *     sigma  = sqrt(ln(1 + cv^2))
 *
 * A quantile of the minutes becomes a day through the calendar. No sampling.
 */
#include "path/search.h"

#include "num/logistic.h"

#include <math.h>

/* Concepts share the learner's and the area's layers of ability. */
#define RHO     0.3
/* Days missed, sessions cut short: what nothing above knows of. */
#define CV_REST 0.10

static double sigma_of(const piq_path_search *s)
{
    double squares = 0, sum = 0, needed = 0;
    for (size_t i = 0; i < s->n_closure; i++) {
        size_t k = s->closure[i].v;
        const piq_belief *b = &s->in->beliefs[k];
        double aim = s->needs[k].aim;
        if (s->needs[k].known || b->mastery >= aim)
            continue;
        double spread = b->mastery * b->sd_logit;
        squares += spread * spread;
        sum += spread;
        needed += log((1 - b->mastery) / (1 - aim));
    }
    double cv2 = CV_REST * CV_REST;
    double pace_cv = s->in->pace_sd / s->in->pace;
    cv2 += pace_cv * pace_cv;
    /* Very little left to learn: how much is known to within itself. */
    if (needed > 0)
        cv2 += fmin(1, ((1 - RHO) * squares + RHO * sum * sum) /
                           (needed * needed));
    return sqrt(log1p(cv2));
}

/* Minutes that the calendar has up to the end of a day. */
static double minutes_by(const piq_path_search *s, int day)
{
    double sum = 0;
    for (int i = 0; i <= day && i < s->n_days; i++)
        sum += s->budget[i];
    return sum;
}

static int32_t day_with(const piq_path_search *s, double minutes)
{
    double sum = 0;
    for (int i = 0; i < s->n_days; i++) {
        sum += s->budget[i];
        if (sum >= minutes)
            return s->in->from_day + i;
    }
    return INT32_MAX;
}

void piq_path_estimate(piq_path_search *s, int done_day)
{
    piq_plan *plan = s->plan;
    plan->completion_day = plan->completion_low_day =
        plan->completion_high_day = INT32_MAX;
    plan->in_time_prob = NAN;
    if (done_day < 0)
        return;
    plan->completion_day = s->in->from_day + done_day;
    bool nothing_left = true;
    for (size_t i = 0; i < s->n_closure; i++) {
        const piq_need *need = &s->needs[s->closure[i].v];
        nothing_left = nothing_left && (need->known || !need->target);
    }
    if (nothing_left) {
        plan->completion_low_day = plan->completion_high_day = s->in->from_day;
        return;
    }
    double sigma = sigma_of(s);
    double z = piq_normal_quantile(0.9);
    /* The last day counts up to its middle: it may have been over early. */
    double minutes = minutes_by(s, done_day) - s->budget[done_day] / 2;
    plan->completion_low_day = day_with(s, minutes * exp(-z * sigma));
    plan->completion_high_day = day_with(s, minutes * exp(z * sigma));
}
