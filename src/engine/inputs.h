/* inputs.h - from a learner's state to what the deciding models ask for. */
#ifndef PIQ_ENGINE_INPUTS_H
#define PIQ_ENGINE_INPUTS_H

#include "base/arena.h"
#include "engine/learner.h"
#include "path/path.h"
#include "recommend/recommend.h"

/* The goal as stated, or, where none was: every concept, no deadline. */
piq_goal piq_goal_in_force(const piq_learner *l);

/* What mastering each concept is worth to this learner, 0..1, in `a`:
 * a target of the goal 1, what a target needs .7, the rest .15. NULL: no
 * memory. */
double *piq_concept_values(piq_arena *a, const piq_catalogue *c,
                           const piq_goal *goal);

/* Minutes of a usual session: stated, else the mean of what was seen shrunk
 * towards 25. */
double piq_usual_session_min(const piq_learner *l);
/* Minutes a weekday: stated, else a usual session on each day. */
void piq_weekday_minutes(const piq_learner *l, uint16_t out[7]);

/* Everything lives in `a`, or is borrowed from the learner. */
PIQ_MUST_USE piq_status piq_recommend_input_of(piq_arena *a,
                                               const piq_learner *l,
                                               const piq_catalogue *c,
                                               int64_t now_us,
                                               piq_recommend_input *out);
PIQ_MUST_USE piq_status piq_path_input_of(piq_arena *a, const piq_learner *l,
                                          const piq_catalogue *c,
                                          int64_t now_us, piq_path_input *out);

#endif
