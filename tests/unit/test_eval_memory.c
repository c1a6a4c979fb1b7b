/* Five folds in time order: by hand on few reviews, and the published measure
 * on real logs. */
#include "train/eval_memory.h"

#include "support/near.h"
#include "support/review_cards.h"
#include "train/eval_memory_curve.h"

#include <string.h>

static piq_memory_eval_options five_folds(void)
{
    return (piq_memory_eval_options){.folds = 5,
                                     .fit = *piq_fsrs_fit_defaults()};
}

static piq_memory_report evaluate(const piq_fsrs_cards *c,
                                  const piq_memory_eval_options *o)
{
    piq_arena a;
    piq_memory_report r;
    piq_err err = {0};
    piq_arena_init(&a, (size_t)256 << 20);
    assert_int_equal(piq_eval_memory(&a, c, o, &r, &err), PIQ_OK);
    piq_arena_release(&a);
    return r;
}

static void test_eval_memory__scores_by_hand(void **state)
{
    (void)state;
    /* Four cards, good first, asked after 2 days; two folds, so that the part
     * is one item and three are predicted, with the published parameters for
     * want of items: R = .9094933. Passed, failed, passed. */
    const size_t first[] = {0, 2, 4, 6, 8};
    const piq_fsrs_review reviews[] = {{0, 0, 3},  {10, 2, 3}, {0, 0, 3},
                                       {20, 2, 3}, {0, 0, 3},  {30, 2, 1},
                                       {0, 0, 3},  {40, 2, 3}};
    const piq_fsrs_cards c = {4, first, reviews};
    piq_memory_eval_options o = five_folds();
    o.folds = 2;
    piq_memory_report r = evaluate(&c, &o);
    assert_int_equal(r.n_items, 4);
    assert_int_equal(r.n_predicted, 3);
    /* (2 * .0948677 - ln(1 - .9094933)) / 3 = (.1897354 + 2.4023314) / 3 */
    assert_near(r.fitted.logloss, 0.8640223, 1e-6);
    assert_near(r.published.logloss, 0.8640223, 1e-6);
    /* One bin: |.9094933 - 2/3| */
    assert_near(r.fitted.rmse_bins, 0.2428266, 1e-6);
    assert_near(r.fitted.auc, 0.5, 0);
}

static void test_eval_memory__bins_keep_lapses_apart(void **state)
{
    (void)state;
    /* The second item of one card after a lapse, of the other not: two bins
     * although interval and length are the same. */
    const size_t first[] = {0, 3, 6};
    const piq_fsrs_review reviews[] = {{0, 0, 3}, {10, 2, 1}, {30, 2, 3},
                                       {0, 0, 3}, {20, 2, 3}, {40, 2, 3}};
    const piq_fsrs_cards c = {2, first, reviews};
    piq_memory_eval_options o = five_folds();
    o.folds = 1;
    piq_memory_report r = evaluate(&c, &o);
    assert_int_equal(r.n_predicted, 2);
    piq_fsrs_state x = {0, 0}, y;
    const piq_fsrs_params *p = piq_fsrs_defaults();
    x = piq_fsrs_next(p, x, 0, 3);
    y = piq_fsrs_next(p, x, 2, 3);
    x = piq_fsrs_next(p, x, 2, 1);
    double gap_x = 1 - piq_fsrs_recall(p, 2, x.stability_days);
    double gap_y = 1 - piq_fsrs_recall(p, 2, y.stability_days);
    assert_near(r.fitted.rmse_bins, sqrt((gap_x * gap_x + gap_y * gap_y) / 2),
                1e-12);
}

static void test_eval_memory__a_card_without_items_changes_nothing(void **state)
{
    (void)state;
    /* A card of a single, last review is no item: nothing moves. */
    piq_arena a;
    piq_arena_init(&a, 0);
    piq_fsrs_cards c = review_cards(&a, piq_fsrs_defaults(), 400, 6, 1);
    piq_memory_eval_options o = five_folds();
    o.folds = 1;
    piq_memory_report before = evaluate(&c, &o);
    size_t n = piq_fsrs_n_reviews(&c), *first = piq_new(&a, size_t, c.n + 2);
    piq_fsrs_review *more = piq_new(&a, piq_fsrs_review, n + 1);
    memcpy(more, c.reviews, n * sizeof *more);
    memcpy(first, c.first, (c.n + 1) * sizeof *first);
    more[n] = (piq_fsrs_review){INT64_MAX / 2, 0, 1};
    first[c.n + 1] = n + 1;
    const piq_fsrs_cards longer = {c.n + 1, first, more};
    piq_memory_report after = evaluate(&longer, &o);
    assert_memory_equal(&before, &after, sizeof after);
    piq_arena_release(&a);
}

