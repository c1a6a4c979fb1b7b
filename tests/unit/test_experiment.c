#include "recommend/experiment.h"

#include "support/near.h"

#include <string.h>

static void test_experiment__places_are_uniform(void **state)
{
    (void)state;
    enum { BINS = 50, USERS = 100000 };
    static const char *const names[] = {"", "a", "b", "slate-order-2"};
    for (size_t k = 0; k < 4; k++) {
        int count[BINS] = {0};
        double chi2 = 0;
        for (int64_t u = 1; u <= USERS; u++) {
            double p = piq_experiment_place(piq_str_of(names[k]), u);
            assert_true(p >= 0 && p < 1);
            count[(int)(p * BINS)]++;
        }
        for (int b = 0; b < BINS; b++)
            chi2 += (count[b] - 2000.) * (count[b] - 2000.) / 2000;
        assert_true(chi2 < 85.4); /* 49 degrees of freedom, .999 */
    }
}

static void test_experiment__arms_of_two_experiments_are_unrelated(void **state)
{
    (void)state;
    enum { USERS = 100000 };
    /* Names that differ little; treated in both, in neither: chi-squared of
     * the 2 x 2 table, one degree of freedom, .9999: 15.1. */
    static const char *const names[] = {"x1", "x2", "1x", "x", "y", "x12"};
    for (size_t i = 0; i < 6; i++)
        for (size_t j = 0; j < i; j++) {
            double n[2][2] = {{0}}, chi2 = 0;
            for (int64_t u = 1; u <= USERS; u++)
                n[piq_experiment_treated(piq_str_of(names[i]), u, .5)]
                 [piq_experiment_treated(piq_str_of(names[j]), u, .5)]++;
            for (int a = 0; a < 2; a++)
                for (int b = 0; b < 2; b++) {
                    double want =
                        (n[a][0] + n[a][1]) * (n[0][b] + n[1][b]) / USERS;
                    chi2 += (n[a][b] - want) * (n[a][b] - want) / want;
                }
            assert_true(chi2 < 15.1);
        }
}

static void test_experiment__a_growing_share_keeps_who_was_in(void **state)
{
    (void)state;
    const piq_str name = PIQ_STR("growing");
    for (int64_t u = -500; u < 500; u++) {
        bool was = false;
        for (double share = 0; share <= 1; share += .1) {
            bool is = piq_experiment_treated(name, u, share);
            assert_true(is || !was);
            was = is;
        }
        assert_false(piq_experiment_treated(name, u, 0));
        assert_true(piq_experiment_treated(name, u, 1));
    }
}

static void test_experiment__places_never_change(void **state)
{
    (void)state;
    /* Arms are stored nowhere: another value here moves learners of running
     * experiments. */
    assert_near(piq_experiment_place(PIQ_STR("taste"), 1), 0.2884458106365586,
                1e-15);
    assert_near(piq_experiment_place(PIQ_STR("taste"), 123456789),
                0.18519470013859274, 1e-15);
}

static void test_effect__first_outcome_is_worked_by_hand(void **state)
{
    (void)state;
    piq_effect e;
    assert_int_equal(piq_effect_init(&e, .5, .05), PIQ_OK);
    assert_near(e.low, -1, 0);
    assert_near(e.high, 1, 0);
    assert_int_equal(piq_effect_add(&e, true, 1), PIQ_OK);
    /* m = .5, so z = .5 * 2 = 1 in [-2,2], .75 in [0,1]. The bet would be
     * sqrt(2 ln 40 / (.25 ln 2)) = 6.5: .5. Charge 4 (.25)^2 (ln 2 - .5) / 4 =
     * .25 * .0483 = .01207. Radius (ln 40 + .01207) / .5 = 7.40 of [0,1]: says
     * nothing yet. */
    assert_near(e.weight, .5, 1e-12);
    assert_near(e.weighted, .375, 1e-12);
    assert_near(e.charge, .0625 * (log(2) - .5), 1e-12);
    assert_near(e.low, -1, 0);
    assert_near(e.high, 1, 0);
    assert_near(piq_effect_estimate(&e), 0, 0);
    assert_int_equal(piq_effect_add(&e, false, .25), PIQ_OK);
    assert_near(piq_effect_estimate(&e), .75, 1e-12);
}

