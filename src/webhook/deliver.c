/* deliver.c - the threads that tell: one that looks which endpoints there are,
 * and one for each, so that nobody waits for another's server. */
#include "access/crypto.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/rng.h"
#include "webhook/endpoints.h"
#include "webhook/message.h"
#include "webhook/post.h"
#include "webhook/sign.h"

#include <curl/curl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    CHANGES_PIECE = 512,
    LIST_BYTES = 8 << 20,
    DEFAULT_POLL_MS = 500,
    DEFAULT_TIMEOUT_MS = 10000,
    FIRST_PAUSE_S = 5,
    MOST_PAUSE_S = 3600,
    GONE = 410
};
static const int64_t second_us = 1000000,
                     giving_up_us = INT64_C(3) * 86400 * 1000000;

typedef struct teller {
    piq_webhooks *of;
    char id[24];
    pthread_t thread;
    atomic_bool over; /* it has ended by itself: to be joined */

    struct teller *next;
} teller;

struct piq_webhooks {
    piq_store *store;
    piq_webhook_config config;
    pthread_t thread;
    pthread_mutex_t lock; /* what follows */
    pthread_cond_t wake;
    uint64_t nudges;
    bool stopping;
    teller *tellers; /* the manager's alone */
    piq_metric *told, *failed, *off;
};

/* ---- waiting --------------------------------------------------------------
 */

/* Until a nudge after `*seen`, the pause is over, or the end. True: go on. */
static bool pause_for(piq_webhooks *w, int64_t ms, uint64_t *seen)
{
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    int64_t ns = until.tv_nsec + ms % 1000 * 1000000;
    until.tv_sec += (time_t)(ms / 1000 + ns / 1000000000);
    until.tv_nsec = (long)(ns % 1000000000);
    pthread_mutex_lock(&w->lock);
    while (!w->stopping && w->nudges == *seen &&
           pthread_cond_timedwait(&w->wake, &w->lock, &until) == 0)
        continue;
    *seen = w->nudges;
    bool go_on = !w->stopping;
    pthread_mutex_unlock(&w->lock);
    return go_on;
}

static bool is_stopping(void *ctx)
{
    piq_webhooks *w = ctx;
    pthread_mutex_lock(&w->lock);
    bool stopping = w->stopping;
    pthread_mutex_unlock(&w->lock);
    return stopping;
}

static bool may_tell(const piq_webhooks *w)
{
    return !w->config.is_leader || w->config.is_leader(w->config.ctx);
}

/* ---- one message ----------------------------------------------------------
 */

/* One look at an endpoint, and who looks. */
typedef struct visit {
    piq_webhooks *w;
    piq_poster *poster;
    piq_rng rng;
    piq_webhook h;
    char secret[PIQ_WEBHOOK_SECRET_BYTES];
    char trace[PIQ_MESSAGE_TRACE_BYTES]; /* of the last attempt */
} visit;

static piq_status post_signed(visit *v, const char *id, piq_str body,
                              int *http_status, piq_err *err)
{
    char signature[PIQ_SIGNATURE_BYTES];
    char lines[4][PIQ_MESSAGE_ID_BYTES + 32];
    int64_t now_s = piq_clock_now_us() / second_us;
    piq_status status = piq_webhook_sign(piq_str_of(v->secret), piq_str_of(id),
                                         now_s, body, signature, err);
    if (status)
        return status;
    snprintf(lines[0], sizeof lines[0], "webhook-id: %s", id);
    snprintf(lines[1], sizeof lines[1], "webhook-timestamp: %lld",
             (long long)now_s);
    snprintf(lines[2], sizeof lines[2], "webhook-signature: %s", signature);
    snprintf(lines[3], sizeof lines[3], "traceparent: %s", v->trace);
    const char *const headers[] = {
        "Content-Type: application/cloudevents+json; charset=utf-8",
        lines[0],
        lines[1],
        lines[2],
        lines[3],
        NULL};
    const piq_post post = {.url = v->h.url, .headers = headers, .body = body};
    return piq_poster_send(v->poster, &post, http_status, err);
}

