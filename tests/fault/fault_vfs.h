/* fault_vfs.h - a disk that fails when it is told to.
 *
 * A thin VFS over SQLite's own. fault_vfs_install() makes it the default, so
 * that the store under test opens its files through it unchanged. Armed, it
 * lets `skip` operations of a kind pass and fails the next (or, sticky, all
 * that follow). A write that fails has written half of its bytes, as a real
 * one may.
 */
#ifndef PIQ_TESTS_FAULT_VFS_H
#define PIQ_TESTS_FAULT_VFS_H

#include <pthread.h>
#include <sqlite3.h>
#include <stdbool.h>
#include <string.h>

typedef enum fault_kind {
    FAULT_NONE = 0,
    FAULT_READ = 1,
    FAULT_WRITE = 2, /* and truncate */
    FAULT_SYNC = 4,
    FAULT_OPEN = 8,
    FAULT_SHM = 16, /* growing the WAL's index */
    FAULT_ANY = 31
} fault_kind;

typedef struct fault_plan {
    int kinds; /* fault_kind bits */
    int rc;    /* what a failed operation says; 0: IOERR of its kind */
    bool sticky;
    bool database_only; /* spare WAL and journal */
    long skip;
    long n_failed;
} fault_plan;

typedef struct fault_file {
    sqlite3_file base;
    bool is_database;
    sqlite3_file *real;
} fault_file;

static pthread_mutex_t fault_lock = PTHREAD_MUTEX_INITIALIZER;
static fault_plan fault_now; /* under fault_lock */
static sqlite3_vfs *fault_real;

static inline void fault_arm(fault_plan plan)
{
    pthread_mutex_lock(&fault_lock);
    fault_now = plan;
    pthread_mutex_unlock(&fault_lock);
}

/* How many operations failed since it was armed. */
static inline long fault_disarm(void)
{
    pthread_mutex_lock(&fault_lock);
    long n = fault_now.n_failed;
    fault_now = (fault_plan){0};
    pthread_mutex_unlock(&fault_lock);
    return n;
}

static inline long fault_count(void)
{
    pthread_mutex_lock(&fault_lock);
    long n = fault_now.n_failed;
    pthread_mutex_unlock(&fault_lock);
    return n;
}

/* SQLITE_OK, or the failure due now. */
static inline int fault_due(const fault_file *f, fault_kind kind, int own_rc)
{
    pthread_mutex_lock(&fault_lock);
    int rc = SQLITE_OK;
    bool meant = (fault_now.kinds & (int)kind) != 0 &&
                 (!fault_now.database_only || (f != NULL && f->is_database));
    bool again = fault_now.n_failed > 0;
    if (meant && (!again || fault_now.sticky) && fault_now.skip-- <= 0) {
        fault_now.n_failed++;
        rc = fault_now.rc != 0 ? fault_now.rc : own_rc;
    }
    pthread_mutex_unlock(&fault_lock);
    return rc;
}

#define FAULT_REAL(file) (((fault_file *)(file))->real)

static int fault_close(sqlite3_file *f)
{
    return FAULT_REAL(f)->pMethods->xClose(FAULT_REAL(f));
}

static int fault_read(sqlite3_file *f, void *to, int n, sqlite3_int64 at)
{
    int rc = fault_due((fault_file *)f, FAULT_READ, SQLITE_IOERR_READ);
    if (rc != SQLITE_OK)
        return rc;
    return FAULT_REAL(f)->pMethods->xRead(FAULT_REAL(f), to, n, at);
}

static int fault_write(sqlite3_file *f, const void *from, int n,
                       sqlite3_int64 at)
{
    int rc = fault_due((fault_file *)f, FAULT_WRITE, SQLITE_IOERR_WRITE);
    if (rc != SQLITE_OK)
        n /= 2;
    int real_rc = FAULT_REAL(f)->pMethods->xWrite(FAULT_REAL(f), from, n, at);
    return rc != SQLITE_OK ? rc : real_rc;
}

static int fault_truncate(sqlite3_file *f, sqlite3_int64 size)
{
    int rc = fault_due((fault_file *)f, FAULT_WRITE, SQLITE_IOERR_TRUNCATE);
    if (rc != SQLITE_OK)
        return rc;
    return FAULT_REAL(f)->pMethods->xTruncate(FAULT_REAL(f), size);
}

