/* request.c - what comes in: target, header fields, body.
 *
 * Everything the handler may look at is copied out of libmicrohttpd's memory
 * (a few hundred bytes, usually) into buffers that stay with the connection:
 * a handler that answers late may then read it whatever became of the socket,
 * and libmicrohttpd is never asked from another thread.
 */
#include "http/encode.h"
#include "http/internal.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum {
    TEXT_MAX_BYTES = 64 * 1024, /* above what libmicrohttpd can hold */
    KEEP_TEXT_BYTES = 4 * 1024, /* larger buffers go after the request */
    KEEP_BODY_BYTES = 4 * 1024,
    KEEP_LINES_BYTES = 1024
};

piq_http_request *piq_http_request_new(piq_http_server *s)
{
    piq_http_request *r = calloc(1, sizeof *r);
    if (!r)
        return NULL;
    r->server = s;
    r->fresh = true;
    piq_buf_init(&r->text, TEXT_MAX_BYTES);
    /* The cap is checked here, before the buffer is asked: some room for its
     * terminating NUL. */
    piq_buf_init(&r->body, s->config.max_body_bytes + 16);
    piq_buf_init(&r->reply.lines, PIQ_HTTP_LINES_BYTES);
    return r;
}

void piq_http_request_free(piq_http_request *r)
{
    if (!r)
        return;
    piq_http_stream *stream = atomic_exchange(&r->stream, NULL);
    if (stream)
        piq_http_stream_gone(stream);
    piq_bytes_release(r->reply.body);
    piq_buf_release(&r->reply.lines);
    piq_buf_release(&r->text);
    piq_buf_release(&r->body);
    free(r->fields);
    free(r);
}

static void clear_buf(piq_buf *b, size_t keep_bytes)
{
    size_t max_bytes = b->max_bytes;
    if (b->cap_bytes <= keep_bytes) {
        piq_buf_clear(b);
        return;
    }
    piq_buf_release(b);
    piq_buf_init(b, max_bytes);
}

void piq_http_request_clear(piq_http_request *r)
{
    clear_buf(&r->text, KEEP_TEXT_BYTES);
    clear_buf(&r->body, KEEP_BODY_BYTES);
    r->n_fields = 0;
    r->target_len = 0;
    r->method = 0;
    r->swallowed_bytes = 0;
    r->refused = 0;
    r->in = (piq_http_in){0};
    piq_bytes_release(r->reply.body);
    r->reply.body = NULL;
    r->reply.close = false;
    r->reply.unsound = false;
    r->reply.bare = false;
    r->reply.varies = false;
    r->reply.encoded = false;
    clear_buf(&r->reply.lines, KEEP_LINES_BYTES);
    r->has_encoded = false;
    r->origin = NULL;
}

bool piq_http_request_target(piq_http_request *r, const char *uri)
{
    size_t len = strlen(uri);
    r->target_at = uri;
    piq_buf_add(&r->text, uri, len);
    piq_buf_add_char(&r->text, '\0');
    r->target_len = (uint32_t)len;
    return r->text.status == PIQ_OK;
}

bool piq_http_request_body(piq_http_request *r, const char *bytes, size_t len)
{
    size_t cap = r->server->config.max_body_bytes;
    if (!r->refused && len <= cap - r->body.len) {
        piq_buf_add(&r->body, bytes, len);
        if (r->body.status != PIQ_OK)
            r->refused = 503;
        return true;
    }
    if (!r->refused) {
        r->refused = 413;
        r->swallowed_bytes = r->body.len;
        clear_buf(&r->body, KEEP_BODY_BYTES);
    }
    r->swallowed_bytes += len;
    return r->swallowed_bytes / PIQ_HTTP_SWALLOW <= cap;
}

/* Of a target in absolute form, "http://host/path", what follows the host. */
static piq_str without_origin(piq_str path)
{
    static const char *const schemes[] = {"http://", "https://"};
    for (size_t i = 0; i < 2; i++) {
        size_t n = strlen(schemes[i]);
        if (path.len < n || strncasecmp(path.ptr, schemes[i], n) != 0)
            continue;
        const char *slash = memchr(path.ptr + n, '/', path.len - n);
        if (!slash)
            return PIQ_STR("/");
        return (piq_str){slash, path.len - (size_t)(slash - path.ptr)};
    }
    return path;
}

/* The query begins at the first '?', whatever is before it. */
static void split_target(const piq_http_request *r, piq_str *path,
                         piq_str *query)
{
    const char *at = r->text.ptr;
    size_t len = r->target_len;
    const char *mark = len ? memchr(at, '?', len) : NULL;
    size_t path_len = mark ? (size_t)(mark - at) : len;
    *path = without_origin((piq_str){at, path_len});
    *query = mark ? (piq_str){mark + 1, len - path_len - 1} : (piq_str){0};
}

bool piq_http_target_is_sound(const piq_http_request *r)
{
    piq_str path, query;
    split_target(r, &path, &query);
    return piq_str_eq(path, PIQ_STR("*")) ||
           (path.len > 0 && path.ptr[0] == '/');
}

static bool is_named(const piq_http_request *r, const piq_http_field *f,
                     const char *name)
{
    return f->name_len == strlen(name) &&
           strncasecmp(r->text.ptr + f->name, name, f->name_len) == 0;
}

/* The handler knows its own tags only. */
static void take_encoded_tags(piq_http_request *r)
{
    for (uint32_t i = 0; i < r->n_fields; i++) {
        piq_http_field *f = &r->fields[i];
        bool if_none = is_named(r, f, "If-None-Match");
        if (!if_none && !is_named(r, f, "If-Match"))
            continue;
        size_t len = piq_http_plain_tags(r->text.ptr + f->value, f->value_len);
        r->has_encoded = r->has_encoded || (if_none && len < f->value_len);
        f->value_len = (uint32_t)len;
    }
}

void piq_http_request_ready(piq_http_request *r)
{
    take_encoded_tags(r);
    split_target(r, &r->in.path, &r->in.query);
    r->in.method = r->text.ptr + r->method;
    r->in.body = (piq_str){r->body.ptr, r->body.len};
    piq_http_request_peer(r);
}

void piq_http_request_fields(const piq_http_request *r, const char *name,
                             void (*each)(void *ctx, piq_str value), void *ctx)
{
    size_t len = strlen(name);
    for (uint32_t i = 0; i < r->n_fields; i++) {
        const piq_http_field *f = &r->fields[i];
        if (f->name_len == len &&
            strncasecmp(r->text.ptr + f->name, name, len) == 0)
            each(ctx, (piq_str){r->text.ptr + f->value, f->value_len});
    }
}

piq_str piq_http_header(const piq_http_request *r, const char *name)
{
    size_t len = strlen(name);
    for (uint32_t i = 0; i < r->n_fields; i++) {
        const piq_http_field *f = &r->fields[i];
        if (f->name_len == len &&
            strncasecmp(r->text.ptr + f->name, name, len) == 0)
            return (piq_str){r->text.ptr + f->value, f->value_len};
    }
    return (piq_str){0};
}
