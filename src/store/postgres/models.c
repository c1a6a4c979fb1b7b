/* Trained models and who is champion. Promoting and dropping are alone: each
 * looks at what the other changes. */
#include "store/postgres/handle.h"

#include <inttypes.h>

/* ---- writing ------------------------------------------------------------ */

static void send_model(piq_pg_flight *f, piq_pg_write *w)
{
    const piq_model_row *r = w->ctx;
    piq_pg_call q;
    /* Versions have no gaps; commits and readers go on meanwhile. */
    piq_pg_call_init(&q, PIQ_PG_OTHER, "lock the models");
    q.text = "SELECT pg_advisory_xact_lock(-3,"
             " 'models'::regclass::oid::bigint::bit(32)::integer)";
    piq_pg_flight_add(f, &q);
    piq_pg_call_init(&q, PIQ_PG_ADD_MODEL, "store a model");
    piq_pg_bytes(&q, r->kind);
    piq_pg_i64(&q, r->made_us);
    piq_pg_i64(&q, (int64_t)r->digest);
    piq_pg_count(&q, r->body.len);
    piq_pg_bytes(&q, r->about);
    piq_pg_i64(&q, piq_pg_hash(r->body));
    piq_pg_bytes(&q, r->body);
    piq_pg_i64(&q, w->token);
    piq_pg_flight_add(f, &q);
}

piq_status piq_pg_put_model(piq_store *s, piq_model_row *row, piq_err *err)
{
    piq_pg_write w = {.send = send_model, .ctx = row, .slow = true};
    if (row->body.len == 0)
        return piq_fail(err, PIQ_EINVAL, "could not store a model: no bytes");
    if (row->body.len > PIQ_STORE_MAX_MODEL_BYTES)
        return piq_fail(err, PIQ_ELIMIT,
                        "could not store a model of %zu bytes: at most %d",
                        row->body.len, (int)PIQ_STORE_MAX_MODEL_BYTES);
    piq_status st = piq_pg_transact(s, &w, err);
    if (st != PIQ_OK)
        return st;
    row->version = (uint32_t)w.given[0];
    row->n_bytes = row->body.len;
    row->has_body = true;
    return PIQ_OK;
}

typedef struct named_model {
    piq_str kind;
    uint32_t version;
} named_model;

static void send_drop(piq_pg_flight *f, piq_pg_write *w)
{
    const named_model *m = w->ctx;
    piq_pg_call q;
    piq_pg_call_init(&q, PIQ_PG_DROP_MODEL_BODY, "drop a model");
    piq_pg_bytes(&q, m->kind);
    piq_pg_i64(&q, m->version);
    piq_pg_flight_add(f, &q);
}

piq_status piq_pg_drop_model(piq_store *s, piq_str kind, uint32_t version,
                             piq_err *err)
{
    named_model m = {kind, version};
    piq_pg_write w = {.send = send_drop, .ctx = &m, .alone = true};
    return piq_pg_transact(s, &w, err);
}

static void send_champion(piq_pg_flight *f, piq_pg_write *w)
{
    const piq_champion_row *r = w->ctx;
    piq_pg_call q;
    piq_pg_call_init(&q, PIQ_PG_ADD_CHAMPION, "make a model champion");
    piq_pg_bytes(&q, r->kind);
    piq_pg_i64(&q, r->number);
    piq_pg_i64(&q, r->model);
    piq_pg_i64(&q, r->previous);
    piq_pg_i64(&q, r->at_us);
    piq_pg_bytes(&q, r->reason);
    piq_pg_flight_add(f, &q);
}

piq_status piq_pg_promote(piq_store *s, const piq_champion_row *row,
                          piq_err *err)
{
    piq_champion_row r = *row;
    piq_pg_write w = {.send = send_champion, .ctx = &r, .alone = true};
    return piq_pg_transact(s, &w, err);
}

/* ---- reading ------------------------------------------------------------- */

static bool take_model(const PGresult *r, int i, piq_arena *a,
                       piq_model_row *out)
{
    *out = (piq_model_row){
        .version = (uint32_t)piq_pg_get_i64(r, i, 0),
        .made_us = piq_pg_get_i64(r, i, 2),
        .digest = (uint64_t)piq_pg_get_i64(r, i, 3),
        .n_bytes = (uint64_t)piq_pg_get_i64(r, i, 4),
    };
    return piq_pg_copy(r, a, i, 1, &out->kind) &&
           piq_pg_copy(r, a, i, 5, &out->about);
}

