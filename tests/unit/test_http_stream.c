/* threads:tsan
 * test_http_stream.c - replies in pieces: order, ends of all kinds, clients
 * that leave or do not read, the stop. */
#include "http/stream.h"

#include "support/http_client.h"

static const piq_http_config plain = {.max_body_bytes = 0};
static const piq_http_config hasty = {
    .head_timeout_ms = 100, .body_timeout_ms = 150, .idle_timeout_ms = 100};

#define GET(path) "GET " path " HTTP/1.1\r\nHost: t\r\n\r\n"

/* What a test knows of the stream that its handler opened last. */
typedef struct scene {
    http_fixture *f;
    pthread_mutex_t lock;
    pthread_cond_t more;
    piq_http_stream *stream;
    piq_http_request *late; /* /late: to be answered by the test */
    piq_http_stream_options options;
    int n_opened;
    int n_closed;
    int n_listening; /* the test's own */
} scene;

static void on_close(void *ctx, piq_http_stream *s)
{
    scene *z = ctx;
    (void)s;
    pthread_mutex_lock(&z->lock);
    z->n_closed++;
    pthread_cond_broadcast(&z->more);
    pthread_mutex_unlock(&z->lock);
}

static void open_stream(scene *z, piq_http_request *r)
{
    static const piq_http_reply_head head = {.status = 200,
                                             .type = "text/event-stream"};
    piq_http_stream_options o = z->options;
    o.on_close = on_close;
    o.ctx = z;
    piq_http_stream *s = NULL;
    http_law(z->f, piq_http_reply_stream(r, &head, &o, &s) == PIQ_OK,
             "a stream opens");
    pthread_mutex_lock(&z->lock);
    z->stream = s;
    z->n_opened++;
    pthread_cond_broadcast(&z->more);
    pthread_mutex_unlock(&z->lock);
}

static void handle(http_fixture *f, piq_http_request *r, const piq_http_in *in)
{
    scene *z = f->also_ctx;
    if (piq_str_eq(in->path, PIQ_STR("/late"))) {
        pthread_mutex_lock(&z->lock);
        z->late = r;
        pthread_cond_broadcast(&z->more);
        pthread_mutex_unlock(&z->lock);
        return;
    }
    if (piq_str_eq(in->path, PIQ_STR("/stream"))) {
        z->f = f;
        open_stream(z, r);
        return;
    }
    http_answer_in(r, in);
}

static void begin(scene *z, const piq_http_config *config)
{
    *z = (scene){.n_opened = 0};
    pthread_mutex_init(&z->lock, NULL);
    pthread_cond_init(&z->more, NULL);
    z->f = http_begin_also(config, handle, z);
}

static void end(scene *z)
{
    http_end(z->f);
    pthread_cond_destroy(&z->more);
    pthread_mutex_destroy(&z->lock);
}

/* *state is the server's settings first, then the scene. */
static int set_up(void **state)
{
    const piq_http_config *config = *state;
    scene *z = malloc(sizeof *z);
    assert_non_null(z);
    begin(z, config);
    *state = z;
    return 0;
}

static int tear_down(void **state)
{
    end(*state);
    free(*state);
    return 0;
}

static piq_http_stream *opened(scene *z, int n)
{
    pthread_mutex_lock(&z->lock);
    while (z->n_opened < n)
        pthread_cond_wait(&z->more, &z->lock);
    piq_http_stream *s = z->stream;
    pthread_mutex_unlock(&z->lock);
    return s;
}

static piq_http_request *late(scene *z)
{
    pthread_mutex_lock(&z->lock);
    while (!z->late)
        pthread_cond_wait(&z->more, &z->lock);
    piq_http_request *r = z->late;
    pthread_mutex_unlock(&z->lock);
    return r;
}

static void closed(scene *z, int n)
{
    pthread_mutex_lock(&z->lock);
    while (z->n_closed < n)
        pthread_cond_wait(&z->more, &z->lock);
    assert_int_equal(z->n_closed, n);
    pthread_mutex_unlock(&z->lock);
}

