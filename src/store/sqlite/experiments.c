/* A/B tests: their documents, and what was shown under which arm. */
#include "domain/words.h"
#include "store/sqlite/errors.h"
#include "store/sqlite/handle.h"

#include <inttypes.h>

/* ---- starting and stopping ------------------------------------------- */

static piq_status write_experiment(piq_sqlite_conn *w, void *ctx, piq_err *err)
{
    piq_experiment_row *row = ctx;
    piq_sqlite_call q;
    piq_sqlite_begin(w, PIQ_SQL_ADD_EXPERIMENT, &q);
    piq_sqlite_bind_text(&q, row->name);
    piq_sqlite_bind_i64(&q, row->started_us);
    piq_sqlite_bind_text(&q, row->document);
    int rc = piq_sqlite_run(&q);
    if (rc != SQLITE_OK)
        return piq_sqlite_fail(err, w->db, w->path, rc, "store an experiment");
    if (sqlite3_changes(w->db) == 1) {
        row->id = sqlite3_last_insert_rowid(w->db);
        return PIQ_OK;
    }
    piq_fail(err, PIQ_ECONFLICT, "experiment \"%.64s\" is running already",
             row->name.ptr);
    piq_err_at(err, "experiments");
    return PIQ_ECONFLICT;
}

piq_status piq_sqlite_put_experiment(piq_store *s, piq_experiment_row *row,
                                     piq_err *err)
{
    piq_experiment_row r = *row;
    piq_status st =
        piq_sqlite_transact(piq_sqlite_of(s), write_experiment, &r, err);
    if (st == PIQ_OK) {
        row->id = r.id;
        row->stopped_us = INT64_MAX;
    }
    return st;
}

typedef struct stop {
    int64_t id, at_us;
    piq_str reason;
} stop;

static piq_status not_running(piq_sqlite_conn *w, int64_t id, piq_err *err)
{
    piq_sqlite_call q;
    piq_sqlite_begin(w, PIQ_SQL_HAS_EXPERIMENT, &q);
    piq_sqlite_bind_i64(&q, id);
    int rc = piq_sqlite_step(&q);
    piq_sqlite_end(&q);
    if (rc != SQLITE_ROW && rc != SQLITE_DONE)
        return piq_sqlite_fail(err, w->db, w->path, rc, "stop an experiment");
    piq_status st = rc == SQLITE_ROW ? PIQ_ECONFLICT : PIQ_ENOTFOUND;
    piq_fail(err, st, "experiment %" PRId64 " %s", id,
             rc == SQLITE_ROW ? "was stopped before" : "is not there");
    piq_err_at(err, "experiments");
    return st;
}

static piq_status write_stop(piq_sqlite_conn *w, void *ctx, piq_err *err)
{
    const stop *x = ctx;
    piq_sqlite_call q;
    piq_sqlite_begin(w, PIQ_SQL_STOP_EXPERIMENT, &q);
    piq_sqlite_bind_i64(&q, x->at_us);
    piq_sqlite_bind_text(&q, x->reason);
    piq_sqlite_bind_i64(&q, x->id);
    int rc = piq_sqlite_run(&q);
    if (rc != SQLITE_OK)
        return piq_sqlite_fail(err, w->db, w->path, rc, "stop an experiment");
    return sqlite3_changes(w->db) == 1 ? PIQ_OK : not_running(w, x->id, err);
}

piq_status piq_sqlite_stop_experiment(piq_store *s, int64_t id, int64_t at_us,
                                      piq_str reason, piq_err *err)
{
    stop x = {id, at_us, reason};
    return piq_sqlite_transact(piq_sqlite_of(s), write_stop, &x, err);
}

static bool take_experiment(const piq_sqlite_call *q, piq_arena *a,
                            piq_experiment_row *out)
{
    out->id = piq_sqlite_i64(q, 0);
    out->started_us = piq_sqlite_i64(q, 2);
    out->stopped_us =
        piq_sqlite_is_null(q, 3) ? INT64_MAX : piq_sqlite_i64(q, 3);
    return piq_sqlite_copy(q, a, 1, &out->name) &&
           piq_sqlite_copy(q, a, 4, &out->stop_reason) &&
           piq_sqlite_copy(q, a, 5, &out->document);
}

piq_status piq_sqlite_experiments(piq_store *s, piq_arena *a,
                                  piq_experiment_row **out, size_t *n,
                                  piq_err *err)
{
    piq_sqlite_read r;
    piq_sqlite_read_begin(s, PIQ_SQL_EXPERIMENTS, &r, "list the experiments");
    piq_sqlite_rows rows = {.row_bytes = sizeof(piq_experiment_row)};
    int rc;
    while ((rc = piq_sqlite_step(&r.q)) == SQLITE_ROW) {
        piq_experiment_row *row = piq_sqlite_rows_add(&rows, a);
        if (row == NULL || !take_experiment(&r.q, a, row))
            return piq_sqlite_read_fail(&r, PIQ_ENOMEM, err);
    }
    piq_status st = piq_sqlite_read_end(&r, rc, err);
    if (st != PIQ_OK)
        return st;
    *out = rows.at;
    *n = rows.n;
    return PIQ_OK;
}

/* ---- exposures ------------------------------------------------------- */

