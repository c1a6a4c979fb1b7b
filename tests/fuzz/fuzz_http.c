/* threads:tsan
 * fuzz_http.c - random bytes at the socket, seeded.
 *
 *     fuzz_http [ROUNDS [SEED]]        PIQ_FUZZ_ROUNDS sets the rounds too
 *
 * Each round opens a connection and sends a request that is mostly right:
 * valid pieces in random order, with bytes flipped, dropped, doubled and cut,
 * in writes of random lengths; then it leaves, at a random moment. Laws: the
 * server never falls over (the sanitizers watch), what the handler is given
 * keeps its promises, every whole answer starts as HTTP does, and afterwards
 * a plain request is served and no connection is left.
 */
#include "base/rng.h"
#include "http/http.h"

#include "support/http_client.h"

enum { DEFAULT_ROUNDS = 300 };

typedef struct fuzz {
    piq_rng rng;
    int rounds;
    uint64_t seed;
} fuzz;

static void add(piq_buf *out, const char *piece)
{
    piq_buf_add_z(out, piece);
}

static const char *pick(piq_rng *rng, const char *const *from, size_t n)
{
    return from[piq_rng_below(rng, n)];
}

static void add_line(piq_buf *out, piq_rng *rng)
{
    static const char *const methods[] = {"GET",  "POST", "PUT",     "HEAD",
                                          "BREW", "",     "\x16\x03"};
    static const char *const targets[] = {
        "/echo",       "/later", "/in?a=%00&b", "/probe",        "*",
        "http://t/in", "/%",     "/\xff\xfe",   "/in?x=1&y=2#z", ""};
    static const char *const versions[] = {"HTTP/1.1", "HTTP/1.1", "HTTP/1.1",
                                           "HTTP/1.0", "HTTP/2.0", ""};
    add(out, pick(rng, methods, 7));
    add(out, " ");
    add(out, pick(rng, targets, 10));
    add(out, " ");
    add(out, pick(rng, versions, 6));
    add(out, "\r\n");
}

static void add_fields(piq_buf *out, piq_rng *rng)
{
    static const char *const fields[] = {
        "Host: t\r\n",
        "Content-Length: 5\r\n",
        "Content-Length: 50\r\n",
        "Content-Length: 99999999999\r\n",
        "Content-Length: -1\r\n",
        "Transfer-Encoding: chunked\r\n",
        "Transfer-Encoding: gzip\r\n",
        "Expect: 100-continue\r\n",
        "Connection: close\r\n",
        "Connection: keep-alive, upgrade\r\n",
        "Probe: value\r\n",
        " folded\r\n",
        "no colon\r\n",
        "Cookie: a=b; c=\"d\r\n",
        ": no name\r\n",
        "X-Forwarded-For: 1.2.3.4, ::1\r\n",
        "X-Forwarded-For: [::1]:9,,x\r\n",
        "Forwarded: for=\"[::1]\";by=x, for=\r\n",
        "Origin: https://a.example\r\n",
        "Access-Control-Request-Method: PUT\r\n"};
    add(out, "Host: t\r\n");
    for (uint64_t n = piq_rng_below(rng, 4); n > 0; n--)
        add(out, pick(rng, fields, sizeof fields / sizeof fields[0]));
    if (piq_rng_below(rng, 20) == 0)
        for (int i = 0; i < 400; i++)
            add(out, "filler: x\r\n");
    add(out, "\r\n");
}

static void add_body(piq_buf *out, piq_rng *rng)
{
    static const char *const bodies[] = {
        "",
        "hello",
        "5\r\nhello\r\n0\r\n\r\n",
        "5;ext=1\r\nhello\r\n0\r\nTrailer: x\r\n\r\n",
        "ffffffffffffffff\r\nx",
        "zz\r\n",
        "01234567890123456789012345678901234567890123456789"};
    add(out, pick(rng, bodies, 7));
}

