/* workers.h - threads that answer requests which may have to wait.
 *
 * A pool thread of http/ serves many connections: while it waits for a
 * database that does not answer, all of them stand still, and so does the one
 * that asks whether we are ready. Where storage is somewhere else, requests
 * that may need it are answered here.
 *
 *     pool thread --defer--> queue --> worker --> piq_api_go_on
 *
 * What is in memory the pool thread answers by itself, and what an owner thread
 * is to do it hands to that one: most requests. One more thread reads API keys
 * again. When storage has not served for 5 s, no more wait than can be answered
 * next; the others are told to come again (503).
 */
#ifndef PIQ_CLI_WORKERS_H
#define PIQ_CLI_WORKERS_H

#include "api/api.h"

typedef struct piq_workers piq_workers;

/* Both outlive it. n_threads >= 1. PIQ_ENOMEM, PIQ_EIO. */
PIQ_MUST_USE piq_status piq_workers_start(piq_engine *engine,
                                          piq_access *access,
                                          unsigned n_threads, piq_workers **out,
                                          piq_err *err);
/* Finishes what waits; nothing is deferred any more. NULL is allowed. */
void piq_workers_stop(piq_workers *w);

/* piq_api_config.defer, of a piq_workers. */
void piq_workers_take(void *workers, piq_api_call *c);

#endif
