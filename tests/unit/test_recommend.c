/* What is offered, in which order, and what is said of it. */
#include "recommend/recommend.h"

#include "base/calendar.h"
#include "recommend/slate.h"
#include "support/near.h"
#include "support/small_catalogue.h"

#include <jansson.h>
#include <math.h>
#include <stddef.h>

/* 2026-11-23T12:00:00Z */
#define NOW_US INT64_C(1795435200000000)
#define NOW_S  ((uint32_t)(NOW_US / PIQ_US_PER_SECOND))

typedef struct fixture {
    piq_catalogue *c;
    piq_arena a;
    piq_belief beliefs[N_SMALL_CONCEPTS];
    piq_content_history history[N_SMALL_CONTENTS];
    double value[N_SMALL_CONCEPTS];
    piq_affinity characters[1];
    piq_recommend_input in;
} fixture;

static piq_belief at(double mastery)
{
    return (piq_belief){.mastery = mastery,
                        .ability_logit = log(mastery / (1 - mastery)),
                        .sd_logit = 0.5,
                        .mastery_low = mastery * 0.7,
                        .mastery_high = mastery + 0.3 * (1 - mastery),
                        .recall = NAN,
                        .stability_days = NAN,
                        .due_us = INT64_MAX,
                        .last_us = INT64_MIN};
}

static void remembers(fixture *f, int concept, double recall, double due_days)
{
    f->beliefs[concept].recall = recall;
    f->beliefs[concept].stability_days = 10;
    f->beliefs[concept].due_us =
        NOW_US + (int64_t)(due_days * (double)PIQ_US_PER_DAY);
}

static void open_fixture(fixture *f)
{
    *f = (fixture){.c = small_catalogue()};
    piq_arena_init(&f->a, 0);
    for (int k = 0; k < N_SMALL_CONCEPTS; k++) {
        f->beliefs[k] = at(0.3);
        f->value[k] = 0.6;
    }
    f->characters[0].value = 0.5;
    f->in = (piq_recommend_input){.catalogue = f->c,
                                  .beliefs = f->beliefs,
                                  .history = f->history,
                                  .value = f->value,
                                  .goal_stated = true,
                                  .characters = f->characters,
                                  .session_minutes = 25,
                                  .desired_retention = 0.9,
                                  .now_us = NOW_US};
    for (int m = 0; m < PIQ_N_MODALITIES; m++)
        f->in.modality[m].value = 0.5;
}

static void close_fixture(fixture *f)
{
    piq_arena_release(&f->a);
    piq_catalogue_free(f->c);
}

static piq_excluded rule(const fixture *f, int id)
{
    return piq_recommend_rule(&f->in, (piq_content_ix){(uint32_t)id - 1});
}

static piq_slate ask(fixture *f, int type, size_t limit)
{
    piq_slate slate;
    piq_recommend_request req = {type, limit};
    assert_int_equal(piq_recommend(&f->a, &f->in, &req, &slate), PIQ_OK);
    return slate;
}

static const piq_recommendation *find(const piq_slate *s, int id)
{
    for (size_t i = 0; i < s->n; i++)
        if (s->list[i].content.v == (uint32_t)id - 1)
            return &s->list[i];
    return NULL;
}

/* ---- rules ------------------------------------------------------------- */

static void test_rule__prerequisites_open_by_completion_or_mastery(void **s)
{
    (void)s;
    fixture f;
    open_fixture(&f);
    assert_int_equal(rule(&f, BROTH_LESSON), PIQ_CANDIDATE);
    assert_int_equal(rule(&f, BROTH_DRILL), PIQ_EX_PREREQUISITE);
    f.history[BROTH_LESSON - 1].progress = PIQ_COMPLETED;
    assert_int_equal(rule(&f, BROTH_DRILL), PIQ_CANDIDATE);
    /* Sauce has its lesson's prerequisite, but broth is not ready. */
    assert_int_equal(rule(&f, SAUCE_LESSON), PIQ_EX_PREREQUISITE);
    f.beliefs[BROTH] = at(PIQ_READY);
    assert_int_equal(rule(&f, SAUCE_LESSON), PIQ_CANDIDATE);
    /* Mastery stands for the lesson that nobody took. */
    f.history[BROTH_LESSON - 1].progress = PIQ_UNTOUCHED;
    assert_int_equal(rule(&f, BROTH_DRILL), PIQ_CANDIDATE);
    assert_int_equal(rule(&f, EMULSION_LESSON), PIQ_EX_PREREQUISITE);
    close_fixture(&f);
}

