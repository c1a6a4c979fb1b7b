/* kt_set.h - rows ready to be fitted on: features, ids and outcomes.
 *
 * Rows of learners one after the other, in time order; made by kt_rows.c from
 * kt_data through the one feature pipeline. A row is what was known before its
 * answer, and the answer. Rows of a learner whose statistics would contain
 * themselves are made with an out-of-fold item table.
 */
#ifndef PIQ_TRAIN_KT_SET_H
#define PIQ_TRAIN_KT_SET_H

#include "feature/feature.h"

typedef struct piq_kt_set {
    size_t n_learners;
    size_t n_rows;
    size_t *first;     /* [n_learners + 1] */
    float *x;          /* [n_rows][PIQ_N_FEATURES]; NaN unknown */
    float *y;          /* [n_rows] 0 or 1 */
    uint32_t *item;    /* [n_rows] the model's number of it; n_items unknown */
    uint16_t *concept; /* [n_rows] of the greatest weight; n_concepts unknown */
    uint8_t *context;  /* [n_rows] piq_attempt_context */
    size_t n_items;    /* known to the model */
    size_t n_concepts;
} piq_kt_set;

#endif
