/* Habits as they are counted. The stored form: tests/property. */
#include "learner/behaviour.h"

#include "base/calendar.h"
#include "support/habit_maker.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#define SECOND PIQ_US_PER_SECOND
#define MINUTE PIQ_US_PER_MINUTE
#define DAY    PIQ_US_PER_DAY

typedef struct fixture {
    habit_world of;
    piq_behaviour *b;
} fixture;

static int set_up(void **state)
{
    fixture *f = calloc(1, sizeof *f);
    habit_begin(&f->of);
    f->b = &f->of.l->behaviour;
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    fixture *f = *state;
    habit_end(&f->of);
    free(f);
    return 0;
}

static void test_behaviour__a_response_time_is_time_spent(void **state)
{
    fixture *f = *state;
    habit_answer(f->of.l, HABIT_START_US, 1, 0.5, 8000);
    habit_answer(f->of.l, HABIT_START_US + MINUTE, 0, 0.5, 12000);
    /* 8 s + 12 s; the pause of 40 s between them is not practice. */
    assert_int_equal(f->b->spent_ms, 20000);
    assert_int_equal(f->b->answers, 2);
    assert_int_equal(f->b->right, 1);
}

static void test_behaviour__without_response_time_the_pause_counts(void **state)
{
    fixture *f = *state;
    habit_answer(f->of.l, HABIT_START_US, 1, 0.5, 0);
    habit_answer(f->of.l, HABIT_START_US + 40 * SECOND, 1, 0.5, 0);
    habit_answer(f->of.l, HABIT_START_US + 20 * MINUTE, 1, 0.5, 0);
    /* 20 s for the first, 40 s, then 3 minutes of the 19 or so. */
    assert_int_equal(f->b->spent_ms, 20000 + 40000 + 180000);
}

static void test_behaviour__a_lesson_is_not_counted_on_top_of_its_answers(
    void **state)
{
    fixture *f = *state;
    int64_t t = HABIT_START_US;
    habit_content(f->of.l, t, PIQ_EV_CONTENT_STARTED, PIQ_LESSON, 0);
    for (int i = 1; i <= 10; i++)
        habit_answer(f->of.l, t + i * MINUTE, 1, 0.5, 20000);
    assert_int_equal(f->b->spent_ms, 200000);
    habit_content(f->of.l, t + 10 * MINUTE, PIQ_EV_CONTENT_COMPLETED,
                  PIQ_LESSON, 600);
    /* Ten minutes in all: 200 s of answers and the 400 s around them. */
    assert_int_equal(f->b->spent_ms, 600000);
}

static void test_behaviour__a_claim_cannot_pass_the_clock(void **state)
{
    fixture *f = *state;
    habit_content(f->of.l, HABIT_START_US, PIQ_EV_CONTENT_COMPLETED, PIQ_LESSON,
                  600);
    habit_content(f->of.l, HABIT_START_US + MINUTE, PIQ_EV_CONTENT_COMPLETED,
                  PIQ_LESSON, 600);
    /* From 10 minutes before the first to one after: 11 minutes. */
    assert_int_equal(f->b->spent_ms, 11 * 60000);
}

static void test_behaviour__a_finished_content_alone_takes_its_own_minutes(
    void **state)
{
    fixture *f = *state;
    habit_content(f->of.l, HABIT_START_US, PIQ_EV_CONTENT_COMPLETED, PIQ_LESSON,
                  0);
    assert_int_equal(f->b->spent_ms, 12 * 60000); /* nominal */
}

static void test_behaviour__a_long_pause_ends_a_session(void **state)
{
    fixture *f = *state;
    int64_t t = HABIT_START_US;
    habit_answer(f->of.l, t, 1, 0.5, 10000);
    habit_answer(f->of.l, t + 15 * MINUTE, 1, 0.25, 10000);
    habit_answer(f->of.l, t + 60 * MINUTE, 1, 0.5, 10000);
    /* One finished session: from 10 s before the first answer to the second,
     * 15 min 10 s, so of the class 10-20 minutes. */
    assert_int_equal(f->b->n_sessions, 1);
    assert_int_equal(f->b->sessions_ms, 15 * 60000 + 10000);
    assert_int_equal(f->b->by_length[1].sessions, 1);
    assert_int_equal(f->b->by_length[1].residuals.n, 2);
    /* .5 + .75 better than predicted. */
    assert_float_equal(f->b->by_length[1].residuals.sum, 1.25, 1e-6);
    assert_int_equal(f->b->session.n, 1);
}

