/* ndjson.c - POST /api/events: events of many learners, one a line.
 *
 * Lines stand for themselves. Those of one learner go to its owner in pieces,
 * one after the other. Where the engine refuses an event, its line is reported
 * and the piece is submitted again without it. Pieces are short, because a
 * piece of n events of which half are refused costs n^2 / 4 looks into the
 * store. The reply comes when every piece is done.
 */
#include "api/exchange.h"
#include "base/map.h"
#include "domain/event.h"
#include "domain/json_reader.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

enum { MAX_REJECTED = 1000, PIECE_EVENTS = 256 };

typedef struct rejection {
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
    piq_event *events; /* [n], in the exchange's arena, as their strings */
    size_t *numbers;   /* [n] line of each; 0: refused, and reported */
    size_t from, to;   /* the piece: what the engine has, and what it refused */
    bool taken;        /* some of it */
} group;

typedef struct import {
    piq_exchange *exchange;
    pthread_mutex_t lock; /* what follows, and then the arena */
    rejection *rejected;  /* [MAX_REJECTED], made for the first one */
    size_t n_rejected, n_dropped;
    size_t accepted, duplicates;
    atomic_size_t under_way;
    group *groups;
    piq_map group_at;
} import;

static void reject(import *m, size_t number, int status, const piq_err *err)
{
    pthread_mutex_lock(&m->lock);
    if (!m->rejected)
        m->rejected = piq_new(&m->exchange->arena, rejection, MAX_REJECTED);
    if (m->rejected && m->n_rejected < MAX_REJECTED)
        m->rejected[m->n_rejected++] =
            (rejection){.line = number, .status = status, .err = *err};
    else
        m->n_dropped++;
    pthread_mutex_unlock(&m->lock);
}

/* ---- the reply ------------------------------------------------------- */

static void write_rejection(const rejection *r, piq_json_writer *w)
{
    piq_json_object(w);
    piq_json_put_int(w, "line", (int64_t)r->line);
    piq_json_put_int(w, "status", r->status);
    piq_api_put_err(w, &r->err);
    piq_json_object_end(w);
}

static int cmp_rejection(const void *x, const void *y)
{
    const rejection *a = x, *b = y;
    return a->line < b->line ? -1 : a->line > b->line;
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
    if (m->n_rejected)
        qsort(m->rejected, m->n_rejected, sizeof *m->rejected, cmp_rejection);
    for (size_t i = 0; i < m->n_rejected; i++)
        write_rejection(&m->rejected[i], &w);
    piq_json_array_end(&w);
    piq_json_object_end(&w);
    piq_map_release(&m->group_at);
    pthread_mutex_destroy(&m->lock);
    for (const group *g = m->groups; g; g = g->next)
        if (g->taken)
            piq_exchange_record(c, g->user, 200);
    piq_exchange_json(c, 200, &b, -1);
}

static void one_done(import *m)
{
    if (atomic_fetch_sub(&m->under_way, 1) == 1)
        reply(m);
}

/* ---- operations ------------------------------------------------------ */

static void piece_over(group *g, int status, const piq_err *err)
{
    for (size_t i = g->from; err && i < g->to; i++)
        if (g->numbers[i])
            reject(g->import, g->numbers[i], status, err);
    g->from = g->to;
}

/* Puts the piece into the operation, or the next one when it is over; without
 * events at the end. */
static piq_status fill(group *g)
{
    piq_op *op = g->op;
    if (g->from == g->to)
        g->to += g->n - g->to < PIECE_EVENTS ? g->n - g->to : PIECE_EVENTS;
    piq_arena_clear(&op->arena);
    op->err = (piq_err){0};
    op->at_event = SIZE_MAX;
    op->n_events = 0;
    op->events = piq_new(&op->arena, piq_event, g->to - g->from);
    if (!op->events)
        return piq_fail(&op->err, PIQ_ENOMEM, "no memory for this line");
    for (size_t i = g->from; i < g->to; i++)
        if (g->numbers[i])
            op->events[op->n_events++] = g->events[i];
    return PIQ_OK;
}

/* Of the piece, the event that the operation has at `at`. */
static size_t place_of(const group *g, size_t at)
{
    size_t i = g->from;
    for (;; i++)
        if (g->numbers[i] && at-- == 0)
            return i;
}

