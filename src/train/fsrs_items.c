#include "train/fsrs_items.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum {
    MAX_HISTORY = 255,
    LEAST_REMOVED = 20, /* cards that may go whatever their number .. */
    REMOVED_SHARE = 20, /* .. else one in so many */
    KEPT_SIZE = 6,      /* a group of so many may stay .. */
    KEPT_DAYS = 100,    /* .. up to so many days */
    KEPT_DAYS_EASY = 365
};

piq_status piq_fsrs_cards_check(const piq_fsrs_cards *c, piq_err *err)
{
    if (piq_fsrs_n_reviews(c) > INT32_MAX)
        return piq_fail(err, PIQ_EINVAL, "too many reviews to fit on");
    for (size_t card = 0; card < c->n; card++)
        for (size_t i = c->first[card]; i < c->first[card + 1]; i++) {
            const piq_fsrs_review *r = &c->reviews[i];
            if (r->rating < 1 || r->rating > 4)
                return piq_fail(err, PIQ_EINVAL, "rating %d is not 1 to 4",
                                (int)r->rating);
            if (r->elapsed_days < 0 ||
                (i > c->first[card] && r->at_ms < r[-1].at_ms))
                return piq_fail(err, PIQ_EINVAL, "card %zu goes back in time",
                                card);
        }
    return PIQ_OK;
}

/* ---- order of time ----------------------------------------------------- */

typedef struct timed {
    int64_t at_ms;
    uint32_t review;
} timed;

/* Bottom-up, stable: reviews come in order of cards, so equal instants keep
 * card and review order. The result is where it is returned. */
static timed *merge_sort(timed *from, timed *to, size_t n)
{
    for (size_t width = 1; width < n; width *= 2) {
        for (size_t low = 0; low < n; low += 2 * width) {
            size_t middle = low + width < n ? low + width : n;
            size_t high = middle + width < n ? middle + width : n;
            size_t i = low, j = middle, k = low;
            while (i < middle && j < high)
                to[k++] = from[j].at_ms < from[i].at_ms ? from[j++] : from[i++];
            memcpy(to + k, from + i, (middle - i) * sizeof *to);
            k += middle - i;
            memcpy(to + k, from + j, (high - j) * sizeof *to);
        }
        timed *swap = from;
        from = to;
        to = swap;
    }
    return from;
}

/* The reviews with keep[i] != 0. */
static piq_status order_of(piq_arena *a, const piq_fsrs_cards *c,
                           const uint8_t *keep, uint32_t **out, size_t *n)
{
    size_t most = piq_fsrs_n_reviews(c), kept = 0;
    timed *from = piq_new(a, timed, most), *to = piq_new(a, timed, most);
    uint32_t *order = piq_new(a, uint32_t, most);
    if (!from || !to || !order)
        return PIQ_ENOMEM;
    for (size_t i = 0; i < most; i++)
        if (keep[i])
            from[kept++] = (timed){c->reviews[i].at_ms, (uint32_t)i};
    from = merge_sort(from, to, kept);
    for (size_t i = 0; i < kept; i++)
        order[i] = from[i].review;
    *out = order;
    *n = kept;
    return PIQ_OK;
}

static void mark_items(const piq_fsrs_cards *c, size_t card, uint8_t *keep)
{
    for (size_t i = c->first[card]; i < c->first[card + 1]; i++)
        keep[i] = piq_fsrs_is_item(c, c->first[card], i);
}

piq_status piq_fsrs_item_order(piq_arena *a, const piq_fsrs_cards *c,
                               uint32_t **out, size_t *n)
{
    uint8_t *keep = piq_new(a, uint8_t, piq_fsrs_n_reviews(c));
    if (!keep)
        return PIQ_ENOMEM;
    for (size_t card = 0; card < c->n; card++)
        mark_items(c, card, keep);
    return order_of(a, c, keep, out, n);
}

/* ---- groups and outliers ----------------------------------------------- */

/* First item of a card, or its end: none. */
static size_t initial_of(const piq_fsrs_cards *c, size_t card)
{
    size_t i = c->first[card];
    while (i < c->first[card + 1] && !piq_fsrs_is_item(c, c->first[card], i))
        i++;
    return i;
}

static int by_days(const void *a, const void *b)
{
    const piq_fsrs_group *x = a, *y = b;
    return (x->elapsed_days > y->elapsed_days) -
           (x->elapsed_days < y->elapsed_days);
}

static int by_size(const void *a, const void *b)
{
    const piq_fsrs_group *x = a, *y = b;
    if (x->n != y->n)
        return x->n < y->n ? -1 : 1;
    return by_days(a, b);
}

