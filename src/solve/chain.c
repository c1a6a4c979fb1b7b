/* chain.c - opens a topic that is closed, or opens too late.
 *
 * Small moves do not get there: the first items of a chain of prerequisites
 * cost minutes and give next to nothing until the last one is in place. */
#include "solve/walk.h"

enum { MOST_DEPTH = 8, MOST_RAISERS = 16, MOST_OWN = 3 };

static bool is_held(const piq_solve_walk *w, uint32_t i)
{
    return w->held[i] == w->turn;
}

static void clear_reviews_of_day(piq_solve_walk *w, int d)
{
    const piq_solve_state *s = w->s;
    for (uint32_t t = 0; t < s->m->n_topics; t++)
        for (int k = s->n_reviews[t]; k-- > 0;)
            if (piq_solve_reviews_of(s, t)[k] == d)
                piq_solve_drop_review(w, t, k);
}

/* Room on day d from what this chain did not put there. */
static bool make_room(piq_solve_walk *w, int d, int64_t ticks)
{
    const piq_solve_state *s = w->s;
    if (s->m->budget[d] < ticks)
        return false;
    size_t left = s->n_placed;
    size_t at = left ? piq_solve_below(&w->dice, left) : 0;
    for (; left && s->left[d] < ticks; left--) {
        uint32_t i = s->placed[at < s->n_placed ? at : (at = 0)];
        if (s->day[i] == d && !is_held(w, i))
            piq_solve_take_out(w, i);
        else
            at++;
    }
    if (s->left[d] < ticks)
        clear_reviews_of_day(w, d);
    return s->left[d] >= ticks;
}

/* The first or last day of first..to with room for x; -1: none. */
static int day_with_room(const piq_solve_state *s, const piq_solve_piece *x,
                         int first, int to, bool early)
{
    if (early) {
        for (int d = first; d <= to; d++)
            if (s->left[d] >= x->ticks)
                return d;
        return -1;
    }
    while (to >= first && s->left[to] < x->ticks)
        to--;
    return to >= first ? to : -1;
}

/* Puts piece i on a day up to `to` that has room, or makes some. What is early
 * leaves days for the rest of the chain, what is late keeps more. */
static bool hold(piq_solve_walk *w, uint32_t i, int to, bool early)
{
    piq_solve_state *s = w->s;
    const piq_solve_piece *x = &s->m->pieces[i];
    if (s->day[i] >= 0)
        piq_solve_take(s, i);
    piq_solve_offer(w->f, i);
    int first = piq_solve_first_day(s, x);
    if (to > x->last_day)
        to = x->last_day;
    if (first > to)
        return false;
    int d = day_with_room(s, x, first, to, early);
    if (d < 0) {
        d = piq_solve_between(&w->dice, first, to);
        if (!make_room(w, d, x->ticks) || piq_solve_first_day(s, x) > d)
            return false;
    }
    piq_solve_put(s, i, d);
    w->held[i] = w->turn;
    return true;
}

/* Level that a piece adds to t, no more than is missing. */
static double gain_of(const piq_solve_model *m, const piq_solve_piece *x,
                      uint32_t t, int64_t missing)
{
    for (uint32_t k = 0; k < x->n_steps; k++) {
        int64_t level = m->steps[x->steps + k].level;
        if (m->steps[x->steps + k].concept == t)
            return (double)(level < missing || missing <= 0 ? level : missing);
    }
    return 0;
}

/* A piece that would raise t on day d, by level per minute and luck: one that
 * is not in the plan, or is later than `from`. */
static uint32_t pick_raiser(piq_solve_walk *w, uint32_t t, int d, int from)
{
    const piq_solve_state *s = w->s;
    const piq_solve_model *m = s->m;
    const int64_t missing = m->topics[t].ready - s->level[t];
    uint32_t best = PIQ_SOLVE_NONE;
    double high = 0;
    for (uint32_t k = m->raised_at[t]; k < m->raised_at[t + 1]; k++) {
        uint32_t i = m->raised[k];
        const piq_solve_piece *x = &m->pieces[i];
        if (is_held(w, i) || (s->day[i] >= 0 && s->day[i] <= from) ||
            s->open_day[x->main] > d || x->first_day > d)
            continue;
        double score = gain_of(m, x, t, missing) / x->minutes *
                       (1 + piq_solve_unit(&w->dice));
        if (score > high) {
            high = score;
            best = i;
        }
    }
    return best;
}

