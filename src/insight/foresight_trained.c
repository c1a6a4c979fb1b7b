/* foresight_trained.c - a trained model's chance, and its logit by group. */
#include "insight/foresight_parts.h"

#include "num/logistic.h"
#include "predict/kt_state.h"

#include <math.h>

/* Newest answers that a sentence tells of. */
enum { LATEST_ON_CONCEPT = 5, LATEST = 6 };
static const double SECONDS_PER_DAY = 86400.0;

/* Schema columns of counts and seconds are log(1 + x). */
static double unlogged(float x)
{
    return expm1((double)x);
}

static unsigned whole(double x)
{
    return isfinite(x) && x > 0.0 ? (unsigned)fmin(round(x), 1e9) : 0;
}

/* The vector that the model sees, but that only the main concept's answers
 * are in the columns of concepts: sentences name that one. */
static void look(const piq_foreseen *s, float x[PIQ_N_FEATURES])
{
    piq_concept_weight only = {s->main, 1.0};
    piq_ask narrowed = s->ask;
    narrowed.concepts = &only;
    narrowed.n_concepts = 1;
    piq_feature_extract(piq_kt_state_features(s->in->learner->trace),
                        piq_kt_binding_tables(s->in->tracing->binding),
                        &narrowed, x);
}

/* How many of the newest answers were right, as far as bits tell. */
static piq_count latest_of(uint32_t bits, unsigned width, uint32_t answers)
{
    piq_count c = {answers < width ? answers : width, 0};
    for (unsigned i = 0; i < c.n; i++)
        c.right += bits >> i & 1u;
    return c;
}

static void fill_trail(piq_foreseen *s)
{
    const piq_trail *t =
        piq_feature_trail(piq_kt_state_features(s->in->learner->trace));
    const piq_trail_concept *k = &t->concepts[s->main.v];
    const piq_trail_item *met = piq_trail_find(t, s->ask.item);
    piq_facts *f = &s->facts;
    if (met) {
        f->tries = (piq_count){met->tries, met->rights};
        f->last_try_right = met->last_right;
    }
    f->on_concept = k->n;
    f->concept_latest = latest_of(k->outcomes, LATEST_ON_CONCEPT, k->n);
    f->latest = latest_of(t->outcomes, LATEST, t->n);
}

static void fill_facts(piq_foreseen *s)
{
    float x[PIQ_N_FEATURES];
    piq_facts *f = &s->facts;
    look(s, x);
    fill_trail(s);
    f->everybody = whole(unlogged(x[PIQ_FEATURE_ITEM_N]));
    f->item_rate = piq_sigmoid((double)x[PIQ_FEATURE_ITEM_RATE]);
    f->days_since = unlogged(x[PIQ_FEATURE_CONCEPT_GAP_S]) / SECONDS_PER_DAY;
    f->recall = (double)x[PIQ_FEATURE_RECALL];
    f->stepwise = piq_sigmoid((double)x[PIQ_FEATURE_BELIEF_LOGIT]);
    f->traced = piq_kt_state_answers(s->in->learner->trace);
}

/* In the order of piq_feature_group. */
static const piq_why why_of_group[PIQ_N_FEATURE_GROUPS] = {
    [PIQ_FEATURES_ITEM] = PIQ_WHY_ITEM,
    [PIQ_FEATURES_ATTEMPT] = PIQ_WHY_ATTEMPT,
    [PIQ_FEATURES_CONCEPT] = PIQ_WHY_CONCEPT,
    [PIQ_FEATURES_LEARNER] = PIQ_WHY_LEARNER,
    [PIQ_FEATURES_RECENT] = PIQ_WHY_RECENT,
    [PIQ_FEATURES_TIME] = PIQ_WHY_TIME,
    [PIQ_FEATURES_BELIEF] = PIQ_WHY_BELIEF,
};

piq_status piq_foresight_trained(piq_foreseen *s, piq_foresight *out)
{
    const piq_tracing *t = s->in->tracing;
    const piq_kt_model *m = piq_kt_binding_model(t->binding);
    piq_kt_explanation e;
    piq_status status =
        piq_kt_explain(s->in->learner->trace, t->binding, &s->ask, &e);
    if (status != PIQ_OK)
        return status;
    fill_facts(s);
    out->predicted = e.p;
    out->logit = e.logit;
    out->base = e.base;
    out->base_text = piq_foresight_base(s->teller, &s->facts, true, e.base);
    out->model = (piq_foresight_model){.version = t->model,
                                       .made_us = m->about.made_us,
                                       .n_answers = m->about.n_answers};
    for (size_t g = 0; g < PIQ_N_FEATURE_GROUPS; g++)
        piq_foresight_add(s, out, why_of_group[g], e.groups[g]);
    if (piq_kt_model_uses(m, PIQ_MEMBER_RNN))
        piq_foresight_add(s, out, PIQ_WHY_SEQUENCE, e.sequence);
    piq_foresight_add(s, out, PIQ_WHY_CALIBRATION, e.calibration);
    return PIQ_OK;
}
