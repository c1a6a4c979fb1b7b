/* retrain.h - `piq train kt --background` beside a server, on a schedule.
 *
 * A process of its own: what it uses of memory and time is its own, and when
 * it fails, the server does not. The server finds the new champion in the
 * store. Looked at by the server's main thread, between signals; that thread
 * alone may call these.
 */
#ifndef PIQ_CLI_RETRAIN_H
#define PIQ_CLI_RETRAIN_H

#include "store/store.h"

#include <stdbool.h>
#include <sys/types.h>

typedef struct piq_retrain {
    const char *db;
    int64_t every_us; /* 0: never */
    int64_t tried_us; /* when the last one was begun; 0: not yet asked */
    pid_t child;      /* 0: none is under way */
} piq_retrain;

piq_retrain piq_retrain_begin(const char *db, int64_t every_hours);
/* Starts one when the newest model in the store, and the last try, are older
 * than the schedule, where this process `leads`; logs the end of one. */
void piq_retrain_tick(piq_retrain *r, piq_store *store, bool leads,
                      int64_t now_us);
/* Ends one that is under way; nothing of it is kept. */
void piq_retrain_end(piq_retrain *r);

#endif
