/* The log of what was recommended, read back with what became of it. */
#include "domain/words.h"
#include "store/sqlite/handle.h"

#include <inttypes.h>

/* Columns: SLATE_COLUMNS of statement.c. */
enum { ACTION = 10, FEEDBACK_SCORE = 11 };

static bool take_slate(const piq_sqlite_call *q, piq_arena *a,
                       piq_slate_record *out)
{
    *out = (piq_slate_record){
        .id = piq_sqlite_i64(q, 0),
        .row = {.user = {piq_sqlite_i64(q, 1)},
                .served_us = piq_sqlite_i64(q, 2),
                .state_version = piq_sqlite_i64(q, 3),
                .catalogue_version = (uint32_t)piq_sqlite_i64(q, 4),
                .n_recommendations = (size_t)piq_sqlite_i64(q, 8)},
        .first_recommendation = piq_sqlite_i64(q, 7),
    };
    out->outcomes = piq_new(a, piq_outcome, out->row.n_recommendations);
    return out->outcomes && piq_sqlite_copy(q, a, 5, &out->row.policy) &&
           piq_sqlite_copy(q, a, 6, &out->row.request) &&
           piq_sqlite_copy(q, a, 9, &out->row.candidates);
}

/* One row is one recommendation, or a slate without any. */
static piq_status take_row(const piq_sqlite_call *q, piq_arena *a,
                           piq_sqlite_rows *rows, size_t *n_outcomes)
{
    piq_slate_record *last = NULL;
    if (rows->n > 0)
        last = (piq_slate_record *)rows->at + rows->n - 1;
    if (last == NULL || last->id != piq_sqlite_i64(q, 0)) {
        *n_outcomes = 0;
        last = piq_sqlite_rows_add(rows, a);
        if (last == NULL || !take_slate(q, a, last))
            return PIQ_ENOMEM;
    }
    if (*n_outcomes >= last->row.n_recommendations)
        return last->row.n_recommendations == 0 ? PIQ_OK : PIQ_ECORRUPT;
    /* Made a moment ago, and nobody else's yet. */
    piq_outcome *o = (piq_outcome *)(uintptr_t)&last->outcomes[(*n_outcomes)++];
    o->feedback_score = (uint8_t)piq_sqlite_i64(q, FEEDBACK_SCORE);
    if (!piq_sqlite_is_null(q, ACTION) &&
        !piq_user_action_of(piq_sqlite_bytes(q, ACTION), &o->action))
        return PIQ_ECORRUPT;
    return PIQ_OK;
}

static piq_status take_rows(piq_sqlite_read *r, piq_arena *a,
                            piq_sqlite_rows *rows, piq_err *err)
{
    size_t n_outcomes = 0;
    int rc;
    while ((rc = piq_sqlite_step(&r->q)) == SQLITE_ROW) {
        piq_status st = take_row(&r->q, a, rows, &n_outcomes);
        if (st != PIQ_OK)
            return piq_sqlite_read_fail(r, st, err);
    }
    return piq_sqlite_read_end(r, rc, err);
}

piq_status piq_sqlite_slates_after(piq_store *s, piq_arena *a, int64_t after,
                                   size_t limit, piq_slate_record **out,
                                   size_t *n, piq_err *err)
{
    piq_sqlite_read r;
    piq_sqlite_rows rows = {.row_bytes = sizeof(piq_slate_record)};
    piq_sqlite_read_begin(s, PIQ_SQL_SLATES_AFTER, &r,
                          "read slates after %" PRId64, after);
    piq_sqlite_bind_i64(&r.q, after);
    piq_sqlite_bind_count(&r.q, limit);
    piq_status st = take_rows(&r, a, &rows, err);
    if (st != PIQ_OK)
        return st;
    *out = rows.at;
    *n = rows.n;
    return PIQ_OK;
}

piq_status piq_sqlite_slate_of(piq_store *s, piq_arena *a,
                               int64_t recommendation, piq_slate_record *out,
                               piq_err *err)
{
    piq_sqlite_read r;
    piq_sqlite_rows rows = {.row_bytes = sizeof(piq_slate_record)};
    piq_sqlite_read_begin(s, PIQ_SQL_SLATE_OF, &r,
                          "read the slate of recommendation %" PRId64,
                          recommendation);
    piq_sqlite_bind_i64(&r.q, recommendation);
    piq_status st = take_rows(&r, a, &rows, err);
    if (st != PIQ_OK)
        return st;
    const piq_slate_record *found = rows.at;
    if (rows.n == 0 || recommendation - found->first_recommendation >=
                           (int64_t)found->row.n_recommendations)
        return piq_fail(err, PIQ_ENOTFOUND,
                        "there is no recommendation %" PRId64, recommendation);
    *out = *found;
    return PIQ_OK;
}
