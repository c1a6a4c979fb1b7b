/* Who calls the api, and what they may, over an engine and a keeper on the same
 * store: credentials, scopes, tenants, origins, rates, the audit.
 * threads:tsan */
#include "api/api.h"

#include "base/clock.h"
#include "support/engine_fixture.h"

#include <jansson.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <cmocka.h>

enum { USER = 7, MAX_HEADERS = 6 };
#define PROFILE "/api/users/7/profile"
#define GOALS   "/api/users/7/goals"
#define GOAL    "{\"target_skill_level\":\"expert\"}"

typedef struct header {
    const char *name, *value;
} header;

typedef struct world {
    engine_fixture *f;
    piq_access *access;
    piq_audit *audit;
    piq_audit_reads reads; /* that the audit has */
    const piq_caller *as;  /* who calls, told by whoever embeds; NULL: nobody */
    piq_api *api;
    char key[PIQ_KEY_BYTES], reader[PIQ_KEY_BYTES], tenant[PIQ_KEY_BYTES];
    header headers[MAX_HEADERS];
    size_t n_headers;
    pthread_mutex_t lock;
    pthread_cond_t cond;
    bool answered;
    piq_api_reply reply;
    char body[4096];
} world;

static void make_key(world *w, uint32_t tenant, uint32_t scopes, char *out)
{
    int64_t now_us = piq_clock_now_us();
    piq_key_info info = {.name = "test",
                         .tenant = tenant,
                         .scopes = scopes,
                         .expires_us = INT64_MAX};
    assert_int_equal(
        piq_access_make_key(w->access, &info, now_us, out, &w->f->err), PIQ_OK);
}

static void begin_api(world *w, bool open)
{
    const piq_api_config config = {.engine = w->f->e,
                                   .access = w->access,
                                   .audit = w->audit,
                                   .audit_reads = w->reads,
                                   .open = open};
    piq_api_free(w->api);
    assert_int_equal(piq_api_new(&config, &w->api, &w->f->err), PIQ_OK);
}

static int set_up(void **state)
{
    const uint32_t both = PIQ_SCOPE_EVENTS_WRITE | PIQ_SCOPE_PROFILE_READ;
    world *w = calloc(1, sizeof *w);
    assert_non_null(w);
    w->f = fixture_new(NULL);
    piq_event event = fixture_answer(w->f, 0, 60, 1.0f);
    fixture_post(w->f, USER, &event, 1);
    pthread_mutex_init(&w->lock, NULL);
    pthread_cond_init(&w->cond, NULL);
    piq_store *s = piq_engine_store(w->f->e);
    assert_int_equal(piq_access_open(s, NULL, &w->access, &w->f->err), PIQ_OK);
    assert_int_equal(piq_audit_open(s, &w->audit, &w->f->err), PIQ_OK);
    make_key(w, 0, both | PIQ_SCOPE_ADMIN, w->key);
    make_key(w, 0, PIQ_SCOPE_PROFILE_READ, w->reader);
    make_key(w, 3, both | PIQ_SCOPE_ADMIN, w->tenant);
    begin_api(w, false);
    *state = w;
    return 0;
}

static int tear_down(void **state)
{
    world *w = *state;
    piq_api_free(w->api);
    piq_audit_close(w->audit);
    piq_access_close(w->access);
    fixture_free(w->f);
    pthread_mutex_destroy(&w->lock);
    pthread_cond_destroy(&w->cond);
    free(w);
    return 0;
}

/* ---- asking ----------------------------------------------------------- */

static piq_str header_of(const void *ctx, const char *name)
{
    const world *w = ctx;
    for (size_t i = 0; i < w->n_headers; i++)
        if (strcasecmp(w->headers[i].name, name) == 0)
            return piq_str_of(w->headers[i].value);
    return (piq_str){NULL, 0};
}

