#include "learner/learner.h"

#include "base/calendar.h"
#include "learner/fold.h"
#include "num/logistic.h"
#include "support/engine_fixture.h"
#include "support/random_catalogue.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

enum { N_EVENTS = 400 };

/* A learner with some of everything, on a poker or a made-up curriculum. */
typedef struct fixture {
    engine_fixture *f;
    const piq_catalogue *c;
    piq_learner *l;
    piq_buf bytes;
} fixture;

static int set_up(void **state)
{
    fixture *x = calloc(1, sizeof *x);
    piq_fold_effect effect;
    size_t n = N_EVENTS;
    x->f = fixture_bare(NULL);
    fixture_load_file(x->f, "content/poker.json");
    x->c = piq_engine_catalogue(x->f->e);
    piq_event *list = fixture_simulate(x->f, x->c, 3, 7, &n);
    assert_int_equal(piq_learner_new((piq_user_id){7}, x->c, &x->l), PIQ_OK);
    for (size_t i = 0; i < n; i++)
        piq_fold(x->l, x->c, piq_engine_book(x->f->e), NULL, &list[i], &effect);
    piq_buf_init(&x->bytes, 0);
    piq_learner_encode(x->l, &x->bytes);
    *state = x;
    return x->bytes.status;
}

static int tear_down(void **state)
{
    fixture *x = *state;
    piq_learner_free(x->l);
    piq_buf_release(&x->bytes);
    fixture_free(x->f);
    free(x);
    return 0;
}

static piq_status decode(const fixture *x, const void *bytes, size_t len,
                         piq_learner **out)
{
    return piq_learner_decode((piq_str){bytes, len}, (piq_user_id){7}, x->c,
                              NULL, out, NULL);
}

static void check_bytes(const piq_learner *l, const piq_buf *expected)
{
    piq_buf b;
    piq_buf_init(&b, 0);
    piq_learner_encode(l, &b);
    assert_int_equal(b.len, expected->len);
    assert_memory_equal(b.ptr, expected->ptr, b.len);
    piq_buf_release(&b);
}

static void test_learner__reads_back_to_the_bit(void **state)
{
    fixture *x = *state;
    piq_learner *back;
    assert_true(x->bytes.len <= 8192); /* 70 concepts, 400 events */
    assert_int_equal(decode(x, x->bytes.ptr, x->bytes.len, &back), PIQ_OK);
    check_bytes(back, &x->bytes);
    assert_int_equal(back->n_events, x->l->n_events);
    assert_int_equal(back->last_us, x->l->last_us);
    assert_string_equal(back->last_event_id, x->l->last_event_id);
    assert_int_equal(back->goal.set, x->l->goal.set);
    piq_learner_free(back);
}

static void test_learner__every_damaged_byte_is_noticed(void **state)
{
    fixture *x = *state;
    char *copy = malloc(x->bytes.len);
    assert_non_null(copy);
    memcpy(copy, x->bytes.ptr, x->bytes.len);
    for (size_t i = 0; i < x->bytes.len; i += 7) {
        piq_learner *l = NULL;
        copy[i] = (char)(copy[i] ^ (1 << i % 8));
        assert_int_equal(decode(x, copy, x->bytes.len, &l), PIQ_ECORRUPT);
        assert_null(l);
        copy[i] = (char)(copy[i] ^ (1 << i % 8));
    }
    for (size_t len = 0; len < x->bytes.len; len += 13) {
        piq_learner *l = NULL;
        assert_int_equal(decode(x, copy, len, &l), PIQ_ECORRUPT);
    }
    free(copy);
}

