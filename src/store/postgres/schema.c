#include "store/postgres/schema.h"

#include "base/buf.h"
#include "store/postgres/errors.h"

#include <stdio.h>
#include <stdlib.h>

enum { LEAST_SERVER = 150000, MAX_SQL_BYTES = 8 << 20 };

/* ---- server and role -------------------------------------------------- */

static piq_status check_server(const piq_pg_conn *c, piq_err *err)
{
    const char *place = c->setting->place;
    if (PQserverVersion(c->pg) < LEAST_SERVER)
        return piq_fail(err, PIQ_EINVAL,
                        "%s is PostgreSQL %d, at least 15 is needed", place,
                        PQserverVersion(c->pg) / 10000);
    const char *encoding = PQparameterStatus(c->pg, "server_encoding");
    if (encoding == NULL || strcmp(encoding, "UTF8") == 0)
        return PIQ_OK;
    return piq_fail(err, PIQ_EINVAL, "%s has encoding %s, UTF8 is needed",
                    place, encoding);
}

typedef struct marks {
    bool above_security; /* superuser or BYPASSRLS */
    bool has_schema;
    bool is_ours;
    bool is_foreign; /* holds tables, and not ours */
} marks;

static piq_status read_marks(piq_pg_conn *c, marks *m, piq_err *err)
{
    char sql[1024];
    const char *s = c->setting->schema;
    snprintf(sql, sizeof sql,
             "SELECT r.rolsuper OR r.rolbypassrls,"
             " to_regnamespace('%s') IS NOT NULL,"
             " to_regclass('%s.schema_migrations') IS NOT NULL,"
             " EXISTS (SELECT 1 FROM pg_class k WHERE k.relnamespace ="
             "  to_regnamespace('%s')::oid)"
             " FROM pg_roles r WHERE r.rolname = current_user",
             s, s, s);
    PGresult *r;
    piq_status st = piq_pg_exec(c, sql, "look at the schema", &r, err);
    if (st != PIQ_OK)
        return st;
    bool is[4] = {0};
    for (int i = 0; i < 4 && PQntuples(r) == 1; i++)
        is[i] = PQgetvalue(r, 0, i)[0] == 't';
    PQclear(r);
    *m = (marks){is[0], is[1], is[2], is[3] && !is[2]};
    return PIQ_OK;
}

static piq_status check_marks(const piq_pg_conn *c, const marks *m,
                              piq_err *err)
{
    const piq_pg_setting *s = c->setting;
    if (m->above_security) {
        piq_fail(err, PIQ_EDENIED,
                 "the role for %s is above row-level security (superuser or "
                 "BYPASSRLS)",
                 s->place);
        piq_err_hint(err, "CREATE ROLE piq LOGIN PASSWORD '...'; and CREATE "
                          "DATABASE piq OWNER piq; then connect as that role");
        return PIQ_EDENIED;
    }
    if (!m->is_foreign)
        return PIQ_OK;
    piq_fail(err, PIQ_EINVAL, "schema %s of %s is not piq's; it was left alone",
             s->schema, s->place);
    piq_err_hint(err, "name a schema of its own: piq_schema=NAME");
    return PIQ_EINVAL;
}

/* ---- text of a migration ---------------------------------------------- */

/* Learners' rows are seen by who has said whose they may be, and else by
 * nobody, owner or not. Rows of nobody (user 0) are for those who see all. */
void piq_pg_add_security(piq_buf *b, const char *table)
{
    piq_buf_printf(b,
                   "ALTER TABLE %s ENABLE ROW LEVEL SECURITY;"
                   "ALTER TABLE %s FORCE ROW LEVEL SECURITY;",
                   table, table);
}

void piq_pg_add_policy(piq_buf *b, const char *table)
{
    piq_buf_printf(b,
                   "CREATE POLICY tenant ON %s USING ("
                   "current_setting('piq.tenant', true) = '*' OR user_id > 0"
                   " AND current_setting('piq.tenant', true) ="
                   " (user_id >> 40)::text);",
                   table);
}

/* A partition has no policy of its own: only its parent lets anybody in. A
 * shard has those whose learners are its own, and refuses others' rows. */
static void add_partitions(piq_buf *b, const char *table, unsigned n,
                           const piq_pg_layout *layout)
{
    for (unsigned i = 0; i < n; i++) {
        char name[80];
        if (layout->is_shard && i % layout->n_shards != layout->place)
            continue;
        snprintf(name, sizeof name, "%s_p%u", table, i);
        piq_buf_printf(b,
                       "CREATE TABLE %s PARTITION OF %s FOR VALUES WITH"
                       " (MODULUS %u, REMAINDER %u);",
                       name, table, n, i);
        piq_pg_add_security(b, name);
    }
}