static void say(world *w, const char *name, const char *value)
{
    assert_true(w->n_headers < MAX_HEADERS);
    w->headers[w->n_headers++] = (header){name, value};
}

static void done(void *ctx, piq_api_reply *reply)
{
    world *w = ctx;
    piq_str body = piq_bytes_str(reply->body);
    pthread_mutex_lock(&w->lock);
    snprintf(w->body, sizeof w->body, "%.*s", PIQ_STR_ARG(body));
    w->reply = *reply;
    w->answered = true;
    pthread_cond_signal(&w->cond);
    pthread_mutex_unlock(&w->lock);
    piq_bytes_release(reply->body);
}

/* The headers said before are for this request only. */
static int ask(world *w, const char *method, const char *path, const char *body)
{
    piq_api_request r = {.method = method,
                         .path = piq_str_of(path),
                         .body = piq_str_of(body),
                         .header = header_of,
                         .header_ctx = w,
                         .peer = PIQ_STR("192.0.2.1"),
                         .caller = w->as,
                         .id = 9};
    w->answered = false;
    piq_api_handle(w->api, &r, done, w);
    pthread_mutex_lock(&w->lock);
    while (!w->answered)
        pthread_cond_wait(&w->cond, &w->lock);
    pthread_mutex_unlock(&w->lock);
    w->n_headers = 0;
    return w->reply.status;
}

static int ask_as(world *w, const char *secret, const char *method,
                  const char *path, const char *body)
{
    char line[PIQ_KEY_BYTES + 8];
    snprintf(line, sizeof line, "Bearer %s", secret);
    say(w, "Authorization", line);
    return ask(w, method, path, body);
}

static const char *line_of(const world *w, const char *name)
{
    for (size_t i = 0; i < w->reply.n_lines; i++)
        if (strcmp(w->reply.lines[i].name, name) == 0)
            return w->reply.lines[i].value;
    return "";
}

static piq_status count(void *ctx, piq_str json, piq_err *err)
{
    (void)json;
    (void)err;
    ++*(size_t *)ctx;
    return PIQ_OK;
}

static size_t entries_of(world *w, int64_t user)
{
    size_t n = 0;
    piq_store *s = piq_engine_store(w->f->e);
    assert_int_equal(piq_audit_flush(w->audit, &w->f->err), PIQ_OK);
    assert_int_equal(piq_audit_list(s, (piq_user_id){user}, INT64_MIN, 0, count,
                                    &n, &w->f->err),
                     PIQ_OK);
    return n;
}

/* ---- tests ------------------------------------------------------------ */

static void test_api_access__nobody_gets_401_and_how(void **state)
{
    world *w = *state;
    assert_int_equal(ask(w, "GET", PROFILE, NULL), 401);
    assert_string_equal(line_of(w, "WWW-Authenticate"), "Bearer realm=\"piq\"");
    assert_int_equal(ask_as(w, "piq_wrong", "GET", PROFILE, NULL), 401);
    assert_non_null(strstr(line_of(w, "WWW-Authenticate"), "invalid_token"));
    assert_int_equal(ask(w, "GET", "/healthz", NULL), 200);
    assert_int_equal(ask(w, "GET", "/", NULL), 200);
    assert_int_equal(ask(w, "GET", "/nothing", NULL), 404);
}

static void test_api_access__a_key_may_what_its_scopes_say(void **state)
{
    world *w = *state;
    assert_int_equal(ask_as(w, w->key, "GET", PROFILE, NULL), 200);
    assert_int_equal(ask_as(w, w->reader, "GET", PROFILE, NULL), 200);
    assert_int_equal(ask_as(w, w->key, "POST", GOALS, GOAL), 201);
    assert_int_equal(ask_as(w, w->reader, "POST", GOALS, GOAL), 403);
    assert_int_equal(ask_as(w, w->reader, "GET", "/metrics", NULL), 403);
    assert_int_equal(ask_as(w, w->key, "GET", "/metrics", NULL), 200);
}

