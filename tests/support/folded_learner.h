/* folded_learner.h - one learner on the cooking curriculum, into whom a test
 * folds events. */
#ifndef PIQ_TESTS_FOLDED_LEARNER_H
#define PIQ_TESTS_FOLDED_LEARNER_H

#include "base/arena.h"
#include "learner/fold.h"

typedef struct folded_learner {
    piq_catalogue *c; /* small_catalogue() */
    piq_calibration_book *book;
    piq_learner *l;
    piq_arena a; /* for what is made of the learner */
} folded_learner;

/* False: no memory. */
bool folded_learner_init(folded_learner *f);
void folded_learner_release(folded_learner *f);

/* Whose and which event it is, is filled in. */
void folded_learner_add(folded_learner *f, piq_event e);

#endif
