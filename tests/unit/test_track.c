#include "track/track.h"

#include "base/calendar.h"
#include "num/logistic.h"
#include "support/random_catalogue.h"
#include "track/observe.h"
#include "track/params.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static const int64_t NOON = INT64_C(1700000000000000);

/* cmocka's own compares as floats. */
static void expect_near(double is, double should_be, double within)
{
    if (!(fabs(is - should_be) <= within))
        fail_msg("%.12g is not %.12g to %g", is, should_be, within);
}

/* Two areas; x and y in one, z in the other. y exercises z by .5 and needs x.
 */
static piq_concept_weight y_exercises[1] = {{{2}, 0.5}};
static piq_concept_ix y_needs[1] = {{0}};
static piq_area areas[2];
static piq_concept concepts[3];
static piq_catalogue catalogue;

static int set_up(void **state)
{
    concepts[0] =
        (piq_concept){.area = {0}, .level = PIQ_BEGINNER, .difficulty = 0.5};
    concepts[1] = (piq_concept){.area = {0},
                                .level = PIQ_ADVANCED,
                                .difficulty = 0.7,
                                .prerequisites = y_needs,
                                .n_prerequisites = 1,
                                .exercises = y_exercises,
                                .n_exercises = 1};
    concepts[2] =
        (piq_concept){.area = {1}, .level = PIQ_ADVANCED, .difficulty = 0.6};
    catalogue = (piq_catalogue){.new_learner_ability = 0.5,
                                .areas = areas,
                                .n_areas = 2,
                                .concepts = concepts,
                                .n_concepts = 3};
    *state = &catalogue;
    return 0;
}

static piq_task task_on(const piq_concept_weight *w)
{
    return (piq_task){.concepts = w, .n_concepts = 1, .discrimination = 1.0};
}

static piq_belief belief(const piq_track *t, uint16_t concept, int64_t at_us)
{
    piq_belief b;
    piq_track_belief(t, piq_track_defaults(), &catalogue,
                     (piq_concept_ix){concept}, at_us, &b);
    return b;
}

static void answer(piq_track *t, uint16_t concept, double score, int64_t at_us)
{
    piq_concept_weight w = {{concept}, 1.0};
    piq_task task = task_on(&w);
    piq_track_answer(t, piq_track_defaults(), &catalogue, &task, score, 1.0, 0,
                     at_us, NULL);
}

static void test_track__new_learner_stands_at_the_prior(void **state)
{
    (void)state;
    const piq_track_params *p = piq_track_defaults();
    piq_track t;
    assert_int_equal(piq_track_init(&t, &catalogue), PIQ_OK);
    piq_belief b = belief(&t, 0, NOON);
    /* Ability level with a middling item: mastery .5, spread of all layers. */
    double var = p->learner_var + p->area_var + p->concept_var;
    expect_near(b.ability_logit, 0.0, 1e-12);
    expect_near(b.sd_logit, sqrt(var), 1e-12);
    expect_near(b.mastery, 0.5, 1e-12);
    assert_int_equal(b.n_answers, 0);
    /* Difficulty .7 is (.7 - .5) * 5 = 1 logit: 1 / (1 + e). */
    b = belief(&t, 1, NOON);
    expect_near(b.mastery, 1.0 / (1.0 + exp(1.0)), 1e-12);
    piq_track_release(&t);
}

