/* test_cors.c - which origins an allow-list takes, and which it knows. */
#include "http/cors.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

static const char *const two[] = {"https://app.example",
                                  "http://localhost:5173"};

static piq_cors *made(const char *const *origins, size_t n)
{
    piq_cors *c = NULL;
    piq_err err = {0};
    assert_int_equal(piq_cors_new(origins, n, &c, &err), PIQ_OK);
    return c;
}

static void test_cors__listed_origins_are_known(void **state)
{
    (void)state;
    piq_cors *c = made(two, 2);
    assert_string_equal(piq_cors_origin(c, PIQ_STR("https://app.example")),
                        two[0]);
    assert_string_equal(piq_cors_origin(c, PIQ_STR("http://localhost:5173")),
                        two[1]);
    piq_cors_free(c);
}

static void test_cors__what_only_looks_like_one_is_not(void **state)
{
    static const char *const not_them[] = {"http://app.example",
                                           "https://app.example:443",
                                           "https://app.example/",
                                           "https://app.example.evil",
                                           "https://evil.app.example",
                                           "https://APP.example",
                                           "https://app.exampl",
                                           "null",
                                           "*",
                                           ""};
    (void)state;
    piq_cors *c = made(two, 2);
    for (size_t i = 0; i < sizeof not_them / sizeof not_them[0]; i++)
        if (piq_cors_origin(c, piq_str_of(not_them[i])))
            fail_msg("\"%s\" is allowed", not_them[i]);
    assert_null(piq_cors_origin(c, (piq_str){0}));
    piq_cors_free(c);
}

static void test_cors__no_list_allows_nobody(void **state)
{
    (void)state;
    piq_cors *c = made(NULL, 0);
    assert_null(c);
    assert_null(piq_cors_origin(c, PIQ_STR("https://app.example")));
    piq_cors_free(c);
}

static void test_cors__malformed_origins_are_refused(void **state)
{
    static const char *const bad[] = {
        "*",
        "null",
        "",
        "app.example",
        "https://",
        "://app.example",
        "https://*.app.example",
        "https://app.example/",
        "https://app.example/path",
        "https://App.example",
        "https://app.example:",
        "https://app.example:123456",
        "https://app.example:80x",
        "https://user@app.example",
        "https://app.example https://b.example",
        "https://[::1",
        "https://app.example\r\nX: y",
    };
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        const char *const list[] = {two[0], bad[i]};
        piq_cors *c = NULL;
        piq_err err = {0};
        if (piq_cors_new(list, 2, &c, &err) != PIQ_EINVAL)
            fail_msg("\"%s\" was taken", bad[i]);
        assert_null(c);
        assert_non_null(strstr(err.message, "origin"));
    }
}

static void test_cors__odd_but_valid_origins_are_taken(void **state)
{
    static const char *const good[] = {
        "https://[::1]:8443", "https://[::1]", "http://10.0.0.1:80",
        "capacitor://localhost", "https://xn--caf-dma.example"};
    (void)state;
    piq_cors *c = made(good, 5);
    for (size_t i = 0; i < 5; i++)
        assert_string_equal(piq_cors_origin(c, piq_str_of(good[i])), good[i]);
    piq_cors_free(c);
}

static void test_cors__preflight_is_options_with_both_headers(void **state)
{
    const piq_str o = PIQ_STR("https://app.example");
    const piq_str put = PIQ_STR("PUT");
    (void)state;
    assert_true(piq_cors_is_preflight("OPTIONS", o, put));
    assert_false(piq_cors_is_preflight("PUT", o, put));
    assert_false(piq_cors_is_preflight("OPTIONS", o, (piq_str){0}));
    assert_false(piq_cors_is_preflight("OPTIONS", (piq_str){0}, put));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cors__listed_origins_are_known),
        cmocka_unit_test(test_cors__what_only_looks_like_one_is_not),
        cmocka_unit_test(test_cors__no_list_allows_nobody),
        cmocka_unit_test(test_cors__malformed_origins_are_refused),
        cmocka_unit_test(test_cors__odd_but_valid_origins_are_taken),
        cmocka_unit_test(test_cors__preflight_is_options_with_both_headers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
