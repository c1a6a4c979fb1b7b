/* What an outcome counts for. */
#include "recommend/reward.h"

#include "base/calendar.h"
#include "support/near.h"

#include <stdbool.h>

static const int64_t HOUR = PIQ_US_PER_HOUR;

static bool is(piq_reward r, double value, double weight)
{
    return fabs(r.value - value) < 1e-12 && fabs(r.weight - weight) < 1e-12;
}

static void test_reward__actions_count_at_once(void **s)
{
    (void)s;
    assert_true(is(piq_reward_of(PIQ_ACTION_COMPLETED, 0, 0), 1, 1));
    assert_true(is(piq_reward_of(PIQ_ACTION_ACCEPTED, 0, 0), 0.6, 1));
    assert_true(is(piq_reward_of(PIQ_ACTION_DISMISSED, 0, 0), 0, 1));
}

/* (s - 1) / 4, half and half with the action. */
static void test_reward__a_score_counts_for_half(void **s)
{
    (void)s;
    assert_true(is(piq_reward_of(PIQ_ACTION_COMPLETED, 1, 0), 0.5, 1));
    assert_true(is(piq_reward_of(PIQ_ACTION_ACCEPTED, 4, 0), 0.675, 1));
    assert_true(is(piq_reward_of(PIQ_ACTION_DISMISSED, 5, 0), 0.5, 1));
    assert_true(is(piq_reward_of(PIQ_ACTION_NONE, 3, 0), 0.5, 1));
}

static void test_reward__ignored_counts_for_a_quarter_after_a_day(void **s)
{
    (void)s;
    assert_true(is(piq_reward_of(PIQ_ACTION_NONE, 0, 24 * HOUR - 1), 0, 0));
    assert_true(is(piq_reward_of(PIQ_ACTION_NONE, 0, 24 * HOUR), 0, 0.25));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_reward__actions_count_at_once),
        cmocka_unit_test(test_reward__a_score_counts_for_half),
        cmocka_unit_test(test_reward__ignored_counts_for_a_quarter_after_a_day),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
