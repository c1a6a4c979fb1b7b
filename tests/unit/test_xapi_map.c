/* What a statement means to the engine, how two are compared, which are found
 * by a query, and how they are told. */
#include "xapi/xapi.h"

#include "base/calendar.h"
#include "support/small_catalogue.h"
#include "support/xapi_statements.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

/* 2026-11-02T12:00:00Z: two hours after the plain statement's timestamp. */
#define STORED_US INT64_C(1793620800000000)
#define HOURS(n)  ((n)*PIQ_US_PER_HOUR)
#define ADL       "http://adlnet.gov/expapi/verbs/"

typedef struct world {
    piq_catalogue *c;
    piq_arena a;
    piq_event event;
} world;

static int set_up(void **state)
{
    world *w = calloc(1, sizeof *w);
    w->c = small_catalogue();
    piq_arena_init(&w->a, 0);
    *state = w;
    return 0;
}

static int tear_down(void **state)
{
    world *w = *state;
    piq_catalogue_free(w->c);
    piq_arena_release(&w->a);
    free(w);
    return 0;
}

/* The event of the plain statement with this verb, object and result. */
static bool mapped(world *w, const char *verb, const char *object,
                   const char *result)
{
    bool found;
    char text[200];
    json_t *v = xapi_parse(xapi_plain);
    json_object_set_new(json_object_get(v, "verb"), "id", json_string(verb));
    snprintf(text, sizeof text, "{'id':'%s'}", object);
    xapi_edit(v, "/object", text);
    xapi_edit(v, "/result", result);
    w->event = (piq_event){.user = {7}};
    assert_int_equal(piq_xapi_check(v, "", NULL), PIQ_OK);
    assert_int_equal(
        piq_xapi_event(&w->a, v, w->c, STORED_US, &w->event, &found), PIQ_OK);
    json_decref(v);
    return found;
}

#define CONTENT(id) "https://lms.example/x/contents/" id

/* ---- events ------------------------------------------------------------- */

static void test_xapi_map__frame_of_an_event(void **state)
{
    world *w = *state;
    assert_true(mapped(w, ADL "answered", CONTENT("2"), "{'success':true}"));
    assert_int_equal(w->event.user.v, 7);
    assert_int_equal(w->event.at_us, STORED_US - HOURS(2));
    assert_true(
        piq_str_eq(w->event.event_id,
                   PIQ_STR("xapi:6690e6c9-3ef0-4ed3-8b37-7f3964730bee")));
}

static void test_xapi_map__answers(void **state)
{
    world *w = *state;
    static const struct {
        const char *object, *result;
        float score;
        uint32_t ms;
    } good[] = {
        {CONTENT("2"), "{'success':true,'duration':'PT4.2S'}", 1, 4200},
        {CONTENT("2/"), "{'success':false}", 0, 0},
        {CONTENT("2?a=b#c"), "{'score':{'scaled':0.25}}", 0.25f, 0},
        {CONTENT("2"), "{'score':{'scaled':-0.5},'success':true}", 0, 0},
        {CONTENT("2"), "{'score':{'raw':3,'max':4}}", 0.75f, 0},
        {CONTENT("2"), "{'score':{'raw':3,'min':2,'max':4}}", 0.5f, 0},
        {CONTENT("2"), "{'score':{'raw':3},'success':true}", 1, 0},
        {CONTENT("2"), "{'success':true,'duration':'P2D'}", 1, 0},
        {"urn:x/concepts/broth", "{'success':true}", 1, 0},
        {"http://x/concepts/%62roth", "{'success':true}", 1, 0},
    };
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        assert_true(mapped(w, ADL "answered", good[i].object, good[i].result));
        assert_int_equal(w->event.type, PIQ_EV_ANSWER);
        assert_true(w->event.u.answer.score == good[i].score);
        assert_int_equal(w->event.u.answer.response_ms, good[i].ms);
    }
    assert_int_equal(w->event.u.answer.n_concepts, 1);
    assert_int_equal(w->event.u.answer.concepts[0].concept.v, BROTH);
    static const char *const nothing[][2] = {
        {CONTENT("2"), "{}"},
        {CONTENT("2"), "{'score':{'raw':3}}"},
        {CONTENT("2"), "{'completion':true}"},
        {CONTENT("99"), "{'success':true}"},
        {CONTENT("02"), "{'success':true}"},
        {CONTENT(""), "{'success':true}"},
        {"https://lms.example/items/99", "{'success':true}"},
        {"urn:x", "{'success':true}"},
    };
    for (size_t i = 0; i < sizeof nothing / sizeof nothing[0]; i++)
        assert_false(mapped(w, ADL "answered", nothing[i][0], nothing[i][1]));
}

