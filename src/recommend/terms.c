/* terms.c - the features of one candidate. Each is in [0,1], 1 is best. */
#include "recommend/terms.h"

#include "base/calendar.h"
#include "num/logistic.h"
#include "recommend/rules.h"
#include "track/gain.h"

#include <math.h>

/* Learning and remembering lead; the rest decides between what is about as
 * useful. Diversity is kept apart: it may cost a content at most its weight. */
static const double weights[PIQ_N_TERMS] = {
    [PIQ_TERM_LEARNING_GAIN] = 0.42,      [PIQ_TERM_RECALL_AT_RISK] = 0.20,
    [PIQ_TERM_DIFFICULTY_FIT] = 0.10,     [PIQ_TERM_FORMAT_PREFERENCE] = 0.05,
    [PIQ_TERM_CHARACTER_AFFINITY] = 0.03, [PIQ_TERM_NOVELTY] = 0.04,
    [PIQ_TERM_SESSION_FIT] = 0.06,        [PIQ_TERM_DIVERSITY] = 0.10,
};

/* Real content reaches a tenth to a third of the most that a minute can teach;
 * the curve spreads that range over most of 0..1. */
#define GAIN_SPREAD  4.0
/* Of a review's or drill's novelty, how fast it comes back. */
#define NOVELTY_DAYS 14.0
/* Of ln(minutes / session): twice the session costs .6 of the term. */
#define SESSION_SD   0.5
/* Recall lost, in multiples of what the learner allows, that counts as all. */
#define RISK_SPAN    3.0

const double *piq_recommend_weights(void)
{
    return weights;
}

double piq_recommend_risk(const piq_recommend_input *in, piq_concept_ix concept)
{
    double recall = in->beliefs[concept.v].recall;
    if (isnan(recall))
        return 0;
    double allowed = 1 - in->desired_retention;
    double lost = (1 - recall) / (RISK_SPAN * allowed);
    return in->value[concept.v] * piq_clamp(lost, 0, 1);
}

static double recall_at_risk(const piq_recommend_input *in,
                             const piq_content *x)
{
    if (!piq_recommend_repeats(x))
        return 0;
    double risk = 0;
    for (size_t i = 0; i < x->n_concepts; i++)
        risk += x->concepts[i].weight *
                piq_recommend_risk(in, x->concepts[i].concept);
    return piq_clamp(risk, 0, 1);
}

static double novelty(const piq_recommend_input *in, piq_content_ix content)
{
    const piq_content_history *h = &in->history[content.v];
    int64_t now_s = in->now_us / PIQ_US_PER_SECOND;
    double since_s = (double)(now_s - (int64_t)h->last_s);
    double days = since_s > 0 ? since_s / 86400 : 0;
    double value = 1;
    switch (h->progress) {
    case PIQ_UNTOUCHED:
        break;
    case PIQ_STARTED: /* half a novelty: to be carried on */
        value = 0.7;
        break;
    case PIQ_ABANDONED:
        value = 0.3;
        break;
    case PIQ_COMPLETED:
        value = -expm1(-days / NOVELTY_DAYS);
        break;
    }
    return h->dismissed_s ? value / 2 : value;
}

/* A course is taken part by part: what must fit is its next part. */
static double session_fit(const piq_recommend_input *in, const piq_content *x)
{
    double minutes = x->minutes;
    if (x->type == PIQ_COURSE && x->n_contains > 0) {
        piq_content_ix part = piq_recommend_open_part(in, x);
        if (part.v != PIQ_NO_IX32)
            minutes = in->catalogue->contents[part.v].minutes;
    }
    if (minutes <= in->session_minutes)
        return 1;
    double over = log(minutes / in->session_minutes) / SESSION_SD;
    return exp(-over * over / 2);
}

static double character_affinity(const piq_recommend_input *in,
                                 const piq_content *x)
{
    if (!in->characters || x->character.v == PIQ_NO_IX16)
        return 0.5;
    return in->characters[x->character.v].value;
}

double piq_recommend_terms(const piq_recommend_input *in,
                           piq_content_ix content, double value[PIQ_N_TERMS])
{
    const piq_content *x = &in->catalogue->contents[content.v];
    double difficulty = in->content_difficulty_logit
                            ? in->content_difficulty_logit[content.v]
                            : piq_difficulty_logit(x->difficulty);
    double success = piq_gain_success(x, in->beliefs, difficulty);
    double gain = piq_gain_expected(x, in->beliefs, in->value, success, 1);
    /* No minute can teach more than PIQ_GAIN_RATE: that is 1. */
    double rate = gain / (x->minutes * PIQ_GAIN_RATE);

    value[PIQ_TERM_LEARNING_GAIN] = -expm1(-GAIN_SPREAD * rate);
    value[PIQ_TERM_RECALL_AT_RISK] = recall_at_risk(in, x);
    value[PIQ_TERM_DIFFICULTY_FIT] = piq_gain_fit_of(x, success);
    value[PIQ_TERM_FORMAT_PREFERENCE] = in->modality[x->modality].value;
    value[PIQ_TERM_CHARACTER_AFFINITY] = character_affinity(in, x);
    value[PIQ_TERM_NOVELTY] = novelty(in, content);
    value[PIQ_TERM_SESSION_FIT] = session_fit(in, x);
    value[PIQ_TERM_DIVERSITY] = 1;
    return success;
}

piq_concept_ix piq_recommend_main_concept(const piq_recommend_input *in,
                                          piq_content_ix content)
{
    const piq_content *x = &in->catalogue->contents[content.v];
    bool repeats = piq_recommend_repeats(x);
    piq_concept_ix best = {PIQ_NO_IX16};
    double most = -1;
    for (size_t i = 0; i < x->n_concepts; i++) {
        piq_concept_ix k = x->concepts[i].concept;
        double worth = in->value[k.v] * (1 - in->beliefs[k.v].mastery);
        if (repeats && piq_recommend_due(in, k))
            worth += 1 + piq_recommend_risk(in, k);
        /* Nothing of worth in it: then the greatest share. */
        worth = x->concepts[i].weight * (worth + 1e-6);
        if (worth > most) {
            most = worth;
            best = k;
        }
    }
    return best;
}
