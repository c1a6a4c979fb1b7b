#include "base/log.h"

#include "base/clock.h"

#include <jansson.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

typedef struct caught {
    char line[4096];
    size_t len;
    int n;
} caught;

static void catch_line(void *ctx, const char *line, size_t len)
{
    caught *c = ctx;
    assert_true(len < sizeof c->line);
    memcpy(c->line, line, len);
    c->line[len] = '\0';
    c->len = len;
    c->n++;
}

static int tear_down(void **state)
{
    (void)state;
    piq_log_configure(PIQ_LOG_INFO, false, NULL, NULL);
    return 0;
}

/* One line, the newline at its end and nowhere else. */
static void assert_one_line(const caught *c)
{
    assert_int_equal(c->n, 1);
    assert_int_equal(strlen(c->line), c->len);
    assert_ptr_equal(strchr(c->line, '\n'), c->line + c->len - 1);
}

static json_t *read_line(const caught *c)
{
    json_error_t error;
    assert_one_line(c);
    json_t *v = json_loadb(c->line, c->len, JSON_REJECT_DUPLICATES, &error);
    if (!v)
        fail_msg("%s in %s", error.text, c->line);
    return v;
}

static void test_log__without_a_sink_nothing_happens(void **state)
{
    (void)state;
    piq_log_configure(PIQ_LOG_DEBUG, false, NULL, NULL);
    assert_false(piq_log_on(PIQ_LOG_ERROR));
    piq_log(PIQ_LOG_ERROR, 1, "nobody hears", NULL, 0);
}

static void test_log__levels_below_the_least_are_dropped(void **state)
{
    (void)state;
    caught c = {.n = 0};
    piq_log_configure(PIQ_LOG_WARN, false, catch_line, &c);
    assert_false(piq_log_on(PIQ_LOG_INFO));
    assert_true(piq_log_on(PIQ_LOG_WARN));
    piq_log(PIQ_LOG_INFO, 0, "quiet", NULL, 0);
    assert_int_equal(c.n, 0);
    piq_log(PIQ_LOG_ERROR, 0, "loud", NULL, 0);
    assert_int_equal(c.n, 1);
}

static void test_log__a_text_line_for_people(void **state)
{
    (void)state;
    caught c = {.n = 0};
    piq_log_configure(PIQ_LOG_DEBUG, false, catch_line, &c);
    const piq_log_field fields[] = {
        piq_log_z("path", "/healthz"), piq_log_z("text", "two words"),
        piq_log_int("bytes", -7), piq_log_double("s", .25),
        piq_log_z("none", NULL)};
    piq_log(PIQ_LOG_INFO, 255, "a request", fields, 5);
    assert_one_line(&c);
    const char *tail = strchr(c.line, ' ');
    assert_non_null(tail);
    assert_string_equal(tail, " info message=\"a request\" "
                              "request_id=00000000000000ff path=/healthz "
                              "text=\"two words\" bytes=-7 s=0.25 none=\"\"\n");
}

static void test_log__a_json_line_for_machines(void **state)
{
    (void)state;
    caught c = {.n = 0};
    piq_log_configure(PIQ_LOG_DEBUG, true, catch_line, &c);
    const piq_log_field fields[] = {piq_log_z("who", "\"x\"\n"),
                                    piq_log_int("n", 3),
                                    piq_log_double("s", .25)};
    piq_log(PIQ_LOG_WARN, 0, "slow", fields, 3);
    json_t *v = read_line(&c);
    assert_string_equal(json_string_value(json_object_get(v, "level")), "warn");
    assert_string_equal(json_string_value(json_object_get(v, "message")),
                        "slow");
    assert_string_equal(json_string_value(json_object_get(v, "who")),
                        "\"x\"\n");
    assert_int_equal(json_integer_value(json_object_get(v, "n")), 3);
    assert_true(json_real_value(json_object_get(v, "s")) == .25);
    assert_null(json_object_get(v, "request_id"));
    assert_non_null(json_object_get(v, "at"));
    json_decref(v);
}

