/* kt_duel.c - see kt_duel.h. */
#include "train/kt_duel.h"

#include "base/rng.h"
#include "train/kt_live.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const double LOGLOSS_EDGE = 1e-7;

static double loss(double p, double y)
{
    p = fmin(fmax(p, LOGLOSS_EDGE), 1 - LOGLOSS_EDGE);
    return -(y * log(p) + (1 - y) * log(1 - p));
}

/* What is scored: rows in the order of the data. */
typedef struct ring {
    const piq_kt_data *data;
    int64_t since_us;
    bool *wanted;          /* [n_learners] gave an answer since then */
    double *ours, *theirs; /* [n_answers] */
    /* Of the n that count: */
    size_t n;
    double *p, *q;
    float *y;
    double *gap;    /* [n_learners] sum of loss differences */
    double *weight; /* [n_learners] answers */
    size_t n_learners;
} ring;

static bool counts(const ring *r, size_t i)
{
    return r->data->answers[i].at_us >= r->since_us && !isnan(r->theirs[i]) &&
           !isnan(r->ours[i]);
}

static bool make_ring(piq_arena *a, ring *r)
{
    const piq_kt_data *d = r->data;
    r->wanted = piq_new(a, bool, d->n_learners);
    r->gap = piq_new(a, double, d->n_learners);
    r->weight = piq_new(a, double, d->n_learners);
    r->y = piq_new(a, float, d->n_answers);
    r->ours = piq_new(a, double, d->n_answers);
    r->theirs = piq_new(a, double, d->n_answers);
    r->p = piq_new(a, double, d->n_answers);
    r->q = piq_new(a, double, d->n_answers);
    return r->wanted && r->gap && r->weight && r->y && r->ours && r->theirs &&
           r->p && r->q;
}

static void gather(ring *r)
{
    const piq_kt_data *d = r->data;
    for (size_t l = 0; l < d->n_learners; l++) {
        double gap = 0, n = 0;
        for (size_t i = d->first[l]; i < d->first[l + 1]; i++) {
            if (!counts(r, i))
                continue;
            float y = d->answers[i].score > 0.5f ? 1.0f : 0.0f;
            gap += loss(r->ours[i], (double)y) - loss(r->theirs[i], (double)y);
            n++;
            r->p[r->n] = r->ours[i];
            r->q[r->n] = r->theirs[i];
            r->y[r->n++] = y;
        }
        if (n > 0) {
            r->gap[r->n_learners] = gap;
            r->weight[r->n_learners++] = n;
        }
    }
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Learners are drawn, not answers: those of one learner go together. */
static void resample(const ring *r, uint64_t seed, piq_kt_duel *out)
{
    double means[PIQ_KT_DUEL_RESAMPLES];
    piq_rng rng;
    piq_rng_seed(&rng, seed);
    for (int k = 0; k < PIQ_KT_DUEL_RESAMPLES; k++) {
        double gap = 0, n = 0;
        for (size_t i = 0; i < r->n_learners; i++) {
            size_t at = (size_t)piq_rng_below(&rng, r->n_learners);
            gap += r->gap[at];
            n += r->weight[at];
        }
        means[k] = gap / n;
    }
    qsort(means, PIQ_KT_DUEL_RESAMPLES, sizeof *means, by_value);
    out->low = means[PIQ_KT_DUEL_RESAMPLES / 20];
    out->high = means[PIQ_KT_DUEL_RESAMPLES - 1 - PIQ_KT_DUEL_RESAMPLES / 20];
}

static piq_status judge(const ring *r, uint64_t seed, piq_kt_duel *out)
{
    double gap = 0;
    *out = (piq_kt_duel){.answers = r->n,
                         .learners = r->n_learners,
                         .difference = NAN,
                         .low = NAN,
                         .high = NAN};
    if (!r->n)
        return PIQ_OK;
    if (piq_kt_score_of(r->p, r->y, NULL, r->n, &out->challenger) ||
        piq_kt_score_of(r->q, r->y, NULL, r->n, &out->champion))
        return PIQ_ENOMEM;
    for (size_t i = 0; i < r->n_learners; i++)
        gap += r->gap[i];
    out->difference = gap / (double)r->n;
    out->is_enough = r->n >= PIQ_KT_DUEL_ANSWERS;
    out->is_worse = out->is_enough && out->difference > 0;
    resample(r, seed, out);
    return PIQ_OK;
}

piq_status piq_kt_duel_fight(const piq_kt_data *d,
                             const piq_kt_model *challenger,
                             const piq_kt_model *champion, int64_t since_us,
                             unsigned threads, uint64_t seed, piq_kt_duel *out,
                             piq_err *err)
{
    piq_arena a;
    ring r = {.data = d, .since_us = since_us};
    piq_arena_init(&a, (size_t)16 << 30);
    piq_status status = make_ring(&a, &r) ? PIQ_OK : PIQ_ENOMEM;
    for (size_t l = 0; l < d->n_learners && status == PIQ_OK; l++)
        for (size_t i = d->first[l]; i < d->first[l + 1]; i++) {
            r.ours[i] = r.theirs[i] = NAN;
            if (!champion)
                r.theirs[i] = (double)d->answers[i].foreseen;
            r.wanted[l] |= d->answers[i].at_us >= since_us;
        }
    if (status == PIQ_OK)
        status =
            piq_kt_live_predict(d, challenger, r.wanted, threads, r.ours, err);
    if (status == PIQ_OK && champion)
        status =
            piq_kt_live_predict(d, champion, r.wanted, threads, r.theirs, err);
    if (status == PIQ_OK) {
        gather(&r);
        status = judge(&r, seed, out);
        out->against_belief = !champion;
    }
    if (status == PIQ_ENOMEM)
        piq_fail(err, status, "no memory to compare two models");
    piq_arena_release(&a);
    return status;
}

static int by_instant(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

piq_status piq_kt_data_latest(const piq_kt_data *d, double share,
                              int64_t *since_us)
{
    piq_arena a;
    *since_us = INT64_MAX;
    if (!d->has_times || !d->n_answers)
        return PIQ_OK;
    piq_arena_init(&a, (size_t)16 << 30);
    int64_t *at = piq_new(&a, int64_t, d->n_answers);
    for (size_t i = 0; at && i < d->n_answers; i++)
        at[i] = d->answers[i].at_us;
    if (at) {
        qsort(at, d->n_answers, sizeof *at, by_instant);
        *since_us = at[(size_t)((double)d->n_answers * (1 - share))];
    }
    piq_arena_release(&a);
    return at ? PIQ_OK : PIQ_ENOMEM;
}
