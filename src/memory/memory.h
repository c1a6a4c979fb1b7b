/* memory.h - what one learner remembers, concept by concept.
 *
 * FSRS-6 state for each practised concept, and the day on which its next review
 * is due. Right and wrong answers map on ratings; practising a concept also
 * repeats, in proportion, what it exercises. The parameters are the learner's
 * own: those published until some are fitted. Whatever they miss of this
 * learner is learned review by review (online.h).
 * Pure. Threads: one piq_memory per thread.
 */
#ifndef PIQ_MEMORY_MEMORY_H
#define PIQ_MEMORY_MEMORY_H

#include "base/buf.h"
#include "domain/belief.h"
#include "domain/catalogue.h"
#include "domain/fitted.h"
#include "memory/fsrs.h"
#include "memory/online.h"
#include "memory/schedule.h"

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
    uint16_t today;  /* answers on the day of last_s, for the weights below */
    int32_t due_day; /* local day of the next review */
} piq_memory_cell;

typedef struct piq_memory {
    piq_memory_cell *concepts; /* [n_concepts] */
    size_t n_concepts;
    piq_fsrs_params params; /* in force */
    piq_fitted_from from;   /* whose reviews they were fitted on */
    uint32_t fitted_on;     /* how many of those */
    uint32_t scored;        /* reviews that recall was foreseen of, ever */
    piq_online online;      /* what the parameters miss */
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

/* An answer on a concept, or what counts as one. */
typedef struct piq_memory_answer {
    piq_concept_ix concept;
    int rating;      /* 1 again .. 4 easy */
    double weight;   /* of a review, (0,1] */
    bool deliberate; /* flash-card style: counts fully however often a day */
    bool read;       /* nothing was asked: no evidence of recall */
    int64_t at_us;
} piq_memory_answer;

/* What it came to. */
typedef struct piq_memory_step {
    double share;  /* of a review it counted as */
    int32_t day;   /* local, on which it counts */
    bool is_first; /* of the concept */
    double recall; /* foreseen, before it; NaN: it was not scored */
} piq_memory_step;

/* One review at full or partial weight: the state moves from old to new by
 * that share (geometric in stability, linear in difficulty and in the time
 * from which forgetting is counted). A concept's second, third, .. answer on
 * one learner's day counts 1/2, 1/3, .. unless it is deliberate. What the
 * concept exercises, and the learner has practised before, is repeated with
 * its weight when the rating is a pass (2 .. 4); it is passed as a 3, and its
 * counts stay. Each concept moved gets a due day from the calendar. The first
 * answer of a day on a concept held since an earlier day is scored: recall is
 * foreseen, and the correction learns from it. An instant before the last one
 * counts as the same instant. Concepts outside the memory are a bug. */
piq_memory_step piq_memory_review(piq_memory *m, const piq_catalogue *c,
                                  const piq_memory_answer *x,
                                  const piq_review_calendar *calendar);

/* New parameters: the states are carried over (piq_fitted), the correction
 * starts anew, and only reviews whose odds of recall, on their due day or now
 * if that has passed, are changed by more than PIQ_MOVED_ODDS get another day.
 * False: the numbers are none that FSRS takes, nothing changed. */
#define PIQ_MOVED_ODDS 1.25
bool piq_memory_adopt(piq_memory *m, const piq_fitted *f, int64_t at_us,
                      const piq_review_calendar *calendar);

/* The learner asks something else of the calendar. `all`: every due day is
 * chosen anew, in their order, as for another retention; else only those to
 * come that are off now. */
void piq_memory_reschedule(piq_memory *m, int64_t at_us,
                           const piq_review_calendar *calendar, bool all);
/* The same into due_days[n_concepts] and not into the memory; the days of
 * concepts never practised are left alone. */
void piq_memory_due_days(const piq_memory *m, int64_t at_us,
                         const piq_review_calendar *calendar,
                         int32_t *due_days);

/* Fills recall, stability_days and due_us of *out; leaves the rest. Recall is
 * of the learner's whole days, as FSRS-6 is fitted: 1 on the day of practice,
 * of which it says nothing. due_us is where the due day begins. A concept never
 * practised has NaN, NaN, INT64_MAX. An instant before the last one counts as
 * the same instant. */
void piq_memory_belief(const piq_memory *m, piq_concept_ix concept,
                       int64_t at_us, int32_t utc_offset_min, piq_belief *out);

/* Whole local days since forgetting began to be counted; 0 when practised (or
 * repeated wholly) today. The concept was practised. */
int32_t piq_memory_elapsed_days(const piq_memory *m, piq_concept_ix concept,
                                int64_t at_us, int32_t utc_offset_min);

/* Days until recall, corrected, has fallen to `retention` in (0,1). */
double piq_memory_interval(const piq_memory *m, piq_fsrs_state state,
                           double retention);

/* Compact binary: practised concepts only, at most 44 bytes each, 30 or so as
 * a rule; parameters only where some were fitted. Versioned. */
void piq_memory_encode(const piq_memory *m, piq_buf *out);
/* Reads what encode wrote, bit for bit, and leaves `in` behind it.
 * PIQ_ECORRUPT when the bytes are not ours: unknown version, a concept beyond
 * the catalogue or out of order, a value out of range, an early end. *m is
 * then untouched. PIQ_ENOMEM. */
PIQ_MUST_USE piq_status piq_memory_decode(piq_memory *m, const piq_catalogue *c,
                                          piq_reader *in);

#endif
