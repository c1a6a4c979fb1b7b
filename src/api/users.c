/* users.c - profile, goals, analytics, predictions. */
#include "api/exchange.h"
#include "base/calendar.h"
#include "domain/analytics.h"
#include "domain/json_reader.h"
#include "domain/prediction.h"
#include "domain/profile.h"
#include "insight/analytics.h"
#include "insight/predictions.h"
#include "insight/profile.h"

#include <math.h>

static const char *const no_query[] = {NULL};

static void no_memory(piq_exchange *c)
{
    piq_fail(&c->err, PIQ_ENOMEM, "no memory for this request");
    piq_exchange_fail(c);
}

static piq_belief *beliefs_at(piq_engine *e, piq_arena *a,
                              const piq_learner_ref *ref, int64_t now_us)
{
    const piq_catalogue *cat = ref->catalogue;
    piq_belief *b = piq_new(a, piq_belief, cat->n_concepts);
    piq_judge by = piq_engine_judge(e, ref->model);
    if (!b || piq_learner_judged(ref->learner, &by, cat, now_us, b))
        return NULL;
    return b;
}

static piq_belief *beliefs_now(piq_exchange *c, const piq_learner_ref *ref)
{
    return beliefs_at(c->api->engine, &c->arena, ref, c->now_us);
}

/* ---- profile --------------------------------------------------------- */

piq_status piq_api_write_profile(piq_api *api, piq_arena *a, piq_user_id user,
                                 int64_t now_us, piq_buf *b, int64_t *version,
                                 piq_err *err)
{
    piq_learner_ref ref;
    piq_json_writer w;
    piq_status status = piq_engine_learner(api->engine, user, &ref, err);
    if (status)
        return status;
    const piq_catalogue *cat = ref.catalogue;
    *version = ref.learner->version;
    piq_profile *p = piq_new(a, piq_profile, 1);
    piq_belief *beliefs = beliefs_at(api->engine, a, &ref, now_us);
    status = p && beliefs
                 ? piq_profile_make(a, ref.learner, cat, beliefs, now_us, p)
                 : PIQ_ENOMEM;
    if (status == PIQ_OK) {
        piq_json_init(&w, b);
        piq_profile_write(p, cat, &w);
    } else {
        piq_fail(err, PIQ_ENOMEM, "no memory for this request");
    }
    piq_learner_ref_release(&ref);
    return status ? PIQ_ENOMEM : PIQ_OK;
}

static void reply_profile(piq_exchange *c)
{
    const piq_catalogue *unused;
    int64_t version;
    piq_buf b;
    if (!piq_exchange_catalogue(c, &unused))
        return;
    piq_buf_init(&b, 0);
    if (piq_api_write_profile(c->api, &c->arena, c->user, c->now_us, &b,
                              &version, &c->err)) {
        piq_buf_release(&b);
        piq_exchange_fail(c);
        return;
    }
    piq_exchange_json(c, 200, &b, version);
}

void piq_get_profile(piq_exchange *c)
{
    if (piq_exchange_known_query(c, no_query))
        reply_profile(c);
}

void piq_analyze_profile(piq_exchange *c)
{
    const piq_catalogue *cat;
    if (!piq_exchange_known_query(c, no_query) ||
        !piq_exchange_catalogue(c, &cat) || !piq_exchange_no_body(c))
        return;
    piq_op *op = piq_exchange_op(c, PIQ_OP_PROFILE);
    if (op)
        piq_exchange_run(c, op, reply_profile);
}

/* Fills the events that state what `json` says: stated first, then goals. */
static piq_status read_update(const json_t *stated, const json_t *goals,
                              const piq_catalogue *cat, piq_op *op,
                              piq_err *err)
{
    size_t n = 0;
    piq_status status = PIQ_OK;
    if (stated) {
        op->events[n].type = PIQ_EV_PROFILE_STATED;
        status = piq_stated_read(stated, "/stated", cat,
                                 &op->events[n++].u.stated, err);
    }
    if (goals && status == PIQ_OK) {
        op->events[n].type = PIQ_EV_GOAL_SET;
        status = piq_api_read_goal(goals, "/goals", cat, op->now_us,
                                   &op->events[n].u.goal, err);
    }
    return status;
}

void piq_put_profile(piq_exchange *c)
{
    static const char *const known[] = {"stated", "goals", NULL};
    const piq_catalogue *cat;
    piq_json_reader r;
    int64_t if_version;
    if (!piq_exchange_known_query(c, no_query) ||
        !piq_exchange_if_match(c, &if_version) ||
        !piq_exchange_catalogue(c, &cat) || !piq_exchange_body(c))
        return;
    piq_json_begin(&r, c->json, "", known, &c->err);
    if (!r.status && json_object_size(c->json) == 0)
        piq_json_refuse(&r, NULL, "give \"stated\", \"goals\" or both");
    if (piq_json_end(&r)) {
        piq_exchange_fail(c);
        return;
    }
    const json_t *stated = json_object_get(c->json, "stated");
    const json_t *goals = json_object_get(c->json, "goals");
    piq_op *op = piq_exchange_op(c, PIQ_OP_EVENTS);
    if (!op ||
        !piq_exchange_own_events(c, op, (stated ? 1u : 0u) + (goals ? 1u : 0u)))
        return;
    op->if_version = if_version;
    if (read_update(stated, goals, cat, op, &c->err)) {
        piq_op_free(op);
        piq_exchange_fail(c);
        return;
    }
    piq_exchange_run(c, op, reply_profile);
}

