/* threads:tsan */
#include "engine/cache.h"

#include "support/random_catalogue.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

enum { N_PARTS = 64 }; /* each holds a share of the entries */

static piq_catalogue *catalogue;

static int set_up(void **state)
{
    (void)state;
    catalogue = random_catalogue(1, 2, 4, 8);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    piq_catalogue_free(catalogue);
    return 0;
}

static piq_cache *cache_of(size_t max)
{
    piq_cache *c;
    assert_int_equal(piq_cache_new(max, &c), PIQ_OK);
    return c;
}

static piq_held *held(int64_t user, int64_t version)
{
    piq_learner *l;
    assert_int_equal(piq_learner_new((piq_user_id){user}, catalogue, &l),
                     PIQ_OK);
    l->version = version;
    piq_held *h = piq_held_take(l);
    assert_non_null(h);
    return h;
}

static void publish(piq_cache *c, int64_t user, int64_t version)
{
    piq_held *h = held(user, version);
    piq_cache_publish(c, h);
    piq_held_release(h);
}

/* 0: not there. */
static int64_t version_of(piq_cache *c, int64_t user)
{
    piq_held *h = piq_cache_get(c, (piq_user_id){user});
    int64_t version = h ? piq_held_learner(h)->version : 0;
    piq_held_release(h);
    return version;
}

static void test_cache__holds_no_more_than_it_may(void **state)
{
    (void)state;
    piq_cache *c = cache_of(640);
    piq_cache_stats stats;
    for (int64_t user = 1; user <= 5000; user++)
        publish(c, user, 1);
    piq_cache_stats_get(c, &stats);
    assert_true(stats.learners <= 640 + N_PARTS);
    assert_true(stats.learners > 320);
    assert_int_equal(stats.learners + stats.evictions, 5000);
    piq_cache_free(c);
}

static void test_cache__what_is_used_stays(void **state)
{
    (void)state;
    piq_cache *c = cache_of(320); /* six in a part */
    publish(c, 1, 7);
    for (int64_t user = 2; user <= 3000; user++) {
        publish(c, user, 1);
        assert_int_equal(version_of(c, 1), 7);
    }
    assert_int_equal(version_of(c, 2), 0);
    piq_cache_free(c);
}

static void test_cache__what_was_read_before_a_publish_is_not_kept(void **state)
{
    (void)state;
    piq_cache *c = cache_of(100);
    piq_held *old = held(5, 1);
    uint64_t epoch = piq_cache_epoch(c, (piq_user_id){5});
    publish(c, 5, 2);
    piq_cache_drop(c, (piq_user_id){5});
    piq_cache_offer(c, old, epoch);
    assert_int_equal(version_of(c, 5), 0);
    epoch = piq_cache_epoch(c, (piq_user_id){5});
    piq_cache_offer(c, old, epoch);
    assert_int_equal(version_of(c, 5), 1);
    publish(c, 5, 2);
    piq_cache_offer(c, old, piq_cache_epoch(c, (piq_user_id){5}));
    assert_int_equal(version_of(c, 5), 2); /* what is there is newer */
    piq_held_release(old);
    piq_cache_free(c);
}

/* A state is committed before it is published, and loads see what is
 * committed. Whoever has seen one must not be given an older one after it. */
static void test_cache__what_was_seen_is_never_followed_by_older(void **state)
{
    (void)state;
    piq_user_id user = {5};
    piq_cache *c = cache_of(1);
    piq_held *older = held(5, 2), *newer = held(5, 3);
    /* Both loads began at once; the older one came home first. */
    uint64_t epoch = piq_cache_epoch(c, user);
    piq_cache_offer(c, older, epoch);
    piq_cache_offer(c, newer, epoch);
    assert_int_equal(version_of(c, 5), 3);
    piq_cache_offer(c, older, epoch);
    assert_int_equal(version_of(c, 5), 3);
    publish(c, 5, 2); /* another process was faster */
    assert_int_equal(version_of(c, 5), 3);
    /* The newer one was not kept: nor is the older one then. */
    piq_cache_drop(c, user);
    epoch = piq_cache_epoch(c, user);
    piq_cache_offer(c, newer, epoch - 1);
    piq_cache_offer(c, older, epoch);
    assert_int_equal(version_of(c, 5), 0);
    /* The newer one was kept, and has made room for others. */
    epoch = piq_cache_epoch(c, user);
    piq_cache_offer(c, newer, epoch);
    for (int64_t other = 100; version_of(c, 5); other++) {
        piq_held *h = held(other, 1);
        piq_user_id id = {other};
        piq_cache_offer(c, h, piq_cache_epoch(c, id));
        piq_held_release(h);
    }
    piq_cache_offer(c, older, epoch);
    assert_int_equal(version_of(c, 5), 0);
    piq_held_release(older);
    piq_held_release(newer);
    piq_cache_free(c);
}

enum { STEERING = 9 };

