/* The way back through the net: one function for each one forward, in the
 * opposite order. d_x is the derivative of the loss by x. */
#include "num/vector.h"
#include "train/recurrent_products.h"

#include <math.h>
#include <string.h>

static float *grad_at(const piq_recurrent_pass *p, float *grad,
                      piq_recurrent_block b)
{
    return grad + p->m->layout.at[b];
}

/* grad of block b += x^T d; the block is [width of x][width of d]. */
static void add_to_block(const piq_recurrent_pass *p, float *grad,
                         piq_recurrent_block b, const float *x, const float *d)
{
    size_t rows = p->m->layout.rows[b];
    size_t cols = p->m->layout.cols[b];
    piq_add_outer(grad_at(p, grad, b), rows, cols, piq_pass_rows(p),
                  (piq_matrix){x, rows}, (piq_matrix){d, cols});
}

static void logits_back(piq_recurrent_pass *p, float scale, float *grad)
{
    for (size_t r = 0; r < piq_pass_rows(p); r++) {
        double sure = 1 / (1 + exp(-(double)p->logit[r]));
        p->d_logit[r] =
            p->valid[r] > 0 ? scale * (float)(sure - (double)p->y[r]) : 0;
    }
    add_to_block(p, grad, PIQ_RECURRENT_OUT, p->d_logit, p->units);
    add_to_block(p, grad, PIQ_RECURRENT_SKIP, p->d_logit, p->z);
    add_to_block(p, grad, PIQ_RECURRENT_OUT_BIAS, p->d_logit, p->ones);
}

/* d_units: where a unit was positive it was kept and not rectified. */
static void units_back(piq_recurrent_pass *p)
{
    size_t n = p->m->shape.head;
    const float *out = piq_pass_block(p, PIQ_RECURRENT_OUT);
    for (size_t r = 0; r < piq_pass_rows(p); r++)
        for (size_t j = 0; j < n; j++) {
            float mask = p->dropout > 0 ? p->u_mask[r * n + j] : 1;
            p->d_units[r * n + j] =
                p->units[r * n + j] > 0 ? p->d_logit[r] * out[j] * mask : 0;
        }
}

/* Makes d_a and d_before (the head's share of both). `match` becomes its own
 * gradient on the way. */
static void head_back(piq_recurrent_pass *p, float *grad)
{
    const piq_recurrent_shape *s = &p->m->shape;
    size_t rows = piq_pass_rows(p);
    units_back(p);
    add_to_block(p, grad, PIQ_RECURRENT_HEAD_H, p->h_head, p->d_units);
    add_to_block(p, grad, PIQ_RECURRENT_HEAD_ASK, p->a, p->d_units);
    add_to_block(p, grad, PIQ_RECURRENT_HEAD_X, p->z, p->d_units);
    add_to_block(p, grad, PIQ_RECURRENT_HEAD_BIAS, p->ones, p->d_units);
    for (size_t r = 0; r < rows; r++)
        for (size_t j = r * s->hidden; j < (r + 1) * s->hidden; j++) {
            float match = p->match[j];
            p->match[j] = p->d_logit[r] * p->h_head[j];
            p->d_before[j] = p->d_logit[r] * match;
        }
    piq_times_transposed(
        p->d_before, rows, s->hidden, s->head,
        (piq_matrix){p->d_units, s->head},
        (piq_matrix){piq_pass_block(p, PIQ_RECURRENT_HEAD_H), s->head}, 1);
    if (p->dropout > 0)
        for (size_t j = 0; j < rows * s->hidden; j++)
            p->d_before[j] *= p->h_mask[j];
    add_to_block(p, grad, PIQ_RECURRENT_MATCH, p->a, p->match);
    add_to_block(p, grad, PIQ_RECURRENT_MATCH_BIAS, p->ones, p->match);
    piq_times_transposed(
        p->d_a, rows, s->embed, s->hidden, (piq_matrix){p->match, s->hidden},
        (piq_matrix){piq_pass_block(p, PIQ_RECURRENT_MATCH), s->hidden}, 0);
    piq_times_transposed(
        p->d_a, rows, s->embed, s->head, (piq_matrix){p->d_units, s->head},
        (piq_matrix){piq_pass_block(p, PIQ_RECURRENT_HEAD_ASK), s->head}, 1);
}

/* One step of one lane: the gates become the gradient of what went into them,
 * d_cell that of the cell before. */
static void cell_back(float *gates, const float *cell, const float *tanh_cell,
                      const float *d_h, float *d_cell, size_t n)
{
    for (size_t j = 0; j < n; j++) {
        float in = gates[j];
        float forget = gates[n + j];
        float out = gates[2 * n + j];
        float fresh = gates[3 * n + j];
        float d = d_cell[j] + d_h[j] * out * (1 - tanh_cell[j] * tanh_cell[j]);
        gates[j] = d * fresh * in * (1 - in);
        gates[n + j] = d * cell[j] * forget * (1 - forget);
        gates[2 * n + j] = d_h[j] * tanh_cell[j] * out * (1 - out);
        gates[3 * n + j] = d * in * (1 - fresh * fresh);
        d_cell[j] = d * forget;
    }
}

