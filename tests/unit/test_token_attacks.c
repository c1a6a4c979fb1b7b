/* test_token_attacks.c - tokens that must not let anybody in, each for the
 * reason that is its own, and once more at the front door. Made by another
 * implementation: golden/make_tokens.py. */
#include "access/keeper.h"
#include "access/token.h"
#include "golden/tokens.h"
#include "support/token_world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <stdio.h>

static const char *name_of(piq_token_fault fault)
{
    static const char *const names[] = {
        "GOOD",      "LONG",      "FORM",    "HEADER",  "KID",
        "ALGORITHM", "SIGNATURE", "CLAIMS",  "EXPIRED", "EARLY",
        "LIFE",      "AUDIENCE",  "SUBJECT", "ROLE",    "SCOPE"};
    return names[fault];
}

static piq_token_fault fault_of(token_world *w, const char *text)
{
    piq_token t;
    piq_caller c;
    int64_t from_us;
    piq_token_fault fault = piq_token_split(piq_str_of(text), &t);
    if (fault)
        return fault;
    piq_access_view *v = piq_access_held(w->k);
    const piq_signer_entry *by = piq_access_view_signer(v, piq_str_of(t.kid));
    const piq_token_rules rules = {.audience = PIQ_STR("piq"),
                                   .max_life_us = INT64_C(86400) * 1000000,
                                   .leeway_us = INT64_C(30) * 1000000,
                                   .now_us = GOLDEN_NOW_US};
    fault = by ? piq_token_verify(&t, by->verifier) : PIQ_TOKEN_KID;
    if (!fault)
        fault = piq_token_claims(&t, &rules, &c, &from_us);
    piq_access_view_release(v);
    return fault;
}

static void refuse_all(const struct golden_bad *rows, size_t n)
{
    token_world w;
    piq_caller c, untouched;
    memset(&untouched, 0x5a, sizeof untouched);
    token_world_begin(&w);
    for (size_t i = 0; i < n; i++) {
        const char *fault = name_of(fault_of(&w, rows[i].token));
        if (strcmp(fault, rows[i].fault) != 0)
            fail_msg("%s: %s, not %s", rows[i].name, fault, rows[i].fault);
        c = untouched;
        if (token_world_ask(&w, piq_str_of(rows[i].token), GOLDEN_NOW_US, &c,
                            NULL) != PIQ_EDENIED)
            fail_msg("%s lets somebody in", rows[i].name);
        assert_memory_equal(&c, &untouched, sizeof c);
    }
    print_message("%zu tokens refused\n", n);
    token_world_end(&w);
}

#define REFUSE_ALL(table) refuse_all(table, sizeof table / sizeof table[0])

static void test_token__attacks_on_the_signature_fail(void **state)
{
    (void)state;
    REFUSE_ALL(golden_signatures);
}

static void test_token__none_and_confused_keys_fail(void **state)
{
    (void)state;
    REFUSE_ALL(golden_confusions);
}

static void test_token__headers_that_say_more_fail(void **state)
{
    (void)state;
    REFUSE_ALL(golden_headers);
}

static void test_token__other_spellings_fail(void **state)
{
    (void)state;
    REFUSE_ALL(golden_forms);
}

static void test_token__claims_that_are_not_right_fail(void **state)
{
    (void)state;
    REFUSE_ALL(golden_claims);
}

/* What the attacks are one change away from. */
static void test_token__their_unchanged_likes_are_good(void **state)
{
    token_world w;
    (void)state;
    token_world_begin(&w);
    for (size_t i = 0; i < sizeof golden_good / sizeof golden_good[0]; i++)
        if (fault_of(&w, golden_good[i].token))
            fail_msg("%s: %s", golden_good[i].name,
                     name_of(fault_of(&w, golden_good[i].token)));
    token_world_end(&w);
}

/* Every bit of a good token, turned. */
static void test_token__no_bit_may_be_turned(void **state)
{
    token_world w;
    char text[PIQ_MAX_TOKEN_BYTES];
    (void)state;
    token_world_begin(&w);
    for (size_t k = 0; k < 3; k++) {
        size_t len = strlen(golden_good[k].token);
        memcpy(text, golden_good[k].token, len + 1);
        for (size_t i = 0; i < len * 7; i++) {
            text[i / 7] = (char)(text[i / 7] ^ 1 << i % 7);
            if (text[i / 7] && !fault_of(&w, text))
                fail_msg("%s with bit %zu turned", golden_good[k].name, i);
            text[i / 7] = (char)(text[i / 7] ^ 1 << i % 7);
        }
        assert_int_equal(fault_of(&w, text), PIQ_TOKEN_GOOD);
    }
    token_world_end(&w);
}

