/* Webhooks, what of them is pure: signatures, addresses, messages. */
#include "webhook/guard.h"
#include "webhook/message.h"
#include "webhook/post.h"
#include "webhook/sign.h"
#include "webhook/webhook.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>
#include <jansson.h>

/* ---- signatures ------------------------------------------------------------
 */

/* The example of the Standard Webhooks libraries' own tests. */
static void test_sign__gives_the_published_signature(void **state)
{
    (void)state;
    char out[PIQ_SIGNATURE_BYTES];
    piq_err err = {0};
    assert_int_equal(
        piq_webhook_sign(PIQ_STR("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"),
                         PIQ_STR("msg_p5jXN8AQM9LWM0D4loKWxJek"), 1614265330,
                         PIQ_STR("{\"test\": 2432232314}"), out, &err),
        PIQ_OK);
    assert_string_equal(out, "v1,g0hM9SsE+OTPJTGt/"
                             "tmIKtSyZlE3uFJELVlNIOLJ1OE=");
}

static void test_sign__refuses_what_is_no_secret(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "",
        "whsec_",
        "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
        "whsec_c2hvcnQ=", /* too short */
        "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLa!w",
        "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaS" /* cut */};
    char out[PIQ_SIGNATURE_BYTES];
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        piq_err err = {0};
        assert_int_equal(piq_webhook_sign(piq_str_of(bad[i]), PIQ_STR("a"), 1,
                                          PIQ_STR("b"), out, &err),
                         PIQ_EINVAL);
        assert_true(err.message[0]);
        assert_null(strstr(err.message, "MfKQ"));
    }
}

static void test_sign__takes_the_secrets_that_are_made(void **state)
{
    (void)state;
    uint8_t bytes[32];
    char secret[64], one[PIQ_SIGNATURE_BYTES], other[PIQ_SIGNATURE_BYTES];
    piq_err err = {0};
    for (size_t n = 24; n <= 32; n++) {
        memset(bytes, (int)n, sizeof bytes);
        piq_webhook_spell_secret(bytes, n, secret);
        assert_int_equal(piq_webhook_sign(piq_str_of(secret), PIQ_STR("a"), 1,
                                          PIQ_STR("b"), one, &err),
                         PIQ_OK);
        assert_int_equal(piq_webhook_sign(piq_str_of(secret), PIQ_STR("a"), 2,
                                          PIQ_STR("b"), other, &err),
                         PIQ_OK);
        assert_string_not_equal(one, other);
    }
}

/* ---- addresses --------------------------------------------------------------
 */

static bool is_public(const char *text)
{
    struct sockaddr_storage a = {0};
    struct sockaddr_in *four = (struct sockaddr_in *)&a;
    struct sockaddr_in6 *six = (struct sockaddr_in6 *)&a;
    if (inet_pton(AF_INET, text, &four->sin_addr) == 1) {
        a.ss_family = AF_INET;
    } else {
        assert_int_equal(inet_pton(AF_INET6, text, &six->sin6_addr), 1);
        a.ss_family = AF_INET6;
    }
    return piq_is_public_address((const struct sockaddr *)&a);
}

static void test_guard__lets_the_open_internet_through(void **state)
{
    (void)state;
    static const char *const good[] = {
        "8.8.8.8",        "1.1.1.1",        "9.255.255.255",
        "11.0.0.0",       "100.63.255.255", "100.128.0.0",
        "172.15.255.255", "172.32.0.0",     "192.167.255.255",
        "192.169.0.0",    "198.17.255.255", "223.255.255.255",
        "2606:4700::1",   "2a00::1",        "2001:4860:4860::8888"};
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++)
        if (!is_public(good[i]))
            fail_msg("%s is a public address", good[i]);
}

