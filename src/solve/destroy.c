#include "solve/walk.h"

#include <math.h>

static const double WINDOW_SHARE = .4, TOPIC_SHARE = .7, MOST_SHARE = .3;
enum { MOST_TAKEN = 10, WORST_OF = 6 };

static void take_some(piq_solve_walk *w, size_t n)
{
    for (; n && w->s->n_placed; n--)
        piq_solve_take_out(w, piq_solve_any_placed(w));
}

static bool lucky(piq_solve_walk *w, double share)
{
    return share >= 1 || piq_solve_unit(&w->dice) < share;
}

static void clear_reviews(piq_solve_walk *w, uint32_t t, int from, int to,
                          double share)
{
    const piq_solve_state *s = w->s;
    for (int k = s->n_reviews[t]; k-- > 0;) {
        int d = piq_solve_reviews_of(s, t)[k];
        if (d >= from && d <= to && lucky(w, share))
            piq_solve_drop_review(w, t, k);
    }
}

void piq_solve_clear_days(piq_solve_walk *w, int from, int to, double share)
{
    piq_solve_state *s = w->s;
    for (size_t k = s->n_placed; k-- > 0;) {
        uint32_t i = s->placed[k];
        if (s->day[i] >= from && s->day[i] <= to && lucky(w, share))
            piq_solve_take_out(w, i);
    }
    for (uint32_t t = 0; s->n_all_reviews && t < s->m->n_topics; t++)
        clear_reviews(w, t, from, to, share);
}

static void take_topic(piq_solve_walk *w, uint32_t t)
{
    const piq_solve_state *s = w->s;
    const piq_solve_model *m = s->m;
    for (uint32_t k = m->raised_at[t]; k < m->raised_at[t + 1]; k++)
        if (s->day[m->raised[k]] >= 0 && lucky(w, TOPIC_SHARE))
            piq_solve_take_out(w, m->raised[k]);
    clear_reviews(w, t, 0, (int)m->n_days, 1);
}

/* The worst of a few drawn by luck, again and again. */
static void take_worst(piq_solve_walk *w, size_t n)
{
    const piq_solve_state *s = w->s;
    for (; n && s->n_placed; n--) {
        uint32_t worst = 0;
        double low = INFINITY;
        for (int k = 0; k < WORST_OF; k++) {
            uint32_t i = piq_solve_any_placed(w);
            const piq_solve_piece *x = &s->m->pieces[i];
            double rate = piq_solve_loss_of(s, x, s->day[i]) / x->minutes;
            if (rate < low) {
                low = rate;
                worst = i;
            }
        }
        piq_solve_take_out(w, worst);
    }
}

/* A piece, and the next ones found that are on its day or raise what it
 * raises. */
static void take_kin(piq_solve_walk *w, size_t n)
{
    const piq_solve_state *s = w->s;
    if (!s->n_placed)
        return;
    uint32_t first = piq_solve_any_placed(w);
    const piq_solve_piece *x = &s->m->pieces[first];
    int d = s->day[first];
    piq_solve_take_out(w, first);
    for (size_t tries = 8 * n; n && tries && s->n_placed; tries--) {
        uint32_t i = piq_solve_any_placed(w);
        const piq_solve_piece *y = &s->m->pieces[i];
        if (s->day[i] != d && y->main != x->main && y->ticks != x->ticks)
            continue;
        piq_solve_take_out(w, i);
        n--;
    }
}

static void take_reviews(piq_solve_walk *w, size_t n)
{
    const piq_solve_state *s = w->s;
    uint32_t t = piq_solve_below(&w->dice, s->m->n_topics);
    for (size_t k = 0; k < s->m->n_topics && n && s->n_all_reviews; k++) {
        if (s->n_reviews[t]) {
            piq_solve_drop_review(
                w, t, (int)piq_solve_below(&w->dice, s->n_reviews[t]));
            n--;
        }
        t = t + 1 < s->m->n_topics ? t + 1 : 0;
    }
}

/* ---- to another day --------------------------------------------------- */

/* Takes pieces off day d, the next ones from a random place on, until so many
 * ticks are free. */
static bool make_room(piq_solve_walk *w, int d, int64_t ticks)
{
    const piq_solve_state *s = w->s;
    if (s->m->budget[d] < ticks)
        return false;
    size_t left = s->n_placed;
    size_t at = left ? piq_solve_below(&w->dice, left) : 0;
    for (; left && s->left[d] < ticks; left--) {
        uint32_t i = s->placed[at < s->n_placed ? at : (at = 0)];
        if (s->day[i] == d)
            piq_solve_take_out(w, i); /* another one stands there now */
        else
            at++;
    }
    if (s->left[d] < ticks)
        piq_solve_clear_days(w, d, d, 1);
    return s->left[d] >= ticks;
}

static void put_again(piq_solve_walk *w, uint32_t i, int d)
{
    const piq_solve_piece *x = &w->s->m->pieces[i];
    if (d <= x->last_day && make_room(w, d, x->ticks) &&
        piq_solve_first_day(w->s, x) <= d)
        piq_solve_put(w->s, i, d);
}

static void shift(piq_solve_walk *w)
{
    const piq_solve_state *s = w->s;
    if (!s->n_placed)
        return;
    uint32_t i = piq_solve_any_placed(w);
    const piq_solve_piece *x = &s->m->pieces[i];
    int first = piq_solve_first_day(s, x);
    piq_solve_take_out(w, i);
    put_again(w, i, piq_solve_between(&w->dice, first, x->last_day));
}

static void swap(piq_solve_walk *w)
{
    const piq_solve_state *s = w->s;
    if (s->n_placed < 2)
        return;
    uint32_t i = piq_solve_any_placed(w), j = piq_solve_any_placed(w);
    int di = s->day[i], dj = s->day[j];
    if (di == dj)
        return;
    piq_solve_take_out(w, i);
    piq_solve_take_out(w, j);
    put_again(w, i, dj);
    put_again(w, j, di);
}

/* ---- all of them ------------------------------------------------------ */

void piq_solve_destroy(piq_solve_walk *w, piq_solve_way way)
{
    piq_solve_state *s = w->s;
    size_t most = (size_t)((double)s->n_placed * MOST_SHARE);
    most = most < MOST_TAKEN ? most : MOST_TAKEN;
    size_t n =
        1 + piq_solve_below(&w->dice, 1 + piq_solve_below(&w->dice, most + 1));
    int d = (int)piq_solve_below(&w->dice, s->m->n_days);
    switch (way) {
    case PIQ_SOLVE_SOME:
        take_some(w, n);
        break;
    case PIQ_SOLVE_A_DAY:
        piq_solve_clear_days(w, d, d, 1);
        break;
    case PIQ_SOLVE_WINDOW:
        piq_solve_clear_days(w, d, d + 2, WINDOW_SHARE);
        break;
    case PIQ_SOLVE_TOPIC:
        take_topic(w, piq_solve_below(&w->dice, s->m->n_topics));
        break;
    case PIQ_SOLVE_WORST:
        take_worst(w, n);
        break;
    case PIQ_SOLVE_KIN:
        take_kin(w, n);
        break;
    case PIQ_SOLVE_RECALL:
        take_reviews(w, n);
        break;
    case PIQ_SOLVE_SHIFT:
        shift(w);
        break;
    case PIQ_SOLVE_SWAP:
        swap(w);
        break;
    case PIQ_SOLVE_CHAIN:
        piq_solve_bring(w);
        break;
    case PIQ_SOLVE_N_WAYS:
        break;
    }
    piq_solve_settle(s);
}