static void test_xapi_map__content(void **state)
{
    world *w = *state;
    static const struct {
        const char *verb, *object, *result;
        piq_event_type type;
        uint32_t seconds;
        float score; /* NaN: none */
    } good[] = {
        {ADL "initialized", CONTENT("1"), "{}", PIQ_EV_CONTENT_STARTED, 0, NAN},
        {ADL "launched", CONTENT("9"), "{'duration':'PT1H'}",
         PIQ_EV_CONTENT_STARTED, 0, NAN},
        {ADL "completed", CONTENT("1"), "{'duration':'PT1M30S'}",
         PIQ_EV_CONTENT_COMPLETED, 90, NAN},
        {ADL "completed", CONTENT("1"), "{'success':true}",
         PIQ_EV_CONTENT_COMPLETED, 0, NAN},
        {ADL "passed", CONTENT("1"), "{'score':{'scaled':0.5}}",
         PIQ_EV_CONTENT_COMPLETED, 0, 0.5f},
        {ADL "failed", CONTENT("1"), "{'score':{'scaled':0.25}}",
         PIQ_EV_CONTENT_COMPLETED, 0, 0.25f},
        {ADL "failed", CONTENT("1"), "{'completion':true}",
         PIQ_EV_CONTENT_COMPLETED, 0, NAN},
        {ADL "completed", CONTENT("9"), "{}", PIQ_EV_CONTENT_COMPLETED, 0, NAN},
        {ADL "passed", CONTENT("9"), "{}", PIQ_EV_ASSESSMENT_COMPLETED, 0, 1},
        {ADL "failed", CONTENT("9"), "{'duration':'PT9S'}",
         PIQ_EV_ASSESSMENT_COMPLETED, 9, 0},
        {ADL "completed", CONTENT("9"), "{'score':{'scaled':0.5}}",
         PIQ_EV_ASSESSMENT_COMPLETED, 0, 0.5f},
        {"https://w3id.org/xapi/adl/verbs/abandoned", CONTENT("1"),
         "{'duration':'PT9S'}", PIQ_EV_CONTENT_ABANDONED, 9, NAN},
    };
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        const piq_event *e = &w->event;
        assert_true(mapped(w, good[i].verb, good[i].object, good[i].result));
        assert_int_equal(e->type, good[i].type);
        bool check = good[i].type == PIQ_EV_ASSESSMENT_COMPLETED;
        float score = check ? e->u.assessment.score : e->u.content.score;
        assert_int_equal(check ? e->u.assessment.seconds : e->u.content.seconds,
                         good[i].seconds);
        assert_true(isnan(good[i].score) ? isnan(score)
                                         : score == good[i].score);
    }
    static const char *const nothing[][3] = {
        {ADL "completed", CONTENT("1"), "{'completion':false}"},
        {ADL "failed", CONTENT("1"), "{}"},
        {ADL "terminated", CONTENT("1"), "{}"},
        {ADL "suspended", CONTENT("1"), "{}"},
        {ADL "progressed", CONTENT("1"), "{}"},
        {ADL "interacted", CONTENT("1"), "{}"},
        {"http://adlnet.gov/expapi/verbs/COMPLETED", CONTENT("1"), "{}"},
        {ADL "completed", "urn:x/concepts/broth", "{}"},
        {ADL "initialized", "urn:x/characters/chef", "{}"},
    };
    for (size_t i = 0; i < sizeof nothing / sizeof nothing[0]; i++)
        assert_false(mapped(w, nothing[i][0], nothing[i][1], nothing[i][2]));
}

