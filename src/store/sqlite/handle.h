/* handle.h - the store's struct, and its operations by file.
 *
 * The operations are store.h's; open.c puts them into the table. Invariants:
 * open.c.
 */
#ifndef PIQ_STORE_SQLITE_HANDLE_H
#define PIQ_STORE_SQLITE_HANDLE_H

#include "store/sqlite/checkpoint.h"
#include "store/sqlite/readers.h"
#include "store/sqlite/statement.h"
#include "store/store.h"

#include <pthread.h>

typedef struct piq_sqlite {
    piq_store base; /* first: a piq_store * is a piq_sqlite * */
    char *path;
    pthread_mutex_t write_lock; /* around `writer` */
    piq_sqlite_conn writer;
    piq_sqlite_readers readers;
    piq_sqlite_checkpointer checkpointer;
} piq_sqlite;

static inline piq_sqlite *piq_sqlite_of(piq_store *s)
{
    return (piq_sqlite *)s;
}

/* ---- transaction.c: one write, whole or not at all -------------------- */

/* Does the writing on `w`, and reports its own failure in *err. */
typedef piq_status piq_sqlite_write_fn(piq_sqlite_conn *w, void *ctx,
                                       piq_err *err);

/* Runs `write` inside a transaction under the write lock. PIQ_OK: it is
 * durable. Anything else: nothing of it happened. */
PIQ_MUST_USE piq_status piq_sqlite_transact(piq_sqlite *s,
                                            piq_sqlite_write_fn *write,
                                            void *ctx, piq_err *err);

/* ---- commit.c, commit_offers.c, snapshots.c -------------------------- */

piq_status piq_sqlite_commit(piq_store *s, piq_commit *c, piq_err *err);

/* Ids given so far in a commit: those of a kind follow one another, so that
 * the first says all. They reach the rows after the commit (invariant 5). */
typedef struct piq_sqlite_ids {
    int64_t first_event;
    int64_t first_recommendation;
    int64_t first_path;
    int64_t floor; /* largest version of an erased state; 0: none was */
} piq_sqlite_ids;

/* Recommendations, slates, exposures, feedback, paths, profiles: in this order.
 */
PIQ_MUST_USE piq_status piq_sqlite_write_offers(piq_sqlite_conn *w,
                                                const piq_commit *c,
                                                piq_sqlite_ids *ids,
                                                piq_err *err);
/* Stale ones dropped, new ones added, each learner thinned out. */
PIQ_MUST_USE piq_status piq_sqlite_write_snapshots(piq_sqlite_conn *w,
                                                   const piq_commit *c,
                                                   piq_err *err);
/* Takes the number that the insert just done on `w` got. The first of a kind
 * is kept in *first, `nth` counts from 0. PIQ_ECORRUPT: it does not follow. */
PIQ_MUST_USE piq_status piq_sqlite_take_id(piq_sqlite_conn *w, size_t nth,
                                           const char *table, int64_t *first,
                                           piq_err *err);

/* The number that the next row gets: PIQ_SQL_NEXT_.. */
PIQ_MUST_USE piq_status piq_sqlite_next_number(piq_sqlite_conn *w,
                                               piq_sqlite_sql sql, int64_t *out,
                                               piq_err *err);

/* ---- records.c, changes.c, erase.c, dump.c, load.c --------------------- */

piq_status piq_sqlite_record(piq_store *s, piq_arena *a, piq_user_id user,
                             piq_str kind, piq_str key, int64_t now_us,
                             piq_record *out, piq_err *err);
piq_status piq_sqlite_records(piq_store *s, piq_arena *a,
                              const piq_record_range *range, piq_record **out,
                              size_t *n, piq_err *err);
piq_status piq_sqlite_put_records(piq_store *s, const piq_record *rows,
                                  size_t n, piq_err *err);
/* Inside a transaction, in which recommendations were numbered from
 * `first_recommendation` on. */
PIQ_MUST_USE piq_status piq_sqlite_write_records(piq_sqlite_conn *w,
                                                 const piq_record *rows,
                                                 size_t n,
                                                 int64_t first_recommendation,
                                                 piq_err *err);

piq_status piq_sqlite_changes(piq_store *s, piq_arena *a, int64_t after,
                              size_t limit, piq_change **out, size_t *n,
                              piq_err *err);
piq_status piq_sqlite_last_change(piq_store *s, int64_t *mark, piq_err *err);
piq_status piq_sqlite_tidy(piq_store *s, int64_t now_us,
                           int64_t changes_before_us, bool *more, piq_err *err);
piq_status piq_sqlite_forget_log(piq_store *s, int64_t before_us, size_t limit,
                                 bool *more, piq_err *err);
/* What a commit has changed. Inside its transaction. */
PIQ_MUST_USE piq_status piq_sqlite_write_changes(piq_sqlite_conn *w,
                                                 const piq_commit *c,
                                                 piq_err *err);
