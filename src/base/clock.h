/* clock.h - the only place that asks what time it is. Models never do. */
#ifndef PIQ_BASE_CLOCK_H
#define PIQ_BASE_CLOCK_H

#include <stdint.h>

int64_t piq_clock_now_us(void);       /* wall clock, microseconds UTC */
int64_t piq_clock_monotonic_ns(void); /* for durations */

#endif