static void test_guard__holds_back_what_is_ours_or_nobodys(void **state)
{
    (void)state;
    static const char *const bad[] = {"0.0.0.0",
                                      "0.1.2.3",
                                      "10.0.0.1",
                                      "10.255.255.255",
                                      "100.64.0.1",
                                      "100.127.255.255",
                                      "127.0.0.1",
                                      "127.255.255.255",
                                      "169.254.169.254",
                                      "172.16.0.1",
                                      "172.31.255.255",
                                      "192.0.0.8",
                                      "192.0.2.1",
                                      "192.168.1.1",
                                      "198.18.0.1",
                                      "198.19.255.255",
                                      "198.51.100.7",
                                      "203.0.113.9",
                                      "224.0.0.1",
                                      "239.255.255.255",
                                      "240.0.0.1",
                                      "255.255.255.255",
                                      "::",
                                      "::1",
                                      "::ffff:8.8.8.8",
                                      "::ffff:127.0.0.1",
                                      "64:ff9b::808:808",
                                      "100::1",
                                      "2001::1",
                                      "2001:db8::1",
                                      "2002:808:808::1",
                                      "3fff::1",
                                      "fc00::1",
                                      "fd12::1",
                                      "fe80::1",
                                      "ff02::1"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        if (is_public(bad[i]))
            fail_msg("%s is not a public address", bad[i]);
}

static void test_url__is_https_with_a_host_alone(void **state)
{
    (void)state;
    static const char *const good[] = {"https://example.org",
                                       "https://example.org:8443/hook?a=b"};
    static const char *const bad[] = {"",
                                      "example.org",
                                      "http://example.org/",
                                      "ftp://example.org/",
                                      "file:///etc/passwd",
                                      "https://",
                                      "https://user@example.org/",
                                      "https://user:word@example.org/",
                                      "https://example.org/#part",
                                      "https://exa mple.org/"};
    piq_err err = {0};
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++)
        assert_int_equal(piq_post_check_url(good[i], false, &err), PIQ_OK);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        if (piq_post_check_url(bad[i], false, &err) != PIQ_EINVAL)
            fail_msg("%s was taken", bad[i]);
    assert_int_equal(piq_post_check_url("http://127.0.0.1:9/", true, &err),
                     PIQ_OK);
}

/* ---- sending ---------------------------------------------------------------
 */

/* Takes connections and never says a word. */
static int listen_in_silence(char url[64])
{
    struct sockaddr_in a = {.sin_family = AF_INET,
                            .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof a;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(fd >= 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&a, sizeof a), 0);
    assert_int_equal(listen(fd, 8), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&a, &len), 0);
    snprintf(url, 64, "http://127.0.0.1:%d/hook", ntohs(a.sin_port));
    return fd;
}

static bool at_once(void *ctx)
{
    (*(int *)ctx)++;
    return true;
}

static piq_status post_in_silence(unsigned timeout_ms,
                                  bool (*breaks_off)(void *), void *ctx,
                                  piq_err *err)
{
    char url[64];
    int http_status = -1, fd = listen_in_silence(url);
    const char *const headers[] = {"webhook-id: 1", NULL};
    const piq_post post = {
        .url = url, .headers = headers, .body = PIQ_STR("{}")};
    piq_poster *p;
    assert_int_equal(piq_poster_new(true, timeout_ms, breaks_off, ctx, &p, err),
                     PIQ_OK);
    piq_status status = piq_poster_send(p, &post, &http_status, err);
    piq_poster_free(p);
    close(fd);
    assert_int_equal(http_status, 0);
    return status;
}

/* The end of the service does not wait for somebody else's server. */
static void test_post__is_broken_off_when_told_to(void **state)
{
    (void)state;
    piq_err err = {0};
    int asked = 0;
    assert_int_equal(post_in_silence(600000, at_once, &asked, &err), PIQ_EBUSY);
    assert_int_equal(asked, 1);
}

static void test_post__fails_where_nobody_answers_in_time(void **state)
{
    (void)state;
    piq_err err = {0};
    assert_int_equal(post_in_silence(50, NULL, NULL, &err), PIQ_EIO);
    assert_non_null(strstr(err.message, "timed out"));
}

/* ---- messages
 * ---------------------------------------------------------------- */

#define TENANT(t, u) (((int64_t)(t) << PIQ_USER_BITS) | (u))

static const piq_change changes[] = {
    {1, {7}, PIQ_CHANGED_STATE, 4, 100},
    {1, {8}, PIQ_CHANGED_STATE | PIQ_CHANGED_SLATE, 2, 100},
    {2, {7}, PIQ_CHANGED_PATH, 0, 200},
    {3, {TENANT(1, 7)}, PIQ_CHANGED_STATE, 9, 300},
    {4, {7}, PIQ_CHANGED_STATE, 5, 400},
    {5, {9}, PIQ_CHANGED_ERASED, 0, 500},
};
enum { N_CHANGES = sizeof changes / sizeof changes[0], ALL = 15 };

static void test_messages__tell_a_learners_changes_of_a_kind_once(void **state)
{
    (void)state;
    piq_arena a;
    piq_message *list;
    size_t n;
    piq_arena_init(&a, 0);
    assert_int_equal(piq_messages_of(&a, changes, N_CHANGES, 0, ALL, &list, &n),
                     PIQ_OK);
    /* By mark: 8's state and slate (1), 7's path (2), 7's state (4, of 1 and
     * 4), 9 (5). Not the other tenant's 7. */
    assert_int_equal(n, 5);
    assert_int_equal(list[0].user.v, 8);
    assert_int_equal(list[1].user.v, 8);
    assert_int_equal(list[2].what, PIQ_CHANGED_PATH);
    assert_int_equal(list[3].user.v, 7);
    assert_int_equal(list[3].mark, 4);
    assert_int_equal(list[3].version, 5);
    assert_int_equal(list[4].what, PIQ_CHANGED_ERASED);
    piq_arena_release(&a);
}