static void test_behaviour__seconds_told_reach_back_over_the_gap(void **state)
{
    fixture *f = *state;
    int64_t t = HABIT_START_US;
    habit_content(f->of.l, t, PIQ_EV_CONTENT_STARTED, PIQ_LESSON, 0);
    habit_content(f->of.l, t + 45 * MINUTE, PIQ_EV_CONTENT_COMPLETED,
                  PIQ_LESSON, 45 * 60);
    assert_int_equal(f->b->n_sessions, 0); /* still the same one */
    assert_int_equal(f->b->spent_ms, 45 * 60000);
}

static void test_behaviour__days_in_a_row_make_a_streak(void **state)
{
    fixture *f = *state;
    int64_t t = HABIT_START_US;
    for (int d = 0; d < 3; d++)
        habit_answer(f->of.l, t + d * DAY, 1, 0.5, 5000);
    assert_int_equal(f->b->streak, 3);
    habit_answer(f->of.l, t + 5 * DAY, 1, 0.5, 5000);
    assert_int_equal(f->b->streak, 1);
    assert_int_equal(f->b->longest_streak, 3);
    assert_int_equal(f->b->n_active_days, 4);
}

static void test_behaviour__after_midnight_is_still_the_evening(void **state)
{
    fixture *f = *state;
    int64_t t = HABIT_START_US; /* 10:00 */
    habit_answer(f->of.l, t + 13 * PIQ_US_PER_HOUR, 1, 0.5, 5000);
    habit_answer(f->of.l, t + 17 * PIQ_US_PER_HOUR, 1, 0.5, 5000); /* 03:00 */
    assert_int_equal(f->b->n_days, 1);
    habit_answer(f->of.l, t + 18 * PIQ_US_PER_HOUR, 1, 0.5, 5000); /* 04:00 */
    assert_int_equal(f->b->n_days, 2);
}

static void test_behaviour__weeks_begin_on_monday(void **state)
{
    (void)state;
    int32_t monday = piq_day_of(HABIT_START_US, 0, 0);
    assert_int_equal(piq_weekday_of(monday), 0);
    assert_int_equal(piq_week_of(monday - 1) + 1, piq_week_of(monday));
    assert_int_equal(piq_week_of(monday + 6), piq_week_of(monday));
    assert_int_equal(piq_week_start_day(piq_week_of(monday + 3)), monday);
    /* 1969-12-29 was the Monday before the epoch's Thursday. */
    assert_int_equal(piq_week_of(-3), 0);
    assert_int_equal(piq_week_of(-4), -1);
}

static void test_behaviour__an_area_stands_until_it_is_measured(void **state)
{
    fixture *f = *state;
    double first[3] = {0.25, 0.5, NAN}, second[3] = {0.375, NAN, NAN};
    habit_mastery(f->of.l, HABIT_START_US, first, 0);
    habit_mastery(f->of.l, HABIT_START_US + 7 * DAY, second, 0);
    const uint16_t *m = f->b->area_mastery;
    assert_int_equal(f->b->n_weeks, 2);
    assert_int_equal(m[3 + 0], 375);
    assert_int_equal(m[3 + 1], 500);
    assert_int_equal(m[3 + 2], PIQ_NO_MASTERY);
    assert_int_equal(f->b->weeks[0].touched, 3);
    assert_int_equal(f->b->weeks[1].touched, 1);
}

static void test_behaviour__early_gain_is_finding_out(void **state)
{
    fixture *f = *state;
    double m[3] = {0.5, NAN, NAN};
    for (int i = 0; i < PIQ_SETTLED_ANSWERS; i++)
        habit_mastery(f->of.l, HABIT_START_US + i * MINUTE, m, 0.125);
    assert_float_equal(f->b->gained, 0, 0);
    habit_mastery(f->of.l, HABIT_START_US + 20 * MINUTE, m, 0.125);
    assert_float_equal(f->b->gained, 0.125, 0);
    assert_float_equal(f->b->weeks[0].gained, 0.125, 0);
    /* 20 answers of 5 s came before. */
    assert_int_equal(f->b->weeks[0].unsettled_ms, 100000);
}