static void test_log__no_value_can_start_a_line_of_its_own(void **state)
{
    (void)state;
    caught c = {.n = 0};
    piq_log_configure(PIQ_LOG_DEBUG, false, catch_line, &c);
    const piq_log_field field = piq_log_z("q", "x\n2026 error message=lie\x1b");
    piq_log(PIQ_LOG_INFO, 0, "a\nb", &field, 1);
    assert_one_line(&c);
    assert_non_null(strstr(c.line, "\"x\\n2026 error message=lie\\u001b\""));
}

static void test_log__long_values_are_cut_and_the_line_stays_whole(void **state)
{
    (void)state;
    char text[9000];
    /* Three-byte characters: a cut must not fall inside one. */
    for (size_t i = 0; i + 3 < sizeof text; i += 3)
        memcpy(text + i, "\xE2\x82\xAC", 3);
    for (size_t len = 600; len < sizeof text; len += 171) {
        char shorter[9000];
        memcpy(shorter, text, len);
        shorter[len / 3 * 3] = '\0';
        caught c = {.n = 0};
        piq_log_configure(PIQ_LOG_DEBUG, true, catch_line, &c);
        const piq_log_field fields[] = {piq_log_z("long", shorter),
                                        piq_log_z("again", shorter),
                                        piq_log_z("third", shorter)};
        piq_log(PIQ_LOG_ERROR, 5, "much", fields, 3);
        assert_true(c.len <= 2048);
        json_t *v = read_line(&c);
        assert_true(json_string_length(json_object_get(v, "long")) > 500);
        assert_null(strstr(c.line, "\xEF\xBF\xBD"));
        json_decref(v);
    }
}

static void test_log__an_error_brings_its_place_and_hint(void **state)
{
    (void)state;
    caught c = {.n = 0};
    piq_err err;
    piq_log_configure(PIQ_LOG_INFO, true, catch_line, &c);
    piq_fail(&err, PIQ_EIO, "cannot write");
    piq_err_at(&err, "table events");
    piq_err_hint(&err, "is the disk full?");
    piq_log_err(0, "commit failed", &err);
    json_t *v = read_line(&c);
    assert_string_equal(json_string_value(json_object_get(v, "level")),
                        "error");
    assert_string_equal(json_string_value(json_object_get(v, "status")),
                        "storage failed");
    assert_string_equal(json_string_value(json_object_get(v, "error")),
                        "cannot write");
    assert_string_equal(json_string_value(json_object_get(v, "where")),
                        "table events");
    assert_string_equal(json_string_value(json_object_get(v, "hint")),
                        "is the disk full?");
    json_decref(v);
}

static void test_clock__durations_do_not_run_backwards(void **state)
{
    (void)state;
    int64_t last = piq_clock_monotonic_ns();
    for (int i = 0; i < 1000; i++) {
        int64_t now = piq_clock_monotonic_ns();
        assert_true(now >= last);
        last = now;
    }
    /* After 2020 and before 2200: microseconds, not another unit. */
    assert_true(piq_clock_now_us() > INT64_C(1577836800000000));
    assert_true(piq_clock_now_us() < INT64_C(7258118400000000));
}

#define log_test(name) cmocka_unit_test_teardown(name, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        log_test(test_log__without_a_sink_nothing_happens),
        log_test(test_log__levels_below_the_least_are_dropped),
        log_test(test_log__a_text_line_for_people),
        log_test(test_log__a_json_line_for_machines),
        log_test(test_log__no_value_can_start_a_line_of_its_own),
        log_test(test_log__long_values_are_cut_and_the_line_stays_whole),
        log_test(test_log__an_error_brings_its_place_and_hint),
        cmocka_unit_test(test_clock__durations_do_not_run_backwards),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
