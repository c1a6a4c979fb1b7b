/* threads:tsan
 * What PostgreSQL adds to the contract: rows of another tenant stay unseen,
 * whatever is asked; numbers that rise are not shown too early; several engines
 * at once; places that are not ours are left alone. */
#include "contract/postgres_sql.h"
#include "contract/store_contract.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>

/* ---- straight SQL beside the store ------------------------------------- */

typedef struct direct {
    store_fixture *f;
    PGconn *pg;
} direct;

static int direct_setup(void **state)
{
    direct *d = calloc(1, sizeof *d);
    void *inner = *state;
    assert_non_null(d);
    assert_int_equal(fixture_setup(&inner), 0);
    d->f = inner;
    d->pg = PQconnectdb(postgres_conninfo());
    assert_int_equal(PQstatus(d->pg), CONNECTION_OK);
    char sql[600];
    const char *name = d->f->place.name;
    bool spread = is_spread(d->f->kind); /* all learners: by postgres_fdw */
    snprintf(sql, sizeof sql, "SET search_path = %s%s%s", spread ? name : "",
             spread ? "_all, " : "", name);
    PQclear(PQexec(d->pg, sql));
    *state = d;
    return 0;
}

static int direct_teardown(void **state)
{
    direct *d = *state;
    void *inner = d->f;
    PQfinish(d->pg);
    free(d);
    return fixture_teardown(&inner);
}

/* ---- tenants ------------------------------------------------------------ */

static const char *const learner_tables[] = {"user_profiles",
                                             "learning_paths",
                                             "content_recommendations",
                                             "events",
                                             "learner_state",
                                             "learner_snapshots",
                                             "recommendation_log",
                                             "exposures",
                                             "records",
                                             "changes"};
enum { N_LEARNER_TABLES = sizeof learner_tables / sizeof learner_tables[0] };

static int64_t learner_of(int64_t tenant, int64_t number)
{
    return tenant << PIQ_USER_BITS | number;
}

/* One row in every table of a learner. */
static void fill_learner(store_fixture *f, int64_t user)
{
    piq_event_row e = event_of(user, "e", T0);
    piq_state_row st = state_of(user, 0, "s");
    piq_snapshot_row sn = {.user = {user},
                           .at_us = T0,
                           .n_events = 1,
                           .event_id = PIQ_STR("e"),
                           .body = PIQ_STR("b")};
    piq_recommendation_row rec = recommendation_of(user, 3);
    piq_slate_row sl = {.user = {user},
                        .served_us = T0,
                        .state_version = 1,
                        .policy = PIQ_STR("p"),
                        .request = PIQ_STR("{}"),
                        .n_recommendations = 1};
    piq_exposure_row x = {
        .experiment = 1, .user = {user}, .at_us = T0, .n_recommendations = 1};
    piq_path_row path = path_of(user, "{}");
    piq_profile_row pr = profile_of(user, 1);
    piq_record rc = {.user = {user},
                     .kind = PIQ_STR("setting"),
                     .key = PIQ_STR("k"),
                     .at_us = T0,
                     .expires_us = INT64_MAX,
                     .document = PIQ_STR("{}")};
    must_commit(f, (piq_commit){.events = &e,
                                .n_events = 1,
                                .states = &st,
                                .n_states = 1,
                                .snapshots = &sn,
                                .n_snapshots = 1,
                                .recommendations = &rec,
                                .n_recommendations = 1,
                                .slates = &sl,
                                .n_slates = 1,
                                .exposures = &x,
                                .n_exposures = 1,
                                .paths = &path,
                                .n_paths = 1,
                                .profiles = &pr,
                                .n_profiles = 1,
                                .records = &rc,
                                .n_records = 1});
}

static int64_t count_rows(direct *d, const char *table)
{
    char sql[128];
    snprintf(sql, sizeof sql, "SELECT count(*) FROM %s", table);
    return postgres_must_ask(d->pg, sql);
}

