/* online.h - what a learner's own answers say about FSRS, review by review.
 *
 * FSRS-6 predicts recall from a card alone, by parameters fitted now and then.
 * A learner is also better or worse than these, on hard cards, or just lately.
 * This corrects recall after every scored review, in constant time: three
 * experts - FSRS itself, a regression on the logit scale (a Kalman filter
 * linearised at its prediction), and the regression with an intercept that
 * moves fast - mixed by how well each has foretold so far. So it cannot be much
 * worse than FSRS, whatever the learner. Formulas, what was tried, figures:
 * src/memory/README.md.
 *
 * It never turns an order round: with the same card, more time passed never
 * gives a higher chance. Pure; any thread.
 */
#ifndef PIQ_MEMORY_ONLINE_H
#define PIQ_MEMORY_ONLINE_H

#include "base/buf.h"
#include "memory/fsrs.h"

#include <stdbool.h>

enum {
    PIQ_ONLINE_N = 3, /* coefficients: intercept, logit, difficulty */
    PIQ_ONLINE_N_COVARIANCE = PIQ_ONLINE_N * (PIQ_ONLINE_N + 1) / 2,
    PIQ_ONLINE_N_EXPERTS = 3
};

/* All zero is not a start: piq_online_init. Copied by assignment. */
typedef struct piq_online {
    double mean[PIQ_ONLINE_N];                  /* of the correction */
    double covariance[PIQ_ONLINE_N_COVARIANCE]; /* lower triangle, by rows */
    double fast;                                /* intercept */
    double share[PIQ_ONLINE_N_EXPERTS];         /* sum 1 */
} piq_online;

/* No evidence yet: recall is what FSRS says. */
void piq_online_init(piq_online *o);

/* The corrected chance of recall, in (0,1), of a card in state `before` (its
 * stability above 0) with recall in (0,1] by FSRS. */
double piq_online_recall(const piq_online *o, piq_fsrs_state before,
                         double recall);
/* The other way round: the recall by FSRS, in (0,1), at which the card's
 * corrected chance is `chance`, in (0,1), as near as it gets. The review is
 * due when piq_fsrs_interval says so for that recall. */
double piq_online_recall_at(const piq_online *o, piq_fsrs_state before,
                            double chance);

/* Folds in one scored review: of a card reviewed before, on an earlier day.
 * passed: rating 2 .. 4. weight in (0,1]: how much of a review it was. State
 * and recall as they were just before it. */
void piq_online_update(piq_online *o, piq_fsrs_state before, double recall,
                       bool passed, double weight);

/* Every bit: a version byte and 13 doubles. PIQ_ECORRUPT: another version, an
 * early end, a number that is not finite, a variance or share that is not
 * above 0; *o is then untouched. */
void piq_online_encode(const piq_online *o, piq_buf *out);
PIQ_MUST_USE piq_status piq_online_decode(piq_online *o, piq_reader *in);

#endif
