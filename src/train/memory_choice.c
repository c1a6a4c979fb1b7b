#include "train/memory_choice.h"

#include "train/fsrs_fit.h"

#include <math.h>
#include <string.h>

/* Chances beyond are rounding, for the loss. */
#define LEAST_CHANCE 1e-7
/* So many cards' worth of "nothing changes". */
#define CARRY_PRIOR  3.0

/* ---- how well the latest were foreseen ----------------------------------- */

static double loss_of(const piq_fsrs_params *p, piq_fsrs_state x, int days,
                      bool passed)
{
    double r = piq_fsrs_recall(p, days, x.stability_days);
    r = fmin(fmax(r, LEAST_CHANCE), 1 - LEAST_CHANCE);
    return -log(passed ? r : 1 - r);
}

typedef struct sums {
    double n, before, after, gain_sq;
} sums;

/* Items from `since_ms` on, under both. */
static void add_trial(sums *s, const piq_fsrs_cards *c, int64_t since_ms,
                      const piq_fsrs_params *before,
                      const piq_fsrs_params *after)
{
    for (size_t card = 0; card < c->n; card++) {
        piq_fsrs_state x = {0, 0}, y = {0, 0};
        for (size_t i = c->first[card]; i < c->first[card + 1]; i++) {
            const piq_fsrs_review *r = &c->reviews[i];
            bool item = piq_fsrs_is_item(c, c->first[card], i);
            if (item && r->at_ms >= since_ms) {
                double a = loss_of(before, x, r->elapsed_days, r->rating > 1);
                double b = loss_of(after, y, r->elapsed_days, r->rating > 1);
                s->n += 1;
                s->before += a;
                s->after += b;
                s->gain_sq += (a - b) * (a - b);
            }
            x = piq_fsrs_next(before, x, r->elapsed_days, r->rating);
            y = piq_fsrs_next(after, y, r->elapsed_days, r->rating);
        }
    }
}

static piq_memory_trial trial_of(const sums *s)
{
    piq_memory_trial t = {.n = (size_t)s->n, .before = NAN, .after = NAN};
    if (s->n < 2)
        return t;
    t.before = s->before / s->n;
    t.after = s->after / s->n;
    double gain = t.before - t.after;
    double variance = fmax(0, s->gain_sq / s->n - gain * gain);
    t.pays = gain >= PIQ_CHOICE_LEAST_GAIN && gain > sqrt(variance / s->n);
    return t;
}

/* ---- all but the latest ---------------------------------------------------
 */

typedef struct learner {
    const piq_memory_history *h;
    piq_fsrs_cards early; /* before since_ms */
    int64_t since_ms;
    size_t n_items;
} learner;

/* The cards with their reviews before `since_ms`. */
static piq_status cut(piq_arena *a, const piq_fsrs_cards *c, int64_t since_ms,
                      piq_fsrs_cards *out)
{
    size_t *first = piq_new(a, size_t, c->n + 1);
    piq_fsrs_review *reviews =
        piq_new(a, piq_fsrs_review, piq_fsrs_n_reviews(c));
    size_t n = 0;
    if (!first || !reviews)
        return PIQ_ENOMEM;
    for (size_t card = 0; card < c->n; card++) {
        first[card] = n;
        for (size_t i = c->first[card]; i < c->first[card + 1]; i++)
            if (c->reviews[i].at_ms < since_ms)
                reviews[n++] = c->reviews[i];
    }
    first[c->n] = n;
    *out = (piq_fsrs_cards){c->n, first, reviews};
    return PIQ_OK;
}

static piq_status prepare(piq_arena *a, const piq_memory_history *h,
                          learner *out, piq_err *err)
{
    uint32_t *order;
    *out = (learner){.h = h, .since_ms = INT64_MAX};
    piq_status status = piq_fsrs_cards_check(&h->cards, err);
    if (status == PIQ_OK)
        status = piq_fsrs_item_order(a, &h->cards, &order, &out->n_items);
    if (status)
        return status;
    size_t n = out->n_items;
    size_t latest = (size_t)ceil(PIQ_CHOICE_LATEST_SHARE * (double)n);
    if (latest && latest < n)
        out->since_ms = h->cards.reviews[order[n - latest]].at_ms;
    return cut(a, &h->cards, out->since_ms, &out->early);
}

