/* bound.c - a value that no plan exceeds, by Lagrangian relaxation.
 *
 * Three kinds of rule are taken out of the problem and paid for instead:
 *
 *     price[t]      of a unit of raw: raw_t <= raw0_t + what is learned
 *     minute[d]     of a minute:      minutes of day d <= budget
 *     toll[need][d] of being early:   demand_g X_i(d) <= sum coef_j X_j(d)
 *
 * X_i(d) is 1 when piece i is studied on day d or before. The last is the
 * prerequisite rule, cumulative and tightened: demand is what the level lacks
 * at the start, no piece counts for more than all of it, and what is studied
 * once stays studied. The same with one provider says "after".
 *
 * What is left falls apart: each piece picks its best day, each topic its best
 * raw on the concave hull of its worth, each topic its best reviews. For any
 * prices >= 0 the sum of those is a bound; the prices are improved by
 * deflected subgradient steps of Polyak's length (Held, Wolfe & Crowder 1974;
 * Camerini, Fratta & Maffioli 1975). In the limit the bound is that of the
 * linear relaxation with the tightened rules. */
#include "solve/check.h"
#include "solve/model.h"

#include <math.h>
#include <string.h>

static const size_t WORK_BYTES = (size_t)1 << 30;

typedef struct provider {
    uint32_t gate;
    double coef;
} provider;

typedef struct lagrange {
    const piq_solve_model *m;
    size_t n_days, n_gates, n_needs, n_prices;

    /* A gate is a topic that lacks something to be ready, one that lacks
     * something to be reviewed, or a piece that others come after. */
    double *demand;        /* [n_gates] */
    provider *gives;       /* of each piece, [gives_at[i]..gives_at[i+1]] */
    uint32_t *gives_at;    /* [n_pieces+1] */
    uint32_t *needs;       /* gates that each piece waits for */
    uint32_t *needs_at;    /* [n_pieces+1] */
    uint32_t *review_gate; /* [n_topics] PIQ_SOLVE_NONE: reviewed at once */

    /* Prices and their slopes: topics, days, needs x days, topics x days. */
    double *price, *slope, *step;
    size_t at_minute, at_toll, at_review;

    double *due;      /* [n_gates][n_days] tolls of all who wait, summed */
    double *given;    /* [n_gates][n_days] what is provided by each day */
    double *profit;   /* [n_days] of one piece */
    int16_t *day;     /* [n_pieces] chosen, -1: none */
    double *learned;  /* [n_topics] raw that the choice gives */
    double *hull_raw; /* corners of each topic's hull */
    double *hull_worth;
    uint32_t *hull_at; /* [n_topics+1] */
} lagrange;

/* ---- the hull of worth ------------------------------------------------ */

static double most_raw(const piq_solve_model *m, uint32_t t)
{
    const piq_solve_topic *x = &m->topics[t];
    double keep = 0, sum = x->review_most * x->review_gain;
    for (size_t d = 0; d < m->n_days; d++)
        keep = fmax(keep, x->keep[d]);
    for (uint32_t k = m->raised_at[t]; k < m->raised_at[t + 1]; k++) {
        const piq_solve_piece *y = &m->pieces[m->raised[k]];
        for (uint32_t j = 0; j < y->n_steps; j++)
            if (m->steps[y->steps + j].concept == t)
                sum += m->steps[y->steps + j].gain;
    }
    return x->raw0 + sum * keep;
}

/* Adds a corner, and drops the ones that it leaves below the hull. */
static void add_corner(lagrange *l, uint32_t first, uint32_t *n, double raw,
                       double worth)
{
    double *x = l->hull_raw, *y = l->hull_worth;
    while (*n - first >= 2 && (y[*n - 1] - y[*n - 2]) * (raw - x[*n - 2]) <=
                                  (worth - y[*n - 2]) * (x[*n - 1] - x[*n - 2]))
        (*n)--;
    x[*n] = raw;
    y[*n] = worth;
    (*n)++;
}

