/* Memory's parameters fitted on what is stored, and given as events. */
/* threads:tsan */
#include "engine/memory_fit.h"

#include "base/calendar.h"
#include "base/rng.h"
#include "support/engine_fixture.h"
#include "support/random_catalogue.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { REVIEWS = 700 };

/* Reviews of a learner whose memory is FSRS-6 with parameters of their own, so
 * many at most, in order of time. */
static size_t reviews_of(engine_fixture *f, const piq_fsrs_params *is,
                         uint64_t seed, size_t most, piq_event *list)
{
    const piq_catalogue *c = piq_engine_catalogue(f->e);
    piq_fsrs_state *x = piq_new(&f->a, piq_fsrs_state, c->n_concepts);
    int32_t *last = piq_new(&f->a, int32_t, c->n_concepts);
    int32_t *due = piq_new(&f->a, int32_t, c->n_concepts);
    piq_rng r;
    size_t n = 0;
    piq_rng_seed(&r, seed);
    for (int32_t day = 0; n < most; day++)
        for (size_t k = 0; k < c->n_concepts && n < most; k++) {
            if (due[k] > day)
                continue;
            double recall =
                x[k].stability_days > 0
                    ? piq_fsrs_recall(is, day - last[k], x[k].stability_days)
                    : 1;
            int rating = piq_rng_uniform(&r) < recall ? 3 : 1;
            x[k] = piq_fsrs_next(is, x[k], day - last[k], rating);
            last[k] = day;
            due[k] = day + 1 + (int32_t)piq_rng_below(&r, 12);
            list[n] = fixture_event(f, (unsigned)n, day * 86400 + (int64_t)k,
                                    PIQ_EV_REVIEW);
            list[n].u.review = (piq_review_event){.concept = {(uint16_t)k},
                                                  .rating = (uint8_t)rating};
            n++;
        }
    return n;
}

/* Enough concepts that first reviews tell something. */
static engine_fixture *with_many_concepts(void)
{
    engine_fixture *f = fixture_bare(NULL);
    piq_catalogue *c = random_catalogue(1, 4, 200, 220);
    fixture_load(f, c);
    piq_catalogue_free(c);
    return f;
}

static piq_fsrs_params forgetful(void)
{
    double w[PIQ_FSRS_N_PARAMS];
    piq_fsrs_params p;
    memcpy(w, piq_fsrs_defaults()->w, sizeof w);
    for (int i = 0; i < 4; i++)
        w[i] *= 0.2;
    w[8] -= 1.2;
    assert_int_equal(piq_fsrs_params_of(w, PIQ_FSRS_N_PARAMS, &p, NULL),
                     PIQ_OK);
    return p;
}

static void post(engine_fixture *f, int64_t user, const piq_event *list,
                 size_t n)
{
    for (size_t i = 0; i < n; i += 40)
        fixture_post(f, user, list + i, n - i < 40 ? n - i : 40);
}

static piq_memory_fit_report fit(engine_fixture *f)
{
    piq_memory_fit_report r;
    if (piq_engine_fit_memory(f->e, NULL, &r, &f->err))
        fail_msg("%s", f->err.message);
    return r;
}

static piq_fitted_from in_force(engine_fixture *f, int64_t user,
                                uint32_t *n_events)
{
    piq_learner_ref ref;
    assert_int_equal(
        piq_engine_learner(f->e, (piq_user_id){user}, &ref, &f->err), PIQ_OK);
    piq_fitted_from from = ref.learner->memory.from;
    *n_events = ref.learner->n_events;
    piq_learner_ref_release(&ref);
    return from;
}

static void test_memory_fit__gives_what_pays_as_an_event(void **state)
{
    (void)state;
    static piq_event list[REVIEWS];
    engine_fixture *f = with_many_concepts();
    piq_fsrs_params weak = forgetful();
    uint32_t n_events;
    size_t n = reviews_of(f, &weak, 1, REVIEWS, list);
    post(f, 1, list, n);
    n = reviews_of(f, piq_fsrs_defaults(), 2, 30, list);
    post(f, 2, list, n);
    piq_memory_fit_report r = fit(f);
    assert_int_equal(r.learners, 2);
    assert_int_equal(r.reviews, REVIEWS + 30);
    assert_int_equal(r.given_own, 1);
    assert_true(r.own_after < r.own_before);
    /* Seen at once, and replayed. */
    assert_int_equal(in_force(f, 1, &n_events), PIQ_FITTED_LEARNER);
    assert_int_equal(n_events, REVIEWS + 1);
    fixture_check_replay(f, 1);
    fixture_check_replay(f, 2);
    /* Nothing new, nothing given. */
    assert_int_equal(fit(f).given_own, 0);
    in_force(f, 1, &n_events);
    assert_int_equal(n_events, REVIEWS + 1);
    /* Reading it back from the store changes nothing. */
    fixture_reopen(f);
    assert_int_equal(in_force(f, 1, &n_events), PIQ_FITTED_LEARNER);
    fixture_check_replay(f, 1);
    fixture_free(f);
}

