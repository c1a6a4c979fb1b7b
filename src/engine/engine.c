/* engine.c - opening and closing; the threads are in owner.c, committer.c and
 * maintain.c. */
#include "engine/engine.h"

#include "base/log.h"
#include "engine/engine_internal.h"
#include "engine/policy.h"
#include "engine/tastes.h"

#include <stdlib.h>

/* ---- opening and closing --------------------------------------------- */

static piq_engine_config with_defaults(const piq_engine_config *given)
{
    piq_engine_config c = given ? *given : (piq_engine_config){0};
    if (!c.n_owners)
        c.n_owners = 2;
    if (!c.queue_length)
        c.queue_length = 8192;
    if (!c.cache_learners)
        c.cache_learners = 50000;
    if (!c.calibrate_every)
        c.calibrate_every = 64;
    if (!c.slate_minutes)
        c.slate_minutes = 10;
    if (!c.maintain_ms)
        c.maintain_ms = 1000;
    if (!c.feed_ms)
        c.feed_ms = 200;
    if (!c.probe_ms)
        c.probe_ms = 250;
    if (!c.lease_ms)
        c.lease_ms = 15000;
    if (!c.policy_minutes)
        c.policy_minutes = 10;
    return c;
}

static void declare_metrics(piq_engine *e)
{
    piq_metrics *m = e->metrics;
    if (!m)
        return;
    e->m.fold_ns = piq_metrics_histogram(
        m, "piq_fold_seconds", "Folding one batch of operations.", NULL);
    e->m.commit_ns = piq_metrics_histogram(m, "piq_commit_seconds",
                                           "From hand-over to durable.", NULL);
    e->m.slate_ns = piq_metrics_histogram(m, "piq_recommend_seconds",
                                          "Computing one slate.", NULL);
    e->m.path_ns = piq_metrics_histogram(m, "piq_plan_seconds",
                                         "Planning one path.", NULL);
    e->m.events =
        piq_metrics_counter(m, "piq_events_total", "Events accepted.", NULL);
    e->m.duplicates = piq_metrics_counter(m, "piq_event_repeats_total",
                                          "Events posted again.", NULL);
    e->m.late = piq_metrics_counter(m, "piq_events_late_total",
                                    "Events folded behind others.", NULL);
    e->m.model_version =
        piq_metrics_gauge(m, "piq_model_version",
                          "Version of the trained model in force; 0: "
                          "none.",
                          NULL);
    e->m.model_champion = piq_metrics_gauge(
        m, "piq_model_champion",
        "Version of the champion, which is in force unless it cannot be "
        "read; 0: none.",
        NULL);
    e->m.models_refused =
        piq_metrics_counter(m, "piq_models_refused_total",
                            "Champions that could not be read.", NULL);
    e->m.stale =
        piq_metrics_counter(m, "piq_commit_races_total",
                            "Commits overtaken by another process.", NULL);
}

static void free_engine(piq_engine *e)
{
    piq_cache_free(e->cache);
    piq_calibration_book_free(e->book);
    piq_drift_free(e->drift);
    for (int i = 0; i < PIQ_MAX_CATALOGUES; i++)
        piq_catalogue_free(e->catalogues[i]);
    piq_model_release(e->model);
    piq_steering_release(e->steering);
    pthread_mutex_destroy(&e->steering_lock);
    pthread_mutex_destroy(&e->steer_lock);
    pthread_mutex_destroy(&e->catalogue_lock);
    pthread_mutex_destroy(&e->model_lock);
    pthread_mutex_destroy(&e->adopt_lock);
    piq_in_force_destroy(&e->policy);
    piq_in_force_destroy(&e->taste);
    pthread_mutex_destroy(&e->learn_lock);
    free(e);
}

piq_status piq_engine_open(piq_store *store, const piq_engine_config *config,
                           piq_metrics *metrics, piq_engine **out, piq_err *err)
{
    piq_engine *e = calloc(1, sizeof *e);
    if (!e)
        return piq_fail(err, PIQ_ENOMEM, "no memory for an engine");
    e->store = store;
    e->config = with_defaults(config);
    e->metrics = metrics;
    declare_metrics(e);
    pthread_mutex_init(&e->catalogue_lock, NULL);
    pthread_mutex_init(&e->model_lock, NULL);
    pthread_mutex_init(&e->adopt_lock, NULL);
    piq_in_force_init(&e->policy);
    piq_in_force_init(&e->taste);
    pthread_mutex_init(&e->learn_lock, NULL);
    pthread_mutex_init(&e->steering_lock, NULL);
    pthread_mutex_init(&e->steer_lock, NULL);
    piq_status status = piq_cache_new(e->config.cache_learners, &e->cache);
    if (status == PIQ_OK)
        status = piq_calibration_book_new(&e->book);
    if (status == PIQ_OK)
        status = piq_drift_new(metrics, &e->drift);
    if (status)
        piq_fail(err, status, "no memory for an engine");
    if (status == PIQ_OK)
        status = piq_engine_adopt_catalogue(e, err);
    if (status == PIQ_OK)
        status = piq_engine_adopt_steering(e, err);
    if (status == PIQ_OK)
        status = piq_engine_adopt_policy(e, err);
    if (status == PIQ_OK)
        status = piq_engine_adopt_taste(e, err);
    if (status == PIQ_OK)
        status = piq_committer_start(store, &e->committer, err);
    if (status == PIQ_OK)
        status = piq_health_start(store, e->committer, e->config.probe_ms,
                                  &e->health, err);
    if (status == PIQ_OK)
        status = piq_maintainer_start(e, err);
    if (status == PIQ_OK)
        status = piq_feed_start(e, err);
    if (status == PIQ_OK)
        status = piq_owners_start(e, err);
    if (status) {
        piq_owners_stop(e);
        piq_feed_stop(e);
        piq_maintainer_stop(e);
        piq_health_stop(e->health);
        piq_committer_stop(e->committer);
        free_engine(e);
        return status;
    }
    *out = e;
    return PIQ_OK;
}

void piq_engine_close(piq_engine *e)
{
    if (!e)
        return;
    atomic_store(&e->closing, true);
    piq_owners_stop(e);
    piq_feed_stop(e);
    piq_maintainer_stop(e);
    piq_health_stop(e->health);
    piq_committer_stop(e->committer);
    e->store->ops->close(e->store);
    free_engine(e);
}

bool piq_engine_leads(piq_engine *e)
{
    return atomic_load(&e->leads);
}

/* ---- storage --------------------------------------------------------- */

void piq_engine_storage(piq_engine *e, piq_storage_health *out)
{
    piq_health_get(e->health, out);
}

void piq_engine_report(piq_engine *e, const char *what, const piq_err *err)
{
    if (!piq_health_note(e->health, err))
        piq_log_err(0, what, err);
}

/* ---- small things ---------------------------------------------------- */

void piq_engine_stats_get(piq_engine *e, piq_engine_stats *out)
{
    piq_cache_stats cache;
    piq_committer_stats commits;
    piq_cache_stats_get(e->cache, &cache);
    piq_committer_stats_get(e->committer, &commits);
    *out = (piq_engine_stats){.cached_learners = cache.learners,
                              .cached_slate_bytes = cache.served_bytes,
                              .queued = piq_owners_queued(e),
                              .cache_hits = cache.hits,
                              .cache_misses = cache.misses,
                              .evictions = cache.evictions,
                              .commits = commits.commits,
                              .commit_failures = commits.failures,
                              .storage_ok = commits.last_ok};
}
