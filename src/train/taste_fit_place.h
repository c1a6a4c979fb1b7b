/* taste_fit_place.h - a place for new items. Private to taste_fit*.c. */
#ifndef PIQ_TRAIN_TASTE_FIT_PLACE_H
#define PIQ_TRAIN_TASTE_FIT_PLACE_H

#include "recommend/taste_model.h"
#include "train/taste_fit.h"

/* An item that fewer than PIQ_TASTE_SETTLED learners took up borrows its row,
 * its column and its popularity from the settled items whose concepts are most
 * like its own: a share of 1 - learners / PIQ_TASTE_SETTLED. One without such
 * items stays as it is. PIQ_ENOMEM: the model is as before. */
PIQ_MUST_USE piq_status piq_taste_place_new(piq_taste *m,
                                            const piq_taste_concepts *c);

#endif
