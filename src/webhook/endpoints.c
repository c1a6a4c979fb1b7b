#include "webhook/endpoints.h"

#include "access/crypto.h"
#include "base/json_writer.h"
#include "domain/json_reader.h"
#include "webhook/post.h"
#include "webhook/sign.h"

#include <stdio.h>
#include <string.h>

#define KIND_HOOK PIQ_STR("webhook")
#define KIND_MARK PIQ_STR("webhook_mark")
static const piq_user_id nobody = {0};
enum { SECRET_BYTES = 32, ID_BYTES = 8, LIST_BYTES = 4 << 20 };

/* ---- documents ------------------------------------------------------------
 */

static void copy_text(char *out, size_t room, const json_t *from)
{
    const char *text = json_string_value(from);
    snprintf(out, room, "%s", text ? text : "");
}

/* Our own writing: what is missing is as new. */
static piq_status read_hook(const piq_record *r, piq_webhook *out,
                            char secret[PIQ_WEBHOOK_SECRET_BYTES], piq_err *err)
{
    json_t *j;
    piq_status status = piq_json_parse_own(r->document, &j);
    if (status)
        return piq_fail(err, status, "webhook %.*s cannot be read",
                        PIQ_STR_ARG(r->key));
    *out = (piq_webhook){.made_us = r->at_us};
    snprintf(out->id, sizeof out->id, "%.*s", PIQ_STR_ARG(r->key));
    copy_text(out->url, sizeof out->url, json_object_get(j, "url"));
    out->tenant = (uint32_t)json_integer_value(json_object_get(j, "tenant"));
    out->what = (uint32_t)json_integer_value(json_object_get(j, "what"));
    if (secret)
        copy_text(secret, PIQ_WEBHOOK_SECRET_BYTES,
                  json_object_get(j, "secret"));
    json_decref(j);
    return PIQ_OK;
}

/* Without it all would be told again from the first. */
static piq_status read_mark(const piq_record *r, piq_webhook *out, piq_err *err)
{
    json_t *j;
    piq_status status = piq_json_parse_own(r->document, &j);
    if (status)
        return piq_fail(err, status,
                        "how far webhook %.*s was told cannot be read",
                        PIQ_STR_ARG(r->key));
    out->mark = json_integer_value(json_object_get(j, "mark"));
    out->told = (uint64_t)json_integer_value(json_object_get(j, "told"));
    out->failures =
        (unsigned)json_integer_value(json_object_get(j, "failures"));
    out->failing_us = json_integer_value(json_object_get(j, "failing_us"));
    out->next_us = json_integer_value(json_object_get(j, "next_us"));
    out->off = json_is_true(json_object_get(j, "off"));
    copy_text(out->last_error, sizeof out->last_error,
              json_object_get(j, "last_error"));
    json_decref(j);
    return PIQ_OK;
}

static void write_hook(const piq_webhook *h, const char *secret, piq_buf *b)
{
    piq_json_writer w;
    piq_json_init(&w, b);
    piq_json_object(&w);
    piq_json_put_z(&w, "url", h->url);
    piq_json_put_z(&w, "secret", secret);
    piq_json_put_int(&w, "tenant", h->tenant);
    piq_json_put_int(&w, "what", h->what);
    piq_json_object_end(&w);
}

static void write_mark(const piq_webhook *h, piq_buf *b)
{
    piq_json_writer w;
    piq_json_init(&w, b);
    piq_json_object(&w);
    piq_json_put_int(&w, "mark", h->mark);
    piq_json_put_int(&w, "told", (int64_t)h->told);
    piq_json_put_int(&w, "failures", h->failures);
    piq_json_put_int(&w, "failing_us", h->failing_us);
    piq_json_put_int(&w, "next_us", h->next_us);
    piq_json_put_bool(&w, "off", h->off);
    piq_json_put_z(&w, "last_error", h->last_error);
    piq_json_object_end(&w);
}

static piq_record mark_record(const piq_webhook *h, const piq_buf *b)
{
    return (piq_record){.kind = KIND_MARK,
                        .key = piq_str_of(h->id),
                        .from_version = PIQ_RECORD_ANY,
                        .at_us = h->made_us,
                        .expires_us = INT64_MAX,
                        .document = {b->ptr, b->len}};
}

/* ---- reading ---------------------------------------------------------------
 */

static piq_status add_mark(piq_store *store, piq_arena *a, piq_webhook *h,
                           piq_err *err)
{
    piq_record r;
    piq_status status = store->ops->record(store, a, nobody, KIND_MARK,
                                           piq_str_of(h->id), 0, &r, err);
    if (status == PIQ_OK)
        status = read_mark(&r, h, err);
    return status == PIQ_ENOTFOUND ? PIQ_OK : status;
}

piq_status piq_webhook_read(piq_store *store, piq_str id, piq_webhook *out,
                            char secret[PIQ_WEBHOOK_SECRET_BYTES], piq_err *err)
{
    piq_arena a;
    piq_record r;
    piq_arena_init(&a, LIST_BYTES);
    piq_status status =
        store->ops->record(store, &a, nobody, KIND_HOOK, id, 0, &r, err);
    if (status == PIQ_OK)
        status = read_hook(&r, out, secret, err);
    if (status == PIQ_OK)
        status = add_mark(store, &a, out, err);
    piq_arena_release(&a);
    return status;
}

