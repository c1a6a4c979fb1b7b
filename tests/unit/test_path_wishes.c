/* What a learner asks of a plan, where a check pays, what a plan is worth and
 * how two of them differ. */
#include "path/path.h"

#include "support/near.h"
#include "support/path_checker.h"
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

static piq_belief at(double mastery, double sd, float evidence)
{
    return (piq_belief){.mastery = mastery,
                        .ability_logit = log(mastery / (1 - mastery)),
                        .sd_logit = sd,
                        .mastery_low = mastery * 0.8,
                        .mastery_high = mastery + 0.2 * (1 - mastery),
                        .recall = NAN,
                        .stability_days = NAN,
                        .due_us = INT64_MAX,
                        .last_us = INT64_MIN,
                        .evidence = evidence};
}

static int set_up(void **state)
{
    fixture *f = calloc(1, sizeof *f);
    assert_non_null(f);
    f->c = small_catalogue();
    piq_arena_init(&f->a, 0);
    for (int k = 0; k < N_SMALL_CONCEPTS; k++) {
        f->beliefs[k] = at(0.3, 0.3, 0);
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
                             .pace_sd = 0.1,
                             .seed = 1,
                             .iterations = 30};
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    fixture *f = *state;
    piq_arena_release(&f->a);
    piq_catalogue_free(f->c);
    free(f);
    return 0;
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
    path_check(&f->in, &p);
    return p;
}

static size_t place_of(const piq_plan *p, int id)
{
    size_t i = 0;
    while (i < p->n_steps && p->steps[i].content.v != (uint32_t)id - 1)
        i++;
    return i;
}

/* ---- checks ------------------------------------------------------------ */

/* Emulsion at .7, nobody knows how surely: above .8 with a chance of
 * Phi((.847 - 1.386) / 1.5) = .36. Content for it, ln(.3/.2) / (.036 * .6) =
 * 18.8 minutes, and half of that for broth and sauce, ln(.7/.4) / .0216 = 25.9
 * each: a check saves .36 * 44.7 = 16 minutes, more than 1.5 * 5. */
static void test_path__what_may_be_known_is_checked_first(void **state)
{
    fixture *f = *state;
    aim_at(f, EMULSION);
    f->beliefs[EMULSION] = at(0.7, 1.5, 0);
    piq_plan p = plan(f);
    assert_int_equal(p.steps[0].kind, PIQ_STEP_CHECK);
    assert_int_equal(p.steps[0].concept.v, EMULSION);
    assert_int_equal(p.steps[0].content.v, PIQ_NO_IX32);
    assert_non_null(strstr(p.steps[0].why, "may be known already"));
    /* As sure as that it is below: nothing to ask. */
    f->beliefs[EMULSION] = at(0.7, 0.2, 0);
    p = plan(f);
    for (size_t i = 0; i < p.n_steps; i++)
        assert_int_not_equal(p.steps[i].kind, PIQ_STEP_CHECK);
    /* Four answers are more than a check would bring. */
    f->beliefs[EMULSION] = at(0.7, 1.5, 4);
    p = plan(f);
    assert_int_not_equal(p.steps[0].kind, PIQ_STEP_CHECK);
}

static void test_path__a_claim_saves_the_lessons(void **state)
{
    fixture *f = *state;
    static const piq_concept_ix known[] = {{BROTH}};
    aim_at(f, SAUCE);
    piq_plan before = plan(f);
    assert_true(place_of(&before, BROTH_LESSON) < before.n_steps);
    f->in.wishes.known = known;
    f->in.wishes.n_known = 1;
    piq_plan p = plan(f);
    assert_int_equal(p.steps[0].kind, PIQ_STEP_CHECK);
    assert_int_equal(p.steps[0].concept.v, BROTH);
    assert_int_equal(place_of(&p, BROTH_LESSON), p.n_steps);
    assert_int_equal(place_of(&p, BROTH_DRILL), p.n_steps);
    assert_true(place_of(&p, SAUCE_LESSON) < p.n_steps);
    assert_true(p.completion_day <= before.completion_day);
    assert_true(p.minutes_total < before.minutes_total);
}

/* ---- wishes ------------------------------------------------------------ */

static void test_path__a_pin_comes_first_and_on_its_day(void **state)
{
    fixture *f = *state;
    piq_path_pin pin = {{KNIFE_LESSON - 1}, INT32_MAX};
    aim_at(f, EMULSION);
    f->in.wishes.pins = &pin;
    f->in.wishes.n_pins = 1;
    piq_plan p = plan(f); /* of no use for the target, and wanted */
    assert_int_equal(place_of(&p, KNIFE_LESSON), 0);
    assert_string_equal(p.steps[0].now, "You want it early.");
    pin.day = MONDAY + 3;
    p = plan(f);
    assert_int_equal(p.steps[place_of(&p, KNIFE_LESSON)].day, MONDAY + 3);
}

