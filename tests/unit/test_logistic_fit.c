/* threads:tsan */
#include "train/logistic_fit.h"

#include "base/rng.h"
#include "train/logistic_sums.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { COLUMNS = PIQ_N_FEATURES, N = PIQ_LOGISTIC_COEFFICIENTS };

/* Every weight is something else; one number in six is unknown, which has a
 * weight of its own; the columns are on scales of their own. */
static piq_kt_set make_set(size_t n, uint64_t seed)
{
    piq_rng r;
    piq_rng_seed(&r, seed);
    piq_kt_set s = {.n_rows = n,
                    .x = calloc(n * COLUMNS, sizeof(float)),
                    .y = calloc(n, sizeof(float))};
    assert_true(s.x && s.y);
    for (size_t i = 0; i < n; i++) {
        double logit = 0.3;
        for (size_t j = 0; j < COLUMNS; j++) {
            double z = piq_rng_normal(&r);
            bool known = piq_rng_below(&r, 6) > 0;
            s.x[i * COLUMNS + j] =
                known ? (float)(5.0 + z * (double)(j + 1)) : NAN;
            logit += known ? z * cos((double)j) * 0.4 : sin((double)j) * 0.2;
        }
        s.y[i] = piq_rng_uniform(&r) < 1.0 / (1.0 + exp(-logit));
    }
    return s;
}

static void free_set(piq_kt_set *s)
{
    free(s->x);
    free(s->y);
}

static piq_logistic must_fit(const piq_kt_set *s, const piq_logistic_options *o,
                             const piq_fit_watch *watch)
{
    piq_logistic m;
    piq_err err;
    if (piq_logistic_fit(s, o, watch, &m, &err) != PIQ_OK)
        fail_msg("%s", err.message);
    return m;
}

/* What is minimised, written down plainly. */
static double slow_value(const piq_kt_set *s, const piq_logistic *m, double l2)
{
    double sum = 0.0;
    for (size_t i = 0; i < s->n_rows; i++) {
        double x = piq_logistic_logit(m, s->x + i * COLUMNS);
        sum += log(1.0 + exp(x)) - (double)s->y[i] * x;
    }
    for (size_t j = 0; j < COLUMNS; j++)
        sum += 0.5 * l2 *
               (m->weight[j] * m->weight[j] + m->missing[j] * m->missing[j]);
    return sum;
}

/* --- sums ----------------------------------------------------------------- */

typedef struct desk {
    piq_logistic_sums shards[PIQ_LOGISTIC_SHARDS], a, b, c;
    double at[N];
} desk;

static void sum_at(const piq_logistic_work *w, desk *d, size_t i, double by,
                   piq_logistic_sums *out)
{
    double kept = d->at[i];
    d->at[i] += by;
    piq_logistic_sum(w, d->at, d->shards, out);
    d->at[i] = kept;
}

/* Central differences with h = 1e-5: their error is of the order of h^2 = 1e-10
 * of the third derivative (300 rows) and of rounding, 1e-16 * 300 / h. */
static void test_logistic_fit__gradient_and_curvature_are_derivatives(
    void **state)
{
    (void)state;
    const double h = 1e-5;
    piq_kt_set s = make_set(300, 5);
    piq_logistic scale;
    assert_int_equal(piq_logistic_init(&scale, COLUMNS), PIQ_OK);
    for (size_t j = 0; j < COLUMNS; j++) {
        scale.mean[j] = 5.0;
        scale.sd[j] = (double)(j + 1);
    }
    desk *d = calloc(1, sizeof *d);
    assert_non_null(d);
    for (size_t i = 0; i < N; i++)
        d->at[i] = 0.1 * sin((double)i + 1.0);
    piq_logistic_work w = {.set = &s,
                           .scale = &scale,
                           .threads = 1,
                           .stride = 1,
                           .curvature = true};
    sum_at(&w, d, 0, 0.0, &d->a);
    for (size_t i = 0; i < N; i += i < 4 ? 1 : 7) {
        sum_at(&w, d, i, h, &d->b);
        sum_at(&w, d, i, -h, &d->c);
        double slope = (d->b.loss - d->c.loss) / (2.0 * h);
        assert_true(fabs(slope - d->a.gradient[i]) < 1e-5);
        for (size_t k = 0; k <= i; k++) {
            slope = (d->b.gradient[k] - d->c.gradient[k]) / (2.0 * h);
            assert_true(fabs(slope - d->a.curvature[i][k]) < 1e-5);
        }
    }
    free(d);
    piq_logistic_release(&scale);
    free_set(&s);
}

