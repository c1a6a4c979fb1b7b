/* Reading, fitting and measuring review logs with every allocation failing
 * once: PIQ_ENOMEM, nothing leaked, nothing written. */
#include "train/eval_memory.h"
#include "train/revlog.h"

#include "support/near.h"
#include "support/review_cards.h"

#include <string.h>

enum { MOST = 400 };

static void test_fsrs_fit__survives_every_failed_allocation(void **state)
{
    (void)state;
    piq_arena a;
    piq_arena_init(&a, 0);
    piq_fsrs_cards c[] = {review_cards(&a, piq_fsrs_defaults(), 80, 6, 1),
                          review_cards(&a, piq_fsrs_defaults(), 30, 6, 2)};
    piq_fsrs_params clean, p;
    const piq_fsrs_fit_options *o = piq_fsrs_fit_defaults();
    assert_int_equal(piq_fsrs_fit_population(c, 2, o, &clean, NULL, NULL),
                     PIQ_OK);
    long k = 1;
    for (; k < MOST; k++) {
        memset(&p, 0x5a, sizeof p);
        const piq_fsrs_params before = p;
        piq_alloc_fail_after(k, 0);
        piq_status status = piq_fsrs_fit_population(c, 2, o, &p, NULL, NULL);
        piq_alloc_fail_after(0, 0);
        if (status == PIQ_OK)
            break;
        assert_int_equal(status, PIQ_ENOMEM);
        assert_memory_equal(&p, &before, sizeof p);
    }
    assert_true(k > 3 && k < MOST);
    assert_memory_equal(&p, &clean, sizeof p);
    piq_arena_release(&a);
}

static void test_eval_memory__survives_every_failed_allocation(void **state)
{
    (void)state;
    piq_arena a;
    piq_arena_init(&a, 0);
    piq_fsrs_cards c = review_cards(&a, piq_fsrs_defaults(), 60, 6, 1);
    const piq_memory_eval_options o = {.folds = 2,
                                       .fit = *piq_fsrs_fit_defaults()};
    long k = 1;
    for (; k < MOST; k++) {
        piq_memory_report r;
        piq_arena scratch;
        memset(&r, 0x5a, sizeof r);
        const piq_memory_report before = r;
        piq_arena_init(&scratch, 0);
        piq_alloc_fail_after(k, 0);
        piq_status status = piq_eval_memory(&scratch, &c, &o, &r, NULL);
        piq_alloc_fail_after(0, 0);
        piq_arena_release(&scratch);
        if (status == PIQ_OK)
            break;
        assert_int_equal(status, PIQ_ENOMEM);
        assert_memory_equal(&r, &before, sizeof r);
    }
    assert_true(k > 3 && k < MOST);
    piq_arena_release(&a);
}

static void test_revlog__survives_every_failed_allocation(void **state)
{
    (void)state;
    static const char text[] =
        "card_id,review_time,review_rating,review_state,review_duration\n"
        "1,43200000,3,1,0\n1,129600000,3,2,0\n";
    long k = 1;
    for (; k < MOST; k++) {
        piq_arena a;
        piq_revlog log;
        piq_fsrs_cards c;
        piq_arena_init(&a, 0);
        piq_alloc_fail_after(k, 0);
        piq_status status = piq_revlog_read(&a, PIQ_STR(text), &log, NULL);
        if (!status)
            status = piq_revlog_cards(&a, &log, (piq_revlog_day){0, 240}, &c);
        piq_alloc_fail_after(0, 0);
        piq_arena_release(&a);
        if (status == PIQ_OK)
            break;
        assert_int_equal(status, PIQ_ENOMEM);
    }
    assert_true(k < MOST);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_fsrs_fit__survives_every_failed_allocation),
        cmocka_unit_test(test_eval_memory__survives_every_failed_allocation),
        cmocka_unit_test(test_revlog__survives_every_failed_allocation),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
