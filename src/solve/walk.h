/* walk.h - what the moves of the search share. Private to solve/.
 *
 * A move changes the plan in `s` by steps that the log holds; search.c decides
 * whether it stays. What a move takes out it offers to the filler.
 */
#ifndef PIQ_SOLVE_WALK_H
#define PIQ_SOLVE_WALK_H

#include "solve/insert.h"

typedef struct piq_solve_walk {
    piq_solve_filler *f;
    piq_solve_state *s;
    piq_solve_dice dice;
    uint32_t *held; /* [n_pieces] turn in which a chain put it where it is */
    uint32_t *seen; /* [n_topics] turn in which it was held, chain and all */
    uint32_t turn;
} piq_solve_walk;

/* A piece of the plan; there must be one. */
static inline uint32_t piq_solve_any_placed(piq_solve_walk *w)
{
    return w->s->placed[piq_solve_below(&w->dice, w->s->n_placed)];
}

static inline void piq_solve_take_out(piq_solve_walk *w, uint32_t i)
{
    piq_solve_take(w->s, i);
    piq_solve_offer(w->f, i);
}

/* The k-th review of t. */
static inline void piq_solve_drop_review(piq_solve_walk *w, uint32_t t, int k)
{
    const piq_solve_state *s = w->s;
    piq_solve_unreview(w->s, t, piq_solve_reviews_of(s, t)[k]);
    piq_solve_offer(w->f, (uint32_t)s->m->n_pieces + t);
}

/* ---- destroy.c: taking a part of the plan out -------------------------- */

typedef enum piq_solve_way {
    PIQ_SOLVE_SOME,   /* a few pieces, by luck */
    PIQ_SOLVE_A_DAY,  /* a whole day */
    PIQ_SOLVE_WINDOW, /* two fifths of three days */
    PIQ_SOLVE_TOPIC,  /* most of what raises a topic, and its reviews */
    PIQ_SOLVE_WORST,  /* a few of little worth per minute */
    PIQ_SOLVE_KIN,    /* a piece and others that share its topics or day */
    PIQ_SOLVE_RECALL, /* a few reviews */
    PIQ_SOLVE_SHIFT,  /* a piece goes to another day, and makes room there */
    PIQ_SOLVE_SWAP,   /* two pieces change days, and make room */
    PIQ_SOLVE_CHAIN,  /* chain.c */
    PIQ_SOLVE_N_WAYS
} piq_solve_way;

/* Settled afterwards. */
void piq_solve_destroy(piq_solve_walk *w, piq_solve_way way);
/* Takes out each piece and review of days from..to with chance `share`. */
void piq_solve_clear_days(piq_solve_walk *w, int from, int to, double share);

/* ---- chain.c: opening a topic ------------------------------------------ */

/* Draws a topic and a day; what the topic waits for is made ready by that day,
 * along the whole chain, and some of its own pieces are put there; what is in
 * the way goes. Not settled. */
void piq_solve_bring(piq_solve_walk *w);

/* ---- tweak.c: small changes -------------------------------------------- */

/* One piece or review placed, moved or exchanged, no repair needed. False: not
 * possible; the log may hold steps to undo. Settled afterwards. */
bool piq_solve_tweak(piq_solve_walk *w);

#endif
