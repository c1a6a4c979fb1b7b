/* serve.c - the daemon: sockets to the api, signals, logs. */
#include "api/api.h"
#include "base/clock.h"
#include "base/log.h"
#include "cli/command.h"
#include "cli/refit.h"
#include "cli/retrain.h"
#include "http/http.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

enum { GRACE_MS = 10000 };

typedef struct daemon_state {
    piq_api *api;
    piq_metrics *metrics;
    piq_metric *seconds;
    piq_metric *by_class[6]; /* 1xx .. 5xx */
} daemon_state;

/* ---- requests -------------------------------------------------------- */

static void reply(void *ctx, piq_api_reply *r)
{
    piq_http_reply_head head = {.status = r->status,
                                .type = r->type,
                                .etag = r->etag[0] ? r->etag : NULL,
                                .retry_after_s = r->retry_after_s,
                                .allow = r->allow[0] ? r->allow : NULL};
    piq_http_reply(ctx, &head, r->body);
}

static void handle(void *ctx, piq_http_request *r, const piq_http_in *in)
{
    daemon_state *d = ctx;
    piq_api_request request = {
        .method = in->method,
        .path = in->path,
        .query = in->query,
        .body = in->body,
        .content_type = piq_http_header(r, "Content-Type"),
        .if_match = piq_http_header(r, "If-Match"),
        .if_none_match = piq_http_header(r, "If-None-Match"),
        .id = in->id};
    piq_api_handle(d->api, &request, reply, r);
}

static void observe(void *ctx, const piq_http_in *in, int status,
                    int64_t took_ns, size_t body_bytes)
{
    daemon_state *d = ctx;
    piq_metric_observe_ns(d->seconds, took_ns);
    if (status >= 100 && status < 600)
        piq_metric_add(d->by_class[status / 100], 1);
    if (!piq_log_on(PIQ_LOG_DEBUG))
        return;
    char path[256];
    snprintf(path, sizeof path, "%.*s", PIQ_STR_ARG(in->path));
    piq_log_field fields[] = {piq_log_z("method", in->method),
                              piq_log_z("path", path),
                              piq_log_int("status", status),
                              piq_log_double("ms", (double)took_ns / 1e6),
                              piq_log_int("bytes", (int64_t)body_bytes)};
    piq_log(PIQ_LOG_DEBUG, in->id, "request", fields,
            sizeof fields / sizeof fields[0]);
}

static void declare_metrics(daemon_state *d)
{
    static const char *const classes[6] = {NULL,
                                           "class=\"1xx\"",
                                           "class=\"2xx\"",
                                           "class=\"3xx\"",
                                           "class=\"4xx\"",
                                           "class=\"5xx\""};
    d->seconds =
        piq_metrics_histogram(d->metrics, "piq_http_request_seconds",
                              "From the whole request to the reply.", NULL);
    for (int i = 1; i < 6; i++)
        d->by_class[i] =
            piq_metrics_counter(d->metrics, "piq_http_requests_total",
                                "Requests answered.", classes[i]);
}

/* ---- set-up ---------------------------------------------------------- */

static void log_line(void *ctx, const char *line, size_t len)
{
    (void)ctx;
    /* One write a line: lines of several threads do not mix. */
    if (write(STDERR_FILENO, line, len) < 0)
        return; /* nowhere left to say so */
}

static bool configure_log(const piq_serve_options *o)
{
    static const char *const levels[] = {"debug", "info", "warn", "error"};
    bool json = strcmp(o->log_format, "json") == 0;
    if (!json && strcmp(o->log_format, "text") != 0)
        return false;
    for (int i = 0; i < 4; i++)
        if (strcmp(o->log_level, levels[i]) == 0) {
            piq_log_configure((piq_log_level)i, json, log_line, NULL);
            return true;
        }
    return false;
}

static void allow_connections(int64_t n)
{
    struct rlimit limit;
    rlim_t want = (rlim_t)n + 256;
    if (getrlimit(RLIMIT_NOFILE, &limit) || limit.rlim_cur >= want)
        return;
    limit.rlim_cur = limit.rlim_max < want ? limit.rlim_max : want;
    (void)setrlimit(RLIMIT_NOFILE, &limit);
}

/* Blocked here, before any thread starts, so that all threads inherit it and
 * only sigwait sees them. */
static void block_signals(sigset_t *set)
{
    sigemptyset(set);
    sigaddset(set, SIGTERM);
    sigaddset(set, SIGINT);
    pthread_sigmask(SIG_BLOCK, set, NULL);
}

/* Until a signal; once a second, what is due is begun. */
static void wait_for_end(const char *db, const piq_serve_options *o,
                         piq_engine *e, const sigset_t *signals)
{
    const struct timespec second = {.tv_sec = 1};
    piq_retrain retrain = piq_retrain_begin(db, o->train_every_hours);
    piq_refit refit;
    piq_refit_begin(&refit, e, o->train_every_hours, piq_clock_now_us());
    while (sigtimedwait(signals, NULL, &second) < 0) {
        piq_retrain_tick(&retrain, piq_engine_store(e), piq_clock_now_us());
        piq_refit_tick(&refit, piq_clock_now_us());
    }
    piq_refit_end(&refit);
    piq_retrain_end(&retrain);
}

