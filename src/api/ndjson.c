/* ndjson.c - POST /api/events: events of many learners, one a line.
 *
 * Lines stand for themselves. Those of one learner go to its owner as one
 * operation; an event that the engine refuses is reported by its line and the
 * rest of the operation is submitted again without it. The reply comes when
 * every operation is done.
 */
#include "api/exchange.h"
#include "base/map.h"
#include "domain/event.h"
#include "domain/json_reader.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <strings.h>

enum { MAX_REJECTED = 1000 };

typedef struct rejection {
    struct rejection *next;
    size_t line;
    int status;
    piq_err err;
} rejection;

typedef struct line {
    struct line *next; /* of the same learner, in order */
    size_t number;
    piq_event event;
} line;

typedef struct group {
    struct group *next;
    struct import *import;
    piq_user_id user;
    line *first, **tail;
    size_t n;
    piq_op *op;
    size_t *numbers; /* [op->n_events] line of each event */
} group;

typedef struct import {
    piq_exchange *exchange;
    pthread_mutex_t lock; /* arena, rejections, counts */
    rejection *rejected, **tail;
    size_t n_rejected, n_dropped;
    size_t accepted, duplicates;
    atomic_size_t under_way;
    group *groups;
    piq_map group_at;
} import;

static void reject(import *m, size_t number, int status, const piq_err *err)
{
    pthread_mutex_lock(&m->lock);
    rejection *r = m->n_rejected < MAX_REJECTED
                       ? piq_new(&m->exchange->arena, rejection, 1)
                       : NULL;
    if (r) {
        *r = (rejection){.line = number, .status = status, .err = *err};
        *m->tail = r;
        m->tail = &r->next;
        m->n_rejected++;
    } else {
        m->n_dropped++;
    }
    pthread_mutex_unlock(&m->lock);
}

/* ---- the reply ------------------------------------------------------- */

static void write_rejection(const rejection *r, piq_json_writer *w)
{
    piq_json_object(w);
    piq_json_put_int(w, "line", (int64_t)r->line);
    piq_json_put_int(w, "status", r->status);
    piq_json_put_z(w, "detail", r->err.message);
    if (r->err.where[0])
        piq_json_put_z(w, "pointer", r->err.where);
    piq_json_object_end(w);
}

static void reply(import *m)
{
    piq_exchange *c = m->exchange;
    piq_buf b;
    piq_json_writer w;
    piq_buf_init(&b, 0);
    piq_json_init(&w, &b);
    piq_json_object(&w);
    piq_json_put_int(&w, "accepted", (int64_t)m->accepted);
    piq_json_put_int(&w, "duplicates", (int64_t)m->duplicates);
    piq_json_put_int(&w, "rejected_lines",
                     (int64_t)(m->n_rejected + m->n_dropped));
    piq_json_key(&w, "rejected");
    piq_json_array(&w);
    for (const rejection *r = m->rejected; r; r = r->next)
        write_rejection(r, &w);
    piq_json_array_end(&w);
    piq_json_object_end(&w);
    piq_map_release(&m->group_at);
    pthread_mutex_destroy(&m->lock);
    piq_exchange_json(c, 200, &b, -1);
}

static void one_done(import *m)
{
    if (atomic_fetch_sub(&m->under_way, 1) == 1)
        reply(m);
}

/* ---- operations ------------------------------------------------------ */

static void submit(group *g);

static void take_out(group *g, size_t at)
{
    piq_op *op = g->op;
    for (size_t i = at; i + 1 < op->n_events; i++) {
        op->events[i] = op->events[i + 1];
        g->numbers[i] = g->numbers[i + 1];
    }
    op->n_events--;
}

static void reject_all(group *g, int status)
{
    for (size_t i = 0; i < g->op->n_events; i++)
        reject(g->import, g->numbers[i], status, &g->op->err);
}

static void group_done(piq_op *op)
{
    group *g = op->ctx;
    import *m = g->import;
    bool refused = op->status == PIQ_ECONFLICT || op->status == PIQ_EINVAL;
    if (refused && op->at_event < op->n_events) {
        reject(m, g->numbers[op->at_event],
               op->status == PIQ_ECONFLICT ? 409 : 400, &op->err);
        take_out(g, op->at_event);
        if (op->n_events) {
            submit(g);
            return;
        }
    } else if (op->status) {
        reject_all(g, 503);
    } else {
        pthread_mutex_lock(&m->lock);
        m->accepted += op->n_accepted;
        m->duplicates += op->n_duplicates;
        pthread_mutex_unlock(&m->lock);
    }
    g->op = NULL;
    piq_op_free(op);
    one_done(m);
}

static void submit(group *g)
{
    piq_op *op = g->op;
    op->err = (piq_err){0};
    if (piq_engine_submit(g->import->exchange->api->engine, op) == PIQ_OK)
        return;
    piq_fail(&op->err, PIQ_EBUSY, "too many requests are waiting");
    reject_all(g, 503);
    import *m = g->import;
    g->op = NULL;
    piq_op_free(op);
    one_done(m);
}

