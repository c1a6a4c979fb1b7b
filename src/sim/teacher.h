/* teacher.h - simple policies to compare with, who know what a world tells.
 *
 * random   any item
 * order    what the targets need, in the graph's order, one by one, again
 * weakest  the needed concept with the lowest share of right answers
 * leitner  boxes: a right answer moves a concept up, a wrong one to the first;
 *          a concept of box b is due after 2^b steps; the most overdue comes
 * near     in the graph's order near the last one, each until two right
 *          answers in a row: what the literature's best simple policy does
 *
 * Pure but for their own state. One thread.
 */
#ifndef PIQ_SIM_TEACHER_H
#define PIQ_SIM_TEACHER_H

#include "sim/env.h"

typedef enum piq_teacher_kind {
    PIQ_TEACH_RANDOM,
    PIQ_TEACH_ORDER,
    PIQ_TEACH_WEAKEST,
    PIQ_TEACH_LEITNER,
    PIQ_TEACH_NEAR,
    PIQ_N_TEACHERS
} piq_teacher_kind;

typedef struct piq_teacher {
    piq_teacher_kind kind;
    const piq_env *env; /* only what is told is looked at */
    piq_rng rng;
    uint32_t needed[PIQ_ENV_MAX_CONCEPTS]; /* in the graph's order */
    size_t n_needed;
    double right[PIQ_ENV_MAX_CONCEPTS], asked[PIQ_ENV_MAX_CONCEPTS];
    int in_a_row[PIQ_ENV_MAX_CONCEPTS]; /* right answers */
    int box[PIQ_ENV_MAX_CONCEPTS];
    double due[PIQ_ENV_MAX_CONCEPTS];
    double step;
    size_t at;     /* of order */
    uint32_t last; /* concept */
} piq_teacher;

const char *piq_teacher_name(piq_teacher_kind kind);
/* Knows the log; the learner must have begun. */
void piq_teacher_begin(piq_teacher *t, piq_teacher_kind kind,
                       const piq_env *env, uint64_t seed);
uint32_t piq_teacher_choose(piq_teacher *t);
/* Without feedback an answer counts as right. */
void piq_teacher_see(piq_teacher *t, uint32_t item, bool right);

#endif
