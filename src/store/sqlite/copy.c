/* copy.c - a file as it was at one instant: backups, and back. */
#include "store/sqlite/errors.h"
#include "store/sqlite/schema.h"
#include "store/sqlite/sqlite_store.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum {
    PIECE_PAGES = 2048,
    PAUSE_MS = 20,
    MOST_PAUSES = 1500 /* half a minute without one step */
};

typedef struct copy {
    const char *from_path;
    char part[PATH_MAX + 8];
    sqlite3 *from, *to;
    piq_sqlite_progress *progress;
    void *ctx;
} copy;

static piq_status open_both(copy *c, piq_err *err)
{
    int rc = sqlite3_open_v2(c->from_path, &c->from,
                             SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL);
    if (rc == SQLITE_OK)
        rc = sqlite3_busy_timeout(c->from, PAUSE_MS);
    if (rc != SQLITE_OK)
        return piq_sqlite_fail(err, c->from, c->from_path, rc, "open a file");
    rc = sqlite3_open_v2(
        c->part, &c->to,
        SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX, NULL);
    if (rc == SQLITE_OK)
        return PIQ_OK;
    return piq_sqlite_fail(err, c->to, c->part, rc, "make a copy");
}

static int64_t pragma_number(sqlite3 *db, const char *sql, int *rc)
{
    sqlite3_stmt *s = NULL;
    int64_t v = 0;
    *rc = sqlite3_prepare_v2(db, sql, -1, &s, NULL);
    if (*rc == SQLITE_OK) {
        *rc = sqlite3_step(s);
        if (*rc == SQLITE_ROW)
            v = sqlite3_column_int64(s, 0);
    }
    sqlite3_finalize(s);
    return v;
}

static piq_status must_be_ours(const copy *c, piq_err *err)
{
    int rc;
    int64_t id = pragma_number(c->from, "PRAGMA application_id", &rc);
    if (rc != SQLITE_ROW)
        return piq_sqlite_fail(err, c->from, c->from_path, rc, "read a file");
    return id == PIQ_SQLITE_APPLICATION_ID
               ? PIQ_OK
               : piq_sqlite_fail_not_ours(err, c->from_path);
}

/* A writer between two steps would make SQLite begin anew, for ever on a busy
 * file: a transaction that reads holds the instant. Writers go on; the WAL
 * grows meanwhile. */
static piq_status hold_instant(copy *c, piq_err *err)
{
    int rc = sqlite3_exec(c->from, "BEGIN; SELECT count(*) FROM sqlite_schema",
                          NULL, NULL, NULL);
    return rc == SQLITE_OK
               ? PIQ_OK
               : piq_sqlite_fail(err, c->from, c->from_path, rc, "read a file");
}

static piq_status copy_pages(copy *c, piq_err *err)
{
    int rc, pauses = 0;
    sqlite3_backup *b = sqlite3_backup_init(c->to, "main", c->from, "main");
    if (!b)
        return piq_sqlite_fail(err, c->to, c->part, sqlite3_errcode(c->to),
                               "make a copy");
    do {
        rc = sqlite3_backup_step(b, PIECE_PAGES);
        if (c->progress)
            c->progress(c->ctx,
                        (uint64_t)(sqlite3_backup_pagecount(b) -
                                   sqlite3_backup_remaining(b)),
                        (uint64_t)sqlite3_backup_pagecount(b));
        if (rc == SQLITE_BUSY || rc == SQLITE_LOCKED)
            sqlite3_sleep(PAUSE_MS);
        else
            pauses = 0;
    } while (rc == SQLITE_OK || ((rc == SQLITE_BUSY || rc == SQLITE_LOCKED) &&
                                 ++pauses < MOST_PAUSES));
    int ended = sqlite3_backup_finish(b);
    if (rc == SQLITE_DONE)
        rc = ended;
    if (rc == SQLITE_OK)
        return PIQ_OK;
    return piq_sqlite_fail(err, c->to, c->part, rc, "copy a file");
}

