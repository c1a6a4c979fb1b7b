/* A review log as reviews and a curriculum. */
#include "train/deck.h"

#include "support/small_catalogue.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* Card 0: a reset at the third row. Card 1: no learning review. Card 2: a
 * manual reschedule, and one instant twice. */
static const char LOG[] =
    "card_id,review_time,review_rating,review_state,review_duration\n"
    "0,1700000000000,3,1,2000\n"
    "0,1700100000000,3,2,2000\n"
    "0,1700200000000,1,1,2500\n"
    "0,1700300000000,4,2,0\n"
    "1,1700000000000,3,2,1000\n"
    "1,1700500000000,3,2,1000\n"
    "2,1700300000000,2,0,99999999999\n"
    "2,1700400000000,0,2,0\n"
    "2,1700600000000,3,2,1500\n"
    "2,1700600000000,3,2,1500\n";

typedef struct fixture {
    piq_arena a;
    piq_revlog log;
    piq_deck deck;
} fixture;

static int set_up(void **state)
{
    fixture *f = calloc(1, sizeof *f);
    piq_arena_init(&f->a, 0);
    *state = f;
    return piq_revlog_read(&f->a, piq_str_of(LOG), &f->log, NULL) ||
           piq_deck_of(&f->a, &f->log, PIQ_STR("kanji"), &f->deck, NULL);
}

static int tear_down(void **state)
{
    fixture *f = *state;
    piq_arena_release(&f->a);
    free(f);
    return 0;
}

static void test_deck__what_is_left_out_is_counted(void **state)
{
    fixture *f = *state;
    assert_int_equal(f->deck.read, 10);
    assert_int_equal(f->deck.before_reset, 2);
    assert_int_equal(f->deck.no_beginning, 2);
    assert_int_equal(f->deck.manual, 1);
    assert_int_equal(f->deck.repeated, 1);
    assert_int_equal(f->deck.n, 4);
    assert_int_equal(f->deck.n_cards, 2);
    assert_int_equal(f->deck.cards[0], 0);
    assert_int_equal(f->deck.cards[1], 2);
}

static void test_deck__reviews_come_in_the_order_of_events(void **state)
{
    fixture *f = *state;
    const piq_deck_review *r = f->deck.reviews;
    assert_true(piq_str_eq(r[0].event_id, PIQ_STR("kanji-001700200000000-0")));
    assert_int_equal(r[0].rating, 1);
    assert_int_equal(r[0].response_ms, 2500);
    assert_true(r[0].at_us == INT64_C(1700200000000000));
    /* One instant: by id. */
    assert_int_equal(r[1].card_id, 0);
    assert_int_equal(r[2].card_id, 2);
    assert_int_equal(r[2].response_ms, 86400000); /* a day at most */
    assert_int_equal(r[3].card_id, 2);
}

static void test_deck__names_are_words(void **state)
{
    (void)state;
    assert_true(piq_deck_name_ok(PIQ_STR("N5_kanji.2-a")));
    assert_false(piq_deck_name_ok(PIQ_STR("")));
    assert_false(piq_deck_name_ok(PIQ_STR("two words")));
    assert_false(piq_deck_name_ok(PIQ_STR("kanji\xc3\xa9")));
    assert_false(piq_deck_name_ok(PIQ_STR("a.very.long.name.of.x")));
}

static piq_catalogue *read_document(const piq_buf *b, const piq_catalogue *old)
{
    piq_arena a;
    piq_catalogue *c = NULL;
    piq_findings findings = {0};
    piq_arena_init(&a, 0);
    assert_int_equal(piq_catalogue_read(&a, (piq_str){b->ptr, b->len}, old, &c,
                                        &findings, NULL, NULL),
                     PIQ_OK);
    piq_arena_release(&a);
    return c;
}

