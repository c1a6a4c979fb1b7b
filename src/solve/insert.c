#include "solve/insert.h"

#include <math.h>

static const double WORTHLESS = 1e-12;

bool piq_solve_filler_init(piq_arena *a, piq_solve_filler *f,
                           piq_solve_state *s)
{
    const piq_solve_model *m = s->m;
    size_t n = m->n_pieces + m->n_topics;
    *f = (piq_solve_filler){.s = s,
                            .unlock = piq_new(a, double, m->n_topics),
                            .follow = piq_new(a, double, m->n_pieces),
                            .after = piq_new(a, double, m->n_days + 1),
                            .list = piq_new(a, piq_solve_candidate, n),
                            .is_in = piq_new(a, bool, n)};
    if (!f->unlock || !f->follow || !f->after || !f->list || !f->is_in)
        return false;
    double sum = 0;
    for (size_t d = m->n_days; d-- > 0;) {
        f->after[d] = sum;
        sum += (double)m->budget[d];
    }
    for (size_t d = 0; d < m->n_days && sum > 0; d++)
        f->after[d] /= sum;
    return true;
}

/* ---- what opens what -------------------------------------------------- */

/* Worth that pieces not in the plan could still add to a topic. */
static double own_worth(const piq_solve_state *s, uint32_t t)
{
    const piq_solve_model *m = s->m;
    const piq_solve_topic *topic = &m->topics[t];
    const double keep = topic->keep[m->n_days - 1];
    double raw = s->raw[t], bonus = 0;
    for (uint32_t k = m->raised_at[t]; k < m->raised_at[t + 1]; k++) {
        const piq_solve_piece *x = &m->pieces[m->raised[k]];
        if (s->day[m->raised[k]] >= 0)
            continue;
        for (uint32_t j = 0; j < x->n_steps; j++)
            if (m->steps[x->steps + j].concept == t)
                raw += m->steps[x->steps + j].gain * keep;
    }
    for (uint32_t k = m->own_at[t]; k < m->own_at[t + 1]; k++)
        if (s->day[m->own[k]] < 0 && m->pieces[m->own[k]].bonus > 0)
            bonus += m->pieces[m->own[k]].bonus;
    return piq_solve_worth(topic, raw) - s->worth[t] + bonus;
}

static int n_missing(const piq_solve_state *s, uint32_t t)
{
    const piq_solve_model *m = s->m;
    int n = 0;
    for (uint32_t k = m->needs_at[t]; k < m->needs_at[t + 1]; k++)
        n += s->ready[m->needs[k]] >= (int)m->n_days;
    return n;
}

/* Topics are numbered prerequisites first: backwards, what a topic opens is
 * known before it is asked what opens the topic. */
void piq_solve_look_ahead(piq_solve_filler *f)
{
    const piq_solve_state *s = f->s;
    const piq_solve_model *m = s->m;
    for (uint32_t t = 0; t < m->n_topics; t++)
        f->unlock[t] = 0;
    for (uint32_t t = (uint32_t)m->n_topics; t-- > 0;) {
        int n = n_missing(s, t);
        if (!n)
            continue;
        double each = (own_worth(s, t) + f->unlock[t]) / n;
        for (uint32_t k = m->needs_at[t]; k < m->needs_at[t + 1]; k++)
            if (s->ready[m->needs[k]] >= (int)m->n_days)
                f->unlock[m->needs[k]] += each;
    }
    /* A follower's own followers are valued first only where they stand
     * later; chains the other way round open one link at a time. */
    for (uint32_t i = (uint32_t)m->n_pieces; i-- > 0;) {
        f->follow[i] = 0;
        for (uint32_t k = m->followers_at[i]; k < m->followers_at[i + 1]; k++) {
            uint32_t j = m->followers[k];
            if (s->day[j] < 0)
                f->follow[i] += fmax(0, piq_solve_gain_of(s, &m->pieces[j],
                                                          (int)m->n_days - 1)) +
                                f->follow[j];
        }
    }
}

/* What a piece on its own opens, were all minutes after it. */
static double opens(const piq_solve_filler *f, const piq_solve_piece *x,
                    uint32_t i)
{
    const piq_solve_state *s = f->s;
    const piq_solve_model *m = s->m;
    double sum = f->follow[i];
    for (uint32_t k = 0; k < x->n_steps; k++) {
        const piq_solve_step *step = &m->steps[x->steps + k];
        uint32_t t = step->concept;
        if (!m->topics[t].gates || s->ready[t] < (int)m->n_days)
            continue;
        int64_t missing = m->topics[t].ready - s->level[t];
        sum += step->level >= missing
                   ? f->unlock[t]
                   : f->unlock[t] * (double)step->level / (double)missing;
    }
    return sum;
}

