/* What one learner remembers: which reviews an answer makes, and the stored
 * form. The card model itself is tested in test_fsrs.c. */
#include "memory/memory.h"

#include "base/arena.h"
#include "base/calendar.h"
#include "support/near.h"
#include "support/poker_memory.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const piq_review_calendar two_hours_east = {
    .retention = 0.9, .utc_offset_min = 120, .seed = 1};

static piq_fsrs_state state_of(const poker_memory *f, uint16_t concept)
{
    return f->memory.concepts[concept].state;
}

static void assert_state(piq_fsrs_state got, piq_fsrs_state want)
{
    assert_near(got.stability_days, want.stability_days,
                1e-12 * want.stability_days);
    assert_near(got.difficulty, want.difficulty, 1e-12);
}

/* ---- ratings ---------------------------------------------------------- */

static void test_rating__wrong_is_again(void **state)
{
    (void)state;
    assert_int_equal(piq_memory_rating_of(0, false, 0, 0.9), 1);
    assert_int_equal(piq_memory_rating_of(0.49, true, 0.1, 0.1), 1);
    assert_int_equal(piq_memory_rating_of(NAN, false, 0, 0.5), 1);
}

static void test_rating__help_or_effort_is_hard(void **state)
{
    (void)state;
    assert_int_equal(piq_memory_rating_of(1, true, 1, 0.9), 2);
    assert_int_equal(piq_memory_rating_of(1, false, 1.51, 0.9), 2);
    assert_int_equal(piq_memory_rating_of(0.5, false, 1, 0.9), 2);
    assert_int_equal(piq_memory_rating_of(1, true, 0.2, 0.1), 2);
}

static void test_rating__plainly_right_is_good(void **state)
{
    (void)state;
    assert_int_equal(piq_memory_rating_of(1, false, 0, 0.9), 3);
    assert_int_equal(piq_memory_rating_of(1, false, 1.5, 0.2), 3);
    assert_int_equal(piq_memory_rating_of(0.75, false, 1, 0.9), 3);
    /* Fast, but the item was easy; hard, but the time is not known. */
    assert_int_equal(piq_memory_rating_of(1, false, 0.5, 0.9), 3);
    assert_int_equal(piq_memory_rating_of(1, false, 0, 0.2), 3);
    assert_int_equal(piq_memory_rating_of(1, false, 0.5, NAN), 3);
}

static void test_rating__fast_on_a_hard_item_is_easy(void **state)
{
    (void)state;
    assert_int_equal(piq_memory_rating_of(1, false, 0.5, 0.4), 4);
    assert_int_equal(piq_memory_rating_of(0.9, false, 0.5, 0.4), 3);
}

/* ---- reviews ---------------------------------------------------------- */

static void test_review__first_answer_is_a_first_review(void **state)
{
    poker_memory *f = *state;
    poker_answer(f, BLUFF, 3, 1, POKER_NOON_US);
    const piq_memory_cell *cell = &f->memory.concepts[BLUFF];
    assert_true(cell->state.stability_days == 2.3065); /* w2 */
    assert_int_equal(cell->reviews, 1);
    assert_int_equal(cell->today, 1);
    assert_int_equal(cell->lapses, 0);
    assert_int_equal(cell->last_s, POKER_NOON_US / PIQ_US_PER_SECOND);
    assert_int_equal(cell->held_s, POKER_NOON_US / PIQ_US_PER_SECOND);
}

static void test_review__partial_first_answer_starts_from_failed(void **state)
{
    poker_memory *f = *state;
    poker_answer(f, BLUFF, 3, 0.5, POKER_NOON_US);
    /* sqrt(w0 w2) = sqrt(.212 * 2.3065); D halfway from 6.4133 to
     * 6.4133 - e^(2 * .8334) + 1 */
    assert_near(state_of(f, BLUFF).stability_days, sqrt(0.212 * 2.3065), 1e-12);
    assert_near(state_of(f, BLUFF).difficulty,
                6.4133 - (exp(2 * 0.8334) - 1) / 2, 1e-12);
}

