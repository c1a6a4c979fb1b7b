/* Laws of an event's JSON over made-up events of every type: what is written
 * reads back to the same event, and two events have the same bytes exactly
 * when they say the same. */
#include "base/calendar.h"
#include "base/rng.h"
#include "domain/event.h"
#include "domain/json_reader.h"
#include "support/random_catalogue.h"
#include "support/random_control.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

enum { ROUNDS = 6000 };

static const int64_t NOW_US = INT64_C(1893456000000000); /* 2030-01-01 */

static int set_up(void **state)
{
    *state = random_catalogue(5, 6, 40, 120);
    return 0;
}

static int tear_down(void **state)
{
    piq_catalogue_free(*state);
    return 0;
}

/* ---- making ---------------------------------------------------------- */

static uint32_t below(piq_rng *r, uint64_t n)
{
    return (uint32_t)piq_rng_below(r, n);
}

static float score(piq_rng *r)
{
    static const float ends[] = {0, 1, 0.5f, 0.1f, 1e-30f, 0.99999994f};
    return below(r, 2) ? ends[below(r, 6)] : (float)piq_rng_uniform(r);
}

static piq_content_ix content(piq_rng *r, const piq_catalogue *c, bool always)
{
    return (piq_content_ix){always || below(r, 2) ? below(r, c->n_contents)
                                                  : PIQ_NO_IX32};
}

/* The n-th of `n` different concepts. */
static piq_concept_ix concept_at(uint32_t first, size_t i,
                                 const piq_catalogue *c)
{
    return (piq_concept_ix){(uint16_t)((first + 7 * i) % c->n_concepts)};
}

static void make_answer(piq_rng *r, const piq_catalogue *c, piq_answer *a)
{
    uint32_t first = below(r, 100);
    *a = (piq_answer){.item = {PIQ_NO_IX32}, .content = {PIQ_NO_IX32}};
    if (below(r, 2))
        a->item.v = below(r, c->n_items);
    a->content = content(r, c, false);
    bool names = a->item.v != PIQ_NO_IX32 || a->content.v != PIQ_NO_IX32;
    if (!names || below(r, 3) == 0)
        a->n_concepts = (uint8_t)(1 + below(r, 5));
    for (size_t i = 0; i < a->n_concepts; i++)
        a->concepts[i] = (piq_concept_weight){
            concept_at(first, i, c),
            below(r, 2) ? 1 : 1e-6 + 0.999 * piq_rng_uniform(r)};
    a->score = score(r);
    a->response_ms = below(r, 2) ? below(r, 86400001) : 0;
    a->hint = below(r, 2);
}

static void make_assessment(piq_rng *r, const piq_catalogue *c,
                            piq_assessment_event *a)
{
    uint32_t first = below(r, 100);
    *a = (piq_assessment_event){.content = content(r, c, false),
                                .score = score(r),
                                .seconds = below(r, 2) * below(r, 86401)};
    if (a->content.v == PIQ_NO_IX32 || below(r, 2))
        a->n_concepts = (uint8_t)(1 + below(r, 5));
    for (size_t i = 0; i < a->n_concepts; i++) {
        a->concepts[i].concept = concept_at(first, i, c);
        a->concepts[i].score = score(r);
    }
}

static void make_goal(piq_rng *r, const piq_catalogue *c, piq_goal *g)
{
    uint32_t first = below(r, 100);
    *g = (piq_goal){
        .set = true,
        .target_skill_level = (piq_level)below(r, PIQ_N_LEVELS),
        .timeline_day = below(r, 2) ? INT32_MAX : (int32_t)below(r, 40000),
        .motivation_type = (piq_motivation)below(r, PIQ_N_MOTIVATIONS),
        .n_priority_areas = (uint8_t)below(r, c->n_areas + 1),
        .n_target_concepts = (uint8_t)below(r, 6)};
    if (below(r, 2))
        g->desired_retention = (float)(0.7 + 0.27 * piq_rng_uniform(r));
    for (size_t i = 0; i < g->n_priority_areas; i++)
        g->priority_areas[i].v = (uint16_t)((first + i) % c->n_areas);
    for (size_t i = 0; i < g->n_target_concepts; i++)
        g->target_concepts[i] = concept_at(first, i, c);
}

