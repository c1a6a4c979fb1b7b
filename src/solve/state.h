/* state.h - a plan in the making, kept up to date step by step. Private.
 *
 * Placing and taking out cost what they touch: the day's minutes, the levels
 * and worth of the concepts raised, the days from which those open others.
 * Every step is written down, so that going back to an earlier moment undoes
 * the steps since instead of copying the plan.
 *
 * A step may leave others without what they wait for; piq_solve_settle takes
 * those out. Between calls of the search a state is always settled:
 *
 *   1. left[d] >= 0
 *   2. day[i] >= open_day[main(i)] and within its window, after day[after(i)]
 *   3. reviews of t from review_from[t] on, review_gap apart, at most
 *      review_most
 *   4. total = sum of worth[t] + sum of bonus of placed pieces
 */
#ifndef PIQ_SOLVE_STATE_H
#define PIQ_SOLVE_STATE_H

#include "solve/model.h"

typedef struct piq_solve_done {
    uint32_t what; /* piece or topic */
    int16_t day;
    enum {
        PIQ_SOLVE_PUT,
        PIQ_SOLVE_TOOK,
        PIQ_SOLVE_REVIEW,
        PIQ_SOLVE_UNREVIEW
    } kind;
} piq_solve_done;

typedef struct piq_solve_state {
    const piq_solve_model *m;
    int16_t *day;     /* [n_pieces], -1: not in the plan */
    uint32_t *placed; /* [n_placed] pieces in the plan, in no order */
    uint32_t *place;  /* [n_pieces] where in `placed` */
    size_t n_placed;
    int64_t *left;        /* [n_days] ticks */
    int64_t *gained;      /* [n_topics][n_days] units of level */
    int64_t *level;       /* [n_topics] units, after the last day */
    double *raw;          /* [n_topics] */
    double *worth;        /* [n_topics] of raw */
    int16_t *ready;       /* [n_topics] day on which it is; n_days: never */
    int16_t *open_day;    /* [n_topics] all it waits for are ready */
    int16_t *review_from; /* [n_topics] n_days: never */
    int16_t *reviews;     /* [n_topics][PIQ_SOLVE_MAX_REVIEWS] ascending */
    uint8_t *n_reviews;   /* [n_topics] */
    size_t n_all_reviews;
    double total;
    /* What the search may add to total in what it accepts: `pull` [n_topics]
     * for getting a gate ready, in part for part of the way; `lured` is the
     * sum. All 0 unless it says otherwise. */
    double *pull;
    double lured;

    piq_solve_done *log; /* since the start of the log */
    size_t n_log, room_log;

    /* What settle has to look at: topics that open later than before or may
     * be reviewed later, pieces that others come after. */
    uint32_t *late, *moved;
    size_t n_late, n_moved;
    bool *is_late;  /* [n_topics] */
    bool *is_moved; /* [n_pieces] */
} piq_solve_state;

/* Empty plan. NULL: no memory. */
piq_solve_state *piq_solve_state_new(piq_arena *a, const piq_solve_model *m);

/* Day `d` must have room, unless minutes are mended afterwards; piece i must
 * not be in the plan. Never fails. */
void piq_solve_put(piq_solve_state *s, uint32_t i, int d);
void piq_solve_take(piq_solve_state *s, uint32_t i);
void piq_solve_review(piq_solve_state *s, uint32_t t, int d);
void piq_solve_unreview(piq_solve_state *s, uint32_t t, int d);

/* Takes out what lost what it waits for. */
void piq_solve_settle(piq_solve_state *s);
/* The same, asking everything, not only what changed. */
void piq_solve_settle_all(piq_solve_state *s);

/* Back to an earlier length of the log. */
void piq_solve_undo(piq_solve_state *s, size_t n_log);
/* Forgets the log: what was done stays. */
void piq_solve_keep(piq_solve_state *s);
/* Other pulls. */
void piq_solve_lure(piq_solve_state *s, const double *pull);
/* Sums that drift are made anew. */
void piq_solve_refresh(piq_solve_state *s);

/* True when a review of t on day d keeps rule 3 and there are minutes. */
bool piq_solve_may_review(const piq_solve_state *s, uint32_t t, int d);

/* The days of t's reviews, ascending. */
static inline int16_t *piq_solve_reviews_of(const piq_solve_state *s,
                                            uint32_t t)
{
    return s->reviews + (size_t)t * PIQ_SOLVE_MAX_REVIEWS;
}

/* First day of a piece's window as things are; past its last day: none. */
static inline int piq_solve_first_day(const piq_solve_state *s,
                                      const piq_solve_piece *x)
{
    int first = s->open_day[x->main];
    if (first < x->first_day)
        first = x->first_day;
    if (x->after != PIQ_SOLVE_NONE) {
        int after = s->day[x->after];
        first = after < 0 ? (int)s->m->n_days : first < after ? after : first;
    }
    return first;
}

/* Worth of placing a piece on a day, minutes aside. */
static inline double piq_solve_gain_of(const piq_solve_state *s,
                                       const piq_solve_piece *x, int d)
{
    double sum = x->bonus;
    const piq_solve_step *step = s->m->steps + x->steps;
    for (uint32_t k = 0; k < x->n_steps; k++) {
        uint32_t t = step[k].concept;
        const piq_solve_topic *topic = &s->m->topics[t];
        sum +=
            piq_solve_worth(topic, s->raw[t] + step[k].gain * topic->keep[d]) -
            s->worth[t];
    }
    return sum;
}

/* What taking piece x off day d costs, what waits for it aside. */
static inline double piq_solve_loss_of(const piq_solve_state *s,
                                       const piq_solve_piece *x, int d)
{
    double sum = x->bonus;
    const piq_solve_step *step = s->m->steps + x->steps;
    for (uint32_t k = 0; k < x->n_steps; k++) {
        uint32_t t = step[k].concept;
        const piq_solve_topic *topic = &s->m->topics[t];
        sum +=
            s->worth[t] -
            piq_solve_worth(topic, s->raw[t] - step[k].gain * topic->keep[d]);
    }
    return sum;
}

static inline double piq_solve_gain_of_review(const piq_solve_state *s,
                                              uint32_t t, int d)
{
    const piq_solve_topic *topic = &s->m->topics[t];
    return piq_solve_worth(topic,
                           s->raw[t] + topic->review_gain * topic->keep[d]) -
           s->worth[t];
}

#endif
