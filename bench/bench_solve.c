/* bench_solve.c - the search for a plan, by number of items.
 *
 * Usage: bench_solve
 * Random problems (tests/support/plan_check.h) of 60 days of 40 minutes, about
 * 200 steps; a quarter of the concepts are targets, the rest counts a tenth.
 * One line a size: the greedy plan, what a search of 50 ms makes of it, a plan
 * mended and searched on for 100 iterations after the first day is cut short,
 * iterations a second, and how far the searched plan is from the bound.
 */
#include "../tests/support/plan_check.h"
#include "base/clock.h"
#include "solve/solve.h"

#include <stdio.h>
#include <stdlib.h>

enum { N_WORLDS = 5, N_CALLS = 20, MOST = N_WORLDS * N_CALLS, DAYS = 60 };
enum { AGAIN = 100, ROUNDS = 1500 };
static const double MINUTES = 40;

typedef struct tally {
    double greedy_ms[MOST], again_ms[MOST];
    size_t n;
    double value, searched, bound, iterations, steps;
} tally;

static int ascending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static bool is_before(void *until_ns)
{
    return piq_clock_monotonic_ns() < *(const int64_t *)until_ns;
}

static double since_ms(int64_t from_ns)
{
    return (double)(piq_clock_monotonic_ns() - from_ns) / 1e6;
}

static piq_solve_plan solve(piq_arena *a, const piq_solve_problem *p,
                            const piq_solve_options *o,
                            const piq_solve_plan *start)
{
    piq_solve_plan plan;
    if (piq_solve(a, p, o, start, &plan, NULL))
        abort();
    return plan;
}

static piq_solve_problem make(piq_arena *a, size_t n_items, size_t n_concepts,
                              uint64_t seed, double *budget)
{
    const plan_world w = {.n_concepts = n_concepts,
                          .n_items = n_items,
                          .n_days = DAYS,
                          .after_share = .1};
    piq_solve_problem p = plan_world_new(a, &w, seed);
    piq_solve_concept *c = piq_new(a, piq_solve_concept, n_concepts);
    if (!c)
        abort();
    for (size_t s = 0; s < n_concepts; s++) {
        c[s] = p.concepts[s];
        c[s].weight = s % 4 == 3 ? 1 : .1;
        c[s].review_most = 2;
    }
    for (size_t d = 0; d < DAYS; d++)
        budget[d] = d % 7 == 6 ? 0 : MINUTES;
    p.concepts = c;
    p.budget = budget;
    return p;
}

static void measure_one(piq_arena *a, piq_solve_problem *p, double *budget,
                        tally *t)
{
    const piq_solve_options greedy = {0}, again = {.iterations = AGAIN};
    int64_t until;
    const piq_solve_options timed = {
        .iterations = UINT64_MAX, .more = is_before, .ctx = &until};
    double bound;
    piq_solve_plan plan = solve(a, p, &greedy, NULL);
    t->value += plan.value;
    until = piq_clock_monotonic_ns() + 50000000;
    plan = solve(a, p, &timed, NULL);
    t->searched += plan.value;
    t->iterations += (double)plan.iterations / .05;
    for (size_t i = 0; i < p->n_items; i++)
        t->steps += plan.item_day[i] >= 0;
    if (piq_solve_bound(a, p, ROUNDS, &bound, NULL))
        abort();
    t->bound += bound;
    for (int k = 0; k < N_CALLS; k++) {
        int64_t from = piq_clock_monotonic_ns();
        solve(a, p, &greedy, NULL);
        t->greedy_ms[t->n] = since_ms(from);
        budget[0] = MINUTES / 2;
        from = piq_clock_monotonic_ns();
        solve(a, p, &again, &plan);
        t->again_ms[t->n++] = since_ms(from);
        budget[0] = MINUTES;
    }
}

static void measure(size_t n_items, size_t n_concepts)
{
    static tally t;
    t = (tally){0};
    for (uint64_t seed = 0; seed < N_WORLDS; seed++) {
        piq_arena a;
        double budget[DAYS];
        piq_arena_init(&a, (size_t)1 << 30);
        piq_solve_problem p = make(&a, n_items, n_concepts, seed, budget);
        measure_one(&a, &p, budget, &t);
        piq_arena_release(&a);
    }
    qsort(t.greedy_ms, t.n, sizeof *t.greedy_ms, ascending);
    qsort(t.again_ms, t.n, sizeof *t.again_ms, ascending);
    printf("solve     %5zu items %4zu concepts %4.0f steps  greedy p50 %6.2f "
           "p99 %6.2f ms  again p50 %6.2f p99 %6.2f ms  %7.0f it/s  gap to "
           "bound: greedy %5.2f %%, 50 ms %5.2f %%\n",
           n_items, n_concepts, t.steps / N_WORLDS, t.greedy_ms[t.n / 2],
           t.greedy_ms[t.n * 99 / 100], t.again_ms[t.n / 2],
           t.again_ms[t.n * 99 / 100], t.iterations / N_WORLDS,
           100 * (1 - t.value / t.bound), 100 * (1 - t.searched / t.bound));
}

int main(void)
{
    measure(500, 30);
    measure(1000, 60);
    measure(2000, 120);
    measure(5000, 300);
    return 0;
}
