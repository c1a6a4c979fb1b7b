/* The gradient by hand against central differences of a twin in double. */
#include "train/recurrent_grad.h"

#include "support/recurrent_twin.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

enum { LANES = 3, STEPS = 6, ROWS = LANES * STEPS, N_FEATURES = 5 };

static const piq_recurrent_shape TINY = {
    .n_items = 3,
    .n_concepts = 2,
    .n_features = N_FEATURES,
    .hidden = 8,
    .embed = 8,
    .side = 8,
    .head = 8,
};

typedef struct bench {
    piq_arena arena;
    piq_recurrent *m;
    piq_recurrent_pass pass;
    float x[ROWS][N_FEATURES];
    twin t;
    float *grad;
} bench;

/* Lane 0 begins at step 0; lane 1 has a new learner at step 3; lane 2 ends
 * after step 4. */
static void fill(bench *b, piq_rng *r)
{
    for (size_t i = 0; i < ROWS; i++) {
        size_t step = i / LANES;
        size_t lane = i % LANES;
        b->pass.ask[i] = random_ask(b->m, r);
        b->pass.y[i] = piq_rng_below(r, 2) ? 1.f : 0.f;
        b->pass.keep[i] = step == 0 || (lane == 1 && step == 3) ? 0 : 1;
        b->pass.valid[i] = lane == 2 && step > 4 ? 0 : 1;
        random_features(b->m, r, b->x[i]);
        piq_recurrent_standardise(b->m, b->x[i], b->pass.z + i * N_FEATURES);
    }
}

static int set_up(void **state)
{
    static bench b;
    piq_rng r;
    piq_rng_seed(&r, 1);
    piq_arena_init(&b.arena, 0);
    b.m = random_net(&TINY, &r);
    assert_non_null(b.m);
    assert_int_equal(
        piq_recurrent_pass_new(&b.arena, b.m, LANES, STEPS, &b.pass), PIQ_OK);
    b.pass.weights = b.m->weights;
    b.grad = piq_new(&b.arena, float, b.m->layout.at[PIQ_N_RECURRENT_BLOCKS]);
    twin_init(&b.t, b.m);
    fill(&b, &r);
    *state = &b;
    return 0;
}

static int tear_down(void **state)
{
    bench *b = *state;
    twin_release(&b->t);
    piq_recurrent_free(b->m);
    piq_arena_release(&b->arena);
    return 0;
}

/* Summed log loss of the twin over the chunk. */
static double twin_loss(bench *b)
{
    double loss = 0;
    for (size_t lane = 0; lane < LANES; lane++)
        for (size_t i = lane; i < ROWS; i += LANES) {
            if (b->pass.keep[i] == 0)
                twin_forget(&b->t);
            if (b->pass.valid[i] == 0)
                continue;
            double logit = twin_logit(&b->t, &b->pass.ask[i], b->x[i]);
            bool right = b->pass.y[i] > .5f;
            loss += log1p(exp(right ? -logit : logit));
            twin_step(&b->t, &b->pass.ask[i], b->x[i], right);
        }
    return loss;
}

static void test_recurrent_grad__forward_is_the_twins(void **state)
{
    bench *b = *state;
    piq_recurrent_forward(&b->pass);
    assert_true(fabs(b->pass.loss - twin_loss(b)) < 1e-4);
}

/* Differences of a smooth function over 2e-5 are exact to 1e-9; the gradient
 * in float of terms of size 1 to about 1e-5. */
static void check_block(bench *b, piq_recurrent_block block)
{
    const double e = 1e-5;
    size_t moved = 0;
    for (size_t i = b->m->layout.at[block]; i < b->m->layout.at[block + 1];
         i++) {
        double was = b->t.weights[i];
        b->t.weights[i] = was + e;
        double above = twin_loss(b);
        b->t.weights[i] = was - e;
        double below = twin_loss(b);
        b->t.weights[i] = was;
        double want = (above - below) / (2 * e);
        moved += fabs(want) > 1e-3;
        assert_true(fabs((double)b->grad[i] - want) < 2e-5 + 1e-4 * fabs(want));
    }
    assert_true(moved > 0);
}

