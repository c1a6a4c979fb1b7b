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
    enum { N_IN = 19, X_STRIDE = 23, OUT_STRIDE = MAX_OUT + 5 };
    static float x[MAX_ROWS * X_STRIDE], w[N_IN * MAX_OUT];
    static float out[MAX_ROWS * OUT_STRIDE], want[MAX_ROWS * OUT_STRIDE];
    piq_rng r;
    piq_rng_seed(&r, 2);
    for (size_t n = 0; n <= MAX_ROWS; n++)
        for (size_t n_out = 8; n_out <= MAX_OUT; n_out += 24) {
            fill(&r, x, MAX_ROWS * X_STRIDE);
            fill(&r, w, N_IN * MAX_OUT);
            fill(&r, out, MAX_ROWS * OUT_STRIDE);
            memcpy(want, out, sizeof out);
            for (size_t i = 0; i < n; i++)
                piq_vector_affine(want + i * OUT_STRIDE, n_out,
                                  x + i * X_STRIDE, N_IN, w);
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

static void test_vector__a_value_does_not_depend_on_its_place(void **state)
{
    (void)state;
    float x[MAX_IN], one[MAX_IN];
    piq_rng r;
    piq_rng_seed(&r, 5);
    fill(&r, x, MAX_IN);
    memcpy(one, x, sizeof x);
    piq_vector_tanh(x, MAX_IN);
    for (size_t i = 0; i < MAX_IN; i++)
        piq_vector_tanh(&one[i], 1);
    assert_memory_equal(x, one, sizeof x);
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
    };
    return cmocka_run_group_tests_name("vector", tests, NULL, NULL);
}
