/* Laws of planning, over random catalogues, learners and wishes. Plans are
 * replayed from the outside (support/path_checker.h). */
#include "path/path.h"

#include "base/calendar.h"
#include "base/rng.h"
#include "support/near.h"
#include "support/path_checker.h"
#include "support/random_catalogue.h"
#include "support/random_learner.h"

#include <stdlib.h>
#include <string.h>

/* 2026-11-23, a Monday. */
enum { MONDAY = 20780, N_WORLDS = 40, MOST_WISHES = 4 };

typedef struct world {
    piq_catalogue *c;
    random_learner l;
    piq_concept_ix *targets;
    int32_t days_off[3];
    piq_path_pin pins[MOST_WISHES];
    piq_content_ix skip[MOST_WISHES], order[MOST_WISHES];
    piq_concept_ix known[MOST_WISHES];
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
                             .pace_sd = 0.2,
                             .seed = seed,
                             .iterations = 30};
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

static piq_content_ix some_content(piq_rng *rng, const piq_catalogue *c)
{
    return (piq_content_ix){(uint32_t)piq_rng_below(rng, c->n_contents)};
}

static void add_wishes(world *w, uint64_t seed)
{
    piq_rng rng;
    piq_rng_seed(&rng, seed);
    for (int i = 0; i < MOST_WISHES; i++) {
        bool any = piq_rng_below(&rng, 2);
        int32_t day = MONDAY + (int32_t)piq_rng_below(&rng, 30);
        w->pins[i] =
            (piq_path_pin){some_content(&rng, w->c), any ? INT32_MAX : day};
        w->skip[i] = some_content(&rng, w->c);
        w->order[i] = some_content(&rng, w->c);
        w->known[i].v = (uint16_t)piq_rng_below(&rng, w->c->n_concepts);
    }
    w->in.wishes = (piq_path_wishes){.pins = w->pins,
                                     .n_pins = seed % (MOST_WISHES + 1),
                                     .skip = w->skip,
                                     .n_skip = seed / 2 % (MOST_WISHES + 1),
                                     .known = w->known,
                                     .n_known = seed / 3 % (MOST_WISHES + 1),
                                     .order = w->order,
                                     .n_order = seed / 5 % (MOST_WISHES + 1)};
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

static void test_path__plans_keep_every_rule(void **s)
{
    (void)s;
    size_t steps = 0;
    for (uint64_t seed = 0; seed < N_WORLDS; seed++) {
        world w;
        open_world(&w, seed);
        w.in.minutes_spent_today = w.in.minutes_per_weekday[0] < 12 ? 0 : 12;
        piq_plan p = plan(&w);
        path_check(&w.in, &p);
        steps += p.n_steps;
        close_world(&w);
    }
    assert_true(steps > N_WORLDS * 10);
}

static void test_path__wishes_break_no_rule(void **s)
{
    (void)s;
    for (uint64_t seed = 0; seed < N_WORLDS; seed++) {
        world w;
        open_world(&w, seed);
        add_wishes(&w, seed);
        piq_plan p = plan(&w);
        path_check(&w.in, &p);
        close_world(&w);
    }
}

static const piq_plan_step *step_on(const piq_plan *p, piq_content_ix x)
{
    for (size_t i = 0; i < p->n_steps; i++)
        if (p->steps[i].content.v == x.v)
            return &p->steps[i];
    return NULL;
}

/* Content that may be done at once and fits a day, by itself. */
static bool may_pin(const world *w, piq_content_ix x)
{
    const piq_content *content = &w->c->contents[x.v];
    double least = INFINITY;
    for (int d = 0; d < 7; d++)
        if (w->in.minutes_per_weekday[d])
            least = fmin(least, w->in.minutes_per_weekday[d]);
    return content->published && content->type != PIQ_COURSE &&
           w->in.history[x.v].progress != PIQ_COMPLETED &&
           content->minutes <= least && path_open_now(&w->in, x);
}

static bool has_minutes(const world *w, int32_t day)
{
    for (size_t i = 0; i < w->in.n_days_off; i++)
        if (w->days_off[i] == day)
            return false;
    return w->in.minutes_per_weekday[piq_weekday_of(day)] > 0;
}

static void test_path__a_pin_is_kept(void **s)
{
    (void)s;
    size_t n_early = 0, n_dated = 0;
    for (uint64_t seed = 0; seed < N_WORLDS; seed++) {
        world w;
        open_world(&w, seed);
        int32_t first = MONDAY, later = MONDAY + 5;
        while (!has_minutes(&w, first))
            first++;
        while (!has_minutes(&w, later))
            later++;
        for (uint32_t x = 0; x < w.c->n_contents; x += 7) {
            w.pins[0] = (piq_path_pin){{x}, INT32_MAX};
            w.in.wishes = (piq_path_wishes){.pins = w.pins, .n_pins = 1};
            if (!may_pin(&w, w.pins[0].content) || first > w.in.deadline_day)
                continue;
            piq_plan p = plan(&w);
            assert_non_null(step_on(&p, w.pins[0].content));
            assert_int_equal(step_on(&p, w.pins[0].content)->day, first);
            n_early++;
            w.pins[0].day = later;
            if (later > w.in.deadline_day)
                continue;
            p = plan(&w);
            assert_non_null(step_on(&p, w.pins[0].content));
            assert_int_equal(step_on(&p, w.pins[0].content)->day, later);
            n_dated++;
        }
        close_world(&w);
    }
    assert_true(n_early > N_WORLDS && n_dated > N_WORLDS / 2);
}

/* Today stays as it was planned, whatever else changes. */
static void test_path__what_is_frozen_stays(void **s)
{
    (void)s;
    for (uint64_t seed = 0; seed < N_WORLDS; seed++) {
        world w;
        open_world(&w, seed);
        piq_plan p = plan(&w);
        size_t n = 0;
        while (n < p.n_steps && p.steps[n].day == MONDAY)
            n++;
        add_wishes(&w, seed + 1);
        w.in.wishes.n_skip = 0;
        w.in.wishes.freeze_today = true;
        w.in.wishes.frozen = p.steps;
        w.in.wishes.n_frozen = n;
        w.in.previous = seed % 2 ? &p : NULL;
        w.in.minutes_spent_today = 10;
        w.in.seed = seed + 100;
        piq_plan q = plan(&w);
        path_check(&w.in, &q);
        assert_true(q.n_steps >= n);
        for (size_t i = 0; i < n; i++) {
            assert_int_equal(q.steps[i].content.v, p.steps[i].content.v);
            assert_int_equal(q.steps[i].concept.v, p.steps[i].concept.v);
            assert_near(q.steps[i].minutes, p.steps[i].minutes, 1e-9);
        }
        close_world(&w);
    }
}

/* What is said to be known is checked, and then needs no lesson. */
static void test_path__a_claim_is_checked_first(void **s)
{
    (void)s;
    size_t n = 0;
    for (uint64_t seed = 0; seed < N_WORLDS; seed++) {
        world w;
        open_world(&w, seed);
        w.known[0] = w.targets[0];
        piq_belief *b = &w.l.beliefs[w.known[0].v];
        b->mastery = 0.3;
        w.in.wishes = (piq_path_wishes){.known = w.known, .n_known = 1};
        piq_plan p = plan(&w);
        path_check(&w.in, &p);
        for (size_t i = 0; i < p.n_steps; i++) {
            if (p.steps[i].concept.v != w.known[0].v)
                continue;
            assert_int_equal(p.steps[i].kind, PIQ_STEP_CHECK);
            n++;
            break;
        }
        close_world(&w);
    }
    assert_true(n > N_WORLDS / 2);
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
            assert_true(p.extra_minutes == 0 && p.extra_week_minutes == 0);
        } else if (p.completion_day > w.in.deadline_day) {
            assert_true(p.extra_minutes > 0 || isnan(p.extra_minutes));
        }
        for (size_t i = 0; i < p.n_dropped; i++) {
            assert_true(
                in_list(p.targets, p.n_targets, p.dropped[i].concept.v));
            assert_true(p.dropped[i].cost >= 0);
            assert_true(i == 0 || p.dropped[i].cost <= p.dropped[i - 1].cost);
            assert_true(p.dropped[i].mastery > 0 && p.dropped[i].mastery < 1);
        }
        if (p.completion_day != INT32_MAX) {
            assert_true(p.completion_low_day <= p.completion_day);
            assert_true(p.completion_high_day >= p.completion_day);
        }
        close_world(&w);
    }
}

