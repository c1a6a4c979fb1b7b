/* slate.h - choosing a varied few of many. */
#ifndef PIQ_RECOMMEND_SLATE_H
#define PIQ_RECOMMEND_SLATE_H

#include "recommend/recommend.h"

/* One scored candidate. */
typedef struct piq_ranked {
    double score;        /* weighted features, diversity at its best */
    double similarity;   /* to the closest of the slate so far, 0..1 */
    uint32_t content;    /* position */
    uint32_t n_compared; /* slate entries that `similarity` knows of */
    bool taken;
} piq_ranked;

/* Chooses up to `limit` of ranked[n] by maximal marginal relevance: at most two
 * mainly for one concept and, when types are `mixed`, at most half (rounded up)
 * of one type and one course, as long as that fills the slate. Writes their
 * places in ranked[] to chosen[limit], best first, and returns how many: limit,
 * or n if that is less. Reorders ranked[]; a chosen entry's `similarity` is to
 * those chosen before it. */
size_t piq_slate_choose(const piq_catalogue *c, piq_ranked *ranked, size_t n,
                        bool mixed, size_t limit, size_t *chosen);

/* Cosine of two contents' concept weights, 0..1. */
double piq_slate_similarity(const piq_content *a, const piq_content *b);

#endif