static void test_review__next_days_answer_is_a_whole_review(void **state)
{
    poker_memory *f = *state;
    poker_answer(f, BLUFF, 3, 1, POKER_NOON_US);
    piq_fsrs_state first = state_of(f, BLUFF);
    poker_answer(f, BLUFF, 3, 1, POKER_NOON_US + 4 * PIQ_US_PER_DAY);
    assert_state(state_of(f, BLUFF), piq_fsrs_next(f->p, first, 4, 3));
    assert_int_equal(f->memory.concepts[BLUFF].today, 1);
    assert_int_equal(f->memory.concepts[BLUFF].reviews, 2);
}

static void test_review__same_days_second_wrong_answer_counts_half(void **state)
{
    poker_memory *f = *state;
    poker_answer(f, BLUFF, 3, 1, POKER_NOON_US);
    piq_fsrs_state first = state_of(f, BLUFF);
    poker_answer(f, BLUFF, 1, 1, POKER_NOON_US + PIQ_US_PER_MINUTE);
    piq_fsrs_state full = piq_fsrs_next(f->p, first, 0, 1);
    piq_fsrs_state half = {sqrt(first.stability_days * full.stability_days),
                           (first.difficulty + full.difficulty) / 2};
    assert_state(state_of(f, BLUFF), half);
    /* The third counts a third. */
    poker_answer(f, BLUFF, 1, 1, POKER_NOON_US + 2 * PIQ_US_PER_MINUTE);
    full = piq_fsrs_next(f->p, half, 0, 1);
    piq_fsrs_state third = {
        cbrt(half.stability_days * half.stability_days * full.stability_days),
        (2 * half.difficulty + full.difficulty) / 3};
    assert_state(state_of(f, BLUFF), third);
    assert_int_equal(f->memory.concepts[BLUFF].today, 3);
    assert_int_equal(f->memory.concepts[BLUFF].lapses, 2);
}

static void test_review__deliberate_one_counts_fully(void **state)
{
    poker_memory *f = *state;
    poker_answer(f, BLUFF, 3, 1, POKER_NOON_US);
    piq_fsrs_state first = state_of(f, BLUFF);
    poker_review(
        f, &poker_plain,
        (piq_memory_answer){.concept = {BLUFF},
                            .rating = 1,
                            .weight = 1,
                            .deliberate = true,
                            .at_us = POKER_NOON_US + PIQ_US_PER_MINUTE});
    assert_state(state_of(f, BLUFF), piq_fsrs_next(f->p, first, 0, 1));
}

static void test_review__day_begins_at_four_local_time(void **state)
{
    poker_memory *f = *state;
    int64_t before = POKER_NOON_US + 16 * PIQ_US_PER_HOUR - PIQ_US_PER_MINUTE;
    poker_answer(f, BLUFF, 3, 1, POKER_NOON_US);
    poker_answer(f, BLUFF, 3, 1, before); /* 03:59, still Friday */
    assert_int_equal(f->memory.concepts[BLUFF].today, 2);
    poker_answer(f, BLUFF, 3, 1, before + PIQ_US_PER_MINUTE);
    assert_int_equal(f->memory.concepts[BLUFF].today, 1);
    /* Two hours east 04:00 has come earlier: 03:59 is 05:59 there. */
    piq_memory_answer x = {
        .concept = {OUTS}, .rating = 3, .weight = 1, .at_us = POKER_NOON_US};
    poker_review(f, &two_hours_east, x);
    x.at_us = before;
    poker_review(f, &two_hours_east, x);
    assert_int_equal(f->memory.concepts[OUTS].today, 1);
}

static void test_review__partial_one_moves_state_and_time_in_part(void **state)
{
    poker_memory *f = *state;
    poker_answer(f, BLUFF, 3, 1, POKER_NOON_US);
    piq_fsrs_state first = state_of(f, BLUFF);
    poker_answer(f, BLUFF, 3, 0.25, POKER_NOON_US + 8 * PIQ_US_PER_DAY);
    piq_fsrs_state full = piq_fsrs_next(f->p, first, 8, 3);
    assert_near(state_of(f, BLUFF).stability_days,
                pow(first.stability_days, 0.75) *
                    pow(full.stability_days, 0.25),
                1e-12);
    /* A quarter of eight days later. */
    assert_int_equal(f->memory.concepts[BLUFF].held_s,
                     (POKER_NOON_US + 2 * PIQ_US_PER_DAY) / PIQ_US_PER_SECOND);
    assert_int_equal(f->memory.concepts[BLUFF].last_s,
                     (POKER_NOON_US + 8 * PIQ_US_PER_DAY) / PIQ_US_PER_SECOND);
}

