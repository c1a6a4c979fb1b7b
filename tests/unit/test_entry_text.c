/* Members of a JSON object, found in its text: as we write it, as a store lays
 * it out anew, and where it is cut off anywhere. */
#include "engine/entry_text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const char entry[] =
    "{\"at\":\"x\",\"why\":\"says \\\"kept\\\": [1] {\\\\\",\"n\":-1.50,"
    "\"kept\":[{\"a\":1,\"kept\":2},[3]],\"last\":null}";
static const char laid_out[] = "{\"n\": -1.50, \"at\": \"x\", \"kept\": "
                               "[{\"a\": 1}, [3]], \"last\": null}";

static void equal(const char *expected, piq_str got)
{
    assert_int_equal(got.len, strlen(expected));
    assert_memory_equal(got.ptr, expected, got.len);
}

static void test_entry_text__finds_an_objects_own_members(void **state)
{
    (void)state;
    piq_str s = piq_str_of(entry);
    equal("\"x\"", piq_text_member(s, "at"));
    equal("-1.50", piq_text_member(s, "n"));
    equal("[{\"a\":1,\"kept\":2},[3]]", piq_text_member(s, "kept"));
    equal("null", piq_text_member(s, "last"));
    equal("", piq_text_member(s, "a")); /* of what is inside */
    equal("", piq_text_member(s, "ke"));
    equal("[{\"a\": 1}, [3]]", piq_text_member(piq_str_of(laid_out), "kept"));
    equal("null", piq_text_member(piq_str_of(laid_out), "last"));
    equal("", piq_text_member(piq_str_of("[1]"), "at"));
}

static void test_entry_text__leaves_members_out(void **state)
{
    (void)state;
    static const char *const names[] = {"kept", "last", "at"};
    piq_buf b;
    piq_buf_init(&b, 0);
    piq_text_without(piq_str_of(entry), names, 3, &b);
    equal("{\"why\":\"says \\\"kept\\\": [1] {\\\\\",\"n\":-1.50}",
          (piq_str){b.ptr, b.len});
    piq_buf_clear(&b);
    piq_text_without(piq_str_of(laid_out), names, 3, &b);
    equal("{\"n\": -1.50}", (piq_str){b.ptr, b.len});
    piq_buf_clear(&b);
    piq_text_without(piq_str_of(entry), names, 0, &b);
    equal(entry, (piq_str){b.ptr, b.len});
    piq_buf_clear(&b);
    piq_text_without(piq_str_of("17"), names, 3, &b);
    equal("17", (piq_str){b.ptr, b.len});
    piq_buf_release(&b);
}

static void test_entry_text__goes_through_lists(void **state)
{
    (void)state;
    piq_str at = piq_str_of("[{\"a\": [1]}, [2, 3],\"]\" ,4]"), one;
    static const char *const expected[] = {"{\"a\": [1]}", "[2, 3]", "\"]\"",
                                           "4"};
    for (size_t i = 0; i < 4; i++) {
        assert_true(piq_text_next(&at, &one));
        equal(expected[i], one);
    }
    assert_false(piq_text_next(&at, &one));
    at = piq_str_of("[ ]");
    assert_false(piq_text_next(&at, &one));
    at = piq_str_of("");
    assert_false(piq_text_next(&at, &one));
}

/* Each beginning in memory of its own, so that a byte too many is noticed. */
static void test_entry_text__stays_within_what_is_cut_off(void **state)
{
    (void)state;
    static const char *const names[] = {"kept"};
    for (size_t len = 0; len < sizeof entry; len++) {
        char *copy = malloc(len ? len : 1);
        piq_buf b;
        piq_str s = {copy, len}, one;
        assert_non_null(copy);
        memcpy(copy, entry, len);
        piq_str list = piq_text_member(s, "kept");
        assert_true(list.len <= len);
        while (piq_text_next(&list, &one))
            assert_true(one.len <= len);
        piq_buf_init(&b, 0);
        piq_text_without(s, names, 1, &b);
        assert_true(b.len <= len + 2);
        piq_buf_release(&b);
        free(copy);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_entry_text__finds_an_objects_own_members),
        cmocka_unit_test(test_entry_text__leaves_members_out),
        cmocka_unit_test(test_entry_text__goes_through_lists),
        cmocka_unit_test(test_entry_text__stays_within_what_is_cut_off),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
