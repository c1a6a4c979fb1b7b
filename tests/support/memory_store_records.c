#include "base/buf.h"
#include "base/clock.h"
#include "store/record.h"
#include "support/memory_store_data.h"

#include <jansson.h>

bool memory_is_json(piq_str s)
{
    json_t *json = json_loadb(s.ptr, s.len, JSON_DECODE_ANY, NULL);
    json_decref(json);
    return json != NULL;
}

static void free_record(piq_record *r)
{
    free((void *)(uintptr_t)r->kind.ptr);
    free((void *)(uintptr_t)r->key.ptr);
    free((void *)(uintptr_t)r->document.ptr);
    free(r);
}

void memory_free_records(memory_data *d)
{
    for (size_t i = 0; i < d->records.n; i++)
        free_record(d->records.at[i]);
    for (size_t i = 0; i < d->changes.n; i++)
        free(d->changes.at[i]);
    free(d->records.at);
    free(d->changes.at);
}

/* ---- writing ------------------------------------------------------------- */

static size_t find(const memory_data *d, piq_user_id user, piq_str kind,
                   piq_str key)
{
    size_t i = 0;
    for (; i < d->records.n; i++) {
        const piq_record *r = d->records.at[i];
        if (r->user.v == user.v && piq_str_eq(r->kind, kind) &&
            piq_str_eq(r->key, key))
            break;
    }
    return i;
}

piq_record *memory_record_of(const memory_data *d, piq_user_id user,
                             piq_str kind, piq_str key)
{
    size_t i = find(d, user, kind, key);
    return i < d->records.n ? d->records.at[i] : NULL;
}

static piq_status next_of(const memory_data *d, const piq_record *r,
                          int64_t *version, bool *drop, piq_err *err)
{
    const piq_record *old = memory_record_of(d, r->user, r->kind, r->key);
    piq_record_there there = {.is = old != NULL};
    if (old) {
        there.version = old->version;
        there.expires_us = old->expires_us;
    }
    return piq_record_next(r, &there, version, drop, err);
}

/* A name twice in one call is not told from two calls. */
piq_status memory_check_records(const memory_data *d, const piq_record *rows,
                                size_t n, piq_err *err)
{
    int64_t version;
    bool drop;
    piq_status status = PIQ_OK;
    for (size_t i = 0; i < n && status == PIQ_OK; i++) {
        status = piq_record_check(&rows[i], err);
        if (status == PIQ_OK && rows[i].document.len &&
            !memory_is_json(rows[i].document))
            status = piq_fail(err, PIQ_EINVAL, "a record is not JSON");
        if (status == PIQ_OK && rows[i].state_version &&
            !memory_is_alive(d, rows[i].user, rows[i].state_version))
            status = piq_fail(err, PIQ_ESTALE, "it was erased");
        if (status == PIQ_OK)
            status = next_of(d, &rows[i], &version, &drop, err);
    }
    return status;
}

/* `first`: id of the first recommendation of the commit. */
static piq_str document_of(const piq_record *r, int64_t first)
{
    piq_buf b;
    piq_buf_init(&b, 0);
    if (!r->n_recommendations)
        return memory_kept(r->document);
    piq_buf_printf(&b, "{\"first\":%lld,",
                   (long long)first + (long long)r->first_recommendation);
    piq_buf_add(&b, r->document.ptr + 1, r->document.len - 1);
    piq_str kept = memory_kept((piq_str){b.ptr, b.len});
    piq_buf_release(&b);
    return kept;
}

void memory_apply_records(memory_data *d, const piq_record *rows, size_t n,
                          int64_t first_recommendation)
{
    for (size_t i = 0; i < n; i++) {
        int64_t version;
        bool drop;
        if (next_of(d, &rows[i], &version, &drop, NULL))
            continue;
        size_t at = find(d, rows[i].user, rows[i].kind, rows[i].key);
        if (at < d->records.n) {
            free_record(d->records.at[at]);
            memory_list_remove(&d->records, at);
        }
        if (drop)
            continue;
        piq_record *r = memory_zeroed(sizeof *r);
        *r = rows[i];
        r->version = r->from_version = version;
        r->kind = memory_kept(r->kind);
        r->key = memory_kept(r->key);
        r->document = document_of(&rows[i], first_recommendation);
        r->first_recommendation = r->n_recommendations = 0;
        memory_list_add(&d->records, r);
    }
}

piq_status memory_put_records(piq_store *s, const piq_record *rows, size_t n,
                              piq_err *err)
{
    memory_data *d;
    piq_status status = memory_begin_quietly(s, &d);
    if (status)
        return status;
    status = memory_check_records(d, rows, n, err);
    if (status == PIQ_OK)
        memory_apply_records(d, rows, n, 0);
    pthread_mutex_unlock(&d->lock);
    return status;
}

/* ---- reading: in the background, counts for no read -----------------------
 */

static piq_status give(piq_arena *a, const piq_record *r, piq_record *out)
{
    *out = *r;
    return memory_give(a, (piq_str *[]){&out->kind, &out->key, &out->document},
                       3);
}

