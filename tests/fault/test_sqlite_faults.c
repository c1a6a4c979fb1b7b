/* threads:tsan
 * A disk that fails: the Nth operation of each kind, N = 1, 2, .. until all is
 * done without reaching it. After each failure: a clear status, nothing of the
 * failed commit to be seen, reads that go on, and the next commit works.
 * Files that are damaged, foreign or locked: test_sqlite_files.c.
 */
#include "fault/fault_rounds.h"

#include <sqlite3.h>
#include <time.h>

/* Learner 1 has version 1 and event "a"; what follows goes to 2 and "b". */
static void commit_first(store_fixture *f)
{
    piq_event_row e = event_of(1, "a", T0);
    piq_state_row st = state_of(1, 0, "first");
    must_commit(f,
                (piq_commit){
                    .events = &e, .n_events = 1, .states = &st, .n_states = 1});
}

/* Touches every table that a commit may, over more than one page. */
static piq_status commit_second(store_fixture *f)
{
    static char body[20000];
    memset(body, 's', sizeof body);
    piq_event_row e[2] = {event_of(1, "b", T0 + 1), event_of(2, "b", T0)};
    piq_state_row st[2] = {state_of(1, 1, ""), state_of(2, 0, "second")};
    st[0].body = (piq_str){body, sizeof body};
    piq_snapshot_row sn = {.user = {1},
                           .at_us = T0,
                           .event_id = PIQ_STR("a"),
                           .n_events = 1,
                           .body = PIQ_STR("x")};
    piq_recommendation_row rec = recommendation_of(1, 5);
    piq_slate_row slate = {.user = {1}, .n_recommendations = 1};
    piq_path_row path = path_of(1, "{}");
    piq_profile_row profile = profile_of(1, 2);
    piq_commit c = {.events = e,
                    .n_events = 2,
                    .states = st,
                    .n_states = 2,
                    .snapshots = &sn,
                    .n_snapshots = 1,
                    .recommendations = &rec,
                    .n_recommendations = 1,
                    .slates = &slate,
                    .n_slates = 1,
                    .paths = &path,
                    .n_paths = 1,
                    .profiles = &profile,
                    .n_profiles = 1};
    return commit(f, &c);
}

static void assert_first_only(store_fixture *f)
{
    piq_store_counts counts;
    piq_profile_row profile;
    assert_status(f, PIQ_OK, f->s->ops->counts(f->s, &counts, &f->err));
    assert_int_equal(counts.learners, 1);
    assert_int_equal(counts.events, 1);
    assert_int_equal(counts.recommendations, 0);
    assert_int_equal(version_of(f, 1), 1);
    assert_int_equal(n_events_of(f, 1), 1);
    assert_status(
        f, PIQ_ENOTFOUND,
        f->s->ops->profile(f->s, &f->a, (piq_user_id){1}, &profile, &f->err));
}

static void assert_both(store_fixture *f)
{
    assert_int_equal(version_of(f, 1), 2);
    assert_int_equal(version_of(f, 2), 1);
    assert_int_equal(n_events_of(f, 1), 2);
    assert_int_equal(n_events_of(f, 2), 1);
}

/* SQLite's own opinion of the file. */
static void assert_file_is_sound(const store_fixture *f)
{
    sqlite3 *db;
    sqlite3_stmt *stmt;
    assert_int_equal(sqlite3_open(f->place.name, &db), SQLITE_OK);
    assert_int_equal(
        sqlite3_prepare_v2(db, "PRAGMA integrity_check", -1, &stmt, NULL),
        SQLITE_OK);
    assert_int_equal(sqlite3_step(stmt), SQLITE_ROW);
    assert_string_equal((const char *)sqlite3_column_text(stmt, 0), "ok");
    sqlite3_finalize(stmt);
    sqlite3_close(db);
}

static void assert_says_why(const store_fixture *f, piq_status st)
{
    assert_int_equal(f->err.status, st);
    assert_non_null(strstr(f->err.message, "could not "));
    assert_non_null(strstr(f->err.message, f->place.name));
    assert_string_equal(f->err.where, f->place.name);
}

/* One round: a fresh store whose second commit meets the failure. True while
 * the failure was reached. */
static bool commit_meets(store_fixture *f, const void *what, fault_plan plan,
                         piq_status expected)
{
    (void)what;
    commit_first(f);
    if (plan.kinds == FAULT_READ)
        fixture_reopen(f); /* nothing cached */
    fault_arm(plan);
    piq_status st = commit_second(f);
    piq_err err = f->err;
    bool reached = fault_disarm() > 0;
    if (st != PIQ_OK) {
        f->err = err;
        assert_true(reached);
        assert_int_equal(st, expected);
        assert_says_why(f, expected);
        assert_first_only(f);
        assert_status(f, PIQ_OK, commit_second(f));
    }
    assert_both(f);
    fixture_reopen(f);
    assert_both(f);
    assert_file_is_sound(f);
    return reached;
}

