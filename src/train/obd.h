/* obd.h - reads the log of a bandit in the form of the Open Bandit Dataset
 * (Saito et al. 2020), and a policy to be evaluated on it.
 *
 * Log: CSV with a header. Columns item_id (0 ..), position (1 ..), click (0 or
 * 1), propensity_score or action_prob; user_feature_N (words) and
 * user-item_affinity_N (numbers, of item N) where there are any; others are
 * skipped. Policy: CSV without a header, a line for each item, a column for
 * each position: chances, each column divided by its sum.
 *
 * What a reward is regressed on: position, item, the user's features (the first
 * values of each that are met; later ones count as none) and the affinity of
 * the user and the item. Pure.
 */
#ifndef PIQ_TRAIN_OBD_H
#define PIQ_TRAIN_OBD_H

#include "base/str.h"
#include "train/offpolicy.h"

enum {
    PIQ_OBD_MAX_ITEMS = 256,
    PIQ_OBD_MAX_POSITIONS = 16,
    PIQ_OBD_USER_FEATURES = 8, /* read at most */
    PIQ_OBD_VALUES = 24        /* told apart in each */
};

typedef struct piq_obd {
    piq_offpolicy_log log;
    size_t n_items, n_positions;
} piq_obd;

/* All in `a`. PIQ_EPARSE, PIQ_ELIMIT, PIQ_ENOMEM; err names the line. */
PIQ_MUST_USE piq_status piq_obd_read(piq_arena *a, piq_str csv, piq_str policy,
                                     piq_obd *out, piq_err *err);

#endif
