/* schema.h - bringing the tables of a place up to date.
 *
 * A place is a schema of a database. Ours has a table schema_migrations, whose
 * largest version is the number of the last migration applied. Each migration
 * is one transaction, under an advisory lock, so that engines that start
 * together do not trip over one another.
 */
#ifndef PIQ_STORE_POSTGRES_SCHEMA_H
#define PIQ_STORE_POSTGRES_SCHEMA_H

#include "base/status.h"
#include "store/postgres/connection.h"

#include <stddef.h>

/* Checks the server and the role, then applies what is missing. `n_partitions`
 * counts when the schema is made, and is kept. `c` is connected, outside a
 * pipeline. Statuses: piq_postgres_open's. */
PIQ_MUST_USE piq_status piq_pg_schema_ensure(piq_pg_conn *c,
                                             unsigned n_partitions,
                                             piq_err *err);

/* A table whose rows belong to a learner: it has user_id, first in its key,
 * may be partitioned by it, and is under row-level security. */
typedef struct piq_pg_learner_table {
    const char *name;
    const char *columns; /* with the key */
    const char *indexes; /* statements, or "" */
} piq_pg_learner_table;

/* What one migration adds. */
typedef struct piq_pg_migration {
    const char *name;
    const piq_pg_learner_table *tables;
    size_t n_tables;
    /* Other tables, functions; run first. */
    const char *const *statements;
    size_t n_statements;
} piq_pg_migration;

extern const piq_pg_migration piq_pg_migrations[];
extern const int piq_pg_n_migrations;

#endif
