/* The profile: what is told of a learner, and what is not told for want of
 * evidence. Numbers are worked out by hand. */
#include "insight/profile.h"

#include "base/calendar.h"
#include "insight/estimate.h"
#include "support/habit_maker.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define MINUTE PIQ_US_PER_MINUTE
#define HOUR   PIQ_US_PER_HOUR
#define DAY    PIQ_US_PER_DAY

enum { RHYTHM = 0, PITCH = 1, HARMONY = 2, TRIADS = 6 };

typedef struct fixture {
    habit_world of;
    piq_profile p;
} fixture;

static int set_up(void **state)
{
    fixture *f = calloc(1, sizeof *f);
    habit_begin(&f->of);
    f->of.beliefs = habit_beliefs(f->of.catalogue, 0.5, 0.1, 0);
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    fixture *f = *state;
    habit_end(&f->of);
    free(f);
    return 0;
}

static void make(fixture *f, int64_t now_us)
{
    assert_int_equal(piq_profile_make(&f->of.arena, f->of.l, f->of.catalogue,
                                      f->of.beliefs, now_us, &f->p),
                     PIQ_OK);
    piq_profile_write(&f->p, f->of.catalogue, habit_writer(&f->of));
    habit_read_back(&f->of);
}

static void assert_status(fixture *f, const char *claim, bool enough)
{
    char path[80];
    snprintf(path, sizeof path, "evidence/%s/status", claim);
    const char *status = habit_text(f->of.json, path);
    assert_string_not_equal(status, "");
    assert_true(enough == (strcmp(status, "enough") == 0));
    if (!enough)
        assert_non_null(strstr(status, "not enough data yet"));
}

static void test_profile__of_nobody_says_what_is_missing(void **state)
{
    fixture *f = *state;
    make(f, HABIT_START_US);
    static const char *const members[] = {
        "skillProfile/current_levels/rhythm/mastery",
        "skillProfile/improvement_trajectory",
        "skillProfile/weak_areas",
        "skillProfile/mastered_concepts",
        "skillProfile/learning_velocity",
        "learningStyle/preferred_content_type",
        "learningStyle/optimal_session_length",
        "learningStyle/difficulty_progression_rate",
        "learningStyle/motivation_factors",
        "behavioralMetrics/engagement_patterns",
        "behavioralMetrics/completion_rates/overall/rate",
        "behavioralMetrics/preferred_characters",
        "behavioralMetrics/optimal_study_times",
        "goals/target_skill_level",
        "goals/timeline",
        "goals/priority_areas",
        "goals/motivation_type",
        "stated"};
    for (size_t i = 0; i < sizeof members / sizeof *members; i++)
        assert_non_null(habit_at(f->of.json, members[i]));
    for (int k = 0; k < PIQ_N_CLAIMS; k++)
        assert_status(f, piq_claim_name((piq_claim)k), k == PIQ_CLAIM_MASTERED);
    assert_string_equal(habit_text(f->of.json, "userId"), "7");
    assert_string_equal(
        habit_text(f->of.json, "learningStyle/preferred_content_type"),
        "mixed");
    assert_true(habit_near(
        habit_number(f->of.json, "learningStyle/optimal_session_length"), 25,
        0));
    assert_true(habit_near(
        habit_number(f->of.json, "skillProfile/learning_velocity"), 0, 0));
    assert_true(json_is_null(habit_at(f->of.json, "goals/priority_areas")));
    assert_true(json_is_null(
        habit_at(f->of.json, "skillProfile/current_levels/pitch/movement")));
}

