#include "domain/json_reader.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

static piq_err err;

static json_t *parsed(const char *text)
{
    json_t *json = NULL;
    err = (piq_err){0};
    if (piq_json_parse(piq_str_of(text), &json, &err))
        fail_msg("%s: %s", err.message, text);
    return json;
}

static piq_status status_of(const char *text)
{
    json_t *json = NULL;
    err = (piq_err){0};
    piq_status status = piq_json_parse(piq_str_of(text), &json, &err);
    json_decref(json);
    return status;
}

static void test_json__what_is_no_json_is_refused_with_its_place(void **state)
{
    static const char *const wrong[] = {"",
                                        " ",
                                        "{",
                                        "[1,]",
                                        "{\"a\":1,\"a\":2}",
                                        "1e400",
                                        "-1e400",
                                        "NaN",
                                        "01",
                                        "\"\\ud800\"",
                                        "\"\xff\"",
                                        "\"a\\u0000\"",
                                        "{\"a\":1}x",
                                        "'a'",
                                        "[1 2]",
                                        "18446744073709551616"};
    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        if (status_of(wrong[i]) != PIQ_EPARSE)
            fail_msg("was taken: %s", wrong[i]);
    assert_int_equal(status_of("[1,\n 2,\n x]"), PIQ_EPARSE);
    assert_non_null(strstr(err.where, "line 3"));
    assert_non_null(strstr(err.where, "byte"));
}

static void nested(char *out, int depth)
{
    for (int i = 0; i < depth; i++)
        out[i] = '[';
    for (int i = 0; i < depth; i++)
        out[depth + i] = ']';
    out[2 * depth] = 0;
}

static void test_json__sixteen_levels_and_no_more(void **state)
{
    (void)state;
    static char text[200001];
    nested(text, 16);
    assert_int_equal(status_of(text), PIQ_OK);
    nested(text, 17);
    assert_int_equal(status_of(text), PIQ_ELIMIT);
    nested(text, 100000);
    assert_int_equal(status_of(text), PIQ_ELIMIT);
    /* Brackets in strings are none, also behind an escaped quote. */
    assert_int_equal(status_of("\"[[[[[[[[[[[[[[[[[[[[[[\\\"[[[[[[[[[[[[[[\""),
                     PIQ_OK);
}

static const char *const known[] = {"a", "b", NULL};

static void test_json__an_unknown_member_is_named_as_a_pointer(void **state)
{
    static const char *const cases[][2] = {
        {"{\"c\":1}", "/x/c"},  {"{\"a/b\":1}", "/x/a~1b"},
        {"{\"~\":1}", "/x/~0"}, {"{\"\":1}", "/x/"},
        {"[]", "/x"},           {"null", "/x"}};
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        piq_json_reader r;
        json_t *json = parsed(cases[i][0]);
        piq_json_begin(&r, json, "/x", known, &err);
        assert_int_equal(piq_json_end(&r), PIQ_EINVAL);
        assert_string_equal(err.where, cases[i][1]);
        json_decref(json);
    }
}

static void test_json__the_first_failure_sticks(void **state)
{
    (void)state;
    piq_json_reader r;
    json_t *json = parsed("{\"a\":\"x\",\"b\":99}");
    piq_json_begin(&r, json, "", known, &err);
    assert_int_equal(piq_json_int_in(&r, "a", 3, 5), 3);
    assert_string_equal(err.where, "/a");
    assert_int_equal(piq_json_int_in(&r, "b", 3, 5), 3);
    assert_true(piq_json_number_in(&r, "b", 0, 1) == 0);
    assert_false(piq_json_flag(&r, "b"));
    assert_false(piq_json_has(&r, "b"));
    assert_null(piq_json_array_in(&r, "b", 1));
    assert_int_equal(piq_json_string(&r, "b", 0, 9).len, 0);
    assert_int_equal(piq_json_instant(&r, "b"), 0);
    assert_int_equal(piq_json_end(&r), PIQ_EINVAL);
    assert_string_equal(err.where, "/a");
    json_decref(json);
}

