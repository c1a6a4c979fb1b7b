/* maintain.c - what is done in the background, by one thread.
 *
 * Every config.maintain_ms: take a newer catalogue or calibration into force
 * when another process has stored one; write user_profiles rows that show an
 * old state. And, in the process that leads (lease.h): feed new answers to the
 * calibrator and publish a calibration when there are enough; learn a policy;
 * tidy the store. Answers are read back from the store by their order of
 * arrival, so a restart, or another leader, goes on where the last published
 * calibration ended.
 *
 * After an erasure (erase.h) the calibrator is made anew from the answers that
 * are left, and what it then believes of every item is published. That reads
 * all answers, so it waits until RELEARN_REST times as long as the last time
 * took has passed.
 */
#include "base/calendar.h"
#include "base/clock.h"
#include "base/log.h"
#include "engine/engine_internal.h"
#include "engine/erase.h"
#include "engine/lease.h"
#include "engine/policy.h"
#include "engine/tastes.h"
#include "engine/tidy.h"
#include "engine/voids.h"

#include <errno.h>
#include <stdlib.h>

enum {
    ANSWERS_PIECE = 4096,
    /* Rows: some 2 ms of whoever waits for the same commit, and then a rest of
     * so many times as long, while a round is no longer than this. Where there
     * are more than that, and at the end, in large pieces without rests. */
    PROFILES_PIECE = 16,
    PROFILES_MOST = 256,
    PROFILES_RESTS = 4,
    PROFILES_MS = 2000,
    MAX_PUBLISH = 65536,
    RELEARN_REST = 50
};

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

    piq_lease lease; /* the thread's, as what follows */
    piq_tidying tidying;
    int64_t n_relearned; /* erasures that the calibrations know of; -1: ask */
    int64_t relearn_ns;  /* not before */
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

static void feed_row(piq_maintainer *m, const piq_event_row *row)
{
    piq_track_outcome before = {
        .predicted = (double)row->predicted,
        .residual = (double)row->score - (double)row->predicted,
        .ability_logit = (double)row->ability_logit,
        .ability_variance = (double)row->ability_variance,
        .at_us = row->at_us};
    piq_calibrator_answer(m->calibrator, row->item, &before,
                          (double)row->score);
    m->n_since++;
}

/* What was voided before it came to the calibrator is passed over: what is
 * voided was received before it was voided, by clocks that agree to an hour. */
static piq_status find_voided(piq_maintainer *m, const piq_event_row *first,
                              piq_arena *a, piq_voids *out, piq_err *err)
{
    piq_status status =
        piq_voids_read(m->engine, a, (piq_user_id){PIQ_ANY_USER},
                       first->received_us - 60 * PIQ_US_PER_MINUTE, out, err);
    piq_voids_order_by_seq(out);
    return status;
}

/* `n_items`: what the calibrator has room for. An answer to an item that is
 * newer waits for the catalogue that names it. */
static piq_status feed_pieces(piq_maintainer *m, size_t n_items,
                              piq_arena *kept, piq_err *err)
{
    piq_store *store = m->engine->store;
    piq_voids voids = {0};
    size_t n = ANSWERS_PIECE;
    for (bool first = true; n == ANSWERS_PIECE; first = false) {
        piq_event_row *rows;
        piq_arena_clear(&m->arena);
        piq_status status = store->ops->answers_after(
            store, &m->arena, m->seq, ANSWERS_PIECE, &rows, &n, err);
        if (status == PIQ_OK && first && n)
            status = find_voided(m, &rows[0], kept, &voids, err);
        if (status)
            return status;
        for (size_t i = 0; i < n; i++) {
            if (rows[i].item.v >= n_items)
                return PIQ_OK;
            if (!piq_voids_has_seq(&voids, rows[i].seq))
                feed_row(m, &rows[i]);
            m->seq = rows[i].seq;
        }
    }
    return PIQ_OK;
}

static piq_status feed(piq_maintainer *m, size_t n_items, piq_err *err)
{
    piq_arena kept;
    piq_arena_init(&kept, 0);
    piq_status status = feed_pieces(m, n_items, &kept, err);
    piq_arena_release(&kept);
    return status;
}

