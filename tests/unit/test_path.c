/* A plan: what comes, in which order, on which day, and how sure. */
#include "path/path.h"

#include "base/calendar.h"
#include "support/near.h"
#include "support/small_catalogue.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

/* 2026-11-23, a Monday. */
enum { MONDAY = 20780 };

typedef struct fixture {
    piq_catalogue *c;
    piq_arena a;
    piq_belief beliefs[N_SMALL_CONCEPTS];
    piq_content_history history[N_SMALL_CONTENTS];
    double value[N_SMALL_CONCEPTS];
    piq_concept_ix targets[N_SMALL_CONCEPTS];
    piq_path_input in;
} fixture;

static piq_belief at(double mastery, float evidence)
{
    return (piq_belief){.mastery = mastery,
                        .ability_logit = log(mastery / (1 - mastery)),
                        .sd_logit = 0.4,
                        .mastery_low = mastery * 0.8,
                        .mastery_high = mastery + 0.2 * (1 - mastery),
                        .recall = NAN,
                        .stability_days = NAN,
                        .due_us = INT64_MAX,
                        .last_us = INT64_MIN,
                        .evidence = evidence};
}

static void open_fixture(fixture *f)
{
    *f = (fixture){.c = small_catalogue()};
    piq_arena_init(&f->a, 0);
    for (int k = 0; k < N_SMALL_CONCEPTS; k++) {
        f->beliefs[k] = at(0.3, 0);
        f->value[k] = 0.6;
    }
    f->in = (piq_path_input){.catalogue = f->c,
                             .beliefs = f->beliefs,
                             .history = f->history,
                             .targets = f->targets,
                             .value = f->value,
                             .from_day = MONDAY,
                             .deadline_day = INT32_MAX,
                             .minutes_per_weekday = {30, 30, 30, 30, 30, 60, 0},
                             .session_minutes = 25,
                             .desired_retention = 0.9,
                             .pace = 1,
                             .pace_sd = 0.1};
}

static void close_fixture(fixture *f)
{
    piq_arena_release(&f->a);
    piq_catalogue_free(f->c);
}

static void aim_at(fixture *f, uint16_t concept)
{
    f->targets[f->in.n_targets++] = (piq_concept_ix){concept};
}

static piq_plan plan(fixture *f)
{
    piq_plan p;
    piq_err err;
    assert_int_equal(piq_path_plan(&f->a, &f->in, &p, &err), PIQ_OK);
    return p;
}

/* Place of a content among the steps; n_steps when it is not there. */
static size_t place_of(const piq_plan *p, int id)
{
    size_t i = 0;
    while (i < p->n_steps && p->steps[i].content.v != (uint32_t)id - 1)
        i++;
    return i;
}

static void test_path__missing_prerequisites_come_first(void **s)
{
    (void)s;
    fixture f;
    open_fixture(&f);
    aim_at(&f, EMULSION);
    piq_plan p = plan(&f);
    size_t broth = place_of(&p, BROTH_LESSON);
    size_t sauce = place_of(&p, SAUCE_LESSON);
    size_t emulsion = place_of(&p, EMULSION_LESSON);
    assert_true(broth < sauce && sauce < emulsion && emulsion < p.n_steps);
    assert_true(p.prerequisites_added);
    assert_int_equal(p.n_targets, 3);
    assert_int_equal(p.targets[0].v, BROTH);
    assert_int_equal(p.targets[2].v, EMULSION);
    /* Nothing of what nobody asked for. */
    assert_int_equal(place_of(&p, KNIFE_LESSON), p.n_steps);
    assert_int_equal(p.steps[0].status, PIQ_STEP_READY);
    assert_int_equal(p.steps[emulsion].status, PIQ_STEP_LOCKED);
    assert_int_not_equal(p.completion_day, INT32_MAX);
    close_fixture(&f);
}