static void test_messages__keep_to_what_was_asked_for(void **state)
{
    (void)state;
    piq_arena a;
    piq_message *list;
    size_t n;
    piq_arena_init(&a, 0);
    assert_int_equal(piq_messages_of(&a, changes, N_CHANGES, 1, ALL, &list, &n),
                     PIQ_OK);
    assert_int_equal(n, 1);
    assert_int_equal(list[0].user.v, TENANT(1, 7));
    assert_int_equal(
        piq_messages_of(&a, changes, N_CHANGES, 0, PIQ_CHANGED_PATH, &list, &n),
        PIQ_OK);
    assert_int_equal(n, 1);
    assert_int_equal(piq_messages_of(&a, NULL, 0, 0, ALL, &list, &n), PIQ_OK);
    assert_int_equal(n, 0);
    piq_arena_release(&a);
}

static void test_message__is_a_cloud_event_with_the_platforms_id(void **state)
{
    (void)state;
    const piq_message m = {.user = {TENANT(3, 12)},
                           .what = PIQ_CHANGED_STATE,
                           .mark = 77,
                           .version = 5,
                           .at_us = INT64_C(1767225600000000)};
    piq_buf b;
    char id[PIQ_MESSAGE_ID_BYTES];
    piq_buf_init(&b, 0);
    piq_message_body(&m, "/piq", &b);
    assert_int_equal(b.status, PIQ_OK);
    json_t *j = json_loadb(b.ptr, b.len, 0, NULL);
    assert_non_null(j);
    piq_message_id(&m, id);
    assert_string_equal(json_string_value(json_object_get(j, "id")), id);
    assert_string_equal(id, "profile-77-12");
    assert_string_equal(json_string_value(json_object_get(j, "specversion")),
                        "1.0");
    assert_string_equal(json_string_value(json_object_get(j, "type")),
                        "piq.profile.changed");
    assert_string_equal(json_string_value(json_object_get(j, "subject")),
                        "users/12");
    const json_t *data = json_object_get(j, "data");
    assert_string_equal(json_string_value(json_object_get(data, "userId")),
                        "12");
    assert_int_equal(json_integer_value(json_object_get(data, "state_version")),
                     5);
    json_decref(j);
    piq_buf_release(&b);
}

static void test_message__is_one_trace_to_an_endpoint(void **state)
{
    (void)state;
    const piq_message m = {
        .user = {7}, .what = PIQ_CHANGED_STATE, .mark = 4711};
    const piq_message other = {
        .user = {7}, .what = PIQ_CHANGED_STATE, .mark = 4712};
    char a[PIQ_MESSAGE_TRACE_BYTES], b[PIQ_MESSAGE_TRACE_BYTES];
    /* Half of SHA-256("wh_a profile-4711-7"). */
    piq_message_trace(&m, "wh_a", 0x1234, a);
    assert_string_equal(
        a, "00-32f99c2a805e3458e733bbe7e8bccc71-0000000000001234-01");
    piq_message_trace(&m, "wh_a", 0, b); /* no span is 0 */
    assert_memory_equal(a, b, 36);
    assert_string_equal(b + 36, "0000000000000001-01");
    piq_message_trace(&m, "wh_b", 0x1234, b);
    assert_memory_not_equal(a, b, 36);
    piq_message_trace(&other, "wh_a", 0x1234, b);
    assert_memory_not_equal(a, b, 36);
}

static void test_names__go_both_ways(void **state)
{
    (void)state;
    for (uint32_t what = 1; what <= PIQ_CHANGED_ERASED; what *= 2)
        assert_int_equal(
            piq_webhook_what_of(piq_str_of(piq_webhook_what_name(what))), what);
    assert_null(piq_webhook_what_name(3));
    assert_int_equal(piq_webhook_what_of(PIQ_STR("all")), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sign__gives_the_published_signature),
        cmocka_unit_test(test_sign__refuses_what_is_no_secret),
        cmocka_unit_test(test_sign__takes_the_secrets_that_are_made),
        cmocka_unit_test(test_guard__lets_the_open_internet_through),
        cmocka_unit_test(test_guard__holds_back_what_is_ours_or_nobodys),
        cmocka_unit_test(test_url__is_https_with_a_host_alone),
        cmocka_unit_test(test_post__is_broken_off_when_told_to),
        cmocka_unit_test(test_post__fails_where_nobody_answers_in_time),
        cmocka_unit_test(test_messages__tell_a_learners_changes_of_a_kind_once),
        cmocka_unit_test(test_messages__keep_to_what_was_asked_for),
        cmocka_unit_test(test_message__is_a_cloud_event_with_the_platforms_id),
        cmocka_unit_test(test_message__is_one_trace_to_an_endpoint),
        cmocka_unit_test(test_names__go_both_ways),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
