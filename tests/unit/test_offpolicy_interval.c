#include "train/offpolicy_interval.h"

#include "base/rng.h"
#include "support/near.h"

#include <math.h>
#include <stdbool.h>
#include <string.h>

enum { MAX_ROWS = 4000 };

/* A log of one action a row, always shown: what is estimated is the mean. */
typedef struct sample {
    piq_offpolicy_row rows[MAX_ROWS];
    double direct[MAX_ROWS], shown[MAX_ROWS];
    uint32_t group[MAX_ROWS];
    size_t n;
} sample;

static const double CERTAIN[] = {1};

static void add(sample *s, double reward, uint32_t group)
{
    s->rows[s->n] = (piq_offpolicy_row){
        .reward = reward, .propensity = 1, .target = CERTAIN, .n_actions = 1};
    s->group[s->n++] = group;
}

static void estimate(const piq_estimate_rows *rows, const uint32_t *group,
                     uint64_t seed, piq_estimate *out)
{
    piq_arena a;
    piq_row_groups groups;
    piq_estimate_rows with = *rows;
    piq_offpolicy_options o = *piq_offpolicy_defaults();
    o.confidence = .9;
    o.resamples = 1000;
    o.seed = seed;
    piq_arena_init(&a, 0);
    assert_int_equal(piq_row_groups_make(&a, group, rows->log->n, &groups),
                     PIQ_OK);
    with.groups = &groups;
    assert_int_equal(piq_estimate_intervals(&a, &with, &o, out), PIQ_OK);
    piq_arena_release(&a);
}

/* Of the mean of rewards. */
static piq_estimate mean_of(const sample *s, const uint32_t *group,
                            uint64_t seed)
{
    const piq_offpolicy_log log = {.rows = s->rows, .n = s->n};
    const piq_estimate_rows rows = {
        .log = &log, .direct = s->direct, .shown = s->shown};
    piq_estimate e[PIQ_N_ESTIMATES];
    estimate(&rows, group, seed, e);
    return e[PIQ_ESTIMATE_IPS];
}

static void test_interval__equal_rewards_leave_no_doubt(void **state)
{
    (void)state;
    static sample s;
    s.n = 0;
    for (int i = 0; i < 3; i++)
        add(&s, .5, 0);
    piq_estimate e = mean_of(&s, NULL, 1);
    assert_near(e.value, .5, 0);
    assert_near(e.low, .5, 0);
    assert_near(e.high, .5, 0);
}

static void test_interval__is_the_normal_one_of_many_rewards(void **state)
{
    (void)state;
    static sample s;
    double mean = 0, squares = 0;
    piq_rng r;
    piq_rng_seed(&r, 5);
    s.n = 0;
    for (size_t i = 0; i < MAX_ROWS; i++) {
        add(&s, piq_rng_uniform(&r), 0);
        mean += s.rows[i].reward / MAX_ROWS;
    }
    for (size_t i = 0; i < MAX_ROWS; i++)
        squares += (s.rows[i].reward - mean) * (s.rows[i].reward - mean);
    double se = sqrt(squares) / MAX_ROWS;
    piq_estimate e = mean_of(&s, NULL, 2);
    /* 1.645 standard errors; a quantile of 1,000 resamples is known to about
     * .07 of one (sqrt(.05 * .95 / 1000) / density .103). */
    assert_near(e.value, mean, 1e-12);
    assert_near(e.low, mean - 1.645 * se, .25 * se);
    assert_near(e.high, mean + 1.645 * se, .25 * se);
}

static void test_interval__leans_to_where_the_tail_is(void **state)
{
    (void)state;
    static sample s;
    s.n = 0;
    for (int i = 0; i < 200; i++)
        add(&s, i < 8 ? 1 : 0, 0);
    piq_estimate e = mean_of(&s, NULL, 3);
    assert_true(e.high - e.value > 1.3 * (e.value - e.low));
}

/* Four times the same row of each learner say what one says. As rows by
 * themselves they would seem to say twice as much. */
static void test_interval__whole_learners_are_drawn(void **state)
{
    (void)state;
    static sample once, often;
    piq_rng r;
    piq_rng_seed(&r, 6);
    once.n = often.n = 0;
    for (uint32_t i = 0; i < 500; i++) {
        double reward = piq_rng_uniform(&r);
        add(&once, reward, i);
        for (int k = 0; k < 4; k++)
            add(&often, reward, i);
    }
    piq_estimate a = mean_of(&once, NULL, 4);
    piq_estimate b = mean_of(&often, often.group, 4);
    piq_estimate c = mean_of(&often, NULL, 4);
    assert_near(b.low, a.low, 1e-9);
    assert_near(b.high, a.high, 1e-9);
    assert_near((b.high - b.low) / (c.high - c.low), 2, .2);
}

static void test_interval__does_not_leave_what_rewards_can_be(void **state)
{
    (void)state;
    static sample s;
    s.n = 0;
    add(&s, 1, 0);
    add(&s, 0, 0);
    add(&s, 1, 0);
    piq_estimate e = mean_of(&s, NULL, 1);
    assert_near(e.low, 0, 0);
    assert_near(e.high, 1, 0);
}

static void test_interval__same_seed_same_bits(void **state)
{
    (void)state;
    static sample s;
    s.n = 0;
    for (int i = 0; i < 50; i++)
        add(&s, i % 7 / 7.0, 0);
    piq_estimate a = mean_of(&s, NULL, 7), b = mean_of(&s, NULL, 7);
    piq_estimate c = mean_of(&s, NULL, 8);
    assert_memory_equal(&a, &b, sizeof a);
    assert_true(c.low != a.low || c.high != a.high);
}

