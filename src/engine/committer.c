#include "engine/committer.h"

#include "base/map.h"
#include "base/str.h"

#include <pthread.h>
#include <stdlib.h>

enum { MAX_JOINED = 64, JOIN_ARENA_BYTES = 64 << 20 };

typedef piq_commit_ticket waiter;

struct piq_committer {
    piq_store *store;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t work, finished;
    waiter *head, **tail;
    bool stopping;
    piq_committer_stats stats;
};

/* ---- joining --------------------------------------------------------- */

static void count(const piq_commit *c, piq_commit *sum)
{
    sum->n_events += c->n_events;
    sum->n_states += c->n_states;
    sum->n_snapshots += c->n_snapshots;
    sum->n_stale_snapshots += c->n_stale_snapshots;
    sum->n_recommendations += c->n_recommendations;
    sum->n_slates += c->n_slates;
    sum->n_feedback += c->n_feedback;
    sum->n_paths += c->n_paths;
    sum->n_profiles += c->n_profiles;
    sum->n_records += c->n_records;
    sum->n_exposures += c->n_exposures;
}

static void *append(void *to, size_t *n, const void *from, size_t more,
                    size_t size)
{
    char *end = (char *)to + *n * size;
    if (more)
        memcpy(end, from, more * size);
    *n += more;
    return end;
}

static bool is_new(piq_map *seen, uint64_t key)
{
    return !piq_map_get(seen, key, NULL) && piq_map_put(seen, key, 1) == PIQ_OK;
}

static uint64_t record_key(const piq_record *r)
{
    return piq_hash_bytes(r->key.ptr, r->key.len) ^
           piq_hash_u64(piq_hash_bytes(r->kind.ptr, r->kind.len) +
                        (uint64_t)r->user.v);
}

/* No state or record is written by two of them, each from the version before:
 * owners share a learner only where an operation is of several learners.
 * Guessing wrong costs a commit of its own. */
static bool are_apart(waiter *list)
{
    piq_map seen;
    bool apart = true;
    piq_map_init(&seen);
    for (waiter *w = list; w && apart; w = w->next) {
        const piq_commit *c = w->commit;
        for (size_t i = 0; i < c->n_states && apart; i++)
            apart = is_new(&seen, piq_hash_u64((uint64_t)c->states[i].user.v));
        for (size_t i = 0; i < c->n_records && apart; i++)
            apart = is_new(&seen, record_key(&c->records[i]));
    }
    piq_map_release(&seen);
    return apart;
}

