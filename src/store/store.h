/* store.h - what the engine needs kept, in domain words. No SQL.
 *
 * One struct of functions for each backend (store/sqlite, later
 * store/postgres); tests/contract runs the same suite on all of them.
 *
 * Writes come as one piq_commit: all of it durable, or none. A commit is
 * called by one thread at a time (the engine's storage thread); reads may come
 * from any thread at any time and see committed data only. Versions guard a
 * learner's state: a write names the version it was made from, and the whole
 * commit is refused with PIQ_ESTALE when somebody else was there first.
 *
 * Results are copied into the caller's arena. Absence is PIQ_ENOTFOUND, and
 * empty where there could be several. PIQ_EFULL: disk full; PIQ_EBUSY: locked;
 * PIQ_EIO; PIQ_ECORRUPT: err->where names file or table. After a failed call
 * the store is as before and can still be read.
 */
#ifndef PIQ_STORE_STORE_H
#define PIQ_STORE_STORE_H

#include "base/arena.h"
#include "base/status.h"
#include "base/str.h"
#include "domain/calibration.h"
#include "domain/history.h"
#include "domain/ids.h"
#include "domain/words.h"
#include "store/tables.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* ---- what is written ------------------------------------------------- */

/* An accepted event. Columns that the fold or a calibration needs stand
 * beside the canonical JSON body. */
typedef struct piq_event_row {
    int64_t seq; /* out: order of arrival over all learners */
    piq_user_id user;
    piq_str event_id;
    int64_t at_us;
    int64_t received_us;
    piq_event_type type;
    uint32_t catalogue_version;
    uint32_t calibration;
    piq_item_ix item; /* answers to an item, else PIQ_NO_IX32 */
    float score;      /* answers */
    float predicted;  /* P(right) before it; NaN when it was not an answer */
    float ability_logit;
    float ability_variance;
    piq_str body;
} piq_event_row;

typedef struct piq_state_row {
    piq_user_id user;
    int64_t version;      /* after; 1 for a new learner, see erase() */
    int64_t from_version; /* before; 0: there must be none */
    piq_str body;
} piq_state_row;

/* State as it was right after one event: where a late event's fold starts.
 * At most 8 are kept of a learner: the newest, and others with ages in about
 * geometric steps. One of the same place is replaced. */
typedef struct piq_snapshot_row {
    piq_user_id user;
    int64_t at_us;
    piq_str event_id;
    uint32_t n_events; /* folded so far */
    piq_str body;
} piq_snapshot_row;

typedef struct piq_recommendation_row {
    int64_t id; /* out */
    piq_user_id user;
    piq_content_type type;
    piq_content_id content;
    double score;
    piq_str reasoning; /* JSON */
    int64_t recommended_us;
    piq_user_action action;
    uint8_t feedback_score; /* 0: none */
} piq_recommendation_row;

/* One served slate: what could have been shown, and with which chance. */
typedef struct piq_slate_row {
    piq_user_id user;
    int64_t served_us;
    int64_t state_version;
    uint32_t catalogue_version;
    piq_str policy;
    piq_str request;    /* JSON: type, limit */
    piq_str candidates; /* binary, engine/recommend.c; NULs allowed */
    /* Shown, best first: recommendations[first .. first+n) of the commit. */
    size_t first_recommendation;
    size_t n_recommendations;
} piq_slate_row;

typedef struct piq_path_row {
    int64_t id; /* out when 0; else that row is updated */
    piq_user_id user;
    int64_t state_version; /* of the learner's state it was planned from */
    piq_str path_config;   /* JSON */
    int32_t current_position;
    int64_t estimated_completion_us; /* INT64_MAX: none */
    piq_str adaptation_history;      /* JSON array */
    int64_t created_us;              /* an update leaves it */
} piq_path_row;

/* Ignored when a row of a later state_version is stored. The last two may be
 * empty. */
typedef struct piq_profile_row {
    piq_user_id user;
    int64_t state_version;
    piq_str skill_profile; /* JSON, all four */
    piq_str learning_style;
    piq_str behavioral_metrics;
    piq_str goals;
    int64_t updated_us;
} piq_profile_row;

typedef struct piq_feedback_row {
    piq_user_id user;
    int64_t recommendation_id;
    piq_user_action action; /* NONE leaves it */
    uint8_t feedback_score; /* 0 leaves it */
    bool exact; /* both become what they are here, NONE and 0 as well */
} piq_feedback_row;

