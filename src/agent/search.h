/* search.h - the path that the belief makes worth most.
 *
 * Whole paths are tried on scenes (scene.h): first a few simple ones (in the
 * order of the graph with so many repetitions, target by target, round and
 * round, and what is left of the last path), then neighbours of the best
 * (an item replaced, moved, swapped, repeated, a stretch made one item).
 * Open-loop with renewal: after each outcome the belief has moved, and the
 * search goes on from what it had.
 *
 * Deterministic: what it may cost is counted, not timed.
 */
#ifndef PIQ_AGENT_SEARCH_H
#define PIQ_AGENT_SEARCH_H

#include "agent/scene.h"

typedef struct piq_path_try {
    uint32_t *actions; /* [n] of the view */
    size_t n;
    double worth;
} piq_path_try;

typedef struct piq_search_input {
    const piq_scenes *scenes;
    double budget;         /* of the actions' costs */
    size_t most_steps;     /* looks no further ahead */
    const uint32_t *go_on; /* [n_go_on] what was planned before; may be NULL */
    size_t n_go_on;
    uint64_t effort; /* practices tried, all scenes at once */
    uint64_t seed;
} piq_search_input;

/* *out lives in `a`; n is 0 only when no action fits. PIQ_ENOMEM. */
PIQ_MUST_USE piq_status piq_search_path(piq_arena *a,
                                        const piq_search_input *in,
                                        piq_path_try *out);

/* search_apart.c: betters a path in place where concepts have nothing to do
 * with one another (piq_view_apart): then a change is weighed by the few
 * concepts it touches. state: room for one ([scenes->block]). */
void piq_search_apart(const piq_scenes *s, piq_rng *rng, uint64_t effort,
                      piq_lanes *state, piq_path_try *path);

/* True when the mean of `now` - `was` over the scenes is not negative, nor due
 * to the luck of a few scenes: at least its standard error. */
bool piq_search_better(const piq_lanes *now, const piq_lanes *was);

#endif
