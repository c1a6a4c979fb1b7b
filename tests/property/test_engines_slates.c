/* threads:tsan
 * Three engines on one database recommend as one: what is asked of one of them
 * is made once, logged once, and holds everywhere; after a restart, too. What
 * is planned or recommended by one is replayed by another, bit for bit. */
#include "engine/erase.h"
#include "engine/rules.h"
#include "support/engines_world.h"

#include "domain/json_reader.h"

#include <pthread.h>
#include <stdlib.h>

enum { N_USERS = 4, N_EVENTS = 40, N_ASKED = 3 };

static const struct asked {
    int type;
    unsigned limit;
} asked[N_ASKED] = {{-1, 5}, {-1, 3}, {PIQ_LESSON, 5}};

static int set_up(void **state)
{
    engines_world *w = engines_world_new(*state);
    for (int64_t u = 1; u <= N_USERS; u++) {
        size_t n = N_EVENTS;
        piq_event *list = fixture_simulate(&w->f, piq_engine_catalogue(w->e[0]),
                                           (uint64_t)u, u, &n);
        fixture_post(&w->f, u, list, n);
    }
    engines_world_settle(w);
    *state = w;
    return 0;
}

static int tear_down(void **state)
{
    engines_world_free(*state);
    return 0;
}

/* ---- asking ---------------------------------------------------------------
 */

/* The caller frees it. */
static piq_op *ask_at(piq_engine *e, int64_t user, const struct asked *x,
                      int64_t now_us)
{
    piq_op *op = piq_op_new(PIQ_OP_SLATE, (piq_user_id){user}, now_us);
    assert_non_null(op);
    op->type = x->type;
    op->limit = x->limit;
    if (piq_engine_run(e, op))
        fail_msg("%s", op->err.message);
    return op;
}

/* As an exchange asks: the cache first. */
static piq_bytes *ask(piq_engine *e, int64_t user, const struct asked *x,
                      int64_t now_us)
{
    int64_t version;
    piq_bytes *b = piq_engine_served_slate(e, (piq_user_id){user}, x->type,
                                           x->limit, now_us, &version);
    if (b)
        return b;
    piq_op *op = ask_at(e, user, x, now_us);
    b = piq_bytes_retain(op->slate);
    piq_op_free(op);
    return b;
}

static void check_same(engines_world *w, piq_bytes *a, piq_bytes *b)
{
    bool same = w->file.is_postgres
                    ? piq_json_same(piq_bytes_str(a), piq_bytes_str(b))
                    : piq_str_eq(piq_bytes_str(a), piq_bytes_str(b));
    if (!same)
        fail_msg("%.*s\n%.*s", PIQ_STR_ARG(piq_bytes_str(a)),
                 PIQ_STR_ARG(piq_bytes_str(b)));
}

static int64_t first_id(piq_bytes *b)
{
    json_t *json = NULL;
    assert_int_equal(piq_json_parse(piq_bytes_str(b), &json, NULL), PIQ_OK);
    const json_t *list = json_object_get(json, "recommendations");
    int64_t id =
        json_integer_value(json_object_get(json_array_get(list, 0), "id"));
    json_decref(json);
    assert_true(id > 0);
    return id;
}

static size_t n_logged(engines_world *w)
{
    piq_store *s = piq_engine_store(w->e[0]);
    piq_slate_record *list;
    size_t n = 0;
    assert_int_equal(
        s->ops->slates_after(s, &w->f.a, 0, 10000, &list, &n, NULL), PIQ_OK);
    return n;
}

static void check_replay(engines_world *w, piq_engine *e, int64_t id)
{
    piq_slate_replay result;
    piq_buf said;
    piq_buf_init(&said, 0);
    if (piq_engine_replay_slate(e, id, &result, &said, &w->f.err))
        fail_msg("%s", w->f.err.message);
    if (result != PIQ_SLATE_SAME)
        fail_msg("%.*s", (int)said.len, said.ptr);
    piq_buf_release(&said);
}

/* ---- the laws -------------------------------------------------------------
 */