static piq_served slate(int type, unsigned limit, int64_t until_us, char mark)
{
    char *bytes = malloc(1);
    assert_non_null(bytes);
    *bytes = mark;
    return (piq_served){type,     limit,    3,
                        STEERING, until_us, piq_bytes_take(bytes, 1)};
}

/* 0: none. */
static char served(piq_cache *c, int type, unsigned limit, uint32_t catalogue_n,
                   int64_t now_us)
{
    int64_t version = 0;
    piq_bytes *b = piq_cache_served(c, (piq_user_id){5}, type, limit,
                                    catalogue_n, STEERING, now_us, &version);
    char mark = b ? piq_bytes_str(b).ptr[0] : 0;
    assert_int_equal(version, b ? 2 : 0);
    piq_bytes_release(b);
    return mark;
}

static void test_cache__a_plan_is_known_until_another_is_made(void **state)
{
    (void)state;
    piq_cache *c = cache_of(100);
    publish(c, 5, 1);
    piq_plan_head head = {.contents = {{4}, {2}}, .n = 2}, got;
    assert_false(piq_cache_plan(c, (piq_user_id){5}, &got));
    piq_cache_put_plan(c, (piq_user_id){5}, &head,
                       piq_cache_epoch(c, (piq_user_id){5}));
    piq_cache_put_plan(c, (piq_user_id){6}, &head, /* nobody's */
                       piq_cache_epoch(c, (piq_user_id){6}));
    assert_true(piq_cache_plan(c, (piq_user_id){5}, &got));
    assert_int_equal(got.n, 2);
    assert_int_equal(got.contents[0].v, 4);
    assert_false(piq_cache_plan(c, (piq_user_id){6}, &got));
    uint64_t before = piq_cache_epoch(c, (piq_user_id){5});
    piq_cache_forget_plan(c, (piq_user_id){5});
    assert_false(piq_cache_plan(c, (piq_user_id){5}, &got));
    piq_cache_put_plan(c, (piq_user_id){5}, &head, before); /* read before */
    assert_false(piq_cache_plan(c, (piq_user_id){5}, &got));
    piq_cache_free(c);
}

/* Somebody committed `version`: what is older goes, what is as new stays, and
 * what was being loaded meanwhile is not kept. */
static void test_cache__an_outdated_state_goes(void **state)
{
    (void)state;
    piq_cache *c = cache_of(100);
    piq_user_id user = {5};
    publish(c, 5, 2);
    piq_cache_outdate(c, user, 2);
    piq_held *h = piq_cache_get(c, user);
    assert_non_null(h);
    uint64_t epoch = piq_cache_epoch(c, user);
    piq_cache_outdate(c, user, 3);
    assert_null(piq_cache_get(c, user));
    assert_true(piq_cache_epoch(c, user) != epoch);
    piq_cache_offer(c, h, epoch);
    assert_null(piq_cache_get(c, user));
    epoch = piq_cache_epoch(c, user);
    piq_cache_outdate(c, user, 3); /* nobody there: who loads may be behind */
    assert_true(piq_cache_epoch(c, user) != epoch);
    piq_held_release(h);
    piq_cache_free(c);
}

static void test_cache__clearing_forgets_everybody(void **state)
{
    (void)state;
    piq_cache *c = cache_of(1000);
    piq_cache_stats stats;
    for (int64_t user = 1; user <= 100; user++)
        publish(c, user, 1);
    uint64_t epoch = piq_cache_epoch(c, (piq_user_id){5});
    piq_cache_clear(c);
    piq_cache_stats_get(c, &stats);
    assert_int_equal(stats.learners, 0);
    assert_true(piq_cache_epoch(c, (piq_user_id){5}) != epoch);
    piq_cache_free(c);
}

static piq_served long_slate(size_t len)
{
    char *bytes = calloc(1, len);
    assert_non_null(bytes);
    return (piq_served){1, 10, 3, STEERING, 100, piq_bytes_take(bytes, len)};
}

static void test_cache__slates_are_bounded_by_bytes(void **state)
{
    enum { SLATE = 100 << 10, MOST = 16 << 10 };
    (void)state;
    piq_cache *c = cache_of(640);
    piq_cache_stats stats;
    for (int64_t user = 1; user <= 600; user++) {
        publish(c, user, 1);
        piq_served s = long_slate(SLATE);
        piq_cache_put_served(c, (piq_user_id){user}, 1, &s);
        assert_int_equal(version_of(c, user), 1); /* who is served stays */
    }
    piq_cache_stats_get(c, &stats);
    assert_true(stats.served_bytes <= (640 + N_PARTS) * MOST + SLATE);
    assert_int_equal(stats.served_bytes, stats.learners * SLATE);
    assert_int_equal(stats.learners + stats.evictions, 600);
    /* Replaced, and forgotten with the state: counted once. */
    piq_served s = long_slate(10);
    piq_cache_put_served(c, (piq_user_id){600}, 1, &s);
    size_t before = stats.served_bytes;
    piq_cache_stats_get(c, &stats);
    assert_int_equal(stats.served_bytes, before - SLATE + 10);
    publish(c, 600, 2);
    piq_cache_stats_get(c, &stats);
    assert_int_equal(stats.served_bytes, before - SLATE);
    piq_cache_clear(c);
    piq_cache_stats_get(c, &stats);
    assert_int_equal(stats.served_bytes, 0);
    piq_cache_free(c);
}

