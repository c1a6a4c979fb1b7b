/* threads:tsan
 * Three engines on one database are one: whatever they are given at once, the
 * state is that of the serial fold, nothing is lost, and their answers are
 * equal once each has seen what the others did. */
#include "engine/engine.h"

#include "base/json_writer.h"
#include "base/rng.h"
#include "domain/profile.h"
#include "insight/profile.h"
#include "learner/learner.h"
#include "support/engines_world.h"

#include <math.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

enum { N_USERS = 6, N_EVENTS = 60, MOST_TRIES = 400 };

typedef struct world {
    engines_world *in;
    piq_engine **e;
    engine_fixture *f;
    piq_event *events[N_USERS];
    size_t n[N_USERS];
} world;

static int set_up(void **state)
{
    world *w = calloc(1, sizeof *w);
    assert_non_null(w);
    w->in = engines_world_new(*state);
    w->e = w->in->e;
    w->f = &w->in->f;
    for (int u = 0; u < N_USERS; u++) {
        w->n[u] = N_EVENTS;
        w->events[u] = fixture_simulate(w->f, piq_engine_catalogue(w->e[0]),
                                        (uint64_t)(u + 1), u + 1, &w->n[u]);
    }
    *state = w;
    return 0;
}

static int tear_down(void **state)
{
    world *w = *state;
    engines_world_free(w->in);
    free(w);
    return 0;
}

/* One client: everybody's events, each learner's in an order of its own, to one
 * engine after another, or to one alone. What is refused as too busy is sent
 * again, as a client would. */
typedef struct client {
    world *w;
    uint64_t seed;
    int engine; /* -1: round robin */
    size_t part, n_parts;
    pthread_t thread;
    size_t n_accepted, n_failed;
} client;

static void send_one(client *c, piq_engine *e, int user, const piq_event *x)
{
    fixture_posted p = {.status = PIQ_EBUSY};
    for (int i = 0; i < MOST_TRIES && p.status == PIQ_EBUSY; i++) {
        if (i > 0)
            fixture_sleep_ms(1);
        p = fixture_post_to(e, user + 1, x, 1, -1);
    }
    c->n_accepted += p.n_accepted;
    c->n_failed += p.status != PIQ_OK;
}

static void *send_all(void *ctx)
{
    client *c = ctx;
    world *w = c->w;
    piq_rng r;
    int at = c->engine;
    piq_rng_seed(&r, c->seed);
    for (size_t i = 0; i < N_EVENTS; i++)
        for (int u = 0; u < N_USERS; u++) {
            if (i >= w->n[u] || i % c->n_parts != c->part)
                continue;
            if (c->engine < 0)
                at = (at + 1) % N_ENGINES;
            send_one(c, w->e[at < 0 ? 0 : at], u, &w->events[u][i]);
        }
    return NULL;
}

static void run_clients(client *list, size_t n)
{
    for (size_t i = 0; i < n; i++)
        assert_int_equal(
            pthread_create(&list[i].thread, NULL, send_all, &list[i]), 0);
    for (size_t i = 0; i < n; i++) {
        pthread_join(list[i].thread, NULL);
        assert_int_equal(list[i].n_failed, 0);
    }
}

static piq_str stored(world *w, int64_t user, int64_t *version)
{
    piq_store *s = piq_engine_store(w->e[0]);
    piq_str body;
    assert_int_equal(
        s->ops->state(s, &w->f->a, (piq_user_id){user}, version, &body, NULL),
        PIQ_OK);
    return body;
}

static void check_fold(world *w)
{
    for (int u = 0; u < N_USERS; u++) {
        bool same = false;
        uint64_t digest;
        size_t n;
        piq_err err;
        for (int i = 0; i < N_ENGINES; i++) {
            if (piq_engine_replay(w->e[i], (piq_user_id){u + 1}, &same, &digest,
                                  &n, &err))
                fail_msg("%s", err.message);
            assert_true(same);
            assert_int_equal(n, w->n[u]);
        }
    }
}

/* What an engine answers of a learner, as JSON. */
static piq_str profile_of(world *w, piq_engine *e, int64_t user)
{
    piq_learner_ref ref;
    piq_profile p;
    piq_buf b;
    piq_json_writer j;
    piq_err err;
    if (piq_engine_learner(e, (piq_user_id){user}, &ref, &err))
        fail_msg("%s", err.message);
    piq_belief *beliefs =
        piq_new(&w->f->a, piq_belief, ref.catalogue->n_concepts);
    piq_judge judge = piq_engine_judge(e, ref.model);
    assert_non_null(beliefs);
    assert_int_equal(piq_learner_judged(ref.learner, &judge, ref.catalogue,
                                        FIXTURE_NOW_US, beliefs),
                     PIQ_OK);
    assert_int_equal(piq_profile_make(&w->f->a, ref.learner, ref.catalogue,
                                      beliefs, FIXTURE_NOW_US, &p),
                     PIQ_OK);
    piq_buf_init(&b, 0);
    piq_json_init(&j, &b);
    piq_json_array(&j);
    piq_profile_write(&p, ref.catalogue, &j);
    piq_json_int(&j, ref.learner->version);
    piq_json_array_end(&j);
    piq_str text = piq_buf_keep(&b, &w->f->a);
    assert_non_null(text.ptr);
    piq_buf_release(&b);
    piq_learner_ref_release(&ref);
    return text;
}

