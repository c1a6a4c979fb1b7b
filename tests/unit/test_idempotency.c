/* Idempotency-Key over an engine in memory: what is done once, what is kept,
 * and what other processes see of it. threads:tsan */
#include "api/api.h"

#include "support/api_call.h"
#include "support/engine_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define GOALS "/api/users/7/goals"
#define GOAL  "{\"target_skill_level\":\"expert\"}"
#define OTHER "{\"target_skill_level\":\"advanced\"}"

typedef struct world {
    engine_fixture *f;
    piq_api *api;
    api_call call, second;
} world;

static piq_api *api_on(piq_engine *e)
{
    piq_api *api;
    piq_err err = {0};
    const piq_api_config config = {.engine = e};
    assert_int_equal(piq_api_new(&config, &api, &err), PIQ_OK);
    return api;
}

static int set_up(void **state)
{
    world *w = calloc(1, sizeof *w);
    assert_non_null(w);
    w->f = fixture_new(NULL);
    w->api = api_on(w->f->e);
    api_call_init(&w->call);
    api_call_init(&w->second);
    *state = w;
    return 0;
}

static int tear_down(void **state)
{
    world *w = *state;
    piq_api_free(w->api);
    fixture_free(w->f);
    api_call_release(&w->call);
    api_call_release(&w->second);
    free(w);
    return 0;
}

static void say_key(api_call *c, const char *key)
{
    c->headers[0][0] = "Idempotency-Key";
    c->headers[0][1] = key;
}

static piq_record *kept(world *w, size_t *n)
{
    piq_store *s = piq_engine_store(w->f->e);
    const piq_record_range range = {.kind = PIQ_STR("idempotency"),
                                    .user = {PIQ_ANY_USER},
                                    .after_us = INT64_MIN,
                                    .until_us = INT64_MAX,
                                    .limit = 100};
    piq_record *list;
    assert_int_equal(s->ops->records(s, &w->f->a, &range, &list, n, &w->f->err),
                     PIQ_OK);
    return list;
}

static void test_idempotency__the_first_answer_comes_again(void **state)
{
    world *w = *state;
    char first[API_CALL_BODY], etag[40];
    say_key(&w->call, "k");
    assert_int_equal(api_call_ask(&w->call, w->api, "POST", GOALS, GOAL), 201);
    assert_string_equal(api_call_line(&w->call, "Idempotency-Replayed"), "");
    memcpy(first, w->call.body, sizeof first);
    memcpy(etag, w->call.etag, sizeof etag);
    size_t n = memory_n_events(w->f->data);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(api_call_ask(&w->call, w->api, "POST", GOALS, GOAL),
                         201);
        assert_string_equal(api_call_line(&w->call, "Idempotency-Replayed"),
                            "true");
        assert_string_equal(w->call.body, first);
        assert_string_equal(w->call.etag, etag);
    }
    assert_int_equal(memory_n_events(w->f->data), n);
    assert_int_equal(api_call_ask(&w->call, w->api, "POST", GOALS, OTHER), 422);
}

static void test_idempotency__without_a_key_nothing_is_kept(void **state)
{
    world *w = *state;
    size_t n;
    assert_int_equal(api_call_ask(&w->call, w->api, "POST", GOALS, GOAL), 201);
    say_key(&w->call, "k");
    assert_int_equal(
        api_call_ask(&w->call, w->api, "GET", "/api/users/7/profile", NULL),
        200);
    assert_int_equal(api_call_ask(&w->call, w->api, "POST", GOALS, "{}"), 400);
    (void)kept(w, &n);
    assert_int_equal(n, 0);
}

static void test_idempotency__it_is_the_learners_and_expires(void **state)
{
    world *w = *state;
    size_t n;
    say_key(&w->call, "k");
    assert_int_equal(api_call_ask(&w->call, w->api, "POST", GOALS, GOAL), 201);
    piq_record *list = kept(w, &n);
    assert_int_equal(n, 1);
    assert_int_equal(list[0].user.v, 7);
    assert_int_equal(list[0].expires_us - list[0].at_us,
                     86400 * INT64_C(1000000));
}

static void test_idempotency__what_is_under_way_is_a_409(void **state)
{
    world *w = *state;
    say_key(&w->call, "k");
    say_key(&w->second, "k");
    memory_hold_commits(w->f->data, true);
    api_call_send(&w->call, w->api, "POST", GOALS, GOAL);
    memory_await_commit(w->f->data);
    assert_int_equal(api_call_ask(&w->second, w->api, "POST", GOALS, GOAL),
                     409);
    assert_int_equal(w->second.retry_after_s, 1);
    memory_hold_commits(w->f->data, false);
    assert_int_equal(api_call_wait(&w->call), 201);
    assert_int_equal(api_call_ask(&w->second, w->api, "POST", GOALS, GOAL),
                     201);
    assert_string_equal(api_call_line(&w->second, "Idempotency-Replayed"),
                        "true");
}

