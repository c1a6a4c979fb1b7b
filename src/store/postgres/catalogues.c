/* Curriculum documents and calibrations: few, large, for everybody. */
#include "store/postgres/handle.h"

#include <inttypes.h>

piq_status piq_pg_catalogue(piq_store *s, piq_arena *a, uint32_t version,
                            uint32_t *found, piq_str *document, piq_err *err)
{
    piq_pg_call q;
    PGresult *r;
    piq_pg_call_init(&q, PIQ_PG_CATALOGUE,
                     "read version %" PRIu32 " of the catalogue", version);
    piq_pg_i64(&q, version);
    piq_status st = piq_pg_query_one(s, PIQ_PG_ALL, &q, &r, err);
    if (st != PIQ_OK)
        return st;
    if (!piq_pg_copy(r, a, 0, 1, document))
        st = PIQ_ENOMEM;
    else
        *found = (uint32_t)piq_pg_get_i64(r, 0, 0);
    return piq_pg_end(s, r, &q, st, err);
}

typedef struct new_catalogue {
    uint32_t version;
    piq_str document;
    int64_t at_us;
} new_catalogue;

static void send_catalogue(piq_pg_flight *f, piq_pg_write *w)
{
    const new_catalogue *c = w->ctx;
    piq_pg_call q;
    piq_pg_call_init(&q, PIQ_PG_ADD_CATALOGUE, "store a catalogue");
    piq_pg_i64(&q, c->version);
    piq_pg_i64(&q, c->at_us);
    piq_pg_bytes(&q, c->document);
    piq_pg_flight_add(f, &q);
}

piq_status piq_pg_put_catalogue(piq_store *s, uint32_t version,
                                piq_str document, int64_t at_us, piq_err *err)
{
    new_catalogue c = {version, document, at_us};
    piq_pg_write w = {.send = send_catalogue, .ctx = &c};
    return piq_pg_transact(s, &w, err);
}

piq_status piq_pg_calibration(piq_store *s, uint32_t *number,
                              int64_t *through_seq, piq_err *err)
{
    piq_pg_call q;
    PGresult *r;
    piq_pg_call_init(&q, PIQ_PG_CALIBRATION, "read the newest calibration");
    piq_status st = piq_pg_query(s, PIQ_PG_ALL, &q, &r, err);
    if (st != PIQ_OK)
        return st;
    bool any = PQntuples(r) > 0;
    *number = any ? (uint32_t)piq_pg_get_i64(r, 0, 0) : 0;
    *through_seq = any ? piq_pg_get_i64(r, 0, 1) : 0;
    return piq_pg_end(s, r, &q, PIQ_OK, err);
}

piq_status piq_pg_calibrations(piq_store *s, piq_arena *a,
                               piq_calibration_entry **out, size_t *n,
                               piq_err *err)
{
    piq_pg_call q;
    PGresult *r;
    piq_pg_call_init(&q, PIQ_PG_CALIBRATIONS, "read the calibrations");
    piq_status st = piq_pg_query(s, PIQ_PG_ALL, &q, &r, err);
    if (st != PIQ_OK)
        return st;
    int n_rows = PQntuples(r);
    piq_calibration_entry *rows =
        piq_new(a, piq_calibration_entry, (size_t)n_rows);
    if (rows == NULL)
        return piq_pg_end(s, r, &q, PIQ_ENOMEM, err);
    for (int i = 0; i < n_rows; i++) {
        piq_calibration_entry *e = &rows[i];
        e->item.item.v = (uint32_t)piq_pg_get_i64(r, i, 0);
        e->number = (uint32_t)piq_pg_get_i64(r, i, 1);
        e->item.estimate.difficulty_logit = piq_pg_get_f32(r, i, 2);
        e->item.estimate.variance = piq_pg_get_f32(r, i, 3);
        e->item.estimate.n = (uint32_t)piq_pg_get_i64(r, i, 4);
    }
    *out = rows;
    *n = (size_t)n_rows;
    return piq_pg_end(s, r, &q, PIQ_OK, err);
}
