#include "base/calendar.h"
#include "base/clock.h"
#include "base/log.h"
#include "engine/engine_internal.h"

#include <stdlib.h>

/* A batch ends at so many events, whatever operations wait. */
enum { MAX_BATCH_EVENTS = 4096, BATCH_ARENA_BYTES = 512 << 20 };

struct piq_owner {
    piq_engine *engine;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t work;
    piq_op *head, **tail;
    size_t n;
    bool stopping;
};

/* ---- one batch, from operations to answers --------------------------- */

/* For what only reads: room for the catalogue in force. A state that this
 * batch has changed keeps the room that its events asked for, because that is
 * what will be stored; then the operation belongs into the next batch. */
static piq_status make_readable(piq_batch *b, piq_op *op)
{
    piq_work *work;
    piq_status status = piq_batch_learner(b, op->user, false, &work, &op->err);
    if (status)
        return status;
    b->catalogue = piq_engine_catalogue(b->engine);
    if (piq_learner_fits(work->learner, b->catalogue))
        return PIQ_OK;
    if (!work->changed)
        return piq_learner_grow(work->learner, b->catalogue);
    op->later = true;
    return PIQ_EBUSY;
}

/* Done by itself, not in a batch: what it changes, a batch would have read. */
static bool is_alone(const piq_op *op)
{
    return op->kind == PIQ_OP_ERASE || op->kind == PIQ_OP_PAUSE ||
           op->kind == PIQ_OP_RESUME;
}

static piq_status prepare(piq_batch *b, piq_op *op)
{
    if (b->status) {
        op->err = b->err;
        return b->status;
    }
    PIQ_ASSERT(!is_alone(op));
    if (op->kind != PIQ_OP_EVENTS) {
        piq_status status = make_readable(b, op);
        if (status)
            return status;
    }
    switch (op->kind) {
    case PIQ_OP_EVENTS:
        return piq_several_prepare(b, op);
    case PIQ_OP_SLATE:
        return piq_slate_prepare(b, op);
    case PIQ_OP_PATH:
        return piq_plan_prepare(b, op);
    case PIQ_OP_PROFILE:
        return piq_profile_prepare(b, op);
    case PIQ_OP_ERASE:
    case PIQ_OP_PAUSE:
    case PIQ_OP_RESUME:
        break;
    }
    return PIQ_EINTERNAL;
}

/* Rows that an operation had added before it was refused are taken back. */
static void take_back(piq_commit *c, const piq_commit *saved)
{
    c->n_events = saved->n_events;
    c->n_snapshots = saved->n_snapshots;
    c->n_stale_snapshots = saved->n_stale_snapshots;
    c->n_recommendations = saved->n_recommendations;
    c->n_slates = saved->n_slates;
    c->n_feedback = saved->n_feedback;
    c->n_paths = saved->n_paths;
    c->n_profiles = saved->n_profiles;
    c->n_exposures = saved->n_exposures;
    c->n_records = saved->n_records;
}

/* Sorts the list into prepared operations and those for the next batch;
 * refused ones are prepared too, with their status. */
static piq_op *prepare_all(piq_batch *b, piq_op *list, piq_op **later)
{
    piq_op *prepared = NULL, **end = &prepared;
    int64_t start_ns = piq_clock_monotonic_ns();
    while (list) {
        piq_op *op = list;
        list = op->next;
        op->next = NULL;
        piq_commit saved = b->commit;
        op->err = (piq_err){0};
        op->later = false;
        op->status = prepare(b, op);
        if (op->status == PIQ_EBUSY &&
            piq_engine_catalogue(b->engine) != b->in_force)
            op->later = true; /* the next batch goes by the newer one */
        if (op->status)
            take_back(&b->commit, &saved);
        if (op->status && op->err.status != op->status)
            piq_fail(&op->err, op->status, "this request was not done: %s",
                     piq_status_text(op->status));
        if (op->later) {
            *later = op;
            later = &op->next;
        } else {
            *end = op;
            end = &op->next;
        }
    }
    piq_metric_observe_ns(b->engine->m.fold_ns,
                          piq_clock_monotonic_ns() - start_ns);
    return prepared;
}

static bool has_rows(const piq_commit *c)
{
    return c->n_events || c->n_states || c->n_recommendations || c->n_slates ||
           c->n_feedback || c->n_paths || c->n_profiles || c->n_records;
}

static piq_status write_batch(piq_batch *b, piq_err *err)
{
    piq_status status = piq_batch_states(b);
    if (status)
        return piq_fail(err, status, "no memory for a commit");
    if (!has_rows(&b->commit))
        return PIQ_OK;
    int64_t start_ns = piq_clock_monotonic_ns();
    status = piq_committer_commit(b->engine->committer, &b->commit, err);
    piq_metric_observe_ns(b->engine->m.commit_ns,
                          piq_clock_monotonic_ns() - start_ns);
    if (status == PIQ_OK)
        piq_feed_nudge(b->engine);
    return status;
}

