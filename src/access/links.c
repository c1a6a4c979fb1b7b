/* links.c - links that are good once, sessions, and acting as somebody.
 *
 * A link is in memory of the process that printed it, or, made by a command, in
 * the store: a record
 *
 *     "link", SHA-256 of its token    {"role":"coach","tenant":0,
 *                                      "subject":"anna"}
 *
 * that every view has (view.c), so a token that nobody made never asks the
 * store. Who drops the record has used the link.
 */
#include "access/keeper.h"

#include "access/token.h"
#include "base/json_writer.h"

#include <stdio.h>

enum { LINK_S = 600 };

static int64_t session_end(const piq_access *k, const piq_caller *as,
                           int64_t now_us)
{
    int64_t until_us = now_us + (int64_t)k->config.session_s * 1000000;
    return as->expires_us < until_us ? as->expires_us : until_us;
}

static piq_status begin(piq_access *k, piq_caller as, int64_t now_us,
                        char cookie[PIQ_TICKET_BYTES], int64_t *expires_us,
                        piq_err *err)
{
    as.expires_us = session_end(k, &as, now_us);
    as.by_cookie = true;
    piq_status status = piq_sessions_add(k->sessions, PIQ_TICKET_SESSION, &as,
                                         now_us, as.expires_us, cookie, err);
    if (!status && expires_us)
        *expires_us = as.expires_us;
    return status;
}

piq_status piq_access_make_link(piq_access *k, const piq_caller *as,
                                int64_t now_us, char token[48], piq_err *err)
{
    int64_t until_us = now_us + (int64_t)LINK_S * 1000000;
    if (as->expires_us <= now_us)
        return piq_fail(err, PIQ_EDENIED, "the credential has expired");
    return piq_sessions_add(
        k->sessions, PIQ_TICKET_LINK, as, now_us,
        as->expires_us < until_us ? as->expires_us : until_us, token, err);
}

/* ---- kept in the store --------------------------------------------------- */

static bool caller_of(const piq_link_for *whom, piq_caller *out)
{
    *out = (piq_caller){.tenant = whom->tenant, .expires_us = INT64_MAX};
    switch (whom->role) {
    case PIQ_ROLE_PLATFORM:
        *out = piq_caller_trusted();
        return whom->tenant == 0 && whom->subject.len == 0;
    case PIQ_ROLE_LEARNER:
        return piq_caller_learner(whom->subject, whom->tenant, out);
    case PIQ_ROLE_COACH:
        return piq_caller_coach(whom->subject, whom->tenant, out);
    }
    return false;
}

static bool role_of(piq_str name, piq_role *out)
{
    static const piq_role all[] = {PIQ_ROLE_PLATFORM, PIQ_ROLE_LEARNER,
                                   PIQ_ROLE_COACH};
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
        if (piq_str_eq(name, piq_str_of(piq_role_name(all[i])))) {
            *out = all[i];
            return true;
        }
    return false;
}

piq_status piq_access_read_link(const piq_record *r, const json_t *json,
                                void *entry, piq_err *err)
{
    static const char *const known[] = {"role", "tenant", "subject", NULL};
    piq_link_entry *out = entry;
    piq_link_for whom = {.role = PIQ_ROLE_LEARNER};
    piq_json_reader j;
    piq_json_begin(&j, json, "", known, err);
    bool there = role_of(piq_json_string(&j, "role", 1, 16), &whom.role);
    whom.tenant = (uint32_t)piq_json_int_in(&j, "tenant", 0, PIQ_MAX_TENANT);
    whom.subject = piq_json_string(&j, "subject", 0, 63);
    if (!j.status && !(there && caller_of(&whom, &out->as) &&
                       piq_crypto_unhex(r->key, out->hash, sizeof out->hash)))
        piq_json_refuse(&j, NULL, "not a link's record");
    out->until_us = r->expires_us;
    return piq_json_end(&j);
}