/* Bytes whose checksum is right may still be anybody's. */
static void test_learner__a_forged_state_is_refused_or_read(void **state)
{
    fixture *x = *state;
    size_t len = x->bytes.len - 4;
    char *copy = malloc(x->bytes.len);
    assert_non_null(copy);
    for (size_t i = 0; i < len; i += 3) {
        piq_learner *l = NULL;
        memcpy(copy, x->bytes.ptr, x->bytes.len);
        copy[i] = (char)(copy[i] ^ 0xa5);
        uint64_t h = piq_hash_bytes(copy, len);
        uint32_t sum = (uint32_t)(h ^ (h >> 32));
        for (size_t k = 0; k < 4; k++)
            copy[len + k] = (char)(sum >> 8 * k);
        piq_status status = decode(x, copy, x->bytes.len, &l);
        assert_true(status == PIQ_OK || status == PIQ_ECORRUPT);
        piq_learner_free(l);
    }
    free(copy);
}

static void test_learner__a_copy_stands_for_itself(void **state)
{
    fixture *x = *state;
    piq_learner *copy;
    piq_fold_effect effect;
    piq_event e = fixture_answer(x->f, 9000, 200 * 86400, 1);
    assert_int_equal(piq_learner_copy(x->l, &copy), PIQ_OK);
    check_bytes(copy, &x->bytes);
    piq_fold(copy, x->c, piq_engine_book(x->f->e), NULL, &e, &effect);
    check_bytes(x->l, &x->bytes);
    piq_learner_free(copy);
}

static void test_learner__grows_with_the_curriculum(void **state)
{
    (void)state;
    piq_catalogue *small = random_catalogue(1, 2, 5, 9);
    piq_catalogue *large = random_catalogue(1, 4, 30, 80);
    piq_learner *l, *back;
    piq_buf b;
    small->version = 1;
    large->version = 2;
    assert_int_equal(piq_learner_new((piq_user_id){1}, small, &l), PIQ_OK);
    assert_true(piq_learner_fits(l, small));
    assert_false(piq_learner_fits(l, large));
    l->history[8].last_s = 77;
    l->history[8].progress = PIQ_STARTED;
    piq_buf_init(&b, 0);
    piq_learner_encode(l, &b);
    assert_int_equal(piq_learner_stored_catalogue((piq_str){b.ptr, b.len}), 1);
    /* Read under the large one: room, and the same bytes of evidence. */
    assert_int_equal(piq_learner_decode((piq_str){b.ptr, b.len},
                                        (piq_user_id){1}, large, NULL, &back,
                                        NULL),
                     PIQ_OK);
    assert_true(piq_learner_fits(back, large));
    assert_int_equal(back->catalogue_version, 1);
    assert_int_equal(back->history[8].last_s, 77);
    assert_true(isnan(back->history[70].score));
    assert_int_equal(piq_learner_grow(l, large), PIQ_OK);
    assert_true(piq_learner_fits(l, large));
    assert_int_equal(l->catalogue_version, 2);
    assert_int_equal(piq_learner_grow(l, small), PIQ_OK); /* never shrinks */
    assert_true(piq_learner_fits(l, large));
    assert_int_equal(l->catalogue_version, 2);
    piq_learner_free(l);
    piq_learner_free(back);
    piq_buf_release(&b);
    piq_catalogue_free(small);
    piq_catalogue_free(large);
}

static void test_learner__bytes_of_others_have_no_catalogue(void **state)
{
    (void)state;
    assert_int_equal(piq_learner_stored_catalogue((piq_str){"", 0}), 0);
    assert_int_equal(piq_learner_stored_catalogue(PIQ_STR("\x07\x01")), 0);
    assert_int_equal(piq_learner_stored_catalogue(PIQ_STR("\x01\xff\xff")), 0);
}

static void test_learner__late_is_before_what_was_folded(void **state)
{
    fixture *x = *state;
    piq_learner *l = x->l;
    piq_event e = {.at_us = l->last_us, .event_id = PIQ_STR("zzz")};
    assert_false(piq_learner_is_late(l, &e));
    e.event_id = PIQ_STR("!");
    assert_true(piq_learner_is_late(l, &e));
    e.at_us++;
    assert_false(piq_learner_is_late(l, &e));
    e.at_us = l->first_us - 1;
    assert_true(piq_learner_is_late(l, &e));
    piq_learner *fresh;
    assert_int_equal(piq_learner_new((piq_user_id){1}, x->c, &fresh), PIQ_OK);
    e.at_us = 0;
    assert_false(piq_learner_is_late(fresh, &e));
    piq_learner_free(fresh);
}