static void test_path__explained_before_practised(void **s)
{
    (void)s;
    fixture f;
    open_fixture(&f);
    aim_at(&f, KNIFE);
    piq_plan p = plan(&f);
    assert_true(place_of(&p, KNIFE_LESSON) < place_of(&p, KNIFE_DRILL));
    assert_true(place_of(&p, KNIFE_DRILL) < p.n_steps);
    assert_false(p.prerequisites_added);
    assert_int_equal(place_of(&p, HIDDEN_LESSON), p.n_steps);
    close_fixture(&f);
}

static void test_path__a_check_closes_what_it_covers(void **s)
{
    (void)s;
    fixture f;
    open_fixture(&f);
    aim_at(&f, BROTH);
    aim_at(&f, SAUCE);
    piq_plan p = plan(&f);
    size_t check = place_of(&p, SAUCE_CHECK);
    assert_true(check < p.n_steps);
    assert_int_equal(p.steps[check].kind, PIQ_STEP_ASSESSMENT);
    assert_true(place_of(&p, BROTH_LESSON) < check);
    assert_true(place_of(&p, SAUCE_LESSON) < check);
    assert_true(place_of(&p, SAUCE_DRILL) < check);
    close_fixture(&f);
}

static void test_path__days_off_and_minutes_are_kept(void **s)
{
    (void)s;
    fixture f;
    open_fixture(&f);
    const int32_t off[] = {MONDAY + 1, MONDAY + 3};
    f.in.days_off = off;
    f.in.n_days_off = 2;
    f.in.minutes_spent_today = 25; /* five left: no content is so short */
    aim_at(&f, EMULSION);
    piq_plan p = plan(&f);
    assert_true(p.n_steps > 0);
    assert_int_equal(p.steps[0].day, MONDAY + 2);
    for (size_t i = 0; i < p.n_steps; i++) {
        assert_int_not_equal(p.steps[i].day, MONDAY + 3);
        assert_int_not_equal(piq_weekday_of(p.steps[i].day), 6);
    }
    close_fixture(&f);
}

static void test_path__no_minute_in_the_week_is_refused(void **s)
{
    (void)s;
    fixture f;
    piq_plan p;
    piq_err err;
    open_fixture(&f);
    memset(f.in.minutes_per_weekday, 0, sizeof f.in.minutes_per_weekday);
    aim_at(&f, KNIFE);
    assert_int_equal(piq_path_plan(&f.a, &f.in, &p, &err), PIQ_EINVAL);
    assert_string_equal(err.message, "no weekday has a minute to plan with");
    close_fixture(&f);
}

static void test_path__what_is_mastered_needs_nothing(void **s)
{
    (void)s;
    fixture f;
    open_fixture(&f);
    f.beliefs[KNIFE] = at(0.9, 20);
    f.in.deadline_day = MONDAY + 10;
    aim_at(&f, KNIFE);
    piq_plan p = plan(&f);
    assert_int_equal(p.n_steps, 0);
    assert_int_equal(p.n_targets_met, 1);
    assert_int_equal(p.completion_day, MONDAY);
    assert_int_equal(p.completion_high_day, MONDAY);
    assert_true(isnan(p.in_time_prob)); /* the engine's to say */
    close_fixture(&f);
}

static void test_path__believed_but_not_shown_asks_for_a_check(void **s)
{
    (void)s;
    fixture f;
    open_fixture(&f);
    f.beliefs[KNIFE] = at(0.9, 1);
    f.history[KNIFE_LESSON - 1].progress = PIQ_COMPLETED;
    f.history[KNIFE_DRILL - 1].progress = PIQ_COMPLETED;
    aim_at(&f, KNIFE);
    piq_plan p = plan(&f);
    assert_true(p.n_steps >= 1); /* then reviews, as it would fade */
    assert_int_equal(p.steps[0].kind, PIQ_STEP_REVIEW);
    assert_int_equal(p.steps[0].content.v, PIQ_NO_IX32);
    assert_string_equal(p.steps[0].why,
                        "Knife is believed to be at 90 % but not shown yet; a "
                        "few answers settle it.");
    assert_int_equal(p.completion_day, MONDAY);
    close_fixture(&f);
}

