/* bench_path.c - microseconds to plan a learning path.
 *
 * Usage: bench_path [CURRICULUM.json]   (default content/poker.json)
 * All concepts are targets, an hour on weekdays and two at weekends, no
 * deadline. One line for each catalogue: median and 99th percentile.
 */
#include "../tests/support/random_catalogue.h"
#include "../tests/support/random_learner.h"
#include "base/clock.h"
#include "path/path.h"

#include <stdio.h>
#include <stdlib.h>

enum { N_LEARNERS = 20, MAX_CALLS = 400 };

static int ascending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static void measure(const char *name, const piq_catalogue *c, int n_calls)
{
    static double us[MAX_CALLS];
    piq_concept_ix *targets = calloc(c->n_concepts, sizeof *targets);
    random_learner learners[N_LEARNERS];
    piq_goal goal = {0};
    size_t steps = 0;
    piq_arena a;
    piq_arena_init(&a, 0);
    if (!targets)
        abort();
    size_t n = piq_path_targets(c, &goal, targets);
    for (int i = 0; i < N_LEARNERS; i++)
        learners[i] = random_learner_new((uint64_t)i, c, 0.5 * i / N_LEARNERS);
    for (int i = -N_LEARNERS; i < n_calls; i++) {
        const random_learner *l = &learners[(i + N_LEARNERS) % N_LEARNERS];
        piq_path_input in = {
            .catalogue = c,
            .beliefs = l->beliefs,
            .history = l->history,
            .targets = targets,
            .n_targets = n,
            .value = l->value,
            .from_day = 20780,
            .deadline_day = INT32_MAX,
            .minutes_per_weekday = {60, 60, 60, 60, 60, 120, 120},
            .session_minutes = 25,
            .desired_retention = 0.9,
            .pace = 1,
            .pace_sd = 0.2};
        piq_plan plan;
        piq_arena_clear(&a);
        int64_t from = piq_clock_monotonic_ns();
        if (piq_path_plan(&a, &in, &plan, NULL) != PIQ_OK)
            abort();
        if (i < 0)
            continue; /* warming up */
        us[i] = (double)(piq_clock_monotonic_ns() - from) / 1000;
        steps += plan.n_steps;
    }
    qsort(us, (size_t)n_calls, sizeof *us, ascending);
    printf("path      %-10s %6zu contents %6zu targets %5zu steps  "
           "p50 %8.1f us  p99 %8.1f us\n",
           name, c->n_contents, n, steps / (size_t)n_calls, us[n_calls / 2],
           us[n_calls * 99 / 100]);
    for (int i = 0; i < N_LEARNERS; i++)
        random_learner_free(&learners[i]);
    free(targets);
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
