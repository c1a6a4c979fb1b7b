/* eval_memory.h - how well FSRS, fitted to one learner, foresees their reviews.
 *
 * Items (fsrs_items.h) in order of time; of n, with k folds, a part is
 * floor(n / (k+1)). Fold f is fitted on the first f parts and predicts the
 * next one, the last fold all that is left. Nothing of a predicted item's own
 * time or later is seen by the fit; its history is. All predictions are pooled
 * and unweighted.
 *
 * Beside it, on the same predictions, the online correction (memory/online.h):
 * each item is corrected by what was known before it and then folded in.
 *
 * Pure; scratch memory from an arena, about 150 bytes a review.
 */
#ifndef PIQ_TRAIN_EVAL_MEMORY_H
#define PIQ_TRAIN_EVAL_MEMORY_H

#include "train/fsrs_fit.h"

enum { PIQ_MEMORY_MAX_FOLDS = 20 };

/* Of pooled predictions. */
typedef struct piq_memory_score {
    double logloss;   /* nats an item */
    double rmse_bins; /* root of the weighted mean squared gap between the
                         shares predicted and passed, over bins of interval,
                         reviews and lapses (src/train/FSRS.md) */
    double auc;       /* NaN: all passed, or none */
} piq_memory_score;

typedef struct piq_memory_report {
    size_t n_items, n_predicted;
    piq_memory_score fitted;
    piq_memory_score online;    /* fitted, and corrected */
    piq_memory_score published; /* the default parameters */
} piq_memory_report;

typedef struct piq_memory_eval_options {
    unsigned folds;           /* 1 .. PIQ_MEMORY_MAX_FOLDS */
    piq_fsrs_fit_options fit; /* its seed included */
} piq_memory_eval_options;

/* PIQ_EINVAL: folds out of range, fewer items than folds + 1, or as
 * piq_fsrs_fit. PIQ_ENOMEM. *out is written on success only. */
PIQ_MUST_USE piq_status piq_eval_memory(piq_arena *a,
                                        const piq_fsrs_cards *cards,
                                        const piq_memory_eval_options *o,
                                        piq_memory_report *out, piq_err *err);

#endif
