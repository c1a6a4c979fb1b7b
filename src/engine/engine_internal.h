/* engine_internal.h - what the files of the engine share. Private. */
#ifndef PIQ_ENGINE_ENGINE_INTERNAL_H
#define PIQ_ENGINE_ENGINE_INTERNAL_H

#include "engine/cache.h"
#include "engine/committer.h"
#include "engine/drift.h"
#include "engine/engine.h"
#include "engine/health.h"
#include "engine/in_force.h"
#include "engine/steering.h"
#include "learner/fold.h"
#include "track/calibrate.h"

#include <pthread.h>
#include <stdatomic.h>

enum {
    /* A snapshot of the state is kept after every so many events. */
    PIQ_SNAPSHOT_EVERY = 64,
    PIQ_OWNER_BATCH = 256, /* operations folded for one commit */
    PIQ_STALE_TRIES = 4,   /* another process wrote first: reload, fold anew */
    PIQ_ALONE_TRIES = 16,  /* the same of one operation, before it is refused */
    PIQ_MAX_CATALOGUES = 4096
};

typedef struct piq_owner piq_owner;
typedef struct piq_maintainer piq_maintainer;
typedef struct piq_feed piq_feed;

struct piq_engine {
    piq_store *store;
    piq_engine_config config;
    piq_metrics *metrics;
    piq_cache *cache;
    piq_committer *committer;
    piq_health *health;
    piq_calibration_book *book;
    piq_drift *drift;

    /* Catalogues by version; kept until the engine closes. */
    pthread_mutex_t catalogue_lock;
    piq_catalogue *catalogues[PIQ_MAX_CATALOGUES];
    _Atomic(const piq_catalogue *) catalogue; /* in force */

    /* models.c: the trained model in force, bound to the catalogue in force */
    pthread_mutex_t model_lock; /* what follows, for moments only */
    piq_model_hold *model;      /* NULL: none */
    uint32_t champion;          /* number of the row that it was chosen by */
    pthread_mutex_t adopt_lock; /* one thread adopts at a time */
    /* Its: rows refused while row `refused_under` was the newest, from that
     * one back to `refused_to`. */
    uint32_t refused_under, refused_to;

    /* steering.c: rules and experiments in force */
    pthread_mutex_t steering_lock; /* `steering`, for moments only */
    piq_steering *steering;        /* NULL: not read yet */
    _Atomic uint64_t steering_number;
    pthread_mutex_t steer_lock; /* one thread adopts at a time */
    int64_t watched_us;         /* the maintainer's: experiments looked at */

    piq_in_force policy;        /* policy.c: none: weights set by hand */
    piq_in_force taste;         /* tastes.c */
    pthread_mutex_t learn_lock; /* one thread learns at a time */
    int64_t learned_us;         /* the maintainer's: log looked at */

    /* erase.c: as the store last said */
    _Atomic int64_t floor;    /* largest version of an erased state */
    _Atomic int64_t erasures; /* so far, of all processes */

    piq_owner *owners;
    unsigned n_owners;
    piq_maintainer *maintainer;
    piq_feed *feed;
    atomic_bool leads;   /* the maintainer's: it holds the lease */
    atomic_bool closing; /* nothing long is begun or gone on with */

    struct {
        piq_metric *fold_ns, *commit_ns, *slate_ns, *path_ns;
        piq_metric *events, *duplicates, *late, *stale;
        piq_metric *model_version, *model_champion, *models_refused;
    } m;
};

/* catalogues.c, learners.c */

/* From the cache, else from the store (and then into the cache), traced under
 * `t` (NULL: no model): made anew from the events where it is not. PIQ_EBUSY:
 * a newer catalogue has come into force meanwhile, ask again with that. */
PIQ_MUST_USE piq_status piq_engine_hold(piq_engine *e, piq_user_id user,
                                        const piq_tracing *t, piq_held **out,
                                        piq_err *err);
/* Decodes a stored state against the catalogue it was made under. */
PIQ_MUST_USE piq_status piq_engine_decode(piq_engine *e, piq_user_id user,
                                          const piq_tracing *t, piq_str body,
                                          int64_t version, piq_learner **out,
                                          piq_err *err);

/* Puts the newest stored catalogue in force, if it is not. */
PIQ_MUST_USE piq_status piq_engine_adopt_catalogue(piq_engine *e, piq_err *err);

/* models.c */

/* Puts the champion in force, bound to the catalogue in force, if it is not.
 * One that cannot be read is refused aloud, and the champion before it is
 * taken; that is no failure. */
PIQ_MUST_USE piq_status piq_engine_adopt_model(piq_engine *e, piq_err *err);
/* The same, and what is in force then, one reference (NULL: none), with the
 * number of the row that it was chosen by. */
PIQ_MUST_USE piq_status piq_engine_champion(piq_engine *e, piq_model_hold **out,
                                            uint32_t *number, piq_err *err);