static piq_bytes *text(const char *z)
{
    char *copy = strdup(z);
    assert_non_null(copy);
    return piq_bytes_take(copy, strlen(z));
}

static piq_bytes *filled(size_t n, char c)
{
    char *b = malloc(n);
    assert_non_null(b);
    memset(b, c, n);
    return piq_bytes_take(b, n);
}

static void write_text(piq_http_stream *s, const char *z)
{
    assert_int_equal(piq_http_stream_write(s, text(z)), PIQ_OK);
}

/* The head only. */
static http_answer receive_head(int fd)
{
    return http_receive(fd, true);
}

static size_t read_number(int fd)
{
    char line[32];
    size_t n = 0;
    do {
        assert_true(n < sizeof line);
        if (!http_read(fd, line + n, 1))
            return SIZE_MAX; /* broken off */
    } while (line[n++] != '\n');
    return strtoul(line, NULL, 16);
}

static bool read_whole(int fd, char *to, size_t n)
{
    for (size_t got = 0; got < n;) {
        int k = http_read(fd, to + got, n - got);
        if (!k)
            return false;
        got += (size_t)k;
    }
    return true;
}

/* Bytes of the next chunk, NUL-terminated; 0: the last one, -1: broken off. */
static int chunk(int fd, char *to, size_t size)
{
    char line_end[2];
    size_t n = read_number(fd);
    if (n == SIZE_MAX)
        return -1;
    assert_true(n < size);
    if (!read_whole(fd, to, n) || !read_whole(fd, line_end, 2))
        return -1;
    to[n] = '\0';
    return (int)n;
}

/* Chunks until `n` bytes are there, or the end. */
static size_t chunks(int fd, char *to, size_t n)
{
    size_t got = 0;
    while (got < n) {
        int k = chunk(fd, to + got, n - got + 40000);
        if (k <= 0)
            break;
        got += (size_t)k;
    }
    return got;
}

static int ask_stream(const scene *z)
{
    int fd = http_connect(z->f);
    http_send(fd, GET("/stream"));
    return fd;
}

/* A stream to a client that has its head; they are opened one by one. */
static piq_http_stream *listen_to(scene *z, int *fd)
{
    *fd = ask_stream(z);
    (void)receive_head(*fd);
    return opened(z, ++z->n_listening);
}

/* --- the life of a stream ---------------------------------------------- */

static void test_http_stream__pieces_arrive_as_they_are_written(void **state)
{
    scene *z = *state;
    char got[256];
    int fd = ask_stream(z);
    http_answer a = receive_head(fd);
    assert_int_equal(a.status, 200);
    assert_non_null(strstr(a.head, "\r\nTransfer-Encoding: chunked\r\n"));
    assert_non_null(strstr(a.head, "\r\nContent-Type: text/event-stream\r\n"));
    piq_http_stream *s = opened(z, 1);
    assert_true(piq_http_stream_is_open(s));
    for (int i = 0; i < 20; i++) {
        char piece[40];
        snprintf(piece, sizeof piece, "data: %d\n\n", i);
        write_text(s, piece);
        /* Sent by itself, before the next one is there. */
        assert_int_equal(chunk(fd, got, sizeof got), (int)strlen(piece));
        assert_string_equal(got, piece);
    }
    piq_http_stream_end(s);
    assert_int_equal(chunk(fd, got, sizeof got), 0);
    assert_int_equal(z->n_closed, 0); /* its owner has ended it */
    close(fd);
}

static void test_http_stream__connection_serves_on_after_the_end(void **state)
{
    scene *z = *state;
    char got[256];
    int fd = http_connect(z->f);
    /* The second request waits for the end of the first one's reply. */
    http_send(fd, GET("/stream") GET("/in?next"));
    (void)receive_head(fd);
    for (int i = 1; i <= 3; i++) {
        piq_http_stream *s = opened(z, i);
        write_text(s, "one");
        assert_int_equal(chunk(fd, got, sizeof got), 3);
        piq_http_stream_end(s);
        assert_int_equal(chunk(fd, got, sizeof got), 0);
        assert_string_equal(http_receive(fd, false).body, "GET /in ?next");
        if (i == 3)
            break;
        http_send(fd, GET("/stream") GET("/in?next"));
        (void)receive_head(fd);
    }
    close(fd);
}

