#include "store/sqlite/statement.h"

#include "store/sqlite/errors.h"

#include <math.h>

/* The columns of an event, in the order that read.c takes them. */
#define EVENT_COLUMNS                                                          \
    "seq, at_us, received_us, type, catalogue_version, calibration, item, "    \
    "score, predicted, ability_logit, ability_variance, event_id, body"

#define SLATE_COLUMNS                                                          \
    "x.id, x.user_id, x.served_us, x.state_version, x.catalogue_version,"      \
    " x.policy, x.request, x.first_recommendation, x.n_recommendations,"       \
    " x.candidates, r.user_action, r.feedback_score"
#define SLATE_ROWS                                                             \
    " LEFT JOIN content_recommendations r ON r.id BETWEEN"                     \
    " x.first_recommendation AND"                                              \
    " x.first_recommendation + x.n_recommendations - 1"
#define SLATE_ORDER " ORDER BY x.id, r.id"
#define RECOMMENDATION_COLUMNS                                                 \
    "id, content_type, content_id, recommendation_score, reasoning, "          \
    "recommended_at, user_action, feedback_score"

/* ?2 slates: the oldest, by their ids. */
#define FRONT_OF_LOG                                                           \
    "SELECT id, served_us, first_recommendation, n_recommendations"            \
    " FROM recommendation_log ORDER BY id LIMIT ?2"

#define RECORD_COLUMNS                                                         \
    "user_id, kind, key, version, at_us, expires_us, document"

/* Of a model, in the order that models.c takes them. */
#define MODEL_COLUMNS                                                          \
    "m.version, m.kind, m.made_us, m.digest, m.n_bytes, m.about"

