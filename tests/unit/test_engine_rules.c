/* threads:tsan
 * Rules and experiments in a running engine: in force at once, in another
 * process soon, remembered within a batch, logged and counted. */
#include "engine/experiments.h"
#include "engine/rules.h"
#include "engine/steering.h"
#include "engine/why_not.h"

#include "base/calendar.h"
#include "domain/json_reader.h"
#include "support/engine_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { USER = 7, MOST = 10 };

static int setup(void **state)
{
    engine_fixture *f = fixture_new(NULL);
    piq_event e = fixture_answer(f, 1, 0, 1);
    fixture_post(f, USER, &e, 1);
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    fixture_free(*state);
    return 0;
}

static piq_status load_into(piq_engine *e, const char *text, int64_t if_version,
                            piq_rules_change *out, piq_err *err)
{
    json_t *json = NULL;
    assert_int_equal(piq_json_parse(piq_str_of(text), &json, err), PIQ_OK);
    piq_status status = piq_engine_load_rules(e, json, if_version, out, err);
    json_decref(json);
    return status;
}

static uint32_t load(engine_fixture *f, const char *text)
{
    piq_rules_change change;
    if (load_into(f->e, text, -1, &change, &f->err))
        fail_msg("%s: %s", f->err.where, f->err.message);
    return change.version;
}

/* Contents of a slate made at `now_us`: n ids. */
static size_t slate(engine_fixture *f, int64_t user, int64_t now_us,
                    int64_t ids[MOST])
{
    piq_op *op = fixture_run(f, PIQ_OP_SLATE, user, now_us);
    json_t *json = NULL;
    assert_int_equal(piq_json_parse(piq_bytes_str(op->slate), &json, &f->err),
                     PIQ_OK);
    const json_t *list = json_object_get(json, "recommendations");
    size_t n = json_array_size(list);
    assert_true(n <= MOST);
    for (size_t i = 0; i < n; i++)
        ids[i] = json_integer_value(
            json_object_get(json_array_get(list, i), "content_id"));
    json_decref(json);
    piq_op_free(op);
    return n;
}

static const char *exclude(int64_t content)
{
    static char text[256];
    snprintf(text, sizeof text,
             "{\"rules\":[{\"name\":\"x\",\"kind\":\"exclude\",\"match\":"
             "{\"contents\":[%lld]},\"reason\":\"no\"}]}",
             (long long)content);
    return text;
}

static bool has(const int64_t *ids, size_t n, int64_t id)
{
    for (size_t i = 0; i < n; i++)
        if (ids[i] == id)
            return true;
    return false;
}

static void test_rules__are_in_force_at_once(void **state)
{
    engine_fixture *f = *state;
    int64_t ids[MOST];
    size_t n = slate(f, USER, FIXTURE_NOW_US, ids);
    int64_t out = ids[0];
    assert_true(n > 1);
    assert_int_equal(piq_engine_rules_version(f->e), 0);
    assert_int_equal(load(f, exclude(out)), 1);
    assert_int_equal(piq_engine_rules_version(f->e), 1);
    n = slate(f, USER, FIXTURE_NOW_US, ids);
    assert_true(n > 0 && !has(ids, n, out));
}

static void test_rules__void_slates_that_were_served(void **state)
{
    engine_fixture *f = *state;
    int64_t ids[MOST], version;
    piq_op *op = fixture_run(f, PIQ_OP_SLATE, USER, FIXTURE_NOW_US);
    unsigned limit = op->limit;
    int type = op->type;
    piq_op_free(op);
    piq_bytes *b = piq_engine_served_slate(f->e, (piq_user_id){USER}, type,
                                           limit, FIXTURE_NOW_US, &version);
    assert_non_null(b);
    piq_bytes_release(b);
    load(f, "{\"rules\":[]}");
    assert_null(piq_engine_served_slate(f->e, (piq_user_id){USER}, type, limit,
                                        FIXTURE_NOW_US, &version));
    slate(f, USER, FIXTURE_NOW_US, ids);
}

static void test_rules__the_same_again_is_no_version(void **state)
{
    engine_fixture *f = *state;
    piq_rules_change change;
    assert_int_equal(load(f, "{\"rules\":[]}"), 1);
    assert_int_equal(load(f, "{ \"rules\" : [ ] }"), 1);
    assert_int_equal(load_into(f->e, "{\"rules\":[]}", 0, &change, &f->err),
                     PIQ_ESTALE);
    assert_int_equal(load_into(f->e, "{\"rules\":[]}", 1, &change, &f->err),
                     PIQ_OK);
    assert_false(change.changed);
}

