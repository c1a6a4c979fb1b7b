/* The background: calibrations, user_profiles rows, and what a restart finds.
 */
/* threads:tsan */
#include "engine/engine_internal.h"

#include "support/engine_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

enum { EVERY = 60, N_USERS = 5 };

static engine_fixture *fixture_busy(void)
{
    piq_engine_config config = fixture_quiet();
    config.calibrate_every = EVERY;
    config.maintain_ms = 2;
    return fixture_new(&config);
}

/* Answers `from` to `to` of each user, on the same few items. */
static void answer(engine_fixture *f, unsigned from, unsigned to)
{
    for (unsigned i = from; i < to; i++)
        for (int64_t user = 1; user <= N_USERS; user++) {
            piq_event e = fixture_answer(f, i, 60 * i, (float)(i % 3 == 0));
            e.u.answer.item.v = i % 4;
            fixture_post(f, user, &e, 1);
        }
}

typedef struct awaited {
    engine_fixture *f;
    uint32_t least;
} awaited;

static bool is_published(void *ctx)
{
    awaited *n = ctx;
    return piq_engine_calibration(n->f->e) >= n->least;
}

static void await_calibration(engine_fixture *f, uint32_t least)
{
    fixture_await(is_published, &(awaited){f, least});
}

static int64_t through(engine_fixture *f, uint32_t *number)
{
    piq_store *s = piq_engine_store(f->e);
    int64_t seq;
    assert_int_equal(s->ops->calibration(s, number, &seq, &f->err), PIQ_OK);
    return seq;
}

static piq_calibration_entry *estimates(engine_fixture *f, size_t *n)
{
    piq_store *s = piq_engine_store(f->e);
    piq_calibration_entry *list;
    assert_int_equal(s->ops->calibrations(s, &f->a, &list, n, &f->err), PIQ_OK);
    return list;
}

static void check_replays(engine_fixture *f)
{
    for (int64_t user = 1; user <= N_USERS; user++)
        fixture_check_replay(f, user);
}

static void test_maintain__enough_answers_make_a_calibration(void **state)
{
    (void)state;
    engine_fixture *f = fixture_busy();
    uint32_t number;
    size_t n;
    answer(f, 0, 10); /* 50 */
    fixture_sleep_ms(30);
    assert_int_equal(piq_engine_calibration(f->e), 0);
    answer(f, 10, 20);
    await_calibration(f, 1);
    assert_true(through(f, &number) >= EVERY);
    (void)estimates(f, &n);
    assert_true(n > 0);
    /* What comes now is folded under it; what came before is not. */
    answer(f, 20, 21);
    check_replays(f);
    fixture_free(f);
}

static void test_maintain__events_keep_their_number(void **state)
{
    (void)state;
    engine_fixture *f = fixture_busy();
    piq_store *s = piq_engine_store(f->e);
    piq_event_row row;
    answer(f, 0, 20);
    await_calibration(f, 1);
    answer(f, 20, 21);
    piq_event e = fixture_answer(f, 0, 0, 0);
    assert_int_equal(
        s->ops->event(s, &f->a, (piq_user_id){1}, e.event_id, &row, &f->err),
        PIQ_OK);
    assert_int_equal(row.calibration, 0);
    e = fixture_answer(f, 20, 0, 0);
    assert_int_equal(
        s->ops->event(s, &f->a, (piq_user_id){1}, e.event_id, &row, &f->err),
        PIQ_OK);
    assert_true(row.calibration >= 1);
    piq_event late = fixture_answer(f, 500, 61, 1); /* before all but two */
    fixture_post(f, 1, &late, 1);
    check_replays(f);
    fixture_free(f);
}