static piq_status put_link(piq_access *k, const piq_link_for *whom,
                           const uint8_t hash[PIQ_SHA256_BYTES], int64_t now_us,
                           piq_err *err)
{
    char hex[2 * PIQ_SHA256_BYTES + 1];
    piq_buf b;
    piq_json_writer w;
    piq_crypto_hex(hash, PIQ_SHA256_BYTES, hex);
    piq_buf_init(&b, 4096);
    piq_json_init(&w, &b);
    piq_json_object(&w);
    piq_json_put_z(&w, "role", piq_role_name(whom->role));
    piq_json_put_int(&w, "tenant", whom->tenant);
    piq_json_put_str(&w, "subject", whom->subject);
    piq_json_object_end(&w);
    const piq_record r = {.kind = PIQ_RECORD_LINK,
                          .key = piq_str_of(hex),
                          .at_us = now_us,
                          .expires_us = now_us + (int64_t)LINK_S * 1000000};
    return piq_access_put_written(k, &r, &b, "make a link", err);
}

static piq_status check(piq_access *k, const piq_link_for *whom, int64_t now_us,
                        piq_err *err)
{
    piq_caller as;
    if (whom->tenant > PIQ_MAX_TENANT)
        return piq_fail(err, PIQ_EINVAL, "a tenant is a number up to %d",
                        PIQ_MAX_TENANT);
    if (!caller_of(whom, &as))
        return piq_fail(err, PIQ_EINVAL, "\"%.*s\" is no %s of tenant %u",
                        PIQ_STR_ARG(whom->subject), piq_role_name(whom->role),
                        whom->tenant);
    piq_access_view *v = piq_access_now(k, now_us);
    size_t n = v->n_links;
    piq_access_view_release(v);
    if (n >= PIQ_MAX_STORED_LINKS)
        return piq_fail(err, PIQ_ELIMIT,
                        "%zu links are kept already; those too old are "
                        "dropped within the hour",
                        n);
    return PIQ_OK;
}

piq_status piq_access_store_link(piq_access *k, const piq_link_for *whom,
                                 int64_t now_us, char token[48], piq_err *err)
{
    uint8_t random[32], hash[PIQ_SHA256_BYTES];
    char text[PIQ_TICKET_BYTES];
    piq_status status = check(k, whom, now_us, err);
    if (!status)
        status = piq_crypto_random(random, sizeof random, err);
    if (status)
        return status;
    piq_crypto_base64url(random, sizeof random, text);
    piq_crypto_sha256((piq_str){text, sizeof text - 1}, hash);
    status = put_link(k, whom, hash, now_us, err);
    if (!status)
        memcpy(token, text, sizeof text);
    piq_crypto_wipe(random, sizeof random);
    piq_crypto_wipe(text, sizeof text);
    return status;
}

static bool find_stored(piq_access *k, piq_str token, int64_t now_us,
                        piq_link_entry *out)
{
    uint8_t hash[PIQ_SHA256_BYTES];
    if (token.len != PIQ_TICKET_BYTES - 1)
        return false;
    piq_crypto_sha256(token, hash);
    piq_access_view *v = piq_access_now(k, now_us);
    const piq_link_entry *found = piq_access_view_link(v, hash);
    if (found)
        *out = *found;
    piq_access_view_release(v);
    return found != NULL;
}

bool piq_access_link_is_stored(piq_access *k, piq_str token, int64_t now_us)
{
    piq_link_entry entry;
    return find_stored(k, token, now_us, &entry);
}

/* PIQ_EDENIED: somebody was faster. */
static piq_status take_stored(piq_access *k, const piq_link_entry *link,
                              int64_t now_us, piq_err *err)
{
    char hex[2 * PIQ_SHA256_BYTES + 1];
    piq_crypto_hex(link->hash, sizeof link->hash, hex);
    const piq_record r = {.kind = PIQ_RECORD_LINK,
                          .key = piq_str_of(hex),
                          .from_version = 1,
                          .at_us = now_us,
                          .expires_us = INT64_MAX};
    piq_status status = k->store->ops->put_records(k->store, &r, 1, err);
    return status == PIQ_ESTALE || status == PIQ_ENOTFOUND ? PIQ_EDENIED
                                                           : status;
}

