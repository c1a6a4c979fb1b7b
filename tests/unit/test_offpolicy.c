#include "train/offpolicy.h"

#include "support/near.h"
#include "support/policy_world.h"

#include <string.h>

/* A constant: the reward model is the mean of the other folds. */
static void constant(const void *ctx, size_t row, uint32_t action, double *x)
{
    (void)ctx;
    (void)row;
    (void)action;
    x[0] = 1;
}

static piq_offpolicy_report evaluate(const piq_offpolicy_log *log,
                                     const piq_offpolicy_options *o)
{
    piq_arena a;
    piq_err err = {0};
    piq_offpolicy_report r;
    piq_arena_init(&a, 0);
    if (piq_offpolicy(&a, log, o, &r, &err))
        fail_msg("%s", err.message);
    piq_arena_release(&a);
    return r;
}

static void test_offpolicy__weighs_as_worked_by_hand(void **state)
{
    (void)state;
    /* Two actions. Shown: 0 at chance .5 (target .8: w 1.6), 1 at .25 (.2: w
     * .8), 0 at .8 (.8: w 1), 1 at .008 (.2: w 25). Rewards 1 0 1 0. */
    const double target[] = {.8, .2};
    const piq_offpolicy_row rows[] = {{1, .5, target, 2, 0},
                                      {0, .25, target, 2, 1},
                                      {1, .8, target, 2, 0},
                                      {0, .008, target, 2, 1}};
    const piq_offpolicy_log log = {
        .rows = rows, .n = 4, .width = 1, .features = constant};
    piq_offpolicy_options o = *piq_offpolicy_defaults();
    o.folds = 2;
    piq_offpolicy_report r = evaluate(&log, &o);
    /* sum w 28.4, of w r 2.6 */
    assert_near(r.ips, 2.6 / 4, 1e-12);
    assert_near(r.snips, 2.6 / 28.4, 1e-12);
    assert_near(r.ess, 28.4 * 28.4 / (2.56 + .64 + 1 + 625), 1e-9);
    assert_near(r.max_weight, 25, 1e-12);
    assert_near(r.logged, .5, 1e-12);
    assert_int_equal(r.n_clipped, 1);
    assert_int_equal(r.verdict, PIQ_OFFPOLICY_NO_VERDICT);
}

static void test_offpolicy__the_logged_policy_earns_what_it_earned(void **state)
{
    (void)state;
    piq_arena a;
    piq_arena_init(&a, 0);
    policy_world w;
    policy_world_make(&w, 1, -1, false);
    w.sharp_target = w.sharp_logged; /* the same policy */
    policy_log l = policy_world_log(&w, &a, 1000, 1);
    piq_offpolicy_report r = evaluate(&l.log, piq_offpolicy_defaults());
    assert_near(r.ips, r.logged, 1e-9);
    assert_near(r.snips, r.logged, 1e-9);
    assert_near(r.ess, 1000, 1e-6);
    assert_near(r.max_weight, 1, 1e-9);
    assert_near(r.dr, r.logged, .01);
    assert_true(r.ci[0] < r.dr && r.dr < r.ci[1]);
    assert_int_equal(r.verdict, PIQ_OFFPOLICY_OPEN);
    piq_arena_release(&a);
}

/* A made-up world's own difference is found, and its sign. */
static void test_offpolicy__tells_better_from_worse(void **state)
{
    (void)state;
    piq_arena a;
    piq_arena_init(&a, 0);
    policy_world w;
    policy_world_make(&w, 2, -1, false);
    policy_log l = policy_world_log(&w, &a, 8000, 1);
    piq_offpolicy_report r = evaluate(&l.log, piq_offpolicy_defaults());
    double truth = policy_world_truth(&w, 100000, 9);
    assert_near(r.dr, truth, .03);
    assert_near(r.difference, r.dr - r.logged, 1e-12);
    assert_int_equal(r.verdict, PIQ_OFFPOLICY_BETTER);
    w.sharp_target = -1;
    l = policy_world_log(&w, &a, 8000, 1);
    r = evaluate(&l.log, piq_offpolicy_defaults());
    assert_int_equal(r.verdict, PIQ_OFFPOLICY_WORSE);
    assert_true(r.difference_ci[1] < 0);
    piq_arena_release(&a);
}