size_t piq_fsrs_merge_groups(piq_fsrs_group *g, size_t n)
{
    size_t kept = 0;
    qsort(g, n, sizeof *g, by_days);
    for (size_t i = 0; i < n; i++) {
        if (kept && g[kept - 1].elapsed_days == g[i].elapsed_days) {
            g[kept - 1].n += g[i].n;
            g[kept - 1].passed += g[i].passed;
        } else {
            g[kept++] = g[i];
        }
    }
    return kept;
}

/* Takes the outliers out; the rest is sorted by days. */
static size_t drop_outliers(piq_fsrs_group *g, size_t n, int rating)
{
    double total = 0, removed = 0;
    int most_days = rating == 4 ? KEPT_DAYS_EASY : KEPT_DAYS;
    size_t kept = 0;
    for (size_t i = 0; i < n; i++)
        total += g[i].n;
    double limit = fmax(LEAST_REMOVED, floor(total / REMOVED_SHARE));
    qsort(g, n, sizeof *g, by_size);
    for (size_t i = 0; i < n; i++) {
        if (removed + g[i].n < limit)
            removed += g[i].n;
        else if (g[i].n >= KEPT_SIZE && g[i].elapsed_days <= most_days)
            g[kept++] = g[i];
    }
    qsort(g, kept, sizeof *g, by_days);
    return kept;
}

static piq_status group(piq_arena *a, const piq_fsrs_cards *c, bool keep_all,
                        piq_fsrs_items *out)
{
    for (int g = 0; g < 4; g++)
        out->groups[g] = piq_new(a, piq_fsrs_group, c->n);
    for (int g = 0; g < 4; g++)
        if (!out->groups[g])
            return PIQ_ENOMEM;
    for (size_t card = 0; card < c->n; card++) {
        size_t i = initial_of(c, card);
        if (i == c->first[card + 1])
            continue;
        int g = c->reviews[c->first[card]].rating - 1;
        out->groups[g][out->n_groups[g]++] = (piq_fsrs_group){
            c->reviews[i].elapsed_days, 1, c->reviews[i].rating > 1 ? 1 : 0};
    }
    for (int g = 0; g < 4; g++) {
        out->n_groups[g] =
            piq_fsrs_merge_groups(out->groups[g], out->n_groups[g]);
        if (!keep_all)
            out->n_groups[g] =
                drop_outliers(out->groups[g], out->n_groups[g], g + 1);
    }
    return PIQ_OK;
}

static bool is_kept(const piq_fsrs_items *x, int rating, int32_t days)
{
    piq_fsrs_group key = {.elapsed_days = days};
    int g = rating - 1;
    return x->n_groups[g] && bsearch(&key, x->groups[g], x->n_groups[g],
                                     sizeof key, by_days) != NULL;
}

/* ---- items ------------------------------------------------------------- */

static void mark_kept(const piq_fsrs_cards *c, piq_fsrs_items *x, uint8_t *keep)
{
    for (size_t card = 0; card < c->n; card++) {
        size_t begins = c->first[card], i = initial_of(c, card);
        x->end[card] = begins;
        if (i == c->first[card + 1] ||
            !is_kept(x, c->reviews[begins].rating, c->reviews[i].elapsed_days))
            continue;
        x->n_initial++;
        for (; i < c->first[card + 1] && i - begins <= MAX_HISTORY; i++) {
            if (!piq_fsrs_is_item(c, begins, i))
                continue;
            keep[i] = 1;
            x->end[card] = i + 1;
            x->n_scored[card]++;
        }
    }
}

piq_status piq_fsrs_items_of(piq_arena *a, const piq_fsrs_cards *c,
                             bool keep_all, piq_fsrs_items *out)
{
    size_t n_reviews = piq_fsrs_n_reviews(c);
    uint32_t *order;
    uint8_t *keep = piq_new(a, uint8_t, n_reviews);
    piq_fsrs_items x = {.weight = piq_new(a, double, n_reviews),
                        .end = piq_new(a, size_t, c->n),
                        .n_scored = piq_new(a, uint32_t, c->n)};
    if (!keep || !x.weight || !x.end || !x.n_scored ||
        group(a, c, keep_all, &x) != PIQ_OK)
        return PIQ_ENOMEM;
    mark_kept(c, &x, keep);
    if (order_of(a, c, keep, &order, &x.n) != PIQ_OK)
        return PIQ_ENOMEM;
    for (size_t j = 0; j < x.n; j++) {
        double late = x.n > 1 ? (double)j / (double)(x.n - 1) : 0;
        x.weight[order[j]] = 0.25 + 0.75 * late * late * late;
        x.recall += c->reviews[order[j]].rating > 1 ? 1 : 0;
    }
    x.recall = x.n ? x.recall / (double)x.n : 0;
    *out = x;
    return PIQ_OK;
}
