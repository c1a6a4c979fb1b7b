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
        m.mass = piq_taste_rows(1, m.stride);
        m.low_from = piq_taste_rows(n_items, PIQ_TASTE_RANK);
        m.low_to = piq_taste_rows(PIQ_TASTE_RANK, m.stride);
    }
    if (!m.popular || !m.seen || !m.mass || !m.low_from || !m.low_to) {
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
    free(m->low_from);
    free(m->low_to);
    free(m->next);
    free(m->begun);
    free(m->popular);
    free(m->seen);
    free(m->mass);
    *m = (piq_taste_maps){0};
}

/* ---- counting ---------------------------------------------------------- */

/* One learner: what a product of theirs counts. */
typedef struct counted {
    float gram, kin;
} counted;

typedef struct counter {
    piq_taste_maps *m;
    const piq_taste_set *s;
    piq_taste_asked asked;
    unsigned threads;
    float next_at[WINDOW + 1]; /* by distance */
    float near_at[NEAR_PLACES];
    float early_at[EARLY]; /* by place */
    bool ordered, early_only;
    counted *learners; /* [n_learners] */
    float *root;       /* [n_items] of seen */
    /* Who took up item j, in order, and at which place of theirs: those of
     * start[j] .. start[j + 1]. */
    size_t *start; /* [n_items + 1] */
    uint32_t *who, *place;
} counter;

static counted what_counts(const piq_taste_set *s, size_t u, double mean_n)
{
    size_t from = s->first[u], n = s->first[u + 1] - from;
    double length = (double)(n ? n : 1), mass = 0;
    for (size_t i = 0; i < n; i++)
        mass += (double)s->weight[from + i];
    return (counted){(float)pow(length / mean_n, -2 * LONG_HISTORY),
                     mass > 0 ? (float)(1 / mass) : 0};
}

static float early_at(const counter *k, size_t place)
{
    if (!k->early_only)
        return 1;
    return place < EARLY ? k->early_at[place] : 0;
}

/* Who took up each item, and what that is of itself. */
static void turn_about(counter *k)
{
    const piq_taste_set *s = k->s;
    piq_taste_maps *m = k->m;
    for (size_t i = 0; i < s->n; i++)
        k->start[s->item[i] + 1]++;
    for (size_t j = 0; j < m->n_items; j++) {
        m->seen[j] = (float)k->start[j + 1];
        k->root[j] = sqrtf(m->seen[j]);
        k->start[j + 1] += k->start[j];
    }
    for (size_t u = 0; u < s->n_learners; u++)
        for (size_t i = s->first[u]; i < s->first[u + 1]; i++) {
            size_t at = k->start[s->item[i]]++;
            k->who[at] = (uint32_t)u;
            k->place[at] = (uint32_t)(i - s->first[u]);
            m->mass[s->item[i]] += s->weight[i];
        }
    /* Each start is now its end: the next one's start. */
    memmove(k->start + 1, k->start, m->n_items * sizeof *k->start);
    k->start[0] = 0;
}

/* Learner u has item j at place a: who it goes with. */
static void count_pairs(const counter *k, size_t j, size_t u, size_t a)
{
    const piq_taste_set *s = k->s;
    size_t from = s->first[u], n = s->first[u + 1] - from;
    const uint32_t *item = s->item + from;
    const float *weight = s->weight + from;
    size_t at = j * k->m->stride;
    float *gram = k->m->gram + at, *kin = k->m->kin + at;
    float *begun = k->m->begun + at;
    float by_gram = k->learners[u].gram * weight[a],
          by_kin = k->learners[u].kin * weight[a], by_begun = early_at(k, a);
    for (size_t b = 0; b < n; b++) {
        size_t d = a > b ? a - b : b - a;
        float near =
            d < NEAR_PLACES ? k->near_at[d] : k->near_at[NEAR_PLACES - 1];
        gram[item[b]] += by_gram * weight[b] * near;
        kin[item[b]] += by_kin * weight[b];
    }
    for (size_t b = 0; b < n && by_begun > 0; b++)
        begun[item[b]] += by_begun;
}

