#include "predict/logistic_model.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

/* logit = .5 + 2 z0 - 3 z1 (or .25 where x1 is unknown), z0 = (x - 10) / 4,
 * z1 = x. */
static piq_logistic make(void)
{
    piq_logistic m;
    assert_int_equal(piq_logistic_init(&m, 2), PIQ_OK);
    m.bias = 0.5;
    m.mean[0] = 10.0;
    m.sd[0] = 4.0;
    m.weight[0] = 2.0;
    m.weight[1] = -3.0;
    m.missing[1] = 0.25;
    return m;
}

static void test_logistic_model__sums_standardised_columns(void **state)
{
    (void)state;
    piq_logistic m = make();
    /* .5 + 2 * 1 - 3 * .5 = 1 */
    assert_true(piq_logistic_logit(&m, (float[]){14.0f, 0.5f}) == 1.0);
    /* .5 + 2 * 1 + .25 */
    assert_true(piq_logistic_logit(&m, (float[]){14.0f, NAN}) == 2.75);
    /* nothing is said of x0 where it is unknown */
    assert_true(piq_logistic_logit(&m, (float[]){NAN, 0.0f}) == 0.5);
    piq_logistic_release(&m);
}

static void test_logistic_model__outliers_are_held(void **state)
{
    (void)state;
    piq_logistic m = make();
    /* 6 sd at most: .5 + 2 * 6 - 3 * -6 */
    assert_true(piq_logistic_logit(&m, (float[]){1e30f, -INFINITY}) == 30.5);
    piq_logistic_release(&m);
}

static void test_logistic_model__contributions_sum_to_the_logit(void **state)
{
    (void)state;
    piq_logistic m = make();
    double out[2];
    piq_logistic_contributions(&m, (float[]){14.0f, NAN}, out);
    assert_true(out[0] == 2.0);
    assert_true(out[1] == 0.25);
    piq_logistic_release(&m);
}

static piq_status read_back(const piq_logistic *m, size_t n_features,
                            piq_logistic *out, piq_err *err)
{
    piq_buf b;
    piq_reader in;
    piq_buf_init(&b, 0);
    piq_logistic_encode(m, &b);
    piq_reader_init(&in, b.ptr, b.len);
    piq_status status = piq_logistic_decode(&in, n_features, out, err);
    piq_buf_release(&b);
    return status;
}

static void test_logistic_model__comes_back_from_its_bytes(void **state)
{
    (void)state;
    piq_logistic m = make(), back;
    piq_err err;
    assert_int_equal(read_back(&m, 2, &back, &err), PIQ_OK);
    float x[2] = {3.7f, 0.3f};
    assert_true(piq_logistic_logit(&back, x) == piq_logistic_logit(&m, x));
    x[1] = NAN;
    assert_true(piq_logistic_logit(&back, x) == piq_logistic_logit(&m, x));
    piq_logistic_release(&back);
    piq_logistic_release(&m);
}

static void test_logistic_model__what_cannot_be_is_refused(void **state)
{
    (void)state;
    piq_logistic m = make(), back;
    piq_err err;
    assert_int_equal(read_back(&m, 3, &back, &err), PIQ_ECORRUPT);
    assert_string_equal(err.message, "a regression over 2 columns, not 3");
    m.sd[1] = 0.0;
    assert_int_equal(read_back(&m, 2, &back, &err), PIQ_ECORRUPT);
    m.sd[1] = 1.0;
    m.weight[0] = NAN;
    assert_int_equal(read_back(&m, 2, &back, &err), PIQ_ECORRUPT);
    m.weight[0] = 1.0;
    m.bias = INFINITY;
    assert_int_equal(read_back(&m, 2, &back, &err), PIQ_ECORRUPT);
    piq_logistic_release(&m);
}

static void test_logistic_model__decoding_needs_memory(void **state)
{
    (void)state;
    piq_logistic m = make(), back;
    for (long k = 1; k <= 4; k++) {
        /* the encoding's buffer takes the first */
        piq_alloc_fail_after(k + 1, 0);
        assert_int_equal(read_back(&m, 2, &back, NULL), PIQ_ENOMEM);
        piq_alloc_fail_after(0, 0);
    }
    piq_logistic_release(&m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_logistic_model__sums_standardised_columns),
        cmocka_unit_test(test_logistic_model__outliers_are_held),
        cmocka_unit_test(test_logistic_model__contributions_sum_to_the_logit),
        cmocka_unit_test(test_logistic_model__comes_back_from_its_bytes),
        cmocka_unit_test(test_logistic_model__what_cannot_be_is_refused),
        cmocka_unit_test(test_logistic_model__decoding_needs_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
