/* stream_hub.c - the thread that reads the change feed for all streams. */
#include "api/stream_hub.h"

#include "api/exchange.h"
#include "base/clock.h"
#include "base/log.h"

#include <errno.h>
#include <stdlib.h>

enum {
    MAX_STREAMS = 4096,
    MAX_OF_PERSON = 8, /* learners and coaches; a platform speaks for many */
    TICK_MS = 1000,
    PIECE = 1024,    /* changes read at once */
    MAX_PIECES = 64, /* read again for those who come back */
    ARENA_BYTES = 8 << 20
};
static const int64_t beat_us = 15 * INT64_C(1000000),
                     known_us = INT64_C(1000000),
                     /* Whoever listens on shows their credential again. */
    most_us = 900 * INT64_C(1000000);

/* ---- places ------------------------------------------------------------- */

static uint64_t caller_key(const piq_caller *c)
{
    uint64_t key = piq_hash_bytes(c->id, strlen(c->id));
    return key ^ piq_hash_u64(c->tenant) ^
           piq_hash_bytes(c->coach, strlen(c->coach));
}

static piq_status place_for(piq_streams *h, const piq_caller *c, piq_err *err)
{
    uint64_t key = caller_key(c), n = 0;
    (void)piq_map_get(&h->per_caller, key, &n);
    if (c->role != PIQ_ROLE_PLATFORM && n >= MAX_OF_PERSON)
        return piq_fail(err, PIQ_ELIMIT,
                        "you have %d streams open, which is as many as one may",
                        (int)MAX_OF_PERSON);
    if (h->n >= h->max)
        return piq_fail(err, PIQ_EBUSY, "too many streams are open");
    if (piq_map_put(&h->per_caller, key, n + 1))
        return piq_fail(err, PIQ_ENOMEM, "no memory for a stream");
    h->n++;
    return PIQ_OK;
}

static piq_status take_place(piq_streams *h, const piq_caller *c, piq_err *err)
{
    pthread_mutex_lock(&h->lock);
    piq_status status = place_for(h, c, err);
    pthread_mutex_unlock(&h->lock);
    return status;
}

static void free_stream(piq_stream *s)
{
    piq_streams *h = s->hub;
    uint64_t key = caller_key(&s->wish.caller), n = 0;
    pthread_mutex_lock(&h->lock);
    (void)piq_map_get(&h->per_caller, key, &n);
    if (n <= 1 || piq_map_put(&h->per_caller, key, n - 1))
        piq_map_remove(&h->per_caller, key);
    h->n--;
    pthread_mutex_unlock(&h->lock);
    piq_bytes_release(s->document);
    free(s);
}

static void wake(piq_streams *h)
{
    pthread_mutex_lock(&h->lock);
    h->nudged = true;
    pthread_cond_signal(&h->wake);
    pthread_mutex_unlock(&h->lock);
}

static void nudge(void *ctx, const piq_change *change)
{
    (void)change; /* read from the store, as far as the feed has come */
    wake(ctx);
}

/* ---- one telling ----------------------------------------------------------
 */

static void tell_due(piq_streams *h)
{
    piq_stream **at = &h->due;
    while (*at) {
        piq_stream *s = *at;
        if (piq_stream_tell(s)) {
            *at = s->next_due;
            s->is_due = false;
        } else {
            at = &s->next_due;
        }
    }
}

static void note(piq_streams *h, piq_stream *s, const piq_change *x)
{
    s->what |= x->what;
    s->mark = x->mark;
    if (x->version)
        s->wish.version = x->version;
    if (s->is_due)
        return;
    s->is_due = true;
    s->next_due = h->due;
    h->due = s;
}

static void note_change(piq_streams *h, const piq_change *x, bool fresh_only)
{
    uint64_t found;
    if (!piq_map_get(&h->by_user, (uint64_t)x->user.v, &found))
        return;
    for (piq_stream *s = (piq_stream *)(uintptr_t)found; s; s = s->same_user)
        if (x->mark > s->wish.mark && (s->is_fresh || !fresh_only))
            note(h, s, x);
}

