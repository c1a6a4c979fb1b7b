/* Trained models and who is champion.
 *
 * The only rows that may be large. A body is copied once, from SQLite's memory
 * into the caller's arena. Storing one holds up commits, about 8 ms a MiB (64
 * MiB took .49 s, and as much to be read and verified); in pieces it would not,
 * but models are stored a few times a week, and are a few MiB. */
#include "store/sqlite/errors.h"
#include "store/sqlite/handle.h"

#include <inttypes.h>

/* ---- writing --------------------------------------------------------- */

static int insert_model(piq_sqlite_conn *w, const piq_model_row *r)
{
    piq_sqlite_call q;
    piq_sqlite_begin(w, PIQ_SQL_ADD_MODEL, &q);
    piq_sqlite_bind_text(&q, r->kind);
    piq_sqlite_bind_i64(&q, r->made_us);
    piq_sqlite_bind_i64(&q, (int64_t)r->digest);
    piq_sqlite_bind_count(&q, r->body.len);
    piq_sqlite_bind_text(&q, r->about);
    return piq_sqlite_run(&q);
}

static int insert_body(piq_sqlite_conn *w, int64_t version, piq_str body)
{
    piq_sqlite_call q;
    piq_sqlite_begin(w, PIQ_SQL_ADD_MODEL_BODY, &q);
    piq_sqlite_bind_i64(&q, version);
    piq_sqlite_bind_i64(&q, piq_sqlite_hash(body));
    piq_sqlite_bind_blob(&q, body);
    return piq_sqlite_run(&q);
}

typedef struct new_model {
    const piq_model_row *row;
    int64_t version;
} new_model;

static piq_status write_model(piq_sqlite_conn *w, void *ctx, piq_err *err)
{
    new_model *m = ctx;
    int rc = insert_model(w, m->row);
    if (rc == SQLITE_OK) {
        m->version = sqlite3_last_insert_rowid(w->db);
        rc = insert_body(w, m->version, m->row->body);
    }
    if (rc == SQLITE_OK)
        return PIQ_OK;
    return piq_sqlite_fail(err, w->db, w->path, rc, "store a model");
}

piq_status piq_sqlite_put_model(piq_store *s, piq_model_row *row, piq_err *err)
{
    if (row->body.len == 0)
        return piq_fail(err, PIQ_EINVAL, "could not store a model: no bytes");
    if (row->body.len > PIQ_STORE_MAX_MODEL_BYTES)
        return piq_fail(err, PIQ_ELIMIT,
                        "could not store a model of %zu bytes: at most %d",
                        row->body.len, (int)PIQ_STORE_MAX_MODEL_BYTES);
    new_model m = {.row = row};
    piq_status st = piq_sqlite_transact(piq_sqlite_of(s), write_model, &m, err);
    if (st != PIQ_OK)
        return st;
    row->version = (uint32_t)m.version;
    row->n_bytes = row->body.len;
    row->has_body = true;
    return PIQ_OK;
}

/* Whether it can be champion, or be dropped: SQLITE_ROW or SQLITE_DONE. */
static int find_body(piq_sqlite_conn *w, piq_str kind, uint32_t version)
{
    piq_sqlite_call q;
    piq_sqlite_begin(w, PIQ_SQL_HAS_MODEL_BODY, &q);
    piq_sqlite_bind_text(&q, kind);
    piq_sqlite_bind_i64(&q, version);
    int rc = piq_sqlite_step(&q);
    piq_sqlite_end(&q);
    return rc;
}

/* What to say when find_body() said `rc` and a row was needed. */
static piq_status no_body(piq_sqlite_conn *w, int rc, uint32_t version,
                          const char *what, piq_err *err)
{
    if (rc != SQLITE_DONE)
        return piq_sqlite_fail(err, w->db, w->path, rc, what);
    piq_fail(err, PIQ_ENOTFOUND,
             "could not %s: version %" PRIu32 " is not there, or was dropped",
             what, version);
    piq_err_at(err, "models");
    return PIQ_ENOTFOUND;
}

typedef struct named_model {
    piq_str kind;
    uint32_t version;
} named_model;

