/* What every backend of store.h owes: what learners are shown (recommendations,
 * paths, profiles), catalogues and calibrations. */
#include "contract/store_contract.h"
#include "domain/json_reader.h"

/* ---- recommendations ------------------------------------------------- */

static void test_store__recommendation_comes_back_as_it_was(void **state)
{
    store_fixture *f = *state;
    piq_recommendation_row in[3] = {recommendation_of(1, 10),
                                    recommendation_of(1, 11),
                                    recommendation_of(1, 12)};
    in[1].type = PIQ_CHARACTER;
    in[1].action = PIQ_ACTION_DISMISSED;
    in[1].feedback_score = 5;
    in[1].recommended_us = T0 + 999999; /* a fraction of a second */
    in[2].score = 1.0 / 3;
    must_commit(f, (piq_commit){.recommendations = in, .n_recommendations = 3});
    for (int i = 0; i < 3; i++) {
        piq_recommendation_row got;
        assert_status(f, PIQ_OK,
                      f->s->ops->recommendation(f->s, &f->a, in[i].user,
                                                in[i].id, &got, &f->err));
        assert_int_equal(got.id, in[i].id);
        assert_int_equal(got.user.v, 1);
        assert_int_equal(got.type, in[i].type);
        assert_int_equal(got.content.v, in[i].content.v);
        assert_true(got.score == in[i].score);
        assert_true(piq_str_eq(got.reasoning, in[i].reasoning));
        assert_int_equal(got.recommended_us, in[i].recommended_us);
        assert_int_equal(got.action, in[i].action);
        assert_int_equal(got.feedback_score, in[i].feedback_score);
    }
    piq_recommendation_row got;
    assert_status(f, PIQ_ENOTFOUND,
                  f->s->ops->recommendation(f->s, &f->a, (piq_user_id){2},
                                            in[0].id, &got, &f->err));
}

static void test_store__recommendations_come_newest_first(void **state)
{
    store_fixture *f = *state;
    piq_recommendation_row in[4] = {
        recommendation_of(1, 10), recommendation_of(1, 11),
        recommendation_of(2, 12), recommendation_of(1, 13)};
    must_commit(f, (piq_commit){.recommendations = in, .n_recommendations = 4});
    for (int i = 1; i < 4; i++)
        assert_true(in[i].id > in[i - 1].id);
    piq_recommendation_row *rows;
    size_t n;
    assert_status(f, PIQ_OK,
                  f->s->ops->recommendations(f->s, &f->a, in[0].user, 2, &rows,
                                             &n, &f->err));
    assert_int_equal(n, 2);
    assert_int_equal(rows[0].content.v, 13);
    assert_int_equal(rows[1].content.v, 11);
    assert_status(f, PIQ_OK,
                  f->s->ops->recommendations(f->s, &f->a, (piq_user_id){3}, 2,
                                             &rows, &n, &f->err));
    assert_int_equal(n, 0);
}

static void test_store__feedback_changes_what_it_gives(void **state)
{
    store_fixture *f = *state;
    piq_recommendation_row in = recommendation_of(1, 10), got;
    must_commit(f,
                (piq_commit){.recommendations = &in, .n_recommendations = 1});
    static const struct {
        piq_user_action given, kept;
        uint8_t score_given, score_kept;
    } steps[] = {{PIQ_ACTION_ACCEPTED, PIQ_ACTION_ACCEPTED, 0, 0},
                 {PIQ_ACTION_NONE, PIQ_ACTION_ACCEPTED, 4, 4},
                 {PIQ_ACTION_COMPLETED, PIQ_ACTION_COMPLETED, 0, 4},
                 {PIQ_ACTION_NONE, PIQ_ACTION_COMPLETED, 0, 4}};
    for (int i = 0; i < 4; i++) {
        piq_feedback_row row = {.user = {1},
                                .recommendation_id = in.id,
                                .action = steps[i].given,
                                .feedback_score = steps[i].score_given};
        must_commit(f, (piq_commit){.feedback = &row, .n_feedback = 1});
        assert_status(f, PIQ_OK,
                      f->s->ops->recommendation(f->s, &f->a, in.user, in.id,
                                                &got, &f->err));
        assert_int_equal(got.action, steps[i].kept);
        assert_int_equal(got.feedback_score, steps[i].score_kept);
    }
}

