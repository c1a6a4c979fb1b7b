/* fsrs_pool.h - the cards of one learner or many, as a fit goes through them.
 *
 * Each learner's outliers are left out and their items weighted by time on
 * their own. A learner of m items counts as min(m, sqrt(m m0)), m0 the median
 * of m: a long history counts for more, but not in proportion.
 *
 * Private to the fit. Lives in an arena; borrows the learners' reviews.
 */
#ifndef PIQ_TRAIN_FSRS_POOL_H
#define PIQ_TRAIN_FSRS_POOL_H

#include "base/rng.h"
#include "train/fsrs_items.h"

/* One card that has items. */
typedef struct piq_fsrs_pool_card {
    const piq_fsrs_review *reviews;
    const double *weight; /* [n], 0: no item */
    uint32_t n;           /* reviews up to the last item */
    uint32_t n_items;
} piq_fsrs_pool_card;

typedef struct piq_fsrs_pool {
    piq_fsrs_pool_card *cards;
    size_t n_cards;
    size_t longest;            /* reviews of a card */
    size_t n_items, n_initial; /* the latter: first of their cards */
    size_t n_left_out;         /* items */
    double weight;             /* of all items */
    double recall;             /* share passed, learners weighted */
    piq_fsrs_group *groups[4];
    size_t n_groups[4];
} piq_fsrs_pool;

/* keep_all: no outliers are left out. PIQ_EINVAL, PIQ_ENOMEM. */
PIQ_MUST_USE piq_status piq_fsrs_pool_of(piq_arena *a,
                                         const piq_fsrs_cards *learners,
                                         size_t n, bool keep_all,
                                         piq_fsrs_pool *out, piq_err *err);

void piq_fsrs_pool_shuffle(piq_fsrs_pool *p, piq_rng *r);

#endif