/* One answer to x from the prior, by hand, without drift or learning. */
static void test_track__one_answer_is_shared_by_variance(void **state)
{
    (void)state;
    piq_track t;
    piq_track_params p = *piq_track_defaults();
    p.learner_var = 1.0;
    p.area_var = 0.5;
    p.concept_var = 0.5;
    p.form_var = 0.0;
    p.lapse = p.learn_early = p.learn_right = 0.0;
    p.learner_drift = p.area_drift = p.concept_drift = 0.0;
    p.lend_exercise = p.lend_prerequisite = 0.0;
    piq_concept_weight w = {{0}, 1.0};
    piq_task task = task_on(&w);
    piq_track_outcome out;
    assert_int_equal(piq_track_init(&t, &catalogue), PIQ_OK);
    piq_track_answer(&t, &p, &catalogue, &task, 1.0, 1.0, 0, NOON, &out);
    /* V = 2, kappa^2 = 1 / (1 + pi/8 * 2), P = 1/2. Slope = kappa / 2, info =
     * kappa^2 / 4. The sum moves by V * slope, layers as 1 : .5 : .5, and
     * V' = V - V^2 * info. */
    double kappa2 = 1.0 / (1.0 + M_PI / 4.0);
    double slope = sqrt(kappa2) / 2.0, info = kappa2 / 4.0;
    expect_near(out.predicted, 0.5, 1e-12);
    expect_near(out.residual, 0.5, 1e-12);
    expect_near(out.ability_variance, 2.0, 1e-12);
    expect_near((double)t.learner.mean, slope, 1e-6);
    piq_belief b;
    piq_track_belief(&t, &p, &catalogue, (piq_concept_ix){0}, NOON, &b);
    expect_near(b.ability_logit, 2.0 * slope, 1e-6);
    expect_near(b.sd_logit * b.sd_logit, 2.0 - 4.0 * info, 1e-6);
    /* y shares learner and area: it moves by 1.5 slope, and its variance is
     * 2 - 1.5^2 info. z shares the learner: 1 slope, 2 - 1 info. */
    piq_track_belief(&t, &p, &catalogue, (piq_concept_ix){1}, NOON, &b);
    expect_near(b.ability_logit, 1.5 * slope, 1e-6);
    expect_near(b.sd_logit * b.sd_logit, 2.0 - 2.25 * info, 1e-6);
    piq_track_belief(&t, &p, &catalogue, (piq_concept_ix){2}, NOON, &b);
    expect_near(b.ability_logit, slope, 1e-6);
    expect_near(b.sd_logit * b.sd_logit, 2.0 - info, 1e-6);
    piq_track_release(&t);
}

/* The tree keeps what a plain Gaussian on (learner, concept) would know: many
 * answers on one concept do not make the learner's own level known. */
static void test_track__one_concept_does_not_settle_the_learner(void **state)
{
    (void)state;
    piq_track t;
    piq_track_params p = *piq_track_defaults();
    p.learner_drift = p.area_drift = p.concept_drift = 0.0;
    piq_concept_weight w = {{0}, 1.0};
    piq_task task = task_on(&w);
    assert_int_equal(piq_track_init(&t, &catalogue), PIQ_OK);
    for (int i = 0; i < 2000; i++)
        piq_track_answer(&t, &p, &catalogue, &task, i % 2, 1.0, 0, NOON, NULL);
    /* However well x = learner + area + concept is known, the learner's share
     * stays open by 1 / (1/learner + 1/(area + concept)). */
    double rest = p.area_var + p.concept_var;
    double left = 1.0 / (1.0 / p.learner_var + 1.0 / rest);
    assert_true((double)t.learner.variance > left);
    assert_true((double)t.learner.variance < 1.05 * left);
    piq_belief b;
    piq_track_belief(&t, &p, &catalogue, (piq_concept_ix){0}, NOON, &b);
    assert_true(b.sd_logit < 0.1);
    piq_track_release(&t);
}

static void test_track__form_predicts_but_is_not_mastery(void **state)
{
    (void)state;
    const piq_track_params *p = piq_track_defaults();
    piq_track t;
    assert_int_equal(piq_track_init(&t, &catalogue), PIQ_OK);
    for (int i = 0; i < 5; i++)
        answer(&t, 0, 0.0, NOON);
    piq_concept_weight w = {{0}, 1.0};
    piq_task task = task_on(&w);
    double soon = piq_track_predict(&t, p, &catalogue, &task, NOON);
    double later =
        piq_track_predict(&t, p, &catalogue, &task, NOON + 3 * PIQ_US_PER_DAY);
    assert_true(t.form.mean < 0.0f);
    assert_true(soon < later);
    /* Mastery itself does not rise by more than what idle time gives back. */
    assert_true(belief(&t, 0, NOON + 60 * PIQ_US_PER_SECOND).mastery < later);
    piq_track_release(&t);
}