PIQ_MUST_USE piq_status piq_sqlite_write_change(piq_sqlite_conn *w,
                                                const piq_change *c,
                                                piq_err *err);

piq_status piq_sqlite_erase(piq_store *s, piq_user_id user, piq_erased *out,
                            piq_err *err);
/* So many rows of `table` went, and their numbers stay unused; inside a
 * transaction, after PIQ_SQL_NOTE_NUMBERS. An SQLite code. */
PIQ_MUST_USE int piq_sqlite_add_missing(piq_sqlite_conn *w, const char *table,
                                        uint64_t n);
/* PIQ_ESTALE: made from a state that was erased; `floor` as below. */
PIQ_MUST_USE piq_status piq_sqlite_check_alive(piq_sqlite_conn *w,
                                               piq_user_id user,
                                               int64_t state_version,
                                               int64_t floor, piq_err *err);
/* Inside a transaction; 0: nothing was ever erased. */
PIQ_MUST_USE piq_status piq_sqlite_floor(piq_sqlite_conn *w, int64_t *out,
                                         piq_err *err);

piq_status piq_sqlite_dump(piq_store *s, const piq_table *t, piq_user_id user,
                           piq_row_sink *sink, void *ctx, piq_err *err);
piq_status piq_sqlite_load(piq_store *s, const piq_table *t,
                           const piq_cell *cells, size_t n, piq_err *err);
/* A PIQ_COLUMN_TIME that is kept as RFC 3339 text. */
bool piq_sqlite_is_time_text(const piq_column *c);
/* The table has a body_hash, of its column `body`. */
bool piq_sqlite_has_hash(const piq_table *t);

/* ---- read.c, read_offers.c, catalogues.c ------------------------------ */

piq_status piq_sqlite_state(piq_store *s, piq_arena *a, piq_user_id user,
                            int64_t *version, piq_str *body, piq_err *err);
piq_status piq_sqlite_snapshot(piq_store *s, piq_arena *a, piq_user_id user,
                               int64_t at_us, piq_str event_id,
                               piq_snapshot_row *out, piq_err *err);
piq_status piq_sqlite_event(piq_store *s, piq_arena *a, piq_user_id user,
                            piq_str event_id, piq_event_row *out, piq_err *err);
piq_status piq_sqlite_events(piq_store *s, piq_arena *a,
                             const piq_event_range *range, piq_event_row **out,
                             size_t *n, piq_err *err);
piq_status piq_sqlite_answers_after(piq_store *s, piq_arena *a, int64_t seq,
                                    size_t limit, piq_event_row **out,
                                    size_t *n, piq_err *err);
piq_status piq_sqlite_users(piq_store *s, piq_arena *a, piq_user_id after,
                            size_t limit, piq_user_id **out, size_t *n,
                            piq_err *err);
piq_status piq_sqlite_catalogue_version(piq_store *s, uint32_t *version,
                                        piq_err *err);
piq_status piq_sqlite_counts(piq_store *s, piq_store_counts *out, piq_err *err);
piq_status piq_sqlite_ping(piq_store *s, piq_err *err);

piq_status piq_sqlite_recommendation(piq_store *s, piq_arena *a,
                                     piq_user_id user, int64_t id,
                                     piq_recommendation_row *out, piq_err *err);
piq_status piq_sqlite_recommendations(piq_store *s, piq_arena *a,
                                      piq_user_id user, size_t limit,
                                      piq_recommendation_row **out, size_t *n,
                                      piq_err *err);
piq_status piq_sqlite_path(piq_store *s, piq_arena *a, piq_user_id user,
                           piq_path_row *out, piq_err *err);
piq_status piq_sqlite_path_head(piq_store *s, piq_arena *a, piq_user_id user,
                                size_t n_steps, piq_str *path_config,
                                piq_err *err);
piq_status piq_sqlite_profile(piq_store *s, piq_arena *a, piq_user_id user,
                              piq_profile_row *out, piq_err *err);

piq_status piq_sqlite_catalogue(piq_store *s, piq_arena *a, uint32_t version,
                                uint32_t *found, piq_str *document,
                                piq_err *err);
piq_status piq_sqlite_put_catalogue(piq_store *s, uint32_t version,
                                    piq_str document, int64_t at_us,
                                    piq_err *err);
piq_status piq_sqlite_calibration(piq_store *s, uint32_t *number,
                                  int64_t *through_seq, piq_err *err);
piq_status piq_sqlite_calibrations(piq_store *s, piq_arena *a,
                                   piq_calibration_entry **out, size_t *n,
                                   piq_err *err);

/* ---- models.c --------------------------------------------------------- */

