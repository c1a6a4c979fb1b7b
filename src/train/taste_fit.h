/* taste_fit.h - makes a taste model (recommend/taste.h) of what learners took
 * up.
 *
 * Closed form, but for the weights of the parts: those are set by default and
 * moved only where held-out learners say so by two standard errors. How, and
 * what was tried: src/recommend/TASTE.md.
 */
#ifndef PIQ_TRAIN_TASTE_FIT_H
#define PIQ_TRAIN_TASTE_FIT_H

#include "recommend/taste.h"

/* A learner took up an item. */
typedef struct piq_taste_event {
    int64_t at_us;
    uint32_t learner, item; /* positions */
    float weight;           /* piq_taste_reward(); not above 0: not taken up */
} piq_taste_event;

/* Concepts of items: those of item i stand at first[i] .. first[i+1]. */
typedef struct piq_taste_concepts {
    const size_t *first; /* [n_items + 1] */
    const uint32_t *concept;
    const float *weight; /* > 0 */
} piq_taste_concepts;

/* In any order. Of events of one learner on one item the latest counts (of
 * those at one instant the last in the list). Where nobody's events differ in
 * time, there is no order, and nothing is made of it. */
typedef struct piq_taste_log {
    const piq_taste_event *list;
    size_t n;
    uint32_t n_learners, n_items;
    const int64_t *ids; /* [n_items] ascending; NULL: 0, 1, .. */
    const piq_taste_concepts *concepts; /* NULL: not known */
} piq_taste_log;

/* What the model will be asked, so that it is weighed by the same question. */
typedef enum piq_taste_asked {
    PIQ_TASTE_LATER, /* what comes after the history */
    PIQ_TASTE_ANY    /* what else belongs to it, at any time */
} piq_taste_asked;

typedef struct piq_taste_options {
    piq_taste_asked asked;
    uint64_t seed;
    unsigned threads; /* changes no bit; 0: two */
} piq_taste_options;
piq_taste_options piq_taste_option_defaults(void); /* LATER, 1, 0 */

/* Few learners, or none, are no failure: what there is, counts. PIQ_EINVAL: a
 * learner or item out of range, a weight that is no number, ids not ascending.
 * PIQ_ELIMIT: more than PIQ_TASTE_MAX_ITEMS. PIQ_ENOMEM. *out is written on
 * success only. Takes about 6 matrices of floats, n_items squared. */
PIQ_MUST_USE piq_status piq_taste_fit(const piq_taste_log *log,
                                      const piq_taste_options *o,
                                      piq_taste **out, piq_err *err);

#endif
