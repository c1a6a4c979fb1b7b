/* score.h - how good predictions are. Pure; scratch memory from an arena. */
#ifndef PIQ_NUM_SCORE_H
#define PIQ_NUM_SCORE_H

#include "base/arena.h"

#include <stddef.h>
#include <stdint.h>

/* Area under the ROC curve, ties counted half (Mann-Whitney). p, y: [n],
 * y > .5 is positive. NaN when one class is missing. PIQ_ENOMEM. */
PIQ_MUST_USE piq_status piq_auc(piq_arena *a, const double *p, const float *y,
                                size_t n, double *auc);
/* Rank correlation with mid-ranks; NaN below two distinct values. */
PIQ_MUST_USE piq_status piq_spearman(piq_arena *a, const double *x,
                                     const double *y, size_t n, double *rho);

enum { PIQ_RELIABILITY_BINS = 10 };

/* Running Brier score, log loss and reliability bins of [k/10,(k+1)/10). */
typedef struct piq_reliability {
    uint64_t n;
    double brier_sum;   /* of (p - y)^2 */
    double logloss_sum; /* nats; p clamped to [1e-7, 1-1e-7] */
    uint64_t bin_n[PIQ_RELIABILITY_BINS];
    double bin_p[PIQ_RELIABILITY_BINS]; /* sum of p */
    double bin_y[PIQ_RELIABILITY_BINS]; /* sum of y */
} piq_reliability;

void piq_reliability_add(piq_reliability *r, double p, double y);
double piq_reliability_brier(const piq_reliability *r);
/* Expected calibration error: sum over bins of n_k/n |mean p - mean y|. */
double piq_reliability_ece(const piq_reliability *r);

#endif
