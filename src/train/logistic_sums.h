/* logistic_sums.h - log loss of a regression over many rows, its gradient and
 * its curvature.
 *
 * Private to logistic_fit.c. Rows are cut into PIQ_LOGISTIC_SHARDS runs, each
 * summed on its own and then added in order: the same bits with any number of
 * threads.
 */
#ifndef PIQ_TRAIN_LOGISTIC_SUMS_H
#define PIQ_TRAIN_LOGISTIC_SUMS_H

#include "base/status.h"
#include "predict/logistic_model.h"
#include "train/kt_set.h"

enum {
    PIQ_LOGISTIC_SHARDS = 16,
    /* weights, weights of the missing, bias: in this order */
    PIQ_LOGISTIC_COEFFICIENTS = 2 * PIQ_N_FEATURES + 1
};

typedef struct piq_logistic_sums {
    double loss; /* nats, over all rows */
    double gradient[PIQ_LOGISTIC_COEFFICIENTS];
    /* [row][column], column <= row; estimated from every `stride`-th row */
    double curvature[PIQ_LOGISTIC_COEFFICIENTS][PIQ_LOGISTIC_COEFFICIENTS];
} piq_logistic_sums;

typedef struct piq_logistic_work {
    const piq_kt_set *set;
    const piq_logistic *scale; /* mean and sd are read */
    unsigned threads;          /* 0: all */
    size_t stride;             /* >= 1 */
    bool curvature;            /* is asked for; else left as it is */
} piq_logistic_work;

/* At `coefficients`. shards[PIQ_LOGISTIC_SHARDS] is scratch. */
void piq_logistic_sum(const piq_logistic_work *w, const double *coefficients,
                      piq_logistic_sums *shards, piq_logistic_sums *out);

#endif
