/* Rules of the business as documents: what is read, what is refused and where,
 * of whom and of what they speak. */
#include "domain/rule.h"

#include "domain/json_reader.h"
#include "support/small_catalogue.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

typedef struct fixture {
    piq_catalogue *c;
    piq_arena a;
    piq_rule_set set;
    piq_err err;
} fixture;

static int setup(void **state)
{
    static const piq_str live[] = {{"live", 4}, {"members", 7}};
    fixture *f = calloc(1, sizeof *f);
    assert_non_null(f);
    f->c = small_catalogue();
    f->c->contents[KNIFE_LESSON - 1].tags = live;
    f->c->contents[KNIFE_LESSON - 1].n_tags = 2;
    piq_arena_init(&f->a, 0);
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

static piq_status read_text(fixture *f, const char *text)
{
    json_t *json = NULL;
    assert_int_equal(piq_json_parse(piq_str_of(text), &json, &f->err), PIQ_OK);
    piq_status status = piq_rule_set_read(&f->a, json, f->c, &f->set, &f->err);
    json_decref(json);
    return status;
}

static void must_read(fixture *f, const char *text)
{
    if (read_text(f, text))
        fail_msg("%s: %s", f->err.where, f->err.message);
}

/* A document of one rule, its members after name and reason given. */
static const char *one(const char *members)
{
    static char text[1024];
    snprintf(text, sizeof text,
             "{\"tenants\":{\"club\":[[10,19],[5,5]]},\"rules\":[{\"name\":"
             "\"r\",\"reason\":\"so\",%s}]}",
             members);
    return text;
}

/* ---- reading ----------------------------------------------------------- */

static const char whole[] =
    "{\"tenants\":{\"club\":[[1000,1999],[5,5]]},\"rules\":["
    "{\"name\":\"a\",\"kind\":\"exclude\",\"match\":{\"tags\":[\"live\"],"
    "\"types\":[\"lesson\",\"review\"],\"levels\":[\"expert\"],"
    "\"contents\":[1,12]},\"not_tenant\":\"club\","
    "\"from\":\"2026-03-01T00:00:00Z\",\"until\":\"2026-04-01T00:00:00Z\","
    "\"reason\":\"spring\"},"
    "{\"name\":\"b\",\"kind\":\"include\",\"match\":{},\"tenant\":\"club\","
    "\"reason\":\"x\"},"
    "{\"name\":\"c\",\"kind\":\"pin\",\"match\":{},\"position\":2,"
    "\"reason\":\"x\"},"
    "{\"name\":\"d\",\"kind\":\"promote\",\"match\":{},\"boost\":0.25,"
    "\"reason\":\"x\"},"
    "{\"name\":\"e\",\"kind\":\"cap\",\"match\":{},\"at_most\":3,"
    "\"per\":\"day\",\"reason\":\"x\"},"
    "{\"name\":\"f\",\"kind\":\"cool_down\",\"match\":{},\"days\":1.5,"
    "\"after\":\"dismissed\",\"reason\":\"x\"},"
    "{\"name\":\"g\",\"kind\":\"window\",\"match\":{},\"days\":2,"
    "\"reason\":\"x\"}]}";

static void test_rule__every_kind_is_read(void **state)
{
    fixture *f = *state;
    must_read(f, whole);
    const piq_rule *r = f->set.rules;
    assert_int_equal(f->set.n_rules, 7);
    for (int k = 0; k < PIQ_N_RULE_KINDS; k++)
        assert_int_equal(r[k].kind, k);
    assert_int_equal(r[0].match.n_tags, 1);
    assert_int_equal(r[0].match.types, 1 << PIQ_LESSON | 1 << PIQ_REVIEW);
    assert_int_equal(r[0].match.levels, 1 << PIQ_EXPERT);
    assert_int_equal(r[0].match.contents[1].v, 12);
    assert_true(r[0].not_tenant && r[0].tenant == 0);
    /* 2026-03-01 and 31 days later. */
    assert_true(r[0].from_us == INT64_C(1772323200000000));
    assert_true(r[0].until_us - r[0].from_us == INT64_C(31) * 86400 * 1000000);
    assert_true(!r[1].not_tenant && r[1].tenant == 0);
    assert_int_equal(r[2].position, 2);
    assert_int_equal(r[2].tenant, -1);
    assert_true(r[3].boost == 0.25);
    assert_true(r[4].at_most == 3 && r[4].per == PIQ_PER_DAY);
    assert_true(r[5].days == 1.5 && r[5].after == PIQ_AFTER_DISMISSED);
    assert_true(r[6].days == 2);
    assert_int_equal(f->set.tenants[0].ranges[0].last.v, 1999);
}

static void test_rule__what_is_written_reads_back_the_same(void **state)
{
    fixture *f = *state;
    piq_buf first, second;
    piq_json_writer w;
    must_read(f, whole);
    piq_buf_init(&first, 0);
    piq_buf_init(&second, 0);
    piq_json_init(&w, &first);
    piq_rule_set_write(&f->set, &w);
    piq_buf_add_char(&first, '\0');
    must_read(f, first.ptr);
    piq_json_init(&w, &second);
    piq_rule_set_write(&f->set, &w);
    piq_buf_add_char(&second, '\0');
    assert_string_equal(first.ptr, second.ptr);
    assert_non_null(strstr(first.ptr, "\"not_tenant\":\"club\""));
    piq_buf_release(&first);
    piq_buf_release(&second);
}

static void test_rule__an_empty_set_is_a_set(void **state)
{
    fixture *f = *state;
    must_read(f, "{\"rules\":[]}");
    assert_int_equal(f->set.n_rules, 0);
    assert_int_equal(f->set.n_tenants, 0);
}

typedef struct fault {
    const char *members; /* of the one rule, or NULL: `document` */
    const char *document;
    const char *where;
} fault;

static void test_rule__faults_are_named_by_pointer(void **state)
{
    static const fault faults[] = {
        {NULL, "[]", ""},
        {NULL, "{}", "/rules"},
        {NULL, "{\"rules\":{}}", "/rules"},
        {NULL, "{\"rules\":[],\"x\":1}", "/x"},
        {NULL, "{\"rules\":[7]}", "/rules/0"},
        {NULL, "{\"rules\":[],\"tenants\":[]}", "/tenants"},
        {NULL, "{\"rules\":[],\"tenants\":{\"A b\":[]}}", "/tenants/A b"},
        {NULL, "{\"rules\":[],\"tenants\":{\"a\":[[2,1]]}}", "/tenants/a/0"},
        {NULL, "{\"rules\":[],\"tenants\":{\"a\":[[0,1]]}}", "/tenants/a/0"},
        {NULL, "{\"rules\":[],\"tenants\":{\"a\":[[1,1],[1]]}}",
         "/tenants/a/1"},
        {"\"match\":{}", NULL, "/rules/0/kind"},
        {"\"kind\":\"ban\",\"match\":{}", NULL, "/rules/0/kind"},
        {"\"kind\":\"exclude\"", NULL, "/rules/0/match"},
        {"\"kind\":\"exclude\",\"match\":{},\"boost\":1", NULL,
         "/rules/0/boost"},
        {"\"kind\":\"exclude\",\"match\":{\"tag\":[\"x\"]}", NULL,
         "/rules/0/match/tag"},
        {"\"kind\":\"exclude\",\"match\":{\"tags\":[]}", NULL,
         "/rules/0/match/tags"},
        {"\"kind\":\"exclude\",\"match\":{\"tags\":[\"a\",3]}", NULL,
         "/rules/0/match/tags/1"},
        {"\"kind\":\"exclude\",\"match\":{\"types\":[\"poem\"]}", NULL,
         "/rules/0/match/types/0"},
        {"\"kind\":\"exclude\",\"match\":{\"levels\":[\"guru\"]}", NULL,
         "/rules/0/match/levels/0"},
        {"\"kind\":\"exclude\",\"match\":{\"contents\":[1,99]}", NULL,
         "/rules/0/match/contents/1"},
        {"\"kind\":\"exclude\",\"match\":{},\"tenant\":\"pub\"", NULL,
         "/rules/0/tenant"},
        {"\"kind\":\"exclude\",\"match\":{},\"tenant\":\"club\","
         "\"not_tenant\":\"club\"",
         NULL, "/rules/0/not_tenant"},
        {"\"kind\":\"exclude\",\"match\":{},\"from\":\"soon\"", NULL,
         "/rules/0/from"},
        {"\"kind\":\"exclude\",\"match\":{},\"from\":\"2026-02-01T00:00:00Z\","
         "\"until\":\"2026-02-01T00:00:00Z\"",
         NULL, "/rules/0/until"},
        {"\"kind\":\"pin\",\"match\":{},\"position\":0", NULL,
         "/rules/0/position"},
        {"\"kind\":\"pin\",\"match\":{}", NULL, "/rules/0/position"},
        {"\"kind\":\"promote\",\"match\":{},\"boost\":0", NULL,
         "/rules/0/boost"},
        {"\"kind\":\"promote\",\"match\":{},\"boost\":1.5", NULL,
         "/rules/0/boost"},
        {"\"kind\":\"cap\",\"match\":{},\"at_most\":1,\"per\":\"week\"", NULL,
         "/rules/0/per"},
        {"\"kind\":\"cap\",\"match\":{},\"at_most\":51,\"per\":\"day\"", NULL,
         "/rules/0/at_most"},
        {"\"kind\":\"cool_down\",\"match\":{},\"days\":1", NULL,
         "/rules/0/after"},
        {"\"kind\":\"window\",\"match\":{},\"days\":0", NULL, "/rules/0/days"},
        {"\"kind\":\"window\",\"match\":{},\"days\":367", NULL,
         "/rules/0/days"},
        {"\"kind\":\"exclude\",\"match\":{}},{\"name\":\"r\",\"reason\":\"\","
         "\"kind\":\"exclude\",\"match\":{}",
         NULL, "/rules/1/reason"},
        {"\"kind\":\"exclude\",\"match\":{}},{\"name\":\"r\",\"reason\":\"x\","
         "\"kind\":\"exclude\",\"match\":{}",
         NULL, "/rules/1/name"},
        {"\"kind\":\"exclude\",\"match\":{}},{\"name\":\"A\",\"reason\":\"x\","
         "\"kind\":\"exclude\",\"match\":{}",
         NULL, "/rules/1/name"},
    };
    fixture *f = *state;
    for (size_t i = 0; i < sizeof faults / sizeof faults[0]; i++) {
        const fault *x = &faults[i];
        f->err = (piq_err){0};
        f->set.n_rules = 77;
        const char *text = x->document ? x->document : one(x->members);
        if (read_text(f, text) != PIQ_EINVAL ||
            strcmp(f->err.where, x->where) != 0)
            fail_msg("%s: at \"%s\", not \"%s\": %s", text, f->err.where,
                     x->where, f->err.message);
        assert_int_equal(f->set.n_rules, 77);
    }
}

static void test_rule__no_allocation_that_fails_is_lost(void **state)
{
    fixture *f = *state;
    json_t *json = NULL;
    assert_int_equal(piq_json_parse(PIQ_STR(whole), &json, &f->err), PIQ_OK);
    for (long k = 1;; k++) {
        piq_arena a;
        piq_arena_init(&a, 0);
        piq_alloc_fail_after(k, 1);
        piq_status status = piq_rule_set_read(&a, json, f->c, &f->set, &f->err);
        piq_alloc_fail_after(0, 0);
        piq_arena_release(&a);
        if (status == PIQ_OK)
            break;
        assert_int_equal(status, PIQ_ENOMEM);
    }
    json_decref(json);
}

/* ---- of whom and of what ----------------------------------------------- */

static bool applies(fixture *f, int64_t user, int64_t now_us)
{
    return piq_rule_applies(&f->set, &f->set.rules[0], (piq_user_id){user},
                            now_us);
}

static void test_rule__tenants_are_ranges_of_learners(void **state)
{
    fixture *f = *state;
    must_read(f, one("\"kind\":\"exclude\",\"match\":{},\"tenant\":\"club\""));
    for (int64_t user = 1; user < 25; user++) {
        bool member = user == 5 || (user >= 10 && user <= 19);
        assert_int_equal(applies(f, user, 0), member);
    }
    must_read(f,
              one("\"kind\":\"exclude\",\"match\":{},\"not_tenant\":\"club\""));
    assert_false(applies(f, 10, 0));
    assert_true(applies(f, 9, 0));
}

static void test_rule__holds_from_until(void **state)
{
    fixture *f = *state;
    must_read(f, one("\"kind\":\"exclude\",\"match\":{},"
                     "\"from\":\"2026-03-01T00:00:00Z\","
                     "\"until\":\"2026-03-02T00:00:00Z\""));
    int64_t from_us = f->set.rules[0].from_us;
    assert_false(applies(f, 1, from_us - 1));
    assert_true(applies(f, 1, from_us));
    assert_true(applies(f, 1, f->set.rules[0].until_us - 1));
    assert_false(applies(f, 1, f->set.rules[0].until_us));
}

static unsigned matched(fixture *f, const char *match)
{
    char members[256];
    unsigned bits = 0;
    snprintf(members, sizeof members, "\"kind\":\"exclude\",\"match\":%s",
             match);
    must_read(f, one(members));
    for (uint32_t i = 0; i < f->c->n_contents; i++)
        if (piq_rule_matches(&f->set.rules[0], f->c, (piq_content_ix){i}))
            bits |= 1U << (i + 1); /* by id */
    return bits;
}

static void test_rule__all_conditions_have_to_hold(void **state)
{
    fixture *f = *state;
    assert_int_equal(matched(f, "{}"), 0x3ffe);
    assert_int_equal(matched(f, "{\"tags\":[\"none\",\"members\"]}"),
                     1 << KNIFE_LESSON);
    assert_int_equal(matched(f, "{\"types\":[\"review\",\"course\"]}"),
                     1 << BROTH_REVIEW | 1 << SAUCE_COURSE);
    /* emulsion is advanced */
    assert_int_equal(matched(f, "{\"levels\":[\"advanced\"]}"),
                     1 << EMULSION_LESSON | 1 << EMULSION_DRILL);
    /* The check is broth .5, sauce .5: the first, a beginner's. The course is
     * mainly for sauce. */
    assert_int_equal(matched(f, "{\"levels\":[\"beginner\"],\"types\":"
                                "[\"assessment\",\"course\"]}"),
                     1 << SAUCE_CHECK);
    assert_int_equal(matched(f, "{\"contents\":[7,8],\"tags\":[\"live\"]}"),
                     1 << KNIFE_LESSON);
}

int main(void)
{
#define T(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
    const struct CMUnitTest tests[] = {
        T(test_rule__every_kind_is_read),
        T(test_rule__what_is_written_reads_back_the_same),
        T(test_rule__an_empty_set_is_a_set),
        T(test_rule__faults_are_named_by_pointer),
        T(test_rule__no_allocation_that_fails_is_lost),
        T(test_rule__tenants_are_ranges_of_learners),
        T(test_rule__holds_from_until),
        T(test_rule__all_conditions_have_to_hold),
    };
#undef T
    return cmocka_run_group_tests(tests, NULL, NULL);
}
