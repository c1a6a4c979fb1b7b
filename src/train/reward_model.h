/* reward_model.h - what an action would have been worth: a logistic regression
 * of rewards in [0,1] on features of context and action.
 *
 * Minimises sum of cross entropies + l2/2 |weights|^2 (the first weight, of the
 * constant, is free) by Newton's method with halved steps. Pure; features come
 * from the caller.
 */
#ifndef PIQ_TRAIN_REWARD_MODEL_H
#define PIQ_TRAIN_REWARD_MODEL_H

#include "base/arena.h"
#include "base/status.h"

#include <stdint.h>

enum { PIQ_REWARD_MAX_WIDTH = 512 };

/* Rows to learn from, dense. */
typedef struct piq_reward_rows {
    size_t n, width;     /* width 1 .. PIQ_REWARD_MAX_WIDTH */
    const double *x;     /* [n][width]; the first column ones */
    const double *y;     /* [n] in [0,1] */
    const uint8_t *fold; /* [n]; NULL: all rows are used */
    uint8_t left_out;    /* rows of that fold are not */
} piq_reward_rows;

/* weights[width]. Without rows, or all of one reward, the constant says so and
 * the rest is 0 or near. Scratch memory from `scratch`. PIQ_ENOMEM. */
PIQ_MUST_USE piq_status piq_reward_fit(piq_arena *scratch,
                                       const piq_reward_rows *rows, double l2,
                                       double *weights);

/* Expected reward, in (0,1). */
double piq_reward_predict(const double *weights, const double *x, size_t width);

#endif
