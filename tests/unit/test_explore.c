#include "recommend/explore.h"

#include "support/near.h"

static void test_explore__chances_are_the_formula(void **state)
{
    (void)state;
    /* |C| = 3 (the fourth is .5 behind, delta .3); gamma 10.
     * gaps .1 and .2: 1/(3+1) = .25, 1/(3+2) = .2; the best keeps .55. */
    const double mu[] = {.7, .8, .6, .3};
    const piq_explore_rule rule = {.delta = .3, .gamma = 10};
    double p[4];
    assert_int_equal(piq_explore_chances(&rule, mu, 4, p), 3);
    assert_near(p[0], .25, 1e-12);
    assert_near(p[1], .55, 1e-12);
    assert_near(p[2], .2, 1e-12);
    assert_near(p[3], 0, 0);
}

static void test_explore__floor_lifts_the_others_at_the_bests_cost(void **state)
{
    (void)state;
    const double mu[] = {.7, .8, .6, .3};
    const piq_explore_rule rule = {.delta = .3, .gamma = 10, .floor = .22};
    /* A floor that three cannot have is 1/3 each. */
    const piq_explore_rule high = {.delta = .3, .gamma = 10, .floor = .9};
    double p[4];
    piq_explore_chances(&rule, mu, 4, p);
    assert_near(p[0], .25, 1e-12);
    assert_near(p[1], .53, 1e-12);
    assert_near(p[2], .22, 1e-12);
    piq_explore_chances(&high, mu, 4, p);
    for (size_t i = 0; i < 3; i++)
        assert_near(p[i], 1. / 3, 1e-12);
}

static void test_explore__nobody_is_safe_among_none(void **state)
{
    (void)state;
    const double mu[] = {NAN, -INFINITY, INFINITY, .5};
    const piq_explore_rule rule = {.delta = INFINITY, .gamma = 1};
    double p[4];
    assert_int_equal(piq_explore_chances(&rule, mu, 0, p), 0);
    assert_int_equal(piq_explore_chances(&rule, mu, 3, p), 0);
    assert_int_equal(piq_explore_chances(&rule, mu, 4, p), 1);
    assert_near(p[3], 1, 0);
    assert_near(p[2], 0, 0);
}

static void test_explore__draws_never_what_has_no_chance(void **state)
{
    (void)state;
    const double p[] = {0, .5, 0, .5, 0};
    piq_rng r;
    piq_rng_seed(&r, 3);
    for (int i = 0; i < 10000; i++)
        assert_true(p[piq_explore_draw(p, 5, &r)] > 0);
}

static void test_explore__the_second_slot_explores(void **state)
{
    (void)state;
    assert_int_equal(piq_explore_slot(1), 0);
    assert_int_equal(piq_explore_slot(2), 1);
    assert_int_equal(piq_explore_slot(10), 1);
}

/* ---- slates -------------------------------------------------------------- */

/* Values; items of the same group may not stand together. */
typedef struct shelf {
    const double *value;
    const int *group;
    size_t n;
} shelf;

static double shelf_value(void *ctx, uint32_t i, const uint32_t *chosen,
                          size_t n_chosen)
{
    const shelf *s = ctx;
    for (size_t k = 0; k < n_chosen; k++)
        if (s->group[chosen[k]] == s->group[i])
            return -INFINITY;
    return s->value[i];
}

static uint32_t shelf_next(void *ctx, const uint32_t *chosen, size_t n_chosen)
{
    const shelf *s = ctx;
    uint32_t best = PIQ_EXPLORE_NONE;
    double most = -INFINITY;
    for (uint32_t i = 0; i < s->n; i++) {
        bool taken = false;
        for (size_t k = 0; k < n_chosen; k++)
            taken |= chosen[k] == i;
        double v = taken ? -INFINITY : shelf_value(ctx, i, chosen, n_chosen);
        if (v > most) {
            most = v;
            best = i;
        }
    }
    return best;
}

