#include "predict/recurrent.h"

#include "num/vector.h"
#include "predict/recurrent_weights.h"

#include <assert.h>
#include <string.h>

/* Learners worked at once: enough to use a loaded weight many times, few
 * enough to stay in the nearest caches. */
enum { GROUP = 64, MAX_WIDTH = PIQ_RECURRENT_MAX_WIDTH };

/* Numbers from row to row: whole cache lines, and no power of two, for such
 * rows push one another out of the cache. */
enum {
    APART = 16,
    STRIDE = MAX_WIDTH + APART,
    WIDE_STRIDE = 4 * MAX_WIDTH + APART,
    X_STRIDE = PIQ_RECURRENT_MAX_FEATURES + APART
};

static_assert(PIQ_RECURRENT_MAX_STATE >= 2 * MAX_WIDTH,
              "a state is h and the cell");

size_t piq_recurrent_state_len(const piq_recurrent *m)
{
    return 2 * (size_t)m->shape.hidden;
}

/* What is asked of some learners, as numbers. One learner is a group of one,
 * so that single and batch cannot differ. */
typedef struct group {
    const piq_recurrent *m;
    size_t n;
    size_t n_right;      /* those who were right come first */
    float *state[GROUP]; /* h[hidden], then cell[hidden] */
    _Alignas(64) float h[GROUP][STRIDE];
    float z[GROUP][X_STRIDE];
    float a[GROUP][STRIDE];
    float s[GROUP][STRIDE];
    float wide[GROUP][WIDE_STRIDE]; /* gates */
} group;

static void group_add(group *g, const float *state,
                      const piq_recurrent_ask *ask, const float *x)
{
    size_t i = g->n++;
    memcpy(g->h[i], state, g->m->shape.hidden * sizeof(float));
    piq_recurrent_standardise(g->m, x, g->z[i]);
    piq_recurrent_embed(g->m, g->m->weights, ask, g->a[i]);
}

/* out[i] += x[i] block for rows first .. first + n - 1; x and out start their
 * rows at these strides. */
static void affine(const group *g, piq_recurrent_block b,
                   const piq_vector_rows *rows)
{
    piq_vector_affine_rows(rows, g->m->layout.cols[b], g->m->layout.rows[b],
                           piq_recurrent_get(g->m, b));
}

/* The head's rectified units into `units`, what h is matched with into
 * `match`. */
static void head(const group *g, float units[][STRIDE], float match[][STRIDE])
{
    const piq_recurrent *m = g->m;
    for (size_t i = 0; i < g->n; i++) {
        memcpy(units[i], piq_recurrent_get(m, PIQ_RECURRENT_HEAD_BIAS),
               m->shape.head * sizeof(float));
        memcpy(match[i], piq_recurrent_get(m, PIQ_RECURRENT_MATCH_BIAS),
               m->shape.hidden * sizeof(float));
    }
    piq_vector_rows r = {units[0], STRIDE, g->h[0], STRIDE, g->n};
    affine(g, PIQ_RECURRENT_HEAD_H, &r);
    r.x = g->a[0];
    affine(g, PIQ_RECURRENT_HEAD_ASK, &r);
    r.x = g->z[0];
    r.x_stride = X_STRIDE;
    affine(g, PIQ_RECURRENT_HEAD_X, &r);
    r = (piq_vector_rows){match[0], STRIDE, g->a[0], STRIDE, g->n};
    affine(g, PIQ_RECURRENT_MATCH, &r);
    for (size_t i = 0; i < g->n; i++)
        piq_vector_rectify(units[i], m->shape.head);
}

static void group_logits(const group *g, double *logits)
{
    const piq_recurrent *m = g->m;
    const piq_recurrent_shape *p = &m->shape;
    _Alignas(64) float units[GROUP][STRIDE];
    _Alignas(64) float match[GROUP][STRIDE];
    head(g, units, match);
    const float *out = piq_recurrent_get(m, PIQ_RECURRENT_OUT);
    const float *skip = piq_recurrent_get(m, PIQ_RECURRENT_SKIP);
    double bias = *piq_recurrent_get(m, PIQ_RECURRENT_OUT_BIAS);
    for (size_t i = 0; i < g->n; i++)
        logits[i] = bias + (double)piq_vector_dot(units[i], out, p->head) +
                    (double)piq_vector_dot(g->z[i], skip, p->n_features) +
                    (double)piq_vector_dot(g->h[i], match[i], p->hidden);
}