static void commit_meets_each(fault_plan plan, piq_status expected)
{
    fault_each_round(commit_meets, NULL, plan, expected);
}

static void test_sqlite__commit_survives_each_failed_write(void **state)
{
    (void)state;
    commit_meets_each((fault_plan){.kinds = FAULT_WRITE}, PIQ_EIO);
}

static void test_sqlite__commit_survives_a_full_disk_at_each_write(void **state)
{
    (void)state;
    commit_meets_each((fault_plan){.kinds = FAULT_WRITE, .rc = SQLITE_FULL},
                      PIQ_EFULL);
}

static void test_sqlite__commit_survives_each_failed_sync(void **state)
{
    (void)state;
    commit_meets_each((fault_plan){.kinds = FAULT_SYNC}, PIQ_EIO);
}

static void test_sqlite__commit_survives_each_failed_read(void **state)
{
    (void)state;
    commit_meets_each((fault_plan){.kinds = FAULT_READ}, PIQ_EIO);
}

/* ---- reads ----------------------------------------------------------- */

/* Every kind of read once; the first failure, or PIQ_OK. */
static piq_status read_everything(store_fixture *f)
{
    const piq_store_ops *o = f->s->ops;
    piq_user_id one = {1}, *users;
    int64_t version, through;
    uint32_t number;
    size_t n;
    piq_str body;
    piq_event_row e, *events;
    piq_snapshot_row sn;
    piq_recommendation_row *recs;
    piq_path_row path;
    piq_profile_row profile;
    piq_calibration_entry *entries;
    piq_store_counts counts;
    piq_event_range all = {.user = one,
                           .after_us = INT64_MIN,
                           .until_us = INT64_MAX,
                           .limit = 100};
    const piq_status st[] = {
        o->state(f->s, &f->a, one, &version, &body, &f->err),
        o->event(f->s, &f->a, one, PIQ_STR("b"), &e, &f->err),
        o->events(f->s, &f->a, &all, &events, &n, &f->err),
        o->answers_after(f->s, &f->a, 0, 100, &events, &n, &f->err),
        o->snapshot(f->s, &f->a, one, T0, PIQ_STR("a"), &sn, &f->err),
        o->recommendations(f->s, &f->a, one, 10, &recs, &n, &f->err),
        o->path_head(f->s, &f->a, one, 3, &body, &f->err),
        o->path(f->s, &f->a, one, &path, &f->err),
        o->profile(f->s, &f->a, one, &profile, &f->err),
        o->calibration(f->s, &number, &through, &f->err),
        o->calibrations(f->s, &f->a, &entries, &n, &f->err),
        o->users(f->s, &f->a, (piq_user_id){0}, 10, &users, &n, &f->err),
        o->counts(f->s, &counts, &f->err),
        o->ping(f->s, &f->err),
    };
    return fault_first_of(st, sizeof st / sizeof st[0]);
}

static void test_sqlite__each_failed_read_is_an_io_error(void **state)
{
    store_fixture *f = *state;
    commit_first(f);
    assert_status(f, PIQ_OK, commit_second(f));
    fault_each_read(f, read_everything);
}

/* ---- opening --------------------------------------------------------- */

/* A store that could not be made leaves a file that can be. */
static void test_sqlite__each_failure_of_the_first_opening_can_be_mended(
    void **state)
{
    store_fixture *f = *state;
    long n = 0;
    for (bool reached = true; reached; n++) {
        f->s->ops->close(f->s);
        f->kind->destroy(&f->place);
        fault_arm((fault_plan){.kinds = FAULT_ANY, .skip = n});
        f->s = NULL;
        piq_status st = f->kind->open(&f->place, &f->s, &f->err);
        reached = fault_disarm() > 0;
        if (st != PIQ_OK) {
            assert_true(reached);
            assert_null(f->s); /* untouched */
            assert_true(st == PIQ_EIO || st == PIQ_EFULL);
            assert_says_why(f, st);
            fixture_open(f);
        }
        commit_first(f);
        assert_first_only(f);
        assert_true(n < 5000);
    }
    assert_true(n > 20);
}

static void test_sqlite__no_memory_to_open_is_said(void **state)
{
    store_fixture *f = *state;
    piq_store *s = NULL;
    for (long k = 1; k <= 2; k++) {
        piq_alloc_fail_after(k, 0);
        assert_int_equal(f->kind->open(&f->place, &s, &f->err), PIQ_ENOMEM);
        piq_alloc_fail_after(0, 0);
        assert_null(s);
    }
}

/* ---- a disk that stays full ------------------------------------------ */

