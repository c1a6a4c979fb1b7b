/* slate_explain.c - what the log tells of one recommendation. */
#include "engine/engine_internal.h"
#include "engine/slate_log.h"

#include <stdio.h>

enum { CHANCE_DECIMALS = 8 };

typedef struct told {
    piq_slate_record slate;
    piq_slate_log log;
    piq_recommendation_row row;
    size_t place; /* from 0 */
} told;

/* keep_log_days: the recommendation outlives what it came from. */
static piq_status tell_missing(piq_engine *e, piq_arena *a, piq_user_id user,
                               int64_t id, piq_err *err)
{
    piq_recommendation_row row;
    piq_store *store = e->store;
    if (store->ops->recommendation(store, a, user, id, &row, NULL))
        return piq_fail(err, PIQ_ENOTFOUND,
                        "the learner was given no recommendation %lld",
                        (long long)id);
    return piq_fail(err, PIQ_ENOTFOUND,
                    "how recommendation %lld came about is not kept so long",
                    (long long)id);
}

static piq_status find(piq_engine *e, piq_arena *a, piq_user_id user,
                       int64_t id, told *t, piq_err *err)
{
    piq_store *store = e->store;
    piq_status status = store->ops->slate_of(store, a, id, &t->slate, err);
    if (status == PIQ_OK && user.v && user.v != t->slate.row.user.v)
        status = PIQ_ENOTFOUND;
    if (status == PIQ_ENOTFOUND && user.v)
        return tell_missing(e, a, user, id, err);
    if (status == PIQ_OK)
        status = store->ops->recommendation(store, a, t->slate.row.user, id,
                                            &t->row, err);
    if (status)
        return status;
    t->place = (size_t)(id - t->slate.first_recommendation);
    status = piq_slate_log_read(a, t->slate.row.candidates, &t->log);
    if (status == PIQ_OK && t->place >= t->log.n_shown)
        status = PIQ_ECORRUPT;
    return status ? piq_fail(err, status,
                             "the log of slate %lld cannot be "
                             "read",
                             (long long)t->slate.id)
                  : PIQ_OK;
}

static void write_versions(const told *t, piq_json_writer *w)
{
    const piq_slate_origin *o = &t->log.origin;
    char seed[24];
    snprintf(seed, sizeof seed, "%016llx", (unsigned long long)o->seed);
    piq_json_key(w, "made_from");
    piq_json_object(w);
    piq_json_put_int(w, "log_format", t->log.format);
    piq_json_put_int(w, "state_version", t->slate.row.state_version);
    piq_json_put_int(w, "events", o->n_events);
    piq_json_put_int(w, "catalogue", t->slate.row.catalogue_version);
    piq_json_put_int(w, "calibration", o->calibration);
    piq_json_put_int(w, "model", o->model);
    piq_json_put_int(w, "weights", o->policy);
    piq_json_put_int(w, "taste", o->taste);
    piq_json_put_int(w, "rules", o->rules);
    piq_json_put_z(w, "seed", seed);
    piq_json_object_end(w);
}

static void write_explored(const told *t, piq_json_writer *w)
{
    piq_json_key(w, "explored");
    if (!t->log.n_explored) {
        piq_json_null(w);
        return;
    }
    piq_json_object(w);
    piq_json_put_int(w, "place", (int64_t)t->log.slot + 1);
    piq_json_key(w, "candidates");
    piq_json_array(w);
    for (size_t i = 0; i < t->log.n_explored; i++) {
        const piq_logged_choice *x = &t->log.explored[i];
        piq_json_object(w);
        piq_json_put_int(w, "content_id", x->content.v);
        piq_json_put_fixed(w, "value", x->value, CHANCE_DECIMALS);
        piq_json_put_fixed(w, "chance", x->chance, CHANCE_DECIMALS);
        piq_json_object_end(w);
    }
    piq_json_array_end(w);
    piq_json_object_end(w);
}

static const char *result_name(piq_slate_replay result)
{
    switch (result) {
    case PIQ_SLATE_SAME:
        return "same";
    case PIQ_SLATE_DIFFERS:
        return "differs";
    case PIQ_SLATE_FORGOTTEN:
        return "forgotten";
    }
    return "forgotten";
}

static piq_status write_replay(piq_engine *e, int64_t id, bool replay,
                               piq_json_writer *w, piq_err *err)
{
    piq_slate_replay result;
    piq_buf said;
    piq_json_key(w, "replay");
    if (!replay) {
        piq_json_null(w);
        return PIQ_OK;
    }
    piq_buf_init(&said, 0);
    piq_status status = piq_engine_replay_slate(e, id, &result, &said, err);
    if (status == PIQ_OK) {
        piq_json_object(w);
        piq_json_put_z(w, "result", result_name(result));
        piq_json_put_str(w, "said", (piq_str){said.ptr, said.len});
        piq_json_object_end(w);
    }
    piq_buf_release(&said);
    return status;
}

static piq_status write(piq_engine *e, const told *t, bool replay,
                        piq_json_writer *w, piq_err *err)
{
    const piq_logged_choice *x = &t->log.shown[t->place];
    piq_json_object(w);
    piq_json_put_int(w, "recommendation_id", t->row.id);
    piq_json_put_id(w, "userId", piq_user_outer(t->row.user));
    piq_json_put_int(w, "content_id", t->row.content.v);
    piq_json_put_time(w, "recommended_at", t->slate.row.served_us);
    piq_json_put_str(w, "policy", t->slate.row.policy);
    piq_json_put_int(w, "place", (int64_t)t->place + 1);
    piq_json_put_int(w, "shown", (int64_t)t->log.n_shown);
    piq_json_put_int(w, "candidates", (int64_t)t->log.n_candidates);
    piq_json_put_z(w, "cause", piq_cause_name(x->cause));
    piq_json_put_fixed(w, "propensity", x->chance, CHANCE_DECIMALS);
    piq_json_key(w, "reasoning");
    piq_json_raw(w, t->row.reasoning);
    write_explored(t, w);
    write_versions(t, w);
    piq_status status = write_replay(e, t->row.id, replay, w, err);
    piq_json_object_end(w);
    return status;
}

piq_status piq_engine_explain(piq_engine *e, piq_user_id user,
                              int64_t recommendation, bool replay,
                              piq_json_writer *w, piq_err *err)
{
    told t = {.place = 0};
    piq_arena a;
    piq_arena_init(&a, 0);
    piq_status status = find(e, &a, user, recommendation, &t, err);
    if (status == PIQ_OK)
        status = write(e, &t, replay, w, err);
    piq_arena_release(&a);
    return status;
}
