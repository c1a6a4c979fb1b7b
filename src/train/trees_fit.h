/* trees_fit.h - gradient-boosted trees through XGBoost's C interface.
 *
 * libxgboost is opened when a fit asks for it, so that serving needs none of
 * it. Early stopping on validation log loss keeps the best round. What is
 * unknown counts as below every number; numbers must be above -1e30.
 *
 * Memory besides the rows: two bytes a number and twenty a validation row.
 */
#ifndef PIQ_TRAIN_TREES_FIT_H
#define PIQ_TRAIN_TREES_FIT_H

#include "predict/trees.h"
#include "train/fit_watch.h"
#include "train/kt_set.h"

typedef struct piq_trees_options {
    unsigned max_trees;
    unsigned patience; /* rounds without gain before stopping; 0: never */
    unsigned depth;    /* 1 .. PIQ_TREES_MAX_DEPTH */
    unsigned leaves;   /* 0: level by level; else grown where it gains most */
    unsigned bins;     /* a column is cut into, 2 .. 65535 */
    double learning_rate;    /* (0,1] */
    double row_share;        /* of the rows for a tree, (0,1] */
    double column_share;     /* of the columns for a tree, (0,1] */
    double min_child_weight; /* sum of hessians, > 0 */
    double min_gain;         /* of a split, >= 0 */
    double l1, l2;           /* on leaf values, >= 0 */
    unsigned threads;        /* 0: all */
    uint64_t seed;
} piq_trees_options;
const piq_trees_options *piq_trees_option_defaults(void);

/* Same data, options and seed: the same trees. `valid` may be NULL or empty:
 * then all max_trees are made. The rounds that the watch sees have train_loss
 * and valid_auc in every tenth only. PIQ_ENOTFOUND: libxgboost is not
 * installed (the hint says which package); PIQ_EINVAL: no rows or an option
 * out of range; PIQ_EINTERNAL with XGBoost's own message; PIQ_ENOMEM. *out is
 * written on success only. */
PIQ_MUST_USE piq_status piq_trees_fit(const piq_kt_set *train,
                                      const piq_kt_set *valid,
                                      const piq_trees_options *o,
                                      const piq_fit_watch *watch,
                                      piq_trees *out, piq_err *err);

#endif
