#include "train/offpolicy_interval.h"

#include "base/rng.h"

#include <math.h>
#include <stdlib.h>

enum { KINDS = PIQ_N_ESTIMATES };

/* What some rows add. An estimate is sum y / sum z, with z the weight for SNIPS
 * and 1 for the others; y is less centre z. */
typedef struct share {
    double y[KINDS];
    double n, weight;
} share;

/* Over groups: all that the estimates and their standard errors need. */
typedef struct sums {
    double y[KINDS], yy[KINDS], yz[KINDS];
    double n, nn, weight, ww;
} sums;

/* Candidate of a row, in a drawn world. */
typedef struct candidate {
    double until; /* chances up to and with this one */
    double weight, guess;
} candidate;

typedef struct work {
    const piq_estimate_rows *rows;
    candidate *candidates; /* of all rows; NULL: chances are not known */
    size_t *first;         /* [n + 1] of a row's */
    double centre[KINDS];  /* the log's estimates */
    double truth[KINDS];   /* of a drawn world */
    double *t[KINDS];      /* [resamples] */
} work;

/* ---- one row --------------------------------------------------------------
 */

typedef struct event {
    double direct, weight, reward, guess;
} event;

static void add_row(const double centre[KINDS], const event *x, share *to)
{
    double paid = x->weight * x->reward;
    double value = x->direct + paid - x->weight * x->guess;
    to->y[PIQ_ESTIMATE_IPS] += paid - centre[PIQ_ESTIMATE_IPS];
    to->y[PIQ_ESTIMATE_SNIPS] += paid - centre[PIQ_ESTIMATE_SNIPS] * x->weight;
    to->y[PIQ_ESTIMATE_DR] += value - centre[PIQ_ESTIMATE_DR];
    to->y[PIQ_ESTIMATE_DIFFERENCE] +=
        value - x->reward - centre[PIQ_ESTIMATE_DIFFERENCE];
    to->n += 1;
    to->weight += x->weight;
}

static event as_logged(const work *k, size_t i)
{
    const piq_offpolicy_row *r = &k->rows->log->rows[i];
    return (event){k->rows->direct[i], r->target[r->action] / r->propensity,
                   r->reward, k->rows->shown[i]};
}

/* One number for both: its upper half says which, its lower half how it went.
 * Counted instead of searched, as which one it is cannot be foreseen. */
static event as_drawn(const work *k, size_t i, piq_rng *random)
{
    const candidate *c = k->candidates + k->first[i];
    size_t last = k->first[i + 1] - k->first[i] - 1, at = 0;
    uint64_t bits = piq_rng_u64(random);
    double which = (double)(bits >> 32) * 0x1p-32;
    double luck = (double)(uint32_t)bits * 0x1p-32;
    for (size_t a = 0; a < last; a++)
        at += which >= c[a].until;
    return (event){k->rows->direct[i], c[at].weight, luck < c[at].guess,
                   c[at].guess};
}

/* ---- all rows -------------------------------------------------------------
 */

/* `random` NULL: as it was logged. */
static void add_group(const work *k, size_t g, piq_rng *random, sums *s)
{
    const piq_row_groups *groups = k->rows->groups;
    share all = {.n = 0};
    for (size_t m = groups->start[g]; m < groups->start[g + 1]; m++) {
        size_t i = groups->member[m];
        event x = random ? as_drawn(k, i, random) : as_logged(k, i);
        add_row(k->centre, &x, &all);
    }
    for (int e = 0; e < KINDS; e++) {
        double z = e == PIQ_ESTIMATE_SNIPS ? all.weight : all.n;
        s->y[e] += all.y[e];
        s->yy[e] += all.y[e] * all.y[e];
        s->yz[e] += all.y[e] * z;
    }
    s->n += all.n;
    s->nn += all.n * all.n;
    s->weight += all.weight;
    s->ww += all.weight * all.weight;
}

static double total(const sums *s, int e)
{
    return e == PIQ_ESTIMATE_SNIPS ? s->weight : s->n;
}

static double estimate_of(const work *k, const sums *s, int e)
{
    double z = total(s, e);
    return z > 0 ? k->centre[e] + s->y[e] / z : 0;
}

static double error_of(const sums *s, int e)
{
    double z = total(s, e), zz = e == PIQ_ESTIMATE_SNIPS ? s->ww : s->nn;
    if (z <= 0)
        return 0;
    double d = s->y[e] / z;
    double squares = s->yy[e] - 2 * d * s->yz[e] + d * d * zz;
    return sqrt(fmax(0, squares)) / z;
}

/* Twice: sums of squares are taken around the estimates. */
static void observe(work *k, double se[KINDS])
{
    for (int round = 0; round < 2; round++) {
        sums s = {0};
        for (size_t g = 0; g < k->rows->groups->n; g++)
            add_group(k, g, NULL, &s);
        for (int e = 0; e < KINDS; e++) {
            k->centre[e] = estimate_of(k, &s, e);
            se[e] = error_of(&s, e);
        }
    }
}

