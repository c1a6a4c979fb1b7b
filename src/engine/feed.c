/* feed.c - what was committed since the last look, by whichever process: makes
 * the cache forget what is old, and tells subscribers.
 *
 *     commit --> changes() --> feed --> cache, then subscribers
 *
 * A look costs one cheap read, last_change(), when there is nothing new. With
 * subscribers a commit of this process wakes the feed, at most every
 * LEAST_MS; those of other processes, and all without subscribers, are found
 * at the next look.
 *
 * The cache is right without the feed, too, where it matters: a commit from an
 * old state is PIQ_ESTALE, and what was loaded then is newer. The feed is what
 * makes reads of this process show what others wrote.
 */
#include "base/clock.h"
#include "base/log.h"
#include "engine/engine_internal.h"

#include <errno.h>
#include <stdlib.h>

enum { PIECE = 2048, LEAST_MS = 20, ARENA_BYTES = 1 << 20 };

typedef struct subscriber {
    piq_feed_fn *fn;
    void *ctx;
    struct subscriber *next;
} subscriber;

struct piq_feed {
    piq_engine *engine;
    pthread_t thread;
    bool started;
    pthread_mutex_t lock; /* nudged, stopping */
    pthread_cond_t wake;
    bool nudged, stopping;
    pthread_mutex_t telling; /* the list; held while subscribers are told */
    subscriber *first;
    atomic_size_t n_subscribers;
    _Atomic int64_t mark; /* written by the thread */
    piq_arena arena;      /* the thread's, as what follows */
    bool reported;
};

/* ---- one look -------------------------------------------------------- */

static void tell(piq_feed *f, const piq_change *list, size_t n)
{
    pthread_mutex_lock(&f->telling);
    for (const subscriber *s = f->first; s; s = s->next)
        for (size_t i = 0; i < n; i++)
            s->fn(s->ctx, &list[i]);
    pthread_mutex_unlock(&f->telling);
}

static void forget(piq_engine *e, const piq_change *x, bool *erased)
{
    if (x->what & PIQ_CHANGED_STATE)
        piq_cache_outdate(e->cache, x->user, x->version);
    if (x->what & PIQ_CHANGED_PATH)
        piq_cache_forget_plan(e->cache, x->user);
    if (x->what & PIQ_CHANGED_ERASED) {
        piq_cache_drop(e->cache, x->user);
        piq_maintainer_forget(e, x->user);
        *erased = true;
    }
}

/* Some were missed: nothing that is kept can be trusted. */
static piq_status start_anew(piq_feed *f, int64_t mark, piq_err *err)
{
    const piq_change missed = {.mark = mark};
    piq_status status = piq_engine_read_floor(f->engine, err);
    if (status)
        return status;
    piq_cache_clear(f->engine->cache);
    atomic_store(&f->mark, mark);
    tell(f, &missed, 1);
    return PIQ_OK;
}

static piq_status take_piece(piq_feed *f, size_t *n, piq_err *err)
{
    piq_engine *e = f->engine;
    piq_change *list;
    bool erased = false;
    piq_arena_clear(&f->arena);
    piq_status status = e->store->ops->changes(
        e->store, &f->arena, atomic_load(&f->mark), PIECE, &list, n, err);
    if (status)
        return status;
    for (size_t i = 0; i < *n; i++)
        forget(e, &list[i], &erased);
    if (erased)
        status = piq_engine_read_floor(e, err);
    if (status || !*n)
        return status;
    atomic_store(&f->mark, list[*n - 1].mark);
    tell(f, list, *n);
    return PIQ_OK;
}

static piq_status look(piq_feed *f, piq_err *err)
{
    piq_store *store = f->engine->store;
    int64_t newest;
    size_t n = PIECE;
    piq_status status = store->ops->last_change(store, &newest, err);
    if (status || newest == atomic_load(&f->mark))
        return status;
    if (newest < atomic_load(&f->mark)) /* another store was put in its place */
        return start_anew(f, newest, err);
    while (n >= PIECE && status == PIQ_OK)
        status = take_piece(f, &n, err);
    return status == PIQ_ENOTFOUND ? start_anew(f, newest, err) : status;
}

/* ---- the thread ------------------------------------------------------ */

static void look_and_report(piq_feed *f)
{
    piq_err err = {0};
    piq_status status = look(f, &err);
    if (status && !f->reported)
        piq_engine_report(f->engine,
                          "could not look for changes; it will be tried again",
                          &err);
    f->reported = status != PIQ_OK;
}

static struct timespec after_ms(unsigned ms)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    int64_t ns = t.tv_nsec + (int64_t)ms * 1000000;
    t.tv_sec += (time_t)(ns / 1000000000);
    t.tv_nsec = (long)(ns % 1000000000);
    return t;
}