typedef struct piq_calibration_row {
    uint32_t number;     /* one more than the last */
    int64_t through_seq; /* answers up to here are in it */
    int64_t made_us;
    const piq_calibrated_item *items;
    size_t n_items;
} piq_calibration_row;

/* A trained model. Everything but the body stays for ever: what was tried, and
 * how good it was. The body may be dropped. */
typedef struct piq_model_row {
    uint32_t version; /* out: 1, 2, ..; over all kinds, none is given twice */
    piq_str kind;     /* PIQ_MODEL_KT */
    int64_t made_us;
    uint64_t digest;  /* the maker's name for the body */
    uint64_t n_bytes; /* out: of the body, also after it was dropped */
    piq_str about;    /* JSON: data, schema, scores, members */
    bool has_body;    /* out: it was not dropped */
    piq_str body;     /* at most PIQ_STORE_MAX_MODEL_BYTES */
} piq_model_row;

#define PIQ_MODEL_KT PIQ_STR("kt") /* knowledge tracing: predict/kt_model.h */
enum { PIQ_STORE_MAX_MODEL_BYTES = 256 << 20 };

/* Who has been champion, the model that is used; a row is never changed.
 * Numbers are 1, 2, .. of each kind. */
typedef struct piq_champion_row {
    uint32_t number; /* one more than the last */
    piq_str kind;
    uint32_t model; /* its version; 0: no model from now on */
    /* Number of the row whose model a rollback makes champion; below `number`,
     * 0: none. See store/registry.h. */
    uint32_t previous;
    int64_t at_us;
    piq_str reason;
} piq_champion_row;

/* A set of rules (domain/rule.h), whole; the newest is in force, all stay. */
typedef struct piq_rules_row {
    uint32_t version; /* one more than the last */
    int64_t made_us;
    piq_str document; /* JSON */
} piq_rules_row;

/* An A/B test (domain/experiment.h). At most one of a name runs. */
typedef struct piq_experiment_row {
    int64_t id; /* out */
    piq_str name;
    int64_t started_us;
    int64_t stopped_us;  /* out: INT64_MAX, it runs */
    piq_str document;    /* JSON */
    piq_str stop_reason; /* out */
} piq_experiment_row;

/* What became of one recommendation. */
typedef struct piq_outcome {
    piq_user_action action;
    uint8_t feedback_score; /* 0: none */
} piq_outcome;

/* A slate that was made under an arm, and how its learner stood then. */
typedef struct piq_exposure_row {
    int64_t id; /* out */
    int64_t experiment;
    uint8_t arm; /* position in the document */
    piq_user_id user;
    int64_t at_us;
    double gained;     /* mastery gained so far, summed over concepts */
    double practice_s; /* seconds spent on practice so far */
    /* As piq_slate_row's: of the commit. Reading gives the store's own id. */
    int64_t first_recommendation;
    size_t n_recommendations;
    const piq_outcome *outcomes; /* out: [n_recommendations], when read */
} piq_exposure_row;

/* A slate as it was logged, and what became of it. */
typedef struct piq_slate_record {
    int64_t id;        /* rises in order of serving, over all learners */
    piq_slate_row row; /* but for its place in the commit */
    int64_t first_recommendation; /* its ids follow one another; 0: none */
    const piq_outcome *outcomes;  /* [row.n_recommendations] */
} piq_slate_record;

/* A small document of its own: an API key, who coaches whom, a setting, a
 * statement, an answer that may have to be given again. What is many, or needs
 * columns, has a table; this is for the rest.
 *
 * `kind` is of [a-z_], 1 to 32 bytes, `key` 1 to 256 bytes of UTF-8; one of a
 * (user, kind, key). A write names the version it was made from, as a state
 * does. An expired record is as absent to whoever reads, and to a write whose
 * own at_us is not before the expiry; tidy() drops it. */
typedef struct piq_record {
    piq_user_id user; /* whose: goes when that learner is erased; 0: nobody's */
    piq_str kind;
    piq_str key;
    int64_t version;      /* out when read; else from_version + 1 is stored */
    int64_t from_version; /* 0: there must be none; PIQ_RECORD_ANY */
    /* Of the learner's state that it was made from: refused when that was
     * erased, as a slate is; 0: from none. Not told when read. */
    int64_t state_version;
    int64_t at_us;      /* what listing goes by; a rewrite may move it */
    int64_t expires_us; /* INT64_MAX: never */
    piq_str document;   /* JSON; empty: drop it. At most 1 MiB */
    /* Beside a slate, in its commit: of which recommendations, as
     * piq_slate_row's. With any, the document is an object that has a member,
     * and is stored with the id of the first before them: {"first":17,.. */
    size_t first_recommendation, n_recommendations;
} piq_record;

