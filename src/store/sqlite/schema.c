#include "store/sqlite/schema.h"

#include "base/clock.h"
#include "store/sqlite/errors.h"

#include <stdio.h>
#include <string.h>

/* ---- migrations ------------------------------------------------------ */

/* Numbered from 1. One that has been released is never edited; a change is a
 * further one at the end.
 *
 * The three tables that were asked for keep their names and columns. SQLite
 * has no JSONB, SERIAL, VARCHAR(n), DECIMAL or TIMESTAMP: JSON is text that
 * json_valid() accepts (up to 3.40 that refuses NULL, so it is asked apart), a
 * serial is AUTOINCREMENT (a number is not given twice, also after its row was
 * deleted), a timestamp is RFC 3339 UTC text. What we add stands last:
 * state_version says from which version of the learner's state the row was
 * made.
 *
 * Our own tables hold times as INTEGER microseconds since 1970.
 */
static const char *const first_schema[] = {
    "CREATE TABLE user_profiles ("
    " user_id INTEGER PRIMARY KEY,"
    " skill_profile TEXT NOT NULL CHECK (json_valid(skill_profile)),"
    " learning_style TEXT NOT NULL CHECK (json_valid(learning_style)),"
    " behavioral_metrics TEXT CHECK (behavioral_metrics IS NULL"
    "  OR json_valid(behavioral_metrics)),"
    " goals TEXT CHECK (goals IS NULL OR json_valid(goals)),"
    " created_at TEXT DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now')),"
    " updated_at TEXT DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now')),"
    " state_version INTEGER NOT NULL DEFAULT 0"
    ") STRICT",

    "CREATE TABLE learning_paths ("
    " id INTEGER PRIMARY KEY AUTOINCREMENT,"
    " user_id INTEGER NOT NULL,"
    " path_config TEXT NOT NULL CHECK (json_valid(path_config)),"
    " current_position INTEGER DEFAULT 0,"
    " estimated_completion TEXT,"
    " adaptation_history TEXT CHECK (adaptation_history IS NULL"
    "  OR json_valid(adaptation_history)),"
    " created_at TEXT DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now')),"
    " state_version INTEGER NOT NULL DEFAULT 0"
    ") STRICT",
    "CREATE INDEX learning_paths_user ON learning_paths (user_id)",

    "CREATE TABLE content_recommendations ("
    " id INTEGER PRIMARY KEY AUTOINCREMENT,"
    " user_id INTEGER NOT NULL,"
    " content_type TEXT NOT NULL CHECK (content_type IN"
    "  ('course', 'lesson', 'assessment', 'character', 'review')),"
    " content_id INTEGER NOT NULL,"
    " recommendation_score REAL,"
    " reasoning TEXT CHECK (reasoning IS NULL OR json_valid(reasoning)),"
    " recommended_at TEXT DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now')),"
    " user_action TEXT CHECK (user_action IN"
    "  ('accepted', 'dismissed', 'completed')),"
    " feedback_score INTEGER CHECK (feedback_score BETWEEN 1 AND 5)"
    ") STRICT",
    "CREATE INDEX content_recommendations_user"
    " ON content_recommendations (user_id)",

    /* In order of arrival (seq), which costs a page for many rows; a table
     * clustered by learner cost a page for each. Only erasing deletes events,
     * which notes the last seq (`numbers`), so it needs no AUTOINCREMENT to be
     * given once. NULL stands for "no item" and for NaN. */
    "CREATE TABLE events ("
    " seq INTEGER PRIMARY KEY,"
    " user_id INTEGER NOT NULL,"
    " at_us INTEGER NOT NULL,"
    " received_us INTEGER NOT NULL,"
    " type TEXT NOT NULL,"
    " catalogue_version INTEGER NOT NULL,"
    " calibration INTEGER NOT NULL,"
    " item INTEGER,"
    " score REAL,"
    " predicted REAL,"
    " ability_logit REAL,"
    " ability_variance REAL,"
    " event_id TEXT NOT NULL,"
    " body TEXT NOT NULL"
    ") STRICT",
    "CREATE UNIQUE INDEX events_by_id ON events (user_id, event_id)",
    /* Fold order is (at_us, event_id). Leaving event_id out keeps an entry
     * near 20 bytes; instants that tie are sorted when read. */
    "CREATE INDEX events_in_order ON events (user_id, at_us)",

    /* body_hash: piq_hash_bytes(body). SQLite has no checksum a page, and a
     * state with a flipped bit would be believed; it can be rebuilt. */
    "CREATE TABLE learner_state ("
    " user_id INTEGER PRIMARY KEY,"
    " version INTEGER NOT NULL,"
    " body_hash INTEGER NOT NULL,"
    " body BLOB NOT NULL"
    ") STRICT",
    /* Listing and counting learners without reading their states. */
    "CREATE INDEX learner_state_users ON learner_state (user_id)",

    "CREATE TABLE learner_snapshots ("
    " id INTEGER PRIMARY KEY,"
    " user_id INTEGER NOT NULL,"
    " at_us INTEGER NOT NULL,"
    " event_id TEXT NOT NULL,"
    " n_events INTEGER NOT NULL,"
    " body_hash INTEGER NOT NULL,"
    " body BLOB NOT NULL"
    ") STRICT",
    "CREATE UNIQUE INDEX learner_snapshots_in_order"
    " ON learner_snapshots (user_id, at_us, event_id)",

    "CREATE TABLE catalogues ("
    " version INTEGER PRIMARY KEY,"
    " added_us INTEGER NOT NULL,"
    " document TEXT NOT NULL"
    ") STRICT",

    "CREATE TABLE calibrations ("
    " number INTEGER PRIMARY KEY,"
    " through_seq INTEGER NOT NULL,"
    " made_us INTEGER NOT NULL"
    ") STRICT",
    "CREATE TABLE item_calibrations ("
    " item INTEGER NOT NULL,"
    " number INTEGER NOT NULL,"
    " difficulty_logit REAL NOT NULL,"
    " variance REAL NOT NULL,"
    " n INTEGER NOT NULL,"
    " PRIMARY KEY (item, number)"
    ") STRICT, WITHOUT ROWID",

    /* One slate a row. What it showed, best first, are content_recommendations
     * first_recommendation, first_recommendation + 1, .. */
    "CREATE TABLE recommendation_log ("
    " id INTEGER PRIMARY KEY,"
    " user_id INTEGER NOT NULL,"
    " served_us INTEGER NOT NULL,"
    " state_version INTEGER NOT NULL,"
    " catalogue_version INTEGER NOT NULL,"
    " policy TEXT NOT NULL,"
    " request TEXT NOT NULL,"
    " first_recommendation INTEGER,"
    " n_recommendations INTEGER NOT NULL,"
    " candidates BLOB NOT NULL"
    ") STRICT",

    "CREATE TABLE schema_migrations ("
    " version INTEGER PRIMARY KEY,"
    " name TEXT NOT NULL,"
    " applied_us INTEGER NOT NULL"
    ") STRICT",
};

