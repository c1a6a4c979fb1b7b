/* mean_interval.h - an interval for the mean of skewed numbers, by resampling.
 *
 * The studentised bootstrap (Efron & Tibshirani 1993, ch. 12.5; Hall 1988):
 * resampled t = (mean* - mean) / se* give the quantiles that the normal
 * distribution would. Values weighed by importance are skewed, with a few
 * large ones: the plain percentile bootstrap is too short on that side
 * (docs/models/policy-evaluation.md has the figures). Pure; seeded.
 */
#ifndef PIQ_TRAIN_MEAN_INTERVAL_H
#define PIQ_TRAIN_MEAN_INTERVAL_H

#include "base/arena.h"
#include "base/status.h"

#include <stdint.h>

typedef struct piq_mean_interval {
    double mean, low, high;
} piq_mean_interval;

typedef struct piq_mean_options {
    double confidence;  /* (0,1) */
    unsigned resamples; /* >= 1 */
    uint64_t seed;
} piq_mean_options;

/* Of x[n], n >= 1; one value, or equal ones: an interval of no width.
 * PIQ_ENOMEM. */
PIQ_MUST_USE piq_status piq_mean_bootstrap(piq_arena *scratch, const double *x,
                                           size_t n, const piq_mean_options *o,
                                           piq_mean_interval *out);

#endif
