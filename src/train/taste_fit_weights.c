#include "train/taste_fit_weights.h"

#include "base/parallel.h"
#include "num/vector.h"

#include <math.h>
#include <string.h>

static const double LOW_BESIDE_RIDGE = .4; /* in spreads */
static const double SURE = 2, LEAST_GAIN = 5e-4;
static const float grid[] = {0, .05F, .1F, .2F, .3F, .5F, .7F, 1, 1.5F, 2, 3};
enum { N_GRID = sizeof grid / sizeof grid[0], SWEEPS = 3, LEAST_CASES = 10 };

/* Of a learner who is new (0) and one who is known (1): what begins like this,
 * and what is popular, gives way to their own history. */
void piq_taste_default_weights(piq_taste_asked asked, bool timed, double n,
                               float out[PIQ_N_TASTE_PARTS])
{
    bool later = asked == PIQ_TASTE_LATER && timed;
    double from = later ? 10 : 1, until = later ? 40 : 10;
    double known = log(n / from) / log(until / from);
    known = fmin(fmax(known, 0), 1);
    double begun = fmin(fmax(log(n / 3) / log(10 / 3.), 0), 1);
    out[PIQ_TASTE_LIKING] = (float)(later ? .3 * known : 1);
    out[PIQ_TASTE_LATELY] = (float)(later ? known : 0);
    out[PIQ_TASTE_NEXT] =
        (float)(later ? 2 * known + .3 * begun * (1 - known) : .2);
    out[PIQ_TASTE_BEGUN] = (float)(later ? 1 - .9 * known : .6 - .6 * known);
    out[PIQ_TASTE_POPULAR] = (float)(later ? .1 : .1 - .07 * known);
}

bool piq_taste_is_better(const double *a, const double *b, size_t n,
                         double errors, double *gain)
{
    double sum = 0, squares = 0;
    for (size_t i = 0; i < n; i++) {
        double d = b[i] - a[i];
        sum += d;
        squares += d * d;
    }
    double mean = n ? sum / (double)n : 0;
    double variance = n ? fmax(squares / (double)n - mean * mean, 0) : 0;
    *gain = mean;
    return n >= LEAST_CASES && mean > LEAST_GAIN &&
           mean > errors * sqrt(variance / (double)n);
}

/* ---- spreads ----------------------------------------------------------- */

static size_t nearest_knot(size_t n)
{
    size_t best = 0;
    double x = log((double)(n ? n : 1));
    for (size_t k = 1; k < PIQ_TASTE_KNOTS; k++)
        if (fabs(x - log(piq_taste_knots[k])) <
            fabs(x - log(piq_taste_knots[best])))
            best = k;
    return best;
}

/* The geometric mean over cases, so that one matrix holds both. */
double piq_taste_low_share(const piq_taste_cases *c)
{
    double sum = 0, n = 0;
    for (size_t i = 0; i < c->n; i++) {
        const piq_taste_case *x = &c->list[i];
        double ridge = x->variance[PIQ_TASTE_RIDGE],
               low = x->variance[PIQ_TASTE_LOW];
        if (x->round != PIQ_TASTE_SOME_HIDDEN || !(ridge > 0) || !(low > 0))
            continue;
        sum += log(ridge / low) / 2;
        n++;
    }
    return n > 0 ? LOW_BESIDE_RIDGE * exp(sum / n) : 0;
}

static void spreads(const piq_taste_case *x, double share,
                    double out[PIQ_N_TASTE_PARTS])
{
    const double *v = x->variance;
    double square = share * share;
    double liking = v[PIQ_TASTE_RIDGE] + square * v[PIQ_TASTE_LOW] +
                    2 * share * x->covariance;
    double lately = v[PIQ_TASTE_RIDGE_LATELY] +
                    square * v[PIQ_TASTE_LOW_LATELY] +
                    2 * share * x->covariance_lately;
    out[PIQ_TASTE_LIKING] = sqrt(fmax(liking, 0));
    out[PIQ_TASTE_LATELY] = sqrt(fmax(lately, 0));
    out[PIQ_TASTE_NEXT] = sqrt(v[PIQ_TASTE_VOICE_NEXT]);
    out[PIQ_TASTE_BEGUN] = sqrt(v[PIQ_TASTE_VOICE_BEGUN]);
    out[PIQ_TASTE_POPULAR] = 1;
}