/* Also to what it was when nothing had become of it. */
static void test_store__feedback_may_be_exact(void **state)
{
    store_fixture *f = *state;
    piq_recommendation_row in[] = {recommendation_of(1, 10),
                                   recommendation_of(1, 11)};
    piq_recommendation_row got;
    must_commit(f, (piq_commit){.recommendations = in, .n_recommendations = 2});
    const piq_feedback_row rows[] = {
        {.user = {1},
         .recommendation_id = in[0].id,
         .action = PIQ_ACTION_ACCEPTED,
         .feedback_score = 3},
        {.user = {1}, .recommendation_id = in[1].id, .feedback_score = 5},
        {.user = {1}, .recommendation_id = in[0].id, .exact = true},
        {.user = {1},
         .recommendation_id = in[1].id,
         .action = PIQ_ACTION_DISMISSED,
         .exact = true},
        {.user = {1}, .recommendation_id = in[0].id, .feedback_score = 2}};
    must_commit(f, (piq_commit){.feedback = rows, .n_feedback = 5});
    assert_status(f, PIQ_OK,
                  f->s->ops->recommendation(f->s, &f->a, in[0].user, in[0].id,
                                            &got, &f->err));
    assert_int_equal(got.action, PIQ_ACTION_NONE);
    assert_int_equal(got.feedback_score, 2);
    assert_status(f, PIQ_OK,
                  f->s->ops->recommendation(f->s, &f->a, in[1].user, in[1].id,
                                            &got, &f->err));
    assert_int_equal(got.action, PIQ_ACTION_DISMISSED);
    assert_int_equal(got.feedback_score, 0);
}

static void test_store__feedback_on_anothers_is_refused(void **state)
{
    store_fixture *f = *state;
    piq_recommendation_row in = recommendation_of(1, 10), got;
    must_commit(f,
                (piq_commit){.recommendations = &in, .n_recommendations = 1});
    piq_feedback_row row = {
        .user = {2}, .recommendation_id = in.id, .action = PIQ_ACTION_ACCEPTED};
    piq_event_row e = event_of(2, "e", T0);
    piq_commit c = {
        .events = &e, .n_events = 1, .feedback = &row, .n_feedback = 1};
    assert_status(f, PIQ_ENOTFOUND, commit(f, &c));
    assert_int_equal(n_events_of(f, 2), 0);
    assert_status(
        f, PIQ_OK,
        f->s->ops->recommendation(f->s, &f->a, in.user, in.id, &got, &f->err));
    assert_int_equal(got.action, PIQ_ACTION_NONE);
}

