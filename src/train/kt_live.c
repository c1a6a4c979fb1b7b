/* kt_live.c - see kt_live.h. */
#include "train/kt_live.h"

#include "base/clock.h"
#include "base/parallel.h"
#include "predict/kt_state.h"

#include <math.h>
#include <stdlib.h>

enum { COST_ANSWERS = 20000 };

typedef struct living {
    const piq_kt_data *data;
    const bool *wanted;
    piq_kt_binding *binding;
    piq_kt_state *states[PIQ_MAX_THREADS];
    unsigned n;
    double *p;
} living;

static piq_status bind(const piq_kt_data *d, const piq_kt_model *m,
                       piq_kt_binding **out)
{
    piq_item_names names = piq_kt_data_names(d);
    return piq_kt_bind_names(m, d->catalogue, &names, out);
}

static void answer(const piq_kt_data *d, const piq_kt_binding *b, size_t i,
                   piq_kt_state *s, piq_kt_prediction *before)
{
    const piq_kt_answer *k = &d->answers[i];
    piq_ask ask = piq_kt_data_ask(d, k);
    piq_response response = {
        .score = k->score, .response_ms = k->response_ms, .hint = k->hint};
    piq_kt_state_answer(s, b, &ask, &response, before);
}

static void live(void *ctx, unsigned share)
{
    living *w = ctx;
    const piq_kt_data *d = w->data;
    piq_kt_prediction before;
    for (size_t l = share; l < d->n_learners; l += w->n) {
        if (w->wanted && !w->wanted[l])
            continue;
        piq_kt_state_clear(w->states[share]);
        for (size_t i = d->first[l]; i < d->first[l + 1]; i++) {
            answer(d, w->binding, i, w->states[share], &before);
            w->p[i] = before.p;
        }
    }
}

piq_status piq_kt_live_predict(const piq_kt_data *d, const piq_kt_model *m,
                               const bool *wanted, unsigned threads, double *p,
                               piq_err *err)
{
    living w = {.data = d, .wanted = wanted, .p = p};
    w.n = threads < 1                 ? 1
          : threads > PIQ_MAX_THREADS ? PIQ_MAX_THREADS
                                      : threads;
    piq_status status = bind(d, m, &w.binding);
    for (unsigned i = 0; i < w.n && status == PIQ_OK; i++)
        status = piq_kt_state_new(w.binding, &w.states[i]);
    if (status == PIQ_OK)
        piq_parallel(w.n, live, &w);
    else
        piq_fail(err, status, "no memory to go through the learners");
    for (unsigned i = 0; i < w.n; i++)
        piq_kt_state_free(w.states[i]);
    piq_kt_binding_free(w.binding);
    return status;
}

/* ---- cost -------------------------------------------------------------- */

static int by_time(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

static size_t time_answers(const piq_kt_data *d, const piq_kt_binding *b,
                           const bool *wanted, piq_kt_state *s, int64_t *ns)
{
    size_t n = 0;
    piq_kt_prediction before;
    for (size_t l = 0; l < d->n_learners && n < COST_ANSWERS; l++) {
        if (wanted && !wanted[l])
            continue;
        piq_kt_state_clear(s);
        for (size_t i = d->first[l]; i < d->first[l + 1] && n < COST_ANSWERS;
             i++) {
            int64_t start = piq_clock_monotonic_ns();
            answer(d, b, i, s, &before);
            ns[n++] = piq_clock_monotonic_ns() - start;
        }
    }
    return n;
}

piq_status piq_kt_live_cost(const piq_kt_data *d, const piq_kt_model *m,
                            const bool *wanted, double *us)
{
    piq_arena a;
    piq_kt_binding *b = NULL;
    piq_kt_state *s = NULL;
    piq_arena_init(&a, 0);
    int64_t *ns = piq_new(&a, int64_t, COST_ANSWERS);
    piq_status status = ns ? bind(d, m, &b) : PIQ_ENOMEM;
    if (status == PIQ_OK) {
        piq_kt_binding_keep_mastery(b, true); /* as a server does */
        status = piq_kt_state_new(b, &s);
    }
    if (status == PIQ_OK) {
        size_t n = time_answers(d, b, wanted, s, ns), middle = n / 2;
        qsort(ns, n, sizeof *ns, by_time);
        *us = n ? (double)ns[middle] / 1000.0 : NAN;
    }
    piq_kt_state_free(s);
    piq_kt_binding_free(b);
    piq_arena_release(&a);
    return status;
}
