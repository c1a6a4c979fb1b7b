/* internal.h - what the files of this folder share. Nobody else includes it.
 *
 * A connection carries one request at a time, so one struct serves as both:
 * piq_http_request is made when a socket is accepted, is used again for each
 * request on it (its buffers stay), and goes when the socket is closed.
 *
 * Who may touch it: the pool thread that owns the connection; the thread that
 * answers, from the handler's call until its reply; the sweeper, which reads
 * the atomics and shuts the socket down while it holds server->lock. `state`
 * decides every meeting of two of them by compare-and-swap (README.md).
 */
#ifndef PIQ_HTTP_INTERNAL_H
#define PIQ_HTTP_INTERNAL_H

#include "http/cors.h"
#include "http/http.h"
#include "http/peer.h"
#include "http/stream.h"
#include "http/tls.h"

#include <microhttpd.h>
#include <pthread.h>
#include <stdatomic.h>
#include <time.h>

enum {
    PIQ_HTTP_MAX_HEADERS = 100,
    PIQ_HTTP_MEMORY_BYTES = 18 * 1024, /* of libmicrohttpd, a connection */
    /* A body over the cap is read and dropped up to this many times the cap,
     * so that a client that writes first and reads later gets its 413. */
    PIQ_HTTP_SWALLOW = 16,
    PIQ_HTTP_MAX_THREADS = 64,
    PIQ_HTTP_REPLY_HEAD_BYTES = 3 * 1024, /* of its memory, left for them */
    PIQ_HTTP_LINES_BYTES = 2048           /* of a reply's further headers */
};

typedef enum piq_http_state {
    PIQ_HTTP_WAITING,   /* for a request line */
    PIQ_HTTP_HEAD,      /* for the rest of the header block */
    PIQ_HTTP_BODY,      /* for the rest of the body */
    PIQ_HTTP_HANDLING,  /* the handler runs, on the pool thread */
    PIQ_HTTP_SUSPENDED, /* the handler returned; a reply is due */
    PIQ_HTTP_REPLIED,   /* the reply is in `reply`, not yet queued */
    PIQ_HTTP_SENDING,   /* libmicrohttpd sends it */
    PIQ_HTTP_STREAMING, /* the same, of a reply that is a stream */
    PIQ_HTTP_CLOSING,   /* the sweeper has shut the socket */
    PIQ_HTTP_ABANDONED, /* stopping: no longer waits for its reply */
    PIQ_HTTP_GONE       /* closed while abandoned: the late reply frees */
} piq_http_state;

/* Offsets into `text`, since it moves while it grows. */
typedef struct piq_http_field {
    uint32_t name;
    uint32_t name_len;
    uint32_t value;
    uint32_t value_len;
} piq_http_field;

typedef struct piq_http_answer {
    piq_bytes *body;
    const char *type;
    int64_t at_ns;
    int status;
    unsigned retry_after_s;
    bool close;    /* after this reply */
    bool bare;     /* there is no memory for its head */
    bool unsound;  /* a line of it cannot be sent: it becomes a 500 */
    bool varies;   /* with what the client accepts, encoded or not */
    bool encoded;  /* the body is gzip */
    piq_buf lines; /* name, NUL, value, NUL .. */
    char etag[64];
    char allow[64];
} piq_http_answer;

struct piq_http_request {
    piq_http_server *server;
    struct MHD_Connection *connection;
    int fd;
    piq_peer peer;
    bool counted;                  /* in server->crowd */
    atomic_bool fresh;             /* no request yet on this connection */
    _Atomic piq_http_state state;  /* enum above */
    _Atomic int64_t since_ns;      /* when the state began */
    _Atomic int64_t head_began_ns; /* 0: not seen by the sweeper */
    piq_http_request *prev;        /* under server->lock */
    piq_http_request *next;

