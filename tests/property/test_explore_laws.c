/* Laws of exploring: chances sum to one, hold the floor, follow the values;
 * greedy in the limit; and a million draws come as often as stated. */
#include "recommend/explore.h"

#include "support/near.h"

enum { MOST = 20, ROUNDS = 2000, DRAWS = 1000000 };

typedef struct choice {
    piq_explore_rule rule;
    double mu[MOST], p[MOST];
    size_t n, n_safe;
} choice;

static choice any_choice(piq_rng *r)
{
    choice c = {.n = 1 + piq_rng_below(r, MOST)};
    c.rule.delta = piq_rng_uniform(r);
    c.rule.gamma = exp(10 * piq_rng_uniform(r) - 3);
    c.rule.floor = piq_rng_below(r, 2) ? .2 * piq_rng_uniform(r) : 0;
    for (size_t i = 0; i < c.n; i++)
        c.mu[i] = piq_rng_below(r, 4) ? piq_rng_uniform(r) : .5; /* ties */
    c.n_safe = piq_explore_chances(&c.rule, c.mu, c.n, c.p);
    return c;
}

static void test_explore__chances_are_a_distribution(void **state)
{
    (void)state;
    piq_rng r;
    piq_rng_seed(&r, 11);
    for (int k = 0; k < ROUNDS; k++) {
        choice c = any_choice(&r);
        double sum = 0, most = -1;
        size_t safe = 0;
        double least = fmin(c.rule.floor, 1. / (double)c.n_safe);
        for (size_t i = 0; i < c.n; i++)
            most = fmax(most, c.mu[i]);
        for (size_t i = 0; i < c.n; i++) {
            sum += c.p[i];
            safe += c.p[i] > 0;
            assert_true((c.p[i] > 0) == (most - c.mu[i] <= c.rule.delta));
            if (c.p[i] > 0)
                assert_true(c.p[i] >= least - 1e-15);
            for (size_t j = 0; j < c.n; j++)
                if (c.mu[i] > c.mu[j])
                    assert_true(c.p[i] >= c.p[j] - 1e-15);
        }
        assert_near(sum, 1, 1e-12);
        assert_int_equal(safe, c.n_safe);
    }
}

static void test_explore__is_greedy_in_the_limit(void **state)
{
    (void)state;
    piq_rng r;
    piq_rng_seed(&r, 12);
    for (int k = 0; k < ROUNDS; k++) {
        double mu[MOST], p[MOST];
        const piq_explore_rule greedy = {.delta = 2, .gamma = 1e15};
        const piq_explore_rule even = {.delta = 2, .gamma = 0};
        size_t best = 0;
        for (size_t i = 0; i < MOST; i++) {
            mu[i] = piq_rng_uniform(&r);
            if (mu[i] > mu[best])
                best = i;
        }
        piq_explore_chances(&greedy, mu, MOST, p);
        assert_true(p[best] > 1 - 1e-6);
        piq_explore_chances(&even, mu, MOST, p);
        for (size_t i = 0; i < MOST; i++)
            assert_near(p[i], 1. / MOST, 1e-12);
    }
}

/* |seen - p n| within four standard errors. */
static void check_share(size_t seen, double p)
{
    double error = sqrt(p * (1 - p) / DRAWS);
    assert_near((double)seen / DRAWS, p, 4 * error + 1e-12);
}

static void test_explore__draws_come_as_often_as_stated(void **state)
{
    (void)state;
    const double mu[] = {.3, .9, .85, .9, .2, .7, .6};
    const piq_explore_rule rule = {.delta = .5, .gamma = 15, .floor = .06};
    double p[7];
    size_t seen[7] = {0};
    piq_rng r;
    piq_rng_seed(&r, 13);
    piq_explore_chances(&rule, mu, 7, p);
    for (int k = 0; k < DRAWS; k++)
        seen[piq_explore_draw(p, 7, &r)]++;
    for (size_t i = 0; i < 7; i++)
        check_share(seen[i], p[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_explore__chances_are_a_distribution),
        cmocka_unit_test(test_explore__is_greedy_in_the_limit),
        cmocka_unit_test(test_explore__draws_come_as_often_as_stated),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
