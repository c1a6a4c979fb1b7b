/* trimmer.h - drops what the audit has kept for long enough, where this process
 * leads: once an hour, in a thread of its own, since each chain is checked up
 * to where it is cut. Private to cli/. */
#ifndef PIQ_CLI_TRIMMER_H
#define PIQ_CLI_TRIMMER_H

#include "engine/engine.h"

#include <pthread.h>
#include <stdbool.h>

typedef struct piq_trimmer {
    piq_engine *engine;
    int64_t keep_us;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t wake;
    bool runs, stop;
} piq_trimmer;

/* 0 days: for ever, nothing is started. PIQ_EIO: no thread. The engine outlives
 * it; *t stays where it is. */
PIQ_MUST_USE piq_status piq_trimmer_start(piq_trimmer *t, piq_engine *e,
                                          int64_t keep_days, piq_err *err);
/* Waits for what is under way. One that was not started is left alone. */
void piq_trimmer_stop(piq_trimmer *t);

#endif
