#include "feature/feature.h"

#include "feature/feature_state.h"
#include "memory/fsrs.h"
#include "num/logistic.h"
#include "track/params.h"

#include <math.h>

static const double SECONDS_PER_DAY = 86400.0;
static const int64_t SESSION_GAP_US = (int64_t)30 * 60 * 1000000;
static const int64_t HOUR_US = (int64_t)3600 * 1000000;
/* Rates start as if so much of an answer had been right at .6. */
static const float RATE_STARTS_WITH = 0.5f, RATE_STARTS_AT = 0.6f;
/* Steps between item positions beyond this are one and the same. */
static const int64_t FAR_STEP = 50;

/* A discounted sum of n outcomes as a rate. */
static float rate_of(float sum, float keep, uint32_t n)
{
    float weight = (1.0f - powf(keep, (float)n)) / (1.0f - keep);
    return (sum + RATE_STARTS_WITH * RATE_STARTS_AT) /
           (weight + RATE_STARTS_WITH);
}

static float share_of(uint32_t rights, uint32_t n)
{
    return ((float)rights + 2.0f * RATE_STARTS_AT) / ((float)n + 2.0f);
}

static float log_count(float n)
{
    return log1pf(n);
}

/* Log of the seconds since; NaN when either instant is unknown. */
static float log_seconds(uint32_t now_s, uint32_t then_s)
{
    if (now_s == 0 || then_s == 0)
        return NAN;
    return now_s > then_s ? log1pf((float)(now_s - then_s)) : 0.0f;
}

static void fill_item(const piq_item_view *v, float *out)
{
    const float *e = v->effect;
    out[PIQ_FEATURE_ITEM_LOGIT] = e[PIQ_EFFECT_CONCEPT] + e[PIQ_EFFECT_ITEM];
    out[PIQ_FEATURE_CASE_LOGIT] = e[PIQ_EFFECT_CASE] + e[PIQ_EFFECT_CONCEPT] +
                                  e[PIQ_EFFECT_CONCEPT_CASE] +
                                  e[PIQ_EFFECT_ITEM] + e[PIQ_EFFECT_ITEM_CASE];
    out[PIQ_FEATURE_TABLE_LOGIT] = v->logit;
    out[PIQ_FEATURE_ITEM_RATE] = v->item_rate;
    out[PIQ_FEATURE_CASE_RATE] = v->case_rate;
    out[PIQ_FEATURE_CONCEPT_LOGIT] = e[PIQ_EFFECT_CONCEPT];
    out[PIQ_FEATURE_CONCEPT_CASE] = e[PIQ_EFFECT_CONCEPT_CASE];
    out[PIQ_FEATURE_ITEM_N] = log_count(v->n[PIQ_EFFECT_ITEM]);
    out[PIQ_FEATURE_CASE_N] = log_count(v->n[PIQ_EFFECT_ITEM_CASE]);
    out[PIQ_FEATURE_CONCEPT_N] = log_count(v->n[PIQ_EFFECT_CONCEPT]);
    out[PIQ_FEATURE_ITEM_SLOPE] = v->slope;
    out[PIQ_FEATURE_PAIR_OUTCOME_SHIFT] =
        e[PIQ_EFFECT_PAIR] + e[PIQ_EFFECT_PAIR_OUTCOME];
    out[PIQ_FEATURE_PAIR_N] = log_count(v->n[PIQ_EFFECT_PAIR]);
    out[PIQ_FEATURE_FAR_PAIR_SHIFT] = e[PIQ_EFFECT_FAR_PAIR];
    out[PIQ_FEATURE_FAR_PAIR_N] = log_count(v->n[PIQ_EFFECT_FAR_PAIR]);
    out[PIQ_FEATURE_CONCEPT_PAIR_SHIFT] = e[PIQ_EFFECT_CONCEPT_PAIR];
    out[PIQ_FEATURE_TOPIC_SHIFT] = e[PIQ_EFFECT_TOPIC];
    out[PIQ_FEATURE_TOPIC_N] = log_count(v->n[PIQ_EFFECT_TOPIC]);
    out[PIQ_FEATURE_FAR_TOPIC_SHIFT] = e[PIQ_EFFECT_FAR_TOPIC];
    out[PIQ_FEATURE_FAR_TOPIC_N] = log_count(v->n[PIQ_EFFECT_FAR_TOPIC]);
    out[PIQ_FEATURE_CURVE_SHIFT] = e[PIQ_EFFECT_CURVE];
    out[PIQ_FEATURE_PATTERN_SHIFT] = e[PIQ_EFFECT_PATTERN];
    out[PIQ_FEATURE_FORM_SHIFT] = e[PIQ_EFFECT_FORM];
}

