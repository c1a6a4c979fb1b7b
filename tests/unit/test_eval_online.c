#include "train/eval_online.h"

#include "base/buf.h"
#include "base/rng.h"
#include "support/near.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static piq_online_data read_game(piq_arena *a, piq_str ratings, piq_str items)
{
    piq_online_data d = {0};
    piq_err err = {0};
    if (piq_online_read(a, ratings, items, &d, &err))
        fail_msg("%s", err.message);
    return d;
}

static void test_online__ratings_are_cut_into_slates_by_time(void **state)
{
    (void)state;
    piq_arena a;
    piq_buf b;
    piq_arena_init(&a, 0);
    piq_buf_init(&b, 0);
    /* Learner 2: items 1 .. 25, latest first, liked when even; learner 1 nine
     * ratings only. */
    for (int i = 25; i >= 1; i--)
        piq_buf_printf(&b, "2\t%d\t%d\t%d\n", i, i % 2 ? 3 : 4, 100 + i);
    for (int i = 1; i <= 9; i++)
        piq_buf_printf(&b, "1\t%d\t5\t1\r\n", i);
    piq_online_data d = read_game(
        &a, (piq_str){b.ptr, b.len},
        PIQ_STR("item|title|date|video|url|g0|g1\n"
                "3|Three (1990)|01-Jan-1990||http|0|1\n9999|x|y|z|w|1\n"));
    assert_int_equal(d.n, 2);
    assert_int_equal(d.n_items, 26);
    assert_int_equal(d.n_users, 3);
    for (uint32_t s = 0; s < 2; s++)
        for (uint32_t k = 0; k < 10; k++) {
            assert_int_equal(d.slates[s].item[k], 10 * s + k + 1);
            assert_int_equal(d.slates[s].liked[k], k % 2 == 1);
        }
    assert_int_equal(d.slates[1].at_s, 120);
    assert_int_equal(d.items[3].year, 1990);
    assert_int_equal(d.items[3].genres, 2);
    piq_buf_release(&b);
    piq_arena_release(&a);
}

static void test_online__says_what_is_wrong(void **state)
{
    (void)state;
    static const char *const texts[] = {"1\t1\t5\n", "x\t1\t5\t1\n",
                                        "1\t1\t6\t1\n", "1 1 5 1\n"};
    piq_arena a;
    piq_online_data d;
    piq_err err = {0};
    piq_arena_init(&a, 0);
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(
            piq_online_read(&a, piq_str_of(texts[i]), (piq_str){0}, &d, &err),
            PIQ_EPARSE);
        assert_non_null(strstr(err.message, "line 1"));
    }
    assert_int_equal(
        piq_online_read(&a, PIQ_STR("1\t1\t5\t1\n"), (piq_str){0}, &d, &err),
        PIQ_EINVAL);
    piq_arena_release(&a);
}

/* 60 items, each liked by everybody with a chance of its own. */
static piq_online_data made_up(piq_arena *a, size_t rounds, uint64_t seed)
{
    enum { ITEMS = 60 };
    piq_online_item *items = piq_new(a, piq_online_item, ITEMS);
    piq_online_slate *slates = piq_new(a, piq_online_slate, rounds);
    piq_rng r;
    assert_true(items && slates);
    piq_rng_seed(&r, seed);
    for (size_t i = 0; i < rounds; i++) {
        slates[i].user = (uint32_t)piq_rng_below(&r, 20);
        for (size_t k = 0; k < PIQ_ONLINE_SLATE; k++) {
            slates[i].item[k] = (uint32_t)piq_rng_below(&r, ITEMS);
            double chance = (slates[i].item[k] + .5) / ITEMS;
            slates[i].liked[k] = piq_rng_uniform(&r) < chance * chance;
        }
    }
    return (piq_online_data){20, ITEMS, items, slates, rounds};
}

