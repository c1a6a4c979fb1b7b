/* stream.c - replies in pieces, between the threads that write them and the
 * library's thread that sends them.
 *
 * The library asks for bytes (next_bytes) whenever it could send some. With
 * none there the connection is suspended, and whoever brings some, ends the
 * stream or cuts it off resumes it. Suspending and resuming happen under the
 * stream's lock, and a connection cannot be closed without piq_http_stream_gone
 * taking it: so a connection that is marked suspended is there to be resumed,
 * and no thread is inside MHD_resume_connection when the library stops.
 *
 * Order of locks: server->lock, the library's of the response, the stream's,
 * the library's of its connections.
 */
#include "http/stream.h"

#include "base/clock.h"
#include "http/internal.h"

#include <errno.h>
#include <linux/sockios.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

enum {
    NS_PER_MS = 1000000,
    NS_PER_S = 1000000000,
    QUEUE_BYTES = 64 * 1024,
    /* What the kernel keeps for a client that reads events slowly; else it
     * may grow to megabytes. */
    KERNEL_BYTES = 64 * 1024,
    /* Of a reply that cannot be chunked (HTTP/1.0). */
    BLOCK_BYTES = 1024
};

typedef struct piece {
    struct piece *next;
    piq_bytes *bytes;
} piece;

struct piq_http_stream {
    piq_http_request *request; /* as long as not `gone` */
    atomic_int n_holders;      /* its owner, its request */
    size_t max_bytes;
    piq_bytes *farewell;
    void (*on_close)(void *ctx, piq_http_stream *s);
    void *ctx;

    pthread_mutex_t lock; /* guards what follows */
    pthread_cond_t room;  /* some was taken, or it is gone, or was told */
    piece *first;
    piece *last;
    size_t taken_bytes; /* of the first piece */
    size_t queued_bytes;
    uint64_t sent_bytes; /* given to the library */
    pthread_t teller;    /* the thread inside on_close */
    bool telling;
    bool suspended;
    bool ended;    /* nothing will be added */
    bool cut;      /* breaks off at the next read */
    bool released; /* by its owner */
    bool gone;

    /* The sweeper's own. */
    int64_t look_ns; /* not before */
    int64_t progress_ns;
    uint64_t seen_sent;
    int seen_unread;
};

static void init_room(pthread_cond_t *c)
{
    pthread_condattr_t attr;
    (void)pthread_condattr_init(&attr);
    (void)pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    (void)pthread_cond_init(c, &attr);
    (void)pthread_condattr_destroy(&attr);
}

piq_http_stream *piq_http_stream_new(piq_http_request *r,
                                     const piq_http_stream_options *o)
{
    static const piq_http_stream_options plain;
    piq_http_stream *s = calloc(1, sizeof *s);
    if (!s)
        return NULL;
    if (!o)
        o = &plain;
    s->request = r;
    s->max_bytes = o->max_queued_bytes ? o->max_queued_bytes : QUEUE_BYTES;
    s->farewell = piq_bytes_retain(o->farewell);
    s->on_close = o->on_close;
    s->ctx = o->ctx;
    atomic_init(&s->n_holders, 2);
    (void)pthread_mutex_init(&s->lock, NULL);
    init_room(&s->room);
    return s;
}

/* --- the queue, under the lock ----------------------------------------- */

static bool push(piq_http_stream *s, piq_bytes *bytes)
{
    piece *p = malloc(sizeof *p);
    if (!p)
        return false;
    *p = (piece){.bytes = bytes};
    if (s->last)
        s->last->next = p;
    else
        s->first = p;
    s->last = p;
    s->queued_bytes += piq_bytes_str(bytes).len;
    return true;
}

static void pop(piq_http_stream *s)
{
    piece *p = s->first;
    s->first = p->next;
    if (!s->first)
        s->last = NULL;
    s->taken_bytes = 0;
    piq_bytes_release(p->bytes);
    free(p);
}

static size_t take(piq_http_stream *s, char *to, size_t max)
{
    size_t done = 0;
    while (s->first && done < max) {
        piq_str all = piq_bytes_str(s->first->bytes);
        size_t n = all.len - s->taken_bytes;
        if (n > max - done)
            n = max - done;
        memcpy(to + done, all.ptr + s->taken_bytes, n);
        done += n;
        s->taken_bytes += n;
        if (s->taken_bytes == all.len)
            pop(s);
    }
    s->queued_bytes -= done;
    s->sent_bytes += done;
    return done;
}

