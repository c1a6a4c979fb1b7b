#include "store/sqlite/errors.h"
#include "store/sqlite/handle.h"

static piq_status control(piq_sqlite_conn *w, piq_sqlite_sql sql,
                          const char *what, piq_err *err)
{
    piq_sqlite_call q;
    piq_sqlite_begin(w, sql, &q);
    int rc = piq_sqlite_run(&q);
    if (rc == SQLITE_OK)
        return PIQ_OK;
    return piq_sqlite_fail(err, w->db, w->path, rc, what);
}

/* A failed statement may have rolled back by itself (disk full, I/O). A
 * rollback that fails still ends the transaction; the pages it could not read
 * are read again later. */
static void roll_back(piq_sqlite_conn *w)
{
    if (sqlite3_get_autocommit(w->db))
        return;
    piq_sqlite_call q;
    piq_sqlite_begin(w, PIQ_SQL_ROLLBACK, &q);
    if (piq_sqlite_run(&q) != SQLITE_OK)
        sqlite3_exec(w->db, "ROLLBACK", NULL, NULL, NULL);
    PIQ_ASSERT(sqlite3_get_autocommit(w->db));
}

piq_status piq_sqlite_transact(piq_sqlite *s, piq_sqlite_write_fn *write,
                               void *ctx, piq_err *err)
{
    piq_sqlite_conn *w = &s->writer;
    pthread_mutex_lock(&s->write_lock);
    PIQ_ASSERT(sqlite3_get_autocommit(w->db));
    piq_status st = control(w, PIQ_SQL_BEGIN, "begin a commit", err);
    if (st == PIQ_OK)
        st = write(w, ctx, err);
    if (st == PIQ_OK)
        st = control(w, PIQ_SQL_COMMIT, "make a commit durable", err);
    if (st != PIQ_OK)
        roll_back(w);
    pthread_mutex_unlock(&s->write_lock);
    return st;
}