static void test_rule__unpublished_and_completed_stay_out(void **s)
{
    (void)s;
    fixture f;
    open_fixture(&f);
    assert_int_equal(rule(&f, HIDDEN_LESSON), PIQ_EX_UNPUBLISHED);
    f.history[BROTH_LESSON - 1].progress = PIQ_COMPLETED;
    assert_int_equal(rule(&f, BROTH_LESSON), PIQ_EX_COMPLETED);
    close_fixture(&f);
}

static void test_rule__retired_content_is_out(void **s)
{
    (void)s;
    fixture f;
    open_fixture(&f);
    f.c->contents[KNIFE_LESSON - 1].retired = true;
    assert_int_equal(rule(&f, KNIFE_LESSON), PIQ_EX_RETIRED);
    /* And what asked for it does so no longer. */
    assert_int_equal(rule(&f, KNIFE_DRILL), PIQ_CANDIDATE);
    close_fixture(&f);
}

static void test_rule__dismissed_content_rests_a_week(void **s)
{
    (void)s;
    fixture f;
    open_fixture(&f);
    f.history[KNIFE_LESSON - 1].dismissed_s = NOW_S - 7 * 86400 + 1;
    assert_int_equal(rule(&f, KNIFE_LESSON), PIQ_EX_COOL_DOWN);
    f.history[KNIFE_LESSON - 1].dismissed_s = NOW_S - 7 * 86400;
    assert_int_equal(rule(&f, KNIFE_LESSON), PIQ_CANDIDATE);
    close_fixture(&f);
}

static void test_rule__a_review_needs_something_due(void **s)
{
    (void)s;
    fixture f;
    open_fixture(&f);
    assert_int_equal(rule(&f, BROTH_REVIEW), PIQ_EX_NOTHING_DUE);
    remembers(&f, BROTH, 0.97, 3);
    assert_int_equal(rule(&f, BROTH_REVIEW), PIQ_EX_NOTHING_DUE);
    remembers(&f, BROTH, 0.91, 0.9);
    assert_int_equal(rule(&f, BROTH_REVIEW), PIQ_CANDIDATE);
    remembers(&f, BROTH, 0.7, -4);
    assert_int_equal(rule(&f, BROTH_REVIEW), PIQ_CANDIDATE);
    close_fixture(&f);
}

static void test_rule__a_completed_drill_comes_back_when_due(void **s)
{
    (void)s;
    fixture f;
    open_fixture(&f);
    f.history[BROTH_LESSON - 1].progress = PIQ_COMPLETED;
    f.history[BROTH_DRILL - 1].progress = PIQ_COMPLETED;
    remembers(&f, BROTH, 0.97, 5);
    assert_int_equal(rule(&f, BROTH_DRILL), PIQ_EX_COMPLETED);
    remembers(&f, BROTH, 0.8, -2);
    assert_int_equal(rule(&f, BROTH_DRILL), PIQ_CANDIDATE);
    assert_int_equal(rule(&f, BROTH_LESSON), PIQ_EX_COMPLETED);
    close_fixture(&f);
}

static void test_rule__a_course_is_open_while_a_part_is(void **s)
{
    (void)s;
    fixture f;
    open_fixture(&f);
    assert_int_equal(rule(&f, SAUCE_COURSE), PIQ_CANDIDATE);
    /* Its first part done, the others locked: broth is not ready. */
    f.history[BROTH_LESSON - 1].progress = PIQ_COMPLETED;
    assert_int_equal(rule(&f, SAUCE_COURSE), PIQ_EX_PREREQUISITE);
    f.beliefs[BROTH] = at(0.6);
    assert_int_equal(rule(&f, SAUCE_COURSE), PIQ_CANDIDATE);
    close_fixture(&f);
}

