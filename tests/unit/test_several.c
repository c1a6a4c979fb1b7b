/* threads:tsan
 * Events with records beside them, and events of several learners: one commit,
 * all or none, whoever else works on the same learners. */
#include "engine/engine_internal.h"

#include "support/engine_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#define KIND PIQ_STR("note")

static int set_up(void **state)
{
    *state = fixture_new(NULL);
    return 0;
}

static int tear_down(void **state)
{
    fixture_free(*state);
    return 0;
}

/* One answer of each of `n` learners from `first` on, with event number `id`.
 */
static piq_op *answers(engine_fixture *f, int64_t first, size_t n, unsigned id)
{
    piq_op *head = NULL, **end = &head;
    for (size_t i = 0; i < n; i++) {
        piq_op *op = piq_op_new(
            PIQ_OP_EVENTS, (piq_user_id){first + (int64_t)i}, FIXTURE_NOW_US);
        assert_non_null(op);
        op->events = piq_new(&op->arena, piq_event, 1);
        op->events[0] = fixture_answer(f, id, 10 * id, 1);
        op->n_events = 1;
        *end = op;
        end = &op->also;
    }
    return head;
}

static void put_record(piq_op *op, const char *key, int64_t from_version)
{
    piq_record *r = piq_new(&op->arena, piq_record, op->n_records + 1);
    assert_non_null(r);
    if (op->n_records)
        memcpy(r, op->records, op->n_records * sizeof *r);
    r[op->n_records++] = (piq_record){.user = op->user,
                                      .kind = KIND,
                                      .key = piq_str_of(key),
                                      .from_version = from_version,
                                      .at_us = 1,
                                      .expires_us = INT64_MAX,
                                      .document = PIQ_STR("{\"a\":1}")};
    op->records = r;
}

static piq_status run(engine_fixture *f, piq_op *op)
{
    piq_status status = piq_engine_run(f->e, op);
    piq_op_free(op);
    return status;
}

/* Version of a record; 0: there is none. */
static int64_t stored(engine_fixture *f, int64_t user, const char *key)
{
    piq_store *s = piq_engine_store(f->e);
    piq_record r;
    piq_status status = s->ops->record(s, &f->a, (piq_user_id){user}, KIND,
                                       piq_str_of(key), 0, &r, &f->err);
    assert_true(status == PIQ_OK || status == PIQ_ENOTFOUND);
    return status ? 0 : r.version;
}

static int64_t version_of(engine_fixture *f, int64_t user)
{
    int64_t version;
    fixture_state(f, user, &version);
    return version;
}

/* ---- records ---------------------------------------------------------------
 */

static void test_several__a_record_is_in_the_events_commit(void **state)
{
    engine_fixture *f = *state;
    piq_op *op = answers(f, 7, 1, 1);
    put_record(op, "x", 0);
    size_t before = memory_n_commits(f->data);
    assert_int_equal(run(f, op), PIQ_OK);
    assert_int_equal(memory_n_commits(f->data), before + 1);
    assert_int_equal(stored(f, 7, "x"), 1);
    assert_int_equal(memory_n_events(f->data), 1);
}

static void test_several__records_alone_need_no_event(void **state)
{
    engine_fixture *f = *state;
    piq_op *op = answers(f, 7, 1, 1);
    op->n_events = 0;
    put_record(op, "x", 0);
    put_record(op, "y", 0);
    assert_int_equal(run(f, op), PIQ_OK);
    assert_int_equal(stored(f, 7, "x"), 1);
    assert_int_equal(stored(f, 7, "y"), 1);
    assert_int_equal(version_of(f, 7), 0);
}

static void test_several__neither_without_the_other(void **state)
{
    engine_fixture *f = *state;
    piq_op *op = answers(f, 7, 1, 1);
    put_record(op, "x", 0);
    memory_fail_commit(f->data, 1, 0, PIQ_EIO);
    assert_int_equal(run(f, op), PIQ_EIO);
    assert_int_equal(stored(f, 7, "x"), 0);
    assert_int_equal(memory_n_events(f->data), 0);
    op = answers(f, 7, 1, 1);
    put_record(op, "x", 3);
    assert_int_equal(run(f, op), PIQ_ESTALE);
    assert_int_equal(memory_n_events(f->data), 0);
    assert_int_equal(version_of(f, 7), 0);
}

