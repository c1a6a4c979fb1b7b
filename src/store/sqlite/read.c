#include "domain/words.h"
#include "store/sqlite/errors.h"
#include "store/sqlite/handle.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

/* ---- the steps of a read --------------------------------------------- */

void piq_sqlite_read_begin(piq_store *s, piq_sqlite_sql sql, piq_sqlite_read *r,
                           const char *what, ...)
{
    r->store = piq_sqlite_of(s);
    va_list args;
    va_start(args, what);
    vsnprintf(r->what, sizeof r->what, what, args);
    va_end(args);
    r->conn = piq_sqlite_readers_borrow(&r->store->readers);
    piq_sqlite_begin(r->conn, sql, &r->q);
}

static void give_back(piq_sqlite_read *r)
{
    piq_sqlite_end(&r->q);
    piq_sqlite_readers_return(&r->store->readers, r->conn);
    r->conn = NULL;
}

piq_status piq_sqlite_read_end(piq_sqlite_read *r, int rc, piq_err *err)
{
    piq_status st = PIQ_OK;
    if (rc != SQLITE_OK && rc != SQLITE_ROW && rc != SQLITE_DONE)
        st = piq_sqlite_fail(err, r->conn->db, r->conn->path, rc, r->what);
    give_back(r);
    return st;
}

piq_status piq_sqlite_read_fail(piq_sqlite_read *r, piq_status status,
                                piq_err *err)
{
    piq_fail(err, status, "could not %s in %s: %s", r->what, r->store->path,
             piq_status_text(status));
    piq_err_at(err, "%s", r->store->path);
    give_back(r);
    return status;
}

piq_status piq_sqlite_read_one(piq_sqlite_read *r, piq_err *err)
{
    int rc = piq_sqlite_step(&r->q);
    if (rc == SQLITE_ROW)
        return PIQ_OK;
    if (rc == SQLITE_DONE)
        return piq_sqlite_read_fail(r, PIQ_ENOTFOUND, err);
    return piq_sqlite_read_end(r, rc, err);
}

void *piq_sqlite_rows_add(piq_sqlite_rows *rows, piq_arena *a)
{
    if (rows->n == rows->room) {
        size_t room = rows->room == 0 ? 16 : rows->room * 2;
        void *at = piq_arena_alloc(a, room, rows->row_bytes);
        if (at == NULL)
            return NULL;
        if (rows->n > 0)
            memcpy(at, rows->at, rows->n * rows->row_bytes);
        rows->at = at;
        rows->room = room;
    }
    return (char *)rows->at + rows->row_bytes * rows->n++;
}

int64_t piq_sqlite_hash(piq_str body)
{
    return (int64_t)piq_hash_bytes(body.ptr, body.len);
}

bool piq_sqlite_is_intact(const piq_sqlite_call *q, int hash_column,
                          int body_column)
{
    return piq_sqlite_i64(q, hash_column) ==
           piq_sqlite_hash(piq_sqlite_bytes(q, body_column));
}

/* ---- states and snapshots -------------------------------------------- */

piq_status piq_sqlite_state(piq_store *s, piq_arena *a, piq_user_id user,
                            int64_t *version, piq_str *body, piq_err *err)
{
    piq_sqlite_read r;
    piq_sqlite_read_begin(s, PIQ_SQL_STATE, &r, "read a learner's state");
    piq_sqlite_bind_i64(&r.q, user.v);
    piq_status st = piq_sqlite_read_one(&r, err);
    if (st != PIQ_OK)
        return st;
    if (!piq_sqlite_is_intact(&r.q, 1, 2))
        return piq_sqlite_read_fail(&r, PIQ_ECORRUPT, err);
    if (!piq_sqlite_copy(&r.q, a, 2, body))
        return piq_sqlite_read_fail(&r, PIQ_ENOMEM, err);
    *version = piq_sqlite_i64(&r.q, 0);
    return piq_sqlite_read_end(&r, SQLITE_OK, err);
}

