/* threads:tsan
 * test_access.c - API keys, what callers may, coaches. */
#include "access/access.h"
#include "access/keeper.h"
#include "base/arena.h"
#include "support/access_world.h"
#include "support/record_store.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <pthread.h>
#include <stdio.h>
#include <unistd.h>

/* ---- tenants and scopes ---------------------------------------------- */

static void test_access__learner_ids_keep_tenants_apart(void **state)
{
    piq_user_id u;
    (void)state;
    const int64_t most = (INT64_C(1) << 40) - 1;
    assert_int_equal(access_learner(0, 7).v, 7);
    assert_int_equal(access_learner(3, 7).v, (INT64_C(3) << 40) + 7);
    assert_int_equal(piq_learner_outer(access_learner(3, 7)), 7);
    assert_int_equal(piq_learner_tenant(access_learner(3, 7)), 3);
    assert_true(access_learner(PIQ_MAX_TENANT, most).v < INT64_C(1) << 53);
    assert_int_equal(piq_learner_of(0, 0, &u, NULL), PIQ_EINVAL);
    assert_int_equal(piq_learner_of(0, -1, &u, NULL), PIQ_EINVAL);
    assert_int_equal(piq_learner_of(0, most + 1, &u, NULL), PIQ_EINVAL);
    assert_int_equal(piq_learner_of(PIQ_MAX_TENANT + 1, 1, &u, NULL),
                     PIQ_EINVAL);
}

static void test_access__scopes_are_read_by_name_or_not_at_all(void **state)
{
    (void)state;
    assert_string_equal(piq_scope_name(PIQ_SCOPE_EVENTS_WRITE), "events:write");
    assert_null(piq_scope_name(3));
    assert_null(piq_scope_name(PIQ_SCOPE_NONE));
    assert_int_equal(piq_scopes_read(PIQ_STR("events:write,profile:read")), 3);
    assert_int_equal(piq_scopes_read(PIQ_STR("admin  events:write")), 17);
    assert_int_equal(piq_scopes_read(PIQ_STR("admin everything")), 0);
    assert_int_equal(piq_scopes_read(PIQ_STR("Admin")), 0);
    assert_int_equal(piq_scopes_read(PIQ_STR("")), 0);
}

/* ---- keys -------------------------------------------------------------- */

static void test_access__a_key_says_who_it_is(void **state)
{
    access_world *w = *state;
    piq_caller c;
    char id[40];
    assert_int_equal(strlen(w->secret), 60);
    assert_int_equal(access_bearer(w->k, w->secret, ACCESS_NOW_US, &c), PIQ_OK);
    assert_int_equal(c.role, PIQ_ROLE_PLATFORM);
    assert_int_equal(c.tenant, 0);
    assert_int_equal(c.scopes, PIQ_SCOPE_EVENTS_WRITE | PIQ_SCOPE_ANY);
    snprintf(id, sizeof id, "key:%s", w->info.id);
    assert_string_equal(c.id, id);
    assert_false(c.by_cookie);
}

static void test_access__only_the_hash_of_a_key_is_stored(void **state)
{
    access_world *w = *state;
    piq_arena a;
    piq_record *rows;
    piq_arena_init(&a, 0);
    size_t n = record_store_list(w->store, &a, "api_key", &rows);
    assert_int_equal(n, 1);
    /* Any ten letters of the secret part. */
    for (size_t i = 17; i + 10 <= strlen(w->secret); i++)
        assert_null(memmem(rows[0].document.ptr, rows[0].document.len,
                           w->secret + i, 10));
    piq_arena_release(&a);
}

