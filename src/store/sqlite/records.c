/* Small documents, by name and by time. */
#include "store/record.h"

#include "store/sqlite/errors.h"
#include "store/sqlite/handle.h"

#include <inttypes.h>

/* ---- writing --------------------------------------------------------- */

static void bind_name(piq_sqlite_call *q, const piq_record *r)
{
    piq_sqlite_bind_i64(q, r->user.v);
    piq_sqlite_bind_text(q, r->kind);
    piq_sqlite_bind_text(q, r->key);
}

static int find(piq_sqlite_conn *w, const piq_record *r, piq_record_there *out)
{
    piq_sqlite_call q;
    piq_sqlite_begin(w, PIQ_SQL_FIND_RECORD, &q);
    bind_name(&q, r);
    int rc = piq_sqlite_step(&q);
    *out = (piq_record_there){.is = rc == SQLITE_ROW};
    if (out->is) {
        out->version = piq_sqlite_i64(&q, 0);
        out->expires_us =
            piq_sqlite_is_null(&q, 1) ? INT64_MAX : piq_sqlite_i64(&q, 1);
    }
    piq_sqlite_end(&q);
    return rc == SQLITE_ROW || rc == SQLITE_DONE ? SQLITE_OK : rc;
}

/* `first_recommendation`: of the commit. */
static int put(piq_sqlite_conn *w, const piq_record *r, int64_t version,
               int64_t first_recommendation)
{
    piq_sqlite_call q;
    piq_sqlite_begin(w, PIQ_SQL_PUT_RECORD, &q);
    bind_name(&q, r);
    piq_sqlite_bind_i64(&q, version);
    piq_sqlite_bind_i64(&q, r->at_us);
    if (r->expires_us == INT64_MAX)
        piq_sqlite_bind_null(&q);
    else
        piq_sqlite_bind_i64(&q, r->expires_us);
    piq_sqlite_bind_text(&q, r->document);
    if (r->n_recommendations == 0)
        piq_sqlite_bind_null(&q);
    else
        piq_sqlite_bind_i64(&q, first_recommendation +
                                    (int64_t)r->first_recommendation);
    return piq_sqlite_run(&q);
}

static int drop(piq_sqlite_conn *w, const piq_record *r)
{
    piq_sqlite_call q;
    piq_sqlite_begin(w, PIQ_SQL_DROP_RECORD, &q);
    bind_name(&q, r);
    return piq_sqlite_run(&q);
}

static piq_status check_state(piq_sqlite_conn *w, const piq_record *r,
                              piq_err *err)
{
    int64_t floor;
    piq_status st = piq_sqlite_floor(w, &floor, err);
    return st == PIQ_OK ? piq_sqlite_check_alive(w, r->user, r->state_version,
                                                 floor, err)
                        : st;
}

static piq_status write_record(piq_sqlite_conn *w, const piq_record *r,
                               int64_t first_recommendation, piq_err *err)
{
    piq_record_there there;
    int64_t version;
    bool to_drop;
    piq_status st = piq_record_check(r, err);
    if (st == PIQ_OK && r->state_version > 0)
        st = check_state(w, r, err);
    if (st != PIQ_OK)
        return st;
    int rc = find(w, r, &there);
    if (rc == SQLITE_OK) {
        st = piq_record_next(r, &there, &version, &to_drop, err);
        if (st != PIQ_OK)
            return st;
        rc = to_drop ? drop(w, r) : put(w, r, version, first_recommendation);
    }
    if (rc == SQLITE_OK)
        return PIQ_OK;
    return piq_sqlite_fail(err, w->db, w->path, rc, "store a record");
}

piq_status piq_sqlite_write_records(piq_sqlite_conn *w, const piq_record *rows,
                                    size_t n, int64_t first_recommendation,
                                    piq_err *err)
{
    piq_status st = PIQ_OK;
    for (size_t i = 0; i < n && st == PIQ_OK; i++)
        st = write_record(w, &rows[i], first_recommendation, err);
    return st;
}

