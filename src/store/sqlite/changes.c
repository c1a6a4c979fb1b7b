/* What commits have changed, for other processes; and what is dropped in time.
 */
#include "base/clock.h"
#include "store/sqlite/errors.h"
#include "store/sqlite/handle.h"

#include <inttypes.h>

/* Rows that one call of tidy drops, some milliseconds of the write lock.
 * Changes lie side by side; a record and its places in four indexes are pages
 * of their own each, so 4,096 of those were half a second. */
enum { CHANGES_PIECE = 4096, RECORDS_PIECE = 64 };

/* ---- writing --------------------------------------------------------- */

piq_status piq_sqlite_write_change(piq_sqlite_conn *w, const piq_change *c,
                                   piq_err *err)
{
    piq_sqlite_call q;
    piq_sqlite_begin(w, PIQ_SQL_ADD_CHANGE, &q);
    piq_sqlite_bind_i64(&q, c->user.v);
    piq_sqlite_bind_i64(&q, c->what);
    piq_sqlite_bind_i64(&q, c->version);
    piq_sqlite_bind_i64(&q, c->at_us);
    int rc = piq_sqlite_run(&q);
    if (rc == SQLITE_OK)
        return PIQ_OK;
    return piq_sqlite_fail(err, w->db, w->path, rc, "note a change");
}

/* A row for each: telling that a path and a state are of the same learner
 * would cost more than a second row, which is rare. */
piq_status piq_sqlite_write_changes(piq_sqlite_conn *w, const piq_commit *c,
                                    piq_err *err)
{
    piq_status st = PIQ_OK;
    if (c->n_states + c->n_paths + c->n_slates == 0)
        return PIQ_OK;
    piq_change x = {.at_us = piq_clock_now_us()};
    x.what = PIQ_CHANGED_STATE;
    for (size_t i = 0; i < c->n_states && st == PIQ_OK; i++) {
        x.user = c->states[i].user;
        x.version = c->states[i].version;
        st = piq_sqlite_write_change(w, &x, err);
    }
    x.version = 0;
    x.what = PIQ_CHANGED_PATH;
    for (size_t i = 0; i < c->n_paths && st == PIQ_OK; i++) {
        x.user = c->paths[i].user;
        st = piq_sqlite_write_change(w, &x, err);
    }
    x.what = PIQ_CHANGED_SLATE;
    for (size_t i = 0; i < c->n_slates && st == PIQ_OK; i++) {
        x.user = c->slates[i].user;
        st = piq_sqlite_write_change(w, &x, err);
    }
    return st;
}

/* ---- reading --------------------------------------------------------- */

/* Rows that are left follow one another without a gap, so that whoever asks
 * for what lies before the first has missed some. One statement: it sees first
 * and rest at one instant. */
piq_status piq_sqlite_changes(piq_store *s, piq_arena *a, int64_t after,
                              size_t limit, piq_change **out, size_t *n,
                              piq_err *err)
{
    piq_sqlite_read r;
    piq_sqlite_read_begin(s, PIQ_SQL_CHANGES, &r,
                          "read the changes after %" PRId64, after);
    piq_sqlite_bind_i64(&r.q, after);
    piq_sqlite_bind_count(&r.q, limit);
    piq_sqlite_rows rows = {.row_bytes = sizeof(piq_change)};
    int rc;
    while ((rc = piq_sqlite_step(&r.q)) == SQLITE_ROW) {
        if (rows.n == 0 && after < piq_sqlite_i64(&r.q, 5) - 1)
            return piq_sqlite_read_fail(&r, PIQ_ENOTFOUND, err);
        piq_change *row = piq_sqlite_rows_add(&rows, a);
        if (row == NULL)
            return piq_sqlite_read_fail(&r, PIQ_ENOMEM, err);
        *row = (piq_change){.mark = piq_sqlite_i64(&r.q, 0),
                            .user = {piq_sqlite_i64(&r.q, 1)},
                            .what = (uint32_t)piq_sqlite_i64(&r.q, 2),
                            .version = piq_sqlite_i64(&r.q, 3),
                            .at_us = piq_sqlite_i64(&r.q, 4)};
    }
    piq_status st = piq_sqlite_read_end(&r, rc, err);
    if (st != PIQ_OK)
        return st;
    *out = rows.at;
    *n = rows.n;
    return PIQ_OK;
}

