/* threads:tsan
 * test_http_limits.c - what the HTTP skin refuses by itself: malformed and
 * ambiguous requests, too much of anything, and clients that take too long. */
#include "http/http.h"

#include "support/http_client.h"

static const piq_http_config plain = {.max_body_bytes = 0};

/* Short, so that a test of a time-out takes a moment only. */
static const piq_http_config hasty = {
    .head_timeout_ms = 150, .body_timeout_ms = 150, .idle_timeout_ms = 60000};

#define GET(path) "GET " path " HTTP/1.1\r\nHost: t\r\n\r\n"

static void is_problem(const http_answer *a, int status)
{
    char member[32];
    assert_int_equal(a->status, status);
    assert_non_null(
        strstr(a->head, "\r\nContent-Type: application/problem+json\r\n"));
    snprintf(member, sizeof member, "\"status\":%d", status);
    assert_non_null(strstr(a->body, member));
    assert_non_null(strstr(a->body, "\"detail\":\""));
}

static char *bytes(size_t n, char c)
{
    char *b = malloc(n + 1);
    assert_non_null(b);
    memset(b, c, n);
    b[n] = '\0';
    return b;
}

/* --- framing ----------------------------------------------------------- */

static void test_http__ambiguous_length_is_refused(void **state)
{
    static const char *const heads[] = {
        "Content-Length: 3\r\nContent-Length: 3\r\n",
        "Content-Length: 3\r\ncontent-length: 30\r\n",
        "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n",
        "Transfer-Encoding: chunked\r\nContent-Length: 3\r\n",
        "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n",
    };
    (void)state;
    http_fixture *f = http_begin(&plain);
    for (size_t i = 0; i < sizeof heads / sizeof heads[0]; i++) {
        char text[400];
        snprintf(text, sizeof text,
                 "POST /echo HTTP/1.1\r\nHost: t\r\n%s\r\nabc" GET("/in"),
                 heads[i]);
        int fd = http_connect(f);
        http_send(fd, text);
        http_answer a = http_receive(fd, false);
        is_problem(&a, 400);
        /* What follows is of unknown meaning: never a second request. */
        assert_true(http_is_closed(fd));
        close(fd);
    }
    assert_int_equal(atomic_load(&f->n_handled), 0);
    http_end(f);
}

static void test_http__malformed_length_is_refused(void **state)
{
    static const char *const lengths[] = {
        "+3",  "-3",    "3, 3", "0x3",
        "3 3", "three", "",     "99999999999999999999999"};
    (void)state;
    http_fixture *f = http_begin(&plain);
    for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
        char text[200];
        snprintf(text, sizeof text,
                 "POST /echo HTTP/1.1\r\nHost: t\r\nContent-Length: %s\r\n\r\n"
                 "abc",
                 lengths[i]);
        int status = http_ask_z(f, text).status;
        assert_in_range(status, 400, 413);
    }
    assert_int_equal(atomic_load(&f->n_handled), 0);
    http_end(f);
}

static void test_http__only_chunked_encoding_is_taken(void **state)
{
    (void)state;
    http_fixture *f = http_begin(&plain);
    http_answer a = http_ask_z(f, "POST /echo HTTP/1.1\r\nHost: t\r\n"
                                  "Transfer-Encoding: gzip\r\n\r\nabc");
    is_problem(&a, 501);
    a = http_ask_z(f, "POST /echo HTTP/1.0\r\nHost: t\r\n"
                      "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n");
    is_problem(&a, 400);
    assert_int_equal(atomic_load(&f->n_handled), 0);
    http_end(f);
}

