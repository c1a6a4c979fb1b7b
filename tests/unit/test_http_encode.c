/* threads:tsan
 * test_http_encode.c - replies as gzip: for whom, which, and that nothing else
 * of them changes. */
#include "http/encode.h"
#include "http/http.h"
#include "http/stream.h"

#include "support/http_client.h"

#include <zlib.h>

static const piq_http_config plain_config = {.max_body_bytes = 0};

enum { BODY = 3000 };

/* Text that shrinks; the same for the same `len`. */
static void fill(char *to, size_t len)
{
    for (size_t i = 0; i < len; i++)
        to[i] = "{\"skill\":0.123},"[i % 16];
    for (size_t i = 0; i < len; i += 100)
        to[i] = (char)('a' + i / 100 % 26);
}

static piq_bytes *text_of(size_t len)
{
    char *text = malloc(len + 1);
    if (!text)
        abort();
    fill(text, len);
    return piq_bytes_take(text, len);
}

/* What `packed` is the gzip form of, into `to`. */
static size_t unpack(const char *packed, size_t len, char *to, size_t most)
{
    z_stream z = {0};
    assert_int_equal(inflateInit2(&z, 15 + 16), Z_OK);
    z.next_in = (unsigned char *)(uintptr_t)packed;
    z.avail_in = (unsigned)len;
    z.next_out = (unsigned char *)to;
    z.avail_out = (unsigned)most;
    assert_int_equal(inflate(&z, Z_FINISH), Z_STREAM_END);
    assert_int_equal(z.avail_in, 0);
    size_t got = z.total_out;
    assert_int_equal(inflateEnd(&z), Z_OK);
    return got;
}

/* --- weights ---------------------------------------------------------------
 */

static bool wants(const char *field)
{
    piq_http_weights w = PIQ_HTTP_NO_WEIGHTS;
    piq_http_weights_add(&w, piq_str_of(field));
    return piq_http_weights_want_gzip(&w);
}

static void test_http_encode__gzip_goes_to_who_accepts_it(void **state)
{
    static const char *const yes[] = {
        "gzip",
        "GZip",
        "x-gzip",
        "br, gzip",
        "deflate, gzip;q=1.0, *;q=0.5",
        "gzip;q=0.001",
        "gzip ; Q=1",
        "gzip;q=1.",
        "gzip;q=1.000",
        "*",
        "*;q=0.1",
        "br;q=1, *;q=0.2",
        "compress;q=0.5, gzip;q=0.5, identity;q=0.5",
        "identity;q=0, *",
        " ,, gzip ,",
        "\tgzip\t"};
    (void)state;
    for (size_t i = 0; i < sizeof yes / sizeof yes[0]; i++)
        if (!wants(yes[i]))
            fail_msg("\"%s\" accepts gzip", yes[i]);
}

static void test_http_encode__nobody_else_gets_it(void **state)
{
    static const char *const no[] = {
        "", "identity", "br, deflate", "gzip;q=0", "gzip;q=0.0", "gzip;q=0.000",
        "x-gzip;q=0", "gzip;q=0, *", "*;q=0", "gzip;q=0, gzip",
        "gzip;q=0.5, identity", "*;q=0.3, identity;q=0.4",
        /* weights that are none */
        "gzip;q=2", "gzip;q=1.001", "gzip;q=0.0001", "gzip;q=.5", "gzip;q=-1",
        "gzip;q=", "gzip;q=x", "gzip;q=0,5", "gzip;q = 1", "gzip;level=9",
        "gzipp", "gzi", ";q=1", "gz"};
    (void)state;
    for (size_t i = 0; i < sizeof no / sizeof no[0]; i++)
        if (wants(no[i]))
            fail_msg("\"%s\" does not accept gzip", no[i]);
}

static void test_http_encode__fields_of_one_name_are_one_list(void **state)
{
    piq_http_weights w = PIQ_HTTP_NO_WEIGHTS;
    (void)state;
    piq_http_weights_add(&w, PIQ_STR("identity;q=0.5"));
    assert_false(piq_http_weights_want_gzip(&w));
    piq_http_weights_add(&w, PIQ_STR("gzip;q=0.7"));
    assert_true(piq_http_weights_want_gzip(&w));
    assert_int_equal(w.identity, 500);
    assert_int_equal(w.gzip, 700);
    assert_int_equal(w.any, -1);
}