static void test_engines__one_slate_holds_everywhere(void **state)
{
    engines_world *w = *state;
    for (int64_t u = 1; u <= N_USERS; u++)
        for (int k = 0; k < N_ASKED; k++) {
            int64_t now_us = FIXTURE_NOW_US + k;
            piq_bytes *first = ask(w->e[u % 3], u, &asked[k], now_us);
            for (int i = 0; i < N_ENGINES; i++) {
                piq_bytes *b = ask(w->e[i], u, &asked[k], now_us + i);
                check_same(w, first, b);
                check_replay(w, w->e[i], first_id(b));
                piq_bytes_release(b);
            }
            piq_bytes_release(first);
        }
    assert_int_equal(n_logged(w), N_USERS * N_ASKED);
}

typedef struct asker {
    piq_engine *e;
    pthread_t thread;
    pthread_barrier_t *together;
    piq_bytes *got[N_USERS][N_ASKED];
} asker;

static void *ask_all(void *ctx)
{
    asker *a = ctx;
    for (int u = 0; u < N_USERS; u++)
        for (int k = 0; k < N_ASKED; k++) {
            pthread_barrier_wait(a->together);
            a->got[u][k] = ask(a->e, u + 1, &asked[k], FIXTURE_NOW_US);
        }
    return NULL;
}

static void test_engines__asked_at_once_they_agree(void **state)
{
    engines_world *w = *state;
    asker list[N_ENGINES] = {0};
    pthread_barrier_t together;
    assert_int_equal(pthread_barrier_init(&together, NULL, N_ENGINES), 0);
    for (int i = 0; i < N_ENGINES; i++) {
        list[i].e = w->e[i];
        list[i].together = &together;
        assert_int_equal(
            pthread_create(&list[i].thread, NULL, ask_all, &list[i]), 0);
    }
    for (int i = 0; i < N_ENGINES; i++)
        pthread_join(list[i].thread, NULL);
    pthread_barrier_destroy(&together);
    for (int u = 0; u < N_USERS; u++)
        for (int k = 0; k < N_ASKED; k++)
            for (int i = N_ENGINES; i-- > 0;) {
                check_same(w, list[0].got[u][k], list[i].got[u][k]);
                piq_bytes_release(list[i].got[u][k]);
            }
    assert_int_equal(n_logged(w), N_USERS * N_ASKED);
}

static void test_engines__a_slate_holds_after_a_restart(void **state)
{
    engines_world *w = *state;
    piq_bytes *a = ask(w->e[0], 1, &asked[0], FIXTURE_NOW_US);
    engines_world_reopen(w, 0);
    piq_bytes *b = ask(w->e[0], 1, &asked[0], FIXTURE_NOW_US + 1);
    check_same(w, a, b);
    assert_int_equal(n_logged(w), 1);
    piq_bytes_release(a);
    piq_bytes_release(b);
}

/* Both of them cached it: neither serves it after the event. */
static void test_engines__an_event_ends_a_slate_everywhere(void **state)
{
    engines_world *w = *state;
    for (int i = 0; i < N_ENGINES; i++)
        piq_bytes_release(ask(w->e[i], 1, &asked[0], FIXTURE_NOW_US));
    piq_event x = fixture_answer(&w->f, 900, 86400 * 100, 1);
    assert_int_equal(fixture_post_to(w->e[1], 1, &x, 1, -1).status, PIQ_OK);
    engines_world_settle(w);
    piq_bytes *a = ask(w->e[2], 1, &asked[0], FIXTURE_NOW_US + 2);
    for (int i = 0; i < N_ENGINES; i++) {
        piq_bytes *b = ask(w->e[i], 1, &asked[0], FIXTURE_NOW_US + 3);
        check_same(w, a, b);
        piq_bytes_release(b);
    }
    piq_bytes_release(a);
    assert_int_equal(n_logged(w), 2);
}

static void test_engines__it_is_made_anew_when_it_has_expired(void **state)
{
    engines_world *w = *state;
    int64_t later_us = FIXTURE_NOW_US + 11 * INT64_C(60000000);
    piq_bytes *a = ask(w->e[0], 1, &asked[0], FIXTURE_NOW_US);
    piq_bytes *b = ask(w->e[1], 1, &asked[0], later_us);
    piq_bytes *c = ask(w->e[0], 1, &asked[0], later_us + 1);
    assert_true(first_id(a) != first_id(b));
    check_same(w, b, c);
    piq_bytes_release(a);
    piq_bytes_release(b);
    piq_bytes_release(c);
}

