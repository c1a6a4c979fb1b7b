/* memory.h - what one learner remembers, concept by concept.
 *
 * FSRS-6 state for each practised concept. Right and wrong answers map on
 * ratings; practising a concept also repeats, in proportion, what it
 * exercises. Pure. Threads: one piq_memory per thread.
 */
#ifndef PIQ_MEMORY_MEMORY_H
#define PIQ_MEMORY_MEMORY_H

#include "base/buf.h"
#include "domain/belief.h"
#include "domain/catalogue.h"
#include "memory/fsrs.h"

/* Hour at which a learner's day begins: an answer at 1 a.m. still belongs to
 * the evening before. */
enum { PIQ_MEMORY_ROLLOVER_H = 4 };

/* Times are Unix seconds: what is stored is what is computed with. */
typedef struct piq_memory_cell {
    piq_fsrs_state state; /* stability 0: never practised */
    uint32_t held_s;      /* from when forgetting is counted; a partial review
                             brings it forward by its share only */
    uint32_t last_s;      /* of the last review or answer on it */
    uint32_t reviews;     /* the answers and reviews on it */
    uint16_t lapses;      /* those rated 1, the first apart */
    uint16_t today; /* answers on the day of last_s, for the weights below */
} piq_memory_cell;

typedef struct piq_memory {
    piq_memory_cell *concepts; /* [n_concepts] */
    size_t n_concepts;
} piq_memory;

/* Owns heap memory. init, copy and decode write a struct that owns nothing
 * yet. PIQ_ENOMEM leaves it untouched. */
PIQ_MUST_USE piq_status piq_memory_init(piq_memory *m, const piq_catalogue *c);
void piq_memory_release(piq_memory *m);
PIQ_MUST_USE piq_status piq_memory_copy(piq_memory *to, const piq_memory *from);
/* The catalogue has grown: new concepts were never practised. */
PIQ_MUST_USE piq_status piq_memory_grow(piq_memory *m, const piq_catalogue *c);

/* The rating an answer stands for. Wrong (score below .5) 1; right with a
 * hint, only just right (below .75) or slow for this learner (slowness > 1.5)
 * 2; right 3; right without reserve (score >= .95), fast (0 < slowness < .75)
 * and on an item that was hard for them (predicted < .6) 4. `slowness` is
 * response time over the learner's usual one, 0 unknown; `predicted` the
 * chance of a right answer before it, NaN unknown. */
int piq_memory_rating_of(double score, bool hint, double slowness,
                         double predicted);

/* One review at full or partial weight (0,1]: the state moves from old to new
 * by that share (geometric in stability, linear in difficulty and in the time
 * from which forgetting is counted). A concept's second, third, .. answer on
 * one learner's day counts 1/2, 1/3, .. unless `deliberate` (a flash-card
 * style review always counts fully). What the concept exercises, and the
 * learner has practised before, is repeated with its weight when the rating is
 * a pass (2 .. 4); it is passed as a 3, and its counts stay. An instant before
 * the last one counts as the same instant. Concepts outside the memory are a
 * bug. */
void piq_memory_review(piq_memory *m, const piq_fsrs_params *p,
                       const piq_catalogue *c, piq_concept_ix concept,
                       int rating, double weight, bool deliberate,
                       int64_t at_us, int32_t utc_offset_min);

/* Fills recall, stability_days and due_us of *out; leaves the rest.
 * desired_retention in (0,1). A concept never practised has NaN, NaN,
 * INT64_MAX. An instant before the last one counts as the same instant. */
void piq_memory_belief(const piq_memory *m, const piq_fsrs_params *p,
                       piq_concept_ix concept, double desired_retention,
                       int64_t at_us, piq_belief *out);

/* Compact binary: practised concepts only, at most 39 bytes each, 28 or so as
 * a rule. Versioned. */
void piq_memory_encode(const piq_memory *m, piq_buf *out);
/* Reads what encode wrote, bit for bit, and leaves `in` behind it.
 * PIQ_ECORRUPT when the bytes are not ours: unknown version, a concept beyond
 * the catalogue or out of order, a value out of range, an early end. *m is
 * then untouched. PIQ_ENOMEM. */
PIQ_MUST_USE piq_status piq_memory_decode(piq_memory *m, const piq_catalogue *c,
                                          piq_reader *in);

#endif
