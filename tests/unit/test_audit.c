/* threads:tsan
 * test_audit.c - the audit: chained, found out when touched, forgetful when a
 * learner goes. */
#include "access/audit.h"
#include "base/buf.h"
#include "support/record_store.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

static const int64_t NOW = INT64_C(1800000000) * 1000000;

static void must(piq_status status, const piq_err *err)
{
    if (status)
        fail_msg("%s", err->message);
}

static piq_audit *open_on(piq_store *s)
{
    piq_audit *k;
    piq_err err = {0};
    must(piq_audit_open(s, &k, &err), &err);
    return k;
}

static piq_audit_entry entry(int i, int64_t user)
{
    return (piq_audit_entry){.at_us = NOW + i,
                             .caller = "key:7f3a",
                             .action = "GET /api/users/{userId}/profile",
                             .user = {user},
                             .status = 200,
                             .request = UINT64_MAX - (uint64_t)i,
                             .model = 3,
                             .policy = UINT32_MAX};
}

static void add(piq_audit *k, int i, int64_t user)
{
    piq_err err = {0};
    piq_audit_entry e = entry(i, user);
    must(piq_audit_add(k, &e, &err), &err);
}

static void flush(piq_audit *k)
{
    piq_err err = {0};
    must(piq_audit_flush(k, &err), &err);
}

static void verify(piq_store *s, uint64_t entries, uint64_t chains)
{
    piq_err err = {0};
    uint64_t n_entries = 0, n_chains = 0;
    must(piq_audit_verify(s, &n_entries, &n_chains, &err), &err);
    assert_int_equal(n_entries, entries);
    assert_int_equal(n_chains, chains);
}

typedef struct listed {
    piq_buf text; /* one object a line */
    size_t n;
} listed;

static piq_status take(void *ctx, piq_str json, piq_err *err)
{
    listed *l = ctx;
    (void)err;
    piq_buf_add_str(&l->text, json);
    piq_buf_add_char(&l->text, '\n');
    l->n++;
    return PIQ_OK;
}

static listed list(piq_store *s, int64_t user, int64_t since_us, size_t limit)
{
    listed l = {0};
    piq_err err = {0};
    piq_buf_init(&l.text, 0);
    must(
        piq_audit_list(s, (piq_user_id){user}, since_us, limit, take, &l, &err),
        &err);
    return l;
}

static size_t count(piq_store *s, int64_t user)
{
    listed l = list(s, user, INT64_MIN, 0);
    piq_buf_release(&l.text);
    return l.n;
}

/* ---- whole -------------------------------------------------------------- */

static void test_audit__entries_come_back_as_they_were(void **state)
{
    piq_store *s = record_store_new();
    piq_audit *k = open_on(s);
    (void)state;
    verify(s, 0, 0);
    flush(k);
    add(k, 0, 0);
    verify(s, 0, 0);
    flush(k);
    verify(s, 1, 1);
    listed l = list(s, 0, INT64_MIN, 0);
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
    piq_audit *a = open_on(s), *b = open_on(s);
    (void)state;
    for (int i = 0; i < 2500; i++)
        add(i % 2 ? a : b, i, 0);
    piq_audit_close(a);
    piq_audit_close(b);
    verify(s, 2500, 2);
    listed l = list(s, 0, NOW + 2000, 7);
    assert_int_equal(l.n, 7);
    piq_buf_release(&l.text);
    l = list(s, 0, NOW + 2000, 0);
    assert_int_equal(l.n, 500);
    piq_buf_release(&l.text);
    s->ops->close(s);
}

static void test_audit__a_clock_set_back_breaks_nothing(void **state)
{
    piq_store *s = record_store_new();
    piq_audit *k = open_on(s);
    (void)state;
    for (int i = 0; i < 5; i++) {
        add(k, -1000000 * i, 0);
        flush(k);
    }
    verify(s, 5, 1);
    listed l = list(s, 0, NOW - 2000000, 0);
    assert_int_equal(l.n, 3);
    piq_buf_release(&l.text);
    piq_audit_close(k);
    s->ops->close(s);
}

static void test_audit__a_hundred_thousand_entries_hold(void **state)
{
    piq_store *s = record_store_new();
    piq_audit *k = open_on(s);
    (void)state;
    for (int i = 0; i < 100000; i++) {
        add(k, i, 0);
        if (i % 1000 == 999)
            flush(k);
    }
    piq_audit_close(k);
    verify(s, 100000, 1);
    s->ops->close(s);
}

