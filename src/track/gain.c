/* gain.c - the exponential law of practice on beliefs. */
#include "track/gain.h"

#include "num/logistic.h"

#include <math.h>

#define FIT_LOW  0.70
#define FIT_HIGH 0.90
#define FIT_SD   0.15

/* What content keeps of its effect when it fits badly. A text that is too hard
 * still explains; a task that is too hard is mostly a guess. */
#define FLOOR_EXPOSITION 0.60
#define FLOOR_PRACTICE   0.20

double piq_gain_success(const piq_content *content, const piq_belief *beliefs,
                        double difficulty_logit)
{
    double ability = 0, sd = 0, weight = 0;
    for (size_t i = 0; i < content->n_concepts; i++) {
        const piq_belief *b = &beliefs[content->concepts[i].concept.v];
        double w = content->concepts[i].weight;
        ability += w * b->ability_logit;
        sd += w * b->sd_logit;
        weight += w;
    }
    if (weight <= 0)
        return 0.5;
    sd /= weight;
    return piq_sigmoid_gauss(ability / weight - difficulty_logit, sd * sd);
}

double piq_gain_fit(double success)
{
    double off = 0;
    if (success < FIT_LOW)
        off = FIT_LOW - success;
    else if (success > FIT_HIGH)
        off = success - FIT_HIGH;
    else
        return 1;
    return exp(-off * off / (2 * FIT_SD * FIT_SD));
}

/* An assessment measures more than it teaches; a review repeats what is
 * known; a session against a character has pauses and easy spots in it. */
static double kind_factor(const piq_content *content)
{
    switch (content->type) {
    case PIQ_COURSE:
    case PIQ_LESSON:
        return 1;
    case PIQ_ASSESSMENT:
        return 0.5;
    case PIQ_CHARACTER:
        return 0.8;
    case PIQ_REVIEW:
        return 0.5;
    }
    return 1;
}

static bool asks(const piq_content *content)
{
    return content->practice || content->type == PIQ_ASSESSMENT ||
           content->type == PIQ_CHARACTER || content->type == PIQ_REVIEW;
}

double piq_gain_fit_of(const piq_content *content, double success)
{
    double least = asks(content) ? FLOOR_PRACTICE : FLOOR_EXPOSITION;
    return least + (1 - least) * piq_gain_fit(success);
}

double piq_gain_dose(const piq_content *content, double success, double pace)
{
    return PIQ_GAIN_RATE * content->minutes * kind_factor(content) *
           piq_gain_fit_of(content, success) * pace;
}

double piq_gain_mastery(double mastery, double dose)
{
    return mastery - (1 - mastery) * expm1(-dose);
}

double piq_gain_expected(const piq_content *content, const piq_belief *beliefs,
                         const double *value, double success, double pace)
{
    double dose = piq_gain_dose(content, success, pace);
    double gain = 0;
    for (size_t i = 0; i < content->n_concepts; i++) {
        size_t k = content->concepts[i].concept.v;
        double left = value[k] * (1 - beliefs[k].mastery);
        if (left > 0)
            gain -= left * expm1(-dose * content->concepts[i].weight);
    }
    return gain;
}

static void move(piq_belief *b, double dose, double answers)
{
    double before = piq_clamp(b->mastery, 1e-6, 1 - 1e-6);
    double after = piq_clamp(piq_gain_mastery(before, dose), 1e-6, 1 - 1e-6);
    b->ability_logit += piq_logit(after) - piq_logit(before);
    b->mastery_low = piq_gain_mastery(b->mastery_low, dose);
    b->mastery_high = piq_gain_mastery(b->mastery_high, dose);
    b->mastery = piq_gain_mastery(b->mastery, dose);
    b->evidence += (float)answers;
}

void piq_gain_apply(const piq_content *content, piq_belief *beliefs,
                    double pace)
{
    double success = piq_gain_success(
        content, beliefs, piq_difficulty_logit(content->difficulty));
    double dose = piq_gain_dose(content, success, pace);
    double answers =
        asks(content) ? content->minutes / PIQ_MINUTES_EACH_ANSWER : 0;
    for (size_t i = 0; i < content->n_concepts; i++) {
        double w = content->concepts[i].weight;
        move(&beliefs[content->concepts[i].concept.v], dose * w, answers * w);
    }
}

void piq_gain_apply_review(piq_belief *belief, double pace)
{
    double fit =
        FLOOR_PRACTICE + (1 - FLOOR_PRACTICE) * piq_gain_fit(belief->mastery);
    move(belief, PIQ_GAIN_RATE * PIQ_REVIEW_MINUTES * fit * pace,
         PIQ_REVIEW_ANSWERS);
}