/* The emulsion lesson needs sauce, which needs broth: those come first. */
static void test_path__a_pin_brings_what_it_needs(void **state)
{
    fixture *f = *state;
    const piq_path_pin pin = {{EMULSION_LESSON - 1}, INT32_MAX};
    aim_at(f, KNIFE);
    f->in.wishes.pins = &pin;
    f->in.wishes.n_pins = 1;
    piq_plan p = plan(f);
    size_t at = place_of(&p, EMULSION_LESSON);
    assert_true(at < p.n_steps);
    assert_true(place_of(&p, BROTH_LESSON) < at);
    assert_true(place_of(&p, SAUCE_LESSON) < at);
}

static void test_path__an_order_is_kept(void **state)
{
    fixture *f = *state;
    static const piq_content_ix order[] = {{KNIFE_LESSON - 1},
                                           {BROTH_LESSON - 1}};
    aim_at(f, BROTH);
    aim_at(f, KNIFE);
    f->in.wishes.order = order;
    f->in.wishes.n_order = 2;
    piq_plan p = plan(f);
    assert_int_equal(place_of(&p, KNIFE_LESSON), 0);
    assert_int_equal(place_of(&p, BROTH_LESSON), 1);
}

/* Twenty minutes are spent already, and would leave room for less. */
static void test_path__a_frozen_day_brings_its_minutes(void **state)
{
    fixture *f = *state;
    aim_at(f, EMULSION);
    piq_plan p = plan(f);
    size_t n = 0;
    while (p.steps[n].day == MONDAY)
        n++;
    assert_true(n >= 2);
    f->in.wishes.freeze_today = true;
    f->in.wishes.frozen = p.steps + 1;
    f->in.wishes.n_frozen = n - 1;
    f->in.minutes_spent_today = 20;
    f->history[p.steps[0].content.v].progress = PIQ_COMPLETED;
    for (size_t i = 0; i < N_SMALL_CONCEPTS; i++)
        f->beliefs[i].mastery = fmax(f->beliefs[i].mastery, 0.55);
    f->in.previous = &p;
    piq_plan q = plan(f);
    for (size_t i = 0; i + 1 < n; i++)
        assert_int_equal(q.steps[i].content.v, p.steps[i + 1].content.v);
    assert_true(q.n_steps == n - 1 || q.steps[n - 1].day > MONDAY);
    /* All of it is done: nothing is added. */
    f->in.wishes.n_frozen = 0;
    f->in.minutes_spent_today = 0;
    q = plan(f);
    assert_true(q.steps[0].day > MONDAY);
}

/* ---- days -------------------------------------------------------------- */

/* 60 minutes on Saturday: what begins after 25 is in the second session. */
static void test_path__sessions_are_counted(void **state)
{
    fixture *f = *state;
    double minutes = 0;
    aim_at(f, EMULSION);
    for (int d = 0; d < 7; d++)
        f->in.minutes_per_weekday[d] = 60;
    piq_plan p = plan(f);
    assert_true(p.n_steps > 4);
    for (size_t i = 0; i < p.n_steps && p.steps[i].day == MONDAY; i++) {
        assert_int_equal(p.steps[i].session, 1 + (int)(minutes / 25));
        minutes += p.steps[i].minutes;
    }
    assert_true(minutes > 25);
}

static void test_path__the_minutes_missing_are_told(void **state)
{
    fixture *f = *state;
    aim_at(f, BROTH);
    f->in.deadline_day = MONDAY + 13;
    piq_plan p = plan(f);
    assert_int_equal(p.n_dropped, 0);
    assert_near(p.extra_minutes, 0, 0);
    /* An hour, and half a fortnight's minutes were needed: */
    f->in.deadline_day = MONDAY + 6;
    for (int d = 0; d < 7; d++)
        f->in.minutes_per_weekday[d] = 8;
    p = plan(f);
    assert_int_equal(p.n_dropped, 1);
    assert_int_equal(p.dropped[0].concept.v, BROTH);
    assert_true(p.dropped[0].mastery > 0.3 && p.dropped[0].mastery < 0.8);
    assert_true(p.extra_minutes > 0 && p.extra_minutes <= 3 * 56);
    assert_near(p.extra_week_minutes, p.extra_minutes, 1e-9); /* one week */
    assert_true(p.completion_day > MONDAY + 6);
    /* With so many more it is reached. */
    for (int d = 0; d < 7; d++)
        f->in.minutes_per_weekday[d] = (uint16_t)ceil(8 + p.extra_minutes / 7);
    p = plan(f);
    assert_int_equal(p.n_dropped, 0);
}

/* ---- worth and difference ---------------------------------------------- */

