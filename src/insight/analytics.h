/* analytics.h - makes a learner's progress analytics from their state.
 * See domain/analytics.h. Pure: time is an argument. */
#ifndef PIQ_INSIGHT_ANALYTICS_H
#define PIQ_INSIGHT_ANALYTICS_H

#include "base/arena.h"
#include "domain/analytics.h"
#include "learner/learner.h"

/* `beliefs` are piq_learner_beliefs(l, c, now_us). The window is the
 * calendar days of from_us .. to_us at the learner's offset; INT64_MIN: since
 * the first event, INT64_MAX: until today. What the window restricts: days,
 * weeks and their sums; totals, completion, streaks, recall and calibration are
 * of all time or of now. PIQ_EINVAL when from_us > to_us, PIQ_ENOMEM. */
PIQ_MUST_USE piq_status piq_analytics_make(piq_arena *a, const piq_learner *l,
                                           const piq_catalogue *c,
                                           const piq_belief *beliefs,
                                           int64_t now_us, int64_t from_us,
                                           int64_t to_us, piq_analytics *out);

#endif
