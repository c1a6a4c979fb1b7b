#include "support/api_call.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

static const piq_api_port port;

void api_call_init(api_call *c)
{
    memset(c, 0, sizeof *c);
    pthread_mutex_init(&c->lock, NULL);
    pthread_cond_init(&c->cond, NULL);
}

void api_call_release(api_call *c)
{
    pthread_mutex_destroy(&c->lock);
    pthread_cond_destroy(&c->cond);
}

static piq_str header_of(const void *ctx, const char *name)
{
    const api_call *c = ctx;
    for (size_t i = 0; i < API_CALL_HEADERS; i++)
        if (c->headers[i][0] && strcasecmp(c->headers[i][0], name) == 0)
            return piq_str_of(c->headers[i][1]);
    return (piq_str){NULL, 0};
}

static void answer(api_call *c, const piq_api_reply *reply)
{
    pthread_mutex_lock(&c->lock);
    c->status = reply->status;
    c->retry_after_s = reply->retry_after_s;
    memcpy(c->etag, reply->etag, sizeof c->etag);
    memcpy(c->lines, reply->lines, sizeof c->lines);
    c->n_lines = reply->n_lines;
    snprintf(c->body, sizeof c->body, "%.*s",
             PIQ_STR_ARG(piq_bytes_str(reply->body)));
    c->answered = true;
    pthread_cond_broadcast(&c->cond);
    pthread_mutex_unlock(&c->lock);
}

static void done(void *ctx, piq_api_reply *reply)
{
    piq_bytes *body = reply->body;
    answer(ctx, reply);
    piq_bytes_release(body);
}

/* ---- streams ------------------------------------------------------------- */

static piq_status open_stream(void *ctx, const piq_api_reply *head,
                              piq_bytes *farewell, void (*gone)(void *of),
                              void *of, void **out)
{
    api_call *c = ctx;
    (void)farewell;
    c->gone = gone;
    c->of = of;
    c->streaming = true;
    *out = c;
    answer(c, head);
    return PIQ_OK;
}

static piq_status write_stream(void *to, piq_bytes *bytes)
{
    api_call *c = to;
    piq_str text = piq_bytes_str(bytes);
    pthread_mutex_lock(&c->lock);
    piq_status status = c->refuse;
    size_t room = sizeof c->text - 1 - c->len;
    size_t n = status ? 0 : text.len < room ? text.len : room;
    memcpy(c->text + c->len, text.ptr, n);
    c->len += n;
    pthread_mutex_unlock(&c->lock);
    piq_bytes_release(bytes);
    return status;
}

static void end_stream(void *to, bool cut)
{
    api_call *c = to;
    pthread_mutex_lock(&c->lock);
    c->ended = true;
    c->cut = cut;
    pthread_mutex_unlock(&c->lock);
}

static const piq_api_port port = {
    .open = open_stream, .write = write_stream, .end = end_stream};

/* ---- asking -------------------------------------------------------------- */

void api_call_send(api_call *c, piq_api *api, const char *method,
                   const char *path, const char *body)
{
    piq_caller caller = piq_caller_trusted();
    piq_str all = piq_str_of(path);
    const char *mark = strchr(path, '?');
    piq_api_request r = {.method = method,
                         .path = all,
                         .header = header_of,
                         .header_ctx = c,
                         .caller = &caller,
                         .port = &port,
                         .id = 9};
    if (mark) {
        r.path.len = (size_t)(mark - path);
        r.query = piq_str_of(mark + 1);
    }
    if (body)
        r.body = piq_str_of(body);
    if (strcmp(path, "/api/events") == 0)
        r.content_type = PIQ_STR("application/x-ndjson");
    pthread_mutex_lock(&c->lock);
    c->answered = c->ended = c->cut = c->streaming = false;
    c->len = 0;
    c->refuse = PIQ_OK;
    memset(c->text, 0, sizeof c->text);
    pthread_mutex_unlock(&c->lock);
    piq_api_handle(api, &r, done, c);
}

int api_call_wait(api_call *c)
{
    pthread_mutex_lock(&c->lock);
    while (!c->answered)
        pthread_cond_wait(&c->cond, &c->lock);
    int status = c->status;
    pthread_mutex_unlock(&c->lock);
    return status;
}

int api_call_ask(api_call *c, piq_api *api, const char *method,
                 const char *path, const char *body)
{
    api_call_send(c, api, method, path, body);
    return api_call_wait(c);
}

const char *api_call_line(const api_call *c, const char *name)
{
    for (size_t i = 0; i < c->n_lines; i++)
        if (strcmp(c->lines[i].name, name) == 0)
            return c->lines[i].value;
    return "";
}

bool api_call_has(api_call *c, const char *text)
{
    pthread_mutex_lock(&c->lock);
    bool has = strstr(c->text, text) != NULL;
    pthread_mutex_unlock(&c->lock);
    return has;
}

bool api_call_ended(api_call *c)
{
    pthread_mutex_lock(&c->lock);
    bool ended = c->ended;
    pthread_mutex_unlock(&c->lock);
    return ended;
}
