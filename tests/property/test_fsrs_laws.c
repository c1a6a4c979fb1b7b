/* What must hold of the FSRS fit and the online correction, whatever the cards:
 * slopes against finite differences, the sweep against the plain way, same
 * input same bits, no learner made much worse. */
#include "memory/online.h"
#include "num/logistic.h"
#include "support/near.h"
#include "support/review_cards.h"
#include "train/fsrs_fit.h"
#include "train/fsrs_grad.h"

#include <string.h>

enum { N = PIQ_FSRS_N_PARAMS, ROUNDS = 60, CARDS = 12, REVIEWS = 20 };

/* Parameters around the published ones, well within the ranges: no slope
 * has two sides. */
static piq_fsrs_params random_params(piq_rng *r)
{
    double w[N];
    piq_fsrs_params p;
    memcpy(w, piq_fsrs_defaults()->w, sizeof w);
    for (int i = 0; i < N; i++)
        w[i] *= 0.6 + 0.7 * piq_rng_uniform(r);
    w[7] = 0.05 + 0.3 * piq_rng_uniform(r);
    w[20] = 0.12 + 0.2 * piq_rng_uniform(r);
    assert_int_equal(piq_fsrs_params_of(w, N, &p, NULL), PIQ_OK);
    return p;
}

static void draw_weights(const piq_fsrs_cards *c, double *weight, piq_rng *r)
{
    for (size_t card = 0; card < c->n; card++)
        for (size_t i = c->first[card]; i < c->first[card + 1]; i++)
            weight[i] =
                piq_fsrs_is_item(c, c->first[card], i) ? piq_rng_uniform(r) : 0;
}

static double plain_loss(const piq_fsrs_cards *c, const double *weight,
                         const piq_fsrs_params *p, size_t card)
{
    size_t b = c->first[card];
    return piq_fsrs_card_loss(p, c->reviews + b, c->first[card + 1] - b,
                              weight + b, NULL);
}

/* Central differences of the plain loss, away from the corners that clamps,
 * minima and maxima make: there two steps of different size disagree. */
static bool slope_by_differences(const piq_fsrs_cards *c, const double *weight,
                                 const piq_fsrs_params *p, size_t card, int i,
                                 double *slope)
{
    double by[2];
    for (int k = 0; k < 2; k++) {
        const double h = (k ? 1e-5 : 3e-6) * fmax(p->w[i], 0.01);
        double w[N], sides[2];
        for (int side = 0; side < 2; side++) {
            piq_fsrs_params q;
            memcpy(w, p->w, sizeof w);
            w[i] += side ? h : -h;
            assert_int_equal(piq_fsrs_params_of(w, N, &q, NULL), PIQ_OK);
            sides[side] = plain_loss(c, weight, &q, card);
        }
        by[k] = (sides[1] - sides[0]) / (2 * h);
    }
    *slope = by[1];
    return fabs(by[0] - by[1]) <= 1e-5 * fmax(1, fabs(by[1]));
}

static void test_fsrs_grad__slopes_are_those_of_the_plain_loss(void **state)
{
    (void)state;
    size_t compared = 0, corners = 0;
    piq_rng r;
    piq_rng_seed(&r, 7);
    for (uint64_t round = 0; round < ROUNDS; round++) {
        piq_arena a;
        piq_fsrs_tape tape;
        piq_fsrs_slope x;
        piq_arena_init(&a, 0);
        piq_fsrs_params p = random_params(&r);
        piq_fsrs_cards c = review_cards(&a, &p, CARDS, REVIEWS, round);
        double *weight = piq_new(&a, double, piq_fsrs_n_reviews(&c));
        draw_weights(&c, weight, &r);
        assert_int_equal(piq_fsrs_tape_new(&a, REVIEWS, &tape), PIQ_OK);
        piq_fsrs_slope_of(&p, &x);
        for (size_t card = 0; card < c.n; card++) {
            size_t b = c.first[card];
            double gradient[N] = {0}, slope;
            double loss =
                piq_fsrs_card_gradient(&x, c.reviews + b, c.first[card + 1] - b,
                                       weight + b, &tape, gradient);
            double plain = plain_loss(&c, weight, &p, card);
            assert_near(loss, plain, 1e-9 * (1 + plain));
            for (int i = 0; i < N; i++) {
                if (!slope_by_differences(&c, weight, &p, card, i, &slope)) {
                    corners++;
                    continue;
                }
                assert_near(gradient[i], slope, 3e-5 * fmax(1, fabs(slope)));
                compared++;
            }
        }
        piq_arena_release(&a);
    }
    assert_true(compared > 10000);
    assert_true(corners * 50 < compared);
}