/* Two actions; the new policy always shows the second. It is shown with a
 * chance of .1, in every tenth row of .01, and all earn .2. This log has of the
 * former 360 and 72 of them rewarded, as is to be expected; of the latter four
 * and none, which happens to four logs of ten. */
typedef struct rare_log {
    piq_offpolicy_row rows[MAX_ROWS];
    double direct[MAX_ROWS], shown[MAX_ROWS], guess[2 * MAX_ROWS];
    const double *logged[MAX_ROWS];
} rare_log;

static void make_rare(rare_log *l)
{
    static const double often[] = {.9, .1}, rarely[] = {.99, .01};
    static const double target[] = {0, 1};
    for (size_t i = 0; i < MAX_ROWS; i++) {
        bool rare = i % 10 == 0;
        uint32_t action = rare ? i < 40 : i % 10 == 1 && i < 3600;
        l->logged[i] = rare ? rarely : often;
        l->rows[i] = (piq_offpolicy_row){.reward = !rare && i % 50 == 1,
                                         .propensity = l->logged[i][action],
                                         .target = target,
                                         .n_actions = 2,
                                         .action = action};
        l->direct[i] = l->shown[i] = .2;
        l->guess[2 * i] = l->guess[2 * i + 1] = .2;
    }
}

static void test_interval__chances_tell_of_rows_that_were_not_drawn(void **s)
{
    (void)s;
    static rare_log l;
    make_rare(&l);
    piq_offpolicy_log log = {.rows = l.rows, .n = MAX_ROWS};
    const piq_estimate_rows r = {
        .log = &log, .direct = l.direct, .shown = l.shown, .guess = l.guess};
    piq_estimate blind[PIQ_N_ESTIMATES], knowing[PIQ_N_ESTIMATES];
    estimate(&r, NULL, 1, blind);
    log.logged = l.logged;
    estimate(&r, NULL, 1, knowing);
    for (int e = 0; e < PIQ_N_ESTIMATES; e++)
        assert_near(blind[e].value, knowing[e].value, 0);
    /* 72 of weight 10; its standard error sqrt(72) 10 / 4000 = .021. Where a
     * reward of weight 100 may be missing, the estimate is more likely low. */
    const piq_estimate *ips = &knowing[PIQ_ESTIMATE_IPS];
    assert_near(ips->value, .18, 1e-12);
    assert_true(ips->low < .2 && .2 < ips->high);
    assert_true(ips->high > blind[PIQ_ESTIMATE_IPS].high + .008);
}

/* Both policies show the same, surely: all estimates are the mean reward. */
static void test_interval__where_nothing_is_left_to_chance(void **state)
{
    (void)state;
    static sample s;
    static double guess[MAX_ROWS];
    static const double *logged[MAX_ROWS];
    s.n = 0;
    for (size_t i = 0; i < 400; i++) {
        add(&s, i % 4 == 0, 0);
        s.direct[i] = s.shown[i] = guess[i] = .25;
        logged[i] = CERTAIN;
    }
    const piq_offpolicy_log log = {.rows = s.rows, .n = s.n, .logged = logged};
    const piq_estimate_rows rows = {
        .log = &log, .direct = s.direct, .shown = s.shown, .guess = guess};
    piq_estimate e[PIQ_N_ESTIMATES];
    estimate(&rows, NULL, 1, e);
    /* All are the mean, .25 with se sqrt(.1875 / 400) = .0217; the difference
     * from what was logged is 0 in every world. */
    for (int k = 0; k < PIQ_ESTIMATE_DIFFERENCE; k++) {
        assert_near(e[k].low, .25 - 1.645 * .0217, .008);
        assert_near(e[k].high, .25 + 1.645 * .0217, .008);
    }
    assert_near(e[PIQ_ESTIMATE_DIFFERENCE].low, 0, 1e-12);
    assert_near(e[PIQ_ESTIMATE_DIFFERENCE].high, 0, 1e-12);
}

static void test_groups__rows_stand_by_group_in_order(void **state)
{
    (void)state;
    const uint32_t group[] = {7, 3, 7, 4000000000u, 3};
    const uint32_t member[] = {1, 4, 0, 2, 3};
    const size_t start[] = {0, 2, 4, 5};
    piq_arena a;
    piq_row_groups g;
    piq_arena_init(&a, 0);
    assert_int_equal(piq_row_groups_make(&a, group, 5, &g), PIQ_OK);
    assert_int_equal(g.n, 3);
    assert_memory_equal(g.member, member, sizeof member);
    assert_memory_equal(g.start, start, sizeof start);
    assert_int_equal(piq_row_groups_make(&a, NULL, 5, &g), PIQ_OK);
    assert_int_equal(g.n, 5);
    for (uint32_t i = 0; i < 5; i++)
        assert_int_equal(g.member[g.start[i]], i);
    piq_arena_release(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_interval__equal_rewards_leave_no_doubt),
        cmocka_unit_test(test_interval__is_the_normal_one_of_many_rewards),
        cmocka_unit_test(test_interval__leans_to_where_the_tail_is),
        cmocka_unit_test(test_interval__whole_learners_are_drawn),
        cmocka_unit_test(test_interval__does_not_leave_what_rewards_can_be),
        cmocka_unit_test(test_interval__same_seed_same_bits),
        cmocka_unit_test(
            test_interval__chances_tell_of_rows_that_were_not_drawn),
        cmocka_unit_test(test_interval__where_nothing_is_left_to_chance),
        cmocka_unit_test(test_groups__rows_stand_by_group_in_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
