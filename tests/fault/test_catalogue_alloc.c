/* Reading a curriculum while the Nth allocation fails: it says so, hands out
 * nothing and loses nothing (the leak checker watches). */
#include "base/arena.h"
#include "domain/catalogue.h"
#include "support/catalogue_document.h"

#include <jansson.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* jansson's memory joins the same count. */
static void *counted_malloc(size_t size)
{
    return piq_alloc_should_fail() ? NULL : malloc(size);
}

static int tear_down(void **state)
{
    (void)state;
    piq_alloc_fail_after(0, 0);
    json_set_alloc_funcs(malloc, free);
    return 0;
}

static piq_status read_with_failure(long k, int sticky, const char *text,
                                    const piq_catalogue *previous)
{
    piq_arena a;
    piq_arena_init(&a, 0);
    piq_catalogue *c = NULL;
    piq_findings findings;
    piq_catalogue_change change;
    piq_err err = {0};
    piq_alloc_fail_after(k, sticky);
    piq_status status = piq_catalogue_read(&a, piq_str_of(text), previous, &c,
                                           &findings, &change, &err);
    piq_alloc_fail_after(0, 0);
    assert_true((c != NULL) == (status == PIQ_OK));
    if (status)
        assert_true(err.message[0] != '\0');
    piq_catalogue_free(c);
    piq_arena_release(&a);
    return status;
}

/* Fails the 1st, 2nd, .. until reading gets through; how many that took. */
static long until_it_passes(int sticky, const char *text,
                            const piq_catalogue *previous, piq_status passed)
{
    for (long k = 1; k < 100000; k++) {
        piq_status status = read_with_failure(k, sticky, text, previous);
        if (status == passed)
            return k;
        assert_int_equal(status, PIQ_ENOMEM);
    }
    fail();
    return 0;
}

static void test_catalogue_alloc__reading_says_no_memory(void **state)
{
    (void)state;
    assert_true(until_it_passes(1, catalogue_document, NULL, PIQ_OK) > 5);
}

static void test_catalogue_alloc__merging_says_no_memory(void **state)
{
    (void)state;
    piq_arena a;
    piq_arena_init(&a, 0);
    size_t len;
    char *music = read_whole("tests/golden/curriculum-music.json", &len);
    assert_non_null(music);
    piq_catalogue *before = NULL;
    piq_findings findings;
    assert_int_equal(piq_catalogue_read(&a, (piq_str){music, len}, NULL,
                                        &before, &findings, NULL, NULL),
                     PIQ_OK);
    assert_true(until_it_passes(1, catalogue_document, before, PIQ_OK) > 5);
    piq_catalogue_free(before);
    piq_arena_release(&a);
    free(music);
}

static void test_catalogue_alloc__findings_need_memory_too(void **state)
{
    (void)state;
    char *text =
        document_with(catalogue_document, "\"guess\": 0.25", "\"guess\": 9");
    assert_true(until_it_passes(1, text, NULL, PIQ_EINVAL) > 5);
    free(text);
}

/* The parser's own failures come as whatever it calls them. */
static void test_catalogue_alloc__parser_without_memory_is_safe(void **state)
{
    (void)state;
    json_set_alloc_funcs(counted_malloc, free);
    long k = 1;
    while (read_with_failure(k, 0, catalogue_document, NULL) != PIQ_OK)
        k++;
    assert_true(k > 100);
    json_set_alloc_funcs(malloc, free);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(test_catalogue_alloc__reading_says_no_memory,
                                  tear_down),
        cmocka_unit_test_teardown(test_catalogue_alloc__merging_says_no_memory,
                                  tear_down),
        cmocka_unit_test_teardown(
            test_catalogue_alloc__findings_need_memory_too, tear_down),
        cmocka_unit_test_teardown(
            test_catalogue_alloc__parser_without_memory_is_safe, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
