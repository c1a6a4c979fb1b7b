/* store_contract.h - what the tests of a store start from: a place that can be
 * opened, closed and opened again, and rows to put into it.
 *
 * A backend joins the suite with one more store_place_kind in store_kinds[].
 * The tests speak store.h only, so that what they ask holds for every backend.
 */
#ifndef PIQ_TESTS_STORE_CONTRACT_H
#define PIQ_TESTS_STORE_CONTRACT_H

#include "contract/postgres_place.h"
#include "store/sqlite/sqlite_store.h"
#include "store/store.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

/* ---- places ---------------------------------------------------------- */

typedef struct store_place {
    char name[256]; /* a file, a schema */
    void *memory;   /* of a backend that has no file */
} store_place;

typedef struct store_place_kind {
    const char *backend;
    /* A place where nothing is yet; false: this backend is not here. */
    bool (*make)(store_place *p);
    piq_status (*open)(const store_place *p, piq_store **out, piq_err *err);
    void (*destroy)(const store_place *p);
} store_place_kind;

static inline void sqlite_place_destroy(const store_place *p)
{
    static const char *const suffixes[] = {"", "-wal", "-shm", "-journal"};
    for (size_t i = 0; i < 4; i++) {
        char name[300];
        snprintf(name, sizeof name, "%s%s", p->name, suffixes[i]);
        unlink(name);
    }
}

static inline bool sqlite_place_make(store_place *p)
{
    const char *tmp = getenv("TMPDIR");
    snprintf(p->name, sizeof p->name, "%s/piq_store_XXXXXX",
             tmp != NULL ? tmp : "/tmp");
    int fd = mkstemp(p->name);
    if (fd < 0)
        return false;
    close(fd); /* an empty file counts as new */
    return true;
}

static inline piq_status sqlite_place_open(const store_place *p,
                                           piq_store **out, piq_err *err)
{
    return piq_sqlite_open(p->name, NULL, out, err);
}

static inline bool postgres_place_make(store_place *p)
{
    return postgres_take_place(0, p->name, sizeof p->name);
}

static inline bool partitioned_place_make(store_place *p)
{
    return postgres_take_place(3, p->name, sizeof p->name);
}

static inline piq_status postgres_place_open(const store_place *p,
                                             piq_store **out, piq_err *err)
{
    return postgres_open_schema(postgres_conninfo(), p->name, 0, out, err);
}

static inline piq_status partitioned_place_open(const store_place *p,
                                                piq_store **out, piq_err *err)
{
    return postgres_open_schema(postgres_conninfo(), p->name, 3, out, err);
}

static inline piq_status pooled_place_open(const store_place *p,
                                           piq_store **out, piq_err *err)
{
    return postgres_open_schema(getenv("PIQ_TEST_PGBOUNCER"), p->name, 0, out,
                                err);
}

static inline void postgres_place_destroy(const store_place *p)
{
    postgres_give_back(p->name, false);
}

/* Not the places of other layouts. */
enum { SPREAD_PLACE = 1000000 };

static inline bool spread_place_make(store_place *p)
{
    return postgres_take_place(SPREAD_PLACE, p->name, sizeof p->name);
}

static inline piq_status spread_place_open(const store_place *p,
                                           piq_store **out, piq_err *err)
{
    return postgres_open_spread(postgres_conninfo(), p->name, out, err);
}

static inline bool is_spread(const store_place_kind *kind)
{
    return kind->open == spread_place_open;
}

static inline void spread_place_destroy(const store_place *p)
{
    postgres_give_back(p->name, true);
}

static const store_place_kind store_kinds[] = {
    {"sqlite", sqlite_place_make, sqlite_place_open, sqlite_place_destroy},
    {"postgres", postgres_place_make, postgres_place_open,
     postgres_place_destroy},
    {"postgres, partitioned", partitioned_place_make, partitioned_place_open,
     postgres_place_destroy},
    {"postgres, PgBouncer", postgres_place_make, pooled_place_open,
     postgres_place_destroy},
    {"postgres, shards", spread_place_make, spread_place_open,
     spread_place_destroy},
};

