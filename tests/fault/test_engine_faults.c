/* The engine on a store and on memory that fail: the nth commit, the nth read
 * or the nth allocation of an operation, for n = 1, 2, .. until it goes
 * through. Each time the failure is reported, nothing of the operation is seen,
 * and the next one works. */
#include "engine/engine.h"

#include "base/calendar.h"
#include "support/engine_fixture.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

enum { USER = 7, N_BEFORE = 150, MANY = 2000 };

static int set_up(void **state)
{
    engine_fixture *f = fixture_new(NULL);
    piq_event list[N_BEFORE];
    for (unsigned i = 0; i < N_BEFORE; i++)
        list[i] = fixture_answer(f, i, 3600 * i, (float)(i % 2));
    fixture_post(f, USER, list, N_BEFORE);
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    memory_fail_read(((engine_fixture *)*state)->data, 0, 0, PIQ_OK);
    fixture_free(*state);
    return 0;
}

/* ---- one operation of each kind --------------------------------------- */

typedef enum what {
    FORWARD,
    LATE,
    NEWCOMER,
    VOID,
    SLATE,
    PATH,
    PROFILE,
    N_WHAT
} what;

/* `nth` makes its events, its newcomer and who has something voided other ones
 * than all before. */
static piq_op *make(engine_fixture *f, what w)
{
    static unsigned nth;
    nth++;
    static const piq_op_kind kinds[] = {
        PIQ_OP_EVENTS, PIQ_OP_EVENTS, PIQ_OP_EVENTS, PIQ_OP_EVENTS,
        PIQ_OP_SLATE,  PIQ_OP_PATH,   PIQ_OP_PROFILE};
    piq_op *op = piq_op_new(kinds[w],
                            (piq_user_id){w == NEWCOMER ? 1000 + nth
                                          : w == VOID   ? 100000 + nth
                                                        : USER},
                            FIXTURE_NOW_US + nth * PIQ_US_PER_MINUTE);
    assert_non_null(op);
    op->limit = 10;
    op->reason = PIQ_STR("because");
    if (kinds[w] != PIQ_OP_EVENTS)
        return op;
    op->n_events = 2;
    op->events = piq_new(&op->arena, piq_event, 2);
    for (unsigned i = 0; i < 2; i++)
        op->events[i] =
            fixture_answer(f, 10000 + 2 * nth + i,
                           w == LATE ? 3600 * 20 + 2 * (int64_t)nth + i
                                     : 3600 * 1000 + 2 * (int64_t)nth + i,
                           1);
    if (w == VOID) {
        piq_event there[] = {fixture_answer(f, 1, 60, 0),
                             fixture_answer(f, 2, 120, 1)};
        fixture_post(f, op->user.v, there, 2);
        op->events[0].type = PIQ_EV_VOIDED;
        op->events[0].u.voided.voids = there[0].event_id;
    }
    return op;
}

typedef struct seen {
    int64_t version;
    piq_str bytes;
    size_t n_events, n_commits, n_paths, n_slates;
} seen;

static seen look(engine_fixture *f, int64_t user)
{
    seen s = {.n_events = memory_n_events(f->data),
              .n_commits = memory_n_commits(f->data),
              .n_paths = memory_n_paths(f->data),
              .n_slates = memory_n_slates(f->data)};
    s.bytes = fixture_state(f, user, &s.version);
    return s;
}

static void check_same(const seen *a, const seen *b)
{
    assert_int_equal(a->version, b->version);
    assert_int_equal(a->n_events, b->n_events);
    assert_int_equal(a->n_commits, b->n_commits);
    assert_int_equal(a->n_paths, b->n_paths);
    assert_int_equal(a->n_slates, b->n_slates);
    assert_int_equal(a->bytes.len, b->bytes.len);
    assert_memory_equal(a->bytes.ptr, b->bytes.ptr, a->bytes.len);
}

/* What readers see is what is stored. */
static void check_published(engine_fixture *f, int64_t user, int64_t version)
{
    piq_learner_ref ref;
    piq_status status =
        piq_engine_learner(f->e, (piq_user_id){user}, &ref, &f->err);
    if (!version) {
        assert_int_equal(status, PIQ_ENOTFOUND);
        return;
    }
    assert_int_equal(status, PIQ_OK);
    assert_int_equal(ref.learner->version, version);
    piq_learner_ref_release(&ref);
}

/* ---- commits --------------------------------------------------------- */

static void test_faults__a_failed_commit_is_reported_and_undone(void **state)
{
    static const piq_status reasons[] = {PIQ_EFULL, PIQ_EIO, PIQ_EBUSY};
    engine_fixture *f = *state;
    for (size_t r = 0; r < 3; r++)
        for (int w = 0; w < N_WHAT; w++) {
            piq_op *op = make(f, (what)w);
            int64_t user = op->user.v;
            seen before = look(f, user);
            memory_fail_commit(f->data, 1, 0, reasons[r]);
            assert_int_equal(piq_engine_run(f->e, op), reasons[r]);
            assert_int_equal(op->err.status, reasons[r]);
            assert_true(op->err.message[0]);
            assert_null(op->slate);
            seen after = look(f, user);
            check_same(&before, &after);
            check_published(f, user, before.version);
            assert_int_equal(piq_engine_run(f->e, op), PIQ_OK);
            check_published(f, user, look(f, user).version);
            piq_op_free(op);
        }
    fixture_check_replay(f, USER);
}