/* `models` and `champions` are append-only: what was tried and who was champion
 * stays to be read. Bodies are large and go after a while, so they stand apart,
 * and listing models does not walk over them. AUTOINCREMENT: a version is not
 * given twice. body_hash as in learner_state; digest is its maker's. */
static const char *const trained_models[] = {
    "CREATE TABLE models ("
    " version INTEGER PRIMARY KEY AUTOINCREMENT,"
    " kind TEXT NOT NULL CHECK (kind <> ''),"
    " made_us INTEGER NOT NULL,"
    " digest INTEGER NOT NULL,"
    " n_bytes INTEGER NOT NULL,"
    " about TEXT NOT NULL CHECK (json_valid(about))"
    ") STRICT",
    "CREATE TABLE model_bodies ("
    " version INTEGER PRIMARY KEY,"
    " body_hash INTEGER NOT NULL,"
    " body BLOB NOT NULL"
    ") STRICT",
    "CREATE TABLE champions ("
    " kind TEXT NOT NULL,"
    " number INTEGER NOT NULL,"
    " model INTEGER NOT NULL,"
    " previous INTEGER NOT NULL CHECK (previous BETWEEN 0 AND number - 1),"
    " at_us INTEGER NOT NULL,"
    " reason TEXT NOT NULL,"
    " PRIMARY KEY (kind, number)"
    ") STRICT, WITHOUT ROWID",
};

/* What the business asks of recommendations, and the log of A/B tests. Rule
 * sets are append-only: which one a slate was made under stays to be read.
 * Times that a learner was shown something come from content_recommendations,
 * whose index by user ends in the row's id. */
static const char *const rules_and_experiments[] = {
    "CREATE TABLE rule_sets ("
    " version INTEGER PRIMARY KEY,"
    " made_us INTEGER NOT NULL,"
    " document TEXT NOT NULL CHECK (json_valid(document))"
    ") STRICT",
    "CREATE TABLE experiments ("
    " id INTEGER PRIMARY KEY AUTOINCREMENT,"
    " name TEXT NOT NULL CHECK (name <> ''),"
    " started_us INTEGER NOT NULL,"
    " stopped_us INTEGER,"
    " stop_reason TEXT,"
    " document TEXT NOT NULL CHECK (json_valid(document))"
    ") STRICT",
    /* At most one of a name runs. */
    "CREATE UNIQUE INDEX experiments_running ON experiments (name)"
    " WHERE stopped_us IS NULL",
    "CREATE TABLE exposures ("
    " id INTEGER PRIMARY KEY,"
    " experiment INTEGER NOT NULL,"
    " arm INTEGER NOT NULL,"
    " user_id INTEGER NOT NULL,"
    " at_us INTEGER NOT NULL,"
    " gained REAL NOT NULL,"
    " practice_s REAL NOT NULL,"
    " first_recommendation INTEGER,"
    " n_recommendations INTEGER NOT NULL"
    ") STRICT",
    "CREATE INDEX exposures_of ON exposures (experiment)",
};

