/* The fast numbers that paths are tried with, beside the exact ones. */
#include "agent/lanes.h"
#include "agent/scene.h"
#include "agent/search.h"
#include "num/logistic.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static void near(double x, double y, double tolerance)
{
    if (!(fabs(x - y) <= tolerance))
        fail_msg("%.9g is not within %g of %.9g", x, tolerance, y);
}

static void test_agent_scene__exp2_and_log2_are_near(void **state)
{
    (void)state;
    for (double x = -59.0; x < 59.0; x += 0.37) {
        double got = (double)piq_vec_exp2(piq_vec_of((float)x))[0];
        near(got / exp2((double)(float)x), 1.0, 1e-4);
    }
    for (double x = 1e-6; x < 1e9; x *= 1.7) {
        double got = (double)piq_vec_log2(piq_vec_of((float)x))[3];
        near(got, log2((double)(float)x), 1e-4);
    }
}

static void test_agent_scene__sigmoid_is_near(void **state)
{
    (void)state;
    for (double x = -40.0; x < 40.0; x += 0.13)
        near((double)piq_vec_sigmoid(piq_vec_of((float)x))[1], piq_sigmoid(x),
             0.012);
}

/* A world of two concepts without a tie, in which all are targets. */
typedef struct small {
    piq_arena a;
    json_t *hello;
    piq_agent_world world;
    piq_population population;
    piq_view view;
} small;

static void begin(small *x, const char *prerequisites)
{
    uint32_t targets[] = {0, 1}, items[] = {0, 1};
    piq_err err = {0};
    *x = (small){0};
    piq_arena_init(&x->a, 0);
    x->hello = json_pack("{s:i,s:[{s:i,s:[i]},{s:i,s:[i]}],s:[i,i],s:f}",
                         "protocol", 1, "items", "id", 0, "concepts", 0, "id",
                         1, "concepts", 1, "concepts", 0, 1, "delay", 1.0);
    if (prerequisites)
        json_object_set_new(x->hello, "prerequisites",
                            json_loads(prerequisites, 0, NULL));
    assert_int_equal(piq_agent_world_read(&x->a, x->hello, &x->world, &err),
                     PIQ_OK);
    assert_int_equal(piq_population_make(&x->a, &x->world, &x->population),
                     PIQ_OK);
    assert_int_equal(piq_view_make(&x->a, &x->world, targets, items, 2, NULL, 0,
                                   false, &x->view),
                     PIQ_OK);
    assert_int_equal(piq_population_begin(&x->a, &x->population, &x->view),
                     PIQ_OK);
}

static void end(small *x)
{
    json_decref(x->hello);
    piq_agent_world_release(&x->world);
    piq_arena_release(&x->a);
}

/* A first review, then one after 3 steps: what the scenes hold of stability is
 * what FSRS-6 says, a pass or a failure as luck had it. Difficulty stands
 * still in a scene: it is the first review's in both. */
static void test_agent_scene__memory_moves_as_fsrs_says(void **state)
{
    small x;
    piq_scenes s;
    (void)state;
    begin(&x, NULL);
    assert_int_equal(piq_scenes_draw(&x.a, &x.population, 0.0, 4, &s), PIQ_OK);
    assert_true(s.n_memory > 0);
    piq_lanes *now = piq_new(&x.a, piq_lanes, s.block);
    for (size_t i = 0; i < s.block; i++)
        now[i] = s.start[i];
    uint32_t first = x.view.first_action[0];
    piq_scenes_practise(&s, now, first, 0);
    piq_scenes_practise(&s, now, first, 3);
    for (size_t i = 0; i < PIQ_SCENES; i++) {
        const piq_theta *t = &s.hyp[i]->theta;
        if (!t->forgets)
            continue;
        piq_fsrs_state good =
            piq_fsrs_next(&t->memory, (piq_fsrs_state){0}, 0.0, 3);
        double pass =
            piq_fsrs_next(&t->memory, good, 3.0 * t->tempo, 3).stability_days;
        double fail =
            piq_fsrs_next(&t->memory, good, 3.0 * t->tempo, 1).stability_days;
        double got =
            (double)piq_lane_get(&now[piq_scene_stability_at(&s, 0)], i);
        /* FSRS holds a failure's stability below S / e^(w17 w18), the scene
         * below S: five in a hundred of it. */
        bool passed = fabs(got / pass - 1.0) < 2e-3;
        bool failed = fabs(got / fail - 1.0) < 0.06;
        if (!passed && !failed)
            fail_msg("scene %zu: %g, pass %g, fail %g", i, got, pass, fail);
    }
    end(&x);
}

