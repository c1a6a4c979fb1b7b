#include "train/mean_interval.h"

#include "base/rng.h"
#include "support/near.h"

#include <string.h>

static piq_mean_interval interval(const double *x, size_t n, double confidence,
                                  uint64_t seed)
{
    piq_arena a;
    piq_mean_interval out;
    const piq_mean_options o = {confidence, 1000, seed};
    piq_arena_init(&a, 0);
    assert_int_equal(piq_mean_bootstrap(&a, x, n, &o, &out), PIQ_OK);
    piq_arena_release(&a);
    return out;
}

static void test_mean_interval__equal_numbers_leave_no_doubt(void **state)
{
    (void)state;
    const double one[] = {3}, same[] = {2, 2, 2};
    piq_mean_interval i = interval(one, 1, .95, 1);
    assert_near(i.mean, 3, 0);
    assert_near(i.low, 3, 0);
    assert_near(i.high, 3, 0);
    i = interval(same, 3, .95, 1);
    assert_near(i.low, 2, 0);
    assert_near(i.high, 2, 0);
}

static void test_mean_interval__is_the_normal_one_of_many_numbers(void **state)
{
    (void)state;
    enum { N = 4000 };
    static double x[N];
    double mean = 0, squares = 0;
    piq_rng r;
    piq_rng_seed(&r, 5);
    for (size_t i = 0; i < N; i++)
        mean += (x[i] = 10 + piq_rng_normal(&r)) / N;
    for (size_t i = 0; i < N; i++)
        squares += (x[i] - mean) * (x[i] - mean);
    double se = sqrt(squares) / N;
    piq_mean_interval i = interval(x, N, .9, 2);
    /* 1.645 standard errors; a quantile of 1,000 resamples is known to about
     * .07 of one (sqrt(.05 * .95 / 1000) / density .103). */
    assert_near(i.mean, mean, 1e-12);
    assert_near(i.low, mean - 1.645 * se, .25 * se);
    assert_near(i.high, mean + 1.645 * se, .25 * se);
}

static void test_mean_interval__leans_to_where_the_tail_is(void **state)
{
    (void)state;
    enum { N = 100 };
    double x[N];
    piq_rng r;
    piq_rng_seed(&r, 6);
    for (size_t i = 0; i < N; i++)
        x[i] = exp(1.5 * piq_rng_normal(&r));
    piq_mean_interval i = interval(x, N, .9, 3);
    assert_true(i.high - i.mean > 1.3 * (i.mean - i.low));
}

static void test_mean_interval__same_seed_same_bits(void **state)
{
    (void)state;
    const double x[] = {1, 2, 4, 8, 16};
    piq_mean_interval a = interval(x, 5, .9, 7), b = interval(x, 5, .9, 7);
    piq_mean_interval c = interval(x, 5, .9, 8);
    assert_memory_equal(&a, &b, sizeof a);
    assert_true(c.low != a.low || c.high != a.high);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_mean_interval__equal_numbers_leave_no_doubt),
        cmocka_unit_test(test_mean_interval__is_the_normal_one_of_many_numbers),
        cmocka_unit_test(test_mean_interval__leans_to_where_the_tail_is),
        cmocka_unit_test(test_mean_interval__same_seed_same_bits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
