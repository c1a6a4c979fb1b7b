/* Settings of a connection, and why. */
#include "store/sqlite/errors.h"
#include "store/sqlite/statement.h"

#include <stdio.h>

enum {
    /* 64 and 128 MiB were no faster with 10,000 learners of 50 to 90 events:
     * a page that is not here comes from the kernel's cache in 2 us. */
    WRITER_CACHE_KIB = 32768,
    READER_CACHE_KIB = 8192,
    /* A WAL that once grew longer is cut to this when it starts again. */
    WAL_KEEP_BYTES = 128 << 20
};

static int run_pragma(sqlite3 *db, const char *sql)
{
    return sqlite3_exec(db, sql, NULL, NULL, NULL);
}

/* None of these writes to the file: it may not be ours yet. No mmap: a read
 * error, or a file cut short by somebody, would then be a SIGBUS and not a
 * status. No
 * trusted_schema=OFF either: SQLite 3.40 then refuses json_valid() in a CHECK.
 */
static int apply(sqlite3 *db, const piq_sqlite_setting *setting,
                 piq_sqlite_role role)
{
    char sql[512];
    int cache_kib =
        role == PIQ_SQLITE_WRITER ? WRITER_CACHE_KIB : READER_CACHE_KIB;
    snprintf(sql, sizeof sql,
             "PRAGMA page_size=%d;"
             "PRAGMA cache_size=-%d;"
             "PRAGMA synchronous=%s;"
             "PRAGMA temp_store=MEMORY;" /* a full disk must not stop a sort */
             "PRAGMA mmap_size=0;"
             "PRAGMA cell_size_check=ON;"
             "PRAGMA secure_delete=ON;"
             "PRAGMA query_only=%d;"
             "PRAGMA journal_size_limit=%d;",
             PIQ_SQLITE_PAGE_BYTES, cache_kib,
             setting->relaxed ? "NORMAL" : "FULL", role == PIQ_SQLITE_READER,
             WAL_KEEP_BYTES);
    int rc = sqlite3_db_config(db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
    if (rc == SQLITE_OK)
        rc = run_pragma(db, sql);
    /* Checkpoints are checkpoint.c's, never a commit's. */
    if (rc == SQLITE_OK)
        rc = sqlite3_wal_autocheckpoint(db, 0);
    return rc;
}

piq_status piq_sqlite_connect(const piq_sqlite_setting *setting,
                              piq_sqlite_role role, piq_sqlite_conn *c,
                              piq_err *err)
{
    *c = (piq_sqlite_conn){.path = setting->path};
    /* NOMUTEX: our own locks see to it that one thread uses it at a time. */
    int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX |
                SQLITE_OPEN_PRIVATECACHE | SQLITE_OPEN_EXRESCODE;
    if (role == PIQ_SQLITE_WRITER)
        flags |= SQLITE_OPEN_CREATE;
    int rc = sqlite3_open_v2(setting->path, &c->db, flags, NULL);
    if (rc == SQLITE_OK)
        rc = sqlite3_busy_timeout(c->db, (int)setting->busy_timeout_ms);
    if (rc == SQLITE_OK)
        rc = apply(c->db, setting, role);
    /* Without the right to write, SQLite opens for reading and says so here
     * only. */
    if (rc == SQLITE_OK && sqlite3_db_readonly(c->db, "main") == 1)
        rc = SQLITE_READONLY;
    if (rc == SQLITE_OK)
        return PIQ_OK;
    piq_status status = rc == SQLITE_NOTADB
                            ? piq_sqlite_fail_not_ours(err, setting->path)
                            : piq_sqlite_fail(err, c->db, setting->path, rc,
                                              "open a connection");
    piq_sqlite_disconnect(c);
    return status;
}

void piq_sqlite_disconnect(piq_sqlite_conn *c)
{
    for (int i = 0; i < PIQ_SQL_N; i++)
        sqlite3_finalize(c->statements[i]);
    sqlite3_close(c->db);
    *c = (piq_sqlite_conn){0};
}