static void test_learner__defaults_hold_until_something_is_stated(void **state)
{
    fixture *x = *state;
    piq_learner *l;
    assert_int_equal(piq_learner_new((piq_user_id){1}, x->c, &l), PIQ_OK);
    assert_int_equal(piq_learner_offset_min(l), 0);
    assert_true(piq_learner_retention(l) == 0.9);
    l->stated = (piq_stated){.has = PIQ_STATED_OFFSET | PIQ_STATED_RETENTION,
                             .utc_offset_min = -90,
                             .desired_retention = 0.75f};
    assert_int_equal(piq_learner_offset_min(l), -90);
    assert_true(piq_learner_retention(l) == 0.75);
    piq_learner_free(l);
}

#define WITH(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

/* All items are found to be .7 harder: mastery is .7 logits lower, ability
 * too. */
static void test_learner__is_judged_on_the_curriculums_scale(void **state)
{
    fixture *x = *state;
    const piq_catalogue *c = x->c;
    piq_calibration_book *book;
    piq_calibrated_item *news = calloc(c->n_items, sizeof *news);
    piq_belief *plain = calloc(c->n_concepts, sizeof *plain);
    piq_belief *judged = calloc(c->n_concepts, sizeof *judged);
    float *shifts = calloc(c->n_concepts, sizeof *shifts);
    assert_int_equal(piq_calibration_book_new(&book), PIQ_OK);
    for (uint32_t i = 0; i < c->n_items; i++)
        news[i] = (piq_calibrated_item){
            {i},
            {(float)piq_difficulty_logit(c->items[i].difficulty) + 0.7f, 0.1f,
             9}};
    assert_int_equal(piq_calibration_book_add(book, 1, news, c->n_items),
                     PIQ_OK);
    assert_int_equal(piq_calibration_book_shifts(book, c, shifts), PIQ_OK);
    const piq_judge nobody = {0}, by = {.book = book};
    int64_t at_us = x->l->last_us;
    assert_int_equal(piq_learner_judged(x->l, &nobody, c, at_us, plain),
                     PIQ_OK);
    assert_int_equal(piq_learner_judged(x->l, &by, c, at_us, judged), PIQ_OK);
    for (size_t k = 0; k < c->n_concepts; k++) {
        piq_belief one;
        double shift = (double)shifts[k];
        assert_true(fabs(plain[k].ability_logit - shift -
                         judged[k].ability_logit) < 1e-9);
        assert_true(fabs(piq_logit(plain[k].mastery) - shift -
                         piq_logit(judged[k].mastery)) < 1e-6);
        assert_true(judged[k].mastery_low <= judged[k].mastery);
        assert_true(judged[k].mastery <= judged[k].mastery_high);
        assert_int_equal(
            piq_learner_judged_concept(
                x->l, &by, c, (piq_concept_ix){(uint16_t)k}, at_us, &one),
            PIQ_OK);
        assert_true(one.ability_logit == judged[k].ability_logit);
        assert_true(one.mastery == judged[k].mastery);
        assert_true(one.mastery_low == judged[k].mastery_low);
        assert_true(one.recall == judged[k].recall ||
                    (isnan(one.recall) && isnan(judged[k].recall)));
    }
    piq_calibration_book_free(book);
    free(news);
    free(plain);
    free(judged);
    free(shifts);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH(test_learner__reads_back_to_the_bit),
        WITH(test_learner__every_damaged_byte_is_noticed),
        WITH(test_learner__a_forged_state_is_refused_or_read),
        WITH(test_learner__a_copy_stands_for_itself),
        cmocka_unit_test(test_learner__grows_with_the_curriculum),
        cmocka_unit_test(test_learner__bytes_of_others_have_no_catalogue),
        WITH(test_learner__late_is_before_what_was_folded),
        WITH(test_learner__is_judged_on_the_curriculums_scale),
        WITH(test_learner__defaults_hold_until_something_is_stated),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
