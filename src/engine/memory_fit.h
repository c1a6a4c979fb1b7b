/* memory_fit.h - fits memory's parameters on what is stored, and gives them to
 * the learners whom they suit.
 *
 * Every learner's events are folded anew, which says what their reviews were
 * (piq_fold_effect) and which parameters are in force; train/memory_choice.h
 * chooses; each choice becomes an event memory_fitted of that learner, through
 * the engine like any other, so that it is durable, seen at once, and replayed.
 */
#ifndef PIQ_ENGINE_MEMORY_FIT_H
#define PIQ_ENGINE_MEMORY_FIT_H

#include "engine/engine.h"
#include "train/memory_choice.h"

#include <stdatomic.h>

typedef struct piq_memory_fit_report {
    size_t learners, reviews, items;
    bool has_population;
    piq_memory_trial population;
    size_t given_population, given_own, left; /* learners */
    /* Of those given their own: means over their latest reviews. */
    double own_before, own_after;
} piq_memory_fit_report;

/* `stop`, may be NULL: set by another thread, ends it early with what was given
 * so far (report->left counts the rest). Reads in pieces, while others write.
 * PIQ_ENOTFOUND: no curriculum; PIQ_ENOMEM; what the store says. */
PIQ_MUST_USE piq_status piq_engine_fit_memory(piq_engine *e,
                                              const atomic_bool *stop,
                                              piq_memory_fit_report *out,
                                              piq_err *err);

#endif
