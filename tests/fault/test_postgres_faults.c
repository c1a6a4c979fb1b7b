/* What may go wrong between an engine and PostgreSQL: killed connections, a
 * network that cuts before, in and after a commit, one that swallows all, locks
 * that are not let go, no memory. After each: what was acknowledged is there
 * once, what was refused is not, and the store goes on. */
#include "contract/store_contract.h"
#include "support/tcp_proxy.h"

typedef struct faults {
    store_fixture *f; /* straight to the server */
    tcp_proxy *proxy;
    piq_store *s; /* through the proxy */
    piq_arena a;
    piq_err err;
} faults;

static void word_of(const char *conninfo, const char *name, char *out,
                    size_t size)
{
    const char *at = strstr(conninfo, name);
    assert_non_null(at);
    at += strlen(name);
    snprintf(out, size, "%.*s", (int)strcspn(at, " "), at);
}

static void open_through(faults *x)
{
    const char *direct = postgres_conninfo();
    char user[64], password[64], db[64], conninfo[400];
    word_of(direct, "user=", user, sizeof user);
    word_of(direct, "password=", password, sizeof password);
    word_of(direct, "dbname=", db, sizeof db);
    snprintf(conninfo, sizeof conninfo,
             "host=127.0.0.1 port=%d user=%s password=%s dbname=%s",
             tcp_proxy_port(x->proxy), user, password, db);
    const piq_postgres_options o = {.schema = x->f->place.name,
                                    .n_connections = 2,
                                    .statement_ms = 1500,
                                    .connect_s = 2,
                                    .patience_ms = 300};
    if (piq_postgres_open(conninfo, &o, &x->s, &x->err) != PIQ_OK)
        fail_msg("%s", x->err.message);
}

static int faults_setup(void **state)
{
    faults *x = calloc(1, sizeof *x);
    void *inner = *state;
    char port[16];
    assert_non_null(x);
    assert_int_equal(fixture_setup(&inner), 0);
    x->f = inner;
    word_of(postgres_conninfo(), "port=", port, sizeof port);
    x->proxy = tcp_proxy_new(atoi(port));
    assert_non_null(x->proxy);
    piq_arena_init(&x->a, 0);
    open_through(x);
    *state = x;
    return 0;
}

static int faults_teardown(void **state)
{
    faults *x = *state;
    void *inner = x->f;
    x->s->ops->close(x->s);
    tcp_proxy_free(x->proxy);
    piq_arena_release(&x->a);
    free(x);
    return fixture_teardown(&inner);
}

/* ---- one commit, and whether it went in ---------------------------------- */

typedef struct one {
    piq_event_row e;
    piq_state_row st;
    piq_recommendation_row rec[2];
    piq_path_row path;
    char id[16];
} one;

static piq_status commit_one(faults *x, int64_t user, int64_t from, one *o)
{
    snprintf(o->id, sizeof o->id, "e%lld", (long long)from);
    o->e = event_of(user, o->id, T0 + from);
    o->st = state_of(user, from, "s");
    o->rec[0] = recommendation_of(user, 1);
    o->rec[1] = recommendation_of(user, 2);
    o->path = path_of(user, "{}");
    piq_commit c = {.events = &o->e,
                    .n_events = 1,
                    .states = &o->st,
                    .n_states = 1,
                    .recommendations = o->rec,
                    .n_recommendations = 2,
                    .paths = &o->path,
                    .n_paths = 1};
    return x->s->ops->commit(x->s, &c, &x->err);
}

static void must(faults *x, piq_status st)
{
    if (st != PIQ_OK)
        fail_msg("%s", x->err.message);
}

/* Seen past the proxy: the rows of that many commits, each once, with the
 * numbers that the last was told. */
