/* small_model.h - answers of made-up learners, and models fitted on them, for
 * tests that need one that knows something. Same arguments, same answers.
 * Aborts when it cannot.
 *
 * Learners are as Rasch has them: P(right) = 1 / (1 + exp(difficulty -
 * ability)), abilities normal and all their own, items of a normal difficulty
 * too. An answer takes a minute, a learner comes back every day for a while.
 */
#ifndef PIQ_TESTS_SMALL_MODEL_H
#define PIQ_TESTS_SMALL_MODEL_H

#include "train/kt_fit.h"

/* 2026-01-05T10:00:00Z, a Monday: the first answer. */
#define SMALL_START_US INT64_C(1767607200000000)

typedef struct small_world {
    uint64_t seed;
    size_t n_learners;
    size_t n_answers; /* of each learner */
    double spread;    /* sd of an item's difficulty, in logits */
    /* What the belief is said to have foreseen: the truth moved by so many
     * logits; NaN: nothing. */
    double belief_off;
    bool scrambled; /* answers are coins that know of nothing */
} small_world;

small_world small_world_usual(void);

/* Answers to the items of `c` (all of them, in a random order), dealt into
 * n_parts. piq_kt_data_release() it. `truth` may be NULL, else [n_answers]:
 * the chance that each was right with. */
piq_kt_data small_answers(const piq_catalogue *c, small_world w,
                          unsigned n_parts, double *truth);

/* Options that take moments: few trees, a tiny net, two epochs. */
piq_kt_fit_options small_options(bool lr, bool gbdt, bool rnn);
/* Part 0 validates, the others train. free() it. */
piq_kt_role *small_roles(const piq_kt_data *d);
/* Fitted so. piq_kt_model_free() it. */
piq_kt_model *small_model(const piq_kt_data *d, const piq_kt_fit_options *o);
/* The encoded form; free() out->ptr. */
piq_str small_model_bytes(const piq_kt_model *m);

#endif
