/* Queues, batches and threads: what is folded together, what waits, what is
 * refused for a full queue, and what closing does. */
/* threads:tsan */
#include "engine/engine_internal.h"

#include "support/engine_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

enum { MAX_OPS = 64 };

/* Operations that somebody waits for later. */
typedef struct crowd {
    engine_fixture *f;
    piq_op *ops[MAX_OPS];
    size_t n;
    atomic_size_t n_begun, n_done;
    int64_t finished[MAX_OPS]; /* users in the order of completion */
} crowd;

static crowd *crowd_new(unsigned n_owners, unsigned queue_length)
{
    piq_engine_config config = fixture_quiet();
    crowd *c = calloc(1, sizeof *c);
    assert_non_null(c);
    config.n_owners = n_owners;
    config.queue_length = queue_length;
    c->f = fixture_new(&config);
    return c;
}

static void crowd_free(crowd *c)
{
    for (size_t i = 0; i < c->n; i++)
        piq_op_free(c->ops[i]);
    fixture_free(c->f);
    free(c);
}

static void count_done(piq_op *op)
{
    crowd *c = op->ctx;
    size_t at = atomic_fetch_add(&c->n_begun, 1);
    if (at < MAX_OPS)
        c->finished[at] = op->user.v;
    atomic_fetch_add(&c->n_done, 1); /* the operation is its owner's again */
}

static bool all_done(void *ctx)
{
    crowd *c = ctx;
    return atomic_load(&c->n_done) == c->n;
}

static piq_op *op_of(crowd *c, piq_op_kind kind, int64_t user)
{
    piq_op *op = piq_op_new(kind, (piq_user_id){user}, FIXTURE_NOW_US);
    assert_non_null(op);
    op->done = count_done;
    op->ctx = c;
    op->limit = 5;
    return op;
}

static piq_op *event_op(crowd *c, int64_t user, const piq_event *event)
{
    piq_op *op = op_of(c, PIQ_OP_EVENTS, user);
    op->events = piq_new(&op->arena, piq_event, 1);
    op->events[0] = *event;
    op->n_events = 1;
    return op;
}

static piq_op *submit(crowd *c, piq_op *op)
{
    assert_true(c->n < MAX_OPS);
    c->ops[c->n++] = op;
    assert_int_equal(piq_engine_submit(c->f->e, op), PIQ_OK);
    return op;
}

static piq_op *submit_answer(crowd *c, int64_t user, unsigned id)
{
    piq_event e = fixture_answer(c->f, id, 10 * id, 1);
    return submit(c, event_op(c, user, &e));
}

/* The owner (there is one) is busy with user 1's first event. */
static crowd *crowd_waiting(unsigned queue_length)
{
    crowd *c = crowd_new(1, queue_length);
    memory_hold_commits(c->f->data, true);
    submit_answer(c, 1, 0);
    memory_await_commit(c->f->data);
    return c;
}

static void let_go(crowd *c)
{
    memory_hold_commits(c->f->data, false);
    fixture_await(all_done, c);
}

/* ---- queues ---------------------------------------------------------- */

static void test_owner__a_full_queue_is_busy(void **state)
{
    (void)state;
    crowd *c = crowd_waiting(4);
    piq_engine_stats stats;
    for (unsigned i = 0; i < 4; i++)
        submit_answer(c, 2 + i, 1);
    piq_engine_stats_get(c->f->e, &stats);
    assert_int_equal(stats.queued, 4);
    piq_event e = fixture_answer(c->f, 1, 10, 1);
    piq_op *refused = event_op(c, 9, &e);
    assert_int_equal(piq_engine_submit(c->f->e, refused), PIQ_EBUSY);
    assert_int_equal(piq_engine_run(c->f->e, refused), PIQ_EBUSY);
    assert_int_equal(refused->err.status, PIQ_EBUSY);
    let_go(c);
    assert_int_equal(piq_engine_run(c->f->e, refused), PIQ_OK); /* ours still */
    piq_op_free(refused);
    for (size_t i = 0; i < c->n; i++)
        assert_int_equal(c->ops[i]->status, PIQ_OK);
    crowd_free(c);
}

static void *release_later(void *ctx)
{
    fixture_sleep_ms(30);
    memory_hold_commits(ctx, false);
    return NULL;
}