static void test_faults__overtaken_commits_are_done_again(void **state)
{
    engine_fixture *f = *state;
    for (int w = 0; w < N_WHAT; w++) {
        piq_op *op = make(f, (what)w);
        memory_fail_commit(f->data, 1, 2, PIQ_ESTALE);
        assert_int_equal(piq_engine_run(f->e, op), PIQ_OK);
        assert_true(memory_has_failed(f->data));
        if (w == SLATE)
            assert_non_null(op->slate);
        if (w == PATH)
            assert_true(op->path_json.len > 0);
        fixture_check_replay(f, op->user.v);
        piq_op_free(op);
    }
    assert_int_equal(memory_n_events(f->data), N_BEFORE + 4 * 2 + 2);
}

/* ---- reads ----------------------------------------------------------- */

static void fail_reads_of(engine_fixture *f, what w, bool cold)
{
    bool failed = true;
    unsigned nth;
    for (nth = 1; failed; nth++) {
        assert_true(nth < MANY);
        if (cold)
            fixture_reopen(f);
        piq_op *op = make(f, w);
        int64_t user = op->user.v;
        seen before = look(f, user);
        memory_fail_read(f->data, (long)nth, 0, PIQ_EIO);
        piq_status status = piq_engine_run(f->e, op);
        failed = memory_has_failed(f->data);
        memory_fail_read(f->data, 0, 0, PIQ_OK);
        assert_int_equal(status, failed ? PIQ_EIO : PIQ_OK);
        if (failed) {
            assert_int_equal(op->err.status, PIQ_EIO);
            seen after = look(f, user);
            check_same(&before, &after);
            assert_int_equal(piq_engine_run(f->e, op), PIQ_OK);
        }
        check_published(f, user, look(f, user).version);
        piq_op_free(op);
    }
    if (cold)
        assert_true(nth > 2); /* something was read, and failed */
    fixture_check_replay(f, USER);
}

static void test_faults__a_failed_read_is_reported_and_harmless(void **state)
{
    for (int w = 0; w < N_WHAT; w++)
        for (int cold = 0; cold < 2; cold++)
            fail_reads_of(*state, (what)w, cold);
}

static void test_faults__a_reader_is_told_of_a_failed_read(void **state)
{
    engine_fixture *f = *state;
    piq_learner_ref ref;
    fixture_reopen(f);
    memory_fail_read(f->data, 1, 0, PIQ_EIO);
    assert_int_equal(
        piq_engine_learner(f->e, (piq_user_id){USER}, &ref, &f->err), PIQ_EIO);
    assert_int_equal(
        piq_engine_learner(f->e, (piq_user_id){USER}, &ref, &f->err), PIQ_OK);
    piq_learner_ref_release(&ref);
}

static void test_faults__replay_is_told_of_a_failed_read(void **state)
{
    engine_fixture *f = *state;
    bool same, failed = true;
    uint64_t digest;
    size_t n;
    for (long nth = 1; failed; nth++) {
        memory_fail_read(f->data, nth, 0, PIQ_EIO);
        piq_status status = piq_engine_replay(f->e, (piq_user_id){USER}, &same,
                                              &digest, &n, &f->err);
        failed = memory_has_failed(f->data);
        assert_int_equal(status, failed ? PIQ_EIO : PIQ_OK);
    }
    assert_true(same);
}

/* ---- opening --------------------------------------------------------- */

static void test_faults__an_engine_opens_whole_or_not_at_all(void **state)
{
    engine_fixture *f = *state;
    bool failed = true;
    for (long nth = 1; failed; nth++) {
        piq_store *store = memory_store_open(f->data);
        piq_engine *e = NULL;
        memory_fail_read(f->data, nth, 0, PIQ_EIO);
        piq_status status =
            piq_engine_open(store, &f->config, NULL, &e, &f->err);
        failed = memory_has_failed(f->data);
        memory_fail_read(f->data, 0, 0, PIQ_OK);
        assert_int_equal(status, failed ? PIQ_EIO : PIQ_OK);
        assert_int_equal(failed, e == NULL);
        if (e)
            piq_engine_close(e);
        else
            store->ops->close(store); /* ours still */
    }
    failed = true;
    for (long nth = 1; failed; nth++) {
        piq_store *store = memory_store_open(f->data);
        piq_engine *e = NULL;
        piq_alloc_fail_after(nth, 0);
        piq_status status =
            piq_engine_open(store, &f->config, NULL, &e, &f->err);
        piq_alloc_fail_after(0, 0);
        failed = status != PIQ_OK;
        assert_int_equal(status, failed ? PIQ_ENOMEM : PIQ_OK);
        if (e)
            piq_engine_close(e);
        else
            store->ops->close(store);
        nth += nth / 8;
    }
}