static void test_effect__refuses_what_is_out_of_range(void **state)
{
    (void)state;
    piq_effect e, before;
    assert_int_equal(piq_effect_init(&e, 0, .05), PIQ_EINVAL);
    assert_int_equal(piq_effect_init(&e, 1, .05), PIQ_EINVAL);
    assert_int_equal(piq_effect_init(&e, .5, 0), PIQ_EINVAL);
    assert_int_equal(piq_effect_init(&e, NAN, .05), PIQ_EINVAL);
    assert_int_equal(piq_effect_init(&e, .5, .05), PIQ_OK);
    before = e;
    assert_int_equal(piq_effect_add(&e, true, 1.01), PIQ_EINVAL);
    assert_int_equal(piq_effect_add(&e, true, NAN), PIQ_EINVAL);
    assert_memory_equal(&e, &before, sizeof e);
}

/* `n` learners each, alternating; treated and control outcomes as given. */
static piq_experiment_verdict after(size_t n, piq_experiment_outcome treated,
                                    piq_experiment_outcome control)
{
    piq_experiment x;
    assert_int_equal(piq_experiment_init(&x, piq_experiment_defaults()),
                     PIQ_OK);
    for (size_t i = 0; i < n; i++) {
        assert_int_equal(piq_experiment_add(&x, true, &treated), PIQ_OK);
        assert_int_equal(piq_experiment_add(&x, false, &control), PIQ_OK);
    }
    return piq_experiment_judge(&x);
}

static void test_experiment__stops_when_it_is_sure(void **state)
{
    (void)state;
    const piq_experiment_outcome low = {.3, .2, .5}, high = {.6, .2, .5};
    assert_int_equal(after(1, high, low), PIQ_EXPERIMENT_CONTINUE);
    assert_int_equal(after(500, high, low), PIQ_EXPERIMENT_BETTER);
    assert_int_equal(after(500, low, high), PIQ_EXPERIMENT_WORSE);
    assert_int_equal(after(500, low, low), PIQ_EXPERIMENT_CONTINUE);
}

static void test_experiment__guard_rails_come_first(void **state)
{
    (void)state;
    /* More accepted, but more dismissed; or less learned. */
    const piq_experiment_outcome usual = {.3, .2, .5};
    const piq_experiment_outcome pushy = {.6, .5, .5};
    const piq_experiment_outcome shallow = {.6, .2, .3};
    const piq_experiment_outcome kind = {.3, .0, .5};
    assert_int_equal(after(1000, pushy, usual), PIQ_EXPERIMENT_GUARD_RAIL);
    assert_int_equal(after(1000, shallow, usual), PIQ_EXPERIMENT_GUARD_RAIL);
    assert_int_equal(after(1000, kind, usual), PIQ_EXPERIMENT_CONTINUE);
    assert_string_equal(piq_experiment_verdict_name(PIQ_EXPERIMENT_GUARD_RAIL),
                        "guard-rail");
    assert_string_equal(piq_experiment_verdict_name(PIQ_EXPERIMENT_BETTER),
                        "stop-better");
}

static void test_experiment__counts_a_learner_wholly_or_not(void **state)
{
    (void)state;
    piq_experiment x;
    piq_experiment_rule rule = *piq_experiment_defaults();
    const piq_experiment_outcome bad = {.5, .5, 1.5};
    assert_int_equal(piq_experiment_init(&x, &rule), PIQ_OK);
    assert_int_equal(piq_experiment_add(&x, true, &bad), PIQ_EINVAL);
    assert_int_equal(x.reward.n[1], 0);
    assert_int_equal(x.dismissal.n[1], 0);
    rule.gain_margin = -1;
    assert_int_equal(piq_experiment_init(&x, &rule), PIQ_EINVAL);
    rule = *piq_experiment_defaults();
    rule.share = 1;
    assert_int_equal(piq_experiment_init(&x, &rule), PIQ_EINVAL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_experiment__places_are_uniform),
        cmocka_unit_test(
            test_experiment__arms_of_two_experiments_are_unrelated),
        cmocka_unit_test(test_experiment__a_growing_share_keeps_who_was_in),
        cmocka_unit_test(test_experiment__places_never_change),
        cmocka_unit_test(test_effect__first_outcome_is_worked_by_hand),
        cmocka_unit_test(test_effect__refuses_what_is_out_of_range),
        cmocka_unit_test(test_experiment__stops_when_it_is_sure),
        cmocka_unit_test(test_experiment__guard_rails_come_first),
        cmocka_unit_test(test_experiment__counts_a_learner_wholly_or_not),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
