/* Kernels that give the same bits everywhere: compared with plain loops, to
 * the bit, and with libm in double. */
#include "num/vector.h"

#include "base/rng.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

enum { MAX_IN = 37, MAX_OUT = 152, MAX_ROWS = 11 };

static void fill(piq_rng *r, float *x, size_t n)
{
    for (size_t i = 0; i < n; i++)
        x[i] = (float)piq_rng_normal(r);
}

/* One product and one sum after the other; volatile keeps them apart. */
static float plain_affine(float start, const float *x, size_t n_in,
                          const float *w, size_t n_out)
{
    volatile float sum = start;
    for (size_t j = 0; j < n_in; j++) {
        volatile float product = x[j] * w[j * n_out];
        sum = sum + product;
    }
    return sum;
}

static void test_vector__affine_is_the_plain_sum_to_the_bit(void **state)
{
    (void)state;
    float x[MAX_IN], w[MAX_IN * MAX_OUT], start[MAX_OUT], out[MAX_OUT];
    piq_rng r;
    piq_rng_seed(&r, 1);
    for (size_t n_out = 8; n_out <= MAX_OUT; n_out += 8)
        for (size_t n_in = 0; n_in <= MAX_IN; n_in += 9) {
            fill(&r, x, n_in);
            fill(&r, w, n_in * n_out);
            fill(&r, start, n_out);
            memcpy(out, start, sizeof out);
            piq_vector_affine(out, n_out, x, n_in, w);
            for (size_t k = 0; k < n_out; k++) {
                float want = plain_affine(start[k], x, n_in, w + k, n_out);
                assert_memory_equal(&out[k], &want, sizeof want);
            }
        }
}

static void test_vector__rows_at_once_are_rows_one_by_one(void **state)
{
    (void)state;
    /* More inputs than are laid side by side at once. */
    enum { N_IN = 133, X_STRIDE = 137, OUT_STRIDE = MAX_OUT + 5 };
    static float x[MAX_ROWS * X_STRIDE], w[N_IN * MAX_OUT];
    static float out[MAX_ROWS * OUT_STRIDE], want[MAX_ROWS * OUT_STRIDE];
    piq_rng r;
    piq_rng_seed(&r, 2);
    for (size_t n = 0; n <= MAX_ROWS; n++)
        for (size_t n_out = 8; n_out <= MAX_OUT; n_out += 8) {
            fill(&r, x, MAX_ROWS * X_STRIDE);
            fill(&r, w, N_IN * MAX_OUT);
            fill(&r, out, MAX_ROWS * OUT_STRIDE);
            memcpy(want, out, sizeof out);
            for (size_t i = 0; i < n * n_out; i++) {
                float *at = want + i / n_out * OUT_STRIDE + i % n_out;
                *at = plain_affine(*at, x + i / n_out * X_STRIDE, N_IN,
                                   w + i % n_out, n_out);
            }
            piq_vector_rows rows = {out, OUT_STRIDE, x, X_STRIDE, n};
            piq_vector_affine_rows(&rows, n_out, N_IN, w);
            assert_memory_equal(out, want, sizeof out);
        }
}

static void test_vector__dot_sums_by_place_mod_eight(void **state)
{
    (void)state;
    float x[MAX_IN], y[MAX_IN];
    piq_rng r;
    piq_rng_seed(&r, 3);
    for (size_t n = 0; n <= MAX_IN; n++) {
        fill(&r, x, n);
        fill(&r, y, n);
        volatile float s[8] = {0};
        for (size_t j = 0; j < n; j++) {
            volatile float product = x[j] * y[j];
            s[j % 8] = s[j % 8] + product;
        }
        volatile float even = (s[0] + s[4]) + (s[2] + s[6]);
        volatile float odd = (s[1] + s[5]) + (s[3] + s[7]);
        float want = even + odd;
        float got = piq_vector_dot(x, y, n);
        assert_memory_equal(&got, &want, sizeof want);
    }
}

static void test_vector__add_scales_and_adds(void **state)
{
    (void)state;
    float x[MAX_IN], out[MAX_IN + 1];
    piq_rng r;
    piq_rng_seed(&r, 4);
    for (size_t n = 0; n <= MAX_IN; n++) {
        fill(&r, x, n);
        for (size_t j = 0; j <= n; j++)
            out[j] = 1;
        piq_vector_add(out, .5f, x, n);
        for (size_t j = 0; j < n; j++)
            assert_true(out[j] == 1 + .5f * x[j]); /* halving is exact */
        assert_true(out[n] == 1);
    }
}