static void test_http__malformed_chunks_never_reach_the_handler(void **state)
{
    static const char *const chunks[] = {"x\r\nabc\r\n0\r\n\r\n",
                                         "-1\r\nabc\r\n0\r\n\r\n",
                                         "fffffffffffffffff\r\nabc\r\n"};
    (void)state;
    http_fixture *f = http_begin(&plain);
    for (size_t i = 0; i < sizeof chunks / sizeof chunks[0]; i++) {
        char text[200];
        snprintf(text, sizeof text,
                 "POST /echo HTTP/1.1\r\nHost: t\r\n"
                 "Transfer-Encoding: chunked\r\n\r\n%s",
                 chunks[i]);
        int status = http_ask_z(f, text).status;
        assert_true(status == 0 || status >= 400);
    }
    assert_int_equal(atomic_load(&f->n_handled), 0);
    http_end(f);
}

/* --- malformed --------------------------------------------------------- */

static void test_http__malformed_request_lines_are_refused(void **state)
{
    static const char *const lines[] = {
        "GET\r\n\r\n",
        "\x16\x03\x01\x02\x01\x01\x01\xfc\x03\x03\r\n\r\n", /* TLS */
        "GET / HTTP/9.9\r\nHost: t\r\n\r\n",
        "G@T / HTTP/1.1\r\nHost: t\r\n\r\n",
        "GET / HTTP/1.1\r\n\r\n", /* no Host */
        "GET / HTTP/1.1\r\nHost: t\r\nbad name: x\r\n\r\n",
        "GET /in\xff\xfe HTTP/1.1\r\nHost: t\r\n\r\n",
        "GET /in\x01 HTTP/1.1\r\nHost: t\r\n\r\n",
        "GET /in caf\xc3\xa9 HTTP/1.1\r\nHost: t\r\n\r\n",
        "GET ?in HTTP/1.1\r\nHost: t\r\n\r\n",
        "GET in HTTP/1.1\r\nHost: t\r\n\r\n",
        "GET http:/t/in HTTP/1.1\r\nHost: t\r\n\r\n",
    };
    (void)state;
    http_fixture *f = http_begin(&plain);
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
        int status = http_ask_z(f, lines[i]).status;
        if (status != 0 && status < 400)
            fail_msg("line %zu was answered with %d", i, status);
    }
    assert_int_equal(atomic_load(&f->n_handled), 0);
    assert_int_equal(http_ask_z(f, GET("/in")).status, 200);
    http_end(f);
}

static void refused_as_400(const http_fixture *f, const char *text, size_t len)
{
    http_answer a = http_ask(f, text, len);
    if (a.status != 400)
        fail_msg("\"%s\" was answered with %d", text, a.status);
    assert_int_equal(atomic_load(&f->n_handled), 0);
}

/* With the NUL that ends a literal left out. */
#define REFUSED(f, literal) refused_as_400(f, literal, sizeof(literal) - 1)

static void test_http__nul_in_the_head_is_refused(void **state)
{
    (void)state;
    http_fixture *f = http_begin(&plain);
    REFUSED(f, "GET /in\0b HTTP/1.1\r\nHost: t\r\n\r\n");
    REFUSED(f, "GET /in\0 HTTP/1.1\r\nHost: t\r\n\r\n");
    REFUSED(f, "GET\0 /in HTTP/1.1\r\nHost: t\r\n\r\n");
    REFUSED(f, "GET /in HTTP/1.1\r\nHost: t\r\na\0b: c\r\n\r\n");
    REFUSED(f, "GET /in HTTP/1.1\r\nHost: t\0u\r\na: b\r\n\r\n");
    REFUSED(f, "POST /in HTTP/1.1\r\nHost: t\r\n"
               "Content-Length: 0\0000\r\n\r\n");
    http_end(f);
}

static void test_http__folded_lines_are_refused(void **state)
{
    (void)state;
    http_fixture *f = http_begin(&plain);
    REFUSED(f, "GET /in HTTP/1.1\r\nHost: t\r\na: b\r\n c\r\n\r\n");
    REFUSED(f, "GET /in HTTP/1.1\r\nHost: t\r\na: b\r\n\tc\r\nd: e\r\n\r\n");
    REFUSED(f, "GET /in HTTP/1.1\r\na: b\r\n c: d\r\nHost: t\r\n\r\n");
    REFUSED(f, "POST /in HTTP/1.1\r\nHost: t\r\n"
               "Transfer-Encoding: chunked\r\n x\r\n\r\n0\r\n\r\n");
    http_end(f);
}