/* ---- scores and slate -------------------------------------------------- */

static void test_recommend__contributions_add_up_to_the_score(void **s)
{
    (void)s;
    fixture f;
    open_fixture(&f);
    f.beliefs[BROTH] = at(0.6);
    remembers(&f, BROTH, 0.7, -1);
    piq_slate slate = ask(&f, -1, 10);
    assert_true(slate.n >= 5);
    for (size_t i = 0; i < slate.n; i++) {
        double sum = slate.list[i].baseline;
        for (int t = 0; t < PIQ_N_TERMS; t++)
            sum += slate.list[i].terms[t].contribution;
        assert_true(fabs(sum - slate.list[i].score) < 1e-12);
        assert_true(slate.list[i].score >= 0 && slate.list[i].score <= 1);
        assert_true(slate.list[i].baseline == slate.list[0].baseline);
        assert_true(slate.list[i].propensity == 1);
    }
    close_fixture(&f);
}

static void test_recommend__baseline_is_the_average_candidate(void **s)
{
    (void)s;
    fixture f;
    open_fixture(&f);
    f.beliefs[BROTH] = at(0.6);
    piq_slate slate = ask(&f, -1, 3);
    double sum = 0;
    for (size_t i = 0; i < slate.n_candidates; i++)
        sum += (double)slate.candidates[i].score;
    /* Candidates are kept as floats. */
    assert_near(slate.list[0].baseline, sum / (double)slate.n_candidates, 1e-6);
    close_fixture(&f);
}

static void test_recommend__weak_concepts_come_first(void **s)
{
    (void)s;
    fixture f;
    open_fixture(&f);
    f.beliefs[KNIFE] = at(0.75);
    f.beliefs[BROTH] = at(0.35);
    piq_slate slate = ask(&f, PIQ_LESSON, 2);
    assert_int_equal(slate.n, 2);
    assert_int_equal(slate.list[0].content.v, BROTH_LESSON - 1);
    f.value[BROTH] = 0;
    slate = ask(&f, PIQ_LESSON, 2);
    assert_int_equal(slate.list[0].concept.v, KNIFE);
    close_fixture(&f);
}

static void test_recommend__reason_tells_recall_and_when_due(void **s)
{
    (void)s;
    fixture f;
    open_fixture(&f);
    f.beliefs[BROTH] = at(0.85);
    remembers(&f, BROTH, 0.71, -0.2);
    f.value[BROTH] = 1;
    const piq_slate slate = ask(&f, -1, 5);
    const piq_recommendation *r = find(&slate, BROTH_REVIEW);
    assert_non_null(r);
    assert_string_equal(r->reason,
                        "Recall of Broth is 71 % and due today; 12 minutes "
                        "bring it back above 90 %.");
    remembers(&f, BROTH, 0.60, -3.5);
    const piq_slate later = ask(&f, -1, 5);
    r = find(&later, BROTH_REVIEW);
    assert_string_equal(r->reason,
                        "Recall of Broth is 60 % and 3 days overdue; 12 "
                        "minutes bring it back above 90 %.");
    close_fixture(&f);
}

static void test_recommend__reason_tells_mastery_range_and_gain(void **s)
{
    (void)s;
    fixture f;
    open_fixture(&f);
    f.beliefs[BROTH] = at(0.85);
    f.history[BROTH_LESSON - 1].progress = PIQ_COMPLETED;
    f.beliefs[KNIFE] = at(0.4);
    f.beliefs[KNIFE].n_answers = 6;
    f.value[KNIFE] = 1;
    const piq_slate slate = ask(&f, PIQ_LESSON, 4);
    const piq_recommendation *r = find(&slate, KNIFE_LESSON);
    assert_non_null(r);
    /* ability log(.4/.6) = -.4055, sd .5: success = sigmoid(-.4055 / sqrt(1 +
     * pi/8 * .25)) = .4035; fit = exp(-.2965^2/.045) = .1418; dose = .036 * 10
     * * (.6 + .4 * .1418) = .2364; gain = .6 (1 - e^-.2364) = .126. */
    assert_string_equal(r->reason,
                        "You are at 40 % on Knife (range 28-58 %), which your "
                        "goal needs; expected gain 13 points in 10 minutes.");
    close_fixture(&f);
}

