/* threads:tsan
 * test_audit.c - the audit: chained, in pieces, forgetful when a learner goes.
 */
#include "support/audit_world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

/* ---- whole -------------------------------------------------------------- */

static void test_audit__entries_come_back_as_they_were(void **state)
{
    piq_store *s = record_store_new();
    piq_audit *k = audit_open(s);
    (void)state;
    audit_verify(s, 0, 0);
    audit_flush(k);
    audit_add(k, 0, 0);
    audit_verify(s, 0, 0);
    audit_flush(k);
    audit_verify(s, 1, 1);
    audit_listed l = audit_list(s, 0, INT64_MIN, 0);
    assert_int_equal(l.n, 1);
    assert_string_equal(l.text.ptr,
                        "{\"at\":\"2027-01-15T08:00:00Z\","
                        "\"caller\":\"key:7f3a\","
                        "\"action\":\"GET /api/users/{userId}/profile\","
                        "\"learner\":null,\"status\":200,"
                        "\"request\":\"ffffffffffffffff\","
                        "\"model\":3,\"policy\":4294967295}\n");
    piq_buf_release(&l.text);
    piq_audit_close(k);
    s->ops->close(s);
}

static void test_audit__closing_stores_what_is_gathered(void **state)
{
    piq_store *s = record_store_new();
    piq_audit *a = audit_open(s), *b = audit_open(s);
    (void)state;
    for (int i = 0; i < 2500; i++)
        audit_add(i % 2 ? a : b, i, 0);
    piq_audit_close(a);
    piq_audit_close(b);
    audit_verify(s, 2500, 2);
    audit_listed l = audit_list(s, 0, AUDIT_NOW + 2000, 7);
    assert_int_equal(l.n, 7);
    piq_buf_release(&l.text);
    l = audit_list(s, 0, AUDIT_NOW + 2000, 0);
    assert_int_equal(l.n, 500);
    piq_buf_release(&l.text);
    s->ops->close(s);
}

static void test_audit__a_clock_set_back_breaks_nothing(void **state)
{
    piq_store *s = record_store_new();
    piq_audit *k = audit_open(s);
    (void)state;
    for (int i = 0; i < 5; i++) {
        audit_add(k, -1000000 * i, 0);
        audit_flush(k);
    }
    audit_verify(s, 5, 1);
    audit_listed l = audit_list(s, 0, AUDIT_NOW - 2000000, 0);
    assert_int_equal(l.n, 3);
    piq_buf_release(&l.text);
    piq_audit_close(k);
    s->ops->close(s);
}

static void test_audit__a_hundred_thousand_entries_hold(void **state)
{
    piq_store *s = record_store_new();
    piq_audit *k = audit_open(s);
    (void)state;
    for (int i = 0; i < 100000; i++) {
        audit_add(k, i, 0);
        if (i % 1000 == 999)
            audit_flush(k);
    }
    piq_audit_close(k);
    audit_verify(s, 100000, 1);
    s->ops->close(s);
}

static void test_audit__what_is_no_entry_is_refused(void **state)
{
    piq_store *s = record_store_new();
    piq_audit *k = audit_open(s);
    char long_text[200];
    (void)state;
    memset(long_text, 'x', sizeof long_text - 1);
    long_text[sizeof long_text - 1] = 0;
    piq_audit_entry e = audit_entry(0, 0);
    e.caller = NULL;
    assert_int_equal(piq_audit_add(k, &e, NULL), PIQ_EINVAL);
    e.caller = long_text;
    assert_int_equal(piq_audit_add(k, &e, NULL), PIQ_EINVAL);
    e = audit_entry(0, 0);
    e.action = long_text;
    assert_int_equal(piq_audit_add(k, &e, NULL), PIQ_EINVAL);
    e.action = "GET \xff";
    assert_int_equal(piq_audit_add(k, &e, NULL), PIQ_EINVAL);
    piq_audit_close(k);
    audit_verify(s, 0, 0);
    s->ops->close(s);
}

/* ---- learners ------------------------------------------------------------ */