static void test_maintain__a_restart_counts_no_answer_twice(void **state)
{
    (void)state;
    engine_fixture *f = fixture_busy();
    uint32_t number, later;
    size_t n, n_later;
    answer(f, 0, 40);
    await_calibration(f, 1);
    fixture_reopen(f); /* closing publishes what is due */
    int64_t seq = through(f, &number);
    piq_calibration_entry *before = estimates(f, &n);
    for (int i = 0; i < 3; i++) {
        fixture_reopen(f);
        fixture_sleep_ms(10);
    }
    assert_int_equal(through(f, &later), seq);
    assert_int_equal(later, number);
    assert_int_equal(piq_engine_calibration(f->e), number);
    piq_calibration_entry *after = estimates(f, &n_later);
    assert_int_equal(n_later, n);
    for (size_t i = 0; i < n; i++)
        assert_memory_equal(&after[i].item.estimate, &before[i].item.estimate,
                            sizeof before[i].item.estimate);
    answer(f, 40, 80);
    await_calibration(f, number + 1);
    /* 200 more answers: no item has seen more than there are. */
    after = estimates(f, &n_later);
    for (size_t i = 0; i < n_later; i++)
        assert_true(after[i].item.estimate.n <= 80 * N_USERS / 4);
    check_replays(f);
    fixture_free(f);
}

static void test_maintain__a_refused_calibration_is_tried_again(void **state)
{
    (void)state;
    engine_fixture *f = fixture_busy();
    answer(f, 0, 12);
    await_calibration(f, 1);
    answer(f, 12, 13);
    uint32_t number = piq_engine_calibration(f->e);
    /* Events and calibrations alike, for a while. */
    memory_fail_commit(f->data, 1, 20, PIQ_EFULL);
    for (unsigned i = 13; i < 60; i++) {
        piq_event e = fixture_answer(f, i, 60 * i, 1);
        (void)fixture_post_to(f->e, 1, &e, 1, -1);
    }
    memory_fail_commit(f->data, 0, 0, PIQ_OK);
    answer(f, 100, 140);
    await_calibration(f, number + 1);
    answer(f, 140, 141);
    check_replays(f);
    fixture_reopen(f);
    check_replays(f);
    fixture_free(f);
}

/* Both calibrate from the same answers; whoever is second takes over what the
 * first has published. */
static void test_maintain__two_processes_share_their_calibrations(void **state)
{
    (void)state;
    engine_fixture *f = fixture_busy();
    piq_engine *first = f->e, *second = fixture_second(f);
    for (unsigned i = 0; i < 60; i++) {
        f->e = i % 2 ? second : first;
        answer(f, i, i + 1);
        if (i == 30) /* else a late round may publish all at once */
            await_calibration(f, 1);
    }
    f->e = first;
    await_calibration(f, 2);
    f->e = second;
    await_calibration(f, 2);
    piq_event late = fixture_answer(f, 900, 90, 1);
    fixture_post(f, 3, &late, 1);
    check_replays(f);
    f->e = first;
    late = fixture_answer(f, 901, 30, 1);
    fixture_post(f, 3, &late, 1);
    check_replays(f);
    piq_engine_close(second);
    fixture_free(f);
}

/* This process has published nothing, and folds behind events of one that has:
 * they keep the numbers that they were folded under there. */
static void test_maintain__a_rebuild_knows_of_others_calibrations(void **state)
{
    (void)state;
    engine_fixture *f = fixture_new(NULL);
    piq_engine *first = f->e;
    answer(f, 0, 3);
    f->config.calibrate_every = EVERY;
    f->config.maintain_ms = 2;
    f->e = fixture_second(f);
    answer(f, 3, 30);
    await_calibration(f, 1);
    answer(f, 30, 40);
    piq_engine_close(f->e);
    f->e = first;
    assert_int_equal(piq_engine_calibration(f->e), 0);
    piq_event late = fixture_answer(f, 900, 90, 1);
    fixture_post(f, 3, &late, 1);
    assert_true(piq_engine_calibration(f->e) >= 1);
    check_replays(f);
    fixture_reopen(f);
    check_replays(f);
    fixture_free(f);
}

/* ---- profile rows ---------------------------------------------------- */

typedef struct awaited_profile {
    engine_fixture *f;
    int64_t user, version;
} awaited_profile;

static int64_t profile_version(engine_fixture *f, int64_t user)
{
    piq_store *s = piq_engine_store(f->e);
    piq_profile_row row;
    if (s->ops->profile(s, &f->a, (piq_user_id){user}, &row, &f->err))
        return 0;
    return row.state_version;
}

