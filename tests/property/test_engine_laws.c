/* Laws of the engine under many threads: every event is taken exactly once,
 * readers see versions that only grow and states that hang together, and what
 * is stored in the end is the fold of what was posted. */
/* threads:tsan */
#include "base/rng.h"
#include "support/engine_fixture.h"
#include "support/random_catalogue.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdlib.h>

#include <cmocka.h>

enum { N_WRITERS = 4, N_READERS = 2, N_USERS = 5, EACH = 120, GROUP = 4 };

typedef struct shared {
    engine_fixture *f;
    piq_event *events[N_USERS];
    atomic_size_t n_accepted, n_duplicates, n_failed, n_reads;
    atomic_bool stop;
} shared;

typedef struct thread {
    shared *s;
    uint64_t seed;
    pthread_t id;
} thread;

/* Posts all of everybody's events in an order of its own; so does each writer,
 * and each event is news for one of them. */
static void *write_all(void *ctx)
{
    thread *t = ctx;
    shared *s = t->s;
    size_t order[N_USERS * EACH / GROUP], n = sizeof order / sizeof *order;
    piq_rng rng;
    piq_rng_seed(&rng, t->seed);
    for (size_t i = 0; i < n; i++)
        order[i] = i;
    for (size_t i = n; i-- > 1;) {
        size_t k = i - (size_t)piq_rng_below(&rng, i < 30 ? i + 1 : 30);
        size_t kept = order[i];
        order[i] = order[k];
        order[k] = kept;
    }
    for (size_t i = 0; i < n; i++) {
        size_t user = order[i] % N_USERS, from = order[i] / N_USERS * GROUP;
        fixture_posted p = fixture_post_to(s->f->e, (int64_t)user + 1,
                                           s->events[user] + from, GROUP, -1);
        atomic_fetch_add(&s->n_accepted, p.status ? 0 : p.n_accepted);
        atomic_fetch_add(&s->n_duplicates, p.status ? 0 : p.n_duplicates);
        atomic_fetch_add(&s->n_failed, p.status != PIQ_OK);
    }
    return NULL;
}

static bool look(shared *s, int64_t user, int64_t *version, uint32_t *n_events)
{
    piq_learner_ref ref;
    piq_err err;
    piq_status status =
        piq_engine_learner(s->f->e, (piq_user_id){user}, &ref, &err);
    if (status == PIQ_ENOTFOUND)
        return *version == 0;
    if (status)
        return false;
    const piq_learner *l = ref.learner;
    piq_belief beliefs[PIQ_MAX_CONCEPTS];
    piq_learner_beliefs(l, ref.catalogue, FIXTURE_NOW_US, beliefs);
    bool good = l->version >= *version && l->n_events >= *n_events &&
                l->user.v == user && l->n_events % GROUP == 0;
    for (size_t i = 0; i < ref.catalogue->n_concepts; i++)
        good = good && beliefs[i].mastery > 0 && beliefs[i].mastery < 1;
    *version = l->version;
    *n_events = l->n_events;
    piq_learner_ref_release(&ref);
    return good;
}

static void *read_on(void *ctx)
{
    thread *t = ctx;
    shared *s = t->s;
    int64_t version[N_USERS] = {0};
    uint32_t n_events[N_USERS] = {0};
    while (!atomic_load(&s->stop))
        for (size_t u = 0; u < N_USERS; u++) {
            if (!look(s, (int64_t)u + 1, &version[u], &n_events[u]))
                atomic_fetch_add(&s->n_failed, 1);
            atomic_fetch_add(&s->n_reads, 1);
        }
    return NULL;
}

/* Slates and paths between the events. */
static void *ask_on(void *ctx)
{
    thread *t = ctx;
    shared *s = t->s;
    for (unsigned i = 0; !atomic_load(&s->stop); i++) {
        piq_op *op = piq_op_new(i % 2 ? PIQ_OP_SLATE : PIQ_OP_PATH,
                                (piq_user_id){1 + i % N_USERS}, FIXTURE_NOW_US);
        op->limit = 5;
        piq_status status = piq_engine_run(s->f->e, op);
        if (status && status != PIQ_ENOTFOUND)
            atomic_fetch_add(&s->n_failed, 1);
        piq_op_free(op);
    }
    return NULL;
}

