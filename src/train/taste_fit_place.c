#include "train/taste_fit_place.h"

#include "num/vector.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { NEIGHBOURS = 10 };

typedef struct neighbours {
    uint32_t item[NEIGHBOURS];
    double share[NEIGHBOURS]; /* cosine; of all of them 1 once whole */
    size_t n;
} neighbours;

static double own_length(const piq_taste_concepts *c, size_t i)
{
    double sum = 0;
    for (size_t k = c->first[i]; k < c->first[i + 1]; k++)
        sum += (double)c->weight[k] * (double)c->weight[k];
    return sqrt(sum);
}

/* Cosine of two items' concepts; they are few. */
static double similarity(const piq_taste_concepts *c, size_t i, size_t j)
{
    double dot = 0, lengths = own_length(c, i) * own_length(c, j);
    for (size_t k = c->first[i]; k < c->first[i + 1]; k++)
        for (size_t l = c->first[j]; l < c->first[j + 1]; l++)
            if (c->concept[k] == c->concept[l])
                dot += (double)c->weight[k] * (double)c->weight[l];
    return lengths > 0 ? dot / lengths : 0;
}

static void put(neighbours *n, uint32_t item, double share)
{
    size_t k = n->n;
    if (k == NEIGHBOURS) {
        if (!(share > n->share[k - 1]))
            return;
        k--;
    } else {
        n->n++;
    }
    for (; k > 0 && share > n->share[k - 1]; k--) {
        n->share[k] = n->share[k - 1];
        n->item[k] = n->item[k - 1];
    }
    n->share[k] = share;
    n->item[k] = item;
}

static neighbours find(const piq_taste *m, const piq_taste_concepts *c,
                       size_t i)
{
    neighbours found = {.n = 0};
    double sum = 0;
    for (size_t j = 0; j < m->n_items; j++) {
        if (j == i || m->seen[j] < PIQ_TASTE_SETTLED)
            continue;
        double share = similarity(c, i, j);
        if (share > 0)
            put(&found, (uint32_t)j, share);
    }
    for (size_t k = 0; k < found.n; k++)
        sum += found.share[k];
    for (size_t k = 0; k < found.n; k++)
        found.share[k] /= sum;
    return found;
}

/* x = own x + (1 - own) times the neighbours' mean; neighbours are settled, so
 * nobody borrows what was borrowed. */
static void borrow_row(const piq_taste *m, float *map, size_t i, double own,
                       const neighbours *n, float *room)
{
    float *row = map + i * m->stride;
    memset(room, 0, m->stride * sizeof *room);
    piq_vector_add(room, (float)own, row, m->stride);
    for (size_t k = 0; k < n->n; k++)
        piq_vector_add(room, (float)((1 - own) * n->share[k]),
                       map + n->item[k] * m->stride, m->stride);
    memcpy(row, room, m->stride * sizeof *room);
    row[i] = 0;
}

static double borrowed(const float *at, size_t i, double own,
                       const neighbours *n)
{
    double x = own * (double)at[i];
    for (size_t k = 0; k < n->n; k++)
        x += (1 - own) * n->share[k] * (double)at[n->item[k]];
    return x;
}

static void borrow_column(const piq_taste *m, float *map, size_t i, double own,
                          const neighbours *n)
{
    for (size_t j = 0; j < m->n_items; j++) {
        float *row = map + j * m->stride;
        row[i] = j == i ? 0 : (float)borrowed(row, i, own, n);
    }
}

static void place_item(piq_taste *m, const piq_taste_concepts *c, size_t i,
                       float *room)
{
    double own = (double)m->seen[i] / PIQ_TASTE_SETTLED;
    neighbours n = find(m, c, i);
    if (n.n == 0)
        return;
    for (int k = 0; k < PIQ_N_TASTE_MAPS; k++) {
        borrow_row(m, m->maps[k], i, own, &n, room);
        borrow_column(m, m->maps[k], i, own, &n);
    }
    m->popular[i] = (float)borrowed(m->popular, i, own, &n);
}

piq_status piq_taste_place_new(piq_taste *m, const piq_taste_concepts *c)
{
    float *room = piq_taste_rows(1, m->stride);
    if (!room)
        return PIQ_ENOMEM;
    for (size_t i = 0; i < m->n_items; i++)
        if (m->seen[i] < PIQ_TASTE_SETTLED)
            place_item(m, c, i, room);
    free(room);
    return PIQ_OK;
}
