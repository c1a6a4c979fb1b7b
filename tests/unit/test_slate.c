/* The operation that recommends: what is answered, logged and remembered, and
 * what feedback does to the next one. */
#include "engine/engine_internal.h"

#include "base/calendar.h"
#include "support/engine_fixture.h"

#include <jansson.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

enum { USER = 7, MAX_SHOWN = 50 };

typedef struct shown {
    int64_t version;
    int64_t ids[MAX_SHOWN], contents[MAX_SHOWN];
    size_t n;
} shown;

static int set_up(void **state)
{
    engine_fixture *f = fixture_new(NULL);
    piq_event e = fixture_answer(f, 1, 0, 1);
    fixture_post(f, USER, &e, 1);
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    fixture_free(*state);
    return 0;
}

static shown read_slate(const piq_bytes *bytes)
{
    piq_str s = piq_bytes_str(bytes);
    shown out = {0};
    json_t *root = json_loadb(s.ptr, s.len, JSON_REJECT_DUPLICATES, NULL);
    assert_non_null(root);
    out.version = json_integer_value(json_object_get(root, "version"));
    const json_t *list = json_object_get(root, "recommendations");
    out.n = json_array_size(list);
    assert_true(out.n <= MAX_SHOWN);
    for (size_t i = 0; i < out.n; i++) {
        const json_t *r = json_array_get(list, i);
        out.ids[i] = json_integer_value(json_object_get(r, "id"));
        out.contents[i] = json_integer_value(json_object_get(r, "content_id"));
    }
    json_decref(root);
    return out;
}

static shown recommend(engine_fixture *f, int64_t now_us)
{
    piq_op *op = fixture_run(f, PIQ_OP_SLATE, USER, now_us);
    shown s = read_slate(op->slate);
    assert_int_equal(s.version, op->state_version);
    piq_op_free(op);
    return s;
}

static bool has(const shown *s, int64_t content)
{
    for (size_t i = 0; i < s->n; i++)
        if (s->contents[i] == content)
            return true;
    return false;
}

static void test_slate__numbers_are_those_that_are_stored(void **state)
{
    engine_fixture *f = *state;
    shown s = recommend(f, FIXTURE_NOW_US);
    piq_store *store = piq_engine_store(f->e);
    assert_true(s.n > 1);
    assert_int_equal(s.version, 1);
    assert_int_equal(memory_n_slates(f->data), 1);
    for (size_t i = 0; i < s.n; i++) {
        piq_recommendation_row row;
        assert_int_equal(store->ops->recommendation(store, &f->a,
                                                    (piq_user_id){USER},
                                                    s.ids[i], &row, &f->err),
                         PIQ_OK);
        assert_int_equal(row.content.v, s.contents[i]);
        assert_int_equal(row.recommended_us, FIXTURE_NOW_US);
        assert_int_equal(row.action, PIQ_ACTION_NONE);
    }
}

static void test_slate__is_served_again_until_something_happens(void **state)
{
    engine_fixture *f = *state;
    int64_t version = 0;
    piq_user_id user = {USER};
    piq_op *op = fixture_run(f, PIQ_OP_SLATE, USER, FIXTURE_NOW_US);
    piq_bytes *again =
        piq_engine_served_slate(f->e, user, -1, 10, FIXTURE_NOW_US, &version);
    assert_ptr_equal(again, op->slate);
    assert_int_equal(version, 1);
    piq_bytes_release(again);
    assert_null(piq_engine_served_slate(
        f->e, user, -1, 10, FIXTURE_NOW_US + 10 * PIQ_US_PER_MINUTE, &version));
    piq_event e = fixture_answer(f, 2, 60, 0);
    fixture_post(f, USER, &e, 1);
    assert_null(
        piq_engine_served_slate(f->e, user, -1, 10, FIXTURE_NOW_US, &version));
    piq_op_free(op);
    assert_int_equal(recommend(f, FIXTURE_NOW_US).version, 2);
}

static void test_slate__of_another_curriculum_is_not_served(void **state)
{
    engine_fixture *f = *state;
    int64_t version = 0;
    recommend(f, FIXTURE_NOW_US);
    fixture_load_file(f, "content/poker.json");
    assert_null(piq_engine_served_slate(f->e, (piq_user_id){USER}, -1, 10,
                                        FIXTURE_NOW_US, &version));
    shown s = recommend(f, FIXTURE_NOW_US); /* a state of yore has room */
    assert_true(s.n > 0);
    assert_int_equal(s.version, 1);
    fixture_check_replay(f, USER);
}

/* ---- in one batch with an event -------------------------------------- */

static void set_flag(piq_op *op)
{
    atomic_store((atomic_bool *)op->ctx, true);
}

static bool is_set(void *ctx)
{
    return atomic_load((atomic_bool *)ctx);
}

