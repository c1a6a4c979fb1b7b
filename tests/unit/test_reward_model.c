#include "train/reward_model.h"

#include "base/rng.h"
#include "num/logistic.h"
#include "support/near.h"

static void fit(const piq_reward_rows *rows, double l2, double *weights)
{
    piq_arena a;
    piq_arena_init(&a, 0);
    assert_int_equal(piq_reward_fit(&a, rows, l2, weights), PIQ_OK);
    piq_arena_release(&a);
}

static void test_reward_model__constant_alone_is_the_mean(void **state)
{
    (void)state;
    const double x[] = {1, 1, 1, 1}, y[] = {1, 0, 0, .6};
    const piq_reward_rows rows = {.n = 4, .width = 1, .x = x, .y = y};
    double w;
    fit(&rows, 1, &w);
    /* Mean .4; the constant's pull of .001 moves it by some 1e-4. */
    assert_near(piq_reward_predict(&w, x, 1), .4, 2e-4);
}

static void test_reward_model__rows_left_out_are_not_seen(void **state)
{
    (void)state;
    const double x[] = {1, 1, 1, 1}, y[] = {1, 1, 0, 0};
    const uint8_t fold[] = {0, 1, 1, 0};
    const double other_y[] = {0, 1, 0, 1}; /* differs in fold 0 only */
    piq_reward_rows rows = {
        .n = 4, .width = 1, .x = x, .y = y, .fold = fold, .left_out = 0};
    double w, v;
    fit(&rows, 1, &w);
    rows.y = other_y;
    fit(&rows, 1, &v);
    assert_near(w, v, 0);
    rows.n = 0;
    fit(&rows, 1, &w);
    assert_near(w, 0, 0);
}

/* Gradient of the objective at the optimum is 0. */
static void test_reward_model__stands_still_at_the_optimum(void **state)
{
    (void)state;
    enum { N = 400, WIDTH = 6 };
    static double x[N * WIDTH], y[N];
    piq_rng r;
    piq_rng_seed(&r, 8);
    for (size_t i = 0; i < N; i++) {
        double z = -1;
        for (size_t j = 0; j < WIDTH; j++) {
            x[i * WIDTH + j] = j == 0 ? 1 : piq_rng_normal(&r);
            z += j ? .5 * (double)j * x[i * WIDTH + j] : 0;
        }
        y[i] = piq_rng_uniform(&r) < piq_sigmoid(z);
    }
    const piq_reward_rows rows = {.n = N, .width = WIDTH, .x = x, .y = y};
    double w[WIDTH];
    fit(&rows, 2, w);
    for (size_t j = 0; j < WIDTH; j++) {
        double slope = (j ? -2 : -1e-3) * w[j];
        for (size_t i = 0; i < N; i++)
            slope += (y[i] - piq_reward_predict(w, x + i * WIDTH, WIDTH)) *
                     x[i * WIDTH + j];
        assert_near(slope, 0, 1e-3);
    }
    assert_true(w[5] > w[1]);
}

static void test_reward_model__separable_rewards_stay_finite(void **state)
{
    (void)state;
    const double x[] = {1, -100, 1, -50, 1, 60, 1, 200}, y[] = {0, 0, 1, 1};
    const piq_reward_rows rows = {.n = 4, .width = 2, .x = x, .y = y};
    double w[2];
    fit(&rows, 1e-6, w);
    assert_true(isfinite(w[0]) && isfinite(w[1]));
    assert_true(piq_reward_predict(w, x, 2) < .1);
    assert_true(piq_reward_predict(w, x + 6, 2) > .9);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_reward_model__constant_alone_is_the_mean),
        cmocka_unit_test(test_reward_model__rows_left_out_are_not_seen),
        cmocka_unit_test(test_reward_model__stands_still_at_the_optimum),
        cmocka_unit_test(test_reward_model__separable_rewards_stay_finite),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
