/* kt_live.h - learners gone through as they lived, by the serving code.
 *
 * The slow way of scoring: each answer is predicted by predict/kt_state.h and
 * then folded in, so what is measured is what a server does.
 */
#ifndef PIQ_TRAIN_KT_LIVE_H
#define PIQ_TRAIN_KT_LIVE_H

#include "predict/kt_model.h"
#include "train/kt_data.h"

/* p[d->n_answers]: P(right) before each answer; only learners with
 * wanted[d->n_learners] are gone through (NULL: all), the others' places are
 * left alone. Learners are dealt to `threads`; that changes nothing.
 * PIQ_ENOMEM. */
PIQ_MUST_USE piq_status piq_kt_live_predict(const piq_kt_data *d,
                                            const piq_kt_model *m,
                                            const bool *wanted,
                                            unsigned threads, double *p,
                                            piq_err *err);

/* Median time, in microseconds, of one prediction with its update, over at
 * most 20,000 answers of the wanted learners on this thread. PIQ_ENOMEM. */
PIQ_MUST_USE piq_status piq_kt_live_cost(const piq_kt_data *d,
                                         const piq_kt_model *m,
                                         const bool *wanted, double *us);

#endif
