#include "base/map.h"

#include "base/rng.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

enum { KEYS = 400 };

/* The naive model: one place a key. */
typedef struct model {
    bool has[KEYS];
    uint64_t value[KEYS];
    size_t n;
} model;

/* Small and huge keys, 0 and all ones included. */
static uint64_t key_of(size_t k)
{
    return k % 2 ? UINT64_MAX - k / 2 * 4096 : k / 2;
}

static void assert_same(const piq_map *m, const model *want)
{
    assert_int_equal(m->n, want->n);
    for (size_t k = 0; k < KEYS; k++) {
        uint64_t value = 0;
        assert_int_equal(piq_map_get(m, key_of(k), &value), want->has[k]);
        if (want->has[k])
            assert_true(value == want->value[k]);
    }
    size_t seen = 0;
    size_t at = 0;
    uint64_t sum = 0;
    uint64_t want_sum = 0;
    uint64_t key;
    uint64_t value;
    for (; piq_map_next(m, &at, &key, &value); seen++)
        sum += key * 31 + value;
    for (size_t k = 0; k < KEYS; k++)
        if (want->has[k])
            want_sum += key_of(k) * 31 + want->value[k];
    assert_int_equal(seen, want->n);
    assert_true(sum == want_sum);
}

static void test_map__does_what_the_naive_model_does(void **state)
{
    (void)state;
    piq_map m;
    model want = {.n = 0};
    piq_rng r;
    piq_map_init(&m);
    piq_rng_seed(&r, 42);
    for (int step = 0; step < 40000; step++) {
        size_t k = (size_t)piq_rng_below(&r, KEYS);
        uint64_t v = piq_rng_u64(&r);
        /* Tides: phases that mostly fill and phases that mostly empty. */
        bool put = piq_rng_below(&r, 10) < (step / 4000 % 2 ? 2u : 8u);
        if (put) {
            assert_int_equal(piq_map_put(&m, key_of(k), v), PIQ_OK);
            want.n += !want.has[k];
            want.has[k] = true;
            want.value[k] = v;
        } else {
            assert_int_equal(piq_map_remove(&m, key_of(k)), want.has[k]);
            want.n -= want.has[k];
            want.has[k] = false;
        }
        if (step % 500 == 0)
            assert_same(&m, &want);
    }
    assert_same(&m, &want);
    piq_map_release(&m);
}

static void test_map__empty_map_has_nothing(void **state)
{
    (void)state;
    piq_map m;
    size_t at = 0;
    uint64_t v = 7;
    piq_map_init(&m);
    assert_false(piq_map_get(&m, 0, &v));
    assert_false(piq_map_remove(&m, 0));
    assert_false(piq_map_next(&m, &at, NULL, NULL));
    assert_int_equal(v, 7);
    piq_map_clear(&m);
    piq_map_release(&m);
}

static void test_map__clear_forgets_and_keeps_the_room(void **state)
{
    (void)state;
    piq_map m;
    piq_map_init(&m);
    for (uint64_t k = 0; k < 100; k++)
        assert_int_equal(piq_map_put(&m, k, k), PIQ_OK);
    size_t slots = m.n_slots;
    piq_map_clear(&m);
    assert_int_equal(m.n, 0);
    assert_int_equal(m.n_slots, slots);
    assert_false(piq_map_get(&m, 5, NULL));
    assert_int_equal(piq_map_put(&m, 5, 6), PIQ_OK);
    assert_true(piq_map_get(&m, 5, NULL));
    piq_map_release(&m);
}

static void test_map__is_never_more_than_seven_eighths_full(void **state)
{
    (void)state;
    piq_map m;
    piq_map_init(&m);
    for (uint64_t k = 0; k < 5000; k++) {
        assert_int_equal(piq_map_put(&m, k * 4096, k), PIQ_OK);
        assert_true(m.n * 8 <= m.n_slots * 7);
        assert_int_equal(m.n_slots & (m.n_slots - 1), 0);
    }
    piq_map_release(&m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_map__does_what_the_naive_model_does),
        cmocka_unit_test(test_map__empty_map_has_nothing),
        cmocka_unit_test(test_map__clear_forgets_and_keeps_the_room),
        cmocka_unit_test(test_map__is_never_more_than_seven_eighths_full),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
