/* eval_implicit.h - does practising related skills keep a skill alive?
 *
 * Fractional implicit repetition says so. Here it is asked of real answers: a
 * return is a learner's first answer on a skill on a later day than their last
 * one on it. Its outcome is regressed (logistic) on what the learner's own
 * history says - share right, difficulty of item and skill, successes and
 * failures on the skill, the last of them, days since, how it went lately,
 * whether the item was met before - on ln(1 + answers on unrelated skills
 * since), and on ln(1 + answers on related skills since): whose coefficient is
 * the effect. Related skills are the five that come together on a learner's
 * day most above chance, among the first half of the learners; the effect is
 * estimated in each half apart. Standard errors allow for returns of one
 * learner going together (sandwich estimator, Liang & Zeger 1986).
 *
 * It cannot tell cause from company: a learner may come back to a whole area
 * because it went badly. A clear effect would be needed, not a sufficient one.
 *
 * Pure; scratch memory from an arena.
 */
#ifndef PIQ_TRAIN_EVAL_IMPLICIT_H
#define PIQ_TRAIN_EVAL_IMPLICIT_H

#include "train/kt_tsv.h"

enum { PIQ_IMPLICIT_MAX_SKILLS = 4096, PIQ_IMPLICIT_RELATED = 5 };

typedef struct piq_implicit_effect {
    size_t n_learners, n_returns;
    double practised, practised_se; /* logits a unit of ln(1 + answers) */
    double gain, gain_se; /* nats a return that the effect, as estimated in the
                             first half, saves; of the second half only */
} piq_implicit_effect;

typedef struct piq_implicit_report {
    size_t n_skills;
    piq_implicit_effect halves[2];
    /* The same with skills at random in place of the related ones: what comes
     * out when there is nothing. */
    piq_implicit_effect placebo[2];
} piq_implicit_report;

/* rows in any order. seed: of the placebo. PIQ_EINVAL: a half without returns.
 * PIQ_ELIMIT: too many skills. PIQ_ENOMEM. */
PIQ_MUST_USE piq_status piq_eval_implicit(piq_arena *a, const piq_kt_rows *rows,
                                          uint64_t seed,
                                          piq_implicit_report *out,
                                          piq_err *err);

#endif