static void make_stated(piq_rng *r, piq_stated *s)
{
    *s = (piq_stated){.has = 1 + below(r, 255)};
    if (s->has & PIQ_STATED_CONTENT_TYPE)
        s->preferred_content_type = (uint8_t)below(r, 4);
    if (s->has & PIQ_STATED_SESSION)
        s->session_minutes = (uint16_t)(5 + below(r, 476));
    for (int i = 0; i < 7 && s->has & PIQ_STATED_MINUTES; i++)
        s->minutes_per_weekday[i] = (uint16_t)below(r, 1441);
    if (s->has & PIQ_STATED_DAYS_OFF)
        s->n_days_off = (uint8_t)below(r, PIQ_MAX_DAYS_OFF + 1);
    for (size_t i = 0; i < s->n_days_off; i++)
        s->days_off[i] = (int32_t)(20000 + 3 * i + below(r, 3));
    if (s->has & PIQ_STATED_OFFSET)
        s->utc_offset_min = (int16_t)((int)below(r, 1681) - 840);
    if (s->has & PIQ_STATED_PACE)
        s->difficulty_progression_rate = (piq_pace)below(r, 3);
    if (s->has & PIQ_STATED_LEVEL)
        s->self_level = (piq_level)below(r, PIQ_N_LEVELS);
    if (s->has & PIQ_STATED_RETENTION)
        s->desired_retention = (float)(0.7 + 0.27 * piq_rng_uniform(r));
}

static void make_fitted(piq_rng *r, piq_fitted *f)
{
    memset(f, 0, sizeof *f);
    f->from = below(r, 2) ? PIQ_FITTED_LEARNER : PIQ_FITTED_POPULATION;
    f->reviews = below(r, UINT32_MAX);
    for (int i = 0; i < PIQ_N_MEMORY_PARAMETERS; i++)
        f->parameters[i] = 100 * piq_rng_normal(r);
    for (int i = 0; i < PIQ_N_CARRY; i++) {
        f->stability[i] = piq_rng_normal(r);
        f->difficulty[i] = piq_rng_normal(r);
    }
}

static void make_body(piq_rng *r, const piq_catalogue *c, piq_event *e)
{
    switch (e->type) {
    case PIQ_EV_ANSWER:
        make_answer(r, c, &e->u.answer);
        break;
    case PIQ_EV_CONTENT_STARTED:
    case PIQ_EV_CONTENT_ABANDONED:
    case PIQ_EV_CONTENT_COMPLETED:
        e->u.content = (piq_content_event){content(r, c, true), 0, NAN};
        if (e->type != PIQ_EV_CONTENT_STARTED)
            e->u.content.seconds = below(r, 2) * below(r, 86401);
        if (e->type == PIQ_EV_CONTENT_COMPLETED && below(r, 2))
            e->u.content.score = score(r);
        break;
    case PIQ_EV_ASSESSMENT_COMPLETED:
        make_assessment(r, c, &e->u.assessment);
        break;
    case PIQ_EV_CHARACTER_SESSION:
        e->u.character =
            (piq_character_event){{(uint16_t)below(r, c->n_characters)},
                                  content(r, c, false),
                                  below(r, 2) * below(r, 100001),
                                  score(r),
                                  below(r, 2) * below(r, 86401)};
        break;
    case PIQ_EV_REVIEW:
        e->u.review = (piq_review_event){{(uint16_t)below(r, c->n_concepts)},
                                         (uint8_t)(1 + below(r, 4)),
                                         below(r, 2) * below(r, 86400001)};
        break;
    case PIQ_EV_RECOMMENDATION_FEEDBACK:
        e->u.feedback = (piq_feedback_event){
            (int64_t)(piq_rng_u64(r) >> 1 | 1), content(r, c, false),
            (piq_user_action)below(r, PIQ_N_USER_ACTIONS),
            (uint8_t)below(r, 6)};
        if (e->u.feedback.action == PIQ_ACTION_NONE)
            e->u.feedback.feedback_score = (uint8_t)(1 + below(r, 5));
        break;
    case PIQ_EV_GOAL_SET:
        make_goal(r, c, &e->u.goal);
        break;
    case PIQ_EV_PROFILE_STATED:
        make_stated(r, &e->u.stated);
        break;
    case PIQ_EV_PATH_CONTROLLED:
        e->u.control = random_control(r, c, piq_day_of(e->at_us, 0, 0));
        break;
    case PIQ_EV_MEMORY_FITTED:
        make_fitted(r, &e->u.fitted);
        break;
    case PIQ_EV_VOIDED:
        e->u.voided.voids = PIQ_STR("another \"one\"");
        break;
    }
}

static piq_event make(piq_rng *r, const piq_catalogue *c, piq_arena *a)
{
    static const char *const ids[] = {"a", "\xc3\xa9v\xc3\xa9nement", "\"\\/",
                                      "{}[]:,", "0123456789abcdef"};
    const char *id = ids[below(r, 5)];
    piq_event e = {
        .user = {7},
        .event_id = {piq_arena_strndup(a, id, strlen(id)), strlen(id)},
        .at_us = (int64_t)piq_rng_below(r, (uint64_t)NOW_US),
        .type = (piq_event_type)below(r, PIQ_N_EVENT_TYPES)};
    if (below(r, 2))
        e.at_us -= e.at_us % PIQ_US_PER_SECOND;
    make_body(r, c, &e);
    return e;
}

