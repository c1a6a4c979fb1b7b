/* The review queue of a learner on the cooking curriculum. */
#include "insight/reviews.h"

#include "base/calendar.h"
#include "support/folded_learner.h"
#include "support/small_catalogue.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* 2026-11-02T10:00:00Z, a Monday. */
#define START_US INT64_C(1793613600000000)
#define DAY      PIQ_US_PER_DAY

typedef struct fixture {
    folded_learner of;
    piq_reviews_ask ask;
    piq_review_queue q;
    piq_err err;
} fixture;

static int set_up(void **state)
{
    fixture *f = calloc(1, sizeof *f);
    f->ask = (piq_reviews_ask){
        .days = 14, .retention = NAN, .minutes = NAN, .limit = 50};
    *state = f;
    return folded_learner_init(&f->of) ? 0 : -1;
}

static int tear_down(void **state)
{
    fixture *f = *state;
    folded_learner_release(&f->of);
    free(f);
    return 0;
}

static void review(fixture *f, uint16_t concept, int rating, int64_t at_us)
{
    piq_event e = {.at_us = at_us, .type = PIQ_EV_REVIEW};
    e.u.review =
        (piq_review_event){.concept = {concept}, .rating = (uint8_t)rating};
    folded_learner_add(&f->of, e);
}

static void state_it(fixture *f, piq_stated stated, int64_t at_us)
{
    piq_event e = {.at_us = at_us, .type = PIQ_EV_PROFILE_STATED};
    e.u.stated = stated;
    folded_learner_add(&f->of, e);
}

static void aim(fixture *f, int32_t day, float retention, int64_t at_us)
{
    piq_event e = {.at_us = at_us, .type = PIQ_EV_GOAL_SET};
    e.u.goal = (piq_goal){.set = true,
                          .target_skill_level = PIQ_EXPERT,
                          .timeline_day = day,
                          .motivation_type = PIQ_MASTERY,
                          .desired_retention = retention};
    folded_learner_add(&f->of, e);
}

static void make(fixture *f, int64_t now_us)
{
    assert_int_equal(piq_reviews_make(&f->of.a, f->of.l, f->of.c, now_us,
                                      &f->ask, &f->q, &f->err),
                     PIQ_OK);
}

static void practise_all(fixture *f)
{
    for (uint16_t k = 0; k < N_SMALL_CONCEPTS; k++)
        review(f, k, 1 + k, START_US);
}

static void test_reviews__of_nobody_are_none(void **state)
{
    fixture *f = *state;
    make(f, START_US);
    assert_int_equal(f->q.due + f->q.n + f->q.practised, 0);
    assert_int_equal(f->q.n_days, 14);
    assert_int_equal(f->q.cleared_day, f->q.today);
    assert_string_equal(f->q.retention_source, "default");
    assert_int_equal(f->q.from, PIQ_FITTED_NONE);
}

static void test_reviews__are_due_when_their_day_has_come(void **state)
{
    fixture *f = *state;
    practise_all(f);
    make(f, START_US);
    assert_int_equal(f->q.practised, N_SMALL_CONCEPTS);
    assert_int_equal(f->q.due, 0); /* nothing on the day of practice */
    make(f, START_US + DAY);
    /* S = .212 and 1.2931: tomorrow; 2.3065: in two days; 8.2956: later. */
    assert_int_equal(f->q.due, 2);
    assert_int_equal(f->q.overdue, 0);
    make(f, START_US + 30 * DAY);
    assert_int_equal(f->q.due, 4);
    assert_int_equal(f->q.overdue, 4);
    for (size_t i = 1; i < f->q.n; i++)
        assert_true(f->q.reviews[i - 1].loss >= f->q.reviews[i].loss);
    for (size_t i = 0; i < f->q.n; i++) {
        const piq_queued_review *r = &f->q.reviews[i];
        assert_true(r->recall > r->recall_tomorrow && r->recall < 1);
        assert_non_null(strstr(r->why, "is wanted"));
    }
}

