/* belief.h - what is believed of one concept of one learner, for readers.
 *
 * The common currency between the models that estimate (track, memory) and
 * those that decide (recommend, path) and tell (engine, api).
 */
#ifndef PIQ_DOMAIN_BELIEF_H
#define PIQ_DOMAIN_BELIEF_H

#include <stdint.h>

typedef struct piq_belief {
    double ability_logit; /* posterior mean, on the item-difficulty scale */
    double sd_logit;      /* posterior standard deviation */
    double mastery;       /* chance of a right answer to a typical item of the
                             concept, at the posterior median; 0..1 */
    double mastery_low;   /* 90 % interval */
    double mastery_high;
    double recall;         /* chance of recall now, 0..1; NaN never practised */
    double stability_days; /* FSRS S; NaN when never practised */
    int64_t due_us;        /* when recall reaches the desired retention;
                              INT64_MAX when never practised */
    int64_t last_us;       /* last practised; INT64_MIN never */
    float evidence;        /* answers that bear on it, weighted */
    uint32_t n_answers;    /* answers directly on it */
} piq_belief;

/* A concept counts as mastered from here on (and not before
 * PIQ_MASTERED_EVIDENCE answers). */
#define PIQ_MASTERED          0.80
#define PIQ_MASTERED_EVIDENCE 4.0f
/* A prerequisite is met from this mastery on. */
#define PIQ_READY             0.50

#endif
