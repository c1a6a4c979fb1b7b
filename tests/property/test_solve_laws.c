/* What holds of every plan that the search makes, on random problems, by an
 * independent reading of the rules (support/plan_check.h). */
#include "base/rng.h"
#include "solve/solve.h"
#include "support/plan_check.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

enum { N_WORLDS = 160, FEW = 40, SOME = 250 };

static plan_world world_of(uint64_t seed)
{
    piq_rng r;
    piq_rng_seed(&r, seed);
    return (plan_world){.n_concepts = 1 + piq_rng_below(&r, 14),
                        .n_items = piq_rng_below(&r, 60),
                        .n_days = 1 + piq_rng_below(&r, 12),
                        .after_share = .3 * (double)(seed % 2),
                        .pin_share = seed % 3 == 0 ? .1 : 0,
                        .window_share = seed % 5 == 0 ? .4 : 0,
                        .bonus_share = seed % 7 == 0 ? .3 : 0,
                        .bent = seed % 4 == 3};
}

static piq_solve_plan solve(piq_arena *a, const piq_solve_problem *p,
                            uint64_t seed, uint64_t iterations,
                            const piq_solve_plan *start)
{
    const piq_solve_options o = {.seed = seed, .iterations = iterations};
    piq_solve_plan plan;
    piq_err err = {0};
    if (piq_solve(a, p, &o, start, &plan, &err))
        fail_msg("%s", err.message);
    return plan;
}

static void check(const piq_solve_problem *p, const piq_solve_plan *plan,
                  uint64_t seed, const char *what)
{
    const char *wrong = plan_check(p, plan);
    if (wrong)
        fail_msg("world %llu, %s: %s", (unsigned long long)seed, what, wrong);
}

static size_t n_pins(const piq_solve_problem *p, const piq_solve_plan *plan)
{
    size_t n = 0;
    for (size_t i = 0; i < p->n_items; i++)
        n += p->items[i].pinned && plan->item_day[i] >= 0;
    return n;
}

static void test_solve_laws__every_plan_keeps_the_rules(void **state)
{
    (void)state;
    piq_arena a;
    piq_arena_init(&a, 0);
    for (uint64_t seed = 0; seed < N_WORLDS; seed++) {
        plan_world w = world_of(seed);
        piq_arena_clear(&a);
        piq_solve_problem p = plan_world_new(&a, &w, seed);
        piq_solve_plan greedy = solve(&a, &p, seed, 0, NULL);
        piq_solve_plan better = solve(&a, &p, seed, SOME, NULL);
        check(&p, &greedy, seed, "greedy");
        check(&p, &better, seed, "searched");
        assert_true(better.iterations == SOME || better.iterations == 0);
        assert_true(n_pins(&p, &better) >= n_pins(&p, &greedy));
        if (n_pins(&p, &better) == n_pins(&p, &greedy))
            assert_true(better.value >= greedy.value - 1e-9);
    }
    piq_arena_release(&a);
}

static void test_solve_laws__same_seed_same_plan(void **state)
{
    (void)state;
    piq_arena a;
    piq_arena_init(&a, 0);
    for (uint64_t seed = 0; seed < FEW; seed++) {
        plan_world w = world_of(seed);
        piq_arena_clear(&a);
        piq_solve_problem p = plan_world_new(&a, &w, seed);
        piq_solve_plan x = solve(&a, &p, seed, SOME, NULL);
        piq_solve_plan y = solve(&a, &p, seed, SOME, NULL);
        assert_memory_equal(x.item_day, y.item_day,
                            p.n_items * sizeof *x.item_day);
        assert_memory_equal(x.n_reviews, y.n_reviews, p.n_concepts);
        assert_true(x.value == y.value);
    }
    piq_arena_release(&a);
}

static void test_solve_laws__more_iterations_are_never_worse(void **state)
{
    (void)state;
    piq_arena a;
    piq_arena_init(&a, 0);
    for (uint64_t seed = 0; seed < FEW; seed++) {
        plan_world w = world_of(seed);
        w.pin_share = 0; /* a pin may cost value */
        piq_arena_clear(&a);
        piq_solve_problem p = plan_world_new(&a, &w, seed);
        double before = -INFINITY;
        for (uint64_t n = 0; n <= 800; n += 160) {
            piq_solve_plan plan = solve(&a, &p, seed, n, NULL);
            assert_true(plan.value >= before - 1e-9);
            before = plan.value;
        }
    }
    piq_arena_release(&a);
}

static void test_solve_laws__any_start_is_mended(void **state)
{
    (void)state;
    piq_arena a;
    piq_arena_init(&a, 0);
    for (uint64_t seed = 0; seed < N_WORLDS; seed++) {
        plan_world w = world_of(seed);
        piq_arena_clear(&a);
        piq_solve_problem p = plan_world_new(&a, &w, seed);
        piq_solve_plan start = plan_random(&a, &p, seed + 7);
        piq_solve_plan mended = solve(&a, &p, seed, 0, &start);
        check(&p, &mended, seed, "mended");
        piq_solve_plan better = solve(&a, &p, seed, FEW, &start);
        check(&p, &better, seed, "mended and searched");
    }
    piq_arena_release(&a);
}

