/* The numbers behind forecasts: a set's doubt shrinks as its concepts average
 * out but not below what they share, intervals of answers nest and widen, and
 * beliefs are put on the scale of the items. */
#include "insight/forecast.h"

#include "num/logistic.h"
#include "support/habit_maker.h"
#include "support/random_catalogue.h"
#include "track/params.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

enum { N_CONCEPTS = 8 };

static int set_up(void **state)
{
    habit_world *f = calloc(1, sizeof *f);
    habit_begin(f);
    f->beliefs = habit_beliefs(f->catalogue, 0.5, 0.1, 10);
    for (int i = 0; i < N_CONCEPTS; i++)
        f->beliefs[i].sd_logit = 0.8;
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    habit_world *f = *state;
    habit_end(f);
    free(f);
    return 0;
}

static piq_set_belief ask(const habit_world *f, const piq_concept_ix *k,
                          size_t n)
{
    return piq_set_belief_of(f->l, f->catalogue, f->beliefs, 100, k, n);
}

/* What of a concept's variance a new learner's forecast keeps, by where it
 * comes from. */
static double prior_share(double of)
{
    const piq_track_params *p = piq_track_defaults();
    return piq_forecast_defaults()->spread * of /
           (p->concept_var + p->area_var + p->learner_var);
}

static double own_part(void)
{
    return prior_share(piq_track_defaults()->concept_var);
}

static double area_part(void)
{
    return prior_share(piq_track_defaults()->area_var);
}

static double learner_part(void)
{
    return piq_forecast_defaults()->shared *
           prior_share(piq_track_defaults()->learner_var);
}

static void test_forecast__a_concepts_doubt_is_all_of_its_parts(void **state)
{
    habit_world *f = *state;
    piq_concept_ix k = {0};
    piq_set_belief b = ask(f, &k, 1);
    /* Of a new learner own, area's and learner's parts are the priors. With
     * g = .25 / sqrt(1 + pi/8 .64) at .5, after 100 answers nothing fades. */
    double g = 0.25 / sqrt(1 + M_PI / 8 * 0.64);
    double expected = g * 0.8 * sqrt(own_part() + area_part() + learner_part());
    assert_true(habit_near(b.sd, expected, 1e-12));
    assert_true(habit_near(b.mean, 0.5, 1e-12));
    assert_true(habit_near(b.told, 0.5, 1e-12));
    assert_true(habit_near(b.evidence, 10, 1e-9));
}

static void test_forecast__own_doubts_average_out(void **state)
{
    habit_world *f = *state;
    piq_concept_ix k[] = {{0}, {1}, {2}}; /* rhythm */
    double g = 0.25 / sqrt(1 + M_PI / 8 * 0.64) * 0.8;
    double expected = sqrt(own_part() / 3 + area_part() + learner_part());
    assert_true(habit_near(ask(f, k, 3).sd, g * expected, 1e-12));
    /* Three areas share the learner's part only. */
    piq_concept_ix apart[] = {{0}, {3}, {6}};
    for (int i = 1; i < 3; i++)
        assert_int_not_equal(f->catalogue->concepts[apart[i].v].area.v,
                             f->catalogue->concepts[apart[i - 1].v].area.v);
    expected = sqrt((own_part() + area_part()) / 3 + learner_part());
    assert_true(habit_near(ask(f, apart, 3).sd, g * expected, 1e-12));
}

static void test_forecast__what_was_never_practised_is_behind(void **state)
{
    habit_world *f = *state;
    double before = piq_expected_mastery(&f->beliefs[0]);
    f->beliefs[0].evidence = 0;
    double behind = piq_forecast_defaults()->behind;
    double expected = piq_sigmoid(piq_logit(before) - behind);
    assert_true(
        habit_near(piq_expected_mastery(&f->beliefs[0]), expected, 1e-12));
}

static void test_forecast__expected_mastery_is_nearer_the_middle(void **state)
{
    habit_world *f = *state;
    piq_belief *b = &f->beliefs[0];
    double before = 0;
    for (int i = 1; i < 20; i++) {
        b->mastery = i / 20.0;
        double e = piq_expected_mastery(b);
        assert_true(fabs(e - 0.5) <= fabs(b->mastery - 0.5));
        assert_true((e - 0.5) * (b->mastery - 0.5) >= 0);
        assert_true(e > before);
        before = e;
    }
}

static void test_forecast__many_answers_leave_less_doubt(void **state)
{
    habit_world *f = *state;
    piq_concept_ix k = {0};
    double before = INFINITY;
    for (double answers = 20; answers < 1e4; answers *= 3) {
        piq_set_belief b =
            piq_set_belief_of(f->l, f->catalogue, f->beliefs, answers, &k, 1);
        assert_true(b.sd < before);
        before = b.sd;
    }
}

static void test_forecast__missing_answers_are_counted(void **state)
{
    (void)state;
    assert_int_equal(piq_forecast_missing(0, 0), 20);
    assert_int_equal(piq_forecast_missing(18.5, 5), 2);
    assert_int_equal(piq_forecast_missing(300, 4.2), 1);
    assert_int_equal(piq_forecast_missing(20, 5), 0);
}

/* ---- answers to come ---------------------------------------------------- */

static piq_answer_outlook outlook(double chance, double days)
{
    return (piq_answer_outlook){.chance = chance,
                                .slope = chance * (1 - chance),
                                .believed = 0.004,
                                .drawn = chance * (1 - chance) / 50,
                                .days = days};
}

static void test_forecast__intervals_of_answers_nest_and_widen(void **state)
{
    (void)state;
    for (double chance = 0.05; chance < 1; chance += 0.1) {
        double before = 0;
        for (double days = 0; days <= 28; days += 7) {
            piq_answer_outlook o = outlook(chance, days);
            piq_answer_forecast f = piq_forecast_answers(&o);
            assert_true(0 < f.low90 && f.low90 < f.low80);
            assert_true(f.low80 < f.share && f.share < f.high80);
            assert_true(f.high80 < f.high90 && f.high90 < 1);
            double width = piq_logit(f.high90) - piq_logit(f.low90);
            assert_true(width > before || days <= 7);
            before = width;
        }
    }
}

static void test_forecast__answers_of_today_are_the_belief(void **state)
{
    (void)state;
    piq_answer_outlook o = outlook(0.3, 0);
    piq_answer_forecast f = piq_forecast_answers(&o);
    assert_true(habit_near(f.share, 0.3, 1e-12));
    /* Var = .004 + .21/50 + (spell .21)^2; half a width of t(6) .9, 1.4398. */
    double spell = piq_forecast_defaults()->spell * 0.21;
    double sd = sqrt(0.004 + 0.21 / 50 + spell * spell) / 0.21;
    double low = piq_sigmoid(piq_logit(0.3) - 1.4398 * sd);
    assert_true(habit_near(f.low80, low, 1e-4));
    o.days = 1;
    assert_true(piq_forecast_answers(&o).share > 0.3);
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        CASE(test_forecast__a_concepts_doubt_is_all_of_its_parts),
        CASE(test_forecast__own_doubts_average_out),
        CASE(test_forecast__what_was_never_practised_is_behind),
        CASE(test_forecast__expected_mastery_is_nearer_the_middle),
        CASE(test_forecast__many_answers_leave_less_doubt),
        cmocka_unit_test(test_forecast__missing_answers_are_counted),
        cmocka_unit_test(test_forecast__intervals_of_answers_nest_and_widen),
        cmocka_unit_test(test_forecast__answers_of_today_are_the_belief),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
