#include "store/sqlite/errors.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

static bool is_no_space(int system_errno)
{
    return system_errno == ENOSPC || system_errno == EDQUOT;
}

static bool is_denied(int system_errno)
{
    return system_errno == EACCES || system_errno == EPERM ||
           system_errno == EROFS;
}

static piq_status io_status(int rc, int system_errno)
{
    if (rc == SQLITE_IOERR_NOMEM)
        return PIQ_ENOMEM;
    if (rc == SQLITE_IOERR_CORRUPTFS)
        return PIQ_ECORRUPT;
    /* SQLite says FULL for a write only; a quota, or a file system that
     * allocates late, says it at the sync. */
    return is_no_space(system_errno) ? PIQ_EFULL : PIQ_EIO;
}

/* The status for an (extended) result code. `system_errno` is what
 * sqlite3_system_errno() says, 0 when unknown. PIQ_OK for SQLITE_OK, ROW and
 * DONE. A constraint that nobody expected is PIQ_EINVAL. */
static piq_status status_of(int rc, int system_errno)
{
    switch (rc & 0xff) {
    case SQLITE_OK:
    case SQLITE_ROW:
    case SQLITE_DONE:
        return PIQ_OK;
    case SQLITE_NOMEM:
        return PIQ_ENOMEM;
    case SQLITE_FULL:
        return PIQ_EFULL;
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
    case SQLITE_PROTOCOL: /* a race for the WAL's locks was lost too often */
    case SQLITE_INTERRUPT:
        return PIQ_EBUSY;
    case SQLITE_IOERR:
        return io_status(rc, system_errno);
    case SQLITE_CANTOPEN:
        return is_denied(system_errno) ? PIQ_EDENIED : PIQ_EIO;
    case SQLITE_READONLY:
    case SQLITE_PERM:
    case SQLITE_AUTH:
        return PIQ_EDENIED;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
        return PIQ_ECORRUPT;
    case SQLITE_TOOBIG:
        return PIQ_ELIMIT;
    case SQLITE_CONSTRAINT:
    case SQLITE_MISMATCH:
        return PIQ_EINVAL;
    }
    return PIQ_EINTERNAL;
}

static const char *hint_for(piq_status status)
{
    switch (status) {
    case PIQ_EFULL:
        return "free some space on that file's disk; nothing was changed, and "
               "what is stored can still be read";
    case PIQ_EBUSY:
        return "another process holds the file; try again, or stop it";
    case PIQ_ECORRUPT:
        return "stop, copy the file with its -wal, and restore a backup or "
               "run `sqlite3 FILE .recover`";
    case PIQ_EDENIED:
        return "the file and its folder must be writable by this user";
    case PIQ_EIO:
        return "see that the folder exists and the kernel's log for disk "
               "errors";
    case PIQ_OK:
    case PIQ_ENOMEM:
    case PIQ_EINVAL:
    case PIQ_EPARSE:
    case PIQ_ELIMIT:
    case PIQ_ENOTFOUND:
    case PIQ_ECONFLICT:
    case PIQ_ESTALE:
    case PIQ_EINTERNAL:
        break;
    }
    return NULL;
}

/* Whether the connection's words are about `rc`: statement.c calls an SQL text
 * that does not compile a damaged file. */
static bool is_about(sqlite3 *db, int rc)
{
    int said = sqlite3_extended_errcode(db);
    return said == rc || (said == SQLITE_ERROR && rc == SQLITE_CORRUPT);
}

piq_status piq_sqlite_fail(piq_err *err, sqlite3 *db, const char *path, int rc,
                           const char *what)
{
    int system_errno = db != NULL ? sqlite3_system_errno(db) : 0;
    piq_status status = status_of(rc, system_errno);
    const char *words = db != NULL && is_about(db, rc) ? sqlite3_errmsg(db)
                                                       : sqlite3_errstr(rc);
    bool show_errno = system_errno != 0 && ((rc & 0xff) == SQLITE_IOERR ||
                                            (rc & 0xff) == SQLITE_CANTOPEN);
    piq_fail(err, status, "could not %s in %s: %s%s%s", what, path, words,
             show_errno ? ": " : "", show_errno ? strerror(system_errno) : "");
    piq_err_at(err, "%s", path);
    const char *hint = hint_for(status);
    if (hint != NULL)
        piq_err_hint(err, "%s", hint);
    return status;
}

piq_status piq_sqlite_fail_not_ours(piq_err *err, const char *path)
{
    piq_fail(err, PIQ_EINVAL, "%s is not a piq database; it was left alone",
             path);
    piq_err_at(err, "%s", path);
    piq_err_hint(err, "give the path of a piq database, or of a new file");
    return PIQ_EINVAL;
}
