/* taste_fit_weights.h - what each part of a taste weighs, at each length of a
 * history. Private to taste_fit*.c, and its test.
 *
 * Parts are brought to a spread of 1 first, by what they usually spread at
 * that length. The weights begin at defaults and are changed one at a time, to
 * the best on a grid, as long as held-out learners do better by more than two
 * standard errors of the paired difference.
 */
#ifndef PIQ_TRAIN_TASTE_FIT_WEIGHTS_H
#define PIQ_TRAIN_TASTE_FIT_WEIGHTS_H

#include "train/taste_fit_cases.h"

typedef struct piq_taste_weights {
    piq_taste_knot knots[PIQ_TASTE_KNOTS];
    double low_share;  /* of L beside E in LIKING and LATELY */
    double valid_ndcg; /* of the first round; NaN without any */
} piq_taste_weights;

/* Default weights with n entries in the history. */
void piq_taste_default_weights(piq_taste_asked asked, bool timed, double n,
                               float out[PIQ_N_TASTE_PARTS]);

/* By which factor L is added to E: .4 of E's spread. 0 without cases. */
double piq_taste_low_share(const piq_taste_cases *c);

/* From cases that were heard; none: defaults. PIQ_ENOMEM. */
PIQ_MUST_USE piq_status piq_taste_weigh(const piq_taste_cases *c,
                                        piq_taste_asked asked, bool timed,
                                        unsigned threads,
                                        piq_taste_weights *out);

/* Whether b[n] is better than a[n] by more than so many standard errors of the
 * mean difference, and by more than .0005; *gain is that mean. Fewer than ten
 * say nothing. */
bool piq_taste_is_better(const double *a, const double *b, size_t n,
                         double errors, double *gain);

#endif
