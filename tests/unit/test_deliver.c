/* Webhooks delivered, whole: a store whose changes are told, and a server on
 * this machine that answers as a test has it.
 * threads:tsan */
#include "base/clock.h"
#include "support/hook_receiver.h"
#include "support/memory_store.h"
#include "webhook/endpoints.h"
#include "webhook/sign.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>
#include <jansson.h>

enum { USER = 12, PATIENCE = 4000 };
#define SECOND_US INT64_C(1000000)

typedef struct world {
    memory_data *data;
    piq_store *store;
    hook_receiver *r;
    piq_webhook hook;
    char secret[PIQ_WEBHOOK_SECRET_BYTES];
    piq_webhooks *w;
    _Atomic bool leads;
    int64_t version; /* of the learner's state */
    piq_err err;
} world;

static int set_up(void **state)
{
    world *x = calloc(1, sizeof *x);
    x->data = memory_data_new();
    x->store = memory_store_open(x->data);
    x->r = hook_receiver_new();
    x->leads = true;
    *state = x;
    return 0;
}

static int tear_down(void **state)
{
    world *x = *state;
    piq_webhooks_stop(x->w);
    hook_receiver_free(x->r);
    x->store->ops->close(x->store);
    memory_data_free(x->data);
    free(x);
    return 0;
}

static bool leads(void *ctx)
{
    return ((world *)ctx)->leads;
}

static void add_hook(world *x, const char *scheme, bool allow_private)
{
    x->hook = (piq_webhook){.what = PIQ_CHANGED_STATE | PIQ_CHANGED_ERASED};
    snprintf(x->hook.url, sizeof x->hook.url, "%s://127.0.0.1:%u/hook", scheme,
             hook_receiver_port(x->r));
    assert_int_equal(piq_webhook_add(x->store, &x->hook, allow_private,
                                     piq_clock_now_us(), x->secret, &x->err),
                     PIQ_OK);
}

static void start(world *x, bool allow_private, unsigned timeout_ms)
{
    const piq_webhook_config config = {.allow_private = allow_private,
                                       .poll_ms = 5,
                                       .timeout_ms = timeout_ms,
                                       .source = "/test",
                                       .is_leader = leads,
                                       .ctx = x};
    assert_int_equal(
        piq_webhooks_start(x->store, &config, NULL, &x->w, &x->err), PIQ_OK);
}

/* A commit that changes the learner's state. */
static void change(world *x)
{
    const piq_state_row row = {.user = {USER},
                               .version = x->version + 1,
                               .from_version = x->version,
                               .body = PIQ_STR("state")};
    piq_commit c = {.states = &row, .n_states = 1};
    assert_int_equal(x->store->ops->commit(x->store, &c, &x->err), PIQ_OK);
    x->version++;
}

static piq_webhook look(world *x)
{
    piq_webhook h;
    char secret[PIQ_WEBHOOK_SECRET_BYTES];
    assert_int_equal(
        piq_webhook_read(x->store, piq_str_of(x->hook.id), &h, secret, &x->err),
        PIQ_OK);
    return h;
}

static void a_moment(void)
{
    const struct timespec ms = {.tv_nsec = 5000000};
    nanosleep(&ms, NULL);
}

/* How it goes, once it has been told so often, or has failed so often. */
static piq_webhook await(world *x, uint64_t told, unsigned failures)
{
    piq_webhook h = look(x);
    for (int i = 0; i < PATIENCE && (h.told < told || h.failures < failures);
         i++) {
        a_moment();
        h = look(x);
    }
    assert_int_equal(h.told, told);
    assert_int_equal(h.failures, failures);
    return h;
}

/* Not to wait for the next try. */
static void try_again(world *x)
{
    assert_int_equal(
        piq_webhook_revive(x->store, 0, piq_str_of(x->hook.id), &x->err),
        PIQ_OK);
    piq_webhooks_nudge(x->w);
}

static void assert_signed(const world *x, const hook_request *q)
{
    char id[128], stamp[32], given[64], want[PIQ_SIGNATURE_BYTES];
    piq_err err = {0};
    assert_true(hook_header(q, "webhook-id", id, sizeof id));
    assert_true(hook_header(q, "webhook-timestamp", stamp, sizeof stamp));
    assert_true(hook_header(q, "webhook-signature", given, sizeof given));
    assert_int_equal(piq_webhook_sign(piq_str_of(x->secret), piq_str_of(id),
                                      atoll(stamp), piq_str_of(q->body), want,
                                      &err),
                     PIQ_OK);
    assert_string_equal(given, want);
}

/* ---- what is sent ---------------------------------------------------------
 */