piq_status piq_sqlite_snapshot(piq_store *s, piq_arena *a, piq_user_id user,
                               int64_t at_us, piq_str event_id,
                               piq_snapshot_row *out, piq_err *err)
{
    piq_sqlite_read r;
    piq_sqlite_read_begin(s, PIQ_SQL_SNAPSHOT, &r, "read a learner's snapshot");
    piq_sqlite_bind_i64(&r.q, user.v);
    piq_sqlite_bind_i64(&r.q, at_us);
    piq_sqlite_bind_text(&r.q, event_id);
    piq_status st = piq_sqlite_read_one(&r, err);
    if (st != PIQ_OK)
        return st;
    if (!piq_sqlite_is_intact(&r.q, 2, 4))
        return piq_sqlite_read_fail(&r, PIQ_ECORRUPT, err);
    piq_snapshot_row row = {.user = user,
                            .at_us = piq_sqlite_i64(&r.q, 0),
                            .n_events = (uint32_t)piq_sqlite_i64(&r.q, 1)};
    if (!piq_sqlite_copy(&r.q, a, 3, &row.event_id) ||
        !piq_sqlite_copy(&r.q, a, 4, &row.body))
        return piq_sqlite_read_fail(&r, PIQ_ENOMEM, err);
    *out = row;
    return piq_sqlite_read_end(&r, SQLITE_OK, err);
}

/* ---- events ---------------------------------------------------------- */

/* All but user, event_id and body. PIQ_ECORRUPT: a type that is none. */
static piq_status take_event(const piq_sqlite_call *q, piq_event_row *out)
{
    out->seq = piq_sqlite_i64(q, 0);
    out->at_us = piq_sqlite_i64(q, 1);
    out->received_us = piq_sqlite_i64(q, 2);
    out->catalogue_version = (uint32_t)piq_sqlite_i64(q, 4);
    out->calibration = (uint32_t)piq_sqlite_i64(q, 5);
    out->item.v =
        piq_sqlite_is_null(q, 6) ? PIQ_NO_IX32 : (uint32_t)piq_sqlite_i64(q, 6);
    out->score = piq_sqlite_f32(q, 7);
    out->predicted = piq_sqlite_f32(q, 8);
    out->ability_logit = piq_sqlite_f32(q, 9);
    out->ability_variance = piq_sqlite_f32(q, 10);
    return piq_event_type_of(piq_sqlite_bytes(q, 3), &out->type) ? PIQ_OK
                                                                 : PIQ_ECORRUPT;
}

static piq_status take_whole_event(const piq_sqlite_call *q, piq_arena *a,
                                   piq_event_row *out)
{
    piq_status st = take_event(q, out);
    if (st != PIQ_OK)
        return st;
    return piq_sqlite_copy(q, a, 11, &out->event_id) &&
                   piq_sqlite_copy(q, a, 12, &out->body)
               ? PIQ_OK
               : PIQ_ENOMEM;
}

piq_status piq_sqlite_event(piq_store *s, piq_arena *a, piq_user_id user,
                            piq_str event_id, piq_event_row *out, piq_err *err)
{
    piq_sqlite_read r;
    piq_sqlite_read_begin(s, PIQ_SQL_EVENT, &r, "read a learner's event");
    piq_sqlite_bind_i64(&r.q, user.v);
    piq_sqlite_bind_text(&r.q, event_id);
    piq_status st = piq_sqlite_read_one(&r, err);
    if (st != PIQ_OK)
        return st;
    piq_event_row row = {.user = user};
    st = take_whole_event(&r.q, a, &row);
    if (st != PIQ_OK)
        return piq_sqlite_read_fail(&r, st, err);
    *out = row;
    return piq_sqlite_read_end(&r, SQLITE_OK, err);
}

piq_status piq_sqlite_events(piq_store *s, piq_arena *a,
                             const piq_event_range *range, piq_event_row **out,
                             size_t *n, piq_err *err)
{
    piq_sqlite_read r;
    piq_sqlite_read_begin(s, PIQ_SQL_EVENTS, &r, "read a learner's events");
    piq_sqlite_bind_i64(&r.q, range->user.v);
    piq_sqlite_bind_i64(&r.q, range->after_us);
    piq_sqlite_bind_text(&r.q, range->after_id);
    piq_sqlite_bind_i64(&r.q, range->until_us);
    piq_sqlite_bind_count(&r.q, range->limit);
    piq_sqlite_rows rows = {.row_bytes = sizeof(piq_event_row)};
    int rc;
    while ((rc = piq_sqlite_step(&r.q)) == SQLITE_ROW) {
        piq_event_row *e = piq_sqlite_rows_add(&rows, a);
        if (e == NULL)
            return piq_sqlite_read_fail(&r, PIQ_ENOMEM, err);
        e->user = range->user;
        piq_status st = take_whole_event(&r.q, a, e);
        if (st != PIQ_OK)
            return piq_sqlite_read_fail(&r, st, err);
    }
    piq_status st = piq_sqlite_read_end(&r, rc, err);
    if (st != PIQ_OK)
        return st;
    *out = rows.at;
    *n = rows.n;
    return PIQ_OK;
}

