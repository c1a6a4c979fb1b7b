/* liking.h - the taste model (recommend/taste.h) of a classroom: fitted to its
 * log, with a state for each learner. Items are positions of contents. Private
 * to trial/. */
#ifndef PIQ_TRIAL_LIKING_H
#define PIQ_TRIAL_LIKING_H

#include "trial/classroom.h"

/* Fits anew to the log, and moves every learner's history into it. PIQ_ENOMEM.
 */
PIQ_MUST_USE piq_status piq_liking_refit(piq_classroom *r);
/* One row of the log into its learner's history. */
void piq_liking_add(piq_seat *seat, const piq_trial_row *row);
/* What the model says of the learner, in the classroom's scratch memory; NULL
 * in *out: there is no model yet. PIQ_ENOMEM. */
PIQ_MUST_USE piq_status piq_liking_of(piq_classroom *r, const piq_seat *seat,
                                      const piq_recommend_taste **out);
void piq_liking_release(piq_classroom *r);

#endif
