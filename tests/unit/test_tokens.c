/* threads:tsan
 * test_tokens.c - tokens that are good: who they say it is, how long they are
 * remembered, and how signers come and go. */
#include "access/access.h"
#include "base/arena.h"
#include "golden/tokens.h"
#include "support/record_store.h"
#include "support/token_world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <pthread.h>
#include <stdio.h>

static const int64_t NOW = GOLDEN_NOW_US;
static const int64_t SECOND = 1000000;

static const char *good(const char *name)
{
    for (size_t i = 0; i < sizeof golden_good / sizeof golden_good[0]; i++)
        if (strcmp(golden_good[i].name, name) == 0)
            return golden_good[i].token;
    fail_msg("there is no golden token %s", name);
    return NULL;
}

static piq_status ask(token_world *w, const char *token, int64_t now_us,
                      piq_caller *out)
{
    return token_world_ask(w, piq_str_of(token), now_us, out, NULL);
}

static piq_caller who(token_world *w, const char *name)
{
    piq_caller c;
    piq_err err = {0};
    if (token_world_ask(w, piq_str_of(good(name)), NOW, &c, &err))
        fail_msg("%s: %s", name, err.message);
    return c;
}

static const uint32_t LEARNER = PIQ_SCOPE_EVENTS_WRITE |
                                PIQ_SCOPE_PROFILE_READ |
                                PIQ_SCOPE_RECOMMENDATIONS_READ | PIQ_SCOPE_ANY;

static void test_token__learners_are_told_by_every_algorithm(void **state)
{
    static const char *const names[] = {
        "hs256",         "eddsa",  "rs256_by_jwk",  "eddsa_by_jwk",
        "audience_list", "no_typ", "strange_claims"};
    token_world w;
    (void)state;
    token_world_begin(&w);
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        piq_caller c = who(&w, names[i]);
        assert_int_equal(c.role, PIQ_ROLE_LEARNER);
        assert_int_equal(c.learner.v, 12);
        assert_int_equal(c.tenant, 0);
        assert_int_equal(c.scopes, LEARNER);
        assert_string_equal(c.id, "learner:12");
        assert_int_equal(c.expires_us, NOW + 3630 * SECOND);
        assert_false(c.by_cookie);
    }
    token_world_end(&w);
}

static void test_token__the_tenant_is_the_signers(void **state)
{
    token_world w;
    (void)state;
    token_world_begin(&w);
    piq_caller c = who(&w, "rs256");
    assert_int_equal(c.tenant, 7);
    assert_int_equal(c.learner.v, (INT64_C(7) << 40) + 12);
    assert_int_equal(piq_learner_outer(c.learner), 12);
    c = who(&w, "largest_learner");
    assert_int_equal(c.learner.v, (INT64_C(1) << 40) - 1);
    token_world_end(&w);
}

static void test_token__coaches_have_names(void **state)
{
    token_world w;
    piq_err err = {0};
    const piq_user_id list[] = {{40}};
    (void)state;
    token_world_begin(&w);
    piq_caller c = who(&w, "coach");
    assert_int_equal(c.role, PIQ_ROLE_COACH);
    assert_string_equal(c.coach, "anna@example");
    assert_string_equal(c.id, "coach:0/anna@example");
    assert_int_equal(c.learner.v, 0);
    assert_int_equal(c.scopes & PIQ_SCOPE_EVENTS_WRITE, 0);
    assert_int_equal(
        piq_access_assign(w.k, 0, PIQ_STR("anna@example"), list, 1, &err),
        PIQ_OK);
    assert_int_equal(
        piq_caller_may(w.k, &c, PIQ_SCOPE_PROFILE_READ, list[0], NOW, NULL),
        PIQ_OK);
    assert_int_equal(piq_caller_may(w.k, &c, PIQ_SCOPE_PROFILE_READ,
                                    (piq_user_id){41}, NOW, NULL),
                     PIQ_ENOTFOUND);
    token_world_end(&w);
}

