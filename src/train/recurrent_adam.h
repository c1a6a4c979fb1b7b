/* recurrent_adam.h - the recurrent net's optimiser.
 *
 * Adam (Kingma & Ba 2015) with gradient clipping by norm, decoupled weight
 * decay of the matrices (Loshchilov & Hutter 2019) and an average of the
 * weights over the last updates, which is what is kept.
 *
 * The tables (one row an item or concept) have one second moment a table, not
 * one a weight: Adam divides the rare gradients of a rare item by a small
 * number of their own, so that an item seen twice moves as far as one seen
 * often, and learns its two answers by heart. With one divisor a row moves by
 * its evidence, and the prior l2 |row|^2 / 2 shrinks the rare ones to their
 * concept.
 */
#ifndef PIQ_TRAIN_RECURRENT_ADAM_H
#define PIQ_TRAIN_RECURRENT_ADAM_H

#include "predict/recurrent_weights.h"

enum { PIQ_N_RECURRENT_TABLES = PIQ_RECURRENT_ITEM + 1 };

typedef struct piq_recurrent_adam {
    const piq_recurrent_layout *layout;
    double weight_decay; /* of the matrices, times the learning rate */
    double max_norm;     /* of the whole gradient */
    double prior[PIQ_N_RECURRENT_TABLES]; /* precision, by answer */
    double average;  /* share of the old average in the new, at most */
    float *weights;  /* this and the next three: all weights */
    float *averaged; /* the average of weights */
    float *first;    /* moments */
    float *second;
    double square[PIQ_N_RECURRENT_TABLES];  /* a table's second moment */
    size_t squares[PIQ_N_RECURRENT_TABLES]; /* gradients in it */
    size_t n_updates;
} piq_recurrent_adam;

/* Averaged starts as the weights. The arrays live in `a`. */
PIQ_MUST_USE piq_status piq_recurrent_adam_new(piq_arena *a,
                                               const piq_recurrent *start,
                                               piq_recurrent_adam *out);
/* One update by the gradient of the mean loss. */
void piq_recurrent_adam_update(piq_recurrent_adam *o, const float *grad,
                               double learning_rate);

#endif