static void assert_has(faults *x, int64_t user, int64_t n_commits, const one *o)
{
    store_fixture *f = x->f;
    assert_int_equal(version_of(f, user), n_commits);
    assert_int_equal(n_events_of(f, user), n_commits);
    piq_recommendation_row *rows;
    size_t n;
    assert_status(f, PIQ_OK,
                  f->s->ops->recommendations(f->s, &f->a, (piq_user_id){user},
                                             1000, &rows, &n, &f->err));
    assert_int_equal(n, 2 * n_commits);
    if (o == NULL)
        return;
    piq_event_row e;
    piq_path_row path;
    assert_status(
        f, PIQ_OK,
        f->s->ops->event(f->s, &f->a, o->e.user, o->e.event_id, &e, &f->err));
    assert_int_equal(e.seq, o->e.seq);
    assert_int_equal(rows[0].id, o->rec[1].id);
    assert_int_equal(rows[1].id, o->rec[0].id);
    assert_status(f, PIQ_OK,
                  f->s->ops->path(f->s, &f->a, o->e.user, &path, &f->err));
    assert_int_equal(path.id, o->path.id);
}

static piq_status read_version(faults *x, int64_t user, int64_t *version)
{
    piq_str body;
    return x->s->ops->state(x->s, &x->a, (piq_user_id){user}, version, &body,
                            &x->err);
}

/* ---- cuts ------------------------------------------------------------------
 */

static void test_faults__killed_connections_are_replaced(void **state)
{
    faults *x = *state;
    one o;
    int64_t version;
    must(x, commit_one(x, 1, 0, &o));
    for (int i = 1; i < 4; i++) {
        assert_true(postgres_do(postgres_conninfo(),
                                "SELECT pg_terminate_backend(pid) FROM"
                                " pg_stat_activity WHERE usename = 'piq'"
                                " AND application_name = 'piq'"
                                " AND client_addr IS NOT NULL"));
        must(x, read_version(x, 1, &version));
        assert_int_equal(version, i);
        assert_true(postgres_do(postgres_conninfo(),
                                "SELECT pg_terminate_backend(pid) FROM"
                                " pg_stat_activity WHERE usename = 'piq'"
                                " AND application_name = 'piq'"
                                " AND client_addr IS NOT NULL"));
        must(x, commit_one(x, 1, i, &o));
        assert_has(x, 1, i + 1, &o);
    }
}

static void cut_and_commit(faults *x, tcp_fault fault)
{
    one o;
    must(x, commit_one(x, 1, 0, &o));
    for (int i = 1; i < 6; i++) {
        tcp_proxy_arm(x->proxy, fault);
        must(x, commit_one(x, 1, i, &o));
        assert_int_equal(tcp_proxy_n_struck(x->proxy), i);
        assert_has(x, 1, i + 1, &o);
    }
}

static void test_faults__request_that_was_lost_is_sent_again(void **state)
{
    cut_and_commit(*state, TCP_CUT_REQUEST);
}

static void test_faults__request_cut_halfway_is_sent_again(void **state)
{
    cut_and_commit(*state, TCP_CUT_HALFWAY);
}

/* It was committed; only the word of it was lost. */
static void test_faults__commit_whose_answer_was_lost_is_found(void **state)
{
    cut_and_commit(*state, TCP_CUT_ANSWER);
}

static void test_faults__numbers_of_a_lost_answer_are_told(void **state)
{
    faults *x = *state;
    piq_model_row m = {.kind = PIQ_MODEL_KT,
                       .made_us = T0,
                       .digest = 1,
                       .about = PIQ_STR("{}"),
                       .body = PIQ_STR("body")};
    tcp_proxy_arm(x->proxy, TCP_CUT_ANSWER);
    must(x, x->s->ops->put_model(x->s, &m, &x->err));
    assert_int_equal(m.version, 1);
    one o;
    piq_erased gone;
    must(x, commit_one(x, 3, 0, &o));
    tcp_proxy_arm(x->proxy, TCP_CUT_ANSWER);
    must(x, x->s->ops->erase(x->s, (piq_user_id){3}, &gone, &x->err));
    assert_int_equal(gone.events, 1);
    assert_int_equal(gone.recommendations, 2);
    assert_true(gone.others >= 2);
}

