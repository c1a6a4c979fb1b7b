/* threads:tsan */
#include "engine/committer.h"

#include "support/memory_store.h"

#include <math.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

enum { N_WAITERS = 12 };

typedef struct fixture {
    memory_data *data;
    piq_store *store;
    piq_committer *k;
} fixture;

static int set_up(void **state)
{
    fixture *f = calloc(1, sizeof *f);
    f->data = memory_data_new();
    f->store = memory_store_open(f->data);
    *state = f;
    return piq_committer_start(f->store, &f->k, NULL);
}

static int tear_down(void **state)
{
    fixture *f = *state;
    piq_committer_stop(f->k);
    f->store->ops->close(f->store);
    memory_data_free(f->data);
    free(f);
    return 0;
}

/* One waiter's commit: an event, a state, a slate of two under an arm, a path,
 * a record. */
typedef struct request {
    piq_event_row event;
    piq_state_row learner;
    piq_recommendation_row offers[2];
    piq_slate_row slate;
    piq_exposure_row exposure;
    piq_path_row path;
    piq_record record;
    piq_commit commit;
    piq_commit_ticket ticket;
    piq_err err;
} request;

static void fill(request *r, int64_t user, const char *id)
{
    *r = (request){
        .event = {.user = {user},
                  .event_id = piq_str_of(id),
                  .item = {PIQ_NO_IX32},
                  .body = PIQ_STR("{}")},
        .learner = {.user = {user}, .version = 1, .body = PIQ_STR("s")},
        .offers = {{.user = {user}, .reasoning = PIQ_STR("{}")},
                   {.user = {user}, .reasoning = PIQ_STR("{}")}},
        .slate = {.user = {user}, .n_recommendations = 2},
        .exposure = {.experiment = 1, .user = {user}, .n_recommendations = 2},
        .record = {.user = {user},
                   .kind = PIQ_STR("note"),
                   .key = PIQ_STR("k"),
                   .expires_us = INT64_MAX,
                   .document = PIQ_STR("1")},
        .path = {.user = {user},
                 .path_config = PIQ_STR("{}"),
                 .adaptation_history = PIQ_STR("[]")}};
    r->commit = (piq_commit){.events = &r->event,
                             .n_events = 1,
                             .states = &r->learner,
                             .n_states = 1,
                             .recommendations = r->offers,
                             .n_recommendations = 2,
                             .slates = &r->slate,
                             .n_slates = 1,
                             .exposures = &r->exposure,
                             .n_exposures = 1,
                             .records = &r->record,
                             .n_records = 1,
                             .paths = &r->path,
                             .n_paths = 1};
}

/* All of them wait while the first one is being written. */
static void begin_all(fixture *f, request *list, size_t n)
{
    memory_hold_commits(f->data, true);
    for (size_t i = 0; i < n; i++) {
        piq_committer_begin(f->k, &list[i].ticket, &list[i].commit,
                            &list[i].err);
        if (i == 0)
            memory_await_commit(f->data);
    }
    memory_hold_commits(f->data, false);
}

static void test_committer__who_waits_shares_a_commit(void **state)
{
    fixture *f = *state;
    request list[N_WAITERS];
    piq_committer_stats stats;
    for (int i = 0; i < N_WAITERS; i++)
        fill(&list[i], i + 1, "x");
    begin_all(f, list, N_WAITERS);
    for (int i = 0; i < N_WAITERS; i++)
        assert_int_equal(piq_committer_wait(f->k, &list[i].ticket), PIQ_OK);
    assert_int_equal(memory_n_commits(f->data), 2); /* the first, the rest */
    piq_committer_stats_get(f->k, &stats);
    assert_int_equal(stats.commits, 2);
    assert_int_equal(stats.requests, N_WAITERS);
    assert_true(stats.last_ok);
}

static void test_committer__each_gets_the_numbers_of_its_own_rows(void **state)
{
    fixture *f = *state;
    request list[N_WAITERS];
    for (int i = 0; i < N_WAITERS; i++)
        fill(&list[i], i + 1, "x");
    begin_all(f, list, N_WAITERS);
    for (int i = 0; i < N_WAITERS; i++) {
        request *r = &list[i];
        piq_arena a;
        piq_recommendation_row row;
        piq_arena_init(&a, 0);
        assert_int_equal(piq_committer_wait(f->k, &r->ticket), PIQ_OK);
        assert_int_equal(r->event.seq, i + 1);
        assert_int_equal(r->path.id, i + 1);
        assert_int_equal(r->offers[1].id, r->offers[0].id + 1);
        assert_int_equal(
            f->store->ops->recommendation(f->store, &a, r->event.user,
                                          r->offers[1].id, &row, NULL),
            PIQ_OK);
        piq_arena_release(&a);
    }
}

/* Joined or not, nothing of anybody is left out, and what names
 * recommendations by their place in the commit still names its own. */
