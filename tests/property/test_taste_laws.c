/* Laws of a learner's tastes: kept up to date is added up anew, the order of
 * arrival does not matter, and taking an item out changes the term by what was
 * stated. */
#include "recommend/taste.h"

#include "support/near.h"
#include "support/taste_world.h"

#include <stdlib.h>
#include <string.h>

enum { N_ITEMS = 300, N_WORLDS = 12 };

typedef struct world {
    piq_taste *m;
    piq_taste_state *s;
    piq_rng r;
    int64_t at_us;
} world;

static world new_world(uint64_t seed)
{
    world w = {.m = taste_world_model(seed, N_ITEMS)};
    assert_int_equal(piq_taste_state_new(w.m, &w.s), PIQ_OK);
    piq_rng_seed(&w.r, seed + 1000);
    return w;
}

static void free_world(world *w)
{
    piq_taste_state_free(w->s);
    piq_taste_free(w->m);
}

/* Some are disliked, some are late news, some take out what is held. */
static piq_taste_entry random_entry(world *w)
{
    w->at_us += 1 + (int64_t)piq_rng_below(&w->r, 1000);
    uint64_t kind = piq_rng_below(&w->r, 20);
    float weight = (float)(.1 + .9 * piq_rng_uniform(&w->r));
    if (kind == 0)
        weight = -weight;
    if (kind == 1)
        weight = 0;
    int64_t at = kind == 2 ? w->at_us / 2 : w->at_us;
    return (piq_taste_entry){at, (uint32_t)piq_rng_below(&w->r, N_ITEMS),
                             weight};
}

static void check_scores(const world *w)
{
    static float kept[N_ITEMS + 16], anew[N_ITEMS + 16];
    size_t n;
    const piq_taste_entry *h = piq_taste_history(w->s, &n);
    piq_taste_scores(w->s, kept);
    piq_taste_scores_of(w->m, h, n, anew);
    for (uint32_t i = 0; i < N_ITEMS; i++) {
        /* Sums of up to 256 terms of about 1, in single precision. */
        assert_near((double)kept[i], (double)anew[i], 2e-4);
        assert_true(piq_taste_score(w->s, i) == kept[i]);
    }
}

static void test_taste__kept_up_to_date_is_added_up_anew(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= N_WORLDS; seed++) {
        world w = new_world(seed);
        for (int k = 0; k < 900; k++) {
            assert_true(piq_taste_add(w.s, random_entry(&w)));
            if (k % 90 == 7)
                check_scores(&w);
        }
        size_t n;
        piq_taste_history(w.s, &n);
        assert_true(n > 150 && n <= PIQ_TASTE_HISTORY);
        check_scores(&w);
        free_world(&w);
    }
}

static void test_taste__history_is_ordered_and_distinct(void **state)
{
    (void)state;
    world w = new_world(5);
    for (int k = 0; k < 3000; k++)
        assert_true(piq_taste_add(w.s, random_entry(&w)));
    bool held[N_ITEMS] = {false};
    size_t n;
    const piq_taste_entry *h = piq_taste_history(w.s, &n);
    for (size_t k = 0; k < n; k++) {
        assert_false(held[h[k].item]);
        held[h[k].item] = true;
        assert_true(h[k].weight != 0);
        if (k)
            assert_true(h[k - 1].at_us <= h[k].at_us);
    }
    free_world(&w);
}

static void test_taste__order_of_arrival_does_not_matter(void **state)
{
    (void)state;
    static float one[N_ITEMS + 16], other[N_ITEMS + 16];
    for (uint64_t seed = 1; seed <= N_WORLDS; seed++) {
        world w = new_world(seed), v = new_world(seed);
        piq_taste_entry list[200];
        for (size_t k = 0; k < 200; k++)
            list[k] = (piq_taste_entry){(int64_t)(k * k % 97) * 10 + 1,
                                        (uint32_t)k, .5F};
        for (size_t k = 0; k < 200; k++)
            assert_true(piq_taste_add(w.s, list[k]));
        for (size_t k = 200; k-- > 0;)
            assert_true(piq_taste_add(v.s, list[k]));
        size_t n;
        const piq_taste_entry *h = piq_taste_history(w.s, &n);
        assert_int_equal(n, 200);
        assert_memory_equal(h, piq_taste_history(v.s, &n), 200 * sizeof *h);
        piq_taste_scores(w.s, one);
        piq_taste_scores(v.s, other);
        for (size_t i = 0; i < N_ITEMS; i++)
            assert_near((double)one[i], (double)other[i], 2e-4);
        free_world(&w);
        free_world(&v);
    }
}

