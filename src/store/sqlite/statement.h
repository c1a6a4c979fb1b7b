/* statement.h - connections and their prepared statements.
 *
 * All SQL that runs after start is in one table (statement.c), each text
 * prepared once a connection, at first use. A call is made of a begin, one
 * bind for each parameter in order, and a run (writes) or steps and an end
 * (reads). Failures stick: after one, binds do nothing and run or step
 * returns it, so a caller looks once.
 *
 *     piq_sqlite_call q;
 *     piq_sqlite_begin(conn, PIQ_SQL_STATE, &q);
 *     piq_sqlite_bind_i64(&q, user.v);
 *     int rc = piq_sqlite_step(&q);      SQLITE_ROW, SQLITE_DONE or an error
 *     ...                                columns
 *     piq_sqlite_end(&q);                lets go of the snapshot
 *
 * Bytes are borrowed until run or end. A connection belongs to one thread at
 * a time.
 */
#ifndef PIQ_STORE_SQLITE_STATEMENT_H
#define PIQ_STORE_SQLITE_STATEMENT_H

#include "base/arena.h"
#include "base/status.h"
#include "base/str.h"

#include <sqlite3.h>
#include <stdbool.h>
#include <stdint.h>

typedef enum piq_sqlite_sql {
    PIQ_SQL_BEGIN,
    PIQ_SQL_COMMIT,
    PIQ_SQL_ROLLBACK,
    PIQ_SQL_ADD_EVENT,
    PIQ_SQL_ADD_STATE,
    PIQ_SQL_SET_STATE,
    PIQ_SQL_DROP_STALE_SNAPSHOTS,
    PIQ_SQL_ADD_SNAPSHOT,
    PIQ_SQL_SNAPSHOT_AGES,
    PIQ_SQL_DROP_SNAPSHOT,
    PIQ_SQL_ADD_RECOMMENDATION,
    PIQ_SQL_ADD_SLATE,
    PIQ_SQL_SET_FEEDBACK,
    PIQ_SQL_ADD_PATH,
    PIQ_SQL_SET_PATH,
    PIQ_SQL_PUT_PROFILE,
    PIQ_SQL_ADD_CALIBRATION,
    PIQ_SQL_ADD_ITEM_CALIBRATION,
    PIQ_SQL_ADD_CATALOGUE,
    PIQ_SQL_ADD_MODEL,
    PIQ_SQL_ADD_MODEL_BODY,
    PIQ_SQL_DROP_MODEL_BODY,
    PIQ_SQL_ADD_CHAMPION,
    PIQ_SQL_CATALOGUE,
    PIQ_SQL_NEWEST_CATALOGUE,
    PIQ_SQL_STATE,
    PIQ_SQL_SNAPSHOT,
    PIQ_SQL_EVENT,
    PIQ_SQL_EVENTS,
    PIQ_SQL_ANSWERS_AFTER,
    PIQ_SQL_RECOMMENDATION,
    PIQ_SQL_RECOMMENDATIONS,
    PIQ_SQL_PATH,
    PIQ_SQL_PATH_ID,
    PIQ_SQL_PROFILE,
    PIQ_SQL_CALIBRATION,
    PIQ_SQL_CALIBRATIONS,
    PIQ_SQL_MODELS,
    PIQ_SQL_MODEL,
    PIQ_SQL_CHAMPION_MODEL,
    PIQ_SQL_HAS_MODEL_BODY,
    PIQ_SQL_CHAMPIONS,
    PIQ_SQL_CHAMPION,
    PIQ_SQL_SHOWN,
    PIQ_SQL_ADD_RULES,
    PIQ_SQL_RULES,
    PIQ_SQL_NEWEST_RULES,
    PIQ_SQL_RULE_VERSIONS,
    PIQ_SQL_ADD_EXPERIMENT,
    PIQ_SQL_STOP_EXPERIMENT,
    PIQ_SQL_HAS_EXPERIMENT,
    PIQ_SQL_EXPERIMENTS,
    PIQ_SQL_ADD_EXPOSURE,
    PIQ_SQL_EXPOSURES,
    PIQ_SQL_POLICY_MARKS,
    PIQ_SQL_SLATES_AFTER,
    PIQ_SQL_SLATE_OF,
    PIQ_SQL_USERS,
    PIQ_SQL_CATALOGUE_VERSION,
    PIQ_SQL_COUNTS,
    PIQ_SQL_PING,
    PIQ_SQL_FIND_RECORD,
    PIQ_SQL_PUT_RECORD,
    PIQ_SQL_DROP_RECORD,
    PIQ_SQL_RECORD,
    PIQ_SQL_RECORDS,
    PIQ_SQL_RECORDS_OF_ALL,
    PIQ_SQL_TIDY_RECORDS,
    PIQ_SQL_ADD_CHANGE,
    PIQ_SQL_CHANGES,
    PIQ_SQL_LAST_CHANGE,
    PIQ_SQL_TIDY_CHANGES,
    PIQ_SQL_FORGET_REASONING,
    PIQ_SQL_FORGET_SLATES,
    PIQ_SQL_FORGET_EXPOSURES,
    PIQ_SQL_NEXT_EVENT,
    PIQ_SQL_NEXT_SLATE,
    PIQ_SQL_NEXT_EXPOSURE,
    PIQ_SQL_FLOOR,
    PIQ_SQL_IS_ALIVE,
    PIQ_SQL_NOTE_NUMBERS,
    PIQ_SQL_NUMBERS,
    PIQ_SQL_ADD_MISSING,
    PIQ_SQL_RAISE_FLOOR,
    PIQ_SQL_ERASE_SLATES,
    PIQ_SQL_ERASE_EMPTY_SLATES,
    PIQ_SQL_ERASE_EXPOSURES,
    PIQ_SQL_ERASE_RECOMMENDATIONS,
    PIQ_SQL_ERASE_EVENTS,
    PIQ_SQL_ERASE_SNAPSHOTS,
    PIQ_SQL_ERASE_PROFILE,
    PIQ_SQL_ERASE_PATHS,
    PIQ_SQL_ERASE_RECORDS,
    PIQ_SQL_ERASE_STATE,
    PIQ_SQL_N
} piq_sqlite_sql;