static void test_audit__a_learner_is_found_until_erased(void **state)
{
    piq_store *s = record_store_new();
    piq_audit *k = audit_open(s);
    piq_audit_entry by = audit_entry(5, 77);
    (void)state;
    record_store_learner(s, (piq_user_id){77}, true);
    record_store_learner(s, (piq_user_id){78}, true);
    audit_add(k, 0, 77);
    audit_add(k, 1, 78);
    audit_add(k, 2, 77);
    by.caller = "learner:77";
    by.user = (piq_user_id){0};
    assert_int_equal(piq_audit_add(k, &by, NULL), PIQ_OK);
    audit_flush(k);
    assert_int_equal(audit_count(s, 77), 3);
    assert_int_equal(audit_count(s, 78), 1);
    assert_int_equal(audit_count(s, 0), 4);
    record_store_learner(s, (piq_user_id){77}, false); /* records and all */
    piq_audit_forget(k, (piq_user_id){77});
    audit_add(k, 6, 77); /* the erasure itself */
    audit_flush(k);
    assert_int_equal(audit_count(s, 77), 0);
    assert_int_equal(audit_count(s, 78), 1);
    audit_verify(s, 5, 1);
    /* Nothing in the store has the number, and no key was made again. */
    piq_arena a;
    piq_record *rows;
    piq_arena_init(&a, 0);
    size_t n = record_store_list(s, &a, "audit", &rows);
    for (size_t i = 0; i < n; i++) {
        assert_null(strstr(rows[i].document.ptr, "\"77\""));
        assert_null(strstr(rows[i].document.ptr, ",77,"));
        assert_null(strstr(rows[i].document.ptr, ":77\""));
    }
    assert_int_equal(record_store_list(s, &a, "audit_key", &rows), 1);
    assert_int_equal(rows[0].user.v, 78);
    /* Who comes back is somebody new. */
    record_store_learner(s, (piq_user_id){77}, true);
    audit_add(k, 7, 77);
    audit_flush(k);
    assert_int_equal(audit_count(s, 77), 1);
    piq_arena_release(&a);
    piq_audit_close(k);
    s->ops->close(s);
}

static void test_audit__asking_after_nobody_stores_no_key(void **state)
{
    piq_store *s = record_store_new();
    piq_audit *k = audit_open(s);
    piq_arena a;
    piq_record *rows;
    (void)state;
    for (int i = 0; i < 50; i++)
        audit_add(k, i, 1000 + i);
    audit_flush(k);
    piq_arena_init(&a, 0);
    assert_int_equal(record_store_list(s, &a, "audit_key", &rows), 0);
    piq_arena_release(&a);
    audit_verify(s, 50, 1);
    piq_audit_close(k);
    s->ops->close(s);
}

static void test_audit__two_processes_call_a_learner_the_same(void **state)
{
    piq_store *s = record_store_new();
    piq_audit *a = audit_open(s), *b = audit_open(s);
    (void)state;
    record_store_learner(s, (piq_user_id){5}, true);
    audit_add(a, 0, 5);
    audit_add(b, 1, 5);
    audit_flush(a);
    audit_flush(b);
    assert_int_equal(audit_count(s, 5), 2);
    piq_audit_close(a);
    piq_audit_close(b);
    s->ops->close(s);
}

/* Two reads tell that a learner has no key yet; the keys of all of them are
 * written together, by the hundreds. */
static void test_audit__new_learners_get_their_keys_together(void **state)
{
    enum { LEARNERS = 500 };
    piq_store *s = record_store_new();
    piq_audit *k = audit_open(s);
    (void)state;
    for (int i = 0; i < LEARNERS; i++)
        record_store_learner(s, (piq_user_id){1 + i}, true);
    for (int i = 0; i < 2 * LEARNERS; i++)
        audit_add(k, i, 1 + i % LEARNERS);
    unsigned long before = record_store_calls(s);
    audit_flush(k);
    assert_true(record_store_calls(s) - before <= 2 * LEARNERS + 10);
    for (int i = 0; i < LEARNERS; i += 50)
        assert_int_equal(audit_count(s, 1 + i), 2);
    audit_verify(s, 2 * LEARNERS, 1);
    piq_audit_close(k);
    s->ops->close(s);
}

static void test_audit__a_learner_erased_elsewhere_is_named_anew(void **state)
{
    piq_store *s = record_store_new();
    piq_audit *k = audit_open(s);
    piq_arena a;
    piq_record *keys;
    (void)state;
    piq_arena_init(&a, 0);
    record_store_learner(s, (piq_user_id){5}, true);
    audit_add(k, 0, 5);
    audit_flush(k);
    assert_int_equal(record_store_list(s, &a, "audit_key", &keys), 1);
    keys[0].from_version = PIQ_RECORD_ANY; /* erased, and back again */
    keys[0].document = (piq_str){0};
    assert_int_equal(s->ops->put_records(s, keys, 1, NULL), PIQ_OK);
    piq_audit_forget(k, (piq_user_id){5});
    audit_add(k, 1, 5);
    audit_flush(k);
    assert_int_equal(audit_count(s, 5), 1);
    piq_arena_release(&a);
    piq_audit_close(k);
    s->ops->close(s);
}

/* ---- faults ---------------------------------------------------------------
 */

static void test_audit__a_store_that_fails_loses_nothing(void **state)
{
    (void)state;
    for (long fail = 1; fail < 12; fail++) {
        piq_store *s = record_store_new();
        piq_audit *k = audit_open(s);
        record_store_learner(s, (piq_user_id){5}, true);
        record_store_fail_after(s, fail);
        for (int i = 0; i < 2000; i++)
            audit_add(k, i, i % 2 ? 5 : 0);
        (void)!piq_audit_flush(k, NULL);
        audit_add(k, 2000, 5);
        (void)!piq_audit_flush(k, NULL);
        record_store_fail_after(s, 0);
        audit_flush(k);
        audit_verify(s, 2001, 1);
        assert_int_equal(audit_count(s, 5), 1001);
        piq_audit_close(k);
        s->ops->close(s);
    }
}