static void test_eval_memory__wrong_questions_are_refused(void **state)
{
    (void)state;
    piq_arena a;
    piq_memory_report r;
    piq_arena_init(&a, 0);
    piq_fsrs_cards c = review_cards(&a, piq_fsrs_defaults(), 2, 3, 1);
    piq_memory_eval_options o = five_folds();
    o.folds = 0;
    assert_int_equal(piq_eval_memory(&a, &c, &o, &r, NULL), PIQ_EINVAL);
    o.folds = PIQ_MEMORY_MAX_FOLDS + 1;
    assert_int_equal(piq_eval_memory(&a, &c, &o, &r, NULL), PIQ_EINVAL);
    o.folds = PIQ_MEMORY_MAX_FOLDS; /* more than there are items */
    assert_int_equal(piq_eval_memory(&a, &c, &o, &r, NULL), PIQ_EINVAL);
    piq_arena_release(&a);
}

/* ---- the curve --------------------------------------------------------- */

static void test_eval_curve__shrinking_helps_the_new_among_their_like(
    void **state)
{
    (void)state;
    enum { LEARNERS = 4 };
    static piq_memory_curve_point points[LEARNERS * PIQ_MEMORY_CURVE_POINTS];
    piq_arena a;
    piq_arena_init(&a, (size_t)256 << 20);
    double w[PIQ_FSRS_N_PARAMS], published = 0, population = 0, alone = 0,
                                 shrunk = 0;
    piq_fsrs_params like;
    piq_fsrs_cards learners[LEARNERS];
    memcpy(w, piq_fsrs_defaults()->w, sizeof w);
    w[2] = 12;
    w[8] = 1.3;
    assert_int_equal(piq_fsrs_params_of(w, PIQ_FSRS_N_PARAMS, &like, NULL),
                     PIQ_OK);
    for (uint64_t i = 0; i < LEARNERS; i++)
        learners[i] = review_cards(&a, &like, 400, 8, i);
    assert_int_equal(piq_eval_memory_curve(&a, learners, LEARNERS,
                                           piq_fsrs_fit_defaults(), 1, points,
                                           NULL),
                     PIQ_OK);
    for (int i = 0; i < LEARNERS; i++) {
        const piq_memory_curve_point *p = points + i * PIQ_MEMORY_CURVE_POINTS;
        /* Nothing is fitted on nothing. */
        assert_true(p[0].alone == p[0].published);
        assert_true(p[0].shrunk == p[0].population);
        assert_int_equal(p[7].before, 500);
        published += p[7].published;
        population += p[7].population;
        alone += p[7].alone;
        shrunk += p[7].shrunk;
        /* 400 cards have no 2,000 items. */
        assert_true(isnan(p[10].alone));
    }
    assert_true(population < published && shrunk < alone);
    assert_int_equal(piq_eval_memory_curve(&a, learners, 1,
                                           piq_fsrs_fit_defaults(), 1, points,
                                           NULL),
                     PIQ_EINVAL);
    piq_arena_release(&a);
}

/* ---- real logs --------------------------------------------------------- */

typedef struct wanted {
    const char *log;
    size_t items;
    double published; /* log loss of the published parameters */
    double peer;      /* fsrs-rs 6.5.0, mean of its seeds */
    double peer_bins;
} wanted;

static void test_eval_memory__real_logs_are_foreseen_as_well_as_by_the_peer(
    void **state)
{
    (void)state;
    static const wanted logs[] = {
        {"kanjiplot/reviews.csv", 3914, 0.16112, 0.14388, 0.0229},
        {"sm18-vncamel/reviews.csv", 6449, 0.33799, 0.31567, 0.0462},
        {"sm18-zebesyoshi/reviews.csv", 3037, 0.28253, 0.21487, 0.0677}};
    for (size_t i = 0; i < sizeof logs / sizeof logs[0]; i++) {
        piq_arena a;
        piq_fsrs_cards c;
        piq_arena_init(&a, 0);
        if (!review_log(&a, logs[i].log, &c))
            skip();
        piq_memory_eval_options o = five_folds();
        piq_memory_report r = evaluate(&c, &o);
        assert_int_equal(r.n_items, logs[i].items);
        assert_near(r.published.logloss, logs[i].published, 5e-6);
        assert_true(r.fitted.logloss <= logs[i].peer + 0.001);
        assert_true(r.fitted.rmse_bins <= logs[i].peer_bins + 0.003);
        assert_true(r.online.logloss <= r.fitted.logloss);
        piq_arena_release(&a);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_eval_memory__scores_by_hand),
        cmocka_unit_test(test_eval_memory__bins_keep_lapses_apart),
        cmocka_unit_test(
            test_eval_memory__a_card_without_items_changes_nothing),
        cmocka_unit_test(test_eval_memory__wrong_questions_are_refused),
        cmocka_unit_test(
            test_eval_curve__shrinking_helps_the_new_among_their_like),
        cmocka_unit_test(
            test_eval_memory__real_logs_are_foreseen_as_well_as_by_the_peer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