/* gates = bias + a in, for the learners with one kind of answer. */
static void gates_of_answer(group *g, size_t first, size_t n,
                            piq_recurrent_block bias, piq_recurrent_block in)
{
    size_t width = 4 * (size_t)g->m->shape.hidden;
    for (size_t i = first; i < first + n; i++)
        memcpy(g->wide[i], piq_recurrent_get(g->m, bias),
               width * sizeof(float));
    piq_vector_rows r = {g->wide[first], WIDE_STRIDE, g->a[first], STRIDE, n};
    affine(g, in, &r);
}

static void cell(const float *gates, size_t n, float *state)
{
    float *h = state;
    float *c = state + n;
    for (size_t j = 0; j < n; j++)
        c[j] = gates[n + j] * c[j] + gates[j] * gates[3 * n + j];
    memcpy(h, c, n * sizeof *h);
    piq_vector_tanh(h, n);
    for (size_t j = 0; j < n; j++)
        h[j] = gates[2 * n + j] * h[j];
}

static void group_step(group *g)
{
    size_t n = g->m->shape.hidden;
    gates_of_answer(g, 0, g->n_right, PIQ_RECURRENT_BIAS_RIGHT,
                    PIQ_RECURRENT_IN_RIGHT);
    gates_of_answer(g, g->n_right, g->n - g->n_right, PIQ_RECURRENT_BIAS_WRONG,
                    PIQ_RECURRENT_IN_WRONG);
    memset(g->s, 0, g->n * sizeof g->s[0]);
    piq_vector_rows r = {g->s[0], STRIDE, g->z[0], X_STRIDE, g->n};
    affine(g, PIQ_RECURRENT_SIDE, &r);
    r = (piq_vector_rows){g->wide[0], WIDE_STRIDE, g->s[0], STRIDE, g->n};
    affine(g, PIQ_RECURRENT_IN_SIDE, &r);
    r.x = g->h[0];
    affine(g, PIQ_RECURRENT_LOOP, &r);
    for (size_t i = 0; i < g->n; i++) {
        piq_vector_sigmoid(g->wide[i], 3 * n);
        piq_vector_tanh(g->wide[i] + 3 * n, n);
        cell(g->wide[i], n, g->state[i]);
    }
}

double piq_recurrent_logit(const piq_recurrent *m, const float *state,
                           const piq_recurrent_ask *ask, const float *x)
{
    group g;
    g.m = m;
    g.n = 0;
    group_add(&g, state, ask, x);
    double logit;
    group_logits(&g, &logit);
    return logit;
}

void piq_recurrent_step(const piq_recurrent *m, float *state,
                        const piq_recurrent_ask *ask, const float *x,
                        bool right)
{
    group g;
    g.m = m;
    g.n = 0;
    g.n_right = right ? 1 : 0;
    g.state[0] = state;
    group_add(&g, state, ask, x);
    group_step(&g);
}

/* At most GROUP learners. */
static void batch(const piq_recurrent *m, float *const *state,
                  const piq_recurrent_ask *ask, const float *x,
                  const bool *right, size_t n, double *logits)
{
    group g;
    g.m = m;
    g.n = 0;
    size_t who[GROUP] = {0};
    for (int was = 1; was >= 0; was--) {
        for (size_t i = 0; i < n; i++) {
            if (right[i] != (was == 1))
                continue;
            who[g.n] = i;
            g.state[g.n] = state[i];
            group_add(&g, state[i], &ask[i], x + i * m->shape.n_features);
        }
        g.n_right = was ? g.n : g.n_right;
    }
    double sorted[GROUP] = {0};
    group_logits(&g, sorted);
    for (size_t i = 0; i < n; i++)
        logits[who[i]] = sorted[i];
    group_step(&g);
}

void piq_recurrent_batch(const piq_recurrent *m, float *const *state,
                         const piq_recurrent_ask *ask, const float *x,
                         const bool *right, size_t n, double *logits)
{
    for (size_t i = 0; i < n; i += GROUP)
        batch(m, state + i, ask + i, x + i * m->shape.n_features, right + i,
              n - i < GROUP ? n - i : GROUP, logits + i);
}
