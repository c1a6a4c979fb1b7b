/* terms.c - the features of one candidate. Each is in [0,1], 1 is best. */
#include "recommend/terms.h"

#include "base/calendar.h"
#include "num/logistic.h"
#include "recommend/rules.h"
#include "track/gain.h"

#include <math.h>

/* Learning and remembering lead; the rest decides between what is about as
 * useful. Diversity is kept apart: it may cost a content at most its weight.
 * Terms with a weight of 0 say nothing until outcomes have shown that they
 * should. Remembering may move less than what is a matter of liking. */
static const piq_term_spec specs[PIQ_N_TERMS] = {
    [PIQ_TERM_LEARNING_GAIN] = {"mastery a minute, by worth to the goals",
                                "1 - exp(-4 rate / greatest rate)", 0.42, 0.15},
    [PIQ_TERM_RECALL_AT_RISK] = {"recall lost, by worth",
                                 "0 just repeated, 1/3 due, 1 thrice that",
                                 0.20, 0.10},
    [PIQ_TERM_DIFFICULTY_FIT] = {"chance of success",
                                 "1 where it is .7 to .9, Gaussian outside",
                                 0.10, 0.10},
    [PIQ_TERM_FORMAT_PREFERENCE] = {"result against what was predicted",
                                    ".5 as everybody", 0.05, 0.15},
    [PIQ_TERM_CHARACTER_AFFINITY] = {"ratings and coming back",
                                     ".5 as everybody", 0.03, 0.15},
    [PIQ_TERM_NOVELTY] = {"progress, days", "1 untouched, .3 abandoned", 0.04,
                          0.15},
    [PIQ_TERM_SESSION_FIT] = {"ln of minutes over a usual session",
                              "1 fits, .38 twice as long", 0.06, 0.15},
    [PIQ_TERM_DIVERSITY] = {"cosine of concept weights",
                            "1 nothing like it stands before, 0 the same", 0.10,
                            0},
    [PIQ_TERM_TASTE] = {"item-item weights on what was liked",
                        ".5 nothing known, 1 most to the taste", 0, 0.30},
    [PIQ_TERM_POPULARITY] = {"mean reward over learners, shrunk",
                             "0 always dismissed, 1 always completed", 0, 0.30},
    [PIQ_TERM_GOAL_MATCH] = {"worth of its concepts",
                             "0 none, 1 all are targets", 0, 0.15},
    [PIQ_TERM_PATH_POSITION] = {"place on the learner's plan",
                                "1 next, 1/k at place k, 0 not soon", 0, 0.20},
    [PIQ_TERM_TIME_OF_DAY] = {"result at this hour by share of failure",
                              ".5 usual hour or easy content", 0, 0.15},
    [PIQ_TERM_FRESHNESS] = {"minutes of this session by its own minutes",
                            "1 just begun or nothing to do", 0, 0.15},
    [PIQ_TERM_STREAK] = {"days in a row by its minutes",
                         "1 a minute keeps a week's streak, 0 no need", 0,
                         0.15},
    [PIQ_TERM_CARRY_ON] = {"progress", "1 begun and not finished", 0, 0.20},
    [PIQ_TERM_THREAD] = {"hours since its concept was practised",
                         "1 now, 1/2 after 12 hours, 0 never", 0, 0.15},
    [PIQ_TERM_TYPE_AFFINITY] = {"share of its type that is finished",
                                ".5 as everybody", 0, 0.20},
    [PIQ_TERM_BREVITY] = {"minutes", "1 none, 1/2 a usual session", 0, 0.15},
    [PIQ_TERM_PRACTICE] = {"kind", "1 asks, 0 explains", 0, 0.15},
    [PIQ_TERM_TYPE] = {"none", "always 1", 0, 0.30},
    [PIQ_TERM_PROMOTION] = {"score", "boosts of the rules that promote it", 1,
                            0},
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

/* Hours after which the thread of a concept is half lost. */
#define THREAD_HOURS 12.0
/* A streak so long is worth the most. */
#define STREAK_DAYS  7.0

const piq_term_spec *piq_recommend_term_spec(piq_term t)
{
    PIQ_ASSERT((unsigned)t < PIQ_N_TERMS);
    return &specs[t];
}

/* How far the concept's recall has fallen, worth included: 0 just repeated,
 * 1/3 at the desired retention, 1 from three times the allowed loss on. */
static double risk_of(const piq_recommend_input *in, piq_concept_ix concept)
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
        risk += x->concepts[i].weight * risk_of(in, x->concepts[i].concept);
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
static double session_fit(const piq_recommend_input *in, double minutes)
{
    if (minutes <= in->session_minutes)
        return 1;
    double over = log(minutes / in->session_minutes) / SESSION_SD;
    return exp(-over * over / 2);
}

/* Minutes of what is taken at one go. */
static double sitting(const piq_recommend_input *in, const piq_content *x)
{
    if (x->type != PIQ_COURSE || x->n_contains == 0)
        return x->minutes;
    piq_content_ix part = piq_recommend_open_part(in, x);
    return part.v == PIQ_NO_IX32 ? x->minutes
                                 : in->catalogue->contents[part.v].minutes;
}

static double goal_match(const piq_recommend_input *in, const piq_content *x)
{
    double match = 0;
    for (size_t i = 0; i < x->n_concepts; i++)
        match += x->concepts[i].weight * in->value[x->concepts[i].concept.v];
    return piq_clamp(match, 0, 1);
}

static double path_position(const piq_recommend_input *in,
                            piq_content_ix content)
{
    for (size_t i = 0; i < in->n_plan; i++)
        if (in->plan[i].v == content.v)
            return 1 / (double)(i + 1);
    return 0;
}

static double thread(const piq_recommend_input *in, const piq_content *x)
{
    int64_t last_us = INT64_MIN;
    for (size_t i = 0; i < x->n_concepts; i++) {
        int64_t k = in->beliefs[x->concepts[i].concept.v].last_us;
        last_us = k > last_us ? k : last_us;
    }
    if (last_us == INT64_MIN)
        return 0;
    double hours = (double)(in->now_us - last_us) / (double)PIQ_US_PER_HOUR;
    return THREAD_HOURS / (THREAD_HOURS + fmax(0, hours));
}

/* The habits of the learner: what suits now. */
static void habits(const piq_recommend_input *in, const piq_content *x,
                   double success, double minutes, double value[PIQ_N_TERMS])
{
    const piq_recommend_habits *h = &in->habits;
    double share = minutes / (minutes + in->session_minutes);
    double tired =
        h->session_spent_min / (h->session_spent_min + in->session_minutes);
    double streak = piq_clamp(h->streak_days / STREAK_DAYS, 0, 1);
    value[PIQ_TERM_TIME_OF_DAY] =
        piq_clamp(0.5 + 2 * h->hour_lift * (1 - success), 0, 1);
    value[PIQ_TERM_FRESHNESS] = 1 - tired * share;
    value[PIQ_TERM_STREAK] = streak * (1 - share);
    value[PIQ_TERM_TYPE_AFFINITY] =
        piq_clamp(0.5 + h->type_lift[x->type], 0, 1);
    value[PIQ_TERM_BREVITY] = 1 - share;
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
    double minutes = sitting(in, x);
    value[PIQ_TERM_SESSION_FIT] = session_fit(in, minutes);
    value[PIQ_TERM_DIVERSITY] = 1;
    value[PIQ_TERM_TASTE] = in->taste ? in->taste->term[content.v] : 0.5;
    value[PIQ_TERM_POPULARITY] =
        in->popularity ? in->popularity[content.v] : 0.5;
    value[PIQ_TERM_GOAL_MATCH] = goal_match(in, x);
    value[PIQ_TERM_PATH_POSITION] = path_position(in, content);
    value[PIQ_TERM_CARRY_ON] =
        in->history[content.v].progress == PIQ_STARTED ? 1 : 0;
    value[PIQ_TERM_THREAD] = thread(in, x);
    value[PIQ_TERM_PRACTICE] = piq_recommend_repeats(x) ? 1 : 0;
    value[PIQ_TERM_TYPE] = 1;
    value[PIQ_TERM_PROMOTION] = 0;
    habits(in, x, success, minutes, value);
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
            worth += 1 + risk_of(in, k);
        /* Nothing of worth in it: then the greatest share. */
        worth = x->concepts[i].weight * (worth + 1e-6);
        if (worth > most) {
            most = worth;
            best = k;
        }
    }
    return best;
}