static void test_sqlite__full_disk_refuses_commits_and_serves_reads(
    void **state)
{
    store_fixture *f = *state;
    commit_first(f);
    fault_arm(
        (fault_plan){.kinds = FAULT_WRITE, .rc = SQLITE_FULL, .sticky = true});
    for (int i = 0; i < 3; i++) {
        assert_status(f, PIQ_EFULL, commit_second(f));
        assert_true(f->err.hint[0] != '\0');
        assert_first_only(f);
    }
    fault_disarm();
    assert_status(f, PIQ_OK, commit_second(f));
    assert_both(f);
}

/* ---- checkpoints that fail ------------------------------------------- */

enum { BIG_BYTES = 1 << 20 };

/* Commits until the checkpointer has met the failure, and a little more. */
static int64_t commit_until_it_failed(store_fixture *f)
{
    char *big = calloc(1, BIG_BYTES);
    assert_non_null(big);
    int64_t v = 0;
    /* 64 MiB make it start; the clock only keeps a broken one from hanging
     * the test. */
    for (int more = 0; more < 5 && v < 400; v++) {
        memset(big, (int)(v & 127), BIG_BYTES);
        piq_state_row row = state_of(1, v, "");
        row.body = (piq_str){big, BIG_BYTES};
        must_commit(f, (piq_commit){.states = &row, .n_states = 1});
        more += fault_count() > 0;
        if (v > 70)
            nanosleep(&(struct timespec){0, 10000000}, NULL);
    }
    free(big);
    assert_true(fault_count() > 0);
    return v;
}

static void assert_state_is_of(store_fixture *f, int64_t v)
{
    int64_t version;
    piq_str body;
    assert_status(f, PIQ_OK,
                  f->s->ops->state(f->s, &f->a, (piq_user_id){1}, &version,
                                   &body, &f->err));
    assert_int_equal(version, v);
    assert_int_equal(body.len, BIG_BYTES);
    assert_int_equal(body.ptr[BIG_BYTES - 1], (v - 1) & 127);
    piq_arena_clear(&f->a);
}

static void checkpoint_fails(store_fixture *f, fault_plan plan)
{
    plan.database_only = true;
    plan.sticky = true;
    fault_arm(plan);
    int64_t v = commit_until_it_failed(f);
    assert_state_is_of(f, v);
    fixture_reopen(f); /* the disk fails still, also at closing */
    assert_state_is_of(f, v);
    fault_disarm();
    fixture_reopen(f);
    assert_state_is_of(f, v);
    fixture_reopen(f);
    assert_state_is_of(f, v);
    assert_file_is_sound(f);
}

static void test_sqlite__failed_checkpoint_write_loses_nothing(void **state)
{
    checkpoint_fails(*state, (fault_plan){.kinds = FAULT_WRITE});
}

static void test_sqlite__failed_checkpoint_sync_loses_nothing(void **state)
{
    checkpoint_fails(*state, (fault_plan){.kinds = FAULT_SYNC});
}

/* One sync that fails and then "succeeds", as after the kernel dropped the
 * pages: what was copied before it is not relied on. */
static void test_sqlite__wal_is_kept_after_a_failed_sync(void **state)
{
    store_fixture *f = *state;
    fault_arm((fault_plan){.kinds = FAULT_SYNC, .database_only = true});
    int64_t v = commit_until_it_failed(f);
    assert_int_equal(fault_disarm(), 1);
    f->s->ops->close(f->s);
    char wal[300];
    snprintf(wal, sizeof wal, "%s-wal", f->place.name);
    assert_int_equal(access(wal, F_OK), 0);
    fixture_open(f);
    assert_state_is_of(f, v);
    fixture_reopen(f);
    assert_state_is_of(f, v);
    assert_file_is_sound(f);
}

int main(void)
{
    fault_vfs_install();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sqlite__commit_survives_each_failed_write),
        cmocka_unit_test(
            test_sqlite__commit_survives_a_full_disk_at_each_write),
        cmocka_unit_test(test_sqlite__commit_survives_each_failed_sync),
        cmocka_unit_test(test_sqlite__commit_survives_each_failed_read),
        STORE_TEST(test_sqlite__each_failed_read_is_an_io_error),
        STORE_TEST(
            test_sqlite__each_failure_of_the_first_opening_can_be_mended),
        STORE_TEST(test_sqlite__no_memory_to_open_is_said),
        STORE_TEST(test_sqlite__full_disk_refuses_commits_and_serves_reads),
        STORE_TEST(test_sqlite__failed_checkpoint_write_loses_nothing),
        STORE_TEST(test_sqlite__failed_checkpoint_sync_loses_nothing),
        STORE_TEST(test_sqlite__wal_is_kept_after_a_failed_sync),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