static void test_rules__reach_another_engine_and_a_restart(void **state)
{
    engine_fixture *f = *state;
    piq_engine *other = fixture_second(f);
    load(f, "{\"rules\":[]}");
    assert_int_equal(piq_engine_rules_version(other), 0);
    assert_int_equal(piq_engine_adopt_steering(other, &f->err), PIQ_OK);
    assert_int_equal(piq_engine_rules_version(other), 1);
    piq_engine_close(other);
    fixture_reopen(f);
    assert_int_equal(piq_engine_rules_version(f->e), 1);
}

static void test_rules__a_window_is_kept_over_days(void **state)
{
    engine_fixture *f = *state;
    int64_t first[MOST], second[MOST], third[MOST];
    load(f, "{\"rules\":[{\"name\":\"w\",\"kind\":\"window\",\"days\":2,"
            "\"match\":{},\"reason\":\"no repeats\"}]}");
    int64_t now_us = FIXTURE_NOW_US;
    size_t a = slate(f, USER, now_us, first);
    size_t b = slate(f, USER, now_us + PIQ_US_PER_DAY, second);
    for (size_t i = 0; i < b; i++)
        assert_false(has(first, a, second[i]));
    size_t c = slate(f, USER, now_us + 2 * PIQ_US_PER_DAY, third);
    bool again = false;
    for (size_t i = 0; i < c; i++) {
        assert_false(has(second, b, third[i]));
        again |= has(first, a, third[i]);
    }
    assert_true(again); /* their two days are over */
}

static void test_rules__say_why_not(void **state)
{
    engine_fixture *f = *state;
    int64_t ids[MOST];
    piq_learner_ref ref;
    piq_buf b;
    piq_json_writer w;
    slate(f, USER, FIXTURE_NOW_US, ids);
    load(f, exclude(ids[0]));
    assert_int_equal(
        piq_engine_learner(f->e, (piq_user_id){USER}, &ref, &f->err), PIQ_OK);
    piq_why_not_ask ask = {{ids[0]}, -1, 5, FIXTURE_NOW_US};
    piq_buf_init(&b, 0);
    piq_json_init(&w, &b);
    assert_int_equal(piq_engine_why_not(f->e, &f->a, &ref, &ask, &w, &f->err),
                     PIQ_OK);
    piq_buf_add_char(&b, '\0');
    assert_non_null(strstr(b.ptr, "\"verdict\":\"rule\""));
    assert_non_null(strstr(b.ptr, "\"name\":\"x\""));
    ask.content.v = 987654321;
    assert_int_equal(piq_engine_why_not(f->e, &f->a, &ref, &ask, &w, &f->err),
                     PIQ_ENOTFOUND);
    piq_learner_ref_release(&ref);
    piq_buf_release(&b);
}

/* ---- experiments ------------------------------------------------------- */

static piq_experiment_design start(engine_fixture *f, bool auto_stop)
{
    char text[256];
    json_t *json = NULL;
    piq_experiment_design x;
    snprintf(text, sizeof text,
             "{\"name\":\"try\",\"arms\":[{\"name\":\"a\",\"share\":50},"
             "{\"name\":\"b\",\"share\":50}],\"outcome_hours\":0,"
             "\"auto_stop\":%s}",
             auto_stop ? "true" : "false");
    assert_int_equal(piq_json_parse(piq_str_of(text), &json, &f->err), PIQ_OK);
    if (piq_engine_start_experiment(f->e, &f->a, json, &x, &f->err))
        fail_msg("%s", f->err.message);
    json_decref(json);
    return x;
}

static int64_t first_of(engine_fixture *f, int64_t user)
{
    piq_store *s = piq_engine_store(f->e);
    piq_recommendation_row *rows;
    size_t n;
    assert_int_equal(s->ops->recommendations(s, &f->a, (piq_user_id){user}, 64,
                                             &rows, &n, &f->err),
                     PIQ_OK);
    assert_true(n > 0);
    return rows[n - 1].id;
}

/* Learners 1 .. n see a slate; those of arm b dismiss its first, the others
 * complete it. */
static void let_live(engine_fixture *f, int64_t n)
{
    for (int64_t user = 1; user <= n; user++) {
        int64_t ids[MOST];
        piq_event e = fixture_answer(f, (unsigned)user, user, 1);
        if (user != USER)
            fixture_post(f, user, &e, 1);
        slate(f, user, FIXTURE_NOW_US, ids);
        bool treated = piq_experiment_place(PIQ_STR("try"), user) >= 0.5;
        piq_event said = fixture_event(f, 1000 + (unsigned)user, 100000,
                                       PIQ_EV_RECOMMENDATION_FEEDBACK);
        said.u.feedback.recommendation_id = first_of(f, user);
        said.u.feedback.content.v = PIQ_NO_IX32;
        said.u.feedback.action =
            treated ? PIQ_ACTION_DISMISSED : PIQ_ACTION_COMPLETED;
        fixture_post(f, user, &said, 1);
    }
}

