/* explore.h - one slot of a slate is chosen by chance, with known chances.
 *
 * Inverse-gap weighting (Abe & Long 1999, ICML; SquareCB: Foster & Rakhlin
 * 2020, ICML, alg. 1): of |C| candidates whose value is within `delta` of the
 * best one's,
 *
 *     p_i = max(floor, 1 / (|C| + gamma (mu_best - mu_i))),   i not the best
 *     p_best = 1 - sum of the others
 *
 * so the better a candidate, the likelier, and every chance is a formula: no
 * simulation is needed to log it. gamma 0 is uniform, gamma -> infinity greedy.
 *
 * A slate has one such slot, the last place that nothing pins (slate.h): the
 * places before it are certain, and nothing depends on the draw.
 *
 * Pure; a seed is an argument; any thread.
 */
#ifndef PIQ_RECOMMEND_EXPLORE_H
#define PIQ_RECOMMEND_EXPLORE_H

#include "base/rng.h"

#include <stddef.h>

enum {
    PIQ_EXPLORE_MAX = 32,       /* candidates of the explored slot */
    PIQ_EXPLORE_MAX_SLATE = 50, /* items shown */
};

typedef struct piq_explore_rule {
    double delta; /* >= 0: nobody is shown what is worse by more */
    double gamma; /* >= 0: how strongly chances follow the values */
    double floor; /* 0 .. 1: least chance; 1/|C| where that is less */
} piq_explore_rule;

/* Writes chance[n], 0 outside of the safe set. Of equal bests the first counts
 * as the best. They sum to 1 but for rounding; mu_i >= mu_j of two that are
 * safe means p_i >= p_j but among equal bests. A mu that is not finite is
 * never safe. Returns |C|, 0 if no mu is finite. */
size_t piq_explore_chances(const piq_explore_rule *rule, const double *mu,
                           size_t n, double *chance);

/* Draws one by chance[n], which sum to 1: its index. One number is taken from
 * `r`. */
size_t piq_explore_draw(const double *chance, size_t n, piq_rng *r);

#endif
