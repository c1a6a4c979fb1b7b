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

enum { RANK = PIQ_TASTE_RANK, ROUNDS = 8, STRIP = 256, MAX_SHARE = 8 };

typedef struct span {
    piq_taste_maps *m;
    unsigned threads;
    size_t rank;
    float *from, *to; /* [n_items][RANK] of a round: kin from = to */
    double *v;        /* [n_items][RANK] */
    double *scale;    /* [n_items] D^-a */
} span;

/* ---- directions -------------------------------------------------------- */

/* R of R'R = g, where g[RANK][RANK] stands above its diagonal: Cholesky's. A
 * direction that is in the span of those before it is left out: its row and
 * column are nothing, its diagonal 0. */
static void factor(double *g, size_t rank)
{
    for (size_t k = 0; k < rank; k++) {
        double own = g[k * RANK + k], left = own;
        for (size_t j = 0; j < k; j++)
            left -= g[j * RANK + k] * g[j * RANK + k];
        bool new = left > 1e-10 * own;
        g[k * RANK + k] = new ? sqrt(left) : 0;
        for (size_t i = k + 1; i < rank; i++) {
            double x = g[k * RANK + i];
            for (size_t j = 0; j < k; j++)
                x -= g[j * RANK + k] * g[j * RANK + i];
            g[k * RANK + i] = new ? x / g[k * RANK + k] : 0;
        }
        for (size_t j = 0; j < k && !new; j++)
            g[j * RANK + k] = 0;
    }
}

/* v R^-1, whose columns are orthogonal and of length 1, or nothing. */
static void make_orthonormal(double *v, size_t n, size_t rank)
{
    double g[RANK * RANK] = {0};
    if (n == 0 || rank == 0)
        return;
    cblas_dsyrk(CblasRowMajor, CblasUpper, CblasTrans, (int)rank, (int)n, 1, v,
                RANK, 0, g, RANK);
    factor(g, rank);
    for (size_t k = 0; k < rank; k++) {
        if (g[k * RANK + k] > 0)
            continue;
        for (size_t i = 0; i < n; i++)
            v[i * RANK + k] = 0;
        g[k * RANK + k] = 1;
    }
    cblas_dtrsm(CblasRowMajor, CblasRight, CblasUpper, CblasNoTrans,
                CblasNonUnit, (int)n, (int)rank, 1, g, RANK, v, RANK);
}

/* ---- rounds ------------------------------------------------------------ */

/* Strips of v = D^-a kin D^-a v. */
static void multiply(void *ctx, unsigned share)
{
    const span *s = ctx;
    const piq_taste_maps *m = s->m;
    size_t n = m->n_items;
    for (size_t at = 0, k = 0; at < n; at += STRIP, k++) {
        size_t rows = n - at < STRIP ? n - at : STRIP;
        if (k % s->threads != share)
            continue;
        cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, (int)rows, RANK,
                    (int)n, 1, m->kin + at * m->stride, (int)m->stride, s->from,
                    RANK, 0, s->to + at * RANK, RANK);
        for (size_t i = at; i < at + rows; i++)
            for (size_t c = 0; c < RANK; c++)
                s->v[i * RANK + c] = (double)s->to[i * RANK + c] * s->scale[i];
    }
}

static void find(span *s, uint64_t seed)
{
    size_t n = s->m->n_items;
    piq_rng r;
    piq_rng_seed(&r, seed);
    for (size_t i = 0; i < n * RANK; i++) {
        double x = piq_rng_normal(&r);
        s->v[i] = i % RANK < s->rank ? x : 0;
    }
    for (int k = 0; k < ROUNDS; k++) {
        make_orthonormal(s->v, n, s->rank);
        for (size_t i = 0; i < n * RANK; i++)
            s->from[i] = (float)(s->v[i] * s->scale[i / RANK]);
        piq_parallel(s->threads, multiply, s);
    }
    /* What is nearly of one direction is apart only after the second time. */
    make_orthonormal(s->v, n, s->rank);
    make_orthonormal(s->v, n, s->rank);
}

piq_status piq_taste_maps_span(piq_taste_maps *m, double rare, uint64_t seed,
                               unsigned threads)
{
    size_t n = m->n_items;
    span s = {.m = m, .threads = threads, .from = m->low_from};
    /* An eighth of the items at most: all of them would say nothing. */
    s.rank = n / MAX_SHARE < RANK ? n / MAX_SHARE : RANK;
    s.to = piq_taste_rows(n, RANK);
    s.v = piq_alloc_should_fail() ? NULL
                                  : calloc(n * (RANK + 1) + 1, sizeof(double));
    if (!s.to || !s.v) {
        free(s.to);
        free(s.v);
        return PIQ_ENOMEM;
    }
    s.scale = s.v + n * RANK;
    for (size_t i = 0; i < n; i++)
        s.scale[i] = pow(fmax((double)m->mass[i], .5), -rare);
    find(&s, seed);
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < RANK; k++) {
            double x = s.v[i * RANK + k];
            m->low_from[i * RANK + k] = (float)(x * s.scale[i]);
            m->low_to[k * m->stride + i] = (float)(x / s.scale[i]);
        }
    free(s.to);
    free(s.v);
    return PIQ_OK;
}

/* ---- the map ----------------------------------------------------------- */

typedef struct spreading {
    piq_taste_maps *m;
    unsigned threads;
} spreading;

static void spread(void *ctx, unsigned share)
{
    const spreading *s = ctx;
    const piq_taste_maps *m = s->m;
    size_t n = m->n_items;
    for (size_t at = 0, k = 0; at < n; at += STRIP, k++) {
        size_t rows = n - at < STRIP ? n - at : STRIP;
        if (k % s->threads != share)
            continue;
        cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, (int)rows,
                    (int)n, RANK, 1, m->low_from + at * RANK, RANK, m->low_to,
                    (int)m->stride, 0, m->low + at * m->stride, (int)m->stride);
        for (size_t j = at; j < at + rows; j++)
            m->low[j * m->stride + j] = 0;
    }
}

void piq_taste_maps_spread(piq_taste_maps *m, unsigned threads)
{
    spreading s = {m, threads};
    piq_parallel(threads, spread, &s);
}