static piq_experiment_report *report_of(engine_fixture *f)
{
    piq_experiment_report *r = piq_new(&f->a, piq_experiment_report, 1);
    assert_non_null(r);
    if (piq_engine_report_experiment(f->e, &f->a, PIQ_STR("try"),
                                     FIXTURE_NOW_US + 1, r, &f->err))
        fail_msg("%s", f->err.message);
    return r;
}

static void test_experiment__counts_each_learner_once(void **state)
{
    enum { N = 30 };
    engine_fixture *f = *state;
    start(f, false);
    let_live(f, N);
    int64_t ids[MOST];
    slate(f, USER, FIXTURE_NOW_US + PIQ_US_PER_DAY, ids); /* a second one */
    piq_experiment_report *r = report_of(f);
    assert_int_equal(r->arms[0].n_learners + r->arms[1].n_learners, N);
    assert_int_equal(r->arms[0].n_exposures + r->arms[1].n_exposures, N + 1);
    assert_int_equal(r->arms[0].n_counted + r->arms[1].n_counted, N);
    /* Of what was answered, arm a completed all and arm b none. */
    assert_true(r->arms[0].reward == 1);
    assert_true(r->arms[1].reward == 0);
    assert_true(r->arms[0].dismissed == 0 && r->arms[1].dismissed > 0);
    assert_true(piq_effect_estimate(&r->arms[1].test.reward) == -1);
    size_t treated = 0;
    for (int64_t user = 1; user <= N; user++)
        treated += piq_experiment_place(PIQ_STR("try"), user) >= 0.5;
    assert_int_equal(r->arms[1].n_learners, treated);
}

static void test_experiment__stops_by_itself_when_asked_to(void **state)
{
    enum { N = 160 };
    engine_fixture *f = *state;
    piq_experiment_design *list;
    size_t n;
    start(f, true);
    assert_int_equal(
        piq_engine_watch_experiments(f->e, FIXTURE_NOW_US, &f->err), PIQ_OK);
    let_live(f, N);
    piq_experiment_report *r = report_of(f);
    assert_true(r->verdict == PIQ_EXPERIMENT_WORSE ||
                r->verdict == PIQ_EXPERIMENT_GUARD_RAIL);
    assert_int_equal(piq_engine_watch_experiments(
                         f->e,
                         FIXTURE_NOW_US + 2 * PIQ_WATCH_S * PIQ_US_PER_SECOND,
                         &f->err),
                     PIQ_OK);
    assert_int_equal(piq_engine_experiments(f->e, &f->a, &list, &n, &f->err),
                     PIQ_OK);
    assert_int_equal(n, 1);
    assert_int_equal(list[0].state, PIQ_EXPERIMENT_STOPPED);
    assert_memory_equal(list[0].stop_reason.ptr, "by itself", 9);
}

static void test_experiment__one_of_a_name_runs(void **state)
{
    engine_fixture *f = *state;
    piq_experiment_design x;
    start(f, false);
    assert_int_equal(piq_engine_stop_experiment(f->e, &f->a, PIQ_STR("no"),
                                                PIQ_STR("x"), &x, &f->err),
                     PIQ_ENOTFOUND);
    assert_int_equal(piq_engine_stop_experiment(f->e, &f->a, PIQ_STR("try"),
                                                PIQ_STR("x"), &x, &f->err),
                     PIQ_OK);
    assert_int_equal(piq_engine_stop_experiment(f->e, &f->a, PIQ_STR("try"),
                                                PIQ_STR("x"), &x, &f->err),
                     PIQ_ECONFLICT);
    assert_true(start(f, false).id > x.id);
}

int main(void)
{
#define T(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
    const struct CMUnitTest tests[] = {
        T(test_rules__are_in_force_at_once),
        T(test_rules__void_slates_that_were_served),
        T(test_rules__the_same_again_is_no_version),
        T(test_rules__reach_another_engine_and_a_restart),
        T(test_rules__a_window_is_kept_over_days),
        T(test_rules__say_why_not),
        T(test_experiment__counts_each_learner_once),
        T(test_experiment__stops_by_itself_when_asked_to),
        T(test_experiment__one_of_a_name_runs),
    };
#undef T
    return cmocka_run_group_tests(tests, NULL, NULL);
}
