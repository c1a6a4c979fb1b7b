/* serve.c - the daemon: sockets to the api, signals, logs. */
#include "api/api.h"
#include "base/clock.h"
#include "base/log.h"
#include "cli/auditor.h"
#include "cli/dashboard.h"
#include "cli/front.h"
#include "cli/handover.h"
#include "cli/heap.h"
#include "cli/refit.h"
#include "cli/retrain.h"
#include "cli/serve_options.h"
#include "cli/streaming.h"
#include "cli/trimmer.h"
#include "cli/workers.h"
#include "http/http.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

enum {
    GRACE_MS = 10000, /* for requests, when it is to end */
    FINISH_MS = 5000, /* then for storage that is elsewhere, all in all */
    WORKERS = 8,
    READY_MS = 60000, /* for a successor to be ready */
    /* After a handover, kept-alive connections may ask once more and are told
     * to close, so that none is closed on a request under way. */
    LINGER_MS = 2000
};

typedef struct daemon_state {
    piq_api *api;
    piq_workers *workers; /* NULL: storage is a file, nobody waits long */
    piq_access *access;
    piq_audit *audit;
    piq_auditor auditor;
    piq_trimmer trimmer;
    piq_engine *engine; /* while there are webhooks */
    piq_webhooks *webhooks;
    piq_pages *pages;
    piq_metrics *metrics;
    piq_metric *seconds;
    piq_metric *by_class[6]; /* 1xx .. 5xx */
    piq_handover handover;
    piq_retrain retrain;
    piq_refit refit;
    int64_t end_ns; /* monotonic: storage is waited for no longer; 0: no end */
    uint64_t n_cut; /* what was given up then */
} daemon_state;

/* ---- requests -------------------------------------------------------- */

static piq_str header_of(const void *ctx, const char *name)
{
    return piq_http_header(ctx, name);
}

