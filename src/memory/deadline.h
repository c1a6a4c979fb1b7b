/* deadline.h - what to review on which day so that most is remembered on one.
 *
 * Before an exam what counts is recall on its day, and minutes are short. A
 * plan gives each card up to PIQ_DEADLINE_REVIEWS days; its worth is the sum
 * over cards of weight x expected recall on the day of the exam, each review
 * passed with the chance of recall it then has (both ways are followed). A
 * day's reviews fit its minutes; a card is reviewed at most once a day.
 *
 * Greedy by gain a minute, best day of each card, kept in a heap and worked out
 * again only when a day has filled up (a card's gains never rise through
 * others, so this is the exact greedy choice); then random exchanges: another
 * day, two reviews' days swapped, one review for another, a few taken out and
 * their room shared anew. How near the optimum, and what it gains: README.md.
 *
 * Pure; any thread. Memory from an arena, 60 bytes a card and day at most.
 */
#ifndef PIQ_MEMORY_DEADLINE_H
#define PIQ_MEMORY_DEADLINE_H

#include "base/arena.h"
#include "memory/schedule.h"

enum {
    PIQ_DEADLINE_REVIEWS = 4, /* of one card */
    PIQ_DEADLINE_MAX_DAYS = 400
};

typedef struct piq_deadline {
    const piq_fsrs_params *params;
    const piq_review_card *cards; /* [n], as they stand on day 0 */
    size_t n;
    const double *minutes; /* [n_days], of each day; 0: off */
    size_t n_days;         /* 1 ..; the exam is on day n_days */
    size_t exchanges;      /* tried */
    uint64_t seed;         /* of their choice */
} piq_deadline;

typedef struct piq_deadline_plan {
    uint16_t (*days)[PIQ_DEADLINE_REVIEWS]; /* [n], ascending */
    uint8_t *n_reviews;                     /* [n] */
    double *left;                           /* [n_days] minutes */
    double without;                         /* worth without any review .. */
    double greedy;                          /* .. of the greedy plan .. */
    double worth;                           /* .. and of this one */
    size_t total;                           /* reviews */
} piq_deadline_plan;

/* Expected recall of a card on day `exam`, reviewed on `days` (ascending, below
 * `exam`), at most PIQ_DEADLINE_REVIEWS. */
double piq_deadline_recall(const piq_fsrs_params *p, const piq_review_card *x,
                           const uint16_t *days, unsigned n, unsigned exam);

/* Same input, same plan. PIQ_EINVAL: no day, more than PIQ_DEADLINE_MAX_DAYS,
 * or a card without minutes. PIQ_ENOMEM. The plan lives in `a`. */
PIQ_MUST_USE piq_status piq_deadline_solve(piq_arena *a, const piq_deadline *d,
                                           piq_deadline_plan *out);

#endif
