#include "solve/state.h"

#include <string.h>

static const size_t ROOM_LOG = 4096;

/* ---- levels and what they open ---------------------------------------- */

/* First day on which the level of t reaches `least`; n_days: never. A level
 * that reaches it before the first day gives -1. */
static int first_reached(const piq_solve_state *s, uint32_t t, int64_t least)
{
    const size_t n = s->m->n_days;
    const int64_t *gained = s->gained + t * n;
    int64_t level = s->m->topics[t].level0;
    if (level >= least)
        return -1;
    for (size_t d = 0; d < n; d++) {
        level += gained[d];
        if (level >= least)
            return (int)d;
    }
    return (int)n;
}

static void note_late(piq_solve_state *s, uint32_t t)
{
    if (s->is_late[t])
        return;
    s->is_late[t] = true;
    s->late[s->n_late++] = t;
}

static void note_moved(piq_solve_state *s, uint32_t i)
{
    const piq_solve_model *m = s->m;
    if (s->is_moved[i] || m->followers_at[i] == m->followers_at[i + 1])
        return;
    s->is_moved[i] = true;
    s->moved[s->n_moved++] = i;
}

static void find_open_day(piq_solve_state *s, uint32_t t)
{
    const piq_solve_model *m = s->m;
    int open = 0;
    for (uint32_t k = m->needs_at[t]; k < m->needs_at[t + 1]; k++)
        if (s->ready[m->needs[k]] > open)
            open = s->ready[m->needs[k]];
    if (open > s->open_day[t])
        note_late(s, t);
    s->open_day[t] = (int16_t)open;
}

static void find_ready(piq_solve_state *s, uint32_t t)
{
    const piq_solve_model *m = s->m;
    int ready = first_reached(s, t, m->topics[t].ready);
    if (ready < 0)
        ready = 0;
    if (ready == s->ready[t])
        return;
    s->ready[t] = (int16_t)ready;
    for (uint32_t k = m->opens_at[t]; k < m->opens_at[t + 1]; k++)
        find_open_day(s, m->opens[k]);
}

static void find_review_from(piq_solve_state *s, uint32_t t)
{
    const piq_solve_topic *topic = &s->m->topics[t];
    int from = first_reached(s, t, topic->review_ready);
    from = from < 0 ? 0 : from + topic->review_lag;
    if (from < topic->review_first)
        from = topic->review_first;
    if (from > (int)s->m->n_days)
        from = (int)s->m->n_days;
    if (from > s->review_from[t] && s->n_reviews[t])
        note_late(s, t);
    s->review_from[t] = (int16_t)from;
}

/* ---- the steps -------------------------------------------------------- */

/* How much of the way from the start to ready a level has gone. */
static double progress(const piq_solve_topic *topic, int64_t level)
{
    if (level >= topic->ready)
        return 1;
    return level <= topic->level0 ? 0
                                  : (double)(level - topic->level0) /
                                        (double)(topic->ready - topic->level0);
}

static void set_raw(piq_solve_state *s, uint32_t t, double raw)
{
    double worth = piq_solve_worth(&s->m->topics[t], raw);
    s->raw[t] = raw;
    s->total += worth - s->worth[t];
    s->worth[t] = worth;
}

/* `sign` 1: gained on day d; -1: no more. What is gained after a threshold is
 * reached moves nothing. */
static void raise_levels(piq_solve_state *s, uint32_t i, int d, int sign)
{
    const piq_solve_model *m = s->m;
    const piq_solve_piece *x = &m->pieces[i];
    for (uint32_t k = 0; k < x->n_steps; k++) {
        const piq_solve_step *step = &m->steps[x->steps + k];
        uint32_t t = step->concept;
        const piq_solve_topic *topic = &m->topics[t];
        s->gained[t * m->n_days + (size_t)d] += sign * step->level;
        int64_t before = s->level[t], after = before + sign * step->level;
        s->level[t] = after;
        if (s->pull[t] > 0)
            s->lured +=
                s->pull[t] * (progress(topic, after) - progress(topic, before));
        set_raw(s, t, s->raw[t] + sign * step->gain * topic->keep[d]);
        if (topic->gates && d <= s->ready[t])
            find_ready(s, t);
        if (topic->review_most && d <= s->review_from[t])
            find_review_from(s, t);
    }
}

static void write_down(piq_solve_state *s, piq_solve_done done)
{
    if (s->n_log < s->room_log)
        s->log[s->n_log] = done;
    s->n_log++;
}

static void put(piq_solve_state *s, uint32_t i, int d)
{
    const piq_solve_piece *x = &s->m->pieces[i];
    s->day[i] = (int16_t)d;
    s->place[i] = (uint32_t)s->n_placed;
    s->placed[s->n_placed++] = i;
    s->left[d] -= x->ticks;
    s->total += x->bonus;
    raise_levels(s, i, d, 1);
}

