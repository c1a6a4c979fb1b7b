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

typedef struct piq_api piq_api;

/* A request header's value, empty when absent; names ignore case. Valid until
 * the reply. */
typedef piq_str piq_api_header(const void *ctx, const char *name);

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
    const piq_caller *caller; /* who calls, when that is known already (the
                                 embedded library); NULL: to be found out from
                                 the credential */
    uint64_t id;
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

/* `metrics` may be NULL (then /metrics is empty). Both outlive the api. */
PIQ_MUST_USE piq_status piq_api_new(piq_engine *engine, piq_metrics *metrics,
                                    piq_api **out, piq_err *err);
/* Every request must have been answered. */
void piq_api_free(piq_api *api);

void piq_api_handle(piq_api *api, const piq_api_request *request,
                    piq_api_done *done, void *ctx);

/* The routes, for the test that compares them with the contract: method and
 * path pattern as in openapi.yaml. Static; NULL past the end. */
typedef struct piq_api_route {
    const char *method;
    const char *pattern;
} piq_api_route;
const piq_api_route *piq_api_route_at(size_t i);

#endif
