#include "engine/slate_make.h"

#include "base/str.h"
#include "engine/facts.h"
#include "insight/inputs.h"

uint64_t piq_slate_seed(const piq_learner *l,
                        const piq_recommend_request *request)
{
    uint64_t asked =
        (uint64_t)(request->type + 1) * 64 + (uint64_t)request->limit;
    uint64_t h = piq_hash_u64((uint64_t)l->user.v);
    h = piq_hash_u64(h ^ piq_facts_chance(l));
    return piq_hash_u64(h ^ asked);
}

static piq_status find_plan(piq_arena *a, const piq_slate_source *s,
                            piq_recommend_input *in)
{
    const piq_slate_origin *o = &s->origin;
    piq_content_ix *plan = piq_new(a, piq_content_ix, o->n_plan);
    if (!plan)
        return PIQ_ENOMEM;
    for (size_t i = 0; i < o->n_plan; i++)
        if (piq_catalogue_find_content(s->catalogue, o->plan[i],
                                       &plan[in->n_plan]))
            in->n_plan++;
    in->plan = plan;
    return PIQ_OK;
}

static void find_policy(const piq_slate_source *s, piq_recommend_policy *out)
{
    piq_policy_weights(s->policy, out);
    out->explores = s->origin.explores;
    out->explore = s->origin.explore;
    for (int k = 0; k < PIQ_N_CONTENT_TYPES; k++)
        out->weight[k][PIQ_TERM_DIVERSITY] = s->origin.diversity;
}

piq_status piq_slate_input_of(piq_arena *a, const piq_slate_source *s,
                              piq_slate_input *out)
{
    piq_recommend_input *in = &out->in;
    out->view = (piq_taste_view){.state = NULL};
    piq_status status = piq_recommend_input_of(a, s->learner, &s->by,
                                               s->catalogue, s->now_us, in);
    if (status == PIQ_OK)
        status = find_plan(a, s, in);
    if (status == PIQ_OK)
        status =
            piq_policy_popularity(s->policy, a, s->catalogue, &in->popularity);
    if (status == PIQ_OK)
        status =
            piq_taste_look(a, s->taste, s->learner, s->catalogue, &out->view);
    if (status)
        return status;
    find_policy(s, &out->policy);
    in->policy = &out->policy;
    in->business = s->business;
    in->seed = s->origin.seed;
    in->taste = out->view.state ? &out->view.taste : NULL;
    return PIQ_OK;
}

void piq_slate_input_release(piq_slate_input *x)
{
    piq_taste_view_release(&x->view);
}

piq_status piq_slate_make(piq_arena *a, const piq_slate_source *s,
                          piq_slate *out)
{
    piq_slate_input input;
    piq_status status = piq_slate_input_of(a, s, &input);
    if (status)
        return status;
    status = piq_recommend(a, &input.in, &s->request, out);
    piq_slate_input_release(&input);
    return status;
}