static void test_review__pass_repeats_what_it_exercises(void **state)
{
    poker_memory *f = *state;
    poker_answer(f, OUTS, 3, 1, POKER_NOON_US);
    piq_memory_cell before = f->memory.concepts[OUTS];
    poker_answer(f, ODDS, 4, 1, POKER_NOON_US + 6 * PIQ_US_PER_DAY);
    piq_memory_cell after = f->memory.concepts[OUTS];
    /* Half a review, passed as "good" whatever the rating was. */
    piq_fsrs_state full = piq_fsrs_next(f->p, before.state, 6, 3);
    assert_near(after.state.stability_days,
                sqrt(before.state.stability_days * full.stability_days), 1e-12);
    assert_int_equal(after.held_s, before.held_s + 3 * 86400);
    assert_int_equal(after.last_s, before.last_s);
    assert_int_equal(after.reviews, 1);
    assert_int_equal(after.today, 1);
}

static void test_review__failure_repeats_nothing_else(void **state)
{
    poker_memory *f = *state;
    poker_answer(f, OUTS, 3, 1, POKER_NOON_US);
    piq_memory_cell before = f->memory.concepts[OUTS];
    poker_answer(f, ODDS, 1, 1, POKER_NOON_US + 6 * PIQ_US_PER_DAY);
    assert_memory_equal(&f->memory.concepts[OUTS], &before, sizeof before);
}

static void test_review__never_practised_concept_is_not_repeated(void **state)
{
    poker_memory *f = *state;
    poker_answer(f, ODDS, 3, 1, POKER_NOON_US);
    assert_true(state_of(f, OUTS).stability_days == 0);
    assert_int_equal(f->memory.concepts[OUTS].reviews, 0);
}

static void test_review__earlier_instant_counts_as_the_last_one(void **state)
{
    poker_memory *f = *state;
    poker_answer(f, BLUFF, 3, 1, POKER_NOON_US);
    poker_answer(f, BLUFF, 3, 1, POKER_NOON_US - 5 * PIQ_US_PER_DAY);
    const piq_memory_cell *cell = &f->memory.concepts[BLUFF];
    assert_int_equal(cell->last_s, POKER_NOON_US / PIQ_US_PER_SECOND);
    assert_int_equal(cell->held_s, POKER_NOON_US / PIQ_US_PER_SECOND);
    assert_int_equal(cell->today, 2);
}

static void test_review__lapses_count_forgetting_only(void **state)
{
    poker_memory *f = *state;
    poker_answer(f, BLUFF, 1, 1, POKER_NOON_US); /* never known */
    assert_int_equal(f->memory.concepts[BLUFF].lapses, 0);
    poker_answer(f, BLUFF, 3, 1, POKER_NOON_US + PIQ_US_PER_DAY);
    poker_answer(f, BLUFF, 1, 1, POKER_NOON_US + 2 * PIQ_US_PER_DAY);
    assert_int_equal(f->memory.concepts[BLUFF].lapses, 1);
}

/* ---- lifetimes -------------------------------------------------------- */

static void test_memory__copy_is_its_own(void **state)
{
    poker_memory *f = *state;
    poker_answer(f, BLUFF, 3, 1, POKER_NOON_US);
    piq_memory copy;
    assert_int_equal(piq_memory_copy(&copy, &f->memory), PIQ_OK);
    assert_memory_equal(copy.concepts, f->memory.concepts,
                        N_POKER_CONCEPTS * sizeof *copy.concepts);
    poker_answer(f, BLUFF, 1, 1, POKER_NOON_US + PIQ_US_PER_DAY);
    assert_true(copy.concepts[BLUFF].state.stability_days == 2.3065);
    piq_memory_release(&copy);
}