/* ---- a test's fixture ------------------------------------------------- */

typedef struct store_fixture {
    const store_place_kind *kind;
    store_place place;
    piq_store *s;
    piq_arena a;
    piq_err err;
} store_fixture;

static inline void fixture_open(store_fixture *f)
{
    if (f->kind->open(&f->place, &f->s, &f->err) != PIQ_OK)
        fail_msg("%s", f->err.message);
}

static inline void fixture_reopen(store_fixture *f)
{
    f->s->ops->close(f->s);
    fixture_open(f);
}

/* cmocka's setup gives the kind in *state and takes the fixture there. */
static inline int fixture_setup(void **state)
{
    store_fixture *f = calloc(1, sizeof *f);
    assert_non_null(f);
    f->kind = *state != NULL ? *state : &store_kinds[0];
    assert_true(f->kind->make(&f->place));
    piq_arena_init(&f->a, 0);
    fixture_open(f);
    *state = f;
    return 0;
}

static inline int fixture_teardown(void **state)
{
    store_fixture *f = *state;
    f->s->ops->close(f->s);
    f->kind->destroy(&f->place);
    piq_arena_release(&f->a);
    free(f);
    return 0;
}

/* ---- rows ------------------------------------------------------------ */

#define T0 INT64_C(1767225600000000) /* 2026-01-01T00:00:00Z */

static inline piq_event_row event_of(int64_t user, const char *id,
                                     int64_t at_us)
{
    return (piq_event_row){
        .user = {user},
        .event_id = piq_str_of(id),
        .at_us = at_us,
        .received_us = at_us + 7,
        .type = PIQ_EV_ANSWER,
        .catalogue_version = 3,
        .calibration = 2,
        .item = {41},
        .score = 0.75F,
        .predicted = 0.1F,
        .ability_logit = -1.3F,
        .ability_variance = 0.7F,
        .body = PIQ_STR("{\"type\":\"answer\",\"text\":\"caf\xc3\xa9\"}"),
    };
}

static inline piq_state_row state_of(int64_t user, int64_t from,
                                     const char *body)
{
    return (piq_state_row){.user = {user},
                           .version = from + 1,
                           .from_version = from,
                           .body = piq_str_of(body)};
}

static inline piq_recommendation_row recommendation_of(int64_t user,
                                                       int64_t content)
{
    return (piq_recommendation_row){
        .user = {user},
        .type = PIQ_LESSON,
        .content = {content},
        .score = 0.1 + (double)content,
        .reasoning = PIQ_STR("{\"why\":[1,2]}"),
        .recommended_us = T0 + content,
    };
}

static inline piq_path_row path_of(int64_t user, const char *config)
{
    return (piq_path_row){
        .user = {user},
        .state_version = 4,
        .path_config = piq_str_of(config),
        .current_position = 2,
        .estimated_completion_us = T0 + 123456,
        .adaptation_history = PIQ_STR("[]"),
        .created_us = T0,
    };
}

static inline piq_profile_row profile_of(int64_t user, int64_t state_version)
{
    return (piq_profile_row){
        .user = {user},
        .state_version = state_version,
        .skill_profile = PIQ_STR("{\"weak_areas\":[]}"),
        .learning_style = PIQ_STR("{\"preferred_content_type\":\"mixed\"}"),
        .behavioral_metrics = PIQ_STR("{}"),
        .goals = PIQ_STR("{\"priority_areas\":[]}"),
        .updated_us = T0 + state_version,
    };
}

/* ---- short forms ----------------------------------------------------- */

#define assert_status(f, expected, call)                                       \
    do {                                                                       \
        piq_status status_ = (call);                                           \
        if (status_ != (expected))                                             \
            fail_msg("%s: %s (%s)", #call, piq_status_text(status_),           \
                     (f)->err.message);                                        \
    } while (0)

