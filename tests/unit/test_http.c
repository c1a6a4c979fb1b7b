/* threads:tsan
 * test_http.c - requests and replies over real sockets: what the handler sees,
 * replies from other threads, pipelining, clients that leave, the stop. */
#include "http/http.h"

#include "support/http_client.h"

#include <signal.h>
#include <sys/wait.h>

static const piq_http_config plain = {.max_body_bytes = 0};

#define GET(path) "GET " path " HTTP/1.1\r\nHost: t\r\n\r\n"

static void test_http__handler_sees_method_path_and_query(void **state)
{
    (void)state;
    http_fixture *f = http_begin(&plain);
    http_answer a = http_ask_z(f, GET("/in/a%20b%2Fc?x=%31&y=+z"));
    assert_int_equal(a.status, 200);
    /* Still encoded: decoding is the router's. */
    assert_string_equal(a.body, "GET /in/a%20b%2Fc ?x=%31&y=+z");
    a = http_ask_z(f, "BREW /in HTTP/1.1\r\nHost: t\r\n\r\n");
    assert_string_equal(a.body, "BREW /in ?");
    a = http_ask_z(f, GET("http://t/in?q"));
    assert_string_equal(a.body, "GET /in ?q");
    a = http_ask_z(f, GET("http://t?a/b"));
    assert_string_equal(a.body, "GET / ?a/b");
    a = http_ask_z(f, GET("/in?"));
    assert_string_equal(a.body, "GET /in ?");
    http_end(f);
}

static void test_http__header_names_ignore_case(void **state)
{
    (void)state;
    http_fixture *f = http_begin(&plain);
    http_answer a =
        http_ask_z(f, "GET /probe HTTP/1.1\r\nHost: t\r\nPROBE: a b\r\n\r\n");
    assert_string_equal(a.body, "a b");
    /* The blanks around a value are none of it. */
    a = http_ask_z(f, "GET /probe HTTP/1.1\r\nHost: t\r\n"
                      "Probe:\t  a b \t\r\nx: y\r\n\r\n");
    assert_string_equal(a.body, "a b");
    a = http_ask_z(f, GET("/probe"));
    assert_int_equal(a.status, 200);
    assert_int_equal(a.body_len, 0);
    http_end(f);
}

static void test_http__bodies_arrive_whole(void **state)
{
    (void)state;
    http_fixture *f = http_begin(&plain);
    http_answer a = http_ask_z(f, "POST /echo HTTP/1.1\r\nHost: t\r\n"
                                  "Content-Length: 5\r\n\r\nhello");
    assert_string_equal(a.body, "hello");
    a = http_ask_z(f, "POST /echo HTTP/1.1\r\nHost: t\r\n"
                      "Transfer-Encoding: chunked\r\n\r\n"
                      "3\r\nhel\r\n2;x=y\r\nlo\r\n0\r\n\r\n");
    assert_string_equal(a.body, "hello");
    /* NUL and bytes that are no UTF-8 are the body's own business. */
    static const char odd[] = "POST /echo HTTP/1.1\r\nHost: t\r\n"
                              "Content-Length: 3\r\n\r\n\0\xff\n";
    a = http_ask(f, odd, sizeof odd - 1);
    assert_int_equal(a.body_len, 3);
    assert_memory_equal(a.body, "\0\xff\n", 3);
    a = http_ask_z(f, "POST /echo HTTP/1.1\r\nHost: t\r\n"
                      "Content-Length: 0\r\n\r\n");
    assert_int_equal(a.status, 200);
    assert_int_equal(a.body_len, 0);
    http_end(f);
}

static void test_http__body_in_small_pieces_arrives_whole(void **state)
{
    (void)state;
    http_fixture *f = http_begin(&plain);
    int fd = http_connect(f);
    http_send(fd, "POST /echo HTTP/1.1\r\nHost: t\r\n");
    http_sleep_ms(5);
    http_send(fd, "Content-Length: 6\r\n\r\n");
    for (const char *at = "abcdef"; *at; at++) {
        http_sleep_ms(2);
        assert_true(http_try_send(fd, at, 1));
    }
    assert_string_equal(http_receive(fd, false).body, "abcdef");
    close(fd);
    http_end(f);
}

