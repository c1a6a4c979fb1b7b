/* instance.c - see instance.h. One line at a time; the first thing wrong is
 * reported with its line, 1 for the first. */
#include "solve/instance.h"

#include "solve/check.h"

#include <math.h>

static const double READY = .5, REVIEW_READY = .4, REVIEW_GAIN = .12;
static const double REVIEW_MINUTES = 5;
enum { REVIEW_LAG = 2, REVIEW_GAP = 3, REVIEW_MOST = 2 };
static const double VALUE_STEP = .2;
static const double VALUE[] = {0, .2, .4, .6, .7, .8};

typedef struct lines {
    piq_str left; /* text after the present line */
    piq_str line; /* what is not read of it */
    size_t number;
    piq_err *err;
} lines;

static piq_status wrong(lines *l, const char *what)
{
    piq_fail(l->err, PIQ_EPARSE, "no instance: %s", what);
    piq_err_at(l->err, "line %zu", l->number);
    return PIQ_EPARSE;
}

/* ---- words of a line -------------------------------------------------- */

static bool next_line(lines *l)
{
    l->number++;
    if (!l->left.len)
        return false;
    const char *end = memchr(l->left.ptr, '\n', l->left.len);
    size_t len = end ? (size_t)(end - l->left.ptr) : l->left.len;
    l->line = (piq_str){l->left.ptr, len};
    l->left.ptr += end ? len + 1 : len;
    l->left.len -= end ? len + 1 : len;
    if (l->line.len && l->line.ptr[l->line.len - 1] == '\r')
        l->line.len--;
    return true;
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

static piq_str next_word(lines *l)
{
    size_t from = 0, to;
    while (from < l->line.len && is_blank(l->line.ptr[from]))
        from++;
    for (to = from; to < l->line.len && !is_blank(l->line.ptr[to]);)
        to++;
    piq_str word = {l->line.ptr + from, to - from};
    l->line.ptr += to;
    l->line.len -= to;
    return word;
}

static piq_status read_number(lines *l, double *out)
{
    piq_str word = next_word(l);
    if (!word.len)
        return wrong(l, "too few numbers");
    if (!piq_str_to_double(word, out))
        return wrong(l, "something that is no number");
    return *out < 0 ? wrong(l, "a negative number") : PIQ_OK;
}

static piq_status read_count(lines *l, size_t most, const char *too_many,
                             size_t *out)
{
    double x;
    piq_status status = read_number(l, &x);
    if (status)
        return status;
    if (x != floor(x))
        return wrong(l, "a count or an index that is no whole number");
    if (x > (double)most)
        return wrong(l, too_many);
    *out = (size_t)x;
    return PIQ_OK;
}

static piq_status read_index(lines *l, size_t n, uint32_t *out)
{
    size_t x;
    if (!n)
        return wrong(l, "there are no concepts");
    piq_status status = read_count(l, n - 1, "an unknown concept", &x);
    if (status == PIQ_OK)
        *out = (uint32_t)x;
    return status;
}

static piq_status begin_line(lines *l)
{
    return next_line(l) ? PIQ_OK : wrong(l, "the text ends too soon");
}

static piq_status end_line(lines *l)
{
    return next_word(l).len ? wrong(l, "too many numbers") : PIQ_OK;
}

static piq_status end_text(lines *l)
{
    while (next_line(l))
        if (next_word(l).len)
            return wrong(l, "more lines than there should be");
    return PIQ_OK;
}

/* ---- the parts -------------------------------------------------------- */

static piq_status read_sizes(lines *l, piq_solve_problem *p)
{
    piq_status status = begin_line(l);
    if (status == PIQ_OK)
        status = read_count(l, PIQ_SOLVE_MAX_CONCEPTS, "too many concepts",
                            &p->n_concepts);
    if (status == PIQ_OK)
        status =
            read_count(l, PIQ_SOLVE_MAX_ITEMS, "too many items", &p->n_items);
    if (status == PIQ_OK)
        status = read_count(l, PIQ_SOLVE_MAX_DAYS, "too many days", &p->n_days);
    if (status == PIQ_OK && !p->n_days)
        status = wrong(l, "there is no day");
    return status ? status : end_line(l);
}

static piq_status read_budget(lines *l, double *budget, size_t n_days)
{
    piq_status status = begin_line(l);
    for (size_t d = 0; status == PIQ_OK && d < n_days; d++)
        status = read_number(l, &budget[d]);
    return status ? status : end_line(l);
}

static double share_left(size_t days)
{
    return .6 + .4 * exp(-(double)days / 7);
}

static piq_status read_concept(lines *l, piq_arena *a,
                               const piq_solve_problem *p, const double *keep,
                               piq_solve_concept *c)
{
    size_t n = 0;
    *c = (piq_solve_concept){.ready = READY,
                             .keep = keep,
                             .value = VALUE,
                             .value_step = VALUE_STEP,
                             .n_value = sizeof VALUE / sizeof VALUE[0],
                             .review_gain = REVIEW_GAIN,
                             .review_minutes = REVIEW_MINUTES,
                             .review_ready = REVIEW_READY,
                             .review_lag = REVIEW_LAG,
                             .review_gap = REVIEW_GAP,
                             .review_most = REVIEW_MOST};
    piq_status status = begin_line(l);
    if (status == PIQ_OK)
        status = read_number(l, &c->level0);
    if (status == PIQ_OK)
        status = read_number(l, &c->weight);
    if (status == PIQ_OK)
        status = read_count(l, p->n_concepts - 1, "too many prerequisites", &n);
    if (status)
        return status;
    uint32_t *needs = piq_new(a, uint32_t, n);
    if (!needs)
        return piq_fail(l->err, PIQ_ENOMEM, "no memory for the instance");
    for (size_t k = 0; status == PIQ_OK && k < n; k++)
        status = read_index(l, p->n_concepts, &needs[k]);
    c->prerequisites = needs;
    c->n_prerequisites = (uint32_t)n;
    c->kept0 = share_left(p->n_days) * c->level0;
    return status ? status : end_line(l);
}

static piq_status read_item(lines *l, piq_arena *a, const piq_solve_problem *p,
                            piq_solve_item *x)
{
    size_t n = 0;
    *x = (piq_solve_item){.after = PIQ_SOLVE_NONE, .last_day = UINT16_MAX};
    piq_status status = begin_line(l);
    if (status == PIQ_OK)
        status = read_number(l, &x->minutes);
    if (status == PIQ_OK)
        status = read_index(l, p->n_concepts, &x->main);
    if (status == PIQ_OK)
        status = read_count(l, PIQ_SOLVE_MAX_GAINS, "too many gains", &n);
    if (status)
        return status;
    piq_solve_gain *gains = piq_new(a, piq_solve_gain, n);
    if (!gains)
        return piq_fail(l->err, PIQ_ENOMEM, "no memory for the instance");
    for (size_t k = 0; status == PIQ_OK && k < n; k++) {
        status = read_index(l, p->n_concepts, &gains[k].concept);
        if (status == PIQ_OK)
            status = read_number(l, &gains[k].gain);
    }
    x->gains = gains;
    x->n_gains = (uint32_t)n;
    return status ? status : end_line(l);
}

/* ---- all of it -------------------------------------------------------- */

static piq_status check(lines *l, const piq_solve_problem *p)
{
    piq_solve_fault fault;
    piq_status status = piq_solve_find_fault(p, &fault);
    if (status)
        return piq_fail(l->err, status, "no memory for the instance");
    if (!fault.what)
        return PIQ_OK;
    switch (fault.where) {
    case PIQ_SOLVE_SIZES:
        l->number = 1;
        break;
    case PIQ_SOLVE_DAY:
        l->number = 2;
        break;
    case PIQ_SOLVE_CONCEPT:
        l->number = 3 + fault.index;
        break;
    case PIQ_SOLVE_ITEM:
        l->number = 3 + p->n_concepts + fault.index;
        break;
    }
    return wrong(l, fault.what);
}

static piq_status read_parts(lines *l, piq_arena *a, piq_solve_problem *p)
{
    double *budget = piq_new(a, double, p->n_days);
    double *keep = piq_new(a, double, p->n_days);
    piq_solve_concept *concepts = piq_new(a, piq_solve_concept, p->n_concepts);
    piq_solve_item *items = piq_new(a, piq_solve_item, p->n_items);
    if (!budget || !keep || !concepts || !items)
        return piq_fail(l->err, PIQ_ENOMEM, "no memory for the instance");
    for (size_t d = 0; d < p->n_days; d++)
        keep[d] = share_left(p->n_days - 1 - d);
    p->budget = budget;
    p->concepts = concepts;
    p->items = items;
    piq_status status = read_budget(l, budget, p->n_days);
    for (size_t s = 0; status == PIQ_OK && s < p->n_concepts; s++)
        status = read_concept(l, a, p, keep, &concepts[s]);
    for (size_t i = 0; status == PIQ_OK && i < p->n_items; i++)
        status = read_item(l, a, p, &items[i]);
    return status ? status : end_text(l);
}

piq_status piq_solve_instance_read(piq_arena *a, piq_str text,
                                   piq_solve_problem *out, piq_err *err)
{
    lines l = {.left = text, .err = err};
    piq_solve_problem p = {0};
    piq_status status = read_sizes(&l, &p);
    if (status == PIQ_OK)
        status = read_parts(&l, a, &p);
    if (status == PIQ_OK)
        status = check(&l, &p);
    if (status == PIQ_OK)
        *out = p;
    return status;
}