piq_status memory_record(piq_store *s, piq_arena *a, piq_user_id user,
                         piq_str kind, piq_str key, int64_t now_us,
                         piq_record *out, piq_err *err)
{
    memory_data *d;
    piq_status status = memory_begin_quietly(s, &d);
    if (status)
        return status;
    const piq_record *r = memory_record_of(d, user, kind, key);
    status = r && r->expires_us > now_us ? give(a, r, out) : PIQ_ENOTFOUND;
    return memory_end(d, status, err);
}

static int by_place(const piq_record *a, int64_t at_us, piq_user_id user,
                    piq_str key)
{
    if (a->at_us != at_us)
        return a->at_us < at_us ? -1 : 1;
    if (a->user.v != user.v)
        return a->user.v < user.v ? -1 : 1;
    return piq_str_cmp(a->key, key);
}

static int by_time(const void *a, const void *b)
{
    const piq_record *y = b;
    return by_place(a, y->at_us, y->user, y->key);
}

static bool is_in(const piq_record *r, const piq_record_range *range)
{
    bool all = range->user.v == PIQ_ANY_USER;
    piq_user_id user = all ? range->after_user : range->user;
    return piq_str_eq(r->kind, range->kind) &&
           (all || r->user.v == range->user.v) &&
           r->expires_us > range->now_us && r->at_us < range->until_us &&
           by_place(r, range->after_us, user, range->after_key) > 0;
}

piq_status memory_records(piq_store *s, piq_arena *a,
                          const piq_record_range *range, piq_record **out,
                          size_t *n, piq_err *err)
{
    memory_data *d;
    piq_status status = memory_begin_quietly(s, &d);
    if (status)
        return status;
    *n = 0;
    *out = piq_new(a, piq_record, d->records.n);
    status = *out ? PIQ_OK : PIQ_ENOMEM;
    for (size_t i = 0; i < d->records.n && status == PIQ_OK; i++)
        if (is_in(d->records.at[i], range))
            status = give(a, d->records.at[i], &(*out)[(*n)++]);
    if (*n > 1)
        qsort(*out, *n, sizeof **out, by_time);
    if (*n > range->limit)
        *n = range->limit;
    return memory_end(d, status, err);
}

/* ---- changes ---------------------------------------------------------------
 */

void memory_note_change(memory_data *d, piq_user_id user, uint32_t what,
                        int64_t version)
{
    piq_change *x = memory_zeroed(sizeof *x);
    *x = (piq_change){++d->last_mark, user, what, version, piq_clock_now_us()};
    memory_list_add(&d->changes, x);
}

void memory_note_changes(memory_data *d, const piq_commit *c)
{
    for (size_t i = 0; i < c->n_states; i++)
        memory_note_change(d, c->states[i].user, PIQ_CHANGED_STATE,
                           c->states[i].version);
    for (size_t i = 0; i < c->n_paths; i++)
        memory_note_change(d, c->paths[i].user, PIQ_CHANGED_PATH, 0);
    for (size_t i = 0; i < c->n_slates; i++)
        memory_note_change(d, c->slates[i].user, PIQ_CHANGED_SLATE, 0);
}

piq_status memory_changes(piq_store *s, piq_arena *a, int64_t after,
                          size_t limit, piq_change **out, size_t *n,
                          piq_err *err)
{
    memory_data *d;
    piq_status status = memory_begin_quietly(s, &d);
    if (status)
        return status;
    *n = 0;
    *out = piq_new(a, piq_change, d->changes.n);
    status = *out ? PIQ_OK : PIQ_ENOMEM;
    for (size_t i = 0; i < d->changes.n && *n < limit && !status; i++) {
        const piq_change *x = d->changes.at[i];
        if (i == 0 && after < x->mark - 1)
            status = PIQ_ENOTFOUND;
        else if (x->mark > after)
            (*out)[(*n)++] = *x;
    }
    return memory_end(d, status, err);
}

piq_status memory_last_change(piq_store *s, int64_t *mark, piq_err *err)
{
    memory_data *d;
    piq_status status = memory_begin_quietly(s, &d);
    if (status)
        return status;
    *mark = d->last_mark;
    return memory_end(d, PIQ_OK, err);
}

piq_status memory_tidy(piq_store *s, int64_t now_us, int64_t changes_before_us,
                       bool *more, piq_err *err)
{
    enum { PIECE = 64 };
    memory_data *d;
    size_t n = 0;
    piq_status status = memory_begin_quietly(s, &d);
    if (status)
        return status;
    for (size_t i = d->records.n; i-- > 0 && n < PIECE;) {
        piq_record *r = d->records.at[i];
        if (r->expires_us > now_us)
            continue;
        free_record(r);
        memory_list_remove(&d->records, i);
        n++;
    }
    while (d->changes.n > 1 &&
           ((piq_change *)d->changes.at[0])->at_us < changes_before_us) {
        free(d->changes.at[0]);
        memory_list_remove(&d->changes, 0);
    }
    *more = n >= PIECE;
    return memory_end(d, PIQ_OK, err);
}
