/* Every kind of request while the nth allocation, commit or read fails, for
 * n = 1, 2, .. until it goes through: one reply, a problem that says 503, and
 * the same request again is taken as if nothing had been. Erasure, pausing,
 * export, what is remembered under Idempotency-Key, webhooks, rules and xAPI
 * statements among them. Allocations fail over SQLite, too; commits and reads
 * over the store in memory. */
#include "domain/json_memory.h"
#include "support/api_talk.h"
#include "support/engine_file.h"
#include "support/engine_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* Up to EACH every one, then ever fewer: an operation is failed at each of its
 * own by test_engine_faults.c. */
enum { MANY = 40000, EACH = 24, CALM = 4, TEXT_BYTES = 2000 };

typedef struct world {
    engine_fixture *f; /* NULL: on a file */
    engine_file file;
    piq_engine *e;
    piq_api *api;
    api_talk talk;
} world;

static void begin(world *w)
{
    piq_err err;
    const piq_api_config config = {.engine = w->e};
    assert_int_equal(piq_api_new(&config, &w->api, &err), PIQ_OK);
    api_talk_begin(&w->talk, w->api);
}

static int set_up(void **state)
{
    world *w = calloc(1, sizeof *w);
    assert_non_null(w);
    w->f = fixture_new(NULL);
    w->e = w->f->e;
    begin(w);
    *state = w;
    return 0;
}

static int set_up_file(void **state)
{
    world *w = calloc(1, sizeof *w);
    const piq_engine_config config = fixture_quiet();
    assert_non_null(w);
    w->file = engine_file_new();
    w->e = engine_file_open(&w->file, &config);
    engine_file_load(w->e);
    begin(w);
    *state = w;
    return 0;
}

static int tear_down(void **state)
{
    world *w = *state;
    piq_alloc_fail_after(0, 0);
    api_talk_end(&w->talk);
    piq_api_free(w->api);
    if (w->f) {
        fixture_free(w->f);
    } else {
        piq_engine_close(w->e);
        engine_file_remove(&w->file);
    }
    free(w);
    return 0;
}

/* ---- requests -------------------------------------------------------------
 */

/* # is a number that no other request has. */
#define JSON   "Content-Type: application/json\n"
#define ANSWER "\"at\":\"2026-11-03T10:00:00Z\",\"type\":\"answer\","

static const char first_answer[] =
    "POST /api/users/#/events\n" JSON "\n{\"event_id\":\"first\"," ANSWER
    "\"concepts\":[\"rhy.pulse\"],\"correct\":true}";

typedef struct request_case {
    const char *what;
    const char *before; /* asked first, with nothing failing; NULL: nothing */
    const char *text;
} request_case;

static const request_case cases[] = {
    {"an event", NULL,
     "POST /api/users/1/events\n" JSON
     "Idempotency-Key: k#\n\n{\"event_id\":\"e#\"," ANSWER
     "\"concepts\":[\"rhy.pulse\"],\"correct\":false}"},
    {"a newcomer's", NULL, first_answer},
    {"lines of two learners", NULL,
     "POST /api/events\nContent-Type: application/x-ndjson\n\n"
     "{\"user_id\":\"1\",\"event_id\":\"l#\"," ANSWER
     "\"concepts\":[\"pit.notes\"],\"correct\":true}\n"
     "{\"user_id\":\"2\",\"event_id\":\"l#\"," ANSWER
     "\"concepts\":[\"pit.notes\"],\"correct\":true}\n"},
    {"a profile", NULL, "GET /api/users/1/profile\n\n"},
    {"recommendations", first_answer, "GET /api/users/#/recommendations\n\n"},
    {"a path", first_answer, "GET /api/users/#/learning-path\n\n"},
    {"a goal", first_answer,
     "POST /api/users/#/goals\n" JSON
     "\n{\"target_skill_level\":\"advanced\"}"},
    {"a control", first_answer,
     "POST /api/users/#/learning-path/controls\n" JSON
     "\n{\"kind\":\"known\",\"concept\":\"rhy.pulse\"}"},
    {"pausing", first_answer,
     "PUT /api/users/#/profiling\n" JSON "\n{\"paused\":true}"},
    {"export", NULL, "GET /api/users/1/export\n\n"},
    {"erasure", first_answer, "DELETE /api/users/#\n\n"},
    {"a statement", NULL,
     "POST /xapi/statements\n" JSON "X-Experience-API-Version: 2.0.0\n\n"
     "{\"id\":\"6690e6c9-3ef0-4ed3-8b37-0000000#\",\"actor\":{\"account\":"
     "{\"homePage\":\"https://lms.example\",\"name\":\"7\"}},\"verb\":{\"id\":"
     "\"http://adlnet.gov/expapi/verbs/answered\"},\"object\":{\"id\":"
     "\"https://lms.example/concepts/"
     "rhy.pulse\"},\"result\":{\"success\":true},"
     "\"timestamp\":\"2026-11-02T10:00:00Z\"}"},
    {"statements", NULL,
     "GET /xapi/statements?limit=3\nX-Experience-API-Version: 2.0.0\n\n"},
    {"webhooks", NULL, "GET /api/webhooks\n\n"},
    {"learners", NULL, "GET /api/users?limit=2\n\n"},
    {"events so far", NULL, "GET /api/users/1/events?limit=2\n\n"},
    {"reviews", NULL, "GET /api/users/1/reviews\n\n"},
    {"analytics", NULL, "GET /api/users/1/progress-analytics\n\n"},
    {"predictions", NULL,
     "GET /api/users/1/skill-predictions?minutes_per_week=90\n\n"},
    {"how learners stand", "GET /api/users/1/learning-path\n\n",
     "GET /api/coaches/me/learners?limit=3\n\n"},
    {"rules", NULL, "GET /api/rules\n\n"},
};
enum { N_CASES = sizeof cases / sizeof cases[0] };