static void test_recommend__reason_does_not_place_who_never_answered(void **s)
{
    (void)s;
    fixture f;
    open_fixture(&f);
    f.beliefs[BROTH] = at(0.85);
    f.history[BROTH_LESSON - 1].progress = PIQ_COMPLETED;
    f.beliefs[KNIFE] = at(0.4);
    f.value[KNIFE] = 1;
    f.in.goal_stated = false;
    const piq_slate slate = ask(&f, PIQ_LESSON, 4);
    const piq_recommendation *r = find(&slate, KNIFE_LESSON);
    assert_non_null(r);
    assert_string_equal(r->reason,
                        "No answer of yours on Knife yet, about 40 % is "
                        "expected (range 28-58 %); expected gain 13 points in "
                        "10 minutes.");
    close_fixture(&f);
}

static void test_recommend__type_and_limit_are_kept(void **s)
{
    (void)s;
    fixture f;
    open_fixture(&f);
    f.beliefs[BROTH] = at(0.6);
    f.beliefs[SAUCE] = at(0.6);
    piq_slate slate = ask(&f, PIQ_CHARACTER, 5);
    assert_int_equal(slate.n, 1);
    assert_int_equal(slate.list[0].content.v, CHEF_SESSION - 1);
    slate = ask(&f, -1, 1);
    assert_int_equal(slate.n, 1);
    close_fixture(&f);
}

static void test_recommend__quotas_yield_when_they_leave_places_empty(void **s)
{
    (void)s;
    fixture f;
    open_fixture(&f);
    f.beliefs[BROTH] = at(0.6);
    f.beliefs[SAUCE] = at(0.6);
    piq_slate all = ask(&f, -1, 50);
    assert_int_equal(all.n, all.n_candidates);
    piq_slate six = ask(&f, -1, 6);
    size_t lessons = 0, courses = 0;
    for (size_t i = 0; i < six.n; i++) {
        piq_content_type t = f.c->contents[six.list[i].content.v].type;
        lessons += t == PIQ_LESSON;
        courses += t == PIQ_COURSE;
    }
    /* Course, check and session are one each; the rest must be lessons. */
    assert_int_equal(six.n, 6);
    assert_int_equal(lessons, 3);
    assert_int_equal(courses, 1);
    close_fixture(&f);
}

static void test_recommend__what_variety_takes_off_is_a_term(void **s)
{
    (void)s;
    fixture f;
    open_fixture(&f);
    f.history[KNIFE_LESSON - 1].progress = PIQ_STARTED;
    f.beliefs[KNIFE] = at(0.6); /* opens its drill */
    f.history[BROTH_LESSON - 1].dismissed_s = NOW_S - 60;
    piq_slate slate = ask(&f, PIQ_LESSON, 2);
    assert_int_equal(slate.n, 2);
    assert_int_equal(slate.list[0].concept.v, KNIFE);
    assert_int_equal(slate.list[1].concept.v, KNIFE);
    const piq_contribution *first = &slate.list[0].terms[PIQ_TERM_DIVERSITY];
    const piq_contribution *second = &slate.list[1].terms[PIQ_TERM_DIVERSITY];
    /* Both are about the knife alone: cosine 1 takes the whole .10 off. */
    assert_near(first->contribution, 0, 1e-12);
    assert_near(second->value, 0, 1e-12);
    assert_near(second->contribution, -0.10, 1e-12);
    close_fixture(&f);
}

static void test_recommend__nothing_open_gives_an_empty_slate(void **s)
{
    (void)s;
    fixture f;
    open_fixture(&f);
    for (int i = 0; i < N_SMALL_CONTENTS; i++)
        f.history[i].dismissed_s = NOW_S - 3600;
    piq_slate slate = ask(&f, -1, 5);
    assert_int_equal(slate.n, 0);
    assert_int_equal(slate.n_candidates, 0);
    close_fixture(&f);
}