static void test_deliver__a_change_is_told_and_signed(void **state)
{
    world *x = *state;
    hook_request q;
    char type[64], id[128];
    add_hook(x, "http", true);
    start(x, true, 2000);
    change(x);
    piq_webhook h = await(x, 1, 0);
    assert_int_equal(hook_receiver_take(x->r, 0, &q), 1);
    assert_string_equal(q.line, "POST /hook HTTP/1.1");
    assert_true(hook_header(&q, "content-type", type, sizeof type));
    assert_string_equal(type, "application/cloudevents+json; charset=utf-8");
    assert_signed(x, &q);
    json_t *body = json_loads(q.body, 0, NULL);
    assert_non_null(body);
    assert_true(hook_header(&q, "webhook-id", id, sizeof id));
    assert_string_equal(json_string_value(json_object_get(body, "id")), id);
    assert_string_equal(json_string_value(json_object_get(body, "source")),
                        "/test");
    json_decref(body);
    int64_t mark;
    assert_int_equal(x->store->ops->last_change(x->store, &mark, &x->err),
                     PIQ_OK);
    assert_int_equal(h.mark, mark);
    assert_string_equal(h.last_error, "");
}

static void test_deliver__what_waits_together_is_told_once(void **state)
{
    world *x = *state;
    hook_request q;
    add_hook(x, "http", true);
    for (int i = 0; i < 7; i++)
        change(x);
    start(x, true, 2000);
    await(x, 1, 0);
    assert_int_equal(hook_receiver_take(x->r, 0, &q), 1);
    assert_non_null(strstr(q.body, "\"state_version\":7"));
}

static void test_deliver__only_who_leads_tells(void **state)
{
    world *x = *state;
    hook_request q;
    x->leads = false;
    add_hook(x, "http", true);
    start(x, true, 2000);
    change(x);
    for (int i = 0; i < 20; i++)
        a_moment();
    assert_int_equal(hook_receiver_take(x->r, 0, &q), 0);
    x->leads = true;
    await(x, 1, 0);
}

/* ---- what is tried again ---------------------------------------------------
 */

static void test_deliver__a_failure_is_tried_again_under_its_id(void **state)
{
    world *x = *state;
    hook_request first, again;
    char one[128], other[128], trace[64], traced[64];
    hook_receiver_answer(x->r, 0, 500);
    add_hook(x, "http", true);
    start(x, true, 2000);
    int64_t before_us = piq_clock_now_us();
    change(x);
    piq_webhook h = await(x, 0, 1);
    int64_t after_us = piq_clock_now_us();
    /* 5 s less up to half. */
    assert_true(h.next_us >= before_us + 5 * SECOND_US / 2);
    assert_true(h.next_us <= after_us + 5 * SECOND_US);
    assert_true(h.failing_us >= before_us && h.failing_us <= after_us);
    assert_string_equal(h.last_error, "it answered 500");
    assert_false(h.off);
    try_again(x);
    h = await(x, 1, 0);
    assert_int_equal(h.failing_us, 0);
    assert_int_equal(h.next_us, 0);
    assert_string_equal(h.last_error, "");
    assert_int_equal(hook_receiver_take(x->r, 0, &first), 2);
    assert_int_equal(hook_receiver_take(x->r, 1, &again), 2);
    assert_signed(x, &first);
    assert_signed(x, &again);
    assert_true(hook_header(&first, "webhook-id", one, sizeof one));
    assert_true(hook_header(&again, "webhook-id", other, sizeof other));
    assert_string_equal(one, other);
    /* One trace, a span for each try: 00-<32>-<16>-01. */
    assert_true(hook_header(&first, "traceparent", trace, sizeof trace));
    assert_true(hook_header(&again, "traceparent", traced, sizeof traced));
    assert_int_equal(strlen(trace), 55);
    assert_memory_equal(trace, traced, 36);
    assert_memory_not_equal(trace + 36, traced + 36, 16);
    assert_string_equal(trace + 52, "-01");
}

static void test_deliver__pauses_double_up_to_an_hour(void **state)
{
    static const struct {
        unsigned failures;
        int64_t most_s;
    } cases[] = {{1, 10}, {3, 40}, {9, 2560}, {10, 3600}, {4000, 3600}};
    world *x = *state;
    for (int i = 0; i < 5; i++)
        hook_receiver_answer(x->r, (size_t)i, 503);
    add_hook(x, "http", true);
    change(x);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        piq_webhook h = look(x);
        h.failures = cases[i].failures;
        h.failing_us = piq_clock_now_us() - SECOND_US;
        h.next_us = 0;
        assert_int_equal(piq_webhook_note(x->store, &h, &x->err), PIQ_OK);
        start(x, true, 2000);
        int64_t before_us = piq_clock_now_us();
        h = await(x, 0, cases[i].failures + 1);
        piq_webhooks_stop(x->w);
        x->w = NULL;
        assert_true(h.next_us - before_us >= cases[i].most_s * SECOND_US / 2);
        assert_true(h.next_us - piq_clock_now_us() <=
                    cases[i].most_s * SECOND_US);
        assert_false(h.off);
    }
}

