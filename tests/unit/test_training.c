/* What a model is fitted on, who takes whose place, and what is kept. */
#include "engine/training.h"

#include "base/calendar.h"
#include "engine/engine_internal.h"
#include "support/engine_fixture.h"
#include "support/engine_models.h"
#include "support/near.h"
#include "support/random_catalogue.h"
#include "support/small_model.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static piq_kt_data answers_until(engine_fixture *f, int64_t until_us,
                                 unsigned n_parts)
{
    piq_kt_data d;
    if (piq_engine_answers(f->e, n_parts, until_us, &d, &f->err))
        fail_msg("%s", f->err.message);
    return d;
}

/* ---- answers ----------------------------------------------------------- */

static void test_training__answers_are_those_that_are_stored(void **state)
{
    enum { N = 60 };
    (void)state;
    engine_fixture *f = fixture_new(NULL);
    piq_event list[N];
    for (unsigned i = 0; i < N; i++) {
        list[i] = fixture_answer(f, i, 60 * i, (float)(i % 3 > 0));
        if (i % 4)
            continue;
        list[i] = fixture_event(f, i, 60 * i, PIQ_EV_CONTENT_COMPLETED);
        list[i].u.content = (piq_content_event){.seconds = 60, .score = NAN};
    }
    for (int64_t user = 3; user <= 5; user++)
        fixture_post(f, user, list, N);
    piq_event start = list[0];
    fixture_post(f, 4000, &start, 1); /* who answered nothing */
    piq_kt_data d = answers_until(f, INT64_MAX, 5);
    assert_int_equal(d.n_learners, 3);
    assert_int_equal(d.n_answers, 3 * N * 3 / 4);
    assert_true(d.has_times);
    assert_int_equal(d.n_items, piq_engine_catalogue(f->e)->n_items);
    size_t at = 0;
    for (unsigned i = 0; i < N; i++) {
        if (i % 4 == 0)
            continue;
        const piq_kt_answer *k = &d.answers[d.first[1] + at++];
        const piq_answer *a = &list[i].u.answer;
        assert_true(k->at_us == list[i].at_us && k->score == a->score);
        assert_int_equal(k->response_ms, a->response_ms);
        assert_int_equal(piq_kt_data_ask(&d, k).item.v, a->item.v);
        assert_true(k->foreseen > 0 && k->foreseen < 1);
    }
    assert_int_equal(at, d.first[2] - d.first[1]);
    piq_kt_data_release(&d);
    fixture_free(f);
}

static void test_training__only_answers_before_an_instant(void **state)
{
    (void)state;
    engine_fixture *f = fixture_new(NULL);
    piq_event list[10];
    for (unsigned i = 0; i < 10; i++)
        list[i] = fixture_answer(f, i, 60 * i, 1);
    fixture_post(f, 1, list, 10);
    fixture_post(f, 2, list + 8, 2);
    piq_kt_data d = answers_until(f, list[7].at_us, 2);
    assert_int_equal(d.n_learners, 1);
    assert_int_equal(d.n_answers, 7);
    piq_kt_data_release(&d);
    d = answers_until(f, list[0].at_us, 2);
    assert_int_equal(d.n_learners, 0);
    piq_kt_data_release(&d);
    fixture_free(f);
}

static void test_training__long_histories_and_many_learners(void **state)
{
    enum { LONG = 4500, MANY = 1100 }; /* more than are read at once */
    (void)state;
    engine_fixture *f = fixture_new(NULL);
    piq_bulk *b;
    piq_bulk_totals totals;
    assert_int_equal(piq_bulk_begin(f->e, NULL, NULL, &b, &f->err), PIQ_OK);
    for (unsigned i = 0; i < LONG; i++) {
        piq_event e = fixture_answer(f, i, i, 1);
        e.user.v = 7;
        assert_int_equal(piq_bulk_add(b, &e, &f->err), PIQ_OK);
    }
    for (unsigned i = 0; i < MANY; i++) {
        piq_event e = fixture_answer(f, i, LONG + i, 0);
        e.user.v = 100 + i;
        assert_int_equal(piq_bulk_add(b, &e, &f->err), PIQ_OK);
    }
    assert_int_equal(piq_bulk_end(b, &totals, &f->err), PIQ_OK);
    piq_kt_data d = answers_until(f, INT64_MAX, 3);
    assert_int_equal(d.n_learners, 1 + MANY);
    assert_int_equal(d.n_answers, LONG + MANY);
    assert_int_equal(d.first[1], LONG);
    for (size_t i = 1; i < LONG; i++)
        assert_true(d.answers[i - 1].at_us < d.answers[i].at_us);
    piq_kt_data_release(&d);
    fixture_free(f);
}

