/* threads:tsan
 * What learners spread over shards add to the contract: each on the shard where
 * PostgreSQL would put it, a commit over several shards whole or not at all
 * whoever dies in the middle of it, numbers not shown too early, and a shard
 * that is away missed by its own learners only. */
#include "contract/postgres_sql.h"
#include "contract/store_contract.h"
#include "store/postgres/shards.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>

enum { N_SHARDS = 3 };

/* ---- straight SQL on a server -------------------------------------------- */

static PGconn *connect_to(store_fixture *f, int shard)
{
    char conninfo[512], sql[300];
    if (shard < 0)
        snprintf(conninfo, sizeof conninfo, "%s", postgres_conninfo());
    else
        assert_true(
            postgres_shard_conninfo((size_t)shard, conninfo, sizeof conninfo));
    PGconn *pg = PQconnectdb(conninfo);
    assert_int_equal(PQstatus(pg), CONNECTION_OK);
    snprintf(sql, sizeof sql, "SET search_path = %s; SET piq.tenant = '*'",
             f->place.name);
    PQclear(PQexec(pg, sql));
    return pg;
}

static int64_t ask_once(store_fixture *f, int shard, const char *sql)
{
    PGconn *pg = connect_to(f, shard);
    int64_t n = postgres_must_ask(pg, sql);
    PQfinish(pg);
    return n;
}

/* A learner of each shard: [i] is of shard i. */
static void one_of_each(int64_t users[N_SHARDS], int64_t from)
{
    for (unsigned i = 0; i < N_SHARDS; i++) {
        int64_t user = from;
        while (piq_pg_shard_of((piq_user_id){user}, N_SHARDS) != i)
            user++;
        users[i] = user;
    }
}

/* An event and the state after it, of each of them, from version v. */
typedef struct round {
    piq_event_row events[N_SHARDS];
    piq_state_row states[N_SHARDS];
    char ids[N_SHARDS][32];
    piq_commit c;
} round_of;

static void make_round(round_of *r, const int64_t *users, size_t n, int64_t v)
{
    for (size_t i = 0; i < n; i++) {
        snprintf(r->ids[i], sizeof r->ids[i], "e%" PRId64, v);
        r->events[i] = event_of(users[i], r->ids[i], T0 + v);
        r->states[i] = state_of(users[i], v, "s");
    }
    r->c = (piq_commit){
        .events = r->events, .n_events = n, .states = r->states, .n_states = n};
}

static void must_write(store_fixture *f, const int64_t *users, size_t n,
                       int64_t v)
{
    round_of r;
    make_round(&r, users, n, v);
    must_commit(f, r.c);
}

/* ---- where learners are -------------------------------------------------- */

static void test_shards__a_learner_is_where_postgres_would_look(void **state)
{
    store_fixture *f = *state;
    enum { N = 400 };
    piq_state_row rows[N];
    int64_t n[N_SHARDS] = {0}, all = 0;
    for (int64_t i = 0; i < N; i++) {
        int64_t user = i < 200 ? i + 1 : (i << PIQ_USER_BITS) + i;
        rows[i] = state_of(i == N - 1 ? INT64_MAX : user, 0, "s");
        n[piq_pg_shard_of(rows[i].user, N_SHARDS)]++;
    }
    must_commit(f, (piq_commit){.states = rows, .n_states = N});
    for (int i = 0; i < N_SHARDS; i++) {
        int64_t here = ask_once(f, i, "SELECT count(*) FROM learner_state");
        assert_int_equal(here, n[i]);
        assert_true(here > N / 6);
        all += here;
    }
    assert_int_equal(all, N);
    assert_int_equal(ask_once(f, -1, "SELECT count(*) FROM learner_state"), 0);
}

static void test_shards__one_refuses_learners_of_another(void **state)
{
    store_fixture *f = *state;
    int64_t users[N_SHARDS];
    char sql[200], code[6];
    one_of_each(users, 1);
    PGconn *pg = connect_to(f, 0);
    snprintf(sql, sizeof sql,
             "INSERT INTO learner_state VALUES (%" PRId64 ", 1, 0, '')",
             users[1]);
    assert_int_equal(postgres_ask(pg, sql, code), -1);
    assert_string_equal(code, "23514");
    PQfinish(pg);
    pg = connect_to(f, -1); /* nor does home take any */
    assert_int_equal(postgres_ask(pg, sql, code), -1);
    assert_string_equal(code, "23514");
    PQfinish(pg);
}

/* ---- tenants ---------------------------------------------------------------
 */

/* Past their parents the foreign tables cannot be named, and rows cannot be
 * written through them, which no policy would see. */
