/* random_learner.h - made-up learners on a catalogue, for tests and
 * measurements: beliefs that hang together (mastery follows from ability,
 * recall from stability and elapsed time) and a history. Same seed, same
 * learner. */
#ifndef PIQ_TESTS_RANDOM_LEARNER_H
#define PIQ_TESTS_RANDOM_LEARNER_H

#include "domain/belief.h"
#include "domain/catalogue.h"
#include "domain/history.h"

typedef struct random_learner {
    piq_belief *beliefs;          /* [n_concepts] */
    piq_content_history *history; /* [n_contents] */
    double *value;                /* [n_concepts], 0..1 */
} random_learner;

/* 2026-11-23T12:00:00Z, a Monday. */
#define RANDOM_NOW_US INT64_C(1795435200000000)

/* `progress` 0 has practised nothing, 1 most of it. free() the members, or
 * random_learner_free. Aborts when memory is out. */
random_learner random_learner_new(uint64_t seed, const piq_catalogue *c,
                                  double progress);
void random_learner_free(random_learner *l);

#endif