static unsigned n_partitions_of(const piq_pg_layout *l)
{
    if (!l->is_shard)
        return l->n_shards > 0 ? 0 : l->n_partitions;
    return l->n_shards * (l->n_partitions > 0 ? l->n_partitions : 1);
}

static void add_table(piq_buf *b, const piq_pg_learner_table *t,
                      const piq_pg_layout *layout)
{
    unsigned n = n_partitions_of(layout);
    piq_buf_printf(b, "CREATE TABLE %s (", t->name);
    piq_buf_add_z(b, t->columns);
    piq_buf_add_z(b, n > 0 ? ") PARTITION BY HASH (user_id);" : ");");
    piq_pg_add_security(b, t->name);
    piq_pg_add_policy(b, t->name);
    add_partitions(b, t->name, n, layout);
    piq_buf_add_z(b, t->indexes);
}

/* lz4 where the server has it: 2 to 3 times the rows a second of pglz. States
 * are packed already, and replaced all the time: up to a page they stay in the
 * row (a row beside, in pieces, is two more and two index entries), and half a
 * page is left for the next version, which then needs no index entry and is
 * cleaned away by whoever passes. CPU of 256 states a commit .70 of before. */
static const char settle_storage[] =
    "DO $$ DECLARE x record; BEGIN"
    " FOR x IN SELECT k.oid::regclass AS t, string_agg(format("
    "  'ALTER COLUMN %I SET COMPRESSION lz4', a.attname), ', ') AS c"
    "  FROM pg_class k JOIN pg_attribute a ON a.attrelid = k.oid"
    "  WHERE k.relnamespace = current_schema()::regnamespace::oid"
    "  AND k.relkind IN ('r', 'p') AND a.attnum > 0"
    "  AND a.atttypid IN (17, 25, 114, 3802)"
    "  AND a.attcompression <> 'l' AND EXISTS (SELECT 1 FROM pg_settings"
    "   WHERE name = 'default_toast_compression' AND 'lz4' = ANY (enumvals))"
    "  GROUP BY k.oid"
    " LOOP EXECUTE format('ALTER TABLE %s %s', x.t, x.c); END LOOP;"
    " FOR x IN SELECT k.oid::regclass AS t, CASE WHEN k.relname ~ 'state'"
    "   THEN 50 ELSE 100 END AS f FROM pg_class k"
    "  WHERE k.relnamespace = current_schema()::regnamespace::oid"
    "  AND k.relkind = 'r' AND k.relname ~"
    "  '^learner_(state|snapshots)(_p[0-9]+)?$'"
    " LOOP EXECUTE format('ALTER TABLE %s SET (toast_tuple_target = 8160,"
    "  fillfactor = %s)', x.t, x.f); END LOOP; END $$;";

static void add_migration(piq_buf *b, const char *schema, int version,
                          const piq_pg_layout *layout)
{
    const piq_pg_migration *m = &piq_pg_migrations[version - 1];
    if (version == 1)
        piq_buf_add_z(b, "CREATE TABLE schema_migrations ("
                         " version INTEGER PRIMARY KEY,"
                         " name TEXT NOT NULL,"
                         " applied_at TIMESTAMPTZ NOT NULL DEFAULT now());");
    for (size_t i = 0; i < m->n_statements; i++)
        piq_buf_add_z(b, m->statements[i]);
    if (version == 1)
        piq_buf_printf(b, "INSERT INTO store (n_partitions) VALUES (%u);",
                       layout->n_partitions);
    for (size_t i = 0; i < m->n_tables; i++)
        add_table(b, &m->tables[i], layout);
    piq_buf_add_z(b, settle_storage);
    if (version == 1 && layout->n_shards > 0)
        piq_pg_add_shard_layout(b, schema, layout);
    piq_buf_printf(b,
                   "INSERT INTO schema_migrations (version, name)"
                   " VALUES (%d, '%s');",
                   version, m->name);
}

/* ---- applying --------------------------------------------------------- */

static piq_status run(piq_pg_conn *c, const char *sql, piq_err *err)
{
    PGresult *r;
    piq_status st = piq_pg_exec(c, sql, "bring the schema up to date", &r, err);
    if (st == PIQ_OK)
        PQclear(r);
    return st;
}

static piq_status read_version(piq_pg_conn *c, int *version,
                               unsigned *n_partitions, bool *is_shard,
                               piq_err *err)
{
    char sql[400];
    const char *s = c->setting->schema;
    snprintf(sql, sizeof sql,
             "SELECT coalesce(max(version), 0),"
             " (SELECT n_partitions FROM %s.store),"
             " to_regclass('%s.shard') IS NOT NULL"
             " FROM %s.schema_migrations",
             s, s, s);
    PGresult *r;
    piq_status st = piq_pg_exec(c, sql, "read the schema's version", &r, err);
    if (st != PIQ_OK)
        return st;
    *version = (int)strtol(PQgetvalue(r, 0, 0), NULL, 10);
    *n_partitions = (unsigned)strtoul(PQgetvalue(r, 0, 1), NULL, 10);
    *is_shard = PQgetvalue(r, 0, 2)[0] == 't';
    PQclear(r);
    return PIQ_OK;
}

