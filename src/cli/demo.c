/* demo.c - the main job from end to end, each step with its time. */
#include "base/calendar.h"
#include "base/clock.h"
#include "cli/serve_options.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { LEARNERS = 200, EVENTS = 150, DAYS = 60 };

/* Learners at other stages than most, for whoever looks from one to the next:
 * just begun, two weeks in, half a year, a year. */
static const struct stage {
    int64_t user;
    size_t events;
    double days;
} stages[] = {{2, 4, 1}, {3, 30, 14}, {4, 500, 180}, {5, 1200, 365}};

static void step_done(const char *what, int64_t start_ns)
{
    printf("%-44s %7.1f ms\n", what,
           (double)(piq_clock_monotonic_ns() - start_ns) / 1e6);
    fflush(stdout);
}

static piq_status load_curriculum(piq_engine *e, piq_err *err)
{
    const char *path = piq_shipped_curriculum();
    char *bytes, what[128];
    size_t len;
    int64_t start_ns = piq_clock_monotonic_ns();
    if (!path)
        return piq_fail(err, PIQ_ENOTFOUND,
                        "the shipped curriculum was not found");
    piq_status status =
        piq_read_file(path, (size_t)256 << 20, &bytes, &len, err);
    if (status)
        return status;
    status =
        piq_load_curriculum(e, (piq_str){bytes, len}, path, true, false, err);
    free(bytes);
    if (status)
        return status;
    const piq_catalogue *c = piq_engine_catalogue(e);
    snprintf(what, sizeof what, "curriculum: %zu concepts, %zu contents",
             c->n_concepts, c->n_contents);
    step_done(what, start_ns);
    return PIQ_OK;
}

/* Learners 1 to LEARNERS; the stages are in the order of their ids. They are
 * one batch to whoever watches. */
static piq_status simulate(piq_engine *e, piq_bulk_totals *totals, piq_err *err)
{
    enum { N = sizeof stages / sizeof *stages };
    int64_t user = 1;
    uint64_t done = 0;
    piq_meter meter;
    piq_status status = PIQ_OK;
    piq_meter_begin(&meter, "simulating learners", LEARNERS);
    for (size_t i = 0; status == PIQ_OK && i <= N; i++) {
        int64_t end = i < N ? stages[i].user : LEARNERS + 1;
        const piq_simulation most = {1, user, (size_t)(end - user), EVENTS,
                                     DAYS};
        if (end > user)
            status = piq_simulate_into(e, &most, &meter, &done, totals, err);
        user = end;
        if (status || i == N)
            continue;
        const piq_simulation one = {1, user++, 1, stages[i].events,
                                    stages[i].days};
        status = piq_simulate_into(e, &one, &meter, &done, totals, err);
    }
    if (status == PIQ_OK)
        piq_meter_end(&meter, done);
    return status;
}

static piq_status bring_learners(piq_engine *e, piq_err *err)
{
    piq_store_counts counts;
    piq_bulk_totals totals = {0};
    char what[128];
    int64_t start_ns = piq_clock_monotonic_ns();
    piq_status status =
        piq_engine_store(e)->ops->counts(piq_engine_store(e), &counts, err);
    if (status)
        return status;
    if (counts.learners) {
        snprintf(what, sizeof what, "learners: %llu are there already",
                 (unsigned long long)counts.learners);
    } else {
        status = simulate(e, &totals, err);
        snprintf(what, sizeof what, "learners: %d simulated, %llu events",
                 LEARNERS, (unsigned long long)totals.accepted);
    }
    if (status == PIQ_OK)
        step_done(what, start_ns);
    return status;
}

/* The learner shown: the first that the file knows. */
static piq_status first_learner(piq_engine *e, piq_user_id *out, piq_err *err)
{
    piq_store *store = piq_engine_store(e);
    piq_arena a;
    piq_user_id *users;
    size_t n;
    piq_arena_init(&a, 0);
    piq_status status =
        store->ops->users(store, &a, (piq_user_id){0}, 1, &users, &n, err);
    if (status == PIQ_OK)
        *out = n ? users[0] : (piq_user_id){1};
    piq_arena_release(&a);
    return status;
}

static piq_status run_op(piq_engine *e, piq_user_id user, piq_op_kind kind,
                         const char *what, piq_err *err)
{
    int64_t start_ns = piq_clock_monotonic_ns();
    piq_op *op = piq_op_new(kind, user, piq_clock_now_us());
    if (!op)
        return piq_fail(err, PIQ_ENOMEM, "no memory");
    op->limit = 5;
    piq_status status = piq_engine_run(e, op);
    if (status)
        *err = op->err;
    else
        step_done(what, start_ns);
    piq_op_free(op);
    return status;
}

