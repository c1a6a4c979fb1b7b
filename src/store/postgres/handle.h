/* handle.h - the store's struct, and its operations by file.
 *
 * The operations are store.h's; open.c puts them into the table. Invariants:
 * open.c.
 */
#ifndef PIQ_STORE_POSTGRES_HANDLE_H
#define PIQ_STORE_POSTGRES_HANDLE_H

#include "base/arena.h"
#include "store/postgres/flight.h"
#include "store/postgres/place.h"
#include "store/postgres/result.h"
#include "store/store.h"

typedef struct piq_pg_shards piq_pg_shards; /* shards.h */

typedef struct piq_postgres {
    piq_store base; /* first: a piq_store * is a piq_postgres * */
    piq_pg_place home;
    piq_pg_shards *shards; /* NULL: everything is at home */
} piq_postgres;

static inline piq_postgres *piq_postgres_of(piq_store *s)
{
    return (piq_postgres *)s;
}

/* ---- read.c: one statement, its rows ----------------------------------- */

/* Sends and releases `q`, gives its rows, which the caller clears. Tried a
 * second time when the connection was lost. Goes to where the scope's rows
 * are; `bounded` ones of all learners to every shard (gather.c). */
PIQ_MUST_USE piq_status piq_pg_query(piq_store *s, piq_pg_scope scope,
                                     piq_pg_call *q, PGresult **out,
                                     piq_err *err);
/* The same where there must be a row: PIQ_ENOTFOUND, nothing to clear. */
PIQ_MUST_USE piq_status piq_pg_query_one(piq_store *s, piq_pg_scope scope,
                                         piq_pg_call *q, PGresult **out,
                                         piq_err *err);
/* Ends a read: clears, and says why it failed (PIQ_ENOMEM: the arena is full;
 * PIQ_ECORRUPT) unless `status` is PIQ_OK. */
piq_status piq_pg_end(piq_store *s, PGresult *r, const piq_pg_call *q,
                      piq_status status, piq_err *err);
/* The same at a place of one's own choice. */
PIQ_MUST_USE piq_status piq_pg_query_at(piq_pg_place *p, piq_pg_scope scope,
                                        piq_pg_call *q, PGresult **out,
                                        piq_err *err);

int64_t piq_pg_hash(piq_str body);
bool piq_pg_is_intact(const PGresult *r, int row, int hash_column,
                      int body_column);

/* ---- transaction.c: one write, whole or not at all --------------------- */

typedef struct piq_pg_write piq_pg_write;

/* Adds the statements of a write to the flight; may be called again, when the
 * write is tried again. */
typedef void piq_pg_send_fn(piq_pg_flight *f, piq_pg_write *w);

struct piq_pg_write {
    piq_pg_send_fn *send;
    void *ctx;
    bool alone; /* no other write beside it */
    bool slow;  /* large rows */
    /* Numbers wanted: in one block each. */
    size_t n_marks, n_recommendations, n_paths;
    int64_t token; /* of this try */
    /* Out: the first of each, and what a last statement that returns columns
     * given, given_2, given_3 gave. */
    int64_t mark, recommendation, path, given[4];
    bool unknown; /* out, after a failure: it may have been committed */
    bool failed;  /* out, of a part: its place could not be reached */
};

/* At home. PIQ_OK: it is committed, once. Anything else: it is not; but PIQ_EIO
 * whose message says "not known" when the server could not be asked any more.
 */
PIQ_MUST_USE piq_status piq_pg_transact(piq_store *s, piq_pg_write *w,
                                        piq_err *err);
/* The same elsewhere. */
PIQ_MUST_USE piq_status piq_pg_transact_at(piq_pg_place *p, piq_pg_write *w,
                                           piq_err *err);

/* Steps of it, for transactions over several places (spread.c). */
typedef enum piq_pg_verdict {
    PIQ_PG_DONE,
    PIQ_PG_AGAIN,
    PIQ_PG_AGAIN_ELSEWHERE,
    PIQ_PG_AGAIN_UNPREPARED,
    PIQ_PG_FAILED
} piq_pg_verdict;
/* Of a flight that was refused. */
piq_pg_verdict piq_pg_judge_refusal(const piq_pg_flight *f, const char *place,
                                    piq_status *st, piq_err *err);
/* Whether `w`, whose answer was lost, was done (PIQ_PG_DONE), or can never be
 * (PIQ_PG_AGAIN); PIQ_PG_FAILED: nobody answers. `c` was connected anew. */
