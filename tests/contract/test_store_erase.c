/* Erasing a learner: nothing is left, nothing comes back, and nobody else is
 * touched. */
#include "contract/memory_place.h"
#include "contract/store_contract.h"

#include <pthread.h>

/* One of everything. Made from version `from` + 1 of the state. */
static void write_life(store_fixture *f, int64_t user, int64_t from,
                       const char *id)
{
    piq_event_row events[2] = {event_of(user, id, T0),
                               event_of(user, "same", T0 + 1)};
    piq_state_row learner = state_of(user, from, "canary-state");
    piq_snapshot_row snapshot = {.user = {user},
                                 .at_us = T0,
                                 .event_id = piq_str_of(id),
                                 .n_events = 1,
                                 .body = PIQ_STR("canary-snapshot")};
    piq_recommendation_row offers[2] = {recommendation_of(user, 5),
                                        recommendation_of(user, 6)};
    piq_slate_row slates[2] = {{.user = {user},
                                .served_us = T0,
                                .state_version = from + 1,
                                .policy = PIQ_STR("p"),
                                .request = PIQ_STR("{}"),
                                .candidates = PIQ_STR("canary-slate"),
                                .n_recommendations = 2},
                               {.user = {user},
                                .served_us = T0,
                                .state_version = from + 1,
                                .policy = PIQ_STR("p"),
                                .request = PIQ_STR("{}"),
                                .first_recommendation = 2}};
    piq_path_row path = path_of(user, "{\"a\":\"canary-path\"}");
    piq_profile_row profile = profile_of(user, from + 1);
    piq_exposure_row exposure = {
        .experiment = 1, .user = {user}, .at_us = T0, .n_recommendations = 2};
    piq_record record = {.user = {user},
                         .kind = PIQ_STR("note"),
                         .key = PIQ_STR("k"),
                         .at_us = T0,
                         .expires_us = INT64_MAX,
                         .document = PIQ_STR("\"canary-record\"")};
    path.state_version = from + 1;
    must_commit(f, (piq_commit){.events = events,
                                .n_events = 2,
                                .states = &learner,
                                .n_states = 1,
                                .snapshots = &snapshot,
                                .n_snapshots = 1,
                                .recommendations = offers,
                                .n_recommendations = 2,
                                .slates = slates,
                                .n_slates = 2,
                                .paths = &path,
                                .n_paths = 1,
                                .profiles = &profile,
                                .n_profiles = 1,
                                .exposures = &exposure,
                                .n_exposures = 1,
                                .records = &record,
                                .n_records = 1});
}

static piq_erased must_erase(store_fixture *f, int64_t user)
{
    piq_erased gone = {0};
    assert_status(f, PIQ_OK,
                  f->s->ops->erase(f->s, (piq_user_id){user}, &gone, &f->err));
    return gone;
}

static piq_status count_row(void *ctx, const piq_table *t,
                            const piq_cell *cells, piq_err *err)
{
    (void)t;
    (void)cells;
    (void)err;
    (*(size_t *)ctx)++;
    return PIQ_OK;
}

/* Rows of a learner, over all tables. */
static size_t n_rows_of(store_fixture *f, int64_t user)
{
    size_t n = 0;
    const piq_table *t;
    if (f->s->ops->dump == NULL) /* the memory store's is counted by erase() */
        return 0;
    for (size_t i = 0; (t = piq_table_at(i)) != NULL; i++)
        assert_status(f, PIQ_OK,
                      f->s->ops->dump(f->s, t, (piq_user_id){user}, count_row,
                                      &n, &f->err));
    return n;
}

static void test_erase__nothing_of_the_learner_is_left(void **state)
{
    store_fixture *f = *state;
    write_life(f, 7, 0, "e");
    write_life(f, 8, 0, "e");
    size_t before = n_rows_of(f, 8);
    piq_erased gone = must_erase(f, 7);
    assert_int_equal(gone.events, 2);
    assert_int_equal(gone.recommendations, 2);
    /* Two slates, exposure, snapshot, state, path, profile, record. */
    assert_int_equal(gone.others, 8);
    if (before > 0)
        assert_int_equal(before, 2 + 2 + 8);
    assert_int_equal(n_rows_of(f, 7), 0);
    assert_int_equal(n_rows_of(f, 8), before); /* nobody else */
    assert_int_equal(version_of(f, 7), 0);
    assert_int_equal(n_events_of(f, 7), 0);
    assert_int_equal(version_of(f, 8), 1);
}