static void reply(void *ctx, piq_api_reply *r)
{
    piq_http_line lines[PIQ_API_MAX_LINES];
    piq_http_reply_head head = piq_reply_head(r, lines);
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
        .header = header_of,
        .header_ctx = r,
        .peer = piq_str_of(in->peer),
        .tls = in->tls,
        .id = in->id,
        .port = piq_streaming_port()};
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
    /* A path may name a learner, and a query hold a link's token. */
    piq_log_field fields[] = {piq_log_z("method", in->method),
                              piq_log_z("route", piq_api_pattern_of(in->path)),
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

/* A library may have started threads before main(), with signals open: what
 * one of them gets is the main thread's, whose number is the process's. */
static void pass_on(int signal)
{
    int before = errno;
    (void)syscall(SYS_tgkill, getpid(), getpid(), signal);
    errno = before;
}

/* Blocked here, before any thread starts, so that all threads inherit it and
 * only sigwait sees them. */
static void block_signals(sigset_t *set)
{
    sigemptyset(set);
    sigaddset(set, SIGTERM);
    sigaddset(set, SIGINT);
    sigaddset(set, SIGHUP);
    sigaddset(set, SIGUSR2);
    pthread_sigmask(SIG_BLOCK, set, NULL);
    const struct sigaction passing = {.sa_handler = pass_on,
                                      .sa_flags = SA_RESTART};
    const int all[] = {SIGTERM, SIGINT, SIGHUP, SIGUSR2};
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
        (void)sigaction(all[i], &passing, NULL);
}

/* True: a successor serves. */
static bool hand_over(const piq_handover *h, piq_http_server *server)
{
    const struct timespec linger = {.tv_sec = LINGER_MS / 1000};
    piq_err err = {0};
    pid_t successor = 0;
    if (piq_handover_start(h, piq_http_listening_fd(server), READY_MS,
                           &successor, &err)) {
        piq_log_field why[] = {piq_log_z("error", err.message)};
        piq_log(PIQ_LOG_ERROR, 0, "no restart: this process goes on", why, 1);
        return false;
    }
    piq_log_field to[] = {piq_log_int("pid", successor)};
    piq_log(PIQ_LOG_INFO, 0, "handed over", to, 1);
    piq_http_quiesce(server);
    (void)nanosleep(&linger, NULL);
    return true;
}

/* True: this process is to end. */
static bool heed(int signal, const piq_serve_options *o, const piq_handover *h,
                 piq_http_server *server)
{
    if (signal == SIGHUP) {
        piq_front_reload(o, server);
        return false;
    }
    return signal != SIGUSR2 || hand_over(h, server);
}

/* Whoever asks storage waits for it, and hears no signal meanwhile. */
static bool may_train(piq_engine *e)
{
    piq_storage_health h;
    piq_engine_storage(e, &h);
    return h.state == PIQ_STORAGE_SERVES && piq_engine_leads(e);
}

/* Until a signal ends it; once a second, what is due is begun. */
static void wait_for_end(const char *db, const piq_serve_options *o,
                         daemon_state *d, const sigset_t *signals,
                         piq_engine *e, piq_http_server *server)
{
    const piq_handover *h = &d->handover;
    int signal;
    const struct timespec second = {.tv_sec = 1};
    d->retrain = piq_retrain_begin(db, o->train_every_hours);
    piq_refit_begin(&d->refit, e, o->train_every_hours, piq_clock_now_us());
    while ((signal = sigtimedwait(signals, NULL, &second)) < 0 ||
           !heed(signal, o, h, server)) {
        piq_retrain_tick(&d->retrain, piq_engine_store(e), may_train(e),
                         piq_clock_now_us());
        piq_refit_tick(&d->refit, piq_clock_now_us());
    }
}

static piq_status start_http(daemon_state *d, const piq_serve_options *o,
                             piq_http_server **out, piq_err *err)
{
    piq_http_config config;
    piq_arena a;
    piq_arena_init(&a, 0);
    piq_status status = piq_front_config(o, &a, &config, err);
    config.inherited_fd = d->handover.inherited_fd;
    if (status == PIQ_OK)
        status = piq_http_start(&config, handle, observe, d, out, err);
    piq_arena_release(&a);
    return status;
}

static void report(void *ctx, const char *what, const piq_err *err)
{
    piq_engine_report(ctx, what, err);
}

static bool leads(void *ctx)
{
    return piq_engine_leads(ctx);
}

/* Webhooks read from the store what it was. The audit must not go on naming a
 * learner whom any engine has erased. */
static void hear_change(void *ctx, const piq_change *change)
{
    daemon_state *d = ctx;
    if (change->what & PIQ_CHANGED_ERASED)
        piq_audit_forget(d->audit, change->user);
    piq_webhooks_nudge(d->webhooks);
}

static piq_status start_webhooks(daemon_state *d, const piq_serve_options *o,
                                 piq_engine *e, piq_err *err)
{
    const piq_webhook_config config = {.allow_private = o->webhook_private,
                                       .is_leader = leads,
                                       .ctx = e,
                                       .reporter = {report, e}};
    piq_status status = piq_webhooks_start(piq_engine_store(e), &config,
                                           d->metrics, &d->webhooks, err);
    if (status)
        return status;
    d->engine = e;
    return piq_feed_subscribe(e, hear_change, d, err);
}

static void stop_hearing(daemon_state *d)
{
    if (d->webhooks)
        piq_feed_unsubscribe(d->engine, hear_change, d);
}

/* Many may wait for a database that does not answer, one after the other: all
 * of them share one time. How often it was too short so far. */
static uint64_t bound_storage(daemon_state *d, piq_engine *e)
{
    piq_store *store = piq_engine_store(e);
    if (!store->ops->end_by)
        return 0;
    if (!d->end_ns)
        d->end_ns = piq_clock_monotonic_ns() +
                    (int64_t)(GRACE_MS + FINISH_MS) * 1000000;
    return store->ops->end_by(store, d->end_ns);
}

/* Requests that outlasted the grace are with a worker or an owner thread: they
 * are answered, to nobody, while there is an api to answer them. */
static void finish_requests(daemon_state *d, piq_engine *e)
{
    piq_workers_stop(d->workers);
    d->workers = NULL;
    piq_engine_finish(e);
}

static void close_api(daemon_state *d, piq_engine *e)
{
    piq_workers_stop(d->workers);
    piq_api_free(d->api);
    stop_hearing(d);
    piq_trimmer_stop(&d->trimmer);
    piq_auditor_stop(&d->auditor);
    piq_audit_close(d->audit);
    d->n_cut = bound_storage(d, e);
    piq_webhooks_stop(d->webhooks); /* a second, or a look-up of a name */
    piq_access_close(d->access);
    piq_pages_close(d->pages);
    d->workers = NULL;
    d->api = NULL;
    d->audit = NULL;
    d->webhooks = NULL;
    d->access = NULL;
    d->pages = NULL;
}

static piq_status open_api(daemon_state *d, const piq_serve_options *o,
                           piq_engine *e, piq_err *err)
{
    piq_store *store = piq_engine_store(e);
    const bool is_far = store->ops->misses != NULL;
    const piq_access_config access = {.audience = o->audience,
                                      .requests_per_s = (unsigned)o->key_rate,
                                      .reporter = {report, e},
                                      .read_elsewhere = is_far};
    piq_status status = piq_access_open(store, &access, &d->access, err);
    if (status == PIQ_OK)
        status = piq_audit_open(store, &d->audit, err);
    if (status == PIQ_OK)
        status = piq_auditor_start(&d->auditor, e, d->audit, err);
    if (status == PIQ_OK && is_far)
        status = piq_workers_start(e, d->access, WORKERS, &d->workers, err);
    if (status == PIQ_OK)
        status = piq_trimmer_start(&d->trimmer, e, d->metrics,
                                   o->keep_audit_days, err);
    if (status == PIQ_OK)
        status = start_webhooks(d, o, e, err);
    if (status == PIQ_OK)
        status = piq_dashboard_open(o->pages, &d->pages, err);
    const piq_api_config config = {
        .engine = e,
        .metrics = d->metrics,
        .access = d->access,
        .audit = d->audit,
        .audit_reads = piq_serve_audit_reads(o),
        .webhooks = d->webhooks,
        .pages = d->pages,
        .webhook_private = o->webhook_private,
        .person_rate = o->person_rate ? (unsigned)o->person_rate : PIQ_NO_RATE,
        .open = o->open,
        .defer = d->workers ? piq_workers_take : NULL,
        .defer_ctx = d->workers};
    if (status == PIQ_OK)
        status = piq_api_new(&config, &d->api, err);
    if (status)
        close_api(d, e);
    return status;
}

static void greet(const daemon_state *d, const piq_serve_options *o,
                  uint16_t port, void (*hello)(void *, const piq_serving *),
                  void *ctx)
{
    piq_serving serving = {.access = o->open ? NULL : d->access};
    bool v6 = strchr(o->address, ':') != NULL;
    snprintf(serving.url, sizeof serving.url, "http%s://%s%.60s%s:%u",
             o->tls_cert ? "s" : "", v6 ? "[" : "", o->address, v6 ? "]" : "",
             port);
    piq_log_field at[] = {piq_log_z("address", o->address),
                          piq_log_int("port", port)};
    piq_log(PIQ_LOG_INFO, 0, "serving", at, 2);
    if (o->open)
        piq_log(PIQ_LOG_WARN, 0,
                "OPEN: whoever can reach this port may read and change "
                "everything; for measuring and a first look only",
                NULL, 0);
    hello(ctx, &serving);
}

/* ---- the end ----------------------------------------------------------
 */

static void begin_end(daemon_state *d, piq_engine *e, piq_http_server *server)
{
    piq_log(PIQ_LOG_INFO, 0, "stopping", NULL, 0);
    (void)bound_storage(d, e);
    piq_http_stop(server, GRACE_MS);
    piq_refit_end(&d->refit);
    piq_retrain_end(&d->retrain);
}

static bool is_over(const daemon_state *d)
{
    return d->end_ns && piq_clock_monotonic_ns() >= d->end_ns;
}

/* The engine writes what is due; nobody counts then, but there is the clock. */
static int close_engine(const daemon_state *d, piq_engine *e, int code)
{
    const bool was_over = is_over(d);
    piq_engine_close(e);
    if (code != PIQ_DONE || (!d->n_cut && (was_over || !is_over(d))))
        return code;
    piq_log_field n = piq_log_int("given_up", (int64_t)d->n_cut);
    piq_log(PIQ_LOG_ERROR, 0,
            "stopped without storage, which did not answer in time: what was "
            "acknowledged is stored, what was not may be sent again",
            &n, 1);
    return PIQ_COULD_NOT;
}

/* ---- from the start to the end ----------------------------------------
 */

static int run(daemon_state *d, const char *db, const piq_serve_options *o,
               piq_engine *e, const sigset_t *signals,
               void (*hello)(void *, const piq_serving *), void *ctx,
               piq_err *err)
{
    piq_http_server *server;
    if (open_api(d, o, e, err))
        return piq_could_not(err);
    if (start_http(d, o, &server, err)) {
        close_api(d, e);
        return piq_could_not(err);
    }
    greet(d, o, piq_http_port(server), hello, ctx);
    piq_handover_ready(&d->handover);
    wait_for_end(db, o, d, signals, e, server);
    begin_end(d, e, server);
    finish_requests(d, e);
    close_api(d, e);
    return PIQ_DONE;
}

int piq_serve_db(const char *db, const piq_serve_options *o,
                 void (*hello)(void *ctx, const piq_serving *s), void *ctx)
{
    daemon_state d = {0};
    piq_engine *e;
    piq_err err = {0};
    sigset_t signals;
    piq_engine_config config = {
        .cache_learners = (size_t)o->cache_learners,
        .explore = o->no_exploration ? PIQ_EXPLORE_NEVER : 0,
        .policy_minutes =
            o->policy_minutes ? (unsigned)o->policy_minutes : PIQ_POLICY_NEVER,
        .keep_log_days = (unsigned)o->keep_log_days};
    configure_log(o);
    block_signals(&signals);
    piq_heap_settle();
    if (piq_handover_begin(&d.handover, &err))
        return piq_could_not(&err);
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
    code = close_engine(&d, e, code);
    piq_metrics_free(d.metrics);
    return code;
}

/* ---- the command ----------------------------------------------------- */

void piq_serve_show_link(const piq_serving *s)
{
    char token[48];
    piq_caller admin = piq_caller_trusted();
    piq_err err = {0};
    if (!s->access || !isatty(STDOUT_FILENO))
        return;
    if (piq_access_make_link(s->access, &admin, piq_clock_now_us(), token,
                             &err))
        printf("no link: %s\n", err.message);
    else
        printf("to look around, open within ten minutes, once:\n\n"
               "  %s/?token=%s\n\n",
               s->url, token);
}

static void say_hello(void *ctx, const piq_serving *s)
{
    (void)ctx;
    printf("serving on %s\n", s->url);
    piq_serve_show_link(s);
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
