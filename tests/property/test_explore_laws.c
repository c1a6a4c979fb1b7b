/* Laws of exploring: chances sum to one, hold the floor, follow the values;
 * greedy in the limit; a seed says everything; and what is said of a slate is
 * what a million draws show. */
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

/* ---- slates with variety ------------------------------------------------- */

enum { ITEMS = 14, TOPICS = 4, SHOWN = 5 };

typedef struct shop {
    double score[ITEMS], topic[ITEMS][TOPICS];
} shop;

/* Maximal marginal relevance; at most two mainly of one topic. */
static double mmr(void *ctx, uint32_t i, const uint32_t *chosen,
                  size_t n_chosen)
{
    const shop *s = ctx;
    double closest = 0;
    size_t same = 0;
    for (size_t k = 0; k < n_chosen; k++) {
        double dot = 0;
        for (size_t t = 0; t < TOPICS; t++)
            dot += s->topic[i][t] * s->topic[chosen[k]][t];
        closest = fmax(closest, dot);
        same += chosen[k] % TOPICS == i % TOPICS;
    }
    return same >= 2 ? -INFINITY : s->score[i] - .4 * closest;
}

static shop any_shop(piq_rng *r)
{
    shop s;
    for (size_t i = 0; i < ITEMS; i++) {
        double length = 0;
        s.score[i] = piq_rng_uniform(r);
        for (size_t t = 0; t < TOPICS; t++) {
            s.topic[i][t] = piq_rng_uniform(r);
            length += s.topic[i][t] * s.topic[i][t];
        }
        for (size_t t = 0; t < TOPICS; t++)
            s.topic[i][t] /= sqrt(length);
    }
    return s;
}

static piq_explore_plan any_plan(piq_rng *r, shop *s, size_t slot)
{
    const piq_explore_rule rule = {.delta = .5, .gamma = 8, .floor = .01};
    *s = any_shop(r);
    const piq_explore_slate slate = {
        .n = ITEMS, .limit = SHOWN, .ctx = s, .value = mmr};
    piq_explore_plan p;
    piq_explore_plan_make(&slate, &rule, slot, &p);
    return p;
}

static void test_explore__one_item_stands_at_each_position(void **state)
{
    (void)state;
    piq_rng r;
    shop s;
    piq_rng_seed(&r, 14);
    for (int k = 0; k < 300; k++) {
        piq_explore_plan p = any_plan(&r, &s, piq_rng_below(&r, SHOWN));
        for (size_t at = 0; at < SHOWN; at++) {
            double sum = 0, filled = 0;
            for (uint32_t i = 0; i < ITEMS; i++)
                sum += piq_explore_plan_chance(&p, i, at);
            for (size_t c = 0; c < p.n; c++)
                filled += p.n_shown[c] > at ? p.chance[c] : 0;
            assert_near(sum, filled, 1e-12);
        }
        for (size_t c = 0; c < p.n; c++)
            for (size_t i = 0; i < p.n_shown[c]; i++)
                for (size_t j = 0; j < i; j++)
                    assert_true(p.shown[c][i] != p.shown[c][j]);
    }
}

/* Each place but the explored one is the greedy choice after those before. */
static void test_explore__the_other_places_are_greedy(void **state)
{
    (void)state;
    piq_rng r;
    shop s;
    piq_rng_seed(&r, 15);
    for (int k = 0; k < 100; k++) {
        piq_explore_plan p = any_plan(&r, &s, 1);
        for (size_t c = 0; c < p.n; c++)
            for (size_t at = 0; at < p.n_shown[c]; at++) {
                double mine = mmr(&s, p.shown[c][at], p.shown[c], at);
                for (uint32_t i = 0; at != 1 && i < ITEMS; i++) {
                    bool taken = false;
                    for (size_t j = 0; j < at; j++)
                        taken |= p.shown[c][j] == i;
                    if (!taken)
                        assert_true(mmr(&s, i, p.shown[c], at) <= mine);
                }
            }
    }
}

static void test_explore__slates_come_as_often_as_stated(void **state)
{
    (void)state;
    piq_rng r;
    shop s;
    piq_rng_seed(&r, 16);
    for (size_t slot = 0; slot < 3; slot += 2) {
        piq_explore_plan p = any_plan(&r, &s, slot);
        size_t seen[ITEMS][SHOWN] = {{0}}, n_moving = 0;
        for (uint64_t k = 0; k < DRAWS; k++) {
            size_t c = piq_explore_plan_draw(&p, k);
            for (size_t at = 0; at < p.n_shown[c]; at++)
                seen[p.shown[c][at]][at]++;
        }
        for (uint32_t i = 0; i < ITEMS; i++)
            for (size_t at = 0; at < SHOWN; at++) {
                double chance = piq_explore_plan_chance(&p, i, at);
                check_share(seen[i][at], chance);
                n_moving += at > slot && chance > 0 && chance < .999;
            }
        assert_true(n_moving > 4); /* later places do depend on it */
    }
}

static void test_explore__same_seed_same_slate(void **state)
{
    (void)state;
    piq_rng a, b;
    shop s, t;
    piq_rng_seed(&a, 17);
    piq_rng_seed(&b, 17);
    size_t different = 0;
    for (uint64_t k = 0; k < 200; k++) {
        piq_explore_plan p = any_plan(&a, &s, 1), q = any_plan(&b, &t, 1);
        assert_memory_equal(&p, &q, sizeof p);
        assert_int_equal(piq_explore_plan_draw(&p, k),
                         piq_explore_plan_draw(&q, k));
        different +=
            piq_explore_plan_draw(&p, k) != piq_explore_plan_draw(&p, k + 1);
    }
    assert_true(different > 20);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_explore__chances_are_a_distribution),
        cmocka_unit_test(test_explore__is_greedy_in_the_limit),
        cmocka_unit_test(test_explore__draws_come_as_often_as_stated),
        cmocka_unit_test(test_explore__one_item_stands_at_each_position),
        cmocka_unit_test(test_explore__the_other_places_are_greedy),
        cmocka_unit_test(test_explore__slates_come_as_often_as_stated),
        cmocka_unit_test(test_explore__same_seed_same_slate),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