/* ---- what carries states over ---------------------------------------------
 */

enum { N = PIQ_N_CARRY };

/* Solves the symmetric m x = y in place by elimination; m is positive. */
static void solve(double m[N][N], double *y)
{
    for (int k = 0; k < N; k++)
        for (int i = k + 1; i < N; i++) {
            double f = m[i][k] / m[k][k];
            for (int j = k; j < N; j++)
                m[i][j] -= f * m[k][j];
            y[i] -= f * y[k];
        }
    for (int k = N; k-- > 0;) {
        for (int j = k + 1; j < N; j++)
            y[k] -= m[k][j] * y[j];
        y[k] /= m[k][k];
    }
}

void piq_memory_carry(const piq_fsrs_cards *cards, const piq_fsrs_params *from,
                      const piq_fsrs_params *to, piq_fitted *out)
{
    static const double same_s[N] = PIQ_CARRY_STABILITY;
    static const double same_d[N] = PIQ_CARRY_DIFFICULTY;
    double m[N][N] = {{0}}, again[N][N], s[N] = {0}, d[N] = {0};
    for (int k = 0; k < N; k++)
        m[k][k] = CARRY_PRIOR;
    /* Regressed is the change, so that the prior is none. */
    for (size_t card = 0; card < cards->n; card++) {
        piq_fsrs_state x = {0, 0}, y = {0, 0};
        for (size_t i = cards->first[card]; i < cards->first[card + 1]; i++) {
            const piq_fsrs_review *r = &cards->reviews[i];
            x = piq_fsrs_next(from, x, r->elapsed_days, r->rating);
            y = piq_fsrs_next(to, y, r->elapsed_days, r->rating);
        }
        if (x.stability_days <= 0)
            continue;
        double ln_s = log(x.stability_days), off = x.difficulty - 5;
        double in_s[N] = {1, ln_s, off}, in_d[N] = {1, off, ln_s};
        double more_s = log(y.stability_days) - ln_s;
        double more_d = y.difficulty - x.difficulty;
        for (int k = 0; k < N; k++) {
            s[k] += in_s[k] * more_s;
            d[k] += in_d[k] * more_d;
            for (int j = 0; j < N; j++)
                m[k][j] += in_s[k] * in_s[j];
        }
    }
    /* in_d is in_s with its last two swapped. */
    static const int swapped[N] = {0, 2, 1};
    for (int k = 0; k < N; k++)
        for (int j = 0; j < N; j++)
            again[k][j] = m[swapped[k]][swapped[j]];
    solve(m, s);
    solve(again, d);
    for (int k = 0; k < N; k++) {
        out->stability[k] = same_s[k] + s[k];
        out->difficulty[k] = same_d[k] + d[k];
    }
}

/* ---- choosing --------------------------------------------------------------
 */

typedef struct choosing {
    piq_arena *arena;
    learner *learners;
    size_t n;
    piq_memory_choices *out;
    bool has_population;
    piq_fsrs_params early, all; /* the population's */
} choosing;

static piq_status fit_population(choosing *c, piq_err *err)
{
    piq_fsrs_cards *cards = piq_new(c->arena, piq_fsrs_cards, c->n);
    size_t with_items = 0;
    if (!cards)
        return PIQ_ENOMEM;
    for (size_t i = 0; i < c->n; i++) {
        with_items += c->learners[i].n_items > 0;
        c->out->items += c->learners[i].n_items;
    }
    c->has_population =
        with_items >= 2 && c->out->items >= PIQ_CHOICE_LEAST_POPULATION;
    if (!c->has_population)
        return PIQ_OK;
    for (size_t i = 0; i < c->n; i++)
        cards[i] = c->learners[i].early;
    piq_status status = piq_fsrs_fit_population(
        cards, c->n, piq_fsrs_fit_defaults(), &c->early, NULL, err);
    for (size_t i = 0; i < c->n; i++)
        cards[i] = c->learners[i].h->cards;
    if (status == PIQ_OK)
        status = piq_fsrs_fit_population(cards, c->n, piq_fsrs_fit_defaults(),
                                         &c->all, NULL, err);
    return status;
}

