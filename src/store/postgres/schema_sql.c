/* The tables, numbered from 1 by migration. One that has been released is
 * never edited; a change is a further one at the end.
 *
 * The three tables that were asked for keep their names, columns and checks.
 * What differs: user_id and id are BIGINT, since ids carry the tenant, a
 * content's id may have 53 bits, and there may be more than 2^31
 * recommendations; a SERIAL is spelt as what it stands for, a sequence and a
 * default (a partition may have no identity column before PostgreSQL 17);
 * TIMESTAMP is TIMESTAMPTZ. What we add stands last. recommendation_score is
 * DECIMAL(3,2) and follows from `score`, which keeps every bit.
 *
 * Keys: user_id is first in every primary key and every unique index of a
 * learner's table, as hash partitions and Citus want it. The few plain indexes
 * that begin with a number that rises serve readers of all learners; each
 * partition or shard has its own.
 *
 * JSON of the three tables is JSONB. Elsewhere it is JSON or TEXT, which keep
 * the bytes: records may be signed or chained by digest.
 *
 * ---- numbers that rise, and readers that must not miss one
 *
 * events.seq, recommendation_log.id, exposures.id and changes.mark come from
 * one sequence, `marks`. With several engines a number may be taken early and
 * committed late; who polls "after 17" has to know that no 16 is still to
 * come. So whoever takes numbers first takes a shared advisory lock that
 * nobody ever waits for, whose key says how far the sequence had come, and
 * keeps it to the end of the transaction:
 *
 *     writer   L = last number given; lock(L); take numbers (all > L); ..;
 *              commit: rows become visible, then the lock goes
 *     reader   H = last number given; M = least L locked by anybody;
 *              then, in a new snapshot, rows up to min(H, M)
 *
 * A number n <= H that was taken has been locked below before H was read. If
 * its lock is still there, M < n. If not, its transaction ended before the
 * reader's snapshot: it is visible, or will never be. So nothing up to
 * min(H, M) is still to come. Writers never wait for one another, and no row
 * carries a transaction id, which would not survive a dump. The price is a look
 * at pg_locks a poll.
 *
 * ---- numbers that follow one another
 *
 * take() gives a block. Between reading and moving the sequence nobody else
 * may: that is a session's advisory lock, held for microseconds inside one
 * statement and given back on every way out.
 *
 * ---- writes whose outcome is not known
 *
 * Every write transaction first stores a random token. When the connection
 * goes before the answer came, the engine connects anew and stores the same
 * token itself: that waits for the lost transaction if it still runs, fails if
 * it was committed, and if it works keeps it from ever being committed. */
#include "store/postgres/schema.h"