    piq_buf text;          /* target, method, then header names and values */
    const char *target_at; /* in the library's buffer; to compare with only */
    uint32_t target_len;
    uint32_t method; /* offset into text */
    piq_http_field *fields;
    uint32_t n_fields;
    uint32_t cap_fields;
    piq_buf body;
    uint64_t swallowed_bytes;
    int64_t begun_ns; /* the whole request was in */
    piq_http_in in;
    int refused; /* status of our own reply, due after the body; or 0 */
    char peer_text[PIQ_PEER_TEXT];
    piq_http_answer reply;
    bool has_encoded;   /* If-None-Match names an encoded representation */
    const char *origin; /* of a page that may read the reply, or NULL */
    /* Set by the thread that answers; while STREAMING it is looked at under
     * server->lock only, and so is its end. */
    _Atomic(piq_http_stream *) stream;
};

/* Connections by address, under server->lock. */
typedef struct piq_http_crowd piq_http_crowd;

struct piq_http_server {
    piq_http_config config; /* defaults filled in; its pointers are not kept */
    piq_http_handler *handler;
    piq_http_observer *observer; /* may be NULL */
    void *ctx;
    piq_tls *tls;   /* NULL: none */
    piq_cors *cors; /* NULL: none */
    piq_peer_range *proxies;
    size_t n_proxies;
    struct MHD_Daemon *daemons[PIQ_HTTP_MAX_THREADS]; /* one a thread */
    int listen_fd;                                    /* -1: closed */
    uint16_t port;
    pthread_t acceptor;
    int accept_end_fd;
    unsigned next_daemon; /* the acceptor's */
    atomic_uint n_handed; /* accepted, not yet begun by the library */
    atomic_uint n_connections;
    atomic_uint n_deferred; /* suspended, or being resumed */
    atomic_bool quiet;      /* accepts nothing; replies close */
    atomic_bool draining;   /* and idle connections go */
    atomic_bool abandoning; /* the grace is over */
    _Atomic uint64_t next_id;

    pthread_mutex_t lock; /* guards `all`, `crowd` and `sweeper_ends` */
    pthread_cond_t wake;  /* sweeper: end; stop: a connection closed */
    piq_http_request *all;
    piq_http_crowd *crowd; /* NULL: addresses have no limit of their own */
    bool sweeper_ends;
    pthread_t sweeper;
};

/* request.c: what comes in. */
piq_http_request *piq_http_request_new(piq_http_server *s);
void piq_http_request_free(piq_http_request *r);
/* Forgets the last request, keeps small buffers. */
void piq_http_request_clear(piq_http_request *r);
/* Keeps the target; false: no memory. */
bool piq_http_request_target(piq_http_request *r, const char *uri);
/* Keeps a piece of the body. False: so far over the cap that the connection
 * is not worth keeping. */
bool piq_http_request_body(piq_http_request *r, const char *bytes, size_t len);
/* Whether its path begins with '/' (RFC 9112, 3.2), or it is "*". */
bool piq_http_target_is_sound(const piq_http_request *r);
/* Fills r->in; valid until the reply. */
void piq_http_request_ready(piq_http_request *r);

/* Calls `each` with every field of this name, in order. */
void piq_http_request_fields(const piq_http_request *r, const char *name,
                             void (*each)(void *ctx, piq_str value), void *ctx);

/* forward.c: fills in.peer and in.tls. */
void piq_http_request_peer(piq_http_request *r);

/* connection.c: the library's threads, each with its connections. */
struct MHD_Daemon *piq_http_library_start(piq_http_server *s);

/* head.c: keeps method and header fields and checks the framing. 0, or the
 * status to refuse with; *detail then says why. */
int piq_http_request_head(piq_http_request *r, const char *method,
                          const char *version, const char **detail);

/* When a state began: to a few ms, at a fifth of the price of the exact time,
 * on the same scale. */
