/* Predictions: today they say what the beliefs say, practice helps, time
 * without it does not, intervals hold each other, and the minutes that are
 * needed are indeed needed. */
#include "insight/predictions.h"

#include "base/calendar.h"
#include "insight/estimate.h"
#include "insight/forecast.h"
#include "insight/inputs.h"
#include "num/logistic.h"
#include "support/habit_maker.h"
#include "support/near.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define DAY PIQ_US_PER_DAY

enum { N_CONCEPTS = 8, LAST = PIQ_FORECAST_POINTS - 1 };

typedef struct fixture {
    habit_world of;
    piq_prediction p;
} fixture;

static int set_up(void **state)
{
    fixture *f = calloc(1, sizeof *f);
    habit_begin(&f->of);
    f->of.beliefs = habit_beliefs(f->of.catalogue, 0.5, 0.1, 10);
    for (int i = 0; i < N_CONCEPTS; i++)
        f->of.beliefs[i].sd_logit = 0.4;
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

static void make(fixture *f, int days)
{
    assert_int_equal(piq_predictions_make(
                         &f->of.arena, f->of.l, f->of.catalogue, f->of.beliefs,
                         HABIT_START_US, HABIT_START_US + days * DAY, &f->p),
                     PIQ_OK);
    piq_prediction_write(&f->p, f->of.catalogue, habit_writer(&f->of));
    habit_read_back(&f->of);
}

static void plan(fixture *f, uint16_t minutes_a_day)
{
    f->of.l->stated.has |= PIQ_STATED_MINUTES;
    for (int d = 0; d < 7; d++)
        f->of.l->stated.minutes_per_weekday[d] = minutes_a_day;
}

static void want(fixture *f, int days)
{
    int32_t today = piq_day_of(HABIT_START_US, 0, 0);
    f->of.l->goal = (piq_goal){.set = true,
                               .target_skill_level = PIQ_EXPERT,
                               .timeline_day = days ? today + days : INT32_MAX,
                               .motivation_type = PIQ_MASTERY};
}

/* Concepts practised once, so that they can be forgotten. */
static void practise(fixture *f)
{
    const piq_review_calendar calendar = {.retention = 0.9};
    for (uint16_t i = 0; i < N_CONCEPTS; i++)
        piq_memory_review(&f->of.l->memory, f->of.catalogue,
                          &(piq_memory_answer){.concept = {i},
                                               .rating = 3,
                                               .weight = 1,
                                               .deliberate = true,
                                               .at_us = HABIT_START_US},
                          &calendar);
    for (uint16_t i = 0; i < N_CONCEPTS; i++)
        piq_memory_belief(&f->of.l->memory, (piq_concept_ix){i}, HABIT_START_US,
                          0, &f->of.beliefs[i]);
}

static double median_pace_gain(double dose)
{
    /* The pace is lognormal: mean and sd of its log from the fitted prior. The
     * median of mastery is taken over logits; here by 2,000 quantiles. */
    const piq_forecast_params *p = piq_forecast_defaults();
    double logit = 0, s = p->pace_log_sd;
    for (int q = 0; q < 2000; q++) {
        double z = piq_normal_quantile((q + 0.5) / 2000);
        double m = 1 - 0.5 * exp(-dose * p->pace * exp(s * z - s * s / 2));
        logit += log(m / (1 - m)) / 2000;
    }
    return 1 / (1 + exp(-logit));
}

static void test_predictions__for_now_are_the_beliefs(void **state)
{
    fixture *f = *state;
    plan(f, 30);
    practise(f);
    make(f, 0);
    for (size_t i = 0; i < f->p.n_areas; i++) {
        const piq_forecast_point *x = &f->p.areas[i].points[LAST];
        assert_true(habit_near(f->p.areas[i].mastery_now, 0.5, 1e-12));
        assert_true(habit_near(x->mastery, 0.5, 1e-12));
        piq_concept_ix k[3];
        size_t n = 0;
        for (uint16_t c = 0; c < N_CONCEPTS; c++)
            if (f->of.catalogue->concepts[c].area.v == f->p.areas[i].area.v)
                k[n++].v = c;
        /* Each concept has 10 answers' evidence. */
        piq_set_belief b = piq_set_belief_of(
            f->of.l, f->of.catalogue, f->of.beliefs, 10 * N_CONCEPTS, k, n);
        assert_true(
            habit_near(x->high90, piq_sigmoid(PIQ_Z90 * 4 * b.sd), 1e-9));
    }
    assert_true(json_is_null(habit_at(f->of.json, "goal")));
}

static void test_predictions__learning_follows_the_law_of_practice(void **state)
{
    fixture *f = *state;
    plan(f, 60);
    make(f, 1);
    /* An hour over eight concepts at .5, whose doses are alike: .036 * .6 * 60
     * / 8 = .162 times the pace. */
    double expected = median_pace_gain(0.162);
    assert_true(habit_near(f->p.hours, 1, 1e-9));
    assert_true(habit_near(f->p.overall.points[LAST].mastery, expected, 1e-3));
    assert_true(habit_near(f->p.areas[0].points[LAST].mastery, expected, 1e-3));
    assert_true(expected > 0.50 && expected < 0.53);
}

/* The more was practised, the less an hour adds. */
static void test_predictions__learning_slows_with_practice(void **state)
{
    fixture *f = *state;
    plan(f, 60);
    make(f, 28);
    double fresh = f->p.overall.points[LAST].mastery;
    f->of.l->behaviour.spent_ms = UINT64_C(50) * 3600 * 1000;
    make(f, 28);
    assert_true(f->p.overall.points[LAST].mastery < fresh - 0.01);
    assert_true(f->p.overall.points[LAST].mastery > 0.5);
}

static void test_predictions__the_law_of_practice_sets_the_prior(void **state)
{
    fixture *f = *state;
    make(f, 7);
    /* 60 minutes of .036 at .6, half of it missing: .648 an hour. */
    assert_true(habit_near(f->p.rate_prior, 0.648, 1e-9));
    assert_true(habit_near(f->p.rate.value,
                           0.648 * piq_forecast_defaults()->pace, 1e-9));
    assert_true(f->p.rate.low > 0 && f->p.rate.low < f->p.rate.value);
    assert_true(f->p.rate.value < f->p.rate.high);
    for (int i = 0; i < N_CONCEPTS; i++)
        f->of.beliefs[i].mastery = 0.8;
    make(f, 7);
    double m = piq_expected_mastery(&f->of.beliefs[0]);
    assert_true(habit_near(f->p.rate_prior, 0.648 * (1 - m) / 0.5, 1e-9));
}

static void test_predictions__without_practice_mastery_falls(void **state)
{
    fixture *f = *state;
    practise(f);
    plan(f, 0);
    make(f, 60);
    assert_string_equal(habit_text(f->of.json, "assumptions/minutes_source"),
                        "stated");
    for (int k = 1; k <= LAST; k++)
        assert_true(f->p.overall.points[k].mastery <
                    f->p.overall.points[k - 1].mastery);
    /* At most a tenth of it goes with what recall loses. */
    assert_true(f->p.overall.points[LAST].mastery > 0.45);
    double alone = f->p.overall.points[LAST].mastery;
    plan(f, 5);
    make(f, 60);
    assert_true(f->p.overall.points[LAST].mastery > alone);
}

static void test_predictions__intervals_nest_and_widen(void **state)
{
    fixture *f = *state;
    double before = 0;
    for (int k = 0; k <= 2 * LAST + 1; k++) {
        bool practised = k > LAST;
        if (k == 0 || k == LAST + 1) {
            plan(f, practised ? 20 : 0);
            make(f, 100);
        }
        const piq_forecast_point *x =
            &f->p.areas[1].points[practised ? k - LAST - 1 : k];
        assert_true(0 < x->low90 && x->low90 < x->low80);
        assert_true(x->low80 < x->mastery && x->mastery < x->high80);
        assert_true(x->high80 < x->high90 && x->high90 < 1);
        double width = piq_logit(x->high90) - piq_logit(x->low90);
        assert_true(practised || width > before);
        before = width;
    }
}

static void test_predictions__the_goal_comes_first(void **state)
{
    fixture *f = *state;
    plan(f, 30);
    want(f, 0);
    f->of.l->goal.priority_areas[0].v = 0;
    f->of.l->goal.n_priority_areas = 1;
    make(f, 28);
    assert_true(f->p.areas[0].points[LAST].mastery >
                f->p.areas[1].points[LAST].mastery);
    assert_int_equal(f->p.goal->n_concepts, 3);
    assert_true(isnan(f->p.goal->probability));
    assert_true(json_is_null(habit_at(f->of.json, "goal/probability")));
}

static void test_predictions__more_minutes_never_hurt(void **state)
{
    fixture *f = *state;
    practise(f);
    want(f, 400);
    double before = -1;
    for (uint16_t minutes = 0; minutes <= 120; minutes += 5) {
        plan(f, minutes);
        make(f, 60);
        assert_true(f->p.goal->probability >= before - 1e-12);
        before = f->p.goal->probability;
    }
    assert_true(before > 0.8);
}

static void test_predictions__the_needed_minutes_are_needed(void **state)
{
    fixture *f = *state;
    practise(f);
    want(f, 400);
    plan(f, 10);
    make(f, 60);
    double needed = f->p.goal->minutes_needed;
    assert_true(needed > 0 && needed < 35 * 60);
    /* By the day rounding it may be a minute a day off. */
    plan(f, (uint16_t)(needed / 7 + 1));
    make(f, 60);
    assert_true(f->p.goal->probability >= 0.8);
    plan(f, (uint16_t)(needed / 7 - 1));
    make(f, 60);
    assert_true(f->p.goal->probability < 0.8);
}

static void test_predictions__an_impossible_date_is_said(void **state)
{
    fixture *f = *state;
    for (int i = 0; i < N_CONCEPTS; i++)
        f->of.beliefs[i].mastery = 0.05;
    want(f, 1);
    plan(f, 30);
    make(f, 28);
    assert_true(isnan(f->p.goal->minutes_needed));
    assert_non_null(
        strstr(habit_text(f->of.json, "goal/why"), "no practice of up to"));
    assert_true(f->p.goal->probability < 0.05);
}

static void test_predictions__a_passed_date_counts_as_now(void **state)
{
    fixture *f = *state;
    /* Expected mastery is .8: its logit is 1.3863, and of a belief's logit the
     * doubt of sd .4 leaves 1 / sqrt(1 + pi/8 .16), and the tilt its share. */
    double x =
        log(4) * sqrt(1 + M_PI / 8 * 0.16) / piq_forecast_defaults()->tilt;
    for (int i = 0; i < N_CONCEPTS; i++)
        f->of.beliefs[i].mastery = piq_sigmoid(x);
    want(f, -10);
    make(f, 28);
    /* At the bar exactly: as likely as not. */
    assert_true(habit_near(f->p.goal->probability, 0.5, 1e-9));
    assert_true(isnan(f->p.goal->minutes_needed));
}

static void test_predictions__likely_comes_before_sure(void **state)
{
    fixture *f = *state;
    plan(f, 60);
    want(f, 500);
    make(f, 28);
    int32_t today = piq_day_of(HABIT_START_US, 0, 0);
    assert_true(f->p.goal->likely_day > today);
    assert_true(f->p.goal->likely_day <= f->p.goal->sure_day);
    assert_true(f->p.goal->sure_day < today + 500);
    assert_true(f->p.goal->probability > 0.8);
}

static void test_predictions__days_off_take_hours_away(void **state)
{
    fixture *f = *state;
    plan(f, 60);
    f->of.l->stated.has |= PIQ_STATED_DAYS_OFF;
    f->of.l->stated.days_off[0] = piq_day_of(HABIT_START_US, 0, 0) + 2;
    f->of.l->stated.n_days_off = 1;
    make(f, 7);
    assert_true(habit_near(f->p.hours, 6, 1e-9));
}

static void test_predictions__plan_with_the_paths_minutes(void **state)
{
    fixture *f = *state;
    piq_behaviour *b = &f->of.l->behaviour;
    int32_t today = piq_day_of(HABIT_START_US, 0, 0);
    /* Looking in for a minute says nothing of a plan: 25 a day. */
    for (int d = 14; d >= 1; d--)
        habit_answer(f->of.l, HABIT_START_US - d * DAY, 1, 0.5, 60000);
    make(f, 7);
    assert_true(habit_near(f->p.minutes_per_week, 175, 1e-9));
    assert_true(habit_near(f->p.minutes_practised, 14 * 7 / 15.0, 1e-9));
    assert_string_equal(habit_text(f->of.json, "assumptions/minutes_source"),
                        "default");
    /* 14 days of 50 minutes: (700 + 5 * 25) / 19 = 43.4. */
    for (int d = 0; d < 14; d++)
        b->days[d] = (piq_day_record){today - 14 + d, 50 * 60000, 1, 1};
    b->n_days = 14;
    make(f, 7);
    assert_true(habit_near(f->p.minutes_per_week, 7 * 43, 1e-9));
    assert_string_equal(habit_text(f->of.json, "assumptions/minutes_source"),
                        "inferred");
}

/* ---- what if ------------------------------------------------------------ */

static const piq_what_if *scenario(const fixture *f, const char *name)
{
    for (size_t i = 0; i < f->p.n_what_if; i++)
        if (strcmp(f->p.what_if[i].name, name) == 0)
            return &f->p.what_if[i];
    fail_msg("no scenario %s", name);
    return NULL;
}

static void test_predictions__what_if_tells_other_minutes(void **state)
{
    fixture *f = *state;
    practise(f);
    want(f, 200);
    plan(f, 12);
    make(f, 28);
    assert_int_equal(f->p.n_what_if, 6);
    static const char *const rising[] = {"half", "planned", "half_more",
                                         "double"};
    static const double minutes[] = {42, 84, 126, 168};
    double chance = -1, mastery = 0;
    for (int i = 0; i < 4; i++) {
        const piq_what_if *x = scenario(f, rising[i]);
        assert_true(habit_near(x->minutes_per_week, minutes[i], 1e-9));
        assert_true(habit_near(x->hours, minutes[i] * 4 / 60, 1e-6));
        assert_true(x->probability > chance);
        assert_true(x->overall.mastery > mastery);
        chance = x->probability;
        mastery = x->overall.mastery;
    }
    const piq_what_if *planned = scenario(f, "planned");
    assert_true(habit_near(planned->probability, f->p.goal->probability, 1e-9));
    assert_true(habit_near(planned->overall.mastery,
                           f->p.overall.points[LAST].mastery, 1e-9));
    assert_true(
        habit_near(planned->goal.mastery, f->p.goal->then.mastery, 1e-9));
    assert_true(habit_near(
        habit_number(f->of.json, "what_if/1/minutes_per_week"), 84, 1e-9));
}

static void test_predictions__least_minutes_are_least(void **state)
{
    fixture *f = *state;
    practise(f);
    want(f, 400);
    plan(f, 30);
    make(f, 28);
    const piq_what_if *even = scenario(f, "even_chance");
    const piq_what_if *sure = scenario(f, "fairly_sure");
    assert_true(even->minutes_per_week < sure->minutes_per_week);
    /* Rounded up to whole minutes. */
    assert_true(even->probability >= 0.5 && even->probability < 0.52);
    assert_true(sure->probability >= 0.8 && sure->probability < 0.82);
    assert_true(
        habit_near(sure->minutes_per_week, f->p.goal->minutes_needed, 1e-9));
}

static void test_predictions__what_if_without_a_goal_or_a_plan(void **state)
{
    fixture *f = *state;
    plan(f, 0);
    make(f, 28);
    /* Half of nothing is left out. */
    assert_int_equal(f->p.n_what_if, 3);
    assert_true(scenario(f, "half_more")->minutes_per_week > 0);
    assert_true(scenario(f, "double")->overall.mastery >
                scenario(f, "planned")->overall.mastery);
    assert_true(isnan(scenario(f, "planned")->probability));
    assert_true(json_is_null(habit_at(f->of.json, "what_if/0/probability")));
    assert_true(json_is_null(habit_at(f->of.json, "what_if/0/goal")));
}

/* ---- other minutes, asked for -------------------------------------------- */

static void suppose(fixture *f, int days, double minutes, piq_prediction *out)
{
    const piq_predictions_ask ask = {HABIT_START_US,
                                     HABIT_START_US + days * DAY, minutes};
    assert_int_equal(piq_predictions_answer(&f->of.arena, f->of.l,
                                            f->of.catalogue, f->of.beliefs,
                                            &ask, out),
                     PIQ_OK);
}

/* Every number that minutes bear on. */
static void assert_same(const piq_prediction *a, const piq_prediction *b)
{
    assert_near(a->minutes_per_week, b->minutes_per_week, 1e-9);
    assert_near(a->hours, b->hours, 1e-9);
    assert_near(a->goal->probability, b->goal->probability, 1e-9);
    assert_near(a->goal->probability_at, b->goal->probability_at, 1e-9);
    assert_true(
        a->goal->minutes_needed == b->goal->minutes_needed ||
        (isnan(a->goal->minutes_needed) && isnan(b->goal->minutes_needed)));
    assert_int_equal(a->goal->likely_day, b->goal->likely_day);
    assert_int_equal(a->goal->sure_day, b->goal->sure_day);
    for (int k = 0; k < PIQ_FORECAST_POINTS; k++) {
        assert_near(a->overall.points[k].mastery, b->overall.points[k].mastery,
                    1e-9);
        assert_near(a->overall.points[k].low80, b->overall.points[k].low80,
                    1e-9);
    }
}

static void test_predictions__asked_minutes_are_as_if_stated(void **state)
{
    static const uint16_t minutes[] = {0, 7, 25, 60, 180};
    fixture *f = *state;
    piq_prediction asked;
    practise(f);
    want(f, 200);
    for (size_t from = 0; from < 5; from++)
        for (size_t to = 0; to < 5; to++) {
            plan(f, minutes[from]);
            suppose(f, 28, 7.0 * minutes[to], &asked);
            plan(f, minutes[to]);
            make(f, 28);
            assert_same(&asked, &f->p);
        }
}

static void test_predictions__asked_minutes_keep_days_apart(void **state)
{
    fixture *f = *state;
    piq_prediction asked;
    practise(f);
    want(f, 33);
    plan(f, 0);
    f->of.l->stated.minutes_per_weekday[1] = 20;
    f->of.l->stated.minutes_per_weekday[5] = 100;
    suppose(f, 10, 60, &asked); /* half of it, as in the scenario */
    make(f, 10);
    assert_near(asked.goal->probability, scenario(f, "half")->probability,
                1e-9);
    f->of.l->stated.minutes_per_weekday[1] = 10;
    f->of.l->stated.minutes_per_weekday[5] = 50;
    make(f, 10);
    assert_same(&asked, &f->p);
}

static void test_predictions__asked_minutes_are_told_as_such(void **state)
{
    fixture *f = *state;
    piq_prediction asked;
    plan(f, 30);
    suppose(f, 28, 77, &asked);
    assert_true(asked.minutes_asked);
    assert_non_null(strstr(asked.assumptions[0], "77 minutes of practice a "
                                                 "week, as asked for"));
    make(f, 28);
    assert_false(f->p.minutes_asked);
    const double wrong[] = {-1, PIQ_MAX_WEEK_MINUTES + 1, INFINITY};
    for (size_t i = 0; i < 3; i++) {
        const piq_predictions_ask ask = {HABIT_START_US, HABIT_START_US,
                                         wrong[i]};
        assert_int_equal(piq_predictions_answer(&f->of.arena, f->of.l,
                                                f->of.catalogue, f->of.beliefs,
                                                &ask, &asked),
                         PIQ_EINVAL);
    }
}

/* ---- evidence ----------------------------------------------------------- */

static void test_predictions__too_few_answers_are_no_forecast(void **state)
{
    fixture *f = *state;
    plan(f, 30);
    want(f, 60);
    for (int i = 0; i < N_CONCEPTS; i++)
        f->of.beliefs[i].evidence = 2; /* 16 of 20 */
    make(f, 28);
    assert_int_equal(f->p.overall.answers_missing, 4);
    assert_true(isnan(f->p.overall.points[LAST].mastery));
    assert_true(isnan(f->p.overall.points[0].low80));
    assert_true(habit_near(f->p.overall.mastery_now, 0.5, 1e-12));
    assert_true(isnan(f->p.goal->probability));
    assert_true(isnan(f->p.goal->minutes_needed));
    assert_int_equal(f->p.goal->likely_day, INT32_MAX);
    assert_true(json_is_false(habit_at(f->of.json, "overall/enough_evidence")));
    assert_true(json_is_null(habit_at(f->of.json, "overall/predicted/low_80")));
    assert_true(json_is_null(habit_at(f->of.json, "overall/change")));
    assert_non_null(strstr(habit_text(f->of.json, "overall/why"), "4 more"));
    assert_non_null(strstr(habit_text(f->of.json, "goal/why"), "4 more"));
    for (size_t i = 0; i < f->p.n_what_if; i++)
        assert_true(isnan(f->p.what_if[i].overall.mastery));
}

static void test_predictions__an_area_needs_answers_of_its_own(void **state)
{
    fixture *f = *state;
    plan(f, 30);
    for (int i = 0; i < N_CONCEPTS; i++)
        if (f->of.catalogue->concepts[i].area.v == 1)
            f->of.beliefs[i].evidence = 1; /* 3 concepts: 3 of 5 */
    make(f, 28);
    assert_int_equal(f->p.overall.answers_missing, 0);
    assert_int_equal(f->p.areas[0].answers_missing, 0);
    assert_int_equal(f->p.areas[1].answers_missing, 2);
    assert_true(f->p.areas[0].points[LAST].mastery > 0.5);
    assert_true(isnan(f->p.areas[1].points[LAST].mastery));
    assert_true(json_is_true(habit_at(f->of.json, "areas/0/enough_evidence")));
    assert_true(
        habit_near(habit_number(f->of.json, "areas/1/answers_missing"), 2, 0));
}

/* ---- the path ---------------------------------------------------------- */

static double chance(fixture *f, const piq_belief *beliefs)
{
    double prob = -1;
    assert_int_equal(piq_goal_probability(&f->of.arena, f->of.l,
                                          f->of.catalogue, beliefs,
                                          HABIT_START_US, &prob),
                     PIQ_OK);
    return prob;
}

static void test_predictions__the_path_tells_the_same_chance(void **state)
{
    fixture *f = *state;
    assert_true(isnan(chance(f, f->of.beliefs))); /* no goal */
    want(f, 0);
    assert_true(isnan(chance(f, f->of.beliefs))); /* no date */
    for (int days = -20; days <= 200; days += 44) {
        want(f, days);
        make(f, 28);
        assert_true(chance(f, f->of.beliefs) == f->p.goal->probability);
        plan(f, (uint16_t)(days + 20));
    }
}

/* What the path says of its end and what the chance says go the same way, with
 * minutes stated or not; but the chance knows that practice as it was lived
 * brings less than the law of practice says. */
static void test_predictions__path_and_chance_agree_in_direction(void **state)
{
    fixture *f = *state;
    for (uint16_t minutes = 0; minutes <= 60; minutes += 20) {
        piq_path_input in;
        piq_plan p;
        if (minutes)
            plan(f, minutes);
        want(f, 0);
        assert_int_equal(piq_path_input_of(&f->of.arena, f->of.l, NULL,
                                           f->of.catalogue, HABIT_START_US,
                                           &in),
                         PIQ_OK);
        assert_int_equal(piq_path_plan(&f->of.arena, &in, &p, NULL), PIQ_OK);
        assert_int_not_equal(p.completion_day, INT32_MAX);
        int days = p.completion_day - p.from_day;
        assert_true(days > 4);
        /* The path's beliefs, as if they came from answers. */
        piq_belief b[N_CONCEPTS];
        memcpy(b, in.beliefs, sizeof b);
        for (int i = 0; i < N_CONCEPTS; i++)
            b[i].evidence = 10;
        want(f, days / 4);
        double early = chance(f, b);
        want(f, 2 * days + 7);
        double late = chance(f, b);
        want(f, 12 * days);
        assert_true(early < 0.1 && early < late);
        assert_true(late < chance(f, b));
        assert_true(chance(f, b) > 0.5);
    }
}

static void test_predictions__refuse_the_past_and_the_far_future(void **state)
{
    fixture *f = *state;
    assert_int_equal(piq_predictions_make(
                         &f->of.arena, f->of.l, f->of.catalogue, f->of.beliefs,
                         HABIT_START_US, HABIT_START_US - 1, &f->p),
                     PIQ_EINVAL);
    assert_int_equal(piq_predictions_make(
                         &f->of.arena, f->of.l, f->of.catalogue, f->of.beliefs,
                         HABIT_START_US, HABIT_START_US + 731 * DAY, &f->p),
                     PIQ_EINVAL);
}

static void test_predictions__a_full_arena_is_told(void **state)
{
    fixture *f = *state;
    piq_status status = PIQ_ENOMEM;
    want(f, 60);
    for (long k = 1; k < 100 && status != PIQ_OK; k++) {
        piq_arena a;
        piq_arena_init(&a, 0);
        piq_alloc_fail_after(k, 0);
        status =
            piq_predictions_make(&a, f->of.l, f->of.catalogue, f->of.beliefs,
                                 HABIT_START_US, HABIT_START_US + DAY, &f->p);
        piq_alloc_fail_after(0, 0);
        assert_true(status == PIQ_OK || status == PIQ_ENOMEM);
        piq_arena_release(&a);
    }
    assert_int_equal(status, PIQ_OK);
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        CASE(test_predictions__for_now_are_the_beliefs),
        CASE(test_predictions__learning_follows_the_law_of_practice),
        CASE(test_predictions__the_law_of_practice_sets_the_prior),
        CASE(test_predictions__without_practice_mastery_falls),
        CASE(test_predictions__intervals_nest_and_widen),
        CASE(test_predictions__the_goal_comes_first),
        CASE(test_predictions__more_minutes_never_hurt),
        CASE(test_predictions__the_needed_minutes_are_needed),
        CASE(test_predictions__an_impossible_date_is_said),
        CASE(test_predictions__a_passed_date_counts_as_now),
        CASE(test_predictions__likely_comes_before_sure),
        CASE(test_predictions__days_off_take_hours_away),
        CASE(test_predictions__plan_with_the_paths_minutes),
        CASE(test_predictions__learning_slows_with_practice),
        CASE(test_predictions__what_if_tells_other_minutes),
        CASE(test_predictions__least_minutes_are_least),
        CASE(test_predictions__what_if_without_a_goal_or_a_plan),
        CASE(test_predictions__asked_minutes_are_as_if_stated),
        CASE(test_predictions__asked_minutes_keep_days_apart),
        CASE(test_predictions__asked_minutes_are_told_as_such),
        CASE(test_predictions__too_few_answers_are_no_forecast),
        CASE(test_predictions__an_area_needs_answers_of_its_own),
        CASE(test_predictions__the_path_tells_the_same_chance),
        CASE(test_predictions__path_and_chance_agree_in_direction),
        CASE(test_predictions__refuse_the_past_and_the_far_future),
        CASE(test_predictions__a_full_arena_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