/* --- fits ----------------------------------------------------------------- */

/* An independent minimiser: one coefficient at a time, by Newton's method on
 * slow derivatives, until nothing moves. The value is convex, so there is one
 * place where that can end. */
static double minimise_slowly(const piq_kt_set *s, piq_logistic *m, double l2)
{
    double *logits = calloc(s->n_rows, sizeof *logits);
    assert_non_null(logits);
    for (size_t i = 0; i < s->n_rows; i++)
        logits[i] = piq_logistic_logit(m, s->x + i * COLUMNS);
    double moved = 1.0;
    for (int sweep = 0; sweep < 500 && moved > 1e-9; sweep++) {
        moved = 0.0;
        for (size_t k = 0; k < N; k++) {
            size_t j = k % COLUMNS;
            bool bias = k == N - 1, missing = k >= COLUMNS;
            double *at = bias      ? &m->bias
                         : missing ? &m->missing[j]
                                   : &m->weight[j];
            double g = bias ? 0.0 : l2 * *at, c = bias ? 0.0 : l2;
            for (int apply = 0; apply < 2; apply++) {
                double step = apply ? g / c : 0.0;
                for (size_t i = 0; i < s->n_rows; i++) {
                    float x = s->x[i * COLUMNS + j];
                    double v = 1.0;
                    if (!bias && missing)
                        v = isnan(x) ? 1.0 : 0.0;
                    else if (!bias)
                        v = isnan(x) ? 0.0 : piq_logistic_z(m, j, x);
                    double p = 1.0 / (1.0 + exp(-logits[i]));
                    if (!apply) {
                        g += (p - (double)s->y[i]) * v;
                        c += p * (1.0 - p) * v * v;
                    }
                    logits[i] -= step * v;
                }
                *at -= step;
                moved = fmax(moved, fabs(step));
            }
        }
    }
    free(logits);
    return slow_value(s, m, l2);
}

static void test_logistic_fit__finds_the_minimum(void **state)
{
    (void)state;
    piq_kt_set s = make_set(400, 7);
    piq_logistic_options o = *piq_logistic_option_defaults();
    o.threads = 1;
    piq_logistic m = must_fit(&s, &o, NULL), slow;
    assert_int_equal(piq_logistic_init(&slow, COLUMNS), PIQ_OK);
    memcpy(slow.mean, m.mean, COLUMNS * sizeof(double));
    memcpy(slow.sd, m.sd, COLUMNS * sizeof(double));
    double lowest = minimise_slowly(&s, &slow, o.l2);
    /* 1e-10 nats a row are left, and weights stand in their square root. */
    assert_true(fabs(slow_value(&s, &m, o.l2) - lowest) < 1e-6);
    for (size_t j = 0; j < COLUMNS; j++) {
        assert_true(fabs(m.weight[j] - slow.weight[j]) < 1e-3);
        assert_true(fabs(m.missing[j] - slow.missing[j]) < 1e-3);
    }
    assert_true(fabs(m.bias - slow.bias) < 1e-3);
    piq_logistic_release(&m);
    piq_logistic_release(&slow);
    free_set(&s);
}

static void test_logistic_fit__columns_are_standardised(void **state)
{
    (void)state;
    piq_kt_set s = make_set(3, 1);
    /* 1, 3, unknown: mean 2, sd 1. */
    s.x[0] = 1.0f;
    s.x[COLUMNS] = 3.0f;
    s.x[2 * COLUMNS] = NAN;
    piq_logistic_options o = *piq_logistic_option_defaults();
    piq_logistic m = must_fit(&s, &o, NULL);
    assert_true(m.mean[0] == 2.0);
    assert_true(m.sd[0] == 1.0);
    piq_logistic_release(&m);
    free_set(&s);
}

/* A part of the rows gives the curvature; the optimum is that of all. */
static void test_logistic_fit__many_rows_end_at_their_own_minimum(void **state)
{
    (void)state;
    piq_kt_set s = make_set(3000, 3);
    piq_logistic_options o = *piq_logistic_option_defaults();
    o.curvature_rows = 1500;
    piq_logistic m = must_fit(&s, &o, NULL);
    double here = slow_value(&s, &m, o.l2);
    for (size_t j = 0; j < COLUMNS; j += 1 + COLUMNS / 3)
        for (int sign = -1; sign <= 1; sign += 2) {
            m.weight[j] += sign * 0.02;
            assert_true(slow_value(&s, &m, o.l2) > here);
            m.weight[j] -= sign * 0.02;
        }
    piq_logistic_release(&m);
    free_set(&s);
}

