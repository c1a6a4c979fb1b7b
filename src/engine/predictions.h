/* predictions.h - mastery at a future date, and the chance of a goal.
 *
 * Model. Concept i has mastery m_i now and recall R_i(t) without practice.
 *
 *   reviews    keeping a practised concept takes ln(1 + T/I_i)/ln 2 reviews of
 *              2 minutes over T days, I_i its FSRS interval now (each review
 *              doubles it, roughly); u = the share of that which the planned
 *              minutes cover, at most 1
 *   forgetting m'_i = m_i (1 - (1 - u)/2 (1 - R_i(T)/R_i(0))): a concept that
 *              is not reviewed loses half of what its recall loses, the rest
 *              comes back at first contact
 *   learning   the law of practice (track/gain.h) that path and slates use:
 *              a dose d_i takes m'_i to 1 - (1 - m'_i) e^(-d_i), and h hours
 *              give doses of 60 h PIQ_GAIN_RATE PIQ_PLAN_EFFICIENCY pace in
 *              all. They go first to the goal's concepts (aim .95) and to the
 *              prerequisites that these miss (aim .6), each in proportion to
 *              ln((1 - m'_i) / (1 - aim_i)); what is over to all others
 *   minutes    piq_weekday_minutes, as in the path; none on days off
 *   pace       lognormal, mean and sd of piq_learning_pace_of; nine-point
 *              Gauss-Hermite quadrature
 *   spread     of a set's mean: what is not known today (piq_mean_sd) times
 *              what of the gap is left, dM/dm = mean e^(-d_i); the pace's; a
 *              random walk of .02 mastery a square-root week; taken together
 *              on the logit scale, so intervals stay in (0,1)
 *   goal       reached when the mean mastery of its concepts is .8, which a
 *              path brings about by taking each to .8.
 *              P = E_pace[Phi(ln(.2 / (1 - M)) / s)], on the scale ln(1 - m),
 *              on which practice adds up; s^2 = (sd / max(.2, 1 - m))^2 +
 *              (walk / .2)^2. P never falls when minutes are added, and the
 *              minutes needed are found by bisection. in_time_prob of a path
 *              is this number
 *
@@MEASURED@@
 * The constants are assumptions, told with every prediction. Pure: no clock,
 * no random numbers. Threads: any, on read-only input.
 */
#ifndef PIQ_ENGINE_PREDICTIONS_H
#define PIQ_ENGINE_PREDICTIONS_H

#include "base/arena.h"
#include "domain/prediction.h"
#include "engine/learner.h"

/* `beliefs` are piq_learner_beliefs(l, c, now_us). *out borrows l->goal.
 * PIQ_EINVAL: at_us before now_us or more than PIQ_MAX_PREDICTION_DAYS after
 * it. PIQ_ENOMEM. */
PIQ_MUST_USE piq_status piq_predictions_make(piq_arena *a, const piq_learner *l,
                                             const piq_catalogue *c,
                                             const piq_belief *beliefs,
                                             int64_t now_us, int64_t at_us,
                                             piq_prediction *out);

/* The `probability` of that prediction alone: the goal is reached by the end
 * of its date, or, when that has passed, now. NaN: no goal, no date, or every
 * concept of it is retired. PIQ_ENOMEM. */
PIQ_MUST_USE piq_status piq_goal_probability(piq_arena *a, const piq_learner *l,
                                             const piq_catalogue *c,
                                             const piq_belief *beliefs,
                                             int64_t now_us, double *out);

#endif
