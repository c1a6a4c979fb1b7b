/* predictions.h - mastery at a future date, and the chance of a goal.
 *
 * Model. Concept i has expected mastery m_i now (insight/forecast.h) and recall
 * R_i(t) without practice.
 *
 *   reviews    keeping a practised concept takes ln(1 + T/I_i)/ln 2 reviews of
 *              2 minutes over T days, I_i its FSRS interval now (each review
 *              doubles it, roughly); u = the share of that which the planned
 *              minutes cover, at most 1
 *   forgetting m'_i = m_i (1 - forgotten (1 - u) (1 - R_i(T)/R_i(0)))
 *   learning   the law of practice (track/gain.h) that path and slates use: a
 *              dose d_i takes m'_i to 1 - (1 - m'_i) e^(-d_i slow_i), and a
 *              minute gives PIQ_GAIN_RATE PIQ_PLAN_EFFICIENCY pace of it.
 *              slow_i = 1 / (1 + had_i / pace_slows)^2, had_i the dose that
 *              practice so far was. Doses go to the goal's concepts up to .8
 *              and to the prerequisites that these miss up to .6; then to the
 *              goal's up to .95; then to all others up to .95; at each stage in
 *              proportion to ln((1 - m'_i) / (1 - aim_i)). No concept takes
 *              more than its content that is not done yet and 2.5 minutes of
 *              review a day
 *   minutes    piq_weekday_minutes, as in the path; none on days off
 *   pace       lognormal around the prior of piq_forecast_params, moved by what
 *              the learner gained an hour; nine-point Gauss-Hermite quadrature
 *   spread     of a set's mean: what is not known today (piq_set_belief) times
 *              what of the gap is left, dM/dm = mean e^(-d_i); a share of the
 *              gain, as practice may go elsewhere than planned; the pace's; a
 *              random walk; taken together on the logit scale, so intervals
 *              stay in (0,1)
 *   goal       reached when the mean mastery of its concepts is .8, which a
 *              path brings about by taking each to .8.
 *              P = E_pace[Phi(ln(.2 / (1 - M)) / s)], on the scale ln(1 - m),
 *              on which practice adds up; s^2 = (sd / max(.2, 1 - m))^2 +
 *              (.8 walk)^2. P never falls when minutes are added, and the
 *              minutes needed are found by bisection. in_time_prob of a path
 *              is this number
 *   evidence   below PIQ_FORECAST_ANSWERS answers, or PIQ_FORECAST_SET_ANSWERS
 *              on the set, nothing is forecast, and how many are missing told
 *
 * Pace and path: a path plans with the law at the learner's own pace; practice
 * as it was lived brought a third of that, so the chance of a goal by the day
 * on which its path ends is well below a half. Both are told.
 *
 * What the numbers were fitted on, and how often the intervals held on other
 * learners: docs/models/forecast.md. Pure: no clock, no random numbers.
 * Threads: any, on read-only input.
 */
#ifndef PIQ_INSIGHT_PREDICTIONS_H
#define PIQ_INSIGHT_PREDICTIONS_H

#include "base/arena.h"
#include "domain/prediction.h"
#include "learner/learner.h"

/* `beliefs` are piq_learner_beliefs(l, c, now_us). *out borrows l->goal.
 * PIQ_EINVAL: at_us before now_us or more than PIQ_MAX_PREDICTION_DAYS after
 * it. PIQ_ENOMEM. */
PIQ_MUST_USE piq_status piq_predictions_make(piq_arena *a, const piq_learner *l,
                                             const piq_catalogue *c,
                                             const piq_belief *beliefs,
                                             int64_t now_us, int64_t at_us,
                                             piq_prediction *out);

/* What a prediction is asked for. */
typedef struct piq_predictions_ask {
    int64_t now_us, at_us;
    /* As if so many were planned, 0 .. PIQ_MAX_WEEK_MINUTES, over the days as
     * the plan has them (over all alike where it has none); NaN: as planned.
     * What a learner who states such minutes is told from then on. */
    double minutes_per_week;
} piq_predictions_ask;
/* As piq_predictions_make. PIQ_EINVAL also: minutes out of range. */
PIQ_MUST_USE piq_status piq_predictions_answer(piq_arena *a,
                                               const piq_learner *l,
                                               const piq_catalogue *c,
                                               const piq_belief *beliefs,
                                               const piq_predictions_ask *ask,
                                               piq_prediction *out);

/* The `probability` of that prediction alone: the goal is reached by the end
 * of its date, or, when that has passed, now. NaN: no goal, no date, or every
 * concept of it is retired. PIQ_ENOMEM. */
PIQ_MUST_USE piq_status piq_goal_probability(piq_arena *a, const piq_learner *l,
                                             const piq_catalogue *c,
                                             const piq_belief *beliefs,
                                             int64_t now_us, double *out);

#endif
