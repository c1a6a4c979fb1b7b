/* What each kind of event does to a learner. On the cooking curriculum, whose
 * contents have no items, with one or two added where they are needed. */
#include "learner/fold.h"

#include "base/calendar.h"
#include "support/small_catalogue.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

/* 2026-11-02T10:00:00Z. */
#define START_US INT64_C(1793613600000000)

typedef struct fixture {
    piq_catalogue *c;
    piq_calibration_book *book;
    piq_learner *l;
    piq_fold_effect effect;
    int64_t at_us;
} fixture;

static const piq_concept_weight both[] = {{{BROTH}, 0.25}, {{SAUCE}, 0.75}};
static piq_item items[] = {{.id = {11},
                            .content = {BROTH_DRILL - 1},
                            .concepts = both,
                            .n_concepts = 2,
                            .difficulty = 0.7,
                            .discrimination = 1.5,
                            .guess = 0.2}};

static int set_up(void **state)
{
    fixture *f = calloc(1, sizeof *f);
    f->c = small_catalogue();
    f->c->items = items;
    f->c->n_items = 1;
    f->at_us = START_US;
    *state = f;
    if (piq_calibration_book_new(&f->book))
        return -1;
    return piq_learner_new((piq_user_id){1}, f->c, &f->l);
}

static int tear_down(void **state)
{
    fixture *f = *state;
    piq_learner_free(f->l);
    piq_calibration_book_free(f->book);
    piq_catalogue_free(f->c);
    free(f);
    return 0;
}

static piq_event event_of(piq_event_type type)
{
    return (piq_event){.user = {1}, .event_id = PIQ_STR("e"), .type = type};
}

static void fold(fixture *f, piq_event e)
{
    e.at_us = f->at_us;
    f->at_us += 60 * PIQ_US_PER_SECOND;
    piq_fold(f->l, f->c, f->book, NULL, &e, &f->effect);
}

static void fold_content(fixture *f, piq_event_type type, int id, float score,
                         uint32_t seconds)
{
    piq_event e = event_of(type);
    e.u.content = (piq_content_event){{(uint32_t)id - 1}, seconds, score};
    fold(f, e);
}

static void fold_answer(fixture *f, piq_answer a)
{
    piq_event e = event_of(PIQ_EV_ANSWER);
    e.u.answer = a;
    fold(f, e);
}

static piq_content_history *history(const fixture *f, int id)
{
    return &f->l->history[id - 1];
}

static double mastery(const fixture *f, uint16_t concept)
{
    piq_belief b[N_SMALL_CONCEPTS];
    piq_learner_beliefs(f->l, f->c, f->at_us, b);
    return b[concept].mastery;
}

static uint32_t reviews(const fixture *f, uint16_t concept)
{
    return f->l->memory.concepts[concept].reviews;
}

/* ---- the task -------------------------------------------------------- */

static const piq_item_ix NO_ITEM = {PIQ_NO_IX32};
static const piq_content_ix NO_CONTENT = {PIQ_NO_IX32};

static void test_task__named_concepts_come_before_the_items(void **state)
{
    fixture *f = *state;
    piq_concept_weight w[PIQ_MAX_CONTENT_CONCEPTS];
    piq_task t;
    piq_answer a = {.item = {0}, .content = {SAUCE_DRILL - 1}};
    assert_true(piq_task_of_answer(&a, f->c, f->book, 0, w, &t));
    assert_int_equal(t.n_concepts, 2); /* the item's */
    assert_true(t.concepts[1].weight == 0.75);
    assert_true(t.discrimination == 1.5 && t.guess == 0.2);
    /* (.7 - .5) * 5, as a float */
    assert_true(t.difficulty_logit == (double)(float)((0.7 - 0.5) * 5));
    a.n_concepts = 2;
    a.concepts[0] = (piq_concept_weight){{KNIFE}, 1};
    a.concepts[1] = (piq_concept_weight){{SAUCE}, 0.25};
    assert_true(piq_task_of_answer(&a, f->c, f->book, 0, w, &t));
    assert_int_equal(t.concepts[0].concept.v, KNIFE);
    assert_true(t.concepts[0].weight == 0.8); /* 1 / 1.25 */
    a = (piq_answer){.item = NO_ITEM, .content = {SAUCE_DRILL - 1}};
    assert_true(piq_task_of_answer(&a, f->c, f->book, 0, w, &t));
    assert_int_equal(t.concepts[0].concept.v, SAUCE);
    a = (piq_answer){.item = NO_ITEM, .content = NO_CONTENT};
    assert_false(piq_task_of_answer(&a, f->c, f->book, 0, w, &t));
}

