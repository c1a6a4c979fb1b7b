/* Rule sets; A/B tests; and whether either has changed. */
#include "store/postgres/handle.h"

#include <inttypes.h>

/* ---- rule sets ------------------------------------------------------------
 */

static void send_rules(piq_pg_flight *f, piq_pg_write *w)
{
    const piq_rules_row *r = w->ctx;
    piq_pg_call q;
    piq_pg_call_init(&q, PIQ_PG_ADD_RULES, "store rules");
    piq_pg_i64(&q, r->version);
    piq_pg_i64(&q, r->made_us);
    piq_pg_bytes(&q, r->document);
    piq_pg_flight_add(f, &q);
}

piq_status piq_pg_put_rules(piq_store *s, const piq_rules_row *row,
                            piq_err *err)
{
    piq_rules_row r = *row;
    piq_pg_write w = {.send = send_rules, .ctx = &r};
    return piq_pg_transact(s, &w, err);
}

piq_status piq_pg_rules(piq_store *s, piq_arena *a, uint32_t version,
                        piq_rules_row *out, piq_err *err)
{
    piq_pg_call q;
    PGresult *r;
    piq_pg_call_init(&q, PIQ_PG_RULES, "read version %" PRIu32 " of the rules",
                     version);
    piq_pg_i64(&q, version);
    piq_status st = piq_pg_query_one(s, PIQ_PG_ALL, &q, &r, err);
    if (st != PIQ_OK)
        return st;
    piq_rules_row row = {.version = (uint32_t)piq_pg_get_i64(r, 0, 0),
                         .made_us = piq_pg_get_i64(r, 0, 1)};
    if (!piq_pg_copy(r, a, 0, 2, &row.document))
        st = PIQ_ENOMEM;
    else
        *out = row;
    return piq_pg_end(s, r, &q, st, err);
}

piq_status piq_pg_rule_versions(piq_store *s, piq_arena *a, size_t limit,
                                piq_rules_row **out, size_t *n, piq_err *err)
{
    piq_pg_call q;
    PGresult *r;
    piq_pg_call_init(&q, PIQ_PG_RULE_VERSIONS,
                     "list the versions of the rules");
    piq_pg_count(&q, limit);
    piq_status st = piq_pg_query(s, PIQ_PG_ALL, &q, &r, err);
    if (st != PIQ_OK)
        return st;
    int n_rows = PQntuples(r);
    piq_rules_row *rows = piq_new(a, piq_rules_row, (size_t)n_rows);
    if (rows == NULL)
        return piq_pg_end(s, r, &q, PIQ_ENOMEM, err);
    for (int i = 0; i < n_rows; i++) {
        rows[i].version = (uint32_t)piq_pg_get_i64(r, i, 0);
        rows[i].made_us = piq_pg_get_i64(r, i, 1);
    }
    *out = rows;
    *n = (size_t)n_rows;
    return piq_pg_end(s, r, &q, PIQ_OK, err);
}

/* ---- experiments -----------------------------------------------------------
 */

static void send_experiment(piq_pg_flight *f, piq_pg_write *w)
{
    const piq_experiment_row *r = w->ctx;
    piq_pg_call q;
    piq_pg_call_init(&q, PIQ_PG_ADD_EXPERIMENT, "store an experiment");
    piq_pg_bytes(&q, r->name);
    piq_pg_i64(&q, r->started_us);
    piq_pg_bytes(&q, r->document);
    piq_pg_i64(&q, w->token);
    piq_pg_flight_add(f, &q);
}

piq_status piq_pg_put_experiment(piq_store *s, piq_experiment_row *row,
                                 piq_err *err)
{
    piq_pg_write w = {.send = send_experiment, .ctx = row};
    piq_status st = piq_pg_transact(s, &w, err);
    if (st == PIQ_OK) {
        row->id = w.given[0];
        row->stopped_us = INT64_MAX;
    }
    return st;
}

typedef struct stop {
    int64_t id, at_us;
    piq_str reason;
} stop;

static void send_stop(piq_pg_flight *f, piq_pg_write *w)
{
    const stop *x = w->ctx;
    piq_pg_call q;
    piq_pg_call_init(&q, PIQ_PG_STOP_EXPERIMENT, "stop an experiment");
    piq_pg_i64(&q, x->id);
    piq_pg_i64(&q, x->at_us);
    piq_pg_bytes(&q, x->reason);
    piq_pg_flight_add(f, &q);
}

piq_status piq_pg_stop_experiment(piq_store *s, int64_t id, int64_t at_us,
                                  piq_str reason, piq_err *err)
{
    stop x = {id, at_us, reason};
    piq_pg_write w = {.send = send_stop, .ctx = &x};
    return piq_pg_transact(s, &w, err);
}

static bool take_experiment(const PGresult *r, int i, piq_arena *a,
                            piq_experiment_row *out)
{
    out->id = piq_pg_get_i64(r, i, 0);
    out->started_us = piq_pg_get_i64(r, i, 2);
    out->stopped_us =
        piq_pg_is_null(r, i, 3) ? INT64_MAX : piq_pg_get_i64(r, i, 3);
    return piq_pg_copy(r, a, i, 1, &out->name) &&
           piq_pg_copy(r, a, i, 4, &out->stop_reason) &&
           piq_pg_copy(r, a, i, 5, &out->document);
}

piq_status piq_pg_experiments(piq_store *s, piq_arena *a,
                              piq_experiment_row **out, size_t *n, piq_err *err)
{
    piq_pg_call q;
    PGresult *r;
    piq_pg_call_init(&q, PIQ_PG_EXPERIMENTS, "list the experiments");
    piq_status st = piq_pg_query(s, PIQ_PG_ALL, &q, &r, err);
    if (st != PIQ_OK)
        return st;
    int n_rows = PQntuples(r);
    piq_experiment_row *rows = piq_new(a, piq_experiment_row, (size_t)n_rows);
    st = rows == NULL ? PIQ_ENOMEM : PIQ_OK;
    for (int i = 0; i < n_rows && st == PIQ_OK; i++)
        st = take_experiment(r, i, a, &rows[i]) ? PIQ_OK : PIQ_ENOMEM;
    if (st == PIQ_OK) {
        *out = rows;
        *n = (size_t)n_rows;
    }
    return piq_pg_end(s, r, &q, st, err);
}

/* ---- changes ---------------------------------------------------------------
 */

piq_status piq_pg_policy_marks(piq_store *s, uint32_t *rules,
                               uint64_t *experiments, piq_err *err)
{
    piq_pg_call q;
    PGresult *r;
    piq_pg_call_init(&q, PIQ_PG_POLICY_MARKS,
                     "see whether rules or experiments have changed");
    piq_status st = piq_pg_query_one(s, PIQ_PG_ALL, &q, &r, err);
    if (st != PIQ_OK)
        return st;
    *rules = (uint32_t)piq_pg_get_i64(r, 0, 0);
    *experiments = (uint64_t)piq_pg_get_i64(r, 0, 1);
    return piq_pg_end(s, r, &q, PIQ_OK, err);
}
