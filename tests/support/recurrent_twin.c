#include "support/recurrent_twin.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

void twin_init(twin *t, const piq_recurrent *m)
{
    size_t n = m->layout.at[PIQ_N_RECURRENT_BLOCKS];
    *t = (twin){.m = m, .weights = malloc(n * sizeof *t->weights)};
    for (size_t i = 0; i < n; i++)
        t->weights[i] = (double)m->weights[i];
}

void twin_release(twin *t)
{
    free(t->weights);
}

void twin_forget(twin *t)
{
    memset(t->h, 0, sizeof t->h);
    memset(t->cell, 0, sizeof t->cell);
}

static const double *at(const twin *t, piq_recurrent_block b)
{
    return t->weights + t->m->layout.at[b];
}

/* out += x block; x of the block's rows. */
static void add(const twin *t, piq_recurrent_block b, const double *x,
                double *out)
{
    size_t cols = t->m->layout.cols[b];
    for (size_t i = 0; i < t->m->layout.rows[b]; i++)
        for (size_t j = 0; j < cols; j++)
            out[j] += x[i] * at(t, b)[i * cols + j];
}

static void standard(const twin *t, const float *x, double *z)
{
    for (size_t j = 0; j < t->m->shape.n_features; j++) {
        double v =
            ((double)x[j] - (double)t->m->mean[j]) * (double)t->m->inverse[j];
        v = fmax(-(double)PIQ_RECURRENT_CLIP,
                 fmin((double)PIQ_RECURRENT_CLIP, v));
        z[j] = isnan(x[j]) ? 0 : v;
    }
}

static void embed(const twin *t, const piq_recurrent_ask *ask, double *a)
{
    const piq_recurrent_shape *s = &t->m->shape;
    size_t concept =
        ask->concept < s->n_concepts ? ask->concept : s->n_concepts;
    for (size_t j = 0; j < s->embed; j++)
        a[j] = at(t, PIQ_RECURRENT_CONCEPT)[concept * s->embed + j] +
               at(t, PIQ_RECURRENT_CONTEXT)[ask->context * s->embed + j];
    if (ask->item >= s->n_items)
        return;
    double difficulty = at(t, PIQ_RECURRENT_DIFFICULTY)[ask->item];
    for (size_t j = 0; j < s->embed; j++)
        a[j] +=
            at(t, PIQ_RECURRENT_ITEM)[ask->item * s->embed + j] +
            difficulty * at(t, PIQ_RECURRENT_VARIATION)[concept * s->embed + j];
}

double twin_logit(const twin *t, const piq_recurrent_ask *ask, const float *x)
{
    const piq_recurrent_shape *s = &t->m->shape;
    double z[PIQ_RECURRENT_MAX_FEATURES];
    double a[TWIN_MAX];
    double units[TWIN_MAX];
    double match[TWIN_MAX];
    standard(t, x, z);
    embed(t, ask, a);
    memcpy(units, at(t, PIQ_RECURRENT_HEAD_BIAS), s->head * sizeof *units);
    add(t, PIQ_RECURRENT_HEAD_H, t->h, units);
    add(t, PIQ_RECURRENT_HEAD_ASK, a, units);
    add(t, PIQ_RECURRENT_HEAD_X, z, units);
    memcpy(match, at(t, PIQ_RECURRENT_MATCH_BIAS), s->hidden * sizeof *match);
    add(t, PIQ_RECURRENT_MATCH, a, match);
    double logit = *at(t, PIQ_RECURRENT_OUT_BIAS);
    for (size_t j = 0; j < s->head; j++)
        logit += fmax(0, units[j]) * at(t, PIQ_RECURRENT_OUT)[j];
    for (size_t j = 0; j < s->n_features; j++)
        logit += z[j] * at(t, PIQ_RECURRENT_SKIP)[j];
    for (size_t j = 0; j < s->hidden; j++)
        logit += t->h[j] * match[j];
    return logit;
}

static double sigmoid(double x)
{
    return 1 / (1 + exp(-x));
}

void twin_step(twin *t, const piq_recurrent_ask *ask, const float *x,
               bool right)
{
    size_t n = t->m->shape.hidden;
    double z[PIQ_RECURRENT_MAX_FEATURES];
    double a[TWIN_MAX];
    double side[TWIN_MAX] = {0};
    double gates[4 * TWIN_MAX];
    standard(t, x, z);
    embed(t, ask, a);
    add(t, PIQ_RECURRENT_SIDE, z, side);
    memcpy(gates,
           at(t, right ? PIQ_RECURRENT_BIAS_RIGHT : PIQ_RECURRENT_BIAS_WRONG),
           4 * n * sizeof *gates);
    add(t, right ? PIQ_RECURRENT_IN_RIGHT : PIQ_RECURRENT_IN_WRONG, a, gates);
    add(t, PIQ_RECURRENT_IN_SIDE, side, gates);
    add(t, PIQ_RECURRENT_LOOP, t->h, gates);
    for (size_t j = 0; j < n; j++) {
        t->cell[j] = sigmoid(gates[n + j]) * t->cell[j] +
                     sigmoid(gates[j]) * tanh(gates[3 * n + j]);
        t->h[j] = sigmoid(gates[2 * n + j]) * tanh(t->cell[j]);
    }
}

piq_recurrent *random_net(const piq_recurrent_shape *shape, piq_rng *rng)
{
    piq_recurrent *m = NULL;
    if (piq_recurrent_new(shape, &m) != PIQ_OK)
        return NULL;
    for (size_t i = 0; i < m->layout.at[PIQ_N_RECURRENT_BLOCKS]; i++)
        m->weights[i] = (float)(.4 * piq_rng_normal(rng));
    for (size_t j = 0; j < shape->n_features; j++) {
        m->mean[j] = (float)piq_rng_normal(rng);
        m->inverse[j] = (float)(.2 + piq_rng_uniform(rng));
    }
    return m;
}

piq_recurrent_ask random_ask(const piq_recurrent *m, piq_rng *rng)
{
    return (piq_recurrent_ask){
        .item = (uint32_t)piq_rng_below(rng, m->shape.n_items + 1),
        .concept = (uint16_t)piq_rng_below(rng, m->shape.n_concepts + 1),
        .context = (uint8_t)piq_rng_below(rng, PIQ_RECURRENT_CONTEXTS),
    };
}

void random_features(const piq_recurrent *m, piq_rng *rng, float *x)
{
    for (size_t j = 0; j < m->shape.n_features; j++)
        x[j] = piq_rng_below(rng, 8) ? (float)(2 * piq_rng_normal(rng)) : NAN;
}
