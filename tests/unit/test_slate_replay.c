/* threads:tsan
 * Served slates made again from the log: whatever happened since, and under
 * whatever they were made. */
#include "engine/engine_internal.h"
#include "engine/policy.h"
#include "engine/slate_log.h"

#include "base/calendar.h"
#include "support/engine_fixture.h"
#include "support/memory_store_data.h"

#include <jansson.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

enum { USER = 7 };

static int set_up(void **state)
{
    engine_fixture *f = fixture_new(NULL);
    fixture_load_file(f, "content/poker.json");
    for (unsigned i = 0; i < 12; i++) {
        piq_event e = fixture_answer(f, i, 60 * i, (float)(i % 2));
        fixture_post(f, USER, &e, 1);
    }
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    fixture_free(*state);
    return 0;
}

/* The id of the first shown. */
static int64_t recommend(engine_fixture *f, int64_t now_us)
{
    piq_op *op = fixture_run(f, PIQ_OP_SLATE, USER, now_us);
    piq_str s = piq_bytes_str(op->slate);
    json_t *root = json_loadb(s.ptr, s.len, 0, NULL);
    const json_t *list = json_object_get(root, "recommendations");
    int64_t id =
        json_integer_value(json_object_get(json_array_get(list, 0), "id"));
    assert_true(json_array_size(list) > 3);
    json_decref(root);
    piq_op_free(op);
    return id;
}

static piq_slate_replay replay(engine_fixture *f, int64_t id, piq_str *said)
{
    piq_slate_replay result;
    piq_buf b;
    piq_buf_init(&b, 0);
    piq_status status = piq_engine_replay_slate(f->e, id, &result, &b, &f->err);
    if (status)
        fail_msg("replay: %s", f->err.message);
    assert_true(b.len > 0);
    piq_str text = piq_buf_keep(&b, &f->a);
    if (result != PIQ_SLATE_SAME)
        print_message("%.*s\n", PIQ_STR_ARG(text));
    if (said)
        *said = text;
    piq_buf_release(&b);
    return result;
}

static void say(engine_fixture *f, unsigned number, int64_t id,
                piq_user_action action)
{
    piq_event e =
        fixture_event(f, number, 3600 + number, PIQ_EV_RECOMMENDATION_FEEDBACK);
    e.u.feedback = (piq_feedback_event){id, {PIQ_NO_IX32}, action, 0};
    fixture_post(f, USER, &e, 1);
}

static void test_replay__gives_the_slate_whatever_came_after(void **state)
{
    engine_fixture *f = *state;
    int64_t first = recommend(f, FIXTURE_NOW_US);
    assert_int_equal(replay(f, first, NULL), PIQ_SLATE_SAME);
    assert_int_equal(replay(f, first + 2, NULL), PIQ_SLATE_SAME);
    say(f, 100, first, PIQ_ACTION_DISMISSED);
    piq_event late = fixture_answer(f, 101, 5, 1);
    fixture_post(f, USER, &late, 1);
    int64_t second = recommend(f, FIXTURE_NOW_US + PIQ_US_PER_DAY);
    assert_true(second > first);
    fixture_reopen(f);
    assert_int_equal(replay(f, first, NULL), PIQ_SLATE_SAME);
    assert_int_equal(replay(f, second, NULL), PIQ_SLATE_SAME);
}

static void test_replay__gives_the_slate_of_a_learner_with_a_plan(void **state)
{
    engine_fixture *f = *state;
    piq_op_free(fixture_run(f, PIQ_OP_PATH, USER, FIXTURE_NOW_US));
    int64_t id = recommend(f, FIXTURE_NOW_US);
    piq_slate_record r;
    piq_slate_log log;
    piq_store *store = piq_engine_store(f->e);
    assert_int_equal(store->ops->slate_of(store, &f->a, id, &r, &f->err),
                     PIQ_OK);
    assert_int_equal(piq_slate_log_read(&f->a, r.row.candidates, &log), PIQ_OK);
    assert_true(log.origin.n_plan > 1);
    double most = 0;
    for (size_t i = 0; i < log.n_shown; i++)
        most = fmax(most, (double)log.shown[i].terms[PIQ_TERM_PATH_POSITION]);
    assert_true(most > 0);
    /* Another plan changes nothing of what was logged. */
    piq_event e = fixture_answer(f, 200, 7200, 0);
    fixture_post(f, USER, &e, 1);
    piq_op_free(
        fixture_run(f, PIQ_OP_PATH, USER, FIXTURE_NOW_US + PIQ_US_PER_DAY));
    assert_int_equal(replay(f, id, NULL), PIQ_SLATE_SAME);
}