static piq_status write_drop(piq_sqlite_conn *w, void *ctx, piq_err *err)
{
    static const char what[] = "drop a model";
    const named_model *m = ctx;
    piq_sqlite_call q;
    piq_sqlite_begin(w, PIQ_SQL_DROP_MODEL_BODY, &q);
    piq_sqlite_bind_text(&q, m->kind);
    piq_sqlite_bind_i64(&q, m->version);
    int rc = piq_sqlite_run(&q);
    if (rc != SQLITE_OK)
        return piq_sqlite_fail(err, w->db, w->path, rc, what);
    if (sqlite3_changes(w->db) == 1)
        return PIQ_OK;
    rc = find_body(w, m->kind, m->version);
    if (rc != SQLITE_ROW)
        return no_body(w, rc, m->version, what, err);
    piq_fail(err, PIQ_ECONFLICT,
             "could not %s: version %" PRIu32 " is the champion", what,
             m->version);
    piq_err_at(err, "champions");
    return PIQ_ECONFLICT;
}

piq_status piq_sqlite_drop_model(piq_store *s, piq_str kind, uint32_t version,
                                 piq_err *err)
{
    named_model m = {kind, version};
    return piq_sqlite_transact(piq_sqlite_of(s), write_drop, &m, err);
}

static int insert_champion(piq_sqlite_conn *w, const piq_champion_row *r)
{
    piq_sqlite_call q;
    piq_sqlite_begin(w, PIQ_SQL_ADD_CHAMPION, &q);
    piq_sqlite_bind_text(&q, r->kind);
    piq_sqlite_bind_i64(&q, r->number);
    piq_sqlite_bind_i64(&q, r->model);
    piq_sqlite_bind_i64(&q, r->previous);
    piq_sqlite_bind_i64(&q, r->at_us);
    piq_sqlite_bind_text(&q, r->reason);
    return piq_sqlite_run(&q);
}

static piq_status write_champion(piq_sqlite_conn *w, void *ctx, piq_err *err)
{
    static const char what[] = "make a model champion";
    const piq_champion_row *r = ctx;
    int rc = r->model == 0 ? SQLITE_ROW : find_body(w, r->kind, r->model);
    if (rc != SQLITE_ROW)
        return no_body(w, rc, r->model, what, err);
    rc = insert_champion(w, r);
    if (rc != SQLITE_OK)
        return piq_sqlite_fail(err, w->db, w->path, rc, what);
    if (sqlite3_changes(w->db) == 1)
        return PIQ_OK;
    piq_fail(err, PIQ_ESTALE,
             "could not %s: number %" PRIu32 " does not follow the last one",
             what, r->number);
    piq_err_at(err, "champions");
    return PIQ_ESTALE;
}

piq_status piq_sqlite_promote(piq_store *s, const piq_champion_row *row,
                              piq_err *err)
{
    piq_champion_row r = *row;
    return piq_sqlite_transact(piq_sqlite_of(s), write_champion, &r, err);
}

/* ---- reading --------------------------------------------------------- */

static bool take_model(const piq_sqlite_call *q, piq_arena *a,
                       piq_model_row *out)
{
    out->version = (uint32_t)piq_sqlite_i64(q, 0);
    out->made_us = piq_sqlite_i64(q, 2);
    out->digest = (uint64_t)piq_sqlite_i64(q, 3);
    out->n_bytes = (uint64_t)piq_sqlite_i64(q, 4);
    return piq_sqlite_copy(q, a, 1, &out->kind) &&
           piq_sqlite_copy(q, a, 5, &out->about);
}

piq_status piq_sqlite_models(piq_store *s, piq_arena *a, piq_str kind,
                             piq_model_row **out, size_t *n, piq_err *err)
{
    piq_sqlite_read r;
    piq_sqlite_read_begin(s, PIQ_SQL_MODELS, &r, "list the models");
    piq_sqlite_bind_text(&r.q, kind);
    piq_sqlite_rows rows = {.row_bytes = sizeof(piq_model_row)};
    int rc;
    while ((rc = piq_sqlite_step(&r.q)) == SQLITE_ROW) {
        piq_model_row *m = piq_sqlite_rows_add(&rows, a);
        if (m == NULL || !take_model(&r.q, a, m))
            return piq_sqlite_read_fail(&r, PIQ_ENOMEM, err);
        m->has_body = piq_sqlite_i64(&r.q, 6) != 0;
    }
    piq_status st = piq_sqlite_read_end(&r, rc, err);
    if (st != PIQ_OK)
        return st;
    *out = rows.at;
    *n = rows.n;
    return PIQ_OK;
}

