/* why_not.c - what keeps a content out of a slate. */
#include "recommend/why_not.h"

#include "base/calendar.h"
#include "recommend/slate.h"
#include "recommend/terms.h"

#include <math.h>

/* ---- what is missing --------------------------------------------------- */

static void add_missing(const piq_recommend_input *in, piq_concept_ix concept,
                        piq_content_ix content, piq_why_not *out)
{
    piq_missing m = {concept, content, in->beliefs[concept.v].mastery,
                     PIQ_READY};
    size_t at = out->n_missing;
    for (size_t i = 0; i < out->n_missing; i++)
        if (out->missing[i].concept.v == concept.v)
            return;
    if (at == PIQ_MAX_MISSING && out->missing[at - 1].mastery <= m.mastery)
        return;
    if (at < PIQ_MAX_MISSING)
        out->n_missing++;
    else
        at--;
    for (; at > 0 && out->missing[at - 1].mastery > m.mastery; at--)
        out->missing[at] = out->missing[at - 1];
    out->missing[at] = m;
}

/* Concepts of a prerequisite that is not completed. */
static void missing_of_content(const piq_recommend_input *in,
                               piq_content_ix content, piq_why_not *out)
{
    const piq_content *x = &in->catalogue->contents[content.v];
    if (in->history[content.v].progress == PIQ_COMPLETED || x->retired ||
        !x->published)
        return;
    for (size_t i = 0; i < x->n_concepts; i++)
        if (in->beliefs[x->concepts[i].concept.v].mastery < PIQ_READY)
            add_missing(in, x->concepts[i].concept, content, out);
}

static void missing_of_concept(const piq_recommend_input *in,
                               piq_concept_ix concept, piq_why_not *out)
{
    const piq_concept *k = &in->catalogue->concepts[concept.v];
    for (size_t i = 0; i < k->n_prerequisites; i++) {
        piq_concept_ix p = k->prerequisites[i];
        if (in->beliefs[p.v].mastery < PIQ_READY &&
            !in->catalogue->concepts[p.v].retired)
            add_missing(in, p, (piq_content_ix){PIQ_NO_IX32}, out);
    }
}

static void find_missing(const piq_recommend_input *in, const piq_content *x,
                         piq_why_not *out)
{
    for (size_t i = 0; i < x->n_prerequisites; i++)
        missing_of_content(in, x->prerequisites[i], out);
    if (x->type == PIQ_COURSE && x->n_contains > 0) {
        /* Of a course whose parts are all shut, what its first one lacks. */
        for (size_t i = 0; i < x->n_contains && !out->n_missing; i++)
            if (in->history[x->contains[i].v].progress != PIQ_COMPLETED)
                find_missing(in, &in->catalogue->contents[x->contains[i].v],
                             out);
        return;
    }
    for (size_t i = 0; i < x->n_concepts; i++)
        missing_of_concept(in, x->concepts[i].concept, out);
}

/* ---- rules ------------------------------------------------------------- */

static int64_t first_due(const piq_recommend_input *in, const piq_content *x)
{
    int64_t due_us = INT64_MAX;
    for (size_t i = 0; i < x->n_concepts; i++) {
        int64_t one = in->beliefs[x->concepts[i].concept.v].due_us;
        if (one != INT64_MAX && one - PIQ_US_PER_DAY < due_us)
            due_us = one - PIQ_US_PER_DAY;
    }
    return due_us;
}

/* False: it is a candidate. */
static bool kept_out(const piq_recommend_input *in,
                     const piq_recommend_request *req, piq_why_not *out)
{
    const piq_content *x = &in->catalogue->contents[out->content.v];
    out->verdict = PIQ_WHY_HARD_RULE;
    out->hard = piq_recommend_rule(in, out->content);
    if (out->hard == PIQ_CANDIDATE && req->type >= 0 &&
        (int)x->type != req->type)
        out->hard = PIQ_EX_TYPE;
    if (out->hard == PIQ_EX_COOL_DOWN)
        out->until_us = (int64_t)in->history[out->content.v].dismissed_s *
                            PIQ_US_PER_SECOND +
                        PIQ_COOL_DOWN_DAYS * PIQ_US_PER_DAY;
    if (out->hard == PIQ_EX_NOTHING_DUE)
        out->until_us = first_due(in, x);
    if (out->hard == PIQ_EX_PREREQUISITE)
        find_missing(in, x, out);
    if (out->hard != PIQ_CANDIDATE)
        return true;
    out->verdict = PIQ_WHY_RULE;
    out->rule = piq_business_why(in->business, out->content, &out->until_us);
    return out->rule != NULL;
}

