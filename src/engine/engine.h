/* engine.h - the use cases, over a store. The only user of models and store.
 *
 * Reads take the published state of a learner (from the cache, else from the
 * store) and compute. Changes are operations: each goes to the owner thread of
 * its learner (shards by hash of the id), which folds it into a copy of the
 * state; one storage thread commits for everyone that waits (group commit);
 * only then is the new state published and the operation completed. So what
 * was acknowledged is durable, and what is seen was committed.
 *
 *     submit --> owner queue --> fold --> storage thread --> publish --> done
 *
 * Threads: every function may be called from any thread unless it says
 * otherwise. Completions run on an owner thread and must be short.
 */
#ifndef PIQ_ENGINE_ENGINE_H
#define PIQ_ENGINE_ENGINE_H

#include "base/arena.h"
#include "base/bytes.h"
#include "base/json_writer.h"
#include "domain/event.h"
#include "domain/plan.h"
#include "domain/recommendation.h"
#include "learner/calibration_book.h"
#include "learner/fold.h"
#include "learner/learner.h"
#include "metrics/metrics.h"
#include "store/store.h"

#include <limits.h>

typedef struct piq_engine piq_engine;

#define PIQ_POLICY_NEVER  UINT_MAX
#define PIQ_PROBE_NEVER   UINT_MAX
#define PIQ_EXPLORE_NEVER UINT_MAX

typedef struct piq_engine_config {
    unsigned n_owners;        /* owner threads; 0: 2 */
    unsigned queue_length;    /* operations an owner lets wait; 0: 8192 */
    size_t cache_learners;    /* states kept in memory; 0: 50,000 */
    unsigned calibrate_every; /* answers between calibrations; 0: 64 */
    unsigned slate_minutes;   /* a slate is served again so long; 0: 10 */
    unsigned maintain_ms;     /* pause of the background work; 0: 1000 */
    unsigned policy_minutes;  /* pause of learning from the log of slates; 0:
                                 10, PIQ_POLICY_NEVER: none */
    unsigned explore;         /* PIQ_EXPLORE_NEVER: nothing is left to chance */
    unsigned feed_ms;         /* pause between looks at what other processes
                                 have changed; 0: 200 */
    unsigned lease_ms;        /* who leads and is silent so long leads no more;
                                 0: 15,000 */
    unsigned probe_ms;        /* pause between questions whether storage is
                                 there; 0: 250, PIQ_PROBE_NEVER: none */
    unsigned keep_log_days;   /* how recommendations came about, models that
                                 decided, exposures of stopped experiments;
                                 0: for ever */
} piq_engine_config;

/* Takes the store (closes it on piq_engine_close, not when opening fails).
 * `config` and `metrics` may be NULL. A store without a catalogue gives an
 * engine that refuses what needs one (PIQ_ENOTFOUND). */
PIQ_MUST_USE piq_status piq_engine_open(piq_store *store,
                                        const piq_engine_config *config,
                                        piq_metrics *metrics, piq_engine **out,
                                        piq_err *err);
/* Finishes every operation that was submitted: their `done` have returned.
 * Further ones are PIQ_EBUSY; readers go on. For a host whose `done` need what
 * it frees before it closes the engine. More than once is allowed. */
void piq_engine_finish(piq_engine *e);
/* The same, writes what is due, stops the threads, closes the store. Nobody may
 * call any more. */
void piq_engine_close(piq_engine *e);

piq_store *piq_engine_store(piq_engine *e);

/* The catalogue in force; lives as long as the engine. NULL: none yet. */
const piq_catalogue *piq_engine_catalogue(piq_engine *e);
/* An older version. PIQ_ENOTFOUND. */
PIQ_MUST_USE piq_status piq_engine_catalogue_version(piq_engine *e,
                                                     uint32_t version,
                                                     const piq_catalogue **out,
                                                     piq_err *err);
/* Stores a curriculum document as the next version and puts it in force.
 * PIQ_EINVAL: findings. See piq_catalogue_read. */
PIQ_MUST_USE piq_status piq_engine_load_catalogue(piq_engine *e, piq_arena *a,
                                                  piq_str document,
                                                  piq_findings *findings,
                                                  piq_catalogue_change *change,
                                                  piq_err *err);

