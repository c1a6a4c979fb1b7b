/* policy_eval.h - what another policy would have earned in the explored place,
 * from the engine's own log of slates. For evaluation; private to engine/ but
 * for its callers in cli/.
 *
 * A row is a slate of which one place was drawn by chance, the drawn content,
 * its chance and what became of it (recommend/reward.h; left alone counts 0).
 * The challenger ranks those that might have stood there by its own weights and
 * draws by the engine's rule of exploration, or takes the best. The places
 * before are the logged ones. So what is estimated is the mean reward of that
 * one choice, in states that the logged policy led learners to; see
 * train/offpolicy.h.
 *
 * Outcomes come late, good ones first: a slate counts once a day has passed,
 * whatever became of it so far. Weights that were learned from slates look a
 * little better on these than they are; how many there are is told.
 */
#ifndef PIQ_ENGINE_POLICY_EVAL_H
#define PIQ_ENGINE_POLICY_EVAL_H

#include "engine/engine.h"
#include "train/offpolicy.h"

typedef enum piq_challenger_kind {
    PIQ_CHALLENGER_CURRENT, /* weights in force, exploring */
    PIQ_CHALLENGER_PRIOR,   /* weights set by hand, exploring */
    PIQ_CHALLENGER_GREEDY,  /* weights in force, always the best */
    PIQ_CHALLENGER_VERSION  /* stored weights, exploring */
} piq_challenger_kind;

typedef struct piq_challenger {
    piq_challenger_kind kind;
    uint32_t version; /* PIQ_CHALLENGER_VERSION's, >= 1 */
} piq_challenger;

/* "current", "prior", "greedy" or a version. False: none of them. */
bool piq_challenger_of(const char *name, piq_challenger *out);

typedef struct piq_policy_question {
    piq_challenger challenger;
    int64_t now_us;
    int64_t since_us; /* slates served from here on */
    const piq_offpolicy_options *options;
} piq_policy_question;

/* Slates that are read and left out, and why. */
typedef struct piq_policy_left_out {
    size_t young;    /* served less than a day ago */
    size_t certain;  /* nothing was left to chance */
    size_t unusable; /* of the first format, or a content that is gone */
} piq_policy_left_out;

typedef struct piq_policy_answer {
    piq_offpolicy_report report; /* groups: learners */
    uint32_t version;            /* of the challenger's weights; 0: by hand */
    size_t n_known;              /* rows served before the weights were made */
    piq_policy_left_out left_out;
} piq_policy_answer;

/* Reads the whole log. PIQ_ENOTFOUND: no such version, no catalogue, or nothing
 * to go by. PIQ_ELIMIT: more than 200,000 rows; ask for later ones. PIQ_EINVAL,
 * PIQ_ENOMEM, and what the store says. *out is written on success only. Any
 * thread. */
PIQ_MUST_USE piq_status piq_engine_judge_policy(piq_engine *e,
                                                const piq_policy_question *q,
                                                piq_policy_answer *out,
                                                piq_err *err);

#endif