static const piq_pg_learner_table first_tables[] = {
    {"user_profiles",
     "user_id BIGINT PRIMARY KEY,"
     " skill_profile JSONB NOT NULL,"
     " learning_style JSONB NOT NULL,"
     " behavioral_metrics JSONB,"
     " goals JSONB,"
     " created_at TIMESTAMPTZ DEFAULT now(),"
     " updated_at TIMESTAMPTZ DEFAULT now(),"
     " state_version BIGINT NOT NULL DEFAULT 0",
     ""},
    {"learning_paths",
     "id BIGINT NOT NULL DEFAULT nextval('learning_paths_id_seq'),"
     " user_id BIGINT NOT NULL,"
     " path_config JSONB NOT NULL,"
     " current_position INTEGER DEFAULT 0,"
     " estimated_completion TIMESTAMPTZ,"
     " adaptation_history JSONB,"
     " created_at TIMESTAMPTZ DEFAULT now(),"
     " state_version BIGINT NOT NULL DEFAULT 0,"
     " PRIMARY KEY (user_id, id)",
     ""},
    {"content_recommendations",
     "id BIGINT NOT NULL DEFAULT nextval('content_recommendations_id_seq'),"
     " user_id BIGINT NOT NULL,"
     " content_type VARCHAR(50) NOT NULL CHECK (content_type IN"
     "  ('course', 'lesson', 'assessment', 'character', 'review')),"
     " content_id BIGINT NOT NULL,"
     " recommendation_score DECIMAL(3,2) GENERATED ALWAYS AS"
     "  (CASE WHEN score >= -9.99 AND score <= 9.99"
     "   THEN score::numeric(3,2) END) STORED,"
     " reasoning JSONB,"
     " recommended_at TIMESTAMPTZ DEFAULT now(),"
     " user_action VARCHAR(20) CHECK (user_action IN"
     "  ('accepted', 'dismissed', 'completed')),"
     " feedback_score INTEGER CHECK (feedback_score BETWEEN 1 AND 5),"
     " score DOUBLE PRECISION,"
     " PRIMARY KEY (user_id, id)",
     ""},

    /* Fold order is (at_us, event_id). Leaving event_id out of the index keeps
     * an entry small; instants that tie are sorted when read. */
    {"events",
     "user_id BIGINT NOT NULL,"
     " event_id TEXT COLLATE \"C\" NOT NULL,"
     " seq BIGINT NOT NULL,"
     " at_us BIGINT NOT NULL,"
     " received_us BIGINT NOT NULL,"
     " type TEXT NOT NULL,"
     " catalogue_version BIGINT NOT NULL,"
     " calibration BIGINT NOT NULL,"
     " item BIGINT,"
     " score REAL,"
     " predicted REAL,"
     " ability_logit REAL,"
     " ability_variance REAL,"
     " body TEXT NOT NULL,"
     " PRIMARY KEY (user_id, event_id)",
     "CREATE INDEX events_in_order ON events (user_id, at_us);"
     "CREATE INDEX events_answers ON events (seq)"
     " WHERE type = 'answer' AND item IS NOT NULL;"},

    /* body_hash: piq_hash_bytes(body); a cluster may be without checksums. */
    {"learner_state",
     "user_id BIGINT PRIMARY KEY,"
     " version BIGINT NOT NULL,"
     " body_hash BIGINT NOT NULL,"
     " body BYTEA NOT NULL,"
     " born BIGINT NOT NULL DEFAULT 0",
     ""},
    {"learner_snapshots",
     "user_id BIGINT NOT NULL,"
     " at_us BIGINT NOT NULL,"
     " event_id TEXT COLLATE \"C\" NOT NULL,"
     " n_events BIGINT NOT NULL,"
     " body_hash BIGINT NOT NULL,"
     " body BYTEA NOT NULL,"
     " PRIMARY KEY (user_id, at_us, event_id)",
     ""},

    /* What a slate showed, best first, are content_recommendations
     * first_recommendation, first_recommendation + 1, .. */
    {"recommendation_log",
     "user_id BIGINT NOT NULL,"
     " id BIGINT NOT NULL,"
     " served_us BIGINT NOT NULL,"
     " state_version BIGINT NOT NULL,"
     " catalogue_version BIGINT NOT NULL,"
     " policy TEXT NOT NULL,"
     " request TEXT NOT NULL,"
     " first_recommendation BIGINT,"
     " n_recommendations BIGINT NOT NULL,"
     " candidates BYTEA NOT NULL,"
     " PRIMARY KEY (user_id, id)",
     "CREATE INDEX recommendation_log_in_order ON recommendation_log (id);"
     "CREATE INDEX recommendation_log_shown"
     " ON recommendation_log (first_recommendation);"},
    {"exposures",
     "user_id BIGINT NOT NULL,"
     " id BIGINT NOT NULL,"
     " experiment BIGINT NOT NULL,"
     " arm INTEGER NOT NULL,"
     " at_us BIGINT NOT NULL,"
     " gained DOUBLE PRECISION NOT NULL,"
     " practice_s DOUBLE PRECISION NOT NULL,"
     " first_recommendation BIGINT,"
     " n_recommendations BIGINT NOT NULL,"
     " PRIMARY KEY (user_id, id)",
     "CREATE INDEX exposures_of ON exposures (experiment, id);"},

    /* user_id 0: nobody's; expires_us NULL: never. */
    {"records",
     "user_id BIGINT NOT NULL,"
     " kind TEXT COLLATE \"C\" NOT NULL,"
     " key TEXT COLLATE \"C\" NOT NULL,"
     " version BIGINT NOT NULL,"
     " at_us BIGINT NOT NULL,"
     " expires_us BIGINT,"
     " document JSON NOT NULL,"
     " PRIMARY KEY (user_id, kind, key)",
     "CREATE INDEX records_in_order ON records (user_id, kind, at_us, key);"
     "CREATE INDEX records_of_all ON records (kind, at_us, user_id, key);"
     "CREATE INDEX records_expiring ON records (expires_us)"
     " WHERE expires_us IS NOT NULL;"},
    {"changes",
     "user_id BIGINT NOT NULL,"
     " mark BIGINT NOT NULL,"
     " what INTEGER NOT NULL,"
     " version BIGINT NOT NULL,"
     " at_us BIGINT NOT NULL,"
     " PRIMARY KEY (user_id, mark)",
     "CREATE INDEX changes_in_order ON changes (mark);"},
};

