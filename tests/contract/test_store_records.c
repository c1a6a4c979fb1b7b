/* Records: small documents, by name, by time, from version to version. */
#include "contract/memory_place.h"
#include "contract/store_contract.h"

#define SETTING PIQ_STR("setting")

static piq_record record_of(int64_t user, const char *key, int64_t from,
                            const char *document)
{
    return (piq_record){.user = {user},
                        .kind = SETTING,
                        .key = piq_str_of(key),
                        .from_version = from,
                        .at_us = T0,
                        .expires_us = INT64_MAX,
                        .document = piq_str_of(document)};
}

static piq_status put(store_fixture *f, piq_record r)
{
    return f->s->ops->put_records(f->s, &r, 1, &f->err);
}

static piq_status get_at(store_fixture *f, int64_t user, const char *key,
                         int64_t now_us, piq_record *out)
{
    return f->s->ops->record(f->s, &f->a, (piq_user_id){user}, SETTING,
                             piq_str_of(key), now_us, out, &f->err);
}

static piq_status get(store_fixture *f, int64_t user, const char *key,
                      piq_record *out)
{
    return get_at(f, user, key, T0, out);
}

/* Spaces are the backend's to keep or to lay out anew. */
static void assert_number(const char *expected, piq_str document)
{
    assert_str(expected, document);
}

static void test_records__one_comes_back_as_it_was(void **state)
{
    store_fixture *f = *state;
    piq_record in = record_of(7, "caf\xc3\xa9 'x'", 0, "12"), got;
    in.at_us = T0 + 5;
    in.expires_us = T0 + 99;
    assert_status(f, PIQ_OK, put(f, in));
    assert_status(f, PIQ_OK, get(f, 7, "caf\xc3\xa9 'x'", &got));
    assert_int_equal(got.user.v, 7);
    assert_str("setting", got.kind);
    assert_str("caf\xc3\xa9 'x'", got.key);
    assert_int_equal(got.version, 1);
    assert_int_equal(got.at_us, T0 + 5);
    assert_int_equal(got.expires_us, T0 + 99);
    assert_number("12", got.document);
}

static void test_records__absent_is_not_found(void **state)
{
    store_fixture *f = *state;
    piq_record got;
    assert_status(f, PIQ_OK, put(f, record_of(7, "k", 0, "1")));
    assert_status(f, PIQ_ENOTFOUND, get(f, 7, "j", &got));
    assert_status(f, PIQ_ENOTFOUND, get(f, 8, "k", &got));
    assert_status(f, PIQ_ENOTFOUND, get(f, 0, "k", &got));
}

static void test_records__a_write_names_the_version_it_was_made_from(
    void **state)
{
    store_fixture *f = *state;
    piq_record got;
    assert_status(f, PIQ_ESTALE, put(f, record_of(7, "k", 1, "1")));
    assert_status(f, PIQ_OK, put(f, record_of(7, "k", 0, "1")));
    assert_status(f, PIQ_ESTALE, put(f, record_of(7, "k", 0, "2")));
    assert_status(f, PIQ_ESTALE, put(f, record_of(7, "k", 2, "2")));
    assert_status(f, PIQ_OK, put(f, record_of(7, "k", 1, "2")));
    assert_status(f, PIQ_OK, get(f, 7, "k", &got));
    assert_int_equal(got.version, 2);
    assert_number("2", got.document);
    assert_status(f, PIQ_OK, put(f, record_of(7, "k", PIQ_RECORD_ANY, "3")));
    assert_status(f, PIQ_OK, get(f, 7, "k", &got));
    assert_int_equal(got.version, 3);
    assert_status(f, PIQ_OK, put(f, record_of(8, "k", PIQ_RECORD_ANY, "3")));
    assert_status(f, PIQ_OK, get(f, 8, "k", &got));
    assert_int_equal(got.version, 1);
}

