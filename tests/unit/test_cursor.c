/* Cursors of lists, and the header of W3C Trace Context. */
#include "api/cursor.h"
#include "api/trace.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void assert_comes_back(int64_t at, const char *name)
{
    piq_cursor c = {.at = at}, back;
    char text[PIQ_CURSOR_TEXT_BYTES];
    strncpy(c.name, name, sizeof c.name - 1);
    piq_cursor_write(&c, PIQ_CURSOR_EVENTS, 7, text);
    assert_true(strlen(text) < sizeof text);
    assert_true(piq_cursor_read(piq_str_of(text), PIQ_CURSOR_EVENTS, 7, &back));
    assert_int_equal(back.at, at);
    assert_string_equal(back.name, c.name);
}

static void test_cursor__comes_back_as_it_was(void **state)
{
    (void)state;
    assert_comes_back(0, "");
    assert_comes_back(INT64_MIN, "x");
    assert_comes_back(INT64_MAX, "0123456789012345678901234567890123456789"
                                 "012345678901234567890123");
    assert_comes_back(-1, "é-2");
}

static void test_cursor__is_good_for_its_own_list_alone(void **state)
{
    (void)state;
    piq_cursor c = {.at = 12, .name = "a"}, back;
    char text[PIQ_CURSOR_TEXT_BYTES];
    piq_cursor_write(&c, PIQ_CURSOR_EVENTS, 7, text);
    piq_str s = piq_str_of(text);
    assert_false(piq_cursor_read(s, PIQ_CURSOR_HISTORY, 7, &back));
    assert_false(piq_cursor_read(s, PIQ_CURSOR_EVENTS, 8, &back));
    assert_true(piq_cursor_read(s, PIQ_CURSOR_EVENTS, 7, &back));
}

static void test_cursor__any_other_letter_is_refused(void **state)
{
    (void)state;
    piq_cursor c = {.at = 1234567890123, .name = "event-1"}, back;
    char text[PIQ_CURSOR_TEXT_BYTES];
    piq_cursor_write(&c, PIQ_CURSOR_EVENTS, 7, text);
    size_t len = strlen(text);
    for (size_t i = 0; i < len; i++) {
        char kept = text[i];
        text[i] = kept == 'A' ? 'B' : 'A';
        assert_false(
            piq_cursor_read((piq_str){text, len}, PIQ_CURSOR_EVENTS, 7, &back));
        text[i] = kept;
    }
    for (size_t n = 0; n < len; n++)
        assert_false(
            piq_cursor_read((piq_str){text, n}, PIQ_CURSOR_EVENTS, 7, &back));
}

#define TRACE_ID "4bf92f3577b34da6a3ce929d0e0e4736"
#define SPAN_ID  "00f067aa0ba902b7"

static void test_trace__is_taken_over_with_a_span_of_ours(void **state)
{
    (void)state;
    piq_trace t;
    char out[PIQ_TRACEPARENT_BYTES];
    assert_true(
        piq_trace_read(PIQ_STR("00-" TRACE_ID "-" SPAN_ID "-01"), 5, &t));
    assert_string_equal(t.trace, TRACE_ID);
    assert_string_equal(t.parent, SPAN_ID);
    assert_int_equal(t.flags, 1);
    assert_int_equal(strlen(t.span), 16);
    assert_string_not_equal(t.span, SPAN_ID);
    piq_trace_write(&t, out);
    piq_trace again;
    assert_true(piq_trace_read(piq_str_of(out), 6, &again));
    assert_string_equal(again.parent, t.span);
    assert_string_not_equal(again.span, t.span);
}

static void test_trace__a_later_version_is_read_as_far_as_known(void **state)
{
    (void)state;
    piq_trace t;
    assert_true(
        piq_trace_read(PIQ_STR("cc-" TRACE_ID "-" SPAN_ID "-03"), 5, &t));
    assert_int_equal(t.flags, 1);
    assert_true(piq_trace_read(
        PIQ_STR("cc-" TRACE_ID "-" SPAN_ID "-00-what-the-future-is"), 5, &t));
    assert_int_equal(t.flags, 0);
    assert_false(
        piq_trace_read(PIQ_STR("cc-" TRACE_ID "-" SPAN_ID "-01.what"), 5, &t));
}

static void test_trace__what_is_not_sound_is_not_traced(void **state)
{
    (void)state;
    static const char *const wrong[] = {
        "",
        "00",
        "00-" TRACE_ID "-" SPAN_ID "-1",
        "00-" TRACE_ID "-" SPAN_ID "-01-more",
        "00-" TRACE_ID "-" SPAN_ID "-01 ",
        "ff-" TRACE_ID "-" SPAN_ID "-01",
        "0g-" TRACE_ID "-" SPAN_ID "-01",
        "00-00000000000000000000000000000000-" SPAN_ID "-01",
        "00-" TRACE_ID "-0000000000000000-01",
        "00-4BF92F3577B34DA6A3CE929D0E0E4736-" SPAN_ID "-01",
        "00-" TRACE_ID "-00F067AA0BA902B7-01",
        "00_" TRACE_ID "-" SPAN_ID "-01",
        "00-" TRACE_ID "_" SPAN_ID "-01",
        "00-" TRACE_ID "-" SPAN_ID "_01",
        "00-" TRACE_ID "-" SPAN_ID "-0x",
    };
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        piq_trace t;
        assert_false(piq_trace_read(piq_str_of(wrong[i]), 5, &t));
        assert_false(t.on);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cursor__comes_back_as_it_was),
        cmocka_unit_test(test_cursor__is_good_for_its_own_list_alone),
        cmocka_unit_test(test_cursor__any_other_letter_is_refused),
        cmocka_unit_test(test_trace__is_taken_over_with_a_span_of_ours),
        cmocka_unit_test(test_trace__a_later_version_is_read_as_far_as_known),
        cmocka_unit_test(test_trace__what_is_not_sound_is_not_traced),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