static void test_task__difficulty_is_of_the_calibration_named(void **state)
{
    fixture *f = *state;
    piq_concept_weight w[PIQ_MAX_CONTENT_CONCEPTS];
    piq_task t;
    piq_answer a = {.item = {0}, .content = NO_CONTENT};
    piq_calibrated_item told = {{0}, {-2.5f, 0.125f, 9}};
    assert_int_equal(piq_calibration_book_add(f->book, 4, &told, 1), PIQ_OK);
    assert_true(piq_task_of_answer(&a, f->c, f->book, 3, w, &t));
    assert_true(t.difficulty_logit == (double)(float)((0.7 - 0.5) * 5));
    assert_true(piq_task_of_answer(&a, f->c, f->book, 4, w, &t));
    assert_true(t.difficulty_logit == -2.5);
    assert_true(t.difficulty_variance == 0.125);
}

/* ---- events ---------------------------------------------------------- */

static void test_fold__an_item_answer_is_the_calibrators(void **state)
{
    fixture *f = *state;
    double before = mastery(f, SAUCE);
    fold_answer(f, (piq_answer){.item = {0},
                                .content = NO_CONTENT,
                                .score = 1,
                                .response_ms = 2600});
    assert_true(f->effect.is_item_answer);
    assert_true(f->effect.outcome.predicted > 0 &&
                f->effect.outcome.predicted < 1);
    assert_true(f->effect.outcome.at_us == START_US);
    assert_true(mastery(f, SAUCE) > before);
    assert_int_equal(reviews(f, BROTH) + reviews(f, SAUCE), 2);
    assert_int_equal(reviews(f, KNIFE), 0);
    /* It happened inside the item's content: 2.6 s are 3. */
    assert_int_equal(history(f, BROTH_DRILL)->progress, PIQ_STARTED);
    assert_int_equal(history(f, BROTH_DRILL)->seconds, 3);
    fold_answer(f, (piq_answer){.item = NO_ITEM,
                                .content = {SAUCE_DRILL - 1},
                                .score = 0});
    assert_false(f->effect.is_item_answer);
}

static void test_fold__a_hint_makes_a_right_answer_count_less(void **state)
{
    fixture *f = *state;
    piq_learner *plain;
    assert_int_equal(piq_learner_copy(f->l, &plain), PIQ_OK);
    piq_answer a = {.item = {0}, .content = NO_CONTENT, .score = 1};
    double before = mastery(f, SAUCE);
    fold_answer(f, a);
    double without = mastery(f, SAUCE) - before;
    piq_learner_free(f->l);
    f->l = plain;
    f->at_us = START_US;
    a.hint = true;
    fold_answer(f, a);
    double with = mastery(f, SAUCE) - before;
    assert_true(with > 0 && with < without);
}

static void test_fold__completed_stays_completed(void **state)
{
    fixture *f = *state;
    fold_content(f, PIQ_EV_CONTENT_STARTED, BROTH_LESSON, NAN, 0);
    assert_int_equal(history(f, BROTH_LESSON)->progress, PIQ_STARTED);
    fold_content(f, PIQ_EV_CONTENT_ABANDONED, BROTH_LESSON, NAN, 50);
    assert_int_equal(history(f, BROTH_LESSON)->progress, PIQ_ABANDONED);
    fold_content(f, PIQ_EV_CONTENT_COMPLETED, BROTH_LESSON, 0.5f, 100);
    fold_content(f, PIQ_EV_CONTENT_STARTED, BROTH_LESSON, NAN, 0);
    fold_content(f, PIQ_EV_CONTENT_ABANDONED, BROTH_LESSON, NAN, 7);
    assert_int_equal(history(f, BROTH_LESSON)->progress, PIQ_COMPLETED);
    assert_int_equal(history(f, BROTH_LESSON)->completions, 1);
    assert_int_equal(history(f, BROTH_LESSON)->seconds, 157);
    assert_true(history(f, BROTH_LESSON)->score == 0.5f);
    assert_int_equal(history(f, BROTH_LESSON)->last_s,
                     START_US / PIQ_US_PER_SECOND + 4 * 60);
}

