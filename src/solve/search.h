/* search.h - making a plan better. Private to solve/. */
#ifndef PIQ_SOLVE_SEARCH_H
#define PIQ_SOLVE_SEARCH_H

#include "solve/insert.h"

/* Searches from the plan in f->s, and leaves the best one found there.
 * `is_fresh`: nobody's plan, begin at several others too. *iterations: how many
 * there were. PIQ_ENOMEM. */
PIQ_MUST_USE piq_status piq_solve_search(piq_arena *a, piq_solve_filler *f,
                                         const piq_solve_options *o,
                                         bool is_fresh, uint64_t *iterations);

#endif
