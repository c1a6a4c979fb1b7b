/* insert.h - putting into a plan what is worth most. Private to solve/.
 *
 * One routine serves the first plan and every repair: candidates in order of
 * (gain + what they open) / minutes, brought up to date only at the top
 * (Minoux 1978), since what is put in makes the rest worth less, or opens it.
 */
#ifndef PIQ_SOLVE_INSERT_H
#define PIQ_SOLVE_INSERT_H

#include "solve/dice.h"
#include "solve/state.h"

/* How candidates are compared. */
typedef struct piq_solve_taste {
    enum {
        PIQ_SOLVE_PER_MINUTE, /* worth by the minute */
        PIQ_SOLVE_PER_ROOT,   /* by the square root of the minutes */
        PIQ_SOLVE_OUTRIGHT    /* as it is */
    } per;
    double opening; /* share of what an item opens that counts for it */
    double noise;   /* worth is multiplied by 1 + noise * uniform(-1,1) */
    double wander;  /* chance that its last day is drawn by luck */
    double blink;   /* chance of not seeing a candidate */
} piq_solve_taste;

/* A piece, or a topic (+ n_pieces) for a review. */
typedef struct piq_solve_candidate {
    double score;
    float luck; /* factor of worth */
    uint32_t what;
    int16_t day;
    int16_t until; /* last day it looks at */
} piq_solve_candidate;

typedef struct piq_solve_filler {
    piq_solve_state *s;
    double *unlock; /* [n_topics] what getting it ready opens, in worth */
    double *follow; /* [n_pieces] what comes after it */
    double *after;  /* [n_days + 1] share of all minutes after the day */

    int64_t roomiest; /* no day has more ticks left while filling */

    piq_solve_candidate *list; /* [n]; while filling a heap, best first */
    size_t n;
    bool *is_in; /* [n_pieces + n_topics] */
} piq_solve_filler;

/* false: no memory. */
bool piq_solve_filler_init(piq_arena *a, piq_solve_filler *f,
                           piq_solve_state *s);

/* What there is to open, from the plan as it is. */
void piq_solve_look_ahead(piq_solve_filler *f);

/* Adds a candidate once; whatever may not be placed now is passed over. */
void piq_solve_offer(piq_solve_filler *f, uint32_t what);
void piq_solve_offer_all(piq_solve_filler *f);

/* Puts in offered candidates, and what they open, until nothing fits that is
 * worth anything; no candidates are left. `dice` may be NULL: no luck. */
void piq_solve_fill(piq_solve_filler *f, const piq_solve_taste *taste,
                    piq_solve_dice *dice);

#endif