static void test_audit__a_lost_answer_stores_nothing_twice(void **state)
{
    piq_store *s = record_store_new();
    piq_audit *k = audit_open(s);
    (void)state;
    audit_add(k, 0, 0);
    record_store_lose_answer(s);
    assert_int_equal(piq_audit_flush(k, NULL), PIQ_EIO);
    audit_verify(s, 1, 1); /* it is there all the same */
    audit_add(k, 1, 0);
    audit_flush(k);
    audit_verify(s, 2, 1);
    assert_int_equal(audit_count(s, 0), 2);
    piq_audit_close(k);
    s->ops->close(s);
}

static void test_audit__what_waits_is_bounded(void **state)
{
    piq_store *s = record_store_new();
    piq_audit *k = audit_open(s);
    piq_audit_entry e = audit_entry(0, 0);
    piq_status status = PIQ_OK;
    size_t n = 0;
    (void)state;
    record_store_break(s, true);
    while (n < 200000 && status == PIQ_OK) {
        status = piq_audit_add(k, &e, NULL);
        n += status == PIQ_OK;
        if (n % 1000 == 0)
            assert_int_equal(piq_audit_flush(k, NULL), PIQ_EIO);
    }
    assert_int_equal(status, PIQ_EBUSY);
    assert_in_range(n, 32768, 65536);
    record_store_break(s, false);
    audit_flush(k);
    assert_int_equal(piq_audit_add(k, &e, NULL), PIQ_OK);
    piq_audit_close(k);
    audit_verify(s, n + 1, 1);
    s->ops->close(s);
}

static void test_audit__no_memory_is_an_error_and_nothing_else(void **state)
{
    bool done = false;
    (void)state;
    for (long i = 1; !done; i++) {
        piq_store *s = record_store_new();
        piq_audit *k = NULL;
        piq_audit_entry e = audit_entry(0, 5);
        uint64_t n_entries = 0, n_chains;
        record_store_learner(s, (piq_user_id){5}, true);
        piq_alloc_fail_after(i, 0);
        piq_status status = piq_audit_open(s, &k, NULL);
        if (!status)
            status = piq_audit_add(k, &e, NULL);
        if (!status)
            status = piq_audit_flush(k, NULL);
        bool stored = status == PIQ_OK;
        if (!status)
            status = piq_audit_verify(s, &n_entries, &n_chains, NULL);
        piq_alloc_fail_after(0, 0);
        done = status == PIQ_OK;
        if (!done)
            assert_int_equal(status, PIQ_ENOMEM);
        piq_audit_close(k);
        if (stored)
            audit_verify(s, 1, 1);
        s->ops->close(s);
        assert_true(i < 500);
    }
}

static void *write_some(void *ctx)
{
    piq_audit *k = ctx;
    for (int i = 0; i < 500; i++) {
        piq_audit_entry e = audit_entry(i, i % 7);
        if (piq_audit_add(k, &e, NULL))
            return k;
        if (i % 50 == 0 && piq_audit_flush(k, NULL))
            return k;
        if (i % 100 == 0)
            piq_audit_forget(k, (piq_user_id){i % 7});
    }
    return NULL;
}

static void test_audit__threads_write_one_chain(void **state)
{
    piq_store *s = record_store_new();
    piq_audit *k = audit_open(s);
    pthread_t threads[4];
    (void)state;
    for (int i = 1; i < 7; i++)
        record_store_learner(s, (piq_user_id){i}, true);
    for (int i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, write_some, k), 0);
    for (int i = 0; i < 4; i++) {
        void *bad;
        pthread_join(threads[i], &bad);
        assert_null(bad);
    }
    piq_audit_close(k);
    audit_verify(s, 2000, 1);
    s->ops->close(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_audit__entries_come_back_as_they_were),
        cmocka_unit_test(test_audit__closing_stores_what_is_gathered),
        cmocka_unit_test(test_audit__a_clock_set_back_breaks_nothing),
        cmocka_unit_test(test_audit__a_hundred_thousand_entries_hold),
        cmocka_unit_test(test_audit__what_is_no_entry_is_refused),
        cmocka_unit_test(test_audit__a_learner_is_found_until_erased),
        cmocka_unit_test(test_audit__asking_after_nobody_stores_no_key),
        cmocka_unit_test(test_audit__two_processes_call_a_learner_the_same),
        cmocka_unit_test(test_audit__new_learners_get_their_keys_together),
        cmocka_unit_test(test_audit__a_learner_erased_elsewhere_is_named_anew),
        cmocka_unit_test(test_audit__a_store_that_fails_loses_nothing),
        cmocka_unit_test(test_audit__a_lost_answer_stores_nothing_twice),
        cmocka_unit_test(test_audit__what_waits_is_bounded),
        cmocka_unit_test(test_audit__no_memory_is_an_error_and_nothing_else),
        cmocka_unit_test(test_audit__threads_write_one_chain)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
