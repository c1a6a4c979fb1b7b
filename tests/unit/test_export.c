/* What is kept of a learner, as one JSON document: all of it, and nobody
 * else's. */
#include "engine/export.h"

#include "domain/json_reader.h"
#include "support/engine_file.h"
#include "support/engine_fixture.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

enum { USER = 7, OTHER = 987654321 };

typedef struct world {
    engine_file file;
    piq_engine *e;
    engine_fixture f;
    piq_buf b;
    json_t *json;
} world;

static int set_up(void **state)
{
    world *w = calloc(1, sizeof *w);
    piq_engine_config config = fixture_quiet();
    assert_non_null(w);
    w->file = engine_file_new();
    w->e = w->f.e = engine_file_open(&w->file, &config);
    engine_file_load(w->e);
    piq_arena_init(&w->f.a, (size_t)1 << 30);
    piq_buf_init(&w->b, 0);
    *state = w;
    return 0;
}

static int tear_down(void **state)
{
    world *w = *state;
    json_decref(w->json);
    piq_buf_release(&w->b);
    piq_engine_close(w->e);
    engine_file_remove(&w->file);
    piq_arena_release(&w->f.a);
    free(w);
    return 0;
}

static void run(world *w, piq_op_kind kind, int64_t user)
{
    piq_op *op = piq_op_new(kind, (piq_user_id){user}, FIXTURE_NOW_US);
    assert_non_null(op);
    op->limit = kind == PIQ_OP_SLATE ? 5 : 0;
    if (piq_engine_run(w->e, op))
        fail_msg("%s", op->err.message);
    piq_op_free(op);
}

static void live(world *w, int64_t user, size_t n)
{
    piq_event *events =
        fixture_simulate(&w->f, piq_engine_catalogue(w->e), 3, user, &n);
    fixture_posted p = fixture_post_to(w->e, user, events, n, -1);
    if (p.status)
        fail_msg("%s", p.err.message);
    run(w, PIQ_OP_SLATE, user);
    run(w, PIQ_OP_PATH, user);
    run(w, PIQ_OP_PROFILE, user);
}

static piq_status export_of(world *w, int64_t user, piq_err *err)
{
    piq_json_writer j;
    piq_buf_clear(&w->b);
    piq_json_init(&j, &w->b);
    return piq_engine_export(w->e, (piq_user_id){user}, &j, err);
}

static const json_t *must_export(world *w, int64_t user)
{
    piq_err err;
    if (export_of(w, user, &err))
        fail_msg("%s", err.message);
    json_decref(w->json);
    w->json = NULL;
    if (piq_json_parse((piq_str){w->b.ptr, w->b.len}, &w->json, &err))
        fail_msg("%s", err.message);
    return w->json;
}

static const json_t *list(const json_t *doc, const char *name)
{
    const json_t *l = json_object_get(doc, name);
    if (!json_is_array(l))
        fail_msg("no list of %s", name);
    return l;
}

static size_t count(const json_t *doc, const char *name)
{
    return json_array_size(list(doc, name));
}

static void put_record(world *w, const char *kind, const char *document)
{
    piq_store *s = piq_engine_store(w->e);
    piq_record r = {.user = {USER},
                    .kind = piq_str_of(kind),
                    .key = PIQ_STR("the-key"),
                    .at_us = FIXTURE_NOW_US,
                    .expires_us = INT64_MAX,
                    .document = piq_str_of(document)};
    assert_int_equal(s->ops->put_records(s, &r, 1, NULL), PIQ_OK);
}

static void test_export__everything_of_the_learner_is_there(void **state)
{
    world *w = *state;
    live(w, USER, 80);
    live(w, OTHER, 30);
    put_record(w, "note", "{\"text\":\"caf\xc3\xa9\"}");
    const json_t *doc = must_export(w, USER);
    assert_string_equal(json_string_value(json_object_get(doc, "userId")), "7");
    assert_int_equal(count(doc, "events"), 80);
    assert_int_equal(count(doc, "slates"), 1);
    assert_true(count(doc, "recommendations") > 0);
    assert_int_equal(count(doc, "paths"), 1);
    assert_int_equal(count(doc, "published_profile"), 1);
    assert_int_equal(count(doc, "snapshots"), 1);
    assert_int_equal(count(doc, "records"), 2); /* a slate holds, too */
    assert_true(count(doc, "skills") > 0);
    assert_true(count(doc, "memory") > 0);
    assert_true(json_is_object(json_object_get(doc, "profile")));
    assert_true(json_is_object(json_object_get(doc, "habits")));
    const json_t *learner = json_object_get(doc, "learner");
    assert_int_equal(json_integer_value(json_object_get(learner, "events")),
                     80);
}