/* Changes after `from` up to `to`. PIQ_ENOTFOUND: some are no longer there, or
 * they are more than `pieces`. */
static piq_status read_changes(piq_streams *h, int64_t from, int64_t to,
                               int pieces, bool fresh_only, piq_err *err)
{
    piq_store *store = piq_engine_store(h->api->engine);
    for (int i = 0; from < to; i++) {
        piq_change *list;
        size_t n;
        if (i == pieces)
            return PIQ_ENOTFOUND;
        piq_status status =
            store->ops->changes(store, &h->arena, from, PIECE, &list, &n, err);
        if (status || !n)
            return status;
        for (size_t k = 0; k < n && list[k].mark <= to; k++)
            note_change(h, &list[k], fresh_only);
        from = list[n - 1].mark;
        piq_arena_clear(&h->arena);
    }
    return PIQ_OK;
}

/* ---- those who come -------------------------------------------------------
 */

static void set_times(piq_stream *s)
{
    s->beat_at_us = piq_clock_now_us() + beat_us;
    s->ends_at_us = piq_clock_now_us() + most_us;
    if (s->wish.caller.expires_us < s->ends_at_us)
        s->ends_at_us = s->wish.caller.expires_us;
}

static void settle_in(piq_streams *h, piq_stream *s)
{
    uint64_t found = 0;
    (void)piq_map_get(&h->by_user, (uint64_t)s->wish.user.v, &found);
    s->same_user = (piq_stream *)(uintptr_t)found;
    s->next = h->told;
    h->told = s;
    s->is_fresh = true;
    if (piq_map_put(&h->by_user, (uint64_t)s->wish.user.v, (uintptr_t)s)) {
        s->same_user = NULL;
        piq_stream_finish(s, true);
        return;
    }
    set_times(s);
    piq_stream_greet(s);
}

/* What they missed is read again, in one go for all of them. */
static void catch_up(piq_streams *h, piq_stream *fresh)
{
    int64_t from = h->mark;
    piq_err err = {0};
    bool first = !h->told;
    for (piq_stream *s = fresh, *next; s; s = next) {
        next = s->next;
        settle_in(h, s);
    }
    if (first)
        h->mark = from = piq_feed_mark(h->api->engine);
    for (piq_stream *s = h->told; s; s = s->next)
        if (s->is_fresh && !s->wish.missed && s->wish.mark < from)
            from = s->wish.mark;
    piq_status status = read_changes(h, from, h->mark, MAX_PIECES, true, &err);
    for (piq_stream *s = h->told; s; s = s->next) {
        if (!s->is_fresh)
            continue;
        s->is_fresh = false;
        if (s->wish.missed || (status && s->wish.mark < h->mark))
            piq_stream_reset(s, h->mark);
    }
}

/* ---- those who go ---------------------------------------------------------
 */

static void leave(piq_streams *h, piq_stream *s)
{
    uint64_t found = 0;
    piq_user_id user = s->wish.user;
    (void)piq_map_get(&h->by_user, (uint64_t)user.v, &found);
    piq_stream *first = (piq_stream *)(uintptr_t)found, **at = &first;
    while (*at && *at != s)
        at = &(*at)->same_user;
    if (*at)
        *at = s->same_user;
    /* Putting what is there already takes no memory. */
    if (first && first != (piq_stream *)(uintptr_t)found &&
        piq_map_put(&h->by_user, (uint64_t)user.v, (uintptr_t)first))
        return;
    if (!first)
        piq_map_remove(&h->by_user, (uint64_t)user.v);
}

static bool is_asked(const piq_stream *s)
{
    return atomic_load(&s->path) == PIQ_PATH_ASKED;
}

