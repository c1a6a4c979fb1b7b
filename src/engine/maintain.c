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
#include "engine/policy.h"
#include "engine/tastes.h"

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
    piq_calibrator *calibrator;       /* NULL: to be made from what is stored */
    int64_t seq;                      /* newest answer it has seen */
    uint64_t n_since;                 /* answers since the last calibration */
    piq_arena arena;
};

/* ---- calibration ----------------------------------------------------- */

/* What earlier runs published, and where they ended. */
static piq_status restore(piq_maintainer *m, const piq_catalogue *c,
                          piq_err *err)
{
    piq_engine *e = m->engine;
    piq_store *store = e->store;
    piq_calibration_entry *list = NULL;
    piq_calibrator *made = NULL;
    uint32_t number;
    int64_t seq;
    size_t n = 0;
    piq_arena_clear(&m->arena);
    piq_status status = store->ops->calibration(store, &number, &seq, err);
    if (status == PIQ_OK)
        status = piq_engine_read_book(e, number, err);
    if (status)
        return status;
    status = piq_calibrator_new(c, &made);
    if (status)
        return piq_fail(err, status, "no memory for a calibrator");
    status = store->ops->calibrations(store, &m->arena, &list, &n, err);
    for (size_t i = 0; i < n && status == PIQ_OK; i++) {
        bool is_last =
            i + 1 == n || list[i + 1].item.item.v != list[i].item.item.v;
        /* By item, then number: the last one of an item is its newest. */
        if (is_last && list[i].item.item.v < c->n_items)
            piq_calibrator_restore(made, &list[i].item);
    }
    piq_arena_clear(&m->arena);
    if (status) {
        piq_calibrator_free(made);
        return status;
    }
    m->calibrator = made;
    m->seq = seq;
    m->n_since = 0;
    return PIQ_OK;
}

/* The calibrator, with room for the catalogue in force. */
static piq_status make_ready(piq_maintainer *m, piq_err *err)
{
    const piq_catalogue *c = piq_engine_catalogue(m->engine);
    if (!c)
        return piq_fail(err, PIQ_ENOTFOUND, "there is no curriculum yet");
    if (!m->calibrator)
        return restore(m, c, err);
    if (piq_calibrator_grow(m->calibrator, c))
        return piq_fail(err, PIQ_ENOMEM, "no memory for a calibrator");
    return PIQ_OK;
}

/* `n_items`: what the calibrator has room for. An answer to an item that is
 * newer waits for the catalogue that names it. */
static piq_status feed(piq_maintainer *m, size_t n_items, piq_err *err)
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
            if (rows[i].item.v >= n_items)
                return PIQ_OK;
            piq_track_outcome before = {
                .predicted = (double)rows[i].predicted,
                .residual = (double)rows[i].score - (double)rows[i].predicted,
                .ability_logit = (double)rows[i].ability_logit,
                .ability_variance = (double)rows[i].ability_variance,
                .at_us = rows[i].at_us};
            piq_calibrator_answer(m->calibrator, rows[i].item, &before,
                                  (double)rows[i].score);
            m->seq = rows[i].seq;
            m->n_since++;
        }
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
    /* Room first, so that what is durable is always in the book too. */
    piq_status status =
        piq_calibration_book_draft(e->book, row.number, items, row.n_items);
    if (status)
        piq_fail(err, status, "no memory for a calibration");
    piq_commit c = {.calibrations = &row, .n_calibrations = 1};
    if (status == PIQ_OK)
        status = piq_committer_commit(e->committer, &c, err);
    if (status == PIQ_OK) {
        piq_calibration_book_enact(e->book, row.number);
        m->n_since = 0;
        return PIQ_OK;
    }
    /* The calibrator believes that it has told: it is made anew from what is
     * stored, also from what another process published first. */
    piq_calibration_book_forget(e->book);
    piq_calibrator_free(m->calibrator);
    m->calibrator = NULL;
    return status == PIQ_ESTALE ? PIQ_OK : status;
}

