/* slate_make.h - one slate from all that it depends on. Private to the engine.
 *
 *     slate.c         the operation: what is in force, row, reply
 *     slate_origin.c  what is in force now
 *     slate_make.c    a slate from its origin
 *     slate_log.c     the origin and the slate as bytes
 *     slate_replay.c  the same slate again, from the log
 */
#ifndef PIQ_ENGINE_SLATE_MAKE_H
#define PIQ_ENGINE_SLATE_MAKE_H

#include "engine/engine.h"
#include "engine/policy.h"
#include "engine/slate_log.h"
#include "engine/steering.h"
#include "engine/tastes.h"

typedef struct piq_slate_source {
    const piq_learner *learner;
    piq_judge by;
    const piq_catalogue *catalogue;
    int64_t now_us;
    piq_recommend_request request;
    piq_slate_origin origin;
    const piq_policy_hold *policy;     /* of origin.policy; NULL: by hand */
    const piq_taste_hold *taste;       /* of origin.taste; NULL: none */
    const piq_business_view *business; /* of origin.rules; NULL: none */
} piq_slate_source;

/* What is in force; borrowed. */
typedef struct piq_slate_parts {
    piq_engine *engine;
    const piq_model_hold *model;
    const piq_policy_hold *policy;
    const piq_taste_hold *taste;
} piq_slate_parts;

/* Completes *s, whose learner, catalogue and request are there: origin, policy,
 * taste, business. Under an arm that names
 * another policy than the one in force, *named is that one; the caller releases
 * it. */
PIQ_MUST_USE piq_status piq_slate_originate(
    piq_arena *a, const piq_slate_parts *now, const piq_steer *steer,
    piq_slate_source *s, piq_policy_hold **named, piq_err *err);

/* The recommender's input, with what it points to. */
typedef struct piq_slate_input {
    piq_recommend_input in;
    piq_recommend_policy policy;
    piq_taste_view view;
} piq_slate_input;

/* In `a`; *out must stay where it is, and be released on success. PIQ_ENOMEM.
 */
PIQ_MUST_USE piq_status piq_slate_input_of(piq_arena *a,
                                           const piq_slate_source *s,
                                           piq_slate_input *out);
void piq_slate_input_release(piq_slate_input *x);

/* In `a`. PIQ_ENOMEM. */
PIQ_MUST_USE piq_status piq_slate_make(piq_arena *a, const piq_slate_source *s,
                                       piq_slate *out);

/* Chance follows from who asked what, and what was known of them (facts.h). */
uint64_t piq_slate_seed(const piq_learner *l,
                        const piq_recommend_request *request);

#endif
