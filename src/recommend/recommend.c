/* recommend.c - candidates, their scores, the slate and its reasons. */
#include "recommend/recommend.h"

#include "recommend/explain.h"
#include "recommend/rules.h"
#include "recommend/slate.h"
#include "recommend/terms.h"

typedef struct scored {
    piq_candidate *candidates; /* by position in the catalogue */
    piq_ranked *ranked;        /* the same, to be ordered */
    size_t n;
    double mean[PIQ_N_TERMS]; /* of each feature over the candidates */
} scored;

static void score_one(const piq_recommend_input *in, piq_content_ix content,
                      scored *s)
{
    const double *weight = piq_recommend_weights();
    double value[PIQ_N_TERMS];
    piq_candidate *to = &s->candidates[s->n];
    double score = 0;
    piq_recommend_terms(in, content, value);
    to->content = content;
    for (int t = 0; t < PIQ_N_TERMS; t++) {
        score += weight[t] * value[t];
        s->mean[t] += value[t];
        to->features[t] = (float)value[t];
    }
    to->score = (float)score;
    s->ranked[s->n++] = (piq_ranked){.score = score, .content = content.v};
}

static piq_status score_all(piq_arena *a, const piq_recommend_input *in,
                            int type, scored *s)
{
    const piq_catalogue *c = in->catalogue;
    *s = (scored){.candidates = piq_new(a, piq_candidate, c->n_contents),
                  .ranked = piq_new(a, piq_ranked, c->n_contents)};
    if (!s->candidates || !s->ranked)
        return PIQ_ENOMEM;
    for (uint32_t i = 0; i < c->n_contents; i++) {
        if (type >= 0 && (int)c->contents[i].type != type)
            continue;
        if (piq_recommend_rule(in, (piq_content_ix){i}) == PIQ_CANDIDATE)
            score_one(in, (piq_content_ix){i}, s);
    }
    for (int t = 0; t < PIQ_N_TERMS && s->n > 0; t++)
        s->mean[t] /= (double)s->n;
    return PIQ_OK;
}

/* The score is added up from the baseline and the contributions as they are
 * given, so the sum that is shown is the score. */
static piq_status describe(piq_arena *a, const piq_recommend_input *in,
                           const scored *s, const piq_ranked *ranked,
                           piq_recommendation *r)
{
    const double *weight = piq_recommend_weights();
    double value[PIQ_N_TERMS];
    piq_content_ix content = {ranked->content};
    *r = (piq_recommendation){.content = content,
                              .propensity = 1,
                              .recommended_us = in->now_us,
                              .user_action = PIQ_ACTION_NONE};
    r->success = piq_recommend_terms(in, content, value);
    r->concept = piq_recommend_main_concept(in, content);
    value[PIQ_TERM_DIVERSITY] = 1 - ranked->similarity;
    for (int t = 0; t < PIQ_N_TERMS; t++)
        r->baseline += weight[t] * s->mean[t];
    r->score = r->baseline;
    for (int t = 0; t < PIQ_N_TERMS; t++) {
        r->terms[t] = (piq_contribution){
            .term = (piq_term)t,
            .value = value[t],
            .weight = weight[t],
            .contribution = weight[t] * (value[t] - s->mean[t])};
        r->score += r->terms[t].contribution;
    }
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

piq_status piq_recommend(piq_arena *a, const piq_recommend_input *in,
                         const piq_recommend_request *req, piq_slate *out)
{
    scored s;
    if (score_all(a, in, req->type, &s) != PIQ_OK)
        return PIQ_ENOMEM;
    size_t limit = req->limit < s.n ? req->limit : s.n;
    size_t *chosen = piq_new(a, size_t, limit);
    piq_recommendation *list = piq_new(a, piq_recommendation, limit);
    if (!chosen || !list)
        return PIQ_ENOMEM;
    size_t n = piq_slate_choose(in->catalogue, s.ranked, s.n, req->type < 0,
                                req->limit, chosen);
    for (size_t i = 0; i < n; i++)
        if (describe(a, in, &s, &s.ranked[chosen[i]], &list[i]) != PIQ_OK)
            return PIQ_ENOMEM;
    put_in_order(in->catalogue, list, n);
    *out = (piq_slate){.list = list,
                       .n = n,
                       .candidates = s.candidates,
                       .n_candidates = s.n,
                       .policy = PIQ_RECOMMEND_POLICY};
    return PIQ_OK;
}