static piq_status calibrate(piq_maintainer *m, piq_err *err)
{
    const piq_catalogue *c = piq_engine_catalogue(m->engine);
    if (!c)
        return PIQ_OK;
    pthread_mutex_lock(&m->calibration_lock);
    piq_status status = make_ready(m, err);
    if (status == PIQ_OK)
        status = feed(m, c->n_items, err);
    if (status == PIQ_OK && m->n_since >= m->engine->config.calibrate_every)
        status = publish(m, err);
    pthread_mutex_unlock(&m->calibration_lock);
    return status;
}

piq_status piq_maintainer_lend(piq_engine *e, piq_calibrator **out,
                               piq_err *err)
{
    piq_maintainer *m = e->maintainer;
    pthread_mutex_lock(&m->calibration_lock);
    const piq_catalogue *c = piq_engine_catalogue(e);
    piq_status status = make_ready(m, err);
    if (status == PIQ_OK)
        status = feed(m, c->n_items, err);
    if (status) {
        pthread_mutex_unlock(&m->calibration_lock);
        return status;
    }
    *out = m->calibrator;
    return PIQ_OK;
}

piq_status piq_maintainer_feed(piq_engine *e, int64_t *seq, piq_err *err)
{
    piq_maintainer *m = e->maintainer;
    const piq_catalogue *c = piq_engine_catalogue(e);
    if (*seq > m->seq)
        m->seq = *seq;
    piq_status status = make_ready(m, err);
    if (status == PIQ_OK)
        status = feed(m, c->n_items, err);
    *seq = m->seq;
    return status;
}

piq_status piq_maintainer_settle(piq_engine *e, int64_t seq, uint64_t n_answers,
                                 bool now, piq_err *err)
{
    piq_maintainer *m = e->maintainer;
    if (seq > m->seq)
        m->seq = seq;
    m->n_since += n_answers;
    return now ? publish(m, err) : PIQ_OK;
}

