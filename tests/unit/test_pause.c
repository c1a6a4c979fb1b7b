/* threads:tsan
 * A learner who paused profiling: nothing is learned of them, in any engine,
 * and what was learned is still there. */
#include "engine/pause.h"

#include "base/calendar.h"
#include "engine/engine_internal.h"
#include "support/engine_file.h"
#include "support/engine_fixture.h"
#include "support/memory_store_data.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

enum { USER = 7 };

typedef struct two {
    engine_fixture *f;
    piq_engine *other; /* hears of nothing by itself */
} two;

static int set_up(void **state)
{
    two *t = calloc(1, sizeof *t);
    piq_engine_config config = fixture_quiet();
    assert_non_null(t);
    config.feed_ms = 3600 * 1000;
    t->f = fixture_new(&config);
    t->other = fixture_second(t->f);
    piq_event x = fixture_answer(t->f, 1, 10, 1);
    fixture_post(t->f, USER, &x, 1);
    *state = t;
    return 0;
}

static int tear_down(void **state)
{
    two *t = *state;
    piq_engine_close(t->other);
    fixture_free(t->f);
    free(t);
    return 0;
}

static piq_status run(piq_engine *e, piq_op_kind kind, int64_t user,
                      int64_t *version)
{
    piq_op *op = piq_op_new(kind, (piq_user_id){user}, FIXTURE_NOW_US);
    assert_non_null(op);
    piq_status status = piq_engine_run(e, op);
    if (version)
        *version = op->state_version;
    piq_op_free(op);
    return status;
}

static fixture_posted post(two *t, piq_engine *e, unsigned id)
{
    piq_event x = fixture_answer(t->f, id, 10 * id, 1);
    return fixture_post_to(e, USER, &x, 1, -1);
}

static void test_pause__events_are_refused(void **state)
{
    two *t = *state;
    int64_t version;
    size_t n = memory_n_events(t->f->data);
    assert_int_equal(run(t->f->e, PIQ_OP_PAUSE, USER, &version), PIQ_OK);
    assert_int_equal(version, 2);
    fixture_posted p = post(t, t->f->e, 2);
    assert_int_equal(p.status, PIQ_EDENIED);
    assert_string_equal(p.err.message, "profiling is paused");
    assert_int_equal(memory_n_events(t->f->data), n);
    /* Somebody else's are not. */
    piq_event x = fixture_answer(t->f, 2, 10, 1);
    assert_int_equal(fixture_post_to(t->f->e, 8, &x, 1, -1).status, PIQ_OK);
}

static void test_pause__a_repeat_is_a_repeat_still(void **state)
{
    two *t = *state;
    assert_int_equal(run(t->f->e, PIQ_OP_PAUSE, USER, NULL), PIQ_OK);
    fixture_posted p = post(t, t->f->e, 1);
    assert_int_equal(p.status, PIQ_OK);
    assert_int_equal(p.n_duplicates, 1);
}

static void test_pause__resuming_lifts_it(void **state)
{
    two *t = *state;
    int64_t version;
    assert_int_equal(run(t->f->e, PIQ_OP_PAUSE, USER, NULL), PIQ_OK);
    assert_int_equal(run(t->f->e, PIQ_OP_RESUME, USER, &version), PIQ_OK);
    assert_int_equal(version, 3);
    assert_int_equal(post(t, t->f->e, 2).status, PIQ_OK);
    fixture_check_replay(t->f, USER);
}

static void test_pause__twice_is_once(void **state)
{
    two *t = *state;
    int64_t version;
    assert_int_equal(run(t->f->e, PIQ_OP_RESUME, USER, &version), PIQ_OK);
    assert_int_equal(version, 1);
    assert_int_equal(run(t->f->e, PIQ_OP_PAUSE, USER, NULL), PIQ_OK);
    assert_int_equal(run(t->f->e, PIQ_OP_PAUSE, USER, &version), PIQ_OK);
    assert_int_equal(version, 2);
    assert_int_equal(run(t->f->e, PIQ_OP_PAUSE, 99, NULL), PIQ_ENOTFOUND);
    assert_int_equal(run(t->f->e, PIQ_OP_RESUME, 99, NULL), PIQ_ENOTFOUND);
}

/* The state is stored again to the byte: nothing was folded in. */
static void test_pause__the_state_is_what_it_was(void **state)
{
    two *t = *state;
    piq_str before = fixture_state(t->f, USER, NULL);
    assert_int_equal(run(t->f->e, PIQ_OP_PAUSE, USER, NULL), PIQ_OK);
    assert_true(piq_str_eq(before, fixture_state(t->f, USER, NULL)));
    fixture_check_replay(t->f, USER);
    fixture_load_file(t->f, "content/poker.json"); /* which needs more room */
    assert_int_equal(run(t->f->e, PIQ_OP_RESUME, USER, NULL), PIQ_OK);
    assert_true(piq_str_eq(before, fixture_state(t->f, USER, NULL)));
    fixture_check_replay(t->f, USER);
}

