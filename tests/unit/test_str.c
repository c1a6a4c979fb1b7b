#include "base/str.h"

#include "base/rng.h"
#include "base/status.h"

#include <locale.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void test_str__order_is_of_bytes_then_length(void **state)
{
    (void)state;
    assert_true(piq_str_cmp(PIQ_STR("a"), PIQ_STR("b")) < 0);
    assert_true(piq_str_cmp(PIQ_STR("ab"), PIQ_STR("a")) > 0);
    assert_true(piq_str_cmp(PIQ_STR(""), PIQ_STR("a")) < 0);
    assert_true(piq_str_cmp(PIQ_STR("\x80"), PIQ_STR("z")) > 0);
    assert_int_equal(piq_str_cmp((piq_str){0}, PIQ_STR("")), 0);
}

static void test_str__loses_the_blanks_at_its_ends_only(void **state)
{
    (void)state;
    static const char *const both[][2] = {{"", ""},
                                          {" \t ", ""},
                                          {"a", "a"},
                                          {" a\tb\t ", "a\tb"},
                                          {"\na ", "\na"}};
    for (size_t i = 0; i < sizeof both / sizeof both[0]; i++) {
        piq_str got = piq_str_trim(piq_str_of(both[i][0]));
        assert_true(piq_str_eq(got, piq_str_of(both[i][1])));
    }
    assert_int_equal(piq_str_trim((piq_str){NULL, 0}).len, 0);
    assert_int_equal(piq_str_of(NULL).len, 0);
}

static void test_str__utf8_is_told_from_what_only_looks_like_it(void **state)
{
    (void)state;
    static const char *const good[] = {
        "",
        "plain",
        "\xC2\x80",         /* U+0080, the first of two bytes */
        "\xDF\xBF",         /* U+07FF */
        "\xE0\xA0\x80",     /* U+0800 */
        "\xED\x9F\xBF",     /* U+D7FF, before the surrogates */
        "\xEE\x80\x80",     /* U+E000, after them */
        "\xEF\xBF\xBF",     /* U+FFFF */
        "\xF0\x90\x80\x80", /* U+10000 */
        "\xF4\x8F\xBF\xBF", /* U+10FFFF, the last */
    };
    static const char *const bad[] = {
        "\x80",             /* a tail alone */
        "\xC0\x80",         /* NUL, overlong */
        "\xC1\xBF",         /* U+007F, overlong */
        "\xE0\x9F\xBF",     /* U+07FF, overlong */
        "\xED\xA0\x80",     /* U+D800, a surrogate */
        "\xF0\x8F\xBF\xBF", /* U+FFFF, overlong */
        "\xF4\x90\x80\x80", /* U+110000 */
        "\xF5\x80\x80\x80",
        "\xFF",
        "\xC2", /* cut */
        "\xE2\x82",
        "\xF0\x9F\x82",
        "a\xC2z",
    };
    for (size_t i = 0; i < sizeof good / sizeof *good; i++)
        assert_true(piq_str_is_utf8(piq_str_of(good[i])));
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_false(piq_str_is_utf8(piq_str_of(bad[i])));
    assert_false(piq_str_is_utf8((piq_str){"a\0b", 3}));
}

static void test_str__every_code_point_is_utf8_iff_no_surrogate(void **state)
{
    (void)state;
    for (uint32_t c = 1; c < 0x110000; c += c < 0x11000 ? 1 : 61) {
        char s[4];
        size_t n = 0;
        if (c < 0x80) {
            s[n++] = (char)c;
        } else if (c < 0x800) {
            s[n++] = (char)(0xC0 | c >> 6);
        } else if (c < 0x10000) {
            s[n++] = (char)(0xE0 | c >> 12);
            s[n++] = (char)(0x80 | (c >> 6 & 63));
        } else {
            s[n++] = (char)(0xF0 | c >> 18);
            s[n++] = (char)(0x80 | (c >> 12 & 63));
            s[n++] = (char)(0x80 | (c >> 6 & 63));
        }
        if (c >= 0x80)
            s[n++] = (char)(0x80 | (c & 63));
        size_t want = c >= 0xD800 && c < 0xE000 ? 0 : n;
        assert_int_equal(piq_utf8_len(s, n), want);
        assert_int_equal(piq_utf8_len(s, n - 1), 0);
    }
}

