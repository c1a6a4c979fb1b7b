#include "store/sqlite/checkpoint.h"

#include "base/clock.h"
#include "base/log.h"
#include "store/sqlite/errors.h"

enum {
    /* Copied and synced as soon as there are so many: what reaches the disk at
     * once is what the commits' own syncs wait behind. 64 MiB at once were a
     * tenth of a second, and p99 of durable events at 2,000/s with it. */
    PIECE_FRAMES = (8 << 20) / PIQ_SQLITE_PAGE_BYTES,
    /* Restarted from here on: with 32 MiB, commits of 16 learners had a p99 of
     * 7 to 9 ms, with 64 MiB 4 to 6 ms. On a busy disk the WAL was seen at
     * 200 MB before it restarted. */
    START_FRAMES = (64 << 20) / PIQ_SQLITE_PAGE_BYTES,
    /* May be left for the restart, with which commits wait; copied again at
     * most so often until it is so few. */
    FEW_FRAMES = (1 << 20) / PIQ_SQLITE_PAGE_BYTES,
    N_COPIES = 5,
    PAUSE_MS = 200,
    /* What the restart step waits for readers of old frames, a fifth of a
     * millisecond at a time; commits wait with it. */
    RESTART_TRIES = 25,
    RESTART_TRY_NS = 200000
};

static int wait_for_readers(void *ctx, int n_tries)
{
    (void)ctx;
    if (n_tries >= RESTART_TRIES)
        return 0;
    piq_clock_rest_ns(RESTART_TRY_NS);
    return 1;
}

/* Holds `lock`. */
static int n_new(const piq_sqlite_checkpointer *k)
{
    return k->n_frames - k->n_seen;
}

/* Holds `lock`. */
static bool is_due(const piq_sqlite_checkpointer *k)
{
    return (n_new(k) >= PIECE_FRAMES || k->n_frames >= START_FRAMES ||
            k->scrub) &&
           !k->sync_failed;
}

int piq_sqlite_checkpointer_hook(void *ctx, sqlite3 *db, const char *schema,
                                 int n_frames)
{
    (void)db;
    (void)schema;
    piq_sqlite_checkpointer *k = ctx;
    pthread_mutex_lock(&k->lock);
    k->n_frames = n_frames;
    if (is_due(k))
        pthread_cond_signal(&k->wake);
    pthread_mutex_unlock(&k->lock);
    return SQLITE_OK;
}

static int sync_database(sqlite3 *db)
{
    sqlite3_file *file = NULL;
    int rc = sqlite3_file_control(db, "main", SQLITE_FCNTL_FILE_POINTER, &file);
    if (rc != SQLITE_OK)
        return rc;
    return file->pMethods->xSync(file, SQLITE_SYNC_NORMAL);
}

static int copy_and_sync(piq_sqlite_checkpointer *k)
{
    sqlite3 *db = k->conn.db;
    pthread_mutex_lock(&k->lock);
    k->n_seen = k->n_frames;
    pthread_mutex_unlock(&k->lock);
    int rc = sqlite3_wal_checkpoint_v2(db, "main", SQLITE_CHECKPOINT_PASSIVE,
                                       NULL, NULL);
    return rc == SQLITE_OK ? sync_database(db) : rc;
}

void piq_sqlite_checkpointer_scrub(piq_sqlite_checkpointer *k)
{
    pthread_mutex_lock(&k->lock);
    k->scrub = true;
    pthread_cond_signal(&k->wake);
    pthread_mutex_unlock(&k->lock);
}

/* The count of frames is reset with the writer held off: no commit's comes
 * between, and no erasure. */
static int restart(piq_sqlite_checkpointer *k)
{
    pthread_mutex_lock(k->write_lock);
    pthread_mutex_lock(&k->lock);
    bool scrub = k->scrub;
    pthread_mutex_unlock(&k->lock);
    int rc = sqlite3_wal_checkpoint_v2(k->conn.db, "main",
                                       scrub ? SQLITE_CHECKPOINT_TRUNCATE
                                             : SQLITE_CHECKPOINT_RESTART,
                                       NULL, NULL);
    if (rc == SQLITE_OK) {
        pthread_mutex_lock(&k->lock);
        k->n_frames = 0;
        k->n_seen = 0;
        k->scrub = k->scrub && !scrub;
        pthread_mutex_unlock(&k->lock);
    }
    pthread_mutex_unlock(k->write_lock);
    return rc;
}

/* *few: next to nothing has come since the last copy. */
static bool is_to_restart(piq_sqlite_checkpointer *k, bool *few)
{
    pthread_mutex_lock(&k->lock);
    bool yes = k->n_frames >= START_FRAMES || k->scrub;
    *few = n_new(k) <= FEW_FRAMES;
    pthread_mutex_unlock(&k->lock);
    return yes;
}

