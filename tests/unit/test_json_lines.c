/* The line of a value, by its pointer. */
#include "domain/json_lines.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static const char text[] = "\n"
                           "{ \"a\": 1,\n"
                           "  \"list\": [ {\"x\": [1,\n"
                           "     2, \"]}\\\"\"],\n"
                           "     \"y\": {\"deep\":\n"
                           "        true}},\n"
                           "   {\"\\u00e9/t~\\ud83c\\udfb5\":\n"
                           "      null}],\n"
                           "  \"z\":\n"
                           "    \"end\"}\n";

static unsigned line_of(const char *pointer)
{
    piq_arena a;
    piq_arena_init(&a, 0);
    piq_json_lines l;
    piq_json_lines_init(&l, &a, (piq_str){text, sizeof text - 1});
    unsigned line = piq_json_lines_find(&l, pointer);
    piq_arena_release(&a);
    return line;
}

static void test_json_lines__finds_values_at_every_depth(void **state)
{
    (void)state;
    assert_int_equal(line_of(""), 2);
    assert_int_equal(line_of("/a"), 2);
    assert_int_equal(line_of("/list"), 3);
    assert_int_equal(line_of("/list/0"), 3);
    assert_int_equal(line_of("/list/0/x/0"), 3);
    assert_int_equal(line_of("/list/0/x/1"), 4);
    assert_int_equal(line_of("/list/0/x/2"), 4);
    assert_int_equal(line_of("/list/0/y"), 5);
    assert_int_equal(line_of("/list/0/y/deep"), 6);
    assert_int_equal(line_of("/list/1"), 7);
    assert_int_equal(line_of("/z"), 10);
}

static void test_json_lines__understands_escapes_in_names(void **state)
{
    (void)state;
    /* e acute, "/t~", a musical note (U+1F3B5, a surrogate pair) */
    assert_int_equal(line_of("/list/1/\xc3\xa9~1t~0\xf0\x9f\x8e\xb5"), 8);
}

static void test_json_lines__stops_at_the_deepest_value_there_is(void **state)
{
    (void)state;
    assert_int_equal(line_of("/list/0/y/none"), 5);
    assert_int_equal(line_of("/list/7"), 3);
    assert_int_equal(line_of("/list/x"), 3);
    assert_int_equal(line_of("/none/1"), 2);
}

static void test_json_lines__works_without_memory(void **state)
{
    (void)state;
    piq_arena a;
    piq_arena_init(&a, 1); /* no room for anything */
    piq_json_lines l;
    piq_json_lines_init(&l, &a, (piq_str){text, sizeof text - 1});
    assert_int_equal(piq_json_lines_find(&l, "/list/0/y/deep"), 6);
    piq_arena_release(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_json_lines__finds_values_at_every_depth),
        cmocka_unit_test(test_json_lines__understands_escapes_in_names),
        cmocka_unit_test(test_json_lines__stops_at_the_deepest_value_there_is),
        cmocka_unit_test(test_json_lines__works_without_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
