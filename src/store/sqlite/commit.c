#include "domain/words.h"
#include "store/sqlite/errors.h"
#include "store/sqlite/handle.h"

#include <inttypes.h>

piq_status piq_sqlite_take_id(piq_sqlite_conn *w, size_t nth, const char *table,
                              int64_t *first, piq_err *err)
{
    int64_t id = sqlite3_last_insert_rowid(w->db);
    if (nth == 0)
        *first = id;
    if (id == *first + (int64_t)nth)
        return PIQ_OK;
    piq_fail(err, PIQ_ECORRUPT,
             "could not number the rows of table %s in %s: %" PRId64
             " does not follow",
             table, w->path, id);
    piq_err_at(err, "%s", table);
    return PIQ_ECORRUPT;
}

piq_status piq_sqlite_next_number(piq_sqlite_conn *w, piq_sqlite_sql sql,
                                  int64_t *out, piq_err *err)
{
    piq_sqlite_call q;
    piq_sqlite_begin(w, sql, &q);
    int rc = piq_sqlite_step(&q);
    if (rc == SQLITE_ROW)
        *out = piq_sqlite_i64(&q, 0);
    piq_sqlite_end(&q);
    if (rc == SQLITE_ROW)
        return PIQ_OK;
    if (rc != SQLITE_DONE)
        return piq_sqlite_fail(err, w->db, w->path, rc, "number new rows");
    piq_fail(err, PIQ_ECORRUPT, "could not number new rows in %s", w->path);
    piq_err_at(err, "numbers");
    return PIQ_ECORRUPT;
}

/* ---- events ---------------------------------------------------------- */

static int insert_event(piq_sqlite_conn *w, int64_t seq, const piq_event_row *e)
{
    piq_sqlite_call q;
    piq_sqlite_begin(w, PIQ_SQL_ADD_EVENT, &q);
    piq_sqlite_bind_i64(&q, seq);
    piq_sqlite_bind_i64(&q, e->user.v);
    piq_sqlite_bind_text(&q, e->event_id);
    piq_sqlite_bind_i64(&q, e->at_us);
    piq_sqlite_bind_i64(&q, e->received_us);
    piq_sqlite_bind_z(&q, piq_event_type_name(e->type));
    piq_sqlite_bind_i64(&q, e->catalogue_version);
    piq_sqlite_bind_i64(&q, e->calibration);
    if (e->item.v == PIQ_NO_IX32)
        piq_sqlite_bind_null(&q);
    else
        piq_sqlite_bind_i64(&q, e->item.v);
    piq_sqlite_bind_f64(&q, (double)e->score);
    piq_sqlite_bind_f64(&q, (double)e->predicted);
    piq_sqlite_bind_f64(&q, (double)e->ability_logit);
    piq_sqlite_bind_f64(&q, (double)e->ability_variance);
    piq_sqlite_bind_text(&q, e->body);
    return piq_sqlite_run(&q);
}

static piq_status write_event(piq_sqlite_conn *w, int64_t seq,
                              const piq_event_row *e, piq_err *err)
{
    int rc = insert_event(w, seq, e);
    if (rc == SQLITE_OK)
        return PIQ_OK;
    if (rc != SQLITE_CONSTRAINT_UNIQUE)
        return piq_sqlite_fail(err, w->db, w->path, rc, "store an event");
    piq_fail(err, PIQ_ECONFLICT,
             "could not store an event: there is one of that id");
    piq_err_at(err, "events");
    return PIQ_ECONFLICT;
}

static piq_status write_events(piq_sqlite_conn *w, const piq_commit *c,
                               piq_sqlite_ids *ids, piq_err *err)
{
    piq_status st = PIQ_OK;
    if (c->n_events > 0)
        st = piq_sqlite_next_number(w, PIQ_SQL_NEXT_EVENT, &ids->first_event,
                                    err);
    for (size_t i = 0; i < c->n_events && st == PIQ_OK; i++)
        st = write_event(w, ids->first_event + (int64_t)i, &c->events[i], err);
    return st;
}

/* ---- states ---------------------------------------------------------- */

/* `floor`: of erased versions, 0 while nothing was. */
static int insert_state(piq_sqlite_conn *w, const piq_state_row *r,
                        int64_t floor)
{
    piq_sqlite_call q;
    piq_sqlite_begin(w, PIQ_SQL_ADD_STATE, &q);
    piq_sqlite_bind_i64(&q, r->user.v);
    piq_sqlite_bind_i64(&q, r->version);
    piq_sqlite_bind_i64(&q, floor > 0 ? r->version : 0);
    piq_sqlite_bind_i64(&q, piq_sqlite_hash(r->body));
    piq_sqlite_bind_blob(&q, r->body);
    return piq_sqlite_run(&q);
}

static int update_state(piq_sqlite_conn *w, const piq_state_row *r)
{
    piq_sqlite_call q;
    piq_sqlite_begin(w, PIQ_SQL_SET_STATE, &q);
    piq_sqlite_bind_i64(&q, r->version);
    piq_sqlite_bind_i64(&q, piq_sqlite_hash(r->body));
    piq_sqlite_bind_blob(&q, r->body);
    piq_sqlite_bind_i64(&q, r->user.v);
    piq_sqlite_bind_i64(&q, r->from_version);
    return piq_sqlite_run(&q);
}

static piq_status stale_state(const piq_state_row *r, piq_err *err)
{
    piq_fail(err, PIQ_ESTALE,
             "could not store version %" PRId64 " of a learner's state: "
             "version %" PRId64 " is not the present one",
             r->version, r->from_version);
    piq_err_at(err, "learner_state");
    return PIQ_ESTALE;
}