static piq_status prepare(const char *db, piq_user_id *shown, piq_err *err)
{
    piq_engine *e;
    int64_t start_ns = piq_clock_monotonic_ns();
    piq_status status = piq_open_engine(db, true, NULL, NULL, &e, err);
    if (status)
        return status;
    step_done("database opened", start_ns);
    status = load_curriculum(e, err);
    if (status == PIQ_OK)
        status = bring_learners(e, err);
    if (status == PIQ_OK)
        status = first_learner(e, shown, err);
    if (status == PIQ_OK)
        status = run_op(e, *shown, PIQ_OP_PROFILE, "a profile analysed", err);
    if (status == PIQ_OK)
        status =
            run_op(e, *shown, PIQ_OP_SLATE, "five recommendations made", err);
    if (status == PIQ_OK)
        status = run_op(e, *shown, PIQ_OP_PATH, "a learning path planned", err);
    piq_engine_close(e);
    return status;
}

/* A key to try things with, gone tomorrow; empty where none could be made. */
static void make_key(piq_access *access, char secret[PIQ_KEY_BYTES])
{
    int64_t now_us = piq_clock_now_us();
    piq_key_info info = {.name = "demonstration",
                         .scopes = PIQ_SCOPE_EVENTS_WRITE |
                                   PIQ_SCOPE_PROFILE_READ |
                                   PIQ_SCOPE_RECOMMENDATIONS_READ,
                         .expires_us = now_us + PIQ_US_PER_DAY};
    piq_err err = {0};
    if (piq_access_make_key(access, &info, now_us, secret, &err)) {
        printf("no key: %s\n", err.message);
        secret[0] = 0;
    }
}

static void show_requests(const piq_serving *s, long long user,
                          const char *secret)
{
    printf("with a key, good until tomorrow:\n\n"
           "  KEY=%s\n"
           "  curl -s -H \"Authorization: Bearer $KEY\" "
           "%s/api/users/%lld/profile\n"
           "  curl -s -H \"Authorization: Bearer $KEY\" "
           "'%s/api/users/%lld/recommendations?limit=3'\n"
           "  curl -s -X POST -H \"Authorization: Bearer $KEY\" -H "
           "'Content-Type: application/json' \\\n"
           "    -d '{\"event_id\":\"try-1\",\"at\":\"2026-01-31T18:05:00Z\","
           "\"type\":\"review\",\"concept\":\"odd.outs\",\"rating\":3}' \\\n"
           "    %s/api/users/%lld/events\n\n",
           secret, s->url, user, s->url, user, s->url, user);
}

typedef struct shown {
    const char *db;
    piq_user_id user;
} shown;

static void say_hello(void *ctx, const piq_serving *s)
{
    const shown *x = ctx;
    char secret[PIQ_KEY_BYTES] = "";
    printf("\nserving on %s (Ctrl-C stops)\n", s->url);
    if (isatty(STDOUT_FILENO)) {
        piq_serve_show_link(s);
        make_key(s->access, secret);
    } else {
        /* The name of a server may have a password in it. */
        const char *file = piq_db_file(x->db);
        printf("this is no terminal, so no link is shown: ask for one with\n\n"
               "  piq session link --admin --db '%s' --url %s\n\n"
               "(or --learner 1, --coach NAME); piq key create makes a key\n",
               file ? file : "..", s->url);
    }
    if (secret[0])
        show_requests(s, x->user.v, secret);
    fflush(stdout);
}

static int demo(const piq_command *self, int argc, char **argv)
{
    bool go_on = false;
    piq_serve_options o = piq_serve_defaults();
    piq_arguments args;
    piq_err err = {0};
    shown x;
    const piq_option options[] = {{"serve", PIQ_OPT_FLAG, &go_on, 0, 0},
                                  {"port", PIQ_OPT_INT, &o.port, 0, 65535},
                                  {"address", PIQ_OPT_TEXT, &o.address, 0, 0},
                                  {0}};
    int code = piq_parse_arguments(self, argc, argv, options, 0, 0, &args);
    if (code >= 0)
        return code;
    x.db = args.db;
    if (prepare(args.db, &x.user, &err))
        return piq_could_not(&err);
    if (!go_on)
        return PIQ_DONE;
    o.log_level = "warn";
    return piq_serve_db(args.db, &o, say_hello, &x);
}

const piq_command piq_cmd_demo = {
    "demo", "", "Loads the poker curriculum and demonstration learners.",
    "  --serve          and serve them\n"
    "  --port N         (default 8080)\n"
    "  --address A      (default 127.0.0.1)\n",
    demo};
