/* inputs.h - from a learner's state to what the deciding models ask for. */
#ifndef PIQ_INSIGHT_INPUTS_H
#define PIQ_INSIGHT_INPUTS_H

#include "base/arena.h"
#include "domain/estimate.h"
#include "learner/learner.h"
#include "path/path.h"
#include "recommend/recommend.h"

/* The goal as stated, or, where none was: every concept, no deadline. */
piq_goal piq_goal_in_force(const piq_learner *l);

/* What mastering each concept is worth to this learner, 0..1, in `a`:
 * a target of the goal 1, what a target needs .7, the rest .15. NULL: no
 * memory. */
double *piq_concept_values(piq_arena *a, const piq_catalogue *c,
                           const piq_goal *goal);

/* Minutes of a usual session: stated, else the mean of what was seen shrunk by
 * 5 sessions towards 25. Where most sessions are of less than ten minutes,
 * they are pieces of a day, and a usual day counts instead. Within 5..120. */
double piq_usual_session_min(const piq_learner *l);
/* Minutes a weekday, which path and predictions both plan with: stated, else
 * on each day a usual session or day, whichever is more, and 25 at least: that
 * someone looked in for a minute says nothing of what they would give to a
 * plan. PIQ_STATED; PIQ_INFERRED where what was seen makes it more than 25;
 * else PIQ_DEFAULT. */
piq_source piq_weekday_minutes(const piq_learner *l, uint16_t out[7]);

/* Of the law of practice (track/gain.h), what a minute of a plan is worth
 * beside a minute of content that fits and that the goal is short of: reviews,
 * checks, tasks too easy or too hard, prerequisites of content. Measured:
 * src/engine/README.md. */
#define PIQ_PLAN_EFFICIENCY  0.6
/* Practice nears this mastery, and is not planned beyond it. */
#define PIQ_PRACTICE_CEILING 0.95

/* Dose of the law of practice from a mastery to an aim, ln((1-m)/(1-aim)); 0
 * when it is reached. */
double piq_practice_need(double mastery, double aim);

/* A content that the learner took up, and how much they took to it. */
typedef struct piq_liked_content {
    piq_content_ix content;
    int64_t at_us; /* of the last event on it */
    float weight;  /* (0,1], piq_taste_reward */
} piq_liked_content;
/* From the learner's history: begun counts as accepted; what was given up or
 * dismissed since is left out. Oldest first, of one instant by content;
 * out[n_contents]. Returns how many. */
size_t piq_liked_contents(const piq_learner *l, const piq_catalogue *c,
                          piq_liked_content *out);

/* Everything lives in `a`, or is borrowed from the learner. What the learner
 * asks of the path (learner/controls.h) is in it, but for what is frozen. */
PIQ_MUST_USE piq_status piq_recommend_input_of(
    piq_arena *a, const piq_learner *l, const piq_judge *by,
    const piq_catalogue *c, int64_t now_us, piq_recommend_input *out);
PIQ_MUST_USE piq_status piq_path_input_of(piq_arena *a, const piq_learner *l,
                                          const piq_judge *by,
                                          const piq_catalogue *c,
                                          int64_t now_us, piq_path_input *out);
/* Makes a plan go on from a previous one, which is borrowed: the steps that it
 * had for today are frozen where the learner wishes that. `frozen` is
 * [previous->n_steps] of the caller's, as long as `in`. */
void piq_path_input_go_on(piq_path_input *in, const piq_plan *previous,
                          piq_plan_step *frozen);

#endif
