/* The operation that plans: a path is made once, left alone while it holds,
 * and adapted with a reason when something has changed. */
#include "engine/engine.h"

#include "base/calendar.h"
#include "support/engine_fixture.h"
#include "support/habit_maker.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

enum { USER = 7 };

/* 2026-11-03T10:00:00Z, the day after the first events. */
#define NOW_US (FIXTURE_START_US + PIQ_US_PER_DAY)

static int set_up(void **state)
{
    engine_fixture *f = fixture_new(NULL);
    piq_event e = fixture_answer(f, 1, 0, 1);
    fixture_post(f, USER, &e, 1);
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    fixture_free(*state);
    return 0;
}

static json_t *plan(engine_fixture *f, int64_t now_us, const char *reason)
{
    piq_op *op = piq_op_new(PIQ_OP_PATH, (piq_user_id){USER}, now_us);
    op->reason = piq_str_of(reason);
    if (piq_engine_run(f->e, op))
        fail_msg("%s (%s)", op->err.message, op->err.where);
    json_t *root = json_loadb(op->path_json.ptr, op->path_json.len,
                              JSON_REJECT_DUPLICATES, NULL);
    assert_non_null(root);
    assert_int_equal(habit_number(root, "version"), op->state_version);
    piq_op_free(op);
    return root;
}

static size_t n_history(const json_t *path)
{
    return json_array_size(habit_at(path, "adaptation_history"));
}

static const json_t *last_change(const json_t *path)
{
    const json_t *list = habit_at(path, "adaptation_history");
    return json_array_get(list, json_array_size(list) - 1);
}

static const json_t *step(const json_t *path, size_t i)
{
    return json_array_get(habit_at(path, "path_config/steps"), i);
}

static size_t n_steps(const json_t *path)
{
    return json_array_size(habit_at(path, "path_config/steps"));
}

/* The first step of a content, from `from`. */
static size_t first_content(const json_t *path, size_t from)
{
    while (from < n_steps(path) &&
           !json_is_integer(json_object_get(step(path, from), "content_id")))
        from++;
    assert_true(from < n_steps(path));
    return from;
}

static void complete(engine_fixture *f, unsigned id, int64_t after_s,
                     int64_t content)
{
    piq_event e = fixture_event(f, id, after_s, PIQ_EV_CONTENT_COMPLETED);
    e.u.content = (piq_content_event){.seconds = 500, .score = NAN};
    assert_true(piq_catalogue_find_content(piq_engine_catalogue(f->e),
                                           (piq_content_id){content},
                                           &e.u.content.content));
    fixture_post(f, USER, &e, 1);
}

static void test_plan__the_first_one_says_so(void **state)
{
    engine_fixture *f = *state;
    json_t *path = plan(f, NOW_US, "");
    assert_int_equal(n_history(path), 1);
    assert_non_null(strstr(habit_text(last_change(path), "why"), "first plan"));
    assert_int_equal(habit_number(last_change(path), "steps_added"),
                     n_steps(path));
    assert_int_equal(habit_number(path, "current_position"), 0);
    assert_string_equal(habit_text(path, "created_at"), "2026-11-03T10:00:00Z");
    assert_int_equal(habit_number(path, "id"), 1);
    json_decref(path);
}

static void test_plan__what_holds_is_not_written_again(void **state)
{
    engine_fixture *f = *state;
    json_decref(plan(f, NOW_US, ""));
    size_t n_commits = memory_n_commits(f->data);
    json_t *path = plan(f, NOW_US + 3600 * PIQ_US_PER_SECOND, "");
    assert_int_equal(memory_n_commits(f->data), n_commits);
    assert_int_equal(n_history(path), 1);
    json_decref(path);
    /* The learner's day begins at four in the morning. */
    path = plan(f, NOW_US + 19 * PIQ_US_PER_HOUR, "");
    assert_int_equal(n_history(path), 2);
    json_decref(path);
    fixture_reopen(f);
    n_commits = memory_n_commits(f->data);
    json_decref(plan(f, NOW_US + 20 * PIQ_US_PER_HOUR, ""));
    assert_int_equal(memory_n_commits(f->data), n_commits);
}

