/* Foresight: the chance is the model's or the belief's own, the reasons add up
 * to it, and the sentences say what happened. */
#include "insight/foresight.h"

#include "base/calendar.h"
#include "base/rng.h"
#include "insight/estimate.h"
#include "insight/sentence.h"
#include "learner/fold.h"
#include "num/logistic.h"
#include "support/habit_maker.h"
#include "support/near.h"
#include "support/random_kt_model.h"
#include "support/small_catalogue.h"
#include "track/params.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const piq_item_ix NO_ITEM = {PIQ_NO_IX32};

/* Items on the cooking curriculum, which has none: both of difficulty .7,
 * that is (.7 - .5) * 5 = 1 logit. */
enum { PLAIN, GUESSED, N_ITEMS };
static const piq_concept_weight of_sauce[] = {{{SAUCE}, 1.0}};
static const piq_concept_weight of_two[] = {{{BROTH}, 0.25}, {{KNIFE}, 0.75}};
static piq_item items[N_ITEMS] = {
    [PLAIN] = {.id = {11},
               .content = {PIQ_NO_IX32},
               .concepts = of_sauce,
               .n_concepts = 1,
               .difficulty = 0.7,
               .discrimination = 1.5},
    [GUESSED] = {.id = {12},
                 .content = {PIQ_NO_IX32},
                 .concepts = of_two,
                 .n_concepts = 2,
                 .difficulty = 0.7,
                 .discrimination = 1.0,
                 .guess = 0.25,
                 .retired = true},
};

typedef struct fixture {
    piq_catalogue *c;
    piq_calibration_book *book;
    piq_learner *l;
    piq_arena arena;
    piq_foresight_input in;
    piq_foresight f;
    int64_t at_us;
    unsigned n_events;
    piq_kt_model *model; /* NULL until trained() */
    piq_kt_binding *binding;
    piq_tracing tracing;
} fixture;

static fixture *fixture_of(piq_catalogue *c)
{
    fixture *f = calloc(1, sizeof *f);
    assert_non_null(f);
    f->c = c;
    f->at_us = HABIT_START_US;
    piq_arena_init(&f->arena, 0);
    assert_int_equal(piq_calibration_book_new(&f->book), PIQ_OK);
    assert_int_equal(piq_learner_new((piq_user_id){7}, c, &f->l), PIQ_OK);
    f->in = (piq_foresight_input){
        .learner = f->l, .catalogue = c, .book = f->book, .item = NO_ITEM};
    return f;
}

static int cooking(void **state)
{
    piq_catalogue *c = small_catalogue();
    c->items = items;
    c->n_items = N_ITEMS;
    *state = fixture_of(c);
    return 0;
}

static int music(void **state)
{
    *state = fixture_of(habit_catalogue());
    return 0;
}

/* The music curriculum, and a learner who is traced from the start. */
static int trained(void **state)
{
    music(state);
    fixture *f = *state;
    f->model = random_kt_model(5, f->c, random_kt_small(f->c));
    assert_int_equal(piq_kt_bind(f->model, f->c, &f->binding), PIQ_OK);
    f->tracing = (piq_tracing){.model = 3,
                               .catalogue = f->c->version,
                               .digest = 99,
                               .binding = f->binding};
    assert_int_equal(piq_learner_trace(f->l, &f->tracing), PIQ_OK);
    f->in.tracing = &f->tracing;
    return 0;
}

static int tear_down(void **state)
{
    fixture *f = *state;
    piq_learner_free(f->l);
    piq_kt_binding_free(f->binding);
    piq_kt_model_free(f->model);
    piq_calibration_book_free(f->book);
    piq_arena_release(&f->arena);
    piq_catalogue_free(f->c);
    free(f);
    return 0;
}

