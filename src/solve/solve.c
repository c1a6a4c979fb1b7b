/* solve.c - check, compile, first plan, search, and back to the problem. */
#include "solve/solve.h"

#include "solve/check.h"
#include "solve/insert.h"
#include "solve/mend.h"
#include "solve/search.h"

#include <math.h>
#include <string.h>

static const size_t WORK_BYTES = (size_t)512 << 20;

static void write_plan(const piq_solve_state *s, piq_solve_plan *out)
{
    const piq_solve_model *m = s->m;
    for (uint32_t i = 0; i < m->n_pieces; i++)
        out->item_day[m->pieces[i].item] = s->day[i];
    for (uint32_t t = 0; t < m->n_topics; t++) {
        size_t c = m->topics[t].concept;
        out->n_reviews[c] = s->n_reviews[t];
        memcpy(out->review_day + c * PIQ_SOLVE_MAX_REVIEWS,
               piq_solve_reviews_of(s, t),
               s->n_reviews[t] * sizeof *s->reviews);
    }
    out->value = piq_solve_value(m->problem, out);
}

/* The greedy plan is as good as its guess of what opening a topic is worth, so
 * several are tried. From an empty state. */
static void plan_greedily(piq_solve_filler *f)
{
    static const double openings[] = {.15, .5, 1.5};
    enum { N = sizeof openings / sizeof openings[0] };
    double best = -INFINITY, best_opening = 0;
    piq_solve_look_ahead(f);
    for (int k = 0; k <= N; k++) {
        piq_solve_taste taste = {.per = PIQ_SOLVE_PER_MINUTE,
                                 .opening = k < N ? openings[k] : best_opening};
        piq_solve_offer_all(f);
        piq_solve_fill(f, &taste, NULL);
        if (k == N || (k == N - 1 && f->s->total > best))
            break;
        if (f->s->total > best) {
            best = f->s->total;
            best_opening = openings[k];
        }
        piq_solve_undo(f->s, 0);
    }
    piq_solve_keep(f->s);
}

/* What is left of the start, and what fits beside it. */
static void plan_on(piq_solve_filler *f, const piq_solve_plan *start)
{
    static const piq_solve_taste taste = {.per = PIQ_SOLVE_PER_MINUTE,
                                          .opening = .5};
    piq_solve_mend(f->s, start);
    piq_solve_look_ahead(f);
    piq_solve_offer_all(f);
    piq_solve_fill(f, &taste, NULL);
    piq_solve_keep(f->s);
}

static piq_status plan_it(piq_arena *work, const piq_solve_problem *p,
                          const piq_solve_options *o,
                          const piq_solve_plan *start, piq_solve_plan *out)
{
    piq_solve_model *m;
    piq_solve_filler f;
    piq_status status = piq_solve_model_new(work, p, start, false, &m);
    if (status)
        return status;
    piq_solve_state *s = piq_solve_state_new(work, m);
    if (!s || !piq_solve_filler_init(work, &f, s))
        return PIQ_ENOMEM;
    if (start)
        plan_on(&f, start);
    else
        plan_greedily(&f);
    if (o->iterations)
        status = piq_solve_search(work, &f, o, !start, &out->iterations);
    if (status == PIQ_OK)
        write_plan(s, out);
    return status;
}

piq_status piq_solve(piq_arena *a, const piq_solve_problem *p,
                     const piq_solve_options *o, const piq_solve_plan *start,
                     piq_solve_plan *out, piq_err *err)
{
    piq_solve_plan plan;
    piq_arena work;
    piq_status status = piq_solve_check(p, err);
    if (status)
        return status;
    status = piq_solve_plan_new(a, p, &plan);
    piq_arena_init(&work, WORK_BYTES);
    if (status == PIQ_OK && p->n_days)
        status = plan_it(&work, p, o, start, &plan);
    else if (status == PIQ_OK)
        plan.value = piq_solve_value(p, &plan);
    piq_arena_release(&work);
    if (status)
        return piq_fail(err, status, "no memory to plan %zu items", p->n_items);
    *out = plan;
    return PIQ_OK;
}