static void test_offpolicy__same_seed_same_bits(void **state)
{
    (void)state;
    piq_arena a;
    piq_arena_init(&a, 0);
    policy_world w;
    policy_world_make(&w, 3, -1, true);
    policy_log l = policy_world_log(&w, &a, 500, 1);
    piq_offpolicy_options o = *piq_offpolicy_defaults();
    piq_offpolicy_report p = evaluate(&l.log, &o), q = evaluate(&l.log, &o);
    assert_memory_equal(&p, &q, sizeof p);
    o.seed++;
    q = evaluate(&l.log, &o);
    assert_near(p.ips, q.ips, 0); /* nothing of these is drawn */
    assert_near(p.ess, q.ess, 0);
    assert_true(p.dr != q.dr);
    piq_arena_release(&a);
}

static void test_offpolicy__refuses_rows_out_of_range(void **state)
{
    (void)state;
    const double target[] = {.8, .2}, short_target[] = {.8, .1},
                 negative[] = {1.2, -.2};
    const piq_offpolicy_row good = {1, .5, target, 2, 0};
    piq_offpolicy_row bad[] = {good, good, good, good, good, good, good};
    bad[0].reward = 1.5;
    bad[1].reward = NAN;
    bad[2].propensity = 0;
    bad[3].propensity = 1.1;
    bad[4].target = short_target;
    bad[5].target = negative;
    bad[6].action = 2;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        const piq_offpolicy_row rows[] = {good, bad[i]};
        const piq_offpolicy_log log = {
            .rows = rows, .n = 2, .width = 1, .features = constant};
        piq_arena a;
        piq_err err = {0};
        piq_offpolicy_report r = {.n = 77};
        piq_arena_init(&a, 0);
        assert_int_equal(
            piq_offpolicy(&a, &log, piq_offpolicy_defaults(), &r, &err),
            PIQ_EINVAL);
        assert_non_null(strstr(err.message, "row 2"));
        assert_int_equal(r.n, 77);
        piq_arena_release(&a);
    }
}

static void test_offpolicy__refuses_chances_that_cannot_be(void **state)
{
    (void)state;
    const double target[] = {.8, .2};
    const piq_offpolicy_row row = {1, .5, target, 2, 0};
    const double wrong[][2] = {{.5, .4}, {.6, .4}, {1.5, -.5}};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        const double *logged[] = {wrong[i]};
        const piq_offpolicy_log log = {.rows = &row,
                                       .n = 1,
                                       .logged = logged,
                                       .width = 1,
                                       .features = constant};
        piq_arena a;
        piq_err err = {0};
        piq_offpolicy_report r;
        piq_arena_init(&a, 0);
        assert_int_equal(
            piq_offpolicy(&a, &log, piq_offpolicy_defaults(), &r, &err),
            PIQ_EINVAL);
        assert_non_null(strstr(err.message, "row 1"));
        piq_arena_release(&a);
    }
}

/* The chances of what was not shown move the intervals and nothing else. */
static void test_offpolicy__chances_change_intervals_alone(void **state)
{
    (void)state;
    piq_arena a;
    piq_arena_init(&a, 0);
    policy_world w;
    policy_world_make(&w, 4, -1, true);
    policy_log l = policy_world_log(&w, &a, 1000, 1);
    piq_offpolicy_report p = evaluate(&l.log, piq_offpolicy_defaults());
    l.log.logged = NULL;
    piq_offpolicy_report q = evaluate(&l.log, piq_offpolicy_defaults());
    assert_true(p.ips == q.ips && p.snips == q.snips && p.dr == q.dr &&
                p.dm == q.dm && p.ess == q.ess);
    assert_true(p.ci[0] != q.ci[0] && p.ips_ci[1] != q.ips_ci[1]);
    assert_int_equal(p.n_groups, 1000);
    piq_arena_release(&a);
}

/* Two actions at .99 and .01, the new policy the other way: (.01^2 / .99 +
 * .99^2 / .01) = 98.01 a row. A log that shows the first one only looks
 * perfect. */
