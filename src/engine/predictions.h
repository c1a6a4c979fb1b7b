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
 *   learning   h planned hours at v mastery an hour are shared out in
 *              proportion to w_i gap_i, gap_i = max(0, .95 - m'_i) and w_i = 1
 *              for the goal's concepts (all without a goal), else 1/4:
 *              M_i = m'_i + gap_i (1 - e^(-k w_i)), k = v h / sum w gap
 *   rate       v ~ normal, piq_learner_velocity's posterior, at least 0;
 *              five-point Gauss-Hermite quadrature
 *   spread     of a set's mean: what is not known today (piq_mean_sd), the
 *              rate's, and a random walk of .02 mastery a square-root week;
 *              taken together on the logit scale, so intervals stay in (0,1)
 *   goal       P = E_v[Phi((logit M(v) - logit .8) / s)], s that spread
 *              (without the rate's) at the bar; so P never falls when minutes
 *              are added, and the minutes needed are found by bisection
 *
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

#endif
