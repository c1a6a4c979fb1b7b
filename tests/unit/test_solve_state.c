/* The plan in the making: whatever steps are taken, what is kept up to date is
 * what a fresh state of the same plan has; and undoing leads back. */
#include "base/rng.h"
#include "solve/state.h"
#include "support/plan_check.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { N_WORLDS = 60, N_STEPS = 120 };

static void expect_same(const piq_solve_state *x, const piq_solve_state *y)
{
    const piq_solve_model *m = x->m;
    assert_memory_equal(x->day, y->day, m->n_pieces * sizeof *x->day);
    assert_memory_equal(x->left, y->left, m->n_days * sizeof *x->left);
    assert_memory_equal(x->gained, y->gained,
                        m->n_topics * m->n_days * sizeof *x->gained);
    assert_memory_equal(x->level, y->level, m->n_topics * sizeof *x->level);
    assert_memory_equal(x->ready, y->ready, m->n_topics * sizeof *x->ready);
    assert_memory_equal(x->open_day, y->open_day,
                        m->n_topics * sizeof *x->open_day);
    assert_memory_equal(x->review_from, y->review_from,
                        m->n_topics * sizeof *x->review_from);
    assert_memory_equal(x->n_reviews, y->n_reviews, m->n_topics);
    assert_int_equal(x->n_placed, y->n_placed);
    assert_int_equal(x->n_all_reviews, y->n_all_reviews);
    for (uint32_t t = 0; t < m->n_topics; t++)
        assert_true(fabs(x->raw[t] - y->raw[t]) < 1e-9);
    assert_true(fabs(x->total - y->total) < 1e-9 * (1 + fabs(y->total)));
}

/* The same plan from nothing. */
static piq_solve_state *anew(piq_arena *a, const piq_solve_state *s)
{
    piq_solve_state *fresh = piq_solve_state_new(a, s->m);
    assert_non_null(fresh);
    for (uint32_t i = 0; i < s->m->n_pieces; i++)
        if (s->day[i] >= 0)
            piq_solve_put(fresh, i, s->day[i]);
    for (uint32_t t = 0; t < s->m->n_topics; t++)
        for (size_t k = 0; k < s->n_reviews[t]; k++)
            piq_solve_review(fresh, t,
                             s->reviews[t * PIQ_SOLVE_MAX_REVIEWS + k]);
    return fresh;
}

/* A piece put where it may be or taken out, a review more or less. */
static void random_step(piq_solve_state *s, piq_rng *r)
{
    const piq_solve_model *m = s->m;
    int d = (int)piq_rng_below(r, m->n_days);
    if (m->n_pieces && piq_rng_below(r, 4)) {
        uint32_t i = (uint32_t)piq_rng_below(r, m->n_pieces);
        const piq_solve_piece *x = &m->pieces[i];
        if (s->day[i] >= 0)
            piq_solve_take(s, i);
        else if (d >= piq_solve_first_day(s, x) && d <= x->last_day &&
                 s->left[d] >= x->ticks)
            piq_solve_put(s, i, d);
    } else if (m->n_topics) {
        uint32_t t = (uint32_t)piq_rng_below(r, m->n_topics);
        if (s->n_reviews[t] && piq_rng_below(r, 2))
            piq_solve_unreview(s, t, s->reviews[t * PIQ_SOLVE_MAX_REVIEWS]);
        else if (piq_solve_may_review(s, t, d))
            piq_solve_review(s, t, d);
    }
    piq_solve_settle(s);
}

