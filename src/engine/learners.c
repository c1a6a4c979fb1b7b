/* learners.c - a learner's published state: from the cache, else from the
 * store; one that this program cannot read is made anew from the events. */
#include "base/log.h"
#include "engine/engine_internal.h"

/* A state that this program cannot read, because another version of it wrote
 * it, and one that is traced under another model, are made anew from the
 * events. They are written with the learner's next event. Bytes that are
 * damaged are the store's to refuse. */
static piq_status from_events(piq_engine *e, piq_user_id user,
                              const piq_tracing *t, int64_t version,
                              piq_learner **out, piq_err *err)
{
    piq_arena a;
    piq_rebuild r = {.user = user, .tracing = t};
    piq_arena_init(&a, 0);
    piq_status status = piq_rebuild_learner(e, &a, &r, out, err);
    piq_arena_release(&a);
    if (status == PIQ_ENOTFOUND) /* somebody is there all the same */
        return piq_fail(err, PIQ_ECORRUPT,
                        "the learner's state cannot be read, and there are no "
                        "events to make it from");
    if (status == PIQ_OK)
        (*out)->version = version;
    return status;
}

/* Before the state: one that was paused since then has another version, and a
 * commit from this one is refused. */
static piq_status load(piq_engine *e, piq_user_id user, const piq_tracing *t,
                       piq_held **out, piq_err *err)
{
    piq_arena a;
    piq_str body;
    int64_t version = -1;
    piq_learner *l = NULL;
    bool paused;
    uint64_t epoch = piq_cache_epoch(e->cache, user);
    piq_status status = piq_pause_read(e, user, &paused, err);
    if (status)
        return status;
    piq_arena_init(&a, 0);
    status = e->store->ops->state(e->store, &a, user, &version, &body, err);
    if (status == PIQ_OK)
        status = piq_engine_decode(e, user, t, body, version, &l, err);
    bool other_model = l && !piq_learner_is_traced(l, t);
    if (other_model || (status == PIQ_ECORRUPT && version >= 0)) {
        piq_learner_free(l);
        l = NULL;
        if (!other_model)
            /* Which one, `piq replay` tells: a log names no learner. */
            piq_log(PIQ_LOG_WARN, 0,
                    "state not readable, made anew from the events", NULL, 0);
        status = from_events(e, user, t, version, &l, err);
    }
    piq_arena_release(&a);
    if (status)
        return status;
    *out = piq_held_take(l);
    if (!*out)
        return piq_fail(err, PIQ_ENOMEM, "no memory for a learner");
    piq_held_pause(*out, paused);
    piq_cache_offer(e->cache, *out, epoch);
    return PIQ_OK;
}

/* A state from before the newest catalogue gets room for it. */
static piq_status grown(piq_engine *e, piq_held **held, piq_err *err)
{
    const piq_catalogue *c = piq_engine_catalogue(e);
    const piq_learner *old = piq_held_learner(*held);
    piq_learner *l = NULL;
    bool paused = piq_held_is_paused(*held);
    if (piq_learner_fits(old, c) || old->catalogue_version > c->version)
        return PIQ_OK;
    piq_status status = piq_learner_copy(old, &l);
    if (status == PIQ_OK)
        status = piq_learner_grow(l, c);
    piq_held_release(*held);
    *held = NULL;
    if (status == PIQ_OK)
        *held = piq_held_take(l);
    else
        piq_learner_free(l);
    if (!*held)
        return piq_fail(err, PIQ_ENOMEM, "no memory for a learner");
    piq_held_pause(*held, paused);
    return PIQ_OK;
}

piq_status piq_engine_hold(piq_engine *e, piq_user_id user,
                           const piq_tracing *t, piq_held **out, piq_err *err)
{
    if (!piq_engine_catalogue(e))
        return piq_fail(err, PIQ_ENOTFOUND, "there is no curriculum yet");
    piq_status status = PIQ_OK;
    *out = piq_cache_get(e->cache, user);
    if (*out && !piq_learner_is_traced(piq_held_learner(*out), t)) {
        piq_held_release(*out);
        *out = NULL;
        piq_cache_drop(e->cache, user);
    }
    if (!*out)
        status = load(e, user, t, out, err);
    if (status == PIQ_ENOTFOUND)
        return piq_fail(err, PIQ_ENOTFOUND, "the learner was never heard of");
    return status ? status : grown(e, out, err);
}

piq_status piq_engine_learner(piq_engine *e, piq_user_id user,
                              piq_learner_ref *out, piq_err *err)
{
    piq_held *h = NULL;
    const piq_catalogue *c; /* before the learner */
    piq_model_hold *m = NULL;
    for (;;) {
        piq_status status = piq_engine_in_force(e, &c, &m, err);
        if (status == PIQ_OK)
            status = piq_engine_hold(e, user, piq_model_tracing(m), &h, err);
        if (h)
            break;
        piq_model_release(m);
        if (status != PIQ_EBUSY || piq_engine_catalogue(e) == c)
            return status;
    }
    *out = (piq_learner_ref){piq_held_learner(h), c, m, h};
    return PIQ_OK;
}

void piq_learner_ref_release(piq_learner_ref *ref)
{
    piq_held_release(ref->hold);
    piq_model_release(ref->model);
    *ref = (piq_learner_ref){0};
}

piq_bytes *piq_engine_served_slate(piq_engine *e, piq_user_id user, int type,
                                   unsigned limit, int64_t now_us,
                                   int64_t *version)
{
    const piq_catalogue *c = piq_engine_catalogue(e);
    return c ? piq_cache_served(e->cache, user, type, limit, c->version,
                                piq_steering_number(e), now_us, version)
             : NULL;
}