static void check_equal_answers(world *w)
{
    for (int i = 0; i < N_ENGINES; i++)
        engine_file_settle(w->e[i]);
    for (int u = 0; u < N_USERS; u++) {
        piq_str first = profile_of(w, w->e[0], u + 1);
        for (int i = 1; i < N_ENGINES; i++)
            assert_true(piq_str_eq(first, profile_of(w, w->e[i], u + 1)));
    }
}

/* The same events in order, to one engine on a file of its own. */
static void check_against_one(world *w)
{
    engine_file file = engine_file_new();
    piq_engine_config config = fixture_quiet();
    piq_engine *one = engine_file_open(&file, &config);
    piq_store *s = piq_engine_store(one);
    engine_file_load(one);
    for (int u = 0; u < N_USERS; u++) {
        int64_t version;
        piq_str body;
        fixture_posted p =
            fixture_post_to(one, u + 1, w->events[u], w->n[u], -1);
        assert_int_equal(p.status, PIQ_OK);
        assert_int_equal(s->ops->state(s, &w->f->a, (piq_user_id){u + 1},
                                       &version, &body, NULL),
                         PIQ_OK);
        assert_true(piq_str_eq(stored(w, u + 1, &version), body));
    }
    piq_engine_close(one);
    engine_file_remove(&file);
}

static size_t n_events(const world *w)
{
    size_t n = 0;
    for (int u = 0; u < N_USERS; u++)
        n += w->n[u];
    return n;
}

/* ---- the laws -------------------------------------------------------------
 */

/* Each engine gets a third of every learner's events, all at once, so that each
 * is overtaken by the others all the time and most events come late. */
static void test_engines__thirds_at_once_are_the_serial_fold(void **state)
{
    world *w = *state;
    client list[N_ENGINES] = {0};
    size_t accepted = 0;
    for (int i = 0; i < N_ENGINES; i++)
        list[i] = (client){
            .w = w, .engine = i, .part = (size_t)i, .n_parts = N_ENGINES};
    run_clients(list, N_ENGINES);
    for (int i = 0; i < N_ENGINES; i++)
        accepted += list[i].n_accepted;
    assert_int_equal(accepted, n_events(w));
    check_fold(w);
    check_equal_answers(w);
    check_against_one(w);
}

/* Every event to all three at once: each is taken once. */
static void test_engines__the_same_event_everywhere_counts_once(void **state)
{
    world *w = *state;
    client list[N_ENGINES] = {0};
    size_t accepted = 0;
    for (int i = 0; i < N_ENGINES; i++)
        list[i] = (client){.w = w, .engine = i, .n_parts = 1};
    run_clients(list, N_ENGINES);
    for (int i = 0; i < N_ENGINES; i++)
        accepted += list[i].n_accepted;
    assert_int_equal(accepted, n_events(w));
    check_fold(w);
    check_equal_answers(w);
    check_against_one(w);
}

/* A client behind a balancer sees its own writes once the feeds have settled.
 */
static void test_engines__a_round_robin_client_sees_one_engine(void **state)
{
    world *w = *state;
    client one = {.w = w, .engine = -1, .n_parts = 1};
    run_clients(&one, 1);
    assert_int_equal(one.n_accepted, n_events(w));
    check_fold(w);
    check_equal_answers(w);
    check_against_one(w);
}

/* One goes away while the others are at work: what it acknowledged is there,
 * and they go on. */
static void test_engines__one_that_leaves_loses_nothing(void **state)
{
    world *w = *state;
    piq_engine_config config = fixture_quiet();
    client list[N_ENGINES] = {0};
    for (int i = 0; i < N_ENGINES; i++)
        list[i] = (client){
            .w = w, .engine = i, .part = (size_t)i, .n_parts = N_ENGINES};
    for (int i = 0; i < N_ENGINES; i++)
        assert_int_equal(
            pthread_create(&list[i].thread, NULL, send_all, &list[i]), 0);
    pthread_join(list[2].thread, NULL);
    piq_engine_close(w->e[2]); /* the others may still be sending */
    w->e[2] = engine_file_open(&w->in->file, &config);
    for (int i = 0; i < 2; i++)
        pthread_join(list[i].thread, NULL);
    for (int i = 0; i < N_ENGINES; i++)
        assert_int_equal(list[i].n_failed, 0);
    check_fold(w);
    check_equal_answers(w);
}

int main(void)
{
#define WITH(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        WITH(test_engines__thirds_at_once_are_the_serial_fold),
        WITH(test_engines__the_same_event_everywhere_counts_once),
        WITH(test_engines__a_round_robin_client_sees_one_engine),
        WITH(test_engines__one_that_leaves_loses_nothing),
    };
    return engines_world_run(tests, sizeof tests / sizeof tests[0]);
}
