/* Off-policy evaluation, the online game and the regressions with every
 * allocation failing once: PIQ_ENOMEM, nothing leaked, nothing written. */
#include "recommend/bayes.h"
#include "train/eval_online.h"
#include "train/obd.h"

#include "support/near.h"
#include "support/policy_world.h"

#include <string.h>

enum { MOST = 400 };

/* Runs try(ctx, k) until it gets through; returns how often it did not. */
static long until_it_works(piq_status (*attempt)(void *ctx), void *ctx)
{
    for (long k = 1; k < MOST; k++) {
        piq_alloc_fail_after(k, 0);
        piq_status status = attempt(ctx);
        piq_alloc_fail_after(0, 0);
        if (status == PIQ_OK)
            return k - 1;
        assert_int_equal(status, PIQ_ENOMEM);
    }
    fail_msg("it never works");
    return 0;
}

static piq_status evaluate(void *ctx)
{
    const piq_offpolicy_log *log = ctx;
    piq_arena a;
    piq_offpolicy_report r;
    memset(&r, 0x5a, sizeof r);
    const piq_offpolicy_report before = r;
    piq_arena_init(&a, 0);
    piq_status status =
        piq_offpolicy(&a, log, piq_offpolicy_defaults(), &r, NULL);
    piq_arena_release(&a);
    if (status)
        assert_memory_equal(&r, &before, sizeof r);
    return status;
}

static void test_offpolicy__survives_every_failed_allocation(void **state)
{
    (void)state;
    piq_arena a;
    policy_world w;
    piq_arena_init(&a, 0);
    policy_world_make(&w, 1, -1, false);
    policy_log log = policy_world_log(&w, &a, 200, 1);
    assert_true(until_it_works(evaluate, &log.log) >= 3);
    piq_arena_release(&a);
}

static piq_status read_log(void *ctx)
{
    static const char log[] = "item_id,position,click,propensity_score\n"
                              "0,1,0,0.5\n1,1,1,0.5\n";
    piq_arena a;
    piq_obd o;
    (void)ctx;
    piq_arena_init(&a, 0);
    piq_status status =
        piq_obd_read(&a, PIQ_STR(log), PIQ_STR("1\n1\n"), &o, NULL);
    piq_arena_release(&a);
    return status;
}

static void test_obd__survives_every_failed_allocation(void **state)
{
    (void)state;
    assert_true(until_it_works(read_log, NULL) >= 1);
}

static piq_status play(void *ctx)
{
    static const char ratings[] =
        "1\t1\t5\t1\n1\t2\t1\t1\n1\t3\t5\t1\n1\t4\t5\t1\n1\t5\t1\t1\n"
        "1\t6\t5\t1\n1\t7\t1\t1\n1\t8\t5\t1\n1\t9\t5\t1\n1\t10\t1\t1\n";
    piq_arena a;
    piq_online_data d;
    piq_online_report r;
    (void)ctx;
    piq_arena_init(&a, 0);
    piq_status status =
        piq_online_read(&a, PIQ_STR(ratings), (piq_str){0}, &d, NULL);
    if (!status)
        status = piq_eval_online(&a, &d, piq_online_defaults(), &r, NULL);
    piq_arena_release(&a);
    return status;
}

static void test_online__survives_every_failed_allocation(void **state)
{
    (void)state;
    assert_true(until_it_works(play, NULL) >= 2);
}

static piq_status make_model(void *ctx)
{
    const piq_bayes_prior prior = {.width = 1,
                                   .n_types = 1,
                                   .precision = {1},
                                   .type_precision = {1},
                                   .noise_variance = 1,
                                   .keep_per_day = 1,
                                   .floored = PIQ_BAYES_NO_FLOOR};
    piq_arena a;
    piq_bayes *m = NULL;
    (void)ctx;
    piq_arena_init(&a, 0);
    piq_status status = piq_bayes_new(&a, &prior, &m);
    assert_true(status ? m == NULL : m != NULL);
    piq_arena_release(&a);
    return status;
}

static void test_bayes__survives_every_failed_allocation(void **state)
{
    (void)state;
    assert_int_equal(until_it_works(make_model, NULL), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_offpolicy__survives_every_failed_allocation),
        cmocka_unit_test(test_obd__survives_every_failed_allocation),
        cmocka_unit_test(test_online__survives_every_failed_allocation),
        cmocka_unit_test(test_bayes__survives_every_failed_allocation),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
