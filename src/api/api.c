#include "api/api.h"

#include "api/exchange.h"
#include "base/calendar.h"
#include "base/clock.h"

#include <stdio.h>
#include <stdlib.h>

typedef struct route {
    piq_api_route is;
    piq_handler *handler;
} route;

static const route routes[] = {
    {{"GET", "/api/users/{userId}/profile"}, piq_get_profile},
    {{"PUT", "/api/users/{userId}/profile"}, piq_put_profile},
    {{"POST", "/api/users/{userId}/profile/analyze"}, piq_analyze_profile},
    {{"GET", "/api/users/{userId}/recommendations"}, piq_get_recommendations},
    {{"POST",
      "/api/users/{userId}/recommendations/{recommendationId}/feedback"},
     piq_post_feedback},
    {{"GET",
      "/api/users/{userId}/recommendations/{recommendationId}/explanation"},
     piq_get_explanation},
    {{"GET", "/api/users/{userId}/learning-path"}, piq_get_path},
    {{"PUT", "/api/users/{userId}/learning-path/update"}, piq_update_path},
    {{"POST", "/api/users/{userId}/learning-path/controls"}, piq_control_path},
    {{"GET", "/api/users/{userId}/reviews"}, piq_get_reviews},
    {{"GET", "/api/users/{userId}/progress-analytics"}, piq_get_analytics},
    {{"GET", "/api/users/{userId}/skill-predictions"}, piq_get_predictions},
    {{"GET", "/api/users/{userId}/answer-prediction"},
     piq_get_answer_prediction},
    {{"POST", "/api/users/{userId}/goals"}, piq_post_goals},
    {{"POST", "/api/users/{userId}/events"}, piq_post_events},
    {{"POST", "/api/events"}, piq_post_ndjson},
    {{"GET", "/api/catalogue"}, piq_get_catalogue},
    {{"GET", "/api/users/{userId}/recommendations/why-not"}, piq_get_why_not},
    {{"GET", "/api/rules"}, piq_get_rules},
    {{"PUT", "/api/rules"}, piq_put_rules},
    {{"GET", "/api/experiments"}, piq_get_experiments},
    {{"POST", "/api/experiments"}, piq_post_experiment},
    {{"GET", "/api/experiments/{name}"}, piq_get_experiment},
    {{"POST", "/api/experiments/{name}/stop"}, piq_stop_experiment},
    {{"GET", "/healthz"}, piq_get_health},
    {{"GET", "/readyz"}, piq_get_ready},
    {{"GET", "/metrics"}, piq_get_metrics},
    {{"GET", "/api/openapi.json"}, piq_get_contract},
};

const piq_api_route *piq_api_route_at(size_t i)
{
    return i < sizeof routes / sizeof routes[0] ? &routes[i].is : NULL;
}

/* ---- matching -------------------------------------------------------- */

typedef struct matched {
    const route *route;
    piq_str values[2]; /* of {..} segments, in order */
    size_t n_values;
    bool path_known; /* some method has this path */
    char allow[32];
} matched;

static piq_str next_segment(piq_str *rest)
{
    if (rest->len && rest->ptr[0] == '/')
        *rest = (piq_str){rest->ptr + 1, rest->len - 1};
    const char *slash = rest->len ? memchr(rest->ptr, '/', rest->len) : NULL;
    piq_str s = {rest->ptr, slash ? (size_t)(slash - rest->ptr) : rest->len};
    *rest = (piq_str){rest->ptr + s.len, rest->len - s.len};
    return s;
}

static bool match_pattern(const char *pattern, piq_str path, matched *m)
{
    piq_str want = piq_str_of(pattern);
    size_t n = 0;
    while (want.len && path.len) {
        piq_str w = next_segment(&want), p = next_segment(&path);
        if (w.len && w.ptr[0] == '{')
            m->values[n++] = p;
        else if (!piq_str_eq(w, p))
            return false;
    }
    m->n_values = n;
    return !want.len && !path.len;
}

/* HEAD is a GET whose body the transport leaves out. */
static void match(const char *method, piq_str path, matched *m)
{
    if (strcmp(method, "HEAD") == 0)
        method = "GET";
    *m = (matched){0};
    for (size_t i = 0; i < sizeof routes / sizeof routes[0]; i++) {
        matched one = {0};
        if (!match_pattern(routes[i].is.pattern, path, &one))
            continue;
        m->path_known = true;
        const char *name = routes[i].is.method;
        size_t used = strlen(m->allow);
        snprintf(m->allow + used, sizeof m->allow - used, "%s%s%s",
                 used ? ", " : "", name,
                 strcmp(name, "GET") == 0 ? ", HEAD" : "");
        if (strcmp(method, name) == 0) {
            memcpy(m->values, one.values, sizeof m->values);
            m->n_values = one.n_values;
            m->route = &routes[i];
        }
    }
}