/* Ends those that are over, but for whom the engine still works. */
static void reap(piq_streams *h)
{
    for (piq_stream **at = &h->told; *at;) {
        piq_stream *s = *at;
        if ((!s->over && !atomic_load(&s->gone)) || s->is_due || is_asked(s)) {
            at = &s->next;
            continue;
        }
        *at = s->next;
        leave(h, s);
        s->port->end(s->to, s->cut);
        free_stream(s);
    }
}

static bool may_listen_on(const piq_stream *s, int64_t now_us)
{
    piq_err err = {0};
    piq_access *k = s->hub->api->access;
    if (now_us >= s->ends_at_us)
        return false;
    piq_status status =
        k ? piq_caller_may(k, &s->wish.caller, PIQ_SCOPE_PROFILE_READ,
                           s->wish.user, now_us, &err)
          : PIQ_OK;
    return status != PIQ_ENOTFOUND && status != PIQ_EDENIED;
}

/* Who showed a credential that was taken back since: each second, so that it
 * is over as soon here as for a request. */
static void part_with(piq_streams *h, int64_t now_us)
{
    piq_access *k = h->api->access;
    if (!k || (now_us >= h->known_us && now_us - h->known_us < known_us))
        return;
    h->known_us = now_us;
    for (piq_stream *s = h->told; s; s = s->next)
        if (!s->over && !piq_access_knows(k, &s->wish.caller, now_us))
            piq_stream_finish(s, false);
}

/* Heart-beats, and who may listen no longer. */
static void look_after(piq_streams *h)
{
    int64_t now_us = piq_clock_now_us();
    part_with(h, now_us);
    for (piq_stream *s = h->told; s; s = s->next) {
        if (s->over || (now_us < s->beat_at_us && now_us < s->ends_at_us))
            continue;
        s->beat_at_us = now_us + beat_us;
        if (!may_listen_on(s, now_us))
            piq_stream_finish(s, false);
        else
            piq_stream_beat(s);
    }
}

/* ---- the thread -----------------------------------------------------------
 */

/* Until there is something to do, or a tick. False: it is over. */
static bool rest(piq_streams *h, piq_stream **fresh)
{
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += TICK_MS / 1000;
    int rc = 0;
    pthread_mutex_lock(&h->lock);
    while (!h->nudged && !h->fresh && !h->stopping && rc != ETIMEDOUT)
        rc = pthread_cond_timedwait(&h->wake, &h->lock, &until);
    h->nudged = false;
    *fresh = h->fresh;
    h->fresh = NULL;
    bool go_on = !h->stopping;
    pthread_mutex_unlock(&h->lock);
    return go_on;
}

static void look(piq_streams *h)
{
    int64_t to = piq_feed_mark(h->api->engine);
    piq_err err = {0};
    if (!h->told) {
        h->mark = to;
        return;
    }
    piq_status status = PIQ_OK;
    if (to < h->mark) /* another store was put in its place */
        status = PIQ_ENOTFOUND;
    else
        status = read_changes(h, h->mark, to, INT32_MAX, false, &err);
    if (status == PIQ_ENOTFOUND)
        for (piq_stream *s = h->told; s; s = s->next)
            piq_stream_reset(s, to);
    else if (status && !h->reported)
        piq_engine_report(h->api->engine, "could not read changes for streams",
                          &err);
    h->reported = status && status != PIQ_ENOTFOUND;
    if (!h->reported)
        h->mark = to;
}

static void end_all(piq_streams *h, piq_stream *fresh)
{
    pthread_mutex_lock(&h->lock);
    while (h->n_asked)
        pthread_cond_wait(&h->wake, &h->lock);
    pthread_mutex_unlock(&h->lock);
    while (fresh) {
        piq_stream *s = fresh;
        fresh = s->next;
        s->next = h->told;
        h->told = s;
    }
    while (h->told) {
        piq_stream *s = h->told;
        h->told = s->next;
        s->port->end(s->to, false);
        free_stream(s);
    }
}