static piq_solve_plan plan_of(piq_arena *a, const piq_solve_problem *p,
                              const piq_solve_state *s)
{
    piq_solve_plan plan;
    assert_int_equal(piq_solve_plan_new(a, p, &plan), PIQ_OK);
    for (uint32_t i = 0; i < s->m->n_pieces; i++)
        plan.item_day[s->m->pieces[i].item] = s->day[i];
    for (uint32_t t = 0; t < s->m->n_topics; t++) {
        size_t c = s->m->topics[t].concept;
        plan.n_reviews[c] = s->n_reviews[t];
        memcpy(plan.review_day + c * PIQ_SOLVE_MAX_REVIEWS,
               s->reviews + t * PIQ_SOLVE_MAX_REVIEWS,
               s->n_reviews[t] * sizeof *s->reviews);
    }
    plan.value = plan_check_value(p, &plan);
    return plan;
}

static void walk(piq_arena *a, uint64_t seed)
{
    const plan_world w = {.n_concepts = 1 + seed % 12,
                          .n_items = 40,
                          .n_days = 1 + seed % 9,
                          .after_share = .3,
                          .window_share = .2,
                          .bonus_share = .3,
                          .bent = seed % 2 == 0};
    piq_solve_problem p = plan_world_new(a, &w, seed);
    piq_solve_model *m;
    piq_rng r;
    piq_rng_seed(&r, seed);
    assert_int_equal(piq_solve_model_new(a, &p, NULL, false, &m), PIQ_OK);
    piq_solve_state *s = piq_solve_state_new(a, m);
    assert_non_null(s);
    for (int k = 0; k < N_STEPS; k++)
        random_step(s, &r);
    piq_solve_plan plan = plan_of(a, &p, s);
    const char *wrong = plan_check(&p, &plan);
    if (wrong)
        fail_msg("world %llu: %s", (unsigned long long)seed, wrong);
    piq_solve_state *before = anew(a, s);
    expect_same(s, before);
    piq_solve_keep(s);
    for (int k = 0; k < N_STEPS; k++)
        random_step(s, &r);
    piq_solve_undo(s, 0);
    expect_same(s, before);
}

static void test_solve_state__steps_keep_everything_up_to_date(void **state)
{
    (void)state;
    piq_arena a;
    piq_arena_init(&a, 0);
    for (uint64_t seed = 0; seed < N_WORLDS; seed++) {
        piq_arena_clear(&a);
        walk(&a, seed);
    }
    piq_arena_release(&a);
}

/* Concepts of no weight that nobody waits for, and what only they need, are
 * not looked at. */
static void test_solve_state__what_does_not_matter_is_left_out(void **state)
{
    (void)state;
    static const double keep[] = {1}, value[] = {0, 1}, budget[] = {60};
    static const uint32_t first[] = {0};
    static const piq_solve_gain gains[3][1] = {{{0, 1}}, {{1, 1}}, {{2, 1}}};
    piq_solve_concept c[3];
    piq_solve_item x[3];
    for (size_t k = 0; k < 3; k++) {
        c[k] = (piq_solve_concept){.ready = .5,
                                   .weight = k == 1,
                                   .keep = keep,
                                   .value = value,
                                   .value_step = 1,
                                   .n_value = 2};
        x[k] = (piq_solve_item){.minutes = 10,
                                .main = (uint32_t)k,
                                .after = PIQ_SOLVE_NONE,
                                .gains = gains[k],
                                .n_gains = 1};
    }
    c[1].prerequisites = c[2].prerequisites = first;
    c[1].n_prerequisites = c[2].n_prerequisites = 1;
    const piq_solve_problem p = {c, 3, x, 3, budget, 1};
    piq_solve_model *m;
    piq_arena a;
    piq_arena_init(&a, 0);
    assert_int_equal(piq_solve_model_new(&a, &p, NULL, false, &m), PIQ_OK);
    assert_int_equal(m->n_topics, 2);
    assert_int_equal(m->n_pieces, 2);
    assert_int_equal(m->pieces[1].item, 1);
    assert_int_equal(m->topics[0].concept, 0);
    piq_arena_release(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_solve_state__steps_keep_everything_up_to_date),
        cmocka_unit_test(test_solve_state__what_does_not_matter_is_left_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
