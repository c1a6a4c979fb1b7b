/* random_kt_model.h - made-up trained models and answers, for tests and
 * measurements. Same arguments, same model. Prints nothing; aborts when it
 * cannot. Nothing is fitted: the members are random, of the size asked for.
 */
#ifndef PIQ_TESTS_RANDOM_KT_MODEL_H
#define PIQ_TESTS_RANDOM_KT_MODEL_H

#include "base/rng.h"
#include "predict/kt_state.h"

typedef struct random_kt_size {
    size_t n_trees;     /* 0: no such member */
    unsigned depth;     /* of each, complete */
    unsigned hidden;    /* of the net, a multiple of 8; 0: no such member */
    bool linear;        /* whether there is a linear member */
    size_t n_answers;   /* behind the item table */
    size_t items_known; /* of the catalogue: the first so many */
} random_kt_size;

/* Small: quick under sanitizers. */
random_kt_size random_kt_small(const piq_catalogue *c);

/* piq_kt_model_free() it. Of each member's weight none is 0. */
piq_kt_model *random_kt_model(uint64_t seed, const piq_catalogue *c,
                              random_kt_size size);

/* The members without the frame: to be changed, then piq_kt_model_new. */
piq_kt_model random_kt_parts(uint64_t seed, const piq_catalogue *c,
                             random_kt_size size);

/* An ask about a random item (one in six: a concept in general) at or after
 * *at_us, which moves on; one learner in five knows no times. `weights` holds
 * what the ask borrows. */
piq_ask random_kt_ask(piq_rng *r, const piq_catalogue *c, int64_t *at_us,
                      piq_concept_weight *weights);
piq_response random_kt_response(piq_rng *r);

#endif
