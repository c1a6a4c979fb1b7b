/* What an event's JSON may say, and where a refusal points. */
#include "base/calendar.h"
#include "domain/event.h"
#include "domain/json_reader.h"
#include "support/random_catalogue.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

/* 2026-11-22T12:00:00Z. */
static const int64_t NOW_US = INT64_C(1795348800000000);

static piq_catalogue *music;
static piq_arena arena;
static piq_err err;

static int set_up(void **state)
{
    (void)state;
    music = catalogue_from_file("tests/golden/curriculum-music.json");
    piq_arena_init(&arena, 0);
    return music ? 0 : -1;
}

static int tear_down(void **state)
{
    (void)state;
    piq_catalogue_free(music);
    piq_arena_release(&arena);
    return 0;
}

static piq_status read_as(const char *text, bool need_user, piq_event *out)
{
    json_t *json = NULL;
    err = (piq_err){0};
    *out = (piq_event){.user = {7}};
    piq_status status = piq_json_parse(piq_str_of(text), &json, &err);
    if (status == PIQ_OK)
        status = piq_event_read(&arena, json, "/3", need_user, music, NOW_US,
                                out, &err);
    json_decref(json);
    return status;
}

static piq_event must_read(const char *text)
{
    piq_event e;
    if (read_as(text, false, &e))
        fail_msg("%s (%s): %s", err.message, err.where, text);
    return e;
}

/* `body` is what follows event_id, at and type. */
static piq_status read_body(const char *type, const char *body, piq_event *out)
{
    char text[1024];
    (void)snprintf(text, sizeof text,
                   "{\"event_id\":\"x\",\"at\":\"2026-11-22T10:00:00Z\","
                   "\"type\":\"%s\"%s%s}",
                   type, *body ? "," : "", body);
    return read_as(text, false, out);
}

/* ---- refusals -------------------------------------------------------- */

typedef struct refusal {
    const char *type, *body, *where;
} refusal;

