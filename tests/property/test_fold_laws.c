/* The law of the engine: whatever order, grouping and repetition a learner's
 * events arrive in, what is stored is what a rebuild from the stored events
 * gives, to the bit - with calibrations published and curricula replaced on
 * the way. Without those the arrival leaves no trace at all. */
/* threads:tsan */
#include "base/calendar.h"
#include "base/rng.h"
#include "support/engine_fixture.h"
#include "support/engine_models.h"
#include "support/random_catalogue.h"
#include "support/random_control.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

enum { MUSIC, POKER, RANDOM, N_CURRICULA };

static void load_curriculum(engine_fixture *f, int which, uint64_t seed)
{
    if (which == MUSIC)
        fixture_load_file(f, "tests/golden/curriculum-music.json");
    if (which == POKER)
        fixture_load_file(f, "content/poker.json");
    if (which != RANDOM)
        return;
    piq_catalogue *c = random_catalogue(seed, 4, 24, 70);
    fixture_load(f, c);
    piq_catalogue_free(c);
}

/* Each event moves by less than `reach` places or so. */
static void shuffle(piq_rng *rng, piq_event *list, size_t n, size_t reach)
{
    for (size_t i = n; i-- > 1;) {
        size_t room = i + 1 < reach ? i + 1 : reach;
        size_t k = i - (size_t)piq_rng_below(rng, room);
        piq_event kept = list[i];
        list[i] = list[k];
        list[k] = kept;
    }
}

/* In batches of 1 to `largest`, with some that were posted before. */
static void post_all(engine_fixture *f, piq_rng *rng, int64_t user,
                     const piq_event *list, size_t n, size_t largest)
{
    piq_event batch[128];
    for (size_t at = 0; at < n;) {
        size_t m = 1 + (size_t)piq_rng_below(rng, largest), again = 0;
        m = m < n - at ? m : n - at;
        memcpy(batch, list + at, m * sizeof *batch);
        for (size_t i = 0; at && i < 1 + m / 4; i++)
            batch[m + again++] = list[piq_rng_below(rng, at)];
        batch[m + again++] = batch[0];
        shuffle(rng, batch, m + again, m + again);
        fixture_posted p = fixture_post(f, user, batch, m + again);
        assert_int_equal(p.n_accepted, m);
        assert_int_equal(p.n_duplicates, again);
        at += m;
    }
}

static void check_same_state(engine_fixture *f, int64_t a, engine_fixture *g,
                             int64_t b)
{
    piq_str x = fixture_state(f, a, NULL), y = fixture_state(g, b, NULL);
    assert_true(x.len > 0);
    assert_int_equal(x.len, y.len);
    assert_memory_equal(x.ptr, y.ptr, x.len);
}

/* Wishes for the path in the place of some events; undo among them, whose
 * effect depends on the order. */
static void mix_in_controls(piq_rng *rng, const piq_catalogue *c,
                            piq_event *list, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (piq_rng_below(rng, 6) == 0 && list[i].type == PIQ_EV_ANSWER) {
            list[i].type = PIQ_EV_PATH_CONTROLLED;
            list[i].u.control =
                random_control(rng, c, piq_day_of(list[i].at_us, 0, 0));
        }
}

static engine_fixture *fresh(int which, uint64_t seed, bool model)
{
    engine_fixture *f = fixture_bare(NULL);
    load_curriculum(f, which, seed);
    if (model)
        engine_promote_random(f->e, seed);
    engine_adopt(f->e);
    return f;
}

/* Parameters of memory come between, as the engine gives them: events like any
 * other, in place of some answers. */
static void put_fitted(piq_rng *rng, piq_event *list, size_t n)
{
    for (size_t i = n / 5; i < n; i += n / 5) {
        piq_event *e = &list[i];
        if (e->type != PIQ_EV_ANSWER)
            continue;
        e->type = PIQ_EV_MEMORY_FITTED;
        e->u.fitted = (piq_fitted){
            .from = i % 2 ? PIQ_FITTED_LEARNER : PIQ_FITTED_POPULATION,
            .reviews = (uint32_t)i,
            .stability = {piq_rng_normal(rng) / 4, 1, 0.01},
            .difficulty = {5, 1, 0.1}};
        for (int k = 0; k < PIQ_N_MEMORY_PARAMETERS; k++)
            e->u.fitted.parameters[k] =
                piq_fsrs_defaults()->w[k] * (0.5 + piq_rng_uniform(rng));
    }
}