/* What was stated against what happens: the same entries without one. */
static void check_deletion(const world *w, uint32_t item)
{
    piq_taste_why why;
    piq_taste_state *less;
    size_t n;
    const piq_taste_entry *h = piq_taste_history(w->s, &n);
    piq_taste_explain(w->s, item, &why);
    assert_int_equal(why.n, n);
    assert_near(why.term, piq_taste_term((double)piq_taste_score(w->s, item)),
                0);
    double sum = why.rest;
    assert_int_equal(piq_taste_state_new(w->m, &less), PIQ_OK);
    for (size_t k = 0; k < n; k++) {
        piq_taste_state_clear(less);
        for (size_t j = 0; j < n; j++)
            if (j != k)
                assert_true(piq_taste_add(less, h[j]));
        double without = piq_taste_term((double)piq_taste_score(less, item));
        assert_int_equal(why.shares[k].item, h[k].item);
        /* Scores are in single precision. */
        assert_near(why.term - without, why.shares[k].change, 3e-6);
        sum += why.shares[k].change;
    }
    assert_near(sum, why.term, 1e-12);
    piq_taste_state_free(less);
}

static void test_taste__deleting_an_item_changes_what_was_stated(void **state)
{
    (void)state;
    static const int lengths[] = {0, 1, 2, 3, 4, 10, 11, 40, 120};
    for (size_t k = 0; k < sizeof lengths / sizeof lengths[0]; k++) {
        world w = new_world(50 + k);
        for (int i = 0; i < lengths[k]; i++)
            assert_true(piq_taste_add(w.s, random_entry(&w)));
        for (int i = 0; i < 4; i++)
            check_deletion(&w, (uint32_t)piq_rng_below(&w.r, N_ITEMS));
        free_world(&w);
    }
}

static void test_taste__taking_out_is_never_having_had(void **state)
{
    (void)state;
    static float with[N_ITEMS + 16], without[N_ITEMS + 16];
    world w = new_world(3), v = new_world(3);
    for (uint32_t k = 0; k < 60; k++) {
        piq_taste_entry e = {k + 1, (k * 7) % N_ITEMS, .75F};
        assert_true(piq_taste_add(w.s, e));
        if (k != 31)
            assert_true(piq_taste_add(v.s, e));
    }
    assert_true(piq_taste_add(w.s, (piq_taste_entry){99, 31 * 7, 0}));
    piq_taste_scores(w.s, with);
    piq_taste_scores(v.s, without);
    for (size_t i = 0; i < N_ITEMS; i++)
        assert_near((double)with[i], (double)without[i], 1e-4);
    free_world(&w);
    free_world(&v);
}

static void test_taste__bytes_bring_the_model_back(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 4; seed++) {
        piq_taste *m = taste_world_model(seed, 5 * (size_t)seed), *back;
        piq_str bytes = taste_world_bytes(m);
        assert_int_equal(piq_taste_decode(bytes, &back, NULL), PIQ_OK);
        piq_str again = taste_world_bytes(back);
        assert_int_equal(bytes.len, again.len);
        assert_memory_equal(bytes.ptr, again.ptr, bytes.len);
        assert_memory_equal(piq_taste_about_of(m), piq_taste_about_of(back),
                            sizeof(piq_taste_about));
        free((void *)bytes.ptr);
        free((void *)again.ptr);
        piq_taste_free(m);
        piq_taste_free(back);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_taste__kept_up_to_date_is_added_up_anew),
        cmocka_unit_test(test_taste__history_is_ordered_and_distinct),
        cmocka_unit_test(test_taste__order_of_arrival_does_not_matter),
        cmocka_unit_test(test_taste__deleting_an_item_changes_what_was_stated),
        cmocka_unit_test(test_taste__taking_out_is_never_having_had),
        cmocka_unit_test(test_taste__bytes_bring_the_model_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
