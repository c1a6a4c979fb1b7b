/* kt_internal.h - what the files kt_*.c share. Private to them.
 *
 *   kt_bind.c     model + catalogue
 *   kt_state.c    a learner's state: its life and its stored form
 *   kt_answer.c   predicting and folding, one by one and in batches
 *   kt_mastery.c  what is held for mastery to be monotone
 *   kt_explain.c  a prediction's logit, split
 */
#ifndef PIQ_PREDICT_KT_INTERNAL_H
#define PIQ_PREDICT_KT_INTERNAL_H

#include "predict/kt_state.h"

struct piq_kt_binding {
    const piq_kt_model *model;
    piq_item_binding *items; /* owned */
    piq_feature_tables tables;
    bool uses[PIQ_N_MEMBERS];
    bool keeps_mastery;
    size_t n_hidden; /* floats of the net's state; 0 where it takes no part */
};

/* What mastery stands above the model's word, in logits, when n_answers was
 * `at`; fades from there. */
typedef struct piq_kt_hold_cell {
    float shift;
    uint32_t at;
} piq_kt_hold_cell;

struct piq_kt_state {
    piq_feature_state *features;
    piq_kt_hold_cell *holds; /* [n_concepts]; NULL: mastery is not kept */
    size_t n_concepts;
    uint32_t n_answers;
    bool in_block; /* of a batch that is being worked on */
    size_t n_hidden;
    float hidden[]; /* [n_hidden] the net's state */
};

/* --- kt_answer.c -----------------------------------------------------------
 */

/* The model's word on a concept in general, as a logit; nothing held. */
double piq_kt_judge(const piq_kt_binding *b, const piq_kt_state *s,
                    piq_concept_ix concept, int64_t at_us);
/* The calibrated logit of a prediction. */
double piq_kt_logit(const piq_kt_model *m, const piq_kt_prediction *p);

/* --- kt_mastery.c ----------------------------------------------------------
 */

/* What is held of a concept now. */
double piq_kt_held(const piq_kt_state *s, piq_concept_ix concept);
/* After an answer was folded in: mastery's logit before it, and what the model
 * says now. */
void piq_kt_hold(piq_kt_state *s, piq_concept_ix concept, bool right,
                 double before, double after);

#endif
