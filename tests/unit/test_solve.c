/* Small problems whose plans are worked out by hand, and the problems that are
 * refused. */
#include "solve/solve.h"
#include "support/plan_check.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

enum { DAYS = 3, CONCEPTS = 2, ITEMS = 3 };

/* Two concepts, the second waits for the first; value is raw up to 1, a gain
 * keeps .5, .75, all of it on days 0, 1, 2. */
static const double keep[DAYS] = {.5, .75, 1};
static const double value[] = {0, 1};
static const uint32_t first_only[] = {0};
static const piq_solve_gain gains[ITEMS][1] = {{{0, .5}}, {{1, .4}}, {{1, .2}}};

typedef struct world {
    piq_arena a;
    piq_solve_concept concepts[CONCEPTS];
    piq_solve_item items[ITEMS];
    double budget[DAYS];
    piq_solve_problem problem;
} world;

static int set_up(void **state)
{
    static world w;
    memset(&w, 0, sizeof w);
    piq_arena_init(&w.a, 0);
    for (int s = 0; s < CONCEPTS; s++)
        w.concepts[s] = (piq_solve_concept){.weight = s ? 1 : 0,
                                            .ready = .5,
                                            .keep = keep,
                                            .value = value,
                                            .value_step = 1,
                                            .n_value = 2};
    w.concepts[1].prerequisites = first_only;
    w.concepts[1].n_prerequisites = 1;
    for (int i = 0; i < ITEMS; i++)
        w.items[i] = (piq_solve_item){.minutes = 10,
                                      .main = i ? 1 : 0,
                                      .after = PIQ_SOLVE_NONE,
                                      .gains = gains[i],
                                      .n_gains = 1,
                                      .last_day = UINT16_MAX};
    for (int d = 0; d < DAYS; d++)
        w.budget[d] = 10;
    w.problem = (piq_solve_problem){w.concepts, CONCEPTS, w.items,
                                    ITEMS,      w.budget, DAYS};
    *state = &w;
    return 0;
}

static int tear_down(void **state)
{
    piq_arena_release(&((world *)*state)->a);
    return 0;
}

static piq_solve_plan solve(world *w, uint64_t iterations,
                            const piq_solve_plan *start)
{
    const piq_solve_options o = {.seed = 1, .iterations = iterations};
    piq_solve_plan plan;
    piq_err err = {0};
    if (piq_solve(&w->a, &w->problem, &o, start, &plan, &err))
        fail_msg("%s", err.message);
    assert_null(plan_check(&w->problem, &plan));
    return plan;
}

static void expect_days(const piq_solve_plan *plan, int a, int b, int c)
{
    assert_int_equal(plan->item_day[0], a);
    assert_int_equal(plan->item_day[1], b);
    assert_int_equal(plan->item_day[2], c);
}

/* ---- plans ------------------------------------------------------------ */

/* Item 0 opens, so it goes first; .4 is kept whole on the last day, .2 keeps
 * .75 on the one before: .4 + .15. */
static void test_solve__what_opens_comes_first(void **state)
{
    world *w = *state;
    piq_solve_plan plan = solve(w, 100, NULL);
    expect_days(&plan, 0, 2, 1);
    assert_true(fabs(plan.value - .55) < 1e-12);
    assert_true(fabs(piq_solve_value(&w->problem, &plan) - .55) < 1e-12);
}

/* The same day counts: 20 minutes on the last day hold opener and item. */
static void test_solve__the_same_day_counts(void **state)
{
    world *w = *state;
    w->budget[0] = w->budget[1] = 0;
    w->budget[2] = 20;
    piq_solve_plan plan = solve(w, 100, NULL);
    expect_days(&plan, 2, 2, -1);
    assert_true(fabs(plan.value - .4) < 1e-12);
}

static void test_solve__closed_concepts_are_left_alone(void **state)
{
    world *w = *state;
    w->concepts[0].ready = .6; /* item 0 gives .5 */
    piq_solve_plan plan = solve(w, 100, NULL);
    expect_days(&plan, -1, -1, -1);
    assert_true(plan.value == 0);
}

/* Item 1 only after item 2: .4 on day 2, .15 on day 1 still. Then item 2 has
 * day 2 alone, where both do not fit: .2 of item 2. */