typedef struct piq_sqlite_conn {
    sqlite3 *db;
    const char *path; /* borrowed from the store */
    sqlite3_stmt *statements[PIQ_SQL_N];
} piq_sqlite_conn;

/* 8 KiB pages measured .65 to .96 of 4 KiB ones for commits of 16 to 1,024
 * events: an event dirties two index pages whatever their size. */
enum { PIQ_SQLITE_PAGE_BYTES = 4096 };

typedef enum piq_sqlite_role {
    PIQ_SQLITE_WRITER,
    PIQ_SQLITE_READER,
    PIQ_SQLITE_CHECKPOINTER
} piq_sqlite_role;

typedef struct piq_sqlite_setting {
    const char *path; /* outlives the connection */
    unsigned busy_timeout_ms;
    bool relaxed;
} piq_sqlite_setting;

/* Opens a connection and sets what changes nothing in the file: time-outs,
 * cache, strictness, synchronous. A writer creates a missing file (empty).
 * On failure *c holds nothing. Statuses as piq_sqlite_open's. */
PIQ_MUST_USE piq_status piq_sqlite_connect(const piq_sqlite_setting *setting,
                                           piq_sqlite_role role,
                                           piq_sqlite_conn *c, piq_err *err);
/* Finalises and closes; nothing when it holds nothing. */
void piq_sqlite_disconnect(piq_sqlite_conn *c);

typedef struct piq_sqlite_call {
    sqlite3_stmt *stmt; /* NULL after a failed begin */
    int n_bound;
    int rc; /* SQLITE_OK, else the failure that sticks */
} piq_sqlite_call;

void piq_sqlite_begin(piq_sqlite_conn *c, piq_sqlite_sql sql,
                      piq_sqlite_call *q);

void piq_sqlite_bind_i64(piq_sqlite_call *q, int64_t v);
void piq_sqlite_bind_count(piq_sqlite_call *q, size_t n); /* cut to int64 */
void piq_sqlite_bind_f64(piq_sqlite_call *q, double v);   /* NaN: NULL */
void piq_sqlite_bind_null(piq_sqlite_call *q);
void piq_sqlite_bind_text(piq_sqlite_call *q, piq_str v);
void piq_sqlite_bind_text_or_null(piq_sqlite_call *q, piq_str v); /* empty */
void piq_sqlite_bind_z(piq_sqlite_call *q, const char *z);
void piq_sqlite_bind_blob(piq_sqlite_call *q, piq_str v);

/* Runs a statement that gives no rows, and ends the call. SQLITE_OK or the
 * failure. */
int piq_sqlite_run(piq_sqlite_call *q);
/* SQLITE_ROW, SQLITE_DONE or the failure. */
int piq_sqlite_step(piq_sqlite_call *q);
void piq_sqlite_end(piq_sqlite_call *q);

/* Columns of the present row, from 0. */
int64_t piq_sqlite_i64(const piq_sqlite_call *q, int column);
float piq_sqlite_f32(const piq_sqlite_call *q, int column); /* NULL: NaN */
bool piq_sqlite_is_null(const piq_sqlite_call *q, int column);
/* Text or blob, good until the next step or end. NULL gives the empty
 * string. */
piq_str piq_sqlite_bytes(const piq_sqlite_call *q, int column);
/* The same, copied. False when the arena is full. */
PIQ_MUST_USE bool piq_sqlite_copy(const piq_sqlite_call *q, piq_arena *a,
                                  int column, piq_str *out);

#endif