static void test_training__of_two_curricula_as_of_one(void **state)
{
    (void)state;
    engine_fixture *f = fixture_bare(NULL);
    piq_catalogue *c = random_catalogue(3, 3, 10, 30);
    fixture_load(f, c);
    piq_event one = fixture_answer(f, 3, 0, 1);
    fixture_post(f, 1, &one, 1);
    piq_catalogue_free(c);
    c = random_catalogue(4, 3, 14, 40);
    fixture_load(f, c);
    piq_catalogue_free(c);
    piq_event two = fixture_answer(f, 25, 60, 0); /* an item of the second */
    fixture_post(f, 1, &two, 1);
    piq_kt_data d = answers_until(f, INT64_MAX, 2);
    assert_int_equal(d.n_answers, 2);
    assert_int_equal(d.catalogue->version, 2);
    assert_int_equal(piq_kt_data_ask(&d, &d.answers[0]).item.v, 3);
    assert_int_equal(piq_kt_data_ask(&d, &d.answers[1]).item.v, 25);
    piq_kt_data_release(&d);
    fixture_free(f);
}

/* As another process posts while this one reads: what this one's curriculum
 * has no position for is missing. */
static void test_training__a_later_curriculum_is_left_for_later(void **state)
{
    (void)state;
    engine_fixture *f = fixture_bare(NULL);
    piq_catalogue *c = random_catalogue(3, 3, 10, 30);
    fixture_load(f, c);
    piq_event one = fixture_answer(f, 3, 0, 1);
    fixture_post(f, 1, &one, 1);
    piq_catalogue_free(c);
    piq_engine *late = f->e;
    f->e = fixture_second(f);
    c = random_catalogue(4, 3, 14, 40);
    fixture_load(f, c);
    piq_catalogue_free(c);
    piq_event two = fixture_answer(f, 25, 60, 0);
    fixture_post(f, 1, &two, 1);
    piq_kt_data d;
    assert_int_equal(piq_engine_catalogue(late)->version, 1);
    assert_int_equal(piq_engine_answers(late, 2, INT64_MAX, &d, &f->err),
                     PIQ_OK);
    assert_int_equal(d.n_answers, 1);
    piq_kt_data_release(&d);
    piq_engine_close(late);
    fixture_free(f);
}

static void test_training__nothing_to_learn_from(void **state)
{
    (void)state;
    piq_kt_data d = {0};
    engine_fixture *f = fixture_bare(NULL);
    assert_int_equal(piq_engine_answers(f->e, 5, INT64_MAX, &d, &f->err),
                     PIQ_ENOTFOUND);
    fixture_load_file(f, "tests/golden/curriculum-music.json");
    d = answers_until(f, INT64_MAX, 5);
    assert_int_equal(d.n_answers, 0);
    piq_kt_data_release(&d);
    fixture_free(f);
}

static void test_training__failures_leave_nothing_behind(void **state)
{
    (void)state;
    piq_kt_data d = {0};
    engine_fixture *f = fixture_new(NULL);
    piq_event list[10];
    for (unsigned i = 0; i < 10; i++)
        list[i] = fixture_answer(f, i, 60 * i, 1);
    for (int64_t user = 1; user < 4; user++)
        fixture_post(f, user, list, 10);
    piq_status status = PIQ_EIO;
    for (long nth = 1; status != PIQ_OK; nth++) {
        memory_fail_read(f->data, nth, 0, PIQ_EIO);
        status = piq_engine_answers(f->e, 2, INT64_MAX, &d, &f->err);
        assert_true(status == PIQ_OK || status == PIQ_EIO);
        memory_fail_read(f->data, 0, 0, PIQ_OK);
    }
    assert_int_equal(d.n_answers, 30);
    piq_kt_data_release(&d);
    fixture_free(f);
}