static bool make_hulls(piq_arena *a, lagrange *l)
{
    const piq_solve_model *m = l->m;
    size_t room = 0;
    uint32_t n = 0;
    for (uint32_t t = 0; t < m->n_topics; t++)
        room += (size_t)m->topics[t].n_worth + 2;
    l->hull_raw = piq_new(a, double, room);
    l->hull_worth = piq_new(a, double, room);
    l->hull_at = piq_new(a, uint32_t, m->n_topics + 1);
    if (!l->hull_raw || !l->hull_worth || !l->hull_at)
        return false;
    for (uint32_t t = 0; t < m->n_topics; t++) {
        const piq_solve_topic *x = &m->topics[t];
        double low = x->raw0, high = most_raw(m, t);
        l->hull_at[t] = n;
        add_corner(l, n, &n, low, piq_solve_worth(x, low));
        for (uint32_t k = 0; k < x->n_worth; k++) {
            double raw = k / x->per_step;
            if (raw > low && raw < high)
                add_corner(l, l->hull_at[t], &n, raw, x->worth[k]);
        }
        if (high > low)
            add_corner(l, l->hull_at[t], &n, high, piq_solve_worth(x, high));
    }
    l->hull_at[m->n_topics] = n;
    return true;
}

/* ---- gates ------------------------------------------------------------ */

/* Levels in the search's units; a demand of 1 is all that is lacking. */
static double share_of(int64_t level, int64_t lacking)
{
    return level >= lacking ? 1 : (double)level / (double)lacking;
}

typedef struct gate_ids {
    uint32_t *ready; /* [n_topics] */
    uint32_t *after; /* [n_pieces] */
} gate_ids;

static void number_gates(lagrange *l, gate_ids *g)
{
    const piq_solve_model *m = l->m;
    uint32_t n = 0;
    for (uint32_t t = 0; t < m->n_topics; t++) {
        const piq_solve_topic *x = &m->topics[t];
        g->ready[t] = x->gates && x->ready > x->level0 ? n++ : PIQ_SOLVE_NONE;
        l->review_gate[t] = x->review_most && x->review_ready > x->level0
                                ? n++
                                : PIQ_SOLVE_NONE;
    }
    for (uint32_t i = 0; i < m->n_pieces; i++)
        g->after[i] =
            m->followers_at[i + 1] > m->followers_at[i] ? n++ : PIQ_SOLVE_NONE;
    l->n_gates = n;
}

static void fill_piece(lagrange *l, const gate_ids *g, uint32_t i,
                       uint32_t *n_gives, uint32_t *n_needs)
{
    const piq_solve_model *m = l->m;
    const piq_solve_piece *x = &m->pieces[i];
    for (uint32_t k = 0; k < x->n_steps; k++) {
        const piq_solve_step *s = &m->steps[x->steps + k];
        const piq_solve_topic *t = &m->topics[s->concept];
        uint32_t ready = g->ready[s->concept];
        uint32_t review = l->review_gate[s->concept];
        if (ready != PIQ_SOLVE_NONE)
            l->gives[(*n_gives)++] =
                (provider){ready, share_of(s->level, t->ready - t->level0)};
        if (review != PIQ_SOLVE_NONE)
            l->gives[(*n_gives)++] = (provider){
                review, share_of(s->level, t->review_ready - t->level0)};
    }
    if (g->after[i] != PIQ_SOLVE_NONE)
        l->gives[(*n_gives)++] = (provider){g->after[i], 1};
    for (uint32_t k = m->needs_at[x->main]; k < m->needs_at[x->main + 1]; k++)
        if (g->ready[m->needs[k]] != PIQ_SOLVE_NONE)
            l->needs[(*n_needs)++] = g->ready[m->needs[k]];
    if (x->after != PIQ_SOLVE_NONE)
        l->needs[(*n_needs)++] = g->after[x->after];
}