static piq_status send_one(visit *v, const piq_message *m, int *http_status,
                           piq_err *err)
{
    char id[PIQ_MESSAGE_ID_BYTES];
    piq_buf body;
    piq_buf_init(&body, 0);
    piq_message_body(m, v->w->config.source, &body);
    piq_message_id(m, id);
    piq_message_trace(m, v->h.id, piq_rng_u64(&v->rng), v->trace);
    piq_status status =
        body.status ? piq_fail(err, body.status, "no memory to send a webhook")
                    : post_signed(v, id, (piq_str){body.ptr, body.len},
                                  http_status, err);
    piq_buf_release(&body);
    return status;
}

/* ---- one endpoint ---------------------------------------------------------
 */

static void went_well(visit *v)
{
    piq_webhook *h = &v->h;
    h->told++;
    h->failures = 0;
    h->failing_us = 0;
    h->next_us = 0;
    h->last_error[0] = '\0';
    piq_metric_add(v->w->told, 1);
    if (!piq_log_on(PIQ_LOG_DEBUG))
        return;
    piq_log_field fields[] = {piq_log_z("webhook", h->id),
                              piq_log_z("traceparent", v->trace)};
    piq_log(PIQ_LOG_DEBUG, 0, "a webhook was told", fields, 2);
}

/* When it is tried again: 5 s, 10 s .. up to an hour. */
static int64_t pause_after(unsigned failures, piq_rng *rng)
{
    int64_t pause_s = FIRST_PAUSE_S;
    for (unsigned i = 0; i < failures && pause_s < MOST_PAUSE_S; i++)
        pause_s *= 2;
    if (pause_s > MOST_PAUSE_S)
        pause_s = MOST_PAUSE_S;
    /* Less up to half, so that many do not come back together. */
    double share = .5 + piq_rng_uniform(rng) / 2;
    return (int64_t)((double)(pause_s * second_us) * share);
}

static void went_wrong(visit *v, int http_status, const piq_err *err)
{
    piq_webhook *h = &v->h;
    int64_t now_us = piq_clock_now_us();
    if (!h->failing_us)
        h->failing_us = now_us;
    h->next_us = now_us + pause_after(h->failures++, &v->rng);
    if (http_status)
        snprintf(h->last_error, sizeof h->last_error, "it answered %d",
                 http_status);
    else
        snprintf(h->last_error, sizeof h->last_error, "%.90s", err->message);
    h->off = http_status == GONE || now_us - h->failing_us > giving_up_us;
    piq_metric_add(h->off ? v->w->off : v->w->failed, 1);
    piq_log_field fields[] = {
        piq_log_z("webhook", h->id), piq_log_int("failures", h->failures),
        piq_log_z("why", h->last_error), piq_log_z("traceparent", v->trace)};
    piq_log(h->off ? PIQ_LOG_ERROR : PIQ_LOG_WARN, 0,
            h->off ? "a webhook is switched off" : "a webhook failed", fields,
            4);
}

/* Tells the messages in order; h.mark moves behind what was told. False: one
 * was refused, or it is time to stop. */
static bool tell_messages(visit *v, const piq_message *list, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        piq_err err = {0};
        int http_status = 0;
        if (is_stopping(v->w))
            return false;
        piq_status status = send_one(v, &list[i], &http_status, &err);
        if (status == PIQ_EBUSY) /* no failure: told again under its id */
            return false;
        if (status || http_status < 200 || http_status > 299) {
            went_wrong(v, http_status, &err);
            return false;
        }
        went_well(v);
        /* Others of the same mark may follow. */
        if (i + 1 == n || list[i + 1].mark > list[i].mark)
            v->h.mark = list[i].mark;
    }
    return true;
}

