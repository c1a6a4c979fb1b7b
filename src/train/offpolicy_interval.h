/* offpolicy_interval.h - intervals for off-policy estimates, from worlds drawn
 * by the log's own chances. Private to train/offpolicy.c.
 *
 * Few rows decide: where the old policy shows with a chance of .01 what the new
 * one nearly always shows, some five rewarded rows of 4,000 carry five sixths
 * of the variance. A log that happens to lack one of them has a low estimate
 * *and* a small standard error, and resampling its rows cannot bring back what
 * is not in it. But the chances are known: of every candidate of a row, not
 * only of the one that was shown. So a world is drawn anew:
 *
 *     learners with replacement, with their contexts;
 *     in each row an action a* by the logged chances p(x, .);
 *     its reward r* = 1 with chance q(x, a*), the reward model's, else 0: the
 *     widest that a mean allows
 *
 * and there every estimate's truth is known, mean sum_a pi(a) q(x, a). The
 * quantiles of t* = (estimate* - truth*) / se* take the place of those of the
 * normal distribution, as in the studentised bootstrap (Efron & Tibshirani
 * 1993, ch. 12.5; Hall 1988). The standard error of the interval itself is that
 * of the log: q only says what t looks like, not how wide the interval is, so a
 * wrong q does little harm. Where only the chance of what was shown is known,
 * learners are resampled with what they were shown.
 *
 * Standard errors are of sums over groups of rows (Liang & Zeger 1986). A
 * small-sample factor of them would cancel: worlds have as many groups as the
 * log. Pure; seeded.
 */
#ifndef PIQ_TRAIN_OFFPOLICY_INTERVAL_H
#define PIQ_TRAIN_OFFPOLICY_INTERVAL_H

#include "train/offpolicy.h"
#include "train/row_groups.h"

typedef enum piq_estimate_kind {
    PIQ_ESTIMATE_IPS,
    PIQ_ESTIMATE_SNIPS,
    PIQ_ESTIMATE_DR,         /* unclipped */
    PIQ_ESTIMATE_DIFFERENCE, /* that less the logged reward, row by row */
} piq_estimate_kind;
enum { PIQ_N_ESTIMATES = 4 };

typedef struct piq_estimate_rows {
    const piq_offpolicy_log *log;
    const piq_row_groups *groups;
    const double *direct; /* [n] sum_a pi(a) q(x, a) */
    const double *shown;  /* [n] q(x, a_i) */
    /* q of every candidate, row after row; not read unless the log knows all of
     * its chances. */
    const double *guess;
} piq_estimate_rows;

typedef struct piq_estimate {
    double value, low, high;
} piq_estimate;

/* out[PIQ_N_ESTIMATES]. What cannot be is cut off: rewards are 0 to 1. Where
 * nothing varies an interval has no width. Scratch memory from `scratch`.
 * PIQ_ENOMEM. */
PIQ_MUST_USE piq_status piq_estimate_intervals(piq_arena *scratch,
                                               const piq_estimate_rows *rows,
                                               const piq_offpolicy_options *o,
                                               piq_estimate *out);

#endif
