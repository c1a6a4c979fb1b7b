#include "train/blend_fit.h"

#include "base/rng.h"
#include "num/score.h"
#include "train/isotonic.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { MOST = 30000 };

/* Two views of one truth, each with noise of its own, and one of noise only;
 * learners of twenty rows. */
typedef struct world {
    double truth[MOST], view[PIQ_N_MEMBERS][MOST];
    float y[MOST];
    uint32_t learner[MOST];
    piq_blend_rows rows;
    piq_arena a;
} world;

static double sigmoid(double x)
{
    return 1.0 / (1.0 + exp(-x));
}

static void draw_outcomes(world *w, uint64_t seed)
{
    piq_rng r;
    piq_rng_seed(&r, seed);
    for (size_t i = 0; i < w->rows.n; i++)
        w->y[i] = piq_rng_uniform(&r) < sigmoid(w->truth[i]);
}

static int set_up(void **state)
{
    world *w = calloc(1, sizeof *w);
    piq_rng r;
    if (!w)
        return -1;
    piq_rng_seed(&r, 1);
    piq_arena_init(&w->a, 0);
    w->rows = (piq_blend_rows){.n = MOST,
                               .logits = {w->view[0], w->view[1], w->view[2]},
                               .y = w->y,
                               .learner = w->learner};
    for (size_t i = 0; i < MOST; i++) {
        w->truth[i] = 0.5 + 1.2 * piq_rng_normal(&r);
        w->view[0][i] = w->truth[i] + 0.7 * piq_rng_normal(&r);
        w->view[1][i] = w->truth[i] + 0.7 * piq_rng_normal(&r);
        w->view[2][i] = piq_rng_normal(&r);
        w->learner[i] = (uint32_t)(i / 20);
    }
    draw_outcomes(w, 2);
    *state = w;
    return 0;
}

static int tear_down(void **state)
{
    world *w = *state;
    piq_arena_release(&w->a);
    free(w);
    return 0;
}

static void must_fit(world *w, piq_blend *b, piq_blend_report *r)
{
    piq_arena_clear(&w->a);
    assert_int_equal(piq_blend_fit(&w->a, &w->rows, b, r), PIQ_OK);
}

static double predict(const world *w, const piq_blend *b, size_t i)
{
    double logits[PIQ_N_MEMBERS];
    for (size_t m = 0; m < PIQ_N_MEMBERS; m++)
        logits[m] = w->view[m][i];
    return piq_blend_predict(b, logits);
}

static void test_blend_fit__two_views_share_and_noise_is_dropped(void **state)
{
    world *w = *state;
    piq_blend b;
    piq_blend_report r;
    must_fit(w, &b, &r);
    assert_true(r.kept[0] && r.kept[1] && !r.kept[2]);
    assert_true(b.weight[2] == 0.0);
    /* Alike, so they get alike weights: the regression of the truth (variance
     * 1.44) on two views of noise .49 each is 1.44 / (2 * 1.44 + .49) = .43. */
    assert_true(fabs(b.weight[0] - b.weight[1]) < 0.06);
    assert_true(fabs(b.weight[0] + b.weight[1] - 0.86) < 0.08);
    /* Each pays; together they are better than each alone. */
    assert_true(r.logloss_platt < r.logloss[0] - 0.005);
    assert_true(r.without[0] > r.logloss_platt + PIQ_MEMBER_PAYS);
    assert_true(r.without[2] < r.logloss_platt + PIQ_MEMBER_PAYS);
    assert_true(r.logloss[2] > r.logloss[0]);
}

static void test_blend_fit__an_inverted_member_gets_no_weight(void **state)
{
    world *w = *state;
    piq_blend b;
    piq_blend_report r;
    for (size_t i = 0; i < MOST; i++)
        w->view[2][i] = -w->view[0][i];
    must_fit(w, &b, &r);
    assert_false(r.kept[2]);
    w->rows.logits[0] = w->rows.logits[1] = NULL;
    must_fit(w, &b, &r);
    assert_true(r.kept[2]); /* there is no other */
    assert_true(b.weight[2] == 0.0);
    assert_true(isfinite(b.bias));
}

