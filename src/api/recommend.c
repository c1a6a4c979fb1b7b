/* recommend.c - recommendations, and what learners say of them. */
#include "api/exchange.h"
#include "domain/json_reader.h"

enum { DEFAULT_LIMIT = 5, MAX_LIMIT = 50 };

static void reply_slate(piq_exchange *c)
{
    piq_exchange_bytes(c, 200, "application/json",
                       piq_bytes_retain(c->op->slate), c->op->state_version);
}

void piq_get_recommendations(piq_exchange *c)
{
    static const char *const known[] = {"type", "limit", NULL};
    const piq_catalogue *cat;
    int64_t limit = DEFAULT_LIMIT, version = -1;
    int type;
    if (!piq_exchange_known_query(c, known) ||
        !piq_exchange_query_int(c, "limit", 1, MAX_LIMIT, &limit) ||
        !piq_exchange_query_type(c, &type) || !piq_exchange_catalogue(c, &cat))
        return;
    piq_bytes *served = piq_engine_served_slate(
        c->api->engine, c->user, type, (unsigned)limit, c->now_us, &version);
    if (served) {
        piq_exchange_bytes(c, 200, "application/json", served, version);
        return;
    }
    piq_op *op = piq_exchange_op(c, PIQ_OP_SLATE);
    if (!op)
        return;
    op->type = type;
    op->limit = (unsigned)limit;
    piq_exchange_run(c, op, reply_slate);
}

/* ---- why ------------------------------------------------------------- */

void piq_get_explanation(piq_exchange *c)
{
    static const char *const no_query[] = {NULL};
    piq_learner_ref ref;
    piq_buf b;
    piq_json_writer w;
    if (!piq_exchange_known_query(c, no_query) ||
        !piq_exchange_learner(c, &ref))
        return;
    int64_t version = ref.learner->version;
    piq_learner_ref_release(&ref);
    piq_buf_init(&b, 0);
    piq_json_init(&w, &b);
    if (piq_engine_explain(c->api->engine, c->user, c->recommendation_id, false,
                           &w, &c->err)) {
        piq_buf_release(&b);
        piq_exchange_fail(c);
        return;
    }
    piq_exchange_json(c, 200, &b, version);
}

/* ---- feedback -------------------------------------------------------- */

static void reply_feedback(piq_exchange *c)
{
    piq_store *store = piq_engine_store(c->api->engine);
    piq_recommendation_row row;
    piq_buf b;
    piq_json_writer w;
    if (store->ops->recommendation(store, &c->arena, c->user,
                                   c->recommendation_id, &row, &c->err)) {
        piq_exchange_fail(c);
        return;
    }
    piq_buf_init(&b, 0);
    piq_json_init(&w, &b);
    piq_json_object(&w);
    piq_json_put_int(&w, "recommendation_id", row.id);
    piq_json_put_z(&w, "user_action",
                   row.action == PIQ_ACTION_NONE
                       ? NULL
                       : piq_user_action_name(row.action));
    piq_json_key(&w, "feedback_score");
    if (row.feedback_score)
        piq_json_int(&w, row.feedback_score);
    else
        piq_json_null(&w);
    piq_json_put_int(&w, "version", c->op->state_version);
    piq_json_object_end(&w);
    piq_exchange_json(c, 200, &b, c->op->state_version);
}

static piq_status read_feedback(piq_exchange *c, piq_feedback_event *out)
{
    static const char *const known[] = {"action", "feedback_score", NULL};
    piq_json_reader r;
    *out = (piq_feedback_event){.recommendation_id = c->recommendation_id,
                                .content = {PIQ_NO_IX32}};
    piq_json_begin(&r, c->json, "", known, &c->err);
    if (piq_json_has(&r, "action") &&
        (!piq_user_action_of(piq_json_string(&r, "action", 1, 32),
                             &out->action) ||
         out->action == PIQ_ACTION_NONE))
        piq_json_refuse(&r, "action",
                        "accepted, dismissed or completed is expected");
    if (piq_json_has(&r, "feedback_score"))
        out->feedback_score =
            (uint8_t)piq_json_int_in(&r, "feedback_score", 1, 5);
    if (!r.status && out->action == PIQ_ACTION_NONE && !out->feedback_score)
        piq_json_refuse(&r, NULL, "give an action, a feedback_score or both");
    return piq_json_end(&r);
}

void piq_post_feedback(piq_exchange *c)
{
    static const char *const no_query[] = {NULL};
    piq_store *store = piq_engine_store(c->api->engine);
    piq_recommendation_row row;
    piq_learner_ref ref;
    if (!piq_exchange_known_query(c, no_query) || !piq_exchange_body(c) ||
        !piq_exchange_learner(c, &ref))
        return;
    piq_learner_ref_release(&ref);
    piq_status status = store->ops->recommendation(
        store, &c->arena, c->user, c->recommendation_id, &row, &c->err);
    if (status == PIQ_ENOTFOUND)
        piq_fail(&c->err, PIQ_ENOTFOUND,
                 "the learner was given no recommendation %lld",
                 (long long)c->recommendation_id);
    if (status) {
        piq_exchange_fail(c);
        return;
    }
    piq_op *op = piq_exchange_op(c, PIQ_OP_EVENTS);
    if (!op || !piq_exchange_own_events(c, op, 1))
        return;
    op->events[0].type = PIQ_EV_RECOMMENDATION_FEEDBACK;
    if (read_feedback(c, &op->events[0].u.feedback)) {
        piq_op_free(op);
        piq_exchange_fail(c);
        return;
    }
    piq_exchange_run(c, op, reply_feedback);
}
