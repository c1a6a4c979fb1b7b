/* sweeper.c - closes connections whose time is up.
 *
 * libmicrohttpd's own time-out restarts at every byte, so a client that sends
 * one byte a second holds a connection for ever (0.9.75: still open after 48
 * s). One thread walks all connections a few times a second and shuts down
 * the sockets of the late ones; libmicrohttpd then sees the end of the stream
 * and closes them itself.
 *
 * Between requests nothing tells us that a next head has begun, since
 * libmicrohttpd keeps its first bytes to itself. The kernel knows when bytes
 * last arrived (TCP_INFO): later than the last reply means a head has begun.
 *
 * The kernel is also asked whether the client has left: when the last bytes
 * and the end of the stream come together, 0.9.75 reads the bytes, waits for
 * another event, and there is none.
 */
#include "http/internal.h"

#include "base/clock.h"

#include <linux/sockios.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum {
    NS_PER_MS = 1000000,
    NS_PER_S = 1000000000,
    /* tcpi_last_data_recv counts the kernel's ticks, up to 10 ms each; bytes
     * that came this soon after a reply may belong to the request before. */
    TICKS_MS = 50,
    FRESH_MS = 1000
};

static int64_t ms(unsigned v)
{
    return (int64_t)v * NS_PER_MS;
}

/* Asks the kernel about a connection we are to receive from: notes when the
 * next head began, if one has; true when the client will send no more. */
static bool client_has_left(piq_http_request *r, piq_http_state state,
                            int64_t since_ns, int64_t now_ns)
{
    struct tcp_info info;
    socklen_t len = sizeof info;
    memset(&info, 0, sizeof info);
    if (getsockopt(r->fd, IPPROTO_TCP, TCP_INFO, &info, &len) != 0)
        return false;
    int64_t last_ns = now_ns - ms(info.tcpi_last_data_recv);
    if (state == PIQ_HTTP_WAITING && !atomic_load(&r->head_began_ns) &&
        last_ns > since_ns + ms(TICKS_MS))
        atomic_store(&r->head_began_ns, last_ns);
    int unread = 0;
    return (info.tcpi_state == TCP_CLOSE_WAIT ||
            info.tcpi_state == TCP_CLOSE) &&
           ioctl(r->fd, FIONREAD, &unread) == 0 && unread == 0;
}

/* When the server stops: at once, but for one that has begun to ask, or that
 * came so late that it could not yet. */
static int64_t draining_deadline(const piq_http_request *r, int64_t since_ns,
                                 int64_t now_ns)
{
    unsigned limit = r->server->config.head_timeout_ms;
    int unread = 0;
    (void)ioctl(r->fd, FIONREAD, &unread);
    if (!atomic_load(&r->fresh))
        return unread ? INT64_MAX : now_ns; /* it is about to be read */
    return since_ns + ms(limit < FRESH_MS ? limit : FRESH_MS);
}

static int64_t waiting_deadline(piq_http_request *r, int64_t since_ns,
                                int64_t now_ns)
{
    const piq_http_server *s = r->server;
    if (atomic_load(&s->draining))
        return draining_deadline(r, since_ns, now_ns);
    int64_t began = atomic_load(&r->head_began_ns);
    if (began)
        return began + ms(s->config.head_timeout_ms);
    /* A socket that never asked anything has a head to send at once. */
    return since_ns + ms(atomic_load(&r->fresh) ? s->config.head_timeout_ms
                                                : s->config.idle_timeout_ms);
}

static int64_t receiving_deadline(piq_http_request *r, piq_http_state state,
                                  int64_t since_ns, int64_t now_ns)
{
    const piq_http_config *c = &r->server->config;
    if (now_ns - since_ns > ms(2 * TICKS_MS) &&
        client_has_left(r, state, since_ns, now_ns))
        return now_ns;
    if (state == PIQ_HTTP_WAITING)
        return waiting_deadline(r, since_ns, now_ns);
    return since_ns +
           ms(state == PIQ_HTTP_HEAD ? c->head_timeout_ms : c->body_timeout_ms);
}

