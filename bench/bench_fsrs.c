/* bench_fsrs - memory model: reviews folded and recalls asked, a second, and
 * parameters fitted, on one thread.
 *
 * Cards live through reviews with random ratings and gaps (a third of them on
 * the same day), drawn before the clock starts. Best of five rounds; a
 * checksum keeps the work from being optimised away.
 */
#include "base/clock.h"
#include "memory/fsrs.h"
#include "memory/memory.h"
#include "train/fsrs_fit.h"

#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

enum { N_CARDS = 2000, N_REVIEWS = 500, N_ROUNDS = 5, N_CONCEPTS = 70 };

typedef struct step {
    double elapsed_days;
    int rating;
} step;

typedef struct bench {
    step *steps; /* [N_CARDS * N_REVIEWS] */
    double *stabilities;
    piq_memory memory;
    piq_catalogue catalogue;
    const piq_fsrs_params *p;
} bench;

static void draw_steps(bench *b)
{
    piq_rng r;
    piq_rng_seed(&r, 1);
    for (size_t i = 0; i < (size_t)N_CARDS * N_REVIEWS; i++) {
        uint64_t kind = piq_rng_below(&r, 10);
        b->steps[i].rating = kind == 0 ? 1 : kind == 1 ? 2 : kind < 9 ? 3 : 4;
        b->steps[i].elapsed_days =
            piq_rng_below(&r, 3) == 0 ? 0 : floor(exp(6 * piq_rng_uniform(&r)));
        b->stabilities[i] = exp(10 * piq_rng_uniform(&r) - 4);
    }
}

/* Every card once through its life. */
static double run_next(const bench *b)
{
    double sum = 0;
    for (size_t c = 0; c < N_CARDS; c++) {
        piq_fsrs_state x = {0, 0};
        const step *s = b->steps + c * N_REVIEWS;
        for (size_t i = 0; i < N_REVIEWS; i++)
            x = piq_fsrs_next(b->p, x, s[i].elapsed_days, s[i].rating);
        sum += x.stability_days + x.difficulty;
    }
    return sum;
}

static double run_recall(const bench *b)
{
    double sum = 0;
    for (size_t i = 0; i < (size_t)N_CARDS * N_REVIEWS; i++)
        sum += piq_fsrs_recall(b->p, b->steps[i].elapsed_days + 0.5,
                               b->stabilities[i]);
    return sum;
}

/* A learner's answers, ten minutes apart, concept by concept; each concept
 * exercises the one before it. */
static double run_review(const bench *b)
{
    piq_memory m;
    if (piq_memory_copy(&m, &b->memory) != PIQ_OK)
        return NAN;
    int64_t at_us = INT64_C(1795176000000000);
    const piq_review_calendar calendar = {
        .retention = 0.9, .utc_offset_min = 60, .seed = 1};
    for (size_t i = 0; i < (size_t)N_CARDS * N_REVIEWS; i++) {
        at_us += INT64_C(600000000);
        piq_memory_answer x = {.concept = {(uint16_t)(i % N_CONCEPTS)},
                               .rating = b->steps[i].rating,
                               .weight = 1,
                               .at_us = at_us};
        piq_memory_review(&m, &b->catalogue, &x, &calendar);
    }
    double sum = m.concepts[7].state.stability_days;
    piq_memory_release(&m);
    return sum;
}

/* A fit to cards of twenty reviews each; milliseconds, best of five. */
static bool report_fit(const bench *b)
{
    enum { A_CARD = 20, N = N_CARDS * 2 };
    static piq_fsrs_review reviews[N * A_CARD];
    static size_t first[N + 1];
    double best_ms = INFINITY, sum = 0;
    piq_fsrs_fit_report r;
    for (size_t i = 0; i < (size_t)N * A_CARD; i++)
        reviews[i] = (piq_fsrs_review){
            (int64_t)i, i % A_CARD ? (int32_t)b->steps[i].elapsed_days : 0,
            b->steps[i].rating};
    for (size_t i = 0; i <= N; i++)
        first[i] = i * A_CARD;
    const piq_fsrs_cards cards = {N, first, reviews};
    piq_fsrs_params p;
    if (piq_fsrs_fit(&cards, piq_fsrs_fit_defaults(), &p, &r, NULL) != PIQ_OK)
        return false;
    for (int k = 0; k < N_ROUNDS; k++) {
        int64_t start = piq_clock_monotonic_ns();
        if (piq_fsrs_fit(&cards, piq_fsrs_fit_defaults(), &p, NULL, NULL) !=
            PIQ_OK)
            return false;
        best_ms =
            fmin(best_ms, (double)(piq_clock_monotonic_ns() - start) * 1e-6);
        sum += p.w[2];
    }
    printf("%-24s %8.1f ms %8zu items  (checksum %.6g)\n", "fsrs: fit", best_ms,
           r.n_items, sum);
    return true;
}

static void report(const char *name, double (*run)(const bench *),
                   const bench *b)
{
    int64_t best_ns = INT64_MAX;
    double sum = 0;
    for (int k = 0; k < N_ROUNDS; k++) {
        int64_t start = piq_clock_monotonic_ns();
        sum = run(b);
        int64_t took = piq_clock_monotonic_ns() - start;
        best_ns = took < best_ns ? took : best_ns;
    }
    double n = (double)N_CARDS * N_REVIEWS;
    printf("%-24s %8.1f M/s %8.1f ns each   (checksum %.6g)\n", name,
           n / (double)best_ns * 1e3, (double)best_ns / n, sum);
}

int main(void)
{
    piq_concept concepts[N_CONCEPTS] = {0};
    piq_concept_weight before[N_CONCEPTS];
    for (size_t i = 1; i < N_CONCEPTS; i++) {
        before[i] = (piq_concept_weight){{(uint16_t)(i - 1)}, 0.5};
        concepts[i].exercises = &before[i];
        concepts[i].n_exercises = 1;
    }
    bench b = {.p = piq_fsrs_defaults(),
               .catalogue = {.concepts = concepts, .n_concepts = N_CONCEPTS}};
    size_t n = (size_t)N_CARDS * N_REVIEWS;
    b.steps = calloc(n, sizeof *b.steps);
    b.stabilities = calloc(n, sizeof *b.stabilities);
    if (!b.steps || !b.stabilities ||
        piq_memory_init(&b.memory, &b.catalogue) != PIQ_OK) {
        fprintf(stderr, "bench_fsrs: out of memory\n");
        return 1;
    }
    draw_steps(&b);
    report("fsrs: review", run_next, &b);
    report("fsrs: recall", run_recall, &b);
    report("memory: answer folded", run_review, &b);
    if (!report_fit(&b)) {
        fprintf(stderr, "bench_fsrs: out of memory\n");
        return 1;
    }
    piq_memory_release(&b.memory);
    free(b.steps);
    free(b.stabilities);
    return 0;
}