piq_status piq_sqlite_put_model(piq_store *s, piq_model_row *row, piq_err *err);
piq_status piq_sqlite_models(piq_store *s, piq_arena *a, piq_str kind,
                             piq_model_row **out, size_t *n, piq_err *err);
piq_status piq_sqlite_model(piq_store *s, piq_arena *a, piq_str kind,
                            uint32_t version, piq_model_row *out, piq_err *err);
piq_status piq_sqlite_drop_model(piq_store *s, piq_str kind, uint32_t version,
                                 piq_err *err);
piq_status piq_sqlite_promote(piq_store *s, const piq_champion_row *row,
                              piq_err *err);
piq_status piq_sqlite_champions(piq_store *s, piq_arena *a, piq_str kind,
                                size_t limit, piq_champion_row **out, size_t *n,
                                piq_err *err);
piq_status piq_sqlite_champion(piq_store *s, piq_str kind, uint32_t *number,
                               uint32_t *model, piq_err *err);

/* ---- slates.c --------------------------------------------------------- */

piq_status piq_sqlite_slates_after(piq_store *s, piq_arena *a, int64_t after,
                                   size_t limit, piq_slate_record **out,
                                   size_t *n, piq_err *err);
piq_status piq_sqlite_slate_of(piq_store *s, piq_arena *a,
                               int64_t recommendation, piq_slate_record *out,
                               piq_err *err);

/* ---- rules.c, experiments.c ------------------------------------------- */

piq_status piq_sqlite_shown(piq_store *s, piq_arena *a, piq_user_id user,
                            int64_t since_us, size_t limit, piq_shown **out,
                            size_t *n, piq_err *err);
piq_status piq_sqlite_put_rules(piq_store *s, const piq_rules_row *row,
                                piq_err *err);
piq_status piq_sqlite_rules(piq_store *s, piq_arena *a, uint32_t version,
                            piq_rules_row *out, piq_err *err);
piq_status piq_sqlite_rule_versions(piq_store *s, piq_arena *a, size_t limit,
                                    piq_rules_row **out, size_t *n,
                                    piq_err *err);
piq_status piq_sqlite_put_experiment(piq_store *s, piq_experiment_row *row,
                                     piq_err *err);
piq_status piq_sqlite_stop_experiment(piq_store *s, int64_t id, int64_t at_us,
                                      piq_str reason, piq_err *err);
piq_status piq_sqlite_experiments(piq_store *s, piq_arena *a,
                                  piq_experiment_row **out, size_t *n,
                                  piq_err *err);
piq_status piq_sqlite_exposures(piq_store *s, piq_arena *a, int64_t experiment,
                                int64_t after, size_t limit,
                                piq_exposure_row **out, size_t *n,
                                piq_err *err);
piq_status piq_sqlite_policy_marks(piq_store *s, uint32_t *rules,
                                   uint64_t *experiments, piq_err *err);
/* The exposures of a commit, whose recommendations have got their ids. */
PIQ_MUST_USE piq_status piq_sqlite_write_exposures(piq_sqlite_conn *w,
                                                   const piq_commit *c,
                                                   const piq_sqlite_ids *ids,
                                                   piq_err *err);

/* ---- reading: the same few steps everywhere --------------------------- */

/* One read: a borrowed connection and a call on it. */
typedef struct piq_sqlite_read {
    piq_sqlite *store;
    piq_sqlite_conn *conn;
    piq_sqlite_call q;
    char what[96]; /* "read the state of learner 7", for messages */
} piq_sqlite_read;

void piq_sqlite_read_begin(piq_store *s, piq_sqlite_sql sql, piq_sqlite_read *r,
                           const char *what, ...) PIQ_PRINTF(4, 5);
/* After the first step of a read of one row: PIQ_OK when there is one, else
 * PIQ_ENOTFOUND, else the failure. Only PIQ_OK leaves the read open. */
PIQ_MUST_USE piq_status piq_sqlite_read_one(piq_sqlite_read *r, piq_err *err);
/* Ends it: PIQ_OK, or the failure that `rc` (the last step's) is. */
piq_status piq_sqlite_read_end(piq_sqlite_read *r, int rc, piq_err *err);
/* Ends it with a status of our own: PIQ_ENOMEM (arena full), PIQ_ECORRUPT. */
piq_status piq_sqlite_read_fail(piq_sqlite_read *r, piq_status status,
                                piq_err *err);

/* An array that grows in an arena. Makes room for one more; NULL: it is full,
 * the array as it was. */
typedef struct piq_sqlite_rows {
    void *at;
    size_t n, room, row_bytes;
} piq_sqlite_rows;

void *piq_sqlite_rows_add(piq_sqlite_rows *rows, piq_arena *a);

/* True when the bytes are those that were stored. */
bool piq_sqlite_is_intact(const piq_sqlite_call *q, int hash_column,
                          int body_column);
int64_t piq_sqlite_hash(piq_str body);

#endif
