/* Laws of xAPI ingest, through the whole of it: made-up statements of a few
 * learners in requests of any size, each sent again in other words.
 *
 *     a statement that was taken changes nothing when it is sent again;
 *     every event that the replies count is stored, and no other;
 *     a list tells each statement that was not voided once, in order;
 *     each learner's state is what their events make it;
 *     tenants never meet, whatever ids they share.
 */
/* threads:tsan */
#include "api/api.h"

#include "base/rng.h"
#include "support/engine_fixture.h"
#include "support/xapi_statements.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

enum { ROUNDS = 70, LEARNERS = 5, MAX_KEPT = 600 };

typedef struct world {
    engine_fixture *f;
    piq_api *api;
    piq_rng rng;
    uint32_t tenant; /* whose requests are sent */
    pthread_mutex_t lock;
    pthread_cond_t cond;
    bool done;
    int status;
    json_t *json; /* of the last reply; NULL: it had none */
    size_t n_events;
    json_t *kept[MAX_KEPT]; /* statements that were taken */
    bool voided[MAX_KEPT];
    size_t n_kept;
} world;

/* ---- asking ----------------------------------------------------------------
 */

static void done(void *ctx, piq_api_reply *reply)
{
    world *w = ctx;
    piq_str body = piq_bytes_str(reply->body);
    pthread_mutex_lock(&w->lock);
    w->status = reply->status;
    json_decref(w->json);
    w->json = body.len ? json_loadb(body.ptr, body.len, 0, NULL) : NULL;
    for (size_t i = 0; i < reply->n_lines; i++)
        if (strcmp(reply->lines[i].name, "X-Piq-Events") == 0)
            w->n_events = (size_t)atol(reply->lines[i].value);
    piq_bytes_release(reply->body);
    w->done = true;
    pthread_cond_signal(&w->cond);
    pthread_mutex_unlock(&w->lock);
}

static int ask(world *w, const char *method, const char *target,
               const json_t *body)
{
    piq_caller caller = piq_caller_trusted();
    caller.tenant = w->tenant;
    char *text = body ? json_dumps(body, 0) : NULL;
    const char *mark = strchr(target, '?');
    piq_api_request r = {
        .method = method,
        .path = {target, mark ? (size_t)(mark - target) : strlen(target)},
        .query = piq_str_of(mark ? mark + 1 : ""),
        .content_type = PIQ_STR("application/json"),
        .body = piq_str_of(text ? text : ""),
        .caller = &caller};
    w->done = false;
    w->n_events = 0;
    piq_api_handle(w->api, &r, done, w);
    pthread_mutex_lock(&w->lock);
    while (!w->done)
        pthread_cond_wait(&w->cond, &w->lock);
    pthread_mutex_unlock(&w->lock);
    free(text);
    return w->status;
}

static int set_up(void **state)
{
    world *w = calloc(1, sizeof *w);
    assert_non_null(w);
    w->f = fixture_new(NULL);
    const piq_api_config config = {.engine = w->f->e};
    assert_int_equal(piq_api_new(&config, &w->api, &w->f->err), PIQ_OK);
    pthread_mutex_init(&w->lock, NULL);
    pthread_cond_init(&w->cond, NULL);
    piq_rng_seed(&w->rng, 7);
    *state = w;
    return 0;
}

static int tear_down(void **state)
{
    world *w = *state;
    piq_api_free(w->api);
    fixture_free(w->f);
    for (size_t i = 0; i < w->n_kept; i++)
        json_decref(w->kept[i]);
    json_decref(w->json);
    pthread_cond_destroy(&w->cond);
    pthread_mutex_destroy(&w->lock);
    free(w);
    return 0;
}

/* ---- making ----------------------------------------------------------------
 */

static uint64_t below(world *w, uint64_t n)
{
    return piq_rng_below(&w->rng, n);
}