/* ---- against the last of the slate ------------------------------------- */

/* Greatest similarity to those of the slate, but for its last. */
static double similarity(const piq_recommend_input *in, const piq_slate *s,
                         piq_content_ix content)
{
    const piq_content *all = in->catalogue->contents;
    double most = 0;
    for (size_t i = 0; i + 1 < s->n; i++)
        most = fmax(most, piq_slate_similarity(&all[content.v],
                                               &all[s->list[i].content.v]));
    return most;
}

static void duel(const piq_recommend_input *in, const piq_slate *s,
                 piq_why_not *out)
{
    const piq_recommendation *last = &s->list[s->n - 1];
    const piq_content *x = &in->catalogue->contents[out->content.v];
    piq_recommend_policy policy;
    double value[PIQ_N_TERMS];
    if (in->policy)
        policy = *in->policy;
    else
        piq_recommend_by_hand(&policy);
    piq_recommend_terms(in, out->content, value);
    value[PIQ_TERM_PROMOTION] =
        piq_business_boost(in->business, out->content, NULL);
    value[PIQ_TERM_DIVERSITY] = 1 - similarity(in, s, out->content);
    out->against = last->content;
    out->other_score = out->score = 0;
    for (int t = 0; t < PIQ_N_TERMS; t++) {
        double mine = policy.weight[x->type][t] * value[t];
        double others = last->terms[t].weight * last->terms[t].value;
        out->score += mine;
        out->other_score += others;
        out->terms[t] = (piq_term_duel){(piq_term)t, value[t],
                                        last->terms[t].value, mine - others};
    }
}

static size_t rank_of(const piq_recommend_input *in, const piq_slate *s,
                      piq_content_ix content)
{
    const piq_content *all = in->catalogue->contents;
    const piq_candidate *mine = NULL;
    size_t rank = 1;
    for (size_t i = 0; i < s->n_candidates; i++)
        if (s->candidates[i].content.v == content.v)
            mine = &s->candidates[i];
    if (!mine)
        return 0;
    for (size_t i = 0; i < s->n_candidates; i++) {
        const piq_candidate *k = &s->candidates[i];
        rank += k->score > mine->score ||
                (k->score == mine->score &&
                 all[k->content.v].id.v < all[content.v].id.v);
    }
    return rank;
}

static piq_why_not_verdict lost_how(const piq_recommend_input *in,
                                    const piq_slate *s, piq_why_not *out)
{
    const piq_recommendation *last = &s->list[s->n - 1];
    piq_content_ix before[PIQ_EXPLORE_MAX_SLATE];
    for (size_t i = 0; i < s->n; i++)
        before[i] = s->list[i].content;
    out->rule = piq_business_full(in->business, before, s->n - 1, out->content);
    if (out->rule)
        return PIQ_WHY_CAP;
    if (last->cause == PIQ_CAUSE_PIN)
        return PIQ_WHY_PIN;
    if (out->score <= out->other_score)
        return PIQ_WHY_OUTRANKED;
    return last->cause == PIQ_CAUSE_EXPLORATION ? PIQ_WHY_CHANCE
                                                : PIQ_WHY_QUOTA;
}

void piq_recommend_why_not(const piq_recommend_input *in,
                           const piq_recommend_request *req,
                           const piq_slate *slate, piq_content_ix content,
                           piq_why_not *out)
{
    *out = (piq_why_not){.content = content,
                         .until_us = INT64_MAX,
                         .against = {PIQ_NO_IX32},
                         .n_candidates = slate->n_candidates};
    if (kept_out(in, req, out))
        return;
    out->rank = rank_of(in, slate, content);
    for (size_t i = 0; i < slate->n; i++)
        if (slate->list[i].content.v == content.v) {
            out->verdict = PIQ_WHY_SHOWN;
            out->position = i + 1;
            return;
        }
    /* A slate without anything in it, though there is this candidate: caps. */
    if (slate->n == 0) {
        out->verdict = PIQ_WHY_CAP;
        out->rule = piq_business_full(in->business, NULL, 0, content);
        return;
    }
    duel(in, slate, out);
    out->verdict = lost_how(in, slate, out);
}
