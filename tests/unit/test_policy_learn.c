/* threads:tsan
 * Learning what recommendations are weighed by, from the log. */
#include "engine/engine_internal.h"
#include "engine/policy.h"
#include "engine/slate_log.h"

#include "base/calendar.h"
#include "support/engine_fixture.h"
#include "support/memory_store_data.h"
#include "support/near.h"

enum { N_USERS = 12, SHOWN = 10 };

static int set_up(void **state)
{
    engine_fixture *f = fixture_new(NULL);
    fixture_load_file(f, "content/poker.json");
    for (int u = 1; u <= N_USERS; u++) {
        piq_event e = fixture_answer(f, 1, 0, (float)(u % 2));
        fixture_post(f, u, &e, 1);
    }
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    fixture_free(*state);
    return 0;
}

static const piq_slate_record *newest(const engine_fixture *f)
{
    return f->data->slates.at[f->data->slates.n - 1];
}

/* Completes the lessons of a slate and dismisses the rest. */
static void judge(engine_fixture *f, int64_t user, const piq_slate_record *r,
                  int64_t at_us)
{
    piq_slate_log log;
    const piq_catalogue *c = piq_engine_catalogue(f->e);
    assert_int_equal(piq_slate_log_read(&f->a, r->row.candidates, &log),
                     PIQ_OK);
    for (unsigned i = 0; i < log.n_shown; i++) {
        piq_content_ix x;
        unsigned number = (unsigned)(r->first_recommendation + i) + 1000;
        piq_event e = fixture_event(
            f, number, (at_us - FIXTURE_START_US) / PIQ_US_PER_SECOND,
            PIQ_EV_RECOMMENDATION_FEEDBACK);
        assert_true(piq_catalogue_find_content(c, log.shown[i].content, &x));
        e.u.feedback = (piq_feedback_event){r->first_recommendation + i,
                                            {PIQ_NO_IX32},
                                            c->contents[x.v].type == PIQ_LESSON
                                                ? PIQ_ACTION_COMPLETED
                                                : PIQ_ACTION_DISMISSED,
                                            0};
        fixture_post(f, user, &e, 1);
    }
}

static void serve(engine_fixture *f, int64_t user, int64_t at_us)
{
    piq_op_free(fixture_run(f, PIQ_OP_SLATE, user, at_us));
}

static uint32_t learn(engine_fixture *f, int64_t now_us, uint64_t least)
{
    uint32_t version = UINT32_MAX;
    if (piq_engine_learn_policy(f->e, now_us, least, &version, &f->err))
        fail_msg("learning: %s", f->err.message);
    return version;
}

static piq_recommend_policy weights(engine_fixture *f)
{
    piq_policy_hold *h = piq_engine_policy(f->e);
    piq_recommend_policy p;
    piq_policy_weights(h, &p);
    piq_policy_release(h);
    return p;
}

static void test_learn__nothing_new_is_nothing_learned(void **state)
{
    engine_fixture *f = *state;
    piq_recommend_policy by_hand;
    piq_recommend_by_hand(&by_hand);
    assert_int_equal(learn(f, FIXTURE_NOW_US, 1), 0);
    serve(f, 1, FIXTURE_NOW_US);
    assert_int_equal(learn(f, FIXTURE_NOW_US, 1), 0); /* not a day old */
    piq_recommend_policy now = weights(f);
    assert_memory_equal(now.weight, by_hand.weight, sizeof now.weight);
    assert_int_equal(now.version, 0);
}

static void test_learn__from_the_first_feedback_on(void **state)
{
    engine_fixture *f = *state;
    piq_recommend_policy by_hand;
    piq_recommend_by_hand(&by_hand);
    serve(f, 1, FIXTURE_NOW_US);
    judge(f, 1, newest(f), FIXTURE_START_US + PIQ_US_PER_HOUR);
    assert_int_equal(learn(f, FIXTURE_NOW_US, 1), 1);
    assert_int_equal(learn(f, FIXTURE_NOW_US, 1), 1); /* nothing new */
    piq_recommend_policy now = weights(f);
    assert_true(now.weight[PIQ_LESSON][PIQ_TERM_TYPE] >
                now.weight[PIQ_ASSESSMENT][PIQ_TERM_TYPE]);
    assert_true(now.weight[PIQ_LESSON][PIQ_TERM_LEARNING_GAIN] >= 0.42 - 1e-9);
    /* The same in a process that has just started. */
    fixture_reopen(f);
    piq_recommend_policy then = weights(f);
    assert_int_equal(then.version, 1);
    assert_memory_equal(now.weight, then.weight, sizeof now.weight);
}