/* Runs before the learners' tables, whose defaults name its sequences;
 * plpgsql looks at theirs when it runs. */
static const char *const first_rest[] = {
    "CREATE TABLE store ("
    " one BOOLEAN PRIMARY KEY DEFAULT true CHECK (one),"
    " n_partitions INTEGER NOT NULL,"
    " changes_dropped BIGINT NOT NULL DEFAULT 0);",
    "CREATE SEQUENCE marks;",
    "CREATE SEQUENCE learning_paths_id_seq;",
    "CREATE SEQUENCE content_recommendations_id_seq;",

    "CREATE TABLE commits ("
    " token BIGINT PRIMARY KEY,"
    " first_mark BIGINT,"
    " first_recommendation BIGINT,"
    " first_path BIGINT,"
    /* What its statements gave. */
    " given BIGINT,"
    " given_2 BIGINT,"
    " given_3 BIGINT,"
    " at TIMESTAMPTZ NOT NULL DEFAULT clock_timestamp());",
    "CREATE INDEX commits_by_age ON commits (at);",

    "CREATE TABLE catalogues ("
    " version BIGINT PRIMARY KEY,"
    " added_us BIGINT NOT NULL,"
    " document TEXT NOT NULL);",
    "CREATE TABLE calibrations ("
    " number BIGINT PRIMARY KEY,"
    " through_seq BIGINT NOT NULL,"
    " made_us BIGINT NOT NULL);",
    "CREATE TABLE item_calibrations ("
    " item BIGINT NOT NULL,"
    " number BIGINT NOT NULL,"
    " difficulty_logit REAL NOT NULL,"
    " variance REAL NOT NULL,"
    " n BIGINT NOT NULL,"
    " PRIMARY KEY (item, number));",

    "CREATE TABLE models ("
    " version BIGINT PRIMARY KEY,"
    " kind TEXT COLLATE \"C\" NOT NULL CHECK (kind <> ''),"
    " made_us BIGINT NOT NULL,"
    " digest BIGINT NOT NULL,"
    " n_bytes BIGINT NOT NULL,"
    " about JSON NOT NULL);",
    "CREATE TABLE model_bodies ("
    " version BIGINT PRIMARY KEY,"
    " body_hash BIGINT NOT NULL,"
    " body BYTEA NOT NULL);",
    "CREATE TABLE champions ("
    " kind TEXT COLLATE \"C\" NOT NULL,"
    " number BIGINT NOT NULL,"
    " model BIGINT NOT NULL,"
    " previous BIGINT NOT NULL CHECK (previous BETWEEN 0 AND number - 1),"
    " at_us BIGINT NOT NULL,"
    " reason TEXT NOT NULL,"
    " PRIMARY KEY (kind, number));",

    "CREATE TABLE rule_sets ("
    " version BIGINT PRIMARY KEY,"
    " made_us BIGINT NOT NULL,"
    " document JSON NOT NULL);",
    "CREATE TABLE experiments ("
    " id BIGSERIAL PRIMARY KEY,"
    " name TEXT COLLATE \"C\" NOT NULL CHECK (name <> ''),"
    " started_us BIGINT NOT NULL,"
    " stopped_us BIGINT,"
    " stop_reason TEXT,"
    " document JSON NOT NULL);",
    "CREATE UNIQUE INDEX experiments_running ON experiments (name)"
    " WHERE stopped_us IS NULL;",

    /* How a statement refuses the transaction that it is in. */
    "CREATE FUNCTION refuse(code TEXT, at_table TEXT, message TEXT)"
    " RETURNS BOOLEAN LANGUAGE plpgsql AS $$ BEGIN"
    " RAISE EXCEPTION USING ERRCODE = code, TABLE = at_table,"
    "  MESSAGE = message; END $$;",

    "CREATE FUNCTION last_mark() RETURNS BIGINT LANGUAGE plpgsql AS $$"
    " DECLARE m BIGINT; BEGIN"
    " SELECT CASE WHEN is_called THEN last_value ELSE 0 END INTO m"
    "  FROM marks;"
    " RETURN m; END $$;",

    /* Keys of places: 15 bits that tell schemas of a database apart (two that
     * share them are slower, not wrong), then 48 of a mark. */
    "CREATE FUNCTION mark_tag() RETURNS BIGINT LANGUAGE sql STABLE AS"
    " $$ SELECT 1 + 'marks'::regclass::oid::bigint % 32766 $$;",

    "CREATE FUNCTION horizon() RETURNS BIGINT LANGUAGE plpgsql AS $$"
    " DECLARE h BIGINT; m BIGINT; tag BIGINT := mark_tag(); BEGIN"
    " h := last_mark();"
    " SELECT min((classid::bigint & 65535) << 32 | objid::bigint) INTO m"
    "  FROM pg_locks WHERE locktype = 'advisory' AND objsubid = 1"
    "  AND classid::bigint >> 16 = tag AND database ="
    "  (SELECT oid FROM pg_database WHERE datname = current_database());"
    " RETURN least(h, coalesce(m, h)); END $$;",

    "CREATE FUNCTION take(s REGCLASS, n BIGINT)"
    " RETURNS BIGINT LANGUAGE plpgsql AS $$"
    " DECLARE first BIGINT; held BOOLEAN := false; BEGIN"
    " PERFORM pg_advisory_lock(-1, s::oid::bigint::bit(32)::integer);"
    " held := true;"
    " first := nextval(s);"
    " IF n > 1 THEN PERFORM setval(s, first + n - 1); END IF;"
    " PERFORM pg_advisory_unlock(-1, s::oid::bigint::bit(32)::integer);"
    " RETURN first;"
    " EXCEPTION WHEN OTHERS OR query_canceled THEN"
    " IF held THEN"
    "  PERFORM pg_advisory_unlock(-1, s::oid::bigint::bit(32)::integer);"
    " END IF;"
    " RAISE; END $$;",

    /* An erasure is alone; other writes go side by side. */
    "CREATE FUNCTION enter(alone BOOLEAN) RETURNS VOID LANGUAGE plpgsql AS $$"
    " DECLARE k INTEGER := 'marks'::regclass::oid::bigint::bit(32)::integer;"
    " BEGIN"
    " IF alone THEN PERFORM pg_advisory_xact_lock(-2, k);"
    " ELSE PERFORM pg_advisory_xact_lock_shared(-2, k); END IF; END $$;",

    /* The first statement of every write: token, numbers. */
    "CREATE FUNCTION begin_write(new_token BIGINT, n_marks BIGINT,"
    " n_recommendations BIGINT, n_paths BIGINT, alone BOOLEAN,"
    " OUT m BIGINT, OUT r BIGINT, OUT p BIGINT) LANGUAGE plpgsql AS $$ BEGIN"
    " PERFORM enter(alone);"
    " IF n_marks > 0 THEN"
    "  PERFORM pg_advisory_xact_lock_shared(mark_tag() << 48 | last_mark());"
    "  m := take('marks', n_marks);"
    "  PERFORM set_config('piq.mark', m::text, true);"
    " END IF;"
    " IF n_recommendations > 0 THEN"
    "  r := take('content_recommendations_id_seq', n_recommendations);"
    "  PERFORM set_config('piq.recommendation', r::text, true);"
    " END IF;"
    " IF n_paths > 0 THEN"
    "  p := take('learning_paths_id_seq', n_paths);"
    "  PERFORM set_config('piq.path', p::text, true);"
    " END IF;"
    " INSERT INTO commits (token, first_mark, first_recommendation,"
    "  first_path) VALUES (new_token, m, r, p);"
    " END $$;",

    /* What became of a write whose answer was lost: its row, or none and it
     * can no longer be committed. */
    "CREATE FUNCTION settle(old BIGINT) RETURNS SETOF commits"
    " LANGUAGE plpgsql AS $$ BEGIN"
    " INSERT INTO commits (token) VALUES (old) ON CONFLICT DO NOTHING;"
    " IF NOT FOUND THEN"
    "  RETURN QUERY SELECT * FROM commits WHERE token = old;"
    " END IF; END $$;",

    /* What store.h says of records; the plain twin is store/record.c. */
    "CREATE FUNCTION put_record(u BIGINT, k TEXT, y TEXT, from_v BIGINT,"
    " at BIGINT, expires BIGINT, doc TEXT) RETURNS VOID LANGUAGE plpgsql AS"
    " $$ DECLARE there RECORD; present BIGINT := 0; known BOOLEAN; BEGIN"
    " SELECT * INTO there FROM records WHERE user_id = u AND kind = k"
    "  AND key = y FOR UPDATE;"
    " known := FOUND;"
    " IF known AND (there.expires_us IS NULL OR there.expires_us > at) THEN"
    "  present := there.version; END IF;"
    " IF from_v <> -1 AND from_v <> present THEN"
    "  IF doc = '' AND present = 0 THEN PERFORM refuse('PQ005', 'records',"
    "   'could not store a record: there is none to be dropped'); END IF;"
    "  PERFORM refuse('PQ007', 'records', format('could not write a record"
    " of kind %s from version %s: the present one is %s', k, from_v,"
    " present)); END IF;"
    " IF doc = '' THEN DELETE FROM records WHERE user_id = u AND kind = k"
    "  AND key = y;"
    " ELSIF known THEN UPDATE records SET version = present + 1, at_us = at,"
    "  expires_us = expires, document = doc::json WHERE user_id = u"
    "  AND kind = k AND key = y;"
    " ELSE INSERT INTO records VALUES (u, k, y, 1, at, expires, doc::json)"
    "  ON CONFLICT (user_id, kind, key) DO NOTHING;"
    "  IF NOT FOUND AND from_v <> -1 THEN PERFORM refuse('PQ007', 'records',"
    "   'could not write a record: another one was first');"
    "  ELSIF NOT FOUND THEN PERFORM put_record(u, k, y, from_v, at, expires,"
    "   doc); END IF;"
    " END IF; END $$;",

    /* See erase() in store.h. */
    "CREATE FUNCTION erased_floor() RETURNS BIGINT LANGUAGE plpgsql STABLE AS"
    " $$ BEGIN RETURN coalesce((SELECT document::text::bigint FROM records"
    "  WHERE user_id = 0 AND kind = 'erased' AND key = 'version'), 0);"
    " END $$;",
    "CREATE FUNCTION is_erased(u BIGINT, v BIGINT) RETURNS BOOLEAN"
    " LANGUAGE plpgsql STABLE AS $$ DECLARE f BIGINT := erased_floor();"
    " b BIGINT; BEGIN"
    " IF f = 0 THEN RETURN false; END IF;"
    " SELECT born INTO b FROM learner_state WHERE user_id = u;"
    " RETURN CASE WHEN FOUND THEN v < b ELSE v <= f END; END $$;",

    "CREATE FUNCTION now_us() RETURNS BIGINT LANGUAGE sql VOLATILE AS"
    " $$ SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint $$;",
    "CREATE FUNCTION raise_floor(v BIGINT) RETURNS VOID LANGUAGE plpgsql AS"
    " $$ BEGIN"
    " INSERT INTO records (user_id, kind, key, version, at_us, document)"
    "  VALUES (0, 'erased', 'version', 1, now_us(), to_json(v))"
    "  ON CONFLICT (user_id, kind, key) DO UPDATE SET"
    "  version = records.version + 1, at_us = excluded.at_us, document ="
    "  to_json(greatest(records.document::text::bigint, v)); END $$;",
    "CREATE FUNCTION erase(u BIGINT, OUT n_events BIGINT,"
    " OUT n_recommendations BIGINT, OUT n_others BIGINT)"
    " LANGUAGE plpgsql AS $$ DECLARE n BIGINT; v BIGINT; t TEXT; BEGIN"
    " DELETE FROM events WHERE user_id = u;"
    " GET DIAGNOSTICS n_events = ROW_COUNT;"
    " DELETE FROM content_recommendations WHERE user_id = u;"
    " GET DIAGNOSTICS n_recommendations = ROW_COUNT;"
    " DELETE FROM learner_state WHERE user_id = u RETURNING version INTO v;"
    " n_others := CASE WHEN FOUND THEN 1 ELSE 0 END;"
    " FOREACH t IN ARRAY ARRAY['recommendation_log', 'exposures',"
    "  'learner_snapshots', 'user_profiles', 'learning_paths', 'records']"
    " LOOP EXECUTE format('DELETE FROM %I WHERE user_id = $1', t) USING u;"
    "  GET DIAGNOSTICS n = ROW_COUNT; n_others := n_others + n; END LOOP;"
    " IF n_events + n_recommendations + n_others = 0 THEN"
    "  PERFORM refuse('PQ005', 'learner_state',"
    "   'there is nothing of that learner'); END IF;"
    " PERFORM raise_floor(coalesce(v, 0));"
    " INSERT INTO changes (user_id, mark, what, version, at_us) VALUES"
    "  (u, current_setting('piq.mark')::bigint, 8, 0, now_us());"
    " END $$;",

    /* A piece at a time, of the narrow rows 16 times as many; 1: some kind had
     * more than that. Changes go from the front only, up to the first that is
     * young enough, whole marks. */
    "CREATE FUNCTION tidy(now_at BIGINT, before BIGINT, piece BIGINT)"
    " RETURNS BIGINT LANGUAGE plpgsql AS $$ DECLARE n BIGINT;"
    " more BIGINT := 0; cut BIGINT;"
    " many BIGINT := 16 * piece; BEGIN"
    " DELETE FROM records WHERE (user_id, kind, key) IN"
    "  (SELECT user_id, kind, key FROM records WHERE expires_us <= now_at"
    "  LIMIT piece);"
    " GET DIAGNOSTICS n = ROW_COUNT; IF n >= piece THEN more := 1; END IF;"
    " SELECT coalesce(min(mark) FILTER (WHERE at_us >= before),"
    "   max(mark) + CASE WHEN count(*) < many THEN 1 ELSE 0 END), count(*)"
    "  INTO cut, n FROM (SELECT mark, at_us FROM changes"
    "  WHERE mark <= horizon() ORDER BY mark LIMIT many) x;"
    " IF cut IS NOT NULL THEN"
    "  DELETE FROM changes WHERE mark < cut;"
    "  IF FOUND THEN UPDATE store SET changes_dropped ="
    "   greatest(changes_dropped, cut - 1);"
    "   IF n >= many THEN more := 1; END IF; END IF;"
    " END IF;"
    " DELETE FROM commits WHERE token IN (SELECT token FROM commits"
    "  WHERE at < clock_timestamp() - interval '1 hour' ORDER BY at"
    "  LIMIT many);"
    " GET DIAGNOSTICS n = ROW_COUNT; IF n >= many THEN more := 1; END IF;"
    " RETURN more; END $$;",

    /* After rows were loaded, whose largest number is n. */
    "CREATE FUNCTION number_on(t TEXT, n BIGINT) RETURNS VOID"
    " LANGUAGE plpgsql AS $$ DECLARE last BIGINT;"
    " s REGCLASS := CASE WHEN t IN ('events', 'recommendation_log',"
    "  'exposures') THEN 'marks' WHEN t IN ('learning_paths',"
    "  'content_recommendations', 'experiments') THEN t || '_id_seq'"
    "  END; BEGIN"
    " IF s IS NOT NULL THEN"
    "  EXECUTE format('SELECT CASE WHEN is_called THEN last_value ELSE 0 END"
    " FROM %s', s) INTO last;"
    "  IF n > last THEN PERFORM setval(s, n); END IF; END IF; END $$;",

    /* Rows of a table as the planner estimates them. */
    "CREATE FUNCTION about(t TEXT) RETURNS BIGINT LANGUAGE sql STABLE AS $$"
    " SELECT coalesce(sum(greatest(k.reltuples, 0)), 0)::bigint"
    "  FROM pg_class k WHERE k.relkind IN ('r', 'f') AND (k.oid = t::regclass"
    "  OR k.oid IN (SELECT inhrelid FROM pg_inherits"
    "  WHERE inhparent = t::regclass)) $$;",

    /* Of the eight best spread, which one goes: see snapshots.c. */
    "CREATE FUNCTION spread(older BIGINT, newer BIGINT, newest BIGINT)"
    " RETURNS DOUBLE PRECISION LANGUAGE sql IMMUTABLE AS $$"
    " SELECT CASE WHEN newest > older"
    "  THEN (newer - older)::double precision / (newest - older)"
    "  ELSE 0 END $$;",
};

const piq_pg_migration piq_pg_migrations[] = {
    {"first schema", first_tables, sizeof first_tables / sizeof first_tables[0],
     first_rest, sizeof first_rest / sizeof first_rest[0]},
};

const int piq_pg_n_migrations =
    sizeof piq_pg_migrations / sizeof piq_pg_migrations[0];
