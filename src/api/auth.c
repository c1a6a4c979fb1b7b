/* auth.c - who calls, whether they may, and what the audit hears of it.
 *
 *     credential -> caller -> rate -> origin -> ids of the path -> scope,
 * learner
 *
 * A learner whom the caller has no business with is a 404 in the words for one
 * who does not exist: nobody learns from it whether there is one.
 */
#include "api/routes.h"
#include "base/log.h"
#include "engine/policy.h"

#include <stdatomic.h>
#include <stdio.h>
#include <strings.h>

enum { GUESSES_PER_S = 10 };

static void refuse(piq_exchange *c, piq_refusal why, int status)
{
    piq_metric_add(c->api->refused[why], 1);
    piq_exchange_problem(c, status);
}

/* ---- rate ------------------------------------------------------------- */

/* False: over the rate, and answered. */
static bool admit(piq_exchange *c, const piq_caller *who)
{
    unsigned wait_s = 1;
    piq_err err = {0};
    piq_status status =
        piq_access_admit(c->api->access, who, c->now_us, &wait_s, &err);
    if (status == PIQ_OK)
        return true;
    c->err = err;
    if (status != PIQ_EBUSY) {
        piq_exchange_fail(c);
        return false;
    }
    c->retry_after_s = wait_s;
    piq_exchange_line(c, "RateLimit", "\"caller\";r=0;t=%u", wait_s);
    refuse(c, PIQ_REFUSED_RATE, 429);
    return false;
}

/* Whoever guesses is counted by where they call from. */
static bool admit_unknown(piq_exchange *c)
{
    piq_caller nobody = {.role = PIQ_ROLE_LEARNER,
                         .requests_per_s = GUESSES_PER_S};
    piq_str peer = c->in->peer;
    snprintf(nobody.id, sizeof nobody.id, "peer:%.*s",
             (int)(peer.len > 34 ? 34 : peer.len), peer.len ? peer.ptr : "");
    return admit(c, &nobody);
}

/* ---- origin ------------------------------------------------------------ */

/* "https://host:port" names the host that was asked. */
static bool is_host(piq_str origin, piq_str host)
{
    static const char *const schemes[] = {"http://", "https://"};
    for (size_t i = 0; i < 2; i++) {
        size_t len = strlen(schemes[i]);
        if (origin.len == host.len + len && host.len &&
            strncasecmp(origin.ptr, schemes[i], len) == 0 &&
            strncasecmp(origin.ptr + len, host.ptr, host.len) == 0)
            return true;
    }
    return false;
}

/* Whether the page that made the browser ask is one of ours. */
static bool is_same_origin(const piq_exchange *c)
{
    piq_str site = piq_exchange_header(c, "Sec-Fetch-Site");
    piq_str origin = piq_exchange_header(c, "Origin");
    if (site.len && !piq_str_eq(site, PIQ_STR("same-origin")) &&
        !piq_str_eq(site, PIQ_STR("none")))
        return false;
    if (origin.len)
        return is_host(origin, piq_exchange_header(c, "Host"));
    return site.len != 0;
}

static bool is_change(const piq_exchange *c)
{
    return strcmp(c->route->is.method, "GET") != 0;
}

/* A cookie goes along whichever page asks: for a change the browser has to say
 * that the page is ours. */
static bool from_our_page(piq_exchange *c)
{
    if (!c->caller.by_cookie || !is_change(c) || is_same_origin(c))
        return true;
    piq_fail(&c->err, PIQ_EDENIED,
             "a session changes things from its own pages only");
    refuse(c, PIQ_REFUSED_ORIGIN, 403);
    return false;
}

static bool starts_with(piq_str s, const char *with)
{
    size_t len = strlen(with);
    return s.len >= len && strncasecmp(s.ptr, with, len) == 0;
}

/* "localhost", "127.0.0.1" or "[::1]", with or without a port. */
static bool is_loopback_name(piq_str host)
{
    static const char *const names[] = {"localhost", "127.0.0.1", "[::1]"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        size_t len = strlen(names[i]);
        if (starts_with(host, names[i]) &&
            (host.len == len || host.ptr[len] == ':'))
            return true;
    }
    return false;
}

/* Where no credential is asked for, a page of another site could make the
 * browser ask, or name itself so that its own name leads here. */
static bool open_to(piq_exchange *c)
{
    piq_str host = piq_exchange_header(c, "Host");
    bool browser = piq_exchange_header(c, "Sec-Fetch-Site").len ||
                   piq_exchange_header(c, "Origin").len;
    if (is_loopback_name(host) && (!browser || is_same_origin(c))) {
        c->caller = piq_caller_trusted();
        return true;
    }
    piq_fail(&c->err, PIQ_EDENIED,
             "without credentials only this machine itself is served");
    refuse(c, PIQ_REFUSED_ORIGIN, 403);
    return false;
}

/* ---- who ---------------------------------------------------------------- */

static void refuse_unknown(piq_exchange *c, const piq_credential *given)
{
    if (!admit_unknown(c))
        return;
    piq_exchange_line(c, "WWW-Authenticate", "Bearer realm=\"piq\"%s",
                      given->authorization.len ? ", error=\"invalid_token\""
                                               : "");
    refuse(c, PIQ_REFUSED_CREDENTIAL, 401);
}

