/* trial.h - what recommending does to learners, tried on simulated ones.
 *
 * The deciding code is the engine's own: events are folded into a learner's
 * state, the state is judged, rules give the candidates, a score ranks them, a
 * slate is chosen. What the learners are is the simulator's (sim/chooser.h)
 * and hidden from it. Each policy teaches the same learners from the same log
 * of earlier ones, who were taught by the engine before it learned. Protocol
 * and figures: src/trial/README.md.
 *
 * Pure: no clock, all from the seed. One thread.
 */
#ifndef PIQ_TRIAL_TRIAL_H
#define PIQ_TRIAL_TRIAL_H

#include "base/arena.h"
#include "domain/catalogue.h"

#include <stdint.h>

typedef enum piq_trial_policy {
    PIQ_TRIAL_ENGINE,  /* what is served today */
    PIQ_TRIAL_BEFORE,  /* fixed weights, the eight terms of additive-1 */
    PIQ_TRIAL_TASTE,   /* what the learner is thought to like, nothing else */
    PIQ_TRIAL_POPULAR, /* what most finish once it is shown */
    PIQ_TRIAL_RANDOM   /* any candidate */
} piq_trial_policy;
enum { PIQ_N_TRIAL_POLICIES = 5 };

const char *piq_trial_policy_name(piq_trial_policy p); /* "engine"; static */

typedef struct piq_trial_options {
    uint64_t seed;
    size_t learners; /* >= 2, of each policy: the same */
    size_t earlier;  /* learners whose log is there at the start */
    size_t sessions; /* of each, >= 1 */
    size_t slate;    /* 1 .. PIQ_CHOOSER_MAX_SLATE */
    double floor;    /* least chance of who may be drawn; 0: the engine's */
    bool wanted[PIQ_N_TRIAL_POLICIES];
    /* Called after each round of sessions; may be NULL. */
    void (*progress)(void *ctx, piq_trial_policy p, size_t sessions_done);
    void *ctx;
} piq_trial_options;

/* What became of one learner. Hidden truth, not beliefs. */
typedef struct piq_trial_learner {
    double gained;    /* mastery, summed over the goal's concepts */
    double minutes;   /* spent, looking and doing */
    double set_aside; /* minutes of all sessions: the same for all policies */
    double slates, taken, finished, dismissed;
} piq_trial_learner;

typedef struct piq_trial_figure {
    double value, low, high; /* 95 %, bootstrap over learners */
} piq_trial_figure;

typedef struct piq_trial_arm {
    const piq_trial_learner *learners; /* [options.learners] */
    piq_trial_figure gained_an_hour;   /* sum of gains / sum of hours */
    piq_trial_figure gained_an_hour_set_aside;
    piq_trial_figure accepted; /* slates that something was taken of */
    piq_trial_figure finished; /* of what was taken */
    piq_trial_figure hours;    /* a learner */
    piq_trial_figure gained;   /* a learner */
    /* Engine less this policy, on the same learners. */
    piq_trial_figure more_gained_an_hour, more_gained_an_hour_set_aside;
    piq_trial_figure more_accepted;
} piq_trial_arm;

typedef struct piq_trial_report {
    piq_trial_arm arm[PIQ_N_TRIAL_POLICIES]; /* learners NULL: not wanted */
} piq_trial_report;

/* Everything in *out lives in `a`. PIQ_EINVAL: options out of range.
 * PIQ_ENOMEM. *out is written on success only. */
PIQ_MUST_USE piq_status piq_trial_run(piq_arena *a, const piq_catalogue *c,
                                      const piq_trial_options *o,
                                      piq_trial_report *out, piq_err *err);

#endif