static void test_http__two_hosts_are_refused(void **state)
{
    (void)state;
    http_fixture *f = http_begin(&plain);
    REFUSED(f, "GET /in HTTP/1.1\r\nHost: t\r\nHost: t\r\n\r\n");
    http_end(f);
}

/* What the checks above must not take for a fault. */
static void test_http__odd_but_valid_heads_are_served(void **state)
{
    static const char *const heads[] = {
        "GET /in HTTP/1.1\r\nHost:t\r\n\r\n",
        "GET /in HTTP/1.1\r\nHost:   t  \r\na:\t b \t\r\n\r\n",
        "GET /in HTTP/1.1\r\nHost: t\r\nempty:\r\nalso: \r\nx: y\r\n\r\n",
        "GET /in HTTP/1.1\nHost: t\na: b\n\n",
        "\r\n\r\nGET /in HTTP/1.1\r\nHost: t\r\n\r\n",
        "GET /in HTTP/1.1\r\nHost: t\r\nCookie: a=b; c=\"d\"; e\r\n\r\n",
        "GET /in HTTP/1.1\r\nHost: t\r\na: \xc3\xa9\r\na: twice\r\n\r\n",
        "GET /in HTTP/1.0\r\n\r\n",
        "GET /in?a=1&b&&=&c=%20+ HTTP/1.1\r\nHost: t\r\na: b\r\n\r\n",
    };
    (void)state;
    http_fixture *f = http_begin(&plain);
    for (size_t i = 0; i < sizeof heads / sizeof heads[0]; i++) {
        int status = http_ask_z(f, heads[i]).status;
        if (status != 200)
            fail_msg("head %zu was answered with %d", i, status);
    }
    http_end(f);
}

static void test_http__encoded_bytes_are_left_to_the_router(void **state)
{
    (void)state;
    http_fixture *f = http_begin(&plain);
    http_answer a = http_ask_z(f, GET("/in/%00%ff%zz%?%00"));
    assert_string_equal(a.body, "GET /in/%00%ff%zz% ?%00");
    http_end(f);
}

/* --- too much ---------------------------------------------------------- */

static http_answer ask_with_field(const http_fixture *f, size_t n)
{
    char *value = bytes(n, 'v');
    char *text = bytes(n + 200, '\0');
    snprintf(text, n + 200, "GET /in HTTP/1.1\r\nHost: t\r\nbig: %s\r\n\r\n",
             value);
    http_answer a = http_ask_z(f, text);
    free(value);
    free(text);
    return a;
}

static void test_http__large_header_block_is_answered_431(void **state)
{
    (void)state;
    http_fixture *f = http_begin(&plain);
    /* 200 up to some size and 431 from there on, nothing else in between:
     * never a connection that is closed without a word. */
    bool refused = false;
    for (size_t n = 1000; n <= 40000; n += 500) {
        int status = ask_with_field(f, n).status;
        if (!refused && status == 431)
            refused = true;
        if (status != (refused ? 431 : 200))
            fail_msg("%zu bytes were answered with %d", n, status);
        if (n <= 12000)
            assert_false(refused);
        if (n >= 16500)
            assert_true(refused);
    }
    http_end(f);
}

static void test_http__many_small_headers_are_answered_431(void **state)
{
    (void)state;
    http_fixture *f = http_begin(&plain);
    char text[4000] = "GET /in HTTP/1.1\r\nHost: t\r\n";
    for (int i = 0; i < 99; i++)
        strcat(text, "a: b\r\n");
    char more[4100];
    snprintf(more, sizeof more, "%sc: d\r\n\r\n", text);
    strcat(text, "\r\n");
    assert_int_equal(http_ask_z(f, text).status, 200); /* 100 fields */
    http_answer a = http_ask_z(f, more);               /* 101 */
    is_problem(&a, 431);
    http_end(f);
}

