/* random_control.h - made-up wishes for a path, for tests. */
#ifndef PIQ_TESTS_RANDOM_CONTROL_H
#define PIQ_TESTS_RANDOM_CONTROL_H

#include "base/rng.h"
#include "domain/control.h"

/* Any control that may be told on `day` (local, an offset of 0). */
piq_control random_control(piq_rng *rng, const piq_catalogue *c, int32_t day);

#endif