static void test_online__learns_which_items_are_liked(void **state)
{
    (void)state;
    piq_arena a;
    piq_online_report r;
    piq_arena_init(&a, 0);
    piq_online_data d = made_up(&a, 3000, 1);
    piq_online_options o = *piq_online_defaults();
    assert_int_equal(piq_eval_online(&a, &d, &o, &r, NULL), PIQ_OK);
    /* E[c^2] = 1/3. The best of ten has c about 10/11: .83. */
    assert_int_equal(r.rounds, 3000);
    assert_near(r.random, 1. / 3, .02);
    assert_true(r.ours > .7 && r.ours_last > .75);
    assert_true(r.thompson > .7);
    assert_true(r.oracle > r.ours);
    assert_true(r.least_chance > 0 && r.mean_chance <= 1);
    piq_arena_release(&a);
}

static void test_online__same_seed_same_run(void **state)
{
    (void)state;
    piq_arena a;
    piq_online_report r, s, t;
    piq_arena_init(&a, 0);
    piq_online_data d = made_up(&a, 300, 2);
    piq_online_options o = *piq_online_defaults();
    assert_int_equal(piq_eval_online(&a, &d, &o, &r, NULL), PIQ_OK);
    assert_int_equal(piq_eval_online(&a, &d, &o, &s, NULL), PIQ_OK);
    assert_memory_equal(&r, &s, sizeof r);
    o.seed = 99;
    assert_int_equal(piq_eval_online(&a, &d, &o, &t, NULL), PIQ_OK);
    assert_true(t.ours != r.ours || t.thompson != r.thompson);
    o.gamma = -1;
    assert_int_equal(piq_eval_online(&a, &d, &o, &t, NULL), PIQ_EINVAL);
    piq_arena_release(&a);
}

/* Without exploration weights and without differences there is only chance. */
static void test_online__gamma_zero_is_random(void **state)
{
    (void)state;
    piq_arena a;
    piq_online_report r;
    piq_arena_init(&a, 0);
    piq_online_data d = made_up(&a, 3000, 3);
    piq_online_options o = *piq_online_defaults();
    o.gamma = 0;
    assert_int_equal(piq_eval_online(&a, &d, &o, &r, NULL), PIQ_OK);
    assert_near(r.ours, r.random, .035); /* 4 sqrt(.22 / 3000) */
    assert_near(r.mean_chance, .1, 1e-9);
    piq_arena_release(&a);
}

/* ---- real ratings -------------------------------------------------------- */

static bool slurp(const char *name, piq_str *out)
{
    const char *shared = getenv("PIQ_SHARED");
    char path[1024];
    snprintf(path, sizeof path, "%s/data/recommend/ml-100k/%s",
             shared ? shared : "../shared", name);
    FILE *f = fopen(path, "rb");
    if (!f) {
        print_message("skipped: there is no %s\n", path);
        return false;
    }
    char *bytes = malloc((size_t)8 << 20);
    assert_non_null(bytes);
    *out = (piq_str){bytes, fread(bytes, 1, (size_t)8 << 20, f)};
    fclose(f);
    return true;
}

static void test_online__real_ratings_give_the_known_figures(void **state)
{
    (void)state;
    piq_arena a;
    piq_online_report r;
    piq_str ratings = {0}, items = {0};
    if (!slurp("u.data", &ratings) || !slurp("u.item", &items))
        skip();
    piq_arena_init(&a, 0);
    piq_online_data d = read_game(&a, ratings, items);
    assert_int_equal(d.n, 9596);
    piq_online_options o = *piq_online_defaults();
    o.rounds = 30000;
    assert_int_equal(piq_eval_online(&a, &d, &o, &r, NULL), PIQ_OK);
    /* Known: random .555, Thompson .661, oracle .959; standard error of a
     * share of 30,000 rounds .003. */
    assert_near(r.random, .555, .005);
    assert_near(r.thompson, .661, .01);
    assert_near(r.oracle, .959, .004);
    assert_true(r.ours >= .66);
    free((char *)(uintptr_t)ratings.ptr);
    free((char *)(uintptr_t)items.ptr);
    piq_arena_release(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_online__ratings_are_cut_into_slates_by_time),
        cmocka_unit_test(test_online__says_what_is_wrong),
        cmocka_unit_test(test_online__learns_which_items_are_liked),
        cmocka_unit_test(test_online__same_seed_same_run),
        cmocka_unit_test(test_online__gamma_zero_is_random),
        cmocka_unit_test(test_online__real_ratings_give_the_known_figures),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
