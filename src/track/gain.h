/* gain.h - what doing a piece of content is expected to teach.
 *
 * Shared by the recommender and the planner, so that both promise the same.
 * The exponential law of practice (Heathcote, Brown & Mewhort 2000,
 * Psychonomic Bulletin & Review 7:185-207), each minute closing the same share
 * of what is left to learn; the BKT learning step (Corbett & Anderson 1995),
 * made continuous in time:
 *
 *     dose_k  = PIQ_GAIN_RATE * minutes * weight_k * kind * fit(p) * pace
 *     m_k'    = m_k + (1 - m_k) (1 - exp(-dose_k))
 *
 * p is the chance of success that the belief gives, its uncertainty included.
 * Learning is best where p is .7 to .9 (Wilson et al. 2019, Nature
 * Communications 10:4646: .85) and falls off on both sides; content that
 * explains loses less by being hard than content that asks.
 *
 * Pure. Threads: any, on data that nobody writes meanwhile.
 */
#ifndef PIQ_TRACK_GAIN_H
#define PIQ_TRACK_GAIN_H

#include "domain/belief.h"
#include "domain/catalogue.h"

/* Share of what is left that a well-fitting minute closes. Set so that the 35
 * minutes that a curriculum of this kind holds for a concept take a learner
 * from .3 to .8: ln(.7 / .2) / 35. A learner's own pace scales it. */
#define PIQ_GAIN_RATE 0.036

/* A short repetition of one concept, without content of its own. */
#define PIQ_REVIEW_MINUTES      5.0
/* Answers that such a repetition, or this many minutes of practice, bring. */
#define PIQ_REVIEW_ANSWERS      4.0
#define PIQ_MINUTES_EACH_ANSWER 2.0

/* Chance that tasks of this content, so difficult on the logit scale, are
 * answered right: in (0,1). The concepts' uncertainties are taken as fully
 * correlated (they share the learner's and the area's layers). */
double piq_gain_success(const piq_content *content, const piq_belief *beliefs,
                        double difficulty_logit);

/* How well a chance of success suits learning: 1 from .7 to .9, falling off
 * as a Gaussian with sd .15 outside. In (0,1]. */
double piq_gain_fit(double success);

/* The same for a content: one that explains loses at most two fifths of its
 * effect by fitting badly, one that asks four fifths. In (0,1]. */
double piq_gain_fit_of(const piq_content *content, double success);

/* dose for a weight of 1; >= 0. pace > 0, 1 for the usual. */
double piq_gain_dose(const piq_content *content, double success, double pace);

/* Mastery after a dose: in [mastery,1]. */
double piq_gain_mastery(double mastery, double dose);

/* Expected gain in mastery, weighted by value[n_concepts], summed over the
 * content's concepts, from doing it once. >= 0. */
double piq_gain_expected(const piq_content *content, const piq_belief *beliefs,
                         const double *value, double success, double pace);

/* Moves `beliefs` to what is expected after the content, or after a bare
 * review of one concept: mastery, its interval, ability and evidence. */
void piq_gain_apply(const piq_content *content, piq_belief *beliefs,
                    double pace);
void piq_gain_apply_review(piq_belief *belief, double pace);

#endif
