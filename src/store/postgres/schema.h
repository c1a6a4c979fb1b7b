/* schema.h - bringing the tables of a place up to date.
 *
 * A place is a schema of a database. Ours has a table schema_migrations, whose
 * largest version is the number of the last migration applied. Each migration
 * is one transaction, under an advisory lock, so that engines that start
 * together do not trip over one another.
 */
#ifndef PIQ_STORE_POSTGRES_SCHEMA_H
#define PIQ_STORE_POSTGRES_SCHEMA_H

#include "base/buf.h"
#include "base/status.h"
#include "store/postgres/connection.h"

#include <stddef.h>

/* How a schema is laid out when it is made. */
typedef struct piq_pg_layout {
    unsigned n_partitions;
    unsigned n_shards;   /* 0: all is in one database */
    bool is_shard;       /* else the coordinator of n_shards */
    unsigned place;      /* of a shard: 0 .. n_shards - 1 */
    char (*servers)[64]; /* of a coordinator: the shards' foreign servers */
} piq_pg_layout;

/* Checks the server and the role, then applies what is missing. `c` is
 * connected, outside a pipeline. Statuses: piq_postgres_open's. PIQ_EINVAL too:
 * the schema is there and is no shard, or not that one. */
PIQ_MUST_USE piq_status piq_pg_schema_ensure(piq_pg_conn *c,
                                             const piq_pg_layout *layout,
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

/* What the first migration adds on a coordinator or a shard
 * (schema_shards.c). */
void piq_pg_add_shard_layout(piq_buf *b, const char *schema,
                             const piq_pg_layout *layout);

/* Row-level security of a table, and the policy of learners' rows. */
void piq_pg_add_security(piq_buf *b, const char *table);
void piq_pg_add_policy(piq_buf *b, const char *table);

extern const piq_pg_migration piq_pg_migrations[];
extern const int piq_pg_n_migrations;

#endif
