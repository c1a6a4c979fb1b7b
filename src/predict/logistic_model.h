/* logistic_model.h - regularised logistic regression over the features.
 *
 * logit = bias + sum_j weight_j z_j, z = (x - mean) / sd clamped to [-6, 6],
 * 0 and an indicator column's weight where x is NaN. Explainable by itself,
 * and the fallback where data is small. Pure; immutable; any thread.
 */
#ifndef PIQ_PREDICT_LOGISTIC_MODEL_H
#define PIQ_PREDICT_LOGISTIC_MODEL_H

#include "base/buf.h"
#include "base/status.h"

#include <stddef.h>

typedef struct piq_logistic {
    size_t n_features;
    double bias;
    double *weight;  /* [n_features] */
    double *missing; /* [n_features] added where x is NaN */
    double *mean;    /* [n_features] */
    double *sd;      /* [n_features] > 0 */
} piq_logistic;

/* All zero, sd 1; what *m held is not freed. PIQ_ENOMEM: *m is empty. */
PIQ_MUST_USE piq_status piq_logistic_init(piq_logistic *m, size_t n_features);
void piq_logistic_release(piq_logistic *m);
/* Column j standardised and clamped; x is not NaN. */
double piq_logistic_z(const piq_logistic *m, size_t j, float x);
double piq_logistic_logit(const piq_logistic *m, const float *x);
/* out[n_features]; bias + sum(out) is the logit. */
void piq_logistic_contributions(const piq_logistic *m, const float *x,
                                double *out);
void piq_logistic_encode(const piq_logistic *m, piq_buf *out);
/* PIQ_ECORRUPT: a weight beyond 1e6, a number that is not finite,
 * sd <= 0, another count.
 * PIQ_ENOMEM. *out is written on success only. */
PIQ_MUST_USE piq_status piq_logistic_decode(piq_reader *in, size_t n_features,
                                            piq_logistic *out, piq_err *err);

#endif