/* From a recommendation to the slate that it was shown in. */
static const char *const slates_by_shown[] = {
    "CREATE INDEX recommendation_log_shown"
    " ON recommendation_log (first_recommendation)",
};

/* `records`: small documents. Found by name, listed by time of one learner's
 * (or nobody's, 0) and of all; expires_us NULL: never.
 *
 * `changes`: one narrow row for each state, path and slate, and for each
 * erasure, in the order of commits. `mark` is the row's number; tidy leaves the
 * newest row, so that none is given twice.
 *
 * `numbers`: since rows may be erased, the largest number of a table no longer
 * tells what was given, nor how many there are. `last` is the largest that was
 * there when something was erased, `missing` how many numbers up to the largest
 * ever have no row.
 *
 * `born`: the version that a state began with; 0 for all before the first
 * erasure. See store.h, erase(). */
static const char *const records_and_changes[] = {
    "CREATE TABLE records ("
    " user_id INTEGER NOT NULL,"
    " kind TEXT NOT NULL CHECK (kind <> ''),"
    " key TEXT NOT NULL CHECK (key <> ''),"
    " version INTEGER NOT NULL,"
    " at_us INTEGER NOT NULL,"
    " expires_us INTEGER,"
    " document TEXT NOT NULL CHECK (json_valid(document))"
    ") STRICT",
    "CREATE UNIQUE INDEX records_by_name ON records (user_id, kind, key)",
    "CREATE INDEX records_of_one ON records (kind, user_id, at_us, key)",
    "CREATE INDEX records_of_all ON records (kind, at_us, user_id, key)",
    "CREATE INDEX records_expiring ON records (expires_us)"
    " WHERE expires_us IS NOT NULL",
    "CREATE TABLE changes ("
    " mark INTEGER PRIMARY KEY,"
    " user_id INTEGER NOT NULL,"
    " what INTEGER NOT NULL,"
    " version INTEGER NOT NULL,"
    " at_us INTEGER NOT NULL"
    ") STRICT",
    "CREATE TABLE numbers ("
    " name TEXT PRIMARY KEY,"
    " last INTEGER NOT NULL,"
    " missing INTEGER NOT NULL"
    ") STRICT, WITHOUT ROWID",
    "INSERT INTO numbers VALUES ('events', 0, 0),"
    " ('content_recommendations', 0, 0), ('recommendation_log', 0, 0),"
    " ('exposures', 0, 0)",
    "ALTER TABLE learner_state ADD COLUMN born INTEGER NOT NULL DEFAULT 0",
    "CREATE INDEX exposures_user ON exposures (user_id)",
};

typedef struct migration {
    const char *name;
    const char *const *statements;
    size_t n_statements;
} migration;

static const migration migrations[] = {
    {"first schema", first_schema,
     sizeof first_schema / sizeof first_schema[0]},
    {"trained models", trained_models,
     sizeof trained_models / sizeof trained_models[0]},
    {"rules and experiments", rules_and_experiments,
     sizeof rules_and_experiments / sizeof rules_and_experiments[0]},
    {"slates by what they showed", slates_by_shown,
     sizeof slates_by_shown / sizeof slates_by_shown[0]},
    {"records, changes, erasing", records_and_changes,
     sizeof records_and_changes / sizeof records_and_changes[0]},
};

enum { N_MIGRATIONS = sizeof migrations / sizeof migrations[0] };

/* ---- whose file ------------------------------------------------------ */

/* The first column of the first row. */
static int read_number(sqlite3 *db, const char *sql, int64_t *out)
{
    sqlite3_stmt *stmt = NULL;
    int rc = sqlite3_prepare_v2(db, sql, -1, &stmt, NULL);
    if (rc == SQLITE_OK)
        rc = sqlite3_step(stmt);
    if (rc == SQLITE_ROW) {
        *out = sqlite3_column_int64(stmt, 0);
        rc = SQLITE_OK;
    }
    sqlite3_finalize(stmt);
    return rc;
}

typedef struct marks {
    int64_t application_id, user_version, n_objects;
} marks;