/* --- bodies and tags -------------------------------------------------------
 */

static void test_http_encode__text_is_known_by_its_type(void **state)
{
    (void)state;
    assert_true(piq_http_type_is_text("application/json"));
    assert_true(piq_http_type_is_text("application/problem+json"));
    assert_true(piq_http_type_is_text("text/plain; version=0.0.4"));
    assert_false(piq_http_type_is_text("image/png"));
    assert_false(piq_http_type_is_text("font/woff2"));
    assert_false(piq_http_type_is_text("application/octet-stream"));
    assert_false(piq_http_type_is_text(NULL));
}

static void test_http_encode__what_is_unpacked_is_what_was_packed(void **state)
{
    /* About the limits of what there is to look back at, too. */
    static const size_t lens[] = {1023,  1024,  1025,  1401,    2049,
                                  32767, 32768, 32769, 1000000, 1 << 20};
    static char back[(1 << 20) + 1];
    (void)state;
    for (size_t i = 0; i < sizeof lens / sizeof lens[0]; i++) {
        piq_bytes *plain = text_of(lens[i]);
        piq_bytes *packed = piq_http_gzip(piq_bytes_str(plain));
        assert_non_null(packed);
        piq_str p = piq_bytes_str(packed);
        assert_true(p.len <= lens[i] / 2);
        assert_int_equal(unpack(p.ptr, p.len, back, sizeof back), lens[i]);
        assert_memory_equal(back, piq_bytes_str(plain).ptr, lens[i]);
        piq_bytes_release(packed);
        piq_bytes_release(plain);
    }
}

static void test_http_encode__what_does_not_shrink_is_left(void **state)
{
    static char noise[8192];
    static char long_one[(1 << 20) + 1];
    uint32_t x = 1;
    (void)state;
    for (size_t i = 0; i < sizeof noise; i++)
        noise[i] = (char)((x = x * 1664525 + 1013904223) >> 24);
    assert_null(piq_http_gzip((piq_str){noise, sizeof noise}));
    assert_null(piq_http_gzip(PIQ_STR("")));
    assert_null(piq_http_gzip(PIQ_STR("a")));
    memset(long_one, 'a', sizeof long_one);
    assert_null(piq_http_gzip((piq_str){long_one, sizeof long_one}));
}

static void test_http_encode__tags_lose_what_was_added(void **state)
{
    static const char *const tags[][2] = {
        {"\"42+gzip\"", "\"42\""},
        {"\"42\"", "\"42\""},
        {"*", "*"},
        {"", ""},
        {"\"1\", \"2+gzip\" , W/\"3+gzip\",\"4\"",
         "\"1\", \"2\" , W/\"3\",\"4\""},
        {"\"5+gzip+gzip\"", "\"5+gzip\""},
        {"\"+gzip\"", "\"\""},
        {"\"6+gzip", "\"6+gzip"},
        {"+gzip\"", "\""}};
    (void)state;
    for (size_t i = 0; i < sizeof tags / sizeof tags[0]; i++) {
        char text[80];
        snprintf(text, sizeof text, "%s", tags[i][0]);
        text[piq_http_plain_tags(text, strlen(text))] = '\0';
        assert_string_equal(text, tags[i][1]);
    }
}

/* --- served ----------------------------------------------------------------
 */

typedef struct served {
    const char *path;
    piq_http_reply_head head;
    size_t len;
} served;

static const piq_http_line content_encoding[] = {{"Content-Encoding", "br"}};
static const piq_http_line vary[] = {{"Vary", "Accept-Encoding"}};
static const piq_http_line etag[] = {{"ETag", "\"of-its-own\""}};
static const piq_http_line link_line[] = {{"Link", "</next>; rel=\"next\""}};
#define LONG_TAG "\"123456789012345678901234567890123456789012345678901234567\""