static void test_audit__what_is_no_entry_is_refused(void **state)
{
    piq_store *s = record_store_new();
    piq_audit *k = open_on(s);
    char long_text[200];
    (void)state;
    memset(long_text, 'x', sizeof long_text - 1);
    long_text[sizeof long_text - 1] = 0;
    piq_audit_entry e = entry(0, 0);
    e.caller = NULL;
    assert_int_equal(piq_audit_add(k, &e, NULL), PIQ_EINVAL);
    e.caller = long_text;
    assert_int_equal(piq_audit_add(k, &e, NULL), PIQ_EINVAL);
    e = entry(0, 0);
    e.action = long_text;
    assert_int_equal(piq_audit_add(k, &e, NULL), PIQ_EINVAL);
    e.action = "GET \xff";
    assert_int_equal(piq_audit_add(k, &e, NULL), PIQ_EINVAL);
    piq_audit_close(k);
    verify(s, 0, 0);
    s->ops->close(s);
}

/* ---- touched ------------------------------------------------------------ */

typedef struct touched {
    piq_store *s;
    piq_arena a;
    piq_record *pieces;
    size_t n;
} touched;

/* Three pieces of 4 entries, one chain. */
static void begin(touched *t)
{
    t->s = record_store_new();
    piq_audit *k = open_on(t->s);
    for (int i = 0; i < 12; i++) {
        add(k, i, 0);
        if (i % 4 == 3)
            flush(k);
    }
    piq_audit_close(k);
    verify(t->s, 12, 1);
    piq_arena_init(&t->a, 0);
    t->n = record_store_list(t->s, &t->a, "audit", &t->pieces);
    assert_int_equal(t->n, 3);
}

static void end(touched *t)
{
    piq_arena_release(&t->a);
    t->s->ops->close(t->s);
}

static const char *document(const touched *t, size_t piece)
{
    return t->pieces[piece].document.ptr;
}

static void put(touched *t, size_t piece, const char *text)
{
    record_store_tamper(t->s, "audit", t->pieces[piece].key.ptr, text);
}

/* The chain is broken, and the message names the place. */
static void broken_at(touched *t, const char *place)
{
    piq_err err = {0};
    uint64_t n_entries, n_chains;
    assert_int_equal(piq_audit_verify(t->s, &n_entries, &n_chains, &err),
                     PIQ_ECORRUPT);
    if (!strstr(err.message, place))
        fail_msg("\"%s\" does not name %s", err.message, place);
}

static void test_audit__a_changed_entry_is_found(void **state)
{
    touched t;
    (void)state;
    /* Any one byte that stands for something: digits and letters of entries. */
    begin(&t);
    char *text = strdup(document(&t, 1));
    char *from = strstr(text, "\"entries\"") + 10;
    size_t changed = 0;
    for (char *at = from; *at; at++) {
        char was = *at;
        bool digit = was >= '0' && was <= '9';
        bool letter = was >= 'a' && was <= 'z';
        if (strncmp(at, "\"hash\"", 6) == 0)
            break;
        if (!digit && !letter)
            continue;
        *at = was == '9' || was == 'f' || was == 'z' ? (char)(was - 1)
                                                     : (char)(was + 1);
        if (was == 'a')
            *at = 'b';
        put(&t, 1, text);
        uint64_t n_entries, n_chains;
        assert_int_equal(piq_audit_verify(t.s, &n_entries, &n_chains, NULL),
                         PIQ_ECORRUPT);
        *at = was;
        changed++;
    }
    assert_true(changed > 300);
    put(&t, 1, text);
    verify(t.s, 12, 1);
    char *status = strstr(text, ",200,");
    memcpy(status, ",403,", 5);
    put(&t, 1, text);
    broken_at(&t, "entry 4 (piece 1)");
    free(text);
    end(&t);
}

/* The n-th entry of a piece's text: from its bracket to behind it. */
static void find_entry(char *text, size_t n, char **from, char **to)
{
    char *at = strstr(text, "\"entries\":[") + 11;
    for (size_t i = 0; i < n; i++)
        at = strchr(at + 1, '[');
    *from = at;
    *to = strchr(at, ']') + 1;
}

