/* row_groups.h - rows that go together, as those of one learner do.
 *
 * What one learner does in one row is not independent of what they do in the
 * next; learners are. So whole groups are resampled, left out and summed, not
 * rows. Pure; memory from an arena. Private to train/.
 */
#ifndef PIQ_TRAIN_ROW_GROUPS_H
#define PIQ_TRAIN_ROW_GROUPS_H

#include "base/arena.h"
#include "base/status.h"

#include <stdint.h>

typedef struct piq_row_groups {
    size_t n;               /* groups */
    const uint32_t *member; /* rows, group after group */
    const size_t *start;    /* [n + 1] of a group's rows in member[] */
} piq_row_groups;

/* Groups in order of their numbers, rows of each in order. `group` NULL: each
 * row is one. n at most UINT32_MAX. In `a`. PIQ_ENOMEM. */
PIQ_MUST_USE piq_status piq_row_groups_make(piq_arena *a, const uint32_t *group,
                                            size_t n, piq_row_groups *out);

#endif