static void test_store__slates_are_logged_with_what_they_showed(void **state)
{
    store_fixture *f = *state;
    piq_recommendation_row rec[3] = {recommendation_of(1, 1),
                                     recommendation_of(1, 2),
                                     recommendation_of(2, 3)};
    piq_slate_row slates[3] = {
        {.user = {1}, .n_recommendations = 2},
        {.user = {2}, .first_recommendation = 2, .n_recommendations = 1},
        {.user = {3}, .first_recommendation = 3}};
    for (int i = 0; i < 3; i++) {
        slates[i].served_us = T0;
        slates[i].policy = PIQ_STR("additive");
        slates[i].request = PIQ_STR("{\"limit\":2}");
        slates[i].candidates = (piq_str){"\0\1\2", 3};
    }
    must_commit(f, (piq_commit){.recommendations = rec,
                                .n_recommendations = 3,
                                .slates = slates,
                                .n_slates = 3});
    piq_feedback_row row = {.user = {1},
                            .recommendation_id = rec[1].id,
                            .action = PIQ_ACTION_DISMISSED,
                            .feedback_score = 2};
    must_commit(f, (piq_commit){.feedback = &row, .n_feedback = 1});
    piq_slate_record *all, one;
    size_t n;
    assert_status(
        f, PIQ_OK,
        f->s->ops->slates_after(f->s, &f->a, 0, 10, &all, &n, &f->err));
    assert_int_equal(n, 3);
    assert_int_equal(all[0].first_recommendation, rec[0].id);
    assert_int_equal(all[0].outcomes[0].action, PIQ_ACTION_NONE);
    assert_int_equal(all[0].outcomes[1].action, PIQ_ACTION_DISMISSED);
    assert_int_equal(all[0].outcomes[1].feedback_score, 2);
    assert_int_equal(all[1].row.user.v, 2);
    assert_int_equal(all[1].row.n_recommendations, 1);
    assert_int_equal(all[2].row.n_recommendations, 0);
    assert_int_equal(all[2].row.served_us, T0);
    assert_true(piq_str_eq(all[2].row.candidates, (piq_str){"\0\1\2", 3}));
    assert_true(piq_str_eq(all[2].row.policy, PIQ_STR("additive")));
    int64_t first = all[0].id;
    assert_status(
        f, PIQ_OK,
        f->s->ops->slates_after(f->s, &f->a, first, 1, &all, &n, &f->err));
    assert_int_equal(n, 1);
    assert_int_equal(all[0].row.user.v, 2);
    for (int i = 0; i < 3; i++) {
        assert_status(
            f, PIQ_OK,
            f->s->ops->slate_of(f->s, &f->a, rec[i].id, &one, &f->err));
        assert_int_equal(one.row.user.v, i < 2 ? 1 : 2);
        assert_int_equal(one.first_recommendation, rec[i < 2 ? 0 : 2].id);
    }
    assert_status(
        f, PIQ_ENOTFOUND,
        f->s->ops->slate_of(f->s, &f->a, rec[2].id + 1, &one, &f->err));
    assert_status(f, PIQ_ENOTFOUND,
                  f->s->ops->slate_of(f->s, &f->a, 0, &one, &f->err));
}

/* ---- paths and profiles ---------------------------------------------- */

static void test_store__path_is_the_newest_and_can_be_updated(void **state)
{
    store_fixture *f = *state;
    piq_path_row got;
    assert_status(
        f, PIQ_ENOTFOUND,
        f->s->ops->path(f->s, &f->a, (piq_user_id){1}, &got, &f->err));
    piq_path_row in[3] = {path_of(1, "{\"n\":1}"), path_of(2, "{\"n\":2}"),
                          path_of(1, "{\"n\":3}")};
    must_commit(f, (piq_commit){.paths = in, .n_paths = 3});
    assert_true(in[0].id >= 1 && in[1].id > in[0].id && in[2].id > in[1].id);
    assert_status(f, PIQ_OK,
                  f->s->ops->path(f->s, &f->a, in[0].user, &got, &f->err));
    assert_int_equal(got.id, in[2].id);
    assert_str("{\"n\":3}", got.path_config);
    assert_int_equal(got.current_position, 2);
    assert_int_equal(got.estimated_completion_us, T0 + 123456);
    assert_str("[]", got.adaptation_history);
    assert_int_equal(got.created_us, T0);
    assert_int_equal(got.state_version, 4);
    piq_path_row change = path_of(1, "{\"n\":4}");
    change.id = in[2].id;
    change.estimated_completion_us = INT64_MAX;
    change.current_position = 9;
    change.created_us = T0 + 5;
    change.state_version = 6;
    change.adaptation_history = PIQ_STR("[{}]");
    must_commit(f, (piq_commit){.paths = &change, .n_paths = 1});
    assert_status(f, PIQ_OK,
                  f->s->ops->path(f->s, &f->a, in[0].user, &got, &f->err));
    assert_int_equal(got.id, in[2].id);
    assert_str("{\"n\":4}", got.path_config);
    assert_int_equal(got.estimated_completion_us, INT64_MAX);
    assert_int_equal(got.current_position, 9);
    assert_int_equal(got.created_us, T0); /* when the row was made */
    assert_int_equal(got.state_version, 6);
    assert_str("[{}]", got.adaptation_history);
}

