/* memory_store_data.h - what the files of the memory store share. */
#ifndef PIQ_TESTS_MEMORY_STORE_DATA_H
#define PIQ_TESTS_MEMORY_STORE_DATA_H

#include "support/memory_store.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

typedef struct memory_list {
    void **at;
    size_t n, cap;
} memory_list;

typedef struct memory_document {
    uint32_t version;
    piq_str text;
} memory_document;

typedef struct memory_learner {
    piq_user_id user;
    int64_t version;
    int64_t born; /* version that it began with; 0: before any erasure */
    piq_str body;
    memory_list events;    /* piq_event_row, in fold order */
    memory_list snapshots; /* piq_snapshot_row, in fold order */
    piq_path_row path;
    piq_profile_row profile;
    bool has_path, has_profile;
} memory_learner;

typedef struct memory_fault {
    long countdown, more;
    piq_status status;
} memory_fault;

struct memory_data {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    memory_list learners;  /* by id */
    memory_list events;    /* by seq */
    memory_list offers;    /* piq_recommendation_row, id is the position + 1 */
    memory_list documents; /* by version */
    memory_list estimates; /* piq_calibration_entry, by item, then number */
    memory_list models;    /* piq_model_row, by version */
    memory_list champions; /* piq_champion_row, as they came */
    memory_list rules;     /* piq_rules_row, by version */
    memory_list experiments; /* piq_experiment_row, by id */
    memory_list exposures;   /* piq_exposure_row, by id */
    memory_list slates;      /* piq_slate_record, by id; no outcomes */
    memory_list records;     /* piq_record, as they came */
    memory_list changes;     /* piq_change, by mark, from first_change on */
    int64_t last_mark;
    /* Rows of erased learners stay, as nobody's, for their numbers. */
    size_t n_erased_events, n_erased_offers;
    uint32_t calibration;
    int64_t through_seq;
    size_t n_commits, n_paths, n_slates;
    memory_fault on_commit, on_read, on_model;
    bool failed, hold;
    unsigned n_waiting;
    void (*before)(void *ctx, const piq_commit *c);
    void *before_ctx;
};

typedef struct memory_handle {
    piq_store base;
    memory_data *data;
} memory_handle;

/* NULL: none. */
memory_learner *memory_learner_of(const memory_data *d, piq_user_id user);
const piq_event_row *memory_event_of(const memory_learner *l, piq_str id);
const piq_recommendation_row *memory_offer_of(const memory_data *d,
                                              piq_user_id user, int64_t id);
void memory_list_add(memory_list *l, void *what);
piq_str memory_kept(piq_str s);
int memory_cmp_place(int64_t at_us, piq_str id, int64_t other_us,
                     piq_str other_id);
/* Counts down to a failure. Called with the lock held. */
piq_status memory_strike(memory_data *d, memory_fault *f, const char *what,
                         piq_err *err);
void *memory_zeroed(size_t size);
/* A read, or a call for models: locks, unless it was made to fail. */
piq_status memory_begin(piq_store *s, memory_data **out, piq_err *err);
piq_status memory_begin_models(piq_store *s, memory_data **out, piq_err *err);
/* What the engine asks for all the time: counts for nothing, never fails. */
piq_status memory_begin_quietly(piq_store *s, memory_data **out);
/* Unlocks; says what the status is. */
piq_status memory_end(memory_data *d, piq_status status, piq_err *err);
/* Each of the strings becomes a copy in `a`. */
piq_status memory_give(piq_arena *a, piq_str *const list[], size_t n);
/* In memory_store.c. */
piq_status memory_commit(piq_store *s, piq_commit *c, piq_err *err);
/* In memory_store_models.c. */
piq_status memory_put_model(piq_store *s, piq_model_row *row, piq_err *err);
piq_status memory_models(piq_store *s, piq_arena *a, piq_str kind,
                         piq_model_row **out, size_t *n, piq_err *err);
piq_status memory_model(piq_store *s, piq_arena *a, piq_str kind,
                        uint32_t version, piq_model_row *out, piq_err *err);
piq_status memory_drop_model(piq_store *s, piq_str kind, uint32_t version,
                             piq_err *err);
piq_status memory_promote(piq_store *s, const piq_champion_row *row,
                          piq_err *err);
