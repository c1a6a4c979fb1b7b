/* test_peer.c - addresses, ranges, and the client behind trusted proxies. */
#include "http/peer.h"

#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

static const char *text_of(const piq_peer *p)
{
    static char text[PIQ_PEER_TEXT];
    piq_peer_text(p, text);
    return text;
}

static piq_peer peer(const char *text)
{
    piq_peer p;
    if (!piq_peer_parse(piq_str_of(text), &p))
        fail_msg("\"%s\" is no address", text);
    return p;
}

static void test_peer__addresses_are_read_with_and_without_ports(void **state)
{
    static const char *const pairs[][2] = {
        {"192.0.2.7", "192.0.2.7"},
        {"192.0.2.7:8080", "192.0.2.7"},
        {"2001:db8::1", "2001:db8::1"},
        {"2001:DB8:0:0:0:0:0:1", "2001:db8::1"},
        {"[2001:db8::1]", "2001:db8::1"},
        {"[2001:db8::1]:443", "2001:db8::1"},
        {"::ffff:192.0.2.7", "192.0.2.7"},
        {"::1", "::1"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++) {
        piq_peer p = peer(pairs[i][0]);
        assert_string_equal(text_of(&p), pairs[i][1]);
    }
}

static void test_peer__what_is_no_address_is_refused(void **state)
{
    static const char *const bad[] = {
        "",
        "unknown",
        "_hidden",
        "1.2.3",
        "1.2.3.256",
        "1.2.3.4:",
        "1.2.3.4:x",
        "1.2.3.4:70000",
        "[::1",
        "[::1]x",
        "[::1]:",
        "::1::2",
        " 1.2.3.4",
        "1.2.3.4, ::",
        "1.2.3.4/8",
        "localhost",
        "[]",
        "[1.2.3.4]x",
        "01.02.03.04",
        "1:2:3:4:5:6:7:8:9:1:2:3:4:5:6:7:8:9:1:2:3:4:5:6"};
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        piq_peer p;
        if (piq_peer_parse(piq_str_of(bad[i]), &p))
            fail_msg("\"%s\" was taken", bad[i]);
    }
}

static void test_peer__socket_addresses_are_kept_as_one_kind(void **state)
{
    struct sockaddr_in v4 = {.sin_family = AF_INET,
                             .sin_addr.s_addr = htonl(0xC0000207)};
    struct sockaddr_in6 v6 = {.sin6_family = AF_INET6,
                              .sin6_addr = IN6ADDR_LOOPBACK_INIT};
    (void)state;
    piq_peer p = piq_peer_of((struct sockaddr *)&v4);
    assert_string_equal(text_of(&p), "192.0.2.7");
    p = piq_peer_of((struct sockaddr *)&v6);
    assert_string_equal(text_of(&p), "::1");
}

static piq_peer_range range(const char *text)
{
    piq_peer_range r;
    piq_err err = {0};
    assert_int_equal(piq_peer_range_parse(text, &r, &err), PIQ_OK);
    return r;
}

static void test_peer__ranges_hold_what_they_say(void **state)
{
    const piq_peer_range r[] = {range("10.0.0.0/8"), range("192.0.2.128/25"),
                                range("2001:db8::/33"), range("::1")};
    static const char *const in[] = {
        "10.0.0.0",   "10.255.255.255",   "192.0.2.128",     "192.0.2.255",
        "2001:db8::", "2001:db8:7fff::1", "::ffff:10.1.2.3", "::1"};
    static const char *const out[] = {
        "11.0.0.0",   "9.255.255.255", "192.0.2.127", "2001:db8:8000::",
        "2001:db7::", "::2",           "::a00:1",     "0.0.0.1"};
    (void)state;
    for (size_t i = 0; i < 8; i++) {
        piq_peer p = peer(in[i]);
        if (!piq_peer_within(&p, r, 4))
            fail_msg("%s is not within", in[i]);
        p = peer(out[i]);
        if (piq_peer_within(&p, r, 4))
            fail_msg("%s is within", out[i]);
    }
    const piq_peer_range all = range("0.0.0.0/0");
    piq_peer v4 = peer("8.8.8.8");
    piq_peer v6 = peer("2001:db8::1");
    assert_true(piq_peer_within(&v4, &all, 1));
    assert_false(piq_peer_within(&v6, &all, 1));
}