static void test_reviews__of_the_day_have_no_recall(void **state)
{
    fixture *f = *state;
    practise_all(f);
    f->ask.exam = true;
    aim(f, piq_day_of(START_US, 0, 4) + 10, 0, START_US);
    make(f, START_US);
    /* What was practised today is not asked for again today. */
    assert_int_equal(f->q.n, 0);
    assert_true(f->q.exam->reviews > 0);
}

static void test_reviews__that_do_not_fit_wait(void **state)
{
    fixture *f = *state;
    practise_all(f);
    f->ask.minutes = 10; /* two of five minutes */
    make(f, START_US + 30 * DAY);
    assert_int_equal(f->q.due, 4);
    assert_true(f->q.reviews[0].today && f->q.reviews[1].today);
    assert_false(f->q.reviews[2].today || f->q.reviews[3].today);
    assert_int_equal(f->q.days[0].planned, 2);
    assert_int_equal(f->q.days[0].waiting, 2);
    assert_int_equal(f->q.days[0].due, 0);
    assert_true(f->q.cleared_day > f->q.today);
    f->ask.minutes = 0;
    make(f, START_US + 30 * DAY);
    assert_int_equal(f->q.days[13].waiting, 4);
    assert_int_equal(f->q.cleared_day, INT32_MAX);
}

static void test_reviews__keep_days_off_free(void **state)
{
    fixture *f = *state;
    int32_t today = piq_day_of(START_US, 0, 4) + 30;
    practise_all(f);
    state_it(f,
             (piq_stated){.has = PIQ_STATED_DAYS_OFF,
                          .days_off = {today, today + 1},
                          .n_days_off = 2},
             START_US + 60);
    make(f, START_US + 30 * DAY);
    assert_true(f->q.days[0].off && f->q.days[1].off && !f->q.days[2].off);
    assert_true(f->q.days[0].minutes == 0 && f->q.days[0].planned == 0);
    assert_int_equal(f->q.days[1].waiting, 4);
    assert_true(f->q.days[2].planned > 0);
}

static void test_reviews__retention_is_the_calls_the_goals_or_stated(
    void **state)
{
    fixture *f = *state;
    practise_all(f);
    state_it(
        f, (piq_stated){.has = PIQ_STATED_RETENTION, .desired_retention = 0.8f},
        START_US + 60);
    make(f, START_US + DAY);
    assert_string_equal(f->q.retention_source, "stated");
    uint32_t at_80 = f->q.due;
    aim(f, INT32_MAX, 0.95f, START_US + 120);
    make(f, START_US + DAY);
    assert_string_equal(f->q.retention_source, "goal");
    assert_true(fabs(f->q.retention - 0.95) < 1e-6);
    assert_true(f->q.due > at_80);
    int32_t stored = f->of.l->memory.concepts[3].due_day;
    f->ask.retention = 0.7;
    make(f, START_US + DAY);
    assert_string_equal(f->q.retention_source, "asked");
    assert_true(f->q.due <= at_80);
    assert_int_equal(f->of.l->memory.concepts[3].due_day, stored);
}

static void test_reviews__deadline_plan_beats_no_review(void **state)
{
    fixture *f = *state;
    int32_t today = piq_day_of(START_US, 0, 4) + 8;
    practise_all(f);
    aim(f, today + 20, 0, START_US + 60);
    f->ask.exam = true;
    f->ask.minutes = 5;
    make(f, START_US + 8 * DAY);
    const piq_exam *e = f->q.exam;
    assert_non_null(e);
    assert_int_equal(e->day, today + 20);
    assert_int_equal(e->n_days, 20);
    assert_int_equal(e->concepts, 4);
    assert_true(e->recall > e->without + 0.02);
    uint32_t total = 0;
    for (size_t i = 0; i < e->n_days; i++) {
        assert_true(e->days[i].minutes <= 5 + 1e-9);
        total += e->days[i].reviews;
    }
    assert_int_equal(total, e->reviews);
    /* The queue is today's part of it. */
    assert_int_equal(f->q.n, e->days[0].reviews);
}