static void test_profile__three_sessions_are_told(void **state)
{
    fixture *f = *state;
    /* Days 0, 2, 4 at 10:00, answers of 10 s: sessions of 20 min 10 s, 10 min
     * 10 s, 0 min 10 s. */
    for (int k = 0; k < 3; k++)
        for (int i = 0; i <= 2 - k; i++)
            habit_answer(f->of.l,
                         HABIT_START_US + 2 * k * DAY + i * 10 * MINUTE, 1, 0.5,
                         10000);
    make(f, HABIT_START_US + 6 * DAY);
    const piq_engagement *e = &f->p.engagement;
    assert_int_equal(e->n_sessions, 3);
    /* Seven days from Monday to Sunday: 3 sessions, 3 days a week. */
    assert_true(habit_near(e->sessions_per_week, 3, 1e-9));
    assert_true(habit_near(e->active_days_per_week, 3, 1e-9));
    /* (20 + 10 + 0 min + 3 * 10 s) / 3 = 10 1/6 minutes. */
    assert_true(habit_near(e->mean_session_minutes, 10 + 1 / 6.0, 1e-9));
    /* Six answers of 10 s: one minute a week. */
    assert_true(habit_near(e->minutes_per_week, 1, 1e-9));
    assert_true(habit_near(e->weekday_share[0], 0.5, 1e-9));
    assert_true(habit_near(e->weekday_share[2], 2 / 6.0, 1e-9));
    assert_int_equal(e->streak_days, 0); /* two days ago */
    assert_int_equal(e->longest_streak_days, 1);
    assert_status(f, "engagement_patterns", false); /* a week is no habit */
}

static void test_profile__levels_rise_with_the_concepts_below(void **state)
{
    fixture *f = *state;
    /* Rhythm: pulse and values are beginner's, syncopation intermediate. */
    f->of.beliefs[0].mastery = f->of.beliefs[1].mastery = 0.85;
    f->of.beliefs[2].mastery = 0.5;
    make(f, HABIT_START_US);
    assert_string_equal(
        habit_text(f->of.json, "skillProfile/current_levels/rhythm/level"),
        "beginner");
    f->of.beliefs[2].mastery = 0.75; /* mean (.85 + .85 + .75) / 3 = .817 */
    make(f, HABIT_START_US);
    assert_string_equal(
        habit_text(f->of.json, "skillProfile/current_levels/rhythm/level"),
        "intermediate");
    /* Harmony has no beginner's concept; at .5 it is a beginner's area. */
    assert_string_equal(
        habit_text(f->of.json, "skillProfile/current_levels/harmony/level"),
        "beginner");
}

static void test_profile__area_interval_is_between_one_and_all(void **state)
{
    fixture *f = *state;
    make(f, HABIT_START_US);
    piq_area_ix rhythm = {RHYTHM};
    double shared =
        piq_shared_share(f->of.l, f->of.catalogue, f->of.beliefs, rhythm);
    assert_true(shared >= 0.05 && shared <= 0.95);
    /* Three concepts of sd .1: the mean's lies between .1/sqrt(3) and .1; in
     * logits at .5 four times that. */
    double sd = 0.1 * sqrt(shared + (1 - shared) / 3);
    double high = 1 / (1 + exp(-PIQ_Z90 * 4 * sd));
    assert_true(habit_near(
        habit_number(f->of.json,
                     "skillProfile/current_levels/rhythm/mastery_high"),
        high, 1e-4));
    assert_true(habit_near(
        habit_number(f->of.json,
                     "skillProfile/current_levels/rhythm/mastery_low"),
        1 - high, 1e-4));
}

static void test_profile__trajectory_is_a_drift_with_its_interval(void **state)
{
    fixture *f = *state;
    static const double seen[] = {0.40, 0.44, 0.46, 0.52};
    for (int k = 0; k < 4; k++) {
        double m[3] = {seen[k], NAN, NAN};
        habit_mastery(f->of.l, HABIT_START_US + k * 7 * DAY, m, 0);
    }
    make(f, HABIT_START_US + 22 * DAY);
    assert_int_equal(f->p.n_trends, 1);
    const piq_estimate *e = &f->p.trends[0].slope;
    /* (.52 - .40) / 3 weeks; steps off it by 0, -.02, +.02, so s2 = .0008 / 2
     * and the half-width t(2) 2.920 * sqrt(.0004 / 3) = .0337. */
    assert_true(habit_near(e->value, 0.04, 1e-9));
    assert_true(habit_near(e->high - e->value, 2.920 * sqrt(0.0004 / 3), 1e-6));
    assert_string_equal(
        habit_text(f->of.json,
                   "skillProfile/improvement_trajectory/0/direction"),
        "up");
    assert_status(f, "improvement_trajectory", true);
    /* Four weeks before day 22 nothing was recorded. */
    assert_true(isnan(f->p.levels[RHYTHM].movement));
    make(f, HABIT_START_US + 28 * DAY);
    /* .52, the newest record, against .40 then. */
    assert_true(habit_near(f->p.levels[RHYTHM].movement, 0.12, 1e-9));
}