#define assert_str(expected, s)                                                \
    do {                                                                       \
        piq_str s_ = (s);                                                      \
        assert_int_equal(s_.len, strlen(expected));                            \
        assert_memory_equal(s_.ptr, expected, s_.len);                         \
    } while (0)

static inline piq_status commit(store_fixture *f, piq_commit *c)
{
    return f->s->ops->commit(f->s, c, &f->err);
}

static inline void must_commit(store_fixture *f, piq_commit c)
{
    assert_status(f, PIQ_OK, commit(f, &c));
}

/* The version of the learner's state; 0: there is none. */
static inline int64_t version_of(store_fixture *f, int64_t user)
{
    int64_t version = 0;
    piq_str body;
    piq_status st = f->s->ops->state(f->s, &f->a, (piq_user_id){user}, &version,
                                     &body, &f->err);
    if (st != PIQ_ENOTFOUND)
        assert_status(f, PIQ_OK, st);
    return version;
}

static inline size_t n_events_of(store_fixture *f, int64_t user)
{
    piq_event_range all = {.user = {user},
                           .after_us = INT64_MIN,
                           .until_us = INT64_MAX,
                           .limit = SIZE_MAX};
    piq_event_row *rows;
    size_t n = 0;
    assert_status(f, PIQ_OK,
                  f->s->ops->events(f->s, &f->a, &all, &rows, &n, &f->err));
    return n;
}

/* ---- running --------------------------------------------------------- */

#define STORE_TEST(test)                                                       \
    cmocka_unit_test_setup_teardown(test, fixture_setup, fixture_teardown)

enum { STORE_MAX_TESTS = 64 };

/* Of the environment, where a backend's server is. NULL: it needs none. */
static inline const char *store_server_of(const store_place_kind *kind)
{
    if (strcmp(kind->backend, "postgres, PgBouncer") == 0)
        return "PIQ_TEST_PGBOUNCER";
    if (strcmp(kind->backend, "postgres, shards") == 0)
        return "PIQ_TEST_SHARDS";
    return strncmp(kind->backend, "postgres", 8) == 0 ? "PIQ_TEST_POSTGRES"
                                                      : NULL;
}

static inline void test_store__needs_a_server(void **state)
{
    const store_place_kind *kind = *state;
    fprintf(stderr, "%s: %s is not set (tools/with_postgres sets it)\n",
            kind->backend, store_server_of(kind));
    skip();
}

static inline int store_skip_tests_on(const store_place_kind *kind)
{
    const struct CMUnitTest tests[] = {
        {.name = kind->backend,
         .test_func = test_store__needs_a_server,
         .initial_state = (void *)(uintptr_t)kind}};
    return _cmocka_run_group_tests(kind->backend, tests, 1, NULL, NULL);
}

/* The tests on one backend. Number of failures. */
static inline int store_run_tests_on(const store_place_kind *kind,
                                     const struct CMUnitTest *tests, size_t n)
{
    struct CMUnitTest here[STORE_MAX_TESTS] = {0};
    if (n > STORE_MAX_TESTS)
        return 1;
    const char *server = store_server_of(kind);
    if (server != NULL && getenv(server) == NULL)
        return store_skip_tests_on(kind);
    for (size_t i = 0; i < n; i++) {
        here[i] = tests[i];
        here[i].initial_state = (void *)(uintptr_t)kind;
    }
    int n_failed = _cmocka_run_group_tests(kind->backend, here, n, NULL, NULL);
    postgres_drop_places();
    return n_failed;
}

/* The tests on every backend that is here. Number of failures. */
static inline int store_run_tests(const struct CMUnitTest *tests, size_t n)
{
    int n_failed = 0;
    for (size_t k = 0; k < sizeof store_kinds / sizeof store_kinds[0]; k++)
        n_failed += store_run_tests_on(&store_kinds[k], tests, n);
    return n_failed;
}

#endif