static bool make_gates(piq_arena *a, lagrange *l)
{
    const piq_solve_model *m = l->m;
    size_t most_gives = 0, most_needs = 0;
    uint32_t n_gives = 0, n_needs = 0;
    for (uint32_t i = 0; i < m->n_pieces; i++) {
        uint32_t t = m->pieces[i].main;
        most_gives += 2 * (size_t)m->pieces[i].n_steps + 1;
        most_needs += m->needs_at[t + 1] - m->needs_at[t] + 1;
    }
    gate_ids g = {piq_new(a, uint32_t, m->n_topics),
                  piq_new(a, uint32_t, m->n_pieces)};
    l->review_gate = piq_new(a, uint32_t, m->n_topics);
    l->gives = piq_new(a, provider, most_gives);
    l->gives_at = piq_new(a, uint32_t, m->n_pieces + 1);
    l->needs = piq_new(a, uint32_t, most_needs);
    l->needs_at = piq_new(a, uint32_t, m->n_pieces + 1);
    if (!g.ready || !g.after || !l->review_gate || !l->gives || !l->gives_at ||
        !l->needs || !l->needs_at)
        return false;
    number_gates(l, &g);
    for (uint32_t i = 0; i < m->n_pieces; i++) {
        l->gives_at[i] = n_gives;
        l->needs_at[i] = n_needs;
        fill_piece(l, &g, i, &n_gives, &n_needs);
    }
    l->gives_at[m->n_pieces] = n_gives;
    l->needs_at[m->n_pieces] = n_needs;
    l->n_needs = n_needs;
    return true;
}

static bool make_prices(piq_arena *a, lagrange *l)
{
    const piq_solve_model *m = l->m;
    const size_t d = m->n_days;
    l->at_minute = m->n_topics;
    l->at_toll = l->at_minute + d;
    l->at_review = l->at_toll + l->n_needs * d;
    l->n_prices = l->at_review + m->n_topics * d;
    l->price = piq_new(a, double, l->n_prices);
    l->slope = piq_new(a, double, l->n_prices);
    l->step = piq_new(a, double, l->n_prices);
    l->due = piq_new(a, double, l->n_gates *d);
    l->given = piq_new(a, double, l->n_gates *d);
    l->profit = piq_new(a, double, d);
    l->day = piq_new(a, int16_t, m->n_pieces);
    l->learned = piq_new(a, double, m->n_topics);
    return l->price && l->slope && l->step && l->due && l->given && l->profit &&
           l->day && l->learned;
}

/* ---- the relaxed problem at given prices ------------------------------ */

/* Tolls add up backwards: who is early pays from his day to the end. */
static void sum_tolls(lagrange *l)
{
    const size_t n = l->n_days;
    memset(l->due, 0, l->n_gates * n * sizeof *l->due);
    for (size_t k = 0; k < l->n_needs; k++) {
        const double *toll = l->price + l->at_toll + k * n;
        double *due = l->due + l->needs[k] * n;
        for (size_t d = 0; d < n; d++)
            due[d] += toll[d];
    }
    for (uint32_t t = 0; t < l->m->n_topics; t++) {
        const double *toll = l->price + l->at_review + t * n;
        size_t lag = l->m->topics[t].review_lag;
        if (l->review_gate[t] == PIQ_SOLVE_NONE)
            continue;
        double *due = l->due + l->review_gate[t] * n;
        for (size_t d = lag; d < n; d++)
            due[d - lag] += toll[d];
    }
    for (size_t g = 0; g < l->n_gates; g++)
        for (size_t d = n - 1; d-- > 0;)
            l->due[g * n + d] += l->due[g * n + d + 1];
}

static void price_days(const lagrange *l, uint32_t i)
{
    const size_t n = l->n_days;
    const piq_solve_model *m = l->m;
    const piq_solve_piece *x = &m->pieces[i];
    double *profit = l->profit;
    double bonus = x->pinned ? x->bonus - m->pin : x->bonus;
    for (size_t d = 0; d < n; d++)
        profit[d] = bonus - l->price[l->at_minute + d] * x->minutes;
    for (uint32_t k = 0; k < x->n_steps; k++) {
        const piq_solve_step *s = &m->steps[x->steps + k];
        const double *keep = m->topics[s->concept].keep;
        double each = l->price[s->concept] * s->gain;
        for (size_t d = 0; d < n; d++)
            profit[d] += each * keep[d];
    }
    for (uint32_t k = l->gives_at[i]; k < l->gives_at[i + 1]; k++) {
        const double *due = l->due + l->gives[k].gate * n;
        for (size_t d = 0; d < n; d++)
            profit[d] += l->gives[k].coef * due[d];
    }
    for (uint32_t k = l->needs_at[i]; k < l->needs_at[i + 1]; k++) {
        const double *toll = l->price + l->at_toll + k * n;
        double sum = 0;
        for (size_t d = n; d-- > 0;) {
            sum += toll[d];
            profit[d] -= sum;
        }
    }
}

