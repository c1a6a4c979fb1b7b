/* check.h - whether a problem keeps the rules of problem.h. Private. */
#ifndef PIQ_SOLVE_CHECK_H
#define PIQ_SOLVE_CHECK_H

#include "solve/problem.h"

typedef struct piq_solve_fault {
    enum {
        PIQ_SOLVE_SIZES,
        PIQ_SOLVE_DAY,
        PIQ_SOLVE_CONCEPT,
        PIQ_SOLVE_ITEM
    } where;
    size_t index;     /* of the day, concept or item */
    const char *what; /* static; NULL: there is no fault */
} piq_solve_fault;

/* The first fault. PIQ_ENOMEM. */
PIQ_MUST_USE piq_status piq_solve_find_fault(const piq_solve_problem *p,
                                             piq_solve_fault *out);

/* The same as an error: PIQ_EINVAL, PIQ_ENOMEM. */
PIQ_MUST_USE piq_status piq_solve_check(const piq_solve_problem *p,
                                        piq_err *err);

#endif
