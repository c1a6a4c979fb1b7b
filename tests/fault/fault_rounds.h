/* fault_rounds.h - a store on the failing disk of fault_vfs.h, round after
 * round: the first operation fails, the second, .. until all is done without
 * reaching it. */
#ifndef PIQ_TESTS_FAULT_ROUNDS_H
#define PIQ_TESTS_FAULT_ROUNDS_H

#include "contract/store_contract.h"
#include "fault/fault_vfs.h"

/* One round, on a store of its own; true while the failure was reached. */
typedef bool fault_round(store_fixture *f, const void *what, fault_plan plan,
                         piq_status expected);

static inline void fault_each_round(fault_round *round, const void *what,
                                    fault_plan plan, piq_status expected)
{
    for (bool reached = true; reached; plan.skip++) {
        void *state = NULL;
        fixture_setup(&state);
        reached = round(state, what, plan, expected);
        fixture_teardown(&state);
        assert_true(plan.skip < 1000);
    }
    assert_true(plan.skip > 1); /* at least one was reached */
}

static inline piq_status fault_first_of(const piq_status *st, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (st[i] != PIQ_OK)
            return st[i];
    return PIQ_OK;
}

/* Whatever read fails of those that `read` makes: it says so, and the next one
 * does not. */
static inline void fault_each_read(store_fixture *f,
                                   piq_status (*read)(store_fixture *f))
{
    long n = 0;
    for (bool reached = true; reached; n++) {
        fixture_reopen(f); /* nothing cached */
        fault_arm((fault_plan){.kinds = FAULT_READ, .skip = n});
        piq_status st = read(f);
        reached = fault_disarm() > 0;
        if (reached)
            assert_int_equal(st, PIQ_EIO);
        assert_status(f, PIQ_OK, read(f));
        assert_true(n < 1000);
    }
    assert_true(n > 5);
}

#endif
