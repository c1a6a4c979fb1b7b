/* review_queue.h - what a learner should review, in which order, and when.
 *
 * A number that cannot be said is NaN here and null in JSON. Everything
 * pointed to lives in the arena that the queue was made in.
 */
#ifndef PIQ_DOMAIN_REVIEW_QUEUE_H
#define PIQ_DOMAIN_REVIEW_QUEUE_H

#include "base/json_writer.h"
#include "domain/catalogue.h"
#include "domain/estimate.h"
#include "domain/fitted.h"

enum {
    PIQ_QUEUE_MAX_DAYS = 90,
    PIQ_QUEUE_MAX_LIMIT = 500,
    PIQ_DEADLINE_MAX_AHEAD = 400 /* days */
};

/* One concept to be reviewed. */
typedef struct piq_queued_review {
    piq_concept_ix concept;
    int32_t due_day;
    double recall;          /* now; NaN: practised today */
    double recall_tomorrow; /* if it waits */
    double stability_days;
    double minutes;
    double loss; /* recall x days lost a minute by waiting until tomorrow */
    bool today;  /* fits into today's minutes */
    const char *why;
} piq_queued_review;

/* One day to come. */
typedef struct piq_review_day {
    int32_t day;
    bool off;
    double minutes;   /* for reviews */
    uint32_t due;     /* by the due days as they are; day 0: not those before */
    uint32_t planned; /* within the minutes, those that follow included */
    uint32_t waiting; /* left over in the evening */
} piq_review_day;

/* What to do for recall on one day. */
typedef struct piq_exam {
    int32_t day;
    uint32_t concepts; /* considered */
    uint32_t left_out; /* the least promising, to keep the plan quick */
    double without;    /* mean recall on the day, weighted: no review .. */
    double recall;     /* .. and by this plan */
    uint32_t reviews;
    struct {
        int32_t day;
        uint32_t reviews;
        double minutes, left; /* planned, and not used */
    } * days;                 /* [n_days], until the day before */
    size_t n_days;
} piq_exam;

typedef struct piq_review_queue {
    piq_user_id user;
    int64_t version;
    int64_t as_of_us;
    int32_t today; /* local */
    double retention;
    const char *retention_source; /* asked, goal, stated, default */
    piq_fitted_from from;         /* the parameters of memory .. */
    uint32_t fitted_on;           /* .. and the reviews behind them */
    double review_minutes;        /* of one review */
    uint32_t practised;           /* concepts */

    uint32_t due;        /* now */
    uint32_t overdue;    /* of them, before today */
    int32_t cleared_day; /* when the backlog is worked off; INT32_MAX: not
                            within the days told */
    /* [n], of `due` (or of the exam plan's first day) the first `limit` */
    piq_queued_review *reviews;
    size_t n;
    piq_review_day *days; /* [n_days], from today */
    size_t n_days;
    const piq_exam *exam; /* NULL: was not asked for */
} piq_review_queue;

/* One complete object. */
void piq_review_queue_write(const piq_review_queue *q, const piq_catalogue *c,
                            piq_json_writer *w);

#endif
