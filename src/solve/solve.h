/* solve.h - the best plan there is time to find, and how far it may be off.
 *
 * Lazy greedy on value per minute with the potential of what an item unlocks
 * (Minoux 1978), then adaptive large neighbourhood search (Ropke & Pisinger
 * 2006): a part of the plan is taken out and put back better. Levels, minutes
 * and value are kept up to date step by step. src/solve/README.md has the
 * formulas and what was measured.
 *
 * The same problem, options and start give the same plan; no clock is read.
 * Pure; any thread.
 */
#ifndef PIQ_SOLVE_SOLVE_H
#define PIQ_SOLVE_SOLVE_H

#include "base/arena.h"
#include "solve/problem.h"

typedef struct piq_solve_options {
    uint64_t seed;
    uint64_t iterations; /* of the search; 0: greedy alone */
    /* Asked now and then, may be NULL; false ends the search early with what
     * it has. A clock belongs here. */
    bool (*more)(void *ctx);
    void *ctx;
} piq_solve_options;

/* A plan without anything in it, in `a`; callers fill item_day and the reviews
 * to have a start. PIQ_ENOMEM. */
PIQ_MUST_USE piq_status piq_solve_plan_new(piq_arena *a,
                                           const piq_solve_problem *p,
                                           piq_solve_plan *out);

/* `start`: a plan to go on from, or NULL; what it may not do (any longer) is
 * left out first, what fits is added. Its value is not read; days outside the
 * problem are left out. *out lives in `a`, is feasible, and no worse than the
 * mended start, or without one than the greedy plan. More iterations are never
 * worse. PIQ_EINVAL: a problem
 * that breaks the rules of problem.h (err says which); PIQ_ENOMEM. */
PIQ_MUST_USE piq_status piq_solve(piq_arena *a, const piq_solve_problem *p,
                                  const piq_solve_options *o,
                                  const piq_solve_plan *start,
                                  piq_solve_plan *out, piq_err *err);

/* A value that no plan exceeds; as tight as `rounds` of its own iteration
 * make it. */
PIQ_MUST_USE piq_status piq_solve_bound(piq_arena *a,
                                        const piq_solve_problem *p,
                                        size_t rounds, double *out,
                                        piq_err *err);

/* Recomputed from nothing; whether it is feasible is not asked. */
double piq_solve_value(const piq_solve_problem *p, const piq_solve_plan *plan);

#endif