static void test_solve__after_and_windows(void **state)
{
    world *w = *state;
    w->items[1].after = 2;
    piq_solve_plan plan = solve(w, 100, NULL);
    expect_days(&plan, 0, 2, 1);
    w->items[2].first_day = 2;
    plan = solve(w, 100, NULL);
    assert_int_equal(plan.item_day[1], -1);
    assert_int_equal(plan.item_day[2], 2);
    assert_true(fabs(plan.value - .2) < 1e-12);
}

/* One day: .4 is worth more, but .2 is pinned. */
static void test_solve__pins_come_first(void **state)
{
    world *w = *state;
    w->budget[0] = 10;
    w->budget[1] = 0;
    w->items[2].pinned = true;
    piq_solve_plan plan = solve(w, 100, NULL);
    expect_days(&plan, 0, -1, 2);
    assert_true(fabs(plan.value - .2) < 1e-12);
}

/* A pin that can never be done changes nothing. */
static void test_solve__an_impossible_pin_is_left_out(void **state)
{
    world *w = *state;
    w->items[2].pinned = true;
    w->items[2].minutes = 11;
    piq_solve_plan plan = solve(w, 100, NULL);
    assert_int_equal(plan.item_day[2], -1);
    assert_true(fabs(plan.value - .4) < 1e-12);
}

/* Level .5 is there after day 0, so with a lag of two reviews start on day 2;
 * .5 kept on day 0 is .25, .1 of the review comes whole: .35 of concept 0. */
static void test_solve__reviews_wait_for_the_level(void **state)
{
    world *w = *state;
    w->concepts[0].weight = 1;
    w->concepts[1].weight = 0;
    w->concepts[0].review_gain = .1;
    w->concepts[0].review_minutes = 10;
    w->concepts[0].review_ready = .5;
    w->concepts[0].review_lag = 2;
    w->concepts[0].review_gap = 1;
    w->concepts[0].review_most = 2;
    w->items[0].last_day = 0;
    piq_solve_plan plan = solve(w, 100, NULL);
    expect_days(&plan, 0, -1, -1);
    assert_int_equal(plan.n_reviews[0], 1);
    assert_int_equal(plan.review_day[0], 2);
    assert_true(fabs(plan.value - .35) < 1e-12);
}

/* A bonus is worth having, a burden is carried only for what it opens: item 0
 * costs .1 and opens .55. */
static void test_solve__bonuses_count(void **state)
{
    world *w = *state;
    w->items[0].bonus = -.1;
    piq_solve_plan plan = solve(w, 100, NULL);
    assert_true(fabs(plan.value - .45) < 1e-12);
    w->items[0].bonus = -.6;
    plan = solve(w, 100, NULL);
    expect_days(&plan, -1, -1, -1);
}

static bool never(void *ctx)
{
    ++*(int *)ctx;
    return false;
}

static void test_solve__more_may_end_it_at_once(void **state)
{
    world *w = *state;
    int asked = 0;
    piq_solve_plan plan;
    const piq_solve_options o = {
        .iterations = UINT64_MAX, .more = never, .ctx = &asked};
    assert_int_equal(piq_solve(&w->a, &w->problem, &o, NULL, &plan, NULL),
                     PIQ_OK);
    assert_int_equal(asked, 1);
    assert_int_equal(plan.iterations, 0);
    assert_null(plan_check(&w->problem, &plan));
}

static void test_solve__nothing_to_plan_is_a_plan(void **state)
{
    world *w = *state;
    w->problem.n_days = 0;
    piq_solve_plan plan = solve(w, 10, NULL);
    expect_days(&plan, -1, -1, -1);
    w->problem.n_items = 0;
    w->problem.n_days = DAYS;
    plan = solve(w, 10, NULL);
    w->problem.n_concepts = 0;
    plan = solve(w, 10, NULL);
    assert_true(plan.value == 0);
}

/* All three on day 2 of ten minutes: item 1 is worth most but closed without
 * item 0. What is left is completed. */
static void test_solve__a_start_is_mended_and_completed(void **state)
{
    world *w = *state;
    piq_solve_plan start;
    assert_int_equal(piq_solve_plan_new(&w->a, &w->problem, &start), PIQ_OK);
    start.item_day[0] = 0;
    start.item_day[1] = 2;
    start.item_day[2] = 2;
    piq_solve_plan plan = solve(w, 0, &start);
    expect_days(&plan, 0, 2, 1);
}

/* ---- the bound -------------------------------------------------------- */

