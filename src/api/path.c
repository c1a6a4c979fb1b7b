/* path.c - the learning path: read it, update it, say what one wants of it. */
#include "api/exchange.h"
#include "base/log.h"
#include "domain/json_reader.h"

#include <math.h>
#include <stdio.h>

enum {
    MAX_REASON_BYTES = 200,
    MAX_COMPLETED = 100,
    MAX_CONTROLS = 32, /* at once */
    DEFAULT_STEPS = 60,
    MAX_STEPS = 1024,
    DEFAULT_ADAPTATIONS = 10,
    MAX_ADAPTATIONS = 50
};

/* How much of a path is listed: ?steps= that are not done, the newest
 * ?adaptations=. */
typedef struct listed {
    int64_t steps, adaptations;
} listed;

static bool read_listed(piq_exchange *c, listed *out)
{
    static const char *const known[] = {"steps", "adaptations", NULL};
    *out = (listed){DEFAULT_STEPS, DEFAULT_ADAPTATIONS};
    return piq_exchange_known_query(c, known) &&
           piq_exchange_query_int(c, "steps", 1, MAX_STEPS, &out->steps) &&
           piq_exchange_query_int(c, "adaptations", 1, MAX_ADAPTATIONS,
                                  &out->adaptations);
}

/* The operation that plans; NULL after answering. */
static piq_op *plan_op(piq_exchange *c, const listed *shown)
{
    piq_op *op = piq_exchange_op(c, PIQ_OP_PATH);
    if (op) {
        op->limit = (unsigned)shown->steps;
        op->n_adaptations = (unsigned)shown->adaptations;
    }
    return op;
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
    listed shown;
    if (!read_listed(c, &shown) || !piq_exchange_catalogue(c, &cat))
        return;
    piq_op *op = plan_op(c, &shown);
    if (op)
        piq_exchange_run(c, op, reply_path);
}

/* ---- update ---------------------------------------------------------- */

typedef struct update {
    const json_t *goals, *stated, *completed;
    size_t n_completed;
    piq_str reason;
    listed shown;
} update;

/* The events are stored by then: whoever repeats the request would record
 * them twice, so the answer must not say that nothing was changed. */
static void plan_failed(piq_exchange *c)
{
    piq_status why = c->err.status;
    if (why == PIQ_EINVAL) /* no weekday has a minute */
        piq_err_hint(&c->err, "what was told is recorded; state minutes, and "
                              "GET learning-path plans anew");
    if (why != PIQ_EIO && why != PIQ_EFULL && why != PIQ_EBUSY &&
        why != PIQ_ENOMEM)
        return;
    piq_log_err(c->in->id, "a path was not planned", &c->err);
    piq_fail(&c->err, PIQ_EBUSY,
             "what was told is recorded, but the path could not be planned");
    piq_err_hint(&c->err, "do not repeat it: GET learning-path plans anew");
}

