#include "support/tcp_proxy.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { MAX_PAIRS = 32, PIECE = 65536, TICK_MS = 20 };

typedef struct pair {
    int client, server;
    bool drop_answer; /* struck by TCP_CUT_ANSWER: waits for it */
} pair;

struct tcp_proxy {
    int listener, port, server_port;
    pthread_t thread;
    atomic_int fault, n_struck;
    atomic_bool stop;
    pair pairs[MAX_PAIRS];
    int n;
};

static struct sockaddr_in loopback(int port)
{
    struct sockaddr_in a = {.sin_family = AF_INET,
                            .sin_port = htons((uint16_t)port)};
    a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return a;
}

static void cut(tcp_proxy *p, int i)
{
    close(p->pairs[i].client);
    close(p->pairs[i].server);
    p->pairs[i] = p->pairs[--p->n];
}

static void take_connection(tcp_proxy *p)
{
    int client = accept(p->listener, NULL, NULL);
    if (client < 0)
        return;
    struct sockaddr_in a = loopback(p->server_port);
    int server = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (p->n < MAX_PAIRS && server >= 0 &&
        connect(server, (struct sockaddr *)&a, sizeof a) == 0) {
        p->pairs[p->n++] = (pair){.client = client, .server = server};
        return;
    }
    close(client);
    if (server >= 0)
        close(server);
}

static bool pass_on(int to, const char *bytes, size_t n)
{
    for (size_t done = 0; done < n;) {
        ssize_t k = send(to, bytes + done, n - done, MSG_NOSIGNAL);
        if (k <= 0)
            return false;
        done += (size_t)k;
    }
    return true;
}

/* What a client sent. False: the pair is to be cut. */
static bool from_client(tcp_proxy *p, pair *x)
{
    static _Thread_local char bytes[PIECE];
    ssize_t n = recv(x->client, bytes, sizeof bytes, 0);
    if (n <= 0)
        return false;
    int fault = atomic_load(&p->fault);
    if (fault != TCP_NO_FAULT && !x->drop_answer) {
        atomic_store(&p->fault, TCP_NO_FAULT);
        atomic_fetch_add(&p->n_struck, 1);
        if (fault == TCP_CUT_REQUEST)
            return false;
        if (fault == TCP_CUT_HALFWAY) {
            (void)pass_on(x->server, bytes, (size_t)n / 2);
            return false;
        }
        x->drop_answer = true;
    }
    return pass_on(x->server, bytes, (size_t)n);
}

/* What the server sent. An answer to a whole pipeline comes at its end. */
static bool from_server(pair *x)
{
    static _Thread_local char bytes[PIECE];
    ssize_t n = recv(x->server, bytes, sizeof bytes, 0);
    return n > 0 && !x->drop_answer && pass_on(x->client, bytes, (size_t)n);
}

static void serve(tcp_proxy *p)
{
    struct pollfd fds[1 + 2 * MAX_PAIRS];
    fds[0] = (struct pollfd){.fd = p->listener, .events = POLLIN};
    int n = p->n;
    for (int i = 0; i < n; i++) {
        fds[1 + 2 * i] = (struct pollfd){p->pairs[i].client, POLLIN, 0};
        fds[2 + 2 * i] = (struct pollfd){p->pairs[i].server, POLLIN, 0};
    }
    if (poll(fds, (nfds_t)(1 + 2 * n), TICK_MS) <= 0 ||
        atomic_load(&p->fault) == TCP_SWALLOW)
        return;
    for (int i = n - 1; i >= 0; i--) {
        bool ok = true;
        if (fds[1 + 2 * i].revents != 0)
            ok = from_client(p, &p->pairs[i]);
        if (ok && fds[2 + 2 * i].revents != 0)
            ok = from_server(&p->pairs[i]);
        if (!ok)
            cut(p, i);
    }
    if (fds[0].revents != 0)
        take_connection(p);
}

static void *run(void *ctx)
{
    tcp_proxy *p = ctx;
    while (!atomic_load(&p->stop)) {
        if (atomic_load(&p->fault) == TCP_SWALLOW)
            usleep(TICK_MS * 1000);
        else
            serve(p);
    }
    while (p->n > 0)
        cut(p, 0);
    return NULL;
}

tcp_proxy *tcp_proxy_new(int server_port)
{
    tcp_proxy *p = calloc(1, sizeof *p);
    if (p == NULL)
        return NULL;
    p->server_port = server_port;
    struct sockaddr_in a = loopback(0);
    socklen_t len = sizeof a;
    p->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (p->listener >= 0 &&
        bind(p->listener, (struct sockaddr *)&a, sizeof a) == 0 &&
        listen(p->listener, MAX_PAIRS) == 0 &&
        getsockname(p->listener, (struct sockaddr *)&a, &len) == 0) {
        p->port = ntohs(a.sin_port);
        if (pthread_create(&p->thread, NULL, run, p) == 0)
            return p;
    }
    if (p->listener >= 0)
        close(p->listener);
    free(p);
    return NULL;
}

int tcp_proxy_port(const tcp_proxy *p)
{
    return p->port;
}

void tcp_proxy_arm(tcp_proxy *p, tcp_fault fault)
{
    if (fault == TCP_SWALLOW)
        atomic_fetch_add(&p->n_struck, 1);
    atomic_store(&p->fault, (int)fault);
}

int tcp_proxy_n_struck(tcp_proxy *p)
{
    return atomic_load(&p->n_struck);
}

void tcp_proxy_free(tcp_proxy *p)
{
    atomic_store(&p->stop, true);
    pthread_join(p->thread, NULL);
    close(p->listener);
    free(p);
}
