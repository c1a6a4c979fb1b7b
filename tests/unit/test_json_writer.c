/* The oracle is jansson: what it reads must be what was written. */
#include "base/json_writer.h"

#include "base/rng.h"

#include <jansson.h>
#include <locale.h>
#include <math.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

typedef struct fixture {
    piq_buf buf;
    piq_json_writer w;
} fixture;

typedef void misuse(piq_json_writer *w);

static void value_without_key(piq_json_writer *w)
{
    piq_json_object(w);
    piq_json_int(w, 1);
}

static void key_in_array(piq_json_writer *w)
{
    piq_json_array(w);
    piq_json_key(w, "k");
}

static void end_after_key(piq_json_writer *w)
{
    piq_json_object(w);
    piq_json_key(w, "k");
    piq_json_object_end(w);
}

static void wrong_end(piq_json_writer *w)
{
    piq_json_object(w);
    piq_json_array_end(w);
}

static void end_of_nothing(piq_json_writer *w)
{
    piq_json_array_end(w);
}

static void too_deep(piq_json_writer *w)
{
    for (int i = 0; i <= PIQ_JSON_MAX_DEPTH; i++)
        piq_json_array(w);
}

/* Whether `f` ends its process by abort(), in a child that says nothing. */
static bool aborts(misuse *f)
{
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        piq_buf b;
        piq_json_writer w;
        if (!freopen("/dev/null", "w", stderr))
            _exit(1);
        signal(SIGABRT, SIG_DFL);
        piq_buf_init(&b, 0);
        piq_json_init(&w, &b);
        f(&w);
        _exit(0);
    }
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    return WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT;
}

static void test_json_writer__misuse_is_a_failed_assertion(void **state)
{
    (void)state;
    static misuse *const all[] = {value_without_key, key_in_array,
                                  end_after_key,     wrong_end,
                                  end_of_nothing,    too_deep};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        assert_true(aborts(all[i]));
}

static int set_up(void **state)
{
    fixture *f = calloc(1, sizeof *f);
    if (!f)
        return -1;
    piq_buf_init(&f->buf, 0);
    piq_json_init(&f->w, &f->buf);
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    fixture *f = *state;
    piq_buf_release(&f->buf);
    free(f);
    return 0;
}

static json_t *read_back(const fixture *f)
{
    json_error_t error;
    json_t *v = json_loadb(
        f->buf.ptr, f->buf.len,
        JSON_DECODE_ANY | JSON_ALLOW_NUL | JSON_REJECT_DUPLICATES, &error);
    if (!v)
        fail_msg("jansson: %s in %s", error.text, f->buf.ptr);
    return v;
}

static void start_again(fixture *f)
{
    piq_buf_clear(&f->buf);
    piq_json_init(&f->w, &f->buf);
}

static void test_json_writer__nests_and_separates(void **state)
{
    fixture *f = *state;
    piq_json_writer *w = &f->w;
    piq_json_object(w);
    piq_json_put_int(w, "a", -1);
    piq_json_key(w, "b");
    piq_json_array(w);
    piq_json_array(w);
    piq_json_array_end(w);
    piq_json_object(w);
    piq_json_object_end(w);
    piq_json_null(w);
    piq_json_bool(w, true);
    piq_json_bool(w, false);
    piq_json_array_end(w);
    piq_json_put_z(w, "c", NULL);
    piq_json_put_z(w, "d", "x");
    piq_json_put_bool(w, "e", true);
    piq_json_put_id(w, "f", INT64_MAX);
    piq_json_put_time(w, "g", 0);
    piq_json_put_str(w, "h", (piq_str){NULL, 0});
    piq_json_put_double(w, "i", .25);
    piq_json_put_fixed(w, "j", 2.0 / 3, 2);
    piq_json_key(w, "k");
    piq_json_raw(w, PIQ_STR("[1]"));
    piq_json_object_end(w);
    assert_string_equal(f->buf.ptr,
                        "{\"a\":-1,\"b\":[[],{},null,true,false],\"c\":null,"
                        "\"d\":\"x\",\"e\":true,\"f\":\"9223372036854775807\","
                        "\"g\":\"1970-01-01T00:00:00Z\",\"h\":\"\",\"i\":0.25,"
                        "\"j\":0.67,\"k\":[1]}");
    json_decref(read_back(f));
}