static int insert_exposure(piq_sqlite_conn *w, int64_t id,
                           const piq_exposure_row *r, const piq_sqlite_ids *ids)
{
    piq_sqlite_call q;
    piq_sqlite_begin(w, PIQ_SQL_ADD_EXPOSURE, &q);
    piq_sqlite_bind_i64(&q, id);
    piq_sqlite_bind_i64(&q, r->experiment);
    piq_sqlite_bind_i64(&q, r->arm);
    piq_sqlite_bind_i64(&q, r->user.v);
    piq_sqlite_bind_i64(&q, r->at_us);
    piq_sqlite_bind_f64(&q, r->gained);
    piq_sqlite_bind_f64(&q, r->practice_s);
    if (r->n_recommendations == 0)
        piq_sqlite_bind_null(&q);
    else
        piq_sqlite_bind_i64(&q, ids->first_recommendation +
                                    r->first_recommendation);
    piq_sqlite_bind_count(&q, r->n_recommendations);
    return piq_sqlite_run(&q);
}

piq_status piq_sqlite_write_exposures(piq_sqlite_conn *w, const piq_commit *c,
                                      const piq_sqlite_ids *ids, piq_err *err)
{
    int64_t first = 0;
    if (c->n_exposures == 0)
        return PIQ_OK;
    piq_status st =
        piq_sqlite_next_number(w, PIQ_SQL_NEXT_EXPOSURE, &first, err);
    for (size_t i = 0; i < c->n_exposures && st == PIQ_OK; i++) {
        const piq_exposure_row *r = &c->exposures[i];
        PIQ_ASSERT(r->first_recommendation >= 0 &&
                   (size_t)r->first_recommendation + r->n_recommendations <=
                       c->n_recommendations);
        int rc = insert_exposure(w, first + (int64_t)i, r, ids);
        if (rc != SQLITE_OK)
            return piq_sqlite_fail(err, w->db, w->path, rc,
                                   "log the arm of an experiment");
    }
    return st;
}

static bool take_exposure(const piq_sqlite_call *q, piq_arena *a,
                          piq_exposure_row *out)
{
    *out = (piq_exposure_row){
        .id = piq_sqlite_i64(q, 0),
        .arm = (uint8_t)piq_sqlite_i64(q, 1),
        .user = {piq_sqlite_i64(q, 2)},
        .at_us = piq_sqlite_i64(q, 3),
        .gained = sqlite3_column_double(q->stmt, 4),
        .practice_s = sqlite3_column_double(q->stmt, 5),
        .first_recommendation = piq_sqlite_i64(q, 6),
        .n_recommendations = (size_t)piq_sqlite_i64(q, 7),
    };
    out->outcomes = piq_new(a, piq_outcome, out->n_recommendations);
    return out->outcomes != NULL;
}

/* One row is one recommendation, or an exposure without any. */
static piq_status take_row(const piq_sqlite_call *q, piq_arena *a,
                           piq_sqlite_rows *rows, size_t *n_outcomes)
{
    piq_exposure_row *last = NULL;
    if (rows->n > 0)
        last = (piq_exposure_row *)rows->at + rows->n - 1;
    if (last == NULL || last->id != piq_sqlite_i64(q, 0)) {
        *n_outcomes = 0;
        last = piq_sqlite_rows_add(rows, a);
        if (last == NULL || !take_exposure(q, a, last))
            return PIQ_ENOMEM;
    }
    if (*n_outcomes >= last->n_recommendations)
        return last->n_recommendations == 0 ? PIQ_OK : PIQ_ECORRUPT;
    /* Made a moment ago, and nobody else's yet. */
    piq_outcome *o = (piq_outcome *)(uintptr_t)&last->outcomes[(*n_outcomes)++];
    o->feedback_score = (uint8_t)piq_sqlite_i64(q, 9);
    if (!piq_sqlite_is_null(q, 8) &&
        !piq_user_action_of(piq_sqlite_bytes(q, 8), &o->action))
        return PIQ_ECORRUPT;
    return PIQ_OK;
}

piq_status piq_sqlite_exposures(piq_store *s, piq_arena *a, int64_t experiment,
                                int64_t after, size_t limit,
                                piq_exposure_row **out, size_t *n, piq_err *err)
{
    piq_sqlite_read r;
    piq_sqlite_read_begin(s, PIQ_SQL_EXPOSURES, &r,
                          "read the exposures of experiment %" PRId64,
                          experiment);
    piq_sqlite_bind_i64(&r.q, experiment);
    piq_sqlite_bind_i64(&r.q, after);
    piq_sqlite_bind_count(&r.q, limit);
    piq_sqlite_rows rows = {.row_bytes = sizeof(piq_exposure_row)};
    size_t n_outcomes = 0;
    int rc;
    while ((rc = piq_sqlite_step(&r.q)) == SQLITE_ROW) {
        piq_status st = take_row(&r.q, a, &rows, &n_outcomes);
        if (st != PIQ_OK)
            return piq_sqlite_read_fail(&r, st, err);
    }
    piq_status st = piq_sqlite_read_end(&r, rc, err);
    if (st != PIQ_OK)
        return st;
    *out = rows.at;
    *n = rows.n;
    for (size_t i = 0; i < rows.n; i++)
        (*out)[i].experiment = experiment;
    return PIQ_OK;
}
