/* Forgetting a learner: every row, and the bytes.
 *
 * secure_delete (connection.c) writes zeros over what is deleted, in the pages
 * of the transaction; older pages of the WAL go with its next truncation,
 * which an erasure asks for (checkpoint.h). `changes` keeps the learner's
 * number beside marks and versions until tidy() drops those rows.
 *
 * One transaction holds the write lock throughout: about 10 us an event.
 */
#include "base/clock.h"
#include "store/sqlite/errors.h"
#include "store/sqlite/handle.h"

#include <inttypes.h>

/* In this order: slates are found by what they showed. `table`: whose numbers
 * lose rows, NULL: it has none that are counted. */
static const struct step {
    const char *table;
    piq_sqlite_sql sql;
    enum { EVENTS, RECOMMENDATIONS, OTHERS } kind;
} steps[] = {
    {"recommendation_log", PIQ_SQL_ERASE_SLATES, OTHERS},
    {"recommendation_log", PIQ_SQL_ERASE_EMPTY_SLATES, OTHERS},
    {"exposures", PIQ_SQL_ERASE_EXPOSURES, OTHERS},
    {"content_recommendations", PIQ_SQL_ERASE_RECOMMENDATIONS, RECOMMENDATIONS},
    {"events", PIQ_SQL_ERASE_EVENTS, EVENTS},
    {NULL, PIQ_SQL_ERASE_SNAPSHOTS, OTHERS},
    {NULL, PIQ_SQL_ERASE_PROFILE, OTHERS},
    {NULL, PIQ_SQL_ERASE_PATHS, OTHERS},
    {NULL, PIQ_SQL_ERASE_RECORDS, OTHERS},
};

typedef struct erasing {
    piq_user_id user;
    int64_t version; /* of the state that went; 0: there was none */
    piq_erased gone;
} erasing;

int piq_sqlite_add_missing(piq_sqlite_conn *w, const char *table, uint64_t n)
{
    piq_sqlite_call q;
    piq_sqlite_begin(w, PIQ_SQL_ADD_MISSING, &q);
    piq_sqlite_bind_i64(&q, (int64_t)n);
    piq_sqlite_bind_z(&q, table);
    return piq_sqlite_run(&q);
}

static int take_step(piq_sqlite_conn *w, erasing *e, const struct step *s)
{
    piq_sqlite_call q;
    piq_sqlite_begin(w, s->sql, &q);
    piq_sqlite_bind_i64(&q, e->user.v);
    int rc = piq_sqlite_run(&q);
    if (rc != SQLITE_OK)
        return rc;
    uint64_t n = (uint64_t)sqlite3_changes64(w->db);
    switch (s->kind) {
    case EVENTS:
        e->gone.events += n;
        break;
    case RECOMMENDATIONS:
        e->gone.recommendations += n;
        break;
    case OTHERS:
        e->gone.others += n;
        break;
    }
    return n > 0 && s->table != NULL ? piq_sqlite_add_missing(w, s->table, n)
                                     : SQLITE_OK;
}

static int drop_state(piq_sqlite_conn *w, erasing *e)
{
    piq_sqlite_call q;
    piq_sqlite_begin(w, PIQ_SQL_ERASE_STATE, &q);
    piq_sqlite_bind_i64(&q, e->user.v);
    int rc = piq_sqlite_step(&q);
    if (rc == SQLITE_ROW) {
        e->version = piq_sqlite_i64(&q, 0);
        e->gone.others++;
        rc = piq_sqlite_step(&q);
    }
    piq_sqlite_end(&q);
    return rc == SQLITE_DONE ? SQLITE_OK : rc;
}

static int raise_floor(piq_sqlite_conn *w, int64_t now_us, int64_t version)
{
    piq_sqlite_call q;
    piq_sqlite_begin(w, PIQ_SQL_RAISE_FLOOR, &q);
    piq_sqlite_bind_i64(&q, now_us);
    piq_sqlite_bind_i64(&q, version);
    return piq_sqlite_run(&q);
}

static int delete_all(piq_sqlite_conn *w, erasing *e)
{
    piq_sqlite_call q;
    piq_sqlite_begin(w, PIQ_SQL_NOTE_NUMBERS, &q);
    int rc = piq_sqlite_run(&q);
    for (size_t i = 0; i < sizeof steps / sizeof steps[0] && rc == SQLITE_OK;
         i++)
        rc = take_step(w, e, &steps[i]);
    return rc == SQLITE_OK ? drop_state(w, e) : rc;
}

static piq_status write_erasure(piq_sqlite_conn *w, void *ctx, piq_err *err)
{
    erasing *e = ctx;
    int64_t now_us = piq_clock_now_us();
    int rc = delete_all(w, e);
    bool any = e->gone.events + e->gone.recommendations + e->gone.others > 0;
    if (rc == SQLITE_OK && !any) {
        piq_fail(err, PIQ_ENOTFOUND, "there is nothing of that learner");
        piq_err_at(err, "learner_state");
        return PIQ_ENOTFOUND;
    }
    if (rc == SQLITE_OK)
        rc = raise_floor(w, now_us, e->version);
    if (rc != SQLITE_OK)
        return piq_sqlite_fail(err, w->db, w->path, rc, "erase a learner");
    piq_change c = {
        .user = e->user, .what = PIQ_CHANGED_ERASED, .at_us = now_us};
    return piq_sqlite_write_change(w, &c, err);
}

piq_status piq_sqlite_erase(piq_store *base, piq_user_id user, piq_erased *out,
                            piq_err *err)
{
    piq_sqlite *s = piq_sqlite_of(base);
    erasing e = {.user = user};
    if (user.v <= 0) /* 0 is nobody's: not to be erased by mistake */
        return piq_fail(err, PIQ_ENOTFOUND, "there is no such learner");
    piq_status st = piq_sqlite_transact(s, write_erasure, &e, err);
    if (st != PIQ_OK)
        return st;
    piq_sqlite_checkpointer_scrub(&s->checkpointer);
    *out = e.gone;
    return PIQ_OK;
}

piq_status piq_sqlite_floor(piq_sqlite_conn *w, int64_t *out, piq_err *err)
{
    piq_sqlite_call q;
    piq_sqlite_begin(w, PIQ_SQL_FLOOR, &q);
    int rc = piq_sqlite_step(&q);
    *out = rc == SQLITE_ROW ? piq_sqlite_i64(&q, 0) : 0;
    piq_sqlite_end(&q);
    if (rc == SQLITE_ROW || rc == SQLITE_DONE)
        return PIQ_OK;
    return piq_sqlite_fail(err, w->db, w->path, rc,
                           "read what was erased before");
}