static void test_json_writer__values_follow_one_another_at_the_top(void **state)
{
    fixture *f = *state;
    for (int i = 0; i < 3; i++) {
        piq_json_object(&f->w);
        piq_json_put_int(&f->w, "n", i);
        piq_json_object_end(&f->w);
        piq_buf_add_char(&f->buf, '\n');
    }
    assert_string_equal(f->buf.ptr, "{\"n\":0}\n{\"n\":1}\n{\"n\":2}\n");
}

static void test_json_writer__nests_to_its_full_depth(void **state)
{
    fixture *f = *state;
    for (int i = 0; i < PIQ_JSON_MAX_DEPTH; i++)
        piq_json_array(&f->w);
    for (int i = 0; i < PIQ_JSON_MAX_DEPTH; i++)
        piq_json_array_end(&f->w);
    assert_int_equal(f->buf.len, 2 * PIQ_JSON_MAX_DEPTH);
    json_decref(read_back(f));
}

static void test_json_writer__integers_are_exact(void **state)
{
    fixture *f = *state;
    piq_rng r;
    piq_rng_seed(&r, 1);
    for (int i = 0; i < 20000; i++) {
        int64_t v = (int64_t)(piq_rng_u64(&r) >> piq_rng_below(&r, 64));
        v = i == 0 ? INT64_MIN : i == 1 ? INT64_MAX : i == 2 ? 0 : v;
        char want[32];
        snprintf(want, sizeof want, "%lld", (long long)v);
        start_again(f);
        piq_json_int(&f->w, v);
        assert_string_equal(f->buf.ptr, want);
    }
}

static void assert_double_survives(fixture *f, double v)
{
    start_again(f);
    piq_json_double(&f->w, v);
    json_t *back = read_back(f);
    double got = json_number_value(back);
    if (memcmp(&got, &v, sizeof v) != 0)
        fail_msg("%.17g was written %s", v, f->buf.ptr);
    json_decref(back);
}

/* The significant digits of a decimal number. */
static size_t digits_of(const char *text)
{
    size_t n = 0;
    size_t zeros = 0;
    for (; *text && *text != 'e'; text++) {
        if (*text < '0' || *text > '9' || (*text == '0' && n == 0))
            continue;
        n++;
        zeros = *text == '0' ? zeros + 1 : 0;
    }
    return n - zeros;
}

static size_t least_digits(double v)
{
    char text[64];
    int digits = 0;
    do
        snprintf(text, sizeof text, "%.*e", digits++, v);
    while (strtod(text, NULL) != v);
    return digits_of(text);
}

static void test_json_writer__doubles_survive_to_the_bit(void **state)
{
    fixture *f = *state;
    static const double edges[] = {0.0,
                                   -0.0,
                                   1,
                                   -1,
                                   .1,
                                   1.0 / 3,
                                   1e15,
                                   1e16,
                                   1e22,
                                   1e23,
                                   1e-6,
                                   1e-7,
                                   5e-324,
                                   0x1p-1022,
                                   0x1p53,
                                   0x1p53 - 1,
                                   0x1p63,
                                   0x1.fffffffffffffp1023,
                                   123456789.123456789,
                                   999999999999999.9,
                                   1e308,
                                   1e-308,
                                   4503599627370497.5,
                                   .30000000000000004,
                                   100,
                                   1e5,
                                   12345678901234567890.0};
    for (size_t i = 0; i < sizeof edges / sizeof *edges; i++) {
        assert_double_survives(f, edges[i]);
        assert_double_survives(f, -edges[i]);
    }
    piq_rng r;
    piq_rng_seed(&r, 2);
    for (int i = 0; i < 20000; i++) {
        uint64_t bits = piq_rng_u64(&r);
        double v;
        memcpy(&v, &bits, sizeof v);
        if (isfinite(v))
            assert_double_survives(f, v);
        assert_double_survives(f, piq_rng_uniform(&r));
        assert_double_survives(f, (double)(int64_t)(bits >> 20) / 1000);
    }
}

static void test_json_writer__doubles_are_as_short_as_can_be(void **state)
{
    fixture *f = *state;
    piq_rng r;
    piq_rng_seed(&r, 3);
    for (int i = 0; i < 5000; i++) {
        static const double units[] = {1, 10, 1000, 1e6, 1e9, 1e12};
        double v = (double)(piq_rng_u64(&r) >> (12 + piq_rng_below(&r, 50)));
        v /= units[i % 6];
        start_again(f);
        piq_json_double(&f->w, v);
        if (digits_of(f->buf.ptr) > least_digits(v))
            fail_msg("%.17g was written %s", v, f->buf.ptr);
    }
    start_again(f);
    piq_json_double(&f->w, 5e-324);
    assert_string_equal(f->buf.ptr, "5e-324");
}

