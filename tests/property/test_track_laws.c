/* Laws of the online belief, on random pasts: monotone, bounded, the same to
 * the bit after writing and reading, old beliefs kept when the curriculum
 * grows. */
#include "track/track.h"

#include "base/calendar.h"
#include "base/rng.h"
#include "support/random_catalogue.h"
#include "track/params.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { ROUNDS = 60, ANSWERS = 300 };

static double between(piq_rng *r, double low, double high)
{
    return low + (high - low) * piq_rng_uniform(r);
}

static piq_track_params random_params(piq_rng *r)
{
    piq_track_params p = *piq_track_defaults();
    p.learner_var = between(r, 0.05, 4.0);
    p.area_var = between(r, 0.01, 2.0);
    p.concept_var = between(r, 0.01, 4.0);
    p.learner_idle = between(r, 0.0, 0.1);
    p.area_idle = between(r, 0.0, 0.1);
    p.concept_idle = between(r, 0.0, 0.5);
    p.learner_drift = between(r, 0.0, 0.05);
    p.area_drift = between(r, 0.0, 0.05);
    p.concept_drift = between(r, 0.0, 0.2);
    p.idle_fade = piq_rng_uniform(r);
    p.form_var = between(r, 0.0, 2.0);
    p.form_hours = between(r, 0.1, 50.0);
    p.form_keep = between(r, 0.1, 1.0);
    p.lapse = between(r, 0.0, 0.1);
    p.lend_exercise = between(r, 0.0, 0.9);
    p.lend_prerequisite = between(r, 0.0, 0.9);
    p.learn_early = between(r, 0.0, 1.0);
    p.learn_right = between(r, 0.0, 0.2);
    p.learn_wrong = between(r, 0.0, 0.2);
    assert_int_equal(piq_track_params_check(&p, NULL), PIQ_OK);
    return p;
}

/* One to three concepts, any difficulty, guess and discrimination. */
static piq_task random_task(piq_rng *r, const piq_catalogue *c,
                            piq_concept_weight weights[3])
{
    size_t n = 1 + piq_rng_below(r, 3);
    double sum = 0.0;
    for (size_t i = 0; i < n; i++) {
        weights[i].concept.v = (uint16_t)piq_rng_below(r, c->n_concepts);
        weights[i].weight = between(r, 0.05, 1.0);
        sum += weights[i].weight;
    }
    for (size_t i = 0; i < n; i++)
        weights[i].weight /= sum;
    return (piq_task){
        .concepts = weights,
        .n_concepts = n,
        .difficulty_logit = between(r, -4.0, 4.0),
        .difficulty_variance = between(r, 0.0, 2.0),
        .discrimination = between(r, 0.1, 4.0),
        .guess = piq_rng_below(r, 2) ? between(r, 0.0, 0.5) : 0.0,
    };
}

static double some_score(piq_rng *r)
{
    if (piq_rng_below(r, 5) == 0)
        return piq_rng_uniform(r);
    return (double)piq_rng_below(r, 2);
}

/* Seconds to months, now and then backwards. */
static int64_t some_time(piq_rng *r)
{
    double us = exp(between(r, 0.0, 30.0)) * 1e3;
    return (int64_t)(piq_rng_below(r, 20) ? us : -us);
}

static void expect_sound(const piq_belief *b)
{
    assert_true(isfinite(b->ability_logit));
    assert_true(b->sd_logit > 0.0 && isfinite(b->sd_logit));
    assert_true(b->mastery_low >= 0.0 && b->mastery_high <= 1.0);
    assert_true(b->mastery_low <= b->mastery);
    assert_true(b->mastery <= b->mastery_high);
    assert_true(b->evidence >= 0.0f);
}

static void one_answer(piq_rng *r, piq_track *t, const piq_track_params *p,
                       const piq_catalogue *c, int64_t at_us)
{
    piq_concept_weight weights[3];
    piq_belief before[3], after[3];
    piq_track_outcome out;
    piq_task task = random_task(r, c, weights);
    double score = some_score(r);
    for (size_t i = 0; i < task.n_concepts; i++)
        piq_track_belief(t, p, c, weights[i].concept, at_us, &before[i]);
    double predicted = piq_track_predict(t, p, c, &task, at_us);
    assert_true(predicted > 0.0 && predicted < 1.0);
    piq_track_answer(t, p, c, &task, score, between(r, 0.1, 1.0),
                     (uint32_t)piq_rng_below(r, 5000), at_us, &out);
    assert_true(out.predicted == predicted);
    assert_true(out.residual == score - predicted);
    for (size_t i = 0; i < task.n_concepts; i++) {
        piq_track_belief(t, p, c, weights[i].concept, at_us, &after[i]);
        expect_sound(&after[i]);
        if (score == 1.0)
            assert_true(after[i].mastery >= before[i].mastery);
        if (score == 0.0)
            assert_true(after[i].mastery <= before[i].mastery);
    }
}