/* As long as the hold; NULL for NULL. */
const piq_kt_model *piq_model_of(const piq_model_hold *h);
/* The catalogue in force and the model bound to it (NULL: none). */
PIQ_MUST_USE piq_status piq_engine_in_force(piq_engine *e,
                                            const piq_catalogue **c,
                                            piq_model_hold **model,
                                            piq_err *err);
/* One that was in force once, bound to a catalogue that was. */
PIQ_MUST_USE piq_status piq_engine_model_version(piq_engine *e, uint32_t model,
                                                 uint32_t catalogue,
                                                 piq_model_hold **out,
                                                 piq_err *err);

/* Takes over what another process has published, when the book does not know
 * calibration `least` yet. */
PIQ_MUST_USE piq_status piq_engine_read_book(piq_engine *e, uint32_t least,
                                             piq_err *err);

/* rebuild.c: folding anew from what is stored. */

/* The learner as all stored events up to now, and those of `extra` (by fold
 * order, none of them stored), make it, without those that were voided or are
 * in `voided`: from the last snapshot before the first of `extra`, and before
 * `before_us` (from nothing when n_extra is 0). `effects`: [n_extra].
 * Snapshots due on the way are appended to *snapshots (in `a`). */
typedef struct piq_rebuild {
    piq_user_id user;
    const piq_tracing *tracing; /* NULL: no model */
    const piq_event *extra;
    size_t n_extra;
    const piq_str *voided; /* ids of stored events, with some extra */
    size_t n_voided;
    int64_t before_us; /* read where n_voided: the first of them is there */
    piq_fold_effect *effects;
    piq_snapshot_row *snapshots;
    size_t n_snapshots, cap_snapshots;
} piq_rebuild;
PIQ_MUST_USE piq_status piq_rebuild_learner(piq_engine *e, piq_arena *a,
                                            piq_rebuild *r, piq_learner **out,
                                            piq_err *err);
/* What was folded up to here stays; with some extra. */
void piq_rebuild_from(const piq_rebuild *r, int64_t *at_us, piq_str *event_id);
/* Folds one event in, growing the learner to the event's catalogue. PIQ_EBUSY:
 * that is newer than the one which `t` is bound to; it is in force now. */
PIQ_MUST_USE piq_status piq_fold_next(piq_engine *e, piq_learner *l,
                                      const piq_tracing *t,
                                      const piq_event *event,
                                      piq_fold_effect *effect, piq_err *err);
/* A stored row back to the event it was. */
PIQ_MUST_USE piq_status piq_engine_read_event(piq_engine *e, piq_arena *a,
                                              const piq_event_row *row,
                                              piq_event *out, piq_err *err);
/* Encodes a snapshot of `l` into `a`. */
PIQ_MUST_USE piq_status piq_snapshot_of(piq_arena *a, const piq_learner *l,
                                        piq_snapshot_row *out);

/* batch.c: one batch of operations being folded. */

/* A learner that this batch has worked on. */
typedef struct piq_work {
    piq_learner *learner;  /* the working copy; freed unless published */
    int64_t from_version;  /* 0: new */
    int64_t first_version; /* of a new one: above what was erased */
    bool changed, paused;
    struct piq_work *next;
} piq_work;

typedef struct piq_batch {
    piq_engine *engine;
    piq_arena arena;
    piq_commit commit;
    size_t cap_events, cap_snapshots, cap_stale, cap_feedback;
    size_t cap_recommendations, cap_slates, cap_paths, cap_profiles;
    size_t cap_exposures, cap_records;
    piq_record *records;
    struct piq_undo *undo; /* working copies that the operation replaced */
    piq_exposure_row *exposures;
    piq_snapshot_row *snapshots;
    piq_snapshot_row *stale;
    piq_feedback_row *feedback;
    piq_slate_row *slates;
    piq_profile_row *profiles;
    piq_map work_at; /* user -> piq_work */
    piq_work *work;
    piq_map events_at; /* piq_event_key -> position in commit.events */
    /* What the operation being prepared reads with; its learner has room. */
    const piq_catalogue *catalogue;
    /* In force when the batch began: all of its learners are traced under this
     * model, and events of a newer catalogue belong into the next batch. */
    const piq_catalogue *in_force;
    piq_model_hold *model;
    piq_steering *steering;         /* in force when the batch began */
    struct piq_policy_hold *policy; /* the same; NULL: set by hand */
    struct piq_taste_hold *taste;   /* the same; NULL: none */
    piq_status status; /* not OK: there is no telling what is in force */
    piq_err err;
} piq_batch;

/* The state's version once this batch is durable. */
static inline int64_t piq_work_version(const piq_work *w)
{
    if (!w->changed)
        return w->from_version;
    return w->from_version ? w->from_version + 1 : w->first_version;
}

/* Of a learner's event id, for maps; two may share it. */
uint64_t piq_event_key(piq_user_id user, piq_str event_id);

/* The batch's working copy of a learner; `create` makes one that nobody has
 * heard of, else PIQ_ENOTFOUND. */
