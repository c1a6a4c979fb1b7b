/* review_stream.h - one learner's scored reviews in order of time: cut where a
 * fit is to end, asked what parameters say of those after.
 *
 * Private to the evaluations of memory. Lives in an arena; borrows the cards.
 */
#ifndef PIQ_TRAIN_REVIEW_STREAM_H
#define PIQ_TRAIN_REVIEW_STREAM_H

#include "memory/fsrs.h"
#include "train/fsrs_items.h"

/* An item as it was asked. */
typedef struct piq_review_asked {
    piq_fsrs_state before;
    double recall;
} piq_review_asked;

typedef struct piq_review_stream {
    const piq_fsrs_cards *cards;
    size_t n;                /* items */
    uint32_t *order;         /* [n] reviews by time */
    uint32_t *rank;          /* [reviews] place in order; UINT32_MAX: none */
    uint64_t *bin;           /* [n] of RMSE(bins) */
    float *passed;           /* [n] */
    piq_review_asked *asked; /* [n] filled by piq_review_stream_ask */
    piq_fsrs_cards train;    /* made by piq_review_stream_cut */
    size_t *train_first;
    piq_fsrs_review *train_reviews;
} piq_review_stream;

/* PIQ_ENOMEM. */
PIQ_MUST_USE piq_status piq_review_stream_open(piq_arena *a,
                                               const piq_fsrs_cards *c,
                                               piq_review_stream *out);
/* train: of each card the reviews up to its last item before the cut-th. */
void piq_review_stream_cut(piq_review_stream *s, size_t cut);
/* Asks p about the items [from, to). */
void piq_review_stream_ask(piq_review_stream *s, const piq_fsrs_params *p,
                           size_t from, size_t to);
/* Mean log loss of the recalls asked of [from, to), nats an item. */
double piq_review_stream_loss(const piq_review_stream *s, size_t from,
                              size_t to);

#endif
