/* api.h - requests in, replies out: the contract of api/openapi.yaml.
 *
 * Knows no socket: the daemon (src/cli/serve.c) and the embedded library
 * (embed.c) both call piq_api_handle. A reply comes exactly once, at once or
 * later from an owner thread of the engine.
 */
#ifndef PIQ_API_API_H
#define PIQ_API_API_H

#include "access/access.h"
#include "access/audit.h"
#include "base/bytes.h"
#include "engine/engine.h"
#include "metrics/metrics.h"
#include "web/pages.h"
#include "webhook/webhook.h"

typedef struct piq_api piq_api;
typedef struct piq_exchange piq_api_call; /* a request on its way */

/* A request header's value, empty when absent; names ignore case. Valid until
 * the reply. */
typedef piq_str piq_api_header(const void *ctx, const char *name);

struct piq_api_reply;

/* Replies that go on until somebody ends them, as the transport has them. All
 * from any thread. */
typedef struct piq_api_port {
    /* Answers the request of `ctx` (piq_api_done's) with a head and no end.
     * `gone(of)` is called at most once, when the client has left: not after
     * `end` has returned. `farewell` is sent when the server stops.
     * PIQ_ENOMEM: the request is to be answered otherwise. */
    piq_status (*open)(void *ctx, const struct piq_api_reply *head,
                       piq_bytes *farewell, void (*gone)(void *of), void *of,
                       void **out);
    /* Takes a reference of `bytes`, on failure too. PIQ_EBUSY: the client is
     * slow, nothing was sent; PIQ_ENOTFOUND: it has left. */
    piq_status (*write)(void *to, piq_bytes *bytes);
    /* Exactly once, whatever became of the client. `cut`: breaks it off. */
    void (*end)(void *to, bool cut);
} piq_api_port;

/* Strings are borrowed until the reply was made. */
typedef struct piq_api_request {
    const char *method;
    piq_str path;  /* percent-encoded, without the query */
    piq_str query; /* percent-encoded, may be empty */
    piq_str content_type;
    piq_str if_match;
    piq_str if_none_match;
    piq_str body;
    piq_api_header *header; /* every other one; NULL: there are none */
    const void *header_ctx;
    piq_str peer;             /* address of who calls; empty: this process */
    bool tls;                 /* came over TLS: a cookie says so */
    const piq_caller *caller; /* who calls, when that is known already (the
                                 embedded library); NULL: to be found out from
                                 the credential */
    uint64_t id;
    const piq_api_port *port; /* static; NULL: replies have an end */
} piq_api_request;

/* A header of a reply beside those that have members of their own. */
typedef struct piq_api_line {
    const char *name; /* static */
    char value[256];
} piq_api_line;
enum { PIQ_API_MAX_LINES = 8 };

typedef struct piq_api_reply {
    int status;
    const char *type; /* media type; static */
    char etag[40];    /* quoted; empty: none */
    char allow[32];   /* with 405 */
    unsigned retry_after_s;
    piq_api_line lines[PIQ_API_MAX_LINES];
    size_t n_lines;
    piq_bytes *body; /* one reference, the receiver's; may be NULL */
} piq_api_reply;

typedef void piq_api_done(void *ctx, piq_api_reply *reply);

/* Which reads of a learner's data the audit has. Changes are always in it, and
 * so are reads that were refused. */
typedef enum piq_audit_reads {
    PIQ_AUDIT_READS_ALL,
    PIQ_AUDIT_READS_OTHERS, /* not those by the learners themselves */
    PIQ_AUDIT_READS_NONE    /* it tells no more who looked */
} piq_audit_reads;

/* What an api stands on; all of it outlives the api. */
typedef struct piq_api_config {
    piq_engine *engine;
    piq_metrics *metrics; /* NULL: /metrics is empty */
    piq_access *access; /* NULL: only requests that say who calls are served */
    piq_audit *audit;   /* NULL: nothing is recorded */
    piq_audit_reads audit_reads;
    unsigned person_rate;   /* requests a second of a learner or a coach; 0: 20;
                               PIQ_NO_RATE: any number */
    unsigned max_streams;   /* open at once; 0: 4,096 */
    piq_webhooks *webhooks; /* NULL: another process tells */
    bool webhook_private;   /* they may have addresses that are not public */
    const piq_pages *pages; /* the dashboard; NULL: it is not served */
    bool open; /* nobody is asked for a credential, and everybody may do all:
                  for measuring, and a first look, on this machine */
    /* Whoever brings requests must not wait for storage: those that may are
     * handed over, to go on on another thread (piq_api_go_on) while their
     * strings are still there. Anything else is handled at once; so that
     * nothing in it waits, somebody has to refresh `access`. NULL: whoever
     * brings a request handles it. */
    void (*defer)(void *ctx, piq_api_call *c);
    void *defer_ctx;
} piq_api_config;

/* `config` is copied; what it points to outlives the api. PIQ_ENOMEM. */
PIQ_MUST_USE piq_status piq_api_new(const piq_api_config *config, piq_api **out,
                                    piq_err *err);
/* Every request must have been answered. */
void piq_api_free(piq_api *api);

void piq_api_handle(piq_api *api, const piq_api_request *request,
                    piq_api_done *done, void *ctx);
/* For each call that was deferred exactly one of these, once: handles it, which
 * may take as long as storage does; or answers 503, come again. */
void piq_api_go_on(piq_api_call *c);
void piq_api_turn_away(piq_api_call *c);

/* A route as openapi.yaml has it. `callers` is the roles that may call it, each
 * as 1u << role; `scopes` all that is asked for (PIQ_SCOPE_NONE: it is open,
 * PIQ_SCOPE_ANY: any credential will do), and with PIQ_API_OWN among the
 * callers profile:read (to change: events:write) instead of a learner, who asks
 * for themselves. */
enum { PIQ_API_OWN = 1u << 8 };
typedef struct piq_api_route {
    const char *method;
    const char *pattern;
    uint32_t scopes;
    uint32_t callers;
    bool installation; /* about all tenants: callers of tenant 0 only */
} piq_api_route;

/* Every route, for the test that compares them with the contract. Static; NULL
 * past the end. */
const piq_api_route *piq_api_route_at(size_t i);
/* The pattern of a path, for logs and metrics, which may name no learner;
 * "other" for a path that is none of ours. Static. */
const char *piq_api_pattern_of(piq_str path);

#endif