static void test_http__reply_carries_every_field(void **state)
{
    (void)state;
    http_fixture *f = http_begin(&plain);
    http_answer a = http_ask_z(f, GET("/fields"));
    assert_int_equal(a.status, 405);
    assert_non_null(strstr(a.head, "\r\nContent-Type: application/json\r\n"));
    assert_non_null(strstr(a.head, "\r\nContent-Length: 0\r\n"));
    assert_non_null(strstr(a.head, "\r\nETag: \"v7\"\r\n"));
    assert_non_null(strstr(a.head, "\r\nAllow: GET, PUT\r\n"));
    assert_non_null(strstr(a.head, "\r\nRetry-After: 12\r\n"));
    assert_non_null(strstr(a.head, "\r\nCache-Control: no-store\r\n"));
    assert_non_null(strstr(a.head, "\r\nX-Content-Type-Options: nosniff\r\n"));
    assert_non_null(strstr(a.head, "\r\nX-Request-Id: "));
    http_end(f);
}

static void test_http__head_is_get_without_the_body(void **state)
{
    (void)state;
    http_fixture *f = http_begin(&plain);
    int fd = http_connect(f);
    http_send(fd, "HEAD /in HTTP/1.1\r\nHost: t\r\n\r\n");
    http_answer a = http_receive(fd, true);
    assert_int_equal(a.status, 200);
    /* "GET /in ?" is 9 bytes. */
    assert_non_null(strstr(a.head, "\r\nContent-Length: 9\r\n"));
    http_send(fd, GET("/in"));
    assert_string_equal(http_receive(fd, false).body, "GET /in ?");
    close(fd);
    http_end(f);
}

static void test_http__request_ids_differ(void **state)
{
    (void)state;
    http_fixture *f = http_begin(&plain);
    http_answer a = http_ask_z(f, GET("/in"));
    http_answer b = http_ask_z(f, GET("/in"));
    const char *of_a = strstr(a.head, "X-Request-Id: ");
    const char *of_b = strstr(b.head, "X-Request-Id: ");
    assert_non_null(of_a);
    assert_non_null(of_b);
    assert_true(strtoull(of_b + 14, NULL, 16) ==
                strtoull(of_a + 14, NULL, 16) + 1);
    http_end(f);
}

static void test_http__connection_serves_many_requests(void **state)
{
    (void)state;
    http_fixture *f = http_begin(&plain);
    int fd = http_connect(f);
    for (int i = 0; i < 300; i++) {
        char text[160];
        snprintf(text, sizeof text,
                 "POST %s HTTP/1.1\r\nHost: t\r\nContent-Length: 4\r\n\r\n"
                 "%04d",
                 i % 2 ? "/later" : "/echo", i);
        http_send(fd, text);
        http_answer a = http_receive(fd, false);
        assert_int_equal(a.status, 200);
        assert_memory_equal(a.body, text + strlen(text) - 4, 4);
    }
    assert_int_equal(piq_http_connections(f->server), 1);
    close(fd);
    http_wait_connections(f, 0);
    http_end(f);
}

static void test_http__pipelined_requests_are_answered_in_order(void **state)
{
    (void)state;
    http_fixture *f = http_begin(&plain);
    int fd = http_connect(f);
    char all[60 * 80] = "";
    for (int i = 0; i < 60; i++)
        snprintf(all + strlen(all), sizeof all - strlen(all),
                 "POST %s HTTP/1.1\r\nHost: t\r\nContent-Length: 4\r\n\r\n"
                 "%04d",
                 i % 3 ? "/later" : "/echo", i);
    http_send(fd, all);
    for (int i = 0; i < 60; i++) {
        char want[16];
        snprintf(want, sizeof want, "%04d", i);
        assert_string_equal(http_receive(fd, false).body, want);
    }
    close(fd);
    http_end(f);
}

typedef struct client {
    http_fixture *f;
    pthread_t thread;
    int number;
    int n_right;
} client;

enum { N_CLIENTS = 12, N_ROUNDS = 100 };

static void *ask_repeatedly(void *ctx)
{
    client *c = ctx;
    int fd = http_connect(c->f);
    for (int i = 0; i < N_ROUNDS; i++) {
        char text[160];
        char want[16];
        snprintf(want, sizeof want, "%03d/%04d", c->number, i);
        snprintf(text, sizeof text,
                 "POST /later HTTP/1.1\r\nHost: t\r\nContent-Length: 8\r\n\r\n"
                 "%s",
                 want);
        http_send(fd, text);
        http_answer a = http_receive(fd, false);
        c->n_right += a.status == 200 && strcmp(a.body, want) == 0;
    }
    close(fd);
    return NULL;
}

