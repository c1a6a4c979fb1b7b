/* The taste model: rewards, positions, scores of a model small enough to work
 * out, and the term. */
#include "recommend/taste.h"

#include "support/near.h"
#include "support/taste_world.h"

#include <stdlib.h>

static void test_taste__rewards_are_as_stated(void **state)
{
    (void)state;
    assert_near(piq_taste_reward(false, false, false, 0), 0, 0);
    assert_near(piq_taste_reward(true, false, false, 0), .6, 0);
    assert_near(piq_taste_reward(true, true, false, 0), 1, 0);
    /* half of 1 and half of (5-1)/4 = 1, (3-1)/4 = .5, (1-1)/4 = 0 */
    assert_near(piq_taste_reward(true, true, false, 5), 1, 1e-15);
    assert_near(piq_taste_reward(true, true, false, 3), .75, 1e-15);
    assert_near(piq_taste_reward(true, true, false, 1), .5, 1e-15);
    assert_near(piq_taste_reward(true, false, false, 5), .8, 1e-15);
    assert_near(piq_taste_reward(true, true, true, 5), 0, 0);
}

static void test_taste__term_is_neutral_at_nothing_and_rises(void **state)
{
    (void)state;
    assert_near(piq_taste_term(0), .5, 0);
    /* .5 + .5 * 2/4; .5 - .5 * 1/3 */
    assert_near(piq_taste_term(2), .75, 1e-15);
    assert_near(piq_taste_term(-1), 1. / 3, 1e-15);
    for (double x = -50; x < 50; x += .5) {
        assert_true(piq_taste_term(x) < piq_taste_term(x + .5));
        assert_true(piq_taste_term(x) > 0 && piq_taste_term(x) < 1);
    }
}

static void test_taste__an_empty_model_says_nothing(void **state)
{
    (void)state;
    piq_taste *m;
    piq_taste_state *s;
    piq_taste_why why;
    float none[1] = {7};
    assert_int_equal(piq_taste_new(0, &m), PIQ_OK);
    assert_int_equal(piq_taste_n_items(m), 0);
    assert_int_equal(piq_taste_find(m, 3), PIQ_TASTE_NO_ITEM);
    assert_int_equal(piq_taste_state_new(m, &s), PIQ_OK);
    assert_false(piq_taste_add(s, (piq_taste_entry){1, 0, 1}));
    assert_near((double)piq_taste_score(s, 0), 0, 0);
    piq_taste_scores(s, none);
    assert_near((double)none[0], 7, 0);
    piq_taste_explain(s, PIQ_TASTE_NO_ITEM, &why);
    assert_near(why.term, .5, 0);
    assert_int_equal(why.n, 0);
    piq_taste_state_free(s);
    piq_taste_free(m);
}

static void test_taste__finds_items_by_id(void **state)
{
    (void)state;
    piq_taste *m = taste_world_model(1, 17);
    for (uint32_t i = 0; i < 17; i++) {
        assert_int_equal(piq_taste_find(m, (i + 1) * 10), i);
        assert_int_equal(piq_taste_find(m, (i + 1) * 10 + 1),
                         PIQ_TASTE_NO_ITEM);
    }
    assert_int_equal(piq_taste_find(m, 0), PIQ_TASTE_NO_ITEM);
    assert_int_equal(piq_taste_stride(m), 32);
    piq_taste_free(m);
}

/* Two items, one map at a time: what is left can be worked out. */
static piq_taste *plain_model(void)
{
    piq_taste *m;
    assert_int_equal(piq_taste_new(3, &m), PIQ_OK);
    for (int i = 0; i < 3; i++)
        m->ids[i] = i;
    float *alike = m->maps[PIQ_TASTE_MAP_ALIKE];
    alike[0 * m->stride + 2] = .5F;
    alike[1 * m->stride + 2] = .25F;
    m->half_life[PIQ_TASTE_LATELY] = 1;
    for (int k = 0; k < PIQ_TASTE_KNOTS; k++) {
        m->knots[k].weight[PIQ_TASTE_LIKING] = 1;
        m->knots[k].weight[PIQ_TASTE_LATELY] = 2;
        m->knots[k].weight[PIQ_TASTE_POPULAR] = .1F;
    }
    m->popular[2] = 3;
    return m;
}

static void test_taste__scores_are_sums_over_the_history(void **state)
{
    (void)state;
    piq_taste *m = plain_model();
    piq_taste_state *s;
    float scores[PIQ_TASTE_LINE];
    assert_int_equal(piq_taste_state_new(m, &s), PIQ_OK);
    assert_near((double)piq_taste_score(s, 2), .3, 1e-6);
    assert_true(piq_taste_add(s, (piq_taste_entry){100, 0, 1}));
    /* .5 (liking) + 2 * .5 (lately, age 0) + .1 * 3 */
    assert_near((double)piq_taste_score(s, 2), 1.8, 1e-6);
    assert_true(piq_taste_add(s, (piq_taste_entry){200, 1, .25F}));
    /* The root of .25 is .5. Liking .5 + .5 * .25 = .625; lately the first one
     * is one entry old, half its weight: 2 (.25 + .125) = .75; + .3 */
    assert_near((double)piq_taste_score(s, 2), 1.675, 1e-6);
    piq_taste_scores(s, scores);
    assert_true(scores[2] == piq_taste_score(s, 2));
    assert_near((double)scores[0], 0, 0);
    piq_taste_state_clear(s);
    assert_near((double)piq_taste_score(s, 2), .3, 1e-6);
    piq_taste_state_free(s);
    piq_taste_free(m);
}