static double choose_piece(lagrange *l, uint32_t i)
{
    const piq_solve_model *m = l->m;
    const piq_solve_piece *x = &m->pieces[i];
    double best = 0;
    price_days(l, i);
    l->day[i] = -1;
    for (int d = x->first_day; d <= x->last_day; d++)
        if (l->profit[d] > best && x->ticks <= m->budget[d]) {
            best = l->profit[d];
            l->day[i] = (int16_t)d;
        }
    return best;
}

/* The best days for at most review_most reviews, review_gap apart: best[k][d]
 * of k reviews up to day d. Marks them in the slopes of the day's minutes and
 * of what they wait for. */
static double choose_reviews(lagrange *l, uint32_t t)
{
    const piq_solve_model *m = l->m;
    const piq_solve_topic *x = &m->topics[t];
    const int n = (int)l->n_days, most = x->review_most;
    double best[PIQ_SOLVE_MAX_REVIEWS + 1][PIQ_SOLVE_MAX_DAYS + 1];
    const double *toll = l->price + l->at_review + t * l->n_days;
    for (int d = 0; d <= n; d++)
        best[0][d] = 0;
    for (int d = 0; d < n; d++)
        l->profit[d] = l->price[t] * x->review_gain * x->keep[d] - toll[d] -
                       l->price[l->at_minute + (size_t)d] * x->review_minutes;
    for (int k = 1; k <= most; k++) {
        best[k][0] = 0;
        for (int d = 0; d < n; d++) {
            int before = d + 1 - x->review_gap;
            double with = l->profit[d] + best[k - 1][before > 0 ? before : 0];
            bool may = d >= x->review_first && x->review_ticks <= m->budget[d];
            best[k][d + 1] = may && with > best[k][d] ? with : best[k][d];
        }
    }
    double *minutes = l->slope + l->at_minute;
    double *waits = l->slope + l->at_review + t * l->n_days;
    for (int k = most, d = n; k > 0 && d > 0; d--) {
        if (best[k][d] == best[k][d - 1])
            continue;
        minutes[d - 1] += x->review_minutes;
        waits[d - 1] += 1;
        l->learned[t] += x->review_gain * x->keep[d - 1];
        k--;
        d = d - x->review_gap + 1 > 0 ? d - x->review_gap + 1 : 1;
    }
    return best[most][n];
}

static double choose_raw(lagrange *l, uint32_t t)
{
    double best = -INFINITY, at = 0;
    double raw0 = l->m->topics[t].raw0;
    for (uint32_t k = l->hull_at[t]; k < l->hull_at[t + 1]; k++) {
        double worth = l->hull_worth[k] - l->price[t] * (l->hull_raw[k] - raw0);
        if (worth > best) {
            best = worth;
            at = l->hull_raw[k] - raw0;
        }
    }
    l->slope[t] += at;
    return best;
}

/* ---- slopes: what is used too much ------------------------------------ */

static void note_piece(lagrange *l, uint32_t i)
{
    const piq_solve_model *m = l->m;
    const piq_solve_piece *x = &m->pieces[i];
    const size_t n = l->n_days;
    if (l->day[i] < 0)
        return;
    size_t d = (size_t)l->day[i];
    l->slope[l->at_minute + d] += x->minutes;
    for (uint32_t k = 0; k < x->n_steps; k++) {
        const piq_solve_step *s = &m->steps[x->steps + k];
        l->learned[s->concept] += s->gain * m->topics[s->concept].keep[d];
    }
    for (uint32_t k = l->gives_at[i]; k < l->gives_at[i + 1]; k++)
        l->given[l->gives[k].gate * n + d] += l->gives[k].coef;
}

