/* What a control's JSON may say, where a refusal points, and its words. */
#include "domain/control.h"

#include "base/calendar.h"
#include "domain/json_reader.h"
#include "support/random_catalogue.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

/* 2026-11-22T12:00:00Z; that day is 20779. */
static const int64_t NOW_US = INT64_C(1795348800000000);

static piq_catalogue *music;
static piq_err err;

static int set_up(void **state)
{
    (void)state;
    music = catalogue_from_file("tests/golden/curriculum-music.json");
    return music ? 0 : -1;
}

static int tear_down(void **state)
{
    (void)state;
    piq_catalogue_free(music);
    return 0;
}

static piq_status read_text(const char *text, piq_control *out)
{
    json_t *json = NULL;
    err = (piq_err){0};
    piq_status status = piq_json_parse(piq_str_of(text), &json, &err);
    if (status == PIQ_OK)
        status = piq_control_read(json, "/2", music, NOW_US, out, &err);
    json_decref(json);
    return status;
}

static piq_control must_read(const char *text)
{
    piq_control x;
    if (read_text(text, &x))
        fail_msg("%s (%s): %s", err.message, err.where, text);
    return x;
}

static void check_written(const piq_control *x, const char *expected)
{
    piq_buf b;
    piq_json_writer w;
    piq_buf_init(&b, 0);
    piq_json_init(&w, &b);
    piq_json_object(&w);
    piq_control_write(x, music, &w);
    piq_json_object_end(&w);
    assert_int_equal(b.status, PIQ_OK);
    assert_string_equal(b.ptr, expected);
    piq_buf_release(&b);
}

static void test_control__each_kind_reads_and_writes(void **state)
{
    static const char *const forms[] = {
        "{\"kind\":\"pin\",\"content\":1001}",
        "{\"kind\":\"pin\",\"content\":1001,\"day\":\"2026-11-25\"}",
        "{\"kind\":\"skip\",\"content\":1002}",
        "{\"kind\":\"skip\",\"concept\":\"rhy.pulse\"}",
        "{\"kind\":\"known\",\"concept\":\"rhy.values\"}",
        "{\"kind\":\"release\",\"content\":1001}",
        "{\"kind\":\"release\",\"concept\":\"rhy.pulse\"}",
        "{\"kind\":\"reorder\",\"order\":[2001,1001]}",
        "{\"kind\":\"pace\",\"factor\":1.5}",
        "{\"kind\":\"days_off\",\"days\":[\"2026-12-24\",\"2026-12-25\"]}",
        "{\"kind\":\"days_off\",\"days\":[]}",
        "{\"kind\":\"freeze\"}",
        "{\"kind\":\"undo\"}",
    };
    (void)state;
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
        piq_control x = must_read(forms[i]);
        check_written(&x, forms[i]);
    }
}

static void test_control__days_are_sorted_and_each_there_once(void **state)
{
    (void)state;
    piq_control x = must_read("{\"kind\":\"days_off\",\"days\":[\"2026-12-25\","
                              "\"2020-01-01\",\"2026-12-25\"]}");
    assert_int_equal(x.n_days, 2); /* one that is over does no harm */
    assert_int_equal(x.days[0], 18262);
    assert_int_equal(x.days[1], 20812);
}

typedef struct refusal {
    const char *text, *where;
} refusal;

static const refusal refusals[] = {
    {"[]", "/2"},
    {"7", "/2"},
    {"{}", "/2/kind"},
    {"{\"kind\":7}", "/2/kind"},
    {"{\"kind\":\"Pin\",\"content\":1001}", "/2/kind"},
    {"{\"kind\":\"pin\"}", "/2/content"},
    {"{\"kind\":\"pin\",\"content\":7}", "/2/content"},
    {"{\"kind\":\"pin\",\"content\":\"1001\"}", "/2/content"},
    {"{\"kind\":\"pin\",\"concept\":\"rhy.pulse\"}", "/2/concept"},
    {"{\"kind\":\"pin\",\"content\":1001,\"day\":7}", "/2/day"},
    {"{\"kind\":\"pin\",\"content\":1001,\"day\":\"soon\"}", "/2/day"},
    {"{\"kind\":\"pin\",\"content\":1001,\"day\":null}", "/2/day"},
    /* Two days ago is past wherever one lives. */
    {"{\"kind\":\"pin\",\"content\":1001,\"day\":\"2026-11-20\"}", "/2/day"},
    {"{\"kind\":\"pin\",\"content\":1001,\"day\":\"2027-11-24\"}", "/2/day"},
    {"{\"kind\":\"skip\"}", "/2"},
    {"{\"kind\":\"skip\",\"content\":1001,\"concept\":\"rhy.pulse\"}",
     "/2/concept"},
    {"{\"kind\":\"skip\",\"concept\":\"x\"}", "/2/concept"},
    {"{\"kind\":\"known\",\"content\":1001}", "/2/content"},
    {"{\"kind\":\"known\",\"concept\":\"\"}", "/2/concept"},
    {"{\"kind\":\"release\"}", "/2"},
    {"{\"kind\":\"reorder\"}", "/2/order"},
    {"{\"kind\":\"reorder\",\"order\":[]}", "/2/order"},
    {"{\"kind\":\"reorder\",\"order\":7}", "/2/order"},
    {"{\"kind\":\"reorder\",\"order\":[1001,7]}", "/2/order/1"},
    {"{\"kind\":\"reorder\",\"order\":[1001,2001,1001]}", "/2/order/2"},
    {"{\"kind\":\"reorder\",\"order\":[1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,"
     "1,1,1,1,1,1,1,1,1,1,1,1,1]}",
     "/2/order"},
    {"{\"kind\":\"pace\"}", "/2/factor"},
    {"{\"kind\":\"pace\",\"factor\":0.24}", "/2/factor"},
    {"{\"kind\":\"pace\",\"factor\":3.01}", "/2/factor"},
    {"{\"kind\":\"pace\",\"factor\":\"1\"}", "/2/factor"},
    {"{\"kind\":\"days_off\"}", "/2/days"},
    {"{\"kind\":\"days_off\",\"days\":[\"2026-12-24\",\"x\"]}", "/2/days/1"},
    {"{\"kind\":\"freeze\",\"day\":\"2026-11-22\"}", "/2/day"},
    {"{\"kind\":\"undo\",\"content\":1001}", "/2/content"},
};