static void test_tenants__without_saying_whose_nothing_is_seen(void **state)
{
    direct *d = *state;
    fill_learner(d->f, learner_of(1, 7));
    for (int i = 0; i < N_LEARNER_TABLES; i++)
        assert_int_equal(count_rows(d, learner_tables[i]), 0);
    postgres_must_ask(d->pg, "SET piq.tenant = ''");
    for (int i = 0; i < N_LEARNER_TABLES; i++)
        assert_int_equal(count_rows(d, learner_tables[i]), 0);
}

static void test_tenants__one_does_not_see_anothers_rows(void **state)
{
    direct *d = *state;
    fill_learner(d->f, learner_of(1, 7));
    fill_learner(d->f, learner_of(2, 7));
    fill_learner(d->f, learner_of(2, 8));
    static const struct {
        const char *set;
        int64_t n;
    } cases[] = {{"SET piq.tenant = '1'", 1},
                 {"SET piq.tenant = '2'", 2},
                 {"SET piq.tenant = '3'", 0},
                 {"SET piq.tenant = '*'", 3}};
    for (size_t c = 0; c < 4; c++) {
        postgres_must_ask(d->pg, cases[c].set);
        for (int i = 0; i < N_LEARNER_TABLES; i++)
            assert_int_equal(count_rows(d, learner_tables[i]), cases[c].n);
    }
}

static void test_tenants__one_does_not_write_anothers_rows(void **state)
{
    direct *d = *state;
    char sql[256], code[6];
    fill_learner(d->f, learner_of(2, 7));
    postgres_must_ask(d->pg, "SET piq.tenant = '1'");
    snprintf(sql, sizeof sql,
             "INSERT INTO learner_state VALUES (%" PRId64 ", 1, 0, '')",
             learner_of(2, 9));
    assert_int_equal(postgres_ask(d->pg, sql, code), -1);
    assert_string_equal(code, "42501");
    postgres_must_ask(d->pg, "UPDATE learner_state SET version = 99");
    postgres_must_ask(d->pg, "DELETE FROM events");
    assert_int_equal(version_of(d->f, learner_of(2, 7)), 1);
    assert_int_equal(n_events_of(d->f, learner_of(2, 7)), 1);
}

static void test_tenants__nobodys_records_are_no_tenants(void **state)
{
    direct *d = *state;
    piq_record r = {.kind = PIQ_STR("key"),
                    .key = PIQ_STR("k"),
                    .at_us = T0,
                    .expires_us = INT64_MAX,
                    .document = PIQ_STR("{}")};
    assert_status(d->f, PIQ_OK,
                  d->f->s->ops->put_records(d->f->s, &r, 1, &d->f->err));
    postgres_must_ask(d->pg, "SET piq.tenant = '0'");
    assert_int_equal(count_rows(d, "records"), 0);
    postgres_must_ask(d->pg, "SET piq.tenant = '*'");
    assert_int_equal(count_rows(d, "records"), 1);
}

/* A partition has no policy, so asking it past its table gives nothing. */
static void test_tenants__a_partition_is_no_back_door(void **state)
{
    direct *d = *state;
    fill_learner(d->f, learner_of(1, 7));
    postgres_must_ask(d->pg, "SET piq.tenant = '*'");
    int64_t n = postgres_must_ask(
        d->pg, "SELECT count(*) FROM pg_inherits WHERE inhparent"
               " = 'events'::regclass");
    for (int64_t i = 0; i < n; i++) {
        char table[32];
        snprintf(table, sizeof table, "events_p%" PRId64, i);
        assert_int_equal(count_rows(d, table), 0);
    }
    assert_int_equal(count_rows(d, "events"), 1);
}

/* What a call has set is gone with it: another user of the same connection, as
 * behind a pooler, starts with nothing. */
static void test_tenants__what_a_call_may_see_ends_with_it(void **state)
{
    direct *d = *state;
    fill_learner(d->f, 7);
    char code[6];
    assert_int_equal(postgres_ask(d->pg, "BEGIN", code), 0);
    postgres_must_ask(d->pg,
                      "SELECT length(set_config('piq.tenant', '*', true))");
    assert_int_equal(count_rows(d, "events"), 1);
    assert_int_equal(postgres_ask(d->pg, "COMMIT", code), 0);
    assert_int_equal(count_rows(d, "events"), 0);
}