/* The feed begins behind the mark: what lay between is lost. */
static piq_status skip_dropped(visit *v, piq_err *err)
{
    piq_store *store = v->w->store;
    piq_log_field fields[] = {piq_log_z("webhook", v->h.id)};
    piq_log(PIQ_LOG_ERROR, 0, "changes were dropped before a webhook was told",
            fields, 1);
    piq_status status = store->ops->last_change(store, &v->h.mark, err);
    return status ? status : piq_webhook_note(store, &v->h, err);
}

/* The next piece of changes. *more: there may be others. */
static piq_status tell_piece(visit *v, piq_arena *a, bool *more, piq_err *err)
{
    piq_store *store = v->w->store;
    piq_webhook *h = &v->h;
    piq_change *changes;
    piq_message *list = NULL;
    size_t n, n_messages = 0;
    int64_t before = h->mark;
    uint64_t told = h->told;
    unsigned failures = h->failures;
    *more = false;
    piq_status status = store->ops->changes(store, a, h->mark, CHANGES_PIECE,
                                            &changes, &n, err);
    if (status == PIQ_ENOTFOUND)
        return skip_dropped(v, err);
    if (status || !n)
        return status;
    if (piq_messages_of(a, changes, n, h->tenant, h->what, &list, &n_messages))
        return piq_fail(err, PIQ_ENOMEM, "no memory to tell changes");
    if (tell_messages(v, list, n_messages)) {
        h->mark = changes[n - 1].mark;
        *more = n >= CHANGES_PIECE;
    }
    if (h->mark == before && h->told == told && h->failures == failures)
        return PIQ_OK;
    return piq_webhook_note(store, h, err);
}

/* Everything that waits for it. PIQ_ENOTFOUND: the endpoint is no more. */
static piq_status tell_all(visit *v, const char *id, piq_err *err)
{
    piq_arena a;
    bool more = true;
    piq_status status =
        piq_webhook_read(v->w->store, piq_str_of(id), &v->h, v->secret, err);
    if (status)
        return status;
    piq_arena_init(&a, LIST_BYTES);
    while (status == PIQ_OK && more && !v->h.off &&
           piq_clock_now_us() >= v->h.next_us) {
        status = tell_piece(v, &a, &more, err);
        piq_arena_clear(&a);
    }
    piq_arena_release(&a);
    return status;
}

static void *run_teller(void *ctx)
{
    teller *t = ctx;
    piq_webhooks *w = t->of;
    visit v = {.w = w};
    uint64_t seen = 0;
    bool there = true;
    piq_rng_seed(&v.rng, (uint64_t)piq_clock_now_us() ^
                             piq_hash_bytes(t->id, strlen(t->id)));
    do {
        piq_err err = {0};
        piq_status status = PIQ_OK;
        if (!may_tell(w))
            continue;
        if (!v.poster)
            status =
                piq_poster_new(w->config.allow_private, w->config.timeout_ms,
                               is_stopping, w, &v.poster, &err);
        if (status == PIQ_OK)
            status = tell_all(&v, t->id, &err);
        there = status != PIQ_ENOTFOUND;
        if (status && there)
            piq_reporter_tell(&w->config.reporter, "could not tell a webhook",
                              &err);
    } while (there && pause_for(w, w->config.poll_ms, &seen));
    piq_poster_free(v.poster);
    piq_crypto_wipe(v.secret, sizeof v.secret);
    atomic_store(&t->over, true);
    return NULL;
}

/* ---- the manager ----------------------------------------------------------
 */

static void begin_teller(piq_webhooks *w, const char *id)
{
    teller *t = calloc(1, sizeof *t);
    if (!t)
        return; /* the next round tries again */
    t->of = w;
    snprintf(t->id, sizeof t->id, "%s", id);
    atomic_init(&t->over, false);
    if (pthread_create(&t->thread, NULL, run_teller, t)) {
        free(t);
        return;
    }
    t->next = w->tellers;
    w->tellers = t;
}