static void test_http__each_of_many_clients_gets_its_own_replies(void **state)
{
    (void)state;
    http_fixture *f = http_begin(&plain);
    client c[N_CLIENTS];
    for (int i = 0; i < N_CLIENTS; i++) {
        c[i] = (client){.f = f, .number = i};
        assert_int_equal(
            pthread_create(&c[i].thread, NULL, ask_repeatedly, &c[i]), 0);
    }
    for (int i = 0; i < N_CLIENTS; i++) {
        pthread_join(c[i].thread, NULL);
        assert_int_equal(c[i].n_right, N_ROUNDS);
    }
    assert_int_equal(atomic_load(&f->n_observed), N_CLIENTS * N_ROUNDS);
    assert_int_equal(atomic_load(&f->last_status), 200);
    assert_int_equal(atomic_load(&f->last_bytes), 8);
    http_end(f);
}

static void test_http__shared_body_is_sent_to_all(void **state)
{
    (void)state;
    http_fixture *f = http_begin(&plain);
    for (int i = 0; i < 3; i++) {
        http_answer a = http_ask_z(f, GET("/huge"));
        assert_int_equal(a.status, 200);
        assert_int_equal(a.body_len, 8U << 20);
        assert_int_equal(a.body[100], 'h');
    }
    http_end(f);
}

static void test_http__client_gone_while_suspended_is_survived(void **state)
{
    (void)state;
    http_fixture *f = http_begin(&plain);
    int fd = http_connect(f);
    http_send(fd, GET("/hold"));
    piq_http_request *r = http_wait_held(f);
    /* Reset, not merely closed: the send of the reply must fail. */
    const struct linger hard = {.l_onoff = 1, .l_linger = 0};
    setsockopt(fd, SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
    close(fd);
    http_answer_text(r, PIQ_STR("too late"));
    http_wait_connections(f, 0);
    assert_int_equal(http_ask_z(f, GET("/in")).status, 200);
    http_end(f);
}

static void test_http__client_gone_within_its_body_is_survived(void **state)
{
    (void)state;
    http_fixture *f = http_begin(&plain);
    /* The bytes and the end of the stream may be seen at once, or apart. */
    for (int i = 0; i < 20; i++) {
        int fd = http_connect(f);
        http_send(fd, "POST /echo HTTP/1.1\r\nHost: t\r\n"
                      "Content-Length: 500\r\n\r\nabc");
        if (i % 2)
            http_wait_connections(f, 1);
        close(fd);
        if (i % 2)
            http_wait_connections(f, 0);
    }
    http_wait_connections(f, 0);
    assert_int_equal(atomic_load(&f->n_handled), 0);
    http_end(f);
}

/* --- the stop ---------------------------------------------------------- */

typedef struct stopper {
    piq_http_server *server;
    unsigned grace_ms;
} stopper;

static void *stop_it(void *ctx)
{
    const stopper *s = ctx;
    piq_http_stop(s->server, s->grace_ms);
    return NULL;
}

static void test_http__stop_lets_requests_in_flight_finish(void **state)
{
    (void)state;
    http_fixture *f = http_begin(&plain);
    int busy = http_connect(f);
    int idle = http_connect(f);
    http_send(idle, GET("/in"));
    assert_int_equal(http_receive(idle, false).status, 200);
    http_send(busy, GET("/hold"));
    piq_http_request *r = http_wait_held(f);
    stopper s = {.server = f->server, .grace_ms = HTTP_PATIENCE_MS};
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, stop_it, &s), 0);
    /* Idle connections go at once, the busy one stays. */
    assert_true(http_is_closed(idle));
    http_answer_text(r, PIQ_STR("done"));
    http_answer a = http_receive(busy, false);
    assert_string_equal(a.body, "done");
    assert_non_null(strstr(a.head, "\r\nConnection: close\r\n"));
    assert_true(http_is_closed(busy));
    pthread_join(thread, NULL);
    close(busy);
    close(idle);
    f->server = NULL;
    http_end(f);
}

