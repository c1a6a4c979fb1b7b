/* sqlite_store.h - the embedded backend: one file, WAL mode.
 *
 * synchronous=FULL, one writer connection, a small pool of readers, and
 * checkpoints on a thread of their own. Schema and migrations: schema.c. The
 * file carries an application id and a schema version; a file of a newer
 * version, or one that is not ours, is refused.
 */
#ifndef PIQ_STORE_SQLITE_STORE_H
#define PIQ_STORE_SQLITE_STORE_H

#include "store/store.h"

typedef struct piq_sqlite_options {
    unsigned n_readers;       /* connections for reads, at most 64; 0: 4 */
    unsigned busy_timeout_ms; /* waiting for another process; 0: 2000 */
    bool relaxed; /* synchronous=NORMAL: a power cut may lose the last commits;
                     kill -9 may not. For bulk import. */
} piq_sqlite_options;

/* Opens, creating and migrating as needed. `options` may be NULL. PIQ_EIO,
 * PIQ_EBUSY, PIQ_EFULL, PIQ_ECORRUPT, PIQ_EDENIED (may not be written),
 * PIQ_EINVAL (not our file, or newer: it is left as it is). The caller closes
 * with out->ops->close, when no call is under way. */
PIQ_MUST_USE piq_status piq_sqlite_open(const char *path,
                                        const piq_sqlite_options *options,
                                        piq_store **out, piq_err *err);

/* Called now and then while pages are copied. */
typedef void piq_sqlite_progress(void *ctx, uint64_t done, uint64_t of);

/* Copies the file as it was at one instant, also while others use it, into
 * `to`, which must not be there, and checks every page of the copy. Nobody
 * finds half of it: it is made as TO.part. `progress` may be NULL. PIQ_EINVAL:
 * `from` is not ours; PIQ_ECORRUPT: it is damaged; PIQ_ECONFLICT: `to` is
 * there; PIQ_ENOTFOUND, PIQ_EBUSY, PIQ_EFULL, PIQ_EIO. */
PIQ_MUST_USE piq_status piq_sqlite_copy_file(const char *from, const char *to,
                                             piq_sqlite_progress *progress,
                                             void *ctx, piq_err *err);

#endif