static void test_track__mastery_moves_with_the_answer(void **state)
{
    const piq_catalogue *c = *state;
    piq_rng r;
    piq_rng_seed(&r, 11);
    for (size_t round = 0; round < ROUNDS; round++) {
        piq_track t;
        piq_track_params p = random_params(&r);
        if (round < 5)
            p = *piq_track_defaults();
        assert_int_equal(piq_track_init(&t, c), PIQ_OK);
        piq_track_state_level(&t, &p, c, (piq_level)piq_rng_below(&r, 4));
        int64_t at_us = INT64_C(1700000000000000);
        for (size_t i = 0; i < ANSWERS; i++) {
            one_answer(&r, &t, &p, c, at_us);
            at_us += some_time(&r);
        }
        piq_track_release(&t);
    }
}

static void live(piq_rng *r, piq_track *t, const piq_catalogue *c, size_t n)
{
    const piq_track_params *p = piq_track_defaults();
    int64_t at_us = INT64_C(1700000000000000);
    for (size_t i = 0; i < n; i++) {
        piq_concept_weight weights[3];
        piq_task task = random_task(r, c, weights);
        piq_track_answer(t, p, c, &task, some_score(r), 1.0, 0, at_us, NULL);
        if (piq_rng_below(r, 10) == 0)
            piq_track_exposure(t, p, c, weights, task.n_concepts, 12.0, at_us);
        at_us += some_time(r);
    }
}

static void expect_same_bytes(const piq_track *a, const piq_track *b)
{
    piq_buf x, y;
    piq_buf_init(&x, 0);
    piq_buf_init(&y, 0);
    piq_track_encode(a, &x);
    piq_track_encode(b, &y);
    assert_int_equal(x.status, PIQ_OK);
    assert_int_equal(x.len, y.len);
    assert_memory_equal(x.ptr, y.ptr, x.len);
    piq_buf_release(&x);
    piq_buf_release(&y);
}

static void test_track__reading_back_changes_nothing(void **state)
{
    const piq_catalogue *c = *state;
    piq_rng r;
    piq_rng_seed(&r, 12);
    for (size_t round = 0; round < 40; round++) {
        piq_track a, b;
        piq_buf bytes;
        piq_reader in;
        assert_int_equal(piq_track_init(&a, c), PIQ_OK);
        assert_int_equal(piq_track_init(&b, c), PIQ_OK);
        live(&r, &a, c, round * 5);
        live(&r, &b, c, 3);
        piq_buf_init(&bytes, 0);
        piq_track_encode(&a, &bytes);
        piq_reader_init(&in, bytes.ptr, bytes.len);
        assert_int_equal(piq_track_decode(&b, c, &in), PIQ_OK);
        assert_ptr_equal(in.at, in.end);
        expect_same_bytes(&a, &b);
        /* And the same future. */
        piq_rng again = r;
        live(&r, &a, c, 20);
        live(&again, &b, c, 20);
        expect_same_bytes(&a, &b);
        piq_buf_release(&bytes);
        piq_track_release(&a);
        piq_track_release(&b);
    }
}

