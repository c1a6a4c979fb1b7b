/* Laws of a path that adapts: whatever the learner wishes and does, in whatever
 * order it arrives, the plan keeps to the days and minutes there are and to the
 * wishes, and its whole history is planned again from the event log to the
 * byte. */
#include "base/calendar.h"
#include "base/rng.h"
#include "support/engine_fixture.h"
#include "support/engine_models.h"
#include "support/habit_maker.h"
#include "support/random_catalogue.h"
#include "support/random_control.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

enum { N_LEARNERS = 25, N_STEPS = 40, MOST_PLANS = 45 };

typedef struct world {
    engine_fixture *f;
    piq_rng rng;
    const piq_catalogue *c;
    int64_t now_us;
    unsigned n_events;
    unsigned n_plans;
    uint16_t minutes[7]; /* as stated */
} world;

static uint32_t below(world *w, size_t n)
{
    return (uint32_t)piq_rng_below(&w->rng, n);
}

/* ---- what a learner does ---------------------------------------------------
 */

/* Now, or in the last day: then it comes late. */
static piq_event event_of(world *w, piq_event_type type)
{
    piq_event e = fixture_event(w->f, ++w->n_events, 0, type);
    e.at_us = w->now_us;
    if (below(w, 8) == 0)
        e.at_us -= (int64_t)piq_rng_below(&w->rng, (uint64_t)PIQ_US_PER_DAY);
    return e;
}

static piq_event answer(world *w)
{
    piq_event e = event_of(w, PIQ_EV_ANSWER);
    e.u.answer = (piq_answer){.item = {below(w, w->c->n_items)},
                              .content = {PIQ_NO_IX32},
                              .score = below(w, 3) ? 1.0f : 0.0f,
                              .response_ms = 3000 + below(w, 9000)};
    return e;
}

static piq_event wish(world *w)
{
    piq_event e = event_of(w, PIQ_EV_PATH_CONTROLLED);
    e.u.control = random_control(&w->rng, w->c, piq_day_of(e.at_us, 0, 0));
    return e;
}

static piq_event finish(world *w)
{
    piq_event e = event_of(w, PIQ_EV_CONTENT_COMPLETED);
    e.u.content = (piq_content_event){
        .content = {below(w, w->c->n_contents)}, .seconds = 300, .score = NAN};
    return e;
}

static piq_event goal(world *w)
{
    piq_event e = event_of(w, PIQ_EV_GOAL_SET);
    e.u.goal = (piq_goal){.set = true,
                          .target_skill_level = (piq_level)below(w, 4),
                          .timeline_day = INT32_MAX};
    if (below(w, 2))
        e.u.goal.timeline_day =
            piq_day_of(w->now_us, 0, 0) + 5 + (int32_t)below(w, 40);
    return e;
}

static piq_event state_minutes(world *w)
{
    piq_event e = event_of(w, PIQ_EV_PROFILE_STATED);
    e.at_us = w->now_us; /* the newest statement is the one checked against */
    e.u.stated = (piq_stated){.has = PIQ_STATED_MINUTES};
    for (int i = 0; i < 7; i++)
        w->minutes[i] = e.u.stated.minutes_per_weekday[i] =
            (uint16_t)(10 + below(w, 60));
    return e;
}

static void live(world *w, int64_t user)
{
    piq_event list[6];
    size_t n = 1 + below(w, 6);
    for (size_t i = 0; i < n; i++) {
        uint32_t what = below(w, 12);
        list[i] = what < 5    ? answer(w)
                  : what < 10 ? wish(w)
                  : what < 11 ? finish(w)
                              : goal(w);
    }
    fixture_post(w->f, user, list, n);
}

/* ---- what the plan must keep ------------------------------------------------
 */

static const json_t *steps_of(const json_t *path)
{
    return habit_at(path, "path_config/steps");
}

static bool is_done(const json_t *step)
{
    return strcmp(habit_text(step, "status"), "done") == 0;
}

static int32_t day_of(const json_t *step)
{
    int32_t day = 0;
    assert_true(piq_date_parse(piq_str_of(habit_text(step, "day")), &day));
    return day;
}

static const json_t *wished(const json_t *path, const char *kind)
{
    const json_t *list = habit_at(path, "controls"), *found = NULL;
    for (size_t i = 0; i < json_array_size(list); i++)
        if (!strcmp(habit_text(json_array_get(list, i), "kind"), kind))
            found = json_array_get(list, i);
    return found;
}

static bool is_off(const json_t *off, const char *date)
{
    const json_t *days = off ? json_object_get(off, "days") : NULL;
    for (size_t i = 0; i < json_array_size(days); i++)
        if (!strcmp(json_string_value(json_array_get(days, i)), date))
            return true;
    return false;
}