static void test_plan__a_reason_makes_it_anew(void **state)
{
    engine_fixture *f = *state;
    json_decref(plan(f, NOW_US, ""));
    json_t *path = plan(f, NOW_US + PIQ_US_PER_MINUTE, "a day off");
    assert_int_equal(n_history(path), 2);
    assert_memory_equal(habit_text(last_change(path), "why"),
                        "a day off: ", 11);
    assert_string_equal(habit_text(path, "created_at"), "2026-11-03T10:00:00Z");
    assert_int_equal(habit_number(path, "id"), 1);
    assert_int_equal(memory_n_paths(f->data), 1);
    json_decref(path);
}

static void test_plan__what_was_done_stays_at_the_head(void **state)
{
    engine_fixture *f = *state;
    json_t *path = plan(f, NOW_US, "");
    size_t at = first_content(path, 0);
    int64_t content = (int64_t)habit_number(step(path, at), "content_id");
    json_decref(path);
    complete(f, 2, 86400 + 600, content);
    path = plan(f, NOW_US + PIQ_US_PER_HOUR, "");
    assert_true(habit_number(last_change(path), "steps_done") >= 1);
    size_t current = (size_t)habit_number(path, "current_position");
    assert_true(current >= 1);
    bool found = false;
    for (size_t i = 0; i < n_steps(path); i++) {
        bool done = !strcmp(habit_text(step(path, i), "status"), "done");
        assert_int_equal(done, i < current);
        if (habit_number(step(path, i), "content_id") == (double)content)
            found = found || done;
    }
    assert_true(found);
    assert_non_null(strstr(habit_text(last_change(path), "why"), "done"));
    json_decref(path);
    path = plan(f, NOW_US + 2 * PIQ_US_PER_HOUR, "again");
    assert_int_equal(habit_number(last_change(path), "steps_done"), 0);
    assert_true(habit_number(path, "current_position") >= (double)current);
    json_decref(path);
}

/* The phone was without a network: the event tells of a time before the plan,
 * and arrives after it. */
static void test_plan__what_was_done_before_is_done_too(void **state)
{
    engine_fixture *f = *state;
    json_t *path = plan(f, NOW_US, "");
    size_t at = first_content(path, 0);
    int64_t content = (int64_t)habit_number(step(path, at), "content_id");
    json_decref(path);
    complete(f, 2, 86400 - 600, content);
    path = plan(f, NOW_US + PIQ_US_PER_HOUR, "");
    assert_true(habit_number(last_change(path), "steps_done") >= 1);
    json_decref(path);
}

static void test_plan__another_curriculum_ends_it(void **state)
{
    engine_fixture *f = *state;
    json_decref(plan(f, FIXTURE_NOW_US, ""));
    fixture_load_file(f, "content/poker.json");
    /* In real time, which the tests' own lies ahead of. */
    piq_op *op = piq_op_new(PIQ_OP_PATH, (piq_user_id){USER}, FIXTURE_NOW_US);
    op->reason = PIQ_STR("new curriculum");
    assert_int_equal(piq_engine_run(f->e, op), PIQ_OK);
    json_t *path = json_loadb(op->path_json.ptr, op->path_json.len, 0, NULL);
    assert_true(habit_number(last_change(path), "steps_removed") > 0);
    assert_true(habit_number(last_change(path), "steps_added") > 0);
    json_decref(path);
    piq_op_free(op);
}

/* ---- goals and time --------------------------------------------------- */

static int32_t day_of(const char *date)
{
    int32_t day;
    assert_true(piq_date_parse(piq_str_of(date), &day));
    return day;
}

