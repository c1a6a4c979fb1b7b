/* Which of two models foresees the latest answers better. */
/* threads:tsan */
#include "train/kt_duel.h"

#include "base/calendar.h"
#include "support/near.h"
#include "support/random_catalogue.h"
#include "support/small_model.h"

#include <stdlib.h>
#include <string.h>

/* One good model, one that learned from coins, and the answers that they are
 * judged on: of other learners of the same kind. */
typedef struct ring {
    piq_catalogue *c;
    piq_kt_model *good, *bad;
    piq_kt_data data;
} ring;

static ring *shared;

static int set_up(void **state)
{
    (void)state;
    static ring r;
    small_world w = small_world_usual();
    piq_kt_fit_options o = small_options(true, false, false);
    r.c = random_catalogue(4, 2, 6, 30);
    piq_kt_data d = small_answers(r.c, w, 4, NULL);
    r.good = small_model(&d, &o);
    piq_kt_data_release(&d);
    w.scrambled = true;
    d = small_answers(r.c, w, 4, NULL);
    r.bad = small_model(&d, &o);
    piq_kt_data_release(&d);
    w = small_world_usual();
    w.seed = 2;
    w.n_learners = 40;
    r.data = small_answers(r.c, w, 1, NULL);
    shared = &r;
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    piq_kt_data_release(&shared->data);
    piq_kt_model_free(shared->good);
    piq_kt_model_free(shared->bad);
    piq_catalogue_free(shared->c);
    return 0;
}

static piq_kt_duel fight(const piq_kt_data *d, const piq_kt_model *challenger,
                         const piq_kt_model *champion, int64_t since_us)
{
    piq_kt_duel duel;
    piq_err err = {0};
    if (piq_kt_duel_fight(d, challenger, champion, since_us, 2, 1, &duel, &err))
        fail_msg("%s", err.message);
    return duel;
}

static void test_kt_duel__a_better_model_wins(void **state)
{
    (void)state;
    piq_kt_duel d = fight(&shared->data, shared->good, shared->bad, INT64_MIN);
    assert_int_equal(d.answers, 40 * 40);
    assert_int_equal(d.learners, 40);
    assert_true(d.is_enough && !d.is_worse && !d.against_belief);
    assert_true(d.difference < -.02);
    assert_near(d.difference, d.challenger.logloss - d.champion.logloss, 1e-9);
    assert_true(d.low < d.difference && d.difference < d.high);
    assert_true(d.high < 0);
    assert_true(d.challenger.auc > d.champion.auc);
}

static void test_kt_duel__a_worse_model_is_told(void **state)
{
    (void)state;
    piq_kt_duel d = fight(&shared->data, shared->bad, shared->good, INT64_MIN);
    piq_kt_duel back =
        fight(&shared->data, shared->good, shared->bad, INT64_MIN);
    assert_true(d.is_enough && d.is_worse);
    assert_true(d.low > 0);
    assert_near(d.difference, -back.difference, 1e-12);
}

static void test_kt_duel__a_model_is_no_worse_than_itself(void **state)
{
    (void)state;
    piq_kt_duel d = fight(&shared->data, shared->good, shared->good, INT64_MIN);
    assert_true(d.is_enough && !d.is_worse);
    assert_true(d.difference == 0 && d.low == 0 && d.high == 0);
}

static void test_kt_duel__the_latest_answers_alone_are_scored(void **state)
{
    (void)state;
    int64_t since_us;
    /* Of 1600 answers, an eighth is 200; a few share an instant. */
    assert_int_equal(piq_kt_data_latest(&shared->data, .125, &since_us),
                     PIQ_OK);
    piq_kt_duel d = fight(&shared->data, shared->good, shared->bad, since_us);
    assert_in_range(d.answers, 200, 240);
    size_t n = 0;
    for (size_t i = 0; i < shared->data.n_answers; i++)
        n += shared->data.answers[i].at_us >= since_us;
    assert_int_equal(d.answers, n);
    assert_true(d.is_enough);
}

static void test_kt_duel__few_answers_show_nothing(void **state)
{
    (void)state;
    int64_t since_us;
    assert_int_equal(piq_kt_data_latest(&shared->data, .05, &since_us), PIQ_OK);
    piq_kt_duel d = fight(&shared->data, shared->bad, shared->good, since_us);
    assert_true(d.answers > 0 && d.answers < PIQ_KT_DUEL_ANSWERS);
    assert_false(d.is_enough || d.is_worse);
    d = fight(&shared->data, shared->bad, shared->good, INT64_MAX);
    assert_int_equal(d.answers, 0);
    assert_false(d.is_enough || d.is_worse);
    assert_true(isnan(d.difference) && isnan(d.low) && isnan(d.high));
}

static piq_kt_data with_belief(double off)
{
    small_world w = small_world_usual();
    w.seed = 2;
    w.n_learners = 40;
    w.belief_off = off;
    return small_answers(shared->c, w, 1, NULL);
}

