/* diff.c - what changed from one plan to the next.
 *
 * Steps get a key each; repetitions of a concept are told apart by their
 * number. Both lists are sorted and merged.
 */
#include "path/path.h"

#include <stdlib.h>

typedef struct keyed {
    uint64_t key; /* kind, concept, part */
    uint32_t content;
    uint32_t order; /* among those with the same key; then its number */
    int32_t day;
} keyed;

static int by_place(const keyed *x, const keyed *y)
{
    if (x->key != y->key)
        return x->key < y->key ? -1 : 1;
    if (x->content != y->content)
        return x->content < y->content ? -1 : 1;
    return (x->order > y->order) - (x->order < y->order);
}

static int compare(const void *a, const void *b)
{
    return by_place(a, b);
}

static size_t list(const piq_plan *plan, keyed *out, double *minutes)
{
    size_t n = 0;
    *minutes = 0;
    for (size_t i = 0; i < plan->n_steps; i++) {
        const piq_plan_step *s = &plan->steps[i];
        if (s->status == PIQ_STEP_DONE)
            continue;
        *minutes += s->minutes;
        out[n++] = (keyed){(uint64_t)s->kind << 40 |
                               (uint64_t)s->concept.v << 16 | s->part,
                           s->content.v, (uint32_t)i, s->day};
    }
    qsort(out, n, sizeof *out, compare);
    for (size_t i = 0, first = 0; i < n; i++) {
        if (out[i].key != out[first].key ||
            out[i].content != out[first].content)
            first = i;
        out[i].order = (uint32_t)(i - first);
    }
    return n;
}

piq_status piq_path_diff(const piq_plan *before, const piq_plan *after,
                         piq_path_change *out)
{
    piq_arena a;
    piq_arena_init(&a, 0);
    keyed *x = piq_new(&a, keyed, before->n_steps);
    keyed *y = piq_new(&a, keyed, after->n_steps);
    if (!x || !y) {
        piq_arena_release(&a);
        return PIQ_ENOMEM;
    }
    piq_path_change ch = {.completion_before = before->completion_day,
                          .completion_after = after->completion_day,
                          .dropped_before = before->n_dropped,
                          .dropped_after = after->n_dropped,
                          .value_before = before->value,
                          .value_after = after->value};
    size_t nx = list(before, x, &ch.minutes_before);
    size_t ny = list(after, y, &ch.minutes_after);
    size_t i = 0, j = 0;
    while (i < nx && j < ny) {
        int order = by_place(&x[i], &y[j]);
        ch.n_removed += order < 0;
        ch.n_added += order > 0;
        ch.n_kept += order == 0 && x[i].day == y[j].day;
        ch.n_moved += order == 0 && x[i].day != y[j].day;
        i += order <= 0;
        j += order >= 0;
    }
    ch.n_removed += nx - i;
    ch.n_added += ny - j;
    piq_arena_release(&a);
    *out = ch;
    return PIQ_OK;
}