static float item_step(const piq_situation *at)
{
    if (at->item == PIQ_NO_IX32 || at->before == PIQ_NO_IX32)
        return NAN;
    int64_t step = (int64_t)at->item - at->before;
    if (step > FAR_STEP)
        return (float)FAR_STEP;
    return (float)(step < -FAR_STEP ? -FAR_STEP : step);
}

static void fill_attempt(const piq_feature_state *s, const piq_ask *ask,
                         const piq_situation *at, float *out)
{
    const piq_trail_item *met = piq_trail_find(&s->trail, ask->item);
    out[PIQ_FEATURE_CASE] = (float)at->at;
    out[PIQ_FEATURE_TRIES] = met ? log_count((float)met->tries) : 0.0f;
    out[PIQ_FEATURE_WRONG_RUN] = met ? (float)met->wrong_run : 0.0f;
    out[PIQ_FEATURE_ITEM_GAP] =
        met ? log_count((float)(s->trail.n - met->last)) : NAN;
    out[PIQ_FEATURE_ITEM_STEP] = item_step(at);
}

/* --- concepts: the mean over those of the ask, by weight --------------------
 */

static void add(float *out, int column, float weight, float x)
{
    out[column] += weight * x;
}

static void add_concept(const piq_feature_state *s, const piq_concept_weight *w,
                        float *out)
{
    const piq_feature_concept *k = &s->concepts[w->concept.v];
    const piq_trail_concept *m = &s->trail.concepts[w->concept.v];
    const piq_track_cell *b = &s->track.concepts[w->concept.v];
    float x = (float)w->weight;
    add(out, PIQ_FEATURE_CONCEPT_SHARE, x, share_of(m->rights, m->n));
    add(out, PIQ_FEATURE_CONCEPT_RATE_70, x,
        rate_of(k->rate[0], piq_feature_concept_keep[0], m->n));
    add(out, PIQ_FEATURE_CONCEPT_RATE_90, x,
        rate_of(k->rate[1], piq_feature_concept_keep[1], m->n));
    add(out, PIQ_FEATURE_CONCEPT_RESIDUAL_80, x, k->residual);
    add(out, PIQ_FEATURE_CONCEPT_ABILITY, x, k->ability);
    add(out, PIQ_FEATURE_BELIEF_CONCEPT, x, b->mean);
    add(out, PIQ_FEATURE_BELIEF_CONCEPT_VARIANCE, x, b->variance);
}

/* What has no mean: of the main concept. */
static void fill_main_concept(const piq_feature_state *s, uint16_t concept,
                              uint32_t now_s, float *out)
{
    const piq_feature_concept *k = &s->concepts[concept];
    const piq_trail_concept *m = &s->trail.concepts[concept];
    out[PIQ_FEATURE_CONCEPT_GAP] =
        m->n ? log_count((float)(s->trail.n - m->last)) : NAN;
    out[PIQ_FEATURE_CONCEPT_GAP_S] = log_seconds(now_s, k->last_s);
    out[PIQ_FEATURE_RECALL] = NAN;
    if (now_s != 0 && k->stability_days > 0.0f)
        out[PIQ_FEATURE_RECALL] = (float)piq_fsrs_recall(
            piq_fsrs_defaults(),
            now_s > k->last_s ? (now_s - k->last_s) / SECONDS_PER_DAY : 0.0,
            (double)k->stability_days);
}

static void fill_learner(const piq_feature_state *s, float *out)
{
    const piq_trail *t = &s->trail;
    float n = (float)t->n;
    out[PIQ_FEATURE_ANSWERS] = log_count(n);
    out[PIQ_FEATURE_RIGHT_SHARE] = share_of(t->rights, t->n);
    out[PIQ_FEATURE_RESIDUAL] = s->residual_sum / (n + 5.0f);
    out[PIQ_FEATURE_FIRST_RESIDUAL] = s->first;
    out[PIQ_FEATURE_FIRST_SHARE] = share_of(s->first_rights, s->n_first);
    out[PIQ_FEATURE_ABILITY] = s->ability;
    out[PIQ_FEATURE_CONCEPTS_MET] = (float)t->n_practised;
    out[PIQ_FEATURE_FIRST_TRIES] = ((float)s->n_first + 1.0f) / (n + 2.0f);
    out[PIQ_FEATURE_SWITCHES] = s->switches;
}

