/* stream.c - GET /api/users/{userId}/stream: changes of a learner, as they
 * happen, as Server-Sent Events (WHATWG HTML, section 9.2). */
#include "api/stream.h"

#include "api/exchange.h"

#include <stdio.h>
#include <stdlib.h>

enum { RETRY_S = 5 };

/* What the server sends when it stops: come back soon. */
static piq_bytes *farewell(void)
{
    static const char text[] = "retry: 500\n\n";
    char *copy = strdup(text);
    return copy ? piq_bytes_take(copy, sizeof text - 1) : NULL;
}

/* ---- what is asked for --------------------------------------------------- */

/* A mark that this store never gave counts as missed: the client may come from
 * another one. Without one, what is committed from now on is told. */
static bool read_last(piq_exchange *c, piq_stream_wish *wish)
{
    piq_str last = piq_exchange_header(c, "Last-Event-ID");
    piq_store *store = piq_engine_store(c->api->engine);
    int64_t mark;
    if (store->ops->last_change(store, &wish->mark, &c->err)) {
        piq_exchange_fail(c);
        return false;
    }
    if (!last.len)
        return true;
    wish->missed =
        !piq_str_to_i64(last, &mark) || mark < 0 || mark > wish->mark;
    if (!wish->missed)
        wish->mark = mark;
    return true;
}

static bool read_wish(piq_exchange *c, piq_stream_wish *wish)
{
    static const char *const known[] = {"full", NULL};
    int64_t full = 0;
    piq_learner_ref ref;
    if (!piq_exchange_known_query(c, known) ||
        !piq_exchange_query_int(c, "full", 0, 1, &full))
        return false;
    if (!c->in->port) {
        piq_fail(&c->err, PIQ_EINVAL, "a stream needs a connection");
        piq_exchange_fail(c);
        return false;
    }
    *wish = (piq_stream_wish){
        .user = c->user, .caller = c->caller, .full = full != 0};
    /* Before the state is read: what is committed in between is told. */
    if (!read_last(c, wish) || !piq_exchange_learner(c, &ref))
        return false;
    wish->version = ref.learner->version;
    piq_learner_ref_release(&ref);
    return true;
}

/* ---- the answer -----------------------------------------------------------
 */

static void refuse(piq_exchange *c)
{
    c->retry_after_s = RETRY_S;
    if (c->err.status != PIQ_ELIMIT) {
        piq_exchange_fail(c);
        return;
    }
    piq_metric_add(c->api->refused[PIQ_REFUSED_RATE], 1);
    piq_exchange_problem(c, 429);
}

void piq_get_stream(piq_exchange *c)
{
    piq_stream_wish wish;
    piq_stream *s;
    void *to;
    if (!read_wish(c, &wish))
        return;
    if (piq_stream_new(c->api->streams, &wish, &s, &c->err)) {
        refuse(c);
        return;
    }
    const piq_api_port *port = c->in->port;
    piq_bytes *last = farewell();
    piq_exchange_answer_trace(c, 200);
    piq_api_reply head = {.status = 200, .type = "text/event-stream"};
    memcpy(head.lines, c->lines, c->n_lines * sizeof c->lines[0]);
    head.n_lines = c->n_lines;
    /* The request is answered then, and the transport's again. */
    piq_status status = last && piq_exchange_keep(c) ? PIQ_OK : PIQ_ENOMEM;
    if (status == PIQ_OK)
        status = port->open(c->ctx, &head, last, piq_stream_gone, s, &to);
    piq_bytes_release(last);
    if (status) {
        piq_stream_drop(s);
        piq_fail(&c->err, PIQ_ENOMEM, "no memory for a stream");
        piq_exchange_fail(c);
        return;
    }
    piq_stream_begin(s, port, to);
    piq_exchange_streaming(c, 200);
}
