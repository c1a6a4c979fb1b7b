#include "base/rng.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void test_rng__gives_the_reference_sequence(void **state)
{
    (void)state;
    /* xoshiro256** 1.0 from the state {1, 2, 3, 4}: the first is
     * rotl(2 * 5, 7) * 9 = 1280 * 9 = 11520, and so on. */
    static const uint64_t want[] = {UINT64_C(11520),
                                    UINT64_C(0),
                                    UINT64_C(1509978240),
                                    UINT64_C(1215971899390074240),
                                    UINT64_C(1216172134540287360),
                                    UINT64_C(607988272756665600),
                                    UINT64_C(16172922978634559625),
                                    UINT64_C(8476171486693032832)};
    piq_rng r = {{1, 2, 3, 4}};
    for (size_t i = 0; i < sizeof want / sizeof *want; i++)
        assert_true(piq_rng_u64(&r) == want[i]);
}

static void test_rng__seed_is_spread_by_splitmix64(void **state)
{
    (void)state;
    /* splitmix64's published output for the seed 0. */
    piq_rng r;
    piq_rng_seed(&r, 0);
    assert_true(r.s[0] == UINT64_C(0xe220a8397b1dcdaf));
    assert_true(r.s[1] == UINT64_C(0x6e789e6aa1b965f4));
    assert_true(r.s[2] == UINT64_C(0x06c45d188009454f));
    assert_true(r.s[3] == UINT64_C(0xf88bb8a8724c81ec));
    piq_rng_seed(&r, 42);
    assert_true(piq_rng_u64(&r) == UINT64_C(0x15780b2e0c2ec716));
    assert_true(piq_rng_u64(&r) == UINT64_C(0x6104d9866d113a7e));
}

static void test_rng__uniform_fills_its_bins_evenly(void **state)
{
    (void)state;
    enum { BINS = 100, N = 100000 };
    int count[BINS] = {0};
    piq_rng r;
    piq_rng_seed(&r, 7);
    double sum = 0;
    for (int i = 0; i < N; i++) {
        double u = piq_rng_uniform(&r);
        assert_true(u >= 0 && u < 1);
        count[(int)(u * BINS)]++;
        sum += u;
    }
    double chi2 = 0;
    for (int k = 0; k < BINS; k++)
        chi2 += (count[k] - 1000.) * (count[k] - 1000.) / 1000;
    /* 99 degrees of freedom: 1e-6 lie above 178, as many below 47. */
    assert_true(chi2 > 47 && chi2 < 178);
    /* The sd of the mean is sqrt(1/12/N) = .00091; five of them. */
    assert_true(fabs(sum / N - .5) < .0046);
}

static void test_rng__normal_has_the_normal_moments(void **state)
{
    (void)state;
    enum { N = 100000 };
    piq_rng r;
    piq_rng_seed(&r, 11);
    double s1 = 0;
    double s2 = 0;
    double s4 = 0;
    int beyond = 0;
    for (int i = 0; i < N; i++) {
        double x = piq_rng_normal(&r);
        s1 += x;
        s2 += x * x;
        s4 += x * x * x * x;
        beyond += fabs(x) > 1.959964;
    }
    /* Five standard errors each: 1, sqrt 2, sqrt 96, sqrt(.05 * .95) by
     * sqrt N = 316. */
    assert_true(fabs(s1 / N) < .0158);
    assert_true(fabs(s2 / N - 1) < .0224);
    assert_true(fabs(s4 / N - 3) < .155);
    assert_true(fabs((double)beyond / N - .05) < .0035);
}

static void test_rng__below_stays_below_and_is_even(void **state)
{
    (void)state;
    enum { N = 60000 };
    piq_rng r;
    piq_rng_seed(&r, 3);
    int count[6] = {0};
    for (int i = 0; i < N; i++)
        count[piq_rng_below(&r, 6)]++;
    /* sd sqrt(N 1/6 5/6) = 91; five of them. */
    for (int k = 0; k < 6; k++)
        assert_true(count[k] > 9545 && count[k] < 10455);
    for (int i = 0; i < 100; i++)
        assert_int_equal(piq_rng_below(&r, 1), 0);
    /* 3 * 2^62: a plain remainder would give the lowest third twice as often
     * as the others: half of all instead of a third. */
    uint64_t n = UINT64_C(3) << 62;
    int low = 0;
    for (int i = 0; i < N; i++) {
        uint64_t x = piq_rng_below(&r, n);
        assert_true(x < n);
        low += x < n / 3;
    }
    assert_true(low > 19400 && low < 20600);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rng__gives_the_reference_sequence),
        cmocka_unit_test(test_rng__seed_is_spread_by_splitmix64),
        cmocka_unit_test(test_rng__uniform_fills_its_bins_evenly),
        cmocka_unit_test(test_rng__normal_has_the_normal_moments),
        cmocka_unit_test(test_rng__below_stays_below_and_is_even),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