static void test_blend_fit__a_copy_does_not_pay(void **state)
{
    world *w = *state;
    piq_blend b;
    piq_blend_report r;
    memcpy(w->view[1], w->view[0], sizeof w->view[1]);
    w->rows.logits[2] = NULL;
    must_fit(w, &b, &r);
    assert_int_equal(r.kept[0] + r.kept[1], 1);
    assert_true(isnan(r.logloss[2]) && isnan(r.without[2]));
}

/* Calibration that a line in logits cannot mend: the more extreme, the more
 * overdone. */
static double ece_with(const world *w, const piq_blend *b)
{
    piq_reliability r = {0};
    for (size_t i = 0; i < w->rows.n; i++)
        piq_reliability_add(&r, predict(w, b, i), (double)w->y[i]);
    return piq_reliability_ece(&r);
}

static void test_blend_fit__isotonic_mends_what_a_line_cannot(void **state)
{
    world *w = *state;
    piq_blend b;
    piq_blend_report r;
    for (size_t i = 0; i < MOST; i++) {
        double x = w->truth[i];
        w->view[0][i] = x > 0.0 ? x * (1.0 + x) : x * 0.25;
    }
    w->rows.logits[1] = w->rows.logits[2] = NULL;
    must_fit(w, &b, &r);
    assert_true(b.n_knots >= 2);
    assert_true(r.logloss_isotonic < r.logloss_platt - 0.002);
    piq_blend line = b;
    line.n_knots = 0;
    draw_outcomes(w, 77); /* other outcomes of the same chances */
    assert_true(ece_with(w, &line) > 0.03);
    assert_true(ece_with(w, &b) < 0.01);
}

static void test_blend_fit__platt_mends_scale_and_shift(void **state)
{
    world *w = *state;
    piq_blend b;
    piq_blend_report r;
    for (size_t i = 0; i < MOST; i++)
        w->view[0][i] = 3.0 * w->truth[i] - 1.0;
    w->rows.logits[1] = w->rows.logits[2] = NULL;
    must_fit(w, &b, &r);
    /* truth = view / 3 + 1/3; one sd of the slope is about .004 */
    assert_true(fabs(b.weight[0] - 1.0 / 3.0) < 0.015);
    assert_true(fabs(b.bias - 1.0 / 3.0) < 0.05);
    draw_outcomes(w, 78);
    assert_true(ece_with(w, &b) < 0.01);
}

static void test_blend_fit__knots_keep_the_order(void **state)
{
    world *w = *state;
    piq_blend b = {.weight = {1.0}};
    static piq_isotonic_row rows[MOST];
    for (size_t i = 0; i < MOST; i++)
        rows[i] = (piq_isotonic_row){w->view[0][i], w->y[i]};
    piq_isotonic_fit(rows, MOST, &b);
    assert_in_range(b.n_knots, 5, PIQ_MAX_CALIBRATION_KNOTS);
    double before = piq_blend_calibrate(&b, -9.0);
    for (double x = -8.99; x < 9.0; x += 0.01) {
        double here = piq_blend_calibrate(&b, x);
        assert_true(here > before);
        before = here;
    }
}

static void test_blend_fit__ties_and_few_rows_give_no_bad_knots(void **state)
{
    (void)state;
    static piq_isotonic_row rows[5000];
    piq_blend b = {.weight = {1.0}};
    for (size_t i = 0; i < 5000; i++)
        rows[i] = (piq_isotonic_row){1.0, i % 2 ? 1.0f : 0.0f};
    piq_isotonic_fit(rows, 5000, &b); /* one value only */
    assert_int_equal(b.n_knots, 0);
    for (size_t i = 0; i < 5000; i++)
        rows[i].logit = i % 3 == 0 ? -1.0 : (double)(i % 3);
    piq_isotonic_fit(rows, 5000, &b);
    assert_true(b.n_knots == 0 || (b.n_knots <= 3 && b.n_knots >= 2));
    for (size_t i = 1; i < b.n_knots; i++)
        assert_true(b.knot_in[i] > b.knot_in[i - 1] &&
                    b.knot_out[i] > b.knot_out[i - 1]);
    piq_isotonic_fit(rows, 100, &b);
    assert_int_equal(b.n_knots, 0);
}

