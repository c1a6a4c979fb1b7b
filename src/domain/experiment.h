/* experiment.h - an A/B test of recommendation policies: its design, a
 * document. The statistics are recommend/experiment.h's.
 *
 * Learners fall into arms by a hash of (name, learner), so that an arm is the
 * same for a learner every time and in every process. An arm may override what
 * it names and leaves the rest as it is; the first arm is what the others are
 * compared with.
 *
 *     {"name": "bolder", "arms": [
 *        {"name": "a", "share": 50},
 *        {"name": "b", "share": 50, "overrides": {"exploration_gamma": 20}}],
 *      "outcome_hours": 24, "auto_stop": false}
 *
 * What a learner came to is looked at once, `outcome_hours` after the first
 * slate, so that it does not change any more when it is counted; 0 counts it as
 * it stands.
 */
#ifndef PIQ_DOMAIN_EXPERIMENT_H
#define PIQ_DOMAIN_EXPERIMENT_H

#include "base/arena.h"
#include "base/json_writer.h"
#include "base/status.h"
#include "base/str.h"

#include <jansson.h>
#include <stdint.h>

enum {
    PIQ_MAX_ARMS = 8,
    PIQ_MAX_ARM_SHARE = 100, /* shares sum to 100 at most: the rest of the
                                learners is in no arm */
    PIQ_MAX_EXPERIMENT_NAME = 64
};

/* What an arm may change. NaN (numbers) and 0 (version) leave it. */
typedef struct piq_policy_overrides {
    double exploration_gamma; /* recommend/explore.h: gamma, 0 .. 1e6 */
    double exploration_delta; /* delta, 0 .. 10 */
    double exploration_floor; /* floor, 0 .. 1 */
    double diversity;         /* weight of variety in a slate, 0 .. 10 */
    uint32_t policy;          /* version of stored weights */
} piq_policy_overrides;

piq_policy_overrides piq_policy_overrides_none(void);

typedef struct piq_arm {
    piq_str name;
    unsigned share; /* percent of all learners, 1 .. 100 */
    piq_policy_overrides overrides;
} piq_arm;

typedef enum piq_experiment_state {
    PIQ_EXPERIMENT_RUNNING,
    PIQ_EXPERIMENT_STOPPED
} piq_experiment_state;

typedef struct piq_experiment_design {
    int64_t id; /* given by the store; 0 before */
    piq_str name;
    piq_arm arms[PIQ_MAX_ARMS];
    size_t n_arms;        /* 2 .. */
    double outcome_hours; /* 0 .. 720, 24 when not given */
    bool auto_stop;       /* stop when a verdict or a guard rail says so */
    piq_experiment_state state;
    int64_t started_us;
    int64_t stopped_us;  /* INT64_MAX: it runs */
    piq_str stop_reason; /* empty while it runs */
} piq_experiment_design;

const char *piq_experiment_state_name(piq_experiment_state s);

/* JSON -> document, strings copied into `a`: name, arms and auto_stop. Refuses
 * unknown members, names the pointer of what is wrong. PIQ_EINVAL,
 * PIQ_ENOMEM. */
PIQ_MUST_USE piq_status piq_experiment_design_read(piq_arena *a,
                                                   const json_t *json,
                                                   piq_experiment_design *out,
                                                   piq_err *err);
/* The members that were read, inside an object that the caller has opened. */
void piq_experiment_design_write(const piq_experiment_design *x,
                                 piq_json_writer *w);

#endif
