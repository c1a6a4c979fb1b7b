#include "num/score.h"

#include "base/rng.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static int set_up(void **state)
{
    static piq_arena arena;
    piq_arena_init(&arena, 0);
    *state = &arena;
    return 0;
}

static int tear_down(void **state)
{
    piq_arena_release(*state);
    return 0;
}

static void test_score__auc_by_hand_with_ties(void **state)
{
    /* Positives .8 .4 .4, negatives .6 .4 .1. Of 9 pairs: .8 wins 3; each .4
     * loses to .6, ties with .4 (a half), beats .1: 1.5 twice. 6 / 9. */
    const double p[] = {.8, .6, .4, .4, .4, .1};
    const float y[] = {1, 0, 1, 0, 1, 0};
    double auc;
    assert_int_equal(piq_auc(*state, p, y, 6, &auc), PIQ_OK);
    assert_true(fabs(auc - 6. / 9) < 1e-15);
}

static void test_score__auc_equals_the_count_of_pairs(void **state)
{
    enum { N = 300 };
    double p[N];
    float y[N];
    piq_rng r;
    piq_rng_seed(&r, 1);
    for (size_t i = 0; i < N; i++) {
        p[i] = (double)piq_rng_below(&r, 40) / 40; /* many ties */
        y[i] = piq_rng_uniform(&r) < p[i] ? 1.f : 0.f;
    }
    double won = 0;
    double pairs = 0;
    for (size_t i = 0; i < N; i++)
        for (size_t k = 0; k < N; k++) {
            if (y[i] <= y[k])
                continue;
            pairs++;
            won += p[i] > p[k] ? 1 : p[i] == p[k] ? .5 : 0;
        }
    double auc;
    assert_int_equal(piq_auc(*state, p, y, N, &auc), PIQ_OK);
    assert_true(fabs(auc - won / pairs) < 1e-12);
}

static void test_score__auc_needs_both_classes(void **state)
{
    const double p[] = {.1, .2};
    const float all[] = {1, 1};
    const float none[] = {0, 0};
    const float both[] = {0, 1};
    const double odd[] = {.1, NAN};
    double auc = 0;
    assert_int_equal(piq_auc(*state, p, all, 2, &auc), PIQ_OK);
    assert_true(isnan(auc));
    assert_int_equal(piq_auc(*state, p, none, 2, &auc), PIQ_OK);
    assert_true(isnan(auc));
    assert_int_equal(piq_auc(*state, p, none, 0, &auc), PIQ_OK);
    assert_true(isnan(auc));
    assert_int_equal(piq_auc(*state, odd, both, 2, &auc), PIQ_OK);
    assert_true(isnan(auc));
    assert_int_equal(piq_auc(*state, p, both, 2, &auc), PIQ_OK);
    assert_true(auc == 1);
}

static void test_score__spearman_by_hand(void **state)
{
    /* No ties: d = 0 1 1 1 1, so 1 - 6 * 4 / (5 * 24) = .8. */
    const double x[] = {1, 2, 3, 4, 5};
    const double y[] = {10, 30, 20, 500, 40};
    double rho;
    assert_int_equal(piq_spearman(*state, x, y, 5, &rho), PIQ_OK);
    assert_true(fabs(rho - .8) < 1e-15);
    /* Ties: ranks of x 1 2.5 2.5 4, of y 1 2 3 4. About 2.5: xy = 2.25 + 0 +
     * 0 + 2.25, xx = 4.5, yy = 5; 4.5 / sqrt 22.5 = .948683. */
    const double tied[] = {1, 2, 2, 3};
    const double plain[] = {1, 2, 3, 4};
    assert_int_equal(piq_spearman(*state, tied, plain, 4, &rho), PIQ_OK);
    assert_true(fabs(rho - 4.5 / sqrt(22.5)) < 1e-15);
}

static void test_score__spearman_knows_only_order(void **state)
{
    enum { N = 50 };
    double x[N];
    double up[N];
    double down[N];
    const double flat[N] = {0};
    piq_rng r;
    piq_rng_seed(&r, 2);
    for (size_t i = 0; i < N; i++) {
        x[i] = piq_rng_normal(&r);
        up[i] = exp(3 * x[i]);
        down[i] = -up[i];
    }
    double rho;
    assert_int_equal(piq_spearman(*state, x, up, N, &rho), PIQ_OK);
    assert_true(fabs(rho - 1) < 1e-14);
    assert_int_equal(piq_spearman(*state, x, down, N, &rho), PIQ_OK);
    assert_true(fabs(rho + 1) < 1e-14);
    assert_int_equal(piq_spearman(*state, x, flat, N, &rho), PIQ_OK);
    assert_true(isnan(rho));
}

static void test_score__a_full_arena_is_said(void **state)
{
    (void)state;
    piq_arena small;
    double p[1000] = {0};
    float y[1000] = {0};
    double out;
    piq_arena_init(&small, 4096);
    assert_int_equal(piq_auc(&small, p, y, 1000, &out), PIQ_ENOMEM);
    assert_int_equal(piq_spearman(&small, p, p, 1000, &out), PIQ_ENOMEM);
    piq_arena_release(&small);
}

static void test_score__reliability_by_hand(void **state)
{
    (void)state;
    piq_reliability r = {0};
    assert_true(isnan(piq_reliability_brier(&r)));
    assert_true(isnan(piq_reliability_ece(&r)));
    piq_reliability_add(&r, .92, 1);
    piq_reliability_add(&r, .98, 0);
    piq_reliability_add(&r, .25, 0);
    piq_reliability_add(&r, 1, 1);
    /* .08^2 + .98^2 + .25^2 + 0 = .0064 + .9604 + .0625 = 1.0293 */
    assert_true(fabs(piq_reliability_brier(&r) - 1.0293 / 4) < 1e-15);
    /* Last bin: p .92 + .98 + 1 = 2.9, y 2; third bin: .25, 0. */
    assert_int_equal(r.bin_n[9], 3);
    assert_int_equal(r.bin_n[2], 1);
    assert_true(fabs(piq_reliability_ece(&r) - (.9 + .25) / 4) < 1e-15);
    double nats = -log(.92) - log(.02) - log(.75) - log(1 - 1e-7);
    assert_true(fabs(r.logloss_sum - nats) < 1e-12);
}

static void test_score__a_sure_mistake_costs_a_finite_loss(void **state)
{
    (void)state;
    piq_reliability r = {0};
    piq_reliability_add(&r, 0, 1);
    assert_true(fabs(r.logloss_sum + log(1e-7)) < 1e-12);
    assert_true(piq_reliability_brier(&r) == 1);
    assert_int_equal(r.bin_n[0], 1);
}

#define score_test(name)                                                       \
    cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        score_test(test_score__auc_by_hand_with_ties),
        score_test(test_score__auc_equals_the_count_of_pairs),
        score_test(test_score__auc_needs_both_classes),
        score_test(test_score__spearman_by_hand),
        score_test(test_score__spearman_knows_only_order),
        score_test(test_score__a_full_arena_is_said),
        score_test(test_score__reliability_by_hand),
        score_test(test_score__a_sure_mistake_costs_a_finite_loss),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
