/* webhook.h - tells other services what has changed of a learner.
 *
 * The store's change feed is the queue: each endpoint has a mark up to which it
 * was told, kept beside the endpoint, so that a restart or another engine goes
 * on where this one stopped. Changes of a learner that wait together are told
 * once. Every change is told at least once and in order; a message that is sent
 * again has the same id, so that the receiver can tell.
 *
 * Messages are CloudEvents 1.0 (structured JSON) signed as Standard Webhooks
 * 1.0 asks: headers webhook-id, webhook-timestamp, webhook-signature, where the
 * signature is "v1," and the base64 of HMAC-SHA256 over "id.timestamp.body".
 * They say that something changed and which version it has now, never what.
 *
 * An answer of 2xx within 10 s is taken as received. Anything else is tried
 * again after 5 s, 10 s, 20 s .. up to an hour (less up to half, by chance);
 * after three days without one success the endpoint is switched off. 410 does
 * so at once. Redirects are not followed. Addresses that are not public are not
 * connected to, whatever name led there, unless that is allowed.
 *
 * Threads: everything may be called from any thread, but start and stop.
 */
#ifndef PIQ_WEBHOOK_WEBHOOK_H
#define PIQ_WEBHOOK_WEBHOOK_H

#include "base/arena.h"
#include "base/log.h"
#include "metrics/metrics.h"
#include "store/store.h"

#include <stdbool.h>

enum {
    PIQ_MAX_WEBHOOKS = 32,
    PIQ_WEBHOOK_URL_BYTES = 1024,
    PIQ_WEBHOOK_SECRET_BYTES = 64 /* "whsec_" and base64 of 32 bytes */
};

typedef struct piq_webhook {
    char id[24]; /* "wh_" and 16 hex digits */
    char url[PIQ_WEBHOOK_URL_BYTES];
    uint32_t tenant;
    uint32_t what; /* or of PIQ_CHANGED_..; which changes are told */
    int64_t made_us;
    /* How it goes: */
    int64_t mark; /* told up to here */
    uint64_t told;
    unsigned failures;   /* in a row */
    int64_t failing_us;  /* since when; 0: it is not */
    int64_t next_us;     /* not before; 0: at once */
    bool off;            /* switched off, by 410 or after too long */
    char last_error[96]; /* empty: none */
} piq_webhook;

/* "profile", "path", "recommendations", "erased"; NULL: no single change. */
const char *piq_webhook_what_name(uint32_t what);
uint32_t piq_webhook_what_of(piq_str name); /* 0: none */

typedef struct piq_webhook_config {
    bool allow_private;  /* also http:, and addresses that are not public */
    unsigned poll_ms;    /* 0: 500 */
    unsigned timeout_ms; /* of one message; 0: 10,000 */
    const char *source;  /* CloudEvents source; NULL: "/piq" */
    /* Only one engine tells; NULL: this one does. */
    bool (*is_leader)(void *ctx);
    void *ctx;
    piq_reporter reporter; /* when the store cannot be read */
} piq_webhook_config;

typedef struct piq_webhooks piq_webhooks;

/* Starts a thread that starts one for each endpoint. The store outlives it.
 * `metrics` may be NULL. PIQ_ENOMEM: also no thread; PIQ_EINTERNAL: no
 * libcurl. */
PIQ_MUST_USE piq_status piq_webhooks_start(piq_store *store,
                                           const piq_webhook_config *config,
                                           piq_metrics *metrics,
                                           piq_webhooks **out, piq_err *err);
/* Breaks off messages under way, within about a second (a
 * name that is being looked up: as long as that takes); they are told again,
 * under the same ids, by who tells next. NULL is allowed. */
void piq_webhooks_stop(piq_webhooks *w);
/* Something was committed: look now. */
void piq_webhooks_nudge(piq_webhooks *w);

/* Makes an endpoint of url, tenant, what and fills in the rest; told is what
 * changes from now on. `secret` is what messages are signed with, told this
 * once. PIQ_EINVAL: the URL is not https (or http, where that is allowed) with
 * a host; PIQ_ELIMIT: there are PIQ_MAX_WEBHOOKS. */
PIQ_MUST_USE piq_status piq_webhook_add(piq_store *store, piq_webhook *hook,
                                        bool allow_private, int64_t now_us,
                                        char secret[PIQ_WEBHOOK_SECRET_BYTES],
                                        piq_err *err);
/* By age, without secrets; in `a`. PIQ_ENOMEM, what the store says, and what
 * reading a record says. */
PIQ_MUST_USE piq_status piq_webhook_list(piq_store *store, piq_arena *a,
                                         piq_webhook **out, size_t *n,
                                         piq_err *err);
/* PIQ_ENOTFOUND, also for one of another tenant. */
PIQ_MUST_USE piq_status piq_webhook_drop(piq_store *store, uint32_t tenant,
                                         piq_str id, piq_err *err);
/* Switches it on again; the next message goes at once. PIQ_ENOTFOUND. */
PIQ_MUST_USE piq_status piq_webhook_revive(piq_store *store, uint32_t tenant,
                                           piq_str id, piq_err *err);

#endif