/* A log of ten minutes of load took longer to read than an engine has for its
 * end. */
static void test_learn__an_engine_that_closes_reads_no_log(void **state)
{
    engine_fixture *f = *state;
    uint32_t version = 99;
    piq_err err = {0};
    serve(f, 1, FIXTURE_NOW_US);
    judge(f, 1, newest(f), FIXTURE_START_US + PIQ_US_PER_HOUR);
    atomic_store(&f->e->closing, true);
    assert_int_equal(
        piq_engine_learn_policy(f->e, FIXTURE_NOW_US, 1, &version, &err),
        PIQ_EBUSY);
    assert_int_equal(f->data->models.n, 0);
    atomic_store(&f->e->closing, false);
}

static void test_learn__ignored_counts_after_a_day(void **state)
{
    engine_fixture *f = *state;
    serve(f, 1, FIXTURE_NOW_US);
    size_t n = newest(f)->row.n_recommendations;
    int64_t later = FIXTURE_NOW_US + PIQ_US_PER_DAY;
    /* Ten at a quarter of the weight are 2.5 outcomes. */
    assert_int_equal(n, SHOWN);
    assert_int_equal(learn(f, later - 1, 1), 0);
    assert_int_equal(learn(f, later, 3), 0);
    assert_int_equal(learn(f, later, 2), 1);
    assert_true(weights(f).weight[PIQ_LESSON][PIQ_TERM_TYPE] < 0);
}

static double popularity_of(engine_fixture *f, piq_content_id id)
{
    const piq_catalogue *c = piq_engine_catalogue(f->e);
    const double *list;
    piq_content_ix x;
    piq_policy_hold *h = piq_engine_policy(f->e);
    assert_int_equal(piq_policy_popularity(h, &f->a, c, &list), PIQ_OK);
    piq_policy_release(h);
    assert_true(piq_catalogue_find_content(c, id, &x));
    return list[x.v];
}

static void test_learn__popularity_is_what_everybody_made_of_it(void **state)
{
    engine_fixture *f = *state;
    piq_slate_log log;
    serve(f, 1, FIXTURE_NOW_US);
    piq_str bytes = newest(f)->row.candidates;
    assert_int_equal(piq_slate_log_read(&f->a, bytes, &log), PIQ_OK);
    judge(f, 1, newest(f), FIXTURE_START_US + PIQ_US_PER_HOUR);
    assert_true(popularity_of(f, log.shown[0].content) == 0.5);
    learn(f, FIXTURE_NOW_US, 1);
    const piq_catalogue *c = piq_engine_catalogue(f->e);
    double mean = 0;
    for (size_t i = 0; i < log.n_shown; i++) {
        piq_content_ix x;
        assert_true(piq_catalogue_find_content(c, log.shown[i].content, &x));
        mean += c->contents[x.v].type == PIQ_LESSON ? 1.0 / SHOWN : 0;
    }
    for (size_t i = 0; i < log.n_shown; i++) {
        piq_content_ix x;
        assert_true(piq_catalogue_find_content(c, log.shown[i].content, &x));
        /* One outcome beside eight like the mean of all. */
        double own = c->contents[x.v].type == PIQ_LESSON ? 1 : 0;
        assert_near(popularity_of(f, log.shown[i].content),
                    (own + 8 * mean) / 9, 1e-12);
    }
}

/* One log, learned again and again or once. */
static void test_learn__one_log_gives_one_policy(void **state)
{
    engine_fixture *f = *state;
    int64_t last_us = 0;
    for (int u = 1; u <= N_USERS; u++) {
        last_us = FIXTURE_NOW_US + u * PIQ_US_PER_DAY;
        serve(f, u, last_us);
        if (u % 3)
            judge(f, u, newest(f), FIXTURE_START_US + PIQ_US_PER_HOUR);
    }
    int64_t end_us = last_us + 30 * PIQ_US_PER_DAY;
    for (int64_t at = FIXTURE_NOW_US; at < end_us; at += PIQ_US_PER_DAY)
        learn(f, at, 1);
    uint32_t version = learn(f, end_us, 0);
    piq_recommend_policy steps = weights(f);
    assert_true(version > 3);
    /* Forget all of it. */
    for (size_t i = 0; i < f->data->champions.n; i++) {
        piq_champion_row *row = f->data->champions.at[i];
        free((void *)(uintptr_t)row->kind.ptr);
        row->kind = memory_kept(PIQ_STR("gone"));
    }
    fixture_reopen(f);
    learn(f, end_us, 0);
    piq_recommend_policy once = weights(f);
    for (int k = 0; k < PIQ_N_CONTENT_TYPES; k++)
        for (int t = 0; t < PIQ_N_TERMS; t++)
            assert_near(steps.weight[k][t], once.weight[k][t], 1e-12);
}

