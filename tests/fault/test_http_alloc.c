/* threads:tsan
 * test_http_alloc.c - the Nth allocation of a buffer fails, N = 1, 2, .. until
 * requests pass: a refusal or the end of the connection, nothing lost, nothing
 * half sent, and the next request is served. */
#include "base/arena.h"
#include "http/http.h"

#include "support/http_client.h"

enum { MAX_FAILURES = 25 }; /* far over what one request takes */

static void answer_lines(http_fixture *f, piq_http_request *r,
                         const piq_http_in *in)
{
    static const piq_http_line lines[] = {{"Location", "/somewhere"},
                                          {"Vary", "Accept"}};
    static const piq_http_reply_head head = {
        .status = 201, .lines = lines, .n_lines = 2};
    http_law(f, in->peer[0] != '\0', "a request has a peer");
    piq_http_reply(r, &head, NULL);
}

static const char *const asks[] = {
    "GET /lines HTTP/1.1\r\nHost: t\r\n\r\n",
    "GET /lines?with=many HTTP/1.1\r\nHost: t\r\na: b\r\nc: d\r\n"
    "X-Forwarded-For: 192.0.2.7\r\nForwarded: for=192.0.2.7\r\n\r\n",
    "POST /echo HTTP/1.1\r\nHost: t\r\nContent-Length: 5\r\n\r\nhello",
    "POST /later HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\n"
    "5\r\nhello\r\n0\r\n\r\n",
    "OPTIONS /lines HTTP/1.1\r\nHost: t\r\nOrigin: https://a.example\r\n"
    "Access-Control-Request-Method: PUT\r\n\r\n",
    "GET /x HTTP/1.1\r\nHost: t\r\nHost: t\r\n\r\n"};

static void fail_until_it_passes(http_fixture *f, const char *ask)
{
    piq_alloc_fail_after(0, 0);
    int want = http_ask_z(f, ask).status;
    assert_true(want > 0);
    for (long n = 1; n < MAX_FAILURES; n++) {
        piq_alloc_fail_after(n, 0);
        http_answer a = http_ask_z(f, ask);
        piq_alloc_fail_after(0, 0);
        /* 431, 500 and 503 are how the want of memory is told. */
        if (a.status != want && a.status != 0 && a.status != 431 &&
            a.status != 500 && a.status != 503)
            fail_msg("failure %ld of \"%s\" was answered with %d", n, ask,
                     a.status);
        if (a.status == 201)
            assert_non_null(strstr(a.head, "\r\nLocation: /somewhere\r\n"));
        assert_int_equal(http_ask_z(f, ask).status, want);
    }
}

static void test_http_alloc__want_of_memory_is_told_and_survived(void **state)
{
    static const char *const origins[] = {"https://a.example"};
    static const char *const proxies[] = {"127.0.0.1"};
    const piq_http_config config = {.cors_origins = origins,
                                    .n_cors_origins = 1,
                                    .trusted_proxies = proxies,
                                    .n_trusted_proxies = 1};
    (void)state;
    http_fixture *f = http_begin_also(&config, answer_lines, NULL);
    for (size_t i = 0; i < sizeof asks / sizeof asks[0]; i++)
        fail_until_it_passes(f, asks[i]);
    http_wait_connections(f, 0);
    http_end(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_http_alloc__want_of_memory_is_told_and_survived)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