static void test_audit__dropped_swapped_and_new_entries_are_found(void **state)
{
    touched t;
    char *from, *to, *second, *behind;
    (void)state;
    begin(&t);
    char text[4096], made[8192];
    /* Dropped. */
    snprintf(text, sizeof text, "%s", document(&t, 1));
    find_entry(text, 1, &from, &to);
    snprintf(made, sizeof made, "%.*s%s", (int)(from - text), text, to + 1);
    put(&t, 1, made);
    broken_at(&t, "entry 5 (piece 1)");
    /* The last of a piece dropped. */
    find_entry(text, 3, &from, &to);
    snprintf(made, sizeof made, "%.*s%s", (int)(from - text - 1), text, to);
    put(&t, 1, made);
    broken_at(&t, "entry 7 (piece 1)");
    /* One twice. */
    find_entry(text, 2, &from, &to);
    snprintf(made, sizeof made, "%.*s,%.*s%s", (int)(to - text), text,
             (int)(to - from), from, to);
    put(&t, 1, made);
    broken_at(&t, "entry 7 (piece 1)");
    /* Two swapped. */
    find_entry(text, 0, &from, &to);
    find_entry(text, 1, &second, &behind);
    snprintf(made, sizeof made, "%.*s%.*s,%.*s%s", (int)(from - text), text,
             (int)(behind - second), second, (int)(to - from), from, behind);
    put(&t, 1, made);
    broken_at(&t, "entry 4 (piece 1)");
    /* None at all. */
    find_entry(text, 0, &from, &to);
    find_entry(text, 3, &second, &behind);
    snprintf(made, sizeof made, "%.*s%s", (int)(from - text), text, behind);
    put(&t, 1, made);
    broken_at(&t, "has no entries");
    put(&t, 1, text);
    verify(t.s, 12, 1);
    end(&t);
}

static void test_audit__dropped_and_swapped_pieces_are_found(void **state)
{
    touched t;
    (void)state;
    begin(&t);
    put(&t, 0, document(&t, 1));
    put(&t, 1, document(&t, 0));
    broken_at(&t, "entry 0 (piece 0)");
    put(&t, 0, document(&t, 0));
    put(&t, 1, "{\"chain\":");
    broken_at(&t, "cannot be read");
    put(&t, 1, "{}");
    broken_at(&t, "entry 4 (piece 1)");
    record_store_drop(t.s, "audit", t.pieces[1].key.ptr);
    broken_at(&t, "entry 4 (piece 1)");
    end(&t);
    begin(&t);
    record_store_drop(t.s, "audit", t.pieces[0].key.ptr);
    broken_at(&t, "entry 0 (piece 0)");
    end(&t);
}

static void test_audit__a_piece_of_another_chain_is_found(void **state)
{
    touched t;
    (void)state;
    begin(&t);
    piq_audit *k = open_on(t.s);
    for (int i = 0; i < 4; i++)
        add(k, 100 + i, 0);
    piq_audit_close(k);
    verify(t.s, 16, 2);
    piq_record *all;
    size_t n = record_store_list(t.s, &t.a, "audit", &all);
    assert_int_equal(n, 4);
    record_store_tamper(t.s, "audit", all[3].key.ptr, document(&t, 0));
    broken_at(&t, "does not follow");
    end(&t);
}

/* A chain alone cannot show that its newest pieces are gone. Its head, kept
 * somewhere else, can. */
static void test_audit__a_cut_end_is_found_by_a_kept_head(void **state)
{
    touched t;
    piq_audit_head *heads, *now;
    piq_err err = {0};
    size_t n, n_now;
    (void)state;
    begin(&t);
    must(piq_audit_walk(t.s, NULL, 0, &t.a, &heads, &n, &err), &err);
    assert_int_equal(n, 1);
    assert_int_equal(heads[0].entries, 12);
    record_store_drop(t.s, "audit", t.pieces[2].key.ptr);
    verify(t.s, 8, 1); /* not to be seen */
    assert_int_equal(piq_audit_walk(t.s, heads, n, &t.a, &now, &n_now, &err),
                     PIQ_ECORRUPT);
    assert_non_null(strstr(err.message, "its end is gone"));
    record_store_drop(t.s, "audit", t.pieces[1].key.ptr);
    record_store_drop(t.s, "audit", t.pieces[0].key.ptr);
    verify(t.s, 0, 0);
    assert_int_equal(piq_audit_walk(t.s, heads, n, &t.a, &now, &n_now, &err),
                     PIQ_ECORRUPT);
    end(&t);
}

