/* test_access_laws.c - what holds of access whatever happens: scopes never
 * widen, who was revoked is never admitted, tenants are never crossed, rates
 * are never passed. Random worlds, each beside a plain model of itself. */
#include "access/access.h"
#include "base/rng.h"
#include "golden/tokens.h"
#include "support/record_store.h"
#include "support/token_world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <stdio.h>

static const int64_t NOW = GOLDEN_NOW_US;
static const int64_t SECOND = 1000000;
enum { N_SCOPES = 6 };

static size_t below(piq_rng *rng, size_t n)
{
    return (size_t)piq_rng_below(rng, n);
}

static uint32_t random_scopes(piq_rng *rng)
{
    return (uint32_t)piq_rng_below(rng, 1U << N_SCOPES);
}

static void names_of(uint32_t scopes, char out[200])
{
    size_t len = 0;
    out[0] = 0;
    for (uint32_t one = 1; one < 1U << N_SCOPES; one <<= 1)
        if (scopes & one)
            len += (size_t)snprintf(out + len, 200 - len, "%s%s",
                                    len ? " " : "", piq_scope_name(one));
}

/* ---- scopes ---------------------------------------------------------------
 */

static void test_access__scopes_are_their_names(void **state)
{
    (void)state;
    for (uint32_t s = 1; s < 1U << N_SCOPES; s++) {
        char names[200];
        names_of(s, names);
        assert_int_equal(piq_scopes_read(piq_str_of(names)), s);
    }
}

static uint32_t scopes_of(token_world *w, const char *role, const char *scope)
{
    char claims[600], text[8192];
    piq_caller c;
    piq_err err = {0};
    snprintf(claims, sizeof claims,
             "{\"sub\":\"%s\",\"role\":\"%s\",\"aud\":\"piq\","
             "\"exp\":1800000600%s%s%s}",
             *role == 'c' ? "anna" : "12", role, scope ? ",\"scope\":\"" : "",
             scope ? scope : "", scope ? "\"" : "");
    token_world_sign("{\"alg\":\"HS256\",\"kid\":\"hs\"}", claims, text);
    if (token_world_ask(w, piq_str_of(text), NOW, &c, &err))
        fail_msg("%s: %s", claims, err.message);
    return c.scopes;
}

/* A token has what its role has, and of that what it names: never more. */
static void test_access__a_tokens_scopes_never_widen(void **state)
{
    token_world w;
    (void)state;
    token_world_begin(&w);
    static const char *const roles[] = {"learner", "coach"};
    for (size_t r = 0; r < 2; r++) {
        uint32_t all = scopes_of(&w, roles[r], NULL);
        assert_int_equal(all & (PIQ_SCOPE_ADMIN | PIQ_SCOPE_CATALOGUE_WRITE),
                         0);
        for (uint32_t s = 1; s < 1U << N_SCOPES; s++) {
            char names[200];
            names_of(s, names);
            assert_int_equal(scopes_of(&w, roles[r], names),
                             (all & s) | PIQ_SCOPE_ANY);
        }
    }
    token_world_end(&w);
}

/* Taking a scope away allows nothing that was not allowed before. */
static void test_access__fewer_scopes_allow_less(void **state)
{
    token_world w;
    piq_rng rng;
    (void)state;
    token_world_begin(&w);
    piq_rng_seed(&rng, 5);
    for (int i = 0; i < 20000; i++) {
        piq_caller c = piq_caller_trusted();
        c.role = (piq_role)below(&rng, 2);
        c.tenant = (uint32_t)below(&rng, 2);
        c.scopes = random_scopes(&rng);
        c.learner.v = (int64_t)(1 + below(&rng, 3));
        piq_caller less = c;
        less.scopes &= random_scopes(&rng);
        uint32_t scope = random_scopes(&rng);
        piq_user_id user = {(int64_t)below(&rng, 4)};
        if (piq_caller_may(w.k, &less, scope, user, NOW, NULL) == PIQ_OK)
            assert_int_equal(piq_caller_may(w.k, &c, scope, user, NOW, NULL),
                             PIQ_OK);
    }
    token_world_end(&w);
}

/* ---- keys come and go ------------------------------------------------------
 */

enum { MAX_MADE = 60 };

typedef struct model_key {
    char secret[PIQ_KEY_BYTES];
    char id[24];
    uint32_t scopes, tenant;
    int64_t expires_us;
    bool revoked;
} model_key;

typedef struct two_keepers {
    piq_store *store;
    piq_access *k[2];
    model_key keys[MAX_MADE];
    size_t n;
    int64_t now_us;
} two_keepers;

