/* auditor.h - stores what the audit gathers, some times a second, in a thread
 * of its own: under load storing may take as long as there is load. Private to
 * cli/. */
#ifndef PIQ_CLI_AUDITOR_H
#define PIQ_CLI_AUDITOR_H

#include "access/audit.h"
#include "engine/engine.h"

#include <pthread.h>
#include <stdbool.h>

typedef struct piq_auditor {
    piq_engine *engine; /* hears of what fails */
    piq_audit *audit;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t wake;
    bool runs, stop;
} piq_auditor;

/* PIQ_EIO: no thread. Engine and audit outlive it; *a stays where it is. */
PIQ_MUST_USE piq_status piq_auditor_start(piq_auditor *a, piq_engine *engine,
                                          piq_audit *audit, piq_err *err);
/* Once nothing is added any more. */
void piq_auditor_stop(piq_auditor *a);

#endif
