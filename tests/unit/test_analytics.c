/* Progress analytics: sums, windows, streaks, recall, calibration. */
#include "insight/analytics.h"

#include "base/calendar.h"
#include "support/habit_maker.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define MINUTE PIQ_US_PER_MINUTE
#define DAY    PIQ_US_PER_DAY

typedef struct fixture {
    habit_world of;
    piq_analytics x;
} fixture;

static int set_up(void **state)
{
    fixture *f = calloc(1, sizeof *f);
    habit_begin(&f->of);
    f->of.beliefs = calloc(f->of.catalogue->n_concepts, sizeof *f->of.beliefs);
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

static void make(fixture *f, int64_t now_us, int64_t from_us, int64_t to_us)
{
    piq_learner_beliefs(f->of.l, f->of.catalogue, now_us, f->of.beliefs);
    assert_int_equal(piq_analytics_make(&f->of.arena, f->of.l, f->of.catalogue,
                                        f->of.beliefs, now_us, from_us, to_us,
                                        &f->x),
                     PIQ_OK);
    piq_analytics_write(&f->x, f->of.catalogue, habit_writer(&f->of));
    habit_read_back(&f->of);
}

static void test_analytics__of_nobody_are_all_null_or_zero(void **state)
{
    fixture *f = *state;
    make(f, HABIT_START_US, INT64_MIN, INT64_MAX);
    assert_true(json_is_null(habit_at(f->of.json, "totals/since")));
    assert_true(json_is_null(habit_at(f->of.json, "totals/accuracy")));
    assert_true(json_is_null(habit_at(f->of.json, "calibration/brier")));
    assert_true(json_is_null(habit_at(f->of.json, "retention/mean_recall")));
    assert_true(
        habit_near(habit_number(f->of.json, "streaks/current_days"), 0, 0));
    assert_string_equal(habit_text(f->of.json, "window/from"), "2026-11-02");
    assert_string_equal(habit_text(f->of.json, "window/to"), "2026-11-02");
}

static void test_analytics__days_and_weeks_add_up(void **state)
{
    fixture *f = *state;
    /* Monday and Tuesday of one week, Monday of the next. */
    habit_answer(f->of.l, HABIT_START_US, 1, 0.5, 30000);
    habit_answer(f->of.l, HABIT_START_US + MINUTE, 0, 0.5, 30000);
    habit_answer(f->of.l, HABIT_START_US + DAY, 1, 0.5, 60000);
    habit_answer(f->of.l, HABIT_START_US + 7 * DAY, 1, 0.5, 30000);
    make(f, HABIT_START_US + 7 * DAY, INT64_MIN, INT64_MAX);
    const char *by_day = "time_on_task/by_day";
    assert_int_equal(json_array_size(habit_at(f->of.json, by_day)), 3);
    assert_string_equal(habit_text(f->of.json, "time_on_task/by_day/1/date"),
                        "2026-11-03");
    assert_true(habit_near(
        habit_number(f->of.json, "time_on_task/by_day/0/minutes"), 1, 1e-9));
    assert_true(habit_near(
        habit_number(f->of.json, "time_on_task/by_day/0/accuracy"), 0.5, 1e-9));
    assert_string_equal(habit_text(f->of.json, "time_on_task/by_week/1/week"),
                        "2026-11-09");
    assert_true(habit_near(
        habit_number(f->of.json, "time_on_task/by_week/0/minutes"), 2, 1e-9));
    assert_true(
        habit_near(habit_number(f->of.json, "window/minutes"), 2.5, 1e-9));
    assert_true(
        habit_near(habit_number(f->of.json, "window/accuracy"), 0.75, 1e-9));
    assert_true(
        habit_near(habit_number(f->of.json, "totals/minutes"), 2.5, 1e-9));
    assert_true(habit_near(habit_number(f->of.json, "totals/sessions"), 3, 0));
    assert_true(json_is_null(habit_at(f->of.json, "kept_from/daily")));
}

static void test_analytics__a_window_restricts_days_not_totals(void **state)
{
    fixture *f = *state;
    for (int d = 0; d < 21; d++)
        habit_answer(f->of.l, HABIT_START_US + d * DAY, 1, 0.5, 60000);
    make(f, HABIT_START_US + 20 * DAY, HABIT_START_US + 8 * DAY,
         HABIT_START_US + 9 * DAY);
    assert_string_equal(habit_text(f->of.json, "window/from"), "2026-11-10");
    assert_string_equal(habit_text(f->of.json, "window/to"), "2026-11-11");
    assert_int_equal(f->x.n_days, 2);
    assert_int_equal(f->x.n_weeks, 1);
    assert_int_equal(f->x.window.answers, 2);
    assert_int_equal(f->x.totals.answers, 21);
    assert_int_equal(f->x.streak_days, 21);
}

static void test_analytics__a_window_backwards_is_refused(void **state)
{
    fixture *f = *state;
    assert_int_equal(piq_analytics_make(&f->of.arena, f->of.l, f->of.catalogue,
                                        f->of.beliefs, HABIT_START_US, 2, 1,
                                        &f->x),
                     PIQ_EINVAL);
}

static void test_analytics__what_a_ring_let_go_of_is_said(void **state)
{
    fixture *f = *state;
    for (int d = 0; d < 200; d++)
        habit_answer(f->of.l, HABIT_START_US + d * DAY, 1, 0.5, 60000);
    make(f, HABIT_START_US + 199 * DAY, INT64_MIN, INT64_MAX);
    /* 200 active days, 120 kept: from day 80 on. 2026-11-02 + 80 days. */
    assert_string_equal(habit_text(f->of.json, "kept_from/daily"),
                        "2027-01-21");
    /* Days 0..199 touch 29 weeks; the newest 26 begin with day 21. */
    assert_string_equal(habit_text(f->of.json, "kept_from/weekly"),
                        "2026-11-23");
    assert_int_equal(f->x.n_days, 120);
    assert_int_equal(f->x.totals.active_days, 200);
    assert_int_equal(f->x.streak_days, 200); /* counted, not looked up */
}

static void test_analytics__a_streak_lasts_through_today(void **state)
{
    fixture *f = *state;
    habit_answer(f->of.l, HABIT_START_US, 1, 0.5, 5000);
    habit_answer(f->of.l, HABIT_START_US + DAY, 1, 0.5, 5000);
    make(f, HABIT_START_US + 2 * DAY, INT64_MIN, INT64_MAX);
    assert_int_equal(f->x.streak_days, 2); /* today may still come */
    assert_false(f->x.active_today);
    make(f, HABIT_START_US + 3 * DAY, INT64_MIN, INT64_MAX);
    assert_int_equal(f->x.streak_days, 0);
    assert_int_equal(f->x.longest_streak_days, 2);
}

static void test_analytics__recall_is_forecast_without_practice(void **state)
{
    fixture *f = *state;
    const piq_review_calendar calendar = {.retention = 0.9};
    for (uint16_t i = 0; i < 3; i++)
        piq_memory_review(&f->of.l->memory, f->of.catalogue,
                          &(piq_memory_answer){.concept = {i},
                                               .rating = 3,
                                               .weight = 1,
                                               .deliberate = true,
                                               .at_us = HABIT_START_US},
                          &calendar);
    make(f, HABIT_START_US + DAY, INT64_MIN, INT64_MAX);
    assert_true(f->x.practised >= 3);
    double before = 1;
    for (int k = 0; k < PIQ_RETENTION_POINTS; k++) {
        assert_true(f->x.retention[k].mean_recall < before);
        before = f->x.retention[k].mean_recall;
    }
    assert_true(
        habit_near(f->x.retention[0].mean_recall, f->x.mean_recall, 1e-12));
    assert_int_equal(f->x.retention[PIQ_RETENTION_POINTS - 1].days, 30);
    uint32_t in_bins = 0, due = f->x.overdue;
    for (int k = 0; k < PIQ_RECALL_BINS; k++)
        in_bins += f->x.recall_bins[k];
    for (int k = 0; k < PIQ_DUE_DAYS; k++)
        due += f->x.due[k];
    assert_int_equal(in_bins, f->x.practised);
    assert_true(due <= f->x.practised);
    assert_int_equal(json_array_size(habit_at(f->of.json, "retention/due")),
                     14);
    assert_string_equal(habit_text(f->of.json, "retention/due/0/date"),
                        "2026-11-03");
}

static void test_analytics__our_predictions_are_judged(void **state)
{
    fixture *f = *state;
    habit_answer(f->of.l, HABIT_START_US, 1, 0.75, 5000);
    habit_answer(f->of.l, HABIT_START_US + MINUTE, 0, 0.75, 5000);
    make(f, HABIT_START_US + DAY, INT64_MIN, INT64_MAX);
    /* (.25^2 + .75^2) / 2 = .3125; (-ln .75 - ln .25) / 2 = .83699; one bin
     * that said .75 and saw .5. */
    assert_true(habit_near(habit_number(f->of.json, "calibration/brier"),
                           0.3125, 1e-9));
    assert_true(habit_near(habit_number(f->of.json, "calibration/log_loss"),
                           0.83699, 1e-5));
    assert_true(
        habit_near(habit_number(f->of.json, "calibration/ece"), 0.25, 1e-9));
    assert_true(habit_near(
        habit_number(f->of.json, "calibration/bins/7/observed"), 0.5, 1e-9));
    assert_true(
        json_is_null(habit_at(f->of.json, "calibration/bins/0/predicted")));
}

static void test_analytics__trends_leave_out_what_was_not_measured(void **state)
{
    fixture *f = *state;
    double m[3] = {NAN, 0.25, NAN};
    habit_mastery(f->of.l, HABIT_START_US, m, 0);
    m[1] = 0.5;
    habit_mastery(f->of.l, HABIT_START_US + 7 * DAY, m, 0);
    make(f, HABIT_START_US + 8 * DAY, INT64_MIN, INT64_MAX);
    assert_int_equal(json_array_size(habit_at(f->of.json, "trends")), 1);
    assert_string_equal(habit_text(f->of.json, "trends/0/area"), "pitch");
    assert_true(habit_near(habit_number(f->of.json, "trends/0/mastery/1/value"),
                           0.5, 1e-9));
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        CASE(test_analytics__of_nobody_are_all_null_or_zero),
        CASE(test_analytics__days_and_weeks_add_up),
        CASE(test_analytics__a_window_restricts_days_not_totals),
        CASE(test_analytics__a_window_backwards_is_refused),
        CASE(test_analytics__what_a_ring_let_go_of_is_said),
        CASE(test_analytics__a_streak_lasts_through_today),
        CASE(test_analytics__recall_is_forecast_without_practice),
        CASE(test_analytics__our_predictions_are_judged),
        CASE(test_analytics__trends_leave_out_what_was_not_measured),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
