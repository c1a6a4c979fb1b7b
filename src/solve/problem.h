/* problem.h - what to study on which day, and what to review: the problem.
 *
 * D days with minutes each; items that raise concepts' levels; short reviews.
 * An item waits for the prerequisites of its main concept, and for another
 * item where it says so. What counts is the value of every concept's level at
 * the end, after forgetting:
 *
 *     level_s(d) = level0_s + sum of gains of s studied on days <= d
 *     raw_s      = kept0_s + sum of gain * keep_s[day] over items studied
 *                          + sum of review_gain_s * keep_s[day] over reviews
 *     value      = sum of weight_s V_s(raw_s) + sum of bonus of items studied
 *
 * subject to
 *
 *     minutes of a day: items and reviews <= budget[d]
 *     item i on day d: level_p(d) >= ready_p for each prerequisite p of main(i)
 *         (the same day counts: a day is worked in prerequisite order),
 *         its `after` item on the same day or before,
 *         first_day <= d <= last_day
 *     review of s on day d: level_s(d - review_lag) >= review_ready_s (before
 *         the first day that is level0), d >= review_first_day, reviews at
 *         least review_gap days apart, at most review_most of them
 *
 * V_s never falls and is given by a table. The proving ground of
 * src/solve/README.md and the engine's own objective are both of this form.
 *
 * Levels are compared to 1e-9 and minutes to 1e-6: a plan may miss a
 * threshold, or pass a budget, by that much.
 *
 * A problem borrows all its arrays and is read only while it is solved; arrays
 * may be shared, a `keep` by all concepts. Numbers are finite and within the
 * bounds below. Pure; any thread.
 */
#ifndef PIQ_SOLVE_PROBLEM_H
#define PIQ_SOLVE_PROBLEM_H

#include "base/status.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    PIQ_SOLVE_MAX_CONCEPTS = 16384,
    PIQ_SOLVE_MAX_ITEMS = 65535,
    PIQ_SOLVE_MAX_DAYS = 400,
    PIQ_SOLVE_MAX_GAINS = 8,        /* of an item */
    PIQ_SOLVE_MAX_REVIEWS = 8,      /* of a concept */
    PIQ_SOLVE_MAX_VALUE = 1024,     /* points of a value table */
    PIQ_SOLVE_MAX_LEVEL = 100,      /* a level, a gain, a keep, a step */
    PIQ_SOLVE_MAX_MINUTES = 100000, /* of an item, a review, a day */
    PIQ_SOLVE_MAX_WORTH = 1000000   /* a weight, a value, a bonus */
};
#define PIQ_SOLVE_MIN_MINUTES 0.001 /* of an item, a review */
#define PIQ_SOLVE_MIN_STEP    0.001 /* of a value table */
#define PIQ_SOLVE_NONE        UINT32_MAX

typedef struct piq_solve_gain {
    uint32_t concept;
    double gain; /* of level, >= 0 */
} piq_solve_gain;

typedef struct piq_solve_item {
    double minutes;              /* > 0 */
    uint32_t main;               /* concept whose prerequisites must be ready */
    uint32_t after;              /* item to be studied first; PIQ_SOLVE_NONE.
                                    No circles */
    const piq_solve_gain *gains; /* [n_gains], each concept once */
    uint32_t n_gains;
    double bonus;                 /* value of studying it at all; may be < 0 */
    uint16_t first_day, last_day; /* last < first, or past the end: as it says;
                                     never, or as long as there are days */
    bool pinned; /* studied if at all possible, before all that is not */
} piq_solve_item;

typedef struct piq_solve_concept {
    double level0;
    double kept0;                  /* what is left of level0 at the end */
    double weight;                 /* >= 0 */
    const uint32_t *prerequisites; /* [n_prerequisites], no circles */
    uint32_t n_prerequisites;
    double ready;        /* level at which it opens what needs it */
    const double *keep;  /* [n_days] share of a gain of day d left at the end */
    const double *value; /* [n_value] at raw = 0, step, 2 step, ..; linear
                            between, flat beyond the last and below 0 */
    double value_step;
    uint32_t n_value;   /* >= 1 */
    double review_gain; /* of raw, >= 0; 0: never reviewed, the rest unread */
    double review_minutes;
    double review_ready;
    uint16_t review_lag, review_gap, review_most; /* gap >= 1 */
    uint16_t review_first_day;
} piq_solve_concept;

typedef struct piq_solve_problem {
    const piq_solve_concept *concepts;
    size_t n_concepts;
    const piq_solve_item *items;
    size_t n_items;
    const double *budget; /* [n_days] minutes; 0: a day off */
    size_t n_days;
} piq_solve_problem;

/* A plan for it: the day of each item, and each concept's reviews. */
typedef struct piq_solve_plan {
    int16_t *item_day; /* [n_items], -1: not studied */
    /* [n_concepts * PIQ_SOLVE_MAX_REVIEWS], ascending */
    int16_t *review_day;
    uint8_t *n_reviews; /* [n_concepts] */
    double value;
    uint64_t iterations; /* of the search that found it */
} piq_solve_plan;

#endif