/* Free of prerequisites the relaxation is exact: .4 whole, .2 at .75. */
static void test_solve__bound_of_an_easy_problem(void **state)
{
    world *w = *state;
    double bound;
    w->concepts[0].level0 = .5;
    assert_int_equal(piq_solve_bound(&w->a, &w->problem, 2000, &bound, NULL),
                     PIQ_OK);
    assert_true(bound >= .55);
    assert_true(bound < .556);
}

/* ---- what is refused -------------------------------------------------- */

static void refuse(world *w, const char *part)
{
    const piq_solve_options o = {0};
    piq_solve_plan plan;
    double bound;
    piq_err err = {0};
    assert_int_equal(piq_solve(&w->a, &w->problem, &o, NULL, &plan, &err),
                     PIQ_EINVAL);
    if (!strstr(err.message, part))
        fail_msg("%s: no word of %s", err.message, part);
    assert_int_equal(piq_solve_bound(&w->a, &w->problem, 1, &bound, NULL),
                     PIQ_EINVAL);
}

static void test_solve__bad_items_are_refused(void **state)
{
    world *w = *state;
    static const piq_solve_gain twice[] = {{0, .1}, {0, .1}};
    const piq_solve_item good = w->items[1];
    w->items[1].minutes = 0;
    refuse(w, "item 1 of the problem: the minutes");
    w->items[1].minutes = NAN;
    refuse(w, "minutes");
    w->items[1] = good;
    w->items[1].main = CONCEPTS;
    refuse(w, "main concept");
    w->items[1] = good;
    w->items[1].after = ITEMS;
    refuse(w, "comes after");
    w->items[1].after = 2;
    w->items[2].after = 1;
    refuse(w, "comes after");
    w->items[2].after = PIQ_SOLVE_NONE;
    w->items[1] = good;
    w->items[1].bonus = INFINITY;
    refuse(w, "bonus");
    w->items[1] = good;
    w->items[1].gains = twice;
    w->items[1].n_gains = 2;
    refuse(w, "twice");
}

static void test_solve__bad_concepts_are_refused(void **state)
{
    world *w = *state;
    static const uint32_t second[] = {1}, unknown[] = {CONCEPTS};
    static const double falls[] = {1, 0};
    const piq_solve_concept good = w->concepts[0];
    w->concepts[0].prerequisites = second;
    w->concepts[0].n_prerequisites = 1;
    refuse(w, "lead back");
    w->concepts[0].prerequisites = unknown;
    refuse(w, "unknown prerequisite");
    w->concepts[0] = good;
    w->concepts[0].value = falls;
    refuse(w, "falls");
    w->concepts[0] = good;
    w->concepts[0].value_step = 0;
    refuse(w, "step");
    w->concepts[0] = good;
    w->concepts[0].n_value = 0;
    refuse(w, "points");
    w->concepts[0] = good;
    w->concepts[0].weight = -1;
    refuse(w, "weight");
    w->concepts[0] = good;
    w->concepts[0].level0 = NAN;
    refuse(w, "level");
    w->concepts[0] = good;
    w->concepts[0].review_gain = .1;
    refuse(w, "minutes of a review");
    w->concepts[0].review_minutes = 5;
    refuse(w, "apart");
    w->concepts[0].review_gap = 1;
    w->concepts[0].review_most = PIQ_SOLVE_MAX_REVIEWS + 1;
    refuse(w, "reviews");
}

static void test_solve__bad_days_are_refused(void **state)
{
    world *w = *state;
    w->budget[1] = -1;
    refuse(w, "day 1");
    w->budget[1] = NAN;
    refuse(w, "day 1");
    w->problem.n_days = PIQ_SOLVE_MAX_DAYS + 1;
    refuse(w, "too many days");
}

#define ONE(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        ONE(test_solve__what_opens_comes_first),
        ONE(test_solve__the_same_day_counts),
        ONE(test_solve__closed_concepts_are_left_alone),
        ONE(test_solve__after_and_windows),
        ONE(test_solve__pins_come_first),
        ONE(test_solve__an_impossible_pin_is_left_out),
        ONE(test_solve__reviews_wait_for_the_level),
        ONE(test_solve__bonuses_count),
        ONE(test_solve__more_may_end_it_at_once),
        ONE(test_solve__nothing_to_plan_is_a_plan),
        ONE(test_solve__a_start_is_mended_and_completed),
        ONE(test_solve__bound_of_an_easy_problem),
        ONE(test_solve__bad_items_are_refused),
        ONE(test_solve__bad_concepts_are_refused),
        ONE(test_solve__bad_days_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
