/* The bulk import: the same states as posting one by one, repeats, late events,
 * and an import that was broken off. */
/* threads:tsan */
#include "engine/engine_internal.h"

#include "base/rng.h"
#include "support/engine_fixture.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

enum { N_USERS = 6, EACH = 150, N_ALL = N_USERS * EACH };

/* Everybody's events, in order of time over all learners. */
static int by_time(const void *x, const void *y)
{
    const piq_event *a = x, *b = y;
    int c = piq_event_cmp(a, b);
    return c ? c : (a->user.v > b->user.v) - (a->user.v < b->user.v);
}

static piq_event *everybody(engine_fixture *f)
{
    piq_event *all = piq_new(&f->a, piq_event, N_ALL);
    for (size_t u = 0; u < N_USERS; u++) {
        size_t n = EACH;
        piq_event *own = fixture_simulate(f, piq_engine_catalogue(f->e), u + 1,
                                          (int64_t)u + 1, &n);
        assert_int_equal(n, EACH);
        memcpy(all + u * EACH, own, EACH * sizeof *own);
    }
    qsort(all, N_ALL, sizeof *all, by_time);
    return all;
}

static piq_bulk *begin(engine_fixture *f)
{
    piq_bulk *b;
    if (piq_bulk_begin(f->e, NULL, NULL, &b, &f->err))
        fail_msg("%s", f->err.message);
    return b;
}

static void add(engine_fixture *f, piq_bulk *b, const piq_event *e)
{
    if (piq_bulk_add(b, e, &f->err))
        fail_msg("%s", f->err.message);
}

static piq_bulk_totals end(engine_fixture *f, piq_bulk *b)
{
    piq_bulk_totals t;
    if (piq_bulk_end(b, &t, &f->err))
        fail_msg("%s", f->err.message);
    return t;
}

static piq_bulk_totals import(engine_fixture *f, const piq_event *list,
                              size_t n)
{
    piq_bulk *b = begin(f);
    for (size_t i = 0; i < n; i++)
        add(f, b, &list[i]);
    return end(f, b);
}

static void post_singly(engine_fixture *f, const piq_event *list, size_t n)
{
    for (size_t i = 0; i < n; i++)
        fixture_post(f, list[i].user.v, &list[i], 1);
}

static void check_same(engine_fixture *f, engine_fixture *g)
{
    for (int64_t user = 1; user <= N_USERS; user++) {
        piq_str x = fixture_state(f, user, NULL);
        piq_str y = fixture_state(g, user, NULL);
        assert_int_equal(x.len, y.len);
        assert_memory_equal(x.ptr, y.ptr, x.len);
        fixture_check_replay(g, user);
    }
    assert_int_equal(memory_n_events(f->data), memory_n_events(g->data));
}

static void shuffle(piq_event *list, size_t n, size_t reach, uint64_t seed)
{
    piq_rng rng;
    piq_rng_seed(&rng, seed);
    for (size_t i = n; i-- > 1;) {
        size_t room = i + 1 < reach ? i + 1 : reach;
        size_t k = i - (size_t)piq_rng_below(&rng, room);
        piq_event kept = list[i];
        list[i] = list[k];
        list[k] = kept;
    }
}

static void test_bulk__is_the_same_as_posting(void **state)
{
    (void)state;
    engine_fixture *f = fixture_new(NULL), *g = fixture_new(NULL);
    piq_event *list = everybody(f);
    post_singly(f, list, N_ALL);
    piq_bulk_totals t = import(g, list, N_ALL);
    assert_int_equal(t.accepted, N_ALL);
    assert_int_equal(t.duplicates, 0);
    assert_true(t.commits < 5);
    check_same(f, g);
    fixture_free(f);
    fixture_free(g);
}

static void test_bulk__late_events_find_their_place(void **state)
{
    (void)state;
    engine_fixture *f = fixture_new(NULL), *g = fixture_new(NULL);
    piq_event *list = everybody(f);
    post_singly(f, list, N_ALL);
    shuffle(list, N_ALL, 30, 5);
    piq_bulk_totals t = import(g, list, N_ALL);
    assert_int_equal(t.accepted, N_ALL);
    check_same(f, g);
    fixture_free(f);
    fixture_free(g);
}

static void test_bulk__repeats_are_counted_and_skipped(void **state)
{
    (void)state;
    engine_fixture *f = fixture_new(NULL), *g = fixture_new(NULL);
    piq_event *list = everybody(f);
    post_singly(f, list, N_ALL);
    piq_bulk *b = begin(g);
    for (size_t i = 0; i < N_ALL; i++) {
        add(g, b, &list[i]);
        if (i % 3 == 0)
            add(g, b, &list[i / 2]); /* in this piece */
    }
    piq_bulk_totals t = end(g, b);
    assert_int_equal(t.accepted, N_ALL);
    assert_int_equal(t.duplicates, N_ALL / 3);
    t = import(g, list, N_ALL); /* and once more: all of it is there */
    assert_int_equal(t.accepted, 0);
    assert_int_equal(t.duplicates, N_ALL);
    check_same(f, g);
    fixture_free(f);
    fixture_free(g);
}