static void test_path__due_memory_is_reviewed_on_its_day(void **s)
{
    (void)s;
    fixture f;
    open_fixture(&f);
    f.beliefs[BROTH] = at(0.9, 20);
    f.beliefs[BROTH].stability_days = 10; /* 90 % after 10 days by definition */
    f.beliefs[BROTH].recall = 0.9;
    aim_at(&f, BROTH);
    aim_at(&f, KNIFE);
    piq_plan p = plan(&f);
    assert_int_equal(p.steps[0].kind, PIQ_STEP_REVIEW);
    assert_int_equal(p.steps[0].concept.v, BROTH);
    assert_int_equal(p.steps[0].day, MONDAY);
    assert_string_equal(p.steps[0].why, "By this day recall of Broth falls to "
                                        "90 %; 5 minutes keep it.");
    close_fixture(&f);
}

static void test_path__what_does_not_fit_is_named_by_loss(void **s)
{
    (void)s;
    fixture f;
    open_fixture(&f);
    f.in.deadline_day = MONDAY + 1; /* an hour in all */
    f.value[KNIFE] = 1;
    f.value[EMULSION] = 0.2;
    aim_at(&f, EMULSION);
    aim_at(&f, KNIFE);
    piq_plan p = plan(&f);
    assert_true(p.n_steps > 0);
    assert_true(p.minutes_total <= 60);
    assert_true(p.n_dropped >= 1);
    for (size_t i = 0; i < p.n_steps; i++)
        assert_true(p.steps[i].day <= MONDAY + 1);
    assert_true(p.completion_day > MONDAY + 1);
    close_fixture(&f);
}

/* ---- parts ------------------------------------------------------------- */

static void give(fixture *f, uint16_t minutes_a_day)
{
    for (int d = 0; d < 7; d++)
        f->in.minutes_per_weekday[d] = minutes_a_day;
}

/* Minutes of a content's steps; its parts are counted from 1 and add up. */
static double minutes_in_parts(const piq_plan *p, int id)
{
    double minutes = 0;
    uint16_t part = 0, parts = 0;
    for (size_t i = 0; i < p->n_steps; i++) {
        const piq_plan_step *s = &p->steps[i];
        if (s->content.v != (uint32_t)id - 1)
            continue;
        assert_int_equal(s->part, ++part);
        assert_true(parts == 0 || parts == s->parts);
        parts = s->parts;
        minutes += s->minutes;
        if (part < parts)
            assert_true(s->mastery_after == s->mastery_before);
        else
            assert_true(s->mastery_after > s->mastery_before);
    }
    assert_int_equal(part, parts);
    return minutes;
}

static size_t last_place_of(const piq_plan *p, int id)
{
    size_t i = p->n_steps;
    while (i > 0 && p->steps[i - 1].content.v != (uint32_t)id - 1)
        i--;
    return i - 1;
}

static void test_path__long_content_is_spread_over_days(void **s)
{
    (void)s;
    fixture f;
    open_fixture(&f);
    give(&f, 8);
    aim_at(&f, EMULSION);
    piq_plan p = plan(&f);
    static const int lessons[] = {BROTH_LESSON, SAUCE_LESSON, EMULSION_LESSON};
    for (int i = 0; i < 3; i++)
        assert_near(minutes_in_parts(&p, lessons[i]),
                    f.c->contents[lessons[i] - 1].minutes, 1e-9);
    const piq_plan_step *first = &p.steps[place_of(&p, BROTH_LESSON)];
    assert_true(first->parts >= 2);
    assert_int_equal(first->status, PIQ_STEP_READY);
    assert_int_equal(first[1].status, PIQ_STEP_LOCKED);
    assert_non_null(strstr(first->why, "which is longer than this day"));
    assert_true(last_place_of(&p, BROTH_LESSON) < place_of(&p, SAUCE_LESSON));
    assert_int_not_equal(p.completion_day, INT32_MAX);
    assert_int_equal(p.n_dropped, 0);
    close_fixture(&f);
}