/* A backend may lay a document out anew, so it is asked what it says. */
static void assert_head(store_fixture *f, int64_t user, size_t n_steps,
                        const char *expected)
{
    piq_str got;
    assert_status(f, PIQ_OK,
                  f->s->ops->path_head(f->s, &f->a, (piq_user_id){user},
                                       n_steps, &got, &f->err));
    if (!piq_json_same(piq_str_of(expected), got))
        fail_msg("%zu steps: %.*s, not %s", n_steps, PIQ_STR_ARG(got),
                 expected);
}

#define HEAD "{\"from_day\":\"2026-01-01\",\"dropped\":[\"a]\"],"
#define STEP "{\"a\":1,\"of\":[\"x]\\\"\",{}]}"

static void test_store__head_of_a_path_is_all_but_what_is_far(void **state)
{
    static const char whole[] =
        HEAD "\"current_position\":1,\"steps\":[{\"a\":0}," STEP
             ",{\"a\":2},{\"a\":3}]}";
    store_fixture *f = *state;
    piq_str got;
    piq_path_row in[3] = {path_of(1, "{\"older\":1}"), path_of(1, whole),
                          path_of(2, "{\"current_position\":0,\"steps\":[]}")};
    in[1].current_position = 1;
    in[2].current_position = 0;
    assert_status(
        f, PIQ_ENOTFOUND,
        f->s->ops->path_head(f->s, &f->a, (piq_user_id){1}, 3, &got, &f->err));
    must_commit(f, (piq_commit){.paths = in, .n_paths = 3});
    assert_head(f, 1, 0, HEAD "\"current_position\":1,\"steps\":[{\"a\":0}]}");
    assert_head(f, 1, 1,
                HEAD "\"current_position\":1,\"steps\":[{\"a\":0}," STEP "]}");
    assert_head(f, 1, 3, whole);
    assert_head(f, 1, SIZE_MAX, whole);
    assert_head(f, 2, 12, "{\"current_position\":0,\"steps\":[]}");
}

/* Longer than what is read of it at once, wherever the cut is. */
static void test_store__head_of_a_long_path_is_whole(void **state)
{
    store_fixture *f = *state;
    enum { N_STEPS = 400, MOST = N_STEPS * 260 };
    char *whole = calloc(1, MOST), *head = calloc(1, MOST);
    assert_true(whole != NULL && head != NULL);
    static const size_t cuts[] = {0, 1, 12, 70, 71, 72, 150, 399, 400};
    for (size_t k = 0; k < sizeof cuts / sizeof cuts[0]; k++) {
        size_t n = 0, m = 0;
        n += (size_t)snprintf(whole, MOST,
                              "{\"current_position\":3,\"steps\":[");
        m += (size_t)snprintf(head, MOST, "%s", whole);
        for (size_t i = 0; i < N_STEPS; i++) {
            size_t at = n;
            n += (size_t)snprintf(whole + n, MOST - n,
                                  "%s{\"step\":%zu,\"why\":\"%0*d\"}",
                                  i ? "," : "", i, 200, (int)k);
            if (i < 3 + cuts[k])
                m += (size_t)snprintf(head + m, MOST - m, "%s", whole + at);
        }
        snprintf(whole + n, MOST - n, "]}");
        snprintf(head + m, MOST - m, "]}");
        piq_path_row in = path_of(1, whole);
        in.current_position = 3;
        must_commit(f, (piq_commit){.paths = &in, .n_paths = 1});
        assert_head(f, 1, cuts[k], head);
    }
    free(whole);
    free(head);
}

