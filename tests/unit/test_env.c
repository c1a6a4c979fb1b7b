/* Environments to teach in, and the simple policies beside them. */
#include "sim/env_lines.h"
#include "sim/teacher.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static piq_env *make(piq_arena *a, const char *family, uint64_t seed)
{
    piq_env *e;
    const piq_env_family *f = piq_env_family_named(family);
    assert_non_null(f);
    assert_int_equal(piq_env_make(a, f, seed, &e), PIQ_OK);
    return e;
}

static void test_env__families_are_found_by_name(void **state)
{
    (void)state;
    for (size_t i = 0; piq_env_family_at(i); i++) {
        const piq_env_family *f = piq_env_family_at(i);
        assert_ptr_equal(piq_env_family_named(f->name), f);
    }
    assert_null(piq_env_family_named("none"));
}

static void test_env__the_same_seed_gives_the_same_learner(void **state)
{
    (void)state;
    for (size_t i = 0; piq_env_family_at(i); i++) {
        piq_arena a, b;
        piq_buf one, two;
        piq_arena_init(&a, 0);
        piq_arena_init(&b, 0);
        piq_buf_init(&one, 0);
        piq_buf_init(&two, 0);
        piq_env *x = make(&a, piq_env_family_at(i)->name, 7);
        piq_env *y = make(&b, piq_env_family_at(i)->name, 7);
        /* Whoever came before. */
        piq_env_begin(x, 2);
        piq_env_begin(x, 5);
        piq_env_begin(y, 5);
        piq_env_reset(x, 5, &one);
        piq_env_reset(y, 5, &two);
        assert_string_equal(one.ptr, two.ptr);
        for (uint32_t k = 0; k < 10; k++)
            assert_int_equal(piq_env_practise(x, k % 7),
                             piq_env_practise(y, k % 7));
        assert_true(piq_env_score(x) == piq_env_score(y));
        piq_buf_release(&one);
        piq_buf_release(&two);
        piq_arena_release(&a);
        piq_arena_release(&b);
    }
}

static void test_env__scores_stay_below_the_most(void **state)
{
    (void)state;
    for (size_t i = 0; piq_env_family_at(i); i++) {
        piq_arena a;
        piq_arena_init(&a, 0);
        piq_env *e = make(&a, piq_env_family_at(i)->name, 3);
        for (uint64_t learner = 0; learner < 20; learner++) {
            piq_env_begin(e, learner);
            assert_true(e->n_targets >= 3);
            assert_true(piq_env_score(e) < piq_env_full(e));
            for (uint32_t k = 0; k < 40; k++)
                piq_env_practise(e, k % (uint32_t)e->n_items);
            assert_true(piq_env_score(e) <= piq_env_full(e) + 1e-9);
        }
        piq_arena_release(&a);
    }
}

/* A root practised five times after its neighbour: 1/32 of what was lacking
 * is left, so that it is answered right; what is far from it does not move. */
static void test_env__kss_counts_only_what_is_near(void **state)
{
    piq_arena a;
    (void)state;
    piq_arena_init(&a, 0);
    piq_env *e = make(&a, "kss", 2);
    e->log_steps = 0;
    piq_env_begin(e, 0);
    /* From 6 only 6 and 7 are near. */
    for (int i = 0; i < 6; i++)
        piq_env_practise(e, 6);
    assert_true(e->family->exam(e, 6) == 1.0);
    double before = e->family->exam(e, 0);
    for (int i = 0; i < 6; i++)
        piq_env_practise(e, 0);
    assert_true(e->family->exam(e, 0) == before);
    assert_true(before == 0.0);
    /* 7, then 8, lead from there to 2; 0 is two steps before 4. */
    static const uint32_t way[] = {7, 8, 4, 0, 0, 0, 0, 0, 0};
    for (size_t i = 0; i < sizeof way / sizeof *way; i++)
        piq_env_practise(e, way[i]);
    assert_true(e->family->exam(e, 0) == 1.0);
    piq_arena_release(&a);
}

static void test_env__wrong_tells_another_graph(void **state)
{
    piq_arena a;
    (void)state;
    piq_arena_init(&a, 0);
    piq_env *e = make(&a, "wrong", 2);
    size_t told = 0;
    for (size_t i = 0; i < e->told.n_edges; i++)
        for (size_t j = 0; j < e->real.n_edges; j++)
            told += !memcmp(&e->told.edges[i], &e->real.edges[j],
                            sizeof e->told.edges[i]);
    assert_true(told < e->real.n_edges);
    assert_true(told < e->told.n_edges);
    assert_true(2 * told > e->real.n_edges);
    piq_arena_release(&a);
}

/* Right after practice more is recalled than twenty steps later. */
static void test_env__memories_fade(void **state)
{
    static const char *const families[] = {"forget", "memory"};
    (void)state;
    for (size_t f = 0; f < 2; f++) {
        piq_arena a;
        piq_arena_init(&a, 0);
        piq_env *e = make(&a, families[f], 2);
        piq_env_begin(e, 1);
        for (int i = 0; i < 4; i++)
            piq_env_practise(e, 0);
        double fresh = e->family->exam(e, 0);
        for (int i = 0; i < 20; i++)
            piq_env_practise(e, 1);
        assert_true(e->family->exam(e, 0) < fresh);
        piq_arena_release(&a);
    }
}

static void test_env__teachers_choose_what_targets_need(void **state)
{
    piq_arena a;
    (void)state;
    piq_arena_init(&a, 0);
    piq_env *e = make(&a, "bkt", 4);
    piq_env_begin(e, 0);
    for (int k = PIQ_TEACH_ORDER; k < PIQ_N_TEACHERS; k++) {
        piq_teacher t;
        piq_teacher_begin(&t, (piq_teacher_kind)k, e, 1);
        for (int step = 0; step < 50; step++) {
            uint32_t item = piq_teacher_choose(&t);
            bool needed = false;
            for (size_t i = 0; i < t.n_needed; i++)
            needed |= t.needed[i] == e->items[item].concept;
            assert_true(needed);
            piq_teacher_see(&t, item, step % 3 != 0);
        }
    }
    piq_arena_release(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_env__families_are_found_by_name),
        cmocka_unit_test(test_env__the_same_seed_gives_the_same_learner),
        cmocka_unit_test(test_env__scores_stay_below_the_most),
        cmocka_unit_test(test_env__kss_counts_only_what_is_near),
        cmocka_unit_test(test_env__wrong_tells_another_graph),
        cmocka_unit_test(test_env__memories_fade),
        cmocka_unit_test(test_env__teachers_choose_what_targets_need),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
