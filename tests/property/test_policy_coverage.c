/* Intervals of off-policy estimates hold the truth as often as they say.
 * Made-up logs of an old policy, estimates of a new one whose worth is known;
 * ten worlds, the reward model wrong in all of them. Larger logs and more of
 * them: bench/bench_policy.c. */
#include "support/near.h"
#include "support/policy_coverage.h"

static policy_coverage cover(size_t rows, bool poor, size_t logs)
{
    const policy_coverage_plan plan = {.rows = rows,
                                       .poor = poor,
                                       .base = -1,
                                       .logs = logs,
                                       .resamples = 100,
                                       .confidence = .9};
    policy_coverage c = policy_coverage_of(&plan);
    print_message("%zu rows, %s overlap: effective %.0f, 90 %% interval held "
                  "in %zu of %zu, %zu with a verdict; width %.4f\n",
                  rows, poor ? "poor" : "good", c.ess, c.held, c.n,
                  c.with_verdict, c.width);
    /* 90 +- 4 %; of 400 logs the standard error is 1.5, of 200 2.1. */
    double share = (double)c.held / (double)c.n;
    assert_true(share >= .86 && share <= .94);
    return c;
}

static void test_coverage__holds_with_good_overlap(void **state)
{
    (void)state;
    policy_coverage few = cover(500, false, 40);
    policy_coverage more = cover(2000, false, 20);
    assert_int_equal(few.with_verdict, few.n);
    assert_true(more.width < .6 * few.width); /* half, but for chance */
}

static void test_coverage__holds_with_poor_overlap(void **state)
{
    (void)state;
    policy_coverage few = cover(500, true, 40);
    policy_coverage more = cover(2000, true, 20);
    /* Of 500 rows there is too little to go by, and that is said. */
    assert_true(few.with_verdict < few.n / 20);
    assert_true(more.with_verdict > more.n * 9 / 10);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_coverage__holds_with_good_overlap),
        cmocka_unit_test(test_coverage__holds_with_poor_overlap),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
