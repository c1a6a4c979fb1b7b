/* How a learner stands, for a list of many: each number is the one that the
 * learner's own replies tell, and a stored plan's steps that were not done. */
#include "insight/standing.h"

#include "base/calendar.h"
#include "insight/analytics.h"
#include "insight/predictions.h"
#include "insight/reviews.h"
#include "support/folded_learner.h"
#include "support/near.h"
#include "support/small_catalogue.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

/* 2026-11-02T10:00:00Z, a Monday. */
#define START_US INT64_C(1793613600000000)
#define DAY      PIQ_US_PER_DAY

typedef struct fixture {
    folded_learner of;
    piq_belief beliefs[N_SMALL_CONCEPTS];
    piq_standing is;
} fixture;

static int set_up(void **state)
{
    fixture *f = calloc(1, sizeof *f);
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

/* One a minute from `at_us` on, each of twenty seconds, over all concepts. */
static void answer(fixture *f, int n, int64_t at_us)
{
    for (int i = 0; i < n; i++) {
        piq_event e = {.at_us = at_us + i * INT64_C(60000000),
                       .type = PIQ_EV_ANSWER};
        uint16_t concept = (uint16_t)(i % N_SMALL_CONCEPTS);
        e.u.answer = (piq_answer){.item = {PIQ_NO_IX32},
                                  .content = {PIQ_NO_IX32},
                                  .concepts = {{{concept}, 1}},
                                  .n_concepts = 1,
                                  .score = i % 4 ? 1 : 0,
                                  .response_ms = 20000};
        folded_learner_add(&f->of, e);
    }
}

static void aim(fixture *f, int32_t day, int64_t at_us)
{
    piq_event e = {.at_us = at_us, .type = PIQ_EV_GOAL_SET};
    e.u.goal = (piq_goal){.set = true,
                          .target_skill_level = PIQ_EXPERT,
                          .timeline_day = day,
                          .motivation_type = PIQ_MASTERY};
    folded_learner_add(&f->of, e);
}

static void make(fixture *f, int64_t now_us)
{
    piq_learner_beliefs(f->of.l, f->of.c, now_us, f->beliefs);
    assert_int_equal(piq_standing_make(&f->of.a, f->of.l, f->of.c, f->beliefs,
                                       now_us, &f->is),
                     PIQ_OK);
}

static void test_standing__of_who_did_nothing_says_so(void **state)
{
    fixture *f = *state;
    make(f, START_US);
    assert_int_equal(f->is.last_day, PIQ_NO_DAY);
    assert_true(f->is.last_us == INT64_MIN);
    assert_int_equal(f->is.active_days + f->is.due + f->is.overdue, 0);
    assert_int_equal(f->is.cleared_day, f->is.today);
    assert_true(isnan(f->is.recent.accuracy));
    assert_false(f->is.goal.set);
}

static void test_standing__trend_is_of_two_stretches(void **state)
{
    fixture *f = *state;
    answer(f, 8, START_US);
    answer(f, 4, START_US + 40 * DAY);
    make(f, START_US + 41 * DAY);
    int32_t first = piq_day_of(START_US, 0, PIQ_DAY_ROLLOVER_H);
    assert_int_equal(f->is.last_day, first + 40);
    assert_int_equal(f->is.active_days, 2);
    assert_int_equal(f->is.recent.answers, 4);
    assert_int_equal(f->is.before.answers, 8);
    /* Every fourth is wrong, twenty seconds each. */
    assert_near(f->is.recent.accuracy, 0.75, 1e-12);
    assert_near(f->is.recent.minutes, 4 / 3.0, 1e-9);
    assert_near(f->is.before.minutes, 8 / 3.0, 1e-9);
    make(f, START_US + 101 * DAY);
    assert_int_equal(f->is.active_days, 0);
    assert_int_equal(f->is.recent.answers + f->is.before.answers, 0);
}

static void test_standing__reviews_are_those_of_the_queue(void **state)
{
    fixture *f = *state;
    const piq_reviews_ask ask = {
        .days = 14, .retention = NAN, .minutes = NAN, .limit = 50};
    piq_review_queue q;
    answer(f, 12, START_US);
    for (int day = 0; day < 30; day += 5) {
        int64_t now_us = START_US + day * DAY;
        make(f, now_us);
        assert_int_equal(piq_reviews_make(&f->of.a, f->of.l, f->of.c, now_us,
                                          &ask, &q, NULL),
                         PIQ_OK);
        assert_int_equal(f->is.due, q.due);
        assert_int_equal(f->is.overdue, q.overdue);
        assert_int_equal(f->is.cleared_day, q.cleared_day);
        assert_int_equal(f->is.today, q.today);
    }
    assert_true(f->is.overdue > 0);
}

static void test_standing__goal_is_that_of_the_prediction(void **state)
{
    fixture *f = *state;
    int64_t now_us = START_US + DAY;
    piq_prediction p;
    answer(f, 40, START_US);
    aim(f, INT32_MAX, START_US + DAY / 2);
    make(f, now_us);
    assert_true(f->is.goal.set && isnan(f->is.goal.probability));
    aim(f, piq_day_of(now_us, 0, PIQ_DAY_ROLLOVER_H) + 30, now_us);
    make(f, now_us);
    assert_int_equal(piq_predictions_make(&f->of.a, f->of.l, f->of.c,
                                          f->beliefs, now_us, now_us + DAY, &p),
                     PIQ_OK);
    assert_non_null(p.goal);
    assert_true(f->is.goal.probability == p.goal->probability);
    assert_true(f->is.goal.mastery == p.goal->mastery_now);
    assert_int_equal(f->is.goal.deadline_day, p.goal->deadline_day);
    assert_int_equal(f->is.goal.answers_missing, p.goal->answers_missing);
    assert_true(f->is.planned_minutes == p.minutes_per_week);
    assert_true(f->is.practised_minutes == p.minutes_practised);
}

/* ---- the plan -------------------------------------------------------------
 */

static piq_plan_step step(uint32_t content, uint16_t concept, int32_t day)
{
    return (piq_plan_step){.status = PIQ_STEP_READY,
                           .content = {content},
                           .concept = {concept},
                           .day = day};
}

static void complete(fixture *f, uint32_t content, int64_t at_us)
{
    piq_event e = {.at_us = at_us, .type = PIQ_EV_CONTENT_COMPLETED};
    e.u.content = (piq_content_event){.content = {content}, .score = NAN};
    folded_learner_add(&f->of, e);
}

static void test_standing__steps_that_were_not_done_are_overdue(void **state)
{
    fixture *f = *state;
    int32_t from = piq_day_of(START_US, 0, PIQ_DAY_ROLLOVER_H), since;
    piq_plan_step steps[] = {step(BROTH_LESSON - 1, BROTH, from),
                             step(BROTH_DRILL - 1, BROTH, from + 1),
                             step(PIQ_NO_IX32, KNIFE, from + 2),
                             step(SAUCE_LESSON - 1, SAUCE, from + 3)};
    const piq_plan plan = {.steps = steps, .n_steps = 4, .from_day = from};
    assert_int_equal(piq_standing_overdue_steps(f->of.l, &plan, from, &since),
                     0);
    assert_int_equal(since, PIQ_NO_DAY);
    assert_int_equal(
        piq_standing_overdue_steps(f->of.l, &plan, from + 3, &since), 3);
    assert_int_equal(since, from);
    complete(f, BROTH_LESSON - 1, START_US + 1);
    assert_int_equal(
        piq_standing_overdue_steps(f->of.l, &plan, from + 3, &since), 2);
    assert_int_equal(since, from + 1);
    steps[1].status = PIQ_STEP_DONE; /* as it was stored */
    assert_int_equal(
        piq_standing_overdue_steps(f->of.l, &plan, from + 9, &since), 2);
    assert_int_equal(since, from + 2);
}

static void test_standing__review_done_early_is_done(void **state)
{
    fixture *f = *state;
    int32_t from = piq_day_of(START_US, 0, PIQ_DAY_ROLLOVER_H), since;
    piq_plan_step steps[] = {step(PIQ_NO_IX32, KNIFE, from + 2)};
    const piq_plan plan = {.steps = steps, .n_steps = 1, .from_day = from};
    piq_event e = {.at_us = START_US, .type = PIQ_EV_REVIEW};
    e.u.review = (piq_review_event){.concept = {KNIFE}, .rating = 3};
    folded_learner_add(&f->of, e);
    /* On the day of planning: that is why the review was planned. */
    assert_int_equal(
        piq_standing_overdue_steps(f->of.l, &plan, from + 5, &since), 1);
    e.at_us = START_US + DAY;
    folded_learner_add(&f->of, e);
    assert_int_equal(
        piq_standing_overdue_steps(f->of.l, &plan, from + 5, &since), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_standing__of_who_did_nothing_says_so),
        TEST(test_standing__trend_is_of_two_stretches),
        TEST(test_standing__reviews_are_those_of_the_queue),
        TEST(test_standing__goal_is_that_of_the_prediction),
        TEST(test_standing__steps_that_were_not_done_are_overdue),
        TEST(test_standing__review_done_early_is_done),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