static void test_http__stop_gives_up_after_the_grace(void **state)
{
    (void)state;
    http_fixture *f = http_begin(&plain);
    int fd = http_connect(f);
    http_send(fd, "GET /hold?q HTTP/1.1\r\nHost: t\r\nProbe: p\r\n\r\n");
    piq_http_request *r = http_wait_held(f);
    piq_http_stop(f->server, 20);
    f->server = NULL;
    assert_true(http_is_closed(fd));
    /* Its request stays readable until the reply, which then frees it. */
    assert_true(piq_str_eq(f->held_in->query, PIQ_STR("q")));
    assert_true(piq_str_eq(piq_http_header(r, "probe"), PIQ_STR("p")));
    http_answer_text(r, PIQ_STR("nobody"));
    close(fd);
    http_end(f);
}

static void test_http__stop_while_replies_come_loses_nothing(void **state)
{
    (void)state;
    for (int round = 0; round < 20; round++) {
        http_fixture *f = http_begin(&plain);
        int fds[16];
        for (int i = 0; i < 16; i++) {
            fds[i] = http_connect(f);
            http_send(fds[i], "POST /later HTTP/1.1\r\nHost: t\r\n"
                              "Content-Length: 2\r\n\r\nok");
        }
        /* Grace of none in every second round: whatever is suspended is
         * abandoned while the answering threads are at it. */
        piq_http_stop(f->server, round % 2 ? 0 : HTTP_PATIENCE_MS);
        f->server = NULL;
        for (int i = 0; i < 16; i++) {
            assert_true(http_is_closed(fds[i]));
            close(fds[i]);
        }
        http_end(f);
    }
}

static void test_http__port_is_free_again_after_the_stop(void **state)
{
    (void)state;
    http_fixture *f = http_begin(&plain);
    uint16_t port = piq_http_port(f->server);
    assert_int_equal(http_ask_z(f, GET("/in")).status, 200);
    http_end(f);
    const piq_http_config same = {.port = port};
    f = http_begin(&same);
    assert_int_equal(piq_http_port(f->server), port);
    assert_int_equal(http_ask_z(f, GET("/in")).status, 200);
    http_end(f);
}

static void test_http__stop_of_nothing_is_allowed(void **state)
{
    (void)state;
    piq_http_stop(NULL, 0);
}

/* --- exactly once ------------------------------------------------------ */

static void answer_twice(void *ctx, piq_http_request *r, const piq_http_in *in)
{
    (void)ctx;
    (void)in;
    http_answer_text(r, PIQ_STR("one"));
    http_answer_text(r, PIQ_STR("two"));
}

static void ask_and_be_answered_twice(void)
{
    http_fixture f = {0};
    piq_err err = {0};
    (void)signal(SIGABRT, SIG_DFL);
    if (!freopen("/dev/null", "w", stderr) ||
        piq_http_start(&plain, answer_twice, NULL, NULL, &f.server, &err))
        _exit(1);
    (void)http_ask_z(&f, GET("/"));
    _exit(0);
}

static void test_http__second_reply_is_a_bug(void **state)
{
    (void)state;
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0)
        ask_and_be_answered_twice();
    int how = 0;
    assert_int_equal(waitpid(child, &how, 0), child);
    assert_true(WIFSIGNALED(how));
    assert_int_equal(WTERMSIG(how), SIGABRT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_http__second_reply_is_a_bug),
        cmocka_unit_test(test_http__handler_sees_method_path_and_query),
        cmocka_unit_test(test_http__header_names_ignore_case),
        cmocka_unit_test(test_http__bodies_arrive_whole),
        cmocka_unit_test(test_http__body_in_small_pieces_arrives_whole),
        cmocka_unit_test(test_http__reply_carries_every_field),
        cmocka_unit_test(test_http__head_is_get_without_the_body),
        cmocka_unit_test(test_http__request_ids_differ),
        cmocka_unit_test(test_http__connection_serves_many_requests),
        cmocka_unit_test(test_http__pipelined_requests_are_answered_in_order),
        cmocka_unit_test(test_http__each_of_many_clients_gets_its_own_replies),
        cmocka_unit_test(test_http__shared_body_is_sent_to_all),
        cmocka_unit_test(test_http__client_gone_while_suspended_is_survived),
        cmocka_unit_test(test_http__client_gone_within_its_body_is_survived),
        cmocka_unit_test(test_http__stop_lets_requests_in_flight_finish),
        cmocka_unit_test(test_http__stop_gives_up_after_the_grace),
        cmocka_unit_test(test_http__stop_while_replies_come_loses_nothing),
        cmocka_unit_test(test_http__port_is_free_again_after_the_stop),
        cmocka_unit_test(test_http__stop_of_nothing_is_allowed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