static bool has_profile(void *ctx)
{
    awaited_profile *w = ctx;
    return profile_version(w->f, w->user) >= w->version;
}

static void test_maintain__a_profile_row_follows_the_state(void **state)
{
    (void)state;
    engine_fixture *f = fixture_busy();
    answer(f, 0, 2);
    for (int64_t user = 1; user <= N_USERS; user++)
        fixture_await(has_profile, &(awaited_profile){f, user, 2});
    fixture_free(f);
}

static void test_maintain__closing_writes_what_is_due(void **state)
{
    (void)state;
    engine_fixture *f = fixture_new(NULL); /* wakes once an hour */
    for (int64_t user = 1; user <= 300; user++) {
        piq_event e = fixture_answer(f, 1, 60, 1);
        fixture_post(f, user, &e, 1);
    }
    assert_int_equal(profile_version(f, 1), 0);
    fixture_reopen(f);
    for (int64_t user = 1; user <= 300; user++)
        assert_int_equal(profile_version(f, user), 1);
    fixture_free(f);
}

/* A full disk keeps rows waiting; they are not lost. */
static void test_maintain__rows_wait_for_room_on_the_disk(void **state)
{
    (void)state;
    engine_fixture *f = fixture_busy();
    answer(f, 0, 1);
    fixture_await(has_profile, &(awaited_profile){f, N_USERS, 1});
    answer(f, 1, 2);
    memory_fail_commit(f->data, 1, 3, PIQ_EFULL);
    fixture_await(has_profile, &(awaited_profile){f, N_USERS, 2});
    for (int64_t user = 1; user <= N_USERS; user++)
        fixture_await(has_profile, &(awaited_profile){f, user, 2});
    fixture_free(f);
}

/* Overwrites a stored state, as a damaged disk would. */
static void damage(engine_fixture *f, int64_t user, int64_t from)
{
    piq_store *s = piq_engine_store(f->e);
    piq_state_row damaged = {.user = {user},
                             .version = from + 1,
                             .from_version = from,
                             .body = PIQ_STR("?")};
    piq_commit c = {.states = &damaged, .n_states = 1};
    assert_int_equal(s->ops->commit(s, &c, &f->err), PIQ_OK);
}

/* A learner whose state cannot be read does not keep the others waiting. */
static void test_maintain__one_damaged_state_holds_nobody_up(void **state)
{
    enum { DAMAGED = 3, LOST = 99 };
    (void)state;
    piq_engine_config config = fixture_quiet();
    config.maintain_ms = 2;
    engine_fixture *f = fixture_new(&config);
    answer(f, 0, 1);
    for (int64_t user = 1; user <= N_USERS; user++)
        fixture_await(has_profile, &(awaited_profile){f, user, 1});
    damage(f, DAMAGED, 1);
    damage(f, LOST, 0); /* and no events to make it from */
    fixture_reopen(f);
    piq_maintainer_dirty(f->e, (piq_user_id){LOST});
    answer(f, 7, 8);
    for (int64_t user = 1; user <= N_USERS; user++) {
        int64_t version = user == DAMAGED ? 3 : 2;
        fixture_await(has_profile, &(awaited_profile){f, user, version});
        fixture_check_replay(f, user);
    }
    piq_event e = fixture_answer(f, 7, 500, 1);
    assert_int_equal(fixture_post_to(f->e, LOST, &e, 1, -1).status,
                     PIQ_ECORRUPT);
    fixture_free(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_maintain__enough_answers_make_a_calibration),
        cmocka_unit_test(test_maintain__events_keep_their_number),
        cmocka_unit_test(test_maintain__a_restart_counts_no_answer_twice),
        cmocka_unit_test(test_maintain__a_refused_calibration_is_tried_again),
        cmocka_unit_test(test_maintain__two_processes_share_their_calibrations),
        cmocka_unit_test(test_maintain__a_rebuild_knows_of_others_calibrations),
        cmocka_unit_test(test_maintain__a_profile_row_follows_the_state),
        cmocka_unit_test(test_maintain__closing_writes_what_is_due),
        cmocka_unit_test(test_maintain__rows_wait_for_room_on_the_disk),
        cmocka_unit_test(test_maintain__one_damaged_state_holds_nobody_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