/* One that does not know of the new rules yet serves what was made under them.
 */
static void test_engines__new_rules_end_a_slate_everywhere(void **state)
{
    engines_world *w = *state;
    static const char text[] = "{\"rules\":[]}";
    json_t *json = NULL;
    piq_rules_change change;
    piq_bytes *a = ask(w->e[0], 1, &asked[0], FIXTURE_NOW_US);
    assert_int_equal(piq_json_parse(piq_str_of(text), &json, NULL), PIQ_OK);
    if (piq_engine_load_rules(w->e[0], json, -1, &change, &w->f.err))
        fail_msg("%s", w->f.err.message);
    json_decref(json);
    piq_bytes *b = ask(w->e[0], 1, &asked[0], FIXTURE_NOW_US + 1);
    piq_bytes *c = ask(w->e[2], 1, &asked[0], FIXTURE_NOW_US + 2);
    assert_true(first_id(a) != first_id(b));
    check_same(w, b, c);
    piq_bytes_release(a);
    piq_bytes_release(b);
    piq_bytes_release(c);
}

static void test_engines__an_erased_learner_has_no_slate(void **state)
{
    engines_world *w = *state;
    piq_store *s = piq_engine_store(w->e[0]);
    piq_record r;
    for (int i = 0; i < N_ENGINES; i++)
        piq_bytes_release(ask(w->e[i], 1, &asked[0], FIXTURE_NOW_US));
    assert_int_equal(s->ops->record(s, &w->f.a, (piq_user_id){1},
                                    PIQ_STR("slate"), PIQ_STR("any/5"),
                                    FIXTURE_NOW_US, &r, NULL),
                     PIQ_OK);
    piq_op *op = piq_op_new(PIQ_OP_ERASE, (piq_user_id){1}, FIXTURE_NOW_US);
    assert_int_equal(piq_engine_run(w->e[1], op), PIQ_OK);
    piq_op_free(op);
    engines_world_settle(w);
    assert_int_equal(s->ops->record(s, &w->f.a, (piq_user_id){1},
                                    PIQ_STR("slate"), PIQ_STR("any/5"),
                                    FIXTURE_NOW_US, &r, NULL),
                     PIQ_ENOTFOUND);
    for (int i = 0; i < N_ENGINES; i++) {
        int64_t version;
        assert_null(piq_engine_served_slate(w->e[i], (piq_user_id){1}, -1, 5,
                                            FIXTURE_NOW_US, &version));
        op = piq_op_new(PIQ_OP_SLATE, (piq_user_id){1}, FIXTURE_NOW_US);
        op->limit = 5;
        assert_int_equal(piq_engine_run(w->e[i], op), PIQ_ENOTFOUND);
        piq_op_free(op);
    }
}

/* Paths are planned by whoever is asked, and replayed by everybody. */
static void test_engines__paths_replay_everywhere(void **state)
{
    engines_world *w = *state;
    for (int64_t u = 1; u <= N_USERS; u++) {
        piq_op *op =
            piq_op_new(PIQ_OP_PATH, (piq_user_id){u}, FIXTURE_NOW_US + u);
        if (piq_engine_run(w->e[u % 3], op))
            fail_msg("%s", op->err.message);
        piq_op_free(op);
        for (int i = 0; i < N_ENGINES; i++) {
            piq_path_replay p;
            if (piq_engine_replay_path(w->e[i], (piq_user_id){u}, &p,
                                       &w->f.err))
                fail_msg("%s", w->f.err.message);
            assert_int_equal(p, PIQ_PATH_SAME);
        }
    }
}

int main(void)
{
#define WITH(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        WITH(test_engines__one_slate_holds_everywhere),
        WITH(test_engines__asked_at_once_they_agree),
        WITH(test_engines__a_slate_holds_after_a_restart),
        WITH(test_engines__an_event_ends_a_slate_everywhere),
        WITH(test_engines__it_is_made_anew_when_it_has_expired),
        WITH(test_engines__new_rules_end_a_slate_everywhere),
        WITH(test_engines__an_erased_learner_has_no_slate),
        WITH(test_engines__paths_replay_everywhere),
    };
    return engines_world_run(tests, sizeof tests / sizeof tests[0]);
}