static void damage(piq_buf *out, piq_rng *rng)
{
    for (uint64_t n = piq_rng_below(rng, 4); n > 0 && out->len > 1; n--) {
        size_t at = (size_t)piq_rng_below(rng, out->len);
        switch (piq_rng_below(rng, 4)) {
        case 0: /* another byte */
            out->ptr[at] = (char)piq_rng_below(rng, 256);
            break;
        case 1: /* one bit */
            out->ptr[at] = (char)(out->ptr[at] ^ (1 << piq_rng_below(rng, 7)));
            break;
        case 2: /* one byte less */
            memmove(out->ptr + at, out->ptr + at + 1, out->len - at - 1);
            out->len--;
            break;
        default: /* an early end */
            out->len = at + 1;
            break;
        }
    }
}

static void make_request(piq_buf *out, piq_rng *rng)
{
    piq_buf_clear(out);
    if (piq_rng_below(rng, 10) == 0) { /* nothing but noise */
        for (uint64_t n = piq_rng_below(rng, 2000); n > 0; n--)
            piq_buf_add_char(out, (char)piq_rng_below(rng, 256));
        return;
    }
    for (uint64_t n = 1 + piq_rng_below(rng, 3); n > 0; n--) {
        add_line(out, rng);
        add_fields(out, rng);
        add_body(out, rng);
    }
    damage(out, rng);
}

static void send_in_pieces(int fd, const piq_buf *b, piq_rng *rng)
{
    bool pieces = piq_rng_below(rng, 2) == 0;
    for (size_t at = 0; at < b->len;) {
        size_t n = b->len - at;
        if (pieces)
            n = 1 + (size_t)piq_rng_below(rng, n);
        if (!http_try_send(fd, b->ptr + at, n))
            return;
        at += n;
        if (pieces && piq_rng_below(rng, 3) == 0)
            http_sleep_ms(1);
    }
}

/* Whatever comes back, if anything does, starts as a reply. */
static void look_at_answer(int fd, piq_rng *rng)
{
    char start[9] = "";
    if (piq_rng_below(rng, 3) == 0)
        (void)shutdown(fd, SHUT_WR);
    struct pollfd p = {.fd = fd, .events = POLLIN};
    if (poll(&p, 1, 20) != 1 || recv(fd, start, 8, MSG_WAITALL) != 8)
        return;
    assert_memory_equal(start, "HTTP/1.", 7);
}

static void test_http__random_bytes_break_no_law(void **state)
{
    const fuzz *z = *state;
    static const char *const origins[] = {"https://a.example"};
    static const char *const proxies[] = {"127.0.0.1", "::/1"};
    const piq_http_config config = {.max_body_bytes = 64,
                                    .cors_origins = origins,
                                    .n_cors_origins = 1,
                                    .trusted_proxies = proxies,
                                    .n_trusted_proxies = 2,
                                    .head_timeout_ms = 300,
                                    .body_timeout_ms = 300,
                                    .idle_timeout_ms = 300};
    http_fixture *f = http_begin(&config);
    piq_rng rng;
    piq_buf request;
    piq_buf_init(&request, 0);
    for (int i = 0; i < z->rounds; i++) {
        /* Anew, since how much of it a round takes is a matter of timing. */
        piq_rng_seed(&rng, piq_hash_u64(z->seed) + (uint64_t)i);
        make_request(&request, &rng);
        int fd = http_connect(f);
        send_in_pieces(fd, &request, &rng);
        if (piq_rng_below(&rng, 4) != 0)
            look_at_answer(fd, &rng);
        close(fd);
    }
    piq_buf_release(&request);
    http_answer a = http_ask_z(f, "GET /in HTTP/1.1\r\nHost: t\r\n\r\n");
    assert_string_equal(a.body, "GET /in ?");
    http_wait_connections(f, 0);
    print_message("%d rounds, seed %llu: %u requests reached the handler\n",
                  z->rounds, (unsigned long long)z->seed,
                  atomic_load(&f->n_handled));
    http_end(f);
}

int main(int argc, char **argv)
{
    const char *rounds = getenv("PIQ_FUZZ_ROUNDS");
    fuzz z = {.rounds = rounds ? atoi(rounds) : DEFAULT_ROUNDS, .seed = 1};
    if (argc > 1)
        z.rounds = atoi(argv[1]);
    if (argc > 2)
        z.seed = strtoull(argv[2], NULL, 10);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_prestate(test_http__random_bytes_break_no_law, &z)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
