#include "recommend/explore.h"

#include "support/near.h"

static void test_explore__chances_are_the_formula(void **state)
{
    (void)state;
    /* |C| = 3 (the fourth is .5 behind, delta .3); gamma 10.
     * gaps .1 and .2: 1/(3+1) = .25, 1/(3+2) = .2; the best keeps .55. */
    const double mu[] = {.7, .8, .6, .3};
    const piq_explore_rule rule = {.delta = .3, .gamma = 10};
    double p[4];
    assert_int_equal(piq_explore_chances(&rule, mu, 4, p), 3);
    assert_near(p[0], .25, 1e-12);
    assert_near(p[1], .55, 1e-12);
    assert_near(p[2], .2, 1e-12);
    assert_near(p[3], 0, 0);
}

static void test_explore__floor_lifts_the_others_at_the_bests_cost(void **state)
{
    (void)state;
    const double mu[] = {.7, .8, .6, .3};
    const piq_explore_rule rule = {.delta = .3, .gamma = 10, .floor = .22};
    /* A floor that three cannot have is 1/3 each. */
    const piq_explore_rule high = {.delta = .3, .gamma = 10, .floor = .9};
    double p[4];
    piq_explore_chances(&rule, mu, 4, p);
    assert_near(p[0], .25, 1e-12);
    assert_near(p[1], .53, 1e-12);
    assert_near(p[2], .22, 1e-12);
    piq_explore_chances(&high, mu, 4, p);
    for (size_t i = 0; i < 3; i++)
        assert_near(p[i], 1. / 3, 1e-12);
}

static void test_explore__nobody_is_safe_among_none(void **state)
{
    (void)state;
    const double mu[] = {NAN, -INFINITY, INFINITY, .5};
    const piq_explore_rule rule = {.delta = INFINITY, .gamma = 1};
    double p[4];
    assert_int_equal(piq_explore_chances(&rule, mu, 0, p), 0);
    assert_int_equal(piq_explore_chances(&rule, mu, 3, p), 0);
    assert_int_equal(piq_explore_chances(&rule, mu, 4, p), 1);
    assert_near(p[3], 1, 0);
    assert_near(p[2], 0, 0);
}

static void test_explore__draws_never_what_has_no_chance(void **state)
{
    (void)state;
    const double p[] = {0, .5, 0, .5, 0};
    piq_rng r;
    piq_rng_seed(&r, 3);
    for (int i = 0; i < 10000; i++)
        assert_true(p[piq_explore_draw(p, 5, &r)] > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_explore__chances_are_the_formula),
        cmocka_unit_test(
            test_explore__floor_lifts_the_others_at_the_bests_cost),
        cmocka_unit_test(test_explore__nobody_is_safe_among_none),
        cmocka_unit_test(test_explore__draws_never_what_has_no_chance),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
