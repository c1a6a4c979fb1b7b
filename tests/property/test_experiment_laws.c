/* Laws of the sequential test: looked at after every learner it is wrong no
 * more often than stated, whatever the outcomes' distribution and the arms'
 * shares; and it does find what is there. */
#include "recommend/experiment.h"

#include "base/rng.h"
#include "support/near.h"

enum { RUNS = 400, LEARNERS = 4000 };

typedef enum shape { COIN, UNIFORM, RARE, DRIFTING } shape;

/* Mean .5, .5, .02, and one that goes from .2 to .8. */
static double outcome(shape s, size_t i, piq_rng *r)
{
    double u = piq_rng_uniform(r);
    switch (s) {
    case COIN:
        return u < .5;
    case UNIFORM:
        return u;
    case RARE:
        return u < .02;
    case DRIFTING:
        return u < .2 + .6 * (double)i / LEARNERS;
    }
    return 0;
}

typedef struct tallied {
    size_t missed, found;
    size_t learners; /* until found, summed */
    double width;
} tallied;

/* `effect` is a share of treated zeros turned into ones. */
static tallied play(shape s, double share, double lift, uint64_t seed)
{
    tallied t = {0};
    piq_rng r;
    piq_rng_seed(&r, seed);
    for (size_t run = 0; run < RUNS; run++) {
        piq_effect e;
        bool missed = false, found = false;
        assert_int_equal(piq_effect_init(&e, share, .05), PIQ_OK);
        for (size_t i = 0; i < LEARNERS; i++) {
            bool treated = piq_rng_uniform(&r) < share;
            double y = outcome(s, i, &r);
            if (treated && y < .5 && piq_rng_uniform(&r) < lift)
                y = 1;
            assert_int_equal(piq_effect_add(&e, treated, y), PIQ_OK);
            /* Only coins have a known effect when lifted: half of the lift. */
            missed |= e.low > lift / 2 || e.high < lift / 2;
            t.learners += !found;
            found |= e.low > 0 || e.high < 0;
        }
        t.missed += missed;
        t.found += found;
        t.width += e.high - e.low;
    }
    return t;
}

static void test_effect__looking_all_the_time_does_not_fool_it(void **state)
{
    (void)state;
    static const struct {
        shape s;
        double share;
    } cases[] = {{COIN, .5},     {UNIFORM, .5}, {RARE, .5},
                 {DRIFTING, .5}, {COIN, .1},    {RARE, .9}};
    for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
        tallied t = play(cases[k].s, cases[k].share, 0, 31 + k);
        /* At most 5 %: 20 of 400. */
        assert_true(t.missed <= RUNS / 20);
        assert_int_equal(t.missed, t.found);
    }
}

static void test_effect__the_interval_holds_a_real_effect(void **state)
{
    (void)state;
    tallied t = play(COIN, .5, .2, 41); /* .5 against .6 */
    assert_true(t.missed <= RUNS / 20);
    assert_true(t.found >= RUNS * 9 / 10);
    print_message("effect .1 on .5: found in %zu of %d runs, after %zu "
                  "learners in the mean\n",
                  t.found, RUNS, t.learners / RUNS);
}

/* A fixed sample of n at 95 % has the width 2 * 1.96 * 2 sd / sqrt(n). */
static void test_effect__intervals_are_not_much_wider_than_needed(void **state)
{
    (void)state;
    tallied t = play(COIN, .5, 0, 51);
    double fixed = 4 * 1.96 * .5 / sqrt(LEARNERS);
    assert_true(t.width / RUNS < 2 * fixed);
    tallied rare = play(RARE, .5, 0, 52);
    assert_true(rare.width < t.width / 2); /* less variance, less width */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_effect__looking_all_the_time_does_not_fool_it),
        cmocka_unit_test(test_effect__the_interval_holds_a_real_effect),
        cmocka_unit_test(test_effect__intervals_are_not_much_wider_than_needed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
