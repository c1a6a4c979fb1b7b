/* The estimate of implicit repetition on learners made up so that the truth is
 * known, and the small regression under it. */
#include "train/eval_implicit.h"

#include "base/calendar.h"
#include "base/rng.h"
#include "num/logistic.h"
#include "support/near.h"
#include "train/regression.h"

#include <string.h>

/* ---- the regression ---------------------------------------------------- */

static void test_regression__finds_the_odds_of_two_groups(void **state)
{
    (void)state;
    /* x = 0: 1 of 4 right, ln(1/3); x = 1: 3 of 4, so the weight is ln 9. */
    const double x[] = {1, 0, 1, 0, 1, 0, 1, 0, 1, 1, 1, 1, 1, 1, 1, 1};
    const uint8_t y[] = {1, 0, 0, 0, 1, 1, 1, 0};
    const uint32_t group[] = {0, 1, 2, 3, 4, 5, 6, 7};
    const piq_regression_rows r = {8, 2, x, y, group};
    piq_regression m;
    piq_regression_fit(&r, 2, &m);
    assert_near(m.weight[0], log(1 / 3.0), 0.01);
    assert_near(m.weight[1], log(9), 0.01);
    /* Each row its own group: variance of ln(1/3) is 1/1 + 1/3 of four. */
    assert_near(m.se[0], sqrt(4 / 3.0), 0.01);
    assert_near(piq_regression_loss(&m, &r, 0), -log(0.25), 0.005);
    /* Without the column: half of all are right. */
    piq_regression_fit(&r, 1, &m);
    assert_near(m.weight[0], 0, 1e-9);
    /* The same rows twice over in groups of two doubled ones tell no more
     * than once: errors stay, where plain ones would shrink by sqrt 2. */
    double x2[32];
    uint8_t y2[16];
    uint32_t g2[16];
    for (size_t i = 0; i < 16; i++) {
        memcpy(x2 + 2 * i, x + 2 * (i / 2), 2 * sizeof *x2);
        y2[i] = y[i / 2];
        g2[i] = (uint32_t)(i / 2);
    }
    const piq_regression_rows twice = {16, 2, x2, y2, g2};
    piq_regression_fit(&twice, 2, &m);
    assert_near(m.se[0], sqrt(4 / 3.0), 0.01);
}

/* ---- learners ---------------------------------------------------------- */

enum { LEARNERS = 120, DAYS = 40, A_DAY = 12, SKILLS = 24, CLUSTER = 6 };

/* Skills in clusters that are practised on the same days. A skill's chance on
 * return is lifted by `effect` for each unit of ln(1 + answers on its cluster
 * since). */
static piq_kt_rows make_rows(piq_arena *a, double effect, uint64_t seed)
{
    piq_kt_rows rows = {piq_new(a, piq_kt_row, LEARNERS * DAYS * A_DAY), 0};
    assert_non_null(rows.list);
    piq_rng r;
    piq_rng_seed(&r, seed);
    for (int learner = 0; learner < LEARNERS; learner++) {
        int since[SKILLS] = {0};
        double ability = piq_rng_normal(&r);
        for (int i = 0; i < DAYS * A_DAY; i++) {
            int day = i / A_DAY, cluster = (day * 7 + learner) % 4;
            int skill = cluster * CLUSTER + (int)piq_rng_below(&r, CLUSTER);
            double logit = ability + effect * log1p(since[skill]);
            rows.list[rows.n++] = (piq_kt_row){
                .user_id = learner + 1,
                .item_id = 1 + skill * 5 + (int)piq_rng_below(&r, 5),
                .skill_id = skill,
                .at_us = day * PIQ_US_PER_DAY + i * PIQ_US_PER_SECOND,
                .correct = piq_rng_uniform(&r) < piq_sigmoid(logit)};
            for (int k = 0; k < SKILLS; k++)
                since[k] += k / CLUSTER == cluster;
            since[skill] = 0;
        }
    }
    return rows;
}

static piq_implicit_report evaluate(double effect, uint64_t seed)
{
    piq_arena a;
    piq_implicit_report r;
    piq_err err = {0};
    piq_arena_init(&a, (size_t)256 << 20);
    piq_kt_rows rows = make_rows(&a, effect, seed);
    assert_int_equal(piq_eval_implicit(&a, &rows, 1, &r, &err), PIQ_OK);
    piq_arena_release(&a);
    return r;
}

static void test_implicit__an_effect_that_is_there_is_found(void **state)
{
    (void)state;
    piq_implicit_report r = evaluate(0.5, 1);
    assert_int_equal(r.n_skills, SKILLS);
    for (int half = 0; half < 2; half++) {
        const piq_implicit_effect *e = &r.halves[half];
        assert_int_equal(e->n_learners, LEARNERS / 2);
        assert_true(e->n_returns > 5000);
        assert_true(e->practised > 4 * e->practised_se);
        /* Three standard errors: other columns take a little of it. */
        assert_near(e->practised, 0.5, 3 * e->practised_se + 0.05);
    }
    assert_true(r.halves[1].gain > 2 * r.halves[1].gain_se);
}

static void test_implicit__none_is_found_where_there_is_none(void **state)
{
    (void)state;
    for (uint64_t seed = 2; seed < 5; seed++) {
        piq_implicit_report r = evaluate(0, seed);
        for (int half = 0; half < 2; half++)
            assert_near(r.halves[half].practised, 0,
                        3 * r.halves[half].practised_se);
    }
}

static void test_implicit__learners_who_never_return_are_refused(void **state)
{
    (void)state;
    piq_arena a;
    piq_implicit_report r;
    piq_arena_init(&a, 0);
    piq_kt_row list[] = {{1, 1, 1, 5, true}, {2, 1, 1, 5, false}};
    const piq_kt_rows rows = {list, 2};
    assert_int_equal(piq_eval_implicit(&a, &rows, 1, &r, NULL), PIQ_EINVAL);
    piq_arena_release(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_regression__finds_the_odds_of_two_groups),
        cmocka_unit_test(test_implicit__an_effect_that_is_there_is_found),
        cmocka_unit_test(test_implicit__none_is_found_where_there_is_none),
        cmocka_unit_test(test_implicit__learners_who_never_return_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