static bool authenticated(piq_exchange *c)
{
    piq_credential given = {piq_exchange_header(c, "Authorization"),
                            piq_exchange_header(c, "Cookie")};
    if (!c->api->access) {
        piq_fail(&c->err, PIQ_EDENIED, "nobody is known here");
        refuse(c, PIQ_REFUSED_CREDENTIAL, 401);
        return false;
    }
    piq_status status = piq_access_authenticate(c->api->access, &given,
                                                c->now_us, &c->caller, &c->err);
    if (status == PIQ_EDENIED) {
        refuse_unknown(c, &given);
        return false;
    }
    if (status) {
        piq_exchange_fail(c);
        return false;
    }
    if (c->caller.role != PIQ_ROLE_PLATFORM && !c->caller.requests_per_s)
        c->caller.requests_per_s = c->api->person_rate;
    return admit(c, &c->caller) && from_our_page(c);
}

bool piq_exchange_known(piq_exchange *c)
{
    if (c->in->caller)
        c->caller = *c->in->caller;
    else if (c->api->open ? !open_to(c) : !authenticated(c))
        return false;
    return true;
}

piq_status piq_exchange_learner_of(const piq_exchange *c, int64_t outer,
                                   piq_user_id *out, piq_err *err)
{
    return piq_learner_of(c->caller.tenant, outer, out, err);
}

/* ---- whether they may --------------------------------------------------- */

static piq_status check_route(piq_exchange *c)
{
    const piq_api_route *r = &c->route->is;
    if (!(r->callers & 1u << c->caller.role))
        return piq_fail(&c->err, PIQ_EDENIED, "this is not for a %s",
                        piq_role_name(c->caller.role));
    if (r->installation && c->caller.tenant)
        return piq_fail(&c->err, PIQ_EDENIED,
                        "this is for the installation's own keys");
    return PIQ_OK;
}

/* Of themselves a learner reads with what reads, and changes with what writes:
 * a token that only reads erases nobody. */
static uint32_t scopes_asked(const piq_exchange *c)
{
    const piq_api_route *r = &c->route->is;
    if (c->caller.role != PIQ_ROLE_LEARNER || !(r->callers & PIQ_API_OWN))
        return r->scopes;
    return is_change(c) ? PIQ_SCOPE_EVENTS_WRITE : PIQ_SCOPE_PROFILE_READ;
}

bool piq_exchange_allowed(piq_exchange *c)
{
    piq_status status = check_route(c);
    uint32_t left = scopes_asked(c);
    for (uint32_t scope = 1; !status && left; scope <<= 1) {
        if (!(left & scope))
            continue;
        left &= ~scope;
        status = piq_caller_may(c->api->access, &c->caller, scope, c->user,
                                c->now_us, &c->err);
    }
    c->allowed = status == PIQ_OK;
    if (status == PIQ_EDENIED) {
        refuse(c, PIQ_REFUSED_SCOPE, 403);
    } else if (status == PIQ_ENOTFOUND) {
        piq_fail(&c->err, PIQ_ENOTFOUND, "the learner was never heard of");
        refuse(c, PIQ_REFUSED_LEARNER, 404);
    } else if (status) {
        piq_exchange_fail(c);
    }
    return status == PIQ_OK;
}

/* ---- the audit ------------------------------------------------------------
 */

static uint32_t model_in_force(piq_engine *e)
{
    piq_model_hold *h = piq_engine_model(e);
    const piq_tracing *t = piq_model_tracing(h);
    uint32_t version = t ? t->model : 0;
    piq_model_release(h);
    return version;
}

static uint32_t policy_in_force(piq_engine *e)
{
    piq_policy_hold *h = piq_engine_policy(e);
    uint32_t version = piq_policy_version(h);
    piq_policy_release(h);
    return version;
}

/* One that the installation does not want in the audit. */
static bool is_passed_over(const piq_exchange *c, int status)
{
    if (is_change(c) || status >= 400)
        return false;
    switch (c->api->audit_reads) {
    case PIQ_AUDIT_READS_ALL:
        return false;
    case PIQ_AUDIT_READS_OTHERS:
        return c->caller.role == PIQ_ROLE_LEARNER;
    case PIQ_AUDIT_READS_NONE:
        return true;
    }
    return false;
}

/* 429 is left out: whoever asks too often would fill the audit with it. */
static bool is_recorded(const piq_exchange *c, piq_user_id user, int status)
{
    return c->api->audit && c->route && c->caller.id[0] && status != 429 &&
           (user.v || is_change(c)) && !is_passed_over(c, status);
}

/* Once a second: when storage does not follow, it is every request. */
static void tell_unrecorded(piq_exchange *c, const piq_err *err)
{
    int64_t told_us = atomic_load(&c->api->unrecorded_told_us);
    piq_metric_add(c->api->unrecorded, 1);
    if (c->now_us - told_us >= 1000000 &&
        atomic_compare_exchange_strong(&c->api->unrecorded_told_us, &told_us,
                                       c->now_us))
        piq_log_err(c->in->id, "a request is not in the audit", err);
}

void piq_exchange_record(piq_exchange *c, piq_user_id user, int status)
{
    char action[160];
    piq_err err = {0};
    if (!is_recorded(c, user, status))
        return;
    const piq_api_route *r = &c->route->is;
    bool touched = c->allowed && status < 400;
    snprintf(action, sizeof action, "%s %s", r->method, r->pattern);
    piq_audit_entry entry = {.at_us = c->now_us,
                             .caller = c->caller.id,
                             .action = action,
                             .user = touched ? user : (piq_user_id){0},
                             .status = status,
                             .request = c->in->id,
                             .model = model_in_force(c->api->engine)};
    if (r->scopes & PIQ_SCOPE_RECOMMENDATIONS_READ)
        entry.policy = policy_in_force(c->api->engine);
    if (piq_audit_add(c->api->audit, &entry, &err) == PIQ_OK)
        return;
    tell_unrecorded(c, &err);
}