static void test_bulk__a_conflict_changes_nothing_and_goes_on(void **state)
{
    (void)state;
    engine_fixture *f = fixture_new(NULL), *g = fixture_new(NULL);
    piq_event *list = everybody(f);
    post_singly(f, list, N_ALL);
    piq_bulk *b = begin(g);
    for (size_t i = 0; i < N_ALL; i++) {
        add(g, b, &list[i]);
        piq_event torn = list[i / 2];
        torn.at_us += 1;
        if (i % 50 == 0) {
            assert_int_equal(piq_bulk_add(b, &torn, &g->err), PIQ_ECONFLICT);
            assert_int_equal(g->err.status, PIQ_ECONFLICT);
        }
    }
    assert_int_equal(end(g, b).accepted, N_ALL);
    piq_event torn = list[7];
    torn.at_us += 1;
    b = begin(g);
    assert_int_equal(piq_bulk_add(b, &torn, &g->err), PIQ_ECONFLICT);
    end(g, b);
    check_same(f, g);
    fixture_free(f);
    fixture_free(g);
}

static void test_bulk__goes_on_where_others_have_posted(void **state)
{
    (void)state;
    engine_fixture *f = fixture_new(NULL), *g = fixture_new(NULL);
    piq_event *list = everybody(f);
    post_singly(f, list, N_ALL);
    post_singly(g, list, 200); /* readers have these in the cache */
    import(g, list + 200, 300);
    post_singly(g, list + 500, 100);
    import(g, list + 600, N_ALL - 600);
    check_same(f, g);
    for (int64_t user = 1; user <= N_USERS; user++) {
        piq_learner_ref ref;
        int64_t version;
        fixture_state(g, user, &version);
        assert_int_equal(
            piq_engine_learner(g->e, (piq_user_id){user}, &ref, &g->err),
            PIQ_OK);
        assert_int_equal(ref.learner->version, version);
        piq_learner_ref_release(&ref);
    }
    fixture_free(f);
    fixture_free(g);
}

static void test_bulk__a_broken_import_is_simply_run_again(void **state)
{
    (void)state;
    engine_fixture *f = fixture_new(NULL), *g = fixture_new(NULL);
    piq_event *list = everybody(f);
    post_singly(f, list, N_ALL);
    shuffle(list, N_ALL, 20, 9); /* late ones settle, so there are commits */
    for (long nth = 1; nth < 60; nth += 7) {
        piq_bulk *b = begin(g);
        piq_status status = PIQ_OK, ended;
        piq_bulk_totals t;
        memory_fail_commit(g->data, nth, 0, PIQ_EFULL);
        for (size_t i = 0; i < N_ALL && status == PIQ_OK; i++)
            status = piq_bulk_add(b, &list[i], &g->err);
        piq_err err = {0};
        ended = piq_bulk_end(b, &t, &err);
        assert_int_equal(ended,
                         memory_has_failed(g->data) ? PIQ_EFULL : PIQ_OK);
        assert_int_equal(err.status, ended);
        for (int64_t user = 1; user <= N_USERS; user++)
            if (fixture_state(g, user, NULL).len)
                fixture_check_replay(g, user);
    }
    memory_fail_commit(g->data, 0, 0, PIQ_OK);
    piq_bulk_totals t = import(g, list, N_ALL);
    assert_true(t.duplicates > 0);
    assert_int_equal(t.accepted + t.duplicates, N_ALL);
    check_same(f, g);
    fixture_free(f);
    fixture_free(g);
}

/* ---- calibrations ---------------------------------------------------- */

static engine_fixture *calibrating(void)
{
    piq_engine_config config = fixture_quiet();
    config.calibrate_every = 64;
    return fixture_new(&config);
}

static void check_all_replay(engine_fixture *f)
{
    for (int64_t user = 1; user <= N_USERS; user++)
        fixture_check_replay(f, user);
}

static void test_bulk__publishes_calibrations_on_the_way(void **state)
{
    (void)state;
    engine_fixture *f = calibrating();
    piq_event *list = everybody(f);
    piq_store *s = piq_engine_store(f->e);
    uint32_t number;
    int64_t seq;
    shuffle(list, N_ALL, 5, 3);
    import(f, list, N_ALL / 2);
    import(f, list + N_ALL / 2, N_ALL - N_ALL / 2);
    assert_int_equal(s->ops->calibration(s, &number, &seq, &f->err), PIQ_OK);
    assert_true(number >= 4);
    assert_int_equal(number, piq_engine_calibration(f->e));
    assert_int_equal(seq, N_ALL); /* has read them all */
    check_all_replay(f);
    fixture_reopen(f);
    assert_int_equal(number, piq_engine_calibration(f->e));
    check_all_replay(f);
    fixture_free(f);
}