static void test_path__a_minute_a_day_still_leads_on(void **s)
{
    (void)s;
    fixture f;
    open_fixture(&f);
    give(&f, 1);
    aim_at(&f, KNIFE);
    piq_plan p = plan(&f);
    double minutes = f.c->contents[KNIFE_LESSON - 1].minutes;
    assert_near(minutes_in_parts(&p, KNIFE_LESSON), minutes, 1e-9);
    assert_near(p.steps[0].parts, minutes, 0);
    close_fixture(&f);
}

static void test_path__what_was_spent_is_not_planned_again(void **s)
{
    (void)s;
    fixture f;
    open_fixture(&f);
    give(&f, 8);
    f.history[KNIFE_LESSON - 1].progress = PIQ_STARTED;
    f.history[KNIFE_LESSON - 1].seconds = 3 * 60;
    aim_at(&f, KNIFE);
    piq_plan p = plan(&f);
    assert_near(minutes_in_parts(&p, KNIFE_LESSON),
                f.c->contents[KNIFE_LESSON - 1].minutes - 3, 1e-9);
    close_fixture(&f);
}

static void test_path__the_deadline_may_fall_between_parts(void **s)
{
    (void)s;
    fixture f;
    open_fixture(&f);
    give(&f, 6);
    f.in.deadline_day = MONDAY; /* one part, and the end of the plan */
    aim_at(&f, KNIFE);
    piq_plan p = plan(&f);
    assert_int_equal(p.n_steps, 1);
    assert_int_equal(p.steps[0].part, 1);
    /* The walk goes on past it, and tells how many there would be. */
    assert_near(p.steps[0].parts,
                ceil(f.c->contents[KNIFE_LESSON - 1].minutes / 6), 0);
    assert_int_equal(p.n_dropped, 1);
    close_fixture(&f);
}

static void test_path__a_passed_deadline_bounds_nothing(void **s)
{
    (void)s;
    fixture f;
    open_fixture(&f);
    aim_at(&f, EMULSION);
    piq_plan open = plan(&f);
    f.in.deadline_day = MONDAY - 30;
    piq_plan passed = plan(&f);
    assert_int_equal(passed.n_steps, open.n_steps);
    assert_int_equal(passed.completion_day, open.completion_day);
    assert_int_equal(passed.n_dropped, 0);
    assert_int_equal(passed.deadline_day, MONDAY - 30);
    close_fixture(&f);
}

/* Two memories are due, and a lesson of 12 minutes is open: 25 minutes hold
 * all of them. */
static void test_path__reviews_leave_room_for_what_is_new(void **s)
{
    (void)s;
    fixture f;
    open_fixture(&f);
    give(&f, 25);
    for (int k = BROTH; k <= SAUCE; k++) {
        f.beliefs[k] = at(0.9, 20);
        f.beliefs[k].stability_days = 10;
        f.beliefs[k].recall = 0.8;
        aim_at(&f, (uint16_t)k);
    }
    aim_at(&f, KNIFE);
    piq_plan p = plan(&f);
    size_t knife = place_of(&p, KNIFE_LESSON);
    assert_true(knife < p.n_steps);
    assert_int_equal(p.steps[0].kind, PIQ_STEP_REVIEW);
    assert_int_equal(p.steps[knife].day, MONDAY);
    close_fixture(&f);
}

static void test_path__interval_holds_the_day_and_grows_with_doubt(void **s)
{
    (void)s;
    fixture f;
    open_fixture(&f);
    aim_at(&f, EMULSION);
    piq_plan sure = plan(&f);
    assert_true(sure.completion_low_day <= sure.completion_day);
    assert_true(sure.completion_day <= sure.completion_high_day);
    f.in.pace_sd = 0.6;
    piq_plan unsure = plan(&f);
    assert_true(unsure.completion_high_day > sure.completion_high_day);
    assert_int_equal(unsure.completion_day, sure.completion_day);
    close_fixture(&f);
}

