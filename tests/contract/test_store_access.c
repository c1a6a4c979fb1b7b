/* Keys, signers, coaches and the audit on every backend: two processes agree,
 * and what a backend does to JSON breaks no chain. */
#include "access/audit.h"
#include "contract/memory_place.h"
#include "contract/store_contract.h"
#include "golden/tokens.h"

static const int64_t NOW = GOLDEN_NOW_US;
static const int64_t LATER = 3000000; /* more than reload_ms */

/* ---- tests -------------------------------------------------------------- */

static piq_access *open_access(store_fixture *f)
{
    piq_access *k = NULL;
    assert_status(f, PIQ_OK, piq_access_open(f->s, NULL, &k, &f->err));
    return k;
}

static piq_status ask(piq_access *k, const char *credential, int64_t now_us,
                      piq_caller *out)
{
    char header[2048];
    snprintf(header, sizeof header, "Bearer %s", credential);
    const piq_credential given = {.authorization = piq_str_of(header)};
    return piq_access_authenticate(k, &given, now_us, out, NULL);
}

static void test_store__keys_are_the_same_for_two_processes(void **state)
{
    store_fixture *f = *state;
    piq_access *a = open_access(f), *b = open_access(f);
    piq_key_info info = {.name = "caf\xc3\xa9 \"1\"",
                         .tenant = 3,
                         .scopes = PIQ_SCOPE_PROFILE_READ | PIQ_SCOPE_ADMIN,
                         .expires_us = NOW + 2 * LATER,
                         .requests_per_s = 7};
    piq_key_info *list;
    piq_caller c;
    char secret[PIQ_KEY_BYTES];
    size_t n;
    assert_status(f, PIQ_OK,
                  piq_access_make_key(a, &info, NOW, secret, &f->err));
    assert_status(f, PIQ_OK, piq_access_keys(b, &f->a, &list, &n, &f->err));
    assert_int_equal(n, 1);
    assert_memory_equal(&list[0], &info, sizeof info);
    assert_status(f, PIQ_OK, ask(b, secret, NOW, &c));
    assert_int_equal(c.tenant, 3);
    assert_status(f, PIQ_EDENIED, ask(b, secret, NOW + 2 * LATER, &c));
    assert_status(f, PIQ_OK,
                  piq_access_revoke_key(b, piq_str_of(info.id), &f->err));
    assert_status(f, PIQ_EDENIED, ask(b, secret, NOW, &c));
    assert_status(f, PIQ_EDENIED, ask(a, secret, NOW + LATER, &c));
    assert_status(f, PIQ_ENOTFOUND,
                  piq_access_revoke_key(a, piq_str_of(info.id), NULL));
    piq_access_close(a);
    piq_access_close(b);
}

static void test_store__signers_are_what_was_added(void **state)
{
    store_fixture *f = *state;
    piq_access *a = open_access(f);
    const piq_signer_info rs = {.kid = "rs", .algorithm = "RS256", .tenant = 7};
    const piq_signer_info ed = {.kid = "ed", .algorithm = "EdDSA"};
    piq_caller c;
    assert_status(
        f, PIQ_OK,
        piq_access_add_signer(a, &rs, PIQ_STR(GOLDEN_RSA_PEM), NOW, &f->err));
    assert_status(
        f, PIQ_OK,
        piq_access_add_signer(a, &ed, PIQ_STR(GOLDEN_ED_JWK), NOW, &f->err));
    assert_status(
        f, PIQ_ECONFLICT,
        piq_access_add_signer(a, &ed, PIQ_STR(GOLDEN_ED_JWK), NOW, &f->err));
    piq_access *b = open_access(f);
    for (size_t i = 0; i < sizeof golden_good / sizeof golden_good[0]; i++) {
        bool of_rs = strcmp(golden_good[i].name, "rs256") == 0;
        if (!of_rs && strcmp(golden_good[i].name, "eddsa") != 0)
            continue;
        assert_status(f, PIQ_OK, ask(b, golden_good[i].token, NOW, &c));
        assert_int_equal(c.tenant, of_rs ? 7 : 0);
    }
    piq_access_close(a);
    piq_access_close(b);
}

static void test_store__coaches_keep_their_learners(void **state)
{
    store_fixture *f = *state;
    piq_access *a = open_access(f), *b = open_access(f);
    static piq_user_id many[10000];
    piq_user_id *list;
    size_t n;
    for (size_t i = 0; i < 10000; i++)
        assert_status(f, PIQ_OK,
                      piq_learner_of(PIQ_MAX_TENANT,
                                     (INT64_C(1) << 40) - 1 - (int64_t)i,
                                     &many[i], &f->err));
    assert_status(f, PIQ_OK,
                  piq_access_assign(a, PIQ_MAX_TENANT, PIQ_STR("anna"), many,
                                    10000, &f->err));
    assert_status(f, PIQ_OK, piq_access_forget(b, many[5000], &f->err));
    assert_status(f, PIQ_OK,
                  piq_access_assigned(b, &f->a, PIQ_MAX_TENANT, PIQ_STR("anna"),
                                      &list, &n, &f->err));
    assert_int_equal(n, 9999);
    assert_int_equal(list[0].v, many[9999].v);
    assert_int_equal(list[9998].v, many[0].v);
    piq_access_close(a);
    piq_access_close(b);
}

