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

/* Each is in 0..1, 1 is best, but for promotion. What they are made of, what
 * weighs how much before anything was learned: recommend/terms.h. The first
 * eight are as old as the log; new ones are added at the end. */
typedef enum piq_term {
    PIQ_TERM_LEARNING_GAIN,      /* expected learning a minute, to the goals */
    PIQ_TERM_RECALL_AT_RISK,     /* recall saved by practising now */
    PIQ_TERM_DIFFICULTY_FIT,     /* chance of success within .7-.9 */
    PIQ_TERM_FORMAT_PREFERENCE,  /* modality, shrunk towards everybody's */
    PIQ_TERM_CHARACTER_AFFINITY, /* the same for characters */
    PIQ_TERM_NOVELTY,            /* not seen, not just offered */
    PIQ_TERM_SESSION_FIT,        /* minutes against the usual session */
    PIQ_TERM_DIVERSITY,          /* what the slate's variety took off */
    PIQ_TERM_TASTE,         /* what those who liked the same came to like */
    PIQ_TERM_POPULARITY,    /* what everybody made of it */
    PIQ_TERM_GOAL_MATCH,    /* worth of its concepts to the goals */
    PIQ_TERM_PATH_POSITION, /* how soon it comes on the learner's plan */
    PIQ_TERM_TIME_OF_DAY,   /* demanding content at an hour that suits */
    PIQ_TERM_FRESHNESS,     /* short content when a session has been long */
    PIQ_TERM_STREAK,        /* little things on a day that is to count */
    PIQ_TERM_CARRY_ON,      /* was begun and not finished */
    PIQ_TERM_THREAD,        /* goes on with what was practised last */
    PIQ_TERM_TYPE_AFFINITY, /* how often content of its type is finished */
    PIQ_TERM_BREVITY,       /* minutes, few is 1 */
    PIQ_TERM_PRACTICE,      /* asks, rather than tells */
    PIQ_TERM_TYPE,          /* always 1: what its type is worth by itself */
    PIQ_TERM_PROMOTION      /* what rules of the business add, 0 or more */
} piq_term;
enum { PIQ_N_TERMS = 22, PIQ_N_TERMS_1 = 8 /* in logs of format 1 */ };

const char *piq_term_name(piq_term t); /* "learning_gain" */

typedef struct piq_contribution {
    piq_term term;
    double value; /* the feature, 0..1 */
    double weight;
    /* weight * value, less the same of an average candidate */
    double contribution;
} piq_contribution;

/* Why a content stands where it does. */
typedef enum piq_cause {
    PIQ_CAUSE_SCORE,       /* the best one left */
    PIQ_CAUSE_EXPLORATION, /* drawn by chance among nearly as good ones */
    PIQ_CAUSE_PIN          /* a rule of the business puts it there */
} piq_cause;
const char *piq_cause_name(piq_cause c); /* "exploration" */

/* What one content of the learner's history did to the taste term. */
typedef struct piq_taste_reason {
    piq_content_ix content;
    double contribution; /* to the score */
} piq_taste_reason;
enum { PIQ_MAX_TASTE_REASONS = 3 };

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
    piq_cause cause;
    /* The rule that pins or promotes it, and what that says of itself; NULL:
     * none. Borrowed from the rules. */
    const char *rule, *rule_reason;
    piq_taste_reason because[PIQ_MAX_TASTE_REASONS]; /* greatest first */
    size_t n_because;
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
