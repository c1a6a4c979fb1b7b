#include "train/kt_data.h"

#include "train/kt_data_build.h"

#include <string.h>

void piq_kt_data_release(piq_kt_data *d)
{
    piq_catalogue_free(d->catalogue);
    piq_arena_release(&d->arena);
    *d = (piq_kt_data){0};
}

piq_ask piq_kt_data_ask(const piq_kt_data *d, const piq_kt_answer *k)
{
    const piq_kt_task *task = &d->tasks[k->task];
    return (piq_ask){.item = task->item,
                     .concepts = d->concepts + task->first_concept,
                     .n_concepts = task->n_concepts,
                     .at_us = k->at_us};
}

bool piq_kt_data_is_repeat(const piq_kt_data *d, size_t i)
{
    return d->answers[i].repeat;
}

/* --- cutting -------------------------------------------------------------- */

static void *copy(piq_arena *a, const void *from, size_t n, size_t size)
{
    void *to = piq_arena_alloc(a, n, size);
    if (to && n)
        memcpy(to, from, n * size);
    return to;
}

static bool copy_concept_ids(const piq_kt_data *d, piq_kt_data *out)
{
    out->concept_ids =
        copy(&out->arena, d->concept_ids, d->n_concepts, sizeof(piq_str));
    if (!out->concept_ids)
        return false;
    for (size_t i = 0; i < d->n_concepts; i++) {
        piq_str *id = &out->concept_ids[i];
        id->ptr = piq_arena_strndup(&out->arena, id->ptr, id->len);
        if (!id->ptr)
            return false;
    }
    return true;
}

static bool copy_arrays(const piq_kt_data *d, piq_kt_data *out)
{
    piq_arena *a = &out->arena;
    size_t n_concepts = 0;
    for (size_t i = 0; i < d->n_tasks; i++)
        n_concepts += d->tasks[i].n_concepts;
    out->item_ids = copy(a, d->item_ids, d->n_items, sizeof *d->item_ids);
    out->tasks = copy(a, d->tasks, d->n_tasks, sizeof *d->tasks);
    out->concepts = copy(a, d->concepts, n_concepts, sizeof *d->concepts);
    out->answers = copy(a, d->answers, d->n_answers, sizeof *d->answers);
    return copy_concept_ids(d, out) && out->item_ids && out->tasks &&
           out->concepts && out->answers;
}

static size_t count_pieces(const piq_kt_data *d, size_t rows)
{
    size_t n = 0;
    for (size_t i = 0; i < d->n_learners; i++)
        n += (d->first[i + 1] - d->first[i] + rows - 1) / rows;
    return n;
}

static bool cut_learners(const piq_kt_data *d, size_t rows, piq_kt_data *out)
{
    size_t n = count_pieces(d, rows), piece = 0;
    out->first = piq_new(&out->arena, size_t, n + 1);
    out->part = piq_new(&out->arena, uint8_t, n);
    if (!out->first || !out->part)
        return false;
    for (size_t i = 0; i < d->n_learners; i++) {
        for (size_t at = d->first[i]; at < d->first[i + 1]; at += rows) {
            out->first[piece] = at;
            out->part[piece++] = d->part[i];
            out->answers[at].repeat = false;
        }
    }
    out->first[piece] = d->n_answers;
    out->n_learners = n;
    return true;
}

piq_status piq_kt_data_cut(const piq_kt_data *d, size_t rows, piq_kt_data *out,
                           piq_err *err)
{
    PIQ_ASSERT(rows >= 1);
    piq_kt_data cut = *d;
    cut.catalogue = NULL;
    piq_arena_init(&cut.arena, d->arena.cap_bytes + d->n_answers * 64);
    piq_status status = piq_kt_copy_catalogue(d->catalogue, &cut.catalogue);
    if (status == PIQ_OK &&
        !(copy_arrays(d, &cut) && cut_learners(d, rows, &cut)))
        status = PIQ_ENOMEM;
    if (status)
        piq_fail(err, status, "no memory for the answers");
    if (status == PIQ_OK)
        *out = cut;
    else
        piq_kt_data_release(&cut);
    return status;
}

piq_item_names piq_kt_data_names(const piq_kt_data *d)
{
    return (piq_item_names){.items = d->item_ids,
                            .n_items = d->n_items,
                            .concepts = d->concept_ids,
                            .n_concepts = d->n_concepts};
}
