/* check.c - whether a problem keeps the rules of problem.h.
 *
 * Levels and minutes are bounded so that sums of all of them fit the search's
 * whole numbers. */
#include "solve/check.h"
#include "base/arena.h"

#include <math.h>

static bool within(double x, double low, double high)
{
    return x >= low && x <= high; /* false for NaN */
}

/* NULL: nothing wrong. */
static const char *wrong_value(const piq_solve_concept *c)
{
    if (!within(c->value_step, PIQ_SOLVE_MIN_STEP, PIQ_SOLVE_MAX_LEVEL))
        return "the step of the value is out of range";
    if (c->n_value < 1 || c->n_value > PIQ_SOLVE_MAX_VALUE)
        return "the value has too few points, or too many";
    for (uint32_t k = 0; k < c->n_value; k++) {
        if (!within(c->value[k], -PIQ_SOLVE_MAX_WORTH, PIQ_SOLVE_MAX_WORTH))
            return "a value is out of range";
        if (k && c->value[k] < c->value[k - 1])
            return "the value falls";
    }
    return NULL;
}

static const char *wrong_review(const piq_solve_concept *c)
{
    if (!within(c->review_gain, 0, PIQ_SOLVE_MAX_LEVEL))
        return "the gain of a review is out of range";
    if (c->review_gain == 0)
        return NULL;
    if (!within(c->review_minutes, PIQ_SOLVE_MIN_MINUTES,
                PIQ_SOLVE_MAX_MINUTES))
        return "the minutes of a review are out of range";
    if (!isfinite(c->review_ready))
        return "the level that a review waits for is no number";
    if (c->review_most > PIQ_SOLVE_MAX_REVIEWS)
        return "too many reviews";
    if (c->review_gap < 1)
        return "reviews are at least a day apart";
    return NULL;
}

static const char *wrong_concept(const piq_solve_problem *p, size_t s)
{
    const piq_solve_concept *c = &p->concepts[s];
    if (!within(c->level0, -PIQ_SOLVE_MAX_LEVEL, PIQ_SOLVE_MAX_LEVEL) ||
        !within(c->kept0, -PIQ_SOLVE_MAX_LEVEL, PIQ_SOLVE_MAX_LEVEL))
        return "the level at the start is out of range";
    if (!within(c->weight, 0, PIQ_SOLVE_MAX_WORTH))
        return "the weight is out of range";
    if (!isfinite(c->ready))
        return "the level that opens others is no number";
    for (uint32_t k = 0; k < c->n_prerequisites; k++)
        if (c->prerequisites[k] >= p->n_concepts)
            return "an unknown prerequisite";
    for (size_t d = 0; d < p->n_days; d++)
        if (!within(c->keep[d], 0, PIQ_SOLVE_MAX_LEVEL))
            return "the share kept is out of range";
    const char *wrong = wrong_value(c);
    return wrong ? wrong : wrong_review(c);
}

static const char *wrong_gains(const piq_solve_item *x, size_t n_concepts)
{
    if (x->n_gains > PIQ_SOLVE_MAX_GAINS)
        return "it raises too many concepts";
    for (uint32_t k = 0; k < x->n_gains; k++) {
        if (x->gains[k].concept >= n_concepts)
            return "it raises an unknown concept";
        if (!within(x->gains[k].gain, 0, PIQ_SOLVE_MAX_LEVEL))
            return "a gain is out of range";
        for (uint32_t j = 0; j < k; j++)
            if (x->gains[j].concept == x->gains[k].concept)
                return "it raises a concept twice";
    }
    return NULL;
}

static const char *wrong_item(const piq_solve_problem *p, size_t i)
{
    const piq_solve_item *x = &p->items[i];
    if (!within(x->minutes, PIQ_SOLVE_MIN_MINUTES, PIQ_SOLVE_MAX_MINUTES))
        return "the minutes are out of range";
    if (x->main >= p->n_concepts)
        return "the main concept is unknown";
    if (x->after != PIQ_SOLVE_NONE && (x->after >= p->n_items || x->after == i))
        return "it comes after an unknown item";
    if (!within(x->bonus, -PIQ_SOLVE_MAX_WORTH, PIQ_SOLVE_MAX_WORTH))
        return "the bonus is out of range";
    return wrong_gains(x, p->n_concepts);
}

/* ---- circles ---------------------------------------------------------- */

enum { UNSEEN, BEGUN, DONE };

/* Follows what a concept waits for, depth first, without recursion: `stack`
 * holds concepts, `at` how many of its prerequisites each has tried. */
