#include "recommend/bayes.h"

#include "support/near.h"

#include <string.h>

/* One feature, one or two types; precision 2 of the shared weight around .5,
 * types within precision 4 of it, noise .25. */
static piq_bayes_prior small_prior(size_t n_types)
{
    return (piq_bayes_prior){.width = 1,
                             .n_types = n_types,
                             .mean = {.5},
                             .precision = {2},
                             .type_precision = {4},
                             .noise_variance = .25,
                             .keep_per_day = 1,
                             .floored = PIQ_BAYES_NO_FLOOR};
}

static piq_bayes *make(piq_arena *a, const piq_bayes_prior *prior)
{
    piq_bayes *m = NULL;
    assert_int_equal(piq_bayes_new(a, prior, &m), PIQ_OK);
    return m;
}

static void learn(piq_bayes *m, size_t type, const double *x, double reward)
{
    const piq_bayes_example e = {
        .type = type, .x = x, .reward = reward, .weight = 1};
    assert_int_equal(piq_bayes_learn(m, &e), PIQ_OK);
}

static void test_bayes__starts_as_the_prior(void **state)
{
    (void)state;
    piq_arena a;
    piq_arena_init(&a, 0);
    piq_bayes_prior prior = small_prior(2);
    piq_bayes *m = make(&a, &prior);
    const double x = 2;
    piq_bayes_guess g = piq_bayes_predict(m, 1, &x);
    assert_near(g.mean, 1, 1e-12);
    /* 4 (1/2 + 1/4) */
    assert_near(g.variance, 3, 1e-12);
    piq_arena_release(&a);
}

static void test_bayes__types_learn_from_each_other(void **state)
{
    (void)state;
    piq_arena a;
    piq_arena_init(&a, 0);
    piq_bayes_prior prior = small_prior(2);
    piq_bayes *m = make(&a, &prior);
    const double x = 1;
    learn(m, 0, &x, 1);
    assert_near(piq_bayes_weights(m, 0)[0], .5, 1e-12); /* not settled yet */
    piq_bayes_settle(m);
    /* Type 0: S = 4, c = 4, P = 1/8. What it says of the shared weight has
     * precision 4 - 16/8 = 2, as much as the prior, and mean 1: the shared
     * weight is (2 * .5 + 4/8 * 4) / (2 + 2) = .75. theta_0 = (4 * .75 + 4) / 8
     * = .875; type 1 has .75. */
    assert_near(piq_bayes_weights(m, 0)[0], .875, 1e-12);
    assert_near(piq_bayes_weights(m, 1)[0], .75, 1e-12);
    /* Variances: V = 1/4; 1/8 + (4/8)^2 / 4 = .1875 and 1/4 + 1/4 = .5. */
    assert_near(piq_bayes_predict(m, 0, &x).variance, .1875, 1e-12);
    assert_near(piq_bayes_predict(m, 1, &x).variance, .5, 1e-12);
    assert_near(piq_bayes_evidence(m, 0), 1, 0);
    assert_near(piq_bayes_evidence(m, 1), 0, 0);
    piq_arena_release(&a);
}