static void test_access__a_wrong_credential_is_nobody(void **state)
{
    access_world *w = *state;
    piq_caller c;
    char text[200], same[PIQ_KEY_BYTES];
    piq_err unknown = {0}, wrong = {0};
    for (size_t i = 4; i < strlen(w->secret); i++) {
        memcpy(same, w->secret, sizeof same);
        same[i] = same[i] == 'a' ? 'b' : 'a';
        assert_int_equal(access_bearer(w->k, same, ACCESS_NOW_US, &c),
                         PIQ_EDENIED);
    }
    static const char *const headers[] = {
        "",          "Bearer",         "Bearer ",      "Basic YTpi",
        "Bearerx y", "Bearer piq_",    "Bearer piq_0", "bearer\tpiq_a",
        "Digest a",  "Bearer a.b.c.d", "Bearer .."};
    for (size_t i = 0; i < sizeof headers / sizeof headers[0]; i++)
        assert_int_equal(access_ask(w->k, headers[i], ACCESS_NOW_US, &c, NULL),
                         PIQ_EDENIED);
    snprintf(text, sizeof text, "Bearer %s ", w->secret);
    assert_int_equal(access_ask(w->k, text, ACCESS_NOW_US, &c, NULL),
                     PIQ_EDENIED);
    snprintf(text, sizeof text, "bEARER  %s", w->secret);
    assert_int_equal(access_ask(w->k, text, ACCESS_NOW_US, &c, NULL), PIQ_OK);
    /* A wrong secret and a wrong id look the same. */
    snprintf(text, sizeof text, "Bearer %s", w->secret);
    text[12] ^= 1;
    assert_int_equal(access_ask(w->k, text, ACCESS_NOW_US, &c, &unknown),
                     PIQ_EDENIED);
    text[12] ^= 1;
    text[40] = text[40] == 'a' ? 'b' : 'a';
    assert_int_equal(access_ask(w->k, text, ACCESS_NOW_US, &c, &wrong),
                     PIQ_EDENIED);
    assert_string_equal(unknown.message, wrong.message);
}

static void test_access__keys_expire(void **state)
{
    access_world *w = *state;
    piq_caller c;
    char secret[PIQ_KEY_BYTES];
    piq_key_info info = access_key_like("brief", 0, PIQ_SCOPE_ADMIN);
    info.expires_us = ACCESS_NOW_US + ACCESS_SECOND_US;
    access_world_key(w, &info, secret);
    assert_int_equal(access_bearer(w->k, secret, ACCESS_NOW_US, &c), PIQ_OK);
    assert_int_equal(piq_caller_may(w->k, &c, PIQ_SCOPE_ADMIN, (piq_user_id){0},
                                    ACCESS_NOW_US + ACCESS_SECOND_US, NULL),
                     PIQ_EDENIED);
    assert_int_equal(
        access_bearer(w->k, secret, ACCESS_NOW_US + ACCESS_SECOND_US, &c),
        PIQ_EDENIED);
}

static void test_access__a_revoked_key_is_nobody_at_once(void **state)
{
    access_world *w = *state;
    piq_caller c;
    piq_err err = {0};
    access_must(piq_access_revoke_key(w->k, piq_str_of(w->info.id), &err),
                &err);
    assert_int_equal(access_bearer(w->k, w->secret, ACCESS_NOW_US, &c),
                     PIQ_EDENIED);
    assert_int_equal(piq_access_revoke_key(w->k, piq_str_of(w->info.id), NULL),
                     PIQ_ENOTFOUND);
    assert_int_equal(piq_access_revoke_key(w->k, PIQ_STR(""), NULL),
                     PIQ_ENOTFOUND);
}

/* Of one who was let in, and stays. */
static void test_access__who_was_let_in_is_known_until_it_is_taken_back(
    void **state)
{
    access_world *w = *state;
    piq_caller key, session;
    piq_err err = {0};
    char token[48], cookie[48], header[80];
    int64_t until_us;
    const piq_access_config config = {.reload_ms = 500};
    piq_access *other = access_open_on(w->store, &config);
    assert_int_equal(access_bearer(other, w->secret, ACCESS_NOW_US, &key),
                     PIQ_OK);
    const piq_caller admin = piq_caller_trusted();
    access_must(piq_access_make_link(other, &admin, ACCESS_NOW_US, token, &err),
                &err);
    access_must(piq_access_use_link(other, piq_str_of(token), ACCESS_NOW_US,
                                    cookie, &until_us, &err),
                &err);
    snprintf(header, sizeof header, "piq_session=%s", cookie);
    assert_int_equal(access_cookie(other, header, ACCESS_NOW_US, &session),
                     PIQ_OK);
    assert_true(piq_access_knows(other, &key, ACCESS_NOW_US));
    assert_true(piq_access_knows(other, &session, ACCESS_NOW_US));
    assert_true(piq_access_knows(other, &admin, ACCESS_NOW_US));
    access_must(piq_access_revoke_key(w->k, piq_str_of(w->info.id), &err),
                &err);
    int64_t later_us = ACCESS_NOW_US + ACCESS_SECOND_US;
    assert_false(piq_access_knows(other, &key, later_us));
    assert_true(piq_access_knows(other, &session, later_us));
    assert_false(piq_access_knows(other, &session, until_us));
    piq_access_end_session(other, piq_str_of(cookie));
    assert_false(piq_access_knows(other, &session, later_us));
    piq_access_close(other);
}

