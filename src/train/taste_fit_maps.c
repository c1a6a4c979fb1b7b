#include "train/taste_fit_maps.h"

#include "base/parallel.h"
#include "recommend/taste_model.h"
#include "train/taste_fit_inverse.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Dropout: a share of the history that the regression must do without. */
static const double DROPOUT = .5;
/* A learner's row of n entries counts (n / mean n)^-1/4, products its square.
 */
static const double LONG_HISTORY = .25;
/* Of a product so much fades with the places between the two. */
static const double NEAR_ANY = .75, NEAR_LATER = .25, NEAR_FADE = 20;
enum { NEAR_PLACES = 160 };       /* beyond them nothing is left of that */
enum { WINDOW = 60, EARLY = 24 }; /* beyond them e^-6, e^-8: nothing */
static const double NEXT_FADE = 10, NEXT_SHRINK = 20;
static const double EARLY_FADE = 3, EARLY_SHRINK = .3, BEGUN_SHRINK = 1;

piq_status piq_taste_maps_new(size_t n_items, piq_taste_maps *out)
{
    piq_taste_maps m = {.n_items = n_items, .stride = piq_taste_round(n_items)};
    float **squares[] = {&m.gram, &m.kin, &m.ridge, &m.low, &m.next, &m.begun};
    bool whole = true;
    for (size_t k = 0; k < sizeof squares / sizeof squares[0] && whole; k++) {
        *squares[k] = piq_taste_rows(n_items, m.stride);
        whole = *squares[k] != NULL;
    }
    if (whole) {
        m.popular = piq_taste_rows(1, m.stride);
        m.seen = piq_taste_rows(1, m.stride);
    }
    m.mass = whole ? piq_taste_rows(1, m.stride) : NULL;
    if (!m.popular || !m.seen || !m.mass) {
        piq_taste_maps_release(&m);
        return PIQ_ENOMEM;
    }
    *out = m;
    return PIQ_OK;
}

void piq_taste_maps_release(piq_taste_maps *m)
{
    free(m->gram);
    free(m->kin);
    free(m->ridge);
    free(m->low);
    free(m->next);
    free(m->begun);
    free(m->popular);
    free(m->seen);
    free(m->mass);
    *m = (piq_taste_maps){0};
}

/* ---- counting ---------------------------------------------------------- */

typedef struct counter {
    piq_taste_maps *m;
    const piq_taste_set *s;
    piq_taste_asked asked;
    unsigned threads;
    double mean_n;             /* entries of a learner who has any */
    float next_at[WINDOW + 1]; /* by distance */
    float near_at[NEAR_PLACES];
    float early_at[EARLY]; /* by place */
    float *early;          /* [n_items] sum of early_at, of an item */
    bool ordered, early_only;
} counter;

/* One learner's entries. */
typedef struct entries {
    const uint32_t *item;
    const float *weight;
    size_t n;
    double gram, kin; /* what a product counts */
} entries;

static entries entries_of(const counter *k, size_t u)
{
    size_t from = k->s->first[u], n = k->s->first[u + 1] - from;
    double length = (double)(n ? n : 1), mass = 0;
    for (size_t i = 0; i < n; i++)
        mass += (double)k->s->weight[from + i];
    return (entries){k->s->item + from, k->s->weight + from, n,
                     pow(length / k->mean_n, -2 * LONG_HISTORY),
                     mass > 0 ? 1 / mass : 0};
}

/* Entry `a`: who it goes with. */
static void count_pairs(const counter *k, const entries *e, size_t a)
{
    size_t at = e->item[a] * k->m->stride;
    float *gram = k->m->gram + at, *kin = k->m->kin + at;
    float *begun = k->m->begun + at;
    float by_gram = (float)(e->gram * (double)e->weight[a]);
    float by_kin = (float)(e->kin * (double)e->weight[a]);
    float by_begun = 1;
    if (k->early_only)
        by_begun = a < EARLY ? k->early_at[a] : 0;
    for (size_t b = 0; b < e->n; b++) {
        size_t d = a > b ? a - b : b - a;
        float near =
            d < NEAR_PLACES ? k->near_at[d] : k->near_at[NEAR_PLACES - 1];
        gram[e->item[b]] += by_gram * e->weight[b] * near;
        kin[e->item[b]] += by_kin * e->weight[b];
        begun[e->item[b]] += by_begun;
    }
    k->m->seen[e->item[a]] += 1;
    k->m->mass[e->item[a]] += e->weight[a];
    k->early[e->item[a]] += by_begun;
}

static void count_next(const counter *k, const entries *e, size_t a)
{
    float *next = k->m->next + e->item[a] * k->m->stride;
    for (size_t b = 0; b < e->n && !k->ordered; b++)
        next[e->item[b]] += 1;
    for (size_t d = 1; d <= WINDOW && k->ordered; d++) {
        if (a + d < e->n)
            next[e->item[a + d]] += k->next_at[d];
        if (k->asked == PIQ_TASTE_ANY && d <= a)
            next[e->item[a - d]] += k->next_at[d];
    }
}

