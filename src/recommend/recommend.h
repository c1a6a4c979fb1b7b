/* recommend.h - which content next, and why.
 *
 * Hard rules give the candidates; an additive score ranks them; a slate is
 * chosen for variety (MMR) under a quota for each type. Where the policy says
 * so, the last place of a slate is drawn among what is nearly as good as the
 * best for it: all before it are certain, so that chance is the only one there
 * is, and it is a formula. Formulas and sources: src/recommend/README.md; what
 * content is expected to teach is track/gain.h, which the planner uses too.
 * Pure: time and seed are arguments; same input, same slate. Threads: any, on
 * read-only input.
 */
#ifndef PIQ_RECOMMEND_RECOMMEND_H
#define PIQ_RECOMMEND_RECOMMEND_H

#include "base/arena.h"
#include "domain/belief.h"
#include "domain/catalogue.h"
#include "domain/history.h"
#include "domain/recommendation.h"
#include "recommend/business.h"
#include "recommend/policy.h"
#include "recommend/taste.h"

/* How much a learner takes to one kind, estimated from outcomes. */
typedef struct piq_affinity {
    double value; /* 0..1, shrunk towards the population; .5 neutral */
    double n;     /* exposures behind it */
} piq_affinity;

/* What the learner is in the middle of, and used to. All 0: nothing known. */
typedef struct piq_recommend_habits {
    double hour_lift;         /* result at this hour of day, less the usual:
                                 -.5 .. .5 */
    double session_spent_min; /* practised in the running session */
    double streak_days;       /* that today would carry on; 0: nothing to keep,
                                 or kept already */
    double type_lift[PIQ_N_CONTENT_TYPES]; /* finished of what was begun, less
                                              everybody's: -.5 .. .5 */
} piq_recommend_habits;

/* What a taste model makes of the learner. */
typedef struct piq_recommend_taste {
    const double *term;            /* [n_contents] 0..1, .5 unknown */
    const piq_taste_state *state;  /* the learner's, to say why */
    const uint32_t *item;          /* [n_contents] position in the model */
    const piq_content_ix *content; /* [n_items] the other way */
} piq_recommend_taste;

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
    piq_recommend_habits habits;
    const piq_recommend_taste *taste; /* NULL: none */
    const double *popularity;         /* [n_contents] 0..1; NULL: .5 each */
    const bool *skipped;        /* [n_contents], by a control; NULL: none */
    const piq_content_ix *plan; /* [n_plan] next on the learner's plan */
    size_t n_plan;
    const piq_recommend_policy *policy; /* NULL: weights set by hand */
    const piq_business_view *business;  /* of this learner; NULL: no rules */
    uint64_t seed;                      /* of what is left to chance */
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
    PIQ_EX_SKIPPED, /* the learner wants it no more, until they say otherwise */
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
} piq_candidate;

/* One that might have stood in the explored place. */
typedef struct piq_explored {
    piq_content_ix content;
    double value;  /* score less what variety takes off */
    double chance; /* (0,1]; those of all sum to 1 */
    float terms[PIQ_N_TERMS];
} piq_explored;

typedef struct piq_slate {
    piq_recommendation *list; /* in order of places; id 0 */
    size_t n;
    piq_candidate *candidates; /* all that were scored, by content */
    size_t n_candidates;
    piq_explored *explored; /* best first; [0] when nothing was explored */
    size_t n_explored;
    size_t slot; /* the explored place; n when there is none */
} piq_slate;

/* The policy's name in the log: "additive-1" with weights set by hand,
 * "additive-1.7" with those of version 7. buf[PIQ_POLICY_NAME_BYTES]. */
enum { PIQ_POLICY_NAME_BYTES = 32 };
const char *piq_recommend_policy_name(uint32_t version, char *buf);

/* Everything in *out lives in `a`. A slate may be shorter than asked for, or
 * empty. PIQ_ENOMEM. */
PIQ_MUST_USE piq_status piq_recommend(piq_arena *a,
                                      const piq_recommend_input *in,
                                      const piq_recommend_request *req,
                                      piq_slate *out);

#endif