/* ---- using one ----------------------------------------------------------- */

static piq_status used_up(piq_err *err)
{
    return piq_fail(err, PIQ_EDENIED,
                    "the link was used already, or is too old");
}

static piq_status use_stored(piq_access *k, piq_str token, int64_t now_us,
                             char cookie[PIQ_TICKET_BYTES], int64_t *expires_us,
                             piq_err *err)
{
    piq_link_entry link;
    if (!find_stored(k, token, now_us, &link) || link.until_us <= now_us)
        return used_up(err);
    piq_status status = begin(k, link.as, now_us, cookie, expires_us, err);
    if (status)
        return status;
    status = take_stored(k, &link, now_us, err);
    if (status)
        piq_access_end_session(k, (piq_str){cookie, PIQ_TICKET_BYTES - 1});
    return status == PIQ_EDENIED ? used_up(err) : status;
}

/* The session first, for which there may be no memory: a link is not used up by
 * that. Of two who come with it at once, one finds it taken. */
piq_status piq_access_use_link(piq_access *k, piq_str token, int64_t now_us,
                               char cookie[48], int64_t *expires_us,
                               piq_err *err)
{
    piq_caller as;
    char value[PIQ_TICKET_BYTES];
    int64_t until_us = now_us;
    if (!piq_sessions_find(k->sessions, PIQ_TICKET_LINK, token, now_us, false,
                           &as)) {
        piq_status stored = use_stored(k, token, now_us, value, &until_us, err);
        if (stored)
            return stored;
        memcpy(cookie, value, sizeof value);
        *expires_us = until_us;
        return PIQ_OK;
    }
    piq_access_view *v = piq_access_now(k, now_us);
    bool gone = as.source && !piq_access_view_has(v, as.source);
    piq_access_view_release(v);
    if (gone)
        return used_up(err);
    piq_status status = begin(k, as, now_us, value, &until_us, err);
    if (status)
        return status;
    if (!piq_sessions_find(k->sessions, PIQ_TICKET_LINK, token, now_us, true,
                           &as)) {
        piq_access_end_session(k, (piq_str){value, sizeof value - 1});
        return used_up(err);
    }
    memcpy(cookie, value, sizeof value);
    *expires_us = until_us;
    return PIQ_OK;
}

piq_status piq_access_act_as(piq_access *k, const piq_caller *by,
                             piq_user_id learner, int64_t now_us,
                             char cookie[48], piq_err *err)
{
    bool may = by->may_switch || (by->role == PIQ_ROLE_PLATFORM &&
                                  (by->scopes & PIQ_SCOPE_ADMIN));
    if (!may || by->expires_us <= now_us)
        return piq_fail(err, PIQ_EDENIED, "this needs the scope %s",
                        piq_scope_name(PIQ_SCOPE_ADMIN));
    if (learner.v < 1 || piq_learner_outer(learner) < 1 ||
        piq_learner_tenant(learner) != by->tenant)
        return piq_fail(err, PIQ_ENOTFOUND, "there is no learner %lld",
                        (long long)piq_learner_outer(learner));
    piq_caller as = {.role = PIQ_ROLE_LEARNER,
                     .tenant = by->tenant,
                     .scopes = PIQ_SCOPE_EVENTS_WRITE | PIQ_SCOPE_PROFILE_READ |
                               PIQ_SCOPE_RECOMMENDATIONS_READ | PIQ_SCOPE_ANY,
                     .learner = learner,
                     .expires_us = by->expires_us,
                     .may_switch = true,
                     .requests_per_s = by->requests_per_s,
                     .source = by->source};
    snprintf(as.id, sizeof as.id, "learner:%lld", (long long)learner.v);
    return begin(k, as, now_us, cookie, NULL, err);
}

void piq_access_end_session(piq_access *k, piq_str cookie)
{
    piq_caller as;
    (void)piq_sessions_find(k->sessions, PIQ_TICKET_SESSION, cookie, INT64_MIN,
                            true, &as);
}