/* Sleeps until `until`, or a nudge where one counts. False: it is to stop. */
static bool rest(piq_feed *f, unsigned ms, bool nudges_count)
{
    struct timespec until = after_ms(ms);
    int rc = 0;
    pthread_mutex_lock(&f->lock);
    while (!f->stopping && rc != ETIMEDOUT && !(nudges_count && f->nudged))
        rc = pthread_cond_timedwait(&f->wake, &f->lock, &until);
    if (nudges_count)
        f->nudged = false;
    bool go_on = !f->stopping;
    pthread_mutex_unlock(&f->lock);
    return go_on;
}

static void *run(void *ctx)
{
    piq_feed *f = ctx;
    unsigned ms = f->engine->config.feed_ms;
    unsigned least = ms < LEAST_MS ? ms : LEAST_MS;
    while (rest(f, least, false) && rest(f, ms - least, true))
        look_and_report(f);
    look_and_report(f); /* subscribers hear of what was committed last */
    return NULL;
}

static bool init_locks(piq_feed *f)
{
    pthread_condattr_t steady;
    if (pthread_condattr_init(&steady))
        return false;
    pthread_condattr_setclock(&steady, CLOCK_MONOTONIC);
    pthread_cond_init(&f->wake, &steady);
    pthread_condattr_destroy(&steady);
    pthread_mutex_init(&f->lock, NULL);
    pthread_mutex_init(&f->telling, NULL);
    return true;
}

/* Before anything is cached, so that nothing can be missed. */
piq_status piq_feed_start(piq_engine *e, piq_err *err)
{
    int64_t mark;
    piq_status status = piq_engine_read_floor(e, err);
    if (status == PIQ_OK)
        status = e->store->ops->last_change(e->store, &mark, err);
    if (status)
        return status;
    piq_feed *f = calloc(1, sizeof *f);
    if (!f || !init_locks(f)) {
        free(f);
        return piq_fail(err, PIQ_ENOMEM, "no memory to look for changes");
    }
    f->engine = e;
    atomic_init(&f->mark, mark);
    piq_arena_init(&f->arena, ARENA_BYTES);
    e->feed = f;
    if (pthread_create(&f->thread, NULL, run, f))
        return piq_fail(err, PIQ_ENOMEM,
                        "could not start the thread that looks for changes");
    f->started = true;
    return PIQ_OK;
}

void piq_feed_stop(piq_engine *e)
{
    piq_feed *f = e->feed;
    if (!f)
        return;
    if (f->started) {
        pthread_mutex_lock(&f->lock);
        f->stopping = true;
        pthread_cond_signal(&f->wake);
        pthread_mutex_unlock(&f->lock);
        pthread_join(f->thread, NULL);
    }
    while (f->first) {
        subscriber *s = f->first;
        f->first = s->next;
        free(s);
    }
    piq_arena_release(&f->arena);
    pthread_cond_destroy(&f->wake);
    pthread_mutex_destroy(&f->lock);
    pthread_mutex_destroy(&f->telling);
    free(f);
    e->feed = NULL;
}

/* Once while one waits: the lock is not taken by every commit. */
void piq_feed_nudge(piq_engine *e)
{
    piq_feed *f = e->feed;
    if (!f || !atomic_load(&f->n_subscribers))
        return;
    pthread_mutex_lock(&f->lock);
    if (!f->nudged) {
        f->nudged = true;
        pthread_cond_signal(&f->wake);
    }
    pthread_mutex_unlock(&f->lock);
}

/* ---- subscribers ----------------------------------------------------- */

piq_status piq_feed_subscribe(piq_engine *e, piq_feed_fn *fn, void *ctx,
                              piq_err *err)
{
    piq_feed *f = e->feed;
    subscriber *s = calloc(1, sizeof *s);
    if (!s)
        return piq_fail(err, PIQ_ENOMEM, "no memory to subscribe to changes");
    *s = (subscriber){.fn = fn, .ctx = ctx};
    pthread_mutex_lock(&f->telling);
    s->next = f->first;
    f->first = s;
    atomic_fetch_add(&f->n_subscribers, 1);
    pthread_mutex_unlock(&f->telling);
    return PIQ_OK;
}

void piq_feed_unsubscribe(piq_engine *e, piq_feed_fn *fn, void *ctx)
{
    piq_feed *f = e->feed;
    pthread_mutex_lock(&f->telling);
    for (subscriber **at = &f->first; *at; at = &(*at)->next) {
        subscriber *s = *at;
        if (s->fn != fn || s->ctx != ctx)
            continue;
        *at = s->next;
        free(s);
        atomic_fetch_sub(&f->n_subscribers, 1);
        break;
    }
    pthread_mutex_unlock(&f->telling);
}

int64_t piq_feed_mark(piq_engine *e)
{
    return atomic_load(&e->feed->mark);
}
