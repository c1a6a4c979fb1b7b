/* connection.c - the calls libmicrohttpd makes, on its threads: a connection
 * is opened, a head, a body, a request is in, a reply is out, it is closed.
 */
#include "http/internal.h"

#include "base/clock.h"

#include <string.h>
#include <sys/socket.h>

/* False: more than its address may have, or the server. */
static bool link_in(piq_http_server *s, piq_http_request *r)
{
    (void)pthread_mutex_lock(&s->lock);
    bool fits = atomic_load(&s->n_connections) < s->config.max_connections;
    if (fits && s->crowd)
        fits = r->counted =
            piq_http_crowd_join(s->crowd, &r->peer, s->config.max_per_address);
    if (fits) {
        r->next = s->all;
        if (s->all)
            s->all->prev = r;
        s->all = r;
        (void)atomic_fetch_add(&s->n_connections, 1);
    }
    (void)pthread_mutex_unlock(&s->lock);
    return fits;
}

static void take_out(piq_http_server *s, piq_http_request *r)
{
    (void)pthread_mutex_lock(&s->lock);
    if (r->prev)
        r->prev->next = r->next;
    else
        s->all = r->next;
    if (r->next)
        r->next->prev = r->prev;
    if (r->counted)
        piq_http_crowd_leave(s->crowd, &r->peer);
    (void)atomic_fetch_sub(&s->n_connections, 1);
    if (atomic_load(&s->draining))
        (void)pthread_cond_broadcast(&s->wake);
    (void)pthread_mutex_unlock(&s->lock);
}

static const union MHD_ConnectionInfo *info_of(struct MHD_Connection *c,
                                               enum MHD_ConnectionInfoType what)
{
    return MHD_get_connection_info(c, what);
}

static void opened(piq_http_server *s, struct MHD_Connection *c, void **context)
{
    int fd = info_of(c, MHD_CONNECTION_INFO_CONNECTION_FD)->connect_fd;
    piq_http_request *r = piq_http_request_new(s);
    (void)atomic_fetch_sub(&s->n_handed, 1);
    if (r) {
        r->connection = c;
        r->fd = fd;
        r->peer = piq_peer_of(
            info_of(c, MHD_CONNECTION_INFO_CLIENT_ADDRESS)->client_addr);
        piq_peer_text(&r->peer, r->peer_text);
        piq_http_stamp(r);
    }
    if (r && link_in(s, r)) {
        *context = r;
        if (s->tls)
            piq_tls_offer_ticket(
                s->tls,
                info_of(c, MHD_CONNECTION_INFO_GNUTLS_SESSION)->tls_session);
        return;
    }
    /* *context stays NULL: whatever it asks is not heard. */
    piq_http_request_free(r);
    (void)shutdown(fd, SHUT_RDWR);
}

static void closed(piq_http_server *s, piq_http_request *r)
{
    take_out(s, r);
    if (atomic_exchange(&r->state, PIQ_HTTP_GONE) != PIQ_HTTP_ABANDONED)
        piq_http_request_free(r);
}

static void on_connection(void *ctx, struct MHD_Connection *c, void **context,
                          enum MHD_ConnectionNotificationCode what)
{
    if (what == MHD_CONNECTION_NOTIFY_STARTED)
        opened(ctx, c, context);
    else if (*context)
        closed(ctx, *context);
}

/* WAITING -> HEAD. What is returned is *request_context of the later calls. */
static void *on_request_line(void *ctx, const char *uri,
                             struct MHD_Connection *c)
{
    (void)ctx;
    piq_http_request *r =
        info_of(c, MHD_CONNECTION_INFO_SOCKET_CONTEXT)->socket_context;
    if (!r)
        return NULL;
    int64_t began = atomic_load(&r->head_began_ns);
    if (began)
        atomic_store(&r->since_ns, began);
    else
        piq_http_stamp(r);
    if (!piq_http_move(r, PIQ_HTTP_WAITING, PIQ_HTTP_HEAD))
        return r; /* CLOSING: on_access gives up on it */
    if (!piq_http_request_target(r, uri))
        return NULL;
    return r;
}

static enum MHD_Result send_refusal(piq_http_request *r, piq_http_state from)
{
    if (!piq_http_move(r, from, PIQ_HTTP_REPLIED))
        return MHD_NO;
    return piq_http_send(r);
}

