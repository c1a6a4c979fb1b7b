/* Rows of any table, out and in: texts are made from tables.h, whose names are
 * our own constants; values are always parameters.
 *
 * A dump is one statement on a reader, so it sees one instant. While it runs
 * the WAL cannot start again from its beginning. */
#include "base/calendar.h"
#include "store/sqlite/errors.h"
#include "store/sqlite/handle.h"

#include <inttypes.h>
#include <stdio.h>

bool piq_sqlite_is_time_text(const piq_column *c)
{
    size_t len = strlen(c->name);
    return c->type == PIQ_COLUMN_TIME &&
           (len < 3 || strcmp(c->name + len - 3, "_us") != 0);
}

bool piq_sqlite_has_hash(const piq_table *t)
{
    const char *last = t->columns[t->n_columns - 1].name;
    return strcmp(last, "body") == 0 &&
           t->columns[t->n_columns - 1].type == PIQ_COLUMN_BLOB;
}

/* Of a table without an index by learner: its rows are found by what they
 * showed, or that they showed nothing. */
static const char by_shown[] =
    " WHERE user_id = ?1 AND (first_recommendation IS NULL OR"
    " first_recommendation IN (SELECT id FROM content_recommendations"
    " WHERE user_id = ?1))";

static void write_select(const piq_table *t, bool one, char *sql, size_t size)
{
    int n = snprintf(sql, size, "SELECT ");
    for (size_t i = 0; i < t->n_columns; i++)
        n += snprintf(sql + n, size - (size_t)n, "%s%s", i > 0 ? ", " : "",
                      t->columns[i].name);
    if (piq_sqlite_has_hash(t))
        n += snprintf(sql + n, size - (size_t)n, ", body_hash");
    n += snprintf(sql + n, size - (size_t)n, " FROM %s", t->name);
    if (one && strcmp(t->name, "recommendation_log") == 0)
        n += snprintf(sql + n, size - (size_t)n, "%s", by_shown);
    else if (one)
        n += snprintf(sql + n, size - (size_t)n, " WHERE user_id = ?1");
    for (size_t i = 0; i < t->n_keys; i++)
        n += snprintf(sql + n, size - (size_t)n, "%s%s",
                      i > 0 ? ", " : " ORDER BY ", t->columns[i].name);
    PIQ_ASSERT(n > 0 && (size_t)n < size);
}

static bool take_cell(const piq_sqlite_call *q, const piq_column *c, int at,
                      piq_cell *out)
{
    *out = (piq_cell){.kind = PIQ_CELL_NULL};
    if (piq_sqlite_is_null(q, at))
        return true;
    if (piq_sqlite_is_time_text(c)) {
        out->kind = PIQ_CELL_INT;
        return piq_time_parse(piq_sqlite_bytes(q, at), &out->i);
    }
    switch (c->type) {
    case PIQ_COLUMN_INT:
    case PIQ_COLUMN_TIME:
        out->kind = PIQ_CELL_INT;
        out->i = piq_sqlite_i64(q, at);
        return true;
    case PIQ_COLUMN_REAL:
        out->kind = PIQ_CELL_REAL;
        out->d = sqlite3_column_double(q->stmt, at);
        return true;
    case PIQ_COLUMN_TEXT:
    case PIQ_COLUMN_JSON:
    case PIQ_COLUMN_BLOB:
        out->kind = PIQ_CELL_BYTES;
        out->bytes = piq_sqlite_bytes(q, at);
        return true;
    }
    return false;
}

typedef struct dumping {
    const piq_table *t;
    piq_row_sink *sink;
    void *ctx;
    const char *path;
} dumping;

static piq_status give_row(const dumping *d, const piq_sqlite_call *q,
                           piq_err *err)
{
    piq_cell cells[PIQ_MAX_COLUMNS];
    int n = (int)d->t->n_columns;
    bool sound =
        !piq_sqlite_has_hash(d->t) || piq_sqlite_is_intact(q, n, n - 1);
    for (int i = 0; i < n && sound; i++)
        sound = take_cell(q, &d->t->columns[i], i, &cells[i]);
    if (sound)
        return d->sink(d->ctx, d->t, cells, err);
    piq_fail(err, PIQ_ECORRUPT, "could not read a row of %s in %s", d->t->name,
             d->path);
    piq_err_at(err, "%s", d->t->name);
    return PIQ_ECORRUPT;
}

static piq_status give_rows(const dumping *d, piq_sqlite_conn *c,
                            piq_sqlite_call *q, piq_err *err)
{
    int rc = SQLITE_DONE;
    piq_status st = PIQ_OK;
    while (st == PIQ_OK && (rc = piq_sqlite_step(q)) == SQLITE_ROW)
        st = give_row(d, q, err);
    if (st != PIQ_OK || rc == SQLITE_DONE)
        return st;
    char what[96];
    snprintf(what, sizeof what, "read the table %s", d->t->name);
    return piq_sqlite_fail(err, c->db, c->path, rc, what);
}

piq_status piq_sqlite_dump(piq_store *base, const piq_table *t,
                           piq_user_id user, piq_row_sink *sink, void *ctx,
                           piq_err *err)
{
    piq_sqlite *s = piq_sqlite_of(base);
    char sql[1024];
    bool one = user.v != PIQ_ANY_USER;
    dumping d = {t, sink, ctx, s->path};
    piq_sqlite_call q = {0};
    if (one && t->user == PIQ_NO_COLUMN)
        return PIQ_OK;
    write_select(t, one, sql, sizeof sql);
    piq_sqlite_conn *c = piq_sqlite_readers_borrow(&s->readers);
    q.rc = sqlite3_prepare_v2(c->db, sql, -1, &q.stmt, NULL);
    if (one)
        piq_sqlite_bind_i64(&q, user.v);
    piq_status st = give_rows(&d, c, &q, err);
    sqlite3_finalize(q.stmt);
    piq_sqlite_readers_return(&s->readers, c);
    return st;
}