static void test_http_stream__http_1_0_ends_with_the_connection(void **state)
{
    scene *z = *state;
    char got[16] = "";
    int fd = http_connect(z->f);
    http_send(fd, "GET /stream HTTP/1.0\r\n\r\n");
    http_answer a = receive_head(fd);
    assert_null(strstr(a.head, "chunked"));
    piq_http_stream *s = opened(z, 1);
    write_text(s, "plain");
    assert_true(read_whole(fd, got, 5));
    assert_string_equal(got, "plain");
    piq_http_stream_end(s);
    assert_true(http_is_closed(fd));
    close(fd);
}

static void test_http_stream__head_has_no_stream(void **state)
{
    scene *z = *state;
    int fd = http_connect(z->f);
    http_send(fd, "HEAD /stream HTTP/1.1\r\nHost: t\r\n\r\n");
    assert_int_equal(receive_head(fd).status, 200);
    piq_http_stream *s = opened(z, 1);
    closed(z, 1);
    assert_false(piq_http_stream_is_open(s));
    assert_int_equal(piq_http_stream_write(s, text("x")), PIQ_ENOTFOUND);
    piq_http_stream_end(s);
    close(fd);
}

static void test_http_stream__idle_stream_is_left_alone(void **state)
{
    scene *z = *state;
    char got[16];
    int fd;
    piq_http_stream *s = listen_to(z, &fd);
    http_sleep_ms(800); /* five times the longest limit */
    write_text(s, "still");
    assert_int_equal(chunk(fd, got, sizeof got), 5);
    piq_http_stream_end(s);
    close(fd);
}

static void test_http_stream__answer_may_come_later(void **state)
{
    scene *z = *state;
    char got[16];
    int fd = http_connect(z->f);
    http_send(fd, GET("/late"));
    open_stream(z, late(z));
    piq_http_stream *s = z->stream;
    write_text(s, "first"); /* before the head is out, perhaps */
    assert_int_equal(receive_head(fd).status, 200);
    assert_int_equal(chunk(fd, got, sizeof got), 5);
    piq_http_stream_end(s);
    assert_int_equal(chunk(fd, got, sizeof got), 0);
    close(fd);
}

static void test_http_stream__break_is_seen_by_the_client(void **state)
{
    scene *z = *state;
    char got[16];
    int fd;
    piq_http_stream *s = listen_to(z, &fd);
    write_text(s, "half");
    assert_int_equal(chunk(fd, got, sizeof got), 4);
    piq_http_stream_break(s);
    assert_int_equal(chunk(fd, got, sizeof got), -1);
    close(fd);
    http_wait_connections(z->f, 0);
}

/* --- clients that leave or do not read ---------------------------------- */

static void test_http_stream__owner_is_told_when_the_client_leaves(void **state)
{
    scene *z = *state;
    for (int i = 1; i <= 3; i++) {
        int fd;
        piq_http_stream *s = listen_to(z, &fd);
        if (i == 2) /* reset: nothing to be written tells us sooner */
            setsockopt(fd, SOL_SOCKET, SO_LINGER,
                       &(struct linger){.l_onoff = 1}, sizeof(struct linger));
        close(fd);
        closed(z, i); /* though nobody writes */
        assert_int_equal(piq_http_stream_write(s, text("x")), PIQ_ENOTFOUND);
        assert_int_equal(piq_http_stream_wait(s, 1000), PIQ_ENOTFOUND);
        piq_http_stream_end(s);
    }
    http_wait_connections(z->f, 0);
}