static void test_store__path_of_another_is_not_updated(void **state)
{
    store_fixture *f = *state;
    piq_path_row in = path_of(1, "{}");
    must_commit(f, (piq_commit){.paths = &in, .n_paths = 1});
    piq_path_row other = path_of(2, "{\"mine\":1}"), got;
    other.id = in.id;
    piq_commit c = {.paths = &other, .n_paths = 1};
    assert_status(f, PIQ_ENOTFOUND, commit(f, &c));
    assert_status(f, PIQ_OK,
                  f->s->ops->path(f->s, &f->a, in.user, &got, &f->err));
    assert_str("{}", got.path_config);
}

static void test_store__profile_never_goes_back(void **state)
{
    store_fixture *f = *state;
    piq_profile_row rows[2] = {profile_of(1, 5), profile_of(1, 4)}, got;
    rows[1].skill_profile = PIQ_STR("{\"older\":1}");
    must_commit(f, (piq_commit){.profiles = rows, .n_profiles = 2});
    assert_status(f, PIQ_OK,
                  f->s->ops->profile(f->s, &f->a, rows[0].user, &got, &f->err));
    assert_int_equal(got.state_version, 5);
    assert_true(piq_str_eq(got.skill_profile, rows[0].skill_profile));
    assert_true(piq_str_eq(got.learning_style, rows[0].learning_style));
    assert_true(piq_str_eq(got.behavioral_metrics, rows[0].behavioral_metrics));
    assert_true(piq_str_eq(got.goals, rows[0].goals));
    assert_int_equal(got.updated_us, T0 + 5);
    piq_profile_row same = profile_of(1, 5); /* stated anew, same state */
    same.goals = PIQ_STR("");
    must_commit(f, (piq_commit){.profiles = &same, .n_profiles = 1});
    assert_status(f, PIQ_OK,
                  f->s->ops->profile(f->s, &f->a, same.user, &got, &f->err));
    assert_int_equal(got.goals.len, 0);
    assert_status(
        f, PIQ_ENOTFOUND,
        f->s->ops->profile(f->s, &f->a, (piq_user_id){2}, &got, &f->err));
}

static void test_store__broken_json_is_refused(void **state)
{
    store_fixture *f = *state;
    piq_profile_row row = profile_of(1, 1);
    row.learning_style = PIQ_STR("{");
    piq_commit c = {.profiles = &row, .n_profiles = 1};
    assert_status(f, PIQ_EINVAL, commit(f, &c));
    piq_path_row path = path_of(1, "[1,]");
    c = (piq_commit){.paths = &path, .n_paths = 1};
    assert_status(f, PIQ_EINVAL, commit(f, &c));
}

/* ---- catalogues and calibrations ------------------------------------- */

static void test_store__catalogue_versions_follow_one_another(void **state)
{
    store_fixture *f = *state;
    const piq_store_ops *ops = f->s->ops;
    uint32_t found;
    piq_str doc;
    assert_status(f, PIQ_ENOTFOUND,
                  ops->catalogue(f->s, &f->a, 0, &found, &doc, &f->err));
    assert_status(f, PIQ_ESTALE,
                  ops->put_catalogue(f->s, 2, PIQ_STR("{}"), T0, &f->err));
    assert_status(f, PIQ_OK,
                  ops->put_catalogue(f->s, 1, PIQ_STR("one"), T0, &f->err));
    assert_status(f, PIQ_OK,
                  ops->put_catalogue(f->s, 2, PIQ_STR("two"), T0, &f->err));
    assert_status(f, PIQ_ESTALE,
                  ops->put_catalogue(f->s, 2, PIQ_STR("TWO"), T0, &f->err));
    assert_status(f, PIQ_ESTALE,
                  ops->put_catalogue(f->s, 4, PIQ_STR("4"), T0, &f->err));
    assert_status(f, PIQ_OK,
                  ops->catalogue(f->s, &f->a, 0, &found, &doc, &f->err));
    assert_int_equal(found, 2);
    assert_str("two", doc);
    assert_status(f, PIQ_OK,
                  ops->catalogue(f->s, &f->a, 1, &found, &doc, &f->err));
    assert_int_equal(found, 1);
    assert_str("one", doc);
    assert_status(f, PIQ_ENOTFOUND,
                  ops->catalogue(f->s, &f->a, 3, &found, &doc, &f->err));
}

