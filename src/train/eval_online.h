/* eval_online.h - a policy that learns while it is used, measured.
 *
 * The game of online_data.h. A policy sees the learner, the ten candidates and
 * what happened in the rounds before: which candidates were offered, which one
 * it picked, whether that was liked. It never learns what the others would have
 * been worth. Beside ours:
 *
 *     random    any of the ten (its expectation, not a draw)
 *     thompson  the greatest of ten draws, of each item's Beta(1 + liked,
 *               1 + not liked) over its own picks (Thompson 1933)
 *     oracle    a liked one where there is one
 *
 * Ours: piq_bayes (recommend/bayes.h) on features of the past, and inverse-gap
 * weighting over all ten (recommend/explore.h) at gamma = `gamma` sqrt(rounds
 * so far). Pure; seeded; memory from an arena.
 */
#ifndef PIQ_TRAIN_EVAL_ONLINE_H
#define PIQ_TRAIN_EVAL_ONLINE_H

#include "train/online_data.h"

typedef struct piq_online_options {
    double gamma;  /* >= 0 */
    size_t rounds; /* 0: each slate once, in order of time; else so many are
                      drawn at random, with replacement */
    bool offered;  /* may count how often an item was a candidate before */
    uint64_t seed;
} piq_online_options;
const piq_online_options *piq_online_defaults(void);

/* Mean reward of a round. */
typedef struct piq_online_report {
    size_t rounds;
    double random, thompson, oracle, ours;
    double greedy_last; /* of the second half: what ours thought best */
    double ours_last;   /* of the second half */
    double least_chance, mean_chance; /* of what ours picked */
} piq_online_report;

/* PIQ_EINVAL: gamma. PIQ_ENOMEM. */
PIQ_MUST_USE piq_status piq_eval_online(piq_arena *a,
                                        const piq_online_data *data,
                                        const piq_online_options *o,
                                        piq_online_report *out, piq_err *err);

#endif
