/* Streams of changes over an engine in memory and a port that keeps what it is
 * sent. threads:tsan */
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

#define STREAM "/api/users/7/stream"

enum { USER = 7 };

typedef struct world {
    engine_fixture *f;
    piq_api *api;
    api_call a, b;
    unsigned n_events;
} world;

static void begin_api(world *w, unsigned max_streams)
{
    const piq_api_config config = {.engine = w->f->e,
                                   .max_streams = max_streams};
    piq_api_free(w->api);
    assert_int_equal(piq_api_new(&config, &w->api, &w->f->err), PIQ_OK);
}

static void post(world *w, int64_t user)
{
    unsigned id = w->n_events++;
    piq_event event = fixture_answer(w->f, id, 60 + id, 1.0f);
    fixture_post(w->f, user, &event, 1);
}

static int set_up(void **state)
{
    world *w = calloc(1, sizeof *w);
    assert_non_null(w);
    w->f = fixture_new(NULL);
    begin_api(w, 0);
    api_call_init(&w->a);
    api_call_init(&w->b);
    post(w, USER);
    *state = w;
    return 0;
}

static int tear_down(void **state)
{
    world *w = *state;
    piq_api_free(w->api);
    fixture_free(w->f);
    api_call_release(&w->a);
    api_call_release(&w->b);
    free(w);
    return 0;
}

/* ---- waiting ------------------------------------------------------------- */

typedef struct sought {
    api_call *call;
    const char *text;
} sought;

static bool was_sent(void *ctx)
{
    const sought *s = ctx;
    return api_call_has(s->call, s->text);
}

static void await_text(api_call *c, const char *text)
{
    sought s = {c, text};
    fixture_await(was_sent, &s);
}

static bool was_ended(void *ctx)
{
    return api_call_ended(ctx);
}

static void open_stream(world *w, api_call *c, const char *path)
{
    assert_int_equal(api_call_ask(c, w->api, "GET", path, NULL), 200);
    assert_true(c->streaming);
    await_text(c, "retry: ");
}

static void say_last(api_call *c, const char *id)
{
    c->headers[0][0] = "Last-Event-ID";
    c->headers[0][1] = id;
}

/* Of the last line that begins with "id: ". */
static void last_id(api_call *c, char out[24])
{
    const char *at = c->text, *found = NULL;
    while ((at = strstr(at, "id: ")))
        found = at++;
    assert_non_null(found);
    snprintf(out, 24, "%.*s", (int)strcspn(found + 4, "\n"), found + 4);
}

/* ---- tests --------------------------------------------------------------- */

static void test_api_streams__changes_are_told_to_who_listens(void **state)
{
    world *w = *state;
    post(w, 8);
    open_stream(w, &w->a, STREAM);
    open_stream(w, &w->b, "/api/users/8/stream");
    post(w, USER);
    await_text(&w->a, "event: profile\n");
    await_text(&w->a, "data: {\"userId\":\"7\",\"state_version\":2}\n\n");
    assert_false(api_call_has(&w->b, "\"7\""));
    post(w, 8);
    await_text(&w->b, "data: {\"userId\":\"8\",\"state_version\":2}\n\n");
}

static void test_api_streams__what_was_missed_is_told(void **state)
{
    world *w = *state;
    char id[24];
    open_stream(w, &w->a, STREAM);
    post(w, USER);
    await_text(&w->a, "\"state_version\":2}");
    last_id(&w->a, id);
    w->a.gone(w->a.of);
    fixture_await(was_ended, &w->a);
    for (int i = 0; i < 40; i++)
        post(w, 8);
    post(w, USER);
    say_last(&w->b, id);
    open_stream(w, &w->b, STREAM);
    await_text(&w->b, "\"state_version\":3}");
    assert_false(api_call_has(&w->b, "reset"));
    assert_false(api_call_has(&w->b, "\"state_version\":2}"));
}