static void test_http__huge_url_is_refused(void **state)
{
    (void)state;
    http_fixture *f = http_begin(&plain);
    static const size_t sizes[] = {4000, 20000, 200000};
    for (size_t i = 0; i < 3; i++) {
        char *path = bytes(sizes[i], 'u');
        char *text = bytes(sizes[i] + 100, '\0');
        snprintf(text, sizes[i] + 100, "GET /in/%s HTTP/1.1\r\nHost: t\r\n\r\n",
                 path);
        int status = http_ask_z(f, text).status;
        if (i == 0)
            assert_int_equal(status, 200);
        else /* or reset, while the client still sends */
            assert_true(status == 0 || status == 414 || status == 431);
        free(path);
        free(text);
    }
    http_end(f);
}

static const piq_http_config small_cap = {.max_body_bytes = 1000};

static http_answer post(const http_fixture *f, int fd, size_t n)
{
    char head[128];
    char *body = bytes(n, 'b');
    (void)f;
    snprintf(head, sizeof head,
             "POST /echo HTTP/1.1\r\nHost: t\r\nContent-Length: %zu\r\n\r\n",
             n);
    http_send(fd, head);
    assert_true(http_try_send(fd, body, n));
    free(body);
    return http_receive(fd, false);
}

static void test_http__body_over_the_cap_is_answered_413(void **state)
{
    (void)state;
    http_fixture *f = http_begin(&small_cap);
    int fd = http_connect(f);
    http_answer a = post(f, fd, 1000);
    assert_int_equal(a.status, 200);
    assert_int_equal(a.body_len, 1000);
    a = post(f, fd, 1001);
    is_problem(&a, 413);
    /* The body was read to its end, so the connection goes on. */
    a = post(f, fd, 1000);
    assert_int_equal(a.status, 200);
    close(fd);
    assert_int_equal(atomic_load(&f->n_handled), 2);
    assert_int_equal(atomic_load(&f->n_observed), 3);
    http_end(f);
}

static void test_http__far_too_long_body_is_refused_at_once(void **state)
{
    (void)state;
    http_fixture *f = http_begin(&small_cap);
    int fd = http_connect(f);
    http_send(fd, "POST /echo HTTP/1.1\r\nHost: t\r\n"
                  "Content-Length: 1000000000000\r\n\r\n");
    /* Not a byte of the body was sent. */
    http_answer a = http_receive(fd, false);
    is_problem(&a, 413);
    assert_true(http_is_closed(fd));
    close(fd);
    http_end(f);
}

static void test_http__waiting_client_is_told_before_it_sends(void **state)
{
    (void)state;
    http_fixture *f = http_begin(&small_cap);
    int fd = http_connect(f);
    http_send(fd, "POST /echo HTTP/1.1\r\nHost: t\r\nExpect: 100-continue\r\n"
                  "Content-Length: 1001\r\n\r\n");
    http_answer a = http_receive(fd, false);
    is_problem(&a, 413);
    close(fd);
    fd = http_connect(f);
    http_send(fd, "POST /echo HTTP/1.1\r\nHost: t\r\nExpect: 100-continue\r\n"
                  "Content-Length: 2\r\n\r\n");
    assert_int_equal(http_receive(fd, false).status, 100);
    http_send(fd, "ok");
    assert_string_equal(http_receive(fd, false).body, "ok");
    close(fd);
    http_end(f);
}

/* Sends chunks of 100 bytes, then the last one; false: closed meanwhile. */
static bool send_chunks(int fd, size_t n)
{
    char chunk[128] = "64\r\n";
    memset(chunk + 4, 'c', 100);
    memcpy(chunk + 104, "\r\n", 3);
    for (size_t i = 0; i < n; i++)
        if (!http_try_send(fd, chunk, 106))
            return false;
    return http_try_send(fd, "0\r\n\r\n", 5);
}