static void put_text(json_t *v, const char *pointer, const char *fmt, ...)
{
    char text[200];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    xapi_edit(v, pointer, text);
}

static void put_id(world *w, json_t *v)
{
    uint64_t a = piq_rng_u64(&w->rng), b = piq_rng_u64(&w->rng);
    put_text(v, "/id", "'%08x-%04x-%04x-%04x-%012llx'", (unsigned)(a >> 32),
             (unsigned)(a >> 16 & 0xffff), (unsigned)(a & 0xffff),
             (unsigned)(b >> 48),
             (unsigned long long)(b & UINT64_C(0xffffffffffff)));
}

static json_t *make(world *w)
{
    static const char *const verbs[] = {
        "answered", "answered", "answered", "initialized", "completed",
        "passed",   "failed",   "mastered", "interacted",  "terminated"};
    static const char *const results[] = {
        "{'success':true}",
        "{'success':false,'duration':'PT9.87S'}",
        "{'score':{'scaled':0.5},'completion':true}",
        "{'score':{'raw':7,'min':0,'max':10},'response':'x'}",
        "{'extensions':{'urn:piq:rating':3}}",
        "{}"};
    const piq_catalogue *c = piq_engine_catalogue(w->f->e);
    json_t *v = xapi_parse(xapi_plain);
    put_id(w, v);
    put_text(v, "/actor/account/name", "'%d'", 1 + (int)below(w, LEARNERS));
    put_text(v, "/verb/id", "'http://adlnet.gov/expapi/verbs/%s'",
             verbs[below(w, 10)]);
    switch (below(w, 4)) {
    case 0:
        put_text(v, "/object/id", "'http://x/concepts/%s'",
                 c->concepts[below(w, c->n_concepts)].id.ptr);
        break;
    case 1:
        put_text(v, "/object/id", "'http://x/items/%lld'",
                 (long long)c->items[below(w, c->n_items)].id.v);
        break;
    default:
        put_text(v, "/object/id", "'http://x/contents/%lld'",
                 (long long)c->contents[below(w, c->n_contents)].id.v);
    }
    xapi_edit(v, "/result", results[below(w, 6)]);
    if (below(w, 3) == 0)
        xapi_edit(v, "/timestamp", NULL);
    else
        put_text(v, "/timestamp", "'2026-%02d-%02dT%02d:%02d:00Z'",
                 1 + (int)below(w, 10), 1 + (int)below(w, 28),
                 (int)below(w, 24), (int)below(w, 60));
    return v;
}

/* Voids one that was taken and is no voiding one; NULL: luck has it not. */
static json_t *make_voiding(world *w, size_t *target)
{
    if (!w->n_kept)
        return NULL;
    *target = (size_t)below(w, w->n_kept);
    const json_t *object = json_object_get(w->kept[*target], "object");
    if (w->voided[*target] || json_object_get(object, "objectType"))
        return NULL;
    json_t *v = make(w);
    xapi_edit(v, "/verb/id", "'http://adlnet.gov/expapi/verbs/voided'");
    put_text(v, "/object", "{'objectType':'StatementRef','id':'%s'}",
             json_string_value(json_object_get(w->kept[*target], "id")));
    return v;
}

/* The same in other words. */
static json_t *reworded(world *w, const json_t *statement)
{
    json_t *v = json_deep_copy(statement);
    if (below(w, 2))
        xapi_edit(v, "/verb/display", "{'en':'did'}");
    if (below(w, 2))
        xapi_edit(v, "/actor/objectType", "'Agent'");
    if (below(w, 2))
        json_object_del(v, "timestamp");
    if (below(w, 2))
        xapi_edit(v, "/version", "'1.0.3'");
    return v;
}

/* ---- the laws
 * ---------------------------------------------------------------- */

static void keep(world *w, json_t *v)
{
    assert_true(w->n_kept < MAX_KEPT);
    w->kept[w->n_kept++] = v;
}