static void test_profile__three_weeks_are_no_trajectory(void **state)
{
    fixture *f = *state;
    double m[3] = {0.4, NAN, NAN};
    for (int k = 0; k < 3; k++)
        habit_mastery(f->of.l, HABIT_START_US + k * 7 * DAY, m, 0);
    make(f, HABIT_START_US + 22 * DAY);
    assert_true(isnan(f->p.trends[0].slope.low));
    assert_true(json_is_null(
        habit_at(f->of.json, "skillProfile/improvement_trajectory/0/low")));
    assert_status(f, "improvement_trajectory", false);
}

static void test_profile__weak_areas_say_why_with_numbers(void **state)
{
    fixture *f = *state;
    piq_belief *b = f->of.beliefs;
    for (int i = 0; i < 8; i++)
        b[i].evidence = 10;
    b[0].mastery = b[1].mastery = b[2].mastery = 0.3;  /* rhythm */
    b[3].mastery = b[4].mastery = b[5].mastery = 0.85; /* pitch */
    b[3].recall = 0.6;
    b[6].mastery = b[7].mastery = 0.7; /* harmony */
    f->of.l->goal = (piq_goal){.set = true,
                               .target_skill_level = PIQ_INTERMEDIATE,
                               .timeline_day = INT32_MAX,
                               .motivation_type = PIQ_MASTERY,
                               .priority_areas = {{HARMONY}},
                               .n_priority_areas = 1};
    make(f, HABIT_START_US);
    /* Rhythm .8 - .3 = .5; harmony (.8 - .7) (1 + 1) = .2 (its one
     * intermediate concept is not mastered); pitch half of .9 - .6 = .15. */
    assert_int_equal(f->p.n_weak, 3);
    assert_int_equal(f->p.weak[0].area.v, RHYTHM);
    assert_int_equal(f->p.weak[1].area.v, HARMONY);
    assert_int_equal(f->p.weak[2].area.v, PITCH);
    assert_true(habit_near(f->p.weak[0].severity, 0.5, 1e-9));
    assert_true(habit_near(f->p.weak[1].severity, 0.2, 1e-9));
    assert_true(habit_near(f->p.weak[2].severity, 0.15, 1e-9));
    assert_string_equal(habit_text(f->of.json, "skillProfile/weak_areas/0/why"),
                        "Rhythm: mastery 30 % after 30 answers.");
    assert_string_equal(habit_text(f->of.json, "skillProfile/weak_areas/1/why"),
                        "Harmony: mastery 70 % after 20 answers; the goal "
                        "needs 1 more of its 1 concepts here.");
    assert_string_equal(habit_text(f->of.json, "skillProfile/weak_areas/2/why"),
                        "Pitch: mastery 85 % after 30 answers; recall has "
                        "fallen to 60 % (90 % is wanted).");
    assert_string_equal(
        habit_text(f->of.json, "skillProfile/weak_areas/1/reasons/0/kind"),
        "needed_by_goal");
    assert_string_equal(
        habit_text(f->of.json, "skillProfile/weak_areas/0/concepts/0"),
        "rhy.pulse");
}

static void test_profile__an_unknown_area_is_not_weak(void **state)
{
    fixture *f = *state;
    for (int i = 0; i < 8; i++)
        f->of.beliefs[i].mastery = 0.1;
    make(f, HABIT_START_US);
    assert_int_equal(f->p.n_weak, 0);
}

static void test_profile__mastered_needs_evidence(void **state)
{
    fixture *f = *state;
    f->of.beliefs[1].mastery = f->of.beliefs[TRIADS].mastery = 0.9;
    f->of.beliefs[1].evidence = 3;
    f->of.beliefs[TRIADS].evidence = 4;
    make(f, HABIT_START_US);
    assert_int_equal(f->p.n_mastered, 1);
    assert_string_equal(
        habit_text(f->of.json, "skillProfile/mastered_concepts/0"),
        "har.triads");
}

