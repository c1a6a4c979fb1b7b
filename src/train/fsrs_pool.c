#include "train/fsrs_pool.h"

#include <math.h>
#include <stdlib.h>

static int by_number(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* How much an item of each learner counts. */
static piq_status shares_of(piq_arena *a, const piq_fsrs_items *items, size_t n,
                            double *share)
{
    double *sorted = piq_new(a, double, n);
    size_t some = 0;
    if (!sorted)
        return PIQ_ENOMEM;
    for (size_t i = 0; i < n; i++)
        if (items[i].n)
            sorted[some++] = (double)items[i].n;
    if (some)
        qsort(sorted, some, sizeof *sorted, by_number);
    /* Of two, the smaller: else neither would be held back. */
    double median = some ? sorted[(some - 1) / 2] : 1;
    for (size_t i = 0; i < n; i++)
        share[i] = fmin(1, sqrt(median / fmax((double)items[i].n, 1)));
    return PIQ_OK;
}

static piq_status pool_groups(piq_arena *a, const piq_fsrs_items *items,
                              const double *share, size_t n, int g,
                              piq_fsrs_pool *out)
{
    size_t most = 0, m = 0;
    for (size_t i = 0; i < n; i++)
        most += items[i].n_groups[g];
    piq_fsrs_group *all = piq_new(a, piq_fsrs_group, most);
    if (!all)
        return PIQ_ENOMEM;
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < items[i].n_groups[g]; k++) {
            all[m] = items[i].groups[g][k];
            all[m].n *= share[i];
            all[m++].passed *= share[i];
        }
    out->groups[g] = all;
    out->n_groups[g] = piq_fsrs_merge_groups(all, m);
    return PIQ_OK;
}

static void take_cards(piq_fsrs_pool *p, const piq_fsrs_cards *c,
                       piq_fsrs_items *x, double share)
{
    for (size_t card = 0; card < c->n; card++) {
        size_t begins = c->first[card];
        for (size_t i = begins; i < c->first[card + 1]; i++) {
            p->n_left_out +=
                piq_fsrs_is_item(c, begins, i) && x->weight[i] == 0;
            x->weight[i] *= share;
            p->weight += x->weight[i];
        }
        if (!x->n_scored[card])
            continue;
        piq_fsrs_pool_card k = {c->reviews + begins, x->weight + begins,
                                (uint32_t)(x->end[card] - begins),
                                x->n_scored[card]};
        p->cards[p->n_cards++] = k;
        p->longest = k.n > p->longest ? k.n : p->longest;
    }
}

static piq_status pool(piq_arena *a, const piq_fsrs_cards *learners,
                       piq_fsrs_items *items, size_t n, piq_fsrs_pool *p)
{
    double *share = piq_new(a, double, n), weight = 0;
    size_t n_cards = 0;
    for (size_t i = 0; i < n; i++)
        n_cards += learners[i].n;
    p->cards = piq_new(a, piq_fsrs_pool_card, n_cards);
    if (!share || !p->cards || shares_of(a, items, n, share) != PIQ_OK)
        return PIQ_ENOMEM;
    for (size_t i = 0; i < n; i++) {
        double counts = share[i] * (double)items[i].n;
        take_cards(p, &learners[i], &items[i], share[i]);
        p->n_items += items[i].n;
        p->n_initial += items[i].n_initial;
        p->recall += counts * items[i].recall;
        weight += counts;
    }
    p->recall = weight > 0 ? p->recall / weight : 0;
    for (int g = 0; g < 4; g++)
        if (pool_groups(a, items, share, n, g, p) != PIQ_OK)
            return PIQ_ENOMEM;
    return PIQ_OK;
}

piq_status piq_fsrs_pool_of(piq_arena *a, const piq_fsrs_cards *learners,
                            size_t n, bool keep_all, piq_fsrs_pool *out,
                            piq_err *err)
{
    piq_fsrs_pool p = {0};
    piq_fsrs_items *items = piq_new(a, piq_fsrs_items, n);
    piq_status status = items ? PIQ_OK : PIQ_ENOMEM;
    for (size_t i = 0; i < n && !status; i++) {
        status = piq_fsrs_cards_check(&learners[i], err);
        if (!status)
            status = piq_fsrs_items_of(a, &learners[i], keep_all, &items[i]);
    }
    if (!status)
        status = pool(a, learners, items, n, &p);
    if (status == PIQ_ENOMEM)
        return piq_fail(err, status, "no memory to fit on these reviews");
    if (!status)
        *out = p;
    return status;
}

void piq_fsrs_pool_shuffle(piq_fsrs_pool *p, piq_rng *r)
{
    for (size_t i = p->n_cards; i > 1; i--) {
        size_t j = piq_rng_below(r, i);
        piq_fsrs_pool_card swap = p->cards[i - 1];
        p->cards[i - 1] = p->cards[j];
        p->cards[j] = swap;
    }
}
