/* eval_recommend.h - how well a taste model finds what learners took up.
 *
 * A model is fitted to the rows in training. Of each learner with rows to be
 * found all items are ranked by the scores that their known rows give, those
 * known left out; of equal scores the smaller item comes first. NDCG@10 is DCG
 * with gain 1 and discount 1/log2(rank + 1) over that of an ideal ranking;
 * Recall@20 is the share found; means over these learners.
 *
 * Takes the time. Scratch memory from an arena.
 */
#ifndef PIQ_TRAIN_EVAL_RECOMMEND_H
#define PIQ_TRAIN_EVAL_RECOMMEND_H

#include "train/taste_data.h"

enum { PIQ_RECOMMEND_LENGTHS = 3 };

typedef struct piq_recommend_report {
    double ndcg_10, recall_20;
    double ndcg_se; /* standard error over learners */
    size_t users;   /* with something to be found */
    double fit_s;
    double score_us_p50; /* of one learner's scores from their history */
    size_t n_train, n_test, n_items;
    size_t n_left_out; /* items beyond PIQ_TASTE_MAX_ITEMS, the rarest */
    piq_taste_about model;
    /* What each part weighs with 1, 10 and 100 entries in the history. */
    double weights[PIQ_RECOMMEND_LENGTHS][PIQ_N_TASTE_PARTS];
} piq_recommend_report;

/* Roles as they are in *d. PIQ_EINVAL: nothing to be found. PIQ_ENOMEM. *out
 * is written on success only. */
PIQ_MUST_USE piq_status piq_eval_recommend(piq_arena *a,
                                           const piq_taste_data *d,
                                           const piq_taste_options *o,
                                           piq_recommend_report *out,
                                           piq_err *err);

#endif