piq_status memory_champions(piq_store *s, piq_arena *a, piq_str kind,
                            size_t limit, piq_champion_row **out, size_t *n,
                            piq_err *err);
piq_status memory_champion(piq_store *s, piq_str kind, uint32_t *number,
                           uint32_t *model, piq_err *err);
void memory_free_models(memory_data *d);
/* In memory_store_policies.c. */
void memory_put_exposures(memory_data *d, const piq_commit *c,
                          int64_t first_recommendation);
piq_status memory_shown(piq_store *s, piq_arena *a, piq_user_id user,
                        int64_t since_us, size_t limit, piq_shown **out,
                        size_t *n, piq_err *err);
piq_status memory_put_rules(piq_store *s, const piq_rules_row *row,
                            piq_err *err);
piq_status memory_rules(piq_store *s, piq_arena *a, uint32_t version,
                        piq_rules_row *out, piq_err *err);
piq_status memory_rule_versions(piq_store *s, piq_arena *a, size_t limit,
                                piq_rules_row **out, size_t *n, piq_err *err);
piq_status memory_put_experiment(piq_store *s, piq_experiment_row *row,
                                 piq_err *err);
piq_status memory_stop_experiment(piq_store *s, int64_t id, int64_t at_us,
                                  piq_str reason, piq_err *err);
piq_status memory_experiments(piq_store *s, piq_arena *a,
                              piq_experiment_row **out, size_t *n,
                              piq_err *err);
piq_status memory_exposures(piq_store *s, piq_arena *a, int64_t experiment,
                            int64_t after, size_t limit, piq_exposure_row **out,
                            size_t *n, piq_err *err);
piq_status memory_policy_marks(piq_store *s, uint32_t *rules,
                               uint64_t *experiments, piq_err *err);
void memory_free_policies(memory_data *d);
/* In memory_store_slates.c. */
void memory_put_slates(memory_data *d, const piq_commit *c,
                       int64_t first_recommendation);
piq_status memory_slates_after(piq_store *s, piq_arena *a, int64_t after,
                               size_t limit, piq_slate_record **out, size_t *n,
                               piq_err *err);
piq_status memory_slate_of(piq_store *s, piq_arena *a, int64_t recommendation,
                           piq_slate_record *out, piq_err *err);
void memory_free_slates(memory_data *d);
piq_status memory_forget_log(piq_store *s, int64_t before_us, size_t limit,
                             bool *more, piq_err *err);
/* In memory_store_records.c. */
bool memory_is_json(piq_str s);
piq_status memory_record(piq_store *s, piq_arena *a, piq_user_id user,
                         piq_str kind, piq_str key, int64_t now_us,
                         piq_record *out, piq_err *err);
piq_status memory_records(piq_store *s, piq_arena *a,
                          const piq_record_range *range, piq_record **out,
                          size_t *n, piq_err *err);
piq_status memory_put_records(piq_store *s, const piq_record *rows, size_t n,
                              piq_err *err);
/* Of a commit; with the lock held. All are checked before any is put. */
piq_status memory_check_records(const memory_data *d, const piq_record *rows,
                                size_t n, piq_err *err);
void memory_apply_records(memory_data *d, const piq_record *rows, size_t n,
                          int64_t first_recommendation);
piq_record *memory_record_of(const memory_data *d, piq_user_id user,
                             piq_str kind, piq_str key);
void memory_note_changes(memory_data *d, const piq_commit *c);
void memory_note_change(memory_data *d, piq_user_id user, uint32_t what,
                        int64_t version);
piq_status memory_changes(piq_store *s, piq_arena *a, int64_t after,
                          size_t limit, piq_change **out, size_t *n,
                          piq_err *err);
piq_status memory_last_change(piq_store *s, int64_t *mark, piq_err *err);
piq_status memory_tidy(piq_store *s, int64_t now_us, int64_t changes_before_us,
                       bool *more, piq_err *err);
void memory_free_records(memory_data *d);
/* In memory_store_erase.c. */
int64_t memory_floor(const memory_data *d);
bool memory_is_alive(const memory_data *d, piq_user_id user,
                     int64_t state_version);
piq_status memory_erase(piq_store *s, piq_user_id user, piq_erased *out,
                        piq_err *err);
void memory_free_learner(memory_learner *l);
void memory_list_remove(memory_list *l, size_t at);

#endif
