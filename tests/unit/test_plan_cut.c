/* A stored path, listed in part. */
#include "domain/plan.h"

#include <jansson.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

/* What could be taken for the end of a step, or of the list, stands in it. */
static const char text[] =
    "{\"targets\":[\"a\"],\"note\":\"\\\"steps\\\":[{}\",\"steps_total\":3,"
    "\"steps\":[{\"why\":\"}]\"},{\"why\":\"\\\\\\\"{\",\"x\":{\"y\":[1]}},"
    "{\"why\":\",\"}]}";

static size_t n_left(const char *json, size_t n_steps)
{
    piq_buf b;
    json_error_t error;
    piq_buf_init(&b, 0);
    piq_plan_cut(piq_str_of(json), n_steps, &b);
    assert_int_equal(b.status, PIQ_OK);
    json_t *cut = json_loadb(b.ptr, b.len, JSON_REJECT_DUPLICATES, &error);
    if (!cut)
        fail_msg("%.*s: %s", (int)b.len, b.ptr, error.text);
    const json_t *steps = json_object_get(cut, "steps");
    json_t *whole = json_loads(json, 0, NULL);
    const json_t *all = json_object_get(whole, "steps");
    for (size_t i = 0; i < json_array_size(steps); i++)
        assert_true(
            json_equal(json_array_get(steps, i), json_array_get(all, i)));
    size_t n = json_array_size(steps);
    json_object_del(cut, "steps");
    json_object_del(whole, "steps");
    assert_true(json_equal(cut, whole));
    json_decref(cut);
    json_decref(whole);
    piq_buf_release(&b);
    return n;
}

static void test_plan_cut__keeps_the_first_steps_and_all_else(void **state)
{
    (void)state;
    assert_int_equal(n_left(text, 0), 0);
    assert_int_equal(n_left(text, 1), 1);
    assert_int_equal(n_left(text, 2), 2);
    assert_int_equal(n_left(text, 3), 3);
}

static void test_plan_cut__leaves_a_short_path_whole(void **state)
{
    (void)state;
    assert_int_equal(n_left(text, 4), 3);
    assert_int_equal(n_left(text, SIZE_MAX), 3);
    assert_int_equal(n_left("{\"steps_total\":0,\"steps\":[]}", 5), 0);
    assert_int_equal(n_left("{\"steps_total\":0,\"steps\":[]}", 0), 0);
}

static void test_plan_cut__leaves_what_is_no_path_alone(void **state)
{
    (void)state;
    piq_buf b;
    piq_buf_init(&b, 0);
    piq_plan_cut((piq_str){0}, 3, &b);
    assert_int_equal(b.len, 0);
    piq_plan_cut(PIQ_STR("{}"), 3, &b);
    assert_int_equal(b.len, 2);
    piq_buf_clear(&b);
    /* Not whole: nothing is read past the end. */
    piq_plan_cut(PIQ_STR("{\"steps\":[{\"a\":\"\\"), 3, &b);
    assert_int_equal(b.status, PIQ_OK);
    piq_buf_release(&b);
}

/* As PostgreSQL gives JSONB back: blanks, and members in another order. */
static void test_plan_cut__takes_a_path_laid_out_anew(void **state)
{
    (void)state;
    static const char path[] =
        "{\"goal\": \"]\", \"steps\": [{\"a\": [1, {\"b\": 2}]}, "
        "{\"a\": \"}]\"}, {\"a\": 3}], \"steps_total\": 3, "
        "\"estimate\": {\"steps\": 9}}";
    for (size_t n = 0; n <= 3; n++)
        assert_int_equal(n_left(path, n), n);
    assert_int_equal(n_left(path, 10), 3);
    assert_int_equal(n_left("{\"steps\": []}", 2), 0);
    assert_int_equal(n_left("{\"steps\": [], \"n\": 0}", 2), 0);
    /* Without the blanks, as the store hands it on. */
    assert_int_equal(n_left("{\"steps\":[{\"a\":1},{\"a\":2}],\"n\":0}", 1), 1);
    assert_int_equal(n_left("{\"steps\":[{\"a\":1}],\"day\":null}", 5), 1);
}

/* However much of it there is: what the whole gives, or "more of it". */
static void test_plan_cut__beginning_gives_the_same_or_nothing(void **state)
{
    static const char before[] = "{\"current_position\":1,\"x\":\"]}\",";
    char ours[sizeof before + sizeof text];
    (void)state;
    snprintf(ours, sizeof ours, "%s%s", before, text + 1);
    const size_t len = strlen(ours);
    for (size_t n_steps = 0; n_steps < 4; n_steps++) {
        piq_buf whole, start;
        size_t n_given = 0;
        piq_buf_init(&whole, 0);
        piq_buf_init(&start, 0);
        piq_plan_cut(piq_str_of(ours), 1 + n_steps, &whole);
        for (size_t k = 0; k <= len; k++) {
            piq_buf_clear(&start);
            if (!piq_plan_cut_start((piq_str){ours, k}, k == len, n_steps,
                                    &start)) {
                assert_int_equal(start.len, 0);
                continue;
            }
            assert_int_equal(start.len, whole.len);
            assert_memory_equal(start.ptr, whole.ptr, whole.len);
            n_given++;
        }
        assert_true(n_given > 0);
        piq_buf_release(&start);
        piq_buf_release(&whole);
    }
}

/* Another hand's: its members in another order, with blanks or without. */
static void assert_cut_as_a_whole(const char *text_of, const char *expected)
{
    const piq_str s = piq_str_of(text_of);
    piq_buf b;
    piq_buf_init(&b, 0);
    for (size_t k = 0; k < s.len; k++)
        assert_false(piq_plan_cut_start((piq_str){s.ptr, k}, false, 1, &b));
    assert_true(piq_plan_cut_start(s, true, 1, &b));
    assert_int_equal(b.len, strlen(expected));
    assert_memory_equal(b.ptr, expected, b.len);
    piq_buf_release(&b);
}

static void test_plan_cut__texts_laid_out_anew_are_wanted_whole(void **state)
{
    (void)state;
    assert_cut_as_a_whole("{\"steps\": [{\"a\": 1}, {\"a\": 2}, {\"a\": 3}],"
                          " \"targets\": [], \"current_position\": 1}",
                          "{\"steps\": [{\"a\": 1}, {\"a\": 2}],"
                          " \"targets\": [], \"current_position\": 1}");
    assert_cut_as_a_whole(
        "{\"steps\":[{\"a\":1},{\"a\":2}],\"n\":0,\"current_position\":0}",
        "{\"steps\":[{\"a\":1}],\"n\":0,\"current_position\":0}");
    assert_cut_as_a_whole("{\"no\":1}", "{\"no\":1}");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_plan_cut__keeps_the_first_steps_and_all_else),
        cmocka_unit_test(test_plan_cut__leaves_a_short_path_whole),
        cmocka_unit_test(test_plan_cut__leaves_what_is_no_path_alone),
        cmocka_unit_test(test_plan_cut__takes_a_path_laid_out_anew),
        cmocka_unit_test(test_plan_cut__beginning_gives_the_same_or_nothing),
        cmocka_unit_test(test_plan_cut__texts_laid_out_anew_are_wanted_whole),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