/* ---- worlds ---------------------------------------------------------------
 */

static piq_status list_candidates(piq_arena *a, work *k)
{
    const piq_offpolicy_log *log = k->rows->log;
    size_t n_all = 0;
    k->first = piq_new(a, size_t, log->n + 1);
    if (!k->first)
        return PIQ_ENOMEM;
    for (size_t i = 0; i < log->n; i++) {
        k->first[i] = n_all;
        n_all += log->rows[i].n_actions;
    }
    k->first[log->n] = n_all;
    k->candidates = piq_new(a, candidate, n_all);
    return k->candidates ? PIQ_OK : PIQ_ENOMEM;
}

/* Candidates of a row; what it is worth there to follow the target, and what to
 * go on as before. */
static void fill_row(work *k, size_t i, double *target, double *logged)
{
    const piq_offpolicy_row *r = &k->rows->log->rows[i];
    const double *chance = k->rows->log->logged[i];
    candidate *c = k->candidates + k->first[i];
    double until = 0;
    for (uint32_t a = 0; a < r->n_actions; a++) {
        double guess = k->rows->guess[k->first[i] + a];
        until += chance[a];
        c[a] = (candidate){until, chance[a] > 0 ? r->target[a] / chance[a] : 0,
                           guess};
        *target += r->target[a] * guess;
        *logged += chance[a] * guess;
    }
}

static piq_status make_world(piq_arena *a, work *k)
{
    size_t n = k->rows->log->n;
    double target = 0, logged = 0;
    for (int e = 0; e < KINDS; e++)
        k->truth[e] = k->centre[e];
    if (!k->rows->log->logged)
        return PIQ_OK;
    if (list_candidates(a, k))
        return PIQ_ENOMEM;
    for (size_t i = 0; i < n; i++)
        fill_row(k, i, &target, &logged);
    for (int e = 0; e < KINDS; e++)
        k->truth[e] = target / (double)n;
    k->truth[PIQ_ESTIMATE_DIFFERENCE] -= logged / (double)n;
    return PIQ_OK;
}

static double studentised(double off, double se)
{
    if (se > 0)
        return off / se;
    return off == 0 ? 0 : copysign(INFINITY, off);
}

static void draw_world(work *k, unsigned b, piq_rng *random)
{
    size_t n = k->rows->groups->n;
    sums s = {0};
    for (size_t i = 0; i < n; i++)
        add_group(k, piq_rng_below(random, n), k->candidates ? random : NULL,
                  &s);
    for (int e = 0; e < KINDS; e++)
        k->t[e][b] =
            studentised(estimate_of(k, &s, e) - k->truth[e], error_of(&s, e));
}

/* ---- intervals ------------------------------------------------------------
 */

static int by_number(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double quantile(const double *sorted, size_t n, double p)
{
    double at = p * (double)(n - 1);
    size_t k = (size_t)at;
    if (k + 1 >= n)
        return sorted[n - 1];
    double part = at - (double)k;
    if (part == 0 || sorted[k] == sorted[k + 1] || isinf(sorted[k]))
        return sorted[k];
    return sorted[k] + part * (sorted[k + 1] - sorted[k]);
}

static double within(double x, double least)
{
    return fmin(fmax(x, least), 1);
}

static piq_estimate interval_of(const work *k, int e, double se,
                                const piq_offpolicy_options *o)
{
    double at = k->centre[e], tail = (1 - o->confidence) / 2;
    double least = e == PIQ_ESTIMATE_DIFFERENCE ? -1 : 0;
    if (se == 0)
        return (piq_estimate){at, at, at};
    qsort(k->t[e], o->resamples, sizeof *k->t[e], by_number);
    double low = at - se * quantile(k->t[e], o->resamples, 1 - tail);
    double high = at - se * quantile(k->t[e], o->resamples, tail);
    return (piq_estimate){at, within(low, least), within(high, least)};
}

piq_status piq_estimate_intervals(piq_arena *scratch,
                                  const piq_estimate_rows *rows,
                                  const piq_offpolicy_options *o,
                                  piq_estimate *out)
{
    work k = {.rows = rows};
    double se[KINDS];
    piq_rng random;
    for (int e = 0; e < KINDS; e++) {
        k.t[e] = piq_new(scratch, double, o->resamples);
        if (!k.t[e])
            return PIQ_ENOMEM;
    }
    observe(&k, se);
    if (make_world(scratch, &k))
        return PIQ_ENOMEM;
    piq_rng_seed(&random, o->seed);
    for (unsigned b = 0; b < o->resamples; b++)
        draw_world(&k, b, &random);
    for (int e = 0; e < KINDS; e++)
        out[e] = interval_of(&k, e, se[e], o);
    return PIQ_OK;
}
