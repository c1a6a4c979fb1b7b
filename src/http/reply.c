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
#include "http/encode.h"
#include "http/internal.h"

#include "base/clock.h"
#include "base/json_writer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

bool piq_http_move(piq_http_request *r, piq_http_state from, piq_http_state to)
{
    return atomic_compare_exchange_strong(&r->state, &from, to);
}

static const char *title_of(int status)
{
    switch (status) {
    case 400:
        return "Bad Request";
    case 403:
        return "Forbidden";
    case 413:
        return "Content Too Large";
    case 431:
        return "Request Header Fields Too Large";
    case 500:
        return "Internal Server Error";
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
    piq_http_answer *a = &r->reply;
    piq_bytes_release(a->body);
    piq_buf_clear(&a->lines);
    a->status = status;
    a->type = "application/problem+json";
    a->close = close;
    a->unsound = false;
    a->etag[0] = a->allow[0] = '\0';
    a->at_ns = piq_clock_monotonic_ns();
    a->body = piq_bytes_take(bytes, len);
    a->retry_after_s = status == 503 ? 1 : 0;
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
    piq_http_lines_keep(r, head->lines, head->n_lines);
}

/* Nobody waits any more: whichever of this thread and the one that closes
 * the connection comes second frees the request. */
static void drop_late(piq_http_request *r, piq_http_state state)
{
    piq_http_stream *stream = atomic_exchange(&r->stream, NULL);
    if (stream)
        piq_http_stream_gone(stream);
    if (state == PIQ_HTTP_ABANDONED &&
        piq_http_move(r, PIQ_HTTP_ABANDONED, PIQ_HTTP_REPLIED))
        return;
    PIQ_ASSERT(atomic_load(&r->state) == PIQ_HTTP_GONE);
    piq_http_request_free(r);
}

/* The reply is in `r`: lets the pool thread know. */
static void deliver(piq_http_request *r)
{
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

static void check_answerable(const piq_http_request *r, int status)
{
    piq_http_state state = atomic_load(&r->state);
    /* Anything else: this request was answered already. */
    PIQ_ASSERT(state == PIQ_HTTP_HANDLING || state == PIQ_HTTP_SUSPENDED ||
               state == PIQ_HTTP_ABANDONED || state == PIQ_HTTP_GONE);
    PIQ_ASSERT(status >= 200 && status <= 599);
}

void piq_http_reply(piq_http_request *r, const piq_http_reply_head *head,
                    piq_bytes *body)
{
    check_answerable(r, head->status);
    keep_reply(r, head, body);
    deliver(r);
}

piq_status piq_http_reply_stream(piq_http_request *r,
                                 const piq_http_reply_head *head,
                                 const piq_http_stream_options *options,
                                 piq_http_stream **out)
{
    check_answerable(r, head->status);
    piq_http_stream *s = piq_http_stream_new(r, options);
    if (!s)
        return PIQ_ENOMEM;
    keep_reply(r, head, NULL);
    atomic_store(&r->stream, s);
    /* Before the pool thread may tell the owner that it is gone. */
    *out = s;
    deliver(r);
    return PIQ_OK;
}

/* ---- what the client has it as --------------------------------------------
 */

/* Room for the encoded form's tag, too. */
static bool has_room_for_tag(const piq_http_answer *a)
{
    return strlen(a->etag) + sizeof PIQ_HTTP_ENCODED_TAG <= sizeof a->etag;
}

/* Only what is told again and again: a secret is told once, in the 201 of what
 * it belongs to, where its length is to say nothing. Whoever brings one of
 * these lines has chosen by itself what to send. */
static bool may_be_encoded(const piq_http_request *r)
{
    const piq_http_answer *a = &r->reply;
    size_t len = piq_bytes_str(a->body).len;
    return a->status == 200 && len > PIQ_HTTP_ENCODE_MIN_BYTES &&
           len <= PIQ_HTTP_ENCODE_MAX_BYTES && piq_http_type_is_text(a->type) &&
           has_room_for_tag(a) &&
           !piq_http_lines_bring(r, "Content-Encoding") &&
           !piq_http_lines_bring(r, "Vary") && !piq_http_lines_bring(r, "ETag");
}

static void add_weights(void *ctx, piq_str field)
{
    piq_http_weights_add(ctx, field);
}

static bool wants_gzip(const piq_http_request *r)
{
    piq_http_weights w = PIQ_HTTP_NO_WEIGHTS;
    piq_http_request_fields(r, "Accept-Encoding", add_weights, &w);
    return piq_http_weights_want_gzip(&w);
}

static void name_encoded(piq_http_answer *a)
{
    size_t len = strlen(a->etag);
    if (len == 0)
        return;
    memcpy(a->etag + len - 1, PIQ_HTTP_ENCODED_TAG "\"",
           sizeof PIQ_HTTP_ENCODED_TAG + 1);
}

/* Whatever fails here, the reply goes out as it is. */
static void encode(piq_http_request *r)
{
    piq_http_answer *a = &r->reply;
    a->varies = may_be_encoded(r);
    if (!a->varies || !wants_gzip(r))
        return;
    piq_bytes *less = piq_http_gzip(piq_bytes_str(a->body));
    if (!less)
        return;
    piq_bytes_release(a->body);
    a->body = less;
    a->encoded = true;
    name_encoded(a);
}

/* What the client has stays good, under the name that it has there. */
static void name_unchanged(piq_http_request *r)
{
    piq_http_answer *a = &r->reply;
    if (!a->etag[0])
        return;
    a->varies = true;
    if (r->has_encoded && has_room_for_tag(a))
        name_encoded(a);
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

bool piq_http_closes(const piq_http_request *r)
{
    return r->reply.close || atomic_load(&r->server->quiet);
}

static void observe(const piq_http_request *r)
{
    const piq_http_server *s = r->server;
    const piq_http_answer *a = &r->reply;
    if (s->observer)
        s->observer(s->ctx, &r->in, a->status, a->at_ns - r->begun_ns,
                    piq_bytes_str(a->body).len);
}

/* A line that cannot be sent, or too many of them: not that reply then. */
static void give_up_unsound(piq_http_request *r)
{
    piq_http_stream *stream = atomic_exchange(&r->stream, NULL);
    if (stream)
        piq_http_stream_gone(stream);
    piq_http_refuse(r, 500, "the reply had a header that cannot be sent",
                    false);
}

/* The library makes the head of a reply in what the request has left of its
 * memory, and closes without a word when that is too little: so we say the
 * word, past it. It has read all that the client sent. */
static enum MHD_Result send_bare(const piq_http_request *r)
{
    static const char text[] =
        "HTTP/1.1 431 Request Header Fields Too Large\r\n"
        "Content-Length: 0\r\nConnection: close\r\n\r\n";
    const union MHD_ConnectionInfo *tls = MHD_get_connection_info(
        r->connection, MHD_CONNECTION_INFO_GNUTLS_SESSION);
    if (r->server->tls && tls)
        (void)gnutls_record_send(tls->tls_session, text, sizeof text - 1);
    else
        (void)send(r->fd, text, sizeof text - 1, MSG_DONTWAIT | MSG_NOSIGNAL);
    return MHD_NO; /* closes */
}

enum MHD_Result piq_http_send(piq_http_request *r)
{
    if (r->reply.unsound)
        give_up_unsound(r);
    piq_http_stream *stream = atomic_load(&r->stream);
    if (r->reply.status == 304)
        name_unchanged(r);
    else if (!stream && !r->reply.bare)
        encode(r);
    observe(r);
    if (r->reply.bare)
        return send_bare(r);
    struct MHD_Response *m =
        stream ? piq_http_stream_response(stream) : make_response(r);
    if (!m)
        return MHD_NO;
    enum MHD_Result done = MHD_NO;
    piq_http_state to = stream ? PIQ_HTTP_STREAMING : PIQ_HTTP_SENDING;
    piq_http_stamp(r);
    if (piq_http_lines_add(r, m) && piq_http_move(r, PIQ_HTTP_REPLIED, to))
        done = MHD_queue_response(r->connection, (unsigned)r->reply.status, m);
    MHD_destroy_response(m);
    return done;
}
