/* embed.c - the installed API of piq.h, over the SQLite backend. */
#include "piq.h"

#include "api/api.h"
#include "domain/json_reader.h"
#include "store/sqlite/sqlite_store.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

struct piq {
    piq_engine *engine;
    piq_metrics *metrics;
    piq_api *api;
};

static piq_status read_options(const char *text, piq_engine_config *config,
                               piq_sqlite_options *sqlite, piq_err *err)
{
    static const char *const known[] = {
        "owners",        "queue_length", "cache_learners", "calibrate_every",
        "slate_minutes", "maintain_ms",  "relaxed",        NULL};
    struct {
        const char *name;
        int64_t high;
        int64_t value;
    } ints[] = {{"owners", 64, 0},
                {"queue_length", 1000000, 0},
                {"cache_learners", 100000000, 0},
                {"calibrate_every", 1000000000, 0},
                {"slate_minutes", 1440, 0},
                {"maintain_ms", 3600000, 0}};
    json_t *json = NULL;
    piq_json_reader r;
    piq_status status = piq_json_parse(piq_str_of(text), &json, err);
    if (status)
        return status;
    piq_json_begin(&r, json, "", known, err);
    for (size_t i = 0; i < sizeof ints / sizeof ints[0]; i++)
        if (piq_json_has(&r, ints[i].name))
            ints[i].value = piq_json_int_in(&r, ints[i].name, 1, ints[i].high);
    if (piq_json_has(&r, "relaxed"))
        sqlite->relaxed = piq_json_flag(&r, "relaxed");
    status = piq_json_end(&r);
    json_decref(json);
    *config = (piq_engine_config){.n_owners = (unsigned)ints[0].value,
                                  .queue_length = (unsigned)ints[1].value,
                                  .cache_learners = (size_t)ints[2].value,
                                  .calibrate_every = (unsigned)ints[3].value,
                                  .slate_minutes = (unsigned)ints[4].value,
                                  .maintain_ms = (unsigned)ints[5].value};
    return status;
}

piq_status piq_open(const char *path, const char *options_json, piq **out,
                    piq_err *err)
{
    piq_engine_config config = {0};
    piq_sqlite_options sqlite = {0};
    piq_store *store = NULL;
    piq *p = calloc(1, sizeof *p);
    piq_status status = PIQ_OK;
    if (!p)
        return piq_fail(err, PIQ_ENOMEM, "no memory for an engine");
    if (options_json)
        status = read_options(options_json, &config, &sqlite, err);
    if (status == PIQ_OK)
        status = piq_sqlite_open(path, &sqlite, &store, err);
    if (status == PIQ_OK && piq_metrics_new(&p->metrics))
        status = piq_fail(err, PIQ_ENOMEM, "no memory for metrics");
    if (status == PIQ_OK)
        status = piq_engine_open(store, &config, p->metrics, &p->engine, err);
    if (status == PIQ_OK)
        store = NULL; /* the engine's now */
    if (status == PIQ_OK)
        status = piq_api_new(
            &(piq_api_config){.engine = p->engine, .metrics = p->metrics},
            &p->api, err);
    if (status) {
        piq_engine_close(p->engine);
        if (store)
            store->ops->close(store);
        piq_metrics_free(p->metrics);
        free(p);
        return status;
    }
    *out = p;
    return PIQ_OK;
}

void piq_close(piq *engine)
{
    if (!engine)
        return;
    piq_engine_close(engine->engine);
    piq_api_free(engine->api);
    piq_metrics_free(engine->metrics);
    free(engine);
}

/* ---- one call -------------------------------------------------------- */

typedef struct waiting {
    pthread_mutex_t lock;
    pthread_cond_t cond;
    bool done;
    piq_api_reply reply;
} waiting;

static void wake(void *ctx, piq_api_reply *reply)
{
    waiting *w = ctx;
    pthread_mutex_lock(&w->lock);
    w->reply = *reply;
    w->done = true;
    pthread_cond_signal(&w->cond);
    pthread_mutex_unlock(&w->lock);
}

piq_status piq_call(piq *engine, const char *method, const char *target,
                    const char *body, size_t len, piq_reply *reply)
{
    waiting w = {.lock = PTHREAD_MUTEX_INITIALIZER,
                 .cond = PTHREAD_COND_INITIALIZER};
    piq_str all = piq_str_of(target);
    const char *mark = strchr(target, '?');
    piq_caller caller = piq_caller_trusted();
    piq_api_request request = {
        .method = method, .path = all, .caller = &caller};
    if (mark) {
        request.path.len = (size_t)(mark - target);
        request.query = piq_str_of(mark + 1);
    }
    if (body)
        request.body = (piq_str){body, len};
    /* An embedding program has no headers: what the route takes is meant. */
    if (piq_str_eq(request.path, PIQ_STR("/api/events")))
        request.content_type = PIQ_STR("application/x-ndjson");
    piq_api_handle(engine->api, &request, wake, &w);
    pthread_mutex_lock(&w.lock);
    while (!w.done)
        pthread_cond_wait(&w.cond, &w.lock);
    pthread_mutex_unlock(&w.lock);
    pthread_cond_destroy(&w.cond);
    pthread_mutex_destroy(&w.lock);
    *reply = (piq_reply){.status = w.reply.status, .type = w.reply.type};
    memcpy(reply->etag, w.reply.etag, sizeof reply->etag);
    piq_str bytes = piq_bytes_str(w.reply.body);
    reply->body = malloc(bytes.len + 1);
    if (reply->body) {
        if (bytes.len)
            memcpy(reply->body, bytes.ptr, bytes.len);
        reply->body[bytes.len] = 0;
        reply->len = bytes.len;
    }
    piq_bytes_release(w.reply.body);
    return reply->body ? PIQ_OK : PIQ_ENOMEM;
}

void piq_reply_free(piq_reply *reply)
{
    free(reply->body);
    *reply = (piq_reply){0};
}