/* `items` in m->arena. */
static piq_status publish_items(piq_maintainer *m,
                                const piq_calibrated_item *items, size_t n,
                                piq_err *err)
{
    piq_engine *e = m->engine;
    piq_calibration_row row = {.number =
                                   piq_calibration_book_number(e->book) + 1,
                               .through_seq = m->seq,
                               .made_us = piq_clock_now_us(),
                               .items = items,
                               .n_items = n};
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
    return status;
}

static piq_status publish(piq_maintainer *m, piq_err *err)
{
    size_t n_items = piq_engine_catalogue(m->engine)->n_items;
    size_t max = n_items < MAX_PUBLISH ? n_items : MAX_PUBLISH;
    piq_arena_clear(&m->arena);
    piq_calibrated_item *items = piq_new(&m->arena, piq_calibrated_item, max);
    if (!items)
        return piq_fail(err, PIQ_ENOMEM, "no memory for a calibration");
    size_t n = piq_calibrator_publish(m->calibrator, items, max);
    piq_status status = publish_items(m, items, n, err);
    return status == PIQ_ESTALE ? PIQ_OK : status;
}

/* ---- calibration, without those who were erased ----------------------- */

/* Puts into items[0 .. *n), ascending, what is believed now of those that were
 * published before and are not there. Room for all items of the catalogue. */
static piq_status add_published(piq_maintainer *m, const piq_catalogue *c,
                                piq_calibrated_item *items, size_t *n,
                                piq_err *err)
{
    piq_store *store = m->engine->store;
    piq_calibration_entry *list;
    size_t n_list = 0, n_moved = *n;
    bool *there = piq_new(&m->arena, bool, c->n_items);
    if (!there)
        return piq_fail(err, PIQ_ENOMEM, "no memory for a calibration");
    for (size_t i = 0; i < n_moved; i++)
        there[items[i].item.v] = true;
    piq_status status =
        store->ops->calibrations(store, &m->arena, &list, &n_list, err);
    for (size_t i = 0; i < n_list && status == PIQ_OK; i++) {
        piq_item_ix item = list[i].item.item;
        if (item.v >= c->n_items || there[item.v])
            continue;
        there[item.v] = true;
        items[(*n)++] = (piq_calibrated_item){
            .item = item,
            .estimate = piq_calibrator_estimate(m->calibrator, item)};
    }
    return status;
}

static piq_status publish_all(piq_maintainer *m, const piq_catalogue *c,
                              piq_err *err)
{
    piq_arena_clear(&m->arena);
    piq_calibrated_item *items =
        piq_new(&m->arena, piq_calibrated_item, c->n_items);
    if (!items)
        return piq_fail(err, PIQ_ENOMEM, "no memory for a calibration");
    size_t n = piq_calibrator_publish(m->calibrator, items, c->n_items);
    piq_status status = add_published(m, c, items, &n, err);
    if (status || !n)
        return status;
    return publish_items(m, items, n, err);
}

static piq_status relearn(piq_maintainer *m, const piq_catalogue *c,
                          piq_err *err)
{
    piq_calibrator *fresh;
    uint32_t number;
    int64_t seq;
    piq_engine *e = m->engine;
    piq_status status =
        e->store->ops->calibration(e->store, &number, &seq, err);
    if (status == PIQ_OK)
        status = piq_engine_read_book(e, number, err);
    if (status)
        return status;
    if (piq_calibrator_new(c, &fresh))
        return piq_fail(err, PIQ_ENOMEM, "no memory for a calibrator");
    piq_calibrator_free(m->calibrator);
    m->calibrator = fresh;
    m->seq = 0;
    m->n_since = 0;
    status = feed(m, c->n_items, err);
    if (status == PIQ_OK)
        status = publish_all(m, c, err);
    if (status) { /* half fed: made from what is stored the next time */
        piq_calibrator_free(m->calibrator);
        m->calibrator = NULL;
    }
    return status;
}