static bool has_circle_from(const piq_solve_problem *p, uint32_t from,
                            uint8_t *mark, uint32_t *stack, uint32_t *at)
{
    size_t n = 0;
    stack[n++] = from;
    mark[from] = BEGUN;
    at[from] = 0;
    while (n) {
        uint32_t s = stack[n - 1];
        const piq_solve_concept *c = &p->concepts[s];
        if (at[s] == c->n_prerequisites) {
            mark[s] = DONE;
            n--;
            continue;
        }
        uint32_t next = c->prerequisites[at[s]++];
        if (mark[next] == BEGUN)
            return true;
        if (mark[next] == UNSEEN) {
            mark[next] = BEGUN;
            at[next] = 0;
            stack[n++] = next;
        }
    }
    return false;
}

static piq_status find_circle(piq_arena *a, const piq_solve_problem *p,
                              piq_solve_fault *out)
{
    uint8_t *mark = piq_new(a, uint8_t, p->n_concepts);
    uint32_t *stack = piq_new(a, uint32_t, p->n_concepts);
    uint32_t *at = piq_new(a, uint32_t, p->n_concepts);
    if (!mark || !stack || !at)
        return PIQ_ENOMEM;
    for (uint32_t s = 0; s < p->n_concepts; s++)
        if (mark[s] == UNSEEN && has_circle_from(p, s, mark, stack, at)) {
            *out = (piq_solve_fault){PIQ_SOLVE_CONCEPT, s,
                                     "its prerequisites lead back to it"};
            return PIQ_OK;
        }
    return PIQ_OK;
}

/* Follows each item to the one it comes after, once. */
static piq_status find_round(piq_arena *a, const piq_solve_problem *p,
                             piq_solve_fault *out)
{
    uint8_t *mark = piq_new(a, uint8_t, p->n_items);
    if (!mark)
        return PIQ_ENOMEM;
    for (uint32_t i = 0; i < p->n_items; i++) {
        uint32_t at = i;
        for (; at != PIQ_SOLVE_NONE && mark[at] == UNSEEN;
             at = p->items[at].after)
            mark[at] = BEGUN;
        if (at != PIQ_SOLVE_NONE && mark[at] == BEGUN) {
            *out = (piq_solve_fault){PIQ_SOLVE_ITEM, at,
                                     "what it comes after comes after it"};
            return PIQ_OK;
        }
        for (at = i; at != PIQ_SOLVE_NONE && mark[at] == BEGUN;
             at = p->items[at].after)
            mark[at] = DONE;
    }
    return PIQ_OK;
}

/* ---- all of it -------------------------------------------------------- */

static piq_solve_fault wrong_number(const piq_solve_problem *p)
{
    const char *wrong;
    if (p->n_concepts > PIQ_SOLVE_MAX_CONCEPTS)
        return (piq_solve_fault){PIQ_SOLVE_SIZES, 0, "too many concepts"};
    if (p->n_items > PIQ_SOLVE_MAX_ITEMS)
        return (piq_solve_fault){PIQ_SOLVE_SIZES, 0, "too many items"};
    if (p->n_days > PIQ_SOLVE_MAX_DAYS)
        return (piq_solve_fault){PIQ_SOLVE_SIZES, 0, "too many days"};
    for (size_t d = 0; d < p->n_days; d++)
        if (!within(p->budget[d], 0, PIQ_SOLVE_MAX_MINUTES))
            return (piq_solve_fault){PIQ_SOLVE_DAY, d,
                                     "its minutes are out of range"};
    for (size_t s = 0; s < p->n_concepts; s++)
        if ((wrong = wrong_concept(p, s)))
            return (piq_solve_fault){PIQ_SOLVE_CONCEPT, s, wrong};
    for (size_t i = 0; i < p->n_items; i++)
        if ((wrong = wrong_item(p, i)))
            return (piq_solve_fault){PIQ_SOLVE_ITEM, i, wrong};
    return (piq_solve_fault){0};
}

piq_status piq_solve_find_fault(const piq_solve_problem *p,
                                piq_solve_fault *out)
{
    *out = wrong_number(p);
    if (out->what)
        return PIQ_OK;
    piq_arena a;
    piq_arena_init(&a, 0);
    piq_status status = find_circle(&a, p, out);
    if (status == PIQ_OK && !out->what)
        status = find_round(&a, p, out);
    piq_arena_release(&a);
    return status;
}

piq_status piq_solve_check(const piq_solve_problem *p, piq_err *err)
{
    static const char *const names[] = {[PIQ_SOLVE_SIZES] = "the problem",
                                        [PIQ_SOLVE_DAY] = "day",
                                        [PIQ_SOLVE_CONCEPT] = "concept",
                                        [PIQ_SOLVE_ITEM] = "item"};
    piq_solve_fault fault;
    piq_status status = piq_solve_find_fault(p, &fault);
    if (status)
        return piq_fail(err, status, "no memory to check the problem");
    if (!fault.what)
        return PIQ_OK;
    if (fault.where == PIQ_SOLVE_SIZES)
        return piq_fail(err, PIQ_EINVAL, "the problem has %s", fault.what);
    return piq_fail(err, PIQ_EINVAL, "%s %zu of the problem: %s",
                    names[fault.where], fault.index, fault.what);
}
