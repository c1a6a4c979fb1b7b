/* Work on several threads: each share once, whatever the number. */
/* threads:tsan */
#include "base/parallel.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

typedef struct done {
    atomic_int times[PIQ_MAX_THREADS];
    uint64_t sums[PIQ_MAX_THREADS]; /* each written by one share alone */
} done;

static void count(void *ctx, unsigned share)
{
    done *d = ctx;
    atomic_fetch_add(&d->times[share], 1);
    for (uint64_t i = 0; i < 1000; i++)
        d->sums[share] += i * share;
}

static void check(unsigned n)
{
    static done d;
    d = (done){0};
    piq_parallel(n, count, &d);
    for (unsigned i = 0; i < PIQ_MAX_THREADS; i++) {
        assert_int_equal(atomic_load(&d.times[i]), i < n);
        /* 0 + 1 + .. + 999 = 499500 */
        assert_int_equal(d.sums[i], i < n ? UINT64_C(499500) * i : 0);
    }
}

static void test_parallel__each_share_is_done_once(void **state)
{
    (void)state;
    check(0);
    check(1);
    check(2);
    check(7);
    check(PIQ_MAX_THREADS);
}

static void inner(void *ctx, unsigned share)
{
    (void)share;
    atomic_fetch_add((atomic_int *)ctx, 1);
}

static void outer(void *ctx, unsigned share)
{
    (void)share;
    piq_parallel(3, inner, ctx);
}

static void test_parallel__work_may_itself_be_shared(void **state)
{
    (void)state;
    atomic_int n = 0;
    piq_parallel(4, outer, &n);
    assert_int_equal(atomic_load(&n), 12);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_parallel__each_share_is_done_once),
        cmocka_unit_test(test_parallel__work_may_itself_be_shared),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