/* One engine gets the events one by one in order, the others any other way. */
static void check_arrival(int which, uint64_t seed, size_t n, bool model)
{
    static const size_t reach[] = {8, 80, SIZE_MAX};
    piq_rng rng;
    engine_fixture *f = fresh(which, seed, model);
    piq_rng_seed(&rng, seed);
    piq_event *list =
        fixture_simulate(f, piq_engine_catalogue(f->e), seed, 1, &n);
    put_fitted(&rng, list, n);
    for (size_t i = 0; i < n; i += 10)
        fixture_post(f, 1, list + i, n - i < 10 ? n - i : 10);
    fixture_check_replay(f, 1);
    for (size_t k = 0; k < 3; k++) {
        engine_fixture *g = fresh(which, seed, model);
        shuffle(&rng, list, n, reach[k]);
        post_all(g, &rng, 1, list, n, k == 2 ? 60 : 20);
        check_same_state(f, 1, g, 1);
        fixture_check_replay(g, 1);
        if (k == 2)
            assert_true(memory_n_snapshots(g->data, 1) >= 4); /* in play */
        fixture_free(g);
    }
    fixture_free(f);
}

static void test_fold__arrival_leaves_no_trace_in_music(void **state)
{
    (void)state;
    check_arrival(MUSIC, 1, 700, false);
}

static void test_fold__arrival_leaves_no_trace_in_poker(void **state)
{
    (void)state;
    check_arrival(POKER, 2, 400, false);
}

static void test_fold__arrival_leaves_no_trace_in_any_curriculum(void **state)
{
    (void)state;
    for (uint64_t seed = 3; seed < 6; seed++)
        check_arrival(RANDOM, seed, 300, false);
}

static void test_fold__arrival_leaves_no_trace_under_a_model(void **state)
{
    (void)state;
    check_arrival(MUSIC, 6, 300, true);
    check_arrival(RANDOM, 7, 300, true);
}

static void test_fold__ties_in_time_go_by_event_id(void **state)
{
    enum { N = 300 };
    (void)state;
    piq_rng rng;
    engine_fixture *f = fixture_new(NULL);
    piq_event list[N];
    piq_rng_seed(&rng, 7);
    /* Five events an instant: only the id tells them apart. */
    for (unsigned i = 0; i < N; i++)
        list[i] = fixture_answer(f, i, 60 * (i / 5), (float)(i % 2));
    fixture_post(f, 1, list, N);
    for (int k = 0; k < 3; k++) {
        engine_fixture *g = fixture_new(NULL);
        shuffle(&rng, list, N, SIZE_MAX);
        post_all(g, &rng, 1, list, N, 25);
        check_same_state(f, 1, g, 1);
        fixture_check_replay(g, 1);
        fixture_free(g);
    }
    fixture_free(f);
}

/* ---- calibrations and curricula on the way --------------------------- */

static bool has_calibration(void *ctx)
{
    engine_fixture *f = ctx;
    return piq_engine_calibration(f->e) >= 3;
}

/* Bursts of several learners' events, so that calibrations come between. */
static void post_in_turns(engine_fixture *f, piq_rng *rng, piq_event **lists,
                          const size_t *n, size_t n_users)
{
    bool more = true;
    for (size_t at = 0; more; at += 30) {
        more = false;
        for (size_t u = 0; u < n_users; u++) {
            size_t m = at < n[u] ? n[u] - at : 0;
            m = m < 30 ? m : 30;
            if (m)
                post_all(f, rng, (int64_t)u + 1, lists[u] + at, m, 9);
            more = more || at + 30 < n[u];
        }
    }
}

static void check_all_replay(engine_fixture *f, size_t n_users)
{
    for (size_t u = 0; u < n_users; u++)
        fixture_check_replay(f, (int64_t)u + 1);
}

static void load_next_curriculum(engine_fixture *f, int which, uint64_t seed)
{
    if (which == RANDOM) { /* more of everything, all of it changed */
        piq_catalogue *c = random_catalogue(seed + 100, 6, 31, 90);
        fixture_load(f, c);
        piq_catalogue_free(c);
    } else { /* another subject: all that was is retired */
        load_curriculum(f, which == MUSIC ? POKER : MUSIC, seed);
    }
    assert_int_equal(piq_engine_catalogue(f->e)->version, 2);
}

