/* maintain.c - what is done in the background, by one thread.
 *
 * Every config.maintain_ms: take a newer catalogue into force when another
 * process has stored one; feed new answers to the calibrator and publish a
 * calibration when there are enough; write user_profiles rows that show an old
 * state. Answers are read back from the store by their order of arrival, so a
 * restart goes on where the last published calibration ended.
 */
#include "base/calendar.h"
#include "base/clock.h"
#include "base/log.h"
#include "engine/engine_internal.h"

#include <errno.h>
#include <stdlib.h>

enum { ANSWERS_PIECE = 4096, PROFILES_PIECE = 256, MAX_PUBLISH = 65536 };

struct piq_maintainer {
    piq_engine *engine;
    pthread_t thread;
    pthread_mutex_t lock; /* dirty, stopping */
    pthread_cond_t wake;
    piq_map dirty;
    bool stopping, started;

    pthread_mutex_t calibration_lock; /* what follows */
    piq_calibrator *calibrator;
    int64_t seq; /* newest answer it has seen */
    uint64_t n_since;
    piq_arena arena;
};

/* ---- calibration ----------------------------------------------------- */

static piq_status feed(piq_maintainer *m, piq_err *err)
{
    piq_store *store = m->engine->store;
    size_t n = ANSWERS_PIECE;
    while (n == ANSWERS_PIECE) {
        piq_event_row *rows;
        piq_arena_clear(&m->arena);
        piq_status status = store->ops->answers_after(
            store, &m->arena, m->seq, ANSWERS_PIECE, &rows, &n, err);
        if (status)
            return status;
        for (size_t i = 0; i < n; i++) {
            piq_track_outcome before = {
                .predicted = (double)rows[i].predicted,
                .residual = (double)rows[i].score - (double)rows[i].predicted,
                .ability_logit = (double)rows[i].ability_logit,
                .ability_variance = (double)rows[i].ability_variance};
            piq_calibrator_answer(m->calibrator, rows[i].item, &before,
                                  (double)rows[i].score);
            m->seq = rows[i].seq;
        }
        m->n_since += n;
    }
    return PIQ_OK;
}

static piq_status publish(piq_maintainer *m, piq_err *err)
{
    piq_engine *e = m->engine;
    size_t n_items = piq_engine_catalogue(e)->n_items;
    size_t max = n_items < MAX_PUBLISH ? n_items : MAX_PUBLISH;
    piq_arena_clear(&m->arena);
    piq_calibrated_item *items = piq_new(&m->arena, piq_calibrated_item, max);
    if (!items)
        return piq_fail(err, PIQ_ENOMEM, "no memory for a calibration");
    piq_calibration_row row = {
        .number = piq_calibration_book_number(e->book) + 1,
        .through_seq = m->seq,
        .made_us = piq_clock_now_us(),
        .items = items,
        .n_items = piq_calibrator_publish(m->calibrator, items, max)};
    piq_commit c = {.calibrations = &row, .n_calibrations = 1};
    piq_status status = piq_committer_commit(e->committer, &c, err);
    if (status == PIQ_OK) {
        status =
            piq_calibration_book_add(e->book, row.number, items, row.n_items);
        m->n_since = 0;
    }
    return status;
}

static piq_status calibrate(piq_maintainer *m, piq_err *err)
{
    const piq_catalogue *c = piq_engine_catalogue(m->engine);
    if (!c)
        return PIQ_OK;
    piq_status status = PIQ_OK;
    pthread_mutex_lock(&m->calibration_lock);
    if (!m->calibrator)
        status = piq_calibrator_new(c, &m->calibrator);
    else
        status = piq_calibrator_grow(m->calibrator, c);
    if (status == PIQ_OK)
        status = feed(m, err);
    if (status == PIQ_OK && m->n_since >= m->engine->config.calibrate_every)
        status = publish(m, err);
    pthread_mutex_unlock(&m->calibration_lock);
    return status;
}

piq_calibrator *piq_maintainer_lock(piq_engine *e, int64_t **seq)
{
    piq_maintainer *m = e->maintainer;
    const piq_catalogue *c = piq_engine_catalogue(e);
    pthread_mutex_lock(&m->calibration_lock);
    *seq = &m->seq;
    if (!m->calibrator && c && piq_calibrator_new(c, &m->calibrator))
        return NULL;
    return m->calibrator;
}

void piq_maintainer_unlock(piq_engine *e)
{
    pthread_mutex_unlock(&e->maintainer->calibration_lock);
}

/* What earlier runs published, and where they ended. */
static piq_status restore(piq_maintainer *m, piq_err *err)
{
    piq_engine *e = m->engine;
    const piq_catalogue *c = piq_engine_catalogue(e);
    piq_calibration_entry *list;
    uint32_t number;
    size_t n;
    piq_status status =
        e->store->ops->calibration(e->store, &number, &m->seq, err);
    if (status || !c)
        return status;
    status = piq_calibrator_new(c, &m->calibrator);
    if (status == PIQ_OK)
        status =
            e->store->ops->calibrations(e->store, &m->arena, &list, &n, err);
    for (size_t i = 0; i < n && status == PIQ_OK; i++) {
        if (list[i].item.item.v >= c->n_items)
            continue;
        status =
            piq_calibration_book_add(e->book, list[i].number, &list[i].item, 1);
        /* By item, then number: the last one of an item is its newest. */
        if (i + 1 == n || list[i + 1].item.item.v != list[i].item.item.v)
            piq_calibrator_restore(m->calibrator, &list[i].item);
    }
    if (status == PIQ_OK)
        status = piq_calibration_book_add(e->book, number, NULL, 0);
    piq_arena_clear(&m->arena);
    return status;
}