static void test_faults__cut_read_is_read_again(void **state)
{
    faults *x = *state;
    static const tcp_fault cuts[] = {TCP_CUT_REQUEST, TCP_CUT_HALFWAY,
                                     TCP_CUT_ANSWER};
    one o;
    int64_t version;
    must(x, commit_one(x, 1, 0, &o));
    for (int i = 0; i < 3; i++) {
        tcp_proxy_arm(x->proxy, cuts[i]);
        must(x, read_version(x, 1, &version));
        assert_int_equal(version, 1);
        assert_int_equal(tcp_proxy_n_struck(x->proxy), i + 1);
    }
}

/* Waiting ends, nothing is claimed, and when the network is back all goes on.
 * The commit had not left, so it is not there. */
static void test_faults__swallowing_network_does_not_hold_for_ever(void **state)
{
    faults *x = *state;
    one o, again;
    int64_t version;
    must(x, commit_one(x, 1, 0, &o));
    tcp_proxy_arm(x->proxy, TCP_SWALLOW);
    assert_int_equal(commit_one(x, 1, 1, &again), PIQ_EIO);
    assert_non_null(strstr(x->err.hint, "not known"));
    assert_int_equal(read_version(x, 1, &version), PIQ_EIO);
    tcp_proxy_arm(x->proxy, TCP_NO_FAULT);
    /* What was swallowed may arrive now: then the version tells. */
    piq_status st = commit_one(x, 1, 1, &again);
    assert_true(st == PIQ_OK || st == PIQ_ESTALE || st == PIQ_ECONFLICT);
    assert_has(x, 1, 2, NULL);
}

/* A cut of a random kind before every second call, whatever it is. What said
 * that it was done is there once; nothing said that it was not. */
static void test_faults__random_cuts_lose_and_repeat_nothing(void **state)
{
    faults *x = *state;
    static const tcp_fault cuts[] = {TCP_CUT_REQUEST, TCP_CUT_HALFWAY,
                                     TCP_CUT_ANSWER};
    uint64_t seed = 20261123;
    one o;
    for (int i = 0; i < 60; i++) {
        seed = piq_hash_u64(seed);
        if (seed % 2 == 0)
            tcp_proxy_arm(x->proxy, cuts[seed / 2 % 3]);
        if (seed / 8 % 3 == 0) {
            int64_t version = 0;
            piq_status st = read_version(x, 1, &version);
            assert_true(st == PIQ_OK || (i == 0 && st == PIQ_ENOTFOUND));
            assert_int_equal(version, i);
        }
        must(x, commit_one(x, 1, i, &o));
    }
    assert_has(x, 1, 60, &o);
    assert_true(tcp_proxy_n_struck(x->proxy) >= 20);
}

/* ---- the server ------------------------------------------------------------
 */

static void test_faults__lock_that_is_not_let_go_is_busy(void **state)
{
    faults *x = *state;
    one o;
    must(x, commit_one(x, 1, 0, &o));
    PGconn *pg = PQconnectdb(postgres_conninfo());
    char sql[400];
    snprintf(sql, sizeof sql,
             "BEGIN; SELECT set_config('piq.tenant', '*', true);"
             "SELECT 1 FROM %s.learner_state FOR UPDATE",
             x->f->place.name);
    PQclear(PQexec(pg, sql));
    assert_int_equal(commit_one(x, 1, 1, &o), PIQ_EBUSY);
    assert_has(x, 1, 1, NULL);
    PQclear(PQexec(pg, "ROLLBACK"));
    PQfinish(pg);
    must(x, commit_one(x, 1, 1, &o));
    assert_has(x, 1, 2, &o);
}

