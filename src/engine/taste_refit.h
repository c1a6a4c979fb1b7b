/* taste_refit.h - fits the taste model anew on what all learners took up, and
 * makes it champion; servers take it over within a second. */
#ifndef PIQ_ENGINE_TASTE_REFIT_H
#define PIQ_ENGINE_TASTE_REFIT_H

#include "engine/engine.h"

#include <stdatomic.h>

typedef struct piq_taste_fit_report {
    size_t learners, events; /* that took up anything; what they took up */
    uint32_t version;        /* of the model made; 0: nothing to fit */
    double lambda, valid_ndcg;
} piq_taste_fit_report;

/* `stop`, may be NULL: set by another thread, ends the reading early, and then
 * nothing is made. Reads in pieces, while others write. PIQ_ENOTFOUND: no
 * curriculum; PIQ_ELIMIT: more contents than a model may have; PIQ_ENOMEM. */
PIQ_MUST_USE piq_status piq_engine_fit_taste(piq_engine *e, int64_t now_us,
                                             const atomic_bool *stop,
                                             piq_taste_fit_report *out,
                                             piq_err *err);

#endif
