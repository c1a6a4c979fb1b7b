/* Rules at work on a slate, on a curriculum of thirteen contents. */
#include "recommend/business.h"

#include "base/calendar.h"
#include "domain/json_reader.h"
#include "support/small_catalogue.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define NOW INT64_C(1767225600000000) /* 2026-01-01T00:00:00Z */
#define DAY PIQ_US_PER_DAY

typedef struct fixture {
    piq_catalogue *c;
    piq_arena a;
    piq_rule_set set;
    piq_business *rules;
    piq_content_history history[N_SMALL_CONTENTS];
    piq_shown shown[8];
    piq_business_question q;
    piq_business_view v;
} fixture;

static int setup(void **state)
{
    fixture *f = calloc(1, sizeof *f);
    assert_non_null(f);
    f->c = small_catalogue();
    piq_arena_init(&f->a, 0);
    f->q = (piq_business_question){
        .user = {7}, .now_us = NOW, .history = f->history, .shown = f->shown};
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    fixture *f = *state;
    piq_catalogue_free(f->c);
    piq_arena_release(&f->a);
    free(f);
    return 0;
}

/* `rules`: the list, without its brackets. */
static void load(fixture *f, const char *rules)
{
    json_t *json = NULL;
    piq_err err = {0};
    char text[2048];
    snprintf(text, sizeof text,
             "{\"tenants\":{\"club\":[[7,7]]},\"rules\":[%s]}", rules);
    assert_int_equal(piq_json_parse(piq_str_of(text), &json, &err), PIQ_OK);
    if (piq_rule_set_read(&f->a, json, f->c, &f->set, &err))
        fail_msg("%s: %s", err.where, err.message);
    json_decref(json);
    assert_int_equal(piq_business_compile(&f->a, &f->set, f->c, &f->rules),
                     PIQ_OK);
}

static void look(fixture *f)
{
    assert_int_equal(piq_business_look(&f->a, f->rules, &f->q, &f->v), PIQ_OK);
}

static piq_content_ix at(int id)
{
    return (piq_content_ix){(uint32_t)id - 1};
}

static void show(fixture *f, int id, int64_t at_us)
{
    f->shown[f->q.n_shown++] = (piq_shown){.content = {id}, .at_us = at_us};
}

static unsigned excluded(const fixture *f)
{
    unsigned bits = 0;
    for (int id = 1; id <= N_SMALL_CONTENTS; id++)
        if (piq_business_excluded(&f->v, at(id)))
            bits |= 1U << id;
    return bits;
}

static void assert_why(const fixture *f, int id, const char *name,
                       int64_t until_us)
{
    int64_t until = 0;
    const piq_rule *r = piq_business_why(&f->v, at(id), &until);
    assert_non_null(r);
    assert_string_equal(r->name.ptr, name);
    assert_true(until == until_us);
}

static void test_business__without_rules_all_is_open(void **state)
{
    fixture *f = *state;
    int64_t until;
    load(f, "");
    look(f);
    assert_int_equal(excluded(f), 0);
    assert_null(piq_business_why(&f->v, at(1), &until));
    assert_null(piq_business_why(NULL, at(1), &until));
    assert_false(piq_business_excluded(NULL, at(1)));
    assert_true(piq_business_boost(NULL, at(1), NULL) == 0);
    assert_false(piq_business_pinned_slot(NULL, 0));
    assert_null(piq_business_full(NULL, NULL, 0, at(1)));
    assert_true(f->rules->memory_us == 0);
}

static void test_business__exclude_is_stronger_than_include(void **state)
{
    fixture *f = *state;
    load(f, "{\"name\":\"only\",\"kind\":\"include\",\"match\":{\"types\":"
            "[\"review\"]},\"reason\":\"x\"},"
            "{\"name\":\"or\",\"kind\":\"include\",\"match\":{\"contents\":"
            "[1,7]},\"reason\":\"x\"},"
            "{\"name\":\"not\",\"kind\":\"exclude\",\"match\":{\"contents\":"
            "[7]},\"until\":\"2026-02-01T00:00:00Z\",\"reason\":\"x\"}");
    look(f);
    /* Open: the review and 1; 7 is excluded in spite of "or". */
    unsigned all = (1U << (N_SMALL_CONTENTS + 1)) - 2;
    assert_int_equal(excluded(f), all & ~(1U << BROTH_REVIEW | 1U << 1));
    assert_why(f, 7, "not", NOW + 31 * DAY);
    assert_why(f, 2, "only", INT64_MAX);
}

