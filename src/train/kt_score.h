/* kt_score.h - rows of a set judged by each member of a model. */
#ifndef PIQ_TRAIN_KT_SCORE_H
#define PIQ_TRAIN_KT_SCORE_H

#include "base/arena.h"
#include "num/score.h"
#include "predict/kt_model.h"
#include "train/kt_set.h"

/* logits[m]: [set->n_rows] in `a`, NULL where the model has no such member.
 * Learners are dealt to `threads`; that changes nothing in the numbers.
 * PIQ_ENOMEM. */
PIQ_MUST_USE piq_status piq_kt_score_members(piq_arena *a,
                                             const piq_kt_model *m,
                                             const piq_kt_set *set,
                                             unsigned threads,
                                             double *logits[PIQ_N_MEMBERS]);

/* p[set->n_rows]: the blend of those. */
void piq_kt_score_blend(const piq_blend *b, double *const logits[PIQ_N_MEMBERS],
                        size_t n, double *p);

/* How good predictions are. */
typedef struct piq_kt_score {
    size_t rows;
    double auc; /* NaN: only one kind of answer */
    double acc; /* share on the right side of .5 */
    double logloss;
    double brier;
    double ece; /* 10 bins */
} piq_kt_score;

/* Of the rows that are not skipped; skip[n] may be NULL. PIQ_ENOMEM. */
PIQ_MUST_USE piq_status piq_kt_score_of(const double *p, const float *y,
                                        const bool *skip, size_t n,
                                        piq_kt_score *out);

#endif