static void test_profile__a_format_is_preferred_when_it_separates(void **state)
{
    fixture *f = *state;
    /* 29 answers each of right as predicted +- .5, interactive .3 better. */
    for (int i = 0; i < 58; i++) {
        int m = i % 2 ? PIQ_INTERACTIVE : PIQ_VISUAL;
        double y = i % 4 < 2 ? 1 : 0;
        habit_answer_in(f->of.l, HABIT_START_US + i * MINUTE, y,
                        m == PIQ_INTERACTIVE ? 0.2 : 0.5, m);
    }
    make(f, HABIT_START_US + 2 * HOUR);
    assert_int_equal(f->p.preferred_content_type, PIQ_N_MODALITIES);
    assert_status(f, "preferred_content_type", false);
    for (int i = 58; i < 80; i++) {
        int m = i % 2 ? PIQ_INTERACTIVE : PIQ_VISUAL;
        double y = i % 4 < 2 ? 1 : 0;
        habit_answer_in(f->of.l, HABIT_START_US + i * MINUTE, y,
                        m == PIQ_INTERACTIVE ? 0.2 : 0.5, m);
    }
    make(f, HABIT_START_US + 2 * HOUR);
    /* 40 a side: interactive mean .3, visual 0; variance .25 * 40 / 39 each,
     * so the half-width is 1.645 sqrt(2 * .2564 / 40) = .186 < .3. */
    assert_int_equal(f->p.preferred_content_type, PIQ_INTERACTIVE);
    assert_true(
        habit_near(f->p.format_effects[PIQ_INTERACTIVE].value, 0.3, 1e-6));
    assert_true(habit_near(f->p.format_effects[PIQ_INTERACTIVE].low,
                           0.3 - PIQ_Z90 * sqrt(2 * (10.0 / 39) / 40), 1e-6));
    assert_status(f, "preferred_content_type", true);
}

static void test_profile__equal_formats_are_mixed(void **state)
{
    fixture *f = *state;
    for (int i = 0; i < 200; i++)
        habit_answer_in(f->of.l, HABIT_START_US + i * MINUTE, i % 4 < 2, 0.5,
                        i % 2 ? PIQ_ANALYTICAL : PIQ_VISUAL);
    make(f, HABIT_START_US + DAY);
    assert_string_equal(
        habit_text(f->of.json, "learningStyle/preferred_content_type"),
        "mixed");
    assert_string_equal(
        habit_text(f->of.json, "evidence/preferred_content_type/note"),
        "no clear difference: we mix formats");
}

static void test_profile__a_best_time_must_separate(void **state)
{
    fixture *f = *state;
    /* Mornings at 10 go as predicted; 19:00 goes .4 better. */
    for (int k = 0; k < 40; k++)
        for (int i = 0; i < 4; i++)
            habit_answer(f->of.l,
                         HABIT_START_US + k / 2 * DAY + k % 2 * 9 * HOUR +
                             i * MINUTE,
                         i % 2, k % 2 ? 0.1 : 0.5, 5000);
    make(f, HABIT_START_US + 20 * DAY);
    assert_int_equal(f->p.n_slots, 1);
    assert_int_equal(f->p.slots[0].from_hour, 18);
    assert_int_equal(f->p.slots[0].to_hour, 21);
    assert_true(habit_near(f->p.slots[0].effect.value, 0.4, 1e-6));
    assert_true(f->p.slots[0].effect.low > 0);
    assert_int_equal((int)f->p.slots[0].effect.n, 80);
    assert_status(f, "optimal_study_times", true);
}

static void test_profile__session_length_is_inferred_stated_or_usual(
    void **state)
{
    fixture *f = *state;
    f->of.l->stated.has = PIQ_STATED_SESSION;
    f->of.l->stated.session_minutes = 40;
    make(f, HABIT_START_US);
    assert_true(habit_near(f->p.session_minutes, 40, 0));
    assert_string_equal(
        habit_text(f->of.json, "evidence/optimal_session_length/source"),
        "stated");
    /* Five sessions of 25 minutes that go well, five of 50 that do not. */
    for (int d = 0; d < 10; d++) {
        int last = d % 2 ? 25 : 50;
        for (int i = 0; i <= 10; i++)
            habit_answer(f->of.l,
                         HABIT_START_US + d * DAY + i * last * MINUTE / 10,
                         i % 2, d % 2 ? 0.2 : 0.7, 5000);
    }
    habit_answer(f->of.l, HABIT_START_US + 11 * DAY, 1, 0.5, 5000);
    make(f, HABIT_START_US + 12 * DAY);
    assert_true(habit_near(f->p.session_minutes, 25, 0)); /* middle of 20-30 */
    assert_string_equal(
        habit_text(f->of.json, "evidence/optimal_session_length/source"),
        "inferred");
    assert_true(
        habit_near(habit_number(f->of.json, "stated/session_minutes"), 40, 0));
}

