#include "train/eval_recommend.h"

#include "base/clock.h"
#include "train/taste_fit_cases.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

typedef struct run {
    piq_arena *a;
    const piq_taste_data *d;
    const piq_taste *m;
    uint32_t *place; /* [d->n_items] in the model, or PIQ_TASTE_NO_ITEM */
    piq_taste_entry *history; /* of one learner */
    float *scores;            /* [stride] */
    uint8_t *mark;            /* [n_items] KNOWN, HIDDEN */
    double *us;               /* [n_learners] */
    double ndcg, squares, recall;
    size_t users;
} run;
enum { KNOWN = 1, HIDDEN = 2 };

/* ---- what is modelled --------------------------------------------------- */

typedef struct counted {
    uint32_t item, n;
} counted;

static int by_count(const void *a, const void *b)
{
    const counted *x = a, *y = b;
    if (x->n != y->n)
        return x->n > y->n ? -1 : 1;
    return (x->item > y->item) - (x->item < y->item);
}

/* The items most seen, as many as a model holds; the order of ids is kept. */
static piq_status choose_items(run *r, size_t *n_items)
{
    const piq_taste_data *d = r->d;
    counted *list = piq_new(r->a, counted, d->n_items);
    r->place = piq_new(r->a, uint32_t, d->n_items);
    if (!list || !r->place)
        return PIQ_ENOMEM;
    for (uint32_t i = 0; i < d->n_items; i++)
        list[i].item = i;
    for (size_t i = 0; i < d->n; i++)
        list[d->rows[i].item].n += d->rows[i].role == PIQ_TASTE_TRAIN;
    qsort(list, d->n_items, sizeof *list, by_count);
    for (size_t i = 0; i < d->n_items; i++)
        r->place[list[i].item] =
            i < PIQ_TASTE_MAX_ITEMS ? 0 : PIQ_TASTE_NO_ITEM;
    uint32_t n = 0;
    for (size_t i = 0; i < d->n_items; i++)
        if (r->place[i] != PIQ_TASTE_NO_ITEM)
            r->place[i] = n++;
    *n_items = n;
    return PIQ_OK;
}

static piq_status fit(run *r, size_t n_items, const piq_taste_options *o,
                      piq_taste **out, piq_err *err)
{
    const piq_taste_data *d = r->d;
    piq_taste_event *events = piq_new(r->a, piq_taste_event, d->n);
    if (!events)
        return piq_fail(err, PIQ_ENOMEM, "no memory for the events");
    size_t n = 0;
    for (size_t i = 0; i < d->n; i++) {
        const piq_taste_row *x = &d->rows[i];
        if (x->role == PIQ_TASTE_TRAIN &&
            r->place[x->item] != PIQ_TASTE_NO_ITEM)
            events[n++] = (piq_taste_event){x->at_us, x->learner,
                                            r->place[x->item], x->weight};
    }
    const piq_taste_log log = {.list = events,
                               .n = n,
                               .n_learners = (uint32_t)d->n_learners,
                               .n_items = (uint32_t)n_items};
    return piq_taste_fit(&log, o, out, err);
}

/* ---- one learner -------------------------------------------------------- */

/* Rows from .. end are one learner's. */
static void judge(run *r, size_t from, size_t end)
{
    size_t n_items = piq_taste_n_items(r->m), n = 0, hidden = 0;
    piq_taste_best best = {.n = 0};
    memset(r->mark, 0, n_items);
    for (size_t i = from; i < end; i++) {
        const piq_taste_row *x = &r->d->rows[i];
        uint32_t at = r->place[x->item];
        hidden += x->role == PIQ_TASTE_TEST;
        if (at == PIQ_TASTE_NO_ITEM)
            continue;
        r->mark[at] = x->role == PIQ_TASTE_TEST ? HIDDEN : KNOWN;
        if (x->role != PIQ_TASTE_TEST)
            r->history[n++] = (piq_taste_entry){x->at_us, at, x->weight};
    }
    if (hidden == 0)
        return;
    int64_t start = piq_clock_monotonic_ns();
    piq_taste_scores_of(r->m, r->history, n, r->scores);
    r->us[r->users] = (double)(piq_clock_monotonic_ns() - start) / 1e3;
    for (size_t i = 0; i < n_items; i++)
        if (r->mark[i] != KNOWN)
            piq_taste_best_add(&best, (double)r->scores[i],
                               r->mark[i] == HIDDEN);
    piq_taste_quality q = piq_taste_judge(&best, hidden);
    r->ndcg += q.ndcg;
    r->squares += q.ndcg * q.ndcg;
    r->recall += q.recall;
    r->users++;
}

static piq_status judge_all(run *r)
{
    size_t stride = piq_taste_stride(r->m);
    r->history = piq_new(r->a, piq_taste_entry, r->d->n_items);
    r->scores = piq_new(r->a, float, stride);
    r->mark = piq_new(r->a, uint8_t, stride);
    r->us = piq_new(r->a, double, r->d->n_learners);
    if (!r->history || !r->scores || !r->mark || !r->us)
        return PIQ_ENOMEM;
    for (size_t i = 0, end; i < r->d->n; i = end) {
        end = i;
        while (end < r->d->n &&
               r->d->rows[end].learner == r->d->rows[i].learner)
            end++;
        judge(r, i, end);
    }
    return PIQ_OK;
}

static int by_number(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

piq_status piq_eval_recommend(piq_arena *a, const piq_taste_data *d,
                              const piq_taste_options *o,
                              piq_recommend_report *out, piq_err *err)
{
    run r = {.a = a, .d = d};
    piq_taste *m;
    size_t n_items;
    if (piq_taste_count(d, PIQ_TASTE_TEST) == 0)
        return piq_fail(err, PIQ_EINVAL, "there is nothing to be found in it");
    if (choose_items(&r, &n_items) != PIQ_OK)
        return piq_fail(err, PIQ_ENOMEM, "no memory for the items");
    int64_t start = piq_clock_monotonic_ns();
    piq_status status = fit(&r, n_items, o, &m, err);
    if (status != PIQ_OK)
        return status;
    double fit_s = (double)(piq_clock_monotonic_ns() - start) / 1e9;
    r.m = m;
    if (judge_all(&r) != PIQ_OK) {
        piq_taste_free(m);
        return piq_fail(err, PIQ_ENOMEM, "no memory for the scores");
    }
    double n = (double)r.users, mean = r.ndcg / n;
    qsort(r.us, r.users, sizeof *r.us, by_number);
    *out = (piq_recommend_report){
        .ndcg_10 = mean,
        .recall_20 = r.recall / n,
        .ndcg_se = sqrt(fmax(r.squares / n - mean * mean, 0) / n),
        .users = r.users,
        .fit_s = fit_s,
        .score_us_p50 = r.us[r.users / 2],
        .n_train = piq_taste_count(d, PIQ_TASTE_TRAIN),
        .n_test = piq_taste_count(d, PIQ_TASTE_TEST),
        .n_items = d->n_items,
        .n_left_out = d->n_items - n_items,
        .model = *piq_taste_about_of(m)};
    for (size_t k = 0, length = 1; k < PIQ_RECOMMEND_LENGTHS; k++, length *= 10)
        for (int p = 0; p < PIQ_N_TASTE_PARTS; p++)
            out->weights[k][p] = piq_taste_weight(m, (piq_taste_part)p, length);
    piq_taste_free(m);
    return PIQ_OK;
}