static void test_bayes__floor_moves_what_goes_with_it(void **state)
{
    (void)state;
    piq_arena a;
    piq_arena_init(&a, 0);
    /* Two weights whose sum was seen once to be 0: prior variance 1/2 + 1/2
     * each (precision 2 and 2), noise 1. P(theta | data): Sigma = I - 11'/3,
     * mean = 0 - ... with the prior mean (1, 0): K = (1,1)/3, theta = (2/3,
     * -1/3). A floor of 1 on the first: theta_1 moves by Sigma_01/Sigma_00 =
     * -1/2 of 1/3, to -1/2. Variance of the second is then 2/3 - 1/6 = 1/2. */
    piq_bayes_prior prior = {.width = 2,
                             .n_types = 1,
                             .mean = {1, 0},
                             .precision = {2, 2},
                             .type_precision = {2, 2},
                             .noise_variance = 1,
                             .keep_per_day = 1,
                             .floored = PIQ_BAYES_NO_FLOOR};
    const double both[] = {1, 1}, first[] = {1, 0}, second[] = {0, 1};
    piq_bayes *m = make(&a, &prior);
    learn(m, 0, both, 0);
    piq_bayes_settle(m);
    assert_near(piq_bayes_weights(m, 0)[0], 2. / 3, 1e-12);
    assert_near(piq_bayes_weights(m, 0)[1], -1. / 3, 1e-12);
    assert_false(piq_bayes_at_floor(m, 0));
    prior.floored = 0;
    prior.floor = 1;
    m = make(&a, &prior);
    learn(m, 0, both, 0);
    piq_bayes_settle(m);
    assert_true(piq_bayes_at_floor(m, 0));
    assert_near(piq_bayes_weights(m, 0)[0], 1, 0);
    assert_near(piq_bayes_weights(m, 0)[1], -.5, 1e-12);
    assert_near(piq_bayes_predict(m, 0, first).variance, 0, 1e-12);
    assert_near(piq_bayes_predict(m, 0, second).variance, .5, 1e-12);
    piq_arena_release(&a);
}

static void test_bayes__evidence_fades_to_the_prior(void **state)
{
    (void)state;
    piq_arena a;
    piq_arena_init(&a, 0);
    piq_bayes_prior prior = small_prior(1);
    prior.keep_per_day = .5;
    piq_bayes *faded = make(&a, &prior), *half = make(&a, &prior);
    const double x = 1;
    const piq_bayes_example full = {.x = &x, .reward = 1, .weight = 1};
    const piq_bayes_example part = {.x = &x, .reward = 1, .weight = .25};
    assert_int_equal(piq_bayes_learn(faded, &full), PIQ_OK);
    piq_bayes_advance(faded, 2);
    piq_bayes_advance(faded, 1); /* back in time: nothing */
    piq_bayes_settle(faded);
    assert_int_equal(piq_bayes_learn(half, &part), PIQ_OK);
    piq_bayes_settle(half);
    assert_near(piq_bayes_weights(faded, 0)[0], piq_bayes_weights(half, 0)[0],
                1e-12);
    assert_near(piq_bayes_evidence(faded, 0), .25, 1e-12);
    piq_bayes_advance(faded, 2000);
    piq_bayes_settle(faded);
    assert_near(piq_bayes_weights(faded, 0)[0], .5, 1e-12);
    piq_arena_release(&a);
}

static void test_bayes__contributions_add_up_to_the_score(void **state)
{
    (void)state;
    piq_arena a;
    piq_arena_init(&a, 0);
    piq_bayes_prior prior = {.width = 3,
                             .n_types = 1,
                             .mean = {.1, .2, .3},
                             .precision = {1, 1, 1},
                             .type_precision = {1, 1, 1},
                             .noise_variance = 1,
                             .keep_per_day = 1,
                             .floored = PIQ_BAYES_NO_FLOOR};
    piq_bayes *m = make(&a, &prior);
    const double x[] = {1, .5, -1}, typical[] = {1, .25, .5};
    double parts[3];
    /* baseline .1 + .05 + .15 = .3; parts 0, .2 * .25, .3 * -1.5. */
    double baseline = piq_bayes_contributions(m, 0, x, typical, parts);
    assert_near(baseline, .3, 1e-12);
    assert_near(parts[0], 0, 1e-12);
    assert_near(parts[1], .05, 1e-12);
    assert_near(parts[2], -.45, 1e-12);
    assert_near(baseline + parts[0] + parts[1] + parts[2],
                piq_bayes_predict(m, 0, x).mean, 1e-12);
    piq_arena_release(&a);
}