static void test_xapi_map__characters_and_reviews(void **state)
{
    world *w = *state;
    const piq_event *e = &w->event;
    assert_true(mapped(w, "http://activitystrea.ms/schema/1.0/play",
                       "urn:x/characters/chef",
                       "{'score':{'scaled':0.5},'duration':'PT1M',"
                       "'extensions':{'urn:piq:hands':40}}"));
    assert_int_equal(e->type, PIQ_EV_CHARACTER_SESSION);
    assert_int_equal(e->u.character.hands, 40);
    assert_int_equal(e->u.character.seconds, 60);
    assert_true(mapped(w, "http://id.tincanapi.com/verb/reviewed",
                       "urn:x/concepts/sauce",
                       "{'extensions':{'urn:piq:rating':3},"
                       "'duration':'PT2S'}"));
    assert_int_equal(e->type, PIQ_EV_REVIEW);
    assert_int_equal(e->u.review.rating, 3);
    assert_int_equal(e->u.review.concept.v, SAUCE);
    assert_int_equal(e->u.review.response_ms, 2000);
    assert_false(mapped(w, "http://id.tincanapi.com/verb/reviewed",
                        "urn:x/concepts/sauce",
                        "{'extensions':{'urn:piq:rating':5}}"));
}

static bool changed(world *w, const char *pointer, const char *text)
{
    bool found;
    json_t *v = xapi_parse(xapi_plain);
    xapi_edit(v, "/object/id", "'urn:question'");
    xapi_edit(v, pointer, text);
    w->event = (piq_event){.user = {7}};
    assert_int_equal(piq_xapi_check(v, "", NULL), PIQ_OK);
    assert_int_equal(
        piq_xapi_event(&w->a, v, w->c, STORED_US, &w->event, &found), PIQ_OK);
    json_decref(v);
    return found;
}

static void test_xapi_map__the_context_tells_the_content(void **state)
{
    world *w = *state;
    assert_false(changed(w, "/context", "{}"));
    assert_true(changed(w, "/context",
                        "{'contextActivities':{'grouping':[{'id':'urn:no'},"
                        "{'id':'http://x/contents/4'}]}}"));
    assert_int_equal(w->event.u.answer.content.v, SAUCE_DRILL - 1);
    assert_true(changed(w, "/context",
                        "{'contextActivities':{'parent':"
                        "{'id':'http://x/contents/2'}}}"));
    assert_int_equal(w->event.u.answer.content.v, BROTH_DRILL - 1);
}

static void test_xapi_map__a_definition_may_name_it(void **state)
{
    world *w = *state;
    assert_true(changed(w, "/object/definition",
                        "{'extensions':{'urn:piq:content':4}}"));
    assert_int_equal(w->event.u.answer.content.v, SAUCE_DRILL - 1);
    assert_true(changed(w, "/object/definition",
                        "{'extensions':{'urn:piq:concept':'knife'}}"));
    assert_int_equal(w->event.u.answer.concepts[0].concept.v, KNIFE);
    assert_false(changed(w, "/object/definition",
                         "{'extensions':{'urn:piq:content':[4]}}"));
    assert_false(changed(w, "/object/definition",
                         "{'extensions':{'urn:piq:content':-4}}"));
}

static void test_xapi_map__instants_are_not_ahead_of_arrival(void **state)
{
    world *w = *state;
    static const char part[] = "{'extensions':{'urn:piq:content':4}}";
    bool found;
    json_t *v = xapi_parse(xapi_plain);
    xapi_edit(v, "/object/definition", part);
    xapi_edit(v, "/timestamp", "'2099-01-01T00:00:00Z'");
    assert_int_equal(
        piq_xapi_event(&w->a, v, w->c, STORED_US, &w->event, &found), PIQ_OK);
    assert_true(found);
    assert_int_equal(w->event.at_us, STORED_US);
    json_decref(v);
}

static void test_xapi_map__only_activities_mean_something(void **state)
{
    world *w = *state;
    assert_false(changed(w, "/object",
                         "{'objectType':'Agent','account':{'homePage':"
                         "'http://x/contents/4','name':'7'}}"));
    assert_false(changed(
        w, "/object",
        "{'objectType':'SubStatement','actor':{'mbox':'mailto:a@b'},"
        "'verb':{'id':'urn:v'},'object':{'id':'http://x/contents/4'}}"));
}

