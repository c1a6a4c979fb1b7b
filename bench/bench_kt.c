/* bench_kt - the trained model: what a fit costs as answers grow, what a live
 * update with its prediction costs, and scoring in batch.
 *
 * Learners drawn from a Rasch-like world (ability, item difficulty, learning),
 * 100 answers each to 2,000 items of 60 concepts, in AKT's text form: the
 * whole way from the file on is measured. Two threads fit; one answers live.
 *
 * A fit to so few answers stops at small forests, so the cost of serving is
 * measured on a made-up model of full size too (support/full_kt_model.h).
 * Rates are by the clock and by processor time, which other programs on the
 * machine do not change.
 *
 * Usage: bench_kt [LEARNERS]    (default 500; fitted at 1, 2 and 4 times that;
 *                               0: only the made-up model)
 */
#include "../tests/support/full_kt_model.h"
#include "base/clock.h"
#include "base/rng.h"
#include "num/logistic.h"
#include "predict/kt_state.h"
#include "train/kt_fit.h"
#include "train/kt_live.h"
#include "train/kt_rows.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>

enum {
    ANSWERS = 100,
    ITEMS = 2000,
    CONCEPTS = 60,
    PARTS = 5,
    SIZES = 3,
    FULL_LEARNERS = 2000,
    SIDE_BY_SIDE = 64, /* learners who answer in one batch */
    MAX_TEXT = 1 << 30
};

typedef struct world {
    double difficulty[ITEMS];
    piq_rng rng;
} world;

static void make_world(world *w)
{
    piq_rng_seed(&w->rng, 7);
    for (int i = 0; i < ITEMS; i++)
        w->difficulty[i] = piq_rng_normal(&w->rng);
}

/* One learner as AKT writes them: four lines. */
static void write_learner(world *w, size_t id, piq_buf *out)
{
    unsigned items[ANSWERS], right[ANSWERS];
    double ability = piq_rng_normal(&w->rng), known[CONCEPTS] = {0};
    for (int i = 0; i < ANSWERS; i++) {
        unsigned item = (unsigned)piq_rng_below(&w->rng, ITEMS);
        double *k = &known[item % CONCEPTS];
        double p = piq_sigmoid(ability + *k - w->difficulty[item]);
        items[i] = item;
        right[i] = piq_rng_uniform(&w->rng) < p;
        *k += 0.1;
    }
    piq_buf_printf(out, "%zu,%zu\n", id, id);
    for (int i = 0; i < ANSWERS; i++)
        piq_buf_printf(out, "%u%c", items[i], i + 1 < ANSWERS ? ',' : '\n');
    for (int i = 0; i < ANSWERS; i++)
        piq_buf_printf(out, "%u%c", items[i] % CONCEPTS,
                       i + 1 < ANSWERS ? ',' : '\n');
    for (int i = 0; i < ANSWERS; i++)
        piq_buf_printf(out, "%u%c", right[i], i + 1 < ANSWERS ? ',' : '\n');
}

static piq_status make_data(size_t learners, piq_kt_data *out, piq_err *err)
{
    static const char *const names[PARTS] = {"1", "2", "3", "4", "5"};
    world *w = calloc(1, sizeof *w);
    piq_buf text[PARTS];
    piq_kt_part_file files[PARTS];
    if (!w)
        return PIQ_ENOMEM;
    make_world(w);
    for (int k = 0; k < PARTS; k++)
        piq_buf_init(&text[k], MAX_TEXT);
    for (size_t i = 0; i < learners; i++)
        write_learner(w, i, &text[i % PARTS]);
    for (int k = 0; k < PARTS; k++)
        files[k] = (piq_kt_part_file){{text[k].ptr, text[k].len}, names[k]};
    piq_status status = piq_kt_data_akt(files, PARTS, true, out, err);
    for (int k = 0; k < PARTS; k++)
        piq_buf_release(&text[k]);
    free(w);
    return status;
}

static double seconds_since(int64_t start_ns)
{
    return (double)(piq_clock_monotonic_ns() - start_ns) / 1e9;
}

static double of_timeval(struct timeval t)
{
    return (double)t.tv_sec + (double)t.tv_usec * 1e-6;
}

/* Processor time of all threads so far. */
static double cpu_s(void)
{
    struct rusage r;
    getrusage(RUSAGE_SELF, &r);
    return of_timeval(r.ru_utime) + of_timeval(r.ru_stime);
}

typedef struct span {
    int64_t start_ns;
    double start_cpu_s;
    double s, cpu_s; /* what it took */
} span;

static span span_begin(void)
{
    return (span){.start_ns = piq_clock_monotonic_ns(), .start_cpu_s = cpu_s()};
}