/* ---- duels --------------------------------------------------------------- */

/* An engine that has what small_answers gave, and those answers. */
static engine_fixture *with_answers(piq_kt_data *d)
{
    engine_fixture *f = fixture_bare(NULL);
    piq_catalogue *c = random_catalogue(4, 2, 6, 30);
    small_world w = small_world_usual();
    piq_bulk *b;
    piq_bulk_totals totals;
    w.n_learners = 60;
    fixture_load(f, c);
    *d = small_answers(piq_engine_catalogue(f->e), w, 4, NULL);
    assert_int_equal(piq_bulk_begin(f->e, NULL, NULL, &b, &f->err), PIQ_OK);
    for (size_t l = 0; l < d->n_learners; l++)
        for (size_t i = d->first[l]; i < d->first[l + 1]; i++) {
            piq_event e = fixture_answer(f, (unsigned)i, 0, 0);
            e.user.v = (int64_t)l + 1;
            e.at_us = d->answers[i].at_us;
            e.u.answer.item = piq_kt_data_ask(d, &d->answers[i]).item;
            e.u.answer.score = d->answers[i].score;
            if (piq_bulk_add(b, &e, &f->err))
                fail_msg("%s", f->err.message);
        }
    assert_int_equal(piq_bulk_end(b, &totals, &f->err), PIQ_OK);
    piq_catalogue_free(c);
    return f;
}

static piq_kt_duel duel(engine_fixture *f, const piq_kt_model *m,
                        uint32_t *number)
{
    piq_kt_duel found;
    if (piq_engine_duel(f->e, m, 1, &found, number, &f->err))
        fail_msg("%s", f->err.message);
    return found;
}

static void test_training__a_duel_is_about_the_latest_answers(void **state)
{
    (void)state;
    piq_kt_data d;
    uint32_t number = 9;
    char text[160];
    engine_fixture *f = with_answers(&d);
    piq_kt_fit_options o = small_options(true, false, false);
    piq_kt_model *good = small_model(&d, &o);
    /* It was fitted on all of them: none is left to judge it by. */
    piq_kt_duel found = duel(f, good, &number);
    assert_int_equal(found.answers, 0);
    assert_int_equal(number, 0);
    assert_true(found.against_belief && piq_duel_allows(&found));
    piq_duel_describe(&found, text, sizeof text);
    assert_string_equal(text, "0 latest answers: too few to compare");
    good->about.until_us = PIQ_NO_TIME;
    found = duel(f, good, &number); /* a tenth of 2400, and ties */
    assert_in_range(found.answers, 240, 300);
    assert_true(found.is_enough && found.against_belief);
    piq_duel_describe(&found, text, sizeof text);
    assert_non_null(strstr(text, "the online belief's"));
    piq_kt_model_free(good);
    piq_kt_data_release(&d);
    fixture_free(f);
}

static void test_training__a_champion_is_fought(void **state)
{
    (void)state;
    piq_kt_data d;
    uint32_t number, version;
    char text[160];
    engine_fixture *f = with_answers(&d);
    piq_store *s = piq_engine_store(f->e);
    piq_kt_fit_options o = small_options(true, false, false);
    piq_kt_model *good = small_model(&d, &o);
    good->about.until_us = PIQ_NO_TIME;
    engine_promote_random(f->e, 3); /* knows nothing */
    piq_kt_duel found = duel(f, good, &number);
    assert_int_equal(number, 1);
    assert_true(found.is_enough && !found.against_belief && !found.is_worse);
    assert_true(piq_duel_allows(&found));
    piq_duel_describe(&found, text, sizeof text);
    assert_non_null(strstr(text, "the champion's"));
    piq_str bytes = small_model_bytes(good);
    assert_int_equal(piq_model_add(s, good, bytes, &version, &f->err), PIQ_OK);
    assert_int_equal(version, 2);
    engine_promote(s, version);
    piq_str random = engine_model_bytes(f->e, 4);
    piq_kt_model *bad;
    assert_int_equal(piq_kt_model_decode(random, &bad, &f->err), PIQ_OK);
    found = duel(f, bad, &number);
    assert_int_equal(number, 2);
    assert_true(found.is_worse && !piq_duel_allows(&found));
    /* Unmeasured against a champion is not enough either. */
    bad->about.until_us = FIXTURE_NOW_US;
    found = duel(f, bad, &number);
    assert_false(found.is_enough || piq_duel_allows(&found));
    free((char *)random.ptr);
    free((char *)bytes.ptr);
    piq_kt_model_free(bad);
    piq_kt_model_free(good);
    piq_kt_data_release(&d);
    fixture_free(f);
}