/* Whoever else is stored is not told of, not even by a number. */
static void test_export__nothing_of_anybody_else(void **state)
{
    world *w = *state;
    live(w, OTHER, 30);
    live(w, USER, 30);
    must_export(w, USER);
    assert_null(memmem(w->b.ptr, w->b.len, "987654321", 9));
}

static void test_export__what_holds_json_is_json(void **state)
{
    world *w = *state;
    live(w, USER, 80);
    const json_t *doc = must_export(w, USER);
    const json_t *event = json_array_get(list(doc, "events"), 0);
    const json_t *body = json_object_get(event, "body");
    assert_true(json_is_object(body));
    assert_true(json_is_string(json_object_get(body, "type")));
    assert_string_equal(json_string_value(json_object_get(event, "type")),
                        json_string_value(json_object_get(body, "type")));
    assert_true(json_is_string(json_object_get(event, "at")));
    assert_true(json_is_string(json_object_get(event, "received")));
    assert_null(json_object_get(event, "user_id"));
    const json_t *slate = json_array_get(list(doc, "slates"), 0);
    assert_int_equal(json_array_size(json_object_get(slate, "shown")),
                     count(doc, "recommendations"));
    assert_true(json_array_size(json_object_get(slate, "candidates")) > 0);
    assert_true(json_is_object(json_object_get(slate, "request")));
    const json_t *path = json_array_get(list(doc, "paths"), 0);
    assert_true(json_is_object(json_object_get(path, "path_config")));
}

static void test_export__secrets_are_withheld_aloud(void **state)
{
    world *w = *state;
    live(w, USER, 10);
    put_record(w, "note", "1");
    put_record(w, "token", "\"opensesame\"");
    const json_t *doc = must_export(w, USER);
    assert_int_equal(count(doc, "records"), 3); /* note, slate, token */
    assert_null(memmem(w->b.ptr, w->b.len, "opensesame", 10));
    const json_t *note = json_array_get(list(doc, "records"), 0);
    const json_t *token = json_array_get(list(doc, "records"), 2);
    assert_string_equal(json_string_value(json_object_get(note, "key")),
                        "the-key");
    assert_null(json_object_get(token, "key"));
    assert_true(json_is_true(json_object_get(token, "withheld")));
}

static void test_export__who_is_not_there_is_not_found(void **state)
{
    world *w = *state;
    piq_err err;
    assert_int_equal(export_of(w, USER, &err), PIQ_ENOTFOUND);
    live(w, USER, 10);
    run(w, PIQ_OP_ERASE, USER);
    assert_int_equal(export_of(w, USER, &err), PIQ_ENOTFOUND);
}

/* Of whom there is no state, but a record. */
static void test_export__a_record_alone_is_told(void **state)
{
    world *w = *state;
    put_record(w, "note", "1");
    const json_t *doc = must_export(w, USER);
    assert_null(json_object_get(doc, "profile"));
    assert_int_equal(count(doc, "records"), 1);
}

/* Twenty thousand events; less where a sanitizer makes each dear. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
enum { MANY = 2000 };
#else
enum { MANY = 20000 };
#endif

static void test_export__a_large_learner_fits(void **state)
{
    world *w = *state;
    for (unsigned i = 0; i < MANY; i += 500) {
        piq_event *events = piq_new(&w->f.a, piq_event, 500);
        assert_non_null(events);
        for (unsigned k = 0; k < 500; k++)
            events[k] = fixture_answer(&w->f, i + k, 30 * (i + k),
                                       (float)((i + k) % 3 > 0));
        fixture_posted p = fixture_post_to(w->e, USER, events, 500, -1);
        if (p.status)
            fail_msg("%s", p.err.message);
    }
    const json_t *doc = must_export(w, USER);
    assert_int_equal(count(doc, "events"), MANY);
}

static void test_export__a_full_buffer_is_told(void **state)
{
    world *w = *state;
    piq_json_writer j;
    piq_buf small;
    piq_err err;
    live(w, USER, 80);
    piq_buf_init(&small, 20000);
    piq_json_init(&j, &small);
    assert_int_equal(piq_engine_export(w->e, (piq_user_id){USER}, &j, &err),
                     PIQ_ELIMIT);
    piq_buf_release(&small);
    must_export(w, USER); /* and nothing is held */
}

int main(void)
{
#define WITH(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        WITH(test_export__everything_of_the_learner_is_there),
        WITH(test_export__nothing_of_anybody_else),
        WITH(test_export__what_holds_json_is_json),
        WITH(test_export__secrets_are_withheld_aloud),
        WITH(test_export__who_is_not_there_is_not_found),
        WITH(test_export__a_record_alone_is_told),
        WITH(test_export__a_large_learner_fits),
        WITH(test_export__a_full_buffer_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
