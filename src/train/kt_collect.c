/* kt_collect.c - see kt_collect.h. */
#include "train/kt_collect.h"

#include "base/map.h"
#include "train/kt_data_build.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct piq_kt_collector {
    piq_kt_data data;
    size_t cap_learners, cap_answers, cap_tasks, cap_concepts;
    size_t n_concepts; /* used of data.concepts */
    piq_map task_at;   /* hash of item and concepts -> task, or a chain */
    uint32_t *next;    /* [cap_tasks] another task of the same hash, plus 1 */
};

/* ---- the catalogue ----------------------------------------------------- */

static piq_status copy_names(piq_kt_data *d)
{
    const piq_catalogue *c = d->catalogue;
    d->n_items = c->n_items;
    d->n_concepts = c->n_concepts;
    d->item_ids = piq_new(&d->arena, int64_t, c->n_items);
    d->concept_ids = piq_new(&d->arena, piq_str, c->n_concepts);
    if (!d->item_ids || !d->concept_ids)
        return PIQ_ENOMEM;
    for (size_t i = 0; i < c->n_items; i++)
        d->item_ids[i] = c->items[i].id.v;
    for (size_t i = 0; i < c->n_concepts; i++)
        d->concept_ids[i] = c->concepts[i].id; /* the catalogue is ours */
    return PIQ_OK;
}

piq_status piq_kt_collector_new(const piq_catalogue *c, unsigned n_parts,
                                piq_kt_collector **out)
{
    piq_kt_collector *k = calloc(1, sizeof *k);
    if (!k)
        return PIQ_ENOMEM;
    piq_map_init(&k->task_at);
    k->data.n_parts = n_parts;
    k->data.has_times = true;
    piq_arena_init(&k->data.arena, (size_t)16 << 30);
    piq_status status = piq_kt_copy_catalogue(c, &k->data.catalogue);
    if (status == PIQ_OK)
        status = copy_names(&k->data);
    if (status) {
        piq_kt_collector_free(k);
        return status;
    }
    *out = k;
    return PIQ_OK;
}

void piq_kt_collector_free(piq_kt_collector *k)
{
    if (!k)
        return;
    piq_kt_data_release(&k->data);
    piq_map_release(&k->task_at);
    free(k);
}

/* ---- growing ----------------------------------------------------------- */

static piq_status room(piq_kt_collector *k, void *list, size_t n, size_t *cap,
                       size_t size)
{
    void **at = list;
    if (n < *cap)
        return PIQ_OK;
    size_t more = *cap ? *cap * 2 : 256;
    void *grown = piq_arena_alloc(&k->data.arena, more, size);
    if (!grown)
        return PIQ_ENOMEM;
    if (n)
        memcpy(grown, *at, n * size);
    *at = grown;
    *cap = more;
    return PIQ_OK;
}

/* For one learner more: `first` has one place more than `part`. */
static piq_status learner_room(piq_kt_collector *k)
{
    piq_kt_data *d = &k->data;
    if (d->n_learners < k->cap_learners)
        return PIQ_OK;
    size_t cap = k->cap_learners ? k->cap_learners * 2 : 256;
    uint8_t *part = piq_new(&d->arena, uint8_t, cap);
    size_t *first = piq_new(&d->arena, size_t, cap + 1);
    if (!part || !first)
        return PIQ_ENOMEM;
    if (d->n_learners) {
        memcpy(part, d->part, d->n_learners * sizeof *part);
        memcpy(first, d->first, (d->n_learners + 1) * sizeof *first);
    }
    d->part = part;
    d->first = first;
    k->cap_learners = cap;
    return PIQ_OK;
}

piq_status piq_kt_collector_learner(piq_kt_collector *k, piq_user_id user)
{
    piq_kt_data *d = &k->data;
    bool open = d->n_learners > 0;
    if (open && d->first[d->n_learners - 1] == d->n_answers)
        d->n_learners--; /* gave no answer */
    if (learner_room(k))
        return PIQ_ENOMEM;
    d->part[d->n_learners] =
        (uint8_t)(piq_hash_u64((uint64_t)user.v) % d->n_parts);
    d->first[d->n_learners] = d->n_answers;
    d->n_learners++;
    d->first[d->n_learners] = d->n_answers;
    return PIQ_OK;
}

/* ---- tasks ------------------------------------------------------------- */