/* A trained model bound to a catalogue, counted; any thread. */
typedef struct piq_model_hold piq_model_hold;
/* What is in force now, one reference; NULL: no model. */
piq_model_hold *piq_engine_model(piq_engine *e);
void piq_model_release(piq_model_hold *h); /* NULL is allowed */
/* NULL for NULL. Lives as long as the hold. */
const piq_tracing *piq_model_tracing(const piq_model_hold *h);
/* What judges a learner who was held with `h` (NULL: no model). */
piq_judge piq_engine_judge(piq_engine *e, const piq_model_hold *h);

/* Number of the calibration in force. */
uint32_t piq_engine_calibration(piq_engine *e);
piq_calibration_book *piq_engine_book(piq_engine *e);

/* ---- reading --------------------------------------------------------- */

/* A learner's published state, held until released. */
typedef struct piq_learner_ref {
    const piq_learner *learner;
    /* Read it with this one: a newer one may come into force meanwhile, and the
     * learner may have no room for that. */
    const piq_catalogue *catalogue;
    /* The trained model that the learner is traced under; NULL: none. */
    piq_model_hold *model;
    void *hold;
} piq_learner_ref;

/* PIQ_ENOTFOUND: never heard of. */
PIQ_MUST_USE piq_status piq_engine_learner(piq_engine *e, piq_user_id user,
                                           piq_learner_ref *out, piq_err *err);
void piq_learner_ref_release(piq_learner_ref *ref);

/* The slate last served for this request, if it still holds; NULL else. One
 * reference for the caller; *version is then the state's. */
piq_bytes *piq_engine_served_slate(piq_engine *e, piq_user_id user, int type,
                                   unsigned limit, int64_t now_us,
                                   int64_t *version);

/* ---- changing -------------------------------------------------------- */

typedef enum piq_op_kind {
    PIQ_OP_EVENTS,  /* append events of one learner */
    PIQ_OP_SLATE,   /* recommend, log and remember */
    PIQ_OP_PATH,    /* plan, or adapt the stored path, and store it */
    PIQ_OP_PROFILE, /* write the user_profiles row now */
    PIQ_OP_ERASE,   /* forget the learner: see erase.h */
    PIQ_OP_PAUSE,   /* nothing more is learned of the learner: see pause.h */
    PIQ_OP_RESUME
} piq_op_kind;

typedef enum piq_event_verdict {
    PIQ_EVENT_ACCEPTED,
    PIQ_EVENT_DUPLICATE, /* the same event was there */
    PIQ_EVENT_CONFLICT   /* the id was there with another body */
} piq_event_verdict;

/* One operation. Made by the caller on the heap, owned by the engine from
 * submit until `done` is called, which gets it back. The arena belongs to the
 * operation: inputs live there, results too. */
typedef struct piq_op {
    piq_op_kind kind;
    piq_user_id user;
    int64_t now_us;
    piq_arena arena;
    void (*done)(struct piq_op *op);
    void *ctx;

    /* PIQ_OP_EVENTS: in; verdicts out [n_events]. Any conflict refuses the
     * whole operation (PIQ_ECONFLICT, `at_event` says which). */
    piq_event *events;
    size_t n_events;
    /* Refuse with PIQ_ESTALE unless the state has this version; 0: no state
     * yet, -1: any, -2: any, but there must be one. */
    int64_t if_version;
    piq_event_verdict *verdicts;
    size_t n_accepted, n_duplicates;
    size_t at_event;
    /* Refuse a control that finds nothing to release or to undo
     * (PIQ_ECONFLICT, `at_event`): it was asked for now, and is no history. */
    bool strict_controls;
    /* PIQ_OP_EVENTS: stored with the events, or neither is; in the arena. One
     * whose from_version is not what is stored refuses it all (PIQ_ESTALE). */
    const piq_record *records;
    size_t n_records;
    /* PIQ_OP_EVENTS: events of other learners, each learner once, in one commit
     * with this: all or none. Owned by this operation; they have no records.
     * Results are filled in; what was refused of one, the first tells, and
     * `refused` is which one it was (NULL: none in particular). */
    struct piq_op *also;
    const struct piq_op *refused;

    /* PIQ_OP_SLATE: in; `slate` out is the whole JSON reply, one reference. */
    int type; /* piq_content_type or -1 */
    unsigned limit;
    piq_bytes *slate;

    /* PIQ_OP_PATH: `limit` steps not yet done are listed, 0: all; why this
     * update was asked for, may be empty (then a path that still holds is left
     * alone); out: the JSON reply. */
    piq_str reason;
    unsigned n_adaptations; /* newest listed; 0: all */
    piq_str path_json;

    /* PIQ_OP_ERASE: out. */
    piq_erased erased;

    piq_status status;
    piq_err err;
    int64_t state_version; /* out */

    struct piq_op *next; /* the engine's */
    bool later;          /* the engine's: belongs into the next batch */
    bool was_late;       /* the engine's: folded behind others */
    void *ctx_prepared;  /* the engine's: from prepare to finish */
} piq_op;

