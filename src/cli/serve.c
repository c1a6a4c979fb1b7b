/* serve.c - the daemon: sockets to the api, signals, logs. */
#include "api/api.h"
#include "base/clock.h"
#include "base/log.h"
#include "cli/refit.h"
#include "cli/retrain.h"
#include "cli/serve_options.h"
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

/* Of options that piq_serve_check has seen. */
static void configure_log(const piq_serve_options *o)
{
    static const char *const levels[] = {"debug", "info", "warn", "error"};
    for (int i = 0; i < 4; i++)
        if (strcmp(o->log_level, levels[i]) == 0)
            piq_log_configure((piq_log_level)i,
                              strcmp(o->log_format, "json") == 0, log_line,
                              NULL);
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
    configure_log(o);
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
    piq_option options[PIQ_MAX_SETTINGS];
    piq_arguments args;
    piq_arena a;
    piq_err err = {0};
    piq_settings settings = {.options = options, .arena = &a};
    piq_serve_table(&o, options);
    piq_arena_init(&a, 0);
    int code;
    if (piq_settings_gather(&settings, argc, argv, environ, &err))
        code = piq_could_not(&err);
    else
        code = piq_parse_arguments(self, argc, argv, options, 0, 0, &args);
    if (code < 0 && piq_serve_check(&o, &err))
        code = piq_wrong_use(self, "%s", err.message);
    if (code < 0)
        code = piq_serve_db(args.has_db || !o.db ? args.db : o.db, &o,
                            say_hello, NULL);
    piq_arena_release(&a);
    return code;
}

const piq_command piq_cmd_serve = {
    "serve", "", "Serves the REST API on one SQLite file until a signal.",
    piq_serve_help, serve};