static void test_api_access__a_tenant_has_its_own_learners(void **state)
{
    world *w = *state;
    assert_int_equal(ask_as(w, w->tenant, "GET", PROFILE, NULL), 404);
    assert_int_equal(ask_as(w, w->tenant, "POST", GOALS, GOAL), 201);
    assert_int_equal(ask_as(w, w->tenant, "GET", PROFILE, NULL), 200);
    assert_non_null(strstr(w->body, "\"userId\":\"7\""));
    assert_non_null(strstr(w->body, "\"version\":1,"));
    assert_int_equal(ask_as(w, w->tenant, "GET", "/metrics", NULL), 403);
    assert_int_equal(
        ask_as(w, w->key, "GET", "/api/users/3298534883335/profile", NULL),
        400); /* 3 << 40 | 7 */
}

static void test_api_access__guessing_ends_in_429(void **state)
{
    world *w = *state;
    int status = 401;
    for (int i = 0; i < 200 && status == 401; i++)
        status = ask_as(w, "piq_wrong", "GET", PROFILE, NULL);
    assert_int_equal(status, 429);
    assert_true(w->reply.retry_after_s >= 1);
    assert_non_null(strstr(line_of(w, "RateLimit"), "r=0;t="));
    assert_int_equal(ask_as(w, w->key, "GET", PROFILE, NULL), 200);
}

static void test_api_access__without_a_keeper_only_the_known_call(void **state)
{
    world *w = *state;
    const piq_caller local = piq_caller_trusted();
    piq_access *kept = w->access;
    w->access = NULL;
    begin_api(w, false);
    w->access = kept;
    assert_int_equal(ask_as(w, w->key, "GET", PROFILE, NULL), 401);
    piq_api_request r = {
        .method = "GET", .path = PIQ_STR(PROFILE), .caller = &local};
    piq_api_handle(w->api, &r, done, w);
    assert_int_equal(w->reply.status, 200);
}

/* The cookie of a session of `as`. */
static void begin_session(world *w, const piq_caller *as, char cookie[300])
{
    char token[48], path[100];
    assert_int_equal(piq_access_make_link(w->access, as, piq_clock_now_us(),
                                          token, &w->f->err),
                     PIQ_OK);
    snprintf(path, sizeof path, "token=%s", token);
    piq_api_request r = {
        .method = "GET", .path = PIQ_STR("/"), .query = piq_str_of(path)};
    piq_api_handle(w->api, &r, done, w);
    assert_int_equal(w->reply.status, 303);
    snprintf(cookie, 300, "%s", line_of(w, "Set-Cookie"));
    piq_api_handle(w->api, &r, done, w);
    assert_int_equal(w->reply.status, 403); /* good once */
}

static void test_api_access__a_coach_has_a_session_too(void **state)
{
    world *w = *state;
    const piq_caller anna = {.role = PIQ_ROLE_COACH,
                             .scopes = PIQ_SCOPE_PROFILE_READ |
                                       PIQ_SCOPE_RECOMMENDATIONS_READ |
                                       PIQ_SCOPE_ANY,
                             .id = "coach:0/anna",
                             .coach = "anna",
                             .expires_us = INT64_MAX};
    static const char list[] = "/api/coaches/me/learners";
    const piq_user_id seven = {USER};
    char cookie[300];
    begin_session(w, &anna, cookie);
    say(w, "Cookie", cookie);
    assert_int_equal(ask(w, "GET", list, NULL), 200);
    assert_string_equal(w->body, "{\"learners\":[]}");
    assert_int_equal(
        piq_access_assign(w->access, 0, PIQ_STR("anna"), &seven, 1, &w->f->err),
        PIQ_OK);
    say(w, "Cookie", cookie);
    assert_int_equal(ask(w, "GET", list, NULL), 200);
    assert_non_null(strstr(w->body, "{\"userId\":\"7\",\"state\":\"seen\""));
    say(w, "Cookie", cookie);
    assert_int_equal(ask(w, "GET", "/api/coaches/bert/learners", NULL), 404);
    say(w, "Cookie", cookie);
    assert_int_equal(ask(w, "GET", "/api/users", NULL), 403);
    assert_int_equal(entries_of(w, USER), 1); /* who looked */
}

