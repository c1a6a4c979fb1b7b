/* privacy.c - what a learner has a right to: to see all that is kept and who
 * looked at it, to have nothing more learned, to be forgotten. */
#include "api/exchange.h"
#include "base/log.h"
#include "domain/json_reader.h"
#include "engine/erase.h"
#include "engine/pause.h"

static const char *const no_query[] = {NULL};

enum { DEFAULT_ENTRIES = 200, MAX_ENTRIES = 1000 };

static void begin(piq_exchange *c, piq_buf *b, piq_json_writer *w)
{
    piq_buf_init(b, 0);
    piq_json_init(w, b);
    piq_json_object(w);
    piq_json_put_id(w, "userId", piq_user_outer(c->user));
}

/* ---- export ---------------------------------------------------------------
 */

void piq_get_export(piq_exchange *c)
{
    piq_buf b;
    piq_json_writer w;
    if (!piq_exchange_known_query(c, no_query))
        return;
    piq_buf_init(&b, 0);
    piq_json_init(&w, &b);
    if (piq_engine_export(c->api->engine, c->user, &w, &c->err)) {
        piq_buf_release(&b);
        piq_exchange_fail(c);
        return;
    }
    piq_exchange_json(c, 200, &b, -1);
}

/* ---- erasure --------------------------------------------------------------
 */

static void reply_erased(piq_exchange *c)
{
    piq_buf b;
    piq_json_writer w;
    const piq_erased *gone = &c->op->erased;
    piq_err err = {0};
    if (c->api->audit)
        piq_audit_forget(c->api->audit, c->user);
    if (c->api->access && piq_access_forget(c->api->access, c->user, &err))
        piq_log_err(0, "an erased learner's number stays with their coaches",
                    &err);
    begin(c, &b, &w);
    piq_json_put_int(&w, "events", (int64_t)gone->events);
    piq_json_put_int(&w, "recommendations", (int64_t)gone->recommendations);
    piq_json_put_int(&w, "others", (int64_t)gone->others);
    piq_json_object_end(&w);
    /* The audit tells that somebody was erased, and not who. */
    c->user = (piq_user_id){0};
    piq_exchange_json(c, 200, &b, -1);
}

void piq_erase_learner(piq_exchange *c)
{
    if (!piq_exchange_known_query(c, no_query) || !piq_exchange_no_body(c))
        return;
    piq_op *op = piq_exchange_op(c, PIQ_OP_ERASE);
    if (op)
        piq_exchange_run(c, op, reply_erased);
}

/* ---- profiling ------------------------------------------------------------
 */

static void reply_paused(piq_exchange *c, bool paused, int64_t version)
{
    piq_buf b;
    piq_json_writer w;
    begin(c, &b, &w);
    piq_json_put_int(&w, "version", version);
    piq_json_put_bool(&w, "paused", paused);
    piq_json_object_end(&w);
    piq_exchange_json(c, 200, &b, version);
}

void piq_get_profiling(piq_exchange *c)
{
    piq_store *s = piq_engine_store(c->api->engine);
    piq_learner_ref ref;
    piq_record r;
    if (!piq_exchange_known_query(c, no_query) ||
        !piq_exchange_learner(c, &ref))
        return;
    int64_t version = ref.learner->version;
    piq_learner_ref_release(&ref);
    piq_status status =
        s->ops->record(s, &c->arena, c->user, PIQ_RECORD_PAUSED,
                       PIQ_RECORD_PROFILING, c->now_us, &r, &c->err);
    if (status && status != PIQ_ENOTFOUND)
        piq_exchange_fail(c);
    else
        reply_paused(c, status == PIQ_OK, version);
}

static void reply_profiling(piq_exchange *c)
{
    reply_paused(c, c->op->kind == PIQ_OP_PAUSE, c->op->state_version);
}

void piq_put_profiling(piq_exchange *c)
{
    static const char *const known[] = {"paused", NULL};
    piq_json_reader r;
    if (!piq_exchange_known_query(c, no_query) || !piq_exchange_body(c))
        return;
    piq_json_begin(&r, c->json, "", known, &c->err);
    bool paused = piq_json_flag(&r, "paused");
    if (piq_json_end(&r)) {
        piq_exchange_fail(c);
        return;
    }
    piq_op *op = piq_exchange_op(c, paused ? PIQ_OP_PAUSE : PIQ_OP_RESUME);
    if (op)
        piq_exchange_run(c, op, reply_profiling);
}

/* ---- the audit ------------------------------------------------------------
 */

typedef struct listing {
    piq_json_writer *w;
    size_t n, limit;
    bool more;
} listing;

static piq_status add_entry(void *ctx, piq_str json, piq_err *err)
{
    listing *l = ctx;
    (void)err;
    l->more = l->n == l->limit;
    if (l->more)
        return PIQ_OK;
    l->n++;
    piq_json_raw(l->w, json);
    return PIQ_OK;
}

void piq_get_audit(piq_exchange *c)
{
    static const char *const known[] = {"since", "limit", NULL};
    int64_t since_us = INT64_MIN, limit = DEFAULT_ENTRIES;
    piq_store *s = piq_engine_store(c->api->engine);
    piq_buf b;
    piq_json_writer w;
    if (!piq_exchange_known_query(c, known) ||
        !piq_exchange_query_time(c, "since", &since_us) ||
        !piq_exchange_query_int(c, "limit", 1, MAX_ENTRIES, &limit))
        return;
    begin(c, &b, &w);
    piq_json_key(&w, "entries");
    piq_json_array(&w);
    listing l = {.w = &w, .limit = (size_t)limit};
    piq_status status = PIQ_OK;
    if (c->api->audit)
        status = piq_audit_flush(c->api->audit, &c->err);
    if (status == PIQ_OK)
        status = piq_audit_list(s, c->user, since_us, l.limit + 1, add_entry,
                                &l, &c->err);
    if (status) {
        piq_buf_release(&b);
        piq_exchange_fail(c);
        return;
    }
    piq_json_array_end(&w);
    piq_json_put_bool(&w, "more", l.more);
    piq_json_object_end(&w);
    piq_exchange_json(c, 200, &b, -1);
}
