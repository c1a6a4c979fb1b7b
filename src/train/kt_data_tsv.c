#include "train/kt_data_build.h"

#include "base/map.h"
#include "base/str.h"
#include "train/kt_tsv.h"

#include <stdlib.h>

/* A line of the text: where it stands and when it happened. */
typedef struct place {
    int64_t at_us;
    size_t row;
} place;

typedef struct sorter {
    const piq_kt_rows *rows;
    piq_map learner_at; /* user id -> position, ascending */
    int64_t *users;     /* [n_learners] */
    size_t n_learners;
    size_t *first; /* [n_learners + 1] */
    place *places; /* [rows->n], learner after learner */
} sorter;

static int by_user(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

static int by_time(const void *a, const void *b)
{
    const place *x = a, *y = b;
    if (x->at_us != y->at_us)
        return x->at_us < y->at_us ? -1 : 1;
    return (x->row > y->row) - (x->row < y->row);
}

static piq_status find_learners(piq_arena *a, sorter *s)
{
    for (size_t i = 0; i < s->rows->n; i++) {
        uint64_t id = (uint64_t)s->rows->list[i].user_id;
        if (piq_map_put(&s->learner_at, id, 0) != PIQ_OK)
            return PIQ_ENOMEM;
    }
    s->n_learners = s->learner_at.n;
    s->users = piq_new(a, int64_t, s->n_learners);
    s->first = piq_new(a, size_t, s->n_learners + 1);
    s->places = piq_new(a, place, s->rows->n);
    if (!s->users || !s->first || !s->places)
        return PIQ_ENOMEM;
    uint64_t id;
    size_t n = 0;
    for (size_t at = 0; piq_map_next(&s->learner_at, &at, &id, NULL);)
        s->users[n++] = (int64_t)id;
    if (n > 1)
        qsort(s->users, n, sizeof *s->users, by_user);
    for (size_t i = 0; i < n; i++)
        if (piq_map_put(&s->learner_at, (uint64_t)s->users[i], i) != PIQ_OK)
            return PIQ_ENOMEM;
    return PIQ_OK;
}

/* Lines to their learners (a counting sort), then each learner's by time. Most
 * files are in order of time already. */
static piq_status sort_rows(piq_arena *a, sorter *s)
{
    size_t n = s->rows->n;
    uint32_t *learner = piq_new(a, uint32_t, n);
    size_t *next = piq_new(a, size_t, s->n_learners);
    if (!learner || !next)
        return PIQ_ENOMEM;
    for (size_t i = 0; i < n; i++) {
        uint64_t at = 0;
        piq_map_get(&s->learner_at, (uint64_t)s->rows->list[i].user_id, &at);
        learner[i] = (uint32_t)at;
        s->first[at + 1]++;
    }
    for (size_t k = 0; k < s->n_learners; k++) {
        next[k] = s->first[k];
        s->first[k + 1] += s->first[k];
    }
    for (size_t i = 0; i < n; i++)
        s->places[next[learner[i]]++] = (place){s->rows->list[i].at_us, i};
    for (size_t k = 0; k < s->n_learners; k++) {
        size_t from = s->first[k], to = s->first[k + 1];
        bool sorted = true;
        for (size_t i = from + 1; i < to && sorted; i++)
            sorted = s->places[i - 1].at_us <= s->places[i].at_us;
        if (!sorted)
            qsort(s->places + from, to - from, sizeof(place), by_time);
    }
    return PIQ_OK;
}

static bool one_instant(const piq_kt_rows *rows)
{
    for (size_t i = 1; i < rows->n; i++)
        if (rows->list[i].at_us != rows->list[0].at_us)
            return false;
    return true;
}

/* Whether the last line is another skill of the answer that begins at `start`.
 * A skill that it has already says that this is the next answer. */
static bool is_same_answer(const piq_kt_lines *l, size_t start)
{
    const piq_kt_line *x = &l->list[l->n], *first = &l->list[start];
    if (x->item != first->item || x->at_us != first->at_us ||
        x->right != first->right)
        return false;
    for (size_t i = start; i < l->n; i++)
        if (l->list[i].skill == x->skill)
            return false;
    return true;
}

static void add_learner(const sorter *s, size_t k, bool times, piq_kt_lines *l)
{
    size_t start = l->n;
    for (size_t i = s->first[k]; i < s->first[k + 1]; i++) {
        const piq_kt_row *row = &s->rows->list[s->places[i].row];
        l->list[l->n] = (piq_kt_line){
            .item = row->item_id,
            .skill = row->skill_id,
            .at_us = times ? row->at_us : PIQ_NO_TIME,
            .right = row->correct,
        };
        l->list[l->n].joins = i > s->first[k] && is_same_answer(l, start);
        if (!l->list[l->n].joins)
            start = l->n;
        l->n++;
    }
    uint64_t hash = piq_hash_u64((uint64_t)s->users[k]);
    l->part[k] = (uint8_t)(hash % l->n_parts);
    l->first[k + 1] = l->n;
}

static piq_status make_lines(piq_arena *a, sorter *s, piq_kt_lines *l)
{
    if (find_learners(a, s) != PIQ_OK || sort_rows(a, s) != PIQ_OK)
        return PIQ_ENOMEM;
    l->n_learners = s->n_learners;
    l->part = piq_new(a, uint8_t, s->n_learners);
    l->first = piq_new(a, size_t, s->n_learners + 1);
    l->list = piq_new(a, piq_kt_line, s->rows->n);
    if (!l->part || !l->first || !l->list)
        return PIQ_ENOMEM;
    bool times = !one_instant(s->rows);
    for (size_t k = 0; k < s->n_learners; k++)
        add_learner(s, k, times, l);
    return PIQ_OK;
}

static piq_status read_tsv(piq_arena *a, piq_str text, piq_kt_lines *l,
                           piq_kt_data *out, piq_err *err)
{
    piq_kt_rows rows;
    piq_status status = piq_kt_read_tsv(a, text, &rows, err);
    if (status != PIQ_OK)
        return status;
    if (rows.n == 0)
        return piq_fail(err, PIQ_EPARSE, "the file holds no answers");
    if (rows.n >= UINT32_MAX)
        return piq_fail(err, PIQ_ELIMIT, "%zu answers are too many", rows.n);
    sorter s = {.rows = &rows};
    piq_map_init(&s.learner_at);
    if (make_lines(a, &s, l) == PIQ_OK)
        status = piq_kt_data_build(l, out, err);
    else
        status = piq_fail(err, PIQ_ENOMEM, "no memory for the answers");
    piq_map_release(&s.learner_at);
    return status;
}

piq_status piq_kt_data_tsv(piq_str text, unsigned n_parts, bool items,
                           piq_kt_data *out, piq_err *err)
{
    PIQ_ASSERT(n_parts >= 1 && n_parts <= UINT8_MAX);
    size_t n = 1;
    for (size_t i = 0; i < text.len; i++)
        n += text.ptr[i] == '\n';
    piq_arena a;
    piq_arena_init(&a, piq_kt_data_room(n));
    piq_kt_lines lines = {.n_parts = n_parts, .items = items};
    piq_status status = read_tsv(&a, text, &lines, out, err);
    piq_arena_release(&a);
    return status;
}
