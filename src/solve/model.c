/* model.c - from a problem to what the search works on. */
#include "solve/model.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Units: a level of 1 is 10^12, a minute 10^9. Decimals as people write them
 * are exact; what a double cannot hold is far below the tolerance. */
static const double LEVEL_UNITS = 1e12;
static const double MINUTE_TICKS = 1e9;
static const double LEVEL_SLACK = 1e-9, MINUTE_SLACK = 5e-7;

/* Items of a concept beyond these are not looked at when there are many. */
enum { FEW_PIECES = 1500, MOST_PIECES = 2400, LEAST_PER_TOPIC = 8 };

typedef struct sieve {
    const piq_solve_problem *p;
    bool *concept; /* [n_concepts] matters */
    bool *item;    /* [n_items] may be used */
    bool *ready;   /* [n_concepts] can get ready at all */
    double *reach; /* [n_concepts] scratch */
    double longest_day;
} sieve;

/* ---- what can be done at all ------------------------------------------ */

static bool fits_some_day(const sieve *v, const piq_solve_item *x)
{
    const piq_solve_problem *p = v->p;
    if (x->minutes > v->longest_day + MINUTE_SLACK)
        return false;
    for (size_t d = x->first_day; d <= x->last_day && d < p->n_days; d++)
        if (x->minutes <= p->budget[d] + MINUTE_SLACK)
            return true;
    return false;
}

static bool is_open(const sieve *v, const piq_solve_item *x)
{
    const piq_solve_concept *main = &v->p->concepts[x->main];
    for (uint32_t k = 0; k < main->n_prerequisites; k++)
        if (!v->ready[main->prerequisites[k]])
            return false;
    return x->after == PIQ_SOLVE_NONE || v->item[x->after];
}

/* Takes out what cannot be studied, then what waits for it, until nothing
 * changes. */
static void keep_possible(sieve *v)
{
    const piq_solve_problem *p = v->p;
    for (size_t i = 0; i < p->n_items; i++)
        v->item[i] = fits_some_day(v, &p->items[i]);
    for (bool changed = true; changed;) {
        changed = false;
        for (size_t s = 0; s < p->n_concepts; s++)
            v->reach[s] = p->concepts[s].level0;
        for (size_t i = 0; i < p->n_items; i++)
            for (uint32_t k = 0; v->item[i] && k < p->items[i].n_gains; k++)
                v->reach[p->items[i].gains[k].concept] +=
                    p->items[i].gains[k].gain;
        for (size_t s = 0; s < p->n_concepts; s++)
            v->ready[s] = v->reach[s] >= p->concepts[s].ready - 2 * LEVEL_SLACK;
        for (size_t i = 0; i < p->n_items; i++)
            if (v->item[i] && !is_open(v, &p->items[i])) {
                v->item[i] = false;
                changed = true;
            }
    }
}

/* ---- what matters ----------------------------------------------------- */

static bool has_worth(const piq_solve_concept *c)
{
    return c->weight > 0 && c->value[c->n_value - 1] > c->value[0];
}

/* Marks a concept and all that it waits for; `stack` has room for every
 * concept. */
static bool mark_concept(const sieve *v, uint32_t s, uint32_t *stack)
{
    size_t n = 0;
    if (v->concept[s])
        return false;
    v->concept[s] = true;
    stack[n++] = s;
    while (n) {
        const piq_solve_concept *c = &v->p->concepts[stack[--n]];
        for (uint32_t k = 0; k < c->n_prerequisites; k++) {
            uint32_t q = c->prerequisites[k];
            if (!v->concept[q]) {
                v->concept[q] = true;
                stack[n++] = q;
            }
        }
    }
    return true;
}

static bool raises_what_matters(const sieve *v, const piq_solve_item *x)
{
    if (x->bonus > 0 || x->pinned)
        return true;
    for (uint32_t k = 0; k < x->n_gains; k++)
        if (x->gains[k].gain > 0 && v->concept[x->gains[k].concept])
            return true;
    return false;
}

/* Marks the concepts of weight and what they wait for, the items that raise
 * those or count by themselves, what these wait for in turn. `wanted`
 * [n_items]. */