static void test_xapi_map__a_void_is_of_the_other_ones_event(void **state)
{
    world *w = *state;
    bool found = false;
    json_t *v = xapi_parse(xapi_plain);
    xapi_edit(v, "/verb", "{'id':'" ADL "voided'}");
    xapi_edit(v, "/object",
              "{'objectType':'StatementRef',"
              "'id':'FD41C918-b88b-4b20-a0a5-a4c32391aaa0'}");
    assert_int_equal(piq_xapi_check(v, "", NULL), PIQ_OK);
    w->event = (piq_event){.user = {7}};
    assert_int_equal(
        piq_xapi_event(&w->a, v, w->c, STORED_US, &w->event, &found), PIQ_OK);
    assert_true(found);
    assert_int_equal(w->event.type, PIQ_EV_VOIDED);
    assert_int_equal(w->event.user.v, 7);
    assert_true(
        piq_str_eq(w->event.event_id,
                   PIQ_STR("xapi:6690e6c9-3ef0-4ed3-8b37-7f3964730bee")));
    assert_true(
        piq_str_eq(w->event.u.voided.voids,
                   PIQ_STR("xapi:fd41c918-b88b-4b20-a0a5-a4c32391aaa0")));
    json_decref(v);
}

static void test_xapi_map__what_voids_itself_means_nothing(void **state)
{
    world *w = *state;
    bool found = true;
    json_t *v = xapi_parse(xapi_plain);
    xapi_edit(v, "/verb", "{'id':'" ADL "voided'}");
    xapi_edit(v, "/object",
              "{'objectType':'StatementRef',"
              "'id':'6690E6C9-3ef0-4ed3-8b37-7f3964730bee'}");
    assert_int_equal(piq_xapi_check(v, "", NULL), PIQ_OK);
    assert_int_equal(
        piq_xapi_event(&w->a, v, w->c, STORED_US, &w->event, &found), PIQ_OK);
    assert_false(found);
    json_decref(v);
}

static void test_xapi_map__what_is_mapped_can_be_read_back(void **state)
{
    world *w = *state;
    piq_buf b;
    piq_json_writer writer;
    piq_event back = {.user = {7}};
    piq_err err = {0};
    assert_true(mapped(w, ADL "answered", CONTENT("2"),
                       "{'score':{'scaled':0.3},'duration':'PT86400S'}"));
    piq_buf_init(&b, 0);
    piq_json_init(&writer, &b);
    piq_event_write(&w->event, w->c, &writer);
    json_t *v = json_loadb(b.ptr, b.len, 0, NULL);
    assert_int_equal(
        piq_event_read(&w->a, v, "", false, w->c, STORED_US, &back, &err),
        PIQ_OK);
    json_decref(v);
    piq_buf_release(&b);
}

/* ---- who ------------------------------------------------------------------
 */

static void test_xapi_map__learners(void **state)
{
    (void)state;
    static const struct {
        const char *actor;
        int64_t outer; /* 0: nobody of ours */
    } actors[] = {
        {"{'account':{'homePage':'http://x','name':'7'}}", 7},
        {"{'account':{'homePage':'http://y','name':'1099511627775'}}",
         INT64_C(1099511627775)},
        {"{'account':{'homePage':'http://x','name':'1099511627776'}}", 0},
        {"{'account':{'homePage':'http://x','name':'0'}}", 0},
        {"{'account':{'homePage':'http://x','name':'07'}}", 0},
        {"{'account':{'homePage':'http://x','name':'-7'}}", 0},
        {"{'account':{'homePage':'http://x','name':'bob'}}", 0},
        {"{'account':{'homePage':'http://x','name':"
         "'99999999999999999999'}}",
         0},
        {"{'mbox':'mailto:7@x'}", 0},
        {"{'objectType':'Group','account':{'homePage':'http://x','name':"
         "'7'}}",
         0},
    };
    for (size_t i = 0; i < sizeof actors / sizeof actors[0]; i++) {
        int64_t outer = 0;
        json_t *v = xapi_parse(xapi_plain);
        xapi_edit(v, "/actor", actors[i].actor);
        assert_int_equal(piq_xapi_learner(v, &outer), actors[i].outer != 0);
        assert_int_equal(outer, actors[i].outer);
        json_decref(v);
    }
}

/* ---- comparing --------------------------------------------------------------
 */

static bool same(const char *pointer, const char *text)
{
    bool is;
    const piq_xapi_stamp stamp = {"x", STORED_US, "key:1", "2.0.0"};
    json_t *stored = xapi_parse(xapi_rich), *given = xapi_parse(xapi_rich);
    assert_int_equal(piq_xapi_put_stamp(stored, &stamp), PIQ_OK);
    if (pointer)
        xapi_edit(given, pointer, text);
    assert_int_equal(piq_xapi_same(stored, given, &is), PIQ_OK);
    json_decref(stored);
    json_decref(given);
    return is;
}