static void test_json__numbers_keep_to_their_range(void **state)
{
    (void)state;
    piq_json_reader r;
    json_t *json = parsed("{\"a\":9007199254740993,\"b\":-0.0}");
    piq_json_begin(&r, json, "", known, NULL);
    assert_int_equal(piq_json_int_in(&r, "a", INT64_MIN, INT64_MAX),
                     INT64_C(9007199254740993));
    assert_false(signbit(piq_json_number_in(&r, "b", 0, 1)));
    assert_int_equal(piq_json_end(&r), PIQ_OK);
    assert_int_equal(piq_json_int_in(&r, "a", 0, 10), 0);
    assert_int_equal(piq_json_end(&r), PIQ_EINVAL);
    json_decref(json);
}

static void test_json__strings_and_arrays_have_limits(void **state)
{
    (void)state;
    for (int i = 0; i < 4; i++) {
        piq_json_reader r;
        json_t *json = parsed("{\"a\":\"caf\\u00e9\",\"b\":[1,2,3]}");
        piq_json_begin(&r, json, "", known, &err);
        if (i == 0) /* five bytes */
            assert_int_equal(piq_json_string(&r, "a", 5, 5).len, 5);
        if (i == 1)
            (void)piq_json_string(&r, "a", 6, 9);
        if (i == 2)
            (void)piq_json_string(&r, "a", 1, 4);
        if (i == 3)
            assert_null(piq_json_array_in(&r, "b", 2));
        assert_int_equal(piq_json_end(&r), i ? PIQ_EINVAL : PIQ_OK);
        json_decref(json);
    }
}

static void test_json__a_refusal_is_utf8_wherever_it_stops(void **state)
{
    (void)state;
    /* Half a letter is quoted where a backslash stands before it. */
    static const char *const texts[] = {"{\"st\": \"|\\\xde\xa3\"}",
                                        "[\"\\\xe2\x82\xac\"]", "\"\xde\xa3",
                                        "\xde"};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        err = (piq_err){0};
        json_t *json = NULL;
        assert_int_equal(piq_json_parse(piq_str_of(texts[i]), &json, &err),
                         PIQ_EPARSE);
        assert_true(piq_str_is_utf8(piq_str_of(err.message)));
    }
}

static void test_json__same_is_by_what_is_said(void **state)
{
    (void)state;
    static const struct {
        const char *a, *b;
        bool same;
    } pairs[] = {
        {"{\"a\":1,\"b\":[2,3]}", "{ \"b\" : [2, 3], \"a\" : 1 }", true},
        {"[0.1,1e2,-0]", "[0.10,100,0.0]", true},
        {"\"caf\\u00e9\"", "\"caf\xc3\xa9\"", true},
        {"[1,2]", "[2,1]", false},
        {"{\"a\":null}", "{}", false},
        {"{\"a\":0.1}", "{\"a\":0.1000000001}", false},
        {"{\"a\":", "{\"a\":1}", false},
        {"", "{}", false},
    };
    for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++)
        if (piq_json_same(piq_str_of(pairs[i].a), piq_str_of(pairs[i].b)) !=
            pairs[i].same)
            fail_msg("%s and %s", pairs[i].a, pairs[i].b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_json__what_is_no_json_is_refused_with_its_place),
        cmocka_unit_test(test_json__sixteen_levels_and_no_more),
        cmocka_unit_test(test_json__an_unknown_member_is_named_as_a_pointer),
        cmocka_unit_test(test_json__the_first_failure_sticks),
        cmocka_unit_test(test_json__numbers_keep_to_their_range),
        cmocka_unit_test(test_json__strings_and_arrays_have_limits),
        cmocka_unit_test(test_json__a_refusal_is_utf8_wherever_it_stops),
        cmocka_unit_test(test_json__same_is_by_what_is_said),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