/* Those from `from` on would name areas that are retired by then. */
static size_t drop_goals(piq_event *list, size_t from, size_t n)
{
    size_t kept = from;
    for (size_t i = from; i < n; i++)
        if (list[i].type != PIQ_EV_GOAL_SET)
            list[kept++] = list[i];
    return kept;
}

static void check_with_changes(int which, uint64_t seed)
{
    enum { N_USERS = 4 };
    piq_rng rng;
    piq_event *lists[N_USERS], *later[N_USERS];
    size_t n[N_USERS], half[N_USERS], n_later[N_USERS];
    piq_engine_config config = fixture_quiet();
    config.calibrate_every = 20;
    config.maintain_ms = 2;
    engine_fixture *f = fixture_bare(&config);
    load_curriculum(f, which, seed);
    piq_rng_seed(&rng, seed);
    for (size_t u = 0; u < N_USERS; u++) {
        n[u] = 240;
        lists[u] = fixture_simulate(f, piq_engine_catalogue(f->e),
                                    seed * 31 + u, (int64_t)u + 1, &n[u]);
        mix_in_controls(&rng, piq_engine_catalogue(f->e), lists[u], n[u]);
        shuffle(&rng, lists[u], n[u], u % 2 ? 40 : SIZE_MAX);
        half[u] = n[u] / 2;
    }
    post_in_turns(f, &rng, lists, half, N_USERS);
    fixture_await(has_calibration, f);
    check_all_replay(f, N_USERS);
    load_next_curriculum(f, which, seed);
    check_all_replay(f, N_USERS); /* which has left the states as they were */
    for (size_t u = 0; u < N_USERS; u++) {
        n[u] = drop_goals(lists[u], half[u], n[u]);
        lists[u] += half[u]; /* of the first curriculum, all late or retired */
        half[u] = n[u] - half[u];
        n_later[u] = 100;
        later[u] =
            fixture_simulate(f, piq_engine_catalogue(f->e), seed * 31 + u + 13,
                             (int64_t)u + 1, &n_later[u]);
        shuffle(&rng, later[u], n_later[u], 30);
    }
    post_in_turns(f, &rng, lists, half, N_USERS);
    check_all_replay(f, N_USERS);
    post_in_turns(f, &rng, later, n_later, N_USERS);
    check_all_replay(f, N_USERS);
    fixture_reopen(f);
    check_all_replay(f, N_USERS);
    fixture_free(f);
}

static void test_fold__survives_calibrations_and_a_grown_curriculum(
    void **state)
{
    (void)state;
    check_with_changes(RANDOM, 11);
    check_with_changes(RANDOM, 12);
}

static void test_fold__survives_another_subject(void **state)
{
    (void)state;
    check_with_changes(MUSIC, 14);
}

/* A fold from a snapshot has room for areas that its events knew nothing of. */
static void test_fold__a_late_event_behind_a_grown_curriculum(void **state)
{
    enum { N = 200 };
    (void)state;
    engine_fixture *f = fixture_bare(NULL);
    piq_event list[N];
    load_curriculum(f, RANDOM, 21);
    for (unsigned i = 0; i < N; i++)
        list[i] = fixture_answer(f, i, 3600 * i, (float)(i % 3 > 0));
    fixture_post(f, 1, list, 150);
    assert_true(memory_n_snapshots(f->data, 1) >= 2);
    load_next_curriculum(f, RANDOM, 21);
    piq_event late = fixture_answer(f, 900, 3600 * 100 + 1, 1);
    fixture_post(f, 1, &late, 1);
    fixture_check_replay(f, 1);
    fixture_post(f, 1, list + 150, 50);
    fixture_check_replay(f, 1);
    fixture_free(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_fold__arrival_leaves_no_trace_in_music),
        cmocka_unit_test(test_fold__arrival_leaves_no_trace_in_poker),
        cmocka_unit_test(test_fold__arrival_leaves_no_trace_in_any_curriculum),
        cmocka_unit_test(test_fold__arrival_leaves_no_trace_under_a_model),
        cmocka_unit_test(test_fold__ties_in_time_go_by_event_id),
        cmocka_unit_test(test_fold__a_late_event_behind_a_grown_curriculum),
        cmocka_unit_test(
            test_fold__survives_calibrations_and_a_grown_curriculum),
        cmocka_unit_test(test_fold__survives_another_subject),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
