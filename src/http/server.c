/* server.c - start and stop.
 *
 * Order of a stop, with the traps of libmicrohttpd 0.9.75 in mind:
 *   1. quiet: the acceptor ends and closes the listening socket: new clients
 *      are refused, or taken by whoever shares the socket. Replies say
 *      "Connection: close".
 *   2. draining: the sweep shuts idle connections, endless streams are ended.
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
#include <time.h>
#include <unistd.h>

enum { NS_PER_S = 1000000000, HANDED_MS = 100 };

/* --- start ------------------------------------------------------------- */

static piq_http_config with_defaults(const piq_http_config *given)
{
    piq_http_config c = *given;
    if (!c.address)
        c.address = "127.0.0.1";
    if (!c.n_threads)
        c.n_threads = 2;
    if (c.n_threads > PIQ_HTTP_MAX_THREADS)
        c.n_threads = PIQ_HTTP_MAX_THREADS;
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
    piq_http_crowd_free(s->crowd);
    piq_cors_free(s->cors);
    piq_tls_free(s->tls);
    free(s->proxies);
    free(s);
}

static piq_status read_proxies(piq_http_server *s, piq_err *err)
{
    const piq_http_config *c = &s->config;
    s->proxies = calloc(c->n_trusted_proxies + 1, sizeof *s->proxies);
    if (!s->proxies)
        return piq_fail(err, PIQ_ENOMEM, "could not start HTTP: no memory");
    for (size_t i = 0; i < c->n_trusted_proxies; i++) {
        piq_status st =
            piq_peer_range_parse(c->trusted_proxies[i], &s->proxies[i], err);
        if (st != PIQ_OK)
            return st;
        s->n_proxies++;
    }
    return PIQ_OK;
}

/* Everything of the configuration that may be wrong in itself. */
static piq_status configure(piq_http_server *s, piq_err *err)
{
    const piq_http_config *c = &s->config;
    piq_status st = read_proxies(s, err);
    if (st == PIQ_OK)
        st = piq_cors_new(c->cors_origins, c->n_cors_origins, &s->cors, err);
    if (st == PIQ_OK && (c->tls_cert.len || c->tls_key.len))
        st = piq_tls_new(c->tls_cert, c->tls_key, &s->tls, err);
    if (st == PIQ_OK && c->max_per_address) {
        s->crowd = piq_http_crowd_new();
        if (!s->crowd)
            st = piq_fail(err, PIQ_ENOMEM, "could not start HTTP: no memory");
    }
    return st;
}

static void stop_library(piq_http_server *s)
{
    for (unsigned i = 0; i < s->config.n_threads && s->daemons[i]; i++)
        MHD_stop_daemon(s->daemons[i]);
}

static piq_status start_library(piq_http_server *s, piq_err *err)
{
    for (unsigned i = 0; i < s->config.n_threads; i++) {
        s->daemons[i] = piq_http_library_start(s);
        if (!s->daemons[i])
            return piq_fail(err, PIQ_EIO, "could not start the HTTP threads");
    }
    return piq_http_acceptor_start(s, err);
}

static piq_status start_threads(piq_http_server *s, piq_err *err)
{
    piq_status st = piq_http_sweeper_start(s, err);
    if (st != PIQ_OK)
        return st;
    st = start_library(s, err);
    if (st != PIQ_OK) {
        stop_library(s);
        piq_http_sweeper_end(s);
    }
    return st;
}

static piq_status listen_and_start(piq_http_server *s, piq_err *err)
{
    const piq_http_config *c = &s->config;
    piq_status st = configure(s, err);
    if (st != PIQ_OK) {
        if (c->inherited_fd)
            (void)close(c->inherited_fd);
        return st;
    }
    if (c->inherited_fd)
        st = piq_http_listen_on(c->inherited_fd, &s->listen_fd, &s->port, err);
    else
        st = piq_http_listen(c->address, c->port, &s->listen_fd, &s->port, err);
    if (st != PIQ_OK)
        return st;
    /* Signals are for the thread that starts us, not for the pool. */
    sigset_t all;
    sigset_t before;
    (void)sigfillset(&all);
    (void)pthread_sigmask(SIG_SETMASK, &all, &before);
    st = start_threads(s, err);
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (st != PIQ_OK)
        (void)close(s->listen_fd);
    return st;
}

piq_status piq_http_start(const piq_http_config *config,
                          piq_http_handler *handler,
                          piq_http_observer *observer, void *ctx,
                          piq_http_server **out, piq_err *err)
{
    piq_http_server *s = new_server(config);
    if (!s) {
        if (config->inherited_fd)
            (void)close(config->inherited_fd);
        return piq_fail(err, PIQ_ENOMEM, "could not start HTTP: no memory");
    }
    s->handler = handler;
    s->observer = observer;
    s->ctx = ctx;
    piq_status st = listen_and_start(s, err);
    if (st != PIQ_OK) {
        free_server(s);
        return st;
    }
    *out = s;
    return PIQ_OK;
}

piq_status piq_http_reload_tls(piq_http_server *s, piq_str cert, piq_str key,
                               piq_err *err)
{
    if (!s->tls)
        return piq_fail(err, PIQ_EINVAL,
                        "could not take a TLS certificate: the server was "
                        "started without one");
    return piq_tls_replace(s->tls, cert, key, err);
}

uint16_t piq_http_port(const piq_http_server *s)
{
    return s->port;
}

unsigned piq_http_connections(const piq_http_server *s)
{
    return atomic_load(&s->n_connections);
}

int piq_http_listening_fd(const piq_http_server *s)
{
    return s->listen_fd;
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
        piq_http_stream *stream = piq_http_streaming(r);
        if (stream)
            piq_http_stream_cut(stream);
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

/* What was accepted has a request to send: it is to be among `all` before we
 * look whether that is empty. One the library could not begin never comes. */
static void wait_handed(piq_http_server *s)
{
    const struct timespec a_little = {.tv_nsec = 200000};
    for (int i = 0; i < 5 * HANDED_MS && atomic_load(&s->n_handed) > 0; i++)
        (void)nanosleep(&a_little, NULL);
}

void piq_http_quiesce(piq_http_server *s)
{
    if (s->listen_fd < 0)
        return;
    atomic_store(&s->quiet, true);
    piq_http_acceptor_end(s);
    wait_handed(s);
}

/* Those that are made after this end themselves: stream.c. */
static void drain_streams(piq_http_server *s)
{
    (void)pthread_mutex_lock(&s->lock);
    for (piq_http_request *r = s->all; r; r = r->next) {
        piq_http_stream *stream = piq_http_streaming(r);
        if (stream)
            piq_http_stream_drain(stream);
    }
    (void)pthread_mutex_unlock(&s->lock);
}

void piq_http_stop(piq_http_server *s, unsigned grace_ms)
{
    if (!s)
        return;
    int64_t until =
        piq_clock_monotonic_ns() + (int64_t)grace_ms * (NS_PER_S / 1000);
    piq_http_quiesce(s);
    atomic_store(&s->draining, true);
    drain_streams(s);
    piq_http_sweep(s, piq_clock_monotonic_ns());
    (void)wait_empty(s, until);
    atomic_store(&s->abandoning, true);
    abandon_suspended(s);
    wait_resumed(s);
    piq_http_sweeper_end(s);
    stop_library(s);
    free_server(s);
}
