/* Laws of the regressions: equal to ridge regression and to the joint Gaussian
 * solved at once; indifferent to order; bound by the floor; the same after
 * being written and read, to the bit. */
#include "recommend/bayes.h"

#include "base/rng.h"
#include "num/cholesky.h"
#include "support/near.h"

#include <stdlib.h>
#include <string.h>

enum { MOST_TYPES = 4, MOST_WIDTH = 12, EXAMPLES = 300 };

typedef struct world {
    piq_arena a;
    piq_bayes_prior prior;
    piq_bayes_example e[EXAMPLES];
    double x[EXAMPLES][PIQ_BAYES_MAX_WIDTH];
    size_t n;
} world;

static void make_world(world *w, piq_rng *r, size_t width, size_t n_types)
{
    piq_bayes_prior *p = &w->prior;
    *p = (piq_bayes_prior){.width = width,
                           .n_types = n_types,
                           .noise_variance = .05 + piq_rng_uniform(r),
                           .keep_per_day = 1,
                           .floored = PIQ_BAYES_NO_FLOOR};
    piq_arena_init(&w->a, 0);
    for (size_t j = 0; j < width; j++) {
        p->mean[j] = piq_rng_normal(r);
        p->precision[j] = exp(piq_rng_normal(r));
        p->type_precision[j] = exp(2 * piq_rng_normal(r));
    }
    w->n = piq_rng_below(r, EXAMPLES);
    for (size_t i = 0; i < w->n; i++) {
        for (size_t j = 0; j < width; j++)
            w->x[i][j] = piq_rng_normal(r);
        w->e[i] = (piq_bayes_example){.type = piq_rng_below(r, n_types),
                                      .x = w->x[i],
                                      .reward = piq_rng_normal(r),
                                      .weight = 2 * piq_rng_uniform(r)};
    }
}

static piq_bayes *new_model(world *w)
{
    piq_bayes *m = NULL;
    assert_int_equal(piq_bayes_new(&w->a, &w->prior, &m), PIQ_OK);
    return m;
}

static piq_bayes *fitted(world *w)
{
    piq_bayes *m = new_model(w);
    for (size_t i = 0; i < w->n; i++)
        assert_int_equal(piq_bayes_learn(m, &w->e[i]), PIQ_OK);
    piq_bayes_settle(m);
    return m;
}

static void check_alike(const world *w, const piq_bayes *a, const piq_bayes *b,
                        double tolerance)
{
    for (size_t t = 0; t < w->prior.n_types; t++) {
        const double *x = piq_bayes_weights(a, t), *y = piq_bayes_weights(b, t);
        for (size_t j = 0; j < w->prior.width; j++)
            assert_near(x[j], y[j], tolerance * (1 + fabs(y[j])));
        piq_bayes_guess p = piq_bayes_predict(a, t, w->x[0]);
        piq_bayes_guess q = piq_bayes_predict(b, t, w->x[0]);
        assert_near(p.variance, q.variance, tolerance * (1 + q.variance));
    }
}

/* One type: theta ~ N(mean, 1/precision + 1/type_precision), solved at once. */
static void test_bayes__one_type_is_ridge_regression(void **state)
{
    (void)state;
    piq_rng r;
    piq_rng_seed(&r, 21);
    for (int k = 0; k < 100; k++) {
        world w;
        make_world(&w, &r, 1 + piq_rng_below(&r, MOST_WIDTH), 1);
        size_t d = w.prior.width;
        double a[MOST_WIDTH * MOST_WIDTH] = {0}, b[MOST_WIDTH];
        for (size_t j = 0; j < d; j++) {
            double p =
                1 / (1 / w.prior.precision[j] + 1 / w.prior.type_precision[j]);
            a[j * d + j] = p;
            b[j] = p * w.prior.mean[j];
        }
        for (size_t i = 0; i < w.n; i++)
            for (size_t j = 0; j < d; j++) {
                double wx = w.e[i].weight / w.prior.noise_variance * w.x[i][j];
                b[j] += wx * w.e[i].reward;
                for (size_t c = 0; c < d; c++)
                    a[j * d + c] += wx * w.x[i][c];
            }
        assert_true(piq_cholesky_factor(a, d));
        piq_cholesky_solve(a, d, b);
        const double *theta = piq_bayes_weights(fitted(&w), 0);
        for (size_t j = 0; j < d; j++)
            assert_near(theta[j], b[j], 1e-8 * (1 + fabs(b[j])));
        piq_arena_release(&w.a);
    }
}

/* All weights at once: (shared, theta_1, .., theta_T) is one Gaussian whose
 * precision matrix is written down directly. */