/* Hands over what is left of the piece, or the next one, or ends. The engine
 * may be done before this returns: the group is not touched afterwards. */
static void submit(group *g)
{
    piq_engine *e = g->import->exchange->api->engine;
    do {
        piq_status status = fill(g);
        if (status == PIQ_OK && g->op->n_events) {
            status = piq_engine_submit(e, g->op);
            if (status == PIQ_OK)
                return;
            piq_fail(&g->op->err, status, "too many requests are waiting");
        }
        piece_over(g, 503, status ? &g->op->err : NULL);
    } while (g->to < g->n);
    import *m = g->import;
    piq_op_free(g->op);
    g->op = NULL;
    one_done(m);
}

static void group_done(piq_op *op)
{
    group *g = op->ctx;
    import *m = g->import;
    bool refused = op->status == PIQ_ECONFLICT || op->status == PIQ_EINVAL;
    if (refused && op->at_event < op->n_events) {
        size_t at = place_of(g, op->at_event);
        reject(m, g->numbers[at], op->status == PIQ_ECONFLICT ? 409 : 400,
               &op->err);
        g->numbers[at] = 0;
    } else if (op->status) {
        piece_over(g, op->status == PIQ_EDENIED ? 403 : 503, &op->err);
    } else {
        pthread_mutex_lock(&m->lock);
        m->accepted += op->n_accepted;
        m->duplicates += op->n_duplicates;
        pthread_mutex_unlock(&m->lock);
        g->taken = true;
        piece_over(g, 200, NULL);
    }
    submit(g);
}

/* False: no memory, the lines are rejected. */
static bool make_op(group *g)
{
    piq_exchange *c = g->import->exchange;
    size_t n = 0;
    g->op = piq_op_new(PIQ_OP_EVENTS, g->user, c->now_us);
    g->events = piq_new(&c->arena, piq_event, g->n);
    g->numbers = piq_new(&c->arena, size_t, g->n);
    bool made = g->op && g->events && g->numbers;
    for (line *l = g->first; l; l = l->next) {
        if (!made) {
            piq_err err = {.message = "no memory for this line"};
            reject(g->import, l->number, 503, &err);
            continue;
        }
        g->events[n] = l->event;
        g->numbers[n++] = l->number;
    }
    if (!made) {
        piq_op_free(g->op);
        g->op = NULL;
        return false;
    }
    g->op->ctx = g;
    g->op->done = group_done;
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

/* A line names the learner as the caller's platform does. */
static piq_status name_learner(const piq_exchange *c, piq_event *event,
                               piq_err *err)
{
    piq_status status =
        piq_exchange_learner_of(c, event->user.v, &event->user, err);
    if (status)
        piq_err_at(err, "/user_id");
    return status;
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
    if (status == PIQ_OK)
        status = piq_api_check_event(&l->event, "", err);
    if (status == PIQ_OK)
        status = name_learner(c, &l->event, err);
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

static bool begin(piq_exchange *c, import **out)
{
    import *m = piq_new(&c->arena, import, 1);
    if (m && c->in->body.len) {
        *out = m;
        return true;
    }
    piq_fail(&c->err, c->in->body.len ? PIQ_ENOMEM : PIQ_EPARSE,
             c->in->body.len ? "no memory for this request"
                             : "the body is empty, events are expected");
    piq_exchange_fail(c);
    return false;
}

void piq_post_ndjson(piq_exchange *c)
{
    static const char *const no_query[] = {NULL};
    const piq_catalogue *cat;
    import *m;
    if (!piq_exchange_known_query(c, no_query) ||
        !piq_exchange_catalogue(c, &cat) ||
        !piq_exchange_media_type(c, "application/x-ndjson") || !begin(c, &m))
        return;
    m->exchange = c;
    pthread_mutex_init(&m->lock, NULL);
    piq_map_init(&m->group_at);
    /* One for this thread: nobody replies before all are submitted. */
    atomic_init(&m->under_way, 1);
    read_lines(m, cat);
    /* Another thread may answer, when the caller's strings are gone. */
    if (!piq_exchange_keep(c)) {
        piq_map_release(&m->group_at);
        pthread_mutex_destroy(&m->lock);
        piq_fail(&c->err, PIQ_ENOMEM, "no memory for this request");
        piq_exchange_fail(c);
        return;
    }
    /* From the first submission on the arena is for who holds the lock. */
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
