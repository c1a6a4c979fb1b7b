/* Curriculum documents and calibrations: few, large, for everybody. */
#include "store/sqlite/errors.h"
#include "store/sqlite/handle.h"

#include <inttypes.h>

piq_status piq_sqlite_catalogue(piq_store *s, piq_arena *a, uint32_t version,
                                uint32_t *found, piq_str *document,
                                piq_err *err)
{
    piq_sqlite_read r;
    piq_sqlite_read_begin(
        s, version == 0 ? PIQ_SQL_NEWEST_CATALOGUE : PIQ_SQL_CATALOGUE, &r,
        "read version %" PRIu32 " of the catalogue", version);
    if (version != 0)
        piq_sqlite_bind_i64(&r.q, version);
    piq_status st = piq_sqlite_read_one(&r, err);
    if (st != PIQ_OK)
        return st;
    if (!piq_sqlite_copy(&r.q, a, 1, document))
        return piq_sqlite_read_fail(&r, PIQ_ENOMEM, err);
    *found = (uint32_t)piq_sqlite_i64(&r.q, 0);
    return piq_sqlite_read_end(&r, SQLITE_OK, err);
}

typedef struct new_catalogue {
    uint32_t version;
    piq_str document;
    int64_t at_us;
} new_catalogue;

static piq_status write_catalogue(piq_sqlite_conn *w, void *ctx, piq_err *err)
{
    const new_catalogue *c = ctx;
    piq_sqlite_call q;
    piq_sqlite_begin(w, PIQ_SQL_ADD_CATALOGUE, &q);
    piq_sqlite_bind_i64(&q, c->version);
    piq_sqlite_bind_i64(&q, c->at_us);
    piq_sqlite_bind_text(&q, c->document);
    int rc = piq_sqlite_run(&q);
    if (rc != SQLITE_OK)
        return piq_sqlite_fail(err, w->db, w->path, rc, "store a catalogue");
    if (sqlite3_changes(w->db) == 1)
        return PIQ_OK;
    piq_fail(err, PIQ_ESTALE,
             "could not store version %" PRIu32
             " of the catalogue: it does not follow the last one",
             c->version);
    piq_err_at(err, "catalogues");
    return PIQ_ESTALE;
}

piq_status piq_sqlite_put_catalogue(piq_store *s, uint32_t version,
                                    piq_str document, int64_t at_us,
                                    piq_err *err)
{
    new_catalogue c = {version, document, at_us};
    return piq_sqlite_transact(piq_sqlite_of(s), write_catalogue, &c, err);
}

piq_status piq_sqlite_calibration(piq_store *s, uint32_t *number,
                                  int64_t *through_seq, piq_err *err)
{
    piq_sqlite_read r;
    piq_sqlite_read_begin(s, PIQ_SQL_CALIBRATION, &r,
                          "read the newest calibration");
    int rc = piq_sqlite_step(&r.q);
    int64_t found[2] = {0, 0};
    for (int i = 0; rc == SQLITE_ROW && i < 2; i++)
        found[i] = piq_sqlite_i64(&r.q, i);
    piq_status st = piq_sqlite_read_end(&r, rc, err);
    if (st != PIQ_OK)
        return st;
    *number = (uint32_t)found[0];
    *through_seq = found[1];
    return PIQ_OK;
}

piq_status piq_sqlite_calibrations(piq_store *s, piq_arena *a,
                                   piq_calibration_entry **out, size_t *n,
                                   piq_err *err)
{
    piq_sqlite_read r;
    piq_sqlite_read_begin(s, PIQ_SQL_CALIBRATIONS, &r, "read the calibrations");
    piq_sqlite_rows rows = {.row_bytes = sizeof(piq_calibration_entry)};
    int rc;
    while ((rc = piq_sqlite_step(&r.q)) == SQLITE_ROW) {
        piq_calibration_entry *e = piq_sqlite_rows_add(&rows, a);
        if (e == NULL)
            return piq_sqlite_read_fail(&r, PIQ_ENOMEM, err);
        e->item.item.v = (uint32_t)piq_sqlite_i64(&r.q, 0);
        e->number = (uint32_t)piq_sqlite_i64(&r.q, 1);
        e->item.estimate.difficulty_logit = piq_sqlite_f32(&r.q, 2);
        e->item.estimate.variance = piq_sqlite_f32(&r.q, 3);
        e->item.estimate.n = (uint32_t)piq_sqlite_i64(&r.q, 4);
    }
    piq_status st = piq_sqlite_read_end(&r, rc, err);
    if (st != PIQ_OK)
        return st;
    *out = rows.at;
    *n = rows.n;
    return PIQ_OK;
}
