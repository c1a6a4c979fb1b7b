/* The server crashes under commits and its synchronous standby is promoted:
 * nothing that was acknowledged is lost, nothing is there twice, and the store
 * goes on by itself. It needs a pair of servers of its own, which it wrecks:
 * tests/e2e/postgres_failover.py starts them. */
#include "contract/store_contract.h"

#include <inttypes.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>

enum { BEFORE = 60, AFTER = 60, PATIENCE_S = 60 };

typedef struct load {
    piq_store *s;
    atomic_llong n_done;
    atomic_int n_unknown;
    atomic_bool stop;
} load;

static piq_status commit_next(load *w, int64_t from, piq_err *err)
{
    char id[32];
    snprintf(id, sizeof id, "e%" PRId64, from);
    piq_event_row e = event_of(1, id, T0 + from);
    piq_state_row st = state_of(1, from, "s");
    piq_recommendation_row rec = recommendation_of(1, 1);
    piq_commit c = {.events = &e,
                    .n_events = 1,
                    .states = &st,
                    .n_states = 1,
                    .recommendations = &rec,
                    .n_recommendations = 1};
    return w->s->ops->commit(w->s, &c, err);
}

/* When it is not known whether a commit was done, the version tells. */
static int64_t look(load *w)
{
    piq_arena a;
    piq_str body;
    piq_err err;
    int64_t version = -1;
    piq_arena_init(&a, 0);
    while (version < 0 && !atomic_load(&w->stop))
        if (w->s->ops->state(w->s, &a, (piq_user_id){1}, &version, &body,
                             &err) == PIQ_ENOTFOUND)
            version = 0;
    piq_arena_release(&a);
    return version;
}

static void *commit_on(void *ctx)
{
    load *w = ctx;
    int64_t version = 0;
    while (!atomic_load(&w->stop)) {
        piq_err err;
        piq_status st = commit_next(w, version, &err);
        if (st == PIQ_OK) {
            atomic_store(&w->n_done, ++version);
            continue;
        }
        fprintf(stderr, "%s (%s)\n", err.message, err.hint);
        atomic_fetch_add(&w->n_unknown, 1);
        version = look(w);
    }
    return NULL;
}

static bool wait_for(load *w, int64_t n)
{
    for (int i = 0; i < PATIENCE_S * 100; i++) {
        if (atomic_load(&w->n_done) >= n)
            return true;
        usleep(10000);
    }
    return false;
}

/* As a crash does: no checkpoint, no goodbye to the standby. */
static void crash_server(void)
{
    char path[512];
    long pid = 0;
    snprintf(path, sizeof path, "%s/postmaster.pid",
             getenv("PIQ_TEST_POSTGRES_DATA"));
    FILE *f = fopen(path, "r");
    assert_non_null(f);
    assert_int_equal(fscanf(f, "%ld", &pid), 1);
    fclose(f);
    assert_int_equal(kill((pid_t)pid, SIGQUIT), 0);
}

static void test_failover__acknowledged_events_are_there_once(void **state)
{
    (void)state;
    const char *pair = getenv("PIQ_TEST_POSTGRES_PAIR");
    const char *standby = getenv("PIQ_TEST_STANDBY_ADMIN");
    if (pair == NULL || standby == NULL) {
        fprintf(stderr, "PIQ_TEST_POSTGRES_PAIR is not set "
                        "(tools/with_postgres --replica sets it)\n");
        skip();
    }
    static load w;
    store_fixture f = {0};
    pthread_t thread;
    const piq_postgres_options o = {.schema = "failover", .patience_ms = 30000};
    assert_status(&f, PIQ_OK, piq_postgres_open(pair, &o, &w.s, &f.err));
    f.s = w.s;
    piq_arena_init(&f.a, 0);
    assert_int_equal(pthread_create(&thread, NULL, commit_on, &w), 0);
    assert_true(wait_for(&w, BEFORE));
    crash_server();
    assert_true(postgres_do(standby, "SELECT pg_promote()"));
    /* It was the only standby: nobody follows the new server yet. */
    assert_true(postgres_do(standby,
                            "ALTER SYSTEM SET synchronous_standby_names = ''"));
    assert_true(postgres_do(standby, "SELECT pg_reload_conf()"));
    int64_t at_crash = atomic_load(&w.n_done);
    assert_true(wait_for(&w, at_crash + AFTER));
    atomic_store(&w.stop, true);
    pthread_join(thread, NULL);
    int64_t n = atomic_load(&w.n_done);
    assert_int_equal(version_of(&f, 1), n);
    assert_int_equal(n_events_of(&f, 1), n);
    piq_recommendation_row *rows;
    size_t n_rows;
    assert_status(&f, PIQ_OK,
                  f.s->ops->recommendations(f.s, &f.a, (piq_user_id){1},
                                            SIZE_MAX, &rows, &n_rows, &f.err));
    assert_int_equal(n_rows, n);
    printf("%" PRId64 " commits, %d not known\n", n, atomic_load(&w.n_unknown));
    piq_arena_release(&f.a);
    w.s->ops->close(w.s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_failover__acknowledged_events_are_there_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
