/* refit.h - memory's parameters and the taste model fitted beside a server, on
 * a schedule.
 *
 * A thread of the lowest priority, not a process: what it gives goes through
 * the server's own engine and is seen at once. Looked at by the server's main
 * thread, which alone may call these.
 */
#ifndef PIQ_CLI_REFIT_H
#define PIQ_CLI_REFIT_H

#include "engine/engine.h"

#include <pthread.h>
#include <stdatomic.h>

typedef struct piq_refit {
    piq_engine *engine;
    int64_t every_us; /* 0: never */
    int64_t next_us;  /* when the next one is due */
    pthread_t thread;
    bool started;      /* there is a thread to join */
    atomic_bool stop;  /* asked to end early */
    atomic_bool ended; /* the thread has done its work */
} piq_refit;

/* The first is due a minute after now. One is begun where the engine leads
 * (piq_engine_leads): of several on one database, one fits. */
void piq_refit_begin(piq_refit *r, piq_engine *e, int64_t every_hours,
                     int64_t now_us);
void piq_refit_tick(piq_refit *r, int64_t now_us);
/* Asks one that is under way to end, and waits for it. */
void piq_refit_end(piq_refit *r);

#endif