static void test_behaviour__an_earlier_instant_counts_as_the_same(void **state)
{
    fixture *f = *state;
    habit_answer(f->of.l, HABIT_START_US, 1, 0.5, 5000);
    habit_answer(f->of.l, HABIT_START_US - 3 * DAY, 1, 0.5, 5000);
    assert_int_equal(f->b->n_days, 1);
    assert_int_equal(f->b->last_us, HABIT_START_US);
    assert_int_equal(f->b->n_sessions, 0);
}

static void test_behaviour__completion_counts_by_type(void **state)
{
    fixture *f = *state;
    int64_t t = HABIT_START_US;
    habit_content(f->of.l, t, PIQ_EV_CONTENT_STARTED, PIQ_LESSON, 0);
    habit_content(f->of.l, t + MINUTE, PIQ_EV_CONTENT_COMPLETED, PIQ_LESSON,
                  50);
    habit_content(f->of.l, t + 2 * MINUTE, PIQ_EV_CONTENT_ABANDONED, PIQ_COURSE,
                  50);
    habit_character(f->of.l, t + 9 * MINUTE, 1, 300);
    assert_int_equal(f->b->by_type[PIQ_LESSON].started, 1);
    assert_int_equal(f->b->by_type[PIQ_LESSON].completed, 1);
    assert_int_equal(f->b->by_type[PIQ_COURSE].abandoned, 1);
    assert_int_equal(f->b->by_type[PIQ_CHARACTER].completed, 1);
    assert_int_equal(f->b->characters[1].sessions, 1);
    assert_int_equal(f->b->characters[1].hands, 40);
    assert_int_equal(f->b->weeks[0].completed, 2);
}

static void test_behaviour__words_are_no_practice(void **state)
{
    fixture *f = *state;
    piq_event e = {.at_us = HABIT_START_US,
                   .type = PIQ_EV_RECOMMENDATION_FEEDBACK};
    e.u.feedback.action = PIQ_ACTION_DISMISSED;
    e.u.feedback.feedback_score = 5;
    piq_behaviour_note n = {.event = &e, .character = {PIQ_NO_IX16}};
    piq_behaviour_note_event(f->b, &n);
    assert_int_equal(f->b->dismissed, 1);
    assert_float_equal(f->b->rating_sum, 1, 0); /* (5 - 1) / 4 */
    assert_int_equal(f->b->n_days, 0);
    assert_true(f->b->last_us == INT64_MIN);
}

static void test_behaviour__slowness_is_against_the_usual(void **state)
{
    fixture *f = *state;
    for (int i = 0; i < 4; i++)
        habit_answer(f->of.l, HABIT_START_US + i * MINUTE, 1, 0.5, 10000);
    assert_float_equal(piq_behaviour_slowness(f->b, 20000), 0, 0);
    habit_answer(f->of.l, HABIT_START_US + 4 * MINUTE, 1, 0.5, 10000);
    /* The mean of ln 10000 five times is ln 10000, to float precision. */
    assert_float_equal(piq_behaviour_slowness(f->b, 20000), 2, 1e-5);
    assert_float_equal(piq_behaviour_slowness(f->b, 0), 0, 0);
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        CASE(test_behaviour__a_response_time_is_time_spent),
        CASE(test_behaviour__without_response_time_the_pause_counts),
        CASE(test_behaviour__a_lesson_is_not_counted_on_top_of_its_answers),
        CASE(test_behaviour__a_claim_cannot_pass_the_clock),
        CASE(test_behaviour__a_finished_content_alone_takes_its_own_minutes),
        CASE(test_behaviour__a_long_pause_ends_a_session),
        CASE(test_behaviour__seconds_told_reach_back_over_the_gap),
        CASE(test_behaviour__days_in_a_row_make_a_streak),
        CASE(test_behaviour__after_midnight_is_still_the_evening),
        CASE(test_behaviour__weeks_begin_on_monday),
        CASE(test_behaviour__an_area_stands_until_it_is_measured),
        CASE(test_behaviour__early_gain_is_finding_out),
        CASE(test_behaviour__an_earlier_instant_counts_as_the_same),
        CASE(test_behaviour__completion_counts_by_type),
        CASE(test_behaviour__words_are_no_practice),
        CASE(test_behaviour__slowness_is_against_the_usual),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
