#include "insight/forecast.h"

#include "num/logistic.h"
#include "track/params.h"

#include <math.h>

/* Student's t with 6 degrees of freedom: quantiles .9 and .95. */
static const double T80 = 1.439756, T90 = 1.943180;

static const piq_forecast_params defaults = {
    .tilt = 0.87,
    .spread = 1.1,
    .spread_fade = 0.17,
    .shared = 0.7,
    .behind = 0.25,
    .pace = 0.3,
    .pace_log_sd = 1.0,
    .pace_slows = 0.6,
    .pace_hours = 200,
    .elsewhere = 0.5,
    .forgotten = 0.1,
    .walk_month = 0.1,
    .rested = 0.12,
    .spell = 0.2,
    .spell_month = 0.3,
};

const piq_forecast_params *piq_forecast_defaults(void)
{
    return &defaults;
}

/* ---- mastery of a set -------------------------------------------------- */

typedef struct parts {
    double own, area, learner; /* of one concept's variance, together 1 */
} parts;

/* How much of a concept's doubt is its own, its area's and the learner's. */
static parts parts_of(const piq_track *t, size_t concept, size_t area)
{
    const piq_track_params *p = piq_track_defaults();
    double s_k = p->concept_var, s_a = p->area_var, s_l = p->learner_var;
    if (concept < t->n_concepts && t->concepts[concept].last_s)
        s_k = (double)t->concepts[concept].variance;
    if (area < t->n_areas && t->areas[area].last_s)
        s_a = (double)t->areas[area].variance;
    if (t->learner.last_s)
        s_l = (double)t->learner.variance;
    double b_k = fmin(1, s_k / p->concept_var);
    double b_a = fmin(1, s_a / p->area_var);
    double from_area = b_k * b_k * s_a,
           from_learner = b_k * b_k * b_a * b_a * s_l;
    double all = s_k + from_area + from_learner;
    return (parts){s_k / all, from_area / all, from_learner / all};
}

double piq_expected_mastery(const piq_belief *b)
{
    double e =
        piq_sigmoid_gauss(piq_logit(b->mastery), b->sd_logit * b->sd_logit);
    double behind = b->evidence < 1 ? defaults.behind : 0;
    return piq_sigmoid(defaults.tilt * piq_logit(e) - behind);
}

piq_set_belief piq_set_belief_of(const piq_learner *l, const piq_catalogue *c,
                                 const piq_belief *beliefs, double answers,
                                 const piq_concept_ix *concepts, size_t n)
{
    const piq_forecast_params *f = &defaults;
    double area[PIQ_MAX_AREAS] = {0}, learner = 0, own = 0;
    piq_set_belief set = {0};
    for (size_t i = 0; i < n; i++) {
        const piq_belief *b = &beliefs[concepts[i].v];
        size_t a = c->concepts[concepts[i].v].area.v;
        double v = b->sd_logit * b->sd_logit;
        double e = piq_expected_mastery(b);
        double kappa = 1 / sqrt(1 + M_PI / 8 * v);
        double g = kappa * e * (1 - e) / (double)n;
        parts p = parts_of(&l->track, concepts[i].v, a);
        set.told += b->mastery / (double)n;
        set.mean += e / (double)n;
        set.evidence += (double)b->evidence;
        own += g * g * p.own * v;
        area[a] += g * sqrt(p.area * v);
        learner += g * sqrt(p.learner * v);
    }
    double variance = own + f->shared * learner * learner;
    for (size_t a = 0; a < c->n_areas; a++)
        variance += area[a] * area[a];
    variance *= f->spread *
                pow(fmax(answers, PIQ_FORECAST_ANSWERS) / 100, -f->spread_fade);
    set.sd = sqrt(variance);
    return set;
}

unsigned piq_forecast_missing(double learner_evidence, double set_evidence)
{
    double all = PIQ_FORECAST_ANSWERS - learner_evidence;
    double own = PIQ_FORECAST_SET_ANSWERS - set_evidence;
    return (unsigned)ceil(fmax(0, fmax(all, own)));
}

/* ---- answers to come --------------------------------------------------- */

piq_answer_forecast piq_forecast_answers(const piq_answer_outlook *o)
{
    const piq_forecast_params *f = &defaults;
    double believed = piq_clamp(o->chance, 0.01, 0.99);
    double rested =
        f->rested * fmin(1, o->days) * o->slope / (believed * (1 - believed));
    double x = piq_logit(believed) + rested;
    double share = piq_sigmoid(x);
    double spells =
        f->spell * f->spell + f->spell_month * f->spell_month * o->days / 28;
    double variance = o->believed + o->drawn + spells * o->slope * o->slope;
    double s = sqrt(variance) / (share * (1 - share));
    double t80 = T80 * s, t90 = T90 * s;
    return (piq_answer_forecast){share, piq_sigmoid(x - t80),
                                 piq_sigmoid(x + t80), piq_sigmoid(x - t90),
                                 piq_sigmoid(x + t90)};
}
