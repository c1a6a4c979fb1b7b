/* Review logs from CSV: both forms, what is cleaned away, what is refused. */
#include "train/revlog.h"

#include "support/near.h"
#include "support/review_cards.h"

#include <stdio.h>
#include <string.h>

#define RAW     "card_id,review_time,review_rating,review_state,review_duration\n"
#define CLEANED "card_id,i,review_time,day,delta_t,rating\n"

static const piq_revlog_day at_4 = {0, 240};

static piq_revlog read_log(piq_arena *a, const char *text)
{
    piq_revlog log;
    piq_err err = {0};
    piq_status status = piq_revlog_read(a, piq_str_of(text), &log, &err);
    if (status)
        print_error("%s (%s)\n", err.message, err.where);
    assert_int_equal(status, PIQ_OK);
    return log;
}

static piq_fsrs_cards cards_of(piq_arena *a, const char *text,
                               piq_revlog_day day)
{
    piq_fsrs_cards c;
    piq_revlog log = read_log(a, text);
    assert_int_equal(piq_revlog_cards(a, &log, day, &c), PIQ_OK);
    assert_int_equal(piq_fsrs_cards_check(&c, NULL), PIQ_OK);
    return c;
}

static void assert_card(const piq_fsrs_cards *c, size_t card,
                        const char *expected)
{
    char got[256] = "";
    for (size_t i = c->first[card]; i < c->first[card + 1]; i++) {
        size_t len = strlen(got);
        snprintf(got + len, sizeof got - len, "%s%d:%d", len ? " " : "",
                 (int)c->reviews[i].rating, (int)c->reviews[i].elapsed_days);
    }
    assert_string_equal(got, expected);
}

static void test_revlog__lines_come_in_any_order(void **state)
{
    (void)state;
    piq_arena a;
    piq_arena_init(&a, 0);
    /* Days of 86,400,000 ms: 0.5, 1.5 and 4.5; the second card at 0.5. */
    piq_fsrs_cards c = cards_of(&a,
                                RAW "7,388800000,4,2,900\n"
                                    "9,43200000,1,1,700\n"
                                    "7,43200000,3,1,800\n"
                                    "7,129600000,1,2,0\n",
                                at_4);
    assert_int_equal(c.n, 2);
    assert_card(&c, 0, "3:0 1:1 4:3");
    assert_card(&c, 1, "1:0");
    piq_arena_release(&a);
}

static void test_revlog__days_begin_at_the_rollover(void **state)
{
    (void)state;
    piq_arena a;
    piq_arena_init(&a, 0);
    /* 23:00 and 3:00 the next night, 5:00: UTC days 0, 1, 1. */
    const char *text = RAW "1,82800000,3,1,0\n"
                           "1,97200000,3,1,0\n"
                           "1,104400000,3,2,0\n";
    piq_fsrs_cards c = cards_of(&a, text, at_4);
    assert_card(&c, 0, "3:0 3:0 3:1");
    c = cards_of(&a, text, (piq_revlog_day){0, 0});
    assert_card(&c, 0, "3:0 3:1 3:0");
    /* An hour west at 4 o'clock is 5 o'clock of UTC: not quite there. */
    c = cards_of(&a, text, (piq_revlog_day){-60 - 1, 240});
    assert_card(&c, 0, "3:0 3:0 3:0");
    piq_arena_release(&a);
}

static void test_revlog__what_came_before_the_last_learning_is_dropped(
    void **state)
{
    (void)state;
    piq_arena a;
    piq_arena_init(&a, 0);
    /* Learned, reviewed, forgotten by a reset, learned anew in two steps. */
    piq_fsrs_cards c = cards_of(&a,
                                RAW "1,43200000,3,1,0\n"
                                    "1,129600000,3,2,0\n"
                                    "1,216000000,1,1,0\n"
                                    "1,216100000,3,1,0\n"
                                    "1,475200000,2,2,0\n"
                                    /* Never learned here: unknown. */
                                    "2,43200000,3,2,0\n"
                                    "2,129600000,3,3,0\n",
                                at_4);
    assert_int_equal(c.n, 1);
    assert_card(&c, 0, "1:0 3:0 2:3");
    piq_arena_release(&a);
}

static void test_revlog__manual_reschedules_are_dropped(void **state)
{
    (void)state;
    piq_arena a;
    piq_arena_init(&a, 0);
    piq_fsrs_cards c = cards_of(&a,
                                RAW "1,43200000,3,1,0\n"
                                    "1,43300000,0,1,0\n"
                                    "1,43400000,3,1,0\n"
                                    "1,129600000,0,2,0\n"
                                    "1,216000000,4,4,0\n",
                                at_4);
    assert_card(&c, 0, "3:0 3:0 4:2");
    piq_arena_release(&a);
}

