#include "engine/engine.h"

#include "base/calendar.h"
#include "base/clock.h"
#include "base/log.h"
#include "domain/findings.h"
#include "engine/engine_internal.h"

#include <stdlib.h>

/* ---- catalogues ------------------------------------------------------ */

const piq_catalogue *piq_engine_catalogue(piq_engine *e)
{
    return atomic_load_explicit(&e->catalogue, memory_order_acquire);
}

/* Reads a stored document; *out is the caller's. */
static piq_status read_version(piq_engine *e, uint32_t version,
                               piq_catalogue **out, piq_err *err)
{
    piq_arena a;
    piq_str document;
    piq_findings findings = {0};
    uint32_t found;
    piq_arena_init(&a, (size_t)1 << 30);
    piq_status status =
        e->store->ops->catalogue(e->store, &a, version, &found, &document, err);
    if (status == PIQ_OK)
        status =
            piq_catalogue_read(&a, document, NULL, out, &findings, NULL, err);
    if (status == PIQ_EINVAL || status == PIQ_EPARSE)
        status = piq_fail(err, PIQ_ECORRUPT,
                          "stored catalogue %u cannot be read: %s", found,
                          findings.n ? findings.list[0].message : "not JSON");
    piq_arena_release(&a);
    if (status == PIQ_OK)
        (*out)->version = found;
    return status;
}

piq_status piq_engine_catalogue_version(piq_engine *e, uint32_t version,
                                        const piq_catalogue **out, piq_err *err)
{
    const piq_catalogue *now = piq_engine_catalogue(e);
    if (now && now->version == version) {
        *out = now;
        return PIQ_OK;
    }
    if (version == 0 || version >= PIQ_MAX_CATALOGUES)
        return piq_fail(err, PIQ_ENOTFOUND, "there is no catalogue %u",
                        version);
    pthread_mutex_lock(&e->catalogue_lock);
    *out = e->catalogues[version];
    pthread_mutex_unlock(&e->catalogue_lock);
    if (*out)
        return PIQ_OK;
    /* Read without the lock, which is long; who is second throws away. */
    piq_catalogue *mine;
    piq_status status = read_version(e, version, &mine, err);
    if (status)
        return status;
    pthread_mutex_lock(&e->catalogue_lock);
    if (!e->catalogues[version]) {
        e->catalogues[version] = mine;
        mine = NULL;
    }
    *out = e->catalogues[version];
    pthread_mutex_unlock(&e->catalogue_lock);
    piq_catalogue_free(mine);
    return PIQ_OK;
}

/* Puts the newest stored catalogue in force. What is in force never goes back,
 * however many threads do this at once. */
piq_status piq_engine_adopt_catalogue(piq_engine *e, piq_err *err)
{
    piq_store_counts counts;
    const piq_catalogue *c, *now = piq_engine_catalogue(e);
    piq_status status = e->store->ops->counts(e->store, &counts, err);
    if (status || counts.catalogue_version <= (now ? now->version : 0))
        return status;
    status = piq_engine_catalogue_version(e, counts.catalogue_version, &c, err);
    if (status)
        return status;
    pthread_mutex_lock(&e->catalogue_lock);
    now = piq_engine_catalogue(e);
    if (!now || now->version < c->version)
        atomic_store_explicit(&e->catalogue, c, memory_order_release);
    pthread_mutex_unlock(&e->catalogue_lock);
    return PIQ_OK;
}

/* The document as it is stored: merged with what was there. */
static piq_status store_merged(piq_engine *e, piq_catalogue *merged,
                               piq_err *err)
{
    piq_buf b;
    piq_json_writer w;
    piq_buf_init(&b, (size_t)1 << 30);
    piq_json_init(&w, &b);
    piq_catalogue_write(merged, &w);
    piq_status status = b.status;
    if (status == PIQ_OK)
        status = e->store->ops->put_catalogue(e->store, merged->version,
                                              (piq_str){b.ptr, b.len},
                                              piq_clock_now_us(), err);
    piq_buf_release(&b);
    return status;
}