static size_t send(world *w, const json_t *body)
{
    if (ask(w, "POST", "/xapi/statements", body) != 200)
        fail_msg("%d: %s", w->status,
                 json_string_value(json_object_get(w->json, "detail")));
    return w->n_events;
}

static void send_new(world *w)
{
    size_t target, before = memory_n_events(w->f->data);
    json_t *batch = json_array(), *v = make_voiding(w, &target);
    if (v && below(w, 3) == 0) {
        json_array_append(batch, v);
        w->voided[target] = true;
        keep(w, v);
    } else {
        json_decref(v);
    }
    for (uint64_t n = 1 + below(w, 12); n > 0; n--) {
        keep(w, make(w));
        json_array_append(batch, w->kept[w->n_kept - 1]);
    }
    size_t n_events = send(w, batch);
    assert_int_equal(json_array_size(w->json), json_array_size(batch));
    assert_int_equal(memory_n_events(w->f->data), before + n_events);
    json_decref(batch);
}

static void send_again(world *w)
{
    size_t before = memory_n_events(w->f->data);
    size_t commits = memory_n_commits(w->f->data);
    json_t *batch = json_array();
    size_t first = (size_t)below(w, w->n_kept);
    for (size_t i = first; i < w->n_kept && i < first + 9; i++)
        json_array_append_new(batch, reworded(w, w->kept[i]));
    assert_int_equal(send(w, batch), 0);
    assert_int_equal(memory_n_events(w->f->data), before);
    assert_int_equal(memory_n_commits(w->f->data), commits);
    json_decref(batch);
}

/* All that were not voided, once each. */
static void check_list(world *w, const char *query, bool ascending)
{
    char target[400];
    snprintf(target, sizeof target, "/xapi/statements?%s", query);
    size_t at = 0;
    for (size_t pages = 0; target[0]; pages++) {
        assert_true(pages < MAX_KEPT);
        assert_int_equal(ask(w, "GET", target, NULL), 200);
        const json_t *list = json_object_get(w->json, "statements");
        for (size_t i = 0; i < json_array_size(list); i++, at++) {
            size_t k;
            while (at < w->n_kept &&
                   w->voided[ascending ? at : w->n_kept - 1 - at])
                at++;
            assert_true(at < w->n_kept);
            k = ascending ? at : w->n_kept - 1 - at;
            assert_string_equal(
                json_string_value(
                    json_object_get(json_array_get(list, i), "id")),
                json_string_value(json_object_get(w->kept[k], "id")));
        }
        snprintf(target, sizeof target, "%s",
                 json_string_value(json_object_get(w->json, "more")));
    }
    while (at < w->n_kept && w->voided[ascending ? at : w->n_kept - 1 - at])
        at++;
    assert_int_equal(at, w->n_kept);
}

static void test_xapi__sent_again_nothing_changes(void **state)
{
    world *w = *state;
    for (int i = 0; i < ROUNDS; i++) {
        send_new(w);
        send_again(w);
    }
    print_message("%zu statements, %zu events\n", w->n_kept,
                  memory_n_events(w->f->data));
    assert_true(memory_n_events(w->f->data) > ROUNDS);
    check_list(w, "limit=7", false);
    check_list(w, "limit=7&ascending=true", true);
    check_list(w, "", false);
    for (int64_t u = 1; u <= LEARNERS; u++)
        fixture_check_replay(w->f, u);
}

/* A store that fails at any call leaves all or nothing, and a retry gets
 * there. */
static void nothing_was_taken(world *w)
{
    assert_int_equal(w->status, 503);
    assert_int_equal(memory_n_events(w->f->data), 0);
    assert_int_equal(ask(w, "GET", "/xapi/statements", NULL), 200);
    assert_int_equal(json_array_size(json_object_get(w->json, "statements")),
                     0);
}

