/* threads:tsan
 * Three engines on one database, everybody's events and what voids some of them
 * sent to any of them at once: in the end each learner is the one who never did
 * what was voided, each void was taken once, and everybody answers so. */
#include "engine/voids.h"

#include "base/rng.h"
#include "learner/learner.h"
#include "support/engines_world.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

enum { N_USERS = 4, N_EVENTS = 72, N_CLIENTS = 3, MOST_TRIES = 600 };

typedef struct world {
    engines_world *in;
    engine_fixture *twin; /* in memory: the serial fold of what is left */
    piq_event *events[N_USERS], voids[N_USERS][N_EVENTS];
    size_t n[N_USERS];
} world;

/* One in three. */
static bool is_voided(size_t i)
{
    return i % 3 == 1;
}

static piq_event void_of(world *w, int user, size_t i)
{
    char id[32];
    engine_fixture *f = &w->in->f;
    piq_event e = fixture_event(f, 0, 80 * 86400, PIQ_EV_VOIDED);
    int len = snprintf(id, sizeof id, "void-%d-%zu", user, i);
    e.event_id =
        (piq_str){piq_arena_strndup(&f->a, id, (size_t)len), (size_t)len};
    e.u.voided.voids = w->events[user][i].event_id;
    return e;
}

static int set_up(void **state)
{
    world *w = calloc(1, sizeof *w);
    assert_non_null(w);
    w->in = engines_world_new(*state);
    w->twin = fixture_new(NULL);
    for (int u = 0; u < N_USERS; u++) {
        w->n[u] = N_EVENTS;
        w->events[u] =
            fixture_simulate(&w->in->f, piq_engine_catalogue(w->in->e[0]),
                             (uint64_t)(u + 1), u + 1, &w->n[u]);
        for (size_t i = 0; i < w->n[u]; i++) {
            w->voids[u][i] = void_of(w, u, i);
            if (!is_voided(i))
                fixture_post(w->twin, u + 1, &w->events[u][i], 1);
        }
    }
    *state = w;
    return 0;
}

static int tear_down(void **state)
{
    world *w = *state;
    engines_world_free(w->in);
    fixture_free(w->twin);
    free(w);
    return 0;
}

/* ---- clients ------------------------------------------------------------ */

typedef struct client {
    world *w;
    uint64_t seed;
    pthread_t thread;
    size_t n_accepted, n_duplicates, n_failed;
} client;

/* A void that comes before what it voids is refused, and sent again. */
static void send_one(client *c, piq_engine *e, int user, const piq_event *x)
{
    fixture_posted p = {.status = PIQ_EBUSY};
    for (int i = 0; i < MOST_TRIES && p.status; i++) {
        if (i > 0)
            fixture_sleep_ms(2);
        p = fixture_post_to(e, user + 1, x, 1, -1);
        if (p.status && p.status != PIQ_EBUSY && p.status != PIQ_EINVAL)
            break;
    }
    c->n_accepted += p.status ? 0 : p.n_accepted;
    c->n_duplicates += p.status ? 0 : p.n_duplicates;
    c->n_failed += p.status != PIQ_OK;
}

/* Everything, as all the others do: each is news for one of them. */
static void *send_all(void *ctx)
{
    client *c = ctx;
    world *w = c->w;
    piq_rng r;
    piq_rng_seed(&r, c->seed);
    for (size_t i = 0; i < N_EVENTS; i++)
        for (int u = 0; u < N_USERS; u++) {
            piq_engine **e = w->in->e;
            send_one(c, e[piq_rng_below(&r, N_ENGINES)], u, &w->events[u][i]);
            size_t back = (size_t)piq_rng_below(&r, 9);
            if (i >= back && is_voided(i - back))
                send_one(c, e[piq_rng_below(&r, N_ENGINES)], u,
                         &w->voids[u][i - back]);
        }
    for (size_t i = 0; i < N_EVENTS; i++)
        for (int u = 0; u < N_USERS; u++)
            if (is_voided(i))
                send_one(c, w->in->e[i % N_ENGINES], u, &w->voids[u][i]);
    return NULL;
}

/* ---- laws --------------------------------------------------------------- */

static void check_learner(world *w, piq_engine *e, int64_t user, size_t n)
{
    piq_learner_ref mine, twin;
    piq_learner *copy;
    piq_buf a, b;
    piq_err err = {0};
    if (piq_engine_learner(e, (piq_user_id){user}, &mine, &err) ||
        piq_engine_learner(w->twin->e, (piq_user_id){user}, &twin, &err))
        fail_msg("%s", err.message);
    assert_int_equal(mine.learner->n_events, n);
    assert_int_equal(piq_learner_copy(twin.learner, &copy), PIQ_OK);
    copy->n_events = mine.learner->n_events;
    copy->last_us = mine.learner->last_us;
    memcpy(copy->last_event_id, mine.learner->last_event_id,
           sizeof copy->last_event_id);
    piq_buf_init(&a, 0);
    piq_buf_init(&b, 0);
    piq_learner_encode(mine.learner, &a);
    piq_learner_encode(copy, &b);
    assert_int_equal(a.len, b.len);
    assert_memory_equal(a.ptr, b.ptr, a.len);
    piq_buf_release(&a);
    piq_buf_release(&b);
    piq_learner_free(copy);
    piq_learner_ref_release(&mine);
    piq_learner_ref_release(&twin);
}

