/* kt_collect.h - answers given one by one into a piq_kt_data.
 *
 * For answers that come from a catalogue in use: items and concepts keep its
 * positions, and what is fitted knows them by its ids.
 */
#ifndef PIQ_TRAIN_KT_COLLECT_H
#define PIQ_TRAIN_KT_COLLECT_H

#include "train/kt_data.h"

typedef struct piq_kt_collector piq_kt_collector;

/* The catalogue is copied. PIQ_ENOMEM. */
PIQ_MUST_USE piq_status piq_kt_collector_new(const piq_catalogue *c,
                                             unsigned n_parts,
                                             piq_kt_collector **out);
void piq_kt_collector_free(piq_kt_collector *k);

/* The answers that follow are this learner's; the part follows from the id. A
 * learner who gave none is forgotten. PIQ_ENOMEM. */
PIQ_MUST_USE piq_status piq_kt_collector_learner(piq_kt_collector *k,
                                                 piq_user_id user);
/* The learner's next answer, in time order; `foreseen` by the online belief
 * (NaN unknown). At most PIQ_MAX_ITEM_CONCEPTS
 * concepts are kept, the heaviest. PIQ_ENOMEM. */
PIQ_MUST_USE piq_status piq_kt_collector_add(piq_kt_collector *k,
                                             const piq_ask *ask,
                                             const piq_response *response,
                                             float foreseen);
/* Moves all of it into *out; the collector is empty and can only be freed. */
void piq_kt_collector_finish(piq_kt_collector *k, const char *name,
                             piq_kt_data *out);

#endif