static void test_owner__finished_it_takes_nothing_more(void **state)
{
    (void)state;
    crowd *c = crowd_waiting(100);
    pthread_t t;
    for (unsigned i = 1; i < 10; i++)
        submit_answer(c, 1 + i % 3, i);
    assert_int_equal(pthread_create(&t, NULL, release_later, c->f->data), 0);
    piq_engine_finish(c->f->e);
    pthread_join(t, NULL);
    assert_true(all_done(c));
    for (size_t i = 0; i < c->n; i++)
        assert_int_equal(c->ops[i]->status, PIQ_OK);
    piq_event e = fixture_answer(c->f, 50, 500, 1);
    piq_op *late = event_op(c, 1, &e);
    assert_int_equal(piq_engine_submit(c->f->e, late), PIQ_EBUSY);
    piq_op_free(late);
    piq_engine_finish(c->f->e);
    crowd_free(c);
}

static void test_owner__closing_finishes_what_is_queued(void **state)
{
    (void)state;
    crowd *c = crowd_waiting(100);
    pthread_t t;
    for (unsigned i = 1; i < 40; i++)
        submit_answer(c, 1 + i % 7, i);
    assert_int_equal(pthread_create(&t, NULL, release_later, c->f->data), 0);
    piq_engine_close(c->f->e);
    c->f->e = NULL;
    pthread_join(t, NULL);
    assert_true(all_done(c));
    for (size_t i = 0; i < c->n; i++)
        assert_int_equal(c->ops[i]->status, PIQ_OK);
    assert_int_equal(memory_n_events(c->f->data), 40);
    crowd_free(c);
}

/* ---- batches --------------------------------------------------------- */

static void test_owner__what_waits_is_one_commit(void **state)
{
    (void)state;
    crowd *c = crowd_waiting(100);
    for (unsigned i = 1; i < 30; i++)
        submit_answer(c, 1 + i % 5, i);
    let_go(c);
    assert_int_equal(memory_n_commits(c->f->data), 2);
    assert_int_equal(memory_n_events(c->f->data), 30);
    for (int64_t user = 1; user <= 5; user++)
        fixture_check_replay(c->f, user);
    crowd_free(c);
}

static void test_owner__a_refused_one_harms_nobody(void **state)
{
    (void)state;
    crowd *c = crowd_waiting(100);
    piq_event e = fixture_answer(c->f, 1, 10, 1);
    submit_answer(c, 2, 1);
    piq_op *wrong = event_op(c, 3, &e);
    wrong->if_version = 8;
    submit(c, wrong);
    piq_op *nobody = submit(c, op_of(c, PIQ_OP_SLATE, 77));
    submit_answer(c, 4, 1);
    let_go(c);
    assert_int_equal(c->ops[1]->status, PIQ_OK);
    assert_int_equal(wrong->status, PIQ_ESTALE);
    assert_int_equal(nobody->status, PIQ_ENOTFOUND);
    assert_int_equal(c->ops[4]->status, PIQ_OK);
    assert_int_equal(memory_n_events(c->f->data), 3);
    crowd_free(c);
}

/* When the store refuses the batch as a whole, each is tried alone. */
static void test_owner__a_refused_batch_is_done_one_by_one(void **state)
{
    (void)state;
    crowd *c = crowd_waiting(100);
    for (unsigned i = 1; i < 9; i++)
        submit_answer(c, 1 + i, i);
    /* 1st: user 1's, held; 2nd: the batch; 4th: one of its parts */
    memory_fail_commit(c->f->data, 2, 0, PIQ_EINVAL);
    let_go(c);
    for (size_t i = 0; i < c->n; i++)
        assert_int_equal(c->ops[i]->status, PIQ_OK);
    assert_true(memory_has_failed(c->f->data));
    assert_int_equal(memory_n_commits(c->f->data), 9);
    crowd_free(c);
}

static void test_owner__a_batch_knows_its_own_events(void **state)
{
    (void)state;
    crowd *c = crowd_waiting(100);
    piq_event e = fixture_answer(c->f, 5, 50, 1), other = e;
    other.u.answer.score = 0;
    piq_op *first = submit(c, event_op(c, 2, &e));
    piq_op *again = submit(c, event_op(c, 2, &e));
    piq_op *torn = submit(c, event_op(c, 2, &other));
    piq_op *elsewhere = submit(c, event_op(c, 3, &other));
    let_go(c);
    assert_int_equal(first->n_accepted, 1);
    assert_int_equal(again->status, PIQ_OK);
    assert_int_equal(again->n_duplicates, 1);
    assert_int_equal(again->state_version, 1);
    assert_int_equal(torn->status, PIQ_ECONFLICT);
    assert_int_equal(elsewhere->status, PIQ_OK);
    assert_int_equal(memory_n_events(c->f->data), 3);
    crowd_free(c);
}