static void test_track__cut_or_strange_bytes_are_refused(void **state)
{
    const piq_catalogue *c = *state;
    piq_rng r;
    piq_track t, kept, before;
    piq_buf bytes;
    piq_rng_seed(&r, 13);
    assert_int_equal(piq_track_init(&t, c), PIQ_OK);
    live(&r, &t, c, 60);
    piq_buf_init(&bytes, 0);
    piq_track_encode(&t, &bytes);
    assert_int_equal(piq_track_copy(&kept, &t), PIQ_OK);
    assert_int_equal(piq_track_copy(&before, &t), PIQ_OK);
    for (size_t len = 0; len < bytes.len; len++) {
        piq_reader in;
        piq_reader_init(&in, bytes.ptr, len);
        assert_int_equal(piq_track_decode(&kept, c, &in), PIQ_ECORRUPT);
    }
    expect_same_bytes(&kept, &before);
    /* Flipped bits are refused or read as finite numbers, never a crash. */
    for (size_t i = 0; i < 4000; i++) {
        piq_reader in;
        size_t at = piq_rng_below(&r, bytes.len);
        char was = bytes.ptr[at];
        bytes.ptr[at] = (char)(was ^ (char)(1u << piq_rng_below(&r, 8)));
        piq_reader_init(&in, bytes.ptr, bytes.len);
        piq_status status = piq_track_decode(&kept, c, &in);
        assert_true(status == PIQ_OK || status == PIQ_ECORRUPT);
        bytes.ptr[at] = was;
    }
    piq_buf_release(&bytes);
    piq_track_release(&t);
    piq_track_release(&kept);
    piq_track_release(&before);
}

/* What is not touched by an answer may not depend on when it was last read;
 * what has evidence may not be lost. */
static void test_track__growing_keeps_old_beliefs(void **state)
{
    (void)state;
    const piq_track_params *p = piq_track_defaults();
    piq_catalogue *big = random_catalogue(21, 6, 40, 80);
    piq_catalogue small = *big;
    piq_rng r;
    piq_track t;
    piq_belief before[20];
    int64_t at_us = INT64_C(1800000000000000);
    small.n_concepts = 20; /* the first 20: prerequisites point backwards */
    piq_rng_seed(&r, 14);
    assert_int_equal(piq_track_init(&t, &small), PIQ_OK);
    live(&r, &t, &small, 100);
    for (uint16_t i = 0; i < 20; i++)
        piq_track_belief(&t, p, &small, (piq_concept_ix){i}, at_us, &before[i]);
    assert_int_equal(piq_track_grow(&t, big), PIQ_OK);
    assert_int_equal(t.n_concepts, 40);
    for (uint16_t i = 0; i < 20; i++) {
        piq_belief now;
        piq_track_belief(&t, p, big, (piq_concept_ix){i}, at_us, &now);
        assert_true(now.ability_logit == before[i].ability_logit);
        assert_true(now.sd_logit == before[i].sd_logit);
        assert_int_equal(now.n_answers, before[i].n_answers);
    }
    for (uint16_t i = 20; i < 40; i++) {
        piq_belief now;
        piq_track_belief(&t, p, big, (piq_concept_ix){i}, at_us, &now);
        expect_sound(&now);
        assert_int_equal(now.n_answers, 0);
    }
    piq_track_release(&t);
    piq_catalogue_free(big);
}

/* The same answers twice as strong say at least as much. */
static void test_track__stronger_evidence_moves_further(void **state)
{
    const piq_catalogue *c = *state;
    const piq_track_params *p = piq_track_defaults();
    piq_rng r;
    piq_rng_seed(&r, 15);
    for (size_t i = 0; i < 500; i++) {
        piq_concept_weight weights[3];
        piq_track weak, strong;
        piq_belief a, b;
        piq_task task = random_task(&r, c, weights);
        assert_int_equal(piq_track_init(&weak, c), PIQ_OK);
        live(&r, &weak, c, 5);
        assert_int_equal(piq_track_copy(&strong, &weak), PIQ_OK);
        int64_t at_us = INT64_C(1900000000000000);
        piq_track_answer(&weak, p, c, &task, 1.0, 0.4, 0, at_us, NULL);
        piq_track_answer(&strong, p, c, &task, 1.0, 1.0, 0, at_us, NULL);
        piq_track_belief(&weak, p, c, weights[0].concept, at_us, &a);
        piq_track_belief(&strong, p, c, weights[0].concept, at_us, &b);
        assert_true(b.ability_logit >= a.ability_logit);
        piq_track_release(&weak);
        piq_track_release(&strong);
    }
}

