#include "track/calibrate.h"

#include "base/calendar.h"
#include "base/rng.h"
#include "num/logistic.h"
#include "support/random_catalogue.h"
#include "track/params.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

static const int64_t NOON = INT64_C(1700000000000000);

/* cmocka's own compares as floats. */
static void expect_near(double is, double should_be, double within)
{
    if (!(fabs(is - should_be) <= within))
        fail_msg("%.12g is not %.12g to %g", is, should_be, within);
}

enum { HARD = 3, EASY = 3, ITEMS = 8, CONCEPTS = 2 };

/* Items 0..3 of concept 0 and 4..7 of concept 1, all of difficulty .5. */
static piq_concept_weight weights[ITEMS];
static piq_concept concepts[CONCEPTS];
static piq_item items[ITEMS];
static piq_catalogue catalogue;

static int set_up(void **state)
{
    (void)state;
    for (uint16_t i = 0; i < CONCEPTS; i++)
        concepts[i] = (piq_concept){.difficulty = 0.5};
    for (uint16_t i = 0; i < ITEMS; i++) {
        weights[i] = (piq_concept_weight){{(uint16_t)(i / 4)}, 1.0};
        items[i] = (piq_item){.concepts = &weights[i],
                              .n_concepts = 1,
                              .difficulty = 0.5,
                              .discrimination = 1.0};
    }
    catalogue = (piq_catalogue){.new_learner_ability = 0.5,
                                .concepts = concepts,
                                .n_concepts = CONCEPTS,
                                .items = items,
                                .n_items = ITEMS};
    return 0;
}

static piq_calibrator *new_calibrator(void)
{
    piq_calibrator *k;
    assert_int_equal(piq_calibrator_new(&catalogue, &k), PIQ_OK);
    return k;
}

static void answer(piq_calibrator *k, uint32_t item, double score)
{
    piq_track_outcome before = {.ability_variance = 0.2, .at_us = NOON};
    piq_calibrator_answer(k, (piq_item_ix){item}, &before, score);
}

static piq_item_estimate estimate(const piq_calibrator *k, uint32_t item)
{
    return piq_calibrator_estimate(k, (piq_item_ix){item});
}

static void test_calibrate__starts_from_the_curriculum(void **state)
{
    (void)state;
    items[1].difficulty = 0.7;
    piq_calibrator *k = new_calibrator();
    expect_near((double)estimate(k, 0).difficulty_logit, 0.0, 1e-6);
    expect_near((double)estimate(k, 1).difficulty_logit, 1.0, 1e-6);
    expect_near((double)estimate(k, 0).variance, piq_item_prior_variance(),
                1e-6);
    assert_int_equal(estimate(k, 0).n, 0);
    items[1].difficulty = 0.5;
    piq_calibrator_free(k);
}

static void test_calibrate__wrong_answers_make_an_item_harder(void **state)
{
    (void)state;
    piq_calibrator *k = new_calibrator();
    answer(k, 0, 0.0);
    answer(k, 4, 1.0);
    assert_true(estimate(k, 0).difficulty_logit > 0.0f);
    assert_true(estimate(k, 4).difficulty_logit < 0.0f);
    assert_int_equal(estimate(k, 0).n, 1);
    assert_true((double)estimate(k, 0).variance < piq_item_prior_variance());
    piq_calibrator_free(k);
}

/* A brand-new item of a hard concept starts hard; one of another concept
 * hardly moves. */
static void test_calibrate__new_items_lean_on_their_concept(void **state)
{
    (void)state;
    piq_calibrator *k = new_calibrator();
    for (int i = 0; i < 200; i++) {
        for (uint32_t x = 0; x < HARD; x++)
            answer(k, x, i % 10 == 0); /* right one time in ten: about 2.2 */
        for (uint32_t x = 0; x < EASY; x++)
            answer(k, 4 + x, i % 2);
    }
    double hard = (double)estimate(k, 3).difficulty_logit;
    double even = (double)estimate(k, 7).difficulty_logit;
    assert_int_equal(estimate(k, 3).n, 0);
    assert_true(hard > 0.8);
    assert_true(hard > even + 0.5);
    assert_true((double)estimate(k, 0).difficulty_logit > hard);
    assert_true((double)estimate(k, 3).variance < piq_item_prior_variance());
    piq_calibrator_free(k);
}

