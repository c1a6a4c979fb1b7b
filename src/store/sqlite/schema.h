/* schema.h - whose file it is, and bringing its tables up to date.
 *
 * Ours is marked: application_id is PIQ_SQLITE_APPLICATION_ID, user_version
 * the number of the last migration applied. A file that is empty, or has no
 * tables and neither mark, is new.
 */
#ifndef PIQ_STORE_SQLITE_SCHEMA_H
#define PIQ_STORE_SQLITE_SCHEMA_H

#include "base/status.h"
#include "store/sqlite/statement.h"

/* "piq1" */
#define PIQ_SQLITE_APPLICATION_ID 0x70697131

/* Refuses a file that is not ours, or newer than this program, without having
 * written to it; else sets WAL mode and applies the missing migrations, each
 * in a transaction of its own. Two processes may do so at once. PIQ_EINVAL:
 * not ours, newer, or no database at all; else as SQLite's code says. */
PIQ_MUST_USE piq_status piq_sqlite_schema_ensure(piq_sqlite_conn *writer,
                                                 piq_err *err);

#endif
