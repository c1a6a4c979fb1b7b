/* recurrent_fit.h - fitting the recurrent net: truncated back-propagation
 * through time, Adam, early stopping on validation.
 *
 * Matrix products by BLAS; gradients by hand, checked against finite
 * differences. Learners are dealt to a fixed number of shards whose gradients
 * are added in order, so that threads do not change the result. The number of
 * epochs is fixed in advance by the size of the data, because the learning
 * rate falls to nothing at its end; validation picks the best of them.
 *
 * While a fit runs, BLAS is set to one thread for the whole process.
 */
#ifndef PIQ_TRAIN_RECURRENT_FIT_H
#define PIQ_TRAIN_RECURRENT_FIT_H

#include "predict/recurrent.h"
#include "train/fit_watch.h"
#include "train/kt_set.h"

typedef struct piq_recurrent_options {
    unsigned hidden, embed, side, head; /* multiples of 8, at most 256 */
    unsigned batch;                     /* lanes of learners at once, even */
    unsigned chunk;                     /* answers of each between updates */
    unsigned updates;                   /* wanted; epochs follow from it */
    unsigned min_epochs, max_epochs;    /* but at least, at most so many */
    unsigned patience; /* epochs without a better validation loss */
    double learning_rate;
    double dropout, dropout_embed; /* [0, 1) */
    double weight_decay;
    /* Precision of a normal prior on each weight of a concept's rows, of an
     * item's difficulty, of an item's own row; in answers. */
    double l2_concepts, l2_difficulty, l2_items;
    /* An item of n training answers is shown as the unknown item with chance
     * doubt / (doubt + n), so that concepts alone are learned too. */
    double doubt;
    double average;   /* share of the old in the moving average of weights */
    unsigned threads; /* 1, or 2 and more: two shards at once */
    uint64_t seed;
} piq_recurrent_options;
const piq_recurrent_options *piq_recurrent_option_defaults(void);

/* Same data, options and seed: the same weights, whatever the threads. Stopped
 * by the watch: the best so far. PIQ_EINVAL: no rows to train on, options out
 * of range; PIQ_ENOMEM. Without validation rows the last epoch is kept. */
PIQ_MUST_USE piq_status piq_recurrent_fit(const piq_kt_set *train,
                                          const piq_kt_set *valid,
                                          const piq_recurrent_options *o,
                                          const piq_fit_watch *watch,
                                          piq_recurrent **out, piq_err *err);

#endif