static void test_profile__characters_chosen_often_are_preferred(void **state)
{
    fixture *f = *state;
    habit_character(f->of.l, HABIT_START_US, 1, 600);
    habit_character(f->of.l, HABIT_START_US + HOUR, 1, 600);
    make(f, HABIT_START_US + DAY);
    assert_int_equal(f->p.n_characters, 0);
    for (int i = 2; i < 6; i++)
        habit_character(f->of.l, HABIT_START_US + i * HOUR, 1, 600);
    make(f, HABIT_START_US + DAY);
    /* Six of six: Wilson's lower end 6 / (6 + 2.706) = .69 > 1/2. */
    assert_int_equal(f->p.n_characters, 1);
    assert_string_equal(
        habit_text(f->of.json, "behavioralMetrics/preferred_characters/0"),
        "duo.bruno");
}

static void test_profile__completion_has_its_interval(void **state)
{
    fixture *f = *state;
    for (int i = 0; i < 8; i++) {
        int64_t t = HABIT_START_US + i * HOUR;
        habit_content(f->of.l, t, PIQ_EV_CONTENT_STARTED, PIQ_LESSON, 0);
        habit_content(f->of.l, t + 5 * MINUTE,
                      i < 6 ? PIQ_EV_CONTENT_COMPLETED
                            : PIQ_EV_CONTENT_ABANDONED,
                      PIQ_LESSON, 300);
    }
    make(f, HABIT_START_US + DAY);
    /* 6 of 8. Wilson with z2 = 2.7055: middle (.75 + .16910) / 1.33819 =
     * .68682, half 1.64485 / 1.33819 sqrt(.1875 / 8 + 2.7055 / 256) =
     * .22671. */
    assert_true(habit_near(
        habit_number(f->of.json,
                     "behavioralMetrics/completion_rates/lesson/rate"),
        0.75, 0));
    assert_true(habit_near(
        habit_number(f->of.json,
                     "behavioralMetrics/completion_rates/lesson/low"),
        0.68682 - 0.22671, 2e-4));
    assert_true(json_is_null(habit_at(
        f->of.json, "behavioralMetrics/completion_rates/course/rate")));
    /* 75 % of 8 contents begun. */
    assert_string_equal(
        habit_text(f->of.json, "learningStyle/motivation_factors/0/factor"),
        "achievement");
}

static void test_profile__what_was_stated_comes_first(void **state)
{
    fixture *f = *state;
    f->of.l->goal = (piq_goal){.set = true,
                               .target_skill_level = PIQ_ADVANCED,
                               .timeline_day = 20818, /* 2026-12-31 */
                               .motivation_type = PIQ_COMPETITIVE};
    f->of.l->stated.has = PIQ_STATED_PACE | PIQ_STATED_CONTENT_TYPE;
    f->of.l->stated.difficulty_progression_rate = PIQ_FAST;
    f->of.l->stated.preferred_content_type = PIQ_VISUAL;
    make(f, HABIT_START_US);
    assert_string_equal(
        habit_text(f->of.json, "learningStyle/motivation_factors/0/factor"),
        "competitive");
    assert_string_equal(
        habit_text(f->of.json, "learningStyle/motivation_factors/0/source"),
        "stated");
    assert_string_equal(habit_text(f->of.json, "goals/timeline"), "2026-12-31");
    assert_string_equal(
        habit_text(f->of.json, "learningStyle/difficulty_progression_rate"),
        "fast");
    /* Stated and inferred stand side by side. */
    assert_string_equal(habit_text(f->of.json, "stated/preferred_content_type"),
                        "visual");
    assert_string_equal(
        habit_text(f->of.json, "learningStyle/preferred_content_type"),
        "mixed");
}

static void test_profile__pace_follows_recent_success(void **state)
{
    fixture *f = *state;
    for (int i = 0; i < 60; i++)
        habit_answer(f->of.l, HABIT_START_US + i * MINUTE, i % 20 != 0, 0.5,
                     5000);
    make(f, HABIT_START_US + DAY);
    /* 57 of 60: Wilson's lower end is .88 > .80. */
    assert_string_equal(
        habit_text(f->of.json, "learningStyle/difficulty_progression_rate"),
        "fast");
    make(f, HABIT_START_US + 40 * DAY); /* and is forgotten after 28 days */
    assert_string_equal(
        habit_text(f->of.json, "learningStyle/difficulty_progression_rate"),
        "moderate");
}