static void test_reviews__deadline_needs_a_date_ahead(void **state)
{
    fixture *f = *state;
    practise_all(f);
    f->ask.exam = true;
    int32_t today = piq_day_of(START_US, 0, 4);
    const int32_t days[] = {INT32_MAX, today, today - 3, today + 401};
    for (int k = -1; k < 4; k++) {
        if (k >= 0)
            aim(f, days[k], 0, START_US + 60 + k);
        assert_int_equal(piq_reviews_make(&f->of.a, f->of.l, f->of.c,
                                          START_US + 90, &f->ask, &f->q,
                                          &f->err),
                         PIQ_EINVAL);
    }
}

/* Flash cards of 12 s; a learner who answers items has reviews of 5 minutes. */
static void test_reviews__minutes_are_those_seen(void **state)
{
    fixture *f = *state;
    assert_true(piq_review_minutes(f->of.l) == 5);
    for (int i = 0; i < 30; i++) {
        piq_event e = {.at_us = START_US + i * 20 * PIQ_US_PER_SECOND,
                       .type = PIQ_EV_REVIEW};
        e.u.review = (piq_review_event){
            .concept = {BROTH}, .rating = 3, .response_ms = 12000};
        folded_learner_add(&f->of, e);
    }
    assert_true(fabs(piq_review_minutes(f->of.l) - 0.2) < 1e-9);
}

static void test_reviews__as_json_has_every_member(void **state)
{
    fixture *f = *state;
    practise_all(f);
    make(f, START_US + 30 * DAY);
    piq_buf b;
    piq_json_writer w;
    piq_buf_init(&b, 0);
    piq_json_init(&w, &b);
    piq_review_queue_write(&f->q, f->of.c, &w);
    json_t *json = json_loadb(b.ptr, b.len, 0, NULL);
    assert_non_null(json);
    assert_int_equal(json_array_size(json_object_get(json, "queue")), 4);
    assert_int_equal(json_array_size(json_object_get(json, "days")), 14);
    assert_true(json_is_null(json_object_get(json, "deadline")));
    assert_string_equal(json_string_value(json_object_get(json, "mode")),
                        "due");
    json_decref(json);
    piq_buf_release(&b);
}

static void test_reviews__every_allocation_may_fail(void **state)
{
    fixture *f = *state;
    practise_all(f);
    aim(f, piq_day_of(START_US, 0, 4) + 60, 0, START_US + 60);
    f->ask.exam = true;
    piq_status status = PIQ_ENOMEM;
    for (long k = 1; status == PIQ_ENOMEM; k++) {
        piq_arena a;
        piq_arena_init(&a, 0);
        piq_alloc_fail_after(k, 1);
        status = piq_reviews_make(&a, f->of.l, f->of.c, START_US + 30 * DAY,
                                  &f->ask, &f->q, &f->err);
        piq_alloc_fail_after(0, 0);
        piq_arena_release(&a);
    }
    assert_int_equal(status, PIQ_OK);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_reviews__of_nobody_are_none),
        TEST(test_reviews__are_due_when_their_day_has_come),
        TEST(test_reviews__of_the_day_have_no_recall),
        TEST(test_reviews__that_do_not_fit_wait),
        TEST(test_reviews__keep_days_off_free),
        TEST(test_reviews__retention_is_the_calls_the_goals_or_stated),
        TEST(test_reviews__deadline_plan_beats_no_review),
        TEST(test_reviews__deadline_needs_a_date_ahead),
        TEST(test_reviews__minutes_are_those_seen),
        TEST(test_reviews__as_json_has_every_member),
        TEST(test_reviews__every_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
