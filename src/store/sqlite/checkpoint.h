/* checkpoint.h - copies the WAL into the database, on a thread of its own.
 *
 * A commit that also checkpoints waits for it: p99 of a 16-learner commit was
 * 13.6 ms that way and 2.4 ms with checkpoints here. Three steps:
 *
 *   copy     PASSIVE: moves what is committed; writer and readers go on.
 *   sync     of the database file, which SQLite leaves out of a PASSIVE while
 *            commits go on. Copy and sync are done for every 8 MiB that the
 *            WAL has grown by, so that the disk never has much to do at once.
 *   restart  when the WAL has 64 MiB. RESTART: moves the last few, syncs, and
 *            makes the next commit write from the WAL's beginning. The writer
 *            is held off (write_lock) in this step only; without it a busy
 *            writer would make the WAL grow for ever, and with all the syncing
 *            left to it commits stood still for 40 to 60 ms.
 *
 * After an erasure the last step is a TRUNCATE, which leaves no page of the WAL
 * behind, and does not wait for 64 MiB: older pages have what was erased.
 *
 * A failed checkpoint loses nothing: the WAL stays the truth. It is logged
 * once, and tried again after a pause. After a failed sync nothing is tried
 * again: the kernel may have dropped the pages that it could not write and
 * call the next sync a success, and SQLite counts those pages as copied. So
 * the WAL is kept and grows until the store is opened anew, which copies all
 * of it again.
 */
#ifndef PIQ_STORE_SQLITE_CHECKPOINT_H
#define PIQ_STORE_SQLITE_CHECKPOINT_H

#include "store/sqlite/statement.h"

#include <pthread.h>

typedef struct piq_sqlite_checkpointer {
    piq_sqlite_conn conn;
    pthread_mutex_t *write_lock; /* the store's; taken with `lock` not held */
    pthread_t thread;
    pthread_mutex_t lock; /* guards what follows */
    pthread_cond_t wake;
    int n_frames; /* in the WAL, as the last commit said */
    int n_seen;   /* of them when the last copy began */
    bool scrub;   /* the WAL holds what was erased */
    bool stop;
    bool sync_failed; /* written by the thread; read after it was joined */
} piq_sqlite_checkpointer;

/* Opens its connection and starts the thread. On failure nothing is held. */
PIQ_MUST_USE piq_status piq_sqlite_checkpointer_start(
    piq_sqlite_checkpointer *k, const piq_sqlite_setting *setting,
    pthread_mutex_t *write_lock, piq_err *err);

/* Something was erased: the WAL is emptied soon. Any thread. */
void piq_sqlite_checkpointer_scrub(piq_sqlite_checkpointer *k);

/* Stops the thread, and closes; the last one to close the file moves the rest
 * of the WAL and removes it (SQLite does). After a failed sync it keeps
 * the WAL, and has `writer`, which is closed next and last, keep it too. */
void piq_sqlite_checkpointer_stop(piq_sqlite_checkpointer *k, sqlite3 *writer);

/* For sqlite3_wal_hook() on the writer; ctx is the checkpointer. */
int piq_sqlite_checkpointer_hook(void *ctx, sqlite3 *db, const char *schema,
                                 int n_frames);

#endif