static void test_http__chunks_over_the_cap_are_answered_413(void **state)
{
    static const char head[] = "POST /echo HTTP/1.1\r\nHost: t\r\n"
                               "Transfer-Encoding: chunked\r\n\r\n";
    (void)state;
    http_fixture *f = http_begin(&small_cap);
    int fd = http_connect(f);
    http_send(fd, head);
    assert_true(send_chunks(fd, 10)); /* 1000 bytes */
    assert_int_equal(http_receive(fd, false).body_len, 1000);
    http_send(fd, head);
    assert_true(send_chunks(fd, 11));
    http_answer a = http_receive(fd, false);
    is_problem(&a, 413);
    /* Without end: heard to 16 times the cap, then closed. */
    http_send(fd, head);
    (void)send_chunks(fd, 100000);
    assert_true(http_is_closed(fd));
    close(fd);
    http_end(f);
}

static void test_http__connections_over_the_limit_are_closed(void **state)
{
    (void)state;
    const piq_http_config four = {.max_connections = 4};
    http_fixture *f = http_begin(&four);
    int fds[4];
    for (int i = 0; i < 4; i++) {
        fds[i] = http_connect(f);
        http_send(fds[i], GET("/in"));
        assert_int_equal(http_receive(fds[i], false).status, 200);
    }
    int fifth = http_connect(f);
    assert_true(http_is_closed(fifth));
    close(fifth);
    assert_int_equal(piq_http_connections(f->server), 4);
    close(fds[0]);
    http_wait_connections(f, 3);
    assert_int_equal(http_ask_z(f, GET("/in")).status, 200);
    for (int i = 1; i < 4; i++)
        close(fds[i]);
    http_end(f);
}

static void test_http__one_address_has_its_own_limit(void **state)
{
    (void)state;
    const piq_http_config two = {.max_per_address = 2};
    http_fixture *f = http_begin(&two);
    int fds[2];
    for (int i = 0; i < 2; i++) {
        fds[i] = http_connect(f);
        http_send(fds[i], GET("/in"));
        assert_int_equal(http_receive(fds[i], false).status, 200);
    }
    int third = http_connect(f);
    assert_true(http_is_closed(third));
    close(third);
    close(fds[0]);
    close(fds[1]);
    http_end(f);
}

/* --- too slow ---------------------------------------------------------- */

/* Sends `text`, then `again` every few ms until the server closes. */
static bool drip_until_closed(int fd, const char *again)
{
    for (int i = 0; i < HTTP_PATIENCE_MS / 10; i++) {
        struct pollfd p = {.fd = fd, .events = POLLIN};
        if (poll(&p, 1, 10) == 1)
            return http_is_closed(fd);
        if (!http_try_send(fd, again, strlen(again)))
            return true;
    }
    return false;
}

static void test_http__drip_fed_head_is_closed(void **state)
{
    (void)state;
    http_fixture *f = http_begin(&hasty);
    int fd = http_connect(f);
    http_send(fd, "GET /in HTTP/1.1\r\nHost: t\r\nx: ");
    assert_true(drip_until_closed(fd, "x"));
    close(fd);
    http_wait_connections(f, 0);
    http_end(f);
}

static void test_http__drip_fed_request_line_is_closed(void **state)
{
    (void)state;
    http_fixture *f = http_begin(&hasty);
    int fd = http_connect(f);
    http_send(fd, "GET /");
    assert_true(drip_until_closed(fd, "x"));
    close(fd);
    http_wait_connections(f, 0);
    http_end(f);
}

static void test_http__drip_fed_next_head_is_closed(void **state)
{
    (void)state;
    http_fixture *f = http_begin(&hasty);
    int fd = http_connect(f);
    http_send(fd, GET("/in"));
    assert_int_equal(http_receive(fd, false).status, 200);
    /* The idle time-out is a minute: this is the head's. */
    assert_true(drip_until_closed(fd, "G"));
    close(fd);
    http_wait_connections(f, 0);
    http_end(f);
}

