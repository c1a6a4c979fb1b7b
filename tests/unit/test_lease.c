/* threads:tsan
 * One of several leads; silence hands over, closing hands over at once. */
#include "engine/lease.h"

#include "base/clock.h"
#include "support/engine_file.h"
#include "support/engine_fixture.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

enum { SECOND = 1000000000 };
#define HOLD_NS (INT64_C(15) * SECOND)

/* ---- the steps, with a clock of our own -----------------------------------
 */

typedef struct two {
    memory_data *data;
    piq_store *s;
    piq_lease a, b;
} two;

static void init_one(two *t, piq_lease *l)
{
    assert_int_equal(piq_lease_init(l, t->s, PIQ_STR("job"), HOLD_NS, NULL),
                     PIQ_OK);
}

static int set_up(void **state)
{
    two *t = calloc(1, sizeof *t);
    assert_non_null(t);
    t->data = memory_data_new();
    t->s = memory_store_open(t->data);
    init_one(t, &t->a);
    init_one(t, &t->b);
    *state = t;
    return 0;
}

static int tear_down(void **state)
{
    two *t = *state;
    t->s->ops->close(t->s);
    memory_data_free(t->data);
    free(t);
    return 0;
}

static bool tick(piq_lease *l, int64_t second)
{
    assert_int_equal(piq_lease_tick(l, second * SECOND, FIXTURE_NOW_US, NULL),
                     PIQ_OK);
    return piq_lease_is_mine(l, second * SECOND);
}

static void test_lease__the_first_gets_it(void **state)
{
    two *t = *state;
    assert_true(tick(&t->a, 1));
    assert_false(tick(&t->b, 1));
    assert_true(strcmp(t->a.holder, t->b.holder) != 0);
    for (int64_t s = 2; s < 100; s += 3) {
        assert_true(tick(&t->a, s));
        assert_false(tick(&t->b, s));
    }
}

/* The follower's clock may show any time: only what passes on it counts. */
static void test_lease__silence_hands_it_over(void **state)
{
    two *t = *state;
    assert_true(tick(&t->a, 1));
    assert_false(tick(&t->b, 5000));
    assert_false(tick(&t->b, 5014));
    assert_true(tick(&t->b, 5015));
    assert_false(tick(&t->a, 40)); /* it was asleep, and finds out */
    assert_false(tick(&t->a, 41));
    assert_true(tick(&t->b, 5025));
}

static void test_lease__whoever_renews_keeps_it(void **state)
{
    two *t = *state;
    assert_true(tick(&t->a, 0));
    assert_false(tick(&t->b, 0));
    assert_true(tick(&t->a, 9)); /* renewed */
    assert_false(tick(&t->b, 14));
    assert_false(tick(&t->b, 15)); /* its time began anew at 14 */
    assert_false(tick(&t->b, 28));
    assert_true(tick(&t->b, 29));
}

static void test_lease__two_thirds_without_renewal_is_not_leading(void **state)
{
    two *t = *state;
    assert_true(tick(&t->a, 0));
    assert_true(piq_lease_is_mine(&t->a, INT64_C(9) * SECOND));
    assert_false(piq_lease_is_mine(&t->a, INT64_C(10) * SECOND));
    assert_true(tick(&t->a, 10)); /* nobody took it */
}

static void test_lease__released_it_is_free_at_once(void **state)
{
    two *t = *state;
    assert_true(tick(&t->a, 0));
    assert_false(tick(&t->b, 0));
    piq_lease_release(&t->b); /* not its own: nothing */
    assert_false(tick(&t->b, 1));
    piq_lease_release(&t->a);
    assert_true(tick(&t->b, 2));
    assert_false(tick(&t->a, 3));
}

/* Both have waited long enough: one gets it. */
static void test_lease__of_two_that_take_it_over_one_gets_it(void **state)
{
    two *t = *state;
    piq_lease c;
    init_one(t, &c);
    assert_true(tick(&c, 0));
    assert_false(tick(&t->a, 0));
    assert_false(tick(&t->b, 0));
    bool a = tick(&t->a, 20), b = tick(&t->b, 20);
    assert_true(a);
    assert_false(b);
    piq_lease_release(&c); /* it lost it: nothing */
    assert_true(tick(&t->a, 21));
}

static void test_lease__others_have_other_keys(void **state)
{
    two *t = *state;
    t->b.key = PIQ_STR("another");
    assert_true(tick(&t->a, 0));
    assert_true(tick(&t->b, 0));
}

/* ---- engines --------------------------------------------------------------
 */

typedef struct engines {
    engine_file file;
    piq_engine *e[2];
} engines;

static piq_engine *open_one(const engine_file *f, unsigned lease_ms)
{
    piq_engine_config config = {.maintain_ms = 10, .lease_ms = lease_ms};
    return engine_file_open(f, &config);
}

static bool one_leads(void *ctx)
{
    engines *x = ctx;
    return piq_engine_leads(x->e[0]) || piq_engine_leads(x->e[1]);
}

static bool second_leads(void *ctx)
{
    engines *x = ctx;
    return piq_engine_leads(x->e[1]);
}

static void test_lease__a_closed_engine_hands_over(void **state)
{
    engines x = {.file = engine_file_new()};
    (void)state;
    for (int i = 0; i < 2; i++)
        x.e[i] = open_one(&x.file, 3600 * 1000); /* never by silence */
    fixture_await(one_leads, &x);
    assert_true(piq_engine_leads(x.e[0]) != piq_engine_leads(x.e[1]));
    if (piq_engine_leads(x.e[1])) {
        piq_engine *first = x.e[0];
        x.e[0] = x.e[1];
        x.e[1] = first;
    }
    piq_engine_close(x.e[0]);
    fixture_await(second_leads, &x);
    piq_engine_close(x.e[1]);
    engine_file_remove(&x.file);
}

/* A killed one renews no more: its record stands there, silent. */
static void test_lease__a_killed_engine_hands_over(void **state)
{
    engines x = {.file = engine_file_new()};
    piq_store *s = engine_file_store(&x.file);
    piq_lease killed;
    (void)state;
    assert_int_equal(piq_lease_init(&killed, s, PIQ_STR("maintainer"),
                                    INT64_C(3600) * SECOND, NULL),
                     PIQ_OK);
    assert_int_equal(
        piq_lease_tick(&killed, piq_clock_monotonic_ns(), FIXTURE_NOW_US, NULL),
        PIQ_OK);
    x.e[1] = open_one(&x.file, 50);
    fixture_await(second_leads, &x);
    piq_engine_close(x.e[1]);
    s->ops->close(s);
    engine_file_remove(&x.file);
}

int main(void)
{
#define WITH(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        WITH(test_lease__the_first_gets_it),
        WITH(test_lease__silence_hands_it_over),
        WITH(test_lease__whoever_renews_keeps_it),
        WITH(test_lease__two_thirds_without_renewal_is_not_leading),
        WITH(test_lease__released_it_is_free_at_once),
        WITH(test_lease__of_two_that_take_it_over_one_gets_it),
        WITH(test_lease__others_have_other_keys),
        cmocka_unit_test(test_lease__a_closed_engine_hands_over),
        cmocka_unit_test(test_lease__a_killed_engine_hands_over),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
