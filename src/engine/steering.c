/* steering.c - rules and experiments in force, and what they say of a slate. */
#include "engine/steering.h"

#include "base/calendar.h"
#include "base/log.h"
#include "domain/json_reader.h"
#include "engine/engine_internal.h"
#include "recommend/experiment.h"

#include <math.h>
#include <stdlib.h>

enum { STEERING_BYTES = 64 << 20 };

struct piq_steering {
    piq_arena arena; /* holds all of it */
    uint64_t number;
    uint32_t rules_mark; /* versions of rules when it was read */
    uint64_t experiments_mark;
    const piq_catalogue *catalogue; /* that rules are compiled for; or NULL */
    piq_rule_set rules;
    piq_business *business; /* NULL: no rules, or no catalogue */
    piq_experiment_design running[PIQ_MAX_RUNNING];
    size_t n_running;
    atomic_uint refs;
};

void piq_steering_release(piq_steering *s)
{
    if (s && atomic_fetch_sub(&s->refs, 1) == 1) {
        piq_arena_release(&s->arena);
        free(s);
    }
}

piq_steering *piq_engine_steering(piq_engine *e)
{
    pthread_mutex_lock(&e->steering_lock);
    piq_steering *s = e->steering;
    if (s)
        atomic_fetch_add(&s->refs, 1);
    pthread_mutex_unlock(&e->steering_lock);
    return s;
}

uint64_t piq_steering_number_of(const piq_steering *s)
{
    return s ? s->number : 0;
}

uint64_t piq_steering_number(piq_engine *e)
{
    return atomic_load(&e->steering_number);
}

void piq_steering_marks(const piq_steering *s, uint32_t *rules,
                        uint64_t *experiments)
{
    *rules = s ? s->rules_mark : 0;
    *experiments = s ? s->experiments_mark : 0;
}

const piq_rule_set *piq_steering_rules(const piq_steering *s)
{
    return s && s->rules.version ? &s->rules : NULL;
}

const piq_experiment_design *piq_steering_running(const piq_steering *s,
                                                  size_t *n)
{
    *n = s ? s->n_running : 0;
    return s ? s->running : NULL;
}

/* ---- reading ----------------------------------------------------------- */

static piq_status no_memory(piq_err *err)
{
    return piq_fail(err, PIQ_ENOMEM, "no memory for rules and experiments");
}

/* A stored set, checked against no catalogue: it was when it was stored. */
static piq_status read_rules(piq_engine *e, piq_arena *a, uint32_t version,
                             piq_rule_set *out, piq_err *err)
{
    piq_rules_row row;
    json_t *json = NULL;
    piq_status status = e->store->ops->rules(e->store, a, version, &row, err);
    if (status)
        return status;
    status = piq_json_parse(row.document, &json, err);
    if (status == PIQ_OK)
        status = piq_rule_set_read(a, json, NULL, out, err);
    json_decref(json);
    if (status && status != PIQ_ENOMEM)
        return piq_fail(err, PIQ_ECORRUPT, "stored rules %u cannot be read: %s",
                        row.version, err ? err->message : "");
    out->version = row.version;
    out->made_us = row.made_us;
    return status;
}

piq_status piq_experiment_row_read(piq_arena *a, const piq_experiment_row *row,
                                   piq_experiment_design *out, piq_err *err)
{
    json_t *json = NULL;
    piq_status status = piq_json_parse(row->document, &json, err);
    if (status == PIQ_OK)
        status = piq_experiment_design_read(a, json, out, err);
    json_decref(json);
    if (status && status != PIQ_ENOMEM)
        return piq_fail(err, PIQ_ECORRUPT,
                        "stored experiment %lld cannot be read: %s",
                        (long long)row->id, err ? err->message : "");
    out->id = row->id;
    out->started_us = row->started_us;
    out->stopped_us = row->stopped_us;
    out->stop_reason = row->stop_reason;
    out->state = row->stopped_us == INT64_MAX ? PIQ_EXPERIMENT_RUNNING
                                              : PIQ_EXPERIMENT_STOPPED;
    return status;
}

static piq_status read_running(piq_engine *e, piq_steering *s, piq_err *err)
{
    piq_experiment_row *rows;
    size_t n;
    piq_status status =
        e->store->ops->experiments(e->store, &s->arena, &rows, &n, err);
    for (size_t i = 0; i < n && !status && s->n_running < PIQ_MAX_RUNNING; i++)
        if (rows[i].stopped_us == INT64_MAX)
            status = piq_experiment_row_read(&s->arena, &rows[i],
                                             &s->running[s->n_running++], err);
    return status;
}