/* INT64_MAX: this state has no limit of its own. */
static int64_t deadline(piq_http_request *r, piq_http_state state,
                        int64_t now_ns)
{
    int64_t since_ns = atomic_load(&r->since_ns);
    switch (state) {
    case PIQ_HTTP_WAITING:
    case PIQ_HTTP_HEAD:
    case PIQ_HTTP_BODY:
        return receiving_deadline(r, state, since_ns, now_ns);
    case PIQ_HTTP_SENDING:
        return since_ns + ms(r->server->config.body_timeout_ms);
    case PIQ_HTTP_HANDLING:
    case PIQ_HTTP_SUSPENDED:
    case PIQ_HTTP_REPLIED:
    case PIQ_HTTP_STREAMING: /* sweep_stream */
    case PIQ_HTTP_CLOSING:
    case PIQ_HTTP_ABANDONED:
    case PIQ_HTTP_GONE:
        return INT64_MAX;
    }
    return INT64_MAX;
}

/* Late is what the client owes us. Bytes of theirs that nobody has read yet
 * are our debt: our threads have been held up, or the machine has, and they
 * are to be heard once that is over. Their time begins again. (No loophole for
 * a client that drips: what comes is read within microseconds, when we are not
 * behind, and a head has its cap.) */
static bool we_are_behind(piq_http_request *r, piq_http_state state,
                          int64_t now_ns)
{
    int bytes = 0;
    switch (state) {
    case PIQ_HTTP_WAITING:
    case PIQ_HTTP_HEAD:
    case PIQ_HTTP_BODY:
        if (ioctl(r->fd, FIONREAD, &bytes) != 0 || bytes == 0)
            return false;
        break;
    case PIQ_HTTP_SENDING:
        /* The kernel has nothing of ours left to send. */
        if (ioctl(r->fd, SIOCOUTQ, &bytes) != 0 || bytes > 0)
            return false;
        break;
    case PIQ_HTTP_HANDLING:
    case PIQ_HTTP_SUSPENDED:
    case PIQ_HTTP_REPLIED:
    case PIQ_HTTP_STREAMING:
    case PIQ_HTTP_CLOSING:
    case PIQ_HTTP_ABANDONED:
    case PIQ_HTTP_GONE:
        return false;
    }
    atomic_store(&r->head_began_ns, 0);
    atomic_store(&r->since_ns, now_ns);
    return true;
}

/* No limit but its client's: gone, or taking nothing. */
static void sweep_stream(piq_http_request *r, piq_http_stream *stream,
                         int64_t now_ns)
{
    int64_t limit_ns = ms(r->server->config.body_timeout_ms);
    if (piq_http_stream_is_late(stream, r->fd, now_ns, limit_ns) &&
        piq_http_move(r, PIQ_HTTP_STREAMING, PIQ_HTTP_CLOSING)) {
        (void)shutdown(r->fd, SHUT_RDWR);
        piq_http_stream_cut(stream);
    }
}

/* Whether a request lies unread although its thread may be asleep: 0.9.75 was
 * seen to leave a quarter of 1,000 clients that came together waiting, their
 * heads in the kernel, until something else woke the thread. */
static bool is_overlooked(const piq_http_request *r, piq_http_state state,
                          int64_t now_ns)
{
    int unread = 0;
    return state == PIQ_HTTP_WAITING &&
           (atomic_load(&r->fresh) || atomic_load(&r->head_began_ns)) &&
           now_ns - atomic_load(&r->since_ns) > ms(2 * TICKS_MS) &&
           ioctl(r->fd, FIONREAD, &unread) == 0 && unread > 0;
}

/* A new connection is all that wakes a thread of the library from outside: one
 * that ends at once. */