static void test_store__calibrations_come_by_item_and_number(void **state)
{
    store_fixture *f = *state;
    uint32_t number = 9;
    int64_t through = 9;
    assert_status(f, PIQ_OK,
                  f->s->ops->calibration(f->s, &number, &through, &f->err));
    assert_int_equal(number, 0);
    assert_int_equal(through, 0);
    piq_calibrated_item first[2] = {{{7}, {0.1F, 0.2F, 30}},
                                    {{2}, {-1.7F, 0.3F, 40}}};
    piq_calibrated_item second[1] = {{{7}, {0.11F, 0.1F, 60}}};
    piq_calibration_row rows[2] = {{.number = 1,
                                    .through_seq = 100,
                                    .made_us = T0,
                                    .items = first,
                                    .n_items = 2},
                                   {.number = 2,
                                    .through_seq = 250,
                                    .made_us = T0,
                                    .items = second,
                                    .n_items = 1}};
    must_commit(f, (piq_commit){.calibrations = rows, .n_calibrations = 2});
    assert_status(f, PIQ_OK,
                  f->s->ops->calibration(f->s, &number, &through, &f->err));
    assert_int_equal(number, 2);
    assert_int_equal(through, 250);
    piq_calibration_entry *e;
    size_t n;
    assert_status(f, PIQ_OK,
                  f->s->ops->calibrations(f->s, &f->a, &e, &n, &f->err));
    assert_int_equal(n, 3);
    assert_int_equal(e[0].item.item.v, 2);
    assert_int_equal(e[1].item.item.v, 7);
    assert_int_equal(e[1].number, 1);
    assert_int_equal(e[2].number, 2);
    assert_true(e[2].item.estimate.difficulty_logit == 0.11F);
    assert_true(e[2].item.estimate.variance == 0.1F);
    assert_int_equal(e[2].item.estimate.n, 60);
    piq_commit again = {.calibrations = rows + 1, .n_calibrations = 1};
    assert_status(f, PIQ_ESTALE, commit(f, &again));
}

/* ---------------------------------------------------------------------- */

int main(void)
{
    const struct CMUnitTest tests[] = {
        STORE_TEST(test_store__recommendation_comes_back_as_it_was),
        STORE_TEST(test_store__recommendations_come_newest_first),
        STORE_TEST(test_store__feedback_changes_what_it_gives),
        STORE_TEST(test_store__feedback_may_be_exact),
        STORE_TEST(test_store__feedback_on_anothers_is_refused),
        STORE_TEST(test_store__slates_are_logged_with_what_they_showed),
        STORE_TEST(test_store__path_is_the_newest_and_can_be_updated),
        STORE_TEST(test_store__head_of_a_path_is_all_but_what_is_far),
        STORE_TEST(test_store__head_of_a_long_path_is_whole),
        STORE_TEST(test_store__path_of_another_is_not_updated),
        STORE_TEST(test_store__profile_never_goes_back),
        STORE_TEST(test_store__broken_json_is_refused),
        STORE_TEST(test_store__catalogue_versions_follow_one_another),
        STORE_TEST(test_store__calibrations_come_by_item_and_number),
    };
    return store_run_tests(tests, sizeof tests / sizeof tests[0]);
}