/* The other engine keeps the state from before, and finds out when it matters
 * at the latest. */
static void test_pause__another_engine_refuses_too(void **state)
{
    two *t = *state;
    piq_learner_ref ref;
    assert_int_equal(
        piq_engine_learner(t->other, (piq_user_id){USER}, &ref, NULL), PIQ_OK);
    piq_learner_ref_release(&ref);
    assert_int_equal(run(t->f->e, PIQ_OP_PAUSE, USER, NULL), PIQ_OK);
    assert_int_equal(post(t, t->other, 2).status, PIQ_EDENIED);
    assert_int_equal(post(t, t->f->e, 2).status, PIQ_EDENIED);
    assert_int_equal(run(t->other, PIQ_OP_RESUME, USER, NULL), PIQ_OK);
    assert_int_equal(post(t, t->other, 2).status, PIQ_OK);
    assert_int_equal(post(t, t->f->e, 3).status, PIQ_EDENIED); /* not heard */
}

static void test_pause__it_outlives_the_engine(void **state)
{
    two *t = *state;
    assert_int_equal(run(t->f->e, PIQ_OP_PAUSE, USER, NULL), PIQ_OK);
    fixture_reopen(t->f);
    assert_int_equal(post(t, t->f->e, 2).status, PIQ_EDENIED);
}

/* They come from the state as it stood, and are marked. */
static void test_pause__recommendations_go_on_and_are_marked(void **state)
{
    two *t = *state;
    assert_int_equal(run(t->f->e, PIQ_OP_PAUSE, USER, NULL), PIQ_OK);
    piq_op *op = fixture_run(t->f, PIQ_OP_SLATE, USER, FIXTURE_NOW_US);
    assert_non_null(op->slate);
    piq_op_free(op);
    const piq_slate_record *r = t->f->data->slates.at[t->f->data->slates.n - 1];
    assert_non_null(memmem(r->row.request.ptr, r->row.request.len,
                           PIQ_SLATE_PAUSED.ptr, PIQ_SLATE_PAUSED.len));
    assert_int_equal(run(t->f->e, PIQ_OP_RESUME, USER, NULL), PIQ_OK);
    op = fixture_run(t->f, PIQ_OP_SLATE, USER, FIXTURE_NOW_US + 1);
    piq_op_free(op);
    r = t->f->data->slates.at[t->f->data->slates.n - 1];
    assert_null(memmem(r->row.request.ptr, r->row.request.len,
                       PIQ_SLATE_PAUSED.ptr, PIQ_SLATE_PAUSED.len));
}

/* What was shown and not taken counts against it; not so here. */
static void test_pause__no_policy_learns_from_them(void **state)
{
    two *t = *state;
    uint32_t version = 99;
    assert_int_equal(run(t->f->e, PIQ_OP_PAUSE, USER, NULL), PIQ_OK);
    piq_op_free(fixture_run(t->f, PIQ_OP_SLATE, USER, FIXTURE_NOW_US));
    assert_int_equal(
        piq_engine_learn_policy(t->f->e, FIXTURE_NOW_US + 30 * PIQ_US_PER_DAY,
                                1, &version, NULL),
        PIQ_OK);
    assert_int_equal(version, 0);
}

static void test_pause__erasing_forgets_it_too(void **state)
{
    two *t = *state;
    assert_int_equal(run(t->f->e, PIQ_OP_PAUSE, USER, NULL), PIQ_OK);
    assert_int_equal(run(t->f->e, PIQ_OP_ERASE, USER, NULL), PIQ_OK);
    assert_int_equal(post(t, t->f->e, 2).status, PIQ_OK);
}

int main(void)
{
#define WITH(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        WITH(test_pause__events_are_refused),
        WITH(test_pause__a_repeat_is_a_repeat_still),
        WITH(test_pause__resuming_lifts_it),
        WITH(test_pause__twice_is_once),
        WITH(test_pause__the_state_is_what_it_was),
        WITH(test_pause__another_engine_refuses_too),
        WITH(test_pause__it_outlives_the_engine),
        WITH(test_pause__recommendations_go_on_and_are_marked),
        WITH(test_pause__no_policy_learns_from_them),
        WITH(test_pause__erasing_forgets_it_too),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
