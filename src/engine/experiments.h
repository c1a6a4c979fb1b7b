/* experiments.h - A/B tests of recommendation policies: start, look, stop.
 *
 * A learner's outcome is what they made of the slates shown to them in the
 * `outcome_hours` after the first one under the experiment: the mean reward of
 * what was shown (recommend/reward.h), the share of it that they dismissed, and
 * the mastery gained an hour of practice from the first slate until now (an
 * hour is 10 minutes at least; within -1..1). It is counted once those hours
 * are over. Each arm but the first is compared with the first by
 * recommend/experiment.h.
 *
 * Threads: any.
 */
#ifndef PIQ_ENGINE_EXPERIMENTS_H
#define PIQ_ENGINE_EXPERIMENTS_H

#include "domain/experiment.h"
#include "engine/engine.h"
#include "recommend/experiment.h"

typedef struct piq_arm_report {
    size_t n_learners;   /* that saw a slate under the arm */
    size_t n_counted;    /* of them, whose outcome is known */
    size_t n_exposures;  /* slates */
    size_t n_shown;      /* recommendations */
    double reward;       /* mean over the counted; NaN: none */
    double dismissed;    /* the same; share of what was shown */
    double gain_an_hour; /* the same; mastery */
    /* Against the first arm; not set in that. */
    piq_experiment test;
    piq_experiment_verdict verdict;
} piq_arm_report;

typedef struct piq_experiment_report {
    piq_experiment_design design;
    piq_arm_report arms[PIQ_MAX_ARMS];
    piq_experiment_verdict verdict; /* a broken guard rail of any arm; else
                                       better or worse when all arms have such
                                       a verdict: better if any is */
} piq_experiment_report;

/* Starts what the document designs (domain/experiment.h). PIQ_EINVAL: err
 * names the pointer; PIQ_ECONFLICT: one of that name runs; PIQ_ELIMIT: too
 * many run. *out lives in `a`. */
PIQ_MUST_USE piq_status piq_engine_start_experiment(piq_engine *e, piq_arena *a,
                                                    const json_t *document,
                                                    piq_experiment_design *out,
                                                    piq_err *err);
/* Stops the one of that name that runs. PIQ_ENOTFOUND: none does. */
PIQ_MUST_USE piq_status piq_engine_stop_experiment(piq_engine *e, piq_arena *a,
                                                   piq_str name, piq_str reason,
                                                   piq_experiment_design *out,
                                                   piq_err *err);
/* All there ever were, newest first; in `a`. PIQ_ENOMEM, what the store says,
 * and what reading a row says. */
PIQ_MUST_USE piq_status piq_engine_experiments(piq_engine *e, piq_arena *a,
                                               piq_experiment_design **out,
                                               size_t *n, piq_err *err);
/* The newest of that name, as it stands at now_us. PIQ_ENOTFOUND. Reads all its
 * exposures, and each counted learner's state: some 50 us each. */
PIQ_MUST_USE piq_status piq_engine_report_experiment(piq_engine *e,
                                                     piq_arena *a, piq_str name,
                                                     int64_t now_us,
                                                     piq_experiment_report *out,
                                                     piq_err *err);

/* Complete JSON values. */
void piq_experiment_design_show(const piq_experiment_design *x,
                                piq_json_writer *w);
void piq_experiment_report_write(const piq_experiment_report *r,
                                 piq_json_writer *w);

#endif
