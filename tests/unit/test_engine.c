/* Posting events: repeats, conflicts, versions, what is refused and what is
 * then left as it was. */
#include "engine/engine.h"

#include "support/engine_fixture.h"
#include "support/random_catalogue.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { USER = 42 };

static int set_up(void **state)
{
    *state = fixture_new(NULL);
    return 0;
}

static int tear_down(void **state)
{
    fixture_free(*state);
    return 0;
}

static void check_unchanged(engine_fixture *f, piq_str before, int64_t version)
{
    int64_t now;
    piq_str after = fixture_state(f, USER, &now);
    assert_int_equal(now, version);
    assert_int_equal(after.len, before.len);
    assert_memory_equal(after.ptr, before.ptr, after.len);
}

/* ---- repeats --------------------------------------------------------- */

static void test_engine__a_repeat_changes_nothing(void **state)
{
    engine_fixture *f = *state;
    piq_event e[3] = {fixture_answer(f, 1, 0, 1), fixture_answer(f, 2, 60, 0),
                      fixture_answer(f, 3, 120, 1)};
    int64_t version;
    assert_int_equal(fixture_post(f, USER, e, 3).version, 1);
    piq_str before = fixture_state(f, USER, &version);
    fixture_posted p = fixture_post(f, USER, e, 3);
    assert_int_equal(p.n_accepted, 0);
    assert_int_equal(p.n_duplicates, 3);
    assert_int_equal(p.version, 1); /* the answer names what there is */
    check_unchanged(f, before, 1);
    fixture_reopen(f);
    assert_int_equal(fixture_post(f, USER, e + 1, 1).n_duplicates, 1);
    check_unchanged(f, before, 1);
    assert_int_equal(memory_n_events(f->data), 3);
}

static void test_engine__the_same_id_with_another_body_is_refused(void **state)
{
    engine_fixture *f = *state;
    piq_event e[3] = {fixture_answer(f, 1, 0, 1), fixture_answer(f, 2, 60, 0),
                      fixture_answer(f, 3, 120, 1)};
    int64_t version;
    fixture_post(f, USER, e, 2);
    piq_str before = fixture_state(f, USER, &version);
    piq_event mixed[3] = {e[2], e[0], e[1]};
    mixed[2].u.answer.score = 1;
    fixture_posted p = fixture_post_to(f->e, USER, mixed, 3, -1);
    assert_int_equal(p.status, PIQ_ECONFLICT);
    assert_int_equal(p.at_event, 2);
    assert_int_equal(p.err.status, PIQ_ECONFLICT);
    assert_string_equal(p.err.where, "/event_id");
    check_unchanged(f, before, version); /* nor was the first one taken */
    assert_int_equal(memory_n_events(f->data), 2);
    /* Another learner's ids are their own. */
    assert_int_equal(fixture_post(f, USER + 1, mixed, 3).n_accepted, 3);
}

static void test_engine__an_operation_may_repeat_itself(void **state)
{
    engine_fixture *f = *state;
    piq_event e = fixture_answer(f, 1, 0, 1), other = e;
    piq_event twice[3] = {e, fixture_answer(f, 2, 5, 1), e};
    fixture_posted p = fixture_post(f, USER, twice, 3);
    assert_int_equal(p.n_accepted, 2);
    assert_int_equal(p.n_duplicates, 1);
    other.event_id = PIQ_STR("own");
    piq_event torn[2] = {other, other};
    torn[1].at_us++;
    p = fixture_post_to(f->e, USER, torn, 2, -1);
    assert_int_equal(p.status, PIQ_ECONFLICT);
    assert_int_equal(p.at_event, 1);
    assert_int_equal(memory_n_events(f->data), 2);
}

static void test_engine__a_thousand_events_at_once(void **state)
{
    engine_fixture *f = *state;
    piq_event *e = piq_new(&f->a, piq_event, 2000);
    for (unsigned i = 0; i < 1000; i++)
        e[i] = e[1000 + i] = fixture_answer(f, i, 30 * i, (float)(i % 2));
    fixture_posted p = fixture_post(f, USER, e, 2000);
    assert_int_equal(p.n_accepted, 1000);
    assert_int_equal(p.n_duplicates, 1000);
    fixture_check_replay(f, USER);
}

static void test_engine__no_events_are_no_change(void **state)
{
    engine_fixture *f = *state;
    fixture_posted p = fixture_post(f, USER, NULL, 0);
    assert_int_equal(p.version, 0);
    assert_int_equal(memory_n_commits(f->data), 0);
}

