/* L = D^-a V V' D^a: V spans the main directions of D^-a kin D^-a, D the
 * sum of each item's weights: what learners have in common, with short
 * histories and rare items counting more. Found by power iterations of a random
 * start (Halko, Martinsson & Tropp 2011, SIAM Review 53:217-288); only the span
 * matters, so that nothing has to be turned into eigenvectors. */
#include "base/parallel.h"
#include "base/rng.h"
#include "recommend/taste_model.h"
#include "train/taste_fit_maps.h"

#include <cblas.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { RANK = 32, ROUNDS = 8, STRIP = 256, MAX_SHARE = 8 };

typedef struct span {
    piq_taste_maps *m;
    unsigned threads;
    size_t rank;
    float *v, *next; /* [n_items][RANK] */
    double *scale;   /* [n_items] seen^-a */
    bool spread;     /* what a share does: L, or the next round */
} span;

/* One strip of next = K v, or of L = v v'. */
static void strip(const span *s, size_t at)
{
    const piq_taste_maps *m = s->m;
    size_t n = m->n_items, rows = n - at < STRIP ? n - at : STRIP;
    if (s->spread)
        cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasTrans, (int)rows, (int)n,
                    (int)s->rank, 1, s->v + at * RANK, RANK, s->next, RANK, 0,
                    m->low + at * m->stride, (int)m->stride);
    else
        cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, (int)rows,
                    (int)s->rank, (int)n, 1, m->low + at * m->stride,
                    (int)m->stride, s->v, RANK, 0, s->next + at * RANK, RANK);
}

static void strips(void *ctx, unsigned share)
{
    const span *s = ctx;
    for (size_t at = 0, k = 0; at < s->m->n_items; at += STRIP, k++)
        if (k % s->threads == share)
            strip(s, at);
}

/* Gram and Schmidt, twice over, in double; a direction that is in the span of
 * those before it becomes nothing. */
static void make_orthonormal(float *v, size_t n, size_t rank)
{
    for (size_t k = 0; k < rank; k++) {
        double own = 0, left = 0;
        for (size_t i = 0; i < n; i++)
            own += (double)v[i * RANK + k] * (double)v[i * RANK + k];
        for (size_t j = 0; j < 2 * k; j++) {
            double dot = 0;
            for (size_t i = 0; i < n; i++)
                dot += (double)v[i * RANK + k] * (double)v[i * RANK + j % k];
            for (size_t i = 0; i < n; i++)
                v[i * RANK + k] -= (float)(dot * (double)v[i * RANK + j % k]);
        }
        for (size_t i = 0; i < n; i++)
            left += (double)v[i * RANK + k] * (double)v[i * RANK + k];
        double by = left > 1e-10 * own ? 1 / sqrt(left) : 0;
        for (size_t i = 0; i < n; i++)
            v[i * RANK + k] = (float)(by * (double)v[i * RANK + k]);
    }
}

/* D^-a kin D^-a, where L will stand. */
static void weigh(span *s, double rare)
{
    const piq_taste_maps *m = s->m;
    for (size_t j = 0; j < m->n_items; j++) {
        s->scale[j] = pow(fmax((double)m->mass[j], .5), -rare);
        for (size_t i = 0; i <= j; i++) {
            float x = (float)((double)m->kin[j * m->stride + i] * s->scale[j] *
                              s->scale[i]);
            m->low[j * m->stride + i] = m->low[i * m->stride + j] = x;
        }
    }
}

static void find(span *s, uint64_t seed)
{
    size_t n = s->m->n_items;
    piq_rng r;
    piq_rng_seed(&r, seed);
    for (size_t i = 0; i < n * RANK; i++)
        s->v[i] = (float)piq_rng_normal(&r);
    for (int k = 0; k < ROUNDS; k++) {
        make_orthonormal(s->v, n, s->rank);
        piq_parallel(s->threads, strips, s);
        memcpy(s->v, s->next, n * RANK * sizeof(float));
    }
    make_orthonormal(s->v, n, s->rank);
}

piq_status piq_taste_maps_low(piq_taste_maps *m, double rare, uint64_t seed,
                              unsigned threads)
{
    size_t n = m->n_items;
    span s = {.m = m, .threads = threads};
    /* An eighth of the items at most: all of them would say nothing. */
    s.rank = n / MAX_SHARE < RANK ? n / MAX_SHARE : RANK;
    s.v = piq_taste_rows(2 * n, RANK);
    s.scale = piq_alloc_should_fail() ? NULL : calloc(n + 1, sizeof(double));
    if (!s.v || !s.scale) {
        free(s.v);
        free(s.scale);
        return PIQ_ENOMEM;
    }
    s.next = s.v + n * RANK;
    weigh(&s, rare);
    find(&s, seed);
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < RANK; k++) {
            double x = (double)s.v[i * RANK + k];
            s.v[i * RANK + k] = (float)(x * s.scale[i]);
            s.next[i * RANK + k] = (float)(x / s.scale[i]);
        }
    s.spread = true;
    piq_parallel(threads, strips, &s);
    for (size_t j = 0; j < n; j++)
        m->low[j * m->stride + j] = 0;
    free(s.v);
    free(s.scale);
    return PIQ_OK;
}