static void test_erase__who_is_not_there_is_not_found(void **state)
{
    store_fixture *f = *state;
    piq_erased gone;
    int64_t mark;
    write_life(f, 7, 0, "e");
    must_erase(f, 7);
    assert_status(f, PIQ_OK, f->s->ops->last_change(f->s, &mark, &f->err));
    for (int64_t user = 0; user <= 7; user += 7)
        assert_status(
            f, PIQ_ENOTFOUND,
            f->s->ops->erase(f->s, (piq_user_id){user}, &gone, &f->err));
    int64_t after;
    assert_status(f, PIQ_OK, f->s->ops->last_change(f->s, &after, &f->err));
    assert_int_equal(after, mark);
}

static void test_erase__is_told_to_other_handles(void **state)
{
    store_fixture *f = *state;
    piq_change *list;
    size_t n;
    int64_t mark;
    write_life(f, 7, 0, "e");
    assert_status(f, PIQ_OK, f->s->ops->last_change(f->s, &mark, &f->err));
    must_erase(f, 7);
    assert_status(
        f, PIQ_OK,
        f->s->ops->changes(f->s, &f->a, mark, 10, &list, &n, &f->err));
    assert_int_equal(n, 1);
    assert_int_equal(list[0].user.v, 7);
    assert_int_equal(list[0].what, PIQ_CHANGED_ERASED);
}

static void test_erase__counts_go_down(void **state)
{
    store_fixture *f = *state;
    piq_store_counts c;
    write_life(f, 7, 0, "e");
    write_life(f, 8, 0, "e");
    write_life(f, 9, 0, "e");
    must_erase(f, 8);
    must_erase(f, 9);
    assert_status(f, PIQ_OK, f->s->ops->counts(f->s, &c, &f->err));
    assert_int_equal(c.learners, 1);
    assert_int_equal(c.events, 2);
    assert_int_equal(c.recommendations, 2);
}

/* Also those of the newest rows, whose numbers a table would give again. */
static void test_erase__numbers_are_not_given_again(void **state)
{
    store_fixture *f = *state;
    piq_slate_record *slates;
    piq_exposure_row *exposures;
    size_t n;
    piq_event_row e = event_of(7, "a", T0), later = event_of(8, "b", T0);
    piq_state_row other = state_of(8, 0, "s");
    must_commit(
        f, (piq_commit){
               .events = &e, .n_events = 1, .states = &other, .n_states = 1});
    write_life(f, 7, 0, "e");
    assert_status(
        f, PIQ_OK,
        f->s->ops->slates_after(f->s, &f->a, 0, 9, &slates, &n, &f->err));
    assert_int_equal(n, 2);
    int64_t slate = slates[1].id;
    int64_t offer = slates[0].first_recommendation + 1;
    assert_status(
        f, PIQ_OK,
        f->s->ops->exposures(f->s, &f->a, 1, 0, 9, &exposures, &n, &f->err));
    int64_t exposure = exposures[0].id;
    must_erase(f, 7);
    fixture_reopen(f);
    must_commit(f, (piq_commit){.events = &later, .n_events = 1});
    assert_true(later.seq > e.seq + 2);
    write_life(f, 8, 1, "e");
    assert_status(
        f, PIQ_OK,
        f->s->ops->slates_after(f->s, &f->a, 0, 9, &slates, &n, &f->err));
    assert_int_equal(n, 2);
    assert_true(slates[0].id > slate);
    assert_true(slates[1].id > slates[0].id);
    assert_true(slates[0].first_recommendation > offer);
    assert_status(
        f, PIQ_OK,
        f->s->ops->exposures(f->s, &f->a, 1, 0, 9, &exposures, &n, &f->err));
    assert_int_equal(n, 1);
    assert_true(exposures[0].id > exposure);
}

/* ---- nothing comes back ------------------------------------------------ */

