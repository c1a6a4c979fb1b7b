/* chooser.h - simulated learners who choose: hidden tastes, hidden
 * knowledge, limited time.
 *
 * What is offered is looked at from the top, and taken, waved away or passed
 * over by taste, difficulty, length and tiredness; what is taken is finished or
 * given up; only what is finished teaches, the more the better it fits; what
 * was learned fades. Population, formulas and numbers: src/sim/CHOOSER.md. None
 * of the engine's own model code is used, so that agreement means something.
 *
 * Draws come in two streams: who the learner is and when sessions are (the same
 * whatever is offered), and what is done in each slate. So two policies can be
 * compared on the same learners.
 *
 * Pure; every draw comes from the seed. Threads: a world may be shared once
 * made; a learner has one user.
 */
#ifndef PIQ_SIM_CHOOSER_H
#define PIQ_SIM_CHOOSER_H

#include "base/arena.h"
#include "domain/catalogue.h"
#include "domain/event.h"

enum {
    PIQ_CHOOSER_MAX_SLATE = 10,
    /* Of one slate: its feedback, and the answers of one content. */
    PIQ_CHOOSER_MAX_EVENTS = PIQ_CHOOSER_MAX_SLATE + 48,
    PIQ_CHOOSER_ID_BYTES = 40,
    PIQ_CHOOSER_FACTORS = 4
};

typedef struct piq_chooser_world piq_chooser_world; /* what all share */
typedef struct piq_chooser piq_chooser;             /* one learner */

typedef struct piq_chooser_options {
    uint64_t seed;
    int64_t first_user;
    int64_t start_us; /* of the first sessions */
} piq_chooser_options;

/* Live in `a`; `c` and the world are borrowed. PIQ_ENOMEM. */
PIQ_MUST_USE piq_status piq_chooser_world_new(piq_arena *a,
                                              const piq_catalogue *c,
                                              const piq_chooser_options *o,
                                              piq_chooser_world **out);
PIQ_MUST_USE piq_status piq_chooser_new(piq_arena *a,
                                        const piq_chooser_world *w, size_t k,
                                        piq_chooser **out);

/* What was done, as the engine is told; ids live in here. */
typedef struct piq_chooser_events {
    piq_event list[PIQ_CHOOSER_MAX_EVENTS];
    char id[PIQ_CHOOSER_MAX_EVENTS][PIQ_CHOOSER_ID_BYTES];
    size_t n;
} piq_chooser_events;

typedef struct piq_chooser_shown {
    bool examined; /* hidden from the engine */
    piq_user_action action;
    uint8_t score; /* 1 .. 5 stars, 0 none */
} piq_chooser_shown;

typedef struct piq_chooser_outcome {
    piq_chooser_shown shown[PIQ_CHOOSER_MAX_SLATE];
    double minutes; /* looking and doing */
} piq_chooser_outcome;

/* What the learner says on arrival: minutes a session, the goal. */
void piq_chooser_arrive(piq_chooser *l, piq_chooser_events *out);
/* The next session begins: time passes, tastes drift. */
void piq_chooser_session(piq_chooser *l);
/* Minutes and patience are left. */
bool piq_chooser_stays(const piq_chooser *l);
/* Minutes that the learner set aside for this session; what is begun may end
 * later. */
double piq_chooser_session_min(const piq_chooser *l);
/* Offers slate[n], n 1 .. PIQ_CHOOSER_MAX_SLATE, best first, whose
 * recommendation ids are first_id, first_id + 1, .. Time moves on. */
void piq_chooser_offer(piq_chooser *l, const piq_content_ix *slate, size_t n,
                       int64_t first_id, piq_chooser_events *events,
                       piq_chooser_outcome *out);

const piq_catalogue *piq_chooser_catalogue(const piq_chooser_world *w);
piq_user_id piq_chooser_user(const piq_chooser *l);
int64_t piq_chooser_now_us(const piq_chooser *l);
const piq_goal *piq_chooser_goal(const piq_chooser *l);

/* ---- the hidden truth ---------------------------------------------------- */

/* Logits, on the difficulty scale of the curriculum. */
double piq_chooser_ability(const piq_chooser *l, piq_concept_ix concept);
/* Chance of a right answer to a typical item of it, 0..1. */
double piq_chooser_mastery(const piq_chooser *l, piq_concept_ix concept);
/* How the learner likes it: mean 0, sd about 1. */
double piq_chooser_liking(const piq_chooser *l, piq_content_ix content);
/* Chance of taking it now, once it is looked at. */
double piq_chooser_take_prob(const piq_chooser *l, piq_content_ix content);
/* Chance of finishing it, once taken. */
double piq_chooser_finish_prob(const piq_chooser *l, piq_content_ix content);
/* Chance that the offer at `position` of this slate is looked at. */
double piq_chooser_look_prob(const piq_chooser *l, const piq_content_ix *slate,
                             size_t position);

#endif