static void test_several__a_refused_event_takes_its_records_along(void **state)
{
    engine_fixture *f = *state;
    assert_int_equal(run(f, answers(f, 7, 1, 1)), PIQ_OK);
    piq_op *op = answers(f, 7, 1, 1);
    op->events[0].u.answer.score = 0;
    put_record(op, "x", 0);
    assert_int_equal(run(f, op), PIQ_ECONFLICT);
    assert_int_equal(stored(f, 7, "x"), 0);
}

static void test_several__more_records_than_there_was_room_for(void **state)
{
    engine_fixture *f = *state;
    piq_op *op = answers(f, 7, 1, 1);
    for (int i = 0; i < 300; i++) {
        char key[16];
        snprintf(key, sizeof key, "k%d", i);
        put_record(op, piq_arena_strndup(&op->arena, key, strlen(key)), 0);
    }
    assert_int_equal(run(f, op), PIQ_OK);
    assert_int_equal(stored(f, 7, "k0"), 1);
    assert_int_equal(stored(f, 7, "k299"), 1);
}

/* ---- several learners
 * -------------------------------------------------------- */

static void test_several__learners_share_one_commit(void **state)
{
    engine_fixture *f = *state;
    size_t before = memory_n_commits(f->data);
    piq_op *op = answers(f, 1, 20, 1);
    assert_int_equal(piq_engine_run(f->e, op), PIQ_OK);
    for (const piq_op *part = op; part; part = part->also) {
        assert_int_equal(part->n_accepted, 1);
        assert_int_equal(part->state_version, 1);
    }
    piq_op_free(op);
    assert_int_equal(memory_n_commits(f->data), before + 1);
    for (int64_t u = 1; u <= 20; u++)
        fixture_check_replay(f, u);
}

static void test_several__what_one_refuses_all_refuse(void **state)
{
    engine_fixture *f = *state;
    assert_int_equal(run(f, answers(f, 3, 1, 1)), PIQ_OK);
    piq_op *op = answers(f, 1, 5, 1);
    op->also->also->events[0].u.answer.score = 0; /* learner 3, another body */
    put_record(op, "x", 0);
    assert_int_equal(piq_engine_run(f->e, op), PIQ_ECONFLICT);
    assert_int_equal(op->also->also->status, PIQ_ECONFLICT);
    assert_int_equal(op->also->status, PIQ_OK);
    assert_ptr_equal(op->refused, op->also->also);
    assert_true(op->err.message[0] != 0);
    piq_op_free(op);
    assert_int_equal(memory_n_events(f->data), 1);
    assert_int_equal(stored(f, 1, "x"), 0);
    for (int64_t u = 1; u <= 5; u++)
        assert_int_equal(version_of(f, u), u == 3);
}

static void test_several__late_events_too(void **state)
{
    engine_fixture *f = *state;
    assert_int_equal(run(f, answers(f, 1, 3, 50)), PIQ_OK);
    assert_int_equal(run(f, answers(f, 1, 3, 20)), PIQ_OK);
    assert_int_equal(run(f, answers(f, 2, 3, 30)), PIQ_OK);
    for (int64_t u = 1; u <= 4; u++)
        fixture_check_replay(f, u);
    assert_int_equal(version_of(f, 2), 3);
}

static void test_several__the_same_again_changes_nothing(void **state)
{
    engine_fixture *f = *state;
    assert_int_equal(run(f, answers(f, 1, 5, 1)), PIQ_OK);
    piq_op *op = answers(f, 1, 6, 1);
    assert_int_equal(piq_engine_run(f->e, op), PIQ_OK);
    for (const piq_op *part = op; part; part = part->also)
        assert_int_equal(part->n_accepted, part->user.v == 6);
    piq_op_free(op);
    for (int64_t u = 1; u <= 6; u++)
        assert_int_equal(version_of(f, u), 1);
}

/* ---- in one batch
 * -------------------------------------------------------------- */

typedef struct waiting {
    piq_op *ops[8];
    size_t n;
    atomic_size_t n_done;
} waiting;

static void count(piq_op *op)
{
    waiting *w = op->ctx;
    atomic_fetch_add(&w->n_done, 1);
}

static bool all_done(void *ctx)
{
    waiting *w = ctx;
    return atomic_load(&w->n_done) == w->n;
}

static piq_op *submit(engine_fixture *f, waiting *w, piq_op *op)
{
    op->done = count;
    op->ctx = w;
    w->ops[w->n++] = op;
    assert_int_equal(piq_engine_submit(f->e, op), PIQ_OK);
    return op;
}

