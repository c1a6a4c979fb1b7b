/* GET answer-prediction over an engine: by the belief, by a stored model from
 * its promotion to its rollback, for what was retired, and refusals. */
#include "api/api.h"

#include "store/registry.h"
#include "support/engine_fixture.h"
#include "support/habit_maker.h"
#include "support/random_kt_model.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { USER = 7, N_ANSWERS = 30 };
#define PATH "/api/users/7/answer-prediction"

typedef struct world {
    engine_fixture *f;
    piq_api *api;
    unsigned replies;
    int status;
    char etag[40];
    json_t *json; /* of the last reply */
} world;

static void done(void *ctx, piq_api_reply *reply)
{
    world *w = ctx;
    w->replies++;
    w->status = reply->status;
    memcpy(w->etag, reply->etag, sizeof w->etag);
    json_decref(w->json);
    piq_str body = piq_bytes_str(reply->body);
    w->json = json_loadb(body.ptr, body.len, JSON_REJECT_DUPLICATES, NULL);
    assert_non_null(w->json);
    piq_bytes_release(reply->body);
}

static int get(world *w, const char *path, const char *query)
{
    piq_caller caller = piq_caller_trusted();
    piq_api_request r = {.method = "GET",
                         .path = piq_str_of(path),
                         .query = piq_str_of(query),
                         .caller = &caller};
    unsigned before = w->replies;
    piq_api_handle(w->api, &r, done, w);
    assert_int_equal(w->replies, before + 1);
    return w->status;
}

static void new_api(world *w)
{
    const piq_api_config config = {.engine = w->f->e};
    assert_int_equal(piq_api_new(&config, &w->api, &w->f->err), PIQ_OK);
}

static world *world_of(engine_fixture *f)
{
    world *w = calloc(1, sizeof *w);
    assert_non_null(w);
    w->f = f;
    new_api(w);
    return w;
}

static int set_up(void **state)
{
    engine_fixture *f = fixture_new(NULL);
    piq_event events[N_ANSWERS];
    for (unsigned i = 0; i < N_ANSWERS; i++)
        events[i] = fixture_answer(f, i, 60 * i, i % 3 ? 1.0f : 0.0f);
    fixture_post(f, USER, events, N_ANSWERS);
    *state = world_of(f);
    return 0;
}

static int no_curriculum(void **state)
{
    *state = world_of(fixture_bare(NULL));
    return 0;
}

static int tear_down(void **state)
{
    world *w = *state;
    piq_api_free(w->api);
    fixture_free(w->f);
    json_decref(w->json);
    free(w);
    return 0;
}

/* Another engine on the same data, and an api over it. */
static void restart(world *w)
{
    piq_api_free(w->api);
    fixture_reopen(w->f);
    new_api(w);
}

static void promote(world *w)
{
    piq_store *s = piq_engine_store(w->f->e);
    const piq_catalogue *c = piq_engine_catalogue(w->f->e);
    piq_kt_model *m = random_kt_model(3, c, random_kt_small(c));
    piq_buf body;
    piq_buf_init(&body, PIQ_MAX_MODEL_BYTES);
    piq_kt_model_encode(m, &body);
    piq_model_row row = {.kind = PIQ_MODEL_KT,
                         .made_us = m->about.made_us,
                         .about = PIQ_STR("{}"),
                         .body = {body.ptr, body.len}};
    row.digest = piq_kt_model_digest(row.body);
    assert_int_equal(s->ops->put_model(s, &row, &w->f->err), PIQ_OK);
    piq_registry_step step = {PIQ_MODEL_KT, FIXTURE_NOW_US, PIQ_STR("a test")};
    assert_int_equal(piq_registry_promote(s, &step, row.version, 0, &w->f->err),
                     PIQ_OK);
    piq_buf_release(&body);
    piq_kt_model_free(m);
    restart(w);
}

static void assert_sums(const json_t *json)
{
    const json_t *why = habit_at(json, "why");
    double sum = habit_number(json, "base/logit");
    for (size_t i = 0; i < json_array_size(why); i++)
        sum +=
            json_number_value(json_object_get(json_array_get(why, i), "logit"));
    double p = habit_number(json, "predicted_success");
    assert_true(habit_near(sum, log(p / (1.0 - p)), 1e-6));
}

static void assert_refused(world *w, const char *query, const char *pointer)
{
    assert_int_equal(get(w, PATH, query), 400);
    assert_string_equal(habit_text(w->json, "pointer"), pointer);
}

static void test_foresight_route__belief_answers_without_a_model(void **state)
{
    world *w = *state;
    assert_int_equal(get(w, PATH, "item=100101"), 200);
    assert_sums(w->json);
    assert_string_equal(habit_text(w->json, "source"), "belief");
    assert_true(habit_near(habit_number(w->json, "item"), 100101, 0));
    char etag[40];
    snprintf(etag, sizeof etag, "\"%.0f\"", habit_number(w->json, "version"));
    assert_string_equal(w->etag, etag);
    assert_int_equal(get(w, PATH, "concept=pit%2Enotes"), 200);
    assert_sums(w->json);
    assert_string_equal(habit_text(w->json, "concepts/0/concept"), "pit.notes");
}