/* ---- profile rows ---------------------------------------------------- */

void piq_maintainer_dirty(piq_engine *e, piq_user_id user)
{
    piq_maintainer *m = e->maintainer;
    if (!m)
        return;
    pthread_mutex_lock(&m->lock);
    if (piq_map_put(&m->dirty, (uint64_t)user.v, 1))
        piq_log(PIQ_LOG_WARN, 0, "a user_profiles row will show an old state",
                NULL, 0);
    pthread_mutex_unlock(&m->lock);
}

static size_t take_dirty(piq_maintainer *m, piq_user_id *out, size_t max)
{
    size_t n = 0, at = 0;
    uint64_t key, value;
    pthread_mutex_lock(&m->lock);
    while (n < max && piq_map_next(&m->dirty, &at, &key, &value))
        out[n++] = (piq_user_id){(int64_t)key};
    for (size_t i = 0; i < n; i++)
        piq_map_remove(&m->dirty, (uint64_t)out[i].v);
    pthread_mutex_unlock(&m->lock);
    return n;
}

static piq_status write_profiles(piq_maintainer *m, const piq_user_id *users,
                                 size_t n, piq_err *err)
{
    piq_engine *e = m->engine;
    piq_arena rows_arena;
    piq_arena_init(&rows_arena, 0);
    piq_profile_row *rows = piq_new(&rows_arena, piq_profile_row, n);
    piq_commit c = {.profiles = rows};
    piq_status status = rows ? PIQ_OK : PIQ_ENOMEM;
    for (size_t i = 0; i < n && status == PIQ_OK; i++) {
        piq_held *h;
        status = piq_engine_hold(e, users[i], &h, err);
        if (status)
            break;
        status = piq_profile_row_make(e, &rows_arena, piq_held_learner(h),
                                      piq_clock_now_us(), &rows[c.n_profiles]);
        c.n_profiles += status == PIQ_OK;
        piq_held_release(h);
    }
    if (status == PIQ_OK)
        status = piq_committer_commit(e->committer, &c, err);
    piq_arena_release(&rows_arena);
    return status;
}

static piq_status refresh_profiles(piq_maintainer *m, piq_err *err)
{
    piq_user_id users[PROFILES_PIECE];
    size_t n;
    while ((n = take_dirty(m, users, PROFILES_PIECE))) {
        piq_status status = write_profiles(m, users, n, err);
        if (status) { /* not lost: tried again with the next round */
            for (size_t i = 0; i < n; i++)
                piq_maintainer_dirty(m->engine, users[i]);
            return status;
        }
        if (n < PROFILES_PIECE)
            break;
    }
    return PIQ_OK;
}

/* ---- the thread ------------------------------------------------------ */

static void one_round(piq_maintainer *m)
{
    piq_err err = {0};
    if (piq_engine_adopt_catalogue(m->engine, &err))
        piq_log_err(0, "could not take over a newer catalogue", &err);
    err = (piq_err){0};
    if (calibrate(m, &err))
        piq_log_err(0, "could not calibrate items", &err);
    err = (piq_err){0};
    if (piq_engine_catalogue(m->engine) && refresh_profiles(m, &err))
        piq_log_err(0, "could not refresh profile rows", &err);
}

static void *run(void *ctx)
{
    piq_maintainer *m = ctx;
    bool stopping = false;
    while (!stopping) {
        struct timespec until;
        clock_gettime(CLOCK_REALTIME, &until);
        int64_t ns =
            until.tv_nsec + (int64_t)m->engine->config.maintain_ms * 1000000;
        until.tv_sec += (time_t)(ns / 1000000000);
        until.tv_nsec = (long)(ns % 1000000000);
        pthread_mutex_lock(&m->lock);
        while (!m->stopping &&
               pthread_cond_timedwait(&m->wake, &m->lock, &until) != ETIMEDOUT)
            continue;
        stopping = m->stopping;
        pthread_mutex_unlock(&m->lock);
        one_round(m); /* once more when stopping: what is due is written */
    }
    return NULL;
}

piq_status piq_maintainer_start(piq_engine *e, piq_err *err)
{
    piq_maintainer *m = calloc(1, sizeof *m);
    if (!m)
        return piq_fail(err, PIQ_ENOMEM, "no memory for background work");
    m->engine = e;
    piq_map_init(&m->dirty);
    piq_arena_init(&m->arena, (size_t)1 << 30);
    pthread_mutex_init(&m->lock, NULL);
    pthread_mutex_init(&m->calibration_lock, NULL);
    pthread_cond_init(&m->wake, NULL);
    e->maintainer = m;
    piq_status status = restore(m, err);
    if (status)
        return status;
    if (pthread_create(&m->thread, NULL, run, m))
        return piq_fail(err, PIQ_ENOMEM,
                        "could not start the background thread");
    m->started = true;
    return PIQ_OK;
}

void piq_maintainer_stop(piq_engine *e)
{
    piq_maintainer *m = e->maintainer;
    if (!m)
        return;
    if (m->started) {
        pthread_mutex_lock(&m->lock);
        m->stopping = true;
        pthread_cond_signal(&m->wake);
        pthread_mutex_unlock(&m->lock);
        pthread_join(m->thread, NULL);
    }
    piq_calibrator_free(m->calibrator);
    piq_map_release(&m->dirty);
    piq_arena_release(&m->arena);
    pthread_cond_destroy(&m->wake);
    pthread_mutex_destroy(&m->calibration_lock);
    pthread_mutex_destroy(&m->lock);
    free(m);
    e->maintainer = NULL;
}