static void test_audit__a_chain_made_anew_is_found_by_a_kept_head(void **state)
{
    touched t;
    piq_audit_head *heads, *now;
    piq_err err = {0};
    size_t n, n_now;
    (void)state;
    begin(&t);
    must(piq_audit_walk(t.s, NULL, 0, &t.a, &heads, &n, &err), &err);
    must(piq_audit_walk(t.s, heads, n, &t.a, &now, &n_now, &err), &err);
    heads[0].entries = 6; /* inside a piece */
    assert_int_equal(piq_audit_walk(t.s, heads, n, &t.a, &now, &n_now, &err),
                     PIQ_ECORRUPT);
    assert_non_null(strstr(err.message, "head was kept"));
    end(&t);
}

/* ---- trimmed ------------------------------------------------------------ */

static void test_audit__what_is_old_goes_and_the_rest_holds(void **state)
{
    touched t;
    piq_audit_head *heads, *now;
    piq_err err = {0};
    uint64_t n_pieces = 9;
    size_t n, n_now;
    (void)state;
    begin(&t);
    must(piq_audit_walk(t.s, NULL, 0, &t.a, &heads, &n, &err), &err);
    must(piq_audit_trim(t.s, NOW, &n_pieces, &err), &err);
    assert_int_equal(n_pieces, 0);
    /* Entries 0 to 3 are from before NOW + 4, 4 to 7 reach beyond. */
    must(piq_audit_trim(t.s, NOW + 5, &n_pieces, &err), &err);
    assert_int_equal(n_pieces, 1);
    verify(t.s, 12, 1); /* with those that are gone */
    assert_int_equal(count(t.s, 0), 8);
    must(piq_audit_walk(t.s, heads, n, &t.a, &now, &n_now, &err), &err);
    assert_string_equal(heads[0].hash, now[0].hash);
    assert_int_equal(now[0].entries, 12);
    assert_int_equal(now[0].trimmed, 4);
    /* Behind the cut nothing may be missing all the same. */
    record_store_drop(t.s, "audit", t.pieces[1].key.ptr);
    broken_at(&t, "entry 4 (piece 1)");
    end(&t);
}

static void test_audit__all_may_go_and_the_head_stays(void **state)
{
    touched t;
    piq_audit_head *heads, *now;
    piq_err err = {0};
    uint64_t n_pieces;
    size_t n, n_now;
    (void)state;
    begin(&t);
    must(piq_audit_walk(t.s, NULL, 0, &t.a, &heads, &n, &err), &err);
    must(piq_audit_trim(t.s, INT64_MAX, &n_pieces, &err), &err);
    assert_int_equal(n_pieces, 3);
    assert_int_equal(count(t.s, 0), 0);
    must(piq_audit_walk(t.s, heads, n, &t.a, &now, &n_now, &err), &err);
    heads[0].hash[0] = heads[0].hash[0] == 'a' ? 'b' : 'a';
    assert_int_equal(piq_audit_walk(t.s, heads, n, &t.a, &now, &n_now, &err),
                     PIQ_ECORRUPT);
    record_store_tamper(t.s, "audit_cut", heads[0].chain, "{\"pieces\":1}");
    broken_at(&t, "cannot be read");
    end(&t);
}

static void test_audit__trimming_hides_no_break(void **state)
{
    touched t;
    char text[4096];
    uint64_t n_pieces;
    (void)state;
    begin(&t);
    snprintf(text, sizeof text, "%s", document(&t, 0));
    memcpy(strstr(text, ",200,"), ",403,", 5);
    put(&t, 0, text);
    assert_int_equal(piq_audit_trim(t.s, INT64_MAX, &n_pieces, NULL),
                     PIQ_ECORRUPT);
    assert_int_equal(n_pieces, 0);
    assert_int_equal(count(t.s, 0), 12);
    broken_at(&t, "entry 0 (piece 0)");
    end(&t);
}

