/* terms.h - the features of one candidate, and what each weighs. */
#ifndef PIQ_RECOMMEND_TERMS_H
#define PIQ_RECOMMEND_TERMS_H

#include "recommend/recommend.h"

/* Version of rules, features and weights; goes into the log. */
#define PIQ_RECOMMEND_POLICY "additive-1"

/* Weights are >= 0 and sum to 1; features are in [0,1]: so is their sum.
 * [PIQ_N_TERMS], static. */
const double *piq_recommend_weights(void);

/* Fills value[PIQ_N_TERMS]. Diversity is 1 here: nothing in the slate yet.
 * Returns the predicted chance of success. */
double piq_recommend_terms(const piq_recommend_input *in,
                           piq_content_ix content, double value[PIQ_N_TERMS]);

/* How far the concept's recall has fallen, worth included: 0 just repeated,
 * 1/3 at the desired retention, 1 from three times the allowed loss on. */
double piq_recommend_risk(const piq_recommend_input *in,
                          piq_concept_ix concept);

/* The concept that a content is mostly for: where it repeats something that is
 * due, the greatest risk, else the greatest worth of what is left to learn. */
piq_concept_ix piq_recommend_main_concept(const piq_recommend_input *in,
                                          piq_content_ix content);

#endif