static void test_fold__a_lesson_read_is_an_exposure(void **state)
{
    fixture *f = *state;
    double before = mastery(f, BROTH);
    fold_content(f, PIQ_EV_CONTENT_COMPLETED, BROTH_LESSON, NAN, 600);
    assert_true(mastery(f, BROTH) > before);
    assert_int_equal(reviews(f, BROTH), 1);
    assert_true(isnan(f->effect.outcome.predicted));
    fold_content(f, PIQ_EV_CONTENT_COMPLETED, KNIFE_DRILL, NAN, 600);
    assert_int_equal(reviews(f, KNIFE), 0); /* its answers tell */
    fold_content(f, PIQ_EV_CONTENT_COMPLETED, SAUCE_COURSE, NAN, 600);
    assert_int_equal(reviews(f, SAUCE), 0); /* its parts tell */
}

static void test_fold__an_assessment_tells_of_each_concept(void **state)
{
    fixture *f = *state;
    piq_event e = event_of(PIQ_EV_ASSESSMENT_COMPLETED);
    double broth = mastery(f, BROTH), sauce = mastery(f, SAUCE);
    e.u.assessment = (piq_assessment_event){
        .content = {SAUCE_CHECK - 1}, .score = 0.5f, .n_concepts = 2};
    e.u.assessment.concepts[0].concept.v = BROTH;
    e.u.assessment.concepts[0].score = 1;
    e.u.assessment.concepts[1].concept.v = KNIFE;
    e.u.assessment.concepts[1].score = 0;
    fold(f, e);
    assert_true(mastery(f, BROTH) > broth);
    assert_true(mastery(f, KNIFE) < mastery(f, BROTH));
    assert_int_equal(reviews(f, KNIFE), 1);
    assert_int_equal(reviews(f, SAUCE), 0);
    assert_int_equal(history(f, SAUCE_CHECK)->progress, PIQ_COMPLETED);
    e.u.assessment.n_concepts = 0;
    e.u.assessment.score = 1;
    fold(f, e); /* the content's own: broth and sauce */
    assert_int_equal(reviews(f, SAUCE), 1);
    assert_true(mastery(f, SAUCE) > sauce);
}

static void test_fold__a_longer_session_tells_more(void **state)
{
    fixture *f = *state;
    piq_event e = event_of(PIQ_EV_CHARACTER_SESSION);
    double before = mastery(f, SAUCE);
    e.u.character = (piq_character_event){.character = {0},
                                          .content = {CHEF_SESSION - 1},
                                          .hands = 5,
                                          .score = 1};
    piq_learner *fresh;
    assert_int_equal(piq_learner_copy(f->l, &fresh), PIQ_OK);
    fold(f, e);
    double five = mastery(f, SAUCE) - before;
    piq_learner_free(f->l);
    f->l = fresh;
    f->at_us = START_US;
    e.u.character.hands = 50;
    fold(f, e);
    double fifty = mastery(f, SAUCE) - before;
    assert_true(five > 0 && fifty > five);
    assert_int_equal(f->l->behaviour.characters[0].sessions, 1);
    e.u.character.content = NO_CONTENT;
    before = mastery(f, SAUCE);
    fold(f, e); /* with nobody knows what: it only happened */
    assert_int_equal(f->l->behaviour.characters[0].sessions, 2);
}

static void test_fold__a_review_moves_memory_and_a_little_belief(void **state)
{
    fixture *f = *state;
    piq_event e = event_of(PIQ_EV_REVIEW);
    e.u.review = (piq_review_event){{BROTH}, 3, 0};
    double before = mastery(f, BROTH);
    fold(f, e);
    assert_int_equal(reviews(f, BROTH), 1);
    assert_true(mastery(f, BROTH) > before);
    e.u.review.rating = 1;
    before = mastery(f, BROTH);
    fold(f, e);
    assert_true(mastery(f, BROTH) < before);
    assert_false(f->effect.is_item_answer);
}