static void test_records__an_empty_document_drops_it(void **state)
{
    store_fixture *f = *state;
    piq_record got;
    assert_status(f, PIQ_ENOTFOUND, put(f, record_of(7, "k", 1, "")));
    assert_status(f, PIQ_OK, put(f, record_of(7, "k", PIQ_RECORD_ANY, "")));
    assert_status(f, PIQ_OK, put(f, record_of(7, "k", 0, "1")));
    assert_status(f, PIQ_ESTALE, put(f, record_of(7, "k", 2, "")));
    assert_status(f, PIQ_OK, put(f, record_of(7, "k", 1, "")));
    assert_status(f, PIQ_ENOTFOUND, get(f, 7, "k", &got));
    assert_status(f, PIQ_OK, put(f, record_of(7, "k", 0, "2")));
    assert_status(f, PIQ_OK, put(f, record_of(7, "k", PIQ_RECORD_ANY, "")));
    assert_status(f, PIQ_ENOTFOUND, get(f, 7, "k", &got));
}

static void test_records__an_expired_one_is_absent(void **state)
{
    store_fixture *f = *state;
    piq_record one = record_of(7, "k", 0, "1"), got;
    one.expires_us = T0 + 10;
    assert_status(f, PIQ_OK, put(f, one));
    assert_status(f, PIQ_OK, get_at(f, 7, "k", T0 + 9, &got));
    assert_status(f, PIQ_ENOTFOUND, get_at(f, 7, "k", T0 + 10, &got));
    piq_record next = record_of(7, "k", 0, "2");
    next.at_us = T0 + 9;
    assert_status(f, PIQ_ESTALE, put(f, next));
    next.at_us = T0 + 10;
    next.from_version = 1;
    assert_status(f, PIQ_ESTALE, put(f, next));
    next.from_version = 0;
    assert_status(f, PIQ_OK, put(f, next));
    assert_status(f, PIQ_OK, get_at(f, 7, "k", T0 + 99, &got));
    assert_int_equal(got.version, 1);
    assert_number("2", got.document);
}

static void test_records__what_is_not_valid_is_refused(void **state)
{
    store_fixture *f = *state;
    static char long_key[258], long_kind[34];
    memset(long_key, 'k', 257);
    memset(long_kind, 'k', 33);
    piq_record bad[] = {
        record_of(7, "", 0, "1"),         record_of(7, long_key, 0, "1"),
        record_of(7, "\xff", 0, "1"),     record_of(7, "k", 0, "{"),
        record_of(7, "k", 0, "not JSON"), record_of(7, "k", -2, "1"),
        record_of(-3, "k", 0, "1"),       record_of(7, "k", 0, "1"),
        record_of(7, "k", 0, "1"),        record_of(7, "k", 0, "1"),
    };
    bad[7].kind = PIQ_STR("");
    bad[8].kind = PIQ_STR("Big");
    bad[9].kind = piq_str_of(long_kind);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_status(f, PIQ_EINVAL, put(f, bad[i]));
    long_key[256] = '\0';
    assert_status(f, PIQ_OK, put(f, record_of(7, long_key, 0, "1")));
}

static void test_records__a_document_has_a_limit(void **state)
{
    store_fixture *f = *state;
    size_t n = PIQ_STORE_MAX_RECORD_BYTES + 1;
    char *text = malloc(n + 1);
    assert_non_null(text);
    memset(text, 'x', n);
    text[0] = text[n - 2] = '"';
    text[n - 1] = text[n] = '\0';
    piq_record got, r = record_of(7, "k", 0, text);
    assert_int_equal(r.document.len, PIQ_STORE_MAX_RECORD_BYTES);
    assert_status(f, PIQ_OK, put(f, r));
    assert_status(f, PIQ_OK, get(f, 7, "k", &got));
    assert_true(piq_str_eq(r.document, got.document));
    r.document.len = n;
    r.from_version = 1;
    assert_status(f, PIQ_ELIMIT, put(f, r));
    free(text);
}

static void test_records__several_are_written_whole_or_not_at_all(void **state)
{
    store_fixture *f = *state;
    piq_record got,
        both[2] = {record_of(7, "a", 0, "1"), record_of(7, "b", 5, "1")};
    assert_status(f, PIQ_ESTALE,
                  f->s->ops->put_records(f->s, both, 2, &f->err));
    assert_status(f, PIQ_ENOTFOUND, get(f, 7, "a", &got));
    both[1].from_version = 0;
    assert_status(f, PIQ_OK, f->s->ops->put_records(f->s, both, 2, &f->err));
    assert_status(f, PIQ_OK, get(f, 7, "b", &got));
    assert_status(f, PIQ_OK, f->s->ops->put_records(f->s, NULL, 0, &f->err));
}

