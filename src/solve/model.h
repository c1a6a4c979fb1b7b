/* model.h - a problem compiled for the search. Private to solve/.
 *
 * Only what can matter is kept: concepts of weight, what they wait for, the
 * items that raise any of those, and of these the best of each concept. Kept
 * concepts are numbered prerequisites first, kept items in their own order.
 * Levels and minutes are whole numbers of small units, so that adding and
 * taking away again gives the same bits, and a threshold met is a threshold
 * met.
 *
 * Immutable once made; lives in the arena it was made in.
 */
#ifndef PIQ_SOLVE_MODEL_H
#define PIQ_SOLVE_MODEL_H

#include "base/arena.h"
#include "solve/solve.h"

typedef struct piq_solve_step {
    uint32_t concept;
    int64_t level; /* in units */
    double gain;
} piq_solve_step;

typedef struct piq_solve_piece {
    int64_t ticks; /* minutes */
    double minutes;
    double bonus; /* with what a pin is worth */
    uint32_t main;
    uint32_t after; /* kept item, PIQ_SOLVE_NONE */
    uint32_t steps; /* first of its gains, in model.steps */
    uint32_t n_steps;
    uint16_t first_day, last_day;
    bool pinned;
    uint32_t item; /* of the problem */
} piq_solve_piece;

typedef struct piq_solve_topic {
    int64_t level0, ready, review_ready; /* units */
    double raw0;
    const double *keep;  /* [n_days] */
    const double *worth; /* [n_worth + 1] weight times value; the last twice */
    double per_step;     /* 1 / value_step */
    uint32_t n_worth;
    double review_gain, review_minutes;
    int64_t review_ticks;
    uint16_t review_lag, review_gap, review_most, review_first;
    bool gates;       /* another kept concept waits for it */
    uint32_t concept; /* of the problem */
} piq_solve_topic;

typedef struct piq_solve_model {
    const piq_solve_problem *problem;
    size_t n_days, n_topics, n_pieces;
    piq_solve_topic *topics;
    piq_solve_piece *pieces;
    piq_solve_step *steps;
    int64_t *budget; /* [n_days] ticks */
    /* Of each topic: what it waits for, who waits for it, the pieces whose
     * main concept it is, the pieces that raise it. Ranges at [t]..[t+1]. */
    uint32_t *needs, *needs_at;
    uint32_t *opens, *opens_at;
    uint32_t *own, *own_at;
    uint32_t *raised, *raised_at;
    /* Of each piece: the pieces that come after it. */
    uint32_t *followers, *followers_at;
    double pin; /* what a pin is worth; more than everything else together */
    bool later_is_better; /* no concept's keep ever falls from day to day */
} piq_solve_model;

/* `start`: its items are kept whatever they are worth; may be NULL. `all`: so
 * are all items that can matter, however many. */
PIQ_MUST_USE piq_status piq_solve_model_new(piq_arena *a,
                                            const piq_solve_problem *p,
                                            const piq_solve_plan *start,
                                            bool all, piq_solve_model **out);

/* Worth of a topic at `raw`. */
static inline double piq_solve_worth(const piq_solve_topic *t, double raw)
{
    double at = raw * t->per_step;
    if (!(at > 0))
        return t->worth[0];
    if (at >= (double)(t->n_worth - 1))
        return t->worth[t->n_worth - 1];
    uint32_t k = (uint32_t)at;
    return t->worth[k] + (at - k) * (t->worth[k + 1] - t->worth[k]);
}

#endif
