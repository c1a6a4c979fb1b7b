/* Who gets which parameters of memory. Learners are made up: their memory is
 * FSRS-6 with parameters that are known here. */
#include "train/memory_choice.h"

#include "base/rng.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { MOST = 40 };

typedef struct fixture {
    piq_arena a;
    piq_memory_history learners[MOST];
    size_t n;
    piq_memory_choices out;
} fixture;

static int set_up(void **state)
{
    fixture *f = calloc(1, sizeof *f);
    piq_arena_init(&f->a, (size_t)1 << 30);
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    fixture *f = *state;
    piq_arena_release(&f->a);
    free(f);
    return 0;
}

/* Stabilities after a first review times `first`, growth e^(w8 + more). */
static piq_fsrs_params true_params(double first, double more)
{
    double w[PIQ_FSRS_N_PARAMS];
    piq_fsrs_params p;
    memcpy(w, piq_fsrs_defaults()->w, sizeof w);
    for (int i = 0; i < 4; i++)
        w[i] *= first;
    w[8] += more;
    assert_int_equal(piq_fsrs_params_of(w, PIQ_FSRS_N_PARAMS, &p, NULL),
                     PIQ_OK);
    return p;
}

/* One card a day, each reviewed `reviews` times, after about the days that the
 * published parameters ask for. */
static piq_memory_history *add_learner(fixture *f, const piq_fsrs_params *is,
                                       size_t n_cards, size_t reviews,
                                       uint64_t seed)
{
    piq_memory_history *h = &f->learners[f->n++];
    size_t *first = piq_new(&f->a, size_t, n_cards + 1);
    piq_fsrs_review *list = piq_new(&f->a, piq_fsrs_review, n_cards * reviews);
    piq_rng r;
    size_t n = 0;
    piq_rng_seed(&r, seed);
    for (size_t c = 0; c < n_cards; c++) {
        piq_fsrs_state x = {0, 0}, thought = {0, 0};
        int64_t day = (int64_t)c;
        int32_t wait = 0;
        first[c] = n;
        for (size_t k = 0; k < reviews; k++) {
            bool passed = true;
            if (k > 0)
                passed = piq_rng_uniform(&r) <
                         piq_fsrs_recall(is, wait, x.stability_days);
            int rating = passed ? 3 : 1;
            x = piq_fsrs_next(is, x, wait, rating);
            thought = piq_fsrs_next(piq_fsrs_defaults(), thought, wait, rating);
            list[n++] = (piq_fsrs_review){day * 86400000, wait, rating};
            wait = (int32_t)fmax(
                1, round(thought.stability_days * (0.5 + piq_rng_uniform(&r))));
            day += wait;
        }
    }
    first[n_cards] = n;
    *h = (piq_memory_history){.cards = {n_cards, first, list},
                              .params = *piq_fsrs_defaults()};
    return h;
}

static void choose(fixture *f)
{
    piq_err err = {0};
    assert_int_equal(piq_memory_choose(&f->a, f->learners, f->n, &f->out, &err),
                     PIQ_OK);
}

static void test_choose__nobody_is_no_failure(void **state)
{
    fixture *f = *state;
    choose(f);
    assert_false(f->out.has_population);
    assert_int_equal(f->out.items, 0);
}

static void test_choose__a_learner_who_differs_gets_their_own(void **state)
{
    fixture *f = *state;
    piq_fsrs_params weak = true_params(0.25, -0.7);
    add_learner(f, &weak, 250, 5, 1);
    choose(f);
    const piq_memory_choice *x = &f->out.list[0];
    assert_true(x->give && x->own.pays);
    assert_int_equal(x->fitted.from, PIQ_FITTED_LEARNER);
    assert_int_equal(x->fitted.reviews, 1000);
    assert_true(x->own.after < x->own.before);
    /* Nearer to what is true than the published 2.3065, which is .58. */
    assert_true(x->fitted.parameters[2] < 1.3);
}

static void test_choose__whom_the_published_suit_is_left_alone(void **state)
{
    fixture *f = *state;
    for (uint64_t seed = 1; seed <= 3; seed++)
        add_learner(f, piq_fsrs_defaults(), 200, 5, seed);
    choose(f);
    for (size_t i = 0; i < 3; i++)
        assert_false(f->out.list[i].give);
}

static void test_choose__few_reviews_get_the_populations(void **state)
{
    fixture *f = *state;
    piq_fsrs_params weak = true_params(0.25, -0.7);
    for (uint64_t seed = 1; seed <= 40; seed++)
        add_learner(f, &weak, 30, 5, seed); /* 120 items each */
    choose(f);
    assert_true(f->out.has_population && f->out.population.pays);
    for (size_t i = 0; i < f->n; i++) {
        assert_true(f->out.list[i].give);
        assert_int_equal(f->out.list[i].fitted.from, PIQ_FITTED_POPULATION);
        assert_int_equal(f->out.list[i].fitted.reviews, 40 * 120);
    }
}

static void test_choose__what_is_in_force_is_not_given_again(void **state)
{
    fixture *f = *state;
    piq_fsrs_params weak = true_params(0.25, -0.7);
    piq_memory_history *h = add_learner(f, &weak, 250, 5, 1);
    choose(f);
    h->from = PIQ_FITTED_LEARNER;
    h->fitted_on = f->out.list[0].fitted.reviews;
    assert_int_equal(piq_fsrs_params_of(f->out.list[0].fitted.parameters,
                                        PIQ_FSRS_N_PARAMS, &h->params, NULL),
                     PIQ_OK);
    choose(f);
    assert_false(f->out.list[0].give);
}

