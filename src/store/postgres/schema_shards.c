/* What stands on the servers of a spread store beside the tables that every
 * schema has. A later migration that replaces one of these functions has to do
 * so here too.
 *
 * Coordinator: piq.events and the other tables of learners are there, take rows
 * of nobody (user 0) only, and are one partition of piq_all.events; the others
 * are foreign tables, one a shard:
 *
 *     piq_all.events              by range of user_id, policy `tenant`
 *       piq.events                  user_id < 1: nobody's
 *       piq_all.events_of           the rest, by hash
 *         piq_all.events_s0           on shard_0: its piq.events
 *         piq_all.events_s1           ..
 *
 * A statement finds piq_all first on its search_path when it asks about all
 * learners, and needs no other text. A foreign table cannot have a policy: its
 * owner gives up the right to name it, and only its parents lead there. They
 * are for reading only: PostgreSQL does not ask a policy about a row that is
 * inserted through a partitioned table into a foreign one.
 *
 * Numbers that rise come from the coordinator for all, in blocks, since a
 * sequence writes its WAL once in 32 calls of nextval() and at each setval().
 *
 * Shard: table `shard` says which; raise_floor() and erased_floor() keep the
 * floor there, since a shard has no rows of nobody. The coordinator has the
 * largest of all, for those who read the record. */
#include "store/postgres/schema.h"

#include <stdio.h>

static const char *const coordinator_statements[] = {
    "CREATE TABLE shards ("
    " place INTEGER PRIMARY KEY,"
    " server TEXT COLLATE \"C\" NOT NULL UNIQUE);",
    /* Whether a transaction over several places is committed, once its parts
     * are prepared. */
    "CREATE TABLE decisions ("
    " token BIGINT PRIMARY KEY,"
    " committed BOOLEAN NOT NULL,"
    " at TIMESTAMPTZ NOT NULL DEFAULT clock_timestamp());",
    "ALTER SEQUENCE marks INCREMENT BY 4096;",
    "CREATE OR REPLACE FUNCTION last_mark() RETURNS BIGINT LANGUAGE plpgsql AS"
    " $$ DECLARE m BIGINT; BEGIN"
    " SELECT CASE WHEN is_called THEN last_value + 4095 ELSE 0 END INTO m"
    "  FROM marks;"
    " RETURN m; END $$;",

    /* Large blocks move the sequence: nobody else may meanwhile. */
    "CREATE FUNCTION numbers(n_marks BIGINT, n_recommendations BIGINT,"
    " n_paths BIGINT, OUT m BIGINT, OUT r BIGINT, OUT p BIGINT)"
    " LANGUAGE plpgsql AS $$ DECLARE"
    " k INTEGER := 'marks'::regclass::oid::bigint::bit(32)::integer; BEGIN"
    " IF n_marks BETWEEN 1 AND 4096 THEN"
    "  PERFORM pg_advisory_xact_lock_shared(-3, k);"
    "  m := nextval('marks');"
    " ELSIF n_marks > 0 THEN"
    "  PERFORM pg_advisory_xact_lock(-3, k);"
    "  m := nextval('marks');"
    "  PERFORM setval('marks', m + (n_marks - 1) / 4096 * 4096);"
    " END IF;"
    " IF n_recommendations > 0 THEN"
    "  r := take('content_recommendations_id_seq', n_recommendations); END IF;"
    " IF n_paths > 0 THEN p := take('learning_paths_id_seq', n_paths); END IF;"
    " END $$;",

    "CREATE FUNCTION decide(t BIGINT) RETURNS VOID LANGUAGE plpgsql AS"
    " $$ BEGIN"
    " INSERT INTO decisions (token, committed) VALUES (t, true)"
    "  ON CONFLICT DO NOTHING;"
    " IF NOT FOUND THEN PERFORM refuse('PQ008', 'decisions',"
    "  'a commit took so long that it was taken back'); END IF; END $$;",
    /* What was decided; nothing yet: that it is not. */
    "CREATE FUNCTION is_decided(t BIGINT) RETURNS BOOLEAN LANGUAGE plpgsql AS"
    " $$ BEGIN"
    " INSERT INTO decisions (token, committed) VALUES (t, false)"
    "  ON CONFLICT DO NOTHING;"
    " RETURN (SELECT committed FROM decisions WHERE token = t); END $$;",
};

