#include "train/taste_fit_set.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static piq_status check(const piq_taste_log *log, piq_err *err)
{
    if (log->n_items > PIQ_TASTE_MAX_ITEMS)
        return piq_fail(err, PIQ_ELIMIT, "%u items, %d are allowed",
                        (unsigned)log->n_items, PIQ_TASTE_MAX_ITEMS);
    for (size_t i = 0; i < log->n; i++) {
        const piq_taste_event *e = &log->list[i];
        if (e->learner >= log->n_learners || e->item >= log->n_items)
            return piq_fail(err, PIQ_EINVAL,
                            "event %zu names a learner or an item that there "
                            "is not",
                            i);
        if (!(fabsf(e->weight) <= 1))
            return piq_fail(err, PIQ_EINVAL,
                            "event %zu has a weight outside of -1 .. 1", i);
    }
    for (uint32_t i = 1; log->ids && i < log->n_items; i++)
        if (log->ids[i] <= log->ids[i - 1])
            return piq_fail(err, PIQ_EINVAL, "item ids are not ascending");
    return PIQ_OK;
}

/* Of one learner. */
static int by_item(const void *a, const void *b)
{
    const piq_taste_event *const *p = a, *const *q = b;
    const piq_taste_event *x = *p, *y = *q;
    if (x->item != y->item)
        return x->item < y->item ? -1 : 1;
    if (x->at_us != y->at_us)
        return x->at_us < y->at_us ? -1 : 1;
    return (x > y) - (x < y); /* of one list */
}

static int by_time(const void *a, const void *b)
{
    const piq_taste_event *const *p = a, *const *q = b;
    const piq_taste_event *x = *p, *y = *q;
    if (x->at_us != y->at_us)
        return x->at_us < y->at_us ? -1 : 1;
    return (x->item > y->item) - (x->item < y->item);
}

/* at[n] of one learner: the latest of each item, if it was taken up then, in
 * order of time; how many. */
static size_t put_in_order(const piq_taste_event **at, size_t n)
{
    size_t kept = 0;
    if (n > 1)
        qsort(at, n, sizeof *at, by_item);
    for (size_t i = 0; i < n; i++)
        if ((i + 1 == n || at[i + 1]->item != at[i]->item) && at[i]->weight > 0)
            at[kept++] = at[i];
    if (kept > 1)
        qsort(at, kept, sizeof *at, by_time);
    return kept;
}

/* Events learner by learner: those of u stand from[u] .. from[u + 1]. */
static void deal(const piq_taste_log *log, const piq_taste_event **at,
                 size_t *from)
{
    for (size_t i = 0; i < log->n; i++)
        from[log->list[i].learner + 1]++;
    for (size_t u = 0; u < log->n_learners; u++)
        from[u + 1] += from[u];
    for (size_t i = 0; i < log->n; i++)
        at[from[log->list[i].learner]++] = &log->list[i];
    /* Each is now the next one's. */
    memmove(from + 1, from, log->n_learners * sizeof *from);
    from[0] = 0;
}

static void add_learner(piq_taste_set *s, size_t u, const piq_taste_event **own,
                        size_t n)
{
    n = put_in_order(own, n);
    for (size_t i = 0; i < n; i++) {
        s->item[s->n] = own[i]->item;
        s->weight[s->n++] = own[i]->weight;
        s->timed = s->timed || own[i]->at_us != own[0]->at_us;
    }
    s->first[u + 1] = s->n;
}

piq_status piq_taste_set_make(piq_arena *a, const piq_taste_log *log,
                              piq_taste_set *out, piq_err *err)
{
    piq_status status = check(log, err);
    if (status != PIQ_OK)
        return status;
    const piq_taste_event **at = piq_new(a, const piq_taste_event *, log->n);
    size_t *from = piq_new(a, size_t, log->n_learners + 1U);
    piq_taste_set s = {.n_learners = log->n_learners,
                       .n_items = log->n_items,
                       .first = piq_new(a, size_t, log->n_learners + 1U),
                       .item = piq_new(a, uint32_t, log->n),
                       .weight = piq_new(a, float, log->n)};
    if (!at || !from || !s.first || !s.item || !s.weight)
        return piq_fail(err, PIQ_ENOMEM, "no memory for the events");
    deal(log, at, from);
    for (size_t u = 0; u < s.n_learners; u++)
        add_learner(&s, u, at + from[u], from[u + 1] - from[u]);
    *out = s;
    return PIQ_OK;
}

piq_status piq_taste_set_without(piq_arena *a, const piq_taste_set *s,
                                 const uint8_t *hidden, piq_taste_set *out)
{
    piq_taste_set left = {.n_learners = s->n_learners,
                          .n_items = s->n_items,
                          .first = piq_new(a, size_t, s->n_learners + 1),
                          .item = piq_new(a, uint32_t, s->n),
                          .weight = piq_new(a, float, s->n),
                          .timed = s->timed};
    if (!left.first || !left.item || !left.weight)
        return PIQ_ENOMEM;
    for (size_t u = 0; u < s->n_learners; u++) {
        for (size_t i = s->first[u]; i < s->first[u + 1]; i++) {
            if (hidden[i])
                continue;
            left.item[left.n] = s->item[i];
            left.weight[left.n++] = s->weight[i];
        }
        left.first[u + 1] = left.n;
    }
    *out = left;
    return PIQ_OK;
}