static void span_end(span *t)
{
    t->s = seconds_since(t->start_ns);
    t->cpu_s = cpu_s() - t->start_cpu_s;
}

static piq_status fit(const piq_kt_data *d, piq_kt_role *role,
                      piq_kt_model **out, double *took_s, piq_err *err)
{
    piq_kt_fit_options o = piq_kt_fit_defaults();
    piq_kt_fit_report report;
    for (size_t i = 0; i < d->n_learners; i++)
        role[i] = d->part[i] == 0   ? PIQ_KT_TEST
                  : d->part[i] == 1 ? PIQ_KT_VALID
                                    : PIQ_KT_TRAIN;
    int64_t start = piq_clock_monotonic_ns();
    piq_status status = piq_kt_fit(d, role, &o, NULL, out, &report, err);
    *took_s = seconds_since(start);
    if (status == PIQ_OK)
        printf("  fit %8zu answers            %8.1f s   %6.1f us an answer, "
               "valid AUC %.4f\n",
               report.n_train, *took_s, *took_s * 1e6 / (double)report.n_train,
               report.valid.auc);
    return status;
}

/* All learners of a role by the batch code, features and blend included. */
static piq_status score(const piq_kt_data *d, const piq_kt_role *role,
                        piq_kt_role wanted, const piq_kt_model *m,
                        unsigned threads, piq_err *err)
{
    piq_kt_set set = {0};
    piq_arena a;
    double *logits[PIQ_N_MEMBERS], *p = NULL;
    piq_arena_init(&a, (size_t)4 << 30);
    span all = span_begin(), rows = all;
    piq_status status =
        piq_kt_rows_with(d, role, wanted, m->items, threads, &set, err);
    span_end(&rows);
    if (status == PIQ_OK)
        status = piq_kt_score_members(&a, m, &set, threads, logits);
    if (status == PIQ_OK && !(p = piq_new(&a, double, set.n_rows)))
        status = PIQ_ENOMEM;
    if (status == PIQ_OK) {
        piq_kt_score_blend(&m->blend, logits, set.n_rows, p);
        span_end(&all);
        double n = (double)set.n_rows;
        printf("  score in batch, %u thread%s      %8.0f answers/s  %8.0f per "
               "CPU second (%.2f us: features %.2f, model %.2f)\n",
               threads, threads == 1 ? " " : "s", n / all.s, n / all.cpu_s,
               all.cpu_s / n * 1e6, rows.cpu_s / n * 1e6,
               (all.cpu_s - rows.cpu_s) / n * 1e6);
    }
    piq_kt_set_release(&set);
    piq_arena_release(&a);
    return status;
}

/* --- answers of many learners as they come -------------------------------- */

/* The k-th answers of learners first .. first + n - 1, who have them. */
static size_t next_answers(const piq_kt_data *d, size_t first, size_t n,
                           size_t k, piq_kt_state *const *states,
                           piq_kt_entry *out)
{
    size_t found = 0;
    for (size_t i = 0; i < n; i++) {
        size_t at = d->first[first + i] + k;
        if (at >= d->first[first + i + 1])
            continue;
        const piq_kt_answer *x = &d->answers[at];
        out[found++] =
            (piq_kt_entry){.state = states[i],
                           .ask = piq_kt_data_ask(d, x),
                           .response = {x->score, x->response_ms, x->hint}};
    }
    return found;
}

static void answer_all(const piq_kt_data *d, const piq_kt_binding *b,
                       piq_kt_state *const *states, const char *what)
{
    piq_kt_entry entries[SIDE_BY_SIDE];
    span all = span_begin();
    for (size_t l = 0; l + SIDE_BY_SIDE <= d->n_learners; l += SIDE_BY_SIDE) {
        size_t n = SIDE_BY_SIDE;
        for (size_t i = 0; i < SIDE_BY_SIDE; i++)
            piq_kt_state_clear(states[i]);
        for (size_t k = 0; n > 0; k++) {
            n = next_answers(d, l, SIDE_BY_SIDE, k, states, entries);
            piq_kt_answer_batch(b, entries, n);
        }
    }
    span_end(&all);
    double n = (double)(d->n_learners / SIDE_BY_SIDE * SIDE_BY_SIDE) * ANSWERS;
    printf("  predict and update, %d at once  %8.0f answers/s  %8.0f per CPU "
           "second (%s)\n",
           SIDE_BY_SIDE, n / all.s, n / all.cpu_s, what);
}