/* ---- comparing ------------------------------------------------------- */

static bool same_float(float a, float b)
{
    return memcmp(&a, &b, sizeof a) == 0 || (isnan(a) && isnan(b));
}

static bool same_answer(const piq_answer *a, const piq_answer *b)
{
    bool same = a->item.v == b->item.v && a->content.v == b->content.v &&
                a->n_concepts == b->n_concepts &&
                same_float(a->score, b->score) &&
                a->response_ms == b->response_ms && a->hint == b->hint;
    for (size_t i = 0; same && i < a->n_concepts; i++)
    same = a->concepts[i].concept.v == b->concepts[i].concept.v &&
           memcmp(&a->concepts[i].weight, &b->concepts[i].weight,
                  sizeof(double)) == 0;
    return same;
}

static bool same_assessment(const piq_assessment_event *a,
                            const piq_assessment_event *b)
{
    bool same = a->content.v == b->content.v &&
                same_float(a->score, b->score) && a->seconds == b->seconds &&
                a->n_concepts == b->n_concepts;
    for (size_t i = 0; same && i < a->n_concepts; i++)
    same = a->concepts[i].concept.v == b->concepts[i].concept.v &&
           same_float(a->concepts[i].score, b->concepts[i].score);
    return same;
}

static bool same_goal(const piq_goal *a, const piq_goal *b)
{
    bool same = a->set == b->set &&
                a->target_skill_level == b->target_skill_level &&
                a->timeline_day == b->timeline_day &&
                a->motivation_type == b->motivation_type &&
                a->n_priority_areas == b->n_priority_areas &&
                a->n_target_concepts == b->n_target_concepts &&
                same_float(a->desired_retention, b->desired_retention);
    for (size_t i = 0; same && i < a->n_priority_areas; i++)
        same = a->priority_areas[i].v == b->priority_areas[i].v;
    for (size_t i = 0; same && i < a->n_target_concepts; i++)
        same = a->target_concepts[i].v == b->target_concepts[i].v;
    return same;
}

static bool same_stated(const piq_stated *a, const piq_stated *b)
{
    return a->has == b->has &&
           a->preferred_content_type == b->preferred_content_type &&
           a->session_minutes == b->session_minutes &&
           memcmp(a->minutes_per_weekday, b->minutes_per_weekday,
                  sizeof a->minutes_per_weekday) == 0 &&
           a->n_days_off == b->n_days_off &&
           memcmp(a->days_off, b->days_off, sizeof a->days_off) == 0 &&
           a->utc_offset_min == b->utc_offset_min &&
           a->difficulty_progression_rate == b->difficulty_progression_rate &&
           a->self_level == b->self_level &&
           same_float(a->desired_retention, b->desired_retention);
}

static bool same_feedback(const piq_feedback_event *a,
                          const piq_feedback_event *b)
{
    return a->recommendation_id == b->recommendation_id &&
           a->content.v == b->content.v && a->action == b->action &&
           a->feedback_score == b->feedback_score;
}

static bool same_session(const piq_character_event *a,
                         const piq_character_event *b)
{
    return a->character.v == b->character.v && a->content.v == b->content.v &&
           a->hands == b->hands && same_float(a->score, b->score) &&
           a->seconds == b->seconds;
}

static bool same_body(const piq_event *a, const piq_event *b)
{
    switch (a->type) {
    case PIQ_EV_ANSWER:
        return same_answer(&a->u.answer, &b->u.answer);
    case PIQ_EV_CONTENT_STARTED:
    case PIQ_EV_CONTENT_COMPLETED:
    case PIQ_EV_CONTENT_ABANDONED:
        return a->u.content.content.v == b->u.content.content.v &&
               a->u.content.seconds == b->u.content.seconds &&
               same_float(a->u.content.score, b->u.content.score);
    case PIQ_EV_ASSESSMENT_COMPLETED:
        return same_assessment(&a->u.assessment, &b->u.assessment);
    case PIQ_EV_CHARACTER_SESSION:
        return same_session(&a->u.character, &b->u.character);
    case PIQ_EV_REVIEW:
        return a->u.review.concept
        .v == b->u.review.concept.v &&
            a->u.review.rating == b->u.review.rating &&
            a->u.review.response_ms == b->u.review.response_ms;
    case PIQ_EV_RECOMMENDATION_FEEDBACK:
        return same_feedback(&a->u.feedback, &b->u.feedback);
    case PIQ_EV_GOAL_SET:
        return same_goal(&a->u.goal, &b->u.goal);
    case PIQ_EV_PROFILE_STATED:
        return same_stated(&a->u.stated, &b->u.stated);
    case PIQ_EV_PATH_CONTROLLED:
        return piq_control_eq(&a->u.control, &b->u.control);
    case PIQ_EV_MEMORY_FITTED:
        return memcmp(&a->u.fitted, &b->u.fitted, sizeof a->u.fitted) == 0;
    case PIQ_EV_VOIDED:
        return piq_str_eq(a->u.voided.voids, b->u.voided.voids);
    }
    return false;
}

