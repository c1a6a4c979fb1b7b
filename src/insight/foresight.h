/* foresight.h - will the next answer be right, and why?
 *
 * Where a trained model is in force, and the learner is traced under it, the
 * chance is the model's (predict/kt_state.h), split by feature group, sequence
 * and calibration. Else it is the online belief's (track/track.h), whose
 * logit is split as
 *
 *     base         a (new learner - typical difficulty of the concepts)
 *     learner, area, concept
 *                  a times each layer's own share of the ability, the rest of
 *                  a layer being its parent's (src/track/README.md)
 *     form         a times the form of the day
 *     item         a (typical difficulty - the item's own)
 *     uncertainty  all else: what is not known draws the chance to the
 *                  middle, guesses and lapses bound it
 *
 * with a the item's discrimination. Mastery is as everywhere
 * (piq_learner_judged); its intervals are the quantiles of a normal, on the
 * logit scale.
 *
 * A concept in general is asked for as a typical item of it. Retired items
 * and concepts are answered for, and marked.
 *
 * Pure, but for the calibration book, which it only reads: no clock, no random
 * numbers. Threads: any, on read-only input. Cost: that of one explanation of
 * the model; without one some microseconds.
 */
#ifndef PIQ_INSIGHT_FORESIGHT_H
#define PIQ_INSIGHT_FORESIGHT_H

#include "base/arena.h"
#include "domain/foresight.h"
#include "learner/calibration_book.h"
#include "learner/learner.h"

typedef struct piq_foresight_input {
    const piq_learner *learner;
    const piq_catalogue *catalogue; /* the learner has room for it */
    piq_calibration_book *book;     /* the newest number is read */
    /* Bound to `catalogue`; NULL: no trained model. One that the learner is
     * not traced under is not asked. */
    const piq_tracing *tracing;
    piq_item_ix item;       /* PIQ_NO_IX32: the concept in general */
    piq_concept_ix concept; /* read only when there is no item */
    int64_t now_us;
} piq_foresight_input;

/* PIQ_EINVAL: nothing is known of what the item is about. PIQ_ENOMEM. *out is
 * written on success only; what it points to lives in `a`. */
PIQ_MUST_USE piq_status piq_foresight_make(piq_arena *a,
                                           const piq_foresight_input *in,
                                           piq_foresight *out);

#endif
