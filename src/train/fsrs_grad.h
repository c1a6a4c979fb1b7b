/* fsrs_grad.h - loss of a card's items and its slope in w0 .. w20: one sweep
 * forward, one in reverse.
 *
 * Loss: sum over items of weight v times -ln R of what came true, R held
 * within [1e-7, 1 - 1e-7] and flat outside. Formulas: src/memory/README.md,
 * their derivatives by the chain rule from the last item back, so a card of n
 * reviews costs n steps however many of them are items. A clamp passes the
 * slope at and within its bounds; a minimum or maximum along what it took.
 *
 * Pure; a tape for each thread.
 */
#ifndef PIQ_TRAIN_FSRS_GRAD_H
#define PIQ_TRAIN_FSRS_GRAD_H

#include "memory/fsrs.h"
#include "train/fsrs_items.h"

/* What of the parameters is needed more than once: made anew after each
 * update of them. */
typedef struct piq_fsrs_slope {
    piq_fsrs_params p;
    double curve_by_decay;      /* d curve / d w20 */
    double first_difficulty[4]; /* not clamped */
    double first_by_w5[4];      /* its slope in w5 */
} piq_fsrs_slope;

void piq_fsrs_slope_of(const piq_fsrs_params *p, piq_fsrs_slope *out);

typedef struct piq_fsrs_step piq_fsrs_step;
typedef struct piq_fsrs_tape {
    piq_fsrs_step *steps;
    size_t n; /* of room: the reviews of the longest card */
} piq_fsrs_tape;

/* Lives in `a`. PIQ_ENOMEM. */
PIQ_MUST_USE piq_status piq_fsrs_tape_new(piq_arena *a, size_t n,
                                          piq_fsrs_tape *out);

/* Of one card: reviews[n], 1 <= n <= tape->n, the last an item as a rule (what
 * follows the last item has no effect); weight[n], 0 for what is no item. Adds
 * to gradient[PIQ_FSRS_N_PARAMS], returns the loss. */
double piq_fsrs_card_gradient(const piq_fsrs_slope *x,
                              const piq_fsrs_review *reviews, size_t n,
                              const double *weight, piq_fsrs_tape *tape,
                              double *gradient);

/* The plain way, by piq_fsrs_next: the loss alone. recall[n] may be NULL; it
 * is filled where there is an item, elsewhere left. */
double piq_fsrs_card_loss(const piq_fsrs_params *p,
                          const piq_fsrs_review *reviews, size_t n,
                          const double *weight, double *recall);

#endif
