/* belief.h - what the agent believes of this learner, and of learners here.
 *
 * A mixture: each hypothesis (theta.h) carries a Gaussian on the levels of the
 * concepts in view, with all covariances, moved by the same closed-form step
 * as the engine's online belief (track/observe.h), and FSRS-6 states where it
 * holds that learners forget. An outcome weighs each hypothesis by the chance
 * it had given it. Weights, and what is believed of items' difficulties, stay
 * from one learner to the next.
 *
 * Not thread safe. Deterministic for a seed.
 */
#ifndef PIQ_AGENT_BELIEF_H
#define PIQ_AGENT_BELIEF_H

#include "agent/theta.h"
#include "agent/view.h"

typedef struct piq_hyp {
    piq_theta theta;
    double log_weight;
    bool *edge; /* [world->n_edges] it holds to be there */

    /* Difficulties: [world->n_items], logits. */
    float *hard_mean, *hard_var;

    /* Of this learner; in the episode's arena. */
    double *mean; /* [n] levels; in states the chances to know */
    double *cov;  /* [n][n]; none in states */
    piq_fsrs_state *memory;
    double *held;  /* [n] time of the last practice, steps */
    double rate;   /* of this learner */
    uint32_t last; /* concept that counted last; PIQ_VIEW_NONE */
} piq_hyp;

typedef struct piq_population {
    const piq_agent_world *world;
    piq_hyp *hyps;
    size_t n, later; /* now, and once its kinds have been tried */
    unsigned renewals;
    piq_rng rng;
    uint64_t learners; /* begun so far */
    const piq_view *view;
} piq_population;

/* Draws the hypotheses; they live in `a`. PIQ_ENOMEM. */
PIQ_MUST_USE piq_status piq_population_make(piq_arena *a,
                                            const piq_agent_world *w,
                                            piq_population *out);

/* A new learner, seen through `view` (which must outlive the episode): weak
 * hypotheses give way to neighbours of strong ones. PIQ_ENOMEM leaves no
 * learner: begin again before anything else. */
PIQ_MUST_USE piq_status piq_population_begin(piq_arena *a, piq_population *p,
                                             const piq_view *view);

/* What was seen. */
typedef enum piq_seen_kind {
    PIQ_SEEN_LOG,      /* an answer from before the episode */
    PIQ_SEEN_EXAM,     /* asked, nothing taught */
    PIQ_SEEN_PRACTICE, /* practised, and asked */
    PIQ_SEEN_UNASKED   /* practised, the outcome not known */
} piq_seen_kind;

/* time: in steps. score 0..1, unused for PIQ_SEEN_UNASKED. */
void piq_population_see(piq_population *p, uint32_t item, double score,
                        double time, piq_seen_kind kind);

/* Weights that sum to 1: weights[p->n]. */
void piq_population_weights(const piq_population *p, double *weights);

#endif