static void run_threads(shared *s, void (*meanwhile)(shared *s))
{
    thread all[N_WRITERS + N_READERS + 1];
    size_t n = 0;
    for (; n < N_WRITERS; n++)
        all[n] = (thread){.s = s, .seed = n + 1};
    for (; n < N_WRITERS + N_READERS + 1; n++)
        all[n] = (thread){.s = s};
    for (size_t i = 0; i < n; i++)
        assert_int_equal(pthread_create(&all[i].id, NULL,
                                        i < N_WRITERS ? write_all
                                        : i < n - 1   ? read_on
                                                      : ask_on,
                                        &all[i]),
                         0);
    if (meanwhile)
        meanwhile(s);
    for (size_t i = 0; i < n; i++) {
        if (i == N_WRITERS)
            atomic_store(&s->stop, true);
        pthread_join(all[i].id, NULL);
    }
}

static shared *begin(const piq_engine_config *config)
{
    shared *s = calloc(1, sizeof *s);
    assert_non_null(s);
    s->f = fixture_bare(config);
    piq_catalogue *c = random_catalogue(3, 4, 20, 50);
    fixture_load(s->f, c);
    for (size_t u = 0; u < N_USERS; u++) {
        size_t n = EACH;
        s->events[u] = fixture_simulate(s->f, piq_engine_catalogue(s->f->e),
                                        u + 1, (int64_t)u + 1, &n);
        assert_int_equal(n, EACH);
    }
    piq_catalogue_free(c);
    return s;
}

static void check_end(shared *s)
{
    assert_int_equal(atomic_load(&s->n_failed), 0);
    assert_true(atomic_load(&s->n_reads) > 0);
    assert_int_equal(memory_n_events(s->f->data), N_USERS * EACH);
    assert_int_equal(atomic_load(&s->n_accepted), N_USERS * EACH);
    assert_int_equal(atomic_load(&s->n_duplicates),
                     (N_WRITERS - 1) * N_USERS * EACH);
    for (int64_t user = 1; user <= N_USERS; user++)
        fixture_check_replay(s->f, user);
}

static void test_engine__each_event_counts_once(void **state)
{
    (void)state;
    shared *s = begin(NULL);
    run_threads(s, NULL);
    check_end(s);
    /* In order, by one alone, on another engine: the same states. */
    shared *alone = begin(NULL);
    for (size_t u = 0; u < N_USERS; u++) {
        fixture_post(alone->f, (int64_t)u + 1, alone->events[u], EACH);
        piq_str x = fixture_state(s->f, (int64_t)u + 1, NULL);
        piq_str y = fixture_state(alone->f, (int64_t)u + 1, NULL);
        assert_int_equal(x.len, y.len);
        assert_memory_equal(x.ptr, y.ptr, x.len);
    }
    fixture_free(alone->f);
    free(alone);
    fixture_free(s->f);
    free(s);
}

/* Everything in the background is awake, and the cache is too small. */
static void test_engine__with_a_busy_background(void **state)
{
    (void)state;
    piq_engine_config config = {.n_owners = 3,
                                .cache_learners = 1,
                                .calibrate_every = 16,
                                .maintain_ms = 1};
    shared *s = begin(&config);
    run_threads(s, NULL);
    check_end(s);
    fixture_reopen(s->f);
    for (int64_t user = 1; user <= N_USERS; user++)
        fixture_check_replay(s->f, user);
    fixture_free(s->f);
    free(s);
}

static void load_more(shared *s)
{
    for (uint64_t i = 0; i < 3; i++) {
        piq_catalogue *c =
            random_catalogue(10 + i, 5 + i, 24 + 3 * i, 60 + 10 * i);
        fixture_load(s->f, c);
        piq_catalogue_free(c);
        fixture_sleep_ms(15);
    }
}

static bool names_no_goal(const piq_event *e)
{
    return e->type != PIQ_EV_GOAL_SET;
}

static void test_engine__while_the_curriculum_changes(void **state)
{
    (void)state;
    piq_engine_config config = {
        .n_owners = 2, .calibrate_every = 64, .maintain_ms = 1};
    shared *s = begin(&config);
    for (size_t u = 0; u < N_USERS; u++) /* areas may be retired by then */
        for (size_t i = 0; i < EACH; i++)
            if (!names_no_goal(&s->events[u][i]))
                s->events[u][i] = fixture_answer(s->f, 5000, 0, 1);
    run_threads(s, load_more);
    check_end(s);
    assert_int_equal(piq_engine_catalogue(s->f->e)->version, 4);
    fixture_free(s->f);
    free(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_engine__each_event_counts_once),
        cmocka_unit_test(test_engine__with_a_busy_background),
        cmocka_unit_test(test_engine__while_the_curriculum_changes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
