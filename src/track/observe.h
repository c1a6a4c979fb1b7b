/* observe.h - one answer seen by a Gaussian belief: how far, how sure.
 *
 * Belief u ~ N(mean, variance) on (ability - difficulty); an answer is right
 * with chance guess + (1 - guess - lapse) sigmoid(a u). Assumed-density
 * filtering (Opper 1998; Minka 2001, section 3): after an answer the belief is
 * again Gaussian, with
 *     mean' = mean + variance * slope
 *     variance' = variance - variance^2 * info
 * where slope is the derivative of the log predictive chance by `mean`, and
 * info the expected square of it (Fisher), under the probit approximation of
 * num/logistic.h. variance * info <= 2/pi * strength, so variance' > 0.
 *
 * Anything that varies together with u moves likewise: by its covariance with
 * u times slope. That is all the layers need. Pure.
 */
#ifndef PIQ_TRACK_OBSERVE_H
#define PIQ_TRACK_OBSERVE_H

/* What an answer meets. */
typedef struct piq_encounter {
    double mean;           /* of ability - difficulty, logits */
    double variance;       /* >= 0 */
    double discrimination; /* a > 0 */
    double guess;          /* [0, .5] */
    double lapse;          /* [0, .2] */
} piq_encounter;

typedef struct piq_observation {
    double predicted; /* P(right), in (0,1) */
    double slope;     /* sign of score - predicted */
    double info;      /* >= 0 */
} piq_observation;

/* P(right) alone. */
double piq_encounter_predict(const piq_encounter *e);
/* score 0..1, strength (0,1]. */
piq_observation piq_encounter_observe(const piq_encounter *e, double score,
                                      double strength);

#endif