static const refusal refusals[] = {
    {"answer", "\"score\":1", "/3"},
    {"answer", "\"item\":100101", "/3/score"},
    {"answer", "\"item\":1,\"score\":1", "/3/item"},
    {"answer", "\"item\":\"100101\",\"score\":1", "/3/item"},
    {"answer", "\"item\":100101.0,\"score\":1", "/3/item"},
    {"answer", "\"item\":-1,\"score\":1", "/3/item"},
    {"answer", "\"content\":5,\"score\":1", "/3/content"},
    {"answer", "\"item\":100101,\"score\":1.01", "/3/score"},
    {"answer", "\"item\":100101,\"score\":-0.01", "/3/score"},
    {"answer", "\"item\":100101,\"score\":\"1\"", "/3/score"},
    {"answer", "\"item\":100101,\"score\":null", "/3/score"},
    {"answer", "\"item\":100101,\"score\":1,\"correct\":true", "/3/score"},
    {"answer", "\"item\":100101,\"correct\":1", "/3/correct"},
    {"answer", "\"item\":100101,\"score\":1,\"hint\":0", "/3/hint"},
    {"answer", "\"item\":100101,\"score\":1,\"response_ms\":-1",
     "/3/response_ms"},
    {"answer", "\"item\":100101,\"score\":1,\"response_ms\":86400001",
     "/3/response_ms"},
    {"answer", "\"item\":100101,\"score\":1,\"rating\":3", "/3/rating"},
    {"answer", "\"item\":100101,\"score\":1,\"a/b~c\":3", "/3/a~1b~0c"},
    {"answer", "\"item\":100101,\"score\":1,\"user_id\":\"7\"", "/3/user_id"},
    {"answer", "\"concepts\":[],\"score\":1", "/3/concepts"},
    {"answer", "\"concepts\":\"rhy.pulse\",\"score\":1", "/3/concepts"},
    {"answer", "\"concepts\":[\"rhy.pulse\",\"rhy.none\"],\"score\":1",
     "/3/concepts/1"},
    {"answer", "\"concepts\":[7],\"score\":1", "/3/concepts/0"},
    {"answer", "\"concepts\":[\"rhy.pulse\",\"rhy.pulse\"],\"score\":1",
     "/3/concepts/1"},
    {"answer", "\"concepts\":[{\"concept\":\"rhy.pulse\"}],\"score\":1",
     "/3/concepts/0/weight"},
    {"answer",
     "\"concepts\":[{\"concept\":\"rhy.pulse\",\"weight\":0}],\"score\":1",
     "/3/concepts/0/weight"},
    {"answer",
     "\"concepts\":[{\"concept\":\"rhy.pulse\",\"weight\":1.5}],\"score\":1",
     "/3/concepts/0/weight"},
    {"answer", "\"concepts\":[{\"concept\":\"x\",\"weight\":1}],\"score\":1",
     "/3/concepts/0/concept"},
    {"answer",
     "\"concepts\":[{\"concept\":\"rhy.pulse\",\"weight\":1,\"w\":1}],"
     "\"score\":1",
     "/3/concepts/0/w"},
    {"answer",
     "\"concepts\":[\"rhy.pulse\",\"rhy.values\",\"rhy.syncopation\","
     "\"pit.notes\",\"pit.intervals\",\"pit.keys\",\"har.triads\","
     "\"har.cadences\",\"rhy.pulse\"],\"score\":1",
     "/3/concepts"},
    {"content_started", "", "/3/content"},
    {"content_started", "\"content\":1001,\"seconds\":1", "/3/seconds"},
    {"content_completed", "\"content\":1001,\"seconds\":86401", "/3/seconds"},
    {"content_completed", "\"content\":1001,\"score\":2", "/3/score"},
    {"content_abandoned", "\"content\":1001,\"score\":1", "/3/score"},
    {"assessment_completed", "\"score\":1", "/3"},
    {"assessment_completed", "\"score\":1,\"concepts\":[]", "/3"},
    {"assessment_completed", "\"content\":2005", "/3/score"},
    {"assessment_completed", "\"score\":1,\"concepts\":[\"rhy.pulse\"]",
     "/3/concepts/0"},
    {"assessment_completed",
     "\"score\":1,\"concepts\":[{\"concept\":\"rhy.pulse\",\"score\":2}]",
     "/3/concepts/0/score"},
    {"assessment_completed",
     "\"score\":1,\"concepts\":[{\"concept\":\"rhy.pulse\",\"score\":1},"
     "{\"concept\":\"rhy.pulse\",\"score\":1}]",
     "/3/concepts/1/concept"},
    {"character_session", "\"score\":1", "/3/character"},
    {"character_session", "\"character\":\"duo.none\",\"score\":1",
     "/3/character"},
    {"character_session",
     "\"character\":\"duo.ada\",\"score\":1,\"hands\":100001", "/3/hands"},
    {"review", "\"concept\":\"rhy.pulse\",\"rating\":0", "/3/rating"},
    {"review", "\"concept\":\"rhy.pulse\",\"rating\":5", "/3/rating"},
    {"review", "\"concept\":\"rhy.pulse\",\"rating\":2.5", "/3/rating"},
    {"review", "\"concept\":\"\",\"rating\":2", "/3/concept"},
    {"recommendation_feedback", "\"recommendation_id\":1", "/3"},
    {"recommendation_feedback",
     "\"recommendation_id\":0,\"action\":"
     "\"accepted\"",
     "/3/recommendation_id"},
    {"recommendation_feedback", "\"recommendation_id\":1,\"action\":\"none\"",
     "/3/action"},
    {"recommendation_feedback", "\"recommendation_id\":1,\"action\":\"liked\"",
     "/3/action"},
    {"recommendation_feedback", "\"recommendation_id\":1,\"feedback_score\":6",
     "/3/feedback_score"},
    {"goal_set", "", "/3/goal"},
    {"goal_set", "\"goal\":{}", "/3/goal"},
    {"goal_set", "\"goal\":{\"timeline\":\"soon\"}", "/3/goal/timeline"},
    {"goal_set", "\"goal\":{\"priority_areas\":[\"rhythm\",\"x\"]}",
     "/3/goal/priority_areas/1"},
    {"goal_set", "\"goal\":{\"speed\":1}", "/3/goal/speed"},
    {"profile_stated", "", "/3/stated"},
    {"profile_stated", "\"stated\":{}", "/3/stated"},
    {"profile_stated", "\"stated\":{\"session_minutes\":4}",
     "/3/stated/session_minutes"},
    {"path_controlled", "", "/3/control"},
    {"path_controlled", "\"control\":{}", "/3/control/kind"},
    {"path_controlled", "\"control\":{\"kind\":\"pin\",\"content\":7}",
     "/3/control/content"},
    /* Past when it was said. */
    {"path_controlled",
     "\"control\":{\"kind\":\"pin\",\"content\":1001,"
     "\"day\":\"2026-11-20\"}",
     "/3/control/day"},
    {"path_controlled", "\"kind\":\"undo\"", "/3/kind"},
    {"voided", "", "/3/voids"},
    {"voided", "\"voids\":\"\"", "/3/voids"},
    {"voided", "\"voids\":7", "/3/voids"},
    {"voided", "\"voids\":\"x\"", "/3/voids"}, /* itself */
    {"voided",
     "\"voids\":\"01234567890123456789012345678901234567890123456789"
     "012345678901234\"",
     "/3/voids"},
    {"voided", "\"voids\":\"y\",\"score\":1", "/3/score"},
    {"answered", "", "/3/type"},
    {"", "", "/3/type"},
};

