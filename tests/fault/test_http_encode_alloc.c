/* threads:tsan
 * test_http_encode_alloc.c - the Nth allocation fails while a reply is made
 * smaller, N = 1, 2, .. until it passes: it goes out as it is, and never as
 * half of anything. */
#include "base/arena.h"
#include "http/encode.h"
#include "http/http.h"

#include "support/http_client.h"

enum { BODY = 3000, MAX_FAILURES = 25 }; /* far over what it takes */

static char body[BODY];

static void answer_text(http_fixture *f, piq_http_request *r,
                        const piq_http_in *in)
{
    static const piq_http_reply_head head = {
        .status = 200, .type = "application/json", .etag = "\"42\""};
    char *copy = malloc(BODY);
    http_law(f, in->peer[0] != '\0', "a request has a peer");
    if (!copy)
        abort();
    memcpy(copy, body, BODY);
    piq_http_reply(r, &head, piq_bytes_take(copy, BODY));
}

static void test_http_encode_alloc__want_of_memory_gives_nothing(void **state)
{
    long failures = 0;
    (void)state;
    for (long n = 1; n < MAX_FAILURES; n++) {
        piq_alloc_fail_after(n, 0);
        piq_bytes *packed = piq_http_gzip((piq_str){body, BODY});
        piq_alloc_fail_after(0, 0);
        if (packed) {
            piq_bytes_release(packed);
            break;
        }
        failures = n;
    }
    /* The result's, zlib's state and its four tables. */
    assert_int_equal(failures, 6);
}

static void test_http_encode_alloc__the_reply_goes_out_as_it_is(void **state)
{
    static const char asked[] = "GET /json HTTP/1.1\r\nHost: t\r\n"
                                "Accept-Encoding: gzip\r\n\r\n";
    unsigned n_plain = 0;
    (void)state;
    http_fixture *f = http_begin_also(&(piq_http_config){0}, answer_text, NULL);
    for (long n = 1; n < MAX_FAILURES; n++) {
        piq_alloc_fail_after(n, 0);
        http_answer a = http_ask_z(f, asked);
        piq_alloc_fail_after(0, 0);
        bool encoded = strstr(a.head, "\r\nContent-Encoding: gzip\r\n");
        /* 431 and 503 are of what came before: there was no memory for the
         * request. */
        if (a.status != 200 && a.status != 0 && a.status != 431 &&
            a.status != 503)
            fail_msg("failure %ld was answered with %d", n, a.status);
        if (a.status == 200 && !encoded) {
            n_plain++;
            assert_int_equal(a.body_len, BODY);
            assert_memory_equal(a.body, body, BODY);
            assert_non_null(strstr(a.head, "\r\nETag: \"42\"\r\n"));
        } else if (a.status == 200) {
            assert_non_null(strstr(a.head, "\r\nETag: \"42+gzip\"\r\n"));
            assert_memory_equal(a.body, "\x1f\x8b", 2);
        }
        assert_int_equal(http_ask_z(f, asked).status, 200);
    }
    assert_int_equal(n_plain, 6);
    http_end(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_http_encode_alloc__want_of_memory_gives_nothing),
        cmocka_unit_test(test_http_encode_alloc__the_reply_goes_out_as_it_is)};
    for (size_t i = 0; i < BODY; i++)
        body[i] = "{\"skill\":0.123},"[i % 16];
    return cmocka_run_group_tests(tests, NULL, NULL);
}
