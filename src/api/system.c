/* system.c - the catalogue, and what the engine says of itself. */
#include "api/exchange.h"
#include "base/calendar.h"
#include "domain/catalogue_json.h"
#include "engine/policy.h"
#include "engine/tastes.h"

#include <stdlib.h>

extern const unsigned char piq_openapi_json[];
extern const size_t piq_openapi_json_len;

static const char *const no_query[] = {NULL};

void piq_get_catalogue(piq_exchange *c)
{
    static const char *const known[] = {"type", "area", NULL};
    const piq_catalogue *cat;
    piq_catalogue_filter filter = {0};
    piq_buf b;
    piq_json_writer w;
    piq_str area;
    int type;
    if (!piq_exchange_known_query(c, known) ||
        !piq_exchange_query_type(c, &type) ||
        !piq_exchange_query(c, "area", &area, &filter.by_area) ||
        !piq_exchange_catalogue(c, &cat))
        return;
    if (filter.by_area && !piq_catalogue_find_area(cat, area, &filter.area)) {
        piq_fail(&c->err, PIQ_EINVAL, "no area of the curriculum: \"%.*s\"",
                 (int)(area.len > 60 ? 60 : area.len), area.ptr);
        piq_err_at(&c->err, "area");
        piq_exchange_fail(c);
        return;
    }
    if (type >= 0) {
        filter.by_type = true;
        filter.type = (piq_content_type)type;
    }
    if (piq_exchange_not_modified(c, cat->version))
        return;
    piq_buf_init(&b, 0);
    piq_json_init(&w, &b);
    piq_catalogue_show(cat, &filter, &w);
    piq_exchange_json(c, 200, &b, cat->version);
}

void piq_get_health(piq_exchange *c)
{
    piq_buf b;
    piq_json_writer w;
    if (!piq_exchange_known_query(c, no_query))
        return;
    piq_buf_init(&b, 0);
    piq_json_init(&w, &b);
    piq_json_object(&w);
    piq_json_put_z(&w, "status", "ok");
    piq_json_put_z(&w, "version", piq_version());
    piq_json_object_end(&w);
    piq_exchange_json(c, 200, &b, -1);
}

/* Of what decides; 0: the online belief, weights set by hand, no tastes. */
static void put_versions(piq_json_writer *w, piq_engine *e)
{
    piq_model_hold *model = piq_engine_model(e);
    piq_policy_hold *policy = piq_engine_policy(e);
    piq_taste_hold *taste = piq_engine_taste(e);
    const piq_tracing *t = piq_model_tracing(model);
    piq_json_put_int(w, "model", t ? t->model : 0);
    piq_json_put_int(w, "policy", piq_policy_version(policy));
    piq_json_put_int(w, "taste", piq_taste_version(taste));
    piq_taste_release(taste);
    piq_policy_release(policy);
    piq_model_release(model);
}

/* The log has it already, once, however often we are asked. */
static void tell_unready(piq_exchange *c, const piq_storage_health *storage)
{
    static const char *const what[] = {
        [PIQ_STORAGE_SERVES] = "storage serves",
        [PIQ_STORAGE_SILENT] = "storage does not answer",
        [PIQ_STORAGE_FAILS] = "storage fails",
        [PIQ_STORAGE_REFUSES] = "storage refused the last commit"};
    char since[32];
    piq_time_format(storage->since_us, since);
    c->told = true;
    piq_fail(&c->err, PIQ_EBUSY, "%s, since %s", what[storage->state], since);
    piq_exchange_problem(c, 503);
}

void piq_get_ready(piq_exchange *c)
{
    const piq_catalogue *cat;
    piq_engine *e = c->api->engine;
    piq_storage_health storage;
    piq_buf b;
    piq_json_writer w;
    if (!piq_exchange_known_query(c, no_query) ||
        !piq_exchange_catalogue(c, &cat))
        return;
    piq_engine_storage(e, &storage);
    if (storage.state != PIQ_STORAGE_SERVES) {
        tell_unready(c, &storage);
        return;
    }
    piq_buf_init(&b, 0);
    piq_json_init(&w, &b);
    piq_json_object(&w);
    piq_json_put_z(&w, "status", "ready");
    piq_json_put_int(&w, "catalogue_version", cat->version);
    piq_json_put_int(&w, "calibration", piq_engine_calibration(e));
    put_versions(&w, e);
    piq_json_put_time(&w, "since", storage.since_us);
    piq_json_object_end(&w);
    piq_exchange_json(c, 200, &b, -1);
}

void piq_get_metrics(piq_exchange *c)
{
    piq_api *api = c->api;
    piq_engine_stats s;
    piq_storage_health storage;
    piq_buf b;
    size_t len;
    if (!piq_exchange_known_query(c, no_query))
        return;
    piq_engine_stats_get(api->engine, &s);
    piq_metric_set(api->cached_learners, (double)s.cached_learners);
    piq_metric_set(api->queued, (double)s.queued);
    piq_metric_set(api->commits, (double)s.commits);
    piq_metric_set(api->commit_failures, (double)s.commit_failures);
    piq_metric_set(api->cache_hits, (double)s.cache_hits);
    piq_metric_set(api->cache_misses, (double)s.cache_misses);
    piq_engine_storage(api->engine, &storage);
    piq_metric_set(api->storage_ok, storage.state == PIQ_STORAGE_SERVES);
    piq_buf_init(&b, 0);
    if (api->metrics)
        piq_metrics_write(api->metrics, &b);
    char *bytes = piq_buf_take(&b, &len);
    piq_exchange_bytes(c, 200, "text/plain; version=0.0.4; charset=utf-8",
                       piq_bytes_take(bytes, len), -1);
}

void piq_get_contract(piq_exchange *c)
{
    piq_buf b;
    if (!piq_exchange_known_query(c, no_query))
        return;
    piq_buf_init(&b, 0);
    piq_buf_add(&b, piq_openapi_json, piq_openapi_json_len);
    piq_exchange_json(c, 200, &b, -1);
}