/* Those that have ended; `all`: waits for every one. */
static void gather(piq_webhooks *w, bool all)
{
    for (teller **at = &w->tellers; *at;) {
        teller *t = *at;
        if (!all && !atomic_load(&t->over)) {
            at = &t->next;
            continue;
        }
        *at = t->next;
        pthread_join(t->thread, NULL);
        free(t);
    }
}

static bool has_teller(const piq_webhooks *w, const char *id)
{
    for (const teller *t = w->tellers; t; t = t->next)
        if (strcmp(t->id, id) == 0)
            return true;
    return false;
}

static void *run_manager(void *ctx)
{
    piq_webhooks *w = ctx;
    uint64_t seen = 0;
    do {
        piq_arena a;
        piq_webhook *list;
        piq_err err = {0};
        size_t n = 0;
        gather(w, false);
        piq_arena_init(&a, LIST_BYTES);
        if (piq_webhook_list(w->store, &a, &list, &n, &err)) {
            piq_reporter_tell(&w->config.reporter, "could not list webhooks",
                              &err);
            n = 0;
        }
        for (size_t i = 0; i < n; i++)
            if (!has_teller(w, list[i].id))
                begin_teller(w, list[i].id);
        piq_arena_release(&a);
    } while (pause_for(w, 2 * (int64_t)w->config.poll_ms, &seen));
    gather(w, true);
    return NULL;
}

static void declare_metrics(piq_webhooks *w, piq_metrics *m)
{
    if (!m)
        return;
    w->told = piq_metrics_counter(m, "piq_webhook_messages_total",
                                  "Messages that were received.", NULL);
    w->failed = piq_metrics_counter(m, "piq_webhook_failures_total",
                                    "Messages that were not.", NULL);
    w->off = piq_metrics_counter(m, "piq_webhooks_switched_off_total",
                                 "Endpoints given up.", NULL);
}

piq_status piq_webhooks_start(piq_store *store,
                              const piq_webhook_config *config,
                              piq_metrics *metrics, piq_webhooks **out,
                              piq_err *err)
{
    /* Counted by libcurl, and safe beside others since 7.84. */
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
        return piq_fail(err, PIQ_EINTERNAL, "libcurl could not be started");
    piq_webhooks *w = calloc(1, sizeof *w);
    if (!w)
        return piq_fail(err, PIQ_ENOMEM, "no memory for webhooks");
    w->store = store;
    if (config)
        w->config = *config;
    if (!w->config.poll_ms)
        w->config.poll_ms = DEFAULT_POLL_MS;
    if (!w->config.timeout_ms)
        w->config.timeout_ms = DEFAULT_TIMEOUT_MS;
    if (!w->config.source)
        w->config.source = "/piq";
    declare_metrics(w, metrics);
    pthread_mutex_init(&w->lock, NULL);
    pthread_condattr_t steady;
    pthread_condattr_init(&steady);
    pthread_condattr_setclock(&steady, CLOCK_MONOTONIC);
    pthread_cond_init(&w->wake, &steady);
    pthread_condattr_destroy(&steady);
    if (pthread_create(&w->thread, NULL, run_manager, w)) {
        pthread_cond_destroy(&w->wake);
        pthread_mutex_destroy(&w->lock);
        free(w);
        return piq_fail(err, PIQ_ENOMEM, "could not start the webhook thread");
    }
    *out = w;
    return PIQ_OK;
}

void piq_webhooks_stop(piq_webhooks *w)
{
    if (!w)
        return;
    pthread_mutex_lock(&w->lock);
    w->stopping = true;
    pthread_cond_broadcast(&w->wake);
    pthread_mutex_unlock(&w->lock);
    pthread_join(w->thread, NULL);
    pthread_cond_destroy(&w->wake);
    pthread_mutex_destroy(&w->lock);
    free(w);
}

void piq_webhooks_nudge(piq_webhooks *w)
{
    pthread_mutex_lock(&w->lock);
    w->nudges++;
    pthread_cond_broadcast(&w->wake);
    pthread_mutex_unlock(&w->lock);
}
