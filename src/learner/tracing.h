/* tracing.h - the trained model that learners are traced under.
 *
 * A learner's trace (predict/kt_state.h) is the fold of all their answers under
 * one model bound to one catalogue. Both are in its name: a trace of another
 * name is not read, it is made anew from the events. So whatever models came
 * and went meanwhile, a trace is what its events and its model make it.
 *
 * Plain data, immutable, any thread.
 */
#ifndef PIQ_LEARNER_TRACING_H
#define PIQ_LEARNER_TRACING_H

#include "predict/kt_state.h"

typedef struct piq_tracing {
    uint32_t model;     /* its version in the store; 1, 2, .. */
    uint32_t catalogue; /* version of the catalogue it is bound to */
    uint64_t digest;    /* of the model's bytes */
    const piq_kt_binding *binding;
} piq_tracing;

#endif
