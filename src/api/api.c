#include "api/api.h"

#include "access/crypto.h"
#include "api/routes.h"
#include "base/clock.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

enum { PERSON_RATE = 20 };

/* ---- ids in the path --------------------------------------------------- */

/* Canonical positive decimal: no sign, no leading zero. */
static bool read_id(piq_str s, int64_t *out)
{
    return s.len && s.ptr[0] >= '1' && s.ptr[0] <= '9' &&
           piq_str_to_i64(s, out);
}

static bool read_ids(piq_exchange *c, const piq_matched *m)
{
    if (strncmp(m->route->is.pattern, "/api/users/", 11) != 0) {
        c->name = m->values[0];
        return true;
    }
    int64_t outer = 0;
    if (!read_id(m->values[0], &outer) ||
        piq_exchange_learner_of(c, outer, &c->user, &c->err)) {
        piq_fail(&c->err, PIQ_EINVAL,
                 "userId must be an integer within 1..%lld, not \"%.*s\"",
                 (1LL << PIQ_USER_BITS) - 1,
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
         "1: storage answers, and the last commit went through."},
    };
    for (size_t i = 0; i < sizeof gauges / sizeof gauges[0]; i++)
        *gauges[i].gauge =
            piq_metrics_gauge(m, gauges[i].name, gauges[i].help, NULL);
}

static void declare_refusals(piq_api *api, piq_metrics *m)
{
    static const char *const why[PIQ_N_REFUSALS] = {
        [PIQ_REFUSED_CREDENTIAL] = "why=\"credential\"",
        [PIQ_REFUSED_SCOPE] = "why=\"scope\"",
        [PIQ_REFUSED_LEARNER] = "why=\"learner\"",
        [PIQ_REFUSED_ORIGIN] = "why=\"origin\"",
        [PIQ_REFUSED_RATE] = "why=\"rate\""};
    for (int i = 0; i < PIQ_N_REFUSALS; i++)
        api->refused[i] =
            piq_metrics_counter(m, "piq_access_refused_total",
                                "Requests refused for who sent them.", why[i]);
    api->unrecorded =
        piq_metrics_counter(m, "piq_audit_missed_total",
                            "Requests that the audit could not take.", NULL);
}

/* By pattern: the path itself names a learner. */
static void declare_routes(piq_api *api, piq_metrics *m)
{
    char labels[128];
    const piq_api_route *r;
    for (size_t i = 0; (r = piq_api_route_at(i)); i++) {
        snprintf(labels, sizeof labels, "method=\"%s\",route=\"%s\"", r->method,
                 r->pattern);
        api->route_seconds[i] =
            piq_metrics_histogram(m, "piq_route_seconds",
                                  "From the whole request to the reply, of "
                                  "one route.",
                                  labels);
    }
}

static piq_bytes *last_words(void)
{
    static const char text[] =
        "{\"type\":\"about:blank\",\"title\":\"Service Unavailable\","
        "\"status\":503,\"detail\":\"out of memory\"}";
    char *copy = strdup(text);
    return copy ? piq_bytes_take(copy, sizeof text - 1) : NULL;
}

static piq_status make_parts(piq_api *api, const piq_api_config *config,
                             piq_err *err)
{
    api->out_of_memory = last_words();
    api->answers = piq_answers_new(piq_engine_store(config->engine));
    api->streams = piq_streams_new(api, config->max_streams);
    if (!api->out_of_memory || !api->answers || !api->streams)
        return piq_fail(err, PIQ_ENOMEM, "no memory for the api");
    return piq_crypto_random(&api->span_seed, sizeof api->span_seed, err);
}