static void test_recurrent_grad__every_block_agrees_with_differences(
    void **state)
{
    bench *b = *state;
    piq_recurrent_forward(&b->pass);
    piq_recurrent_backward(&b->pass, 1, b->grad);
    for (size_t block = 0; block < PIQ_N_RECURRENT_BLOCKS; block++)
        check_block(b, (piq_recurrent_block)block);
}

/* With the same random numbers the dropped net is one fixed function, and its
 * gradient along a direction is the difference along it: a step of .002 times
 * a unit vector, loss near 20, float steps of 2e-6 in its parts. */
static double loss_with_masks(bench *b, uint64_t seed)
{
    piq_rng_seed(&b->pass.rng, seed);
    memset(b->pass.carry, 0, 2 * LANES * TINY.hidden * sizeof(float));
    piq_recurrent_forward(&b->pass);
    return b->pass.loss;
}

static void test_recurrent_grad__dropout_is_differentiated_too(void **state)
{
    bench *b = *state;
    size_t n = b->m->layout.at[PIQ_N_RECURRENT_BLOCKS];
    b->pass.dropout = .3;
    b->pass.dropout_embed = .25;
    (void)loss_with_masks(b, 9);
    piq_recurrent_backward(&b->pass, 1, b->grad);
    double norm = 0;
    for (size_t i = 0; i < n; i++)
        norm += (double)b->grad[i] * (double)b->grad[i];
    norm = sqrt(norm);
    float *was = piq_new(&b->arena, float, n);
    memcpy(was, b->m->weights, n * sizeof *was);
    double loss[2];
    for (int side = 0; side < 2; side++) {
        double step = (side ? -1e-3 : 1e-3) / norm;
        for (size_t i = 0; i < n; i++)
            b->m->weights[i] = was[i] + (float)(step * (double)b->grad[i]);
        loss[side] = loss_with_masks(b, 9);
    }
    double want = (loss[0] - loss[1]) / 2e-3;
    assert_true(fabs(norm - want) < .01 * norm);
}

static void test_recurrent_grad__carry_joins_chunks(void **state)
{
    bench *b = *state;
    float whole[ROWS];
    (void)loss_with_masks(b, 1);
    memcpy(whole, b->pass.logit, sizeof whole);
    piq_recurrent_pass half;
    assert_int_equal(
        piq_recurrent_pass_new(&b->arena, b->m, LANES, STEPS / 2, &half),
        PIQ_OK);
    half.weights = b->m->weights;
    for (size_t k = 0; k < 2; k++) {
        size_t from = k * ROWS / 2;
        memcpy(half.ask, b->pass.ask + from, ROWS / 2 * sizeof *half.ask);
        memcpy(half.y, b->pass.y + from, ROWS / 2 * sizeof(float));
        memcpy(half.keep, b->pass.keep + from, ROWS / 2 * sizeof(float));
        memcpy(half.valid, b->pass.valid + from, ROWS / 2 * sizeof(float));
        memcpy(half.z, b->pass.z + from * N_FEATURES,
               ROWS / 2 * N_FEATURES * sizeof(float));
        piq_recurrent_forward(&half);
        for (size_t i = 0; i < ROWS / 2; i++)
            assert_true(fabsf(half.logit[i] - whole[from + i]) < 1e-5f);
    }
}

#define grad_test(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        grad_test(test_recurrent_grad__forward_is_the_twins),
        grad_test(test_recurrent_grad__every_block_agrees_with_differences),
        grad_test(test_recurrent_grad__dropout_is_differentiated_too),
        grad_test(test_recurrent_grad__carry_joins_chunks),
    };
    return cmocka_run_group_tests_name("recurrent_grad", tests, NULL, NULL);
}