static void tell_version(const piq_batch *b, piq_op *op)
{
    uint64_t found;
    if (piq_map_get(&b->work_at, (uint64_t)op->user.v, &found)) {
        const piq_work *w = (piq_work *)(uintptr_t)found;
        op->state_version = piq_work_version(w);
    }
}

static void finish(piq_batch *b, piq_op *op)
{
    tell_version(b, op);
    switch (op->kind) {
    case PIQ_OP_EVENTS:
        for (piq_op *part = op; part; part = part->also) {
            tell_version(b, part);
            piq_events_finish(b, part);
        }
        break;
    case PIQ_OP_SLATE:
        piq_slate_finish(b, op);
        break;
    case PIQ_OP_PATH:
        piq_plan_finish(b, op);
        break;
    case PIQ_OP_PROFILE:
    case PIQ_OP_ERASE:
    case PIQ_OP_PAUSE:
    case PIQ_OP_RESUME:
        break;
    }
}

/* Another process was there first with a state, or with an event: what was
 * read before is old. */
static bool was_overtaken(piq_status status)
{
    return status == PIQ_ESTALE || status == PIQ_ECONFLICT;
}

/* The fault may be one operation's alone. So may be a learner whom others keep
 * changing: alone, an operation is overtaken for fewer reasons, and tries
 * again. */
static bool is_of_one(piq_status status)
{
    return was_overtaken(status) || status == PIQ_ENOTFOUND ||
           status == PIQ_EINVAL || status == PIQ_ENOMEM || status == PIQ_ELIMIT;
}

static piq_op *do_list(piq_batch *b, piq_engine *e, piq_op *list);

/* So that nobody fails for another's sake. */
static void one_by_one(piq_batch *b, piq_engine *e, piq_op *list)
{
    while (list) {
        piq_op *one = list;
        list = one->next;
        one->next = NULL;
        while (one)
            one = do_list(b, e, one);
    }
}

/* Folds and commits a list; what another process overtook is done again.
 * Returns what belongs into the next batch. */
static piq_op *do_list(piq_batch *b, piq_engine *e, piq_op *list)
{
    piq_op *later = NULL, *prepared;
    piq_err err = {0};
    piq_status status;
    /* One that two processes want to change at once has about even odds. */
    const int most = list && !list->next ? PIQ_ALONE_TRIES : PIQ_STALE_TRIES;
    for (int tries = 0;; tries++) {
        piq_batch_begin(b, e);
        later = NULL;
        prepared = prepare_all(b, list, &later);
        status = write_batch(b, &err);
        if (!was_overtaken(status) || tries == most)
            break;
        piq_metric_add(e->m.stale, 1);
        for (piq_work *w = b->work; w; w = w->next)
            piq_cache_drop(e->cache, w->learner->user);
        piq_batch_end(b);
        /* New learners may have to begin above what was erased meanwhile; when
         * that cannot be read, the next try is refused again. */
        if (status == PIQ_ESTALE && piq_engine_read_floor(e, &err))
            piq_log_err(0, "could not read what was erased", &err);
        err = (piq_err){0};
        piq_op **end = &prepared;
        while (*end)
            end = &(*end)->next;
        *end = later;
        list = prepared;
    }
    if (is_of_one(status) && prepared && prepared->next) {
        piq_batch_end(b);
        one_by_one(b, e, prepared);
        return later;
    }
    if (was_overtaken(status))
        status = piq_fail(&err, PIQ_EBUSY,
                          "another process keeps changing the same learner");
    if (status == PIQ_OK)
        piq_batch_publish(b);
    for (piq_op *op = prepared; op; op = op->next) {
        if (op->status)
            continue;
        /* The profile row is old now. After a failure, writing it is how the
         * maintainer finds out that storage works again. */
        for (piq_op *part = op; part; part = part->also)
            if (part->kind == PIQ_OP_EVENTS && part->n_accepted)
                piq_maintainer_dirty(e, part->user);
        if (status == PIQ_OK) {
            finish(b, op);
        } else {
            op->status = status;
            op->err = err;
        }
    }
    piq_batch_end(b);
    while (prepared) {
        piq_op *op = prepared;
        prepared = op->next;
        op->next = NULL;
        op->done(op);
    }
    return later;
}

static void do_alone(piq_engine *e, piq_op *op)
{
    if (op->kind == PIQ_OP_ERASE)
        piq_erase_run(e, op);
    else
        piq_pause_run(e, op);
    piq_feed_nudge(e);
    op->done(op);
}

/* Called with the lock held: the next operations in order. One that is done
 * alone comes alone. */
