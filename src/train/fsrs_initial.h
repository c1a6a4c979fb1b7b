/* fsrs_initial.h - stability after a first rating, before the rest is fitted.
 *
 * For each first rating g with items of its own: groups of n cards first asked
 * after t days, of whom a share p passed. With p~ = (p n + recall) / (n + 1),
 *
 *     s_g = argmin sum_t n BCE(p~, R(t, s)) + |s - s0_g| / 16
 *
 * at the decay and the stabilities s0 of `centre`. Then s_1 <= .. <= s_4 is
 * made to hold, and what was never seen is filled in.
 *
 * Rules and constants: fsrs-rs 6.x (parameter_initialization.rs), see
 * src/train/FSRS.md. Pure; any thread.
 */
#ifndef PIQ_TRAIN_FSRS_INITIAL_H
#define PIQ_TRAIN_FSRS_INITIAL_H

#include "memory/fsrs.h"
#include "train/fsrs_pool.h"

/* The s of one rating; groups as in piq_fsrs_items. In [0.001, 100]. */
double piq_fsrs_initial_of(const piq_fsrs_params *centre, double centre_days,
                           const piq_fsrs_group *groups, size_t n_groups,
                           double recall);

/* Order repair: of a pair the wrong way round, the one with fewer items takes
 * the other's. NaN: unknown, left alone. */
void piq_fsrs_initial_repair(double s[4], const double count[4]);

/* Fills what is NaN from what is known, by the ratios that hold among most
 * learners; with one known, by those of `centre_days`. At least one must be
 * known. */
void piq_fsrs_initial_fill(double s[4], const double centre_days[4]);

/* All of it: s[4] and how many items each rests on. Without any initial item
 * they are the centre's. */
void piq_fsrs_initial(const piq_fsrs_params *centre, const piq_fsrs_pool *x,
                      double s[4], double count[4]);

/* Shrunk towards the centre instead, with the prior of a shrunk fit:
 *
 *     s_g = argmin sum_t n BCE(p, R(t, s)) + gamma (ln(s / s0_g) / spread)^2
 *
 * Neither repaired nor filled: what was never seen stays the centre's. */
void piq_fsrs_initial_shrunk(const piq_fsrs_params *centre,
                             const piq_fsrs_pool *x, double gamma, double s[4],
                             double count[4]);

#endif