static void test_fsrs_fit__same_cards_and_seed_give_the_same_bits(void **state)
{
    (void)state;
    for (uint64_t seed = 0; seed < 5; seed++) {
        piq_arena a;
        piq_fsrs_params one, two;
        piq_arena_init(&a, 0);
        piq_fsrs_cards c =
            review_cards(&a, piq_fsrs_defaults(), 60 + 40 * seed, 12, seed);
        piq_fsrs_fit_options o = *piq_fsrs_fit_defaults();
        o.seed = seed;
        o.centre = seed % 2 ? piq_fsrs_defaults() : NULL;
        assert_int_equal(piq_fsrs_fit(&c, &o, &one, NULL, NULL), PIQ_OK);
        assert_int_equal(piq_fsrs_fit(&c, &o, &two, NULL, NULL), PIQ_OK);
        assert_memory_equal(&one, &two, sizeof one);
        piq_arena_release(&a);
    }
}

static void test_fsrs_fit__comes_out_within_the_ranges(void **state)
{
    (void)state;
    piq_rng r;
    piq_rng_seed(&r, 3);
    for (uint64_t round = 0; round < 12; round++) {
        piq_arena a;
        piq_fsrs_params out, again;
        piq_arena_init(&a, 0);
        piq_fsrs_params p = random_params(&r);
        piq_fsrs_cards c = review_cards(&a, &p, 1 + 30 * round, 15, round);
        piq_fsrs_fit_options o = *piq_fsrs_fit_defaults();
        o.learning_rate = round % 3 ? 0.04 : 2; /* against every wall */
        o.centre = round % 2 ? &p : NULL;
        assert_int_equal(piq_fsrs_fit(&c, &o, &out, NULL, NULL), PIQ_OK);
        assert_int_equal(piq_fsrs_params_of(out.w, N, &again, NULL), PIQ_OK);
        assert_memory_equal(&out, &again, sizeof out);
        for (int g = 1; g < 4 && !o.centre; g++)
            assert_true(out.w[g - 1] <= out.w[g]);
        piq_arena_release(&a);
    }
}

/* A learner who remembers by p: fitting gets near p's own loss. */
static void test_fsrs_fit__finds_most_of_what_can_be_found(void **state)
{
    (void)state;
    piq_rng r;
    piq_rng_seed(&r, 11);
    for (uint64_t round = 0; round < 4; round++) {
        piq_arena a;
        piq_fsrs_params fitted;
        piq_arena_init(&a, 0);
        piq_fsrs_params p = random_params(&r);
        piq_fsrs_cards c = review_cards(&a, &p, 1000, 10, round);
        piq_fsrs_cards later = review_cards(&a, &p, 1000, 10, round + 100);
        double *weight = piq_new(&a, double, piq_fsrs_n_reviews(&later));
        double truth = 0, published = 0, got = 0, n = 0;
        assert_int_equal(
            piq_fsrs_fit(&c, piq_fsrs_fit_defaults(), &fitted, NULL, NULL),
            PIQ_OK);
        draw_weights(&later, weight, &r);
        for (size_t card = 0; card < later.n; card++) {
            truth += plain_loss(&later, weight, &p, card);
            published += plain_loss(&later, weight, piq_fsrs_defaults(), card);
            got += plain_loss(&later, weight, &fitted, card);
        }
        for (size_t i = 0; i < piq_fsrs_n_reviews(&later); i++)
            n += weight[i];
        assert_true(got < published);
        assert_true((got - truth) / n < 0.006);
        piq_arena_release(&a);
    }
}

/* ---- the online correction --------------------------------------------- */

typedef struct outcome {
    piq_fsrs_state before;
    double recall;
    bool passed;
} outcome;

static outcome draw_outcome(piq_rng *r, double shift)
{
    outcome x = {{exp(6 * piq_rng_uniform(r) - 2), 1 + 9 * piq_rng_uniform(r)},
                 0.5 + 0.49 * piq_rng_uniform(r),
                 false};
    x.passed = piq_rng_uniform(r) < piq_sigmoid(piq_logit(x.recall) + shift);
    return x;
}

