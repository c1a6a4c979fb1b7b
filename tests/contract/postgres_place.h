/* postgres_place.h - places of the PostgreSQL backend: a schema each, in the
 * cluster that tools/with_postgres started (PIQ_TEST_POSTGRES). */
#ifndef PIQ_TESTS_POSTGRES_PLACE_H
#define PIQ_TESTS_POSTGRES_PLACE_H

#include "base/clock.h"
#include "store/postgres/postgres_store.h"

#include <libpq-fe.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* NULL: there is no cluster. */
static inline const char *postgres_conninfo(void)
{
    return getenv("PIQ_TEST_POSTGRES");
}

/* Fewer connections than the default: test programs run side by side. */
static inline piq_status postgres_open_schema(const char *conninfo,
                                              const char *schema,
                                              unsigned n_partitions,
                                              piq_store **out, piq_err *err)
{
    const piq_postgres_options o = {
        .schema = schema, .n_connections = 4, .n_partitions = n_partitions};
    return piq_postgres_open(conninfo, &o, out, err);
}

/* Over the shards that tools/with_postgres --shards has started. */
static inline piq_status postgres_open_spread(const char *conninfo,
                                              const char *schema,
                                              piq_store **out, piq_err *err)
{
    const piq_postgres_options o = {.schema = schema,
                                    .n_connections = 4,
                                    .shards = getenv("PIQ_TEST_SHARDS")};
    return piq_postgres_open(conninfo, &o, out, err);
}

/* Conninfo of shard `i`; false: there is none. */
static inline bool postgres_shard_conninfo(size_t i, char *out, size_t size)
{
    const char *at = getenv("PIQ_TEST_SHARD_CONNINFOS");
    for (; at != NULL && i > 0; i--) {
        at = strchr(at, ';');
        at = at != NULL ? at + 1 : NULL;
    }
    if (at == NULL)
        return false;
    snprintf(out, size, "%.*s", (int)strcspn(at, ";"), at);
    return true;
}

static inline void postgres_name_schema(char *name, size_t size)
{
    static unsigned n;
    snprintf(name, size, "t_%ld_%u_%llx", (long)getpid(), n++,
             (unsigned long long)piq_clock_monotonic_ns());
}

/* Straight SQL, as the owner; false when it fails. */
static inline bool postgres_do(const char *conninfo, const char *sql)
{
    PGconn *c = PQconnectdb(conninfo);
    PGresult *r = PQexec(c, sql);
    ExecStatusType got = PQresultStatus(r);
    PQclear(r);
    PQfinish(c);
    return got == PGRES_COMMAND_OK || got == PGRES_TUPLES_OK;
}

static inline void postgres_drop_schema(const char *name)
{
    char sql[700], shard[512];
    snprintf(sql, sizeof sql,
             "SET client_min_messages = error; DROP SCHEMA IF EXISTS %s_all"
             " CASCADE; DROP SCHEMA IF EXISTS %s CASCADE",
             name, name);
    if (!postgres_do(postgres_conninfo(), sql))
        fprintf(stderr, "schema %s could not be dropped\n", name);
    for (size_t i = 0; postgres_shard_conninfo(i, shard, sizeof shard); i++)
        if (!postgres_do(shard, sql))
            fprintf(stderr, "schema %s of a shard could not be dropped\n",
                    name);
}

/* A hundred tables and indexes are not made anew for each test: a place that
 * was given back is emptied, and taken again. Dropped at
 * the end of a group of tests. */
enum { POSTGRES_MAX_PLACES = 8 };
typedef struct postgres_places {
    char names[POSTGRES_MAX_PLACES][64];
    unsigned partitions[POSTGRES_MAX_PLACES];
    bool taken[POSTGRES_MAX_PLACES];
    size_t n;
} postgres_places;

static inline postgres_places *postgres_all_places(void)
{
    static postgres_places all;
    return &all;
}

static inline void postgres_drop_places(void)
{
    postgres_places *all = postgres_all_places();
    for (size_t i = 0; i < all->n; i++)
        postgres_drop_schema(all->names[i]);
    all->n = 0;
}

static inline bool postgres_take_place(unsigned n_partitions, char *name,
                                       size_t size)
{
    postgres_places *all = postgres_all_places();
    size_t i = 0;
    while (i < all->n && (all->taken[i] || all->partitions[i] != n_partitions))
        i++;
    if (i == POSTGRES_MAX_PLACES)
        return false;
    if (i == all->n) {
        all->n++;
        postgres_name_schema(all->names[i], sizeof all->names[i]);
        all->partitions[i] = n_partitions;
    }
    all->taken[i] = true;
    snprintf(name, size, "%s", all->names[i]);
    return true;
}

static inline bool postgres_empty(const char *conninfo, const char *name)
{
    char sql[1600];
    snprintf(sql, sizeof sql,
             "BEGIN; SET LOCAL search_path = %s;"
             "SELECT set_config('piq.tenant', '*', true);"
             "DO $$ DECLARE t REGCLASS; BEGIN"
             " FOR t IN SELECT oid FROM pg_class WHERE relnamespace ="
             "  '%s'::regnamespace AND relkind IN ('r', 'p')"
             "  AND (NOT relispartition OR relname = 'records')"
             "  AND relname NOT IN ('schema_migrations', 'store', 'shards',"
             "   'shard')"
             " LOOP EXECUTE format('DELETE FROM %%s', t); END LOOP;"
             " FOR t IN SELECT oid FROM pg_class WHERE relnamespace ="
             "  '%s'::regnamespace AND relkind = 'S'"
             " LOOP PERFORM setval(t, 1, false); END LOOP;"
             " UPDATE store SET changes_dropped = 0;"
             " IF to_regclass('shard') IS NOT NULL THEN"
             "  UPDATE shard SET erased_floor = 0; END IF; END $$; COMMIT",
             name, name, name);
    return postgres_do(conninfo, sql);
}

/* Shards have what is spread only. */
static inline bool postgres_empty_shards(const char *name)
{
    char conninfo[512];
    bool ok = true;
    for (size_t i = 0; postgres_shard_conninfo(i, conninfo, sizeof conninfo);
         i++)
        ok = postgres_empty(conninfo, name) && ok;
    return ok;
}

static inline void postgres_give_back(const char *name, bool spread)
{
    postgres_places *all = postgres_all_places();
    if (!postgres_empty(postgres_conninfo(), name) ||
        (spread && !postgres_empty_shards(name)))
        fprintf(stderr, "schema %s could not be emptied\n", name);
    for (size_t i = 0; i < all->n; i++)
        if (strcmp(all->names[i], name) == 0)
            all->taken[i] = false;
}

#endif