/* ---- versions -------------------------------------------------------- */

static piq_status post_if(engine_fixture *f, unsigned id, int64_t if_version)
{
    piq_event e = fixture_answer(f, id, 10 * id, 1);
    return fixture_post_to(f->e, USER, &e, 1, if_version).status;
}

static void test_engine__if_version_is_kept(void **state)
{
    engine_fixture *f = *state;
    assert_int_equal(post_if(f, 1, -2), PIQ_ESTALE); /* must be there */
    assert_int_equal(post_if(f, 1, 1), PIQ_ESTALE);
    assert_int_equal(post_if(f, 1, 0), PIQ_OK); /* must not */
    assert_int_equal(post_if(f, 2, 0), PIQ_ESTALE);
    assert_int_equal(post_if(f, 2, -2), PIQ_OK);
    assert_int_equal(post_if(f, 3, 1), PIQ_ESTALE);
    assert_int_equal(post_if(f, 3, 3), PIQ_ESTALE);
    assert_int_equal(post_if(f, 3, 2), PIQ_OK);
    assert_int_equal(post_if(f, 4, -1), PIQ_OK);
    int64_t version;
    fixture_state(f, USER, &version);
    assert_int_equal(version, 4);
    assert_int_equal(memory_n_events(f->data), 4);
}

/* A repeat under a condition that no longer holds is refused all the same. */
static void test_engine__if_version_goes_before_repeats(void **state)
{
    engine_fixture *f = *state;
    assert_int_equal(post_if(f, 1, 0), PIQ_OK);
    assert_int_equal(post_if(f, 1, 0), PIQ_ESTALE);
    assert_int_equal(post_if(f, 1, 1), PIQ_OK);
}

static void test_engine__if_version_knows_of_other_processes(void **state)
{
    engine_fixture *f = *state;
    assert_int_equal(post_if(f, 1, 0), PIQ_OK);
    piq_engine *second = fixture_second(f);
    piq_event e = fixture_answer(f, 2, 20, 1);
    assert_int_equal(fixture_post_to(second, USER, &e, 1, 1).status, PIQ_OK);
    /* The first engine has version 1 in its cache. */
    assert_int_equal(post_if(f, 3, 1), PIQ_ESTALE);
    assert_int_equal(post_if(f, 3, 2), PIQ_OK);
    piq_engine_close(second);
    fixture_check_replay(f, USER);
}

/* ---- refusals -------------------------------------------------------- */

static void test_engine__without_a_curriculum_nothing_is_taken(void **state)
{
    (void)state;
    engine_fixture *f = fixture_bare(NULL);
    piq_learner_ref ref;
    piq_event e = {.event_id = PIQ_STR("x"), .at_us = FIXTURE_START_US};
    assert_null(piq_engine_catalogue(f->e));
    assert_int_equal(fixture_post_to(f->e, USER, &e, 1, -1).status,
                     PIQ_ENOTFOUND);
    assert_int_equal(
        piq_engine_learner(f->e, (piq_user_id){USER}, &ref, &f->err),
        PIQ_ENOTFOUND);
    for (int kind = PIQ_OP_SLATE; kind <= PIQ_OP_PROFILE; kind++) {
        piq_op *op =
            piq_op_new((piq_op_kind)kind, (piq_user_id){USER}, FIXTURE_NOW_US);
        assert_int_equal(piq_engine_run(f->e, op), PIQ_ENOTFOUND);
        assert_int_equal(op->err.status, PIQ_ENOTFOUND);
        piq_op_free(op);
    }
    fixture_free(f);
}

static void test_engine__nobody_is_made_by_asking(void **state)
{
    engine_fixture *f = *state;
    piq_learner_ref ref;
    int64_t version = 0;
    for (int kind = PIQ_OP_SLATE; kind <= PIQ_OP_PROFILE; kind++) {
        piq_op *op =
            piq_op_new((piq_op_kind)kind, (piq_user_id){USER}, FIXTURE_NOW_US);
        op->limit = 5;
        assert_int_equal(piq_engine_run(f->e, op), PIQ_ENOTFOUND);
        piq_op_free(op);
    }
    assert_int_equal(
        piq_engine_learner(f->e, (piq_user_id){USER}, &ref, &f->err),
        PIQ_ENOTFOUND);
    assert_null(piq_engine_served_slate(f->e, (piq_user_id){USER}, -1, 5,
                                        FIXTURE_NOW_US, &version));
    assert_int_equal(memory_n_commits(f->data), 0);
}

