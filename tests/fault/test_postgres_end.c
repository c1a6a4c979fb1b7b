/* threads:tsan
 * A store that is told its end: whoever waits for the server is let go by then,
 * however patient they were, and nobody begins to. What was acknowledged is
 * there; what was not is there once, or not at all. */
#include "contract/store_contract.h"

#include <pthread.h>
#include <stdatomic.h>

enum { N_WAITING = 3, LONG_MS = 3600000 };

static const int64_t NS_PER_MS = 1000000;

/* Patient for hours. */
static piq_store *open_patient(store_fixture *f)
{
    const piq_postgres_options o = {.schema = f->place.name,
                                    .n_connections = 2,
                                    .statement_ms = LONG_MS,
                                    .patience_ms = LONG_MS};
    piq_store *s;
    assert_status(f, PIQ_OK,
                  piq_postgres_open(postgres_conninfo(), &o, &s, &f->err));
    assert_non_null(s->ops->end_by);
    return s;
}

static piq_status write_version(piq_store *s, int64_t user, int64_t from,
                                piq_err *err)
{
    char id[16];
    snprintf(id, sizeof id, "e%lld", (long long)from);
    piq_event_row e = event_of(user, id, T0 + from);
    piq_state_row st = state_of(user, from, "state");
    piq_commit c = {.events = &e, .n_events = 1, .states = &st, .n_states = 1};
    return s->ops->commit(s, &c, err);
}

/* One commit of a learner is whole, or it is not there. */
static void assert_whole(store_fixture *f, int64_t user, int64_t least,
                         int64_t most)
{
    int64_t version = version_of(f, user);
    assert_true(version >= least && version <= most);
    assert_int_equal(n_events_of(f, user), version);
}

/* ---- those who wait --------------------------------------------------------
 */

typedef struct waiting {
    piq_store *s;
    int64_t user;
    atomic_int *n_begun;
    piq_status status;
    piq_err err;
} waiting;

static void *wait_in_vain(void *ctx)
{
    waiting *w = ctx;
    atomic_fetch_add(w->n_begun, 1);
    w->status = write_version(w->s, w->user, 1, &w->err);
    return NULL;
}

/* Somebody who does not let go of any state. */
static PGconn *lock_states(const store_fixture *f)
{
    char sql[400];
    PGconn *pg = PQconnectdb(postgres_conninfo());
    snprintf(sql, sizeof sql,
             "BEGIN; LOCK TABLE %s.learner_state IN EXCLUSIVE MODE",
             f->place.name);
    PGresult *r = PQexec(pg, sql);
    assert_int_equal(PQresultStatus(r), PGRES_COMMAND_OK);
    PQclear(r);
    return pg;
}

/* Two have a connection and wait for the lock, the third for a connection.
 * Were they not let go this would take hours. */
static void test_end__all_who_wait_are_let_go(void **state)
{
    store_fixture *f = *state;
    piq_store *s = open_patient(f);
    pthread_t threads[N_WAITING];
    waiting w[N_WAITING];
    atomic_int n_begun = 0;
    for (int64_t user = 1; user <= N_WAITING; user++)
        assert_status(f, PIQ_OK, write_version(s, user, 0, &f->err));
    PGconn *lock = lock_states(f);
    for (int i = 0; i < N_WAITING; i++) {
        w[i] = (waiting){.s = s, .user = i + 1, .n_begun = &n_begun};
        assert_int_equal(pthread_create(&threads[i], NULL, wait_in_vain, &w[i]),
                         0);
    }
    while (atomic_load(&n_begun) < N_WAITING)
        sched_yield();
    int64_t end_ns = piq_clock_monotonic_ns() + 300 * NS_PER_MS;
    (void)s->ops->end_by(s, end_ns);
    for (int i = 0; i < N_WAITING; i++) {
        pthread_join(threads[i], NULL);
        assert_int_equal(w[i].status, PIQ_EIO);
        assert_true(w[i].err.message[0] != '\0');
    }
    assert_true(piq_clock_monotonic_ns() >= end_ns);
    assert_true(s->ops->end_by(s, end_ns) >= N_WAITING);
    s->ops->close(s);
    PQfinish(lock);
    PQfinish(lock_states(f)); /* behind all that was sent before */
    for (int64_t user = 1; user <= N_WAITING; user++)
        assert_whole(f, user, 1, 2);
}

/* ---- those who come late ---------------------------------------------------
 */

static void test_end__nothing_begins_after_it(void **state)
{
    store_fixture *f = *state;
    piq_store *s = open_patient(f);
    piq_str body;
    int64_t version;
    assert_status(f, PIQ_OK, write_version(s, 1, 0, &f->err));
    int64_t end_ns = piq_clock_monotonic_ns();
    assert_int_equal(s->ops->end_by(s, end_ns), 0);
    assert_int_equal(write_version(s, 1, 1, &f->err), PIQ_EIO);
    assert_non_null(strstr(f->err.message, "not asked"));
    assert_int_equal(
        s->ops->state(s, &f->a, (piq_user_id){1}, &version, &body, &f->err),
        PIQ_EIO);
    assert_int_equal(s->ops->ping(s, &f->err), PIQ_EIO);
    assert_int_equal(s->ops->end_by(s, end_ns), 3);
    s->ops->close(s);
    assert_whole(f, 1, 1, 1);
}

/* A connection that has to be made anew gets what is left, and none is made
 * when that is less than libpq can wait. */
static void test_end__no_connection_is_made_too_late(void **state)
{
    store_fixture *f = *state;
    piq_store *s = open_patient(f);
    assert_true(postgres_do(postgres_conninfo(),
                            "SELECT pg_terminate_backend(pid) FROM"
                            " pg_stat_activity WHERE usename = 'piq'"
                            " AND application_name = 'piq'"
                            " AND pid <> pg_backend_pid()"));
    (void)s->ops->end_by(s, piq_clock_monotonic_ns() + 1000 * NS_PER_MS);
    assert_int_equal(write_version(s, 1, 0, &f->err), PIQ_EIO);
    int64_t end_ns = piq_clock_monotonic_ns() + LONG_MS * NS_PER_MS;
    (void)s->ops->end_by(s, end_ns);
    assert_status(f, PIQ_OK, write_version(s, 1, 0, &f->err));
    s->ops->close(s);
    assert_whole(f, 1, 1, 1);
}

static void test_end__until_then_all_goes_on(void **state)
{
    store_fixture *f = *state;
    piq_store *s = open_patient(f);
    int64_t end_ns = piq_clock_monotonic_ns() + LONG_MS * NS_PER_MS;
    assert_int_equal(s->ops->end_by(s, end_ns), 0);
    for (int64_t v = 0; v < 20; v++)
        assert_status(f, PIQ_OK, write_version(s, 1, v, &f->err));
    assert_int_equal(s->ops->end_by(s, end_ns), 0);
    s->ops->close(s);
    assert_whole(f, 1, 20, 20);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        STORE_TEST(test_end__all_who_wait_are_let_go),
        STORE_TEST(test_end__nothing_begins_after_it),
        STORE_TEST(test_end__no_connection_is_made_too_late),
        STORE_TEST(test_end__until_then_all_goes_on),
    };
    return store_run_tests_on(&store_kinds[1], tests,
                              sizeof tests / sizeof tests[0]);
}
