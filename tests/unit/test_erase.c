/* threads:tsan
 * Forgetting a learner: here, in other engines, and in what was learned from
 * them together with others. */
#include "engine/erase.h"

#include "base/calendar.h"
#include "base/clock.h"
#include "support/engine_file.h"
#include "support/engine_fixture.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#define NEVER (3600 * 1000)

/* ---- two engines on one file ------------------------------------------------
 */

typedef struct two {
    engine_file file;
    piq_engine *e, *other;
    engine_fixture f; /* for making events */
} two;

/* Nothing happens by itself: neither feed nor background. */
static piq_engine_config still(void)
{
    piq_engine_config config = fixture_quiet();
    config.feed_ms = NEVER;
    return config;
}

static int set_up(void **state)
{
    two *t = calloc(1, sizeof *t);
    piq_engine_config config = still();
    assert_non_null(t);
    t->file = engine_file_new();
    t->e = engine_file_open(&t->file, &config);
    engine_file_load(t->e);
    t->other = engine_file_open(&t->file, &config);
    t->f.e = t->e;
    piq_arena_init(&t->f.a, 0);
    *state = t;
    return 0;
}

static int tear_down(void **state)
{
    two *t = *state;
    piq_engine_close(t->other);
    piq_engine_close(t->e);
    engine_file_remove(&t->file);
    piq_arena_release(&t->f.a);
    free(t);
    return 0;
}

static int64_t post(two *t, piq_engine *e, int64_t user, unsigned id)
{
    piq_event x = fixture_answer(&t->f, id, 60 * id, (float)(id % 2));
    fixture_posted p = fixture_post_to(e, user, &x, 1, -1);
    if (p.status)
        fail_msg("%s", p.err.message);
    assert_int_equal(p.n_accepted, 1);
    return p.version;
}

static piq_status run(piq_engine *e, piq_op_kind kind, int64_t user)
{
    piq_op *op = piq_op_new(kind, (piq_user_id){user}, FIXTURE_NOW_US);
    assert_non_null(op);
    op->limit = kind == PIQ_OP_SLATE ? 10 : 0;
    piq_status status = piq_engine_run(e, op);
    piq_op_free(op);
    return status;
}

static piq_erased erase(piq_engine *e, int64_t user)
{
    piq_op *op = piq_op_new(PIQ_OP_ERASE, (piq_user_id){user}, FIXTURE_NOW_US);
    assert_non_null(op);
    if (piq_engine_run(e, op))
        fail_msg("%s", op->err.message);
    piq_erased gone = op->erased;
    piq_op_free(op);
    return gone;
}

static void assert_unknown(piq_engine *e, int64_t user)
{
    piq_learner_ref ref;
    assert_int_equal(piq_engine_learner(e, (piq_user_id){user}, &ref, NULL),
                     PIQ_ENOTFOUND);
    assert_int_equal(run(e, PIQ_OP_SLATE, user), PIQ_ENOTFOUND);
    assert_int_equal(run(e, PIQ_OP_PATH, user), PIQ_ENOTFOUND);
    assert_int_equal(run(e, PIQ_OP_PROFILE, user), PIQ_ENOTFOUND);
}

static piq_status count_row(void *ctx, const piq_table *t,
                            const piq_cell *cells, piq_err *err)
{
    (void)t;
    (void)cells;
    (void)err;
    ++*(size_t *)ctx;
    return PIQ_OK;
}

static size_t n_rows_of(piq_engine *e, int64_t user)
{
    piq_store *s = piq_engine_store(e);
    const piq_table *table;
    size_t n = 0;
    for (size_t i = 0; (table = piq_table_at(i)) != NULL; i++)
        assert_int_equal(
            s->ops->dump(s, table, (piq_user_id){user}, count_row, &n, NULL),
            PIQ_OK);
    return n;
}

static void check_replay(piq_engine *e, int64_t user, size_t n_events)
{
    bool same = false;
    uint64_t digest;
    size_t n;
    piq_err err;
    if (piq_engine_replay(e, (piq_user_id){user}, &same, &digest, &n, &err))
        fail_msg("%s", err.message);
    assert_true(same);
    assert_int_equal(n, n_events);
}