static void mark_what_matters(const sieve *v, bool *wanted, uint32_t *stack)
{
    const piq_solve_problem *p = v->p;
    for (size_t s = 0; s < p->n_concepts; s++)
        if (has_worth(&p->concepts[s]))
            mark_concept(v, (uint32_t)s, stack);
    for (bool changed = true; changed;) {
        changed = false;
        for (size_t i = 0; i < p->n_items; i++) {
            const piq_solve_item *x = &p->items[i];
            if (!v->item[i] || !(wanted[i] || raises_what_matters(v, x)))
                continue;
            changed |= mark_concept(v, x->main, stack);
            wanted[i] = true;
            if (x->after != PIQ_SOLVE_NONE && !wanted[x->after])
                changed = wanted[x->after] = true;
        }
    }
    for (size_t i = 0; i < p->n_items; i++)
        v->item[i] = v->item[i] && wanted[i];
}

/* ---- the best of each concept ----------------------------------------- */

typedef struct rank {
    uint32_t main, item;
    double rate;
} rank;

static int best_first(const void *x, const void *y)
{
    const rank *a = x, *b = y;
    if (a->main != b->main)
        return a->main < b->main ? -1 : 1;
    if (a->rate != b->rate)
        return a->rate > b->rate ? -1 : 1;
    return (a->item > b->item) - (a->item < b->item);
}

static double rate_of(const sieve *v, const piq_solve_item *x)
{
    double sum = x->bonus;
    for (uint32_t k = 0; k < x->n_gains; k++)
        if (v->concept[x->gains[k].concept])
            sum += x->gains[k].gain;
    return sum / x->minutes;
}

/* An item that must stay stays with the ones that it comes after. */
static void keep_chain(const sieve *v, bool *keep, uint32_t i)
{
    for (; i != PIQ_SOLVE_NONE && !keep[i]; i = v->p->items[i].after)
        keep[i] = true;
}

static piq_status keep_best(piq_arena *a, sieve *v, const piq_solve_plan *start)
{
    const piq_solve_problem *p = v->p;
    size_t n = 0, n_topics = 0, at_main = 0;
    for (size_t i = 0; i < p->n_items; i++)
        n += v->item[i];
    if (n <= FEW_PIECES)
        return PIQ_OK;
    for (size_t s = 0; s < p->n_concepts; s++)
    n_topics += v->concept[s];
    size_t most = MOST_PIECES / (n_topics ? n_topics : 1);
    if (most < LEAST_PER_TOPIC)
        most = LEAST_PER_TOPIC;
    rank *ranks = piq_new(a, rank, n);
    bool *keep = piq_new(a, bool, p->n_items);
    if (!ranks || !keep)
        return PIQ_ENOMEM;
    n = 0;
    for (uint32_t i = 0; i < p->n_items; i++)
        if (v->item[i])
            ranks[n++] = (rank){p->items[i].main, i, rate_of(v, &p->items[i])};
    qsort(ranks, n, sizeof *ranks, best_first);
    for (size_t k = 0; k < n; k++) {
        uint32_t i = ranks[k].item;
        if (k && ranks[k].main != ranks[k - 1].main)
            at_main = 0;
        if (at_main++ < most || p->items[i].pinned || p->items[i].bonus > 0 ||
            (start && start->item_day[i] >= 0))
            keep_chain(v, keep, i);
    }
    for (size_t i = 0; i < p->n_items; i++)
        v->item[i] = v->item[i] && keep[i];
    return PIQ_OK;
}

/* ---- compiling -------------------------------------------------------- */

static int64_t in_units(double x, double units)
{
    const double most = 4e18; /* a threshold may be any number */
    x *= units;
    return x > most    ? (int64_t)most
           : x < -most ? -(int64_t)most
                       : (int64_t)llround(x);
}

/* Kept concepts, prerequisites first: a concept is written when all that it
 * waits for has been. topic[s] is its number. Quadratic only in the depth of
 * the graph. */