piq_status piq_sqlite_last_change(piq_store *s, int64_t *mark, piq_err *err)
{
    piq_sqlite_read r;
    piq_sqlite_read_begin(s, PIQ_SQL_LAST_CHANGE, &r, "look for changes");
    piq_status st = piq_sqlite_read_one(&r, err);
    if (st != PIQ_OK)
        return st;
    *mark = piq_sqlite_i64(&r.q, 0);
    return piq_sqlite_read_end(&r, SQLITE_OK, err);
}

/* ---- tidying --------------------------------------------------------- */

typedef struct tidying {
    int64_t now_us, changes_before_us;
    bool more;
} tidying;

static piq_status tidy_one(piq_sqlite_conn *w, piq_sqlite_sql sql,
                           int64_t before_us, int piece, bool *more,
                           piq_err *err)
{
    piq_sqlite_call q;
    piq_sqlite_begin(w, sql, &q);
    piq_sqlite_bind_i64(&q, before_us);
    piq_sqlite_bind_i64(&q, piece);
    int rc = piq_sqlite_run(&q);
    if (rc != SQLITE_OK)
        return piq_sqlite_fail(err, w->db, w->path, rc, "tidy up");
    *more = *more || sqlite3_changes(w->db) >= piece;
    return PIQ_OK;
}

static piq_status tidy(piq_sqlite_conn *w, void *ctx, piq_err *err)
{
    tidying *t = ctx;
    piq_status st = tidy_one(w, PIQ_SQL_TIDY_RECORDS, t->now_us, RECORDS_PIECE,
                             &t->more, err);
    if (st == PIQ_OK)
        st = tidy_one(w, PIQ_SQL_TIDY_CHANGES, t->changes_before_us,
                      CHANGES_PIECE, &t->more, err);
    return st;
}

piq_status piq_sqlite_tidy(piq_store *s, int64_t now_us,
                           int64_t changes_before_us, bool *more, piq_err *err)
{
    tidying t = {now_us, changes_before_us, false};
    piq_status st = piq_sqlite_transact(piq_sqlite_of(s), tidy, &t, err);
    if (st == PIQ_OK)
        *more = t.more;
    return st;
}

/* ---- the log ----------------------------------------------------------- */

typedef struct forgetting {
    int64_t before_us;
    size_t limit;
    bool more;
} forgetting;

static int forget_rows(piq_sqlite_conn *w, const forgetting *f,
                       piq_sqlite_sql sql, size_t *n)
{
    piq_sqlite_call q;
    piq_sqlite_begin(w, sql, &q);
    piq_sqlite_bind_i64(&q, f->before_us);
    piq_sqlite_bind_count(&q, f->limit);
    int rc = piq_sqlite_run(&q);
    *n = rc == SQLITE_OK ? (size_t)sqlite3_changes64(w->db) : 0;
    return rc;
}

/* Numbers first: the largest may go. */
static piq_status forget_log(piq_sqlite_conn *w, void *ctx, piq_err *err)
{
    forgetting *f = ctx;
    size_t n_reasons = 0, n_slates = 0, n_exposures = 0;
    piq_sqlite_call q;
    piq_sqlite_begin(w, PIQ_SQL_NOTE_NUMBERS, &q);
    int rc = piq_sqlite_run(&q);
    if (rc == SQLITE_OK)
        rc = forget_rows(w, f, PIQ_SQL_FORGET_REASONING, &n_reasons);
    if (rc == SQLITE_OK)
        rc = forget_rows(w, f, PIQ_SQL_FORGET_SLATES, &n_slates);
    if (rc == SQLITE_OK && n_slates > 0)
        rc = piq_sqlite_add_missing(w, "recommendation_log", n_slates);
    if (rc == SQLITE_OK)
        rc = forget_rows(w, f, PIQ_SQL_FORGET_EXPOSURES, &n_exposures);
    if (rc == SQLITE_OK && n_exposures > 0)
        rc = piq_sqlite_add_missing(w, "exposures", n_exposures);
    if (rc != SQLITE_OK)
        return piq_sqlite_fail(err, w->db, w->path, rc,
                               "forget old recommendations");
    f->more = n_slates >= f->limit || n_exposures >= f->limit;
    return PIQ_OK;
}

piq_status piq_sqlite_forget_log(piq_store *s, int64_t before_us, size_t limit,
                                 bool *more, piq_err *err)
{
    forgetting f = {before_us, limit, false};
    piq_status st = piq_sqlite_transact(piq_sqlite_of(s), forget_log, &f, err);
    if (st == PIQ_OK)
        *more = f.more;
    return st;
}
