#include "train/taste_data.h"

#include "train/text_lines.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>

static const int64_t MAX_ID = INT64_C(1) << 40, MAX_SECONDS = 253402300799;
enum { MAX_ROWS = 200000000, COLD_MARK = 999983, PARTS = 5 };

/* A row before positions are known. */
typedef struct raw {
    int64_t user, item, at_us;
    float weight;
    uint8_t role;
} raw;

typedef struct reader {
    piq_arena *a;
    raw *rows;
    size_t n, room;
    const char *file; /* NULL where there is one only */
} reader;

static piq_status refuse(const reader *r, const piq_text_lines *s, piq_err *err,
                         const char *what)
{
    piq_status status = piq_fail(err, PIQ_EPARSE, "%s", what);
    if (r->file)
        piq_err_at(err, "%s, line %" PRIu64, r->file, s->line);
    else
        piq_err_at(err, "line %" PRIu64, s->line);
    return status;
}

static piq_status make_room(reader *r, piq_arena *a, size_t rows, piq_err *err)
{
    if (rows > MAX_ROWS)
        return piq_fail(err, PIQ_ELIMIT, "more than %d pairs", MAX_ROWS);
    *r = (reader){.a = a, .rows = piq_new(a, raw, rows), .room = rows};
    return r->rows ? PIQ_OK : piq_fail(err, PIQ_ENOMEM, "no memory for pairs");
}

/* ---- positions --------------------------------------------------------- */

static int by_pair(const void *a, const void *b)
{
    const raw *x = a, *y = b;
    if (x->user != y->user)
        return x->user < y->user ? -1 : 1;
    if (x->item != y->item)
        return x->item < y->item ? -1 : 1;
    if (x->role != y->role) /* what is known is not to be found */
        return x->role > y->role ? -1 : 1;
    return (x->at_us > y->at_us) - (x->at_us < y->at_us);
}

static int by_row(const void *a, const void *b)
{
    const piq_taste_row *x = a, *y = b;
    if (x->learner != y->learner)
        return x->learner < y->learner ? -1 : 1;
    if (x->at_us != y->at_us)
        return x->at_us < y->at_us ? -1 : 1;
    return (x->item > y->item) - (x->item < y->item);
}

