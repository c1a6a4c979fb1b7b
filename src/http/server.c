/* server.c - start, stop, and the calls libmicrohttpd makes.
 *
 * Order of a stop, each step for a trap of libmicrohttpd 0.9.75:
 *   1. shut the listening socket: new clients are refused. The library
 *      closes it at the end, since its threads use its number until then.
 *      (MHD_quiesce_daemon takes the socket out of every thread's epoll set
 *      while the threads do the same: who comes second aborts the program.)
 *   2. draining: replies say "Connection: close", the sweep shuts idle ones.
 *   3. wait until no connection is left, at most grace_ms.
 *   4. abandoning: suspended connections are resumed to be closed, because
 *      stopping the library with a suspended connection aborts the program.
 *   5. wait until no thread is inside MHD_resume_connection.
 *   6. stop the library; it joins its threads, so a handler that still runs
 *      is waited for.
 */
#include "http/internal.h"

#include "base/clock.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { NS_PER_S = 1000000000 };

/* --- the calls libmicrohttpd makes, on its pool threads ---------------- */

static void link_in(piq_http_server *s, piq_http_request *r)
{
    (void)pthread_mutex_lock(&s->lock);
    r->next = s->all;
    if (s->all)
        s->all->prev = r;
    s->all = r;
    (void)pthread_mutex_unlock(&s->lock);
    (void)atomic_fetch_add(&s->n_connections, 1);
}

static void take_out(piq_http_server *s, piq_http_request *r)
{
    (void)pthread_mutex_lock(&s->lock);
    if (r->prev)
        r->prev->next = r->next;
    else
        s->all = r->next;
    if (r->next)
        r->next->prev = r->prev;
    (void)atomic_fetch_sub(&s->n_connections, 1);
    if (atomic_load(&s->draining))
        (void)pthread_cond_broadcast(&s->wake);
    (void)pthread_mutex_unlock(&s->lock);
}

static enum MHD_Result may_connect(void *ctx, const struct sockaddr *addr,
                                   socklen_t len)
{
    piq_http_server *s = ctx;
    (void)addr;
    (void)len;
    return atomic_load(&s->n_connections) < s->config.max_connections ? MHD_YES
                                                                      : MHD_NO;
}

static void opened(piq_http_server *s, struct MHD_Connection *c, void **context)
{
    piq_http_request *r = piq_http_request_new(s);
    if (!r)
        return; /* *context stays NULL: its first request closes it */
    const union MHD_ConnectionInfo *fd =
        MHD_get_connection_info(c, MHD_CONNECTION_INFO_CONNECTION_FD);
    r->connection = c;
    r->fd = fd->connect_fd;
    piq_http_stamp(r);
    *context = r;
    link_in(s, r);
}

static void closed(piq_http_server *s, piq_http_request *r)
{
    take_out(s, r);
    if (atomic_exchange(&r->state, PIQ_HTTP_GONE) != PIQ_HTTP_ABANDONED)
        piq_http_request_free(r);
}

static void on_connection(void *ctx, struct MHD_Connection *c, void **context,
                          enum MHD_ConnectionNotificationCode what)
{
    if (what == MHD_CONNECTION_NOTIFY_STARTED)
        opened(ctx, c, context);
    else if (*context)
        closed(ctx, *context);
}

