/* isotonic.h - a monotone calibration from logits and outcomes.
 *
 * Pool adjacent violators (Ayer et al. 1955) over bins of equally many
 * answers; a pool becomes a knot at its mean logit, lines join the knots.
 * Private to blend_fit.c. Pure.
 */
#ifndef PIQ_TRAIN_ISOTONIC_H
#define PIQ_TRAIN_ISOTONIC_H

#include "predict/blend.h"

typedef struct piq_isotonic_row {
    double logit;
    float y;
} piq_isotonic_row;

/* Sorts rows[n] and sets the knots of *b; none where answers are too few. */
void piq_isotonic_fit(piq_isotonic_row *rows, size_t n, piq_blend *b);

#endif