static void test_memory__growing_keeps_what_was_known(void **state)
{
    poker_memory *f = *state;
    poker_answer(f, BLUFF, 3, 1, POKER_NOON_US);
    piq_catalogue larger = {.n_concepts = 9};
    assert_int_equal(piq_memory_grow(&f->memory, &larger), PIQ_OK);
    assert_int_equal(f->memory.n_concepts, 9);
    assert_true(state_of(f, BLUFF).stability_days == 2.3065);
    assert_int_equal(f->memory.concepts[8].reviews, 0);
    /* A smaller catalogue takes nothing away. */
    assert_int_equal(piq_memory_grow(&f->memory, &f->catalogue), PIQ_OK);
    assert_int_equal(f->memory.n_concepts, 9);
}

static void test_memory__failed_allocation_changes_nothing(void **state)
{
    poker_memory *f = *state;
    piq_memory other = {.n_concepts = 77};
    const uint8_t empty[] = {2, 0, 0, 0, 0, 0};
    piq_reader in;
    piq_reader_init(&in, empty, sizeof empty);
    piq_catalogue larger = {.n_concepts = 9};
    piq_alloc_fail_after(1, 1);
    piq_status made = piq_memory_init(&other, &larger);
    piq_status copied = piq_memory_copy(&other, &f->memory);
    piq_status grown = piq_memory_grow(&f->memory, &larger);
    piq_status read = piq_memory_decode(&other, &larger, &in);
    piq_alloc_fail_after(0, 0);
    assert_int_equal(made, PIQ_ENOMEM);
    assert_int_equal(copied, PIQ_ENOMEM);
    assert_int_equal(grown, PIQ_ENOMEM);
    assert_int_equal(read, PIQ_ENOMEM);
    assert_null(other.concepts);
    assert_int_equal(other.n_concepts, 77);
    assert_int_equal(f->memory.n_concepts, N_POKER_CONCEPTS);
}

/* ---- stored form ------------------------------------------------------ */

static void test_encode__reads_back_to_the_bit(void **state)
{
    poker_memory *f = *state;
    poker_answer(f, OUTS, 3, 1, POKER_NOON_US);
    poker_answer(f, BLUFF, 1, 0.3, POKER_NOON_US + PIQ_US_PER_HOUR);
    poker_answer(f, ODDS, 3, 0.7, POKER_NOON_US + 9 * PIQ_US_PER_DAY);
    piq_buf b;
    piq_buf_init(&b, 0);
    piq_memory_encode(&f->memory, &b);
    piq_buf_put_u8(&b, 0xab); /* what comes after is left */
    assert_int_equal(b.status, PIQ_OK);
    piq_reader in;
    piq_reader_init(&in, b.ptr, b.len);
    piq_memory back;
    assert_int_equal(piq_memory_decode(&back, &f->catalogue, &in), PIQ_OK);
    assert_memory_equal(back.concepts, f->memory.concepts,
                        N_POKER_CONCEPTS * sizeof *back.concepts);
    assert_int_equal(piq_reader_u8(&in), 0xab);
    piq_memory_release(&back);
    piq_buf_release(&b);
}

static void test_encode__nothing_practised_is_six_bytes(void **state)
{
    poker_memory *f = *state;
    piq_buf b;
    piq_buf_init(&b, 0);
    piq_memory_encode(&f->memory, &b);
    assert_int_equal(b.len, 6);
    piq_buf_release(&b);
}

static void test_encode__seventy_concepts_take_little(void **state)
{
    (void)state;
    enum { N = 70 };
    piq_memory_cell cells[N];
    piq_memory m = {.concepts = cells, .n_concepts = N};
    for (uint32_t i = 0; i < N; i++) {
        /* Two years of practice, partial reviews everywhere. */
        uint32_t at_s = 1795176000u - i * 900000u;
        cells[i] = (piq_memory_cell){
            {1.0 / 3 + i, 1 + i / 9.0},   at_s - 777777, at_s, 200 + i, 40, 3,
            (int32_t)(at_s / 86400 + 100)};
    }
    piq_buf b;
    piq_buf_init(&b, 0);
    piq_memory_encode(&m, &b);
    /* 17 bytes of position and state, 4 + 3..4 of times, 2 + 1 + 1 of
     * counts, 2 of the due day: 31 each and a few for the head. */
    assert_in_range(b.len, 1, 70 * 31 + 11);
    piq_buf_release(&b);
}

