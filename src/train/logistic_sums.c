#include "train/logistic_sums.h"

#include "base/parallel.h"

#include <math.h>
#include <stdatomic.h>
#include <string.h>
#include <unistd.h>

enum {
    COLUMNS = PIQ_N_FEATURES,
    N = PIQ_LOGISTIC_COEFFICIENTS,
    BIAS = 2 * COLUMNS
};

typedef struct job {
    const piq_logistic_work *w;
    const double *coefficients;
    piq_logistic_sums *shards;
    atomic_uint next;
} job;

/* A row as it meets the coefficients: of a column and its indicator one is
 * always 0, so only COLUMNS + 1 places are listed, ascending. */
typedef struct sparse_row {
    size_t at[COLUMNS + 1];
    double value[COLUMNS + 1];
    size_t n;
} sparse_row;

static void read_row(const piq_logistic *scale, const float *x, sparse_row *out)
{
    size_t n = 0;
    for (size_t j = 0; j < COLUMNS; j++) {
        if (isnan(x[j]))
            continue;
        out->at[n] = j;
        out->value[n++] = piq_logistic_z(scale, j, x[j]);
    }
    for (size_t j = 0; j < COLUMNS; j++) {
        if (!isnan(x[j]))
            continue;
        out->at[n] = COLUMNS + j;
        out->value[n++] = 1.0;
    }
    out->at[n] = BIAS;
    out->value[n++] = 1.0;
    out->n = n;
}

static void add_curvature(const sparse_row *r, double weight,
                          piq_logistic_sums *s)
{
    for (size_t i = 0; i < r->n; i++) {
        double *to = s->curvature[r->at[i]];
        double v = weight * r->value[i];
        for (size_t k = 0; k <= i; k++)
            to[r->at[k]] += v * r->value[k];
    }
}

static void sum_shard(const job *j, size_t shard)
{
    const piq_logistic_work *w = j->w;
    piq_logistic_sums *s = &j->shards[shard];
    size_t from = w->set->n_rows * shard / PIQ_LOGISTIC_SHARDS;
    size_t to = w->set->n_rows * (shard + 1) / PIQ_LOGISTIC_SHARDS;
    sparse_row r;
    s->loss = 0.0;
    memset(s->gradient, 0, sizeof s->gradient);
    if (w->curvature)
        memset(s->curvature, 0, sizeof s->curvature);
    for (size_t i = from; i < to; i++) {
        double logit = 0.0, y = (double)w->set->y[i];
        read_row(w->scale, w->set->x + i * COLUMNS, &r);
        for (size_t k = 0; k < r.n; k++)
            logit += j->coefficients[r.at[k]] * r.value[k];
        /* e = exp(-|logit|): both the chance and the loss without overflow. */
        double e = exp(-fabs(logit));
        double p = (logit < 0.0 ? e : 1.0) / (1.0 + e);
        s->loss += fmax(logit, 0.0) + log1p(e) - y * logit;
        for (size_t k = 0; k < r.n; k++)
            s->gradient[r.at[k]] += (p - y) * r.value[k];
        if (w->curvature && i % w->stride == 0)
            add_curvature(&r, p * (1.0 - p) * (double)w->stride, s);
    }
}

/* Whoever has done one takes the next. */
static void work(void *ctx, unsigned share)
{
    job *j = ctx;
    (void)share;
    for (;;) {
        unsigned shard = atomic_fetch_add(&j->next, 1);
        if (shard >= PIQ_LOGISTIC_SHARDS)
            return;
        sum_shard(j, shard);
    }
}

static void run(job *j, unsigned threads)
{
    long online = sysconf(_SC_NPROCESSORS_ONLN);
    if (threads == 0)
        threads = online > 0 ? (unsigned)online : 1;
    piq_parallel(threads < PIQ_LOGISTIC_SHARDS ? threads : PIQ_LOGISTIC_SHARDS,
                 work, j);
}

void piq_logistic_sum(const piq_logistic_work *w, const double *coefficients,
                      piq_logistic_sums *shards, piq_logistic_sums *out)
{
    job j = {.w = w, .coefficients = coefficients, .shards = shards};
    run(&j, w->threads);
    out->loss = 0.0;
    memset(out->gradient, 0, sizeof out->gradient);
    if (w->curvature)
        memset(out->curvature, 0, sizeof out->curvature);
    for (size_t k = 0; k < PIQ_LOGISTIC_SHARDS; k++) {
        out->loss += shards[k].loss;
        for (size_t i = 0; i < N; i++)
            out->gradient[i] += shards[k].gradient[i];
        for (size_t i = 0; w->curvature && i < N; i++)
            for (size_t l = 0; l <= i; l++)
                out->curvature[i][l] += shards[k].curvature[i][l];
    }
}
