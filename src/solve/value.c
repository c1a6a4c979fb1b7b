/* value.c - what a plan is worth, straight from the problem. */
#include "solve/solve.h"

enum { AT_A_TIME = 512 };

static double value_at(const piq_solve_concept *c, double raw)
{
    double at = raw / c->value_step;
    if (!(at > 0))
        return c->value[0];
    if (at >= (double)(c->n_value - 1))
        return c->value[c->n_value - 1];
    uint32_t k = (uint32_t)at;
    return c->value[k] + (at - k) * (c->value[k + 1] - c->value[k]);
}

/* Raw of concepts from..from + n. */
static void add_up(const piq_solve_problem *p, const piq_solve_plan *plan,
                   size_t from, size_t n, double *raw)
{
    for (size_t s = 0; s < n; s++) {
        const piq_solve_concept *c = &p->concepts[from + s];
        const int16_t *days =
            plan->review_day + (from + s) * PIQ_SOLVE_MAX_REVIEWS;
        raw[s] = c->kept0;
        for (int k = 0; k < plan->n_reviews[from + s]; k++)
            raw[s] += c->review_gain * c->keep[days[k]];
    }
    for (size_t i = 0; i < p->n_items; i++) {
        const piq_solve_item *x = &p->items[i];
        for (uint32_t k = 0; plan->item_day[i] >= 0 && k < x->n_gains; k++) {
            size_t s = x->gains[k].concept;
            if (s >= from && s < from + n)
                raw[s - from] +=
                    x->gains[k].gain * p->concepts[s].keep[plan->item_day[i]];
        }
    }
}

/* Some concepts at a time, so that no memory is asked for. */
double piq_solve_value(const piq_solve_problem *p, const piq_solve_plan *plan)
{
    double raw[AT_A_TIME], sum = 0;
    for (size_t from = 0; from < p->n_concepts; from += AT_A_TIME) {
        size_t n = p->n_concepts - from;
        n = n < AT_A_TIME ? n : AT_A_TIME;
        add_up(p, plan, from, n, raw);
        for (size_t s = 0; s < n; s++)
            if (p->concepts[from + s].weight > 0)
                sum += p->concepts[from + s].weight *
                       value_at(&p->concepts[from + s], raw[s]);
    }
    for (size_t i = 0; i < p->n_items; i++)
        if (plan->item_day[i] >= 0)
            sum += p->items[i].bonus;
    return sum;
}

piq_status piq_solve_plan_new(piq_arena *a, const piq_solve_problem *p,
                              piq_solve_plan *out)
{
    piq_solve_plan plan = {
        .item_day = piq_new(a, int16_t, p->n_items),
        .review_day =
            piq_new(a, int16_t, p->n_concepts * PIQ_SOLVE_MAX_REVIEWS),
        .n_reviews = piq_new(a, uint8_t, p->n_concepts)};
    if (!plan.item_day || !plan.review_day || !plan.n_reviews)
        return PIQ_ENOMEM;
    for (size_t i = 0; i < p->n_items; i++)
        plan.item_day[i] = -1;
    *out = plan;
    return PIQ_OK;
}