/* Learners were erased whose answers are in what was published. */
static piq_status relearn_if_due(piq_maintainer *m, const piq_catalogue *c,
                                 piq_err *err)
{
    piq_engine *e = m->engine;
    piq_status status = PIQ_OK;
    int64_t n = piq_engine_erasures(e), start_ns = piq_clock_monotonic_ns();
    if (!n || start_ns < m->relearn_ns)
        return PIQ_OK;
    if (m->n_relearned < 0)
        status =
            piq_erased_known(e, PIQ_ERASED_CALIBRATION, &m->n_relearned, err);
    if (status || m->n_relearned >= n)
        return status;
    status = relearn(m, c, err);
    if (status == PIQ_OK)
        status = piq_erased_note(e, PIQ_ERASED_CALIBRATION, n, err);
    int64_t end_ns = piq_clock_monotonic_ns();
    m->relearn_ns = end_ns + RELEARN_REST * (end_ns - start_ns);
    if (status == PIQ_OK)
        m->n_relearned = n;
    return status == PIQ_ESTALE ? PIQ_OK : status; /* another one published */
}

/* Another process leads: what it publishes is in force here, too. */
static piq_status follow(piq_maintainer *m, piq_err *err)
{
    piq_engine *e = m->engine;
    uint32_t number;
    int64_t seq;
    pthread_mutex_lock(&m->calibration_lock);
    piq_calibrator_free(m->calibrator);
    m->calibrator = NULL;
    m->n_relearned = -1;
    piq_status status =
        e->store->ops->calibration(e->store, &number, &seq, err);
    if (status == PIQ_OK)
        status = piq_engine_read_book(e, number, err);
    pthread_mutex_unlock(&m->calibration_lock);
    return status;
}

