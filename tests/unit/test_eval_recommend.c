/* Measuring a taste model: figures of a case small enough to work out, and
 * that taste beats popularity where learners have tastes. */
#include "train/eval_recommend.h"

#include "support/near.h"
#include "support/taste_world.h"

#include <stdlib.h>

static piq_recommend_report measure(piq_arena *a, const piq_taste_data *d,
                                    piq_taste_asked asked)
{
    piq_recommend_report r;
    piq_err err = {0};
    const piq_taste_options o = {asked, 1, 1};
    piq_status status = piq_eval_recommend(a, d, &o, &r, &err);
    if (status)
        print_error("%s\n", err.message);
    assert_int_equal(status, PIQ_OK);
    return r;
}

static void test_eval_recommend__without_a_history_the_popular_come_first(
    void **state)
{
    (void)state;
    piq_arena a;
    piq_taste_data d;
    piq_arena_init(&a, (size_t)1 << 30);
    /* Items 1, 2, 3 are had by 3, 2 and 1 learners; 9 has none and wants 2. */
    assert_int_equal(piq_taste_read_lists(&a, PIQ_STR("0 1 2 3\n1 1 2\n2 1\n"),
                                          PIQ_STR("9 2\n"), &d, NULL),
                     PIQ_OK);
    piq_recommend_report r = measure(&a, &d, PIQ_TASTE_ANY);
    assert_int_equal(r.users, 1);
    assert_int_equal(r.n_train, 6);
    assert_int_equal(r.n_test, 1);
    /* In the second place: 1 / log2 3, of 1. */
    assert_near(r.ndcg_10, .630930, 1e-6);
    assert_near(r.recall_20, 1, 0);
    piq_arena_release(&a);
}

static void test_eval_recommend__what_is_known_is_not_ranked(void **state)
{
    (void)state;
    piq_arena a;
    piq_taste_data d;
    piq_arena_init(&a, (size_t)1 << 30);
    /* Learner 0 has 1; of 2 and 3, equally rare, 2 comes first. */
    assert_int_equal(piq_taste_read_lists(&a, PIQ_STR("0 1\n1 1\n2 2 3\n"),
                                          PIQ_STR("0 3\n"), &d, NULL),
                     PIQ_OK);
    assert_near(measure(&a, &d, PIQ_TASTE_ANY).ndcg_10, .630930, 1e-6);
    piq_arena_release(&a);
}

static void test_eval_recommend__nothing_to_be_found_is_refused(void **state)
{
    (void)state;
    piq_arena a;
    piq_taste_data d;
    piq_recommend_report r;
    const piq_taste_options o = piq_taste_option_defaults();
    piq_arena_init(&a, (size_t)1 << 30);
    assert_int_equal(piq_taste_read_kgan(&a, PIQ_STR("0\t1\t1\n"), &d, NULL),
                     PIQ_OK);
    assert_int_equal(piq_eval_recommend(&a, &d, &o, &r, NULL), PIQ_EINVAL);
    piq_arena_release(&a);
}

/* Rows of a made-up world, a fifth of them to be found. */
static piq_taste_data world_data(piq_arena *a, const piq_taste_log *log)
{
    piq_taste_data d = {.rows = piq_new(a, piq_taste_row, log->n),
                        .learner_ids = piq_new(a, int64_t, log->n_learners),
                        .item_ids = piq_new(a, int64_t, log->n_items),
                        .n_learners = log->n_learners,
                        .n_items = log->n_items,
                        .timed = true};
    for (uint32_t i = 0; i < log->n_items; i++)
        d.item_ids[i] = i;
    for (uint32_t u = 0; u < log->n_learners; u++)
        d.learner_ids[u] = u;
    for (size_t i = 0; i < log->n; i++) {
        const piq_taste_event *e = &log->list[i];
        bool again = false;
        for (size_t k = d.n; k-- > 0 && d.rows[k].learner == e->learner;)
            again = again || d.rows[k].item == e->item;
        if (!again)
            d.rows[d.n++] = (piq_taste_row){e->at_us, e->learner, e->item,
                                            e->weight, PIQ_TASTE_TRAIN};
    }
    return d;
}

static void test_eval_recommend__tastes_are_found_in_every_protocol(
    void **state)
{
    (void)state;
    piq_arena a;
    piq_arena_init(&a, (size_t)1 << 30);
    piq_taste_log log = taste_world_log(2, 400, 80, 25, true);
    piq_taste_data d = world_data(&a, &log);
    /* By chance 10 of 80 places would find about .1. */
    piq_taste_split_p1(&d);
    assert_true(measure(&a, &d, PIQ_TASTE_ANY).ndcg_10 > .18);
    piq_taste_split_p2(&d);
    assert_true(measure(&a, &d, PIQ_TASTE_LATER).ndcg_10 > .15);
    piq_taste_split_cold(&d, 3);
    piq_recommend_report r = measure(&a, &d, PIQ_TASTE_LATER);
    assert_true(r.ndcg_10 > .25);
    assert_true(r.users > 40 && r.users < 120);
    assert_true(r.fit_s > 0 && r.score_us_p50 > 0);
    free((void *)log.list);
    piq_arena_release(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(
            test_eval_recommend__without_a_history_the_popular_come_first),
        cmocka_unit_test(test_eval_recommend__what_is_known_is_not_ranked),
        cmocka_unit_test(test_eval_recommend__nothing_to_be_found_is_refused),
        cmocka_unit_test(
            test_eval_recommend__tastes_are_found_in_every_protocol),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
