/* path.h - the planner: targets, what they need, and the days there are.
 *
 * Targets' ancestor closure over prerequisites; the best content for each
 * concept that is not yet mastered; how much of it and on which days is a
 * problem of solve/problem.h, whose value is the expected mastery at the
 * deadline under the learner's posterior; the days are then walked under the
 * law of practice (track/gain.h), which puts each day in order and keeps every
 * rule exactly. Formulas and sources: src/path/README.md.
 * Pure; deterministic for a seed and a number of iterations. Threads: any, on
 * read-only input.
 *
 * Laws (tests/property): a step never stands before one it needs, nor before
 * the last part of one; no day's minutes are exceeded; nothing on a day off; no
 * content twice (its parts apart); what is skipped never appears, what is
 * frozen stays as it is.
 */
#ifndef PIQ_PATH_PATH_H
#define PIQ_PATH_PATH_H

#include "base/arena.h"
#include "domain/belief.h"
#include "domain/catalogue.h"
#include "domain/goal.h"
#include "domain/history.h"
#include "domain/plan.h"
#include "memory/fsrs.h"

enum {
    PIQ_PLAN_HORIZON_DAYS = 366,
    PIQ_MAX_PLAN_STEPS = 1024,
    /* Days that are planned at once; later ones from where those end. */
    PIQ_PLAN_WINDOW_DAYS = 60
};

/* A content that the learner wants as early as it may be, or on a day. */
typedef struct piq_path_pin {
    piq_content_ix content;
    int32_t day; /* local; INT32_MAX or past: as early as it may be */
} piq_path_pin;

/* What the learner asks for. Arrays are borrowed and may be empty. Content that
 * is done, retired or skipped is passed over; skipping wins over the rest. */
typedef struct piq_path_wishes {
    const piq_path_pin *pins;
    size_t n_pins;
    const piq_content_ix *skip; /* never planned */
    size_t n_skip;
    /* Said to be known, and not checked yet: a check is planned first, and
     * the rest as if it had been passed. */
    const piq_concept_ix *known;
    size_t n_known;
    const piq_content_ix *order; /* as early as they may be, in this order */
    size_t n_order;
    /* Today's steps stay as they are, in order, as long as they may still be
     * done, and nothing is added to them. They bring their minutes along:
     * unless it is off, today has at least as many as they take. */
    bool freeze_today;
    const piq_plan_step *frozen; /* those of them that are not done */
    size_t n_frozen;
} piq_path_wishes;

typedef struct piq_path_input {
    const piq_catalogue *catalogue;
    const piq_belief *beliefs;          /* [n_concepts], at the first day */
    const piq_content_history *history; /* [n_contents] */
    const piq_fsrs_params *memory;      /* NULL: piq_fsrs_defaults */
    const piq_concept_ix *targets;      /* to be mastered */
    size_t n_targets;
    const double *value;             /* [n_concepts], 0..1 */
    int32_t from_day;                /* today, local */
    int32_t deadline_day;            /* last day; INT32_MAX: horizon only */
    uint16_t minutes_per_weekday[7]; /* the pace wished for is in them */
    const int32_t *days_off;         /* ascending */
    size_t n_days_off;
    double minutes_spent_today; /* already used of from_day's budget */
    double session_minutes;     /* > 0 */
    double desired_retention;
    /* Mastery gained an hour by this learner over what the model expects; 1
     * for a learner without evidence. Scales the expected gains. */
    double pace;
    double pace_sd; /* its standard error, for the completion interval */
    piq_path_wishes wishes;
    /* The plan that this one goes on from, read back from where it was
     * stored, or NULL. It stands unless a better one is found. */
    const piq_plan *previous;
    uint64_t seed;
    uint32_t iterations; /* of the search; 0: greedy choice alone */
} piq_path_input;

/* Iterations with which a first plan takes less than 50 ms, and one that goes
 * on from a previous plan less than 5 ms (bench/bench_path.c). */
uint32_t piq_path_iterations(const piq_catalogue *c, bool previous);

/* plan->targets: those asked for and the prerequisites that are not ready yet,
 * in order of prerequisites. A target is met at PIQ_MASTERED with
 * PIQ_MASTERED_EVIDENCE, an added prerequisite when it is ready. A deadline
 * before from_day bounds nothing. in_time_prob is left NaN: it is the engine's
 * (insight/predictions.h). Content that no day holds is spread over days, its
 * parts in order, one content at a time. A review step is on a
 * concept alone (content PIQ_NO_IX32), and so is a check. *out lives in `a`.
 * PIQ_ENOMEM; PIQ_EINVAL when no weekday has a minute. */
PIQ_MUST_USE piq_status piq_path_plan(piq_arena *a, const piq_path_input *in,
                                      piq_plan *out, piq_err *err);

/* Concepts a goal stands for: the named ones, else those of its areas (all
 * when none) up to its level; all concepts for a goal that was never set.
 * Retired ones left out. Returns how many were
 * written to out[catalogue->n_concepts]. */
size_t piq_path_targets(const piq_catalogue *c, const piq_goal *goal,
                        piq_concept_ix *out);

/* What a plan's steps are worth, done in order on their days: the `value` of
 * plan.h, by the law of practice and the forgetting that the planner itself
 * counts with, at the end of `until_day`. For plans from anywhere; steps
 * that are done are passed over. PIQ_ENOMEM. */
PIQ_MUST_USE piq_status piq_path_worth(const piq_path_input *in,
                                       const piq_plan *plan, int32_t until_day,
                                       double *out);

/* What changed from one plan to the next, of the steps that are not done. */
typedef struct piq_path_change {
    size_t n_added, n_removed; /* steps that only the new, the old one has */
    size_t n_moved;            /* steps of both, on another day */
    size_t n_kept;             /* steps of both, on the same day */
    int32_t completion_before, completion_after; /* INT32_MAX: not within */
    size_t dropped_before, dropped_after;
    double value_before, value_after;     /* NaN: not told */
    double minutes_before, minutes_after; /* of those steps */
} piq_path_change;

/* Steps are the same when kind, content, concept and part are; repetitions of
 * a concept in their order. PIQ_ENOMEM. */
PIQ_MUST_USE piq_status piq_path_diff(const piq_plan *before,
                                      const piq_plan *after,
                                      piq_path_change *out);

#endif