/* A minute later, another answer. */
static void answer(fixture *f, uint32_t item, float score)
{
    char id[16];
    piq_fold_effect effect;
    snprintf(id, sizeof id, "%08u", f->n_events++);
    piq_event e = {.user = {7},
                   .event_id = piq_str_of(id),
                   .type = PIQ_EV_ANSWER,
                   .at_us = f->at_us};
    e.u.answer = (piq_answer){.item = {item},
                              .content = {PIQ_NO_IX32},
                              .score = score,
                              .response_ms = 4000};
    piq_fold(f->l, f->c, f->book, f->in.tracing, &e, &effect);
    f->at_us += 60 * PIQ_US_PER_SECOND;
}

static const piq_foresight *foresee(fixture *f)
{
    f->in.now_us = f->at_us;
    assert_int_equal(piq_foresight_make(&f->arena, &f->in, &f->f), PIQ_OK);
    return &f->f;
}

static const piq_foresight *foresee_item(fixture *f, uint32_t item)
{
    f->in.item.v = item;
    return foresee(f);
}

static const piq_foresight *foresee_concept(fixture *f, uint16_t concept)
{
    f->in.item = NO_ITEM;
    f->in.concept.v = concept;
    return foresee(f);
}

static const piq_reason *reason(const piq_foresight *f, const char *group)
{
    for (size_t i = 0; i < f->n_why; i++)
        if (strcmp(f->why[i].group, group) == 0)
            return &f->why[i];
    fail_msg("no reason %s", group);
    return NULL;
}

static void assert_says(const char *text, const char *part)
{
    if (!strstr(text, part))
        fail_msg("\"%s\" does not say \"%s\"", text, part);
}

/* What holds of each foresight. */
static void assert_whole(const piq_foresight *f)
{
    double sum = f->base;
    assert_true(f->predicted > 0.0 && f->predicted < 1.0);
    assert_true(f->n_why >= 6 && f->n_why <= PIQ_MAX_REASONS);
    assert_non_null(f->base_text);
    for (size_t i = 0; i < f->n_why; i++) {
        const piq_reason *r = &f->why[i];
        sum += r->logit;
        assert_true(isfinite(r->logit));
        assert_true(!i || fabs(r->logit) <= fabs(f->why[i - 1].logit));
        assert_ptr_equal(reason(f, r->group), r); /* no group twice */
        assert_true(r->name[0] != 0);
        size_t len = strlen(r->text);
        assert_true(len > 20 && len < PIQ_MAX_SENTENCE_BYTES - 1);
        assert_true(r->text[len - 1] == '.');
        assert_null(strstr(r->text, "nan"));
        piq_direction d = piq_direction_of(r->logit);
        assert_true((strstr(r->text, " raises your") != NULL) ==
                    (d == PIQ_RAISES));
        assert_true((strstr(r->text, " lowers your") != NULL) ==
                    (d == PIQ_LOWERS));
    }
    assert_near(sum, f->logit, 1e-9);
    assert_near(piq_sigmoid(f->logit), f->predicted, 1e-12);
}

/* ---- the online belief ------------------------------------------------- */

static void test_foresight__of_nobody_is_a_new_learners(void **state)
{
    fixture *f = *state;
    const piq_foresight *p = foresee_concept(f, SAUCE);
    assert_whole(p);
    /* New learners stand at (.3 - .5) * 5 = -1 logit, sauce at 0. */
    assert_near(p->base, -1.0, 1e-12);
    assert_int_equal(p->model.version, 0);
    assert_int_equal(p->item.v, PIQ_NO_IX32);
    assert_false(p->retired);
    static const char *const nothing[] = {"learner", "area", "concept", "form",
                                          "item"};
    for (size_t i = 0; i < 5; i++)
        assert_true(reason(p, nothing[i])->logit == 0.0);
    assert_says(reason(p, "learner")->text, "no answers of yours");
    assert_says(reason(p, "item")->text, "typical question on Sauce");
    assert_says(p->base_text, "about 27 %");            /* 1 / (1 + e) */
    assert_true(reason(p, "uncertainty")->logit > 0.0); /* to the middle */
}

