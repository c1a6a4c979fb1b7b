#include "support/api_talk.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

/* ---- a request ------------------------------------------------------------
 */

static piq_str until(piq_str *rest, char mark)
{
    const char *at = rest->len ? memchr(rest->ptr, mark, rest->len) : NULL;
    size_t n = at ? (size_t)(at - rest->ptr) : rest->len;
    piq_str taken = {rest->ptr, n};
    n += at != NULL;
    *rest = (piq_str){rest->ptr + n, rest->len - n};
    return taken;
}

static bool has_zero(piq_str s)
{
    return s.len && memchr(s.ptr, 0, s.len);
}

bool api_request_of(piq_str text, api_request *r)
{
    *r = (api_request){0};
    piq_str line = until(&text, '\n');
    piq_str method = until(&line, ' ');
    if (method.len == 0 || method.len >= sizeof r->method || has_zero(line) ||
        has_zero(method))
        return false;
    memcpy(r->method, method.ptr, method.len);
    r->path = until(&line, '?');
    r->query = line;
    for (;;) {
        line = until(&text, '\n');
        if (line.len == 0)
            break;
        if (r->n_headers == API_TALK_HEADERS || has_zero(line))
            return false;
        r->names[r->n_headers] = until(&line, ':');
        while (line.len && line.ptr[0] == ' ')
            line = (piq_str){line.ptr + 1, line.len - 1};
        r->values[r->n_headers++] = line;
    }
    r->body = text;
    return true;
}

static piq_str header_of(const void *ctx, const char *name)
{
    const api_request *r = ctx;
    for (size_t i = 0; i < r->n_headers; i++)
        if (r->names[i].len == strlen(name) &&
            strncasecmp(r->names[i].ptr, name, r->names[i].len) == 0)
            return r->values[i];
    return (piq_str){0};
}

/* ---- talking --------------------------------------------------------------
 */

void api_talk_begin(api_talk *t, piq_api *api)
{
    *t = (api_talk){.api = api};
    pthread_mutex_init(&t->lock, NULL);
    pthread_cond_init(&t->cond, NULL);
}

static void forget(api_talk *t)
{
    piq_bytes_release(t->body);
    t->body = NULL;
}

void api_talk_end(api_talk *t)
{
    forget(t);
    pthread_mutex_destroy(&t->lock);
    pthread_cond_destroy(&t->cond);
}

static void done(void *ctx, piq_api_reply *reply)
{
    api_talk *t = ctx;
    pthread_mutex_lock(&t->lock);
    t->n_replies++;
    t->status = reply->status;
    snprintf(t->type, sizeof t->type, "%s", reply->type ? reply->type : "");
    t->body = reply->body;
    pthread_cond_signal(&t->cond);
    pthread_mutex_unlock(&t->lock);
}

int api_talk_ask(api_talk *t, const api_request *r)
{
    const piq_caller caller = piq_caller_trusted();
    const piq_api_request asked = {.method = r->method,
                                   .path = r->path,
                                   .query = r->query,
                                   .content_type = header_of(r, "Content-Type"),
                                   .if_match = header_of(r, "If-Match"),
                                   .if_none_match =
                                       header_of(r, "If-None-Match"),
                                   .body = r->body,
                                   .header = header_of,
                                   .header_ctx = r,
                                   .caller = &caller};
    forget(t);
    t->n_replies = 0;
    piq_api_handle(t->api, &asked, done, t);
    pthread_mutex_lock(&t->lock);
    while (t->n_replies == 0)
        pthread_cond_wait(&t->cond, &t->lock);
    pthread_mutex_unlock(&t->lock);
    return t->status;
}

/* ---- looking --------------------------------------------------------------
 */

static bool starts_with(const char *text, const char *with)
{
    return strncmp(text, with, strlen(with)) == 0;
}

static const char *fault_of_problem(const api_talk *t, const json_t *json)
{
    const json_t *status = json_object_get(json, "status");
    if (json_integer_value(status) != t->status)
        return "a problem says its own status";
    if (!json_is_string(json_object_get(json, "title")))
        return "a problem has a title";
    return NULL;
}

const char *api_talk_fault(const api_talk *t)
{
    piq_str body = piq_bytes_str(t->body);
    bool problem = starts_with(t->type, "application/problem+json");
    if (t->n_replies != 1)
        return "one reply";
    if (t->status >= 400 && !problem)
        return "a refusal is a problem";
    if (!body.len || (!problem && !starts_with(t->type, "application/json")))
        return NULL;
    json_t *json = json_loadb(body.ptr, body.len,
                              JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, NULL);
    const char *fault = json ? NULL : "what is called JSON is JSON";
    if (json && t->status >= 400)
        fault = fault_of_problem(t, json);
    json_decref(json);
    return fault;
}