static void test_path__skipped_content_is_left_out(void **s)
{
    (void)s;
    fixture f;
    open_fixture(&f);
    const piq_content_ix skip[] = {{KNIFE_DRILL - 1}};
    f.in.wishes.skip = skip;
    f.in.wishes.n_skip = 1;
    aim_at(&f, KNIFE);
    piq_plan p = plan(&f);
    assert_int_equal(place_of(&p, KNIFE_DRILL), p.n_steps);
    assert_true(place_of(&p, KNIFE_LESSON) < p.n_steps);
    close_fixture(&f);
}

static void test_path__a_faster_learner_is_done_sooner(void **s)
{
    (void)s;
    fixture f;
    open_fixture(&f);
    aim_at(&f, EMULSION);
    piq_plan usual = plan(&f);
    f.in.pace = 2;
    piq_plan fast = plan(&f);
    assert_true(fast.completion_day < usual.completion_day);
    close_fixture(&f);
}

static void test_path__a_full_arena_is_said(void **s)
{
    (void)s;
    fixture f;
    long k = 1;
    open_fixture(&f);
    aim_at(&f, EMULSION);
    for (;; k++) {
        piq_arena a;
        piq_plan p;
        piq_arena_init(&a, 0);
        piq_alloc_fail_after(k, 0);
        piq_status status = piq_path_plan(&a, &f.in, &p, NULL);
        piq_alloc_fail_after(0, 0);
        piq_arena_release(&a);
        if (status == PIQ_OK)
            break;
        assert_int_equal(status, PIQ_ENOMEM);
    }
    assert_true(k > 1);
    close_fixture(&f);
}

/* ---- targets ----------------------------------------------------------- */

static void test_targets__named_ones_or_areas_up_to_the_level(void **s)
{
    (void)s;
    fixture f;
    piq_concept_ix out[N_SMALL_CONCEPTS];
    open_fixture(&f);
    piq_goal g = {.set = true, .target_skill_level = PIQ_INTERMEDIATE};
    assert_int_equal(piq_path_targets(f.c, &g, out), 3); /* not emulsion */
    g.priority_areas[0].v = 1;                           /* cold: knife alone */
    g.n_priority_areas = 1;
    assert_int_equal(piq_path_targets(f.c, &g, out), 1);
    assert_int_equal(out[0].v, KNIFE);
    g.target_concepts[0].v = EMULSION;
    g.n_target_concepts = 1;
    assert_int_equal(piq_path_targets(f.c, &g, out), 1);
    assert_int_equal(out[0].v, EMULSION);
    f.c->concepts[EMULSION].retired = true;
    assert_int_equal(piq_path_targets(f.c, &g, out), 0);
    close_fixture(&f);
}

/* ---- JSON -------------------------------------------------------------- */

static piq_buf written(const piq_plan *p, const piq_catalogue *c)
{
    piq_buf b;
    piq_json_writer w;
    piq_buf_init(&b, 0);
    piq_json_init(&w, &b);
    piq_plan_write(p, c, &w);
    assert_int_equal(b.status, PIQ_OK);
    return b;
}

static void test_plan_json__reads_back_what_was_written(void **s)
{
    (void)s;
    fixture f;
    open_fixture(&f);
    f.in.deadline_day = MONDAY + 1;
    aim_at(&f, EMULSION);
    piq_plan p = plan(&f), q;
    assert_true(p.n_steps >= 2);
    p.steps[0].status = PIQ_STEP_DONE;
    p.current = 1;
    piq_buf b = written(&p, f.c);
    assert_int_equal(
        piq_plan_read(&f.a, (piq_str){b.ptr, b.len}, f.c, &q, NULL), PIQ_OK);
    assert_int_equal(q.n_steps, p.n_steps);
    assert_int_equal(q.current, 1);
    assert_int_equal(q.n_targets, p.n_targets);
    assert_int_equal(q.n_dropped, p.n_dropped);
    assert_int_equal(q.deadline_day, p.deadline_day);
    assert_int_equal(q.completion_high_day, p.completion_high_day);
    piq_buf again = written(&q, f.c);
    assert_int_equal(again.len, b.len);
    assert_memory_equal(again.ptr, b.ptr, b.len);
    piq_buf_release(&again);
    piq_buf_release(&b);
    close_fixture(&f);
}

