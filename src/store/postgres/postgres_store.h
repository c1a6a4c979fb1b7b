/* postgres_store.h - the backend for several engines: PostgreSQL 15 or later.
 *
 * Any number of processes may open one place - a schema of a database - at
 * once; versions decide between their writes (store.h). Works with a direct
 * connection, with several hosts and target_session_attrs=read-write, and
 * through PgBouncer's transaction pooling: nothing outlives a transaction but
 * what is committed.
 *
 * The role must be neither superuser nor BYPASSRLS, for row-level security
 * would not hold for it; it owns the schema, or may create it.
 *
 * A learner's id carries the tenant in its bits from 40 on; calls that name a
 * learner can see that tenant's rows only, whatever the SQL says.
 */
#ifndef PIQ_STORE_POSTGRES_STORE_H
#define PIQ_STORE_POSTGRES_STORE_H

#include "store/store.h"

#include <stdbool.h>

/* With shards (docs/decisions/0036-shards.md) the database named is the
 * coordinator. A learner is on one of them, by hash; while it cannot be reached
 * what concerns its learners is PIQ_EIO, and so is what asks about all learners
 * (lists, numbers that rise, dumps); other learners are served. A commit of
 * learners of several shards, one of which cannot be reached, is PIQ_ESTALE:
 * whoever reads its learners anew is told which of them it is.
 */

/* 0 or NULL: the default. A connection string may set those that have a name
 * in brackets, which goes before what stands here. */
typedef struct piq_postgres_options {
    const char *schema;     /* [piq_schema] of [a-z0-9_]; "piq" */
    unsigned n_connections; /* [piq_pool] at most 64; 6 */
    unsigned n_partitions;  /* [piq_partitions] when the schema is made:
                               learner tables are hash-partitioned in so
                               many, at most 1024; 0: they are not */
    const char *shards;     /* [piq_shards] when the schema is made: names of
                               foreign servers of the database, 2 to 64, a
                               comma between, over which learners are spread;
                               NULL: what the schema was made with */
    unsigned statement_ms;  /* [piq_statement_ms] time-out of one statement
                               and of waiting for its answer; 10000 */
    unsigned connect_s;     /* connect_timeout of each host tried; 5 */
    unsigned patience_ms;   /* [piq_patience_ms] how long a call waits for
                               a server that cannot be reached; 5000 */
    bool unprepared; /* [piq_prepare=0] no named prepared statements. Left
                        alone, a pooler that does not keep them is
                        found out at the first error */
    const char *application; /* application_name; "piq" */
} piq_postgres_options;

/* Whether a name given for a database is a connection string of ours:
 * "postgresql://..", "postgres://.." or "postgres:" before key=value pairs. */
bool piq_postgres_is_conninfo(const char *name);

/* The same string without password and other secrets, for messages. Cut at
 * `size`; always ended. */
void piq_postgres_redact(const char *conninfo, char *out, size_t size);

/* Opens, creating and migrating the schema as needed; several processes may do
 * so at once. PIQ_EIO: no server answers; PIQ_EDENIED: password, rights, or a
 * role above row-level security; PIQ_EINVAL: the string, an option, a server
 * that is too old or not UTF8, a schema that is not ours or newer (it is left
 * as it is); PIQ_EBUSY: another process holds it. The caller closes with
 * out->ops->close, when no call is under way. */
PIQ_MUST_USE piq_status piq_postgres_open(const char *conninfo,
                                          const piq_postgres_options *options,
                                          piq_store **out, piq_err *err);

#endif