/* WAITING -> HEAD. What is returned is *request_context of the later calls. */
static void *on_request_line(void *ctx, const char *uri,
                             struct MHD_Connection *c)
{
    (void)ctx;
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(c, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    piq_http_request *r = info->socket_context;
    if (!r)
        return NULL;
    int64_t began = atomic_load(&r->head_began_ns);
    if (began)
        atomic_store(&r->since_ns, began);
    else
        piq_http_stamp(r);
    if (!piq_http_move(r, PIQ_HTTP_WAITING, PIQ_HTTP_HEAD))
        return r; /* CLOSING: on_access gives up on it */
    if (!piq_http_request_target(r, uri))
        return NULL;
    return r;
}

static enum MHD_Result send_refusal(piq_http_request *r, piq_http_state from)
{
    if (!piq_http_move(r, from, PIQ_HTTP_REPLIED))
        return MHD_NO;
    return piq_http_send(r);
}

/* HEAD -> BODY, or a refusal. */
static enum MHD_Result head_is_in(piq_http_request *r, const char *method,
                                  const char *version)
{
    const char *detail = "";
    r->in.id = atomic_fetch_add(&r->server->next_id, 1);
    int status = piq_http_request_head(r, method, version, &detail);
    if (status) {
        r->begun_ns = piq_clock_monotonic_ns();
        piq_http_request_ready(r);
        piq_http_refuse(r, status, detail, true);
        return send_refusal(r, PIQ_HTTP_HEAD);
    }
    piq_http_stamp(r);
    return piq_http_move(r, PIQ_HTTP_HEAD, PIQ_HTTP_BODY) ? MHD_YES : MHD_NO;
}

static enum MHD_Result suspend(piq_http_request *r)
{
    piq_http_server *s = r->server;
    struct MHD_Connection *c = r->connection;
    (void)atomic_fetch_add(&s->n_deferred, 1);
    MHD_suspend_connection(c);
    if (!piq_http_move(r, PIQ_HTTP_HANDLING, PIQ_HTTP_SUSPENDED)) {
        /* Answered meanwhile, by a thread that saw HANDLING. */
        MHD_resume_connection(c);
        (void)atomic_fetch_sub(&s->n_deferred, 1);
        return MHD_YES;
    }
    /* From here on `r` may be answered and gone, unless we abandon it. The
     * stop that set the flag may have passed here before SUSPENDED was. */
    if (atomic_load(&s->abandoning) &&
        piq_http_move(r, PIQ_HTTP_SUSPENDED, PIQ_HTTP_ABANDONED)) {
        MHD_resume_connection(c);
        (void)atomic_fetch_sub(&s->n_deferred, 1);
    }
    return MHD_YES;
}

/* BODY -> HANDLING -> REPLIED | SUSPENDED. */
static enum MHD_Result handle(piq_http_request *r)
{
    piq_http_server *s = r->server;
    r->begun_ns = piq_clock_monotonic_ns();
    piq_http_request_ready(r);
    if (r->refused) {
        piq_http_refuse(r, r->refused,
                        r->refused == 413 ? "the body is over the limit"
                                          : "out of memory",
                        false);
        return send_refusal(r, PIQ_HTTP_BODY);
    }
    if (!piq_http_move(r, PIQ_HTTP_BODY, PIQ_HTTP_HANDLING))
        return MHD_NO;
    s->handler(s->ctx, r, &r->in);
    if (atomic_load(&r->state) == PIQ_HTTP_REPLIED)
        return piq_http_send(r);
    return suspend(r);
}

static enum MHD_Result on_access(void *ctx, struct MHD_Connection *c,
                                 const char *url, const char *method,
                                 const char *version, const char *upload,
                                 size_t *upload_len, void **request_context)
{
    piq_http_request *r = *request_context;
    (void)ctx;
    (void)c;
    (void)url;
    if (!r)
        return MHD_NO;
    switch (atomic_load(&r->state)) {
    case PIQ_HTTP_HEAD:
        return head_is_in(r, method, version);
    case PIQ_HTTP_BODY:
        if (*upload_len == 0)
            return handle(r);
        if (!piq_http_request_body(r, upload, *upload_len))
            return MHD_NO;
        *upload_len = 0;
        return MHD_YES;
    case PIQ_HTTP_REPLIED:
        return piq_http_send(r);
    case PIQ_HTTP_CLOSING:
    case PIQ_HTTP_ABANDONED:
    case PIQ_HTTP_WAITING:
    case PIQ_HTTP_HANDLING:
    case PIQ_HTTP_SUSPENDED:
    case PIQ_HTTP_SENDING:
    case PIQ_HTTP_GONE:
        return MHD_NO;
    }
    return MHD_NO;
}

/* SENDING -> WAITING; any other state stays, and the connection closes. */
static void on_completed(void *ctx, struct MHD_Connection *c,
                         void **request_context,
                         enum MHD_RequestTerminationCode how)
{
    piq_http_request *r = *request_context;
    (void)ctx;
    (void)c;
    (void)how;
    *request_context = NULL;
    if (!r || atomic_load(&r->state) == PIQ_HTTP_ABANDONED)
        return;
    piq_http_request_clear(r);
    atomic_store_explicit(&r->fresh, false, memory_order_relaxed);
    atomic_store_explicit(&r->head_began_ns, 0, memory_order_relaxed);
    piq_http_stamp(r);
    (void)piq_http_move(r, PIQ_HTTP_SENDING, PIQ_HTTP_WAITING);
}

/* The target stays as sent: the router decodes it, once. */
static size_t keep_escapes(void *ctx, struct MHD_Connection *c, char *text)
{
    (void)ctx;
    (void)c;
    return strlen(text);
}

/* --- start ------------------------------------------------------------- */

static piq_http_config with_defaults(const piq_http_config *given)
{
    piq_http_config c = *given;
    if (!c.address)
        c.address = "127.0.0.1";
    /* The library ignores a pool of one. */
    if (c.n_threads < 2)
        c.n_threads = 2;
    if (!c.max_connections)
        c.max_connections = 4096;
    if (!c.max_body_bytes)
        c.max_body_bytes = (size_t)1 << 20;
    if (!c.head_timeout_ms)
        c.head_timeout_ms = 10000;
    if (!c.body_timeout_ms)
        c.body_timeout_ms = 30000;
    if (!c.idle_timeout_ms)
        c.idle_timeout_ms = 60000;
    return c;
}

/* Seconds of the start, then 20 bits and more of count: differs from the ids
 * before a restart, and fits the 53 bits of a JSON number. */
static uint64_t first_id(void)
{
    return (uint64_t)(piq_clock_now_us() / 1000000) << 20;
}

static piq_http_server *new_server(const piq_http_config *config)
{
    piq_http_server *s = calloc(1, sizeof *s);
    if (!s)
        return NULL;
    s->config = with_defaults(config);
    atomic_init(&s->next_id, first_id());
    pthread_condattr_t attr;
    (void)pthread_mutex_init(&s->lock, NULL);
    (void)pthread_condattr_init(&attr);
    (void)pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    (void)pthread_cond_init(&s->wake, &attr);
    (void)pthread_condattr_destroy(&attr);
    return s;
}

static void free_server(piq_http_server *s)
{
    (void)pthread_cond_destroy(&s->wake);
    (void)pthread_mutex_destroy(&s->lock);
    free(s);
}

/* Takes `fd`, on failure too. */
static struct MHD_Daemon *start_library(piq_http_server *s, int fd)
{
    const piq_http_config *c = &s->config;
    /* The library shares its limit out among the threads; ours is the one in
     * may_connect, and any one thread may hold all of them. */
    unsigned share = c->max_connections + 64;
    return MHD_start_daemon(
        MHD_USE_EPOLL_INTERNAL_THREAD | MHD_ALLOW_SUSPEND_RESUME, 0,
        may_connect, s, on_access, s, MHD_OPTION_LISTEN_SOCKET, fd,
        MHD_OPTION_THREAD_POOL_SIZE, c->n_threads, MHD_OPTION_STRICT_FOR_CLIENT,
        1, MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)PIQ_HTTP_MEMORY_BYTES,
        MHD_OPTION_CONNECTION_LIMIT, share * c->n_threads,
        MHD_OPTION_PER_IP_CONNECTION_LIMIT, c->max_per_address,
        MHD_OPTION_CONNECTION_TIMEOUT, 0U, MHD_OPTION_NOTIFY_CONNECTION,
        on_connection, s, MHD_OPTION_NOTIFY_COMPLETED, on_completed, s,
        MHD_OPTION_URI_LOG_CALLBACK, on_request_line, s,
        MHD_OPTION_UNESCAPE_CALLBACK, keep_escapes, NULL, MHD_OPTION_END);
}