static int fault_sync(sqlite3_file *f, int flags)
{
    int rc = fault_due((fault_file *)f, FAULT_SYNC, SQLITE_IOERR_FSYNC);
    if (rc != SQLITE_OK)
        return rc;
    return FAULT_REAL(f)->pMethods->xSync(FAULT_REAL(f), flags);
}

static int fault_size(sqlite3_file *f, sqlite3_int64 *size)
{
    return FAULT_REAL(f)->pMethods->xFileSize(FAULT_REAL(f), size);
}

static int fault_take_lock(sqlite3_file *f, int level)
{
    return FAULT_REAL(f)->pMethods->xLock(FAULT_REAL(f), level);
}

static int fault_unlock(sqlite3_file *f, int level)
{
    return FAULT_REAL(f)->pMethods->xUnlock(FAULT_REAL(f), level);
}

static int fault_check_lock(sqlite3_file *f, int *out)
{
    return FAULT_REAL(f)->pMethods->xCheckReservedLock(FAULT_REAL(f), out);
}

static int fault_control(sqlite3_file *f, int op, void *arg)
{
    return FAULT_REAL(f)->pMethods->xFileControl(FAULT_REAL(f), op, arg);
}

static int fault_sector(sqlite3_file *f)
{
    return FAULT_REAL(f)->pMethods->xSectorSize(FAULT_REAL(f));
}

static int fault_traits(sqlite3_file *f)
{
    return FAULT_REAL(f)->pMethods->xDeviceCharacteristics(FAULT_REAL(f));
}

static int fault_shm_map(sqlite3_file *f, int page, int size, int extend,
                         void volatile **out)
{
    int rc = fault_due((fault_file *)f, FAULT_SHM, SQLITE_IOERR_SHMMAP);
    if (rc != SQLITE_OK) {
        *out = NULL;
        return rc;
    }
    return FAULT_REAL(f)->pMethods->xShmMap(FAULT_REAL(f), page, size, extend,
                                            out);
}

static int fault_shm_lock(sqlite3_file *f, int at, int n, int flags)
{
    return FAULT_REAL(f)->pMethods->xShmLock(FAULT_REAL(f), at, n, flags);
}

static void fault_shm_barrier(sqlite3_file *f)
{
    FAULT_REAL(f)->pMethods->xShmBarrier(FAULT_REAL(f));
}

static int fault_shm_unmap(sqlite3_file *f, int remove)
{
    return FAULT_REAL(f)->pMethods->xShmUnmap(FAULT_REAL(f), remove);
}

/* Version 2: shared memory, no mmap of the file past our xRead. */
static const sqlite3_io_methods fault_methods = {
    .iVersion = 2,
    .xClose = fault_close,
    .xRead = fault_read,
    .xWrite = fault_write,
    .xTruncate = fault_truncate,
    .xSync = fault_sync,
    .xFileSize = fault_size,
    .xLock = fault_take_lock,
    .xUnlock = fault_unlock,
    .xCheckReservedLock = fault_check_lock,
    .xFileControl = fault_control,
    .xSectorSize = fault_sector,
    .xDeviceCharacteristics = fault_traits,
    .xShmMap = fault_shm_map,
    .xShmLock = fault_shm_lock,
    .xShmBarrier = fault_shm_barrier,
    .xShmUnmap = fault_shm_unmap,
};

static int fault_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *file,
                      int flags, int *out_flags)
{
    (void)vfs;
    fault_file *f = (fault_file *)file;
    memset(f, 0, sizeof *f);
    int rc = fault_due(NULL, FAULT_OPEN, SQLITE_CANTOPEN);
    if (rc != SQLITE_OK)
        return rc;
    f->is_database = (flags & SQLITE_OPEN_MAIN_DB) != 0;
    f->real = (sqlite3_file *)(f + 1);
    rc = fault_real->xOpen(fault_real, name, f->real, flags, out_flags);
    if (rc == SQLITE_OK)
        f->base.pMethods = &fault_methods;
    return rc;
}

static inline void fault_vfs_install(void)
{
    static sqlite3_vfs vfs;
    fault_real = sqlite3_vfs_find(NULL);
    vfs = *fault_real;
    vfs.zName = "fault";
    vfs.szOsFile = (int)sizeof(fault_file) + fault_real->szOsFile;
    vfs.xOpen = fault_open;
    sqlite3_vfs_register(&vfs, 1);
}

#endif