piq_status piq_webhook_list(piq_store *store, piq_arena *a, piq_webhook **out,
                            size_t *n, piq_err *err)
{
    const piq_record_range range = {.kind = KIND_HOOK,
                                    .after_us = INT64_MIN,
                                    .until_us = INT64_MAX,
                                    .limit = PIQ_MAX_WEBHOOKS};
    piq_record *rows;
    piq_status status = store->ops->records(store, a, &range, &rows, n, err);
    if (status)
        return status;
    piq_webhook *list = piq_new(a, piq_webhook, *n + 1);
    if (!list)
        return piq_fail(err, PIQ_ENOMEM, "no memory to list webhooks");
    for (size_t i = 0; i < *n && status == PIQ_OK; i++) {
        status = read_hook(&rows[i], &list[i], NULL, err);
        if (status == PIQ_OK)
            status = add_mark(store, a, &list[i], err);
    }
    *out = list;
    return status;
}

/* ---- writing ---------------------------------------------------------------
 */

piq_status piq_webhook_note(piq_store *store, const piq_webhook *hook,
                            piq_err *err)
{
    piq_buf b;
    piq_buf_init(&b, 0);
    write_mark(hook, &b);
    piq_record r = mark_record(hook, &b);
    piq_status status = b.status
                            ? piq_fail(err, b.status, "no memory for a webhook")
                            : store->ops->put_records(store, &r, 1, err);
    piq_buf_release(&b);
    return status;
}

static piq_status store_new(piq_store *store, const piq_webhook *h,
                            const char *secret, piq_err *err)
{
    piq_buf hook, mark;
    piq_buf_init(&hook, 0);
    piq_buf_init(&mark, 0);
    write_hook(h, secret, &hook);
    write_mark(h, &mark);
    piq_record rows[] = {{.kind = KIND_HOOK,
                          .key = piq_str_of(h->id),
                          .at_us = h->made_us,
                          .expires_us = INT64_MAX,
                          .document = {hook.ptr, hook.len}},
                         mark_record(h, &mark)};
    piq_status status = hook.status ? hook.status : mark.status;
    if (status)
        piq_fail(err, status, "no memory for a webhook");
    else
        status = store->ops->put_records(store, rows, 2, err);
    if (hook.len)
        piq_crypto_wipe(hook.ptr, hook.len);
    piq_buf_release(&hook);
    piq_buf_release(&mark);
    return status;
}

static piq_status make_names(piq_webhook *h,
                             char secret[PIQ_WEBHOOK_SECRET_BYTES],
                             piq_err *err)
{
    uint8_t random[SECRET_BYTES + ID_BYTES];
    piq_status status = piq_crypto_random(random, sizeof random, err);
    if (status)
        return status;
    piq_webhook_spell_secret(random, SECRET_BYTES, secret);
    memcpy(h->id, "wh_", 3);
    piq_crypto_hex(random + SECRET_BYTES, ID_BYTES, h->id + 3);
    piq_crypto_wipe(random, sizeof random);
    return PIQ_OK;
}

piq_status piq_webhook_add(piq_store *store, piq_webhook *hook,
                           bool allow_private, int64_t now_us,
                           char secret[PIQ_WEBHOOK_SECRET_BYTES], piq_err *err)
{
    piq_arena a;
    piq_webhook *all,
        made = {.tenant = hook->tenant, .what = hook->what, .made_us = now_us};
    size_t n;
    piq_status status = piq_post_check_url(hook->url, allow_private, err);
    if (status)
        return status;
    memcpy(made.url, hook->url, sizeof made.url);
    piq_arena_init(&a, LIST_BYTES);
    status = piq_webhook_list(store, &a, &all, &n, err);
    piq_arena_release(&a);
    if (status == PIQ_OK && n >= PIQ_MAX_WEBHOOKS)
        status = piq_fail(err, PIQ_ELIMIT, "there are %d webhooks already",
                          (int)PIQ_MAX_WEBHOOKS);
    if (status == PIQ_OK)
        status = store->ops->last_change(store, &made.mark, err);
    if (status == PIQ_OK)
        status = make_names(&made, secret, err);
    if (status == PIQ_OK)
        status = store_new(store, &made, secret, err);
    if (status == PIQ_OK)
        *hook = made;
    return status;
}

/* One of the tenant's; the same words for another tenant's as for none. */
static piq_status find(piq_store *store, uint32_t tenant, piq_str id,
                       piq_webhook *out, piq_err *err)
{
    piq_status status = id.len && id.len < sizeof out->id
                            ? piq_webhook_read(store, id, out, NULL, err)
                            : PIQ_ENOTFOUND;
    if (status == PIQ_ENOTFOUND || (status == PIQ_OK && out->tenant != tenant))
        return piq_fail(err, PIQ_ENOTFOUND, "there is no such webhook");
    return status;
}

piq_status piq_webhook_drop(piq_store *store, uint32_t tenant, piq_str id,
                            piq_err *err)
{
    piq_webhook h;
    piq_status status = find(store, tenant, id, &h, err);
    if (status)
        return status;
    const piq_record rows[] = {
        {.kind = KIND_HOOK, .key = id, .from_version = PIQ_RECORD_ANY},
        {.kind = KIND_MARK, .key = id, .from_version = PIQ_RECORD_ANY}};
    return store->ops->put_records(store, rows, 2, err);
}

piq_status piq_webhook_revive(piq_store *store, uint32_t tenant, piq_str id,
                              piq_err *err)
{
    piq_webhook h;
    piq_status status = find(store, tenant, id, &h, err);
    if (status)
        return status;
    h.off = false;
    h.failures = 0;
    h.failing_us = 0;
    h.next_us = 0;
    return piq_webhook_note(store, &h, err);
}
