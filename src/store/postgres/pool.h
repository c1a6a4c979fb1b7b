/* pool.h - connections, lent to one thread each, made when first needed.
 *
 * A thread that finds none free waits. A connection found dead is replaced.
 * When the server cannot be reached the next attempt comes after a pause that
 * doubles from 50 ms to 2 s, between half and all of it at random, so that
 * engines that lost one server together do not come back together. Whoever
 * needs a connection waits through pauses until its patience ends.
 */
#ifndef PIQ_STORE_POSTGRES_POOL_H
#define PIQ_STORE_POSTGRES_POOL_H

#include "store/postgres/connection.h"

#include <pthread.h>

enum { PIQ_PG_MAX_CONNECTIONS = 64 };

typedef struct piq_pg_pool {
    unsigned n;
    unsigned patience_ms;
    piq_pg_setting *setting; /* of each; theirs belong to who has them */
    piq_pg_conn conns[PIQ_PG_MAX_CONNECTIONS];
    pthread_mutex_t lock; /* guards what follows */
    pthread_cond_t freed;
    unsigned n_free;
    unsigned free_ix[PIQ_PG_MAX_CONNECTIONS]; /* a stack: the warmest first */
    unsigned pause_ms;                        /* 0: the last attempt worked */
    int64_t retry_ns;                         /* monotonic */
    uint64_t n_misses;                        /* attempts that failed, ever */
    piq_err last_miss;                        /* why the newest did */
} piq_pg_pool;

/* Connects nothing. False: no lock could be made. */
PIQ_MUST_USE bool piq_pg_pool_init(piq_pg_pool *p, unsigned n,
                                   unsigned patience_ms,
                                   piq_pg_setting *setting);
/* All must have been given back. */
void piq_pg_pool_release(piq_pg_pool *p);

/* One that is connected. On failure none is lent: PIQ_EIO, PIQ_EDENIED. */
PIQ_MUST_USE piq_status piq_pg_pool_borrow(piq_pg_pool *p, piq_pg_conn **out,
                                           piq_err *err);
/* The same for a borrowed one that was lost in use: connects it anew, or gives
 * it back and fails. */
PIQ_MUST_USE piq_status piq_pg_pool_mend(piq_pg_pool *p, piq_pg_conn *c,
                                         piq_err *err);
void piq_pg_pool_return(piq_pg_pool *p, piq_pg_conn *c);

/* As the store's misses(). */
uint64_t piq_pg_pool_misses(piq_pg_pool *p, piq_err *last);

/* 64 bits that nobody can foresee. */
uint64_t piq_pg_random(void);

#endif
