/* slate_origin.c - what a slate is made from that is in force now. */
#include "domain/plan.h"
#include "engine/engine_internal.h"
#include "engine/slate_make.h"
#include "recommend/policy_overrides.h"

/* ---- the plan ------------------------------------------------------------ */

/* Contents of the plan's next steps. */
static void head_of(const piq_plan *plan, piq_plan_head *out)
{
    for (size_t i = plan->current; i < plan->n_steps && out->n < PIQ_PLAN_HEAD;
         i++) {
        const piq_plan_step *step = &plan->steps[i];
        bool there =
            step->content.v == PIQ_NO_IX32 || step->status == PIQ_STEP_DONE;
        for (size_t k = 0; k < out->n; k++)
            there |= out->contents[k].v == step->content.v;
        if (!there)
            out->contents[out->n++] = step->content;
    }
}

/* From the stored path. One that is not there, or cannot be read, has nothing
 * next: recommending goes on without it. */
static piq_status read_head(piq_engine *e, const piq_slate_source *s,
                            piq_plan_head *out)
{
    piq_store *store = e->store;
    piq_path_row row;
    piq_plan plan;
    piq_arena a;
    piq_buf cut;
    piq_arena_init(&a, 0);
    piq_buf_init(&cut, 0);
    piq_status status =
        store->ops->path(store, &a, s->learner->user, &row, NULL);
    if (status == PIQ_OK) {
        piq_plan_cut(row.path_config,
                     (size_t)row.current_position + 2 * PIQ_PLAN_HEAD, &cut);
        status = cut.status;
    }
    if (status == PIQ_OK)
        status = piq_plan_read(&a, (piq_str){cut.ptr, cut.len}, s->catalogue,
                               &plan, NULL);
    if (status == PIQ_OK)
        head_of(&plan, out);
    piq_buf_release(&cut);
    piq_arena_release(&a);
    return status == PIQ_ENOTFOUND || status == PIQ_ECORRUPT ? PIQ_OK : status;
}

static piq_status find_plan(piq_arena *keep, piq_engine *e, piq_slate_source *s,
                            piq_err *err)
{
    const piq_catalogue *c = s->catalogue;
    piq_plan_head head = {.catalogue_version = 0};
    uint64_t epoch = piq_cache_epoch(e->cache, s->learner->user);
    if (!piq_cache_plan(e->cache, s->learner->user, &head) ||
        head.catalogue_version != c->version) {
        head = (piq_plan_head){.catalogue_version = c->version};
        piq_status status = read_head(e, s, &head);
        if (status)
            return piq_fail(err, status, "could not read a learner's path");
        piq_cache_put_plan(e->cache, s->learner->user, &head, epoch);
    }
    piq_content_id *ids = piq_new(keep, piq_content_id, head.n);
    if (!ids)
        return PIQ_ENOMEM;
    for (size_t i = 0; i < head.n; i++)
        ids[i] = c->contents[head.contents[i].v].id;
    s->origin.plan = ids;
    s->origin.n_plan = head.n;
    return PIQ_OK;
}

/* ---- all of it ----------------------------------------------------------- */

piq_status piq_slate_originate(piq_arena *a, const piq_slate_parts *now,
                               const piq_steer *steer, piq_slate_source *s,
                               piq_policy_hold **named, piq_err *err)
{
    const piq_policy_overrides *o = &steer->overrides;
    const piq_tracing *tracing = piq_model_tracing(now->model);
    piq_recommend_policy usual;
    piq_status status = PIQ_OK;
    *named = NULL;
    s->policy = now->policy;
    uint32_t in_force = piq_policy_version(now->policy);
    uint32_t wanted = piq_policy_overrides_policy(o, in_force);
    if (wanted != in_force) {
        status = piq_engine_policy_version(now->engine, wanted, named, err);
        s->policy = *named;
    }
    if (status)
        return status;
    piq_policy_weights(s->policy, &usual);
    s->taste = now->taste;
    s->business = steer->business;
    s->origin = (piq_slate_origin){
        .n_events = s->learner->n_events,
        .calibration = piq_calibration_book_number(now->engine->book),
        .model = tracing ? tracing->model : 0,
        .policy = piq_policy_version(s->policy),
        .taste = piq_taste_version(s->taste),
        .rules = steer->rules,
        .explores = now->engine->config.explore != PIQ_EXPLORE_NEVER,
        .explore = usual.explore,
        .diversity = piq_policy_overrides_diversity(
            o, usual.weight[0][PIQ_TERM_DIVERSITY]),
        .seed = piq_slate_seed(s->learner, &s->request)};
    piq_policy_overrides_explore(o, &s->origin.explore);
    return find_plan(a, now->engine, s, err);
}
