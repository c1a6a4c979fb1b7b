/* shards.h - learners spread over several servers.
 *
 *        coordinator (home)                      shard 0, 1, ..
 *        what is nobody's: curricula, models,    the rows of its learners,
 *        keys, records of user 0 ..; the         each table a hash partition;
 *        numbers that rise; decisions;           one learner is on one shard
 *        schema X_all: every learner's rows,
 *        hash partitions by postgres_fdw
 *
 * Who speaks of one learner speaks to that shard, and to no other; who speaks
 * of all learners asks every shard (gather.c) or the coordinator's foreign
 * partitions. A shard is a foreign server of the coordinator, of the name told
 * when the schema was made; host, role and password are those of the server
 * and of our user mapping.
 */
#ifndef PIQ_STORE_POSTGRES_SHARDS_H
#define PIQ_STORE_POSTGRES_SHARDS_H

#include "store/postgres/handle.h"
#include "store/postgres/postgres_store.h"

#include <pthread.h>

enum { PIQ_PG_MAX_SHARDS = 64, PIQ_PG_SERVER_BYTES = 64 };

struct piq_pg_shards {
    unsigned n;
    piq_pg_place *at; /* [n] */
    char (*names)[PIQ_PG_SERVER_BYTES];
    /* All numbers above it are given later than we looked: what a writer
     * locks. */
    atomic_llong known;
    /* keeper.c */
    pthread_t keeper;
    pthread_mutex_t lock; /* guards `stopping` */
    pthread_cond_t wake;
    bool stopping, keeps;
    unsigned n_partitions; /* of a shard whose schema has to be made */
};

/* The remainder of a learner's hash by PostgreSQL's own function for partitions
 * (hashint8extended and hash_combine64 of its sources). */
unsigned piq_pg_shard_of(piq_user_id user, unsigned n);

/* `home` of whoever is no learner, and where there are no shards. */
piq_pg_place *piq_pg_place_of(piq_postgres *s, piq_user_id user);

/* Finds the shards of s->home's schema, which `options->shards` names when the
 * schema is made ("a,b,c"), connects and makes or checks their schemas. Without
 * any s->shards stays NULL. `c` is a connection to home. Statuses:
 * piq_postgres_open's. A shard that does not answer is down, and no failure,
 * unless its schema is not made yet. */
PIQ_MUST_USE piq_status piq_pg_shards_open(piq_postgres *s, piq_pg_conn *c,
                                           const piq_postgres_options *options,
                                           piq_err *err);
void piq_pg_shards_close(piq_pg_shards *x);
/* Makes or checks the schema of one, and that it can prepare a commit. */
PIQ_MUST_USE piq_status piq_pg_shard_prepare(piq_pg_conn *c,
                                             const piq_pg_shards *x,
                                             unsigned place, piq_err *err);

/* ---- keeper.c ----------------------------------------------------------- */

/* Ends what was left prepared, then starts the thread; nothing to do without
 * shards. */
PIQ_MUST_USE piq_status piq_pg_keeper_start(piq_postgres *s, piq_err *err);
void piq_pg_keeper_stop(piq_pg_shards *x);
/* Room for the name of a prepared part, of its schema and its decision. */
enum { PIQ_PG_GID_BYTES = 128 };

/* ---- gather.c ----------------------------------------------------------- */

/* A bounded question to all shards: rows by their first column. Not bounded by
 * what is still to come when q->has_bound. */
PIQ_MUST_USE piq_status piq_pg_gather(piq_postgres *s, piq_pg_scope scope,
                                      piq_pg_call *q, PGresult **out,
                                      piq_err *err);

/* ---- spread.c ----------------------------------------------------------- */

/* A write in parts: [0] home's, [1 + i] that of shard i; those without `send`
 * are left out. All or none. The numbers wanted are those of parts[0], and are
 * told there. */
PIQ_MUST_USE piq_status piq_pg_spread(piq_postgres *s, piq_pg_write *parts,
                                      piq_err *err);

/* ---- spread_rest.c: other writes over places ------------------------------
 */

PIQ_MUST_USE piq_status piq_pg_erase_spread(piq_store *s, piq_user_id user,
                                            piq_erased *out, piq_err *err);
PIQ_MUST_USE piq_status piq_pg_forget_spread(piq_store *s, int64_t before_us,
                                             size_t limit, bool *more,
                                             piq_err *err);
PIQ_MUST_USE piq_status piq_pg_put_records_spread(piq_store *s,
                                                  const piq_record *rows,
                                                  size_t n, piq_err *err);

#endif
