/* threads:tsan
 * A database of an earlier schema: it is brought up to date when it is opened,
 * whole or not at all, and keeps what is in it.
 *
 * tests/golden/schema-1.sql was made by the program of that schema.
 */
#include "contract/store_contract.h"
#include "fault/fault_vfs.h"

#include <pthread.h>

static const char GOLDEN[] = "tests/golden/schema-1.sql";

/* ---- files ----------------------------------------------------------- */

static char *read_golden(void)
{
    enum { MAX_BYTES = 1 << 20 };
    FILE *file = fopen(GOLDEN, "rb");
    if (file == NULL)
        fail_msg("%s is not there: run from the project's folder", GOLDEN);
    char *text = calloc(1, MAX_BYTES);
    assert_non_null(text);
    assert_true(fread(text, 1, MAX_BYTES - 1, file) > 0);
    fclose(file);
    return text;
}

static void run_sql(const char *path, const char *sql)
{
    sqlite3 *db;
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    if (sqlite3_exec(db, sql, NULL, NULL, NULL) != SQLITE_OK)
        fail_msg("%s", sqlite3_errmsg(db));
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
}

/* The first value, as text in `out`. */
static void ask_sql(const char *path, const char *sql, char *out, size_t size)
{
    sqlite3 *db;
    sqlite3_stmt *stmt;
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_prepare_v2(db, sql, -1, &stmt, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_step(stmt), SQLITE_ROW);
    snprintf(out, size, "%s", (const char *)sqlite3_column_text(stmt, 0));
    sqlite3_finalize(stmt);
    sqlite3_close(db);
}

static long ask_number(const char *path, const char *sql)
{
    char text[64];
    ask_sql(path, sql, text, sizeof text);
    return strtol(text, NULL, 10);
}

/* As an earlier program left it: in WAL mode. */
static void make_old(store_fixture *f)
{
    char *sql = read_golden();
    f->kind->destroy(&f->place);
    run_sql(f->place.name, sql);
    run_sql(f->place.name, "PRAGMA journal_mode=WAL");
    free(sql);
}

static int old_setup(void **state)
{
    fixture_setup(state);
    store_fixture *f = *state;
    f->s->ops->close(f->s);
    make_old(f);
    return 0;
}

static int old_teardown(void **state)
{
    store_fixture *f = *state;
    f->kind->destroy(&f->place);
    piq_arena_release(&f->a);
    free(f);
    return 0;
}

/* What the golden file holds: learners 1 to 3, two events each. */
static void assert_keeps_all(store_fixture *f)
{
    piq_store_counts c;
    assert_status(f, PIQ_OK, f->s->ops->counts(f->s, &c, &f->err));
    assert_int_equal(c.learners, 3);
    assert_int_equal(c.events, 6);
    assert_int_equal(c.recommendations, 3);
    assert_int_equal(c.catalogue_version, 1);
    assert_int_equal(c.calibration, 3);
    for (int64_t user = 1; user <= 3; user++) {
        int64_t version;
        piq_str body;
        piq_path_row path;
        piq_profile_row profile;
        piq_user_id id = {user};
        assert_status(
            f, PIQ_OK,
            f->s->ops->state(f->s, &f->a, id, &version, &body, &f->err));
        assert_int_equal(version, 1);
        assert_str("state", body);
        assert_int_equal(n_events_of(f, user), 2);
        assert_status(f, PIQ_OK,
                      f->s->ops->path(f->s, &f->a, id, &path, &f->err));
        assert_status(f, PIQ_OK,
                      f->s->ops->profile(f->s, &f->a, id, &profile, &f->err));
    }
}

static void assert_has_models(store_fixture *f)
{
    uint32_t number = 99, model = 99;
    assert_status(
        f, PIQ_OK,
        f->s->ops->champion(f->s, PIQ_MODEL_KT, &number, &model, &f->err));
    assert_int_equal(number, 0);
    assert_int_equal(model, 0);
    piq_model_row row = {
        .kind = PIQ_MODEL_KT, .about = PIQ_STR("{}"), .body = PIQ_STR("body")};
    assert_status(f, PIQ_OK, f->s->ops->put_model(f->s, &row, &f->err));
    assert_int_equal(row.version, 1);
}

/* ---- tests ----------------------------------------------------------- */

static void test_sqlite__old_database_keeps_all_and_gains_the_new(void **state)
{
    store_fixture *f = *state;
    fixture_open(f);
    assert_keeps_all(f);
    assert_has_models(f);
    piq_event_row e = event_of(1, "c", T0 + 99);
    piq_state_row st = state_of(1, 1, "next");
    must_commit(f,
                (piq_commit){
                    .events = &e, .n_events = 1, .states = &st, .n_states = 1});
    assert_int_equal(e.seq, 7);
    fixture_reopen(f);
    assert_int_equal(version_of(f, 1), 2);
    f->s->ops->close(f->s);
}

