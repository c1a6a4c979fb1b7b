/* stream_tell.c - what one stream is sent. */
#include "api/stream_hub.h"

#include "api/exchange.h"
#include "base/clock.h"

#include <stdio.h>
#include <stdlib.h>

enum { STEPS = 60, ADAPTATIONS = 10, RETRY_MS = 2000 };

/* ---- what is sent -------------------------------------------------------- */

static bool send_buf(piq_stream *s, piq_buf *b)
{
    size_t len;
    piq_status status = b->status;
    char *ptr = piq_buf_take(b, &len);
    if (status) {
        free(ptr);
        return false;
    }
    piq_bytes *bytes = piq_bytes_take(ptr, len);
    if (!bytes)
        return false;
    return s->port->write(s->to, bytes) == PIQ_OK;
}

static bool send_text(piq_stream *s, const char *text)
{
    piq_buf b;
    piq_buf_init(&b, 0);
    piq_buf_add_str(&b, piq_str_of(text));
    return send_buf(s, &b);
}

/* Which version the learner has now: all that most listeners need. */
static void add_short(const piq_stream *s, piq_buf *b)
{
    piq_json_writer w;
    piq_json_init(&w, b);
    piq_json_object(&w);
    piq_json_put_id(&w, "userId", piq_user_outer(s->wish.user));
    piq_json_put_int(&w, "state_version", s->wish.version);
    piq_json_object_end(&w);
}

static void add_data(piq_stream *s, uint32_t what, piq_buf *b)
{
    int64_t version;
    piq_err err = {0};
    if (what == PIQ_CHANGED_PATH && s->document) {
        piq_buf_add_str(b, piq_bytes_str(s->document));
        return;
    }
    if (what == PIQ_CHANGED_STATE && s->wish.full) {
        piq_buf doc;
        piq_buf_init(&doc, 0);
        if (!piq_api_write_profile(s->hub->api, &s->hub->arena, s->wish.user,
                                   piq_clock_now_us(), &doc, &version, &err) &&
            !doc.status) {
            piq_buf_add_str(b, (piq_str){doc.ptr, doc.len});
            piq_buf_release(&doc);
            return;
        }
        piq_buf_release(&doc);
    }
    add_short(s, b);
}

static void add_event(piq_stream *s, const char *name, uint32_t what, bool last,
                      piq_buf *b)
{
    char head[96];
    snprintf(head, sizeof head, "event: %s\n", name);
    piq_buf_add_str(b, piq_str_of(head));
    if (last) {
        snprintf(head, sizeof head, "id: %lld\n", (long long)s->mark);
        piq_buf_add_str(b, piq_str_of(head));
    }
    piq_buf_add_str(b, PIQ_STR("data: "));
    add_data(s, what, b);
    piq_buf_add_str(b, PIQ_STR("\n\n"));
}

static bool send_events(piq_stream *s)
{
    static const struct {
        uint32_t what;
        const char *name;
    } names[] = {{PIQ_CHANGED_STATE, "profile"},
                 {PIQ_CHANGED_PATH, "path"},
                 {PIQ_CHANGED_SLATE, "recommendations"},
                 {PIQ_CHANGED_ERASED, "erased"}};
    piq_buf b;
    uint32_t left = s->what;
    piq_buf_init(&b, 0);
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (!(left & names[i].what))
            continue;
        left &= ~names[i].what;
        add_event(s, names[i].name, names[i].what, left == 0, &b);
    }
    piq_arena_clear(&s->hub->arena);
    return send_buf(s, &b);
}

static bool send_reset(piq_stream *s)
{
    piq_buf b;
    piq_buf_init(&b, 0);
    add_event(s, "reset", 0, true, &b);
    return send_buf(s, &b);
}

/* ---- a path, in full ------------------------------------------------------
 */

static void path_made(piq_op *op)
{
    piq_stream *s = op->ctx;
    piq_streams *h = s->hub;
    if (op->status == PIQ_OK) {
        char *copy = malloc(op->path_json.len + 1);
        if (copy) {
            memcpy(copy, op->path_json.ptr, op->path_json.len);
            s->document = piq_bytes_take(copy, op->path_json.len);
        }
    }
    piq_op_free(op);
    pthread_mutex_lock(&h->lock);
    atomic_store(&s->path, PIQ_PATH_ANSWERED);
    h->n_asked--;
    h->nudged = true;
    pthread_cond_broadcast(&h->wake);
    pthread_mutex_unlock(&h->lock);
}

static void ask_path(piq_stream *s)
{
    piq_streams *h = s->hub;
    piq_op *op = piq_op_new(PIQ_OP_PATH, s->wish.user, piq_clock_now_us());
    atomic_store(&s->path, PIQ_PATH_ASKED);
    if (op) {
        op->limit = STEPS;
        op->n_adaptations = ADAPTATIONS;
        op->ctx = s;
        op->done = path_made;
        pthread_mutex_lock(&h->lock);
        h->n_asked++;
        pthread_mutex_unlock(&h->lock);
        if (piq_engine_submit(h->api->engine, op) == PIQ_OK)
            return;
        pthread_mutex_lock(&h->lock);
        h->n_asked--;
        pthread_mutex_unlock(&h->lock);
        piq_op_free(op);
    }
    atomic_store(&s->path, PIQ_PATH_ANSWERED); /* told without it */
}

/* ---- one telling ----------------------------------------------------------
 */

void piq_stream_finish(piq_stream *s, bool cut)
{
    s->over = true;
    s->cut = cut;
}

/* True: it waits for the engine. */
static bool waits_for_path(piq_stream *s)
{
    bool asks = s->wish.full && s->what & PIQ_CHANGED_PATH &&
                !(s->what & PIQ_CHANGED_ERASED);
    if (asks && atomic_load(&s->path) == PIQ_PATH_IDLE)
        ask_path(s);
    return atomic_load(&s->path) == PIQ_PATH_ASKED;
}

static void forget_path(piq_stream *s)
{
    atomic_store(&s->path, PIQ_PATH_IDLE);
    piq_bytes_release(s->document);
    s->document = NULL;
}

/* True: it is told, and needs no look for now. */
bool piq_stream_tell(piq_stream *s)
{
    if (s->over || atomic_load(&s->gone))
        return true;
    if (waits_for_path(s))
        return false;
    bool sent = !s->what || send_events(s);
    forget_path(s);
    if (!sent || s->what & PIQ_CHANGED_ERASED)
        piq_stream_finish(s, !sent);
    s->what = 0;
    return true;
}

void piq_stream_reset(piq_stream *s, int64_t mark)
{
    s->mark = s->wish.mark = mark;
    s->what = 0;
    if (!send_reset(s))
        piq_stream_finish(s, true);
}

void piq_stream_greet(piq_stream *s)
{
    char text[96];
    /* An id without data is no event, but is what the client comes back with.
     */
    snprintf(text, sizeof text, "retry: %d\nid: %lld\n\n", (int)RETRY_MS,
             (long long)s->wish.mark);
    if (!send_text(s, text))
        piq_stream_finish(s, true);
}

void piq_stream_beat(piq_stream *s)
{
    if (!send_text(s, ":\n\n"))
        piq_stream_finish(s, true);
}