static void test_several__what_was_folded_before_a_refusal_is_undone(
    void **state)
{
    (void)state;
    piq_engine_config config = fixture_quiet();
    config.n_owners = 1;
    engine_fixture *f = fixture_new(&config);
    waiting w = {0};
    assert_int_equal(run(f, answers(f, 3, 1, 1)), PIQ_OK);
    memory_hold_commits(f->data, true);
    submit(f, &w, answers(f, 9, 1, 1));
    memory_await_commit(f->data);
    /* What follows is one batch. */
    piq_op *first = submit(f, &w, answers(f, 1, 1, 5));
    piq_op *bad = answers(f, 1, 3, 8);
    bad->also->also->events[0] = fixture_answer(f, 1, 10, 0);
    put_record(bad, "x", 0);
    submit(f, &w, bad);
    piq_op *last = submit(f, &w, answers(f, 1, 2, 9));
    piq_op *note = answers(f, 1, 1, 9);
    put_record(note, "x", 0);
    submit(f, &w, note);
    piq_op *twice = answers(f, 1, 1, 10);
    put_record(twice, "x", 0);
    submit(f, &w, twice);
    memory_hold_commits(f->data, false);
    fixture_await(all_done, &w);
    assert_int_equal(first->status, PIQ_OK);
    assert_int_equal(bad->status, PIQ_ECONFLICT);
    assert_int_equal(last->status, PIQ_OK);
    assert_int_equal(note->status, PIQ_OK);
    assert_int_equal(twice->status, PIQ_ESTALE);
    assert_int_equal(stored(f, 1, "x"), 1);
    for (int64_t u = 1; u <= 3; u++)
        fixture_check_replay(f, u);
    assert_int_equal(memory_n_events(f->data), 5); /* 3, 9, 1, 1 and 2 */
    for (size_t i = 0; i < w.n; i++)
        piq_op_free(w.ops[i]);
    fixture_free(f);
}

/* ---- at once
 * --------------------------------------------------------------------- */

enum { THREADS = 4, EACH = 25, LEARNERS = 6 };

typedef struct sender {
    engine_fixture *f;
    unsigned first_id;
    int64_t first_user;
    pthread_t thread;
    pthread_mutex_t *lock; /* of the fixture's arena */
} sender;

static void *send(void *ctx)
{
    sender *s = ctx;
    for (unsigned i = 0; i < EACH; i++) {
        piq_status status;
        do {
            pthread_mutex_lock(s->lock);
            piq_op *op =
                answers(s->f, s->first_user, LEARNERS / 2, s->first_id + i);
            pthread_mutex_unlock(s->lock);
            status = run(s->f, op);
        } while (status == PIQ_EBUSY); /* overtaken too often */
        assert_int_equal(status, PIQ_OK);
    }
    return NULL;
}

static void test_several__owners_of_the_same_learners_agree(void **state)
{
    engine_fixture *f = *state;
    sender senders[THREADS];
    pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
    for (unsigned i = 0; i < THREADS; i++) {
        senders[i] = (sender){.f = f,
                              .first_id = 1 + EACH * i,
                              .first_user = 1 + i,
                              .lock = &lock};
        assert_int_equal(
            pthread_create(&senders[i].thread, NULL, send, &senders[i]), 0);
    }
    for (unsigned i = 0; i < THREADS; i++)
        pthread_join(senders[i].thread, NULL);
    assert_int_equal(memory_n_events(f->data), THREADS * EACH * LEARNERS / 2);
    for (int64_t u = 1; u <= LEARNERS; u++)
        fixture_check_replay(f, u);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(
            test_several__a_record_is_in_the_events_commit, set_up, tear_down),
        cmocka_unit_test_setup_teardown(
            test_several__records_alone_need_no_event, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_several__neither_without_the_other,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(
            test_several__a_refused_event_takes_its_records_along, set_up,
            tear_down),
        cmocka_unit_test_setup_teardown(
            test_several__more_records_than_there_was_room_for, set_up,
            tear_down),
        cmocka_unit_test_setup_teardown(test_several__learners_share_one_commit,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(
            test_several__what_one_refuses_all_refuse, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_several__late_events_too, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(
            test_several__the_same_again_changes_nothing, set_up, tear_down),
        cmocka_unit_test(
            test_several__what_was_folded_before_a_refusal_is_undone),
        cmocka_unit_test_setup_teardown(
            test_several__owners_of_the_same_learners_agree, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