piq_status piq_sqlite_model(piq_store *s, piq_arena *a, piq_str kind,
                            uint32_t version, piq_model_row *out, piq_err *err)
{
    piq_sqlite_read r;
    if (version == 0)
        piq_sqlite_read_begin(s, PIQ_SQL_CHAMPION_MODEL, &r,
                              "read the champion of the models");
    else
        piq_sqlite_read_begin(s, PIQ_SQL_MODEL, &r,
                              "read version %" PRIu32 " of the models",
                              version);
    piq_sqlite_bind_text(&r.q, kind);
    if (version != 0)
        piq_sqlite_bind_i64(&r.q, version);
    piq_status st = piq_sqlite_read_one(&r, err);
    if (st != PIQ_OK)
        return st;
    piq_model_row row = {.has_body = true};
    uint32_t found = (uint32_t)piq_sqlite_i64(&r.q, 0);
    if (!piq_sqlite_is_intact(&r.q, 6, 7)) {
        st = piq_sqlite_read_fail(&r, PIQ_ECORRUPT, err);
        piq_err_at(err, "model_bodies, version %" PRIu32, found);
        return st;
    }
    if (!take_model(&r.q, a, &row) || !piq_sqlite_copy(&r.q, a, 7, &row.body))
        return piq_sqlite_read_fail(&r, PIQ_ENOMEM, err);
    *out = row;
    return piq_sqlite_read_end(&r, SQLITE_OK, err);
}

piq_status piq_sqlite_champions(piq_store *s, piq_arena *a, piq_str kind,
                                size_t limit, piq_champion_row **out, size_t *n,
                                piq_err *err)
{
    piq_sqlite_read r;
    piq_sqlite_read_begin(s, PIQ_SQL_CHAMPIONS, &r, "list the champions");
    piq_sqlite_bind_text(&r.q, kind);
    piq_sqlite_bind_count(&r.q, limit);
    piq_sqlite_rows rows = {.row_bytes = sizeof(piq_champion_row)};
    const char *kept = piq_arena_strndup(a, kind.ptr, kind.len);
    int rc;
    while ((rc = piq_sqlite_step(&r.q)) == SQLITE_ROW) {
        piq_champion_row *c = piq_sqlite_rows_add(&rows, a);
        if (c == NULL || kept == NULL ||
            !piq_sqlite_copy(&r.q, a, 4, &c->reason))
            return piq_sqlite_read_fail(&r, PIQ_ENOMEM, err);
        c->kind = (piq_str){kept, kind.len};
        c->number = (uint32_t)piq_sqlite_i64(&r.q, 0);
        c->model = (uint32_t)piq_sqlite_i64(&r.q, 1);
        c->previous = (uint32_t)piq_sqlite_i64(&r.q, 2);
        c->at_us = piq_sqlite_i64(&r.q, 3);
    }
    piq_status st = piq_sqlite_read_end(&r, rc, err);
    if (st != PIQ_OK)
        return st;
    *out = rows.at;
    *n = rows.n;
    return PIQ_OK;
}

piq_status piq_sqlite_champion(piq_store *s, piq_str kind, uint32_t *number,
                               uint32_t *model, piq_err *err)
{
    piq_sqlite_read r;
    piq_sqlite_read_begin(s, PIQ_SQL_CHAMPION, &r, "read who is champion");
    piq_sqlite_bind_text(&r.q, kind);
    int rc = piq_sqlite_step(&r.q);
    uint32_t found[2] = {0, 0};
    for (int i = 0; rc == SQLITE_ROW && i < 2; i++)
        found[i] = (uint32_t)piq_sqlite_i64(&r.q, i);
    piq_status st = piq_sqlite_read_end(&r, rc, err);
    if (st != PIQ_OK)
        return st;
    *number = found[0];
    *model = found[1];
    return PIQ_OK;
}