/* As after an upgrade with another schema of features: a new model is measured
 * all the same, against what is in force meanwhile. */
static void test_training__a_champion_that_cannot_be_read(void **state)
{
    (void)state;
    piq_kt_data d;
    uint32_t number;
    engine_fixture *f = with_answers(&d);
    piq_store *s = piq_engine_store(f->e);
    piq_kt_fit_options o = small_options(true, false, false);
    piq_kt_model *good = small_model(&d, &o);
    good->about.until_us = PIQ_NO_TIME;
    uint32_t bad = engine_put_model(s, PIQ_STR("no model"));
    engine_promote(s, bad);
    piq_kt_duel found = duel(f, good, &number);
    assert_int_equal(number, 1);
    assert_true(found.is_enough && found.against_belief);
    engine_promote_random(f->e, 3);
    engine_promote(s, bad);
    found = duel(f, good, &number);
    assert_int_equal(number, 3);
    assert_true(found.is_enough && !found.against_belief && !found.is_worse);
    piq_kt_model_free(good);
    piq_kt_data_release(&d);
    fixture_free(f);
}

/* ---- keeping --------------------------------------------------------------
 */

static void test_training__the_same_bytes_are_kept_once(void **state)
{
    (void)state;
    engine_fixture *f = fixture_new(NULL);
    piq_store *s = piq_engine_store(f->e);
    piq_kt_model *m;
    uint32_t version = 0;
    piq_model_row *models;
    size_t n;
    piq_str bytes = engine_model_bytes(f->e, 1);
    assert_int_equal(piq_kt_model_decode(bytes, &m, &f->err), PIQ_OK);
    assert_int_equal(piq_model_add(s, m, bytes, &version, &f->err), PIQ_OK);
    assert_int_equal(version, 1);
    assert_int_equal(piq_model_add(s, m, bytes, &version, &f->err),
                     PIQ_ECONFLICT);
    assert_non_null(strstr(f->err.message, "version 1"));
    assert_int_equal(
        s->ops->models(s, &f->a, PIQ_MODEL_KT, &models, &n, &f->err), PIQ_OK);
    assert_int_equal(n, 1);
    assert_int_equal(models[0].digest, piq_kt_model_digest(bytes));
    assert_int_equal(models[0].made_us, m->about.made_us);
    assert_non_null(strstr(models[0].about.ptr, "made up"));
    /* A body that was dropped may come again. */
    assert_int_equal(s->ops->drop_model(s, PIQ_MODEL_KT, 1, &f->err), PIQ_OK);
    assert_int_equal(piq_model_add(s, m, bytes, &version, &f->err), PIQ_OK);
    assert_int_equal(version, 2);
    piq_kt_model_free(m);
    free((char *)bytes.ptr);
    fixture_free(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_training__answers_are_those_that_are_stored),
        cmocka_unit_test(test_training__only_answers_before_an_instant),
        cmocka_unit_test(test_training__long_histories_and_many_learners),
        cmocka_unit_test(test_training__of_two_curricula_as_of_one),
        cmocka_unit_test(test_training__a_later_curriculum_is_left_for_later),
        cmocka_unit_test(test_training__nothing_to_learn_from),
        cmocka_unit_test(test_training__failures_leave_nothing_behind),
        cmocka_unit_test(test_training__a_duel_is_about_the_latest_answers),
        cmocka_unit_test(test_training__a_champion_is_fought),
        cmocka_unit_test(test_training__a_champion_that_cannot_be_read),
        cmocka_unit_test(test_training__the_same_bytes_are_kept_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
