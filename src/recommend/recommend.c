/* recommend.c - candidates, their scores, the slate and its reasons. */
#include "recommend/recommend.h"

#include "recommend/explain.h"
#include "recommend/rules.h"
#include "recommend/slate.h"
#include "recommend/terms.h"

#include <math.h>
#include <stdio.h>

typedef struct scored {
    const piq_recommend_input *in;
    piq_recommend_policy policy;
    piq_candidate *candidates; /* by position in the catalogue */
    piq_ranked *ranked;        /* the same, to be ordered */
    size_t n;
    double mean[PIQ_N_TERMS]; /* of weight * value over the candidates */
    piq_slate_place places[PIQ_EXPLORE_MAX_SLATE];
    size_t n_places;
    piq_slate_explored explored;
} scored;

const char *piq_recommend_policy_name(uint32_t version, char *buf)
{
    if (version)
        snprintf(buf, PIQ_POLICY_NAME_BYTES, "additive-1.%u", version);
    else
        snprintf(buf, PIQ_POLICY_NAME_BYTES, "additive-1");
    return buf;
}

/* ---- scores -------------------------------------------------------------- */

static double values_of(const piq_recommend_input *in, piq_content_ix content,
                        double value[PIQ_N_TERMS])
{
    double success = piq_recommend_terms(in, content, value);
    value[PIQ_TERM_PROMOTION] = piq_business_boost(in->business, content, NULL);
    return success;
}

static void score_one(scored *s, piq_content_ix content)
{
    const piq_content *x = &s->in->catalogue->contents[content.v];
    const double *weight = s->policy.weight[x->type];
    double value[PIQ_N_TERMS], score = 0;
    values_of(s->in, content, value);
    for (int t = 0; t < PIQ_N_TERMS; t++) {
        double part = weight[t] * value[t];
        score += part;
        s->mean[t] += part;
    }
    s->candidates[s->n] = (piq_candidate){content, (float)score};
    s->ranked[s->n++] = (piq_ranked){.score = score, .content = content.v};
}

static piq_status score_all(piq_arena *a, int type, scored *s)
{
    const piq_recommend_input *in = s->in;
    const piq_catalogue *c = in->catalogue;
    s->candidates = piq_new(a, piq_candidate, c->n_contents);
    s->ranked = piq_new(a, piq_ranked, c->n_contents);
    if (!s->candidates || !s->ranked)
        return PIQ_ENOMEM;
    for (uint32_t i = 0; i < c->n_contents; i++) {
        piq_content_ix content = {i};
        if (type >= 0 && (int)c->contents[i].type != type)
            continue;
        if (piq_recommend_rule(in, content) == PIQ_CANDIDATE &&
            !piq_business_excluded(in->business, content))
            score_one(s, content);
    }
    for (int t = 0; t < PIQ_N_TERMS && s->n > 0; t++)
        s->mean[t] /= (double)s->n;
    /* The same for all, and exactly: what variety takes off is below 0. */
    if (s->n > 0)
        s->mean[PIQ_TERM_DIVERSITY] = s->policy.weight[0][PIQ_TERM_DIVERSITY];
    return PIQ_OK;
}

/* ---- what is shown ------------------------------------------------------- */

static piq_status name_rule(piq_arena *a, const piq_rule *rule,
                            piq_recommendation *r)
{
    if (!rule)
        return PIQ_OK;
    r->rule = piq_arena_strndup(a, rule->name.ptr, rule->name.len);
    r->rule_reason = piq_arena_strndup(a, rule->reason.ptr, rule->reason.len);
    return r->rule && r->rule_reason ? PIQ_OK : PIQ_ENOMEM;
}

/* The score is added up from the baseline and the contributions as they are
 * given, so the sum that is shown is the score. */
static void add_up(const scored *s, const double value[PIQ_N_TERMS],
                   piq_recommendation *r)
{
    const piq_content *x = &s->in->catalogue->contents[r->content.v];
    const double *weight = s->policy.weight[x->type];
    for (int t = 0; t < PIQ_N_TERMS; t++)
        r->baseline += s->mean[t];
    r->score = r->baseline;
    for (int t = 0; t < PIQ_N_TERMS; t++) {
        r->terms[t] = (piq_contribution){.term = (piq_term)t,
                                         .value = value[t],
                                         .weight = weight[t],
                                         .contribution =
                                             weight[t] * value[t] - s->mean[t]};
        r->score += r->terms[t].contribution;
    }
}

/* The contents of the history that moved the taste term the most. */
static void split_taste(piq_taste_why *why, const scored *s,
                        piq_recommendation *r)
{
    const piq_recommend_taste *taste = s->in->taste;
    double weight = r->terms[PIQ_TERM_TASTE].weight;
    piq_taste_explain(taste->state, taste->item[r->content.v], why);
    for (size_t i = 0; i < why->n; i++) {
        piq_taste_reason x = {taste->content[why->shares[i].item],
                              weight * why->shares[i].change};
        size_t at = r->n_because;
        if (x.content.v == PIQ_NO_IX32 || x.contribution == 0)
            continue;
        while (at > 0 &&
               fabs(x.contribution) > fabs(r->because[at - 1].contribution))
            at--;
        if (at == PIQ_MAX_TASTE_REASONS)
            continue;
        if (r->n_because < PIQ_MAX_TASTE_REASONS)
            r->n_because++;
        for (size_t k = r->n_because - 1; k > at; k--)
            r->because[k] = r->because[k - 1];
        r->because[at] = x;
    }
}