/* A layer: its mean, and what is left of its prior variance. */
static void set_cell(piq_track_cell *cell, double mean, double variance,
                     int64_t at_us)
{
    *cell = (piq_track_cell){.mean = (float)mean,
                             .variance = (float)variance,
                             .last_s = (uint32_t)(at_us / 1000000),
                             .evidence = 3.0f,
                             .n = 3};
}

static void test_foresight__belief_is_split_by_layers(void **state)
{
    fixture *f = *state;
    const piq_track_params *k = piq_track_defaults();
    piq_track *t = &f->l->track;
    set_cell(&t->learner, 0.4, 0.3, f->at_us);
    set_cell(&t->areas[0], 0.3, 0.5 * k->area_var, f->at_us);
    set_cell(&t->concepts[SAUCE], 0.1, 0.2 * k->concept_var, f->at_us);
    set_cell(&t->form, 0.5, 0.2, f->at_us);
    const piq_foresight *p = foresee_item(f, PLAIN);
    assert_whole(p);
    /* Half of the learner is in the area (.5 = variance / prior), a fifth of
     * the area in the concept; all times the discrimination, 1.5:
     *     learner  .2 * .5 * .4 = .04     area  .2 * .3 = .06
     *     concept  .1                     form  .5 * form_keep
     *     item     0 - 1                  base  -1 - 0 */
    assert_near(reason(p, "learner")->logit, 1.5 * 0.04, 1e-6);
    assert_near(reason(p, "area")->logit, 1.5 * 0.06, 1e-6);
    assert_near(reason(p, "concept")->logit, 1.5 * 0.1, 1e-6);
    assert_near(reason(p, "form")->logit, 1.5 * 0.5 * k->form_keep, 1e-6);
    assert_near(reason(p, "item")->logit, -1.5, 1e-6);
    assert_near(p->base, -1.5, 1e-12);
    assert_says(
        reason(p, "learner")->text,
        "Your 3 answers so far put you above where a new learner starts");
    assert_says(reason(p, "area")->text,
                "In Heat (3 answers) you do better than you do overall");
    assert_says(reason(p, "item")->text,
                "The curriculum says that this question is harder than a "
                "typical one on Sauce");
    assert_says(reason(p, "item")->text, "lowers your chance a lot");
    assert_string_equal(p->why[0].group, "item"); /* the weightiest */
}

static void test_foresight__belief_is_what_the_track_predicts(void **state)
{
    fixture *f = *state;
    for (unsigned i = 0; i < 20; i++)
        answer(f, i % N_ITEMS, i % 3 ? 1.0f : 0.0f);
    const piq_foresight *p = foresee_item(f, GUESSED);
    piq_concept_weight w[PIQ_MAX_CONTENT_CONCEPTS];
    piq_answer asked = {.item = {GUESSED}, .content = {PIQ_NO_IX32}};
    piq_task task;
    assert_true(piq_task_of_answer(&asked, f->c, f->book, 0, w, &task));
    assert_true(p->predicted == piq_track_predict(&f->l->track,
                                                  piq_track_defaults(), f->c,
                                                  &task, f->at_us));
    assert_whole(p);
    assert_true(p->retired);
    assert_says(reason(p, "uncertainty")->text, "blind guess is right in 25 %");
    /* Two areas: no single one is named. The main concept is the heavier. */
    assert_says(reason(p, "area")->text, "the areas that this is about");
    assert_says(reason(p, "concept")->text, "On Knife (10 answers)");
}

static void test_foresight__mastery_is_the_beliefs(void **state)
{
    fixture *f = *state;
    for (unsigned i = 0; i < 10; i++)
        answer(f, GUESSED, i % 2 ? 1.0f : 0.0f);
    const piq_foresight *p = foresee_item(f, GUESSED);
    assert_int_equal(p->n_concepts, 2);
    for (size_t i = 0; i < 2; i++) {
        const piq_foresight_concept *k = &p->concepts[i];
        piq_belief b;
        piq_track_belief(&f->l->track, piq_track_defaults(), f->c, k->concept,
                         f->at_us, &b);
        assert_true(k->mastery == b.mastery && k->low90 == b.mastery_low &&
                    k->high90 == b.mastery_high);
        assert_true(k->low90 < k->low80 && k->low80 < k->mastery &&
                    k->mastery < k->high80 && k->high80 < k->high90);
        /* On the logit scale both are the same distance, in sds. */
        assert_near((piq_logit(k->high80) - piq_logit(k->mastery)) / PIQ_Z80,
                    b.sd_logit, 1e-9);
        assert_int_equal(k->n_answers, 10);
        assert_near(k->evidence, (double)b.evidence, 1e-9);
    }
    assert_near(p->concepts[1].weight, 0.75, 1e-12);
}