/* What knots without cases have: as the nearest that has some. */
static void fill_scales(piq_taste_weights *w, const size_t *cases)
{
    for (int k = 0; k < PIQ_TASTE_KNOTS; k++) {
        for (int d = 1; d < PIQ_TASTE_KNOTS && !cases[k]; d++) {
            int from = k - d >= 0 && cases[k - d] ? k - d : k + d;
            if (from >= PIQ_TASTE_KNOTS || !cases[from])
                continue;
            memcpy(w->knots[k].log_scale, w->knots[from].log_scale,
                   sizeof w->knots[k].log_scale);
            break;
        }
    }
}

static void find_scales(const piq_taste_cases *c, piq_taste_weights *w)
{
    double sum[PIQ_TASTE_KNOTS][PIQ_N_TASTE_PARTS] = {{0}};
    size_t cases[PIQ_TASTE_KNOTS] = {0};
    for (size_t i = 0; i < c->n; i++) {
        double own[PIQ_N_TASTE_PARTS];
        size_t k = nearest_knot(c->list[i].n_known);
        spreads(&c->list[i], w->low_share, own);
        for (int p = 0; p < PIQ_N_TASTE_PARTS; p++)
            sum[k][p] += own[p];
        cases[k]++;
    }
    for (int k = 0; k < PIQ_TASTE_KNOTS; k++)
        for (int p = 0; p < PIQ_N_TASTE_PARTS; p++) {
            double mean = cases[k] ? sum[k][p] / (double)cases[k] : 1;
            w->knots[k].log_scale[p] = (float)log(fmax(mean, 1e-9));
        }
    fill_scales(w, cases);
}

/* ---- the search -------------------------------------------------------- */

/* Cases of one knot, parts at spread 1. */
typedef struct bench {
    const piq_taste_cases *c;
    const piq_taste_weights *w;
    piq_arena *a;
    size_t *list; /* [n] positions of cases */
    size_t n;
    unsigned threads;
    float **parts; /* [n][PIQ_N_TASTE_PARTS][n_candidates] */
} bench;

/* out[PIQ_N_TASTE_PARTS], `stride` apart. */
static void to_parts(const piq_taste_candidate *x, double low_share,
                     const double by[PIQ_N_TASTE_PARTS], float *out,
                     size_t stride)
{
    const float *v = x->voice;
    double at[PIQ_N_TASTE_PARTS];
    at[PIQ_TASTE_LIKING] =
        (double)v[PIQ_TASTE_RIDGE] + low_share * (double)v[PIQ_TASTE_LOW];
    at[PIQ_TASTE_LATELY] = (double)v[PIQ_TASTE_RIDGE_LATELY] +
                           low_share * (double)v[PIQ_TASTE_LOW_LATELY];
    at[PIQ_TASTE_NEXT] = (double)v[PIQ_TASTE_VOICE_NEXT];
    at[PIQ_TASTE_BEGUN] = (double)v[PIQ_TASTE_VOICE_BEGUN];
    at[PIQ_TASTE_POPULAR] = (double)v[PIQ_TASTE_VOICE_POPULAR];
    for (size_t p = 0; p < PIQ_N_TASTE_PARTS; p++)
        out[p * stride] = (float)(at[p] * by[p]);
}

/* By the model's own interpolation, with every weight 1. */
static void scales_at(const piq_taste_weights *w, size_t n,
                      double out[PIQ_N_TASTE_PARTS])
{
    piq_taste m;
    memcpy(m.knots, w->knots, sizeof m.knots);
    for (int k = 0; k < PIQ_TASTE_KNOTS; k++)
        for (int p = 0; p < PIQ_N_TASTE_PARTS; p++)
            m.knots[k].weight[p] = 1;
    piq_taste_factors(&m, n, out);
}

static piq_status prepare(bench *b, size_t knot)
{
    b->n = 0;
    b->list = piq_new(b->a, size_t, b->c->n);
    b->parts = piq_new(b->a, float *, b->c->n);
    if (!b->list || !b->parts)
        return PIQ_ENOMEM;
    for (size_t i = 0; i < b->c->n; i++) {
        const piq_taste_case *x = &b->c->list[i];
        double by[PIQ_N_TASTE_PARTS];
        if (nearest_knot(x->n_known) != knot)
            continue;
        float *parts =
            piq_new(b->a, float, PIQ_N_TASTE_PARTS * x->n_candidates);
        if (!parts)
            return PIQ_ENOMEM;
        scales_at(b->w, x->n_known, by);
        for (size_t k = 0; k < x->n_candidates; k++)
            to_parts(&x->candidates[k], b->w->low_share, by, parts + k,
                     x->n_candidates);
        b->parts[b->n] = parts;
        b->list[b->n++] = i;
    }
    return PIQ_OK;
}

