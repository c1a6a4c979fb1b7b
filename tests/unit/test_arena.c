#include "base/arena.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static void test_arena__memory_is_zeroed_and_aligned(void **state)
{
    (void)state;
    piq_arena a;
    piq_arena_init(&a, 0);
    static const size_t sizes[] = {1, 3, 8, 17, 100, 5000, 70000};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        unsigned char *p = piq_arena_alloc(&a, sizes[i], 1);
        assert_non_null(p);
        assert_int_equal((uintptr_t)p % _Alignof(max_align_t), 0);
        for (size_t k = 0; k < sizes[i]; k++)
            assert_int_equal(p[k], 0);
        memset(p, 0xA5, sizes[i]); /* dirt for whoever comes next */
    }
    piq_arena_release(&a);
    assert_int_equal(a.held_bytes, 0);
    assert_null(a.chunks);
}

static void test_arena__cleared_memory_is_zeroed_again(void **state)
{
    (void)state;
    piq_arena a;
    piq_arena_init(&a, 0);
    for (int round = 0; round < 3; round++) {
        for (int i = 0; i < 50; i++) {
            uint64_t *p = piq_new(&a, uint64_t, 64);
            assert_non_null(p);
            for (int k = 0; k < 64; k++)
                assert_int_equal(p[k], 0);
            memset(p, 0xFF, 64 * sizeof *p);
        }
        piq_arena_clear(&a);
    }
    piq_arena_release(&a);
}

static void test_arena__allocations_do_not_overlap(void **state)
{
    (void)state;
    enum { N = 300 };
    piq_arena a;
    piq_arena_init(&a, 0);
    unsigned char *p[N];
    for (size_t i = 0; i < N; i++) {
        p[i] = piq_arena_alloc(&a, i + 1, 1);
        assert_non_null(p[i]);
        memset(p[i], (int)(i % 251), i + 1);
    }
    for (size_t i = 0; i < N; i++)
        for (size_t k = 0; k <= i; k++)
            assert_int_equal(p[i][k], i % 251);
    piq_arena_release(&a);
}

static void test_arena__clear_keeps_the_largest_chunk_only(void **state)
{
    (void)state;
    piq_arena a;
    piq_arena_init(&a, 0);
    assert_non_null(piq_arena_alloc(&a, 1, 10));
    assert_non_null(piq_arena_alloc(&a, 1, 100000));
    assert_non_null(piq_arena_alloc(&a, 1, 5000));
    piq_arena_clear(&a);
    size_t kept = a.held_bytes;
    assert_true(kept >= 100000);
    assert_non_null(piq_arena_alloc(&a, 1, 100000));
    assert_int_equal(a.held_bytes, kept); /* it was there already */
    piq_arena_release(&a);
}

static void test_arena__never_holds_more_than_its_cap(void **state)
{
    (void)state;
    const size_t cap = 100000;
    piq_arena a;
    piq_arena_init(&a, cap);
    size_t got = 0;
    while (piq_arena_alloc(&a, 1, 1000)) {
        got += 1000;
        assert_true(a.held_bytes <= cap);
    }
    /* All but headers, rounding (1000 becomes 1008) and the last odd piece of
     * each of five chunks is there to be used. */
    assert_true(got > 90000 && got <= cap);
    assert_null(piq_arena_alloc(&a, 1, cap));
    piq_arena_clear(&a);
    assert_non_null(piq_arena_alloc(&a, 1, 1000));
    piq_arena_release(&a);
}

static void test_arena__overflowing_product_is_refused(void **state)
{
    (void)state;
    piq_arena a;
    piq_arena_init(&a, 0);
    assert_null(piq_arena_alloc(&a, SIZE_MAX / 2, 4));
    assert_null(piq_arena_alloc(&a, SIZE_MAX, 1));
    assert_null(piq_arena_alloc(&a, 1, SIZE_MAX));
    assert_null(piq_arena_strndup(&a, "", SIZE_MAX));
    assert_int_equal(a.held_bytes, 0);
    piq_arena_release(&a);
}

static void test_arena__nothing_is_a_valid_pointer(void **state)
{
    (void)state;
    piq_arena a;
    piq_arena_init(&a, 0);
    assert_non_null(piq_new(&a, double, 0));
    assert_int_equal(a.held_bytes, 0);
    piq_arena_release(&a);
}

static void test_arena__strndup_copies_and_terminates(void **state)
{
    (void)state;
    piq_arena a;
    piq_arena_init(&a, 0);
    char *s = piq_arena_strndup(&a, "poker", 3);
    assert_string_equal(s, "pok");
    assert_string_equal(piq_arena_strndup(&a, NULL, 0), "");
    piq_arena_release(&a);
}

static void test_status__texts_are_there_for_every_number(void **state)
{
    (void)state;
    assert_string_equal(piq_status_text(PIQ_OK), "done");
    assert_string_equal(piq_status_text(PIQ_ESTALE), "changed meanwhile");
    assert_string_equal(piq_status_text((piq_status)-99), "unknown status");
    assert_string_equal(piq_version(), PIQ_VERSION);
}

static void test_status__fail_fills_the_record_and_cuts(void **state)
{
    (void)state;
    piq_err err;
    memset(&err, 'x', sizeof err);
    assert_int_equal(piq_fail(&err, PIQ_EINVAL, "no %s", "score"), PIQ_EINVAL);
    assert_int_equal(err.status, PIQ_EINVAL);
    assert_string_equal(err.message, "no score");
    assert_string_equal(err.where, "");
    assert_string_equal(err.hint, "");
    piq_err_at(&err, "/events/%d/at", 3);
    piq_err_hint(&err, "%s", "use RFC 3339");
    assert_string_equal(err.where, "/events/3/at");
    assert_string_equal(err.hint, "use RFC 3339");
    piq_fail(&err, PIQ_EIO, "%0500d", 1);
    assert_int_equal(strlen(err.message), sizeof err.message - 1);
    assert_string_equal(err.where, "");
}

static void test_status__a_missing_record_is_allowed(void **state)
{
    (void)state;
    assert_int_equal(piq_fail(NULL, PIQ_EBUSY, "x"), PIQ_EBUSY);
    piq_err_at(NULL, "x");
    piq_err_hint(NULL, "x");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_arena__memory_is_zeroed_and_aligned),
        cmocka_unit_test(test_arena__cleared_memory_is_zeroed_again),
        cmocka_unit_test(test_arena__allocations_do_not_overlap),
        cmocka_unit_test(test_arena__clear_keeps_the_largest_chunk_only),
        cmocka_unit_test(test_arena__never_holds_more_than_its_cap),
        cmocka_unit_test(test_arena__overflowing_product_is_refused),
        cmocka_unit_test(test_arena__nothing_is_a_valid_pointer),
        cmocka_unit_test(test_arena__strndup_copies_and_terminates),
        cmocka_unit_test(test_status__texts_are_there_for_every_number),
        cmocka_unit_test(test_status__fail_fills_the_record_and_cuts),
        cmocka_unit_test(test_status__a_missing_record_is_allowed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