static void test_track__idle_time_widens_up_to_the_prior(void **state)
{
    (void)state;
    piq_track t;
    assert_int_equal(piq_track_init(&t, &catalogue), PIQ_OK);
    double prior = belief(&t, 0, NOON).sd_logit;
    for (int i = 0; i < 30; i++)
        answer(&t, 0, 1.0, NOON);
    double now = belief(&t, 0, NOON).sd_logit;
    double month = belief(&t, 0, NOON + 30 * PIQ_US_PER_DAY).sd_logit;
    double ages = belief(&t, 0, NOON + 90000 * PIQ_US_PER_DAY).sd_logit;
    assert_true(now < month);
    assert_true(month < ages);
    assert_true(ages <= prior + 1e-6);
    piq_track_release(&t);
}

static void test_track__the_past_counts_as_no_time(void **state)
{
    (void)state;
    piq_track t;
    assert_int_equal(piq_track_init(&t, &catalogue), PIQ_OK);
    answer(&t, 0, 1.0, NOON);
    piq_belief now = belief(&t, 0, NOON);
    piq_belief past = belief(&t, 0, NOON - PIQ_US_PER_DAY);
    assert_true(now.sd_logit == past.sd_logit);
    uint32_t last = t.learner.last_s;
    answer(&t, 0, 1.0, NOON - PIQ_US_PER_DAY);
    assert_int_equal(t.learner.last_s, last);
    piq_track_release(&t);
}

static void test_track__practice_lends_to_what_it_exercises(void **state)
{
    (void)state;
    piq_track t;
    assert_int_equal(piq_track_init(&t, &catalogue), PIQ_OK);
    answer(&t, 1, 1.0, NOON);
    /* z is lent more than its area (which only follows the learner) gets. */
    assert_true(t.concepts[2].mean > 0.0f);
    assert_true(t.concepts[0].mean > 0.0f);
    assert_int_equal(t.concepts[2].n, 0);
    assert_true(t.concepts[2].evidence > 0.0f);
    assert_true(t.concepts[2].evidence < 1.0f);
    /* However much y is practised, it says only so much of z: at most
     * correlation^2 of z's own share. */
    double r = piq_track_defaults()->lend_exercise * 0.5;
    for (int i = 0; i < 1000; i++)
        answer(&t, 1, i % 2, NOON);
    double own = piq_track_defaults()->concept_var;
    assert_true((double)t.concepts[2].variance > own * (1.0 - 3.0 * r * r));
    piq_track_release(&t);
}

static void test_track__unsure_difficulty_damps_the_step(void **state)
{
    (void)state;
    piq_concept_weight w = {{0}, 1.0};
    double moved[2];
    for (int i = 0; i < 2; i++) {
        piq_track t;
        piq_task task = task_on(&w);
        task.difficulty_variance = i ? 4.0 : 0.0;
        assert_int_equal(piq_track_init(&t, &catalogue), PIQ_OK);
        piq_track_answer(&t, piq_track_defaults(), &catalogue, &task, 1.0, 1.0,
                         0, NOON, NULL);
        moved[i] = (double)t.learner.mean;
        piq_track_release(&t);
    }
    /* V is about 2 or 6: by kappa, sqrt((1 + 2 pi/8) / (1 + 6 pi/8)) = .73. */
    assert_true(moved[1] > 0.0);
    assert_true(moved[1] < 0.8 * moved[0]);
}

static void test_track__a_guess_proves_less(void **state)
{
    (void)state;
    piq_concept_weight w = {{0}, 1.0};
    double moved[2];
    for (int i = 0; i < 2; i++) {
        piq_track t;
        piq_task task = task_on(&w);
        task.guess = i ? 0.5 : 0.0;
        assert_int_equal(piq_track_init(&t, &catalogue), PIQ_OK);
        piq_track_answer(&t, piq_track_defaults(), &catalogue, &task, 1.0, 1.0,
                         0, NOON, NULL);
        moved[i] = (double)t.learner.mean;
        piq_track_release(&t);
    }
    assert_true(moved[1] > 0.0);
    assert_true(moved[1] < moved[0]);
}

