/* policy.h - what recommendations are weighed by: learned from the log of
 * slates, kept in the store's registry beside the trained models (kind
 * "policy"), swapped while others go on with the one they hold. Private to the
 * engine.
 *
 *     policy.c         the one in force
 *     policy_body.c    as bytes
 *     policy_learn.c   learning it from the log
 */
#ifndef PIQ_ENGINE_POLICY_H
#define PIQ_ENGINE_POLICY_H

#include "base/buf.h"
#include "engine/engine.h"
#include "recommend/policy.h"

#define PIQ_MODEL_POLICY PIQ_STR("policy")

/* How one content was taken up, over all learners. */
typedef struct piq_content_tally {
    piq_content_id content;
    double n, sum; /* weights of the outcomes, and of their rewards */
} piq_content_tally;

/* A stored policy. Outcomes of slates up to `after` are final and in
 * `regression` and `final`; those after it are in the weights and in `tally`
 * only, and are looked at again when the next policy is learned. */
typedef struct piq_policy_body {
    double weight[PIQ_N_CONTENT_TYPES][PIQ_N_TERMS];
    int64_t after;
    const piq_content_tally *tally, *final; /* by content id */
    size_t n_tally, n_final;
    piq_str regression; /* of piq_bayes_encode */
} piq_policy_body;

void piq_policy_body_write(const piq_policy_body *p, piq_buf *out);
/* Arrays into `a`, the regression borrowed from `bytes`. Another number of
 * terms, another format: PIQ_EINVAL. PIQ_ECORRUPT, PIQ_ENOMEM. */
PIQ_MUST_USE piq_status piq_policy_body_read(piq_arena *a, piq_str bytes,
                                             piq_policy_body *out,
                                             piq_err *err);

/* ---- in force ---------------------------------------------------------- */

typedef struct piq_policy_hold piq_policy_hold;

/* In force now, one reference; NULL: the weights set by hand. */
piq_policy_hold *piq_engine_policy(piq_engine *e);
void piq_policy_release(piq_policy_hold *h); /* NULL is allowed */
/* One that was in force once. Version 0: NULL. PIQ_ENOTFOUND. */
PIQ_MUST_USE piq_status piq_engine_policy_version(piq_engine *e,
                                                  uint32_t version,
                                                  piq_policy_hold **out,
                                                  piq_err *err);
/* As piq_in_force_adopt (in_force.h) says. */
PIQ_MUST_USE piq_status piq_engine_adopt_policy(piq_engine *e, piq_err *err);

uint32_t piq_policy_version(const piq_policy_hold *h); /* 0 for NULL */
/* By hand for NULL. Explores nothing. */
void piq_policy_weights(const piq_policy_hold *h, piq_recommend_policy *out);
/* What everybody made of each content, 0..1, shrunk towards the mean of all:
 * [n_contents] in `a`. PIQ_ENOMEM. */
PIQ_MUST_USE piq_status piq_policy_popularity(const piq_policy_hold *h,
                                              piq_arena *a,
                                              const piq_catalogue *c,
                                              const double **out);

#endif
