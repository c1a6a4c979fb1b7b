/* What content is expected to teach: the law that recommender and planner
 * share. */
#include "track/gain.h"

#include "support/near.h"
#include "support/small_catalogue.h"

#include <math.h>
#include <stddef.h>

static piq_belief at(double mastery, double sd)
{
    return (piq_belief){.mastery = mastery,
                        .ability_logit = log(mastery / (1 - mastery)),
                        .sd_logit = sd,
                        .mastery_low = mastery / 2,
                        .mastery_high = (1 + mastery) / 2};
}

static void fill(piq_belief *b, double mastery)
{
    for (int k = 0; k < N_SMALL_CONCEPTS; k++)
        b[k] = at(mastery, 0);
}

static void test_gain__fit_is_whole_between_seven_and_nine_of_ten(void **s)
{
    (void)s;
    assert_true(piq_gain_fit(0.70) == 1);
    assert_true(piq_gain_fit(0.80) == 1);
    assert_true(piq_gain_fit(0.90) == 1);
    /* exp(-.15^2 / (2 * .15^2)) = exp(-1/2) */
    assert_near(piq_gain_fit(0.55), exp(-0.5), 1e-12);
    assert_true(piq_gain_fit(0.1) < piq_gain_fit(0.3));
    assert_true(piq_gain_fit(1.0) < 1);
}

static void test_gain__success_is_a_half_at_equal_ability(void **s)
{
    (void)s;
    piq_catalogue *c = small_catalogue();
    piq_belief b[N_SMALL_CONCEPTS];
    fill(b, 0.5);
    const piq_content *x = &c->contents[BROTH_DRILL - 1];
    assert_near(piq_gain_success(x, b, 0), 0.5, 1e-12);
    /* One logit easier, known for certain: 1 / (1 + e^-1). */
    assert_near(piq_gain_success(x, b, -1), 1 / (1 + exp(-1)), 1e-12);
    /* The less that is known, the nearer to a half. */
    b[BROTH].sd_logit = 2;
    assert_true(piq_gain_success(x, b, -1) < 1 / (1 + exp(-1)));
    assert_true(piq_gain_success(x, b, -1) > 0.5);
    piq_catalogue_free(c);
}

static void test_gain__a_minute_closes_the_same_share_of_what_is_left(void **s)
{
    (void)s;
    double once = piq_gain_mastery(0.2, 0.5);
    double twice = piq_gain_mastery(piq_gain_mastery(0.2, 0.25), 0.25);
    assert_near(once, twice, 1e-12);
    /* 1 - .8 e^-.5 */
    assert_near(once, 1 - 0.8 * exp(-0.5), 1e-12);
}

static void test_gain__expected_is_what_apply_moves(void **s)
{
    (void)s;
    piq_catalogue *c = small_catalogue();
    piq_belief b[N_SMALL_CONCEPTS];
    double value[N_SMALL_CONCEPTS] = {1, 0.5, 0, 0};
    fill(b, 0.4);
    const piq_content *x = &c->contents[SAUCE_CHECK - 1];
    double success = piq_gain_success(x, b, 0);
    double expected = piq_gain_expected(x, b, value, success, 1.2);
    piq_gain_apply(x, b, 1.2);
    assert_near(expected,
                (b[BROTH].mastery - 0.4) + (b[SAUCE].mastery - 0.4) / 2, 1e-12);
    /* Mastery and ability move together: difficulty .5 is 0 logits. */
    assert_near(b[BROTH].ability_logit,
                log(b[BROTH].mastery / (1 - b[BROTH].mastery)), 1e-9);
    assert_true(b[KNIFE].mastery == 0.4);
    /* 15 minutes, an answer every two, half of them on each concept. */
    assert_near(b[BROTH].evidence, 3.75, 1e-6);
    piq_catalogue_free(c);
}

static void test_gain__what_is_too_hard_teaches_less(void **s)
{
    (void)s;
    piq_catalogue *c = small_catalogue();
    const piq_content *drill = &c->contents[BROTH_DRILL - 1];
    const piq_content *lesson = &c->contents[BROTH_LESSON - 1];
    assert_true(piq_gain_dose(drill, 0.3, 1) < piq_gain_dose(drill, 0.8, 1));
    /* An explanation keeps at least three fifths of its effect. */
    assert_true(piq_gain_dose(lesson, 0.01, 1) >=
                0.6 * piq_gain_dose(lesson, 0.8, 1));
    assert_near(piq_gain_dose(drill, 0.8, 2), 2 * piq_gain_dose(drill, 0.8, 1),
                1e-12);
    piq_catalogue_free(c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_gain__fit_is_whole_between_seven_and_nine_of_ten),
        cmocka_unit_test(test_gain__success_is_a_half_at_equal_ability),
        cmocka_unit_test(
            test_gain__a_minute_closes_the_same_share_of_what_is_left),
        cmocka_unit_test(test_gain__expected_is_what_apply_moves),
        cmocka_unit_test(test_gain__what_is_too_hard_teaches_less),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
