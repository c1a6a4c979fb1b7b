/* estimate.h - estimates with intervals, made from what was counted.
 *
 * Used by the profile, the analytics and the predictions, and by whoever needs
 * a learner's taste or pace as a number. Formulas and sources are with each
 * function. Pure; no allocation; any thread on read-only input.
 */
#ifndef PIQ_INSIGHT_ESTIMATE_H
#define PIQ_INSIGHT_ESTIMATE_H

#include "domain/estimate.h"
#include "learner/learner.h"

#define PIQ_Z90 1.6448536269514722 /* two-sided 90 % of a normal */
#define PIQ_Z80 1.2815515655446004

/* Share of `n` that said yes, with Wilson's score interval (Wilson 1927, JASA
 * 22:209; Agresti & Coull 1998). n == 0: all NaN. */
piq_estimate piq_estimate_share(double yes, double n);

/* Mean of `a` less mean of `b`, Welch's standard error, normal interval of
 * `z`; n counts both. NaN below two observations on either side. */
piq_estimate piq_estimate_contrast(const piq_residuals *a,
                                   const piq_residuals *b, double z);
piq_residuals piq_residuals_less(const piq_residuals *all,
                                 const piq_residuals *part);

/* z of a 90 % interval that holds for `m` comparisons together (Bonferroni):
 * the best of several is picked, so each must clear a higher bar. */
double piq_estimate_joint_z(unsigned m);

/* Weekly slope of a series y at weeks x (ascending), as the drift of a random
 * walk: slope = (y_n - y_1) / T over T = x_n - x_1 weeks, its variance
 * s2 / T with s2 = sum((dy - slope dx)^2 / dx) / (k - 1) over the k steps, and
 * Student's t with k - 1 degrees. A regression line would be too sure of
 * itself: mastery carries its past along, so the residuals of neighbouring
 * weeks are alike. s2 is at least 1e-4 (1 % mastery a week): thousandths are
 * all that is kept. Interval NaN below 3 steps, slope NaN below 1. */
piq_estimate piq_estimate_drift(const int32_t *x, const double *y, size_t n);

/* Mean mastery m with standard deviation sd on the mastery scale, made a 90 %
 * interval on the logit scale, so that it stays within (0,1). */
piq_estimate piq_estimate_mastery(double m, double sd, double z);
/* Sd in mastery of one belief: a quarter turn back from its interval. */
double piq_belief_sd(const piq_belief *b);
/* Sd of the mean of n concepts of sd `sd` each, whose errors share `shared`
 * of their variance (the layers above the concept): sd * sqrt(shared +
 * (1 - shared) / n). */
double piq_mean_sd(double sd, double n, double shared);
/* That share for an area: of a concept's variance (sd_logit squared), what is
 * not left open once the layers above are known (track cell's variance); its
 * concepts averaged, within [.05, .95]. .5 where sd_logit is 0. */
double piq_shared_share(const piq_learner *l, const piq_catalogue *c,
                        const piq_belief *beliefs, piq_area_ix area);

/* Mastery gained an hour of practice, summed over concepts. Normal-normal:
 * prior mean = the curriculum's own pace (going once through all content lifts
 * each concept by .2), prior sd half of it, an hour's noise sd .5; data = the
 * newest 8 active weeks, without a learner's first 20 answers. */
typedef struct piq_velocity {
    double mean, sd; /* posterior; mean at least a tenth of the prior's */
    double prior;    /* what the curriculum expects, > 0 */
    double seen;     /* gained / hours as counted; NaN without an hour */
    double hours;    /* behind it */
} piq_velocity;
piq_velocity piq_learner_velocity(const piq_learner *l, const piq_catalogue *c);

/* What a learner takes to, 0..1, .5 neutral: from a character's share of the
 * sessions against an even share, and from ratings, shrunk by 5 sessions. */
piq_estimate piq_character_affinity(const piq_behaviour *b,
                                    piq_character_ix character);

/* Minutes that a session should take: the best separated length, else what
 * was stated, else 25. `of` may be NULL. */
double piq_session_minutes(const piq_learner *l, piq_source *of,
                           piq_estimate *effect);

/* Minutes a week practised in the last 28 days (or since the start, at least
 * a week). */
double piq_practised_minutes(const piq_learner *l, int64_t now_us);

/* The learner's own day of an instant; it begins at PIQ_DAY_ROLLOVER_H. */
int32_t piq_learner_day(const piq_learner *l, int64_t at_us);

#endif