static int by_id(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

/* Sorts ids[n] and drops what comes again; how many are left. */
static size_t distinct(int64_t *ids, size_t n)
{
    size_t kept = 0;
    if (n > 1)
        qsort(ids, n, sizeof *ids, by_id);
    for (size_t i = 0; i < n; i++)
        if (i == 0 || ids[i] != ids[i - 1])
            ids[kept++] = ids[i];
    return kept;
}

static uint32_t position(const int64_t *ids, size_t n, int64_t id)
{
    size_t low = 0;
    for (size_t high = n; high - low > 1;) {
        size_t middle = low + (high - low) / 2;
        if (ids[middle] <= id)
            low = middle;
        else
            high = middle;
    }
    return (uint32_t)low;
}

static size_t drop_repeats(raw *rows, size_t n)
{
    size_t kept = 0;
    if (n > 1)
        qsort(rows, n, sizeof *rows, by_pair);
    for (size_t i = 0; i < n; i++)
        if (i + 1 == n || rows[i + 1].user != rows[i].user ||
            rows[i + 1].item != rows[i].item)
            rows[kept++] = rows[i];
    return kept;
}

static piq_status finish(reader *r, piq_taste_data *out, piq_err *err)
{
    size_t n = drop_repeats(r->rows, r->n);
    if (n == 0)
        return piq_fail(err, PIQ_EPARSE, "nobody takes anything up in it");
    piq_taste_data d = {.rows = piq_new(r->a, piq_taste_row, n),
                        .n = n,
                        .learner_ids = piq_new(r->a, int64_t, n),
                        .item_ids = piq_new(r->a, int64_t, n)};
    if (!d.rows || !d.learner_ids || !d.item_ids)
        return piq_fail(err, PIQ_ENOMEM, "no memory for pairs");
    for (size_t i = 0; i < n; i++) {
        d.learner_ids[i] = r->rows[i].user;
        d.item_ids[i] = r->rows[i].item;
    }
    d.n_learners = distinct(d.learner_ids, n);
    d.n_items = distinct(d.item_ids, n);
    for (size_t i = 0; i < n; i++) {
        const raw *x = &r->rows[i];
        d.rows[i] = (piq_taste_row){
            x->at_us, position(d.learner_ids, d.n_learners, x->user),
            position(d.item_ids, d.n_items, x->item), x->weight, x->role};
    }
    qsort(d.rows, n, sizeof *d.rows, by_row);
    *out = d;
    return PIQ_OK;
}

/* ---- formats ----------------------------------------------------------- */

/* NULL, or what is wrong with the line. */
static const char *read_ml_line(piq_str line, raw *x)
{
    double rating;
    int64_t seconds;
    if (piq_text_count(line, '\t') != 3)
        return "must have four fields with tabs between them: user item rating "
               "seconds";
    if (!piq_text_whole(piq_text_take(&line, '\t'), 1, MAX_ID, &x->user))
        return "user must be a whole number from 1";
    if (!piq_text_whole(piq_text_take(&line, '\t'), 1, MAX_ID, &x->item))
        return "item must be a whole number from 1";
    if (!piq_str_to_double(piq_text_take(&line, '\t'), &rating) ||
        !(rating >= .5 && rating <= 5))
        return "rating must be from .5 to 5";
    if (!piq_text_whole(line, 0, MAX_SECONDS, &seconds))
        return "seconds must be a whole number, to the end of the year 9999";
    x->user--;
    x->item--;
    x->at_us = seconds * 1000000;
    x->weight = (float)piq_taste_reward(true, true, false, fmax(rating, 1));
    return NULL;
}

static const char *read_kgan_line(piq_str line, raw *x, bool *taken)
{
    int64_t label;
    if (piq_text_count(line, '\t') != 2)
        return "must have three fields with tabs between them: user item label";
    if (!piq_text_whole(piq_text_take(&line, '\t'), 0, MAX_ID, &x->user))
        return "user must be a whole number from 0";
    if (!piq_text_whole(piq_text_take(&line, '\t'), 0, MAX_ID, &x->item))
        return "item must be a whole number from 0";
    if (!piq_text_whole(line, 0, 1, &label))
        return "label must be 0 or 1";
    x->weight = 1;
    *taken = label == 1;
    return NULL;
}

static piq_status read_pairs(piq_arena *a, piq_str text, bool ml,
                             piq_taste_data *out, piq_err *err)
{
    reader r;
    piq_text_lines s = {.rest = text};
    piq_str line;
    piq_status status = make_room(&r, a, piq_text_count(text, '\n') + 1, err);
    while (status == PIQ_OK && piq_text_next_line(&s, &line)) {
        raw x = {.role = PIQ_TASTE_TRAIN};
        bool taken = true;
        if (line.len == 0)
            continue;
        const char *wrong =
            ml ? read_ml_line(line, &x) : read_kgan_line(line, &x, &taken);
        if (wrong)
            return refuse(&r, &s, err, wrong);
        if (taken)
            r.rows[r.n++] = x;
    }
    if (status == PIQ_OK)
        status = finish(&r, out, err);
    if (status == PIQ_OK)
        out->timed = ml;
    return status;
}

piq_status piq_taste_read_ml(piq_arena *a, piq_str text, piq_taste_data *out,
                             piq_err *err)
{
    return read_pairs(a, text, true, out, err);
}

piq_status piq_taste_read_kgan(piq_arena *a, piq_str text, piq_taste_data *out,
                               piq_err *err)
{
    return read_pairs(a, text, false, out, err);
}

static piq_status read_list(reader *r, piq_str text, piq_taste_role role,
                            piq_err *err)
{
    piq_text_lines s = {.rest = text};
    piq_str line;
    while (piq_text_next_line(&s, &line)) {
        raw x = {.weight = 1, .role = (uint8_t)role};
        while (line.len && line.ptr[line.len - 1] == ' ')
            line.len--;
        if (line.len == 0)
            continue;
        if (!piq_text_whole(piq_text_take(&line, ' '), 0, MAX_ID, &x.user))
            return refuse(r, &s, err,
                          "must begin with a user, a whole number from 0");
        while (line.len) {
            if (!piq_text_whole(piq_text_take(&line, ' '), 0, MAX_ID, &x.item))
                return refuse(r, &s, err,
                              "items must be whole numbers from 0 with one "
                              "space between them");
            r->rows[r->n++] = x;
        }
    }
    return PIQ_OK;
}

piq_status piq_taste_read_lists(piq_arena *a, piq_str train, piq_str test,
                                piq_taste_data *out, piq_err *err)
{
    reader r;
    size_t spaces = piq_text_count(train, ' ') + piq_text_count(test, ' ');
    piq_status status = make_room(&r, a, spaces + 1, err);
    r.file = "train.txt";
    if (status == PIQ_OK)
        status = read_list(&r, train, PIQ_TASTE_TRAIN, err);
    r.file = "test.txt";
    if (status == PIQ_OK)
        status = read_list(&r, test, PIQ_TASTE_TEST, err);
    if (status == PIQ_OK)
        status = finish(&r, out, err);
    if (status == PIQ_OK)
        out->given = true;
    return status;
}

/* ---- splits ------------------------------------------------------------ */

uint32_t piq_taste_hash(uint64_t user, uint64_t item)
{
    uint32_t x = (uint32_t)user * UINT32_C(2654435761) ^
                 (uint32_t)item * UINT32_C(2246822519);
    x ^= x >> 15;
    x *= UINT32_C(0x85ebca6b);
    x ^= x >> 13;
    x *= UINT32_C(0xc2b2ae35);
    return x ^ x >> 16;
}

void piq_taste_split_p1(piq_taste_data *d)
{
    for (size_t i = 0; i < d->n; i++) {
        piq_taste_row *x = &d->rows[i];
        uint32_t hash = piq_taste_hash((uint64_t)d->learner_ids[x->learner],
                                       (uint64_t)d->item_ids[x->item]);
        x->role = hash % PARTS ? PIQ_TASTE_TRAIN : PIQ_TASTE_TEST;
    }
}

/* Where the rows of the learner of row i end. */
static size_t end_of(const piq_taste_data *d, size_t i)
{
    size_t end = i;
    while (end < d->n && d->rows[end].learner == d->rows[i].learner)
        end++;
    return end;
}

void piq_taste_split_p2(piq_taste_data *d)
{
    for (size_t i = 0, end; i < d->n; i = end) {
        end = end_of(d, i);
        size_t test = end - (end - i) / PARTS;
        for (size_t k = i; k < end; k++)
            d->rows[k].role = k < test ? PIQ_TASTE_TRAIN : PIQ_TASTE_TEST;
    }
}

void piq_taste_split_cold(piq_taste_data *d, size_t k)
{
    for (size_t i = 0, end; i < d->n; i = end) {
        end = end_of(d, i);
        uint64_t user = (uint64_t)d->learner_ids[d->rows[i].learner];
        bool fresh = piq_taste_hash(user, COLD_MARK) % PARTS == 0;
        for (size_t j = i; j < end; j++)
            d->rows[j].role = !fresh      ? PIQ_TASTE_TRAIN
                              : j - i < k ? PIQ_TASTE_KNOWN
                                          : PIQ_TASTE_TEST;
    }
}

size_t piq_taste_count(const piq_taste_data *d, piq_taste_role role)
{
    size_t n = 0;
    for (size_t i = 0; i < d->n; i++)
        n += d->rows[i].role == role;
    return n;
}
