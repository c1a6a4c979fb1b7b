/* kt_fit.h - a whole knowledge-tracing model from answers.
 *
 *   item table   from the training learners
 *   rows         out-of-fold for training learners (kt_rows.h), with that
 *                table for the others
 *   members      regression on the training rows; trees and net stop early on
 *                the validation rows
 *   blend        weights, what pays, calibration: on the validation rows
 *
 * Same data, roles, options and seed: the same model, whatever the number of
 * threads.
 */
#ifndef PIQ_TRAIN_KT_FIT_H
#define PIQ_TRAIN_KT_FIT_H

#include "predict/kt_model.h"
#include "train/blend_fit.h"
#include "train/fit_watch.h"
#include "train/kt_data.h"
#include "train/kt_score.h"
#include "train/logistic_fit.h"
#include "train/recurrent_fit.h"
#include "train/trees_fit.h"

typedef struct piq_kt_fit_options {
    bool members[PIQ_N_MEMBERS];
    piq_logistic_options lr;
    piq_trees_options trees;
    piq_recurrent_options rnn;
    unsigned threads;
    uint64_t seed;
} piq_kt_fit_options;
/* One set for every data set; chosen on validation parts. */
piq_kt_fit_options piq_kt_fit_defaults(void);

typedef struct piq_kt_fit_report {
    size_t n_train, n_valid; /* rows */
    piq_blend_report blend;
    piq_kt_score valid; /* of the blend; fitted on these rows: optimistic */
    double member_auc[PIQ_N_MEMBERS];
    bool stopped;   /* by the watch */
    char note[160]; /* a member that could not be had, and why; else "" */
} piq_kt_fit_report;

/* role[d->n_learners]. Fitting goes on without trees where libxgboost is not
 * installed (the note says so), and stops early when the watch says so:
 * members that have not begun are left out. PIQ_EINVAL: no training or no
 * validation answers, or no member could be had; PIQ_ENOMEM. */
PIQ_MUST_USE piq_status piq_kt_fit(const piq_kt_data *d,
                                   const piq_kt_role *role,
                                   const piq_kt_fit_options *o,
                                   const piq_fit_watch *watch,
                                   piq_kt_model **out,
                                   piq_kt_fit_report *report, piq_err *err);

#endif