/* The library forgot every other one of those that were broken off at once. */
static void test_http_stream__all_who_leave_together_are_closed(void **state)
{
    enum { N = 40 };
    scene *z = *state;
    piq_http_stream *s[N];
    int fd[N];
    for (int i = 0; i < N; i++) {
        fd[i] = ask_stream(z);
        s[i] = opened(z, i + 1);
        write_text(s[i], "hello\n");
    }
    for (int i = 0; i < N; i++)
        close(fd[i]);
    closed(z, N);
    for (int i = 0; i < N; i++)
        piq_http_stream_end(s[i]);
    http_wait_connections(z->f, 0);
}

/* Until the kernel takes no more either, which is after megabytes. */
static piq_status fill(piq_http_stream *s)
{
    piq_status st = PIQ_OK;
    for (int i = 0; i < 20000 && st == PIQ_OK; i++) {
        st = piq_http_stream_write(s, filled(20000, 'x'));
        if (st == PIQ_EBUSY)
            st = piq_http_stream_wait(s, 400);
    }
    return st;
}

static void test_http_stream__slow_client_makes_the_queue_full(void **state)
{
    scene *z = *state;
    z->options.max_queued_bytes = 10000;
    int fd;
    piq_http_stream *s = listen_to(z, &fd);
    assert_int_equal(fill(s), PIQ_EBUSY);
    assert_true(piq_http_stream_is_open(s));
    piq_http_stream_break(s);
    assert_true(http_is_closed(fd)); /* and reads what there was */
    close(fd);
}

static void test_http_stream__client_that_takes_nothing_is_closed(void **state)
{
    scene *z = *state;
    int fd;
    piq_http_stream *s = listen_to(z, &fd);
    (void)fill(s);
    closed(z, 1);
    assert_false(piq_http_stream_is_open(s));
    piq_http_stream_end(s);
    close(fd);
    http_wait_connections(z->f, 0);
}

/* Bytes of an export: many times what any buffer holds. */
enum { EXPORT_PIECES = 400, EXPORT_BYTES = 50000 };

static void *export_all(void *ctx)
{
    piq_http_stream *s = ctx;
    for (int i = 0; i < EXPORT_PIECES; i++)
        if (piq_http_stream_wait(s, HTTP_PATIENCE_MS) != PIQ_OK ||
            piq_http_stream_write(
                s, filled(EXPORT_BYTES, (char)('a' + i % 26))) != PIQ_OK) {
            piq_http_stream_break(s);
            return NULL;
        }
    piq_http_stream_end(s);
    return NULL;
}

static void test_http_stream__export_waits_for_its_client(void **state)
{
    scene *z = *state;
    pthread_t thread;
    int fd;
    piq_http_stream *s = listen_to(z, &fd);
    assert_int_equal(pthread_create(&thread, NULL, export_all, s), 0);
    size_t total = 0;
    static char got[70000];
    for (int n; (n = chunk(fd, got, sizeof got)) != 0;) {
        assert_true(n > 0);
        for (int i = 0; i < n; i++, total++)
            if (got[i] != (char)('a' + total / EXPORT_BYTES % 26))
                fail_msg("byte %zu is wrong", total);
    }
    assert_int_equal(total, EXPORT_PIECES * EXPORT_BYTES);
    pthread_join(thread, NULL);
    close(fd);
}

/* --- many threads, many streams ----------------------------------------- */

enum { N_WRITERS = 4, N_LINES = 200, LINE = 16 };

typedef struct writer {
    piq_http_stream *s;
    pthread_t thread;
    int number;
} writer;

static void *write_lines(void *ctx)
{
    writer *w = ctx;
    for (int i = 0; i < N_LINES; i++) {
        char line[LINE + 1];
        snprintf(line, sizeof line, "%02d:%011d.\n", w->number, i);
        while (piq_http_stream_write(w->s, text(line)) == PIQ_EBUSY)
            (void)piq_http_stream_wait(w->s, 100);
    }
    return NULL;
}

