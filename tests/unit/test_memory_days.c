/* When one learner recalls and reviews what: recall by whole days, due days,
 * scored reviews, new parameters. */
#include "memory/memory.h"

#include "base/arena.h"
#include "base/calendar.h"
#include "support/near.h"
#include "support/poker_memory.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static piq_belief belief_at(const poker_memory *f, uint16_t concept,
                            int64_t at_us)
{
    piq_belief b = {.mastery = 0.25};
    piq_memory_belief(&f->memory, (piq_concept_ix){concept}, at_us, 0, &b);
    return b;
}

static piq_fsrs_state state_of(const poker_memory *f, uint16_t concept)
{
    return f->memory.concepts[concept].state;
}

static void assert_state(piq_fsrs_state got, piq_fsrs_state want)
{
    assert_near(got.stability_days, want.stability_days,
                1e-12 * want.stability_days);
    assert_near(got.difficulty, want.difficulty, 1e-12);
}

/* ---- beliefs ---------------------------------------------------------- */

static void test_belief__unpractised_concept_has_no_recall(void **state)
{
    piq_belief b = belief_at(*state, OUTS, POKER_NOON_US);
    assert_true(isnan(b.recall));
    assert_true(isnan(b.stability_days));
    assert_true(b.due_us == INT64_MAX);
    assert_true(b.mastery == 0.25); /* left alone */
}

/* FSRS-6 says nothing of the day of practice. */
static void test_belief__recall_is_of_whole_days(void **state)
{
    poker_memory *f = *state;
    poker_answer(f, BLUFF, 3, 1, POKER_NOON_US);
    assert_true(belief_at(f, BLUFF, POKER_NOON_US).recall == 1);
    /* 03:59 is the same day still, 04:00 the next. */
    int64_t four = POKER_NOON_US + 16 * PIQ_US_PER_HOUR;
    assert_true(belief_at(f, BLUFF, four - PIQ_US_PER_MINUTE).recall == 1);
    assert_true(belief_at(f, BLUFF, four).recall ==
                piq_fsrs_recall(f->p, 1, 2.3065));
    assert_true(belief_at(f, BLUFF, four).stability_days == 2.3065);
    assert_int_equal(
        piq_memory_elapsed_days(&f->memory, (piq_concept_ix){BLUFF}, four, 0),
        1);
}

/* S = 2.3065: two days by the rounded interval, too few to be moved. */
static void test_belief__due_where_its_day_begins(void **state)
{
    poker_memory *f = *state;
    poker_answer(f, BLUFF, 3, 1, POKER_NOON_US);
    piq_belief b = belief_at(f, BLUFF, POKER_NOON_US);
    /* Friday noon; Sunday at four. */
    assert_true(b.due_us ==
                POKER_NOON_US + 2 * PIQ_US_PER_DAY - 8 * PIQ_US_PER_HOUR);
}

static void test_due__lies_in_the_fuzz_range(void **state)
{
    poker_memory *f = *state;
    int32_t today = piq_day_of(POKER_NOON_US, 0, PIQ_MEMORY_ROLLOVER_H);
    poker_answer(f, BLUFF, 4, 1, POKER_NOON_US);
    /* w3 = 8.2956: 8 days, by 1 + .15 * 4.5 + .1 = 1.775 either way. */
    assert_in_range(f->memory.concepts[BLUFF].due_day - today, 6, 10);
    int32_t day = f->memory.concepts[BLUFF].due_day;
    poker_memory_tear_down(state);
    poker_memory_set_up(state);
    f = *state;
    poker_answer(f, BLUFF, 4, 1, POKER_NOON_US); /* asked twice, the same day */
    assert_int_equal(f->memory.concepts[BLUFF].due_day, day);
}

/* The range is 6 to 10; all but day 9 are off. */
static void test_due__never_on_a_day_off(void **state)
{
    poker_memory *f = *state;
    int32_t today = piq_day_of(POKER_NOON_US, 0, PIQ_MEMORY_ROLLOVER_H);
    int32_t off[] = {today + 6, today + 7, today + 8, today + 10};
    piq_review_calendar calendar = poker_plain;
    calendar.days_off = off;
    calendar.n_days_off = 4;
    piq_memory_answer x = {
        .concept = {BLUFF}, .rating = 4, .weight = 1, .at_us = POKER_NOON_US};
    poker_review(f, &calendar, x);
    assert_int_equal(f->memory.concepts[BLUFF].due_day, today + 9);
    /* Stated later: only what is off then is moved. */
    off[0] = today + 9;
    calendar.n_days_off = 1;
    piq_memory_reschedule(&f->memory, POKER_NOON_US, &calendar, false);
    assert_in_range(f->memory.concepts[BLUFF].due_day - today, 6, 10);
    assert_int_not_equal(f->memory.concepts[BLUFF].due_day, today + 9);
    int32_t kept = f->memory.concepts[BLUFF].due_day;
    off[0] = kept + 1;
    piq_memory_reschedule(&f->memory, POKER_NOON_US, &calendar, false);
    assert_int_equal(f->memory.concepts[BLUFF].due_day, kept);
}

