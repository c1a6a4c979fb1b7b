#include "learner/calibration_book.h"

#include "base/arena.h"
#include "track/calibrate.h"

#include <pthread.h>
#include <stdlib.h>

/* One estimate; `before` is the item's previous entry + 1, 0 for none. */
typedef struct entry {
    uint32_t number;
    uint32_t before;
    uint32_t item;
    piq_item_estimate estimate;
} entry;

struct piq_calibration_book {
    pthread_rwlock_t lock;
    entry *entries;
    size_t n, cap;
    uint32_t *newest; /* [n_items] entry + 1, 0 none */
    size_t n_items;
    uint32_t number; /* in force */
    /* What piq_calibration_book_shifts last worked out, and for what. */
    float *shifts; /* [n_shifts] */
    float *weights;
    size_t n_shifts;
    uint32_t shifts_number;
    const piq_catalogue *shifts_of;
};

piq_status piq_calibration_book_new(piq_calibration_book **out)
{
    piq_calibration_book *b = calloc(1, sizeof *b);
    if (!b)
        return PIQ_ENOMEM;
    if (pthread_rwlock_init(&b->lock, NULL)) {
        free(b);
        return PIQ_ENOMEM;
    }
    *out = b;
    return PIQ_OK;
}

void piq_calibration_book_free(piq_calibration_book *b)
{
    if (!b)
        return;
    pthread_rwlock_destroy(&b->lock);
    free(b->entries);
    free(b->newest);
    free(b->shifts);
    free(b->weights);
    free(b);
}

static piq_status make_room(piq_calibration_book *b, size_t more,
                            size_t n_items)
{
    if (b->n + more > b->cap) {
        size_t cap = b->cap ? b->cap * 2 : 1024;
        while (cap < b->n + more)
            cap *= 2;
        entry *e = realloc(b->entries, cap * sizeof *e);
        if (!e)
            return PIQ_ENOMEM;
        b->entries = e;
        b->cap = cap;
    }
    if (n_items > b->n_items) { /* items come one by one when restoring */
        size_t wanted = n_items > 2 * b->n_items ? n_items : 2 * b->n_items;
        uint32_t *newest = realloc(b->newest, wanted * sizeof *newest);
        if (!newest)
            return PIQ_ENOMEM;
        memset(newest + b->n_items, 0, (wanted - b->n_items) * sizeof *newest);
        b->newest = newest;
        b->n_items = wanted;
    }
    return PIQ_OK;
}

piq_status piq_calibration_book_draft(piq_calibration_book *b, uint32_t number,
                                      const piq_calibrated_item *items,
                                      size_t n)
{
    size_t n_items = 0;
    for (size_t i = 0; i < n; i++)
        if (items[i].item.v >= n_items)
            n_items = (size_t)items[i].item.v + 1;
    pthread_rwlock_wrlock(&b->lock);
    piq_status status = make_room(b, n, n_items);
    for (size_t i = 0; i < n && status == PIQ_OK; i++) {
        uint32_t *newest = &b->newest[items[i].item.v];
        b->entries[b->n] =
            (entry){number, *newest, items[i].item.v, items[i].estimate};
        *newest = (uint32_t)++b->n;
    }
    pthread_rwlock_unlock(&b->lock);
    return status;
}

void piq_calibration_book_enact(piq_calibration_book *b, uint32_t number)
{
    pthread_rwlock_wrlock(&b->lock);
    if (number > b->number)
        b->number = number;
    pthread_rwlock_unlock(&b->lock);
}

piq_status piq_calibration_book_add(piq_calibration_book *b, uint32_t number,
                                    const piq_calibrated_item *items, size_t n)
{
    piq_status status = piq_calibration_book_draft(b, number, items, n);
    if (status == PIQ_OK)
        piq_calibration_book_enact(b, number);
    return status;
}

