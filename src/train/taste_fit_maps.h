/* taste_fit_maps.h - the item-item maps of a taste model, from counts.
 * Private to taste_fit*.c, and its test. Formulas: src/recommend/TASTE.md.
 *
 * OpenBLAS must be at one thread; the threads given here change no bit.
 */
#ifndef PIQ_TRAIN_TASTE_FIT_MAPS_H
#define PIQ_TRAIN_TASTE_FIT_MAPS_H

#include "train/taste_fit_set.h"

enum { PIQ_TASTE_RANK = 32 }; /* directions at most */

/* All [n_items][stride]; row: in the history, column: scored. */
typedef struct piq_taste_maps {
    size_t n_items, stride;
    size_t n_learners; /* that were counted */
    float *gram;       /* weighted products; nearness in time counts, and
                          learners of long histories count less */
    float *kin;        /* weighted products over a learner's sum of weights */
    float *ridge;      /* E: ridge regression, zero diagonal */
    float *low;        /* L: projection on the main directions, as a map */
    float *low_from;   /* [n_items][PIQ_TASTE_RANK], and */
    float *low_to;     /* [PIQ_TASTE_RANK][stride]: L is their product, but for
                          its diagonal */
    float *next, *begun;
    float *popular; /* [stride] ln(1 + learners), mean 0, spread 1 */
    float *seen;    /* [stride] learners */
    float *mass;    /* [stride] sum of their weights */
} piq_taste_maps;

/* PIQ_ENOMEM: nothing is held. */
PIQ_MUST_USE piq_status piq_taste_maps_new(size_t n_items, piq_taste_maps *out);
void piq_taste_maps_release(piq_taste_maps *m);

/* Fills all but ridge, low and its directions. PIQ_ENOMEM: nothing changes. */
PIQ_MUST_USE piq_status piq_taste_maps_count(piq_taste_maps *m,
                                             const piq_taste_set *s,
                                             piq_taste_asked asked,
                                             unsigned threads);
/* lambda > 0. PIQ_ENOMEM; PIQ_EINVAL: no inverse. */
PIQ_MUST_USE piq_status piq_taste_maps_ridge(piq_taste_maps *m, double lambda,
                                             unsigned threads);
/* The main directions: low_from, low_to. rare: 0 .. 1, how much an item counts
 * for being rare. PIQ_ENOMEM. */
PIQ_MUST_USE piq_status piq_taste_maps_span(piq_taste_maps *m, double rare,
                                            uint64_t seed, unsigned threads);
/* L of them. */
void piq_taste_maps_spread(piq_taste_maps *m, unsigned threads);

#endif
