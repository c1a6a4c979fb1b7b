/* feature_state.h - the inside of a learner's feature state. Private to the
 * files that fold, read and write it.
 */
#ifndef PIQ_FEATURE_FEATURE_STATE_H
#define PIQ_FEATURE_FEATURE_STATE_H

#include "feature/feature.h"
#include "feature/trail.h"
#include "track/track.h"

enum { PIQ_N_RATES = 3, PIQ_N_RESIDUALS = 2, PIQ_N_LAST = 3 };

/* One concept, beside what trail and track keep of it. */
typedef struct piq_feature_concept {
    float rate[2];  /* discounted sums of outcomes */
    float residual; /* mean of score - expected, fading from 0 */
    float ability;  /* running, above the learner's; logits */
    float stability_days, difficulty; /* FSRS; 0: never reviewed at a time */
    uint32_t last_s;                  /* Unix seconds; 0 unknown */
} piq_feature_concept;

struct piq_feature_state {
    piq_trail trail;
    piq_track track;
    piq_feature_concept *concepts; /* [trail.n_concepts] */
    float rate[PIQ_N_RATES];
    float residual[PIQ_N_RESIDUALS];
    float residual_sum;              /* over all answers */
    float first, recent_first;       /* of first tries, as above */
    float ability;                   /* running; logits */
    float last_residual[PIQ_N_LAST]; /* the latest first */
    float form;                      /* fast part of the ability; logits */
    float switches;                  /* how often the concept changed; fading */
    float pace;                      /* mean log response time, ms */
    float last_pace; /* log of the last one over the mean before it */
    float hints;     /* share of answers with a hint; fading */
    uint32_t n_first, first_rights; /* first tries */
    uint32_t n_paced;
    uint32_t session_n; /* answers since a pause of half an hour */
    int32_t streak;
    int64_t last_us; /* PIQ_NO_TIME: none known */
};

/* Discounts, shared by folding and reading. */
extern const float piq_feature_rate_keep[PIQ_N_RATES];
extern const float piq_feature_concept_keep[2];

/* The task of an ask as the belief wants it. */
piq_task piq_feature_task(const piq_item_view *v, const piq_ask *ask,
                          const piq_catalogue *c);
/* The instant of an ask for the belief, which wants one. */
int64_t piq_feature_instant(const piq_feature_state *s, const piq_ask *ask);
/* Running ability on what is asked. */
float piq_feature_ability(const piq_feature_state *s, const piq_ask *ask);

#endif
