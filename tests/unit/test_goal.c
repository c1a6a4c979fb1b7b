#include "domain/goal.h"

#include "base/calendar.h"
#include "domain/json_reader.h"
#include "support/catalogue_document.h"
#include "support/random_catalogue.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

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

static piq_status read_goal(const char *text, piq_goal *out)
{
    json_t *json = NULL;
    err = (piq_err){0};
    assert_int_equal(piq_json_parse(piq_str_of(text), &json, &err), PIQ_OK);
    piq_status status = piq_goal_read(json, "/g", music, out, &err);
    json_decref(json);
    return status;
}

static piq_status read_stated(const char *text, piq_stated *out)
{
    json_t *json = NULL;
    err = (piq_err){0};
    assert_int_equal(piq_json_parse(piq_str_of(text), &json, &err), PIQ_OK);
    piq_status status = piq_stated_read(json, "/s", music, out, &err);
    json_decref(json);
    return status;
}

static void test_goal__what_is_left_out_has_a_meaning(void **state)
{
    (void)state;
    piq_goal g;
    assert_int_equal(read_goal("{\"motivation_type\":\"social\"}", &g), PIQ_OK);
    assert_true(g.set);
    assert_int_equal(g.target_skill_level, PIQ_EXPERT);
    assert_int_equal(g.timeline_day, INT32_MAX);
    assert_int_equal(g.motivation_type, PIQ_SOCIAL);
    assert_int_equal(g.n_priority_areas + g.n_target_concepts, 0);
}

static void test_goal__a_refusal_leaves_the_goal_alone(void **state)
{
    static const char *const cases[][2] = {
        {"{}", "/g"},
        {"[]", "/g"},
        {"{\"target_skill_level\":\"pro\"}", "/g/target_skill_level"},
        {"{\"motivation_type\":\"money\"}", "/g/motivation_type"},
        {"{\"timeline\":\"2026-02-30\"}", "/g/timeline"},
        {"{\"timeline\":20260101}", "/g/timeline"},
        {"{\"priority_areas\":\"rhythm\"}", "/g/priority_areas"},
        {"{\"priority_areas\":[\"rhythm\",\"rhythm\"]}", "/g/priority_areas/1"},
        {"{\"priority_areas\":[1]}", "/g/priority_areas/0"},
        {"{\"target_concepts\":[\"pit.keys\",\"x\"]}", "/g/target_concepts/1"},
        {"{\"target_concepts\":[\"pit.keys\",\"pit.keys\"]}",
         "/g/target_concepts/1"},
        {"{\"deadline\":\"2026-12-31\"}", "/g/deadline"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        piq_goal g = {.timeline_day = 77};
        if (read_goal(cases[i][0], &g) != PIQ_EINVAL)
            fail_msg("was taken: %s", cases[i][0]);
        assert_string_equal(err.where, cases[i][1]);
        assert_int_equal(g.timeline_day, 77);
    }
}

static void test_stated__a_refusal_points_at_the_member(void **state)
{
    static const char *const cases[][2] = {
        {"{}", "/s"},
        {"{\"preferred_content_type\":\"audio\"}", "/s/preferred_content_type"},
        {"{\"session_minutes\":481}", "/s/session_minutes"},
        {"{\"session_minutes\":20.5}", "/s/session_minutes"},
        {"{\"minutes_per_weekday\":[1,2,3]}", "/s/minutes_per_weekday"},
        {"{\"minutes_per_weekday\":[1,2,3,4,5,6,7,8]}",
         "/s/minutes_per_weekday"},
        {"{\"minutes_per_weekday\":[1,2,3,4,5,6,1441]}",
         "/s/minutes_per_weekday/6"},
        {"{\"minutes_per_weekday\":[1,2,\"3\",4,5,6,7]}",
         "/s/minutes_per_weekday/2"},
        {"{\"days_off\":[\"2026-12-24\",\"Xmas\"]}", "/s/days_off/1"},
        {"{\"utc_offset_minutes\":841}", "/s/utc_offset_minutes"},
        {"{\"difficulty_progression_rate\":\"warp\"}",
         "/s/difficulty_progression_rate"},
        {"{\"self_level\":\"\"}", "/s/self_level"},
        {"{\"desired_retention\":0.98}", "/s/desired_retention"},
        {"{\"name\":\"x\"}", "/s/name"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        piq_stated s;
        if (read_stated(cases[i][0], &s) != PIQ_EINVAL)
            fail_msg("was taken: %s", cases[i][0]);
        assert_string_equal(err.where, cases[i][1]);
    }
}

static void test_stated__news_replace_only_what_they_name(void **state)
{
    (void)state;
    piq_stated s, news;
    assert_int_equal(
        read_stated("{\"session_minutes\":30,\"utc_offset_minutes\":60,"
                    "\"days_off\":[\"2026-12-24\",\"2026-12-25\"],"
                    "\"minutes_per_weekday\":[1,2,3,4,5,6,7]}",
                    &s),
        PIQ_OK);
    assert_int_equal(
        read_stated("{\"session_minutes\":45,\"days_off\":[]}", &news), PIQ_OK);
    piq_stated_merge(&s, &news);
    assert_int_equal(s.has, PIQ_STATED_SESSION | PIQ_STATED_OFFSET |
                                PIQ_STATED_DAYS_OFF | PIQ_STATED_MINUTES);
    assert_int_equal(s.session_minutes, 45);
    assert_int_equal(s.utc_offset_min, 60);
    assert_int_equal(s.minutes_per_weekday[6], 7);
    assert_int_equal(s.n_days_off, 0);
}

static void test_stated__days_off_are_in_order_and_once(void **state)
{
    (void)state;
    piq_stated s;
    assert_int_equal(
        read_stated("{\"days_off\":[\"2026-12-31\",\"2026-12-24\","
                    "\"2026-12-31\",\"2026-12-24\",\"2026-12-25\"]}",
                    &s),
        PIQ_OK);
    assert_int_equal(s.n_days_off, 3);
    int32_t christmas_eve;
    assert_true(piq_date_parse(PIQ_STR("2026-12-24"), &christmas_eve));
    assert_int_equal(s.days_off[0], christmas_eve);
    assert_int_equal(s.days_off[1], christmas_eve + 1);
    assert_int_equal(s.days_off[2], christmas_eve + 7);
    assert_int_equal(s.days_off[3], 0);
}

static void test_goal__knows_what_a_later_curriculum_retired(void **state)
{
    (void)state;
    piq_goal g;
    assert_int_equal(read_goal("{\"priority_areas\":[\"pitch\"],"
                               "\"target_concepts\":[\"pit.keys\"]}",
                               &g),
                     PIQ_OK);
    assert_false(piq_goal_is_retired(&g, music));
    music->concepts[g.target_concepts[0].v].retired = true;
    assert_true(piq_goal_is_retired(&g, music));
    music->concepts[g.target_concepts[0].v].retired = false;
    music->areas[g.priority_areas[0].v].retired = true;
    assert_true(piq_goal_is_retired(&g, music));
    music->areas[g.priority_areas[0].v].retired = false;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_goal__what_is_left_out_has_a_meaning),
        cmocka_unit_test(test_goal__a_refusal_leaves_the_goal_alone),
        cmocka_unit_test(test_stated__a_refusal_points_at_the_member),
        cmocka_unit_test(test_stated__news_replace_only_what_they_name),
        cmocka_unit_test(test_stated__days_off_are_in_order_and_once),
        cmocka_unit_test(test_goal__knows_what_a_later_curriculum_retired),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
