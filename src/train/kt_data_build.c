/* Tasks are found in a tree of prefixes: from an item's root along its
 * concepts in ascending order; where an answer's concepts end stands its
 * task. Exact, unlike a hash of the list. */
#include "train/kt_data_build.h"

#include "base/json_writer.h"
#include "base/map.h"
#include "train/kt_tsv.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>

static const size_t MAX_CATALOGUE_BYTES = (size_t)1 << 30;

enum { NO_TASK = 0 }; /* in node_task, whose tasks count from 1 */

typedef struct builder {
    const piq_kt_lines *lines;
    piq_kt_data *d;
    piq_arena scratch;
    piq_map item_at, skill_at; /* id -> position */
    piq_map child_of;          /* prefix and concept -> longer prefix */
    uint32_t *node_task;       /* [n_nodes], by prefix */
    size_t n_nodes;
    size_t n_concepts; /* used of d->concepts */
} builder;

typedef struct answer_concepts {
    uint16_t at[PIQ_MAX_ITEM_CONCEPTS]; /* ascending */
    size_t n;
} answer_concepts;

size_t piq_kt_data_room(size_t n_lines)
{
    return n_lines * 512 + ((size_t)16 << 20);
}

static piq_status no_memory(piq_err *err)
{
    return piq_fail(err, PIQ_ENOMEM, "no memory for the answers");
}

