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
 * A slate has one such slot. The places before it are filled greedily and are
 * certain. Those after it are filled greedily too, but what is greedy may
 * depend on what was explored (variety, quotas): each candidate's slate is
 * worked out in full, and the chance that an item stands at a position is the
 * sum of the chances of the slates that have it there. Exact, |C| greedy
 * completions.
 *
 * Pure; a seed is an argument; any thread.
 */
#ifndef PIQ_RECOMMEND_EXPLORE_H
#define PIQ_RECOMMEND_EXPLORE_H

#include "base/rng.h"
#include "base/status.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    PIQ_EXPLORE_MAX = 32,       /* candidates of the explored slot */
    PIQ_EXPLORE_MAX_SLATE = 50, /* items shown */
};
#define PIQ_EXPLORE_NONE UINT32_MAX

typedef struct piq_explore_rule {
    double delta; /* >= 0: nobody is shown what is worse by more */
    double gamma; /* >= 0: how strongly chances follow the values */
    double floor; /* 0 .. 1: least chance; 1/|C| where that is less */
} piq_explore_rule;

/* ---- one choice ---------------------------------------------------------- */

/* Writes chance[n], 0 outside of the safe set. Of equal bests the first counts
 * as the best. They sum to 1 but for rounding; mu_i >= mu_j of two that are
 * safe means p_i >= p_j but among equal bests. A mu that is not finite is
 * never safe. Returns |C|, 0 if no mu is finite. */
size_t piq_explore_chances(const piq_explore_rule *rule, const double *mu,
                           size_t n, double *chance);

/* Draws one by chance[n], which sum to 1: its index. One number is taken from
 * `r`. */
size_t piq_explore_draw(const double *chance, size_t n, piq_rng *r);

/* ---- a slate ------------------------------------------------------------- */

/* Candidates 0 .. n-1, and how a slate is filled. */
typedef struct piq_explore_slate {
    size_t n;
    size_t limit; /* 1 .. PIQ_EXPLORE_MAX_SLATE */
    void *ctx;
    /* What candidate i is worth as the next after chosen[n_chosen]; -INFINITY:
     * it may not stand there. Never asked of one that is chosen. */
    double (*value)(void *ctx, uint32_t i, const uint32_t *chosen,
                    size_t n_chosen);
    /* The greedy choice where that is known faster than by asking for every
     * value: the greatest value, PIQ_EXPLORE_NONE where nothing may stand.
     * NULL: all are asked, the first of equal ones is taken. */
    uint32_t (*next)(void *ctx, const uint32_t *chosen, size_t n_chosen);
} piq_explore_slate;

/* Every slate that could be shown, and its chance. */
typedef struct piq_explore_plan {
    size_t slot; /* the position that explores; = n_prefix */
    size_t n;    /* slates; 1 where there was nothing to explore */
    uint32_t candidate[PIQ_EXPLORE_MAX]; /* [n] at `slot`, best first;
                                            PIQ_EXPLORE_NONE: empty slate */
    double mu[PIQ_EXPLORE_MAX];          /* [n] values at that slot */
    double chance[PIQ_EXPLORE_MAX];      /* [n], sum 1 */
    size_t n_shown[PIQ_EXPLORE_MAX];     /* [n] */
    uint32_t shown[PIQ_EXPLORE_MAX][PIQ_EXPLORE_MAX_SLATE];
} piq_explore_plan;

/* The rule that says which slot: the second, where there are two. The first
 * stays the best one known; further down fewer are looked at, so less would be
 * learned. */
size_t piq_explore_slot(size_t limit);

/* Of more than PIQ_EXPLORE_MAX safe candidates the best stay. Slates may be
 * shorter than the limit, where nothing more may stand. */
void piq_explore_plan_make(const piq_explore_slate *slate,
                           const piq_explore_rule *rule, size_t slot,
                           piq_explore_plan *out);

/* Which slate, 0 .. n-1, for this seed. Same plan and seed, same slate. */
size_t piq_explore_plan_draw(const piq_explore_plan *plan, uint64_t seed);

/* The chance that `item` is shown at `position`. */
double piq_explore_plan_chance(const piq_explore_plan *plan, uint32_t item,
                               size_t position);

#endif
