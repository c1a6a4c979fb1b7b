/* recommendation.h - content offered to a learner, and exactly why.
 *
 * The score is a sum: baseline + contributions, to the last bit that a double
 * holds (tests ask 1e-6). `reason` is a sentence made from the same numbers.
 */
#ifndef PIQ_DOMAIN_RECOMMENDATION_H
#define PIQ_DOMAIN_RECOMMENDATION_H

#include "base/json_writer.h"
#include "domain/catalogue.h"
#include "domain/ids.h"

typedef enum piq_term {
    PIQ_TERM_LEARNING_GAIN,      /* expected learning a minute, to the goals */
    PIQ_TERM_RECALL_AT_RISK,     /* recall saved by practising now */
    PIQ_TERM_DIFFICULTY_FIT,     /* chance of success within .7-.9 */
    PIQ_TERM_FORMAT_PREFERENCE,  /* modality, shrunk towards everybody's */
    PIQ_TERM_CHARACTER_AFFINITY, /* the same for characters */
    PIQ_TERM_NOVELTY,            /* not seen, not just offered */
    PIQ_TERM_SESSION_FIT,        /* minutes against the usual session */
    PIQ_TERM_DIVERSITY           /* what the slate's variety took off */
} piq_term;
enum { PIQ_N_TERMS = 8 };

const char *piq_term_name(piq_term t); /* "learning_gain" */

typedef struct piq_contribution {
    piq_term term;
    double value; /* the feature, 0..1 */
    double weight;
    double contribution; /* weight * (value - baseline value) */
} piq_contribution;

typedef struct piq_recommendation {
    int64_t id; /* given by the store; 0 before */
    piq_content_ix content;
    double score;    /* baseline + sum of contributions */
    double baseline; /* what an average candidate scores */
    piq_contribution terms[PIQ_N_TERMS];
    double propensity;      /* chance that it was shown in this place, (0,1] */
    double success;         /* predicted chance of success */
    piq_concept_ix concept; /* the concept it is mostly for */
    const char *reason;     /* one sentence with the numbers, arena */
    int64_t recommended_us;
    piq_user_action user_action;
    uint8_t feedback_score; /* 1..5, 0 none */
} piq_recommendation;

/* One complete JSON object, the shape of content_recommendations. */
void piq_recommendation_write(const piq_recommendation *r,
                              const piq_catalogue *c, piq_json_writer *w);
/* Its `reasoning` member's value alone: the stored column. */
void piq_recommendation_write_reasoning(const piq_recommendation *r,
                                        const piq_catalogue *c,
                                        piq_json_writer *w);

#endif
