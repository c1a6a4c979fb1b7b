/* threads:tsan
 * test_http_bad.c - hand-made requests that are wrong, or that two readers
 * could read in two ways. Each is followed by a whole request for /smuggled on
 * the same connection. Laws: the answer is a refusal or the end of the
 * connection, never a 500 or silence; and neither the bad request nor what
 * follows it reaches the handler, since where it begins is anybody's guess.
 *
 * The kinds are those of RFC 9112, 11.2 and of the published collections of
 * request smuggling: lengths, transfer codings, chunks, folded and odd lines,
 * hosts, targets, methods, versions.
 */
#include "http/http.h"

#include "support/http_client.h"

#define H          "HTTP/1.1\r\nHost: t\r\n"
#define SMUGGLED   "GET /smuggled " H "\r\n"
#define POST(rest) "POST /echo " H rest
#define CHUNKED    "Transfer-Encoding: chunked\r\n"

typedef struct bad {
    const char *text;
    size_t len;
} bad;

#define B(literal)                                                             \
    {                                                                          \
        literal, sizeof(literal) - 1                                           \
    }

/* Two lengths, or none that is a number. */
static const bad lengths[] = {
    B(POST("Content-Length: 3\r\nContent-Length: 3\r\n\r\nabc")),
    B(POST("Content-Length: 3\r\nContent-Length: 0\r\n\r\nabc")),
    B(POST("Content-Length: 0\r\nContent-Length: 3\r\n\r\nabc")),
    B(POST("Content-Length: 3\r\ncontent-LENGTH: 4\r\n\r\nabc")),
    B(POST("Content-Length: 3, 3\r\n\r\nabc")),
    B(POST("Content-Length: 3,4\r\n\r\nabc")),
    B(POST("Content-Length: +3\r\n\r\nabc")),
    B(POST("Content-Length: -3\r\n\r\nabc")),
    B(POST("Content-Length: -0\r\n\r\n")),
    B(POST("Content-Length: 0x3\r\n\r\nabc")),
    B(POST("Content-Length: 3.0\r\n\r\nabc")),
    B(POST("Content-Length: 3e0\r\n\r\nabc")),
    B(POST("Content-Length: 3 4\r\n\r\nabc")),
    B(POST("Content-Length: 3;\r\n\r\nabc")),
    B(POST("Content-Length: \"3\"\r\n\r\nabc")),
    B(POST("Content-Length: three\r\n\r\nabc")),
    B(POST("Content-Length:\r\n\r\nabc")),
    B(POST("Content-Length: \t\r\n\r\nabc")),
    B(POST("Content-Length: \xc2\xb3\r\n\r\nabc")),
    B(POST("Content-Length: \xd9\xa3\r\n\r\nabc")), /* an Arabic 3 */
    B(POST("Content-Length: 99999999999999999999\r\n\r\nabc")),
    B(POST("Content-Length: 18446744073709551616\r\n\r\nabc")),
    B(POST("Content-Length: 18446744073709551619\r\n\r\nabc")),
    B(POST("Content-Length: 9223372036854775807\r\n\r\nabc")),
    B(POST("Content-Length: 4294967299\r\n\r\nabc")),
    B(POST("Content-Length: 3\0\r\n\r\nabc")),
    B(POST("Content-Length: 0\0003\r\n\r\nabc")),
    B(POST("Content-Length : 3\r\n\r\nabc")),
    B(POST("Content-Length\t: 3\r\n\r\nabc")),
    B(POST(" Content-Length: 3\r\n\r\nabc")),
    B(POST("\tContent-Length: 3\r\n\r\nabc")),
    B(POST("Content-Length: 3\r\n 0\r\n\r\nabc")),
    B(POST("Content-Length:\r\n 3\r\n\r\nabc")),
    B(POST("Content Length: 3\r\n\r\nabc")),
    B(POST("Content-Length: 3\rX: y\r\n\r\nabc")),
    B(POST("X: y\r\n Content-Length: 3\r\n\r\nabc")),
};