static int goal_by(world *w, const char *cookie, const char *site,
                   const char *origin)
{
    say(w, "Cookie", cookie);
    say(w, "Host", "here:1");
    if (site)
        say(w, "Sec-Fetch-Site", site);
    if (origin)
        say(w, "Origin", origin);
    return ask(w, "POST", GOALS, GOAL);
}

static void test_api_access__a_cookie_changes_from_our_pages_only(void **state)
{
    world *w = *state;
    const piq_caller admin = piq_caller_trusted();
    char cookie[300];
    begin_session(w, &admin, cookie);
    assert_non_null(strstr(cookie, "HttpOnly; SameSite=Strict; Path=/"));
    assert_null(strstr(cookie, "Secure"));
    assert_int_equal(goal_by(w, cookie, NULL, NULL), 403);
    assert_int_equal(goal_by(w, cookie, "cross-site", NULL), 403);
    assert_int_equal(goal_by(w, cookie, "same-site", "http://here:1"), 403);
    assert_int_equal(goal_by(w, cookie, NULL, "http://there:1"), 403);
    assert_int_equal(goal_by(w, cookie, NULL, "http://here:1"), 201);
    assert_int_equal(goal_by(w, cookie, "same-origin", NULL), 201);
}

static int read_open(world *w, const char *host, const char *site)
{
    if (host)
        say(w, "Host", host);
    if (site)
        say(w, "Sec-Fetch-Site", site);
    return ask(w, "GET", PROFILE, NULL);
}

static void test_api_access__open_is_for_this_machine(void **state)
{
    world *w = *state;
    begin_api(w, true);
    assert_int_equal(read_open(w, "127.0.0.1:8080", NULL), 200);
    assert_int_equal(read_open(w, "localhost", NULL), 200);
    assert_int_equal(read_open(w, "[::1]:8080", "same-origin"), 200);
    assert_int_equal(read_open(w, "localhost.example:8080", NULL), 403);
    assert_int_equal(read_open(w, "rebound.example", NULL), 403);
    assert_int_equal(read_open(w, "127.0.0.1:8080", "cross-site"), 403);
    assert_int_equal(read_open(w, NULL, NULL), 403);
}

static void test_api_access__what_touches_a_learner_is_recorded(void **state)
{
    world *w = *state;
    assert_int_equal(ask_as(w, w->key, "GET", PROFILE, NULL), 200);
    assert_int_equal(ask_as(w, w->key, "POST", GOALS, GOAL), 201);
    assert_int_equal(entries_of(w, USER), 2);
    /* Refused, or of nobody: in the audit, and not the learner's. */
    assert_int_equal(ask_as(w, w->reader, "POST", GOALS, GOAL), 403);
    assert_int_equal(ask_as(w, w->key, "GET", "/api/users/8/profile", NULL),
                     404);
    assert_int_equal(entries_of(w, USER), 2);
    assert_int_equal(entries_of(w, 0), 4);
    assert_int_equal(ask_as(w, w->key, "GET", "/api/catalogue", NULL), 200);
    assert_int_equal(ask(w, "GET", PROFILE, NULL), 401);
    assert_int_equal(entries_of(w, 0), 4);
}

static piq_caller learner_7(void)
{
    return (piq_caller){.role = PIQ_ROLE_LEARNER,
                        .scopes = PIQ_SCOPE_EVENTS_WRITE |
                                  PIQ_SCOPE_PROFILE_READ | PIQ_SCOPE_ANY,
                        .learner = {USER},
                        .id = "learner:7",
                        .expires_us = INT64_MAX};
}

