/* full_kt_model.h - a made-up trained model of full size, for measurements:
 * what a fit with its defaults gives, without the minutes a fit takes. All
 * three members and a calibration take part. Same arguments, same model.
 * Aborts when it cannot.
 */
#ifndef PIQ_TESTS_FULL_KT_MODEL_H
#define PIQ_TESTS_FULL_KT_MODEL_H

#include "predict/kt_model.h"
#include "train/kt_set.h"

enum { FULL_KT_TREES = 400, FULL_KT_DEPTH = 6, FULL_KT_BINS = 128 };

/* Takes over `items`. Complete trees that split between the bins of the
 * sample's columns; a net as large as a fit makes it, standardising by the
 * sample; random weights. piq_kt_model_free() it. */
piq_kt_model *full_kt_model(uint64_t seed, piq_item_table *items,
                            const piq_kt_set *sample);

#endif