static void *run(void *ctx)
{
    piq_streams *h = ctx;
    piq_stream *fresh;
    while (rest(h, &fresh)) {
        if (fresh)
            catch_up(h, fresh);
        look(h);
        tell_due(h);
        look_after(h);
        reap(h);
    }
    end_all(h, fresh);
    return NULL;
}

static piq_status start_thread(piq_streams *h, piq_err *err)
{
    piq_engine *e = h->api->engine;
    piq_status status = piq_feed_subscribe(e, nudge, h, err);
    if (status)
        return status;
    h->mark = piq_feed_mark(e);
    if (pthread_create(&h->thread, NULL, run, h)) {
        piq_feed_unsubscribe(e, nudge, h);
        return piq_fail(err, PIQ_ENOMEM, "could not start the stream thread");
    }
    h->running = true;
    return PIQ_OK;
}

static piq_status start(piq_streams *h, piq_err *err)
{
    pthread_mutex_lock(&h->starting);
    piq_status status = h->running ? PIQ_OK : start_thread(h, err);
    pthread_mutex_unlock(&h->starting);
    return status;
}

/* ---- from outside ---------------------------------------------------------
 */

piq_status piq_stream_new(piq_streams *h, const piq_stream_wish *wish,
                          piq_stream **out, piq_err *err)
{
    piq_stream *s = calloc(1, sizeof *s);
    if (!s)
        return piq_fail(err, PIQ_ENOMEM, "no memory for a stream");
    s->hub = h;
    s->wish = *wish;
    s->mark = wish->mark;
    piq_status status = start(h, err);
    if (status == PIQ_OK)
        status = take_place(h, &wish->caller, err);
    if (status) {
        free(s);
        return status;
    }
    *out = s;
    return PIQ_OK;
}

void piq_stream_drop(piq_stream *s)
{
    free_stream(s);
}

void piq_stream_gone(void *ctx)
{
    piq_stream *s = ctx;
    piq_streams *h = s->hub;
    /* Under the lock: it may be freed as soon as it is known. */
    pthread_mutex_lock(&h->lock);
    atomic_store(&s->gone, true);
    h->nudged = true;
    pthread_cond_signal(&h->wake);
    pthread_mutex_unlock(&h->lock);
}

void piq_stream_begin(piq_stream *s, const piq_api_port *port, void *to)
{
    piq_streams *h = s->hub;
    s->port = port;
    s->to = to;
    pthread_mutex_lock(&h->lock);
    s->next = h->fresh;
    h->fresh = s;
    pthread_cond_signal(&h->wake);
    pthread_mutex_unlock(&h->lock);
}

piq_streams *piq_streams_new(piq_api *api, unsigned max_streams)
{
    piq_streams *h = calloc(1, sizeof *h);
    pthread_condattr_t steady;
    if (!h)
        return NULL;
    h->api = api;
    h->max = max_streams ? max_streams : MAX_STREAMS;
    piq_map_init(&h->per_caller);
    piq_map_init(&h->by_user);
    piq_arena_init(&h->arena, ARENA_BYTES);
    pthread_mutex_init(&h->lock, NULL);
    pthread_mutex_init(&h->starting, NULL);
    pthread_condattr_init(&steady);
    pthread_condattr_setclock(&steady, CLOCK_MONOTONIC);
    pthread_cond_init(&h->wake, &steady);
    pthread_condattr_destroy(&steady);
    return h;
}

void piq_streams_free(piq_streams *h)
{
    if (!h)
        return;
    if (h->running) {
        piq_feed_unsubscribe(h->api->engine, nudge, h);
        pthread_mutex_lock(&h->lock);
        h->stopping = true;
        pthread_cond_broadcast(&h->wake);
        pthread_mutex_unlock(&h->lock);
        pthread_join(h->thread, NULL);
    }
    piq_map_release(&h->per_caller);
    piq_map_release(&h->by_user);
    piq_arena_release(&h->arena);
    pthread_cond_destroy(&h->wake);
    pthread_mutex_destroy(&h->lock);
    pthread_mutex_destroy(&h->starting);
    free(h);
}