static piq_steering *new_steering(void)
{
    piq_steering *s = calloc(1, sizeof *s);
    if (!s)
        return NULL;
    piq_arena_init(&s->arena, STEERING_BYTES);
    atomic_init(&s->refs, 1);
    return s;
}

static piq_status fill(piq_engine *e, piq_steering *s, piq_err *err)
{
    piq_status status = PIQ_OK;
    if (s->rules_mark)
        status = read_rules(e, &s->arena, s->rules_mark, &s->rules, err);
    if (!status && s->rules_mark && s->catalogue &&
        piq_business_compile(&s->arena, &s->rules, s->catalogue, &s->business))
        status = no_memory(err);
    if (!status && s->experiments_mark)
        status = read_running(e, s, err);
    return status;
}

static void tell_change(const piq_steering *s)
{
    piq_log_field fields[] = {
        piq_log_int("rules", s->rules.version),
        piq_log_int("experiments", (int64_t)s->n_running)};
    piq_log(PIQ_LOG_INFO, 0, "rules and experiments in force", fields, 2);
}

static void put_in_force(piq_engine *e, piq_steering *s)
{
    pthread_mutex_lock(&e->steering_lock);
    piq_steering *old = e->steering;
    s->number = piq_steering_number_of(old) + 1;
    e->steering = s;
    atomic_store(&e->steering_number, s->number);
    pthread_mutex_unlock(&e->steering_lock);
    if (old ? old->rules_mark != s->rules_mark ||
                  old->experiments_mark != s->experiments_mark
            : s->rules_mark || s->experiments_mark)
        tell_change(s);
    piq_steering_release(old);
}

/* Under steer_lock, without which nobody replaces what is in force. */
static piq_status adopt(piq_engine *e, piq_err *err)
{
    const piq_catalogue *c = piq_engine_catalogue(e);
    const piq_steering *now = e->steering;
    uint32_t rules;
    uint64_t experiments;
    piq_status status =
        e->store->ops->policy_marks(e->store, &rules, &experiments, err);
    if (status || (now && now->rules_mark == rules && now->catalogue == c &&
                   now->experiments_mark == experiments))
        return status;
    piq_steering *s = new_steering();
    if (!s)
        return no_memory(err);
    s->rules_mark = rules;
    s->experiments_mark = experiments;
    s->catalogue = c;
    status = fill(e, s, err);
    if (status)
        piq_steering_release(s);
    else
        put_in_force(e, s);
    return status;
}

piq_status piq_engine_adopt_steering(piq_engine *e, piq_err *err)
{
    pthread_mutex_lock(&e->steer_lock);
    piq_status status = adopt(e, err);
    pthread_mutex_unlock(&e->steer_lock);
    return status;
}

/* ---- one slate --------------------------------------------------------- */

/* Stored first, then what this batch adds; order is nobody's concern. */
static piq_status read_shown(piq_engine *e, piq_arena *a,
                             const piq_steer_question *q, int64_t memory_us,
                             piq_business_question *out, piq_err *err)
{
    piq_shown *stored = NULL, *all;
    size_t n = 0, n_all = 0;
    if (memory_us == 0)
        return PIQ_OK;
    piq_status status =
        e->store->ops->shown(e->store, a, q->user, q->now_us - memory_us,
                             PIQ_MAX_SHOWN, &stored, &n, err);
    if (status)
        return status;
    all = piq_new(a, piq_shown, n + q->n_pending);
    if (!all)
        return no_memory(err);
    for (size_t i = 0; i < n; i++)
        if (!q->before || stored[i].recommendation < q->before)
            all[n_all++] = stored[i];
    for (size_t i = 0; i < q->n_pending; i++)
        if (q->pending[i].user.v == q->user.v)
            all[n_all++] = (piq_shown){.content = q->pending[i].content,
                                       .at_us = q->pending[i].recommended_us};
    out->shown = all;
    out->n_shown = n_all;
    return PIQ_OK;
}

static piq_status look(piq_engine *e, piq_arena *a, const piq_business *b,
                       const piq_steer_question *q, piq_steer *out,
                       piq_err *err)
{
    piq_business_question ask = {
        .user = q->user, .now_us = q->now_us, .history = q->history};
    piq_business_view *view = piq_new(a, piq_business_view, 1);
    if (!view)
        return no_memory(err);
    piq_status status = read_shown(e, a, q, b->memory_us, &ask, err);
    if (status)
        return status;
    if (piq_business_look(a, b, &ask, view))
        return no_memory(err);
    out->business = view;
    out->rules = b->set->version;
    return PIQ_OK;
}