static piq_status start_threads(piq_http_server *s, int fd, piq_err *err)
{
    piq_status st = piq_http_sweeper_start(s, err);
    if (st != PIQ_OK) {
        (void)close(fd);
        return st;
    }
    s->daemon = start_library(s, fd);
    if (s->daemon)
        return PIQ_OK;
    piq_http_sweeper_end(s);
    return piq_fail(err, PIQ_EIO, "could not start the HTTP threads");
}

piq_status piq_http_start(const piq_http_config *config,
                          piq_http_handler *handler,
                          piq_http_observer *observer, void *ctx,
                          piq_http_server **out, piq_err *err)
{
    piq_http_server *s = new_server(config);
    if (!s)
        return piq_fail(err, PIQ_ENOMEM, "could not start HTTP: no memory");
    s->handler = handler;
    s->observer = observer;
    s->ctx = ctx;
    int fd = -1;
    piq_status st =
        piq_http_listen(s->config.address, config->port, &fd, &s->port, err);
    if (st == PIQ_OK) {
        /* Signals are for the thread that starts us, not for the pool. */
        sigset_t all;
        sigset_t before;
        (void)sigfillset(&all);
        (void)pthread_sigmask(SIG_SETMASK, &all, &before);
        s->listen_fd = fd;
        st = start_threads(s, fd, err);
        (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    }
    if (st != PIQ_OK) {
        free_server(s);
        return st;
    }
    s->config.address = NULL; /* the caller's string; not needed any more */
    *out = s;
    return PIQ_OK;
}

uint16_t piq_http_port(const piq_http_server *s)
{
    return s->port;
}

unsigned piq_http_connections(const piq_http_server *s)
{
    return atomic_load(&s->n_connections);
}

/* --- stop -------------------------------------------------------------- */

/* True when all connections were closed before `until_ns`. */
static bool wait_empty(piq_http_server *s, int64_t until_ns)
{
    struct timespec at = {.tv_sec = until_ns / NS_PER_S,
                          .tv_nsec = until_ns % NS_PER_S};
    int timed_out = 0;
    (void)pthread_mutex_lock(&s->lock);
    while (s->all && timed_out != ETIMEDOUT)
        timed_out = pthread_cond_timedwait(&s->wake, &s->lock, &at);
    bool empty = !s->all;
    (void)pthread_mutex_unlock(&s->lock);
    return empty;
}

/* A connection in the list cannot be closed while we hold the lock. */
static void abandon_suspended(piq_http_server *s)
{
    (void)pthread_mutex_lock(&s->lock);
    for (piq_http_request *r = s->all; r; r = r->next) {
        if (!piq_http_move(r, PIQ_HTTP_SUSPENDED, PIQ_HTTP_ABANDONED))
            continue;
        MHD_resume_connection(r->connection);
        (void)atomic_fetch_sub(&s->n_deferred, 1);
    }
    (void)pthread_mutex_unlock(&s->lock);
}

/* No signal can be sent by those we wait for, since they must not touch the
 * server after counting themselves out. It takes microseconds. */
static void wait_resumed(piq_http_server *s)
{
    const struct timespec a_little = {.tv_nsec = 200000};
    while (atomic_load(&s->n_deferred) > 0)
        (void)nanosleep(&a_little, NULL);
}

void piq_http_stop(piq_http_server *s, unsigned grace_ms)
{
    if (!s)
        return;
    int64_t until =
        piq_clock_monotonic_ns() + (int64_t)grace_ms * (NS_PER_S / 1000);
    (void)shutdown(s->listen_fd, SHUT_RDWR);
    atomic_store(&s->draining, true);
    piq_http_sweep(s, piq_clock_monotonic_ns());
    (void)wait_empty(s, until);
    atomic_store(&s->abandoning, true);
    abandon_suspended(s);
    wait_resumed(s);
    piq_http_sweeper_end(s);
    MHD_stop_daemon(s->daemon);
    free_server(s);
}
