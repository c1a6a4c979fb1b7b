#include "support/access_world.h"

#include "support/record_store.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>

void access_must(piq_status status, const piq_err *err)
{
    if (status)
        fail_msg("%s", err->message);
}

piq_access *access_open_on(piq_store *s, const piq_access_config *config)
{
    piq_access *k;
    piq_err err = {0};
    access_must(piq_access_open(s, config, &k, &err), &err);
    return k;
}

piq_key_info access_key_like(const char *name, uint32_t tenant, uint32_t scopes)
{
    piq_key_info info = {
        .tenant = tenant, .scopes = scopes, .expires_us = INT64_MAX};
    snprintf(info.name, sizeof info.name, "%s", name);
    return info;
}

void access_world_key(access_world *w, piq_key_info *info,
                      char secret[PIQ_KEY_BYTES])
{
    piq_err err = {0};
    access_must(piq_access_make_key(w->k, info, ACCESS_NOW_US, secret, &err),
                &err);
}

void access_world_assign(access_world *w, uint32_t tenant, const char *coach,
                         const piq_user_id *learners, size_t n)
{
    piq_err err = {0};
    access_must(
        piq_access_assign(w->k, tenant, piq_str_of(coach), learners, n, &err),
        &err);
}

void access_world_begin(access_world *w)
{
    w->store = record_store_new();
    w->k = access_open_on(w->store, NULL);
    w->info = access_key_like("shop", 0, PIQ_SCOPE_EVENTS_WRITE);
    access_world_key(w, &w->info, w->secret);
}

void access_world_end(access_world *w)
{
    piq_access_close(w->k);
    w->store->ops->close(w->store);
}

int access_world_set_up(void **state)
{
    access_world *w = calloc(1, sizeof *w);
    assert_non_null(w);
    access_world_begin(w);
    *state = w;
    return 0;
}

int access_world_tear_down(void **state)
{
    access_world_end(*state);
    free(*state);
    return 0;
}

piq_status access_ask(piq_access *k, const char *header, int64_t now_us,
                      piq_caller *out, piq_err *err)
{
    const piq_credential given = {.authorization = piq_str_of(header)};
    return piq_access_authenticate(k, &given, now_us, out, err);
}

piq_status access_bearer(piq_access *k, const char *secret, int64_t now_us,
                         piq_caller *out)
{
    char header[200];
    snprintf(header, sizeof header, "Bearer %s", secret);
    return access_ask(k, header, now_us, out, NULL);
}

piq_caller access_platform(uint32_t tenant, uint32_t scopes)
{
    piq_caller c = piq_caller_trusted();
    c.tenant = tenant;
    c.scopes = scopes | PIQ_SCOPE_ANY;
    snprintf(c.id, sizeof c.id, "key:%u", tenant);
    c.requests_per_s = 0;
    return c;
}

piq_user_id access_learner(uint32_t tenant, int64_t outer)
{
    piq_user_id u;
    assert_int_equal(piq_learner_of(tenant, outer, &u, NULL), PIQ_OK);
    return u;
}

piq_caller access_learner_caller(uint32_t tenant, int64_t outer)
{
    piq_caller c = {.role = PIQ_ROLE_LEARNER,
                    .tenant = tenant,
                    .scopes = PIQ_SCOPE_EVENTS_WRITE | PIQ_SCOPE_PROFILE_READ |
                              PIQ_SCOPE_RECOMMENDATIONS_READ | PIQ_SCOPE_ANY,
                    .learner = access_learner(tenant, outer),
                    .expires_us = INT64_MAX};
    snprintf(c.id, sizeof c.id, "learner:%lld", (long long)c.learner.v);
    return c;
}

piq_caller access_coach_caller(uint32_t tenant, const char *name)
{
    piq_caller c = {.role = PIQ_ROLE_COACH,
                    .tenant = tenant,
                    .scopes = PIQ_SCOPE_PROFILE_READ |
                              PIQ_SCOPE_RECOMMENDATIONS_READ | PIQ_SCOPE_ANY,
                    .expires_us = INT64_MAX};
    snprintf(c.coach, sizeof c.coach, "%s", name);
    snprintf(c.id, sizeof c.id, "coach:%s", name);
    return c;
}

piq_status access_may(piq_access *k, const piq_caller *c, uint32_t scope,
                      piq_user_id user)
{
    return piq_caller_may(k, c, scope, user, ACCESS_NOW_US, NULL);
}

piq_status access_cookie(piq_access *k, const char *header, int64_t now_us,
                         piq_caller *out)
{
    const piq_credential given = {.cookie = piq_str_of(header)};
    return piq_access_authenticate(k, &given, now_us, out, NULL);
}
