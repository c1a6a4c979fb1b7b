/* kt_state.h - one learner under a trained model: live, answer by answer.
 *
 * A binding ties a model to a catalogue; a state keeps what the features and
 * the recurrent net need. Incremental and from the full history give the same
 * bits, and so do one by one and in batches (tests/property/test_kt_laws).
 *
 * Pure. A binding is immutable, any thread; one state per thread. Predicting
 * and answering allocate nothing.
 */
#ifndef PIQ_PREDICT_KT_STATE_H
#define PIQ_PREDICT_KT_STATE_H

#include "domain/belief.h"
#include "feature/feature.h"
#include "predict/kt_model.h"

typedef struct piq_kt_binding piq_kt_binding;

/* Borrows model and catalogue, which must outlive it. PIQ_ENOMEM. */
PIQ_MUST_USE piq_status piq_kt_bind(const piq_kt_model *m,
                                    const piq_catalogue *c,
                                    piq_kt_binding **out);
/* The same for a data set, whose items no catalogue lists: positions are those
 * of `names`, which is read only now; `c` holds the concepts, in the order of
 * names->concepts. */
PIQ_MUST_USE piq_status piq_kt_bind_names(const piq_kt_model *m,
                                          const piq_catalogue *c,
                                          const piq_item_names *names,
                                          piq_kt_binding **out);
/* Whether states keep what piq_kt_mastery needs, which costs an answer two
 * more vectors for each of its concepts: from piq_kt_bind they do, from
 * piq_kt_bind_names not. To be said before any state is made. */
void piq_kt_binding_keep_mastery(piq_kt_binding *b, bool keep);
void piq_kt_binding_free(piq_kt_binding *b); /* NULL is allowed */
const piq_kt_model *piq_kt_binding_model(const piq_kt_binding *b);
const piq_feature_tables *piq_kt_binding_tables(const piq_kt_binding *b);

typedef struct piq_kt_state piq_kt_state;

/* A learner never heard of. PIQ_ENOMEM. Heap. */
PIQ_MUST_USE piq_status piq_kt_state_new(const piq_kt_binding *b,
                                         piq_kt_state **out);
void piq_kt_state_free(piq_kt_state *s); /* NULL is allowed */
/* Forgets everything, keeps the memory: the next learner. */
void piq_kt_state_clear(piq_kt_state *s);
/* PIQ_ENOMEM. */
PIQ_MUST_USE piq_status piq_kt_state_copy(const piq_kt_state *from,
                                          piq_kt_state **out);
/* The catalogue has grown; `b` binds the same model to the new one. PIQ_ENOMEM
 * leaves *s as it was. */
PIQ_MUST_USE piq_status piq_kt_state_grow(piq_kt_state *s,
                                          const piq_kt_binding *b);
/* What the model sees of the learner; lives as long as the state. */
const piq_feature_state *piq_kt_state_features(const piq_kt_state *s);
/* Answers folded in. */
uint32_t piq_kt_state_answers(const piq_kt_state *s);

typedef struct piq_kt_prediction {
    double p; /* P(right), calibrated, in (0,1) */
    /* NaN: no such member, or it does not take part (weight 0). */
    double logits[PIQ_N_MEMBERS];
} piq_kt_prediction;

/* What is asked may be an item, or (item PIQ_NO_IX32) a concept in general. */
void piq_kt_predict(const piq_kt_state *s, const piq_kt_binding *b,
                    const piq_ask *ask, piq_kt_prediction *out);
/* Folds in an answer; *before (may be NULL) is what was predicted. The
 * features are made once for both. */
void piq_kt_state_answer(piq_kt_state *s, const piq_kt_binding *b,
                         const piq_ask *ask, const piq_response *response,
                         piq_kt_prediction *before);

/* Many answers at once, the same bits as one by one in this order, faster
 * where they are of different learners: each entry's state is asked,
 * predicted, and folded. */
typedef struct piq_kt_entry {
    piq_kt_state *state;
    piq_ask ask;
    piq_response response;
    piq_kt_prediction before; /* out */
} piq_kt_entry;
void piq_kt_answer_batch(const piq_kt_binding *b, piq_kt_entry *entries,
                         size_t n);

/* Mastery as the model judges it (its linear member, where it has one, whatever
 * that one's weight), made monotone: at a right answer that of the answer's
 * concepts never falls, at a wrong one it never rises, at the same instant
 * (kt_mastery.c says how; the binding keeps mastery). beliefs[n] hold
 * the online belief of each concept (piq_track_belief) on entry; ability,
 * mastery and interval are replaced, the rest is left. The interval's variance
 * is the belief's plus the square of what mastery is held away from the
 * model's word. Any time from the last answer on. */
void piq_kt_mastery(const piq_kt_state *s, const piq_kt_binding *b,
                    const piq_concept_ix *concepts, size_t n, int64_t at_us,
                    piq_belief *beliefs);

/* Why: the logit of `p` split over feature groups, exactly:
 * logit = base + sum(groups) + sequence + calibration, to 1e-9. The linear
 * member by its terms, the trees by SHAP values (trees.h); `base` is what a
 * typical row gets; `sequence` is the recurrent net's, `calibration` what the
 * calibration curve added. */
typedef struct piq_kt_explanation {
    double p;
    double logit; /* of p */
    double base;
    double groups[PIQ_N_FEATURE_GROUPS]; /* by piq_feature_group */
    double sequence;
    double calibration;
} piq_kt_explanation;
/* PIQ_ENOMEM; *out is written on success only. */
PIQ_MUST_USE piq_status piq_kt_explain(const piq_kt_state *s,
                                       const piq_kt_binding *b,
                                       const piq_ask *ask,
                                       piq_kt_explanation *out);

/* Compact; begins with the model's digest, so that a state is never read
 * under another model. out->status tells of a failure. */
void piq_kt_state_encode(const piq_kt_state *s, uint64_t model_digest,
                         piq_buf *out);
/* PIQ_ESTALE: another model's, or of a binding that keeps mastery where `b`
 * does not, or the other way; PIQ_ECORRUPT; PIQ_ENOMEM. *out is written on
 * success only. */
PIQ_MUST_USE piq_status piq_kt_state_decode(piq_reader *in,
                                            const piq_kt_binding *b,
                                            uint64_t model_digest,
                                            piq_kt_state **out);

#endif