static piq_buf written(const world *w, const piq_plan *p)
{
    piq_buf b;
    piq_json_writer out;
    piq_buf_init(&b, 0);
    piq_json_init(&out, &b);
    piq_plan_write(p, w->c, &out);
    assert_int_equal(b.status, PIQ_OK);
    return b;
}

static void test_path__same_question_same_plan(void **s)
{
    (void)s;
    for (uint64_t seed = 0; seed < 20; seed++) {
        world w;
        open_world(&w, seed);
        add_wishes(&w, seed);
        piq_plan p = plan(&w), q = plan(&w);
        piq_buf x = written(&w, &p), y = written(&w, &q);
        assert_int_equal(x.len, y.len);
        assert_memory_equal(x.ptr, y.ptr, x.len);
        piq_buf_release(&x);
        piq_buf_release(&y);
        close_world(&w);
    }
}

/* A plan that goes on from one for the same day and learner is that one. */
static void test_path__nothing_new_changes_little(void **s)
{
    (void)s;
    size_t kept = 0, all = 0;
    for (uint64_t seed = 0; seed < N_WORLDS; seed++) {
        world w;
        open_world(&w, seed);
        piq_path_change ch;
        piq_plan p = plan(&w);
        w.in.previous = &p;
        piq_plan q = plan(&w);
        path_check(&w.in, &q);
        assert_int_equal(piq_path_diff(&p, &q, &ch), PIQ_OK);
        assert_int_equal(ch.n_kept + ch.n_moved + ch.n_removed, p.n_steps);
        assert_int_equal(ch.n_kept + ch.n_moved + ch.n_added, q.n_steps);
        kept += ch.n_kept;
        all += p.n_steps;
        close_world(&w);
    }
    print_message("%zu of %zu steps kept\n", kept, all);
    assert_true(kept * 10 > all * 8);
}

/* Wholes that fit a day make a plan lumpy: with half as much time again it may
 * end some days later, not more. */
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
        cmocka_unit_test(test_path__plans_keep_every_rule),
        cmocka_unit_test(test_path__wishes_break_no_rule),
        cmocka_unit_test(test_path__a_pin_is_kept),
        cmocka_unit_test(test_path__what_is_frozen_stays),
        cmocka_unit_test(test_path__a_claim_is_checked_first),
        cmocka_unit_test(test_path__targets_bring_their_missing_prerequisites),
        cmocka_unit_test(
            test_path__what_is_neither_reached_nor_dropped_is_none),
        cmocka_unit_test(test_path__same_question_same_plan),
        cmocka_unit_test(test_path__nothing_new_changes_little),
        cmocka_unit_test(test_path__more_minutes_are_not_later),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
