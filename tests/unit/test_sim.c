#include "sim/sim.h"

#include "base/calendar.h"
#include "support/random_catalogue.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

static const int64_t START = INT64_C(1700000000000000);

static piq_sim_options options(void)
{
    return (piq_sim_options){.seed = 9,
                             .n_learners = 20,
                             .first_user = 100,
                             .events = 300,
                             .start_us = START,
                             .days = 60.0,
                             .learning = true};
}

static piq_sim *learner(piq_arena *a, const piq_catalogue *c,
                        const piq_sim_options *o, size_t k)
{
    piq_sim *s;
    assert_int_equal(piq_sim_learner(a, c, o, k, &s), PIQ_OK);
    return s;
}

static void test_sim__events_come_in_order_and_in_number(void **state)
{
    const piq_catalogue *c = *state;
    piq_sim_options o = options();
    piq_arena a;
    piq_arena_init(&a, 0);
    for (size_t k = 0; k < o.n_learners; k++) {
        piq_sim *s = learner(&a, c, &o, k);
        piq_event e;
        int64_t last = START - 1;
        size_t n = 0;
        while (piq_sim_next(s, &e)) {
            assert_true(e.at_us > last);
            assert_true(e.at_us <= START + 60 * PIQ_US_PER_DAY);
            assert_int_equal(e.user.v, 100 + (int64_t)k);
            char id[64];
            snprintf(id, sizeof id, "sim-%zu-%zu", 100 + k, ++n);
            assert_true(piq_str_eq(e.event_id, piq_str_of(id)));
            last = e.at_us;
        }
        assert_int_equal(n, o.events);
        /* They are spread over the days, not heaped at the end. */
        assert_true(last > START + 40 * PIQ_US_PER_DAY);
    }
    piq_arena_release(&a);
}

/* Every kind but feedback, which needs a recommendation's id, and what is said
 * of a path or by the engine; answers are what most of it is. */
static void test_sim__lives_a_whole_life(void **state)
{
    const piq_catalogue *c = *state;
    piq_sim_options o = options();
    size_t seen[PIQ_N_EVENT_TYPES] = {0};
    piq_arena a;
    piq_event e;
    piq_arena_init(&a, 0);
    for (size_t k = 0; k < o.n_learners; k++) {
        piq_sim *s = learner(&a, c, &o, k);
        while (piq_sim_next(s, &e))
            seen[e.type]++;
    }
    for (size_t i = 0; i < PIQ_N_EVENT_TYPES; i++) {
        if (i == PIQ_EV_RECOMMENDATION_FEEDBACK || i >= PIQ_EV_PATH_CONTROLLED)
            assert_int_equal(seen[i], 0);
        else
            assert_true(seen[i] > 0);
    }
    assert_true(seen[PIQ_EV_ANSWER] > 3000);
    assert_int_equal(seen[PIQ_EV_GOAL_SET], o.n_learners);
    piq_arena_release(&a);
}

/* What an accepted event must be, field by field. */
static void expect_valid(const piq_catalogue *c, const piq_event *e)
{
    switch (e->type) {
    case PIQ_EV_ANSWER:
        assert_true(e->u.answer.item.v < c->n_items);
        assert_true(e->u.answer.score == 0.0f || e->u.answer.score == 1.0f);
        assert_true(e->u.answer.response_ms > 0);
        break;
    case PIQ_EV_CONTENT_STARTED:
    case PIQ_EV_CONTENT_COMPLETED:
    case PIQ_EV_CONTENT_ABANDONED:
        assert_true(e->u.content.content.v < c->n_contents);
        assert_true(isnan(e->u.content.score) ||
                    (e->u.content.score >= 0.0f && e->u.content.score <= 1.0f));
        break;
    case PIQ_EV_ASSESSMENT_COMPLETED:
        assert_true(e->u.assessment.content.v < c->n_contents);
        assert_true(e->u.assessment.score >= 0.0f);
        assert_true(e->u.assessment.score <= 1.0f);
        break;
    case PIQ_EV_CHARACTER_SESSION:
        assert_true(e->u.character.character.v < c->n_characters);
        assert_true(e->u.character.hands > 0);
        break;
    case PIQ_EV_REVIEW:
        assert_true(e->u.review.concept.v < c->n_concepts);
        assert_in_range(e->u.review.rating, 1, 4);
        break;
    case PIQ_EV_GOAL_SET:
        assert_true(e->u.goal.set);
        break;
    case PIQ_EV_PROFILE_STATED:
        assert_true(e->u.stated.has != 0);
        assert_in_range(e->u.stated.session_minutes, 5, 480);
        break;
    case PIQ_EV_PATH_CONTROLLED:
    case PIQ_EV_MEMORY_FITTED:
    case PIQ_EV_VOIDED:
    case PIQ_EV_RECOMMENDATION_FEEDBACK:
        fail();
    }
}

static void test_sim__events_are_valid(void **state)
{
    const piq_catalogue *c = *state;
    piq_sim_options o = options();
    piq_arena a;
    piq_event e;
    piq_arena_init(&a, 0);
    for (size_t k = 0; k < o.n_learners; k++) {
        piq_sim *s = learner(&a, c, &o, k);
        while (piq_sim_next(s, &e))
            expect_valid(c, &e);
    }
    piq_arena_release(&a);
}

/* Who states no minute on any day cannot be planned for. */
static void test_sim__everybody_has_minutes_on_some_day(void **state)
{
    const piq_catalogue *c = *state;
    piq_sim_options o = options();
    piq_arena a;
    piq_event e;
    o.n_learners = 20000;
    piq_arena_init(&a, 0);
    for (size_t k = 0; k < o.n_learners; k++) {
        piq_sim *s = learner(&a, c, &o, k);
        unsigned week = 0;
        assert_true(piq_sim_next(s, &e));
        assert_int_equal(e.type, PIQ_EV_PROFILE_STATED);
        for (int i = 0; i < 7; i++)
            week += e.u.stated.minutes_per_weekday[i];
        assert_true(week > 0);
        piq_arena_clear(&a);
    }
    piq_arena_release(&a);
}

