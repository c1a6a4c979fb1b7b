/* acceptor.c - one thread that accepts connections and hands them round to
 * the library's threads.
 *
 * libmicrohttpd could accept by itself, but would then hold the listening
 * socket in its epoll sets until it is stopped: it could neither be left to a
 * successor (shutting it down shuts it for both) nor be given up early
 * (MHD_quiesce_daemon aborts the program when two threads do it at once).
 * With an acceptor of our own, giving up is the end of a thread, and the
 * limits are checked before anything is allocated.
 */
#include "http/internal.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    SHORT_REST_MS = 100,
    A_FEW = 64 /* accepted before it asks again whether to end */
};

/* One entry an address that has connections open. */
typedef struct address_count {
    piq_peer peer;
    unsigned n;
    struct address_count *next;
} address_count;

struct piq_http_crowd {
    address_count *buckets[256];
};

static address_count **find(piq_http_crowd *c, const piq_peer *p)
{
    address_count **at = &c->buckets[piq_hash_bytes(p->at, sizeof p->at) % 256];
    while (*at && memcmp(&(*at)->peer, p, sizeof *p) != 0)
        at = &(*at)->next;
    return at;
}

piq_http_crowd *piq_http_crowd_new(void)
{
    return calloc(1, sizeof(piq_http_crowd));
}

void piq_http_crowd_free(piq_http_crowd *c)
{
    for (size_t i = 0; c && i < 256; i++)
        while (c->buckets[i]) {
            address_count *next = c->buckets[i]->next;
            free(c->buckets[i]);
            c->buckets[i] = next;
        }
    free(c);
}

bool piq_http_crowd_join(piq_http_crowd *c, const piq_peer *p, unsigned limit)
{
    address_count **at = find(c, p);
    if (*at && (*at)->n >= limit)
        return false;
    if (!*at) {
        *at = calloc(1, sizeof **at);
        if (!*at)
            return false;
        (*at)->peer = *p;
    }
    (*at)->n++;
    return true;
}

void piq_http_crowd_leave(piq_http_crowd *c, const piq_peer *p)
{
    address_count **at = find(c, p);
    if (*at && --(*at)->n == 0) {
        address_count *gone = *at;
        *at = gone->next;
        free(gone);
    }
}

/* Takes the socket. The connection is counted when the library has begun with
 * it: a burst may be let in a little over the limit, and is cut then. */
static void hand_over(piq_http_server *s, int fd, const struct sockaddr *addr,
                      socklen_t len)
{
    if (atomic_load(&s->n_connections) >= s->config.max_connections) {
        (void)close(fd);
        return;
    }
    struct MHD_Daemon *to = s->daemons[s->next_daemon];
    s->next_daemon = (s->next_daemon + 1) % s->config.n_threads;
    (void)atomic_fetch_add(&s->n_handed, 1);
    /* It closes the socket when it fails. */
    if (MHD_add_connection(to, fd, addr, len) != MHD_YES)
        (void)atomic_fetch_sub(&s->n_handed, 1);
}

/* False: nobody waits any more, or nothing can be had for now. */
static bool accept_one(piq_http_server *s)
{
    struct sockaddr_storage addr;
    socklen_t len = sizeof addr;
    int fd = accept4(s->listen_fd, (struct sockaddr *)&addr, &len,
                     SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd >= 0) {
        hand_over(s, fd, (struct sockaddr *)&addr, len);
        return true;
    }
    if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS ||
        errno == ENOMEM) {
        /* The client stays in the kernel's queue. */
        struct pollfd ended = {.fd = s->accept_end_fd, .events = POLLIN};
        (void)poll(&ended, 1, SHORT_REST_MS);
        return false;
    }
    return errno != EAGAIN;
}

static void *run(void *ctx)
{
    piq_http_server *s = ctx;
    struct pollfd of[2] = {{.fd = s->listen_fd, .events = POLLIN},
                           {.fd = s->accept_end_fd, .events = POLLIN}};
    for (;;) {
        int n = poll(of, 2, -1);
        if (n < 0 && errno != EINTR)
            return NULL;
        if (n > 0 && of[1].revents)
            return NULL;
        for (int i = 0; n > 0 && of[0].revents && i < A_FEW; i++)
            if (!accept_one(s))
                break;
    }
}

piq_status piq_http_acceptor_start(piq_http_server *s, piq_err *err)
{
    s->accept_end_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (s->accept_end_fd < 0)
        return piq_fail(err, PIQ_EIO, "could not start to accept: %s",
                        strerrordesc_np(errno));
    int error = pthread_create(&s->acceptor, NULL, run, s);
    if (error) {
        (void)close(s->accept_end_fd);
        return piq_fail(err, PIQ_EIO, "could not start a thread: %s",
                        strerrordesc_np(error));
    }
    return PIQ_OK;
}

void piq_http_acceptor_end(piq_http_server *s)
{
    (void)eventfd_write(s->accept_end_fd, 1);
    (void)pthread_join(s->acceptor, NULL);
    (void)close(s->accept_end_fd);
    (void)close(s->listen_fd);
    s->listen_fd = -1;
}