/* Every page of the copy. One file afterwards: no WAL beside it. */
static piq_status check_copy(copy *c, piq_err *err)
{
    sqlite3_stmt *s = NULL;
    char said[120] = "";
    int rc =
        sqlite3_exec(c->to, "PRAGMA journal_mode=DELETE", NULL, NULL, NULL);
    if (rc == SQLITE_OK)
        rc = sqlite3_prepare_v2(c->to, "PRAGMA integrity_check(1)", -1, &s,
                                NULL);
    if (rc == SQLITE_OK) {
        rc = sqlite3_step(s);
        if (rc == SQLITE_ROW)
            snprintf(said, sizeof said, "%s",
                     (const char *)sqlite3_column_text(s, 0));
    }
    if (rc != SQLITE_ROW) {
        piq_status status =
            piq_sqlite_fail(err, c->to, c->part, rc, "check a copy");
        sqlite3_finalize(s);
        return status;
    }
    sqlite3_finalize(s);
    if (strcmp(said, "ok") == 0)
        return PIQ_OK;
    piq_fail(err, PIQ_ECORRUPT, "%.100s is damaged: %.100s", c->from_path,
             said);
    piq_err_at(err, "%.120s", c->from_path);
    return PIQ_ECORRUPT;
}

static void forget_part(const copy *c)
{
    static const char *const suffixes[] = {"", "-journal", "-wal", "-shm"};
    char name[sizeof c->part + 16];
    for (size_t i = 0; i < sizeof suffixes / sizeof suffixes[0]; i++) {
        snprintf(name, sizeof name, "%s%s", c->part, suffixes[i]);
        unlink(name);
    }
}

/* The name is durable when the folder is. */
static void sync_folder(const char *path)
{
    char folder[PATH_MAX + 2];
    snprintf(folder, sizeof folder, "%s", path);
    char *slash = strrchr(folder, '/');
    if (slash)
        slash[slash == folder] = '\0';
    int fd = open(slash ? folder : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd >= 0) {
        (void)fsync(fd); /* some file systems cannot, and need not */
        close(fd);
    }
}

/* link() does not replace what came to be there meanwhile. */
static piq_status put_in_place(const copy *c, const char *to, piq_err *err)
{
    if (link(c->part, to) == 0) {
        unlink(c->part);
        sync_folder(to);
        return PIQ_OK;
    }
    return piq_fail(err, errno == EEXIST ? PIQ_ECONFLICT : PIQ_EIO,
                    "could not give a copy the name %.120s: %s", to,
                    strerror(errno));
}

piq_status piq_sqlite_copy_file(const char *from, const char *to,
                                piq_sqlite_progress *progress, void *ctx,
                                piq_err *err)
{
    copy c = {.from_path = from, .progress = progress, .ctx = ctx};
    if (strlen(to) > PATH_MAX)
        return piq_fail(err, PIQ_EINVAL, "a file's name of more than %d bytes",
                        PATH_MAX);
    if (access(from, F_OK) != 0)
        return piq_fail(err, PIQ_ENOTFOUND, "there is no file %.180s", from);
    if (access(to, F_OK) == 0)
        return piq_fail(err, PIQ_ECONFLICT, "%.180s is there already", to);
    snprintf(c.part, sizeof c.part, "%s.part", to);
    forget_part(&c);
    piq_status status = open_both(&c, err);
    if (status == PIQ_OK)
        status = must_be_ours(&c, err);
    if (status == PIQ_OK)
        status = hold_instant(&c, err);
    if (status == PIQ_OK)
        status = copy_pages(&c, err);
    if (status == PIQ_OK)
        status = check_copy(&c, err);
    sqlite3_close(c.to);
    sqlite3_close(c.from);
    if (status == PIQ_OK)
        status = put_in_place(&c, to, err);
    if (status)
        forget_part(&c);
    return status;
}
