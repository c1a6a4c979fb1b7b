/* path.h - the planner: targets, what they need, and the days there are.
 *
 * Targets' ancestor closure over prerequisites; best content for each concept
 * that is not yet mastered; lazy greedy on value per minute with prerequisite
 * potential; packed into the learner's minutes a weekday up to the deadline,
 * spaced reviews between. Formulas and sources: src/path/README.md.
 * Pure; deterministic. Threads: any, on read-only input.
 *
 * Laws (tests/property): a step never stands before one it needs, nor before
 * the last part of one; no day's minutes are exceeded; nothing on a day off; no
 * content twice (its parts and reviews apart).
 */
#ifndef PIQ_PATH_PATH_H
#define PIQ_PATH_PATH_H

#include "base/arena.h"
#include "domain/belief.h"
#include "domain/catalogue.h"
#include "domain/goal.h"
#include "domain/history.h"
#include "domain/plan.h"

enum { PIQ_PLAN_HORIZON_DAYS = 366, PIQ_MAX_PLAN_STEPS = 1024 };

typedef struct piq_path_input {
    const piq_catalogue *catalogue;
    const piq_belief *beliefs;          /* [n_concepts], at the first day */
    const piq_content_history *history; /* [n_contents] */
    const piq_concept_ix *targets;      /* to be mastered */
    size_t n_targets;
    const double *value;  /* [n_concepts], 0..1 */
    int32_t from_day;     /* today, local */
    int32_t deadline_day; /* last day; INT32_MAX: horizon only */
    uint16_t minutes_per_weekday[7];
    const int32_t *days_off; /* ascending */
    size_t n_days_off;
    double minutes_spent_today; /* already used of from_day's budget */
    double session_minutes;
    double desired_retention;
    /* Mastery gained an hour by this learner over what the model expects; 1
     * for a learner without evidence. Scales the expected gains. */
    double pace;
    double pace_sd; /* its standard error, for the completion interval */
    const piq_content_ix *skip; /* content the learner does not want */
    size_t n_skip;
} piq_path_input;

/* plan->targets: those asked for and the prerequisites that are not ready yet,
 * in order of prerequisites. A target is met at PIQ_MASTERED with
 * PIQ_MASTERED_EVIDENCE, an added prerequisite when it is ready. A deadline
 * before from_day bounds nothing. in_time_prob is left NaN: it is the engine's
 * (insight/predictions.h). Content that no day holds is spread over days, its
 * parts in order, one content at a time. A review step is on a
 * concept alone (content PIQ_NO_IX32). *out lives in `a`. PIQ_ENOMEM;
 * PIQ_EINVAL when no weekday has a minute. */
PIQ_MUST_USE piq_status piq_path_plan(piq_arena *a, const piq_path_input *in,
                                      piq_plan *out, piq_err *err);

/* Concepts a goal stands for: the named ones, else those of its areas (all
 * when none) up to its level; all concepts for a goal that was never set.
 * Retired ones left out. Returns how many were
 * written to out[catalogue->n_concepts]. */
size_t piq_path_targets(const piq_catalogue *c, const piq_goal *goal,
                        piq_concept_ix *out);

#endif
