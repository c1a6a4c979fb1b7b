/* What every backend of store.h owes for rules and experiments. */
#include "contract/memory_place.h"
#include "contract/store_contract.h"

/* ---- rules ------------------------------------------------------------- */

static piq_status put_rules(store_fixture *f, uint32_t version,
                            const char *document)
{
    piq_rules_row row = {version, T0 + version, piq_str_of(document)};
    return f->s->ops->put_rules(f->s, &row, &f->err);
}

static piq_status get_rules(store_fixture *f, uint32_t version,
                            piq_rules_row *out)
{
    return f->s->ops->rules(f->s, &f->a, version, out, &f->err);
}

static void test_store__rules_come_back_by_version(void **state)
{
    store_fixture *f = *state;
    piq_rules_row row;
    assert_status(f, PIQ_ENOTFOUND, get_rules(f, 0, &row));
    assert_status(f, PIQ_OK, put_rules(f, 1, "{\"rules\":[]}"));
    assert_status(f, PIQ_OK, put_rules(f, 2, "{\"rules\":[1]}"));
    fixture_reopen(f);
    assert_status(f, PIQ_OK, get_rules(f, 1, &row));
    assert_int_equal(row.version, 1);
    assert_int_equal(row.made_us, T0 + 1);
    assert_str("{\"rules\":[]}", row.document);
    assert_status(f, PIQ_OK, get_rules(f, 0, &row));
    assert_int_equal(row.version, 2);
    assert_str("{\"rules\":[1]}", row.document);
    assert_status(f, PIQ_ENOTFOUND, get_rules(f, 3, &row));
}

static void test_store__rules_of_a_version_not_due_are_refused(void **state)
{
    store_fixture *f = *state;
    piq_rules_row row;
    assert_status(f, PIQ_ESTALE, put_rules(f, 2, "{}"));
    assert_status(f, PIQ_OK, put_rules(f, 1, "{}"));
    assert_status(f, PIQ_ESTALE, put_rules(f, 1, "[]"));
    assert_status(f, PIQ_EINVAL, put_rules(f, 2, "{"));
    assert_status(f, PIQ_OK, get_rules(f, 0, &row));
    assert_int_equal(row.version, 1);
    assert_str("{}", row.document);
}

static void test_store__versions_of_rules_are_listed_newest_first(void **state)
{
    store_fixture *f = *state;
    piq_rules_row *rows;
    size_t n = 9;
    for (uint32_t v = 1; v <= 3; v++)
        assert_status(f, PIQ_OK, put_rules(f, v, "{}"));
    assert_status(f, PIQ_OK,
                  f->s->ops->rule_versions(f->s, &f->a, 2, &rows, &n, &f->err));
    assert_int_equal(n, 2);
    assert_int_equal(rows[0].version, 3);
    assert_int_equal(rows[0].made_us, T0 + 3);
    assert_int_equal(rows[0].document.len, 0);
    assert_int_equal(rows[1].version, 2);
}

/* ---- shown ------------------------------------------------------------- */

static size_t shown(store_fixture *f, int64_t user, int64_t since_us,
                    size_t limit, piq_shown **out)
{
    size_t n = 9;
    assert_status(f, PIQ_OK,
                  f->s->ops->shown(f->s, &f->a, (piq_user_id){user}, since_us,
                                   limit, out, &n, &f->err));
    return n;
}

static void test_store__shown_goes_back_to_an_instant(void **state)
{
    store_fixture *f = *state;
    piq_shown *rows;
    /* recommendation_of: shown at T0 + content */
    piq_recommendation_row r[] = {
        recommendation_of(7, 1), recommendation_of(7, 2),
        recommendation_of(8, 3), recommendation_of(7, 4)};
    must_commit(f, (piq_commit){.recommendations = r, .n_recommendations = 4});
    piq_feedback_row said = {{7}, r[1].id, PIQ_ACTION_DISMISSED, 0, false};
    must_commit(f, (piq_commit){.feedback = &said, .n_feedback = 1});
    assert_int_equal(shown(f, 7, T0 + 2, 100, &rows), 2);
    assert_int_equal(rows[0].content.v, 4);
    assert_int_equal(rows[0].at_us, T0 + 4);
    assert_int_equal(rows[0].recommendation, r[3].id);
    assert_int_equal(rows[0].action, PIQ_ACTION_NONE);
    assert_int_equal(rows[1].content.v, 2);
    assert_int_equal(rows[1].action, PIQ_ACTION_DISMISSED);
    assert_int_equal(shown(f, 7, T0, 1, &rows), 1);
    assert_int_equal(rows[0].content.v, 4);
    assert_int_equal(shown(f, 9, T0, 100, &rows), 0);
}

/* ---- experiments ------------------------------------------------------- */