static void test_fold__a_dismissal_rests_until_accepted(void **state)
{
    fixture *f = *state;
    piq_event e = event_of(PIQ_EV_RECOMMENDATION_FEEDBACK);
    e.u.feedback =
        (piq_feedback_event){1, {KNIFE_LESSON - 1}, PIQ_ACTION_DISMISSED, 0};
    fold(f, e);
    assert_int_equal(history(f, KNIFE_LESSON)->dismissed_s,
                     START_US / PIQ_US_PER_SECOND);
    assert_int_equal(history(f, KNIFE_LESSON)->progress, PIQ_UNTOUCHED);
    e.u.feedback.action = PIQ_ACTION_NONE;
    e.u.feedback.feedback_score = 2;
    fold(f, e); /* an opinion alone leaves it */
    assert_true(history(f, KNIFE_LESSON)->dismissed_s > 0);
    e.u.feedback.action = PIQ_ACTION_ACCEPTED;
    fold(f, e);
    assert_int_equal(history(f, KNIFE_LESSON)->dismissed_s, 0);
}

static void test_fold__what_is_stated_is_kept_apart_and_merged(void **state)
{
    fixture *f = *state;
    piq_event e = event_of(PIQ_EV_GOAL_SET);
    double before = mastery(f, KNIFE);
    e.u.goal = (piq_goal){.set = true, .timeline_day = 21000};
    fold(f, e);
    assert_int_equal(f->l->goal.timeline_day, 21000);
    assert_int_equal(f->l->goal_us, START_US);
    e = event_of(PIQ_EV_PROFILE_STATED);
    e.u.stated = (piq_stated){.has = PIQ_STATED_LEVEL | PIQ_STATED_SESSION,
                              .session_minutes = 40,
                              .self_level = PIQ_EXPERT};
    fold(f, e);
    assert_int_equal(f->l->stated.session_minutes, 40);
    assert_true(mastery(f, KNIFE) > before); /* taken at their word at first */
    e.u.stated = (piq_stated){.has = PIQ_STATED_OFFSET, .utc_offset_min = 60};
    fold(f, e);
    assert_int_equal(f->l->stated.session_minutes, 40);
    assert_int_equal(piq_learner_offset_min(f->l), 60);
}

static void test_fold__an_areas_mastery_is_its_live_concepts_mean(void **state)
{
    fixture *f = *state;
    piq_belief b[N_SMALL_CONCEPTS];
    const piq_concept *k = f->c->concepts;
    const piq_behaviour *seen = &f->l->behaviour;
    f->c->concepts[EMULSION].retired = true;
    fold_answer(f,
                (piq_answer){.item = {0}, .content = NO_CONTENT, .score = 1});
    piq_learner_beliefs(f->l, f->c, START_US, b);
    double live = (b[BROTH].mastery + b[SAUCE].mastery) / 2;
    double all = (2 * live + b[EMULSION].mastery) / 3;
    assert_true(fabs(live - all) > 0.01);
    assert_int_equal(seen->n_weeks, 1);
    assert_int_equal(seen->area_mastery[k[BROTH].area.v],
                     lround(live * PIQ_MASTERY_STEPS));
    /* It was not about that. */
    assert_int_equal(seen->area_mastery[k[KNIFE].area.v], PIQ_NO_MASTERY);
}

static void test_fold__marks_how_far_it_came(void **state)
{
    fixture *f = *state;
    piq_event e = event_of(PIQ_EV_CONTENT_STARTED);
    e.u.content = (piq_content_event){{0}, 0, NAN};
    e.event_id = PIQ_STR("first-and-longer");
    fold(f, e);
    e.event_id = PIQ_STR("then");
    fold(f, e);
    assert_int_equal(f->l->n_events, 2);
    assert_int_equal(f->l->first_us, START_US);
    assert_int_equal(f->l->last_us, START_US + 60 * PIQ_US_PER_SECOND);
    assert_string_equal(f->l->last_event_id, "then");
}

#define WITH(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH(test_task__named_concepts_come_before_the_items),
        WITH(test_task__difficulty_is_of_the_calibration_named),
        WITH(test_fold__an_item_answer_is_the_calibrators),
        WITH(test_fold__a_hint_makes_a_right_answer_count_less),
        WITH(test_fold__completed_stays_completed),
        WITH(test_fold__a_lesson_read_is_an_exposure),
        WITH(test_fold__an_assessment_tells_of_each_concept),
        WITH(test_fold__a_longer_session_tells_more),
        WITH(test_fold__a_review_moves_memory_and_a_little_belief),
        WITH(test_fold__a_dismissal_rests_until_accepted),
        WITH(test_fold__what_is_stated_is_kept_apart_and_merged),
        WITH(test_fold__an_areas_mastery_is_its_live_concepts_mean),
        WITH(test_fold__marks_how_far_it_came),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
