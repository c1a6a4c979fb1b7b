/* Which day a review gets, and what waiting costs; numbers by hand. */
#include "memory/schedule.h"

#include "base/calendar.h"
#include "support/near.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* 2026-11-20, a Friday. */
enum { FRIDAY = 20777 };

static const piq_review_calendar plain = {.retention = 0.9, .seed = 7};

/* ---- days off ---------------------------------------------------------- */

static void test_off__listed_days_and_weekdays_without_minutes(void **state)
{
    (void)state;
    static const int32_t days[] = {FRIDAY + 1, FRIDAY + 4};
    static const uint16_t minutes[7] = {20, 20, 20, 20, 20, 20, 0};
    piq_review_calendar c = plain;
    assert_int_equal(piq_weekday_of(FRIDAY), 4);
    assert_false(piq_review_is_off(&c, FRIDAY + 1));
    c.days_off = days;
    c.n_days_off = 2;
    assert_false(piq_review_is_off(&c, FRIDAY));
    assert_true(piq_review_is_off(&c, FRIDAY + 1));
    assert_false(piq_review_is_off(&c, FRIDAY + 2));
    assert_true(piq_review_is_off(&c, FRIDAY + 4));
    c.minutes = minutes;
    assert_true(piq_review_is_off(&c, FRIDAY + 2)); /* Sunday */
}

static void test_off__no_minutes_at_all_say_nothing(void **state)
{
    (void)state;
    static const uint16_t none[7] = {0};
    piq_review_calendar c = plain;
    c.minutes = none;
    for (int d = 0; d < 7; d++)
        assert_false(piq_review_is_off(&c, FRIDAY + d));
}

/* ---- ranges -------------------------------------------------------------- */

static void test_range__short_intervals_have_one_day(void **state)
{
    (void)state;
    piq_review_range r = piq_review_range_of(2, 1, FRIDAY, FRIDAY);
    assert_int_equal(r.low_day, FRIDAY + 2);
    assert_int_equal(r.high_day, FRIDAY + 2);
}

/* 8 days: 1 + .15 * 4.5 + .1 = 1.775 either way, rounded: 6 .. 10. */
static void test_range__is_the_fuzz_of_the_interval(void **state)
{
    (void)state;
    piq_review_range r = piq_review_range_of(8, 0, FRIDAY, FRIDAY);
    assert_int_equal(r.low_day, FRIDAY + 6);
    assert_int_equal(r.exact_day, FRIDAY + 8);
    assert_int_equal(r.high_day, FRIDAY + 10);
    /* Not before what had passed already: 7 days. */
    r = piq_review_range_of(8, 7, FRIDAY, FRIDAY);
    assert_int_equal(r.low_day, FRIDAY + 8);
}

static void test_range__what_is_overdue_stays_so(void **state)
{
    (void)state;
    piq_review_range r = piq_review_range_of(8, 0, FRIDAY, FRIDAY + 8);
    assert_int_equal(r.low_day, FRIDAY + 8);
    assert_int_equal(r.high_day, FRIDAY + 8);
    /* A day before, what is left of the range begins tomorrow. */
    r = piq_review_range_of(8, 0, FRIDAY, FRIDAY + 7);
    assert_int_equal(r.low_day, FRIDAY + 8);
    assert_int_equal(r.high_day, FRIDAY + 10);
}

/* ---- places -------------------------------------------------------------- */

static void count_places(const piq_review_calendar *c,
                         const piq_review_range *r, const uint32_t *load,
                         double balance, int *seen)
{
    for (uint64_t key = 0; key < 20000; key++) {
        int32_t day = piq_review_place(c, r, load, key, balance);
        assert_in_range(day, r->low_day, r->high_day);
        seen[day - r->low_day]++;
    }
}

static void test_place__plain_fuzz_is_even(void **state)
{
    (void)state;
    static const uint32_t load[5] = {9, 0, 3, 1, 100};
    piq_review_range r = piq_review_range_of(8, 0, FRIDAY, FRIDAY);
    int seen[5] = {0};
    count_places(&plain, &r, load, 0, seen);
    /* 4,000 each, sd sqrt(20000 * .2 * .8) = 57 */
    for (int k = 0; k < 5; k++)
        assert_in_range(seen[k], 4000 - 300, 4000 + 300);
}

/* Weights 1, 1/4, 1/9, 1/16, 1/25: sum 1.4636. */
static void test_place__loaded_days_come_up_less(void **state)
{
    (void)state;
    static const uint32_t load[5] = {0, 1, 2, 3, 4};
    piq_review_range r = piq_review_range_of(8, 0, FRIDAY, FRIDAY);
    int seen[5] = {0};
    count_places(&plain, &r, load, 2, seen);
    for (int k = 0; k < 5; k++)
        assert_near(seen[k], 20000 / 1.46361 / ((k + 1) * (k + 1)), 300);
}