static void test_token__long_coach_names_stay_apart(void **state)
{
    token_world w;
    piq_caller a, b;
    char claims[300], text[8192];
    (void)state;
    token_world_begin(&w);
    for (int i = 0; i < 2; i++) {
        snprintf(claims, sizeof claims,
                 "{\"sub\":\"%060d%d\",\"role\":\"coach\",\"aud\":\"piq\","
                 "\"exp\":1800000600}",
                 0, i);
        token_world_sign("{\"alg\":\"HS256\",\"kid\":\"hs\"}", claims, text);
        assert_int_equal(ask(&w, text, NOW, i ? &b : &a), PIQ_OK);
    }
    assert_string_not_equal(a.id, b.id);
    assert_string_not_equal(a.coach, b.coach);
    token_world_end(&w);
}

static void test_token__scope_only_narrows(void **state)
{
    token_world w;
    (void)state;
    token_world_begin(&w);
    piq_caller c = who(&w, "narrow"); /* "profile:read admin" */
    assert_int_equal(c.scopes, PIQ_SCOPE_PROFILE_READ | PIQ_SCOPE_ANY);
    token_world_end(&w);
}

static void test_token__what_is_remembered_still_expires(void **state)
{
    token_world w;
    piq_caller c;
    (void)state;
    token_world_begin(&w);
    const char *token = good("eddsa");
    assert_int_equal(ask(&w, token, NOW, &c), PIQ_OK);
    assert_int_equal(ask(&w, token, NOW + 3629 * SECOND, &c), PIQ_OK);
    assert_int_equal(ask(&w, token, NOW + 3630 * SECOND, &c), PIQ_EDENIED);
    /* And is not good before its time, should the clock be set back. */
    assert_int_equal(ask(&w, token, NOW, &c), PIQ_OK);
    assert_int_equal(ask(&w, token, NOW - 91 * SECOND, &c), PIQ_EDENIED);
    assert_int_equal(ask(&w, token, NOW - 90 * SECOND, &c), PIQ_OK);
    token_world_end(&w);
}

static void test_token__goes_at_once_with_its_signer(void **state)
{
    token_world w;
    piq_caller c;
    piq_err err = {0};
    piq_access *other;
    (void)state;
    token_world_begin(&w);
    assert_int_equal(piq_access_open(w.store, NULL, &other, &err), PIQ_OK);
    token_world there = {w.store, other};
    const char *token = good("eddsa");
    assert_int_equal(ask(&w, token, NOW, &c), PIQ_OK);
    assert_int_equal(ask(&there, token, NOW, &c), PIQ_OK);
    assert_int_equal(piq_access_drop_signer(w.k, PIQ_STR("ed"), &err), PIQ_OK);
    assert_int_equal(ask(&w, token, NOW, &c), PIQ_EDENIED);
    assert_int_equal(ask(&there, token, NOW + SECOND, &c), PIQ_OK);
    assert_int_equal(ask(&there, token, NOW + 3 * SECOND, &c), PIQ_EDENIED);
    assert_int_equal(piq_access_drop_signer(w.k, PIQ_STR("ed"), NULL),
                     PIQ_ENOTFOUND);
    /* Another key under the old name does not bring it back. */
    static const char other_secret[] = "0123456789abcdefghijklmnopqrstuv";
    assert_int_equal(
        token_world_signer(&w, "ed", "HS256", PIQ_STR(other_secret), 0),
        PIQ_OK);
    assert_int_equal(ask(&w, token, NOW, &c), PIQ_EDENIED);
    piq_access_close(other);
    token_world_end(&w);
}

static void test_token__sessions_go_with_the_signer_too(void **state)
{
    token_world w;
    piq_caller c;
    piq_err err = {0};
    char link[48], value[48], header[100];
    int64_t until;
    (void)state;
    token_world_begin(&w);
    assert_int_equal(ask(&w, good("eddsa"), NOW, &c), PIQ_OK);
    assert_int_equal(piq_access_make_link(w.k, &c, NOW, link, &err), PIQ_OK);
    assert_int_equal(
        piq_access_use_link(w.k, piq_str_of(link), NOW, value, &until, &err),
        PIQ_OK);
    /* No longer than the token that began it. */
    assert_int_equal(until, NOW + 3630 * SECOND);
    snprintf(header, sizeof header, "piq_session=%s", value);
    const piq_credential given = {.cookie = piq_str_of(header)};
    assert_int_equal(piq_access_authenticate(w.k, &given, NOW, &c, NULL),
                     PIQ_OK);
    assert_int_equal(piq_access_drop_signer(w.k, PIQ_STR("ed"), &err), PIQ_OK);
    assert_int_equal(piq_access_authenticate(w.k, &given, NOW, &c, NULL),
                     PIQ_EDENIED);
    token_world_end(&w);
}