/* Judged over everybody who has none of their own: a few reviews each. */
static void try_population(choosing *c)
{
    sums s = {0};
    for (size_t i = 0; i < c->n; i++) {
        const learner *l = &c->learners[i];
        sums one = {0};
        if (l->h->from == PIQ_FITTED_LEARNER || l->since_ms == INT64_MAX)
            continue;
        add_trial(&one, &l->h->cards, l->since_ms, &l->h->params, &c->early);
        c->out->list[i].population = trial_of(&one);
        s.n += one.n;
        s.before += one.before;
        s.after += one.after;
        s.gain_sq += one.gain_sq;
    }
    c->out->population = trial_of(&s);
}

static void give(const learner *l, piq_fitted_from from, size_t reviews,
                 const piq_fsrs_params *p, piq_memory_choice *out)
{
    out->give = true;
    out->fitted.from = from;
    out->fitted.reviews = (uint32_t)reviews;
    memcpy(out->fitted.parameters, p->w, sizeof out->fitted.parameters);
    piq_memory_carry(&l->h->cards, &l->h->params, p, &out->fitted);
}

static bool has_news(const learner *l)
{
    double items = (double)l->n_items;
    if (l->n_items < PIQ_CHOICE_LEAST_ITEMS || l->since_ms == INT64_MAX)
        return false;
    return l->h->from != PIQ_FITTED_LEARNER ||
           items >= PIQ_CHOICE_MORE_ITEMS * l->h->fitted_on;
}

/* `instead`: what they would get otherwise, fitted without the latest. */
static piq_status try_own(const choosing *c, const learner *l,
                          const piq_fsrs_params *instead,
                          piq_memory_choice *out, piq_err *err)
{
    piq_fsrs_fit_options o = *piq_fsrs_fit_defaults();
    piq_fsrs_params own;
    sums s = {0};
    o.centre = c->has_population ? &c->early : NULL;
    piq_status status = piq_fsrs_fit(&l->early, &o, &own, NULL, err);
    if (status)
        return status;
    add_trial(&s, &l->h->cards, l->since_ms, instead, &own);
    out->own = trial_of(&s);
    if (!out->own.pays)
        return PIQ_OK;
    o.centre = c->has_population ? &c->all : NULL;
    status = piq_fsrs_fit(&l->h->cards, &o, &own, NULL, err);
    if (status == PIQ_OK)
        give(l, PIQ_FITTED_LEARNER, l->n_items, &own, out);
    return status;
}

static piq_status choose_for(const choosing *c, size_t i, piq_err *err)
{
    const learner *l = &c->learners[i];
    piq_memory_choice *out = &c->out->list[i];
    bool population = c->has_population && c->out->population.pays &&
                      l->h->from != PIQ_FITTED_LEARNER && l->h->cards.n > 0;
    piq_status status = PIQ_OK;
    if (has_news(l))
        status =
            try_own(c, l, population ? &c->early : &l->h->params, out, err);
    if (status == PIQ_OK && !out->give && population)
        give(l, PIQ_FITTED_POPULATION, c->out->items, &c->all, out);
    return status;
}

piq_status piq_memory_choose(piq_arena *a, const piq_memory_history *learners,
                             size_t n_learners, piq_memory_choices *out,
                             piq_err *err)
{
    piq_memory_choices made = {.list =
                                   piq_new(a, piq_memory_choice, n_learners)};
    choosing c = {.arena = a,
                  .learners = piq_new(a, learner, n_learners),
                  .n = n_learners,
                  .out = &made};
    piq_status status = made.list && c.learners ? PIQ_OK : PIQ_ENOMEM;
    for (size_t i = 0; i < n_learners && status == PIQ_OK; i++)
        status = prepare(a, &learners[i], &c.learners[i], err);
    if (status == PIQ_OK)
        status = fit_population(&c, err);
    made.has_population = c.has_population;
    if (status == PIQ_OK && c.has_population)
        try_population(&c);
    for (size_t i = 0; i < n_learners && status == PIQ_OK; i++)
        status = choose_for(&c, i, err);
    if (status == PIQ_ENOMEM)
        piq_fail(err, status, "no memory to fit memory's parameters");
    if (status == PIQ_OK)
        *out = made;
    return status;
}