/* A day of 40 minutes bears twice what one of 20 does. */
static void test_place__long_days_bear_more(void **state)
{
    (void)state;
    static const uint16_t minutes[7] = {20, 20, 40, 20, 20, 20, 20};
    static const uint32_t load[5] = {0};
    piq_review_range r = piq_review_range_of(8, 0, FRIDAY, FRIDAY);
    piq_review_calendar c = plain;
    int seen[5] = {0};
    c.minutes = minutes;
    count_places(&c, &r, load, 2, seen);
    /* Thursday .. Monday hold no Wednesday; from Tuesday on they do. */
    for (int k = 0; k < 5; k++)
        assert_near(seen[k], 4000, 300);
    r = (piq_review_range){FRIDAY + 4, FRIDAY + 6, FRIDAY + 5};
    memset(seen, 0, sizeof seen);
    count_places(&c, &r, load, 2, seen);
    assert_near(seen[1], 20000 * 4 / 6.0, 300);
}

static void test_place__asked_twice_is_the_same_day(void **state)
{
    (void)state;
    static const uint32_t load[5] = {0};
    piq_review_range r = piq_review_range_of(8, 0, FRIDAY, FRIDAY);
    piq_review_calendar other = plain;
    int differ = 0;
    other.seed = 8;
    for (uint64_t key = 0; key < 100; key++) {
        int32_t day = piq_review_place(&plain, &r, load, key, 2);
        assert_int_equal(piq_review_place(&plain, &r, load, key, 2), day);
        differ += piq_review_place(&other, &r, load, key, 2) != day;
    }
    assert_true(differ > 50); /* another learner has other draws */
}

static void test_place__all_days_off_is_the_intervals_own_day(void **state)
{
    (void)state;
    static const uint32_t load[5] = {0};
    int32_t off[9];
    for (int k = 0; k < 9; k++)
        off[k] = FRIDAY + 4 + k;
    piq_review_range r = piq_review_range_of(8, 0, FRIDAY, FRIDAY);
    piq_review_calendar c = plain;
    c.days_off = off;
    c.n_days_off = 9;
    assert_int_equal(piq_review_place(&c, &r, load, 3, 2), FRIDAY + 8);
}

/* ---- what waiting costs ----------------------------------------------------
 */

/* By the definition, summed over small steps instead of the closed form. */
static double by_steps(double s, double from, double to)
{
    enum { N = 20000 };
    double sum = 0, h = (to - from) / N;
    for (int i = 0; i < N; i++)
        sum +=
            h * piq_fsrs_recall(piq_fsrs_defaults(), from + (i + 0.5) * h, s);
    return sum;
}

static double after_review(piq_fsrs_state x, double t, double days)
{
    const piq_fsrs_params *p = piq_fsrs_defaults();
    double r = piq_fsrs_recall(p, t, x.stability_days);
    return r * by_steps(piq_fsrs_next(p, x, t, 3).stability_days, 0, days) +
           (1 - r) *
               by_steps(piq_fsrs_next(p, x, t, 1).stability_days, 0, days);
}

static void test_loss__is_what_a_day_costs(void **state)
{
    (void)state;
    piq_review_card x = {
        .state = {10, 5}, .elapsed_days = 15, .weight = 0.5, .minutes = 2};
    double today = after_review(x.state, 15, 30);
    double tomorrow = by_steps(10, 15, 16) + after_review(x.state, 16, 29);
    assert_near(piq_review_loss(piq_fsrs_defaults(), &x, 30),
                0.5 * (today - tomorrow) / 2, 1e-6);
}

static void test_loss__falls_with_minutes_and_rises_with_worth(void **state)
{
    (void)state;
    const piq_fsrs_params *p = piq_fsrs_defaults();
    piq_review_card x = {
        .state = {10, 5}, .elapsed_days = 15, .weight = 1, .minutes = 1};
    double loss = piq_review_loss(p, &x, 30);
    assert_true(loss > 0);
    x.minutes = 4;
    assert_near(piq_review_loss(p, &x, 30), loss / 4, 1e-12);
    x.weight = 3;
    assert_near(piq_review_loss(p, &x, 30), loss * 3 / 4, 1e-12);
}

/* A young memory gains more by a longer pause than a day of it costs; an old
 * one that has been let go does not. */
static void test_loss__is_below_nothing_where_waiting_strengthens(void **state)
{
    (void)state;
    const piq_fsrs_params *p = piq_fsrs_defaults();
    piq_review_card young = {
        .state = {3, 5}, .elapsed_days = 3, .weight = 1, .minutes = 1};
    piq_review_card old = {
        .state = {100, 5}, .elapsed_days = 300, .weight = 1, .minutes = 1};
    assert_true(piq_review_loss(p, &young, 30) < 0);
    assert_true(piq_review_loss(p, &old, 30) > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_off__listed_days_and_weekdays_without_minutes),
        cmocka_unit_test(test_off__no_minutes_at_all_say_nothing),
        cmocka_unit_test(test_range__short_intervals_have_one_day),
        cmocka_unit_test(test_range__is_the_fuzz_of_the_interval),
        cmocka_unit_test(test_range__what_is_overdue_stays_so),
        cmocka_unit_test(test_place__plain_fuzz_is_even),
        cmocka_unit_test(test_place__loaded_days_come_up_less),
        cmocka_unit_test(test_place__long_days_bear_more),
        cmocka_unit_test(test_place__asked_twice_is_the_same_day),
        cmocka_unit_test(test_place__all_days_off_is_the_intervals_own_day),
        cmocka_unit_test(test_loss__is_what_a_day_costs),
        cmocka_unit_test(test_loss__falls_with_minutes_and_rises_with_worth),
        cmocka_unit_test(test_loss__is_below_nothing_where_waiting_strengthens),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