static const served all[] = {
    {"/json", {200, "application/json", "\"42\"", 0, NULL, NULL, 0}, BODY},
    {"/text", {200, "text/plain", NULL, 0, NULL, link_line, 1}, BODY},
    {"/least", {200, "application/json", NULL, 0, NULL, NULL, 0}, 1401},
    {"/small", {200, "application/json", "\"42\"", 0, NULL, NULL, 0}, 1400},
    {"/made", {201, "application/json", NULL, 0, NULL, NULL, 0}, BODY},
    {"/wrong", {400, "application/problem+json", NULL, 0, NULL, NULL, 0}, BODY},
    {"/image", {200, "image/png", NULL, 0, NULL, NULL, 0}, BODY},
    {"/br", {200, "text/html", NULL, 0, NULL, content_encoding, 1}, BODY},
    {"/vary", {200, "text/html", NULL, 0, NULL, vary, 1}, BODY},
    {"/etag", {200, "text/html", NULL, 0, NULL, etag, 1}, BODY},
    {"/long-tag", {200, "text/html", LONG_TAG, 0, NULL, NULL, 0}, BODY}};

/* The handler's one tag is "42". */
static bool answer_unchanged(piq_http_request *r, const piq_http_in *in)
{
    static const piq_http_reply_head head = {.status = 304, .etag = "\"42\""};
    if (!piq_str_eq(in->path, PIQ_STR("/json")) ||
        !piq_str_eq(piq_http_header(r, "If-None-Match"), PIQ_STR("\"42\"")))
        return false;
    piq_http_reply(r, &head, NULL);
    return true;
}

static void answer_stream(http_fixture *f, piq_http_request *r)
{
    static const piq_http_reply_head head = {.status = 200,
                                             .type = "application/json"};
    piq_http_stream *s = NULL;
    http_law(f, piq_http_reply_stream(r, &head, NULL, &s) == PIQ_OK,
             "a stream opens");
    http_law(f, piq_http_stream_write(s, text_of(BODY)) == PIQ_OK,
             "a stream is written to");
    piq_http_stream_end(s);
}

static void answer(http_fixture *f, piq_http_request *r, const piq_http_in *in)
{
    if (answer_unchanged(r, in))
        return;
    if (piq_str_eq(in->path, PIQ_STR("/stream"))) {
        answer_stream(f, r);
        return;
    }
    if (piq_str_eq(in->path, PIQ_STR("/if-match"))) {
        http_answer_text(r, piq_http_header(r, "If-Match"));
        return;
    }
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
        if (piq_str_eq(in->path, piq_str_of(all[i].path))) {
            piq_http_reply(r, &all[i].head, text_of(all[i].len));
            return;
        }
    http_answer_in(r, in);
}

static http_fixture *begin(void)
{
    return http_begin_also(&plain_config, answer, NULL);
}

/* GET or HEAD with further lines, each ended by CRLF. */
static http_answer ask(http_fixture *f, const char *method, const char *path,
                       const char *lines)
{
    char text[500];
    snprintf(text, sizeof text, "%s %s HTTP/1.1\r\nHost: t\r\n%s\r\n", method,
             path, lines);
    int fd = http_connect(f);
    http_send(fd, text);
    http_answer a = http_receive(fd, strcmp(method, "HEAD") == 0);
    close(fd);
    return a;
}

#define GZIP "Accept-Encoding: gzip, deflate, br\r\n"

static bool has(const http_answer *a, const char *line)
{
    char whole[300];
    snprintf(whole, sizeof whole, "\r\n%s\r\n", line);
    return strstr(a->head, whole) != NULL;
}

static void is_text(const char *body, size_t len, size_t want)
{
    char expected[BODY];
    assert_int_equal(len, want);
    fill(expected, want);
    assert_memory_equal(body, expected, want);
}

static void is_encoded(const http_answer *a, size_t want)
{
    char back[4096];
    assert_int_equal(a->status, 200);
    assert_true(has(a, "Content-Encoding: gzip"));
    assert_true(has(a, "Vary: Accept-Encoding"));
    assert_true(a->body_len < want / 2);
    is_text(back, unpack(a->body, a->body_len, back, sizeof back), want);
}

