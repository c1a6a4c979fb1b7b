/* Files that are not what they should be: damaged, foreign, newer, read-only,
 * locked by somebody; and a process that is killed while it commits. */
#include "contract/store_contract.h"

#include <fcntl.h>
#include <signal.h>
#include <sqlite3.h>
#include <sys/stat.h>
#include <sys/wait.h>

/* ---- files ----------------------------------------------------------- */

/* The whole file; free() it. */
static char *read_file(const char *path, size_t *len)
{
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    assert_int_equal(fseek(file, 0, SEEK_END), 0);
    *len = (size_t)ftell(file);
    rewind(file);
    char *bytes = malloc(*len + 1);
    assert_non_null(bytes);
    assert_int_equal(fread(bytes, 1, *len, file), *len);
    fclose(file);
    return bytes;
}

static void write_file(const char *path, const char *bytes, size_t len)
{
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, len, file), len);
    assert_int_equal(fclose(file), 0);
}

static void run_sql(const char *path, const char *sql)
{
    sqlite3 *db;
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
}

static int64_t ask_sql(const char *path, const char *sql)
{
    sqlite3 *db;
    sqlite3_stmt *stmt;
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_prepare_v2(db, sql, -1, &stmt, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_step(stmt), SQLITE_ROW);
    int64_t v = sqlite3_column_int64(stmt, 0);
    sqlite3_finalize(stmt);
    sqlite3_close(db);
    return v;
}

/* Opening `path` gives `expected` and a message that names it; the file keeps
 * its bytes. */
static void assert_refused(store_fixture *f, const char *path,
                           piq_status expected)
{
    size_t len_before, len_after;
    char *before = read_file(path, &len_before);
    piq_store *s = NULL;
    piq_status st = piq_sqlite_open(path, NULL, &s, &f->err);
    assert_status(f, expected, st);
    assert_null(s);
    assert_non_null(strstr(f->err.message, path));
    assert_true(f->err.hint[0] != '\0');
    char *after = read_file(path, &len_after);
    assert_int_equal(len_before, len_after);
    assert_memory_equal(before, after, len_after);
    free(before);
    free(after);
}

/* A fixture whose store is closed: the file is the test's. */
static int closed_setup(void **state)
{
    fixture_setup(state);
    store_fixture *f = *state;
    for (int i = 1; i <= 40; i++) {
        static char body[3000];
        memset(body, 'a' + i % 20, sizeof body);
        char id[16];
        snprintf(id, sizeof id, "e%d", i);
        piq_event_row e = event_of(i, id, T0);
        piq_state_row st = state_of(i, 0, "");
        st.body = (piq_str){body, sizeof body};
        must_commit(
            f, (piq_commit){
                   .events = &e, .n_events = 1, .states = &st, .n_states = 1});
    }
    f->s->ops->close(f->s);
    return 0;
}

static int closed_teardown(void **state)
{
    store_fixture *f = *state;
    f->kind->destroy(&f->place);
    piq_arena_release(&f->a);
    free(f);
    return 0;
}

/* ---- not ours -------------------------------------------------------- */

static void test_sqlite__text_file_is_left_alone(void **state)
{
    store_fixture *f = *state;
    static char text[5000];
    memset(text, 'x', sizeof text);
    write_file(f->place.name, text, sizeof text);
    assert_refused(f, f->place.name, PIQ_EINVAL);
}

static void test_sqlite__foreign_database_is_left_alone(void **state)
{
    store_fixture *f = *state;
    f->kind->destroy(&f->place);
    run_sql(f->place.name, "CREATE TABLE theirs (x)");
    assert_refused(f, f->place.name, PIQ_EINVAL);
    run_sql(f->place.name, "DROP TABLE theirs; PRAGMA application_id = 99");
    assert_refused(f, f->place.name, PIQ_EINVAL);
}

static void test_sqlite__newer_schema_is_left_alone(void **state)
{
    store_fixture *f = *state;
    run_sql(f->place.name, "PRAGMA user_version = 1000");
    assert_refused(f, f->place.name, PIQ_EINVAL);
    assert_non_null(strstr(f->err.message, "1000"));
}

