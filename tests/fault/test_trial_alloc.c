/* A trial without memory: says so, and leaves nothing behind. */
#include "trial/trial.h"

#include "support/near.h"
#include "support/random_catalogue.h"
#include "trial/coverage.h"

/* Every allocation in turn would be thousands of runs: all of the first, then
 * ever fewer. */
static long after(long n)
{
    return n + 1 + n / 8;
}

static void test_trial__short_of_memory_at_any_point_is_said(void **state)
{
    piq_catalogue *c = random_catalogue(1, 2, 6, 24);
    piq_trial_options o = {
        .seed = 1, .learners = 2, .earlier = 1, .sessions = 2, .slate = 3};
    piq_status status = PIQ_ENOMEM;
    long n = 1;
    (void)state;
    o.wanted[PIQ_TRIAL_ENGINE] = o.wanted[PIQ_TRIAL_RANDOM] = true;
    for (; status != PIQ_OK; n = after(n)) {
        piq_arena a;
        piq_err err;
        piq_trial_report r;
        piq_arena_init(&a, 0);
        piq_alloc_fail_after(n, 1);
        status = piq_trial_run(&a, c, &o, &r, &err);
        piq_alloc_fail_after(0, 0);
        assert_true(status == PIQ_OK || status == PIQ_ENOMEM);
        piq_arena_release(&a);
    }
    assert_true(n > 100);
    piq_catalogue_free(c);
}

static void test_coverage__short_of_memory_at_any_point_is_said(void **state)
{
    piq_catalogue *c = random_catalogue(1, 2, 6, 24);
    piq_coverage_options o = {.seed = 1,
                              .repetitions = 2,
                              .learners = 3,
                              .sessions = 2,
                              .slate = 3,
                              .earlier = 1,
                              .confidence = .9};
    piq_status status = PIQ_ENOMEM;
    (void)state;
    for (long n = 1; status != PIQ_OK; n = after(n)) {
        piq_arena a;
        piq_err err;
        piq_coverage_report r;
        piq_arena_init(&a, 0);
        piq_alloc_fail_after(n, 1);
        status = piq_coverage_run(&a, c, &o, &r, &err);
        piq_alloc_fail_after(0, 0);
        assert_true(status == PIQ_OK || status == PIQ_ENOMEM);
        piq_arena_release(&a);
    }
    piq_catalogue_free(c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_trial__short_of_memory_at_any_point_is_said),
        cmocka_unit_test(test_coverage__short_of_memory_at_any_point_is_said),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
