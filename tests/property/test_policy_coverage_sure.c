/* Intervals of off-policy estimates where both policies are nearly sure of what
 * they show, as ours is: they hold because all chances are known. */
#include "support/near.h"
#include "support/policy_coverage.h"

static bool about_right(size_t held, size_t n)
{
    return (double)held >= .84 * (double)n && (double)held <= .96 * (double)n;
}

/* Hardly more than ten rows of a log decide, by weights up to 91. To draw its
 * rows anew is not enough; to draw by its chances is. */
static void test_coverage__holds_where_few_rows_decide(void **state)
{
    (void)state;
    policy_coverage_plan plan = {.rows = 2000,
                                 .shy = true,
                                 .base = -2,
                                 .logs = 10,
                                 .resamples = 100,
                                 .confidence = .9};
    policy_coverage knowing = policy_coverage_of(&plan);
    plan.blind = true;
    plan.logs = 5;
    policy_coverage blind = policy_coverage_of(&plan);
    print_message("nearly sure policies: IPS %zu, SNIPS %zu, DR %zu of %zu; by "
                  "the rows alone %zu, %zu, %zu of %zu\n",
                  knowing.held_ips, knowing.held_snips, knowing.held, knowing.n,
                  blind.held_ips, blind.held_snips, blind.held, blind.n);
    /* Of 100 logs: two standard errors. */
    assert_true(about_right(knowing.held_ips, knowing.n));
    assert_true(about_right(knowing.held_snips, knowing.n));
    assert_true(about_right(knowing.held, knowing.n));
    assert_true((double)blind.held_ips < .8 * (double)blind.n);
    assert_true(knowing.width < blind.width);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_coverage__holds_where_few_rows_decide),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