static void slope_tolls(lagrange *l)
{
    const size_t n = l->n_days;
    const piq_solve_model *m = l->m;
    for (size_t g = 0; g < l->n_gates; g++)
        for (size_t d = 1; d < n; d++)
            l->given[g * n + d] += l->given[g * n + d - 1];
    for (uint32_t i = 0; i < m->n_pieces; i++)
        for (uint32_t k = l->needs_at[i]; k < l->needs_at[i + 1]; k++) {
            double *slope = l->slope + l->at_toll + k * n;
            const double *given = l->given + l->needs[k] * n;
            for (size_t d = 0; d < n; d++)
                slope[d] =
                    (l->day[i] >= 0 && (int)d >= l->day[i] ? 1 : 0) - given[d];
        }
    for (uint32_t t = 0; t < m->n_topics; t++) {
        double *slope = l->slope + l->at_review + t * n;
        size_t lag = m->topics[t].review_lag;
        for (size_t d = 0; d < n; d++)
            if (l->review_gate[t] == PIQ_SOLVE_NONE)
                slope[d] = 0;
            else if (d >= lag)
                slope[d] -= l->given[l->review_gate[t] * n + d - lag];
    }
}

/* The bound at the present prices, and the slope in each of them (positive:
 * it should cost more). */
static double evaluate(lagrange *l)
{
    const piq_solve_model *m = l->m;
    const size_t n = l->n_days;
    double sum = 0;
    memset(l->slope, 0, l->n_prices * sizeof *l->slope);
    memset(l->given, 0, l->n_gates * n * sizeof *l->given);
    memset(l->learned, 0, m->n_topics * sizeof *l->learned);
    sum_tolls(l);
    for (size_t d = 0; d < n; d++) {
        double budget = m->problem->budget[d] + 1e-6;
        sum += l->price[l->at_minute + d] * budget;
        l->slope[l->at_minute + d] -= budget;
    }
    for (uint32_t i = 0; i < m->n_pieces; i++) {
        sum += choose_piece(l, i);
        note_piece(l, i);
    }
    for (uint32_t t = 0; t < m->n_topics; t++) {
        sum += choose_raw(l, t);
        if (m->topics[t].review_most)
            sum += choose_reviews(l, t);
        l->slope[t] -= l->learned[t];
    }
    slope_tolls(l);
    return sum;
}

/* ---- the descent ------------------------------------------------------ */

static const double FIRST_STRIDE = 1, DEFLECT = .9, LEAST_STRIDE = 1e-5;
/* Rounds without a better bound until strides are halved: so that all halvings
 * fit the rounds there are. */
enum { HALVINGS = 16, LEAST_PATIENCE = 8, MOST_PATIENCE = 150 };
enum { SEARCH_ITERATIONS = 400 };

/* What a price is of the size of, so that one stride fits all: what a minute
 * is worth on the whole, what raw is worth to its topic, ten minutes. */
static void set_steps(lagrange *l, double worth)
{
    const piq_solve_model *m = l->m;
    double minutes = 1;
    for (size_t d = 0; d < l->n_days; d++)
        minutes += m->problem->budget[d];
    double each = fmax(worth, 1e-9) / minutes;
    for (uint32_t t = 0; t < m->n_topics; t++) {
        uint32_t a = l->hull_at[t], b = l->hull_at[t + 1] - 1;
        double run = l->hull_raw[b] - l->hull_raw[a];
        double slope =
            run > 0 ? (l->hull_worth[b] - l->hull_worth[a]) / run : 0;
        l->price[t] = slope;
        l->step[t] = slope + 3 * each;
    }
    for (size_t d = 0; d < l->n_days; d++) {
        l->price[l->at_minute + d] = each;
        l->step[l->at_minute + d] = each;
    }
    for (size_t k = l->at_toll; k < l->n_prices; k++)
        l->step[k] = 10 * each;
}

/* One stride against the bound from the present prices; `dir` holds where the
 * last ones went. */
