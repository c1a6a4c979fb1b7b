/* taste_data.h - recorded tastes for evaluation: reading, and dealing into what
 * is known and what is to be found.
 *
 * ml: `user item rating seconds` with tabs, ids from 1, ratings .5 .. 5: all
 * of them taken up, weighing .5 + (rating - 1) / 8. kgan: `user item label`
 * with tabs, ids from 0, label 1 is taken up, 0 is passed over. lists: a line
 * a user, `user item item ..`, for training and for test apart. Lines end with
 * LF or CRLF; empty ones are passed over. A pair that comes twice counts once,
 * the later time.
 *
 * Pure; what is read lives in an arena.
 */
#ifndef PIQ_TRAIN_TASTE_DATA_H
#define PIQ_TRAIN_TASTE_DATA_H

#include "base/arena.h"
#include "base/str.h"
#include "train/taste_fit.h"

typedef enum piq_taste_role {
    PIQ_TASTE_TRAIN, /* fitted to, and known of the learner */
    PIQ_TASTE_KNOWN, /* known of a learner who is new to the model */
    PIQ_TASTE_TEST   /* to be found */
} piq_taste_role;

typedef struct piq_taste_row {
    int64_t at_us;
    uint32_t learner, item; /* positions */
    float weight;
    uint8_t role; /* piq_taste_role */
} piq_taste_row;

typedef struct piq_taste_data {
    piq_taste_row *rows; /* [n] by (learner, time, item) */
    size_t n;
    int64_t *learner_ids, *item_ids; /* ascending, from 0 in every format */
    size_t n_learners, n_items;
    bool timed; /* the format has times */
    bool given; /* roles are as the files say */
} piq_taste_data;

/* PIQ_EPARSE: err->where says the line (and file, of lists); PIQ_ELIMIT,
 * PIQ_ENOMEM. All rows TRAIN but for lists. */
PIQ_MUST_USE piq_status piq_taste_read_ml(piq_arena *a, piq_str text,
                                          piq_taste_data *out, piq_err *err);
PIQ_MUST_USE piq_status piq_taste_read_kgan(piq_arena *a, piq_str text,
                                            piq_taste_data *out, piq_err *err);
PIQ_MUST_USE piq_status piq_taste_read_lists(piq_arena *a, piq_str train,
                                             piq_str test, piq_taste_data *out,
                                             piq_err *err);

/* The 32-bit hash that splits go by. */
uint32_t piq_taste_hash(uint64_t user, uint64_t item);

/* P1: a row is test iff hash(user, item) % 5 == 0. P2: of each learner's n
 * rows in order the last floor(n / 5). Cold: learners with hash(user, 999983)
 * % 5 == 0 are new; their first k rows are known, the others test. */
void piq_taste_split_p1(piq_taste_data *d);
void piq_taste_split_p2(piq_taste_data *d);
void piq_taste_split_cold(piq_taste_data *d, size_t k);

size_t piq_taste_count(const piq_taste_data *d, piq_taste_role role);

#endif