static void test_revlog__cleaned_form_is_taken_as_it_is(void **state)
{
    (void)state;
    piq_arena a;
    piq_arena_init(&a, 0);
    piq_revlog log = read_log(&a, CLEANED "4,0,1000,0,0,3\n"
                                          "4,1,2000,0,0,1\r\n"
                                          "4,2,3000,9,9,3\n"
                                          "2,0,1500,0,0,4");
    piq_fsrs_cards c;
    assert_true(log.cleaned);
    assert_int_equal(piq_revlog_cards(&a, &log, at_4, &c), PIQ_OK);
    assert_int_equal(c.n, 2);
    assert_card(&c, 0, "3:0 1:0 3:9");
    assert_card(&c, 1, "4:0");
    piq_arena_release(&a);
}

static void assert_refused(const char *text, const char *where)
{
    piq_arena a;
    piq_revlog log;
    piq_err err = {0};
    piq_arena_init(&a, 0);
    assert_int_equal(piq_revlog_read(&a, piq_str_of(text), &log, &err),
                     PIQ_EPARSE);
    assert_string_equal(err.where, where);
    assert_true(err.message[0] != '\0');
    piq_arena_release(&a);
}

static void test_revlog__nonsense_is_refused_with_its_line(void **state)
{
    (void)state;
    assert_refused("", "line 1");
    assert_refused("card_id,i\n", "line 1");
    assert_refused(RAW "1,2,3,1\n", "line 2");
    assert_refused(RAW "1,2,3,1,0\n1,2,3,1,0,9\n", "line 3");
    assert_refused(RAW "1,2,5,1,0\n", "line 2");
    assert_refused(RAW "1,2,3,5,0\n", "line 2");
    assert_refused(RAW "1,-2,3,1,0\n", "line 2");
    assert_refused(RAW "1,2.5,3,1,0\n", "line 2");
    assert_refused(RAW "1,253402300800000,3,1,0\n", "line 2");
    assert_refused(RAW "1,2,3,1,0\n\n1,2,3,1,0\n", "line 3");
    /* Cleaned: no beginning, another card's, back in time, days at once. */
    assert_refused(CLEANED "1,1,5,0,1,3\n", "line 2");
    assert_refused(CLEANED "1,0,5,0,0,3\n2,1,6,0,1,3\n", "line 3");
    assert_refused(CLEANED "1,0,5,0,0,3\n1,1,4,0,1,3\n", "line 3");
    assert_refused(CLEANED "1,0,5,0,2,3\n", "line 2");
    assert_refused(CLEANED "1,0,5,0,0,0\n", "line 2");
}

static void test_revlog__a_log_may_be_empty(void **state)
{
    (void)state;
    piq_arena a;
    piq_arena_init(&a, 0);
    assert_int_equal(cards_of(&a, RAW, at_4).n, 0);
    assert_int_equal(cards_of(&a, CLEANED, at_4).n, 0);
    piq_arena_release(&a);
}

/* ---- real logs --------------------------------------------------------- */

static void test_revlog__both_forms_of_real_logs_give_the_same(void **state)
{
    (void)state;
    static const char *const names[] = {"anki-analysis", "kanjiplot",
                                        "sm18-pariance"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        char path[64];
        piq_arena a;
        piq_fsrs_cards raw, cleaned;
        piq_arena_init(&a, 0);
        snprintf(path, sizeof path, "%s/revlog.csv", names[i]);
        if (!review_log(&a, path, &raw))
            skip();
        snprintf(path, sizeof path, "%s/reviews.csv", names[i]);
        assert_true(review_log(&a, path, &cleaned));
        assert_int_equal(raw.n, cleaned.n);
        assert_memory_equal(raw.first, cleaned.first,
                            (raw.n + 1) * sizeof *raw.first);
        assert_memory_equal(raw.reviews, cleaned.reviews,
                            piq_fsrs_n_reviews(&raw) * sizeof *raw.reviews);
        piq_arena_release(&a);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_revlog__lines_come_in_any_order),
        cmocka_unit_test(test_revlog__days_begin_at_the_rollover),
        cmocka_unit_test(
            test_revlog__what_came_before_the_last_learning_is_dropped),
        cmocka_unit_test(test_revlog__manual_reschedules_are_dropped),
        cmocka_unit_test(test_revlog__cleaned_form_is_taken_as_it_is),
        cmocka_unit_test(test_revlog__nonsense_is_refused_with_its_line),
        cmocka_unit_test(test_revlog__a_log_may_be_empty),
        cmocka_unit_test(test_revlog__both_forms_of_real_logs_give_the_same),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