static void test_access__another_process_learns_within_reload(void **state)
{
    access_world *w = *state;
    piq_caller c;
    piq_err err = {0};
    const piq_access_config config = {.reload_ms = 500};
    piq_access *other = access_open_on(w->store, &config);
    assert_int_equal(access_bearer(other, w->secret, ACCESS_NOW_US, &c),
                     PIQ_OK);
    access_must(piq_access_revoke_key(w->k, piq_str_of(w->info.id), &err),
                &err);
    assert_int_equal(access_bearer(other, w->secret,
                                   ACCESS_NOW_US + ACCESS_SECOND_US / 4, &c),
                     PIQ_OK);
    assert_int_equal(
        access_bearer(other, w->secret, ACCESS_NOW_US + ACCESS_SECOND_US, &c),
        PIQ_EDENIED);
    /* And a new one is let in; the clock going back is no reason to wait. */
    access_must(
        piq_access_make_key(w->k, &w->info, ACCESS_NOW_US, w->secret, &err),
        &err);
    assert_int_equal(access_bearer(other, w->secret,
                                   ACCESS_NOW_US - 60 * ACCESS_SECOND_US, &c),
                     PIQ_OK);
    piq_access_close(other);
}

typedef struct asking {
    piq_access *k;
    const char *secret;
    piq_status status;
} asking;

static void *ask_later(void *ctx)
{
    asking *a = ctx;
    piq_caller c;
    a->status =
        access_bearer(a->k, a->secret, ACCESS_NOW_US + ACCESS_SECOND_US, &c);
    return NULL;
}

/* Two come at once with a key that another process made long ago: the first
 * reads the keys again, the second must not be told that there is none. */
static void test_access__who_comes_while_keys_are_read_waits(void **state)
{
    access_world *w = *state;
    piq_err err = {0};
    pthread_t thread;
    const piq_access_config config = {.reload_ms = 500};
    piq_access *other = access_open_on(w->store, &config);
    access_must(
        piq_access_make_key(w->k, &w->info, ACCESS_NOW_US, w->secret, &err),
        &err);
    asking a = {other, w->secret, PIQ_EIO};
    pthread_mutex_lock(&other->load_lock); /* the first */
    assert_int_equal(pthread_create(&thread, NULL, ask_later, &a), 0);
    usleep(30000);
    pthread_mutex_unlock(&other->load_lock);
    pthread_join(thread, NULL);
    assert_int_equal(a.status, PIQ_OK);
    piq_access_close(other);
}

static void test_access__reading_again_is_one_cheap_read(void **state)
{
    access_world *w = *state;
    piq_caller c;
    assert_int_equal(access_bearer(w->k, w->secret, ACCESS_NOW_US, &c), PIQ_OK);
    unsigned long before = record_store_calls(w->store);
    for (int i = 0; i < 1000; i++)
        assert_int_equal(access_bearer(w->k, w->secret, ACCESS_NOW_US + i, &c),
                         PIQ_OK);
    assert_int_equal(record_store_calls(w->store), before);
    assert_int_equal(access_bearer(w->k, w->secret,
                                   ACCESS_NOW_US + 3 * ACCESS_SECOND_US, &c),
                     PIQ_OK);
    assert_int_equal(record_store_calls(w->store), before + 1);
}