static void test_foresight__everybodys_answers_are_counted(void **state)
{
    fixture *f = *state;
    piq_calibrated_item easy = {{PLAIN}, {-2.0f, 0.1f, 41}};
    assert_int_equal(piq_calibration_book_add(f->book, 1, &easy, 1), PIQ_OK);
    const piq_foresight *p = foresee_item(f, PLAIN);
    assert_whole(p);
    assert_near(reason(p, "item")->logit, 1.5 * 2.0, 1e-6);
    assert_says(reason(p, "item")->text,
                "Everybody's answers show that this question is easier than a "
                "typical one on Sauce (41 answers)");
}

static void test_foresight__what_was_stated_is_said(void **state)
{
    fixture *f = *state;
    piq_track_state_level(&f->l->track, piq_track_defaults(), f->c,
                          PIQ_ADVANCED);
    const piq_foresight *p = foresee_concept(f, SAUCE);
    assert_whole(p);
    assert_true(reason(p, "learner")->logit > 0.0);
    assert_says(reason(p, "learner")->text, "You said how advanced you are");
}

static void test_foresight__nothing_known_of_an_item_is_refused(void **state)
{
    fixture *f = *state;
    piq_foresight before = f->f;
    piq_item bare = {.id = {13}, .content = {PIQ_NO_IX32}};
    f->c->items = &bare;
    f->c->n_items = 1;
    f->in.item.v = 0;
    assert_int_equal(piq_foresight_make(&f->arena, &f->in, &f->f), PIQ_EINVAL);
    assert_memory_equal(&before, &f->f, sizeof before);
}

/* ---- a trained model --------------------------------------------------- */

static void test_foresight__trained_is_what_the_model_predicts(void **state)
{
    fixture *f = *state;
    for (unsigned i = 0; i < 40; i++) {
        uint32_t item = i * 7 % (uint32_t)f->c->n_items;
        const piq_foresight *p = foresee_item(f, item);
        const piq_item *x = &f->c->items[item];
        piq_ask ask = {.item = {item},
                       .concepts = x->concepts,
                       .n_concepts = x->n_concepts,
                       .at_us = f->at_us};
        piq_kt_prediction said;
        piq_kt_predict(f->l->trace, f->binding, &ask, &said);
        assert_true(p->predicted == said.p);
        assert_whole(p);
        assert_int_equal(p->n_why, 9);
        answer(f, item, i % 4 ? 1.0f : 0.0f);
    }
    assert_int_equal(f->f.model.version, 3);
    assert_int_equal(f->f.model.n_answers, f->model->about.n_answers);
    assert_true(f->f.model.made_us == f->model->about.made_us);
}

static void test_foresight__groups_are_the_models(void **state)
{
    fixture *f = *state;
    for (unsigned i = 0; i < 12; i++)
        answer(f, i % 5, i % 2 ? 1.0f : 0.0f);
    const piq_foresight *p = foresee_item(f, 2);
    const piq_item *x = &f->c->items[2];
    piq_ask ask = {.item = {2},
                   .concepts = x->concepts,
                   .n_concepts = x->n_concepts,
                   .at_us = f->at_us};
    piq_kt_explanation e;
    assert_int_equal(piq_kt_explain(f->l->trace, f->binding, &ask, &e), PIQ_OK);
    for (int g = 0; g < PIQ_N_FEATURE_GROUPS; g++)
        assert_true(
            reason(p, piq_feature_group_name((piq_feature_group)g))->logit ==
            e.groups[g]);
    assert_true(reason(p, "sequence")->logit == e.sequence);
    assert_true(reason(p, "calibration")->logit == e.calibration);
    assert_true(p->base == e.base && p->logit == e.logit);
}

