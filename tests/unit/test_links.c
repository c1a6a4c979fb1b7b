/* Links that a command has made and the store keeps: each is good once, in one
 * of the engines, as the one whom it was made for. */
#include "access/access.h"

#include "support/access_world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static const piq_link_for learner = {PIQ_ROLE_LEARNER, 2, {"12", 2}};
static const piq_link_for coach = {PIQ_ROLE_COACH, 0, {"anna", 4}};
static const piq_link_for admin = {PIQ_ROLE_PLATFORM, 0, {"", 0}};

static void make(access_world *w, const piq_link_for *whom, char token[48])
{
    piq_err err = {0};
    access_must(piq_access_store_link(w->k, whom, ACCESS_NOW_US, token, &err),
                &err);
}

/* Another engine, which has read what there is. */
static piq_access *engine_of(access_world *w)
{
    return access_open_on(w->store, NULL);
}

static piq_status use(piq_access *k, const char *token, int64_t now_us,
                      char cookie[48])
{
    piq_err err = {0};
    int64_t until_us;
    return piq_access_use_link(k, piq_str_of(token), now_us, cookie, &until_us,
                               &err);
}

static piq_caller entered(piq_access *k, const char *token)
{
    char cookie[48], header[80];
    piq_caller as;
    assert_true(piq_access_link_is_stored(k, piq_str_of(token), ACCESS_NOW_US));
    assert_int_equal(use(k, token, ACCESS_NOW_US, cookie), PIQ_OK);
    snprintf(header, sizeof header, "piq_session=%s", cookie);
    assert_int_equal(access_cookie(k, header, ACCESS_NOW_US, &as), PIQ_OK);
    return as;
}

static void test_links__begin_sessions_of_whom_they_are_for(void **state)
{
    access_world *w = *state;
    char token[3][48];
    make(w, &learner, token[0]);
    make(w, &coach, token[1]);
    make(w, &admin, token[2]);
    piq_access *k = engine_of(w);
    piq_caller as = entered(k, token[0]);
    assert_int_equal(as.role, PIQ_ROLE_LEARNER);
    assert_int_equal(as.tenant, 2);
    assert_true(as.learner.v == access_learner(2, 12).v);
    assert_true(as.by_cookie && !as.may_switch);
    assert_int_equal(as.scopes & PIQ_SCOPE_ADMIN, 0);
    assert_true(as.expires_us < INT64_MAX);
    as = entered(k, token[1]);
    assert_int_equal(as.role, PIQ_ROLE_COACH);
    assert_string_equal(as.coach, "anna");
    assert_int_equal(as.scopes & PIQ_SCOPE_EVENTS_WRITE, 0);
    as = entered(k, token[2]);
    assert_int_equal(as.role, PIQ_ROLE_PLATFORM);
    assert_int_equal(as.scopes, piq_caller_trusted().scopes);
    piq_access_close(k);
}

static void test_links__are_good_once_in_one_engine(void **state)
{
    access_world *w = *state;
    char token[48], cookie[48];
    make(w, &learner, token);
    piq_access *one = engine_of(w), *two = engine_of(w);
    entered(one, token);
    /* Both have read of it; the store says that it is gone. */
    assert_int_equal(use(one, token, ACCESS_NOW_US, cookie), PIQ_EDENIED);
    assert_int_equal(use(two, token, ACCESS_NOW_US, cookie), PIQ_EDENIED);
    piq_access_close(one);
    piq_access_close(two);
}

static void test_links__end_after_ten_minutes(void **state)
{
    access_world *w = *state;
    char token[48], cookie[48];
    make(w, &learner, token);
    piq_access *k = engine_of(w);
    assert_int_equal(
        use(k, token, ACCESS_NOW_US + 600 * ACCESS_SECOND_US, cookie),
        PIQ_EDENIED);
    assert_int_equal(
        use(k, token, ACCESS_NOW_US + 599 * ACCESS_SECOND_US, cookie), PIQ_OK);
    piq_access_close(k);
}

static void test_links__that_nobody_made_ask_no_store(void **state)
{
    access_world *w = *state;
    char token[48], cookie[48];
    make(w, &learner, token);
    token[5] = token[5] == 'A' ? 'B' : 'A';
    assert_false(
        piq_access_link_is_stored(w->k, piq_str_of(token), ACCESS_NOW_US));
    assert_int_equal(use(w->k, token, ACCESS_NOW_US, cookie), PIQ_EDENIED);
    assert_false(
        piq_access_link_is_stored(w->k, piq_str_of(""), ACCESS_NOW_US));
    assert_false(
        piq_access_link_is_stored(w->k, piq_str_of("x"), ACCESS_NOW_US));
}

/* An engine that runs already reads of it when somebody comes. */
static void test_links__are_known_to_who_has_read_before(void **state)
{
    access_world *w = *state;
    char token[48], cookie[48];
    const piq_access_config config = {.reload_ms = 500};
    piq_access *k = access_open_on(w->store, &config);
    piq_caller as;
    assert_int_equal(access_bearer(k, w->secret, ACCESS_NOW_US, &as), PIQ_OK);
    make(w, &learner, token);
    assert_int_equal(use(k, token, ACCESS_NOW_US + ACCESS_SECOND_US, cookie),
                     PIQ_OK);
    piq_access_close(k);
}

