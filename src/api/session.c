/* session.c - a browser's way in: a link that is good once begins a session,
 * whose cookie speaks for it from then on.
 *
 * The cookie is HttpOnly (no script reads it), SameSite=Strict (no other site's
 * page sends it), for the whole site, and Secure under TLS.
 */
#include "api/exchange.h"

#include <stdlib.h>

#define COOKIE "piq_session"

static const char *const no_query[] = {NULL};
static const char *const link_query[] = {"token", NULL};

static void reply_nothing(piq_exchange *c, int status)
{
    piq_exchange_bytes(c, status, NULL, NULL, -1);
}

static void set_cookie(piq_exchange *c, const char *value, long long max_age_s)
{
    piq_exchange_line(c, "Set-Cookie",
                      COOKIE "=%s; HttpOnly; SameSite=Strict; Path=/; "
                             "Max-Age=%lld%s",
                      value, max_age_s, c->in->tls ? "; Secure" : "");
}

static void refuse_link(piq_exchange *c)
{
    piq_fail(&c->err, PIQ_EDENIED, "this link is not good, or was used");
    piq_err_hint(&c->err, "piq session link makes a new one; a server knows "
                          "it within two seconds");
    piq_metric_add(c->api->refused[PIQ_REFUSED_CREDENTIAL], 1);
    piq_exchange_problem(c, 403);
}

/* Uses ?token=, and answers. */
static void use_link(piq_exchange *c, piq_str token)
{
    char cookie[48];
    int64_t expires_us = 0;
    /* One that a command has made: whoever takes it writes to the store. */
    if (c->api->access && piq_api_may_defer(c) &&
        piq_access_link_is_stored(c->api->access, token, c->now_us)) {
        piq_api_defer(c);
        return;
    }
    piq_status status =
        c->api->access ? piq_access_use_link(c->api->access, token, c->now_us,
                                             cookie, &expires_us, &c->err)
                       : PIQ_EDENIED;
    if (status == PIQ_EDENIED) {
        refuse_link(c);
        return;
    }
    if (status) {
        piq_exchange_fail(c);
        return;
    }
    set_cookie(c, cookie, (long long)((expires_us - c->now_us) / 1000000));
    piq_exchange_line(c, "Location", "/");
    reply_nothing(c, 303);
}

/* False: there is a link, or the query is wrong, and it was answered. */
static bool has_no_link(piq_exchange *c)
{
    piq_str token;
    bool found;
    if (!piq_exchange_known_query(c, link_query) ||
        !piq_exchange_query(c, "token", &token, &found))
        return false;
    if (found)
        use_link(c, token);
    return !found;
}

void piq_begin_session(piq_exchange *c)
{
    if (!has_no_link(c))
        return;
    piq_fail(&c->err, PIQ_EINVAL, "the link's token is missing");
    piq_err_at(&c->err, "token");
    piq_exchange_fail(c);
}

/* The session's value among all cookies of the site; empty: none. */
static piq_str session_of(piq_str cookies)
{
    const size_t len = sizeof COOKIE; /* with the "=" */
    while (cookies.len) {
        const char *end = memchr(cookies.ptr, ';', cookies.len);
        piq_str one = {cookies.ptr,
                       end ? (size_t)(end - cookies.ptr) : cookies.len};
        size_t used = one.len + (end ? 1 : 0);
        cookies = (piq_str){cookies.ptr + used, cookies.len - used};
        while (one.len && one.ptr[0] == ' ')
            one = (piq_str){one.ptr + 1, one.len - 1};
        if (one.len > len && memcmp(one.ptr, COOKIE "=", len) == 0)
            return (piq_str){one.ptr + len, one.len - len};
    }
    return (piq_str){NULL, 0};
}

void piq_end_session(piq_exchange *c)
{
    if (!piq_exchange_known_query(c, no_query))
        return;
    if (c->api->access)
        piq_access_end_session(c->api->access,
                               session_of(piq_exchange_header(c, "Cookie")));
    set_cookie(c, "", 0);
    reply_nothing(c, 204);
}

/* ---- who one is ------------------------------------------------------------
 */

static void write_scopes(piq_json_writer *w, uint32_t scopes)
{
    piq_json_key(w, "scopes");
    piq_json_array(w);
    for (uint32_t scope = 1; scope < PIQ_SCOPE_ANY; scope <<= 1)
        if (scopes & scope)
            piq_json_z(w, piq_scope_name(scope));
    piq_json_array_end(w);
}

void piq_get_caller(piq_exchange *c)
{
    const piq_caller *who = &c->caller;
    piq_buf b;
    piq_json_writer w;
    if (!piq_exchange_known_query(c, no_query))
        return;
    piq_buf_init(&b, 0);
    piq_json_init(&w, &b);
    piq_json_object(&w);
    piq_json_put_z(&w, "role", piq_role_name(who->role));
    piq_json_put_int(&w, "tenant", who->tenant);
    write_scopes(&w, who->scopes);
    piq_json_key(&w, "userId");
    if (who->role == PIQ_ROLE_LEARNER)
        piq_json_id(&w, piq_user_outer(who->learner));
    else
        piq_json_null(&w);
    piq_json_key(&w, "expires_at");
    if (who->expires_us == INT64_MAX)
        piq_json_null(&w);
    else
        piq_json_time(&w, who->expires_us);
    piq_json_put_bool(&w, "session", who->by_cookie);
    piq_json_object_end(&w);
    piq_exchange_json(c, 200, &b, -1);
}

/* ---- the page ----------------------------------------------------------- */

/* Where the dashboard is not installed. */
static const char page[] =
    "<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n"
    "<meta name=\"viewport\" content=\"width=device-width\">\n"
    "<title>Personalization Engine</title>\n"
    "<h1>Personalization Engine</h1>\n"
    "<p>It runs. What it can do is told by <a href=\"/api/openapi.json\">its "
    "contract</a>; what is taught, by <a href=\"/api/catalogue\">the "
    "curriculum</a>.</p>\n"
    "<p>Everything but <a href=\"/healthz\">health</a> and <a "
    "href=\"/readyz\">readiness</a> asks who you are: open the link that the "
    "server printed when it started, or that <code>piq session link</code> "
    "prints, or send a key that <code>piq key create</code> made, as "
    "<code>Authorization: Bearer KEY</code>.</p>\n"
    "</html>\n";

void piq_get_front(piq_exchange *c)
{
    if (!has_no_link(c) || piq_answer_index(c))
        return;
    char *copy = strdup(page);
    piq_bytes *bytes = copy ? piq_bytes_take(copy, sizeof page - 1) : NULL;
    if (!bytes) {
        piq_fail(&c->err, PIQ_ENOMEM, "no memory for the page");
        piq_exchange_fail(c);
        return;
    }
    piq_exchange_bytes(c, 200, "text/html; charset=utf-8", bytes, -1);
}