static void check_replay(piq_engine *e, int64_t user)
{
    bool same = false;
    uint64_t digest;
    size_t n;
    piq_err err = {0};
    if (piq_engine_replay(e, (piq_user_id){user}, &same, &digest, &n, &err))
        fail_msg("%s", err.message);
    assert_true(same);
}

static void test_engines__void_what_others_have_taken(void **state)
{
    world *w = *state;
    client list[N_CLIENTS];
    size_t n_accepted = 0, n_all = 0;
    for (int i = 0; i < N_CLIENTS; i++) {
        list[i] = (client){.w = w, .seed = (uint64_t)i + 1};
        assert_int_equal(
            pthread_create(&list[i].thread, NULL, send_all, &list[i]), 0);
    }
    for (int i = 0; i < N_CLIENTS; i++) {
        pthread_join(list[i].thread, NULL);
        assert_int_equal(list[i].n_failed, 0);
        n_accepted += list[i].n_accepted;
    }
    engines_world_settle(w->in);
    for (int u = 0; u < N_USERS; u++) {
        size_t n = w->n[u];
        for (size_t i = 0; i < w->n[u]; i++)
            n += is_voided(i);
        n_all += n;
        for (int i = 0; i < N_ENGINES; i++) {
            check_learner(w, w->in->e[i], u + 1, n);
            check_replay(w->in->e[i], u + 1);
        }
    }
    assert_int_equal(n_accepted, n_all);
}

/* Two voids of one event at the same moment, by two engines. */
typedef struct race {
    piq_engine *e;
    piq_event v;
    pthread_t thread;
    fixture_posted p;
} race;

static void *run_race(void *ctx)
{
    race *r = ctx;
    r->p = fixture_post_to(r->e, 1, &r->v, 1, -1);
    return NULL;
}

static void test_engines__void_an_event_once(void **state)
{
    world *w = *state;
    fixture_post(&w->in->f, 1, w->events[0], w->n[0]);
    for (size_t k = 0; k < 12; k++) {
        race two[2];
        for (int i = 0; i < 2; i++) {
            two[i] = (race){.e = w->in->e[i], .v = w->voids[0][k]};
            two[i].v.event_id = w->voids[1 + i][k].event_id;
            assert_int_equal(
                pthread_create(&two[i].thread, NULL, run_race, &two[i]), 0);
        }
        for (int i = 0; i < 2; i++) {
            pthread_join(two[i].thread, NULL);
            assert_int_equal(two[i].p.status, PIQ_OK);
        }
        assert_int_equal(two[0].p.n_accepted + two[1].p.n_accepted, 1);
        assert_int_equal(two[0].p.n_duplicates + two[1].p.n_duplicates, 1);
    }
    engines_world_settle(w->in);
    for (int i = 0; i < N_ENGINES; i++)
        check_replay(w->in->e[i], 1);
}

/* What was recommended, on this database. */
static void test_engines__void_feedback(void **state)
{
    world *w = *state;
    engine_fixture *f = &w->in->f;
    piq_store *s = piq_engine_store(f->e);
    piq_recommendation_row row;
    fixture_post(f, 1, w->events[0], 5);
    piq_op_free(fixture_run(f, PIQ_OP_SLATE, 1, FIXTURE_NOW_US));
    piq_event told[2], v[2];
    for (unsigned i = 0; i < 2; i++) {
        told[i] = fixture_event(f, 900 + i, 90 * 86400 + i,
                                PIQ_EV_RECOMMENDATION_FEEDBACK);
        told[i].u.feedback = (piq_feedback_event){
            .recommendation_id = 1,
            .content = {PIQ_NO_IX32},
            .action = i ? PIQ_ACTION_DISMISSED : PIQ_ACTION_ACCEPTED,
            .feedback_score = (uint8_t)(i ? 1 : 5)};
        v[i] = w->voids[0][i];
        v[i].u.voided.voids = told[i].event_id;
    }
    fixture_post(f, 1, told, 2);
    for (unsigned i = 2; i-- > 0;) {
        fixture_posted p = fixture_post_to(w->in->e[1 + i], 1, &v[i], 1, -1);
        assert_int_equal(p.status, PIQ_OK);
        assert_int_equal(s->ops->recommendation(s, &f->a, (piq_user_id){1}, 1,
                                                &row, &f->err),
                         PIQ_OK);
        assert_int_equal(row.action, i ? PIQ_ACTION_ACCEPTED : PIQ_ACTION_NONE);
        assert_int_equal(row.feedback_score, i ? 5 : 0);
    }
    check_replay(w->in->e[2], 1);
}

#define ENGINES_TEST(name)                                                     \
    cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        ENGINES_TEST(test_engines__void_what_others_have_taken),
        ENGINES_TEST(test_engines__void_an_event_once),
        ENGINES_TEST(test_engines__void_feedback),
    };
    return engines_world_run(tests, sizeof tests / sizeof *tests);
}
