/* blend_fit.h - which members, how much of each, and the calibration.
 *
 * Everything is judged cross-fitted: five folds of learners, each predicted
 * by what the other four say. Pure; deterministic.
 */
#ifndef PIQ_TRAIN_BLEND_FIT_H
#define PIQ_TRAIN_BLEND_FIT_H

#include "base/arena.h"
#include "predict/blend.h"

#include <stdbool.h>
#include <stdint.h>

/* Validation rows. */
typedef struct piq_blend_rows {
    size_t n;
    const double *logits[PIQ_N_MEMBERS]; /* [n]; NULL: no such member */
    const float *y;                      /* [n] */
    const uint32_t *learner; /* [n]: folds go by learner, not by row */
} piq_blend_rows;

typedef struct piq_blend_report {
    double logloss[PIQ_N_MEMBERS]; /* of each alone, after Platt; NaN none */
    /* Of the blend that it was in last, without it; NaN: never in one of
     * several. */
    double without[PIQ_N_MEMBERS];
    bool kept[PIQ_N_MEMBERS];               /* it pays for itself */
    double logloss_platt, logloss_isotonic; /* cross-fitted; NaN not tried */
} piq_blend_report;

/* Non-negative weights by Newton's method on log loss, drawn towards equal
 * ones, which counts where answers are few. The member without which the
 * cross-fitted loss rises least is dropped while that is less than
 * PIQ_MEMBER_PAYS nats an answer; at least one stays. Weights and bias are
 * Platt's line already; isotonic steps (pool adjacent violators) come on top
 * where they lower the cross-fitted loss. Without rows: equal weights.
 * PIQ_EINVAL: no members. PIQ_ENOMEM: `scratch` gives no 32 bytes a row. */
#define PIQ_MEMBER_PAYS 0.0003
PIQ_MUST_USE piq_status piq_blend_fit(piq_arena *scratch,
                                      const piq_blend_rows *rows,
                                      piq_blend *out, piq_blend_report *report);

#endif