static void test_access__known_keys_work_while_the_store_does_not(void **state)
{
    access_world *w = *state;
    piq_caller c;
    piq_key_info info = access_key_like("x", 0, PIQ_SCOPE_ADMIN);
    char secret[PIQ_KEY_BYTES] = "unchanged";
    record_store_break(w->store, true);
    assert_int_equal(access_bearer(w->k, w->secret,
                                   ACCESS_NOW_US + 9 * ACCESS_SECOND_US, &c),
                     PIQ_OK);
    assert_int_equal(
        piq_access_make_key(w->k, &info, ACCESS_NOW_US, secret, NULL), PIQ_EIO);
    assert_string_equal(secret, "unchanged");
    assert_string_equal(info.id, "");
    assert_int_equal(piq_access_refresh(w->k, ACCESS_NOW_US, NULL), PIQ_EIO);
    record_store_break(w->store, false);
    assert_int_equal(piq_access_refresh(w->k, ACCESS_NOW_US, NULL), PIQ_OK);
}

/* The store goes away between the write and the reading back. */
static void test_access__what_is_stored_is_said_to_be(void **state)
{
    access_world *w = *state;
    piq_caller c;
    piq_err err = {0};
    char secret[PIQ_KEY_BYTES];
    piq_key_info info = access_key_like("x", 0, PIQ_SCOPE_ADMIN);
    record_store_fail_after(w->store, 3);
    access_world_key(w, &info, secret);
    assert_int_equal(access_bearer(w->k, secret, ACCESS_NOW_US, &c), PIQ_OK);
    record_store_fail_after(w->store, 3);
    assert_int_equal(piq_access_revoke_key(w->k, piq_str_of(info.id), &err),
                     PIQ_EIO);
    assert_non_null(strstr(err.message, "it is taken back"));
    assert_int_equal(access_bearer(w->k, secret, ACCESS_NOW_US, &c),
                     PIQ_EDENIED);
}

static void test_access__a_damaged_record_lets_nobody_in(void **state)
{
    access_world *w = *state;
    piq_caller c;
    piq_key_info info = access_key_like("good", 0, PIQ_SCOPE_ADMIN);
    char secret[PIQ_KEY_BYTES];
    record_store_tamper(w->store, "api_key", w->info.id,
                        "{\"name\":\"shop\",\"tenant\":0,\"scopes\":\"all\"}");
    access_world_key(w, &info, secret);
    assert_int_equal(access_bearer(w->k, w->secret, ACCESS_NOW_US, &c),
                     PIQ_EDENIED);
    assert_int_equal(access_bearer(w->k, secret, ACCESS_NOW_US, &c), PIQ_OK);
}

static void test_access__keys_that_make_no_sense_are_refused(void **state)
{
    access_world *w = *state;
    char secret[PIQ_KEY_BYTES];
    piq_key_info wrong[] = {
        access_key_like("x", 0, 0),
        access_key_like("x", 0, 64),
        access_key_like("x", PIQ_MAX_TENANT + 1, PIQ_SCOPE_ADMIN),
        access_key_like("x", 1, PIQ_SCOPE_CATALOGUE_WRITE),
        access_key_like("\xff", 0, PIQ_SCOPE_ADMIN),
        access_key_like("x", 0, PIQ_SCOPE_ADMIN)};
    wrong[5].expires_us = ACCESS_NOW_US;
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        assert_int_equal(
            piq_access_make_key(w->k, &wrong[i], ACCESS_NOW_US, secret, NULL),
            PIQ_EINVAL);
}

static void test_access__keys_are_listed_without_their_secrets(void **state)
{
    access_world *w = *state;
    piq_arena a;
    piq_key_info *list;
    size_t n;
    piq_err err = {0};
    char secret[PIQ_KEY_BYTES];
    piq_key_info info =
        access_key_like("tenant's \"own\"", 9, PIQ_SCOPE_PROFILE_READ);
    info.requests_per_s = 5;
    access_world_key(w, &info, secret);
    piq_arena_init(&a, 0);
    access_must(piq_access_keys(w->k, &a, &list, &n, &err), &err);
    assert_int_equal(n, 2);
    const piq_key_info *found = strcmp(list[0].id, info.id) ? &list[1] : list;
    assert_memory_equal(found, &info, sizeof info);
    piq_arena_release(&a);
}

/* ---- what they may ------------------------------------------------------ */