static void test_profile__velocity_is_gain_over_hours(void **state)
{
    fixture *f = *state;
    double m[3] = {0.5, NAN, NAN};
    for (int i = 0; i < PIQ_SETTLED_ANSWERS; i++)
        habit_mastery(f->of.l, HABIT_START_US + i * MINUTE, m, 0.5);
    habit_content(f->of.l, HABIT_START_US + 4 * HOUR, PIQ_EV_CONTENT_COMPLETED,
                  PIQ_LESSON, 3 * 3600);
    for (int i = 0; i < 12; i++)
        habit_mastery(f->of.l, HABIT_START_US + 4 * HOUR + i * MINUTE, m,
                      0.125);
    make(f, HABIT_START_US + DAY);
    /* 1.5 gained in 3 h and 12 * 5 s = 3.01667 h. */
    assert_true(habit_near(f->p.velocity.value, 1.5 / (3 + 1 / 60.0), 1e-6));
    assert_status(f, "learning_velocity", true);
}

typedef void writer(const piq_profile *p, const piq_catalogue *c,
                    piq_json_writer *w);

static void write_style(const piq_profile *p, const piq_catalogue *c,
                        piq_json_writer *w)
{
    (void)c;
    piq_profile_write_style(p, w);
}

static void test_profile__columns_are_the_members(void **state)
{
    fixture *f = *state;
    static const struct {
        const char *member;
        writer *write;
    } parts[] = {{"skillProfile", piq_profile_write_skill},
                 {"learningStyle", write_style},
                 {"behavioralMetrics", piq_profile_write_behaviour},
                 {"goals", piq_profile_write_goals}};
    habit_answer(f->of.l, HABIT_START_US, 1, 0.5, 5000);
    make(f, HABIT_START_US + DAY);
    for (size_t i = 0; i < 4; i++) {
        piq_buf out;
        piq_json_writer w;
        piq_buf_init(&out, 0);
        piq_json_init(&w, &out);
        parts[i].write(&f->p, f->of.catalogue, &w);
        json_t *part = habit_json(&out);
        assert_true(json_equal(part, habit_at(f->of.json, parts[i].member)));
        json_decref(part);
        piq_buf_release(&out);
    }
}

static void test_profile__a_full_arena_is_told(void **state)
{
    fixture *f = *state;
    long k = 1;
    piq_status status = PIQ_ENOMEM;
    for (; k < 100 && status != PIQ_OK; k++) {
        piq_arena a;
        piq_arena_init(&a, 0);
        piq_alloc_fail_after(k, 0);
        status = piq_profile_make(&a, f->of.l, f->of.catalogue, f->of.beliefs,
                                  HABIT_START_US, &f->p);
        piq_alloc_fail_after(0, 0);
        assert_true(status == PIQ_OK || status == PIQ_ENOMEM);
        piq_arena_release(&a);
    }
    assert_int_equal(status, PIQ_OK);
    assert_true(k > 1);
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        CASE(test_profile__of_nobody_says_what_is_missing),
        CASE(test_profile__three_sessions_are_told),
        CASE(test_profile__levels_rise_with_the_concepts_below),
        CASE(test_profile__area_interval_is_between_one_and_all),
        CASE(test_profile__trajectory_is_a_drift_with_its_interval),
        CASE(test_profile__three_weeks_are_no_trajectory),
        CASE(test_profile__weak_areas_say_why_with_numbers),
        CASE(test_profile__an_unknown_area_is_not_weak),
        CASE(test_profile__mastered_needs_evidence),
        CASE(test_profile__a_format_is_preferred_when_it_separates),
        CASE(test_profile__equal_formats_are_mixed),
        CASE(test_profile__a_best_time_must_separate),
        CASE(test_profile__session_length_is_inferred_stated_or_usual),
        CASE(test_profile__characters_chosen_often_are_preferred),
        CASE(test_profile__completion_has_its_interval),
        CASE(test_profile__what_was_stated_comes_first),
        CASE(test_profile__pace_follows_recent_success),
        CASE(test_profile__velocity_is_gain_over_hours),
        CASE(test_profile__columns_are_the_members),
        CASE(test_profile__a_full_arena_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
