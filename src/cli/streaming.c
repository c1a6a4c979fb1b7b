#include "cli/streaming.h"

#include "http/stream.h"

#include <stdlib.h>

enum { QUEUED_BYTES = 64 << 10 };

typedef struct outlet {
    piq_http_stream *stream;
    void (*gone)(void *of);
    void *of;
} outlet;

static void on_close(void *ctx, piq_http_stream *s)
{
    const outlet *o = ctx;
    (void)s;
    o->gone(o->of);
}

piq_http_reply_head piq_reply_head(const piq_api_reply *r, piq_http_line *lines)
{
    for (size_t i = 0; i < r->n_lines; i++)
        lines[i] = (piq_http_line){r->lines[i].name, r->lines[i].value};
    return (piq_http_reply_head){.status = r->status,
                                 .lines = lines,
                                 .n_lines = r->n_lines,
                                 .type = r->type,
                                 .etag = r->etag[0] ? r->etag : NULL,
                                 .retry_after_s = r->retry_after_s,
                                 .allow = r->allow[0] ? r->allow : NULL};
}

static piq_status open_stream(void *ctx, const piq_api_reply *reply,
                              piq_bytes *farewell, void (*gone)(void *of),
                              void *of, void **out)
{
    piq_http_line lines[PIQ_API_MAX_LINES];
    piq_http_reply_head head = piq_reply_head(reply, lines);
    outlet *o = malloc(sizeof *o);
    if (!o)
        return PIQ_ENOMEM;
    *o = (outlet){.gone = gone, .of = of};
    const piq_http_stream_options options = {.max_queued_bytes = QUEUED_BYTES,
                                             .farewell = farewell,
                                             .on_close = on_close,
                                             .ctx = o};
    piq_status status = piq_http_reply_stream(ctx, &head, &options, &o->stream);
    if (status)
        free(o);
    else
        *out = o;
    return status;
}

static piq_status write_stream(void *to, piq_bytes *bytes)
{
    const outlet *o = to;
    return piq_http_stream_write(o->stream, bytes);
}

static void end_stream(void *to, bool cut)
{
    outlet *o = to;
    if (cut)
        piq_http_stream_break(o->stream);
    else
        piq_http_stream_end(o->stream);
    free(o);
}

const piq_api_port *piq_streaming_port(void)
{
    static const piq_api_port port = {
        .open = open_stream, .write = write_stream, .end = end_stream};
    return &port;
}
