/* fsrs_adam.h - the updates of an FSRS fit, and its penalty. Private to it,
 * and its tests.
 *
 * Adam (Kingma & Ba 2015) with beta .9 and .999, epsilon 1e-8, moments
 * corrected for their start.
 */
#ifndef PIQ_TRAIN_FSRS_ADAM_H
#define PIQ_TRAIN_FSRS_ADAM_H

#include "memory/fsrs.h"

#include <stdbool.h>

typedef struct piq_fsrs_adam {
    double first[PIQ_FSRS_N_PARAMS], second[PIQ_FSRS_N_PARAMS];
    double decay1, decay2;          /* beta^updates */
    bool frozen[PIQ_FSRS_N_PARAMS]; /* never moved */
} piq_fsrs_adam;

piq_fsrs_adam piq_fsrs_adam_start(void);
/* Moves x against the gradient. */
void piq_fsrs_adam_update(piq_fsrs_adam *a, const double *gradient,
                          double learning_rate, double *x);

/* rate (1 + cos(pi share)) / 2; share in [0,1] of the way. */
double piq_fsrs_learning_rate(double rate, double share);

/* How learners differ in each parameter, as published with fsrs-rs 6; of the
 * logarithms of w0 .. w3 with `logs`. Static, [PIQ_FSRS_N_PARAMS]. */
const double *piq_fsrs_spread(bool logs);

/* scale sum ((x - centre) / spread)^2; its slope is added to gradient, which
 * may be NULL. */
double piq_fsrs_penalty(const double *x, const double *centre,
                        const double *spreads, double scale, double *gradient);

#endif
