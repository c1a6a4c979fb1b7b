/* The evaluation of forecasts on answers made for it: halves by number, windows
 * of the right days, nothing of the outcome used, intervals as wide as chance
 * asks for. */
#include "train/eval_forecast.h"

#include "base/calendar.h"
#include "base/rng.h"
#include "support/random_catalogue.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

enum { LEARNERS = 20, ANSWERS = 200 };

/* `a_day` answers a day of each learner, right one time in two. */
static piq_eval_answer *coins(piq_arena *a, const piq_catalogue *c, int a_day)
{
    piq_eval_answer *x = piq_new(a, piq_eval_answer, LEARNERS * ANSWERS);
    piq_rng r;
    assert_non_null(x);
    piq_rng_seed(&r, 1);
    for (size_t i = 0; i < LEARNERS * ANSWERS; i++) {
        int64_t n = (int64_t)(i / LEARNERS);
        x[i] = (piq_eval_answer){
            .user_id = 100 + (int64_t)(i % LEARNERS),
            .at_us = n / a_day * PIQ_US_PER_DAY + n % a_day * 60000000,
            .item = {(uint32_t)piq_rng_below(&r, c->n_items)},
            .score = (float)piq_rng_below(&r, 2)};
    }
    return x;
}

static piq_forecast_report run(piq_arena *a, const piq_catalogue *c,
                               const piq_eval_answer *x)
{
    piq_forecast_report r;
    assert_int_equal(piq_eval_forecast(a, c, x, LEARNERS * ANSWERS, 0, &r),
                     PIQ_OK);
    return r;
}

static void test_eval_forecast__windows_are_counted(void **state)
{
    const piq_catalogue *c = *state;
    piq_arena a;
    piq_arena_init(&a, 0);
    /* 10 a day for 20 days, forecasts at the last answer of a day. Next
     * answers: after 50, 100 and 150 there are 50 or more to come. 7 days on
     * counts from the same minute: the last of that day and the days after it,
     * 81 after 50 answers, 31 after 100, none after 150. 14 days on: 11 after
     * 50, too few. */
    piq_forecast_report r = run(&a, c, coins(&a, c, 10));
    assert_int_equal(r.n_learners, LEARNERS);
    assert_int_equal(r.n_answers, LEARNERS * ANSWERS);
    for (int half = 0; half < PIQ_FORECAST_HALVES; half++) {
        const piq_forecast_half *h = &r.halves[half];
        assert_int_equal(h->n_learners, LEARNERS / 2);
        assert_int_equal(h->by_horizon[0].n, 3 * LEARNERS / 2);
        assert_int_equal(h->by_horizon[2].n, 2 * LEARNERS / 2);
        assert_int_equal(h->by_horizon[3].n, 0);
        assert_int_equal(h->by_horizon[4].n, 0);
        assert_true(isnan(h->by_horizon[4].held80));
        uint64_t sum = 0;
        for (int k = 0; k < PIQ_FORECAST_HISTORIES; k++)
            for (int j = 0; j < PIQ_FORECAST_HORIZONS; j++)
                sum += h->cells[k][j].n;
        assert_int_equal(sum, h->all.n);
        assert_int_equal(h->cells[0][2].n, LEARNERS / 2);
        assert_int_equal(h->cells[1][2].n, LEARNERS / 2);
    }
    piq_arena_release(&a);
}

/* The share right of 60 coins has sd .065, so an 80 % interval is .165 wide at
 * least; spells and what is not known make it wider, and it holds more. */
static void test_eval_forecast__coins_are_within_chance(void **state)
{
    const piq_catalogue *c = *state;
    piq_arena a;
    piq_arena_init(&a, 0);
    piq_forecast_report r = run(&a, c, coins(&a, c, 10));
    for (int half = 0; half < PIQ_FORECAST_HALVES; half++) {
        const piq_forecast_score *s = &r.halves[half].all;
        assert_true(s->held80 > 0.75 && s->held90 >= s->held80);
        assert_true(s->width80 > 0.165 && s->width80 < 0.45);
        assert_true(s->width90 > s->width80);
        assert_true(s->error < 0.15);
    }
    piq_arena_release(&a);
}

