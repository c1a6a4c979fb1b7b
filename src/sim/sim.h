/* sim.h - simulated learners with known hidden ability.
 *
 * For the demonstration, and for tests that recover what was hidden. A
 * learner's true ability in each concept is drawn from a population, learning
 * and forgetting change it, and answers are drawn from it; none of the
 * engine's own model code is used, so that agreement means something.
 * Pure; every draw comes from the seed.
 */
#ifndef PIQ_SIM_SIM_H
#define PIQ_SIM_SIM_H

#include "base/arena.h"
#include "base/rng.h"
#include "domain/catalogue.h"
#include "domain/event.h"

typedef struct piq_sim_options {
    uint64_t seed;
    size_t n_learners; /* user ids first_user .. */
    int64_t first_user;
    size_t events;     /* of each learner */
    int64_t start_us;  /* first event at or after it */
    double days;       /* spread of the events */
    bool learning;     /* ability grows with practice and decays */
    bool answers_only; /* no lessons, sessions, goals, feedback */
} piq_sim_options;

typedef struct piq_sim piq_sim; /* one learner */

/* Learner number `k` (0 ..). Lives in `a`. PIQ_ENOMEM. */
PIQ_MUST_USE piq_status piq_sim_learner(piq_arena *a, const piq_catalogue *c,
                                        const piq_sim_options *o, size_t k,
                                        piq_sim **out);
/* The next event, by time; false when there are no more. Strings live in the
 * arena. */
bool piq_sim_next(piq_sim *s, piq_event *out);
/* True logit ability of a concept now, on the item-difficulty scale. */
double piq_sim_ability(const piq_sim *s, piq_concept_ix concept);
/* True difficulty of an item, in logits (the curriculum's plus a hidden
 * error, when the options' seed says so). */
double piq_sim_item_difficulty(const piq_sim *s, piq_item_ix item);

#endif