static int checkpoint(piq_sqlite_checkpointer *k)
{
    bool few, restarts;
    int n = 0, rc;
    do {
        rc = copy_and_sync(k);
        restarts = is_to_restart(k, &few);
    } while (rc == SQLITE_OK && restarts && !few && ++n < N_COPIES);
    return rc == SQLITE_OK && restarts ? restart(k) : rc;
}

/* Holds `lock`, gives it up while asleep. */
static void pause_a_little(piq_sqlite_checkpointer *k)
{
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_nsec += PAUSE_MS * 1000000L;
    until.tv_sec += until.tv_nsec / 1000000000L;
    until.tv_nsec %= 1000000000L;
    int rc = 0;
    while (!k->stop && rc == 0)
        rc = pthread_cond_timedwait(&k->wake, &k->lock, &until);
}

/* BUSY is nothing to report: somebody still reads old frames. */
static void report(piq_sqlite_checkpointer *k, int rc, bool *reported)
{
    bool bad = rc != SQLITE_OK && (rc & 0xff) != SQLITE_BUSY;
    if (bad && !*reported) {
        piq_err err;
        piq_sqlite_fail(&err, k->conn.db, k->conn.path, rc,
                        "move committed pages");
        piq_log_err(0,
                    k->sync_failed
                        ? "checkpoint failed; none until the store is reopened"
                        : "checkpoint failed; it will be tried again",
                    &err);
    }
    *reported = bad;
}

static void *run(void *ctx)
{
    piq_sqlite_checkpointer *k = ctx;
    bool reported = false;
    pthread_mutex_lock(&k->lock);
    for (;;) {
        while (!k->stop && !is_due(k))
            pthread_cond_wait(&k->wake, &k->lock);
        if (k->stop)
            break;
        pthread_mutex_unlock(&k->lock);
        int rc = checkpoint(k);
        k->sync_failed = rc == SQLITE_IOERR_FSYNC;
        report(k, rc, &reported);
        pthread_mutex_lock(&k->lock);
        if (rc != SQLITE_OK)
            pause_a_little(k);
    }
    pthread_mutex_unlock(&k->lock);
    return NULL;
}

static bool init_locks(piq_sqlite_checkpointer *k)
{
    pthread_condattr_t attr;
    if (pthread_condattr_init(&attr) != 0)
        return false;
    bool ok = pthread_condattr_setclock(&attr, CLOCK_MONOTONIC) == 0 &&
              pthread_cond_init(&k->wake, &attr) == 0;
    pthread_condattr_destroy(&attr);
    if (ok && pthread_mutex_init(&k->lock, NULL) != 0) {
        pthread_cond_destroy(&k->wake);
        ok = false;
    }
    return ok;
}

static void release(piq_sqlite_checkpointer *k)
{
    pthread_cond_destroy(&k->wake);
    pthread_mutex_destroy(&k->lock);
    piq_sqlite_disconnect(&k->conn);
}

piq_status piq_sqlite_checkpointer_start(piq_sqlite_checkpointer *k,
                                         const piq_sqlite_setting *setting,
                                         pthread_mutex_t *write_lock,
                                         piq_err *err)
{
    *k = (piq_sqlite_checkpointer){.write_lock = write_lock};
    piq_status st =
        piq_sqlite_connect(setting, PIQ_SQLITE_CHECKPOINTER, &k->conn, err);
    if (st != PIQ_OK)
        return st;
    sqlite3_busy_handler(k->conn.db, wait_for_readers, NULL);
    if (!init_locks(k)) {
        piq_sqlite_disconnect(&k->conn);
        return piq_fail(err, PIQ_ENOMEM, "could not make a lock for %s",
                        setting->path);
    }
    if (pthread_create(&k->thread, NULL, run, k) == 0)
        return PIQ_OK;
    release(k);
    return piq_fail(err, PIQ_ENOMEM,
                    "could not start the checkpoint thread of %s",
                    setting->path);
}

static void keep_wal(sqlite3 *db)
{
    sqlite3_db_config(db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
}

void piq_sqlite_checkpointer_stop(piq_sqlite_checkpointer *k, sqlite3 *writer)
{
    pthread_mutex_lock(&k->lock);
    k->stop = true;
    pthread_cond_signal(&k->wake);
    pthread_mutex_unlock(&k->lock);
    pthread_join(k->thread, NULL);
    if (k->sync_failed) {
        keep_wal(k->conn.db);
        keep_wal(writer);
    }
    release(k);
}
