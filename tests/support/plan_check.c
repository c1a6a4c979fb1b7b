#include "support/plan_check.h"

#include "base/rng.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

static const double LEVEL = 2e-9, MINUTES = 2e-6, VALUE = 1e-9;
static char wrong[160];

/* ---- the rules, one by one -------------------------------------------- */

static double gain_on(const piq_solve_item *x, size_t s)
{
    double sum = 0;
    for (uint32_t k = 0; k < x->n_gains; k++)
        if (x->gains[k].concept == s)
            sum += x->gains[k].gain;
    return sum;
}

/* level_s at the end of day d; level0 before the first. */
static double level_on(const piq_solve_problem *p, const piq_solve_plan *plan,
                       size_t s, int d)
{
    double level = p->concepts[s].level0;
    for (size_t i = 0; i < p->n_items; i++)
        if (plan->item_day[i] >= 0 && plan->item_day[i] <= d)
            level += gain_on(&p->items[i], s);
    return level;
}

static const char *check_item(const piq_solve_problem *p,
                              const piq_solve_plan *plan, size_t i)
{
    const piq_solve_item *x = &p->items[i];
    const piq_solve_concept *main = &p->concepts[x->main];
    int d = plan->item_day[i];
    if (d < -1 || d >= (int)p->n_days)
        return "a day that is none";
    if (d < 0)
        return NULL;
    if (d < x->first_day || d > x->last_day)
        return "a day outside its window";
    for (uint32_t k = 0; k < main->n_prerequisites; k++) {
        size_t q = main->prerequisites[k];
        if (level_on(p, plan, q, d) < p->concepts[q].ready - LEVEL)
            return "a prerequisite that is not ready";
    }
    if (x->after != PIQ_SOLVE_NONE &&
        (plan->item_day[x->after] < 0 || plan->item_day[x->after] > d))
        return "what comes before it comes later";
    return NULL;
}

static const char *check_reviews(const piq_solve_problem *p,
                                 const piq_solve_plan *plan, size_t s)
{
    const piq_solve_concept *c = &p->concepts[s];
    const int16_t *days = plan->review_day + s * PIQ_SOLVE_MAX_REVIEWS;
    if (plan->n_reviews[s] == 0)
        return NULL;
    if (c->review_gain == 0 || plan->n_reviews[s] > c->review_most)
        return "too many reviews";
    for (int k = 0; k < plan->n_reviews[s]; k++) {
        if (days[k] < c->review_first_day || days[k] >= (int)p->n_days)
            return "a review on a wrong day";
        if (k && days[k] - days[k - 1] < c->review_gap)
            return "reviews too close";
        if (level_on(p, plan, s, days[k] - c->review_lag) <
            c->review_ready - LEVEL)
            return "a review too soon";
    }
    return NULL;
}

static double minutes_of(const piq_solve_problem *p, const piq_solve_plan *plan,
                         int d)
{
    double sum = 0;
    for (size_t i = 0; i < p->n_items; i++)
        if (plan->item_day[i] == d)
            sum += p->items[i].minutes;
    for (size_t s = 0; s < p->n_concepts; s++)
        for (size_t k = 0; k < plan->n_reviews[s]; k++)
            if (plan->review_day[s * PIQ_SOLVE_MAX_REVIEWS + k] == d)
                sum += p->concepts[s].review_minutes;
    return sum;
}

/* ---- value ------------------------------------------------------------ */

static double value_of(const piq_solve_concept *c, double raw)
{
    double top = c->value_step * (c->n_value - 1);
    if (raw <= 0)
        return c->value[0];
    if (raw >= top)
        return c->value[c->n_value - 1];
    size_t k = (size_t)floor(raw / c->value_step);
    if (k + 1 >= c->n_value)
        k = c->n_value - 2;
    double share = raw / c->value_step - (double)k;
    return c->value[k] * (1 - share) + c->value[k + 1] * share;
}

