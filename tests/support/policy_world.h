/* policy_world.h - logs of a made-up policy, where what another one would have
 * earned is known.
 *
 * A context is four normal numbers; each of ten actions has its own taste for
 * them, so a model of rewards without interactions is wrong on purpose. Both
 * policies are softmaxes: of nearly the same scores (good overlap), or of
 * opposed ones (poor). Or both are nearly sure (shy): the best by their scores,
 * every other one by a chance of .01; they agree in most contexts, and where
 * they do not a weight is 91.
 */
#ifndef PIQ_TESTS_POLICY_WORLD_H
#define PIQ_TESTS_POLICY_WORLD_H

#include "base/rng.h"
#include "train/offpolicy.h"

#include <stdbool.h>

enum { POLICY_ACTIONS = 10, POLICY_CONTEXT = 4 };

typedef struct policy_world {
    double base; /* logit of a reward in the mean */
    double taste[POLICY_ACTIONS][POLICY_CONTEXT], bias[POLICY_ACTIONS];
    double sharp_logged, sharp_target;
    bool opposed;
    bool shy; /* false as made */
} policy_world;

typedef struct policy_context {
    double x[POLICY_CONTEXT];
} policy_context;

typedef struct policy_log {
    piq_offpolicy_log log;
    policy_context *context;
} policy_log;

void policy_world_make(policy_world *w, uint64_t seed, double base,
                       bool poor_overlap);
/* The target policy's expected reward; of `n` contexts. */
double policy_world_truth(const policy_world *w, size_t n, uint64_t seed);
/* A log of n rows, in `a`, with the chances of all actions. Fails the test when
 * memory is short. */
policy_log policy_world_log(const policy_world *w, piq_arena *a, size_t n,
                            uint64_t seed);

#endif