static const char *const shard_statements[] = {
    "CREATE TABLE shard ("
    " one BOOLEAN PRIMARY KEY DEFAULT true CHECK (one),"
    " place INTEGER NOT NULL,"
    " n_shards INTEGER NOT NULL,"
    " erased_floor BIGINT NOT NULL DEFAULT 0);",
    "CREATE OR REPLACE FUNCTION erased_floor() RETURNS BIGINT"
    " LANGUAGE plpgsql STABLE AS $$ BEGIN"
    " RETURN (SELECT s.erased_floor FROM shard s); END $$;",
    "CREATE OR REPLACE FUNCTION raise_floor(v BIGINT) RETURNS VOID LANGUAGE sql"
    " AS $$ UPDATE shard SET erased_floor = greatest(erased_floor, v) $$;",
    /* What is here was given; what was given and is still to come here is
     * locked below. */
    "CREATE OR REPLACE FUNCTION last_mark() RETURNS BIGINT LANGUAGE plpgsql AS"
    " $$ BEGIN RETURN coalesce((SELECT max(mark) FROM changes), 0); END $$;",

    /* Everything given up to h, less what somebody may still commit here. */
    "CREATE FUNCTION below(h BIGINT) RETURNS BIGINT LANGUAGE plpgsql AS"
    " $$ DECLARE m BIGINT; tag BIGINT := mark_tag(); BEGIN"
    " SELECT min((classid::bigint & 65535) << 32 | objid::bigint) INTO m"
    "  FROM pg_locks WHERE locktype = 'advisory' AND objsubid = 1"
    "  AND classid::bigint >> 16 = tag AND database ="
    "  (SELECT oid FROM pg_database WHERE datname = current_database());"
    " RETURN least(h, coalesce(m, h)); END $$;",

    /* The first statement of a write, before it is given numbers, all of which
     * lie above `known`. */
    "CREATE FUNCTION open_part(alone BOOLEAN, known BIGINT) RETURNS VOID"
    " LANGUAGE plpgsql AS $$ BEGIN"
    " PERFORM enter(alone);"
    " IF known >= 0 THEN"
    "  PERFORM pg_advisory_xact_lock_shared(mark_tag() << 48 | known);"
    " END IF; END $$;",
    "CREATE FUNCTION begin_part(new_token BIGINT, m BIGINT, r BIGINT,"
    " p BIGINT) RETURNS VOID LANGUAGE plpgsql AS $$ BEGIN"
    " PERFORM set_config('piq.mark', m::text, true),"
    "  set_config('piq.recommendation', r::text, true),"
    "  set_config('piq.path', p::text, true);"
    " INSERT INTO commits (token, first_mark, first_recommendation,"
    "  first_path) VALUES (new_token, m, r, p); END $$;",
};

static void add_all(piq_buf *b, const char *const *statements, size_t n)
{
    for (size_t i = 0; i < n; i++)
        piq_buf_add_z(b, statements[i]);
}

static void add_foreign(piq_buf *b, const char *schema, const char *table,
                        const piq_pg_layout *l)
{
    for (unsigned i = 0; i < l->n_shards; i++)
        piq_buf_printf(b,
                       "CREATE FOREIGN TABLE %s_all.%s_s%u PARTITION OF"
                       " %s_all.%s_of FOR VALUES WITH (MODULUS %u,"
                       " REMAINDER %u) SERVER %s OPTIONS (schema_name '%s',"
                       " table_name '%s', updatable 'false');"
                       "REVOKE ALL ON %s_all.%s_s%u FROM CURRENT_USER;",
                       schema, table, i, schema, table, l->n_shards, i,
                       l->servers[i], schema, table, schema, table, i);
}

static void add_joint_table(piq_buf *b, const char *schema, const char *table,
                            const piq_pg_layout *l)
{
    char whole[160], learners[160];
    snprintf(whole, sizeof whole, "%s_all.%s", schema, table);
    snprintf(learners, sizeof learners, "%s_all.%s_of", schema, table);
    piq_buf_printf(b,
                   "CREATE TABLE %s (LIKE %s INCLUDING DEFAULTS INCLUDING"
                   " GENERATED INCLUDING CONSTRAINTS)"
                   " PARTITION BY RANGE (user_id);"
                   "ALTER TABLE %s ATTACH PARTITION %s"
                   " FOR VALUES FROM (MINVALUE) TO (1);"
                   "CREATE TABLE %s PARTITION OF %s FOR VALUES FROM (1)"
                   " TO (MAXVALUE) PARTITION BY HASH (user_id);",
                   whole, table, whole, table, learners, whole);
    piq_pg_add_security(b, whole);
    piq_pg_add_policy(b, whole);
    piq_pg_add_security(b, learners);
    piq_buf_printf(b,
                   "REVOKE INSERT, UPDATE, DELETE, TRUNCATE ON %s, %s"
                   " FROM CURRENT_USER;",
                   whole, learners);
    add_foreign(b, schema, table, l);
}

static void add_coordinator(piq_buf *b, const char *schema,
                            const piq_pg_layout *l)
{
    add_all(b, coordinator_statements,
            sizeof coordinator_statements / sizeof coordinator_statements[0]);
    for (unsigned i = 0; i < l->n_shards; i++)
        piq_buf_printf(b, "INSERT INTO shards VALUES (%u, '%s');", i,
                       l->servers[i]);
    piq_buf_printf(b, "CREATE SCHEMA %s_all;", schema);
    for (int v = 0; v < piq_pg_n_migrations; v++)
        for (size_t i = 0; i < piq_pg_migrations[v].n_tables; i++)
            add_joint_table(b, schema, piq_pg_migrations[v].tables[i].name, l);
}

static void add_shard(piq_buf *b, const piq_pg_layout *l)
{
    add_all(b, shard_statements,
            sizeof shard_statements / sizeof shard_statements[0]);
    piq_buf_printf(b, "INSERT INTO shard (place, n_shards) VALUES (%u, %u);",
                   l->place, l->n_shards);
}

void piq_pg_add_shard_layout(piq_buf *b, const char *schema,
                             const piq_pg_layout *layout)
{
    if (layout->is_shard)
        add_shard(b, layout);
    else
        add_coordinator(b, schema, layout);
}
