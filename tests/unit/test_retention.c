/* What is kept for so many days only: the log goes by itself, and learning from
 * it goes on. */
#include "engine/engine.h"

#include "base/calendar.h"
#include "base/clock.h"
#include "base/json_writer.h"
#include "support/engine_fixture.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

enum { KEEP_DAYS = 7 };
static const int64_t long_ago_s = INT64_C(-500) * 86400;

static engine_fixture *with_retention(unsigned days)
{
    piq_engine_config config = fixture_quiet();
    config.maintain_ms = 10;
    config.keep_log_days = days;
    return fixture_new(&config);
}

static void live(engine_fixture *f, int64_t user)
{
    for (unsigned i = 0; i < 6; i++) {
        piq_event e = fixture_answer(f, i, long_ago_s + 60 * i, (float)(i % 2));
        fixture_post(f, user, &e, 1);
    }
}

static size_t slates(engine_fixture *f, piq_slate_record **out)
{
    piq_store *s = piq_engine_store(f->e);
    size_t n;
    assert_int_equal(s->ops->slates_after(s, &f->a, 0, 1000, out, &n, &f->err),
                     PIQ_OK);
    return n;
}

static bool one_is_left(void *ctx)
{
    piq_slate_record *list;
    return slates(ctx, &list) == 1;
}

static piq_status explain(engine_fixture *f, int64_t id)
{
    piq_buf b;
    piq_json_writer w;
    piq_buf_init(&b, 0);
    piq_json_init(&w, &b);
    piq_status status =
        piq_engine_explain(f->e, (piq_user_id){1}, id, false, &w, &f->err);
    piq_buf_release(&b);
    return status;
}

static void test_retention__an_old_slate_goes_by_itself(void **state)
{
    (void)state;
    engine_fixture *f = with_retention(KEEP_DAYS);
    int64_t now_us = piq_clock_now_us();
    piq_slate_record *list;
    live(f, 1);
    piq_op_free(fixture_run(f, PIQ_OP_SLATE, 1, now_us));
    assert_int_equal(slates(f, &list), 1);
    int64_t young = list[0].first_recommendation;
    live(f, 2);
    piq_op_free(fixture_run(f, PIQ_OP_SLATE, 2,
                            now_us - (KEEP_DAYS + 1) * PIQ_US_PER_DAY));
    /* The first tidying is at once, the next ten seconds later. */
    fixture_reopen(f);
    fixture_await(one_is_left, f);
    assert_int_equal(explain(f, young), PIQ_OK);
    fixture_free(f);
}

/* The old one's recommendation is there; why, is not. */
static void test_retention__what_is_gone_is_told(void **state)
{
    (void)state;
    engine_fixture *f = with_retention(0);
    piq_store *s = piq_engine_store(f->e);
    piq_slate_record *list;
    bool more;
    live(f, 1);
    piq_op_free(fixture_run(f, PIQ_OP_SLATE, 1, FIXTURE_NOW_US));
    assert_int_equal(slates(f, &list), 1);
    int64_t id = list[0].first_recommendation;
    assert_int_equal(explain(f, id), PIQ_OK);
    assert_int_equal(s->ops->forget_log(s, INT64_MAX, 100, &more, &f->err),
                     PIQ_OK);
    assert_int_equal(explain(f, id), PIQ_ENOTFOUND);
    assert_non_null(strstr(f->err.message, "not kept"));
    assert_int_equal(explain(f, id + 1000), PIQ_ENOTFOUND);
    assert_non_null(strstr(f->err.message, "was given no"));
    fixture_free(f);
}

/* ---- learning --------------------------------------------------------------
 */

static uint32_t learn(engine_fixture *f, int64_t now_us)
{
    uint32_t version = UINT32_MAX;
    if (piq_engine_learn_policy(f->e, now_us, 1, &version, &f->err))
        fail_msg("%s", f->err.message);
    return version;
}

/* A slate, the first of which is taken up. */
static void serve(engine_fixture *f, unsigned id, int64_t at_us)
{
    piq_slate_record *list;
    piq_op_free(fixture_run(f, PIQ_OP_SLATE, 1, at_us));
    size_t n = slates(f, &list);
    piq_event e = fixture_event(f, id, long_ago_s + 86400 + id,
                                PIQ_EV_RECOMMENDATION_FEEDBACK);
    e.u.feedback = (piq_feedback_event){list[n - 1].first_recommendation,
                                        {PIQ_NO_IX32},
                                        PIQ_ACTION_COMPLETED,
                                        0};
    fixture_post(f, 1, &e, 1);
}

/* What was learned is kept, and the next slate is learned from, though the one
 * that it goes on from is no longer there. */
static void test_retention__learning_goes_on(void **state)
{
    (void)state;
    engine_fixture *f = with_retention(0);
    piq_store *s = piq_engine_store(f->e);
    int64_t then_us = FIXTURE_NOW_US - 30 * PIQ_US_PER_DAY;
    bool more;
    live(f, 1);
    serve(f, 100, then_us);
    serve(f, 101, then_us + PIQ_US_PER_DAY);
    assert_int_equal(learn(f, FIXTURE_NOW_US), 1);
    assert_int_equal(s->ops->forget_log(s, FIXTURE_NOW_US, 100, &more, &f->err),
                     PIQ_OK);
    assert_int_equal(learn(f, FIXTURE_NOW_US), 1);
    serve(f, 102, FIXTURE_NOW_US);
    assert_int_equal(learn(f, FIXTURE_NOW_US + 1), 2);
    fixture_reopen(f);
    assert_int_equal(learn(f, FIXTURE_NOW_US + 1), 2);
    fixture_free(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_retention__an_old_slate_goes_by_itself),
        cmocka_unit_test(test_retention__what_is_gone_is_told),
        cmocka_unit_test(test_retention__learning_goes_on),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
