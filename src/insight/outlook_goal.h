/* outlook_goal.h - whether practice is enough for the goal, and what other
 * minutes would change. Private to the predictions.
 */
#ifndef PIQ_INSIGHT_OUTLOOK_GOAL_H
#define PIQ_INSIGHT_OUTLOOK_GOAL_H

#include "insight/outlook.h"
#include "insight/sentence.h"

bool piq_outlook_has_goal(const piq_outlook *w);

/* The instant of the goal's date; now, once that has passed. */
int64_t piq_outlook_deadline_us(const piq_outlook *w);

/* out->goal; NULL when none was set. out->at_us is what was asked for.
 * PIQ_ENOMEM. */
PIQ_MUST_USE piq_status piq_outlook_goal(piq_outlook *w, piq_teller *teller,
                                         piq_prediction *out);

/* out->what_if; `all` is the set of all concepts. */
void piq_outlook_what_if(piq_outlook *w, const piq_outlook_set *all,
                         piq_prediction *out);

#endif
