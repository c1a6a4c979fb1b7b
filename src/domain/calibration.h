/* calibration.h - item difficulties as everybody's answers show them.
 *
 * Numbered snapshots, immutable once published. Calibration 0 is the
 * curriculum's own difficulties. An event remembers the number under which it
 * was folded, so a rebuild sees the same difficulties to the bit. Each item
 * keeps the numbers at which it changed (a calibration touches few items).
 */
#ifndef PIQ_DOMAIN_CALIBRATION_H
#define PIQ_DOMAIN_CALIBRATION_H

#include "domain/ids.h"

#include <stdint.h>

/* What is believed of one item: difficulty ~ N(logit, variance). */
typedef struct piq_item_estimate {
    float difficulty_logit;
    float variance;
    uint32_t n; /* answers behind it */
} piq_item_estimate;

/* A changed item, as stored and as published. */
typedef struct piq_calibrated_item {
    piq_item_ix item;
    piq_item_estimate estimate;
} piq_calibrated_item;

#endif
