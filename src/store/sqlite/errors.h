/* errors.h - SQLite's result codes in our words.
 *
 * Every failure of this backend passes through here, so that the message
 * always names what could not be done, and to which file.
 */
#ifndef PIQ_STORE_SQLITE_ERRORS_H
#define PIQ_STORE_SQLITE_ERRORS_H

#include "base/status.h"

#include <sqlite3.h>

/* "could not <what> in <path>: <SQLite's words>", where = path, and a hint
 * where there is something to be done. `db` may be NULL. Call it before
 * anything else happens on `db`: the words are those of the last call. */
piq_status piq_sqlite_fail(piq_err *err, sqlite3 *db, const char *path, int rc,
                           const char *what);

/* PIQ_EINVAL: the file is another program's, or no database. */
piq_status piq_sqlite_fail_not_ours(piq_err *err, const char *path);

#endif
