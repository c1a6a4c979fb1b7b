/* http_client.h - for the tests of src/http: a blunt client that sends exactly
 * the bytes it is given, and a server with a few fixed paths.
 *
 *   /echo     the body back
 *   /in       "METHOD path ?query" as the handler saw them
 *   /probe    the value of the request header "probe"
 *   /later    the body back, from one of two other threads
 *   /hold     nothing, until the test answers it
 *   /huge     8 MiB
 *   /fields   every field of the reply head set
 *
 * Other paths go to fixture->also when a test has set one, else as /in.
 */
#ifndef PIQ_TESTS_HTTP_CLIENT_H
#define PIQ_TESTS_HTTP_CLIENT_H

#include "base/buf.h"
#include "http/http.h"

#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

enum { HTTP_N_ANSWERERS = 2, HTTP_QUEUE = 4096, HTTP_PATIENCE_MS = 20000 };

typedef struct http_fixture http_fixture;

struct http_fixture {
    piq_http_server *server;
    void (*also)(http_fixture *f, piq_http_request *r, const piq_http_in *in);
    void *also_ctx;
    piq_bytes *huge;
    pthread_t answerers[HTTP_N_ANSWERERS];
    pthread_mutex_t lock;
    pthread_cond_t more;
    piq_http_request *queue[HTTP_QUEUE]; /* /later, not yet answered */
    piq_str bodies[HTTP_QUEUE];
    size_t n_queued;
    bool ends;
    piq_http_request *held; /* /hold */
    const piq_http_in *held_in;
    _Atomic(const char *) broken; /* the first law that was */
    atomic_uint n_handled;
    atomic_uint n_observed;
    atomic_int last_status;
    atomic_size_t last_bytes;
};

typedef struct http_answer {
    int status; /* 0: the connection ended before a whole reply */
    char head[2048];
    char body[4096];
    size_t body_len;
} http_answer;

/* On the server's threads, where a failed assertion of cmocka ends the program
 * without a word: http_end tells it. */
static inline void http_law(http_fixture *f, bool holds, const char *law)
{
    const char *none = NULL;
    if (!holds)
        atomic_compare_exchange_strong(&f->broken, &none, law);
}

static inline void http_answer_text(piq_http_request *r, piq_str text)
{
    static const piq_http_reply_head ok = {.status = 200, .type = "text/plain"};
    char *copy = malloc(text.len + 1);
    if (!copy)
        abort();
    if (text.len)
        memcpy(copy, text.ptr, text.len);
    piq_http_reply(r, &ok, piq_bytes_take(copy, text.len));
}

static inline void *http_answerer(void *ctx)
{
    http_fixture *f = ctx;
    for (;;) {
        pthread_mutex_lock(&f->lock);
        while (f->n_queued == 0 && !f->ends)
            pthread_cond_wait(&f->more, &f->lock);
        if (f->n_queued == 0) {
            pthread_mutex_unlock(&f->lock);
            return NULL;
        }
        piq_http_request *r = f->queue[--f->n_queued];
        piq_str body = f->bodies[f->n_queued];
        pthread_mutex_unlock(&f->lock);
        http_answer_text(r, body);
    }
}

static inline void http_queue(http_fixture *f, piq_http_request *r,
                              piq_str body)
{
    pthread_mutex_lock(&f->lock);
    if (f->n_queued == HTTP_QUEUE)
        abort();
    f->bodies[f->n_queued] = body;
    f->queue[f->n_queued++] = r;
    pthread_cond_signal(&f->more);
    pthread_mutex_unlock(&f->lock);
}

static inline void http_answer_in(piq_http_request *r, const piq_http_in *in)
{
    char text[512];
    (void)snprintf(text, sizeof text, "%s %.*s ?%.*s", in->method,
                   PIQ_STR_ARG(in->path), PIQ_STR_ARG(in->query));
    http_answer_text(r, piq_str_of(text)); /* cut at 511 bytes */
}

static inline void http_answer_fields(piq_http_request *r)
{
    static const piq_http_reply_head all = {.status = 405,
                                            .type = "application/json",
                                            .etag = "\"v7\"",
                                            .retry_after_s = 12,
                                            .allow = "GET, PUT"};
    piq_http_reply(r, &all, NULL);
}