/* Puts or drops whatever is there. */
#define PIQ_RECORD_ANY INT64_C(-1)
enum { PIQ_STORE_MAX_RECORD_BYTES = 1 << 20 };
#define PIQ_RECORD_ERASED PIQ_STR("erased")
#define PIQ_RECORD_FLOOR  PIQ_STR("version")

/* Everything NULL / 0 that is not written. Rows are applied in the order of
 * the members here. Arrays are borrowed for the call; `out` members of rows
 * are filled in on success: numbers that rise, and are not given twice.
 * Refused as a whole: PIQ_ECONFLICT, a learner's event_id is stored already;
 * PIQ_ESTALE, the from_version of a state or a record, or a calibration's
 * number, is not the present one, a new state's version is not above those that
 * were erased, or a slate, path or record was made from a state that was (see
 * erase()); PIQ_ENOTFOUND, feedback or path of an id that this learner does not
 * have; PIQ_EINVAL, not JSON where JSON is asked for. */
typedef struct piq_commit {
    piq_event_row *events;
    size_t n_events;
    const piq_state_row *states;
    size_t n_states;
    const piq_snapshot_row *snapshots;
    size_t n_snapshots;
    /* Snapshots of these learners after (at_us, event_id) are dropped first:
     * a late event made them untrue. body and n_events are not read. */
    const piq_snapshot_row *stale_snapshots;
    size_t n_stale_snapshots;
    piq_recommendation_row *recommendations;
    size_t n_recommendations;
    const piq_slate_row *slates;
    size_t n_slates;
    const piq_feedback_row *feedback;
    size_t n_feedback;
    piq_path_row *paths;
    size_t n_paths;
    const piq_profile_row *profiles;
    size_t n_profiles;
    const piq_calibration_row *calibrations; /* in order of number */
    size_t n_calibrations;
    const piq_exposure_row *exposures;
    size_t n_exposures;
    const piq_record *records;
    size_t n_records;
} piq_commit;

/* ---- what is read ---------------------------------------------------- */

typedef struct piq_store_counts {
    uint64_t learners, events, recommendations, bytes;
    uint32_t catalogue_version, calibration;
} piq_store_counts;

/* Where reading a learner's events starts and ends, in fold order. */
typedef struct piq_event_range {
    piq_user_id user;
    int64_t after_us; /* events after (after_us, after_id); INT64_MIN: all */
    piq_str after_id;
    int64_t until_us; /* events before this instant; INT64_MAX: all */
    size_t limit;     /* at most so many */
} piq_event_range;

/* An item's estimate from one calibration on. */
typedef struct piq_calibration_entry {
    uint32_t number;
    piq_calibrated_item item;
} piq_calibration_entry;

/* Which records are listed: by (at_us, key), ascending. */
typedef struct piq_record_range {
    piq_str kind;
    piq_user_id user; /* 0: nobody's; PIQ_ANY_USER: all learners' and nobody's,
                         then by (at_us, user, key) */
    int64_t now_us;   /* expired by then: not listed */
    int64_t after_us; /* after (after_us, after_user, after_key); INT64_MIN:
                         from the first */
    piq_user_id after_user; /* read with PIQ_ANY_USER only */
    piq_str after_key;
    int64_t until_us; /* before this instant; INT64_MAX: all */
    size_t limit;     /* at most so many */
} piq_record_range;
#define PIQ_ANY_USER INT64_C(-1)

/* What a commit has changed of a learner, for whoever keeps a copy: caches of
 * other processes, streams, webhooks. */
enum {
    PIQ_CHANGED_STATE = 1, /* `version` is the state's */
    PIQ_CHANGED_PATH = 2,
    PIQ_CHANGED_SLATE = 4,
    PIQ_CHANGED_ERASED = 8 /* nothing of the learner is left */
};
typedef struct piq_change {
    int64_t mark; /* rises; those of one commit may share it */
    piq_user_id user;
    uint32_t what;   /* or of the above */
    int64_t version; /* of the state; 0: it did not change */
    int64_t at_us;   /* when it was committed, by the store's clock */
} piq_change;

