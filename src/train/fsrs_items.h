/* fsrs_items.h - cards and their reviews, as FSRS is fitted on them.
 *
 * An item is a scored review: one of a card reviewed before, on an earlier
 * day. What comes before it on the card is its history; same-day reviews are
 * history only. Outliers are left out by the first rating g of a card and the
 * days t to its first item: the smallest groups (g, t) go, up to a twentieth
 * of g's cards, at least 20 of them; groups of 6 and more may stay. Later
 * items weigh more: v = 1/4 + 3/4 (j / (N-1))^3 for the j-th of N by time.
 *
 * Rules and constants: fsrs-rs 6.x (dataset.rs), see src/train/FSRS.md.
 * Pure; any thread.
 */
#ifndef PIQ_TRAIN_FSRS_ITEMS_H
#define PIQ_TRAIN_FSRS_ITEMS_H

#include "base/arena.h"
#include "base/status.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct piq_fsrs_review {
    int64_t at_ms;        /* any epoch: only the order counts */
    int32_t elapsed_days; /* >= 0, whole days since the card's review before;
                             0: the same day, or its first */
    int32_t rating;       /* 1 again .. 4 easy */
} piq_fsrs_review;

/* Cards, one after another, each with its reviews in order of time. */
typedef struct piq_fsrs_cards {
    size_t n;
    const size_t *first;            /* [n + 1] into reviews */
    const piq_fsrs_review *reviews; /* [first[n]] */
} piq_fsrs_cards;

static inline size_t piq_fsrs_n_reviews(const piq_fsrs_cards *c)
{
    return c->n ? c->first[c->n] : 0;
}

/* PIQ_EINVAL: a rating outside 1..4, days below 0, more than 2^31 reviews, a
 * card whose reviews go back in time. */
PIQ_MUST_USE piq_status piq_fsrs_cards_check(const piq_fsrs_cards *c,
                                             piq_err *err);

/* Is the review at `i` an item? `begins`: the first of its card. */
static inline bool piq_fsrs_is_item(const piq_fsrs_cards *c, size_t begins,
                                    size_t i)
{
    return i > begins && c->reviews[i].elapsed_days > 0;
}

/* Every item by time (at_ms; equal ones by card, then review), as indices of
 * reviews, in `a`; *n of them. PIQ_ENOMEM. */
PIQ_MUST_USE piq_status piq_fsrs_item_order(piq_arena *a,
                                            const piq_fsrs_cards *c,
                                            uint32_t **out, size_t *n);

/* Cards with first rating g whose first item came after t days. */
typedef struct piq_fsrs_group {
    int32_t elapsed_days;
    double n;      /* of items, weighted where learners are */
    double passed; /* of n */
} piq_fsrs_group;

/* What is left to be fitted on. */
typedef struct piq_fsrs_items {
    size_t n;           /* items */
    size_t n_initial;   /* the first of their cards */
    double recall;      /* share passed of all n, weighted as groups are */
    double *weight;     /* [reviews] v; 0: no item, or left out */
    size_t *end;        /* [cards] one behind the last item; first[c]: none */
    uint32_t *n_scored; /* [cards] */
    piq_fsrs_group *groups[4]; /* by first rating, ascending days */
    size_t n_groups[4];
} piq_fsrs_items;

/* Lives in `a`; scratch stays there too. Items with histories beyond 255
 * reviews are left out. keep_all: no outliers are. PIQ_ENOMEM. */
PIQ_MUST_USE piq_status piq_fsrs_items_of(piq_arena *a, const piq_fsrs_cards *c,
                                          bool keep_all, piq_fsrs_items *out);

/* Adds up groups of the same days, in place; sorted by days. Returns how many
 * are left. */
size_t piq_fsrs_merge_groups(piq_fsrs_group *g, size_t n);

#endif