static void test_records__are_part_of_a_commit(void **state)
{
    store_fixture *f = *state;
    piq_state_row learner = state_of(7, 0, "s");
    piq_record got, r = record_of(7, "k", 1, "1");
    piq_commit c = {
        .states = &learner, .n_states = 1, .records = &r, .n_records = 1};
    assert_status(f, PIQ_ESTALE, commit(f, &c));
    assert_int_equal(version_of(f, 7), 0);
    r.from_version = 0;
    assert_status(f, PIQ_OK, commit(f, &c));
    assert_int_equal(version_of(f, 7), 1);
    assert_status(f, PIQ_OK, get(f, 7, "k", &got));
    learner = state_of(7, 3, "s");
    r = record_of(7, "k", 1, "2");
    assert_status(f, PIQ_ESTALE, commit(f, &c));
    assert_status(f, PIQ_OK, get(f, 7, "k", &got));
    assert_int_equal(got.version, 1);
}

/* ---- listing --------------------------------------------------------- */

static void put_listed(store_fixture *f)
{
    static const struct {
        int64_t user;
        const char *key;
        int64_t at;
    } rows[] = {{7, "b", 2}, {7, "a", 2}, {9, "c", 1},
                {7, "z", 1}, {0, "n", 2}, {8, "a", 2}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        piq_record r = record_of(rows[i].user, rows[i].key, 0, "1");
        r.at_us = T0 + rows[i].at;
        assert_status(f, PIQ_OK, put(f, r));
    }
    piq_record other = record_of(7, "b", 0, "1");
    other.kind = PIQ_STR("other");
    assert_status(f, PIQ_OK, put(f, other));
}

static piq_record_range all_of(int64_t user)
{
    return (piq_record_range){.kind = SETTING,
                              .user = {user},
                              .now_us = T0,
                              .after_us = INT64_MIN,
                              .until_us = INT64_MAX,
                              .limit = 100};
}

/* The keys, in order, in one word. */
static const char *keys_of(store_fixture *f, const piq_record_range *range)
{
    static char word[64];
    piq_record *rows;
    size_t n = 0, len = 0;
    assert_status(f, PIQ_OK,
                  f->s->ops->records(f->s, &f->a, range, &rows, &n, &f->err));
    for (size_t i = 0; i < n; i++)
        word[len++] = rows[i].key.ptr[0];
    word[len] = '\0';
    return word;
}

static void test_records__of_one_learner_come_by_time_and_key(void **state)
{
    store_fixture *f = *state;
    put_listed(f);
    piq_record_range r = all_of(7);
    assert_string_equal(keys_of(f, &r), "zab");
    r.limit = 2;
    assert_string_equal(keys_of(f, &r), "za");
    r.after_us = T0 + 2;
    r.after_key = PIQ_STR("a");
    assert_string_equal(keys_of(f, &r), "b");
    r = all_of(7);
    r.until_us = T0 + 2;
    assert_string_equal(keys_of(f, &r), "z");
    r = all_of(0);
    assert_string_equal(keys_of(f, &r), "n");
    r = all_of(5);
    assert_string_equal(keys_of(f, &r), "");
    r = all_of(7);
    r.limit = 0;
    assert_string_equal(keys_of(f, &r), "");
}

static void test_records__of_all_come_by_time_learner_and_key(void **state)
{
    store_fixture *f = *state;
    put_listed(f);
    piq_record_range r = all_of(PIQ_ANY_USER);
    assert_string_equal(keys_of(f, &r), "zcnaba");
    r.limit = 1;
    char seen[16];
    size_t n = 0;
    piq_record *rows;
    for (size_t got = 1; got == 1;) { /* in pages of one */
        assert_status(
            f, PIQ_OK,
            f->s->ops->records(f->s, &f->a, &r, &rows, &got, &f->err));
        if (got == 0)
            break;
        seen[n++] = rows[0].key.ptr[0];
        r.after_us = rows[0].at_us;
        r.after_user = rows[0].user;
        r.after_key = rows[0].key;
    }
    seen[n] = '\0';
    assert_string_equal(seen, "zcnaba");
}