piq_status piq_pg_models(piq_store *s, piq_arena *a, piq_str kind,
                         piq_model_row **out, size_t *n, piq_err *err)
{
    piq_pg_call q;
    PGresult *r;
    piq_pg_call_init(&q, PIQ_PG_MODELS, "list the models");
    piq_pg_bytes(&q, kind);
    piq_status st = piq_pg_query(s, PIQ_PG_ALL, &q, &r, err);
    if (st != PIQ_OK)
        return st;
    int n_rows = PQntuples(r);
    piq_model_row *rows = piq_new(a, piq_model_row, (size_t)n_rows);
    st = rows == NULL ? PIQ_ENOMEM : PIQ_OK;
    for (int i = 0; i < n_rows && st == PIQ_OK; i++) {
        st = take_model(r, i, a, &rows[i]) ? PIQ_OK : PIQ_ENOMEM;
        rows[i].has_body = piq_pg_get_i64(r, i, 6) != 0;
    }
    if (st == PIQ_OK) {
        *out = rows;
        *n = (size_t)n_rows;
    }
    return piq_pg_end(s, r, &q, st, err);
}

piq_status piq_pg_model(piq_store *s, piq_arena *a, piq_str kind,
                        uint32_t version, piq_model_row *out, piq_err *err)
{
    piq_pg_call q;
    PGresult *r;
    piq_pg_call_init(&q, PIQ_PG_MODEL, "read model %" PRIu32, version);
    piq_pg_bytes(&q, kind);
    piq_pg_i64(&q, version);
    piq_pg_scope scope = {.all = true, .slow = true};
    piq_status st = piq_pg_query_one(s, scope, &q, &r, err);
    if (st != PIQ_OK)
        return st;
    piq_model_row row;
    if (!piq_pg_is_intact(r, 0, 6, 7))
        st = PIQ_ECORRUPT;
    else if (!take_model(r, 0, a, &row) || !piq_pg_copy(r, a, 0, 7, &row.body))
        st = PIQ_ENOMEM;
    if (st == PIQ_OK) {
        row.has_body = true;
        *out = row;
    }
    return piq_pg_end(s, r, &q, st, err);
}

piq_status piq_pg_champions(piq_store *s, piq_arena *a, piq_str kind,
                            size_t limit, piq_champion_row **out, size_t *n,
                            piq_err *err)
{
    piq_pg_call q;
    PGresult *r;
    piq_pg_call_init(&q, PIQ_PG_CHAMPIONS, "list the champions");
    piq_pg_bytes(&q, kind);
    piq_pg_count(&q, limit);
    piq_status st = piq_pg_query(s, PIQ_PG_ALL, &q, &r, err);
    if (st != PIQ_OK)
        return st;
    int n_rows = PQntuples(r);
    piq_champion_row *rows = piq_new(a, piq_champion_row, (size_t)n_rows);
    st = rows == NULL ? PIQ_ENOMEM : PIQ_OK;
    for (int i = 0; i < n_rows && st == PIQ_OK; i++) {
        rows[i] = (piq_champion_row){
            .number = (uint32_t)piq_pg_get_i64(r, i, 0),
            .model = (uint32_t)piq_pg_get_i64(r, i, 1),
            .previous = (uint32_t)piq_pg_get_i64(r, i, 2),
            .at_us = piq_pg_get_i64(r, i, 3),
        };
        char *copy = piq_arena_strndup(a, kind.ptr, kind.len);
        rows[i].kind = (piq_str){copy, kind.len};
        if (copy == NULL || !piq_pg_copy(r, a, i, 4, &rows[i].reason))
            st = PIQ_ENOMEM;
    }
    if (st == PIQ_OK) {
        *out = rows;
        *n = (size_t)n_rows;
    }
    return piq_pg_end(s, r, &q, st, err);
}

piq_status piq_pg_champion(piq_store *s, piq_str kind, uint32_t *number,
                           uint32_t *model, piq_err *err)
{
    piq_pg_call q;
    PGresult *r;
    piq_pg_call_init(&q, PIQ_PG_CHAMPION, "see who is champion");
    piq_pg_bytes(&q, kind);
    piq_status st = piq_pg_query(s, PIQ_PG_ALL, &q, &r, err);
    if (st != PIQ_OK)
        return st;
    bool any = PQntuples(r) > 0;
    *number = any ? (uint32_t)piq_pg_get_i64(r, 0, 0) : 0;
    *model = any ? (uint32_t)piq_pg_get_i64(r, 0, 1) : 0;
    return piq_pg_end(s, r, &q, PIQ_OK, err);
}
