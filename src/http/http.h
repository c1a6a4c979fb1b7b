/* http.h - sockets, limits and time-outs around one handler. No domain word.
 *
 * A thin skin over GNU libmicrohttpd (epoll, or poll with TLS; a pool). The
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
 * A text of 1.4 kB to 1 MiB that is answered with 200 goes out as gzip to
 * clients that accept it (RFC 9110, 12.5.3), and says Vary: Accept-Encoding to
 * all. Its ETag then ends in "+gzip", which the handler never sees: it is taken
 * off If-Match and If-None-Match. Streams, other statuses, and replies with a
 * line Content-Encoding, Vary or ETag are left as they are; so a secret belongs
 * into a reply of another status (201).
 *
 * HEAD reaches the handler as GET, and its reply goes out without the body.
 * Every reply has its X-Request-Id and, unless a line of its own names the
 * same header, these: Cache-Control no-store, X-Content-Type-Options nosniff,
 * Referrer-Policy no-referrer, Cross-Origin-Resource-Policy same-origin,
 * X-Frame-Options DENY, a Content-Security-Policy that allows nothing, and to
 * clients that came by TLS Strict-Transport-Security (a year).
 *
 * With origins allowed (cors.h), their preflights are answered here, and
 * every reply says Vary: Origin.
 *
 * Threads: start, quiesce, reload and stop from one thread; the handler is
 * called by several threads at once; a request is answered from any thread,
 * exactly once, by piq_http_reply or piq_http_reply_stream (stream.h).
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
    int inherited_fd;         /* a socket that listens already, instead of
                                 address and port; taken; 0: none */
    unsigned n_threads;       /* 0: 2; at most 64 */
    unsigned max_connections; /* 0: 4096 */
    unsigned max_per_address; /* 0: no limit of its own */
    size_t max_body_bytes;    /* 0: 1 MiB */
    unsigned head_timeout_ms; /* whole head; 0: 10000 */
    unsigned body_timeout_ms; /* whole body; 0: 30000 */
    unsigned idle_timeout_ms; /* between requests; 0: 60000 */
    /* PEM: the certificate, then its chain; and its key, not encrypted.
     * Both or neither (no TLS). TLS 1.2 and 1.3, AEAD ciphers with forward
     * secrecy only. */
    piq_str tls_cert;
    piq_str tls_key;
    /* "https://app.example": pages from there may ask, with credentials. */
    const char *const *cors_origins;
    size_t n_cors_origins;
    /* "10.0.0.0/8", "::1": what these say of the client is believed. */
    const char *const *trusted_proxies;
    size_t n_trusted_proxies;
} piq_http_config; /* all of it is copied */

/* What came in. Valid until the reply. */
typedef struct piq_http_in {
    const char *method; /* "GET" */
    piq_str path;       /* "/..", without query, percent-encoded; or "*" */
    piq_str query;      /* after '?', still encoded; may be empty */
    piq_str body;
    uint64_t id; /* of this request: in logs and X-Request-Id */
    /* The client's address, "192.0.2.7" or "2001:db8::1": of the connection
     * or, when that is a trusted proxy's, the rightmost address in
     * X-Forwarded-For or Forwarded that is no trusted proxy's. */
    const char *peer;
    bool tls; /* by TLS to us, or a trusted proxy says so */
} piq_http_in;

/* A request header's value, empty when absent; names ignore case. From any
 * thread, until the reply. */
piq_str piq_http_header(const piq_http_request *r, const char *name);

/* A header of a reply: a token, and visible ASCII with blanks. */
typedef struct piq_http_line {
    const char *name;
    const char *value;
} piq_http_line;

/* Whether it can be sent: false for a CR, LF or other control character, and
 * for the names that are ours: Connection, Content-Length, Date,
 * Transfer-Encoding, X-Request-Id. */
bool piq_http_line_is_sound(const piq_http_line *line);

typedef struct piq_http_reply_head {
    int status;
    const char *type;           /* media type; static */
    const char *etag;           /* quoted, or NULL; copied */
    unsigned retry_after_s;     /* 0: no header */
    const char *allow;          /* for 405, or NULL; copied */
    const piq_http_line *lines; /* further headers, copied; up to 2 KiB */
    size_t n_lines;
} piq_http_reply_head;

/* Answers. Takes one reference of `body` (NULL: empty). With a line that is
 * not sound the reply is a 500 instead, so nothing is ever split. */
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

/* PIQ_EINVAL: the address is none, or a proxy's or an origin is; the
 * certificate cannot be read or is not the key's. PIQ_EIO: cannot listen there
 * (*err says why), or no threads. Signals stay blocked in the threads it
 * starts. On failure config->inherited_fd is closed. */
PIQ_MUST_USE piq_status piq_http_start(const piq_http_config *config,
                                       piq_http_handler *handler,
                                       piq_http_observer *observer, void *ctx,
                                       piq_http_server **out, piq_err *err);
uint16_t piq_http_port(const piq_http_server *s);
/* Connections now open. */
unsigned piq_http_connections(const piq_http_server *s);
/* The listening socket, to be handed to a successor; -1 once it is closed. */
int piq_http_listening_fd(const piq_http_server *s);

/* Another certificate and key for the handshakes to come; on failure those in
 * use stay. PIQ_EINVAL: cannot be read, or no pair, or the server was started
 * without TLS. */
PIQ_MUST_USE piq_status piq_http_reload_tls(piq_http_server *s, piq_str cert,
                                            piq_str key, piq_err *err);

/* Accepts no further connection and closes its listening socket; whoever has
 * inherited it goes on with what waits there. Replies say "Connection: close"
 * from now on, and nothing is cut. To be followed by the stop. */
void piq_http_quiesce(piq_http_server *s);

/* Quiesces, closes idle connections, ends endless streams, lets requests in
 * flight finish (at most grace_ms), closes the rest, frees. The handler's own
 * work must go on meanwhile. A request that is still unanswered stays readable
 * and must still be answered; that reply is dropped. NULL is allowed. */
void piq_http_stop(piq_http_server *s, unsigned grace_ms);

#endif
