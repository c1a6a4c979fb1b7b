/* The SQLite backend: opening, closing, and what holds in between.
 *
 *                   commit and other writes            every read
 *                              |                           |
 *                         write_lock                  one of n readers
 *                              v                           v
 *       checkpointer ---> writer ---> FILE-wal <---------- + ----> FILE
 *            |              one transaction a call
 *            +--- FILE-wal ---> FILE, when 64 MiB have gathered
 *
 * The writer is idle or writing; nothing else:
 *
 *       idle --- BEGIN IMMEDIATE ---> writing --- COMMIT ---> idle, durable
 *                  fails: idle           |
 *                                        +--- any failure: ROLLBACK ---> idle
 *
 * Invariants
 *
 *  (1) Durable. What writes says PIQ_OK only after COMMIT did, and with
 *      synchronous=FULL that is after the WAL was synced. (relaxed: after it
 *      was written; a killed process loses nothing, a power cut the last
 *      commits.)
 *
 *  (2) Whole or not at all. All rows of a call are in one transaction, and
 *      every way out of piq_sqlite_transact() leaves the writer outside one
 *      (asserted). After a crash, frames of the WAL without their commit
 *      frame are ignored. A commit whose sync failed is reported as failed
 *      and seen by nobody; should the power go before the next commit has
 *      written over its frames, it may yet be found whole. Callers retry with
 *      the same event ids, so that is harmless.
 *
 *  (3) Visible when committed, not before. Readers have connections of their
 *      own; each read is one statement, hence one snapshot; a read that
 *      begins after a commit returned sees it.
 *
 *  (4) No lost update. A state is replaced only where the version is still
 *      the one it was made from, inside the same transaction as everything
 *      derived from it; else PIQ_ESTALE and (2). This holds against other
 *      processes too: BEGIN IMMEDIATE lets one in at a time.
 *
 *  (5) Numbers. seq, ids and versions of models rise in the order of
 *      commits, those of one commit follow one another, and callers see them
 *      only after (1). None is ever given twice: AUTOINCREMENT where that
 *      costs nothing, else the table `numbers`, written when rows are erased.
 *
 *  (6) A checkpoint changes no content, so no commit or read depends on one.
 *      It holds write_lock in its restart step alone.
 *
 *  (7) A file that is not ours, or newer than us, is not written to: nothing
 *      before identify() in schema.c writes.
 *
 *  (8) A connection is given back, or the write lock left, with every
 *      statement reset: nobody pins old frames of the WAL between calls.
 *
 *  (9) Locks. write_lock before checkpointer.lock, and nothing is taken
 *      while readers.lock is held. Readers never take write_lock.
 *
 * (10) What is deleted is overwritten with zeros (secure_delete), and after an
 *      erasure the WAL, which has older pages, is emptied by the checkpointer
 *      as soon as no reader needs it. No state of an erased learner can be
 *      written again: store.h, erase().
 */
#include "base/arena.h"
#include "store/sqlite/errors.h"
#include "store/sqlite/handle.h"
#include "store/sqlite/schema.h"
#include "store/sqlite/sqlite_store.h"

#include <stdlib.h>
#include <string.h>

enum { DEFAULT_READERS = 4, DEFAULT_BUSY_TIMEOUT_MS = 2000 };

static void close_store(piq_store *base)
{
    piq_sqlite *s = piq_sqlite_of(base);
    piq_sqlite_readers_release(&s->readers);
    sqlite3_wal_hook(s->writer.db, NULL, NULL);
    piq_sqlite_checkpointer_stop(&s->checkpointer, s->writer.db);
    piq_sqlite_disconnect(&s->writer);
    pthread_mutex_destroy(&s->write_lock);
    free(s->path);
    free(s);
}