static void count_next(const counter *k, size_t j, size_t u, size_t a)
{
    float *next = k->m->next + j * k->m->stride;
    size_t from = k->s->first[u], n = k->s->first[u + 1] - from;
    const uint32_t *item = k->s->item + from;
    for (size_t b = 0; b < n && !k->ordered; b++)
        next[item[b]] += 1;
    for (size_t d = 1; d <= WINDOW && k->ordered; d++) {
        if (a + d < n)
            next[item[a + d]] += k->next_at[d];
        if (k->asked == PIQ_TASTE_ANY && d <= a)
            next[item[a - d]] += k->next_at[d];
    }
}

static void finish_row(const counter *k, size_t j, double early)
{
    piq_taste_maps *m = k->m;
    float *next = m->next + j * m->stride, *begun = m->begun + j * m->stride;
    double learners = m->n_learners ? (double)m->n_learners : 1;
    double shrink = k->early_only ? EARLY_SHRINK : BEGUN_SHRINK;
    float own = k->root[j], some = (float)NEXT_SHRINK;
    float of_all = (float)(shrink / learners),
          base = (float)(1 / (shrink + early));
    for (size_t i = 0; i < m->n_items; i++) {
        next[i] /= own * k->root[i] + some;
        begun[i] = (begun[i] + of_all * m->seen[i]) * base;
    }
    next[j] = begun[j] = 0;
}

/* A row is one thread's, and stays at hand until it is done; each cell is
 * added up in order of learners. */
static void count_share(void *ctx, unsigned share)
{
    const counter *k = ctx;
    for (size_t j = share; j < k->m->n_items; j += k->threads) {
        double early = 0;
        for (size_t i = k->start[j]; i < k->start[j + 1]; i++) {
            count_pairs(k, j, k->who[i], k->place[i]);
            count_next(k, j, k->who[i], k->place[i]);
            early += (double)early_at(k, k->place[i]);
        }
        finish_row(k, j, early);
    }
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

static void fill_fades(counter *k)
{
    double near = k->asked == PIQ_TASTE_ANY ? NEAR_ANY : NEAR_LATER;
    near = k->ordered ? near : 0;
    for (int d = 0; d <= WINDOW; d++)
        k->next_at[d] = (float)exp(-d / NEXT_FADE);
    for (int d = 0; d < NEAR_PLACES; d++)
        k->near_at[d] = (float)(1 - near + near * exp(-d / NEAR_FADE));
    k->near_at[NEAR_PLACES - 1] = (float)(1 - near);
    for (int d = 0; d < EARLY; d++)
        k->early_at[d] = (float)exp(-d / EARLY_FADE);
}

static void clear(piq_taste_maps *m)
{
    size_t bytes = m->n_items * m->stride * sizeof(float);
    memset(m->gram, 0, bytes);
    memset(m->kin, 0, bytes);
    memset(m->next, 0, bytes);
    memset(m->begun, 0, bytes);
    memset(m->seen, 0, m->stride * sizeof(float));
    memset(m->mass, 0, m->stride * sizeof(float));
    m->n_learners = 0;
}

piq_status piq_taste_maps_count(piq_taste_maps *m, const piq_taste_set *s,
                                piq_taste_asked asked, unsigned threads)
{
    piq_arena a;
    piq_arena_init(&a, (size_t)2 << 30);
    counter k = {.m = m,
                 .s = s,
                 .asked = asked,
                 .threads = threads,
                 .ordered = s->timed,
                 .early_only = s->timed && asked == PIQ_TASTE_LATER,
                 .learners = piq_new(&a, counted, s->n_learners),
                 .root = piq_new(&a, float, m->n_items),
                 .start = piq_new(&a, size_t, m->n_items + 1),
                 .who = piq_new(&a, uint32_t, s->n),
                 .place = piq_new(&a, uint32_t, s->n)};
    if (!k.learners || !k.root || !k.start || !k.who || !k.place) {
        piq_arena_release(&a);
        return PIQ_ENOMEM;
    }
    clear(m);
    fill_fades(&k);
    for (size_t u = 0; u < s->n_learners; u++)
        m->n_learners += s->first[u + 1] > s->first[u];
    double mean_n = m->n_learners ? (double)s->n / (double)m->n_learners : 1;
    for (size_t u = 0; u < s->n_learners; u++)
        k.learners[u] = what_counts(s, u, mean_n);
    turn_about(&k);
    piq_parallel(threads, count_share, &k);
    measure_popularity(m);
    piq_arena_release(&a);
    return PIQ_OK;
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