/* NULL: no memory. */
piq_op *piq_op_new(piq_op_kind kind, piq_user_id user, int64_t now_us);
void piq_op_free(piq_op *op);

/* Hands an operation over. PIQ_EBUSY: the queue is full, nothing happened and
 * the operation is still the caller's. */
PIQ_MUST_USE piq_status piq_engine_submit(piq_engine *e, piq_op *op);
/* Submits and waits until it is done; the operation stays the caller's. */
PIQ_MUST_USE piq_status piq_engine_run(piq_engine *e, piq_op *op);

/* ---- bulk ------------------------------------------------------------ */

/* Folds many learners' events, in the order given, with calibrations published
 * on the way, committed in large pieces: for `piq import` and `piq simulate`.
 * One thread; nothing else may change these learners meanwhile. Events
 * already stored are counted as duplicates and skipped, so that an interrupted
 * import is simply run again. Answers of other learners that are posted
 * meanwhile may be left out of the calibrations. */
typedef struct piq_bulk piq_bulk;

typedef struct piq_bulk_totals {
    uint64_t accepted, duplicates;
    uint64_t commits;
} piq_bulk_totals;

/* Called after each accepted event but those that came late, which others fold;
 * `effect` is what piq_fold told. */
typedef void piq_bulk_watch(void *ctx, const piq_event *event,
                            const piq_fold_effect *effect);

PIQ_MUST_USE piq_status piq_bulk_begin(piq_engine *e, piq_bulk_watch *watch,
                                       void *ctx, piq_bulk **out, piq_err *err);
/* `event` is copied. A conflict gives PIQ_ECONFLICT and changes nothing. */
PIQ_MUST_USE piq_status piq_bulk_add(piq_bulk *b, const piq_event *event,
                                     piq_err *err);
/* Commits what is left and frees *b in every case. */
PIQ_MUST_USE piq_status piq_bulk_end(piq_bulk *b, piq_bulk_totals *totals,
                                     piq_err *err);

/* ---- other processes ------------------------------------------------- */

/* Told of what was committed, here and by others, in order of marks, soon after
 * it. A change of nobody (user 0, what 0) says that some were missed: what is
 * kept must be read anew.
 *
 * Runs on the feed's thread, which sees to the cache first; a slow one holds up
 * the others, and at worst makes them miss changes. It may read from the
 * engine; whatever takes longer, or changes something, it hands over to a
 * thread of its own. It may not subscribe or unsubscribe. */
typedef void piq_feed_fn(void *ctx, const piq_change *change);
PIQ_MUST_USE piq_status piq_feed_subscribe(piq_engine *e, piq_feed_fn *fn,
                                           void *ctx, piq_err *err);
/* `fn` does not run when this returns, nor ever after. */
void piq_feed_unsubscribe(piq_engine *e, piq_feed_fn *fn, void *ctx);
/* Everything up to this mark has been seen to. */
int64_t piq_feed_mark(piq_engine *e);

/* This engine does what one of several is to do: see lease.h. Right now; it may
 * be another's in a moment, so that what it does must be guarded besides. */
bool piq_engine_leads(piq_engine *e);

/* ---- what is kept of a learner ---------------------------------------- */

