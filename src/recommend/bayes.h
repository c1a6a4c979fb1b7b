/* bayes.h - what a recommendation is worth: linear regressions, one for each
 * type of content, that learn from each other and from every outcome.
 *
 * Type t has weights theta_t ~ N(shared, type_precision^-1), the shared ones
 * N(mean, precision^-1); a reward is theta_t'x + noise of `noise_variance`.
 * With S_t = sum w x x' / noise and c_t = sum w r x / noise of its examples
 * (Lindley & Smith 1972, JRSS B 34:1; L = diag(type_precision)):
 *
 *     P_t    = (L + S_t)^-1
 *     shared = V (diag(precision) mean + sum_t L P_t c_t)
 *     V      = (diag(precision) + sum_t (L - L P_t L))^-1
 *     theta_t = P_t (L shared + c_t), covariance P_t + P_t L V L P_t
 *
 * so a type without examples has what the others learned, and one with many has
 * its own. Exact, not approximated: a single type is ridge regression.
 *
 * P_t follows each example by a rank-one update (Sherman & Morrison 1950),
 * factored anew every PIQ_BAYES_REFACTOR examples and on each new day.
 * Evidence fades: each day multiplies S and c by `keep_per_day`, so weights go
 * back to the prior where nothing new is said. An example of an earlier day
 * counts as it would have faded by now: the order does not matter.
 *
 * One weight may have a floor: where its mean is below, all weights are moved
 * to the mean given that it stands at the floor (the conditional Gaussian),
 *
 *     theta + Sigma_g (floor - theta_g) / Sigma_gg
 *
 * which is the posterior's likeliest point under theta_g >= floor.
 *
 * Pure; no clock: days are arguments. One writer; readers of a model that is
 * not written, any number.
 */
#ifndef PIQ_RECOMMEND_BAYES_H
#define PIQ_RECOMMEND_BAYES_H

#include "base/arena.h"
#include "base/buf.h"

enum {
    PIQ_BAYES_MAX_WIDTH = 32,
    PIQ_BAYES_MAX_TYPES = 8,
    PIQ_BAYES_REFACTOR = 1000
};
#define PIQ_BAYES_NO_FLOOR SIZE_MAX

typedef struct piq_bayes_prior {
    size_t width;                     /* features, 1 .. PIQ_BAYES_MAX_WIDTH */
    size_t n_types;                   /* 1 .. PIQ_BAYES_MAX_TYPES */
    double mean[PIQ_BAYES_MAX_WIDTH]; /* of the shared weights */
    double precision[PIQ_BAYES_MAX_WIDTH];      /* of it, 1e-9 .. 1e9 */
    double type_precision[PIQ_BAYES_MAX_WIDTH]; /* the same; greater: types are
                                                   more alike */
    double noise_variance;                      /* of a reward, the same */
    double keep_per_day;                        /* (0,1] */
    size_t floored; /* a weight, or PIQ_BAYES_NO_FLOOR */
    double floor;
} piq_bayes_prior;

typedef struct piq_bayes piq_bayes; /* opaque */

/* One outcome. */
typedef struct piq_bayes_example {
    size_t type;
    const double *x; /* [width] */
    double reward;
    double weight; /* >= 0; 1 is one full example */
    int64_t day;   /* any count of days, the same for all */
} piq_bayes_example;

typedef struct piq_bayes_guess {
    double mean;
    double variance; /* of theta'x, without the noise */
} piq_bayes_guess;

/* Lives in `a`; copies the prior. PIQ_EINVAL: out of range or not finite.
 * PIQ_ENOMEM. On failure *out is untouched. */
PIQ_MUST_USE piq_status piq_bayes_new(piq_arena *a,
                                      const piq_bayes_prior *prior,
                                      piq_bayes **out);

/* Learns one example. What is predicted stays as it was until
 * piq_bayes_settle. PIQ_EINVAL: no such type, a weight below 0, any
 * number not finite or beyond 1e4; nothing is learned then. */
PIQ_MUST_USE piq_status piq_bayes_learn(piq_bayes *m,
                                        const piq_bayes_example *e);
/* Lets evidence fade to `day`; earlier days do nothing. */
void piq_bayes_advance(piq_bayes *m, int64_t day);
/* Brings the weights up to date; d^3 + types d^2 operations. */
void piq_bayes_settle(piq_bayes *m);

piq_bayes_guess piq_bayes_predict(const piq_bayes *m, size_t type,
                                  const double *x);
/* theta_t, [width]; lives as long as the model, changed by settle. */
const double *piq_bayes_weights(const piq_bayes *m, size_t type);
/* The weight stands at its floor, where the data alone would put it lower. */
bool piq_bayes_at_floor(const piq_bayes *m, size_t type);
/* Weight of the examples that a type still has, faded. */
double piq_bayes_evidence(const piq_bayes *m, size_t type);

/* out[j] = theta_j (x_j - typical_j); returns the baseline theta'typical. The
 * score is the sum of all of them, in order, after the baseline: to the bit
 * what this adds up to, and within rounding the prediction. */
double piq_bayes_contributions(const piq_bayes *m, size_t type, const double *x,
                               const double *typical, double *out);

/* What was learned, every bit of it: a model read back goes on as this one
 * would. The prior is not in it. */
void piq_bayes_encode(const piq_bayes *m, piq_buf *out);
/* Into a model made with the same prior; settles. PIQ_ECORRUPT leaves the model
 * as it was. */
PIQ_MUST_USE piq_status piq_bayes_decode(piq_bayes *m, piq_str bytes);

#endif
