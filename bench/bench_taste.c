/* bench_taste - tastes over 4,000 items: fitting, a learner's scores from 50
 * entries of history, keeping them up to date, explaining one.
 *
 * Made-up learners with tastes in eight directions and a few items that are
 * most popular. Usage: bench_taste [ITEMS [LEARNERS]]
 *
 * What is asked for stands beside the figures: of 4,000 items a fit of at most
 * 15 s on two threads, scores of 50 entries in .2 ms at the median.
 */
#include "base/clock.h"
#include "base/rng.h"
#include "recommend/taste.h"
#include "train/taste_fit.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum {
    ITEMS = 4000,
    LEARNERS = 6000,
    DIRECTIONS = 8,
    HISTORY = 50,
    CALLS = 4000,
    MEAN_ENTRIES = 100
};
static const double FIT_S = 15, SCORES_US = 200; /* of ITEMS */

typedef struct bench {
    uint32_t n_items, n_learners;
    piq_rng r;
    float *pulls; /* [n_items][DIRECTIONS] */
    piq_taste_event *events;
    size_t n;
} bench;

static void *must(void *at)
{
    if (!at)
        abort();
    return at;
}

/* The popular are met most; what is met is taken up if it is to one's taste. */
static void draw_learner(bench *b, uint32_t u)
{
    double own[DIRECTIONS];
    size_t wanted = 10 + (size_t)piq_rng_below(&b->r, 2 * MEAN_ENTRIES - 20);
    for (int d = 0; d < DIRECTIONS; d++)
        own[d] = piq_rng_normal(&b->r);
    for (size_t k = 0; k < wanted;) {
        double x = piq_rng_uniform(&b->r), pull = 0;
        uint32_t item = (uint32_t)(x * x * b->n_items);
        for (int d = 0; d < DIRECTIONS; d++)
            pull += own[d] *
                    (double)b->pulls[(size_t)item * DIRECTIONS + (size_t)d];
        if (piq_rng_uniform(&b->r) * 4 > exp(pull))
            continue;
        b->events[b->n++] =
            (piq_taste_event){(int64_t)++k * 1000000, u, item, 1};
    }
}

static void draw(bench *b)
{
    piq_rng_seed(&b->r, 1);
    b->pulls = must(calloc((size_t)b->n_items * DIRECTIONS, sizeof(float)));
    b->events = must(
        calloc((size_t)b->n_learners * 2 * MEAN_ENTRIES, sizeof *b->events));
    for (size_t i = 0; i < (size_t)b->n_items * DIRECTIONS; i++)
        b->pulls[i] = (float)(.6 * piq_rng_normal(&b->r));
    for (uint32_t u = 0; u < b->n_learners; u++)
        draw_learner(b, u);
}

static int ascending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static void heading(void)
{
    printf("%-34s %10s %10s  %s\n", "taste", "p50", "p99", "target");
}

/* target: of the median, at ITEMS; 0: none. */
static void report(const bench *b, const char *what, double *us, double target)
{
    qsort(us, CALLS, sizeof *us, ascending);
    double p50 = us[CALLS / 2];
    printf("%-34s %7.2f us %7.2f us", what, p50, us[CALLS * 99 / 100]);
    if (target > 0 && b->n_items == ITEMS)
        printf("  p50 %.0f us: %s", target, p50 <= target ? "held" : "MISSED");
    printf("\n");
}

/* By the clock, and of all processors together. */
static void report_fit(const bench *b, double s, double cpu_s)
{
    printf("%-34s %8.2f s  cpu %4.1f s", "fit", s, cpu_s);
    if (b->n_items == ITEMS)
        printf("  %.0f s: %s", FIT_S, s <= FIT_S ? "held" : "MISSED");
    printf("\n");
}

static piq_taste_entry random_entry(bench *b, int64_t at_us)
{
    double x = piq_rng_uniform(&b->r);
    return (piq_taste_entry){at_us, (uint32_t)(x * x * b->n_items), 1};
}

static void measure(bench *b, const piq_taste *m)
{
    static double fresh[CALLS], add[CALLS], read[CALLS], why_us[CALLS];
    static piq_taste_why why;
    piq_taste_state *s;
    float *out = must(aligned_alloc(64, piq_taste_stride(m) * sizeof *out));
    double sum = 0;
    if (piq_taste_state_new(m, &s) != PIQ_OK)
        abort();
    for (int i = 0; i < CALLS; i++) {
        piq_taste_entry list[HISTORY];
        for (int k = 0; k < HISTORY; k++)
            list[k] = random_entry(b, k + 1);
        int64_t at = piq_clock_monotonic_ns();
        piq_taste_scores_of(m, list, HISTORY, out);
        fresh[i] = (double)(piq_clock_monotonic_ns() - at) / 1e3;
        sum += (double)out[i % 7];
        if (i % 500 == 0)
            piq_taste_state_clear(s);
        piq_taste_entry e = random_entry(b, (i + 1) * INT64_C(1000));
        at = piq_clock_monotonic_ns();
        piq_taste_add(s, e);
        add[i] = (double)(piq_clock_monotonic_ns() - at) / 1e3;
        at = piq_clock_monotonic_ns();
        piq_taste_scores(s, out);
        read[i] = (double)(piq_clock_monotonic_ns() - at) / 1e3;
        at = piq_clock_monotonic_ns();
        piq_taste_explain(s, (uint32_t)(i * 7) % b->n_items, &why);
        why_us[i] = (double)(piq_clock_monotonic_ns() - at) / 1e3;
        sum += why.rest;
    }
    report(b, "scores of 50 entries, anew", fresh, SCORES_US);
    report(b, "an event into kept scores", add, 0);
    report(b, "kept scores read", read, 0);
    report(b, "one item explained", why_us, 0);
    printf("(checksum %.6g)\n", sum);
    piq_taste_state_free(s);
    free(out);
}

int main(int argc, char **argv)
{
    bench b = {.n_items = argc > 1 ? (uint32_t)atoi(argv[1]) : ITEMS,
               .n_learners = argc > 2 ? (uint32_t)atoi(argv[2]) : LEARNERS};
    if (b.n_items < 10 || b.n_learners < 10) {
        fprintf(stderr, "usage: bench_taste [ITEMS [LEARNERS]]\n");
        return 2;
    }
    draw(&b);
    const piq_taste_log log = {.list = b.events,
                               .n = b.n,
                               .n_learners = b.n_learners,
                               .n_items = b.n_items};
    const piq_taste_options o = piq_taste_option_defaults();
    piq_taste *m;
    piq_err err = {0};
    double drawn_s = (double)clock() / CLOCKS_PER_SEC;
    int64_t at = piq_clock_monotonic_ns();
    if (piq_taste_fit(&log, &o, &m, &err) != PIQ_OK) {
        fprintf(stderr, "%s\n", err.message);
        return 1;
    }
    double fit_s = (double)(piq_clock_monotonic_ns() - at) / 1e9;
    printf("%u items, %u learners, %zu events\n", b.n_items, b.n_learners, b.n);
    heading();
    report_fit(&b, fit_s, (double)clock() / CLOCKS_PER_SEC - drawn_s);
    measure(&b, m);
    piq_taste_free(m);
    free(b.pulls);
    free(b.events);
    return 0;
}
