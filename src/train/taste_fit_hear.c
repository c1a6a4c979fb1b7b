#include "train/taste_fit_hear.h"

#include "base/parallel.h"
#include "num/vector.h"
#include "recommend/taste_model.h"

#include <math.h>
#include <string.h>

/* Columns of a map that are worked at once: those of all rows stay in a second
 * level cache. */
enum { STRIP = 256 };

/* One thread's room. */
typedef struct ear {
    float *sums;    /* [PIQ_N_TASTE_VOICES][stride] */
    uint32_t *left; /* [n_items] items that are not known */
    uint8_t *mark;  /* [n_items] KNOWN, HIDDEN, CANDIDATE */
    size_t n_left;
} ear;
enum { KNOWN = 1, HIDDEN = 2, CANDIDATE = 4 };

typedef struct hearing {
    const piq_taste_hearing *h;
    piq_taste_case *list; /* [n] */
    const uint32_t *picks;
    size_t n;
    const float *ridge;        /* [n][stride] or NULL */
    piq_taste_candidate *room; /* [n][MOST_CANDIDATES] */
    double low_share;
    double *worth;
    ear *ears; /* [threads] */
    void (*one)(const struct hearing *k, size_t i, ear *e);
} hearing;

/* ---- sums -------------------------------------------------------------- */

static double strength(const hearing *k, const piq_taste_case *x, size_t pick)
{
    return piq_taste_strength(k->h->s->weight[k->picks[x->from + pick]]);
}

static size_t item(const hearing *k, const piq_taste_case *x, size_t pick)
{
    return k->h->s->item[k->picks[x->from + pick]];
}

/* 1 for the newest; nothing where a float would not notice it. */
static double fade(const hearing *k, const piq_taste_case *x,
                   piq_taste_part part, size_t pick)
{
    enum { HALVINGS = 24 };
    double half_life = (double)k->h->half_life[part];
    double age = (double)(x->n_known - 1 - pick);
    if (!(half_life > 0))
        return 1;
    return age > HALVINGS * half_life ? 0 : exp2(-age / half_life);
}

static bool hears_lately(const hearing *k)
{
    return k->h->half_life[PIQ_TASTE_LATELY] > 0;
}

static void sum_low(const hearing *k, const piq_taste_case *x, bool lately,
                    float *out)
{
    const piq_taste_maps *m = k->h->m;
    float at[PIQ_TASTE_RANK] = {0};
    for (size_t p = 0; p < x->n_known; p++) {
        double w = strength(k, x, p);
        if (lately)
            w *= fade(k, x, PIQ_TASTE_LATELY, p);
        if (w == 0)
            continue;
        piq_vector_add(at, (float)w,
                       m->low_from + item(k, x, p) * PIQ_TASTE_RANK,
                       PIQ_TASTE_RANK);
    }
    memset(out, 0, m->stride * sizeof *out);
    piq_vector_affine(out, m->stride, at, PIQ_TASTE_RANK, m->low_to);
}

/* All voices but that of the ridge, where it is known already. */
static void listen(const hearing *k, const piq_taste_case *x,
                   const float *ridge, const ear *e)
{
    const piq_taste_maps *m = k->h->m;
    size_t stride = m->stride;
    bool lately = hears_lately(k);
    memset(e->sums, 0, PIQ_N_TASTE_VOICES * stride * sizeof(float));
    for (size_t p = 0; p < x->n_known; p++) {
        size_t row = item(k, x, p) * stride;
        double w = strength(k, x, p);
        const struct {
            piq_taste_voice voice;
            const float *map;
            double scale;
        } voices[] = {
            {PIQ_TASTE_RIDGE, m->ridge, ridge ? 0 : w},
            {PIQ_TASTE_RIDGE_LATELY, m->ridge,
             lately ? w * fade(k, x, PIQ_TASTE_LATELY, p) : 0},
            {PIQ_TASTE_VOICE_NEXT, m->next, w * fade(k, x, PIQ_TASTE_NEXT, p)},
            {PIQ_TASTE_VOICE_BEGUN, m->begun, w}};
        for (size_t v = 0; v < sizeof voices / sizeof voices[0]; v++)
            if (voices[v].scale != 0)
                piq_vector_add(e->sums + (size_t)voices[v].voice * stride,
                               (float)voices[v].scale, voices[v].map + row,
                               stride);
    }
    if (ridge)
        memcpy(e->sums + PIQ_TASTE_RIDGE * stride, ridge,
               stride * sizeof(float));
    sum_low(k, x, false, e->sums + PIQ_TASTE_LOW * stride);
    if (lately)
        sum_low(k, x, true, e->sums + PIQ_TASTE_LOW_LATELY * stride);
    memcpy(e->sums + PIQ_TASTE_VOICE_POPULAR * stride, m->popular,
           stride * sizeof(float));
}

