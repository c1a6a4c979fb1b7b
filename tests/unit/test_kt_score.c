/* Rows judged by the members of a model, and how good judgements are. */
/* threads:tsan */
#include "train/kt_score.h"

#include "support/near.h"
#include "support/random_catalogue.h"
#include "support/random_kt_model.h"
#include "support/small_model.h"
#include "train/kt_rows.h"

#include <stdlib.h>
#include <string.h>

/* ---- scores ------------------------------------------------------------ */

static void test_kt_score__worked_out_by_hand(void **state)
{
    (void)state;
    static const double p[4] = {.9, .6, .4, .2};
    static const float y[4] = {1, 0, 1, 0};
    piq_kt_score s;
    assert_int_equal(piq_kt_score_of(p, y, NULL, 4, &s), PIQ_OK);
    assert_int_equal(s.rows, 4);
    /* Of the four pairs of right and wrong, .4 < .6 alone is the wrong way. */
    assert_near(s.auc, .75, 1e-12);
    assert_near(s.acc, .5, 1e-12); /* .9 and .2 */
    /* -(ln .9 + ln .4 + ln .4 + ln .8) / 4 */
    assert_near(s.logloss, (.1053605 + .9162907 + .9162907 + .2231436) / 4,
                1e-6);
    /* (.01 + .36 + .36 + .04) / 4 */
    assert_near(s.brier, .1925, 1e-12);
    /* Bins of their own: (.1 + .6 + .6 + .2) / 4 */
    assert_near(s.ece, .375, 1e-12);
}

static void test_kt_score__skipped_rows_do_not_count(void **state)
{
    (void)state;
    static const double p[5] = {.9, .01, .6, .4, .2};
    static const float y[5] = {1, 1, 0, 1, 0};
    static const bool skip[5] = {false, true, false, false, false};
    piq_kt_score s;
    assert_int_equal(piq_kt_score_of(p, y, skip, 5, &s), PIQ_OK);
    assert_int_equal(s.rows, 4);
    assert_near(s.auc, .75, 1e-12);
    assert_near(s.brier, .1925, 1e-12);
}

static void test_kt_score__nothing_and_one_kind_have_no_auc(void **state)
{
    (void)state;
    static const double p[2] = {.75, .75};
    static const float y[2] = {1, 1};
    static const bool all[2] = {true, true};
    piq_kt_score s;
    assert_int_equal(piq_kt_score_of(p, y, NULL, 2, &s), PIQ_OK);
    assert_true(isnan(s.auc));
    assert_near(s.ece, .25, 1e-12);
    assert_int_equal(piq_kt_score_of(p, y, all, 2, &s), PIQ_OK);
    assert_int_equal(s.rows, 0);
    assert_true(isnan(s.auc) && isnan(s.acc) && isnan(s.logloss));
}

/* ---- members ----------------------------------------------------------- */

typedef struct rows {
    piq_catalogue *c;
    piq_kt_data data;
    piq_kt_model *m; /* all three members, random */
    piq_kt_set set;
} rows;

static rows make_rows(random_kt_size size)
{
    rows r = {.c = random_catalogue(4, 2, 6, 30)};
    small_world w = small_world_usual();
    w.n_learners = 150; /* more than go side by side */
    w.n_answers = 11;
    r.data = small_answers(r.c, w, 2, NULL);
    /* Lengths differ. */
    for (size_t l = 1; l < r.data.n_learners; l++)
        r.data.first[l] -= l % 7;
    r.m = random_kt_model(9, r.c, size);
    piq_kt_role *role = calloc(r.data.n_learners, sizeof *role); /* train */
    assert_int_equal(piq_kt_rows_with(&r.data, role, PIQ_KT_TRAIN, r.m->items,
                                      1, &r.set, NULL),
                     PIQ_OK);
    free(role);
    return r;
}

static void free_rows(rows *r)
{
    piq_kt_set_release(&r->set);
    piq_kt_model_free(r->m);
    piq_kt_data_release(&r->data);
    piq_catalogue_free(r->c);
}

static void test_kt_score__threads_change_nothing(void **state)
{
    (void)state;
    piq_catalogue *c = random_catalogue(4, 2, 6, 30);
    rows r = make_rows(random_kt_small(c));
    piq_arena a;
    double *one[PIQ_N_MEMBERS], *many[PIQ_N_MEMBERS];
    piq_arena_init(&a, 0);
    assert_int_equal(piq_kt_score_members(&a, r.m, &r.set, 1, one), PIQ_OK);
    static const unsigned threads[] = {0, 2, 3, 5};
    for (size_t t = 0; t < 4; t++) {
        assert_int_equal(
            piq_kt_score_members(&a, r.m, &r.set, threads[t], many), PIQ_OK);
        for (int k = 0; k < PIQ_N_MEMBERS; k++)
            assert_memory_equal(one[k], many[k], r.set.n_rows * sizeof *one[k]);
    }
    piq_arena_release(&a);
    free_rows(&r);
    piq_catalogue_free(c);
}

