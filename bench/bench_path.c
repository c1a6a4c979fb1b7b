/* bench_path.c - milliseconds to plan a learning path.
 *
 * Usage: bench_path [CURRICULUM.json]   (default content/poker.json)
 * The curriculum with all concepts as targets and no deadline; then made-up
 * ones of 300 concepts, all targets, 60 days and minutes for about 200 steps,
 * with 500 to 5,000 contents. Of each: first plans of 20 learners, and plans
 * that go on from them after one step was done and answered, right or wrong.
 * Median and 99th percentile of the thread's own time, so that others on the
 * machine do not count, with the iterations that the engine gives.
 */
#include "../tests/support/random_catalogue.h"
#include "../tests/support/random_learner.h"
#include "path/path.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { N_LEARNERS = 20, N_FIRST = 60, N_AGAIN = 300, TODAY = 20780 };

typedef struct timings {
    double ms[N_AGAIN];
    int n;
} timings;

static double own_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return 1e3 * (double)t.tv_sec + 1e-6 * (double)t.tv_nsec;
}

static int ascending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double quantile(timings *t, int percent)
{
    qsort(t->ms, (size_t)t->n, sizeof *t->ms, ascending);
    return t->ms[t->n * percent / 100];
}

static piq_plan timed(piq_arena *a, const piq_path_input *in, timings *t)
{
    piq_plan plan;
    double from = own_ms();
    if (piq_path_plan(a, in, &plan, NULL) != PIQ_OK)
        abort();
    if (t)
        t->ms[t->n++] = own_ms() - from;
    return plan;
}

/* One step is done: its content is completed and its concept moves. */
static void do_step(random_learner *l, const piq_plan *plan, bool right)
{
    size_t i = 0;
    while (i < plan->n_steps && plan->steps[i].content.v == PIQ_NO_IX32)
        i++;
    if (i == plan->n_steps)
        return;
    piq_belief *b = &l->beliefs[plan->steps[i].concept.v];
    l->history[plan->steps[i].content.v].progress = PIQ_COMPLETED;
    b->ability_logit += right ? 0.3 : -0.3;
    b->mastery += (right ? 0.3 : -0.3) * b->mastery * (1 - b->mastery);
    plan->steps[i].status = PIQ_STEP_DONE;
}

static void measure(const char *name, const piq_catalogue *c, piq_path_input in)
{
    static timings first, again;
    piq_concept_ix *targets = calloc(c->n_concepts, sizeof *targets);
    piq_goal goal = {0};
    size_t steps = 0;
    piq_arena a, other;
    piq_arena_init(&a, 0);
    piq_arena_init(&other, 0);
    if (!targets)
        abort();
    in.catalogue = c;
    in.targets = targets;
    in.n_targets = piq_path_targets(c, &goal, targets);
    first.n = again.n = 0;
    for (int i = -3; i < N_FIRST; i++) {
        random_learner l = random_learner_new((uint64_t)(i + 3) % N_LEARNERS, c,
                                              0.02 * ((i + 3) % N_LEARNERS));
        in.beliefs = l.beliefs;
        in.history = l.history;
        in.value = l.value;
        in.previous = NULL;
        in.iterations = piq_path_iterations(c, false);
        piq_arena_clear(&a);
        piq_plan plan = timed(&a, &in, i < 0 ? NULL : &first);
        steps += i < 0 ? 0 : plan.n_steps;
        in.iterations = piq_path_iterations(c, true);
        for (int k = 0; i >= 0 && k < N_AGAIN / N_FIRST; k++) {
            do_step(&l, &plan, k % 2);
            in.previous = &plan;
            piq_arena_clear(k % 2 ? &a : &other);
            plan = timed(k % 2 ? &a : &other, &in, &again);
        }
        random_learner_free(&l);
    }
    printf("path  %-10s %5zu contents %4zu targets %4zu steps  first p50 %6.2f "
           "p99 %6.2f ms  again p50 %5.2f p99 %5.2f ms\n",
           name, c->n_contents, in.n_targets, steps / N_FIRST,
           quantile(&first, 50), quantile(&first, 99), quantile(&again, 50),
           quantile(&again, 99));
    free(targets);
    piq_arena_release(&a);
    piq_arena_release(&other);
}

int main(int argc, char **argv)
{
    static const size_t sizes[] = {500, 1000, 2000, 5000};
    piq_path_input in = {.from_day = TODAY,
                         .deadline_day = INT32_MAX,
                         .minutes_per_weekday = {60, 60, 60, 60, 60, 120, 120},
                         .session_minutes = 25,
                         .desired_retention = 0.9,
                         .pace = 1,
                         .pace_sd = 0.2,
                         .seed = 1};
    piq_catalogue *c =
        catalogue_from_file(argc > 1 ? argv[1] : "content/poker.json");
    if (!c)
        c = random_catalogue(1, 12, 70, 157);
    measure("curriculum", c, in);
    piq_catalogue_free(c);
    in.deadline_day = TODAY + 59;
    for (int d = 0; d < 7; d++)
        in.minutes_per_weekday[d] = 27;
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        c = random_catalogue(1, 30, 300, sizes[i]);
        measure("synthetic", c, in);
        piq_catalogue_free(c);
    }
    return 0;
}