/* Rows of all waiters in one commit. */
static piq_status join(piq_arena *a, waiter *list, piq_commit *out)
{
    piq_commit sum = {0}, j = {0};
    for (waiter *w = list; w; w = w->next)
        count(w->commit, &sum);
    piq_state_row *states = piq_new(a, piq_state_row, sum.n_states);
    piq_snapshot_row *snaps = piq_new(a, piq_snapshot_row, sum.n_snapshots);
    piq_snapshot_row *stale =
        piq_new(a, piq_snapshot_row, sum.n_stale_snapshots);
    piq_slate_row *slates = piq_new(a, piq_slate_row, sum.n_slates);
    piq_feedback_row *feedback = piq_new(a, piq_feedback_row, sum.n_feedback);
    piq_profile_row *profiles = piq_new(a, piq_profile_row, sum.n_profiles);
    piq_record *records = piq_new(a, piq_record, sum.n_records);
    piq_exposure_row *exposures = piq_new(a, piq_exposure_row, sum.n_exposures);
    j.events = piq_new(a, piq_event_row, sum.n_events);
    j.recommendations =
        piq_new(a, piq_recommendation_row, sum.n_recommendations);
    j.paths = piq_new(a, piq_path_row, sum.n_paths);
    if (!states || !snaps || !stale || !slates || !feedback || !profiles ||
        !records || !exposures || !j.events || !j.recommendations || !j.paths)
        return PIQ_ENOMEM;
    for (waiter *w = list; w; w = w->next) {
        const piq_commit *c = w->commit;
        size_t first = j.n_recommendations;
        append(j.events, &j.n_events, c->events, c->n_events, sizeof *j.events);
        append(states, &j.n_states, c->states, c->n_states, sizeof *states);
        append(snaps, &j.n_snapshots, c->snapshots, c->n_snapshots,
               sizeof *snaps);
        append(stale, &j.n_stale_snapshots, c->stale_snapshots,
               c->n_stale_snapshots, sizeof *stale);
        append(j.recommendations, &j.n_recommendations, c->recommendations,
               c->n_recommendations, sizeof *j.recommendations);
        piq_slate_row *mine =
            append(slates, &j.n_slates, c->slates, c->n_slates, sizeof *slates);
        for (size_t i = 0; i < c->n_slates; i++)
            mine[i].first_recommendation += first;
        append(feedback, &j.n_feedback, c->feedback, c->n_feedback,
               sizeof *feedback);
        append(j.paths, &j.n_paths, c->paths, c->n_paths, sizeof *j.paths);
        append(profiles, &j.n_profiles, c->profiles, c->n_profiles,
               sizeof *profiles);
        piq_record *kept = append(records, &j.n_records, c->records,
                                  c->n_records, sizeof *records);
        for (size_t i = 0; i < c->n_records; i++)
            kept[i].first_recommendation += first;
        piq_exposure_row *seen = append(exposures, &j.n_exposures, c->exposures,
                                        c->n_exposures, sizeof *exposures);
        for (size_t i = 0; i < c->n_exposures; i++)
            seen[i].first_recommendation += (int64_t)first;
    }
    j.states = states;
    j.snapshots = snaps;
    j.stale_snapshots = stale;
    j.slates = slates;
    j.feedback = feedback;
    j.profiles = profiles;
    j.records = records;
    j.exposures = exposures;
    *out = j;
    return PIQ_OK;
}

/* What the store filled in goes back to each waiter's own rows. */
static void hand_back(waiter *list, const piq_commit *joined)
{
    size_t event = 0, recommendation = 0, path = 0;
    for (waiter *w = list; w; w = w->next) {
        piq_commit *c = w->commit;
        for (size_t i = 0; i < c->n_events; i++)
            c->events[i].seq = joined->events[event++].seq;
        for (size_t i = 0; i < c->n_recommendations; i++)
            c->recommendations[i].id =
                joined->recommendations[recommendation++].id;
        for (size_t i = 0; i < c->n_paths; i++)
            c->paths[i].id = joined->paths[path++].id;
    }
}

static piq_status commit_one(piq_committer *k, waiter *w)
{
    return k->store->ops->commit(k->store, w->commit, w->err);
}

static size_t commit_list(piq_committer *k, waiter *list, piq_arena *a)
{
    piq_commit joined;
    size_t durable = 0;
    if (list->next && are_apart(list) && join(a, list, &joined) == PIQ_OK &&
        k->store->ops->commit(k->store, &joined, NULL) == PIQ_OK) {
        hand_back(list, &joined);
        for (waiter *w = list; w; w = w->next)
            w->status = PIQ_OK;
        return 1;
    }
    for (waiter *w = list; w; w = w->next) {
        w->status = commit_one(k, w);
        durable += w->status == PIQ_OK;
    }
    return durable;
}

/* ---- the thread ------------------------------------------------------ */

/* Takes up to MAX_JOINED waiters; one with calibrations goes alone, so
 * that their numbers stay in order. Called with the lock held. */
static waiter *take(piq_committer *k)
{
    waiter *list = k->head, **end = &k->head;
    for (size_t n = 0; *end && n < MAX_JOINED; n++) {
        bool alone = (*end)->commit->n_calibrations > 0;
        if (alone && n > 0)
            break;
        end = &(*end)->next;
        if (alone)
            break;
    }
    k->head = *end;
    *end = NULL;
    if (!k->head)
        k->tail = &k->head;
    return list;
}