static void test_track__a_rapid_answer_proves_less(void **state)
{
    (void)state;
    piq_concept_weight w = {{0}, 1.0};
    piq_task task = task_on(&w);
    double moved[2];
    for (uint32_t i = 0; i < 2; i++) {
        piq_track t;
        assert_int_equal(piq_track_init(&t, &catalogue), PIQ_OK);
        piq_track_answer(&t, piq_track_defaults(), &catalogue, &task, 1.0, 1.0,
                         i ? 200 : 9000, NOON, NULL);
        moved[i] = (double)t.learner.mean;
        piq_track_release(&t);
    }
    assert_true(moved[1] < moved[0]);
}

static void test_track__stated_level_is_a_prior_soon_outweighed(void **state)
{
    (void)state;
    const piq_track_params *p = piq_track_defaults();
    piq_track t;
    assert_int_equal(piq_track_init(&t, &catalogue), PIQ_OK);
    piq_track_state_level(&t, p, &catalogue, PIQ_ADVANCED);
    /* Advanced concepts are .7 and .6: .65, .75 logits. */
    expect_near(belief(&t, 0, NOON).ability_logit, p->level_trust * 0.75, 1e-6);
    /* Saying it again adds nothing; taking it back takes it back. */
    piq_track_state_level(&t, p, &catalogue, PIQ_ADVANCED);
    expect_near(belief(&t, 0, NOON).ability_logit, p->level_trust * 0.75, 1e-6);
    piq_track_state_level(&t, p, &catalogue, PIQ_BEGINNER);
    expect_near(belief(&t, 0, NOON).ability_logit, 0.0, 1e-6);
    for (int i = 0; i < 20; i++)
        answer(&t, 0, 0.0, NOON);
    float before = t.learner.mean;
    piq_track_state_level(&t, p, &catalogue, PIQ_ADVANCED);
    assert_true(t.learner.mean == before);
    piq_track_release(&t);
}

static void test_track__a_lesson_teaches_and_widens(void **state)
{
    (void)state;
    const piq_track_params *p = piq_track_defaults();
    piq_concept_weight w = {{0}, 1.0};
    piq_track t;
    assert_int_equal(piq_track_init(&t, &catalogue), PIQ_OK);
    for (int i = 0; i < 10; i++)
        answer(&t, 0, i % 2, NOON);
    piq_belief before = belief(&t, 0, NOON);
    piq_track_exposure(&t, p, &catalogue, &w, 1, 10.0, NOON);
    piq_belief after = belief(&t, 0, NOON);
    assert_true(after.ability_logit > before.ability_logit);
    assert_true(after.sd_logit > before.sd_logit);
    assert_int_equal(after.n_answers, before.n_answers);
    piq_track_exposure(&t, p, &catalogue, &w, 1, 0.0, NOON);
    assert_true(belief(&t, 0, NOON).ability_logit == after.ability_logit);
    piq_track_release(&t);
}

static void test_track__mastery_is_monotone_in_ability(void **state)
{
    (void)state;
    double last = 0.0;
    for (double x = -8.0; x <= 8.0; x += 0.5) {
        double m = piq_track_mastery(&catalogue, (piq_concept_ix){1}, x);
        assert_true(m > last && m < 1.0);
        last = m;
    }
}

static void test_track__seventy_concepts_fit_in_two_kilobytes(void **state)
{
    (void)state;
    piq_catalogue *c = random_catalogue(3, 12, 70, 140);
    piq_track t;
    piq_buf bytes;
    assert_int_equal(piq_track_init(&t, c), PIQ_OK);
    for (uint16_t i = 0; i < 70; i++) {
        piq_concept_weight w = {{i}, 1.0};
        piq_task task = task_on(&w);
        for (int k = 0; k < 200; k++)
            piq_track_answer(&t, piq_track_defaults(), c, &task, 1.0, 1.0, 0,
                             NOON, NULL);
    }
    piq_buf_init(&bytes, 0);
    piq_track_encode(&t, &bytes);
    print_message("70 concepts: %zu bytes\n", bytes.len);
    assert_true(bytes.len < 2048);
    piq_buf_release(&bytes);
    piq_track_release(&t);
    piq_catalogue_free(c);
}

