/* The log of recommendations in the long run: what is forgotten of it, and a
 * record that names what was logged beside it. */
#include "contract/store_contract.h"

enum { N_SHOWN = 2 };

static piq_slate_row slate_of(int64_t user, int64_t served_us, size_t first)
{
    return (piq_slate_row){.user = {user},
                           .served_us = served_us,
                           .state_version = 1,
                           .catalogue_version = 1,
                           .policy = PIQ_STR("by hand"),
                           .request = PIQ_STR("{}"),
                           .candidates = PIQ_STR("abc"),
                           .first_recommendation = first,
                           .n_recommendations = N_SHOWN};
}

/* A slate of two; the id of the first shown. */
static int64_t serve(store_fixture *f, int64_t user, int64_t served_us)
{
    piq_recommendation_row shown[N_SHOWN] = {recommendation_of(user, 11),
                                             recommendation_of(user, 12)};
    piq_slate_row slate = slate_of(user, served_us, 0);
    must_commit(f, (piq_commit){.recommendations = shown,
                                .n_recommendations = N_SHOWN,
                                .slates = &slate,
                                .n_slates = 1});
    return shown[0].id;
}

static bool forget(store_fixture *f, int64_t before_us, size_t limit)
{
    bool more = true;
    assert_status(
        f, PIQ_OK,
        f->s->ops->forget_log(f->s, before_us, limit, &more, &f->err));
    return more;
}

static size_t slates(store_fixture *f, int64_t after, piq_slate_record **out)
{
    size_t n;
    assert_status(
        f, PIQ_OK,
        f->s->ops->slates_after(f->s, &f->a, after, 1000, out, &n, &f->err));
    return n;
}

static piq_recommendation_row recommendation(store_fixture *f, int64_t user,
                                             int64_t id)
{
    piq_recommendation_row row;
    assert_status(f, PIQ_OK,
                  f->s->ops->recommendation(f->s, &f->a, (piq_user_id){user},
                                            id, &row, &f->err));
    return row;
}

/* What was served stays, with what became of it; how it came about goes. */
static void test_store__an_old_slate_is_forgotten(void **state)
{
    store_fixture *f = *state;
    piq_slate_record *left, one;
    int64_t old = serve(f, 7, T0), young = serve(f, 7, T0 + 10);
    const piq_feedback_row said = {
        .user = {7}, .recommendation_id = old, .action = PIQ_ACTION_ACCEPTED};
    must_commit(f, (piq_commit){.feedback = &said, .n_feedback = 1});
    assert_false(forget(f, T0 + 10, 100));
    assert_int_equal(slates(f, 0, &left), 1);
    assert_int_equal(left[0].first_recommendation, young);
    assert_status(f, PIQ_ENOTFOUND,
                  f->s->ops->slate_of(f->s, &f->a, old, &one, &f->err));
    assert_status(f, PIQ_OK,
                  f->s->ops->slate_of(f->s, &f->a, young, &one, &f->err));
    for (int i = 0; i < N_SHOWN; i++) {
        piq_recommendation_row gone = recommendation(f, 7, old + i);
        assert_int_equal(gone.reasoning.len, 0);
        assert_int_equal(gone.content.v, 11 + i);
        assert_true(recommendation(f, 7, young + i).reasoning.len > 0);
    }
    assert_int_equal(recommendation(f, 7, old).action, PIQ_ACTION_ACCEPTED);
}

/* Who reads on from the slate that is gone, goes on with the next. */
static void test_store__numbers_of_forgotten_slates_stay_theirs(void **state)
{
    store_fixture *f = *state;
    piq_slate_record *before, *after;
    serve(f, 7, T0);
    serve(f, 8, T0 + 1);
    assert_int_equal(slates(f, 0, &before), 2);
    assert_false(forget(f, T0 + 100, 100));
    assert_int_equal(slates(f, 0, &after), 0);
    fixture_reopen(f);
    serve(f, 9, T0 + 2);
    assert_int_equal(slates(f, before[1].id, &after), 1);
    assert_true(after[0].id > before[1].id);
    assert_int_equal(after[0].row.user.v, 9);
}

static void test_store__a_log_is_forgotten_in_pieces(void **state)
{
    store_fixture *f = *state;
    piq_slate_record *left;
    for (int i = 0; i < 5; i++)
        serve(f, 7 + i % 2, T0 + i);
    assert_true(forget(f, T0 + 4, 2));
    assert_int_equal(slates(f, 0, &left), 3);
    assert_true(forget(f, T0 + 4, 2));
    assert_false(forget(f, T0 + 4, 2));
    assert_int_equal(slates(f, 0, &left), 1);
    assert_int_equal(left[0].row.served_us, T0 + 4);
}

static int64_t start(store_fixture *f, const char *name)
{
    piq_experiment_row row = {
        .name = piq_str_of(name), .started_us = T0, .document = PIQ_STR("{}")};
    assert_status(f, PIQ_OK, f->s->ops->put_experiment(f->s, &row, &f->err));
    return row.id;
}

static size_t n_exposures(store_fixture *f, int64_t experiment)
{
    piq_exposure_row *rows;
    size_t n;
    assert_status(f, PIQ_OK,
                  f->s->ops->exposures(f->s, &f->a, experiment, 0, 100, &rows,
                                       &n, &f->err));
    return n;
}