static void test_bayes__refuses_what_makes_no_sense(void **state)
{
    (void)state;
    piq_arena a;
    piq_arena_init(&a, 0);
    piq_bayes_prior good = small_prior(1), bad[10];
    for (size_t i = 0; i < 10; i++)
        bad[i] = good;
    bad[0].width = 0;
    bad[1].width = PIQ_BAYES_MAX_WIDTH + 1;
    bad[2].n_types = 0;
    bad[3].precision[0] = 0;
    bad[4].type_precision[0] = NAN;
    bad[5].noise_variance = -1;
    bad[6].keep_per_day = 1.01;
    bad[7].floored = 1;
    bad[8].mean[0] = INFINITY;
    bad[9].n_types = PIQ_BAYES_MAX_TYPES + 1;
    for (size_t i = 0; i < 10; i++) {
        piq_bayes *none = NULL;
        assert_int_equal(piq_bayes_new(&a, &bad[i], &none), PIQ_EINVAL);
        assert_null(none);
    }
    piq_bayes *m = make(&a, &good);
    const double fine = 1, nan = NAN, huge = 1e5;
    const piq_bayes_example wrong[] = {
        {.type = 1, .x = &fine, .weight = 1},
        {.x = &nan, .weight = 1},
        {.x = &huge, .weight = 1},
        {.x = &fine, .weight = -1},
        {.x = &fine, .weight = NAN},
        {.x = &fine, .weight = 1, .reward = INFINITY}};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        assert_int_equal(piq_bayes_learn(m, &wrong[i]), PIQ_EINVAL);
    piq_bayes_settle(m);
    assert_near(piq_bayes_evidence(m, 0), 0, 0);
    assert_near(piq_bayes_weights(m, 0)[0], .5, 1e-12);
    piq_arena_release(&a);
}

static void test_bayes__outcomes_of_no_weight_teach_nothing(void **state)
{
    (void)state;
    piq_arena a;
    piq_arena_init(&a, 0);
    piq_bayes_prior prior = small_prior(1);
    piq_bayes *m = make(&a, &prior);
    const double x = 1;
    const piq_bayes_example e = {.x = &x, .reward = 7};
    assert_int_equal(piq_bayes_learn(m, &e), PIQ_OK);
    piq_bayes_settle(m);
    assert_near(piq_bayes_weights(m, 0)[0], .5, 1e-12);
    piq_arena_release(&a);
}

static void test_bayes__damaged_bytes_change_nothing(void **state)
{
    (void)state;
    piq_arena a;
    piq_buf b;
    piq_arena_init(&a, 0);
    piq_buf_init(&b, 0);
    piq_bayes_prior prior = small_prior(2), wider = prior;
    piq_bayes *m = make(&a, &prior), *other = make(&a, &prior);
    wider.width = 2;
    for (size_t j = 0; j < 2; j++)
        wider.precision[j] = wider.type_precision[j] = 1;
    piq_bayes *wide = make(&a, &wider);
    const double x = 1;
    learn(m, 0, &x, 1);
    piq_bayes_encode(m, &b);
    assert_int_equal(b.status, PIQ_OK);
    for (size_t len = 0; len < b.len; len++)
        assert_int_equal(piq_bayes_decode(other, (piq_str){b.ptr, len}),
                         PIQ_ECORRUPT);
    assert_int_equal(piq_bayes_decode(wide, (piq_str){b.ptr, b.len}),
                     PIQ_ECORRUPT);
    assert_near(piq_bayes_weights(other, 0)[0], .5, 1e-12);
    for (size_t i = 0; i < b.len; i++)
        for (int bit = 0; bit < 8; bit++) {
            b.ptr[i] = (char)(b.ptr[i] ^ (1 << bit));
            if (!piq_bayes_decode(other, (piq_str){b.ptr, b.len}))
                assert_true(isfinite(piq_bayes_weights(other, 0)[0]));
            b.ptr[i] = (char)(b.ptr[i] ^ (1 << bit));
        }
    piq_buf_release(&b);
    piq_arena_release(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bayes__starts_as_the_prior),
        cmocka_unit_test(test_bayes__types_learn_from_each_other),
        cmocka_unit_test(test_bayes__floor_moves_what_goes_with_it),
        cmocka_unit_test(test_bayes__evidence_fades_to_the_prior),
        cmocka_unit_test(test_bayes__contributions_add_up_to_the_score),
        cmocka_unit_test(test_bayes__refuses_what_makes_no_sense),
        cmocka_unit_test(test_bayes__outcomes_of_no_weight_teach_nothing),
        cmocka_unit_test(test_bayes__damaged_bytes_change_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