static size_t number_topics(const sieve *v, uint32_t *topic, uint32_t *order)
{
    const piq_solve_problem *p = v->p;
    size_t n = 0;
    for (size_t s = 0; s < p->n_concepts; s++)
        topic[s] = PIQ_SOLVE_NONE;
    for (size_t before = SIZE_MAX; before != n;) {
        before = n;
        for (uint32_t s = 0; s < p->n_concepts; s++) {
            const piq_solve_concept *c = &p->concepts[s];
            bool free = v->concept[s] && topic[s] == PIQ_SOLVE_NONE;
            for (uint32_t k = 0; free && k < c->n_prerequisites; k++)
                free = topic[c->prerequisites[k]] != PIQ_SOLVE_NONE;
            if (free) {
                topic[s] = (uint32_t)n;
                order[n++] = s;
            }
        }
    }
    return n;
}

static bool fill_topic(piq_arena *a, const piq_solve_concept *c, uint32_t s,
                       piq_solve_topic *t)
{
    double *worth = piq_new(a, double, (size_t)c->n_value + 1);
    if (!worth)
        return false;
    for (uint32_t k = 0; k <= c->n_value; k++)
        worth[k] = c->weight * c->value[k < c->n_value ? k : c->n_value - 1];
    *t = (piq_solve_topic){.level0 = in_units(c->level0, LEVEL_UNITS),
                           .ready =
                               in_units(c->ready - LEVEL_SLACK, LEVEL_UNITS),
                           .raw0 = c->kept0,
                           .keep = c->keep,
                           .worth = worth,
                           .per_step = 1 / c->value_step,
                           .n_worth = c->n_value,
                           .concept = s};
    if (c->review_gain == 0 || c->review_most == 0)
        return true;
    t->review_ready = in_units(c->review_ready - LEVEL_SLACK, LEVEL_UNITS);
    t->review_gain = c->review_gain;
    t->review_minutes = c->review_minutes;
    t->review_ticks = in_units(c->review_minutes, MINUTE_TICKS);
    t->review_lag = c->review_lag;
    t->review_gap = c->review_gap;
    t->review_most = c->review_most;
    t->review_first = c->review_first_day;
    return true;
}

static void fill_pieces(piq_solve_model *m, const sieve *v,
                        const uint32_t *topic, uint32_t *piece)
{
    const piq_solve_problem *p = v->p;
    uint32_t n = 0, n_steps = 0;
    for (uint32_t i = 0; i < p->n_items; i++)
        piece[i] = v->item[i] ? n++ : PIQ_SOLVE_NONE;
    for (uint32_t i = 0; i < p->n_items; i++) {
        const piq_solve_item *x = &p->items[i];
        if (!v->item[i])
            continue;
        piq_solve_piece *to = &m->pieces[piece[i]];
        *to = (piq_solve_piece){
            .ticks = in_units(x->minutes, MINUTE_TICKS),
            .minutes = x->minutes,
            .bonus = x->bonus + (x->pinned ? m->pin : 0),
            .main = topic[x->main],
            .after =
                x->after == PIQ_SOLVE_NONE ? PIQ_SOLVE_NONE : piece[x->after],
            .steps = n_steps,
            .first_day = x->first_day,
            .last_day = (uint16_t)(x->last_day < p->n_days ? x->last_day
                                                           : p->n_days - 1),
            .pinned = x->pinned,
            .item = i};
        for (uint32_t k = 0; k < x->n_gains; k++) {
            uint32_t s = topic[x->gains[k].concept];
            if (s == PIQ_SOLVE_NONE || x->gains[k].gain == 0)
                continue;
            m->steps[n_steps++] = (piq_solve_step){
                s, in_units(x->gains[k].gain, LEVEL_UNITS), x->gains[k].gain};
            to->n_steps++;
        }
    }
}

/* ---- who concerns whom ------------------------------------------------ */

/* Counts at [key + 1], then adds up, then fills: the usual three passes of a
 * list of lists, for pairs given one by one. */
typedef struct lists {
    uint32_t *at, *to;
} lists;

static void count_pair(lists *l, uint32_t key)
{
    l->at[key + 1]++;
}

static bool add_up(piq_arena *a, lists *l, size_t n)
{
    for (size_t k = 0; k < n; k++)
        l->at[k + 1] += l->at[k];
    l->to = piq_new(a, uint32_t, l->at[n]);
    return l->to != NULL;
}