static void drop_queue(piq_http_stream *s)
{
    while (s->first)
        pop(s);
    s->queued_bytes = 0;
}

static void wake(piq_http_stream *s)
{
    if (!s->suspended)
        return;
    s->suspended = false;
    MHD_resume_connection(s->request->connection);
}

static void let_go(piq_http_stream *s)
{
    if (atomic_fetch_sub(&s->n_holders, 1) != 1)
        return;
    drop_queue(s);
    piq_bytes_release(s->farewell);
    (void)pthread_cond_destroy(&s->room);
    (void)pthread_mutex_destroy(&s->lock);
    free(s);
}

/* --- the library's thread ---------------------------------------------- */

/* The last words of an endless stream, when the server is to stop. */
static void say_farewell(piq_http_stream *s)
{
    if (!s->farewell || !atomic_load(&s->request->server->draining))
        return;
    s->ended = true;
    if (piq_bytes_str(s->farewell).len > 0 && push(s, s->farewell))
        s->farewell = NULL; /* the queue's now */
}

/* The client sees the end of the connection and no end of the reply. Told of an
 * error, 0.9.75 forgets every other one of those that are resumed together, and
 * keeps their sockets until it is stopped. So it is told that the reply ends,
 * and finds that its last bytes cannot be sent. */
static ssize_t break_off(const piq_http_request *r)
{
    (void)shutdown(r->fd, SHUT_RDWR);
    return MHD_CONTENT_READER_END_OF_STREAM;
}

static ssize_t next_locked(piq_http_stream *s, char *to, size_t max)
{
    const piq_http_request *r = s->request;
    if (s->cut || atomic_load(&r->state) != PIQ_HTTP_STREAMING)
        return break_off(r);
    if (!s->first && !s->ended)
        say_farewell(s);
    size_t n = take(s, to, max);
    if (n > 0) {
        if (s->queued_bytes <= s->max_bytes / 2)
            (void)pthread_cond_broadcast(&s->room);
        return (ssize_t)n;
    }
    if (s->ended)
        return MHD_CONTENT_READER_END_OF_STREAM;
    /* Whoever sets the flag then cuts all that are suspended. */
    if (atomic_load(&r->server->abandoning))
        return break_off(r);
    s->suspended = true;
    MHD_suspend_connection(r->connection);
    return 0;
}

static ssize_t next_bytes(void *ctx, uint64_t pos, char *to, size_t max)
{
    piq_http_stream *s = ctx;
    (void)pos;
    (void)pthread_mutex_lock(&s->lock);
    ssize_t n = next_locked(s, to, max);
    (void)pthread_mutex_unlock(&s->lock);
    return n;
}

struct MHD_Response *piq_http_stream_response(piq_http_stream *s)
{
    int bytes = KERNEL_BYTES;
    if (s->farewell)
        (void)setsockopt(s->request->fd, SOL_SOCKET, SO_SNDBUF, &bytes,
                         sizeof bytes);
    return MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, BLOCK_BYTES,
                                             next_bytes, s, NULL);
}

void piq_http_stream_gone(piq_http_stream *s)
{
    (void)pthread_mutex_lock(&s->lock);
    s->gone = true;
    s->request = NULL;
    drop_queue(s);
    s->telling = s->on_close && !s->released;
    s->teller = pthread_self();
    bool tells = s->telling;
    (void)pthread_cond_broadcast(&s->room);
    (void)pthread_mutex_unlock(&s->lock);
    if (tells) {
        s->on_close(s->ctx, s);
        (void)pthread_mutex_lock(&s->lock);
        s->telling = false;
        (void)pthread_cond_broadcast(&s->room);
        (void)pthread_mutex_unlock(&s->lock);
    }
    let_go(s);
}

/* --- the thread that stops the server, and the sweeper ------------------ */

void piq_http_stream_drain(piq_http_stream *s)
{
    (void)pthread_mutex_lock(&s->lock);
    if (s->farewell)
        wake(s); /* its next read sees that the server drains */
    (void)pthread_mutex_unlock(&s->lock);
}

