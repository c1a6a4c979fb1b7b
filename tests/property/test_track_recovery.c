/* Simulated learners with known hidden ability: does the belief find it, and
 * do its 90 % intervals hold it nine times in ten? Item difficulties are found
 * at the same time, from everybody's answers, as the engine does. */
#include "track/track.h"

#include "num/score.h"
#include "sim/sim.h"
#include "support/random_catalogue.h"
#include "track/calibrate.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

enum { LEARNERS = 500, ANSWERS = 100, PUBLISH_EVERY = 256 };

typedef struct found {
    double spearman_concepts; /* over learner x practised concept */
    double spearman_learners; /* over learners' means of those */
    double coverage;          /* of the 90 % intervals */
    double untouched;         /* the same, concepts never practised */
    double bias;              /* mean of estimate - truth */
} found;

typedef struct world {
    piq_catalogue *c;
    piq_arena arena;
    piq_sim *sims[LEARNERS];
    piq_track tracks[LEARNERS];
    piq_event next[LEARNERS];
    bool more[LEARNERS];
    piq_calibrator *calibrator;
    piq_item_estimate *items;
    piq_calibrated_item *news;
} world;

static void build(world *w, uint64_t seed, bool learning)
{
    piq_sim_options o = {.seed = seed,
                         .n_learners = LEARNERS,
                         .first_user = 1,
                         .events = ANSWERS,
                         .start_us = INT64_C(1700000000000000),
                         .days = 30,
                         .learning = learning,
                         .answers_only = true};
    size_t n = w->c->n_items;
    piq_arena_init(&w->arena, (size_t)1 << 30);
    w->items = piq_new(&w->arena, piq_item_estimate, n);
    w->news = piq_new(&w->arena, piq_calibrated_item, n);
    assert_int_equal(piq_calibrator_new(w->c, &w->calibrator), PIQ_OK);
    for (uint32_t i = 0; i < n; i++)
        w->items[i] = piq_calibrator_estimate(w->calibrator, (piq_item_ix){i});
    for (size_t k = 0; k < LEARNERS; k++) {
        assert_int_equal(piq_sim_learner(&w->arena, w->c, &o, k, &w->sims[k]),
                         PIQ_OK);
        assert_int_equal(piq_track_init(&w->tracks[k], w->c), PIQ_OK);
        w->more[k] = piq_sim_next(w->sims[k], &w->next[k]);
    }
}

static void answer(world *w, size_t k)
{
    const piq_event *e = &w->next[k];
    piq_item_ix item = e->u.answer.item;
    assert_true(item.v < w->c->n_items);
    const piq_item *x = &w->c->items[item.v];
    piq_task task = {
        .concepts = x->concepts,
        .n_concepts = x->n_concepts,
        .difficulty_logit = (double)w->items[item.v].difficulty_logit,
        .difficulty_variance = (double)w->items[item.v].variance,
        .discrimination = x->discrimination,
        .guess = x->guess,
    };
    piq_track_outcome out;
    piq_track_answer(&w->tracks[k], piq_track_defaults(), w->c, &task,
                     (double)e->u.answer.score, 1.0, 0, e->at_us, &out);
    piq_calibrator_answer(w->calibrator, item, &out, (double)e->u.answer.score);
}

/* All learners' answers by time, calibrations between them. */
static void live(world *w)
{
    for (size_t n = 1;; n++) {
        size_t first = LEARNERS;
        for (size_t k = 0; k < LEARNERS; k++) {
            if (w->more[k] &&
                (first == LEARNERS || w->next[k].at_us < w->next[first].at_us))
                first = k;
        }
        if (first == LEARNERS)
            return;
        answer(w, first);
        w->more[first] = piq_sim_next(w->sims[first], &w->next[first]);
        if (n % PUBLISH_EVERY)
            continue;
        size_t news =
            piq_calibrator_publish(w->calibrator, w->news, w->c->n_items);
        for (size_t i = 0; i < news; i++)
            w->items[w->news[i].item.v] = w->news[i].estimate;
    }
}

