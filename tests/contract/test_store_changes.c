/* threads:tsan
 * The change feed: what commits have changed, in their order, seen by every
 * handle. */
#include "contract/memory_place.h"
#include "contract/store_contract.h"

#include <pthread.h>

static size_t changes_after(store_fixture *f, int64_t after, size_t limit,
                            piq_change **out)
{
    size_t n = 0;
    assert_status(
        f, PIQ_OK,
        f->s->ops->changes(f->s, &f->a, after, limit, out, &n, &f->err));
    return n;
}

static int64_t last(store_fixture *f)
{
    int64_t mark = -1;
    assert_status(f, PIQ_OK, f->s->ops->last_change(f->s, &mark, &f->err));
    return mark;
}

static void write_state(store_fixture *f, int64_t user, int64_t from)
{
    piq_state_row row = state_of(user, from, "s");
    must_commit(f, (piq_commit){.states = &row, .n_states = 1});
}

/* All that is told of a learner, marks apart. */
static uint32_t told_of(const piq_change *list, size_t n, int64_t user)
{
    uint32_t what = 0;
    for (size_t i = 0; i < n; i++)
        if (list[i].user.v == user)
            what |= list[i].what;
    return what;
}

static void test_changes__of_an_empty_store_there_are_none(void **state)
{
    store_fixture *f = *state;
    piq_change *list;
    assert_int_equal(last(f), 0);
    assert_int_equal(changes_after(f, 0, 10, &list), 0);
}

static void test_changes__tell_what_a_commit_changed(void **state)
{
    store_fixture *f = *state;
    piq_change *list;
    piq_state_row states[2] = {state_of(1, 0, "s"), state_of(2, 0, "s")};
    piq_recommendation_row offer = recommendation_of(2, 5);
    piq_path_row path = path_of(3, "{}");
    piq_slate_row slate = {.user = {2},
                           .served_us = T0,
                           .policy = PIQ_STR("p"),
                           .request = PIQ_STR("{}"),
                           .n_recommendations = 1};
    must_commit(f, (piq_commit){.states = states,
                                .n_states = 2,
                                .recommendations = &offer,
                                .n_recommendations = 1,
                                .slates = &slate,
                                .n_slates = 1,
                                .paths = &path,
                                .n_paths = 1});
    size_t n = changes_after(f, 0, 100, &list);
    assert_true(n >= 3);
    assert_int_equal(told_of(list, n, 1), PIQ_CHANGED_STATE);
    assert_int_equal(told_of(list, n, 2),
                     PIQ_CHANGED_STATE | PIQ_CHANGED_SLATE);
    assert_int_equal(told_of(list, n, 3), PIQ_CHANGED_PATH);
    for (size_t i = 0; i < n; i++) {
        bool is_state = (list[i].what & PIQ_CHANGED_STATE) != 0;
        assert_int_equal(list[i].version, is_state ? 1 : 0);
        assert_true(list[i].mark > 0);
        assert_true(i == 0 || list[i].mark >= list[i - 1].mark);
        assert_true(list[i].at_us > T0);
    }
    assert_int_equal(last(f), list[n - 1].mark);
}

static void test_changes__a_refused_commit_tells_nothing(void **state)
{
    store_fixture *f = *state;
    write_state(f, 1, 0);
    int64_t before = last(f);
    piq_state_row rows[2] = {state_of(2, 0, "s"), state_of(1, 0, "s")};
    piq_commit c = {.states = rows, .n_states = 2};
    assert_status(f, PIQ_ESTALE, commit(f, &c));
    assert_int_equal(last(f), before);
}

static void test_changes__can_be_read_in_pieces(void **state)
{
    store_fixture *f = *state;
    enum { N = 20 };
    piq_change *list;
    int64_t mark = 0;
    size_t seen = 0;
    for (int64_t i = 0; i < N; i++)
        write_state(f, 1, i);
    for (size_t n; (n = changes_after(f, mark, 3, &list)) > 0;) {
        for (size_t i = 0; i < n; i++)
            assert_int_equal(list[i].version, ++seen);
        assert_true(list[n - 1].mark > mark);
        mark = list[n - 1].mark;
    }
    assert_int_equal(seen, N);
    assert_int_equal(mark, last(f));
}

static void test_changes__are_seen_by_every_handle(void **state)
{
    store_fixture *f = *state;
    store_fixture other = *f;
    piq_change *list;
    piq_arena_init(&other.a, 0);
    fixture_open(&other);
    write_state(f, 1, 0);
    assert_int_equal(changes_after(&other, 0, 9, &list), 1);
    write_state(&other, 1, 1);
    assert_int_equal(changes_after(f, list[0].mark, 9, &list), 1);
    assert_int_equal(list[0].version, 2);
    other.s->ops->close(other.s);
    piq_arena_release(&other.a);
}