static piq_status start(store_fixture *f, const char *name, int64_t *id)
{
    piq_experiment_row row = {.name = piq_str_of(name),
                              .started_us = T0,
                              .document = PIQ_STR("{\"arms\":[]}")};
    piq_status st = f->s->ops->put_experiment(f->s, &row, &f->err);
    if (st == PIQ_OK && id)
        *id = row.id;
    return st;
}

static piq_status stop(store_fixture *f, int64_t id, const char *reason)
{
    return f->s->ops->stop_experiment(f->s, id, T0 + 5, piq_str_of(reason),
                                      &f->err);
}

static size_t list(store_fixture *f, piq_experiment_row **out)
{
    size_t n = 9;
    assert_status(f, PIQ_OK,
                  f->s->ops->experiments(f->s, &f->a, out, &n, &f->err));
    return n;
}

static void test_store__experiment_starts_and_stops(void **state)
{
    store_fixture *f = *state;
    piq_experiment_row *rows;
    int64_t id = 0;
    assert_int_equal(list(f, &rows), 0);
    assert_status(f, PIQ_OK, start(f, "bolder", &id));
    assert_int_equal(id, 1);
    assert_int_equal(list(f, &rows), 1);
    assert_str("bolder", rows[0].name);
    assert_str("{\"arms\":[]}", rows[0].document);
    assert_int_equal(rows[0].started_us, T0);
    assert_true(rows[0].stopped_us == INT64_MAX);
    assert_int_equal(rows[0].stop_reason.len, 0);
    assert_status(f, PIQ_OK, stop(f, id, "enough"));
    fixture_reopen(f);
    assert_int_equal(list(f, &rows), 1);
    assert_int_equal(rows[0].stopped_us, T0 + 5);
    assert_str("enough", rows[0].stop_reason);
}

static void test_store__one_experiment_of_a_name_runs(void **state)
{
    store_fixture *f = *state;
    piq_experiment_row *rows;
    int64_t first = 0, second = 0;
    assert_status(f, PIQ_OK, start(f, "x", &first));
    assert_status(f, PIQ_ECONFLICT, start(f, "x", NULL));
    assert_status(f, PIQ_OK, start(f, "y", NULL));
    assert_status(f, PIQ_OK, stop(f, first, "over"));
    assert_status(f, PIQ_OK, start(f, "x", &second));
    assert_true(second > first);
    assert_int_equal(list(f, &rows), 3);
    assert_status(f, PIQ_EINVAL, start(f, "", NULL));
}

static void test_store__stopping_what_does_not_run_is_refused(void **state)
{
    store_fixture *f = *state;
    piq_experiment_row *rows;
    int64_t id = 0;
    assert_status(f, PIQ_ENOTFOUND, stop(f, 1, "no"));
    assert_status(f, PIQ_OK, start(f, "x", &id));
    assert_status(f, PIQ_OK, stop(f, id, "first"));
    assert_status(f, PIQ_ECONFLICT, stop(f, id, "second"));
    list(f, &rows);
    assert_str("first", rows[0].stop_reason);
}

/* ---- exposures --------------------------------------------------------- */

static size_t exposures(store_fixture *f, int64_t experiment, int64_t after,
                        size_t limit, piq_exposure_row **out)
{
    size_t n = 9;
    assert_status(f, PIQ_OK,
                  f->s->ops->exposures(f->s, &f->a, experiment, after, limit,
                                       out, &n, &f->err));
    return n;
}

/* Two slates of learner 7 (two and no recommendations), one of learner 8. */
static void expose(store_fixture *f)
{
    piq_recommendation_row earlier = recommendation_of(9, 1);
    piq_recommendation_row r[] = {recommendation_of(7, 1),
                                  recommendation_of(7, 2),
                                  recommendation_of(8, 3)};
    piq_exposure_row x[] = {
        {.experiment = 4,
         .arm = 1,
         .user = {7},
         .at_us = T0,
         .gained = 1.25,
         .practice_s = 60,
         .n_recommendations = 2},
        {.experiment = 5, .user = {7}, .at_us = T0, .n_recommendations = 2},
        {.experiment = 4, .user = {7}, .at_us = T0 + 1},
        {.experiment = 4,
         .user = {8},
         .at_us = T0 + 2,
         .first_recommendation = 2,
         .n_recommendations = 1}};
    must_commit(
        f, (piq_commit){.recommendations = &earlier, .n_recommendations = 1});
    must_commit(f, (piq_commit){.recommendations = r,
                                .n_recommendations = 3,
                                .exposures = x,
                                .n_exposures = 4});
    piq_feedback_row said[] = {{{7}, r[1].id, PIQ_ACTION_ACCEPTED, 4, false},
                               {{8}, r[2].id, PIQ_ACTION_DISMISSED, 0, false}};
    must_commit(f, (piq_commit){.feedback = said, .n_feedback = 2});
}