static void test_foresight__trained_for_a_concept_in_general(void **state)
{
    fixture *f = *state;
    for (unsigned i = 0; i < 12; i++)
        answer(f, i % 5, 1.0f);
    const piq_foresight *p = foresee_concept(f, 0);
    assert_whole(p);
    assert_int_equal(p->n_concepts, 1);
    assert_true(p->concepts[0].weight == 1.0);
    assert_says(reason(p, "item")->text,
                "No question in particular was asked about, so one on Pulse");
    assert_says(reason(p, "attempt")->text, "A question that you have not met");
}

static void test_foresight__sentences_count_what_happened(void **state)
{
    fixture *f = *state;
    const piq_foresight *p = foresee_item(f, 0);
    assert_whole(p);
    assert_says(reason(p, "concept")->text, "have not answered a question on");
    assert_says(reason(p, "recent")->text, "no answers yet");
    assert_says(reason(p, "learner")->text, "not answered anything");
    assert_says(reason(p, "sequence")->text, "no answers yet");
    assert_says(reason(p, "time")->text, "not practised Pulse yet");
    assert_says(reason(p, "attempt")->text, "not met this question before");
    answer(f, 0, 1.0f);
    p = foresee_item(f, 0);
    assert_says(reason(p, "concept")->text, "Your only answer on Pulse");
    assert_says(reason(p, "attempt")->text, "once and got it right");
    assert_says(reason(p, "recent")->text, "Your last answer was right");
    /* Items 0 to 2 are on pulse, 3 to 5 on note values. Pulse: right, wrong,
     * right, right, right, wrong; of the last 5 these are 3. */
    answer(f, 0, 0.0f);
    answer(f, 1, 1.0f);
    answer(f, 2, 1.0f);
    p = foresee_item(f, 0);
    assert_says(reason(p, "concept")->text,
                "answered 3 of 4 questions on Pulse right");
    answer(f, 1, 1.0f);
    answer(f, 2, 0.0f);
    answer(f, 3, 0.0f);
    answer(f, 4, 0.0f);
    f->at_us += 3 * PIQ_US_PER_DAY;
    p = foresee_item(f, 0);
    assert_whole(p);
    assert_says(reason(p, "concept")->text,
                "answered 3 of your last 5 questions on Pulse right, 6 in all");
    assert_says(reason(p, "attempt")->text,
                "met this question 2 times and got it right 1 time, the last "
                "try was wrong");
    assert_says(reason(p, "recent")->text, "Of your last 6 answers 3 were");
    assert_says(reason(p, "learner")->text, "4 of 8 answers were right");
    assert_says(reason(p, "sequence")->text, "was looked at as a whole");
    assert_says(reason(p, "time")->text, "last practised Pulse 3 days ago");
}

static void test_foresight__a_net_that_takes_no_part_is_not_told(void **state)
{
    fixture *f = *state;
    assert_int_equal(piq_learner_trace(f->l, NULL), PIQ_OK);
    piq_kt_binding_free(f->binding);
    f->model->blend.weight[PIQ_MEMBER_RNN] = 0.0;
    assert_int_equal(piq_kt_bind(f->model, f->c, &f->binding), PIQ_OK);
    f->tracing.binding = f->binding;
    assert_int_equal(piq_learner_trace(f->l, &f->tracing), PIQ_OK);
    answer(f, 0, 1.0f);
    const piq_foresight *p = foresee_item(f, 0);
    assert_whole(p);
    assert_int_equal(p->n_why, 8);
    for (size_t i = 0; i < p->n_why; i++)
        assert_string_not_equal(p->why[i].group, "sequence");
}

