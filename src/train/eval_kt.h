/* eval_kt.h - how well a trained model predicts learners it has not seen.
 *
 * Fold k tests on the learners of part k, validates on the next part's, and
 * trains on the others'. Test rows are made with the table of the training
 * learners; nothing of a test learner is seen before it is predicted.
 */
#ifndef PIQ_TRAIN_EVAL_KT_H
#define PIQ_TRAIN_EVAL_KT_H

#include "train/kt_fit.h"

/* Answers by how many the learner had given before. */
enum { PIQ_KT_STAGES = 7 };

typedef struct piq_kt_stage {
    uint32_t from, below; /* [from, below); the last has UINT32_MAX */
    piq_kt_score score;   /* of the blend */
} piq_kt_stage;

typedef struct piq_kt_fold {
    piq_kt_score all;
    piq_kt_score no_repeat;
    piq_kt_score members[PIQ_N_MEMBERS];
    double member_no_repeat_auc[PIQ_N_MEMBERS];
    bool has_member[PIQ_N_MEMBERS];
    piq_kt_stage stages[PIQ_KT_STAGES];
    piq_kt_fit_report fit;
    piq_blend blend;
    double train_s;    /* rows, members and blend */
    double score_s;    /* the test part in batch, its features included */
    double predict_us; /* median of one live update with its prediction */
} piq_kt_fold;

/* Folds 0 .. d->n_parts-1. PIQ_EINVAL: a part without learners. */
PIQ_MUST_USE piq_status piq_kt_eval_fold(const piq_kt_data *d, unsigned fold,
                                         const piq_kt_fit_options *o,
                                         const piq_fit_watch *watch,
                                         piq_kt_fold *out, piq_err *err);

#endif