/* Minutes of steps to come by day, no more than there are. Today's may be
 * frozen, and then bring their own along. */
static void check_minutes(const world *w, const json_t *path)
{
    const json_t *steps = steps_of(path), *pace = wished(path, "pace");
    double factor = pace ? habit_number(pace, "factor") : 1;
    double spent[PIQ_MAX_PIN_DAYS + 40] = {0};
    int32_t today = piq_day_of(w->now_us, 0, 4);
    for (size_t i = 0; i < json_array_size(steps); i++) {
        const json_t *s = json_array_get(steps, i);
        if (is_done(s))
            continue;
        assert_in_range(day_of(s), today, today + PIQ_MAX_PIN_DAYS + 30);
        spent[day_of(s) - today] += habit_number(s, "minutes");
    }
    for (int32_t d = wished(path, "freeze") ? 1 : 0; d < PIQ_MAX_PIN_DAYS;
         d++) {
        double there = w->minutes[piq_weekday_of(today + d)] * factor;
        /* Minutes are shown to a tenth each, and a day's to the minute. */
        if (spent[d] > there + 1.5)
            fail_msg("%g minutes on a day of %g", spent[d], there);
    }
}

static void check_wishes(const json_t *path)
{
    const json_t *steps = steps_of(path), *list = habit_at(path, "controls");
    const json_t *off = wished(path, "days_off");
    bool frozen = wished(path, "freeze") != NULL;
    for (size_t i = 0; i < json_array_size(steps); i++) {
        const json_t *s = json_array_get(steps, i);
        if (is_done(s) || frozen) /* what is frozen stays */
            continue;
        if (is_off(off, habit_text(s, "day")))
            fail_msg("a step on a day off: %s", habit_text(s, "day"));
        for (size_t k = 0; k < json_array_size(list); k++) {
            const json_t *x = json_array_get(list, k);
            const json_t *content = json_object_get(x, "content");
            if (strcmp(habit_text(x, "kind"), "skip") || !content)
                continue;
            assert_false(json_equal(content, json_object_get(s, "content_id")));
        }
    }
}

static void check_replays(const world *w, int64_t user)
{
    piq_path_replay found;
    piq_err err = {0};
    if (piq_engine_replay_path(w->f->e, (piq_user_id){user}, &found, &err))
        fail_msg("%s (%s)", err.message, err.where);
    assert_int_equal(found, PIQ_PATH_SAME);
}

static void plan(world *w, int64_t user)
{
    piq_op *op = piq_op_new(PIQ_OP_PATH, (piq_user_id){user}, w->now_us);
    if (below(w, 6) == 0)
        op->reason = PIQ_STR("just so");
    if (piq_engine_run(w->f->e, op))
        fail_msg("%s (%s)", op->err.message, op->err.where);
    json_t *path = json_loadb(op->path_json.ptr, op->path_json.len, 0, NULL);
    assert_non_null(path);
    check_minutes(w, path);
    check_wishes(path);
    w->n_plans++;
    json_decref(path);
    piq_op_free(op);
}

/* ---- two who ask at other moments ------------------------------------------
 */

/* What was planned; empties what tells only of the moment. */
static json_t *plan_of(world *w, int64_t user, int64_t later_us)
{
    piq_op *op =
        piq_op_new(PIQ_OP_PATH, (piq_user_id){user}, w->now_us + later_us);
    if (piq_engine_run(w->f->e, op))
        fail_msg("%s (%s)", op->err.message, op->err.where);
    json_t *path = json_loadb(op->path_json.ptr, op->path_json.len, 0, NULL);
    assert_non_null(path);
    piq_op_free(op);
    json_t *list = json_object_get(path, "adaptation_history");
    for (size_t i = 0; i < json_array_size(list); i++)
        json_object_del(json_array_get(list, i), "at");
    json_object_del(path, "as_of");
    json_object_del(path, "created_at");
    return path;
}

/* The same learner in two databases, planned some seconds or hours apart. */
static void plan_both(world *a, world *b, int64_t user)
{
    int64_t left_us =
        piq_day_start_us(piq_day_of(a->now_us, 0, 4) + 1, 0, 4) - a->now_us;
    int64_t later_us = (int64_t)piq_rng_below(
        &a->rng, (uint64_t)(below(a, 2) ? left_us : PIQ_US_PER_SECOND));
    if (later_us >= left_us)
        later_us = left_us - 1;
    b->rng = a->rng;
    json_t *one = plan_of(a, user, 0), *two = plan_of(b, user, later_us);
    if (!json_equal(one, two))
        fail_msg("%lld us later learner %lld gets another path:\n%s\n%s",
                 (long long)later_us, (long long)user, json_dumps(one, 0),
                 json_dumps(two, 0));
    json_decref(one);
    json_decref(two);
}

