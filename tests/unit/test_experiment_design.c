/* The design of an A/B test as a document. */
#include "domain/experiment.h"
#include "recommend/policy_overrides.h"

#include "domain/json_reader.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static piq_arena arena;
static piq_experiment_design x;
static piq_err err;

static piq_status read_text(const char *text)
{
    json_t *json = NULL;
    err = (piq_err){0};
    assert_int_equal(piq_json_parse(piq_str_of(text), &json, &err), PIQ_OK);
    piq_status status = piq_experiment_design_read(&arena, json, &x, &err);
    json_decref(json);
    return status;
}

static const char whole[] =
    "{\"name\":\"bolder\",\"arms\":[{\"name\":\"a\",\"share\":60},"
    "{\"name\":\"b\",\"share\":30,\"overrides\":{\"exploration_gamma\":20,"
    "\"diversity\":0.2,\"policy\":7}}],\"outcome_hours\":12,"
    "\"auto_stop\":true}";

static void test_design__is_read(void **state)
{
    (void)state;
    assert_int_equal(read_text(whole), PIQ_OK);
    assert_string_equal(x.name.ptr, "bolder");
    assert_int_equal(x.n_arms, 2);
    assert_int_equal(x.arms[0].share, 60);
    assert_true(isnan(x.arms[0].overrides.exploration_gamma));
    assert_int_equal(x.arms[0].overrides.policy, 0);
    assert_true(x.arms[1].overrides.exploration_gamma == 20);
    assert_true(isnan(x.arms[1].overrides.exploration_delta));
    assert_true(x.arms[1].overrides.diversity == 0.2);
    assert_int_equal(x.arms[1].overrides.policy, 7);
    assert_true(x.outcome_hours == 12 && x.auto_stop);
    assert_int_equal(x.state, PIQ_EXPERIMENT_RUNNING);
    assert_int_equal(read_text("{\"name\":\"n\",\"arms\":[{\"name\":\"a\","
                               "\"share\":1},{\"name\":\"b\",\"share\":99}]}"),
                     PIQ_OK);
    assert_true(x.outcome_hours == 24 && !x.auto_stop);
}

static void test_design__what_is_written_reads_back_the_same(void **state)
{
    piq_buf b[2];
    piq_json_writer w;
    (void)state;
    assert_int_equal(read_text(whole), PIQ_OK);
    for (int i = 0; i < 2; i++) {
        piq_buf_init(&b[i], 0);
        piq_json_init(&w, &b[i]);
        piq_json_object(&w);
        piq_experiment_design_write(&x, &w);
        piq_json_object_end(&w);
        piq_buf_add_char(&b[i], '\0');
        assert_int_equal(read_text(b[i].ptr), PIQ_OK);
    }
    assert_string_equal(b[0].ptr, b[1].ptr);
    piq_buf_release(&b[0]);
    piq_buf_release(&b[1]);
}

static void test_design__faults_are_named_by_pointer(void **state)
{
    static const struct {
        const char *text, *where;
    } faults[] = {
        {"[]", ""},
        {"{\"arms\":[]}", "/name"},
        {"{\"name\":\"A b\",\"arms\":[]}", "/name"},
        {"{\"name\":\"a\",\"arms\":[]}", "/arms"},
        {"{\"name\":\"a\",\"arms\":[{\"name\":\"a\",\"share\":50}]}", "/arms"},
        {"{\"name\":\"a\",\"arms\":[{\"name\":\"a\",\"share\":50},"
         "{\"name\":\"a\",\"share\":50}]}",
         "/arms/1"},
        {"{\"name\":\"a\",\"arms\":[{\"name\":\"a\",\"share\":50},"
         "{\"name\":\"b\",\"share\":51}]}",
         "/arms"},
        {"{\"name\":\"a\",\"arms\":[{\"name\":\"a\",\"share\":0},"
         "{\"name\":\"b\",\"share\":50}]}",
         "/arms/0/share"},
        {"{\"name\":\"a\",\"arms\":[{\"name\":\"a\",\"share\":50},"
         "{\"name\":\"b\",\"share\":50,\"overrides\":{\"gamma\":1}}]}",
         "/arms/1/overrides/gamma"},
        {"{\"name\":\"a\",\"arms\":[{\"name\":\"a\",\"share\":50},"
         "{\"name\":\"b\",\"share\":50,\"overrides\":"
         "{\"exploration_floor\":2}}]}",
         "/arms/1/overrides/exploration_floor"},
        {"{\"name\":\"a\",\"arms\":[{\"name\":\"a\",\"share\":50},"
         "{\"name\":\"b\",\"share\":50}],\"outcome_hours\":721}",
         "/outcome_hours"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof faults / sizeof faults[0]; i++)
        if (read_text(faults[i].text) != PIQ_EINVAL ||
            strcmp(err.where, faults[i].where) != 0)
            fail_msg("%s: at \"%s\": %s", faults[i].text, err.where,
                     err.message);
}

static void test_overrides__leave_what_they_do_not_name(void **state)
{
    piq_explore_rule rule = {.delta = 1, .gamma = 2, .floor = 3};
    piq_policy_overrides o = piq_policy_overrides_none();
    (void)state;
    piq_policy_overrides_explore(NULL, &rule);
    piq_policy_overrides_explore(&o, &rule);
    assert_true(rule.delta == 1 && rule.gamma == 2 && rule.floor == 3);
    assert_true(piq_policy_overrides_diversity(&o, .5) == .5);
    assert_int_equal(piq_policy_overrides_policy(&o, 4), 4);
    o.exploration_gamma = 20;
    o.diversity = 0;
    o.policy = 9;
    piq_policy_overrides_explore(&o, &rule);
    assert_true(rule.delta == 1 && rule.gamma == 20 && rule.floor == 3);
    assert_true(piq_policy_overrides_diversity(&o, .5) == 0);
    assert_int_equal(piq_policy_overrides_policy(&o, 4), 9);
}

static int open_arena(void **state)
{
    (void)state;
    piq_arena_init(&arena, 0);
    return 0;
}

static int close_arena(void **state)
{
    (void)state;
    piq_arena_release(&arena);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_design__is_read),
        cmocka_unit_test(test_design__what_is_written_reads_back_the_same),
        cmocka_unit_test(test_design__faults_are_named_by_pointer),
        cmocka_unit_test(test_overrides__leave_what_they_do_not_name),
    };
    return cmocka_run_group_tests(tests, open_arena, close_arena);
}