static void plan_again(piq_exchange *c)
{
    const update *u = c->state;
    if (u->stated || u->goals || u->n_completed)
        c->failed = plan_failed;
    piq_op *op = plan_op(c, &u->shown);
    if (!op)
        return;
    op->reason.ptr =
        piq_arena_strndup(&op->arena, u->reason.ptr, u->reason.len);
    op->reason.len = op->reason.ptr ? u->reason.len : 0;
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
    int64_t if_version;
    listed shown;
    update *u = piq_new(&c->arena, update, 1);
    if (!read_listed(c, &shown) || !piq_exchange_if_match(c, &if_version) ||
        !piq_exchange_catalogue(c, &cat) || !piq_exchange_body(c))
        return;
    if (!u)
        piq_fail(&c->err, PIQ_ENOMEM, "no memory for this request");
    if (!u || read_update(c, u)) {
        piq_exchange_fail(c);
        return;
    }
    u->shown = shown;
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

/* ---- controls --------------------------------------------------------- */

typedef struct controls {
    const json_t *list; /* NULL: the body is one */
    size_t n;
    listed shown;
} controls;

static const json_t *control_at(const piq_exchange *c, const controls *k,
                                size_t i)
{
    return k->list ? json_array_get(k->list, i) : c->json;
}

/* In a list the control's place comes before the member's. */
static void place_control(const controls *k, size_t i, const char *member,
                          piq_err *err)
{
    if (k->list)
        piq_err_at(err, "/%zu%s", i, member);
    else
        piq_err_at(err, "%s", member);
}

static piq_status read_control(piq_exchange *c, const controls *k, size_t i,
                               const piq_catalogue *cat, piq_event *event)
{
    char where[32] = "", member[24];
    piq_control *x = &event->u.control;
    if (k->list)
        snprintf(where, sizeof where, "/%zu", i);
    piq_status status = piq_control_read(control_at(c, k, i), where, cat,
                                         event->at_us, x, &c->err);
    if (status)
        return status;
    if (x->kind == PIQ_CONTROL_RELEASE ||
        !piq_control_is_retired(x, cat, member))
        return PIQ_OK;
    piq_fail(&c->err, PIQ_EINVAL, "the curriculum no longer has it");
    place_control(k, i, member, &c->err);
    return PIQ_EINVAL;
}

/* In the order given: a microsecond apart, since events of one instant go by
 * their ids. */
static piq_status read_controls(piq_exchange *c, const controls *k,
                                const piq_catalogue *cat, piq_event *events)
{
    for (size_t i = 0; i < k->n; i++) {
        events[i].type = PIQ_EV_PATH_CONTROLLED;
        events[i].at_us += (int64_t)i;
        piq_status status = read_control(c, k, i, cat, &events[i]);
        if (status)
            return status;
    }
    return PIQ_OK;
}

static void control_failed(piq_exchange *c)
{
    if (c->err.status != PIQ_ECONFLICT)
        return;
    place_control(c->state, c->op->at_event, "/kind", &c->err);
    piq_err_hint(&c->err, "GET learning-path lists the controls in force, and "
                          "what undo would take back");
}

static void plan_controlled(piq_exchange *c)
{
    const controls *k = c->state;
    c->failed = plan_failed;
    piq_op *op = plan_op(c, &k->shown);
    if (op)
        piq_exchange_run(c, op, reply_path);
}

/* One control, or a list of them. */
static bool read_body(piq_exchange *c, controls *k)
{
    if (!piq_exchange_body(c))
        return false;
    k->list = json_is_array(c->json) ? c->json : NULL;
    k->n = k->list ? json_array_size(k->list) : 1;
    if (k->n && k->n <= MAX_CONTROLS)
        return true;
    piq_fail(&c->err, PIQ_EINVAL, "1 to %d controls are expected, not %zu",
             MAX_CONTROLS, k->n);
    piq_exchange_fail(c);
    return false;
}

void piq_control_path(piq_exchange *c)
{
    const piq_catalogue *cat;
    piq_learner_ref ref;
    int64_t if_version;
    controls *k = piq_new(&c->arena, controls, 1);
    if (!k) {
        piq_fail(&c->err, PIQ_ENOMEM, "no memory for this request");
        piq_exchange_fail(c);
        return;
    }
    if (!read_listed(c, &k->shown) || !piq_exchange_if_match(c, &if_version) ||
        !piq_exchange_catalogue(c, &cat) || !read_body(c, k) ||
        !piq_exchange_learner(c, &ref))
        return;
    piq_learner_ref_release(&ref); /* there is one: that was the question */
    c->state = k;
    piq_op *op = piq_exchange_op(c, PIQ_OP_EVENTS);
    if (!op || !piq_exchange_own_events(c, op, k->n))
        return;
    op->if_version = if_version;
    op->strict_controls = true;
    if (read_controls(c, k, cat, op->events)) {
        piq_op_free(op);
        piq_exchange_fail(c);
        return;
    }
    c->failed = control_failed;
    piq_exchange_run(c, op, plan_controlled);
}