static void test_token__keys_rotate_by_kid(void **state)
{
    token_world w;
    piq_caller c;
    piq_err err = {0};
    piq_arena a;
    piq_signer_info *list;
    size_t n;
    (void)state;
    token_world_begin(&w);
    assert_int_equal(
        token_world_signer(&w, "hs", "HS256", token_world_secret(), 0),
        PIQ_ECONFLICT);
    /* The new one beside the old, then without it. */
    assert_int_equal(ask(&w, good("eddsa"), NOW, &c), PIQ_OK);
    assert_int_equal(piq_access_drop_signer(w.k, PIQ_STR("ed"), &err), PIQ_OK);
    assert_int_equal(ask(&w, good("eddsa"), NOW, &c), PIQ_EDENIED);
    assert_int_equal(ask(&w, good("eddsa_by_jwk"), NOW, &c), PIQ_OK);
    piq_arena_init(&a, 0);
    assert_int_equal(piq_access_signers(w.k, &a, &list, &n, &err), PIQ_OK);
    assert_int_equal(n, 4);
    assert_string_equal(list[0].kid, "ed-jwk");
    assert_string_equal(list[0].algorithm, "EdDSA");
    assert_string_equal(list[2].kid, "rs");
    assert_int_equal(list[2].tenant, 7);
    assert_int_equal(list[2].made_us, NOW);
    piq_arena_release(&a);
    token_world_end(&w);
}

static void test_token__signers_that_make_no_sense_are_refused(void **state)
{
    token_world w;
    (void)state;
    token_world_begin(&w);
    assert_int_equal(
        token_world_signer(&w, "", "HS256", token_world_secret(), 0),
        PIQ_EINVAL);
    assert_int_equal(
        token_world_signer(&w, "a b", "HS256", token_world_secret(), 0),
        PIQ_EINVAL);
    assert_int_equal(token_world_signer(&w, "a", "HS256", token_world_secret(),
                                        PIQ_MAX_TENANT + 1),
                     PIQ_EINVAL);
    token_world_end(&w);
}

static void test_token__a_damaged_signer_lets_nobody_in(void **state)
{
    token_world w;
    piq_caller c;
    piq_err err = {0};
    (void)state;
    token_world_begin(&w);
    record_store_tamper(w.store, "signer", "ed",
                        "{\"algorithm\":\"EdDSA\",\"tenant\":0,\"key\":\"!\"}");
    assert_int_equal(piq_access_drop_signer(w.k, PIQ_STR("hs"), &err), PIQ_OK);
    assert_int_equal(ask(&w, good("eddsa"), NOW, &c), PIQ_EDENIED);
    assert_int_equal(ask(&w, good("eddsa_by_jwk"), NOW, &c), PIQ_OK);
    token_world_end(&w);
}

static void test_token__the_installation_may_ask_for_less_or_more(void **state)
{
    token_world w;
    piq_caller c;
    piq_err err = {0};
    (void)state;
    token_world_begin(&w);
    const piq_access_config strict = {.audience = "poker",
                                      .max_token_s = 600,
                                      .leeway_s = 1,
                                      .reload_ms = 50};
    piq_access *k;
    assert_int_equal(piq_access_open(w.store, &strict, &k, &err), PIQ_OK);
    token_world other = {w.store, k};
    assert_int_equal(ask(&other, good("eddsa"), NOW, &c), PIQ_EDENIED);
    char text[8192];
    token_world_sign("{\"alg\":\"HS256\",\"kid\":\"hs\"}",
                     "{\"sub\":\"12\",\"aud\":\"poker\",\"exp\":1800000600}",
                     text);
    assert_int_equal(ask(&other, text, NOW, &c), PIQ_OK);
    assert_int_equal(ask(&other, text, NOW + 601 * SECOND, &c), PIQ_EDENIED);
    assert_int_equal(ask(&other, text, NOW - SECOND, &c), PIQ_OK);
    piq_access_close(k);
    token_world_end(&w);
}

