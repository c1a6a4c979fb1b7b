/* recommend.h - which content next, and why.
 *
 * Hard rules give the candidates; an additive score ranks them; a slate is
 * chosen for variety (MMR) under a quota for each type. Formulas and sources:
 * src/recommend/README.md; what content is expected to teach is track/gain.h,
 * which the planner uses too. Pure: time is an argument, nothing is random yet
 * (propensity 1). Threads: any, on read-only input.
 */
#ifndef PIQ_RECOMMEND_RECOMMEND_H
#define PIQ_RECOMMEND_RECOMMEND_H

#include "base/arena.h"
#include "domain/belief.h"
#include "domain/catalogue.h"
#include "domain/history.h"
#include "domain/recommendation.h"

/* How much a learner takes to one kind, estimated from outcomes. */
typedef struct piq_affinity {
    double value; /* 0..1, shrunk towards the population; .5 neutral */
    double n;     /* exposures behind it */
} piq_affinity;

typedef struct piq_recommend_input {
    const piq_catalogue *catalogue;
    const piq_belief *beliefs;          /* [n_concepts], at now_us */
    const piq_content_history *history; /* [n_contents] */
    const double *value; /* [n_concepts] worth of mastering it, 0..1 */
    bool goal_stated;    /* value comes from a goal that the learner named */
    piq_affinity modality[PIQ_N_MODALITIES];
    const piq_affinity *characters; /* [n_characters], may be NULL */
    double session_minutes;         /* the usual session */
    double desired_retention;       /* .7 .. .97 */
    int64_t now_us;
    /* Typical answers' difficulty for a content; NULL: the curriculum's. */
    const double *content_difficulty_logit; /* [n_contents] or NULL */
} piq_recommend_input;

typedef struct piq_recommend_request {
    int type;     /* piq_content_type, or -1 for all */
    size_t limit; /* 1 .. 50 */
} piq_recommend_request;

/* Why a content is no candidate. */
typedef enum piq_excluded {
    PIQ_CANDIDATE,
    PIQ_EX_UNPUBLISHED,
    PIQ_EX_RETIRED,
    PIQ_EX_PREREQUISITE,
    PIQ_EX_COMPLETED,
    PIQ_EX_COOL_DOWN,
    PIQ_EX_TYPE,
    PIQ_EX_NOTHING_DUE /* a review of what is still remembered */
} piq_excluded;

/* After a dismissal a content rests so long. */
#define PIQ_COOL_DOWN_DAYS 7

/* Whether content may be offered now, and if not, why. Prerequisites: content
 * completed or its concepts at PIQ_READY mastery, and each concept's
 * prerequisites ready; what is retired or unpublished asks for nothing. A
 * course is offered as long as a part of it is open. What is completed comes
 * back only when it practises a concept that is due. */
piq_excluded piq_recommend_rule(const piq_recommend_input *in,
                                piq_content_ix content);

typedef struct piq_candidate {
    piq_content_ix content;
    float score;
    float features[PIQ_N_TERMS];
} piq_candidate;

typedef struct piq_slate {
    piq_recommendation *list; /* best first; id 0 */
    size_t n;
    piq_candidate *candidates; /* all that were scored, by content */
    size_t n_candidates;
    const char *policy; /* version of rule and weights, static */
} piq_slate;

/* Everything in *out lives in `a`. A slate may be shorter than asked for, or
 * empty. PIQ_ENOMEM. */
PIQ_MUST_USE piq_status piq_recommend(piq_arena *a,
                                      const piq_recommend_input *in,
                                      const piq_recommend_request *req,
                                      piq_slate *out);

#endif
