/* path.c - the learning path: read it, update it. */
#include "api/exchange.h"
#include "base/log.h"
#include "domain/json_reader.h"

#include <math.h>
#include <stdio.h>

enum {
    MAX_REASON_BYTES = 200,
    MAX_COMPLETED = 100,
    DEFAULT_STEPS = 60,
    MAX_STEPS = 1024
};

/* ?steps=, how many steps that are not done are listed. */
static bool read_steps(piq_exchange *c, int64_t *steps)
{
    static const char *const known[] = {"steps", NULL};
    *steps = DEFAULT_STEPS;
    return piq_exchange_known_query(c, known) &&
           piq_exchange_query_int(c, "steps", 1, MAX_STEPS, steps);
}

static void reply_path(piq_exchange *c)
{
    piq_buf b;
    piq_buf_init(&b, 0);
    piq_buf_add_str(&b, c->op->path_json);
    piq_exchange_json(c, 200, &b, c->op->state_version);
}

void piq_get_path(piq_exchange *c)
{
    const piq_catalogue *cat;
    int64_t steps;
    if (!read_steps(c, &steps) || !piq_exchange_catalogue(c, &cat))
        return;
    piq_op *op = piq_exchange_op(c, PIQ_OP_PATH);
    if (!op)
        return;
    op->limit = (unsigned)steps;
    piq_exchange_run(c, op, reply_path);
}

/* ---- update ---------------------------------------------------------- */

typedef struct update {
    const json_t *goals, *stated, *completed;
    size_t n_completed;
    piq_str reason;
    int64_t steps;
} update;

/* The events are stored by then: whoever repeats the request would record
 * them twice, so the answer must not say that nothing was changed. */
static void plan_failed(piq_exchange *c)
{
    piq_status why = c->err.status;
    if (why != PIQ_EIO && why != PIQ_EFULL && why != PIQ_EBUSY &&
        why != PIQ_ENOMEM)
        return;
    piq_log_err(c->in->id, "a path was not planned", &c->err);
    piq_fail(&c->err, PIQ_EBUSY,
             "what was stated and completed is recorded, but the path could "
             "not be planned");
    piq_err_hint(&c->err, "do not repeat it: GET learning-path plans anew");
}

static void plan_again(piq_exchange *c)
{
    const update *u = c->state;
    if (u->stated || u->goals || u->n_completed)
        c->failed = plan_failed;
    piq_op *op = piq_exchange_op(c, PIQ_OP_PATH);
    if (!op)
        return;
    op->reason.ptr =
        piq_arena_strndup(&op->arena, u->reason.ptr, u->reason.len);
    op->reason.len = op->reason.ptr ? u->reason.len : 0;
    op->limit = (unsigned)u->steps;
    piq_exchange_run(c, op, reply_path);
}

static piq_status refuse_completed(piq_err *err, size_t i, const char *why)
{
    piq_fail(err, PIQ_EINVAL, "%s", why);
    piq_err_at(err, "/completed/%zu", i);
    return PIQ_EINVAL;
}

static piq_status read_completed(const update *u, const piq_catalogue *cat,
                                 piq_event *events, piq_err *err)
{
    for (size_t i = 0; i < u->n_completed; i++) {
        const json_t *v = json_array_get(u->completed, i);
        piq_content_ix ix;
        if (!json_is_integer(v) ||
            !piq_catalogue_find_content(
                cat, (piq_content_id){json_integer_value(v)}, &ix))
            return refuse_completed(err, i, "no content of the curriculum");
        for (size_t k = 0; k < i; k++)
            if (events[k].u.content.content.v == ix.v)
                return refuse_completed(err, i, "this content is there twice");
        events[i].type = PIQ_EV_CONTENT_COMPLETED;
        events[i].u.content = (piq_content_event){.content = ix, .score = NAN};
    }
    return PIQ_OK;
}

static piq_status read_update(piq_exchange *c, update *u)
{
    static const char *const known[] = {"goals", "stated", "completed",
                                        "reason", NULL};
    piq_json_reader r;
    piq_json_begin(&r, c->json, "", known, &c->err);
    *u = (update){.reason = PIQ_STR("asked for")};
    if (piq_json_has(&r, "reason"))
        u->reason = piq_json_string(&r, "reason", 1, MAX_REASON_BYTES);
    if (piq_json_has(&r, "completed")) {
        u->completed = piq_json_array_in(&r, "completed", MAX_COMPLETED);
        u->n_completed = json_array_size(u->completed);
    }
    u->goals = json_object_get(c->json, "goals");
    u->stated = json_object_get(c->json, "stated");
    return piq_json_end(&r);
}

static piq_status fill_events(const update *u, const piq_catalogue *cat,
                              piq_event *events, piq_err *err)
{
    size_t n = 0;
    piq_status status = PIQ_OK;
    if (u->stated) {
        events[n].type = PIQ_EV_PROFILE_STATED;
        status = piq_stated_read(u->stated, "/stated", cat,
                                 &events[n++].u.stated, err);
    }
    if (u->goals && status == PIQ_OK) {
        events[n].type = PIQ_EV_GOAL_SET;
        status = piq_api_read_goal(u->goals, "/goals", cat, events[n].at_us,
                                   &events[n].u.goal, err);
        n++;
    }
    return status ? status : read_completed(u, cat, events + n, err);
}

void piq_update_path(piq_exchange *c)
{
    const piq_catalogue *cat;
    int64_t if_version, steps;
    update *u = piq_new(&c->arena, update, 1);
    if (!read_steps(c, &steps) || !piq_exchange_if_match(c, &if_version) ||
        !piq_exchange_catalogue(c, &cat) || !piq_exchange_body(c))
        return;
    if (!u)
        piq_fail(&c->err, PIQ_ENOMEM, "no memory for this request");
    if (!u || read_update(c, u)) {
        piq_exchange_fail(c);
        return;
    }
    u->steps = steps;
    c->state = u;
    size_t n = u->n_completed + (u->stated ? 1u : 0u) + (u->goals ? 1u : 0u);
    piq_op *op = piq_exchange_op(c, PIQ_OP_EVENTS);
    if (!op || !piq_exchange_own_events(c, op, n))
        return;
    op->if_version = if_version;
    if (fill_events(u, cat, op->events, &c->err)) {
        piq_op_free(op);
        piq_exchange_fail(c);
        return;
    }
    piq_exchange_run(c, op, plan_again);
}