/* A row is one thread's: each cell is added up in order of learners. */
static void count_share(void *ctx, unsigned share)
{
    const counter *k = ctx;
    for (size_t u = 0; u < k->s->n_learners; u++) {
        entries e = entries_of(k, u);
        for (size_t a = 0; a < e.n; a++) {
            if (e.item[a] % k->threads != share)
                continue;
            count_pairs(k, &e, a);
            count_next(k, &e, a);
        }
    }
}

static void finish_row(const counter *k, size_t j)
{
    piq_taste_maps *m = k->m;
    const float *seen = m->seen;
    float *next = m->next + j * m->stride, *begun = m->begun + j * m->stride;
    double learners = m->n_learners ? (double)m->n_learners : 1;
    double shrink = k->early_only ? EARLY_SHRINK : BEGUN_SHRINK;
    double base = shrink + (double)k->early[j];
    for (size_t i = 0; i < m->n_items; i++) {
        next[i] =
            (float)((double)next[i] /
                    (sqrt((double)seen[j] * (double)seen[i]) + NEXT_SHRINK));
        begun[i] =
            (float)(((double)begun[i] + shrink * (double)seen[i] / learners) /
                    base);
    }
    next[j] = begun[j] = 0;
}

static void finish_share(void *ctx, unsigned share)
{
    const counter *k = ctx;
    for (size_t j = share; j < k->m->n_items; j += k->threads)
        finish_row(k, j);
}

static void measure_popularity(piq_taste_maps *m)
{
    double sum = 0, squares = 0, n = m->n_items ? (double)m->n_items : 1;
    for (size_t i = 0; i < m->n_items; i++) {
        double x = log1p((double)m->seen[i]);
        sum += x;
        squares += x * x;
    }
    double spread = sqrt(fmax(squares / n - sum / n * (sum / n), 0));
    for (size_t i = 0; i < m->n_items; i++)
        m->popular[i] =
            spread > 1e-9
                ? (float)((log1p((double)m->seen[i]) - sum / n) / spread)
                : 0;
}

void piq_taste_maps_count(piq_taste_maps *m, const piq_taste_set *s,
                          piq_taste_asked asked, unsigned threads)
{
    size_t bytes = m->n_items * m->stride * sizeof(float);
    counter k = {.m = m,
                 .s = s,
                 .asked = asked,
                 .threads = threads,
                 .ordered = s->timed,
                 .early_only = s->timed && asked == PIQ_TASTE_LATER,
                 /* A row of its own until popularity is written there. */
                 .early = m->popular};
    for (int d = 0; d <= WINDOW; d++)
        k.next_at[d] = (float)exp(-d / NEXT_FADE);
    double near = asked == PIQ_TASTE_ANY ? NEAR_ANY : NEAR_LATER;
    near = s->timed ? near : 0;
    for (int d = 0; d < NEAR_PLACES; d++)
        k.near_at[d] = (float)(1 - near + near * exp(-d / NEAR_FADE));
    k.near_at[NEAR_PLACES - 1] = (float)(1 - near);
    for (int d = 0; d < EARLY; d++)
        k.early_at[d] = (float)exp(-d / EARLY_FADE);
    memset(m->gram, 0, bytes);
    memset(m->kin, 0, bytes);
    memset(m->next, 0, bytes);
    memset(m->begun, 0, bytes);
    memset(m->popular, 0, m->stride * sizeof(float));
    memset(m->seen, 0, m->stride * sizeof(float));
    memset(m->mass, 0, m->stride * sizeof(float));
    m->n_learners = 0;
    for (size_t u = 0; u < s->n_learners; u++)
        m->n_learners += s->first[u + 1] > s->first[u];
    k.mean_n = m->n_learners ? (double)s->n / (double)m->n_learners : 1;
    piq_parallel(threads, count_share, &k);
    piq_parallel(threads, finish_share, &k);
    measure_popularity(m);
}

/* ---- ridge ------------------------------------------------------------- */

/* With P the inverse of gram + diag(lambda + p/(1-p) diag gram), B = I - P /
 * diag P (Steck 2019, WWW; the penalty that stands for dropout p: Steck 2020,
 * NeurIPS). */
piq_status piq_taste_maps_ridge(piq_taste_maps *m, double lambda,
                                unsigned threads)
{
    size_t n = m->n_items, stride = m->stride;
    float *p = m->ridge;
    memcpy(p, m->gram, n * stride * sizeof *p);
    for (size_t i = 0; i < n; i++)
        p[i * stride + i] +=
            (float)(lambda +
                    DROPOUT / (1 - DROPOUT) * (double)m->gram[i * stride + i]);
    piq_status status = piq_taste_invert(p, n, stride, threads);
    if (status != PIQ_OK)
        return status;
    float *diagonal = piq_taste_rows(1, stride);
    if (!diagonal)
        return PIQ_ENOMEM;
    for (size_t i = 0; i < n; i++)
        diagonal[i] = -1 / p[i * stride + i];
    for (size_t j = 0; j < n; j++) {
        for (size_t i = 0; i < n; i++)
            p[j * stride + i] *= diagonal[i];
        p[j * stride + j] = 0;
    }
    free(diagonal);
    return PIQ_OK;
}
