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

#include "http/http.h"

#include <microhttpd.h>
#include <pthread.h>
#include <stdatomic.h>
#include <time.h>

enum {
    PIQ_HTTP_MAX_HEADERS = 100,
    PIQ_HTTP_MEMORY_BYTES = 16 * 1024, /* of libmicrohttpd, a connection */
    /* A body over the cap is read and dropped up to this many times the cap,
     * so that a client that writes first and reads later gets its 413. */
    PIQ_HTTP_SWALLOW = 16
};

typedef enum piq_http_state {
    PIQ_HTTP_WAITING,   /* for a request line */
    PIQ_HTTP_HEAD,      /* for the rest of the header block */
    PIQ_HTTP_BODY,      /* for the rest of the body */
    PIQ_HTTP_HANDLING,  /* the handler runs, on the pool thread */
    PIQ_HTTP_SUSPENDED, /* the handler returned; a reply is due */
    PIQ_HTTP_REPLIED,   /* the reply is in `reply`, not yet queued */
    PIQ_HTTP_SENDING,   /* libmicrohttpd sends it */
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
    bool close; /* after this reply */
    char etag[64];
    char allow[64];
} piq_http_answer;

struct piq_http_request {
    piq_http_server *server;
    struct MHD_Connection *connection;
    int fd;
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
    piq_http_answer reply;
};

struct piq_http_server {
    piq_http_config config; /* defaults filled in */
    piq_http_handler *handler;
    piq_http_observer *observer; /* may be NULL */
    void *ctx;
    struct MHD_Daemon *daemon;
    int listen_fd; /* the daemon's once it has started */
    uint16_t port;
    atomic_uint n_connections;
    atomic_uint n_deferred; /* suspended, or being resumed */
    atomic_bool draining;   /* replies close; idle connections go */
    atomic_bool abandoning; /* the grace is over */
    _Atomic uint64_t next_id;

    pthread_mutex_t lock; /* guards `all` and `sweeper_ends` */
    pthread_cond_t wake;  /* sweeper: end; stop: a connection closed */
    piq_http_request *all;
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

/* sweeper.c */
PIQ_MUST_USE piq_status piq_http_sweeper_start(piq_http_server *s,
                                               piq_err *err);
void piq_http_sweeper_end(piq_http_server *s);
/* One round at `now_ns`; takes server->lock. */
void piq_http_sweep(piq_http_server *s, int64_t now_ns);

/* listen.c: a listening socket, non-blocking; port 0 picks one. */
PIQ_MUST_USE piq_status piq_http_listen(const char *address, uint16_t port,
                                        int *fd, uint16_t *bound, piq_err *err);

#endif