static void test_http_stream__writers_do_not_mix(void **state)
{
    scene *z = *state;
    writer w[N_WRITERS];
    int seen[N_WRITERS] = {0};
    z->options.max_queued_bytes = 500;
    int fd;
    piq_http_stream *s = listen_to(z, &fd);
    for (int i = 0; i < N_WRITERS; i++) {
        w[i] = (writer){.s = s, .number = i};
        assert_int_equal(pthread_create(&w[i].thread, NULL, write_lines, &w[i]),
                         0);
    }
    size_t want = (size_t)N_WRITERS * N_LINES * LINE;
    char *got = malloc(want + 50000);
    assert_non_null(got);
    assert_int_equal(chunks(fd, got, want), want);
    for (size_t at = 0; at < want; at += LINE) {
        int number = atoi(got + at);
        assert_in_range(number, 0, N_WRITERS - 1);
        assert_int_equal(atoi(got + at + 3), seen[number]++);
    }
    for (int i = 0; i < N_WRITERS; i++)
        pthread_join(w[i].thread, NULL);
    piq_http_stream_end(s);
    free(got);
    close(fd);
}

enum { N_STREAMS = 150 };

static void test_http_stream__one_piece_goes_to_all(void **state)
{
    scene *z = *state;
    int fds[N_STREAMS];
    piq_http_stream *s[N_STREAMS];
    char got[100];
    for (int i = 0; i < N_STREAMS; i++) {
        s[i] = listen_to(z, &fds[i]);
    }
    piq_bytes *shared = text("data: all\n\n");
    for (int round = 0; round < 5; round++) {
        for (int i = 0; i < N_STREAMS; i++)
            assert_int_equal(
                piq_http_stream_write(s[i], piq_bytes_retain(shared)), PIQ_OK);
        for (int i = 0; i < N_STREAMS; i++)
            assert_int_equal(chunk(fds[i], got, sizeof got), 11);
        /* Others are served meanwhile. */
        assert_int_equal(http_ask_z(z->f, GET("/in")).status, 200);
    }
    piq_bytes_release(shared);
    for (int i = 0; i < N_STREAMS; i++) {
        piq_http_stream_end(s[i]);
        close(fds[i]);
    }
}

/* --- the stop ------------------------------------------------------------ */

static void *stop_it(void *ctx)
{
    piq_http_stop(ctx, HTTP_PATIENCE_MS);
    return NULL;
}

static void test_http_stream__stop_says_farewell_to_endless_ones(void **state)
{
    scene *z = *state;
    char got[100];
    z->options.farewell = text("retry: 500\n\n");
    int idle;
    piq_http_stream *s = listen_to(z, &idle);
    piq_http_stop(z->f->server, HTTP_PATIENCE_MS);
    z->f->server = NULL;
    assert_int_equal(chunk(idle, got, sizeof got), 12);
    assert_string_equal(got, "retry: 500\n\n");
    assert_int_equal(chunk(idle, got, sizeof got), 0); /* a proper end */
    closed(z, 1);
    assert_int_equal(piq_http_stream_write(s, text("x")), PIQ_ENOTFOUND);
    piq_http_stream_end(s);
    piq_bytes_release(z->options.farewell);
    close(idle);
}

static void test_http_stream__stop_lets_an_export_finish(void **state)
{
    scene *z = *state;
    pthread_t thread;
    char got[100];
    int fd;
    piq_http_stream *s = listen_to(z, &fd);
    assert_int_equal(pthread_create(&thread, NULL, stop_it, z->f->server), 0);
    http_sleep_ms(50);
    write_text(s, "the rest");
    assert_int_equal(chunk(fd, got, sizeof got), 8);
    piq_http_stream_end(s);
    assert_int_equal(chunk(fd, got, sizeof got), 0);
    pthread_join(thread, NULL);
    z->f->server = NULL;
    assert_int_equal(z->n_closed, 0);
    close(fd);
}