static void test_plan__keeps_to_the_deadline_and_days_off(void **state)
{
    engine_fixture *f = *state;
    piq_event e[2] = {fixture_event(f, 2, 60, PIQ_EV_GOAL_SET),
                      fixture_event(f, 3, 61, PIQ_EV_PROFILE_STATED)};
    int32_t deadline = day_of("2026-11-20");
    e[0].u.goal = (piq_goal){.set = true,
                             .target_skill_level = PIQ_EXPERT,
                             .timeline_day = deadline,
                             .n_priority_areas = 1};
    e[1].u.stated =
        (piq_stated){.has = PIQ_STATED_MINUTES | PIQ_STATED_DAYS_OFF,
                     .minutes_per_weekday = {30, 0, 30, 30, 0, 60, 60},
                     .n_days_off = 2};
    e[1].u.stated.days_off[0] = day_of("2026-11-05"); /* a Thursday */
    e[1].u.stated.days_off[1] = day_of("2026-11-07"); /* a Saturday */
    fixture_post(f, USER, e, 2);
    json_t *path = plan(f, NOW_US, "");
    double spent[400] = {0};
    int32_t from = day_of("2026-11-03");
    assert_string_equal(habit_text(path, "path_config/deadline_day"),
                        "2026-11-20");
    assert_true(n_steps(path) > 1);
    for (size_t i = 0; i < n_steps(path); i++) {
        int32_t day = day_of(habit_text(step(path, i), "day"));
        int weekday = piq_weekday_of(day);
        assert_in_range(day, from, deadline);
        assert_true(day != day_of("2026-11-05") && day != day_of("2026-11-07"));
        assert_true(weekday != 1 && weekday != 4); /* no minutes there */
        spent[day - from] += habit_number(step(path, i), "minutes");
    }
    for (int32_t d = 0; d <= deadline - from; d++)
        assert_true(
            spent[d] <=
            e[1].u.stated.minutes_per_weekday[piq_weekday_of(from + d)] +
                0.5); /* minutes are shown to a tenth each */
    json_decref(path);
}

static void test_plan__no_minutes_at_all_is_refused(void **state)
{
    engine_fixture *f = *state;
    piq_event e = fixture_event(f, 2, 60, PIQ_EV_PROFILE_STATED);
    e.u.stated = (piq_stated){.has = PIQ_STATED_MINUTES};
    fixture_post(f, USER, &e, 1);
    piq_op *op = piq_op_new(PIQ_OP_PATH, (piq_user_id){USER}, NOW_US);
    assert_int_equal(piq_engine_run(f->e, op), PIQ_EINVAL);
    assert_int_equal(op->err.status, PIQ_EINVAL);
    assert_int_equal(memory_n_paths(f->data), 0);
    piq_op_free(op);
}

static void test_plan__history_keeps_the_newest_fifty(void **state)
{
    engine_fixture *f = *state;
    json_t *path = NULL;
    for (int i = 0; i < 55; i++) {
        json_decref(path);
        path = plan(f, NOW_US + i * PIQ_US_PER_MINUTE, "once more");
    }
    assert_int_equal(n_history(path), 50);
    assert_string_equal(habit_text(last_change(path), "at"),
                        "2026-11-03T10:54:00Z");
    json_decref(path);
}

/* ---- controls and causes ---------------------------------------------- */

static piq_event control_event(engine_fixture *f, unsigned id, int64_t after_s,
                               piq_control_kind kind)
{
    piq_event e = fixture_event(f, id, after_s, PIQ_EV_PATH_CONTROLLED);
    e.u.control = piq_control_of(kind);
    return e;
}

