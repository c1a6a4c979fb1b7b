/* offpolicy.h - what another policy would have earned, from the log of this
 * one.
 *
 * Row i: the logged policy showed action a_i with chance p_i and saw reward
 * r_i; the target policy would have shown it with chance pi_i(a_i).
 * w_i = pi_i(a_i) / p_i.
 *
 *     IPS   = mean w r                          Horvitz & Thompson 1952
 *     SNIPS = sum w r / sum w                   Swaminathan & Joachims 2015
 *     DM    = mean sum_a pi(a) q(x, a)          q: cross-fitted, reward_model.h
 *     DR    = mean [sum_a pi(a) q(x, a) + min(w, clip) (r - q(x, a_i))]
 *                                               Dudik, Langford & Li 2011
 *     ESS   = (sum w)^2 / sum w^2               Kong 1992
 *
 * q of a row is fitted to the other folds, so that no row judges itself
 * (Chernozhukov et al. 2018). Clipping trades bias for variance; an interval
 * must not inherit a bias that it does not know of, so the intervals of DR are
 * those of DR unclipped. They are studentised, in worlds drawn by the logged
 * chances where the log knows all of them (offpolicy_interval.h). Below
 * `least_ess` nothing is concluded, whatever the numbers say: neither by the
 * weights that were drawn nor by those that could have been,
 *
 *     ESS by chance = n^2 / sum_i sum_a pi_i(a)^2 / p_i(a),
 *
 * as a log that lacks its heavy rows looks better than it is.
 *
 * What is estimated: the mean reward of one choice of the target policy, in the
 * contexts that the logged one led to. What learners would come to, were they
 * to live under the new one, only an experiment shows.
 *
 * Pure; seeded; scratch memory from an arena.
 */
#ifndef PIQ_TRAIN_OFFPOLICY_H
#define PIQ_TRAIN_OFFPOLICY_H

#include "base/arena.h"
#include "base/status.h"

#include <stdint.h>

typedef struct piq_offpolicy_row {
    double reward;        /* 0 .. 1 */
    double propensity;    /* of what was shown, (0,1] */
    const double *target; /* [n_actions] >= 0, sum 1 to 1e-6 */
    uint32_t n_actions;   /* candidates of this row */
    uint32_t action;      /* that was shown, < n_actions */
} piq_offpolicy_row;

typedef struct piq_offpolicy_log {
    const piq_offpolicy_row *rows;
    size_t n; /* at most UINT32_MAX */
    /* [n], equal ones go together, as rows of one learner do; NULL: rows are
     * independent. */
    const uint32_t *group;
    /* [n][n_actions] chances of the logged policy, >= 0, sum 1 to 1e-6, that of
     * what was shown its propensity; NULL: only those are known. */
    const double *const *logged;
    /* Features of candidate `action` of a row, x[width]; x[0] must be 1, the
     * others of the size of 1. x comes zeroed. */
    size_t width;
    void (*features)(const void *ctx, size_t row, uint32_t action, double *x);
    const void *ctx;
} piq_offpolicy_log;

typedef struct piq_offpolicy_options {
    double clip;        /* of weights in DR, >= 1 */
    double least_ess;   /* for a verdict */
    double confidence;  /* of the intervals, .5 .. .999 */
    double l2;          /* of the reward model, > 0 */
    unsigned folds;     /* 2 .. 20 */
    unsigned resamples; /* 100 .. 100000 */
    uint64_t seed;      /* of folds and resamples */
} piq_offpolicy_options;
const piq_offpolicy_options *piq_offpolicy_defaults(void);

typedef enum piq_offpolicy_verdict {
    PIQ_OFFPOLICY_NO_VERDICT, /* too little overlap */
    PIQ_OFFPOLICY_OPEN,       /* the difference's interval holds 0 */
    PIQ_OFFPOLICY_BETTER,
    PIQ_OFFPOLICY_WORSE
} piq_offpolicy_verdict;
/* "no verdict", "no difference shown", "better", "worse"; static. */
const char *piq_offpolicy_verdict_name(piq_offpolicy_verdict v);

typedef struct piq_offpolicy_report {
    size_t n;
    size_t n_groups;
    double logged; /* mean reward of the log */
    double ips, snips, dm, dr;
    double ess, max_weight;
    double ess_by_chance; /* = ess where only the shown one's is known */
    size_t n_clipped;     /* rows */
    double ips_ci[2], snips_ci[2];
    double ci[2];                  /* of DR */
    double difference;             /* DR - logged */
    double difference_ci[2];       /* row by row, so narrower than ci */
    piq_offpolicy_verdict verdict; /* on the difference */
} piq_offpolicy_report;

/* PIQ_EINVAL: no rows, an option or a row out of range (err says which).
 * PIQ_ENOMEM. *out is written on success only. */
PIQ_MUST_USE piq_status piq_offpolicy(piq_arena *scratch,
                                      const piq_offpolicy_log *log,
                                      const piq_offpolicy_options *o,
                                      piq_offpolicy_report *out, piq_err *err);

#endif