static void test_faults__server_that_is_not_there_is_said(void **state)
{
    (void)state;
    piq_store *s;
    piq_err err;
    const piq_postgres_options o = {.patience_ms = 200};
    assert_int_equal(
        piq_postgres_open("postgresql://piq:Sesame9@127.0.0.1:1/piq", &o, &s,
                          &err),
        PIQ_EIO);
    assert_non_null(strstr(err.message, "127.0.0.1"));
    assert_null(strstr(err.message, "Sesame9"));
}

/* The second host is the one that is there. */
static void test_faults__another_host_of_the_list_is_taken(void **state)
{
    faults *x = *state;
    const char *direct = postgres_conninfo();
    char port[16], user[64], password[64], db[64], conninfo[700];
    piq_store *s;
    piq_err err;
    word_of(direct, "port=", port, sizeof port);
    word_of(direct, "user=", user, sizeof user);
    word_of(direct, "password=", password, sizeof password);
    word_of(direct, "dbname=", db, sizeof db);
    snprintf(conninfo, sizeof conninfo,
             "postgresql://%s:%s@127.0.0.1:1,127.0.0.1:%s/%s"
             "?target_session_attrs=read-write&piq_schema=%s&piq_pool=1",
             user, password, port, db, x->f->place.name);
    if (piq_postgres_open(conninfo, NULL, &s, &err) != PIQ_OK)
        fail_msg("%s", err.message);
    assert_int_equal(s->ops->ping(s, &err), PIQ_OK);
    s->ops->close(s);
}

/* ---- memory
 * ------------------------------------------------------------------ */

static void test_faults__no_memory_at_any_place_changes_nothing(void **state)
{
    faults *x = *state;
    one o;
    int64_t done = 0;
    bool failed = true;
    for (long k = 1; failed && k < 500; k++) {
        piq_alloc_fail_after(k, 0);
        piq_status st = commit_one(x, 1, done, &o);
        piq_alloc_fail_after(0, 0);
        failed = st != PIQ_OK;
        if (failed)
            assert_int_equal(st, PIQ_ENOMEM);
        done += !failed;
        assert_has(x, 1, done, failed ? NULL : &o);
    }
    assert_false(failed);
}

static void test_faults__no_memory_to_open_leaves_nothing(void **state)
{
    faults *x = *state;
    piq_status st = PIQ_ENOMEM;
    for (long k = 1; st != PIQ_OK && k < 500; k++) {
        piq_store *s = NULL;
        piq_alloc_fail_after(k, 0);
        st = postgres_open_schema(postgres_conninfo(), x->f->place.name, 0, &s,
                                  &x->err);
        piq_alloc_fail_after(0, 0);
        if (st == PIQ_OK)
            s->ops->close(s);
        else
            assert_int_equal(st, PIQ_ENOMEM);
    }
    assert_int_equal(st, PIQ_OK);
}

#define FAULTS_TEST(test)                                                      \
    cmocka_unit_test_setup_teardown(test, faults_setup, faults_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        FAULTS_TEST(test_faults__killed_connections_are_replaced),
        FAULTS_TEST(test_faults__request_that_was_lost_is_sent_again),
        FAULTS_TEST(test_faults__request_cut_halfway_is_sent_again),
        FAULTS_TEST(test_faults__commit_whose_answer_was_lost_is_found),
        FAULTS_TEST(test_faults__numbers_of_a_lost_answer_are_told),
        FAULTS_TEST(test_faults__cut_read_is_read_again),
        FAULTS_TEST(test_faults__swallowing_network_does_not_hold_for_ever),
        FAULTS_TEST(test_faults__random_cuts_lose_and_repeat_nothing),
        FAULTS_TEST(test_faults__lock_that_is_not_let_go_is_busy),
        cmocka_unit_test(test_faults__server_that_is_not_there_is_said),
        FAULTS_TEST(test_faults__another_host_of_the_list_is_taken),
        FAULTS_TEST(test_faults__no_memory_at_any_place_changes_nothing),
        FAULTS_TEST(test_faults__no_memory_to_open_leaves_nothing),
    };
    return store_run_tests_on(&store_kinds[1], tests,
                              sizeof tests / sizeof tests[0]);
}