static piq_status not_that_shard(const piq_pg_conn *c, piq_err *err)
{
    piq_fail(err, PIQ_EINVAL,
             "schema %s of %s is not the shard it was taken for",
             c->setting->schema, c->setting->place);
    piq_err_hint(err, "a shard is opened by its coordinator, which keeps their "
                      "order in its table shards");
    return PIQ_EINVAL;
}

/* Rows of one shard would not be found on another. */
static piq_status check_shard(piq_pg_conn *c, const piq_pg_layout *layout,
                              bool is_shard, piq_err *err)
{
    char sql[256];
    PGresult *r;
    if (is_shard != layout->is_shard)
        return not_that_shard(c, err);
    if (!is_shard)
        return PIQ_OK;
    snprintf(sql, sizeof sql,
             "SELECT place = %u AND n_shards = %u FROM %s.shard", layout->place,
             layout->n_shards, c->setting->schema);
    piq_status st = piq_pg_exec(c, sql, "see which shard it is", &r, err);
    if (st != PIQ_OK)
        return st;
    bool fits = PQntuples(r) == 1 && PQgetvalue(r, 0, 0)[0] == 't';
    PQclear(r);
    return fits ? PIQ_OK : not_that_shard(c, err);
}

/* Inside a transaction that holds the lock. */
static piq_status apply_inside(piq_pg_conn *c, const piq_pg_layout *wanted,
                               piq_err *err)
{
    marks m;
    int version = 0;
    bool is_shard;
    piq_pg_layout layout = *wanted;
    piq_status st = read_marks(c, &m, err);
    if (st == PIQ_OK && m.is_ours)
        st = read_version(c, &version, &layout.n_partitions, &is_shard, err);
    piq_buf b;
    piq_buf_init(&b, MAX_SQL_BYTES);
    if (st == PIQ_OK && !m.has_schema)
        piq_buf_printf(&b, "CREATE SCHEMA %s;", c->setting->schema);
    piq_buf_printf(&b, "SET LOCAL search_path = %s, pg_temp;",
                   c->setting->schema);
    for (int v = version + 1; st == PIQ_OK && v <= piq_pg_n_migrations; v++)
        add_migration(&b, c->setting->schema, v, &layout);
    if (st == PIQ_OK && b.status != PIQ_OK)
        st = piq_fail(err, b.status,
                      "no memory to bring the schema of %s up "
                      "to date",
                      c->setting->place);
    if (st == PIQ_OK)
        st = run(c, b.ptr, err);
    piq_buf_release(&b);
    return st;
}

static piq_status apply(piq_pg_conn *c, const piq_pg_layout *layout,
                        piq_err *err)
{
    char sql[256];
    snprintf(sql, sizeof sql,
             "BEGIN; SET LOCAL lock_timeout = '60s';"
             "SELECT pg_advisory_xact_lock(hashtext('piq migrations'),"
             " hashtext('%s'))",
             c->setting->schema);
    piq_status st = run(c, sql, err);
    if (st == PIQ_OK)
        st = apply_inside(c, layout, err);
    if (st == PIQ_OK)
        return run(c, "COMMIT", err);
    piq_err ignored;
    if (c->pg != NULL && run(c, "ROLLBACK", &ignored) != PIQ_OK)
        piq_pg_disconnect(c);
    return st;
}

piq_status piq_pg_schema_ensure(piq_pg_conn *c, const piq_pg_layout *layout,
                                piq_err *err)
{
    marks m;
    piq_status st = check_server(c, err);
    if (st == PIQ_OK)
        st = read_marks(c, &m, err);
    if (st == PIQ_OK)
        st = check_marks(c, &m, err);
    if (st != PIQ_OK)
        return st;
    int version = 0;
    unsigned kept;
    bool is_shard;
    if (m.is_ours)
        st = read_version(c, &version, &kept, &is_shard, err);
    if (st == PIQ_OK && m.is_ours)
        st = check_shard(c, layout, is_shard, err);
    if (st != PIQ_OK || version == piq_pg_n_migrations)
        return st;
    if (version > piq_pg_n_migrations) {
        piq_fail(err, PIQ_EINVAL,
                 "schema %s of %s has version %d, this program knows up to "
                 "%d; it was left alone",
                 c->setting->schema, c->setting->place, version,
                 piq_pg_n_migrations);
        piq_err_hint(err, "use the newer version of piq that wrote it");
        return PIQ_EINVAL;
    }
    return apply(c, layout, err);
}