static void test_replay__gives_the_slate_of_learned_weights(void **state)
{
    engine_fixture *f = *state;
    uint32_t version = 0;
    int64_t by_hand = recommend(f, FIXTURE_NOW_US);
    for (unsigned i = 0; i < 5; i++)
        say(f, 300 + i, by_hand + i,
            i % 2 ? PIQ_ACTION_DISMISSED : PIQ_ACTION_COMPLETED);
    assert_int_equal(
        piq_engine_learn_policy(f->e, FIXTURE_NOW_US, 1, &version, &f->err),
        PIQ_OK);
    assert_int_equal(version, 1);
    int64_t learned = recommend(f, FIXTURE_NOW_US + PIQ_US_PER_HOUR);
    say(f, 310, learned, PIQ_ACTION_COMPLETED);
    assert_int_equal(
        piq_engine_learn_policy(f->e, FIXTURE_NOW_US, 1, &version, &f->err),
        PIQ_OK);
    assert_int_equal(version, 2);
    fixture_reopen(f);
    assert_int_equal(replay(f, by_hand, NULL), PIQ_SLATE_SAME);
    assert_int_equal(replay(f, learned, NULL), PIQ_SLATE_SAME);
    piq_store *store = piq_engine_store(f->e);
    assert_int_equal(
        store->ops->drop_model(store, PIQ_MODEL_POLICY, 1, &f->err), PIQ_OK);
    assert_int_equal(replay(f, learned, NULL), PIQ_SLATE_FORGOTTEN);
}

/* The last byte is one of the last shown's last term. */
static void test_replay__says_what_differs(void **state)
{
    engine_fixture *f = *state;
    piq_str said;
    int64_t id = recommend(f, FIXTURE_NOW_US);
    piq_slate_record *r = f->data->slates.at[0];
    char *bytes = (char *)(uintptr_t)r->row.candidates.ptr;
    bytes[r->row.candidates.len - 5] ^= 1;
    assert_int_equal(replay(f, id, &said), PIQ_SLATE_DIFFERS);
    assert_non_null(memmem(said.ptr, said.len, "practice", 8) ||
                            memmem(said.ptr, said.len, "type", 4)
                        ? said.ptr
                        : NULL);
}

static void test_replay__of_a_row_of_yore_cannot_tell(void **state)
{
    engine_fixture *f = *state;
    int64_t id = recommend(f, FIXTURE_NOW_US);
    piq_slate_record *r = f->data->slates.at[0];
    r->row.candidates.len = 3;
    memcpy((char *)(uintptr_t)r->row.candidates.ptr, "\1\0\0", 3);
    assert_int_equal(replay(f, id, NULL), PIQ_SLATE_FORGOTTEN);
}

static void test_replay__of_what_was_never_given_is_absent(void **state)
{
    engine_fixture *f = *state;
    piq_slate_replay result;
    piq_buf b;
    piq_buf_init(&b, 0);
    assert_int_equal(piq_engine_replay_slate(f->e, 99, &result, &b, &f->err),
                     PIQ_ENOTFOUND);
    piq_buf_release(&b);
}

static void test_explain__tells_what_the_slate_told(void **state)
{
    engine_fixture *f = *state;
    int64_t id = recommend(f, FIXTURE_NOW_US);
    piq_buf b;
    piq_json_writer w;
    piq_buf_init(&b, 0);
    piq_json_init(&w, &b);
    assert_int_equal(piq_engine_explain(f->e, (piq_user_id){USER}, id + 1, true,
                                        &w, &f->err),
                     PIQ_OK);
    json_t *x = json_loadb(b.ptr, b.len, JSON_REJECT_DUPLICATES, NULL);
    assert_non_null(x);
    assert_int_equal(json_integer_value(json_object_get(x, "place")), 2);
    const json_t *again = json_object_get(x, "replay");
    assert_string_equal(json_string_value(json_object_get(again, "result")),
                        "same");
    const json_t *explored = json_object_get(x, "explored");
    const json_t *list = json_object_get(explored, "candidates");
    double sum = 0;
    for (size_t i = 0; i < json_array_size(list); i++)
        sum += json_number_value(
            json_object_get(json_array_get(list, i), "chance"));
    assert_true(fabs(sum - 1) < 1e-6);
    json_decref(x);
    piq_buf_clear(&b);
    piq_json_init(&w, &b);
    assert_int_equal(piq_engine_explain(f->e, (piq_user_id){USER + 1}, id,
                                        false, &w, &f->err),
                     PIQ_ENOTFOUND);
    piq_buf_release(&b);
}

static void test_explore__can_be_switched_off(void **state)
{
    (void)state;
    piq_engine_config config = fixture_quiet();
    config.explore = PIQ_EXPLORE_NEVER;
    engine_fixture *f = fixture_new(&config);
    piq_event e = fixture_answer(f, 1, 0, 1);
    fixture_post(f, USER, &e, 1);
    piq_op_free(fixture_run(f, PIQ_OP_SLATE, USER, FIXTURE_NOW_US));
    piq_slate_log log;
    piq_slate_record *r = f->data->slates.at[0];
    assert_int_equal(piq_slate_log_read(&f->a, r->row.candidates, &log),
                     PIQ_OK);
    assert_int_equal(log.n_explored, 0);
    assert_int_equal(log.slot, log.n_shown);
    for (size_t i = 0; i < log.n_shown; i++)
        assert_true(log.shown[i].chance == 1);
    fixture_free(f);
}

int main(void)
{
#define WITH(t) cmocka_unit_test_setup_teardown(t, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        WITH(test_replay__gives_the_slate_whatever_came_after),
        WITH(test_replay__gives_the_slate_of_a_learner_with_a_plan),
        WITH(test_replay__gives_the_slate_of_learned_weights),
        WITH(test_replay__says_what_differs),
        WITH(test_replay__of_a_row_of_yore_cannot_tell),
        WITH(test_replay__of_what_was_never_given_is_absent),
        WITH(test_explain__tells_what_the_slate_told),
        cmocka_unit_test(test_explore__can_be_switched_off),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