static void test_memory_fit__late_reviews_are_folded_under_it(void **state)
{
    (void)state;
    static piq_event list[REVIEWS];
    engine_fixture *f = with_many_concepts();
    piq_fsrs_params weak = forgetful();
    size_t n = reviews_of(f, &weak, 1, REVIEWS, list);
    piq_event late = list[n / 2];
    list[n / 2] = list[n / 2 + 1];
    memmove(&list[n / 2 + 1], &list[n / 2 + 2], (n - n / 2 - 2) * sizeof *list);
    post(f, 1, list, n - 1);
    assert_int_equal(fit(f).given_own, 1);
    fixture_post(f, 1, &late, 1);
    fixture_check_replay(f, 1);
    fixture_free(f);
}

static void test_memory_fit__stops_when_asked(void **state)
{
    (void)state;
    static piq_event list[REVIEWS];
    engine_fixture *f = with_many_concepts();
    piq_fsrs_params weak = forgetful();
    atomic_bool stop = true;
    piq_memory_fit_report r;
    size_t n = reviews_of(f, &weak, 1, REVIEWS, list);
    post(f, 1, list, n);
    assert_int_equal(piq_engine_fit_memory(f->e, &stop, &r, &f->err), PIQ_OK);
    assert_int_equal(r.given_own + r.given_population, 0);
    fixture_free(f);
}

static void test_memory_fit__nobody_is_no_failure(void **state)
{
    (void)state;
    engine_fixture *f = fixture_new(NULL);
    piq_memory_fit_report r = fit(f);
    assert_int_equal(r.learners, 0);
    assert_true(isnan(r.own_before));
    fixture_free(f);
    f = fixture_bare(NULL);
    assert_int_equal(piq_engine_fit_memory(f->e, NULL, &r, &f->err),
                     PIQ_ENOTFOUND);
    fixture_free(f);
}

/* An answer with a hint, on an item of two concepts; a lesson; a review. */
static void test_memory_fit__reviews_are_those_of_the_fold(void **state)
{
    (void)state;
    engine_fixture *f = fixture_new(NULL);
    const piq_catalogue *c = piq_engine_catalogue(f->e);
    piq_learner *l;
    piq_fold_effect effect;
    assert_int_equal(piq_learner_new((piq_user_id){1}, c, &l), PIQ_OK);
    piq_event e = fixture_event(f, 1, 0, PIQ_EV_REVIEW);
    e.u.review = (piq_review_event){.concept = {3}, .rating = 2};
    piq_fold(l, c, piq_engine_book(f->e), NULL, &e, &effect);
    assert_int_equal(effect.n_reviews, 1);
    assert_int_equal(effect.reviews[0].concept.v, 3);
    assert_int_equal(effect.reviews[0].rating, 2);
    assert_int_equal(effect.reviews[0].day,
                     piq_day_of(e.at_us, 0, PIQ_MEMORY_ROLLOVER_H));
    e = fixture_event(f, 2, 10, PIQ_EV_ANSWER);
    e.u.answer = (piq_answer){.item = {PIQ_NO_IX32},
                              .content = {PIQ_NO_IX32},
                              .concepts = {{{4}, 1}, {{5}, 0.5}},
                              .n_concepts = 2,
                              .score = 1,
                              .hint = true};
    piq_fold(l, c, piq_engine_book(f->e), NULL, &e, &effect);
    /* Both are first ones; help makes them hard. */
    assert_int_equal(effect.n_reviews, 2);
    assert_int_equal(effect.reviews[1].rating, 2);
    e.at_us += 60 * PIQ_US_PER_SECOND;
    piq_fold(l, c, piq_engine_book(f->e), NULL, &e, &effect);
    assert_int_equal(effect.n_reviews, 0); /* again today: half a review */
    e.at_us += PIQ_US_PER_DAY;
    piq_fold(l, c, piq_engine_book(f->e), NULL, &e, &effect);
    assert_int_equal(effect.n_reviews, 1); /* the minor concept is partial */
    assert_int_equal(effect.reviews[0].concept.v, 4);
    piq_learner_free(l);
    fixture_free(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_memory_fit__gives_what_pays_as_an_event),
        cmocka_unit_test(test_memory_fit__late_reviews_are_folded_under_it),
        cmocka_unit_test(test_memory_fit__stops_when_asked),
        cmocka_unit_test(test_memory_fit__nobody_is_no_failure),
        cmocka_unit_test(test_memory_fit__reviews_are_those_of_the_fold),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
