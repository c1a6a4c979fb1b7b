/* explain.h - the sentence that goes with a recommendation. */
#ifndef PIQ_RECOMMEND_EXPLAIN_H
#define PIQ_RECOMMEND_EXPLAIN_H

#include "recommend/recommend.h"

/* A sentence about the largest contribution of a finished recommendation, with
 * the numbers that it came from. Lives in `a`; NULL when that is full. */
const char *piq_recommend_reason(piq_arena *a, const piq_recommend_input *in,
                                 const piq_recommendation *r);

#endif
