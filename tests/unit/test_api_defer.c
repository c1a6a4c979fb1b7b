/* What may wait for storage is handed over, everything else is answered at
 * once; readiness and metrics most of all. */
#include "base/clock.h"
#include "support/api_call.h"
#include "support/engine_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

typedef struct world {
    engine_fixture *f;
    piq_api *api;
    api_call call;
    piq_api_call *deferred; /* the last one; NULL: none */
} world;

static void keep(void *ctx, piq_api_call *c)
{
    ((world *)ctx)->deferred = c;
}

static int set_up(void **state)
{
    world *w = calloc(1, sizeof *w);
    assert_non_null(w);
    w->f = fixture_new(NULL);
    const piq_api_config config = {
        .engine = w->f->e, .defer = keep, .defer_ctx = w};
    assert_int_equal(piq_api_new(&config, &w->api, NULL), PIQ_OK);
    api_call_init(&w->call);
    piq_event e = fixture_answer(w->f, 1, 10, 1);
    fixture_post(w->f, 7, &e, 1);
    *state = w;
    return 0;
}

static int tear_down(void **state)
{
    world *w = *state;
    api_call_release(&w->call);
    piq_api_free(w->api);
    fixture_free(w->f);
    free(w);
    return 0;
}

static void test_defer__a_read_waits_until_it_goes_on(void **state)
{
    world *w = *state;
    api_call_send(&w->call, w->api, "GET", "/api/users/7/profile", NULL);
    assert_non_null(w->deferred);
    assert_false(w->call.answered);
    piq_api_go_on(w->deferred);
    assert_int_equal(api_call_wait(&w->call), 200);
    assert_non_null(strstr(w->call.body, "\"userId\":\"7\""));
}

static void test_defer__who_is_turned_away_may_come_again(void **state)
{
    world *w = *state;
    api_call_send(&w->call, w->api, "GET", "/api/users/7/profile", NULL);
    assert_non_null(w->deferred);
    piq_api_turn_away(w->deferred);
    assert_int_equal(api_call_wait(&w->call), 503);
    assert_int_equal(w->call.retry_after_s, 1);
}

static void test_defer__what_is_at_hand_is_answered_at_once(void **state)
{
    world *w = *state;
    static const char *const paths[] = {"/healthz",
                                        "/readyz",
                                        "/metrics",
                                        "/api/openapi.json",
                                        "/api/catalogue",
                                        "/api/users/7/recommendations",
                                        "/api/users/7/learning-path"};
    for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++) {
        if (api_call_ask(&w->call, w->api, "GET", paths[i], NULL) != 200)
            fail_msg("%s: %s", paths[i], w->call.body);
        assert_null(w->deferred);
    }
    assert_int_equal(
        api_call_ask(&w->call, w->api, "POST", "/api/users/7/events", "[]"),
        400);
    assert_null(w->deferred);
}

/* Its answer may have been given before: that is looked up. */
static void test_defer__a_request_with_a_key_is_handed_over(void **state)
{
    world *w = *state;
    w->call.headers[0][0] = "Idempotency-Key";
    w->call.headers[0][1] = "once";
    api_call_send(&w->call, w->api, "POST", "/api/users/7/events", "[]");
    assert_non_null(w->deferred);
    piq_api_go_on(w->deferred);
    assert_int_equal(api_call_wait(&w->call), 400);
}

static void test_defer__readiness_tells_since_when(void **state)
{
    world *w = *state;
    piq_event e = fixture_answer(w->f, 2, 20, 1);
    assert_int_equal(api_call_ask(&w->call, w->api, "GET", "/readyz", NULL),
                     200);
    assert_non_null(strstr(w->call.body, "\"since\":\"20"));
    memory_fail_commit(w->f->data, 1, 1, PIQ_EFULL);
    assert_int_equal(fixture_post_to(w->f->e, 7, &e, 1, -1).status, PIQ_EFULL);
    assert_int_equal(api_call_ask(&w->call, w->api, "GET", "/readyz", NULL),
                     503);
    assert_non_null(
        strstr(w->call.body, "storage refused the last commit, since 20"));
}

/* Whoever takes a link of a command writes to the store; a token that nobody
 * made does not get that far. */
static void test_defer__a_link_that_is_kept_is_handed_over(void **state)
{
    world *w = *state;
    const piq_link_for whom = {PIQ_ROLE_LEARNER, 0, {"7", 1}};
    piq_access *access;
    piq_api *api;
    piq_err err = {0};
    char token[48], path[80];
    assert_int_equal(
        piq_access_open(piq_engine_store(w->f->e), NULL, &access, &err),
        PIQ_OK);
    const piq_api_config config = {
        .engine = w->f->e, .access = access, .defer = keep, .defer_ctx = w};
    assert_int_equal(piq_api_new(&config, &api, NULL), PIQ_OK);
    assert_int_equal(
        piq_access_store_link(access, &whom, piq_clock_now_us(), token, &err),
        PIQ_OK);
    snprintf(path, sizeof path, "/session?token=%sx", token);
    assert_int_equal(api_call_ask(&w->call, api, "GET", path, NULL), 403);
    assert_null(w->deferred);
    snprintf(path, sizeof path, "/session?token=%s", token);
    api_call_send(&w->call, api, "GET", path, NULL);
    assert_non_null(w->deferred);
    assert_false(w->call.answered);
    piq_api_go_on(w->deferred);
    assert_int_equal(api_call_wait(&w->call), 303);
    piq_api_free(api);
    piq_access_close(access);
}

int main(void)
{
#define WITH(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        WITH(test_defer__a_read_waits_until_it_goes_on),
        WITH(test_defer__who_is_turned_away_may_come_again),
        WITH(test_defer__what_is_at_hand_is_answered_at_once),
        WITH(test_defer__a_request_with_a_key_is_handed_over),
        WITH(test_defer__readiness_tells_since_when),
        WITH(test_defer__a_link_that_is_kept_is_handed_over),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