/* HEAD -> BODY, or a refusal. */
static enum MHD_Result head_is_in(piq_http_request *r, const char *method,
                                  const char *version)
{
    const char *detail = "";
    r->in.id = atomic_fetch_add(&r->server->next_id, 1);
    int status = piq_http_request_head(r, method, version, &detail);
    if (status) {
        r->begun_ns = piq_clock_monotonic_ns();
        piq_http_request_ready(r);
        piq_http_refuse(r, status, detail, true);
        return send_refusal(r, PIQ_HTTP_HEAD);
    }
    piq_http_stamp(r);
    return piq_http_move(r, PIQ_HTTP_HEAD, PIQ_HTTP_BODY) ? MHD_YES : MHD_NO;
}

static enum MHD_Result suspend(piq_http_request *r)
{
    piq_http_server *s = r->server;
    struct MHD_Connection *c = r->connection;
    (void)atomic_fetch_add(&s->n_deferred, 1);
    MHD_suspend_connection(c);
    if (!piq_http_move(r, PIQ_HTTP_HANDLING, PIQ_HTTP_SUSPENDED)) {
        /* Answered meanwhile, by a thread that saw HANDLING. */
        MHD_resume_connection(c);
        (void)atomic_fetch_sub(&s->n_deferred, 1);
        return MHD_YES;
    }
    /* From here on `r` may be answered and gone, unless we abandon it. The
     * stop that set the flag may have passed here before SUSPENDED was. */
    if (atomic_load(&s->abandoning) &&
        piq_http_move(r, PIQ_HTTP_SUSPENDED, PIQ_HTTP_ABANDONED)) {
        MHD_resume_connection(c);
        (void)atomic_fetch_sub(&s->n_deferred, 1);
    }
    return MHD_YES;
}

/* Notes who may read the reply; true when that is all that was asked. */
static bool answer_preflight(piq_http_request *r)
{
    piq_str origin = piq_http_header(r, "Origin");
    r->origin = piq_cors_origin(r->server->cors, origin);
    if (!piq_cors_is_preflight(
            r->in.method, origin,
            piq_http_header(r, "Access-Control-Request-Method")))
        return false;
    piq_http_preflight(r);
    return true;
}

/* BODY -> HANDLING -> REPLIED | SUSPENDED. */
static enum MHD_Result handle(piq_http_request *r)
{
    piq_http_server *s = r->server;
    r->begun_ns = piq_clock_monotonic_ns();
    piq_http_request_ready(r);
    if (r->refused) {
        piq_http_refuse(r, r->refused,
                        r->refused == 413 ? "the body is over the limit"
                                          : "out of memory",
                        false);
        return send_refusal(r, PIQ_HTTP_BODY);
    }
    if (s->cors && answer_preflight(r))
        return send_refusal(r, PIQ_HTTP_BODY);
    if (!piq_http_move(r, PIQ_HTTP_BODY, PIQ_HTTP_HANDLING))
        return MHD_NO;
    s->handler(s->ctx, r, &r->in);
    if (atomic_load(&r->state) == PIQ_HTTP_REPLIED)
        return piq_http_send(r);
    return suspend(r);
}

static enum MHD_Result on_access(void *ctx, struct MHD_Connection *c,
                                 const char *url, const char *method,
                                 const char *version, const char *upload,
                                 size_t *upload_len, void **request_context)
{
    piq_http_request *r = *request_context;
    (void)ctx;
    (void)c;
    (void)url;
    if (!r)
        return MHD_NO;
    switch (atomic_load(&r->state)) {
    case PIQ_HTTP_HEAD:
        return head_is_in(r, method, version);
    case PIQ_HTTP_BODY:
        if (*upload_len == 0)
            return handle(r);
        if (!piq_http_request_body(r, upload, *upload_len))
            return MHD_NO;
        *upload_len = 0;
        return MHD_YES;
    case PIQ_HTTP_REPLIED:
        return piq_http_send(r);
    case PIQ_HTTP_CLOSING:
    case PIQ_HTTP_ABANDONED:
    case PIQ_HTTP_WAITING:
    case PIQ_HTTP_HANDLING:
    case PIQ_HTTP_SUSPENDED:
    case PIQ_HTTP_SENDING:
    case PIQ_HTTP_STREAMING:
    case PIQ_HTTP_GONE:
        return MHD_NO;
    }
    return MHD_NO;
}

