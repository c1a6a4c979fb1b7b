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
 *              a dose d_i takes m'_i to 1 - (1 - m'_i) e^(-d_i), and a minute
 *              gives PIQ_GAIN_RATE PIQ_PLAN_EFFICIENCY pace of it. Doses go to
 *              the goal's concepts up to .8 and to the prerequisites that these
 *              miss up to .6; then to the goal's up to .95; then to all others
 *              up to .95; at each stage in proportion to
 *              ln((1 - m'_i) / (1 - aim_i)). No concept takes more than its
 *              content that is not done yet and 2.5 minutes of review a day
 *   minutes    piq_weekday_minutes, as in the path; none on days off
 *   pace       lognormal, mean and sd of piq_learning_pace_of; nine-point
 *              Gauss-Hermite quadrature
 *   spread     of a set's mean: what is not known today (piq_mean_sd) times
 *              what of the gap is left, dM/dm = mean e^(-d_i); half of the
 *              gain, as practice may go elsewhere than planned; the pace's; a
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
 * Measured on 150 simulated learners on the poker curriculum (112 days,
 * forecast from the middle, minutes as practised): the true mean mastery of an
 * area lay in the 80 % interval in 76, 76, 77 % of cases 7, 14, 28 days ahead
 * with 600 answers (90 %: 86, 86, 86), in 83, 82, 80 % with 2,400 (93, 92, 92);
 * without learning 81, 82, 83 % (91, 92, 93) and 87, 87, 85 % (95, 94, 92).
 * Known: they learn slower than the law says and follow no path; the gain
 * predicted for 28 days is .014 where the truth is .007 (600), .047 where it is
 * .023 (2,400). Those learners (seed 5) chose the constants; seeds 11 and 12
 * hold 70-78 % and 82-87 % (600 answers), 82-85 % and 91-94 % (2,400), 82-89 %
 * and 91-96 % without learning: after 600 answers too narrow, since the belief
 * itself is .06 too low there. Worse: today's doubt undiminished by practice
 * leaves a new learner's goal at most at .95; without the half of the gain 75 %
 * and 86 % at 28 days (2,400); without the limit of a concept's content the
 * chance at half of a path's days was .58 to .87 for goals of a few concepts,
 * now .31 to .64. Against the path (12 learners each with 0 to 2,400 events,
 * four goals): the chance at half of its days is .11 to .64, at its day .44 to
 * .91, at the end of its interval .78 to .99, at twice its days .82 to .99. It
 * is above a half at the path's day where some concepts are beyond .8: their
 * mean counts. The constants are assumptions, told with every prediction. Pure:
 * no clock, no random numbers. Threads: any, on read-only input.
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

/* The `probability` of that prediction alone: the goal is reached by the end
 * of its date, or, when that has passed, now. NaN: no goal, no date, or every
 * concept of it is retired. PIQ_ENOMEM. */
PIQ_MUST_USE piq_status piq_goal_probability(piq_arena *a, const piq_learner *l,
                                             const piq_catalogue *c,
                                             const piq_belief *beliefs,
                                             int64_t now_us, double *out);

#endif
