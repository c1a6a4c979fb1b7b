/* profile.h - makes a learner's profile from their state. See domain/profile.h
 * for what it says, insight/estimate.h for the formulas behind the intervals.
 *
 * Pure: time is an argument. Threads: any, on read-only input.
 */
#ifndef PIQ_INSIGHT_PROFILE_H
#define PIQ_INSIGHT_PROFILE_H

#include "base/arena.h"
#include "domain/profile.h"
#include "insight/sentence.h"
#include "learner/learner.h"

/* `beliefs` are piq_learner_beliefs(l, c, now_us). *out borrows l->goal and
 * l->stated; everything else lives in `a`. now_us before the newest event
 * counts as that event's instant. PIQ_ENOMEM. */
PIQ_MUST_USE piq_status piq_profile_make(piq_arena *a, const piq_learner *l,
                                         const piq_catalogue *c,
                                         const piq_belief *beliefs,
                                         int64_t now_us, piq_profile *out);

/* ---- between profile.c and profile_habits.c ---------------------------- */

/* What is being made, and from what. */
typedef struct piq_profile_work {
    piq_teller teller;
    const piq_learner *learner;
    const piq_catalogue *catalogue;
    const piq_belief *beliefs;
    int64_t now_us;
    int32_t today; /* local */
    piq_profile *out;
} piq_profile_work;

/* learningStyle and behavioralMetrics, with their evidence. */
void piq_profile_style(piq_profile_work *p);
void piq_profile_habits(piq_profile_work *p);

#endif