static piq_catalogue *with_deck(const fixture *f, const piq_catalogue *old,
                                size_t *n_new)
{
    piq_buf b;
    piq_buf_init(&b, 0);
    assert_int_equal(
        piq_deck_curriculum(old, PIQ_STR("kanji"), &f->deck, &b, n_new, NULL),
        PIQ_OK);
    piq_catalogue *c = *n_new ? read_document(&b, old) : NULL;
    piq_buf_release(&b);
    return c;
}

static void test_deck__first_curriculum_is_the_cards(void **state)
{
    size_t n_new;
    piq_concept_ix ix;
    piq_catalogue *c = with_deck(*state, NULL, &n_new);
    assert_int_equal(n_new, 2);
    assert_int_equal(c->n_concepts, 2);
    assert_true(piq_catalogue_find_concept(c, PIQ_STR("kanji.2"), &ix));
    assert_true(piq_str_eq(c->concepts[ix.v].name, PIQ_STR("Card 2")));
    assert_true(piq_str_eq(c->areas[0].id, PIQ_STR("kanji")));
    /* Again: nothing is new. */
    assert_null(with_deck(*state, c, &n_new));
    assert_int_equal(n_new, 0);
    piq_catalogue_free(c);
}

static void test_deck__cards_join_the_curriculum_in_force(void **state)
{
    fixture *f = *state;
    size_t n_new;
    piq_concept_ix ix;
    piq_catalogue *small = small_catalogue();
    piq_catalogue *c = with_deck(f, small, &n_new);
    assert_int_equal(c->n_concepts, N_SMALL_CONCEPTS + 2);
    for (size_t i = 0; i < N_SMALL_CONCEPTS; i++)
        assert_false(c->concepts[i].retired);
    assert_true(piq_str_eq(c->subject, small->subject));
    /* Retired since, it comes back where it was. */
    assert_true(piq_catalogue_find_concept(c, PIQ_STR("kanji.0"), &ix));
    c->concepts[ix.v].retired = true;
    piq_catalogue *again = with_deck(f, c, &n_new);
    assert_int_equal(n_new, 1);
    assert_int_equal(again->n_concepts, c->n_concepts);
    assert_false(again->concepts[ix.v].retired);
    piq_catalogue_free(again);
    piq_catalogue_free(c);
    piq_catalogue_free(small);
}

static void test_deck__too_many_cards_are_refused(void **state)
{
    fixture *f = *state;
    enum { N = PIQ_MAX_CONCEPTS + 1 };
    size_t n_new;
    piq_err err = {0};
    piq_deck large = {.cards = piq_new(&f->a, int64_t, N), .n_cards = N};
    piq_buf b;
    for (int64_t i = 0; i < N; i++)
        large.cards[i] = i;
    piq_buf_init(&b, 0);
    assert_int_equal(
        piq_deck_curriculum(NULL, PIQ_STR("kanji"), &large, &b, &n_new, &err),
        PIQ_ELIMIT);
    assert_non_null(strstr(err.message, "16385"));
    piq_buf_release(&b);
}

static void test_deck__memory_may_run_out(void **state)
{
    fixture *f = *state;
    piq_status status = PIQ_ENOMEM;
    for (long k = 1; status == PIQ_ENOMEM; k++) {
        piq_arena a;
        piq_deck deck;
        piq_arena_init(&a, 0);
        piq_alloc_fail_after(k, 1);
        status = piq_deck_of(&a, &f->log, PIQ_STR("x"), &deck, NULL);
        piq_alloc_fail_after(0, 0);
        piq_arena_release(&a);
    }
    assert_int_equal(status, PIQ_OK);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_deck__what_is_left_out_is_counted),
        TEST(test_deck__reviews_come_in_the_order_of_events),
        TEST(test_deck__names_are_words),
        TEST(test_deck__first_curriculum_is_the_cards),
        TEST(test_deck__cards_join_the_curriculum_in_force),
        TEST(test_deck__too_many_cards_are_refused),
        TEST(test_deck__memory_may_run_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