static void test_str__integers_to_the_last_one(void **state)
{
    (void)state;
    int64_t v = 0;
    assert_true(piq_str_to_i64(PIQ_STR("9223372036854775807"), &v));
    assert_true(v == INT64_MAX);
    assert_true(piq_str_to_i64(PIQ_STR("-9223372036854775808"), &v));
    assert_true(v == INT64_MIN);
    assert_true(piq_str_to_i64(PIQ_STR("-0"), &v));
    assert_int_equal(v, 0);
    assert_true(piq_str_to_i64(PIQ_STR("007"), &v));
    assert_int_equal(v, 7);
    static const char *const bad[] = {"",
                                      "-",
                                      "+1",
                                      " 1",
                                      "1 ",
                                      "1.0",
                                      "0x1",
                                      "9223372036854775808",
                                      "-9223372036854775809",
                                      "99999999999999999999999"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_false(piq_str_to_i64(piq_str_of(bad[i]), &v));
    assert_int_equal(v, 7); /* untouched */
}

static void test_str__doubles_read_as_strtod_reads_them(void **state)
{
    (void)state;
    piq_rng r;
    piq_rng_seed(&r, 5);
    for (int i = 0; i < 20000; i++) {
        uint64_t bits = piq_rng_u64(&r);
        double want;
        double got;
        char text[400];
        memcpy(&want, &bits, sizeof want);
        if (!isfinite(want))
            continue;
        snprintf(text, sizeof text, i % 2 ? "%.17g" : "%.20e", want);
        assert_true(piq_str_to_double(piq_str_of(text), &got));
        assert_memory_equal(&got, &want, sizeof got);
        want = (double)(int64_t)bits / 1e6;
        snprintf(text, sizeof text, "%f", want);
        want = strtod(text, NULL);
        assert_true(piq_str_to_double(piq_str_of(text), &got));
        assert_memory_equal(&got, &want, sizeof got);
    }
}

static void test_str__doubles_at_the_edges(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        double want;
    } good[] = {{"0", 0},
                {"-1", -1},
                {".5", .5},
                {"5.", 5},
                {"1e3", 1000},
                {"2E-3", .002},
                {"1e+2", 100},
                {"0e999999999999", 0},
                {"1e-999999", 0},
                {"000.000100", 1e-4},
                {"4.9406564584124654e-324", 4.9406564584124654e-324},
                {"1.7976931348623157e308", 1.7976931348623157e308}};
    static const char *const bad[] = {
        "",    "-",    ".",     "e5",   "1e",    "1e+",
        "+1",  " 1",   "1 ",    "0x10", "inf",   "-nan",
        "1,5", "1..2", "1e5.0", "--1",  "1e309", "1e99999999999"};
    double got = 7;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_false(piq_str_to_double(piq_str_of(bad[i]), &got));
    assert_true(got == 7);
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        assert_true(piq_str_to_double(piq_str_of(good[i].text), &got));
        assert_memory_equal(&got, &good[i].want, sizeof got);
    }
    assert_true(piq_str_to_double(PIQ_STR("-0"), &got));
    assert_true(got == 0 && signbit(got));
}