static void test_committer__every_row_of_everybody_is_written(void **state)
{
    fixture *f = *state;
    request list[N_WAITERS];
    piq_arena a;
    piq_exposure_row *exposures;
    piq_slate_record *slates;
    size_t n = 0;
    for (int i = 0; i < N_WAITERS; i++)
        fill(&list[i], i + 1, "x");
    begin_all(f, list, N_WAITERS);
    for (int i = 0; i < N_WAITERS; i++)
        assert_int_equal(piq_committer_wait(f->k, &list[i].ticket), PIQ_OK);
    piq_arena_init(&a, 0);
    piq_store *s = f->store;
    assert_int_equal(s->ops->exposures(s, &a, 1, 0, 99, &exposures, &n, NULL),
                     PIQ_OK);
    assert_int_equal(n, N_WAITERS);
    assert_int_equal(s->ops->slates_after(s, &a, 0, 99, &slates, &n, NULL),
                     PIQ_OK);
    assert_int_equal(n, N_WAITERS);
    for (int i = 0; i < N_WAITERS; i++) {
        piq_record record;
        const request *r = &list[exposures[i].user.v - 1];
        assert_int_equal(exposures[i].first_recommendation, r->offers[0].id);
        r = &list[slates[i].row.user.v - 1];
        assert_int_equal(slates[i].first_recommendation, r->offers[0].id);
        assert_int_equal(s->ops->record(s, &a, r->slate.user, r->record.kind,
                                        r->record.key, 0, &record, NULL),
                         PIQ_OK);
    }
    piq_arena_release(&a);
}

static void test_committer__a_refused_one_harms_nobody_else(void **state)
{
    fixture *f = *state;
    request list[N_WAITERS];
    piq_committer_stats stats;
    for (int i = 0; i < N_WAITERS; i++)
        fill(&list[i], i + 1, "x");
    list[5].learner.from_version = 7; /* nobody is there */
    begin_all(f, list, N_WAITERS);
    for (int i = 0; i < N_WAITERS; i++)
        assert_int_equal(piq_committer_wait(f->k, &list[i].ticket),
                         i == 5 ? PIQ_ESTALE : PIQ_OK);
    assert_int_equal(list[5].err.status, PIQ_ESTALE);
    assert_int_equal(memory_n_events(f->data), N_WAITERS - 1);
    piq_committer_stats_get(f->k, &stats);
    assert_int_equal(stats.failures, 0); /* the storage is well */
    assert_true(stats.last_ok);
}

static void test_committer__a_full_disk_is_told_to_all(void **state)
{
    fixture *f = *state;
    request list[3];
    piq_committer_stats stats;
    for (int i = 0; i < 3; i++)
        fill(&list[i], i + 1, "x");
    memory_fail_commit(f->data, 1, 100, PIQ_EFULL);
    begin_all(f, list, 3);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(piq_committer_wait(f->k, &list[i].ticket), PIQ_EFULL);
        assert_int_equal(list[i].err.status, PIQ_EFULL);
    }
    piq_committer_stats_get(f->k, &stats);
    assert_int_equal(stats.failures, 3);
    assert_false(stats.last_ok);
    memory_fail_commit(f->data, 0, 0, PIQ_OK);
    fill(&list[0], 1, "x");
    assert_int_equal(piq_committer_commit(f->k, &list[0].commit, NULL), PIQ_OK);
    piq_committer_stats_get(f->k, &stats);
    assert_true(stats.last_ok);
}

/* Calibrations keep their order, whatever waits around them. */
static void test_committer__calibrations_go_alone(void **state)
{
    fixture *f = *state;
    request list[6];
    piq_calibration_row rows[2] = {{.number = 1}, {.number = 2}};
    for (int i = 0; i < 6; i++)
        fill(&list[i], i + 1, "x");
    for (int i = 0; i < 2; i++) {
        list[2 + i].commit.calibrations = &rows[i];
        list[2 + i].commit.n_calibrations = 1;
    }
    begin_all(f, list, 6);
    for (int i = 0; i < 6; i++)
        assert_int_equal(piq_committer_wait(f->k, &list[i].ticket), PIQ_OK);
    assert_int_equal(memory_n_commits(f->data), 5); /* 0, 1, 2, 3, 4+5 */
}

static void test_committer__stopping_finishes_what_waits(void **state)
{
    fixture *f = *state;
    request list[N_WAITERS];
    for (int i = 0; i < N_WAITERS; i++)
        fill(&list[i], i + 1, "x");
    begin_all(f, list, N_WAITERS);
    piq_committer_stop(f->k);
    f->k = NULL;
    for (int i = 0; i < N_WAITERS; i++) {
        assert_true(list[i].ticket.done);
        assert_int_equal(list[i].ticket.status, PIQ_OK);
    }
}

int main(void)
{
#define WITH(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        WITH(test_committer__who_waits_shares_a_commit),
        WITH(test_committer__each_gets_the_numbers_of_its_own_rows),
        WITH(test_committer__every_row_of_everybody_is_written),
        WITH(test_committer__a_refused_one_harms_nobody_else),
        WITH(test_committer__a_full_disk_is_told_to_all),
        WITH(test_committer__calibrations_go_alone),
        WITH(test_committer__stopping_finishes_what_waits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
