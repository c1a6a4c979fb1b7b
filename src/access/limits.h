/* limits.h - how often somebody may call. Private to access/.
 *
 * The generic cell rate algorithm (ITU-T I.371): of each caller one instant is
 * kept, that at which the next request would be due if they kept to the rate;
 * they may run ahead of it by the burst. 8,192 sets of 8 callers: one whose
 * instant has passed has a whole burst again and may be forgotten without
 * anybody noticing; where all 8 are busy, newcomers share one place.
 *
 * Threads: any, a lock for each 128 sets.
 */
#ifndef PIQ_ACCESS_LIMITS_H
#define PIQ_ACCESS_LIMITS_H

#include <stdbool.h>
#include <stdint.h>

typedef struct piq_limits piq_limits;

piq_limits *piq_limits_new(void); /* NULL: no memory */
void piq_limits_free(piq_limits *l);
/* Counts a request of `who` (a hash). False: over the rate, nothing was
 * counted; *wait_us: until when. rate_per_s and burst are at least 1. */
bool piq_limits_take(piq_limits *l, uint64_t who, unsigned rate_per_s,
                     unsigned burst, int64_t now_us, int64_t *wait_us);

#endif
