/* Every allocation of planning, bounding and reading fails in turn. */
#include "solve/instance.h"
#include "solve/solve.h"
#include "support/plan_check.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

enum { MOST = 400 };

static const char text[] = "2 3 2\n24 30\n.4 .1 0\n.2 1 1 0\n15 0 1 0 .32\n"
                           "5 1 1 1 .39\n8 1 1 1 .16\n";

static int tear_down(void **state)
{
    (void)state;
    piq_alloc_fail_after(0, 0);
    return 0;
}

/* Reads, plans twice and bounds. */
static piq_status do_all(piq_arena *a, piq_solve_plan *plan)
{
    const piq_solve_options o = {.iterations = 3};
    piq_solve_problem p;
    piq_solve_plan first;
    piq_err err;
    double bound;
    piq_status status =
        piq_solve_instance_read(a, (piq_str){text, sizeof text - 1}, &p, &err);
    if (status == PIQ_OK)
        status = piq_solve(a, &p, &o, NULL, &first, &err);
    if (status == PIQ_OK)
        status = piq_solve(a, &p, &o, &first, plan, &err);
    if (status == PIQ_OK)
        status = piq_solve_bound(a, &p, 2, &bound, &err);
    return status;
}

static void test_solve_alloc__without_memory_it_says_so(void **state)
{
    (void)state;
    for (int sticky = 0; sticky < 2; sticky++) {
        long k = 1;
        for (piq_status status = PIQ_ENOMEM; status; k++) {
            piq_arena a;
            piq_solve_plan plan = {0};
            assert_true(k < MOST);
            piq_arena_init(&a, 0);
            piq_alloc_fail_after(k, sticky);
            status = do_all(&a, &plan);
            piq_alloc_fail_after(0, 0);
            assert_true(status == PIQ_OK || status == PIQ_ENOMEM);
            piq_arena_release(&a);
        }
        assert_true(k > 60);
    }
}

/* More items than are looked at: those left out are picked in memory too. */
static void test_solve_alloc__nor_with_many_items(void **state)
{
    (void)state;
    const plan_world w = {
        .n_concepts = 20, .n_items = 1800, .n_days = 5, .after_share = .1};
    const piq_solve_options o = {.iterations = 1};
    piq_arena world;
    piq_arena_init(&world, 0);
    piq_solve_problem p = plan_world_new(&world, &w, 1);
    long k = 1;
    for (piq_status status = PIQ_ENOMEM; status; k++) {
        piq_arena a;
        piq_solve_plan plan;
        assert_true(k < MOST);
        piq_arena_init(&a, 0);
        piq_alloc_fail_after(k, 0);
        status = piq_solve(&a, &p, &o, NULL, &plan, NULL);
        piq_alloc_fail_after(0, 0);
        assert_true(status == PIQ_OK || status == PIQ_ENOMEM);
        if (status == PIQ_OK)
            assert_null(plan_check(&p, &plan));
        piq_arena_release(&a);
    }
    piq_arena_release(&world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(test_solve_alloc__without_memory_it_says_so,
                                  tear_down),
        cmocka_unit_test_teardown(test_solve_alloc__nor_with_many_items,
                                  tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