static void test_path__worth_is_what_the_plan_tells(void **state)
{
    fixture *f = *state;
    double all, none, half;
    aim_at(f, EMULSION);
    f->in.deadline_day = MONDAY + 13;
    piq_plan p = plan(f), part = p, nothing = {0};
    part.n_steps /= 2;
    assert_int_equal(piq_path_worth(&f->in, &p, MONDAY + 13, &all), PIQ_OK);
    assert_int_equal(piq_path_worth(&f->in, &part, MONDAY + 13, &half), PIQ_OK);
    assert_int_equal(piq_path_worth(&f->in, &nothing, MONDAY + 13, &none),
                     PIQ_OK);
    assert_near(all, p.value, 1e-12);
    assert_true(none < half && half < all);
    /* The mean over the particles of a posterior of sd .3 around .3. */
    assert_near(none, 0.3, 0.02);
}

static void test_path__diff_counts_steps_and_ends(void **state)
{
    fixture *f = *state;
    piq_path_change ch;
    aim_at(f, BROTH);
    aim_at(f, KNIFE);
    piq_plan p = plan(f), q = p;
    assert_int_equal(piq_path_diff(&p, &q, &ch), PIQ_OK);
    assert_int_equal(ch.n_kept, p.n_steps);
    assert_int_equal(ch.n_added + ch.n_removed + ch.n_moved, 0);
    q.steps = piq_new(&f->a, piq_plan_step, p.n_steps);
    assert_non_null(q.steps);
    memcpy(q.steps, p.steps, p.n_steps * sizeof *q.steps);
    q.n_steps--;              /* one is removed, */
    q.steps[0].day++;         /* one moves, */
    q.steps[1].content.v = 7; /* and one is another */
    q.completion_day++;
    assert_int_equal(piq_path_diff(&p, &q, &ch), PIQ_OK);
    assert_int_equal(ch.n_removed, 2);
    assert_int_equal(ch.n_added, 1);
    assert_int_equal(ch.n_moved, 1);
    assert_int_equal(ch.n_kept, p.n_steps - 3);
    assert_int_equal(ch.completion_after, ch.completion_before + 1);
    q.steps[0].status = PIQ_STEP_DONE; /* done is neither moved nor removed.. */
    assert_int_equal(piq_path_diff(&p, &q, &ch), PIQ_OK);
    assert_int_equal(ch.n_moved, 0);
    assert_int_equal(ch.n_removed, 3); /* ..but p's has no match */
}

/* ---- stored before ----------------------------------------------------- */

static void test_plan_json__what_was_stored_before_is_read(void **state)
{
    fixture *f = *state;
    static const char *const members[] = {
        "value", "dropped_costs", "extra_minutes", "extra_minutes_a_week"};
    static const char *const of_step[] = {"success", "session", "unlocks",
                                          "now"};
    piq_buf b;
    piq_json_writer w;
    piq_plan q;
    aim_at(f, EMULSION);
    f->in.deadline_day = MONDAY + 2;
    piq_plan p = plan(f);
    assert_true(p.n_steps > 0 && p.n_dropped > 0);
    piq_buf_init(&b, 0);
    piq_json_init(&w, &b);
    piq_plan_write(&p, f->c, &w);
    json_t *json = json_loadb(b.ptr, b.len, 0, NULL);
    for (size_t i = 0; i < 4; i++) {
        json_object_del(json, members[i]);
        json_object_del(json_array_get(json_object_get(json, "steps"), 0),
                        of_step[i]);
    }
    char *text = json_dumps(json, 0);
    assert_int_equal(piq_plan_read(&f->a, piq_str_of(text), f->c, &q, NULL),
                     PIQ_OK);
    assert_true(isnan(q.value) && isnan(q.extra_minutes));
    assert_int_equal(q.n_dropped, p.n_dropped);
    assert_int_equal(q.dropped[0].concept.v, p.dropped[0].concept.v);
    assert_true(isnan(q.dropped[0].cost) && isnan(q.steps[0].success));
    assert_int_equal(q.steps[0].session, 0);
    assert_string_equal(q.steps[0].now, "");
    assert_int_equal(q.n_steps, p.n_steps);
    /* And a plan goes on from it. */
    f->in.previous = &q;
    plan(f);
    free(text);
    json_decref(json);
    piq_buf_release(&b);
}

#define WITH(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH(test_path__what_may_be_known_is_checked_first),
        WITH(test_path__a_claim_saves_the_lessons),
        WITH(test_path__a_pin_comes_first_and_on_its_day),
        WITH(test_path__a_pin_brings_what_it_needs),
        WITH(test_path__an_order_is_kept),
        WITH(test_path__a_frozen_day_brings_its_minutes),
        WITH(test_path__sessions_are_counted),
        WITH(test_path__the_minutes_missing_are_told),
        WITH(test_path__worth_is_what_the_plan_tells),
        WITH(test_path__diff_counts_steps_and_ends),
        WITH(test_plan_json__what_was_stored_before_is_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
