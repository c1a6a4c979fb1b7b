/* analytics.h - how a learner has been doing: trends, time, recall, streaks,
 * and how good our own predictions of them were.
 *
 * A number that cannot be said is NaN here and null in JSON. Everything
 * pointed to lives in the arena that the analytics were made in.
 */
#ifndef PIQ_DOMAIN_ANALYTICS_H
#define PIQ_DOMAIN_ANALYTICS_H

#include "domain/profile.h"
#include "num/score.h"

enum { PIQ_RECALL_BINS = 10, PIQ_RETENTION_POINTS = 12, PIQ_DUE_DAYS = 14 };

/* One active day or one active week. */
typedef struct piq_activity {
    int32_t day; /* the day; of a week its Monday */
    double minutes;
    uint32_t answers, right; /* right: score at least 1/2 */
} piq_activity;

typedef struct piq_week_trend {
    piq_activity activity;
    uint32_t completed;    /* contents finished */
    double mastery_gained; /* summed over concepts */
    const double *mastery; /* [n_areas] at its last event, NaN unknown */
} piq_week_trend;

/* Without any practice from now on. */
typedef struct piq_retention_point {
    int days;
    double mean_recall; /* over concepts ever practised */
    uint32_t below;     /* of them, under the retention wanted */
} piq_retention_point;

typedef struct piq_analytics {
    piq_user_id user;
    int64_t version;
    int64_t as_of_us;
    int32_t today; /* local */

    /* The window asked for, in local days, both included. */
    int32_t from_day, to_day;
    /* Days and weeks before these are no longer kept one by one (totals are);
     * PIQ_NOTHING_LOST: nothing was let go. */
    int32_t daily_from_day, weekly_from_day;

    struct {
        uint32_t answers, right, sessions, active_days, completed;
        double minutes;
        int64_t first_us;  /* INT64_MAX: no event yet */
    } totals;              /* of all time */
    piq_activity window;   /* sums over the kept days in the window */
    uint32_t window_days;  /* active ones */
    piq_estimate accuracy; /* in the window */

    piq_activity *days; /* [n_days], ascending */
    size_t n_days;
    piq_week_trend *weeks; /* [n_weeks], ascending */
    size_t n_weeks;
    size_t n_areas;

    piq_completion completion[PIQ_N_CONTENT_TYPES]; /* of all time */
    uint32_t streak_days, longest_streak_days;
    bool active_today;

    uint32_t practised; /* concepts */
    double mean_recall, retention_wanted;
    uint32_t recall_bins[PIQ_RECALL_BINS]; /* [k/10, (k+1)/10) */
    piq_retention_point retention[PIQ_RETENTION_POINTS];
    uint32_t overdue;           /* due before today */
    uint32_t due[PIQ_DUE_DAYS]; /* by day from today on */

    piq_reliability predictions; /* of all time */
} piq_analytics;

#define PIQ_NOTHING_LOST INT32_MIN

/* One complete object. */
void piq_analytics_write(const piq_analytics *x, const piq_catalogue *c,
                         piq_json_writer *w);

#endif
