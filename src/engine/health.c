#include "engine/health.h"

#include "base/clock.h"
#include "base/log.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <time.h>

enum { LOOK_MS = 100, TRIAL_MS = 1000, TRIAL_LIVES_S = 60 };

static const double NS_PER_S = 1e9;

struct piq_health {
    piq_store *store;
    piq_committer *committer;
    unsigned probe_ms;
    pthread_t prober, watcher;
    bool probes, watches;
    pthread_mutex_t lock; /* all below */
    pthread_cond_t wake;
    bool stopping;
    int64_t asked_ns; /* the question that waits; 0: none does */
    bool failed;
    uint64_t n_notes;
    piq_err last; /* what the last failure was */
    piq_outage outage;
};

/* ---- what is seen ---------------------------------------------------------
 */

static uint64_t misses_of(piq_health *h, piq_err *last)
{
    return h->store->ops->misses ? h->store->ops->misses(h->store, last) : 0;
}

/* Of an attempt that was made again only the store knows why. */
static void tell_begin(piq_health *h)
{
    piq_err last = h->last;
    if (last.status == PIQ_OK)
        (void)misses_of(h, &last);
    piq_log_field why[] = {piq_log_z("error", last.message),
                           piq_log_z("where", last.where)};
    if (last.status)
        piq_log(PIQ_LOG_WARN, 0,
                "storage fails; what needs it is tried again, or refused", why,
                2);
    else
        piq_log(PIQ_LOG_WARN, 0, "storage does not answer; what needs it waits",
                NULL, 0);
}

static void tell_end(int64_t lasted_ns)
{
    piq_log_field after[] = {
        piq_log_double("seconds", (double)lasted_ns / NS_PER_S)};
    piq_log(PIQ_LOG_WARN, 0, "storage serves again", after, 1);
}

/* Under the lock. */
static void look(piq_health *h)
{
    piq_committer_stats commits;
    int64_t now_ns = piq_clock_monotonic_ns(), lasted_ns = 0;
    piq_committer_stats_get(h->committer, &commits);
    const piq_outage_signs signs = {
        .silent_ns = h->asked_ns ? now_ns - h->asked_ns : 0,
        .failed = h->failed,
        .refused = !commits.last_ok,
        .n_misses = misses_of(h, NULL) + h->n_notes};
    switch (piq_outage_see(&h->outage, &signs, now_ns, piq_clock_now_us(),
                           &lasted_ns)) {
    case PIQ_OUTAGE_GOES_ON:
        break;
    case PIQ_OUTAGE_BEGINS:
        tell_begin(h);
        break;
    case PIQ_OUTAGE_ENDS:
        tell_end(lasted_ns);
        h->last = (piq_err){0};
        break;
    }
}

void piq_health_get(piq_health *h, piq_storage_health *out)
{
    pthread_mutex_lock(&h->lock);
    look(h);
    *out = (piq_storage_health){h->outage.state, h->outage.since_us};
    pthread_mutex_unlock(&h->lock);
}

/* Busy with something else than storage names no place. */
static bool is_of_storage(const piq_err *err)
{
    return err->status == PIQ_EIO || err->status == PIQ_EFULL ||
           (err->status == PIQ_EBUSY && err->where[0]);
}

bool piq_health_note(piq_health *h, const piq_err *err)
{
    if (!is_of_storage(err))
        return false;
    pthread_mutex_lock(&h->lock);
    h->n_notes++;
    h->last = *err;
    look(h);
    pthread_mutex_unlock(&h->lock);
    return true;
}

/* ---- the threads ----------------------------------------------------------
 */

/* False: it is to stop. */
static bool rest(piq_health *h, unsigned ms)
{
    struct timespec until;
    int rc = 0;
    clock_gettime(CLOCK_MONOTONIC, &until);
    int64_t ns = until.tv_nsec + (int64_t)ms * 1000000;
    until.tv_sec += (time_t)(ns / 1000000000);
    until.tv_nsec = (long)(ns % 1000000000);
    pthread_mutex_lock(&h->lock);
    while (!h->stopping && rc != ETIMEDOUT)
        rc = pthread_cond_timedwait(&h->wake, &h->lock, &until);
    bool go_on = !h->stopping;
    pthread_mutex_unlock(&h->lock);
    return go_on;
}