static void test_sqlite__folder_is_no_store(void **state)
{
    store_fixture *f = *state;
    piq_store *s = NULL;
    assert_status(f, PIQ_EIO, piq_sqlite_open("/", NULL, &s, &f->err));
    assert_status(f, PIQ_EIO,
                  piq_sqlite_open("/no/such/folder/x.db", NULL, &s, &f->err));
    assert_non_null(strstr(f->err.message, "/no/such/folder/x.db"));
    assert_null(s);
}

static void test_sqlite__schema_is_numbered_and_marked(void **state)
{
    const char *path = ((store_fixture *)*state)->place.name;
    assert_int_equal(ask_sql(path, "PRAGMA application_id"), 0x70697131);
    assert_int_equal(ask_sql(path, "PRAGMA user_version"),
                     ask_sql(path, "SELECT max(version) FROM"
                                   " schema_migrations"));
    /* The three that were asked for, column by column. */
    static const char *const asked[] = {
        "SELECT user_id, skill_profile, learning_style, behavioral_metrics,"
        " goals, created_at, updated_at FROM user_profiles",
        "SELECT id, user_id, path_config, current_position,"
        " estimated_completion, adaptation_history, created_at"
        " FROM learning_paths",
        "SELECT id, user_id, content_type, content_id, recommendation_score,"
        " reasoning, recommended_at, user_action, feedback_score"
        " FROM content_recommendations"};
    for (size_t i = 0; i < 3; i++)
        run_sql(path, asked[i]);
}

/* No operation reads the log: training will. */
static void test_sqlite__slate_names_what_it_showed(void **state)
{
    store_fixture *f = *state;
    fixture_open(f);
    piq_recommendation_row rec[3] = {recommendation_of(1, 11),
                                     recommendation_of(2, 21),
                                     recommendation_of(2, 22)};
    piq_slate_row slates[2] = {
        {.user = {1}, .n_recommendations = 1},
        {.user = {2}, .first_recommendation = 1, .n_recommendations = 2}};
    for (int i = 0; i < 2; i++)
        slates[i].candidates = (piq_str){"\0\1\2", 3};
    must_commit(f, (piq_commit){.recommendations = rec,
                                .n_recommendations = 3,
                                .slates = slates,
                                .n_slates = 2});
    f->s->ops->close(f->s);
    /* Learner 2's slate shows contents 21 and 22: 43. */
    static const char shown[] =
        "SELECT sum(r.content_id) FROM recommendation_log l"
        " JOIN content_recommendations r ON r.id >= l.first_recommendation"
        " AND r.id < l.first_recommendation + l.n_recommendations"
        " WHERE l.user_id = 2 AND l.candidates = x'000102'";
    assert_int_equal(ask_sql(f->place.name, shown), 43);
}

/* ---- damaged --------------------------------------------------------- */

static void test_sqlite__flipped_bit_of_a_state_is_found(void **state)
{
    store_fixture *f = *state;
    size_t len;
    char *bytes = read_file(f->place.name, &len);
    static char needle[100]; /* learner 7: 'a' + 7 */
    memset(needle, 'a' + 7, sizeof needle);
    char *at = memmem(bytes, len, needle, sizeof needle);
    assert_non_null(at);
    at[50] ^= 1;
    write_file(f->place.name, bytes, len);
    free(bytes);
    fixture_open(f);
    int64_t version;
    piq_str body;
    assert_status(f, PIQ_ECORRUPT,
                  f->s->ops->state(f->s, &f->a, (piq_user_id){7}, &version,
                                   &body, &f->err));
    assert_non_null(strstr(f->err.message, "a learner's state"));
    assert_int_equal(version_of(f, 8), 1); /* others are as they were */
    f->s->ops->close(f->s);
}

/* What a read of a damaged file may say; it never crashes or makes up. */
static void assert_said(piq_status st)
{
    assert_true(st == PIQ_OK || st == PIQ_ENOTFOUND || st == PIQ_ECORRUPT);
}