static void test_json_writer__floats_survive_and_stay_short(void **state)
{
    fixture *f = *state;
    piq_rng r;
    piq_rng_seed(&r, 7);
    for (int i = 0; i < 20000; i++) {
        uint32_t bits = (uint32_t)piq_rng_u64(&r);
        float v;
        memcpy(&v, &bits, sizeof v);
        v = isfinite(v) && i % 2 ? v : (float)piq_rng_uniform(&r);
        start_again(f);
        piq_json_float(&f->w, v);
        json_t *back = read_back(f);
        float got = (float)json_number_value(back);
        assert_memory_equal(&got, &v, sizeof v);
        assert_true(digits_of(f->buf.ptr) <= 9);
        json_decref(back);
    }
    start_again(f);
    piq_json_array(&f->w);
    piq_json_float(&f->w, .1f); /* and not .10000000149 */
    piq_json_float(&f->w, NAN);
    piq_json_array_end(&f->w);
    assert_string_equal(f->buf.ptr, "[0.1,null]");
}

static void test_json_writer__what_is_no_number_is_null(void **state)
{
    fixture *f = *state;
    piq_json_array(&f->w);
    piq_json_double(&f->w, NAN);
    piq_json_double(&f->w, INFINITY);
    piq_json_fixed(&f->w, -INFINITY, 3);
    piq_json_fixed(&f->w, NAN, 3);
    piq_json_array_end(&f->w);
    assert_string_equal(f->buf.ptr, "[null,null,null,null]");
}