static void take(piq_solve_state *s, uint32_t i)
{
    const piq_solve_piece *x = &s->m->pieces[i];
    int d = s->day[i];
    uint32_t last = s->placed[--s->n_placed];
    s->placed[s->place[i]] = last;
    s->place[last] = s->place[i];
    s->day[i] = -1;
    s->left[d] += x->ticks;
    s->total -= x->bonus;
    raise_levels(s, i, d, -1);
}

static void review(piq_solve_state *s, uint32_t t, int d)
{
    const piq_solve_topic *topic = &s->m->topics[t];
    int16_t *days = piq_solve_reviews_of(s, t);
    int k = s->n_reviews[t]++;
    for (; k > 0 && days[k - 1] > d; k--)
        days[k] = days[k - 1];
    days[k] = (int16_t)d;
    s->n_all_reviews++;
    s->left[d] -= topic->review_ticks;
    set_raw(s, t, s->raw[t] + topic->review_gain * topic->keep[d]);
}

static void unreview(piq_solve_state *s, uint32_t t, int d)
{
    const piq_solve_topic *topic = &s->m->topics[t];
    int16_t *days = piq_solve_reviews_of(s, t);
    int n = s->n_reviews[t], k = 0;
    while (days[k] != d)
        k++;
    for (; k + 1 < n; k++)
        days[k] = days[k + 1];
    s->n_reviews[t]--;
    s->n_all_reviews--;
    s->left[d] += topic->review_ticks;
    set_raw(s, t, s->raw[t] - topic->review_gain * topic->keep[d]);
}

void piq_solve_put(piq_solve_state *s, uint32_t i, int d)
{
    put(s, i, d);
    note_moved(s, i);
    write_down(s, (piq_solve_done){i, (int16_t)d, PIQ_SOLVE_PUT});
}

void piq_solve_take(piq_solve_state *s, uint32_t i)
{
    write_down(s, (piq_solve_done){i, s->day[i], PIQ_SOLVE_TOOK});
    take(s, i);
    note_moved(s, i);
}

void piq_solve_review(piq_solve_state *s, uint32_t t, int d)
{
    review(s, t, d);
    write_down(s, (piq_solve_done){t, (int16_t)d, PIQ_SOLVE_REVIEW});
}

void piq_solve_unreview(piq_solve_state *s, uint32_t t, int d)
{
    unreview(s, t, d);
    write_down(s, (piq_solve_done){t, (int16_t)d, PIQ_SOLVE_UNREVIEW});
}

/* ---- settling --------------------------------------------------------- */

static void drop_early(piq_solve_state *s, uint32_t t)
{
    const piq_solve_model *m = s->m;
    for (uint32_t k = m->own_at[t]; k < m->own_at[t + 1]; k++) {
        uint32_t i = m->own[k];
        if (s->day[i] >= 0 && s->day[i] < s->open_day[t])
            piq_solve_take(s, i);
    }
    while (s->n_reviews[t] && piq_solve_reviews_of(s, t)[0] < s->review_from[t])
        piq_solve_unreview(s, t, piq_solve_reviews_of(s, t)[0]);
}

static void drop_followers(piq_solve_state *s, uint32_t i)
{
    const piq_solve_model *m = s->m;
    for (uint32_t k = m->followers_at[i]; k < m->followers_at[i + 1]; k++) {
        uint32_t j = m->followers[k];
        if (s->day[j] >= 0 && (s->day[i] < 0 || s->day[j] < s->day[i]))
            piq_solve_take(s, j);
    }
}

void piq_solve_settle(piq_solve_state *s)
{
    while (s->n_late || s->n_moved) {
        if (s->n_late) {
            uint32_t t = s->late[--s->n_late];
            s->is_late[t] = false;
            drop_early(s, t);
        } else {
            uint32_t i = s->moved[--s->n_moved];
            s->is_moved[i] = false;
            drop_followers(s, i);
        }
    }
}

void piq_solve_settle_all(piq_solve_state *s)
{
    for (uint32_t t = 0; t < s->m->n_topics; t++)
        note_late(s, t);
    for (uint32_t i = 0; i < s->m->n_pieces; i++)
        note_moved(s, i);
    piq_solve_settle(s);
}

/* ---- the log ---------------------------------------------------------- */

static void undo_one(piq_solve_state *s, const piq_solve_done *done)
{
    switch (done->kind) {
    case PIQ_SOLVE_PUT:
        take(s, done->what);
        break;
    case PIQ_SOLVE_TOOK:
        put(s, done->what, done->day);
        break;
    case PIQ_SOLVE_REVIEW:
        unreview(s, done->what, done->day);
        break;
    case PIQ_SOLVE_UNREVIEW:
        review(s, done->what, done->day);
        break;
    }
}

/* What was settled before needs no settling after. */
static void forget_worries(piq_solve_state *s)
{
    while (s->n_late)
        s->is_late[s->late[--s->n_late]] = false;
    while (s->n_moved)
        s->is_moved[s->moved[--s->n_moved]] = false;
}

void piq_solve_undo(piq_solve_state *s, size_t n_log)
{
    PIQ_ASSERT(s->n_log <= s->room_log);
    while (s->n_log > n_log)
        undo_one(s, &s->log[--s->n_log]);
    forget_worries(s);
}

