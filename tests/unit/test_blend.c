#include "predict/blend.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static bool near(double x, double y)
{
    return fabs(x - y) < 1e-12;
}

static piq_blend with_knots(void)
{
    return (piq_blend){.weight = {0.5, 0.0, 2.0},
                       .bias = 0.25,
                       .n_knots = 3,
                       .knot_in = {-1.0, 0.0, 2.0},
                       .knot_out = {-2.0, -1.0, 3.0}};
}

static void test_blend__members_have_names(void **state)
{
    (void)state;
    assert_string_equal(piq_member_name(PIQ_MEMBER_LR), "lr");
    assert_string_equal(piq_member_name(PIQ_MEMBER_GBDT), "gbdt");
    assert_string_equal(piq_member_name(PIQ_MEMBER_RNN), "rnn");
}

/* .25 + .5 * 1 + 2 * -1; the member of weight 0 may be anything. */
static void test_blend__weighs_members(void **state)
{
    (void)state;
    piq_blend b = with_knots();
    double logits[PIQ_N_MEMBERS] = {1.0, NAN, -1.0};
    assert_true(piq_blend_raw_logit(&b, logits) == -1.25);
}

static void test_blend__joins_knots_by_lines(void **state)
{
    (void)state;
    piq_blend b = with_knots();
    assert_true(piq_blend_calibrate(&b, -1.0) == -2.0);
    assert_true(near(piq_blend_calibrate(&b, -0.5), -1.5));
    assert_true(near(piq_blend_calibrate(&b, 0.0), -1.0));
    assert_true(near(piq_blend_calibrate(&b, 0.5), 0.0)); /* slope 2 */
    assert_true(near(piq_blend_calibrate(&b, 2.0), 3.0));
    assert_true(piq_blend_calibrate(&b, -4.0) == -5.0); /* slope 1 outside */
    assert_true(piq_blend_calibrate(&b, 5.0) == 6.0);
    b.n_knots = 1;
    assert_true(piq_blend_calibrate(&b, 0.5) == -0.5);
    b.n_knots = 0;
    assert_true(piq_blend_calibrate(&b, 0.3) == 0.3);
}

static void test_blend__predicts_a_chance(void **state)
{
    (void)state;
    piq_blend b = with_knots();
    double logits[PIQ_N_MEMBERS] = {0.5, 0.0, 0.0}; /* raw .5, out 0 */
    assert_true(near(piq_blend_predict(&b, logits), 0.5));
    logits[0] = 1e6;
    double p = piq_blend_predict(&b, logits);
    assert_true(p > 0.999 && p < 1.0);
    logits[0] = -1e6;
    p = piq_blend_predict(&b, logits);
    assert_true(p > 0.0 && p < 0.001);
}

static piq_status read_back(const piq_blend *b, piq_blend *out, piq_err *err)
{
    piq_buf bytes;
    piq_reader in;
    piq_buf_init(&bytes, 0);
    piq_blend_encode(b, &bytes);
    piq_reader_init(&in, bytes.ptr, bytes.len);
    piq_status status = piq_blend_decode(&in, out, err);
    piq_buf_release(&bytes);
    return status;
}

static void test_blend__comes_back_from_its_bytes(void **state)
{
    (void)state;
    piq_blend b = with_knots(), back;
    assert_int_equal(read_back(&b, &back, NULL), PIQ_OK);
    for (size_t m = 0; m < PIQ_N_MEMBERS; m++)
        assert_true(back.weight[m] == b.weight[m]);
    for (double x = -3.0; x < 3.0; x += 0.1)
        assert_true(piq_blend_calibrate(&back, x) ==
                    piq_blend_calibrate(&b, x));
}

static void test_blend__what_cannot_be_is_refused(void **state)
{
    (void)state;
    piq_blend back;
    piq_err err;
    piq_blend b = with_knots();
    b.weight[0] = -0.1;
    assert_int_equal(read_back(&b, &back, &err), PIQ_ECORRUPT);
    b = with_knots();
    b.bias = NAN;
    assert_int_equal(read_back(&b, &back, &err), PIQ_ECORRUPT);
    b = with_knots();
    b.knot_in[1] = 2.0;
    assert_int_equal(read_back(&b, &back, &err), PIQ_ECORRUPT);
    b = with_knots();
    b.knot_out[2] = -1.0;
    assert_int_equal(read_back(&b, &back, &err), PIQ_ECORRUPT);
    b = with_knots();
    b.knot_out[2] = INFINITY;
    assert_int_equal(read_back(&b, &back, &err), PIQ_ECORRUPT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_blend__members_have_names),
        cmocka_unit_test(test_blend__weighs_members),
        cmocka_unit_test(test_blend__joins_knots_by_lines),
        cmocka_unit_test(test_blend__predicts_a_chance),
        cmocka_unit_test(test_blend__comes_back_from_its_bytes),
        cmocka_unit_test(test_blend__what_cannot_be_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