static int64_t floor_of(store_fixture *f, int64_t *count)
{
    piq_record r;
    int64_t floor = 0;
    assert_status(f, PIQ_OK,
                  f->s->ops->record(f->s, &f->a, (piq_user_id){0},
                                    PIQ_RECORD_ERASED, PIQ_RECORD_FLOOR, T0, &r,
                                    &f->err));
    assert_true(piq_str_to_i64(r.document, &floor));
    *count = r.version;
    return floor;
}

static void test_erase__who_holds_an_old_state_cannot_write_it(void **state)
{
    store_fixture *f = *state;
    write_life(f, 7, 0, "e");
    piq_state_row next = state_of(7, 1, "from what was erased");
    must_erase(f, 7);
    piq_commit c = {.states = &next, .n_states = 1};
    assert_status(f, PIQ_ESTALE, commit(f, &c));
    assert_int_equal(version_of(f, 7), 0);
}

static void test_erase__a_new_learner_begins_above_what_was_erased(void **state)
{
    store_fixture *f = *state;
    int64_t count;
    piq_state_row row;
    piq_commit c = {.states = &row, .n_states = 1};
    write_life(f, 7, 0, "e");
    for (int64_t v = 1; v < 5; v++) {
        row = state_of(7, v, "s");
        assert_status(f, PIQ_OK, commit(f, &c));
    }
    write_life(f, 9, 0, "e");
    must_erase(f, 7);
    assert_int_equal(floor_of(f, &count), 5);
    assert_int_equal(count, 1);
    must_erase(f, 9);
    assert_int_equal(floor_of(f, &count), 5); /* it never falls */
    assert_int_equal(count, 2);
    row = state_of(7, 0, "new");
    assert_status(f, PIQ_ESTALE, commit(f, &c));
    row.version = 5;
    assert_status(f, PIQ_ESTALE, commit(f, &c));
    row.version = 6;
    assert_status(f, PIQ_OK, commit(f, &c));
    assert_int_equal(version_of(f, 7), 6);
    row = state_of(7, 6, "goes on");
    assert_status(f, PIQ_OK, commit(f, &c));
}

/* A slate or a path is not guarded by a version of its own. */
static piq_status write_slate(store_fixture *f, int64_t user, int64_t version)
{
    piq_recommendation_row offer = recommendation_of(user, 5);
    piq_slate_row slate = {.user = {user},
                           .served_us = T0,
                           .state_version = version,
                           .policy = PIQ_STR("p"),
                           .request = PIQ_STR("{}"),
                           .n_recommendations = 1};
    piq_commit c = {.recommendations = &offer,
                    .n_recommendations = 1,
                    .slates = &slate,
                    .n_slates = 1};
    return commit(f, &c);
}

static piq_status write_path(store_fixture *f, int64_t user, int64_t version)
{
    piq_path_row path = path_of(user, "{}");
    path.state_version = version;
    piq_commit c = {.paths = &path, .n_paths = 1};
    return commit(f, &c);
}

/* Nor is a record, unless it says what it was made from. */
static piq_status write_record(store_fixture *f, int64_t user, int64_t version)
{
    const piq_record r = {.user = {user},
                          .kind = PIQ_STR("note"),
                          .key = PIQ_STR("made"),
                          .from_version = PIQ_RECORD_ANY,
                          .state_version = version,
                          .at_us = T0,
                          .expires_us = INT64_MAX,
                          .document = PIQ_STR("{\"a\":1}")};
    return f->s->ops->put_records(f->s, &r, 1, &f->err);
}

static bool has_profile(store_fixture *f, int64_t user, int64_t version)
{
    piq_profile_row got, row = profile_of(user, version);
    must_commit(f, (piq_commit){.profiles = &row, .n_profiles = 1});
    piq_status st =
        f->s->ops->profile(f->s, &f->a, (piq_user_id){user}, &got, &f->err);
    return st == PIQ_OK && got.state_version == version;
}

