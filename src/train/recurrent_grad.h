/* recurrent_grad.h - a chunk of answers through the recurrent net and back.
 *
 * Forward and backward in single precision, products by BLAS. Formulas:
 * predict/recurrent_weights.h. Dropout (Srivastava et al. 2014, JMLR 15:1929)
 * on the embedding of what is asked, on what the head sees of h and on the
 * head's units; kept values are scaled up, so that nothing is to be done when
 * predicting.
 *
 * A piq_recurrent_pass is one shard's memory: one per thread.
 */
#ifndef PIQ_TRAIN_RECURRENT_GRAD_H
#define PIQ_TRAIN_RECURRENT_GRAD_H

#include "base/rng.h"
#include "predict/recurrent_weights.h"

#include <stdbool.h>
#include <stddef.h>

/* Rows of a chunk: row = step * lanes + lane. */
typedef struct piq_recurrent_pass {
    const piq_recurrent *m; /* shape and layout */
    const float *weights;   /* laid out as the model's */
    size_t lanes, steps;    /* of memory: the chunk's greatest */
    double dropout;         /* of h and units; 0: none */
    double dropout_embed;
    piq_rng rng; /* of dropout */
    /* What is put in, [rows]: */
    piq_recurrent_ask *ask;
    float *y;
    float *valid; /* 1, or 0: no row here, all else is ignored */
    float *keep;  /* 0 where a learner begins: what was before is forgotten */
    float *z;     /* [rows][n_features] standardised */
    float *carry; /* [2][lanes][hidden]: h and cell, from chunk to chunk */
    long *row;    /* the caller's own */
    /* What comes out, [rows]: */
    float *logit;
    double loss; /* summed over the chunk's rows, nats */
    /* Inside: */
    float *a, *a_mask;       /* [rows][embed] */
    float *in, *d_in;        /* [rows][2 embed + side + 2] */
    float *gates;            /* [rows][4 hidden]; backward: their gradient */
    float *before, *cells;   /* [rows][hidden] h and cell before the step */
    float *tanh_cell;        /* [rows][hidden] */
    float *h_head, *h_mask;  /* [rows][hidden] */
    float *match, *d_before; /* [rows][hidden] */
    float *units, *u_mask;   /* [rows][head] */
    float *d_units;          /* [rows][head] */
    float *d_a;              /* [rows][embed] */
    float *d_logit;          /* [rows] */
    float *d_h, *d_cell;     /* [lanes][hidden] */
    float *ones;             /* [rows] */
} piq_recurrent_pass;

/* Lives in `a`. */
PIQ_MUST_USE piq_status piq_recurrent_pass_new(piq_arena *a,
                                               const piq_recurrent *m,
                                               size_t lanes, size_t steps,
                                               piq_recurrent_pass *out);

/* Logits and loss of the rows put in; moves `carry` on. */
void piq_recurrent_forward(piq_recurrent_pass *p);
/* After a forward: adds the gradient of scale * loss to grad[], laid out as
 * the weights. */
void piq_recurrent_backward(piq_recurrent_pass *p, float scale, float *grad);

#endif