/* ---- one candidate ---------------------------------------------------- */

typedef struct spot {
    double worth;
    int day; /* < 0: none */
} spot;

static spot best_of_any(const piq_solve_state *s, const piq_solve_piece *x,
                        int first)
{
    spot best = {0, -1};
    for (int d = x->last_day; d >= first; d--) {
        if (s->left[d] < x->ticks)
            continue;
        double worth = piq_solve_gain_of(s, x, d);
        if (best.day < 0 || worth > best.worth)
            best = (spot){worth, d};
    }
    return best;
}

/* The last day keeps most; the first opens most. */
static spot place_piece(const piq_solve_filler *f, uint32_t i, double opening,
                        int until)
{
    const piq_solve_state *s = f->s;
    const piq_solve_piece *x = &s->m->pieces[i];
    int d = x->last_day < until ? x->last_day : until;
    if (x->ticks > f->roomiest)
        return (spot){0, -1};
    int first = piq_solve_first_day(s, x);
    while (d >= first && s->left[d] < x->ticks)
        d--;
    if (d < first)
        return (spot){0, -1};
    spot best = {0, d};
    if (s->m->later_is_better)
        best.worth = piq_solve_gain_of(s, x, d);
    else
        best = best_of_any(s, x, first);
    double open = opening > 0 ? opening * opens(f, x, i) : 0;
    if (open <= 0)
        return best;
    best.worth += open * f->after[best.day];
    while (s->left[first] < x->ticks)
        first++;
    if (first < best.day) {
        double worth = piq_solve_gain_of(s, x, first) + open * f->after[first];
        if (worth > best.worth)
            best = (spot){worth, first};
    }
    return best;
}

static spot place_review(const piq_solve_state *s, uint32_t t, int until)
{
    spot best = {0, -1};
    if (s->n_reviews[t] >= s->m->topics[t].review_most)
        return best;
    for (int d = until; d >= s->review_from[t]; d--) {
        if (!piq_solve_may_review(s, t, d))
            continue;
        double worth = piq_solve_gain_of_review(s, t, d);
        if (best.day < 0 || worth > best.worth)
            best = (spot){worth, d};
        if (s->m->later_is_better)
            break;
    }
    return best;
}

static double minutes_of(const piq_solve_model *m, uint32_t what)
{
    return what < m->n_pieces ? m->pieces[what].minutes
                              : m->topics[what - m->n_pieces].review_minutes;
}

static double taste_of(double minutes, const piq_solve_taste *taste)
{
    switch (taste->per) {
    case PIQ_SOLVE_PER_MINUTE:
        return minutes;
    case PIQ_SOLVE_PER_ROOT:
        return sqrt(minutes);
    case PIQ_SOLVE_OUTRIGHT:
        return 1;
    }
    return 1;
}

/* False: it may not be placed, or is worth nothing. */
static bool value_candidate(const piq_solve_filler *f, piq_solve_candidate *c,
                            const piq_solve_taste *taste)
{
    const piq_solve_state *s = f->s;
    const piq_solve_model *m = s->m;
    spot at = {0, -1};
    if (c->what >= m->n_pieces)
        at = place_review(s, c->what - (uint32_t)m->n_pieces, c->until);
    else if (s->day[c->what] < 0)
        at = place_piece(f, c->what, taste->opening, c->until);
    if (at.day < 0 || at.worth <= WORTHLESS)
        return false;
    c->score =
        at.worth * (double)c->luck / taste_of(minutes_of(m, c->what), taste);
    c->day = (int16_t)at.day;
    return true;
}

/* ---- the candidates --------------------------------------------------- */

void piq_solve_offer(piq_solve_filler *f, uint32_t what)
{
    if (f->is_in[what])
        return;
    f->is_in[what] = true;
    f->list[f->n++].what = what;
}

void piq_solve_offer_all(piq_solve_filler *f)
{
    const piq_solve_model *m = f->s->m;
    for (uint32_t i = 0; i < m->n_pieces; i++)
        if (f->s->day[i] < 0)
            piq_solve_offer(f, i);
    for (uint32_t t = 0; t < m->n_topics; t++)
        if (f->s->n_reviews[t] < m->topics[t].review_most &&
            f->s->review_from[t] < (int)m->n_days)
            piq_solve_offer(f, (uint32_t)m->n_pieces + t);
}

static void drop(piq_solve_filler *f, size_t k)
{
    f->is_in[f->list[k].what] = false;
    f->list[k] = f->list[--f->n];
}

