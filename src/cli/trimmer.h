/* trimmer.h - gives back what is no longer needed, in a thread of its own.
 *
 * Memory: once a minute, free pages go back to the kernel (heap.h); what is in
 * use and what is held beside it are gauges (piq_heap_live_bytes,
 * piq_heap_free_bytes, piq_resident_bytes, piq_cached_slate_bytes), looked at
 * every ten seconds. Audit: once an hour, where this process leads, what has
 * been kept for long enough is dropped; each chain is checked up to where it is
 * cut. Private to cli/. */
#ifndef PIQ_CLI_TRIMMER_H
#define PIQ_CLI_TRIMMER_H

#include "engine/engine.h"
#include "metrics/metrics.h"

#include <pthread.h>
#include <stdbool.h>

typedef struct piq_trimmer {
    piq_engine *engine;
    piq_metric *live, *free, *resident, *slates;
    int64_t keep_us; /* of the audit; 0: for ever */
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t wake;
    bool runs, stop;
} piq_trimmer;

/* keep_days 0: the audit is kept for ever. `m` may be NULL. PIQ_EIO: no
 * thread. The engine and `m` outlive it; *t stays where it is. */
PIQ_MUST_USE piq_status piq_trimmer_start(piq_trimmer *t, piq_engine *e,
                                          piq_metrics *m, int64_t keep_days,
                                          piq_err *err);
/* Waits for what is under way. One that was not started is left alone. */
void piq_trimmer_stop(piq_trimmer *t);

#endif
