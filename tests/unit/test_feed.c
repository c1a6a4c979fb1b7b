/* threads:tsan
 * What one engine commits, the others show; and whoever subscribed hears of it,
 * in order. */
#include "engine/engine.h"

#include "base/clock.h"
#include "support/engine_file.h"
#include "support/engine_fixture.h"

#include <math.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdlib.h>

#include <cmocka.h>

/* ---- two engines on one store ---------------------------------------------
 */

typedef struct two {
    engine_fixture *f;
    piq_engine *other;
} two;

static int set_up(void **state)
{
    two *t = calloc(1, sizeof *t);
    piq_engine_config config = fixture_quiet();
    assert_non_null(t);
    config.feed_ms = 10;
    t->f = fixture_new(&config);
    t->other = fixture_second(t->f);
    *state = t;
    return 0;
}

static int tear_down(void **state)
{
    two *t = *state;
    piq_engine_close(t->other);
    fixture_free(t->f);
    free(t);
    return 0;
}

static int64_t version_in(piq_engine *e, int64_t user)
{
    piq_learner_ref ref;
    piq_err err;
    piq_status status = piq_engine_learner(e, (piq_user_id){user}, &ref, &err);
    if (status == PIQ_ENOTFOUND)
        return 0;
    if (status)
        fail_msg("%s", err.message);
    int64_t version = ref.learner->version;
    piq_learner_ref_release(&ref);
    return version;
}

static void post(two *t, piq_engine *e, int64_t user, unsigned id)
{
    piq_event x = fixture_answer(t->f, id, 10 * id, 1);
    fixture_posted p = fixture_post_to(e, user, &x, 1, -1);
    if (p.status)
        fail_msg("%s", p.err.message);
}

static void test_feed__a_read_shows_what_another_engine_wrote(void **state)
{
    two *t = *state;
    post(t, t->f->e, 7, 1);
    assert_int_equal(version_in(t->other, 7), 1); /* kept there now */
    post(t, t->f->e, 7, 2);
    engine_file_settle(t->other);
    assert_int_equal(version_in(t->other, 7), 2);
    post(t, t->other, 7, 3);
    engine_file_settle(t->f->e);
    assert_int_equal(version_in(t->f->e, 7), 3);
}

static void test_feed__a_slate_of_an_old_state_is_not_served(void **state)
{
    two *t = *state;
    int64_t version;
    post(t, t->f->e, 7, 1);
    piq_op *op = fixture_run(t->f, PIQ_OP_SLATE, 7, FIXTURE_NOW_US);
    piq_op_free(op);
    piq_bytes *slate = piq_engine_served_slate(t->f->e, (piq_user_id){7}, -1,
                                               10, FIXTURE_NOW_US, &version);
    assert_non_null(slate);
    piq_bytes_release(slate);
    post(t, t->other, 7, 2);
    engine_file_settle(t->f->e);
    assert_null(piq_engine_served_slate(t->f->e, (piq_user_id){7}, -1, 10,
                                        FIXTURE_NOW_US, &version));
}

static void test_feed__own_commits_leave_the_cache_alone(void **state)
{
    two *t = *state;
    piq_engine_stats before, after;
    for (unsigned i = 1; i < 20; i++)
        post(t, t->f->e, i, i);
    engine_file_settle(t->f->e);
    piq_engine_stats_get(t->f->e, &before);
    for (unsigned i = 1; i < 20; i++)
        assert_int_equal(version_in(t->f->e, i), 1);
    piq_engine_stats_get(t->f->e, &after);
    assert_int_equal(after.cache_misses, before.cache_misses);
    assert_int_equal(after.cached_learners, 19);
}

/* Changes that were dropped before they were seen: nothing kept is trusted. */
static void test_feed__missed_changes_empty_the_cache(void **state)
{
    two *t = *state;
    piq_store *s = piq_engine_store(t->f->e);
    piq_engine_config slow = t->f->config;
    piq_engine *late;
    bool more;
    slow.feed_ms = 300;
    post(t, t->f->e, 7, 1);
    assert_int_equal(piq_engine_open(memory_store_open(t->f->data), &slow, NULL,
                                     &late, NULL),
                     PIQ_OK);
    assert_int_equal(version_in(late, 7), 1);
    post(t, t->f->e, 7, 2);
    post(t, t->f->e, 8, 3);
    assert_int_equal(s->ops->tidy(s, 0, INT64_MAX, &more, NULL), PIQ_OK);
    engine_file_settle(late);
    assert_int_equal(version_in(late, 7), 2);
    piq_engine_close(late);
}

/* ---- subscribers ------------------------------------------------------------
 */

enum { MOST = 4096 };
typedef struct heard {
    pthread_mutex_t lock;
    piq_change list[MOST];
    size_t n, wanted;
} heard;