static void test_xapi_same__what_is_not_compared(void **state)
{
    (void)state;
    static const char *const alike[][2] = {
        {"/id", NULL},
        {"/stored", NULL},
        {"/authority", NULL},
        {"/version", "'2.0.0'"},
        {"/timestamp", NULL},
        {"/timestamp", "'2026-11-02T09:00:00.123456Z'"},
        {"/verb/display", NULL},
        {"/object/definition", NULL},
        {"/object/objectType", NULL},
        {"/actor/member/0/objectType", NULL},
        {"/actor/member", "[{'account':{'name':'13','homePage':"
                          "'https://lms.example'}},"
                          "{'openid':'https://toby.openid.example/'},"
                          "{'mbox_sha1sum':"
                          "'EBD31E95054C018B10727CCFFD2EF2EC3A016EE9'},"
                          "{'name':'A','mbox':'mailto:a@b.example'}]"},
        {"/result/duration", "'P1Y2M3DT4H5M6.784S'"},
        {"/result/score/raw", "2.0"},
        {"/result/score/min", "0.0"},
        {"/context/registration", "'EC531277-B57B-4C15-8D91-D292C5B2B8F7'"},
        {"/context/contextActivities/parent",
         "[{'id':'https://lms.example/contents/2'}]"},
        {"/context/contextActivities/grouping",
         "{'id':'https://lms.example/g'}"},
        {"/context/statement/id", "'6690E6C9-3EF0-4ED3-8B37-7F3964730BEE'"},
        {"/attachments/0/fileUrl", "'https://g.example/2'"},
    };
    assert_true(same(NULL, NULL));
    for (size_t i = 0; i < sizeof alike / sizeof alike[0]; i++)
        if (!same(alike[i][0], alike[i][1]))
            fail_msg("%s tells them apart", alike[i][0]);
}

static void test_xapi_same__what_tells_them_apart(void **state)
{
    (void)state;
    static const char *const apart[][2] = {
        {"/actor/name", "'Another'"},
        {"/actor/member/0/name", "'B'"},
        {"/actor/account/name", "'team-2'"},
        {"/verb/id", "'urn:other'"},
        {"/object/id", "'urn:other'"},
        {"/object", "{'objectType':'Agent','mbox':'mailto:a@b'}"},
        {"/result", NULL},
        {"/result/success", "true"},
        {"/result/response", "'c'"},
        {"/result/score/scaled", "-0.4"},
        {"/result/duration", "'P1Y2M3DT4H5M6.80S'"},
        {"/result/extensions/tag:x,2026:e", "[1]"},
        {"/context/platform", NULL},
        {"/context/registration", NULL},
        {"/context/contextActivities/other", "[{'id':'urn:z'}]"},
        {"/context/instructor/openid", "'https://j.example/'"},
        {"/timestamp", "'2026-11-02T10:00:00.123457+01:00'"},
        {"/attachments/0/length", "28"},
    };
    for (size_t i = 0; i < sizeof apart / sizeof apart[0]; i++)
        if (same(apart[i][0], apart[i][1]))
            fail_msg("%s does not tell them apart", apart[i][0]);
}

/* ---- filtering
 * --------------------------------------------------------------- */

static bool found(const char *base, piq_xapi_filter f, const char *agent)
{
    json_t *v = xapi_parse(base), *a = agent ? xapi_parse(agent) : NULL;
    f.agent = a;
    bool is = piq_xapi_matches(&f, v);
    json_decref(v);
    json_decref(a);
    return is;
}

static void test_xapi_filter__agents(void **state)
{
    (void)state;
    const piq_xapi_filter direct = {0}, related = {.related_agents = true};
    static const char *const here[] = {
        "{'account':{'homePage':'https://lms.example','name':'team-1'}}",
        "{'mbox':'mailto:a@b.example'}",
        "{'mbox_sha1sum':'EBD31E95054C018B10727CCFFD2EF2EC3A016EE9'}",
        "{'account':{'homePage':'https://lms.example','name':'13'}}"};
    static const char *const around[] = {
        "{'openid':'https://i.example/'}", "{'mbox':'mailto:t@b.example'}",
        "{'mbox':'mailto:c@b.example'}", "{'mbox':'mailto:d@b.example'}",
        "{'mbox':'mailto:u@b.example'}"};
    for (int i = 0; i < 4; i++)
        assert_true(found(xapi_rich, direct, here[i]));
    for (int i = 0; i < 5; i++) {
        assert_false(found(xapi_rich, direct, around[i]));
        assert_true(found(xapi_rich, related, around[i]));
    }
    assert_false(found(xapi_rich, related, "{'mbox':'mailto:z@b.example'}"));
    assert_false(found(xapi_rich, related,
                       "{'account':{'homePage':'https://other.example',"
                       "'name':'13'}}"));
}