static piq_op *take_ops(piq_owner *o)
{
    piq_op *list = o->head, **end = &o->head;
    size_t n = 0, events = 0;
    while (*end && n < PIQ_OWNER_BATCH && events < MAX_BATCH_EVENTS &&
           !(n && is_alone(*end)) && !(n && is_alone(list))) {
        events += (*end)->n_records;
        for (const piq_op *part = *end; part; part = part->also)
            events += part->n_events;
        n++;
        end = &(*end)->next;
    }
    o->head = *end;
    *end = NULL;
    o->n -= n;
    if (!o->head)
        o->tail = &o->head;
    return list;
}

static void *run(void *ctx)
{
    piq_owner *o = ctx;
    piq_batch batch = {0};
    piq_arena_init(&batch.arena, BATCH_ARENA_BYTES);
    piq_map_init(&batch.work_at);
    piq_map_init(&batch.events_at);
    for (;;) {
        pthread_mutex_lock(&o->lock);
        while (!o->head && !o->stopping)
            pthread_cond_wait(&o->work, &o->lock);
        piq_op *list = take_ops(o);
        pthread_mutex_unlock(&o->lock);
        if (!list)
            break;
        if (is_alone(list)) {
            do_alone(o->engine, list);
            continue;
        }
        while (list)
            list = do_list(&batch, o->engine, list);
    }
    piq_map_release(&batch.work_at);
    piq_map_release(&batch.events_at);
    piq_arena_release(&batch.arena);
    return NULL;
}

/* ---- queues ---------------------------------------------------------- */

piq_status piq_owners_start(piq_engine *e, piq_err *err)
{
    e->owners = calloc(e->config.n_owners, sizeof *e->owners);
    if (!e->owners)
        return piq_fail(err, PIQ_ENOMEM, "no memory for owner threads");
    for (unsigned i = 0; i < e->config.n_owners; i++) {
        piq_owner *o = &e->owners[i];
        o->engine = e;
        o->tail = &o->head;
        pthread_mutex_init(&o->lock, NULL);
        pthread_cond_init(&o->work, NULL);
        if (pthread_create(&o->thread, NULL, run, o)) {
            pthread_mutex_destroy(&o->lock);
            pthread_cond_destroy(&o->work);
            return piq_fail(err, PIQ_ENOMEM, "could not start owner thread %u",
                            i);
        }
        e->n_owners++;
    }
    return PIQ_OK;
}

void piq_engine_finish(piq_engine *e)
{
    for (unsigned i = 0; i < e->n_owners; i++) {
        piq_owner *o = &e->owners[i];
        pthread_mutex_lock(&o->lock);
        bool first = !o->stopping;
        o->stopping = true;
        pthread_cond_signal(&o->work);
        pthread_mutex_unlock(&o->lock);
        if (first)
            pthread_join(o->thread, NULL);
    }
}

void piq_owners_stop(piq_engine *e)
{
    piq_engine_finish(e);
    for (unsigned i = 0; i < e->n_owners; i++) {
        piq_owner *o = &e->owners[i];
        pthread_cond_destroy(&o->work);
        pthread_mutex_destroy(&o->lock);
    }
    free(e->owners);
    e->owners = NULL;
    e->n_owners = 0;
}

size_t piq_owners_queued(piq_engine *e)
{
    size_t n = 0;
    for (unsigned i = 0; i < e->n_owners; i++) {
        pthread_mutex_lock(&e->owners[i].lock);
        n += e->owners[i].n;
        pthread_mutex_unlock(&e->owners[i].lock);
    }
    return n;
}

piq_status piq_engine_submit(piq_engine *e, piq_op *op)
{
    piq_owner *o =
        &e->owners[(piq_hash_u64((uint64_t)op->user.v) >> 8) % e->n_owners];
    piq_status status = PIQ_OK;
    pthread_mutex_lock(&o->lock);
    if (o->n >= e->config.queue_length || o->stopping) {
        status = PIQ_EBUSY;
    } else {
        op->next = NULL;
        *o->tail = op;
        o->tail = &op->next;
        o->n++;
        pthread_cond_signal(&o->work);
    }
    pthread_mutex_unlock(&o->lock);
    return status;
}

/* ---- waiting --------------------------------------------------------- */

typedef struct waiting {
    pthread_mutex_t lock;
    pthread_cond_t cond;
    bool done;
} waiting;

static void wake(piq_op *op)
{
    waiting *w = op->ctx;
    pthread_mutex_lock(&w->lock);
    w->done = true;
    pthread_cond_signal(&w->cond);
    pthread_mutex_unlock(&w->lock);
}

piq_status piq_engine_run(piq_engine *e, piq_op *op)
{
    waiting w = {PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, false};
    op->done = wake;
    op->ctx = &w;
    piq_status status = piq_engine_submit(e, op);
    if (status)
        return piq_fail(&op->err, status, "too many requests are waiting");
    pthread_mutex_lock(&w.lock);
    while (!w.done)
        pthread_cond_wait(&w.cond, &w.lock);
    pthread_mutex_unlock(&w.lock);
    pthread_cond_destroy(&w.cond);
    pthread_mutex_destroy(&w.lock);
    return op->status;
}