static void test_plan__a_control_is_in_force_and_the_cause(void **state)
{
    engine_fixture *f = *state;
    json_decref(plan(f, NOW_US, ""));
    piq_event e = control_event(f, 2, 60, PIQ_CONTROL_PACE);
    e.u.control.factor = 2;
    fixture_post(f, USER, &e, 1);
    json_t *path = plan(f, NOW_US + PIQ_US_PER_MINUTE, "");
    const json_t *in_force = habit_at(path, "controls");
    assert_int_equal(json_array_size(in_force), 1);
    assert_string_equal(habit_text(json_array_get(in_force, 0), "kind"),
                        "pace");
    assert_string_equal(habit_text(path, "undo/kind"), "pace");
    const json_t *change = last_change(path);
    assert_int_equal(habit_number(change, "cause/events"), 1);
    assert_int_equal(habit_number(change, "cause/answers"), 0);
    assert_int_equal(json_array_size(habit_at(change, "cause/controls")), 1);
    assert_non_null(strstr(habit_text(change, "why"),
                           "the learner's wish: minutes times 2.00"));
    assert_int_equal(habit_number(change, "planned_from/events"), 2);
    assert_int_equal(habit_number(change, "planned_from/controls"), 1);
    /* Twice the minutes: it does not end later. */
    assert_true(habit_number(change, "effect/completion_moved_days") <= 0);
    json_decref(path);
    e = control_event(f, 3, 61, PIQ_CONTROL_UNDO);
    fixture_post(f, USER, &e, 1);
    path = plan(f, NOW_US + 2 * PIQ_US_PER_MINUTE, "");
    assert_int_equal(json_array_size(habit_at(path, "controls")), 0);
    assert_true(json_is_null(habit_at(path, "undo")));
    assert_non_null(strstr(habit_text(last_change(path), "why"),
                           "minutes times 2.00 taken back"));
    json_decref(path);
}

static void test_plan__results_are_a_cause_with_what_moved(void **state)
{
    engine_fixture *f = *state;
    json_t *path = plan(f, NOW_US, "");
    json_decref(path);
    piq_event e[4];
    for (unsigned i = 0; i < 4; i++) {
        e[i] = fixture_answer(f, 1, 100 + i, 1);
        e[i].event_id = fixture_event(f, 20 + i, 0, PIQ_EV_ANSWER).event_id;
    }
    fixture_post(f, USER, e, 4);
    path = plan(f, NOW_US + PIQ_US_PER_MINUTE, "");
    const json_t *change = last_change(path);
    assert_int_equal(habit_number(change, "cause/answers"), 4);
    const json_t *moved = habit_at(change, "cause/concepts");
    assert_in_range(json_array_size(moved), 1, 3);
    assert_true(habit_number(json_array_get(moved, 0), "mastery_after") >
                habit_number(json_array_get(moved, 0), "mastery_before"));
    assert_non_null(strstr(habit_text(change, "why"), "4 answers since ("));
    json_decref(path);
    /* What was believed is kept of the newest plan alone, and not shown. */
    piq_store *s = piq_engine_store(f->e);
    piq_path_row row;
    assert_int_equal(s->ops->path(s, &f->a, (piq_user_id){USER}, &row, &f->err),
                     PIQ_OK);
    json_t *kept = json_loadb(row.adaptation_history.ptr,
                              row.adaptation_history.len, 0, NULL);
    assert_null(json_object_get(json_array_get(kept, 0), "believed"));
    assert_true(json_array_size(
                    json_object_get(json_array_get(kept, 1), "believed")) > 0);
    json_decref(kept);
}

static void test_plan__a_wish_that_takes_nothing_back_is_refused(void **state)
{
    engine_fixture *f = *state;
    piq_event e[3] = {control_event(f, 2, 60, PIQ_CONTROL_PIN),
                      control_event(f, 3, 61, PIQ_CONTROL_UNDO),
                      control_event(f, 4, 62, PIQ_CONTROL_UNDO)};
    e[0].u.control.content.v = 0;
    piq_op *op = piq_op_new(PIQ_OP_EVENTS, (piq_user_id){USER}, NOW_US);
    op->events = e;
    op->n_events = 3;
    op->strict_controls = true;
    assert_int_equal(piq_engine_run(f->e, op), PIQ_ECONFLICT);
    assert_int_equal(op->at_event, 2);
    assert_int_equal(memory_n_events(f->data), 1); /* none of the three */
    op->n_events = 2;
    assert_int_equal(piq_engine_run(f->e, op), PIQ_OK);
    op->events = NULL;
    piq_op_free(op);
    fixture_post(f, USER, e + 2, 1); /* as history it is taken */
    fixture_check_replay(f, USER);
}

