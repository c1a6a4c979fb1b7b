/* Laws of planning, over random catalogues and learners. Plans are replayed
 * from the outside, with the shared law of practice only. */
#include "path/path.h"

#include "base/calendar.h"
#include "support/near.h"
#include "support/random_catalogue.h"
#include "support/random_learner.h"
#include "track/gain.h"

#include <stdlib.h>
#include <string.h>

/* 2026-11-23, a Monday. */
enum { MONDAY = 20780, N_WORLDS = 60 };

typedef struct world {
    piq_catalogue *c;
    random_learner l;
    piq_concept_ix *targets;
    int32_t days_off[3];
    piq_path_input in;
    piq_arena a;
} world;

static void open_world(world *w, uint64_t seed)
{
    size_t n_concepts = 4 + seed * 11 % 50;
    *w = (world){.c = random_catalogue(seed, 1 + seed % 5, n_concepts,
                                       n_concepts * (1 + seed % 4))};
    w->l = random_learner_new(seed, w->c, (double)(seed % 10) / 12);
    w->targets = calloc(n_concepts, sizeof *w->targets);
    assert_non_null(w->targets);
    piq_arena_init(&w->a, 0);
    for (int i = 0; i < 3; i++)
        w->days_off[i] = MONDAY + 2 + 3 * i;
    w->in = (piq_path_input){.catalogue = w->c,
                             .beliefs = w->l.beliefs,
                             .history = w->l.history,
                             .targets = w->targets,
                             .value = w->l.value,
                             .from_day = MONDAY,
                             .deadline_day = INT32_MAX,
                             .days_off = w->days_off,
                             .n_days_off = 3,
                             .session_minutes = 25,
                             .desired_retention = 0.9,
                             .pace = 0.8 + 0.1 * (double)(seed % 5),
                             .pace_sd = 0.2};
    /* A third of the learners have too little a day for most content. */
    uint16_t least = seed % 3 == 1 ? (uint16_t)(seed % 12) : 30;
    if (seed % 3 == 0)
        w->in.deadline_day = MONDAY + (int32_t)(seed % 40);
    for (int d = 0; d < 7; d++)
        w->in.minutes_per_weekday[d] =
            (uint16_t)(seed % 7 == (uint64_t)d ? 0 : least + least * d / 4 + 1);
    for (size_t k = 0; k < n_concepts; k += 1 + seed % 3)
        w->targets[w->in.n_targets++] = (piq_concept_ix){(uint16_t)k};
}

static void close_world(world *w)
{
    free(w->targets);
    piq_arena_release(&w->a);
    random_learner_free(&w->l);
    piq_catalogue_free(w->c);
}

static piq_plan plan(world *w)
{
    piq_plan p;
    piq_err err;
    assert_int_equal(piq_path_plan(&w->a, &w->in, &p, &err), PIQ_OK);
    return p;
}

static bool is_day_off(const world *w, int32_t day)
{
    for (size_t i = 0; i < w->in.n_days_off; i++)
        if (w->days_off[i] == day)
            return true;
    return false;
}

static void test_path__no_day_is_over_its_minutes(void **s)
{
    (void)s;
    size_t steps = 0;
    for (uint64_t seed = 0; seed < N_WORLDS; seed++) {
        world w;
        open_world(&w, seed);
        uint16_t spent = w.in.minutes_per_weekday[0] < 12 ? 0 : 12;
        w.in.minutes_spent_today = spent;
        piq_plan p = plan(&w);
        double minutes = 0, total = 0;
        for (size_t i = 0; i < p.n_steps; i++) {
            int32_t day = p.steps[i].day;
            if (i > 0)
                assert_true(day >= p.steps[i - 1].day);
            if (i == 0 || day != p.steps[i - 1].day)
                minutes = day == MONDAY ? spent : 0;
            minutes += p.steps[i].minutes;
            total += p.steps[i].minutes;
            assert_true(minutes <=
                        w.in.minutes_per_weekday[piq_weekday_of(day)] + 1e-9);
            assert_true(p.steps[i].minutes > 0);
            assert_false(is_day_off(&w, day));
            assert_true(day >= MONDAY && day <= w.in.deadline_day);
        }
        assert_near(total, p.minutes_total, 1e-9);
        steps += p.n_steps;
        close_world(&w);
    }
    assert_true(steps > N_WORLDS * 10);
}

static bool ready(const piq_belief *b, const piq_content *x)
{
    for (size_t i = 0; i < x->n_concepts; i++)
        if (b[x->concepts[i].concept.v].mastery < PIQ_READY)
            return false;
    return true;
}