piq_status piq_api_new(const piq_api_config *config, piq_api **out,
                       piq_err *err)
{
    piq_api *api = calloc(1, sizeof *api);
    if (!api)
        return piq_fail(err, PIQ_ENOMEM, "no memory for the api");
    piq_xapi_desk_init(&api->xapi);
    piq_status status = make_parts(api, config, err);
    if (status) {
        piq_api_free(api);
        return status;
    }
    api->engine = config->engine;
    api->metrics = config->metrics;
    api->access = config->access;
    api->audit = config->audit;
    api->audit_reads = config->audit_reads;
    api->person_rate = config->person_rate ? config->person_rate : PERSON_RATE;
    api->open = config->open;
    api->defer = config->defer;
    api->defer_ctx = config->defer_ctx;
    api->webhooks = config->webhooks;
    api->webhook_private = config->webhook_private;
    api->pages = config->pages;
    if (api->metrics) {
        declare_metrics(api, api->metrics);
        declare_refusals(api, api->metrics);
        declare_routes(api, api->metrics);
    }
    *out = api;
    return PIQ_OK;
}

void piq_api_free(piq_api *api)
{
    if (!api)
        return;
    piq_streams_free(api->streams);
    piq_answers_free(api->answers);
    piq_xapi_desk_release(&api->xapi);
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

/* NULL after answering. */
static piq_exchange *begin(piq_api *api, const piq_api_request *request,
                           piq_api_done *done, void *ctx)
{
    piq_exchange *c = calloc(1, sizeof *c);
    if (!c) {
        no_memory(api, done, ctx);
        return NULL;
    }
    c->api = api;
    c->in = request;
    c->done = done;
    c->ctx = ctx;
    c->now_us = piq_clock_now_us();
    c->begun_ns = piq_clock_monotonic_ns();
    piq_arena_init(&c->arena, 0);
    piq_str parent = piq_exchange_header(c, "traceparent");
    if (parent.len)
        (void)piq_trace_read(
            parent, api->span_seed + atomic_fetch_add(&api->n_spans, 1),
            &c->trace);
    return c;
}

/* What these need is in memory, or an owner thread's to find. Whom a coach has
 * is not, nor are answers that were given before. */
static bool may_wait(const piq_exchange *c)
{
    piq_handler *h = c->route->handler;
    bool at_once = h == piq_get_recommendations || h == piq_post_events ||
                   h == piq_get_path || h == piq_get_metrics ||
                   h == piq_get_contract || h == piq_get_catalogue;
    return !at_once || c->caller.role == PIQ_ROLE_COACH ||
           piq_exchange_header(c, "Idempotency-Key").len > 0;
}

bool piq_api_may_defer(const piq_exchange *c)
{
    return c->api->defer && c->in != &c->held;
}

void piq_api_defer(piq_exchange *c)
{
    c->held = *c->in;
    c->in = &c->held;
    c->api->defer(c->api->defer_ctx, c);
}

void piq_api_go_on(piq_api_call *c)
{
    if (c->route->is.scopes == PIQ_SCOPE_NONE ||
        (piq_exchange_allowed(c) && piq_keyed_begin(c)))
        c->route->handler(c);
}

void piq_api_turn_away(piq_api_call *c)
{
    c->told = true;
    piq_fail(&c->err, PIQ_EBUSY, "storage does not answer, others wait for it");
    piq_exchange_problem(c, 503);
}

void piq_api_handle(piq_api *api, const piq_api_request *request,
                    piq_api_done *done, void *ctx)
{
    piq_matched m;
    piq_exchange *c = begin(api, request, done, ctx);
    if (!c)
        return;
    piq_route_match(request->method, request->path, &m);
    c->route = m.route;
    if (!m.path_known && piq_answer_page(c))
        return;
    if (!m.path_known) {
        piq_fail(&c->err, PIQ_ENOTFOUND, "there is nothing at this path");
        piq_err_hint(&c->err, "GET /api/openapi.json lists what there is");
        piq_exchange_fail(c);
    } else if (!m.route) {
        piq_fail(&c->err, PIQ_EINVAL, "%.16s is not known here",
                 request->method);
        piq_err_hint(&c->err, "%s", m.allow);
        piq_exchange_problem(c, 405);
    } else if (m.route->is.scopes == PIQ_SCOPE_NONE) {
        m.route->handler(c);
    } else if (piq_exchange_known(c) && read_ids(c, &m)) {
        if (api->defer && may_wait(c))
            piq_api_defer(c);
        else
            piq_api_go_on(c);
    }
}
