/* reply.c - what goes out: shared bodies, our own refusals, and the meeting
 * of the thread that answers with the thread that sends.
 *
 * A reply may be given while the handler still runs (the pool thread then
 * sends it), after it returned (the connection is suspended; the answering
 * thread resumes it), or after the server has given up waiting (dropped). The
 * answering thread only leaves the reply in the request; the pool thread
 * makes the response, so that the storage thread, which answers for many,
 * does not pay for their headers.
 */
#include "http/internal.h"

#include "base/clock.h"
#include "base/json_writer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool piq_http_move(piq_http_request *r, piq_http_state from, piq_http_state to)
{
    return atomic_compare_exchange_strong(&r->state, &from, to);
}

static const char *title_of(int status)
{
    switch (status) {
    case 400:
        return "Bad Request";
    case 413:
        return "Content Too Large";
    case 431:
        return "Request Header Fields Too Large";
    case 501:
        return "Not Implemented";
    default:
        return "Service Unavailable";
    }
}

void piq_http_refuse(piq_http_request *r, int status, const char *detail,
                     bool close)
{
    piq_buf out;
    piq_json_writer w;
    piq_buf_init(&out, 0);
    piq_json_init(&w, &out);
    piq_json_object(&w);
    piq_json_put_z(&w, "type", "about:blank");
    piq_json_put_z(&w, "title", title_of(status));
    piq_json_put_int(&w, "status", status);
    piq_json_put_z(&w, "detail", detail);
    piq_json_object_end(&w);
    size_t len = 0;
    char *bytes = piq_buf_take(&out, &len);
    r->reply = (piq_http_answer){
        .status = status,
        .type = "application/problem+json",
        .close = close,
        .at_ns = piq_clock_monotonic_ns(),
        .body = piq_bytes_take(bytes, len),
    };
    if (status == 503)
        r->reply.retry_after_s = 1;
}

static void copy_cut(char *to, size_t size, const char *from)
{
    size_t len = from ? strnlen(from, size - 1) : 0;
    if (len)
        memcpy(to, from, len);
    to[len] = '\0';
}

static void keep_reply(piq_http_request *r, const piq_http_reply_head *head,
                       piq_bytes *body)
{
    piq_http_answer *a = &r->reply;
    a->status = head->status;
    a->type = head->type;
    a->retry_after_s = head->retry_after_s;
    a->body = body;
    a->at_ns = piq_clock_monotonic_ns();
    copy_cut(a->etag, sizeof a->etag, head->etag);
    copy_cut(a->allow, sizeof a->allow, head->allow);
}

/* Nobody waits any more: whichever of this thread and the one that closes
 * the connection comes second frees the request. */
static void drop_late(piq_http_request *r, piq_http_state state)
{
    if (state == PIQ_HTTP_ABANDONED &&
        piq_http_move(r, PIQ_HTTP_ABANDONED, PIQ_HTTP_REPLIED))
        return;
    PIQ_ASSERT(atomic_load(&r->state) == PIQ_HTTP_GONE);
    piq_http_request_free(r);
}

void piq_http_reply(piq_http_request *r, const piq_http_reply_head *head,
                    piq_bytes *body)
{
    piq_http_state state = atomic_load(&r->state);
    /* Anything else: this request was answered already. */
    PIQ_ASSERT(state == PIQ_HTTP_HANDLING || state == PIQ_HTTP_SUSPENDED ||
               state == PIQ_HTTP_ABANDONED || state == PIQ_HTTP_GONE);
    PIQ_ASSERT(head->status >= 200 && head->status <= 599);
    keep_reply(r, head, body);
    if (piq_http_move(r, PIQ_HTTP_HANDLING, PIQ_HTTP_REPLIED))
        return;
    /* Read before the move: afterwards the request may be gone. The server
     * stays until n_deferred is 0 again. */
    piq_http_server *s = r->server;
    struct MHD_Connection *c = r->connection;
    if (piq_http_move(r, PIQ_HTTP_SUSPENDED, PIQ_HTTP_REPLIED)) {
        MHD_resume_connection(c);
        (void)atomic_fetch_sub(&s->n_deferred, 1);
        return;
    }
    drop_late(r, atomic_load(&r->state));
}

static void release_body(void *body)
{
    piq_bytes_release(body);
}

static struct MHD_Response *make_response(piq_http_request *r)
{
    static char nothing[1];
    piq_bytes *b = r->reply.body;
    piq_str bytes = piq_bytes_str(b);
    if (bytes.len == 0)
        return MHD_create_response_from_buffer(0, nothing,
                                               MHD_RESPMEM_PERSISTENT);
    struct MHD_Response *m =
        MHD_create_response_from_buffer_with_free_callback_cls(
            bytes.len, (void *)(uintptr_t)bytes.ptr, release_body, b);
    if (m)
        r->reply.body = NULL; /* the response holds the reference now */
    return m;
}

static bool add(struct MHD_Response *m, const char *name, const char *value)
{
    return MHD_add_response_header(m, name, value) == MHD_YES;
}

static bool add_number(struct MHD_Response *m, const char *name, uint64_t v)
{
    char digits[24];
    char *at = digits + sizeof digits - 1;
    *at = '\0';
    do
        *--at = (char)('0' + v % 10);
    while ((v /= 10) != 0);
    return add(m, name, at);
}

/* In hexadecimal, as the log writes it. */
static bool add_request_id(struct MHD_Response *m, uint64_t id)
{
    char text[20];
    snprintf(text, sizeof text, "%016llx", (unsigned long long)id);
    return add(m, "X-Request-Id", text);
}

static bool add_headers(const piq_http_request *r, struct MHD_Response *m)
{
    const piq_http_answer *a = &r->reply;
    bool ok = add(m, "Cache-Control", "no-store") &&
              add(m, "X-Content-Type-Options", "nosniff") &&
              add_request_id(m, r->in.id);
    if (ok && a->type)
        ok = add(m, "Content-Type", a->type);
    if (ok && a->etag[0])
        ok = add(m, "ETag", a->etag);
    if (ok && a->allow[0])
        ok = add(m, "Allow", a->allow);
    if (ok && a->retry_after_s)
        ok = add_number(m, "Retry-After", a->retry_after_s);
    if (ok && (a->close || atomic_load(&r->server->draining)))
        ok = add(m, "Connection", "close");
    return ok;
}

static void observe(const piq_http_request *r)
{
    const piq_http_server *s = r->server;
    const piq_http_answer *a = &r->reply;
    if (s->observer)
        s->observer(s->ctx, &r->in, a->status, a->at_ns - r->begun_ns,
                    piq_bytes_str(a->body).len);
}

enum MHD_Result piq_http_send(piq_http_request *r)
{
    observe(r);
    struct MHD_Response *m = make_response(r);
    if (!m)
        return MHD_NO;
    enum MHD_Result done = MHD_NO;
    piq_http_stamp(r);
    if (add_headers(r, m) &&
        piq_http_move(r, PIQ_HTTP_REPLIED, PIQ_HTTP_SENDING))
        done = MHD_queue_response(r->connection, (unsigned)r->reply.status, m);
    MHD_destroy_response(m);
    return done;
}
