/* plan_check.h - whether a plan keeps the rules of its problem, and what it is
 * worth: an independent reading of solve/problem.h that shares no code with
 * src/solve, and random problems to try it on.
 */
#ifndef PIQ_TESTS_PLAN_CHECK_H
#define PIQ_TESTS_PLAN_CHECK_H

#include "base/arena.h"
#include "solve/problem.h"

/* NULL: feasible, and its value is what it says. Else what is wrong, static
 * until the next call. */
const char *plan_check(const piq_solve_problem *p, const piq_solve_plan *plan);

/* The value, worked out anew. */
double plan_check_value(const piq_solve_problem *p, const piq_solve_plan *plan);

/* What a random problem has. */
typedef struct plan_world {
    size_t n_concepts, n_items, n_days;
    double after_share;  /* items that come after another */
    double pin_share;    /* pinned items */
    double window_share; /* items with a window of days */
    double bonus_share;  /* items with a bonus, good or bad */
    bool bent;           /* values that are not concave, keeps that fall */
} plan_world;

/* Same seed, same problem; lives in `a`. Aborts without memory. */
piq_solve_problem plan_world_new(piq_arena *a, const plan_world *world,
                                 uint64_t seed);

/* A random plan, feasible or not. */
piq_solve_plan plan_random(piq_arena *a, const piq_solve_problem *p,
                           uint64_t seed);

#endif