static const piq_store_ops sqlite_ops = {
    .name = "sqlite",
    .close = close_store,
    .commit = piq_sqlite_commit,
    .catalogue = piq_sqlite_catalogue,
    .put_catalogue = piq_sqlite_put_catalogue,
    .state = piq_sqlite_state,
    .snapshot = piq_sqlite_snapshot,
    .event = piq_sqlite_event,
    .events = piq_sqlite_events,
    .answers_after = piq_sqlite_answers_after,
    .recommendation = piq_sqlite_recommendation,
    .recommendations = piq_sqlite_recommendations,
    .path = piq_sqlite_path,
    .path_head = piq_sqlite_path_head,
    .profile = piq_sqlite_profile,
    .calibration = piq_sqlite_calibration,
    .calibrations = piq_sqlite_calibrations,
    .put_model = piq_sqlite_put_model,
    .models = piq_sqlite_models,
    .model = piq_sqlite_model,
    .drop_model = piq_sqlite_drop_model,
    .promote = piq_sqlite_promote,
    .champions = piq_sqlite_champions,
    .champion = piq_sqlite_champion,
    .slates_after = piq_sqlite_slates_after,
    .slate_of = piq_sqlite_slate_of,
    .shown = piq_sqlite_shown,
    .put_rules = piq_sqlite_put_rules,
    .rules = piq_sqlite_rules,
    .rule_versions = piq_sqlite_rule_versions,
    .put_experiment = piq_sqlite_put_experiment,
    .stop_experiment = piq_sqlite_stop_experiment,
    .experiments = piq_sqlite_experiments,
    .exposures = piq_sqlite_exposures,
    .policy_marks = piq_sqlite_policy_marks,
    .record = piq_sqlite_record,
    .records = piq_sqlite_records,
    .put_records = piq_sqlite_put_records,
    .changes = piq_sqlite_changes,
    .last_change = piq_sqlite_last_change,
    .erase = piq_sqlite_erase,
    .dump = piq_sqlite_dump,
    .load = piq_sqlite_load,
    .tidy = piq_sqlite_tidy,
    .forget_log = piq_sqlite_forget_log,
    .users = piq_sqlite_users,
    .catalogue_version = piq_sqlite_catalogue_version,
    .counts = piq_sqlite_counts,
    .ping = piq_sqlite_ping,
};

/* Memory and the lock; no connection yet. */
static piq_sqlite *make(const char *path)
{
    piq_sqlite *s =
        piq_alloc_should_fail() ? NULL : calloc(1, sizeof(piq_sqlite));
    if (s == NULL)
        return NULL;
    s->path = piq_alloc_should_fail() ? NULL : strdup(path);
    if (s->path != NULL && pthread_mutex_init(&s->write_lock, NULL) == 0) {
        s->base.ops = &sqlite_ops;
        return s;
    }
    free(s->path);
    free(s);
    return NULL;
}

static piq_status connect_all(piq_sqlite *s, const piq_sqlite_setting *setting,
                              unsigned n_readers, piq_err *err)
{
    piq_status st =
        piq_sqlite_connect(setting, PIQ_SQLITE_WRITER, &s->writer, err);
    if (st != PIQ_OK)
        return st;
    st = piq_sqlite_schema_ensure(&s->writer, err);
    if (st == PIQ_OK)
        st = piq_sqlite_readers_init(&s->readers, n_readers, setting, err);
    if (st == PIQ_OK) {
        st = piq_sqlite_checkpointer_start(&s->checkpointer, setting,
                                           &s->write_lock, err);
        if (st != PIQ_OK)
            piq_sqlite_readers_release(&s->readers);
    }
    if (st != PIQ_OK) {
        piq_sqlite_disconnect(&s->writer);
        return st;
    }
    sqlite3_wal_hook(s->writer.db, piq_sqlite_checkpointer_hook,
                     &s->checkpointer);
    return PIQ_OK;
}

piq_status piq_sqlite_open(const char *path, const piq_sqlite_options *options,
                           piq_store **out, piq_err *err)
{
    piq_sqlite_options o = options != NULL ? *options : (piq_sqlite_options){0};
    if (o.n_readers == 0)
        o.n_readers = DEFAULT_READERS;
    if (o.busy_timeout_ms == 0)
        o.busy_timeout_ms = DEFAULT_BUSY_TIMEOUT_MS;
    if (o.n_readers > PIQ_SQLITE_MAX_READERS)
        return piq_fail(err, PIQ_EINVAL,
                        "could not open %s: at most %d readers, not %u", path,
                        (int)PIQ_SQLITE_MAX_READERS, o.n_readers);
    piq_sqlite *s = make(path);
    if (s == NULL)
        return piq_fail(err, PIQ_ENOMEM, "could not open %s: out of memory",
                        path);
    piq_sqlite_setting setting = {s->path, o.busy_timeout_ms, o.relaxed};
    piq_status st = connect_all(s, &setting, o.n_readers, err);
    if (st == PIQ_OK) {
        *out = &s->base;
        return PIQ_OK;
    }
    pthread_mutex_destroy(&s->write_lock);
    free(s->path);
    free(s);
    return st;
}