static void stride(lagrange *l, double *dir, double excess)
{
    double square = 0;
    for (size_t k = 0; k < l->n_prices; k++) {
        double slope = l->slope[k] * l->step[k];
        if (l->price[k] <= 0 && slope < 0)
            slope = 0; /* it cannot cost less */
        dir[k] = slope + DEFLECT * dir[k];
        square += dir[k] * dir[k];
    }
    if (square <= 0)
        return;
    double length = excess / square;
    for (size_t k = 0; k < l->n_prices; k++)
        l->price[k] = fmax(0, l->price[k] + length * dir[k] * l->step[k]);
}

static piq_status descend(piq_arena *a, lagrange *l, double target,
                          size_t rounds, double *bound)
{
    double *dir = piq_new(a, double, l->n_prices);
    double *best_price = piq_new(a, double, l->n_prices);
    if (!dir || !best_price)
        return PIQ_ENOMEM;
    double theta = FIRST_STRIDE, best = INFINITY;
    size_t since = 0, patience = rounds / HALVINGS;
    patience = patience < LEAST_PATIENCE  ? LEAST_PATIENCE
               : patience > MOST_PATIENCE ? MOST_PATIENCE
                                          : patience;
    for (size_t k = 0; k <= rounds && theta > LEAST_STRIDE; k++) {
        double now = evaluate(l);
        since++;
        if (now < best) {
            since = now < best - 1e-5 * fabs(best) ? 0 : since;
            best = now;
            memcpy(best_price, l->price, l->n_prices * sizeof *best_price);
        }
        if (since > patience) {
            theta /= 2;
            since = 0;
            memcpy(l->price, best_price, l->n_prices * sizeof *best_price);
            memset(dir, 0, l->n_prices * sizeof *dir);
            now = evaluate(l);
        }
        stride(l, dir, theta * fmax(now - target, 1e-9));
    }
    *bound = best;
    return PIQ_OK;
}

/* ---- all of it -------------------------------------------------------- */

/* Topics that do not matter have one worth whatever is done. */
static double rest_of(const piq_solve_model *m)
{
    const piq_solve_problem *p = m->problem;
    double sum = 0;
    for (size_t s = 0; s < p->n_concepts; s++)
        sum += p->concepts[s].weight * p->concepts[s].value[0];
    for (uint32_t t = 0; t < m->n_topics; t++) {
        const piq_solve_concept *c = &p->concepts[m->topics[t].concept];
        sum -= c->weight * c->value[0];
    }
    return sum;
}

static piq_status bound_it(piq_arena *work, const piq_solve_problem *p,
                           double target, size_t rounds, double *out)
{
    piq_solve_model *m;
    piq_status status = piq_solve_model_new(work, p, NULL, true, &m);
    if (status)
        return status;
    lagrange l = {.m = m, .n_days = m->n_days};
    if (!make_hulls(work, &l) || !make_gates(work, &l) ||
        !make_prices(work, &l))
        return PIQ_ENOMEM;
    double rest = rest_of(m), worth = target - rest;
    for (uint32_t t = 0; t < m->n_topics; t++)
        worth -= piq_solve_worth(&m->topics[t], m->topics[t].raw0);
    set_steps(&l, worth);
    double bound;
    status = descend(work, &l, target - rest, rounds, &bound);
    if (status == PIQ_OK)
        *out = bound + rest;
    return status;
}

piq_status piq_solve_bound(piq_arena *a, const piq_solve_problem *p,
                           size_t rounds, double *out, piq_err *err)
{
    piq_solve_plan plan;
    piq_arena work;
    const piq_solve_options quick = {.iterations = SEARCH_ITERATIONS};
    (void)a;
    piq_arena_init(&work, WORK_BYTES);
    piq_status status = piq_solve(&work, p, &quick, NULL, &plan, err);
    if (status == PIQ_OK && !p->n_days)
        *out = plan.value;
    else if (status == PIQ_OK) {
        status = bound_it(&work, p, plan.value, rounds, out);
        if (status)
            piq_fail(err, status, "no memory to bound the plan");
    }
    piq_arena_release(&work);
    return status;
}