static void test_access__nobody_reads_another_learner(void **state)
{
    access_world *w = *state;
    const piq_user_id me = access_learner(2, 5), you = access_learner(2, 6),
                      twin = access_learner(3, 5), none = {0};
    const uint32_t read = PIQ_SCOPE_PROFILE_READ;
    piq_caller c = access_learner_caller(2, 5);
    assert_int_equal(access_may(w->k, &c, read, me), PIQ_OK);
    assert_int_equal(access_may(w->k, &c, read, you), PIQ_ENOTFOUND);
    assert_int_equal(access_may(w->k, &c, read, twin), PIQ_ENOTFOUND);
    assert_int_equal(access_may(w->k, &c, PIQ_SCOPE_ADMIN, you), PIQ_EDENIED);
    assert_int_equal(access_may(w->k, &c, PIQ_SCOPE_ANY, none), PIQ_OK);
    c = access_platform(2, read);
    assert_int_equal(access_may(w->k, &c, read, me), PIQ_OK);
    assert_int_equal(access_may(w->k, &c, read, you), PIQ_OK);
    assert_int_equal(access_may(w->k, &c, read, twin), PIQ_ENOTFOUND);
    assert_int_equal(access_may(w->k, &c, PIQ_SCOPE_EVENTS_WRITE, me),
                     PIQ_EDENIED);
    c = piq_caller_trusted();
    assert_int_equal(
        access_may(w->k, &c, PIQ_SCOPE_ADMIN, access_learner(0, 1)), PIQ_OK);
    assert_int_equal(access_may(w->k, &c, PIQ_SCOPE_ADMIN, twin),
                     PIQ_ENOTFOUND);
}

static void test_access__what_is_unknown_has_the_same_words(void **state)
{
    access_world *w = *state;
    piq_err mine = {0}, other = {0};
    piq_caller c = access_learner_caller(2, 5);
    assert_int_equal(piq_caller_may(w->k, &c, PIQ_SCOPE_PROFILE_READ,
                                    access_learner(2, 6), ACCESS_NOW_US, &mine),
                     PIQ_ENOTFOUND);
    assert_int_equal(piq_caller_may(w->k, &c, PIQ_SCOPE_PROFILE_READ,
                                    access_learner(3, 6), ACCESS_NOW_US,
                                    &other),
                     PIQ_ENOTFOUND);
    assert_string_equal(mine.message, "there is no learner 6");
    assert_string_equal(mine.message, other.message);
}

static void test_access__installation_belongs_to_tenant_zero(void **state)
{
    access_world *w = *state;
    const piq_user_id none = {0};
    piq_caller c =
        access_platform(1, PIQ_SCOPE_ADMIN | PIQ_SCOPE_CATALOGUE_WRITE);
    assert_int_equal(access_may(w->k, &c, PIQ_SCOPE_CATALOGUE_WRITE, none),
                     PIQ_EDENIED);
    /* Its own: what is the installation's, the route says. */
    assert_int_equal(access_may(w->k, &c, PIQ_SCOPE_ADMIN, none), PIQ_OK);
    assert_int_equal(
        access_may(w->k, &c, PIQ_SCOPE_ADMIN, access_learner(1, 1)), PIQ_OK);
    c.role = PIQ_ROLE_COACH;
    assert_int_equal(access_may(w->k, &c, PIQ_SCOPE_ADMIN, none), PIQ_EDENIED);
    c.role = PIQ_ROLE_PLATFORM;
    c.tenant = 0;
    assert_int_equal(access_may(w->k, &c, PIQ_SCOPE_ADMIN, none), PIQ_OK);
    assert_int_equal(access_may(w->k, &c, PIQ_SCOPE_CATALOGUE_WRITE, none),
                     PIQ_OK);
}