static void test_due__lower_retention_comes_later(void **state)
{
    poker_memory *f = *state;
    piq_review_calendar calendar = poker_plain;
    int32_t days[N_POKER_CONCEPTS] = {7, 7, 7};
    poker_answer(f, BLUFF, 3, 1, POKER_NOON_US);
    int32_t before = f->memory.concepts[BLUFF].due_day;
    calendar.retention = 0.75;
    piq_memory_due_days(&f->memory, POKER_NOON_US, &calendar, days);
    assert_true(days[BLUFF] > before);
    assert_int_equal(days[OUTS], 0); /* never practised: as in the memory */
    assert_int_equal(f->memory.concepts[BLUFF].due_day, before);
    piq_memory_reschedule(&f->memory, POKER_NOON_US, &calendar, true);
    assert_int_equal(f->memory.concepts[BLUFF].due_day, days[BLUFF]);
}

/* ---- scored reviews --------------------------------------------------- */

static void test_score__first_answer_of_a_later_day_is_foreseen(void **state)
{
    poker_memory *f = *state;
    piq_memory_answer x = {
        .concept = {BLUFF}, .rating = 3, .weight = 1, .at_us = POKER_NOON_US};
    piq_memory_step step = poker_review(f, &poker_plain, x);
    assert_true(step.is_first && isnan(step.recall) && step.share == 1);
    x.at_us = POKER_NOON_US + PIQ_US_PER_HOUR;
    step = poker_review(f, &poker_plain, x);
    assert_true(!step.is_first && isnan(step.recall) && step.share == 0.5);
    assert_int_equal(f->memory.scored, 0);
    double s = state_of(f, BLUFF).stability_days;
    x.at_us = POKER_NOON_US + 3 * PIQ_US_PER_DAY;
    step = poker_review(f, &poker_plain, x);
    /* By FSRS alone so far. */
    assert_near(step.recall, piq_fsrs_recall(f->p, 3, s), 1e-12);
    assert_int_equal(f->memory.scored, 1);
    x.at_us += 4 * PIQ_US_PER_DAY;
    x.read = true; /* nothing was asked */
    step = poker_review(f, &poker_plain, x);
    assert_true(isnan(step.recall));
    assert_int_equal(f->memory.scored, 1);
}

static void test_score__failures_lower_what_is_foreseen(void **state)
{
    poker_memory *f = *state;
    poker_answer(f, OUTS, 3, 1, POKER_NOON_US);
    int64_t later_us = POKER_NOON_US + 2 * PIQ_US_PER_DAY;
    double before = belief_at(f, OUTS, later_us).recall;
    for (int day = 0; day < 20; day += 2)
        poker_answer(f, BLUFF, 1, 1, POKER_NOON_US + day * PIQ_US_PER_DAY);
    assert_true(f->memory.scored == 9);
    assert_true(belief_at(f, OUTS, later_us).recall < before);
}

/* ---- new parameters ---------------------------------------------------- */

static piq_fitted same_parameters(void)
{
    piq_fitted fit = {.from = PIQ_FITTED_LEARNER,
                      .reviews = 500,
                      .stability = PIQ_CARRY_STABILITY,
                      .difficulty = PIQ_CARRY_DIFFICULTY};
    memcpy(fit.parameters, piq_fsrs_defaults()->w, sizeof fit.parameters);
    return fit;
}

static void test_adopt__the_same_parameters_move_nothing(void **state)
{
    poker_memory *f = *state;
    poker_answer(f, BLUFF, 4, 1, POKER_NOON_US);
    poker_answer(f, OUTS, 3, 1, POKER_NOON_US);
    piq_memory_cell before[N_POKER_CONCEPTS];
    memcpy(before, f->memory.concepts, sizeof before);
    piq_fitted fit = same_parameters();
    assert_true(
        piq_memory_adopt(&f->memory, &fit, POKER_NOON_US, &poker_plain));
    for (int i = 0; i < N_POKER_CONCEPTS; i++) {
        assert_int_equal(f->memory.concepts[i].due_day, before[i].due_day);
        if (before[i].reviews)
            assert_state(f->memory.concepts[i].state, before[i].state);
    }
    assert_int_equal(f->memory.from, PIQ_FITTED_LEARNER);
    assert_int_equal(f->memory.fitted_on, 500);
}

