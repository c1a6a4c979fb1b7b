/* theta.h - one hypothesis of how learners of this environment behave.
 *
 * The agent is told nothing about how practice works on the other side, so it
 * holds many hypotheses and lets outcomes weigh them. A hypothesis is a point
 * of the unit cube; each coordinate is a quantile of its number's prior, so
 * that a draw is uniform and a neighbour is a small step (reflected at the
 * walls). Meaning, priors and sources: src/agent/README.md. Pure.
 */
#ifndef PIQ_AGENT_THETA_H
#define PIQ_AGENT_THETA_H

#include "base/rng.h"
#include "memory/fsrs.h"

#include <stdbool.h>

enum { PIQ_THETA_N = 24 };

typedef struct piq_theta {
    double u[PIQ_THETA_N]; /* coordinates, each in [0,1] */

    /* A concept is known or not, and its level is 0 or 1 (top is then 1);
     * else levels are graded. */
    bool states;

    /* Where learners start: levels in logits, a typical item at 0. */
    double start;       /* mean level; in states the chance to know a root */
    double depth;       /* lower by this (states: by this share) for each
                           level of the graph */
    double learner_var; /* between learners */
    double concept_var; /* between concepts of one, above their kin */
    double kin;         /* share of what precedes a concept in its level */

    /* What practice does: the level goes this share of the way to `top`. */
    double top;
    double rate;
    double hetero;     /* sd of ln rate between learners */
    double gate;       /* share falls by e^-(gate * what prerequisites lack) */
    double spill;      /* share of a gain that what comes next has too */
    double far;        /* share that counts, far from the last practised */
    double dose;       /* power of an item's minutes over the mean */
    double edge_doubt; /* chance that a told edge is not there */
    bool asks_first;   /* the outcome is of before the practice */
    bool log_teaches;  /* answers of the log were practice too */

    /* How it shows: right with guess + (1 - guess - lapse) sigmoid(..). */
    double sharp; /* slope of that sigmoid */
    double guess;
    double lapse;

    /* Forgetting: FSRS-6 at `tempo` days a step. */
    bool forgets;
    bool lapses; /* a wrong answer sets a memory back; else it is a review */
    double tempo;
    piq_fsrs_params memory;
} piq_theta;

/* `timed`: the environment speaks of time, so forgetting is likely. */
void piq_theta_draw(piq_theta *t, bool timed, piq_rng *rng);
/* A neighbour of itself: coordinates move by N(0, step). */
void piq_theta_move(piq_theta *t, bool timed, double step, piq_rng *rng);

/* Share of a practice's effect that is left where prerequisites lack so many
 * logits: about e^-(gate * lack), in (0,1]. */
static inline double piq_theta_gate(double gate, double lack)
{
    double x = gate * lack;
    return 1.0 / (1.0 + x * (1.0 + x * (0.5 + x * (1.0 / 6.0 + x / 24.0))));
}

#endif
