/* experiment.h - two ways of recommending, compared while both are in use.
 *
 * Buckets: a learner's arm is a hash of the experiment's name and their id: it
 * never changes, needs no store, and says nothing about their arm elsewhere.
 *
 * The test may be looked at after every learner, and stopped whenever it says
 * so: its interval holds the truth at all times at once with the stated
 * probability (a confidence sequence). Outcome i, in [0,1], of a learner who is
 * in the treatment with chance p becomes
 *
 *     z_i = (y_i - m_i) (1/p if treated, else -1/(1-p))
 *
 * whose mean is the effect whatever m_i is, as long as it was known before; m_i
 * is the mean outcome so far, for less variance. The interval is the
 * predictable plug-in empirical-Bernstein one (Waudby-Smith & Ramdas 2024, JRSS
 * B 86:1, theorem 2), valid for any bounded outcomes and any n, intersected
 * over time.
 *
 * One outcome a learner: a learner's several outcomes go together, and counted
 * each they would pretend to be more evidence than they are. Learners in the
 * order in which their outcomes become known.
 *
 * Guard rails are the same intervals of other outcomes: they stop an experiment
 * as soon as one is surely broken. Pure; no clock.
 */
#ifndef PIQ_RECOMMEND_EXPERIMENT_H
#define PIQ_RECOMMEND_EXPERIMENT_H

#include "base/status.h"
#include "base/str.h"

#include <stdbool.h>
#include <stdint.h>

/* ---- buckets ------------------------------------------------------------- */

/* Uniform in [0,1): stable over versions and machines. */
double piq_experiment_place(piq_str experiment, int64_t user);
/* True for a share `treated_share` of learners: place < share, so a share that
 * grows keeps those who were in. */
bool piq_experiment_treated(piq_str experiment, int64_t user,
                            double treated_share);

/* ---- one outcome --------------------------------------------------------- */

typedef struct piq_effect {
    /* set by init */
    double share, alpha;
    /* what was seen */
    uint64_t n[2]; /* control, treated */
    double sum[2]; /* of outcomes */
    /* of the interval; z is scaled to [0,1] */
    double sum_z, squares;           /* of z, and of its surprises */
    double weight, weighted, charge; /* sum lambda, sum lambda z, sum v psi */
    double low, high;                /* of the effect, over all times */
} piq_effect;

/* share of the treated in (0,1); alpha in (0,1): the chance that the interval
 * ever misses the effect. PIQ_EINVAL: one is not within. */
PIQ_MUST_USE piq_status piq_effect_init(piq_effect *e, double share,
                                        double alpha);
/* PIQ_EINVAL: y is not in [0,1]; nothing is counted then. */
PIQ_MUST_USE piq_status piq_effect_add(piq_effect *e, bool treated, double y);
/* Mean outcome of the treated less that of the others; 0 before both are. */
double piq_effect_estimate(const piq_effect *e);

/* ---- an experiment ------------------------------------------------------- */

typedef enum piq_experiment_verdict {
    PIQ_EXPERIMENT_CONTINUE,
    PIQ_EXPERIMENT_BETTER,
    PIQ_EXPERIMENT_WORSE,
    PIQ_EXPERIMENT_GUARD_RAIL
} piq_experiment_verdict;
/* "continue", "stop-better", "stop-worse", "guard-rail"; static. */
const char *piq_experiment_verdict_name(piq_experiment_verdict v);

typedef struct piq_experiment_rule {
    double share; /* treated, (0,1) */
    double alpha; /* of the outcome and of each guard rail, (0,1) */
    /* A dismissal rate may be so much higher, a gain so much lower, >= 0. */
    double dismissal_margin, gain_margin;
} piq_experiment_rule;
/* Half treated, 5 %, no margin for dismissals, .01 for the gain. */
const piq_experiment_rule *piq_experiment_defaults(void);

typedef struct piq_experiment {
    piq_experiment_rule rule;
    piq_effect reward, dismissal, gain;
} piq_experiment;

/* What one learner came to: each 0..1. A gain of mastery in [-1,1] is given as
 * (1 + gain) / 2, and its margin halved likewise by the caller. */
typedef struct piq_experiment_outcome {
    double reward;
    double dismissed; /* share of what was shown to them */
    double gain;
} piq_experiment_outcome;

/* PIQ_EINVAL: the rule is out of range. */
PIQ_MUST_USE piq_status piq_experiment_init(piq_experiment *x,
                                            const piq_experiment_rule *rule);
/* PIQ_EINVAL: an outcome is out of range; nothing is counted then. */
PIQ_MUST_USE piq_status piq_experiment_add(piq_experiment *x, bool treated,
                                           const piq_experiment_outcome *o);
/* A broken guard rail comes before everything else. */
piq_experiment_verdict piq_experiment_judge(const piq_experiment *x);

#endif