/* A model that the learner is not traced under is not asked. */
static void test_foresight__another_models_trace_is_not_read(void **state)
{
    fixture *f = *state;
    piq_tracing other = f->tracing;
    other.model = 4;
    for (unsigned i = 0; i < 5; i++)
        answer(f, i, 1.0f);
    f->in.tracing = &other;
    assert_int_equal(foresee_item(f, 0)->model.version, 0);
    assert_whole(&f->f);
    f->in.tracing = NULL;
    double p = f->f.predicted;
    assert_true(foresee_item(f, 0)->predicted == p);
}

static void test_foresight__reading_changes_nothing(void **state)
{
    fixture *f = *state;
    for (unsigned i = 0; i < 9; i++)
        answer(f, i, i % 2 ? 1.0f : 0.0f);
    piq_buf before, after;
    piq_buf_init(&before, 0);
    piq_buf_init(&after, 0);
    piq_learner_encode(f->l, &before);
    foresee_item(f, 3);
    foresee_concept(f, 3);
    piq_learner_encode(f->l, &after);
    assert_int_equal(before.len, after.len);
    assert_memory_equal(before.ptr, after.ptr, before.len);
    piq_buf_release(&before);
    piq_buf_release(&after);
}

/* Random learners, both ways; names of a curriculum as long as they may be. */
static void test_foresight__reasons_always_add_up(void **state)
{
    fixture *f = *state;
    piq_rng r;
    piq_rng_seed(&r, 1);
    char *name = malloc(201);
    assert_non_null(name);
    memset(name, 'x', 200);
    memcpy(name + 78, "\xc3\xa9", 2); /* cut between these */
    name[79 + 1] = 'x';
    f->c->concepts[0].name = (piq_str){name, 200};
    f->c->areas[0].name = (piq_str){name, 200};
    for (unsigned i = 0; i < 600; i++) {
        answer(f, (uint32_t)piq_rng_below(&r, f->c->n_items),
               (float)piq_rng_uniform(&r));
        if (piq_rng_below(&r, 40) == 0)
            f->at_us += (int64_t)piq_rng_below(&r, 60) * PIQ_US_PER_DAY;
        bool belief = piq_rng_below(&r, 2);
        const piq_tracing *t = f->in.tracing;
        f->in.tracing = belief ? NULL : t;
        if (piq_rng_below(&r, 2))
            foresee_item(f, (uint32_t)piq_rng_below(&r, f->c->n_items));
        else
            foresee_concept(f, (uint16_t)piq_rng_below(&r, f->c->n_concepts));
        f->in.tracing = t;
        assert_int_equal(f->f.model.version, belief ? 0 : 3);
        assert_whole(&f->f);
        piq_arena_clear(&f->arena);
    }
    free(name);
}

static void test_foresight__no_memory_writes_nothing(void **state)
{
    fixture *f = *state;
    answer(f, 0, 1.0f);
    f->in.now_us = f->at_us;
    f->in.item.v = 1;
    piq_foresight before = f->f;
    piq_status status = PIQ_ENOMEM;
    for (long k = 1; status != PIQ_OK; k++) {
        assert_true(k < 100);
        piq_arena_release(&f->arena);
        piq_alloc_fail_after(k, 0);
        status = piq_foresight_make(&f->arena, &f->in, &f->f);
        piq_alloc_fail_after(0, 0);
        assert_true(status == PIQ_OK || status == PIQ_ENOMEM);
        if (status)
            assert_memory_equal(&before, &f->f, sizeof before);
    }
    assert_whole(&f->f);
}

/* ---- JSON --------------------------------------------------------------- */

static json_t *as_json(const fixture *f)
{
    piq_buf b;
    piq_json_writer w;
    piq_buf_init(&b, 0);
    piq_json_init(&w, &b);
    piq_foresight_write(&f->f, f->c, &w);
    json_t *json = habit_json(&b);
    piq_buf_release(&b);
    return json;
}