/* NaN leaves a number to those after it. */
static void join(double *to, double from)
{
    if (isnan(*to))
        *to = from;
}

static void join_overrides(piq_policy_overrides *to,
                           const piq_policy_overrides *from)
{
    join(&to->exploration_gamma, from->exploration_gamma);
    join(&to->exploration_delta, from->exploration_delta);
    join(&to->exploration_floor, from->exploration_floor);
    join(&to->diversity, from->diversity);
    if (!to->policy)
        to->policy = from->policy;
}

static void assign(const piq_experiment_design *x, piq_user_id user,
                   piq_steer *out)
{
    double at = piq_experiment_place(x->name, user.v) * 100, end = 0;
    for (size_t i = 0; i < x->n_arms; i++) {
        end += x->arms[i].share;
        if (at >= end)
            continue;
        out->arms[out->n_arms++] = (piq_steer_arm){x, (uint8_t)i};
        join_overrides(&out->overrides, &x->arms[i].overrides);
        return;
    }
}

piq_status piq_steer_ask(piq_engine *e, const piq_steering *s, piq_arena *a,
                         const piq_steer_question *q, piq_steer *out,
                         piq_err *err)
{
    piq_steer steer = {.overrides = piq_policy_overrides_none()};
    piq_status status = PIQ_OK;
    piq_business *b = s ? s->business : NULL;
    for (size_t i = 0; s && i < s->n_running; i++)
        assign(&s->running[i], q->user, &steer);
    /* Between a new catalogue and the next look at the store. */
    if (piq_steering_rules(s) && s->catalogue != q->catalogue &&
        piq_business_compile(a, &s->rules, q->catalogue, &b))
        return no_memory(err);
    if (b)
        status = look(e, a, b, q, &steer, err);
    if (status == PIQ_OK)
        *out = steer;
    return status;
}

piq_status piq_steer_again(piq_engine *e, piq_arena *a, uint32_t version,
                           const piq_steer_question *q, piq_steer *out,
                           piq_err *err)
{
    piq_steer steer = {.overrides = piq_policy_overrides_none()};
    piq_rule_set *set = piq_new(a, piq_rule_set, 1);
    piq_business *b;
    piq_status status = set ? PIQ_OK : no_memory(err);
    if (!status && version)
        status = read_rules(e, a, version, set, err);
    if (!status && version && piq_business_compile(a, set, q->catalogue, &b))
        status = no_memory(err);
    if (!status && version)
        status = look(e, a, b, q, &steer, err);
    if (status == PIQ_OK)
        *out = steer;
    return status;
}

void piq_steer_write(const piq_steer *s, piq_json_writer *w)
{
    if (s->rules)
        piq_json_put_int(w, "rules", s->rules);
    if (s->n_arms == 0)
        return;
    piq_json_key(w, "arms");
    piq_json_array(w);
    for (size_t i = 0; i < s->n_arms; i++) {
        const piq_experiment_design *x = s->arms[i].experiment;
        piq_json_object(w);
        piq_json_put_str(w, "experiment", x->name);
        piq_json_put_int(w, "id", x->id);
        piq_json_put_str(w, "arm", x->arms[s->arms[i].arm].name);
        piq_json_object_end(w);
    }
    piq_json_array_end(w);
}

piq_status piq_steer_expose(piq_batch *b, const piq_steer *s,
                            const piq_learner *l, int64_t now_us, size_t first,
                            size_t n)
{
    for (size_t i = 0; i < s->n_arms; i++) {
        if (piq_batch_room(b, (void **)&b->exposures, b->commit.n_exposures,
                           &b->cap_exposures, sizeof *b->exposures))
            return PIQ_ENOMEM;
        b->exposures[b->commit.n_exposures++] = (piq_exposure_row){
            .experiment = s->arms[i].experiment->id,
            .arm = s->arms[i].arm,
            .user = l->user,
            .at_us = now_us,
            .gained = (double)l->behaviour.gained,
            .practice_s = (double)l->behaviour.spent_ms / 1000,
            .first_recommendation = (int64_t)first,
            .n_recommendations = n};
    }
    return PIQ_OK;
}