static void test_blend_fit__perfect_members_stay_finite(void **state)
{
    world *w = *state;
    piq_blend b;
    piq_blend_report r;
    static const size_t sizes[] = {2, 50, 5000};
    for (size_t k = 0; k < 3; k++) {
        w->rows.n = sizes[k];
        for (size_t i = 0; i < w->rows.n; i++)
            for (size_t m = 0; m < PIQ_N_MEMBERS; m++)
                w->view[m][i] = w->y[i] > 0.5f ? 2.0 : -2.0;
        must_fit(w, &b, &r);
        for (size_t m = 0; m < PIQ_N_MEMBERS; m++)
            assert_true(b.weight[m] >= 0.0 && b.weight[m] < 10.0);
        assert_true(fabs(b.bias) < 5.0);
        assert_true(predict(w, &b, 0) > 0.0 && predict(w, &b, 0) < 1.0);
    }
}

/* Where there is nothing to go by, members have equal weights. */
static void test_blend_fit__few_rows_draw_towards_equal_weights(void **state)
{
    world *w = *state;
    piq_blend b;
    piq_blend_report r;
    w->rows.n = 0;
    must_fit(w, &b, &r);
    for (size_t m = 0; m < PIQ_N_MEMBERS; m++) {
        assert_true(r.kept[m]);
        assert_true(fabs(b.weight[m] - 1.0 / 3.0) < 1e-12);
    }
    assert_true(b.bias == 0.0 && b.n_knots == 0);
    w->rows.n = 12;
    must_fit(w, &b, &r);
    double sum = b.weight[0] + b.weight[1] + b.weight[2];
    assert_true(sum > 0.6 && sum < 1.4);
}

static void test_blend_fit__one_outcome_stays_finite(void **state)
{
    world *w = *state;
    piq_blend b;
    piq_blend_report r;
    w->rows.n = 1000;
    for (size_t i = 0; i < w->rows.n; i++)
        w->y[i] = 1.0f;
    must_fit(w, &b, &r);
    assert_true(isfinite(b.bias) && isfinite(b.weight[0]));
    assert_true(predict(w, &b, 0) > 0.9);
}

static void test_blend_fit__same_rows_same_bits(void **state)
{
    world *w = *state;
    piq_blend a, b;
    piq_blend_report r;
    w->rows.n = 5000;
    must_fit(w, &a, &r);
    must_fit(w, &b, &r);
    assert_memory_equal(&a.weight, &b.weight, sizeof a.weight);
    assert_memory_equal(&a.knot_out, &b.knot_out, sizeof a.knot_out);
}

static void test_blend_fit__needs_members_and_memory(void **state)
{
    world *w = *state;
    piq_blend b;
    piq_blend_report r;
    for (long k = 1; k <= 2; k++) {
        piq_alloc_fail_after(k, 0);
        assert_int_equal(piq_blend_fit(&w->a, &w->rows, &b, &r), PIQ_ENOMEM);
        piq_alloc_fail_after(0, 0);
    }
    memset(w->rows.logits, 0, sizeof w->rows.logits);
    assert_int_equal(piq_blend_fit(&w->a, &w->rows, &b, &r), PIQ_EINVAL);
}

#define WITH_WORLD(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_WORLD(test_blend_fit__two_views_share_and_noise_is_dropped),
        WITH_WORLD(test_blend_fit__an_inverted_member_gets_no_weight),
        WITH_WORLD(test_blend_fit__a_copy_does_not_pay),
        WITH_WORLD(test_blend_fit__isotonic_mends_what_a_line_cannot),
        WITH_WORLD(test_blend_fit__platt_mends_scale_and_shift),
        WITH_WORLD(test_blend_fit__knots_keep_the_order),
        WITH_WORLD(test_blend_fit__ties_and_few_rows_give_no_bad_knots),
        WITH_WORLD(test_blend_fit__perfect_members_stay_finite),
        WITH_WORLD(test_blend_fit__few_rows_draw_towards_equal_weights),
        WITH_WORLD(test_blend_fit__one_outcome_stays_finite),
        WITH_WORLD(test_blend_fit__same_rows_same_bits),
        WITH_WORLD(test_blend_fit__needs_members_and_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