static void test_business__speaks_of_its_tenant_only(void **state)
{
    fixture *f = *state;
    load(f, "{\"name\":\"x\",\"kind\":\"exclude\",\"tenant\":\"club\","
            "\"match\":{\"contents\":[1]},\"reason\":\"x\"},"
            "{\"name\":\"y\",\"kind\":\"exclude\",\"not_tenant\":\"club\","
            "\"match\":{\"contents\":[2]},\"reason\":\"x\"}");
    look(f);
    assert_int_equal(excluded(f), 1 << 1);
    f->q.user.v = 8;
    look(f);
    assert_int_equal(excluded(f), 1 << 2);
}

static void test_business__boosts_add_up(void **state)
{
    fixture *f = *state;
    const piq_rule *by = NULL;
    load(f, "{\"name\":\"a\",\"kind\":\"promote\",\"boost\":0.25,"
            "\"match\":{\"types\":[\"lesson\"]},\"reason\":\"x\"},"
            "{\"name\":\"b\",\"kind\":\"promote\",\"boost\":0.5,"
            "\"match\":{\"contents\":[1]},\"reason\":\"x\"}");
    look(f);
    assert_true(piq_business_boost(&f->v, at(1), &by) == 0.75);
    assert_string_equal(by->name.ptr, "b");
    assert_true(piq_business_boost(&f->v, at(2), &by) == 0.25);
    assert_string_equal(by->name.ptr, "a");
    assert_true(piq_business_boost(&f->v, at(BROTH_REVIEW), &by) == 0);
    assert_null(by);
}

static void test_business__a_pin_is_of_its_place_only(void **state)
{
    fixture *f = *state;
    load(f, "{\"name\":\"second\",\"kind\":\"pin\",\"position\":2,"
            "\"match\":{\"types\":[\"review\"]},\"reason\":\"x\"}");
    look(f);
    assert_false(piq_business_pinned_slot(&f->v, 0));
    assert_true(piq_business_pinned_slot(&f->v, 1));
    assert_non_null(piq_business_pin(&f->v, 1, at(BROTH_REVIEW)));
    assert_null(piq_business_pin(&f->v, 1, at(1)));
    assert_null(piq_business_pin(&f->v, 0, at(BROTH_REVIEW)));
}

static void test_business__a_cap_counts_what_is_chosen(void **state)
{
    fixture *f = *state;
    load(f, "{\"name\":\"two\",\"kind\":\"cap\",\"at_most\":2,\"per\":"
            "\"slate\",\"match\":{\"types\":[\"lesson\"]},\"reason\":\"x\"}");
    look(f);
    piq_content_ix chosen[] = {at(1), at(BROTH_REVIEW), at(2)};
    assert_null(piq_business_full(&f->v, chosen, 2, at(3)));
    const piq_rule *full = piq_business_full(&f->v, chosen, 3, at(3));
    assert_non_null(full);
    assert_string_equal(full->name.ptr, "two");
    assert_null(piq_business_full(&f->v, chosen, 3, at(SAUCE_COURSE)));
    assert_int_equal(excluded(f), 0);
}

static void test_business__a_cap_of_none_excludes(void **state)
{
    fixture *f = *state;
    load(f, "{\"name\":\"none\",\"kind\":\"cap\",\"at_most\":0,\"per\":"
            "\"slate\",\"match\":{\"contents\":[4]},\"reason\":\"x\"}");
    look(f);
    assert_int_equal(excluded(f), 1 << 4);
    assert_why(f, 4, "none", INT64_MAX);
}

static void test_business__a_cap_a_day_remembers_a_day(void **state)
{
    fixture *f = *state;
    load(f, "{\"name\":\"day\",\"kind\":\"cap\",\"at_most\":2,\"per\":\"day\","
            "\"match\":{\"types\":[\"lesson\"]},\"reason\":\"x\"}");
    assert_true(f->rules->memory_us == DAY);
    show(f, 1, NOW - DAY); /* just over */
    show(f, BROTH_REVIEW, NOW - 10);
    show(f, 2, NOW - DAY / 2);
    look(f);
    /* One of two is used: one more may join. */
    assert_int_equal(excluded(f), 0);
    piq_content_ix chosen[] = {at(3)};
    assert_null(piq_business_full(&f->v, chosen, 0, at(4)));
    assert_non_null(piq_business_full(&f->v, chosen, 1, at(4)));
    show(f, 2, NOW - DAY / 4);
    look(f);
    assert_true(piq_business_excluded(&f->v, at(8)));
    assert_false(piq_business_excluded(&f->v, at(BROTH_REVIEW)));
    /* The older of the two falls out of the day half a day from now. */
    assert_why(f, 8, "day", NOW + DAY / 2);
}