void piq_maintainer_give_back(piq_engine *e, bool as_stored)
{
    piq_maintainer *m = e->maintainer;
    if (as_stored) {
        piq_calibrator_free(m->calibrator);
        m->calibrator = NULL;
    }
    pthread_mutex_unlock(&m->calibration_lock);
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

/* What went wrong is this learner's state, not the storage: the others get
 * their rows. */
static bool is_of_learner(piq_status status)
{
    return status == PIQ_ENOTFOUND || status == PIQ_ECORRUPT ||
           status == PIQ_ELIMIT;
}

static piq_status make_row(piq_engine *e, piq_arena *a, piq_user_id user,
                           piq_profile_row *out, piq_err *err)
{
    piq_held *h;
    piq_model_hold *m;
    const piq_catalogue *c;
    piq_status status = piq_engine_in_force(e, &c, &m, err);
    if (status == PIQ_OK)
        status = piq_engine_hold(e, user, piq_model_tracing(m), &h, err);
    if (status) {
        piq_model_release(m);
        return status;
    }
    status = piq_profile_row_make(e, a, piq_held_learner(h), m,
                                  piq_clock_now_us(), out);
    piq_held_release(h);
    piq_model_release(m);
    if (status)
        piq_fail(err, status, "could not write the profile of learner %lld",
                 (long long)user.v);
    return status;
}

static piq_status write_profiles(piq_engine *e, const piq_user_id *users,
                                 size_t n, piq_err *err)
{
    piq_arena a;
    piq_arena_init(&a, 0);
    piq_profile_row *rows = piq_new(&a, piq_profile_row, n);
    piq_commit c = {.profiles = rows};
    piq_status status = rows ? PIQ_OK : PIQ_ENOMEM;
    for (size_t i = 0; i < n && status == PIQ_OK; i++) {
        piq_err own = {0};
        status = make_row(e, &a, users[i], &rows[c.n_profiles], &own);
        if (status == PIQ_OK) {
            c.n_profiles++;
        } else if (is_of_learner(status)) {
            piq_log_err(0, "a profile row is not written", &own);
            status = PIQ_OK;
        } else if (err) {
            *err = own;
        }
    }
    if (status == PIQ_OK && c.n_profiles)
        status = piq_committer_commit(e->committer, &c, err);
    piq_arena_release(&a);
    return status;
}

/* Rows of the learners that were dirty when the round began. Those of a piece
 * that could not be written, and what follows it, wait for the next round. */
static piq_status refresh_profiles(piq_maintainer *m, piq_err *err)
{
    piq_user_id users[PROFILES_PIECE];
    piq_status status = PIQ_OK;
    size_t at = 0, n = 0;
    uint64_t key;
    pthread_mutex_lock(&m->lock);
    piq_map taken = m->dirty;
    piq_map_init(&m->dirty);
    pthread_mutex_unlock(&m->lock);
    for (bool more = true; more;) {
        more = piq_map_next(&taken, &at, &key, NULL);
        if (more && status)
            piq_maintainer_dirty(m->engine, (piq_user_id){(int64_t)key});
        else if (more)
            users[n++] = (piq_user_id){(int64_t)key};
        if (n < PROFILES_PIECE && (more || !n))
            continue;
        status = write_profiles(m->engine, users, n, err);
        for (size_t i = 0; status && i < n; i++)
            piq_maintainer_dirty(m->engine, users[i]);
        n = 0;
    }
    piq_map_release(&taken);
    return status;
}

/* ---- recommendations ------------------------------------------------- */

enum { LEAST_OUTCOMES = 8 };

static void look_after_policy(piq_maintainer *m)
{
    piq_engine *e = m->engine;
    int64_t now_us = piq_clock_now_us();
    uint32_t version;
    piq_err err = {0};
    if (piq_engine_adopt_policy(e, &err))
        piq_log_err(0, "could not look for a newer policy", &err);
    err = (piq_err){0};
    if (piq_engine_adopt_taste(e, &err))
        piq_log_err(0, "could not look for a newer taste model", &err);
    if (e->config.policy_minutes == PIQ_POLICY_NEVER)
        return;
    if (!e->learned_us)
        e->learned_us = now_us; /* not while starting */
    if (now_us - e->learned_us <
        (int64_t)e->config.policy_minutes * PIQ_US_PER_MINUTE)
        return;
    e->learned_us = now_us;
    err = (piq_err){0};
    if (piq_engine_learn_policy(e, now_us, LEAST_OUTCOMES, &version, &err))
        piq_log_err(0, "could not learn from recommendations", &err);
}

/* ---- the thread ------------------------------------------------------ */

static void one_round(piq_maintainer *m)
{
    piq_err err = {0};
    if (piq_engine_adopt_catalogue(m->engine, &err))
        piq_log_err(0, "could not take over a newer catalogue", &err);
    err = (piq_err){0};
    if (piq_engine_adopt_model(m->engine, &err))
        piq_log_err(0, "could not look for a newer model", &err);
    err = (piq_err){0};
    if (piq_engine_adopt_steering(m->engine, &err))
        piq_log_err(0, "could not take over newer rules or experiments", &err);
    err = (piq_err){0};
    if (piq_engine_watch_experiments(m->engine, piq_clock_now_us(), &err))
        piq_log_err(0, "could not look after the experiments", &err);
    look_after_policy(m);
    err = (piq_err){0};
    if (calibrate(m, &err))
        piq_log_err(0, "could not calibrate items", &err);
    err = (piq_err){0};
    piq_drift_show(m->engine->drift, piq_clock_now_us());
    if (piq_engine_catalogue(m->engine) && refresh_profiles(m, &err))
        piq_log_err(0, "could not refresh profile rows", &err);
}

static void *run(void *ctx)
{
    piq_maintainer *m = ctx;
    bool stopping = false;
    while (!stopping) {
        struct timespec until;
        clock_gettime(CLOCK_MONOTONIC, &until);
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
    pthread_condattr_t steady; /* a changed wall clock moves no round */
    pthread_condattr_init(&steady);
    pthread_condattr_setclock(&steady, CLOCK_MONOTONIC);
    pthread_cond_init(&m->wake, &steady);
    pthread_condattr_destroy(&steady);
    e->maintainer = m;
    const piq_catalogue *c = piq_engine_catalogue(e);
    piq_status status = c ? restore(m, c, err) : PIQ_OK;
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