static inline void piq_http_stamp(piq_http_request *r)
{
    struct timespec t;
    (void)clock_gettime(CLOCK_MONOTONIC_COARSE, &t);
    atomic_store_explicit(&r->since_ns,
                          (int64_t)t.tv_sec * 1000000000 + t.tv_nsec,
                          memory_order_relaxed);
}

/* reply.c: what goes out. */
/* Moves the state from `from` to `to`; false when it is another by now. */
bool piq_http_move(piq_http_request *r, piq_http_state from, piq_http_state to);
/* Sets r->reply to a problem+json of our own. */
void piq_http_refuse(piq_http_request *r, int status, const char *detail,
                     bool close);
/* REPLIED -> SENDING: hands r->reply to libmicrohttpd. Pool thread. */
enum MHD_Result piq_http_send(piq_http_request *r);

/* Whether the reply is to say "Connection: close". */
bool piq_http_closes(const piq_http_request *r);

/* lines.c: headers of a reply. */
/* Copies them to r->reply.lines, or sets r->reply.unsound. */
void piq_http_lines_keep(piq_http_request *r, const piq_http_line *lines,
                         size_t n);
/* Whether the answer brings a line of this name. */
bool piq_http_lines_bring(const piq_http_request *r, const char *name);
/* All headers of r->reply; false: no memory. */
bool piq_http_lines_add(const piq_http_request *r, struct MHD_Response *m);
/* Sets r->reply to what a preflight is answered with. */
void piq_http_preflight(piq_http_request *r);

/* The stream it sends now, or NULL. Under server->lock. */
static inline piq_http_stream *piq_http_streaming(const piq_http_request *r)
{
    return atomic_load(&r->state) == PIQ_HTTP_STREAMING
               ? atomic_load(&r->stream)
               : NULL;
}

/* stream.c. The server's side of r->stream. */
/* NULL: no memory. Held by its owner and by the request. */
piq_http_stream *piq_http_stream_new(piq_http_request *r,
                                     const piq_http_stream_options *o);
struct MHD_Response *piq_http_stream_response(piq_http_stream *s);
/* Its request is over, or was never sent: tells the owner. */
void piq_http_stream_gone(piq_http_stream *s);
/* The server drains: endless streams say farewell. Under server->lock. */
void piq_http_stream_drain(piq_http_stream *s);
/* Cuts it off: its next read breaks the connection. Under server->lock. */
void piq_http_stream_cut(piq_http_stream *s);
/* Whether its client has left, or takes nothing. The sweeper's only. */
bool piq_http_stream_is_late(piq_http_stream *s, int fd, int64_t now_ns,
                             int64_t limit_ns);

/* acceptor.c */
PIQ_MUST_USE piq_status piq_http_acceptor_start(piq_http_server *s,
                                                piq_err *err);
/* Closes the listening socket too. */
void piq_http_acceptor_end(piq_http_server *s);
piq_http_crowd *piq_http_crowd_new(void);
void piq_http_crowd_free(piq_http_crowd *c);
/* False: `limit` are there already, or no memory. */
bool piq_http_crowd_join(piq_http_crowd *c, const piq_peer *p, unsigned limit);
void piq_http_crowd_leave(piq_http_crowd *c, const piq_peer *p);

/* sweeper.c */
PIQ_MUST_USE piq_status piq_http_sweeper_start(piq_http_server *s,
                                               piq_err *err);
void piq_http_sweeper_end(piq_http_server *s);
/* One round at `now_ns`; takes server->lock. */
void piq_http_sweep(piq_http_server *s, int64_t now_ns);

/* listen.c: a listening socket, non-blocking; port 0 picks one. */
PIQ_MUST_USE piq_status piq_http_listen(const char *address, uint16_t port,
                                        int *fd, uint16_t *bound, piq_err *err);
/* Takes over a socket that listens already; closes it on failure. */
PIQ_MUST_USE piq_status piq_http_listen_on(int given, int *fd, uint16_t *bound,
                                           piq_err *err);

#endif