/* Canonical positive decimal: no sign, no leading zero. */
static bool read_id(piq_str s, int64_t *out)
{
    return s.len && s.ptr[0] >= '1' && s.ptr[0] <= '9' &&
           piq_str_to_i64(s, out);
}

static bool read_ids(piq_exchange *c, const matched *m)
{
    if (strncmp(m->route->is.pattern, "/api/users/", 11) != 0) {
        c->name = m->values[0];
        return true;
    }
    if (m->n_values > 0 && !read_id(m->values[0], &c->user.v)) {
        piq_fail(&c->err, PIQ_EINVAL,
                 "userId must be a positive 64-bit integer, not \"%.*s\"",
                 (int)(m->values[0].len > 40 ? 40 : m->values[0].len),
                 m->values[0].ptr);
        piq_err_at(&c->err, "userId");
        piq_exchange_fail(c);
        return false;
    }
    if (m->n_values > 1 && !read_id(m->values[1], &c->recommendation_id)) {
        piq_fail(&c->err, PIQ_EINVAL,
                 "recommendationId must be a positive 64-bit integer");
        piq_err_at(&c->err, "recommendationId");
        piq_exchange_fail(c);
        return false;
    }
    return true;
}

/* ---- the api --------------------------------------------------------- */

static void declare_metrics(piq_api *api, piq_metrics *m)
{
    const struct {
        piq_metric **gauge;
        const char *name, *help;
    } gauges[] = {
        {&api->cached_learners, "piq_cached_learners", "Learners in memory."},
        {&api->queued, "piq_queued_operations", "Changes waiting."},
        {&api->commits, "piq_commits", "Durable commits so far."},
        {&api->commit_failures, "piq_commit_failures",
         "Commits that storage refused."},
        {&api->cache_hits, "piq_cache_hits", "Learners found in memory."},
        {&api->cache_misses, "piq_cache_misses", "Learners read from storage."},
        {&api->storage_ok, "piq_storage_ok",
         "1: the last commit went through."},
    };
    for (size_t i = 0; i < sizeof gauges / sizeof gauges[0]; i++)
        *gauges[i].gauge =
            piq_metrics_gauge(m, gauges[i].name, gauges[i].help, NULL);
}

static piq_bytes *last_words(void)
{
    static const char text[] =
        "{\"type\":\"about:blank\",\"title\":\"Service Unavailable\","
        "\"status\":503,\"detail\":\"out of memory\"}";
    char *copy = strdup(text);
    return copy ? piq_bytes_take(copy, sizeof text - 1) : NULL;
}

piq_status piq_api_new(piq_engine *engine, piq_metrics *metrics, piq_api **out,
                       piq_err *err)
{
    piq_api *api = calloc(1, sizeof *api);
    if (api)
        api->out_of_memory = last_words();
    if (!api || !api->out_of_memory) {
        free(api);
        return piq_fail(err, PIQ_ENOMEM, "no memory for the api");
    }
    api->engine = engine;
    api->metrics = metrics;
    if (metrics)
        declare_metrics(api, metrics);
    *out = api;
    return PIQ_OK;
}

void piq_api_free(piq_api *api)
{
    if (!api)
        return;
    piq_bytes_release(api->out_of_memory);
    free(api);
}

static void no_memory(const piq_api *api, piq_api_done *done, void *ctx)
{
    piq_api_reply reply = {.status = 503,
                           .type = "application/problem+json",
                           .retry_after_s = 1,
                           .body = piq_bytes_retain(api->out_of_memory)};
    done(ctx, &reply);
}

void piq_api_handle(piq_api *api, const piq_api_request *request,
                    piq_api_done *done, void *ctx)
{
    piq_exchange *c = calloc(1, sizeof *c);
    if (!c) {
        no_memory(api, done, ctx);
        return;
    }
    c->api = api;
    c->in = request;
    c->done = done;
    c->ctx = ctx;
    c->now_us = piq_clock_now_us();
    piq_arena_init(&c->arena, 0);
    matched m;
    match(request->method, request->path, &m);
    if (!m.path_known) {
        piq_fail(&c->err, PIQ_ENOTFOUND, "there is nothing at this path");
        piq_err_hint(&c->err, "GET /api/openapi.json lists what there is");
        piq_exchange_fail(c);
    } else if (!m.route) {
        piq_fail(&c->err, PIQ_EINVAL, "%.16s is not known here",
                 request->method);
        piq_err_hint(&c->err, "%s", m.allow);
        piq_exchange_problem(c, 405);
    } else if (read_ids(c, &m)) {
        m.route->handler(c);
    }
}