/* ---- numbers ------------------------------------------------------------- */

static size_t n_answers(store_fixture *f)
{
    piq_event_row *rows;
    size_t n;
    assert_status(
        f, PIQ_OK,
        f->s->ops->answers_after(f->s, &f->a, 0, 100, &rows, &n, &f->err));
    return n;
}

static size_t n_changes(store_fixture *f, int64_t *last)
{
    piq_change *rows;
    size_t n;
    assert_status(f, PIQ_OK,
                  f->s->ops->changes(f->s, &f->a, 0, 100, &rows, &n, &f->err));
    assert_status(f, PIQ_OK, f->s->ops->last_change(f->s, last, &f->err));
    return n;
}

/* Somebody has taken numbers and is not done: what came later waits. */
static void test_numbers__none_is_shown_before_one_still_to_come(void **state)
{
    direct *d = *state;
    store_fixture *f = d->f;
    char code[6];
    int64_t last;
    fill_learner(f, 1);
    assert_int_equal(n_answers(f), 1);
    size_t n = n_changes(f, &last);
    assert_int_equal(postgres_ask(d->pg, "BEGIN", code), 0);
    postgres_must_ask(d->pg,
                      "SELECT length(set_config('piq.tenant', '*', true))");
    postgres_must_ask(d->pg, "SELECT m FROM begin_write(123, 5, 0, 0, false)");
    fill_learner(f, 2);
    assert_int_equal(n_events_of(f, 2), 1); /* there, but */
    assert_int_equal(n_answers(f), 1);      /* not in the order of all */
    int64_t before = last;
    assert_int_equal(n_changes(f, &last), n);
    assert_int_equal(last, before);
    assert_int_equal(postgres_ask(d->pg, "COMMIT", code), 0);
    assert_int_equal(n_answers(f), 2);
    assert_true(n_changes(f, &last) > n);
    assert_true(last > before);
}

enum { N_STORES = 3, N_COMMITS = 40, N_ROWS = 5 };

typedef struct engine {
    store_fixture *f;
    piq_store *s;
    int number;
    atomic_int *n_running, *n_wrong;
} engine;

static void *commit_many(void *ctx)
{
    engine *e = ctx;
    for (int i = 0; i < N_COMMITS; i++) {
        piq_recommendation_row rec[N_ROWS];
        piq_event_row ev[N_ROWS];
        char ids[N_ROWS][32];
        for (int k = 0; k < N_ROWS; k++) {
            snprintf(ids[k], sizeof ids[k], "%d-%d-%d", e->number, i, k);
            rec[k] = recommendation_of(k + 1, i + 1);
            ev[k] = event_of(k + 1, ids[k], T0 + i);
        }
        piq_state_row st = state_of(1000 * e->number + i + 1, 0, "s");
        piq_commit c = {.recommendations = rec,
                        .n_recommendations = N_ROWS,
                        .events = ev,
                        .n_events = N_ROWS,
                        .states = &st,
                        .n_states = 1};
        piq_err err;
        if (e->s->ops->commit(e->s, &c, &err) != PIQ_OK) {
            fprintf(stderr, "%s\n", err.message);
            atomic_fetch_add(e->n_wrong, 1);
            continue;
        }
        for (int k = 1; k < N_ROWS; k++)
            if (rec[k].id != rec[0].id + k || ev[k].seq <= ev[k - 1].seq)
                atomic_fetch_add(e->n_wrong, 1);
    }
    atomic_fetch_sub(e->n_running, 1);
    return NULL;
}

typedef struct follower {
    int64_t seq, mark;
    size_t n_answers, n_changes;
} follower;

