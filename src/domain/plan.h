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
    PIQ_STEP_REVIEW
} piq_step_kind;

typedef enum piq_step_status {
    PIQ_STEP_READY,
    PIQ_STEP_LOCKED, /* an earlier step comes first */
    PIQ_STEP_DONE
} piq_step_status;

typedef struct piq_plan_step {
    piq_step_kind kind;
    piq_step_status status;
    piq_content_ix content; /* PIQ_NO_IX32: a bare review of `concept` */
    piq_concept_ix concept; /* what it is for */
    int32_t day;            /* planned local day */
    double minutes;         /* of this part */
    /* Content longer than a day has minutes for is spread over days: which of
     * how many, from 1; 1 of 1 when done at one go. What was already spent on
     * it is not planned again. Its mastery counts with the last part. */
    uint16_t part, parts;
    double mastery_before; /* of `concept`, expected */
    double mastery_after;
    const char *why; /* sentence, arena */
} piq_plan_step;

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
    /* What had to be left out before the deadline, in order of loss. */
    piq_concept_ix *dropped;
    size_t n_dropped;
    bool prerequisites_added; /* targets needed more than was asked for */
} piq_plan;

const char *piq_step_kind_name(piq_step_kind k);
const char *piq_step_status_name(piq_step_status s);

/* The value of path_config: one JSON object. */
void piq_plan_write(const piq_plan *p, const piq_catalogue *c,
                    piq_json_writer *w);
/* Appends a stored path_config to `out`, with its first n_steps steps at most;
 * `steps_total` goes on telling how many there are. */
void piq_plan_cut(piq_str json, size_t n_steps, piq_buf *out);
/* Steps and current position back from a stored path_config; what the
 * catalogue no longer has is left out. PIQ_ECORRUPT. */
PIQ_MUST_USE piq_status piq_plan_read(piq_arena *a, piq_str json,
                                      const piq_catalogue *c, piq_plan *out,
                                      piq_err *err);

#endif