piq_status piq_engine_load_catalogue(piq_engine *e, piq_arena *a,
                                     piq_str document, piq_findings *findings,
                                     piq_catalogue_change *change, piq_err *err)
{
    piq_catalogue *merged = NULL;
    piq_catalogue_change own;
    piq_status status = piq_engine_adopt_catalogue(e, err);
    if (status)
        return status;
    const piq_catalogue *now = piq_engine_catalogue(e);
    if (!change)
        change = &own;
    status =
        piq_catalogue_read(a, document, now, &merged, findings, change, err);
    if (status)
        return status;
    if (now && change->added + change->changed + change->retired == 0) {
        piq_catalogue_free(merged); /* the same again: no new version */
        return PIQ_OK;
    }
    merged->version = now ? now->version + 1 : 1;
    if (merged->version >= PIQ_MAX_CATALOGUES)
        status = piq_fail(err, PIQ_ELIMIT, "over %d catalogue versions",
                          PIQ_MAX_CATALOGUES - 1);
    if (status == PIQ_OK)
        status = store_merged(e, merged, err);
    piq_catalogue_free(merged);
    if (status == PIQ_OK) /* read back: what was stored is what is used */
        status = piq_engine_adopt_catalogue(e, err);
    return status;
}

/* ---- calibrations ---------------------------------------------------- */

piq_status piq_engine_read_book(piq_engine *e, uint32_t least, piq_err *err)
{
    piq_arena a;
    piq_calibration_entry *list;
    uint32_t number;
    int64_t through_seq;
    size_t n = 0;
    uint32_t have = piq_calibration_book_number(e->book);
    if (have >= least)
        return PIQ_OK;
    piq_arena_init(&a, (size_t)1 << 30);
    piq_status status =
        e->store->ops->calibration(e->store, &number, &through_seq, err);
    if (status == PIQ_OK && number > have)
        status = e->store->ops->calibrations(e->store, &a, &list, &n, err);
    for (size_t i = 0; i < n && status == PIQ_OK; i++)
        if (list[i].number > have && list[i].number <= number)
            status = piq_calibration_book_draft(e->book, list[i].number,
                                                &list[i].item, 1);
    if (status == PIQ_ENOMEM)
        piq_fail(err, status, "no memory for calibrations");
    if (status == PIQ_OK)
        piq_calibration_book_enact(e->book, number);
    piq_arena_release(&a);
    return status;
}

/* ---- learners -------------------------------------------------------- */

piq_status piq_engine_decode(piq_engine *e, piq_user_id user, piq_str body,
                             int64_t version, piq_learner **out, piq_err *err)
{
    const piq_catalogue *c = piq_engine_catalogue(e);
    if (!c)
        return piq_fail(err, PIQ_ENOTFOUND, "there is no curriculum yet");
    /* Another process may have put a newer one in force. */
    if (piq_learner_stored_catalogue(body) > c->version) {
        piq_status adopted = piq_engine_adopt_catalogue(e, err);
        if (adopted)
            return adopted;
        c = piq_engine_catalogue(e);
    }
    piq_status status = piq_learner_decode(body, user, c, out, err);
    if (status == PIQ_OK)
        (*out)->version = version;
    return status;
}

/* A state that this program cannot read, because another version of it wrote
 * it or because it is damaged, is made anew from the events. It is written
 * with the learner's next event. */
static piq_status from_events(piq_engine *e, piq_user_id user, int64_t version,
                              piq_learner **out, piq_err *err)
{
    piq_arena a;
    piq_rebuild r = {.user = user};
    piq_log_field who = piq_log_int("learner", user.v);
    piq_log(PIQ_LOG_WARN, 0, "state not readable, made anew from the events",
            &who, 1);
    piq_arena_init(&a, 0);
    piq_status status = piq_rebuild_learner(e, &a, &r, out, err);
    piq_arena_release(&a);
    if (status == PIQ_ENOTFOUND) /* somebody is there all the same */
        return piq_fail(err, PIQ_ECORRUPT,
                        "the state of learner %lld cannot be read, and there "
                        "are no events to make it from",
                        (long long)user.v);
    if (status == PIQ_OK)
        (*out)->version = version;
    return status;
}

static piq_status load(piq_engine *e, piq_user_id user, piq_held **out,
                       piq_err *err)
{
    piq_arena a;
    piq_str body;
    int64_t version = -1;
    piq_learner *l = NULL;
    uint64_t epoch = piq_cache_epoch(e->cache, user);
    piq_arena_init(&a, 0);
    piq_status status =
        e->store->ops->state(e->store, &a, user, &version, &body, err);
    if (status == PIQ_OK)
        status = piq_engine_decode(e, user, body, version, &l, err);
    if (status == PIQ_ECORRUPT && version >= 0)
        status = from_events(e, user, version, &l, err);
    piq_arena_release(&a);
    if (status)
        return status;
    *out = piq_held_take(l);
    if (!*out)
        return piq_fail(err, PIQ_ENOMEM, "no memory for learner %lld",
                        (long long)user.v);
    piq_cache_offer(e->cache, *out, epoch);
    return PIQ_OK;
}