static void test_plan_json__steps_stored_without_parts_are_whole(void **s)
{
    (void)s;
    fixture f;
    piq_plan q;
    open_fixture(&f);
    aim_at(&f, KNIFE);
    give(&f, 8);
    piq_plan p = plan(&f);
    assert_true(p.steps[0].parts > 1);
    piq_buf b = written(&p, f.c);
    json_t *json = json_loadb(b.ptr, b.len, 0, NULL);
    json_t *step = json_array_get(json_object_get(json, "steps"), 0);
    json_object_del(step, "part");
    json_object_del(step, "parts");
    char *text = json_dumps(json, 0);
    assert_int_equal(piq_plan_read(&f.a, piq_str_of(text), f.c, &q, NULL),
                     PIQ_OK);
    assert_int_equal(q.steps[0].part, 1);
    assert_int_equal(q.steps[0].parts, 1);
    assert_int_equal(q.steps[1].part, 2);
    free(text);
    json_decref(json);
    piq_buf_release(&b);
    close_fixture(&f);
}

static void test_plan_json__leaves_out_what_the_catalogue_lost(void **s)
{
    (void)s;
    fixture f;
    open_fixture(&f);
    aim_at(&f, KNIFE);
    piq_plan p = plan(&f), q;
    piq_buf b = written(&p, f.c);
    f.c->contents[KNIFE_LESSON - 1].retired = true;
    assert_int_equal(
        piq_plan_read(&f.a, (piq_str){b.ptr, b.len}, f.c, &q, NULL), PIQ_OK);
    assert_int_equal(q.n_steps, p.n_steps - 1);
    piq_buf_release(&b);
    close_fixture(&f);
}

static void test_plan_json__damage_is_told(void **s)
{
    (void)s;
    fixture f;
    piq_plan q;
    piq_err err;
    static const char *const bad[] = {"",
                                      "{",
                                      "[]",
                                      "{}",
                                      "{\"steps\":[1]}",
                                      "{\"from_day\":\"2026-13-01\"}"};
    open_fixture(&f);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_int_equal(piq_plan_read(&f.a, piq_str_of(bad[i]), f.c, &q, &err),
                         PIQ_ECORRUPT);
    close_fixture(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_path__missing_prerequisites_come_first),
        cmocka_unit_test(test_path__explained_before_practised),
        cmocka_unit_test(test_path__a_check_closes_what_it_covers),
        cmocka_unit_test(test_path__days_off_and_minutes_are_kept),
        cmocka_unit_test(test_path__no_minute_in_the_week_is_refused),
        cmocka_unit_test(test_path__what_is_mastered_needs_nothing),
        cmocka_unit_test(test_path__believed_but_not_shown_asks_for_a_check),
        cmocka_unit_test(test_path__due_memory_is_reviewed_on_its_day),
        cmocka_unit_test(test_path__what_does_not_fit_is_named_by_loss),
        cmocka_unit_test(test_path__long_content_is_spread_over_days),
        cmocka_unit_test(test_path__a_minute_a_day_still_leads_on),
        cmocka_unit_test(test_path__what_was_spent_is_not_planned_again),
        cmocka_unit_test(test_path__the_deadline_may_fall_between_parts),
        cmocka_unit_test(test_path__a_passed_deadline_bounds_nothing),
        cmocka_unit_test(test_path__reviews_leave_room_for_what_is_new),
        cmocka_unit_test(
            test_path__interval_holds_the_day_and_grows_with_doubt),
        cmocka_unit_test(test_path__skipped_content_is_left_out),
        cmocka_unit_test(test_path__a_faster_learner_is_done_sooner),
        cmocka_unit_test(test_path__a_full_arena_is_said),
        cmocka_unit_test(test_targets__named_ones_or_areas_up_to_the_level),
        cmocka_unit_test(test_plan_json__reads_back_what_was_written),
        cmocka_unit_test(test_plan_json__steps_stored_without_parts_are_whole),
        cmocka_unit_test(test_plan_json__leaves_out_what_the_catalogue_lost),
        cmocka_unit_test(test_plan_json__damage_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