static void test_explore__later_places_follow_what_was_explored(void **state)
{
    (void)state;
    /* 0 is first. At the second place 1 (.8), 2 (.7) and 3 (.6) are safe;
     * 1 and 2 exclude each other, so the third place is 3, 3 and 1. gamma 10,
     * |C| = 3: p(2) = 1/(3+1) = .25, p(3) = 1/(3+2) = .2, p(1) = .55. */
    const double value[] = {.9, .8, .7, .6, .2};
    const int group[] = {0, 1, 1, 2, 3};
    shelf s = {value, group, 5};
    const piq_explore_rule rule = {.delta = .25, .gamma = 10};
    piq_explore_slate slate = {
        .n = 5, .limit = 3, .ctx = &s, .value = shelf_value};
    for (int fast = 0; fast < 2; fast++) {
        piq_explore_plan p;
        slate.next = fast ? shelf_next : NULL;
        piq_explore_plan_make(&slate, &rule, piq_explore_slot(3), &p);
        assert_int_equal(p.n, 3);
        assert_int_equal(p.slot, 1);
        assert_near(piq_explore_plan_chance(&p, 0, 0), 1, 1e-12);
        assert_near(piq_explore_plan_chance(&p, 1, 1), .55, 1e-12);
        assert_near(piq_explore_plan_chance(&p, 2, 1), .25, 1e-12);
        assert_near(piq_explore_plan_chance(&p, 3, 1), .2, 1e-12);
        assert_near(piq_explore_plan_chance(&p, 3, 2), .8, 1e-12);
        assert_near(piq_explore_plan_chance(&p, 1, 2), .2, 1e-12);
        assert_near(piq_explore_plan_chance(&p, 4, 2), 0, 0);
        assert_near(piq_explore_plan_chance(&p, 4, 7), 0, 0);
    }
}

static void test_explore__short_shelves_give_short_slates(void **state)
{
    (void)state;
    const double value[] = {.9, .8};
    const int apart[] = {0, 1}, together[] = {0, 0};
    const piq_explore_rule rule = {.delta = 1, .gamma = 10};
    shelf s = {value, together, 2};
    piq_explore_slate slate = {
        .n = 2, .limit = 4, .ctx = &s, .value = shelf_value};
    piq_explore_plan p;
    piq_explore_plan_make(&slate, &rule, 1, &p);
    assert_int_equal(p.n, 1); /* nothing may stand second */
    assert_int_equal(p.n_shown[0], 1);
    assert_int_equal(p.candidate[0], PIQ_EXPLORE_NONE);
    assert_near(p.chance[0], 1, 0);
    s.group = apart;
    piq_explore_plan_make(&slate, &rule, 1, &p);
    assert_int_equal(p.n, 1);
    assert_int_equal(p.n_shown[0], 2);
    slate.n = 0;
    piq_explore_plan_make(&slate, &rule, 1, &p);
    assert_int_equal(p.n, 1);
    assert_int_equal(p.n_shown[0], 0);
    assert_int_equal(piq_explore_plan_draw(&p, 1), 0);
}

static void test_explore__keeps_the_best_of_too_many(void **state)
{
    (void)state;
    enum { N = 100 };
    double value[N];
    int group[N];
    for (int i = 0; i < N; i++) {
        value[i] = .5 + .001 * ((i * 37) % N);
        group[i] = i;
    }
    const piq_explore_rule rule = {.delta = 1, .gamma = 0};
    shelf s = {value, group, N};
    piq_explore_slate slate = {
        .n = N, .limit = 2, .ctx = &s, .value = shelf_value};
    piq_explore_plan p;
    piq_explore_plan_make(&slate, &rule, 1, &p);
    assert_int_equal(p.n, PIQ_EXPLORE_MAX);
    for (size_t k = 0; k < p.n; k++) {
        /* the best, .599, is first in the slate; then .598, .597, .. */
        assert_near(p.mu[k], .598 - .001 * (double)k, 1e-12);
        assert_near(p.chance[k], 1. / PIQ_EXPLORE_MAX, 1e-12);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_explore__chances_are_the_formula),
        cmocka_unit_test(
            test_explore__floor_lifts_the_others_at_the_bests_cost),
        cmocka_unit_test(test_explore__nobody_is_safe_among_none),
        cmocka_unit_test(test_explore__draws_never_what_has_no_chance),
        cmocka_unit_test(test_explore__the_second_slot_explores),
        cmocka_unit_test(test_explore__later_places_follow_what_was_explored),
        cmocka_unit_test(test_explore__short_shelves_give_short_slates),
        cmocka_unit_test(test_explore__keeps_the_best_of_too_many),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
