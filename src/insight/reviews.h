/* reviews.h - a learner's review queue: what is due, in which order, what the
 * next days bring, and in deadline mode what to review when for a goal's date.
 *
 * Pure: time is an argument. Threads: any, on read-only input. What the numbers
 * mean: domain/review_queue.h; formulas: src/memory/README.md.
 */
#ifndef PIQ_INSIGHT_REVIEWS_H
#define PIQ_INSIGHT_REVIEWS_H

#include "base/arena.h"
#include "domain/review_queue.h"
#include "learner/learner.h"

/* Of the minutes of a weekday that reviews may take, unless asked for. */
#define PIQ_REVIEW_SHARE 0.5

typedef struct piq_reviews_ask {
    int days;         /* told, 1 .. PIQ_QUEUE_MAX_DAYS */
    double retention; /* (0,1); NaN: the learner's */
    double minutes;   /* a day that is not off; NaN: PIQ_REVIEW_SHARE of the
                         weekday's */
    size_t limit;     /* of the queue, at most PIQ_QUEUE_MAX_LIMIT */
    bool exam;        /* plan for the day of the goal */
} piq_reviews_ask;

/* PIQ_EINVAL: an exam was asked for, and the goal has no date, or one that is
 * not within 1 .. PIQ_DEADLINE_MAX_AHEAD days. PIQ_ENOMEM. now_us before the
 * newest event counts as that event's instant. Everything lives in `a`. */
PIQ_MUST_USE piq_status piq_reviews_make(piq_arena *a, const piq_learner *l,
                                         const piq_catalogue *c, int64_t now_us,
                                         const piq_reviews_ask *ask,
                                         piq_review_queue *out, piq_err *err);

/* Minutes of one review: as seen where most of what the learner did are
 * flash-card reviews (at least 20 of them), else PIQ_REVIEW_MINUTES, a review
 * of several items. */
double piq_review_minutes(const piq_learner *l);

#endif
