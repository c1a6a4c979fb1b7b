/* item_fit.h - the fitting of a table's effects. Private to the room. */
#ifndef PIQ_FEATURE_ITEM_FIT_H
#define PIQ_FEATURE_ITEM_FIT_H

#include "feature/item_builder.h"

typedef struct piq_fitted_kind {
    double *value, *g, *h; /* [n]; g and h are scratch */
    double *usual;         /* [n] prior means */
    uint32_t *count;       /* [n] */
    double var;            /* of the prior, as estimated */
    size_t n;
} piq_fitted_kind;

typedef struct piq_item_fit {
    const piq_item_builder *b;
    unsigned without;
    float *sum;     /* [b->n] effects so far */
    float *ability; /* [b->n] running ability before the answer */
    piq_fitted_kind kinds[PIQ_N_EFFECTS];
    double *slope_g, *slope_h; /* [n_items] */
    float *concept_ability;    /* [n_concepts] of the learner in hand */
    uint32_t *concept_n;       /* [n_concepts] likewise */
    uint16_t *practised;       /* [n_practised] of them */
    size_t n_practised;
    double *item_value, *item_weight; /* [n_items] scratch */
    double near_share;                /* of an item, what its neighbours tell */
    piq_arena *arena;
} piq_item_fit;

/* Effects and slopes from all answers but those of group `without`, in memory
 * of `a`. PIQ_ENOMEM. */
PIQ_MUST_USE piq_status piq_item_fit_run(piq_item_fit *f,
                                         const piq_item_builder *b,
                                         unsigned without, piq_arena *a);
double piq_item_fit_slope(const piq_item_fit *f, size_t item);

static inline bool piq_fit_leaves_out(const piq_item_fit *f,
                                      const piq_built_answer *x)
{
    return x->group == f->without;
}

#endif