static inline void http_handler(void *ctx, piq_http_request *r,
                                const piq_http_in *in)
{
    static const piq_http_reply_head ok = {.status = 200, .type = "text/plain"};
    http_fixture *f = ctx;
    atomic_fetch_add(&f->n_handled, 1);
    /* What http.h promises of every request. */
    http_law(f, in->method[0] != '\0', "a request has a method");
    http_law(f, in->id > 0, "a request has an id");
    http_law(f,
             in->path.len > 0 &&
                 (in->path.ptr[0] == '/' || piq_str_eq(in->path, PIQ_STR("*"))),
             "a path begins with /");
    http_law(f, !in->path.len || !memchr(in->path.ptr, '?', in->path.len),
             "a path has no query");
    http_law(f, piq_str_is_utf8(in->path) && piq_str_is_utf8(in->query),
             "a target is UTF-8");
    if (piq_str_eq(in->path, PIQ_STR("/echo"))) {
        http_answer_text(r, in->body);
    } else if (piq_str_eq(in->path, PIQ_STR("/probe"))) {
        http_answer_text(r, piq_http_header(r, "probe"));
    } else if (piq_str_eq(in->path, PIQ_STR("/later"))) {
        http_queue(f, r, in->body);
    } else if (piq_str_eq(in->path, PIQ_STR("/huge"))) {
        piq_http_reply(r, &ok, piq_bytes_retain(f->huge));
    } else if (piq_str_eq(in->path, PIQ_STR("/fields"))) {
        http_answer_fields(r);
    } else if (piq_str_eq(in->path, PIQ_STR("/hold"))) {
        pthread_mutex_lock(&f->lock);
        f->held = r;
        f->held_in = in;
        pthread_mutex_unlock(&f->lock);
    } else if (f->also) {
        f->also(f, r, in);
    } else {
        http_answer_in(r, in);
    }
}

static inline void http_observer(void *ctx, const piq_http_in *in, int status,
                                 int64_t took_ns, size_t body_bytes)
{
    http_fixture *f = ctx;
    http_law(f, in->id > 0, "an observed request has an id");
    http_law(f, took_ns >= 0, "a request takes some time");
    atomic_store(&f->last_status, status);
    atomic_store(&f->last_bytes, body_bytes);
    atomic_fetch_add(&f->n_observed, 1);
}

static inline void http_start(http_fixture *f, const piq_http_config *config)
{
    piq_err err = {0};
    char *huge = malloc(8U << 20);
    assert_non_null(huge);
    memset(huge, 'h', 8U << 20);
    f->huge = piq_bytes_take(huge, 8U << 20);
    pthread_mutex_init(&f->lock, NULL);
    pthread_cond_init(&f->more, NULL);
    for (int i = 0; i < HTTP_N_ANSWERERS; i++)
        assert_int_equal(
            pthread_create(&f->answerers[i], NULL, http_answerer, f), 0);
    assert_int_equal(piq_http_start(config, http_handler, http_observer, f,
                                    &f->server, &err),
                     PIQ_OK);
}

/* Everything but the server, which the test may have stopped itself. */
static inline void http_end(http_fixture *f)
{
    piq_http_stop(f->server, 2000);
    const char *broken = atomic_load(&f->broken);
    pthread_mutex_lock(&f->lock);
    f->ends = true;
    pthread_cond_broadcast(&f->more);
    pthread_mutex_unlock(&f->lock);
    for (int i = 0; i < HTTP_N_ANSWERERS; i++)
        pthread_join(f->answerers[i], NULL);
    piq_bytes_release(f->huge);
    pthread_cond_destroy(&f->more);
    pthread_mutex_destroy(&f->lock);
    free(f);
    if (broken)
        fail_msg("not so: %s", broken);
}

static inline http_fixture *http_begin(const piq_http_config *config)
{
    http_fixture *f = calloc(1, sizeof *f);
    assert_non_null(f);
    http_start(f, config);
    return f;
}

