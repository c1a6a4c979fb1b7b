#include "support/hook_receiver.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

struct hook_receiver {
    int listening;
    unsigned port;
    pthread_t thread;
    bool shut;
    pthread_mutex_t lock; /* what follows */
    size_t n, n_connections;
    int answers[HOOK_MAX_REQUESTS];
    hook_request got[HOOK_MAX_REQUESTS];
    int silent[HOOK_MAX_REQUESTS]; /* connections that wait for ever */
    size_t n_silent;
};

static void must(bool holds, const char *what)
{
    if (holds)
        return;
    perror(what);
    abort();
}

/* ---- one request ----------------------------------------------------------
 */

bool hook_header(const hook_request *q, const char *name, char *out,
                 size_t room)
{
    size_t len = strlen(name);
    const char *at = q->head;
    while (at && *at) {
        if (strncasecmp(at, name, len) == 0 && at[len] == ':') {
            at += len + 1;
            while (*at == ' ')
                at++;
            snprintf(out, room, "%.*s", (int)strcspn(at, "\r\n"), at);
            return true;
        }
        at = strchr(at, '\n');
        at = at ? at + 1 : NULL;
    }
    return false;
}

static size_t body_length(const hook_request *q)
{
    char text[32];
    return hook_header(q, "content-length", text, sizeof text)
               ? strtoul(text, NULL, 10)
               : 0;
}

/* Whether all of it is in `text`, and then in *out. */
static bool split(const char *text, hook_request *out)
{
    const char *head = strstr(text, "\r\n");
    const char *end = strstr(text, "\r\n\r\n");
    if (!end)
        return false;
    snprintf(out->line, sizeof out->line, "%.*s", (int)(head - text), text);
    snprintf(out->head, sizeof out->head, "%.*s", (int)(end - head), head + 2);
    snprintf(out->body, sizeof out->body, "%s", end + 4);
    return strlen(end + 4) >= body_length(out);
}

static bool read_request(int fd, hook_request *out)
{
    char text[4096];
    size_t n = 0;
    memset(out, 0, sizeof *out);
    while (n + 1 < sizeof text) {
        ssize_t more = read(fd, text + n, sizeof text - 1 - n);
        if (more <= 0)
            return false;
        n += (size_t)more;
        text[n] = '\0';
        if (split(text, out))
            return true;
    }
    return false;
}

static void answer(int fd, int status)
{
    char text[160];
    int n =
        snprintf(text, sizeof text,
                 "HTTP/1.1 %d Said\r\nContent-Length: 0\r\n%s"
                 "Connection: close\r\n\r\n",
                 status, status / 100 == 3 ? "Location: /elsewhere\r\n" : "");
    /* Whoever has gone away is no failure of ours. */
    if (send(fd, text, (size_t)n, MSG_NOSIGNAL) < 0)
        return;
    shutdown(fd, SHUT_WR);
}

/* Whether the connection is done with. */
static bool serve(hook_receiver *r, int fd)
{
    hook_request q;
    int status = 204;
    bool whole = read_request(fd, &q);
    pthread_mutex_lock(&r->lock);
    bool kept = whole && r->n < HOOK_MAX_REQUESTS;
    if (kept) {
        status = r->answers[r->n];
        r->got[r->n++] = q;
    }
    bool silent = kept && status == HOOK_SILENCE;
    if (silent)
        r->silent[r->n_silent++] = fd;
    pthread_mutex_unlock(&r->lock);
    if (whole && !silent)
        answer(fd, status);
    return !silent;
}

static void *run(void *ctx)
{
    hook_receiver *r = ctx;
    int fd;
    while ((fd = accept(r->listening, NULL, NULL)) >= 0) {
        pthread_mutex_lock(&r->lock);
        r->n_connections++;
        pthread_mutex_unlock(&r->lock);
        if (serve(r, fd))
            close(fd);
    }
    return NULL;
}

/* ---- the server -----------------------------------------------------------
 */

hook_receiver *hook_receiver_new(void)
{
    hook_receiver *r = calloc(1, sizeof *r);
    struct sockaddr_in at = {.sin_family = AF_INET,
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof at;
    must(r, "no memory for a receiver");
    for (size_t i = 0; i < HOOK_MAX_REQUESTS; i++)
        r->answers[i] = 204;
    r->listening = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    must(r->listening >= 0, "socket");
    must(bind(r->listening, (struct sockaddr *)&at, sizeof at) == 0, "bind");
    must(listen(r->listening, 16) == 0, "listen");
    must(getsockname(r->listening, (struct sockaddr *)&at, &len) == 0, "name");
    r->port = ntohs(at.sin_port);
    pthread_mutex_init(&r->lock, NULL);
    must(pthread_create(&r->thread, NULL, run, r) == 0, "thread");
    return r;
}

void hook_receiver_shut(hook_receiver *r)
{
    if (r->shut)
        return;
    r->shut = true;
    shutdown(r->listening, SHUT_RDWR); /* wakes accept */
    pthread_join(r->thread, NULL);
    close(r->listening);
}

void hook_receiver_free(hook_receiver *r)
{
    hook_receiver_shut(r);
    for (size_t i = 0; i < r->n_silent; i++)
        close(r->silent[i]);
    pthread_mutex_destroy(&r->lock);
    free(r);
}

unsigned hook_receiver_port(const hook_receiver *r)
{
    return r->port;
}

void hook_receiver_answer(hook_receiver *r, size_t nth, int status)
{
    pthread_mutex_lock(&r->lock);
    r->answers[nth] = status;
    pthread_mutex_unlock(&r->lock);
}

size_t hook_receiver_connections(hook_receiver *r)
{
    pthread_mutex_lock(&r->lock);
    size_t n = r->n_connections;
    pthread_mutex_unlock(&r->lock);
    return n;
}

size_t hook_receiver_take(hook_receiver *r, size_t nth, hook_request *out)
{
    pthread_mutex_lock(&r->lock);
    size_t n = r->n;
    if (nth < n)
        *out = r->got[nth];
    pthread_mutex_unlock(&r->lock);
    return n;
}
