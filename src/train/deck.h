/* deck.h - a review log as a curriculum and a learner's reviews.
 *
 * Each card becomes a concept "DECK.ID" of an area DECK. What is left out, and
 * counted: manual reschedules, reviews before a card was begun anew, cards
 * whose beginning the log does not have (as FSRS is fitted, src/train/FSRS.md),
 * and repeats of one card at one instant.
 *
 * Pure; memory from an arena.
 */
#ifndef PIQ_TRAIN_DECK_H
#define PIQ_TRAIN_DECK_H

#include "domain/event.h"
#include "train/revlog.h"

enum { PIQ_MAX_DECK_BYTES = 20 };

typedef struct piq_deck_review {
    int64_t card_id;
    int64_t at_us;
    uint8_t rating; /* 1 .. 4 */
    uint32_t response_ms;
    piq_str event_id; /* "DECK-time-card": the same at the next import */
} piq_deck_review;

typedef struct piq_deck {
    piq_deck_review *reviews; /* [n], in the order of events */
    size_t n;
    int64_t *cards; /* [n_cards], ascending */
    size_t n_cards;
    size_t read; /* rows, of which were left out: */
    size_t manual, before_reset, no_beginning, repeated;
} piq_deck;

/* 1 .. 20 of A-Z a-z 0-9 _ . - */
bool piq_deck_name_ok(piq_str name);

PIQ_MUST_USE piq_status piq_deck_of(piq_arena *a, const piq_revlog *log,
                                    piq_str name, piq_deck *out, piq_err *err);

/* The curriculum in force (NULL: none) and, behind what it has, the deck's area
 * and those of its cards that it does not name; *n_new of them. With none new
 * nothing is written. PIQ_ELIMIT: more than a curriculum holds. PIQ_ENOMEM. */
PIQ_MUST_USE piq_status piq_deck_curriculum(const piq_catalogue *in_force,
                                            piq_str name, const piq_deck *deck,
                                            piq_buf *out, size_t *n_new,
                                            piq_err *err);

/* The id of a card's concept; the length. */
size_t piq_deck_concept_id(piq_str name, int64_t card, char out[64]);

#endif
