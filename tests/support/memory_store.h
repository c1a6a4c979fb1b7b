/* memory_store.h - a store in memory, for the engine's tests: all of store.h
 * but dump() and load(), thread safe, and failing where a test asks it to.
 *
 * What is stored lives in a memory_data, apart from the handles on it, so that
 * a test can close an engine and open another one, or two at once, as two
 * processes would. Snapshots are never thinned out.
 */
#ifndef PIQ_TESTS_MEMORY_STORE_H
#define PIQ_TESTS_MEMORY_STORE_H

#include "store/store.h"

typedef struct memory_data memory_data;

memory_data *memory_data_new(void);
void memory_data_free(memory_data *d);

/* A handle; close it with its ops. */
piq_store *memory_store_open(memory_data *d);

/* The nth next commit or read (from 1) fails with `status`, as do the `more`
 * that follow; nth 0: none does. */
void memory_fail_commit(memory_data *d, long nth, long more, piq_status status);
void memory_fail_read(memory_data *d, long nth, long more, piq_status status);
/* The same for what is done with models, champions, rules and experiments,
 * which count for no commit and no read: the engine asks for them when it
 * likes. */
void memory_fail_model(memory_data *d, long nth, long more, piq_status status);
/* Whether the failure asked for has happened. */
bool memory_has_failed(const memory_data *d);

/* While held, commits wait. */
void memory_hold_commits(memory_data *d, bool hold);
/* Returns once a commit waits. */
void memory_await_commit(memory_data *d);

/* Runs before each commit, on its thread, with nothing locked. NULL: none. */
void memory_before_commit(memory_data *d,
                          void (*run)(void *ctx, const piq_commit *c),
                          void *ctx);

size_t memory_n_commits(memory_data *d); /* durable ones */
size_t memory_n_events(memory_data *d);
size_t memory_n_paths(memory_data *d);
size_t memory_n_slates(memory_data *d);
size_t memory_n_snapshots(memory_data *d, int64_t user);

#endif