static void test_erase__what_was_made_from_it_cannot_be_written(void **state)
{
    store_fixture *f = *state;
    piq_state_row row = state_of(7, 1, "s");
    write_life(f, 7, 0, "e");
    write_life(f, 8, 0, "e");
    must_commit(f, (piq_commit){.states = &row, .n_states = 1});
    must_erase(f, 7); /* at version 2 */
    assert_status(f, PIQ_ESTALE, write_slate(f, 7, 2));
    assert_status(f, PIQ_ESTALE, write_path(f, 7, 2));
    assert_status(f, PIQ_ESTALE, write_record(f, 7, 2));
    assert_false(has_profile(f, 7, 2));
    assert_int_equal(n_rows_of(f, 7), 0);
    /* A learner who was there all the time, at a version below. */
    assert_status(f, PIQ_OK, write_slate(f, 8, 1));
    assert_status(f, PIQ_OK, write_path(f, 8, 1));
    assert_status(f, PIQ_OK, write_record(f, 8, 1));
    assert_true(has_profile(f, 8, 1));
    /* One who came back. */
    row = (piq_state_row){.user = {7}, .version = 3, .body = PIQ_STR("n")};
    must_commit(f, (piq_commit){.states = &row, .n_states = 1});
    assert_status(f, PIQ_ESTALE, write_slate(f, 7, 2));
    assert_status(f, PIQ_ESTALE, write_path(f, 7, 2));
    assert_status(f, PIQ_ESTALE, write_record(f, 7, 2));
    assert_false(has_profile(f, 7, 2));
    assert_status(f, PIQ_OK, write_record(f, 7, 3));
    assert_status(f, PIQ_OK, write_slate(f, 7, 3));
    assert_status(f, PIQ_OK, write_path(f, 7, 3));
    assert_true(has_profile(f, 7, 3));
}

/* ---- at once ----------------------------------------------------------- */

typedef struct maker {
    store_fixture *f;
    int64_t user, version;
    piq_status status;
} maker;

static void *make_record(void *ctx)
{
    maker *m = ctx;
    const piq_record r = {.user = {m->user},
                          .kind = PIQ_STR("note"),
                          .key = PIQ_STR("made"),
                          .from_version = PIQ_RECORD_ANY,
                          .state_version = m->version,
                          .at_us = T0,
                          .expires_us = INT64_MAX,
                          .document = PIQ_STR("{\"a\":1}")};
    m->status = m->f->s->ops->put_records(m->f->s, &r, 1, NULL);
    return NULL;
}

static void test_erase__a_record_made_meanwhile_goes_too(void **state)
{
    store_fixture *f = *state;
    piq_record r;
    write_life(f, 99, 0, "e");
    must_erase(f, 99); /* so that there is a floor */
    for (int64_t user = 10; user < 40; user++) {
        pthread_t thread;
        maker m = {.f = f, .user = user, .version = user - 8};
        piq_state_row row = {
            .user = {user}, .version = m.version, .body = PIQ_STR("s")};
        must_commit(f, (piq_commit){.states = &row, .n_states = 1});
        assert_int_equal(pthread_create(&thread, NULL, make_record, &m), 0);
        must_erase(f, user);
        pthread_join(thread, NULL);
        assert_true(m.status == PIQ_OK || m.status == PIQ_ESTALE);
        assert_status(f, PIQ_ENOTFOUND,
                      f->s->ops->record(f->s, &f->a, (piq_user_id){user},
                                        PIQ_STR("note"), PIQ_STR("made"), T0,
                                        &r, &f->err));
    }
}

static void test_erase__an_id_may_come_again_with_other_events(void **state)
{
    store_fixture *f = *state;
    write_life(f, 7, 0, "e");
    must_erase(f, 7);
    piq_event_row e = event_of(7, "e", T0);
    must_commit(f, (piq_commit){.events = &e, .n_events = 1});
    assert_int_equal(n_events_of(f, 7), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        STORE_TEST(test_erase__nothing_of_the_learner_is_left),
        STORE_TEST(test_erase__who_is_not_there_is_not_found),
        STORE_TEST(test_erase__is_told_to_other_handles),
        STORE_TEST(test_erase__counts_go_down),
        STORE_TEST(test_erase__numbers_are_not_given_again),
        STORE_TEST(test_erase__who_holds_an_old_state_cannot_write_it),
        STORE_TEST(test_erase__a_new_learner_begins_above_what_was_erased),
        STORE_TEST(test_erase__what_was_made_from_it_cannot_be_written),
        STORE_TEST(test_erase__a_record_made_meanwhile_goes_too),
        STORE_TEST(test_erase__an_id_may_come_again_with_other_events),
    };
    const size_t n = sizeof tests / sizeof tests[0];
    return store_run_tests(tests, n) +
           store_run_tests_on(&memory_kind, tests, n);
}
