/* recurrent_lanes.h - which learner's answers go through the net when.
 *
 * Learners are dealt to lanes of nearly equal length. A chunk is the same
 * number of steps of every lane; what the net remembers is carried from one
 * chunk to the next and forgotten where a learner begins. So nothing is padded
 * but the ends of the lanes, whatever the learners' lengths.
 */
#ifndef PIQ_TRAIN_RECURRENT_LANES_H
#define PIQ_TRAIN_RECURRENT_LANES_H

#include "base/arena.h"
#include "base/rng.h"
#include "train/kt_set.h"

/* One learner in a lane. */
typedef struct piq_lane_piece {
    size_t row;   /* into the set */
    size_t start; /* the lane's length before it */
    size_t n;
} piq_lane_piece;

typedef struct piq_lanes {
    size_t n;
    size_t steps;           /* of the longest lane */
    size_t *first;          /* [n + 1] into pieces */
    piq_lane_piece *pieces; /* [learners] lane by lane */
    size_t *order;          /* [learners] scratch of the dealing */
    size_t *lane_of;        /* [learners] likewise */
    size_t *length;         /* [n] */
    size_t *at;             /* [n] the piece that a lane has come to */
} piq_lanes;

enum { PIQ_LANE_NO_ROW = -1 };

PIQ_MUST_USE piq_status piq_lanes_new(piq_arena *a, size_t n, size_t n_learners,
                                      piq_lanes *out);
/* Deals anew, in another order for another state of `rng`. */
void piq_lanes_deal(piq_lanes *l, const piq_kt_set *set, piq_rng *rng);
/* The row at a step of a lane, PIQ_LANE_NO_ROW beyond its end; *begins: the
 * first of a learner. Steps of a lane are asked for in ascending order. */
long piq_lanes_row(piq_lanes *l, size_t lane, size_t step, bool *begins);

#endif