/* Whoever reads the database cannot enter by what it says. */
static void test_links__are_kept_as_a_hash(void **state)
{
    access_world *w = *state;
    char token[48];
    piq_record *rows;
    piq_arena a;
    piq_err err = {0};
    size_t n;
    const piq_record_range range = {.kind = PIQ_STR("link"),
                                    .now_us = INT64_MIN,
                                    .after_us = INT64_MIN,
                                    .until_us = INT64_MAX,
                                    .limit = 9};
    make(w, &coach, token);
    piq_arena_init(&a, 0);
    access_must(w->store->ops->records(w->store, &a, &range, &rows, &n, &err),
                &err);
    assert_int_equal(n, 1);
    assert_null(memmem(rows[0].document.ptr, rows[0].document.len, token, 20));
    assert_null(memmem(rows[0].key.ptr, rows[0].key.len, token, 20));
    assert_true(rows[0].expires_us == ACCESS_NOW_US + 600 * ACCESS_SECOND_US);
    piq_arena_release(&a);
}

static void test_links__are_for_somebody_who_can_be(void **state)
{
    access_world *w = *state;
    static const piq_link_for wrong[] = {
        {PIQ_ROLE_LEARNER, 0, {"0", 1}},
        {PIQ_ROLE_LEARNER, 0, {"012", 3}},
        {PIQ_ROLE_LEARNER, 0, {"anna", 4}},
        {PIQ_ROLE_LEARNER, 0, {"99999999999999", 14}},
        {PIQ_ROLE_LEARNER, PIQ_MAX_TENANT + 1, {"12", 2}},
        {PIQ_ROLE_COACH, 0, {"", 0}},
        {PIQ_ROLE_COACH, 0, {"a b", 3}},
        {PIQ_ROLE_PLATFORM, 1, {"", 0}},
        {PIQ_ROLE_PLATFORM, 0, {"x", 1}}};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        char token[48];
        piq_err err = {0};
        assert_int_equal(
            piq_access_store_link(w->k, &wrong[i], ACCESS_NOW_US, token, &err),
            PIQ_EINVAL);
        assert_true(err.message[0] != 0);
    }
}

/* Keys and signers must be read whatever there is of links. */
static void test_links__are_bounded(void **state)
{
    access_world *w = *state;
    char token[48];
    piq_err err = {0};
    piq_caller as;
    for (size_t i = 0; i < 256; i++)
        make(w, &learner, token);
    assert_int_equal(
        piq_access_store_link(w->k, &learner, ACCESS_NOW_US, token, &err),
        PIQ_ELIMIT);
    piq_access *k = engine_of(w);
    assert_int_equal(access_bearer(k, w->secret, ACCESS_NOW_US, &as), PIQ_OK);
    piq_access_close(k);
}

/* A record that cannot be understood opens nothing, and closes nothing. */
static void test_links__that_are_damaged_let_nobody_in(void **state)
{
    access_world *w = *state;
    piq_err err = {0};
    piq_caller as;
    char token[48];
    make(w, &coach, token);
    const piq_record bad[] = {
        {.kind = PIQ_STR("link"),
         .key = PIQ_STR("not a hash"),
         .at_us = ACCESS_NOW_US,
         .expires_us = INT64_MAX,
         .document =
             PIQ_STR("{\"role\":\"platform\",\"tenant\":0,\"subject\":\"\"}")},
        {.kind = PIQ_STR("link"),
         .key = PIQ_STR("0000000000000000000000000000000000000000000000000000"
                        "000000000000"),
         .at_us = ACCESS_NOW_US,
         .expires_us = INT64_MAX,
         .document = PIQ_STR("{\"role\":\"god\",\"tenant\":0,"
                             "\"subject\":\"\"}")}};
    access_must(w->store->ops->put_records(w->store, bad, 2, &err), &err);
    piq_access *k = engine_of(w);
    assert_int_equal(access_bearer(k, w->secret, ACCESS_NOW_US, &as), PIQ_OK);
    entered(k, token);
    piq_access_close(k);
}

int main(void)
{
#define WITH(test)                                                             \
    cmocka_unit_test_setup_teardown(test, access_world_set_up,                 \
                                    access_world_tear_down)
    const struct CMUnitTest tests[] = {
        WITH(test_links__begin_sessions_of_whom_they_are_for),
        WITH(test_links__are_good_once_in_one_engine),
        WITH(test_links__end_after_ten_minutes),
        WITH(test_links__that_nobody_made_ask_no_store),
        WITH(test_links__are_known_to_who_has_read_before),
        WITH(test_links__are_kept_as_a_hash),
        WITH(test_links__are_for_somebody_who_can_be),
        WITH(test_links__are_bounded),
        WITH(test_links__that_are_damaged_let_nobody_in),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