void piq_http_stream_cut(piq_http_stream *s)
{
    (void)pthread_mutex_lock(&s->lock);
    s->cut = true;
    wake(s);
    (void)pthread_mutex_unlock(&s->lock);
}

static bool has_left(int fd)
{
    struct tcp_info info;
    socklen_t len = sizeof info;
    memset(&info, 0, sizeof info);
    return getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &len) == 0 &&
           (info.tcpi_state == TCP_CLOSE_WAIT || info.tcpi_state == TCP_CLOSE);
}

bool piq_http_stream_is_late(piq_http_stream *s, int fd, int64_t now_ns,
                             int64_t limit_ns)
{
    if (now_ns < s->look_ns)
        return false;
    s->look_ns = now_ns + (limit_ns / 8 < NS_PER_S ? limit_ns / 8 : NS_PER_S);
    if (has_left(fd))
        return true;
    int unread = 0; /* what the kernel holds, sent or not, not yet taken */
    (void)ioctl(fd, SIOCOUTQ, &unread);
    (void)pthread_mutex_lock(&s->lock);
    uint64_t sent = s->sent_bytes;
    (void)pthread_mutex_unlock(&s->lock);
    if (unread == 0 || unread < s->seen_unread || sent != s->seen_sent ||
        s->progress_ns == 0)
        s->progress_ns = now_ns;
    s->seen_unread = unread;
    s->seen_sent = sent;
    return now_ns - s->progress_ns > limit_ns;
}

/* --- the owner ---------------------------------------------------------- */

static bool is_open(const piq_http_stream *s)
{
    return !s->gone && !s->cut && !s->ended;
}

static piq_status write_locked(piq_http_stream *s, piq_bytes *bytes)
{
    size_t len = piq_bytes_str(bytes).len;
    if (!is_open(s))
        return PIQ_ENOTFOUND;
    /* Whoever has waited for half of it to be free is not turned away. */
    if (s->queued_bytes > s->max_bytes / 2 &&
        (s->queued_bytes >= s->max_bytes ||
         len > s->max_bytes - s->queued_bytes))
        return PIQ_EBUSY;
    if (len == 0) {
        piq_bytes_release(bytes);
        return PIQ_OK;
    }
    if (!push(s, bytes))
        return PIQ_ENOMEM;
    wake(s);
    return PIQ_OK;
}

piq_status piq_http_stream_write(piq_http_stream *s, piq_bytes *bytes)
{
    (void)pthread_mutex_lock(&s->lock);
    piq_status st = write_locked(s, bytes);
    (void)pthread_mutex_unlock(&s->lock);
    if (st != PIQ_OK)
        piq_bytes_release(bytes);
    return st;
}

piq_status piq_http_stream_wait(piq_http_stream *s, unsigned timeout_ms)
{
    int64_t until = piq_clock_monotonic_ns() + (int64_t)timeout_ms * NS_PER_MS;
    struct timespec at = {.tv_sec = until / NS_PER_S,
                          .tv_nsec = until % NS_PER_S};
    int error = 0;
    (void)pthread_mutex_lock(&s->lock);
    while (is_open(s) && s->queued_bytes > s->max_bytes / 2 && !error)
        error = pthread_cond_timedwait(&s->room, &s->lock, &at);
    piq_status st = PIQ_OK;
    if (!is_open(s))
        st = PIQ_ENOTFOUND;
    else if (s->queued_bytes > s->max_bytes / 2)
        st = PIQ_EBUSY;
    (void)pthread_mutex_unlock(&s->lock);
    return st;
}

bool piq_http_stream_is_open(piq_http_stream *s)
{
    (void)pthread_mutex_lock(&s->lock);
    bool open = is_open(s);
    (void)pthread_mutex_unlock(&s->lock);
    return open;
}

static void release(piq_http_stream *s, bool cut)
{
    (void)pthread_mutex_lock(&s->lock);
    s->released = true;
    s->ended = true;
    s->cut = s->cut || cut;
    wake(s);
    while (s->telling && !pthread_equal(s->teller, pthread_self()))
        (void)pthread_cond_wait(&s->room, &s->lock);
    (void)pthread_mutex_unlock(&s->lock);
    let_go(s);
}

void piq_http_stream_end(piq_http_stream *s)
{
    release(s, false);
}

void piq_http_stream_break(piq_http_stream *s)
{
    release(s, true);
}