static void test_event__a_refusal_points_at_what_is_wrong(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof refusals / sizeof *refusals; i++) {
        const refusal *r = &refusals[i];
        piq_event e;
        if (read_body(r->type, r->body, &e) != PIQ_EINVAL)
            fail_msg("was taken: %s %s", r->type, r->body);
        if (strcmp(err.where, r->where))
            fail_msg("%s %s: at %s, not %s (%s)", r->type, r->body, err.where,
                     r->where, err.message);
        assert_true(err.message[0]);
    }
}

static void test_event__a_refused_frame_points_at_the_member(void **state)
{
    static const char *const cases[][2] = {
        {"[]", "/3"},
        {"7", "/3"},
        {"{}", "/3/type"},
        {"{\"type\":7}", "/3/type"},
        {"{\"type\":\"review\"}", "/3/event_id"},
        {"{\"type\":\"review\",\"event_id\":\"\"}", "/3/event_id"},
        {"{\"type\":\"review\",\"event_id\":7}", "/3/event_id"},
        {"{\"type\":\"review\",\"event_id\":\"a\\nb\"}", "/3/event_id"},
        {"{\"type\":\"review\",\"event_id\":\"01234567890123456789012345678901"
         "234567890123456789012345678901234\"}",
         "/3/event_id"},
        {"{\"type\":\"review\",\"event_id\":\"a\"}", "/3/at"},
        {"{\"type\":\"review\",\"event_id\":\"a\",\"at\":7}", "/3/at"},
        {"{\"type\":\"review\",\"event_id\":\"a\",\"at\":\"2026-11-22\"}",
         "/3/at"},
        {"{\"type\":\"review\",\"event_id\":\"a\","
         "\"at\":\"1969-12-31T23:59:59Z\"}",
         "/3/at"},
        {"{\"type\":\"review\",\"event_id\":\"a\","
         "\"at\":\"2026-11-22T12:05:01Z\"}",
         "/3/at"},
        {"{\"type\":\"review\",\"event_id\":\"a\","
         "\"at\":\"9999-12-31T23:59:59Z\"}",
         "/3/at"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        piq_event e;
        if (read_as(cases[i][0], false, &e) != PIQ_EINVAL)
            fail_msg("was taken: %s", cases[i][0]);
        assert_string_equal(err.where, cases[i][1]);
    }
}

static void test_event__a_user_is_a_positive_number_in_a_string(void **state)
{
    static const char *const wrong[] = {
        "7",       "\"0\"", "\"-7\"", "\"+7\"",
        "\"7.0\"", "\"\"",  "\" 7\"", "\"9223372036854775808\"",
        "null"};
    char text[300];
    piq_event e;
    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        (void)snprintf(text, sizeof text,
                       "{\"event_id\":\"x\",\"at\":\"2026-11-22T10:00:00Z\","
                       "\"type\":\"content_started\",\"content\":1001,"
                       "\"user_id\":%s}",
                       wrong[i]);
        assert_int_equal(read_as(text, true, &e), PIQ_EINVAL);
        assert_string_equal(err.where, "/3/user_id");
    }
    assert_int_equal(
        read_as("{\"event_id\":\"x\",\"at\":\"2026-11-22T10:00:00Z\",\"type\":"
                "\"content_started\",\"content\":1001,\"user_id\":"
                "\"9223372036854775807\"}",
                true, &e),
        PIQ_OK);
    assert_int_equal(e.user.v, INT64_MAX);
}

static void test_event__huge_numbers_are_no_json(void **state)
{
    static const char *const bodies[] = {
        "\"item\":100101,\"score\":1e400",
        "\"item\":100101,\"score\":-1e400",
        "\"item\":99999999999999999999,\"score\":1",
        "\"item\":100101,\"score\":NaN",
        "\"item\":100101,\"score\":Infinity",
        "\"item\":100101,\"score\":1,\"score\":1"};
    piq_event e;
    (void)state;
    for (size_t i = 0; i < sizeof bodies / sizeof *bodies; i++)
        assert_int_equal(read_body("answer", bodies[i], &e), PIQ_EPARSE);
}

/* ---- what is taken --------------------------------------------------- */

static void test_event__five_minutes_ahead_are_forgiven(void **state)
{
    (void)state;
    piq_event e =
        must_read("{\"type\":\"content_started\",\"event_id\":\"a\","
                  "\"at\":\"2026-11-22T12:05:00Z\",\"content\":1001}");
    assert_int_equal(e.at_us, NOW_US + 5 * PIQ_US_PER_MINUTE);
}