static void test_xapi__a_failing_store_leaves_all_or_nothing(void **state)
{
    world *w = *state;
    json_t *batch = json_array();
    for (int i = 0; i < 6; i++)
        json_array_append_new(batch, make(w));
    long n = 1;
    memory_fail_commit(w->f->data, 1, 0, PIQ_EFULL);
    ask(w, "POST", "/xapi/statements", batch);
    nothing_was_taken(w);
    for (;; n++) {
        memory_fail_read(w->f->data, n, 0, PIQ_EIO);
        ask(w, "POST", "/xapi/statements", batch);
        bool failed = memory_has_failed(w->f->data);
        memory_fail_read(w->f->data, 0, 0, PIQ_OK);
        if (!failed)
            break;
        nothing_was_taken(w);
    }
    assert_true(n > 1);
    assert_int_equal(w->status, 200);
    assert_int_equal(ask(w, "GET", "/xapi/statements", NULL), 200);
    assert_int_equal(json_array_size(json_object_get(w->json, "statements")),
                     6);
    json_decref(batch);
}

/* How many statements the tenant is told of, page by page. Each must be its
 * own: the verb ends in the tenant's number. */
static size_t count_list(world *w, const char *query)
{
    char target[400];
    size_t n = 0;
    snprintf(target, sizeof target, "/xapi/statements?%s", query);
    while (target[0]) {
        assert_int_equal(ask(w, "GET", target, NULL), 200);
        const json_t *list = json_object_get(w->json, "statements");
        for (size_t i = 0; i < json_array_size(list); i++, n++) {
            const json_t *s = json_array_get(list, i);
            const char *verb = json_string_value(
                json_object_get(json_object_get(s, "verb"), "id"));
            assert_int_equal(verb[strlen(verb) - 1], '0' + (int)w->tenant);
        }
        snprintf(target, sizeof target, "%s",
                 json_string_value(json_object_get(w->json, "more")));
    }
    return n;
}

static void test_xapi__tenants_never_meet(void **state)
{
    world *w = *state;
    enum { TENANTS = 3, STATEMENTS = 60 };
    char target[200];
    for (int i = 0; i < STATEMENTS; i++) {
        json_t *v = make(w); /* one id, one learner, three tenants */
        keep(w, v);
        for (w->tenant = 0; w->tenant < TENANTS; w->tenant++) {
            put_text(v, "/verb/id", "'urn:x-%u'", w->tenant);
            send(w, v);
        }
    }
    for (w->tenant = 0; w->tenant < TENANTS; w->tenant++) {
        assert_int_equal(count_list(w, "limit=7"), STATEMENTS);
        assert_int_equal(count_list(w, "limit=7&ascending=true"), STATEMENTS);
        assert_int_equal(count_list(w, "verb=urn:x-0"),
                         w->tenant == 0 ? STATEMENTS : 0);
    }
    json_t *own = make(w);
    w->tenant = 1;
    send(w, own);
    snprintf(target, sizeof target, "/xapi/statements?statementId=%s",
             json_string_value(json_object_get(own, "id")));
    for (w->tenant = 0; w->tenant < TENANTS; w->tenant++)
        assert_int_equal(ask(w, "GET", target, NULL),
                         w->tenant == 1 ? 200 : 404);
    json_t *v = make(w);
    xapi_edit(v, "/verb/id", "'http://adlnet.gov/expapi/verbs/voided'");
    put_text(v, "/object", "{'objectType':'StatementRef','id':'%s'}",
             json_string_value(json_object_get(own, "id")));
    w->tenant = 2;
    assert_int_equal(ask(w, "POST", "/xapi/statements", v), 400);
    w->tenant = 1;
    assert_int_equal(ask(w, "POST", "/xapi/statements", v), 200);
    json_decref(v);
    json_decref(own);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_xapi__sent_again_nothing_changes,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(
            test_xapi__a_failing_store_leaves_all_or_nothing, set_up,
            tear_down),
        cmocka_unit_test_setup_teardown(test_xapi__tenants_never_meet, set_up,
                                        tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