static void test_tenants__foreign_partitions_are_no_back_door(void **state)
{
    store_fixture *f = *state;
    int64_t users[N_SHARDS];
    char sql[512], code[6];
    one_of_each(users, 1);
    must_write(f, users, N_SHARDS, 0);
    PGconn *pg = connect_to(f, -1);
    for (int i = 0; i < N_SHARDS; i++) {
        snprintf(sql, sizeof sql, "SELECT count(*) FROM %s_all.events_s%d",
                 f->place.name, i);
        assert_int_equal(postgres_ask(pg, sql, code), -1);
        assert_string_equal(code, "42501");
    }
    snprintf(sql, sizeof sql, "SELECT count(*) FROM %s_all.events",
             f->place.name);
    assert_int_equal(postgres_must_ask(pg, sql), N_SHARDS);
    postgres_must_ask(pg, "SET piq.tenant = '5'");
    assert_int_equal(postgres_must_ask(pg, sql), 0);
    snprintf(sql, sizeof sql, "DELETE FROM %s_all.events", f->place.name);
    assert_int_equal(postgres_ask(pg, sql, code), -1);
    assert_string_equal(code, "42501");
    PQfinish(pg);
    for (int i = 0; i < N_SHARDS; i++) {
        pg = connect_to(f, i);
        postgres_must_ask(pg, "SET piq.tenant = '5'");
        assert_int_equal(postgres_must_ask(pg, "SELECT count(*) FROM events"),
                         0);
        PQfinish(pg);
    }
}

/* ---- numbers ---------------------------------------------------------------
 */

static int64_t last_of(store_fixture *f)
{
    int64_t mark;
    assert_status(f, PIQ_OK, f->s->ops->last_change(f->s, &mark, &f->err));
    return mark;
}

/* Somebody on one shard is not done: what came later elsewhere waits. */
static void test_numbers__wait_for_a_writer_on_any_shard(void **state)
{
    store_fixture *f = *state;
    int64_t users[N_SHARDS];
    char sql[200];
    one_of_each(users, 1);
    must_write(f, users, 1, 0);
    int64_t before = last_of(f);
    PGconn *home = connect_to(f, -1), *pg = connect_to(f, 2);
    int64_t known = postgres_must_ask(home, "SELECT last_mark()");
    postgres_must_ask(pg, "BEGIN");
    snprintf(sql, sizeof sql, "SELECT 1 FROM open_part(false, %" PRId64 ")",
             known);
    postgres_must_ask(pg, sql);
    postgres_must_ask(home, "SELECT m FROM numbers(5, 0, 0)");
    must_write(f, users, 1, 1);
    assert_int_equal(n_events_of(f, users[0]), 2); /* there, but */
    assert_int_equal(last_of(f), before);          /* not in order yet */
    postgres_must_ask(pg, "COMMIT");
    assert_true(last_of(f) > before);
    PQfinish(home);
    PQfinish(pg);
}

/* ---- commits over shards ---------------------------------------------------
 */

static void test_commits__one_shards_refusal_undoes_all(void **state)
{
    store_fixture *f = *state;
    int64_t users[N_SHARDS];
    round_of r;
    one_of_each(users, 1);
    must_write(f, users, N_SHARDS, 0);
    make_round(&r, users, N_SHARDS, 1);
    r.states[2].from_version = 7;
    assert_status(f, PIQ_ESTALE, commit(f, &r.c));
    for (int i = 0; i < N_SHARDS; i++) {
        assert_int_equal(version_of(f, users[i]), 1);
        assert_int_equal(n_events_of(f, users[i]), 1);
        assert_int_equal(
            ask_once(f, i, "SELECT count(*) FROM pg_prepared_xacts"), 0);
    }
    must_write(f, users, N_SHARDS, 1);
}

/* As an engine that died leaves it: prepared by hand on every shard. */
static void leave_prepared(store_fixture *f, const int64_t *users,
                           int64_t token)
{
    char sql[600];
    for (int i = 0; i < N_SHARDS; i++) {
        PGconn *pg = connect_to(f, i);
        postgres_must_ask(pg, "BEGIN");
        postgres_must_ask(pg, "SELECT 1 FROM open_part(false, 0)");
        snprintf(sql, sizeof sql,
                 "UPDATE learner_state SET version = version + 1"
                 " WHERE user_id = %" PRId64,
                 users[i]);
        postgres_must_ask(pg, sql);
        snprintf(sql, sizeof sql, "PREPARE TRANSACTION 'piq:%s:%016" PRIx64 "'",
                 f->place.name, (uint64_t)token);
        postgres_must_ask(pg, sql);
        PQfinish(pg);
    }
}

