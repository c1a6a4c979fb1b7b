/* threads:tsan
 * test_http_lines.c - headers of replies, pages of other origins, clients
 * behind proxies, and sockets that are passed on. */
#include "http/http.h"

#include "support/http_client.h"

#include <fcntl.h>

static const piq_http_config plain = {.max_body_bytes = 0};

#define GET(path)   "GET " path " HTTP/1.1\r\nHost: t\r\n\r\n"
#define WITH(lines) "GET /brought HTTP/1.1\r\nHost: t\r\n" lines "\r\n"

/* What /brought answers with. */
typedef struct brought {
    piq_http_line lines[64];
    size_t n;
} brought;

static void answer_brought(http_fixture *f, piq_http_request *r,
                           const piq_http_in *in)
{
    const brought *b = f->also_ctx;
    char text[100];
    if (!b) {
        snprintf(text, sizeof text, "%s %s %s", in->method, in->peer,
                 in->tls ? "tls" : "plain");
        http_answer_text(r, piq_str_of(text));
        return;
    }
    piq_http_reply_head head = {
        .status = 200, .lines = b->lines, .n_lines = b->n};
    piq_http_reply(r, &head, NULL);
}

static http_answer ask_brought(const brought *b)
{
    http_fixture *f =
        http_begin_also(&plain, answer_brought, (void *)(uintptr_t)b);
    http_answer a = http_ask_z(f, GET("/brought"));
    http_end(f);
    return a;
}

static bool has(const http_answer *a, const char *line)
{
    char whole[700];
    snprintf(whole, sizeof whole, "\r\n%s\r\n", line);
    return strstr(a->head, whole) != NULL;
}

static unsigned count(const http_answer *a, const char *name)
{
    unsigned n = 0;
    for (const char *at = a->head; (at = strstr(at, name)) != NULL; at++)
        n++;
    return n;
}

static const char *const usual[] = {
    "Cache-Control: no-store",
    "X-Content-Type-Options: nosniff",
    "Referrer-Policy: no-referrer",
    "Cross-Origin-Resource-Policy: same-origin",
    "X-Frame-Options: DENY",
    "Content-Security-Policy: default-src 'none'; frame-ancestors 'none'"};

/* --- lines --------------------------------------------------------------- */

static void test_http_lines__every_reply_is_hardened(void **state)
{
    static const char *const asks[] = {
        GET("/in"), GET("/fields"),
        "GET /in HTTP/1.1\r\nHost: t\r\nHost: t\r\n\r\n" /* ours: 400 */};
    (void)state;
    http_fixture *f = http_begin(&plain);
    for (size_t i = 0; i < 3; i++) {
        http_answer a = http_ask_z(f, asks[i]);
        for (size_t k = 0; k < sizeof usual / sizeof usual[0]; k++)
            if (!has(&a, usual[k]))
                fail_msg("reply %zu has no \"%s\"", i, usual[k]);
        /* Only where the client came by TLS. */
        assert_null(strstr(a.head, "Strict-Transport-Security"));
    }
    http_end(f);
}

static void test_http_lines__lines_are_sent_as_given(void **state)
{
    const brought b = {.n = 5,
                       .lines = {{"Location", "/api/users/7"},
                                 {"Link", "</next?c=1>; rel=\"next\""},
                                 {"Set-Cookie", "a=1; Secure; HttpOnly"},
                                 {"Set-Cookie", "b=2; SameSite=Strict"},
                                 {"traceparent", "00-0af7-b7ad-01"}}};
    (void)state;
    http_answer a = ask_brought(&b);
    assert_int_equal(a.status, 200);
    for (size_t i = 0; i < b.n; i++) {
        char line[100];
        snprintf(line, sizeof line, "%s: %s", b.lines[i].name,
                 b.lines[i].value);
        assert_true(has(&a, line));
    }
    assert_int_equal(count(&a, "Cache-Control"), 1);
}

static void test_http_lines__a_line_replaces_the_usual_one(void **state)
{
    const brought page = {
        .n = 4,
        .lines = {{"cache-control", "public, max-age=31536000, immutable"},
                  {"Content-Security-Policy", "default-src 'self'"},
                  {"Content-Encoding", "gzip"},
                  {"Vary", "Accept-Encoding"}}};
    (void)state;
    http_answer a = ask_brought(&page);
    assert_true(has(&a, "cache-control: public, max-age=31536000, immutable"));
    assert_true(has(&a, "Content-Security-Policy: default-src 'self'"));
    assert_true(has(&a, "Content-Encoding: gzip"));
    assert_null(strstr(a.head, "no-store"));
    assert_null(strstr(a.head, "default-src 'none'"));
    assert_true(has(&a, "X-Frame-Options: DENY"));
}