/* ---- the learner is gone
 * ------------------------------------------------------
 */

static void live(two *t, int64_t user)
{
    for (unsigned i = 1; i <= 5; i++)
        post(t, t->e, user, i);
    assert_int_equal(run(t->e, PIQ_OP_SLATE, user), PIQ_OK);
    assert_int_equal(run(t->e, PIQ_OP_PATH, user), PIQ_OK);
    assert_int_equal(run(t->e, PIQ_OP_PROFILE, user), PIQ_OK);
}

static void test_erase__nothing_is_left_here(void **state)
{
    two *t = *state;
    int64_t version;
    live(t, 7);
    live(t, 8);
    size_t before = n_rows_of(t->e, 8);
    piq_erased gone = erase(t->e, 7);
    assert_int_equal(gone.events, 5);
    assert_true(gone.recommendations > 0);
    assert_unknown(t->e, 7);
    assert_null(piq_engine_served_slate(t->e, (piq_user_id){7}, -1, 10,
                                        FIXTURE_NOW_US, &version));
    assert_int_equal(n_rows_of(t->e, 7), 0);
    assert_int_equal(n_rows_of(t->e, 8), before);
    check_replay(t->e, 8, 5);
}

static void test_erase__who_is_not_there_is_not_found(void **state)
{
    two *t = *state;
    assert_int_equal(run(t->e, PIQ_OP_ERASE, 7), PIQ_ENOTFOUND);
    live(t, 7);
    erase(t->e, 7);
    assert_int_equal(run(t->e, PIQ_OP_ERASE, 7), PIQ_ENOTFOUND);
}

static void test_erase__a_later_event_makes_a_new_learner(void **state)
{
    two *t = *state;
    live(t, 7);
    live(t, 8); /* whose versions are not changed by it */
    erase(t->e, 7);
    assert_int_equal(post(t, t->e, 7, 1), 6); /* 5 was erased */
    assert_int_equal(post(t, t->e, 7, 2), 7);
    assert_int_equal(post(t, t->e, 8, 9), 6);
    check_replay(t->e, 7, 2);
    assert_int_equal(run(t->e, PIQ_OP_SLATE, 7), PIQ_OK);
    assert_int_equal(run(t->e, PIQ_OP_PATH, 7), PIQ_OK);
}

static void test_erase__operations_keep_their_order(void **state)
{
    enum { N = 40 };
    two *t = *state;
    for (int round = 0; round < N; round++) {
        post(t, t->e, 7, (unsigned)round + 1);
        erase(t->e, 7);
    }
    assert_unknown(t->e, 7);
    assert_int_equal(n_rows_of(t->e, 7), 0);
}

/* ---- another engine --------------------------------------------------------
 */

/* It has heard of nothing yet, and holds the state. */
static void hold_in_other(two *t, int64_t user)
{
    piq_learner_ref ref;
    piq_err err;
    if (piq_engine_learner(t->other, (piq_user_id){user}, &ref, &err))
        fail_msg("%s", err.message);
    piq_learner_ref_release(&ref);
}

static void test_erase__the_other_engine_cannot_bring_it_back(void **state)
{
    two *t = *state;
    live(t, 7);
    hold_in_other(t, 7);
    erase(t->e, 7);
    assert_int_equal(run(t->other, PIQ_OP_SLATE, 7), PIQ_ENOTFOUND);
    assert_int_equal(n_rows_of(t->e, 7), 0);
}

static void test_erase__nor_by_a_path_or_a_profile(void **state)
{
    two *t = *state;
    live(t, 7);
    live(t, 8);
    hold_in_other(t, 7);
    hold_in_other(t, 8);
    erase(t->e, 7);
    erase(t->e, 8);
    assert_int_equal(run(t->other, PIQ_OP_PATH, 7), PIQ_ENOTFOUND);
    run(t->other, PIQ_OP_PROFILE, 8); /* ignored by the store */
    assert_int_equal(n_rows_of(t->e, 7), 0);
    assert_int_equal(n_rows_of(t->e, 8), 0);
}

