/* classroom.h - learners of one policy, their states, and the policy's log.
 * Private to trial/. */
#ifndef PIQ_TRIAL_CLASSROOM_H
#define PIQ_TRIAL_CLASSROOM_H

#include "learner/calibration_book.h"
#include "learner/learner.h"
#include "recommend/recommend.h"
#include "recommend/reward.h"
#include "sim/chooser.h"
#include "trial/trial.h"

/* One content of one slate. */
typedef struct piq_trial_row {
    uint32_t learner; /* number in the trial; earlier ones apart */
    piq_content_ix content;
    int64_t at_us;
    uint8_t position, action, score; /* piq_user_action, stars */
    float propensity;
    float features[PIQ_N_TERMS];
} piq_trial_row;

typedef struct piq_trial_log {
    piq_trial_row *rows;
    size_t n, room;
    double *reward, *weight; /* [n_contents] sums over what was shown */
} piq_trial_log;

/* What it counts for; what was left alone was ignored. */
piq_reward piq_trial_reward(const piq_trial_row *row);

typedef struct piq_trial_slate {
    piq_content_ix content[PIQ_CHOOSER_MAX_SLATE];
    float propensity[PIQ_CHOOSER_MAX_SLATE];
    float features[PIQ_CHOOSER_MAX_SLATE][PIQ_N_TERMS];
    size_t n;
    /* Who might have stood at `slot`; of the engine's scratch memory, until the
     * next choice. */
    const piq_explored *explored;
    size_t n_explored, slot;
} piq_trial_slate;

/* A simulated learner, and what the engine knows of them. */
typedef struct piq_seat {
    piq_chooser *person;
    piq_learner *state;
    piq_taste_state *likes; /* NULL: no taste model yet */
    piq_trial_learner tally;
    uint32_t number;
} piq_seat;

/* Who looks on: before a slate is offered (`did` NULL) and after. */
typedef struct piq_trial_witness {
    void *ctx;
    piq_status (*see)(void *ctx, const piq_seat *seat,
                      const piq_trial_slate *slate,
                      const piq_chooser_outcome *did);
} piq_trial_witness;

typedef struct piq_classroom {
    piq_arena *arena;  /* keeps */
    piq_arena scratch; /* of one slate, or of a refit */
    const piq_catalogue *c;
    const piq_trial_options *o;
    piq_trial_policy policy;
    piq_calibration_book *book;
    piq_seat *seats;
    size_t n_seats;
    piq_trial_log log;
    piq_bayes *learned; /* from the first `n_learned` rows of the log */
    size_t n_learned;
    piq_recommend_policy weights; /* of the engine, as of the last refit */
    piq_taste *likes;             /* taste model; NULL: none yet */
    bool tastes;                  /* it is wanted */
    bool fixed;                   /* they stay what they are */
    double *popularity;           /* [n_contents] mean reward, shrunk */
    piq_trial_witness witness;    /* may be none */
    piq_chooser_events events;    /* of one slate */
    int64_t next_id;
    piq_rng rng;
} piq_classroom;

/* Seats n learners from number `first` on. `before`: the log to start from, or
 * NULL. Release in any case. */
PIQ_MUST_USE piq_status piq_classroom_open(piq_classroom *r, piq_arena *a,
                                           const piq_chooser_world *w,
                                           const piq_trial_options *o,
                                           piq_trial_policy policy,
                                           size_t first, size_t n,
                                           const piq_trial_log *before);
void piq_classroom_release(piq_classroom *r);
/* All of the sessions of all; `watch`: whether progress is told. */
PIQ_MUST_USE piq_status piq_classroom_teach(piq_classroom *r, bool watch);

/* ---- policies ------------------------------------------------------------ */

/* The last place is drawn, by the options' floor. */
void piq_trial_explore(const piq_trial_options *o, piq_recommend_policy *p);

/* What the classroom's policy offers this learner now; may be empty. */
PIQ_MUST_USE piq_status piq_trial_choose(piq_classroom *r, piq_seat *seat,
                                         piq_trial_slate *out);
/* The policy learns from the log. */
PIQ_MUST_USE piq_status piq_trial_refit(piq_classroom *r);

#endif