static void test_commits__what_was_decided_is_done_by_who_opens(void **state)
{
    store_fixture *f = *state;
    int64_t users[N_SHARDS];
    one_of_each(users, 1);
    must_write(f, users, N_SHARDS, 0);
    f->s->ops->close(f->s);
    leave_prepared(f, users, 77);
    ask_once(f, -1, "SELECT 1 FROM decide(77)");
    fixture_open(f);
    for (int i = 0; i < N_SHARDS; i++)
        assert_int_equal(version_of(f, users[i]), 2);
}

/* What nobody decided is taken back, and cannot be decided any more. */
static void test_commits__what_was_not_decided_is_undone(void **state)
{
    store_fixture *f = *state;
    int64_t users[N_SHARDS], left = 1;
    char code[6];
    one_of_each(users, 1);
    must_write(f, users, N_SHARDS, 0);
    leave_prepared(f, users, -77);
    int64_t until = piq_clock_monotonic_ns() + INT64_C(40000000000);
    while (left > 0 && piq_clock_monotonic_ns() < until) {
        left = 0;
        for (int i = 0; i < N_SHARDS; i++)
            left += ask_once(f, i, "SELECT count(*) FROM pg_prepared_xacts");
        usleep(200000);
    }
    assert_int_equal(left, 0);
    PGconn *pg = connect_to(f, -1);
    assert_int_equal(postgres_ask(pg, "SELECT 1 FROM decide(-77)", code), -1);
    assert_string_equal(code, "PQ008");
    PQfinish(pg);
    for (int i = 0; i < N_SHARDS; i++)
        assert_int_equal(version_of(f, users[i]), 1);
    must_write(f, users, N_SHARDS, 1);
}

typedef struct writer {
    store_fixture f;
    const int64_t *users;
    int number;
    atomic_int *n_done;
} writer;

enum { N_WRITERS = 3, N_EACH = 25 };

/* Each learner's state counts the commits; all writers take all learners, in an
 * order of their own. */
static void *count_up(void *ctx)
{
    writer *w = ctx;
    for (int i = 0; i < N_EACH;) {
        round_of r;
        int64_t versions[N_SHARDS];
        for (int k = 0; k < N_SHARDS; k++)
            versions[k] = version_of(&w->f, w->users[k]);
        make_round(&r, w->users, N_SHARDS, 0);
        for (int k = 0; k < N_SHARDS; k++) {
            snprintf(r.ids[k], sizeof r.ids[k], "%d-%d", w->number, i);
            r.events[k].event_id = piq_str_of(r.ids[k]);
            r.states[k].from_version = versions[k];
            r.states[k].version = versions[k] + 1;
        }
        piq_status st = commit(&w->f, &r.c);
        if (st == PIQ_OK)
            atomic_fetch_add(w->n_done, 1);
        else if (st != PIQ_ESTALE)
            fail_msg("%s", w->f.err.message);
        i += st == PIQ_OK;
        piq_arena_clear(&w->f.a);
    }
    return NULL;
}

static void test_commits__over_the_same_learners_all_count(void **state)
{
    store_fixture *f = *state;
    int64_t users[N_SHARDS];
    writer writers[N_WRITERS];
    pthread_t threads[N_WRITERS];
    atomic_int n_done = 0;
    one_of_each(users, 1);
    must_write(f, users, N_SHARDS, 0);
    for (int i = 0; i < N_WRITERS; i++) {
        writers[i] =
            (writer){.f = *f, .users = users, .number = i, .n_done = &n_done};
        fixture_open(&writers[i].f);
        piq_arena_init(&writers[i].f.a, 0);
        assert_int_equal(
            pthread_create(&threads[i], NULL, count_up, &writers[i]), 0);
    }
    for (int i = 0; i < N_WRITERS; i++) {
        pthread_join(threads[i], NULL);
        writers[i].f.s->ops->close(writers[i].f.s);
        piq_arena_release(&writers[i].f.a);
    }
    assert_int_equal(atomic_load(&n_done), N_WRITERS * N_EACH);
    for (int i = 0; i < N_SHARDS; i++) {
        assert_int_equal(version_of(f, users[i]), 1 + N_WRITERS * N_EACH);
        assert_int_equal(n_events_of(f, users[i]), 1 + N_WRITERS * N_EACH);
    }
}

/* ---- memory ----------------------------------------------------------------
 */

/* A part that could not be ended at once is ended by the keeper. */
static int64_t version_in_time(store_fixture *f, int64_t user)
{
    int64_t version = 0;
    piq_str body;
    piq_status st = PIQ_EIO;
    for (int i = 0; i < 200 && st == PIQ_EIO; i++) {
        st = f->s->ops->state(f->s, &f->a, (piq_user_id){user}, &version, &body,
                              &f->err);
        if (st == PIQ_EIO)
            usleep(50000);
    }
    assert_status(f, PIQ_OK, st);
    return version;
}