/* A calibration that was not stored is not in force, and its number is used
 * again. */
static void test_bulk__a_broken_import_leaves_no_calibration(void **state)
{
    (void)state;
    engine_fixture *f = calibrating();
    piq_event *list = everybody(f);
    piq_bulk_totals t;
    import(f, list, 200);
    uint32_t number = piq_engine_calibration(f->e);
    piq_bulk *b = begin(f);
    memory_fail_commit(f->data, 1, 5, PIQ_EIO);
    for (size_t i = 200; i < N_ALL; i++) {
        piq_status status = piq_bulk_add(b, &list[i], &f->err);
        assert_true(status == PIQ_OK || status == PIQ_EIO);
    }
    assert_int_equal(piq_bulk_end(b, &t, &f->err), PIQ_EIO);
    memory_fail_commit(f->data, 0, 0, PIQ_OK);
    assert_int_equal(piq_engine_calibration(f->e), number);
    post_singly(f, list + 200, 100);
    import(f, list, N_ALL);
    assert_true(piq_engine_calibration(f->e) > number);
    check_all_replay(f);
    fixture_reopen(f);
    check_all_replay(f);
    fixture_free(f);
}

typedef struct watched {
    size_t n, n_answers;
} watched;

static void watch(void *ctx, const piq_event *event,
                  const piq_fold_effect *effect)
{
    watched *w = ctx;
    w->n++;
    if (effect->is_item_answer) {
        assert_true(event->type == PIQ_EV_ANSWER);
        assert_true(effect->outcome.predicted > 0);
        w->n_answers++;
    }
}

static void test_bulk__tells_of_each_event(void **state)
{
    (void)state;
    engine_fixture *f = fixture_new(NULL);
    piq_event *list = everybody(f);
    watched w = {0};
    piq_bulk *b;
    assert_int_equal(piq_bulk_begin(f->e, watch, &w, &b, &f->err), PIQ_OK);
    for (size_t i = 0; i < N_ALL; i++)
        add(f, b, &list[i]);
    add(f, b, &list[0]); /* a repeat is none */
    end(f, b);
    assert_int_equal(w.n, N_ALL);
    assert_true(w.n_answers > N_ALL / 3);
    fixture_free(f);
}

static void test_bulk__needs_a_curriculum(void **state)
{
    (void)state;
    engine_fixture *f = fixture_bare(NULL);
    piq_bulk *b = NULL;
    assert_int_equal(piq_bulk_begin(f->e, NULL, NULL, &b, &f->err),
                     PIQ_ENOTFOUND);
    assert_null(b);
    fixture_free(f);
}

/* More repeats than fit into a piece's memory would not matter: none of them is
 * kept. Here, that pieces turn over: 20,000 events of two learners. */
static void test_bulk__many_pieces(void **state)
{
    (void)state;
    engine_fixture *f = fixture_new(NULL);
    piq_bulk *b = begin(f);
    for (unsigned i = 0; i < 18000; i++) {
        piq_event e = fixture_answer(f, i, 20 * i, (float)(i % 2));
        e.user.v = 1 + i % 40;
        add(f, b, &e);
        if (i % 3000 == 0)
            add(f, b, &e);
    }
    piq_event first = fixture_answer(f, 1, 20, 1), torn = first;
    first.user.v = torn.user.v = 2;
    torn.u.answer.hint = true;
    add(f, b, &first); /* of the first piece, long stored */
    assert_int_equal(piq_bulk_add(b, &torn, &f->err), PIQ_ECONFLICT);
    piq_bulk_totals t = end(f, b);
    assert_int_equal(t.accepted, 18000);
    assert_int_equal(t.duplicates, 7);
    assert_int_equal(t.commits, 3);
    fixture_check_replay(f, 7);
    fixture_free(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bulk__is_the_same_as_posting),
        cmocka_unit_test(test_bulk__late_events_find_their_place),
        cmocka_unit_test(test_bulk__repeats_are_counted_and_skipped),
        cmocka_unit_test(test_bulk__a_conflict_changes_nothing_and_goes_on),
        cmocka_unit_test(test_bulk__goes_on_where_others_have_posted),
        cmocka_unit_test(test_bulk__a_broken_import_is_simply_run_again),
        cmocka_unit_test(test_bulk__publishes_calibrations_on_the_way),
        cmocka_unit_test(test_bulk__a_broken_import_leaves_no_calibration),
        cmocka_unit_test(test_bulk__tells_of_each_event),
        cmocka_unit_test(test_bulk__needs_a_curriculum),
        cmocka_unit_test(test_bulk__many_pieces),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
