#include "train/recurrent_grad.h"

#include "num/vector.h"
#include "train/recurrent_products.h"

#include <math.h>
#include <string.h>

piq_status piq_recurrent_pass_new(piq_arena *a, const piq_recurrent *m,
                                  size_t lanes, size_t steps,
                                  piq_recurrent_pass *out)
{
    const piq_recurrent_shape *s = &m->shape;
    size_t rows = lanes * steps;
    piq_recurrent_pass p = {.m = m, .lanes = lanes, .steps = steps};
    const struct {
        float **to;
        size_t n;
    } arrays[] = {
        {&p.y, rows},
        {&p.valid, rows},
        {&p.keep, rows},
        {&p.z, rows * s->n_features},
        {&p.carry, 2 * lanes * s->hidden},
        {&p.logit, rows},
        {&p.a, rows * s->embed},
        {&p.a_mask, rows * s->embed},
        {&p.in, rows * piq_pass_in_width(m)},
        {&p.d_in, rows * piq_pass_in_width(m)},
        {&p.gates, rows * 4 * s->hidden},
        {&p.before, rows * s->hidden},
        {&p.cells, rows * s->hidden},
        {&p.tanh_cell, rows * s->hidden},
        {&p.h_head, rows * s->hidden},
        {&p.h_mask, rows * s->hidden},
        {&p.match, rows * s->hidden},
        {&p.d_before, rows * s->hidden},
        {&p.units, rows * s->head},
        {&p.u_mask, rows * s->head},
        {&p.d_units, rows * s->head},
        {&p.d_a, rows * s->embed},
        {&p.d_logit, rows},
        {&p.d_h, lanes * s->hidden},
        {&p.d_cell, lanes * s->hidden},
        {&p.ones, rows},
    };
    p.ask = piq_new(a, piq_recurrent_ask, rows);
    p.row = piq_new(a, long, rows);
    if (!p.ask || !p.row)
        return PIQ_ENOMEM;
    for (size_t i = 0; i < sizeof arrays / sizeof *arrays; i++) {
        *arrays[i].to = piq_new(a, float, arrays[i].n);
        if (!*arrays[i].to)
            return PIQ_ENOMEM;
    }
    for (size_t i = 0; i < rows; i++)
        p.ones[i] = 1;
    *out = p;
    return PIQ_OK;
}

static void multiply(float *x, const float *by, size_t n)
{
    for (size_t i = 0; i < n; i++)
        x[i] *= by[i];
}

/* --- dropout ----------------------------------------------------------------
 */

/* 0 or 1 / (1 - rate), eight decisions out of one random number: the rate is
 * held in 256ths. */
static void draw_mask(piq_rng *rng, double rate, float *mask, size_t n)
{
    unsigned limit = (unsigned)(rate * 256 + .5);
    float kept = 256.f / (float)(256 - limit);
    uint64_t bits = 0;
    for (size_t i = 0; i < n; i++) {
        if (i % 8 == 0)
            bits = piq_rng_u64(rng);
        mask[i] = (bits & 255) < limit ? 0 : kept;
        bits >>= 8;
    }
}

/* --- forward ----------------------------------------------------------------
 */

static void embed_rows(piq_recurrent_pass *p)
{
    size_t d = p->m->shape.embed;
    size_t n = piq_pass_rows(p);
    for (size_t r = 0; r < n; r++)
        piq_recurrent_embed(p->m, p->weights, &p->ask[r], p->a + r * d);
    if (p->dropout_embed <= 0)
        return;
    draw_mask(&p->rng, p->dropout_embed, p->a_mask, n * d);
    multiply(p->a, p->a_mask, n * d);
}

/* in = a where right, a where wrong, s, right, wrong: the order of the blocks
 * from IN_RIGHT on, so that one product makes all gates but for the loop. */
static void fill_inputs(piq_recurrent_pass *p)
{
    const piq_recurrent_shape *s = &p->m->shape;
    size_t d = s->embed;
    size_t width = piq_pass_in_width(p->m);
    size_t n = piq_pass_rows(p);
    cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, (int)n, (int)s->side,
                (int)s->n_features, 1, p->z, (int)s->n_features,
                piq_pass_block(p, PIQ_RECURRENT_SIDE), (int)s->side, 0,
                p->in + 2 * d, (int)width);
    for (size_t r = 0; r < n; r++) {
        float *in = p->in + r * width;
        bool right = p->y[r] > .5f;
        memset(in, 0, 2 * d * sizeof *in);
        memcpy(in + (right ? 0 : d), p->a + r * d, d * sizeof *in);
        in[width - 2] = right ? 1 : 0;
        in[width - 1] = right ? 0 : 1;
    }
}

/* One step of one lane: gates are what goes into them, then what comes out. */
static void cell_forward(float *gates, const float *cell, float *next_cell,
                         float *tanh_cell, float *h, size_t n)
{
    piq_vector_sigmoid(gates, 3 * n);
    piq_vector_tanh(gates + 3 * n, n);
    for (size_t j = 0; j < n; j++)
        next_cell[j] = gates[n + j] * cell[j] + gates[j] * gates[3 * n + j];
    memcpy(tanh_cell, next_cell, n * sizeof *tanh_cell);
    piq_vector_tanh(tanh_cell, n);
    for (size_t j = 0; j < n; j++)
        h[j] = gates[2 * n + j] * tanh_cell[j];
}