/* Where the start is feasible, it is not lost. */
static void test_solve_laws__a_good_start_is_kept_or_bettered(void **state)
{
    (void)state;
    piq_arena a;
    piq_arena_init(&a, 0);
    for (uint64_t seed = 0; seed < N_WORLDS; seed++) {
        plan_world w = world_of(seed);
        w.pin_share = 0;
        piq_arena_clear(&a);
        piq_solve_problem p = plan_world_new(&a, &w, seed);
        piq_solve_plan start = solve(&a, &p, seed, SOME, NULL);
        piq_solve_plan again = solve(&a, &p, seed + 1, 0, &start);
        assert_true(again.value >= start.value - 1e-9);
        check(&p, &again, seed, "again");
    }
    piq_arena_release(&a);
}

/* A day less, an item gone, another level: the plan of before still helps, and
 * what comes out is feasible in the new problem. */
static void test_solve_laws__a_start_of_another_day_is_mended(void **state)
{
    (void)state;
    piq_arena a;
    piq_arena_init(&a, 0);
    for (uint64_t seed = 0; seed < N_WORLDS; seed++) {
        plan_world w = world_of(seed);
        piq_arena_clear(&a);
        piq_solve_problem p = plan_world_new(&a, &w, seed);
        piq_solve_plan start = solve(&a, &p, seed, FEW, NULL);
        double *budget = piq_new(&a, double, p.n_days);
        piq_solve_concept *concepts =
            piq_new(&a, piq_solve_concept, p.n_concepts);
        memcpy(budget, p.budget, p.n_days * sizeof *budget);
        memcpy(concepts, p.concepts, p.n_concepts * sizeof *concepts);
        budget[seed % p.n_days] *= .5;
        concepts[seed % p.n_concepts].level0 -= .2;
        p.budget = budget;
        p.concepts = concepts;
        piq_solve_plan again = solve(&a, &p, seed, FEW, &start);
        check(&p, &again, seed, "the next day");
    }
    piq_arena_release(&a);
}

static void test_solve_laws__no_plan_passes_the_bound(void **state)
{
    (void)state;
    piq_arena a;
    piq_arena_init(&a, 0);
    for (uint64_t seed = 0; seed < N_WORLDS; seed++) {
        plan_world w = world_of(seed);
        double coarse, fine;
        piq_arena_clear(&a);
        piq_solve_problem p = plan_world_new(&a, &w, seed);
        piq_solve_plan plan = solve(&a, &p, seed, SOME, NULL);
        assert_int_equal(piq_solve_bound(&a, &p, 3, &coarse, NULL), PIQ_OK);
        assert_int_equal(piq_solve_bound(&a, &p, 150, &fine, NULL), PIQ_OK);
        assert_true(coarse >= plan.value - 1e-9);
        assert_true(fine >= plan.value - 1e-9);
    }
    piq_arena_release(&a);
}

/* Every item and review on every day, tried out: the optimum of tiny problems
 * is found, and lies below the bound. */
static double best_from(const piq_solve_problem *p, piq_solve_plan *plan,
                        size_t at)
{
    double best = -INFINITY;
    if (at == p->n_items) {
        plan->value = plan_check_value(p, plan);
        return plan_check(p, plan) ? -INFINITY : plan->value;
    }
    for (int d = -1; d < (int)p->n_days; d++) {
        plan->item_day[at] = (int16_t)d;
        best = fmax(best, best_from(p, plan, at + 1));
    }
    return best;
}

static void test_solve_laws__tiny_problems_are_solved(void **state)
{
    (void)state;
    piq_arena a;
    piq_arena_init(&a, 0);
    for (uint64_t seed = 0; seed < FEW; seed++) {
        const plan_world w = {.n_concepts = 3,
                              .n_items = 5,
                              .n_days = 3,
                              .after_share = .2,
                              .window_share = .2,
                              .bonus_share = .2,
                              .bent = seed % 2 == 1};
        double bound;
        piq_arena_clear(&a);
        piq_solve_problem p = plan_world_new(&a, &w, seed);
        piq_solve_concept *concepts =
            piq_new(&a, piq_solve_concept, p.n_concepts);
        memcpy(concepts, p.concepts, p.n_concepts * sizeof *concepts);
        for (size_t s = 0; s < p.n_concepts; s++)
            concepts[s].review_gain = 0; /* items alone are tried out */
        p.concepts = concepts;
        piq_solve_plan all;
        assert_int_equal(piq_solve_plan_new(&a, &p, &all), PIQ_OK);
        double best = best_from(&p, &all, 0);
        piq_solve_plan found = solve(&a, &p, seed, 600, NULL);
        check(&p, &found, seed, "tiny");
        assert_true(fabs(found.value - best) < 1e-9);
        assert_int_equal(piq_solve_bound(&a, &p, 200, &bound, NULL), PIQ_OK);
        assert_true(bound >= best - 1e-9);
    }
    piq_arena_release(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_solve_laws__every_plan_keeps_the_rules),
        cmocka_unit_test(test_solve_laws__same_seed_same_plan),
        cmocka_unit_test(test_solve_laws__more_iterations_are_never_worse),
        cmocka_unit_test(test_solve_laws__any_start_is_mended),
        cmocka_unit_test(test_solve_laws__a_good_start_is_kept_or_bettered),
        cmocka_unit_test(test_solve_laws__a_start_of_another_day_is_mended),
        cmocka_unit_test(test_solve_laws__no_plan_passes_the_bound),
        cmocka_unit_test(test_solve_laws__tiny_problems_are_solved),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