static const char *const sql_text[PIQ_SQL_N] = {
    /* IMMEDIATE: a writer that waits, waits here and not halfway, where
     * waiting cannot help. */
    [PIQ_SQL_BEGIN] = "BEGIN IMMEDIATE",
    [PIQ_SQL_COMMIT] = "COMMIT",
    [PIQ_SQL_ROLLBACK] = "ROLLBACK",

    [PIQ_SQL_ADD_EVENT] =
        "INSERT INTO events (seq, user_id, event_id, at_us, received_us, type,"
        " catalogue_version, calibration, item, score, predicted,"
        " ability_logit, ability_variance, body)"
        " VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?)",
    [PIQ_SQL_ADD_STATE] =
        "INSERT INTO learner_state (user_id, version, born, body_hash, body)"
        " VALUES (?,?,?,?,?)",
    [PIQ_SQL_SET_STATE] =
        "UPDATE learner_state SET version = ?, body_hash = ?, body = ?"
        " WHERE user_id = ? AND version = ?",

    [PIQ_SQL_DROP_STALE_SNAPSHOTS] =
        "DELETE FROM learner_snapshots"
        " WHERE user_id = ? AND (at_us, event_id) > (?,?)",
    [PIQ_SQL_ADD_SNAPSHOT] =
        "INSERT INTO learner_snapshots"
        " (user_id, at_us, event_id, n_events, body_hash, body)"
        " VALUES (?,?,?,?,?,?)"
        " ON CONFLICT (user_id, at_us, event_id) DO UPDATE SET"
        " n_events = excluded.n_events, body_hash = excluded.body_hash,"
        " body = excluded.body",
    [PIQ_SQL_SNAPSHOT_AGES] =
        "SELECT id, n_events FROM learner_snapshots WHERE user_id = ?"
        " ORDER BY at_us, event_id LIMIT ?",
    [PIQ_SQL_DROP_SNAPSHOT] = "DELETE FROM learner_snapshots WHERE id = ?",

    [PIQ_SQL_ADD_RECOMMENDATION] =
        "INSERT INTO content_recommendations (user_id, content_type,"
        " content_id, recommendation_score, reasoning, recommended_at,"
        " user_action, feedback_score) VALUES (?,?,?,?,?,?,?,?)",
    [PIQ_SQL_ADD_SLATE] =
        "INSERT INTO recommendation_log (id, user_id, served_us, state_version,"
        " catalogue_version, policy, request, first_recommendation,"
        " n_recommendations, candidates) VALUES (?,?,?,?,?,?,?,?,?,?)",
    [PIQ_SQL_SET_FEEDBACK] =
        "UPDATE content_recommendations"
        " SET user_action = coalesce(?, iif(?, NULL, user_action)),"
        " feedback_score = coalesce(?, iif(?, NULL, feedback_score))"
        " WHERE id = ? AND user_id = ?",
    [PIQ_SQL_ADD_PATH] =
        "INSERT INTO learning_paths (user_id, path_config, current_position,"
        " estimated_completion, adaptation_history, created_at,"
        " state_version) VALUES (?,?,?,?,?,?,?)",
    [PIQ_SQL_SET_PATH] =
        "UPDATE learning_paths SET path_config = ?, current_position = ?,"
        " estimated_completion = ?, adaptation_history = ?,"
        " state_version = ? WHERE id = ? AND user_id = ?",
    [PIQ_SQL_PUT_PROFILE] =
        "INSERT INTO user_profiles (user_id, skill_profile, learning_style,"
        " behavioral_metrics, goals, created_at, updated_at, state_version)"
        " VALUES (?1,?2,?3,?4,?5,?6,?6,?7)"
        " ON CONFLICT (user_id) DO UPDATE SET"
        " skill_profile = excluded.skill_profile,"
        " learning_style = excluded.learning_style,"
        " behavioral_metrics = excluded.behavioral_metrics,"
        " goals = excluded.goals, updated_at = excluded.updated_at,"
        " state_version = excluded.state_version"
        " WHERE excluded.state_version >= user_profiles.state_version",

    /* These, and ADD_CHAMPION, insert nothing when somebody else was there
     * first. */
    [PIQ_SQL_ADD_CALIBRATION] =
        "INSERT INTO calibrations (number, through_seq, made_us)"
        " SELECT ?1, ?2, ?3 WHERE ?1 = 1 +"
        " (SELECT coalesce(max(number), 0) FROM calibrations)",
    [PIQ_SQL_ADD_CATALOGUE] =
        "INSERT INTO catalogues (version, added_us, document)"
        " SELECT ?1, ?2, ?3 WHERE ?1 = 1 +"
        " (SELECT coalesce(max(version), 0) FROM catalogues)",
    [PIQ_SQL_ADD_MODEL] =
        "INSERT INTO models (kind, made_us, digest, n_bytes, about)"
        " VALUES (?,?,?,?,?)",
    [PIQ_SQL_ADD_MODEL_BODY] =
        "INSERT INTO model_bodies (version, body_hash, body) VALUES (?,?,?)",
    /* Of any model but the champion. */
    [PIQ_SQL_DROP_MODEL_BODY] =
        "DELETE FROM model_bodies WHERE version ="
        " (SELECT version FROM models WHERE kind = ?1 AND version = ?2)"
        " AND version IS NOT (SELECT model FROM champions WHERE kind = ?1"
        " ORDER BY number DESC LIMIT 1)",
    [PIQ_SQL_ADD_CHAMPION] =
        "INSERT INTO champions (kind, number, model, previous, at_us, reason)"
        " SELECT ?1, ?2, ?3, ?4, ?5, ?6 WHERE ?2 = 1 +"
        " (SELECT coalesce(max(number), 0) FROM champions WHERE kind = ?1)",
    [PIQ_SQL_ADD_ITEM_CALIBRATION] =
        "INSERT INTO item_calibrations"
        " (item, number, difficulty_logit, variance, n) VALUES (?,?,?,?,?)",

    [PIQ_SQL_CATALOGUE] =
        "SELECT version, document FROM catalogues WHERE version = ?",
    [PIQ_SQL_NEWEST_CATALOGUE] = "SELECT version, document FROM catalogues"
                                 " ORDER BY version DESC LIMIT 1",
    [PIQ_SQL_STATE] = "SELECT version, body_hash, body FROM learner_state"
                      " WHERE user_id = ?",
    [PIQ_SQL_SNAPSHOT] = "SELECT at_us, n_events, body_hash, event_id, body"
                         " FROM learner_snapshots"
                         " WHERE user_id = ? AND (at_us, event_id) <= (?,?)"
                         " ORDER BY at_us DESC, event_id DESC LIMIT 1",
    [PIQ_SQL_EVENT] = "SELECT " EVENT_COLUMNS " FROM events"
                      " WHERE user_id = ? AND event_id = ?",
    /* The index gives (user_id, at_us); ties alone are sorted. */
    [PIQ_SQL_EVENTS] = "SELECT " EVENT_COLUMNS " FROM events"
                       " INDEXED BY events_in_order"
                       " WHERE user_id = ? AND (at_us, event_id) > (?,?)"
                       " AND at_us < ? ORDER BY at_us, event_id LIMIT ?",
    [PIQ_SQL_ANSWERS_AFTER] =
        "SELECT " EVENT_COLUMNS ", user_id FROM events"
        " WHERE seq > ? AND type = 'answer' AND item IS NOT NULL"
        " ORDER BY seq LIMIT ?",
    [PIQ_SQL_RECOMMENDATION] =
        "SELECT " RECOMMENDATION_COLUMNS " FROM content_recommendations"
        " WHERE id = ? AND user_id = ?",
    [PIQ_SQL_RECOMMENDATIONS] =
        "SELECT " RECOMMENDATION_COLUMNS " FROM content_recommendations"
        " WHERE user_id = ? ORDER BY id DESC LIMIT ?",
    [PIQ_SQL_PATH] =
        "SELECT id, path_config, current_position, estimated_completion,"
        " adaptation_history, created_at, state_version"
        " FROM learning_paths WHERE user_id = ? ORDER BY id DESC LIMIT 1",
    [PIQ_SQL_PATH_ID] = "SELECT id FROM learning_paths WHERE user_id = ?"
                        " ORDER BY id DESC LIMIT 1",
    [PIQ_SQL_PROFILE] =
        "SELECT skill_profile, learning_style, behavioral_metrics, goals,"
        " updated_at, state_version FROM user_profiles WHERE user_id = ?",
    [PIQ_SQL_CALIBRATION] = "SELECT number, through_seq FROM calibrations"
                            " ORDER BY number DESC LIMIT 1",
    [PIQ_SQL_CALIBRATIONS] =
        "SELECT item, number, difficulty_logit, variance, n"
        " FROM item_calibrations ORDER BY item, number",
    /* The sub-select finds the key of a body without reading the body. */
    [PIQ_SQL_MODELS] =
        "SELECT " MODEL_COLUMNS ", EXISTS (SELECT 1 FROM model_bodies b"
        " WHERE b.version = m.version) FROM models m WHERE m.kind = ?"
        " ORDER BY m.version",
    [PIQ_SQL_MODEL] = "SELECT " MODEL_COLUMNS ", b.body_hash, b.body"
                      " FROM models m JOIN model_bodies b USING (version)"
                      " WHERE m.kind = ? AND m.version = ?",
    [PIQ_SQL_CHAMPION_MODEL] =
        "SELECT " MODEL_COLUMNS ", b.body_hash, b.body"
        " FROM models m JOIN model_bodies b USING (version)"
        " WHERE m.kind = ?1 AND m.version = (SELECT model FROM champions"
        " WHERE kind = ?1 ORDER BY number DESC LIMIT 1)",
    [PIQ_SQL_HAS_MODEL_BODY] =
        "SELECT m.version FROM models m WHERE m.kind = ? AND m.version = ?"
        " AND EXISTS (SELECT 1 FROM model_bodies b"
        " WHERE b.version = m.version)",
    [PIQ_SQL_CHAMPIONS] = "SELECT number, model, previous, at_us, reason"
                          " FROM champions WHERE kind = ?"
                          " ORDER BY number DESC LIMIT ?",
    [PIQ_SQL_CHAMPION] = "SELECT number, model FROM champions WHERE kind = ?"
                         " ORDER BY number DESC LIMIT 1",
    [PIQ_SQL_SHOWN] =
        "SELECT content_id, recommended_at, user_action, id"
        " FROM content_recommendations WHERE user_id = ? ORDER BY id DESC"
        " LIMIT ?",
    [PIQ_SQL_ADD_RULES] = "INSERT INTO rule_sets (version, made_us, document)"
                          " SELECT ?1, ?2, ?3 WHERE ?1 = 1 +"
                          " (SELECT coalesce(max(version), 0) FROM rule_sets)",
    [PIQ_SQL_RULES] = "SELECT version, made_us, document FROM rule_sets"
                      " WHERE version = ?",
    [PIQ_SQL_NEWEST_RULES] = "SELECT version, made_us, document FROM rule_sets"
                             " ORDER BY version DESC LIMIT 1",
    [PIQ_SQL_RULE_VERSIONS] = "SELECT version, made_us FROM rule_sets"
                              " ORDER BY version DESC LIMIT ?",
    [PIQ_SQL_ADD_EXPERIMENT] =
        "INSERT INTO experiments (name, started_us, document)"
        " VALUES (?,?,?) ON CONFLICT (name) WHERE stopped_us IS NULL"
        " DO NOTHING",
    [PIQ_SQL_STOP_EXPERIMENT] =
        "UPDATE experiments SET stopped_us = ?, stop_reason = ?"
        " WHERE id = ? AND stopped_us IS NULL",
    [PIQ_SQL_HAS_EXPERIMENT] = "SELECT 1 FROM experiments WHERE id = ?",
    [PIQ_SQL_EXPERIMENTS] =
        "SELECT id, name, started_us, stopped_us, stop_reason, document"
        " FROM experiments ORDER BY id",
    [PIQ_SQL_ADD_EXPOSURE] =
        "INSERT INTO exposures (id, experiment, arm, user_id, at_us, gained,"
        " practice_s, first_recommendation, n_recommendations)"
        " VALUES (?,?,?,?,?,?,?,?,?)",
    /* One row for each recommendation, one for a slate that showed none. Up to
     * the last of them by id, and not FROM (.. LIMIT ?): that is sorted again,
     * with every slate's bytes once for each of its rows. */
    [PIQ_SQL_EXPOSURES] =
        "SELECT x.id, x.arm, x.user_id, x.at_us, x.gained, x.practice_s,"
        " x.first_recommendation, x.n_recommendations, r.user_action,"
        " r.feedback_score FROM exposures x INDEXED BY exposures_of" SLATE_ROWS
        " WHERE x.experiment = ?1 AND x.id > ?2 AND x.id <= (SELECT max(id)"
        " FROM (SELECT id FROM exposures INDEXED BY exposures_of WHERE"
        " experiment = ?1 AND id > ?2 ORDER BY id LIMIT ?3))" SLATE_ORDER,
    [PIQ_SQL_POLICY_MARKS] =
        "SELECT (SELECT coalesce(max(version), 0) FROM rule_sets),"
        " (SELECT count(*) + count(stopped_us) FROM experiments)",
    [PIQ_SQL_SLATES_AFTER] =
        "SELECT " SLATE_COLUMNS " FROM recommendation_log x" SLATE_ROWS
        " WHERE x.id > ?1 AND x.id <= (SELECT max(id) FROM (SELECT id FROM"
        " recommendation_log WHERE id > ?1 ORDER BY id LIMIT ?2))" SLATE_ORDER,
    [PIQ_SQL_SLATE_OF] =
        "SELECT " SLATE_COLUMNS " FROM recommendation_log x" SLATE_ROWS
        " WHERE x.id = (SELECT id FROM recommendation_log"
        " WHERE first_recommendation <= ?"
        " ORDER BY first_recommendation DESC LIMIT 1)" SLATE_ORDER,
    /* The narrow index, not the table: its leaves hold the states. */
    [PIQ_SQL_USERS] = "SELECT user_id FROM learner_state"
                      " INDEXED BY learner_state_users"
                      " WHERE user_id > ? ORDER BY user_id LIMIT ?",
    [PIQ_SQL_CATALOGUE_VERSION] =
        "SELECT coalesce(max(version), 0) FROM catalogues",
    /* The largest number ever, less those without a row. */
    [PIQ_SQL_COUNTS] =
        "SELECT (SELECT count(*) FROM learner_state"
        "  INDEXED BY learner_state_users),"
        " (SELECT max(last, coalesce((SELECT max(seq) FROM events), 0))"
        "  - missing FROM numbers WHERE name = 'events'),"
        " (SELECT max(last, coalesce((SELECT max(id)"
        "  FROM content_recommendations), 0)) - missing"
        "  FROM numbers WHERE name = 'content_recommendations'),"
        " (SELECT page_count FROM pragma_page_count) *"
        "  (SELECT page_size FROM pragma_page_size),"
        " (SELECT coalesce(max(version), 0) FROM catalogues),"
        " (SELECT coalesce(max(number), 0) FROM calibrations)",
    [PIQ_SQL_PING] = "SELECT version FROM schema_migrations LIMIT 1",

    [PIQ_SQL_FIND_RECORD] = "SELECT version, expires_us FROM records"
                            " WHERE user_id = ? AND kind = ? AND key = ?",
    [PIQ_SQL_PUT_RECORD] =
        "INSERT INTO records"
        " (user_id, kind, key, version, at_us, expires_us, document)"
        " VALUES (?1,?2,?3,?4,?5,?6,CASE WHEN ?8 IS NULL THEN ?7 ELSE"
        " '{\"first\":' || ?8 || ',' || CAST(substr(CAST(?7 AS BLOB), 2) AS "
        "TEXT) END) ON CONFLICT "
        "(user_id, kind, key) DO UPDATE"
        " SET version = excluded.version, at_us = excluded.at_us,"
        " expires_us = excluded.expires_us, document = excluded.document",
    [PIQ_SQL_DROP_RECORD] =
        "DELETE FROM records WHERE user_id = ? AND kind = ? AND key = ?",
    [PIQ_SQL_RECORD] = "SELECT " RECORD_COLUMNS " FROM records"
                       " WHERE user_id = ? AND kind = ? AND key = ?"
                       " AND (expires_us IS NULL OR expires_us > ?)",
    [PIQ_SQL_RECORDS] =
        "SELECT " RECORD_COLUMNS " FROM records INDEXED BY records_of_one"
        " WHERE kind = ?1 AND user_id = ?2 AND (at_us, key) > (?3, ?4)"
        " AND at_us < ?5 AND (expires_us IS NULL OR expires_us > ?6)"
        " ORDER BY at_us, key LIMIT ?7",
    [PIQ_SQL_RECORDS_OF_ALL] =
        "SELECT " RECORD_COLUMNS " FROM records INDEXED BY records_of_all"
        " WHERE kind = ?1 AND (at_us, user_id, key) > (?3, ?2, ?4)"
        " AND at_us < ?5 AND (expires_us IS NULL OR expires_us > ?6)"
        " ORDER BY at_us, user_id, key LIMIT ?7",
    [PIQ_SQL_TIDY_RECORDS] =
        "DELETE FROM records WHERE rowid IN (SELECT rowid FROM records"
        " WHERE expires_us <= ? LIMIT ?)",

    [PIQ_SQL_ADD_CHANGE] = "INSERT INTO changes (user_id, what, version, at_us)"
                           " VALUES (?,?,?,?)",
    [PIQ_SQL_CHANGES] =
        "SELECT mark, user_id, what, version, at_us,"
        " (SELECT min(mark) FROM changes) FROM changes WHERE mark > ?"
        " ORDER BY mark LIMIT ?",
    [PIQ_SQL_LAST_CHANGE] = "SELECT coalesce(max(mark), 0) FROM changes",
    /* Up to the first that is young enough, never the newest: a clock that was
     * set back leaves no gap. */
    [PIQ_SQL_TIDY_CHANGES] =
        "DELETE FROM changes WHERE mark < coalesce("
        "(SELECT min(mark) FROM (SELECT mark, at_us FROM changes ORDER BY mark"
        " LIMIT ?2) WHERE at_us >= ?1),"
        " (SELECT mark FROM changes ORDER BY mark LIMIT 1 OFFSET ?2),"
        " (SELECT max(mark) FROM changes))",

    /* The log has no index by time, which would cost every slate a page. Ids
     * rise in order of serving. */
    [PIQ_SQL_FORGET_REASONING] =
        "UPDATE content_recommendations SET reasoning = NULL WHERE id IN"
        " (SELECT r.id FROM (" FRONT_OF_LOG ") x JOIN content_recommendations r"
        " ON r.id BETWEEN x.first_recommendation AND x.first_recommendation"
        " + x.n_recommendations - 1 WHERE x.served_us < ?1)",
    [PIQ_SQL_FORGET_SLATES] =
        "DELETE FROM recommendation_log WHERE id IN"
        " (SELECT id FROM (" FRONT_OF_LOG ") x WHERE x.served_us < ?1)",
    [PIQ_SQL_FORGET_EXPOSURES] =
        "DELETE FROM exposures WHERE id IN (SELECT x.id FROM experiments e"
        " CROSS JOIN exposures x INDEXED BY exposures_of"
        " ON x.experiment = e.id WHERE e.stopped_us < ?1 LIMIT ?2)",

    [PIQ_SQL_NEXT_EVENT] =
        "SELECT 1 + max(last, coalesce((SELECT max(seq) FROM events), 0))"
        " FROM numbers WHERE name = 'events'",
    [PIQ_SQL_NEXT_SLATE] =
        "SELECT 1 + max(last,"
        " coalesce((SELECT max(id) FROM recommendation_log), 0))"
        " FROM numbers WHERE name = 'recommendation_log'",
    [PIQ_SQL_NEXT_EXPOSURE] =
        "SELECT 1 + max(last, coalesce((SELECT max(id) FROM exposures), 0))"
        " FROM numbers WHERE name = 'exposures'",

    [PIQ_SQL_FLOOR] =
        "SELECT CAST(document AS INTEGER) FROM records"
        " WHERE user_id = 0 AND kind = 'erased' AND key = 'version'",
    /* No row: there is no state. */
    [PIQ_SQL_IS_ALIVE] = "SELECT born <= ? FROM learner_state"
                         " WHERE user_id = ?",
    [PIQ_SQL_NOTE_NUMBERS] =
        "UPDATE numbers SET last = max(last, coalesce(CASE name"
        " WHEN 'events' THEN (SELECT max(seq) FROM events)"
        " WHEN 'content_recommendations' THEN"
        "  (SELECT max(id) FROM content_recommendations)"
        " WHEN 'recommendation_log' THEN"
        "  (SELECT max(id) FROM recommendation_log)"
        " ELSE (SELECT max(id) FROM exposures) END, 0))",
    [PIQ_SQL_NUMBERS] = "SELECT last FROM numbers WHERE name = ?",
    [PIQ_SQL_ADD_MISSING] =
        "UPDATE numbers SET missing = missing + ? WHERE name = ?",
    [PIQ_SQL_RAISE_FLOOR] =
        "INSERT INTO records"
        " (user_id, kind, key, version, at_us, expires_us, document)"
        " VALUES (0, 'erased', 'version', 1, ?1, NULL, CAST(?2 AS TEXT))"
        " ON CONFLICT (user_id, kind, key) DO UPDATE SET"
        " version = version + 1, at_us = excluded.at_us, document ="
        " CAST(max(CAST(document AS INTEGER), ?2) AS TEXT)",
    /* The log has no index by learner, which would cost every slate a page;
     * the recommendations that it shows have one. */
    [PIQ_SQL_ERASE_SLATES] =
        "DELETE FROM recommendation_log WHERE user_id = ?1 AND"
        " first_recommendation IN (SELECT id FROM content_recommendations"
        " WHERE user_id = ?1)",
    [PIQ_SQL_ERASE_EMPTY_SLATES] =
        "DELETE FROM recommendation_log INDEXED BY recommendation_log_shown"
        " WHERE first_recommendation IS NULL AND user_id = ?",
    [PIQ_SQL_ERASE_EXPOSURES] = "DELETE FROM exposures WHERE user_id = ?",
    [PIQ_SQL_ERASE_RECOMMENDATIONS] =
        "DELETE FROM content_recommendations WHERE user_id = ?",
    [PIQ_SQL_ERASE_EVENTS] = "DELETE FROM events WHERE user_id = ?",
    [PIQ_SQL_ERASE_SNAPSHOTS] =
        "DELETE FROM learner_snapshots WHERE user_id = ?",
    [PIQ_SQL_ERASE_PROFILE] = "DELETE FROM user_profiles WHERE user_id = ?",
    [PIQ_SQL_ERASE_PATHS] = "DELETE FROM learning_paths WHERE user_id = ?",
    [PIQ_SQL_ERASE_RECORDS] = "DELETE FROM records WHERE user_id = ?",
    [PIQ_SQL_ERASE_STATE] =
        "DELETE FROM learner_state WHERE user_id = ? RETURNING version",
};

