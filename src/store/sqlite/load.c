/* Rows that another store dumped, put in as they are. */
#include "base/calendar.h"
#include "store/sqlite/errors.h"
#include "store/sqlite/handle.h"

#include <inttypes.h>
#include <stdio.h>

typedef struct loading {
    const piq_table *t;
    const piq_cell *cells; /* [n * t->n_columns] */
    size_t n;
} loading;

static void write_insert(const piq_table *t, char *sql, size_t size)
{
    bool hash = piq_sqlite_has_hash(t);
    int n = snprintf(sql, size, "INSERT INTO %s (", t->name);
    for (size_t i = 0; i < t->n_columns; i++)
        n += snprintf(sql + n, size - (size_t)n, "%s%s", i > 0 ? ", " : "",
                      t->columns[i].name);
    n += snprintf(sql + n, size - (size_t)n, "%s) VALUES (",
                  hash ? ", body_hash" : "");
    for (size_t i = 0; i < t->n_columns + (hash ? 1 : 0); i++)
        n += snprintf(sql + n, size - (size_t)n, "%s?", i > 0 ? ", " : "");
    n += snprintf(sql + n, size - (size_t)n, ")");
    PIQ_ASSERT(n > 0 && (size_t)n < size);
}

/* `time` holds the text until the statement has run. False: not what the
 * column takes; what is left is SQLite's to say. */
static bool bind_cell(piq_sqlite_call *q, const piq_column *c,
                      const piq_cell *x, char time[32])
{
    switch (x->kind) {
    case PIQ_CELL_NULL:
        piq_sqlite_bind_null(q);
        return true;
    case PIQ_CELL_INT:
        if (piq_sqlite_is_time_text(c)) {
            size_t len = piq_time_format(x->i, time);
            piq_sqlite_bind_text(q, (piq_str){time, len});
            return true;
        }
        piq_sqlite_bind_i64(q, x->i);
        return c->type == PIQ_COLUMN_INT || c->type == PIQ_COLUMN_TIME;
    case PIQ_CELL_REAL:
        piq_sqlite_bind_f64(q, x->d);
        return c->type == PIQ_COLUMN_REAL;
    case PIQ_CELL_BYTES:
        if (c->type == PIQ_COLUMN_BLOB)
            piq_sqlite_bind_blob(q, x->bytes);
        else
            piq_sqlite_bind_text(q, x->bytes);
        return c->type == PIQ_COLUMN_BLOB || c->type == PIQ_COLUMN_TEXT ||
               c->type == PIQ_COLUMN_JSON;
    }
    return false;
}

static piq_status refuse(const piq_table *t, piq_status status, const char *why,
                         piq_err *err)
{
    piq_fail(err, status, "could not load a row into %s: %s", t->name, why);
    piq_err_at(err, "%s", t->name);
    return status;
}

static piq_status load_row(piq_sqlite_conn *w, const piq_table *t,
                           piq_sqlite_call *q, const piq_cell *cells,
                           piq_err *err)
{
    char times[PIQ_MAX_COLUMNS][32];
    q->n_bound = 0;
    for (size_t i = 0; i < t->n_columns; i++)
        if (!bind_cell(q, &t->columns[i], &cells[i], times[i]))
            return refuse(t, PIQ_EINVAL, t->columns[i].name, err);
    if (piq_sqlite_has_hash(t))
        piq_sqlite_bind_i64(q, piq_sqlite_hash(cells[t->n_columns - 1].bytes));
    int rc = piq_sqlite_run(q);
    switch (rc) {
    case SQLITE_OK:
        return PIQ_OK;
    case SQLITE_CONSTRAINT_UNIQUE:
    case SQLITE_CONSTRAINT_PRIMARYKEY:
    case SQLITE_CONSTRAINT_ROWID:
        return refuse(t, PIQ_ECONFLICT, "there is one of that key", err);
    default:
        return piq_sqlite_fail(err, w->db, w->path, rc, "load a row");
    }
}

static piq_status load_rows(piq_sqlite_conn *w, const loading *l, piq_err *err)
{
    char sql[1024];
    piq_sqlite_call q = {0};
    piq_status st = PIQ_OK;
    write_insert(l->t, sql, sizeof sql);
    q.rc = sqlite3_prepare_v2(w->db, sql, -1, &q.stmt, NULL);
    if (q.rc != SQLITE_OK)
        st = piq_sqlite_fail(err, w->db, w->path, q.rc, "load rows");
    for (size_t i = 0; i < l->n && st == PIQ_OK; i++)
        st = load_row(w, l->t, &q, &l->cells[i * l->t->n_columns], err);
    sqlite3_finalize(q.stmt);
    return st;
}

/* ---- numbers: erase.c ------------------------------------------------- */

/* The largest number ever of the table; *has: it is one of those counted. */
static int last_number(piq_sqlite_conn *w, const char *table, bool *has,
                       int64_t *out)
{
    piq_sqlite_call q;
    piq_sqlite_begin(w, PIQ_SQL_NOTE_NUMBERS, &q);
    int rc = piq_sqlite_run(&q);
    if (rc != SQLITE_OK)
        return rc;
    piq_sqlite_begin(w, PIQ_SQL_NUMBERS, &q);
    piq_sqlite_bind_z(&q, table);
    rc = piq_sqlite_step(&q);
    *has = rc == SQLITE_ROW;
    *out = *has ? piq_sqlite_i64(&q, 0) : 0;
    piq_sqlite_end(&q);
    return rc == SQLITE_ROW || rc == SQLITE_DONE ? SQLITE_OK : rc;
}

static int add_missing(piq_sqlite_conn *w, const char *table, int64_t n)
{
    piq_sqlite_call q;
    piq_sqlite_begin(w, PIQ_SQL_ADD_MISSING, &q);
    piq_sqlite_bind_i64(&q, n);
    piq_sqlite_bind_z(&q, table);
    return piq_sqlite_run(&q);
}

/* Numbers that the rows leave out have no row. */
static piq_status load(piq_sqlite_conn *w, void *ctx, piq_err *err)
{
    const loading *l = ctx;
    int64_t before = 0, after = 0;
    bool counted = false;
    int rc = last_number(w, l->t->name, &counted, &before);
    piq_status st = PIQ_OK;
    if (rc == SQLITE_OK)
        st = load_rows(w, l, err);
    if (rc == SQLITE_OK && st == PIQ_OK && counted)
        rc = last_number(w, l->t->name, &counted, &after);
    if (rc == SQLITE_OK && st == PIQ_OK && counted)
        rc = add_missing(w, l->t->name, after - before - (int64_t)l->n);
    if (rc != SQLITE_OK)
        return piq_sqlite_fail(err, w->db, w->path, rc, "load rows");
    return st;
}

piq_status piq_sqlite_load(piq_store *s, const piq_table *t,
                           const piq_cell *cells, size_t n, piq_err *err)
{
    loading l = {t, cells, n};
    return piq_sqlite_transact(piq_sqlite_of(s), load, &l, err);
}