/* What comes out is not looked at before: turning every answer of the last
 * window round changes nothing of what was forecast for it. */
static void test_eval_forecast__the_outcome_is_not_used(void **state)
{
    const piq_catalogue *c = *state;
    piq_arena a;
    piq_arena_init(&a, 0);
    piq_eval_answer *x = coins(&a, c, 10);
    piq_forecast_report one = run(&a, c, x);
    /* After 150 answers of each learner the last forecast has been made. */
    for (size_t i = 150 * LEARNERS; i < LEARNERS * ANSWERS; i++)
        x[i].score = 1 - x[i].score;
    piq_forecast_report two = run(&a, c, x);
    for (int half = 0; half < PIQ_FORECAST_HALVES; half++) {
        const piq_forecast_score *s = &one.halves[half].all;
        const piq_forecast_score *t = &two.halves[half].all;
        assert_true(s->n == t->n);
        assert_true(s->width80 == t->width80);
        assert_true(s->error != t->error);
    }
    piq_arena_release(&a);
}

static void test_eval_forecast__order_given_does_not_matter(void **state)
{
    const piq_catalogue *c = *state;
    piq_arena a;
    piq_arena_init(&a, 0);
    piq_eval_answer *x = coins(&a, c, 10);
    /* No two at one instant, whose order as given would count. */
    for (size_t i = 0; i < LEARNERS * ANSWERS; i++)
        x[i].at_us += (int64_t)(i % LEARNERS);
    piq_forecast_report one = run(&a, c, x);
    for (size_t i = 0; i < LEARNERS * ANSWERS / 2; i++) {
        piq_eval_answer swap = x[i];
        x[i] = x[LEARNERS * ANSWERS - 1 - i];
        x[LEARNERS * ANSWERS - 1 - i] = swap;
    }
    piq_forecast_report two = run(&a, c, x);
    for (int half = 0; half < PIQ_FORECAST_HALVES; half++)
        assert_true(one.halves[half].all.error == two.halves[half].all.error);
    piq_arena_release(&a);
}

static void test_eval_forecast__nothing_is_nothing(void **state)
{
    const piq_catalogue *c = *state;
    piq_arena a;
    piq_forecast_report r;
    piq_arena_init(&a, 0);
    assert_int_equal(piq_eval_forecast(&a, c, NULL, 0, 0, &r), PIQ_OK);
    assert_int_equal(r.n_learners, 0);
    assert_true(isnan(r.halves[0].all.held80));
    piq_arena_release(&a);
}

static void test_eval_forecast__a_failed_allocation_is_told(void **state)
{
    const piq_catalogue *c = *state;
    piq_arena room;
    piq_status status = PIQ_ENOMEM;
    piq_arena_init(&room, 0);
    piq_eval_answer *x = coins(&room, c, 10);
    for (long k = 1; k < 2000 && status != PIQ_OK; k++) {
        piq_arena a;
        piq_forecast_report r;
        piq_arena_init(&a, 0);
        piq_alloc_fail_after(k, 0);
        status = piq_eval_forecast(&a, c, x, LEARNERS * ANSWERS, 0, &r);
        piq_alloc_fail_after(0, 0);
        assert_true(status == PIQ_OK || status == PIQ_ENOMEM);
        piq_arena_release(&a);
    }
    assert_int_equal(status, PIQ_OK);
    piq_arena_release(&room);
}

int main(void)
{
    piq_catalogue *c = random_catalogue(5, 2, 8, 16);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_prestate(test_eval_forecast__windows_are_counted, c),
        cmocka_unit_test_prestate(test_eval_forecast__coins_are_within_chance,
                                  c),
        cmocka_unit_test_prestate(test_eval_forecast__the_outcome_is_not_used,
                                  c),
        cmocka_unit_test_prestate(
            test_eval_forecast__order_given_does_not_matter, c),
        cmocka_unit_test_prestate(test_eval_forecast__nothing_is_nothing, c),
        cmocka_unit_test_prestate(
            test_eval_forecast__a_failed_allocation_is_told, c),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    piq_catalogue_free(c);
    return failed;
}