double plan_check_value(const piq_solve_problem *p, const piq_solve_plan *plan)
{
    double sum = 0;
    for (size_t i = 0; i < p->n_items; i++)
        if (plan->item_day[i] >= 0)
            sum += p->items[i].bonus;
    for (size_t s = 0; s < p->n_concepts; s++) {
        const piq_solve_concept *c = &p->concepts[s];
        double raw = c->kept0;
        for (size_t i = 0; i < p->n_items; i++)
            if (plan->item_day[i] >= 0)
                raw += gain_on(&p->items[i], s) * c->keep[plan->item_day[i]];
        for (size_t k = 0; k < plan->n_reviews[s]; k++)
            raw += c->review_gain *
                   c->keep[plan->review_day[s * PIQ_SOLVE_MAX_REVIEWS + k]];
        sum += c->weight * value_of(c, raw);
    }
    return sum;
}

const char *plan_check(const piq_solve_problem *p, const piq_solve_plan *plan)
{
    const char *what;
    for (size_t i = 0; i < p->n_items; i++)
        if ((what = check_item(p, plan, i))) {
            snprintf(wrong, sizeof wrong, "item %zu: %s", i, what);
            return wrong;
        }
    for (size_t s = 0; s < p->n_concepts; s++)
        if ((what = check_reviews(p, plan, s))) {
            snprintf(wrong, sizeof wrong, "concept %zu: %s", s, what);
            return wrong;
        }
    for (size_t d = 0; d < p->n_days; d++)
        if (minutes_of(p, plan, (int)d) > p->budget[d] + MINUTES) {
            snprintf(wrong, sizeof wrong, "day %zu: too many minutes", d);
            return wrong;
        }
    double value = plan_check_value(p, plan);
    if (fabs(value - plan->value) > VALUE * (1 + fabs(value))) {
        snprintf(wrong, sizeof wrong, "worth %.12g, said to be %.12g", value,
                 plan->value);
        return wrong;
    }
    return NULL;
}

/* ---- random problems -------------------------------------------------- */

static void *take(piq_arena *a, size_t n, size_t size)
{
    void *p = piq_arena_alloc(a, n, size);
    if (!p)
        abort();
    return p;
}

static double between(piq_rng *r, double low, double high)
{
    return low + (high - low) * piq_rng_uniform(r);
}

static bool chance(piq_rng *r, double share)
{
    return piq_rng_uniform(r) < share;
}

static const double *make_keep(piq_arena *a, piq_rng *r, size_t n_days,
                               bool bent)
{
    double *keep = take(a, n_days, sizeof *keep);
    for (size_t d = 0; d < n_days; d++)
        keep[d] = bent ? between(r, .3, 1)
                       : .6 + .4 * exp(-(double)(n_days - 1 - d) / 7);
    return keep;
}

static void make_value(piq_arena *a, piq_rng *r, bool bent,
                       piq_solve_concept *c)
{
    uint32_t n = 1 + (uint32_t)piq_rng_below(r, 8);
    double *value = take(a, n, sizeof *value), slope = 1, sum = 0;
    for (uint32_t k = 0; k < n; k++) {
        value[k] = sum;
        slope = bent ? between(r, 0, 1.5) : slope * between(r, .4, 1);
        sum += slope * .2;
    }
    c->value = value;
    c->n_value = n;
    c->value_step = .2;
}

static void make_concept(piq_arena *a, const plan_world *w, piq_rng *r,
                         const double *keep, size_t s, piq_solve_concept *c)
{
    uint32_t n = s ? (uint32_t)piq_rng_below(r, 3) : 0;
    uint32_t *needs = take(a, n, sizeof *needs);
    for (uint32_t k = 0; k < n; k++)
        needs[k] = (uint32_t)piq_rng_below(r, s);
    *c = (piq_solve_concept){.level0 = between(r, -.1, .7),
                             .weight = chance(r, .2) ? 0 : between(r, .05, 1),
                             .prerequisites = needs,
                             .n_prerequisites = n,
                             .ready = chance(r, .05) ? 5 : .5,
                             .keep = w->bent ? make_keep(a, r, w->n_days, true)
                                             : keep,
                             .review_gain = chance(r, .2) ? 0 : .12,
                             .review_minutes = between(r, 2, 7),
                             .review_ready = .4,
                             .review_lag = (uint16_t)piq_rng_below(r, 4),
                             .review_gap = (uint16_t)(1 + piq_rng_below(r, 4)),
                             .review_most = (uint16_t)piq_rng_below(r, 4),
                             .review_first_day = (uint16_t)piq_rng_below(r, 3)};
    c->kept0 = c->level0 * .7;
    make_value(a, r, w->bent, c);
}

