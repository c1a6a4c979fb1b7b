/* How well answers are foreseen, by week, as gauges. */
#include "engine/drift.h"

#include "base/calendar.h"
#include "support/near.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* 2026-11-02T00:00:00Z, a Monday. */
#define MONDAY_US INT64_C(1793577600000000)
#define WEEK_US   (7 * PIQ_US_PER_DAY)

typedef struct watched {
    piq_metrics *metrics;
    piq_drift *drift;
} watched;

static watched begin(void)
{
    watched w;
    assert_int_equal(piq_metrics_new(&w.metrics), PIQ_OK);
    assert_int_equal(piq_drift_new(w.metrics, &w.drift), PIQ_OK);
    return w;
}

static void end(watched w)
{
    piq_drift_free(w.drift);
    piq_metrics_free(w.metrics);
}

static double gauge(watched w, const char *name, const char *by,
                    const char *week)
{
    char line[160];
    piq_buf b;
    piq_buf_init(&b, 0);
    piq_metrics_write(w.metrics, &b);
    piq_buf_add_char(&b, 0);
    snprintf(line, sizeof line, "\n%s{by=\"%s\",week=\"%s\"} ", name, by, week);
    const char *at = strstr(b.ptr, line);
    if (!at)
        fail_msg("no %s by %s in %s week", name, by, week);
    double value = strtod(at + strlen(line), NULL);
    piq_buf_release(&b);
    return value;
}

static void check(watched w, const char *by, const char *week, double answers,
                  double logloss, double error)
{
    assert_near(gauge(w, "piq_foresight_answers", by, week), answers, 0);
    assert_near(gauge(w, "piq_foresight_logloss", by, week), logloss, 1e-6);
    assert_near(gauge(w, "piq_foresight_calibration_error", by, week), error,
                1e-6);
}

/* Of four answers said to be right with .75, three are: calibrated. The log
 * loss is (3 ln(1/.75) + ln(1/.25)) / 4 = (.863046 + 1.386294) / 4. */
static const piq_drift_answer good[4] = {
    {.5, .75, 1}, {.5, .75, 1}, {.5, .75, 1}, {.5, .75, 0}};
static const double GOOD_LOGLOSS = .562335;
static const double LN2 = .693147;

static void test_drift__both_are_scored_this_week(void **state)
{
    (void)state;
    watched w = begin();
    piq_drift_add(w.drift, good, 4, MONDAY_US + 1);
    piq_drift_show(w.drift, MONDAY_US + WEEK_US - 1); /* Sunday, late */
    check(w, "trained", "this", 4, GOOD_LOGLOSS, 0);
    check(w, "belief", "this", 4, LN2, .25); /* .5 said, .75 true */
    check(w, "trained", "last", 0, 0, 0);
    check(w, "belief", "last", 0, 0, 0);
    end(w);
}

static void test_drift__a_week_becomes_the_last_one_on_monday(void **state)
{
    (void)state;
    watched w = begin();
    piq_drift_answer one = {.5, .5, 1};
    piq_drift_add(w.drift, good, 4, MONDAY_US);
    piq_drift_add(w.drift, &one, 1, MONDAY_US + WEEK_US);
    piq_drift_show(w.drift, MONDAY_US + WEEK_US + 5);
    check(w, "trained", "last", 4, GOOD_LOGLOSS, 0);
    check(w, "trained", "this", 1, LN2, .5);
    /* Showing turns weeks too, where no answers come. */
    piq_drift_show(w.drift, MONDAY_US + 2 * WEEK_US);
    check(w, "trained", "last", 1, LN2, .5);
    check(w, "trained", "this", 0, 0, 0);
    piq_drift_show(w.drift, MONDAY_US + 9 * WEEK_US);
    check(w, "trained", "last", 0, 0, 0);
    end(w);
}

static void test_drift__a_gap_of_weeks_leaves_no_last_week(void **state)
{
    (void)state;
    watched w = begin();
    piq_drift_add(w.drift, good, 4, MONDAY_US);
    piq_drift_show(w.drift, MONDAY_US + 2 * WEEK_US);
    check(w, "trained", "last", 0, 0, 0);
    check(w, "belief", "this", 0, 0, 0);
    end(w);
}

static void test_drift__a_clock_set_back_goes_on_counting(void **state)
{
    (void)state;
    watched w = begin();
    piq_drift_add(w.drift, good, 2, MONDAY_US);
    piq_drift_add(w.drift, good + 2, 2, MONDAY_US - 3 * WEEK_US);
    piq_drift_add(w.drift, NULL, 0, -WEEK_US); /* before 1970 */
    piq_drift_show(w.drift, 0);
    check(w, "trained", "this", 4, GOOD_LOGLOSS, 0);
    end(w);
}

static void test_drift__what_was_not_foreseen_is_not_scored(void **state)
{
    (void)state;
    watched w = begin();
    piq_drift_answer list[3] = {{NAN, NAN, 1}, {.5, NAN, 1}, {NAN, .5, 0}};
    piq_drift_add(w.drift, list, 3, MONDAY_US);
    piq_drift_show(w.drift, MONDAY_US);
    check(w, "belief", "this", 1, LN2, .5);
    check(w, "trained", "this", 1, LN2, .5);
    end(w);
}

static void test_drift__nobody_has_to_look(void **state)
{
    (void)state;
    piq_drift *d;
    assert_int_equal(piq_drift_new(NULL, &d), PIQ_OK);
    piq_drift_add(d, good, 4, MONDAY_US);
    piq_drift_show(d, MONDAY_US);
    piq_drift_free(d);
    piq_drift_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_drift__both_are_scored_this_week),
        cmocka_unit_test(test_drift__a_week_becomes_the_last_one_on_monday),
        cmocka_unit_test(test_drift__a_gap_of_weeks_leaves_no_last_week),
        cmocka_unit_test(test_drift__a_clock_set_back_goes_on_counting),
        cmocka_unit_test(test_drift__what_was_not_foreseen_is_not_scored),
        cmocka_unit_test(test_drift__nobody_has_to_look),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
