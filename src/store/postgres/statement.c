/* Rows of a commit come as one array a column and are unnested. A statement
 * that could not do all of them refuses the whole transaction by itself, with
 * the message: nothing of what follows it in the pipeline is done then, and no
 * second look is needed to say why. Rows go in by key, so that engines that
 * write the same learners wait for one another and do not lock each other
 * out. */
#include "store/postgres/statement.h"

#define EVENT_COLUMNS                                                          \
    "seq, at_us, received_us, type, catalogue_version, calibration, item, "    \
    "score, predicted, ability_logit, ability_variance, event_id, body"
#define SLATE_COLUMNS                                                          \
    "x.id, x.user_id, x.served_us, x.state_version, x.catalogue_version,"      \
    " x.policy, x.request, x.first_recommendation, x.n_recommendations,"       \
    " x.candidates, r.user_action, r.feedback_score"
#define OUTCOMES                                                               \
    " LEFT JOIN content_recommendations r ON r.user_id = x.user_id AND"        \
    " r.id BETWEEN x.first_recommendation AND"                                 \
    " x.first_recommendation + x.n_recommendations - 1 ORDER BY x.id, r.id"
#define RECOMMENDATION_COLUMNS                                                 \
    "id, content_type, content_id, score, reasoning, recommended_at, "         \
    "user_action, feedback_score"
#define MODEL_COLUMNS                                                          \
    "m.version, m.kind, m.made_us, m.digest, m.n_bytes, m.about"
#define RECORD_COLUMNS                                                         \
    "user_id, kind, key, version, at_us, expires_us, document"

/* Numbers of this transaction: begin_write(). */
#define MARK           "current_setting('piq.mark')::bigint"
#define RECOMMENDATION "current_setting('piq.recommendation')::bigint"
#define PATH           "current_setting('piq.path')::bigint"
/* Up to which nothing is still to come: horizon(). */
#define BOUND          "current_setting('piq.bound')::bigint"

/* The counts first: a plan made for few rows would compare each with each. */
#define SHORT " WHERE (SELECT count(*) FROM w) < cardinality($1::bigint[])"
#define STALE_STATE(v)                                                         \
    " SELECT refuse('PQ007', 'learner_state', format('could not store"         \
    " version %s of a learner''s state: version %s is not the present one',"   \
    " v.version, v.from_version)) FROM " v SHORT " AND NOT EXISTS"             \
    " (SELECT 1 FROM w WHERE w.user_id = v.user_id) LIMIT 1"
#define ERASED                                                                 \
    "SELECT refuse('PQ007', 'learner_state', 'could not store what was made"   \
    " from a state that was erased') FROM v"                                   \
    " WHERE is_erased(v.user_id, v.state_version) LIMIT 1"
#define MISSING(what, table)                                                   \
    "SELECT refuse('PQ005', '" table "', format('could not change " what       \
    " %s: its learner has none of that number', v.id)) FROM v" SHORT           \
    " AND NOT EXISTS (SELECT 1 FROM w WHERE w.id = v.id) LIMIT 1"

#define FORGET(which, stopped)                                                 \
    "WITH f AS (SELECT user_id, id, served_us, first_recommendation,"          \
    " n_recommendations FROM recommendation_log " which "),"                   \
    " r AS (UPDATE content_recommendations r SET reasoning = NULL FROM f"      \
    " WHERE f.served_us < $1::bigint AND r.user_id = f.user_id"                \
    " AND r.id BETWEEN f.first_recommendation AND"                             \
    " f.first_recommendation + f.n_recommendations - 1),"                      \
    " s AS (DELETE FROM recommendation_log l USING f"                          \
    " WHERE f.served_us < $1::bigint AND l.user_id = f.user_id"                \
    " AND l.id = f.id RETURNING 1),"                                           \
    " x AS (SELECT x.user_id, x.id FROM exposures x " stopped                  \
    " ORDER BY x.id LIMIT $2::bigint),"                                        \
    " d AS (DELETE FROM exposures y USING x"                                   \
    " WHERE y.user_id = x.user_id AND y.id = x.id RETURNING 1)"