static void test_deliver__three_days_of_failures_switch_it_off(void **state)
{
    world *x = *state;
    hook_receiver_answer(x->r, 0, 503);
    add_hook(x, "http", true);
    change(x);
    piq_webhook h = look(x);
    h.failures = 90;
    h.failing_us = piq_clock_now_us() - 3 * 86400 * SECOND_US - SECOND_US;
    assert_int_equal(piq_webhook_note(x->store, &h, &x->err), PIQ_OK);
    start(x, true, 2000);
    assert_true(await(x, 0, 91).off);
}

static void test_deliver__silence_ends_with_the_time_out(void **state)
{
    world *x = *state;
    hook_receiver_answer(x->r, 0, HOOK_SILENCE);
    add_hook(x, "http", true);
    start(x, true, 150);
    change(x);
    piq_webhook h = await(x, 0, 1);
    assert_non_null(strstr(h.last_error, "timed out"));
    assert_false(h.off);
    try_again(x);
    await(x, 1, 0);
}

static void test_deliver__nobody_listening_is_a_failure(void **state)
{
    world *x = *state;
    add_hook(x, "http", true);
    hook_receiver_shut(x->r);
    start(x, true, 2000);
    change(x);
    assert_true(await(x, 0, 1).last_error[0] != '\0');
}

/* ---- what is refused --------------------------------------------------------
 */

static void test_deliver__private_addresses_are_not_called(void **state)
{
    world *x = *state;
    hook_request q;
    add_hook(x, "https", false);
    start(x, false, 2000);
    change(x);
    piq_webhook h = await(x, 0, 1);
    assert_string_equal(h.last_error,
                        "the endpoint's address is not a public one");
    assert_int_equal(hook_receiver_take(x->r, 0, &q), 0);
    assert_int_equal(hook_receiver_connections(x->r), 0);
}

static void test_deliver__http_is_for_private_ones_only(void **state)
{
    world *x = *state;
    add_hook(x, "http", true);
    /* Allowed when it was made, and no more. */
    start(x, false, 2000);
    change(x);
    assert_true(await(x, 0, 1).last_error[0] != '\0');
    assert_int_equal(hook_receiver_connections(x->r), 0);
}

static void test_deliver__redirects_are_not_followed(void **state)
{
    static const int moved[] = {301, 302, 303, 307, 308};
    world *x = *state;
    hook_request q;
    for (int i = 0; i < 5; i++)
        hook_receiver_answer(x->r, (size_t)i, moved[i]);
    add_hook(x, "http", true);
    start(x, true, 2000);
    change(x);
    for (size_t i = 0; i < 5; i++) {
        char said[32];
        piq_webhook h = await(x, 0, 1);
        snprintf(said, sizeof said, "it answered %d", moved[i]);
        assert_string_equal(h.last_error, said);
        assert_int_equal(hook_receiver_take(x->r, i, &q), i + 1);
        assert_string_equal(q.line, "POST /hook HTTP/1.1");
        try_again(x);
    }
    await(x, 1, 0);
}

static void test_deliver__gone_is_told_no_more_until_revived(void **state)
{
    world *x = *state;
    hook_request q;
    hook_receiver_answer(x->r, 0, 410);
    add_hook(x, "http", true);
    start(x, true, 2000);
    change(x);
    assert_true(await(x, 0, 1).off);
    change(x);
    for (int i = 0; i < 20; i++)
        a_moment();
    assert_int_equal(hook_receiver_take(x->r, 0, &q), 1);
    try_again(x);
    await(x, 1, 0);
    assert_int_equal(hook_receiver_take(x->r, 1, &q), 2);
    assert_non_null(strstr(q.body, "\"state_version\":2"));
}

static void test_deliver__one_that_was_dropped_is_told_no_more(void **state)
{
    world *x = *state;
    hook_request q;
    add_hook(x, "http", true);
    start(x, true, 2000);
    change(x);
    await(x, 1, 0);
    assert_int_equal(
        piq_webhook_drop(x->store, 0, piq_str_of(x->hook.id), &x->err), PIQ_OK);
    piq_webhooks_nudge(x->w);
    change(x);
    for (int i = 0; i < 20; i++)
        a_moment();
    assert_int_equal(hook_receiver_take(x->r, 0, &q), 1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_deliver__a_change_is_told_and_signed),
        TEST(test_deliver__what_waits_together_is_told_once),
        TEST(test_deliver__only_who_leads_tells),
        TEST(test_deliver__a_failure_is_tried_again_under_its_id),
        TEST(test_deliver__pauses_double_up_to_an_hour),
        TEST(test_deliver__three_days_of_failures_switch_it_off),
        TEST(test_deliver__silence_ends_with_the_time_out),
        TEST(test_deliver__nobody_listening_is_a_failure),
        TEST(test_deliver__private_addresses_are_not_called),
        TEST(test_deliver__http_is_for_private_ones_only),
        TEST(test_deliver__redirects_are_not_followed),
        TEST(test_deliver__gone_is_told_no_more_until_revived),
        TEST(test_deliver__one_that_was_dropped_is_told_no_more),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