static void test_logistic_fit__threads_change_no_bit(void **state)
{
    (void)state;
    piq_kt_set s = make_set(500, 9);
    piq_logistic_options o = *piq_logistic_option_defaults();
    o.threads = 1;
    piq_logistic one = must_fit(&s, &o, NULL);
    o.threads = 3;
    piq_logistic three = must_fit(&s, &o, NULL);
    assert_memory_equal(one.weight, three.weight, COLUMNS * sizeof(double));
    assert_memory_equal(one.missing, three.missing, COLUMNS * sizeof(double));
    assert_true(one.bias == three.bias);
    piq_logistic_release(&one);
    piq_logistic_release(&three);
    free_set(&s);
}

/* One row, one outcome, columns without a single number or all the same. */
static void test_logistic_fit__degenerate_data_stays_finite(void **state)
{
    (void)state;
    static const size_t sizes[] = {1, 2, 40};
    piq_logistic_options o = *piq_logistic_option_defaults();
    o.l2 = 0.01;
    for (size_t k = 0; k < 3; k++) {
        piq_kt_set s = make_set(sizes[k], k);
        for (size_t i = 0; i < s.n_rows; i++) {
            s.y[i] = 1.0f;
            s.x[i * COLUMNS] = i % 2 ? 7.0f : NAN;
            s.x[i * COLUMNS + COLUMNS - 1] = NAN;
        }
        piq_logistic m = must_fit(&s, &o, NULL);
        for (size_t j = 0; j < COLUMNS; j++)
            assert_true(isfinite(m.weight[j]) && isfinite(m.missing[j]) &&
                        isfinite(m.mean[j]) && m.sd[j] > 0.0);
        assert_true(isfinite(m.bias) && fabs(m.bias) < 50.0);
        piq_logistic_release(&m);
        free_set(&s);
    }
}

static bool stop_after_two(void *ctx, const piq_fit_round *r)
{
    double *losses = ctx;
    assert_string_equal(r->member, "lr");
    assert_in_range(r->round, 1, 2);
    losses[r->round] = r->train_loss;
    return r->round < 2;
}

static void test_logistic_fit__stops_when_told(void **state)
{
    (void)state;
    piq_kt_set s = make_set(500, 9);
    double losses[3] = {log(2.0), 0.0, 0.0};
    piq_fit_watch w = {stop_after_two, losses};
    piq_logistic m = must_fit(&s, piq_logistic_option_defaults(), &w);
    assert_true(losses[2] > 0.0);
    assert_true(losses[2] < losses[1] && losses[1] < losses[0]);
    piq_logistic_release(&m);
    free_set(&s);
}

static void test_logistic_fit__bad_options_are_refused(void **state)
{
    (void)state;
    piq_kt_set s = make_set(5, 9), none = {0};
    piq_logistic m;
    piq_err err;
    piq_logistic_options o = *piq_logistic_option_defaults();
    assert_int_equal(piq_logistic_fit(&none, &o, NULL, &m, &err), PIQ_EINVAL);
    o.curvature_rows = 0;
    assert_int_equal(piq_logistic_fit(&s, &o, NULL, &m, &err), PIQ_EINVAL);
    o = *piq_logistic_option_defaults();
    o.l2 = 0.0;
    assert_int_equal(piq_logistic_fit(&s, &o, NULL, &m, &err), PIQ_EINVAL);
    o = *piq_logistic_option_defaults();
    for (long k = 1; k <= 5; k++) {
        piq_alloc_fail_after(k, 0);
        assert_int_equal(piq_logistic_fit(&s, &o, NULL, &m, &err), PIQ_ENOMEM);
        piq_alloc_fail_after(0, 0);
    }
    free_set(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(
            test_logistic_fit__gradient_and_curvature_are_derivatives),
        cmocka_unit_test(test_logistic_fit__finds_the_minimum),
        cmocka_unit_test(test_logistic_fit__columns_are_standardised),
        cmocka_unit_test(test_logistic_fit__many_rows_end_at_their_own_minimum),
        cmocka_unit_test(test_logistic_fit__threads_change_no_bit),
        cmocka_unit_test(test_logistic_fit__degenerate_data_stays_finite),
        cmocka_unit_test(test_logistic_fit__stops_when_told),
        cmocka_unit_test(test_logistic_fit__bad_options_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