static piq_str numbered(char *out, const char *text, unsigned number)
{
    size_t n = 0;
    for (const char *at = text; *at && n + 12 < TEXT_BYTES; at++) {
        if (*at == '#')
            n += (size_t)sprintf(out + n, "%u", number);
        else
            out[n++] = *at;
    }
    out[n] = 0;
    return (piq_str){out, n};
}

static int ask(world *w, const char *text, unsigned number)
{
    char bytes[TEXT_BYTES];
    api_request r;
    assert_true(api_request_of(numbered(bytes, text, number), &r));
    int status = api_talk_ask(&w->talk, &r);
    piq_alloc_fail_after(0, 0); /* what follows is the test's own reading */
    const char *fault = api_talk_fault(&w->talk);
    if (fault)
        fail_msg("%s: broken: %s", r.method, fault);
    return status;
}

static void must_ask(world *w, const char *what, const char *text,
                     unsigned number)
{
    int status = ask(w, text, number);
    piq_str body = piq_bytes_str(w->talk.body);
    if (status < 200 || status >= 300)
        fail_msg("%s, with nothing failing: %d %.*s", what, status,
                 (int)body.len, body.ptr);
}

/* ---- what fails -----------------------------------------------------------
 */

typedef void arm_fn(world *w, long nth);

static void fail_allocation(world *w, long nth)
{
    (void)w;
    piq_alloc_fail_after(nth, 0);
}

static void fail_allocations(world *w, long nth)
{
    (void)w;
    piq_alloc_fail_after(nth, nth > 0);
}

static void fail_commit(world *w, long nth)
{
    memory_fail_commit(w->f->data, nth, 0, PIQ_EIO);
}

static void fail_read(world *w, long nth)
{
    memory_fail_read(w->f->data, nth, 0, PIQ_EIO);
}

static void fail_full(world *w, long nth)
{
    memory_fail_commit(w->f->data, nth, 0, PIQ_EFULL);
}

/* Goes on until some in a row go through: what fails may be a thread's in the
 * background, and what is only kept to be quick may fail unseen. */
static unsigned fail_one(world *w, const request_case *k, arm_fn *arm)
{
    static unsigned number = 10000;
    unsigned calm = 0, n_failed = 0;
    for (long nth = 1; calm < CALM; nth += 1 + nth / EACH) {
        assert_true(nth < MANY);
        number++;
        if (k->before)
            must_ask(w, k->what, k->before, number);
        arm(w, nth);
        int status = ask(w, k->text, number);
        arm(w, 0);
        if (status >= 200 && status < 300) {
            calm++;
            continue;
        }
        piq_str body = piq_bytes_str(w->talk.body);
        if (status != 503)
            fail_msg("%s, the %ldth failing: %d %.*s", k->what, nth, status,
                     (int)body.len, body.ptr);
        calm = 0;
        n_failed++;
        /* Of an erasure the answer alone may have failed. */
        bool erasure = strcmp(k->what, "erasure") == 0;
        if (!erasure)
            must_ask(w, k->what, k->text, number);
        else if (ask(w, k->text, number) != 404)
            assert_int_equal(w->talk.status, 200);
    }
    return n_failed;
}

static void fail_all(void **state, arm_fn *arm, unsigned least)
{
    world *w = *state;
    unsigned n_failed = 0;
    bool same;
    must_ask(w, "the first", cases[0].text, 1);
    for (size_t i = 0; i < N_CASES; i++)
        /* The store in memory dumps nothing. */
        if (!w->f || strcmp(cases[i].what, "export") != 0)
            n_failed += fail_one(w, &cases[i], arm);
    print_message("%u failures over %d kinds of requests\n", n_failed,
                  (int)N_CASES);
    assert_true(n_failed >= least);
    assert_int_equal(piq_engine_replay(w->e, (piq_user_id){1}, &same,
                                       &(uint64_t){0}, &(size_t){0}, NULL),
                     PIQ_OK);
    assert_true(same);
}

static void test_api_faults__one_allocation(void **state)
{
    fail_all(state, fail_allocation, 100);
}

static void test_api_faults__all_allocations_from_one_on(void **state)
{
    fail_all(state, fail_allocations, 100);
}

static void test_api_faults__one_commit(void **state)
{
    fail_all(state, fail_commit, 5);
}

static void test_api_faults__a_full_store(void **state)
{
    fail_all(state, fail_full, 5);
}

static void test_api_faults__one_read(void **state)
{
    fail_all(state, fail_read, 10);
}

int main(void)
{
    piq_json_memory_install();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_api_faults__one_allocation,
                                        set_up_file, tear_down),
        cmocka_unit_test_setup_teardown(
            test_api_faults__all_allocations_from_one_on, set_up_file,
            tear_down),
        cmocka_unit_test_setup_teardown(test_api_faults__one_commit, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(test_api_faults__a_full_store, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(test_api_faults__one_read, set_up,
                                        tear_down)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
