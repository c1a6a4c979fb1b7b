/* policies.c - what each policy offers, and what it learns. */
#include "base/calendar.h"
#include "insight/inputs.h"
#include "trial/classroom.h"
#include "trial/liking.h"

#include <string.h>

/* Popularity: so many as if shown, rewarded as all are. */
static const double SHRINK = 10;

/* --- offering --------------------------------------------------------------
 */

static void as_served(const piq_slate *s, piq_trial_slate *out)
{
    for (size_t i = 0; i < s->n && i < PIQ_CHOOSER_MAX_SLATE; i++) {
        const piq_recommendation *x = &s->list[i];
        out->content[i] = x->content;
        out->propensity[i] = (float)x->propensity;
        for (int t = 0; t < PIQ_N_TERMS; t++)
            out->features[i][t] = (float)x->terms[t].value;
        out->n = i + 1;
    }
    out->explored = s->explored;
    out->n_explored = s->n_explored;
    out->slot = s->slot;
}

/* The best by one score alone, in order; equal ones by position. */
static piq_status by_score(piq_classroom *r, const piq_slate *s,
                           const double *score, piq_trial_slate *out)
{
    size_t top[PIQ_CHOOSER_MAX_SLATE], n = 0;
    for (size_t i = 0; i < s->n_candidates; i++) {
        size_t at = n;
        while (at > 0 && score[top[at - 1]] < score[i])
            at--;
        if (at == r->o->slate)
            continue;
        if (n < r->o->slate)
            n++;
        for (size_t j = n - 1; j > at; j--)
            top[j] = top[j - 1];
        top[at] = i;
    }
    for (size_t i = 0; i < n; i++) {
        out->content[i] = s->candidates[top[i]].content;
        out->propensity[i] = 1;
    }
    out->n = n;
    return PIQ_OK;
}

static double score_of(piq_classroom *r, const piq_recommend_input *in,
                       piq_content_ix content)
{
    switch (r->policy) {
    case PIQ_TRIAL_TASTE:
        return in->taste ? in->taste->term[content.v] : 0.5;
    case PIQ_TRIAL_POPULAR:
        return r->popularity[content.v];
    case PIQ_TRIAL_ENGINE:
    case PIQ_TRIAL_BEFORE:
    case PIQ_TRIAL_RANDOM:
        break;
    }
    return piq_rng_uniform(&r->rng);
}

/* Everything is asked of the engine, candidates too: rules are the same for
 * all policies. */
piq_status piq_trial_choose(piq_classroom *r, piq_seat *seat,
                            piq_trial_slate *out)
{
    piq_judge by = {.book = r->book};
    piq_recommend_request request = {-1, r->o->slate};
    piq_recommend_input in;
    piq_slate slate;
    *out = (piq_trial_slate){0};
    piq_status status =
        piq_recommend_input_of(&r->scratch, seat->state, &by, r->c,
                               piq_chooser_now_us(seat->person), &in);
    if (status)
        return status;
    in.seed = piq_rng_u64(&r->rng);
    /* Terms that weigh nothing by hand; they are logged all the same. */
    in.popularity = r->popularity;
    status = piq_liking_of(r, seat, &in.taste);
    if (status)
        return status;
    in.policy = r->policy == PIQ_TRIAL_ENGINE ? &r->weights : NULL;
    status = piq_recommend(&r->scratch, &in, &request, &slate);
    if (status)
        return status;
    if (r->policy == PIQ_TRIAL_ENGINE || r->policy == PIQ_TRIAL_BEFORE) {
        as_served(&slate, out);
        return PIQ_OK;
    }
    double *score = piq_new(&r->scratch, double, slate.n_candidates);
    if (!score)
        return PIQ_ENOMEM;
    for (size_t i = 0; i < slate.n_candidates; i++)
        score[i] = score_of(r, &in, slate.candidates[i].content);
    return by_score(r, &slate, score, out);
}

void piq_trial_explore(const piq_trial_options *o, piq_recommend_policy *p)
{
    p->explores = true;
    if (o->floor > 0)
        p->explore.floor = o->floor;
}

/* --- learning --------------------------------------------------------------
 */

static void refit_popularity(piq_classroom *r)
{
    double reward = 1, weight = 2;
    for (size_t i = 0; i < r->c->n_contents; i++) {
        reward += r->log.reward[i];
        weight += r->log.weight[i];
    }
    for (size_t i = 0; i < r->c->n_contents; i++)
        r->popularity[i] = (r->log.reward[i] + SHRINK * reward / weight) /
                           (r->log.weight[i] + SHRINK);
}

static piq_status learn_rows(piq_classroom *r)
{
    for (; r->n_learned < r->log.n; r->n_learned++) {
        const piq_trial_row *row = &r->log.rows[r->n_learned];
        double x[PIQ_N_TERMS];
        piq_reward reward = piq_trial_reward(row);
        piq_recommend_features(row->features, x);
        piq_bayes_example e = {.type =
                                   (size_t)r->c->contents[row->content.v].type,
                               .x = x,
                               .reward = reward.value,
                               .weight = reward.weight,
                               .day = row->at_us / PIQ_US_PER_DAY};
        piq_status status = piq_bayes_learn(r->learned, &e);
        if (status)
            return status;
    }
    piq_bayes_settle(r->learned);
    return PIQ_OK;
}

piq_status piq_trial_refit(piq_classroom *r)
{
    piq_status status = PIQ_OK;
    refit_popularity(r);
    if (r->tastes)
        status = piq_liking_refit(r);
    if (status)
        return status;
    if (r->policy != PIQ_TRIAL_ENGINE || r->fixed)
        return PIQ_OK;
    status = learn_rows(r);
    if (status)
        return status;
    piq_recommend_policy_of(r->learned, 1, &r->weights);
    piq_trial_explore(r->o, &r->weights);
    return PIQ_OK;
}