/* A length and a coding, two codings, or one that we do not take. */
static const bad codings[] = {
    B(POST("Content-Length: 3\r\n" CHUNKED "\r\n0\r\n\r\n")),
    B(POST(CHUNKED "Content-Length: 3\r\n\r\n0\r\n\r\n")),
    B(POST(CHUNKED "Content-Length: 0\r\n\r\n0\r\n\r\n")),
    B(POST(CHUNKED CHUNKED "\r\n0\r\n\r\n")),
    B(POST(CHUNKED "Transfer-Encoding: identity\r\n\r\n0\r\n\r\n")),
    B(POST("Transfer-Encoding: identity\r\n" CHUNKED "\r\n0\r\n\r\n")),
    B(POST("Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n")),
    B(POST("Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n")),
    B(POST("Transfer-Encoding: chunked, gzip\r\n\r\n0\r\n\r\n")),
    B(POST("Transfer-Encoding: chunked,\r\n\r\n0\r\n\r\n")),
    B(POST("Transfer-Encoding: ,chunked\r\n\r\n0\r\n\r\n")),
    B(POST("Transfer-Encoding: chunked;q=1\r\n\r\n0\r\n\r\n")),
    B(POST("Transfer-Encoding: \"chunked\"\r\n\r\n0\r\n\r\n")),
    B(POST("Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n")),
    B(POST("Transfer-Encoding: chunkedx\r\n\r\n0\r\n\r\n")),
    B(POST("Transfer-Encoding: chun ked\r\n\r\n0\r\n\r\n")),
    B(POST("Transfer-Encoding: identity\r\n\r\nabc")),
    B(POST("Transfer-Encoding: gzip\r\n\r\nabc")),
    B(POST("Transfer-Encoding:\r\n\r\nabc")),
    B(POST("Transfer-Encoding: chunked\0\r\n\r\n0\r\n\r\n")),
    B(POST("Transfer-Encoding: chunked\x0b\r\n\r\n0\r\n\r\n")),
    B(POST("Transfer-Encoding: \x0b"
           "chunked\r\n\r\n0\r\n\r\n")),
    B(POST("Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n")),
    B(POST("Transfer-Encoding\t: chunked\r\n\r\n0\r\n\r\n")),
    B(POST(" Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n")),
    B(POST("X: y\r\n Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n")),
    B(POST("Transfer-Encoding:\r\n chunked\r\n\r\n0\r\n\r\n")),
    B(POST("Transfer-Encoding: chunked\r\n ,gzip\r\n\r\n0\r\n\r\n")),
    B(POST("Content-Length: 5\r\nTransfer-Encoding: x\r\n\r\n0\r\n\r\n")),
    B(POST("Content-Length: 5\r\nTransfer-Encoding\n : chunked\r\n\r\n"
           "0\r\n\r\n")),
    B("POST /echo HTTP/1.0\r\nHost: t\r\n" CHUNKED "\r\n0\r\n\r\n"),
};

/* Chunks that are none. What came before the fault is not handed on. */
static const bad chunks[] = {
    B(POST(CHUNKED "\r\nx\r\nabc\r\n0\r\n\r\n")),
    B(POST(CHUNKED "\r\n-3\r\nabc\r\n0\r\n\r\n")),
    B(POST(CHUNKED "\r\n+3\r\nabc\r\n0\r\n\r\n")),
    B(POST(CHUNKED "\r\n0x3\r\nabc\r\n0\r\n\r\n")),
    B(POST(CHUNKED "\r\n\r\nabc\r\n0\r\n\r\n")),
    B(POST(CHUNKED "\r\n;\r\nabc\r\n0\r\n\r\n")),
    B(POST(CHUNKED "\r\nfffffffffffffffff\r\nabc\r\n")),
    B(POST(CHUNKED "\r\nffffffffffffffff\r\nabc\r\n0\r\n\r\n")),
    B(POST(CHUNKED "\r\n10000000000000003\r\nabc\r\n0\r\n\r\n")),
    B(POST(CHUNKED "\r\n7fffffffffffffff\r\nabc\r\n0\r\n\r\n")),
    B(POST(CHUNKED "\r\n3\r\nabcd\r\n0\r\n\r\n")),
    B(POST(CHUNKED "\r\n3\r\nabc0\r\n\r\n")),
    B(POST(CHUNKED "\r\n3\0\r\nabc\r\n0\r\n\r\n")),
    B(POST(CHUNKED "\r\n3,\r\nabc\r\n0\r\n\r\n")),
    B(POST(CHUNKED "\r\n\xef\xbc\x93\r\nabc\r\n0\r\n\r\n")),
};

/* Lines that are no header, or hidden in one. */
static const bad lines[] = {
    B("GET /in " H "a: b\r\n c: d\r\n\r\n"),
    B("GET /in " H "a: b\r\n\tc\r\n\r\n"),
    B("GET /in " H "a:\r\n b\r\n\r\n"),
    B("GET /in " H " \r\na: b\r\n\r\n"),
    B("GET /in HTTP/1.1\r\n Host: t\r\n\r\n"),
    B("GET /in " H "no colon\r\n\r\n"),
    B("GET /in " H ": no name\r\n\r\n"),
    B("GET /in " H "a b: c\r\n\r\n"),
    B("GET /in " H "a : b\r\n\r\n"),
    B("GET /in " H "a\0b: c\r\n\r\n"),
    B("GET /in " H "a: b\0c\r\n\r\n"),
    B("GET /in " H "a\x7f: b\r\n\r\n"),
    B("GET /in " H "a\x01: b\r\n\r\n"),
    B("GET /in " H "caf\xc3\xa9: b\r\n\r\n"),
    B("GET /in " H "(a): b\r\n\r\n"),
    B("GET /in " H "a[0]: b\r\n\r\n"),
    B("GET /in " H "\"a\": b\r\n\r\n"),
    B("GET /in " H "a\rb: c\r\n\r\n"),
};