static void solve_jointly(const world *w, double *inverse, double *mean,
                          size_t n)
{
    const piq_bayes_prior *p = &w->prior;
    size_t d = p->width;
    double *a = calloc(n * n, sizeof *a);
    assert_non_null(a);
    memset(mean, 0, n * sizeof *mean);
    for (size_t j = 0; j < d; j++) {
        a[j * n + j] = p->precision[j];
        mean[j] = p->precision[j] * p->mean[j];
        for (size_t t = 1; t <= p->n_types; t++) {
            size_t at = t * d + j;
            a[j * n + j] += p->type_precision[j];
            a[at * n + at] += p->type_precision[j];
            a[at * n + j] = a[j * n + at] = -p->type_precision[j];
        }
    }
    for (size_t i = 0; i < w->n; i++) {
        const piq_bayes_example *e = &w->e[i];
        double scale = e->weight / p->noise_variance;
        size_t at = (e->type + 1) * d;
        for (size_t j = 0; j < d; j++) {
            mean[at + j] += scale * e->reward * e->x[j];
            for (size_t c = 0; c < d; c++)
                a[(at + j) * n + at + c] += scale * e->x[j] * e->x[c];
        }
    }
    assert_true(piq_cholesky_factor(a, n));
    piq_cholesky_solve(a, n, mean);
    piq_cholesky_invert(a, n, inverse);
    free(a);
}

static void test_bayes__types_are_the_joint_gaussian(void **state)
{
    (void)state;
    enum { MOST = (MOST_TYPES + 1) * MOST_WIDTH };
    static double inverse[MOST * MOST], mean[MOST];
    piq_rng r;
    piq_rng_seed(&r, 22);
    for (int k = 0; k < 60; k++) {
        world w;
        make_world(&w, &r, 1 + piq_rng_below(&r, MOST_WIDTH),
                   1 + piq_rng_below(&r, MOST_TYPES));
        size_t d = w.prior.width, n = (w.prior.n_types + 1) * d;
        solve_jointly(&w, inverse, mean, n);
        const piq_bayes *m = fitted(&w);
        double x[PIQ_BAYES_MAX_WIDTH];
        for (size_t j = 0; j < d; j++)
            x[j] = piq_rng_normal(&r);
        for (size_t t = 0; t < w.prior.n_types; t++) {
            double variance = 0;
            size_t at = (t + 1) * d;
            for (size_t j = 0; j < d; j++) {
                assert_near(piq_bayes_weights(m, t)[j], mean[at + j],
                            1e-7 * (1 + fabs(mean[at + j])));
                for (size_t c = 0; c < d; c++)
                    variance += x[j] * inverse[(at + j) * n + at + c] * x[c];
            }
            assert_near(piq_bayes_predict(m, t, x).variance, variance,
                        1e-7 * (1 + variance));
        }
        piq_arena_release(&w.a);
    }
}

static void test_bayes__order_does_not_matter(void **state)
{
    (void)state;
    piq_rng r;
    piq_rng_seed(&r, 23);
    for (int k = 0; k < 60; k++) {
        world w;
        make_world(&w, &r, 1 + piq_rng_below(&r, MOST_WIDTH),
                   1 + piq_rng_below(&r, MOST_TYPES));
        w.prior.keep_per_day = 1 - .1 * piq_rng_uniform(&r);
        for (size_t i = 0; i < w.n; i++)
            w.e[i].day = (int64_t)piq_rng_below(&r, 30) - 10;
        piq_bayes *one = fitted(&w);
        for (size_t i = w.n; i > 1; i--) {
            size_t j = piq_rng_below(&r, i);
            piq_bayes_example swap = w.e[i - 1];
            w.e[i - 1] = w.e[j];
            w.e[j] = swap;
        }
        check_alike(&w, fitted(&w), one, 1e-9);
        piq_arena_release(&w.a);
    }
}

static void test_bayes__rank_one_steps_stay_true(void **state)
{
    (void)state;
    world w;
    piq_rng r;
    piq_rng_seed(&r, 24);
    make_world(&w, &r, 10, 1);
    w.prior.keep_per_day = .999;
    piq_bayes *m = new_model(&w);
    for (int i = 0; i < 5 * PIQ_BAYES_REFACTOR + 321; i++) {
        double x[10];
        for (size_t j = 0; j < 10; j++)
            x[j] = piq_rng_uniform(&r);
        const piq_bayes_example e = {
            .x = x, .reward = piq_rng_uniform(&r), .weight = 1};
        assert_int_equal(piq_bayes_learn(m, &e), PIQ_OK);
    }
    piq_bayes_settle(m);
    double before[10];
    memcpy(before, piq_bayes_weights(m, 0), sizeof before);
    /* The least of fading factors everything anew. */
    piq_bayes_advance(m, 1);
    piq_bayes_settle(m);
    for (size_t j = 0; j < 10; j++)
        assert_near(piq_bayes_weights(m, 0)[j], before[j], 1e-3);
    piq_buf b;
    piq_buf_init(&b, 0);
    piq_bayes_encode(m, &b);
    piq_bayes *again = new_model(&w);
    assert_int_equal(piq_bayes_decode(again, (piq_str){b.ptr, b.len}), PIQ_OK);
    piq_buf_release(&b);
    piq_arena_release(&w.a);
}

/* The floor holds, whatever is learned; where it binds, no other point of the
 * posterior at or above it is likelier. */
