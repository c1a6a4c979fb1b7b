#include "random_learner.h"

#include "base/calendar.h"
#include "base/rng.h"
#include "memory/fsrs.h"
#include "num/logistic.h"

#include <math.h>
#include <stdlib.h>

static void *zeroed(size_t n, size_t size)
{
    void *p = calloc(n ? n : 1, size);
    if (!p)
        abort();
    return p;
}

static piq_belief belief_of(piq_rng *rng, const piq_concept *k, double ability,
                            bool practised)
{
    double middle = piq_difficulty_logit(k->difficulty);
    double sd = practised ? 0.3 + 0.4 * piq_rng_uniform(rng) : 1;
    piq_belief b = {.ability_logit = ability,
                    .sd_logit = sd,
                    .mastery = piq_sigmoid(ability - middle),
                    .mastery_low = piq_sigmoid(ability - middle - 1.645 * sd),
                    .mastery_high = piq_sigmoid(ability - middle + 1.645 * sd),
                    .recall = NAN,
                    .stability_days = NAN,
                    .due_us = INT64_MAX,
                    .last_us = INT64_MIN};
    if (!practised)
        return b;
    double days = 30 * piq_rng_uniform(rng);
    b.stability_days = 1 + 40 * piq_rng_uniform(rng);
    b.recall = piq_fsrs_recall(piq_fsrs_defaults(), days, b.stability_days);
    b.last_us = RANDOM_NOW_US - (int64_t)(days * (double)PIQ_US_PER_DAY);
    double due = piq_fsrs_interval(piq_fsrs_defaults(), b.stability_days, 0.9);
    b.due_us = b.last_us + (int64_t)(due * (double)PIQ_US_PER_DAY);
    b.n_answers = 1 + (uint32_t)piq_rng_below(rng, 30);
    b.evidence = (float)b.n_answers;
    return b;
}

static piq_content_history history_of(piq_rng *rng, double progress)
{
    piq_content_history h = {.score = NAN};
    uint32_t now_s = (uint32_t)(RANDOM_NOW_US / PIQ_US_PER_SECOND);
    if (piq_rng_uniform(rng) < 0.6 * progress)
        h.progress = (piq_progress)(1 + piq_rng_below(rng, 3));
    if (h.progress != PIQ_UNTOUCHED)
        h.last_s = now_s - (uint32_t)piq_rng_below(rng, 60 * 86400);
    if (piq_rng_below(rng, 20) == 0)
        h.dismissed_s = now_s - (uint32_t)piq_rng_below(rng, 14 * 86400);
    h.completions = h.progress == PIQ_COMPLETED;
    return h;
}

random_learner random_learner_new(uint64_t seed, const piq_catalogue *c,
                                  double progress)
{
    piq_rng rng;
    piq_rng_seed(&rng, seed);
    random_learner l = {.beliefs = zeroed(c->n_concepts, sizeof *l.beliefs),
                        .history = zeroed(c->n_contents, sizeof *l.history),
                        .value = zeroed(c->n_concepts, sizeof *l.value)};
    double level = -2.5 + 3.5 * progress + 0.5 * piq_rng_normal(&rng);
    for (size_t k = 0; k < c->n_concepts; k++) {
        bool practised = piq_rng_uniform(&rng) < progress;
        double ability = level + (practised ? 1 : 0) + piq_rng_normal(&rng);
        l.beliefs[k] = belief_of(&rng, &c->concepts[k], ability, practised);
        l.value[k] = piq_rng_uniform(&rng);
    }
    for (size_t x = 0; x < c->n_contents; x++)
        l.history[x] = history_of(&rng, progress);
    return l;
}

void random_learner_free(random_learner *l)
{
    free(l->beliefs);
    free(l->history);
    free(l->value);
    *l = (random_learner){0};
}