/* ---- goals ----------------------------------------------------------- */

static void reply_goal(piq_exchange *c)
{
    const piq_catalogue *cat = piq_engine_catalogue(c->api->engine);
    piq_buf b;
    piq_json_writer w;
    piq_buf_init(&b, 0);
    piq_json_init(&w, &b);
    piq_json_object(&w);
    piq_goal_write(&c->op->events[0].u.goal, cat, &w);
    piq_json_object_end(&w);
    piq_exchange_json(c, 201, &b, c->op->state_version);
}

void piq_post_goals(piq_exchange *c)
{
    const piq_catalogue *cat;
    int64_t if_version;
    if (!piq_exchange_known_query(c, no_query) ||
        !piq_exchange_if_match(c, &if_version) ||
        !piq_exchange_catalogue(c, &cat) || !piq_exchange_body(c))
        return;
    piq_op *op = piq_exchange_op(c, PIQ_OP_EVENTS);
    if (!op || !piq_exchange_own_events(c, op, 1))
        return;
    op->if_version = if_version;
    op->events[0].type = PIQ_EV_GOAL_SET;
    if (piq_api_read_goal(c->json, "", cat, c->now_us, &op->events[0].u.goal,
                          &c->err)) {
        piq_op_free(op);
        piq_exchange_fail(c);
        return;
    }
    piq_exchange_run(c, op, reply_goal);
}

/* ---- analytics and predictions --------------------------------------- */

void piq_get_analytics(piq_exchange *c)
{
    static const char *const known[] = {"from", "to", NULL};
    int64_t from_us = INT64_MIN, to_us = INT64_MAX;
    piq_learner_ref ref;
    piq_buf b;
    piq_json_writer w;
    if (!piq_exchange_known_query(c, known) ||
        !piq_exchange_query_time(c, "from", &from_us) ||
        !piq_exchange_query_time(c, "to", &to_us))
        return;
    if (from_us > to_us) {
        piq_fail(&c->err, PIQ_EINVAL, "from lies after to");
        piq_err_at(&c->err, "from");
        piq_exchange_fail(c);
        return;
    }
    if (!piq_exchange_learner(c, &ref))
        return;
    const piq_catalogue *cat = ref.catalogue;
    int64_t version = ref.learner->version;
    piq_analytics *x = piq_new(&c->arena, piq_analytics, 1);
    piq_belief *beliefs = beliefs_now(c, &ref);
    piq_status status =
        x && beliefs ? piq_analytics_make(&c->arena, ref.learner, cat, beliefs,
                                          c->now_us, from_us, to_us, x)
                     : PIQ_ENOMEM;
    piq_buf_init(&b, 0);
    if (status == PIQ_OK) {
        piq_json_init(&w, &b);
        piq_analytics_write(x, cat, &w);
    }
    piq_learner_ref_release(&ref);
    if (status) {
        no_memory(c);
        return;
    }
    piq_exchange_json(c, 200, &b, version);
}

/* When to predict for: ?at= or ?days=, 28 days when neither is given. */
static bool read_when(piq_exchange *c, int64_t *at_us)
{
    int64_t days = 0, at = INT64_MIN;
    if (!piq_exchange_query_int(c, "days", 1, PIQ_MAX_PREDICTION_DAYS, &days) ||
        !piq_exchange_query_time(c, "at", &at))
        return false;
    if (days && at != INT64_MIN) {
        piq_fail(&c->err, PIQ_EINVAL, "give either at or days");
        piq_err_at(&c->err, "at");
        piq_exchange_fail(c);
        return false;
    }
    *at_us =
        at != INT64_MIN ? at : c->now_us + (days ? days : 28) * PIQ_US_PER_DAY;
    if (*at_us >= c->now_us &&
        *at_us <= c->now_us + PIQ_MAX_PREDICTION_DAYS * PIQ_US_PER_DAY)
        return true;
    piq_fail(&c->err, PIQ_EINVAL,
             "at must lie between now and %d days from now",
             (int)PIQ_MAX_PREDICTION_DAYS);
    piq_err_at(&c->err, "at");
    piq_exchange_fail(c);
    return false;
}

void piq_get_predictions(piq_exchange *c)
{
    static const char *const known[] = {"at", "days", "minutes_per_week", NULL};
    piq_predictions_ask ask = {.now_us = c->now_us, .minutes_per_week = NAN};
    piq_learner_ref ref;
    piq_buf b;
    piq_json_writer w;
    if (!piq_exchange_known_query(c, known) || !read_when(c, &ask.at_us) ||
        !piq_exchange_query_number(c, "minutes_per_week", 0,
                                   PIQ_MAX_WEEK_MINUTES,
                                   &ask.minutes_per_week) ||
        !piq_exchange_learner(c, &ref))
        return;
    const piq_catalogue *cat = ref.catalogue;
    int64_t version = ref.learner->version;
    piq_prediction *p = piq_new(&c->arena, piq_prediction, 1);
    piq_belief *beliefs = beliefs_now(c, &ref);
    piq_status status = p && beliefs
                            ? piq_predictions_answer(&c->arena, ref.learner,
                                                     cat, beliefs, &ask, p)
                            : PIQ_ENOMEM;
    piq_buf_init(&b, 0);
    if (status == PIQ_OK) {
        piq_json_init(&w, &b);
        piq_prediction_write(p, cat, &w);
    }
    piq_learner_ref_release(&ref);
    if (status) {
        no_memory(c);
        return;
    }
    piq_exchange_json(c, 200, &b, version);
}