/* Of one that runs all are kept, however old: its report needs them. */
static void test_store__exposures_go_with_a_stopped_experiment(void **state)
{
    store_fixture *f = *state;
    int64_t over = start(f, "over"), late = start(f, "late"),
            runs = start(f, "runs");
    piq_exposure_row rows[3];
    for (int i = 0; i < 3; i++)
        rows[i] =
            (piq_exposure_row){.experiment = (int64_t[]){over, late, runs}[i],
                               .user = {7},
                               .at_us = T0};
    must_commit(f, (piq_commit){.exposures = rows, .n_exposures = 3});
    assert_status(f, PIQ_OK,
                  f->s->ops->stop_experiment(f->s, over, T0 + 5,
                                             PIQ_STR("done"), &f->err));
    assert_status(f, PIQ_OK,
                  f->s->ops->stop_experiment(f->s, late, T0 + 20,
                                             PIQ_STR("done"), &f->err));
    assert_false(forget(f, T0 + 10, 100));
    assert_int_equal(n_exposures(f, over), 0);
    assert_int_equal(n_exposures(f, late), 1);
    assert_int_equal(n_exposures(f, runs), 1);
}

static void test_store__what_is_erased_and_forgotten_is_gone(void **state)
{
    store_fixture *f = *state;
    piq_slate_record *left;
    piq_erased gone;
    serve(f, 7, T0);
    serve(f, 8, T0);
    assert_false(forget(f, T0 + 1, 100));
    assert_status(f, PIQ_OK,
                  f->s->ops->erase(f->s, (piq_user_id){7}, &gone, &f->err));
    assert_int_equal(gone.recommendations, N_SHOWN);
    assert_false(forget(f, T0 + 1, 100));
    assert_int_equal(slates(f, 0, &left), 0);
}

/* ---- a record beside a slate -----------------------------------------------
 */

static piq_record kept(int64_t user, int64_t from, size_t first)
{
    return (piq_record){.user = {user},
                        .kind = PIQ_STR("slate"),
                        .key = PIQ_STR("any/2"),
                        .from_version = from,
                        .at_us = T0,
                        .expires_us = T0 + 100,
                        .document = PIQ_STR("{\"reply\":\"caf\xc3\xa9\"}"),
                        .first_recommendation = first,
                        .n_recommendations = N_SHOWN};
}

/* Both records name the recommendations of their own slate. */
static void test_store__a_record_is_given_the_id_of_its_slate(void **state)
{
    store_fixture *f = *state;
    piq_recommendation_row shown[2 * N_SHOWN] = {
        recommendation_of(7, 11), recommendation_of(7, 12),
        recommendation_of(8, 11), recommendation_of(8, 12)};
    piq_slate_row rows[2] = {slate_of(7, T0, 0), slate_of(8, T0, N_SHOWN)};
    /* In no order of theirs. */
    piq_record records[2] = {kept(8, 0, N_SHOWN), kept(7, 0, 0)};
    must_commit(f, (piq_commit){.recommendations = shown,
                                .n_recommendations = 2 * N_SHOWN,
                                .slates = rows,
                                .n_slates = 2,
                                .records = records,
                                .n_records = 2});
    for (int i = 0; i < 2; i++) {
        char expected[80];
        piq_record r;
        snprintf(expected, sizeof expected,
                 "{\"first\":%lld,\"reply\":\"caf\xc3\xa9\"}",
                 (long long)shown[i * N_SHOWN].id);
        assert_status(f, PIQ_OK,
                      f->s->ops->record(f->s, &f->a, (piq_user_id){7 + i},
                                        PIQ_STR("slate"), PIQ_STR("any/2"), T0,
                                        &r, &f->err));
        assert_str(expected, r.document);
    }
}

/* Of two slates for one request the second is not logged. */
static void test_store__a_record_that_is_stale_takes_its_slate_along(
    void **state)
{
    store_fixture *f = *state;
    piq_slate_record *left;
    piq_recommendation_row shown[N_SHOWN] = {recommendation_of(7, 11),
                                             recommendation_of(7, 12)};
    piq_slate_row slate = slate_of(7, T0, 0);
    piq_record record = kept(7, 0, 0);
    piq_commit c = {.recommendations = shown,
                    .n_recommendations = N_SHOWN,
                    .slates = &slate,
                    .n_slates = 1,
                    .records = &record,
                    .n_records = 1};
    must_commit(f, c);
    assert_status(f, PIQ_ESTALE, commit(f, &c));
    assert_int_equal(slates(f, 0, &left), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        STORE_TEST(test_store__an_old_slate_is_forgotten),
        STORE_TEST(test_store__numbers_of_forgotten_slates_stay_theirs),
        STORE_TEST(test_store__a_log_is_forgotten_in_pieces),
        STORE_TEST(test_store__exposures_go_with_a_stopped_experiment),
        STORE_TEST(test_store__what_is_erased_and_forgotten_is_gone),
        STORE_TEST(test_store__a_record_is_given_the_id_of_its_slate),
        STORE_TEST(test_store__a_record_that_is_stale_takes_its_slate_along),
    };
    return store_run_tests(tests, sizeof tests / sizeof tests[0]);
}