static void test_control__a_refusal_points_at_what_is_wrong(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof refusals / sizeof *refusals; i++) {
        piq_control x;
        if (read_text(refusals[i].text, &x) != PIQ_EINVAL)
            fail_msg("was taken: %s", refusals[i].text);
        if (strcmp(err.where, refusals[i].where))
            fail_msg("%s: at %s, not %s (%s)", refusals[i].text, err.where,
                     refusals[i].where, err.message);
        assert_true(err.message[0]);
    }
}

static void test_control__a_pins_day_has_a_day_of_grace(void **state)
{
    (void)state;
    /* It is still the 21st in Honolulu. */
    piq_control x =
        must_read("{\"kind\":\"pin\",\"content\":1001,\"day\":\"2026-11-21\"}");
    assert_int_equal(x.day, 20778);
    must_read("{\"kind\":\"pin\",\"content\":1001,\"day\":\"2027-11-23\"}");
}

static void test_control__knows_what_is_retired(void **state)
{
    (void)state;
    char member[24] = "";
    piq_control x = must_read("{\"kind\":\"reorder\",\"order\":[2001,1001]}");
    piq_content_ix pulse = x.order[1];
    piq_control pin = must_read("{\"kind\":\"pin\",\"content\":1001}");
    piq_control known =
        must_read("{\"kind\":\"known\",\"concept\":\"rhy.pulse\"}");
    assert_false(piq_control_is_retired(&x, music, member));
    music->contents[pulse.v].retired = true;
    assert_true(piq_control_is_retired(&x, music, member));
    assert_string_equal(member, "/order/1");
    assert_true(piq_control_is_retired(&pin, music, member));
    assert_string_equal(member, "/content");
    assert_false(piq_control_is_retired(&known, music, member));
    music->concepts[known.concept.v].retired = true;
    assert_true(piq_control_is_retired(&known, music, member));
    assert_string_equal(member, "/concept");
    music->contents[pulse.v].retired = false;
    music->concepts[known.concept.v].retired = false;
}

static void test_control__says_itself_in_words(void **state)
{
    static const char *const words[][2] = {
        {"{\"kind\":\"pin\",\"content\":1001,\"day\":\"2026-11-25\"}",
         "pin of Pulse, explained to 2026-11-25"},
        {"{\"kind\":\"skip\",\"concept\":\"rhy.pulse\"}", "skip of Pulse"},
        {"{\"kind\":\"known\",\"concept\":\"rhy.values\"}",
         "Note values said to be known"},
        {"{\"kind\":\"release\",\"content\":1001}",
         "release of Pulse, explained"},
        {"{\"kind\":\"reorder\",\"order\":[2001]}", "an order of 1 content"},
        {"{\"kind\":\"pace\",\"factor\":0.25}", "minutes times 0.25"},
        {"{\"kind\":\"pace\",\"factor\":1.999}", "minutes times 2.00"},
        {"{\"kind\":\"days_off\",\"days\":[\"2026-12-24\",\"2026-12-25\"]}",
         "2 days off"},
        {"{\"kind\":\"freeze\"}", "today's steps frozen"},
        {"{\"kind\":\"undo\"}", "undo"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        piq_control x = must_read(words[i][0]);
        piq_buf b;
        piq_buf_init(&b, 0);
        piq_control_describe(&x, music, &b);
        assert_string_equal(b.ptr, words[i][1]);
        piq_buf_release(&b);
    }
}

static void test_control__kinds_read_back(void **state)
{
    (void)state;
    for (int i = 0; i < PIQ_N_CONTROL_KINDS; i++) {
        piq_control_kind kind;
        piq_str name = piq_str_of(piq_control_kind_name((piq_control_kind)i));
        assert_true(piq_control_kind_of(name, &kind));
        assert_int_equal((int)kind, i);
        name.len--;
        assert_false(piq_control_kind_of(name, &kind));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_control__each_kind_reads_and_writes),
        cmocka_unit_test(test_control__days_are_sorted_and_each_there_once),
        cmocka_unit_test(test_control__a_refusal_points_at_what_is_wrong),
        cmocka_unit_test(test_control__a_pins_day_has_a_day_of_grace),
        cmocka_unit_test(test_control__knows_what_is_retired),
        cmocka_unit_test(test_control__says_itself_in_words),
        cmocka_unit_test(test_control__kinds_read_back),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