/* The same, with more to answer. */
static inline http_fixture *http_begin_also(const piq_http_config *config,
                                            void (*also)(http_fixture *f,
                                                         piq_http_request *r,
                                                         const piq_http_in *in),
                                            void *ctx)
{
    http_fixture *f = calloc(1, sizeof *f);
    assert_non_null(f);
    f->also = also;
    f->also_ctx = ctx;
    http_start(f, config);
    return f;
}

static inline int http_connect(const http_fixture *f)
{
    struct sockaddr_in at = {.sin_family = AF_INET,
                             .sin_port = htons(piq_http_port(f->server)),
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    assert_true(fd >= 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&at, sizeof at), 0);
    return fd;
}

/* False when the other side has closed. */
static inline bool http_try_send(int fd, const char *bytes, size_t len)
{
    while (len > 0) {
        ssize_t n = send(fd, bytes, len, MSG_NOSIGNAL);
        if (n <= 0)
            return false;
        bytes += n;
        len -= (size_t)n;
    }
    return true;
}

static inline void http_send(int fd, const char *text)
{
    assert_true(http_try_send(fd, text, strlen(text)));
}

/* One byte; 0: closed. The wait has an end so that a test cannot hang. */
static inline int http_read(int fd, char *to, size_t n)
{
    struct pollfd p = {.fd = fd, .events = POLLIN};
    assert_int_equal(poll(&p, 1, HTTP_PATIENCE_MS), 1);
    ssize_t got = recv(fd, to, n, 0);
    return got > 0 ? (int)got : 0;
}

/* Reads one reply, byte by byte as to its head, so that a next one stays. */
static inline http_answer http_receive(int fd, bool head_only)
{
    http_answer a = {0};
    size_t n = 0;
    while (n < 4 || memcmp(a.head + n - 4, "\r\n\r\n", 4) != 0) {
        assert_true(n < sizeof a.head - 1);
        if (!http_read(fd, a.head + n, 1))
            return (http_answer){0};
        n++;
    }
    const char *length = strcasestr(a.head, "\r\nContent-Length:");
    size_t want = length ? strtoul(length + 17, NULL, 10) : 0;
    while (!head_only && a.body_len < want) {
        char dropped[4096];
        bool fits = a.body_len < sizeof a.body - 1;
        size_t room = fits ? sizeof a.body - 1 - a.body_len : sizeof dropped;
        if (room > want - a.body_len)
            room = want - a.body_len;
        int got = http_read(fd, fits ? a.body + a.body_len : dropped, room);
        if (!got)
            return (http_answer){0};
        a.body_len += (size_t)got;
    }
    a.status = atoi(a.head + 9);
    return a;
}

/* Sends `text` on a connection of its own and reads one reply. */
static inline http_answer http_ask(const http_fixture *f, const char *text,
                                   size_t len)
{
    int fd = http_connect(f);
    http_answer a = {0};
    if (http_try_send(fd, text, len))
        a = http_receive(fd, false);
    close(fd);
    return a;
}

static inline http_answer http_ask_z(const http_fixture *f, const char *text)
{
    return http_ask(f, text, strlen(text));
}

static inline void http_sleep_ms(long ms)
{
    const struct timespec t = {.tv_sec = ms / 1000,
                               .tv_nsec = ms % 1000 * 1000000};
    nanosleep(&t, NULL);
}

static inline void http_wait_connections(const http_fixture *f, unsigned n)
{
    for (int i = 0; i < HTTP_PATIENCE_MS / 5; i++) {
        if (piq_http_connections(f->server) == n)
            return;
        http_sleep_ms(5);
    }
    assert_int_equal(piq_http_connections(f->server), n);
}

static inline piq_http_request *http_wait_held(http_fixture *f)
{
    for (int i = 0; i < HTTP_PATIENCE_MS / 5; i++) {
        pthread_mutex_lock(&f->lock);
        piq_http_request *r = f->held;
        f->held = NULL;
        pthread_mutex_unlock(&f->lock);
        if (r)
            return r;
        http_sleep_ms(5);
    }
    fail_msg("no request was held");
    return NULL;
}

/* True when the server closes within the patience, whatever it says before. */
static inline bool http_is_closed(int fd)
{
    char dropped[4096];
    while (http_read(fd, dropped, sizeof dropped))
        ;
    return true;
}

#endif