static void test_api_streams__an_unknown_mark_resets(void **state)
{
    world *w = *state;
    static const char *const strange[] = {"-1", "x", "999999999", "1.0"};
    for (size_t i = 0; i < 4; i++) {
        say_last(&w->a, strange[i]);
        open_stream(w, &w->a, STREAM);
        await_text(&w->a, "event: reset\n");
        w->a.gone(w->a.of);
        fixture_await(was_ended, &w->a);
    }
}

static void test_api_streams__other_processes_changes_are_told(void **state)
{
    world *w = *state;
    piq_engine *other = fixture_second(w->f);
    open_stream(w, &w->a, STREAM);
    piq_event event = fixture_answer(w->f, 900, 9000, 1.0f);
    fixture_posted posted = fixture_post_to(other, USER, &event, 1, -1);
    assert_int_equal(posted.status, PIQ_OK);
    await_text(&w->a, "\"state_version\":2}");
    piq_engine_close(other);
}

static void test_api_streams__in_full(void **state)
{
    world *w = *state;
    open_stream(w, &w->a, STREAM "?full=1");
    post(w, USER);
    await_text(&w->a, "\"skillProfile\"");
    assert_int_equal(api_call_ask(&w->b, w->api, "POST", "/api/users/7/goals",
                                  "{\"target_skill_level\":\"expert\"}"),
                     201);
    assert_int_equal(
        api_call_ask(&w->b, w->api, "GET", "/api/users/7/learning-path", NULL),
        200);
    await_text(&w->a, "event: path\n");
}

static void test_api_streams__a_slow_client_is_cut(void **state)
{
    world *w = *state;
    open_stream(w, &w->a, STREAM);
    pthread_mutex_lock(&w->a.lock);
    w->a.refuse = PIQ_EBUSY;
    pthread_mutex_unlock(&w->a.lock);
    post(w, USER);
    fixture_await(was_ended, &w->a);
    assert_true(w->a.cut);
}

static bool has_place(void *ctx)
{
    world *w = ctx;
    return api_call_ask(&w->b, w->api, "GET", STREAM, NULL) == 200;
}

static void test_api_streams__places_are_few_and_come_free(void **state)
{
    world *w = *state;
    begin_api(w, 1);
    open_stream(w, &w->a, STREAM);
    assert_int_equal(api_call_ask(&w->b, w->api, "GET", STREAM, NULL), 503);
    assert_int_equal(w->b.retry_after_s, 5);
    w->a.gone(w->a.of);
    fixture_await(has_place, w);
}

static void test_api_streams__who_is_erased_is_told_last(void **state)
{
    world *w = *state;
    piq_erased gone;
    piq_store *s = piq_engine_store(w->f->e);
    open_stream(w, &w->a, STREAM);
    assert_int_equal(s->ops->erase(s, (piq_user_id){USER}, &gone, &w->f->err),
                     PIQ_OK);
    fixture_await(was_ended, &w->a);
    assert_true(api_call_has(&w->a, "event: erased\n"));
    assert_false(w->a.cut);
    assert_int_equal(api_call_ask(&w->b, w->api, "GET", STREAM, NULL), 404);
}

static void test_api_streams__the_end_ends_all(void **state)
{
    world *w = *state;
    open_stream(w, &w->a, STREAM "?full=1");
    open_stream(w, &w->b, STREAM);
    post(w, USER);
    begin_api(w, 0);
    assert_true(api_call_ended(&w->a));
    assert_true(api_call_ended(&w->b));
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        T(test_api_streams__changes_are_told_to_who_listens),
        T(test_api_streams__what_was_missed_is_told),
        T(test_api_streams__an_unknown_mark_resets),
        T(test_api_streams__other_processes_changes_are_told),
        T(test_api_streams__in_full),
        T(test_api_streams__a_slow_client_is_cut),
        T(test_api_streams__places_are_few_and_come_free),
        T(test_api_streams__who_is_erased_is_told_last),
        T(test_api_streams__the_end_ends_all),
    };
#undef T
    return cmocka_run_group_tests(tests, NULL, NULL);
}