/* ---- a life
 * ------------------------------------------------------------------ */

static void live_on(world *w, int64_t user, int n_steps)
{
    piq_event stated = state_minutes(w);
    fixture_post(w->f, user, &stated, 1);
    w->n_plans = 0;
    for (int i = 0; i < n_steps; i++) {
        w->now_us += (int64_t)piq_rng_below(
            &w->rng,
            (uint64_t)(below(w, 4) ? PIQ_US_PER_HOUR : 2 * PIQ_US_PER_DAY));
        if (below(w, 20) == 0) {
            stated = state_minutes(w);
            fixture_post(w->f, user, &stated, 1);
        }
        live(w, user);
        if (w->n_plans < MOST_PLANS)
            plan(w, user);
    }
    check_replays(w, user);
    fixture_check_replay(w->f, user);
}

static world begin(uint64_t seed, const piq_engine_config *config)
{
    world w = {.f = fixture_bare(config), .now_us = FIXTURE_START_US};
    piq_catalogue *c = random_catalogue(seed, 3, 9, 20);
    fixture_load(w.f, c);
    piq_catalogue_free(c);
    w.c = piq_engine_catalogue(w.f->e);
    piq_rng_seed(&w.rng, seed);
    return w;
}

static void test_plan__a_thousand_steps_replay_to_the_same_plans(void **state)
{
    (void)state;
    world w = begin(1, NULL);
    for (int64_t user = 1; user <= N_LEARNERS; user++)
        live_on(&w, user, N_STEPS);
    fixture_reopen(w.f); /* nothing of it is in memory alone */
    for (int64_t user = 1; user <= N_LEARNERS; user += 6)
        check_replays(&w, user);
    fixture_free(w.f);
}

/* Other difficulties are believed in when it is replayed than were then. */
static void test_plan__replays_under_the_calibrations_of_its_time(void **state)
{
    (void)state;
    piq_engine_config config = fixture_quiet();
    config.calibrate_every = 10;
    config.maintain_ms = 1;
    world w = begin(2, &config);
    for (int64_t user = 1; user <= 3; user++)
        live_on(&w, user, N_STEPS / 2);
    for (int i = 0; i < 40 && piq_engine_calibration(w.f->e) < 3; i++) {
        live(&w, 4);
        fixture_sleep_ms(5);
    }
    assert_true(piq_engine_calibration(w.f->e) >= 3);
    for (int64_t user = 1; user <= 3; user++)
        check_replays(&w, user);
    fixture_free(w.f);
}

static void test_plan__replays_over_a_new_curriculum(void **state)
{
    (void)state;
    world w = begin(3, NULL);
    live_on(&w, 1, 10);
    piq_catalogue *c = random_catalogue(103, 4, 12, 28);
    fixture_load(w.f, c); /* more of everything, all of it changed */
    piq_catalogue_free(c);
    w.c = piq_engine_catalogue(w.f->e);
    live_on(&w, 1, 10);
    fixture_free(w.f);
}

static void test_plan__replays_under_the_models_of_its_time(void **state)
{
    (void)state;
    world w = begin(4, NULL);
    live_on(&w, 1, 8);
    engine_promote_random(w.f->e, 4);
    engine_adopt(w.f->e);
    live_on(&w, 1, 8);
    engine_promote_random(w.f->e, 5);
    engine_adopt(w.f->e);
    live_on(&w, 1, 8);
    fixture_free(w.f);
}

/* One state, one day, one plan: whoever makes it, and when. Each engine of
 * several plans at a moment of its own. */
static void test_plan__the_moment_of_planning_changes_nothing(void **state)
{
    (void)state;
    world a = begin(6, NULL), b = begin(6, NULL);
    for (int64_t user = 1; user <= 4; user++)
        for (int i = 0; i < N_STEPS / 2; i++) {
            a.now_us += (int64_t)piq_rng_below(
                &a.rng, (uint64_t)(below(&a, 4) ? PIQ_US_PER_DAY / 3
                                                : 2 * PIQ_US_PER_DAY));
            b.now_us = a.now_us;
            b.rng = a.rng;
            live(&a, user);
            live(&b, user);
            plan_both(&a, &b, user);
        }
    for (int64_t user = 1; user <= 4; user++)
        check_replays(&b, user);
    fixture_free(a.f);
    fixture_free(b.f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_plan__a_thousand_steps_replay_to_the_same_plans),
        cmocka_unit_test(test_plan__replays_under_the_calibrations_of_its_time),
        cmocka_unit_test(test_plan__replays_over_a_new_curriculum),
        cmocka_unit_test(test_plan__replays_under_the_models_of_its_time),
        cmocka_unit_test(test_plan__the_moment_of_planning_changes_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
