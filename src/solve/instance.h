/* instance.h - problems as text, for `piq path solve` and for measuring.
 *
 * Lines of decimal numbers between blanks:
 *
 *     S I D                          concepts, items, days
 *     minutes ...                    of each of the D days
 *     level weight n concept ...     S times: level at the start, prerequisites
 *     minutes main n concept gain .. I times
 *
 * The rest is fixed: a concept is ready at .5; a review takes 5 minutes, adds
 * .12, waits for a level of .4 two days before, three days apart, twice at
 * most. Of what is learned k days before the end, .6 + .4 exp(-k/7) is left;
 * value has slope 1 up to .6, .5 up to 1.0, and is flat above.
 *
 * Pure; any thread.
 */
#ifndef PIQ_SOLVE_INSTANCE_H
#define PIQ_SOLVE_INSTANCE_H

#include "base/arena.h"
#include "base/str.h"
#include "solve/problem.h"

/* *out lives in `a` and keeps the rules of problem.h. CRLF and blank lines at
 * the end are taken. PIQ_EPARSE: it is no such text; err says on which line
 * ("line 3") and what is wrong. PIQ_ENOMEM. */
PIQ_MUST_USE piq_status piq_solve_instance_read(piq_arena *a, piq_str text,
                                                piq_solve_problem *out,
                                                piq_err *err);

#endif