/* One thread. */
static piq_status answer_side_by_side(const piq_kt_data *d,
                                      const piq_kt_model *m, bool mastery)
{
    piq_item_names names = piq_kt_data_names(d);
    piq_kt_state *states[SIDE_BY_SIDE] = {NULL};
    piq_kt_binding *b = NULL;
    piq_status status = piq_kt_bind_names(m, d->catalogue, &names, &b);
    if (status == PIQ_OK)
        piq_kt_binding_keep_mastery(b, mastery);
    for (size_t i = 0; i < SIDE_BY_SIDE && status == PIQ_OK; i++)
        status = piq_kt_state_new(b, &states[i]);
    if (status == PIQ_OK)
        answer_all(d, b, states, mastery ? "mastery kept" : "no mastery");
    for (size_t i = 0; i < SIDE_BY_SIDE; i++)
        piq_kt_state_free(states[i]);
    piq_kt_binding_free(b);
    return status;
}

static piq_status live(const piq_kt_data *d, const piq_kt_model *m)
{
    double live_us = 0;
    piq_status status = piq_kt_live_cost(d, m, NULL, &live_us);
    if (status == PIQ_OK)
        printf("  one live update and prediction  %8.1f us (median)\n",
               live_us);
    return status;
}

/* --- a fitted model ------------------------------------------------------- */

static piq_status measure(size_t learners, bool last, double *took_s,
                          piq_err *err)
{
    piq_kt_data d = {0};
    piq_kt_model *m = NULL;
    piq_status status = make_data(learners, &d, err);
    piq_kt_role *role = calloc(learners, sizeof *role);
    if (status == PIQ_OK && !role)
        status = PIQ_ENOMEM;
    if (status == PIQ_OK)
        status = fit(&d, role, &m, took_s, err);
    if (status == PIQ_OK && last)
        status = live(&d, m);
    if (status == PIQ_OK && last)
        status = score(&d, role, PIQ_KT_TRAIN, m, 2, err);
    piq_kt_model_free(m);
    piq_kt_data_release(&d);
    free(role);
    return status;
}

static piq_status measure_fits(size_t learners, piq_err *err)
{
    double took_s[SIZES] = {0};
    for (int k = 0; k < SIZES; k++) {
        piq_status status =
            measure(learners << k, k == SIZES - 1, &took_s[k], err);
        if (status != PIQ_OK)
            return status;
    }
    printf("  twice the answers cost %.2f, four times %.2f as much\n",
           took_s[1] / took_s[0], took_s[2] / took_s[0]);
    return PIQ_OK;
}

/* --- one of full size ----------------------------------------------------- */

/* Everybody but a fifth, whose answers the item table and the trees' splits
 * come from. */
static piq_status score_full(const piq_kt_data *d, piq_kt_role *role,
                             piq_err *err)
{
    piq_item_table *items = NULL;
    piq_kt_set sample = {0}, none = {0};
    for (size_t i = 0; i < d->n_learners; i++)
        role[i] = d->part[i] == 0 ? PIQ_KT_TRAIN : PIQ_KT_TEST;
    piq_status status =
        piq_kt_rows_fitting(d, role, 1, 2, &items, &sample, &none, err);
    if (status != PIQ_OK)
        return status;
    piq_kt_model *m = full_kt_model(3, items, &sample);
    piq_kt_set_release(&sample);
    piq_kt_set_release(&none);
    status = live(d, m);
    for (unsigned k = 0; k < 2 && status == PIQ_OK; k++)
        status = answer_side_by_side(d, m, k == 1);
    for (unsigned k = 1; k <= 2 && status == PIQ_OK; k++)
        status = score(d, role, PIQ_KT_TEST, m, k, err);
    piq_kt_model_free(m);
    return status;
}

static piq_status measure_full(piq_err *err)
{
    piq_kt_data d = {0};
    const piq_recurrent_options *net = piq_recurrent_option_defaults();
    printf("  made-up model: %d trees of depth %d over %d bins, net of %u, "
           "linear member, calibration\n",
           FULL_KT_TREES, FULL_KT_DEPTH, FULL_KT_BINS, net->hidden);
    piq_status status = make_data(FULL_LEARNERS, &d, err);
    piq_kt_role *role = calloc(FULL_LEARNERS, sizeof *role);
    if (status == PIQ_OK)
        status = role ? score_full(&d, role, err) : PIQ_ENOMEM;
    piq_kt_data_release(&d);
    free(role);
    return status;
}

int main(int argc, char **argv)
{
    size_t learners = argc > 1 ? strtoul(argv[1], NULL, 10) : 500;
    piq_err err = {0};
    piq_status status = PIQ_OK;
    printf("bench_kt: %d answers a learner, %d items, %d concepts, all "
           "members\n",
           ANSWERS, ITEMS, CONCEPTS);
    if (learners)
        status = measure_fits(learners, &err);
    if (status == PIQ_OK)
        status = measure_full(&err);
    if (status != PIQ_OK)
        fprintf(stderr, "bench_kt: %s\n",
                err.message[0] ? err.message : piq_status_text(status));
    return status != PIQ_OK;
}