/* Writes one cell by hand: each argument is what decode must check. */
typedef struct raw {
    uint8_t version;
    uint64_t n, newest_s, gap;
    double stability, difficulty;
    uint64_t behind_newest_s;
    int64_t behind_s;
    uint64_t reviews, lapses, today;
    int64_t due;
    uint64_t scored;
    uint8_t from, corrected;
} raw;

static const raw raw_good = {.version = 2,
                             .n = 1,
                             .newest_s = 1000,
                             .gap = 2,
                             .stability = 2.5,
                             .difficulty = 5,
                             .behind_newest_s = 10,
                             .behind_s = 90,
                             .reviews = 4,
                             .lapses = 2,
                             .today = 1,
                             .due = 3};

static piq_status decode_raw(const poker_memory *f, const raw *r, piq_memory *m)
{
    piq_buf b;
    piq_buf_init(&b, 0);
    piq_buf_put_u8(&b, r->version);
    piq_buf_put_varint(&b, r->n);
    piq_buf_put_varint(&b, r->newest_s);
    piq_buf_put_varint(&b, r->scored);
    piq_buf_put_u8(&b, r->from);
    piq_buf_put_u8(&b, r->corrected);
    piq_buf_put_varint(&b, r->gap);
    piq_buf_put_f64(&b, r->stability);
    piq_buf_put_f64(&b, r->difficulty);
    piq_buf_put_varint(&b, r->behind_newest_s);
    piq_buf_put_svarint(&b, r->behind_s);
    piq_buf_put_varint(&b, r->reviews);
    piq_buf_put_varint(&b, r->lapses);
    piq_buf_put_varint(&b, r->today);
    piq_buf_put_svarint(&b, r->due);
    piq_reader in;
    piq_reader_init(&in, b.ptr, b.len);
    piq_status s = piq_memory_decode(m, &f->catalogue, &in);
    piq_buf_release(&b);
    return s;
}

static void assert_refused(const poker_memory *f, const raw *r)
{
    piq_memory m = {.n_concepts = 77};
    assert_int_equal(decode_raw(f, r, &m), PIQ_ECORRUPT);
    assert_null(m.concepts);
    assert_int_equal(m.n_concepts, 77);
}

static void test_decode__well_formed_cell_is_taken(void **state)
{
    poker_memory *f = *state;
    piq_memory m;
    assert_int_equal(decode_raw(f, &raw_good, &m), PIQ_OK);
    assert_int_equal(m.n_concepts, N_POKER_CONCEPTS);
    assert_int_equal(m.concepts[2].last_s, 990);
    assert_int_equal(m.concepts[2].held_s, 900);
    assert_int_equal(m.concepts[2].reviews, 4);
    assert_int_equal(m.concepts[2].due_day, 3); /* 990 s are day 0 */
    piq_memory_release(&m);
}

/* One wrong member each. */
#define REFUSED(member, value)                                                 \
    do {                                                                       \
        raw r = raw_good;                                                      \
        r.member = value;                                                      \
        assert_refused(f, &r);                                                 \
    } while (0)

static void test_decode__foreign_layout_is_refused(void **state)
{
    poker_memory *f = *state;
    REFUSED(version, 0);
    REFUSED(version, 1);
    REFUSED(version, 3);
    REFUSED(scored, 1); /* without the correction */
    REFUSED(from, 3);
    REFUSED(from, 1); /* without parameters */
    REFUSED(corrected, 1);
    REFUSED(due, 1000000);
    REFUSED(due, INT64_MIN);
    REFUSED(n, 2); /* the bytes end before the second */
    REFUSED(n, UINT64_MAX);
    REFUSED(newest_s, UINT64_C(1) << 32);
    REFUSED(gap, 3); /* three concepts: 0, 1, 2 */
    REFUSED(gap, UINT64_MAX);
}