/* Rows that were erased. */
typedef struct piq_erased {
    uint64_t events, recommendations, others;
} piq_erased;

typedef struct piq_store piq_store;

typedef struct piq_store_ops {
    const char *name; /* "sqlite" */
    void (*close)(piq_store *s);

    piq_status (*commit)(piq_store *s, piq_commit *c, piq_err *err);

    /* The document of a version; version 0: the newest. PIQ_ENOTFOUND. */
    piq_status (*catalogue)(piq_store *s, piq_arena *a, uint32_t version,
                            uint32_t *found, piq_str *document, piq_err *err);
    /* The newest version; 0: none. Asked often: costs one look at an index. */
    piq_status (*catalogue_version)(piq_store *s, uint32_t *version,
                                    piq_err *err);
    /* Stores a document as version `version`, one more than the newest
     * (PIQ_ESTALE when it is not). */
    piq_status (*put_catalogue)(piq_store *s, uint32_t version,
                                piq_str document, int64_t at_us, piq_err *err);

    piq_status (*state)(piq_store *s, piq_arena *a, piq_user_id user,
                        int64_t *version, piq_str *body, piq_err *err);
    /* The newest snapshot at or before (at_us, event_id). PIQ_ENOTFOUND. */
    piq_status (*snapshot)(piq_store *s, piq_arena *a, piq_user_id user,
                           int64_t at_us, piq_str event_id,
                           piq_snapshot_row *out, piq_err *err);
    /* The stored row of an event id. PIQ_ENOTFOUND. */
    piq_status (*event)(piq_store *s, piq_arena *a, piq_user_id user,
                        piq_str event_id, piq_event_row *out, piq_err *err);
    /* Events in fold order. */
    piq_status (*events)(piq_store *s, piq_arena *a,
                         const piq_event_range *range, piq_event_row **out,
                         size_t *n, piq_err *err);
    /* Answers to items, by seq, of all learners, after `seq`; body and
     * event_id are left empty. For calibration. */
    piq_status (*answers_after)(piq_store *s, piq_arena *a, int64_t seq,
                                size_t limit, piq_event_row **out, size_t *n,
                                piq_err *err);

    piq_status (*recommendation)(piq_store *s, piq_arena *a, piq_user_id user,
                                 int64_t id, piq_recommendation_row *out,
                                 piq_err *err);
    /* Newest first. */
    piq_status (*recommendations)(piq_store *s, piq_arena *a, piq_user_id user,
                                  size_t limit, piq_recommendation_row **out,
                                  size_t *n, piq_err *err);
    /* What the learner was shown from `since_us` on, newest first. */
    piq_status (*shown)(piq_store *s, piq_arena *a, piq_user_id user,
                        int64_t since_us, size_t limit, piq_shown **out,
                        size_t *n, piq_err *err);
    /* Slates of all learners after slate `after`, by id, at most `limit`. */
    piq_status (*slates_after)(piq_store *s, piq_arena *a, int64_t after,
                               size_t limit, piq_slate_record **out, size_t *n,
                               piq_err *err);
    /* The slate that a recommendation was shown in. PIQ_ENOTFOUND. */
    piq_status (*slate_of)(piq_store *s, piq_arena *a, int64_t recommendation,
                           piq_slate_record *out, piq_err *err);
    /* The learner's current path. */
    piq_status (*path)(piq_store *s, piq_arena *a, piq_user_id user,
                       piq_path_row *out, piq_err *err);
    /* Its head, for lists of many learners: path_config with the steps that are
     * done (the path's current_position, and the document's) and n_steps more,
     * at most. What has no steps may be given an empty list of them. A whole
     * path of years is 250 KB, most of which is not read. */
    piq_status (*path_head)(piq_store *s, piq_arena *a, piq_user_id user,
                            size_t n_steps, piq_str *path_config, piq_err *err);
    piq_status (*profile)(piq_store *s, piq_arena *a, piq_user_id user,
                          piq_profile_row *out, piq_err *err);

    /* Number, through_seq of the newest calibration (0, 0: none). */
    piq_status (*calibration)(piq_store *s, uint32_t *number,
                              int64_t *through_seq, piq_err *err);
    /* All estimates ever published, by item, then number. */
    piq_status (*calibrations)(piq_store *s, piq_arena *a,
                               piq_calibration_entry **out, size_t *n,
                               piq_err *err);

    /* Models and champions may be written beside commits, from any thread.
     *
     * Stores a model; *row's `out` members are filled in on success. It is no
     * champion yet. PIQ_EINVAL: no kind, no body, `about` is not JSON;
     * PIQ_ELIMIT: the body is too large. */
    piq_status (*put_model)(piq_store *s, piq_model_row *row, piq_err *err);
    /* All of a kind, ascending, without bodies. */
    piq_status (*models)(piq_store *s, piq_arena *a, piq_str kind,
                         piq_model_row **out, size_t *n, piq_err *err);
    /* One with its body, version 0: the champion. `a` must have room for it.
     * PIQ_ENOTFOUND: not of that kind, no champion, or the body was dropped;
     * PIQ_ECORRUPT: the body is not what was stored. */
    piq_status (*model)(piq_store *s, piq_arena *a, piq_str kind,
                        uint32_t version, piq_model_row *out, piq_err *err);
    /* Drops the body. PIQ_ENOTFOUND: there is none; PIQ_ECONFLICT: it is the
     * champion. */
    piq_status (*drop_model)(piq_store *s, piq_str kind, uint32_t version,
                             piq_err *err);
    /* PIQ_ESTALE: the number is not due; PIQ_ENOTFOUND: no such model of that
     * kind, or its body was dropped; PIQ_EINVAL: `previous` is not below. */
    piq_status (*promote)(piq_store *s, const piq_champion_row *row,
                          piq_err *err);
    /* Newest first. */
    piq_status (*champions)(piq_store *s, piq_arena *a, piq_str kind,
                            size_t limit, piq_champion_row **out, size_t *n,
                            piq_err *err);
    /* Number and model of the newest; 0, 0: there never was one. Cheap: it is
     * asked once a second. */
    piq_status (*champion)(piq_store *s, piq_str kind, uint32_t *number,
                           uint32_t *model, piq_err *err);

    /* Rules and experiments, like models, are written beside commits.
     *
     * PIQ_ESTALE: the version is not due; PIQ_EINVAL: not JSON. */
    piq_status (*put_rules)(piq_store *s, const piq_rules_row *row,
                            piq_err *err);
    /* Version 0: the newest. PIQ_ENOTFOUND. */
    piq_status (*rules)(piq_store *s, piq_arena *a, uint32_t version,
                        piq_rules_row *out, piq_err *err);
    /* Newest first, without documents. */
    piq_status (*rule_versions)(piq_store *s, piq_arena *a, size_t limit,
                                piq_rules_row **out, size_t *n, piq_err *err);
    /* Starts one; row->id is filled in. PIQ_ECONFLICT: one of that name runs;
     * PIQ_EINVAL: not JSON, no name. */
    piq_status (*put_experiment)(piq_store *s, piq_experiment_row *row,
                                 piq_err *err);
    /* PIQ_ENOTFOUND: there is none; PIQ_ECONFLICT: it was stopped before. */
    piq_status (*stop_experiment)(piq_store *s, int64_t id, int64_t at_us,
                                  piq_str reason, piq_err *err);
    /* All there ever were, by id. */
    piq_status (*experiments)(piq_store *s, piq_arena *a,
                              piq_experiment_row **out, size_t *n,
                              piq_err *err);
    /* Of one experiment, after exposure `after`, by id, with outcomes. */
    piq_status (*exposures)(piq_store *s, piq_arena *a, int64_t experiment,
                            int64_t after, size_t limit, piq_exposure_row **out,
                            size_t *n, piq_err *err);
    /* Versions of rules, and starts and stops of experiments so far. Cheap: it
     * is asked once a second. */
    piq_status (*policy_marks)(piq_store *s, uint32_t *rules,
                               uint64_t *experiments, piq_err *err);

    /* One record. PIQ_ENOTFOUND: none, or it has expired by `now_us`. */
    piq_status (*record)(piq_store *s, piq_arena *a, piq_user_id user,
                         piq_str kind, piq_str key, int64_t now_us,
                         piq_record *out, piq_err *err);
    piq_status (*records)(piq_store *s, piq_arena *a,
                          const piq_record_range *range, piq_record **out,
                          size_t *n, piq_err *err);
    /* All or none, beside commits, from any thread. PIQ_ESTALE; PIQ_EINVAL: not
     * JSON, no kind, no key; PIQ_ELIMIT: too large; PIQ_ENOTFOUND: to be
     * dropped from a version, and there is none. */
    piq_status (*put_records)(piq_store *s, const piq_record *rows, size_t n,
                              piq_err *err);

    /* What was committed after `after`, by mark. Whoever goes on from the last
     * mark sees every change once, whatever other processes commit meanwhile.
     * At most `limit`, but a mark is never cut in two. Old ones are dropped by
     * tidy(): PIQ_ENOTFOUND, `after` lies before what is left (read all anew,
     * and go on from last_change). */
    piq_status (*changes)(piq_store *s, piq_arena *a, int64_t after,
                          size_t limit, piq_change **out, size_t *n,
                          piq_err *err);
    /* The newest mark that changes() would give; 0: none yet. Cheap: it is
     * asked several times a second. */
    piq_status (*last_change)(piq_store *s, int64_t *mark, piq_err *err);

    /* Deletes every row of a learner and every record of theirs; numbers that
     * were given to them are not given again. Other processes learn it from
     * changes(). PIQ_ENOTFOUND: there was nothing, and nothing happened.
     *
     * Who still holds the state cannot bring it back. In the same transaction
     * nobody's record PIQ_RECORD_ERASED, PIQ_RECORD_FLOOR is rewritten (never
     * expires; its version counts erasures): a JSON number, the largest version
     * of an erased state so far. From then on a new learner begins above it,
     * which the state keeps as `born` (0: before any erasure). A slate, a path,
     * or a record that names one, whose state_version is below the present
     * state's `born`, or at or below the floor when there is no state, is
     * PIQ_ESTALE; such a profile is ignored. */
    piq_status (*erase)(piq_store *s, piq_user_id user, piq_erased *out,
                        piq_err *err);
    /* Every row of one table, of one learner (PIQ_ANY_USER: all rows), by key,
     * as it was at one instant. Of a table without learners, `user` other than
     * PIQ_ANY_USER gives none. */
    piq_status (*dump)(piq_store *s, const piq_table *t, piq_user_id user,
                       piq_row_sink *sink, void *ctx, piq_err *err);
    /* Adds rows as another store dumped them, [n * t->n_columns], all or none;
     * numbers given from then on lie above theirs. PIQ_ECONFLICT: a row of that
     * key is there; PIQ_EINVAL: a value that the column does not take. */
    piq_status (*load)(piq_store *s, const piq_table *t, const piq_cell *cells,
                       size_t n, piq_err *err);
    /* Drops records that have expired by `now_us`, and changes before
     * `changes_before_us`; of records at most 256 a call in one database, of
     * changes some thousands; *more: call again. */
    piq_status (*tidy)(piq_store *s, int64_t now_us, int64_t changes_before_us,
                       bool *more, piq_err *err);
    /* Forgets how recommendations came about: drops slates served before
     * `before_us`, the reasoning of what they showed (the recommendations
     * stay, as do their outcomes), and the exposures of experiments that were
     * stopped before. At most `limit` slates and `limit` exposures a call,
     * those with the lowest ids looked at first, *more: call again. Numbers are
     * not given again; whoever reads on from a slate that is gone goes on with
     * the next. */
    piq_status (*forget_log)(piq_store *s, int64_t before_us, size_t limit,
                             bool *more, piq_err *err);

    /* Learner ids above `after`, ascending. */
    piq_status (*users)(piq_store *s, piq_arena *a, piq_user_id after,
                        size_t limit, piq_user_id **out, size_t *n,
                        piq_err *err);
    piq_status (*counts)(piq_store *s, piq_store_counts *out, piq_err *err);
    /* Cheap check that reads work, for /readyz. */
    piq_status (*ping)(piq_store *s, piq_err *err);
    /* Attempts so far to reach where the data is that failed, those that were
     * made again included, and in *last, unless it is NULL, why the newest did.
     * Never waits. NULL: there is nothing to be reached, it is a file. */
    uint64_t (*misses)(piq_store *s, piq_err *last);
    /* Before close(): no call waits for where the data is beyond `end_ns`
     * (monotonic), those under way included, and none begins after it. What was
     * not done by then is PIQ_EIO; a write that was under way may have been
     * done, as when the server is lost. Gives how often that was so up to now,
     * for whoever calls it again. From any thread. NULL: nothing is waited for,
     * it is a file. */
    uint64_t (*end_by)(piq_store *s, int64_t end_ns);
} piq_store_ops;

/* Every backend's struct begins with this. */
struct piq_store {
    const piq_store_ops *ops;
};

#endif