/* `at` is moved on while filling, and moved back by settle_lists. */
static void put_pair(lists *l, uint32_t key, uint32_t value)
{
    l->to[l->at[key]++] = value;
}

static void settle_lists(lists *l, size_t n)
{
    for (size_t k = n; k > 0; k--)
        l->at[k] = l->at[k - 1];
    l->at[0] = 0;
}

static void link_topic(const piq_solve_model *m, const uint32_t *topic,
                       uint32_t t, lists *needs, lists *opens, bool fill)
{
    const piq_solve_concept *c = &m->problem->concepts[m->topics[t].concept];
    for (uint32_t k = 0; k < c->n_prerequisites; k++) {
        uint32_t q = topic[c->prerequisites[k]];
        if (fill) {
            put_pair(needs, t, q);
            put_pair(opens, q, t);
        } else {
            count_pair(needs, t);
            count_pair(opens, q);
        }
    }
}

static bool link_topics(piq_arena *a, piq_solve_model *m, const uint32_t *topic)
{
    uint32_t n = (uint32_t)m->n_topics;
    lists needs = {piq_new(a, uint32_t, (size_t)n + 1), NULL};
    lists opens = {piq_new(a, uint32_t, (size_t)n + 1), NULL};
    if (!needs.at || !opens.at)
        return false;
    for (uint32_t t = 0; t < n; t++)
        link_topic(m, topic, t, &needs, &opens, false);
    if (!add_up(a, &needs, n) || !add_up(a, &opens, n))
        return false;
    for (uint32_t t = 0; t < n; t++)
        link_topic(m, topic, t, &needs, &opens, true);
    settle_lists(&needs, n);
    settle_lists(&opens, n);
    for (uint32_t t = 0; t < n; t++)
        m->topics[t].gates = opens.at[t + 1] > opens.at[t];
    m->needs = needs.to;
    m->needs_at = needs.at;
    m->opens = opens.to;
    m->opens_at = opens.at;
    return true;
}

static void link_piece(const piq_solve_model *m, uint32_t i, lists *own,
                       lists *raised, lists *followers, bool fill)
{
    const piq_solve_piece *x = &m->pieces[i];
    if (fill) {
        put_pair(own, x->main, i);
        if (x->after != PIQ_SOLVE_NONE)
            put_pair(followers, x->after, i);
    } else {
        count_pair(own, x->main);
        if (x->after != PIQ_SOLVE_NONE)
            count_pair(followers, x->after);
    }
    for (uint32_t k = 0; k < x->n_steps; k++) {
        uint32_t t = m->steps[x->steps + k].concept;
        if (fill)
            put_pair(raised, t, i);
        else
            count_pair(raised, t);
    }
}

static bool link_pieces(piq_arena *a, piq_solve_model *m)
{
    lists own = {piq_new(a, uint32_t, m->n_topics + 1), NULL};
    lists raised = {piq_new(a, uint32_t, m->n_topics + 1), NULL};
    lists followers = {piq_new(a, uint32_t, m->n_pieces + 1), NULL};
    if (!own.at || !raised.at || !followers.at)
        return false;
    for (uint32_t i = 0; i < m->n_pieces; i++)
        link_piece(m, i, &own, &raised, &followers, false);
    if (!add_up(a, &own, m->n_topics) || !add_up(a, &raised, m->n_topics) ||
        !add_up(a, &followers, m->n_pieces))
        return false;
    for (uint32_t i = 0; i < m->n_pieces; i++)
        link_piece(m, i, &own, &raised, &followers, true);
    settle_lists(&own, m->n_topics);
    settle_lists(&raised, m->n_topics);
    settle_lists(&followers, m->n_pieces);
    m->own = own.to;
    m->own_at = own.at;
    m->raised = raised.to;
    m->raised_at = raised.at;
    m->followers = followers.to;
    m->followers_at = followers.at;
    return true;
}

/* ---- all of it -------------------------------------------------------- */

