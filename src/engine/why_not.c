/* why_not.c - a slate made only to say why something is not in it. */
#include "engine/why_not.h"

#include "engine/engine_internal.h"
#include "engine/slate_make.h"
#include "recommend/why_not.h"

/* What a slate would be made from now, held. */
typedef struct held {
    piq_steering *steering;
    piq_policy_hold *policy, *named;
    piq_taste_hold *taste;
} held;

static void let_go(held *h)
{
    piq_steering_release(h->steering);
    piq_policy_release(h->policy);
    piq_policy_release(h->named);
    piq_taste_release(h->taste);
}

/* Nothing is left to chance: who asks why wants the slate as it is meant. */
static piq_status find_source(piq_engine *e, piq_arena *a,
                              const piq_learner_ref *ref,
                              const piq_why_not_ask *ask, held *h,
                              piq_slate_source *s, piq_err *err)
{
    piq_steer steer;
    piq_slate_parts parts = {e, ref->model, h->policy, h->taste};
    piq_steer_question q = {.user = ref->learner->user,
                            .now_us = ask->now_us,
                            .catalogue = ref->catalogue,
                            .history = ref->learner->history};
    *s = (piq_slate_source){.learner = ref->learner,
                            .by = piq_engine_judge(e, ref->model),
                            .catalogue = ref->catalogue,
                            .now_us = ask->now_us,
                            .request = {ask->type, ask->limit}};
    piq_status status = piq_steer_ask(e, h->steering, a, &q, &steer, err);
    if (status == PIQ_OK)
        status = piq_slate_originate(a, &parts, &steer, s, &h->named, err);
    s->origin.explores = false;
    return status;
}

static piq_status answer(piq_arena *a, const piq_slate_source *s,
                         piq_content_ix content, piq_json_writer *w)
{
    piq_slate_input input;
    piq_slate slate;
    piq_why_not found;
    piq_status status = piq_slate_input_of(a, s, &input);
    if (status)
        return status;
    status = piq_recommend(a, &input.in, &s->request, &slate);
    if (status == PIQ_OK) {
        piq_recommend_why_not(&input.in, &s->request, &slate, content, &found);
        piq_json_object(w);
        piq_json_put_id(w, "userId", piq_user_outer(s->learner->user));
        piq_json_put_int(w, "version", s->learner->version);
        piq_json_put_time(w, "as_of", s->now_us);
        piq_why_not_write(&found, &input.in, w);
        piq_json_object_end(w);
    }
    piq_slate_input_release(&input);
    return status;
}

piq_status piq_engine_why_not(piq_engine *e, piq_arena *a,
                              const piq_learner_ref *ref,
                              const piq_why_not_ask *ask, piq_json_writer *w,
                              piq_err *err)
{
    piq_content_ix content;
    piq_slate_source source;
    if (!piq_catalogue_find_content(ref->catalogue, ask->content, &content))
        return piq_fail(err, PIQ_ENOTFOUND,
                        "no content of the curriculum: %lld",
                        (long long)ask->content.v);
    held h = {.steering = piq_engine_steering(e),
              .policy = piq_engine_policy(e),
              .taste = piq_engine_taste(e)};
    piq_status status = find_source(e, a, ref, ask, &h, &source, err);
    if (status == PIQ_OK)
        status = answer(a, &source, content, w);
    if (status == PIQ_ENOMEM)
        piq_fail(err, status, "no memory for this request");
    let_go(&h);
    return status;
}