/* Always right, always wrong, at the ends of every range, for long. */
static void test_track__extremes_stay_finite(void **state)
{
    const piq_catalogue *c = *state;
    const piq_track_params *p = piq_track_defaults();
    static const double difficulty[] = {-1e6, -60.0, 0.0, 60.0, 1e6};
    static const double slope[] = {1e-6, 1.0, 4.0};
    static const double guess[] = {0.0, 0.5};
    static const int64_t at[] = {INT64_MIN, -1, 0, 1700000000000000, INT64_MAX};
    for (size_t k = 0; k < 5 * 3 * 2 * 2; k++) {
        piq_track t;
        piq_belief b;
        piq_concept_weight w = {{3}, 1.0};
        piq_task task = {&w,
                         1,
                         difficulty[k % 5],
                         100.0,
                         slope[k / 5 % 3],
                         guess[k / 15 % 2]};
        double score = k / 30 ? 1.0 : 0.0;
        assert_int_equal(piq_track_init(&t, c), PIQ_OK);
        for (size_t i = 0; i < 2000; i++) {
            double q = piq_track_predict(&t, p, c, &task, at[i % 5]);
            assert_true(q > 0.0 && q < 1.0);
            piq_track_answer(&t, p, c, &task, score, 1.0, 1, at[i % 5], NULL);
        }
        for (size_t i = 0; i < 5; i++) {
            piq_track_belief(&t, p, c, (piq_concept_ix){3}, at[i], &b);
            expect_sound(&b);
        }
        piq_track_release(&t);
    }
}

/* Answers say most while little is known: the k-th right answer in a row to
 * the same task moves the learner no more than the first one. */
static void test_track__first_answers_say_most(void **state)
{
    const piq_catalogue *c = *state;
    const piq_track_params *p = piq_track_defaults();
    piq_track t;
    piq_concept_weight w = {{0}, 1.0};
    piq_task task = {&w, 1, 0.0, 0.0, 1.0, 0.0};
    assert_int_equal(piq_track_init(&t, c), PIQ_OK);
    double last = INFINITY;
    for (size_t i = 0; i < 30; i++) {
        double before = (double)t.learner.mean;
        piq_track_answer(&t, p, c, &task, 1.0, 1.0, 0,
                         INT64_C(1700000000000000), NULL);
        double moved = (double)t.learner.mean - before;
        assert_true(moved > 0.0);
        assert_true(moved < last);
        last = moved;
    }
    piq_track_release(&t);
}

/* Steps far below what a float can show, without learning to hide them: the
 * mean may stand still, but not slip by a rounding. */
static void test_track__tiny_steps_keep_their_direction(void **state)
{
    const piq_catalogue *c = *state;
    piq_rng r;
    piq_rng_seed(&r, 16);
    for (size_t round = 0; round < 20; round++) {
        piq_track_params p = random_params(&r);
        p.learn_early = p.learn_right = p.learn_wrong = 0.0;
        piq_track t;
        assert_int_equal(piq_track_init(&t, c), PIQ_OK);
        live(&r, &t, c, 30);
        for (size_t i = 0; i < 400; i++) {
            int64_t at_us = INT64_C(1900000000000000) + (int64_t)i * 1000000;
            double score = (double)piq_rng_below(&r, 2);
            piq_concept_weight w = {{(uint16_t)piq_rng_below(&r, 24)}, 1.0};
            piq_task task = {&w, 1, score > 0.5 ? -17.0 : 17.0, 0.0, 1.0, 0.0};
            piq_belief before, after;
            piq_track_belief(&t, &p, c, w.concept, at_us, &before);
            piq_track_answer(&t, &p, c, &task, score, 1.0, 0, at_us, NULL);
            piq_track_belief(&t, &p, c, w.concept, at_us, &after);
            if (score > 0.5)
                assert_true(after.ability_logit >= before.ability_logit);
            else
                assert_true(after.ability_logit <= before.ability_logit);
        }
        piq_track_release(&t);
    }
}

static int set_up(void **state)
{
    *state = random_catalogue(5, 4, 24, 60);
    return 0;
}

static int tear_down(void **state)
{
    piq_catalogue_free(*state);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_track__mastery_moves_with_the_answer),
        cmocka_unit_test(test_track__reading_back_changes_nothing),
        cmocka_unit_test(test_track__cut_or_strange_bytes_are_refused),
        cmocka_unit_test(test_track__growing_keeps_old_beliefs),
        cmocka_unit_test(test_track__stronger_evidence_moves_further),
        cmocka_unit_test(test_track__extremes_stay_finite),
        cmocka_unit_test(test_track__first_answers_say_most),
        cmocka_unit_test(test_track__tiny_steps_keep_their_direction),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