/* Numbers never go back, so what is not in force is at the end. */
void piq_calibration_book_forget(piq_calibration_book *b)
{
    pthread_rwlock_wrlock(&b->lock);
    while (b->n && b->entries[b->n - 1].number > b->number) {
        const entry *last = &b->entries[--b->n];
        b->newest[last->item] = last->before;
    }
    pthread_rwlock_unlock(&b->lock);
}

uint32_t piq_calibration_book_number(piq_calibration_book *b)
{
    pthread_rwlock_rdlock(&b->lock);
    uint32_t number = b->number;
    pthread_rwlock_unlock(&b->lock);
    return number;
}

/* With the lock held. */
static const piq_item_estimate *find(const piq_calibration_book *b,
                                     uint32_t item, uint32_t number)
{
    uint32_t at = item < b->n_items ? b->newest[item] : 0;
    while (at && b->entries[at - 1].number > number)
        at = b->entries[at - 1].before;
    return at ? &b->entries[at - 1].estimate : NULL;
}

piq_item_estimate piq_calibration_book_at(piq_calibration_book *b,
                                          const piq_catalogue *c,
                                          piq_item_ix item, uint32_t number)
{
    piq_item_estimate found = {
        .difficulty_logit =
            (float)piq_difficulty_logit(c->items[item.v].difficulty),
        .variance = (float)piq_item_prior_variance(),
    };
    pthread_rwlock_rdlock(&b->lock);
    const piq_item_estimate *e = find(b, item.v, number);
    if (e)
        found = *e;
    pthread_rwlock_unlock(&b->lock);
    return found;
}

static piq_status shift_room(piq_calibration_book *b, size_t n)
{
    if (n <= b->n_shifts)
        return PIQ_OK;
    float *shifts = realloc(b->shifts, n * sizeof *shifts);
    if (shifts)
        b->shifts = shifts;
    float *weights = realloc(b->weights, n * sizeof *weights);
    if (weights)
        b->weights = weights;
    if (!shifts || !weights)
        return PIQ_ENOMEM;
    b->n_shifts = n;
    return PIQ_OK;
}

/* With the lock held for writing. */
static piq_status work_out_shifts(piq_calibration_book *b,
                                  const piq_catalogue *c)
{
    if (shift_room(b, c->n_concepts))
        return PIQ_ENOMEM;
    for (size_t k = 0; k < c->n_concepts; k++)
        b->shifts[k] = b->weights[k] = 0;
    for (uint32_t i = 0; i < c->n_items; i++) {
        const piq_item *x = &c->items[i];
        const piq_item_estimate *e = find(b, i, b->number);
        float added =
            e ? e->difficulty_logit - (float)piq_difficulty_logit(x->difficulty)
              : 0;
        for (size_t k = 0; k < x->n_concepts && !x->retired; k++) {
            float weight = (float)x->concepts[k].weight;
            b->shifts[x->concepts[k].concept.v] += weight * added;
            b->weights[x->concepts[k].concept.v] += weight;
        }
    }
    for (size_t k = 0; k < c->n_concepts; k++)
        if (b->weights[k] > 0)
            b->shifts[k] /= b->weights[k];
    b->shifts_number = b->number;
    b->shifts_of = c;
    return PIQ_OK;
}

static bool has_shifts(const piq_calibration_book *b, const piq_catalogue *c)
{
    return b->shifts_of == c && b->shifts_number == b->number;
}

piq_status piq_calibration_book_shifts(piq_calibration_book *b,
                                       const piq_catalogue *c, float *out)
{
    piq_status status = PIQ_OK;
    pthread_rwlock_rdlock(&b->lock);
    bool done = has_shifts(b, c);
    if (done)
        memcpy(out, b->shifts, c->n_concepts * sizeof *out);
    pthread_rwlock_unlock(&b->lock);
    if (done)
        return PIQ_OK;
    pthread_rwlock_wrlock(&b->lock);
    if (!has_shifts(b, c))
        status = work_out_shifts(b, c);
    if (status == PIQ_OK)
        memcpy(out, b->shifts, c->n_concepts * sizeof *out);
    pthread_rwlock_unlock(&b->lock);
    return status;
}