static void test_http_encode__long_text_is_encoded_for_who_asks(void **state)
{
    (void)state;
    http_fixture *f = begin();
    http_answer a = ask(f, "GET", "/json", GZIP);
    is_encoded(&a, BODY);
    assert_true(has(&a, "ETag: \"42+gzip\""));
    assert_true(has(&a, "Content-Type: application/json"));
    /* What is told of a reply is what was sent. */
    assert_int_equal(atomic_load(&f->last_bytes), a.body_len);
    a = ask(f, "GET", "/text", "Accept-Encoding: br\r\naccept-encoding: *\r\n");
    is_encoded(&a, BODY);
    assert_true(has(&a, "Link: </next>; rel=\"next\""));
    a = ask(f, "GET", "/least", GZIP);
    is_encoded(&a, 1401);
    assert_null(strstr(a.head, "ETag"));
    http_end(f);
}

static void test_http_encode__others_get_it_as_it_is_and_vary(void **state)
{
    static const char *const accepts[] = {
        "", "Accept-Encoding: \r\n", "Accept-Encoding: br\r\n",
        "Accept-Encoding: gzip;q=0, *\r\n", "Accept-Encoding: identity\r\n"};
    (void)state;
    http_fixture *f = begin();
    for (size_t i = 0; i < sizeof accepts / sizeof accepts[0]; i++) {
        http_answer a = ask(f, "GET", "/json", accepts[i]);
        is_text(a.body, a.body_len, BODY);
        assert_true(has(&a, "ETag: \"42\""));
        assert_true(has(&a, "Vary: Accept-Encoding"));
        assert_null(strstr(a.head, "Content-Encoding"));
    }
    http_end(f);
}

static void test_http_encode__what_is_not_to_change_is_left(void **state)
{
    (void)state;
    http_fixture *f = begin();
    for (size_t i = 3; i < sizeof all / sizeof all[0]; i++) {
        http_answer a = ask(f, "GET", all[i].path, GZIP);
        assert_int_equal(a.status, all[i].head.status);
        is_text(a.body, a.body_len, all[i].len);
        assert_null(strstr(a.head, "Content-Encoding: gzip"));
        bool said = strstr(a.head, "Vary") != NULL;
        assert_int_equal(said, strcmp(all[i].path, "/vary") == 0);
    }
    http_end(f);
}

static void test_http_encode__head_says_what_get_does(void **state)
{
    static const char *const lines[] = {
        "ETag: \"42+gzip\"", "Content-Encoding: gzip", "Vary: Accept-Encoding"};
    (void)state;
    http_fixture *f = begin();
    http_answer whole = ask(f, "GET", "/json", GZIP);
    http_answer head = ask(f, "HEAD", "/json", GZIP);
    char length[60];
    snprintf(length, sizeof length, "Content-Length: %zu", whole.body_len);
    assert_int_equal(head.status, 200);
    assert_true(has(&head, length));
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++)
        assert_true(has(&head, lines[i]));
    http_end(f);
}

static void test_http_encode__either_tag_is_the_handlers(void **state)
{
    (void)state;
    http_fixture *f = begin();
    http_answer a =
        ask(f, "GET", "/json", GZIP "If-None-Match: \"42+gzip\"\r\n");
    assert_int_equal(a.status, 304);
    assert_true(has(&a, "ETag: \"42+gzip\""));
    assert_true(has(&a, "Vary: Accept-Encoding"));
    assert_null(strstr(a.head, "Content-Encoding"));
    a = ask(f, "GET", "/json", GZIP "if-none-match: \"42\"\r\n");
    assert_int_equal(a.status, 304);
    assert_true(has(&a, "ETag: \"42\""));
    assert_true(has(&a, "Vary: Accept-Encoding"));
    a = ask(f, "GET", "/json", GZIP "If-None-Match: \"41+gzip\"\r\n");
    is_encoded(&a, BODY);
    a = ask(f, "GET", "/if-match", "If-Match: \"7+gzip\"\r\n");
    assert_string_equal(a.body, "\"7\"");
    a = ask(f, "GET", "/if-match", "If-Match: \"7\"\r\n");
    assert_string_equal(a.body, "\"7\"");
    a = ask(f, "GET", "/if-match", "If-Match: \"6+gzip\", \"7+gzip\"\r\n");
    assert_string_equal(a.body, "\"6\", \"7\"");
    /* Others are nobody's business. */
    a = ask(f, "GET", "/probe", "probe: \"7+gzip\"\r\n");
    assert_string_equal(a.body, "\"7+gzip\"");
    http_end(f);
}