static void test_http__drip_fed_body_is_closed(void **state)
{
    (void)state;
    http_fixture *f = http_begin(&hasty);
    int fd = http_connect(f);
    http_send(fd, "POST /echo HTTP/1.1\r\nHost: t\r\n"
                  "Content-Length: 100000\r\n\r\n");
    assert_true(drip_until_closed(fd, "x"));
    close(fd);
    http_wait_connections(f, 0);
    assert_int_equal(atomic_load(&f->n_handled), 0);
    http_end(f);
}

static void test_http__silent_connections_are_closed(void **state)
{
    (void)state;
    const piq_http_config short_idle = {.head_timeout_ms = 100,
                                        .idle_timeout_ms = 100};
    http_fixture *f = http_begin(&short_idle);
    int never = http_connect(f);
    int once = http_connect(f);
    http_send(once, GET("/in"));
    assert_int_equal(http_receive(once, false).status, 200);
    assert_true(http_is_closed(never));
    assert_true(http_is_closed(once));
    close(never);
    close(once);
    http_wait_connections(f, 0);
    http_end(f);
}

static void test_http__client_that_does_not_read_is_closed(void **state)
{
    (void)state;
    http_fixture *f = http_begin(&hasty);
    int fd = http_connect(f);
    http_send(fd, GET("/huge"));
    http_wait_connections(f, 1);
    http_wait_connections(f, 0);
    close(fd);
    http_end(f);
}

static void test_http__slow_handler_is_waited_for(void **state)
{
    (void)state;
    const piq_http_config all_short = {
        .head_timeout_ms = 20, .body_timeout_ms = 20, .idle_timeout_ms = 20};
    http_fixture *f = http_begin(&all_short);
    int fd = http_connect(f);
    http_send(fd, GET("/hold"));
    piq_http_request *r = http_wait_held(f);
    http_sleep_ms(100); /* five times every limit */
    http_answer_text(r, PIQ_STR("at last"));
    assert_string_equal(http_receive(fd, false).body, "at last");
    close(fd);
    http_end(f);
}

/* Keeps the library's thread until the test lets it go. */
static void hold_thread(http_fixture *f, piq_http_request *r,
                        const piq_http_in *in)
{
    atomic_bool *let_go = f->also_ctx;
    (void)in;
    while (!atomic_load(let_go))
        http_sleep_ms(1);
    http_answer_text(r, PIQ_STR("let go"));
}

static void test_http__who_waits_for_us_is_not_late(void **state)
{
    (void)state;
    atomic_bool let_go = false;
    http_fixture *f = http_begin_also(&hasty, hold_thread, &let_go);
    int fd[6];
    for (int i = 0; i < 6; i++)
        fd[i] = http_connect(f);
    http_wait_connections(f, 6);
    /* Two of them have asked before; four are fresh. */
    for (int i = 4; i < 6; i++) {
        http_send(fd[i], GET("/fields"));
        assert_int_equal(http_receive(fd[i], false).status, 405);
    }
    for (int i = 0; i < 2; i++) /* one for each of the two threads */
        http_send(fd[i], GET("/block"));
    while (atomic_load(&f->n_handled) < 4)
        http_sleep_ms(1);
    for (int i = 2; i < 6; i++)
        http_send(fd[i], GET("/fields"));
    http_sleep_ms(600); /* four times what a head may take */
    atomic_store(&let_go, true);
    for (int i = 0; i < 6; i++) {
        assert_int_equal(http_receive(fd[i], false).status, i < 2 ? 200 : 405);
        close(fd[i]);
    }
    http_end(f);
}

/* --- cannot start ------------------------------------------------------ */

static piq_status start(const char *address, uint16_t port, piq_err *err)
{
    const piq_http_config c = {.address = address, .port = port};
    piq_http_server *s = NULL;
    piq_status st = piq_http_start(&c, http_handler, NULL, NULL, &s, err);
    if (st == PIQ_OK)
        piq_http_stop(s, 0);
    else
        assert_null(s);
    return st;
}