static void test_str__a_thousand_digits_still_decide_a_tie(void **state)
{
    (void)state;
    /* 1 + 2^-53 lies between 1 and the next double; ties go to the even one,
     * and a last digit anywhere behind breaks the tie upwards. */
    static const char tie[] =
        "1.00000000000000011102230246251565404236316680908203125";
    char text[1200];
    double got;
    memset(text, '0', sizeof text);
    memcpy(text, tie, sizeof tie - 1);
    assert_true(piq_str_to_double((piq_str){text, 1100}, &got));
    assert_true(got == 1);
    text[1099] = '1';
    assert_true(piq_str_to_double((piq_str){text, 1100}, &got));
    assert_true(got == 1 + 0x1p-52);
    /* 1 and a thousand zeros overflows; 10^-1000 times that does not. */
    memset(text, '0', sizeof text);
    text[0] = '1';
    memcpy(text + 1001, "e-1000", 6);
    assert_false(piq_str_to_double((piq_str){text, 1001}, &got));
    assert_true(piq_str_to_double((piq_str){text, 1007}, &got));
    assert_true(got == 1);
}

static void test_str__hashes_are_the_stored_ones(void **state)
{
    (void)state;
    /* FNV-1a of "" is its offset basis and of "a" af63dc4c8601ec8c; then one
     * round of splitmix64, whose published first output for seed 0 is below. */
    assert_true(piq_hash_u64(0) == UINT64_C(0xe220a8397b1dcdaf));
    assert_true(piq_hash_bytes("", 0) ==
                piq_hash_u64(UINT64_C(0xcbf29ce484222325)));
    assert_true(piq_hash_bytes("a", 1) ==
                piq_hash_u64(UINT64_C(0xaf63dc4c8601ec8c)));
}

static void test_str__what_is_no_utf8_becomes_a_question_mark(void **state)
{
    (void)state;
    static const char *const pairs[][2] = {
        {"", ""},
        {"caf\xc3\xa9 \xe2\x82\xac", "caf\xc3\xa9 \xe2\x82\xac"},
        {"cut \xe2\x82", "cut ?"},
        {"\"\xed\x84\" is unknown", "\"?\" is unknown"},
        {"\xff\xfe\x80x\xc0\x80y", "?x?y"},
        {"\xed\xa0\x80\xc3\xa9", "?\xc3\xa9"}, /* a surrogate */
    };
    for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++) {
        char text[40];
        snprintf(text, sizeof text, "%s", pairs[i][0]);
        piq_utf8_mend(text);
        assert_string_equal(text, pairs[i][1]);
    }
}

static void test_str__an_error_is_utf8_whatever_it_quotes(void **state)
{
    (void)state;
    piq_err err;
    char name[600];
    for (size_t n = 0; n < 5; n++) { /* each way a cut may fall */
        memset(name, 'x', sizeof name);
        name[0] = '\xff';
        for (size_t at = 1 + n; at + 4 < sizeof name; at += 3)
            memcpy(name + at, "\xe2\x82\xac", 4);
        piq_fail(&err, PIQ_EINVAL, "no such name: %.60s, of %s", name, name);
        piq_err_at(&err, "/%s", name);
        piq_err_hint(&err, "not %s", name);
        assert_true(piq_str_is_utf8(piq_str_of(err.message)));
        assert_true(piq_str_is_utf8(piq_str_of(err.where)));
        assert_true(piq_str_is_utf8(piq_str_of(err.hint)));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_str__order_is_of_bytes_then_length),
        cmocka_unit_test(test_str__loses_the_blanks_at_its_ends_only),
        cmocka_unit_test(test_str__utf8_is_told_from_what_only_looks_like_it),
        cmocka_unit_test(test_str__every_code_point_is_utf8_iff_no_surrogate),
        cmocka_unit_test(test_str__integers_to_the_last_one),
        cmocka_unit_test(test_str__doubles_read_as_strtod_reads_them),
        cmocka_unit_test(test_str__doubles_at_the_edges),
        cmocka_unit_test(test_str__a_thousand_digits_still_decide_a_tie),
        cmocka_unit_test(test_str__hashes_are_the_stored_ones),
        cmocka_unit_test(test_str__what_is_no_utf8_becomes_a_question_mark),
        cmocka_unit_test(test_str__an_error_is_utf8_whatever_it_quotes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