/* The sweeper looks at r->stream only under the lock. */
static void end_stream(piq_http_request *r)
{
    piq_http_server *s = r->server;
    (void)pthread_mutex_lock(&s->lock);
    piq_http_stream *stream = atomic_exchange(&r->stream, NULL);
    (void)pthread_mutex_unlock(&s->lock);
    piq_http_stream_gone(stream);
}

/* SENDING | STREAMING -> WAITING; any other state stays, and the connection
 * closes. */
static void on_completed(void *ctx, struct MHD_Connection *c,
                         void **request_context,
                         enum MHD_RequestTerminationCode how)
{
    piq_http_request *r = *request_context;
    (void)ctx;
    (void)c;
    (void)how;
    *request_context = NULL;
    if (!r || atomic_load(&r->state) == PIQ_HTTP_ABANDONED)
        return;
    if (r->stream)
        end_stream(r);
    piq_http_request_clear(r);
    atomic_store_explicit(&r->fresh, false, memory_order_relaxed);
    atomic_store_explicit(&r->head_began_ns, 0, memory_order_relaxed);
    piq_http_stamp(r);
    if (!piq_http_move(r, PIQ_HTTP_SENDING, PIQ_HTTP_WAITING))
        (void)piq_http_move(r, PIQ_HTTP_STREAMING, PIQ_HTTP_WAITING);
}

/* The target stays as sent: the router decodes it, once. */
static size_t keep_escapes(void *ctx, struct MHD_Connection *c, char *text)
{
    (void)ctx;
    (void)c;
    return strlen(text);
}

/* Which certificate a handshake uses: found from its session. */
static int choose_pair(gnutls_session_t session,
                       const gnutls_datum_t *authorities, int n_authorities,
                       const gnutls_pk_algorithm_t *algorithms,
                       int n_algorithms, gnutls_pcert_st **chain, unsigned *n,
                       gnutls_privkey_t *key)
{
    struct MHD_Connection *c = gnutls_session_get_ptr(session);
    piq_http_request *r =
        info_of(c, MHD_CONNECTION_INFO_SOCKET_CONTEXT)->socket_context;
    (void)authorities;
    (void)n_authorities;
    (void)algorithms;
    (void)n_algorithms;
    if (!r)
        return -1;
    piq_tls_pair *pair = piq_tls_pair_now(r->server->tls);
    *chain = pair->chain;
    *n = pair->n;
    *key = pair->key;
    return 0;
}

struct MHD_Daemon *piq_http_library_start(piq_http_server *s)
{
    const struct MHD_OptionItem tls[] = {
        {MHD_OPTION_HTTPS_CERT_CALLBACK, 0, (void *)(uintptr_t)choose_pair},
        {MHD_OPTION_HTTPS_PRIORITIES, 0, (void *)(uintptr_t)PIQ_TLS_PRIORITIES},
        {MHD_OPTION_END, 0, NULL}};
    const struct MHD_OptionItem plain[] = {{MHD_OPTION_END, 0, NULL}};
    /* With epoll 0.9.75 asks again and again, without a pause, for the rest of
     * a handshake that is under way. */
    unsigned flags =
        MHD_ALLOW_SUSPEND_RESUME | MHD_USE_NO_LISTEN_SOCKET |
        (s->tls ? (unsigned)MHD_USE_TLS | MHD_USE_POLL_INTERNAL_THREAD
                : (unsigned)MHD_USE_EPOLL_INTERNAL_THREAD);
    /* The limits are the acceptor's: any one thread may hold all. */
    return MHD_start_daemon(
        flags, 0, NULL, NULL, on_access, s, MHD_OPTION_STRICT_FOR_CLIENT, 1,
        MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)PIQ_HTTP_MEMORY_BYTES,
        MHD_OPTION_CONNECTION_LIMIT, s->config.max_connections + 1024U,
        MHD_OPTION_CONNECTION_TIMEOUT, 0U, MHD_OPTION_NOTIFY_CONNECTION,
        on_connection, s, MHD_OPTION_NOTIFY_COMPLETED, on_completed, s,
        MHD_OPTION_URI_LOG_CALLBACK, on_request_line, s,
        MHD_OPTION_UNESCAPE_CALLBACK, keep_escapes, NULL, MHD_OPTION_ARRAY,
        s->tls ? tls : plain, MHD_OPTION_END);
}