/* The worth of a whole is the sum of its concepts' worths. */
static void test_agent_scene__worth_adds_up(void **state)
{
    small x;
    piq_scenes s;
    piq_lanes whole, parts = {0};
    (void)state;
    begin(&x, NULL);
    assert_int_equal(piq_scenes_draw(&x.a, &x.population, 0.0, 4, &s), PIQ_OK);
    piq_scenes_worth(&s, s.start, 5, &whole);
    for (uint32_t k = 0; k < 2; k++)
        piq_scenes_worth_of(&s, s.start, k, 5, &parts);
    near(piq_lanes_sum(&whole), piq_lanes_sum(&parts), 1e-5);
    end(&x);
}

/* Longer search, no worse path; and within the budget of steps. */
static void test_agent_scene__search_only_betters(void **state)
{
    static const char *const graphs[] = {NULL, "[[0,1]]"};
    (void)state;
    for (size_t g = 0; g < 2; g++) {
        small x;
        piq_scenes s;
        piq_path_try brief, longer;
        begin(&x, graphs[g]);
        assert_int_equal(piq_scenes_draw(&x.a, &x.population, 0.0, 4, &s),
                         PIQ_OK);
        piq_search_input in = {
            .scenes = &s, .budget = 6, .most_steps = 6, .seed = 9};
        assert_int_equal(piq_search_path(&x.a, &in, &brief), PIQ_OK);
        in.effort = 3000;
        assert_int_equal(piq_search_path(&x.a, &in, &longer), PIQ_OK);
        assert_true(brief.n >= 1 && brief.n <= 6);
        assert_true(longer.n >= 1 && longer.n <= 6);
        assert_true(longer.worth >= brief.worth);
        end(&x);
    }
}

/* What is near: itself, what it needs up to two steps back, what needs it,
 * what needs the same. 0 -> 1 -> 2, 0 -> 3, 4 alone. */
static void test_agent_scene__near_is_as_the_graph_says(void **state)
{
    static const bool near_2[5] = {true, true, true, false, false};
    static const bool near_1[5] = {true, true, true, true, false};
    small x = {0};
    piq_err err = {0};
    piq_view v;
    uint32_t targets[] = {0, 1, 2, 3, 4}, items[] = {0, 0, 0, 0, 0};
    (void)state;
    piq_arena_init(&x.a, 0);
    x.hello =
        json_pack("{s:i,s:[{s:i,s:[i]}],s:[i,i,i,i,i],"
                  "s:[[i,i],[i,i],[i,i]]}",
                  "protocol", 1, "items", "id", 0, "concepts", 0, "concepts", 0,
                  1, 2, 3, 4, "prerequisites", 0, 1, 1, 2, 0, 3);
    assert_int_equal(piq_agent_world_read(&x.a, x.hello, &x.world, &err),
                     PIQ_OK);
    assert_int_equal(
        piq_view_make(&x.a, &x.world, targets, items, 5, NULL, 0, false, &v),
        PIQ_OK);
    for (size_t k = 0; k < 5; k++) {
        uint32_t at = v.local[k];
        assert_int_equal(v.near[at * v.n + v.local[2]], near_2[k]);
        assert_int_equal(v.near[at * v.n + v.local[1]], near_1[k]);
        /* From one that stands alone anything goes. */
        assert_true(v.near[at * v.n + v.local[4]]);
    }
    /* From 2 to 3 by way of 0 or 1, whose like 3 is. */
    uint32_t hop = v.hop[v.local[2] * v.n + v.local[3]];
    assert_true(hop == v.local[0] || hop == v.local[1]);
    end(&x);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_agent_scene__exp2_and_log2_are_near),
        cmocka_unit_test(test_agent_scene__sigmoid_is_near),
        cmocka_unit_test(test_agent_scene__memory_moves_as_fsrs_says),
        cmocka_unit_test(test_agent_scene__worth_adds_up),
        cmocka_unit_test(test_agent_scene__search_only_betters),
        cmocka_unit_test(test_agent_scene__near_is_as_the_graph_says),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