static void test_body__takes_no_harm_from_damage(void **state)
{
    engine_fixture *f = *state;
    piq_model_row row;
    piq_policy_body body;
    piq_store *store = piq_engine_store(f->e);
    serve(f, 1, FIXTURE_NOW_US);
    judge(f, 1, newest(f), FIXTURE_START_US + PIQ_US_PER_HOUR);
    learn(f, FIXTURE_NOW_US, 1);
    assert_int_equal(
        store->ops->model(store, &f->a, PIQ_MODEL_POLICY, 1, &row, &f->err),
        PIQ_OK);
    for (size_t n = 0; n < row.body.len; n += 1 + n / 16) {
        char *part = malloc(n + 1);
        memcpy(part, row.body.ptr, n);
        piq_status status =
            piq_policy_body_read(&f->a, (piq_str){part, n}, &body, &f->err);
        assert_true(status == PIQ_ECORRUPT);
        free(part);
    }
    assert_int_equal(piq_policy_body_read(&f->a, row.body, &body, &f->err),
                     PIQ_OK);
}

/* ---- erased learners --------------------------------------------------- */

static void erase(engine_fixture *f, int64_t user)
{
    piq_op_free(fixture_run(f, PIQ_OP_ERASE, user, FIXTURE_NOW_US));
}

/* What was learned from them is gone, also where nothing new has come. */
static void test_learn__without_an_erased_learner(void **state)
{
    engine_fixture *f = *state;
    int64_t later = FIXTURE_NOW_US + 10 * PIQ_US_PER_DAY; /* all is final */
    serve(f, 1, FIXTURE_NOW_US);
    judge(f, 1, newest(f), FIXTURE_START_US + PIQ_US_PER_HOUR);
    assert_int_equal(learn(f, later, 1), 1);
    piq_recommend_policy alone = weights(f);
    serve(f, 2, FIXTURE_NOW_US);
    judge(f, 2, newest(f), FIXTURE_START_US + 2 * PIQ_US_PER_HOUR);
    assert_int_equal(learn(f, later, 1), 2);
    piq_recommend_policy both = weights(f);
    assert_memory_not_equal(alone.weight, both.weight, sizeof both.weight);
    erase(f, 2);
    assert_int_equal(learn(f, later, 1000), 3);
    piq_recommend_policy left = weights(f);
    assert_memory_equal(alone.weight, left.weight, sizeof left.weight);
    assert_int_equal(learn(f, later, 1000), 3); /* once */
}

static void test_learn__from_nobody_left_is_by_hand(void **state)
{
    engine_fixture *f = *state;
    piq_recommend_policy by_hand;
    piq_recommend_by_hand(&by_hand);
    serve(f, 1, FIXTURE_NOW_US);
    judge(f, 1, newest(f), FIXTURE_START_US + PIQ_US_PER_HOUR);
    assert_int_equal(learn(f, FIXTURE_NOW_US, 1), 1);
    erase(f, 1);
    assert_int_equal(learn(f, FIXTURE_NOW_US, 1), 0);
    piq_recommend_policy now = weights(f);
    assert_memory_equal(now.weight, by_hand.weight, sizeof now.weight);
    /* And so it goes on, from what comes. */
    serve(f, 2, FIXTURE_NOW_US);
    judge(f, 2, newest(f), FIXTURE_START_US + PIQ_US_PER_HOUR);
    assert_int_equal(learn(f, FIXTURE_NOW_US, 1), 2);
}

int main(void)
{
#define WITH(t) cmocka_unit_test_setup_teardown(t, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        WITH(test_learn__without_an_erased_learner),
        WITH(test_learn__from_nobody_left_is_by_hand),
        WITH(test_learn__nothing_new_is_nothing_learned),
        WITH(test_learn__from_the_first_feedback_on),
        WITH(test_learn__an_engine_that_closes_reads_no_log),
        WITH(test_learn__ignored_counts_after_a_day),
        WITH(test_learn__popularity_is_what_everybody_made_of_it),
        WITH(test_learn__one_log_gives_one_policy),
        WITH(test_body__takes_no_harm_from_damage),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