static void test_token__no_memory_is_an_error_and_nothing_else(void **state)
{
    token_world w;
    piq_caller c;
    bool done = false;
    (void)state;
    token_world_begin(&w);
    for (long i = 1; !done; i++) {
        piq_access *k = NULL;
        piq_alloc_fail_after(i, 0);
        piq_status status = piq_access_open(w.store, NULL, &k, NULL);
        token_world other = {w.store, k};
        if (!status)
            status = token_world_signer(&other, "more", "EdDSA",
                                        PIQ_STR(GOLDEN_ED_PEM), 0);
        if (!status)
            status = ask(&other, good("rs256"), NOW, &c);
        piq_alloc_fail_after(0, 0);
        done = status == PIQ_OK;
        if (!done)
            assert_int_equal(status, PIQ_ENOMEM);
        (void)!piq_access_drop_signer(w.k, PIQ_STR("more"), NULL);
        piq_access_close(k);
        assert_true(i < 500);
    }
    token_world_end(&w);
}

static void *verify_some(void *ctx)
{
    token_world *w = ctx;
    char claims[200], text[8192];
    piq_caller c;
    for (int i = 0; i < 150; i++) {
        snprintf(claims, sizeof claims,
                 "{\"sub\":\"%d\",\"aud\":\"piq\",\"exp\":1800000600}", i + 1);
        token_world_sign("{\"alg\":\"HS256\",\"kid\":\"hs\"}", claims, text);
        if (ask(w, text, NOW + i * SECOND, &c) || c.learner.v != i + 1 ||
            ask(w, good("eddsa"), NOW + i, &c) ||
            ask(w, good("rs256"), NOW + i, &c))
            return w;
    }
    return NULL;
}

static void *turn_over(void *ctx)
{
    token_world *w = ctx;
    piq_caller c;
    for (int i = 0; i < 30; i++)
        if (piq_access_drop_signer(w->k, PIQ_STR("ed-jwk"), NULL) ||
            ask(w, good("eddsa_by_jwk"), NOW, &c) != PIQ_EDENIED ||
            token_world_signer(w, "ed-jwk", "EdDSA", PIQ_STR(GOLDEN_ED_JWK),
                               0) ||
            ask(w, good("eddsa_by_jwk"), NOW, &c))
            return w;
    return NULL;
}

static void test_token__threads_verify_while_signers_change(void **state)
{
    token_world w;
    pthread_t threads[4];
    (void)state;
    token_world_begin(&w);
    for (int i = 0; i < 4; i++)
        assert_int_equal(
            pthread_create(&threads[i], NULL, i ? verify_some : turn_over, &w),
            0);
    for (int i = 0; i < 4; i++) {
        void *bad;
        pthread_join(threads[i], &bad);
        assert_null(bad);
    }
    token_world_end(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_token__learners_are_told_by_every_algorithm),
        cmocka_unit_test(test_token__the_tenant_is_the_signers),
        cmocka_unit_test(test_token__coaches_have_names),
        cmocka_unit_test(test_token__long_coach_names_stay_apart),
        cmocka_unit_test(test_token__scope_only_narrows),
        cmocka_unit_test(test_token__what_is_remembered_still_expires),
        cmocka_unit_test(test_token__goes_at_once_with_its_signer),
        cmocka_unit_test(test_token__sessions_go_with_the_signer_too),
        cmocka_unit_test(test_token__keys_rotate_by_kid),
        cmocka_unit_test(test_token__signers_that_make_no_sense_are_refused),
        cmocka_unit_test(test_token__a_damaged_signer_lets_nobody_in),
        cmocka_unit_test(test_token__the_installation_may_ask_for_less_or_more),
        cmocka_unit_test(test_token__no_memory_is_an_error_and_nothing_else),
        cmocka_unit_test(test_token__threads_verify_while_signers_change)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