static void test_recommend__a_full_arena_is_said(void **s)
{
    (void)s;
    fixture f;
    piq_slate slate;
    piq_recommend_request req = {-1, 5};
    open_fixture(&f);
    long k = 1;
    for (;; k++) {
        piq_arena a;
        piq_arena_init(&a, 0);
        piq_alloc_fail_after(k, 0);
        piq_status status = piq_recommend(&a, &f.in, &req, &slate);
        piq_alloc_fail_after(0, 0);
        piq_arena_release(&a);
        if (status == PIQ_OK)
            break;
        assert_int_equal(status, PIQ_ENOMEM);
    }
    assert_true(k > 1);
    close_fixture(&f);
}

static void test_slate__similarity_is_the_cosine_of_weights(void **s)
{
    (void)s;
    fixture f;
    open_fixture(&f);
    const piq_content *x = f.c->contents;
    assert_near(piq_slate_similarity(&x[BROTH_LESSON - 1], &x[BROTH_DRILL - 1]),
                1, 1e-12);
    assert_near(
        piq_slate_similarity(&x[BROTH_LESSON - 1], &x[KNIFE_LESSON - 1]), 0,
        1e-12);
    /* (1,0) with (.5,.5): .5 / sqrt(.5) */
    assert_near(piq_slate_similarity(&x[BROTH_LESSON - 1], &x[SAUCE_CHECK - 1]),
                sqrt(0.5), 1e-12);
    close_fixture(&f);
}

/* ---- rules and taste inside a slate ------------------------------------ */

static piq_business_view obey(fixture *f, const char *document)
{
    piq_rule_set *set = piq_new(&f->a, piq_rule_set, 1);
    piq_business *b;
    piq_business_view v;
    piq_err err = {0};
    json_t *json = json_loads(document, 0, NULL);
    assert_non_null(json);
    assert_int_equal(piq_rule_set_read(&f->a, json, f->c, set, &err), PIQ_OK);
    json_decref(json);
    assert_int_equal(piq_business_compile(&f->a, set, f->c, &b), PIQ_OK);
    piq_business_question q = {
        .user = {1}, .now_us = NOW_US, .history = f->history};
    assert_int_equal(piq_business_look(&f->a, b, &q, &v), PIQ_OK);
    return v;
}

static void test_recommend__rules_exclude_pin_promote_and_cap(void **s)
{
    (void)s;
    fixture f;
    open_fixture(&f);
    f.beliefs[BROTH] = at(0.6);
    piq_slate before = ask(&f, -1, 6);
    int worst = (int)before.list[before.n - 1].content.v + 1;
    int best = (int)before.list[0].content.v + 1;
    int second = (int)before.list[1].content.v + 1;
    char document[600];
    snprintf(document, sizeof document,
             "{\"rules\":["
             "{\"name\":\"out\",\"kind\":\"exclude\","
             "\"match\":{\"contents\":[%lld]},\"reason\":\"gone\"},"
             "{\"name\":\"top\",\"kind\":\"pin\",\"position\":1,"
             "\"match\":{\"contents\":[%lld]},\"reason\":\"spring\"},"
             "{\"name\":\"push\",\"kind\":\"promote\",\"boost\":0.05,"
             "\"match\":{\"contents\":[%lld]},\"reason\":\"new\"},"
             "{\"name\":\"one\",\"kind\":\"cap\",\"at_most\":1,"
             "\"per\":\"slate\",\"match\":{\"types\":[\"lesson\"]},"
             "\"reason\":\"variety\"}]}",
             (long long)f.c->contents[best - 1].id.v,
             (long long)f.c->contents[worst - 1].id.v,
             (long long)f.c->contents[second - 1].id.v);
    piq_business_view v = obey(&f, document);
    f.in.business = &v;
    piq_slate after = ask(&f, -1, 6);
    size_t lessons = 0;
    for (size_t i = 0; i < after.n; i++)
        lessons += f.c->contents[after.list[i].content.v].type == PIQ_LESSON;
    assert_true(lessons <= 1);
    assert_null(find(&after, best));
    assert_int_equal(after.list[0].content.v, worst - 1);
    assert_int_equal(after.list[0].cause, PIQ_CAUSE_PIN);
    assert_string_equal(after.list[0].rule, "top");
    assert_non_null(strstr(after.list[0].reason, "The rule top puts it here"));
    const piq_recommendation *pushed = find(&after, second);
    if (pushed) {
        assert_near(pushed->terms[PIQ_TERM_PROMOTION].value, 0.05, 1e-12);
        assert_string_equal(pushed->rule, "push");
    }
    close_fixture(&f);
}