/* Many pages of two chains, the writers going on meanwhile. */
static void test_audit__trimming_and_writing_go_together(void **state)
{
    piq_store *s = record_store_new();
    piq_audit *k[2] = {open_on(s), open_on(s)};
    piq_err err = {0};
    uint64_t n_pieces, dropped = 0;
    (void)state;
    for (int i = 0; i < 300; i++) {
        add(k[i % 2], i, 0);
        flush(k[i % 2]);
        if (i % 50 == 49) {
            must(piq_audit_trim(s, NOW + i - 20, &n_pieces, &err), &err);
            dropped += n_pieces;
            verify(s, (uint64_t)i + 1, 2);
        }
    }
    assert_int_equal(dropped, 279);
    assert_int_equal(count(s, 0), 21);
    piq_audit_close(k[0]);
    piq_audit_close(k[1]);
    s->ops->close(s);
}

/* ---- learners ------------------------------------------------------------ */

static void test_audit__a_learner_is_found_until_erased(void **state)
{
    piq_store *s = record_store_new();
    piq_audit *k = open_on(s);
    piq_audit_entry by = entry(5, 77);
    (void)state;
    record_store_learner(s, (piq_user_id){77}, true);
    record_store_learner(s, (piq_user_id){78}, true);
    add(k, 0, 77);
    add(k, 1, 78);
    add(k, 2, 77);
    by.caller = "learner:77";
    by.user = (piq_user_id){0};
    assert_int_equal(piq_audit_add(k, &by, NULL), PIQ_OK);
    flush(k);
    assert_int_equal(count(s, 77), 3);
    assert_int_equal(count(s, 78), 1);
    assert_int_equal(count(s, 0), 4);
    record_store_learner(s, (piq_user_id){77}, false); /* records and all */
    piq_audit_forget(k, (piq_user_id){77});
    add(k, 6, 77); /* the erasure itself */
    flush(k);
    assert_int_equal(count(s, 77), 0);
    assert_int_equal(count(s, 78), 1);
    verify(s, 5, 1);
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
    add(k, 7, 77);
    flush(k);
    assert_int_equal(count(s, 77), 1);
    piq_arena_release(&a);
    piq_audit_close(k);
    s->ops->close(s);
}

static void test_audit__asking_after_nobody_stores_no_key(void **state)
{
    piq_store *s = record_store_new();
    piq_audit *k = open_on(s);
    piq_arena a;
    piq_record *rows;
    (void)state;
    for (int i = 0; i < 50; i++)
        add(k, i, 1000 + i);
    flush(k);
    piq_arena_init(&a, 0);
    assert_int_equal(record_store_list(s, &a, "audit_key", &rows), 0);
    piq_arena_release(&a);
    verify(s, 50, 1);
    piq_audit_close(k);
    s->ops->close(s);
}

static void test_audit__two_processes_call_a_learner_the_same(void **state)
{
    piq_store *s = record_store_new();
    piq_audit *a = open_on(s), *b = open_on(s);
    (void)state;
    record_store_learner(s, (piq_user_id){5}, true);
    add(a, 0, 5);
    add(b, 1, 5);
    flush(a);
    flush(b);
    assert_int_equal(count(s, 5), 2);
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
    piq_audit *k = open_on(s);
    (void)state;
    for (int i = 0; i < LEARNERS; i++)
        record_store_learner(s, (piq_user_id){1 + i}, true);
    for (int i = 0; i < 2 * LEARNERS; i++)
        add(k, i, 1 + i % LEARNERS);
    unsigned long before = record_store_calls(s);
    flush(k);
    assert_true(record_store_calls(s) - before <= 2 * LEARNERS + 10);
    for (int i = 0; i < LEARNERS; i += 50)
        assert_int_equal(count(s, 1 + i), 2);
    verify(s, 2 * LEARNERS, 1);
    piq_audit_close(k);
    s->ops->close(s);
}

