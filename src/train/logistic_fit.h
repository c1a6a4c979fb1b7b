/* logistic_fit.h - the regularised logistic regression, by Newton's method.
 *
 * Minimises sum of log losses + l2/2 (sum of squares of the weights, those of
 * the indicators of missing values included, the bias not).
 */
#ifndef PIQ_TRAIN_LOGISTIC_FIT_H
#define PIQ_TRAIN_LOGISTIC_FIT_H

#include "predict/logistic_model.h"
#include "train/fit_watch.h"
#include "train/kt_set.h"

typedef struct piq_logistic_options {
    /* The prior's precision: a weight of a standardised column is taken to be
     * of the size of 1/sqrt(l2). Of the whole, so it counts where answers are
     * few. > 0. */
    double l2;
    unsigned max_steps; /* of Newton's method */
    /* Of more rows than so many the curvature is estimated. Costs steps, does
     * not move the optimum. */
    size_t curvature_rows;
    unsigned threads; /* 0: all */
} piq_logistic_options;
const piq_logistic_options *piq_logistic_option_defaults(void);

/* Same data and options but for the threads, same bits. The rounds that the
 * watch sees are steps, with train_loss alone. PIQ_EINVAL: no rows, an option
 * out of range. PIQ_ENOMEM. *out is written on success only. */
PIQ_MUST_USE piq_status piq_logistic_fit(const piq_kt_set *train,
                                         const piq_logistic_options *o,
                                         const piq_fit_watch *watch,
                                         piq_logistic *out, piq_err *err);

#endif
