/* threads:tsan
 * What every backend of store.h owes when several threads use it: readers at
 * any time, one writer, committed data only. Nothing here depends on timing.
 */
#include "contract/store_contract.h"

#include <pthread.h>
#include <stdatomic.h>

enum { N_LEARNERS = 6, N_COMMITS = 150, N_READERS = 6 };

typedef struct shared {
    store_fixture *f;
    atomic_bool done;
    atomic_int n_wrong;
    /* Versions known to be committed: a read that begins later sees no less. */
    atomic_llong committed[N_LEARNERS + 1];
} shared;

/* Every commit takes all learners from version v to v + 1, with one event each
 * and a state whose bytes say the version. */
static void write_round(shared *w, int64_t v)
{
    char id[32], body[32];
    snprintf(id, sizeof id, "e%lld", (long long)v);
    snprintf(body, sizeof body, "%lld", (long long)(v + 1));
    piq_event_row events[N_LEARNERS];
    piq_state_row states[N_LEARNERS];
    for (int i = 0; i < N_LEARNERS; i++) {
        events[i] = event_of(i + 1, id, T0 + v);
        states[i] = state_of(i + 1, v, body);
    }
    must_commit(w->f, (piq_commit){.events = events,
                                   .n_events = N_LEARNERS,
                                   .states = states,
                                   .n_states = N_LEARNERS});
    for (int i = 1; i <= N_LEARNERS; i++)
        atomic_store(&w->committed[i], v + 1);
}

/* A state agrees with its version, is no older than what was known before the
 * read began, and the events that made it are there. */
static bool read_learner(shared *w, piq_arena *a, int user)
{
    piq_store *s = w->f->s;
    int64_t least = atomic_load(&w->committed[user]);
    int64_t version = 0;
    piq_str body;
    piq_err err;
    piq_status st =
        s->ops->state(s, a, (piq_user_id){user}, &version, &body, &err);
    if (st == PIQ_ENOTFOUND)
        return least == 0;
    int64_t said = -1;
    if (st != PIQ_OK || !piq_str_to_i64(body, &said) || said != version ||
        version < least)
        return false;
    piq_event_range all = {.user = {user},
                           .after_us = INT64_MIN,
                           .until_us = INT64_MAX,
                           .limit = SIZE_MAX};
    piq_event_row *rows;
    size_t n;
    return s->ops->events(s, a, &all, &rows, &n, &err) == PIQ_OK &&
           (int64_t)n >= version;
}

/* One statement, one snapshot: learners and events of whole commits only. Over
 * shards it is one of each. */
static bool read_counts(shared *w)
{
    piq_store_counts c;
    piq_err err;
    if (is_spread(w->f->kind))
        return w->f->s->ops->counts(w->f->s, &c, &err) == PIQ_OK;
    return w->f->s->ops->counts(w->f->s, &c, &err) == PIQ_OK &&
           c.events % N_LEARNERS == 0 &&
           (c.learners == 0 || c.learners == N_LEARNERS) &&
           (c.learners == 0) == (c.events == 0);
}

static void *reader(void *ctx)
{
    shared *w = ctx;
    piq_arena a;
    piq_arena_init(&a, 0);
    int user = 1;
    while (!atomic_load(&w->done)) {
        if (!read_learner(w, &a, user) || !read_counts(w))
            atomic_fetch_add(&w->n_wrong, 1);
        user = user % N_LEARNERS + 1;
        piq_arena_clear(&a);
    }
    piq_arena_release(&a);
    return NULL;
}

/* More threads than there are connections for reads (4), so that some wait. */
static void test_store__readers_see_whole_commits_only(void **state)
{
    static shared w;
    w.f = *state;
    atomic_store(&w.done, false);
    atomic_store(&w.n_wrong, 0);
    for (int i = 0; i <= N_LEARNERS; i++)
        atomic_store(&w.committed[i], 0);
    pthread_t threads[N_READERS];
    for (int i = 0; i < N_READERS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, reader, &w), 0);
    for (int64_t v = 0; v < N_COMMITS; v++)
        write_round(&w, v);
    atomic_store(&w.done, true);
    for (int i = 0; i < N_READERS; i++)
        pthread_join(threads[i], NULL);
    assert_int_equal(atomic_load(&w.n_wrong), 0);
    assert_int_equal(version_of(w.f, N_LEARNERS), N_COMMITS);
}

typedef struct claim {
    store_fixture *f;
    atomic_int *n_won;
} claim;

/* Two threads that put catalogues, while a third commits: put_catalogue may be
 * called beside a commit, and of two that claim a version one wins. */
static void *put_catalogues(void *ctx)
{
    claim *c = ctx;
    for (uint32_t v = 1; v <= 20; v++) {
        piq_err err;
        piq_status st =
            c->f->s->ops->put_catalogue(c->f->s, v, PIQ_STR("{}"), T0, &err);
        if (st == PIQ_OK)
            atomic_fetch_add(c->n_won, 1);
        else if (st != PIQ_ESTALE)
            atomic_fetch_add(c->n_won, 1000);
    }
    return NULL;
}

static void test_store__a_catalogue_version_is_won_once(void **state)
{
    store_fixture *f = *state;
    atomic_int n_won = 0;
    claim c = {.f = f, .n_won = &n_won};
    pthread_t threads[2];
    for (int i = 0; i < 2; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, put_catalogues, &c),
                         0);
    for (int64_t v = 0; v < 20; v++) {
        piq_state_row row = state_of(1, v, "s");
        must_commit(f, (piq_commit){.states = &row, .n_states = 1});
    }
    for (int i = 0; i < 2; i++)
        pthread_join(threads[i], NULL);
    piq_store_counts counts;
    assert_status(f, PIQ_OK, f->s->ops->counts(f->s, &counts, &f->err));
    /* A loser goes on to the next version, which may not be due yet; so not
     * all 20 need be reached, but each that was has one winner. */
    assert_int_equal(atomic_load(&n_won), counts.catalogue_version);
    assert_true(counts.catalogue_version >= 1);
}

/* Two stores on one place, as two processes have: the versions decide. */
static void test_store__two_stores_never_lose_an_update(void **state)
{
    store_fixture *f = *state;
    piq_store *other;
    assert_status(f, PIQ_OK, f->kind->open(&f->place, &other, &f->err));
    piq_state_row first = state_of(1, 0, "a");
    must_commit(f, (piq_commit){.states = &first, .n_states = 1});
    piq_state_row second = state_of(1, 1, "b");
    piq_commit c = {.states = &second, .n_states = 1};
    assert_status(f, PIQ_OK, other->ops->commit(other, &c, &f->err));
    assert_int_equal(version_of(f, 1), 2); /* seen at once */
    piq_state_row late = state_of(1, 1, "lost");
    c = (piq_commit){.states = &late, .n_states = 1};
    assert_status(f, PIQ_ESTALE, commit(f, &c));
    other->ops->close(other);
    assert_int_equal(version_of(f, 1), 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        STORE_TEST(test_store__readers_see_whole_commits_only),
        STORE_TEST(test_store__a_catalogue_version_is_won_once),
        STORE_TEST(test_store__two_stores_never_lose_an_update),
    };
    return store_run_tests(tests, sizeof tests / sizeof tests[0]);
}
