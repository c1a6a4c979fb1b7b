/* Policies tried on simulated learners: short runs of the whole thing. */
#include "trial/trial.h"

#include "support/near.h"
#include "support/random_catalogue.h"
#include "trial/coverage.h"

#include <string.h>

static int load(void **state)
{
    *state = catalogue_from_file("content/poker.json");
    assert_non_null(*state);
    return 0;
}

static int unload(void **state)
{
    piq_catalogue_free(*state);
    return 0;
}

static piq_trial_options of(piq_trial_policy p, piq_trial_policy q)
{
    piq_trial_options o = {
        .seed = 3, .learners = 12, .earlier = 6, .sessions = 4, .slate = 5};
    o.wanted[p] = o.wanted[q] = true;
    return o;
}

static piq_trial_report run(piq_arena *a, const piq_catalogue *c,
                            const piq_trial_options *o)
{
    piq_trial_report r;
    piq_err err;
    piq_arena_init(a, (size_t)1 << 30);
    assert_int_equal(piq_trial_run(a, c, o, &r, &err), PIQ_OK);
    return r;
}

static void test_trial__same_seed_gives_the_same_report(void **state)
{
    piq_arena a, b;
    piq_trial_options o = of(PIQ_TRIAL_ENGINE, PIQ_TRIAL_RANDOM);
    piq_trial_report x = run(&a, *state, &o), y = run(&b, *state, &o);
    for (int p = 0; p < PIQ_N_TRIAL_POLICIES; p++) {
        if (!o.wanted[p]) {
            assert_null(x.arm[p].learners);
            continue;
        }
        assert_memory_equal(x.arm[p].learners, y.arm[p].learners,
                            o.learners * sizeof *x.arm[p].learners);
        assert_near(x.arm[p].gained_an_hour.low, y.arm[p].gained_an_hour.low,
                    0);
    }
    piq_arena_release(&a);
    piq_arena_release(&b);
}

/* An arm does not change with those beside it. */
static void test_trial__an_arm_stands_alone(void **state)
{
    piq_arena a, b;
    piq_trial_options both = of(PIQ_TRIAL_BEFORE, PIQ_TRIAL_POPULAR);
    piq_trial_options one = of(PIQ_TRIAL_POPULAR, PIQ_TRIAL_POPULAR);
    piq_trial_report x = run(&a, *state, &both), y = run(&b, *state, &one);
    assert_memory_equal(x.arm[PIQ_TRIAL_POPULAR].learners,
                        y.arm[PIQ_TRIAL_POPULAR].learners,
                        one.learners * sizeof *x.arm[0].learners);
    piq_arena_release(&a);
    piq_arena_release(&b);
}

static void test_trial__figures_are_those_of_the_learners(void **state)
{
    piq_arena a;
    piq_trial_options o = of(PIQ_TRIAL_BEFORE, PIQ_TRIAL_RANDOM);
    piq_trial_report r = run(&a, *state, &o);
    const piq_trial_arm *arm = &r.arm[PIQ_TRIAL_BEFORE];
    double gained = 0, minutes = 0, taken = 0, slates = 0;
    for (size_t i = 0; i < o.learners; i++) {
        const piq_trial_learner *l = &arm->learners[i];
        gained += l->gained;
        minutes += l->minutes;
        taken += l->taken;
        slates += l->slates;
        assert_true(l->finished <= l->taken && l->taken <= l->slates);
    }
    assert_near(arm->gained_an_hour.value, gained / (minutes / 60), 1e-12);
    assert_near(arm->accepted.value, taken / slates, 1e-12);
    assert_true(arm->accepted.low <= arm->accepted.value &&
                arm->accepted.value <= arm->accepted.high);
    piq_arena_release(&a);
}

static void test_trial__what_is_out_of_range_is_refused(void **state)
{
    piq_arena a;
    piq_err err;
    piq_trial_report r;
    piq_trial_options o = of(PIQ_TRIAL_BEFORE, PIQ_TRIAL_RANDOM);
    piq_arena_init(&a, 0);
    o.slate = 0;
    assert_int_equal(piq_trial_run(&a, *state, &o, &r, &err), PIQ_EINVAL);
    o.slate = 5;
    o.learners = 1;
    assert_int_equal(piq_trial_run(&a, *state, &o, &r, &err), PIQ_EINVAL);
    piq_arena_release(&a);
}

static void test_coverage__intervals_are_counted_against_the_truth(void **state)
{
    piq_arena a;
    piq_err err;
    piq_coverage_report r;
    piq_coverage_options o = {.seed = 2,
                              .repetitions = 4,
                              .learners = 30,
                              .sessions = 2,
                              .slate = 3,
                              .earlier = 10,
                              .confidence = .9};
    piq_arena_init(&a, (size_t)1 << 30);
    assert_int_equal(piq_coverage_run(&a, *state, &o, &r, &err), PIQ_OK);
    assert_true(r.truth > 0 && r.truth < 1);
    assert_true(r.truth_old > 0 && r.truth_old < 1);
    /* Of four repetitions: quarters. */
    const piq_coverage_held *held[] = {&r.ips, &r.snips, &r.dr, &r.difference};
    for (size_t i = 0; i < 4; i++) {
        const piq_coverage_held *h = held[i];
        assert_near(4 * h->covered, (int)(4 * h->covered + .5), 1e-12);
        assert_near(h->covered + h->above + h->below, 1, 1e-12);
        assert_true(h->half_width > 0);
    }
    assert_true(r.ess > 0 && r.rows > 30);
    assert_true(r.truth_se > 0 && r.truth_se < r.truth);
    assert_true(r.lived > 0 && r.lived < 1);
    piq_arena_release(&a);
}

/* Who is seldom drawn has a heavy weight. */
static void test_coverage__a_higher_floor_leaves_more_to_go_by(void **state)
{
    double share[2];
    for (int i = 0; i < 2; i++) {
        piq_arena a;
        piq_err err;
        piq_coverage_report r;
        piq_coverage_options o = {.seed = 3,
                                  .repetitions = 2,
                                  .learners = 60,
                                  .sessions = 2,
                                  .slate = 3,
                                  .earlier = 20,
                                  .floor = i ? .15 : 0,
                                  .confidence = .9};
        piq_arena_init(&a, (size_t)1 << 30);
        assert_int_equal(piq_coverage_run(&a, *state, &o, &r, &err), PIQ_OK);
        share[i] = r.ess / r.rows;
        o.floor = 1.5;
        assert_int_equal(piq_coverage_run(&a, *state, &o, &r, &err),
                         PIQ_EINVAL);
        piq_arena_release(&a);
    }
    assert_true(share[1] > 1.3 * share[0]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_trial__same_seed_gives_the_same_report),
        cmocka_unit_test(test_trial__an_arm_stands_alone),
        cmocka_unit_test(test_trial__figures_are_those_of_the_learners),
        cmocka_unit_test(test_trial__what_is_out_of_range_is_refused),
        cmocka_unit_test(
            test_coverage__intervals_are_counted_against_the_truth),
        cmocka_unit_test(test_coverage__a_higher_floor_leaves_more_to_go_by),
    };
    return cmocka_run_group_tests(tests, load, unload);
}
