/* Every allocation of the recurrent net's fit and decoding fails in turn. */
#include "train/recurrent_fit.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

enum { ROWS = 12, MOST = 200 };

static int tear_down(void **state)
{
    (void)state;
    piq_alloc_fail_after(0, 0);
    return 0;
}

static piq_status fit_small(piq_recurrent **out)
{
    static float x[ROWS * PIQ_N_FEATURES];
    float y[ROWS] = {1, 0, 1, 1, 0, 0, 1, 0, 1, 1, 1, 0};
    uint32_t item[ROWS] = {0, 1, 0, 1, 2, 2, 0, 0, 1, 1, 2, 2};
    uint16_t concept[ROWS] = {0};
    uint8_t context[ROWS] = {0};
    size_t first[] = {0, 5, ROWS};
    const piq_kt_set set = {2, ROWS, first, x, y, item, concept, context, 3, 1};
    piq_recurrent_options o = *piq_recurrent_option_defaults();
    o.hidden = o.embed = o.side = o.head = 8;
    o.batch = 2;
    o.chunk = 4;
    o.updates = o.min_epochs = o.max_epochs = 1;
    o.threads = 1;
    piq_err err;
    return piq_recurrent_fit(&set, &set, &o, NULL, out, &err);
}

static void test_recurrent_alloc__a_fit_without_memory_says_so(void **state)
{
    (void)state;
    for (long k = 1; k < MOST; k++) {
        piq_recurrent *m = NULL;
        piq_alloc_fail_after(k, 0);
        piq_status status = fit_small(&m);
        piq_alloc_fail_after(0, 0);
        if (status == PIQ_OK) {
            assert_true(k > 3);
            piq_recurrent_free(m);
            return;
        }
        assert_int_equal(status, PIQ_ENOMEM);
        assert_null(m);
    }
    fail_msg("there is always one more allocation");
}

static void test_recurrent_alloc__decoding_without_memory_says_so(void **state)
{
    (void)state;
    piq_recurrent *m = NULL;
    assert_int_equal(fit_small(&m), PIQ_OK);
    piq_buf b;
    piq_buf_init(&b, 0);
    piq_recurrent_encode(m, &b);
    piq_recurrent_free(m);
    long k = 1;
    for (piq_status status = PIQ_ENOMEM; status != PIQ_OK; k++) {
        assert_true(k < MOST);
        piq_reader in;
        piq_reader_init(&in, b.ptr, b.len);
        piq_err err;
        m = NULL;
        piq_alloc_fail_after(k, 0);
        status = piq_recurrent_decode(&in, &m, &err);
        piq_alloc_fail_after(0, 0);
        assert_true(status == PIQ_OK || status == PIQ_ENOMEM);
        assert_true((m != NULL) == (status == PIQ_OK));
    }
    assert_true(k > 2);
    piq_recurrent_free(m);
    piq_buf_release(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(
            test_recurrent_alloc__a_fit_without_memory_says_so, tear_down),
        cmocka_unit_test_teardown(
            test_recurrent_alloc__decoding_without_memory_says_so, tear_down),
    };
    return cmocka_run_group_tests_name("recurrent_alloc", tests, NULL, NULL);
}
