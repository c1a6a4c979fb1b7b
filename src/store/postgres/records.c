/* Small documents, by name and by time. */
#include "store/postgres/errors.h"
#include "store/postgres/shards.h"
#include "store/record.h"

/* ---- writing ----------------------------------------------------------- */

piq_status piq_pg_check_records(const piq_record *rows, size_t n, piq_err *err)
{
    piq_status st = PIQ_OK;
    for (size_t i = 0; i < n && st == PIQ_OK; i++)
        st = piq_record_check(&rows[i], err);
    return st;
}

/* Those made from a state of their learner; an erasure runs alone. */
static void send_check(piq_pg_flight *f, const piq_record *r, size_t n)
{
    piq_pg_call q;
    size_t n_made = 0;
    for (size_t i = 0; i < n; i++)
        n_made += r[i].state_version > 0;
    if (n_made == 0)
        return;
    piq_pg_call_init(&q, PIQ_PG_CHECK_RECORDS, "store a record");
    piq_pg_array(&q, PIQ_PG_INT8);
    for (size_t i = 0; i < n; i++)
        if (r[i].state_version > 0)
            piq_pg_add_i64(&q, r[i].user.v);
    piq_pg_array(&q, PIQ_PG_INT8);
    for (size_t i = 0; i < n; i++)
        if (r[i].state_version > 0)
            piq_pg_add_i64(&q, r[i].state_version);
    piq_pg_flight_add(f, &q);
}

/* By name, so that engines that write the same ones wait for one another; those
 * of one name in their order. */
void piq_pg_send_records(piq_pg_flight *f, const piq_record *r, size_t n)
{
    piq_pg_call q;
    if (n == 0)
        return;
    send_check(f, r, n);
    piq_pg_call_init(&q, PIQ_PG_PUT_RECORDS, "store a record");
    piq_pg_array(&q, PIQ_PG_INT8);
    for (size_t i = 0; i < n; i++)
        piq_pg_add_i64(&q, r[i].user.v);
    piq_pg_array(&q, PIQ_PG_TEXT);
    for (size_t i = 0; i < n; i++)
        piq_pg_add_bytes(&q, r[i].kind);
    piq_pg_array(&q, PIQ_PG_TEXT);
    for (size_t i = 0; i < n; i++)
        piq_pg_add_bytes(&q, r[i].key);
    piq_pg_array(&q, PIQ_PG_INT8);
    for (size_t i = 0; i < n; i++)
        piq_pg_add_i64(&q, r[i].from_version);
    piq_pg_array(&q, PIQ_PG_INT8);
    for (size_t i = 0; i < n; i++)
        piq_pg_add_i64(&q, r[i].at_us);
    piq_pg_array(&q, PIQ_PG_INT8);
    for (size_t i = 0; i < n; i++) {
        if (r[i].expires_us == INT64_MAX)
            piq_pg_add_null(&q);
        else
            piq_pg_add_i64(&q, r[i].expires_us);
    }
    piq_pg_array(&q, PIQ_PG_TEXT);
    for (size_t i = 0; i < n; i++)
        piq_pg_add_bytes(&q, r[i].document);
    piq_pg_array(&q, PIQ_PG_INT8);
    for (size_t i = 0; i < n; i++) {
        if (r[i].n_recommendations == 0)
            piq_pg_add_null(&q);
        else
            piq_pg_add_i64(&q, (int64_t)r[i].first_recommendation);
    }
    piq_pg_flight_add(f, &q);
}

typedef struct batch {
    const piq_record *rows;
    size_t n;
} batch;

static void send_batch(piq_pg_flight *f, piq_pg_write *w)
{
    const batch *b = w->ctx;
    piq_pg_send_records(f, b->rows, b->n);
}

piq_status piq_pg_put_records(piq_store *s, const piq_record *rows, size_t n,
                              piq_err *err)
{
    batch b = {rows, n};
    piq_pg_write w = {.send = send_batch, .ctx = &b};
    piq_status st = piq_pg_check_records(rows, n, err);
    if (st != PIQ_OK)
        return st;
    return piq_postgres_of(s)->shards != NULL
               ? piq_pg_put_records_spread(s, rows, n, err)
               : piq_pg_transact(s, &w, err);
}

/* ---- reading ----------------------------------------------------------- */

static bool take_record(const PGresult *r, int i, piq_arena *a, piq_record *out)
{
    *out = (piq_record){.user = {piq_pg_get_i64(r, i, 0)},
                        .version = piq_pg_get_i64(r, i, 3),
                        .at_us = piq_pg_get_i64(r, i, 4),
                        .expires_us = INT64_MAX};
    if (!piq_pg_is_null(r, i, 5))
        out->expires_us = piq_pg_get_i64(r, i, 5);
    out->from_version = out->version;
    return piq_pg_copy(r, a, i, 1, &out->kind) &&
           piq_pg_copy(r, a, i, 2, &out->key) &&
           piq_pg_copy(r, a, i, 6, &out->document);
}

piq_status piq_pg_record(piq_store *s, piq_arena *a, piq_user_id user,
                         piq_str kind, piq_str key, int64_t now_us,
                         piq_record *out, piq_err *err)
{
    piq_pg_call q;
    PGresult *r;
    piq_pg_call_init(&q, PIQ_PG_RECORD, "read a record of kind %.*s",
                     PIQ_STR_ARG(kind));
    piq_pg_i64(&q, user.v);
    piq_pg_bytes(&q, kind);
    piq_pg_bytes(&q, key);
    piq_pg_i64(&q, now_us);
    piq_status st = piq_pg_query_one(s, piq_pg_scope_of(user), &q, &r, err);
    if (st != PIQ_OK)
        return st;
    piq_record row;
    st = take_record(r, 0, a, &row) ? PIQ_OK : PIQ_ENOMEM;
    if (st == PIQ_OK)
        *out = row;
    return piq_pg_end(s, r, &q, st, err);
}

piq_status piq_pg_records(piq_store *s, piq_arena *a,
                          const piq_record_range *range, piq_record **out,
                          size_t *n, piq_err *err)
{
    bool all = range->user.v == PIQ_ANY_USER;
    piq_pg_call q;
    PGresult *r;
    piq_pg_call_init(&q, all ? PIQ_PG_RECORDS_OF_ALL : PIQ_PG_RECORDS,
                     "list records of kind %.*s", PIQ_STR_ARG(range->kind));
    piq_pg_bytes(&q, range->kind);
    piq_pg_i64(&q, all ? range->after_user.v : range->user.v);
    piq_pg_i64(&q, range->after_us);
    piq_pg_bytes(&q, range->after_key);
    piq_pg_i64(&q, range->until_us);
    piq_pg_i64(&q, range->now_us);
    piq_pg_count(&q, range->limit);
    piq_pg_scope scope = all ? PIQ_PG_JOINT : piq_pg_scope_of(range->user);
    piq_status st = piq_pg_query(s, scope, &q, &r, err);
    if (st != PIQ_OK)
        return st;
    int n_rows = PQntuples(r);
    piq_record *rows = piq_new(a, piq_record, (size_t)n_rows);
    st = rows == NULL ? PIQ_ENOMEM : PIQ_OK;
    for (int i = 0; i < n_rows && st == PIQ_OK; i++)
        st = take_record(r, i, a, &rows[i]) ? PIQ_OK : PIQ_ENOMEM;
    if (st == PIQ_OK) {
        *out = rows;
        *n = (size_t)n_rows;
    }
    return piq_pg_end(s, r, &q, st, err);
}