static void test_access__coaches_read_whom_they_have(void **state)
{
    access_world *w = *state;
    const uint32_t read = PIQ_SCOPE_PROFILE_READ;
    const piq_user_id three = access_learner(4, 3), nine = access_learner(4, 9),
                      list[] = {nine, three, nine};
    piq_caller anna = access_coach_caller(4, "anna"),
               bert = access_coach_caller(4, "bert"),
               other = access_coach_caller(5, "anna");
    assert_int_equal(access_may(w->k, &anna, read, three), PIQ_ENOTFOUND);
    access_world_assign(w, 4, "anna", list, 3);
    const struct {
        const piq_caller *who;
        uint32_t scope;
        piq_user_id user;
        piq_status status;
    } cases[] = {{&anna, read, three, PIQ_OK},
                 {&anna, read, nine, PIQ_OK},
                 {&anna, read, access_learner(4, 4), PIQ_ENOTFOUND},
                 {&anna, PIQ_SCOPE_EVENTS_WRITE, three, PIQ_EDENIED},
                 {&bert, read, three, PIQ_ENOTFOUND},
                 {&other, read, three, PIQ_ENOTFOUND},
                 {&other, read, access_learner(5, 3), PIQ_ENOTFOUND}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        assert_int_equal(
            access_may(w->k, cases[i].who, cases[i].scope, cases[i].user),
            cases[i].status);
    access_world_assign(w, 4, "anna", list + 1, 1);
    assert_int_equal(access_may(w->k, &anna, read, nine), PIQ_ENOTFOUND);
    assert_int_equal(access_may(w->k, &anna, read, three), PIQ_OK);
}

static void test_access__a_coachs_learners_come_in_pieces(void **state)
{
    access_world *w = *state;
    piq_arena a;
    piq_user_id *list;
    size_t n;
    const piq_user_id some[] = {{9}, {3}, {20}, {5}};
    piq_coached_range range = {.coach = PIQ_STR("anna"), .limit = 3};
    piq_arena_init(&a, 0);
    access_world_assign(w, 0, "anna", some, 4);
    static const struct {
        int64_t after;
        size_t limit, n;
        int64_t first;
    } cases[] = {{0, 3, 3, 3},  {2, 9, 4, 3},  {3, 3, 3, 5},  {4, 1, 1, 5},
                 {9, 3, 1, 20}, {20, 3, 0, 0}, {99, 3, 0, 0}, {0, 0, 0, 0}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        range.after.v = cases[i].after;
        range.limit = cases[i].limit;
        assert_int_equal(piq_access_coached(w->k, &a, &range, ACCESS_NOW_US,
                                            &list, &n, NULL),
                         PIQ_OK);
        assert_int_equal(n, cases[i].n);
        if (n)
            assert_int_equal(list[0].v, cases[i].first);
    }
    range = (piq_coached_range){.coach = PIQ_STR("a b"), .limit = 3};
    assert_int_equal(
        piq_access_coached(w->k, &a, &range, ACCESS_NOW_US, &list, &n, NULL),
        PIQ_EINVAL);
    piq_arena_release(&a);
}

static const piq_user_id *assigned(access_world *w, piq_arena *a,
                                   const char *coach, size_t *n)
{
    piq_user_id *list;
    piq_err err = {0};
    access_must(
        piq_access_assigned(w->k, a, 0, piq_str_of(coach), &list, n, &err),
        &err);
    return list;
}

static void test_access__assignments_are_listed_and_checked(void **state)
{
    access_world *w = *state;
    piq_arena a;
    const piq_user_id *list;
    size_t n;
    const piq_user_id some[] = {{9}, {3}, {9}},
                      wrong[] = {access_learner(1, 3)};
    static piq_user_id many[10001];
    for (size_t i = 0; i < 10001; i++)
        many[i].v = (int64_t)(20000 - i);
    access_world_assign(w, 0, "anna", some, 3);
    piq_arena_init(&a, 0);
    list = assigned(w, &a, "anna", &n);
    assert_int_equal(n, 2);
    assert_int_equal(list[0].v, 3);
    assert_int_equal(list[1].v, 9);
    list = assigned(w, &a, "bert", &n);
    assert_int_equal(n, 0);
    assert_int_equal(piq_access_assign(w->k, 0, PIQ_STR("a b"), some, 3, NULL),
                     PIQ_EINVAL);
    assert_int_equal(
        piq_access_assign(w->k, 0, PIQ_STR("anna"), wrong, 1, NULL),
        PIQ_EINVAL);
    assert_int_equal(
        piq_access_assign(w->k, 0, PIQ_STR("anna"), many, 10001, NULL),
        PIQ_ELIMIT);
    access_world_assign(w, 0, "anna", many, 10000);
    list = assigned(w, &a, "anna", &n);
    assert_int_equal(n, 10000);
    assert_int_equal(list[0].v, 10001);
    piq_arena_release(&a);
}

static void test_access__an_erased_learner_leaves_every_list(void **state)
{
    access_world *w = *state;
    piq_arena a;
    const piq_user_id *list;
    size_t n;
    piq_err err = {0};
    const piq_user_id some[] = {{3}, {9}};
    access_world_assign(w, 0, "anna", some, 2);
    access_world_assign(w, 0, "bert", some + 1, 1);
    access_must(piq_access_forget(w->k, (piq_user_id){9}, &err), &err);
    piq_arena_init(&a, 0);
    list = assigned(w, &a, "anna", &n);
    assert_int_equal(n, 1);
    assert_int_equal(list[0].v, 3);
    list = assigned(w, &a, "bert", &n);
    assert_int_equal(n, 0);
    access_must(piq_access_forget(w->k, (piq_user_id){9}, &err), &err);
    piq_arena_release(&a);
}

/* ---- faults  -------------------------------------------------- */

static void test_access__no_memory_is_an_error_and_nothing_else(void **state)
{
    piq_store *s = record_store_new();
    piq_key_info info = access_key_like("x", 0, PIQ_SCOPE_ADMIN);
    const piq_user_id list[] = {{3}, {9}};
    char secret[PIQ_KEY_BYTES];
    bool done = false;
    (void)state;
    for (long i = 1; !done; i++) {
        piq_access *k = NULL;
        piq_caller c, coach = access_coach_caller(0, "anna");
        piq_alloc_fail_after(i, 0);
        piq_status status = piq_access_open(s, NULL, &k, NULL);
        if (!status)
            status = piq_access_make_key(k, &info, ACCESS_NOW_US, secret, NULL);
        if (!status)
            status = piq_access_assign(k, 0, PIQ_STR("anna"), list, 2, NULL);
        if (!status)
            status = access_bearer(k, secret, ACCESS_NOW_US, &c);
        if (!status)
            status = access_may(k, &coach, PIQ_SCOPE_PROFILE_READ, list[0]);
        piq_alloc_fail_after(0, 0);
        piq_access_close(k);
        done = status == PIQ_OK;
        if (!done)
            assert_int_equal(status, PIQ_ENOMEM);
        assert_true(i < 500);
    }
    s->ops->close(s);
}

#define WITH(test)                                                             \
    cmocka_unit_test_setup_teardown(test, access_world_set_up,                 \
                                    access_world_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_access__learner_ids_keep_tenants_apart),
        cmocka_unit_test(test_access__scopes_are_read_by_name_or_not_at_all),
        WITH(test_access__a_key_says_who_it_is),
        WITH(test_access__only_the_hash_of_a_key_is_stored),
        WITH(test_access__a_wrong_credential_is_nobody),
        WITH(test_access__keys_expire),
        WITH(test_access__a_revoked_key_is_nobody_at_once),
        WITH(test_access__who_was_let_in_is_known_until_it_is_taken_back),
        WITH(test_access__another_process_learns_within_reload),
        WITH(test_access__who_comes_while_keys_are_read_waits),
        WITH(test_access__reading_again_is_one_cheap_read),
        WITH(test_access__known_keys_work_while_the_store_does_not),
        WITH(test_access__what_is_stored_is_said_to_be),
        WITH(test_access__a_damaged_record_lets_nobody_in),
        WITH(test_access__keys_that_make_no_sense_are_refused),
        WITH(test_access__keys_are_listed_without_their_secrets),
        WITH(test_access__nobody_reads_another_learner),
        WITH(test_access__what_is_unknown_has_the_same_words),
        WITH(test_access__installation_belongs_to_tenant_zero),
        WITH(test_access__coaches_read_whom_they_have),
        WITH(test_access__a_coachs_learners_come_in_pieces),
        WITH(test_access__assignments_are_listed_and_checked),
        WITH(test_access__an_erased_learner_leaves_every_list),
        cmocka_unit_test(test_access__no_memory_is_an_error_and_nothing_else)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
