/* scopes.c - scopes, roles, tenants: names and numbers. */
#include "access/access.h"

#include <stdio.h>

static const struct {
    uint32_t scope;
    const char *name;
} scopes[] = {{PIQ_SCOPE_EVENTS_WRITE, "events:write"},
              {PIQ_SCOPE_PROFILE_READ, "profile:read"},
              {PIQ_SCOPE_RECOMMENDATIONS_READ, "recommendations:read"},
              {PIQ_SCOPE_CATALOGUE_WRITE, "catalogue:write"},
              {PIQ_SCOPE_ADMIN, "admin"},
              {PIQ_SCOPE_ANY, "any"}};
enum { N_SCOPES = sizeof scopes / sizeof scopes[0] };

piq_status piq_learner_of(uint32_t tenant, int64_t outer, piq_user_id *out,
                          piq_err *err)
{
    if (tenant > PIQ_MAX_TENANT)
        return piq_fail(err, PIQ_EINVAL, "a tenant is a number up to %d",
                        PIQ_MAX_TENANT);
    if (outer < 1 || outer >= INT64_C(1) << PIQ_TENANT_SHIFT)
        return piq_fail(err, PIQ_EINVAL,
                        "a learner's id is a number from 1 to %lld",
                        (long long)((INT64_C(1) << PIQ_TENANT_SHIFT) - 1));
    out->v = (int64_t)tenant << PIQ_TENANT_SHIFT | outer;
    return PIQ_OK;
}

int64_t piq_learner_outer(piq_user_id user)
{
    return piq_user_outer(user);
}

uint32_t piq_learner_tenant(piq_user_id user)
{
    return (uint32_t)(user.v >> PIQ_TENANT_SHIFT);
}

const char *piq_scope_name(uint32_t scope)
{
    for (size_t i = 0; i < N_SCOPES; i++)
        if (scopes[i].scope == scope)
            return scopes[i].name;
    return NULL;
}

static uint32_t scope_of(piq_str name)
{
    for (size_t i = 0; i < N_SCOPES; i++)
        if (piq_str_eq(name, piq_str_of(scopes[i].name)))
            return scopes[i].scope;
    return 0;
}

uint32_t piq_scopes_read(piq_str names)
{
    uint32_t all = 0;
    size_t at = 0;
    while (at < names.len) {
        size_t end = at;
        while (end < names.len && names.ptr[end] != ' ' &&
               names.ptr[end] != ',')
            end++;
        uint32_t one = scope_of((piq_str){names.ptr + at, end - at});
        if (end > at && !one)
            return 0;
        all |= one;
        at = end + 1;
    }
    return all;
}

const char *piq_role_name(piq_role role)
{
    static const char *const names[] = {"platform", "learner", "coach"};
    return names[role];
}

piq_caller piq_caller_trusted(void)
{
    return (piq_caller){
        .role = PIQ_ROLE_PLATFORM,
        .scopes = PIQ_SCOPE_EVENTS_WRITE | PIQ_SCOPE_PROFILE_READ |
                  PIQ_SCOPE_RECOMMENDATIONS_READ | PIQ_SCOPE_CATALOGUE_WRITE |
                  PIQ_SCOPE_ADMIN | PIQ_SCOPE_ANY,
        .id = "local",
        .expires_us = INT64_MAX,
        .requests_per_s = PIQ_NO_RATE};
}