static piq_status say_taste(piq_arena *a, const scored *s,
                            piq_recommendation *r)
{
    if (!s->in->taste || r->terms[PIQ_TERM_TASTE].weight == 0)
        return PIQ_OK;
    piq_taste_why *why = piq_new(a, piq_taste_why, 1);
    if (why)
        split_taste(why, s, r);
    return why ? PIQ_OK : PIQ_ENOMEM;
}

static piq_status describe(piq_arena *a, const scored *s,
                           const piq_slate_place *place, piq_recommendation *r)
{
    const piq_recommend_input *in = s->in;
    const piq_ranked *ranked = &s->ranked[place->ranked];
    const piq_rule *rule = NULL;
    double value[PIQ_N_TERMS];
    *r = (piq_recommendation){.content = {ranked->content},
                              .propensity = place->propensity,
                              .cause = place->cause,
                              .recommended_us = in->now_us,
                              .user_action = PIQ_ACTION_NONE};
    r->success = piq_recommend_terms(in, r->content, value);
    r->concept = piq_recommend_main_concept(in, r->content);
    value[PIQ_TERM_DIVERSITY] = 1 - ranked->similarity;
    value[PIQ_TERM_PROMOTION] =
        piq_business_boost(in->business, r->content, &rule);
    add_up(s, value, r);
    if (place->pinned_by)
        rule = place->pinned_by;
    if (name_rule(a, rule, r) || say_taste(a, s, r))
        return PIQ_ENOMEM;
    r->reason = piq_recommend_reason(a, in, r);
    return r->reason ? PIQ_OK : PIQ_ENOMEM;
}

/* Best first; a handful, so by insertion. */
static void put_in_order(const piq_catalogue *c, piq_recommendation *list,
                         size_t n)
{
    for (size_t i = 1; i < n; i++) {
        piq_recommendation r = list[i];
        int64_t id = c->contents[r.content.v].id.v;
        size_t j = i;
        for (; j > 0; j--) {
            const piq_recommendation *q = &list[j - 1];
            if (q->score > r.score ||
                (q->score == r.score && c->contents[q->content.v].id.v < id))
                break;
            list[j] = *q;
        }
        list[j] = r;
    }
}

/* Choosing places by margins may leave them out of order of score, where
 * quotas were given up. What is pinned or explored keeps its place. */
static void order(const scored *s, piq_recommendation *list)
{
    const piq_business_view *v = s->in->business;
    size_t n = s->explored.slot < s->n_places ? s->explored.slot : s->n_places;
    if (!v || !v->has_pins)
        put_in_order(s->in->catalogue, list, n);
}

static piq_status tell_explored(piq_arena *a, const scored *s, piq_slate *out)
{
    const piq_slate_explored *x = &s->explored;
    out->slot = x->n ? x->slot : s->n_places;
    out->n_explored = x->n;
    out->explored = piq_new(a, piq_explored, x->n);
    if (!out->explored)
        return PIQ_ENOMEM;
    for (size_t i = 0; i < x->n; i++) {
        const piq_ranked *r = &s->ranked[x->ranked[i]];
        double value[PIQ_N_TERMS];
        piq_explored *to = &out->explored[i];
        *to = (piq_explored){.content = {r->content},
                             .value = x->value[i],
                             .chance = x->chance[i]};
        values_of(s->in, to->content, value);
        value[PIQ_TERM_DIVERSITY] = 1 - r->similarity;
        for (int t = 0; t < PIQ_N_TERMS; t++)
            to->terms[t] = (float)value[t];
    }
    return PIQ_OK;
}

piq_status piq_recommend(piq_arena *a, const piq_recommend_input *in,
                         const piq_recommend_request *req, piq_slate *out)
{
    scored s = {.in = in};
    if (in->policy)
        s.policy = *in->policy;
    else
        piq_recommend_by_hand(&s.policy);
    if (score_all(a, req->type, &s) != PIQ_OK)
        return PIQ_ENOMEM;
    size_t limit = req->limit < s.n ? req->limit : s.n;
    piq_recommendation *list = piq_new(a, piq_recommendation, limit);
    if (!list)
        return PIQ_ENOMEM;
    piq_slate_rule rule = {.mixed = req->type < 0,
                           .limit = req->limit,
                           .diversity = s.policy.weight[0][PIQ_TERM_DIVERSITY],
                           .business = in->business,
                           .explore =
                               s.policy.explores ? &s.policy.explore : NULL,
                           .seed = in->seed};
    s.n_places = piq_slate_choose(in->catalogue, s.ranked, s.n, &rule, s.places,
                                  &s.explored);
    for (size_t i = 0; i < s.n_places; i++)
        if (describe(a, &s, &s.places[i], &list[i]) != PIQ_OK)
            return PIQ_ENOMEM;
    order(&s, list);
    *out = (piq_slate){.list = list,
                       .n = s.n_places,
                       .candidates = s.candidates,
                       .n_candidates = s.n};
    return tell_explored(a, &s, out);
}
