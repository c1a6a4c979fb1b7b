/* events.c - POST /api/users/{userId}/events: one event, or up to 1,000. */
#include "api/exchange.h"
#include "domain/event.h"

#include <stdio.h>

static void write_results(const piq_op *op, piq_json_writer *w)
{
    piq_json_key(w, "results");
    piq_json_array(w);
    for (size_t i = 0; i < op->n_events; i++) {
        piq_json_object(w);
        piq_json_put_str(w, "event_id", op->events[i].event_id);
        piq_json_put_z(w, "status",
                       op->verdicts[i] == PIQ_EVENT_ACCEPTED ? "accepted"
                                                             : "duplicate");
        piq_json_object_end(w);
    }
    piq_json_array_end(w);
}

static void reply_events(piq_exchange *c)
{
    piq_buf b;
    piq_json_writer w;
    piq_buf_init(&b, 0);
    piq_json_init(&w, &b);
    piq_json_object(&w);
    piq_json_put_int(&w, "accepted", (int64_t)c->op->n_accepted);
    piq_json_put_int(&w, "duplicates", (int64_t)c->op->n_duplicates);
    piq_json_put_int(&w, "version", c->op->state_version);
    write_results(c->op, &w);
    piq_json_object_end(&w);
    piq_exchange_json(c, 200, &b, c->op->state_version);
}

/* In a list the failing event's place comes before the member's. */
static void events_failed(piq_exchange *c)
{
    char member[sizeof c->err.where];
    if (!json_is_array(c->json) ||
        (c->err.status != PIQ_ECONFLICT && c->err.status != PIQ_EINVAL))
        return;
    memcpy(member, c->err.where, sizeof member);
    piq_err_at(&c->err, "/%zu%s", c->op->at_event, member);
}

piq_status piq_api_check_event(const piq_event *event, const char *where,
                               piq_err *err)
{
    if (event->type != PIQ_EV_MEMORY_FITTED)
        return PIQ_OK;
    piq_fail(err, PIQ_EINVAL, "events of type %s are the engine's own",
             piq_event_type_name(event->type));
    piq_err_at(err, "%s/type", where);
    return PIQ_EINVAL;
}

/* A learner may not take back what they did. */
static piq_status check_caller(const piq_exchange *c, const piq_event *event,
                               const char *where, piq_err *err)
{
    if (event->type != PIQ_EV_VOIDED || c->caller.role == PIQ_ROLE_PLATFORM)
        return PIQ_OK;
    piq_fail(err, PIQ_EDENIED, "only the platform may void an event");
    piq_err_at(err, "%s/type", where);
    return PIQ_EDENIED;
}

static piq_status read_list(piq_exchange *c, const piq_catalogue *cat,
                            piq_op *op)
{
    bool list = json_is_array(c->json);
    op->n_events = list ? json_array_size(c->json) : 1;
    op->events = piq_new(&op->arena, piq_event, op->n_events);
    if (!op->events)
        return piq_fail(&c->err, PIQ_ENOMEM, "no memory for the events");
    for (size_t i = 0; i < op->n_events; i++) {
        char where[32] = "";
        if (list)
            snprintf(where, sizeof where, "/%zu", i);
        piq_status status = piq_event_read(
            &op->arena, list ? json_array_get(c->json, i) : c->json, where,
            false, cat, c->now_us, &op->events[i], &c->err);
        if (status == PIQ_OK)
            status = piq_api_check_event(&op->events[i], where, &c->err);
        if (status == PIQ_OK)
            status = check_caller(c, &op->events[i], where, &c->err);
        if (status)
            return status;
    }
    return PIQ_OK;
}

void piq_post_events(piq_exchange *c)
{
    static const char *const no_query[] = {NULL};
    const piq_catalogue *cat;
    int64_t if_version;
    if (!piq_exchange_known_query(c, no_query) ||
        !piq_exchange_if_match(c, &if_version) ||
        !piq_exchange_catalogue(c, &cat) || !piq_exchange_body(c))
        return;
    size_t n = json_array_size(c->json);
    if (json_is_array(c->json) && (n == 0 || n > PIQ_MAX_BATCH_EVENTS)) {
        piq_fail(&c->err, PIQ_EINVAL, "1 to %d events are expected, not %zu",
                 PIQ_MAX_BATCH_EVENTS, n);
        piq_exchange_fail(c);
        return;
    }
    piq_op *op = piq_exchange_op(c, PIQ_OP_EVENTS);
    if (!op)
        return;
    op->if_version = if_version;
    if (read_list(c, cat, op)) {
        piq_op_free(op);
        piq_exchange_fail(c);
        return;
    }
    c->failed = events_failed;
    piq_exchange_run(c, op, reply_events);
}