static void test_http_lines__unsound_lines_split_nothing(void **state)
{
    static const piq_http_line bad[] = {
        {"Location", "/a\r\nSet-Cookie: evil=1"},
        {"Location", "/a\nX: y"},
        {"Location", "/a\rX: y"},
        {"Location", "/\x7f"},
        {"Location", "/caf\xc3\xa9"},
        {"Location", "tab\there"},
        {"Location", ""},
        {"Location", NULL},
        {"", "x"},
        {NULL, "x"},
        {"Bad Name", "x"},
        {"Bad:", "x"},
        {"Bad\r\nName", "x"},
        {"Content-Length", "5"},
        {"transfer-encoding", "chunked"},
        {"Connection", "keep-alive"},
        {"Date", "now"},
        {"X-Request-Id", "mine"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        const brought b = {.n = 2, .lines = {{"Vary", "Accept"}, bad[i]}};
        assert_false(piq_http_line_is_sound(&bad[i]));
        http_answer a = ask_brought(&b);
        if (a.status != 500 || strstr(a.head, "evil") || strstr(a.head, "Vary"))
            fail_msg("line %zu was sent", i);
        assert_non_null(strstr(a.body, "\"status\":500"));
    }
}

static void test_http_lines__too_many_lines_are_not_half_sent(void **state)
{
    brought b = {.n = 40};
    (void)state;
    for (size_t i = 0; i < b.n; i++)
        b.lines[i] = (piq_http_line){
            "X-Filler", "0123456789012345678901234567890123456789012345678"};
    assert_int_equal(ask_brought(&b).status, 500);
    b.n = 20;
    assert_int_equal(ask_brought(&b).status, 200);
}

static void test_http_lines__connection_goes_on_after_an_unsound_one(
    void **state)
{
    const brought b = {.n = 1, .lines = {{"X", "\n"}}};
    (void)state;
    http_fixture *f =
        http_begin_also(&plain, answer_brought, (void *)(uintptr_t)&b);
    int fd = http_connect(f);
    for (int i = 0; i < 3; i++) {
        http_send(fd, GET("/brought") GET("/echo"));
        assert_int_equal(http_receive(fd, false).status, 500);
        http_answer a = http_receive(fd, false);
        assert_int_equal(a.status, 200);
        assert_true(has(&a, "Cache-Control: no-store"));
    }
    close(fd);
    http_end(f);
}

/* --- other origins -------------------------------------------------------- */

static const char *const origins[] = {"https://app.example",
                                      "http://localhost:5173"};
static const piq_http_config shared = {.cors_origins = origins,
                                       .n_cors_origins = 2};

#define PREFLIGHT(origin)                                                      \
    "OPTIONS /echo HTTP/1.1\r\nHost: t\r\nOrigin: " origin                     \
    "\r\nAccess-Control-Request-Method: PUT\r\n\r\n"

static void test_http_lines__listed_origin_may_read(void **state)
{
    (void)state;
    http_fixture *f = http_begin(&shared);
    http_answer a = http_ask_z(f, "GET /in HTTP/1.1\r\nHost: t\r\n"
                                  "Origin: http://localhost:5173\r\n\r\n");
    assert_true(has(&a, "Access-Control-Allow-Origin: http://localhost:5173"));
    assert_true(has(&a, "Access-Control-Allow-Credentials: true"));
    assert_non_null(strstr(a.head, "Access-Control-Expose-Headers: ETag"));
    assert_true(has(&a, "Vary: Origin"));
    /* The next request on a connection is another one. */
    int fd = http_connect(f);
    http_send(fd, "GET /in HTTP/1.1\r\nHost: t\r\n"
                  "Origin: https://app.example\r\n\r\n" GET("/in"));
    a = http_receive(fd, false);
    assert_true(has(&a, "Access-Control-Allow-Origin: https://app.example"));
    a = http_receive(fd, false);
    assert_null(strstr(a.head, "Access-Control"));
    assert_true(has(&a, "Vary: Origin"));
    close(fd);
    http_end(f);
}

static void test_http_lines__other_origins_hear_nothing(void **state)
{
    static const char *const asks[] = {
        GET("/in"),
        "GET /in HTTP/1.1\r\nHost: t\r\nOrigin: https://evil.example\r\n\r\n",
        "GET /in HTTP/1.1\r\nHost: t\r\nOrigin: null\r\n\r\n",
        "GET /in HTTP/1.1\r\nHost: t\r\nOrigin: *\r\n\r\n"};
    (void)state;
    http_fixture *f = http_begin(&shared);
    for (size_t i = 0; i < 4; i++) {
        http_answer a = http_ask_z(f, asks[i]);
        assert_int_equal(a.status, 200);
        assert_null(strstr(a.head, "Access-Control"));
        assert_true(has(&a, "Vary: Origin"));
    }
    http_end(f);
}

static void test_http_lines__preflight_never_reaches_the_handler(void **state)
{
    (void)state;
    http_fixture *f = http_begin(&shared);
    int fd = http_connect(f);
    for (int i = 0; i < 2; i++) {
        http_send(fd, PREFLIGHT("https://app.example"));
        http_answer a = http_receive(fd, true);
        assert_int_equal(a.status, 204);
        assert_true(has(&a, "Access-Control-Allow-Origin: "
                            "https://app.example"));
        assert_non_null(strstr(a.head, "Access-Control-Allow-Methods: GET"));
        assert_non_null(strstr(a.head, "Authorization"));
        assert_true(has(&a, "Access-Control-Max-Age: 600"));
    }
    http_send(fd, PREFLIGHT("https://evil.example"));
    http_answer a = http_receive(fd, false);
    assert_int_equal(a.status, 403);
    assert_null(strstr(a.head, "Access-Control"));
    assert_int_equal(atomic_load(&f->n_handled), 0);
    /* Plain OPTIONS is none. */
    http_send(fd, "OPTIONS /in HTTP/1.1\r\nHost: t\r\n\r\n");
    assert_string_equal(http_receive(fd, false).body, "OPTIONS /in ?");
    close(fd);
    http_end(f);
}

static void test_http_lines__without_a_list_preflights_are_requests(
    void **state)
{
    (void)state;
    http_fixture *f = http_begin(&plain);
    http_answer a = http_ask_z(f, PREFLIGHT("https://app.example"));
    assert_int_equal(a.status, 200);
    assert_null(strstr(a.head, "Access-Control"));
    assert_null(strstr(a.head, "Vary"));
    assert_int_equal(atomic_load(&f->n_handled), 1);
    http_end(f);
}

static void cannot_start(const piq_http_config *c, const char *why)
{
    piq_http_server *s = NULL;
    piq_err err = {0};
    assert_int_equal(piq_http_start(c, http_handler, NULL, NULL, &s, &err),
                     PIQ_EINVAL);
    assert_null(s);
    if (!strstr(err.message, why))
        fail_msg("\"%s\" does not say \"%s\"", err.message, why);
}

static void test_http_lines__wrong_settings_are_named(void **state)
{
    static const char *const star[] = {"*"};
    static const char *const proxies[] = {"127.0.0.1", "10.0.0.0/99"};
    (void)state;
    cannot_start(&(piq_http_config){.cors_origins = star, .n_cors_origins = 1},
                 "origin \"*\"");
    cannot_start(
        &(piq_http_config){.trusted_proxies = proxies, .n_trusted_proxies = 2},
        "proxy \"10.0.0.0/99\"");
    cannot_start(&(piq_http_config){.tls_cert = PIQ_STR("no PEM"),
                                    .tls_key = PIQ_STR("none either")},
                 "TLS certificate");
}

/* --- who asks --------------------------------------------------------------
 */

static const char *const loopback[] = {"127.0.0.0/8"};
static const piq_http_config behind = {.trusted_proxies = loopback,
                                       .n_trusted_proxies = 1};

static void asked_by(const piq_http_config *c, const char *ask,
                     const char *want)
{
    http_fixture *f = http_begin_also(c, answer_brought, NULL);
    http_answer a = http_ask_z(f, ask);
    if (strcmp(a.body, want) != 0)
        fail_msg("\"%s\" came from \"%s\", not \"%s\"", ask, a.body, want);
    http_end(f);
}

static void test_http_lines__peer_is_the_connection(void **state)
{
    (void)state;
    asked_by(&plain, GET("/brought"), "GET 127.0.0.1 plain");
    /* Nobody is trusted: whatever is said. */
    asked_by(&plain,
             WITH("X-Forwarded-For: 8.8.8.8\r\nForwarded: for=8.8.8.8\r\n"
                  "X-Forwarded-Proto: https\r\n"),
             "GET 127.0.0.1 plain");
}

static void test_http_lines__trusted_proxy_is_believed(void **state)
{
    (void)state;
    asked_by(&behind, GET("/brought"), "GET 127.0.0.1 plain");
    asked_by(&behind, WITH("X-Forwarded-For: 192.0.2.7\r\n"),
             "GET 192.0.2.7 plain");
    asked_by(&behind,
             WITH("X-Forwarded-For: 8.8.8.8\r\n"
                  "X-Forwarded-For: 2001:db8::9, 127.0.0.2\r\n"
                  "X-Forwarded-Proto: https\r\n"),
             "GET 2001:db8::9 tls");
    asked_by(&behind,
             WITH("Forwarded: for=8.8.8.8;proto=https, "
                  "for=192.0.2.7;proto=http\r\n"),
             "GET 192.0.2.7 plain");
    asked_by(&behind, WITH("Forwarded: for=192.0.2.7;proto=https\r\n"),
             "GET 192.0.2.7 tls");
}

static void test_http_lines__proxies_that_disagree_are_not_believed(
    void **state)
{
    (void)state;
    asked_by(&behind,
             WITH("X-Forwarded-For: 192.0.2.7\r\nForwarded: for=8.8.8.8\r\n"),
             "GET 127.0.0.1 plain");
    asked_by(&behind,
             WITH("X-Forwarded-For: 192.0.2.7\r\nForwarded: for=192.0.2.7\r\n"),
             "GET 192.0.2.7 plain");
}

static void test_http_lines__peer_is_of_each_request(void **state)
{
    (void)state;
    http_fixture *f = http_begin_also(&behind, answer_brought, NULL);
    int fd = http_connect(f);
    http_send(fd, WITH("X-Forwarded-For: 192.0.2.7\r\n") GET("/brought"));
    assert_string_equal(http_receive(fd, false).body, "GET 192.0.2.7 plain");
    assert_string_equal(http_receive(fd, false).body, "GET 127.0.0.1 plain");
    close(fd);
    http_end(f);
}

static void test_http_lines__address_limit_counts_what_is_open(void **state)
{
    const piq_http_config two = {.max_per_address = 2};
    (void)state;
    http_fixture *f = http_begin(&two);
    for (int round = 0; round < 5; round++) {
        int a = http_connect(f);
        int b = http_connect(f);
        http_wait_connections(f, 2);
        int c = http_connect(f);
        assert_true(http_is_closed(c));
        http_send(a, GET("/in"));
        assert_int_equal(http_receive(a, false).status, 200);
        close(a);
        close(b);
        close(c);
        http_wait_connections(f, 0);
    }
    http_end(f);
}

/* --- sockets that are passed on --------------------------------------------
 */

static http_answer ask_port(uint16_t port, const char *text)
{
    struct sockaddr_in at = {.sin_family = AF_INET,
                             .sin_port = htons(port),
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    assert_true(fd >= 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&at, sizeof at), 0);
    http_send(fd, text);
    http_answer a = http_receive(fd, false);
    close(fd);
    return a;
}

static void test_http_lines__successor_takes_over_the_socket(void **state)
{
    (void)state;
    http_fixture *old = http_begin(&plain);
    uint16_t port = piq_http_port(old->server);
    int kept = http_connect(old);
    http_send(kept, GET("/in"));
    assert_int_equal(http_receive(kept, false).status, 200);
    int held = http_connect(old);
    http_send(held, GET("/hold"));
    piq_http_request *r = http_wait_held(old);
    int fd = fcntl(piq_http_listening_fd(old->server), F_DUPFD_CLOEXEC, 3);
    assert_true(fd >= 0);
    const piq_http_config after = {.inherited_fd = fd};
    http_fixture *new = http_begin(&after);
    assert_int_equal(piq_http_port(new->server), port);
    piq_http_quiesce(old->server);
    assert_int_equal(piq_http_listening_fd(old->server), -1);
    /* New clients are the new one's. */
    unsigned before = atomic_load(&old->n_handled);
    for (int i = 0; i < 50; i++)
        assert_int_equal(ask_port(port, GET("/in")).status, 200);
    assert_int_equal(atomic_load(&old->n_handled), before);
    /* A kept connection may ask once more, and is told to close. */
    http_send(kept, GET("/in"));
    http_answer a = http_receive(kept, false);
    assert_int_equal(a.status, 200);
    assert_true(has(&a, "Connection: close"));
    assert_true(http_is_closed(kept));
    http_answer_text(r, PIQ_STR("in the end"));
    a = http_receive(held, false);
    assert_string_equal(a.body, "in the end");
    close(kept);
    close(held);
    http_end(old);
    assert_int_equal(ask_port(port, GET("/in")).status, 200);
    http_end(new);
}

static void test_http_lines__what_waits_in_the_queue_is_served(void **state)
{
    (void)state;
    http_fixture *old = http_begin(&plain);
    uint16_t port = piq_http_port(old->server);
    int fd = fcntl(piq_http_listening_fd(old->server), F_DUPFD_CLOEXEC, 3);
    http_end(old);
    /* Nobody accepts now, and nobody is refused. */
    struct sockaddr_in at = {.sin_family = AF_INET,
                             .sin_port = htons(port),
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int waits = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(connect(waits, (struct sockaddr *)&at, sizeof at), 0);
    http_send(waits, GET("/in"));
    const piq_http_config after = {.inherited_fd = fd};
    http_fixture *new = http_begin(&after);
    assert_int_equal(http_receive(waits, false).status, 200);
    close(waits);
    http_end(new);
}

static void test_http_lines__fresh_connection_is_heard_at_the_stop(void **state)
{
    (void)state;
    for (int i = 0; i < 20; i++) {
        http_fixture *f = http_begin(&plain);
        int fd = http_connect(f);
        /* Accepted, and its request may still be under way. */
        http_wait_connections(f, 1);
        http_send(fd, GET("/in"));
        piq_http_stop(f->server, HTTP_PATIENCE_MS);
        f->server = NULL;
        assert_int_equal(http_receive(fd, false).status, 200);
        close(fd);
        http_end(f);
    }
}

static void test_http_lines__what_does_not_listen_is_not_taken(void **state)
{
    (void)state;
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    const piq_http_config wrong = {.inherited_fd = fd};
    piq_http_server *s = NULL;
    piq_err err = {0};
    assert_int_equal(piq_http_start(&wrong, http_handler, NULL, NULL, &s, &err),
                     PIQ_EIO);
    assert_non_null(strstr(err.message, "could not take over the socket"));
    assert_int_equal(fcntl(fd, F_GETFD), -1); /* closed */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_http_lines__every_reply_is_hardened),
        cmocka_unit_test(test_http_lines__lines_are_sent_as_given),
        cmocka_unit_test(test_http_lines__a_line_replaces_the_usual_one),
        cmocka_unit_test(test_http_lines__unsound_lines_split_nothing),
        cmocka_unit_test(test_http_lines__too_many_lines_are_not_half_sent),
        cmocka_unit_test(
            test_http_lines__connection_goes_on_after_an_unsound_one),
        cmocka_unit_test(test_http_lines__listed_origin_may_read),
        cmocka_unit_test(test_http_lines__other_origins_hear_nothing),
        cmocka_unit_test(test_http_lines__preflight_never_reaches_the_handler),
        cmocka_unit_test(
            test_http_lines__without_a_list_preflights_are_requests),
        cmocka_unit_test(test_http_lines__wrong_settings_are_named),
        cmocka_unit_test(test_http_lines__peer_is_the_connection),
        cmocka_unit_test(test_http_lines__trusted_proxy_is_believed),
        cmocka_unit_test(
            test_http_lines__proxies_that_disagree_are_not_believed),
        cmocka_unit_test(test_http_lines__peer_is_of_each_request),
        cmocka_unit_test(test_http_lines__address_limit_counts_what_is_open),
        cmocka_unit_test(test_http_lines__successor_takes_over_the_socket),
        cmocka_unit_test(test_http_lines__what_waits_in_the_queue_is_served),
        cmocka_unit_test(
            test_http_lines__fresh_connection_is_heard_at_the_stop),
        cmocka_unit_test(test_http_lines__what_does_not_listen_is_not_taken),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