static int read_marks(sqlite3 *db, marks *m)
{
    int rc = read_number(db, "PRAGMA application_id", &m->application_id);
    if (rc == SQLITE_OK)
        rc = read_number(db, "PRAGMA user_version", &m->user_version);
    if (rc == SQLITE_OK)
        rc = read_number(db, "SELECT count(*) FROM sqlite_schema",
                         &m->n_objects);
    return rc;
}

static piq_status check_owner(const piq_sqlite_conn *c, const marks *m,
                              piq_err *err)
{
    bool is_new =
        m->application_id == 0 && m->user_version == 0 && m->n_objects == 0;
    if (!is_new && m->application_id != PIQ_SQLITE_APPLICATION_ID)
        return piq_sqlite_fail_not_ours(err, c->path);
    if (m->user_version <= N_MIGRATIONS)
        return PIQ_OK;
    piq_fail(err, PIQ_EINVAL,
             "%s has schema version %lld, this program knows up to %d; it was "
             "left alone",
             c->path, (long long)m->user_version, (int)N_MIGRATIONS);
    piq_err_at(err, "%s", c->path);
    piq_err_hint(err, "use the newer version of piq that wrote it");
    return PIQ_EINVAL;
}

static piq_status identify(const piq_sqlite_conn *c, marks *m, piq_err *err)
{
    int rc = read_marks(c->db, m);
    if (rc == SQLITE_NOTADB)
        return piq_sqlite_fail_not_ours(err, c->path);
    if (rc != SQLITE_OK)
        return piq_sqlite_fail(err, c->db, c->path, rc, "read the schema");
    return check_owner(c, m, err);
}

/* ---- applying -------------------------------------------------------- */

static int record(sqlite3 *db, int version, const migration *m)
{
    char sql[256];
    snprintf(sql, sizeof sql,
             "INSERT INTO schema_migrations VALUES (%d, '%s', %lld);"
             "PRAGMA application_id = %d;"
             "PRAGMA user_version = %d;",
             version, m->name, (long long)piq_clock_now_us(),
             PIQ_SQLITE_APPLICATION_ID, version);
    return sqlite3_exec(db, sql, NULL, NULL, NULL);
}

/* Inside a transaction. `version` may have been applied by another process
 * since we looked. */
static int apply_inside(sqlite3 *db, int version)
{
    const migration *m = &migrations[version - 1];
    int64_t present = 0;
    int rc = read_number(db, "PRAGMA user_version", &present);
    if (rc != SQLITE_OK || present >= version)
        return rc;
    for (size_t i = 0; i < m->n_statements && rc == SQLITE_OK; i++)
        rc = sqlite3_exec(db, m->statements[i], NULL, NULL, NULL);
    return rc == SQLITE_OK ? record(db, version, m) : rc;
}

static piq_status apply(const piq_sqlite_conn *c, int version, piq_err *err)
{
    sqlite3 *db = c->db;
    int rc = sqlite3_exec(db, "BEGIN IMMEDIATE", NULL, NULL, NULL);
    if (rc == SQLITE_OK)
        rc = apply_inside(db, version);
    if (rc == SQLITE_OK)
        rc = sqlite3_exec(db, "COMMIT", NULL, NULL, NULL);
    if (rc == SQLITE_OK)
        return PIQ_OK;
    piq_status status =
        piq_sqlite_fail(err, db, c->path, rc, "bring the schema up to date");
    if (!sqlite3_get_autocommit(db))
        sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL);
    return status;
}

/* Kept in the file's header, so this writes once in a file's life. */
static piq_status set_wal(const piq_sqlite_conn *c, piq_err *err)
{
    sqlite3_stmt *stmt = NULL;
    int rc =
        sqlite3_prepare_v2(c->db, "PRAGMA journal_mode=WAL", -1, &stmt, NULL);
    if (rc == SQLITE_OK)
        rc = sqlite3_step(stmt);
    bool is_wal =
        rc == SQLITE_ROW &&
        strcmp((const char *)sqlite3_column_text(stmt, 0), "wal") == 0;
    sqlite3_finalize(stmt);
    if (rc != SQLITE_ROW)
        return piq_sqlite_fail(err, c->db, c->path, rc, "set WAL mode");
    if (is_wal)
        return PIQ_OK;
    piq_fail(err, PIQ_EIO, "could not set WAL mode in %s", c->path);
    piq_err_at(err, "%s", c->path);
    piq_err_hint(err, "the file must be on a local disk, not on a network");
    return PIQ_EIO;
}

piq_status piq_sqlite_schema_ensure(piq_sqlite_conn *writer, piq_err *err)
{
    marks m = {0};
    piq_status st = identify(writer, &m, err);
    if (st == PIQ_OK)
        st = set_wal(writer, err);
    for (int v = (int)m.user_version + 1; st == PIQ_OK && v <= N_MIGRATIONS;
         v++)
        st = apply(writer, v, err);
    return st;
}