static void test_sim__same_seed_same_life(void **state)
{
    const piq_catalogue *c = *state;
    piq_sim_options o = options();
    piq_arena a;
    piq_event x, y, z;
    bool differs = false;
    piq_arena_init(&a, 0);
    piq_sim *one = learner(&a, c, &o, 3);
    piq_sim *two = learner(&a, c, &o, 3);
    o.seed++;
    piq_sim *other = learner(&a, c, &o, 3);
    while (piq_sim_next(one, &x)) {
        assert_true(piq_sim_next(two, &y));
        assert_true(piq_sim_next(other, &z));
        assert_int_equal(x.at_us, y.at_us);
        assert_int_equal(x.type, y.type);
        differs = differs || x.at_us != z.at_us;
    }
    assert_true(differs);
    piq_arena_release(&a);
}

static void test_sim__answers_only_gives_answers(void **state)
{
    const piq_catalogue *c = *state;
    piq_sim_options o = options();
    piq_arena a;
    piq_event e;
    o.answers_only = true;
    piq_arena_init(&a, 0);
    piq_sim *s = learner(&a, c, &o, 0);
    while (piq_sim_next(s, &e))
        assert_int_equal(e.type, PIQ_EV_ANSWER);
    piq_arena_release(&a);
}

static void test_sim__practice_raises_ability_unless_told_not_to(void **state)
{
    const piq_catalogue *c = *state;
    piq_sim_options o = options();
    piq_arena a;
    piq_event e;
    piq_arena_init(&a, 0);
    for (int learning = 0; learning < 2; learning++) {
        double rise = 0.0;
        o.learning = learning;
        for (size_t k = 0; k < o.n_learners; k++) {
            piq_sim *s = learner(&a, c, &o, k);
            for (uint16_t i = 0; i < c->n_concepts; i++)
                rise -= piq_sim_ability(s, (piq_concept_ix){i});
            while (piq_sim_next(s, &e))
                ;
            for (uint16_t i = 0; i < c->n_concepts; i++)
                rise += piq_sim_ability(s, (piq_concept_ix){i});
        }
        if (learning)
            assert_true(rise > 1.0);
        else
            assert_true(fabs(rise) < 1e-9);
    }
    piq_arena_release(&a);
}

/* The hidden error of an item is everybody's, with sd .4 about the
 * curriculum's number: 48 items give .4 +- .04, mean 0 +- .06. */
static void test_sim__items_have_a_hidden_error(void **state)
{
    const piq_catalogue *c = *state;
    piq_sim_options o = options();
    piq_arena a;
    piq_arena_init(&a, 0);
    piq_sim *one = learner(&a, c, &o, 0);
    piq_sim *two = learner(&a, c, &o, 1);
    double sum = 0.0, squares = 0.0;
    for (uint32_t i = 0; i < c->n_items; i++) {
        piq_item_ix x = {i};
        double error = piq_sim_item_difficulty(one, x) -
                       piq_difficulty_logit(c->items[i].difficulty);
        assert_true(piq_sim_item_difficulty(one, x) ==
                    piq_sim_item_difficulty(two, x));
        sum += error;
        squares += error * error;
    }
    double n = (double)c->n_items;
    assert_true(fabs(sum / n) < 0.25);
    assert_true(sqrt(squares / n) > 0.25);
    assert_true(sqrt(squares / n) < 0.55);
    piq_arena_release(&a);
}

static void test_sim__a_tight_window_still_holds_all(void **state)
{
    const piq_catalogue *c = *state;
    piq_sim_options o = options();
    piq_arena a;
    piq_event e;
    o.days = 0.01; /* 864 s for 300 events */
    piq_arena_init(&a, 0);
    piq_sim *s = learner(&a, c, &o, 0);
    int64_t last = START - 1;
    size_t n = 0;
    while (piq_sim_next(s, &e)) {
        assert_true(e.at_us > last);
        last = e.at_us;
        n++;
    }
    assert_int_equal(n, o.events);
    assert_true(last <= START + (int64_t)(0.01 * (double)PIQ_US_PER_DAY));
    piq_arena_release(&a);
}

static void test_sim__no_memory_is_said(void **state)
{
    const piq_catalogue *c = *state;
    piq_sim_options o = options();
    piq_arena a;
    piq_sim *s = NULL;
    piq_arena_init(&a, 1);
    assert_int_equal(piq_sim_learner(&a, c, &o, 0, &s), PIQ_ENOMEM);
    assert_null(s);
    piq_arena_release(&a);
}

static int set_up(void **state)
{
    *state = random_catalogue(8, 4, 24, 120);
    return 0;
}

static int tear_down(void **state)
{
    piq_catalogue_free(*state);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sim__events_come_in_order_and_in_number),
        cmocka_unit_test(test_sim__lives_a_whole_life),
        cmocka_unit_test(test_sim__events_are_valid),
        cmocka_unit_test(test_sim__everybody_has_minutes_on_some_day),
        cmocka_unit_test(test_sim__same_seed_same_life),
        cmocka_unit_test(test_sim__answers_only_gives_answers),
        cmocka_unit_test(test_sim__practice_raises_ability_unless_told_not_to),
        cmocka_unit_test(test_sim__items_have_a_hidden_error),
        cmocka_unit_test(test_sim__a_tight_window_still_holds_all),
        cmocka_unit_test(test_sim__no_memory_is_said),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
