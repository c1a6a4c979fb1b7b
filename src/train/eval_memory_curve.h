/* eval_memory_curve.h - from how many reviews on does a fit pay?
 *
 * Review logs of several learners. Each in turn is the new one: the others
 * make the population. After the learner's first so many scored reviews, four
 * sets of parameters are asked about all their later ones: those published,
 * the population's, a fit alone, and one shrunk towards the population.
 *
 * Pure; scratch memory from an arena.
 */
#ifndef PIQ_TRAIN_EVAL_MEMORY_CURVE_H
#define PIQ_TRAIN_EVAL_MEMORY_CURVE_H

#include "train/fsrs_fit.h"

/* Log loss of the later reviews, nats a review. */
typedef struct piq_memory_curve_point {
    size_t before; /* scored reviews fitted on */
    double published, population, alone, shrunk;
} piq_memory_curve_point;

enum { PIQ_MEMORY_CURVE_POINTS = 11 };

/* Scored reviews at point i: 0, 12, 25, 50, 100, 200, 300, 500, 1000, 1500,
 * 2000. */
size_t piq_memory_curve_before(int i);

/* out[learner * PIQ_MEMORY_CURVE_POINTS + i]; members of a point are NaN where
 * the learner has no later review. Seeds 1 and on of the fits, n_seeds of them,
 * are averaged. `o` is of the fits, its centre unused. PIQ_EINVAL: fewer than
 * two learners, no seeds, or as piq_fsrs_fit. PIQ_ENOMEM. */
PIQ_MUST_USE piq_status
piq_eval_memory_curve(piq_arena *a, const piq_fsrs_cards *learners, size_t n,
                      const piq_fsrs_fit_options *o, unsigned n_seeds,
                      piq_memory_curve_point *out, piq_err *err);

#endif