static void make(two_keepers *w, piq_rng *rng)
{
    model_key *m = &w->keys[w->n];
    piq_key_info info = {.tenant = (uint32_t)below(rng, 3),
                         .scopes = random_scopes(rng),
                         .expires_us = INT64_MAX};
    piq_access *k = w->k[below(rng, 2)];
    if (below(rng, 4) == 0)
        info.expires_us = w->now_us + (int64_t)(1 + below(rng, 60)) * SECOND;
    piq_status status =
        piq_access_make_key(k, &info, w->now_us, m->secret, NULL);
    bool sound = info.scopes &&
                 !(info.tenant && (info.scopes & PIQ_SCOPE_CATALOGUE_WRITE));
    assert_int_equal(status, sound ? PIQ_OK : PIQ_EINVAL);
    if (!sound)
        return;
    memcpy(m->id, info.id, sizeof m->id);
    m->scopes = info.scopes;
    m->tenant = info.tenant;
    m->expires_us = info.expires_us;
    m->revoked = false;
    w->n++;
}

static void revoke(two_keepers *w, piq_rng *rng)
{
    model_key *m = &w->keys[below(rng, w->n)];
    assert_int_equal(
        piq_access_revoke_key(w->k[below(rng, 2)], piq_str_of(m->id), NULL),
        m->revoked ? PIQ_ENOTFOUND : PIQ_OK);
    m->revoked = true;
}

static void check_key(two_keepers *w, size_t which, const model_key *m)
{
    char header[100];
    piq_caller c;
    snprintf(header, sizeof header, "Bearer %s", m->secret);
    const piq_credential given = {.authorization = piq_str_of(header)};
    piq_status status =
        piq_access_authenticate(w->k[which], &given, w->now_us, &c, NULL);
    bool good = !m->revoked && m->expires_us > w->now_us;
    assert_int_equal(status, good ? PIQ_OK : PIQ_EDENIED);
    if (!good)
        return;
    assert_int_equal(c.scopes, m->scopes | PIQ_SCOPE_ANY);
    assert_int_equal(c.tenant, m->tenant);
}

static void test_access__who_is_revoked_is_never_admitted(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 20; seed++) {
        two_keepers w = {.store = record_store_new(), .now_us = NOW};
        piq_rng rng;
        piq_rng_seed(&rng, seed);
        for (size_t i = 0; i < 2; i++)
            assert_int_equal(piq_access_open(w.store, NULL, &w.k[i], NULL),
                             PIQ_OK);
        for (int step = 0; step < 150; step++) {
            if (w.n < MAX_MADE && (w.n == 0 || below(&rng, 3) == 0))
                make(&w, &rng);
            else if (below(&rng, 2) == 0 && w.n)
                revoke(&w, &rng);
            /* Past what either may still believe. */
            w.now_us += 3 * SECOND;
            for (size_t i = 0; i < w.n; i++)
                check_key(&w, below(&rng, 2), &w.keys[i]);
        }
        piq_access_close(w.k[0]);
        piq_access_close(w.k[1]);
        w.store->ops->close(w.store);
    }
}

/* ---- tenants ----------------------------------------------------------------
 */

enum { N_TENANTS = 3, N_LEARNERS = 8, N_COACHES = 2 };

typedef struct lists {
    bool has[N_TENANTS][N_COACHES][N_LEARNERS];
} lists;

static piq_user_id learner(uint32_t tenant, size_t i)
{
    piq_user_id u;
    assert_int_equal(piq_learner_of(tenant, (int64_t)i + 1, &u, NULL), PIQ_OK);
    return u;
}

static void assign(piq_access *k, lists *l, piq_rng *rng)
{
    uint32_t t = (uint32_t)below(rng, N_TENANTS);
    size_t c = below(rng, N_COACHES), n = 0;
    piq_user_id ids[N_LEARNERS];
    char name[16];
    for (size_t i = 0; i < N_LEARNERS; i++) {
        l->has[t][c][i] = below(rng, 2) == 0;
        if (l->has[t][c][i])
            ids[n++] = learner(t, i);
    }
    snprintf(name, sizeof name, "coach-%zu", c);
    assert_int_equal(piq_access_assign(k, t, piq_str_of(name), ids, n, NULL),
                     PIQ_OK);
}

static piq_caller random_caller(piq_rng *rng, size_t *coach)
{
    piq_caller c = piq_caller_trusted();
    c.role = (piq_role)below(rng, 3);
    c.tenant = (uint32_t)below(rng, N_TENANTS);
    c.scopes = random_scopes(rng);
    *coach = below(rng, N_COACHES);
    if (c.role == PIQ_ROLE_LEARNER)
        c.learner = learner(c.tenant, below(rng, N_LEARNERS));
    if (c.role == PIQ_ROLE_COACH)
        snprintf(c.coach, sizeof c.coach, "coach-%zu", *coach);
    return c;
}

