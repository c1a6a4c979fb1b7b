/* Judging other policies by the engine's own log of slates. */
#include "engine/policy_eval.h"

#include "engine/slate_log.h"

#include "base/calendar.h"
#include "support/engine_fixture.h"
#include "support/memory_store_data.h"
#include "support/near.h"

#include <math.h>

enum { N_USERS = 12, N_DAYS = 3 };

static void start(engine_fixture *f)
{
    fixture_load_file(f, "content/poker.json");
    for (int u = 1; u <= N_USERS; u++) {
        piq_event e = fixture_answer(f, 1, 0, (float)(u % 2));
        fixture_post(f, u, &e, 1);
    }
}

static int set_up(void **state)
{
    engine_fixture *f = fixture_new(NULL);
    start(f);
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    fixture_free(*state);
    return 0;
}

static const piq_slate_record *slate(const engine_fixture *f, size_t i)
{
    return f->data->slates.at[i];
}

/* Completes what stands in one place of the newest slate. */
static void complete(engine_fixture *f, int64_t user, size_t place)
{
    const piq_slate_record *r = slate(f, f->data->slates.n - 1);
    unsigned number = (unsigned)r->first_recommendation + (unsigned)place;
    piq_event e =
        fixture_event(f, number + 1000, 3600, PIQ_EV_RECOMMENDATION_FEEDBACK);
    e.u.feedback =
        (piq_feedback_event){r->first_recommendation + (int64_t)place,
                             {PIQ_NO_IX32},
                             PIQ_ACTION_COMPLETED,
                             0};
    fixture_post(f, user, &e, 1);
}

static piq_slate_log log_of(engine_fixture *f, const piq_slate_record *r)
{
    piq_slate_log log;
    assert_int_equal(piq_slate_log_read(&f->a, r->row.candidates, &log),
                     PIQ_OK);
    return log;
}

/* Everybody on three days; the explored place is completed by two of three. */
static void serve_all(engine_fixture *f)
{
    for (int day = 0; day < N_DAYS; day++)
        for (int u = 1; u <= N_USERS; u++) {
            piq_op_free(fixture_run(f, PIQ_OP_SLATE, u,
                                    FIXTURE_NOW_US + day * PIQ_US_PER_DAY));
            piq_slate_log log = log_of(f, slate(f, f->data->slates.n - 1));
            if (u % 3)
                complete(f, u, log.slot);
        }
}

/* Slates from the day on whose place was left to chance, and of those that were
 * completed. Half of the slates have but one content for it. */
typedef struct drawn {
    size_t n, n_certain;
    double completed;
} drawn;

static drawn count_drawn(engine_fixture *f, size_t first, size_t after)
{
    drawn d = {0};
    for (size_t i = first; i < after; i++) {
        bool certain = log_of(f, slate(f, i)).n_explored < 2;
        d.n_certain += certain;
        d.n += !certain;
        if (!certain && slate(f, i)->row.user.v % 3)
            d.completed += 1;
    }
    return d;
}

static piq_status ask(engine_fixture *f, const char *name, int64_t now_us,
                      int64_t since_us, piq_policy_answer *out)
{
    piq_policy_question q = {.now_us = now_us,
                             .since_us = since_us,
                             .options = piq_offpolicy_defaults()};
    assert_true(piq_challenger_of(name, &q.challenger));
    return piq_engine_judge_policy(f->e, &q, out, &f->err);
}

static piq_policy_answer judge(engine_fixture *f, const char *name)
{
    piq_policy_answer x;
    if (ask(f, name, FIXTURE_NOW_US + 9 * PIQ_US_PER_DAY, INT64_MIN, &x))
        fail_msg("%s: %s", name, f->err.message);
    return x;
}

static void test_judge__the_policy_that_logged_earns_what_was_logged(
    void **state)
{
    engine_fixture *f = *state;
    serve_all(f);
    piq_policy_answer x = judge(f, "prior"), y = judge(f, "current");
    assert_int_equal(x.version, 0);
    drawn d = count_drawn(f, 0, N_USERS * N_DAYS);
    assert_true(d.n >= N_DAYS && d.completed > 0);
    assert_int_equal(x.report.n, d.n);
    assert_int_equal(x.left_out.certain, d.n_certain);
    assert_int_equal(x.report.n_groups, d.n / N_DAYS);
    assert_near(x.report.logged, d.completed / (double)d.n, 1e-12);
    assert_near(x.report.ips, x.report.logged, 1e-5); /* terms are floats */
    assert_near(x.report.max_weight, 1, 1e-4);
    assert_near(x.report.ess, (double)d.n, 1e-2);
    /* Nothing was learned yet: the same weights. */
    assert_memory_equal(&x.report, &y.report, sizeof x.report);
    /* A few dozen rows are not 200. */
    assert_int_equal(x.report.verdict, PIQ_OFFPOLICY_NO_VERDICT);
}

/* By the definition: who was drawn as the best counts 1/chance, others 0. */
static void test_judge__greedy_is_weighed_by_the_chance_of_the_best(void **s)
{
    engine_fixture *f = *s;
    double sum = 0, most = 0;
    serve_all(f);
    for (size_t i = 0; i < f->data->slates.n; i++) {
        piq_slate_log log = log_of(f, slate(f, i));
        const piq_logged_choice *best = &log.explored[0];
        bool shown = log.shown[log.slot].content.v == best->content.v;
        double w = shown ? 1 / best->chance : 0;
        if (log.n_explored < 2)
            continue;
        sum += slate(f, i)->row.user.v % 3 ? w : 0;
        most = fmax(most, w);
    }
    piq_policy_answer x = judge(f, "greedy");
    assert_near(x.report.ips, sum / (double)x.report.n, 1e-9);
    assert_near(x.report.max_weight, most, 1e-9);
}