/* Whose host? */
static const bad hosts[] = {
    B("GET /in HTTP/1.1\r\n\r\n"),
    B("GET /in HTTP/1.1\r\na: b\r\n\r\n"),
    B("GET /in HTTP/1.1\r\nHost: t\r\nHost: t\r\n\r\n"),
    B("GET /in HTTP/1.1\r\nHost: t\r\nHost: evil\r\n\r\n"),
    B("GET /in HTTP/1.1\r\nHost: t\r\nhOST: evil\r\n\r\n"),
    B("GET /in HTTP/1.1\r\nHost: t\r\n evil\r\n\r\n"),
    B("GET /in HTTP/1.1\r\nHost : t\r\n\r\n"),
    B("GET /in HTTP/1.1\r\nHost\0: t\r\n\r\n"),
};

/* Request lines. */
static const bad starts[] = {
    B("GET in " H "\r\n"),
    B("GET ?x " H "\r\n"),
    B("GET #x " H "\r\n"),
    B("GET .. " H "\r\n"),
    B("GET http:/t/in " H "\r\n"),
    B("GET http:t/in " H "\r\n"),
    B("GET ftp://t/in " H "\r\n"),
    B("GET javascript:alert(1) " H "\r\n"),
    B("CONNECT t:443 " H "\r\n"),
    B("GET t:443 " H "\r\n"),
    B("GET /in\0 " H "\r\n"),
    B("GET /\0in " H "\r\n"),
    B("GET /in\x01 " H "\r\n"),
    B("GET /in\x7f " H "\r\n"),
    B("GET /in\xff " H "\r\n"),
    B("GET /caf\xc3\xa9 " H "\r\n"),
    B("GET /in\t" H "\r\n"),
    B("GET  /in " H "\r\n"),
    B("GET /in  " H "\r\n"),
    B("GET\t/in " H "\r\n"),
    B("GET /in x " H "\r\n"),
    B(" GET /in " H "\r\n"),
    B("G@T /in " H "\r\n"),
    B("G\0T /in " H "\r\n"),
    B("GET: /in " H "\r\n"),
    B("G(T) /in " H "\r\n"),
    B("\"GET\" /in " H "\r\n"),
    B("G\xc3\x8bT /in " H "\r\n"),
    B("/in " H "\r\n"),
    B("GET\r\n\r\n"),
    B("GET /in\r\n\r\n"),
    B("GET /in HTTP/2.0\r\nHost: t\r\n\r\n"),
    B("GET /in HTTP/9.9\r\nHost: t\r\n\r\n"),
    B("GET /in HTTP/0.9\r\nHost: t\r\n\r\n"),
    B("GET /in HTTP/1.1x\r\nHost: t\r\n\r\n"),
    B("GET /in HTTP/1,1\r\nHost: t\r\n\r\n"),
    B("GET /in HTTP/11\r\nHost: t\r\n\r\n"),
    B("GET /in http/1.1\r\nHost: t\r\n\r\n"),
    B("GET /in HTP/1.1\r\nHost: t\r\n\r\n"),
    B("GET /in HTTP/1.1 x\r\nHost: t\r\n\r\n"),
    B("GET /in HTTP/1.1\0\r\nHost: t\r\n\r\n"),
    B("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
    B("\x16\x03\x01\x02\x01\x01\x01\xfc\x03\x03\r\n\r\n"),
    B("SSH-2.0-x\r\n\r\n"),
    B("EHLO t\r\n\r\n"),
    B("{\"a\":1}\r\n\r\n"),
};

static void handle(http_fixture *f, piq_http_request *r, const piq_http_in *in)
{
    http_law(f, !piq_str_eq(in->path, PIQ_STR("/smuggled")),
             "nothing is smuggled");
    http_answer_in(r, in);
}

static bool is_refusal(int status)
{
    /* 501: a coding that we do not take (RFC 9112, 6.1); 505: a version. */
    return status == 0 || (status >= 400 && status < 500) || status == 501 ||
           status == 505;
}

enum { MAX_BAD = 64 };

/* All at once, so that the slow ones are waited for together. */
static void all_are_refused(const bad *list, size_t n)
{
    static const piq_http_config hasty = {
        .head_timeout_ms = 400, .body_timeout_ms = 400, .idle_timeout_ms = 400};
    http_fixture *f = http_begin_also(&hasty, handle, NULL);
    int fds[MAX_BAD];
    assert_true(n <= MAX_BAD);
    for (size_t i = 0; i < n; i++) {
        fds[i] = http_connect(f);
        if (http_try_send(fds[i], list[i].text, list[i].len))
            (void)http_try_send(fds[i], SMUGGLED, sizeof SMUGGLED - 1);
    }
    for (size_t i = 0; i < n; i++) {
        http_answer a = http_receive(fds[i], false);
        if (!is_refusal(a.status))
            fail_msg("request %zu was answered with %d %s", i, a.status,
                     a.body);
        assert_true(http_is_closed(fds[i]));
        close(fds[i]);
    }
    if (atomic_load(&f->n_handled))
        fail_msg("%u requests reached the handler", atomic_load(&f->n_handled));
    http_wait_connections(f, 0);
    http_end(f);
}

#define ALL(list) all_are_refused(list, sizeof(list) / sizeof((list)[0]))

static void test_http_bad__lengths_that_are_not_one_number(void **state)
{
    (void)state;
    ALL(lengths);
}

static void test_http_bad__codings_that_are_not_chunked_alone(void **state)
{
    (void)state;
    ALL(codings);
}

static void test_http_bad__chunks_that_are_none(void **state)
{
    (void)state;
    ALL(chunks);
}

static void test_http_bad__lines_that_are_no_header(void **state)
{
    (void)state;
    ALL(lines);
}

static void test_http_bad__hosts_that_are_none_or_two(void **state)
{
    (void)state;
    ALL(hosts);
}

static void test_http_bad__request_lines_that_are_none(void **state)
{
    (void)state;
    ALL(starts);
}

static void test_http_bad__are_more_than_a_hundred(void **state)
{
    (void)state;
    assert_true(
        sizeof lengths / sizeof lengths[0] +
            sizeof codings / sizeof codings[0] +
            sizeof chunks / sizeof chunks[0] + sizeof lines / sizeof lines[0] +
            sizeof hosts / sizeof hosts[0] + sizeof starts / sizeof starts[0] >=
        150);
}

/* What only looks bad is served, and what follows it is another request. */
static void test_http_bad__odd_but_sound_ones_are_served(void **state)
{
    static const bad good[] = {
        B(POST(CHUNKED "\r\n3;ext=1\r\nabc\r\n0\r\n\r\n")),
        B(POST(CHUNKED "\r\n3;a=\"b\"\r\nabc\r\n0;c\r\n\r\n")),
        B(POST(CHUNKED "\r\n003\r\nabc\r\n000\r\n\r\n")),
        B(POST(CHUNKED "\r\n3\r\nabc\r\n0\r\nTrailer: x\r\n\r\n")),
        B(POST("Transfer-Encoding: Chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n")),
        B(POST("Content-Length: 003\r\n\r\nabc")),
        B(POST("Content-Length:3\r\n\r\nabc")),
        B(POST("Content-Length:  3\r\nProbe: x \t\r\n\r\nabc")),
        B("GET http://t/in?abc " H "\r\n"),
        B("GET /in?%00&abc " H "\r\n"),
        B("GET /in/../abc " H "\r\n"),
        B("OPTIONS * " H "abc: abc\r\n\r\n"),
        B("\r\nGET /in?abc " H "\r\n"),
    };
    const piq_http_config plain = {.max_body_bytes = 0};
    (void)state;
    http_fixture *f = http_begin(&plain);
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        int fd = http_connect(f);
        assert_true(http_try_send(fd, good[i].text, good[i].len));
        http_send(fd, "GET /in?next " H "\r\n");
        http_answer a = http_receive(fd, false);
        http_answer next = http_receive(fd, false);
        if (a.status != 200 || strcmp(next.body, "GET /in ?next") != 0)
            fail_msg("request %zu was answered with %d, then \"%s\"", i,
                     a.status, next.body);
        close(fd);
    }
    http_end(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_http_bad__lengths_that_are_not_one_number),
        cmocka_unit_test(test_http_bad__codings_that_are_not_chunked_alone),
        cmocka_unit_test(test_http_bad__chunks_that_are_none),
        cmocka_unit_test(test_http_bad__lines_that_are_no_header),
        cmocka_unit_test(test_http_bad__hosts_that_are_none_or_two),
        cmocka_unit_test(test_http_bad__request_lines_that_are_none),
        cmocka_unit_test(test_http_bad__are_more_than_a_hundred),
        cmocka_unit_test(test_http_bad__odd_but_sound_ones_are_served),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
