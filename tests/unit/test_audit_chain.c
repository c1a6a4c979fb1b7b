/* test_audit_chain.c - a chain that was touched is found out; a trimmed one
 * holds. */
#include "support/audit_world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>

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
    piq_audit *k = audit_open(t->s);
    for (int i = 0; i < 12; i++) {
        audit_add(k, i, 0);
        if (i % 4 == 3)
            audit_flush(k);
    }
    piq_audit_close(k);
    audit_verify(t->s, 12, 1);
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

static void test_audit_chain__a_changed_entry_is_found(void **state)
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
    audit_verify(t.s, 12, 1);
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

static void test_audit_chain__dropped_swapped_and_new_entries_are_found(
    void **state)
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
    audit_verify(t.s, 12, 1);
    end(&t);
}

static void test_audit_chain__dropped_and_swapped_pieces_are_found(void **state)
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

static void test_audit_chain__a_piece_of_another_chain_is_found(void **state)
{
    touched t;
    (void)state;
    begin(&t);
    piq_audit *k = audit_open(t.s);
    for (int i = 0; i < 4; i++)
        audit_add(k, 100 + i, 0);
    piq_audit_close(k);
    audit_verify(t.s, 16, 2);
    piq_record *all;
    size_t n = record_store_list(t.s, &t.a, "audit", &all);
    assert_int_equal(n, 4);
    record_store_tamper(t.s, "audit", all[3].key.ptr, document(&t, 0));
    broken_at(&t, "does not follow");
    end(&t);
}

/* A chain alone cannot show that its newest pieces are gone. Its head, kept
 * somewhere else, can. */
static void test_audit_chain__a_cut_end_is_found_by_a_kept_head(void **state)
{
    touched t;
    piq_audit_head *heads, *now;
    piq_err err = {0};
    size_t n, n_now;
    (void)state;
    begin(&t);
    audit_must(piq_audit_walk(t.s, NULL, 0, &t.a, &heads, &n, &err), &err);
    assert_int_equal(n, 1);
    assert_int_equal(heads[0].entries, 12);
    record_store_drop(t.s, "audit", t.pieces[2].key.ptr);
    audit_verify(t.s, 8, 1); /* not to be seen */
    assert_int_equal(piq_audit_walk(t.s, heads, n, &t.a, &now, &n_now, &err),
                     PIQ_ECORRUPT);
    assert_non_null(strstr(err.message, "its end is gone"));
    record_store_drop(t.s, "audit", t.pieces[1].key.ptr);
    record_store_drop(t.s, "audit", t.pieces[0].key.ptr);
    audit_verify(t.s, 0, 0);
    assert_int_equal(piq_audit_walk(t.s, heads, n, &t.a, &now, &n_now, &err),
                     PIQ_ECORRUPT);
    end(&t);
}

static void test_audit_chain__a_chain_made_anew_is_found_by_a_kept_head(
    void **state)
{
    touched t;
    piq_audit_head *heads, *now;
    piq_err err = {0};
    size_t n, n_now;
    (void)state;
    begin(&t);
    audit_must(piq_audit_walk(t.s, NULL, 0, &t.a, &heads, &n, &err), &err);
    audit_must(piq_audit_walk(t.s, heads, n, &t.a, &now, &n_now, &err), &err);
    heads[0].entries = 6; /* inside a piece */
    assert_int_equal(piq_audit_walk(t.s, heads, n, &t.a, &now, &n_now, &err),
                     PIQ_ECORRUPT);
    assert_non_null(strstr(err.message, "head was kept"));
    end(&t);
}

/* ---- trimmed ------------------------------------------------------------ */

