/* access.c - the keeper: opened, asked who somebody is and what they may. */
#include "access/access.h"

#include "access/keeper.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>

static piq_status settle(piq_access *k, const piq_access_config *given,
                         piq_err *err)
{
    piq_access_config *c = &k->config;
    if (given)
        *c = *given;
    const char *audience = c->audience ? c->audience : "piq";
    if (!*audience || strlen(audience) >= sizeof k->audience)
        return piq_fail(err, PIQ_EINVAL,
                        "the audience is text of 1 to 255 bytes");
    snprintf(k->audience, sizeof k->audience, "%s", audience);
    c->audience = k->audience;
    if (!c->max_token_s)
        c->max_token_s = 86400;
    if (!c->leeway_s)
        c->leeway_s = 30;
    if (!c->session_s)
        c->session_s = 43200;
    if (!c->reload_ms)
        c->reload_ms = 2000;
    return PIQ_OK;
}

piq_status piq_access_open(piq_store *store, const piq_access_config *config,
                           piq_access **out, piq_err *err)
{
    piq_access *k = NULL;
    if (!piq_alloc_should_fail())
        k = calloc(1, sizeof *k);
    if (!k)
        return piq_fail(err, PIQ_ENOMEM, "no memory to open access control");
    k->store = store;
    k->read_us = INT64_MIN;
    pthread_mutex_init(&k->load_lock, NULL);
    pthread_mutex_init(&k->view_lock, NULL);
    piq_status status = settle(k, config, err);
    k->tokens = piq_token_cache_new();
    k->limits = piq_limits_new();
    k->sessions = piq_sessions_new();
    if (!status && (!k->tokens || !k->limits || !k->sessions))
        status = piq_fail(err, PIQ_ENOMEM, "no memory to open access control");
    if (!status)
        status = piq_coaches_new(&k->coaches, err);
    if (!status)
        status = piq_access_refresh(k, INT64_MIN, err);
    if (status) {
        piq_access_close(k);
        return status;
    }
    *out = k;
    return PIQ_OK;
}

void piq_access_close(piq_access *k)
{
    if (!k)
        return;
    piq_access_view_release(k->view);
    piq_token_cache_free(k->tokens);
    piq_limits_free(k->limits);
    piq_sessions_free(k->sessions);
    piq_coaches_free(k->coaches);
    pthread_mutex_destroy(&k->load_lock);
    pthread_mutex_destroy(&k->view_lock);
    free(k);
}

bool piq_access_is_name(piq_str s, size_t max)
{
    if (s.len < 1 || s.len > max)
        return false;
    for (size_t i = 0; i < s.len; i++) {
        char c = s.ptr[i];
        bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
        if (!letter && !(c >= '0' && c <= '9') && !strchr("._-@", c))
            return false;
    }
    return true;
}

/* ---- who -------------------------------------------------------------- */

static piq_status by_key(const piq_access_view *v, piq_str text, int64_t now_us,
                         piq_caller *out, piq_err *err)
{
    const size_t prefix = 4 + PIQ_KEY_ID_CHARS;
    static const uint8_t nobody[PIQ_SHA256_BYTES] = {0};
    uint8_t hash[PIQ_SHA256_BYTES];
    const piq_key_entry *e = NULL;
    if (text.len == prefix + 1 + PIQ_KEY_SECRET_CHARS &&
        text.ptr[prefix] == '_')
        e = piq_access_view_key(v, (piq_str){text.ptr + 4, PIQ_KEY_ID_CHARS});
    /* The same work for a key that is not there. */
    piq_crypto_sha256(text, hash);
    bool same = piq_crypto_same(hash, e ? e->hash : nobody, sizeof hash);
    if (!e || !same)
        return piq_fail(err, PIQ_EDENIED, "the API key is not known");
    if (e->info.expires_us <= now_us)
        return piq_fail(err, PIQ_EDENIED, "the API key has expired");
    *out = (piq_caller){.role = PIQ_ROLE_PLATFORM,
                        .tenant = e->info.tenant,
                        .scopes = e->info.scopes | PIQ_SCOPE_ANY,
                        .expires_us = e->info.expires_us,
                        .requests_per_s = e->info.requests_per_s,
                        .source = e->source};
    snprintf(out->id, sizeof out->id, "key:%s", e->info.id);
    return PIQ_OK;
}

/* What follows "Bearer", a scheme whose case does not matter (RFC 9110). */
static bool bearer(piq_str header, piq_str *token)
{
    static const char scheme[] = "bearer";
    size_t at = sizeof scheme - 1;
    if (header.len <= at || header.ptr[at] != ' ')
        return false;
    for (size_t i = 0; i < at; i++)
        if ((header.ptr[i] | 0x20) != scheme[i])
            return false;
    while (at < header.len && header.ptr[at] == ' ')
        at++;
    *token = (piq_str){header.ptr + at, header.len - at};
    return token->len > 0;
}

/* The value of our cookie; false when there is none, or more than one. */
static bool session_cookie(piq_str header, piq_str *value)
{
    static const char name[] = "piq_session=";
    const size_t len = sizeof name - 1;
    bool found = false;
    size_t at = 0;
    while (at < header.len) {
        size_t end = at;
        while (end < header.len && header.ptr[end] != ';')
            end++;
        while (at < end && (header.ptr[at] == ' ' || header.ptr[at] == '\t'))
            at++;
        if (end - at >= len && memcmp(header.ptr + at, name, len) == 0) {
            if (found)
                return false;
            found = true;
            *value = (piq_str){header.ptr + at + len, end - at - len};
        }
        at = end + 1;
    }
    return found;
}