/* 4,000 answers by learners whose ability is known to be 0: sigmoid(-d) right.
 */
static void test_calibrate__finds_the_difficulty(void **state)
{
    (void)state;
    static const double truth[] = {-1.5, 0.0, 0.7, 2.0};
    piq_rng r;
    piq_rng_seed(&r, 5);
    piq_calibrator *k = new_calibrator();
    for (int i = 0; i < 4000; i++) {
        for (uint32_t x = 0; x < 4; x++) {
            piq_track_outcome before = {.ability_variance = 0.0, .at_us = NOON};
            double p = piq_sigmoid(-truth[x]);
            piq_calibrator_answer(k, (piq_item_ix){x}, &before,
                                  piq_rng_uniform(&r) < p);
        }
    }
    /* Standard error: 1 / sqrt(4000 p (1-p)) is .05 at most; the lapse that is
     * allowed for moves the easy one by .02. */
    for (uint32_t x = 0; x < 4; x++)
        expect_near((double)estimate(k, x).difficulty_logit, truth[x], 0.2);
    piq_calibrator_free(k);
}

static void test_calibrate__publishes_what_moved_in_order(void **state)
{
    (void)state;
    piq_calibrated_item out[ITEMS];
    piq_calibrator *k = new_calibrator();
    assert_int_equal(piq_calibrator_publish(k, out, ITEMS), 0);
    answer(k, 6, 0.0);
    answer(k, 2, 0.0);
    size_t n = piq_calibrator_publish(k, out, ITEMS);
    assert_true(n >= 2);
    bool seen[ITEMS] = {false};
    for (size_t i = 0; i < n; i++) {
        seen[out[i].item.v] = true;
        assert_true(i == 0 || out[i - 1].item.v < out[i].item.v);
        piq_item_estimate now = estimate(k, out[i].item.v);
        assert_true(out[i].estimate.difficulty_logit == now.difficulty_logit);
        assert_true(out[i].estimate.variance == now.variance);
    }
    assert_true(seen[2] && seen[6]);
    /* Nothing new, nothing told. */
    assert_int_equal(piq_calibrator_publish(k, out, ITEMS), 0);
    piq_calibrator_free(k);
}

static void test_calibrate__left_over_items_come_next(void **state)
{
    (void)state;
    piq_calibrated_item out[ITEMS];
    bool told[ITEMS] = {false};
    piq_calibrator *k = new_calibrator();
    for (uint32_t i = 0; i < ITEMS; i++) {
        for (int j = 0; j < 20; j++)
            answer(k, i, i % 2 ? 0.0 : 1.0);
    }
    size_t rounds = 0, n;
    while ((n = piq_calibrator_publish(k, out, 3)) > 0) {
        assert_true(n <= 3);
        for (size_t i = 0; i < n; i++) {
            assert_false(told[out[i].item.v]);
            told[out[i].item.v] = true;
        }
        rounds++;
    }
    assert_int_equal(rounds, 3); /* 3 + 3 + 2 */
    piq_calibrator_free(k);
}

