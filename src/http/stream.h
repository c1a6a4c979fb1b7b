/* stream.h - replies that go out piece by piece: Server-Sent Events, exports.
 *
 * A handler answers with piq_http_reply_stream instead of piq_http_reply and
 * gets a stream, into which any thread writes. Pieces wait in a bounded queue
 * until the client takes them; heart-beats are the writer's business. An idle
 * stream stays for ever, but one whose client takes nothing of what waits for
 * it within config.body_timeout_ms is closed, and so is one whose client has
 * closed its side (half-closed counts). HTTP/1.1 clients get chunks; the end
 * of a stream to an HTTP/1.0 client is the end of the connection.
 *
 *     open --piq_http_stream_end--> draining its queue --> gone
 *       |                                                   ^
 *       +--client leaves, or is too slow, server stops------+
 *
 * Ownership: the caller's until piq_http_stream_end or _break, one of which
 * must be called, once, whatever became of the client.
 * Threads: any, at once, but nothing after end or break.
 */
#ifndef PIQ_HTTP_STREAM_H
#define PIQ_HTTP_STREAM_H

#include "http/http.h"

typedef struct piq_http_stream piq_http_stream;

typedef struct piq_http_stream_options {
    size_t max_queued_bytes; /* 0: 64 KiB */
    /* A stream without an end of its own is ended when the server stops, with
     * these as the last bytes ("retry: 500\n\n"). Takes no reference but its
     * own. NULL: one with an end, which may go on for the server's grace. */
    piq_bytes *farewell;
    /* NULL, or called once when the client is gone before the stream was
     * ended, on a thread of the server, holding no lock; never after end or
     * break have returned, but perhaps before piq_http_reply_stream has. It may
     * call those, and must not wait for a thread that is inside them. */
    void (*on_close)(void *ctx, piq_http_stream *s);
    void *ctx;
} piq_http_stream_options;

/* Answers with a stream; options NULL: the defaults. PIQ_ENOMEM: *out is
 * untouched, and the request is to be answered otherwise. The reply to HEAD is
 * sent, and its stream is gone from the start. */
PIQ_MUST_USE piq_status piq_http_reply_stream(
    piq_http_request *r, const piq_http_reply_head *head,
    const piq_http_stream_options *options, piq_http_stream **out);

/* Queues `bytes` and takes a reference of them, on failure too. A queue that
 * is at most half full takes one piece more, however large. PIQ_EBUSY: the
 * queue is full, the client slow; nothing was queued. PIQ_ENOTFOUND: the client
 * is gone, or was sent the farewell. PIQ_ENOMEM. */
PIQ_MUST_USE piq_status piq_http_stream_write(piq_http_stream *s,
                                              piq_bytes *bytes);

/* Waits until the queue is at most half full. PIQ_EBUSY: not within
 * timeout_ms. PIQ_ENOTFOUND: the client is gone. For exports, which make
 * their pieces as fast as these are taken. */
piq_status piq_http_stream_wait(piq_http_stream *s, unsigned timeout_ms);

/* False once the client is gone. */
bool piq_http_stream_is_open(piq_http_stream *s);

/* Ends the reply after what is queued. `s` is the caller's no more. */
void piq_http_stream_end(piq_http_stream *s);

/* Breaks the connection off, so that the client sees that something is
 * missing. `s` is the caller's no more. */
void piq_http_stream_break(piq_http_stream *s);

#endif
