/* slate.h - choosing a varied few of many. Private to recommend/. */
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

typedef struct piq_slate_rule {
    bool mixed;                        /* all types: quotas by type hold */
    size_t limit;                      /* 1 .. PIQ_EXPLORE_MAX_SLATE */
    double diversity;                  /* that a similarity of 1 takes off */
    const piq_business_view *business; /* NULL: none */
    const piq_explore_rule *explore;   /* NULL: nothing is left to chance */
    uint64_t seed;
} piq_slate_rule;

/* One place of a slate. */
typedef struct piq_slate_place {
    size_t ranked; /* position in ranked[] */
    piq_cause cause;
    double propensity;
    const piq_rule *pinned_by; /* NULL: none */
} piq_slate_place;

/* Who might have stood in the explored place, best first. */
typedef struct piq_slate_explored {
    size_t slot; /* SIZE_MAX: there was none, and n is 0 */
    size_t n;
    size_t drawn; /* 0: the best */
    size_t ranked[PIQ_EXPLORE_MAX];
    double value[PIQ_EXPLORE_MAX];
    double chance[PIQ_EXPLORE_MAX];
} piq_slate_explored;

/* Chooses up to `limit` of ranked[n] by maximal marginal relevance: at most two
 * mainly for one concept and, when types are `mixed`, at most half (rounded up)
 * of one type and one course, as long as that fills the slate. Fills
 * places[limit] in order of choice and returns how many: limit, or n if that is
 * less, or fewer where rules keep out the rest. Reorders ranked[]; a chosen
 * entry's `similarity` is to those chosen before it. */
size_t piq_slate_choose(const piq_catalogue *c, piq_ranked *ranked, size_t n,
                        const piq_slate_rule *rule, piq_slate_place *places,
                        piq_slate_explored *explored);

/* Cosine of two contents' concept weights, 0..1. */
double piq_slate_similarity(const piq_content *a, const piq_content *b);

#endif