/* False: no memory, the lines are rejected. */
static bool make_op(group *g)
{
    piq_exchange *c = g->import->exchange;
    piq_op *op = piq_op_new(PIQ_OP_EVENTS, g->user, c->now_us);
    size_t n = 0;
    g->numbers = piq_new(&c->arena, size_t, g->n);
    if (op) {
        op->events = piq_new(&op->arena, piq_event, g->n);
        op->ctx = g;
        op->done = group_done;
    }
    for (line *l = g->first; l; l = l->next) {
        if (!op || !op->events || !g->numbers) {
            piq_err err = {.message = "no memory for this line"};
            reject(g->import, l->number, 503, &err);
            continue;
        }
        /* The id's bytes live in the exchange, which outlives the op. */
        op->events[n] = l->event;
        g->numbers[n++] = l->number;
    }
    if (!n) {
        piq_op_free(op);
        return false;
    }
    op->n_events = n;
    g->op = op;
    return true;
}

/* ---- lines ----------------------------------------------------------- */

static group *group_of(import *m, piq_user_id user)
{
    uint64_t found;
    if (piq_map_get(&m->group_at, (uint64_t)user.v, &found))
        return (group *)(uintptr_t)found;
    group *g = piq_new(&m->exchange->arena, group, 1);
    if (!g || piq_map_put(&m->group_at, (uint64_t)user.v, (uintptr_t)g))
        return NULL;
    g->import = m;
    g->user = user;
    g->tail = &g->first;
    g->next = m->groups;
    m->groups = g;
    return g;
}

static piq_status read_line(import *m, const piq_catalogue *cat, piq_str text,
                            size_t number, piq_err *err)
{
    piq_exchange *c = m->exchange;
    json_t *json = NULL;
    line *l = piq_new(&c->arena, line, 1);
    if (!l)
        return piq_fail(err, PIQ_ENOMEM, "no memory for this line");
    piq_status status = piq_json_parse(text, &json, err);
    if (status == PIQ_OK)
        status = piq_event_read(&c->arena, json, "", true, cat, c->now_us,
                                &l->event, err);
    json_decref(json);
    group *g = status ? NULL : group_of(m, l->event.user);
    if (!status && !g)
        status = piq_fail(err, PIQ_ENOMEM, "no memory for this line");
    if (status)
        return status;
    l->number = number;
    *g->tail = l;
    g->tail = &l->next;
    g->n++;
    return PIQ_OK;
}

static void read_lines(import *m, const piq_catalogue *cat)
{
    piq_str rest = m->exchange->in->body;
    for (size_t number = 1; rest.len; number++) {
        const char *lf = memchr(rest.ptr, '\n', rest.len);
        piq_str text = {rest.ptr, lf ? (size_t)(lf - rest.ptr) : rest.len};
        size_t used = text.len + (lf ? 1 : 0);
        rest = (piq_str){rest.ptr + used, rest.len - used};
        while (text.len && (text.ptr[text.len - 1] == '\r' ||
                            text.ptr[text.len - 1] == ' '))
            text.len--;
        piq_err err = {0};
        if (text.len && read_line(m, cat, text, number, &err))
            reject(m, number, err.status == PIQ_ENOMEM ? 503 : 400, &err);
    }
}

static bool is_ndjson(piq_str type)
{
    static const char wanted[] = "application/x-ndjson";
    return type.len >= sizeof wanted - 1 &&
           strncasecmp(type.ptr, wanted, sizeof wanted - 1) == 0;
}

void piq_post_ndjson(piq_exchange *c)
{
    static const char *const no_query[] = {NULL};
    const piq_catalogue *cat;
    if (!piq_exchange_known_query(c, no_query) ||
        !piq_exchange_catalogue(c, &cat))
        return;
    if (!is_ndjson(c->in->content_type)) {
        piq_fail(&c->err, PIQ_EINVAL, "the body must be application/x-ndjson");
        piq_err_at(&c->err, "Content-Type");
        piq_exchange_problem(c, 415);
        return;
    }
    import *m = piq_new(&c->arena, import, 1);
    if (!m || !c->in->body.len) {
        piq_fail(&c->err, m ? PIQ_EPARSE : PIQ_ENOMEM,
                 m ? "the body is empty, events are expected"
                   : "no memory for this request");
        piq_exchange_fail(c);
        return;
    }
    m->exchange = c;
    m->tail = &m->rejected;
    pthread_mutex_init(&m->lock, NULL);
    piq_map_init(&m->group_at);
    /* One for this thread: nobody replies before all are submitted. */
    atomic_init(&m->under_way, 1);
    read_lines(m, cat);
    for (group *g = m->groups; g; g = g->next)
        if (make_op(g))
            atomic_fetch_add(&m->under_way, 1);
    for (group *g = m->groups, *next; g; g = next) {
        next = g->next;
        if (g->op)
            submit(g);
    }
    one_done(m);
}
