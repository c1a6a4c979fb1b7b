/* prediction.h - where a learner's mastery is heading, and whether that is
 * enough for their goal.
 *
 * Mastery is the mean over a set of concepts (an area's, a goal's) of the
 * expected chance of a right answer. Where there are too few answers for a
 * forecast, answers_missing says how many, mastery_now is what is believed, and
 * all else is NaN. A number that cannot be said is NaN here and null in JSON.
 * Everything pointed to lives in the arena that the prediction was made in.
 */
#ifndef PIQ_DOMAIN_PREDICTION_H
#define PIQ_DOMAIN_PREDICTION_H

#include "base/json_writer.h"
#include "domain/catalogue.h"
#include "domain/estimate.h"
#include "domain/goal.h"
#include "domain/ids.h"

enum {
    PIQ_FORECAST_POINTS = 6, /* now, and each fifth of the way; last: asked */
    PIQ_MAX_ASSUMPTIONS = 6,
    PIQ_MAX_WHAT_IFS = 6,
    PIQ_MAX_PREDICTION_DAYS = 730,
    PIQ_MAX_WEEK_MINUTES = 7 * 1440
};

typedef struct piq_forecast_point {
    int64_t at_us;
    double mastery; /* median */
    double low80, high80, low90, high90;
} piq_forecast_point;

typedef struct piq_area_forecast {
    piq_area_ix area; /* PIQ_NO_IX16: all areas together */
    double mastery_now;
    unsigned answers_missing; /* 0: enough evidence */
    piq_forecast_point points[PIQ_FORECAST_POINTS];
    const char *why; /* sentence */
} piq_area_forecast;

/* The goal is reached when the mean mastery of its concepts is PIQ_MASTERED. */
typedef struct piq_goal_forecast {
    size_t n_concepts, n_mastered;
    double mastery_now;
    unsigned answers_missing; /* 0: enough evidence */
    piq_forecast_point then;  /* at the deadline, else as asked */
    int32_t deadline_day;     /* INT32_MAX: none was set */
    double probability;       /* by the end of that day; NaN without one */
    double probability_at;    /* by the date that was asked for */
    double minutes_needed;    /* a week, for .8 probability; NaN: no deadline to
                                 come, or not within 35 hours a week */
    int32_t likely_day, sure_day; /* probability .5 and .8 at the planned
                                     minutes; INT32_MAX: not in two years */
    const char *why;
} piq_goal_forecast;

/* The same learner with other minutes a week. */
typedef struct piq_what_if {
    const char *name;           /* half, planned, half_more, double; with a goal
                                   also even_chance, fairly_sure: the least
                                   minutes for a probability of .5 and .8 */
    double minutes_per_week;    /* NaN: not within 35 hours a week */
    double hours;               /* until the date asked for */
    piq_forecast_point overall; /* at the date asked for */
    piq_forecast_point goal;    /* at the goal's date, else as asked */
    double probability;         /* of the goal by then; NaN without one */
} piq_what_if;

typedef struct piq_prediction {
    piq_user_id user;
    int64_t version;
    int64_t as_of_us, at_us;
    double minutes_per_week;   /* assumed */
    double minutes_practised;  /* a week, in the last 28 days */
    piq_source minutes_source; /* of the planned ones */
    bool minutes_asked;        /* others were asked about: assumed are those */
    double hours;              /* planned until at_us */
    piq_estimate rate;         /* mastery an hour, summed over concepts */
    double rate_prior;         /* what the law of practice expects */
    double review_minutes;     /* a week, that keeping what is known takes */
    double review_share;       /* of them that the plan covers, 0..1 */
    const char *assumptions[PIQ_MAX_ASSUMPTIONS]; /* sentences */
    size_t n_assumptions;
    piq_area_forecast overall;
    piq_area_forecast *areas; /* [n_areas], live ones */
    size_t n_areas;
    const piq_goal_forecast *goal; /* NULL: none was set */
    piq_what_if what_if[PIQ_MAX_WHAT_IFS];
    size_t n_what_if;
    const piq_goal *stated; /* the goal; borrowed from the learner */
} piq_prediction;

/* One complete object. */
void piq_prediction_write(const piq_prediction *p, const piq_catalogue *c,
                          piq_json_writer *w);

#endif