static piq_status count_one(void *ctx, piq_str json, piq_err *err)
{
    size_t *n = ctx;
    (void)json;
    (void)err;
    ++*n;
    return PIQ_OK;
}

static size_t entries_of(store_fixture *f, int64_t user)
{
    size_t n = 0;
    assert_status(f, PIQ_OK,
                  piq_audit_list(f->s, (piq_user_id){user}, INT64_MIN, 0,
                                 count_one, &n, &f->err));
    return n;
}

static void add(store_fixture *f, piq_audit *k, int i, int64_t user)
{
    const piq_audit_entry e = {.at_us = NOW + i,
                               .caller = i % 3 ? "key:7f3a" : "coach:0/anna",
                               .action = "GET /api/users/{userId}/profile",
                               .user = {user},
                               .status = 200,
                               .request = UINT64_MAX - (uint64_t)i,
                               .policy = UINT32_MAX};
    assert_status(f, PIQ_OK, piq_audit_add(k, &e, &f->err));
}

static void test_store__the_audit_is_whole(void **state)
{
    store_fixture *f = *state;
    piq_audit *a, *b;
    uint64_t entries = 0, chains = 0, pieces = 0;
    assert_status(f, PIQ_OK, piq_audit_open(f->s, &a, &f->err));
    assert_status(f, PIQ_OK, piq_audit_open(f->s, &b, &f->err));
    for (int i = 0; i < 5000; i++) {
        add(f, i % 2 ? a : b, i, 0);
        if (i % 97 == 0)
            assert_status(f, PIQ_OK, piq_audit_flush(i % 2 ? a : b, &f->err));
    }
    piq_audit_close(a);
    piq_audit_close(b);
    fixture_reopen(f);
    assert_status(f, PIQ_OK,
                  piq_audit_verify(f->s, &entries, &chains, &f->err));
    assert_int_equal(entries, 5000);
    assert_int_equal(chains, 2);
    assert_int_equal(entries_of(f, 0), 5000);
    assert_status(f, PIQ_OK,
                  piq_audit_trim(f->s, NOW + 2500, &pieces, &f->err));
    assert_true(pieces > 20);
    assert_in_range(entries_of(f, 0), 2500, 2700);
    assert_status(f, PIQ_OK,
                  piq_audit_verify(f->s, &entries, &chains, &f->err));
    assert_int_equal(entries, 5000);
}

static void test_store__an_erased_learner_leaves_the_audit_whole(void **state)
{
    store_fixture *f = *state;
    piq_audit *k;
    piq_erased erased;
    uint64_t entries = 0, chains = 0;
    const piq_state_row there[] = {state_of(12, 0, "x"), state_of(13, 0, "x")};
    must_commit(f, (piq_commit){.states = there, .n_states = 2});
    assert_status(f, PIQ_OK, piq_audit_open(f->s, &k, &f->err));
    add(f, k, 1, 12);
    add(f, k, 2, 13);
    assert_status(f, PIQ_OK, piq_audit_flush(k, &f->err));
    assert_int_equal(entries_of(f, 12), 1);
    assert_status(f, PIQ_OK,
                  f->s->ops->erase(f->s, (piq_user_id){12}, &erased, &f->err));
    piq_audit_forget(k, (piq_user_id){12});
    add(f, k, 3, 12);
    piq_audit_close(k);
    assert_int_equal(entries_of(f, 12), 0);
    assert_int_equal(entries_of(f, 13), 1);
    assert_status(f, PIQ_OK,
                  piq_audit_verify(f->s, &entries, &chains, &f->err));
    assert_int_equal(entries, 3);
    /* The entry about the erasure made nothing of theirs anew. */
    assert_status(f, PIQ_ENOTFOUND,
                  f->s->ops->erase(f->s, (piq_user_id){12}, &erased, NULL));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        STORE_TEST(test_store__keys_are_the_same_for_two_processes),
        STORE_TEST(test_store__signers_are_what_was_added),
        STORE_TEST(test_store__coaches_keep_their_learners),
        STORE_TEST(test_store__the_audit_is_whole),
        STORE_TEST(test_store__an_erased_learner_leaves_the_audit_whole),
    };
    const size_t n = sizeof tests / sizeof tests[0];
    return store_run_tests(tests, n) +
           store_run_tests_on(&memory_kind, tests, n);
}