/* A text that does not compile although it did when it was tested: the file's
 * tables are not those of its schema version. */
static int prepare(piq_sqlite_conn *c, piq_sqlite_sql sql)
{
    int rc =
        sqlite3_prepare_v3(c->db, sql_text[sql], -1, SQLITE_PREPARE_PERSISTENT,
                           &c->statements[sql], NULL);
    return rc == SQLITE_ERROR ? SQLITE_CORRUPT : rc;
}

void piq_sqlite_begin(piq_sqlite_conn *c, piq_sqlite_sql sql,
                      piq_sqlite_call *q)
{
    *q = (piq_sqlite_call){0};
    if (c->statements[sql] == NULL)
        q->rc = prepare(c, sql);
    q->stmt = c->statements[sql];
}

void piq_sqlite_bind_i64(piq_sqlite_call *q, int64_t v)
{
    if (q->rc == SQLITE_OK)
        q->rc = sqlite3_bind_int64(q->stmt, ++q->n_bound, v);
}

void piq_sqlite_bind_count(piq_sqlite_call *q, size_t n)
{
    piq_sqlite_bind_i64(q, n > INT64_MAX ? INT64_MAX : (int64_t)n);
}

void piq_sqlite_bind_null(piq_sqlite_call *q)
{
    if (q->rc == SQLITE_OK)
        q->rc = sqlite3_bind_null(q->stmt, ++q->n_bound);
}