void piq_solve_keep(piq_solve_state *s)
{
    s->n_log = 0;
}

/* ---- making anew ------------------------------------------------------ */

void piq_solve_lure(piq_solve_state *s, const double *pull)
{
    const piq_solve_model *m = s->m;
    s->lured = 0;
    for (uint32_t t = 0; t < m->n_topics; t++) {
        s->pull[t] = m->topics[t].gates ? pull[t] : 0;
        s->lured += s->pull[t] * progress(&m->topics[t], s->level[t]);
    }
}

void piq_solve_refresh(piq_solve_state *s)
{
    const piq_solve_model *m = s->m;
    for (uint32_t t = 0; t < m->n_topics; t++) {
        const piq_solve_topic *topic = &m->topics[t];
        s->raw[t] = topic->raw0;
        for (int k = 0; k < s->n_reviews[t]; k++)
            s->raw[t] +=
                topic->review_gain * topic->keep[piq_solve_reviews_of(s, t)[k]];
    }
    s->total = 0;
    for (uint32_t i = 0; i < m->n_pieces; i++) {
        const piq_solve_piece *x = &m->pieces[i];
        if (s->day[i] < 0)
            continue;
        s->total += x->bonus;
        for (uint32_t k = 0; k < x->n_steps; k++) {
            const piq_solve_step *step = &m->steps[x->steps + k];
            s->raw[step->concept] +=
                step->gain * m->topics[step->concept].keep[s->day[i]];
        }
    }
    for (uint32_t t = 0; t < m->n_topics; t++) {
        s->worth[t] = piq_solve_worth(&m->topics[t], s->raw[t]);
        s->total += s->worth[t];
    }
}

bool piq_solve_may_review(const piq_solve_state *s, uint32_t t, int d)
{
    const piq_solve_topic *topic = &s->m->topics[t];
    const int16_t *days = piq_solve_reviews_of(s, t);
    if (s->n_reviews[t] >= topic->review_most || d < s->review_from[t] ||
        s->left[d] < topic->review_ticks)
        return false;
    for (int k = 0; k < s->n_reviews[t]; k++) {
        int apart = d - days[k];
        if (apart < topic->review_gap && -apart < topic->review_gap)
            return false;
    }
    return true;
}

static void start_empty(piq_solve_state *s)
{
    const piq_solve_model *m = s->m;
    memcpy(s->left, m->budget, m->n_days * sizeof *s->left);
    for (uint32_t i = 0; i < m->n_pieces; i++)
        s->day[i] = -1;
    for (uint32_t t = 0; t < m->n_topics; t++) {
        s->level[t] = m->topics[t].level0;
        int ready = first_reached(s, t, m->topics[t].ready);
        s->ready[t] = (int16_t)(ready < 0 ? 0 : ready);
    }
    for (uint32_t t = 0; t < m->n_topics; t++) {
        find_open_day(s, t);
        if (m->topics[t].review_most)
            find_review_from(s, t);
        else
            s->review_from[t] = (int16_t)m->n_days;
    }
    forget_worries(s);
    piq_solve_refresh(s);
}

piq_solve_state *piq_solve_state_new(piq_arena *a, const piq_solve_model *m)
{
    const size_t n = m->n_pieces, t = m->n_topics;
    piq_solve_state *s = piq_new(a, piq_solve_state, 1);
    if (!s)
        return NULL;
    *s = (piq_solve_state){
        .m = m, .room_log = ROOM_LOG + 4 * (n + t * PIQ_SOLVE_MAX_REVIEWS)};
    s->day = piq_new(a, int16_t, n);
    s->placed = piq_new(a, uint32_t, n);
    s->place = piq_new(a, uint32_t, n);
    s->left = piq_new(a, int64_t, m->n_days);
    s->gained = piq_new(a, int64_t, t * m->n_days);
    s->level = piq_new(a, int64_t, t);
    s->raw = piq_new(a, double, t);
    s->pull = piq_new(a, double, t);
    s->worth = piq_new(a, double, t);
    s->ready = piq_new(a, int16_t, t);
    s->open_day = piq_new(a, int16_t, t);
    s->review_from = piq_new(a, int16_t, t);
    s->reviews = piq_new(a, int16_t, t * PIQ_SOLVE_MAX_REVIEWS);
    s->n_reviews = piq_new(a, uint8_t, t);
    s->log = piq_new(a, piq_solve_done, s->room_log);
    s->late = piq_new(a, uint32_t, t);
    s->moved = piq_new(a, uint32_t, n);
    s->is_late = piq_new(a, bool, t);
    s->is_moved = piq_new(a, bool, n);
    if (!s->day || !s->placed || !s->place || !s->left || !s->gained ||
        !s->level || !s->raw || !s->pull || !s->worth || !s->ready ||
        !s->open_day || !s->review_from || !s->reviews || !s->n_reviews ||
        !s->log || !s->late || !s->moved || !s->is_late || !s->is_moved)
        return NULL;
    start_empty(s);
    return s;
}