/* A state from before the newest catalogue gets room for it. */
static piq_status grown(piq_engine *e, piq_held **held, piq_err *err)
{
    const piq_catalogue *c = piq_engine_catalogue(e);
    const piq_learner *old = piq_held_learner(*held);
    piq_learner *l = NULL;
    if (piq_learner_fits(old, c) || old->catalogue_version > c->version)
        return PIQ_OK;
    piq_status status = piq_learner_copy(old, &l);
    if (status == PIQ_OK)
        status = piq_learner_grow(l, c);
    piq_held_release(*held);
    *held = NULL;
    if (status == PIQ_OK)
        *held = piq_held_take(l);
    else
        piq_learner_free(l);
    return *held ? PIQ_OK
                 : piq_fail(err, PIQ_ENOMEM, "no memory for a learner");
}

piq_status piq_engine_hold(piq_engine *e, piq_user_id user, piq_held **out,
                           piq_err *err)
{
    if (!piq_engine_catalogue(e))
        return piq_fail(err, PIQ_ENOTFOUND, "there is no curriculum yet");
    piq_status status = PIQ_OK;
    *out = piq_cache_get(e->cache, user);
    if (!*out)
        status = load(e, user, out, err);
    if (status == PIQ_ENOTFOUND)
        return piq_fail(err, PIQ_ENOTFOUND, "learner %lld was never heard of",
                        (long long)user.v);
    return status ? status : grown(e, out, err);
}

piq_status piq_engine_learner(piq_engine *e, piq_user_id user,
                              piq_learner_ref *out, piq_err *err)
{
    piq_held *h;
    const piq_catalogue *c = piq_engine_catalogue(e); /* before the learner */
    piq_status status = piq_engine_hold(e, user, &h, err);
    if (status)
        return status;
    *out = (piq_learner_ref){piq_held_learner(h), c, h};
    return PIQ_OK;
}

void piq_learner_ref_release(piq_learner_ref *ref)
{
    piq_held_release(ref->hold);
    *ref = (piq_learner_ref){0};
}

piq_bytes *piq_engine_served_slate(piq_engine *e, piq_user_id user, int type,
                                   unsigned limit, int64_t now_us,
                                   int64_t *version)
{
    const piq_catalogue *c = piq_engine_catalogue(e);
    return c ? piq_cache_served(e->cache, user, type, limit, c->version, now_us,
                                version)
             : NULL;
}

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
    e->m.stale =
        piq_metrics_counter(m, "piq_commit_races_total",
                            "Commits overtaken by another process.", NULL);
}

static void free_engine(piq_engine *e)
{
    piq_cache_free(e->cache);
    piq_calibration_book_free(e->book);
    for (int i = 0; i < PIQ_MAX_CATALOGUES; i++)
        piq_catalogue_free(e->catalogues[i]);
    pthread_mutex_destroy(&e->catalogue_lock);
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
    piq_status status = piq_cache_new(e->config.cache_learners, &e->cache);
    if (status == PIQ_OK)
        status = piq_calibration_book_new(&e->book);
    if (status)
        piq_fail(err, status, "no memory for an engine");
    if (status == PIQ_OK)
        status = piq_engine_adopt_catalogue(e, err);
    if (status == PIQ_OK)
        status = piq_committer_start(store, &e->committer, err);
    if (status == PIQ_OK)
        status = piq_maintainer_start(e, err);
    if (status == PIQ_OK)
        status = piq_owners_start(e, err);
    if (status) {
        piq_owners_stop(e);
        piq_maintainer_stop(e);
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
    piq_owners_stop(e);
    piq_maintainer_stop(e);
    piq_committer_stop(e->committer);
    e->store->ops->close(e->store);
    free_engine(e);
}

/* ---- small things ---------------------------------------------------- */

piq_store *piq_engine_store(piq_engine *e)
{
    return e->store;
}

uint32_t piq_engine_calibration(piq_engine *e)
{
    return piq_calibration_book_number(e->book);
}

piq_calibration_book *piq_engine_book(piq_engine *e)
{
    return e->book;
}

void piq_engine_stats_get(piq_engine *e, piq_engine_stats *out)
{
    piq_cache_stats cache;
    piq_committer_stats commits;
    piq_cache_stats_get(e->cache, &cache);
    piq_committer_stats_get(e->committer, &commits);
    *out = (piq_engine_stats){.cached_learners = cache.learners,
                              .queued = piq_owners_queued(e),
                              .cache_hits = cache.hits,
                              .cache_misses = cache.misses,
                              .evictions = cache.evictions,
                              .commits = commits.commits,
                              .commit_failures = commits.failures,
                              .storage_ok = commits.last_ok};
}