static void test_slate__chosen_before_an_event_is_not_remembered(void **state)
{
    (void)state;
    piq_engine_config config = fixture_quiet();
    config.n_owners = 1;
    engine_fixture *f = fixture_new(&config);
    piq_event e[3];
    atomic_bool done[3];
    piq_op *ops[3];
    int64_t version = 0;
    for (unsigned i = 0; i < 3; i++)
        e[i] = fixture_answer(f, i, 60 * i, 1);
    fixture_post(f, USER, e, 1);
    memory_hold_commits(f->data, true);
    for (int i = 0; i < 3; i++) {
        ops[i] = piq_op_new(i == 1 ? PIQ_OP_SLATE : PIQ_OP_EVENTS,
                            (piq_user_id){i ? USER : USER + 1}, FIXTURE_NOW_US);
        ops[i]->limit = 10;
        if (i != 1) {
            ops[i]->events = piq_new(&ops[i]->arena, piq_event, 1);
            ops[i]->events[0] = e[i];
            ops[i]->n_events = 1;
        }
        atomic_init(&done[i], false);
        ops[i]->ctx = &done[i];
        ops[i]->done = set_flag;
        assert_int_equal(piq_engine_submit(f->e, ops[i]), PIQ_OK);
        if (i == 0)
            memory_await_commit(f->data);
    }
    memory_hold_commits(f->data, false);
    for (int i = 0; i < 3; i++)
        fixture_await(is_set, &done[i]);
    assert_int_equal(ops[1]->state_version, 1);
    assert_int_equal(read_slate(ops[1]->slate).version, 1);
    assert_int_equal(ops[2]->state_version, 2);
    assert_null(piq_engine_served_slate(f->e, (piq_user_id){USER}, -1, 10,
                                        FIXTURE_NOW_US, &version));
    for (int i = 0; i < 3; i++)
        piq_op_free(ops[i]);
    fixture_free(f);
}

/* ---- feedback -------------------------------------------------------- */

/* About a slate that was served at FIXTURE_START_US or later. */
static fixture_posted feed_back(engine_fixture *f, unsigned id, int64_t user,
                                int64_t recommendation, piq_user_action action)
{
    piq_event e = fixture_event(f, id, 3600 * (int64_t)id,
                                PIQ_EV_RECOMMENDATION_FEEDBACK);
    e.u.feedback =
        (piq_feedback_event){recommendation, {PIQ_NO_IX32}, action, 4};
    return fixture_post_to(f->e, user, &e, 1, -1);
}

static void test_slate__what_was_dismissed_rests_for_a_week(void **state)
{
    engine_fixture *f = *state;
    int64_t start = FIXTURE_START_US, day = PIQ_US_PER_DAY;
    shown s = recommend(f, start);
    assert_int_equal(
        feed_back(f, 2, USER, s.ids[0], PIQ_ACTION_DISMISSED).status, PIQ_OK);
    shown next = recommend(f, start + day);
    assert_false(has(&next, s.contents[0]));
    next = recommend(f, start + 8 * day); /* a week is over */
    assert_true(has(&next, s.contents[0]));
    assert_int_equal(
        feed_back(f, 3, USER, s.ids[0], PIQ_ACTION_ACCEPTED).status, PIQ_OK);
    next = recommend(f, start + day);
    assert_true(has(&next, s.contents[0])); /* lifted */
    piq_recommendation_row row;
    piq_store *store = piq_engine_store(f->e);
    assert_int_equal(store->ops->recommendation(store, &f->a,
                                                (piq_user_id){USER}, s.ids[0],
                                                &row, &f->err),
                     PIQ_OK);
    assert_int_equal(row.action, PIQ_ACTION_ACCEPTED);
    assert_int_equal(row.feedback_score, 4);
    fixture_check_replay(f, USER);
}

static void test_slate__feedback_on_anothers_is_refused(void **state)
{
    engine_fixture *f = *state;
    shown s = recommend(f, FIXTURE_START_US);
    piq_event e = fixture_answer(f, 1, 0, 1);
    fixture_post(f, USER + 1, &e, 1);
    size_t n_events = memory_n_events(f->data);
    fixture_posted p = feed_back(f, 2, USER + 1, s.ids[0], PIQ_ACTION_ACCEPTED);
    assert_int_equal(p.status, PIQ_EINVAL);
    assert_int_equal(p.at_event, 0);
    assert_string_equal(p.err.where, "/recommendation_id");
    assert_int_equal(feed_back(f, 2, USER, 999999, PIQ_ACTION_ACCEPTED).status,
                     PIQ_EINVAL);
    e = fixture_event(f, 3, 60, PIQ_EV_RECOMMENDATION_FEEDBACK);
    e.u.feedback = (piq_feedback_event){s.ids[0], {0}, PIQ_ACTION_ACCEPTED, 0};
    if (piq_engine_catalogue(f->e)->contents[0].id.v == s.contents[0])
        e.u.feedback.content.v = 1;
    p = fixture_post_to(f->e, USER, &e, 1, -1); /* was for another content */
    assert_int_equal(p.status, PIQ_EINVAL);
    assert_string_equal(p.err.where, "/content");
    assert_int_equal(memory_n_events(f->data), n_events);
}

/* The event says what was recommended: repeats and rebuilds agree. */
static void test_slate__feedback_can_be_repeated(void **state)
{
    engine_fixture *f = *state;
    shown s = recommend(f, FIXTURE_START_US);
    fixture_posted p = feed_back(f, 2, USER, s.ids[0], PIQ_ACTION_DISMISSED);
    assert_int_equal(p.n_accepted, 1);
    p = feed_back(f, 2, USER, s.ids[0], PIQ_ACTION_DISMISSED);
    assert_int_equal(p.n_duplicates, 1);
    p = feed_back(f, 2, USER, s.ids[0], PIQ_ACTION_ACCEPTED);
    assert_int_equal(p.status, PIQ_ECONFLICT);
    fixture_check_replay(f, USER);
}

int main(void)
{
#define WITH(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        WITH(test_slate__numbers_are_those_that_are_stored),
        WITH(test_slate__is_served_again_until_something_happens),
        WITH(test_slate__of_another_curriculum_is_not_served),
        cmocka_unit_test(test_slate__chosen_before_an_event_is_not_remembered),
        WITH(test_slate__what_was_dismissed_rests_for_a_week),
        WITH(test_slate__feedback_on_anothers_is_refused),
        WITH(test_slate__feedback_can_be_repeated),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
