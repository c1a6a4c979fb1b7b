/* forward.c - the client behind trusted proxies.
 *
 * A proxy writes X-Forwarded-For or Forwarded and may let the other one
 * through as the client sent it. Which of them ours writes we do not know, so
 * where both are there and disagree neither is believed: the answer is then
 * the proxy, which is somebody, but nobody whom a client can choose.
 */
#include "http/internal.h"

#include <string.h>
#include <strings.h>

enum { JOINED_MAX_BYTES = 8 * 1024 };

typedef struct joined {
    piq_buf text;
    bool found;
} joined;

static void join(void *ctx, piq_str value)
{
    joined *j = ctx;
    if (j->found)
        piq_buf_add_char(&j->text, ',');
    j->found = true;
    piq_buf_add_str(&j->text, value);
}

typedef piq_peer walk(piq_str value, piq_peer from,
                      const piq_peer_range *trusted, size_t n);

/* What the fields of this name say; false: there are none. */
static bool say(const piq_http_request *r, const char *name, walk *by,
                piq_peer *out)
{
    const piq_http_server *s = r->server;
    joined j = {.found = false};
    piq_buf_init(&j.text, JOINED_MAX_BYTES);
    piq_http_request_fields(r, name, join, &j);
    if (j.found && j.text.status == PIQ_OK)
        *out = by((piq_str){j.text.ptr, j.text.len}, r->peer, s->proxies,
                  s->n_proxies);
    else
        *out = r->peer;
    piq_buf_release(&j.text);
    return j.found;
}

static piq_peer client_of(const piq_http_request *r)
{
    piq_peer a;
    piq_peer b;
    bool has_a = say(r, "X-Forwarded-For", piq_peer_forwarded_for, &a);
    bool has_b = say(r, "Forwarded", piq_peer_forwarded, &b);
    if (has_a && has_b && memcmp(&a, &b, sizeof a) != 0)
        return r->peer;
    return has_a ? a : b;
}

static bool came_by_tls(const piq_http_request *r)
{
    piq_str proto = piq_http_header(r, "X-Forwarded-Proto");
    piq_str forwarded = piq_http_header(r, "Forwarded");
    if (proto.len)
        return proto.len == 5 && strncasecmp(proto.ptr, "https", 5) == 0;
    /* Only the last element is the proxy's own. */
    const char *comma =
        forwarded.len ? memrchr(forwarded.ptr, ',', forwarded.len) : NULL;
    const char *from = comma ? comma : forwarded.ptr;
    size_t len = forwarded.len - (size_t)(from - forwarded.ptr);
    return len && memmem(from, len, "proto=https", 11) != NULL;
}

void piq_http_request_peer(piq_http_request *r)
{
    const piq_http_server *s = r->server;
    r->in.peer = r->peer_text;
    r->in.tls = s->tls != NULL;
    if (!piq_peer_within(&r->peer, s->proxies, s->n_proxies))
        return;
    piq_peer client = client_of(r);
    piq_peer_text(&client, r->peer_text);
    r->in.tls = r->in.tls || came_by_tls(r);
}