piq_status piq_sqlite_answers_after(piq_store *s, piq_arena *a, int64_t seq,
                                    size_t limit, piq_event_row **out,
                                    size_t *n, piq_err *err)
{
    piq_sqlite_read r;
    piq_sqlite_read_begin(s, PIQ_SQL_ANSWERS_AFTER, &r,
                          "read the answers after %" PRId64, seq);
    piq_sqlite_bind_i64(&r.q, seq);
    piq_sqlite_bind_count(&r.q, limit);
    piq_sqlite_rows rows = {.row_bytes = sizeof(piq_event_row)};
    int rc;
    while ((rc = piq_sqlite_step(&r.q)) == SQLITE_ROW) {
        piq_event_row *e = piq_sqlite_rows_add(&rows, a);
        if (e == NULL)
            return piq_sqlite_read_fail(&r, PIQ_ENOMEM, err);
        piq_status st = take_event(&r.q, e);
        if (st != PIQ_OK)
            return piq_sqlite_read_fail(&r, st, err);
        e->user.v = piq_sqlite_i64(&r.q, 13);
    }
    piq_status st = piq_sqlite_read_end(&r, rc, err);
    if (st != PIQ_OK)
        return st;
    *out = rows.at;
    *n = rows.n;
    return PIQ_OK;
}

/* ---- all learners ---------------------------------------------------- */

piq_status piq_sqlite_users(piq_store *s, piq_arena *a, piq_user_id after,
                            size_t limit, piq_user_id **out, size_t *n,
                            piq_err *err)
{
    piq_sqlite_read r;
    piq_sqlite_read_begin(s, PIQ_SQL_USERS, &r,
                          "list the learners after %" PRId64, after.v);
    piq_sqlite_bind_i64(&r.q, after.v);
    piq_sqlite_bind_count(&r.q, limit);
    piq_sqlite_rows rows = {.row_bytes = sizeof(piq_user_id)};
    int rc;
    while ((rc = piq_sqlite_step(&r.q)) == SQLITE_ROW) {
        piq_user_id *user = piq_sqlite_rows_add(&rows, a);
        if (user == NULL)
            return piq_sqlite_read_fail(&r, PIQ_ENOMEM, err);
        user->v = piq_sqlite_i64(&r.q, 0);
    }
    piq_status st = piq_sqlite_read_end(&r, rc, err);
    if (st != PIQ_OK)
        return st;
    *out = rows.at;
    *n = rows.n;
    return PIQ_OK;
}

piq_status piq_sqlite_catalogue_version(piq_store *s, uint32_t *version,
                                        piq_err *err)
{
    piq_sqlite_read r;
    piq_sqlite_read_begin(s, PIQ_SQL_CATALOGUE_VERSION, &r,
                          "look for a newer curriculum");
    piq_status st = piq_sqlite_read_one(&r, err);
    if (st != PIQ_OK)
        return st;
    *version = (uint32_t)piq_sqlite_i64(&r.q, 0);
    return piq_sqlite_read_end(&r, SQLITE_OK, err);
}

piq_status piq_sqlite_counts(piq_store *s, piq_store_counts *out, piq_err *err)
{
    piq_sqlite_read r;
    piq_sqlite_read_begin(s, PIQ_SQL_COUNTS, &r, "count the rows");
    piq_status st = piq_sqlite_read_one(&r, err);
    if (st != PIQ_OK)
        return st;
    *out = (piq_store_counts){
        .learners = (uint64_t)piq_sqlite_i64(&r.q, 0),
        .events = (uint64_t)piq_sqlite_i64(&r.q, 1),
        .recommendations = (uint64_t)piq_sqlite_i64(&r.q, 2),
        .bytes = (uint64_t)piq_sqlite_i64(&r.q, 3),
        .catalogue_version = (uint32_t)piq_sqlite_i64(&r.q, 4),
        .calibration = (uint32_t)piq_sqlite_i64(&r.q, 5),
    };
    return piq_sqlite_read_end(&r, SQLITE_OK, err);
}

piq_status piq_sqlite_ping(piq_store *s, piq_err *err)
{
    piq_sqlite_read r;
    piq_sqlite_read_begin(s, PIQ_SQL_PING, &r, "read");
    piq_status st = piq_sqlite_read_one(&r, err);
    return st == PIQ_OK ? piq_sqlite_read_end(&r, SQLITE_OK, err) : st;
}
