/* review_cards.h - cards of a made-up learner who remembers as FSRS-6 says, and
 * the review logs of data/memory where they are at hand. */
#ifndef PIQ_TESTS_REVIEW_CARDS_H
#define PIQ_TESTS_REVIEW_CARDS_H

#include "base/rng.h"
#include "memory/fsrs.h"
#include "train/fsrs_items.h"

#include <stdbool.h>

/* n cards of up to max_reviews reviews: gaps around the stability, a quarter
 * on the same day, ratings drawn by recall; begun one after another. Lives in
 * `a`, which must not run out. */
piq_fsrs_cards review_cards(piq_arena *a, const piq_fsrs_params *p, size_t n,
                            size_t max_reviews, uint64_t seed);

/* PIQ_SHARED/data/memory/NAME, whole and in `a`; NULL and a message when it is
 * not there. */
char *review_data(piq_arena *a, const char *name, size_t *len);
/* A log of data/memory ("kanjiplot/reviews.csv"). False and a message when it
 * is not there. */
bool review_log(piq_arena *a, const char *name, piq_fsrs_cards *out);

#endif