typedef struct worst {
    double exp_relative, sigmoid, tanh;
} worst;

static void compare(float x, worst *w)
{
    float e = x, s = x, t = x;
    piq_vector_exp(&e, 1);
    piq_vector_sigmoid(&s, 1);
    piq_vector_tanh(&t, 1);
    double held = fmin(88, fmax(-87, (double)x));
    w->exp_relative = fmax(w->exp_relative, fabs((double)e / exp(held) - 1));
    w->sigmoid = fmax(w->sigmoid, fabs((double)s - 1 / (1 + exp(-(double)x))));
    w->tanh = fmax(w->tanh, fabs((double)t - tanh((double)x)));
}

static void test_vector__functions_are_as_exact_as_stated(void **state)
{
    (void)state;
    worst w = {0};
    for (int i = -1000000; i <= 1000000; i += 7)
        compare((float)i * 1e-4f, &w);
    assert_true(w.exp_relative < 2.5e-7);
    assert_true(w.sigmoid < 2.5e-7);
    assert_true(w.tanh < 2.5e-7);
}

static void test_vector__functions_stay_finite_at_the_ends(void **state)
{
    (void)state;
    const float ends[] = {INFINITY, -INFINITY, 3e38f, -3e38f, 0, -0.f};
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
        float e = ends[i], s = ends[i], t = ends[i];
        piq_vector_exp(&e, 1);
        piq_vector_sigmoid(&s, 1);
        piq_vector_tanh(&t, 1);
        assert_true(isfinite(e) && e > 0);
        assert_true(s >= 0 && s <= 1);
        assert_true(t >= -1 && t <= 1);
    }
}

typedef void function(float *x, size_t n);

/* Alone or among others, in vectors of any width: from far below the bounds to
 * far above, and around them. */
static void expect_same_anywhere(function *f)
{
    enum { N = 16 * 41 + 3 };
    float x[N], one[N];
    for (size_t i = 0; i < N; i++)
        x[i] = ((float)i - N / 2.0f) * 0.33f;
    x[0] = INFINITY;
    x[1] = -INFINITY;
    x[2] = -0.0f;
    x[3] = nextafterf(88.0f, 100.0f);
    x[4] = nextafterf(-87.0f, -100.0f);
    x[5] = 1e-40f;
    memcpy(one, x, sizeof x);
    f(x, N);
    for (size_t i = 0; i < N; i++)
        f(&one[i], 1);
    assert_memory_equal(x, one, sizeof x);
}

static void test_vector__a_value_does_not_depend_on_its_place(void **state)
{
    (void)state;
    expect_same_anywhere(piq_vector_exp);
    expect_same_anywhere(piq_vector_sigmoid);
    expect_same_anywhere(piq_vector_tanh);
    expect_same_anywhere(piq_vector_rectify);
}

static void test_vector__nothing_known_stays_so(void **state)
{
    (void)state;
    function *const all[] = {piq_vector_exp, piq_vector_sigmoid,
                             piq_vector_tanh};
    for (size_t k = 0; k < 3; k++) {
        float x[19];
        for (size_t i = 0; i < 19; i++)
            x[i] = i % 2 ? NAN : 1.0f;
        all[k](x, 19);
        for (size_t i = 0; i < 19; i++)
            assert_int_equal(isnan(x[i]) != 0, i % 2);
    }
}

static void test_vector__rectified_is_never_below_0(void **state)
{
    (void)state;
    float x[] = {-1, 0, -0.f, 1, 1e-40f, NAN, INFINITY, -INFINITY, 2, -2};
    const float want[] = {0, 0, 0, 1, 1e-40f, 0, INFINITY, 0, 2, 0};
    piq_vector_rectify(x, sizeof x / sizeof *x);
    assert_memory_equal(x, want, sizeof x);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_vector__affine_is_the_plain_sum_to_the_bit),
        cmocka_unit_test(test_vector__rows_at_once_are_rows_one_by_one),
        cmocka_unit_test(test_vector__dot_sums_by_place_mod_eight),
        cmocka_unit_test(test_vector__add_scales_and_adds),
        cmocka_unit_test(test_vector__functions_are_as_exact_as_stated),
        cmocka_unit_test(test_vector__functions_stay_finite_at_the_ends),
        cmocka_unit_test(test_vector__a_value_does_not_depend_on_its_place),
        cmocka_unit_test(test_vector__nothing_known_stays_so),
        cmocka_unit_test(test_vector__rectified_is_never_below_0),
    };
    return cmocka_run_group_tests_name("vector", tests, NULL, NULL);
}