static void recur(piq_recurrent_pass *p)
{
    size_t n = p->m->shape.hidden;
    size_t lanes = p->lanes;
    float *h = p->carry;
    float *cell = p->carry + lanes * n;
    const piq_matrix loop = {piq_pass_block(p, PIQ_RECURRENT_LOOP), 4 * n};
    for (size_t t = 0; t < p->steps; t++) {
        size_t row = t * lanes;
        float *before = p->before + row * n;
        for (size_t k = 0; k < lanes; k++)
            for (size_t j = 0; j < n; j++) {
                before[k * n + j] = p->keep[row + k] * h[k * n + j];
                p->cells[(row + k) * n + j] =
                    p->keep[row + k] * cell[k * n + j];
            }
        piq_times(p->gates + row * 4 * n, lanes, 4 * n, n,
                  (piq_matrix){before, n}, loop, 1);
        for (size_t k = 0; k < lanes; k++)
            cell_forward(p->gates + (row + k) * 4 * n, p->cells + (row + k) * n,
                         cell + k * n, p->tanh_cell + (row + k) * n, h + k * n,
                         n);
    }
}

/* out[n][cols] = the same row n times. */
static void repeat_row(float *out, const float *row, size_t n, size_t cols)
{
    for (size_t r = 0; r < n; r++)
        memcpy(out + r * cols, row, cols * sizeof *out);
}

static void head_forward(piq_recurrent_pass *p)
{
    const piq_recurrent_shape *s = &p->m->shape;
    size_t n = piq_pass_rows(p);
    memcpy(p->h_head, p->before, n * s->hidden * sizeof *p->h_head);
    if (p->dropout > 0) {
        draw_mask(&p->rng, p->dropout, p->h_mask, n * s->hidden);
        multiply(p->h_head, p->h_mask, n * s->hidden);
        draw_mask(&p->rng, p->dropout, p->u_mask, n * s->head);
    }
    repeat_row(p->units, piq_pass_block(p, PIQ_RECURRENT_HEAD_BIAS), n,
               s->head);
    piq_times(
        p->units, n, s->head, s->hidden, (piq_matrix){p->h_head, s->hidden},
        (piq_matrix){piq_pass_block(p, PIQ_RECURRENT_HEAD_H), s->head}, 1);
    piq_times(p->units, n, s->head, s->embed, (piq_matrix){p->a, s->embed},
              (piq_matrix){piq_pass_block(p, PIQ_RECURRENT_HEAD_ASK), s->head},
              1);
    piq_times(
        p->units, n, s->head, s->n_features, (piq_matrix){p->z, s->n_features},
        (piq_matrix){piq_pass_block(p, PIQ_RECURRENT_HEAD_X), s->head}, 1);
    for (size_t i = 0; i < n * s->head; i++)
        p->units[i] = p->units[i] > 0 ? p->units[i] : 0;
    if (p->dropout > 0)
        multiply(p->units, p->u_mask, n * s->head);
    repeat_row(p->match, piq_pass_block(p, PIQ_RECURRENT_MATCH_BIAS), n,
               s->hidden);
    piq_times(p->match, n, s->hidden, s->embed, (piq_matrix){p->a, s->embed},
              (piq_matrix){piq_pass_block(p, PIQ_RECURRENT_MATCH), s->hidden},
              1);
}

/* ln(1 + e^x), without overflow. */
static double softplus(double x)
{
    return (x > 0 ? x : 0) + log1p(exp(-fabs(x)));
}

static void logits(piq_recurrent_pass *p)
{
    const piq_recurrent_shape *s = &p->m->shape;
    float bias = *piq_pass_block(p, PIQ_RECURRENT_OUT_BIAS);
    p->loss = 0;
    for (size_t r = 0; r < piq_pass_rows(p); r++) {
        float x = bias;
        x += piq_vector_dot(p->units + r * s->head,
                            piq_pass_block(p, PIQ_RECURRENT_OUT), s->head);
        x += piq_vector_dot(p->z + r * s->n_features,
                            piq_pass_block(p, PIQ_RECURRENT_SKIP),
                            s->n_features);
        x += piq_vector_dot(p->h_head + r * s->hidden, p->match + r * s->hidden,
                            s->hidden);
        p->logit[r] = x;
        if (p->valid[r] > 0)
            p->loss += softplus((double)x) - (double)(p->y[r] * x);
    }
}

void piq_recurrent_forward(piq_recurrent_pass *p)
{
    embed_rows(p);
    fill_inputs(p);
    size_t gates = 4 * (size_t)p->m->shape.hidden;
    piq_times(p->gates, piq_pass_rows(p), gates, piq_pass_in_width(p->m),
              (piq_matrix){p->in, piq_pass_in_width(p->m)},
              (piq_matrix){piq_pass_block(p, PIQ_RECURRENT_IN_RIGHT), gates},
              0);
    recur(p);
    head_forward(p);
    logits(p);
}