static void test_changes__old_ones_are_dropped_and_missed_aloud(void **state)
{
    store_fixture *f = *state;
    piq_change *list;
    bool more = true;
    size_t n = 0;
    for (int64_t i = 0; i < 5; i++)
        write_state(f, 1, i);
    int64_t newest = last(f);
    changes_after(f, 0, 100, &list);
    int64_t third = list[2].mark;
    while (more)
        assert_status(f, PIQ_OK,
                      f->s->ops->tidy(f->s, T0, INT64_MAX, &more, &f->err));
    assert_int_equal(last(f), newest); /* numbers are not given again */
    assert_status(
        f, PIQ_ENOTFOUND,
        f->s->ops->changes(f->s, &f->a, third, 100, &list, &n, &f->err));
    assert_int_equal(changes_after(f, newest, 100, &list), 0);
    write_state(f, 1, 5);
    assert_int_equal(changes_after(f, newest, 100, &list), 1);
    assert_true(list[0].mark > newest);
}

static void test_changes__young_ones_are_kept(void **state)
{
    store_fixture *f = *state;
    piq_change *list;
    bool more = true;
    write_state(f, 1, 0);
    write_state(f, 1, 1);
    assert_status(f, PIQ_OK, f->s->ops->tidy(f->s, T0, T0, &more, &f->err));
    assert_false(more);
    assert_int_equal(changes_after(f, 0, 100, &list), 2);
}

static void test_changes__outlive_the_handle(void **state)
{
    store_fixture *f = *state;
    write_state(f, 1, 0);
    int64_t mark = last(f);
    fixture_reopen(f);
    assert_int_equal(last(f), mark);
    write_state(f, 1, 1);
    assert_true(last(f) > mark);
}

/* ---- several writers -------------------------------------------------- */

enum { N_WRITERS = 3, N_ROUNDS = 60 };

typedef struct writer {
    store_fixture f;
    int64_t user;
    pthread_t thread;
} writer;

static void *write_rounds(void *ctx)
{
    writer *w = ctx;
    for (int64_t v = 0; v < N_ROUNDS; v++)
        write_state(&w->f, w->user, v);
    return NULL;
}

/* Whoever goes on from the last mark sees every change once, also of commits
 * that were under way while it looked. */
static void test_changes__none_is_missed_while_others_commit(void **state)
{
    store_fixture *f = *state;
    writer writers[N_WRITERS];
    int64_t seen[N_WRITERS + 1] = {0}, mark = 0;
    size_t total = 0;
    for (int i = 0; i < N_WRITERS; i++) {
        writers[i] = (writer){.f = *f, .user = i + 1};
        fixture_open(&writers[i].f);
        piq_arena_init(&writers[i].f.a, 0);
        assert_int_equal(
            pthread_create(&writers[i].thread, NULL, write_rounds, &writers[i]),
            0);
    }
    while (total < (size_t)N_WRITERS * N_ROUNDS) {
        piq_change *list;
        size_t n = changes_after(f, mark, 7, &list);
        for (size_t i = 0; i < n; i++) {
            assert_true(list[i].mark >= mark);
            mark = list[i].mark;
            assert_int_equal(list[i].version, ++seen[list[i].user.v]);
        }
        total += n;
        piq_arena_clear(&f->a);
    }
    for (int i = 0; i < N_WRITERS; i++) {
        pthread_join(writers[i].thread, NULL);
        writers[i].f.s->ops->close(writers[i].f.s);
        piq_arena_release(&writers[i].f.a);
    }
    assert_int_equal(last(f), mark);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        STORE_TEST(test_changes__of_an_empty_store_there_are_none),
        STORE_TEST(test_changes__tell_what_a_commit_changed),
        STORE_TEST(test_changes__a_refused_commit_tells_nothing),
        STORE_TEST(test_changes__can_be_read_in_pieces),
        STORE_TEST(test_changes__are_seen_by_every_handle),
        STORE_TEST(test_changes__old_ones_are_dropped_and_missed_aloud),
        STORE_TEST(test_changes__young_ones_are_kept),
        STORE_TEST(test_changes__outlive_the_handle),
        STORE_TEST(test_changes__none_is_missed_while_others_commit),
    };
    const size_t n = sizeof tests / sizeof tests[0];
    return store_run_tests(tests, n) +
           store_run_tests_on(&memory_kind, tests, n);
}
