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
    uint32_t at = item.v < b->n_items ? b->newest[item.v] : 0;
    while (at && b->entries[at - 1].number > number)
        at = b->entries[at - 1].before;
    if (at)
        found = b->entries[at - 1].estimate;
    pthread_rwlock_unlock(&b->lock);
    return found;
}