static bool same_event(const piq_event *a, const piq_event *b)
{
    return a->type == b->type && a->at_us == b->at_us &&
           piq_str_eq(a->event_id, b->event_id) && same_body(a, b);
}

static piq_str written(const piq_event *e, const piq_catalogue *c, piq_arena *a)
{
    piq_buf b;
    piq_json_writer w;
    piq_buf_init(&b, 0);
    piq_json_init(&w, &b);
    piq_event_write(e, c, &w);
    assert_int_equal(b.status, PIQ_OK);
    piq_str s = {piq_arena_strndup(a, b.ptr, b.len), b.len};
    piq_buf_release(&b);
    return s;
}

/* ---- laws ------------------------------------------------------------ */

static void test_event__read_of_write_is_the_event(void **state)
{
    const piq_catalogue *c = *state;
    piq_rng rng;
    piq_arena a;
    piq_rng_seed(&rng, 1);
    piq_arena_init(&a, 0);
    for (int i = 0; i < ROUNDS; i++) {
        piq_err err = {0};
        json_t *json;
        piq_event e = make(&rng, c, &a), back = {.user = {7}};
        piq_str text = written(&e, c, &a);
        assert_int_equal(piq_json_parse(text, &json, &err), PIQ_OK);
        if (piq_event_read(&a, json, "", false, c, NOW_US, &back, &err))
            fail_msg("%s: %s: %.*s", err.where, err.message, PIQ_STR_ARG(text));
        if (!same_event(&e, &back))
            fail_msg("another event: %.*s", PIQ_STR_ARG(text));
        assert_true(piq_str_eq(text, written(&back, c, &a)));
        json_decref(json);
        piq_arena_clear(&a);
    }
    piq_arena_release(&a);
}

/* Half of the pairs come from the same seed and differ in one draw or none. */
static void test_event__bytes_are_equal_when_the_events_are(void **state)
{
    const piq_catalogue *c = *state;
    piq_arena a;
    size_t n_same = 0, n_other = 0;
    piq_arena_init(&a, 0);
    for (uint64_t i = 0; i < ROUNDS; i++) {
        piq_rng one, other;
        piq_rng_seed(&one, i / 3);
        piq_rng_seed(&other, i / 2);
        piq_event x = make(&one, c, &a), y = make(&other, c, &a);
        if (i % 3 == 1) {
            y = x;
            y.at_us += (int64_t)(i % 2);
        }
        bool same = same_event(&x, &y);
        assert_int_equal(same,
                         piq_str_eq(written(&x, c, &a), written(&y, c, &a)));
        n_same += same;
        n_other += !same;
        piq_arena_clear(&a);
    }
    assert_true(n_same > 100 && n_other > 100);
    piq_arena_release(&a);
}

static void test_event__order_is_total(void **state)
{
    const piq_catalogue *c = *state;
    piq_rng rng;
    piq_arena a;
    piq_rng_seed(&rng, 3);
    piq_arena_init(&a, 0);
    for (int i = 0; i < ROUNDS; i++) {
        piq_event e[3];
        for (int k = 0; k < 3; k++) {
            e[k] = make(&rng, c, &a);
            e[k].at_us = below(&rng, 2); /* ties */
        }
        int ab = piq_event_cmp(&e[0], &e[1]), bc = piq_event_cmp(&e[1], &e[2]);
        assert_int_equal(ab<0, piq_event_cmp(&e[1], &e[0])> 0);
        if (ab <= 0 && bc <= 0)
            assert_true(piq_event_cmp(&e[0], &e[2]) <= 0);
        assert_int_equal(ab == 0, e[0].at_us == e[1].at_us &&
                                      piq_str_eq(e[0].event_id, e[1].event_id));
        piq_arena_clear(&a);
    }
    piq_arena_release(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_event__read_of_write_is_the_event),
        cmocka_unit_test(test_event__bytes_are_equal_when_the_events_are),
        cmocka_unit_test(test_event__order_is_total),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
