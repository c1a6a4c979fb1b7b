/* memory_choice.h - which learners get which parameters of memory.
 *
 * The population's parameters are fitted on everybody's reviews, a learner's
 * own on theirs, shrunk towards the population's (fsrs_fit.h). Either is given
 * only where it pays: fitted on all but a learner's latest reviews, it must
 * foresee those better than the parameters in force, by PIQ_CHOICE_LEAST_GAIN
 * log loss and one standard error of the paired difference. What is given is
 * fitted on all of them. What does not pay leaves a learner as they are.
 *
 * Pure; memory from an arena. Any thread.
 */
#ifndef PIQ_TRAIN_MEMORY_CHOICE_H
#define PIQ_TRAIN_MEMORY_CHOICE_H

#include "domain/fitted.h"
#include "memory/fsrs.h"
#include "train/fsrs_items.h"

#define PIQ_CHOICE_LATEST_SHARE 0.2
#define PIQ_CHOICE_LEAST_GAIN   0.0005

enum {
    PIQ_CHOICE_LEAST_ITEMS = 300,     /* of a learner, for parameters of own */
    PIQ_CHOICE_LEAST_POPULATION = 500 /* of all, for the population's */
};
/* A learner's own are fitted anew when there are so many times the items. */
#define PIQ_CHOICE_MORE_ITEMS 1.2

/* One learner's reviews, and what is in force. */
typedef struct piq_memory_history {
    piq_fsrs_cards cards;
    piq_fsrs_params params;
    piq_fitted_from from;
    uint32_t fitted_on;
} piq_memory_history;

/* How two sets of parameters foresaw the latest reviews. */
typedef struct piq_memory_trial {
    size_t n;             /* reviews compared */
    double before, after; /* mean log loss, in force and fitted */
    bool pays;
} piq_memory_trial;

typedef struct piq_memory_choice {
    bool give;
    piq_fitted fitted; /* what, when given */
    piq_memory_trial own, population;
} piq_memory_choice;

typedef struct piq_memory_choices {
    piq_memory_choice *list;     /* [n_learners] */
    bool has_population;         /* fitted, on two learners or more */
    size_t items;                /* of everybody */
    piq_memory_trial population; /* over the learners without their own */
} piq_memory_choices;

/* `out` lives in `a`. PIQ_EINVAL: cards that are none. PIQ_ENOMEM. */
PIQ_MUST_USE piq_status piq_memory_choose(piq_arena *a,
                                          const piq_memory_history *learners,
                                          size_t n_learners,
                                          piq_memory_choices *out,
                                          piq_err *err);

/* What takes the states of these cards under one set of parameters to those
 * under another: least squares over the cards, drawn towards no change as if by
 * a few cards more. Fills stability and difficulty of *out. */
void piq_memory_carry(const piq_fsrs_cards *cards, const piq_fsrs_params *from,
                      const piq_fsrs_params *to, piq_fitted *out);

#endif