static bool any_read_says_corrupt(store_fixture *f)
{
    bool corrupt = false;
    for (int64_t u = 1; u <= 40; u++) {
        piq_user_id user = {u};
        int64_t version;
        piq_str body;
        piq_event_row *rows;
        size_t n;
        piq_event_range all = {.user = user,
                               .after_us = INT64_MIN,
                               .until_us = INT64_MAX,
                               .limit = 100};
        piq_status st[2] = {
            f->s->ops->state(f->s, &f->a, user, &version, &body, &f->err),
            f->s->ops->events(f->s, &f->a, &all, &rows, &n, &f->err)};
        for (int i = 0; i < 2; i++) {
            assert_said(st[i]);
            corrupt = corrupt || st[i] == PIQ_ECORRUPT;
        }
    }
    piq_store_counts counts;
    piq_status st = f->s->ops->counts(f->s, &counts, &f->err);
    assert_said(st);
    return corrupt || st == PIQ_ECORRUPT;
}

/* Each page in turn is overwritten with each filler. */
static void test_sqlite__damaged_page_is_said_and_never_a_crash(void **state)
{
    store_fixture *f = *state;
    static const unsigned char fillers[] = {0x00, 0xa5, 0xff};
    size_t len;
    char *bytes = read_file(f->place.name, &len);
    char *damaged = malloc(len);
    assert_non_null(damaged);
    int n_said = 0;
    for (size_t at = 0; at + 4096 <= len; at += 4096) {
        for (size_t k = 0; k < sizeof fillers; k++) {
            memcpy(damaged, bytes, len);
            memset(damaged + at, fillers[k], 4096);
            write_file(f->place.name, damaged, len);
            piq_status st = f->kind->open(&f->place, &f->s, &f->err);
            if (st != PIQ_OK) {
                assert_true(st == PIQ_ECORRUPT || st == PIQ_EINVAL);
                n_said++;
                continue;
            }
            n_said += any_read_says_corrupt(f);
            f->s->ops->close(f->s);
            piq_arena_clear(&f->a);
        }
    }
    assert_true(n_said > 0);
    free(damaged);
    free(bytes);
}

static void test_sqlite__truncated_file_is_said(void **state)
{
    store_fixture *f = *state;
    assert_int_equal(truncate(f->place.name, 10 * 4096), 0);
    piq_status st = f->kind->open(&f->place, &f->s, &f->err);
    if (st == PIQ_OK) {
        assert_true(any_read_says_corrupt(f));
        f->s->ops->close(f->s);
    } else {
        assert_int_equal(st, PIQ_ECORRUPT);
    }
}

static void test_sqlite__missing_table_is_damage(void **state)
{
    store_fixture *f = *state;
    run_sql(f->place.name, "DROP TABLE user_profiles");
    fixture_open(f);
    piq_profile_row row = profile_of(1, 1);
    piq_commit c = {.profiles = &row, .n_profiles = 1};
    assert_status(f, PIQ_ECORRUPT, commit(f, &c));
    assert_non_null(strstr(f->err.message, "user_profiles"));
    assert_int_equal(version_of(f, 1), 1);
    f->s->ops->close(f->s);
}