/* ---- JSON -------------------------------------------------------------- */

static void test_json__holds_the_columns_and_adds_up(void **s)
{
    (void)s;
    fixture f;
    open_fixture(&f);
    piq_slate slate = ask(&f, -1, 5);
    for (size_t i = 0; i < slate.n; i++) {
        piq_buf b;
        piq_json_writer w;
        piq_buf_init(&b, 0);
        piq_json_init(&w, &b);
        slate.list[i].id = 42;
        piq_recommendation_write(&slate.list[i], f.c, &w);
        json_t *j = json_loadb(b.ptr, b.len, JSON_REJECT_DUPLICATES, NULL);
        assert_non_null(j);
        assert_true(b.len < 1400);
        const json_t *why = json_object_get(j, "reasoning");
        double sum = json_number_value(json_object_get(why, "baseline"));
        const json_t *terms = json_object_get(why, "contributions");
        /* What weighs nothing yet is left out. */
        assert_int_equal(json_array_size(terms), PIQ_N_TERMS_1);
        for (size_t t = 0; t < json_array_size(terms); t++)
            sum += json_number_value(
                json_object_get(json_array_get(terms, t), "contribution"));
        assert_near(sum, json_number_value(json_object_get(why, "score")),
                    1e-6);
        assert_int_equal(json_integer_value(json_object_get(j, "id")), 42);
        assert_true(json_is_null(json_object_get(j, "user_action")));
        assert_true(json_is_null(json_object_get(j, "feedback_score")));
        assert_true(json_is_string(json_object_get(j, "content_type")));
        assert_true(json_is_integer(json_object_get(j, "content_id")));
        json_decref(j);
        piq_buf_release(&b);
    }
    close_fixture(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(
            test_rule__prerequisites_open_by_completion_or_mastery),
        cmocka_unit_test(test_rule__unpublished_and_completed_stay_out),
        cmocka_unit_test(test_rule__retired_content_is_out),
        cmocka_unit_test(test_rule__dismissed_content_rests_a_week),
        cmocka_unit_test(test_rule__a_review_needs_something_due),
        cmocka_unit_test(test_rule__a_completed_drill_comes_back_when_due),
        cmocka_unit_test(test_rule__a_course_is_open_while_a_part_is),
        cmocka_unit_test(test_recommend__contributions_add_up_to_the_score),
        cmocka_unit_test(test_recommend__baseline_is_the_average_candidate),
        cmocka_unit_test(test_recommend__weak_concepts_come_first),
        cmocka_unit_test(test_recommend__reason_tells_recall_and_when_due),
        cmocka_unit_test(test_recommend__reason_tells_mastery_range_and_gain),
        cmocka_unit_test(
            test_recommend__reason_does_not_place_who_never_answered),
        cmocka_unit_test(test_recommend__type_and_limit_are_kept),
        cmocka_unit_test(
            test_recommend__quotas_yield_when_they_leave_places_empty),
        cmocka_unit_test(test_recommend__what_variety_takes_off_is_a_term),
        cmocka_unit_test(test_recommend__nothing_open_gives_an_empty_slate),
        cmocka_unit_test(test_recommend__a_full_arena_is_said),
        cmocka_unit_test(test_slate__similarity_is_the_cosine_of_weights),
        cmocka_unit_test(test_recommend__rules_exclude_pin_promote_and_cap),
        cmocka_unit_test(test_json__holds_the_columns_and_adds_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