static void make_item(piq_arena *a, const plan_world *w, piq_rng *r, size_t i,
                      piq_solve_item *x)
{
    uint32_t n = (uint32_t)piq_rng_below(r, w->n_concepts > 2 ? 4 : 2);
    piq_solve_gain *gains = take(a, n, sizeof *gains);
    size_t first = piq_rng_below(r, w->n_concepts);
    for (uint32_t k = 0; k < n; k++)
        gains[k] = (piq_solve_gain){(uint32_t)((first + k) % w->n_concepts),
                                    between(r, 0, .4)};
    *x = (piq_solve_item){
        .minutes = between(r, 3, 30),
        .main = (uint32_t)first,
        .after = i && chance(r, w->after_share) ? (uint32_t)piq_rng_below(r, i)
                                                : PIQ_SOLVE_NONE,
        .gains = gains,
        .n_gains = n > w->n_concepts ? (uint32_t)w->n_concepts : n,
        .bonus = chance(r, w->bonus_share) ? between(r, -.1, .2) : 0,
        .last_day = UINT16_MAX,
        .pinned = chance(r, w->pin_share)};
    if (chance(r, w->window_share)) {
        x->first_day = (uint16_t)piq_rng_below(r, w->n_days + 1);
        x->last_day = (uint16_t)piq_rng_below(r, w->n_days + 1);
    }
}

piq_solve_problem plan_world_new(piq_arena *a, const plan_world *w,
                                 uint64_t seed)
{
    piq_rng r;
    piq_rng_seed(&r, seed);
    piq_solve_concept *concepts = take(a, w->n_concepts, sizeof *concepts);
    piq_solve_item *items = take(a, w->n_items, sizeof *items);
    double *budget = take(a, w->n_days, sizeof *budget), minutes = 0;
    const double *keep = make_keep(a, &r, w->n_days, false);
    for (size_t s = 0; s < w->n_concepts; s++)
        make_concept(a, w, &r, keep, s, &concepts[s]);
    for (size_t i = 0; i < w->n_items; i++) {
        make_item(a, w, &r, i, &items[i]);
        minutes += items[i].minutes;
    }
    for (size_t d = 0; d < w->n_days; d++)
        budget[d] = chance(&r, .15) ? 0
                                    : .45 * minutes / (double)w->n_days *
                                          between(&r, .5, 1.5);
    return (piq_solve_problem){concepts,   w->n_concepts, items,
                               w->n_items, budget,        w->n_days};
}

piq_solve_plan plan_random(piq_arena *a, const piq_solve_problem *p,
                           uint64_t seed)
{
    piq_rng r;
    piq_rng_seed(&r, seed);
    piq_solve_plan plan = {
        .item_day = take(a, p->n_items, sizeof *plan.item_day),
        .review_day = take(a, p->n_concepts * PIQ_SOLVE_MAX_REVIEWS,
                           sizeof *plan.review_day),
        .n_reviews = take(a, p->n_concepts, sizeof *plan.n_reviews)};
    for (size_t i = 0; i < p->n_items; i++)
        plan.item_day[i] = (int16_t)((int)piq_rng_below(&r, p->n_days + 4) - 2);
    for (size_t s = 0; s < p->n_concepts; s++) {
        plan.n_reviews[s] =
            (uint8_t)piq_rng_below(&r, PIQ_SOLVE_MAX_REVIEWS + 1);
        for (size_t k = 0; k < plan.n_reviews[s]; k++)
            plan.review_day[s * PIQ_SOLVE_MAX_REVIEWS + k] =
                (int16_t)((int)piq_rng_below(&r, p->n_days + 2) - 1);
    }
    return plan;
}