static void test_track__copy_is_apart(void **state)
{
    (void)state;
    piq_track a, b;
    assert_int_equal(piq_track_init(&a, &catalogue), PIQ_OK);
    answer(&a, 0, 1.0, NOON);
    assert_int_equal(piq_track_copy(&b, &a), PIQ_OK);
    double before = belief(&b, 0, NOON).ability_logit;
    answer(&a, 0, 1.0, NOON);
    assert_true(belief(&b, 0, NOON).ability_logit == before);
    piq_track_release(&a);
    piq_track_release(&b);
}

static void test_track__no_memory_leaves_everything(void **state)
{
    (void)state;
    for (long k = 1; k <= 2; k++) {
        piq_track t = {.n_areas = 77};
        piq_alloc_fail_after(k, 0);
        assert_int_equal(piq_track_init(&t, &catalogue), PIQ_ENOMEM);
        assert_int_equal(t.n_areas, 77);
        piq_alloc_fail_after(0, 0);
    }
}

static void test_params__out_of_range_is_named(void **state)
{
    (void)state;
    piq_err err;
    piq_track_params p = *piq_track_defaults();
    assert_int_equal(piq_track_params_check(&p, &err), PIQ_OK);
    p.concept_var = NAN;
    assert_int_equal(piq_track_params_check(&p, &err), PIQ_EINVAL);
    assert_non_null(strstr(err.message, "concept_var"));
}

/* The step is the derivative of the log predictive chance: against finite
 * differences, for right and wrong, with guess and lapse. */
static void test_observe__slope_is_the_derivative(void **state)
{
    (void)state;
    const double h = 1e-5;
    for (double m = -4.0; m <= 4.0; m += 0.7) {
        for (int right = 0; right < 2; right++) {
            piq_encounter e = {m, 1.3, 1.4, 0.25, 0.02};
            piq_encounter up = e, down = e;
            up.mean += h;
            down.mean -= h;
            double a = piq_encounter_predict(&up);
            double b = piq_encounter_predict(&down);
            double expected = right ? (log(a) - log(b)) / (2.0 * h)
                                    : (log(1.0 - a) - log(1.0 - b)) / (2.0 * h);
            piq_observation o = piq_encounter_observe(&e, right, 1.0);
            expect_near(o.slope, expected, 1e-7);
            /* What is left of the variance is positive. */
            assert_true(e.variance * o.info < 2.0 / M_PI);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_track__new_learner_stands_at_the_prior),
        cmocka_unit_test(test_track__one_answer_is_shared_by_variance),
        cmocka_unit_test(test_track__one_concept_does_not_settle_the_learner),
        cmocka_unit_test(test_track__form_predicts_but_is_not_mastery),
        cmocka_unit_test(test_track__idle_time_widens_up_to_the_prior),
        cmocka_unit_test(test_track__the_past_counts_as_no_time),
        cmocka_unit_test(test_track__practice_lends_to_what_it_exercises),
        cmocka_unit_test(test_track__unsure_difficulty_damps_the_step),
        cmocka_unit_test(test_track__a_guess_proves_less),
        cmocka_unit_test(test_track__a_rapid_answer_proves_less),
        cmocka_unit_test(test_track__stated_level_is_a_prior_soon_outweighed),
        cmocka_unit_test(test_track__a_lesson_teaches_and_widens),
        cmocka_unit_test(test_track__mastery_is_monotone_in_ability),
        cmocka_unit_test(test_track__seventy_concepts_fit_in_two_kilobytes),
        cmocka_unit_test(test_track__copy_is_apart),
        cmocka_unit_test(test_track__no_memory_leaves_everything),
        cmocka_unit_test(test_params__out_of_range_is_named),
        cmocka_unit_test(test_observe__slope_is_the_derivative),
    };
    return cmocka_run_group_tests(tests, set_up, NULL);
}
