/* recurrent_weights.h - the recurrent net's weights in one array of blocks.
 *
 * Private to predict/recurrent*.c and train/recurrent_*.c. Every block is a
 * matrix [rows][cols], row by row, inputs by outputs, all in one array of
 * floats, so that optimiser, gradient check and file see one thing.
 *
 * Formulas, with H hidden, D embed, S side, M head, F features; y the answer,
 * i item, c concept, k context, z the standardised features:
 *
 *   a = CONCEPT[c] + CONTEXT[k] (+ ITEM[i] + DIFFICULTY[i] VARIATION[c]
 *       where the item is known: an unknown one is nothing but its concept)
 *   s = z SIDE
 *   gates = BIAS_y + a IN_y + s IN_SIDE + h LOOP          y: RIGHT or WRONG
 *   in, forget, out = sigmoid of the first 3H, new = tanh of the last H
 *   cell' = forget cell + in new,  h' = out tanh(cell')
 *   r = max(0, HEAD_BIAS + h HEAD_H + a HEAD_ASK + z HEAD_X)
 *   logit = OUT_BIAS + r OUT + z SKIP + h (a MATCH + MATCH_BIAS)
 *
 * The cell is Hochreiter & Schmidhuber 1997 with the forget gate of Gers et
 * al. 2000; an item as its concept plus a scalar times a variation of the
 * concept is Ghosh, Heffernan & Lan 2020 (AKT, KDD, section 3.3).
 */
#ifndef PIQ_PREDICT_RECURRENT_WEIGHTS_H
#define PIQ_PREDICT_RECURRENT_WEIGHTS_H

#include "base/arena.h"
#include "base/status.h"
#include "feature/trail.h"
#include "predict/recurrent.h"

#include <stddef.h>
#include <stdint.h>

typedef struct piq_recurrent_shape {
    uint32_t n_items;
    uint32_t n_concepts; /* known; one more row stands for the unknown */
    uint32_t n_features;
    uint32_t hidden; /* this and the next three: multiples of 8 */
    uint32_t embed;
    uint32_t side;
    uint32_t head;
} piq_recurrent_shape;

enum {
    PIQ_RECURRENT_CONTEXTS = PIQ_N_CONTEXTS,
    PIQ_RECURRENT_MAX_WIDTH = 256, /* of hidden, embed, side, head */
    PIQ_RECURRENT_MAX_FEATURES = 256,
    PIQ_RECURRENT_MAX_ITEMS = 1 << 22,
    PIQ_RECURRENT_MAX_CONCEPTS = 65535
};
/* Of all blocks together: 512 MiB. */
#define PIQ_RECURRENT_MAX_FLOATS ((size_t)1 << 27)

/* X(NAME, rows, cols), of a shape p. IN_RIGHT to BIAS_WRONG are read as one
 * matrix by the fit, so they stay together and in this order. */
#define PIQ_RECURRENT_BLOCKS(X)                                                \
    X(CONCEPT, p->n_concepts + 1, p->embed)                                    \
    X(VARIATION, p->n_concepts + 1, p->embed)                                  \
    X(DIFFICULTY, p->n_items, 1)                                               \
    X(ITEM, p->n_items, p->embed)                                              \
    X(CONTEXT, PIQ_RECURRENT_CONTEXTS, p->embed)                               \
    X(SIDE, p->n_features, p->side)                                            \
    X(IN_RIGHT, p->embed, 4 * p->hidden)                                       \
    X(IN_WRONG, p->embed, 4 * p->hidden)                                       \
    X(IN_SIDE, p->side, 4 * p->hidden)                                         \
    X(BIAS_RIGHT, 1, 4 * p->hidden)                                            \
    X(BIAS_WRONG, 1, 4 * p->hidden)                                            \
    X(LOOP, p->hidden, 4 * p->hidden)                                          \
    X(HEAD_H, p->hidden, p->head)                                              \
    X(HEAD_ASK, p->embed, p->head)                                             \
    X(HEAD_X, p->n_features, p->head)                                          \
    X(HEAD_BIAS, 1, p->head)                                                   \
    X(MATCH, p->embed, p->hidden)                                              \
    X(MATCH_BIAS, 1, p->hidden)                                                \
    X(OUT, 1, p->head)                                                         \
    X(SKIP, 1, p->n_features)                                                  \
    X(OUT_BIAS, 1, 1)

typedef enum piq_recurrent_block {
#define PIQ_RECURRENT_ENUM(NAME, rows, cols) PIQ_RECURRENT_##NAME,
    PIQ_RECURRENT_BLOCKS(PIQ_RECURRENT_ENUM)
#undef PIQ_RECURRENT_ENUM
        PIQ_N_RECURRENT_BLOCKS
} piq_recurrent_block;

typedef struct piq_recurrent_layout {
    size_t at[PIQ_N_RECURRENT_BLOCKS + 1]; /* the last: floats in all */
    uint32_t rows[PIQ_N_RECURRENT_BLOCKS];
    uint32_t cols[PIQ_N_RECURRENT_BLOCKS];
} piq_recurrent_layout;

struct piq_recurrent {
    piq_recurrent_shape shape;
    piq_recurrent_layout layout;
    float *mean;     /* [n_features] of the features */
    float *inverse;  /* [n_features] 1 / sd, > 0 */
    float *weights;  /* [layout.at[PIQ_N_RECURRENT_BLOCKS]] */
    piq_arena arena; /* owns the arrays */
};

/* A standardised feature is held within this many deviations. */
#define PIQ_RECURRENT_CLIP 5.0f

/* False: a number out of its range. */
bool piq_recurrent_shape_good(const piq_recurrent_shape *p);

/* All weights and means 0, inverse 1; the shape is good. PIQ_ENOMEM. Freed by
 * piq_recurrent_free. */
PIQ_MUST_USE piq_status piq_recurrent_new(const piq_recurrent_shape *p,
                                          piq_recurrent **out);

/* Where a block starts in an array laid out as the weights. */
static inline float *piq_recurrent_at(const piq_recurrent *m, float *array,
                                      piq_recurrent_block b)
{
    return array + m->layout.at[b];
}

static inline const float *piq_recurrent_get(const piq_recurrent *m,
                                             piq_recurrent_block b)
{
    return m->weights + m->layout.at[b];
}

/* z[n_features] of x: standardised, held in, 0 where x is NaN. */
void piq_recurrent_standardise(const piq_recurrent *m, const float *x,
                               float *z);
/* The rows of the tables: n_items where the item is not known, the unknown's
 * row where the concept is not. */
piq_recurrent_ask piq_recurrent_known(const piq_recurrent *m,
                                      const piq_recurrent_ask *ask);
/* a[embed] of what is asked, by any array of weights. */
void piq_recurrent_embed(const piq_recurrent *m, const float *weights,
                         const piq_recurrent_ask *ask, float *a);

#endif