/* Writes everything that is kept of a learner, one JSON object: export.h.
 * PIQ_ENOTFOUND: nothing; PIQ_ELIMIT, PIQ_ENOMEM: the writer's buffer is full
 * (20,000 events are about 8 MB). After a failure what was written is not
 * whole. */
PIQ_MUST_USE piq_status piq_engine_export(piq_engine *e, piq_user_id user,
                                          piq_json_writer *w, piq_err *err);

/* ---- looking after --------------------------------------------------- */

/* Folds all of a learner's events anew, in memory, and compares the bytes with
 * the stored state: *same. PIQ_ENOTFOUND. */
PIQ_MUST_USE piq_status piq_engine_replay(piq_engine *e, piq_user_id user,
                                          bool *same, uint64_t *digest,
                                          size_t *n_events, piq_err *err);

typedef enum piq_path_replay {
    PIQ_PATH_NONE, /* the learner has no path */
    PIQ_PATH_SAME,
    PIQ_PATH_DIFFERS,
    PIQ_PATH_FORGOTTEN /* its history no longer goes back to the first plan, or
                          the model that judged then was dropped */
} piq_path_replay;

/* Plans a learner's path again from the event log, plan by plan from the first
 * on, and compares it and its history with what is stored, byte for byte. */
PIQ_MUST_USE piq_status piq_engine_replay_path(piq_engine *e, piq_user_id user,
                                               piq_path_replay *out,
                                               piq_err *err);

/* Learns from what became of recommendations and puts that in force, where at
 * least `least` outcomes are new. *version: of the policy in force then; 0: the
 * weights set by hand. Done in the background anyway, see policy_minutes.
 * PIQ_EBUSY: the engine is being closed. */
PIQ_MUST_USE piq_status piq_engine_learn_policy(piq_engine *e, int64_t now_us,
                                                uint64_t least,
                                                uint32_t *version,
                                                piq_err *err);

typedef enum piq_slate_replay {
    PIQ_SLATE_SAME,
    PIQ_SLATE_DIFFERS,
    PIQ_SLATE_FORGOTTEN /* a model that it was made with was dropped, or the
                           log is of the first format, which tells too little */
} piq_slate_replay;

/* Why a recommendation was made and stood where it did, from the log: one JSON
 * object (api/openapi.yaml: Explanation), with the result of a replay where
 * `replay` asks for one. `user` 0: whoever's it is. PIQ_ENOTFOUND. */
PIQ_MUST_USE piq_status piq_engine_explain(piq_engine *e, piq_user_id user,
                                           int64_t recommendation, bool replay,
                                           piq_json_writer *w, piq_err *err);

/* Makes the slate that a recommendation was shown in again, from the log, and
 * compares it with what was logged, byte for byte. `said` gets one sentence:
 * what it was, or what differs first. PIQ_ENOTFOUND. */
PIQ_MUST_USE piq_status piq_engine_replay_slate(piq_engine *e,
                                                int64_t recommendation,
                                                piq_slate_replay *out,
                                                piq_buf *said, piq_err *err);

typedef struct piq_engine_stats {
    size_t cached_learners, cached_slate_bytes, queued;
    uint64_t cache_hits, cache_misses, commits, commit_failures, evictions;
    bool storage_ok; /* the last commit went through */
} piq_engine_stats;
void piq_engine_stats_get(piq_engine *e, piq_engine_stats *out);

typedef enum piq_storage_state {
    PIQ_STORAGE_SERVES,
    PIQ_STORAGE_SILENT, /* a question has waited for a second */
    PIQ_STORAGE_FAILS,  /* the last question was answered by a failure */
    PIQ_STORAGE_REFUSES /* the last commit was */
} piq_storage_state;

typedef struct piq_storage_health {
    piq_storage_state state;
    int64_t since_us; /* that it serves, or does not */
} piq_storage_health;

/* What is known of storage, which is asked all the time in the background.
 * Never waits for it. */
void piq_engine_storage(piq_engine *e, piq_storage_health *out);
/* For work in the background that failed and is tried again: a line of the log,
 * unless storage is the reason. Of that the log gets one line when it begins
 * and one when it has ended, however many tried meanwhile. */
void piq_engine_report(piq_engine *e, const char *what, const piq_err *err);

#endif