static void test_store__exposures_come_back_with_outcomes(void **state)
{
    store_fixture *f = *state;
    piq_exposure_row *x;
    expose(f);
    assert_int_equal(exposures(f, 4, 0, 100, &x), 3);
    assert_int_equal(x[0].experiment, 4);
    assert_int_equal(x[0].arm, 1);
    assert_int_equal(x[0].user.v, 7);
    assert_int_equal(x[0].at_us, T0);
    assert_true(x[0].gained == 1.25 && x[0].practice_s == 60);
    assert_int_equal(x[0].first_recommendation, 2); /* 1 is learner 9's */
    assert_int_equal(x[0].n_recommendations, 2);
    assert_int_equal(x[0].outcomes[0].action, PIQ_ACTION_NONE);
    assert_int_equal(x[0].outcomes[0].feedback_score, 0);
    assert_int_equal(x[0].outcomes[1].action, PIQ_ACTION_ACCEPTED);
    assert_int_equal(x[0].outcomes[1].feedback_score, 4);
    assert_int_equal(x[1].n_recommendations, 0);
    assert_int_equal(x[2].user.v, 8);
    assert_int_equal(x[2].arm, 0);
    assert_int_equal(x[2].first_recommendation, 4);
    assert_int_equal(x[2].outcomes[0].action, PIQ_ACTION_DISMISSED);
}

static void test_store__exposures_are_read_in_pages(void **state)
{
    store_fixture *f = *state;
    piq_exposure_row *x, *y;
    expose(f);
    assert_int_equal(exposures(f, 4, 0, 2, &x), 2);
    assert_int_equal(exposures(f, 4, x[1].id, 2, &y), 1);
    assert_int_equal(y[0].user.v, 8);
    assert_int_equal(exposures(f, 4, y[0].id, 2, &y), 0);
    assert_int_equal(exposures(f, 6, 0, 2, &y), 0);
}

static void test_store__a_refused_commit_exposes_nobody(void **state)
{
    store_fixture *f = *state;
    piq_recommendation_row r = recommendation_of(7, 1);
    piq_exposure_row x = {.experiment = 4, .user = {7}, .n_recommendations = 1};
    piq_feedback_row said = {{7}, 99, PIQ_ACTION_ACCEPTED, 0, false};
    piq_commit c = {.recommendations = &r,
                    .n_recommendations = 1,
                    .exposures = &x,
                    .n_exposures = 1,
                    .feedback = &said,
                    .n_feedback = 1};
    piq_exposure_row *rows;
    assert_status(f, PIQ_ENOTFOUND, commit(f, &c));
    assert_int_equal(exposures(f, 4, 0, 10, &rows), 0);
}

/* ---- marks ------------------------------------------------------------- */

static void assert_marks(store_fixture *f, uint32_t rules, uint64_t experiments)
{
    uint32_t r = 99;
    uint64_t x = 99;
    assert_status(f, PIQ_OK, f->s->ops->policy_marks(f->s, &r, &x, &f->err));
    assert_int_equal(r, rules);
    assert_int_equal(x, experiments);
}

static void test_store__marks_move_with_every_change(void **state)
{
    store_fixture *f = *state;
    int64_t id = 0;
    assert_marks(f, 0, 0);
    assert_status(f, PIQ_OK, put_rules(f, 1, "{}"));
    assert_marks(f, 1, 0);
    assert_status(f, PIQ_OK, start(f, "x", &id));
    assert_marks(f, 1, 1);
    assert_status(f, PIQ_OK, stop(f, id, "over"));
    assert_marks(f, 1, 2);
    assert_status(f, PIQ_OK, start(f, "x", &id));
    assert_marks(f, 1, 3);
}

static const struct CMUnitTest tests[] = {
    STORE_TEST(test_store__rules_come_back_by_version),
    STORE_TEST(test_store__rules_of_a_version_not_due_are_refused),
    STORE_TEST(test_store__versions_of_rules_are_listed_newest_first),
    STORE_TEST(test_store__shown_goes_back_to_an_instant),
    STORE_TEST(test_store__experiment_starts_and_stops),
    STORE_TEST(test_store__one_experiment_of_a_name_runs),
    STORE_TEST(test_store__stopping_what_does_not_run_is_refused),
    STORE_TEST(test_store__exposures_come_back_with_outcomes),
    STORE_TEST(test_store__exposures_are_read_in_pages),
    STORE_TEST(test_store__a_refused_commit_exposes_nobody),
    STORE_TEST(test_store__marks_move_with_every_change),
};

int main(void)
{
    size_t n = sizeof tests / sizeof tests[0];
    return store_run_tests(tests, n) +
           store_run_tests_on(&memory_kind, tests, n);
}