static void test_kt_duel__without_a_champion_the_belief_stands_in(void **state)
{
    (void)state;
    piq_kt_data truth = with_belief(0), off = with_belief(4);
    /* Nobody beats the truth; four logits too much is easily beaten. */
    piq_kt_duel d = fight(&truth, shared->good, NULL, INT64_MIN);
    assert_true(d.against_belief && d.is_enough && d.is_worse);
    d = fight(&off, shared->good, NULL, INT64_MIN);
    assert_true(d.against_belief && d.is_enough && !d.is_worse);
    piq_kt_data_release(&truth);
    piq_kt_data_release(&off);
}

static void test_kt_duel__what_the_belief_did_not_foresee_is_left_out(
    void **state)
{
    (void)state;
    piq_kt_data d = with_belief(NAN);
    piq_kt_duel duel = fight(&d, shared->good, NULL, INT64_MIN);
    assert_int_equal(duel.answers, 0);
    assert_false(duel.is_enough || duel.is_worse);
    for (size_t i = 0; i < d.n_answers; i += 4)
        d.answers[i].foreseen = .5f;
    duel = fight(&d, shared->good, NULL, INT64_MIN);
    assert_int_equal(duel.answers, 400);
    assert_near(duel.champion.logloss, log(2), 1e-12);
    piq_kt_data_release(&d);
}

static void test_kt_duel__the_same_seed_gives_the_same_interval(void **state)
{
    (void)state;
    piq_kt_duel a, b;
    for (unsigned threads = 1; threads <= 3; threads++) {
        assert_int_equal(piq_kt_duel_fight(&shared->data, shared->good,
                                           shared->bad, INT64_MIN, threads, 7,
                                           &b, NULL),
                         PIQ_OK);
        assert_true(threads == 1 || (a.low == b.low && a.high == b.high &&
                                     a.difference == b.difference));
        a = b;
    }
    assert_int_equal(piq_kt_duel_fight(&shared->data, shared->good, shared->bad,
                                       INT64_MIN, 1, 8, &b, NULL),
                     PIQ_OK);
    assert_true(a.difference == b.difference && a.low != b.low);
    assert_near(a.low, b.low, .01);
}

static void test_kt_duel__latest_is_an_instant(void **state)
{
    (void)state;
    int64_t all_us, half_us;
    piq_kt_data d = with_belief(0);
    assert_int_equal(piq_kt_data_latest(&d, 1, &all_us), PIQ_OK);
    assert_true(all_us == SMALL_START_US + 1); /* learner 1's first */
    /* Of two days with half of the answers each, the second. */
    assert_int_equal(piq_kt_data_latest(&d, .5, &half_us), PIQ_OK);
    assert_true(half_us == SMALL_START_US + PIQ_US_PER_DAY + 1);
    d.has_times = false;
    assert_int_equal(piq_kt_data_latest(&d, .5, &half_us), PIQ_OK);
    assert_true(half_us == INT64_MAX);
    piq_kt_data_release(&d);
}

static void test_kt_duel__lacking_memory_leaks_nothing(void **state)
{
    (void)state;
    piq_kt_duel duel;
    int64_t since_us;
    piq_status status = PIQ_ENOMEM;
    piq_kt_data d = with_belief(0);
    d.n_learners = 8;
    d.n_answers = d.first[8];
    for (long n = 1; status != PIQ_OK; n++) {
        piq_err err = {0};
        piq_alloc_fail_after(n, 0);
        status = piq_kt_duel_fight(&d, shared->good, shared->bad, INT64_MIN, 1,
                                   1, &duel, &err);
        piq_alloc_fail_after(0, 0);
        assert_int_equal(err.status, status);
        assert_true(status == PIQ_OK || status == PIQ_ENOMEM);
    }
    piq_alloc_fail_after(1, 0);
    assert_int_equal(piq_kt_data_latest(&d, .5, &since_us), PIQ_ENOMEM);
    piq_alloc_fail_after(0, 0);
    piq_kt_data_release(&d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_kt_duel__a_better_model_wins),
        cmocka_unit_test(test_kt_duel__a_worse_model_is_told),
        cmocka_unit_test(test_kt_duel__a_model_is_no_worse_than_itself),
        cmocka_unit_test(test_kt_duel__the_latest_answers_alone_are_scored),
        cmocka_unit_test(test_kt_duel__few_answers_show_nothing),
        cmocka_unit_test(test_kt_duel__without_a_champion_the_belief_stands_in),
        cmocka_unit_test(
            test_kt_duel__what_the_belief_did_not_foresee_is_left_out),
        cmocka_unit_test(test_kt_duel__the_same_seed_gives_the_same_interval),
        cmocka_unit_test(test_kt_duel__latest_is_an_instant),
        cmocka_unit_test(test_kt_duel__lacking_memory_leaks_nothing),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