/* Stabilities double: ln S' = ln 2 + ln S. At the old due day recall .9 becomes
 * R(S, 2 S): odds far above 1.25 times as high, so both are moved. */
static void test_adopt__moves_what_is_remembered_otherwise(void **state)
{
    poker_memory *f = *state;
    poker_answer(f, BLUFF, 4, 1, POKER_NOON_US);
    int32_t before = f->memory.concepts[BLUFF].due_day;
    piq_fitted fit = same_parameters();
    fit.stability[0] = log(2);
    assert_true(
        piq_memory_adopt(&f->memory, &fit, POKER_NOON_US, &poker_plain));
    assert_near(state_of(f, BLUFF).stability_days, 2 * 8.2956, 1e-12);
    assert_true(f->memory.concepts[BLUFF].due_day > before);
    /* A tenth more or less is below a quarter of the odds: it stays. */
    int32_t kept = f->memory.concepts[BLUFF].due_day;
    fit.stability[0] = log(1.1);
    assert_true(
        piq_memory_adopt(&f->memory, &fit, POKER_NOON_US, &poker_plain));
    assert_int_equal(f->memory.concepts[BLUFF].due_day, kept);
}

/* What should have been long ago is due today, not then. */
static void test_adopt__nothing_becomes_overdue(void **state)
{
    poker_memory *f = *state;
    poker_answer(f, BLUFF, 4, 1, POKER_NOON_US);
    int64_t now_us = POKER_NOON_US + 5 * PIQ_US_PER_DAY;
    piq_fitted fit = same_parameters();
    fit.stability[0] = -2;
    assert_true(piq_memory_adopt(&f->memory, &fit, now_us, &poker_plain));
    assert_int_equal(f->memory.concepts[BLUFF].due_day,
                     piq_day_of(now_us, 0, PIQ_MEMORY_ROLLOVER_H));
}

static void test_adopt__numbers_that_are_none_change_nothing(void **state)
{
    poker_memory *f = *state;
    poker_answer(f, BLUFF, 4, 1, POKER_NOON_US);
    piq_fitted fit = same_parameters();
    fit.parameters[3] = NAN;
    assert_false(
        piq_memory_adopt(&f->memory, &fit, POKER_NOON_US, &poker_plain));
    assert_int_equal(f->memory.from, PIQ_FITTED_NONE);
    assert_true(f->memory.params.w[3] == 8.2956);
}

static void test_encode__parameters_and_correction_come_back(void **state)
{
    poker_memory *f = *state;
    for (int day = 0; day < 9; day += 3)
        poker_answer(f, BLUFF, 1 + day / 3, 1,
                     POKER_NOON_US + day * PIQ_US_PER_DAY);
    piq_fitted fit = same_parameters();
    fit.parameters[8] = 1.0 / 3;
    assert_true(
        piq_memory_adopt(&f->memory, &fit, POKER_NOON_US, &poker_plain));
    poker_answer(f, BLUFF, 1, 1, POKER_NOON_US + 12 * PIQ_US_PER_DAY);
    piq_buf b;
    piq_buf_init(&b, 0);
    piq_memory_encode(&f->memory, &b);
    piq_reader in;
    piq_reader_init(&in, b.ptr, b.len);
    piq_memory back;
    assert_int_equal(piq_memory_decode(&back, &f->catalogue, &in), PIQ_OK);
    assert_memory_equal(&back.params, &f->memory.params, sizeof back.params);
    assert_memory_equal(&back.online, &f->memory.online, sizeof back.online);
    assert_int_equal(back.scored, f->memory.scored);
    assert_int_equal(back.from, PIQ_FITTED_LEARNER);
    assert_int_equal(back.fitted_on, 500);
    piq_memory_release(&back);
    piq_buf_release(&b);
}

#define TEST(name)                                                             \
    cmocka_unit_test_setup_teardown(name, poker_memory_set_up,                 \
                                    poker_memory_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_belief__unpractised_concept_has_no_recall),
        TEST(test_belief__recall_is_of_whole_days),
        TEST(test_belief__due_where_its_day_begins),
        TEST(test_due__lies_in_the_fuzz_range),
        TEST(test_due__never_on_a_day_off),
        TEST(test_due__lower_retention_comes_later),
        TEST(test_score__first_answer_of_a_later_day_is_foreseen),
        TEST(test_score__failures_lower_what_is_foreseen),
        TEST(test_adopt__the_same_parameters_move_nothing),
        TEST(test_adopt__moves_what_is_remembered_otherwise),
        TEST(test_adopt__nothing_becomes_overdue),
        TEST(test_adopt__numbers_that_are_none_change_nothing),
        TEST(test_encode__parameters_and_correction_come_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