static piq_status by_session(piq_access *k, const piq_access_view *v,
                             piq_str value, int64_t now_us, piq_caller *out,
                             piq_err *err)
{
    piq_caller as;
    if (!piq_sessions_find(k->sessions, PIQ_TICKET_SESSION, value, now_us,
                           false, &as))
        return piq_fail(err, PIQ_EDENIED, "the session is over");
    if (as.source && !piq_access_view_has(v, as.source)) {
        (void)piq_sessions_find(k->sessions, PIQ_TICKET_SESSION, value, now_us,
                                true, &as);
        return piq_fail(err, PIQ_EDENIED, "the session is over");
    }
    *out = as;
    out->by_cookie = true;
    out->session = piq_sessions_name(value);
    return PIQ_OK;
}

static piq_status who(piq_access *k, const piq_access_view *v,
                      const piq_credential *given, int64_t now_us,
                      piq_caller *out, piq_err *err)
{
    piq_str text;
    if (given->authorization.len) {
        /* What was named in so many words is not made good by a cookie. */
        if (!bearer(given->authorization, &text))
            return piq_fail(err, PIQ_EDENIED,
                            "\"Authorization: Bearer ..\" is expected");
        if (text.len >= 4 && memcmp(text.ptr, "piq_", 4) == 0)
            return by_key(v, text, now_us, out, err);
        return piq_access_token(k, v, text, now_us, out, err);
    }
    if (session_cookie(given->cookie, &text))
        return by_session(k, v, text, now_us, out, err);
    return piq_fail(err, PIQ_EDENIED, "a credential is needed");
}

piq_status piq_access_authenticate(piq_access *k, const piq_credential *given,
                                   int64_t now_us, piq_caller *out,
                                   piq_err *err)
{
    piq_access_view *v = piq_access_now(k, now_us);
    piq_status status = who(k, v, given, now_us, out, err);
    if (status == PIQ_EDENIED) {
        /* Unless another thread was just reading what is new. */
        piq_access_view *settled = piq_access_settled(k, now_us);
        if (settled != v)
            status = who(k, settled, given, now_us, out, err);
        piq_access_view_release(settled);
    }
    piq_access_view_release(v);
    return status;
}

bool piq_access_knows(piq_access *k, const piq_caller *c, int64_t now_us)
{
    if (c->expires_us <= now_us)
        return false;
    if (c->session && !piq_sessions_has(k->sessions, c->session, now_us))
        return false;
    if (!c->source)
        return true;
    piq_access_view *v = piq_access_now(k, now_us);
    bool there = piq_access_view_has(v, c->source);
    piq_access_view_release(v);
    return there;
}

/* ---- what ------------------------------------------------------------- */

static piq_status unknown(piq_user_id user, piq_err *err)
{
    return piq_fail(err, PIQ_ENOTFOUND, "there is no learner %lld",
                    (long long)piq_learner_outer(user));
}

static piq_status coach_may(piq_access *k, const piq_caller *c,
                            piq_user_id user, int64_t now_us, piq_err *err)
{
    bool has = false;
    piq_access_view *v = piq_access_now(k, now_us);
    piq_status status =
        piq_coaches_has(k->coaches, k->store, v->mark, c, user, &has, err);
    piq_access_view_release(v);
    if (status)
        return status;
    return has ? PIQ_OK : unknown(user, err);
}

piq_status piq_caller_may(piq_access *k, const piq_caller *c, uint32_t scope,
                          piq_user_id user, int64_t now_us, piq_err *err)
{
    if (scope == PIQ_SCOPE_NONE && user.v == 0)
        return PIQ_OK;
    if (c->expires_us <= now_us)
        return piq_fail(err, PIQ_EDENIED, "the credential has expired");
    if ((c->scopes & scope) != scope)
        return piq_fail(err, PIQ_EDENIED, "this needs the scope %s",
                        piq_scope_name(scope) ? piq_scope_name(scope)
                                              : "of an administrator");
    const bool platform = c->role == PIQ_ROLE_PLATFORM;
    if ((scope & PIQ_SCOPE_CATALOGUE_WRITE) && !(platform && c->tenant == 0))
        return piq_fail(err, PIQ_EDENIED,
                        "this is the installation's, not a tenant's");
    if ((scope & PIQ_SCOPE_ADMIN) && user.v == 0 && !platform)
        return piq_fail(err, PIQ_EDENIED, "this is a platform's");
    if (user.v == 0)
        return PIQ_OK;
    if (user.v < 0 || piq_learner_tenant(user) != c->tenant)
        return unknown(user, err);
    switch (c->role) {
    case PIQ_ROLE_PLATFORM:
        return PIQ_OK;
    case PIQ_ROLE_LEARNER:
        return user.v == c->learner.v ? PIQ_OK : unknown(user, err);
    case PIQ_ROLE_COACH:
        return coach_may(k, c, user, now_us, err);
    }
    return unknown(user, err);
}

piq_status piq_access_admit(piq_access *k, const piq_caller *c, int64_t now_us,
                            unsigned *retry_after_s, piq_err *err)
{
    unsigned rate = c->requests_per_s;
    int64_t wait_us;
    if (rate == 0)
        rate = k->config.requests_per_s;
    if (rate == 0 || rate == PIQ_NO_RATE)
        return PIQ_OK;
    unsigned burst = k->config.burst;
    if (burst == 0 || c->requests_per_s)
        burst = rate > UINT_MAX / 4 ? UINT_MAX : 4 * rate;
    if (piq_limits_take(k->limits, piq_hash_bytes(c->id, strlen(c->id)), rate,
                        burst, now_us, &wait_us))
        return PIQ_OK;
    int64_t seconds = (wait_us + 999999) / 1000000;
    *retry_after_s = seconds < 1 ? 1 : (unsigned)seconds;
    return piq_fail(err, PIQ_EBUSY, "more than %u requests a second", rate);
}
