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
    char sql[400];
    snprintf(sql, sizeof sql,
             "SET client_min_messages = error; DROP SCHEMA IF EXISTS %s"
             " CASCADE",
             name);
    if (!postgres_do(postgres_conninfo(), sql))
        fprintf(stderr, "schema %s could not be dropped\n", name);
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

static inline void postgres_give_back(const char *name)
{
    postgres_places *all = postgres_all_places();
    char sql[1600];
    snprintf(sql, sizeof sql,
             "BEGIN; SET LOCAL search_path = %s;"
             "SELECT set_config('piq.tenant', '*', true);"
             "DO $$ DECLARE t REGCLASS; BEGIN"
             " FOR t IN SELECT oid FROM pg_class WHERE relnamespace ="
             "  '%s'::regnamespace AND relkind IN ('r', 'p')"
             "  AND NOT relispartition"
             "  AND relname NOT IN ('schema_migrations', 'store')"
             " LOOP EXECUTE format('DELETE FROM %%s', t); END LOOP;"
             " FOR t IN SELECT oid FROM pg_class WHERE relnamespace ="
             "  '%s'::regnamespace AND relkind = 'S'"
             " LOOP PERFORM setval(t, 1, false); END LOOP;"
             " UPDATE store SET changes_dropped = 0; END $$; COMMIT",
             name, name, name);
    if (!postgres_do(postgres_conninfo(), sql))
        fprintf(stderr, "schema %s could not be emptied\n", name);
    for (size_t i = 0; i < all->n; i++)
        if (strcmp(all->names[i], name) == 0)
            all->taken[i] = false;
}

#endif