/* Then there is no recommendation in the whole batch. */
static void test_engine__nothing_to_recommend_is_an_empty_slate(void **state)
{
    engine_fixture *f = *state;
    piq_event e = fixture_answer(f, 1, 0, 1);
    fixture_post(f, USER, &e, 1);
    for (int i = 0; i < 2; i++) { /* made, then served again */
        piq_op *op =
            piq_op_new(PIQ_OP_SLATE, (piq_user_id){USER}, FIXTURE_START_US);
        op->limit = 5;
        op->type = PIQ_REVIEW;
        assert_int_equal(piq_engine_run(f->e, op), PIQ_OK);
        char *text = piq_arena_strndup(&f->a, piq_bytes_str(op->slate).ptr,
                                       piq_bytes_str(op->slate).len);
        assert_non_null(strstr(text, "\"recommendations\":[]"));
        piq_op_free(op);
    }
}

/* The edge read it under the curriculum before. */
static void test_engine__a_goal_of_what_is_retired_is_refused(void **state)
{
    engine_fixture *f = *state;
    piq_event e = fixture_event(f, 1, 0, PIQ_EV_GOAL_SET);
    e.u.goal = (piq_goal){
        .set = true, .timeline_day = INT32_MAX, .n_priority_areas = 1};
    fixture_load_file(f, "content/poker.json"); /* all of music is retired */
    fixture_posted p = fixture_post_to(f->e, USER, &e, 1, -1);
    assert_int_equal(p.status, PIQ_EINVAL);
    assert_int_equal(p.at_event, 0);
    e.u.goal.priority_areas[0].v =
        (uint16_t)(piq_engine_catalogue(f->e)->n_areas - 1);
    fixture_post(f, USER, &e, 1);
    fixture_check_replay(f, USER);
}

/* ---- catalogues ------------------------------------------------------ */

static void test_engine__the_same_curriculum_again_is_no_version(void **state)
{
    engine_fixture *f = *state;
    const piq_catalogue *c = piq_engine_catalogue(f->e), *old;
    assert_int_equal(c->version, 1);
    fixture_load_file(f, "tests/golden/curriculum-music.json");
    assert_ptr_equal(piq_engine_catalogue(f->e), c);
    fixture_load_file(f, "content/poker.json");
    assert_int_equal(piq_engine_catalogue(f->e)->version, 2);
    assert_int_equal(piq_engine_catalogue_version(f->e, 1, &old, &f->err),
                     PIQ_OK);
    assert_ptr_equal(old, c); /* it stays */
    for (uint32_t v = 0; v < 5; v++)
        assert_int_equal(piq_engine_catalogue_version(f->e, v, &old, &f->err),
                         v == 1 || v == 2 ? PIQ_OK : PIQ_ENOTFOUND);
    assert_int_equal(
        piq_engine_catalogue_version(f->e, UINT32_MAX, &old, &f->err),
        PIQ_ENOTFOUND);
}

static void test_engine__a_newer_curriculum_of_another_process(void **state)
{
    engine_fixture *f = *state;
    piq_event e = fixture_answer(f, 1, 0, 1);
    fixture_post(f, USER, &e, 1);
    piq_engine *first = f->e;
    f->e = fixture_second(f);
    fixture_load_file(f, "content/poker.json");
    piq_event later = fixture_answer(f, 70, 60, 1);
    later.u.answer.item.v = (uint32_t)(piq_engine_catalogue(f->e)->n_items - 1);
    fixture_post(f, USER, &later, 1);
    piq_engine_close(f->e);
    f->e = first;
    /* It has not heard of version 2 when it reads a state that has. */
    assert_int_equal(piq_engine_catalogue(f->e)->version, 1);
    piq_event more = fixture_answer(f, 2, 120, 1);
    fixture_post(f, USER, &more, 1);
    assert_int_equal(piq_engine_catalogue(f->e)->version, 2);
    fixture_check_replay(f, USER);
}

/* ---- other processes ------------------------------------------------- */

static void test_engine__two_processes_write_one_learner(void **state)
{
    engine_fixture *f = *state;
    piq_engine *second = fixture_second(f);
    for (unsigned i = 0; i < 40; i++) {
        piq_event e = fixture_answer(f, i, 30 * (i ^ 3), 1); /* some late */
        fixture_posted p =
            fixture_post_to(i % 2 ? second : f->e, USER, &e, 1, -1);
        assert_int_equal(p.status, PIQ_OK);
        assert_int_equal(p.version, i + 1);
        p = fixture_post_to(i % 2 ? f->e : second, USER, &e, 1, -1);
        assert_int_equal(p.n_duplicates, 1);
    }
    piq_engine_close(second);
    fixture_check_replay(f, USER);
}

