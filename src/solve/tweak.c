/* tweak.c - small changes, a fifth of a microsecond each: most of the fine
 * fitting of pieces to days is done here. */
#include "solve/walk.h"

enum { N_TWEAKS = 4, MOST_EJECTED = 2, MOST_TRIES = 8 };

static bool eject_review(piq_solve_walk *w, int d)
{
    piq_solve_state *s = w->s;
    for (int tries = 0; s->n_all_reviews && tries < MOST_TRIES; tries++) {
        uint32_t t = piq_solve_below(&w->dice, s->m->n_topics);
        for (int k = 0; k < s->n_reviews[t]; k++)
            if (piq_solve_reviews_of(s, t)[k] == d) {
                piq_solve_unreview(s, t, d);
                return true;
            }
    }
    return false;
}

static bool eject_piece(piq_solve_walk *w, int d)
{
    piq_solve_state *s = w->s;
    for (size_t left = 2 * s->m->n_days; left && s->n_placed; left--) {
        uint32_t i = piq_solve_any_placed(w);
        if (s->day[i] == d) {
            piq_solve_take(s, i);
            return true;
        }
    }
    return false;
}

static bool make_room(piq_solve_walk *w, int d, int64_t ticks)
{
    const piq_solve_state *s = w->s;
    if (s->m->budget[d] < ticks)
        return false;
    for (int k = 0; k < MOST_EJECTED && s->left[d] < ticks; k++) {
        bool done = piq_solve_below(&w->dice, 4) == 0 && eject_review(w, d);
        if (!done && !eject_piece(w, d))
            return false;
    }
    return s->left[d] >= ticks;
}

static bool insert(piq_solve_walk *w)
{
    piq_solve_state *s = w->s;
    uint32_t i = piq_solve_below(&w->dice, s->m->n_pieces);
    const piq_solve_piece *x = &s->m->pieces[i];
    if (s->day[i] >= 0)
        return false;
    int first = piq_solve_first_day(s, x);
    if (first > x->last_day)
        return false;
    int d = piq_solve_between(&w->dice, first, x->last_day);
    /* What made room may be what it waits for: settling sees to that only
     * for what is placed, so ask again. */
    if (!make_room(w, d, x->ticks) || piq_solve_first_day(s, x) > d)
        return false;
    piq_solve_put(s, i, d);
    return true;
}

static bool shift(piq_solve_walk *w)
{
    piq_solve_state *s = w->s;
    if (!s->n_placed)
        return false;
    uint32_t i = piq_solve_any_placed(w);
    const piq_solve_piece *x = &s->m->pieces[i];
    int first = piq_solve_first_day(s, x);
    int d = piq_solve_between(&w->dice, first, x->last_day);
    if (d == s->day[i] || s->left[d] < x->ticks)
        return false;
    piq_solve_take(s, i);
    if (piq_solve_first_day(s, x) > d)
        return false; /* it opened its own topic */
    piq_solve_put(s, i, d);
    return true;
}

static bool swap(piq_solve_walk *w)
{
    piq_solve_state *s = w->s;
    if (s->n_placed < 2)
        return false;
    uint32_t i = piq_solve_any_placed(w), j = piq_solve_any_placed(w);
    const piq_solve_piece *x = &s->m->pieces[i], *y = &s->m->pieces[j];
    int di = s->day[i], dj = s->day[j];
    if (di == dj || s->left[di] + x->ticks < y->ticks ||
        s->left[dj] + y->ticks < x->ticks || x->last_day < dj ||
        y->last_day < di)
        return false;
    piq_solve_take(s, i);
    piq_solve_take(s, j);
    if (piq_solve_first_day(s, x) > dj)
        return false;
    piq_solve_put(s, i, dj);
    if (piq_solve_first_day(s, y) > di)
        return false;
    piq_solve_put(s, j, di);
    return true;
}

/* A review more, or one of them on another day. */
static bool review(piq_solve_walk *w)
{
    piq_solve_state *s = w->s;
    const size_t n_days = s->m->n_days;
    uint32_t t = piq_solve_below(&w->dice, s->m->n_topics);
    const piq_solve_topic *x = &s->m->topics[t];
    int first = s->review_from[t], n = s->n_reviews[t];
    if (!x->review_most || first >= (int)n_days)
        return false;
    int d = piq_solve_between(&w->dice, first, (int)n_days - 1);
    if (n && (n >= x->review_most || piq_solve_below(&w->dice, 2)))
        piq_solve_unreview(
            s, t,
            piq_solve_reviews_of(s, t)[piq_solve_below(&w->dice, (size_t)n)]);
    if (!make_room(w, d, x->review_ticks) || !piq_solve_may_review(s, t, d))
        return false;
    piq_solve_review(s, t, d);
    return true;
}

bool piq_solve_tweak(piq_solve_walk *w)
{
    static bool (*const tweaks[N_TWEAKS])(piq_solve_walk *) = {insert, shift,
                                                               swap, review};
    if (!tweaks[piq_solve_below(&w->dice, N_TWEAKS)](w))
        return false;
    piq_solve_settle(w->s);
    return true;
}