PIQ_MUST_USE piq_status piq_batch_learner(piq_batch *b, piq_user_id user,
                                          bool create, piq_work **out,
                                          piq_err *err);
/* Puts `folded` in the place of what was worked on; takes it, also when it
 * fails. Undone by piq_batch_settle. */
PIQ_MUST_USE piq_status piq_batch_replace(piq_batch *b, piq_work *w,
                                          piq_learner *folded);
/* Ends an operation's replacements: kept, or all taken back. */
void piq_batch_settle(piq_batch *b, bool keep);
/* Grows `*rows` in the batch's arena so that one more fits. */
PIQ_MUST_USE piq_status piq_batch_room(piq_batch *b, void **rows, size_t n,
                                       size_t *cap, size_t size);

/* Forgets the batch before; keeps its memory for the next, up to a bound. */
void piq_batch_begin(piq_batch *b, piq_engine *e);
/* Frees the working copies that were not published. */
void piq_batch_end(piq_batch *b);
/* The rows of what changed, encoded; completes b->commit. */
PIQ_MUST_USE piq_status piq_batch_states(piq_batch *b);
/* After the commit: the new states are what readers see. */
void piq_batch_publish(piq_batch *b);

/* Each operation prepares its rows; `finish` runs after the commit, when ids
 * are known, and before `done`. PIQ_EBUSY from prepare: do it in the next
 * batch (it needs what this one is about to write). */
PIQ_MUST_USE piq_status piq_events_prepare(piq_batch *b, piq_op *op);
void piq_events_finish(piq_batch *b, const piq_op *op);
/* The same with records, and with the events of several learners. */
PIQ_MUST_USE piq_status piq_several_prepare(piq_batch *b, piq_op *op);
PIQ_MUST_USE piq_status piq_slate_prepare(piq_batch *b, piq_op *op);
void piq_slate_finish(piq_batch *b, piq_op *op);
PIQ_MUST_USE piq_status piq_plan_prepare(piq_batch *b, piq_op *op);
void piq_plan_finish(piq_batch *b, piq_op *op);
PIQ_MUST_USE piq_status piq_profile_prepare(piq_batch *b, piq_op *op);

PIQ_MUST_USE piq_status piq_owners_start(piq_engine *e, piq_err *err);
/* Finishes everything queued, joins the threads. */
void piq_owners_stop(piq_engine *e);
size_t piq_owners_queued(piq_engine *e);

/* maintain.c: calibration, profile rows, newer catalogues; one thread. */
PIQ_MUST_USE piq_status piq_maintainer_start(piq_engine *e, piq_err *err);
void piq_maintainer_stop(piq_engine *e);
/* This learner's user_profiles row shows an old state. */
void piq_maintainer_dirty(piq_engine *e, piq_user_id user);

/* The calibrator, for a bulk import that feeds it itself: nothing is calibrated
 * in the background until it is given back. It has seen every stored answer. */
PIQ_MUST_USE piq_status piq_maintainer_lend(piq_engine *e, piq_calibrator **out,
                                            piq_err *err);
/* While it is lent: feeds it the stored answers after *seq, the newest event
 * that the import folded itself; *seq moves on. */
PIQ_MUST_USE piq_status piq_maintainer_feed(piq_engine *e, int64_t *seq,
                                            piq_err *err);
/* While it is lent: it has seen all up to `seq`, with `n_answers` not published
 * yet; publishes what moved when asked to. */
PIQ_MUST_USE piq_status piq_maintainer_settle(piq_engine *e, int64_t seq,
                                              uint64_t n_answers, bool publish,
                                              piq_err *err);
/* `as_stored`: it saw what was not stored in the end, and is made anew. */
void piq_maintainer_give_back(piq_engine *e, bool as_stored);

/* The learner is gone: no row of theirs is due. */
void piq_maintainer_forget(piq_engine *e, piq_user_id user);

/* feed.c: what other processes have changed; one thread. */
PIQ_MUST_USE piq_status piq_feed_start(piq_engine *e, piq_err *err);
void piq_feed_stop(piq_engine *e);
/* Something was committed here: subscribers are to hear of it soon. */
void piq_feed_nudge(piq_engine *e);

/* erase.c, pause.c: operations that an owner does by themselves, in a commit
 * of their own. */
void piq_erase_run(piq_engine *e, piq_op *op);
void piq_pause_run(piq_engine *e, piq_op *op);
/* What the store says of erasures. */
PIQ_MUST_USE piq_status piq_engine_read_floor(piq_engine *e, piq_err *err);
/* Of a learner who is new. */
int64_t piq_engine_first_version(piq_engine *e);
PIQ_MUST_USE piq_status piq_pause_read(piq_engine *e, piq_user_id user,
                                       bool *paused, piq_err *err);

/* profile_rows.c */
PIQ_MUST_USE piq_status piq_profile_row_make(piq_engine *e, piq_arena *a,
                                             const piq_learner *l,
                                             const piq_model_hold *model,
                                             int64_t now_us,
                                             piq_profile_row *out);

#endif