static void wake_library(piq_http_server *s, struct MHD_Daemon *d)
{
    const struct sockaddr_in nobody = {.sin_family = AF_INET};
    int ends[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0,
                   ends) != 0)
        return; /* the next sweep tries again */
    (void)close(ends[1]);
    (void)atomic_fetch_add(&s->n_handed, 1);
    if (MHD_add_connection(d, ends[0], (const struct sockaddr *)&nobody,
                           sizeof nobody) != MHD_YES)
        (void)atomic_fetch_sub(&s->n_handed, 1);
}

static unsigned daemon_of(const piq_http_server *s, const piq_http_request *r)
{
    const struct MHD_Daemon *d =
        MHD_get_connection_info(r->connection, MHD_CONNECTION_INFO_DAEMON)
            ->daemon;
    unsigned i = 0;
    while (i + 1 < s->config.n_threads && s->daemons[i] != d)
        i++;
    return i;
}

void piq_http_sweep(piq_http_server *s, int64_t now_ns)
{
    bool asleep[PIQ_HTTP_MAX_THREADS] = {false};
    /* A connection leaves the list, under this lock, before its socket is
     * closed: no descriptor here can be somebody else's. */
    (void)pthread_mutex_lock(&s->lock);
    for (piq_http_request *r = s->all; r; r = r->next) {
        piq_http_stream *stream = piq_http_streaming(r);
        if (stream) {
            sweep_stream(r, stream, now_ns);
            continue;
        }
        piq_http_state state = atomic_load(&r->state);
        if (is_overlooked(r, state, now_ns))
            asleep[daemon_of(s, r)] = true;
        if (deadline(r, state, now_ns) <= now_ns &&
            !we_are_behind(r, state, now_ns) &&
            piq_http_move(r, state, PIQ_HTTP_CLOSING))
            (void)shutdown(r->fd, SHUT_RDWR);
    }
    (void)pthread_mutex_unlock(&s->lock);
    for (unsigned i = 0; i < s->config.n_threads; i++)
        if (asleep[i] && !atomic_load(&s->quiet))
            wake_library(s, s->daemons[i]);
}

/* An eighth of the shortest limit: late by that much at most. */
static int64_t period_ns(const piq_http_config *c)
{
    unsigned least = c->head_timeout_ms;
    if (c->body_timeout_ms < least)
        least = c->body_timeout_ms;
    if (c->idle_timeout_ms < least)
        least = c->idle_timeout_ms;
    int64_t p = ms(least) / 8;
    if (p < ms(5))
        return ms(5);
    return p > ms(250) ? ms(250) : p;
}

static void sleep_until(piq_http_server *s, int64_t at_ns)
{
    struct timespec at = {.tv_sec = at_ns / NS_PER_S,
                          .tv_nsec = at_ns % NS_PER_S};
    (void)pthread_mutex_lock(&s->lock);
    while (!s->sweeper_ends &&
           pthread_cond_timedwait(&s->wake, &s->lock, &at) == 0)
        ;
    (void)pthread_mutex_unlock(&s->lock);
}

static bool ends(piq_http_server *s)
{
    (void)pthread_mutex_lock(&s->lock);
    bool yes = s->sweeper_ends;
    (void)pthread_mutex_unlock(&s->lock);
    return yes;
}

static void *run(void *ctx)
{
    piq_http_server *s = ctx;
    int64_t period = period_ns(&s->config);
    while (!ends(s)) {
        int64_t now = piq_clock_monotonic_ns();
        piq_http_sweep(s, now);
        sleep_until(s, now + period);
    }
    return NULL;
}

piq_status piq_http_sweeper_start(piq_http_server *s, piq_err *err)
{
    int error = pthread_create(&s->sweeper, NULL, run, s);
    if (error)
        return piq_fail(err, PIQ_EIO, "could not start a thread: %s",
                        strerrordesc_np(error));
    return PIQ_OK;
}

void piq_http_sweeper_end(piq_http_server *s)
{
    (void)pthread_mutex_lock(&s->lock);
    s->sweeper_ends = true;
    (void)pthread_cond_broadcast(&s->wake);
    (void)pthread_mutex_unlock(&s->lock);
    (void)pthread_join(s->sweeper, NULL);
}