static void test_offpolicy__a_log_without_heavy_rows_gets_no_verdict(void **s)
{
    (void)s;
    enum { N = 1000 };
    static piq_offpolicy_row rows[N];
    static const double *logged[N];
    const double target[] = {.01, .99}, chance[] = {.99, .01};
    for (size_t i = 0; i < N; i++) {
        rows[i] = (piq_offpolicy_row){(double)(i % 2), .99, target, 2, 0};
        logged[i] = chance;
    }
    piq_offpolicy_log log = {
        .rows = rows, .n = N, .width = 1, .features = constant};
    piq_offpolicy_report r = evaluate(&log, piq_offpolicy_defaults());
    assert_near(r.ess, N, 1e-6);
    assert_near(r.ess_by_chance, r.ess, 0);
    assert_int_not_equal(r.verdict, PIQ_OFFPOLICY_NO_VERDICT);
    log.logged = logged;
    r = evaluate(&log, piq_offpolicy_defaults());
    assert_near(r.ess, N, 1e-6);
    assert_near(r.ess_by_chance, N / (.0001 / .99 + .9801 / .01), 1e-6);
    assert_int_equal(r.verdict, PIQ_OFFPOLICY_NO_VERDICT);
}

/* Rows of a learner are left out of the fit together. */
static void test_offpolicy__a_learner_does_not_judge_themselves(void **state)
{
    (void)state;
    enum { N = 400 };
    static piq_offpolicy_row rows[N];
    static uint32_t group[N];
    const double target[] = {1};
    for (uint32_t i = 0; i < N; i++) {
        rows[i] = (piq_offpolicy_row){i < 300, 1, target, 1, 0};
        group[i] = i < 300;
    }
    piq_offpolicy_log log = {
        .rows = rows, .n = N, .group = group, .width = 1, .features = constant};
    piq_offpolicy_options o = *piq_offpolicy_defaults();
    o.folds = 2;
    piq_offpolicy_report r = evaluate(&log, &o);
    assert_int_equal(r.n_groups, 2);
    /* 300 rows of a learner who is always rewarded, 100 of one who never is:
     * of each the other says the opposite, 100 / 400. Among all rows .75. */
    assert_near(r.dm, .25, .01);
    log.group = NULL;
    assert_near(evaluate(&log, &o).dm, .75, .01);
}

static void test_offpolicy__refuses_options_out_of_range(void **state)
{
    (void)state;
    const double target[] = {1};
    const piq_offpolicy_row row = {1, .5, target, 1, 0};
    piq_offpolicy_log log = {
        .rows = &row, .n = 1, .width = 1, .features = constant};
    piq_offpolicy_options bad[6];
    for (size_t i = 0; i < 6; i++)
        bad[i] = *piq_offpolicy_defaults();
    bad[0].clip = .5;
    bad[1].confidence = 1;
    bad[2].folds = 1;
    bad[3].resamples = 0;
    bad[4].l2 = 0;
    piq_arena a;
    piq_offpolicy_report r;
    piq_arena_init(&a, 0);
    for (size_t i = 0; i < 5; i++)
        assert_int_equal(piq_offpolicy(&a, &log, &bad[i], &r, NULL),
                         PIQ_EINVAL);
    log.n = 0;
    assert_int_equal(piq_offpolicy(&a, &log, &bad[5], &r, NULL), PIQ_EINVAL);
    piq_arena_release(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_offpolicy__weighs_as_worked_by_hand),
        cmocka_unit_test(
            test_offpolicy__the_logged_policy_earns_what_it_earned),
        cmocka_unit_test(test_offpolicy__tells_better_from_worse),
        cmocka_unit_test(test_offpolicy__same_seed_same_bits),
        cmocka_unit_test(test_offpolicy__refuses_rows_out_of_range),
        cmocka_unit_test(test_offpolicy__refuses_chances_that_cannot_be),
        cmocka_unit_test(test_offpolicy__chances_change_intervals_alone),
        cmocka_unit_test(
            test_offpolicy__a_log_without_heavy_rows_gets_no_verdict),
        cmocka_unit_test(test_offpolicy__a_learner_does_not_judge_themselves),
        cmocka_unit_test(test_offpolicy__refuses_options_out_of_range),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