static double price_of_a_pin(const piq_solve_problem *p)
{
    double all = 1;
    for (size_t s = 0; s < p->n_concepts; s++) {
        const piq_solve_concept *c = &p->concepts[s];
        all += c->weight * (c->value[c->n_value - 1] - c->value[0]);
    }
    for (size_t i = 0; i < p->n_items; i++)
        all += fabs(p->items[i].bonus);
    return 2 * all;
}

static bool never_falls(const piq_solve_problem *p)
{
    for (size_t s = 0; s < p->n_concepts; s++) {
        const double *keep = p->concepts[s].keep;
        if (s && keep == p->concepts[s - 1].keep)
            continue;
        for (size_t d = 1; d < p->n_days; d++)
            if (keep[d] < keep[d - 1])
                return false;
    }
    return true;
}

static bool make_sieve(piq_arena *a, const piq_solve_problem *p, sieve *v)
{
    *v = (sieve){.p = p,
                 .concept = piq_new(a, bool, p->n_concepts),
                 .item = piq_new(a, bool, p->n_items),
                 .ready = piq_new(a, bool, p->n_concepts),
                 .reach = piq_new(a, double, p->n_concepts)};
    for (size_t d = 0; d < p->n_days; d++)
        v->longest_day = fmax(v->longest_day, p->budget[d]);
    return v->concept && v->item && v->ready && v->reach;
}

/* What is kept, by the rules above. `stack` [n_concepts]. */
static piq_status sift(piq_arena *a, sieve *v, const piq_solve_plan *start,
                       bool all, uint32_t *stack)
{
    const piq_solve_problem *p = v->p;
    bool *wanted = piq_new(a, bool, p->n_items);
    if (!wanted)
        return PIQ_ENOMEM;
    for (size_t i = 0; start && i < p->n_items; i++)
        wanted[i] = start->item_day[i] >= 0;
    keep_possible(v);
    mark_what_matters(v, wanted, stack);
    return all ? PIQ_OK : keep_best(a, v, start);
}

static piq_status compile(piq_arena *a, piq_solve_model *m, const sieve *v,
                          uint32_t *topic, uint32_t *order)
{
    const piq_solve_problem *p = v->p;
    size_t n_gains = 0;
    m->n_topics = number_topics(v, topic, order);
    for (size_t i = 0; i < p->n_items; i++) {
        m->n_pieces += v->item[i];
        n_gains += v->item[i] ? p->items[i].n_gains : 0;
    }
    m->topics = piq_new(a, piq_solve_topic, m->n_topics);
    m->pieces = piq_new(a, piq_solve_piece, m->n_pieces);
    m->steps = piq_new(a, piq_solve_step, n_gains);
    m->budget = piq_new(a, int64_t, m->n_days);
    uint32_t *piece = piq_new(a, uint32_t, p->n_items);
    if (!m->topics || !m->pieces || !m->steps || !m->budget || !piece)
        return PIQ_ENOMEM;
    for (size_t d = 0; d < m->n_days; d++)
        m->budget[d] = in_units(p->budget[d] + MINUTE_SLACK, MINUTE_TICKS);
    for (uint32_t t = 0; t < m->n_topics; t++)
        if (!fill_topic(a, &p->concepts[order[t]], order[t], &m->topics[t]))
            return PIQ_ENOMEM;
    fill_pieces(m, v, topic, piece);
    return link_topics(a, m, topic) && link_pieces(a, m) ? PIQ_OK : PIQ_ENOMEM;
}

piq_status piq_solve_model_new(piq_arena *a, const piq_solve_problem *p,
                               const piq_solve_plan *start, bool all,
                               piq_solve_model **out)
{
    sieve v;
    piq_solve_model *m = piq_new(a, piq_solve_model, 1);
    uint32_t *topic = piq_new(a, uint32_t, p->n_concepts);
    uint32_t *order = piq_new(a, uint32_t, p->n_concepts);
    if (!m || !topic || !order || !make_sieve(a, p, &v))
        return PIQ_ENOMEM;
    piq_status status = sift(a, &v, start, all, order);
    if (status)
        return status;
    m->problem = p;
    m->n_days = p->n_days;
    m->pin = price_of_a_pin(p);
    m->later_is_better = never_falls(p);
    status = compile(a, m, &v, topic, order);
    if (status == PIQ_OK)
        *out = m;
    return status;
}
