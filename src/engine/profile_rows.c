/* profile_rows.c - the user_profiles row: the profile as others read it in
 * the database. Written on request and, soon after each change, by the
 * maintainer. */
#include "domain/profile.h"

#include "engine/engine_internal.h"
#include "insight/profile.h"

/* The four columns, each a JSON object. */
static void write_columns(piq_arena *a, const piq_profile *p,
                          const piq_catalogue *c, piq_profile_row *out)
{
    piq_buf b;
    piq_json_writer w;
    piq_buf_init(&b, 0);
    piq_json_init(&w, &b);
    piq_profile_write_skill(p, c, &w);
    out->skill_profile = piq_buf_keep(&b, a);
    piq_json_init(&w, &b);
    piq_profile_write_style(p, &w);
    out->learning_style = piq_buf_keep(&b, a);
    piq_json_init(&w, &b);
    piq_profile_write_behaviour(p, c, &w);
    out->behavioral_metrics = piq_buf_keep(&b, a);
    piq_json_init(&w, &b);
    piq_profile_write_goals(p, c, &w);
    out->goals = piq_buf_keep(&b, a);
    piq_buf_release(&b);
}

piq_status piq_profile_row_make(piq_engine *e, piq_arena *a,
                                const piq_learner *l,
                                const piq_model_hold *model, int64_t now_us,
                                piq_profile_row *out)
{
    const piq_catalogue *c = piq_engine_catalogue(e);
    if (!piq_learner_fits(l, c))
        return PIQ_EBUSY; /* a newer one just came into force */
    piq_belief *beliefs = piq_new(a, piq_belief, c->n_concepts);
    piq_profile *p = piq_new(a, piq_profile, 1);
    piq_judge by = piq_engine_judge(e, model);
    if (!beliefs || !p || piq_learner_judged(l, &by, c, now_us, beliefs))
        return PIQ_ENOMEM;
    piq_status status = piq_profile_make(a, l, c, beliefs, now_us, p);
    if (status)
        return status;
    *out = (piq_profile_row){
        .user = l->user,
        .state_version = l->version,
        .updated_us = now_us,
    };
    write_columns(a, p, c, out);
    return out->skill_profile.ptr && out->learning_style.ptr &&
                   out->behavioral_metrics.ptr && out->goals.ptr
               ? PIQ_OK
               : PIQ_ENOMEM;
}

piq_status piq_profile_prepare(piq_batch *b, piq_op *op)
{
    piq_work *work;
    piq_profile_row row;
    piq_status status = piq_batch_learner(b, op->user, false, &work, &op->err);
    if (status)
        return status;
    if (piq_learner_grow(work->learner, piq_engine_catalogue(b->engine)))
        return PIQ_ENOMEM;
    status = piq_profile_row_make(b->engine, &b->arena, work->learner, b->model,
                                  op->now_us, &row);
    row.state_version = piq_work_version(work);
    if (status == PIQ_OK)
        status = piq_batch_room(b, (void **)&b->profiles, b->commit.n_profiles,
                                &b->cap_profiles, sizeof *b->profiles);
    if (status == PIQ_OK)
        b->profiles[b->commit.n_profiles++] = row;
    return status;
}