static void test_faults__a_curriculum_is_loaded_whole_or_not_at_all(
    void **state)
{
    engine_fixture *f = *state;
    piq_status status = PIQ_EIO;
    piq_arena a;
    piq_arena_init(&a, 0);
    piq_str text = fixture_document(f);
    char *other = piq_arena_strndup(&a, text.ptr, text.len);
    memcpy(strstr(other, "\"Pulse\""), "\"Pulsa\"", 7);
    for (long nth = 1; status; nth += 1 + nth / 4) {
        piq_findings findings = {0};
        piq_alloc_fail_after(nth, 0);
        status = piq_engine_load_catalogue(
            f->e, &f->a, (piq_str){other, text.len}, &findings, NULL, &f->err);
        piq_alloc_fail_after(0, 0);
        if (!status)
            break;
        assert_int_equal(status, PIQ_ENOMEM);
        /* Stored, but perhaps not read back: that is done later. */
        assert_true(piq_engine_catalogue(f->e)->version <= 2);
    }
    assert_int_equal(piq_engine_catalogue(f->e)->version, 2);
    piq_arena_release(&a);
    fixture_check_replay(f, USER);
}

/* ---- memory ---------------------------------------------------------- */

static void fail_allocations_of(engine_fixture *f, what w, int sticky)
{
    /* The engine's other threads allocate too, and now and then one of them is
     * who fails: only several that went through in a row tell the end. */
    enum { ENOUGH = 3 };
    piq_status status;
    unsigned n_failed = 0, n_fine = 0;
    for (unsigned nth = 1; n_fine < ENOUGH; nth++) {
        assert_true(nth < MANY);
        piq_op *op = make(f, w);
        int64_t user = op->user.v;
        seen before = look(f, user);
        piq_alloc_fail_after((long)nth, sticky);
        status = piq_engine_run(f->e, op);
        piq_alloc_fail_after(0, 0);
        seen after = look(f, user);
        n_fine = status ? 0 : n_fine + 1;
        if (status) {
            n_failed++;
            assert_int_equal(status, PIQ_ENOMEM);
            assert_int_equal(op->err.status, PIQ_ENOMEM);
            /* The reply to what is stored may be what failed. */
            if (after.n_commits == before.n_commits)
                check_same(&before, &after);
        }
        check_published(f, user, after.version);
        assert_int_equal(piq_engine_run(f->e, op), PIQ_OK);
        piq_op_free(op);
    }
    assert_true(n_failed > 3);
    fixture_check_replay(f, USER);
}

static void test_faults__no_memory_is_reported_and_harmless(void **state)
{
    for (int w = 0; w < N_WHAT; w++)
        for (int sticky = 0; sticky < 2; sticky++)
            fail_allocations_of(*state, (what)w, sticky);
}

static void test_faults__an_import_without_memory_can_be_repeated(void **state)
{
    engine_fixture *f = *state;
    piq_status status = PIQ_ENOMEM;
    piq_event list[100];
    for (unsigned i = 0; i < 100; i++) {
        list[i] = fixture_answer(f, i + 300, 3600 * (i + 50), 1);
        list[i].user.v = USER + i % 2;
    }
    for (long nth = 1; status; nth += 1 + nth / 6) {
        piq_bulk *b = NULL;
        piq_bulk_totals t = {0};
        piq_err err = {0};
        piq_alloc_fail_after(nth, 0);
        status = piq_bulk_begin(f->e, NULL, NULL, &b, &err);
        for (unsigned i = 0; i < 100 && status == PIQ_OK; i++)
            status = piq_bulk_add(b, &list[i], &err);
        if (b) {
            piq_status ended = piq_bulk_end(b, &t, &err);
            assert_true(status == PIQ_OK || ended == status);
            status = ended;
        }
        piq_alloc_fail_after(0, 0);
        assert_true(status == PIQ_OK || status == PIQ_ENOMEM);
        if (status)
            assert_int_equal(err.status, PIQ_ENOMEM);
        else
            assert_int_equal(t.accepted + t.duplicates, 100);
        fixture_check_replay(f, USER);
    }
    assert_int_equal(memory_n_events(f->data), N_BEFORE + 100);
    fixture_check_replay(f, USER + 1);
}

int main(void)
{
#define WITH(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        WITH(test_faults__a_failed_commit_is_reported_and_undone),
        WITH(test_faults__overtaken_commits_are_done_again),
        WITH(test_faults__a_failed_read_is_reported_and_harmless),
        WITH(test_faults__a_reader_is_told_of_a_failed_read),
        WITH(test_faults__replay_is_told_of_a_failed_read),
        WITH(test_faults__an_engine_opens_whole_or_not_at_all),
        WITH(test_faults__a_curriculum_is_loaded_whole_or_not_at_all),
        WITH(test_faults__no_memory_is_reported_and_harmless),
        WITH(test_faults__an_import_without_memory_can_be_repeated),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