static void *watch(void *ctx)
{
    piq_health *h = ctx;
    while (rest(h, LOOK_MS)) {
        pthread_mutex_lock(&h->lock);
        look(h);
        pthread_mutex_unlock(&h->lock);
    }
    return NULL;
}

static void ask(piq_health *h)
{
    piq_err err = {0};
    pthread_mutex_lock(&h->lock);
    h->asked_ns = piq_clock_monotonic_ns();
    pthread_mutex_unlock(&h->lock);
    piq_status status = h->store->ops->ping(h->store, &err);
    pthread_mutex_lock(&h->lock);
    h->asked_ns = 0;
    h->failed = status != PIQ_OK;
    if (status)
        h->last = err;
    pthread_mutex_unlock(&h->lock);
}

/* A commit of no consequence; the committer's last one is then this. */
static void try_to_write(piq_health *h)
{
    int64_t now_us = piq_clock_now_us();
    piq_err err = {0};
    const piq_record r = {.kind = PIQ_STR("trial"),
                          .key = PIQ_STR("storage"),
                          .from_version = PIQ_RECORD_ANY,
                          .at_us = now_us,
                          .expires_us =
                              now_us + TRIAL_LIVES_S * INT64_C(1000000),
                          .document = PIQ_STR("{}")};
    piq_commit c = {.records = &r, .n_records = 1};
    if (piq_committer_commit(h->committer, &c, &err) == PIQ_OK)
        return;
    pthread_mutex_lock(&h->lock);
    h->last = err;
    pthread_mutex_unlock(&h->lock);
}

static void *probe(void *ctx)
{
    piq_health *h = ctx;
    int64_t tried_ns = INT64_MIN / 2;
    while (rest(h, h->probe_ms)) {
        piq_committer_stats commits;
        ask(h);
        piq_committer_stats_get(h->committer, &commits);
        int64_t now_ns = piq_clock_monotonic_ns();
        if (commits.last_ok || now_ns - tried_ns < TRIAL_MS * INT64_C(1000000))
            continue;
        try_to_write(h);
        tried_ns = piq_clock_monotonic_ns();
    }
    return NULL;
}

/* ---- start and stop -------------------------------------------------------
 */

static piq_health *new_health(piq_store *store, piq_committer *committer,
                              unsigned probe_ms)
{
    pthread_condattr_t steady;
    piq_health *h = calloc(1, sizeof *h);
    if (!h)
        return NULL;
    h->store = store;
    h->committer = committer;
    h->probe_ms = probe_ms;
    pthread_mutex_init(&h->lock, NULL);
    pthread_condattr_init(&steady);
    pthread_condattr_setclock(&steady, CLOCK_MONOTONIC);
    pthread_cond_init(&h->wake, &steady);
    pthread_condattr_destroy(&steady);
    piq_outage_init(&h->outage, misses_of(h, NULL), piq_clock_now_us());
    return h;
}

piq_status piq_health_start(piq_store *store, piq_committer *committer,
                            unsigned probe_ms, piq_health **out, piq_err *err)
{
    piq_health *h = new_health(store, committer, probe_ms);
    if (!h)
        return piq_fail(err, PIQ_ENOMEM, "no memory to look after storage");
    if (probe_ms != PIQ_PROBE_NEVER) {
        h->probes = pthread_create(&h->prober, NULL, probe, h) == 0;
        h->watches =
            h->probes && pthread_create(&h->watcher, NULL, watch, h) == 0;
        if (!h->watches) {
            piq_health_stop(h);
            return piq_fail(err, PIQ_ENOMEM,
                            "could not start the threads that look after "
                            "storage");
        }
    }
    *out = h;
    return PIQ_OK;
}

void piq_health_stop(piq_health *h)
{
    if (!h)
        return;
    pthread_mutex_lock(&h->lock);
    h->stopping = true;
    pthread_cond_broadcast(&h->wake);
    pthread_mutex_unlock(&h->lock);
    if (h->probes)
        pthread_join(h->prober, NULL);
    if (h->watches)
        pthread_join(h->watcher, NULL);
    pthread_cond_destroy(&h->wake);
    pthread_mutex_destroy(&h->lock);
    free(h);
}
