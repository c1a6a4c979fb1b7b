/* bench_kt - the trained model: what a fit costs as answers grow, what a live
 * update with its prediction costs, and scoring in batch.
 *
 * Learners drawn from a Rasch-like world (ability, item difficulty, learning),
 * 100 answers each to 2,000 items of 60 concepts, in AKT's text form: the
 * whole way from the file on is measured. Two threads fit; one answers live.
 *
 * Usage: bench_kt [LEARNERS]    (default 500; fitted at 1, 2 and 4 times that)
 */
#include "base/clock.h"
#include "base/rng.h"
#include "num/logistic.h"
#include "train/kt_fit.h"
#include "train/kt_live.h"
#include "train/kt_rows.h"

#include <stdio.h>
#include <stdlib.h>

enum {
    ANSWERS = 100,
    ITEMS = 2000,
    CONCEPTS = 60,
    PARTS = 5,
    SIZES = 3,
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

/* The test learners' rows by the batch code, two threads. */
static piq_status score(const piq_kt_data *d, const piq_kt_role *role,
                        const piq_kt_model *m, piq_err *err)
{
    piq_kt_set set = {0};
    piq_arena a;
    double *logits[PIQ_N_MEMBERS];
    piq_arena_init(&a, (size_t)4 << 30);
    int64_t start = piq_clock_monotonic_ns();
    piq_status status =
        piq_kt_rows_with(d, role, PIQ_KT_TRAIN, m->items, 2, &set, err);
    double rows_s = seconds_since(start);
    start = piq_clock_monotonic_ns();
    if (status == PIQ_OK)
        status = piq_kt_score_members(&a, m, &set, 2, logits);
    double score_s = seconds_since(start);
    if (status == PIQ_OK)
        printf("  score in batch, 2 threads       %8.0f answers/s "
               "(features %.0f/s, members %.0f/s)\n",
               (double)set.n_rows / (rows_s + score_s),
               (double)set.n_rows / rows_s, (double)set.n_rows / score_s);
    piq_kt_set_release(&set);
    piq_arena_release(&a);
    return status;
}

static piq_status measure(size_t learners, bool last, double *took_s,
                          piq_err *err)
{
    piq_kt_data d = {0};
    piq_kt_model *m = NULL;
    double live_us = 0;
    piq_status status = make_data(learners, &d, err);
    piq_kt_role *role = calloc(learners, sizeof *role);
    if (status == PIQ_OK && !role)
        status = PIQ_ENOMEM;
    if (status == PIQ_OK)
        status = fit(&d, role, &m, took_s, err);
    if (status == PIQ_OK && last) {
        status = piq_kt_live_cost(&d, m, NULL, &live_us);
        printf("  one live update and prediction  %8.1f us (median)\n",
               live_us);
    }
    if (status == PIQ_OK && last)
        status = score(&d, role, m, err);
    piq_kt_model_free(m);
    piq_kt_data_release(&d);
    free(role);
    return status;
}

int main(int argc, char **argv)
{
    size_t learners = argc > 1 ? strtoul(argv[1], NULL, 10) : 500;
    double took_s[SIZES] = {0};
    piq_err err = {0};
    printf("bench_kt: %d answers a learner, %d items, %d concepts, all "
           "members\n",
           ANSWERS, ITEMS, CONCEPTS);
    for (int k = 0; k < SIZES; k++) {
        if (measure(learners << k, k == SIZES - 1, &took_s[k], &err)) {
            fprintf(stderr, "bench_kt: %s\n", err.message);
            return 1;
        }
    }
    printf("  twice the answers cost %.2f, four times %.2f as much\n",
           took_s[1] / took_s[0], took_s[2] / took_s[0]);
    return 0;
}