static void test_decode__values_out_of_range_are_refused(void **state)
{
    poker_memory *f = *state;
    REFUSED(stability, 0);
    REFUSED(stability, 0.0009);
    REFUSED(stability, 36500.1);
    REFUSED(stability, NAN);
    REFUSED(stability, -1);
    REFUSED(difficulty, 0.99);
    REFUSED(difficulty, 10.01);
    REFUSED(difficulty, NAN);
    REFUSED(behind_newest_s, 1001);
    REFUSED(behind_s, 991);
    REFUSED(behind_s, INT64_MIN);
    REFUSED(behind_s, INT64_MAX);
    REFUSED(reviews, 0);
    REFUSED(reviews, UINT64_C(1) << 32);
    REFUSED(lapses, 4);
    REFUSED(lapses, 65536);
    REFUSED(today, 0);
    REFUSED(today, 5);
}

static void test_decode__every_early_end_is_refused(void **state)
{
    poker_memory *f = *state;
    poker_answer(f, OUTS, 3, 1, POKER_NOON_US);
    poker_answer(f, BLUFF, 1, 0.3, POKER_NOON_US + PIQ_US_PER_HOUR);
    piq_buf b;
    piq_buf_init(&b, 0);
    piq_memory_encode(&f->memory, &b);
    for (size_t len = 0; len < b.len; len++) {
        piq_memory m = {.n_concepts = 77};
        piq_reader in;
        piq_reader_init(&in, b.ptr, len);
        assert_int_equal(piq_memory_decode(&m, &f->catalogue, &in),
                         PIQ_ECORRUPT);
        assert_int_equal(m.n_concepts, 77);
    }
    piq_buf_release(&b);
}

static void test_decode__concept_beyond_the_catalogue_is_refused(void **state)
{
    poker_memory *f = *state;
    poker_answer(f, BLUFF, 3, 1, POKER_NOON_US);
    piq_buf b;
    piq_buf_init(&b, 0);
    piq_memory_encode(&f->memory, &b);
    for (size_t n = 0; n < N_POKER_CONCEPTS; n++) {
        piq_catalogue smaller = {.n_concepts = n};
        piq_memory m = {.n_concepts = 77};
        piq_reader in;
        piq_reader_init(&in, b.ptr, b.len);
        assert_int_equal(piq_memory_decode(&m, &smaller, &in), PIQ_ECORRUPT);
    }
    piq_buf_release(&b);
}

#define TEST(name)                                                             \
    cmocka_unit_test_setup_teardown(name, poker_memory_set_up,                 \
                                    poker_memory_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_rating__wrong_is_again),
        TEST(test_rating__help_or_effort_is_hard),
        TEST(test_rating__plainly_right_is_good),
        TEST(test_rating__fast_on_a_hard_item_is_easy),
        TEST(test_review__first_answer_is_a_first_review),
        TEST(test_review__partial_first_answer_starts_from_failed),
        TEST(test_review__next_days_answer_is_a_whole_review),
        TEST(test_review__same_days_second_wrong_answer_counts_half),
        TEST(test_review__deliberate_one_counts_fully),
        TEST(test_review__day_begins_at_four_local_time),
        TEST(test_review__partial_one_moves_state_and_time_in_part),
        TEST(test_review__pass_repeats_what_it_exercises),
        TEST(test_review__failure_repeats_nothing_else),
        TEST(test_review__never_practised_concept_is_not_repeated),
        TEST(test_review__earlier_instant_counts_as_the_last_one),
        TEST(test_review__lapses_count_forgetting_only),
        TEST(test_memory__copy_is_its_own),
        TEST(test_memory__growing_keeps_what_was_known),
        TEST(test_memory__failed_allocation_changes_nothing),
        TEST(test_encode__reads_back_to_the_bit),
        TEST(test_encode__nothing_practised_is_six_bytes),
        TEST(test_encode__seventy_concepts_take_little),
        TEST(test_decode__well_formed_cell_is_taken),
        TEST(test_decode__foreign_layout_is_refused),
        TEST(test_decode__values_out_of_range_are_refused),
        TEST(test_decode__every_early_end_is_refused),
        TEST(test_decode__concept_beyond_the_catalogue_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