static void test_idempotency__a_failure_of_ours_is_not_kept(void **state)
{
    world *w = *state;
    say_key(&w->call, "k");
    memory_fail_commit(w->f->data, 1, 0, PIQ_EFULL);
    assert_int_equal(api_call_ask(&w->call, w->api, "POST", GOALS, GOAL), 503);
    assert_int_equal(api_call_ask(&w->call, w->api, "POST", GOALS, GOAL), 201);
    assert_string_equal(api_call_line(&w->call, "Idempotency-Replayed"), "");
}

/* As after a crash between the effect and the answer that was to be kept. */
static void test_idempotency__without_its_answer_it_is_done_once(void **state)
{
    world *w = *state;
    char first[API_CALL_BODY];
    size_t n_kept, n;
    piq_store *s = piq_engine_store(w->f->e);
    say_key(&w->call, "k");
    assert_int_equal(api_call_ask(&w->call, w->api, "POST", GOALS, GOAL), 201);
    memcpy(first, w->call.body, sizeof first);
    piq_record *list = kept(w, &n_kept);
    assert_int_equal(n_kept, 1);
    list[0].document = (piq_str){NULL, 0};
    list[0].from_version = PIQ_RECORD_ANY;
    assert_int_equal(s->ops->put_records(s, list, 1, &w->f->err), PIQ_OK);
    n = memory_n_events(w->f->data);
    assert_int_equal(api_call_ask(&w->call, w->api, "POST", GOALS, GOAL), 201);
    assert_string_equal(w->call.body, first);
    assert_int_equal(memory_n_events(w->f->data), n);
}

static void test_idempotency__another_process_gives_the_same_answer(
    void **state)
{
    world *w = *state;
    piq_engine *e = fixture_second(w->f);
    piq_api *other = api_on(e);
    say_key(&w->call, "k");
    say_key(&w->second, "k");
    assert_int_equal(api_call_ask(&w->call, w->api, "POST", GOALS, GOAL), 201);
    assert_int_equal(api_call_ask(&w->second, other, "POST", GOALS, GOAL), 201);
    assert_string_equal(api_call_line(&w->second, "Idempotency-Replayed"),
                        "true");
    assert_string_equal(w->second.body, w->call.body);
    piq_api_free(other);
    piq_engine_close(e);
}

static void test_idempotency__what_has_no_events_is_claimed(void **state)
{
    world *w = *state;
    char first[API_CALL_BODY];
    static const char hook[] = "{\"url\":\"https://lms.example/\"}";
    say_key(&w->call, "k");
    assert_int_equal(
        api_call_ask(&w->call, w->api, "POST", "/api/webhooks", hook), 201);
    memcpy(first, w->call.body, sizeof first);
    assert_int_equal(
        api_call_ask(&w->call, w->api, "POST", "/api/webhooks", hook), 201);
    assert_string_equal(w->call.body, first);
    /* A claim that somebody else holds. */
    size_t n;
    piq_record *list = kept(w, &n);
    char document[200];
    const char *request = strstr(list[0].document.ptr, "\"request\":\"");
    snprintf(document, sizeof document, "{\"request\":\"%.64s\",\"status\":0}",
             request + 11);
    list[0].document = piq_str_of(document);
    list[0].from_version = PIQ_RECORD_ANY;
    piq_store *s = piq_engine_store(w->f->e);
    assert_int_equal(s->ops->put_records(s, list, 1, &w->f->err), PIQ_OK);
    assert_int_equal(
        api_call_ask(&w->call, w->api, "POST", "/api/webhooks", hook), 409);
    assert_int_equal(w->call.retry_after_s, 1);
    /* A request that was refused leaves none behind. */
    say_key(&w->call, "other");
    assert_int_equal(
        api_call_ask(&w->call, w->api, "POST", "/api/webhooks", "{}"), 400);
    (void)kept(w, &n);
    assert_int_equal(n, 1);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        T(test_idempotency__the_first_answer_comes_again),
        T(test_idempotency__without_a_key_nothing_is_kept),
        T(test_idempotency__it_is_the_learners_and_expires),
        T(test_idempotency__what_is_under_way_is_a_409),
        T(test_idempotency__a_failure_of_ours_is_not_kept),
        T(test_idempotency__without_its_answer_it_is_done_once),
        T(test_idempotency__another_process_gives_the_same_answer),
        T(test_idempotency__what_has_no_events_is_claimed),
    };
#undef T
    return cmocka_run_group_tests(tests, NULL, NULL);
}