/* The rules of access.h, said plainly. */
static piq_status expected(const piq_caller *c, const lists *l, size_t coach,
                           uint32_t scope, uint32_t tenant, size_t i)
{
    if ((c->scopes & scope) != scope)
        return PIQ_EDENIED;
    if ((scope & PIQ_SCOPE_CATALOGUE_WRITE) &&
        (c->tenant != 0 || c->role != PIQ_ROLE_PLATFORM))
        return PIQ_EDENIED;
    if (tenant != c->tenant)
        return PIQ_ENOTFOUND;
    if (c->role == PIQ_ROLE_LEARNER &&
        piq_learner_outer(c->learner) != (int64_t)i + 1)
        return PIQ_ENOTFOUND;
    if (c->role == PIQ_ROLE_COACH && !l->has[tenant][coach][i])
        return PIQ_ENOTFOUND;
    return PIQ_OK;
}

static void test_access__tenants_are_never_crossed(void **state)
{
    piq_store *s = record_store_new();
    piq_access *k;
    piq_rng rng;
    lists l = {0};
    size_t n_ok = 0;
    (void)state;
    assert_int_equal(piq_access_open(s, NULL, &k, NULL), PIQ_OK);
    piq_rng_seed(&rng, 11);
    for (int i = 0; i < 60000; i++) {
        size_t coach, who = below(&rng, N_LEARNERS);
        if (i % 200 == 0)
            assign(k, &l, &rng);
        piq_caller c = random_caller(&rng, &coach);
        uint32_t tenant = (uint32_t)below(&rng, N_TENANTS);
        uint32_t scope =
            below(&rng, 4) ? 1U << below(&rng, N_SCOPES) : random_scopes(&rng);
        piq_status is =
            piq_caller_may(k, &c, scope, learner(tenant, who), NOW, NULL);
        assert_int_equal(is, expected(&c, &l, coach, scope, tenant, who));
        if (is == PIQ_OK)
            assert_int_equal(c.tenant, tenant);
        n_ok += is == PIQ_OK;
    }
    assert_in_range(n_ok, 1000, 30000); /* there was something to find */
    piq_access_close(k);
    s->ops->close(s);
}

/* ---- rates ------------------------------------------------------------------
 */

/* In no stretch of time more than the burst and what the rate gives. */
static void test_access__no_window_passes_the_rate(void **state)
{
    enum { N = 2000, RATE = 7, BURST = 12 };
    static int64_t taken[N];
    piq_store *s = record_store_new();
    const piq_access_config config = {.requests_per_s = RATE, .burst = BURST};
    piq_access *k;
    piq_rng rng;
    (void)state;
    assert_int_equal(piq_access_open(s, &config, &k, NULL), PIQ_OK);
    piq_rng_seed(&rng, 3);
    piq_caller c = piq_caller_trusted();
    c.requests_per_s = 0;
    int64_t now_us = NOW, free_us = 0;
    size_t n = 0;
    for (int i = 0; i < N; i++) {
        unsigned retry_s = 0;
        now_us += (int64_t)below(&rng, below(&rng, 50) ? 100000 : 3000000);
        if (piq_access_admit(k, &c, now_us, &retry_s, NULL) == PIQ_OK) {
            taken[n++] = now_us;
            continue;
        }
        free_us = now_us + (int64_t)retry_s * SECOND;
        assert_in_range(retry_s, 1, 2);
        /* As it was told: then there is room. */
        if (below(&rng, 3) == 0) {
            now_us = free_us;
            assert_int_equal(piq_access_admit(k, &c, now_us, &retry_s, NULL),
                             PIQ_OK);
            taken[n++] = now_us;
        }
    }
    for (size_t i = 0; i < n; i++)
        for (size_t j = i; j < n && j < i + 200; j++) {
            double span_s = (double)(taken[j] - taken[i]) / 1e6;
            assert_true((double)(j - i + 1) <= BURST + RATE * span_s + 1e-3);
        }
    piq_access_close(k);
    s->ops->close(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_access__scopes_are_their_names),
        cmocka_unit_test(test_access__a_tokens_scopes_never_widen),
        cmocka_unit_test(test_access__fewer_scopes_allow_less),
        cmocka_unit_test(test_access__who_is_revoked_is_never_admitted),
        cmocka_unit_test(test_access__tenants_are_never_crossed),
        cmocka_unit_test(test_access__no_window_passes_the_rate)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