static void hear(void *ctx, const piq_change *c)
{
    heard *h = ctx;
    pthread_mutex_lock(&h->lock);
    if (h->n < MOST)
        h->list[h->n++] = *c;
    pthread_mutex_unlock(&h->lock);
}

static bool heard_enough(void *ctx)
{
    heard *h = ctx;
    pthread_mutex_lock(&h->lock);
    bool enough = h->n >= h->wanted;
    pthread_mutex_unlock(&h->lock);
    return enough;
}

static heard *subscribe(piq_engine *e)
{
    heard *h = calloc(1, sizeof *h);
    assert_non_null(h);
    pthread_mutex_init(&h->lock, NULL);
    assert_int_equal(piq_feed_subscribe(e, hear, h, NULL), PIQ_OK);
    return h;
}

static void free_heard(heard *h)
{
    pthread_mutex_destroy(&h->lock);
    free(h);
}

static void *post_many(void *ctx)
{
    two *t = ctx;
    for (unsigned i = 1; i <= 100; i++) {
        piq_event x = {.event_id = PIQ_STR("x"),
                       .at_us = FIXTURE_START_US,
                       .type = PIQ_EV_ANSWER};
        x.u.answer = (piq_answer){.item = {i % 4},
                                  .content = {PIQ_NO_IX32},
                                  .score = 1,
                                  .response_ms = 4000};
        fixture_posted p = fixture_post_to(t->other, 1000 + i, &x, 1, -1);
        if (p.status)
            return t;
    }
    return NULL;
}

/* Each learner's versions 1, 2, .. once, whoever committed them. */
static void test_feed__subscribers_hear_everything_once_in_order(void **state)
{
    two *t = *state;
    heard *h = subscribe(t->f->e);
    pthread_t thread;
    void *failed;
    assert_int_equal(pthread_create(&thread, NULL, post_many, t), 0);
    for (unsigned i = 1; i <= 100; i++)
        post(t, t->f->e, 7, i);
    pthread_join(thread, &failed);
    assert_null(failed);
    h->wanted = 200;
    fixture_await(heard_enough, h);
    piq_feed_unsubscribe(t->f->e, hear, h);
    assert_int_equal(h->n, 200);
    int64_t mine = 0;
    for (size_t i = 0; i < h->n; i++) {
        assert_int_equal(h->list[i].what, PIQ_CHANGED_STATE);
        assert_true(i == 0 || h->list[i].mark > h->list[i - 1].mark);
        if (h->list[i].user.v == 7)
            assert_int_equal(h->list[i].version, ++mine);
    }
    assert_int_equal(mine, 100);
    free_heard(h);
}

/* Without waiting for the next look of its own accord. */
static void test_feed__a_commit_wakes_it_for_subscribers(void **state)
{
    two *t = *state;
    piq_engine_config rare = t->f->config;
    piq_engine *e;
    rare.feed_ms = 3600 * 1000;
    assert_int_equal(
        piq_engine_open(memory_store_open(t->f->data), &rare, NULL, &e, NULL),
        PIQ_OK);
    heard *h = subscribe(e);
    h->wanted = 1;
    post(t, e, 7, 1);
    fixture_await(heard_enough, h);
    piq_engine_close(e);
    free_heard(h);
}

static void test_feed__who_has_unsubscribed_hears_nothing(void **state)
{
    two *t = *state;
    heard *h = subscribe(t->f->e), *still = subscribe(t->f->e);
    piq_feed_unsubscribe(t->f->e, hear, h);
    piq_feed_unsubscribe(t->f->e, hear, h); /* and no harm in doing so twice */
    post(t, t->f->e, 7, 1);
    still->wanted = 1;
    fixture_await(heard_enough, still);
    piq_feed_unsubscribe(t->f->e, hear, still);
    assert_int_equal(h->n, 0);
    free_heard(h);
    free_heard(still);
}

static void test_feed__closing_tells_what_was_committed_last(void **state)
{
    two *t = *state;
    piq_engine_config rare = t->f->config;
    piq_engine *e;
    rare.feed_ms = 3600 * 1000;
    assert_int_equal(
        piq_engine_open(memory_store_open(t->f->data), &rare, NULL, &e, NULL),
        PIQ_OK);
    heard *h = subscribe(e);
    post(t, t->other, 7, 1); /* by another: it wakes nobody here */
    piq_engine_close(e);
    assert_int_equal(h->n, 1);
    free_heard(h);
}

int main(void)
{
#define WITH(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        WITH(test_feed__a_read_shows_what_another_engine_wrote),
        WITH(test_feed__a_slate_of_an_old_state_is_not_served),
        WITH(test_feed__own_commits_leave_the_cache_alone),
        WITH(test_feed__missed_changes_empty_the_cache),
        WITH(test_feed__subscribers_hear_everything_once_in_order),
        WITH(test_feed__a_commit_wakes_it_for_subscribers),
        WITH(test_feed__who_has_unsubscribed_hears_nothing),
        WITH(test_feed__closing_tells_what_was_committed_last),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
