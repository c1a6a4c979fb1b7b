/* threads:tsan
 * What was erased is not in the file any more: neither in the database nor in
 * its WAL, whichever of the two it was last in. */
#include "contract/store_contract.h"
#include "fault/fault_vfs.h"

#include <time.h>

static const char CANARY[] = "canary-5d3f0c61";

static bool file_has(const char *path, const char *suffix)
{
    char name[300];
    snprintf(name, sizeof name, "%s%s", path, suffix);
    FILE *file = fopen(name, "rb");
    if (file == NULL)
        return false;
    assert_int_equal(fseek(file, 0, SEEK_END), 0);
    size_t len = (size_t)ftell(file);
    char *bytes = malloc(len + 1);
    assert_non_null(bytes);
    rewind(file);
    len = fread(bytes, 1, len, file); /* it may be cut meanwhile */
    fclose(file);
    bool has = len > 0 && memmem(bytes, len, CANARY, strlen(CANARY)) != NULL;
    free(bytes);
    return has;
}

static bool has_canary(const store_fixture *f)
{
    return file_has(f->place.name, "") || file_has(f->place.name, "-wal");
}

/* Small ones lie within a page, large ones in pages of their own; each is
 * rewritten, so that older copies lie about too. */
static void write_life(store_fixture *f, int64_t user, size_t n_bytes)
{
    char id[40];
    char *body = malloc(n_bytes + 1);
    assert_non_null(body);
    for (int64_t v = 0; v < 20; v++) {
        memset(body, 'x', n_bytes);
        memcpy(body + n_bytes / 2, CANARY, strlen(CANARY));
        body[n_bytes] = '\0';
        snprintf(id, sizeof id, "%s-%02d", CANARY, (int)v);
        piq_event_row event = event_of(user, id, T0 + v);
        piq_state_row learner = state_of(user, v, body);
        piq_snapshot_row snapshot = {.user = {user},
                                     .at_us = T0 + v,
                                     .event_id = piq_str_of(id),
                                     .n_events = (uint32_t)v + 1,
                                     .body = piq_str_of(body)};
        must_commit(f, (piq_commit){.events = &event,
                                    .n_events = 1,
                                    .states = &learner,
                                    .n_states = 1,
                                    .snapshots = &snapshot,
                                    .n_snapshots = 1});
        if (n_bytes > 100)
            n_bytes -= 37; /* not in its old place */
    }
    free(body);
}

static void erase(store_fixture *f, int64_t user)
{
    piq_erased gone;
    assert_status(f, PIQ_OK,
                  f->s->ops->erase(f->s, (piq_user_id){user}, &gone, &f->err));
}

static void test_erase__no_byte_is_left_when_closed(void **state)
{
    store_fixture *f = *state;
    write_life(f, 7, 300);
    write_life(f, 8, 9000);
    assert_true(has_canary(f)); /* or the test tests nothing */
    fixture_reopen(f);          /* into the database */
    write_life(f, 9, 20000);
    erase(f, 7);
    erase(f, 8);
    erase(f, 9);
    f->s->ops->close(f->s);
    assert_false(has_canary(f));
    fixture_open(f);
}

/* The WAL is emptied while the store is open, and goes on to be used. */
static void test_erase__no_byte_is_left_soon(void **state)
{
    store_fixture *f = *state;
    const struct timespec ms = {.tv_nsec = 1000000};
    write_life(f, 7, 9000);
    erase(f, 7);
    for (int i = 0; i < 30000 && has_canary(f); i++)
        nanosleep(&ms, NULL);
    assert_false(has_canary(f));
    piq_state_row other = state_of(8, 20, "s");
    other.from_version = 0;
    must_commit(f, (piq_commit){.states = &other, .n_states = 1});
    assert_int_equal(version_of(f, 8), 21);
}

/* ---- a disk that fails half way ---------------------------------------- */

static size_t n_left(store_fixture *f, int64_t user)
{
    return n_events_of(f, user) + (size_t)version_of(f, user);
}

/* Whatever fails, all of the learner is there, until nothing is. */
static void erase_meets_each(store_fixture *f, int64_t user, fault_plan plan,
                             piq_status expected)
{
    piq_erased gone = {0};
    piq_status st = expected;
    write_life(f, user, 3000);
    fixture_reopen(f); /* nothing is in memory: everything is read */
    size_t all = n_left(f, user);
    for (plan.skip = 0; st != PIQ_OK; plan.skip++) {
        fault_arm(plan);
        st = f->s->ops->erase(f->s, (piq_user_id){user}, &gone, &f->err);
        bool reached = fault_disarm() > 0;
        if (st == PIQ_OK)
            break;
        assert_true(reached);
        assert_status(f, expected, st);
        assert_int_equal(n_left(f, user), all);
        assert_true(plan.skip < 10000);
    }
    assert_true(plan.skip > 0); /* it was met at least once */
    assert_int_equal(gone.events, 20);
    assert_int_equal(n_left(f, user), 0);
}

static void test_erase__survives_each_failed_write(void **state)
{
    erase_meets_each(*state, 7, (fault_plan){.kinds = FAULT_WRITE}, PIQ_EIO);
}

static void test_erase__survives_a_full_disk_at_each_write(void **state)
{
    erase_meets_each(*state, 7,
                     (fault_plan){.kinds = FAULT_WRITE, .rc = SQLITE_FULL},
                     PIQ_EFULL);
}

static void test_erase__survives_each_failed_sync(void **state)
{
    erase_meets_each(*state, 7, (fault_plan){.kinds = FAULT_SYNC}, PIQ_EIO);
}

static void test_erase__survives_each_failed_read(void **state)
{
    erase_meets_each(*state, 7, (fault_plan){.kinds = FAULT_READ}, PIQ_EIO);
}

int main(void)
{
    fault_vfs_install();
    const struct CMUnitTest tests[] = {
        STORE_TEST(test_erase__no_byte_is_left_when_closed),
        STORE_TEST(test_erase__no_byte_is_left_soon),
        STORE_TEST(test_erase__survives_each_failed_write),
        STORE_TEST(test_erase__survives_a_full_disk_at_each_write),
        STORE_TEST(test_erase__survives_each_failed_sync),
        STORE_TEST(test_erase__survives_each_failed_read),
    };
    return store_run_tests_on(&store_kinds[0], tests,
                              sizeof tests / sizeof tests[0]);
}