static int run(daemon_state *d, const char *db, const piq_serve_options *o,
               piq_engine *e, const sigset_t *signals,
               void (*hello)(void *, const char *, uint16_t), void *ctx,
               piq_err *err)
{
    piq_http_server *server;
    piq_http_config config = {.address = o->address,
                              .port = (uint16_t)o->port,
                              .n_threads = (unsigned)o->threads,
                              .max_connections = (unsigned)o->max_connections};
    if (piq_api_new(e, d->metrics, &d->api, err))
        return piq_could_not(err);
    if (piq_http_start(&config, handle, observe, d, &server, err)) {
        piq_api_free(d->api);
        return piq_could_not(err);
    }
    piq_log_field at[] = {piq_log_z("address", o->address),
                          piq_log_int("port", piq_http_port(server))};
    piq_log(PIQ_LOG_INFO, 0, "serving", at, 2);
    hello(ctx, o->address, piq_http_port(server));
    wait_for_end(db, o, e, signals);
    piq_log(PIQ_LOG_INFO, 0, "stopping", NULL, 0);
    piq_http_stop(server, GRACE_MS);
    piq_api_free(d->api);
    return PIQ_DONE;
}

piq_serve_options piq_serve_defaults(void)
{
    return (piq_serve_options){.address = "127.0.0.1",
                               .port = 8080,
                               .threads = 2,
                               .max_connections = 4096,
                               .cache_learners = 50000,
                               .policy_minutes = 10,
                               .log_format = "text",
                               .log_level = "info"};
}

int piq_serve_db(const char *db, const piq_serve_options *o,
                 void (*hello)(void *ctx, const char *address, uint16_t port),
                 void *ctx)
{
    daemon_state d = {0};
    piq_engine *e;
    piq_err err = {0};
    sigset_t signals;
    piq_engine_config config = {
        .cache_learners = (size_t)o->cache_learners,
        .explore = o->no_exploration ? PIQ_EXPLORE_NEVER : 0,
        .policy_minutes =
            o->policy_minutes ? (unsigned)o->policy_minutes : PIQ_POLICY_NEVER};
    if (!configure_log(o)) {
        fprintf(stderr, "piq serve: --log is text or json, --log-level is "
                        "debug, info, warn or error\n");
        return PIQ_WRONG_USE;
    }
    block_signals(&signals);
    allow_connections(o->max_connections);
    if (piq_metrics_new(&d.metrics))
        return PIQ_COULD_NOT;
    declare_metrics(&d);
    if (piq_open_engine(db, false, &config, d.metrics, &e, &err)) {
        piq_metrics_free(d.metrics);
        return piq_could_not(&err);
    }
    int code = run(&d, db, o, e, &signals, hello, ctx, &err);
    clearerr(stdout); /* a greeting that nobody read is no failure */
    piq_engine_close(e);
    piq_metrics_free(d.metrics);
    return code;
}

/* ---- the command ----------------------------------------------------- */

static void say_hello(void *ctx, const char *address, uint16_t port)
{
    (void)ctx;
    bool v6 = strchr(address, ':') != NULL;
    printf("serving on http://%s%s%s:%u\n", v6 ? "[" : "", address,
           v6 ? "]" : "", port);
    fflush(stdout);
}

static int serve(const piq_command *self, int argc, char **argv)
{
    piq_serve_options o = piq_serve_defaults();
    piq_arguments args;
    const piq_option options[] = {
        {"address", PIQ_OPT_TEXT, &o.address, 0, 0},
        {"port", PIQ_OPT_INT, &o.port, 0, 65535},
        {"threads", PIQ_OPT_INT, &o.threads, 2, 64},
        {"max-connections", PIQ_OPT_INT, &o.max_connections, 1, 1000000},
        {"cache-learners", PIQ_OPT_INT, &o.cache_learners, 64, 100000000},
        {"train-every", PIQ_OPT_INT, &o.train_every_hours, 0, 8784},
        {"no-exploration", PIQ_OPT_FLAG, &o.no_exploration, 0, 0},
        {"policy-every", PIQ_OPT_INT, &o.policy_minutes, 0, 525600},
        {"log", PIQ_OPT_TEXT, &o.log_format, 0, 0},
        {"log-level", PIQ_OPT_TEXT, &o.log_level, 0, 0},
        {0}};
    int code = piq_parse_arguments(self, argc, argv, options, 0, 0, &args);
    return code >= 0 ? code : piq_serve_db(args.db, &o, say_hello, NULL);
}

const piq_command piq_cmd_serve = {
    "serve", "", "Serves the REST API on one SQLite file until a signal.",
    "  --address A      where to listen (default 127.0.0.1)\n"
    "  --port N         port, 0 for any free one (default 8080)\n"
    "  --threads N      HTTP threads, 2 to 64 (default 2)\n"
    "  --max-connections N  (default 4096)\n"
    "  --cache-learners N   learners kept in memory (default 50000)\n"
    "  --train-every H  train a model, fit memory and tastes anew every H\n"
    "                   hours, at the lowest priority; 0 never (default 0)\n"
    "  --no-exploration recommend by score alone: nothing is left to chance\n"
    "  --policy-every M learn from what became of recommendations every M\n"
    "                   minutes; 0 never (default 10)\n"
    "  --log FORMAT     text or json (default text)\n"
    "  --log-level L    debug, info, warn or error (default info)\n",
    serve};
