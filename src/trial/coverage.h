/* coverage.h - do the intervals of off-policy estimates hold the truth?
 *
 * The policy with weights set by hand serves simulated learners and explores
 * the last place of each slate; chances are logged. From that log alone
 * train/offpolicy.h says what another policy, whose weights were learned from
 * earlier learners, would have earned in that place. The simulator knows: each
 * candidate's chance of being looked at, taken and finished. Done over and over
 * with new learners of one world; the truth is the mean over the contexts of
 * all of them. Protocol and figures: src/trial/README.md.
 *
 * The truth is that of the estimand: one choice of the new policy, in contexts
 * that the old one led to. What the new one earns in contexts that it led to
 * itself is another number, told beside it (`lived`); no log of the old policy
 * can say it.
 *
 * Pure: no clock, all from the seed. One thread.
 */
#ifndef PIQ_TRIAL_COVERAGE_H
#define PIQ_TRIAL_COVERAGE_H

#include "base/arena.h"
#include "domain/catalogue.h"

#include <stdint.h>

typedef struct piq_coverage_options {
    uint64_t seed;
    size_t repetitions; /* >= 2 */
    size_t learners;    /* of each log */
    size_t sessions;    /* of each learner */
    size_t slate;       /* 2 .. 10 */
    size_t earlier;     /* learners that the new policy was learned from */
    double floor;       /* least chance of who may be drawn; 0: the engine's */
    double confidence;  /* of the intervals */
} piq_coverage_options;

/* One estimator's intervals. */
typedef struct piq_coverage_held {
    double estimate;     /* in the mean */
    double covered;      /* share that hold the truth */
    double above, below; /* shares that lie above and below it */
    double half_width;   /* in the mean */
} piq_coverage_held;

typedef struct piq_coverage_report {
    size_t repetitions;
    double rows;                      /* of a log, in the mean */
    double truth_old, truth;          /* of the logging and the new policy */
    double truth_se;                  /* of the latter, learners are a sample */
    double lived;                     /* by the new policy where it served */
    piq_coverage_held ips, snips, dr; /* of `truth` */
    piq_coverage_held difference;     /* of truth - truth_old */
    double ess, ess_by_chance;        /* in the mean */
    size_t n_no_verdict;
    double verdict_covered; /* of the difference, where there is a verdict; 0
                               where there is none at all */
} piq_coverage_report;

/* PIQ_EINVAL: options out of range, or nothing was explored. PIQ_ENOMEM. *out
 * is written on success only. */
PIQ_MUST_USE piq_status piq_coverage_run(piq_arena *a, const piq_catalogue *c,
                                         const piq_coverage_options *o,
                                         piq_coverage_report *out,
                                         piq_err *err);

#endif