static bool concept_open(const world *w, const piq_belief *b, uint16_t k)
{
    const piq_concept *x = &w->c->concepts[k];
    for (size_t i = 0; i < x->n_prerequisites; i++)
        if (b[x->prerequisites[i].v].mastery < PIQ_READY)
            return false;
    return true;
}

static void check_step(const world *w, const piq_belief *b, const bool *done,
                       const piq_plan_step *step)
{
    const piq_content *x = &w->c->contents[step->content.v];
    assert_true(x->published && !x->retired && x->type != PIQ_COURSE);
    assert_false(done[step->content.v]); /* neither before nor twice */
    for (size_t i = 0; i < x->n_prerequisites; i++) {
        uint32_t p = x->prerequisites[i].v;
        assert_true(done[p] || ready(b, &w->c->contents[p]));
    }
    for (size_t i = 0; i < x->n_concepts; i++)
        assert_true(concept_open(w, b, x->concepts[i].concept.v));
}

/* Part n + 1 of a content is the next thing of content that the plan has after
 * part n: nothing else is begun meanwhile, unless the plan ends. */
static void check_part(const piq_plan *p, size_t i)
{
    const piq_plan_step *step = &p->steps[i];
    assert_true(1 <= step->part && step->part <= step->parts);
    if (step->part == step->parts)
        return;
    assert_true(step->mastery_after == step->mastery_before);
    size_t next = i + 1;
    while (next < p->n_steps && (p->steps[next].content.v == PIQ_NO_IX32 ||
                                 p->steps[next].day == step->day))
        assert_int_not_equal(p->steps[next++].content.v, step->content.v);
    while (next < p->n_steps && p->steps[next].content.v != step->content.v)
        next++; /* practice in place of a review */
    if (next == p->n_steps)
        return;
    assert_int_equal(p->steps[next].part, step->part + 1);
    assert_int_equal(p->steps[next].parts, step->parts);
    assert_int_equal(p->steps[next].concept.v, step->concept.v);
}

static void test_path__no_step_before_what_it_needs_and_none_twice(void **s)
{
    (void)s;
    for (uint64_t seed = 0; seed < N_WORLDS; seed++) {
        world w;
        open_world(&w, seed);
        piq_plan p = plan(&w);
        size_t bytes = w.c->n_concepts * sizeof(piq_belief);
        piq_belief *b = malloc(bytes);
        bool *done = calloc(w.c->n_contents, sizeof *done);
        assert_true(b && done);
        memcpy(b, w.l.beliefs, bytes);
        for (size_t x = 0; x < w.c->n_contents; x++)
            done[x] = w.l.history[x].progress == PIQ_COMPLETED;
        for (size_t i = 0; i < p.n_steps; i++) {
            const piq_plan_step *step = &p.steps[i];
            piq_belief *main = &b[step->concept.v];
            assert_true(step->mastery_before == main->mastery);
            if (step->content.v == PIQ_NO_IX32) {
                piq_gain_apply_review(main, w.in.pace);
            } else {
                check_step(&w, b, done, step);
                check_part(&p, i);
            }
            if (step->content.v != PIQ_NO_IX32 && step->part == step->parts) {
                done[step->content.v] = true;
                piq_gain_apply(&w.c->contents[step->content.v], b, w.in.pace);
            }
            assert_true(step->mastery_after == main->mastery);
            assert_true(step->mastery_after >= step->mastery_before);
            assert_non_null(step->why);
        }
        free(b);
        free(done);
        close_world(&w);
    }
}

/* Bare reviews that stand before the last content of a day take a third of it
 * at most, where a day has room for one in that. */
static void test_path__reviews_take_a_third_of_a_day_before_content(void **s)
{
    (void)s;
    size_t days = 0;
    for (uint64_t seed = 0; seed < N_WORLDS; seed++) {
        world w;
        open_world(&w, seed);
        piq_plan p = plan(&w);
        double bare = 0;
        for (size_t i = 0; i < p.n_steps; i++) {
            const piq_plan_step *step = &p.steps[i];
            if (i == 0 || step->day != p.steps[i - 1].day)
                bare = 0;
            if (step->content.v == PIQ_NO_IX32) {
                bare += step->minutes;
                continue;
            }
            double budget = w.in.minutes_per_weekday[piq_weekday_of(step->day)];
            double share = budget / 3;
            days += bare > 0;
            assert_true(bare <= (share < PIQ_REVIEW_MINUTES ? PIQ_REVIEW_MINUTES
                                                            : share));
        }
        close_world(&w);
    }
    assert_true(days > 0);
}

