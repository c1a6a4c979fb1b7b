/* calibrate.h - item difficulties from everybody's answers.
 *
 * Keeps one Gaussian belief an item, moved by each answer in one Newton step
 * against the learner's own belief; an item without answers leans on what was
 * seen of its concept. `publish` gives the items that moved since the last
 * time. Runs in the background; events keep the number of the calibration they
 * were folded under.
 *
 * Pure; one thread at a time.
 */
#ifndef PIQ_TRACK_CALIBRATE_H
#define PIQ_TRACK_CALIBRATE_H

#include "domain/calibration.h"
#include "domain/catalogue.h"
#include "track/track.h"

typedef struct piq_calibrator piq_calibrator;

/* Reads `c` only now. PIQ_ENOMEM. */
PIQ_MUST_USE piq_status piq_calibrator_new(const piq_catalogue *c,
                                           piq_calibrator **out);
/* The same with other numbers than piq_track_defaults(); *p is copied. */
PIQ_MUST_USE piq_status piq_calibrator_new_with(const piq_catalogue *c,
                                                const piq_track_params *p,
                                                piq_calibrator **out);
void piq_calibrator_free(piq_calibrator *k);
/* After the catalogue grew. PIQ_ENOMEM: *k is as it was. */
PIQ_MUST_USE piq_status piq_calibrator_grow(piq_calibrator *k,
                                            const piq_catalogue *c);
/* Takes over a published estimate, at start-up. */
void piq_calibrator_restore(piq_calibrator *k, const piq_calibrated_item *item);
/* One answer to an item: what was believed of the learner before it, and the
 * score. */
void piq_calibrator_answer(piq_calibrator *k, piq_item_ix item,
                           const piq_track_outcome *before, double score);
/* How unsure the curriculum's own difficulty of an item is, in logits
 * squared: what an item without a published estimate is folded under. */
double piq_item_prior_variance(void);
/* What is believed of an item now. */
piq_item_estimate piq_calibrator_estimate(const piq_calibrator *k,
                                          piq_item_ix item);
/* The items that have moved noticeably since they were last published,
 * ascending, at most `max`; returns how many. Items left over come first next
 * time. */
size_t piq_calibrator_publish(piq_calibrator *k, piq_calibrated_item *out,
                              size_t max);

#endif