static void test_foresight_route__the_champion_answers(void **state)
{
    world *w = *state;
    promote(w);
    assert_int_equal(get(w, PATH, "item=100101"), 200);
    assert_sums(w->json);
    assert_string_equal(habit_text(w->json, "source"), "trained");
    assert_true(habit_near(habit_number(w->json, "model/version"), 1, 0));
    assert_int_equal(json_array_size(habit_at(w->json, "why")), 9);
    assert_int_equal(get(w, PATH, "concept=pit.notes"), 200);
    assert_sums(w->json);
    assert_string_equal(habit_text(w->json, "source"), "trained");
    piq_registry_step back = {PIQ_MODEL_KT, FIXTURE_NOW_US, PIQ_STR("worse")};
    piq_arena scratch;
    uint32_t model;
    piq_arena_init(&scratch, 0);
    assert_int_equal(piq_registry_rollback(piq_engine_store(w->f->e), &scratch,
                                           &back, &model, &w->f->err),
                     PIQ_OK);
    piq_arena_release(&scratch);
    restart(w);
    assert_int_equal(get(w, PATH, "item=100101"), 200);
    assert_string_equal(habit_text(w->json, "source"), "belief");
}

static void test_foresight_route__one_thing_is_asked(void **state)
{
    world *w = *state;
    assert_refused(w, "", "item");
    assert_refused(w, "item=100101&concept=pit.notes", "item");
    assert_refused(w, "item=0", "item");
    assert_refused(w, "item=", "item");
    assert_refused(w, "item=9007199254740991", "item");
    assert_refused(w, "item=9007199254740992", "item");
    assert_refused(w, "concept=", "concept");
    assert_refused(w, "concept=nowhere", "concept");
    assert_refused(w, "concept=%zz", "concept");
    assert_refused(w, "items=100101", "items");
    assert_refused(w, "item=100101&item=100101", "item");
}

static void test_foresight_route__unknown_learners_are_404(void **state)
{
    world *w = *state;
    static const char path[] = "/api/users/8/answer-prediction";
    assert_int_equal(get(w, path, "item=100101"), 404);
    assert_int_equal(get(w, path, "item=424242"), 404);
    assert_int_equal(get(w, path, ""), 400);
}

static void test_foresight_route__without_curriculum_503(void **state)
{
    world *w = *state;
    assert_int_equal(get(w, PATH, "item=100101"), 503);
    assert_int_equal(get(w, PATH, ""), 503);
    assert_int_equal(get(w, PATH, "nonsense=1"), 400);
}

/* What a newer curriculum leaves out is answered for, and marked. */
static void test_foresight_route__retired_items_are_marked(void **state)
{
    world *w = *state;
    json_t *document = json_loads(fixture_document(w->f).ptr, 0, NULL);
    json_t *items = json_object_get(document, "items");
    for (size_t i = json_array_size(items); i-- > 0;) {
        const json_t *id = json_object_get(json_array_get(items, i), "id");
        if (json_integer_value(id) == 100101)
            json_array_remove(items, i);
    }
    char *text = json_dumps(document, 0);
    fixture_load_text(w->f, piq_str_of(text));
    free(text);
    json_decref(document);
    assert_int_equal(get(w, PATH, "item=100101"), 200);
    assert_true(json_is_true(habit_at(w->json, "retired")));
    assert_int_equal(get(w, PATH, "item=100102"), 200);
    assert_true(json_is_false(habit_at(w->json, "retired")));
}

/* Whatever allocation fails once the query is read, there is one reply: a 503
 * or the whole. */
static void test_foresight_route__no_memory_is_a_503(void **state)
{
    world *w = *state;
    promote(w);
    assert_int_equal(get(w, PATH, "item=100101"), 200);
    for (long k = 2;; k++) {
        assert_true(k < 200);
        piq_alloc_fail_after(k, 0);
        int status = get(w, PATH, "item=100101");
        piq_alloc_fail_after(0, 0);
        if (status == 200)
            break;
        assert_int_equal(status, 503);
    }
    assert_sums(w->json);
}

int main(void)
{
#define ON(fixture, test)                                                      \
    cmocka_unit_test_setup_teardown(test, fixture, tear_down)
    const struct CMUnitTest tests[] = {
        ON(set_up, test_foresight_route__belief_answers_without_a_model),
        ON(set_up, test_foresight_route__the_champion_answers),
        ON(set_up, test_foresight_route__one_thing_is_asked),
        ON(set_up, test_foresight_route__unknown_learners_are_404),
        ON(set_up, test_foresight_route__retired_items_are_marked),
        ON(set_up, test_foresight_route__no_memory_is_a_503),
        ON(no_curriculum, test_foresight_route__without_curriculum_503),
    };
#undef ON
    return cmocka_run_group_tests(tests, NULL, NULL);
}