/* ---- what is left ------------------------------------------------------ */

static void mark(const hearing *k, const piq_taste_case *x, ear *e)
{
    size_t n = k->h->m->n_items;
    memset(e->mark, 0, n);
    for (size_t p = 0; p < x->n_known; p++)
        e->mark[item(k, x, p)] = KNOWN;
    for (size_t p = 0; p < x->n_hidden; p++)
        e->mark[item(k, x, x->n_known + p)] |= HIDDEN;
    e->n_left = 0;
    for (size_t i = 0; i < n; i++) {
        e->left[e->n_left] = (uint32_t)i;
        e->n_left += !(e->mark[i] & KNOWN);
    }
}

/* Only what is not known, in a row. */
static void leave(const ear *e, float *sums)
{
    for (size_t i = 0; i < e->n_left; i++)
        sums[i] = sums[e->left[i]];
}

static double product(const float *x, const float *y, size_t n)
{
    double sum[4] = {0};
    size_t i = 0;
    for (; i + 4 <= n; i += 4)
        for (size_t k = 0; k < 4; k++)
            sum[k] += (double)x[i + k] * (double)y[i + k];
    for (; i < n; i++)
        sum[0] += (double)x[i] * (double)y[i];
    return (sum[0] + sum[2]) + (sum[1] + sum[3]);
}

static double mean(const float *x, size_t n)
{
    double sum[4] = {0};
    size_t i = 0;
    for (; i + 4 <= n; i += 4)
        for (size_t k = 0; k < 4; k++)
            sum[k] += (double)x[i + k];
    for (; i < n; i++)
        sum[0] += (double)x[i];
    return ((sum[0] + sum[2]) + (sum[1] + sum[3])) / (double)n;
}

/* n >= 1: something is hidden, so something is left. */
static double covariance(const float *x, const float *y, size_t n)
{
    return product(x, y, n) / (double)n - mean(x, n) * mean(y, n);
}

static double variance(const float *x, size_t n)
{
    return fmax(covariance(x, x, n), 0);
}

/* ---- candidates -------------------------------------------------------- */

/* heap[n]: each is at most as great as those at 2i+1 and 2i+2, but for the
 * first, which may be greater; n >= 1. */
static void sink(float *heap, size_t n)
{
    float x = heap[0];
    size_t at = 0;
    for (size_t next = 1; next < n; next = 2 * at + 1) {
        next += next + 1 < n && heap[next + 1] < heap[next];
        if (!(heap[next] < x))
            break;
        heap[at] = heap[next];
        at = next;
    }
    heap[at] = x;
}

/* The `top` greatest of x[n] as a heap, so the least of them first; 1 <= top
 * <= n. Most of the others are smaller, which costs one comparison. */
static void find_greatest(const float *x, size_t n, size_t top, float *heap)
{
    for (size_t i = 0; i < top; i++) { /* ascending is a heap */
        size_t at = i;
        for (; at > 0 && heap[at - 1] > x[i]; at--)
            heap[at] = heap[at - 1];
        heap[at] = x[i];
    }
    for (size_t i = top; i < n; i++) {
        if (!(x[i] > heap[0]))
            continue;
        heap[0] = x[i];
        sink(heap, top);
    }
}