static void test_http_encode__one_reply_says_nothing_of_the_next(void **state)
{
    (void)state;
    http_fixture *f = begin();
    int fd = http_connect(f);
    for (int i = 0; i < 3; i++) {
        http_send(fd, "GET /json HTTP/1.1\r\nHost: t\r\n" GZIP
                      "If-None-Match: \"1+gzip\"\r\n\r\n");
        http_answer a = http_receive(fd, false);
        is_encoded(&a, BODY);
        http_send(fd, "GET /json HTTP/1.1\r\nHost: t\r\n"
                      "If-None-Match: \"42\"\r\n\r\n");
        a = http_receive(fd, true);
        assert_int_equal(a.status, 304);
        assert_true(has(&a, "ETag: \"42\""));
        http_send(fd, "GET /small HTTP/1.1\r\nHost: t\r\n" GZIP "\r\n");
        a = http_receive(fd, false);
        is_text(a.body, a.body_len, 1400);
        assert_null(strstr(a.head, "Vary"));
        assert_null(strstr(a.head, "Content-Encoding"));
        assert_true(has(&a, "ETag: \"42\""));
    }
    close(fd);
    http_end(f);
}

static void test_http_encode__late_answers_are_encoded_too(void **state)
{
    char text[200 + BODY];
    (void)state;
    http_fixture *f = begin();
    int len = snprintf(text, sizeof text,
                       "POST /later HTTP/1.1\r\nHost: t\r\n" GZIP
                       "Content-Length: %d\r\n\r\n",
                       (int)BODY);
    fill(text + len, BODY);
    http_answer a = http_ask(f, text, (size_t)len + BODY);
    is_encoded(&a, BODY);
    http_end(f);
}

static void test_http_encode__streams_are_never_encoded(void **state)
{
    (void)state;
    http_fixture *f = begin();
    int fd = http_connect(f);
    http_send(fd, "GET /stream HTTP/1.1\r\nHost: t\r\n" GZIP "\r\n");
    http_answer a = http_receive(fd, true);
    assert_int_equal(a.status, 200);
    assert_true(has(&a, "Transfer-Encoding: chunked"));
    assert_null(strstr(a.head, "Content-Encoding"));
    assert_null(strstr(a.head, "Vary"));
    char piece[6];
    for (int i = 0; i < 5; i++)
        assert_int_equal(http_read(fd, piece + i, 1), 1);
    piece[5] = '\0';
    assert_string_equal(piece, "BB8\r\n"); /* 3000, in one piece */
    close(fd);
    http_end(f);
}

static void test_http_encode__vary_has_a_line_for_origins_too(void **state)
{
    static const char *const origins[] = {"https://app.example"};
    const piq_http_config config = {.cors_origins = origins,
                                    .n_cors_origins = 1};
    (void)state;
    http_fixture *f = http_begin_also(&config, answer, NULL);
    http_answer a =
        ask(f, "GET", "/json", GZIP "Origin: https://app.example\r\n");
    is_encoded(&a, BODY);
    assert_true(has(&a, "Vary: Origin"));
    http_end(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_http_encode__gzip_goes_to_who_accepts_it),
        cmocka_unit_test(test_http_encode__nobody_else_gets_it),
        cmocka_unit_test(test_http_encode__fields_of_one_name_are_one_list),
        cmocka_unit_test(test_http_encode__text_is_known_by_its_type),
        cmocka_unit_test(test_http_encode__what_is_unpacked_is_what_was_packed),
        cmocka_unit_test(test_http_encode__what_does_not_shrink_is_left),
        cmocka_unit_test(test_http_encode__tags_lose_what_was_added),
        cmocka_unit_test(test_http_encode__long_text_is_encoded_for_who_asks),
        cmocka_unit_test(test_http_encode__others_get_it_as_it_is_and_vary),
        cmocka_unit_test(test_http_encode__what_is_not_to_change_is_left),
        cmocka_unit_test(test_http_encode__head_says_what_get_does),
        cmocka_unit_test(test_http_encode__either_tag_is_the_handlers),
        cmocka_unit_test(test_http_encode__one_reply_says_nothing_of_the_next),
        cmocka_unit_test(test_http_encode__late_answers_are_encoded_too),
        cmocka_unit_test(test_http_encode__streams_are_never_encoded),
        cmocka_unit_test(test_http_encode__vary_has_a_line_for_origins_too),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