static void test_choose__same_reviews_same_choice(void **state)
{
    fixture *f = *state;
    piq_fsrs_params weak = true_params(0.4, 0.3);
    for (uint64_t seed = 1; seed <= 4; seed++)
        add_learner(f, &weak, 80, 6, seed);
    choose(f);
    piq_fitted before = f->out.list[2].fitted;
    choose(f);
    assert_memory_equal(&before, &f->out.list[2].fitted, sizeof before);
}

static void test_choose__cards_that_are_none_are_refused(void **state)
{
    fixture *f = *state;
    piq_memory_history *h = add_learner(f, piq_fsrs_defaults(), 10, 3, 1);
    ((piq_fsrs_review *)(uintptr_t)h->cards.reviews)[4].rating = 7;
    piq_err err = {0};
    assert_int_equal(piq_memory_choose(&f->a, f->learners, f->n, &f->out, &err),
                     PIQ_EINVAL);
}

/* ---- carrying over ---------------------------------------------------------
 */

static void test_carry__same_parameters_change_nothing(void **state)
{
    fixture *f = *state;
    static const double s[] = PIQ_CARRY_STABILITY, d[] = PIQ_CARRY_DIFFICULTY;
    piq_memory_history *h = add_learner(f, piq_fsrs_defaults(), 50, 4, 1);
    piq_fitted out = {0};
    piq_memory_carry(&h->cards, piq_fsrs_defaults(), piq_fsrs_defaults(), &out);
    for (int k = 0; k < PIQ_N_CARRY; k++) {
        assert_true(fabs(out.stability[k] - s[k]) < 1e-12);
        assert_true(fabs(out.difficulty[k] - d[k]) < 1e-12);
    }
}

/* Carried states are nearer to those under the new parameters than the old. */
static void test_carry__takes_states_most_of_the_way(void **state)
{
    fixture *f = *state;
    piq_fsrs_params weak = true_params(0.25, -0.7);
    const piq_fsrs_params *old = piq_fsrs_defaults();
    piq_memory_history *h = add_learner(f, &weak, 200, 5, 1);
    piq_fitted t = {0};
    double before = 0, after = 0;
    piq_memory_carry(&h->cards, old, &weak, &t);
    for (size_t c = 0; c < h->cards.n; c++) {
        piq_fsrs_state x = {0, 0}, y = {0, 0};
        for (size_t i = h->cards.first[c]; i < h->cards.first[c + 1]; i++) {
            const piq_fsrs_review *r = &h->cards.reviews[i];
            x = piq_fsrs_next(old, x, r->elapsed_days, r->rating);
            y = piq_fsrs_next(&weak, y, r->elapsed_days, r->rating);
        }
        double ln_s = log(x.stability_days);
        double carried = t.stability[0] + t.stability[1] * ln_s +
                         t.stability[2] * (x.difficulty - 5);
        before += pow(log(y.stability_days) - ln_s, 2);
        after += pow(log(y.stability_days) - carried, 2);
    }
    assert_true(after < 0.1 * before);
}

static void test_carry__without_cards_nothing_changes(void **state)
{
    (void)state;
    static const size_t none[1] = {0};
    piq_fsrs_params weak = true_params(0.25, 0);
    piq_fsrs_cards cards = {0, none, NULL};
    piq_fitted out = {0};
    piq_memory_carry(&cards, piq_fsrs_defaults(), &weak, &out);
    assert_true(out.stability[0] == 0 && out.stability[1] == 1);
    assert_true(out.difficulty[0] == 5 && out.difficulty[1] == 1);
}

/* ---- faults
 * ------------------------------------------------------------------ */

static void test_choose__every_allocation_may_fail(void **state)
{
    fixture *f = *state;
    piq_fsrs_params weak = true_params(0.25, -0.7);
    for (uint64_t seed = 1; seed <= 3; seed++)
        add_learner(f, &weak, 90, 5, seed);
    piq_status status = PIQ_ENOMEM;
    for (long k = 1; status == PIQ_ENOMEM; k++) {
        piq_arena a;
        piq_memory_choices out;
        piq_err err = {0};
        piq_arena_init(&a, (size_t)1 << 30);
        piq_alloc_fail_after(k, 1);
        status = piq_memory_choose(&a, f->learners, f->n, &out, &err);
        piq_alloc_fail_after(0, 0);
        piq_arena_release(&a);
        assert_true(k < 1000);
    }
    assert_int_equal(status, PIQ_OK);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_choose__nobody_is_no_failure),
        TEST(test_choose__a_learner_who_differs_gets_their_own),
        TEST(test_choose__whom_the_published_suit_is_left_alone),
        TEST(test_choose__few_reviews_get_the_populations),
        TEST(test_choose__what_is_in_force_is_not_given_again),
        TEST(test_choose__same_reviews_same_choice),
        TEST(test_choose__cards_that_are_none_are_refused),
        TEST(test_carry__same_parameters_change_nothing),
        TEST(test_carry__takes_states_most_of_the_way),
        TEST(test_carry__without_cards_nothing_changes),
        TEST(test_choose__every_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