static void test_judge__a_stored_version_is_a_challenger(void **state)
{
    engine_fixture *f = *state;
    uint32_t version;
    piq_policy_answer x;
    serve_all(f);
    int64_t later = FIXTURE_NOW_US + 5 * PIQ_US_PER_DAY;
    assert_int_equal(piq_engine_learn_policy(f->e, later, 1, &version, &f->err),
                     PIQ_OK);
    assert_int_equal(version, 1);
    x = judge(f, "1");
    piq_policy_answer y = judge(f, "current"), z = judge(f, "prior");
    assert_int_equal(x.version, 1);
    assert_int_equal(x.n_known, x.report.n); /* all of them are older */
    assert_int_equal(z.n_known, 0);
    assert_memory_equal(&x.report, &y.report, sizeof x.report);
    assert_true(fabs(x.report.ips - z.report.ips) > 1e-6);
    assert_int_equal(ask(f, "2", later, INT64_MIN, &x), PIQ_ENOTFOUND);
}

static void test_judge__waits_a_day_for_what_becomes_of_a_slate(void **state)
{
    engine_fixture *f = *state;
    piq_policy_answer x;
    serve_all(f);
    /* Of three days the first is a day old. */
    assert_int_equal(
        ask(f, "prior", FIXTURE_NOW_US + PIQ_US_PER_DAY + 1, INT64_MIN, &x),
        PIQ_OK);
    assert_int_equal(x.report.n, count_drawn(f, 0, N_USERS).n);
    assert_int_equal(x.left_out.young, 2 * N_USERS);
    int64_t later = FIXTURE_NOW_US + 9 * PIQ_US_PER_DAY;
    assert_int_equal(
        ask(f, "prior", later, FIXTURE_NOW_US + PIQ_US_PER_DAY, &x), PIQ_OK);
    assert_int_equal(x.report.n, count_drawn(f, N_USERS, 3 * N_USERS).n);
    x.version = 77;
    assert_int_equal(ask(f, "prior", FIXTURE_NOW_US, INT64_MIN, &x),
                     PIQ_ENOTFOUND);
    assert_int_equal(x.version, 77);
}

static void test_judge__what_was_certain_says_nothing(void **state)
{
    (void)state;
    piq_engine_config config = fixture_quiet();
    config.explore = PIQ_EXPLORE_NEVER;
    engine_fixture *f = fixture_new(&config);
    piq_policy_answer x;
    start(f);
    piq_op_free(fixture_run(f, PIQ_OP_SLATE, 1, FIXTURE_NOW_US));
    assert_int_equal(
        ask(f, "prior", FIXTURE_NOW_US + 9 * PIQ_US_PER_DAY, INT64_MIN, &x),
        PIQ_ENOTFOUND);
    assert_non_null(strstr(f->err.message, "1 certain"));
    fixture_free(f);
}

static void test_judge__knows_the_names_of_challengers(void **state)
{
    (void)state;
    piq_challenger c = {PIQ_CHALLENGER_PRIOR, 0};
    assert_true(piq_challenger_of("greedy", &c));
    assert_int_equal(c.kind, PIQ_CHALLENGER_GREEDY);
    assert_true(piq_challenger_of("12", &c));
    assert_int_equal(c.kind, PIQ_CHALLENGER_VERSION);
    assert_int_equal(c.version, 12);
    const char *const wrong[] = {"", "0", "-1", "1x", "4294967296", "best"};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        assert_false(piq_challenger_of(wrong[i], &c));
    assert_int_equal(c.version, 12);
}

static void test_judge__says_when_the_log_cannot_be_read(void **state)
{
    engine_fixture *f = *state;
    piq_policy_answer x;
    serve_all(f);
    memory_fail_model(f->data, 1, 1, PIQ_EIO);
    assert_int_equal(
        ask(f, "prior", FIXTURE_NOW_US + 9 * PIQ_US_PER_DAY, INT64_MIN, &x),
        PIQ_EIO);
}

static void test_judge__survives_every_failed_allocation(void **state)
{
    engine_fixture *f = *state;
    long k = 0;
    piq_status status = PIQ_ENOMEM;
    piq_policy_answer x = {.version = 77};
    serve_all(f);
    int64_t later = FIXTURE_NOW_US + 9 * PIQ_US_PER_DAY;
    while (status == PIQ_ENOMEM) {
        assert_int_equal(x.version, 77);
        piq_alloc_fail_after(++k, 0);
        status = ask(f, "prior", later, INT64_MIN, &x);
        piq_alloc_fail_after(0, 0);
    }
    assert_int_equal(status, PIQ_OK);
    assert_true(k > 3);
    assert_int_equal(x.version, 0);
}

int main(void)
{
#define WITH(t) cmocka_unit_test_setup_teardown(t, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        WITH(test_judge__the_policy_that_logged_earns_what_was_logged),
        WITH(test_judge__greedy_is_weighed_by_the_chance_of_the_best),
        WITH(test_judge__a_stored_version_is_a_challenger),
        WITH(test_judge__waits_a_day_for_what_becomes_of_a_slate),
        cmocka_unit_test(test_judge__what_was_certain_says_nothing),
        cmocka_unit_test(test_judge__knows_the_names_of_challengers),
        WITH(test_judge__says_when_the_log_cannot_be_read),
        WITH(test_judge__survives_every_failed_allocation),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