static void test_business__a_window_is_of_each_by_itself(void **state)
{
    fixture *f = *state;
    load(f, "{\"name\":\"w\",\"kind\":\"window\",\"days\":3,\"match\":"
            "{\"types\":[\"lesson\"]},\"reason\":\"x\"}");
    assert_true(f->rules->memory_us == 3 * DAY);
    show(f, 1, NOW - 2 * DAY);
    show(f, 1, NOW - DAY);
    show(f, 2, NOW - 3 * DAY); /* just over */
    show(f, 3, NOW - 3 * DAY + 1);
    show(f, BROTH_REVIEW, NOW - 1);
    show(f, 99, NOW - 1); /* of an older curriculum */
    look(f);
    assert_int_equal(excluded(f), 1 << 1 | 1 << 3);
    assert_why(f, 1, "w", NOW + 2 * DAY);
    assert_why(f, 3, "w", NOW + 1);
}

static void test_business__a_cool_down_is_of_all_together(void **state)
{
    fixture *f = *state;
    load(f, "{\"name\":\"c\",\"kind\":\"cool_down\",\"days\":2,\"after\":"
            "\"dismissed\",\"match\":{\"contents\":[1,2]},\"reason\":\"x\"},"
            "{\"name\":\"d\",\"kind\":\"cool_down\",\"days\":2,\"after\":"
            "\"completed\",\"match\":{\"contents\":[3,4]},\"reason\":\"x\"},"
            "{\"name\":\"e\",\"kind\":\"cool_down\",\"days\":2,\"after\":"
            "\"shown\",\"match\":{\"contents\":[5,6]},\"reason\":\"x\"}");
    uint32_t now_s = (uint32_t)(NOW / PIQ_US_PER_SECOND);
    look(f);
    assert_int_equal(excluded(f), 0);
    f->history[0].dismissed_s = now_s - 86400;
    f->history[2].last_s = now_s - 10; /* not completed: nothing follows */
    look(f);
    assert_int_equal(excluded(f), 1 << 1 | 1 << 2);
    assert_why(f, 2, "c", NOW + DAY);
    f->history[0].dismissed_s = now_s - 2 * 86400;
    f->history[2].progress = PIQ_COMPLETED;
    show(f, 6, NOW - 5);
    look(f);
    assert_int_equal(excluded(f), 1 << 3 | 1 << 4 | 1 << 5 | 1 << 6);
    assert_why(f, 4, "d", NOW + 2 * DAY - 10 * PIQ_US_PER_SECOND);
    assert_why(f, 5, "e", NOW + 2 * DAY - 5);
}

static void test_business__counts_what_is_on_offer(void **state)
{
    fixture *f = *state;
    load(f, "{\"name\":\"a\",\"kind\":\"exclude\",\"match\":{\"contents\":"
            "[12,13]},\"reason\":\"x\"}");
    assert_int_equal(piq_business_n_matches(f->rules, 0), 1); /* 13 is hidden */
}

int main(void)
{
#define T(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
    const struct CMUnitTest tests[] = {
        T(test_business__without_rules_all_is_open),
        T(test_business__exclude_is_stronger_than_include),
        T(test_business__speaks_of_its_tenant_only),
        T(test_business__boosts_add_up),
        T(test_business__a_pin_is_of_its_place_only),
        T(test_business__a_cap_counts_what_is_chosen),
        T(test_business__a_cap_of_none_excludes),
        T(test_business__a_cap_a_day_remembers_a_day),
        T(test_business__a_window_is_of_each_by_itself),
        T(test_business__a_cool_down_is_of_all_together),
        T(test_business__counts_what_is_on_offer),
    };
#undef T
    return cmocka_run_group_tests(tests, NULL, NULL);
}