static void test_json_writer__fixed_rounds_and_drops_zeros(void **state)
{
    fixture *f = *state;
    static const struct {
        double v;
        int decimals;
        const char *want;
    } cases[] = {{0, 3, "0"},
                 {-0.0, 3, "0"},
                 {1, 3, "1"},
                 {.5, 0, "1"},
                 {.1234567, 4, "0.1235"},
                 {-.1234567, 4, "-0.1235"},
                 {-.00004, 4, "0"},
                 {2.5, 1, "2.5"},
                 {100.10, 2, "100.1"},
                 {.05, 1, "0.1"},
                 {9.9999, 3, "10"},
                 {1e-9, 9, "0.000000001"},
                 {123456.7890125, 6, "123456.789013"},
                 {1e15, 9, "1e+15"},
                 {1e300, 2, "1e+300"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        start_again(f);
        piq_json_fixed(&f->w, cases[i].v, cases[i].decimals);
        assert_string_equal(f->buf.ptr, cases[i].want);
    }
}

static void test_json_writer__fixed_is_half_a_unit_off_at_most(void **state)
{
    fixture *f = *state;
    piq_rng r;
    piq_rng_seed(&r, 4);
    for (int i = 0; i < 20000; i++) {
        int decimals = (int)piq_rng_below(&r, 10);
        double v = (piq_rng_uniform(&r) - .5) * 1000;
        start_again(f);
        piq_json_fixed(&f->w, v, decimals);
        double got = strtod(f->buf.ptr, NULL);
        double unit = pow(10, -decimals);
        /* 1e-13 of 500 for what doubles themselves round. */
        assert_true(fabs(got - v) <= unit * .5 + 1e-13 * 500);
        const char *point = strchr(f->buf.ptr, '.');
        size_t shown = point ? strlen(point + 1) : 0;
        assert_true(shown <= (size_t)decimals);
        assert_true(shown == 0 || f->buf.ptr[f->buf.len - 1] != '0');
    }
}

static void test_json_writer__every_byte_of_a_string_survives(void **state)
{
    fixture *f = *state;
    piq_rng r;
    piq_rng_seed(&r, 5);
    static const char *const pieces[] = {
        "a",         "\"",           "\\",
        "/",         "\n",           "\r",
        "\t",        "\b",           "\f",
        "\x01",      "\x1f",         "\x7f",
        "\xC3\xA9",  "\xE2\x82\xAC", "\xF0\x9F\x83\x8F",
        "plain text"};
    for (int i = 0; i < 3000; i++) {
        char text[400];
        size_t len = 0;
        for (uint64_t n = piq_rng_below(&r, 30); n > 0; n--) {
            const char *piece = pieces[piq_rng_below(&r, 16)];
            memcpy(text + len, piece, strlen(piece));
            len += strlen(piece);
            if (piq_rng_below(&r, 10) == 0)
                text[len++] = '\0';
        }
        start_again(f);
        piq_json_str(&f->w, (piq_str){text, len});
        json_t *back = read_back(f);
        assert_int_equal(json_string_length(back), len);
        assert_memory_equal(json_string_value(back), text, len);
        json_decref(back);
    }
}

static void test_json_writer__escapes_as_rfc8259_asks(void **state)
{
    fixture *f = *state;
    piq_json_str(&f->w, (piq_str){"\"\\\n\r\t\x01\x1f\0/\x7f", 10});
    assert_string_equal(f->buf.ptr,
                        "\"\\\"\\\\\\n\\r\\t\\u0001\\u001f\\u0000/\x7f\"");
}

static void test_json_writer__what_is_not_utf8_is_replaced(void **state)
{
    fixture *f = *state;
    piq_json_array(&f->w);
    piq_json_z(&f->w, "a\xFFz");
    piq_json_z(&f->w, "\xC3");
    piq_json_z(&f->w, "\xED\xA0\x80");
    piq_json_array_end(&f->w);
    assert_string_equal(f->buf.ptr,
                        "[\"a\xEF\xBF\xBDz\",\"\xEF\xBF\xBD\","
                        "\"\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\"]");
    piq_rng r;
    piq_rng_seed(&r, 6);
    for (int i = 0; i < 5000; i++) {
        char noise[64];
        for (size_t k = 0; k < sizeof noise; k++)
            noise[k] = (char)piq_rng_u64(&r);
        start_again(f);
        piq_json_str(&f->w, (piq_str){noise, sizeof noise});
        json_decref(read_back(f));
    }
}

static void test_json_writer__a_decimal_comma_changes_nothing(void **state)
{
    fixture *f = *state;
    static const char *const names[] = {"de_DE.UTF-8", "de_DE.utf8",
                                        "fr_FR.UTF-8", "ps_AF.UTF-8"};
    size_t k = 0;
    while (k < 4 && !setlocale(LC_NUMERIC, names[k]))
        k++;
    if (k == 4) {
        print_message("no locale with a decimal comma is installed\n");
        skip();
    }
    double v = 0;
    assert_double_survives(f, 1.0 / 3);
    bool has_point = strchr(f->buf.ptr, '.') && !strchr(f->buf.ptr, ',');
    bool reads = piq_str_to_double(PIQ_STR("1.5"), &v);
    setlocale(LC_NUMERIC, "C");
    assert_true(has_point);
    assert_true(reads && v == 1.5);
}

static void test_json_writer__a_full_buffer_is_said_at_the_end(void **state)
{
    fixture *f = *state;
    piq_buf_release(&f->buf);
    piq_buf_init(&f->buf, 20);
    piq_json_init(&f->w, &f->buf);
    piq_json_array(&f->w);
    for (int i = 0; i < 100; i++)
        piq_json_z(&f->w, "abc\n");
    piq_json_array_end(&f->w);
    assert_int_equal(f->buf.status, PIQ_ELIMIT);
    assert_true(f->buf.len <= 20);
}

#define writer_test(name)                                                      \
    cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        writer_test(test_json_writer__nests_and_separates),
        writer_test(test_json_writer__values_follow_one_another_at_the_top),
        writer_test(test_json_writer__nests_to_its_full_depth),
        writer_test(test_json_writer__integers_are_exact),
        writer_test(test_json_writer__doubles_survive_to_the_bit),
        writer_test(test_json_writer__doubles_are_as_short_as_can_be),
        writer_test(test_json_writer__floats_survive_and_stay_short),
        writer_test(test_json_writer__what_is_no_number_is_null),
        writer_test(test_json_writer__fixed_rounds_and_drops_zeros),
        writer_test(test_json_writer__fixed_is_half_a_unit_off_at_most),
        writer_test(test_json_writer__every_byte_of_a_string_survives),
        writer_test(test_json_writer__escapes_as_rfc8259_asks),
        writer_test(test_json_writer__what_is_not_utf8_is_replaced),
        writer_test(test_json_writer__a_decimal_comma_changes_nothing),
        cmocka_unit_test(test_json_writer__misuse_is_a_failed_assertion),
        writer_test(test_json_writer__a_full_buffer_is_said_at_the_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
