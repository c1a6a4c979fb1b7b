/* schedule.h - on which day a review comes, and in which order what is due.
 *
 * FSRS gives an interval; the calendar gives the day. A review may be moved
 * within the fuzz range of its interval (fsrs.h): there the days off are
 * avoided and the load is spread, by a draw that is fixed for a learner, a
 * concept and its review, so that asking twice gives the same day.
 *
 * What is due is ordered by what waiting costs: recall lost over the next
 * month, a minute of review, if the review is done tomorrow instead of today.
 *
 * Pure; any thread. Days are local days (base/calendar.h). Formulas and
 * simulations: README.md.
 */
#ifndef PIQ_MEMORY_SCHEDULE_H
#define PIQ_MEMORY_SCHEDULE_H

#include "memory/fsrs.h"

#include <stdbool.h>

/* A day with twice the load is taken a quarter as often. */
#define PIQ_REVIEW_BALANCE      2.0
/* Over so many days what waiting costs is counted. */
#define PIQ_REVIEW_HORIZON_DAYS 30.0

enum { PIQ_REVIEW_MAX_DAYS = 36500, PIQ_REVIEW_MAX_RANGE = 4096 };

/* What the learner asks of the calendar. Borrowed while it is used. */
typedef struct piq_review_calendar {
    double retention;        /* recall wanted when a review is due, (0,1) */
    int32_t utc_offset_min;  /* of the learner's days */
    uint64_t seed;           /* of the learner's draws */
    const int32_t *days_off; /* [n_days_off], ascending */
    size_t n_days_off;
    const uint16_t *minutes; /* [7] a weekday, Monday first, 0: off; NULL: all
                                alike. All 0 counts as all alike. */
} piq_review_calendar;

bool piq_review_is_off(const piq_review_calendar *c, int32_t day);

/* The days among which one is chosen, both included, at most
 * PIQ_REVIEW_MAX_RANGE of them. */
typedef struct piq_review_range {
    int32_t low_day, high_day;
    int32_t exact_day; /* of the interval itself, within the range */
} piq_review_range;

/* A review `days` (rounded interval, >= 1) after `from_day`, not before
 * `after_day` + 1 unless the interval itself has passed by then: the range is
 * then that one day. elapsed_days as in piq_fsrs_fuzz_range. */
piq_review_range piq_review_range_of(int days, double elapsed_days,
                                     int32_t from_day, int32_t after_day);

/* One day of the range, never a day off when another is there: drawn with
 * chances ~ (minutes / (1 + load))^balance; load[k] reviews are due on low_day
 * + k already. balance 0 is the plain fuzz of FSRS. `key` names the draw among
 * the learner's. */
int32_t piq_review_place(const piq_review_calendar *c,
                         const piq_review_range *r, const uint32_t *load,
                         uint64_t key, double balance);

/* ---- what is due -------------------------------------------------------- */

/* A practised concept, as it stands today. */
typedef struct piq_review_card {
    piq_fsrs_state state; /* stability above 0 */
    double elapsed_days;  /* since forgetting began to count, >= 0 */
    double weight;        /* what its recall is worth, >= 0 */
    double minutes;       /* of a review, > 0 */
} piq_review_card;

/* Recall x days lost a minute if the review waits until tomorrow: the mean
 * recall of the next `horizon_days` (>= 1), reviewed today less tomorrow, times
 * their number. Below 0 when waiting is better (the longer pause would
 * strengthen it more). */
double piq_review_loss(const piq_fsrs_params *p, const piq_review_card *x,
                       double horizon_days);

#endif