static bool in_list(const piq_concept_ix *list, size_t n, uint16_t k)
{
    for (size_t i = 0; i < n; i++)
        if (list[i].v == k)
            return true;
    return false;
}

/* Every target is in; so is, for each that is not in order yet, every
 * prerequisite that is not ready. In order of prerequisites. */
static void test_path__targets_bring_their_missing_prerequisites(void **s)
{
    (void)s;
    for (uint64_t seed = 0; seed < N_WORLDS; seed++) {
        world w;
        open_world(&w, seed);
        piq_plan p = plan(&w);
        for (size_t i = 0; i < w.in.n_targets; i++)
            assert_true(in_list(p.targets, p.n_targets, w.targets[i].v));
        for (size_t i = 0; i < p.n_targets; i++) {
            uint16_t k = p.targets[i].v;
            const piq_concept *x = &w.c->concepts[k];
            bool asked = in_list(w.targets, w.in.n_targets, k);
            const piq_belief *b = &w.l.beliefs[k];
            bool met = asked && b->mastery >= PIQ_MASTERED &&
                       b->evidence >= PIQ_MASTERED_EVIDENCE;
            for (size_t j = 0; !met && j < x->n_prerequisites; j++) {
                uint16_t need = x->prerequisites[j].v;
                if (w.l.beliefs[need].mastery < PIQ_READY)
                    assert_true(in_list(p.targets, i, need));
            }
        }
        close_world(&w);
    }
}

static void test_path__what_is_neither_reached_nor_dropped_is_none(void **s)
{
    (void)s;
    for (uint64_t seed = 0; seed < N_WORLDS; seed++) {
        world w;
        open_world(&w, seed);
        piq_plan p = plan(&w);
        if (p.n_dropped == 0) {
            assert_int_not_equal(p.completion_day, INT32_MAX);
            assert_true(p.completion_day <= w.in.deadline_day);
        }
        for (size_t i = 0; i < p.n_dropped; i++)
            assert_true(in_list(p.targets, p.n_targets, p.dropped[i].v));
        if (p.completion_day != INT32_MAX) {
            assert_true(p.completion_low_day <= p.completion_day);
            assert_true(p.completion_high_day >= p.completion_day);
        }
        close_world(&w);
    }
}

static void test_path__same_question_same_plan(void **s)
{
    (void)s;
    for (uint64_t seed = 0; seed < 10; seed++) {
        world w;
        open_world(&w, seed);
        piq_plan p = plan(&w), q = plan(&w);
        assert_int_equal(p.n_steps, q.n_steps);
        assert_int_equal(p.completion_day, q.completion_day);
        for (size_t i = 0; i < p.n_steps; i++) {
            assert_int_equal(p.steps[i].content.v, q.steps[i].content.v);
            assert_int_equal(p.steps[i].concept.v, q.steps[i].concept.v);
            assert_int_equal(p.steps[i].day, q.steps[i].day);
            assert_string_equal(p.steps[i].why, q.steps[i].why);
        }
        close_world(&w);
    }
}

/* Reviews two days apart and what fits a day make a plan lumpy: with half as
 * much time again it may end some days later, not more. */
static void test_path__more_minutes_are_not_later(void **s)
{
    (void)s;
    enum { SLACK_DAYS = 7 };
    for (uint64_t seed = 0; seed < N_WORLDS; seed++) {
        world w;
        open_world(&w, seed);
        w.in.deadline_day = INT32_MAX;
        piq_plan p = plan(&w);
        for (int d = 0; d < 7; d++)
            w.in.minutes_per_weekday[d] =
                (uint16_t)(w.in.minutes_per_weekday[d] * 3 / 2);
        piq_plan more = plan(&w);
        if (p.completion_day != INT32_MAX)
            assert_true(more.completion_day <= p.completion_day + SLACK_DAYS);
        close_world(&w);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_path__no_day_is_over_its_minutes),
        cmocka_unit_test(
            test_path__no_step_before_what_it_needs_and_none_twice),
        cmocka_unit_test(
            test_path__reviews_take_a_third_of_a_day_before_content),
        cmocka_unit_test(test_path__targets_bring_their_missing_prerequisites),
        cmocka_unit_test(
            test_path__what_is_neither_reached_nor_dropped_is_none),
        cmocka_unit_test(test_path__same_question_same_plan),
        cmocka_unit_test(test_path__more_minutes_are_not_later),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
