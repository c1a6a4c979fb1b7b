/* plan.h - a learning path: steps in order, each with its day and its why. */
#ifndef PIQ_DOMAIN_PLAN_H
#define PIQ_DOMAIN_PLAN_H

#include "base/json_writer.h"
#include "domain/catalogue.h"
#include "domain/ids.h"

typedef enum piq_step_kind {
    PIQ_STEP_LESSON,
    PIQ_STEP_PRACTICE,
    PIQ_STEP_ASSESSMENT,
    PIQ_STEP_CHARACTER,
    PIQ_STEP_REVIEW,
    PIQ_STEP_CHECK /* a few answers on one concept: is it known already? */
} piq_step_kind;

typedef enum piq_step_status {
    PIQ_STEP_READY,
    PIQ_STEP_LOCKED, /* an earlier step comes first */
    PIQ_STEP_DONE
} piq_step_status;

enum { PIQ_MAX_STEP_UNLOCKS = 3 };

typedef struct piq_plan_step {
    piq_step_kind kind;
    piq_step_status status;
    piq_content_ix content; /* PIQ_NO_IX32: a bare review or a check of
                               `concept` */
    piq_concept_ix concept; /* what it is for */
    int32_t day;            /* planned local day */
    double minutes;         /* of this part */
    /* Content longer than a day has minutes for is spread over days: which of
     * how many, from 1; 1 of 1 when done at one go. What was already spent on
     * it is not planned again. Its mastery counts with the last part. */
    uint16_t part, parts;
    double mastery_before; /* of `concept`, expected */
    double mastery_after;
    double success;   /* chance of a right answer in it, or of following it;
                         0..1, NaN: not told */
    uint16_t session; /* of its day, from 1; 0: not told */
    /* Concepts that can be begun once it is done, and could not before: the
     * first of them. */
    piq_concept_ix unlocks[PIQ_MAX_STEP_UNLOCKS];
    uint8_t n_unlocks;
    const char *why; /* what it is for; sentence, arena */
    const char *now; /* why on this day and in this place; "": not told */
} piq_plan_step;

/* A target, or what one needs, that is not reached by the end of the plan. */
typedef struct piq_plan_dropped {
    piq_concept_ix concept;
    double cost;    /* of `value`, with what it opens; NaN: not told */
    double mastery; /* expected at the end of the plan; NaN: not told */
} piq_plan_dropped;

typedef struct piq_plan {
    piq_plan_step *steps; /* by day, in order of doing */
    size_t n_steps;
    size_t current; /* first step that is not done */
    /* Targets in prerequisite order. */
    piq_concept_ix *targets;
    size_t n_targets;
    size_t n_targets_met;
    /* When the last target is expected to be mastered; INT32_MAX: not within
     * the horizon. 80 % interval. */
    int32_t completion_day, completion_low_day, completion_high_day;
    /* P(goal reached by the end of deadline_day), the one number that
     * insight/predictions.h makes; NaN: no deadline. The planner leaves NaN. */
    double in_time_prob;
    int32_t deadline_day; /* INT32_MAX none */
    int32_t from_day;
    double minutes_total;
    /* Expected mastery at the deadline (or the end of the plan) after
     * forgetting, up to each concept's aim: the mean over `targets`, weighted
     * by what they are worth. 0..1; NaN: not told. */
    double value;
    /* What had to be left out before the deadline, in order of cost, and the
     * minutes that would do it in time, in all and a week: 0 none are missing,
     * NaN no minutes would do, or not told. */
    piq_plan_dropped *dropped;
    size_t n_dropped;
    double extra_minutes, extra_week_minutes;
    bool prerequisites_added; /* targets needed more than was asked for */
} piq_plan;

/* The value of path_config: one JSON object. */
void piq_plan_write(const piq_plan *p, const piq_catalogue *c,
                    piq_json_writer *w);
/* Appends a stored path_config to `out`, with its first n_steps steps at most;
 * `steps_total` goes on telling how many there are. */
void piq_plan_cut(piq_str json, size_t n_steps, piq_buf *out);
/* The same where its beginning may be all that was read: the steps that are
 * done, and n_steps more. False: more of it is needed, nothing was appended;
 * never of a whole one. */
PIQ_MUST_USE bool piq_plan_cut_start(piq_str start, bool is_whole,
                                     size_t n_steps, piq_buf *out);
/* Steps and current position back from a stored path_config; what the
 * catalogue no longer has is left out. PIQ_ECORRUPT. */
PIQ_MUST_USE piq_status piq_plan_read(piq_arena *a, piq_str json,
                                      const piq_catalogue *c, piq_plan *out,
                                      piq_err *err);

#endif