static void test_audit__a_learner_erased_elsewhere_is_named_anew(void **state)
{
    piq_store *s = record_store_new();
    piq_audit *k = open_on(s);
    piq_arena a;
    piq_record *keys;
    (void)state;
    piq_arena_init(&a, 0);
    record_store_learner(s, (piq_user_id){5}, true);
    add(k, 0, 5);
    flush(k);
    assert_int_equal(record_store_list(s, &a, "audit_key", &keys), 1);
    keys[0].from_version = PIQ_RECORD_ANY; /* erased, and back again */
    keys[0].document = (piq_str){0};
    assert_int_equal(s->ops->put_records(s, keys, 1, NULL), PIQ_OK);
    piq_audit_forget(k, (piq_user_id){5});
    add(k, 1, 5);
    flush(k);
    assert_int_equal(count(s, 5), 1);
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
        piq_audit *k = open_on(s);
        record_store_learner(s, (piq_user_id){5}, true);
        record_store_fail_after(s, fail);
        for (int i = 0; i < 2000; i++)
            add(k, i, i % 2 ? 5 : 0);
        (void)!piq_audit_flush(k, NULL);
        add(k, 2000, 5);
        (void)!piq_audit_flush(k, NULL);
        record_store_fail_after(s, 0);
        flush(k);
        verify(s, 2001, 1);
        assert_int_equal(count(s, 5), 1001);
        piq_audit_close(k);
        s->ops->close(s);
    }
}

static void test_audit__a_lost_answer_stores_nothing_twice(void **state)
{
    piq_store *s = record_store_new();
    piq_audit *k = open_on(s);
    (void)state;
    add(k, 0, 0);
    record_store_lose_answer(s);
    assert_int_equal(piq_audit_flush(k, NULL), PIQ_EIO);
    verify(s, 1, 1); /* it is there all the same */
    add(k, 1, 0);
    flush(k);
    verify(s, 2, 1);
    assert_int_equal(count(s, 0), 2);
    piq_audit_close(k);
    s->ops->close(s);
}

static void test_audit__what_waits_is_bounded(void **state)
{
    piq_store *s = record_store_new();
    piq_audit *k = open_on(s);
    piq_audit_entry e = entry(0, 0);
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
    flush(k);
    assert_int_equal(piq_audit_add(k, &e, NULL), PIQ_OK);
    piq_audit_close(k);
    verify(s, n + 1, 1);
    s->ops->close(s);
}

static void test_audit__no_memory_is_an_error_and_nothing_else(void **state)
{
    bool done = false;
    (void)state;
    for (long i = 1; !done; i++) {
        piq_store *s = record_store_new();
        piq_audit *k = NULL;
        piq_audit_entry e = entry(0, 5);
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
            verify(s, 1, 1);
        s->ops->close(s);
        assert_true(i < 500);
    }
}

static void *write_some(void *ctx)
{
    piq_audit *k = ctx;
    for (int i = 0; i < 500; i++) {
        piq_audit_entry e = entry(i, i % 7);
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
    piq_audit *k = open_on(s);
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
    verify(s, 2000, 1);
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
        cmocka_unit_test(test_audit__a_changed_entry_is_found),
        cmocka_unit_test(test_audit__dropped_swapped_and_new_entries_are_found),
        cmocka_unit_test(test_audit__dropped_and_swapped_pieces_are_found),
        cmocka_unit_test(test_audit__a_piece_of_another_chain_is_found),
        cmocka_unit_test(test_audit__a_cut_end_is_found_by_a_kept_head),
        cmocka_unit_test(test_audit__a_chain_made_anew_is_found_by_a_kept_head),
        cmocka_unit_test(test_audit__what_is_old_goes_and_the_rest_holds),
        cmocka_unit_test(test_audit__all_may_go_and_the_head_stays),
        cmocka_unit_test(test_audit__trimming_hides_no_break),
        cmocka_unit_test(test_audit__trimming_and_writing_go_together),
        cmocka_unit_test(test_audit__a_learner_is_found_until_erased),
        cmocka_unit_test(test_audit__asking_after_nobody_stores_no_key),
        cmocka_unit_test(test_audit__new_learners_get_their_keys_together),
        cmocka_unit_test(test_audit__a_learner_erased_elsewhere_is_named_anew),
        cmocka_unit_test(test_audit__two_processes_call_a_learner_the_same),
        cmocka_unit_test(test_audit__a_store_that_fails_loses_nothing),
        cmocka_unit_test(test_audit__a_lost_answer_stores_nothing_twice),
        cmocka_unit_test(test_audit__what_waits_is_bounded),
        cmocka_unit_test(test_audit__no_memory_is_an_error_and_nothing_else),
        cmocka_unit_test(test_audit__threads_write_one_chain)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