static void assert_sums(const json_t *json)
{
    const json_t *why = habit_at(json, "why");
    double sum = habit_number(json, "base/logit");
    for (size_t i = 0; i < json_array_size(why); i++)
        sum +=
            json_number_value(json_object_get(json_array_get(why, i), "logit"));
    double p = habit_number(json, "predicted_success");
    assert_near(sum, habit_number(json, "logit"), 1e-6);
    assert_near(sum, log(p / (1.0 - p)), 1e-6);
}

static void test_foresight__json_of_an_item_by_a_model(void **state)
{
    fixture *f = *state;
    for (unsigned i = 0; i < 6; i++)
        answer(f, i, i % 2 ? 1.0f : 0.0f);
    foresee_item(f, 1);
    json_t *json = as_json(f);
    assert_sums(json);
    assert_string_equal(habit_text(json, "userId"), "7");
    assert_string_equal(habit_text(json, "source"), "trained");
    assert_near(habit_number(json, "item"), 100102, 0);
    assert_near(habit_number(json, "model/version"), 3, 0);
    assert_near(habit_number(json, "model/trained_on"), 400, 0);
    /* 1795435200 s */
    assert_string_equal(habit_text(json, "model/made_at"),
                        "2026-11-23T12:00:00Z");
    assert_string_equal(habit_text(json, "concepts/0/concept"), "rhy.pulse");
    assert_string_equal(habit_text(json, "concepts/0/name"), "Pulse");
    assert_true(json_is_false(habit_at(json, "retired")));
    json_decref(json);
}

static void test_foresight__json_of_a_concept_by_the_belief(void **state)
{
    fixture *f = *state;
    f->c->concepts[2].retired = true;
    foresee_concept(f, 2);
    json_t *json = as_json(f);
    assert_sums(json);
    assert_string_equal(habit_text(json, "source"), "belief");
    assert_true(json_is_null(habit_at(json, "item")));
    assert_true(json_is_null(habit_at(json, "model")));
    assert_true(json_is_true(habit_at(json, "retired")));
    assert_int_equal(json_array_size(habit_at(json, "why")), 6);
    for (size_t i = 0; i < 6; i++) {
        const json_t *r = json_array_get(habit_at(json, "why"), i);
        double logit = json_number_value(json_object_get(r, "logit"));
        assert_string_equal(habit_text(r, "direction"), logit >= 0.05 ? "raises"
                                                        : logit <= -0.05
                                                            ? "lowers"
                                                            : "hardly_changes");
    }
    json_decref(json);
}

int main(void)
{
#define ON(fixture, test)                                                      \
    cmocka_unit_test_setup_teardown(test, fixture, tear_down)
    const struct CMUnitTest tests[] = {
        ON(cooking, test_foresight__of_nobody_is_a_new_learners),
        ON(cooking, test_foresight__belief_is_split_by_layers),
        ON(cooking, test_foresight__belief_is_what_the_track_predicts),
        ON(cooking, test_foresight__mastery_is_the_beliefs),
        ON(cooking, test_foresight__everybodys_answers_are_counted),
        ON(cooking, test_foresight__what_was_stated_is_said),
        ON(cooking, test_foresight__nothing_known_of_an_item_is_refused),
        ON(trained, test_foresight__trained_is_what_the_model_predicts),
        ON(trained, test_foresight__groups_are_the_models),
        ON(trained, test_foresight__trained_for_a_concept_in_general),
        ON(trained, test_foresight__sentences_count_what_happened),
        ON(trained, test_foresight__a_net_that_takes_no_part_is_not_told),
        ON(trained, test_foresight__another_models_trace_is_not_read),
        ON(trained, test_foresight__reading_changes_nothing),
        ON(trained, test_foresight__reasons_always_add_up),
        ON(trained, test_foresight__no_memory_writes_nothing),
        ON(music, test_foresight__no_memory_writes_nothing),
        ON(trained, test_foresight__json_of_an_item_by_a_model),
        ON(music, test_foresight__json_of_a_concept_by_the_belief),
    };
#undef ON
    return cmocka_run_group_tests(tests, NULL, NULL);
}