static void test_taste__explains_what_each_entry_changes(void **state)
{
    (void)state;
    piq_taste *m = plain_model();
    piq_taste_state *s;
    piq_taste_why why;
    assert_int_equal(piq_taste_state_new(m, &s), PIQ_OK);
    assert_true(piq_taste_add(s, (piq_taste_entry){100, 0, 1}));
    assert_true(piq_taste_add(s, (piq_taste_entry){200, 1, .25F}));
    piq_taste_explain(s, 2, &why);
    assert_int_equal(why.n, 2);
    /* With both 1.675; without the first .125 + 2 * .125 + .3 = .675; without
     * the second the first is new again: 1.8. */
    assert_near(why.term, piq_taste_term(1.675), 1e-6);
    assert_int_equal(why.shares[0].item, 0);
    assert_near(why.shares[0].change,
                piq_taste_term(1.675) - piq_taste_term(.675), 1e-6);
    assert_near(why.shares[1].change,
                piq_taste_term(1.675) - piq_taste_term(1.8), 1e-6);
    assert_near(why.rest + why.shares[0].change + why.shares[1].change,
                why.term, 1e-12);
    piq_taste_state_free(s);
    piq_taste_free(m);
}

static void test_taste__weights_lie_between_knots(void **state)
{
    (void)state;
    piq_taste *m = plain_model();
    m->knots[0].weight[PIQ_TASTE_NEXT] = 1; /* n = 1 */
    m->knots[1].weight[PIQ_TASTE_NEXT] = 3; /* n = 3 */
    assert_near(piq_taste_weight(m, PIQ_TASTE_NEXT, 0), 1, 1e-12);
    assert_near(piq_taste_weight(m, PIQ_TASTE_NEXT, 1), 1, 1e-12);
    /* ln 2 / ln 3 of the way */
    assert_near(piq_taste_weight(m, PIQ_TASTE_NEXT, 2), 1 + 2 * log(2) / log(3),
                1e-6);
    assert_near(piq_taste_weight(m, PIQ_TASTE_NEXT, 3), 3, 1e-12);
    m->knots[5].weight[PIQ_TASTE_NEXT] = 9; /* n = 300 and beyond */
    assert_near(piq_taste_weight(m, PIQ_TASTE_NEXT, 5000), 9, 1e-12);
    piq_taste_free(m);
}

static void test_taste__refuses_what_is_no_entry(void **state)
{
    (void)state;
    piq_taste *m = plain_model();
    piq_taste_state *s;
    size_t n;
    assert_int_equal(piq_taste_state_new(m, &s), PIQ_OK);
    assert_false(piq_taste_add(s, (piq_taste_entry){1, 3, 1}));
    assert_false(piq_taste_add(s, (piq_taste_entry){1, 0, 1.5F}));
    assert_false(piq_taste_add(s, (piq_taste_entry){1, 0, NAN}));
    piq_taste_history(s, &n);
    assert_int_equal(n, 0);
    piq_taste_state_free(s);
    piq_taste_free(m);
}

static void test_taste__an_item_is_held_once_as_last_said(void **state)
{
    (void)state;
    piq_taste *m = plain_model();
    piq_taste_state *s;
    size_t n;
    assert_int_equal(piq_taste_state_new(m, &s), PIQ_OK);
    assert_true(piq_taste_add(s, (piq_taste_entry){10, 0, .6F}));
    assert_true(piq_taste_add(s, (piq_taste_entry){20, 1, 1}));
    assert_true(piq_taste_add(s, (piq_taste_entry){30, 0, 1}));
    assert_true(piq_taste_add(s, (piq_taste_entry){5, 1, .5F})); /* old news */
    const piq_taste_entry *h = piq_taste_history(s, &n);
    assert_int_equal(n, 2);
    assert_int_equal(h[0].item, 1);
    assert_near((double)h[0].weight, 1, 0);
    assert_int_equal(h[1].item, 0);
    assert_near((double)h[1].weight, 1, 0);
    assert_true(piq_taste_add(s, (piq_taste_entry){40, 1, 0})); /* dismissed */
    h = piq_taste_history(s, &n);
    assert_int_equal(n, 1);
    assert_int_equal(h[0].item, 0);
    piq_taste_state_free(s);
    piq_taste_free(m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_taste__rewards_are_as_stated),
        cmocka_unit_test(test_taste__term_is_neutral_at_nothing_and_rises),
        cmocka_unit_test(test_taste__an_empty_model_says_nothing),
        cmocka_unit_test(test_taste__finds_items_by_id),
        cmocka_unit_test(test_taste__scores_are_sums_over_the_history),
        cmocka_unit_test(test_taste__explains_what_each_entry_changes),
        cmocka_unit_test(test_taste__weights_lie_between_knots),
        cmocka_unit_test(test_taste__refuses_what_is_no_entry),
        cmocka_unit_test(test_taste__an_item_is_held_once_as_last_said),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