/* An event there is a new learner's first, whatever was kept. */
static void test_erase__the_other_engine_begins_anew(void **state)
{
    two *t = *state;
    live(t, 7);
    hold_in_other(t, 7);
    erase(t->e, 7);
    assert_int_equal(post(t, t->other, 7, 1), 6);
    check_replay(t->other, 7, 1);
    hold_in_other(t, 7);
    assert_int_equal(n_rows_of(t->e, 7), 2); /* the event and the state */
}

/* A learner of the same number, as far on as the one that was erased: the
 * versions are others all the same. */
static void test_erase__a_new_learner_is_not_taken_for_the_old(void **state)
{
    two *t = *state;
    for (unsigned i = 1; i <= 3; i++)
        post(t, t->e, 7, i);
    hold_in_other(t, 7);
    erase(t->e, 7);
    for (unsigned i = 11; i <= 13; i++)
        post(t, t->e, 7, i);
    assert_int_equal(post(t, t->other, 7, 20), 7);
    check_replay(t->other, 7, 4);
}

static void test_erase__the_feed_makes_others_forget(void **state)
{
    two *t = *state;
    piq_engine_config config = still();
    config.feed_ms = 10;
    piq_engine *third = engine_file_open(&t->file, &config);
    piq_learner_ref ref;
    live(t, 7);
    assert_int_equal(piq_engine_learner(third, (piq_user_id){7}, &ref, NULL),
                     PIQ_OK);
    erase(t->e, 7);
    assert_int_equal(ref.learner->n_events, 5); /* whoever holds it may read */
    piq_learner_ref_release(&ref);
    engine_file_settle(third);
    assert_unknown(third, 7);
    assert_int_equal(piq_engine_erasures(third), 1);
    piq_engine_close(third);
}

/* ---- what is left
 * ------------------------------------------------------------ */

static void test_erase__a_tombstone_tells_not_who(void **state)
{
    two *t = *state;
    const int64_t user = 987654321;
    piq_store *s = piq_engine_store(t->e);
    piq_record_range all = {.kind = PIQ_RECORD_TOMBSTONE,
                            .after_us = INT64_MIN,
                            .until_us = INT64_MAX,
                            .limit = 10};
    piq_record *list;
    size_t n = 0;
    live(t, user);
    erase(t->e, user);
    assert_int_equal(s->ops->records(s, &t->f.a, &all, &list, &n, NULL),
                     PIQ_OK);
    assert_int_equal(n, 1);
    assert_int_equal(list[0].at_us, FIXTURE_NOW_US);
    assert_int_equal(list[0].key.len, 32);
    assert_null(
        memmem(list[0].document.ptr, list[0].document.len, "987654321", 9));
    assert_non_null(
        memmem(list[0].document.ptr, list[0].document.len, "\"events\":5", 10));
}

typedef struct awaited {
    piq_engine *e;
    uint32_t least;
} awaited;

static bool is_published(void *ctx)
{
    const awaited *x = ctx;
    return piq_engine_calibration(x->e) >= x->least;
}

static bool profile_is_written(void *ctx)
{
    piq_engine *e = ctx;
    piq_arena a;
    piq_profile_row row;
    piq_store *s = piq_engine_store(e);
    piq_arena_init(&a, 0);
    piq_status status = s->ops->profile(s, &a, (piq_user_id){8}, &row, NULL);
    piq_arena_release(&a);
    return status == PIQ_OK;
}

/* One that was due is not written either. */
static void test_erase__no_profile_row_comes_later(void **state)
{
    two *t = *state;
    piq_engine_config config = still();
    config.maintain_ms = 300;
    piq_engine *third = engine_file_open(&t->file, &config);
    post(t, third, 7, 1);
    erase(third, 7);
    post(t, third, 8, 1);
    fixture_await(profile_is_written, third);
    assert_int_equal(n_rows_of(third, 7), 0);
    piq_engine_close(third);
    assert_int_equal(n_rows_of(t->e, 7), 0);
}

/* ---- what was learned with others
 * ---------------------------------------------
 */

/* An event that is no answer. */
static void wish(two *t, int64_t user)
{
    piq_event x = fixture_event(&t->f, 1, 1, PIQ_EV_GOAL_SET);
    x.u.goal = (piq_goal){.set = true, .timeline_day = INT32_MAX};
    fixture_posted p = fixture_post_to(t->e, user, &x, 1, -1);
    if (p.status)
        fail_msg("%s", p.err.message);
}

