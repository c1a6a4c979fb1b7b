#include "track/observe.h"

#include "num/logistic.h"

#include <math.h>

/* A chance is kept this far from 0 and 1, so that no answer is impossible. */
#define LEAST_CHANCE 1e-6

/* Beyond this a logit says nothing more: sigmoid(30) = 1 - 1e-13. */
#define MOST_LOGIT 30.0

typedef struct look {
    double flatness; /* kappa * a: what the spread leaves of the slope */
    double inner;    /* sigmoid(flatness * mean) */
    double predicted;
} look;

static look look_at(const piq_encounter *e)
{
    double a = e->discrimination;
    look l;
    l.flatness = a / sqrt(1.0 + M_PI / 8.0 * a * a * e->variance);
    l.inner =
        piq_sigmoid(piq_clamp(l.flatness * e->mean, -MOST_LOGIT, MOST_LOGIT));
    l.predicted = piq_clamp(e->guess + (1.0 - e->guess - e->lapse) * l.inner,
                            LEAST_CHANCE, 1.0 - LEAST_CHANCE);
    return l;
}

double piq_encounter_predict(const piq_encounter *e)
{
    return look_at(e).predicted;
}

piq_observation piq_encounter_observe(const piq_encounter *e, double score,
                                      double strength)
{
    look l = look_at(e);
    double p = l.predicted;
    double dp =
        l.flatness * (1.0 - e->guess - e->lapse) * l.inner * (1.0 - l.inner);
    double per_residual = dp / (p * (1.0 - p));
    return (piq_observation){
        .predicted = p,
        .slope = strength * per_residual * (score - p),
        .info = strength * per_residual * dp,
    };
}
