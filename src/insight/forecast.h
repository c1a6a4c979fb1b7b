/* forecast.h - how far a belief of today can be trusted, and for how long.
 *
 * The numbers behind predictions.h and behind the forecast of answers that
 * train/eval_forecast.h measures. All are fitted, none is a guess that was
 * never measured: on which learners, and what came out on others, is in
 * docs/models/forecast.md.
 *
 * A set's mastery. Concept k is believed N(x_k, v_k) on the logit scale; its
 * expected mastery e_k has logit e_k = tilt logit E[sigmoid] (num/logistic.h),
 * less `behind` where k was never practised; its slope is g_k = e_k (1 - e_k) /
 * sqrt(1 + pi/8 v_k). The set's mastery is M = mean e_k. Of v_k one part is the
 * concept's own, one comes from its area, one from the learner (the tree of
 * src/track/README.md: own = s_k, area = b_k^2 s_a, learner = b_k^2 b_a^2 s_l,
 * scaled to v_k). Own parts average out, the others do not:
 *
 *     Var M = spread (answers/100)^-spread_fade (
 *             sum (g_k/n)^2 own_k
 *           + sum_a (sum_{k in a} g_k/n sqrt(area_k))^2
 *           + shared (sum g_k/n sqrt(learner_k))^2)
 *
 * The factor is what simulated learners ask for: a belief made for learners
 * who change for all sorts of reasons keeps more doubt after many answers than
 * they need.
 *
 * Answers. The share right among n answers has the mean of their chances,
 * moved by `rested` from the next day on, and the variance of what is believed
 * (concepts, areas, learner, items and the form of the day, each counted once
 * however often it is met), of chance, and of spells: weeks in which a learner
 * answers better or worse than they know, spell^2 + spell_month^2 days/28 on
 * the logit scale. Spells have long tails, so quantiles are Student's with 6
 * degrees of freedom.
 *
 * Pure; no allocation. Threads: any, on read-only input.
 */
#ifndef PIQ_INSIGHT_FORECAST_H
#define PIQ_INSIGHT_FORECAST_H

#include "domain/prediction.h"
#include "learner/learner.h"

typedef struct piq_forecast_params {
    /* Of the logit of an expected chance: beliefs go too far from .5. */
    double tilt;
    /* Factor on the variance of a belief, after 100 answers, and the power of
     * answers / 100 by which it falls. */
    double spread, spread_fade;
    /* Factor on the learner's part of it, which all concepts share. */
    double shared;
    /* Of the logit of a concept never practised: how much worse it is than
     * practised ones make believe. */
    double behind;
    /* Learning beside the law of practice: lognormal, mean and sd of its log,
     * before anything is known of the learner; the dose already had at which
     * it is a quarter; and the hours that weigh as much as all that. */
    double pace, pace_log_sd, pace_slows, pace_hours;
    /* Of a gain on the logit scale: practice may go elsewhere. */
    double elsewhere;
    /* Of what recall loses without review: mastery that goes with it. */
    double forgotten;
    /* Random walk of mastery on the logit scale, in four weeks. */
    double walk_month;
    /* Answers, on the logit scale: how much better than believed they come
     * out from the next day on, and spells. */
    double rested, spell, spell_month;
} piq_forecast_params;

/* The fitted numbers; static. */
const piq_forecast_params *piq_forecast_defaults(void);

/* ---- mastery of a set -------------------------------------------------- */

typedef struct piq_set_belief {
    double told;     /* mean of the beliefs' mastery, as the profile has it */
    double mean;     /* M */
    double sd;       /* of it, today */
    double evidence; /* answers on the set's concepts, weighted */
} piq_set_belief;

/* e_k of one concept. */
double piq_expected_mastery(const piq_belief *b);

/* What is believed of concepts[n] together. `beliefs` may come from any model;
 * only the parts' proportions are the track's. `answers` are the learner's, on
 * all concepts. n >= 1. */
piq_set_belief piq_set_belief_of(const piq_learner *l, const piq_catalogue *c,
                                 const piq_belief *beliefs, double answers,
                                 const piq_concept_ix *concepts, size_t n);

/* Answers that a forecast wants: of the learner in all, and on the set asked
 * for. Below, the prior alone would speak. Returns how many are missing. */
enum { PIQ_FORECAST_ANSWERS = 20, PIQ_FORECAST_SET_ANSWERS = 5 };
unsigned piq_forecast_missing(double learner_evidence, double set_evidence);

/* ---- answers to come --------------------------------------------------- */

/* A mean of chances, and the variance of that mean by what it comes from. */
typedef struct piq_answer_outlook {
    double chance;   /* mean P(right), in (0,1) */
    double slope;    /* d chance / d (all logits together) */
    double believed; /* variance: concepts, areas, learner, items, form */
    double drawn;    /* variance: mean P (1 - P) / n */
    double days;     /* until then, on average */
} piq_answer_outlook;

typedef struct piq_answer_forecast {
    double share; /* expected share right */
    double low80, high80, low90, high90;
} piq_answer_forecast;

piq_answer_forecast piq_forecast_answers(const piq_answer_outlook *o);

#endif