static void test_online__more_time_never_gives_a_higher_chance(void **state)
{
    (void)state;
    piq_rng r;
    piq_rng_seed(&r, 5);
    for (int learner = 0; learner < 40; learner++) {
        piq_online o;
        double shift = 4 * piq_rng_uniform(&r) - 2;
        piq_online_init(&o);
        for (int i = 0; i < 400; i++) {
            outcome x = draw_outcome(&r, shift);
            /* Now and then the worst: all that is likely fails. */
            bool passed = learner % 4 ? x.passed : x.recall < 0.7;
            piq_online_update(&o, x.before, x.recall, passed, 1);
            double before = 1;
            for (double recall = 1; recall > 0.01; recall -= 0.01) {
                double p = piq_online_recall(&o, x.before, recall);
                assert_true(p > 0 && p < 1 && p <= before);
                before = p;
            }
        }
    }
}

static void test_online__is_never_much_worse_than_fsrs_itself(void **state)
{
    (void)state;
    piq_rng r;
    piq_rng_seed(&r, 6);
    for (int learner = 0; learner < 30; learner++) {
        piq_online o;
        double shift = learner % 3 - 1, plain = 0, corrected = 0;
        const int n = 600;
        piq_online_init(&o);
        for (int i = 0; i < n; i++) {
            outcome x = draw_outcome(&r, shift);
            double p = piq_online_recall(&o, x.before, x.recall);
            plain -= log(x.passed ? x.recall : 1 - x.recall);
            corrected -= log(x.passed ? p : 1 - p);
            piq_online_update(&o, x.before, x.recall, x.passed, 1);
        }
        /* Bayes' mixture of three, a thousandth of which is forgotten each
         * time: ln 3 + 600 * .001 nats at most in all. */
        assert_true(corrected < plain + log(3) + 0.001 * n);
        if (shift != 0)
            assert_true(corrected < plain - 10);
    }
}

static void test_online__finds_the_recall_that_gives_a_chance(void **state)
{
    (void)state;
    piq_rng r;
    piq_rng_seed(&r, 8);
    piq_online o;
    piq_online_init(&o);
    for (int i = 0; i < 500; i++) {
        outcome x = draw_outcome(&r, 0.7);
        piq_online_update(&o, x.before, x.recall, x.passed,
                          0.1 + 0.9 * piq_rng_uniform(&r));
        double chance = 0.3 + 0.65 * piq_rng_uniform(&r);
        double recall = piq_online_recall_at(&o, x.before, chance);
        assert_near(piq_online_recall(&o, x.before, recall), chance, 1e-6);
    }
}

static void test_online__stored_form_keeps_every_bit(void **state)
{
    (void)state;
    piq_rng r;
    piq_rng_seed(&r, 9);
    piq_online o, back;
    piq_online_init(&o);
    for (int i = 0; i < 50; i++) {
        outcome x = draw_outcome(&r, -0.5);
        piq_online_update(&o, x.before, x.recall, x.passed, 1);
        piq_buf b;
        piq_reader in;
        piq_buf_init(&b, 0);
        piq_online_encode(&o, &b);
        for (size_t len = 0; len < b.len; len++) {
            piq_reader_init(&in, b.ptr, len);
            assert_int_equal(piq_online_decode(&back, &in), PIQ_ECORRUPT);
        }
        piq_reader_init(&in, b.ptr, b.len);
        assert_int_equal(piq_online_decode(&back, &in), PIQ_OK);
        assert_memory_equal(&o, &back, sizeof o);
        piq_buf_release(&b);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_fsrs_grad__slopes_are_those_of_the_plain_loss),
        cmocka_unit_test(test_fsrs_fit__same_cards_and_seed_give_the_same_bits),
        cmocka_unit_test(test_fsrs_fit__comes_out_within_the_ranges),
        cmocka_unit_test(test_fsrs_fit__finds_most_of_what_can_be_found),
        cmocka_unit_test(test_online__more_time_never_gives_a_higher_chance),
        cmocka_unit_test(test_online__is_never_much_worse_than_fsrs_itself),
        cmocka_unit_test(test_online__finds_the_recall_that_gives_a_chance),
        cmocka_unit_test(test_online__stored_form_keeps_every_bit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