void piq_sqlite_bind_f64(piq_sqlite_call *q, double v)
{
    if (isnan(v))
        piq_sqlite_bind_null(q);
    else if (q->rc == SQLITE_OK)
        q->rc = sqlite3_bind_double(q->stmt, ++q->n_bound, v);
}

void piq_sqlite_bind_text(piq_sqlite_call *q, piq_str v)
{
    if (q->rc == SQLITE_OK)
        q->rc =
            sqlite3_bind_text64(q->stmt, ++q->n_bound, v.len == 0 ? "" : v.ptr,
                                v.len, SQLITE_STATIC, SQLITE_UTF8);
}

void piq_sqlite_bind_text_or_null(piq_sqlite_call *q, piq_str v)
{
    if (v.len == 0)
        piq_sqlite_bind_null(q);
    else
        piq_sqlite_bind_text(q, v);
}

void piq_sqlite_bind_z(piq_sqlite_call *q, const char *z)
{
    piq_sqlite_bind_text(q, piq_str_of(z));
}

void piq_sqlite_bind_blob(piq_sqlite_call *q, piq_str v)
{
    if (q->rc == SQLITE_OK)
        q->rc =
            sqlite3_bind_blob64(q->stmt, ++q->n_bound, v.len == 0 ? "" : v.ptr,
                                v.len, SQLITE_STATIC);
}

