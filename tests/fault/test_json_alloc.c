/* Reading JSON while the nth allocation fails, for n = 1, 2, .. until it goes
 * through, that one alone or all from there on: a text that is JSON is never
 * called anything else, and what is read is what it says. */
#include "base/arena.h"
#include "domain/json_memory.h"
#include "domain/json_reader.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

enum { MANY = 2000 };

/* Long words among them: their text has to grow. */
static const char *const texts[] = {
    "null",
    "[]",
    "-12.5e-3",
    "12345678901234567",
    "\"a word of more than sixteen, of more than thirty-two letters\"",
    "\"\\u00e9\\n\\ud83c\\udca1 \xc3\xa9, escaped and not, over and over\"",
    "{\"event_id\":\"e-1\",\"at\":\"2026-11-03T10:00:00Z\",\"type\":"
    "\"answer\",\"concepts\":[\"rhy.pulse\",\"pit.notes\"],\"correct\":true,"
    "\"a name that is longer than any other name in here\":[[[{\"b\":0.25}]]]}",
    "[1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25]",
    ("{\"a\":1,\"b\":2,\"c\":3,\"d\":4,\"e\":5,\"f\":6,\"g\":7,\"h\":8,\"i\":9,"
     "\"j\":10,\"k\":11,\"l\":12,\"m\":13,\"n\":14,\"o\":15,\"p\":16}"),
};
enum { N_TEXTS = sizeof texts / sizeof texts[0] };

typedef piq_status parse_fn(piq_str text, json_t **out, piq_err *err);

static piq_status parse_own(piq_str text, json_t **out, piq_err *err)
{
    piq_status status = piq_json_parse_own(text, out);
    return status ? piq_fail(err, status, "it is our own") : status;
}

static void try_all(parse_fn *parse, const char *text, int sticky)
{
    piq_err err = {0};
    json_t *whole = NULL;
    assert_int_equal(parse(piq_str_of(text), &whole, &err), PIQ_OK);
    piq_status status = PIQ_ENOMEM;
    int n = 0;
    while (status && n < MANY) {
        json_t *json = NULL;
        err = (piq_err){0};
        piq_alloc_fail_after(++n, sticky);
        status = parse(piq_str_of(text), &json, &err);
        piq_alloc_fail_after(0, 0);
        if (status != PIQ_OK && status != PIQ_ENOMEM)
            fail_msg("%s: the %dth: %s", text, n, err.message);
        assert_int_equal(status == PIQ_OK, json_equal(json, whole));
        json_decref(json);
    }
    assert_int_equal(status, PIQ_OK);
    assert_true(n > 1); /* it did fail */
    json_decref(whole);
}

static void test_json_alloc__no_memory_is_not_bad_json(void **state)
{
    (void)state;
    for (size_t i = 0; i < N_TEXTS; i++)
        for (int sticky = 0; sticky < 2; sticky++) {
            try_all(piq_json_parse, texts[i], sticky);
            try_all(parse_own, texts[i], sticky);
        }
}

/* What is no JSON may be told so, or that there was no memory to see it. */
static void test_json_alloc__bad_json_is_never_taken(void **state)
{
    static const char *const wrong[] = {
        "{\"a word of more than sixteen letters\":1,}", "[1 2]", "{\"a\":1}x",
        "\"a word of more than sixteen letters, \\ud800\"",
        "{\"twice\":1,\"twice\":2}"};
    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        for (int n = 1; n < 60; n++) {
            json_t *json = NULL;
            piq_alloc_fail_after(n, 0);
            piq_status status =
                piq_json_parse(piq_str_of(wrong[i]), &json, NULL);
            piq_alloc_fail_after(0, 0);
            assert_true(status == PIQ_EPARSE || status == PIQ_ENOMEM);
            assert_null(json);
        }
}

/* A comparison that could not be made finds no likeness, and none is kept. */
static void test_json_alloc__nothing_is_the_same_without_memory(void **state)
{
    bool same = false;
    int n = 0;
    (void)state;
    while (!same && n < MANY) {
        piq_alloc_fail_after(++n, 0);
        same = piq_json_same(PIQ_STR("{\"a\":1.0,\"b\":[2]}"),
                             PIQ_STR("{\"b\":[2],\"a\":1}"));
        piq_alloc_fail_after(0, 0);
        assert_false(piq_json_same(PIQ_STR("{\"a\":1}"), PIQ_STR("{}")));
    }
    assert_true(same);
}

int main(void)
{
    piq_json_memory_install();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_json_alloc__no_memory_is_not_bad_json),
        cmocka_unit_test(test_json_alloc__bad_json_is_never_taken),
        cmocka_unit_test(test_json_alloc__nothing_is_the_same_without_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