static void test_cache__a_slate_is_for_its_request_time_and_state(void **state)
{
    (void)state;
    piq_cache *c = cache_of(100);
    piq_user_id user = {5};
    publish(c, 5, 2);
    piq_served s = slate(-1, 10, 1000, 'a');
    piq_cache_put_served(c, user, 2, &s);
    assert_int_equal(served(c, -1, 10, 3, 999), 'a');
    assert_int_equal(served(c, -1, 10, 3, 1000), 0); /* too old */
    assert_int_equal(served(c, -1, 11, 3, 999), 0);
    assert_int_equal(served(c, 1, 10, 3, 999), 0);
    assert_int_equal(served(c, -1, 10, 4, 999), 0); /* other curriculum */
    s = slate(-1, 10, 2000, 'b');
    piq_cache_put_served(c, user, 2, &s);
    assert_int_equal(served(c, -1, 10, 3, 1500), 'b');
    s = slate(-1, 20, 2000, 'c'); /* of a state that is gone */
    piq_cache_put_served(c, user, 1, &s);
    assert_int_equal(served(c, -1, 20, 3, 1500), 0);
    publish(c, 5, 2);
    assert_int_equal(served(c, -1, 10, 3, 1500), 0); /* forgotten */
    s = slate(-1, 20, 2000, 'd');
    piq_cache_put_served(c, (piq_user_id){6}, 2, &s); /* nobody there */
    piq_cache_free(c);
}

static void test_cache__keeps_eight_slates_of_a_learner(void **state)
{
    (void)state;
    piq_cache *c = cache_of(100);
    publish(c, 5, 2);
    for (unsigned i = 1; i <= 20; i++) {
        piq_served s = slate(-1, i, 1000, (char)('a' + i));
        piq_cache_put_served(c, (piq_user_id){5}, 2, &s);
        assert_int_equal(served(c, -1, i, 3, 0), 'a' + i);
    }
    int n = 0;
    for (unsigned i = 1; i <= 20; i++)
        n += served(c, -1, i, 3, 0) != 0;
    assert_int_equal(n, 8);
    piq_cache_free(c);
}

/* ---- threads --------------------------------------------------------- */

typedef struct racer {
    piq_cache *c;
    int64_t user;
    bool went_back;
} racer;

static void *watch(void *ctx)
{
    racer *r = ctx;
    int64_t last = 0;
    for (int i = 0; i < 4000; i++) {
        int64_t version = version_of(r->c, r->user);
        r->went_back = r->went_back || (version && version < last);
        last = version ? version : last;
    }
    return NULL;
}

static void *publish_many(void *ctx)
{
    racer *r = ctx;
    for (int64_t v = 1; v <= 2000; v++) {
        piq_learner *l;
        if (piq_learner_new((piq_user_id){r->user}, catalogue, &l))
            abort();
        l->version = v;
        piq_held *h = piq_held_take(l);
        piq_cache_publish(r->c, h);
        piq_held_release(h);
    }
    return NULL;
}

static void test_cache__readers_never_see_a_version_go_back(void **state)
{
    enum { N = 3 };
    (void)state;
    piq_cache *c = cache_of(1);
    pthread_t threads[2 * N];
    racer racers[2 * N];
    for (int i = 0; i < 2 * N; i++) {
        racers[i] = (racer){c, i % N + 1, false};
        assert_int_equal(pthread_create(&threads[i], NULL,
                                        i < N ? publish_many : watch,
                                        &racers[i]),
                         0);
    }
    for (int i = 0; i < 2 * N; i++)
        pthread_join(threads[i], NULL);
    for (int i = 0; i < 2 * N; i++)
        assert_false(racers[i].went_back);
    piq_cache_free(c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cache__holds_no_more_than_it_may),
        cmocka_unit_test(test_cache__what_is_used_stays),
        cmocka_unit_test(
            test_cache__what_was_read_before_a_publish_is_not_kept),
        cmocka_unit_test(test_cache__what_was_seen_is_never_followed_by_older),
        cmocka_unit_test(test_cache__a_plan_is_known_until_another_is_made),
        cmocka_unit_test(test_cache__an_outdated_state_goes),
        cmocka_unit_test(test_cache__clearing_forgets_everybody),
        cmocka_unit_test(test_cache__slates_are_bounded_by_bytes),
        cmocka_unit_test(test_cache__a_slate_is_for_its_request_time_and_state),
        cmocka_unit_test(test_cache__keeps_eight_slates_of_a_learner),
        cmocka_unit_test(test_cache__readers_never_see_a_version_go_back),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