/* The heaviest, made to sum to 1, by ascending concept. */
static size_t keep_concepts(const piq_ask *ask,
                            piq_concept_weight out[PIQ_MAX_ITEM_CONCEPTS])
{
    size_t n = 0;
    double sum = 0;
    for (size_t i = 0; i < ask->n_concepts; i++) {
        size_t at = n;
        if (n == PIQ_MAX_ITEM_CONCEPTS) {
            for (size_t j = at = 0; j < n; j++)
                at = out[j].weight < out[at].weight ? j : at;
            if (out[at].weight >= ask->concepts[i].weight)
                continue;
        } else {
            n++;
        }
        out[at] = ask->concepts[i];
    }
    for (size_t i = 1; i < n; i++)
        for (size_t j = i; j > 0 && out[j - 1].concept.v > out[j].concept.v;
             j--) {
            piq_concept_weight swap = out[j];
            out[j] = out[j - 1];
            out[j - 1] = swap;
        }
    for (size_t i = 0; i < n; i++)
        sum += out[i].weight;
    for (size_t i = 0; i < n; i++)
        out[i].weight /= sum;
    return n;
}

static bool is_same(const piq_kt_data *d, uint32_t task, piq_item_ix item,
                    const piq_concept_weight *list, size_t n)
{
    const piq_kt_task *t = &d->tasks[task];
    if (t->item.v != item.v || t->n_concepts != n)
        return false;
    for (size_t i = 0; i < n; i++) {
        const piq_concept_weight *w = &d->concepts[t->first_concept + i];
        if (w->concept.v != list[i].concept.v || w->weight < list[i].weight ||
            w->weight > list[i].weight)
            return false;
    }
    return true;
}

static uint64_t hash_task(piq_item_ix item, const piq_concept_weight *list,
                          size_t n)
{
    uint64_t h = piq_hash_u64(item.v);
    for (size_t i = 0; i < n; i++) {
        h = piq_hash_u64(h ^ list[i].concept.v);
        h ^= piq_hash_bytes(&list[i].weight, sizeof list[i].weight);
    }
    return h;
}

static piq_status find_task(piq_kt_collector *k, piq_item_ix item,
                            const piq_concept_weight *list, size_t n,
                            uint32_t *out)
{
    piq_kt_data *d = &k->data;
    uint64_t chain = 0, key = hash_task(item, list, n);
    piq_map_get(&k->task_at, key, &chain);
    for (uint64_t at = chain; at; at = k->next[at - 1])
        if (is_same(d, (uint32_t)at - 1, item, list, n)) {
            *out = (uint32_t)at - 1;
            return PIQ_OK;
        }
    /* All that can fail comes first, so that a failure leaves no half task. */
    size_t cap = k->cap_tasks, n_concepts = k->n_concepts;
    if (room(k, &d->tasks, d->n_tasks, &cap, sizeof *d->tasks) ||
        room(k, &k->next, d->n_tasks, &k->cap_tasks, sizeof *k->next))
        return PIQ_ENOMEM;
    for (size_t i = 0; i < n; i++) {
        if (room(k, &d->concepts, n_concepts, &k->cap_concepts,
                 sizeof *d->concepts))
            return PIQ_ENOMEM;
        d->concepts[n_concepts++] = list[i];
    }
    if (piq_map_put(&k->task_at, key, d->n_tasks + 1))
        return PIQ_ENOMEM;
    k->n_concepts = n_concepts;
    d->tasks[d->n_tasks] =
        (piq_kt_task){.item = item,
                      .first_concept = (uint32_t)(k->n_concepts - n),
                      .n_concepts = (uint8_t)n};
    k->next[d->n_tasks] = (uint32_t)chain;
    *out = (uint32_t)d->n_tasks++;
    return PIQ_OK;
}

piq_status piq_kt_collector_add(piq_kt_collector *k, const piq_ask *ask,
                                const piq_response *response, float foreseen)
{
    piq_kt_data *d = &k->data;
    piq_concept_weight list[PIQ_MAX_ITEM_CONCEPTS];
    uint32_t task;
    size_t n = keep_concepts(ask, list);
    if (find_task(k, ask->item, list, n, &task) ||
        room(k, &d->answers, d->n_answers, &k->cap_answers, sizeof *d->answers))
        return PIQ_ENOMEM;
    d->answers[d->n_answers++] =
        (piq_kt_answer){.at_us = ask->at_us,
                        .task = task,
                        .response_ms = response->response_ms,
                        .score = response->score,
                        .foreseen = foreseen,
                        .hint = response->hint};
    d->first[d->n_learners] = d->n_answers;
    return PIQ_OK;
}

void piq_kt_collector_finish(piq_kt_collector *k, const char *name,
                             piq_kt_data *out)
{
    piq_kt_data *d = &k->data;
    if (d->n_learners && d->first[d->n_learners - 1] == d->n_answers)
        d->n_learners--;
    snprintf(d->name, sizeof d->name, "%s", name);
    *out = *d;
    *d = (piq_kt_data){0};
}
