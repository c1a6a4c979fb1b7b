#include "insight/inputs.h"

#include "base/calendar.h"
#include "support/near.h"
#include "support/small_catalogue.h"

#include <stdlib.h>

/* 2026-11-02T10:00:00Z, a Monday. */
#define NOW_US INT64_C(1793613600000000)

typedef struct fixture {
    piq_catalogue *c;
    piq_learner *l;
    piq_arena a;
} fixture;

static int set_up(void **state)
{
    fixture *f = calloc(1, sizeof *f);
    f->c = small_catalogue();
    piq_arena_init(&f->a, 0);
    *state = f;
    return piq_learner_new((piq_user_id){1}, f->c, &f->l);
}

static int tear_down(void **state)
{
    fixture *f = *state;
    piq_learner_free(f->l);
    piq_catalogue_free(f->c);
    piq_arena_release(&f->a);
    free(f);
    return 0;
}

static void test_inputs__no_goal_means_everything(void **state)
{
    fixture *f = *state;
    piq_goal g = piq_goal_in_force(f->l);
    assert_false(g.set);
    assert_int_equal(g.timeline_day, INT32_MAX);
    double *v = piq_concept_values(&f->a, f->c, &g);
    for (int i = 0; i < N_SMALL_CONCEPTS; i++)
        assert_near(v[i], 1, 0);
}

static void test_inputs__a_targets_ancestors_are_worth_less(void **state)
{
    fixture *f = *state;
    piq_goal g = {.set = true,
                  .target_skill_level = PIQ_EXPERT,
                  .timeline_day = INT32_MAX,
                  .target_concepts = {{EMULSION}},
                  .n_target_concepts = 1};
    double *v = piq_concept_values(&f->a, f->c, &g);
    assert_near(v[EMULSION], 1, 0);
    assert_near(v[SAUCE], 0.7, 0);
    assert_near(v[BROTH], 0.7, 0); /* needed by what is needed */
    assert_near(v[KNIFE], 0.15, 0);
}

static void test_inputs__a_usual_session_is_shrunk_to_25_minutes(void **state)
{
    fixture *f = *state;
    piq_behaviour *b = &f->l->behaviour;
    assert_near(piq_usual_session_min(f->l), 25, 1e-12);
    b->n_sessions = 5;
    b->sessions_ms = 5 * 45 * 60000;
    /* (225 + 5 * 25) / 10 */
    assert_near(piq_usual_session_min(f->l), 35, 1e-12);
    b->n_sessions = 100;
    b->sessions_ms = (uint64_t)100 * 600 * 60000;
    assert_near(piq_usual_session_min(f->l), 120, 0);
    f->l->stated =
        (piq_stated){.has = PIQ_STATED_SESSION, .session_minutes = 300};
    assert_near(piq_usual_session_min(f->l), 300, 0);
}

static void test_inputs__minutes_a_weekday_are_as_stated(void **state)
{
    fixture *f = *state;
    uint16_t minutes[7];
    piq_weekday_minutes(f->l, minutes);
    for (int i = 0; i < 7; i++)
        assert_int_equal(minutes[i], 25);
    f->l->stated.has = PIQ_STATED_MINUTES;
    f->l->stated.minutes_per_weekday[6] = 90;
    piq_weekday_minutes(f->l, minutes);
    assert_int_equal(minutes[0], 0);
    assert_int_equal(minutes[6], 90);
}

static void test_inputs__liking_is_shrunk_and_what_was_said_adds(void **state)
{
    fixture *f = *state;
    piq_recommend_input in;
    piq_behaviour *b = &f->l->behaviour;
    b->by_modality[PIQ_VISUAL].residuals = (piq_residuals){10, 8, 8};
    f->l->stated = (piq_stated){.has = PIQ_STATED_CONTENT_TYPE,
                                .preferred_content_type = PIQ_ANALYTICAL};
    b->characters[0].sessions = 3;
    b->characters[0].ratings = 1;
    b->characters[0].rating_sum = 1;
    assert_int_equal(
        piq_recommend_input_of(&f->a, f->l, NULL, f->c, NOW_US, &in), PIQ_OK);
    assert_near(in.modality[PIQ_VISUAL].value, 0.7, 1e-12); /* .5 + 8/40 */
    assert_near(in.modality[PIQ_VISUAL].n, 10, 0);
    assert_near(in.modality[PIQ_ANALYTICAL].value, 0.65, 1e-12);
    assert_near(in.modality[PIQ_INTERACTIVE].value, 0.5, 1e-12);
    /* rating (1 + 1.5) / 4 = .625; share (3+1)/(3+1) = 1: .7*.625 + .3*.5 */
    assert_near(in.characters[0].value, 0.5875, 1e-12);
    assert_near(in.characters[0].n, 4, 0);
}