/* Goes on from where it was, as an engine does. */
static void follow(store_fixture *f, piq_arena *a, follower *w)
{
    piq_event_row *ev;
    piq_change *ch;
    size_t n;
    assert_status(
        f, PIQ_OK,
        f->s->ops->answers_after(f->s, a, w->seq, 7, &ev, &n, &f->err));
    for (size_t i = 0; i < n; i++) {
        assert_true(ev[i].seq > w->seq);
        w->seq = ev[i].seq;
    }
    w->n_answers += n;
    assert_status(f, PIQ_OK,
                  f->s->ops->changes(f->s, a, w->mark, 7, &ch, &n, &f->err));
    for (size_t i = 0; i < n; i++) {
        assert_true(ch[i].mark >= w->mark);
        w->mark = ch[i].mark;
    }
    w->n_changes += n;
    piq_arena_clear(a);
}

static void test_numbers__a_follower_misses_nothing(void **state)
{
    store_fixture *f = *state;
    engine engines[N_STORES];
    pthread_t threads[N_STORES];
    atomic_int n_running = N_STORES, n_wrong = 0;
    piq_arena a;
    piq_arena_init(&a, 0);
    for (int i = 0; i < N_STORES; i++) {
        engines[i] = (engine){.f = f,
                              .number = i + 1,
                              .n_running = &n_running,
                              .n_wrong = &n_wrong};
        assert_status(f, PIQ_OK,
                      f->kind->open(&f->place, &engines[i].s, &f->err));
    }
    for (int i = 0; i < N_STORES; i++)
        assert_int_equal(
            pthread_create(&threads[i], NULL, commit_many, &engines[i]), 0);
    follower w = {0};
    size_t n_all = (size_t)N_STORES * N_COMMITS * N_ROWS;
    while (atomic_load(&n_running) > 0)
        follow(f, &a, &w);
    for (size_t i = 0; i < n_all && w.n_answers < n_all; i++)
        follow(f, &a, &w);
    for (size_t i = 0; i < n_all; i++)
        follow(f, &a, &w);
    for (int i = 0; i < N_STORES; i++) {
        pthread_join(threads[i], NULL);
        engines[i].s->ops->close(engines[i].s);
    }
    piq_arena_release(&a);
    assert_int_equal(atomic_load(&n_wrong), 0);
    assert_int_equal(w.n_answers, n_all);
    assert_int_equal(w.n_changes, N_STORES * N_COMMITS);
}

/* ---- several writers ------------------------------------------------------
 */

typedef struct racer {
    piq_store *s;
    int64_t backwards; /* learners in this order or the other */
    int n_done, n_stale, n_wrong;
} racer;

/* All learners from the version last seen to the next. */
static void *race(void *ctx)
{
    racer *r = ctx;
    enum { N_LEARNERS = 12, N_ROUNDS = 30 };
    piq_arena a;
    piq_arena_init(&a, 0);
    for (int i = 0; i < N_ROUNDS; i++) {
        piq_state_row rows[N_LEARNERS];
        piq_err err;
        for (int k = 0; k < N_LEARNERS; k++) {
            int64_t user = 1 + (r->backwards ? N_LEARNERS - 1 - k : k);
            int64_t version = 0;
            piq_str body;
            piq_status st = r->s->ops->state(r->s, &a, (piq_user_id){user},
                                             &version, &body, &err);
            r->n_wrong += st != PIQ_OK && st != PIQ_ENOTFOUND;
            rows[k] = state_of(user, version, "s");
        }
        piq_commit c = {.states = rows, .n_states = N_LEARNERS};
        piq_status st = r->s->ops->commit(r->s, &c, &err);
        r->n_done += st == PIQ_OK;
        r->n_stale += st == PIQ_ESTALE;
        if (st != PIQ_OK && st != PIQ_ESTALE) {
            fprintf(stderr, "%s\n", err.message);
            r->n_wrong++;
        }
        piq_arena_clear(&a);
    }
    piq_arena_release(&a);
    return NULL;
}

/* Each commit that was done moved every learner by one: none was lost, and
 * none went in twice; the others were told that they were late. */
