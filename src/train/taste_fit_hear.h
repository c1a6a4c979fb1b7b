/* taste_fit_hear.h - what each part of a taste says of the cases. Private to
 * taste_fit*.c.
 *
 * Sums over what is known of a learner are nearly all of a fit's time, so none
 * is taken twice: what the ridge says is kept, and the main directions are
 * asked through their PIQ_TASTE_RANK coordinates, not through their map.
 */
#ifndef PIQ_TRAIN_TASTE_FIT_HEAR_H
#define PIQ_TRAIN_TASTE_FIT_HEAR_H

#include "train/taste_fit_cases.h"
#include "train/taste_fit_maps.h"

typedef struct piq_taste_hearing {
    const piq_taste_set *s;
    const piq_taste_maps *m;
    const float *half_life; /* [PIQ_TASTE_SUMS], entries */
    unsigned threads;
} piq_taste_hearing;

/* What the ridge says of the cases of the first round: out[n_first][stride].
 * Sums are in the same order however they are dealt out. */
void piq_taste_hear_ridge(const piq_taste_cases *c, const piq_taste_hearing *h,
                          float *out);

/* From here on ridge: what piq_taste_hear_ridge wrote. */

/* How the ridge and the main directions spread in the first round: two of each
 * case's variances. PIQ_ENOMEM. */
PIQ_MUST_USE piq_status piq_taste_hear_spreads(piq_taste_cases *c,
                                               const piq_taste_hearing *h,
                                               const float *ridge);
/* How well ridge + share low does in the first round, by piq_taste_worth:
 * worth[n_first]. PIQ_ENOMEM. */
PIQ_MUST_USE piq_status piq_taste_hear_liking(const piq_taste_cases *c,
                                              const piq_taste_hearing *h,
                                              const float *ridge,
                                              double low_share, double *worth);

/* Fills candidates, in `a`, and variances of a round's cases. ridge: NULL in
 * the second round. PIQ_ENOMEM. */
PIQ_MUST_USE piq_status piq_taste_hear(piq_arena *a, piq_taste_cases *c,
                                       const piq_taste_hearing *h,
                                       unsigned round, const float *ridge);

#endif
