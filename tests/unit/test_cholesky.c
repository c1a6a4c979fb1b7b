#include "num/cholesky.h"

#include "base/rng.h"
#include "support/near.h"

#include <string.h>

static void test_cholesky__factors_a_matrix_worked_by_hand(void **state)
{
    (void)state;
    /* [4 2; 2 10] = L L' with L = [2 0; 1 3]; the 2 above the diagonal is not
     * read. */
    double a[] = {4, 99, 2, 10};
    assert_true(piq_cholesky_factor(a, 2));
    assert_near(a[0], 2, 0);
    assert_near(a[1], 99, 0);
    assert_near(a[2], 1, 0);
    assert_near(a[3], 3, 0);
    /* 4x + 2y = 8, 2x + 10y = 22: x = 1, y = 2. */
    double x[] = {8, 22};
    piq_cholesky_solve(a, 2, x);
    assert_near(x[0], 1, 1e-15);
    assert_near(x[1], 2, 1e-15);
    /* The inverse of [4 2; 2 10] is [10 -2; -2 4] / 36. */
    double inverse[4];
    piq_cholesky_invert(a, 2, inverse);
    assert_near(inverse[0], 10. / 36, 1e-16);
    assert_near(inverse[1], -2. / 36, 1e-16);
    assert_near(inverse[2], -2. / 36, 1e-16);
    assert_near(inverse[3], 4. / 36, 1e-16);
}

static void test_cholesky__refuses_what_is_not_positive_definite(void **state)
{
    (void)state;
    double indefinite[] = {1, 0, 2, 1}; /* determinant 1 - 4 */
    double zero[] = {0};
    double nan[] = {NAN};
    double huge[] = {INFINITY};
    assert_false(piq_cholesky_factor(indefinite, 2));
    assert_false(piq_cholesky_factor(zero, 1));
    assert_false(piq_cholesky_factor(nan, 1));
    assert_false(piq_cholesky_factor(huge, 1));
}

static void test_cholesky__inverse_of_random_matrices_is_one(void **state)
{
    (void)state;
    enum { MOST = 24 };
    piq_rng r;
    piq_rng_seed(&r, 1);
    for (size_t n = 1; n <= MOST; n++) {
        double b[MOST * MOST], a[MOST * MOST], l[MOST * MOST],
            inverse[MOST * MOST];
        for (size_t i = 0; i < n * n; i++)
            b[i] = piq_rng_normal(&r);
        for (size_t i = 0; i < n; i++)
            for (size_t j = 0; j < n; j++) {
                a[i * n + j] = i == j;
                for (size_t k = 0; k < n; k++)
                    a[i * n + j] += b[i * n + k] * b[j * n + k];
            }
        memcpy(l, a, n * n * sizeof *a);
        assert_true(piq_cholesky_factor(l, n));
        piq_cholesky_invert(l, n, inverse);
        for (size_t i = 0; i < n; i++)
            for (size_t j = 0; j < n; j++) {
                double sum = 0;
                for (size_t k = 0; k < n; k++)
                    sum += a[i * n + k] * inverse[k * n + j];
                assert_near(sum, i == j, 1e-11);
                assert_true(inverse[i * n + j] == inverse[j * n + i]);
            }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cholesky__factors_a_matrix_worked_by_hand),
        cmocka_unit_test(test_cholesky__refuses_what_is_not_positive_definite),
        cmocka_unit_test(test_cholesky__inverse_of_random_matrices_is_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