/* A day before d now and then: what is ready early leaves room. */
static int perhaps_before(piq_solve_walk *w, int d)
{
    return d > 0 && piq_solve_below(&w->dice, 5) == 0 ? d - 1 : d;
}

/* What makes t ready, and what that waits for in turn, is not to go. */
static void hold_all(piq_solve_walk *w, uint32_t t, int depth)
{
    const piq_solve_state *s = w->s;
    const piq_solve_model *m = s->m;
    if (w->seen[t] == w->turn)
        return;
    w->seen[t] = w->turn;
    for (uint32_t k = m->raised_at[t]; k < m->raised_at[t + 1]; k++) {
        uint32_t i = m->raised[k];
        if (s->day[i] >= 0 && s->day[i] <= s->ready[t])
            w->held[i] = w->turn;
    }
    for (uint32_t k = m->needs_at[t]; depth && k < m->needs_at[t + 1]; k++)
        hold_all(w, m->needs[k], depth - 1);
}

static bool make_ready(piq_solve_walk *w, uint32_t t, int d, bool early,
                       int depth)
{
    const piq_solve_state *s = w->s;
    const piq_solve_model *m = s->m;
    if (s->ready[t] <= d) {
        hold_all(w, t, depth);
        return true;
    }
    for (uint32_t k = m->needs_at[t]; depth && k < m->needs_at[t + 1]; k++)
        if (!make_ready(w, m->needs[k], perhaps_before(w, d), early, depth - 1))
            return false;
    for (int n = 0; s->ready[t] > d && n < MOST_RAISERS; n++) {
        uint32_t i = pick_raiser(w, t, d, d);
        if (i == PIQ_SOLVE_NONE || !hold(w, i, d, early))
            return false;
    }
    return s->ready[t] <= d;
}

/* Worth that a topic could still add; less than nothing: it waits for none. */
static double still_to_gain(const piq_solve_state *s, uint32_t t)
{
    const piq_solve_model *m = s->m;
    const piq_solve_topic *x = &m->topics[t];
    if (m->needs_at[t] == m->needs_at[t + 1])
        return -1;
    return x->worth[x->n_worth - 1] - s->worth[t];
}

/* Up to `last`, late ones more often: a long chain needs days. */
static int late_day(piq_solve_walk *w, int last)
{
    int x = (int)piq_solve_below(&w->dice, (size_t)last + 1);
    int y = (int)piq_solve_below(&w->dice, (size_t)last + 1);
    return x > y ? x : y;
}

void piq_solve_bring(piq_solve_walk *w)
{
    const piq_solve_state *s = w->s;
    const piq_solve_model *m = s->m;
    uint32_t t = piq_solve_below(&w->dice, m->n_topics);
    for (int k = 0; k < 2; k++) {
        uint32_t other = piq_solve_below(&w->dice, m->n_topics);
        if (still_to_gain(s, other) > still_to_gain(s, t))
            t = other;
    }
    int last = (int)m->n_days - 1;
    if (s->open_day[t] < last)
        last = s->open_day[t];
    int d = late_day(w, last);
    bool early = piq_solve_below(&w->dice, 2) == 0;
    w->turn++;
    for (uint32_t k = m->needs_at[t]; k < m->needs_at[t + 1]; k++)
        if (!make_ready(w, m->needs[k], perhaps_before(w, d), early,
                        MOST_DEPTH))
            return;
    for (uint32_t n = piq_solve_below(&w->dice, MOST_OWN + 1); n; n--) {
        uint32_t i = pick_raiser(w, t, d, d - 1);
        if (i == PIQ_SOLVE_NONE || !hold(w, i, d, false))
            return;
    }
}