static void test_kt_score__rows_alone_get_the_same(void **state)
{
    (void)state;
    piq_catalogue *c = random_catalogue(4, 2, 6, 30);
    rows r = make_rows(random_kt_small(c));
    piq_arena a;
    double *all[PIQ_N_MEMBERS];
    piq_arena_init(&a, 0);
    assert_int_equal(piq_kt_score_members(&a, r.m, &r.set, 2, all), PIQ_OK);
    for (size_t i = 0; i < r.set.n_rows; i += 13) {
        const float *x = r.set.x + i * PIQ_N_FEATURES;
        double tree;
        piq_trees_logits(&r.m->trees, x, 1, &tree);
        assert_true(all[PIQ_MEMBER_LR][i] == piq_logistic_logit(&r.m->lr, x));
        assert_true(all[PIQ_MEMBER_GBDT][i] == tree);
    }
    piq_arena_release(&a);
    free_rows(&r);
    piq_catalogue_free(c);
}

static void test_kt_score__a_member_that_is_not_there_is_null(void **state)
{
    (void)state;
    piq_catalogue *c = random_catalogue(4, 2, 6, 30);
    random_kt_size size = random_kt_small(c);
    size.hidden = 0;
    size.n_trees = 0;
    rows r = make_rows(size);
    piq_arena a;
    double *logits[PIQ_N_MEMBERS];
    piq_arena_init(&a, 0);
    double *p = piq_new(&a, double, r.set.n_rows);
    assert_int_equal(piq_kt_score_members(&a, r.m, &r.set, 2, logits), PIQ_OK);
    assert_non_null(logits[PIQ_MEMBER_LR]);
    assert_null(logits[PIQ_MEMBER_GBDT]);
    assert_null(logits[PIQ_MEMBER_RNN]);
    piq_kt_score_blend(&r.m->blend, logits, r.set.n_rows, p);
    for (size_t i = 0; i < r.set.n_rows; i += 17) {
        double each[PIQ_N_MEMBERS] = {logits[PIQ_MEMBER_LR][i]};
        assert_true(p[i] == piq_blend_predict(&r.m->blend, each));
    }
    piq_arena_release(&a);
    free_rows(&r);
    piq_catalogue_free(c);
}

static void test_kt_score__no_rows_are_no_trouble(void **state)
{
    (void)state;
    piq_catalogue *c = random_catalogue(4, 2, 6, 30);
    piq_kt_model *m = random_kt_model(9, c, random_kt_small(c));
    size_t first[1] = {0};
    piq_kt_set none = {.first = first};
    double *logits[PIQ_N_MEMBERS];
    piq_arena a;
    piq_arena_init(&a, 0);
    assert_int_equal(piq_kt_score_members(&a, m, &none, 2, logits), PIQ_OK);
    piq_arena_release(&a);
    piq_kt_model_free(m);
    piq_catalogue_free(c);
}

static void test_kt_score__lacking_memory_is_told(void **state)
{
    (void)state;
    piq_catalogue *c = random_catalogue(4, 2, 6, 30);
    rows r = make_rows(random_kt_small(c));
    piq_status status = PIQ_ENOMEM;
    for (long n = 1; status != PIQ_OK; n++) {
        piq_arena a;
        double *logits[PIQ_N_MEMBERS];
        piq_arena_init(&a, 0);
        piq_alloc_fail_after(n, 0);
        status = piq_kt_score_members(&a, r.m, &r.set, 2, logits);
        piq_alloc_fail_after(0, 0);
        assert_true(status == PIQ_OK || status == PIQ_ENOMEM);
        piq_arena_release(&a);
    }
    free_rows(&r);
    piq_catalogue_free(c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_kt_score__worked_out_by_hand),
        cmocka_unit_test(test_kt_score__skipped_rows_do_not_count),
        cmocka_unit_test(test_kt_score__nothing_and_one_kind_have_no_auc),
        cmocka_unit_test(test_kt_score__threads_change_nothing),
        cmocka_unit_test(test_kt_score__rows_alone_get_the_same),
        cmocka_unit_test(test_kt_score__a_member_that_is_not_there_is_null),
        cmocka_unit_test(test_kt_score__no_rows_are_no_trouble),
        cmocka_unit_test(test_kt_score__lacking_memory_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
