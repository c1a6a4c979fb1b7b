/* recurrent.h - a recurrent net over a learner's answers.
 *
 * Sees what trees cannot: which items were answered how, in which order, and
 * what that says of others (embeddings of items around those of their
 * concepts). Architecture, formulas and sources: src/predict/RECURRENT.md.
 *
 * The state is a learner's whole history in PIQ_RECURRENT_MAX_STATE floats at
 * most. Pure; weights immutable, any thread; one state per thread. Same bits
 * on every x86-64 and whatever the vector width: sums are taken in one stated
 * order, without fused multiply-add.
 */
#ifndef PIQ_PREDICT_RECURRENT_H
#define PIQ_PREDICT_RECURRENT_H

#include "base/buf.h"
#include "base/status.h"
#include "feature/schema.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { PIQ_RECURRENT_MAX_STATE = 512 };

/* What a step sees, besides the features. */
typedef struct piq_recurrent_ask {
    uint32_t item;    /* the model's number; n_items: unknown */
    uint16_t concept; /* the model's number; n_concepts: unknown */
    uint8_t context;  /* piq_attempt_context */
} piq_recurrent_ask;

typedef struct piq_recurrent piq_recurrent;
void piq_recurrent_free(piq_recurrent *m);

/* Floats of a learner's state; all zero for one never heard of. */
size_t piq_recurrent_state_len(const piq_recurrent *m);

/* Logit of a right answer. x[PIQ_N_FEATURES] raw, as extracted (NaN unknown).
 */
double piq_recurrent_logit(const piq_recurrent *m, const float *state,
                           const piq_recurrent_ask *ask, const float *x);
/* Folds an answer into `state`; x as it was before the answer. */
void piq_recurrent_step(const piq_recurrent *m, float *state,
                        const piq_recurrent_ask *ask, const float *x,
                        bool right);
/* n learners at once, the same bits as one by one, faster: logits before the
 * answers, then the step. state[n] pointers, x[n][PIQ_N_FEATURES]. */
void piq_recurrent_batch(const piq_recurrent *m, float *const *state,
                         const piq_recurrent_ask *ask, const float *x,
                         const bool *right, size_t n, double *logits);

void piq_recurrent_encode(const piq_recurrent *m, piq_buf *out);
/* PIQ_ECORRUPT: shapes that do not fit, a weight that is not finite. */
PIQ_MUST_USE piq_status piq_recurrent_decode(piq_reader *in,
                                             piq_recurrent **out, piq_err *err);

#endif