static void test_xapi_filter__the_rest(void **state)
{
    (void)state;
    piq_xapi_filter f = {.verb = PIQ_STR(ADL "answered")};
    assert_true(found(xapi_rich, f, NULL));
    f.verb = PIQ_STR("urn:x");
    assert_false(found(xapi_rich, f, NULL));
    f = (piq_xapi_filter){.registration =
                              PIQ_STR("EC531277-b57b-4c15-8d91-d292c5b2b8f7")};
    assert_true(found(xapi_rich, f, NULL));
    assert_false(found(xapi_plain, f, NULL));
    f = (piq_xapi_filter){.activity = PIQ_STR("https://lms.example/items/1")};
    assert_true(found(xapi_plain, f, NULL));
    f.activity = PIQ_STR("https://lms.example/g");
    assert_false(found(xapi_rich, f, NULL));
    f.related_activities = true;
    assert_true(found(xapi_rich, f, NULL));
    f.activity = PIQ_STR("https://lms.example/contents/2");
    assert_true(found(xapi_rich, f, NULL));
}

/* ---- telling
 * ------------------------------------------------------------------ */

static char *told(const char *base,
                  void (*write)(piq_json_writer *, const json_t *))
{
    piq_buf b;
    piq_json_writer w;
    size_t len;
    json_t *v = xapi_parse(base);
    piq_buf_init(&b, 0);
    piq_json_init(&w, &b);
    write(&w, v);
    json_decref(v);
    assert_int_equal(b.status, PIQ_OK);
    return piq_buf_take(&b, &len);
}

static void test_xapi_write__exact_is_what_was_given(void **state)
{
    (void)state;
    char *text = told(xapi_rich, piq_xapi_write);
    json_t *v = json_loads(text, 0, NULL), *w = xapi_parse(xapi_rich);
    assert_true(json_equal(v, w));
    json_decref(v);
    json_decref(w);
    free(text);
}

static void test_xapi_write__ids_leave_the_words_out(void **state)
{
    (void)state;
    char *text = told(xapi_rich, piq_xapi_write_ids);
    json_t *v = json_loads(text, 0, NULL);
    assert_int_equal(piq_xapi_check(v, "", NULL), PIQ_OK);
    assert_null(strstr(text, "definition\""));
    assert_null(strstr(text, "Team PB"));
    assert_null(strstr(text, "mailto:a@"));
    assert_non_null(strstr(text, "team-1"));
    assert_non_null(strstr(text, "mailto:d@"));
    json_decref(v);
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_xapi_map__frame_of_an_event),
        cmocka_unit_test(test_xapi_map__answers),
        cmocka_unit_test(test_xapi_map__content),
        cmocka_unit_test(test_xapi_map__characters_and_reviews),
        cmocka_unit_test(test_xapi_map__the_context_tells_the_content),
        cmocka_unit_test(test_xapi_map__a_definition_may_name_it),
        cmocka_unit_test(test_xapi_map__instants_are_not_ahead_of_arrival),
        cmocka_unit_test(test_xapi_map__only_activities_mean_something),
        cmocka_unit_test(test_xapi_map__a_void_is_of_the_other_ones_event),
        cmocka_unit_test(test_xapi_map__what_voids_itself_means_nothing),
        cmocka_unit_test(test_xapi_map__what_is_mapped_can_be_read_back),
        cmocka_unit_test(test_xapi_map__learners),
        cmocka_unit_test(test_xapi_same__what_is_not_compared),
        cmocka_unit_test(test_xapi_same__what_tells_them_apart),
        cmocka_unit_test(test_xapi_filter__agents),
        cmocka_unit_test(test_xapi_filter__the_rest),
        cmocka_unit_test(test_xapi_write__exact_is_what_was_given),
        cmocka_unit_test(test_xapi_write__ids_leave_the_words_out),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
