/* track.h - the online belief: how able a learner is, concept by concept.
 *
 * A Gaussian belief on logit ability, in three layers (the learner, each area,
 * each concept) plus a quickly fading form of the day; an answer moves them in
 * one closed-form step. No training data needed. Formulas, sources and
 * differences: src/track/README.md.
 *
 * Pure: no I/O, clock, randomness or globals; same calls, same results.
 * Threads: one piq_track per thread; params and catalogue may be shared.
 * Cost of an answer: O(concepts it bears on), whatever the history.
 *
 * Laws (tests/property): mastery of a practised concept never falls at a right
 * answer and never rises at a wrong one; variances stay positive; state that
 * is written and read back is the same to the bit.
 */
#ifndef PIQ_TRACK_TRACK_H
#define PIQ_TRACK_TRACK_H

#include "base/buf.h"
#include "base/status.h"
#include "domain/belief.h"
#include "domain/catalogue.h"

typedef struct piq_track_params piq_track_params; /* see params.h */

/* The defaults, chosen on training learners only; static. */
const piq_track_params *piq_track_defaults(void);

/* One layer's belief, given the layer above: its ability is
 * N(mean + b * parent, variance), b = variance / prior variance (so b = 1 and
 * mean = 0 before any evidence). Floats in memory and on disk: a reload
 * changes nothing. Readers want piq_track_belief, which adds the layers up. */
typedef struct piq_track_cell {
    float mean;      /* logits above what the layer above accounts for */
    float variance;  /* what is left open, the layer above being known */
    uint32_t last_s; /* Unix seconds of the last evidence; 0 never */
    float evidence;  /* answers that bore on it, weighted */
    uint32_t n;      /* answers directly on it */
} piq_track_cell;

typedef struct piq_track {
    piq_track_cell learner;   /* above a learner never heard of */
    piq_track_cell form;      /* of the day: fades within hours */
    float stated;             /* logits of learner.mean's prior that come from
                                 what they say of themselves */
    piq_track_cell *areas;    /* [n_areas] */
    piq_track_cell *concepts; /* [n_concepts] */
    size_t n_areas;
    size_t n_concepts;
} piq_track;

/* A learner never heard of, or (with `self_level`) one who said "I am
 * advanced": a prior only, evidence soon outweighs it. Owns heap memory.
 * PIQ_ENOMEM leaves *t untouched. */
PIQ_MUST_USE piq_status piq_track_init(piq_track *t, const piq_catalogue *c);
void piq_track_release(piq_track *t);
PIQ_MUST_USE piq_status piq_track_copy(piq_track *to, const piq_track *from);
/* The catalogue has grown: new concepts start from the prior. */
PIQ_MUST_USE piq_status piq_track_grow(piq_track *t, const piq_catalogue *c);
/* Shifts the learner layer's prior by what they say of themselves; does
 * nothing once there are 20 answers. */
void piq_track_state_level(piq_track *t, const piq_track_params *p,
                           const piq_catalogue *c, piq_level self_level);

/* The task that is answered. Concepts' weights sum to 1. */
typedef struct piq_task {
    const piq_concept_weight *concepts;
    size_t n_concepts;
    double difficulty_logit;
    double difficulty_variance; /* how unsure the difficulty is; >= 0 */
    double discrimination;      /* > 0 */
    double guess;               /* [0, .5] */
} piq_task;

typedef struct piq_track_outcome {
    double predicted;        /* P(right), before the answer was folded in */
    double residual;         /* score - predicted */
    double ability_logit;    /* before */
    double ability_variance; /* before */
    int64_t at_us;           /* when */
} piq_track_outcome;

/* Chance of a right answer to `task` at `at_us`, in (0,1). */
double piq_track_predict(const piq_track *t, const piq_track_params *p,
                         const piq_catalogue *c, const piq_task *task,
                         int64_t at_us);

/* Folds in one answer. score 0..1; strength (0,1] scales the evidence (a hint,
 * a whole assessment's share); response_ms 0 unknown. An instant before the
 * last one folded counts as no time having passed. `out` may be NULL. */
void piq_track_answer(piq_track *t, const piq_track_params *p,
                      const piq_catalogue *c, const piq_task *task,
                      double score, double strength, uint32_t response_ms,
                      int64_t at_us, piq_track_outcome *out);

/* Exposure without an answer (a lesson read to its end): moves the concepts'
 * means by the expected learning and widens what is believed. */
void piq_track_exposure(piq_track *t, const piq_track_params *p,
                        const piq_catalogue *c,
                        const piq_concept_weight *concepts, size_t n,
                        double minutes, int64_t at_us);

/* Where the ability for a task comes from, at an instant: each layer's own
 * share in logits, the rest of a layer being its parent's. A new learner's
 * ability, form and these add up to the ability that predictions start from. */
typedef struct piq_track_shares {
    double learner, area, concept, form;
    uint32_t in_areas; /* answers directly on the areas concerned */
} piq_track_shares;
piq_track_shares piq_track_split(const piq_track *t, const piq_track_params *p,
                                 const piq_catalogue *c, const piq_task *task,
                                 int64_t at_us);

/* The learner's mastery of a concept at an instant; fills the ability, mastery
 * and evidence members of *out and leaves the memory ones. */
void piq_track_belief(const piq_track *t, const piq_track_params *p,
                      const piq_catalogue *c, piq_concept_ix concept,
                      int64_t at_us, piq_belief *out);

/* Mastery that `ability` means for a concept; inverse of itself in ability. */
double piq_track_mastery(const piq_catalogue *c, piq_concept_ix concept,
                         double ability_logit);

/* Compact binary: only cells that have evidence. Versioned. */
void piq_track_encode(const piq_track *t, piq_buf *out);
/* *t must be initialised, and is replaced. PIQ_ECORRUPT when the bytes are not
 * ours, PIQ_ENOMEM; *t is then untouched. */
PIQ_MUST_USE piq_status piq_track_decode(piq_track *t, const piq_catalogue *c,
                                         piq_reader *in);

#endif
