/* readers.h - a fixed set of reading connections, lent to one thread each.
 *
 * A thread that finds none free waits. A read never waits for the writer: in
 * WAL mode it sees what was committed when its statement began.
 */
#ifndef PIQ_STORE_SQLITE_READERS_H
#define PIQ_STORE_SQLITE_READERS_H

#include "store/sqlite/statement.h"

#include <pthread.h>

enum { PIQ_SQLITE_MAX_READERS = 64 };

typedef struct piq_sqlite_readers {
    unsigned n;
    piq_sqlite_conn conns[PIQ_SQLITE_MAX_READERS];
    pthread_mutex_t lock; /* guards what follows */
    pthread_cond_t freed;
    unsigned n_free;
    unsigned free_ix[PIQ_SQLITE_MAX_READERS]; /* a stack: the warmest first */
} piq_sqlite_readers;

/* Opens `n` (1 .. PIQ_SQLITE_MAX_READERS). On failure nothing is held. */
PIQ_MUST_USE piq_status
piq_sqlite_readers_init(piq_sqlite_readers *r, unsigned n,
                        const piq_sqlite_setting *setting, piq_err *err);
/* All must have been given back. */
void piq_sqlite_readers_release(piq_sqlite_readers *r);

piq_sqlite_conn *piq_sqlite_readers_borrow(piq_sqlite_readers *r);
void piq_sqlite_readers_return(piq_sqlite_readers *r, piq_sqlite_conn *c);

#endif
