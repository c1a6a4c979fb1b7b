/* place.h - one server: how to connect to it, and connections to it.
 *
 * A store has one, and one more for each shard (shards.h). A shard that cannot
 * be reached is not waited for by everybody who comes: once somebody's patience
 * has ended it counts as down, whoever needs it fails at once, and the keeper
 * (keeper.c) goes on trying beside them.
 */
#ifndef PIQ_STORE_POSTGRES_PLACE_H
#define PIQ_STORE_POSTGRES_PLACE_H

#include "store/postgres/pool.h"

typedef struct piq_pg_place {
    piq_pg_setting setting;
    piq_pg_pool pool;
    bool is_shard;
    char name[64];    /* of a shard: its foreign server's */
    atomic_bool down; /* of a shard */
} piq_pg_place;

/* As piq_pg_pool_borrow() and piq_pg_pool_mend(). */
PIQ_MUST_USE piq_status piq_pg_borrow(piq_pg_place *p, piq_pg_conn **out,
                                      piq_err *err);
PIQ_MUST_USE piq_status piq_pg_mend(piq_pg_place *p, piq_pg_conn *c,
                                    piq_err *err);
void piq_pg_return(piq_pg_place *p, piq_pg_conn *c);

#endif
