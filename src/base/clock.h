/* clock.h - the only place that asks what time it is, and that waits for some
 * to pass. Models never do. */
#ifndef PIQ_BASE_CLOCK_H
#define PIQ_BASE_CLOCK_H

#include <stdint.h>

int64_t piq_clock_now_us(void);       /* wall clock, microseconds UTC */
int64_t piq_clock_monotonic_ns(void); /* for durations */
/* Sleeps so long, less where a signal comes; not at all when ns <= 0. */
void piq_clock_rest_ns(int64_t ns);

#endif