static void test_engines__every_update_is_counted_once(void **state)
{
    store_fixture *f = *state;
    racer racers[2] = {{.backwards = 0}, {.backwards = 1}};
    pthread_t threads[2];
    for (int i = 0; i < 2; i++)
        assert_status(f, PIQ_OK,
                      f->kind->open(&f->place, &racers[i].s, &f->err));
    for (int i = 0; i < 2; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, race, &racers[i]),
                         0);
    int n_done = 0;
    for (int i = 0; i < 2; i++) {
        pthread_join(threads[i], NULL);
        racers[i].s->ops->close(racers[i].s);
        assert_int_equal(racers[i].n_wrong, 0);
        n_done += racers[i].n_done;
    }
    for (int64_t user = 1; user <= 12; user++)
        assert_int_equal(version_of(f, user), n_done);
}

typedef struct opener {
    const char *schema;
    piq_status status;
    piq_err err;
} opener;

static void *open_and_close(void *ctx)
{
    opener *o = ctx;
    piq_store *s;
    o->status =
        postgres_open_schema(postgres_conninfo(), o->schema, 0, &s, &o->err);
    if (o->status == PIQ_OK)
        s->ops->close(s);
    return NULL;
}

static void test_engines__may_make_the_schema_at_once(void **state)
{
    (void)state;
    char schema[64];
    postgres_name_schema(schema, sizeof schema);
    opener openers[3];
    pthread_t threads[3];
    for (int i = 0; i < 3; i++) {
        openers[i] = (opener){.schema = schema};
        assert_int_equal(
            pthread_create(&threads[i], NULL, open_and_close, &openers[i]), 0);
    }
    for (int i = 0; i < 3; i++) {
        pthread_join(threads[i], NULL);
        if (openers[i].status != PIQ_OK)
            fail_msg("%s", openers[i].err.message);
    }
    postgres_drop_schema(schema);
}

/* ---- places and roles ------------------------------------------------------
 */

static piq_status open_options(const char *conninfo, const char *schema,
                               piq_err *err)
{
    piq_store *s;
    const piq_postgres_options o = {
        .schema = schema, .n_connections = 1, .patience_ms = 1};
    piq_status st = piq_postgres_open(conninfo, &o, &s, err);
    if (st == PIQ_OK)
        s->ops->close(s);
    return st;
}

static void test_place__of_others_is_left_alone(void **state)
{
    direct *d = *state;
    piq_err err;
    postgres_must_ask(d->pg, "CREATE SCHEMA not_ours");
    postgres_must_ask(d->pg, "CREATE TABLE not_ours.things (n INTEGER)");
    assert_int_equal(open_options(postgres_conninfo(), "not_ours", &err),
                     PIQ_EINVAL);
    postgres_must_ask(d->pg, "SET client_min_messages = error");
    postgres_must_ask(d->pg, "DROP SCHEMA not_ours CASCADE");
}

static void test_place__of_a_newer_program_is_left_alone(void **state)
{
    direct *d = *state;
    piq_err err;
    postgres_must_ask(d->pg,
                      "INSERT INTO schema_migrations VALUES (9999, 'later')");
    assert_int_equal(open_options(postgres_conninfo(), d->f->place.name, &err),
                     PIQ_EINVAL);
    assert_non_null(strstr(err.message, "9999"));
    postgres_must_ask(d->pg,
                      "DELETE FROM schema_migrations WHERE version = 9999");
}

static void test_role__above_row_security_is_refused(void **state)
{
    (void)state;
    piq_err err;
    const char *admin = getenv("PIQ_TEST_POSTGRES_ADMIN");
    if (admin == NULL)
        skip();
    assert_int_equal(open_options(admin, "never_made", &err), PIQ_EDENIED);
    assert_true(err.hint[0] != '\0');
}