/* The first PIQ_TASTE_TOP of one voice; of equals those that come first. */
static void mark_top(const ear *e, const float *sums)
{
    float heap[PIQ_TASTE_TOP];
    size_t n = e->n_left, top = n < PIQ_TASTE_TOP ? n : PIQ_TASTE_TOP;
    size_t equals = 0;
    find_greatest(sums, n, top, heap);
    for (size_t i = 0; i < top; i++)
        equals += heap[i] == heap[0];
    for (size_t i = 0; i < n; i++) {
        if (sums[i] < heap[0] || (sums[i] == heap[0] && equals == 0))
            continue;
        equals -= sums[i] == heap[0];
        e->mark[e->left[i]] |= CANDIDATE;
    }
}

static void keep_candidates(const hearing *k, piq_taste_case *x, const ear *e)
{
    size_t stride = k->h->m->stride;
    x->n_candidates = 0;
    for (size_t i = 0; i < e->n_left; i++) {
        uint8_t is = e->mark[e->left[i]];
        if (!(is & CANDIDATE))
            continue;
        piq_taste_candidate *c = &x->candidates[x->n_candidates++];
        c->item = e->left[i];
        c->hidden = is & HIDDEN;
        for (size_t v = 0; v < PIQ_N_TASTE_VOICES; v++)
            c->voice[v] = e->sums[v * stride + i];
    }
}

/* ---- one case ---------------------------------------------------------- */

static void hear_all(const hearing *k, size_t i, ear *e)
{
    size_t stride = k->h->m->stride;
    piq_taste_case *x = &k->list[i];
    mark(k, x, e);
    listen(k, x, k->ridge ? k->ridge + i * stride : NULL, e);
    for (size_t v = 0; v < PIQ_N_TASTE_VOICES; v++) {
        float *sums = e->sums + v * stride;
        bool silent =
            (v == PIQ_TASTE_RIDGE_LATELY || v == PIQ_TASTE_LOW_LATELY) &&
            !hears_lately(k);
        x->variance[v] = 0;
        if (silent)
            continue;
        leave(e, sums);
        x->variance[v] = variance(sums, e->n_left);
        if (v != PIQ_TASTE_LOW_LATELY)
            mark_top(e, sums);
    }
    x->covariance = covariance(e->sums + PIQ_TASTE_RIDGE * stride,
                               e->sums + PIQ_TASTE_LOW * stride, e->n_left);
    x->covariance_lately =
        covariance(e->sums + PIQ_TASTE_RIDGE_LATELY * stride,
                   e->sums + PIQ_TASTE_LOW_LATELY * stride, e->n_left);
    x->candidates = k->room + i * PIQ_TASTE_MOST_CANDIDATES;
    keep_candidates(k, x, e);
}

static void hear_spreads(const hearing *k, size_t i, ear *e)
{
    size_t stride = k->h->m->stride;
    piq_taste_case *x = &k->list[i];
    float *ridge = e->sums, *low = e->sums + stride;
    mark(k, x, e);
    memcpy(ridge, k->ridge + i * stride, stride * sizeof *ridge);
    sum_low(k, x, false, low);
    leave(e, ridge);
    leave(e, low);
    x->variance[PIQ_TASTE_RIDGE] = variance(ridge, e->n_left);
    x->variance[PIQ_TASTE_LOW] = variance(low, e->n_left);
}

static void judge_liking(const hearing *k, size_t i, ear *e)
{
    size_t stride = k->h->m->stride;
    const piq_taste_case *x = &k->list[i];
    const float *sums = k->ridge + i * stride;
    piq_taste_best best = {.n = 0};
    mark(k, x, e);
    if (k->low_share > 0) {
        float *low = e->sums + stride;
        memcpy(e->sums, sums, stride * sizeof *sums);
        sum_low(k, x, false, low);
        piq_vector_add(e->sums, (float)k->low_share, low, stride);
        sums = e->sums;
    }
    for (size_t j = 0; j < e->n_left; j++) {
        double score = (double)sums[e->left[j]];
        if (piq_taste_best_takes(&best, score))
            piq_taste_best_add(&best, score, e->mark[e->left[j]] & HIDDEN);
    }
    k->worth[i] = piq_taste_worth(piq_taste_judge(&best, x->n_hidden));
}