static piq_status write_state(piq_sqlite_conn *w, const piq_state_row *r,
                              int64_t floor, piq_err *err)
{
    bool is_new = r->from_version == 0;
    if (is_new && r->version <= floor)
        return stale_state(r, err);
    int rc = is_new ? insert_state(w, r, floor) : update_state(w, r);
    bool stale = is_new ? rc == SQLITE_CONSTRAINT_PRIMARYKEY ||
                              rc == SQLITE_CONSTRAINT_ROWID
                        : rc == SQLITE_OK && sqlite3_changes(w->db) == 0;
    if (stale)
        return stale_state(r, err);
    if (rc == SQLITE_OK)
        return PIQ_OK;
    return piq_sqlite_fail(err, w->db, w->path, rc, "store a learner's state");
}

static piq_status write_states(piq_sqlite_conn *w, const piq_commit *c,
                               int64_t floor, piq_err *err)
{
    piq_status st = PIQ_OK;
    for (size_t i = 0; i < c->n_states && st == PIQ_OK; i++)
        st = write_state(w, &c->states[i], floor, err);
    return st;
}

/* ---- calibration ----------------------------------------------------- */

static int insert_item(piq_sqlite_conn *w, uint32_t number,
                       const piq_calibrated_item *i)
{
    piq_sqlite_call q;
    piq_sqlite_begin(w, PIQ_SQL_ADD_ITEM_CALIBRATION, &q);
    piq_sqlite_bind_i64(&q, i->item.v);
    piq_sqlite_bind_i64(&q, number);
    piq_sqlite_bind_f64(&q, (double)i->estimate.difficulty_logit);
    piq_sqlite_bind_f64(&q, (double)i->estimate.variance);
    piq_sqlite_bind_i64(&q, i->estimate.n);
    return piq_sqlite_run(&q);
}

static piq_status write_calibration(piq_sqlite_conn *w,
                                    const piq_calibration_row *r, piq_err *err)
{
    piq_sqlite_call q;
    piq_sqlite_begin(w, PIQ_SQL_ADD_CALIBRATION, &q);
    piq_sqlite_bind_i64(&q, r->number);
    piq_sqlite_bind_i64(&q, r->through_seq);
    piq_sqlite_bind_i64(&q, r->made_us);
    int rc = piq_sqlite_run(&q);
    if (rc == SQLITE_OK && sqlite3_changes(w->db) == 0) {
        piq_fail(err, PIQ_ESTALE,
                 "could not store calibration %" PRIu32
                 ": it does not follow the last one",
                 r->number);
        piq_err_at(err, "calibrations");
        return PIQ_ESTALE;
    }
    for (size_t i = 0; i < r->n_items && rc == SQLITE_OK; i++)
        rc = insert_item(w, r->number, &r->items[i]);
    if (rc == SQLITE_OK)
        return PIQ_OK;
    return piq_sqlite_fail(err, w->db, w->path, rc, "store a calibration");
}

static piq_status write_calibrations(piq_sqlite_conn *w, const piq_commit *c,
                                     piq_err *err)
{
    piq_status st = PIQ_OK;
    for (size_t i = 0; i < c->n_calibrations && st == PIQ_OK; i++)
        st = write_calibration(w, &c->calibrations[i], err);
    return st;
}

/* ---- the whole ------------------------------------------------------- */

typedef struct commit_work {
    const piq_commit *c;
    piq_sqlite_ids ids;
} commit_work;

static piq_status write_all(piq_sqlite_conn *w, void *ctx, piq_err *err)
{
    commit_work *work = ctx;
    const piq_commit *c = work->c;
    piq_status st = PIQ_OK;
    if (c->n_states + c->n_slates + c->n_paths + c->n_profiles > 0)
        st = piq_sqlite_floor(w, &work->ids.floor, err);
    if (st == PIQ_OK)
        st = write_events(w, c, &work->ids, err);
    if (st == PIQ_OK)
        st = write_states(w, c, work->ids.floor, err);
    if (st == PIQ_OK)
        st = piq_sqlite_write_snapshots(w, c, err);
    if (st == PIQ_OK)
        st = piq_sqlite_write_offers(w, c, &work->ids, err);
    if (st == PIQ_OK)
        st = write_calibrations(w, c, err);
    if (st == PIQ_OK)
        st = piq_sqlite_write_records(w, c->records, c->n_records,
                                      work->ids.first_recommendation, err);
    if (st == PIQ_OK)
        st = piq_sqlite_write_changes(w, c, err);
    return st;
}

static void hand_out_ids(piq_commit *c, const piq_sqlite_ids *ids)
{
    for (size_t i = 0; i < c->n_events; i++)
        c->events[i].seq = ids->first_event + (int64_t)i;
    for (size_t i = 0; i < c->n_recommendations; i++)
        c->recommendations[i].id = ids->first_recommendation + (int64_t)i;
    int64_t next = ids->first_path;
    for (size_t i = 0; i < c->n_paths; i++)
        if (c->paths[i].id == 0)
            c->paths[i].id = next++;
}

piq_status piq_sqlite_commit(piq_store *s, piq_commit *c, piq_err *err)
{
    commit_work work = {.c = c};
    piq_status st =
        piq_sqlite_transact(piq_sqlite_of(s), write_all, &work, err);
    if (st == PIQ_OK)
        hand_out_ids(c, &work.ids);
    return st;
}