/* A read by a key, by the learner, one that is refused, and a change. */
static size_t recorded(world *w, piq_audit_reads reads)
{
    const piq_caller self = learner_7();
    size_t before = entries_of(w, 0);
    w->reads = reads;
    begin_api(w, false);
    assert_int_equal(ask_as(w, w->reader, "GET", PROFILE, NULL), 200);
    assert_int_equal(ask_as(w, w->tenant, "GET", PROFILE, NULL), 404);
    w->as = &self;
    assert_int_equal(ask(w, "GET", PROFILE, NULL), 200);
    assert_int_equal(ask(w, "GET", "/api/users/8/profile", NULL), 404);
    assert_int_equal(ask(w, "POST", GOALS, GOAL), 201);
    w->as = NULL;
    return entries_of(w, 0) - before;
}

static void test_api_access__reads_are_recorded_as_asked_for(void **state)
{
    world *w = *state;
    assert_int_equal(recorded(w, PIQ_AUDIT_READS_ALL), 5);
    assert_int_equal(recorded(w, PIQ_AUDIT_READS_OTHERS), 4);
    /* Refusals and changes always are. */
    assert_int_equal(recorded(w, PIQ_AUDIT_READS_NONE), 3);
}

static void test_api_access__learners_erase_themselves(void **state)
{
    world *w = *state;
    piq_caller self = learner_7();
    w->as = &self;
    assert_int_equal(ask(w, "DELETE", "/api/users/8", NULL), 404);
    self.scopes &= ~(uint32_t)PIQ_SCOPE_EVENTS_WRITE; /* a token that reads */
    assert_int_equal(ask(w, "DELETE", "/api/users/7", NULL), 403);
    assert_int_equal(ask(w, "GET", "/api/users/7/audit", NULL), 200);
    self = learner_7();
    self.role = PIQ_ROLE_COACH;
    assert_int_equal(ask(w, "DELETE", "/api/users/7", NULL), 403);
    self = learner_7();
    assert_int_equal(ask(w, "DELETE", "/api/users/7", NULL), 200);
    assert_int_equal(ask(w, "GET", PROFILE, NULL), 404);
    w->as = NULL;
    assert_int_equal(entries_of(w, USER), 0);
}

static void test_api_access__the_erased_leave_the_audit(void **state)
{
    world *w = *state;
    assert_int_equal(ask_as(w, w->key, "GET", PROFILE, NULL), 200);
    assert_int_equal(entries_of(w, USER), 1);
    assert_int_equal(ask_as(w, w->tenant, "DELETE", "/api/users/7", NULL), 404);
    assert_int_equal(ask_as(w, w->key, "DELETE", "/api/users/7", NULL), 200);
    assert_int_equal(ask_as(w, w->key, "GET", PROFILE, NULL), 404);
    assert_int_equal(ask_as(w, w->key, "GET", "/api/users/7/audit", NULL), 200);
    assert_non_null(strstr(w->body, "\"entries\":[]"));
}

int main(void)
{
#define ON(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        ON(test_api_access__nobody_gets_401_and_how),
        ON(test_api_access__a_key_may_what_its_scopes_say),
        ON(test_api_access__a_tenant_has_its_own_learners),
        ON(test_api_access__guessing_ends_in_429),
        ON(test_api_access__without_a_keeper_only_the_known_call),
        ON(test_api_access__a_cookie_changes_from_our_pages_only),
        ON(test_api_access__a_coach_has_a_session_too),
        ON(test_api_access__open_is_for_this_machine),
        ON(test_api_access__what_touches_a_learner_is_recorded),
        ON(test_api_access__reads_are_recorded_as_asked_for),
        ON(test_api_access__learners_erase_themselves),
        ON(test_api_access__the_erased_leave_the_audit),
    };
#undef ON
    return cmocka_run_group_tests(tests, NULL, NULL);
}