/* A WAL cut anywhere gives the commits before the cut, whole. */
static void test_sqlite__torn_wal_keeps_whole_commits(void **state)
{
    enum { N_CUTS = 61 };
    store_fixture *f = *state;
    fixture_open(f);
    for (int64_t v = 1; v <= 5; v++) {
        char id[16];
        snprintf(id, sizeof id, "w%d", (int)v);
        piq_event_row e = event_of(1, id, T0 + v);
        piq_state_row st = state_of(1, v, "later");
        must_commit(
            f, (piq_commit){
                   .events = &e, .n_events = 1, .states = &st, .n_states = 1});
    }
    char wal[300];
    size_t db_len, wal_len;
    snprintf(wal, sizeof wal, "%s-wal", f->place.name);
    char *db_bytes = read_file(f->place.name, &db_len);
    char *wal_bytes = read_file(wal, &wal_len);
    f->s->ops->close(f->s);
    int64_t last = 0;
    for (size_t i = 0; i <= N_CUTS; i++) {
        f->kind->destroy(&f->place);
        write_file(f->place.name, db_bytes, db_len);
        write_file(wal, wal_bytes, wal_len * i / N_CUTS);
        fixture_open(f);
        int64_t version = version_of(f, 1);
        assert_int_equal(n_events_of(f, 1), version);
        assert_true(version >= last);
        last = version;
        f->s->ops->close(f->s);
    }
    assert_int_equal(last, 6);
    free(db_bytes);
    free(wal_bytes);
}

/* ---- other processes ------------------------------------------------- */

/* A child that runs SQL on the file when told, and again when told: started
 * before this process opens it, as SQLite asks of a fork. */
typedef struct locker {
    pid_t pid;
    int to, from;
} locker;

static void locker_run(int in, int out, const char *path, const char *first,
                       const char *second)
{
    sqlite3 *db = NULL;
    char byte;
    const char *const sql[2] = {first, second};
    for (int i = 0; i < 2; i++) {
        if (read(in, &byte, 1) != 1)
            _exit(1);
        if (db == NULL && sqlite3_open(path, &db) != SQLITE_OK)
            _exit(2);
        if (sqlite3_exec(db, sql[i], NULL, NULL, NULL) != SQLITE_OK)
            _exit(3);
        if (write(out, "k", 1) != 1)
            _exit(4);
    }
    _exit(0);
}

static locker locker_start(const char *path, const char *first,
                           const char *second)
{
    int to[2], from[2];
    assert_int_equal(pipe(to), 0);
    assert_int_equal(pipe(from), 0);
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        close(to[1]);
        close(from[0]);
        locker_run(to[0], from[1], path, first, second);
    }
    close(to[0]);
    close(from[1]);
    return (locker){pid, to[1], from[0]};
}

static void locker_step(const locker *h)
{
    char byte;
    assert_int_equal(write(h->to, "g", 1), 1);
    assert_int_equal(read(h->from, &byte, 1), 1);
}

static void locker_end(const locker *h)
{
    int status;
    assert_int_equal(waitpid(h->pid, &status, 0), h->pid);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
    close(h->to);
    close(h->from);
}

static void test_sqlite__commit_waits_for_another_process_then_says_busy(
    void **state)
{
    store_fixture *f = *state;
    locker h = locker_start(f->place.name, "BEGIN IMMEDIATE", "ROLLBACK");
    piq_sqlite_options o = {.busy_timeout_ms = 30};
    assert_status(f, PIQ_OK,
                  piq_sqlite_open(f->place.name, &o, &f->s, &f->err));
    locker_step(&h);
    piq_state_row row = state_of(1, 1, "mine");
    piq_commit c = {.states = &row, .n_states = 1};
    assert_status(f, PIQ_EBUSY, commit(f, &c));
    assert_non_null(strstr(f->err.message, f->place.name));
    assert_int_equal(version_of(f, 1), 1); /* reads go on */
    locker_step(&h);
    assert_status(f, PIQ_OK, commit(f, &c));
    assert_int_equal(version_of(f, 1), 2);
    f->s->ops->close(f->s);
    locker_end(&h);
}

static void test_sqlite__locked_file_is_busy_to_open(void **state)
{
    store_fixture *f = *state;
    locker h = locker_start(
        f->place.name, "PRAGMA locking_mode=EXCLUSIVE; BEGIN EXCLUSIVE; COMMIT",
        "PRAGMA locking_mode=NORMAL; SELECT count(*) FROM sqlite_schema");
    locker_step(&h);
    piq_sqlite_options o = {.busy_timeout_ms = 30};
    piq_store *s = NULL;
    assert_status(f, PIQ_EBUSY,
                  piq_sqlite_open(f->place.name, &o, &s, &f->err));
    assert_null(s);
    locker_step(&h);
    locker_end(&h);
    fixture_open(f);
    assert_int_equal(version_of(f, 1), 1);
    f->s->ops->close(f->s);
}