static void test_sqlite__each_migration_is_recorded(void **state)
{
    store_fixture *f = *state;
    const char *path = f->place.name;
    assert_int_equal(ask_number(path, "PRAGMA user_version"), 1);
    fixture_open(f);
    f->s->ops->close(f->s);
    long version = ask_number(path, "PRAGMA user_version");
    assert_true(version >= 2);
    assert_int_equal(ask_number(path, "SELECT count(*) FROM schema_migrations"),
                     version);
    assert_int_equal(
        ask_number(path, "SELECT max(version) FROM schema_migrations"),
        version);
    /* The first one's own row, of 2026-01-01, is as it was. */
    assert_int_equal(ask_number(path, "SELECT applied_us FROM schema_migrations"
                                      " WHERE version = 1"),
                     T0);
}

static void test_sqlite__upgraded_schema_is_that_of_a_new_file(void **state)
{
    enum { MAX_BYTES = 1 << 16 };
    static const char schema[] =
        "SELECT group_concat(sql, char(10)) FROM"
        " (SELECT sql FROM sqlite_schema ORDER BY type, name)";
    static char upgraded[MAX_BYTES], fresh[MAX_BYTES];
    store_fixture *f = *state;
    fixture_open(f);
    f->s->ops->close(f->s);
    ask_sql(f->place.name, schema, upgraded, sizeof upgraded);
    f->kind->destroy(&f->place);
    fixture_open(f);
    f->s->ops->close(f->s);
    ask_sql(f->place.name, schema, fresh, sizeof fresh);
    assert_string_equal(upgraded, fresh);
}

/* Either schema, never half of one. */
static void assert_whole(const char *path)
{
    long version = ask_number(path, "PRAGMA user_version");
    long n_tables = ask_number(path, "SELECT count(*) FROM sqlite_schema WHERE"
                                     " name IN ('models', 'model_bodies',"
                                     " 'champions')");
    long n_recorded =
        ask_number(path, "SELECT count(*) FROM schema_migrations");
    assert_true(version >= 1);
    assert_int_equal(n_tables, version == 1 ? 0 : 3);
    assert_int_equal(n_recorded, version);
}

static void test_sqlite__each_failure_of_an_upgrade_can_be_mended(void **state)
{
    store_fixture *f = *state;
    long n = 0, n_old = 0;
    for (bool reached = true; reached; n++) {
        make_old(f);
        fault_arm((fault_plan){.kinds = FAULT_ANY, .skip = n});
        f->s = NULL;
        piq_status st = f->kind->open(&f->place, &f->s, &f->err);
        reached = fault_disarm() > 0;
        if (st != PIQ_OK) {
            assert_true(reached);
            assert_null(f->s); /* untouched */
            assert_true(st == PIQ_EIO || st == PIQ_EFULL);
            assert_non_null(strstr(f->err.message, f->place.name));
            assert_whole(f->place.name);
            n_old += ask_number(f->place.name, "PRAGMA user_version") == 1;
            fixture_open(f);
        }
        assert_keeps_all(f);
        assert_has_models(f);
        f->s->ops->close(f->s);
        piq_arena_clear(&f->a);
        assert_true(n < 5000);
    }
    assert_true(n > 20);
    assert_true(n_old > 0); /* some came before the end of the upgrade */
}

typedef struct opener {
    store_fixture *f;
    piq_store *s;
    piq_status status;
    piq_err err;
} opener;

static void *open_one(void *ctx)
{
    opener *o = ctx;
    o->status = o->f->kind->open(&o->f->place, &o->s, &o->err);
    return NULL;
}

static void test_sqlite__two_may_upgrade_at_once(void **state)
{
    store_fixture *f = *state;
    for (int round = 0; round < 10; round++) {
        make_old(f);
        opener two[2] = {{.f = f}, {.f = f}};
        pthread_t threads[2];
        for (int i = 0; i < 2; i++)
            assert_int_equal(
                pthread_create(&threads[i], NULL, open_one, &two[i]), 0);
        for (int i = 0; i < 2; i++)
            pthread_join(threads[i], NULL);
        for (int i = 0; i < 2; i++) {
            if (two[i].status != PIQ_OK)
                fail_msg("%s", two[i].err.message);
            f->s = two[i].s;
            assert_keeps_all(f);
        }
        for (int i = 0; i < 2; i++)
            two[i].s->ops->close(two[i].s);
        assert_whole(f->place.name);
    }
}

#define OLD(test) cmocka_unit_test_setup_teardown(test, old_setup, old_teardown)

int main(void)
{
    fault_vfs_install();
    const struct CMUnitTest tests[] = {
        OLD(test_sqlite__old_database_keeps_all_and_gains_the_new),
        OLD(test_sqlite__each_migration_is_recorded),
        OLD(test_sqlite__upgraded_schema_is_that_of_a_new_file),
        OLD(test_sqlite__each_failure_of_an_upgrade_can_be_mended),
        OLD(test_sqlite__two_may_upgrade_at_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