/* False: the candidate is not seen. */
static bool draw_luck(const piq_solve_filler *f, piq_solve_candidate *c,
                      const piq_solve_taste *taste, piq_solve_dice *dice)
{
    const size_t n_days = f->s->m->n_days;
    c->luck = 1;
    c->until = (int16_t)(n_days - 1);
    if (!dice)
        return true;
    if (taste->blink > 0 && piq_solve_unit(dice) < taste->blink)
        return false;
    if (taste->noise > 0)
        c->luck = (float)(1 + taste->noise * (2 * piq_solve_unit(dice) - 1));
    if (taste->wander > 0 && piq_solve_unit(dice) < taste->wander)
        c->until = (int16_t)piq_solve_below(dice, n_days);
    return true;
}

/* Draws and values the candidates from `k` on; those that cannot be placed go.
 */
static void weigh(piq_solve_filler *f, size_t k, const piq_solve_taste *taste,
                  piq_solve_dice *dice)
{
    while (k < f->n)
        if (draw_luck(f, &f->list[k], taste, dice) &&
            value_candidate(f, &f->list[k], taste))
            k++;
        else
            drop(f, k);
}

/* ---- the heap --------------------------------------------------------- */

static void sift_down(piq_solve_filler *f, size_t k)
{
    piq_solve_candidate *list = f->list, moved = list[k];
    for (size_t next; (next = 2 * k + 1) < f->n; k = next) {
        if (next + 1 < f->n && list[next + 1].score > list[next].score)
            next++;
        if (list[next].score <= moved.score)
            break;
        list[k] = list[next];
    }
    list[k] = moved;
}

static void sift_up(piq_solve_filler *f, size_t k)
{
    piq_solve_candidate *list = f->list, moved = list[k];
    for (; k && list[(k - 1) / 2].score < moved.score; k = (k - 1) / 2)
        list[k] = list[(k - 1) / 2];
    list[k] = moved;
}

static void drop_top(piq_solve_filler *f)
{
    drop(f, 0);
    if (f->n)
        sift_down(f, 0);
}

/* Offers what a piece just placed has opened. */
static void offer_opened(piq_solve_filler *f, uint32_t i,
                         const piq_solve_taste *taste, piq_solve_dice *dice)
{
    const piq_solve_state *s = f->s;
    const piq_solve_model *m = s->m;
    const piq_solve_piece *x = &m->pieces[i];
    size_t n = f->n;
    for (uint32_t k = m->followers_at[i]; k < m->followers_at[i + 1]; k++)
        if (s->day[m->followers[k]] < 0)
            piq_solve_offer(f, m->followers[k]);
    for (uint32_t k = 0; k < x->n_steps; k++) {
        uint32_t t = m->steps[x->steps + k].concept;
        if (m->topics[t].review_most && s->review_from[t] < (int)m->n_days)
            piq_solve_offer(f, (uint32_t)m->n_pieces + t);
        if (!m->topics[t].gates || s->ready[t] >= (int)m->n_days)
            continue;
        for (uint32_t j = m->opens_at[t]; j < m->opens_at[t + 1]; j++) {
            uint32_t u = m->opens[j];
            for (uint32_t o = m->own_at[u]; o < m->own_at[u + 1]; o++)
                if (s->day[m->own[o]] < 0)
                    piq_solve_offer(f, m->own[o]);
        }
    }
    weigh(f, n, taste, dice);
    for (; n < f->n; n++)
        sift_up(f, n);
}

/* The best candidate, as valued now. */
static void put_in(piq_solve_filler *f, const piq_solve_taste *taste,
                   piq_solve_dice *dice)
{
    piq_solve_state *s = f->s;
    piq_solve_candidate *best = &f->list[0];
    uint32_t what = best->what;
    int d = best->day;
    if (what < s->m->n_pieces) {
        drop_top(f);
        piq_solve_put(s, what, d);
        offer_opened(f, what, taste, dice);
        return;
    }
    /* It stays a candidate: a topic is reviewed more than once. */
    piq_solve_review(s, what - (uint32_t)s->m->n_pieces, d);
    if (value_candidate(f, best, taste))
        sift_down(f, 0);
    else
        drop_top(f);
}

void piq_solve_fill(piq_solve_filler *f, const piq_solve_taste *taste,
                    piq_solve_dice *dice)
{
    f->roomiest = 0;
    for (size_t d = 0; d < f->s->m->n_days; d++)
        if (f->s->left[d] > f->roomiest)
            f->roomiest = f->s->left[d];
    weigh(f, 0, taste, dice);
    for (size_t k = f->n / 2; k-- > 0;)
        sift_down(f, k);
    while (f->n) {
        double before = f->list[0].score;
        int day = f->list[0].day;
        if (!value_candidate(f, &f->list[0], taste))
            drop_top(f);
        else if (f->list[0].score >= before && f->list[0].day == day)
            put_in(f, taste, dice);
        else
            sift_down(f, 0);
    }
    /* Nothing was put earlier than something that waits for it. */
    piq_solve_settle(f->s);
}