static void test_records__a_rewrite_moves_its_place(void **state)
{
    store_fixture *f = *state;
    put_listed(f);
    piq_record z = record_of(7, "z", 1, "2");
    z.at_us = T0 + 50;
    assert_status(f, PIQ_OK, put(f, z));
    piq_record_range r = all_of(7);
    assert_string_equal(keys_of(f, &r), "abz");
    z = record_of(7, "a", PIQ_RECORD_ANY, "");
    assert_status(f, PIQ_OK, put(f, z));
    assert_string_equal(keys_of(f, &r), "bz");
}

static void test_records__expired_ones_are_not_listed_and_go(void **state)
{
    store_fixture *f = *state;
    piq_record_range r = all_of(7);
    bool more = true;
    piq_record got, keep = record_of(7, "k", 0, "1"),
                    go = record_of(7, "g", 0, "1");
    go.expires_us = T0 + 10;
    assert_status(f, PIQ_OK, put(f, keep));
    assert_status(f, PIQ_OK, put(f, go));
    assert_string_equal(keys_of(f, &r), "gk");
    r.now_us = T0 + 10;
    assert_string_equal(keys_of(f, &r), "k");
    assert_status(f, PIQ_OK,
                  f->s->ops->tidy(f->s, T0 + 10, T0, &more, &f->err));
    assert_false(more);
    assert_status(f, PIQ_ENOTFOUND, get_at(f, 7, "g", T0, &got)); /* gone */
    assert_status(f, PIQ_OK, get(f, 7, "k", &got));
}

static size_t n_listed(store_fixture *f, piq_record_range r)
{
    piq_record *rows;
    size_t n = 0;
    r.limit = 10000;
    assert_status(f, PIQ_OK,
                  f->s->ops->records(f->s, &f->a, &r, &rows, &n, &f->err));
    return n;
}

/* Others wait for the lock or the log meanwhile. */
static void test_records__many_expired_ones_go_in_small_pieces(void **state)
{
    enum { N = 600, PIECE = 256 };
    store_fixture *f = *state;
    piq_record_range r = all_of(7);
    piq_record records[N];
    char keys[N][16];
    bool more = false;
    r.now_us = T0;
    for (int i = 0; i < N; i++) {
        snprintf(keys[i], sizeof keys[i], "k%d", i);
        records[i] = record_of(7, keys[i], 0, "1");
        records[i].expires_us = T0 + 10;
    }
    assert_status(f, PIQ_OK, f->s->ops->put_records(f->s, records, N, &f->err));
    assert_status(f, PIQ_OK,
                  f->s->ops->tidy(f->s, T0 + 10, T0, &more, &f->err));
    assert_true(more);
    assert_true(n_listed(f, r) >= N - PIECE);
    while (more)
        assert_status(f, PIQ_OK,
                      f->s->ops->tidy(f->s, T0 + 10, T0, &more, &f->err));
    assert_int_equal(n_listed(f, r), 0);
}

static void test_records__outlive_the_handle(void **state)
{
    store_fixture *f = *state;
    piq_record got;
    assert_status(f, PIQ_OK, put(f, record_of(0, "k", 0, "1")));
    fixture_reopen(f);
    assert_status(f, PIQ_OK, get(f, 0, "k", &got));
    assert_int_equal(got.version, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        STORE_TEST(test_records__one_comes_back_as_it_was),
        STORE_TEST(test_records__absent_is_not_found),
        STORE_TEST(test_records__a_write_names_the_version_it_was_made_from),
        STORE_TEST(test_records__an_empty_document_drops_it),
        STORE_TEST(test_records__an_expired_one_is_absent),
        STORE_TEST(test_records__what_is_not_valid_is_refused),
        STORE_TEST(test_records__a_document_has_a_limit),
        STORE_TEST(test_records__several_are_written_whole_or_not_at_all),
        STORE_TEST(test_records__are_part_of_a_commit),
        STORE_TEST(test_records__of_one_learner_come_by_time_and_key),
        STORE_TEST(test_records__of_all_come_by_time_learner_and_key),
        STORE_TEST(test_records__a_rewrite_moves_its_place),
        STORE_TEST(test_records__expired_ones_are_not_listed_and_go),
        STORE_TEST(test_records__many_expired_ones_go_in_small_pieces),
        STORE_TEST(test_records__outlive_the_handle),
    };
    const size_t n = sizeof tests / sizeof tests[0];
    return store_run_tests(tests, n) +
           store_run_tests_on(&memory_kind, tests, n);
}