/* Learner 8's answers, and those of 7 where asked for; then one is erased, and
 * the leader works the items out anew. */
static piq_calibration_entry *relearned(bool with_seven, size_t *n,
                                        piq_arena *a)
{
    two t = {.file = engine_file_new()};
    piq_engine_config config = still();
    piq_calibration_entry *list;
    config.maintain_ms = 10;
    config.n_owners = 1;
    t.e = t.f.e = engine_file_open(&t.file, &config);
    piq_arena_init(&t.f.a, 0);
    engine_file_load(t.e);
    for (unsigned i = 1; i <= 30; i++) {
        post(&t, t.e, 8, i);
        if (with_seven)
            post(&t, t.e, 7, i + 1);
    }
    if (!with_seven) /* of whom nothing is in the items */
        wish(&t, 7);
    erase(t.e, 7);
    fixture_await(is_published, &(awaited){t.e, 1});
    piq_store *s = piq_engine_store(t.e);
    assert_int_equal(s->ops->calibrations(s, a, &list, n, NULL), PIQ_OK);
    check_replay(t.e, 8, 30);
    piq_engine_close(t.e);
    engine_file_remove(&t.file);
    piq_arena_release(&t.f.a);
    return list;
}

static void test_erase__items_are_worked_out_anew(void **state)
{
    piq_arena a;
    size_t n, m;
    (void)state;
    piq_arena_init(&a, 0);
    piq_calibration_entry *with = relearned(true, &n, &a);
    piq_calibration_entry *without = relearned(false, &m, &a);
    assert_true(n > 0);
    assert_int_equal(n, m);
    for (size_t i = 0; i < n; i++) {
        assert_int_equal(with[i].item.item.v, without[i].item.item.v);
        assert_memory_equal(&with[i].item.estimate, &without[i].item.estimate,
                            sizeof with[i].item.estimate);
    }
    piq_arena_release(&a);
}

/* An item that nobody else answered goes back to what the curriculum says. */
static void test_erase__an_item_of_theirs_alone_is_as_new(void **state)
{
    two *t = *state;
    piq_arena a;
    piq_engine_config config = still();
    piq_store *s = piq_engine_store(t->e);
    piq_calibration_entry *list;
    size_t n = 0;
    config.maintain_ms = 10;
    config.calibrate_every = 20;
    piq_arena_init(&a, 0);
    piq_engine *third = engine_file_open(&t->file, &config);
    for (unsigned i = 1; i <= 20; i++)
        post(t, third, 7, 4 * i); /* one item */
    fixture_await(is_published, &(awaited){third, 1});
    erase(third, 7);
    fixture_await(is_published, &(awaited){third, 2});
    assert_int_equal(s->ops->calibrations(s, &a, &list, &n, NULL), PIQ_OK);
    assert_true(n >= 2);
    bool is_reset = false;
    for (size_t i = 0; i < n; i++)
        is_reset |= list[i].number == 2 && list[i].item.estimate.n == 0;
    assert_true(is_reset);
    piq_engine_close(third);
    piq_arena_release(&a);
}

int main(void)
{
#define WITH(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        WITH(test_erase__nothing_is_left_here),
        WITH(test_erase__who_is_not_there_is_not_found),
        WITH(test_erase__a_later_event_makes_a_new_learner),
        WITH(test_erase__operations_keep_their_order),
        WITH(test_erase__the_other_engine_cannot_bring_it_back),
        WITH(test_erase__nor_by_a_path_or_a_profile),
        WITH(test_erase__the_other_engine_begins_anew),
        WITH(test_erase__a_new_learner_is_not_taken_for_the_old),
        WITH(test_erase__the_feed_makes_others_forget),
        WITH(test_erase__a_tombstone_tells_not_who),
        WITH(test_erase__no_profile_row_comes_later),
        cmocka_unit_test(test_erase__items_are_worked_out_anew),
        WITH(test_erase__an_item_of_theirs_alone_is_as_new),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