static void test_inputs__a_path_starts_on_the_learners_own_day(void **state)
{
    fixture *f = *state;
    piq_path_input in;
    int32_t monday;
    assert_true(piq_date_parse(PIQ_STR("2026-11-02"), &monday));
    f->l->stated = (piq_stated){
        .has = PIQ_STATED_OFFSET | PIQ_STATED_DAYS_OFF | PIQ_STATED_RETENTION,
        .utc_offset_min = -420, /* 03:00 there: still Sunday, until four */
        .n_days_off = 1,
        .desired_retention = 0.8f};
    f->l->stated.days_off[0] = monday + 3;
    f->l->goal = (piq_goal){.set = true,
                            .target_skill_level = PIQ_EXPERT,
                            .timeline_day = monday + 30};
    assert_int_equal(piq_path_input_of(&f->a, f->l, NULL, f->c, NOW_US, &in),
                     PIQ_OK);
    assert_int_equal(in.from_day, monday - 1);
    assert_int_equal(in.deadline_day, monday + 30);
    assert_int_equal(in.n_days_off, 1);
    assert_int_equal(in.days_off[0], monday + 3);
    assert_near(in.desired_retention, (double)0.8f, 0);
    assert_near(in.pace, 1, 1e-12);
    assert_near(in.minutes_spent_today, 0, 0);
    f->l->behaviour.n_days = 1;
    f->l->behaviour.days[0] =
        (piq_day_record){.day = monday - 1, .spent_ms = 12 * 60000};
    assert_int_equal(piq_path_input_of(&f->a, f->l, NULL, f->c, NOW_US, &in),
                     PIQ_OK);
    assert_near(in.minutes_spent_today, 12, 1e-12);
}

static void test_inputs__no_memory_is_said(void **state)
{
    fixture *f = *state;
    piq_recommend_input in;
    piq_path_input path;
    for (long k = 1; k <= 4; k++) {
        piq_alloc_fail_after(k, 0);
        assert_int_equal(
            piq_recommend_input_of(&f->a, f->l, NULL, f->c, NOW_US, &in),
            PIQ_ENOMEM);
        piq_alloc_fail_after(k, 0);
        assert_int_equal(
            piq_path_input_of(&f->a, f->l, NULL, f->c, NOW_US, &path),
            PIQ_ENOMEM);
    }
    piq_alloc_fail_after(0, 0);
}

/* Completed 1, begun .6, a rating half and half: (1 + .25) / 2 = .625. Given
 * up, dismissed since, never touched: left out. */
static void test_inputs__liked_is_what_was_taken_up_oldest_first(void **state)
{
    fixture *f = *state;
    piq_content_history *h = f->l->history;
    piq_liked_content liked[N_SMALL_CONTENTS];
    h[0] = (piq_content_history){.progress = PIQ_COMPLETED, .last_s = 300};
    h[1] = (piq_content_history){.progress = PIQ_STARTED, .last_s = 100};
    h[2] = (piq_content_history){
        .progress = PIQ_COMPLETED, .last_s = 200, .rating = 2};
    h[3] = (piq_content_history){.progress = PIQ_ABANDONED, .last_s = 50};
    h[4] = (piq_content_history){
        .progress = PIQ_STARTED, .last_s = 400, .dismissed_s = 500};
    assert_int_equal(piq_liked_contents(f->l, f->c, liked), 3);
    assert_int_equal(liked[0].content.v, 1);
    assert_int_equal(liked[1].content.v, 2);
    assert_int_equal(liked[2].content.v, 0);
    assert_int_equal(liked[0].at_us, 100 * PIQ_US_PER_SECOND);
    assert_near((double)liked[0].weight, 0.6, 1e-6);
    assert_near((double)liked[1].weight, 0.625, 1e-6);
    assert_near((double)liked[2].weight, 1, 1e-6);
}

/* A rating is part of the state, and survives being stored. */
static void test_inputs__a_rating_is_kept_with_the_state(void **state)
{
    fixture *f = *state;
    piq_buf b;
    piq_learner *back;
    piq_err err = {0};
    f->l->history[2].rating = 5;
    piq_buf_init(&b, 0);
    piq_learner_encode(f->l, &b);
    assert_int_equal(piq_learner_decode((piq_str){b.ptr, b.len}, f->l->user,
                                        f->c, NULL, &back, &err),
                     PIQ_OK);
    assert_int_equal(back->history[2].rating, 5);
    assert_int_equal(back->history[1].rating, 0);
    piq_learner_free(back);
    piq_buf_release(&b);
}

#define WITH(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH(test_inputs__liked_is_what_was_taken_up_oldest_first),
        WITH(test_inputs__a_rating_is_kept_with_the_state),
        WITH(test_inputs__no_goal_means_everything),
        WITH(test_inputs__a_targets_ancestors_are_worth_less),
        WITH(test_inputs__a_usual_session_is_shrunk_to_25_minutes),
        WITH(test_inputs__minutes_a_weekday_are_as_stated),
        WITH(test_inputs__liking_is_shrunk_and_what_was_said_adds),
        WITH(test_inputs__a_path_starts_on_the_learners_own_day),
        WITH(test_inputs__no_memory_is_said),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