piq_pg_verdict piq_pg_settle(piq_pg_place *p, piq_pg_conn *c, piq_pg_write *w,
                             piq_status *st, piq_err *err);
void piq_pg_take_given(piq_pg_write *w, const PGresult *r, const char *first);
void piq_pg_wait_a_little(void);

/* ---- commit.c, commit_offers.c, snapshots.c, records.c ------------------ */

piq_status piq_pg_commit(piq_store *s, piq_commit *c, piq_err *err);

/* Rows [from, end) that one statement may take: none has the key of another.
 * Rows of one key follow one another, so they go one by one. */
size_t piq_pg_run(const void *rows, size_t row_bytes, size_t n, size_t from,
                  int64_t (*key)(const void *row));

/* The rows of a commit that go to one place. */
typedef struct piq_pg_rows {
    piq_commit c;
    /* Where each stood in the whole commit, whose order its number follows;
     * NULL: where it stands. */
    const int64_t *events_at, *recommendations_at, *slates_at, *exposures_at,
        *paths_at;
    size_t n_events, n_slates, n_exposures, n_recommendations; /* the whole's */
} piq_pg_rows;

static inline int64_t piq_pg_at(const int64_t *at, size_t i)
{
    return at != NULL ? at[i] : (int64_t)i;
}

/* ctx: piq_pg_rows */
void piq_pg_send_rows(piq_pg_flight *f, piq_pg_write *w);
void piq_pg_send_offers(piq_pg_flight *f, const piq_pg_rows *r);
/* commit_split.c: over shards. Numbers wanted are those of `numbers`, which are
 * told there. */
PIQ_MUST_USE piq_status piq_pg_commit_split(piq_postgres *s,
                                            const piq_commit *c,
                                            piq_pg_write *numbers,
                                            piq_err *err);
void piq_pg_send_snapshots(piq_pg_flight *f, const piq_commit *c);
void piq_pg_send_records(piq_pg_flight *f, const piq_record *rows, size_t n);
PIQ_MUST_USE piq_status piq_pg_check_records(const piq_record *rows, size_t n,
                                             piq_err *err);

/* ---- the rest of store.h ------------------------------------------------ */

piq_status piq_pg_catalogue(piq_store *s, piq_arena *a, uint32_t version,
                            uint32_t *found, piq_str *document, piq_err *err);
piq_status piq_pg_put_catalogue(piq_store *s, uint32_t version,
                                piq_str document, int64_t at_us, piq_err *err);
piq_status piq_pg_calibration(piq_store *s, uint32_t *number,
                              int64_t *through_seq, piq_err *err);
piq_status piq_pg_calibrations(piq_store *s, piq_arena *a,
                               piq_calibration_entry **out, size_t *n,
                               piq_err *err);

piq_status piq_pg_state(piq_store *s, piq_arena *a, piq_user_id user,
                        int64_t *version, piq_str *body, piq_err *err);
piq_status piq_pg_snapshot(piq_store *s, piq_arena *a, piq_user_id user,
                           int64_t at_us, piq_str event_id,
                           piq_snapshot_row *out, piq_err *err);
piq_status piq_pg_event(piq_store *s, piq_arena *a, piq_user_id user,
                        piq_str event_id, piq_event_row *out, piq_err *err);
piq_status piq_pg_events(piq_store *s, piq_arena *a,
                         const piq_event_range *range, piq_event_row **out,
                         size_t *n, piq_err *err);
piq_status piq_pg_answers_after(piq_store *s, piq_arena *a, int64_t seq,
                                size_t limit, piq_event_row **out, size_t *n,
                                piq_err *err);
piq_status piq_pg_users(piq_store *s, piq_arena *a, piq_user_id after,
                        size_t limit, piq_user_id **out, size_t *n,
                        piq_err *err);
piq_status piq_pg_catalogue_version(piq_store *s, uint32_t *version,
                                    piq_err *err);
piq_status piq_pg_counts(piq_store *s, piq_store_counts *out, piq_err *err);
piq_status piq_pg_ping(piq_store *s, piq_err *err);
uint64_t piq_pg_misses(piq_store *s, piq_err *last);

piq_status piq_pg_recommendation(piq_store *s, piq_arena *a, piq_user_id user,
                                 int64_t id, piq_recommendation_row *out,
                                 piq_err *err);
piq_status piq_pg_recommendations(piq_store *s, piq_arena *a, piq_user_id user,
                                  size_t limit, piq_recommendation_row **out,
                                  size_t *n, piq_err *err);