static void test_owner__versions_count_within_a_batch(void **state)
{
    (void)state;
    crowd *c = crowd_waiting(100);
    piq_op *ops[3];
    for (unsigned i = 0; i < 3; i++) {
        piq_event e = fixture_answer(c->f, 5 + i, 50 + i, 1);
        ops[i] = event_op(c, 2, &e);
        ops[i]->if_version = i < 2 ? 0 : 1;
        submit(c, ops[i]);
    }
    let_go(c);
    assert_int_equal(ops[0]->status, PIQ_OK);
    assert_int_equal(ops[1]->status, PIQ_ESTALE);
    assert_int_equal(ops[2]->status, PIQ_OK);
    assert_int_equal(ops[2]->state_version, 1); /* one commit, one version */
    fixture_check_replay(c->f, 2);
    crowd_free(c);
}

/* It is rebuilt from what is stored, so it has to wait for that. */
static void test_owner__a_late_event_waits_for_its_batch(void **state)
{
    (void)state;
    crowd *c = crowd_waiting(100);
    for (unsigned i = 10; i > 1; i--)
        submit_answer(c, 2, i); /* each before all that are there */
    submit_answer(c, 3, 1);
    let_go(c);
    for (size_t i = 0; i < c->n; i++)
        assert_int_equal(c->ops[i]->status, PIQ_OK);
    assert_int_equal(c->finished[2], 3); /* did not wait for them */
    fixture_check_replay(c->f, 2);
    assert_int_equal(memory_n_events(c->f->data), 11);
    crowd_free(c);
}

static void test_owner__two_plans_in_a_batch_are_one_path(void **state)
{
    (void)state;
    crowd *c = crowd_waiting(100);
    submit_answer(c, 2, 1);
    piq_op *plans[3];
    for (int i = 0; i < 3; i++) {
        plans[i] = op_of(c, PIQ_OP_PATH, 2);
        plans[i]->reason = PIQ_STR("asked");
        submit(c, plans[i]);
    }
    let_go(c);
    for (int i = 0; i < 3; i++)
        assert_int_equal(plans[i]->status, PIQ_OK);
    assert_int_equal(memory_n_paths(c->f->data), 1);
    crowd_free(c);
}

/* ---- overtaken ------------------------------------------------------- */

static void test_owner__overtaken_for_ever_is_busy(void **state)
{
    (void)state;
    engine_fixture *f = fixture_new(NULL);
    piq_event e = fixture_answer(f, 1, 0, 1);
    memory_fail_commit(f->data, 1, PIQ_ALONE_TRIES, PIQ_ESTALE);
    fixture_posted p = fixture_post_to(f->e, 1, &e, 1, -1);
    assert_int_equal(p.status, PIQ_EBUSY); /* not a failed condition */
    assert_int_equal(memory_n_events(f->data), 0);
    memory_fail_commit(f->data, 1, PIQ_ALONE_TRIES - 1, PIQ_ESTALE);
    assert_int_equal(fixture_post(f, 1, &e, 1).version, 1);
    fixture_free(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_owner__a_full_queue_is_busy),
        cmocka_unit_test(test_owner__finished_it_takes_nothing_more),
        cmocka_unit_test(test_owner__closing_finishes_what_is_queued),
        cmocka_unit_test(test_owner__what_waits_is_one_commit),
        cmocka_unit_test(test_owner__a_refused_one_harms_nobody),
        cmocka_unit_test(test_owner__a_refused_batch_is_done_one_by_one),
        cmocka_unit_test(test_owner__a_batch_knows_its_own_events),
        cmocka_unit_test(test_owner__versions_count_within_a_batch),
        cmocka_unit_test(test_owner__a_late_event_waits_for_its_batch),
        cmocka_unit_test(test_owner__two_plans_in_a_batch_are_one_path),
        cmocka_unit_test(test_owner__overtaken_for_ever_is_busy),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