static void test_http__taken_port_is_named(void **state)
{
    (void)state;
    http_fixture *f = http_begin(&plain);
    uint16_t port = piq_http_port(f->server);
    piq_err err = {0};
    assert_int_equal(start(NULL, port, &err), PIQ_EIO);
    char want[100];
    snprintf(want, sizeof want,
             "could not listen on 127.0.0.1:%u: address in use",
             (unsigned)port);
    assert_string_equal(err.message, want);
    assert_true(err.hint[0] != '\0');
    http_end(f);
}

static void test_http__bad_addresses_are_named(void **state)
{
    static const char *const bad[] = {"", "localhost", "1.2.3", "[::1]",
                                      "127.0.0.1:80"};
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        piq_err err = {0};
        assert_int_equal(start(bad[i], 0, &err), PIQ_EINVAL);
        assert_non_null(strstr(err.message, bad[i]));
        assert_non_null(strstr(err.message, "not an IPv4 or IPv6 address"));
    }
    piq_err err = {0};
    /* TEST-NET-1: nobody's own address. */
    assert_int_equal(start("192.0.2.1", 0, &err), PIQ_EIO);
    assert_non_null(strstr(err.message, "no such address on this machine"));
}

static void test_http__ipv6_is_served(void **state)
{
    (void)state;
    const piq_http_config six = {.address = "::1"};
    piq_http_server *s = NULL;
    piq_err err = {0};
    if (piq_http_start(&six, http_handler, NULL, NULL, &s, &err) != PIQ_OK) {
        print_message("no IPv6 here: %s\n", err.message);
        skip();
    }
    struct sockaddr_in6 at = {.sin6_family = AF_INET6,
                              .sin6_port = htons(piq_http_port(s)),
                              .sin6_addr = IN6ADDR_LOOPBACK_INIT};
    int fd = socket(AF_INET6, SOCK_STREAM, 0);
    assert_true(fd >= 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&at, sizeof at), 0);
    close(fd);
    piq_http_stop(s, 1000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_http__ambiguous_length_is_refused),
        cmocka_unit_test(test_http__malformed_length_is_refused),
        cmocka_unit_test(test_http__only_chunked_encoding_is_taken),
        cmocka_unit_test(test_http__malformed_chunks_never_reach_the_handler),
        cmocka_unit_test(test_http__malformed_request_lines_are_refused),
        cmocka_unit_test(test_http__nul_in_the_head_is_refused),
        cmocka_unit_test(test_http__folded_lines_are_refused),
        cmocka_unit_test(test_http__two_hosts_are_refused),
        cmocka_unit_test(test_http__odd_but_valid_heads_are_served),
        cmocka_unit_test(test_http__encoded_bytes_are_left_to_the_router),
        cmocka_unit_test(test_http__large_header_block_is_answered_431),
        cmocka_unit_test(test_http__many_small_headers_are_answered_431),
        cmocka_unit_test(test_http__huge_url_is_refused),
        cmocka_unit_test(test_http__body_over_the_cap_is_answered_413),
        cmocka_unit_test(test_http__far_too_long_body_is_refused_at_once),
        cmocka_unit_test(test_http__waiting_client_is_told_before_it_sends),
        cmocka_unit_test(test_http__chunks_over_the_cap_are_answered_413),
        cmocka_unit_test(test_http__connections_over_the_limit_are_closed),
        cmocka_unit_test(test_http__one_address_has_its_own_limit),
        cmocka_unit_test(test_http__drip_fed_head_is_closed),
        cmocka_unit_test(test_http__drip_fed_request_line_is_closed),
        cmocka_unit_test(test_http__drip_fed_next_head_is_closed),
        cmocka_unit_test(test_http__drip_fed_body_is_closed),
        cmocka_unit_test(test_http__silent_connections_are_closed),
        cmocka_unit_test(test_http__client_that_does_not_read_is_closed),
        cmocka_unit_test(test_http__slow_handler_is_waited_for),
        cmocka_unit_test(test_http__who_waits_for_us_is_not_late),
        cmocka_unit_test(test_http__taken_port_is_named),
        cmocka_unit_test(test_http__bad_addresses_are_named),
        cmocka_unit_test(test_http__ipv6_is_served),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