int piq_sqlite_step(piq_sqlite_call *q)
{
    if (q->rc != SQLITE_OK)
        return q->rc;
    int rc = sqlite3_step(q->stmt);
    if (rc != SQLITE_ROW && rc != SQLITE_DONE)
        q->rc = rc;
    return rc;
}

int piq_sqlite_run(piq_sqlite_call *q)
{
    int rc = piq_sqlite_step(q);
    piq_sqlite_end(q);
    return rc == SQLITE_DONE ? SQLITE_OK : rc;
}

void piq_sqlite_end(piq_sqlite_call *q)
{
    if (q->stmt != NULL)
        sqlite3_reset(q->stmt); /* its code is the step's, already seen */
}

int64_t piq_sqlite_i64(const piq_sqlite_call *q, int column)
{
    return sqlite3_column_int64(q->stmt, column);
}

bool piq_sqlite_is_null(const piq_sqlite_call *q, int column)
{
    return sqlite3_column_type(q->stmt, column) == SQLITE_NULL;
}

float piq_sqlite_f32(const piq_sqlite_call *q, int column)
{
    if (piq_sqlite_is_null(q, column))
        return NAN;
    return (float)sqlite3_column_double(q->stmt, column);
}

piq_str piq_sqlite_bytes(const piq_sqlite_call *q, int column)
{
    const char *ptr = sqlite3_column_blob(q->stmt, column);
    int len = sqlite3_column_bytes(q->stmt, column);
    return ptr == NULL ? PIQ_STR("") : (piq_str){ptr, (size_t)len};
}

bool piq_sqlite_copy(const piq_sqlite_call *q, piq_arena *a, int column,
                     piq_str *out)
{
    piq_str s = piq_sqlite_bytes(q, column);
    char *ptr = piq_arena_strndup(a, s.ptr, s.len);
    if (ptr == NULL)
        return false;
    *out = (piq_str){ptr, s.len};
    return true;
}