static void test_token__no_part_may_be_cut_or_doubled(void **state)
{
    token_world w;
    char text[2 * PIQ_MAX_TOKEN_BYTES];
    (void)state;
    token_world_begin(&w);
    const char *good = golden_good[0].token;
    for (size_t n = 0; n < strlen(good); n++) {
        snprintf(text, sizeof text, "%.*s", (int)n, good);
        assert_int_not_equal(fault_of(&w, text), PIQ_TOKEN_GOOD);
        snprintf(text, sizeof text, "%.*s%s", (int)n + 1, good, good + n);
        assert_int_not_equal(fault_of(&w, text), PIQ_TOKEN_GOOD);
        snprintf(text, sizeof text, "%.*s%s", (int)n, good, good + n + 1);
        assert_int_not_equal(fault_of(&w, text), PIQ_TOKEN_GOOD);
    }
    token_world_end(&w);
}

static void test_token__too_long_is_refused_unread(void **state)
{
    token_world w;
    char claims[4096], text[8192];
    (void)state;
    token_world_begin(&w);
    for (int fill = 2700; fill < 3300; fill += 37) {
        snprintf(claims, sizeof claims,
                 "{\"sub\":\"12\",\"aud\":\"piq\",\"exp\":1800000600,"
                 "\"x\":\"%0*d\"}",
                 fill, 0);
        token_world_sign("{\"alg\":\"HS256\",\"kid\":\"hs\"}", claims, text);
        assert_int_equal(fault_of(&w, text), strlen(text) > PIQ_MAX_TOKEN_BYTES
                                                 ? PIQ_TOKEN_LONG
                                                 : PIQ_TOKEN_GOOD);
    }
    token_world_end(&w);
}

/* Which part of a strange token is wrong is nobody's business. */
static void test_token__refusals_before_the_signature_look_the_same(
    void **state)
{
    (void)state;
    for (int f = PIQ_TOKEN_FORM; f <= PIQ_TOKEN_SIGNATURE; f++)
        assert_string_equal(piq_token_fault_text((piq_token_fault)f),
                            piq_token_fault_text(PIQ_TOKEN_SIGNATURE));
}

static void test_token__messages_hold_nothing_of_the_token(void **state)
{
    token_world w;
    piq_caller c;
    (void)state;
    token_world_begin(&w);
    for (size_t i = 0; i < sizeof golden_claims / sizeof golden_claims[0];
         i++) {
        piq_err err = {0};
        assert_int_equal(token_world_ask(&w, piq_str_of(golden_claims[i].token),
                                         GOLDEN_NOW_US, &c, &err),
                         PIQ_EDENIED);
        assert_string_equal(err.where, "");
        bool known = false;
        for (int f = PIQ_TOKEN_LONG; f <= PIQ_TOKEN_SCOPE; f++)
            known =
                known || strcmp(err.message,
                                piq_token_fault_text((piq_token_fault)f)) == 0;
        assert_true(known);
    }
    token_world_end(&w);
}

static void test_token__keys_that_are_none_are_refused(void **state)
{
    token_world w;
    (void)state;
    token_world_begin(&w);
    for (size_t i = 0; i < sizeof golden_bad_keys / sizeof golden_bad_keys[0];
         i++)
        if (token_world_signer(&w, "new", golden_bad_keys[i].algorithm,
                               piq_str_of(golden_bad_keys[i].key),
                               0) != PIQ_EINVAL)
            fail_msg("%s was taken", golden_bad_keys[i].name);
    token_world_end(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_token__attacks_on_the_signature_fail),
        cmocka_unit_test(test_token__none_and_confused_keys_fail),
        cmocka_unit_test(test_token__headers_that_say_more_fail),
        cmocka_unit_test(test_token__other_spellings_fail),
        cmocka_unit_test(test_token__claims_that_are_not_right_fail),
        cmocka_unit_test(test_token__their_unchanged_likes_are_good),
        cmocka_unit_test(test_token__no_bit_may_be_turned),
        cmocka_unit_test(test_token__no_part_may_be_cut_or_doubled),
        cmocka_unit_test(test_token__too_long_is_refused_unread),
        cmocka_unit_test(
            test_token__refusals_before_the_signature_look_the_same),
        cmocka_unit_test(test_token__messages_hold_nothing_of_the_token),
        cmocka_unit_test(test_token__keys_that_are_none_are_refused)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