typedef struct batch {
    const piq_record *rows;
    size_t n;
} batch;

static piq_status write_batch(piq_sqlite_conn *w, void *ctx, piq_err *err)
{
    const batch *b = ctx;
    return piq_sqlite_write_records(w, b->rows, b->n, 0, err);
}

piq_status piq_sqlite_put_records(piq_store *s, const piq_record *rows,
                                  size_t n, piq_err *err)
{
    batch b = {rows, n};
    return piq_sqlite_transact(piq_sqlite_of(s), write_batch, &b, err);
}

/* ---- reading --------------------------------------------------------- */

static bool take_record(const piq_sqlite_call *q, piq_arena *a, piq_record *out)
{
    *out = (piq_record){.user = {piq_sqlite_i64(q, 0)},
                        .version = piq_sqlite_i64(q, 3),
                        .at_us = piq_sqlite_i64(q, 4),
                        .expires_us = INT64_MAX};
    if (!piq_sqlite_is_null(q, 5))
        out->expires_us = piq_sqlite_i64(q, 5);
    out->from_version = out->version;
    return piq_sqlite_copy(q, a, 1, &out->kind) &&
           piq_sqlite_copy(q, a, 2, &out->key) &&
           piq_sqlite_copy(q, a, 6, &out->document);
}

piq_status piq_sqlite_record(piq_store *s, piq_arena *a, piq_user_id user,
                             piq_str kind, piq_str key, int64_t now_us,
                             piq_record *out, piq_err *err)
{
    piq_sqlite_read r;
    piq_sqlite_read_begin(s, PIQ_SQL_RECORD, &r, "read a record of kind %.*s",
                          PIQ_STR_ARG(kind));
    piq_sqlite_bind_i64(&r.q, user.v);
    piq_sqlite_bind_text(&r.q, kind);
    piq_sqlite_bind_text(&r.q, key);
    piq_sqlite_bind_i64(&r.q, now_us);
    piq_status st = piq_sqlite_read_one(&r, err);
    if (st != PIQ_OK)
        return st;
    piq_record row;
    if (!take_record(&r.q, a, &row))
        return piq_sqlite_read_fail(&r, PIQ_ENOMEM, err);
    *out = row;
    return piq_sqlite_read_end(&r, SQLITE_OK, err);
}

/* Of all learners the comparison is with the row after; `after_us` INT64_MIN
 * lies before every row whatever stands beside it. */
piq_status piq_sqlite_records(piq_store *s, piq_arena *a,
                              const piq_record_range *range, piq_record **out,
                              size_t *n, piq_err *err)
{
    bool all = range->user.v == PIQ_ANY_USER;
    piq_sqlite_read r;
    piq_sqlite_read_begin(s, all ? PIQ_SQL_RECORDS_OF_ALL : PIQ_SQL_RECORDS, &r,
                          "list records of kind %.*s",
                          PIQ_STR_ARG(range->kind));
    piq_sqlite_bind_text(&r.q, range->kind);
    piq_sqlite_bind_i64(&r.q, all ? range->after_user.v : range->user.v);
    piq_sqlite_bind_i64(&r.q, range->after_us);
    piq_sqlite_bind_text(&r.q, range->after_key);
    piq_sqlite_bind_i64(&r.q, range->until_us);
    piq_sqlite_bind_i64(&r.q, range->now_us);
    piq_sqlite_bind_count(&r.q, range->limit);
    piq_sqlite_rows rows = {.row_bytes = sizeof(piq_record)};
    int rc;
    while ((rc = piq_sqlite_step(&r.q)) == SQLITE_ROW) {
        piq_record *row = piq_sqlite_rows_add(&rows, a);
        if (row == NULL || !take_record(&r.q, a, row))
            return piq_sqlite_read_fail(&r, PIQ_ENOMEM, err);
    }
    piq_status st = piq_sqlite_read_end(&r, rc, err);
    if (st != PIQ_OK)
        return st;
    *out = rows.at;
    *n = rows.n;
    return PIQ_OK;
}
