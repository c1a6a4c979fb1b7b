/* outlook.h - what a learner will practise until a date, and what mastery that
 * makes. Private to the predictions: formulas are in predictions.h.
 *
 * An outlook belongs to one call: begun for a learner at an instant, asked for
 * any number of dates, minutes a week and sets of concepts. Everything lives
 * in the arena given. Pure; one thread.
 */
#ifndef PIQ_INSIGHT_OUTLOOK_H
#define PIQ_INSIGHT_OUTLOOK_H

#include "base/arena.h"
#include "insight/forecast.h"
#include "insight/inputs.h"

enum {
    PIQ_PACE_NODES = 9,
    /* What practice goes to, one after the other: the goal's concepts and what
     * they need, the goal's beyond the bar, all others. */
    PIQ_PRACTICE_STAGES = 3
};

typedef struct piq_outlook {
    piq_arena *arena;
    const piq_learner *learner;
    const piq_catalogue *catalogue;
    const piq_belief *beliefs;
    int64_t now_us;
    double weekday_minutes[7];
    piq_source minutes_source;
    double weekly_minutes;
    double answers;          /* of the learner, weighted */
    piq_concept_ix *targets; /* the goal's; without one every concept */
    size_t n_targets;
    piq_estimate pace; /* of the law of practice; n: hours behind it */
    double law;        /* mastery an hour that the law expects */
    double pace_at[PIQ_PACE_NODES];
    /* [n_concepts] */
    double *expected; /* mastery today */
    double *aim;      /* of what comes first; 0: later, or retired */
    double *content;  /* minutes of what is not done yet */
    double *slow;     /* what practice already had leaves of the pace */
    double *loss;     /* 1 - R(T)/R(0), at the instant last planned for */
    double *kept;     /* mastery then without practice, as of the next two */
    int64_t kept_at_us;
    double kept_covered;
    double *dose[PIQ_PRACTICE_STAGES]; /* that the stage asks for */
    double all[PIQ_PRACTICE_STAGES];
} piq_outlook;

/* PIQ_ENOMEM. */
PIQ_MUST_USE piq_status piq_outlook_begin(piq_outlook *w, piq_arena *a,
                                          const piq_learner *l,
                                          const piq_catalogue *c,
                                          const piq_belief *beliefs,
                                          int64_t now_us);

/* Goes on as if so many minutes a week were planned, at least 0: over the days
 * as the plan has them, over all alike where it has none. Before anything is
 * asked. */
void piq_outlook_suppose(piq_outlook *w, double minutes_a_week);

/* A set of concepts whose mean mastery is told. */
typedef struct piq_outlook_set {
    const piq_concept_ix *concepts;
    size_t n;
    piq_set_belief now;
    unsigned missing; /* answers until there is enough evidence; 0: enough */
} piq_outlook_set;

piq_outlook_set piq_outlook_set_of(const piq_outlook *w,
                                   const piq_concept_ix *concepts, size_t n);

/* What the learner does until an instant. */
typedef struct piq_practice {
    int64_t at_us;
    double days;
    double minutes_a_week;
    double weeks;          /* of such minutes */
    double hours;          /* in all */
    double review_minutes; /* a week, that keeping what is known takes */
    double covered;        /* share of the reviews */
} piq_practice;

/* Planned practice; a set's mastery is then asked for this instant. */
piq_practice piq_outlook_plan(piq_outlook *w, int64_t at_us);
/* The same days with other minutes a week. */
piq_practice piq_practice_of(const piq_practice *p, double minutes_a_week);

/* The set's mastery then, and the chance that it is PIQ_MASTERED or more. The
 * plan must be of the instant that was planned last. Both NaN without enough
 * evidence. `point` may be NULL. */
double piq_outlook_ask(piq_outlook *w, const piq_outlook_set *set,
                       const piq_practice *p, piq_forecast_point *point);

#endif