static const char *const texts[PIQ_PG_OTHER] = {
    /* Scans: a plan that was prepared while a table was empty would go on
     * reading all of it until the first analyze. */
    [PIQ_PG_SETTINGS] =
        "SELECT set_config('search_path', $1 || ', pg_temp', true),"
        " set_config('piq.tenant', $2, true),"
        " set_config('statement_timeout', $3, true),"
        " set_config('lock_timeout', $4, true),"
        " set_config('enable_seqscan', $5, true)",
    [PIQ_PG_BEGIN_WRITE] =
        "SELECT m, r, p FROM begin_write($1::bigint, $2::bigint, $3::bigint,"
        " $4::bigint, $5::bigint <> 0)",
    [PIQ_PG_SETTLE] = "SELECT first_mark, first_recommendation, first_path,"
                      " given, given_2, given_3 FROM settle($1::bigint)",
    [PIQ_PG_BOUND] = "SELECT set_config('piq.bound', horizon()::text, true)",

    /* Of a coordinator and its shards: schema_shards.c. */
    [PIQ_PG_GIVEN_BOUND] =
        "SELECT set_config('piq.bound', $1::bigint::text, true)",
    [PIQ_PG_BELOW] = "SELECT below($1::bigint)",
    [PIQ_PG_LAST_MARK] = "SELECT last_mark()",
    [PIQ_PG_NUMBERS] =
        "SELECT m, r, p FROM numbers($1::bigint, $2::bigint, $3::bigint)",
    [PIQ_PG_OPEN_PART] = "SELECT open_part($1::bigint <> 0, $2::bigint)",
    [PIQ_PG_BEGIN_PART] = "SELECT begin_part($1::bigint, $2::bigint,"
                          " $3::bigint, $4::bigint)",
    [PIQ_PG_DECIDE] = "SELECT decide($1::bigint)",
    [PIQ_PG_RAISE_FLOOR] = "SELECT raise_floor($1::bigint)",
    [PIQ_PG_STOPPED_EXPERIMENTS] =
        "SELECT id FROM experiments WHERE stopped_us < $1::bigint",
    [PIQ_PG_ERASE_PART] = "UPDATE commits SET given = e.n_events,"
                          " given_2 = e.n_recommendations, given_3 = e.n_others"
                          " FROM erase($1::bigint) e WHERE token = $2::bigint",
    /* A statement of its own, which sees what the one before it did. */
    [PIQ_PG_ERASED_PART] = "SELECT given, given_2, given_3, erased_floor()"
                           " FROM commits WHERE token = $1::bigint",
    [PIQ_PG_OLDEST_SLATES] =
        "SELECT id FROM recommendation_log ORDER BY id LIMIT $1::bigint",
    [PIQ_PG_OLDEST_EXPOSURES] =
        "SELECT id FROM exposures WHERE experiment = ANY ($2::bigint[])"
        " ORDER BY id LIMIT $1::bigint",
    [PIQ_PG_FORGET_LOG_PART] = FORGET(
        "WHERE id <= $4::bigint ORDER BY id LIMIT $2::bigint",
        "WHERE x.id <= $5::bigint AND x.experiment = ANY"
        " ($6::bigint[])") " UPDATE commits SET given = (SELECT count(*) FROM "
                           "s),"
                           " given_2 = (SELECT count(*) FROM d)"
                           " WHERE token = $3::bigint RETURNING given, given_2",

    [PIQ_PG_ADD_EVENTS] =
        "WITH w AS (INSERT INTO events (user_id, event_id, seq, at_us,"
        " received_us, type, catalogue_version, calibration, item, score,"
        " predicted, ability_logit, ability_variance, body)"
        " SELECT user_id, event_id, " MARK " + place, at_us, received_us,"
        " type, catalogue_version, calibration, item, score, predicted,"
        " ability_logit, ability_variance, body FROM unnest("
        "$1::bigint[], $2::text[], $3::bigint[], $4::bigint[], $5::text[],"
        " $6::bigint[], $7::bigint[], $8::bigint[], $9::float8[],"
        " $10::float8[], $11::float8[], $12::float8[], $13::text[],"
        " $14::bigint[])"
        " AS t (user_id, event_id, at_us, received_us, type,"
        " catalogue_version, calibration, item, score, predicted,"
        " ability_logit, ability_variance, body, place)"
        " ORDER BY user_id, event_id COLLATE \"C\""
        " ON CONFLICT (user_id, event_id) DO NOTHING RETURNING seq)"
        " SELECT refuse('PQ006', 'events', 'could not store an event: there is"
        " one of that id')" SHORT,

    /* Rows come by learner. */
    [PIQ_PG_ADD_STATES] =
        "WITH f AS (SELECT erased_floor() AS floor),"
        " w AS (INSERT INTO learner_state (user_id, version, body_hash, body,"
        " born) SELECT user_id, version, body_hash, body,"
        " CASE WHEN floor > 0 THEN version ELSE 0 END FROM f,"
        " unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bytea[])"
        " AS t (user_id, version, body_hash, body) WHERE version > floor"
        " ON CONFLICT (user_id) DO NOTHING RETURNING user_id)" STALE_STATE(
            "(SELECT *, 0 AS from_version FROM unnest($1::bigint[],"
            " $2::bigint[]) AS t (user_id, version)) v"),
    [PIQ_PG_SET_STATES] =
        "WITH w AS (UPDATE learner_state s SET version = v.version,"
        " body_hash = v.body_hash, body = v.body FROM unnest($1::bigint[],"
        " $2::bigint[], $3::bigint[], $4::bytea[], $5::bigint[])"
        " AS v (user_id, version, body_hash, body, from_version)"
        " WHERE s.user_id = v.user_id AND s.version = v.from_version"
        " RETURNING s.user_id)" STALE_STATE(
            "unnest($1::bigint[], $2::bigint[], $5::bigint[])"
            " AS v (user_id, version, from_version)"),

    [PIQ_PG_DROP_STALE_SNAPSHOTS] =
        "DELETE FROM learner_snapshots s USING unnest($1::bigint[],"
        " $2::bigint[], $3::text[]) AS v (user_id, at_us, event_id)"
        " WHERE s.user_id = v.user_id AND (s.at_us, s.event_id) >"
        " (v.at_us, v.event_id COLLATE \"C\")",
    [PIQ_PG_ADD_SNAPSHOTS] =
        "INSERT INTO learner_snapshots (user_id, at_us, event_id, n_events,"
        " body_hash, body) SELECT * FROM unnest($1::bigint[], $2::bigint[],"
        " $3::text[], $4::bigint[], $5::bigint[], $6::bytea[])"
        " AS v (user_id, at_us, event_id, n_events, body_hash, body)"
        " ORDER BY user_id ON CONFLICT (user_id, at_us, event_id) DO UPDATE"
        " SET n_events = excluded.n_events, body_hash = excluded.body_hash,"
        " body = excluded.body",
    /* Each learner has had one added; the eight best spread stay. */
    [PIQ_PG_THIN_SNAPSHOTS] =
        "DELETE FROM learner_snapshots d USING"
        " (SELECT DISTINCT ON (user_id) user_id, at_us, event_id FROM"
        "  (SELECT user_id, at_us, event_id,"
        "   count(*) OVER (PARTITION BY user_id) AS n,"
        "   lag(n_events, 1, 0::bigint) OVER w AS older,"
        "   lead(n_events) OVER w AS newer,"
        "   last_value(n_events) OVER (w ROWS BETWEEN UNBOUNDED PRECEDING"
        "   AND UNBOUNDED FOLLOWING) AS newest"
        "   FROM learner_snapshots WHERE user_id = ANY ($1::bigint[])"
        "   WINDOW w AS (PARTITION BY user_id ORDER BY at_us, event_id)) s"
        "  WHERE n > 8 AND newer IS NOT NULL"
        "  ORDER BY user_id, spread(older, newer, newest), at_us, event_id) x"
        " WHERE d.user_id = x.user_id AND d.at_us = x.at_us"
        " AND d.event_id = x.event_id",

    [PIQ_PG_ADD_RECOMMENDATIONS] =
        "INSERT INTO content_recommendations (id, user_id, content_type,"
        " content_id, score, reasoning, recommended_at, user_action,"
        " feedback_score) SELECT " RECOMMENDATION " + place, user_id,"
        " content_type, content_id, score, reasoning::jsonb, recommended_at,"
        " user_action, feedback_score FROM unnest($1::bigint[], $2::text[],"
        " $3::bigint[], $4::float8[], $5::text[], $6::timestamptz[],"
        " $7::text[], $8::bigint[], $9::bigint[]) AS v (user_id,"
        " content_type, content_id, score, reasoning, recommended_at,"
        " user_action, feedback_score, place)",
    [PIQ_PG_ADD_SLATES] =
        "WITH v AS (SELECT * FROM unnest($1::bigint[], $2::bigint[],"
        " $3::bigint[], $4::bigint[], $5::bigint[], $6::text[], $7::text[],"
        " $8::bigint[], $9::bigint[], $10::bytea[]) AS t (place, user_id,"
        " served_us, state_version, catalogue_version, policy, request,"
        " first_row, n_rows, candidates)),"
        " w AS (INSERT INTO recommendation_log (user_id, id, served_us,"
        " state_version, catalogue_version, policy, request,"
        " first_recommendation, n_recommendations, candidates)"
        " SELECT user_id, " MARK " + place, served_us,"
        " state_version, catalogue_version, policy, request,"
        " CASE WHEN n_rows > 0 THEN " RECOMMENDATION " + first_row END,"
        " n_rows, candidates FROM v) " ERASED,
    [PIQ_PG_ADD_EXPOSURES] =
        "INSERT INTO exposures (user_id, id, experiment, arm, at_us, gained,"
        " practice_s, first_recommendation, n_recommendations)"
        " SELECT user_id, " MARK " + place, experiment, arm,"
        " at_us, gained, practice_s,"
        " CASE WHEN n_rows > 0 THEN " RECOMMENDATION " + first_row END,"
        " n_rows FROM unnest($1::bigint[], $2::bigint[], $3::bigint[],"
        " $4::bigint[], $5::bigint[], $6::float8[], $7::float8[],"
        " $8::bigint[], $9::bigint[]) AS v (place, user_id, experiment, arm,"
        " at_us, gained, practice_s, first_row, n_rows)",
    [PIQ_PG_SET_FEEDBACK] =
        "WITH v AS (SELECT * FROM unnest($1::bigint[], $2::bigint[],"
        " $3::text[], $4::bigint[], $5::bigint[])"
        " AS t (user_id, id, action, score, exact) ORDER BY user_id, id),"
        " w AS (UPDATE content_recommendations r SET"
        " user_action = coalesce(v.action,"
        " CASE WHEN v.exact = 0 THEN r.user_action END),"
        " feedback_score = coalesce(v.score::integer,"
        " CASE WHEN v.exact = 0 THEN r.feedback_score END)"
        " FROM v WHERE r.user_id = v.user_id AND r.id = v.id"
        " RETURNING r.id) " MISSING("recommendation",
                                    "content_recommendations"),

    [PIQ_PG_ADD_PATHS] =
        "WITH v AS (SELECT * FROM unnest($1::bigint[], $2::text[],"
        " $3::bigint[], $4::timestamptz[], $5::text[], $6::bigint[],"
        " $7::timestamptz[], $8::bigint[]) AS t (user_id, path_config,"
        " current_position, estimated_completion, adaptation_history,"
        " state_version, created_at, place)),"
        " w AS (INSERT INTO learning_paths (id, user_id, path_config,"
        " current_position, estimated_completion, adaptation_history,"
        " created_at, state_version) SELECT " PATH " + place, user_id,"
        " path_config::jsonb, current_position, estimated_completion,"
        " adaptation_history::jsonb, created_at, state_version FROM v) " ERASED,
    [PIQ_PG_SET_PATHS] =
        "WITH v AS (SELECT * FROM unnest($1::bigint[], $2::text[],"
        " $3::bigint[], $4::timestamptz[], $5::text[], $6::bigint[],"
        " $7::bigint[]) AS t (user_id, path_config, current_position,"
        " estimated_completion, adaptation_history, state_version, id)"
        " ORDER BY user_id, id),"
        " e AS (SELECT 1 FROM v WHERE is_erased(v.user_id, v.state_version)"
        " AND refuse('PQ007', 'learner_state', 'could not store what was made"
        " from a state that was erased')),"
        " w AS (UPDATE learning_paths p SET path_config = v.path_config::jsonb,"
        " current_position = v.current_position::integer,"
        " estimated_completion = v.estimated_completion,"
        " adaptation_history = v.adaptation_history::jsonb,"
        " state_version = v.state_version FROM v"
        " WHERE p.user_id = v.user_id AND p.id = v.id"
        " AND NOT EXISTS (SELECT 1 FROM e)"
        " RETURNING p.id) " MISSING("path", "learning_paths"),
    [PIQ_PG_PUT_PROFILES] =
        "INSERT INTO user_profiles (user_id, skill_profile, learning_style,"
        " behavioral_metrics, goals, created_at, updated_at, state_version)"
        " SELECT user_id, skill_profile::jsonb, learning_style::jsonb,"
        " behavioral_metrics::jsonb, goals::jsonb, at, at, state_version"
        " FROM unnest($1::bigint[], $2::text[], $3::text[], $4::text[],"
        " $5::text[], $6::timestamptz[], $7::bigint[]) AS v (user_id,"
        " skill_profile, learning_style, behavioral_metrics, goals, at,"
        " state_version) WHERE NOT is_erased(user_id, state_version)"
        " ORDER BY user_id ON CONFLICT (user_id) DO UPDATE SET"
        " skill_profile = excluded.skill_profile,"
        " learning_style = excluded.learning_style,"
        " behavioral_metrics = excluded.behavioral_metrics,"
        " goals = excluded.goals, updated_at = excluded.updated_at,"
        " state_version = excluded.state_version"
        " WHERE excluded.state_version >= user_profiles.state_version",

    [PIQ_PG_ADD_CALIBRATION] =
        "WITH w AS (INSERT INTO calibrations SELECT $1::bigint, $2::bigint,"
        " $3::bigint WHERE $1::bigint = 1 +"
        " (SELECT coalesce(max(number), 0) FROM calibrations)"
        " ON CONFLICT DO NOTHING RETURNING number)"
        " SELECT refuse('PQ007', 'calibrations', format('could not store"
        " calibration %s: it does not follow the last one', $1::bigint))"
        " WHERE NOT EXISTS (SELECT 1 FROM w)",
    [PIQ_PG_ADD_ITEM_CALIBRATIONS] =
        "INSERT INTO item_calibrations (item, number, difficulty_logit,"
        " variance, n) SELECT item, $1::bigint, d, v, n FROM"
        " unnest($2::bigint[], $3::float8[], $4::float8[], $5::bigint[])"
        " AS t (item, d, v, n)",
    [PIQ_PG_CHECK_RECORDS] =
        "WITH v AS (SELECT * FROM unnest($1::bigint[], $2::bigint[])"
        " AS t (user_id, state_version)) " ERASED,
    [PIQ_PG_PUT_RECORDS] =
        "SELECT put_record(u, k, y, f, a, e, CASE WHEN r IS NULL THEN d"
        " ELSE '{\"first\":' || (" RECOMMENDATION " + r) || ',' ||"
        " substr(d, 2) END) FROM (SELECT * FROM"
        " unnest($1::bigint[], $2::text[], $3::text[], $4::bigint[],"
        " $5::bigint[], $6::bigint[], $7::text[], $8::bigint[])"
        " WITH ORDINALITY AS t (u, k, y, f, a, e, d, r, ord)"
        " ORDER BY u, k COLLATE \"C\", y COLLATE \"C\", ord) t",
    [PIQ_PG_ADD_CHANGES] =
        "INSERT INTO changes (user_id, mark, what, version, at_us)"
        " SELECT user_id, " MARK " + $1::bigint, bit_or(what)::integer,"
        " max(version),"
        " (extract(epoch FROM clock_timestamp()) * 1000000)::bigint"
        " FROM unnest($2::bigint[], $3::bigint[], $4::bigint[])"
        " AS v (user_id, what, version) GROUP BY user_id ORDER BY user_id",

    [PIQ_PG_ADD_CATALOGUE] =
        "WITH w AS (INSERT INTO catalogues (version, added_us, document)"
        " SELECT $1::bigint, $2::bigint, $3::text WHERE $1::bigint = 1 +"
        " (SELECT coalesce(max(version), 0) FROM catalogues)"
        " ON CONFLICT DO NOTHING RETURNING version)"
        " SELECT refuse('PQ007', 'catalogues', format('could not store"
        " version %s of the catalogue: it does not follow the last one',"
        " $1::bigint)) WHERE NOT EXISTS (SELECT 1 FROM w)",
    [PIQ_PG_ADD_MODEL] =
        "WITH m AS (INSERT INTO models (version, kind, made_us, digest, "
        "n_bytes,"
        " about) SELECT 1 + coalesce(max(version), 0), $1::text, $2::bigint,"
        " $3::bigint, $4::bigint, $5::text::json FROM models"
        " RETURNING version),"
        " b AS (INSERT INTO model_bodies SELECT version, $6::bigint,"
        " $7::bytea FROM m)"
        " UPDATE commits SET given = m.version FROM m"
        " WHERE token = $8::bigint RETURNING given",
    [PIQ_PG_DROP_MODEL_BODY] =
        "WITH m AS (SELECT version FROM models JOIN model_bodies"
        " USING (version) WHERE kind = $1::text AND version = $2::bigint),"
        " c AS (SELECT model FROM champions WHERE kind = $1::text"
        " ORDER BY number DESC LIMIT 1),"
        " w AS (DELETE FROM model_bodies WHERE version IN"
        " (SELECT version FROM m) AND version NOT IN (SELECT model FROM c)"
        " RETURNING version)"
        " SELECT CASE WHEN EXISTS (SELECT 1 FROM m) THEN"
        " refuse('PQ006', 'champions', format('could not drop a model:"
        " version %s is the champion', $2::bigint)) ELSE"
        " refuse('PQ005', 'models', format('could not drop a model: version"
        " %s is not there, or was dropped', $2::bigint)) END"
        " WHERE NOT EXISTS (SELECT 1 FROM w)",
    [PIQ_PG_ADD_CHAMPION] =
        "WITH m AS (SELECT version FROM models JOIN model_bodies"
        " USING (version) WHERE kind = $1::text AND version = $3::bigint"
        " UNION ALL SELECT 0 WHERE $3::bigint = 0),"
        " w AS (INSERT INTO champions (kind, number, model, previous, at_us,"
        " reason) SELECT $1::text, $2::bigint, $3::bigint, $4::bigint,"
        " $5::bigint, $6::text FROM m WHERE $2::bigint = 1 +"
        " (SELECT coalesce(max(number), 0) FROM champions"
        " WHERE kind = $1::text) ON CONFLICT DO NOTHING RETURNING number)"
        " SELECT CASE WHEN NOT EXISTS (SELECT 1 FROM m) THEN"
        " refuse('PQ005', 'models', format('could not make a model champion:"
        " version %s is not there, or was dropped', $3::bigint)) ELSE"
        " refuse('PQ007', 'champions', format('could not make a model"
        " champion: number %s does not follow the last one', $2::bigint)) END"
        " WHERE NOT EXISTS (SELECT 1 FROM w)",
    [PIQ_PG_ADD_RULES] =
        "WITH w AS (INSERT INTO rule_sets (version, made_us, document)"
        " SELECT $1::bigint, $2::bigint, $3::text::json WHERE $1::bigint ="
        " 1 + (SELECT coalesce(max(version), 0) FROM rule_sets)"
        " ON CONFLICT DO NOTHING RETURNING version)"
        " SELECT refuse('PQ007', 'rule_sets', format('could not store version"
        " %s of the rules: it does not follow the last one', $1::bigint))"
        " WHERE NOT EXISTS (SELECT 1 FROM w)",
    [PIQ_PG_ADD_EXPERIMENT] =
        "WITH w AS (INSERT INTO experiments (name, started_us, document)"
        " VALUES ($1::text, $2::bigint, $3::text::json)"
        " ON CONFLICT (name) WHERE stopped_us IS NULL DO NOTHING"
        " RETURNING id), e AS (SELECT coalesce((SELECT id FROM w),"
        " refuse('PQ006', 'experiments', format('experiment \"%s\" is running"
        " already', left($1::text, 64)))::integer) AS id)"
        " UPDATE commits SET given = e.id FROM e WHERE token = $4::bigint"
        " RETURNING given",
    [PIQ_PG_STOP_EXPERIMENT] =
        "WITH w AS (UPDATE experiments SET stopped_us = $2::bigint,"
        " stop_reason = $3::text WHERE id = $1::bigint AND stopped_us IS NULL"
        " RETURNING id)"
        " SELECT CASE WHEN EXISTS (SELECT 1 FROM experiments WHERE id ="
        " $1::bigint) THEN refuse('PQ006', 'experiments',"
        " format('experiment %s was stopped before', $1::bigint)) ELSE"
        " refuse('PQ005', 'experiments', format('experiment %s is not there',"
        " $1::bigint)) END WHERE NOT EXISTS (SELECT 1 FROM w)",
    [PIQ_PG_ERASE] = "UPDATE commits SET given = e.n_events,"
                     " given_2 = e.n_recommendations, given_3 = e.n_others "
                     "FROM erase($1::bigint) e WHERE token = $2::bigint"
                     " RETURNING given, given_2, given_3",
    [PIQ_PG_TIDY] = "UPDATE commits SET given = tidy($1::bigint, $2::bigint,"
                    " $3::bigint) WHERE token = $4::bigint RETURNING given",

    /* Of the oldest, by their ids, those that were served before. */
    [PIQ_PG_FORGET_LOG] = FORGET(
        "ORDER BY id LIMIT $2::bigint",
        "JOIN experiments e ON e.id = x.experiment"
        " WHERE e.stopped_us < $1::bigint") " UPDATE commits SET given = CASE "
                                            "WHEN"
                                            " (SELECT count(*) FROM s) >= "
                                            "$2::bigint OR"
                                            " (SELECT count(*) FROM d) >= "
                                            "$2::bigint THEN 1 ELSE 0 END"
                                            " WHERE token = $3::bigint "
                                            "RETURNING given",

    [PIQ_PG_CATALOGUE] =
        "SELECT version, document FROM catalogues WHERE version = $1::bigint"
        " OR $1::bigint = 0 ORDER BY version DESC LIMIT 1",
    [PIQ_PG_STATE] = "SELECT version, body_hash, body FROM learner_state"
                     " WHERE user_id = $1::bigint",
    [PIQ_PG_SNAPSHOT] =
        "SELECT at_us, n_events, body_hash, event_id, body"
        " FROM learner_snapshots WHERE user_id = $1::bigint"
        " AND (at_us, event_id) <= ($2::bigint, $3::text COLLATE \"C\")"
        " ORDER BY at_us DESC, event_id DESC LIMIT 1",
    [PIQ_PG_EVENT] = "SELECT " EVENT_COLUMNS " FROM events"
                     " WHERE user_id = $1::bigint AND event_id = $2::text",
    /* at_us >= is what the index needs; the rest is for ties. */
    [PIQ_PG_EVENTS] =
        "SELECT " EVENT_COLUMNS " FROM events WHERE user_id = $1::bigint"
        " AND at_us >= $2::bigint AND at_us < $4::bigint"
        " AND (at_us, event_id) > ($2::bigint, $3::text COLLATE \"C\")"
        " ORDER BY at_us, event_id LIMIT $5::bigint",
    [PIQ_PG_ANSWERS_AFTER] = "SELECT " EVENT_COLUMNS ", user_id FROM events"
                             " WHERE seq > $1::bigint AND seq <= " BOUND
                             " AND type = 'answer' AND item IS NOT NULL"
                             " ORDER BY seq LIMIT $2::bigint",
    [PIQ_PG_RECOMMENDATION] =
        "SELECT " RECOMMENDATION_COLUMNS " FROM content_recommendations"
        " WHERE id = $1::bigint AND user_id = $2::bigint",
    [PIQ_PG_RECOMMENDATIONS] =
        "SELECT " RECOMMENDATION_COLUMNS " FROM content_recommendations"
        " WHERE user_id = $1::bigint ORDER BY id DESC LIMIT $2::bigint",
    [PIQ_PG_SHOWN] = "SELECT content_id, recommended_at, user_action, id"
                     " FROM content_recommendations WHERE user_id = $1::bigint"
                     " ORDER BY id DESC LIMIT $2::bigint",
    /* One row for each recommendation, one for a slate that showed none. */
    [PIQ_PG_SLATES_AFTER] = "SELECT " SLATE_COLUMNS " FROM"
                            " (SELECT * FROM recommendation_log"
                            " WHERE id > $1::bigint AND id <= " BOUND
                            " ORDER BY id LIMIT $2::bigint) x" OUTCOMES,
    [PIQ_PG_SLATE_OF] =
        "SELECT " SLATE_COLUMNS " FROM (SELECT * FROM recommendation_log"
        " WHERE first_recommendation <= $1::bigint"
        " ORDER BY first_recommendation DESC LIMIT 1) x" OUTCOMES,
    [PIQ_PG_PATH] =
        "SELECT id, path_config, current_position, estimated_completion,"
        " adaptation_history, created_at, state_version FROM learning_paths"
        " WHERE user_id = $1::bigint ORDER BY id DESC LIMIT 1",
    /* The server cuts it. Steps are the most of it: without them the rest is
     * put together anew at little cost. */
    [PIQ_PG_PATH_HEAD] =
        "SELECT (path_config - 'steps') || jsonb_build_object('steps',"
        " jsonb_path_query_array(path_config, '$.steps[0 to $last]',"
        " jsonb_build_object('last', current_position + $2::bigint - 1)))"
        " FROM learning_paths WHERE user_id = $1::bigint"
        " ORDER BY id DESC LIMIT 1",
    [PIQ_PG_PROFILE] =
        "SELECT skill_profile, learning_style, behavioral_metrics, goals,"
        " updated_at, state_version FROM user_profiles"
        " WHERE user_id = $1::bigint",
    [PIQ_PG_CALIBRATION] = "SELECT number, through_seq FROM calibrations"
                           " ORDER BY number DESC LIMIT 1",
    [PIQ_PG_CALIBRATIONS] = "SELECT item, number, difficulty_logit, variance, n"
                            " FROM item_calibrations ORDER BY item, number",
    [PIQ_PG_MODELS] =
        "SELECT " MODEL_COLUMNS ", EXISTS (SELECT 1 FROM model_bodies b"
        " WHERE b.version = m.version) FROM models m WHERE m.kind = $1::text"
        " ORDER BY m.version",
    [PIQ_PG_MODEL] =
        "SELECT " MODEL_COLUMNS ", b.body_hash, b.body FROM models m"
        " JOIN model_bodies b USING (version) WHERE m.kind = $1::text"
        " AND m.version = CASE WHEN $2::bigint <> 0 THEN $2::bigint ELSE"
        " (SELECT model FROM champions WHERE kind = $1::text"
        " ORDER BY number DESC LIMIT 1) END",
    [PIQ_PG_CHAMPIONS] =
        "SELECT number, model, previous, at_us, reason FROM champions"
        " WHERE kind = $1::text ORDER BY number DESC LIMIT $2::bigint",
    [PIQ_PG_CHAMPION] =
        "SELECT number, model FROM champions WHERE kind = $1::text"
        " ORDER BY number DESC LIMIT 1",
    [PIQ_PG_RULES] = "SELECT version, made_us, document FROM rule_sets"
                     " WHERE version = $1::bigint OR $1::bigint = 0"
                     " ORDER BY version DESC LIMIT 1",
    [PIQ_PG_RULE_VERSIONS] = "SELECT version, made_us FROM rule_sets"
                             " ORDER BY version DESC LIMIT $1::bigint",
    [PIQ_PG_EXPERIMENTS] =
        "SELECT id, name, started_us, stopped_us, stop_reason, document"
        " FROM experiments ORDER BY id",
    [PIQ_PG_EXPOSURES] =
        "SELECT x.id, x.arm, x.user_id, x.at_us, x.gained, x.practice_s,"
        " x.first_recommendation, x.n_recommendations, r.user_action,"
        " r.feedback_score FROM (SELECT * FROM exposures"
        " WHERE experiment = $1::bigint AND id > $2::bigint AND id <= " BOUND
        " ORDER BY id LIMIT $3::bigint) x" OUTCOMES,
    [PIQ_PG_POLICY_MARKS] =
        "SELECT (SELECT coalesce(max(version), 0) FROM rule_sets),"
        " (SELECT count(*) + count(stopped_us) FROM experiments)",

    [PIQ_PG_RECORD] =
        "SELECT " RECORD_COLUMNS " FROM records WHERE user_id = $1::bigint"
        " AND kind = $2::text AND key = $3::text"
        " AND (expires_us IS NULL OR expires_us > $4::bigint)",
    [PIQ_PG_RECORDS] =
        "SELECT " RECORD_COLUMNS " FROM records WHERE kind = $1::text"
        " AND user_id = $2::bigint AND at_us >= $3::bigint"
        " AND (at_us, key) > ($3::bigint, $4::text COLLATE \"C\")"
        " AND at_us < $5::bigint"
        " AND (expires_us IS NULL OR expires_us > $6::bigint)"
        " ORDER BY at_us, key LIMIT $7::bigint",
    [PIQ_PG_RECORDS_OF_ALL] =
        "SELECT " RECORD_COLUMNS " FROM records WHERE kind = $1::text"
        " AND at_us >= $3::bigint AND (at_us, user_id, key) >"
        " ($3::bigint, $2::bigint, $4::text COLLATE \"C\")"
        " AND at_us < $5::bigint"
        " AND (expires_us IS NULL OR expires_us > $6::bigint)"
        " ORDER BY at_us, user_id, key LIMIT $7::bigint",
    /* Up to the end of the mark that the limit falls into. */
    [PIQ_PG_CHANGES] =
        "WITH s AS (SELECT changes_dropped FROM store),"
        " l AS (SELECT max(mark) AS mark FROM (SELECT mark FROM changes"
        "  WHERE mark > $1::bigint AND mark <= " BOUND
        "  ORDER BY mark LIMIT $2::bigint) x)"
        " SELECT c.mark, c.user_id, c.what, c.version, c.at_us,"
        " s.changes_dropped FROM s LEFT JOIN changes c"
        " ON c.mark > $1::bigint AND c.mark <= (SELECT mark FROM l)"
        " ORDER BY c.mark, c.user_id",
    [PIQ_PG_LAST_CHANGE] =
        "SELECT greatest(coalesce((SELECT mark FROM changes WHERE mark "
        "<= " BOUND " ORDER BY mark DESC LIMIT 1), 0),"
        " (SELECT changes_dropped FROM store))",

    [PIQ_PG_USERS] = "SELECT user_id FROM learner_state"
                     " WHERE user_id > $1::bigint ORDER BY user_id"
                     " LIMIT $2::bigint",
    [PIQ_PG_CATALOGUE_VERSION] =
        "SELECT coalesce(max(version), 0) FROM catalogues",
    /* Above 200,000 rows the planner's estimate: a count reads them all,
     * about a microsecond each. */
    [PIQ_PG_COUNTS] =
        "SELECT CASE WHEN about('learner_state') > 200000"
        " THEN about('learner_state')"
        " ELSE (SELECT count(*) FROM learner_state) END,"
        " CASE WHEN about('events') > 200000 THEN about('events')"
        " ELSE (SELECT count(*) FROM events) END,"
        " CASE WHEN about('content_recommendations') > 200000"
        " THEN about('content_recommendations')"
        " ELSE (SELECT count(*) FROM content_recommendations) END,"
        " (SELECT coalesce(sum(pg_total_relation_size(oid)), 0)::bigint"
        "  FROM pg_class WHERE relkind = 'r' AND relnamespace ="
        "  current_schema()::regnamespace::oid),"
        " (SELECT coalesce(max(version), 0) FROM catalogues),"
        " (SELECT coalesce(max(number), 0) FROM calibrations)",
    [PIQ_PG_PING] = "SELECT version FROM schema_migrations LIMIT 1",
};

const char *piq_pg_text(piq_pg_sql sql)
{
    return texts[sql];
}
