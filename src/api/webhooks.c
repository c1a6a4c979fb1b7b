/* webhooks.c - which other services are told of changes: listed, added,
 * dropped, switched on again. What they are told: webhook/. */
#include "webhook/webhook.h"

#include "api/exchange.h"
#include "domain/json_reader.h"

#include <stdio.h>

enum { MAX_URL = PIQ_WEBHOOK_URL_BYTES - 1 };

static const char *const no_query[] = {NULL};

static piq_store *store_of(const piq_exchange *c)
{
    return piq_engine_store(c->api->engine);
}

/* ---- what is shown --------------------------------------------------------
 */

static void put_time_or_null(piq_json_writer *w, const char *key, int64_t at_us)
{
    piq_json_key(w, key);
    if (at_us)
        piq_json_time(w, at_us);
    else
        piq_json_null(w);
}

/* `secret` NULL: it is told once, when the endpoint is made. */
static void write_hook(const piq_webhook *h, const char *secret,
                       piq_json_writer *w)
{
    piq_json_object(w);
    piq_json_put_z(w, "id", h->id);
    piq_json_put_z(w, "url", h->url);
    piq_json_key(w, "changes");
    piq_json_array(w);
    for (uint32_t what = 1; what <= PIQ_CHANGED_ERASED; what <<= 1)
        if (h->what & what)
            piq_json_z(w, piq_webhook_what_name(what));
    piq_json_array_end(w);
    piq_json_put_time(w, "made_at", h->made_us);
    piq_json_put_bool(w, "on", !h->off);
    piq_json_put_int(w, "told", (int64_t)h->told);
    piq_json_put_int(w, "failures", h->failures);
    put_time_or_null(w, "failing_since", h->failing_us);
    put_time_or_null(w, "next_try_at", h->next_us);
    piq_json_put_z(w, "last_error", h->last_error[0] ? h->last_error : NULL);
    if (secret)
        piq_json_put_z(w, "secret", secret);
    piq_json_object_end(w);
}

void piq_get_webhooks(piq_exchange *c)
{
    piq_webhook *list;
    size_t n;
    piq_buf b;
    piq_json_writer w;
    if (!piq_exchange_known_query(c, no_query))
        return;
    if (piq_webhook_list(store_of(c), &c->arena, &list, &n, &c->err)) {
        piq_exchange_fail(c);
        return;
    }
    piq_buf_init(&b, 0);
    piq_json_init(&w, &b);
    piq_json_object(&w);
    piq_json_key(&w, "webhooks");
    piq_json_array(&w);
    for (size_t i = 0; i < n; i++)
        if (list[i].tenant == c->caller.tenant)
            write_hook(&list[i], NULL, &w);
    piq_json_array_end(&w);
    piq_json_object_end(&w);
    piq_exchange_json(c, 200, &b, -1);
}

/* ---- adding ---------------------------------------------------------------
 */

static void read_changes(piq_json_reader *r, const json_t *list, uint32_t *out)
{
    size_t n = json_array_size(list);
    *out = 0;
    if (!json_is_array(list) || n == 0 || n > 4) {
        piq_json_refuse(r, "changes", "a list of 1 to 4 names is expected");
        return;
    }
    for (size_t i = 0; i < n; i++) {
        const json_t *name = json_array_get(list, i);
        uint32_t what =
            json_is_string(name)
                ? piq_webhook_what_of((piq_str){json_string_value(name),
                                                json_string_length(name)})
                : 0;
        if (!what || *out & what) {
            piq_json_refuse(r, "changes",
                            "profile, path, recommendations and erased are "
                            "known, each once");
            return;
        }
        *out |= what;
    }
}

static piq_status read_hook(piq_exchange *c, piq_webhook *out)
{
    static const char *const known[] = {"url", "changes", NULL};
    piq_json_reader r;
    *out = (piq_webhook){.tenant = c->caller.tenant};
    piq_json_begin(&r, c->json, "", known, &c->err);
    piq_str url = piq_json_string(&r, "url", 1, MAX_URL);
    if (!r.status && memchr(url.ptr, '\0', url.len))
        piq_json_refuse(&r, "url", "a URL has no such character");
    if (!r.status)
        snprintf(out->url, sizeof out->url, "%.*s", PIQ_STR_ARG(url));
    out->what = PIQ_CHANGED_STATE | PIQ_CHANGED_PATH | PIQ_CHANGED_SLATE |
                PIQ_CHANGED_ERASED;
    if (!r.status && piq_json_has(&r, "changes"))
        read_changes(&r, json_object_get(c->json, "changes"), &out->what);
    return piq_json_end(&r);
}

/* The webhooks' thread, if it is this process that has one, looks now. */
static void look_now(const piq_exchange *c)
{
    if (c->api->webhooks)
        piq_webhooks_nudge(c->api->webhooks);
}

void piq_post_webhook(piq_exchange *c)
{
    piq_webhook hook;
    char secret[PIQ_WEBHOOK_SECRET_BYTES];
    piq_buf b;
    piq_json_writer w;
    if (!piq_exchange_known_query(c, no_query) || !piq_exchange_body(c))
        return;
    piq_status status = read_hook(c, &hook);
    if (status == PIQ_OK) {
        status = piq_webhook_add(store_of(c), &hook, c->api->webhook_private,
                                 c->now_us, secret, &c->err);
        if (status == PIQ_EINVAL)
            piq_err_at(&c->err, "/url");
        if (status == PIQ_ELIMIT)
            c->err.status = PIQ_ECONFLICT;
    }
    if (status) {
        piq_exchange_fail(c);
        return;
    }
    look_now(c);
    piq_buf_init(&b, 0);
    piq_json_init(&w, &b);
    write_hook(&hook, secret, &w);
    piq_exchange_json(c, 201, &b, -1);
}

/* ---- one ------------------------------------------------------------------
 */

void piq_drop_webhook(piq_exchange *c)
{
    if (!piq_exchange_known_query(c, no_query))
        return;
    if (piq_webhook_drop(store_of(c), c->caller.tenant, c->name, &c->err)) {
        piq_exchange_fail(c);
        return;
    }
    look_now(c);
    piq_exchange_bytes(c, 204, NULL, NULL, -1);
}

static void reply_hook(piq_exchange *c)
{
    piq_webhook *list;
    size_t n;
    piq_buf b;
    piq_json_writer w;
    if (piq_webhook_list(store_of(c), &c->arena, &list, &n, &c->err)) {
        piq_exchange_fail(c);
        return;
    }
    size_t i = 0;
    while (i < n && (list[i].tenant != c->caller.tenant ||
                     !piq_str_eq(piq_str_of(list[i].id), c->name)))
        i++;
    if (i == n) {
        piq_fail(&c->err, PIQ_ENOTFOUND, "there is no such webhook");
        piq_exchange_fail(c);
        return;
    }
    piq_buf_init(&b, 0);
    piq_json_init(&w, &b);
    write_hook(&list[i], NULL, &w);
    piq_exchange_json(c, 200, &b, -1);
}

void piq_revive_webhook(piq_exchange *c)
{
    if (!piq_exchange_known_query(c, no_query) || !piq_exchange_no_body(c))
        return;
    if (piq_webhook_revive(store_of(c), c->caller.tenant, c->name, &c->err)) {
        piq_exchange_fail(c);
        return;
    }
    look_now(c);
    reply_hook(c);
}
