/* standing.h - how a learner stands, in the few facts that somebody who looks
 * after many goes by: when they practised last, what waits, whether the goal
 * will be met, and whether things go up or down.
 *
 * Each number is the one that the learner's own replies tell: reviews those of
 * insight/reviews.h, the goal's those of insight/predictions.h, minutes and
 * answers those of insight/analytics.h. Which of them ask for attention is for
 * whoever shows them.
 *
 * Pure: time is an argument. Threads: any, on read-only input.
 */
#ifndef PIQ_INSIGHT_STANDING_H
#define PIQ_INSIGHT_STANDING_H

#include "base/arena.h"
#include "domain/plan.h"
#include "learner/learner.h"

enum {
    PIQ_STANDING_WINDOW_DAYS = 60, /* that active days are counted in */
    PIQ_STANDING_TREND_DAYS = 28,  /* and the same number before them */
    PIQ_STANDING_REVIEW_DAYS = 14  /* that a backlog is looked ahead for */
};

/* What was done in PIQ_STANDING_TREND_DAYS. */
typedef struct piq_stretch {
    double minutes;
    uint32_t answers;
    double accuracy; /* share right; NaN: no answers */
} piq_stretch;

typedef struct piq_standing {
    piq_user_id user;
    int64_t version;
    int32_t today;        /* local */
    int64_t last_us;      /* of the newest practice; INT64_MIN: none */
    int32_t last_day;     /* local; PIQ_NO_DAY: none */
    uint32_t active_days; /* of the window, which today ends */
    uint32_t due, overdue;
    int32_t cleared_day; /* of the backlog; INT32_MAX: not within the days */
    double planned_minutes, practised_minutes; /* a week */
    piq_stretch recent, before;
    double gained; /* mastery, summed over concepts, this calendar week and the
                      three before it */
    struct {
        bool set;                 /* false: no goal, nothing below */
        int32_t deadline_day;     /* INT32_MAX: none */
        unsigned answers_missing; /* 0: enough to forecast */
        double mastery;           /* mean of its concepts, now */
        double probability;       /* by its date; NaN: cannot be said */
    } goal;
} piq_standing;

/* `beliefs` are piq_learner_judged(l, .., now_us). PIQ_ENOMEM. Everything that
 * is needed on the way lives in `a`. */
PIQ_MUST_USE piq_status piq_standing_make(piq_arena *a, const piq_learner *l,
                                          const piq_catalogue *c,
                                          const piq_belief *beliefs,
                                          int64_t now_us, piq_standing *out);

/* Steps of a stored plan that were for days before `today` and are not done by
 * what the state says: content that was not completed, concepts without an
 * answer since their day began. *oldest_day: of the first of them; PIQ_NO_DAY:
 * none. */
size_t piq_standing_overdue_steps(const piq_learner *l, const piq_plan *plan,
                                  int32_t today, int32_t *oldest_day);

#endif