static piq_taste_quality try_case(const bench *b, size_t i,
                                  const float w[PIQ_N_TASTE_PARTS])
{
    const piq_taste_case *x = &b->c->list[b->list[i]];
    size_t n = x->n_candidates;
    float scores[PIQ_TASTE_MOST_CANDIDATES] = {0};
    piq_taste_best best = {.n = 0};
    for (size_t p = 0; p < PIQ_N_TASTE_PARTS; p++)
        if (w[p] != 0)
            piq_vector_add(scores, w[p], b->parts[i] + p * n, n);
    for (size_t k = 0; k < n; k++)
        if (piq_taste_best_takes(&best, (double)scores[k]))
            piq_taste_best_add(&best, (double)scores[k],
                               x->candidates[k].hidden);
    return piq_taste_judge(&best, x->n_hidden);
}

typedef struct trial {
    const bench *b;
    const float *w;
    double *worth; /* [n] */
} trial;

static void try_share(void *ctx, unsigned share)
{
    const trial *t = ctx;
    for (size_t i = share; i < t->b->n; i += t->b->threads)
        t->worth[i] = piq_taste_worth(try_case(t->b, i, t->w));
}

static void try_all(const bench *b, const float w[PIQ_N_TASTE_PARTS],
                    double *worth)
{
    trial t = {b, w, worth};
    piq_parallel(b->threads, try_share, &t);
}

static bool all_zero(const float w[PIQ_N_TASTE_PARTS])
{
    for (int p = 0; p < PIQ_N_TASTE_PARTS; p++)
        if (w[p] != 0)
            return false;
    return true;
}

/* The best other value of one weight; false: none is better for sure. */
static bool improve(const bench *b, float w[PIQ_N_TASTE_PARTS], int part,
                    double *worth, double *other)
{
    float best = w[part], old = w[part];
    double most = 0;
    for (int g = 0; g < N_GRID; g++) {
        double gain;
        w[part] = grid[g];
        if (grid[g] == old || all_zero(w))
            continue;
        try_all(b, w, other);
        if (piq_taste_is_better(worth, other, b->n, SURE, &gain) &&
            gain > most) {
            most = gain;
            best = grid[g];
        }
    }
    w[part] = best;
    if (best == old)
        return false;
    try_all(b, w, worth);
    return true;
}

static piq_status search(bench *b, bool lately, float w[PIQ_N_TASTE_PARTS])
{
    double *worth = piq_new(b->a, double, 2 * b->n);
    if (!worth)
        return PIQ_ENOMEM;
    try_all(b, w, worth);
    for (int sweep = 0; sweep < SWEEPS; sweep++) {
        bool changed = false;
        for (int p = 0; p < PIQ_N_TASTE_PARTS; p++)
            if (lately || p != PIQ_TASTE_LATELY)
                changed |= improve(b, w, p, worth, worth + b->n);
        if (!changed)
            break;
    }
    return PIQ_OK;
}

/* ---- all knots --------------------------------------------------------- */

static void add_validation(const bench *b, const float w[PIQ_N_TASTE_PARTS],
                           double *sum, double *n)
{
    for (size_t i = 0; i < b->n; i++)
        if (b->c->list[b->list[i]].round == PIQ_TASTE_SOME_HIDDEN) {
            *sum += try_case(b, i, w).ndcg;
            *n += 1;
        }
}

piq_status piq_taste_weigh(const piq_taste_cases *c, piq_taste_asked asked,
                           bool timed, unsigned threads, piq_taste_weights *out)
{
    piq_arena a;
    piq_status status = PIQ_OK;
    piq_taste_weights w = {.low_share = piq_taste_low_share(c)};
    bool lately = asked == PIQ_TASTE_LATER && timed;
    double sum = 0, n = 0;
    piq_arena_init(&a, (size_t)2 << 30);
    find_scales(c, &w);
    for (size_t k = 0; k < PIQ_TASTE_KNOTS && status == PIQ_OK; k++) {
        bench b = {.c = c, .w = &w, .a = &a, .threads = threads};
        float *weight = w.knots[k].weight;
        piq_taste_default_weights(asked, timed, piq_taste_knots[k], weight);
        piq_arena_clear(&a);
        status = prepare(&b, k);
        if (status == PIQ_OK)
            status = search(&b, lately, weight);
        if (status == PIQ_OK)
            add_validation(&b, weight, &sum, &n);
    }
    piq_arena_release(&a);
    w.valid_ndcg = n > 0 ? sum / n : NAN;
    if (status == PIQ_OK)
        *out = w;
    return status;
}
