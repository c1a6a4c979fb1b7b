/* http.h - sockets, limits and time-outs around one handler. No domain word.
 *
 * A thin skin over GNU libmicrohttpd (epoll, internal thread pool). The
 * handler gets a whole request and answers at once, or keeps the request and
 * answers later from any thread (the connection is suspended meanwhile).
 *
 * What it refuses by itself: bodies over the cap (413), header blocks over
 * about 15 KiB or 100 fields (431), two Content-Length headers or both length
 * and chunking (400), a NUL, a folded line or two Host headers (400), other
 * transfer encodings (501), more connections than allowed (closed), clients
 * that take too long over head or body, or do not read (closed by a sweeper).
 * Replies of its own are problem+json; those to bytes that libmicrohttpd does
 * not hand on (no Host, a head over its memory) are its own short HTML.
 *
 * HEAD reaches the handler as GET, and its reply goes out without the body.
 * Every reply says Cache-Control: no-store and nosniff, and has its
 * X-Request-Id.
 *
 * Threads: start and stop from one thread; the handler is called by the pool's
 * threads at once; piq_http_reply from any thread, exactly once a request.
 */
#ifndef PIQ_HTTP_HTTP_H
#define PIQ_HTTP_HTTP_H

#include "base/buf.h"
#include "base/bytes.h"
#include "base/status.h"
#include "base/str.h"

#include <stdbool.h>
#include <stdint.h>

typedef struct piq_http_server piq_http_server;
typedef struct piq_http_request piq_http_request;

typedef struct piq_http_config {
    const char *address;      /* NULL: 127.0.0.1; "::1", "0.0.0.0" .. */
    uint16_t port;            /* 0: any free one */
    unsigned n_threads;       /* 0: 2; at least 2 */
    unsigned max_connections; /* 0: 4096 */
    unsigned max_per_address; /* 0: no limit of its own */
    size_t max_body_bytes;    /* 0: 1 MiB */
    unsigned head_timeout_ms; /* whole head; 0: 10000 */
    unsigned body_timeout_ms; /* whole body; 0: 30000 */
    unsigned idle_timeout_ms; /* between requests; 0: 60000 */
} piq_http_config;

/* What came in. Valid until the reply. */
typedef struct piq_http_in {
    const char *method; /* "GET" */
    piq_str path;       /* "/..", without query, percent-encoded; or "*" */
    piq_str query;      /* after '?', still encoded; may be empty */
    piq_str body;
    uint64_t id; /* of this request: in logs and X-Request-Id */
} piq_http_in;

/* A request header's value, empty when absent; names ignore case. From any
 * thread, until the reply. */
piq_str piq_http_header(const piq_http_request *r, const char *name);

typedef struct piq_http_reply_head {
    int status;
    const char *type;       /* media type; static */
    const char *etag;       /* quoted, or NULL; copied */
    unsigned retry_after_s; /* 0: no header */
    const char *allow;      /* for 405, or NULL; copied */
} piq_http_reply_head;

/* Answers. Takes one reference of `body` (NULL: empty). */
void piq_http_reply(piq_http_request *r, const piq_http_reply_head *head,
                    piq_bytes *body);

/* Called for each whole request, on a pool thread; must answer, now or
 * later. */
typedef void piq_http_handler(void *ctx, piq_http_request *r,
                              const piq_http_in *in);

/* Called for each reply, refusals included, just before it is sent, on a pool
 * thread: for metrics and the access log. took_ns: from the whole request to
 * the reply given. */
typedef void piq_http_observer(void *ctx, const piq_http_in *in, int status,
                               int64_t took_ns, size_t body_bytes);

/* PIQ_EINVAL: the address is none. PIQ_EIO: cannot listen there (*err says
 * why), or no threads. Signals stay blocked in the threads it starts. */
PIQ_MUST_USE piq_status piq_http_start(const piq_http_config *config,
                                       piq_http_handler *handler,
                                       piq_http_observer *observer, void *ctx,
                                       piq_http_server **out, piq_err *err);
uint16_t piq_http_port(const piq_http_server *s);
/* Connections now open. */
unsigned piq_http_connections(const piq_http_server *s);

/* Takes no new connection, lets requests in flight finish (at most
 * grace_ms), closes the rest, frees. The handler's own work must go on
 * meanwhile. A request that is still unanswered stays readable and must still
 * be answered; that reply is dropped. NULL is allowed. */
void piq_http_stop(piq_http_server *s, unsigned grace_ms);

#endif