static void test_commits__no_memory_at_any_place_changes_nothing(void **state)
{
    store_fixture *f = *state;
    int64_t users[N_SHARDS];
    round_of r;
    one_of_each(users, 1);
    must_write(f, users, N_SHARDS, 0);
    piq_status st = PIQ_ENOMEM;
    for (long k = 1; st != PIQ_OK && k < 1000; k++) {
        make_round(&r, users, N_SHARDS, 1);
        piq_alloc_fail_after(k, 0);
        st = commit(f, &r.c);
        piq_alloc_fail_after(0, 0);
        if (st != PIQ_OK)
            assert_int_equal(st, PIQ_ENOMEM);
        for (int i = 0; i < N_SHARDS; i++)
            assert_int_equal(version_in_time(f, users[i]), st ? 1 : 2);
    }
    assert_int_equal(st, PIQ_OK);
}

static void test_place__no_memory_to_open_leaves_nothing(void **state)
{
    store_fixture *f = *state;
    piq_status st = PIQ_ENOMEM;
    for (long k = 1; st != PIQ_OK && k < 1000; k++) {
        piq_store *s = NULL;
        piq_alloc_fail_after(k, 0);
        st = postgres_open_schema(postgres_conninfo(), f->place.name, 0, &s,
                                  &f->err);
        piq_alloc_fail_after(0, 0);
        if (st == PIQ_OK)
            s->ops->close(s);
        else
            assert_int_equal(st, PIQ_ENOMEM);
    }
    assert_int_equal(st, PIQ_OK);
}

/* ---- places ----------------------------------------------------------------
 */

static void test_place__of_other_shards_is_left_alone(void **state)
{
    store_fixture *f = *state;
    piq_store *s;
    const piq_postgres_options o = {.schema = f->place.name,
                                    .shards = "shard_1,shard_0,shard_2"};
    assert_status(f, PIQ_EINVAL,
                  piq_postgres_open(postgres_conninfo(), &o, &s, &f->err));
    char conninfo[512];
    assert_true(postgres_shard_conninfo(1, conninfo, sizeof conninfo));
    assert_status(
        f, PIQ_EINVAL,
        postgres_open_schema(conninfo, f->place.name, 0, &s, &f->err));
    /* Who says nothing finds them. */
    assert_status(f, PIQ_OK,
                  postgres_open_schema(postgres_conninfo(), f->place.name, 0,
                                       &s, &f->err));
    s->ops->close(s);
}

static void test_place__without_such_a_server_is_not_made(void **state)
{
    store_fixture *f = *state;
    piq_store *s;
    char name[64];
    postgres_name_schema(name, sizeof name);
    piq_postgres_options o = {.schema = name, .shards = "shard_0,nobody"};
    assert_status(f, PIQ_EINVAL,
                  piq_postgres_open(postgres_conninfo(), &o, &s, &f->err));
    assert_non_null(strstr(f->err.message, "nobody"));
    o.shards = "shard_0";
    assert_status(f, PIQ_EINVAL,
                  piq_postgres_open(postgres_conninfo(), &o, &s, &f->err));
    o.shards = "shard_0,shard_0";
    assert_status(f, PIQ_EINVAL,
                  piq_postgres_open(postgres_conninfo(), &o, &s, &f->err));
    postgres_drop_schema(name);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        STORE_TEST(test_shards__a_learner_is_where_postgres_would_look),
        STORE_TEST(test_shards__one_refuses_learners_of_another),
        STORE_TEST(test_tenants__foreign_partitions_are_no_back_door),
        STORE_TEST(test_numbers__wait_for_a_writer_on_any_shard),
        STORE_TEST(test_commits__one_shards_refusal_undoes_all),
        STORE_TEST(test_commits__what_was_decided_is_done_by_who_opens),
        STORE_TEST(test_commits__what_was_not_decided_is_undone),
        STORE_TEST(test_commits__over_the_same_learners_all_count),
        STORE_TEST(test_commits__no_memory_at_any_place_changes_nothing),
        STORE_TEST(test_place__no_memory_to_open_leaves_nothing),
        STORE_TEST(test_place__of_other_shards_is_left_alone),
        STORE_TEST(test_place__without_such_a_server_is_not_made),
    };
    int n_failed = 0;
    for (size_t k = 0; k < sizeof store_kinds / sizeof store_kinds[0]; k++)
        if (is_spread(&store_kinds[k]))
            n_failed += store_run_tests_on(&store_kinds[k], tests,
                                           sizeof tests / sizeof tests[0]);
    return n_failed;
}
