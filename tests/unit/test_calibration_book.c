#include "learner/calibration_book.h"

#include "support/random_catalogue.h"
#include "track/calibrate.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

typedef struct fixture {
    piq_catalogue *c;
    piq_calibration_book *b;
} fixture;

static int set_up(void **state)
{
    fixture *f = calloc(1, sizeof *f);
    f->c = random_catalogue(1, 2, 8, 16);
    *state = f;
    return piq_calibration_book_new(&f->b);
}

static int tear_down(void **state)
{
    fixture *f = *state;
    piq_calibration_book_free(f->b);
    piq_catalogue_free(f->c);
    free(f);
    return 0;
}

static piq_calibrated_item estimate(uint32_t item, float logit)
{
    return (piq_calibrated_item){{item}, {logit, 0.25f, 4}};
}

static float logit_at(const fixture *f, uint32_t item, uint32_t number)
{
    return piq_calibration_book_at(f->b, f->c, (piq_item_ix){item}, number)
        .difficulty_logit;
}

static void test_book__an_item_without_entry_has_the_curriculums(void **state)
{
    fixture *f = *state;
    piq_item_estimate e =
        piq_calibration_book_at(f->b, f->c, (piq_item_ix){3}, 9);
    assert_true(e.difficulty_logit ==
                (float)piq_difficulty_logit(f->c->items[3].difficulty));
    assert_true(e.variance == (float)piq_item_prior_variance());
    assert_int_equal(piq_calibration_book_number(f->b), 0);
}

static void test_book__each_number_sees_what_was_known_then(void **state)
{
    fixture *f = *state;
    const piq_calibrated_item first[] = {estimate(2, 1), estimate(5, 2)};
    const piq_calibrated_item third[] = {estimate(5, 3)};
    float plain = (float)piq_difficulty_logit(f->c->items[5].difficulty);
    assert_int_equal(piq_calibration_book_add(f->b, 1, first, 2), PIQ_OK);
    assert_int_equal(piq_calibration_book_add(f->b, 2, NULL, 0), PIQ_OK);
    assert_int_equal(piq_calibration_book_add(f->b, 3, third, 1), PIQ_OK);
    assert_int_equal(piq_calibration_book_number(f->b), 3);
    assert_true(logit_at(f, 5, 0) == plain);
    assert_true(logit_at(f, 5, 1) == 2);
    assert_true(logit_at(f, 5, 2) == 2);
    assert_true(logit_at(f, 5, 3) == 3);
    assert_true(logit_at(f, 2, 3) == 1);
}

static void test_book__a_draft_is_known_but_not_in_force(void **state)
{
    fixture *f = *state;
    const piq_calibrated_item one = estimate(5, 1), two = estimate(5, 2);
    assert_int_equal(piq_calibration_book_add(f->b, 1, &one, 1), PIQ_OK);
    assert_int_equal(piq_calibration_book_draft(f->b, 2, &two, 1), PIQ_OK);
    assert_int_equal(piq_calibration_book_number(f->b), 1);
    assert_true(logit_at(f, 5, 1) == 1);
    assert_true(logit_at(f, 5, 2) == 2);
    piq_calibration_book_enact(f->b, 2);
    assert_int_equal(piq_calibration_book_number(f->b), 2);
    piq_calibration_book_forget(f->b); /* nothing that is in force */
    assert_true(logit_at(f, 5, 2) == 2);
}

static void test_book__a_forgotten_draft_leaves_no_trace(void **state)
{
    fixture *f = *state;
    const piq_calibrated_item one = estimate(5, 1);
    const piq_calibrated_item drafts[] = {estimate(5, 2), estimate(6, 3)};
    const piq_calibrated_item other = estimate(6, 4);
    assert_int_equal(piq_calibration_book_add(f->b, 1, &one, 1), PIQ_OK);
    assert_int_equal(piq_calibration_book_draft(f->b, 2, drafts, 2), PIQ_OK);
    assert_int_equal(piq_calibration_book_draft(f->b, 3, drafts, 1), PIQ_OK);
    piq_calibration_book_forget(f->b);
    assert_int_equal(piq_calibration_book_add(f->b, 2, &other, 1), PIQ_OK);
    assert_true(logit_at(f, 5, 3) == 1);
    assert_true(logit_at(f, 6, 2) == 4);
}

static void test_book__holds_many_items_given_one_by_one(void **state)
{
    fixture *f = *state;
    for (uint32_t i = 0; i < 5000; i++) {
        piq_calibrated_item one = estimate(i, (float)i);
        assert_int_equal(piq_calibration_book_add(f->b, 1, &one, 1), PIQ_OK);
    }
    assert_true(logit_at(f, 15, 1) == 15);
}

#define WITH(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

/* Every item .7 harder than the curriculum says: so is every concept that has
 * one. */
static void test_book__shifts_are_what_was_added_to_a_concepts_items(
    void **state)
{
    fixture *f = *state;
    const piq_catalogue *c = f->c;
    piq_calibrated_item *news = calloc(c->n_items, sizeof *news);
    float *shifts = calloc(c->n_concepts, sizeof *shifts);
    bool asked[PIQ_MAX_CONCEPTS] = {false};
    assert_int_equal(piq_calibration_book_shifts(f->b, c, shifts), PIQ_OK);
    for (size_t k = 0; k < c->n_concepts; k++)
        assert_true(shifts[k] == 0);
    for (uint32_t i = 0; i < c->n_items; i++) {
        const piq_item *x = &c->items[i];
        news[i] =
            estimate(i, (float)piq_difficulty_logit(x->difficulty) + 0.7f);
        for (size_t k = 0; k < x->n_concepts && !x->retired; k++)
            asked[x->concepts[k].concept.v] = true;
    }
    assert_int_equal(piq_calibration_book_add(f->b, 1, news, c->n_items),
                     PIQ_OK);
    assert_int_equal(piq_calibration_book_shifts(f->b, c, shifts), PIQ_OK);
    for (size_t k = 0; k < c->n_concepts; k++)
        assert_true(fabsf(shifts[k] - (asked[k] ? 0.7f : 0)) < 1e-5f);
    free(shifts);
    free(news);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH(test_book__an_item_without_entry_has_the_curriculums),
        WITH(test_book__each_number_sees_what_was_known_then),
        WITH(test_book__a_draft_is_known_but_not_in_force),
        WITH(test_book__a_forgotten_draft_leaves_no_trace),
        WITH(test_book__holds_many_items_given_one_by_one),
        WITH(test_book__shifts_are_what_was_added_to_a_concepts_items),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
