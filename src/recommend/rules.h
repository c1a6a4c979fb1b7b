/* rules.h - the hard rules, inside the recommender. */
#ifndef PIQ_RECOMMEND_RULES_H
#define PIQ_RECOMMEND_RULES_H

#include "recommend/recommend.h"

/* True when recall of the concept reaches the desired retention within a day
 * (or has), so that repeating it now is worth something. Not on the day of its
 * practice. */
bool piq_recommend_due(const piq_recommend_input *in, piq_concept_ix concept);

/* True when content repeats its concepts: a review, or tasks to answer. */
bool piq_recommend_repeats(const piq_content *content);

/* The first part of a course that may be taken now; PIQ_NO_IX32 when none. */
piq_content_ix piq_recommend_open_part(const piq_recommend_input *in,
                                       const piq_content *course);

#endif