/* Root may write anything, so a child gives root up first. */
static void test_sqlite__read_only_file_is_denied(void **state)
{
    store_fixture *f = *state;
    assert_int_equal(chmod(f->place.name, 0444), 0);
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        if (geteuid() == 0 && setuid(65534) != 0)
            _exit(100);
        piq_store *s = NULL;
        piq_err err = {0};
        piq_status st = piq_sqlite_open(f->place.name, NULL, &s, &err);
        _exit(strstr(err.message, f->place.name) ? -(int)st : 101);
    }
    int status;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), -(int)PIQ_EDENIED);
}

/* Commits until killed; says each version after its commit returned. */
static void commit_for_ever(store_fixture *f, int out)
{
    piq_store *s;
    if (f->kind->open(&f->place, &s, &f->err) != PIQ_OK)
        _exit(1);
    int64_t version;
    piq_str body;
    if (s->ops->state(s, &f->a, (piq_user_id){1}, &version, &body, &f->err) !=
        PIQ_OK)
        _exit(2);
    for (;; version++) {
        char id[32];
        snprintf(id, sizeof id, "k%lld", (long long)version);
        piq_event_row e = event_of(1, id, T0 + version);
        piq_state_row st = state_of(1, version, "killed");
        piq_commit c = {
            .events = &e, .n_events = 1, .states = &st, .n_states = 1};
        int64_t done = version + 1;
        if (s->ops->commit(s, &c, &f->err) != PIQ_OK ||
            write(out, &done, sizeof done) != (ssize_t)sizeof done)
            _exit(3);
    }
}

static void test_sqlite__kill_9_loses_no_acknowledged_commit(void **state)
{
    store_fixture *f = *state;
    for (int round = 0; round < 8; round++) {
        int from[2];
        assert_int_equal(pipe(from), 0);
        pid_t pid = fork();
        assert_true(pid >= 0);
        if (pid == 0)
            commit_for_ever(f, from[1]);
        close(from[1]);
        int64_t said = 0;
        for (int i = 0; i < 3 + 11 * round; i++)
            assert_int_equal(read(from[0], &said, sizeof said), sizeof said);
        kill(pid, SIGKILL);
        int status;
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_true(WIFSIGNALED(status));
        while (read(from[0], &said, sizeof said) == (ssize_t)sizeof said)
            ; /* what was said before it died */
        close(from[0]);
        fixture_open(f);
        int64_t version = version_of(f, 1);
        assert_true(version == said || version == said + 1);
        assert_int_equal(n_events_of(f, 1), version);
        f->s->ops->close(f->s);
    }
}

#define CLOSED(test)                                                           \
    cmocka_unit_test_setup_teardown(test, closed_setup, closed_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CLOSED(test_sqlite__text_file_is_left_alone),
        CLOSED(test_sqlite__foreign_database_is_left_alone),
        CLOSED(test_sqlite__newer_schema_is_left_alone),
        CLOSED(test_sqlite__folder_is_no_store),
        CLOSED(test_sqlite__schema_is_numbered_and_marked),
        CLOSED(test_sqlite__slate_names_what_it_showed),
        CLOSED(test_sqlite__flipped_bit_of_a_state_is_found),
        CLOSED(test_sqlite__damaged_page_is_said_and_never_a_crash),
        CLOSED(test_sqlite__truncated_file_is_said),
        CLOSED(test_sqlite__missing_table_is_damage),
        CLOSED(test_sqlite__torn_wal_keeps_whole_commits),
        CLOSED(test_sqlite__commit_waits_for_another_process_then_says_busy),
        CLOSED(test_sqlite__locked_file_is_busy_to_open),
        CLOSED(test_sqlite__read_only_file_is_denied),
        CLOSED(test_sqlite__kill_9_loses_no_acknowledged_commit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