static found compare(world *w)
{
    size_t most = LEARNERS * w->c->n_concepts;
    double *truth = piq_new(&w->arena, double, most);
    double *said = piq_new(&w->arena, double, most);
    double truths[LEARNERS], means[LEARNERS];
    size_t n = 0, held = 0, others = 0, others_held = 0;
    double bias = 0.0;
    for (size_t k = 0; k < LEARNERS; k++) {
        size_t from = n;
        truths[k] = means[k] = 0.0;
        for (uint16_t i = 0; i < w->c->n_concepts; i++) {
            piq_belief b;
            piq_track_belief(&w->tracks[k], piq_track_defaults(), w->c,
                             (piq_concept_ix){i}, w->next[k].at_us, &b);
            truth[n] = piq_sim_ability(w->sims[k], (piq_concept_ix){i});
            said[n] = b.ability_logit;
            double error = said[n] - truth[n];
            bool holds = fabs(error) <= 1.6448536269514722 * b.sd_logit;
            if (w->tracks[k].concepts[i].n == 0) {
                others++;
                others_held += holds;
                continue;
            }
            held += holds;
            bias += error;
            truths[k] += truth[n];
            means[k] += said[n++];
        }
        truths[k] /= (double)(n - from);
        means[k] /= (double)(n - from);
    }
    found f = {.coverage = (double)held / (double)n,
               .untouched = (double)others_held / (double)others,
               .bias = bias / (double)n};
    assert_int_equal(
        piq_spearman(&w->arena, truth, said, n, &f.spearman_concepts), PIQ_OK);
    assert_int_equal(
        piq_spearman(&w->arena, truths, means, LEARNERS, &f.spearman_learners),
        PIQ_OK);
    return f;
}

static found recover(piq_catalogue *c, uint64_t seed, bool learning)
{
    world *w = calloc(1, sizeof *w);
    assert_non_null(w);
    w->c = c;
    build(w, seed, learning);
    live(w);
    found f = compare(w);
    print_message("%zu concepts, %d answers each, %s: Spearman %.3f "
                  "(concepts), %.3f (learners); 90 %% intervals hold %.1f %% "
                  "(never practised: %.1f %%); "
                  "bias %+.3f\n",
                  c->n_concepts, ANSWERS, learning ? "learning" : "steady",
                  f.spearman_concepts, f.spearman_learners, f.coverage * 100.0,
                  f.untouched * 100.0, f.bias);
    for (size_t k = 0; k < LEARNERS; k++)
        piq_track_release(&w->tracks[k]);
    piq_calibrator_free(w->calibrator);
    piq_arena_release(&w->arena);
    free(w);
    return f;
}

/* What can be hoped for: 100 answers in drills of 5 to 10 are about 13
 * concepts; so the learner's own level is found well and a concept's own share
 * less so. */
static void expect_recovery(const found *f)
{
    assert_true(f->spearman_learners > 0.86);
    assert_true(f->spearman_concepts > 0.66);
    assert_true(f->coverage > 0.86);
    assert_true(f->coverage < 0.94);
}

static void test_track__finds_hidden_ability_of_poker_learners(void **state)
{
    (void)state;
    piq_catalogue *c = catalogue_from_file("content/poker.json");
    if (!c) {
        print_message("content/poker.json is not there\n");
        skip();
    }
    found f = recover(c, 1, true);
    expect_recovery(&f);
    f = recover(c, 3, false);
    expect_recovery(&f);
    piq_catalogue_free(c);
}

static void test_track__finds_hidden_ability_in_other_subjects(void **state)
{
    (void)state;
    piq_catalogue *c = random_catalogue(7, 5, 25, 60);
    found f = recover(c, 2, true);
    expect_recovery(&f);
    f = recover(c, 4, false);
    expect_recovery(&f);
    piq_catalogue_free(c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_track__finds_hidden_ability_of_poker_learners),
        cmocka_unit_test(test_track__finds_hidden_ability_in_other_subjects),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