static void fill_recent(const piq_feature_state *s, float *out)
{
    const piq_trail *t = &s->trail;
    for (int i = 0; i < PIQ_N_RATES; i++)
        out[PIQ_FEATURE_RATE_50 + i] =
            rate_of(s->rate[i], piq_feature_rate_keep[i], t->n);
    for (int i = 0; i < PIQ_N_RESIDUALS; i++)
        out[PIQ_FEATURE_RESIDUAL_90 + i] = s->residual[i];
    out[PIQ_FEATURE_STREAK] = (float)s->streak;
    for (int i = 0; i < PIQ_N_LAST; i++)
        out[PIQ_FEATURE_LAST_RESIDUAL + i] = s->last_residual[i];
    out[PIQ_FEATURE_RECENT_FIRST] = s->recent_first;
}

static void fill_time(const piq_feature_state *s, const piq_ask *ask,
                      uint32_t now_s, float *out)
{
    const piq_trail_item *met = piq_trail_find(&s->trail, ask->item);
    bool timed = ask->at_us != PIQ_NO_TIME;
    bool both = timed && s->last_us != PIQ_NO_TIME;
    int64_t gap_us = both ? ask->at_us - s->last_us : 0;
    out[PIQ_FEATURE_ANSWER_GAP] = both ? log1pf((float)gap_us / 1e6f) : NAN;
    out[PIQ_FEATURE_ITEM_GAP_S] = met ? log_seconds(now_s, met->last_s) : NAN;
    out[PIQ_FEATURE_SESSION_ANSWERS] =
        timed ? log_count(gap_us > SESSION_GAP_US ? 0.0f : (float)s->session_n)
              : NAN;
    out[PIQ_FEATURE_HOUR] = timed ? (float)((ask->at_us / HOUR_US) % 24) : NAN;
    bool paced = s->n_paced > 0;
    out[PIQ_FEATURE_LAST_PACE] = paced ? s->last_pace : NAN;
    out[PIQ_FEATURE_PACE] = paced ? s->pace : NAN;
    out[PIQ_FEATURE_HINTS] = s->hints;
}

static void fill_belief(const piq_feature_state *s, const piq_feature_tables *t,
                        const piq_ask *ask, const piq_item_view *v, float *out)
{
    piq_task task = piq_feature_task(v, ask, t->catalogue);
    double p = piq_track_predict(&s->track, piq_track_defaults(), t->catalogue,
                                 &task, piq_feature_instant(s, ask));
    out[PIQ_FEATURE_BELIEF_LOGIT] = (float)piq_logit(p);
    out[PIQ_FEATURE_BELIEF_MEAN] = s->track.learner.mean;
    out[PIQ_FEATURE_BELIEF_VARIANCE] = s->track.learner.variance;
    out[PIQ_FEATURE_ELO_LOGIT] =
        v->logit + piq_feature_ability(s, ask) + s->form;
}

void piq_feature_extract(const piq_feature_state *s,
                         const piq_feature_tables *t, const piq_ask *asked,
                         float out[PIQ_N_FEATURES])
{
    piq_ask ask = *asked;
    if (ask.at_us != PIQ_NO_TIME && ask.at_us < s->last_us)
        ask.at_us = s->last_us;
    uint32_t now_s = ask.at_us == PIQ_NO_TIME || ask.at_us <= 0
                         ? 0
                         : (uint32_t)(ask.at_us / 1000000);
    piq_situation at;
    piq_item_view v;
    piq_trail_situation(&s->trail, &ask, &at);
    piq_item_binding_look(t->items, &at, &v);
    for (int i = 0; i < PIQ_N_FEATURES; i++)
        out[i] = 0.0f;
    fill_item(&v, out);
    fill_attempt(s, &ask, &at, out);
    for (size_t i = 0; i < ask.n_concepts; i++)
        add_concept(s, &ask.concepts[i], out);
    fill_main_concept(s, at.concept, now_s, out);
    fill_learner(s, out);
    fill_recent(s, out);
    fill_time(s, &ask, now_s, out);
    fill_belief(s, t, &ask, &v, out);
}