static void test_plan__lists_the_newest_adaptations_asked_for(void **state)
{
    engine_fixture *f = *state;
    for (int i = 0; i < 4; i++)
        json_decref(plan(f, NOW_US + i, "a \"quoted\" {reason}"));
    for (unsigned n = 1; n < 7; n++) {
        piq_op *op = piq_op_new(PIQ_OP_PATH, (piq_user_id){USER}, NOW_US + 9);
        op->n_adaptations = n;
        assert_int_equal(piq_engine_run(f->e, op), PIQ_OK);
        json_t *path =
            json_loadb(op->path_json.ptr, op->path_json.len, 0, NULL);
        assert_int_equal(n_history(path), n < 4 ? n : 4);
        assert_string_equal(habit_text(last_change(path), "cause/reason"),
                            "a \"quoted\" {reason}");
        json_decref(path);
        piq_op_free(op);
    }
}

/* ---- planned again from the log ---------------------------------------- */

static piq_path_replay replayed(engine_fixture *f, int64_t user)
{
    piq_path_replay found;
    if (piq_engine_replay_path(f->e, (piq_user_id){user}, &found, &f->err))
        fail_msg("%s (%s)", f->err.message, f->err.where);
    return found;
}

static void test_plan__a_replay_tells_what_it_found(void **state)
{
    engine_fixture *f = *state;
    assert_int_equal(replayed(f, USER), PIQ_PATH_NONE);
    json_decref(plan(f, NOW_US, ""));
    complete(f, 2, 86400 + 600, 1001);
    complete(f, 3, 600, 2001); /* late */
    json_decref(plan(f, NOW_US + PIQ_US_PER_HOUR, "done on paper"));
    assert_int_equal(replayed(f, USER), PIQ_PATH_SAME);
    piq_store *s = piq_engine_store(f->e);
    piq_path_row row;
    assert_int_equal(s->ops->path(s, &f->a, (piq_user_id){USER}, &row, &f->err),
                     PIQ_OK);
    row.current_position++; /* somebody has been at the file */
    piq_commit c = {.paths = &row, .n_paths = 1};
    assert_int_equal(s->ops->commit(s, &c, &f->err), PIQ_OK);
    assert_int_equal(replayed(f, USER), PIQ_PATH_DIFFERS);
}

static void test_plan__a_replay_needs_the_first_plan(void **state)
{
    engine_fixture *f = *state;
    for (int i = 0; i < 50; i++)
        json_decref(plan(f, NOW_US + i * PIQ_US_PER_MINUTE, "once more"));
    assert_int_equal(replayed(f, USER), PIQ_PATH_SAME);
    json_decref(plan(f, NOW_US + PIQ_US_PER_HOUR, "once more"));
    assert_int_equal(replayed(f, USER), PIQ_PATH_FORGOTTEN);
}

int main(void)
{
#define WITH(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        WITH(test_plan__the_first_one_says_so),
        WITH(test_plan__what_holds_is_not_written_again),
        WITH(test_plan__a_reason_makes_it_anew),
        WITH(test_plan__what_was_done_stays_at_the_head),
        WITH(test_plan__what_was_done_before_is_done_too),
        WITH(test_plan__another_curriculum_ends_it),
        WITH(test_plan__keeps_to_the_deadline_and_days_off),
        WITH(test_plan__no_minutes_at_all_is_refused),
        WITH(test_plan__history_keeps_the_newest_fifty),
        WITH(test_plan__a_control_is_in_force_and_the_cause),
        WITH(test_plan__results_are_a_cause_with_what_moved),
        WITH(test_plan__a_wish_that_takes_nothing_back_is_refused),
        WITH(test_plan__lists_the_newest_adaptations_asked_for),
        WITH(test_plan__a_replay_tells_what_it_found),
        WITH(test_plan__a_replay_needs_the_first_plan),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