/* Adds to d_before what comes through time. */
static void recur_back(piq_recurrent_pass *p, float *grad)
{
    size_t n = p->m->shape.hidden;
    size_t lanes = p->lanes;
    const piq_matrix loop = {piq_pass_block(p, PIQ_RECURRENT_LOOP), 4 * n};
    memset(p->d_h, 0, lanes * n * sizeof *p->d_h);
    memset(p->d_cell, 0, lanes * n * sizeof *p->d_cell);
    for (size_t t = p->steps; t-- > 0;) {
        size_t row = t * lanes;
        float *d_before = p->d_before + row * n;
        for (size_t k = 0; k < lanes; k++)
            cell_back(p->gates + (row + k) * 4 * n, p->cells + (row + k) * n,
                      p->tanh_cell + (row + k) * n, p->d_h + k * n,
                      p->d_cell + k * n, n);
        piq_times_transposed(d_before, lanes, n, 4 * n,
                             (piq_matrix){p->gates + row * 4 * n, 4 * n}, loop,
                             1);
        for (size_t k = 0; k < lanes; k++)
            for (size_t j = k * n; j < (k + 1) * n; j++) {
                p->d_h[j] = d_before[j] * p->keep[row + k];
                p->d_cell[j] *= p->keep[row + k];
            }
    }
    add_to_block(p, grad, PIQ_RECURRENT_LOOP, p->before, p->gates);
}

/* From the gates to a, s and what makes them; adds to d_a. */
static void inputs_back(piq_recurrent_pass *p, float *grad)
{
    const piq_recurrent_shape *s = &p->m->shape;
    size_t d = s->embed;
    size_t rows = piq_pass_rows(p);
    size_t width = piq_pass_in_width(p->m);
    size_t gates = 4 * (size_t)s->hidden;
    piq_add_outer(grad_at(p, grad, PIQ_RECURRENT_IN_RIGHT), width, gates, rows,
                  (piq_matrix){p->in, width}, (piq_matrix){p->gates, gates});
    /* The last two inputs are the answer: nothing lies behind them. */
    size_t inner = width - 2;
    piq_times_transposed(
        p->d_in, rows, inner, gates, (piq_matrix){p->gates, gates},
        (piq_matrix){piq_pass_block(p, PIQ_RECURRENT_IN_RIGHT), gates}, 0);
    piq_add_outer(grad_at(p, grad, PIQ_RECURRENT_SIDE), s->n_features, s->side,
                  rows, (piq_matrix){p->z, s->n_features},
                  (piq_matrix){p->d_in + 2 * d, inner});
    for (size_t r = 0; r < rows; r++) {
        const float *half = p->d_in + r * inner + (p->y[r] > .5f ? 0 : d);
        piq_vector_add(p->d_a + r * d, 1, half, d);
    }
}

/* One row's d_a into the tables. */
static void tables_back(const piq_recurrent_pass *p, piq_recurrent_ask at,
                        const float *d_a, float *grad)
{
    size_t d = p->m->shape.embed;
    const size_t concept = at.concept * d;
    piq_vector_add(grad_at(p, grad, PIQ_RECURRENT_CONCEPT) + concept, 1, d_a,
                   d);
    piq_vector_add(grad_at(p, grad, PIQ_RECURRENT_CONTEXT) + at.context * d, 1,
                   d_a, d);
    if (at.item == p->m->shape.n_items)
        return;
    piq_vector_add(grad_at(p, grad, PIQ_RECURRENT_ITEM) + at.item * d, 1, d_a,
                   d);
    piq_vector_add(grad_at(p, grad, PIQ_RECURRENT_VARIATION) + concept,
                   piq_pass_block(p, PIQ_RECURRENT_DIFFICULTY)[at.item], d_a,
                   d);
    grad_at(p, grad, PIQ_RECURRENT_DIFFICULTY)[at.item] += piq_vector_dot(
        d_a, piq_pass_block(p, PIQ_RECURRENT_VARIATION) + concept, d);
}

static void embed_back(piq_recurrent_pass *p, float *grad)
{
    size_t d = p->m->shape.embed;
    for (size_t r = 0; r < piq_pass_rows(p); r++) {
        if (!(p->valid[r] > 0))
            continue;
        float *d_a = p->d_a + r * d;
        if (p->dropout_embed > 0)
            for (size_t j = 0; j < d; j++)
                d_a[j] *= p->a_mask[r * d + j];
        tables_back(p, piq_recurrent_known(p->m, &p->ask[r]), d_a, grad);
    }
}

void piq_recurrent_backward(piq_recurrent_pass *p, float scale, float *grad)
{
    logits_back(p, scale, grad);
    head_back(p, grad);
    recur_back(p, grad);
    inputs_back(p, grad);
    embed_back(p, grad);
}
