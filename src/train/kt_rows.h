/* kt_rows.h - rows to fit on, from answers, through the one feature pipeline.
 *
 * No row ever sees an item table that its own learner is in: training learners
 * are dealt into PIQ_KT_INNER_FOLDS by a hash of their number and the seed,
 * and those of one fold are described by the table of all the others. All
 * other learners are described by the table of the training learners, which is
 * also the one that goes into the model.
 *
 * Learners are shared out to threads by ranges; every row is computed from its
 * own learner alone, so the number of threads changes nothing.
 */
#ifndef PIQ_TRAIN_KT_ROWS_H
#define PIQ_TRAIN_KT_ROWS_H

#include "train/kt_data.h"
#include "train/kt_set.h"

enum { PIQ_KT_INNER_FOLDS = 5 };

/* Frees what *s owns; *s is empty afterwards. */
void piq_kt_set_release(piq_kt_set *s);

/* The rows of training and of validation learners, and the table of the
 * training learners. role[d->n_learners]; threads 0: one. PIQ_ENOMEM. The
 * outputs are written on success only. */
PIQ_MUST_USE piq_status piq_kt_rows_fitting(const piq_kt_data *d,
                                            const piq_kt_role *role,
                                            uint64_t seed, unsigned threads,
                                            piq_item_table **items,
                                            piq_kt_set *train,
                                            piq_kt_set *valid, piq_err *err);

/* The rows of the learners of one role, as `items` describes them: a table
 * that they are not in. PIQ_ENOMEM. */
PIQ_MUST_USE piq_status piq_kt_rows_with(const piq_kt_data *d,
                                         const piq_kt_role *role,
                                         piq_kt_role wanted,
                                         const piq_item_table *items,
                                         unsigned threads, piq_kt_set *out,
                                         piq_err *err);

#endif
