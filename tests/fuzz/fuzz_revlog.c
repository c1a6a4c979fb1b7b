/* fuzz_revlog.c - review logs made of anything.
 *
 *     fuzz_revlog [ROUNDS [SEED]]      PIQ_FUZZ_ROUNDS sets the rounds too
 *
 * The first byte of an input says what stands before the rest: "r" the line of
 * names of a raw log, "c" that of a cleaned one, anything else nothing (the
 * input is then the whole file).
 *
 * Laws, at every input: a refusal names its line; rows come by card, then time;
 * cards are what FSRS is fitted on, on any clock; the deck's curriculum is one.
 */
#include "train/deck.h"
#include "train/revlog.h"

#include "support/fuzz_driver.h"

#include <stdlib.h>
#include <string.h>

enum { ARENA_BYTES = 16 << 20 };

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

static void check_rows(const piq_revlog *log)
{
    for (size_t i = 0; i < log->n; i++) {
        const piq_revlog_row *r = &log->rows[i];
        fuzz_law(r->rating <= 4 && r->state <= 4 && r->at_ms >= 0, "ranges");
        fuzz_law(i > 0 || r->begins, "the first row begins a card");
        if (i == 0 || r->begins)
            continue;
        fuzz_law(r[-1].card_id == r->card_id, "a card's rows together");
        fuzz_law(log->cleaned || r[-1].at_ms <= r->at_ms, "in time order");
    }
}

static void check_cards(piq_arena *a, const piq_revlog *log)
{
    static const piq_revlog_day days[] = {
        {0, 240}, {-720, 0}, {840, 1439}, {60, 240}};
    piq_fsrs_cards cards;
    for (size_t i = 0; i < sizeof days / sizeof days[0]; i++) {
        piq_status status = piq_revlog_cards(a, log, days[i], &cards);
        if (status == PIQ_ENOMEM)
            return;
        fuzz_law(status == PIQ_OK, "rows make cards");
        fuzz_law(piq_fsrs_cards_check(&cards, NULL) == PIQ_OK,
                 "cards that can be fitted on");
    }
}

static void check_curriculum(piq_arena *a, const piq_deck *deck)
{
    piq_buf b;
    size_t n_new;
    piq_catalogue *c = NULL;
    piq_findings findings = {0};
    piq_buf_init(&b, 0);
    piq_status status =
        piq_deck_curriculum(NULL, PIQ_STR("deck"), deck, &b, &n_new, NULL);
    if (status == PIQ_OK && n_new > 0) {
        status = piq_catalogue_read(a, (piq_str){b.ptr, b.len}, NULL, &c,
                                    &findings, NULL, NULL);
        fuzz_law(status == PIQ_OK || status == PIQ_ENOMEM,
                 "a deck's curriculum has no findings");
        piq_catalogue_free(c);
    }
    piq_buf_release(&b);
}

static void look_at(piq_arena *a, const piq_revlog *log)
{
    piq_deck deck;
    check_rows(log);
    check_cards(a, log);
    if (log->cleaned ||
        piq_deck_of(a, log, PIQ_STR("deck"), &deck, NULL) != PIQ_OK)
        return;
    fuzz_law(deck.n + deck.manual + deck.before_reset + deck.no_beginning +
                     deck.repeated ==
                 deck.read,
             "what was left out is counted");
    for (size_t i = 1; i < deck.n; i++)
        fuzz_law(deck.reviews[i - 1].at_us <= deck.reviews[i].at_us,
                 "reviews in the order of events");
    check_curriculum(a, &deck);
}

/* The names that the reader asks for, before the rest of the input. */
static piq_str names_for(piq_str input)
{
    if (input.len > 0 && input.ptr[0] == 'r')
        return PIQ_STR("card_id,review_time,review_rating,review_state,"
                       "review_duration\n");
    if (input.len > 0 && input.ptr[0] == 'c')
        return PIQ_STR("card_id,i,review_time,day,delta_t,rating\n");
    return (piq_str){0};
}

static void try_file(piq_str text)
{
    piq_arena a;
    piq_revlog log;
    piq_err err = {0};
    piq_arena_init(&a, ARENA_BYTES);
    piq_status status = piq_revlog_read(&a, text, &log, &err);
    if (status == PIQ_OK)
        look_at(&a, &log);
    else if (status == PIQ_EPARSE)
        fuzz_law(err.message[0] && strncmp(err.where, "line ", 5) == 0,
                 "a refusal names its line");
    else
        fuzz_law(status == PIQ_ENOMEM || status == PIQ_ELIMIT, "its status");
    piq_arena_release(&a);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    piq_str input = {(const char *)bytes, len}, names = names_for(input);
    if (names.len > 0)
        input = (piq_str){input.ptr + 1, input.len - 1};
    char *text = fuzz_joined(names, input);
    try_file((piq_str){text, names.len + input.len});
    free(text);
    return 0;
}

#ifndef PIQ_LIBFUZZER
enum { N_SEEDS = 12, DAY_MS = 86400000 };

/* Logs of either form, of more and more reviews; the last two have none. */
static bool seed(size_t i, piq_buf *out)
{
    bool cleaned = i % 2;
    int n = (int)(N_SEEDS / 2 - 1 - i / 2) * 3;
    if (i >= N_SEEDS)
        return false;
    piq_buf_add_char(out, cleaned ? 'c' : 'r');
    for (int k = 0; k < n; k++) {
        int card = 900000 + k / 3, at = k % 3, rating = 1 + (k + (int)i) % 4;
        long long ms = 1000LL * DAY_MS + (long long)at * at * DAY_MS + k;
        if (cleaned)
            piq_buf_printf(out, "%d,%d,%lld,%d,%d,%d\n", card, at, ms, at * at,
                           at ? 2 * at - 1 : 0, rating);
        else
            piq_buf_printf(out, "%d,%lld,%d,%d,%d\n", card, ms, rating, at % 4,
                           7000 + k);
    }
    return true;
}

int main(int argc, char **argv)
{
    const fuzz_plan plan = {.name = "revlog",
                            .one = LLVMFuzzerTestOneInput,
                            .rounds = 20000,
                            .seed = seed};
    return fuzz_drive(&plan, argc, argv);
}
#endif