static void test_http_stream__stop_cuts_what_outlives_the_grace(void **state)
{
    scene *z = *state;
    char got[100];
    int fd;
    piq_http_stream *s = listen_to(z, &fd);
    piq_http_stop(z->f->server, 20);
    z->f->server = NULL;
    assert_int_equal(chunk(fd, got, sizeof got), -1);
    closed(z, 1);
    piq_http_stream_end(s);
    close(fd);
}

static void test_http_stream__answer_after_the_stop_is_dropped(void **state)
{
    scene *z = *state;
    int fd = http_connect(z->f);
    http_send(fd, GET("/late"));
    piq_http_request *r = late(z);
    piq_http_stop(z->f->server, 0);
    z->f->server = NULL;
    open_stream(z, r);
    closed(z, 1);
    assert_int_equal(piq_http_stream_write(z->stream, text("x")),
                     PIQ_ENOTFOUND);
    piq_http_stream_end(z->stream);
    close(fd);
}

static void *write_until_gone(void *ctx)
{
    piq_http_stream *s = ctx;
    piq_status st;
    while ((st = piq_http_stream_write(s, text("tick\n"))) != PIQ_ENOTFOUND)
        if (st == PIQ_EBUSY)
            (void)piq_http_stream_wait(s, 5);
    piq_http_stream_end(s);
    return NULL;
}

static void test_http_stream__stop_while_all_write_loses_nothing(void **state)
{
    (void)state;
    for (int round = 0; round < 10; round++) {
        scene z;
        int fds[8];
        pthread_t threads[8];
        begin(&z, &plain);
        z.options.farewell = round % 2 ? text("bye\n") : NULL;
        for (int i = 0; i < 8; i++) {
            fds[i] = ask_stream(&z);
            piq_http_stream *s = opened(&z, i + 1);
            assert_int_equal(
                pthread_create(&threads[i], NULL, write_until_gone, s), 0);
        }
        piq_http_stop(z.f->server, round % 3 ? 100 : 0);
        z.f->server = NULL;
        for (int i = 0; i < 8; i++) {
            pthread_join(threads[i], NULL);
            assert_true(http_is_closed(fds[i]));
            close(fds[i]);
        }
        /* Those that came to the end before they were told are not told. */
        assert_in_range(z.n_closed, 0, 8);
        piq_bytes_release(z.options.farewell);
        end(&z);
    }
}

#define ON(config, test)                                                       \
    cmocka_unit_test_prestate_setup_teardown(test, set_up, tear_down,          \
                                             (void *)(uintptr_t)&config)

int main(void)
{
    const struct CMUnitTest tests[] = {
        ON(plain, test_http_stream__pieces_arrive_as_they_are_written),
        ON(plain, test_http_stream__connection_serves_on_after_the_end),
        ON(plain, test_http_stream__http_1_0_ends_with_the_connection),
        ON(plain, test_http_stream__head_has_no_stream),
        ON(hasty, test_http_stream__idle_stream_is_left_alone),
        ON(plain, test_http_stream__answer_may_come_later),
        ON(plain, test_http_stream__break_is_seen_by_the_client),
        ON(hasty, test_http_stream__owner_is_told_when_the_client_leaves),
        ON(plain, test_http_stream__all_who_leave_together_are_closed),
        ON(plain, test_http_stream__slow_client_makes_the_queue_full),
        ON(hasty, test_http_stream__client_that_takes_nothing_is_closed),
        ON(plain, test_http_stream__export_waits_for_its_client),
        ON(plain, test_http_stream__writers_do_not_mix),
        ON(plain, test_http_stream__one_piece_goes_to_all),
        ON(plain, test_http_stream__stop_says_farewell_to_endless_ones),
        ON(plain, test_http_stream__stop_lets_an_export_finish),
        ON(plain, test_http_stream__stop_cuts_what_outlives_the_grace),
        ON(plain, test_http_stream__answer_after_the_stop_is_dropped),
        cmocka_unit_test(test_http_stream__stop_while_all_write_loses_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