static int by_number(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

/* The map's keys, ascending, in `a`; each gets its place as its value. */
static piq_status number_keys(piq_arena *a, piq_map *m, int64_t **out)
{
    int64_t *ids = piq_new(a, int64_t, m->n);
    if (!ids)
        return PIQ_ENOMEM;
    uint64_t key;
    size_t n = 0;
    for (size_t at = 0; piq_map_next(m, &at, &key, NULL);)
        ids[n++] = (int64_t)key;
    if (n > 1)
        qsort(ids, n, sizeof *ids, by_number);
    for (size_t i = 0; i < n; i++) {
        piq_status status = piq_map_put(m, (uint64_t)ids[i], i);
        if (status != PIQ_OK)
            return status;
    }
    *out = ids;
    return PIQ_OK;
}

/* --- the catalogue -------------------------------------------------------- */

static void write_concept(piq_json_writer *w, piq_str id)
{
    piq_json_object(w);
    piq_json_put_str(w, "id", id);
    piq_json_put_z(w, "area", "all");
    piq_json_put_z(w, "level", "intermediate");
    piq_json_put_str(w, "name", id);
    piq_json_put_z(w, "can_do", "");
    piq_json_put_double(w, "difficulty", 0.5);
    piq_json_object_end(w);
}

static void write_nothing(piq_json_writer *w, const char *key)
{
    piq_json_key(w, key);
    piq_json_array(w);
    piq_json_array_end(w);
}

static void write_document(piq_json_writer *w, const piq_kt_data *d)
{
    piq_json_object(w);
    piq_json_put_z(w, "subject", "Imported answers");
    piq_json_put_double(w, "new_learner_ability", 0.5);
    piq_json_key(w, "areas");
    piq_json_array(w);
    piq_json_object(w);
    piq_json_put_z(w, "id", "all");
    piq_json_put_z(w, "name", "All skills");
    piq_json_put_z(w, "summary", "");
    piq_json_object_end(w);
    piq_json_array_end(w);
    piq_json_key(w, "concepts");
    piq_json_array(w);
    for (size_t i = 0; i < d->n_concepts; i++)
        write_concept(w, d->concept_ids[i]);
    piq_json_array_end(w);
    write_nothing(w, "characters");
    write_nothing(w, "contents");
    write_nothing(w, "items");
    piq_json_object_end(w);
}

static piq_status make_catalogue(builder *b, piq_err *err)
{
    piq_buf text;
    piq_json_writer w;
    piq_findings findings = {0};
    piq_buf_init(&text, 0);
    piq_json_init(&w, &text);
    write_document(&w, b->d);
    piq_status status = text.status;
    if (status == PIQ_OK)
        status =
            piq_catalogue_read(&b->scratch, (piq_str){text.ptr, text.len}, NULL,
                               &b->d->catalogue, &findings, NULL, err);
    else
        status = no_memory(err);
    if (status == PIQ_EINVAL)
        status = piq_fail(err, PIQ_EINTERNAL, "a catalogue of %zu skills: %s",
                          b->d->n_concepts, findings.list[0].message);
    piq_buf_release(&text);
    return status;
}

piq_status piq_kt_copy_catalogue(const piq_catalogue *from, piq_catalogue **out)
{
    piq_arena scratch;
    piq_buf text;
    piq_json_writer w;
    piq_findings findings = {0};
    piq_arena_init(&scratch, MAX_CATALOGUE_BYTES);
    piq_buf_init(&text, MAX_CATALOGUE_BYTES);
    piq_json_init(&w, &text);
    piq_catalogue_write(from, &w);
    piq_status status = text.status;
    if (status == PIQ_OK)
        status = piq_catalogue_read(&scratch, (piq_str){text.ptr, text.len},
                                    NULL, out, &findings, NULL, NULL);
    if (status == PIQ_OK)
        (*out)->version = from->version;
    piq_buf_release(&text);
    piq_arena_release(&scratch);
    return status;
}

/* --- numbers -------------------------------------------------------------- */

static piq_status number_skills(builder *b, piq_err *err)
{
    piq_kt_data *d = b->d;
    int64_t *skills;
    char id[32];
    if (b->skill_at.n > PIQ_MAX_CONCEPTS)
        return piq_fail(err, PIQ_ELIMIT, "%zu skills, %d are allowed",
                        b->skill_at.n, PIQ_MAX_CONCEPTS);
    if (number_keys(&b->scratch, &b->skill_at, &skills) != PIQ_OK)
        return no_memory(err);
    d->n_concepts = b->skill_at.n;
    d->concept_ids = piq_new(&d->arena, piq_str, d->n_concepts);
    if (!d->concept_ids)
        return no_memory(err);
    for (size_t i = 0; i < d->n_concepts; i++) {
        size_t len = piq_kt_concept_id(skills[i], id);
        d->concept_ids[i] =
            (piq_str){piq_arena_strndup(&d->arena, id, len), len};
        if (!d->concept_ids[i].ptr)
            return no_memory(err);
    }
    return PIQ_OK;
}

static piq_status number_ids(builder *b, piq_err *err)
{
    for (size_t i = 0; i < b->lines->n; i++) {
        const piq_kt_line *x = &b->lines->list[i];
        piq_status status = piq_map_put(&b->skill_at, (uint64_t)x->skill, 0);
        if (status == PIQ_OK && b->lines->items && x->item)
            status = piq_map_put(&b->item_at, (uint64_t)x->item, 0);
        if (status != PIQ_OK)
            return no_memory(err);
    }
    piq_status status = number_skills(b, err);
    if (status != PIQ_OK)
        return status;
    b->d->n_items = b->item_at.n;
    if (number_keys(&b->d->arena, &b->item_at, &b->d->item_ids) != PIQ_OK)
        return no_memory(err);
    return PIQ_OK;
}

/* --- tasks ---------------------------------------------------------------- */

static piq_status find_concepts(const builder *b, size_t from, size_t to,
                                answer_concepts *out, piq_err *err)
{
    out->n = 0;
    for (size_t i = from; i < to; i++) {
        uint64_t at = 0;
        piq_map_get(&b->skill_at, (uint64_t)b->lines->list[i].skill, &at);
        if (out->n == PIQ_MAX_ITEM_CONCEPTS)
            return piq_fail(
                err, PIQ_ELIMIT,
                "an answer to item %" PRId64 " has more than %d skills",
                b->lines->list[from].item - 1, PIQ_MAX_ITEM_CONCEPTS);
        size_t k = out->n++;
        for (; k > 0 && out->at[k - 1] > at; k--)
            out->at[k] = out->at[k - 1];
        out->at[k] = (uint16_t)at;
    }
    return PIQ_OK;
}

static void add_task(builder *b, uint64_t item, const answer_concepts *c)
{
    piq_kt_data *d = b->d;
    d->tasks[d->n_tasks++] = (piq_kt_task){
        .item = {item < d->n_items ? (uint32_t)item : PIQ_NO_IX32},
        .first_concept = (uint32_t)b->n_concepts,
        .n_concepts = (uint8_t)c->n,
    };
    for (size_t k = 0; k < c->n; k++)
        d->concepts[b->n_concepts++] =
            (piq_concept_weight){{c->at[k]}, 1.0 / (double)c->n};
}

/* Roots are the items' places and n_items for none. */
static piq_status find_task(builder *b, uint64_t item, const answer_concepts *c,
                            uint32_t *task)
{
    uint64_t node = item;
    for (size_t k = 0; k < c->n; k++) {
        uint64_t key = node << 16 | c->at[k];
        if (piq_map_get(&b->child_of, key, &node))
            continue;
        node = b->n_nodes++;
        piq_status status = piq_map_put(&b->child_of, key, node);
        if (status != PIQ_OK)
            return status;
    }
    if (b->node_task[node] == NO_TASK) {
        add_task(b, item, c);
        b->node_task[node] = (uint32_t)b->d->n_tasks;
    }
    *task = b->node_task[node] - 1;
    return PIQ_OK;
}

static size_t answer_end(const piq_kt_lines *l, size_t i, size_t end)
{
    for (i++; i < end && l->list[i].joins;)
        i++;
    return i;
}

static piq_status add_answer(builder *b, size_t i, size_t end, piq_err *err)
{
    const piq_kt_line *x = &b->lines->list[i];
    answer_concepts concepts;
    uint64_t item = b->d->n_items;
    uint32_t task;
    piq_status status = find_concepts(b, i, end, &concepts, err);
    if (status != PIQ_OK)
        return status;
    piq_map_get(&b->item_at, (uint64_t)x->item, &item);
    if (find_task(b, item, &concepts, &task) != PIQ_OK)
        return no_memory(err);
    b->d->answers[b->d->n_answers++] =
        (piq_kt_answer){.at_us = x->at_us,
                        .task = task,
                        .score = x->right ? 1.0f : 0.0f,
                        .foreseen = NAN};
    b->d->has_times = b->d->has_times || x->at_us != PIQ_NO_TIME;
    return PIQ_OK;
}

static piq_status add_learner(builder *b, size_t learner, piq_err *err)
{
    const piq_kt_lines *l = b->lines;
    piq_kt_data *d = b->d;
    size_t to = l->first[learner + 1];
    int64_t item_before = 0;
    for (size_t i = l->first[learner], end; i < to; i = end) {
        end = answer_end(l, i, to);
        piq_status status = add_answer(b, i, end, err);
        if (status != PIQ_OK)
            return status;
        /* By the file's item, which `items` may have dropped. */
        piq_kt_answer *k = &d->answers[d->n_answers - 1];
        k->repeat = i > l->first[learner] && item_before != 0 &&
                    l->list[i].item == item_before && k->task != k[-1].task;
        item_before = l->list[i].item;
    }
    d->first[learner + 1] = d->n_answers;
    d->part[learner] = l->part[learner];
    return PIQ_OK;
}

/* The smaller arrays first: an arena's chunk is at least twice the one before.
 */
static bool make_room(builder *b)
{
    const piq_kt_lines *l = b->lines;
    piq_kt_data *d = b->d;
    size_t n_answers = 0;
    for (size_t i = 0; i < l->n; i++)
        n_answers += !l->list[i].joins;
    b->node_task = piq_new(&b->scratch, uint32_t, d->n_items + 1 + l->n);
    d->part = piq_new(&d->arena, uint8_t, l->n_learners);
    d->first = piq_new(&d->arena, size_t, l->n_learners + 1);
    d->tasks = piq_new(&d->arena, piq_kt_task, n_answers);
    d->concepts = piq_new(&d->arena, piq_concept_weight, l->n);
    d->answers = piq_new(&d->arena, piq_kt_answer, n_answers);
    return b->node_task && d->part && d->first && d->tasks && d->concepts &&
           d->answers;
}

static piq_status build(builder *b, piq_err *err)
{
    piq_status status = number_ids(b, err);
    if (status == PIQ_OK)
        status = make_catalogue(b, err);
    if (status != PIQ_OK)
        return status;
    if (!make_room(b))
        return no_memory(err);
    b->n_nodes = b->d->n_items + 1;
    for (size_t i = 0; i < b->lines->n_learners; i++) {
        status = add_learner(b, i, err);
        if (status != PIQ_OK)
            return status;
    }
    return PIQ_OK;
}

piq_status piq_kt_data_build(const piq_kt_lines *lines, piq_kt_data *out,
                             piq_err *err)
{
    piq_kt_data d = {.n_learners = lines->n_learners,
                     .n_parts = lines->n_parts};
    builder b = {.lines = lines, .d = &d};
    piq_arena_init(&d.arena, piq_kt_data_room(lines->n));
    piq_arena_init(&b.scratch, piq_kt_data_room(lines->n));
    piq_map_init(&b.item_at);
    piq_map_init(&b.skill_at);
    piq_map_init(&b.child_of);
    piq_status status = build(&b, err);
    if (status == PIQ_OK)
        *out = d;
    else
        piq_kt_data_release(&d);
    piq_map_release(&b.item_at);
    piq_map_release(&b.skill_at);
    piq_map_release(&b.child_of);
    piq_arena_release(&b.scratch);
    return status;
}