static void test_peer__malformed_ranges_are_refused(void **state)
{
    static const char *const bad[] = {
        "",   "10.0.0.0/33", "::/129", "10.0.0.0/", "10.0.0.0/x",
        "/8", "10.0.0.0/-1", "proxy",  "10/8"};
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        piq_peer_range r;
        piq_err err = {0};
        if (piq_peer_range_parse(bad[i], &r, &err) != PIQ_EINVAL)
            fail_msg("\"%s\" was taken", bad[i]);
        assert_non_null(strstr(err.message, "proxy"));
    }
}

typedef piq_peer walk(piq_str value, piq_peer from,
                      const piq_peer_range *trusted, size_t n);

static void behind(walk *by, const char *value, const char *want)
{
    const piq_peer_range proxies[] = {range("10.0.0.0/8"), range("fd00::/8")};
    piq_peer p = by(piq_str_of(value), peer("10.0.0.1"), proxies, 2);
    if (strcmp(text_of(&p), want) != 0)
        fail_msg("\"%s\" gives %s, not %s", value, text_of(&p), want);
}

static void test_peer__rightmost_stranger_is_the_client(void **state)
{
    walk *by = piq_peer_forwarded_for;
    (void)state;
    behind(by, "192.0.2.7", "192.0.2.7");
    behind(by, "192.0.2.7, 10.0.0.2", "192.0.2.7");
    behind(by, "192.0.2.7,10.0.0.2 ,\t10.0.0.3", "192.0.2.7");
    behind(by, "2001:db8::9, fd00::1", "2001:db8::9");
    behind(by, "192.0.2.7:4711, 10.0.0.2:80", "192.0.2.7");
    /* Whatever is left of the stranger is the stranger's invention. */
    behind(by, "8.8.8.8, 192.0.2.7", "192.0.2.7");
    behind(by, "10.0.0.9, 192.0.2.7, 10.0.0.2", "192.0.2.7");
    /* Only proxies: the outermost. */
    behind(by, "10.0.0.5, 10.0.0.4", "10.0.0.5");
    /* No address: who passed it on. */
    behind(by, "", "10.0.0.1");
    behind(by, "unknown", "10.0.0.1");
    behind(by, "192.0.2.7, unknown", "10.0.0.1");
    behind(by, "192.0.2.7, unknown, 10.0.0.4", "10.0.0.4");
    behind(by, "192.0.2.7,", "10.0.0.1");
    behind(by, ",,,", "10.0.0.1");
}

static void test_peer__forwarded_says_the_same(void **state)
{
    walk *by = piq_peer_forwarded;
    (void)state;
    behind(by, "for=192.0.2.7", "192.0.2.7");
    behind(by, "For=192.0.2.7;proto=https;by=10.0.0.1", "192.0.2.7");
    behind(by, "proto=http;for=\"[2001:db8::9]:4711\"", "2001:db8::9");
    behind(by, "for=8.8.8.8, for=192.0.2.7;proto=https, for=10.0.0.2",
           "192.0.2.7");
    behind(by, "for=unknown", "10.0.0.1");
    behind(by, "for=_secret, for=10.0.0.2", "10.0.0.2");
    behind(by, "192.0.2.7", "10.0.0.1");
    behind(by, "for=", "10.0.0.1");
    behind(by, "for=\"", "10.0.0.1");
    behind(by, "by=192.0.2.7", "10.0.0.1");
    behind(by, ";;,;", "10.0.0.1");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_peer__addresses_are_read_with_and_without_ports),
        cmocka_unit_test(test_peer__what_is_no_address_is_refused),
        cmocka_unit_test(test_peer__socket_addresses_are_kept_as_one_kind),
        cmocka_unit_test(test_peer__ranges_hold_what_they_say),
        cmocka_unit_test(test_peer__malformed_ranges_are_refused),
        cmocka_unit_test(test_peer__rightmost_stranger_is_the_client),
        cmocka_unit_test(test_peer__forwarded_says_the_same),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
