/* mend.h - a plan of before, as far as it can still be done. Private. */
#ifndef PIQ_SOLVE_MEND_H
#define PIQ_SOLVE_MEND_H

#include "solve/state.h"

/* Fills an empty state with what of `start` is feasible. */
void piq_solve_mend(piq_solve_state *s, const piq_solve_plan *start);

#endif