static void test_audit_chain__what_is_old_goes_and_the_rest_holds(void **state)
{
    touched t;
    piq_audit_head *heads, *now;
    piq_err err = {0};
    uint64_t n_pieces = 9;
    size_t n, n_now;
    (void)state;
    begin(&t);
    audit_must(piq_audit_walk(t.s, NULL, 0, &t.a, &heads, &n, &err), &err);
    audit_must(piq_audit_trim(t.s, AUDIT_NOW, &n_pieces, &err), &err);
    assert_int_equal(n_pieces, 0);
    /* Entries 0 to 3 are from before AUDIT_NOW + 4, 4 to 7 reach beyond. */
    audit_must(piq_audit_trim(t.s, AUDIT_NOW + 5, &n_pieces, &err), &err);
    assert_int_equal(n_pieces, 1);
    audit_verify(t.s, 12, 1); /* with those that are gone */
    assert_int_equal(audit_count(t.s, 0), 8);
    audit_must(piq_audit_walk(t.s, heads, n, &t.a, &now, &n_now, &err), &err);
    assert_string_equal(heads[0].hash, now[0].hash);
    assert_int_equal(now[0].entries, 12);
    assert_int_equal(now[0].trimmed, 4);
    /* Behind the cut nothing may be missing all the same. */
    record_store_drop(t.s, "audit", t.pieces[1].key.ptr);
    broken_at(&t, "entry 4 (piece 1)");
    end(&t);
}

static void test_audit_chain__all_may_go_and_the_head_stays(void **state)
{
    touched t;
    piq_audit_head *heads, *now;
    piq_err err = {0};
    uint64_t n_pieces;
    size_t n, n_now;
    (void)state;
    begin(&t);
    audit_must(piq_audit_walk(t.s, NULL, 0, &t.a, &heads, &n, &err), &err);
    audit_must(piq_audit_trim(t.s, INT64_MAX, &n_pieces, &err), &err);
    assert_int_equal(n_pieces, 3);
    assert_int_equal(audit_count(t.s, 0), 0);
    audit_must(piq_audit_walk(t.s, heads, n, &t.a, &now, &n_now, &err), &err);
    heads[0].hash[0] = heads[0].hash[0] == 'a' ? 'b' : 'a';
    assert_int_equal(piq_audit_walk(t.s, heads, n, &t.a, &now, &n_now, &err),
                     PIQ_ECORRUPT);
    record_store_tamper(t.s, "audit_cut", heads[0].chain, "{\"pieces\":1}");
    broken_at(&t, "cannot be read");
    end(&t);
}

static void test_audit_chain__trimming_hides_no_break(void **state)
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
    assert_int_equal(audit_count(t.s, 0), 12);
    broken_at(&t, "entry 0 (piece 0)");
    end(&t);
}

/* Many pages of two chains, the writers going on meanwhile. */
static void test_audit_chain__trimming_and_writing_go_together(void **state)
{
    piq_store *s = record_store_new();
    piq_audit *k[2] = {audit_open(s), audit_open(s)};
    piq_err err = {0};
    uint64_t n_pieces, dropped = 0;
    (void)state;
    for (int i = 0; i < 300; i++) {
        audit_add(k[i % 2], i, 0);
        audit_flush(k[i % 2]);
        if (i % 50 == 49) {
            audit_must(piq_audit_trim(s, AUDIT_NOW + i - 20, &n_pieces, &err),
                       &err);
            dropped += n_pieces;
            audit_verify(s, (uint64_t)i + 1, 2);
        }
    }
    assert_int_equal(dropped, 279);
    assert_int_equal(audit_count(s, 0), 21);
    piq_audit_close(k[0]);
    piq_audit_close(k[1]);
    s->ops->close(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_audit_chain__a_changed_entry_is_found),
        cmocka_unit_test(
            test_audit_chain__dropped_swapped_and_new_entries_are_found),
        cmocka_unit_test(
            test_audit_chain__dropped_and_swapped_pieces_are_found),
        cmocka_unit_test(test_audit_chain__a_piece_of_another_chain_is_found),
        cmocka_unit_test(test_audit_chain__a_cut_end_is_found_by_a_kept_head),
        cmocka_unit_test(
            test_audit_chain__a_chain_made_anew_is_found_by_a_kept_head),
        cmocka_unit_test(test_audit_chain__what_is_old_goes_and_the_rest_holds),
        cmocka_unit_test(test_audit_chain__all_may_go_and_the_head_stays),
        cmocka_unit_test(test_audit_chain__trimming_hides_no_break),
        cmocka_unit_test(test_audit_chain__trimming_and_writing_go_together)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