static void test_bayes__floor_is_the_likeliest_point_allowed(void **state)
{
    (void)state;
    piq_rng r;
    size_t bound = 0;
    piq_rng_seed(&r, 25);
    for (int k = 0; k < 100; k++) {
        world w;
        make_world(&w, &r, 2 + piq_rng_below(&r, MOST_WIDTH - 1),
                   1 + piq_rng_below(&r, MOST_TYPES));
        piq_bayes *loose = fitted(&w);
        size_t g = piq_rng_below(&r, w.prior.width), d = w.prior.width;
        w.prior.floored = g;
        w.prior.floor = piq_rng_normal(&r);
        piq_bayes *held = fitted(&w);
        for (size_t t = 0; t < w.prior.n_types; t++) {
            const double *x = piq_bayes_weights(held, t);
            const double *free_x = piq_bayes_weights(loose, t);
            bool binds = free_x[g] < w.prior.floor;
            assert_true(x[g] >= w.prior.floor);
            assert_true(piq_bayes_at_floor(held, t) == binds);
            if (!binds)
                assert_memory_equal(x, free_x, d * sizeof *x);
            bound += binds;
            /* x - free is along Sigma e_g, so its image under the precision
             * is along e_g: of every direction with v_g = 0, covariance of
             * v'theta with theta_g times the step is what v'theta moved. */
            for (size_t j = 0; binds && j < d; j++) {
                double sum[MOST_WIDTH] = {0}, one[MOST_WIDTH] = {0},
                       other[MOST_WIDTH] = {0};
                one[j] = other[g] = 1;
                for (size_t c = 0; c < d; c++)
                    sum[c] = one[c] + other[c];
                double both = piq_bayes_predict(loose, t, sum).variance;
                double mine = piq_bayes_predict(loose, t, one).variance;
                double its = piq_bayes_predict(loose, t, other).variance;
                double covariance = j == g ? its : (both - mine - its) / 2;
                double step = (w.prior.floor - free_x[g]) / its;
                assert_near(x[j] - free_x[j], covariance * step,
                            1e-6 * (1 + fabs(step)));
            }
        }
        piq_arena_release(&w.a);
    }
    assert_true(bound > 30);
}

static void test_bayes__fades_to_the_prior(void **state)
{
    (void)state;
    piq_rng r;
    piq_rng_seed(&r, 26);
    for (int k = 0; k < 30; k++) {
        world w;
        make_world(&w, &r, 5, 3);
        w.prior.keep_per_day = .9;
        piq_bayes *fresh = new_model(&w), *m = fitted(&w);
        double last = INFINITY;
        for (int64_t day = 0; day <= 800; day += 100) {
            double away = 0;
            piq_bayes_advance(m, day);
            piq_bayes_settle(m);
            for (size_t j = 0; j < 5; j++)
                away += fabs(piq_bayes_weights(m, 1)[j] -
                             piq_bayes_weights(fresh, 1)[j]);
            assert_true(away <= last + 1e-9);
            last = away;
        }
        check_alike(&w, m, fresh, 1e-9);
        piq_arena_release(&w.a);
    }
}

static void test_bayes__read_back_it_goes_on_as_before(void **state)
{
    (void)state;
    piq_rng r;
    piq_rng_seed(&r, 27);
    for (int k = 0; k < 40; k++) {
        world w;
        piq_buf b, c;
        make_world(&w, &r, 1 + piq_rng_below(&r, MOST_WIDTH),
                   1 + piq_rng_below(&r, MOST_TYPES));
        w.prior.floored = 0;
        w.prior.keep_per_day = .99;
        piq_bayes *m = fitted(&w), *again = new_model(&w);
        piq_buf_init(&b, 0);
        piq_buf_init(&c, 0);
        piq_bayes_encode(m, &b);
        assert_int_equal(piq_bayes_decode(again, (piq_str){b.ptr, b.len}),
                         PIQ_OK);
        for (size_t i = 0; i < w.n; i++) {
            w.e[i].day = (int64_t)i / 50;
            assert_int_equal(piq_bayes_learn(m, &w.e[i]), PIQ_OK);
            assert_int_equal(piq_bayes_learn(again, &w.e[i]), PIQ_OK);
        }
        piq_bayes_settle(m);
        piq_bayes_settle(again);
        for (size_t t = 0; t < w.prior.n_types; t++)
            assert_memory_equal(piq_bayes_weights(m, t),
                                piq_bayes_weights(again, t),
                                w.prior.width * sizeof(double));
        piq_buf_clear(&b);
        piq_bayes_encode(m, &b);
        piq_bayes_encode(again, &c);
        assert_int_equal(b.len, c.len);
        assert_memory_equal(b.ptr, c.ptr, b.len);
        piq_buf_release(&b);
        piq_buf_release(&c);
        piq_arena_release(&w.a);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bayes__one_type_is_ridge_regression),
        cmocka_unit_test(test_bayes__types_are_the_joint_gaussian),
        cmocka_unit_test(test_bayes__order_does_not_matter),
        cmocka_unit_test(test_bayes__rank_one_steps_stay_true),
        cmocka_unit_test(test_bayes__floor_is_the_likeliest_point_allowed),
        cmocka_unit_test(test_bayes__fades_to_the_prior),
        cmocka_unit_test(test_bayes__read_back_it_goes_on_as_before),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
