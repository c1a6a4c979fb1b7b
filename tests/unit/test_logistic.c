#include "num/logistic.h"

#include <float.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void test_logistic__sigmoid_never_overflows(void **state)
{
    (void)state;
    assert_true(piq_sigmoid(0) == .5);
    assert_true(piq_sigmoid(1e308) == 1);
    assert_true(piq_sigmoid(-1e308) == 0);
    assert_true(piq_sigmoid(-700) > 0);
    assert_true(isnan(piq_sigmoid(NAN)));
    for (double x = -30; x <= 30; x += .37) {
        assert_true(fabs(piq_sigmoid(x) + piq_sigmoid(-x) - 1) < 1e-15);
        double plain = 1 / (1 + exp(-x));
        assert_true(fabs(piq_sigmoid(x) - plain) <= 4 * DBL_EPSILON * plain);
    }
}

static void test_logistic__logit_undoes_sigmoid(void **state)
{
    (void)state;
    /* One rounding of p near 1 moves the logit by eps / (1-p), so e^x eps. */
    for (double x = -25; x <= 25; x += .173)
        assert_true(fabs(piq_logit(piq_sigmoid(x)) - x) <
                    1e-14 * (30 + exp(x)));
    const double edge = log(1e-12) - log1p(-1e-12);
    assert_true(piq_logit(0) == edge);
    assert_true(piq_logit(-5) == edge);
    assert_true(fabs(piq_logit(1) + edge) < 1e-3);
    assert_true(piq_logit(.5) == 0);
}

/* Simpson's rule on mean +- 12 sd. */
static double mean_of_sigmoid(double mean, double variance)
{
    enum { STEPS = 4000 };
    double sd = sqrt(variance);
    double sum = 0;
    for (int i = 0; i <= STEPS; i++) {
        double z = -12 + 24. * i / STEPS;
        double weight = i == 0 || i == STEPS ? 1 : i % 2 ? 4 : 2;
        sum += weight * exp(-z * z / 2) / (1 + exp(-(mean + sd * z)));
    }
    return sum * 24 / STEPS / 3 / sqrt(2 * M_PI);
}

static void test_logistic__sigmoid_gauss_is_within_its_error(void **state)
{
    (void)state;
    double worst = 0;
    for (double mean = -6; mean <= 6; mean += .5)
        for (double variance = 0; variance <= 16; variance += .5) {
            double got = piq_sigmoid_gauss(mean, variance);
            double want = mean_of_sigmoid(mean, variance);
            worst = fmax(worst, fabs(got - want));
        }
    assert_true(worst < .02);
    assert_true(piq_sigmoid_gauss(1.25, 0) == piq_sigmoid(1.25));
    assert_true(piq_sigmoid_gauss(0, 9) == .5);
}

static void test_logistic__normal_cdf_has_the_known_values(void **state)
{
    (void)state;
    assert_true(piq_normal_cdf(0) == .5);
    /* Abramowitz & Stegun, table 26.1: P(1) and P(2), fifteen digits. */
    assert_true(fabs(piq_normal_cdf(1) - .841344746068543) < 1e-15);
    assert_true(fabs(piq_normal_cdf(2) - .977249868051821) < 1e-15);
    assert_true(fabs(piq_normal_cdf(-10) / 7.61985302416052606e-24 - 1) <
                1e-13);
    assert_true(piq_normal_cdf(-INFINITY) == 0);
    assert_true(piq_normal_cdf(INFINITY) == 1);
}

static void test_logistic__quantile_has_the_known_values(void **state)
{
    (void)state;
    assert_true(piq_normal_quantile(.5) == 0);
    assert_true(fabs(piq_normal_quantile(.95) - 1.6448536269514722) < 1e-14);
    assert_true(fabs(piq_normal_quantile(.975) - 1.9599639845400545) < 1e-14);
    assert_true(fabs(piq_normal_quantile(.05) + 1.6448536269514722) < 1e-14);
    assert_true(piq_normal_quantile(0) == -INFINITY);
    assert_true(piq_normal_quantile(1) == INFINITY);
    assert_true(isnan(piq_normal_quantile(NAN)));
}

static void test_logistic__quantile_undoes_the_cdf(void **state)
{
    (void)state;
    for (double x = -37; x <= 0; x += .0137) {
        double p = piq_normal_cdf(x);
        double back = piq_normal_quantile(p);
        /* p's own rounding moves x by eps / |d ln p / dx|, at most eps / .8;
         * libm's erfc adds a few eps of p. */
        assert_true(fabs(back - x) < 1e-14);
        if (x > -8)
            assert_true(piq_normal_quantile(1 - p) ==
                        -piq_normal_quantile(1 - (1 - p)));
    }
    /* Down to the smallest number there is. */
    assert_true(isfinite(piq_normal_quantile(5e-324)));
    assert_true(fabs(piq_normal_quantile(5e-324) + 38.4674) < 1e-3);
}

static void test_logistic__clamp_keeps_to_its_bounds(void **state)
{
    (void)state;
    assert_true(piq_clamp(2, 0, 1) == 1);
    assert_true(piq_clamp(-2, 0, 1) == 0);
    assert_true(piq_clamp(.3, 0, 1) == .3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_logistic__sigmoid_never_overflows),
        cmocka_unit_test(test_logistic__logit_undoes_sigmoid),
        cmocka_unit_test(test_logistic__sigmoid_gauss_is_within_its_error),
        cmocka_unit_test(test_logistic__normal_cdf_has_the_known_values),
        cmocka_unit_test(test_logistic__quantile_has_the_known_values),
        cmocka_unit_test(test_logistic__quantile_undoes_the_cdf),
        cmocka_unit_test(test_logistic__clamp_keeps_to_its_bounds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