static piq_status calibrate(piq_maintainer *m, piq_err *err)
{
    const piq_catalogue *c = piq_engine_catalogue(m->engine);
    if (!c)
        return PIQ_OK;
    if (!piq_engine_leads(m->engine))
        return follow(m, err);
    pthread_mutex_lock(&m->calibration_lock);
    piq_status status = relearn_if_due(m, c, err);
    if (status == PIQ_OK)
        status = make_ready(m, err);
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

void piq_maintainer_forget(piq_engine *e, piq_user_id user)
{
    piq_maintainer *m = e->maintainer;
    if (!m)
        return;
    pthread_mutex_lock(&m->lock);
    piq_map_remove(&m->dirty, (uint64_t)user.v);
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
        piq_fail(err, status, "could not write a learner's profile");
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

/* 256 rows in one commit held those up that wait for an answer: at 2,000
 * requests a second on PostgreSQL their p99 was four times as long. */
static piq_status write_piece(piq_maintainer *m, const piq_user_id *users,
                              size_t n, bool rests, piq_err *err)
{
    int64_t begun_ns = piq_clock_monotonic_ns();
    piq_status status = write_profiles(m->engine, users, n, err);
    for (size_t i = 0; status && i < n; i++)
        piq_maintainer_dirty(m->engine, users[i]);
    int64_t took_ns = piq_clock_monotonic_ns() - begun_ns,
            most_ns = PROFILES_MS * INT64_C(1000000);
    if (rests && status == PIQ_OK)
        piq_clock_rest_ns(PROFILES_RESTS * took_ns < most_ns
                              ? PROFILES_RESTS * took_ns
                              : most_ns);
    return status;
}

/* Rows of the learners that were dirty when the round began. Those of a piece
 * that could not be written, and what follows it, wait for the next round. */
static piq_status refresh_profiles(piq_maintainer *m, piq_err *err)
{
    piq_user_id users[PROFILES_MOST];
    piq_status status = PIQ_OK;
    size_t at = 0, n = 0;
    uint64_t key;
    int64_t until_ns =
        piq_clock_monotonic_ns() + PROFILES_MS * INT64_C(1000000);
    pthread_mutex_lock(&m->lock);
    piq_map taken = m->dirty;
    piq_map_init(&m->dirty);
    pthread_mutex_unlock(&m->lock);
    for (bool more = true; more;) {
        bool has_time = !atomic_load(&m->engine->closing) &&
                        piq_clock_monotonic_ns() < until_ns;
        size_t piece = has_time ? PROFILES_PIECE : PROFILES_MOST;
        more = piq_map_next(&taken, &at, &key, NULL);
        if (more && status)
            piq_maintainer_dirty(m->engine, (piq_user_id){(int64_t)key});
        else if (more)
            users[n++] = (piq_user_id){(int64_t)key};
        if (n < piece && (more || !n))
            continue;
        status = write_piece(m, users, n, has_time && more, err);
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
        piq_engine_report(e, "could not look for a newer policy", &err);
    err = (piq_err){0};
    if (piq_engine_adopt_taste(e, &err))
        piq_engine_report(e, "could not look for a newer taste model", &err);
    if (e->config.policy_minutes == PIQ_POLICY_NEVER || !piq_engine_leads(e) ||
        atomic_load(&e->closing))
        return;
    if (!e->learned_us)
        e->learned_us = now_us; /* not while starting */
    if (now_us - e->learned_us <
        (int64_t)e->config.policy_minutes * PIQ_US_PER_MINUTE)
        return;
    e->learned_us = now_us;
    err = (piq_err){0};
    piq_status status =
        piq_engine_learn_policy(e, now_us, LEAST_OUTCOMES, &version, &err);
    if (status && !(status == PIQ_EBUSY && atomic_load(&e->closing)))
        piq_engine_report(e, "could not learn from recommendations", &err);
}

/* ---- leading ---------------------------------------------------------- */

static void lead_or_follow(piq_maintainer *m)
{
    piq_err err = {0};
    int64_t now_ns = piq_clock_monotonic_ns();
    if (piq_lease_tick(&m->lease, now_ns, piq_clock_now_us(), &err))
        piq_engine_report(m->engine, "could not ask who leads", &err);
    bool leads = piq_lease_is_mine(&m->lease, now_ns);
    if (leads != atomic_exchange(&m->engine->leads, leads))
        piq_log(PIQ_LOG_INFO, 0,
                leads ? "this process leads" : "another process leads", NULL,
                0);
}

/* ---- the thread ------------------------------------------------------ */

static void one_round(piq_maintainer *m)
{
    piq_err err = {0};
    lead_or_follow(m);
    if (piq_engine_adopt_catalogue(m->engine, &err))
        piq_engine_report(m->engine, "could not take over a newer catalogue",
                          &err);
    err = (piq_err){0};
    if (piq_engine_adopt_model(m->engine, &err))
        piq_engine_report(m->engine, "could not look for a newer model", &err);
    err = (piq_err){0};
    if (piq_engine_adopt_steering(m->engine, &err))
        piq_engine_report(
            m->engine, "could not take over newer rules or experiments", &err);
    err = (piq_err){0};
    if (piq_engine_watch_experiments(m->engine, piq_clock_now_us(), &err))
        piq_engine_report(m->engine, "could not look after the experiments",
                          &err);
    look_after_policy(m);
    if (!atomic_load(&m->engine->closing))
        piq_tidy_tick(&m->tidying, m->engine);
    err = (piq_err){0};
    if (calibrate(m, &err))
        piq_engine_report(m->engine, "could not calibrate items", &err);
    err = (piq_err){0};
    piq_drift_show(m->engine->drift, piq_clock_now_us());
    if (piq_engine_catalogue(m->engine) && refresh_profiles(m, &err))
        piq_engine_report(m->engine, "could not refresh profile rows", &err);
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
    m->n_relearned = -1;
    const piq_catalogue *c = piq_engine_catalogue(e);
    piq_status status =
        piq_lease_init(&m->lease, e->store, PIQ_STR("maintainer"),
                       (int64_t)e->config.lease_ms * 1000000, err);
    if (status == PIQ_OK && c)
        status = restore(m, c, err);
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
    piq_lease_release(&m->lease);
    atomic_store(&e->leads, false);
    piq_calibrator_free(m->calibrator);
    piq_map_release(&m->dirty);
    piq_arena_release(&m->arena);
    pthread_cond_destroy(&m->wake);
    pthread_mutex_destroy(&m->calibration_lock);
    pthread_mutex_destroy(&m->lock);
    free(m);
    e->maintainer = NULL;
}
