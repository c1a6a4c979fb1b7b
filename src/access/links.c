/* links.c - links that are good once, sessions, and acting as somebody. */
#include "access/keeper.h"

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

static piq_status used_up(piq_err *err)
{
    return piq_fail(err, PIQ_EDENIED,
                    "the link was used already, or is too old");
}

/* The session first, for which there may be no memory: a link is not used up by
 * that. Of two who come with it at once, one finds it taken. */
piq_status piq_access_use_link(piq_access *k, piq_str token, int64_t now_us,
                               char cookie[48], int64_t *expires_us,
                               piq_err *err)
{
    piq_caller as;
    char value[PIQ_TICKET_BYTES];
    int64_t until_us;
    if (!piq_sessions_find(k->sessions, PIQ_TICKET_LINK, token, now_us, false,
                           &as))
        return used_up(err);
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