/* Not what the store refuses for good reason. */
static bool is_storage_failure(piq_status status)
{
    return status && status != PIQ_ESTALE && status != PIQ_ECONFLICT &&
           status != PIQ_ENOTFOUND && status != PIQ_EINVAL;
}

static void *run(void *ctx)
{
    piq_committer *k = ctx;
    piq_arena arena;
    piq_arena_init(&arena, JOIN_ARENA_BYTES);
    pthread_mutex_lock(&k->lock);
    for (;;) {
        while (!k->head && !k->stopping)
            pthread_cond_wait(&k->work, &k->lock);
        if (!k->head)
            break;
        waiter *list = take(k);
        pthread_mutex_unlock(&k->lock);
        size_t durable = commit_list(k, list, &arena);
        piq_arena_clear(&arena);
        pthread_mutex_lock(&k->lock);
        k->stats.commits += durable;
        k->stats.last_ok = true;
        while (list) {
            waiter *next = list->next; /* the waiter may vanish once done */
            k->stats.requests++;
            if (is_storage_failure(list->status)) {
                k->stats.failures++;
                k->stats.last_ok = false;
            }
            list->done = true;
            list = next;
        }
        pthread_cond_broadcast(&k->finished);
    }
    pthread_mutex_unlock(&k->lock);
    piq_arena_release(&arena);
    return NULL;
}

piq_status piq_committer_start(piq_store *store, piq_committer **out,
                               piq_err *err)
{
    piq_committer *k = calloc(1, sizeof *k);
    if (!k)
        return piq_fail(err, PIQ_ENOMEM, "no memory for the storage thread");
    k->store = store;
    k->tail = &k->head;
    k->stats.last_ok = true;
    pthread_mutex_init(&k->lock, NULL);
    pthread_cond_init(&k->work, NULL);
    pthread_cond_init(&k->finished, NULL);
    if (pthread_create(&k->thread, NULL, run, k)) {
        pthread_cond_destroy(&k->work);
        pthread_cond_destroy(&k->finished);
        pthread_mutex_destroy(&k->lock);
        free(k);
        return piq_fail(err, PIQ_ENOMEM, "could not start the storage thread");
    }
    *out = k;
    return PIQ_OK;
}

void piq_committer_stop(piq_committer *k)
{
    if (!k)
        return;
    pthread_mutex_lock(&k->lock);
    k->stopping = true;
    pthread_cond_signal(&k->work);
    pthread_mutex_unlock(&k->lock);
    pthread_join(k->thread, NULL);
    pthread_cond_destroy(&k->work);
    pthread_cond_destroy(&k->finished);
    pthread_mutex_destroy(&k->lock);
    free(k);
}

void piq_committer_begin(piq_committer *k, piq_commit_ticket *t, piq_commit *c,
                         piq_err *err)
{
    *t = (piq_commit_ticket){.commit = c, .err = err};
    pthread_mutex_lock(&k->lock);
    *k->tail = t;
    k->tail = &t->next;
    pthread_cond_signal(&k->work);
    pthread_mutex_unlock(&k->lock);
}

piq_status piq_committer_wait(piq_committer *k, piq_commit_ticket *t)
{
    pthread_mutex_lock(&k->lock);
    while (!t->done)
        pthread_cond_wait(&k->finished, &k->lock);
    pthread_mutex_unlock(&k->lock);
    return t->status;
}

piq_status piq_committer_commit(piq_committer *k, piq_commit *c, piq_err *err)
{
    piq_commit_ticket t;
    piq_committer_begin(k, &t, c, err);
    return piq_committer_wait(k, &t);
}

void piq_committer_stats_get(piq_committer *k, piq_committer_stats *out)
{
    pthread_mutex_lock(&k->lock);
    *out = k->stats;
    pthread_mutex_unlock(&k->lock);
}