static void test_calibrate__restored_estimates_stand(void **state)
{
    (void)state;
    piq_calibrated_item out[ITEMS];
    piq_calibrator *a = new_calibrator();
    for (int i = 0; i < 100; i++) {
        for (uint32_t x = 0; x < 3; x++)
            answer(a, x, i % 8 == 0);
    }
    size_t n = piq_calibrator_publish(a, out, ITEMS);
    piq_calibrator *b = new_calibrator();
    for (size_t i = 0; i < n; i++)
        piq_calibrator_restore(b, &out[i]);
    for (uint32_t x = 0; x < 3; x++) {
        expect_near((double)estimate(b, x).difficulty_logit,
                    (double)estimate(a, x).difficulty_logit, 1e-4);
        assert_int_equal(estimate(b, x).n, estimate(a, x).n);
    }
    /* The concept has learned from its items again: its new item is hard. */
    assert_true(estimate(b, 3).difficulty_logit > 0.5f);
    answer(b, 0, 1.0);
    assert_true(estimate(b, 0).difficulty_logit <
                estimate(a, 0).difficulty_logit);
    piq_calibrator_free(a);
    piq_calibrator_free(b);
}

static void test_calibrate__growing_keeps_what_was_learned(void **state)
{
    (void)state;
    piq_catalogue small = catalogue;
    small.n_items = 4;
    small.n_concepts = 1;
    piq_calibrator *k;
    assert_int_equal(piq_calibrator_new(&small, &k), PIQ_OK);
    for (int i = 0; i < 30; i++)
        answer(k, 0, 0.0);
    piq_item_estimate before = estimate(k, 0);
    assert_int_equal(piq_calibrator_grow(k, &catalogue), PIQ_OK);
    piq_item_estimate after = estimate(k, 0);
    assert_true(after.difficulty_logit == before.difficulty_logit);
    assert_int_equal(after.n, 30);
    answer(k, 7, 1.0);
    assert_int_equal(estimate(k, 7).n, 1);
    /* What had moved before is still told. */
    piq_calibrated_item out[ITEMS];
    size_t n = piq_calibrator_publish(k, out, ITEMS);
    assert_true(n >= 2);
    assert_int_equal(out[0].item.v, 0);
    piq_calibrator_free(k);
}

static void test_calibrate__no_memory_leaves_it_as_it_was(void **state)
{
    (void)state;
    piq_calibrator *k = new_calibrator();
    answer(k, 0, 0.0);
    piq_item_estimate before = estimate(k, 0);
    for (long n = 1; n <= 7; n++) {
        piq_calibrator *none = NULL;
        piq_alloc_fail_after(n, 0);
        assert_int_equal(piq_calibrator_grow(k, &catalogue), PIQ_ENOMEM);
        piq_alloc_fail_after(n, 0);
        assert_int_equal(piq_calibrator_new(&catalogue, &none), PIQ_ENOMEM);
        assert_null(none);
    }
    piq_alloc_fail_after(0, 0);
    assert_true(estimate(k, 0).difficulty_logit == before.difficulty_logit);
    piq_calibrator_free(k);
}

static void test_calibrate__holds_for_an_empty_catalogue(void **state)
{
    (void)state;
    piq_catalogue none = {0};
    piq_calibrated_item out[1];
    piq_calibrator *k;
    assert_int_equal(piq_calibrator_new(&none, &k), PIQ_OK);
    assert_int_equal(piq_calibrator_publish(k, out, 1), 0);
    piq_calibrator_free(k);
    piq_calibrator_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_calibrate__starts_from_the_curriculum),
        cmocka_unit_test(test_calibrate__wrong_answers_make_an_item_harder),
        cmocka_unit_test(test_calibrate__new_items_lean_on_their_concept),
        cmocka_unit_test(test_calibrate__finds_the_difficulty),
        cmocka_unit_test(test_calibrate__publishes_what_moved_in_order),
        cmocka_unit_test(test_calibrate__left_over_items_come_next),
        cmocka_unit_test(test_calibrate__restored_estimates_stand),
        cmocka_unit_test(test_calibrate__growing_keeps_what_was_learned),
        cmocka_unit_test(test_calibrate__no_memory_leaves_it_as_it_was),
        cmocka_unit_test(test_calibrate__holds_for_an_empty_catalogue),
    };
    return cmocka_run_group_tests(tests, set_up, NULL);
}