static piq_str written(const piq_event *e)
{
    piq_buf b;
    piq_json_writer w;
    piq_buf_init(&b, 0);
    piq_json_init(&w, &b);
    piq_event_write(e, music, &w);
    assert_int_equal(b.status, PIQ_OK);
    piq_str s = {piq_arena_strndup(&arena, b.ptr, b.len), b.len};
    piq_buf_release(&b);
    return s;
}

/* Two ways to say one thing have one canonical form. */
static void test_event__what_says_the_same_is_written_the_same(void **state)
{
    static const struct {
        const char *type, *one, *other;
    } pairs[] = {
        {"answer", "\"item\":100101,\"correct\":true",
         "\"score\":1.0,\"item\":100101,\"hint\":false"},
        {"answer", "\"item\":100101,\"correct\":false",
         "\"item\":100101,\"score\":-0.0,\"response_ms\":0"},
        {"answer", "\"concepts\":[\"rhy.pulse\"],\"score\":0.1",
         "\"concepts\":[{\"concept\":\"rhy.pulse\",\"weight\":1}],"
         "\"score\":1e-1"},
        {"assessment_completed", "\"content\":2005,\"score\":1",
         "\"content\":2005,\"score\":1,\"concepts\":[],\"seconds\":0"},
        {"goal_set", "\"goal\":{\"timeline\":\"2026-12-31\"}",
         "\"goal\":{\"timeline\":\"2026-12-31T10:00:00Z\","
         "\"target_skill_level\":\"expert\",\"priority_areas\":[]}"},
        {"profile_stated",
         "\"stated\":{\"days_off\":[\"2026-12-31\",\"2026-12-24\"]}",
         "\"stated\":{\"days_off\":[\"2026-12-24\",\"2026-12-31\","
         "\"2026-12-24\"]}"},
        {"path_controlled", "\"control\":{\"kind\":\"pace\",\"factor\":2}",
         "\"control\":{\"factor\":2.0,\"kind\":\"pace\"}"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
        piq_event x, y;
        assert_int_equal(read_body(pairs[i].type, pairs[i].one, &x), PIQ_OK);
        assert_int_equal(read_body(pairs[i].type, pairs[i].other, &y), PIQ_OK);
        piq_str a = written(&x), b = written(&y);
        if (!piq_str_eq(a, b))
            fail_msg("%.*s is not %.*s", PIQ_STR_ARG(a), PIQ_STR_ARG(b));
    }
}

static void test_event__the_canonical_form(void **state)
{
    (void)state;
    piq_event e = must_read(
        "{\"hint\":true,\"response_ms\":4200,\"correct\":true,"
        "\"concepts\":[{\"weight\":0.25,\"concept\":\"rhy.pulse\"}],"
        "\"content\":1001,\"item\":100101,\"type\":\"answer\","
        "\"at\":\"2026-11-22T11:00:00.5+01:00\",\"event_id\":\"n\\u00e9\"}");
    piq_str s = written(&e);
    const char *expected =
        "{\"event_id\":\"n\xc3\xa9\",\"at\":\"2026-11-22T10:00:00.5Z\","
        "\"type\":\"answer\",\"item\":100101,\"content\":1001,"
        "\"concepts\":[{\"concept\":\"rhy.pulse\",\"weight\":0.25}],"
        "\"score\":1,\"response_ms\":4200,\"hint\":true}";
    if (!piq_str_eq(s, piq_str_of(expected)))
        fail_msg("%.*s", PIQ_STR_ARG(s));
}

/* Everything read must be writable and readable again: a rebuild does it. */
static void test_event__a_long_name_stays_whole_characters(void **state)
{
    (void)state;
    char body[400] = "\"content\":1001,\"";
    for (int i = 0; i < 40; i++)
        strcat(body, "\xc3\xa9"); /* 80 bytes, of which 60-odd are shown */
    strcat(body, "\":1");
    piq_event e;
    assert_int_equal(read_body("content_started", body, &e), PIQ_EINVAL);
    assert_true(piq_str_is_utf8(piq_str_of(err.message)));
    assert_true(piq_str_is_utf8(piq_str_of(err.where)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_event__a_refusal_points_at_what_is_wrong),
        cmocka_unit_test(test_event__a_refused_frame_points_at_the_member),
        cmocka_unit_test(test_event__a_user_is_a_positive_number_in_a_string),
        cmocka_unit_test(test_event__huge_numbers_are_no_json),
        cmocka_unit_test(test_event__five_minutes_ahead_are_forgiven),
        cmocka_unit_test(test_event__what_says_the_same_is_written_the_same),
        cmocka_unit_test(test_event__the_canonical_form),
        cmocka_unit_test(test_event__a_long_name_stays_whole_characters),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
