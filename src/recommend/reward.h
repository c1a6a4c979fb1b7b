/* reward.h - what an outcome of a recommendation counts for.
 *
 *     completed 1, accepted .6, dismissed 0; a feedback score s of 1..5 counts
 *     (s-1)/4, half and half with the action where there is one; shown and left
 *     alone for a day: 0, at a quarter of the weight, as it may not have been
 *     seen.
 *
 * Outcomes are stored as they are; rewards are derived when they are learned
 * from, so that another version of this table can learn from old logs. Pure.
 */
#ifndef PIQ_RECOMMEND_REWARD_H
#define PIQ_RECOMMEND_REWARD_H

#include "domain/words.h"

#include <stdint.h>

#define PIQ_REWARD_VERSION 1
/* Shown so long without any action: ignored. */
#define PIQ_IGNORED_HOURS  24

typedef struct piq_reward {
    double value;  /* 0..1 */
    double weight; /* 1, .25 or 0: nothing is known yet */
} piq_reward;

/* `score`: 1..5, 0 none; `shown_us`: since it was shown. */
piq_reward piq_reward_of(piq_user_action action, uint8_t score,
                         int64_t shown_us);

#endif