static void test_conninfo__secrets_are_never_repeated(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "postgresql://piq:Sesame9@127.0.0.1:1/piq",
        "postgresql://piq:Sesame9@127.0.0.1:1/piq?nonsense=1",
        "postgres:host=/nowhere user=piq password=Sesame9 dbname=piq",
        "postgres:host=127.0.0.1 port=1 password='Sesame9",
        "postgres:Sesame9",
        "postgresql://piq:Sesame9@h/piq?piq_schema=Bad",
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        piq_err err = {0};
        char shown[400];
        assert_true(open_options(bad[i], NULL, &err) != PIQ_OK);
        assert_null(strstr(err.message, "Sesame9"));
        assert_null(strstr(err.where, "Sesame9"));
        assert_null(strstr(err.hint, "Sesame9"));
        piq_postgres_redact(bad[i], shown, sizeof shown);
        assert_null(strstr(shown, "Sesame9"));
    }
}

static void test_conninfo__wrong_password_is_denied_at_once(void **state)
{
    (void)state;
    char conninfo[600];
    piq_err err;
    snprintf(conninfo, sizeof conninfo, "%s password=Sesame9",
             postgres_conninfo());
    assert_int_equal(open_options(conninfo, "never_made", &err), PIQ_EDENIED);
    assert_null(strstr(err.message, "Sesame9"));
}

static void test_conninfo__our_words_are_taken_out(void **state)
{
    direct *d = *state;
    char conninfo[700];
    piq_err err;
    piq_store *s;
    snprintf(conninfo, sizeof conninfo,
             "postgres:piq_schema=%s %s piq_pool=2 piq_prepare=1",
             d->f->place.name, postgres_conninfo());
    fill_learner(d->f, 5);
    if (piq_postgres_open(conninfo, NULL, &s, &err) != PIQ_OK)
        fail_msg("%s", err.message);
    piq_store *mine = d->f->s;
    d->f->s = s;
    for (int i = 0; i < 3; i++) /* prepared, then used again */
        assert_int_equal(version_of(d->f, 5), 1);
    fill_learner(d->f, 6);
    fill_learner(d->f, 8);
    d->f->s = mine;
    s->ops->close(s);
    assert_int_equal(version_of(d->f, 8), 1);
}

#define DIRECT_TEST(test)                                                      \
    cmocka_unit_test_setup_teardown(test, direct_setup, direct_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        DIRECT_TEST(test_tenants__without_saying_whose_nothing_is_seen),
        DIRECT_TEST(test_tenants__one_does_not_see_anothers_rows),
        DIRECT_TEST(test_tenants__nobodys_records_are_no_tenants),
        DIRECT_TEST(test_tenants__what_a_call_may_see_ends_with_it),
        STORE_TEST(test_numbers__a_follower_misses_nothing),
        STORE_TEST(test_engines__every_update_is_counted_once),
    };
    /* Over shards: test_postgres_shards.c. */
    const struct CMUnitTest in_one[] = {
        DIRECT_TEST(test_tenants__one_does_not_write_anothers_rows),
        DIRECT_TEST(test_tenants__a_partition_is_no_back_door),
        DIRECT_TEST(test_numbers__none_is_shown_before_one_still_to_come),
    };
    const struct CMUnitTest once[] = {
        cmocka_unit_test(test_engines__may_make_the_schema_at_once),
        DIRECT_TEST(test_place__of_others_is_left_alone),
        DIRECT_TEST(test_place__of_a_newer_program_is_left_alone),
        cmocka_unit_test(test_role__above_row_security_is_refused),
        cmocka_unit_test(test_conninfo__secrets_are_never_repeated),
        cmocka_unit_test(test_conninfo__wrong_password_is_denied_at_once),
        DIRECT_TEST(test_conninfo__our_words_are_taken_out),
    };
    int n_failed = 0;
    for (size_t k = 1; k < sizeof store_kinds / sizeof store_kinds[0]; k++)
        n_failed += store_run_tests_on(&store_kinds[k], tests,
                                       sizeof tests / sizeof tests[0]);
    for (size_t k = 1; k < sizeof store_kinds / sizeof store_kinds[0]; k++)
        if (!is_spread(&store_kinds[k]))
            n_failed += store_run_tests_on(&store_kinds[k], in_one,
                                           sizeof in_one / sizeof in_one[0]);
    return n_failed + store_run_tests_on(&store_kinds[1], once,
                                         sizeof once / sizeof once[0]);
}
