#include "train/eval_memory.h"

#include "memory/online.h"
#include "num/score.h"
#include "train/review_stream.h"

#include <math.h>
#include <stdlib.h>

/* A stream and what is scored of it. */
typedef struct stream {
    piq_review_stream r;
    double *p; /* [r.n] */
} stream;

/* ---- scores ------------------------------------------------------------ */

typedef struct binned {
    uint64_t bin;
    double gap; /* p - y */
} binned;

static int by_bin(const void *a, const void *b)
{
    const binned *x = a, *y = b;
    return (x->bin > y->bin) - (x->bin < y->bin);
}

static piq_status rmse_of(piq_arena *a, const stream *s, size_t from,
                          double *out)
{
    size_t n = s->r.n - from;
    binned *list = piq_new(a, binned, n);
    double sum = 0;
    if (!list)
        return PIQ_ENOMEM;
    for (size_t i = 0; i < n; i++)
        list[i] = (binned){s->r.bin[from + i],
                           s->p[from + i] - s->r.passed[from + i]};
    qsort(list, n, sizeof *list, by_bin);
    for (size_t i = 0, end; i < n; i = end) {
        double gap = 0;
        for (end = i; end < n && list[end].bin == list[i].bin; end++)
            gap += list[end].gap;
        sum += gap * gap / (double)(end - i);
    }
    *out = sqrt(sum / (double)n);
    return PIQ_OK;
}

static piq_status score(piq_arena *a, const stream *s, size_t from,
                        piq_memory_score *out)
{
    size_t n = s->r.n - from;
    double sum = 0;
    for (size_t i = from; i < s->r.n; i++) {
        double p = fmin(fmax(s->p[i], 1e-7), 1 - 1e-7);
        sum -= log(s->r.passed[i] > .5f ? p : 1 - p);
    }
    out->logloss = sum / (double)n;
    piq_status status = rmse_of(a, s, from, &out->rmse_bins);
    return status ? status
                  : piq_auc(a, s->p + from, s->r.passed + from, n, &out->auc);
}

static void take_recall(stream *s, size_t from)
{
    for (size_t i = from; i < s->r.n; i++)
        s->p[i] = s->r.asked[i].recall;
}

static void correct(stream *s, size_t from)
{
    piq_online o;
    piq_online_init(&o);
    for (size_t i = from; i < s->r.n; i++) {
        const piq_review_asked *x = &s->r.asked[i];
        s->p[i] = piq_online_recall(&o, x->before, x->recall);
        piq_online_update(&o, x->before, x->recall, s->r.passed[i] > .5f, 1);
    }
}

static piq_status fit_and_ask(stream *s, const piq_memory_eval_options *o,
                              piq_err *err)
{
    size_t part = s->r.n / (o->folds + 1);
    for (unsigned f = 1; f <= o->folds; f++) {
        size_t from = f * part, to = f < o->folds ? from + part : s->r.n;
        piq_fsrs_params p;
        piq_review_stream_cut(&s->r, from);
        piq_status status = piq_fsrs_fit(&s->r.train, &o->fit, &p, NULL, err);
        if (status)
            return status;
        piq_review_stream_ask(&s->r, &p, from, to);
    }
    return PIQ_OK;
}

static piq_status evaluate(piq_arena *a, stream *s,
                           const piq_memory_eval_options *o,
                           piq_memory_report *out, piq_err *err)
{
    size_t from = s->r.n / (o->folds + 1);
    out->n_items = s->r.n;
    out->n_predicted = s->r.n - from;
    piq_status status = fit_and_ask(s, o, err);
    if (status)
        return status;
    take_recall(s, from);
    status = score(a, s, from, &out->fitted);
    if (status)
        return status;
    correct(s, from);
    status = score(a, s, from, &out->online);
    if (status)
        return status;
    piq_review_stream_ask(&s->r, piq_fsrs_defaults(), from, s->r.n);
    take_recall(s, from);
    return score(a, s, from, &out->published);
}

piq_status piq_eval_memory(piq_arena *a, const piq_fsrs_cards *cards,
                           const piq_memory_eval_options *o,
                           piq_memory_report *out, piq_err *err)
{
    stream s;
    piq_memory_report r = {0};
    if (o->folds < 1 || o->folds > PIQ_MEMORY_MAX_FOLDS)
        return piq_fail(err, PIQ_EINVAL, "folds must be 1 to %d",
                        PIQ_MEMORY_MAX_FOLDS);
    piq_status status = piq_fsrs_cards_check(cards, err);
    if (status)
        return status;
    if (piq_review_stream_open(a, cards, &s.r) != PIQ_OK)
        return piq_fail(err, PIQ_ENOMEM, "no memory for the reviews");
    s.p = piq_new(a, double, s.r.n);
    if (!s.p)
        return piq_fail(err, PIQ_ENOMEM, "no memory for the reviews");
    if (s.r.n < o->folds + 1)
        return piq_fail(err, PIQ_EINVAL,
                        "%zu scored reviews are too few for %u folds", s.r.n,
                        o->folds);
    status = evaluate(a, &s, o, &r, err);
    if (status == PIQ_ENOMEM)
        piq_fail(err, status, "no memory to evaluate");
    if (!status)
        *out = r;
    return status;
}