typedef struct intruder {
    engine_fixture *f;
    piq_engine *second;
    piq_event event;
    bool done;
    fixture_posted posted;
} intruder;

/* Between the judgement and the commit of the first engine. */
static void intrude(void *ctx, const piq_commit *c)
{
    intruder *x = ctx;
    (void)c;
    if (x->done)
        return;
    x->done = true;
    x->posted = fixture_post_to(x->second, USER, &x->event, 1, -1);
}

static void test_engine__overtaken_by_another_event_it_folds_anew(void **state)
{
    engine_fixture *f = *state;
    intruder x = {.f = f, .second = fixture_second(f)};
    piq_event e = fixture_answer(f, 1, 60, 1);
    x.event = fixture_answer(f, 2, 30, 0); /* comes before it, too */
    memory_before_commit(f->data, intrude, &x);
    assert_int_equal(fixture_post(f, USER, &e, 1).version, 2);
    assert_int_equal(x.posted.status, PIQ_OK);
    memory_before_commit(f->data, NULL, NULL);
    piq_engine_close(x.second);
    assert_int_equal(memory_n_events(f->data), 2);
    fixture_check_replay(f, USER);
}

static void test_engine__overtaken_by_the_same_event_it_is_a_repeat(
    void **state)
{
    engine_fixture *f = *state;
    intruder x = {.f = f, .second = fixture_second(f)};
    x.event = fixture_answer(f, 1, 60, 1);
    memory_before_commit(f->data, intrude, &x);
    fixture_posted p = fixture_post(f, USER, &x.event, 1);
    assert_int_equal(p.n_duplicates, 1);
    assert_int_equal(p.n_accepted, 0);
    assert_int_equal(p.version, 1);
    memory_before_commit(f->data, NULL, NULL);
    piq_engine_close(x.second);
    assert_int_equal(memory_n_events(f->data), 1);
    fixture_check_replay(f, USER);
}

static void test_engine__a_cached_state_of_yore_is_not_kept_for_ever(void **s)
{
    engine_fixture *f = *s;
    piq_event e[2] = {fixture_answer(f, 1, 0, 1), fixture_answer(f, 2, 30, 1)};
    piq_engine_stats stats;
    fixture_post(f, USER, e, 1);
    piq_learner_ref ref;
    assert_int_equal(
        piq_engine_learner(f->e, (piq_user_id){USER}, &ref, &f->err), PIQ_OK);
    fixture_post(f, USER, e + 1, 1);
    assert_int_equal(ref.learner->version, 1); /* held, as it was */
    assert_int_equal(ref.learner->n_events, 1);
    assert_ptr_equal(ref.catalogue, piq_engine_catalogue(f->e));
    piq_learner_ref_release(&ref);
    assert_null(ref.learner);
    piq_engine_stats_get(f->e, &stats);
    assert_int_equal(stats.cached_learners, 1);
    assert_int_equal(stats.commits, 2);
    assert_true(stats.storage_ok);
}

int main(void)
{
#define WITH(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        WITH(test_engine__a_repeat_changes_nothing),
        WITH(test_engine__the_same_id_with_another_body_is_refused),
        WITH(test_engine__an_operation_may_repeat_itself),
        WITH(test_engine__a_thousand_events_at_once),
        WITH(test_engine__no_events_are_no_change),
        WITH(test_engine__if_version_is_kept),
        WITH(test_engine__if_version_goes_before_repeats),
        WITH(test_engine__if_version_knows_of_other_processes),
        cmocka_unit_test(test_engine__without_a_curriculum_nothing_is_taken),
        WITH(test_engine__nobody_is_made_by_asking),
        WITH(test_engine__nothing_to_recommend_is_an_empty_slate),
        WITH(test_engine__a_goal_of_what_is_retired_is_refused),
        WITH(test_engine__the_same_curriculum_again_is_no_version),
        WITH(test_engine__a_newer_curriculum_of_another_process),
        WITH(test_engine__two_processes_write_one_learner),
        WITH(test_engine__overtaken_by_another_event_it_folds_anew),
        WITH(test_engine__overtaken_by_the_same_event_it_is_a_repeat),
        WITH(test_engine__a_cached_state_of_yore_is_not_kept_for_ever),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
