/* The allocation seam itself: what fails is said, and nothing is lost. */
#include "base/arena.h"
#include "base/buf.h"
#include "base/json_writer.h"
#include "base/map.h"
#include "metrics/metrics.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

enum { MANY = 1000 };

static int tear_down(void **state)
{
    (void)state;
    piq_alloc_fail_after(0, 0);
    return 0;
}

static void test_alloc__only_the_kth_fails(void **state)
{
    (void)state;
    for (long k = 1; k <= 5; k++) {
        piq_alloc_fail_after(k, 0);
        for (long i = 1; i <= 8; i++)
            assert_int_equal(piq_alloc_should_fail(), i == k);
    }
}

static void test_alloc__sticky_fails_from_the_kth_on(void **state)
{
    (void)state;
    piq_alloc_fail_after(3, 1);
    for (long i = 1; i <= 8; i++)
        assert_int_equal(piq_alloc_should_fail(), i >= 3);
    piq_alloc_fail_after(0, 0);
    assert_int_equal(piq_alloc_should_fail(), 0);
}

static void test_alloc__arena_says_null_and_goes_on(void **state)
{
    (void)state;
    for (long k = 1; k <= 50; k++) {
        piq_arena a;
        piq_arena_init(&a, 0);
        piq_alloc_fail_after(k, 0);
        for (long i = 1; i <= 50; i++) {
            char *p = piq_arena_alloc(&a, 1, 200);
            assert_int_equal(p == NULL, i == k);
        }
        piq_arena_release(&a);
    }
}

static void test_alloc__buffer_keeps_what_it_had(void **state)
{
    (void)state;
    bool passed = false;
    for (long k = 1; !passed; k++) {
        assert_true(k < MANY);
        piq_buf b;
        piq_buf_init(&b, 0);
        piq_alloc_fail_after(k, 0);
        size_t len_then = 0; /* when it failed */
        for (int i = 0; i < MANY; i++) {
            piq_buf_add_z(&b, "0123456789");
            if (b.status == PIQ_OK)
                len_then = b.len;
        }
        piq_alloc_fail_after(0, 0);
        passed = b.status == PIQ_OK;
        if (!passed)
            assert_int_equal(b.status, PIQ_ENOMEM);
        /* Nothing after the failure, although later growth would succeed. */
        assert_int_equal(b.len, len_then);
        assert_true(passed == (b.len == 10 * MANY));
        for (size_t i = 0; i < b.len; i++)
            assert_int_equal(b.ptr[i], '0' + i % 10);
        piq_buf_release(&b);
    }
}

static void test_alloc__map_is_left_as_it_was(void **state)
{
    (void)state;
    bool passed = false;
    for (long k = 1; !passed; k++) {
        assert_true(k < MANY);
        piq_map m;
        piq_map_init(&m);
        piq_alloc_fail_after(k, 0);
        uint64_t refused = MANY;
        for (uint64_t key = 0; key < MANY; key++) {
            size_t before = m.n;
            piq_status status = piq_map_put(&m, key, key + 1);
            if (status == PIQ_OK)
                continue;
            assert_int_equal(status, PIQ_ENOMEM);
            assert_int_equal(m.n, before);
            refused = key;
        }
        passed = refused == MANY;
        for (uint64_t key = 0; key < MANY; key++) {
            uint64_t value = 0;
            bool there = piq_map_get(&m, key, &value);
            assert_int_equal(there, key != refused);
            if (there)
                assert_true(value == key + 1);
        }
        piq_alloc_fail_after(0, 0);
        piq_map_release(&m);
    }
}

static void test_alloc__json_writer_says_it_at_the_end(void **state)
{
    (void)state;
    bool passed = false;
    for (long k = 1; !passed; k++) {
        assert_true(k < MANY);
        piq_buf b;
        piq_json_writer w;
        piq_buf_init(&b, 0);
        piq_json_init(&w, &b);
        piq_alloc_fail_after(k, 0);
        piq_json_array(&w);
        for (int i = 0; i < 200; i++) {
            piq_json_object(&w);
            piq_json_put_z(&w, "name", "line\nbreak \xFF");
            piq_json_put_double(&w, "third", 1.0 / 3);
            piq_json_put_int(&w, "n", i);
            piq_json_object_end(&w);
        }
        piq_json_array_end(&w);
        passed = b.status == PIQ_OK;
        assert_true(passed || b.status == PIQ_ENOMEM);
        piq_alloc_fail_after(0, 0);
        piq_buf_release(&b);
    }
}

static void test_alloc__metrics_give_null_or_a_whole_series(void **state)
{
    (void)state;
    bool passed = false;
    for (long k = 1; !passed; k++) {
        assert_true(k < MANY);
        piq_metrics *m = NULL;
        piq_alloc_fail_after(k, 1);
        piq_status status = piq_metrics_new(&m);
        piq_metric *h =
            m ? piq_metrics_histogram(m, "t", "help", "a=\"b\"") : NULL;
        piq_alloc_fail_after(0, 0);
        assert_true(status == PIQ_OK || !m);
        passed = h != NULL;
        piq_metric_observe_ns(h, 1);
        if (m) {
            /* The same declaration succeeds once there is memory again. */
            assert_non_null(piq_metrics_histogram(m, "t", "help", "a=\"b\""));
            piq_buf out;
            piq_buf_init(&out, 0);
            piq_metrics_write(m, &out);
            assert_non_null(strstr(out.ptr, "t_count{a=\"b\"}"));
            piq_buf_release(&out);
        }
        piq_metrics_free(m);
    }
}

#define alloc_test(name) cmocka_unit_test_teardown(name, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        alloc_test(test_alloc__only_the_kth_fails),
        alloc_test(test_alloc__sticky_fails_from_the_kth_on),
        alloc_test(test_alloc__arena_says_null_and_goes_on),
        alloc_test(test_alloc__buffer_keeps_what_it_had),
        alloc_test(test_alloc__map_is_left_as_it_was),
        alloc_test(test_alloc__json_writer_says_it_at_the_end),
        alloc_test(test_alloc__metrics_give_null_or_a_whole_series),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