piq_status piq_pg_shown(piq_store *s, piq_arena *a, piq_user_id user,
                        int64_t since_us, size_t limit, piq_shown **out,
                        size_t *n, piq_err *err);
piq_status piq_pg_slates_after(piq_store *s, piq_arena *a, int64_t after,
                               size_t limit, piq_slate_record **out, size_t *n,
                               piq_err *err);
piq_status piq_pg_slate_of(piq_store *s, piq_arena *a, int64_t recommendation,
                           piq_slate_record *out, piq_err *err);
piq_status piq_pg_path(piq_store *s, piq_arena *a, piq_user_id user,
                       piq_path_row *out, piq_err *err);
piq_status piq_pg_path_head(piq_store *s, piq_arena *a, piq_user_id user,
                            size_t n_steps, piq_str *path_config, piq_err *err);
piq_status piq_pg_profile(piq_store *s, piq_arena *a, piq_user_id user,
                          piq_profile_row *out, piq_err *err);

piq_status piq_pg_put_model(piq_store *s, piq_model_row *row, piq_err *err);
piq_status piq_pg_models(piq_store *s, piq_arena *a, piq_str kind,
                         piq_model_row **out, size_t *n, piq_err *err);
piq_status piq_pg_model(piq_store *s, piq_arena *a, piq_str kind,
                        uint32_t version, piq_model_row *out, piq_err *err);
piq_status piq_pg_drop_model(piq_store *s, piq_str kind, uint32_t version,
                             piq_err *err);
piq_status piq_pg_promote(piq_store *s, const piq_champion_row *row,
                          piq_err *err);
piq_status piq_pg_champions(piq_store *s, piq_arena *a, piq_str kind,
                            size_t limit, piq_champion_row **out, size_t *n,
                            piq_err *err);
piq_status piq_pg_champion(piq_store *s, piq_str kind, uint32_t *number,
                           uint32_t *model, piq_err *err);

piq_status piq_pg_put_rules(piq_store *s, const piq_rules_row *row,
                            piq_err *err);
piq_status piq_pg_rules(piq_store *s, piq_arena *a, uint32_t version,
                        piq_rules_row *out, piq_err *err);
piq_status piq_pg_rule_versions(piq_store *s, piq_arena *a, size_t limit,
                                piq_rules_row **out, size_t *n, piq_err *err);
piq_status piq_pg_put_experiment(piq_store *s, piq_experiment_row *row,
                                 piq_err *err);
piq_status piq_pg_stop_experiment(piq_store *s, int64_t id, int64_t at_us,
                                  piq_str reason, piq_err *err);
piq_status piq_pg_experiments(piq_store *s, piq_arena *a,
                              piq_experiment_row **out, size_t *n,
                              piq_err *err);
piq_status piq_pg_exposures(piq_store *s, piq_arena *a, int64_t experiment,
                            int64_t after, size_t limit, piq_exposure_row **out,
                            size_t *n, piq_err *err);
piq_status piq_pg_policy_marks(piq_store *s, uint32_t *rules,
                               uint64_t *experiments, piq_err *err);

piq_status piq_pg_record(piq_store *s, piq_arena *a, piq_user_id user,
                         piq_str kind, piq_str key, int64_t now_us,
                         piq_record *out, piq_err *err);
piq_status piq_pg_records(piq_store *s, piq_arena *a,
                          const piq_record_range *range, piq_record **out,
                          size_t *n, piq_err *err);
piq_status piq_pg_put_records(piq_store *s, const piq_record *rows, size_t n,
                              piq_err *err);
piq_status piq_pg_changes(piq_store *s, piq_arena *a, int64_t after,
                          size_t limit, piq_change **out, size_t *n,
                          piq_err *err);
piq_status piq_pg_last_change(piq_store *s, int64_t *mark, piq_err *err);
piq_status piq_pg_erase(piq_store *s, piq_user_id user, piq_erased *out,
                        piq_err *err);
piq_status piq_pg_tidy(piq_store *s, int64_t now_us, int64_t changes_before_us,
                       bool *more, piq_err *err);
piq_status piq_pg_forget_log(piq_store *s, int64_t before_us, size_t limit,
                             bool *more, piq_err *err);
piq_status piq_pg_dump(piq_store *s, const piq_table *t, piq_user_id user,
                       piq_row_sink *sink, void *ctx, piq_err *err);
piq_status piq_pg_load(piq_store *s, const piq_table *t, const piq_cell *cells,
                       size_t n, piq_err *err);

#endif
