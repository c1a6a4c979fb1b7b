/* bench_recommend.c - microseconds to recommend five of many contents.
 *
 * Usage: bench_recommend [CURRICULUM.json]   (default content/poker.json)
 * Prints one line for each catalogue: name, contents, candidates, median and
 * 99th percentile over 2,000 calls (200 for the large one), 40 learners; the
 * last place drawn by chance, and what chance the best for it keeps, among how
 * many.
 */
#include "../tests/support/random_catalogue.h"
#include "../tests/support/random_learner.h"
#include "base/clock.h"
#include "recommend/recommend.h"

#include <stdio.h>
#include <stdlib.h>

enum { N_LEARNERS = 40, MAX_CALLS = 2000 };

static int ascending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static piq_recommend_input input_for(const piq_catalogue *c,
                                     const random_learner *l)
{
    piq_recommend_input in = {.catalogue = c,
                              .beliefs = l->beliefs,
                              .history = l->history,
                              .value = l->value,
                              .session_minutes = 25,
                              .desired_retention = 0.9,
                              .now_us = RANDOM_NOW_US};
    for (int i = 0; i < PIQ_N_MODALITIES; i++)
        in.modality[i].value = 0.5;
    return in;
}

static piq_recommend_policy exploring(void)
{
    piq_recommend_policy p;
    piq_recommend_by_hand(&p);
    p.explores = true;
    return p;
}

static void measure(const char *name, const piq_catalogue *c, int n_calls)
{
    static double us[MAX_CALLS];
    random_learner learners[N_LEARNERS];
    piq_recommend_request all = {-1, 5};
    piq_recommend_policy policy = exploring();
    size_t candidates = 0, safe = 0;
    double kept = 0;
    piq_arena a;
    piq_arena_init(&a, 0);
    for (int i = 0; i < N_LEARNERS; i++)
        learners[i] =
            random_learner_new((uint64_t)i, c, (double)i / N_LEARNERS);
    for (int i = -N_LEARNERS; i < n_calls; i++) {
        piq_slate slate;
        int who = (i + N_LEARNERS) % N_LEARNERS;
        piq_recommend_input in = input_for(c, &learners[who]);
        in.policy = &policy;
        in.seed = (uint64_t)i;
        piq_arena_clear(&a);
        int64_t from = piq_clock_monotonic_ns();
        if (piq_recommend(&a, &in, &all, &slate) != PIQ_OK)
            abort();
        if (i < 0)
            continue; /* warming up */
        us[i] = (double)(piq_clock_monotonic_ns() - from) / 1000;
        candidates += slate.n_candidates;
        safe += slate.n_explored;
        kept += slate.explored[0].chance;
    }
    qsort(us, (size_t)n_calls, sizeof *us, ascending);
    printf("recommend %-10s %6zu contents %6zu candidates  "
           "p50 %8.1f us  p99 %8.1f us  best keeps %.2f of %.1f\n",
           name, c->n_contents, candidates / (size_t)n_calls, us[n_calls / 2],
           us[n_calls * 99 / 100], kept / n_calls, (double)safe / n_calls);
    for (int i = 0; i < N_LEARNERS; i++)
        random_learner_free(&learners[i]);
    piq_arena_release(&a);
}

int main(int argc, char **argv)
{
    piq_catalogue *c =
        catalogue_from_file(argc > 1 ? argv[1] : "content/poker.json");
    if (!c)
        c = random_catalogue(1, 12, 70, 157);
    measure("curriculum", c, MAX_CALLS);
    piq_catalogue_free(c);
    c = random_catalogue(1, 30, 800, 5000);
    measure("synthetic", c, MAX_CALLS / 10);
    piq_catalogue_free(c);
    return 0;
}