/* ---- all cases --------------------------------------------------------- */

static void hear_share(void *ctx, unsigned share)
{
    const hearing *k = ctx;
    for (size_t i = share; i < k->n; i += k->h->threads)
        k->one(k, i, &k->ears[share]);
}

static piq_status run(hearing *k)
{
    piq_arena a;
    piq_arena_init(&a, (size_t)1 << 30);
    size_t stride = k->h->m->stride;
    k->ears = piq_new(&a, ear, k->h->threads);
    bool room = k->ears != NULL;
    for (unsigned t = 0; t < k->h->threads && room; t++) {
        ear *e = &k->ears[t];
        e->sums = piq_new(&a, float, PIQ_N_TASTE_VOICES *stride);
        e->left = piq_new(&a, uint32_t, stride);
        e->mark = piq_new(&a, uint8_t, stride);
        room = e->sums && e->left && e->mark;
    }
    if (room)
        piq_parallel(k->h->threads, hear_share, k);
    piq_arena_release(&a);
    return room ? PIQ_OK : PIQ_ENOMEM;
}

static hearing first_round(const piq_taste_cases *c, const piq_taste_hearing *h,
                           const float *ridge)
{
    return (hearing){.h = h,
                     .list = c->list,
                     .picks = c->picks,
                     .n = c->n_first,
                     .ridge = ridge};
}

piq_status piq_taste_hear(piq_arena *a, piq_taste_cases *c,
                          const piq_taste_hearing *h, unsigned round,
                          const float *ridge)
{
    hearing k = first_round(c, h, ridge);
    if (round != PIQ_TASTE_SOME_HIDDEN) {
        k.list += c->n_first;
        k.n = c->n - c->n_first;
    }
    k.one = hear_all;
    k.room = piq_new(a, piq_taste_candidate, k.n * PIQ_TASTE_MOST_CANDIDATES);
    return k.room ? run(&k) : PIQ_ENOMEM;
}

piq_status piq_taste_hear_spreads(piq_taste_cases *c,
                                  const piq_taste_hearing *h,
                                  const float *ridge)
{
    hearing k = first_round(c, h, ridge);
    k.one = hear_spreads;
    return run(&k);
}

piq_status piq_taste_hear_liking(const piq_taste_cases *c,
                                 const piq_taste_hearing *h, const float *ridge,
                                 double low_share, double *worth)
{
    hearing k = first_round(c, h, ridge);
    k.one = judge_liking;
    k.low_share = low_share;
    k.worth = worth;
    return run(&k);
}

/* ---- the ridge --------------------------------------------------------- */

typedef struct ridging {
    hearing k;
    float *out;
} ridging;

static void ridge_share(void *ctx, unsigned share)
{
    const ridging *r = ctx;
    const piq_taste_maps *m = r->k.h->m;
    for (size_t at = 0; at < m->stride; at += STRIP) {
        size_t width = m->stride - at < STRIP ? m->stride - at : STRIP;
        for (size_t i = share; i < r->k.n; i += r->k.h->threads) {
            const piq_taste_case *x = &r->k.list[i];
            float *out = r->out + i * m->stride + at;
            memset(out, 0, width * sizeof *out);
            for (size_t p = 0; p < x->n_known; p++)
                piq_vector_add(out, (float)strength(&r->k, x, p),
                               m->ridge + item(&r->k, x, p) * m->stride + at,
                               width);
        }
    }
}

void piq_taste_hear_ridge(const piq_taste_cases *c, const piq_taste_hearing *h,
                          float *out)
{
    ridging r = {first_round(c, h, NULL), out};
    piq_parallel(h->threads, ridge_share, &r);
}
