/* taste_fit_set.h - a log as the fit reads it: each learner's items in order.
 * Private to taste_fit*.c. */
#ifndef PIQ_TRAIN_TASTE_FIT_SET_H
#define PIQ_TRAIN_TASTE_FIT_SET_H

#include "base/arena.h"
#include "train/taste_fit.h"

typedef struct piq_taste_set {
    size_t n_learners, n_items, n;
    size_t *first;  /* [n_learners + 1] */
    uint32_t *item; /* [n] by (time, item) within a learner, distinct */
    float *weight;  /* [n] > 0, at most 1 */
    bool timed;
} piq_taste_set;

/* In `a`. Statuses of piq_taste_fit. */
PIQ_MUST_USE piq_status piq_taste_set_make(piq_arena *a,
                                           const piq_taste_log *log,
                                           piq_taste_set *out, piq_err *err);

/* The same learners without the entries where hidden[n] is set. In `a`.
 * PIQ_ENOMEM. */
PIQ_MUST_USE piq_status piq_taste_set_without(piq_arena *a,
                                              const piq_taste_set *s,
                                              const uint8_t *hidden,
                                              piq_taste_set *out);

#endif
