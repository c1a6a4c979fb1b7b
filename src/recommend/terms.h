/* terms.h - the features of one candidate, and what each weighs.
 *
 * One table (terms.c) says of each term its unit, what 0 and 1 are, the weight
 * that is set by hand and how far from it outcomes may lead. Hand-set weights
 * are the prior mean of what is learned (policy.h): without any feedback the
 * ranking is theirs. Pure; any thread.
 */
#ifndef PIQ_RECOMMEND_TERMS_H
#define PIQ_RECOMMEND_TERMS_H

#include "recommend/recommend.h"

typedef struct piq_term_spec {
    const char *unit;    /* of what the feature is made of */
    const char *meaning; /* what 0 and 1 are */
    double weight;       /* set by hand; >= 0, those of all sum to 1 */
    double sd;           /* of the prior; 0: never learned */
} piq_term_spec;

/* Static. */
const piq_term_spec *piq_recommend_term_spec(piq_term t);

/* Fills value[PIQ_N_TERMS], each in [0,1]. Diversity is 1 here: nothing in the
 * slate yet; promotion is 0: no rule has spoken. Returns the predicted chance
 * of success. */
double piq_recommend_terms(const piq_recommend_input *in,
                           piq_content_ix content, double value[PIQ_N_TERMS]);

/* The concept that a content is mostly for: where it repeats something that is
 * due, the greatest risk, else the greatest worth of what is left to learn. */
piq_concept_ix piq_recommend_main_concept(const piq_recommend_input *in,
                                          piq_content_ix content);

#endif
